//! Taking a module apart.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasm_encoder::reencode::{Error as EncodeError, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction, TableSection, TypeSection,
    ValType,
};
use wasmparser::{FuncType, FunctionBody, Operator, Parser, Payload};

use super::data::{address_of, gather, overlap, within};
use super::{ARRIVED, Constants, Module, SHARED};
use crate::Outcome;

/// The two modules.
pub struct Parts {
    pub first: Vec<u8>,
    pub second: Vec<u8>,
}

/// Who goes where, and how one finds the other.
struct Plan<'a, 'b> {
    module: &'b Module<'a>,
    /// Functions of the second part, and the place in the shared table of those that the first part calls.
    cold: BTreeMap<u32, Option<u32>>,
    /// Those of them that the first part must also have an own stub for, because more than calls refer to them.
    named: BTreeSet<u32>,
    /// The stubs that all calls of functions of one type share, by that type.
    stubs: BTreeMap<u32, u32>,
    /// Functions of the first part that the second one calls, those with the most calls first.
    lent: Vec<u32>,
    /// The functions of the second part: the cold ones, and copies of those that take less than it takes to lend them. In the
    /// order in which they stand there.
    brought: Vec<u32>,
    /// The index in the first part of each function that has one there.
    first: BTreeMap<u32, u32>,
    /// The index in the second part, likewise.
    second: BTreeMap<u32, u32>,
    /// The table of functions, and its size before.
    table: u32,
    base: u64,
    ask: u32,
    /// The addresses of constants that only the second part reads.
    unread: Vec<Range<u32>>,
}

/// The second part has its own copy of functions with no more bytes than this.
const SMALL: usize = 20;
/// Constants move in stretches of no fewer bytes than this: it takes a few to say where each goes.
const LONG: usize = 32;
/// Constants with no more bytes between them than this travel together, for each journey costs about as much.
const NEAR: u32 = 8;

impl Module<'_> {
    /// Keeps the functions in `ran` and what the module cannot start without in the first part. Those of its constants
    /// that only others read leave zeros there.
    pub fn split(&self, ran: &BTreeSet<u32>, constants: Option<&Constants>) -> Outcome<Parts> {
        let codes = ran.iter().filter_map(|function| self.code(*function));
        let unread = constants.map(|constants| constants.unread(codes, &self.data)).unwrap_or_default();
        let unread = gather(unread, 0).into_iter().filter(|run| run.len() >= LONG).collect();
        let plan = Plan::new(self, ran, unread)?;
        let parts = Parts { first: plan.first_part()?, second: plan.second_part()? };
        for (part, bytes) in [("first", &parts.first), ("second", &parts.second)] {
            let mut validator = wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all());
            validator.validate_all(bytes).map_err(|error| format!("the {part} part came out wrong: {error}"))?;
        }
        Ok(parts)
    }
}

