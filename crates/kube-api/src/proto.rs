//! Bodies in protobuf, which Go clients prefer for the kinds that they have types of: `kubectl create deployment`, for one.
//!
//! Which number a field has, and what it holds, stands in one text for the whole API of Kubernetes 1.36. A line is a type:
//! its group and name, then its fields. A field is its JSON name (none: its fields stand among those of the type itself),
//! `:`, its number, `*` if nothing and zero are two things, and what it holds: a type, one letter, or `[` before the items
//! of a list and `{` before the values of a map.
//!
//! | | |
//! |---|---|
//! | `s` `b` `i` `f` `y` | text, boolean, integer, other number, bytes |
//! | `t` `u` `q` `x` `r` `d` `e` `j` | time, time with microseconds, quantity, integer or text, any object, duration, list of texts, nothing that is read |
//!
//! Answers are JSON: every client that sends protobuf takes that as well.
//!
//! Upstream: `runtime/serializer/protobuf`, the struct tags of `k8s.io/api`.

use crate::status::{Failure, Outcome};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use petri_objects::{Map, Name, Time, Value};
use std::collections::BTreeMap;
use std::sync::LazyLock;

const TEXT: &str = include_str!("proto.txt");
pub const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// How deep messages may lie in one another.
const DEEPEST: u32 = 60;

#[derive(Clone, Copy)]
struct Field {
    name: &'static str,
    /// Zero is something else than nothing.
    pointer: bool,
    holds: &'static str,
}

type Fields = BTreeMap<u64, Field>;

static TYPES: LazyLock<BTreeMap<&'static str, Fields>> = LazyLock::new(|| {
    let field = |text: &'static str| {
        let (name, rest) = text.split_once(':')?;
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let holds = &rest[end..];
        let pointer = holds.starts_with('*');
        Some((rest[..end].parse().ok()?, Field { name, pointer, holds: holds.trim_start_matches('*') }))
    };
    let line = |line: &'static str| {
        let mut words = line.split(' ');
        Some((words.next()?, words.filter_map(field).collect()))
    };
    TEXT.lines().filter_map(line).collect()
});

/// What is left of a message.
struct Reader<'b>(&'b [u8]);

enum Wire<'b> {
    Number(u64),
    Bytes(&'b [u8]),
}

impl<'b> Reader<'b> {
    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (first, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
    fn take(&mut self, count: u64) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(count).ok()?)?;
        self.0 = rest;
        Some(taken)
    }
    /// The next field's number and value. `Some(None)` at the end.
    fn next(&mut self) -> Option<Option<(u64, Wire<'b>)>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Wire::Number(self.varint()?),
            1 => Wire::Number(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = self.varint()?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Number(u64::from(u32::from_le_bytes(self.take(4)?.try_into().ok()?))),
            _ => return None,
        };
        Some(Some((tag >> 3, value)))
    }
    /// All of it, by number: the last value of each.
    fn fields(mut self) -> Option<BTreeMap<u64, Wire<'b>>> {
        let mut found = BTreeMap::new();
        while let Some((number, value)) = self.next()? {
            found.insert(number, value);
        }
        Some(found)
    }
}

fn bytes<'b>(fields: &BTreeMap<u64, Wire<'b>>, number: u64) -> &'b [u8] {
    match fields.get(&number) {
        Some(Wire::Bytes(bytes)) => bytes,
        _ => &[],
    }
}

fn number(fields: &BTreeMap<u64, Wire<'_>>, number: u64) -> i64 {
    match fields.get(&number) {
        Some(Wire::Number(number)) => number.cast_signed(),
        _ => 0,
    }
}

fn text(bytes: &[u8]) -> Option<Value> {
    std::str::from_utf8(bytes).ok().map(Value::from)
}

