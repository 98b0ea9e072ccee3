//! The wire form of an object: JSON without floats.

use crate::Name;
use crate::order::Order as _;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A JSON-like tree. Numbers that are not 64-bit integers keep their text, because the world knows no floats.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    /// A number that is no 64-bit integer, as it was written.
    Number(Name),
    String(Name),
    List(Vec<Value>),
    Map(Map),
}

/// A mapping that keeps the order in which its keys were written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Map(Vec<(Name, Value)>);

impl Map {
    pub fn new() -> Map {
        Map(Vec::new())
    }
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(k, _)| &**k == key).map(|(_, v)| v)
    }
    pub fn entry_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.0.iter_mut().find(|(k, _)| &**k == key).map(|(_, v)| v)
    }
    /// Sets a key, in place if it exists, at the end otherwise.
    pub fn insert(&mut self, key: impl Into<Name>, value: Value) {
        let key = key.into();
        match self.0.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.0.iter().position(|(k, _)| &**k == key)?;
        Some(self.0.remove(at).1)
    }
    /// Drops all but some keys.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|(key, _)| keep(key));
    }
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Value)> {
        self.0.iter().map(|(k, v)| (k, v))
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    pub fn len(&self) -> u64 {
        self.0.len() as u64
    }
    /// The entries in key order, as Go's encoder writes a map.
    pub fn sorted(&self) -> Vec<(&Name, &Value)> {
        let mut entries: Vec<_> = self.iter().collect();
        entries.order_by(|a, b| a.0.cmp(b.0));
        entries
    }
}

impl FromIterator<(Name, Value)> for Map {
    /// Of several entries with one key the last one counts, at the place of the first.
    fn from_iter<I: IntoIterator<Item = (Name, Value)>>(entries: I) -> Map {
        let entries = entries.into_iter();
        let mut map = Map(Vec::with_capacity(entries.size_hint().0));
        let mut rest = Vec::new();
        for (key, value) in entries {
            if map.0.len() < FEW { map.insert(key, value) } else { rest.push((key, value)) }
        }
        if !rest.is_empty() {
            map.extend(rest);
        }
        map
    }
}

/// So many keys are compared one by one.
const FEW: usize = 32;

impl Map {
    /// Adds many entries. Whoever compares each of their keys with all others is kept busy for minutes by a hostile text.
    #[inline(never)]
    fn extend(&mut self, rest: Vec<(Name, Value)>) {
        let mut places: BTreeMap<Name, usize> = self.0.iter().map(|(key, _)| key.clone()).zip(0..).collect();
        for (key, value) in rest {
            match places.get(&key) {
                Some(at) => self.0[*at].1 = value,
                None => {
                    places.insert(key.clone(), self.0.len());
                    self.0.push((key, value));
                }
            }
        }
    }
}

/// From what a map has at a key, and what came for that key, to what it shall have.
pub type Change<'c> = dyn FnMut(Option<Value>, &Name, &Value) -> Option<Value> + 'c;

impl Map {
    /// Changes many entries: `change` is told of each key what the map has, and answers what it shall have. What is new
    /// comes last, in order.
    #[inline(never)]
    pub fn update(&mut self, with: &Map, change: &mut Change<'_>) {
        let own = std::mem::take(&mut self.0);
        let mut entries: Vec<(Name, Option<Value>)> = own.into_iter().map(|(key, value)| (key, Some(value))).collect();
        let mut places = BTreeMap::new();
        for (key, value) in with.iter() {
            let at = if entries.len() <= FEW {
                entries.iter().position(|(known, _)| known == key)
            } else {
                // What came last is not in it yet.
                let known = places.len();
                places.extend(entries[known..].iter().map(|(key, _)| key.clone()).zip(known..));
                places.get(key).copied()
            };
            match at {
                Some(at) => entries[at].1 = change(entries[at].1.take(), key, value),
                None => entries.extend(change(None, key, value).map(|new| (key.clone(), Some(new)))),
            }
        }
        self.0 = entries.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    }
    /// For whoever looks for many keys.
    pub fn lookup(&self) -> Lookup<'_> {
        let many = if self.0.len() > FEW {
            self.0.iter().map(|(key, value)| (&**key, value)).collect()
        } else {
            BTreeMap::new()
        };
        Lookup { map: self, many }
    }
}

/// The entries of a map by their keys.
pub struct Lookup<'m> {
    map: &'m Map,
    /// Only of a map with many keys.
    many: BTreeMap<&'m str, &'m Value>,
}

impl<'m> Lookup<'m> {
    pub fn get(&self, key: &str) -> Option<&'m Value> {
        if self.many.is_empty() { self.map.get(key) } else { self.many.get(key).copied() }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.into())
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Int(number)
    }
}

