//! Where a place in a text stands, told by indentation alone: it works while a line is half written.

use std::ops::Range;

/// One step from the top of a document to a place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Item,
}

/// A key that is written somewhere in the document.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Which map or list item it stands in; 0 is the document.
    pub parent: u32,
    pub key: String,
    pub key_span: Range<usize>,
    /// What follows the colon, without comment and quotes.
    pub value: String,
    pub value_span: Range<usize>,
    pub path: Vec<Step>,
}

/// The document around a place, and the place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outline {
    pub entries: Vec<Entry>,
    /// The steps to the map or list that the place stands in, and which one that is.
    pub path: Vec<Step>,
    pub parent: u32,
    /// What is typed before the place on its line: a part of a key, or of the value of a key.
    pub typed: Typed,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Typed {
    /// Nothing can be said: a comment, a block of text, flow style.
    #[default]
    Elsewhere,
    Key {
        from: usize,
        word: String,
        /// Whether the place could also begin a list item.
        column: usize,
    },
    Value {
        key: String,
        from: usize,
        /// Whether it is an item between brackets.
        flow: bool,
    },
}

struct Frame {
    column: usize,
    step: Step,
    id: u32,
}

struct Walk {
    frames: Vec<Frame>,
    next: u32,
}

impl Walk {
    fn path(&self) -> Vec<Step> {
        self.frames.iter().map(|frame| frame.step.clone()).collect()
    }
    fn parent(&self) -> u32 {
        self.frames.last().map_or(0, |frame| frame.id)
    }
    fn push(&mut self, column: usize, step: Step) {
        self.next += 1;
        self.frames.push(Frame { column, step, id: self.next });
    }
    /// A list item that begins at a column. The key above it may begin at the same one.
    fn item(&mut self, column: usize) {
        while self
            .frames
            .last()
            .is_some_and(|frame| frame.column > column || frame.column == column && frame.step == Step::Item)
        {
            self.frames.pop();
        }
        self.push(column, Step::Item);
    }
    fn leave(&mut self, column: usize) {
        while self.frames.last().is_some_and(|frame| frame.column >= column) {
            self.frames.pop();
        }
    }
}

impl Outline {
    /// Whether the place is between the brackets of a list.
    pub(crate) fn in_flow(&self) -> bool {
        matches!(self.typed, Typed::Value { flow: true, .. })
    }
}

/// The part of the text between two lines of three hyphens.
fn document(text: &str, at: usize) -> Range<usize> {
    let (mut start, mut end) = (0, text.len());
    let mut from = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" {
            if from < at {
                start = from + line.len();
            } else {
                end = from;
                break;
            }
        }
        from += line.len();
    }
    start.min(end)..end
}

/// A key and what follows it, if the text begins with one: `name: web`.
fn key_of(rest: &str) -> Option<(&str, usize)> {
    let end = rest.find(": ").or_else(|| rest.ends_with(':').then(|| rest.len() - 1))?;
    let key = &rest[..end];
    (!key.is_empty() && !key.starts_with(['#', '{', '[', '"', '\'', '-', '|', '>'])).then_some((key, end + 1))
}

/// What a scalar says: without its comment and its quotes.
fn scalar(text: &str) -> &str {
    let text = text.split(" #").next().unwrap_or(text).trim();
    text.trim_matches(['"', '\''])
}

/// Reads the document around a byte of the text.
pub(crate) fn outline(text: &str, at: usize) -> Outline {
    let range = document(text, at);
    let mut walk = Walk { frames: Vec::new(), next: 0 };
    let mut out = Outline::default();
    let mut from = range.start;
    // Lines deeper than this column belong to a block of text.
    let mut block: Option<usize> = None;
    for line in text[range.clone()].split_inclusive('\n') {
        let (start, end) = (from, from + line.len());
        from = end;
        let body = line.trim_end_matches(['\n', '\r']);
        let here = at >= start && (at < end || at == end && !line.ends_with('\n'));
        let indent = body.len() - body.trim_start_matches(' ').len();
        let blank = body.trim().is_empty();
        if let Some(column) = block {
            if blank || indent > column {
                continue;
            }
            block = None;
        }
        if here {
            place(&mut walk, &mut out, &text[start..at], start);
        }
        if blank || body.trim_start().starts_with('#') {
            continue;
        }
        let (mut column, mut rest) = (indent, &body[indent..]);
        while let Some(inner) = rest.strip_prefix("- ").or_else(|| (rest == "-").then_some("")) {
            walk.item(column);
            let skipped = rest.len() - inner.trim_start_matches(' ').len();
            column += skipped;
            rest = inner.trim_start_matches(' ');
        }
        if rest.is_empty() {
            continue;
        }
        let Some((key, value_at)) = key_of(rest) else { continue };
        walk.leave(column);
        let parent = walk.parent();
        walk.push(column, Step::Key(key.to_owned()));
        let written = &rest[value_at..];
        let lead = written.len() - written.trim_start().len();
        let value_start = start + column + value_at + lead;
        out.entries.push(Entry {
            parent,
            key: key.to_owned(),
            key_span: start + column..start + column + key.len(),
            value: scalar(written).to_owned(),
            value_span: value_start..value_start + written.trim().len(),
            path: walk.path(),
        });
        if written.trim_start().starts_with(['|', '>']) {
            block = Some(column);
        }
    }
    // The place may stand behind the last line.
    if at >= from && (range.is_empty() || text[..at].ends_with('\n')) {
        place(&mut walk, &mut out, "", at);
    }
    out
}

/// What the place on its line means, after everything above it.
fn place(walk: &mut Walk, out: &mut Outline, before: &str, start: usize) {
    let indent = before.len() - before.trim_start_matches(' ').len();
    let (mut column, mut rest) = (indent, &before[indent..]);
    // What is here is walked again with the rest of its line: only a copy is moved.
    let mut own = Walk {
        frames: walk.frames.iter().map(|f| Frame { column: f.column, step: f.step.clone(), id: f.id }).collect(),
        next: walk.next,
    };
    while let Some(inner) = rest.strip_prefix("- ") {
        own.item(column);
        let skipped = rest.len() - inner.trim_start_matches(' ').len();
        column += skipped;
        rest = inner.trim_start_matches(' ');
    }
    if rest.starts_with('#') || rest.contains(" #") {
        return;
    }
    own.leave(column);
    out.path = own.path();
    out.parent = own.parent();
    out.typed = match key_of(rest) {
        Some((key, value_at)) => {
            let mut word = rest[value_at..].trim_start();
            if word.starts_with(['{', '|', '>']) || word.contains([']', '{', '"', '\'']) {
                return;
            }
            // The word that is being typed in `[ReadWriteOnce, Re`.
            let flow = word.starts_with('[');
            if flow {
                word = word.rsplit(['[', ',']).next().unwrap_or(word).trim_start();
            }
            Typed::Value { key: key.to_owned(), from: start + before.len() - word.len(), flow }
        }
        None if rest.starts_with(['{', '[', '"', '\'']) => return,
        None => Typed::Key { from: start + column, word: rest.to_owned(), column },
    };
}
