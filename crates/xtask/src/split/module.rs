//! What there is to know about a module before it is taken apart.

use std::collections::BTreeSet;

use wasm_encoder::reencode::{Error as EncodeError, Reencode};
use wasm_encoder::{ConstExpr, ExportKind, ExportSection, Function, GlobalSection, GlobalType, Instruction, ValType};
use wasmparser::{ElementItems, ExternalKind, FunctionBody, Operator, Parser, Payload, TypeRef};

use super::{ASK, COUNTER};
use crate::shop::Outcome;

/// A core module, read once: function indices as in the file, imported functions first.
pub struct Module<'a> {
    pub bytes: &'a [u8],
    /// The number of parameters of each function type.
    pub parameters: Vec<u32>,
    /// The type of each function.
    pub types: Vec<u32>,
    pub bodies: Vec<FunctionBody<'a>>,
    pub imported_functions: u32,
    pub imported_globals: u32,
    pub globals: Vec<wasmparser::GlobalType>,
    pub tables: Vec<wasmparser::TableType>,
    pub memories: Vec<wasmparser::MemoryType>,
    /// Functions that something other than code refers to: exports, tables, the start.
    pub roots: BTreeSet<u32>,
    /// The imported function by which a stub asks for the second part.
    pub ask: Option<u32>,
}

impl<'a> Module<'a> {
    pub fn read(bytes: &'a [u8]) -> Outcome<Self> {
        Self::parse(bytes).map_err(|error| format!("the WebAssembly could not be read: {error}"))
    }

    fn parse(bytes: &'a [u8]) -> wasmparser::Result<Self> {
        let mut module = Self {
            bytes,
            parameters: Vec::new(),
            types: Vec::new(),
            bodies: Vec::new(),
            imported_functions: 0,
            imported_globals: 0,
            globals: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            roots: BTreeSet::new(),
            ask: None,
        };
        for payload in Parser::new(0).parse_all(bytes) {
            module.take(payload?)?;
        }
        Ok(module)
    }

    fn take(&mut self, payload: Payload<'a>) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    self.parameters.push(u32::try_from(ty?.params().len()).unwrap_or(u32::MAX));
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    self.import(import.name, import.ty);
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.types.push(ty?);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    self.tables.push(table?.ty);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memories.push(memory?);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    self.globals.push(global?.ty);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        self.roots.insert(export.index);
                    }
                }
            }
            Payload::StartSection { func, .. } => {
                self.roots.insert(func);
            }
            Payload::ElementSection(section) => {
                for element in section {
                    self.items(element?.items)?;
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, name: &str, ty: TypeRef) {
        match ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                if name.contains(ASK) {
                    self.ask = Some(self.imported_functions);
                }
                self.types.push(ty);
                self.imported_functions += 1;
            }
            TypeRef::Global(ty) => {
                self.globals.push(ty);
                self.imported_globals += 1;
            }
            TypeRef::Table(ty) => self.tables.push(ty),
            TypeRef::Memory(ty) => self.memories.push(ty),
            TypeRef::Tag(_) => {}
        }
    }

    fn items(&mut self, items: ElementItems<'a>) -> wasmparser::Result<()> {
        match items {
            ElementItems::Functions(functions) => {
                for function in functions {
                    self.roots.insert(function?);
                }
            }
            ElementItems::Expressions(_, expressions) => {
                for expression in expressions {
                    for operator in expression?.get_operators_reader() {
                        if let Operator::RefFunc { function_index } = operator? {
                            self.roots.insert(function_index);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The functions that a function's code names.
    pub fn callees(&self, function: u32) -> Outcome<BTreeSet<u32>> {
        self.operands(function).map_err(|error| format!("function {function} could not be read: {error}"))
    }

    fn operands(&self, function: u32) -> wasmparser::Result<BTreeSet<u32>> {
        let mut found = BTreeSet::new();
        let Some(body) = self.body(function) else { return Ok(found) };
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::Call { function_index }
                | Operator::ReturnCall { function_index }
                | Operator::RefFunc { function_index } => {
                    found.insert(function_index);
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// The code of a function that is not imported.
    pub fn body(&self, function: u32) -> Option<&FunctionBody<'a>> {
        self.bodies.get(function.checked_sub(self.imported_functions)? as usize)
    }

    /// The functions with code.
    pub fn defined(&self) -> std::ops::Range<u32> {
        self.imported_functions..u32::try_from(self.types.len()).unwrap_or(u32::MAX)
    }

    /// The same module, in which every function notes that it ran: in a global of its own, which is exported under
    /// `~.ran` and the function's index.
    pub fn with_counters(&self) -> Outcome<Vec<u8>> {
        let mut module = wasm_encoder::Module::new();
        let first = u32::try_from(self.globals.len()).unwrap_or(u32::MAX);
        let mut counters = Counters { module: self, first, next: first };
        counters
            .parse_core_module(&mut module, Parser::new(0), self.bytes)
            .map_err(|error| format!("the counters could not be put in: {error}"))?;
        Ok(module.finish())
    }
}

struct Counters<'a, 'b> {
    module: &'b Module<'a>,
    /// The index of the first counter.
    first: u32,
    /// The counter of the function whose code comes next.
    next: u32,
}

impl Reencode for Counters<'_, '_> {
    type Error = std::convert::Infallible;

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        wasm_encoder::reencode::utils::parse_global_section(self, globals, section)?;
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        for _ in self.module.defined() {
            globals.global(ty, &ConstExpr::i32_const(0));
        }
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        wasm_encoder::reencode::utils::parse_export_section(self, exports, section)?;
        for (counter, function) in (self.first..).zip(self.module.defined()) {
            exports.export(&format!("{COUNTER}{function}"), ExportKind::Global, counter);
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut wasm_encoder::CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), EncodeError> {
        let mut function: Function = self.new_function_with_parsed_locals(&body)?;
        function.instruction(&Instruction::I32Const(1));
        function.instruction(&Instruction::GlobalSet(self.next));
        self.next += 1;
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let instruction = self.parse_instruction(&mut reader)?;
            function.instruction(&instruction);
        }
        code.function(&function);
        Ok(())
    }
}
