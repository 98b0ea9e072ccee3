//! What there is to know about a module before it is taken apart.

use std::collections::BTreeSet;

use wasmparser::{
    ElementItems, ExternalKind, FuncType, FuncValidatorAllocations, FunctionBody, KnownCustom, Name, NameSectionReader,
    Operator, Parser, Payload, TypeRef, ValidPayload, Validator, WasmFeatures,
};

use super::ASKS;
use super::code::Code;
use super::data::address_of;
use crate::Outcome;

/// A core module, read once: function indices as in the file, imported functions first.
pub struct Module<'a> {
    pub bytes: &'a [u8],
    pub signatures: Vec<FuncType>,
    /// The type of each function.
    pub types: Vec<u32>,
    pub bodies: Vec<FunctionBody<'a>>,
    /// The code of the same functions, as operators.
    pub codes: Vec<Code<'a>>,
    pub imported_functions: u32,
    pub globals: Vec<wasmparser::GlobalType>,
    pub tables: Vec<wasmparser::TableType>,
    pub memories: Vec<wasmparser::MemoryType>,
    /// Functions that something other than code refers to: exports, tables, the start.
    pub roots: BTreeSet<u32>,
    /// Addresses and bytes of what the module puts into memory.
    pub data: Vec<(u32, &'a [u8])>,
    /// The imported functions by which stubs ask for the second and for the third part.
    pub asks: [Option<u32>; 2],
    /// What the compiler called its functions, where that is noted.
    names: Vec<(u32, &'a str)>,
}

/// Closures of no more bytes than this are often equal to some other one.
const SHORT: usize = 64;

impl<'a> Module<'a> {
    pub fn read(bytes: &'a [u8]) -> Outcome<Self> {
        Self::parse(bytes).map_err(|error| format!("the WebAssembly could not be read: {error}"))
    }

    fn parse(bytes: &'a [u8]) -> wasmparser::Result<Self> {
        let mut module = Self {
            bytes,
            signatures: Vec::new(),
            types: Vec::new(),
            bodies: Vec::new(),
            codes: Vec::new(),
            imported_functions: 0,
            globals: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            roots: BTreeSet::new(),
            data: Vec::new(),
            asks: [None; 2],
            names: Vec::new(),
        };
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            if let ValidPayload::Func(function, body) = validator.payload(&payload)? {
                let index = function.index;
                let validator = function.into_validator(FuncValidatorAllocations::default());
                let ty = &module.signatures[module.types[index as usize] as usize];
                module.codes.push(Code::read(&body, ty, validator)?);
            }
            module.take(payload)?;
        }
        Ok(module)
    }

    fn take(&mut self, payload: Payload<'a>) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    self.signatures.push(ty?);
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
            Payload::DataSection(section) => {
                for data in section {
                    let data = data?;
                    if let Some(address) = address_of(&data.kind)? {
                        self.data.push((address, data.data));
                    }
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    self.note(names)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn note(&mut self, names: NameSectionReader<'a>) -> wasmparser::Result<()> {
        for part in names {
            if let Name::Function(functions) = part? {
                for function in functions {
                    let function = function?;
                    self.names.push((function.index, function.name));
                }
            }
        }
        Ok(())
    }

    fn import(&mut self, name: &str, ty: TypeRef) {
        match ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                for (ask, word) in self.asks.iter_mut().zip(ASKS) {
                    if name.contains(word) {
                        *ask = Some(self.imported_functions);
                    }
                }
                self.types.push(ty);
                self.imported_functions += 1;
            }
            TypeRef::Global(ty) => self.globals.push(ty),
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
    pub fn callees(&self, function: u32) -> BTreeSet<u32> {
        self.operators(function)
            .filter_map(|op| match op {
                Operator::Call { function_index }
                | Operator::ReturnCall { function_index }
                | Operator::RefFunc { function_index } => Some(*function_index),
                _ => None,
            })
            .collect()
    }

    /// The functions that a function's code calls, once for each call.
    pub fn calls(&self, function: u32) -> impl Iterator<Item = u32> + '_ {
        self.operators(function).filter_map(|op| match op {
            Operator::Call { function_index } => Some(*function_index),
            _ => None,
        })
    }

    /// Those of them that no stub can be put in front of: what refers to them is more than a call that returns.
    pub fn references(&self, function: u32) -> impl Iterator<Item = u32> + '_ {
        self.operators(function).filter_map(|op| match op {
            Operator::RefFunc { function_index } | Operator::ReturnCall { function_index } => Some(*function_index),
            _ => None,
        })
    }

    fn operators(&self, function: u32) -> impl Iterator<Item = &Operator<'a>> {
        self.code(function).into_iter().flat_map(|code| &code.ops)
    }

    pub fn code(&self, function: u32) -> Option<&Code<'a>> {
        self.codes.get(function.checked_sub(self.imported_functions)? as usize)
    }

    /// The code of a function that is not imported.
    pub fn body(&self, function: u32) -> Option<&FunctionBody<'a>> {
        self.bodies.get(function.checked_sub(self.imported_functions)? as usize)
    }

    /// The functions whose names lead through one of these modules or types, or mention one: `petri_objects::kept`.
    ///
    /// Functions of equal code have become one, under the name of any of them. A closure, or what was made for a type of
    /// such a module, is called from there and from nowhere else: who is called from elsewhere has its name by chance. So may
    /// a short function that calls nobody, and a short closure of that kind that is called by way of the table is anybody's.
    pub fn of_modules(&self, paths: &[impl AsRef<str>]) -> BTreeSet<u32> {
        let (mut found, mut doors) = (BTreeSet::new(), BTreeSet::new());
        for (function, name) in &self.names {
            let name = without_hashes(name);
            let mut ways = paths.iter().flat_map(|path| leads_through(&name, path.as_ref()));
            let Some(first) = ways.by_ref().min() else { continue };
            let is_short = self.body(*function).is_some_and(|body| body.as_bytes().len() <= SHORT);
            let is_leaf = is_short && self.callees(*function).is_empty();
            if is_leaf && name.contains("{closure") && self.roots.contains(function) {
                continue;
            }
            found.insert(*function);
            let is_own = name[..first].chars().all(|c| c == '<');
            if is_own && !is_leaf && !name.contains("{closure") {
                doors.insert(*function);
            }
        }
        let mut others: Vec<u32> = self.defined().filter(|function| !found.contains(function)).collect();
        while let Some(caller) = others.pop() {
            for called in self.calls(caller) {
                if !doors.contains(&called) && found.remove(&called) {
                    others.push(called);
                }
            }
        }
        found
    }

    /// The functions with code.
    pub fn defined(&self) -> std::ops::Range<u32> {
        self.imported_functions..u32::try_from(self.types.len()).unwrap_or(u32::MAX)
    }
}

/// Where a name leads through a module or type.
fn leads_through(name: &str, path: &str) -> Vec<usize> {
    let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    name.match_indices(path).filter(|(at, word)| is_end(&name[at + word.len()..])).map(|(at, _)| at).collect()
}

/// A name as it stands in the program: the compiler writes `a_crate[29356c14fd21613b]::of::it`.
fn without_hashes(name: &str) -> String {
    let is_hash = |word: &str| word.len() > 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('[') {
        plain.push_str(before);
        rest = match after.split_once(']') {
            Some((word, behind)) if is_hash(word) => behind,
            _ => {
                plain.push('[');
                after
            }
        };
    }
    plain + rest
}
