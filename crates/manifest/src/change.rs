//! Changes of an object, brought into the text that declares it: each at its own place, with every comment kept.
//!
//! What cannot be changed at one place (an alias, a block of lines, items that came or went) is left as it is and told.

use crate::locate::same_item;
use crate::print::to_yaml;
use crate::quote;
use crate::tree::{Node, NodeKind, Style};
use crate::{Document, parse};
use petri_objects::{Map, Name, Value};
use std::ops::Range;

/// What became of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    pub text: String,
    /// What is written now, one line each: `replicas: 3`, or `tier removed`.
    pub done: Vec<String>,
    /// Field paths that changed in the object and not in the text.
    pub left: Vec<String>,
}

/// One step on the way to what changed.
#[derive(Clone, Debug)]
enum Step {
    Key(Name),
    Item(usize),
}

struct Edit {
    path: Vec<Step>,
    /// What it is now; `None` if it is gone.
    to: Option<Value>,
}

/// What the API server writes by itself, or what nobody declares.
const NOT_DECLARED: [&str; 7] = [
    "status",
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "kubectl.kubernetes.io/last-applied-configuration",
];

/// Brings the difference between two versions of an object into the document that declares it, by its place in
/// [`Parsed::documents`](crate::Parsed::documents).
pub fn change(text: &str, document: usize, old: &Value, new: &Value) -> Changed {
    let mut edits = Vec::new();
    differences(old, new, &mut Vec::new(), &mut edits);
    let mut changed = Changed { text: text.to_owned(), ..Changed::default() };
    for edit in &edits {
        match attempt(&changed.text, document, edit, new) {
            Some(Some(text)) => {
                changed.text = text;
                changed.done.push(said(edit));
            }
            // The text says so already.
            Some(None) => {}
            None => changed.left.push(written_path(&edit.path)),
        }
    }
    changed
}

fn differences(old: &Value, new: &Value, path: &mut Vec<Step>, found: &mut Vec<Edit>) {
    let mut at = |step: Step, differ: &mut dyn FnMut(&mut Vec<Step>)| {
        path.push(step);
        differ(path);
        path.pop();
    };
    match (old, new) {
        (old, new) if old == new => {}
        (Value::Map(old), Value::Map(new)) => {
            for (key, value) in new.iter().filter(|(key, _)| !NOT_DECLARED.contains(&&***key)) {
                at(Step::Key(key.clone()), &mut |path| match old.get(key) {
                    Some(before) => differences(before, value, path, found),
                    None if value.as_map().is_some_and(|map| !map.is_empty()) => {
                        differences(&Value::Map(Map::new()), value, path, found);
                    }
                    None => found.push(Edit { path: path.clone(), to: Some(value.clone()) }),
                });
            }
            for (key, _) in old.iter().filter(|(key, _)| new.get(key).is_none() && !NOT_DECLARED.contains(&&***key)) {
                at(Step::Key(key.clone()), &mut |path| found.push(Edit { path: path.clone(), to: None }));
            }
        }
        (Value::List(old), Value::List(new)) if old.len() == new.len() && old.iter().zip(new).all(is_same_item) => {
            for (index, (before, after)) in old.iter().zip(new).enumerate() {
                at(Step::Item(index), &mut |path| differences(before, after, path, found));
            }
        }
        _ => found.push(Edit { path: path.clone(), to: Some(new.clone()) }),
    }
}

/// Items of lists go by their names, where they have some; scalars have none.
fn is_same_item((old, new): (&Value, &Value)) -> bool {
    old.as_map().is_some() && new.as_map().is_some() && old.at(&["name"]) == new.at(&["name"])
}