/// Text in double quotes with escapes, as Go's `%q` writes it.
// Not `{:?}`: the optimized page is built without `Debug`.
pub fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Value {
    /// A value in maps of one key each, such as `{"spec":{"replicas":3}}`.
    pub fn nested(path: &[&str], leaf: Value) -> Value {
        path.iter().rev().fold(leaf, |value, key| Value::Map([(Name::from(*key), value)].into_iter().collect()))
    }

    /// The value as Go prints it: `map[spec:map[foo:1]]`. What is nested deeper than manifests are is left out.
    pub fn go_text(&self) -> String {
        fn text(value: &Value, depth: u32) -> String {
            match value {
                _ if depth > 64 => "...".into(),
                Value::Map(map) => {
                    let entries = map.sorted().into_iter();
                    let entries = entries.map(|(key, value)| format!("{key}:{}", text(value, depth + 1)));
                    format!("map[{}]", entries.collect::<Vec<_>>().join(" "))
                }
                Value::List(items) => {
                    let items = items.iter().map(|item| text(item, depth + 1));
                    format!("[{}]", items.collect::<Vec<_>>().join(" "))
                }
                Value::String(text) => text.to_string(),
                Value::Null => "<nil>".into(),
                other => other.to_json(),
            }
        }
        text(self, 0)
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(list) => Some(list),
            _ => None,
        }
    }
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }
    /// Follows map keys, `None` where one is missing.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(self, |value, key| value.as_map()?.get(key))
    }
    /// Go's word for the JSON type, as its decoder's errors use it.
    pub fn go_type(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::List(_) => "array",
            Value::Map(_) => "object",
        }
    }

    /// Compact JSON with sorted keys and Go's HTML escaping: the bytes that revision hashes are taken from.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out, None);
        out
    }
    /// JSON with sorted keys, indented by four spaces, as `kubectl get -o json` prints it.
    pub fn to_json_pretty(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out, Some(0));
        out
    }

    fn write_json(&self, out: &mut String, indent: Option<u32>) {
        let newline = |out: &mut String, depth: u32| {
            out.push('\n');
            for _ in 0..depth {
                out.push_str("    ");
            }
        };
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Value::Int(number) => {
                let _ = write!(out, "{number}");
            }
            Value::Number(text) => out.push_str(text),
            Value::String(text) => write_json_string(text, out),
            Value::List(list) => {
                out.push('[');
                for (i, item) in list.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    if let Some(depth) = indent {
                        newline(out, depth + 1);
                    }
                    item.write_json(out, indent.map(|d| d + 1));
                }
                if let (Some(depth), false) = (indent, list.is_empty()) {
                    newline(out, depth);
                }
                out.push(']');
            }
            Value::Map(map) => {
                out.push('{');
                for (i, (key, value)) in map.sorted().into_iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    if let Some(depth) = indent {
                        newline(out, depth + 1);
                    }
                    write_json_string(key, out);
                    out.push(':');
                    if indent.is_some() {
                        out.push(' ');
                    }
                    value.write_json(out, indent.map(|d| d + 1));
                }
                if let (Some(depth), false) = (indent, map.is_empty()) {
                    newline(out, depth);
                }
                out.push('}');
            }
        }
    }
}

impl Value {
    /// Reads JSON; `None` if the text is not one JSON value, or holds more than [`wire`](crate::wire) allows.
    pub fn from_json(text: &str) -> Option<Value> {
        serde_json::from_str(text).ok()
    }
}

/// A JSON string as Go writes it: `<`, `>`, `&`, U+2028 and U+2029 are escaped.
pub fn write_json_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_sorts_keys_and_escapes_like_go() {
        let map: Map = [("b".into(), Value::from("<&>")), ("a".into(), Value::Int(1))].into_iter().collect();
        assert_eq!(Value::Map(map).to_json(), r#"{"a":1,"b":"\u003c\u0026\u003e"}"#);
    }

    #[test]
    fn json_reads_back_and_refuses_what_is_not_json() {
        let text = r#"{"a":[1,-2,"x\ny\u003c😀"],"b":{"c":null,"d":true},"e":1.5}"#;
        let value = Value::from_json(text).unwrap();
        assert_eq!(Value::from_json(&value.to_json()), Some(value.clone()));
        assert_eq!(value.at(&["e"]), Some(&Value::Number("1.5".into())));
        for bad in ["", "{", "[1,]", "{\"a\"}", "nul", "1 2", "\"\\x\"", &"[".repeat(1_000)] {
            assert_eq!(Value::from_json(bad), None, "{bad}");
        }
    }

    #[test]
    fn many_entries_are_changed_in_place_and_new_ones_come_last() {
        let numbered = |range: std::ops::Range<i64>| -> Map {
            range.map(|n| (Name::from(format!("k{n}")), Value::Int(n))).collect()
        };
        for (own, with) in [(3, 5), (100, 120), (20, 60)] {
            let mut map = numbered(0..own);
            map.update(&numbered(1..with), &mut |old, _, value| match old {
                Some(Value::Int(2)) => None,
                Some(_) => Some(Value::Null),
                None => Some(value.clone()),
            });
            let kept = (0..own).filter(|n| *n != 2).map(|n| (n, if n == 0 { Value::Int(0) } else { Value::Null }));
            let expected = kept.chain((own..with).map(|n| (n, Value::Int(n))));
            let expected: Vec<_> = expected.map(|(n, value)| (Name::from(format!("k{n}")), value)).collect();
            assert_eq!(map.0, expected, "{own} {with}");
            assert_eq!(map.lookup().get("k1"), Some(&Value::Null));
            assert_eq!(map.lookup().get("k2"), None);
        }
    }

    #[test]
    fn the_last_of_several_entries_counts() {
        let map: Map = ["b", "a", "b", "c", "a", "b"].into_iter().zip(0..).map(|(k, n)| (k.into(), n.into())).collect();
        let entries: Vec<_> = map.iter().map(|(key, value)| (&**key, value.as_int())).collect();
        assert_eq!(entries, [("b", Some(5)), ("a", Some(4)), ("c", Some(3))]);
        let twice = || (0..50).map(|n| (Name::from(format!("k{}", n * 7 % 50)), Value::Int(n)));
        let map: Map = twice().map(|(key, _)| (key, Value::Null)).chain(twice()).collect();
        assert!(map.iter().map(|(key, value)| (key.clone(), value.clone())).eq(twice()), "{map:?}");
    }
}