impl<'a, 'b> Plan<'a, 'b> {
    fn new(module: &'b Module<'a>, ran: &BTreeSet<u32>, unread: Vec<Range<u32>>) -> Outcome<Self> {
        let ask = module.ask.ok_or("the module does not import the function that fetches its second part")?;
        let table = module.tables.iter().position(|table| table.element_type == wasmparser::RefType::FUNCREF);
        let table = table.ok_or("the module has no table of functions")?;
        let base = module.tables[table].initial;
        let mut named = module.roots.clone();
        let mut called = BTreeSet::new();
        let mut lent = BTreeSet::new();
        for function in module.defined() {
            let callees = module.callees(function);
            if ran.contains(&function) {
                called.extend(callees);
                named.extend(module.references(function));
            } else {
                lent.extend(callees);
            }
        }
        let mut cold = BTreeMap::new();
        let mut places = 0..;
        for function in module.defined().filter(|function| !ran.contains(function)) {
            let place = if called.contains(&function) || named.contains(&function) { places.next() } else { None };
            cold.insert(function, place);
        }
        let mut copied = BTreeSet::new();
        let mut next: Vec<u32> = std::mem::take(&mut lent).into_iter().collect();
        while let Some(function) = next.pop() {
            let small = module.body(function).is_some_and(|body| body.as_bytes().len() <= SMALL);
            if cold.contains_key(&function) || lent.contains(&function) || copied.contains(&function) {
                continue;
            }
            if small && module.references(function).next().is_none() {
                copied.insert(function);
                next.extend(module.callees(function));
            } else {
                lent.insert(function);
            }
        }
        named.retain(|function| cold.contains_key(function));
        let kept = module.defined().filter(|function| !cold.contains_key(function) || named.contains(function));
        let first: BTreeMap<u32, u32> = (0..module.imported_functions).chain(kept).zip(0..).collect();
        let types = called.iter().filter(|function| cold.contains_key(function)).map(|f| module.types[*f as usize]);
        let types: BTreeSet<u32> = types.collect();
        let stubs = types.into_iter().zip(u32::try_from(first.len()).unwrap_or(u32::MAX)..).collect();
        let mut calls: BTreeMap<u32, usize> = BTreeMap::new();
        for callee in cold.keys().chain(&copied).flat_map(|function| module.calls(*function)) {
            *calls.entry(callee).or_default() += 1;
        }
        let mut lent = Vec::from_iter(lent);
        lent.sort_by_key(|function| std::cmp::Reverse(calls.get(function).copied()));
        let mut brought: Vec<u32> = cold.keys().chain(&copied).copied().collect();
        // Long ones first, as in the whole: code beside code of its like packs better.
        brought.sort_by_key(|function| std::cmp::Reverse(module.body(*function).map(|body| body.as_bytes().len())));
        let second = lent.iter().chain(&brought).copied().zip(0..).collect();
        let table = u32::try_from(table).map_err(|_| "too many tables")?;
        Ok(Self { module, cold, named, stubs, lent, brought, first, second, table, base, ask, unread })
    }

    /// Where in the table a function of the second part is, as an instruction.
    fn place(&self, place: u32) -> Instruction<'static> {
        Instruction::I32Const(i32::try_from(self.base + u64::from(place)).unwrap_or(i32::MAX))
    }

    fn places(&self) -> u64 {
        self.cold.values().flatten().count() as u64
    }

    /// The name under which the first part lends a function to the second, by its place among those.
    fn function(place: u32) -> String {
        format!("{SHARED}{}", short(place))
    }

    /// The name of anything else that both share; the dot keeps it apart from every function.
    fn thing(kind: &str, index: u32) -> String {
        format!("{SHARED}.{kind}{index}")
    }

    fn first_part(&self) -> Outcome<Vec<u8>> {
        let mut module = wasm_encoder::Module::new();
        let mut writer = First { plan: self, next: self.module.imported_functions };
        writer
            .parse_core_module(&mut module, Parser::new(0), self.module.bytes)
            .map_err(|error| format!("the first part could not be written: {error}"))?;
        Ok(module.finish())
    }

    fn second_part(&self) -> Outcome<Vec<u8>> {
        self.write_second().map_err(|error| format!("the second part could not be written: {error}"))
    }

    fn write_second(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Second { plan: self };
        let mut module = wasm_encoder::Module::new();
        for payload in Parser::new(0).parse_all(self.module.bytes) {
            if let Payload::TypeSection(section) = payload? {
                let mut types = TypeSection::new();
                writer.parse_type_section(&mut types, section)?;
                module.section(&types);
            }
        }
        let mut imports = ImportSection::new();
        for (place, &function) in (0..).zip(&self.lent) {
            let ty = EntityType::Function(self.module.types[function as usize]);
            imports.import(SHARED, &Self::function(place), ty);
        }
        for (index, table) in (0..).zip(&self.module.tables) {
            let mut ty = writer.table_type(*table)?;
            // The first part's tables may have grown by the time they are handed over.
            ty.maximum = None;
            imports.import(SHARED, &Self::thing("t", index), ty);
        }
        for (index, memory) in (0..).zip(&self.module.memories) {
            imports.import(SHARED, &Self::thing("m", index), writer.memory_type(*memory)?);
        }
        for (index, global) in (0..).zip(&self.module.globals) {
            imports.import(SHARED, &Self::thing("g", index), writer.global_type(*global)?);
        }
        module.section(&imports);
        let mut functions = FunctionSection::new();
        for &function in &self.brought {
            functions.function(self.module.types[function as usize]);
        }
        module.section(&functions);
        let placed: Vec<u32> =
            self.cold.iter().filter(|(_, place)| place.is_some()).map(|(function, _)| self.second[function]).collect();
        let mut elements = ElementSection::new();
        let offset = ConstExpr::i32_const(i32::try_from(self.base).unwrap_or(i32::MAX));
        elements.active(Some(self.table), &offset, Elements::Functions(placed.into()));
        module.section(&elements);
        let mut code = CodeSection::new();
        for &function in &self.brought {
            if let Some(body) = self.module.body(function) {
                writer.parse_function_body(&mut code, body.clone())?;
            }
        }
        module.section(&code);
        module.section(&self.constants());
        Ok(module.finish())
    }

    /// The constants that the second part brings. What lies between two of them is the same in both parts.
    fn constants(&self) -> DataSection {
        let mut section = DataSection::new();
        for run in gather(self.unread.iter().cloned(), NEAR) {
            let mut bytes = vec![0; run.len()];
            for (address, data) in &self.module.data {
                if let Some(common) = overlap(&run, &span(*address, data)) {
                    bytes[within(&common, run.start)].copy_from_slice(&data[within(&common, *address)]);
                }
            }
            section.active(0, &ConstExpr::i32_const(run.start.cast_signed()), bytes);
        }
        section
    }
}