/// `Some(None)` if there is nothing to do, `None` if it cannot be done.
fn attempt(text: &str, index: usize, edit: &Edit, new: &Value) -> Option<Option<String>> {
    let before = parse(text);
    let document = before.documents.get(index)?;
    let edited = match place(text, document, edit, new)? {
        Place::Says(value) if edit.to.as_ref() == Some(&value) => return Some(None),
        Place::Missing { .. } if edit.to.is_none() => return Some(None),
        Place::Says(_) => return None,
        Place::Scalar { node, in_braces } => {
            let NodeKind::Scalar { value, style } = &node.kind else { return None };
            if edit.to.as_ref() == Some(value) {
                return Some(None);
            }
            replace(text, node, *style, in_braces, edit.to.as_ref()?)?
        }
        Place::Entry { map, index } => remove(text, map, index)?,
        Place::Missing { map, rest, in_braces } => insert(text, map, rest, in_braces, edit.to.as_ref()?)?,
        Place::Empty { after_key, rest, indent, in_braces } => {
            let colon = after_key + text.get(after_key..)?.find(':')? + 1;
            let to = edit.to.as_ref()?;
            let written = if rest.is_empty() && is_scalar(to) {
                format!(" {}", scalar(to, in_braces)?)
            } else {
                format!("\n{}{}", " ".repeat(indent + 2), entries(rest, to, indent + 2)?)
            };
            splice(text, colon..colon, &written)?
        }
    };
    // An edit must never break a text that was whole, nor say something else.
    let after = parse(&edited);
    let errors = |parsed: &crate::Parsed| parsed.errors().count();
    if after.documents.len() != before.documents.len() || errors(&after) > errors(&before) {
        return None;
    }
    let reached = match place(&edited, &after.documents[index], edit, new)? {
        Place::Says(value) => edit.to.as_ref() == Some(&value),
        Place::Scalar { node, .. } => edit.to == Some(node.to_value()),
        Place::Missing { .. } | Place::Empty { .. } => edit.to.is_none(),
        Place::Entry { .. } => false,
    };
    reached.then_some(Some(edited))
}

