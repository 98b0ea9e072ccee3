//! Kinds that are kept, not simulated: stored, named, checked for the types of their fields, listed and deleted like any
//! other, and nothing in the simulation depends on them. A few are looked at all the same, and controllers act for two:
//! Jobs and CronJobs ([`crate::batch`]), which few clusters have.
//!
//! All of them share one shape: metadata as every object has it, and the rest as a [`crate::Map`]. What the fields of the built-in
//! ones may be stands in one text ([`types`]) instead of in a struct each. A kind that a CustomResourceDefinition brings
//! has its schema there, in an object of the cluster; here it only has its names ([`KeptKind::custom`]).

mod built_in;
mod defaults;
mod explain;
mod object;
mod older;
pub mod secret;
mod taught;
pub mod types;

pub use defaults::defaults;
pub use object::{KeptObject, as_stored};
pub use older::{Removal, older_type, removed};
pub use taught::Names;

use crate::record::Schema;
use std::cmp::Ordering;
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
    /// Whether something in the simulation looks at its objects, although nothing acts for them.
    pub fn is_looked_up(self) -> bool {
        !self.0.custom && matches!(self.0.name, "LimitRange" | "RuntimeClass" | "Secret")
    }
    /// Whether a controller acts for its objects, although they are stored as those of the other kept kinds are.
    pub fn is_acted_on(self) -> bool {
        !self.0.custom && matches!(self.0.name, "CronJob" | "Job" | "ReplicationController")
    }
    /// The kinds of every cluster that are kept, group by group.
    pub fn built_in() -> impl Iterator<Item = KeptKind> {
        built_in::KINDS.iter().map(KeptKind)
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