/// Reads a body.
///
/// # Errors
/// 400 for what is no protobuf, or of a kind that has no types.
pub fn read(body: &[u8]) -> Outcome<Value> {
    let unreadable = || Failure::bad_request("the body of the request could not be decoded as protobuf");
    let message = body.strip_prefix(b"k8s\0").ok_or_else(unreadable)?;
    let envelope = Reader(message).fields().ok_or_else(unreadable)?;
    let about = Reader(bytes(&envelope, 1)).fields().ok_or_else(unreadable)?;
    let word = |number| std::str::from_utf8(bytes(&about, number)).map_err(|_| unreadable());
    let (api_version, kind) = (word(1)?, word(2)?);
    let Some(name) = type_of(api_version, kind) else {
        return Err(Failure::bad_request(format!("no kind \"{kind}\" is registered for version \"{api_version}\"")));
    };
    let mut value = record(name, bytes(&envelope, 2), 0).ok_or_else(unreadable)?;
    value.insert("apiVersion", Value::from(api_version));
    value.insert("kind", Value::from(kind));
    Ok(Value::Map(value))
}

fn type_of(api_version: &str, kind: &str) -> Option<&'static str> {
    let (group, version) = api_version.split_once('/').unwrap_or(("core", api_version));
    let group = group.split('.').next().unwrap_or(group);
    let version = if version == "v1" { "" } else { version };
    let name = if kind == "DeleteOptions" { "meta.DeleteOptions".into() } else { format!("{group}{version}.{kind}") };
    TYPES.get_key_value(name.as_str()).map(|(name, _)| *name)
}

fn record(name: &str, message: &[u8], depth: u32) -> Option<Map> {
    let fields = TYPES.get(name).filter(|_| depth < DEEPEST)?;
    let mut reader = Reader(message);
    let mut found = Map::new();
    while let Some((number, wire)) = reader.next()? {
        let Some(field) = fields.get(&number) else { continue };
        if field.name.is_empty() {
            let Wire::Bytes(inner) = wire else { return None };
            for (key, value) in record(field.holds, inner, depth + 1)?.iter() {
                found.insert(key.clone(), value.clone());
            }
        } else if let Some(item) = field.holds.strip_prefix('[') {
            add_items(&mut found, field.name, item, wire, depth)?;
        } else if let Some(holds) = field.holds.strip_prefix('{') {
            let Wire::Bytes(entry) = wire else { return None };
            let entry = Reader(entry).fields()?;
            let key = std::str::from_utf8(bytes(&entry, 1)).ok()?.to_owned();
            let held = match entry.get(&2) {
                Some(Wire::Number(number)) => value(holds, Wire::Number(*number), depth)?,
                _ => value(holds, Wire::Bytes(bytes(&entry, 2)), depth)?,
            };
            if found.get(field.name).is_none() {
                found.insert(field.name, Value::Map(Map::new()));
            }
            if let Some(Value::Map(map)) = found.entry_mut(field.name) {
                map.insert(Name::from(key), held);
            }
        } else {
            let value = value(field.holds, wire, depth)?;
            if field.pointer || !is_zero(&value) {
                found.insert(field.name, value);
            }
        }
    }
    Some(found)
}

fn add_items(found: &mut Map, name: &'static str, holds: &str, wire: Wire<'_>, depth: u32) -> Option<()> {
    if found.get(name).is_none() {
        found.insert(name, Value::List(Vec::new()));
    }
    let Some(Value::List(list)) = found.entry_mut(name) else { return None };
    match (holds, wire) {
        // Numbers may come all at once.
        ("i" | "b", Wire::Bytes(packed)) => {
            let mut reader = Reader(packed);
            while !reader.0.is_empty() {
                list.push(value(holds, Wire::Number(reader.varint()?), depth)?);
            }
        }
        (holds, wire) => list.push(value(holds, wire, depth)?),
    }
    Some(())
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) | Value::Int(0) => true,
        Value::String(text) => text.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => false,
    }
}

