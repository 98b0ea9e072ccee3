//! Values that know where they were written.

use crate::hanging;
use crate::limits::{MAX_DEPTH, MAX_IN_BRACKETS, MAX_KEYS, MAX_NODES};
use crate::scalar::{Resolved, resolve};
use crate::syntax::{self, Fault};
use petri_objects::value::quoted;
use petri_objects::{Map, Name, Value};
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

/// A value and its place, in bytes of the whole text.
#[derive(Clone, Debug)]
pub struct Node {
    pub span: Range<usize>,
    pub kind: NodeKind,
    /// Values in here, this one included, aliases expanded.
    size: usize,
    /// Levels below this one.
    height: usize,
}

#[derive(Clone, Debug)]
pub enum NodeKind {
    Scalar { value: Value, style: Style },
    List(Vec<Rc<Node>>),
    Map(Vec<Entry>),
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Quoted,
    /// `|` or `>`.
    Block,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub key: Name,
    pub key_span: Range<usize>,
    pub value: Rc<Node>,
}

impl Entry {
    /// The same key with a text that stands nowhere.
    pub(crate) fn renamed(&self, text: &str) -> Entry {
        let kind = NodeKind::Scalar { value: Value::from(text), style: Style::Plain };
        Entry { value: Rc::new(Node::new(self.value.span.clone(), kind)), ..self.clone() }
    }
}

impl Node {
    pub(crate) fn new(span: Range<usize>, kind: NodeKind) -> Node {
        let below: Vec<&Rc<Node>> = match &kind {
            NodeKind::Scalar { .. } => Vec::new(),
            NodeKind::List(items) => items.iter().collect(),
            NodeKind::Map(entries) => entries.iter().map(|entry| &entry.value).collect(),
        };
        let size = below.iter().fold(1_usize, |sum, node| sum.saturating_add(node.size));
        let height = below.iter().map(|node| node.height + 1).max().unwrap_or(0);
        Node { span, kind, size, height }
    }
    pub fn get(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            NodeKind::Map(entries) => entries.iter().find(|entry| &*entry.key == key),
            _ => None,
        }
    }
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar { value, .. } => value.as_str(),
            _ => None,
        }
    }
    /// The plain tree, aliases expanded.
    pub fn to_value(&self) -> Value {
        match &self.kind {
            NodeKind::Scalar { value, .. } => value.clone(),
            NodeKind::List(items) => Value::List(items.iter().map(|item| item.to_value()).collect()),
            NodeKind::Map(entries) => {
                Value::Map(entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value())).collect::<Map>())
            }
        }
    }
}

/// The first document of a chunk and everything that was wrong with it. After a fault the tree holds what came before.
pub(crate) fn build(text: &str, chunk: Range<usize>) -> (Option<Rc<Node>>, Vec<Fault>) {
    let source = &text[chunk.clone()];
    if let Some(at) = source.find(is_control) {
        let fault = syntax::scan_fault(text, chunk.start + at, chunk.end, "found unprintable character");
        return (None, vec![fault]);
    }
    if let Some(at) = crowded(source) {
        let message = format!("more than {MAX_IN_BRACKETS} values in brackets");
        let span = chunk.start + at..chunk.start + at + 1;
        return (None, vec![Fault { span, message, help: None, is_error: true }]);
    }
    // In JSON a tab is white space anywhere outside of strings, and never stands inside of one.
    let is_json = source.trim_start().starts_with('{');
    let source = if is_json { Cow::Owned(source.replace('\t', " ")) } else { Cow::Borrowed(source) };
    let (root, faults) = read(text, &chunk, &source, &source, offsets(&source));
    if faults.iter().any(|fault| fault.is_error)
        && let Some((indented, offsets)) = hanging::indented(&source)
    {
        let again = read(text, &chunk, &source, &indented, offsets);
        if again.1.iter().all(|fault| !fault.is_error) {
            return again;
        }
    }
    (root, faults)
}

