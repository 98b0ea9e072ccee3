//! The wire form of an object: JSON without floats.

use crate::Name;
use crate::order::Order as _;
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
    fn from_iter<I: IntoIterator<Item = (Name, Value)>>(entries: I) -> Map {
        let mut map = Map::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
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
    /// Reads JSON; `None` if the text is not one JSON value, or nests deeper than 200 levels.
    pub fn from_json(text: &str) -> Option<Value> {
        let mut reader = JsonReader { text: text.as_bytes(), at: 0 };
        let value = reader.value(0)?;
        reader.space();
        (reader.at == reader.text.len()).then_some(value)
    }
}

struct JsonReader<'a> {
    text: &'a [u8],
    at: usize,
}

impl JsonReader<'_> {
    fn space(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }
    fn take(&mut self, token: &str) -> Option<()> {
        let end = self.at + token.len();
        (self.text.get(self.at..end)? == token.as_bytes()).then(|| self.at = end)
    }
    fn value(&mut self, depth: u32) -> Option<Value> {
        if depth > 200 {
            return None;
        }
        self.space();
        match self.text.get(self.at)? {
            b'n' => self.take("null").map(|()| Value::Null),
            b't' => self.take("true").map(|()| Value::Bool(true)),
            b'f' => self.take("false").map(|()| Value::Bool(false)),
            b'"' => self.string().map(|text| Value::String(text.into())),
            b'[' => {
                self.at += 1;
                let mut list = Vec::new();
                self.space();
                if self.take("]").is_some() {
                    return Some(Value::List(list));
                }
                loop {
                    list.push(self.value(depth + 1)?);
                    self.space();
                    if self.take("]").is_some() {
                        return Some(Value::List(list));
                    }
                    self.take(",")?;
                }
            }
            b'{' => {
                self.at += 1;
                let mut map = Map::new();
                self.space();
                if self.take("}").is_some() {
                    return Some(Value::Map(map));
                }
                loop {
                    self.space();
                    let key = self.string()?;
                    self.space();
                    self.take(":")?;
                    let value = self.value(depth + 1)?;
                    map.insert(key, value);
                    self.space();
                    if self.take("}").is_some() {
                        return Some(Value::Map(map));
                    }
                    self.take(",")?;
                }
            }
            _ => self.number(),
        }
    }
    fn number(&mut self) -> Option<Value> {
        let start = self.at;
        while matches!(self.text.get(self.at), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let text = std::str::from_utf8(&self.text[start..self.at]).ok()?;
        if !text.bytes().any(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(text.parse().map_or_else(|_| Value::Number(text.into()), Value::Int))
    }
    fn string(&mut self) -> Option<String> {
        self.take("\"")?;
        let mut bytes = Vec::new();
        loop {
            match *self.text.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return String::from_utf8(bytes).ok();
                }
                b'\\' => {
                    let escape = *self.text.get(self.at + 1)?;
                    self.at += 2;
                    let c = match escape {
                        b'n' => '\n',
                        b'r' => '\r',
                        b't' => '\t',
                        b'b' => '\u{8}',
                        b'f' => '\u{c}',
                        b'"' | b'\\' | b'/' => char::from(escape),
                        b'u' => self.unicode()?,
                        _ => return None,
                    };
                    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                byte => {
                    bytes.push(byte);
                    self.at += 1;
                }
            }
        }
    }
    fn unicode(&mut self) -> Option<char> {
        let first = self.hex4()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        self.take("\\u")?;
        let second = self.hex4()?;
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + second.checked_sub(0xdc00)?)
    }
    fn hex4(&mut self) -> Option<u32> {
        let text = std::str::from_utf8(self.text.get(self.at..self.at + 4)?).ok()?;
        self.at += 4;
        u32::from_str_radix(text, 16).ok()
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
}