fn value(holds: &str, wire: Wire<'_>, depth: u32) -> Option<Value> {
    Some(match (holds, wire) {
        ("i", Wire::Number(number)) => Value::Int(number.cast_signed()),
        ("b", Wire::Number(number)) => Value::Bool(number != 0),
        ("f" | "j", _) => Value::Null,
        ("s", Wire::Bytes(bytes)) => text(bytes)?,
        ("y", Wire::Bytes(bytes)) => Value::from(STANDARD.encode(bytes).as_str()),
        ("t" | "u", Wire::Bytes(bytes)) => {
            let fields = Reader(bytes).fields()?;
            let (seconds, nanos) = (u64::try_from(number(&fields, 1)).ok(), number(&fields, 2));
            let micros = seconds.and_then(|seconds| seconds.checked_mul(1_000_000)).filter(|micros| *micros > 0);
            // The year 9999 is as far as a time of the API goes.
            let Some(micros) = micros.filter(|micros| *micros < 253_402_300_800_000_000) else {
                return Some(Value::Null);
            };
            let time = Time(micros + u64::try_from(nanos / 1_000).unwrap_or(0).min(999_999));
            Value::from(if holds == "t" { time.rfc3339() } else { time.rfc3339_micro() }.as_str())
        }
        ("q", Wire::Bytes(message)) => text(bytes(&Reader(message).fields()?, 1))?,
        ("x", Wire::Bytes(message)) => {
            let fields = Reader(message).fields()?;
            match number(&fields, 1) {
                0 => Value::Int(number(&fields, 2)),
                _ => text(bytes(&fields, 3))?,
            }
        }
        ("r", Wire::Bytes(message)) => {
            let raw = std::str::from_utf8(bytes(&Reader(message).fields()?, 1)).ok()?;
            Value::from_json(raw).unwrap_or_default()
        }
        ("d", Wire::Bytes(message)) => {
            Value::from(format!("{}ms", number(&Reader(message).fields()?, 1) / 1_000_000).as_str())
        }
        ("e", Wire::Bytes(message)) => {
            let (mut reader, mut items) = (Reader(message), Vec::new());
            while let Some((_, wire)) = reader.next()? {
                let Wire::Bytes(bytes) = wire else { return None };
                items.push(text(bytes)?);
            }
            Value::List(items)
        }
        (name, Wire::Bytes(message)) => Value::Map(record(name, message, depth + 1)?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let length = u8::try_from(bytes.len()).expect("it is short");
        [&[number << 3 | 2, length], bytes].concat()
    }

    fn body(api_version: &str, kind: &str, message: &[u8]) -> Vec<u8> {
        let about = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
        [b"k8s\0".to_vec(), field(1, &about), field(2, message)].concat()
    }

    #[test]
    fn a_deployment_is_read_as_its_json() {
        let metadata =
            [field(1, b"web"), field(3, b""), field(11, &[field(1, b"app"), field(2, b"web")].concat())].concat();
        let spec = [vec![1 << 3, 3], field(4, b""), vec![5 << 3, 0]].concat();
        let message = [field(1, &metadata), field(2, &spec), field(3, &[1 << 3, 0])].concat();
        assert_eq!(
            read(&body("apps/v1", "Deployment", &message)).map(|value| value.to_json()),
            Ok(r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"app":"web"},"name":"web"},"spec":{"replicas":3}}"#.into())
        );
    }

    #[test]
    fn every_type_that_is_named_is_there() {
        for (name, fields) in TYPES.iter() {
            for field in fields.values() {
                let holds = field.holds.trim_start_matches(['[', '{']);
                assert!(holds.len() == 1 || TYPES.contains_key(holds), "{name}.{} holds {holds}", field.name);
            }
        }
    }

    #[test]
    fn what_is_cut_or_mutated_is_refused_or_read_and_never_more() {
        let whole = body("v1", "Pod", &[field(1, &field(1, b"web")), field(2, &field(4, b"Always"))].concat());
        for end in 0..whole.len() {
            let _ = read(&whole[..end]);
            for byte in [0, 0x7f, 0x80, 0xff] {
                let mut other = whole.clone();
                other[end] = byte;
                let _ = read(&other);
            }
        }
        // A message in itself, as deep as a hostile one can be.
        let mut deep = Vec::new();
        for _ in 0..60 {
            deep = [&[2 << 3 | 2, 0x80 | (deep.len() & 0x7f) as u8, (deep.len() >> 7) as u8], &deep[..]].concat();
        }
        let _ = read(&body("v1", "Pod", &deep[..deep.len().min(120)]));
    }
}