/// Where a change belongs in the text.
enum Place<'n> {
    /// The value to replace.
    Scalar { node: &'n Node, in_braces: bool },
    /// The entry to remove.
    Entry { map: &'n Node, index: usize },
    /// A map that lacks the rest of the way.
    Missing { map: &'n Node, rest: &'n [Step], in_braces: bool },
    /// A key without a value, which lacks the rest of the way.
    Empty { after_key: usize, rest: &'n [Step], indent: usize, in_braces: bool },
    /// A list or a map stands there.
    Says(Value),
}

fn place<'n>(text: &str, document: &'n Document, edit: &'n Edit, new: &Value) -> Option<Place<'n>> {
    let mut node = document.root();
    let mut value = new;
    let mut in_braces = is_flow(text, node);
    for (depth, step) in edit.path.iter().enumerate() {
        match (step, &node.kind) {
            (Step::Key(key), NodeKind::Map(all)) => {
                let Some(at) = all.iter().position(|entry| entry.key == *key) else {
                    return Some(Place::Missing { map: node, rest: &edit.path[depth..], in_braces });
                };
                if edit.to.is_none() && depth + 1 == edit.path.len() {
                    return Some(Place::Entry { map: node, index: at });
                }
                let entry = &all[at];
                let empty = entry.value.span.is_empty();
                if empty && edit.to.is_some() {
                    let indent = column(text, entry.key_span.start);
                    let (after_key, rest) = (entry.key_span.end, &edit.path[depth + 1..]);
                    return Some(Place::Empty { after_key, rest, indent, in_braces });
                }
                value = value.at(&[key]).unwrap_or(value);
                node = &entry.value;
            }
            (Step::Item(index), NodeKind::List(items)) => {
                value = value.as_list()?.get(*index)?;
                let name = value.at(&["name"]).and_then(Value::as_str);
                node = items.iter().enumerate().find(|(at, item)| same_item(item, *at, *index, name))?.1;
            }
            _ => return None,
        }
        in_braces |= is_flow(text, node);
    }
    Some(match &node.kind {
        NodeKind::Scalar { .. } if edit.to.as_ref().is_some_and(is_scalar) => Place::Scalar { node, in_braces },
        _ => Place::Says(node.to_value()),
    })
}

/// Whether it stands in braces or brackets.
fn is_flow(text: &str, node: &Node) -> bool {
    let written = text.get(node.span.clone()).unwrap_or("");
    !matches!(node.kind, NodeKind::Scalar { .. }) && written.starts_with(['{', '['])
}

/// How far from the beginning of its line a byte is.
fn column(text: &str, at: usize) -> usize {
    at - text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |line| line + 1)
}

fn is_scalar(value: &Value) -> bool {
    match value {
        Value::List(_) | Value::Map(_) => false,
        Value::String(text) => !text.contains('\n'),
        _ => true,
    }
}

/// A scalar as one writes it at such a place.
fn scalar(value: &Value, in_braces: bool) -> Option<String> {
    if in_braces {
        return Some(quote::one_line(value));
    }
    let plain = to_yaml(value);
    let plain = plain.trim_end_matches('\n');
    // Long lines would be folded.
    Some(if plain.contains('\n') { quote::one_line(value) } else { plain.to_owned() })
}

fn replace(text: &str, node: &Node, style: Style, in_braces: bool, new: &Value) -> Option<String> {
    let old = text.get(node.span.clone())?;
    if style == Style::Block || old.starts_with(['!', '&', '*']) {
        return None;
    }
    if old.is_empty() {
        return None;
    }
    let written = match (new, style) {
        // Whoever wrote quotes keeps them.
        (Value::String(new), Style::Quoted) if old.starts_with('\'') && !new.contains('\'') => format!("'{new}'"),
        (Value::String(_), Style::Quoted) => new.to_json(),
        _ => scalar(new, in_braces)?,
    };
    splice(text, node.span.clone(), &written)
}

/// Adds what a map lacks: behind its last entry if that is a line, else before its first.
fn insert(text: &str, map: &Node, rest: &[Step], in_braces: bool, new: &Value) -> Option<String> {
    let NodeKind::Map(all) = &map.kind else { return None };
    if in_braces {
        let written = text.get(map.span.clone())?;
        if !written.starts_with('{') || !is_scalar(new) {
            return None;
        }
        let [Step::Key(key)] = rest else { return None };
        let entry = format!("{}: {}", key_text(key), quote::one_line(new));
        return match all.last() {
            Some(last) => splice(text, last.value.span.end..last.value.span.end, &format!(", {entry}")),
            None => splice(text, map.span.start + 1..map.span.start + 1, &entry),
        };
    }
    let first = all.first()?.key_span.start;
    let line = text.get(..first)?.rfind('\n').map_or(0, |at| at + 1);
    let margin = text.get(line..first)?;
    if !margin.chars().all(|c| matches!(c, ' ' | '-')) {
        return None;
    }
    let block = entries(rest, new, margin.len())?;
    let indent = " ".repeat(margin.len());
    let last = &all.last()?.value;
    if matches!(&last.kind, NodeKind::Scalar { style, .. } if *style != Style::Block) && !last.span.is_empty() {
        let end = text.get(last.span.end..)?.find('\n').map_or(text.len(), |at| last.span.end + at);
        let end = if text.get(..end)?.ends_with('\r') { end - 1 } else { end };
        return splice(text, end..end, &format!("\n{indent}{block}"));
    }
    splice(text, first..first, &format!("{block}\n{indent}"))
}

/// `key: value` or a block of them, of which every line but the first is indented.
fn entries(rest: &[Step], new: &Value, indent: usize) -> Option<String> {
    let mut value = new.clone();
    for step in rest.iter().rev() {
        let Step::Key(key) = step else { return None };
        value = Value::Map([(key.clone(), value)].into_iter().collect::<Map>());
    }
    let written = to_yaml(&value);
    let lines: Vec<&str> = written.lines().collect();
    Some(lines.join(&format!("\n{}", " ".repeat(indent))))
}

fn remove(text: &str, map: &Node, index: usize) -> Option<String> {
    let NodeKind::Map(all) = &map.kind else { return None };
    let entry = &all[index];
    if !matches!(&entry.value.kind, NodeKind::Scalar { style, .. } if *style != Style::Block) {
        return None;
    }
    if text.get(map.span.clone())?.starts_with('{') {
        let span = match (index.checked_sub(1), all.get(index + 1)) {
            (_, Some(next)) => entry.key_span.start..next.key_span.start,
            (Some(before), None) => all[before].value.span.end..entry.value.span.end,
            (None, None) => entry.key_span.start..entry.value.span.end,
        };
        return splice(text, span, "");
    }
    // Its line goes, unless the line is needed for something else.
    let line = text.get(..entry.key_span.start)?.rfind('\n').map_or(0, |at| at + 1);
    let blank = text.get(line..entry.key_span.start)?.chars().all(|c| c == ' ');
    if !blank || all.len() == 1 {
        return None;
    }
    let end = text.get(entry.value.span.end..)?.find('\n').map_or(text.len(), |at| entry.value.span.end + at + 1);
    splice(text, line..end, "")
}

fn key_text(key: &str) -> String {
    quote::one_line(&Value::from(key))
}

fn splice(text: &str, span: Range<usize>, new: &str) -> Option<String> {
    Some([text.get(..span.start)?, new, text.get(span.end..)?].concat())
}

fn said(edit: &Edit) -> String {
    let key = edit.path.iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(&**key),
        Step::Item(_) => None,
    });
    let key = key.unwrap_or_default();
    match &edit.to {
        None => format!("{key} removed"),
        Some(value) if is_scalar(value) => format!("{key}: {}", to_yaml(value).trim_end()),
        Some(_) => format!("{key} is new"),
    }
}

/// `spec.template.spec.containers[0].image`, `metadata.labels[a.b/c]`.
fn written_path(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Item(index) => text.push_str(&format!("[{index}]")),
            Step::Key(key) if key.contains(['.', '/']) => text.push_str(&format!("[{key}]")),
            Step::Key(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
        }
    }
    text
}
