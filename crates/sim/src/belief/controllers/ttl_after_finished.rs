//! The door to the controller that deletes Jobs some time after their end. What it does stands in
//! [`batch`](super::batch).
//!
//! Upstream: `pkg/controller/ttlafterfinished`.

use super::batch::ttl;
use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Outcome};
use crate::belief::client::informer::Enqueue;
use petri_objects::Object;

pub fn enqueue(change: &Change, keys: &mut Enqueue<'_>) {
    if let Object::Kept(kept) = change.object()
        && kept.kind.is_acted_on()
    {
        ttl::changed(change, keys);
    }
}

pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    ttl::sync(key, api)
}
