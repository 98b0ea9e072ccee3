//! One line of a trace.

use petri_objects::{Map, Value};
use std::collections::BTreeMap;

/// The fields of an object, flattened to paths.
pub type Fields = BTreeMap<String, Value>;

#[derive(Clone, Debug)]
pub struct Line {
    /// Seconds since the start.
    pub t: f64,
    /// `ADDED`, `ACTION`, `LOCAL` and so on.
    pub what: String,
    pub value: Value,
}

impl Line {
    pub fn text(&self, key: &str) -> Option<&str> {
        self.value.at(&[key]).and_then(Value::as_str)
    }
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.value.at(&[key])
    }
    /// Which step of the script the line is about.
    pub fn step(&self) -> Option<i64> {
        self.get("i").and_then(Value::as_int)
    }
    /// The fields that the line sets.
    pub fn set(&self) -> Fields {
        let set = self.get("set").and_then(Value::as_map).cloned().unwrap_or_else(Map::new);
        set.iter().map(|(path, value)| (path.to_string(), value.clone())).collect()
    }
    /// The object's name without its namespace.
    pub fn short_name(&self) -> &str {
        self.text("name").and_then(|name| name.rsplit('/').next()).unwrap_or_default()
    }
    pub fn is_snapshot(&self) -> bool {
        self.get("snapshot").is_some_and(truth)
    }
    pub fn args(&self) -> Vec<&str> {
        self.get("args").and_then(Value::as_list).unwrap_or_default().iter().filter_map(Value::as_str).collect()
    }
}

/// Reads a trace; lines that are no JSON objects with a type are left out.
pub fn read(text: &str) -> Vec<Line> {
    text.lines().filter_map(line).collect()
}

fn line(text: &str) -> Option<Line> {
    let value = Value::from_json(text)?;
    let what = value.at(&["type"])?.as_str()?.to_owned();
    let t = value.at(&["t"]).and_then(number).unwrap_or(0.0);
    Some(Line { t, what, value })
}

pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Number(text) => text.parse().ok(),
        _ => None,
    }
}

/// Whether a value counts as something.
pub fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(on) => *on,
        Value::Int(number) => *number != 0,
        Value::Number(_) => number(value) != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::List(list) => !list.is_empty(),
        Value::Map(map) => !map.is_empty(),
    }
}

/// A value inside a sentence.
pub fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "None".into(),
        Some(Value::String(text)) => text.to_string(),
        Some(other) => other.to_json(),
    }
}
