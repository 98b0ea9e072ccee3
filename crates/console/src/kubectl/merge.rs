//! How two wire forms differ.

use petri_objects::{Map, Value};

/// The JSON merge patch (RFC 7386) that turns `old` into `new`; `None` if they are the same.
pub fn difference(old: &Value, new: &Value) -> Option<Value> {
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
}