/// Reads what was made of a source, whose places are told by `offsets`.
fn read(
    text: &str,
    chunk: &Range<usize>,
    source: &str,
    made: &str,
    offsets: Vec<u32>,
) -> (Option<Rc<Node>>, Vec<Fault>) {
    let mut builder = Builder {
        source,
        base: chunk.start,
        offsets,
        frames: Vec::new(),
        root: None,
        anchors: BTreeMap::new(),
        nodes: 0,
        has_aliases: false,
        is_too_large: false,
        faults: Vec::new(),
    };
    let mut parser = Parser::new_from_str(made);
    while let Some(next) = parser.next_event() {
        let stop = match next {
            Err(error) => {
                let at = builder.byte(error.marker().index());
                builder.faults.push(syntax::scan_fault(text, chunk.start + at, chunk.end, error.info()));
                true
            }
            Ok((event, span)) => {
                let span = builder.byte(span.start.index())..builder.byte(span.end.index());
                builder.take(event, span)
            }
        };
        if stop {
            break;
        }
    }
    builder.close_all();
    (builder.root, builder.faults)
}

/// Where there are too many brackets, and commas in brackets; texts in quotes count as well.
fn crowded(source: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut signs = source.bytes().enumerate().filter(|(_, byte)| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => {}
            _ => return false,
        }
        depth > 0 || *byte != b','
    });
    signs.nth(MAX_IN_BRACKETS).map(|(at, _)| at)
}

/// Characters that YAML does not allow to stand in a text.
fn is_control(c: char) -> bool {
    !matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..) || c == '\u{feff}'
}

/// Byte offsets by character index, empty where the two are the same.
fn offsets(source: &str) -> Vec<u32> {
    if source.is_ascii() {
        return Vec::new();
    }
    source.char_indices().map(|(at, _)| at as u32).chain([source.len() as u32]).collect()
}

struct Builder<'t> {
    source: &'t str,
    base: usize,
    offsets: Vec<u32>,
    frames: Vec<Frame>,
    root: Option<Rc<Node>>,
    anchors: BTreeMap<usize, Rc<Node>>,
    nodes: usize,
    has_aliases: bool,
    is_too_large: bool,
    faults: Vec<Fault>,
}

struct Frame {
    start: usize,
    /// In braces or brackets: then the end is theirs, otherwise that of the last value.
    is_flow: bool,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Rc<Node>>),
    Map { entries: Vec<Entry>, seen: BTreeSet<Name>, key: Option<Key>, merged: Vec<(Range<usize>, Rc<Node>)> },
}

enum Key {
    Name(Name, Range<usize>),
    Merge(Range<usize>),
    /// A key that was refused: its value is read and dropped.
    Refused,
}

