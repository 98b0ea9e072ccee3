//! What the editor asks while somebody types: what could stand here, and what is this.

use crate::desk::Desk;
use js_sys::{Array, Object, Reflect};
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

fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (key, value) in fields {
        // A plain object takes every key.
        let _ = Reflect::set(&object, &(*key).into(), value);
    }
    object.into()
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
        let at = byte_of(&text, position);
        let Some(found) = assist::complete(&text, at, &known(&desk)) else { return JsValue::NULL };
        // On an empty line the list waits until it is asked for.
        if !explicit && found.from == at {
            return JsValue::NULL;
        }
        let options: Array = found
            .choices
            .iter()
            .map(|choice| {
                object(&[
                    ("label", choice.label.as_str().into()),
                    ("detail", choice.detail.as_str().into()),
                    ("info", if choice.info.is_empty() { JsValue::UNDEFINED } else { choice.info.as_str().into() }),
                    ("apply", choice.insert.as_str().into()),
                ])
            })
            .collect();
        object(&[("from", unit_of(&text, found.from).into()), ("options", options.into())])
    })
}

/// `hover(text, position)` of the editor.
pub fn explanations() -> Closure<dyn Fn(String, u32) -> JsValue> {
    Closure::new(|text: String, position: u32| match assist::explain(&text, byte_of(&text, position)) {
        None => JsValue::NULL,
        Some(found) => object(&[
            ("from", unit_of(&text, found.span.start).into()),
            ("to", unit_of(&text, found.span.end).into()),
            ("text", found.text.as_str().into()),
        ]),
    })
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
}
