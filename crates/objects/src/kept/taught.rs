//! Kinds that a cluster was taught.

use super::{Entry, KeptKind};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// The names that a CustomResourceDefinition gives a kind.
#[derive(Clone, Debug, Default)]
pub struct Names<'n> {
    pub api_version: &'n str,
    pub name: &'n str,
    pub plural: &'n str,
    pub short_names: Vec<&'n str>,
    pub categories: Vec<&'n str>,
    pub namespaced: bool,
    pub status: bool,
}

impl KeptKind {
    /// A kind that a cluster was taught.
    ///
    /// Kinds are copied about freely, so that their names live as long as the program; each set of names is made once.
    pub fn custom(names: &Names<'_>) -> KeptKind {
        thread_local!(static KNOWN: RefCell<BTreeSet<&'static Entry>> = const { RefCell::new(BTreeSet::new()) });
        let entry = Entry {
            api_version: leak(names.api_version),
            name: leak(names.name),
            plural: leak(names.plural),
            short_names: leak_all(&names.short_names),
            categories: leak_all(&names.categories),
            namespaced: names.namespaced,
            counted: true,
            status: names.status,
            custom: true,
        };
        KNOWN.with_borrow_mut(|known| {
            KeptKind(known.get(&entry).copied().unwrap_or_else(|| {
                let entry: &'static Entry = Box::leak(Box::new(entry));
                known.insert(entry);
                entry
            }))
        })
    }
    /// A kind of which a recording has no more than group and name. `None` for what cannot be one.
    pub fn named(group: &str, name: &str) -> Option<KeptKind> {
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let fits = group.len() <= 253 && name.len() <= 63 && is_word(name) && group.split('.').all(is_word);
        let (api_version, plural) = (format!("{group}/v1"), format!("{}s", name.to_ascii_lowercase()));
        fits.then(|| KeptKind::custom(&Names { api_version: &api_version, name, plural: &plural, ..Names::default() }))
    }
}

/// A text that stays. Equal ones are the same.
fn leak(text: &str) -> &'static str {
    thread_local!(static KNOWN: RefCell<BTreeSet<&'static str>> = const { RefCell::new(BTreeSet::new()) });
    KNOWN.with_borrow_mut(|known| match known.get(text) {
        Some(known) => *known,
        None => {
            let text: &'static str = Box::leak(Box::from(text));
            known.insert(text);
            text
        }
    })
}

fn leak_all(texts: &[&str]) -> &'static [&'static str] {
    thread_local!(static KNOWN: RefCell<BTreeSet<&'static [&'static str]>> = const { RefCell::new(BTreeSet::new()) });
    let texts: Vec<&'static str> = texts.iter().map(|text| leak(text)).collect();
    KNOWN.with_borrow_mut(|known| match known.get(&*texts) {
        Some(known) => *known,
        None => {
            let texts: &'static [&'static str] = texts.leak();
            known.insert(texts);
            texts
        }
    })
}
