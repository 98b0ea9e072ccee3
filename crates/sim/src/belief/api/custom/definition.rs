//! What a definition says: the kind, its versions, its schema.

use crate::ground::clock::Time;
use crate::words::api_error::ApiError;
use petri_objects::kept::{KeptKind, KeptObject, Names};
use petri_objects::order::Order as _;
use petri_objects::{Kind, Map, Name, Value};

/// The versions that are served, the one that clients prefer first: `v2`, `v1`, `v1beta1`.
fn versions(definition: &KeptObject) -> Vec<&Map> {
    let served = |version: &&Map| version.get("served") == Some(&Value::Bool(true));
    let mut versions: Vec<&Map> =
        definition.list(&["spec", "versions"]).iter().filter_map(Value::as_map).filter(served).collect();
    versions.order_by_key(|version| rank(name_of(version)));
    versions
}

fn name_of(version: &Map) -> &str {
    version.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// Upstream: `version.CompareKubeAwareVersionStrings`.
fn rank(version: &str) -> (u8, std::cmp::Reverse<(u64, u64)>, &str) {
    let parsed = version.strip_prefix('v').and_then(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let major: u64 = rest[..end].parse().ok()?;
        let (stability, minor) = match &rest[end..] {
            "" => (0, 0),
            after => match (after.strip_prefix("beta"), after.strip_prefix("alpha")) {
                (Some(minor), _) => (1, minor.parse().ok()?),
                (_, Some(minor)) => (2, minor.parse().ok()?),
                _ => return None,
            },
        };
        Some((stability, major, minor))
    });
    match parsed {
        Some((stability, major, minor)) => (stability, std::cmp::Reverse((major, minor)), ""),
        None => (3, std::cmp::Reverse((0, 0)), version),
    }
}

/// The kind that a definition defines, if it serves the version that is asked for, or any.
pub(super) fn kind(definition: &KeptObject, version: Option<&str>) -> Option<KeptKind> {
    let served = versions(definition);
    let preferred = served.first()?;
    if version.is_some_and(|version| !served.iter().any(|served| name_of(served) == version)) {
        return None;
    }
    let api_version = format!("{}/{}", definition.text(&["spec", "group"]), name_of(preferred));
    let words = |key: &str| -> Vec<&str> {
        definition.list(&["spec", "names", key]).iter().filter_map(Value::as_str).collect()
    };
    Some(KeptKind::custom(&Names {
        api_version: &api_version,
        name: definition.text(&["spec", "names", "kind"]),
        plural: definition.text(&["spec", "names", "plural"]),
        short_names: words("shortNames"),
        categories: words("categories"),
        namespaced: definition.text(&["spec", "scope"]) == "Namespaced",
        status: preferred.get("subresources").is_some_and(|with| with.at(&["status"]).is_some()),
    }))
}

/// What the controllers of definitions write: that the names are taken and the resources served.
pub fn establish(definition: &mut KeptObject, now: Time) {
    let time = now.rfc3339();
    let condition = |kind: &str, reason: &str, message: &str| {
        map([
            ("lastTransitionTime", Value::from(&*time)),
            ("message", Value::from(message)),
            ("reason", Value::from(reason)),
            ("status", Value::from("True")),
            ("type", Value::from(kind)),
        ])
    };
    let stored = |version: &&Value| version.at(&["storage"]) == Some(&Value::Bool(true));
    let versions = definition.list(&["spec", "versions"]).iter().filter(stored);
    let versions = versions.filter_map(|version| version.at(&["name"])).cloned().collect();
    let names = definition.at(&["spec", "names"]).cloned().unwrap_or_default();
    let conditions = vec![
        condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ];
    let status =
        [("acceptedNames", names), ("conditions", Value::List(conditions)), ("storedVersions", Value::List(versions))];
    definition.fields.insert("status", map(status));
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (Name::from(key), value)).collect())
}

/// The schema that a definition has for custom resources of this version.
pub(super) fn schema(definition: &KeptObject, version: &str) -> Option<Value> {
    let version = versions(definition).into_iter().find(|served| name_of(served) == version)?;
    version.get("schema")?.at(&["openAPIV3Schema"]).cloned()
}

