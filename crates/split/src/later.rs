//! A later part: what the first one lacks, with all else that it needs imported from those before it.

use wasm_encoder::reencode::{Error as EncodeError, Reencode};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, ImportSection, Instruction, TypeSection,
};
use wasmparser::{FunctionBody, Operator, Parser, Payload};

use super::data::{gather, overlap, within};
use super::parts::{Later, Plan, span};
use crate::{Outcome, SHARED};

/// Constants with no more bytes between them than this travel together, for each journey costs about as much.
const NEAR: u32 = 8;

impl Plan<'_, '_> {
    pub(super) fn later_part(&self, part: &Later, name: &str) -> Outcome<Vec<u8>> {
        self.write_later(part).map_err(|error| format!("the {name} part could not be written: {error}"))
    }

    fn write_later(&self, part: &Later) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer { plan: self, part };
        let mut module = wasm_encoder::Module::new();
        for payload in Parser::new(0).parse_all(self.module.bytes) {
            if let Payload::TypeSection(section) = payload? {
                let mut types = TypeSection::new();
                writer.parse_type_section(&mut types, section)?;
                module.section(&types);
            }
        }
        module.section(&writer.imports()?);
        let mut functions = FunctionSection::new();
        for &function in part.brought.iter().chain(&part.stood_for) {
            functions.function(self.module.types[function as usize]);
        }
        module.section(&functions);
        if !part.lent.is_empty() {
            let mut exports = ExportSection::new();
            for (place, function) in (0..).zip(&part.lent) {
                exports.export(&Self::function(place), ExportKind::Func, part.index[function]);
            }
            module.section(&exports);
        }
        module.section(&self.elements(part));
        let mut code = CodeSection::new();
        for &function in &part.brought {
            if let Some(body) = self.module.body(function) {
                writer.parse_function_body(&mut code, body.clone())?;
            }
        }
        for &function in &part.stood_for {
            code.function(&writer.stub(function));
        }
        module.section(&code);
        module.section(&self.constants(part));
        Ok(module.finish())
    }

    /// What a part puts into the table. The third part takes the places of the second's stubs.
    fn elements(&self, part: &Later) -> ElementSection {
        let mut elements = ElementSection::new();
        if let Some(first) = part.placed.first() {
            let offset = i32::try_from(self.base + u64::from(self.cold[first].unwrap_or(u32::MAX))).unwrap_or(i32::MAX);
            let functions: Vec<u32> = part.placed.iter().map(|function| part.index[function]).collect();
            elements.active(Some(self.table), &ConstExpr::i32_const(offset), Elements::Functions(functions.into()));
        }
        elements
    }

    /// The constants that a part brings. What lies between two of them is the same in all parts.
    fn constants(&self, part: &Later) -> DataSection {
        let mut section = DataSection::new();
        for run in gather(part.constants.iter().cloned(), NEAR) {
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

struct Writer<'a, 'b, 'c> {
    plan: &'c Plan<'a, 'b>,
    part: &'c Later,
}

impl Writer<'_, '_, '_> {
    fn imports(&mut self) -> Result<ImportSection, EncodeError> {
        let module = self.plan.module;
        let mut imports = ImportSection::new();
        for (from, name, function) in &self.part.taken {
            imports.import(from, name, EntityType::Function(module.types[*function as usize]));
        }
        for (index, table) in (0..).zip(&module.tables) {
            let mut ty = self.table_type(*table)?;
            // The first part's tables may have grown by the time they are handed over.
            ty.maximum = None;
            imports.import(SHARED, &Plan::thing("t", index), ty);
        }
        for (index, memory) in (0..).zip(&module.memories) {
            imports.import(SHARED, &Plan::thing("m", index), self.memory_type(*memory)?);
        }
        for (index, global) in (0..).zip(&module.globals) {
            imports.import(SHARED, &Plan::thing("g", index), self.global_type(*global)?);
        }
        Ok(imports)
    }

    /// Asks for the part after this one, then calls what that has put in this stub's place.
    fn stub(&self, function: u32) -> Function {
        let mut stub = Function::new([]);
        if let Some(ask) = self.plan.ask_for_third {
            stub.instruction(&Instruction::Call(self.part.index[&ask]));
        }
        let ty = self.plan.module.types[function as usize];
        let parameters = self.plan.module.signatures[ty as usize].params().len();
        for parameter in (0..).take(parameters) {
            stub.instruction(&Instruction::LocalGet(parameter));
        }
        self.call_by_table(function, &mut stub);
        stub.instruction(&Instruction::End);
        stub
    }

    fn call_by_table(&self, function: u32, caller: &mut Function) {
        caller.instruction(&self.plan.place(self.plan.cold[&function].unwrap_or(u32::MAX)));
        let type_index = self.plan.module.types[function as usize];
        caller.instruction(&Instruction::CallIndirect { type_index, table_index: self.plan.table });
    }
}

impl Reencode for Writer<'_, '_, '_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, EncodeError> {
        Ok(self.part.index[&function])
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), EncodeError> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            match operators.read()? {
                // The stub is there as long as the part is not; whatever the table holds is right.
                Operator::Call { function_index } if self.part.stood_for.contains(&function_index) => {
                    self.call_by_table(function_index, &mut function);
                }
                operator => drop(function.instruction(&self.instruction(operator)?)),
            }
        }
        code.function(&function);
        Ok(())
    }

    fn data_index(&mut self, _: u32) -> Result<u32, EncodeError> {
        // Data stays in the first part; code that copies a segment by its number cannot move away from it.
        Err(EncodeError::InvalidConstExpr)
    }
}
