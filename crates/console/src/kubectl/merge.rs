//! Patches: how two wire forms differ, and what a strategic patch makes of one.

use petri_objects::{Map, Value};
use std::collections::BTreeMap;

/// The JSON merge patch (RFC 7386) that turns `old` into `new`; `None` if they are the same.
pub(super) fn difference(old: &Value, new: &Value) -> Option<Value> {
    let (Value::Map(before), Value::Map(after)) = (old, new) else {
        return (old != new).then(|| new.clone());
    };
    let (known, wanted) = (before.lookup(), after.lookup());
    let changed = after.iter().filter_map(|(key, value)| {
        let change = match known.get(key) {
            Some(known) => difference(known, value)?,
            None => value.clone(),
        };
        Some((key.clone(), change))
    });
    let gone = before.iter().filter(|(key, _)| wanted.get(key).is_none()).map(|(key, _)| (key.clone(), Value::Null));
    let patch: Map = changed.chain(gone).collect();
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
            merged.update(patch, &mut |old, _, value| match (old, value) {
                (_, Value::Null) => None,
                (Some(known), value) => Some(strategic(&known, value)),
                (None, value) => Some(value.clone()),
            });
            Value::Map(merged)
        }
        (Value::List(old), Value::List(patch)) => {
            let has = |key: &str| old.iter().chain(patch).all(|item| item.at(&[key]).is_some());
            let Some(key) = MERGE_KEYS.iter().find(|key| !patch.is_empty() && has(key)) else {
                return Value::List(patch.clone());
            };
            let mut merged = old.clone();
            let mut places = BTreeMap::new();
            for (at, known) in old.iter().enumerate() {
                places.entry(known.at(&[key]).cloned()).or_insert(at);
            }
            for item in patch {
                match places.get(&item.at(&[key]).cloned()) {
                    Some(at) => merged[*at] = strategic(&merged[*at], item),
                    None => {
                        places.insert(item.at(&[key]).cloned(), merged.len());
                        merged.push(item.clone());
                    }
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
