//! Reading what a kept object says.

use super::super::field::{Errors, Path};
use petri_objects::{KeptObject, Value};

pub(super) fn word<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    value.at(path).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn items<'v>(value: &'v Value, path: &[&str]) -> &'v [Value] {
    value.at(path).and_then(Value::as_list).unwrap_or_default()
}

pub(super) fn json(value: Option<&Value>) -> String {
    value.map_or("null".into(), Value::to_json)
}

pub(super) fn not_negative(errors: &mut Errors, object: &KeptObject, keys: &[&str]) {
    for key in keys {
        if let Some(number) = object.at(&["spec", key]).and_then(Value::as_int) {
            errors.not_negative(&Path::root("spec").key(key), number);
        }
    }
}