/// Puts the defaults of a schema where nothing stands, however deep. An object is nested as deep as it was read.
///
/// Upstream: `apiextensions-apiserver/pkg/apiserver/schema/defaulting`.
#[inline(never)]
pub fn apply_defaults(map: &mut Map, schema: &Value) {
    let known = schema.at(&["properties"]).and_then(Value::as_map);
    for (key, inner) in known.into_iter().flat_map(|known| known.iter()) {
        let may_be_null = inner.at(&["nullable"]) == Some(&Value::Bool(true));
        let is_missing = map.get(key).is_none_or(|value| *value == Value::Null && !may_be_null);
        if let Some(default) = inner.at(&["default"]).filter(|_| is_missing) {
            map.insert(key.clone(), default.clone());
        }
    }
    let keys: Vec<Name> = map.iter().map(|(key, _)| key.clone()).collect();
    for key in keys {
        let own = known.and_then(|known| known.get(&key)).or_else(|| schema.at(&["additionalProperties"]));
        if let Some((inner, schema)) = map.entry_mut(&key).zip(own) {
            apply_inside(inner, schema);
        }
    }
}

fn apply_inside(value: &mut Value, schema: &Value) {
    match (value, schema.at(&["items"])) {
        (Value::Map(map), _) => apply_defaults(map, schema),
        (Value::List(list), Some(items)) => list.iter_mut().for_each(|item| apply_inside(item, items)),
        _ => {}
    }
}

/// Refuses the fields that a schema does not know, as strict decoding does.
///
/// # Errors
/// `BadRequest` with all of them.
pub fn check_fields(object: &KeptObject, schema: &Value) -> Result<(), ApiError> {
    let mut unknown = Vec::new();
    let is_system = |key: &str| matches!(key, "apiVersion" | "kind" | "metadata");
    if !keeps_unknown(schema) {
        for (key, value) in object.fields.iter().filter(|(key, _)| !is_system(key)) {
            field(schema, key, value, "", &mut unknown);
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let (kind, version) = (object.kind.entry().name, Kind::Kept(object.kind).version());
    let unknown = unknown.join(", ");
    Err(ApiError::BadRequest(
        format!("{kind} in version \"{version}\" cannot be handled as a {kind}: strict decoding error: {unknown}")
            .into(),
    ))
}

fn keeps_unknown(schema: &Value) -> bool {
    schema.at(&["x-kubernetes-preserve-unknown-fields"]) == Some(&Value::Bool(true))
}

fn field(schema: &Value, key: &str, value: &Value, path: &str, unknown: &mut Vec<String>) {
    let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match schema.at(&["properties", key]).or_else(|| schema.at(&["additionalProperties"])) {
        Some(inner) => fields(inner, value, &path, unknown),
        None => unknown.push(format!("unknown field \"{path}\"")),
    }
}

fn fields(schema: &Value, value: &Value, path: &str, unknown: &mut Vec<String>) {
    let any = keeps_unknown(schema) || schema.at(&["x-kubernetes-embedded-resource"]).is_some();
    let described = schema.at(&["properties"]).is_some() || schema.at(&["additionalProperties"]).is_some();
    match value {
        Value::Map(map) if !any && (described || schema.at(&["type"]).and_then(Value::as_str) == Some("object")) => {
            map.iter().for_each(|(key, value)| field(schema, key, value, path, unknown));
        }
        Value::List(items) => {
            let Some(inner) = schema.at(&["items"]) else { return };
            for (i, item) in items.iter().enumerate() {
                fields(inner, item, &format!("{path}[{i}]"), unknown);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_put_where_nothing_stands_and_into_defaults_too() {
        let schema = r#"{"properties":{
            "keep":{"default":{"days":3},"properties":{"days":{"default":7},"weeks":{"default":1}}},
            "note":{"default":"none","nullable":true},
            "size":{"default":2},
            "list":{"items":{"properties":{"on":{"default":true}}}},
            "free":{"additionalProperties":{"properties":{"x":{"default":0}}}}}}"#;
        let schema = Value::from_json(schema).unwrap();
        let filled = |given: &str| {
            let Some(Value::Map(mut map)) = Value::from_json(given) else { panic!("{given} is a map") };
            apply_defaults(&mut map, &schema);
            Value::Map(map).to_json()
        };
        assert_eq!(filled("{}"), r#"{"keep":{"days":3,"weeks":1},"note":"none","size":2}"#);
        let given = r#"{"keep":{"weeks":5},"note":null,"size":null,"list":[{},{"on":false}],"free":{"a":{}}}"#;
        let full = r#"{"free":{"a":{"x":0}},"keep":{"days":7,"weeks":5},"list":[{"on":true},{"on":false}],"note":null,"size":2}"#;
        assert_eq!(filled(given), full);
    }
}
