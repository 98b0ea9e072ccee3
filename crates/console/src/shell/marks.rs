//! What a reader meets: names, the ends of here-documents, and what is wrong with a text.

/// Why a text is no script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It would be one if it went on: what is missing.
    Open(String),
    Wrong(String),
}

impl Problem {
    pub(crate) fn words(self) -> String {
        match self {
            Problem::Open(words) | Problem::Wrong(words) => words,
        }
    }
}

pub(super) fn wrong<T>(words: impl Into<String>) -> Result<T, Problem> {
    Err(Problem::Wrong(format!("error: {}", words.into())))
}
pub(super) fn open<T>(words: impl Into<String>) -> Result<T, Problem> {
    Err(Problem::Open(format!("error: {}", words.into())))
}

/// What ends a here-document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delimiter {
    pub word: String,
    /// `<<-`: tabs at the beginning of lines do not count.
    pub without_tabs: bool,
    /// Nothing is put into its text.
    pub quoted: bool,
}

impl Delimiter {
    pub(super) fn stripped<'l>(&self, line: &'l str) -> &'l str {
        if self.without_tabs { line.trim_start_matches('\t') } else { line }
    }
    pub(super) fn ends(&self, line: &str) -> bool {
        self.stripped(line).trim_end() == self.word
    }
}

/// Bytes between the signs of what is no longer taken for such a place.
const LONGEST_PLACE: usize = 100;

/// `<node-name>` where somebody was to write a name.
pub(super) fn placeholder(rest: &str) -> Option<&str> {
    let inner = rest.strip_prefix('<')?;
    let inner = &inner[..inner.bytes().take(LONGEST_PLACE).position(|byte| byte == b'>')?];
    let is_word = inner.starts_with(|c: char| c.is_ascii_alphabetic())
        && inner.ends_with(|c: char| c.is_ascii_alphanumeric())
        && inner.chars().all(|c| c.is_ascii_alphanumeric() || "-_. ".contains(c));
    is_word.then_some(inner)
}

pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
