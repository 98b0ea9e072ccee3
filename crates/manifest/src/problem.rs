//! What is wrong with a text, and where.

use std::ops::Range;

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// A real cluster would refuse the document, or Petri cannot take it.
    Error,
    /// Accepted, but probably not what was meant.
    Warning,
    /// Accepted and kept, but nothing in the simulation depends on it.
    NotSimulated,
}

/// One thing that is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Bytes of the whole text.
    pub span: Range<usize>,
    /// From 1, of the whole text. kubectl counts from the document's start instead.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    pub grade: Grade,
    /// The field, as the API server writes it; empty if the problem is not about one.
    pub path: String,
    /// In the words of kubectl or the API server where they have any.
    pub message: String,
    /// A way out.
    pub help: Option<String>,
    /// The index in [`Parsed::documents`](crate::Parsed::documents), if the problem is about one of them.
    pub document: Option<usize>,
}

/// Where the lines of a text begin.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Lines<'t> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Lines { text, starts }
    }
    /// Line and column, both from 1, the column in characters.
    pub(crate) fn position(&self, at: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= at).saturating_sub(1);
        let before = self.text.get(self.starts[line]..at).unwrap_or("");
        (line as u32 + 1, before.chars().count() as u32 + 1)
    }
}
