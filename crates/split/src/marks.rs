//! Watching where control comes: a byte for every fork of the module's code, set on the way behind it.

use std::collections::BTreeSet;

use wasm_encoder::reencode::{Error as EncodeError, Reencode, utils};
use wasm_encoder::{CodeSection, ExportKind, ExportSection, Instruction, MemArg, MemorySection, MemoryType};
use wasmparser::{FunctionBody, Parser};

use super::{MARKS, Module, PAGE};
use crate::Outcome;

/// Where control came in the visits that were watched.
pub struct Reached {
    /// The numbers of the forks behind which control came.
    pub marks: BTreeSet<usize>,
}

impl Reached {
    /// Reads the digits that the watcher prints: four marks in each, the lowest first.
    pub fn read(digits: &str) -> Outcome<Self> {
        let mut marks = BTreeSet::new();
        for (place, digit) in digits.trim().chars().enumerate() {
            let bits = digit.to_digit(16).ok_or_else(|| format!("`{digit}` is no set of marks"))?;
            marks.extend((0..4).filter(|bit| bits >> bit & 1 == 1).map(|bit| place * 4 + bit));
        }
        Ok(Self { marks })
    }
}

impl Module<'_> {
    /// The same module with a second memory, exported as `~.marks`, in which it notes where control came. Forks are
    /// numbered in the order of functions and of their code.
    pub fn with_marks(&self) -> Outcome<Vec<u8>> {
        let forks: usize = self.codes.iter().map(|code| code.forks().count()).sum();
        let mut module = wasm_encoder::Module::new();
        let memory = u32::try_from(self.memories.len()).map_err(|_| "too many memories")?;
        let mut marker = Marker { module: self, forks, memory, function: 0, next: 0 };
        marker
            .parse_core_module(&mut module, Parser::new(0), self.bytes)
            .map_err(|error| format!("the marks could not be put in: {error}"))?;
        Ok(module.finish())
    }
}

struct Marker<'a, 'b> {
    module: &'b Module<'a>,
    forks: usize,
    /// The memory of the marks.
    memory: u32,
    /// The function whose code comes next, and the number of its first fork.
    function: usize,
    next: u64,
}

impl Marker<'_, '_> {
    fn mark(&mut self, function: &mut wasm_encoder::Function) {
        function.instruction(&Instruction::I32Const(0));
        function.instruction(&Instruction::I32Const(1));
        let place = MemArg { offset: self.next, align: 0, memory_index: self.memory };
        function.instruction(&Instruction::I32Store8(place));
        self.next += 1;
    }
}

impl Reencode for Marker<'_, '_> {
    type Error = std::convert::Infallible;

    fn parse_memory_section(
        &mut self,
        memories: &mut MemorySection,
        section: wasmparser::MemorySectionReader<'_>,
    ) -> Result<(), EncodeError> {
        utils::parse_memory_section(self, memories, section)?;
        let minimum = self.forks.div_ceil(PAGE) as u64;
        memories.memory(MemoryType { minimum, maximum: None, memory64: false, shared: false, page_size_log2: None });
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        utils::parse_export_section(self, exports, section)?;
        exports.export(MARKS, ExportKind::Memory, self.memory);
        Ok(())
    }

    fn parse_function_body(&mut self, section: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), EncodeError> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let code = &self.module.codes[self.function];
        self.function += 1;
        let forks: BTreeSet<Option<usize>> = code.forks().collect();
        self.mark(&mut function);
        for (at, op) in code.ops.iter().enumerate() {
            function.instruction(&self.instruction(op.clone())?);
            if forks.contains(&Some(at)) {
                self.mark(&mut function);
            }
        }
        section.function(&function);
        Ok(())
    }
}
