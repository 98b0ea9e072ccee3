//! The state that every page begins with, worked out once, when the page is built.
//!
//! A first visit opens on a cluster that already runs. To get there takes the parser, the validation of all that is
//! applied, the scheduler, the binding of volumes: more code than it then takes to go on. So the build runs that part and
//! puts the memory that it leaves in place of the memory that the module came with.

use wasm_encoder::reencode::{Error as EncodeError, Reencode};
use wasm_encoder::{ConstExpr, DataSection, MemorySection, MemoryType};
use wasmparser::Parser;

use super::data::gather;
use super::{Module, PAGE};
use crate::Outcome;

/// So many zeros in a row are left out. Fewer cost next to nothing, and each place to go on at costs a few bytes.
const GAP: usize = 2048;

impl Module<'_> {
    /// The same module, with this memory at its start.
    pub fn with_memory(&self, memory: &[u8]) -> Outcome<Vec<u8>> {
        let mut module = wasm_encoder::Module::new();
        let mut writer = Writer { memory, runs: runs(memory) };
        writer
            .parse_core_module(&mut module, Parser::new(0), self.bytes)
            .map_err(|error| format!("the memory could not be put in: {error}"))?;
        Ok(module.finish())
    }
}

/// Where the memory is not zero, give or take a gap.
fn runs(memory: &[u8]) -> Vec<std::ops::Range<usize>> {
    let bytes = memory.iter().enumerate().filter(|(_, byte)| **byte != 0);
    gather(bytes.map(|(at, _)| at..at + 1), GAP - 1)
}

struct Writer<'m> {
    memory: &'m [u8],
    runs: Vec<std::ops::Range<usize>>,
}

impl Reencode for Writer<'_> {
    type Error = std::convert::Infallible;

    fn parse_memory_section(
        &mut self,
        memories: &mut MemorySection,
        section: wasmparser::MemorySectionReader<'_>,
    ) -> Result<(), EncodeError> {
        for memory in section {
            let memory = self.memory_type(memory?)?;
            let minimum = memory.minimum.max((self.memory.len() / PAGE) as u64);
            memories.memory(MemoryType { minimum, ..memory });
        }
        Ok(())
    }

    fn data_count(&mut self, _: u32) -> Result<u32, EncodeError> {
        Ok(u32::try_from(self.runs.len()).unwrap_or(u32::MAX))
    }

    fn parse_data_section(
        &mut self,
        data: &mut DataSection,
        _: wasmparser::DataSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        for run in &self.runs {
            let start = i32::try_from(run.start).unwrap_or(i32::MAX);
            data.active(0, &ConstExpr::i32_const(start), self.memory[run.clone()].iter().copied());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_leave_long_zeros_out() {
        let mut memory = vec![0; 4 * GAP];
        for at in [10, 11, 9 + GAP, 10 + 3 * GAP] {
            memory[at] = 1;
        }
        assert_eq!(runs(&memory), [10..10 + GAP, 10 + 3 * GAP..11 + 3 * GAP]);
        assert_eq!(runs(&[0; 100]), []);
    }
}