impl Builder<'_> {
    fn byte(&self, index: usize) -> usize {
        match self.offsets.get(index) {
            Some(at) => *at as usize,
            None => index.min(self.source.len()),
        }
    }
    fn place(&self, span: &Range<usize>) -> Range<usize> {
        self.base + span.start..self.base + span.end
    }
    fn fault(&mut self, span: &Range<usize>, message: impl Into<String>) {
        let span = self.place(span);
        self.faults.push(Fault { span, message: message.into(), help: None, is_error: true });
    }

    /// The span up to the closing quote: the parser's goes on to the end of the line, comment included.
    fn quotes(&self, span: Range<usize>, style: ScalarStyle) -> Range<usize> {
        let quote = match style {
            ScalarStyle::SingleQuoted => '\'',
            ScalarStyle::DoubleQuoted => '"',
            _ => return span,
        };
        let text = &self.source[span.clone()];
        // A tag or an anchor may stand before the quote, but contains none.
        let Some(open) = text.find(quote) else { return span };
        let mut chars = text[open + 1..].char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let is_escape = (quote == '"' && c == '\\')
                || (quote == '\'' && c == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\''));
            if is_escape {
                chars.next();
            } else if c == quote {
                return span.start..span.start + open + 1 + at + 1;
            }
        }
        span
    }

    /// Takes one event; true when nothing more should be read.
    fn take(&mut self, event: Event<'_>, span: Range<usize>) -> bool {
        match event {
            Event::Nothing | Event::StreamStart | Event::DocumentEnd => false,
            Event::DocumentStart(_) => {
                if self.root.is_none() {
                    return false;
                }
                let span = self.place(&span);
                self.faults.push(Fault {
                    span: span.start..(span.start + 1).min(self.base + self.source.len()),
                    message: "everything after `...` is ignored".into(),
                    help: Some("Start the next document with a line `---`.".into()),
                    is_error: false,
                });
                true
            }
            Event::StreamEnd => true,
            Event::Alias(id) => match self.anchors.get(&id).cloned() {
                Some(target) => {
                    self.has_aliases = true;
                    // An alias brings a whole tree, which counts as if it were written out.
                    self.nodes = self.nodes.saturating_add(target.size);
                    let node = Node { span: self.place(&span), ..(*target).clone() };
                    self.add(Rc::new(node), &span)
                }
                None => {
                    let name = self.source[span.clone()].trim_start_matches('*').to_owned();
                    self.fault(&span, format!("yaml: anchor '{name}' value contains itself"));
                    true
                }
            },
            Event::Scalar(text, style, anchor, tag) => {
                let span = self.quotes(span, style);
                if anchor == 0
                    && let Some(stop) = self.take_key(&text, style, &span)
                {
                    return stop;
                }
                let value = self.scalar_value(&text, style, tag.as_deref(), &span);
                let saphyr_style = style;
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                let node = Rc::new(Node::new(self.place(&span), NodeKind::Scalar { value, style }));
                if anchor != 0 {
                    self.anchors.insert(anchor, node.clone());
                    if let Some(stop) = self.take_key(&text, saphyr_style, &span) {
                        return stop;
                    }
                }
                self.add(node, &span)
            }
            Event::SequenceStart(anchor, _) => self.open(span, anchor, Content::List(Vec::new())),
            Event::MappingStart(anchor, _) => {
                let content =
                    Content::Map { entries: Vec::new(), seen: BTreeSet::new(), key: None, merged: Vec::new() };
                self.open(span, anchor, content)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(Some(span.end)),
        }
    }

    fn open(&mut self, span: Range<usize>, anchor: usize, content: Content) -> bool {
        if self.frames.len() >= MAX_DEPTH {
            self.fault(&(span.start..span.start), format!("more than {MAX_DEPTH} levels of nesting"));
            return true;
        }
        let is_flow = self.source[span.clone()].ends_with(['{', '[']);
        self.frames.push(Frame { start: span.start, is_flow, anchor, content });
        false
    }

    fn close(&mut self, end: Option<usize>) -> bool {
        let Some(frame) = self.frames.pop() else { return false };
        let (kind, last) = match frame.content {
            Content::List(items) => {
                let last = items.last().map(|item| item.span.end);
                (NodeKind::List(items), last)
            }
            Content::Map { mut entries, mut seen, key: _, merged } => {
                if entries.len() > seen.len() {
                    let mut later = BTreeSet::new();
                    entries.reverse();
                    entries.retain(|entry| later.insert(entry.key.clone()));
                    entries.reverse();
                }
                let last = entries.iter().map(|entry| entry.value.span.end.max(entry.key_span.end)).max();
                let last = merged.iter().map(|(span, _)| span.end).chain(last).max();
                for (span, node) in &merged {
                    self.merge(node, span, &mut entries, &mut seen);
                }
                (NodeKind::Map(entries), last)
            }
        };
        let end = match end.filter(|_| frame.is_flow) {
            Some(end) => self.base + end,
            None => last.unwrap_or(self.base + frame.start).max(self.base + frame.start),
        };
        let span = self.base + frame.start..end;
        let node = Rc::new(Node::new(span.clone(), kind));
        if frame.anchor != 0 {
            self.anchors.insert(frame.anchor, node.clone());
        }
        self.add(node, &(frame.start..end - self.base))
    }

    fn close_all(&mut self) {
        while !self.frames.is_empty() {
            self.close(None);
        }
    }

    /// Adds the entries of `<<`: keys that are written out win.
    fn merge(&mut self, node: &Rc<Node>, span: &Range<usize>, entries: &mut Vec<Entry>, seen: &mut BTreeSet<Name>) {
        match &node.kind {
            NodeKind::Map(more) => {
                for entry in more {
                    if entries.len() < MAX_KEYS && seen.insert(entry.key.clone()) {
                        entries.push(entry.clone());
                    }
                }
            }
            NodeKind::List(nodes) if nodes.iter().all(|node| matches!(node.kind, NodeKind::Map(_))) => {
                for node in nodes {
                    self.merge(node, span, entries, seen);
                }
            }
            _ => self.faults.push(Fault {
                span: span.clone(),
                message: "yaml: map merge requires map or sequence of maps as the value".into(),
                help: None,
                is_error: true,
            }),
        }
    }

    /// Takes a scalar as a key if a map waits for one.
    fn take_key(&mut self, text: &str, style: ScalarStyle, span: &Range<usize>) -> Option<bool> {
        let place = self.place(span);
        let Some(Frame { content: Content::Map { entries, seen, key, .. }, .. }) = self.frames.last_mut() else {
            return None;
        };
        if key.is_some() {
            return None;
        }
        let name = match (style, resolve(text)) {
            (ScalarStyle::Plain, Resolved::Merge) => {
                *key = Some(Key::Merge(place));
                return Some(false);
            }
            (ScalarStyle::Plain, Resolved::Value(Value::Null)) => {
                *key = Some(Key::Refused);
                self.fault(span, "yaml: unsupported map key of type: <nil>");
                return Some(false);
            }
            (ScalarStyle::Plain, Resolved::Value(value @ (Value::Bool(_) | Value::Int(_) | Value::Number(_)))) => {
                value.to_json().into()
            }
            _ => Name::from(text),
        };
        if !seen.insert(name.clone()) {
            // kubectl turns what it reads into JSON before anybody could object, and a mapping has room for one of them: the
            // others are left out when it is closed.
            let message = format!("{} stands here twice: the last one counts", quoted(&name));
            self.faults.push(Fault { span: place.clone(), message, help: None, is_error: false });
        }
        if entries.len() >= MAX_KEYS {
            self.fault(span, format!("more than {MAX_KEYS} keys in one map"));
            return Some(true);
        }
        *key = Some(Key::Name(name, place));
        Some(false)
    }

    /// Puts a finished value where it belongs; true when the document became too large.
    fn add(&mut self, node: Rc<Node>, span: &Range<usize>) -> bool {
        self.nodes = self.nodes.saturating_add(1);
        // What is closed after that holds what came before: one sentence says why.
        if self.is_too_large {
            // Nothing more is read.
        } else if self.nodes > MAX_NODES || node.size > MAX_NODES {
            self.is_too_large = true;
            self.fault(
                span,
                if self.has_aliases {
                    "yaml: document contains excessive aliasing".into()
                } else {
                    format!("more than {MAX_NODES} values in one document")
                },
            );
            return true;
        } else if self.frames.len() + node.height > MAX_DEPTH {
            self.fault(span, format!("more than {MAX_DEPTH} levels of nesting"));
            return true;
        }
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return false;
        };
        match &mut frame.content {
            Content::List(items) => items.push(node),
            Content::Map { entries, key, merged, .. } => match key.take() {
                Some(Key::Name(name, key_span)) => entries.push(Entry { key: name, key_span, value: node }),
                Some(Key::Merge(at)) => merged.push((at, node)),
                Some(Key::Refused) => {}
                None => {
                    *key = Some(Key::Refused);
                    self.fault(span, "yaml: invalid map key: a key must be a word");
                }
            },
        }
        false
    }

    fn scalar_value(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: &Range<usize>) -> Value {
        let string = || Value::String(text.into());
        let tag = tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str());
        let resolved = match (tag, style) {
            (Some("str" | "binary"), _) => return string(),
            (Some("int" | "float" | "bool" | "null"), _) | (None, ScalarStyle::Plain) => resolve(text),
            _ => return string(),
        };
        let value = match resolved {
            Resolved::Value(value) => value,
            Resolved::Merge | Resolved::Timestamp => string(),
            Resolved::Unsupported(what) => {
                self.fault(span, format!("error converting YAML to JSON: json: unsupported value: {what}"));
                Value::Null
            }
        };
        let fits = match tag {
            Some("int") => matches!(value, Value::Int(_) | Value::Number(_)),
            Some("float") => matches!(value, Value::Int(_) | Value::Number(_) | Value::Null),
            Some("bool") => matches!(value, Value::Bool(_)),
            Some("null") => matches!(value, Value::Null),
            _ => true,
        };
        if !fits {
            let wanted = tag.unwrap_or_default();
            self.fault(span, format!("yaml: cannot decode !!str `{text}` as a !!{wanted}"));
        }
        value
    }
}