/// The addresses of bytes that begin at this one.
fn span(address: u32, bytes: &[u8]) -> Range<u32> {
    address..address + bytes.len() as u32
}

/// A number in few letters: these names are most of what the first part pays for being one of two.
fn short(mut number: u32) -> String {
    const LETTERS: &[u8; 64] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    let mut name = String::new();
    loop {
        name.insert(0, LETTERS[(number % 64) as usize] as char);
        number /= 64;
        if number == 0 {
            return name;
        }
    }
}

struct First<'a, 'b, 'c> {
    plan: &'c Plan<'a, 'b>,
    /// The function whose code comes next.
    next: u32,
}

impl First<'_, '_, '_> {
    /// Asks for the second part unless it is there, then calls the function through the table: the one at `place`, or
    /// the one whose place the last parameter tells.
    fn stub(&self, ty: u32, place: Option<u32>) -> Function {
        let plan = self.plan;
        let mut stub = Function::new([]);
        stub.instruction(&Instruction::GlobalGet(self.arrived()));
        stub.instruction(&Instruction::I32Eqz);
        stub.instruction(&Instruction::If(BlockType::Empty));
        stub.instruction(&Instruction::Call(plan.ask));
        stub.instruction(&Instruction::End);
        let parameters = u32::try_from(plan.module.signatures[ty as usize].params().len()).unwrap_or(u32::MAX);
        for parameter in 0..parameters {
            stub.instruction(&Instruction::LocalGet(parameter));
        }
        stub.instruction(&match place {
            Some(place) => plan.place(place),
            None => Instruction::LocalGet(parameters),
        });
        stub.instruction(&Instruction::CallIndirect { type_index: ty, table_index: plan.table });
        stub.instruction(&Instruction::End);
        stub
    }

    /// The global that says whether the second part is there; it comes after all others.
    fn arrived(&self) -> u32 {
        u32::try_from(self.plan.module.globals.len()).unwrap_or(u32::MAX)
    }
}

