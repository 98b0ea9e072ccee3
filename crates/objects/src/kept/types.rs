//! What the fields of the built-in kept kinds may be: one text, made from the API's own description of Kubernetes 1.36.
//!
//! A line is a type: its name, then its fields. A field is a name, `:` or `!` (the description calls it required), and what
//! it holds: one letter for a scalar, a name for a record, `[` before the items of a list and `{` before the values of a
//! map. Types of one name are told apart by their group in front: `rbac.Subject`. A test makes the text anew from
//! `k8s-openapi`, so that no field is missing.
//!
//! | | |
//! |---|---|
//! | `s` `b` `i` `l` `f` | text, boolean, 32-bit and 64-bit integer, any number |
//! | `y` `t` `q` `x` `m` `j` | base64, time, quantity, integer or text, metadata, any JSON |
//! | `1` `2` `3` | a JSON schema or a boolean, or a list of them, or a list of texts |

use super::KeptKind;
use crate::record::{Decode, DecodeProblemKind, Field};
use crate::value::Map;
use crate::{IntOrString, Meta, Name, Quantity, Time, Value};
use std::collections::BTreeMap;

/// The table.
pub const TEXT: &str = include_str!("types.txt");

/// The fields of a type: the rest of its line.
pub type Fields = &'static str;

/// One field of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldType {
    pub name: &'static str,
    pub required: bool,
    /// What it holds: `s`, `[Subject`.
    pub holds: &'static str,
}

/// The name of the type that an object of a kind is of: `Secret`. `None` for custom resources.
pub fn of(kind: KeptKind) -> Option<&'static str> {
    (!kind.is_custom()).then(|| match kind.entry().name {
        "HorizontalPodAutoscaler" => "autoscaling2.HorizontalPodAutoscaler",
        "ResourceClaim" => "resource.ResourceClaim",
        name => name,
    })
}

/// The line of a type.
pub fn line(name: &str) -> Fields {
    thread_local!(static LINES: BTreeMap<&'static str, Fields> =
        TEXT.lines().map(|line| line.split_once(' ').unwrap_or((line, ""))).collect());
    LINES.with(|lines| lines.get(name).copied()).unwrap_or_default()
}

/// The fields of a type, in the order of their names.
pub fn fields(line: Fields) -> impl Iterator<Item = FieldType> {
    line.split(' ').filter_map(|word| {
        let at = word.find([':', '!'])?;
        Some(FieldType { name: &word[..at], required: word.as_bytes()[at] == b'!', holds: &word[at + 1..] })
    })
}

/// A field of a record of the simulated kinds, by the name that the record has here.
pub fn field_of(record: &str, key: &str) -> Option<FieldType> {
    let upstream = match record {
        "CsiVolumeSource" => "CSIPersistentVolumeSource",
        "EndpointPort" => "discovery.EndpointPort",
        "HttpGetAction" => "HTTPGetAction",
        same => same,
    };
    fields(line(upstream)).find(|field| field.name == key)
}

