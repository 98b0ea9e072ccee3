//! Kinds that are kept, not simulated: stored, named, checked for the types of their fields, listed and deleted like any
//! other, and nothing in the simulation depends on them.
//!
//! All of them share one shape: metadata as every object has it, and the rest as a [`Map`]. What the fields of the built-in
//! ones may be stands in one text ([`types`]) instead of in a struct each. A kind that a CustomResourceDefinition brings
//! has its schema there, in an object of the cluster; here it only has its names ([`KeptKind::custom`]).

mod built_in;
mod defaults;
mod explain;
pub mod secret;
pub mod types;

pub use built_in::{Removal, older_type, removed};
pub use defaults::defaults;

use crate::record::{Decode, Field, Schema};
use crate::{Kind, Map, Meta, Value};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

/// The names of a kept kind. Two are the same kind if group and name are: a definition may change the rest.
#[derive(Clone, Copy, Debug)]
pub struct KeptKind(&'static Entry);

/// What discovery tells of a kind.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// `rbac.authorization.k8s.io/v1`.
    pub api_version: &'static str,
    /// `ClusterRole`.
    pub name: &'static str,
    /// `clusterroles`.
    pub plural: &'static str,
    pub short_names: &'static [&'static str],
    /// `all`, `api-extensions`.
    pub categories: &'static [&'static str],
    pub namespaced: bool,
    /// Whether `metadata.generation` counts the changes of the specification.
    pub counted: bool,
    /// Whether clients write `status` only to a resource of its own.
    pub status: bool,
    pub custom: bool,
}

impl KeptKind {
    pub fn entry(self) -> &'static Entry {
        self.0
    }
    /// Whether a CustomResourceDefinition brought it.
    pub fn is_custom(self) -> bool {
        self.0.custom
    }
    /// The kinds of every cluster that are kept, group by group.
    pub fn built_in() -> impl Iterator<Item = KeptKind> {
        built_in::KINDS.iter().map(KeptKind)
    }
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
    /// What is known of its fields, for help.
    pub fn schema(self) -> &'static Schema {
        explain::schema(self)
    }
    fn group(self) -> &'static str {
        self.0.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

impl PartialEq for KeptKind {
    fn eq(&self, other: &KeptKind) -> bool {
        std::ptr::eq(self.0, other.0) || self.0.name == other.0.name && self.group() == other.group()
    }
}
impl Eq for KeptKind {}
impl Ord for KeptKind {
    fn cmp(&self, other: &KeptKind) -> Ordering {
        (self.group(), self.0.name).cmp(&(other.group(), other.0.name))
    }
}
impl PartialOrd for KeptKind {
    fn partial_cmp(&self, other: &KeptKind) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Hash for KeptKind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.group(), self.0.name).hash(state);
    }
}

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

/// A manifest of a kind, or a part of one, as its stored version says it.
pub fn as_stored(kind: KeptKind, mut manifest: Value) -> Value {
    if let Value::Map(map) = &mut manifest {
        let version = map.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        if older_type(Kind::Kept(kind), version).is_some() {
            map.insert("apiVersion", Value::from(kind.entry().api_version));
            built_in::upgrade(map);
        }
        if kind.entry().name == "Secret" && !kind.is_custom() {
            defaults::fold_string_data(map);
        }
    }
    manifest
}

/// An object of a kept kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeptObject {
    pub kind: KeptKind,
    pub metadata: Meta,
    /// Everything but `apiVersion`, `kind` and `metadata`, in the order of the keys, without what is null.
    pub fields: Map,
}

impl KeptObject {
    /// Reads an object as strict decoding does; what is wrong with it is in `at.problems`.
    pub fn decode(kind: KeptKind, value: &Value, at: &mut Decode) -> KeptObject {
        let mut object = KeptObject { kind, metadata: Meta::default(), fields: Map::new() };
        let name = kind.entry().name;
        let Value::Map(map) = value else {
            at.wrong_type(value, &format!("v1.{name}"));
            return object;
        };
        let older = map.get("apiVersion").and_then(Value::as_str).and_then(|v| older_type(Kind::Kept(kind), v));
        let fields = older.or(types::of(kind));
        at.within.push(name);
        for (key, value) in map.sorted() {
            match &**key {
                "apiVersion" | "kind" => {}
                _ if matches!(value, Value::Null) => {}
                "metadata" => object.metadata = at.key(key, |at| Meta::decode(value, at)),
                _ => {
                    let value = match fields {
                        Some(fields) => types::field(fields, key, value, at),
                        // The schema of a custom resource is the cluster's.
                        None => Some(types::ordered(value)),
                    };
                    if let Some(value) = value {
                        object.fields.insert(key.clone(), value);
                    }
                }
            }
        }
        at.within.pop();
        if older.is_some() {
            built_in::upgrade(&mut object.fields);
        }
        object
    }
    pub(crate) fn encode_fields(&self, map: &mut Map) {
        map.insert("metadata", self.metadata.encode_always());
        for (key, value) in self.fields.iter() {
            map.insert(key.clone(), value.clone());
        }
    }
    /// A field by the keys that lead to it.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        self.fields.get(first)?.at(rest)
    }
    /// A text by the keys that lead to it; empty if there is none.
    pub fn text(&self, path: &[&str]) -> &str {
        self.at(path).and_then(Value::as_str).unwrap_or_default()
    }
    /// A list by the keys that lead to it; empty if there is none.
    pub fn list(&self, path: &[&str]) -> &[Value] {
        self.at(path).and_then(Value::as_list).unwrap_or_default()
    }
}
