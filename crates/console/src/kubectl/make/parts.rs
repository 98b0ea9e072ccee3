//! Pieces of objects that lines describe.

use crate::output::Failure;
use petri_objects::{Map, Value};

pub fn text(word: impl AsRef<str>) -> Value {
    Value::String(word.as_ref().into())
}

pub fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

pub fn empty() -> Value {
    Value::Map(Map::new())
}

pub fn texts<'a>(words: impl IntoIterator<Item = &'a str>) -> Value {
    Value::List(words.into_iter().map(text).collect())
}

/// # Errors
/// Go's, of what is no number.
pub fn number(text: &str, flag: &str) -> Result<Value, Failure> {
    let wrong = |_| {
        format!(
            "error: invalid argument \"{text}\" for \"--{flag}\" flag: strconv.ParseInt: parsing \"{text}\": invalid syntax"
        )
    };
    text.parse().map(Value::Int).map_err(wrong)
}

/// `apiVersion`, `kind`, `metadata` and what comes then.
pub fn object(api_version: &str, kind: &str, name: &str, labels: Option<Value>) -> Map {
    let mut metadata = Map::new();
    if let Some(labels) = labels {
        metadata.insert("labels", labels);
    }
    metadata.insert("name", text(name));
    let mut map = Map::new();
    map.insert("apiVersion", text(api_version));
    map.insert("kind", text(kind));
    map.insert("metadata", Value::Map(metadata));
    map
}

/// One container of a pod, with nothing but its image.
pub fn container(name: &str, image: &str) -> Map {
    let mut own = Map::new();
    own.insert("image", text(image));
    own.insert("name", text(name));
    own.insert("resources", empty());
    own
}

/// `a=b`, several times.
///
/// # Errors
/// kubectl's, of a word without `=`.
pub fn pairs(words: &[&str]) -> Result<Map, Failure> {
    let mut map = Map::new();
    for word in words {
        let (key, value) = word
            .split_once('=')
            .ok_or_else(|| format!("error: invalid argument format of {word}: expected key=value"))?;
        map.insert(key, text(value));
    }
    Ok(map)
}

/// What kubectl shows of an object that it has made and nobody has stored: a status that says nothing.
pub fn blank_status(kind: &str) -> Option<Value> {
    Some(match kind {
        "Deployment" | "Pod" | "Job" | "CronJob" | "Namespace" | "ResourceQuota" => empty(),
        "Service" | "Ingress" => map([("loadBalancer", empty())]),
        "HorizontalPodAutoscaler" => map([("currentMetrics", Value::Null), ("desiredReplicas", Value::Int(0))]),
        _ => return None,
    })
}