/// The name of a type in Go, without the group in front.
pub fn go_name(name: &'static str) -> &'static str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A field of the type of this name as it is kept; `None` if it is null or unknown.
pub(super) fn field(of: &'static str, key: &Name, value: &Value, at: &mut Decode) -> Option<Value> {
    at.key(key, |at| match fields(line(of)).find(|field| field.name == &**key) {
        Some(_) if matches!(value, Value::Null) => None,
        Some(field) => Some(check(field.holds, value, at)),
        None => {
            at.report(DecodeProblemKind::UnknownField);
            None
        }
    })
}

/// Checks a value for what it has to be, and answers it as it is kept: maps in order, without what is null.
pub fn check(holds: &'static str, value: &Value, at: &mut Decode) -> Value {
    if let Some(inner) = holds.strip_prefix('[') {
        return list(inner, value, at);
    }
    if let Some(inner) = holds.strip_prefix('{') {
        return map(inner, value, at);
    }
    match (holds, value) {
        ("s", _) => drop(Name::decode(value, at)),
        ("b", _) => drop(bool::decode(value, at)),
        ("i", _) => drop(i32::decode(value, at)),
        ("l", _) => drop(i64::decode(value, at)),
        ("f", Value::Int(_) | Value::Number(_)) => {}
        ("f", _) => at.wrong_type(value, "float64"),
        ("t", _) => drop(Time::decode(value, at)),
        ("x", _) => drop(IntOrString::decode(value, at)),
        ("q", _) => return Quantity::decode(value, at).encode_always(),
        ("m", _) => return Meta::decode(value, at).encode_always(),
        ("y", Value::String(text)) => {
            if let Err(byte) = super::secret::decode(text) {
                at.report(DecodeProblemKind::WrongType(format!("illegal base64 data at input byte {byte}")));
            }
        }
        ("y", _) => at.wrong_type(value, "[]uint8"),
        ("1", Value::Bool(_)) => {}
        ("2", Value::List(_)) => return list("JSONSchemaProps", value, at),
        ("3", Value::List(_)) => return list("s", value, at),
        ("1" | "2" | "3", _) => return record("JSONSchemaProps", value, at),
        ("j", _) => return ordered(value),
        (name, _) => return record(name, value, at),
    }
    value.clone()
}

/// Any JSON as it is kept: its maps in order, without what is null.
pub fn ordered(value: &Value) -> Value {
    match value {
        Value::Map(map) => {
            let set = map.sorted().into_iter().filter(|(_, value)| !matches!(value, Value::Null));
            Value::Map(set.map(|(key, value)| (key.clone(), ordered(value))).collect())
        }
        Value::List(items) => Value::List(items.iter().map(ordered).collect()),
        other => other.clone(),
    }
}

fn list(inner: &'static str, value: &Value, at: &mut Decode) -> Value {
    match value {
        Value::List(items) => {
            let item = |(index, item)| at.index(index, |at| check_item(inner, item, at));
            Value::List(items.iter().enumerate().map(item).collect())
        }
        other => {
            at.wrong_type(other, &format!("[]{}", go(inner)));
            Value::List(Vec::new())
        }
    }
}

fn map(inner: &'static str, value: &Value, at: &mut Decode) -> Value {
    match value {
        Value::Map(map) => {
            let entry = |(key, value): (&Name, &Value)| (key.clone(), at.entry(key, |at| check_item(inner, value, at)));
            Value::Map(map.sorted().into_iter().map(entry).collect())
        }
        other => {
            at.wrong_type(other, &format!("map[string]{}", go(inner)));
            Value::Map(Map::new())
        }
    }
}

/// An item of a list or a map. Go reads a null there as nothing of its type.
fn check_item(holds: &'static str, value: &Value, at: &mut Decode) -> Value {
    match (holds, value) {
        ("s" | "y", Value::Null) => Value::from(""),
        ("j", _) => check(holds, value, at),
        (_, Value::Null) if holds.len() > 1 => Value::Map(Map::new()),
        (_, Value::Null) => Value::Null,
        _ => check(holds, value, at),
    }
}

fn record(name: &'static str, value: &Value, at: &mut Decode) -> Value {
    let Value::Map(map) = value else {
        at.wrong_type(value, &format!("v1.{}", go_name(name)));
        return Value::Map(Map::new());
    };
    at.within.push(go_name(name));
    let entries = map.sorted().into_iter().filter_map(|(key, value)| Some((key.clone(), field(name, key, value, at)?)));
    let kept = entries.collect();
    at.within.pop();
    Value::Map(kept)
}

/// Go's name of what is held, for its decoder's errors.
fn go(holds: &'static str) -> String {
    match holds {
        "s" => "string".into(),
        "b" => "bool".into(),
        "i" => "int32".into(),
        "l" => "int64".into(),
        "y" => "[]uint8".into(),
        "q" => "resource.Quantity".into(),
        _ if holds.len() == 1 => "object".into(),
        _ => match holds.strip_prefix('[') {
            Some(inner) => format!("[]{}", go(inner)),
            None => format!("v1.{}", go_name(holds)),
        },
    }
}
