//! The door to the controller of ReplicationControllers: whether a change concerns it. What it does stands in
//! [`replication`](super::replication).
//!
//! Upstream: `pkg/controller/replication`.

use super::replication;
use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Outcome};
use crate::belief::client::informer::Enqueue;
use petri_objects::Object;

pub use super::replication::Memory;

pub fn enqueue(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    match change.object() {
        Object::Kept(kept) if kept.kind.is_acted_on() => replication::changed(change, keys),
        Object::Pod(_) if keys.cache.keeps(replication::KIND) => replication::pod_changed(change, keys),
        _ => {}
    }
}

pub fn sync(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    replication::sync(key, api)
}
