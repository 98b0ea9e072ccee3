//! An object of a kept kind: read, written, and asked for its fields.

use super::{KeptKind, defaults, older, types};
use crate::record::{Decode, Field};
use crate::{Kind, Map, Meta, Value};

/// A manifest of a kind, or a part of one, as its stored version says it.
pub fn as_stored(kind: KeptKind, mut manifest: Value) -> Value {
    if let Value::Map(map) = &mut manifest {
        let version = map.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        if older::older_type(Kind::Kept(kind), version).is_some() {
            map.insert("apiVersion", Value::from(kind.entry().api_version));
            older::upgrade(map);
        }
        if kind.entry().name == "Secret" && !kind.is_custom() {
            defaults::fold_string_data(map);
        }
    }
    manifest
}

/// An object of a kept kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeptObject {
    pub kind: KeptKind,
    pub metadata: Meta,
    /// Everything but `apiVersion`, `kind` and `metadata`, in the order of the keys, without what is null.
    pub fields: Map,
}

impl KeptObject {
    /// Reads an object as strict decoding does; what is wrong with it is in `at.problems`.
    pub fn decode(kind: KeptKind, value: &Value, at: &mut Decode) -> KeptObject {
        let mut object = KeptObject { kind, metadata: Meta::default(), fields: Map::new() };
        let name = kind.entry().name;
        let Value::Map(map) = value else {
            at.wrong_type(value, &format!("v1.{name}"));
            return object;
        };
        let older = map.get("apiVersion").and_then(Value::as_str).and_then(|v| older::older_type(Kind::Kept(kind), v));
        let fields = older.or(types::of(kind));
        at.within.push(name);
        for (key, value) in map.sorted() {
            match &**key {
                "apiVersion" | "kind" => {}
                _ if matches!(value, Value::Null) => {}
                "metadata" => object.metadata = at.key(key, |at| Meta::decode(value, at)),
                _ => {
                    let value = match fields {
                        Some(fields) => types::field(fields, key, value, at),
                        // The schema of a custom resource is the cluster's.
                        None => Some(types::ordered(value)),
                    };
                    if let Some(value) = value {
                        object.fields.insert(key.clone(), value);
                    }
                }
            }
        }
        at.within.pop();
        if older.is_some() {
            older::upgrade(&mut object.fields);
        }
        object
    }
    pub(crate) fn encode_fields(&self, map: &mut Map) {
        map.insert("metadata", self.metadata.encode_always());
        for (key, value) in self.fields.iter() {
            map.insert(key.clone(), value.clone());
        }
    }
    /// A field by the keys that lead to it.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        self.fields.get(first)?.at(rest)
    }
    /// A text by the keys that lead to it; empty if there is none.
    pub fn text(&self, path: &[&str]) -> &str {
        self.at(path).and_then(Value::as_str).unwrap_or_default()
    }
    /// A list by the keys that lead to it; empty if there is none.
    pub fn list(&self, path: &[&str]) -> &[Value] {
        self.at(path).and_then(Value::as_list).unwrap_or_default()
    }
}
