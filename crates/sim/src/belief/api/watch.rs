//! The watch log: every write, in the order in which the store took it.

use crate::ground::digest::{self, Kept, Sum};
use crate::words::actor::{Actor, Cause};
use petri_objects::{Kind, Object, ObjectRef, Revision, Time};
use std::hash::{Hash, Hasher};

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub revision: Revision,
    pub at: Time,
    pub by: Actor,
    pub cause: Cause,
    pub old: Option<Object>,
    pub new: Option<Object>,
    /// The digest of both.
    objects: u64,
}

impl Hash for Change {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.revision, self.at, &self.by, self.cause, self.objects).hash(state);
    }
}

impl Change {
    pub fn new(
        revision: Revision,
        at: Time,
        by: Actor,
        cause: Cause,
        old: Option<Kept<Object>>,
        new: Option<Kept<Object>>,
    ) -> Change {
        let objects = digest::of(&(&old, &new));
        let (old, new) = (old.map(Kept::into_value), new.map(Kept::into_value));
        Change { revision, at, by, cause, old, new, objects }
    }
    /// The object after the change, or before it if the change removed it.
    pub fn object(&self) -> &Object {
        self.new.as_ref().or(self.old.as_ref()).expect("a change has an object before or after it")
    }
    pub fn kind(&self) -> Kind {
        self.object().kind()
    }
    pub fn reference(&self) -> ObjectRef {
        self.object().reference()
    }
    /// The person's command that the write carried out, if it did.
    pub fn command(&self) -> Option<u32> {
        match self.cause {
            Cause::Command(number) => Some(number),
            _ => None,
        }
    }
}

/// The writes that some cache has not seen yet, the earliest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    changes: Vec<Change>,
    sum: Sum,
}

impl Hash for Log {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.changes.len() as u64);
        self.sum.hash(state);
    }
}

impl Log {
    pub fn push(&mut self, change: Change) {
        // Each has a revision of its own, so their order is in their digests.
        self.sum.add(digest::of(&change));
        self.changes.push(change);
    }
    /// The changes after a revision.
    pub fn since(&self, seen: Revision) -> impl Iterator<Item = &Change> {
        let known = self.changes.partition_point(|change| change.revision <= seen);
        self.changes.iter().skip(known)
    }
    /// All changes; the log begins anew.
    pub fn take(&mut self) -> Vec<Change> {
        std::mem::take(self).changes
    }
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}
