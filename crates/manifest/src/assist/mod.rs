//! What could stand at a place in a manifest, and what is there: completion and explanations from the schema.
//!
//! Both work on text that is half written: where a place stands is told by indentation, not by parsing.

mod names;
mod outline;
mod values;

pub use names::Known;

use outline::{Outline, Step, Typed, outline};
use petri_objects::{Decode, Kind, Map, Object, Schema, Type, Value, defaults::apply_defaults};
use std::ops::Range;

/// What could stand there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// From which byte on a choice replaces the text.
    pub from: usize,
    pub choices: Vec<Choice>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub label: String,
    /// The type, and the default if there is one: `integer, 1`.
    pub detail: String,
    /// One sentence.
    pub info: String,
    /// What is written if it is chosen.
    pub insert: String,
}

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub span: Range<usize>,
    /// Lines of text.
    pub text: String,
}

/// What the end of a path is.
enum Place {
    Record(&'static Schema),
    /// A list of records, whose items are not begun.
    List(&'static Schema),
    Other(&'static Type),
}

/// The kind that a document says it is.
fn kind(outline: &Outline) -> Option<Kind> {
    let word = |key: &str| outline.entries.iter().find(|entry| entry.parent == 0 && entry.key == key);
    let name = &word("kind")?.value;
    let version = word("apiVersion").map(|entry| entry.value.as_str());
    Kind::every().filter(|kind| kind.name() == name.as_str()).min_by_key(|kind| version != Some(kind.api_version()))
}

/// Follows a path through the schema of a kind.
fn follow(kind: Kind, path: &[Step]) -> Option<Place> {
    let mut place = Place::Record(kind.schema());
    for step in path {
        let inner = match (place, step) {
            (Place::Record(schema), Step::Key(key)) => schema.field(key)?.kind,
            (Place::List(schema), Step::Item) => {
                place = Place::Record(schema);
                continue;
            }
            (Place::Other(Type::Map(inner)), Step::Key(_)) | (Place::Other(Type::List(inner)), Step::Item) => inner,
            _ => return None,
        };
        place = match inner {
            Type::Record(schema) => Place::Record(schema),
            Type::List(Type::Record(schema)) => Place::List(schema),
            other => Place::Other(other),
        };
    }
    Some(place)
}

fn type_name(kind: &Type) -> &'static str {
    match kind {
        Type::String => "text",
        Type::Time => "time",
        Type::Integer(_) => "integer",
        Type::Boolean => "true or false",
        Type::Quantity => "quantity",
        Type::IntOrString => "integer or percentage",
        Type::List(_) => "list",
        Type::Map(_) => "map",
        Type::Record(_) => "object",
        Type::Opaque => "not simulated",
    }
}

/// What the API server would fill in for a field of a kind, by filling in an object that has nothing but the way there.
fn default(kind: Kind, path: &[Step]) -> Option<String> {
    let (last, way) = path.split_last()?;
    let Step::Key(key) = last else { return None };
    let skeleton = way.iter().rev().fold(Value::Map(Map::new()), |inner, step| match step {
        Step::Key(key) => Value::Map([(petri_objects::Name::from(key.as_str()), inner)].into_iter().collect()),
        Step::Item => Value::List(vec![inner]),
    });
    let mut object = Object::decode(kind, &skeleton, &mut Decode::default());
    apply_defaults(&mut object);
    let mut value = object.to_value();
    for step in way {
        value = match (step, &value) {
            (Step::Key(key), value) => value.at(&[key.as_str()])?.clone(),
            (Step::Item, Value::List(items)) => items.first()?.clone(),
            _ => return None,
        };
    }
    match value.at(&[key.as_str()])? {
        Value::Map(map) if map.is_empty() => None,
        Value::String(text) if text.is_empty() => None,
        Value::Null | Value::Map(_) | Value::List(_) => None,
        scalar => Some(scalar.to_json().trim_matches('"').to_owned()),
    }
}

/// What could stand at a byte of the text, given the objects that it can name.
pub fn complete(text: &str, at: usize, known: Known<'_>) -> Option<Completion> {
    if !text.is_char_boundary(at) {
        return None;
    }
    let outline = outline(text, at);
    let found = match &outline.typed {
        Typed::Elsewhere => return None,
        Typed::Key { from, word, column } => Completion { from: *from, choices: keys(&outline, *column, word, known) },
        Typed::Value { key, from, .. } => Completion { from: *from, choices: values(&outline, key, known) },
    };
    (!found.choices.is_empty()).then_some(found)
}

fn keys(outline: &Outline, column: usize, typed: &str, known: Known<'_>) -> Vec<Choice> {
    let Some(kind) = kind(outline) else { return first_keys(outline) };
    let (schema, dash) = match follow(kind, &outline.path) {
        Some(Place::Record(schema)) => (schema, ""),
        Some(Place::List(schema)) => (schema, "- "),
        // The items of a list of words.
        Some(Place::Other(Type::String)) => return items(kind, &outline.path),
        Some(Place::Other(Type::Map(_))) => return names::label_keys(outline, kind, typed, known),
        Some(Place::Other(_)) | None => return Vec::new(),
    };
    let written: Vec<&str> = match dash {
        // A new item has nothing yet.
        "- " => Vec::new(),
        _ => outline.entries.iter().filter(|e| e.parent == outline.parent).map(|e| e.key.as_str()).collect(),
    };
    let mut choices = Vec::new();
    if outline.path.is_empty() {
        choices.extend(first_keys(outline));
    }
    for field in schema.named() {
        // Nobody writes what the cluster reports.
        if written.contains(&field.name) && field.name != typed || outline.path.is_empty() && field.name == "status" {
            continue;
        }
        if choices.iter().any(|choice: &Choice| choice.label == field.name) {
            continue;
        }
        let mut path = outline.path.clone();
        if dash == "- " {
            path.push(Step::Item);
        }
        path.push(Step::Key(field.name.to_owned()));
        let detail = match default(kind, &path) {
            Some(value) => format!("{}, {value} if left out", type_name(field.kind)),
            None => type_name(field.kind).to_owned(),
        };
        let inner = " ".repeat(column + dash.len() + 2);
        let after = match field.kind {
            Type::List(Type::Record(_) | Type::String) => format!(":\n{inner}- "),
            Type::Record(_) | Type::Map(_) => format!(":\n{inner}"),
            _ => ": ".to_owned(),
        };
        choices.push(Choice {
            label: field.name.to_owned(),
            detail,
            info: field.doc.trim().to_owned(),
            insert: format!("{dash}{}{after}", field.name),
        });
    }
    choices
}

/// The words that can be items of a list: access modes.
fn items(kind: Kind, path: &[Step]) -> Vec<Choice> {
    let [way @ .., Step::Key(field), Step::Item] = path else { return Vec::new() };
    let Some(Place::Record(schema)) = follow(kind, way) else { return Vec::new() };
    values::of(schema.name, field).iter().map(|(word, info)| choice(word, "", info)).collect()
}

/// What a document begins with, before anybody knows what it is.
fn first_keys(outline: &Outline) -> Vec<Choice> {
    if !outline.path.is_empty() {
        return Vec::new();
    }
    let all = [("apiVersion", "which version of which group of kinds"), ("kind", "what it is")];
    let missing = all.into_iter().filter(|(key, _)| !outline.entries.iter().any(|e| e.parent == 0 && e.key == *key));
    missing
        .map(|(key, info)| Choice {
            label: key.to_owned(),
            detail: "text".to_owned(),
            info: info.to_owned(),
            insert: format!("{key}: "),
        })
        .collect()
}

fn choice(label: &str, detail: &str, info: &str) -> Choice {
    Choice { label: label.to_owned(), detail: detail.to_owned(), info: info.to_owned(), insert: label.to_owned() }
}

fn values(outline: &Outline, key: &str, known: Known<'_>) -> Vec<Choice> {
    if outline.path.is_empty() && key == "kind" {
        let written = Kind::every().filter(|kind| values::is_written_by_people(*kind));
        return written.map(|kind| choice(kind.name(), kind.api_version(), kind.schema().doc.trim())).collect();
    }
    let kind = kind(outline);
    if outline.path.is_empty() && key == "apiVersion" {
        let mut versions: Vec<&str> = Vec::new();
        for known in Kind::every().filter(|known| kind.is_none_or(|kind| kind == *known)) {
            if !versions.contains(&known.api_version()) {
                versions.push(known.api_version());
            }
        }
        return versions.into_iter().map(|version| choice(version, "", "")).collect();
    }
    let Some(kind) = kind else { return Vec::new() };
    if let Some(Place::Other(Type::Map(_))) = follow(kind, &outline.path) {
        return names::label_values(outline, kind, key, known);
    }
    let Some(Place::Record(schema)) = follow(kind, &outline.path) else { return names::unknown(outline, key, known) };
    let Some(field) = schema.field(key) else { return Vec::new() };
    let named = names::values(outline, schema.name, key, known);
    let mut path = outline.path.clone();
    path.push(Step::Key(key.to_owned()));
    let default = default(kind, &path);
    let mark = |word: &str| if default.as_deref() == Some(word) { "if left out" } else { "" };
    if matches!(field.kind, Type::Boolean) {
        return ["true", "false"].into_iter().map(|word| choice(word, mark(word), "")).collect();
    }
    let words = values::of(schema.name, key);
    if matches!(field.kind, Type::List(_)) && !outline.in_flow() {
        return Vec::new();
    }
    if !words.is_empty() || !named.is_empty() {
        let others = words.iter().filter(|(word, _)| !named.iter().any(|choice| choice.label == *word));
        let others: Vec<Choice> = others.map(|(word, info)| choice(word, mark(word), info)).collect();
        return named.into_iter().chain(others).collect();
    }
    default.map(|word| choice(&word, "if left out", "")).into_iter().collect()
}

/// What is at a byte of the text: the field's type, what it is for, and what it is if it is left out.
pub fn explain(text: &str, at: usize) -> Option<Explanation> {
    if !text.is_char_boundary(at) {
        return None;
    }
    let outline = outline(text, at);
    let inside = |span: &Range<usize>| span.start <= at && at <= span.end;
    let entry = outline.entries.iter().find(|entry| inside(&entry.key_span) || inside(&entry.value_span))?;
    let on_key = inside(&entry.key_span);
    let span = if on_key { entry.key_span.clone() } else { entry.value_span.clone() };
    let kind = kind(&outline)?;
    if let [Step::Key(key)] = &entry.path[..]
        && matches!(key.as_str(), "kind" | "apiVersion")
    {
        let text = format!("{} in {}\n{}", kind.name(), kind.api_version(), kind.schema().doc.trim());
        return Some(Explanation { span, text });
    }
    let (last, way) = entry.path.split_last()?;
    let (Place::Record(schema), Step::Key(key)) = (follow(kind, way)?, last) else { return None };
    let field = schema.field(key)?;
    let mut lines = vec![format!("{key}: {}", type_name(field.kind)), field.doc.trim().to_owned()];
    if let Some((_, info)) = values::of(schema.name, key).iter().find(|(word, _)| !on_key && *word == entry.value) {
        lines.push(format!("{}: {info}", entry.value));
    }
    match field.kind {
        Type::Opaque => lines.push("Accepted and kept; nothing in the simulation depends on it.".to_owned()),
        _ => lines.extend(default(kind, &entry.path).map(|value| format!("{value} if it is left out."))),
    }
    Some(Explanation { span, text: lines.join("\n") })
}
