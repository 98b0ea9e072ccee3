//! What a controller did and its cache has not shown yet: until then it must not count again.
//!
//! Upstream: `ControllerExpectations` in `pkg/controller/controller_utils.go`.
//!
//! Deviation: upstream counts creations and remembers the names of deletions; here each creation is known by its
//! revision and each deletion by its uid, so that a lost notification cannot be counted for another.

use crate::belief::api::shelf::{Key, Objects};
use crate::belief::client::call::Done;
use crate::ground::clock::{Span, Time};
use crate::words::reason::Reason;
use petri_objects::{Name, Revision, Uid};
use std::collections::BTreeMap;

/// How long a controller waits to see its own creations and deletions before it believes its cache again.
///
/// Upstream: `ExpectationsTimeout`.
pub const EXPECTATIONS_TIMEOUT: Span = Span::minutes(5);

/// What is expected of the cache, key by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Expectations {
    expected: BTreeMap<Key, Did>,
    /// The last change of a pod that the controller was told of.
    seen: Revision,
}

/// The pods that one sync created and deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Did {
    since: Time,
    creations: Vec<Revision>,
    deletions: Vec<(Name, Uid)>,
}

impl Did {
    /// Nothing yet, in a sync that began at this instant.
    pub fn nothing(since: Time) -> Did {
        Did { since, ..Did::default() }
    }
    pub fn create(&mut self, revision: Revision) {
        self.creations.push(revision);
    }
    pub fn delete(&mut self, name: Name, uid: Uid) {
        self.deletions.push((name, uid));
    }
    pub fn is_nothing(&self) -> bool {
        self.creations.is_empty() && self.deletions.is_empty()
    }
}

impl Expectations {
    /// The controller hears of a change of a pod.
    pub fn hear(&mut self, revision: Revision) {
        self.seen = revision.max(self.seen);
    }
    pub fn forget(&mut self, key: &Key) {
        self.expected.remove(key);
    }
    pub fn remember(&mut self, key: &Key, did: Did) {
        if did.is_nothing() {
            self.forget(key);
        } else {
            self.expected.insert(key.clone(), did);
        }
    }
    /// What a sync must wait for, if the cache does not have all creations and deletions of earlier syncs yet and five
    /// minutes have not passed.
    ///
    /// Upstream: `SatisfiedExpectations`.
    pub fn pending(&self, key: &Key, cache: &Objects, now: Time) -> Option<Done> {
        let did = self.expected.get(key)?;
        let waited = now.since(did.since);
        let (creations, deletions) = self.unseen(key, did, cache);
        if waited > EXPECTATIONS_TIMEOUT || (creations, deletions) == (0, 0) {
            return None;
        }
        let rest = EXPECTATIONS_TIMEOUT - waited + Span::millis(1);
        Some(Done::waiting(Reason::ExpectationsPending { creations, deletions }).or_after(Some(rest)))
    }
    /// How many creations and deletions the cache does not have yet.
    fn unseen(&self, key: &Key, did: &Did, cache: &Objects) -> (i64, i64) {
        let creations = did.creations.iter().filter(|revision| **revision > self.seen).count();
        let still_active = |name: &Name, uid: Uid| {
            cache.pods.get(&key.sibling(name.clone())).is_some_and(|pod| pod.metadata.uid == uid && pod.is_active())
        };
        let deletions = did.deletions.iter().filter(|(name, uid)| still_active(name, *uid)).count();
        (creations as i64, deletions as i64)
    }
}
