//! Custom resources against the schema of their definition.
//!
//! Deviation: patterns, formats and rules in CEL are not evaluated.
//!
//! Upstream: `kube-openapi/pkg/validation/validate`.

use super::field::{Errors, FieldError, Path};
use super::format;
use petri_objects::{KeptObject, Map, Value};

/// Everything that a schema refuses of a custom resource.
pub fn validate_custom(object: &KeptObject, schema: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let required = words(schema, "required");
    for key in required.iter().filter(|key| object.fields.get(key).is_none() && **key != "metadata") {
        errors.required(&Path::root(key), "");
    }
    for (key, value) in object.fields.iter() {
        if let Some(inner) = schema.at(&["properties", key]) {
            check(&mut errors, inner, value, &Path::root(key));
        }
    }
    errors.list
}

fn words<'v>(schema: &'v Value, key: &str) -> Vec<&'v str> {
    schema.at(&[key]).and_then(Value::as_list).unwrap_or_default().iter().filter_map(Value::as_str).collect()
}

fn check(errors: &mut Errors, schema: &Value, value: &Value, path: &Path<'_>) {
    let wanted = schema.at(&["type"]).and_then(Value::as_str).unwrap_or_default();
    let int_or_string = schema.at(&["x-kubernetes-int-or-string"]) == Some(&Value::Bool(true));
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Int(_) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
    };
    let fits = wanted.is_empty() || wanted == found || (wanted, found) == ("number", "integer");
    if int_or_string && !matches!(value, Value::Int(_) | Value::String(_)) || !int_or_string && !fits {
        let wanted = if int_or_string { "integer,string" } else { wanted };
        let detail = format!("{path} in body must be of type {wanted}: \"{found}\"");
        return errors.invalid(path, format::text(found), detail);
    }
    if let Some(allowed) = schema.at(&["enum"]).and_then(Value::as_list).filter(|allowed| !allowed.contains(value)) {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_json(), String::from);
        let allowed: Vec<String> = allowed.iter().map(plain).collect();
        errors.not_supported(path, value.to_json(), &allowed.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let number = |key: &str| schema.at(&[key]).and_then(Value::as_int);
    match value {
        Value::Int(own) => {
            if let Some(least) = number("minimum").filter(|least| own < least) {
                let detail = format!("{path} in body should be greater than or equal to {least}");
                errors.invalid(path, own.to_string(), detail);
            }
            if let Some(most) = number("maximum").filter(|most| own > most) {
                let detail = format!("{path} in body should be less than or equal to {most}");
                errors.invalid(path, own.to_string(), detail);
            }
        }
        Value::String(text) => {
            let length = text.chars().count() as i64;
            if let Some(least) = number("minLength").filter(|least| length < *least) {
                let detail = format!("{path} in body should be at least {least} chars long");
                errors.invalid(path, format::text(text), detail);
            }
            if let Some(most) = number("maxLength").filter(|most| length > *most) {
                errors.too_long(path, &format!("may not be more than {most} bytes"));
            }
        }
        Value::List(items) => {
            let length = items.len() as i64;
            if let Some(least) = number("minItems").filter(|least| length < *least) {
                let detail = format!("{path} in body should have at least {least} items");
                errors.invalid(path, length.to_string(), detail);
            }
            if let Some(inner) = schema.at(&["items"]) {
                items.iter().enumerate().for_each(|(i, item)| check(errors, inner, item, &path.index(i)));
            }
        }
        Value::Map(map) => object(errors, schema, map, path),
        _ => {}
    }
}

fn object(errors: &mut Errors, schema: &Value, map: &Map, path: &Path<'_>) {
    for key in words(schema, "required").into_iter().filter(|key| map.get(key).is_none()) {
        errors.required(&path.key(key), "");
    }
    for (key, value) in map.iter() {
        let inner = schema.at(&["properties", key]).or_else(|| schema.at(&["additionalProperties"]));
        if let Some(inner) = inner {
            check(errors, inner, value, &path.key(key));
        }
    }
}