impl Reencode for First<'_, '_, '_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, EncodeError> {
        Ok(self.plan.first[&function])
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        utils::parse_type_section(self, types, section)?;
        for ty in self.plan.stubs.keys() {
            let ty = &self.plan.module.signatures[*ty as usize];
            let parameters = ty.params().iter().copied().chain([wasmparser::ValType::I32]);
            let ty = self.func_type(FuncType::new(parameters, ty.results().iter().copied()))?;
            types.ty().func_type(&ty);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        _: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        for function in self.plan.module.defined().filter(|function| self.plan.first.contains_key(function)) {
            functions.function(self.plan.module.types[function as usize]);
        }
        let types = u32::try_from(self.plan.module.signatures.len()).unwrap_or(u32::MAX);
        for ty in (types..).take(self.plan.stubs.len()) {
            functions.function(ty);
        }
        Ok(())
    }

    fn parse_table_section(
        &mut self,
        tables: &mut TableSection,
        section: wasmparser::TableSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        for (index, table) in (0..).zip(section) {
            let mut table = table?;
            if index == self.plan.table {
                table.ty.initial += self.plan.places();
                table.ty.maximum = None;
            }
            self.parse_table(tables, table)?;
        }
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        utils::parse_global_section(self, globals, section)?;
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(ty, &ConstExpr::i32_const(0));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        utils::parse_export_section(self, exports, section)?;
        exports.export(ARRIVED, ExportKind::Global, self.arrived());
        for (index, _) in (0..).zip(&self.plan.module.tables) {
            exports.export(&Plan::thing("t", index), ExportKind::Table, index);
        }
        for (index, _) in (0..).zip(&self.plan.module.memories) {
            exports.export(&Plan::thing("m", index), ExportKind::Memory, index);
        }
        for (index, _) in (0..).zip(&self.plan.module.globals) {
            exports.export(&Plan::thing("g", index), ExportKind::Global, index);
        }
        for (place, &function) in (0..).zip(&self.plan.lent) {
            let index = self.function_index(function)?;
            exports.export(&Plan::function(place), ExportKind::Func, index);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        utils::parse_code_section(self, code, section)?;
        for ty in self.plan.stubs.keys() {
            code.function(&self.stub(*ty, None));
        }
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), EncodeError> {
        let index = self.next;
        self.next += 1;
        if let Some(place) = self.plan.cold.get(&index) {
            if self.plan.named.contains(&index) {
                code.function(&self.stub(self.plan.module.types[index as usize], *place));
            }
            return Ok(());
        }
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let operator = operators.read()?;
            let callee = match operator {
                Operator::Call { function_index } => function_index,
                _ => u32::MAX,
            };
            if let Some(place) = self.plan.cold.get(&callee) {
                function.instruction(&self.plan.place(place.unwrap_or(u32::MAX)));
                let ty = self.plan.module.types[callee as usize];
                function.instruction(&Instruction::Call(self.plan.stubs[&ty]));
            } else {
                function.instruction(&self.instruction(operator)?);
            }
        }
        code.function(&function);
        Ok(())
    }

    fn parse_data(&mut self, section: &mut DataSection, datum: wasmparser::Data<'_>) -> Result<(), EncodeError> {
        let Some(address) = address_of(&datum.kind)? else {
            return utils::parse_data(self, section, datum);
        };
        let mut bytes = datum.data.to_vec();
        for range in &self.plan.unread {
            if let Some(common) = overlap(range, &span(address, datum.data)) {
                bytes[within(&common, address)].fill(0);
            }
        }
        section.active(0, &ConstExpr::i32_const(address.cast_signed()), bytes);
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        _: &mut wasm_encoder::Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        // Names and producers speak of functions by their old indices.
        Ok(())
    }
}

struct Second<'a, 'b, 'c> {
    plan: &'c Plan<'a, 'b>,
}

impl Reencode for Second<'_, '_, '_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, EncodeError> {
        Ok(self.plan.second[&function])
    }

    fn data_index(&mut self, _: u32) -> Result<u32, EncodeError> {
        // Data stays in the first part; code that copies a segment by its number cannot move away from it.
        Err(EncodeError::InvalidConstExpr)
    }
}
