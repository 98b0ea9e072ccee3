//! The second part: what did not run, with all else that it needs imported from the first.

use wasm_encoder::reencode::{Error as EncodeError, Reencode};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, FunctionSection, ImportSection,
    TypeSection,
};
use wasmparser::{Parser, Payload};

use super::data::{gather, overlap, within};
use super::parts::{Plan, span};
use crate::{Outcome, SHARED};

/// Constants with no more bytes between them than this travel together, for each journey costs about as much.
const NEAR: u32 = 8;

impl Plan<'_, '_> {
    pub(super) fn second_part(&self) -> Outcome<Vec<u8>> {
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
