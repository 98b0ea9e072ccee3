//! What the editor asks while somebody types: what could stand here, and what is this.

use crate::desk::Desk;
use crate::edge::{self, Completion, Completions, Hover};
use petri_manifest::assist;
use petri_objects::{Kind, Object as Simulated};
use std::cell::OnceCell;
use wasm_bindgen::prelude::*;

/// The byte at which the UTF-16 unit of this number begins.
fn byte_of(text: &str, unit: u32) -> usize {
    let mut units = 0;
    for (byte, c) in text.char_indices() {
        if units >= unit {
            return byte;
        }
        units += c.len_utf16() as u32;
    }
    text.len()
}

fn unit_of(text: &str, byte: usize) -> u32 {
    text.get(..byte).unwrap_or(text).chars().map(|c| c.len_utf16() as u32).sum()
}

/// The objects of the cluster and of the open files, which are read only if somebody asks.
fn known(desk: &Desk) -> impl Fn(Kind) -> Vec<Simulated> + '_ {
    let drafts = OnceCell::new();
    move |kind| {
        let mut found = desk.session.timeline().world().objects().list(kind);
        let drafts: &Vec<Simulated> = drafts.get_or_init(|| {
            let objects = |text: &str| petri_manifest::parse(text).objects().cloned().collect::<Vec<_>>();
            desk.files().iter().flat_map(|file| objects(&file.text)).collect()
        });
        found.extend(drafts.iter().filter(|object| object.kind() == kind).cloned());
        found
    }
}

/// `completions(text, position, explicit)` of the editor.
pub fn completions(desk: Desk) -> Closure<dyn Fn(String, u32, bool) -> JsValue> {
    Closure::new(move |text: String, position: u32, explicit: bool| {
        edge::to_js(&complete(&text, position, explicit, &known(&desk)))
    })
}

/// What could stand at a place, if anything could.
fn complete(text: &str, position: u32, explicit: bool, known: &dyn Fn(Kind) -> Vec<Simulated>) -> Option<Completions> {
    let at = byte_of(text, position);
    let found = assist::complete(text, at, known)?;
    // On an empty line the list waits until it is asked for.
    if !explicit && found.from == at {
        return None;
    }
    let completion = |choice: assist::Choice| Completion {
        label: choice.label,
        detail: choice.detail,
        info: Some(choice.info).filter(|info| !info.is_empty()),
        apply: choice.insert,
    };
    Some(Completions { from: unit_of(text, found.from), options: found.choices.into_iter().map(completion).collect() })
}

/// `hover(text, position)` of the editor.
pub fn explanations() -> Closure<dyn Fn(String, u32) -> JsValue> {
    Closure::new(|text: String, position: u32| edge::to_js(&explain(&text, position)))
}

/// What is known of the field at a place, if it is one.
fn explain(text: &str, position: u32) -> Option<Hover> {
    let found = assist::explain(text, byte_of(text, position))?;
    let (from, to) = (unit_of(text, found.span.start), unit_of(text, found.span.end));
    Some(Hover { from, to, text: found.text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_units_belong_to_the_same_characters() {
        let text = "a\u{e9}\u{1d11e}z";
        for (unit, byte) in [(0, 0), (1, 1), (2, 3), (4, 7), (5, 8), (9, 8)] {
            assert_eq!(byte_of(text, unit), byte);
        }
        for (byte, unit) in [(0, 0), (1, 1), (3, 2), (7, 4), (8, 5)] {
            assert_eq!(unit_of(text, byte), unit);
        }
    }

    #[test]
    fn what_the_editor_is_told_counts_as_it_does() {
        let text = "# \u{1d11e}\nkind: StatefulSet\napiVersion: apps/v1\nspec:\n  repl";
        let end = text.encode_utf16().count() as u32;
        let found = complete(text, end, false, &|_| Vec::new()).expect("a field begins with it");
        assert_eq!(found.from, end - 4);
        assert!(found.options.iter().any(|option| option.label == "replicas"), "{found:?}");
        let hover = explain(text, 7).expect("a field");
        assert_eq!((hover.from, hover.to), (5, 9), "{hover:?}");
        assert_eq!(complete(&format!("{text}icas: 1\n  "), end + 10, false, &|_| Vec::new()), None, "nobody asked");
    }
}
