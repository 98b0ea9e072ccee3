//! Small edits of a text that leave everything else as it is, comments included.

use crate::locate::{self, Step};
use crate::quote;
use crate::tree::{Node, NodeKind, Style};
use crate::{Document, parse};
use petri_objects::Value;

/// The text with the scalar at `path` replaced, or `None` if there is no such scalar or it cannot be replaced in
/// place (a block of lines, an alias, a tagged value).
pub fn replace_scalar(text: &str, document: &Document, path: &str, new: &Value) -> Option<String> {
    let new = scalar(new)?;
    let (steps, true) = locate::follow(document.root(), path) else { return None };
    let edited = match steps.last()? {
        Step::Key(entry) if entry.value.span.is_empty() => {
            let after_key = text.get(entry.key_span.end..)?;
            let colon = entry.key_span.end + after_key.find(':')? + 1;
            splice(text, colon..colon, &format!(" {new}"))?
        }
        Step::Key(entry) => replace(text, &entry.value, &new)?,
        Step::Item(node) => replace(text, node, &new)?,
    };
    still_reads(text, &edited).then_some(edited)
}

/// Like [`replace_scalar`], but adds the key to its block if the block is there and the key is not.
pub fn set_scalar(text: &str, document: &Document, path: &str, new: &Value) -> Option<String> {
    if let Some(edited) = replace_scalar(text, document, path, new) {
        return Some(edited);
    }
    let (parent, key) = path.rsplit_once('.').unwrap_or(("", path));
    let (steps, true) = locate::follow(document.root(), parent) else { return None };
    let node = steps.last().map_or(document.root(), |step| match step {
        Step::Key(entry) => &entry.value,
        Step::Item(node) => node,
    });
    let NodeKind::Map(entries) = &node.kind else { return None };
    if node.get(key).is_some() {
        return None;
    }
    let first = entries.first()?.key_span.start;
    let line = text.get(..first)?.rfind('\n').map_or(0, |at| at + 1);
    // Only in block style: in braces the place before the first key is not a line of its own.
    let margin = &text[line..first];
    if !margin.chars().all(|c| matches!(c, ' ' | '-')) {
        return None;
    }
    let indent = " ".repeat(margin.len());
    let edited = splice(text, first..first, &format!("{key}: {}\n{indent}", scalar(new)?))?;
    still_reads(text, &edited).then_some(edited)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.contains('\n') => None,
        Value::List(_) | Value::Map(_) => None,
        value => Some(quote::one_line(value)),
    }
}

fn replace(text: &str, node: &Node, new: &str) -> Option<String> {
    let NodeKind::Scalar { style, .. } = &node.kind else { return None };
    let old = text.get(node.span.clone())?;
    if *style == Style::Block || old.is_empty() || old.starts_with(['!', '&', '*']) {
        return None;
    }
    splice(text, node.span.clone(), new)
}

fn splice(text: &str, span: std::ops::Range<usize>, new: &str) -> Option<String> {
    Some([text.get(..span.start)?, new, text.get(span.end..)?].concat())
}

/// An edit must never break a text that was whole.
fn still_reads(before: &str, after: &str) -> bool {
    let faults = |text: &str| parse(text).problems.iter().filter(|p| p.message.starts_with("error converting")).count();
    faults(after) <= faults(before)
}
