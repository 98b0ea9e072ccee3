//! Field errors, and the paths that lead to them.

use super::format;
use std::fmt;

/// What kind of mistake a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldErrorKind {
    NotFound,
    Required,
    Duplicate,
    Invalid,
    NotSupported,
    Forbidden,
    TooLong,
    TooMany,
}

impl FieldErrorKind {
    /// The words of the API server.
    pub fn as_str(self) -> &'static str {
        match self {
            FieldErrorKind::NotFound => "Not found",
            FieldErrorKind::Required => "Required value",
            FieldErrorKind::Duplicate => "Duplicate value",
            FieldErrorKind::Invalid => "Invalid value",
            FieldErrorKind::NotSupported => "Unsupported value",
            FieldErrorKind::Forbidden => "Forbidden",
            FieldErrorKind::TooLong => "Too long",
            FieldErrorKind::TooMany => "Too many",
        }
    }
}

/// One field and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldError {
    /// `spec.containers[0].image`
    pub path: String,
    pub kind: FieldErrorKind,
    /// Formatted: texts in quotes, structures as JSON.
    pub value: Option<String>,
    /// May be empty.
    pub detail: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.kind.as_str())?;
        if let Some(value) = &self.value {
            write!(f, ": {value}")?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

/// Where we are in an object; written out only when there is something to report.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Key(&'p str),
    Index(usize),
    MapKey(&'p str),
}

impl<'p> Path<'p> {
    pub(super) fn root(name: &'p str) -> Path<'p> {
        Path { parent: None, step: Step::Key(name) }
    }
    pub(super) fn key<'c>(&'c self, name: &'c str) -> Path<'c>
    where
        'p: 'c,
    {
        Path { parent: Some(self), step: Step::Key(name) }
    }
    pub(super) fn index<'c>(&'c self, index: usize) -> Path<'c>
    where
        'p: 'c,
    {
        Path { parent: Some(self), step: Step::Index(index) }
    }
    /// A key of a map, as in `spec.resources[storage]`.
    pub(super) fn map_key<'c>(&'c self, key: &'c str) -> Path<'c>
    where
        'p: 'c,
    {
        Path { parent: Some(self), step: Step::MapKey(key) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}")?;
        }
        match self.step {
            Step::Key(key) if self.parent.is_none() => f.write_str(key),
            Step::Key(key) => write!(f, ".{key}"),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::MapKey(key) => write!(f, "[{key}]"),
        }
    }
}

/// The errors so far.
#[derive(Default)]
pub(super) struct Errors {
    pub(super) list: Vec<FieldError>,
}

impl Errors {
    fn add(&mut self, path: &Path<'_>, kind: FieldErrorKind, value: Option<String>, detail: impl Into<String>) {
        self.list.push(FieldError { path: path.to_string(), kind, value, detail: detail.into() });
    }
    pub(super) fn required(&mut self, path: &Path<'_>, detail: &str) {
        self.add(path, FieldErrorKind::Required, None, detail);
    }
    /// The value must be formatted already.
    pub(super) fn invalid(&mut self, path: &Path<'_>, value: impl Into<String>, detail: impl Into<String>) {
        self.add(path, FieldErrorKind::Invalid, Some(value.into()), detail);
    }
    /// What is wrong is no value that could be shown: two fields that exclude each other, or both are missing.
    pub(super) fn invalid_whole(&mut self, path: &Path<'_>, detail: &str) {
        self.add(path, FieldErrorKind::Invalid, None, detail);
    }
    pub(super) fn forbidden(&mut self, path: &Path<'_>, detail: impl Into<String>) {
        self.add(path, FieldErrorKind::Forbidden, None, detail);
    }
    pub(super) fn duplicate(&mut self, path: &Path<'_>, value: &str) {
        self.add(path, FieldErrorKind::Duplicate, Some(format::text(value)), "");
    }
    /// The value must be formatted already.
    pub(super) fn duplicate_value(&mut self, path: &Path<'_>, value: String) {
        self.add(path, FieldErrorKind::Duplicate, Some(value), "");
    }
    pub(super) fn not_found(&mut self, path: &Path<'_>, value: &str) {
        self.add(path, FieldErrorKind::NotFound, Some(format::text(value)), "");
    }
    /// What is said of a value that is there twice, or nowhere, beyond that.
    pub(super) fn explain_last(&mut self, detail: impl Into<String>) {
        if let Some(last) = self.list.last_mut() {
            last.detail = detail.into();
        }
    }
    /// The number of errors so far.
    pub(super) fn count(&self) -> u64 {
        self.list.len() as u64
    }
    pub(super) fn too_long(&mut self, path: &Path<'_>, detail: &str) {
        self.add(path, FieldErrorKind::TooLong, None, detail);
    }
    /// The items of a list that may have so many.
    pub(super) fn at_most(&mut self, path: &Path<'_>, number: usize, most: usize) {
        if number > most {
            let detail = format!("must have at most {most} items");
            self.add(path, FieldErrorKind::TooMany, Some(number.to_string()), detail);
        }
    }
    /// The value must be formatted already; the supported ones keep their order.
    pub(super) fn not_supported(&mut self, path: &Path<'_>, value: impl Into<String>, supported: &[&str]) {
        let list: Vec<String> = supported.iter().map(|word| format!("\"{word}\"")).collect();
        let detail = format!("supported values: {}", list.join(", "));
        self.add(path, FieldErrorKind::NotSupported, Some(value.into()), detail);
    }

    /// A word that must be one of a few.
    pub(super) fn one_of(&mut self, path: &Path<'_>, word: &str, supported: &[&str]) {
        if !supported.contains(&word) {
            self.not_supported(path, format::text(word), supported);
        }
    }
    /// A word that must be there and must be one of a few.
    pub(super) fn required_one_of(&mut self, path: &Path<'_>, word: &str, supported: &[&str]) {
        if word.is_empty() {
            self.required(path, "");
        } else {
            self.one_of(path, word, supported);
        }
    }
    pub(super) fn not_negative(&mut self, path: &Path<'_>, number: i64) {
        if number < 0 {
            self.invalid(path, number.to_string(), "must be greater than or equal to 0");
        }
    }
}
