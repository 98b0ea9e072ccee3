//! From a field path, as the API server writes it, to the place in the text.

use crate::tree::{Entry, Node, NodeKind};
use std::ops::Range;

/// One step that a path took into a document.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'n> {
    Key(&'n Entry),
    Item(&'n Node),
}

impl<'n> Step<'n> {
    fn node(self) -> &'n Node {
        match self {
            Step::Key(entry) => &entry.value,
            Step::Item(node) => node,
        }
    }
}

/// Follows a path as far as the document goes; true if it went all the way.
///
/// Keys may contain dots (`metadata.annotations[a.b/c]`, and some messages write `metadata.labels.a.b/c`), so at each
/// map the longest key that fits is taken.
pub(crate) fn follow<'n>(root: &'n Node, path: &str) -> (Vec<Step<'n>>, bool) {
    let mut steps: Vec<Step<'n>> = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let node = steps.last().map_or(root, |step| step.node());
        let next = match (rest.strip_prefix('['), &node.kind) {
            (Some(inside), kind) => {
                let Some((word, after)) = inside.split_once(']') else { return (steps, false) };
                rest = after;
                match kind {
                    NodeKind::List(items) => word.parse().ok().and_then(|i: usize| items.get(i)).map(|n| Step::Item(n)),
                    _ => node.get(word).map(Step::Key),
                }
            }
            (None, NodeKind::Map(entries)) => {
                let fits = |entry: &&Entry| {
                    rest.strip_prefix(&*entry.key)
                        .is_some_and(|after| after.is_empty() || after.starts_with(['.', '[']))
                };
                let best = entries.iter().filter(fits).max_by_key(|entry| entry.key.len());
                rest = best.map_or("", |entry| &rest[entry.key.len()..]);
                best.map(Step::Key)
            }
            (None, _) => None,
        };
        let Some(next) = next else { return (steps, false) };
        steps.push(next);
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    (steps, true)
}

/// Whether an item of a written list is the one that an object has at `index`: by its name, or else by its place.
pub(crate) fn same_item(item: &Node, at: usize, index: usize, name: Option<&str>) -> bool {
    match (item.get("name").and_then(|entry| entry.value.as_str()), name) {
        (Some(own), Some(name)) => own == name,
        _ => at == index,
    }
}

/// The value at the path, or the key of the nearest ancestor that exists, or the document's first word.
pub(crate) fn locate(root: &Node, path: &str) -> Range<usize> {
    let (steps, complete) = follow(root, path);
    match steps.last() {
        Some(Step::Key(entry)) => match &entry.value.kind {
            NodeKind::Scalar { .. } if complete && !entry.value.span.is_empty() => entry.value.span.clone(),
            // A block below is too much to underline: its key says enough.
            _ => entry.key_span.clone(),
        },
        Some(Step::Item(node)) => first_word(node),
        None => first_word(root),
    }
}

/// The key at the path, for a message about the key itself.
pub(crate) fn locate_key(root: &Node, path: &str) -> Range<usize> {
    match follow(root, path) {
        (steps, true) => match steps.last() {
            Some(Step::Key(entry)) => entry.key_span.clone(),
            _ => locate(root, path),
        },
        _ => locate(root, path),
    }
}

fn first_word(node: &Node) -> Range<usize> {
    match &node.kind {
        NodeKind::Scalar { .. } => node.span.clone(),
        NodeKind::List(items) => items.first().map_or(node.span.clone(), |item| first_word(item)),
        NodeKind::Map(entries) => entries.first().map_or(node.span.clone(), |entry| entry.key_span.clone()),
    }
}
