//! How other people's pages carry a cluster: fences found in documentation, checked, and written as the element that
//! `embed.js` brings to life.
//!
//! * [`find`] finds fences in Markdown, HTML and reStructuredText;
//! * [`doctest`] runs those of a folder, and says in which line of which file a claim no longer holds;
//! * [`element`] writes a fence as `<petri-cluster>`, which is readable where no script runs;
//! * [`mdbook`] does that for the chapters of a book.
//!
//! What a fence is and how it plays is [`petri_lessons::fence`]'s. This crate is native only: the page knows no Markdown.

pub mod doctest;
pub mod element;
pub mod find;
pub mod mdbook;

use std::collections::BTreeMap;

/// The texts of all examples and lessons, by the names of their files.
pub fn texts() -> BTreeMap<String, String> {
    let examples = petri_lessons::examples();
    let mut texts: BTreeMap<String, String> =
        examples.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    texts.extend(petri_lessons::LESSONS.iter().map(|lesson| (format!("{}.md", lesson.id), lesson.text().to_owned())));
    texts
}
