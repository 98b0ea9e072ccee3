//! What a line says, taken apart: lists of pipelines of commands, with words that are not put in yet.

use super::marks::is_name;
use std::rc::Rc;

/// A whole line, which may be several lines of text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub list: List,
    /// The texts of here-documents, by their number.
    pub documents: Rc<[Word]>,
}

pub(crate) type List = Rc<[Entry]>;

/// What stands between two of `;`, `&&`, `||`, `&` and a line break.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub when: When,
    pub pipeline: Rc<Pipeline>,
    /// As it was typed, without here-documents.
    pub text: Rc<str>,
}

/// When an entry is run, by what came of the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum When {
    #[default]
    Always,
    /// It stands after `&&`.
    Success,
    /// It stands after `||`.
    Failure,
}

impl When {
    pub(super) fn sign(self) -> &'static str {
        match self {
            When::Always => ";",
            When::Success => "&&",
            When::Failure => "||",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    /// It stands after `!`.
    pub negated: bool,
    /// It stands before `&`.
    pub background: bool,
    pub stages: Vec<Stage>,
}

#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub what: What,
    pub redirects: Vec<Redirect>,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    Simple {
        assignments: Vec<(String, Word)>,
        words: Vec<Word>,
    },
    For {
        name: String,
        words: Vec<Word>,
        body: List,
    },
    /// `while`, or `until`.
    While {
        until: bool,
        condition: List,
        body: List,
    },
    If {
        branches: Rc<[(List, List)]>,
        otherwise: Option<List>,
    },
    Group(List),
    /// `( ... )`: variables are as they were afterwards.
    Subshell(List),
}

#[derive(Clone, Debug)]
pub(crate) struct Redirect {
    pub from: Stream,
    pub to: To,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Input,
    Output,
    Errors,
    /// `&>`.
    Both,
}

#[derive(Clone, Debug)]
pub(crate) enum To {
    /// `<`.
    Read(Word),
    /// `<<`: the number of the document.
    Document(usize),
    /// `<<<`.
    Text(Word),
    Write(Word),
    Append(Word),
    /// `2>&1`, `>&2`.
    Stream(Stream),
    /// `2>&-`.
    Closed,
}

/// A word before anything is put in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Word(pub Vec<Part>);

#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text {
        text: String,
        quoted: bool,
    },
    /// `$NAME`, `${NAME:-other}`.
    Variable {
        name: String,
        change: Option<(Change, Word)>,
        quoted: bool,
    },
    /// `$(...)`.
    Command {
        list: List,
        quoted: bool,
    },
    /// `$((...))`.
    Sum {
        text: Word,
        quoted: bool,
    },
}

/// What stands behind the name in `${NAME...}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// `:-`
    Default,
    /// `:=`
    Assign,
    /// `:+`
    Alternative,
    /// `:?`
    Required,
    /// `#`, and `##` for the longest.
    WithoutPrefix(bool),
    /// `%`, and `%%` for the longest.
    WithoutSuffix(bool),
    /// `${#NAME}`
    Length,
}

impl Word {
    /// The word if it is nothing but unquoted text, as reserved words are.
    pub(super) fn plain(&self) -> Option<&str> {
        match &self.0[..] {
            [Part::Text { text, quoted: false }] => Some(text),
            _ => None,
        }
    }
    pub(super) fn push(&mut self, c: char, is_quoted: bool) {
        match self.0.last_mut() {
            Some(Part::Text { text, quoted }) if *quoted == is_quoted => text.push(c),
            _ => self.0.push(Part::Text { text: c.into(), quoted: is_quoted }),
        }
    }
}

/// `NAME=VALUE`, if the word is that.
pub(super) fn assignment(word: &Word) -> Option<(String, Word)> {
    let Some(Part::Text { text, quoted: false }) = word.0.first() else { return None };
    let (name, value) = text.split_once('=')?;
    if !is_name(name) {
        return None;
    }
    let mut parts = word.0.clone();
    parts[0] = Part::Text { text: value.into(), quoted: false };
    Some((name.into(), Word(parts)))
}
