//! What a module carries and a visitor never needs: notes for tools, and exports that only the build calls.

use wasm_encoder::ExportSection;
use wasm_encoder::reencode::{Error as EncodeError, Reencode, utils};
use wasmparser::{CustomSectionReader, ExportSectionReader, Parser};

use crate::Outcome;

/// The module without the linker's notes.
pub fn without_notes(bytes: &[u8]) -> Outcome<Vec<u8>> {
    without(bytes, &[], |section| section == "linking" || section.starts_with("reloc."))
}

/// The module without the names of its functions.
pub fn without_names(bytes: &[u8]) -> Outcome<Vec<u8>> {
    without(bytes, &[], |section| section == "name")
}

/// The module without the exports of these names. What they alone led to stays, for wasm-opt's
/// `--remove-unused-module-elements` to find.
pub fn without_exports(bytes: &[u8], names: &[&str]) -> Outcome<Vec<u8>> {
    without(bytes, names, |_| false)
}

fn without(bytes: &[u8], exports: &[&str], section: fn(&str) -> bool) -> Outcome<Vec<u8>> {
    let mut module = wasm_encoder::Module::new();
    let mut writer = Writer { exports, section };
    writer
        .parse_core_module(&mut module, Parser::new(0), bytes)
        .map_err(|error| format!("what nobody needs could not be taken out: {error}"))?;
    Ok(module.finish())
}

struct Writer<'n> {
    /// The exports to leave out.
    exports: &'n [&'n str],
    /// Whether to leave out a custom section of this name.
    section: fn(&str) -> bool,
}

impl Reencode for Writer<'_> {
    type Error = std::convert::Infallible;

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: ExportSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        for export in section {
            let export = export?;
            if !self.exports.contains(&export.name) {
                utils::parse_export(self, exports, export)?;
            }
        }
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        module: &mut wasm_encoder::Module,
        section: CustomSectionReader<'_>,
    ) -> Result<(), EncodeError> {
        if (self.section)(section.name()) { Ok(()) } else { utils::parse_custom_section(self, module, section) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Constants, Module};
    use wasmparser::Payload;

    #[test]
    fn notes_are_taken_out_and_nothing_else() {
        let text = r#"(module (memory 1) (func (export "f")) (@custom "linking" "x") (@custom "reloc.CODE" "x") (@custom "kept" "x"))"#;
        let bytes = wat::parse_str(text).expect("it is well formed");
        let bare = without_notes(&bytes).expect("it can be written");
        let customs: Vec<_> = Parser::new(0)
            .parse_all(&bare)
            .filter_map(|payload| match payload {
                Ok(Payload::CustomSection(section)) => Some(section.name().to_owned()),
                _ => None,
            })
            .collect();
        assert_eq!(customs, ["kept"]);
        assert_eq!(Module::read(&bare).expect("it is valid").codes.len(), 1);
        assert_eq!(Constants::read(&bare).map(|constants| constants.is_none()), Ok(true));
    }

    #[test]
    fn exports_are_taken_out_by_name() {
        let text = r#"(module (func $f (export "f") (export "kept")) (func (export "g") (call $f)))"#;
        let bytes = wat::parse_str(text).expect("it is well formed");
        let bare = without_exports(&bytes, &["f", "g", "h"]).expect("it can be written");
        let module = Module::read(&bare).expect("it is valid");
        assert_eq!((module.codes.len(), module.roots), (2, std::collections::BTreeSet::from([0])));
    }
}
