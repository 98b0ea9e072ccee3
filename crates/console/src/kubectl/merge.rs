//! Patches: how two wire forms differ, and what a strategic patch makes of one.

use petri_objects::{Map, Value};

/// The JSON merge patch (RFC 7386) that turns `old` into `new`; `None` if they are the same.
pub(super) fn difference(old: &Value, new: &Value) -> Option<Value> {
    let (Value::Map(before), Value::Map(after)) = (old, new) else {
        return (old != new).then(|| new.clone());
    };
    let mut patch = Map::new();
    for (key, value) in after.iter() {
        match before.get(key) {
            Some(known) => {
                if let Some(change) = difference(known, value) {
                    patch.insert(key.clone(), change);
                }
            }
            None => patch.insert(key.clone(), value.clone()),
        }
    }
    for (key, _) in before.iter() {
        if after.get(key).is_none() {
            patch.insert(key.clone(), Value::Null);
        }
    }
    (!patch.is_empty()).then_some(Value::Map(patch))
}

/// The keys by which lists of objects are merged.
const MERGE_KEYS: &[&str] = &["name", "mountPath", "containerPort", "port", "key", "type", "uid", "ip"];

/// What a strategic merge patch makes of a value: maps are merged, lists of named things by their names.
///
/// Deviation: the key of a list is found by looking at its items, and `$patch` directives are not interpreted.
pub(super) fn strategic(old: &Value, patch: &Value) -> Value {
    match (old, patch) {
        (Value::Map(old), Value::Map(patch)) => {
            let mut merged = old.clone();
            for (key, value) in patch.iter() {
                match (value, old.get(key)) {
                    (Value::Null, _) => {
                        merged.remove(key);
                    }
                    (value, Some(known)) => merged.insert(key.clone(), strategic(known, value)),
                    (value, None) => merged.insert(key.clone(), value.clone()),
                }
            }
            Value::Map(merged)
        }
        (Value::List(old), Value::List(patch)) => {
            let has = |key: &str| old.iter().chain(patch).all(|item| item.at(&[key]).is_some());
            let Some(key) = MERGE_KEYS.iter().find(|key| !patch.is_empty() && has(key)) else {
                return Value::List(patch.clone());
            };
            let mut merged = old.clone();
            for item in patch {
                match merged.iter_mut().find(|known| known.at(&[key]) == item.at(&[key])) {
                    Some(known) => *known = strategic(known, item),
                    None => merged.push(item.clone()),
                }
            }
            Value::List(merged)
        }
        (_, patch) => patch.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(text: &str) -> Value {
        petri_manifest::parse(text).documents[0].value.clone()
    }

    #[test]
    fn a_difference_names_what_changed_and_what_went() {
        let patch = difference(&yaml("{a: 1, b: {c: 2, d: 3}, e: [1]}"), &yaml("{a: 1, b: {c: 4}, e: [1, 2]}"));
        assert_eq!(patch.unwrap().to_json(), r#"{"b":{"c":4,"d":null},"e":[1,2]}"#);
        assert_eq!(difference(&yaml("{a: 1}"), &yaml("{a: 1}")), None);
    }

    #[test]
    fn lists_of_named_things_are_merged_by_name() {
        let old = yaml("{c: [{name: a, image: x}, {name: b, image: y}], args: [p]}");
        let new = strategic(&old, &yaml("{c: [{name: b, image: z}], args: [q]}"));
        assert_eq!(new.to_json(), r#"{"args":["q"],"c":[{"image":"x","name":"a"},{"image":"z","name":"b"}]}"#);
    }
}
