//! Values as the API server prints them inside of errors.

use petri_objects::{IntOrString, LabelSelector, Labels, Record, Value, value::write_json_string};
use std::fmt::Write as _;

/// Go's `%q`.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text as JSON, for values inside of structures.
pub(super) fn json_text(text: &str) -> String {
    let mut out = String::new();
    write_json_string(text, &mut out);
    out
}

pub(super) fn labels(labels: &Labels) -> String {
    if labels.is_empty() {
        return "null".into();
    }
    let map = labels.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect();
    Value::Map(map).to_json()
}

pub(super) fn selector(selector: Option<&LabelSelector>) -> String {
    selector.map_or_else(|| "null".into(), |selector| selector.to_value().to_json())
}

pub(super) fn int_or_string(value: Option<&IntOrString>) -> String {
    match value {
        None => "null".into(),
        Some(IntOrString::Int(number)) => number.to_string(),
        Some(IntOrString::String(word)) => json_text(word),
    }
}
