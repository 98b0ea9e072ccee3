//! The door to the controller of Jobs: whether a change concerns it. What it does stands in [`batch`](super::batch).
//!
//! Upstream: `pkg/controller/job`.

use super::batch::{job, wake};
use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Outcome};
use crate::belief::client::informer::Enqueue;
use petri_objects::{Object, Pod, batch};

pub use super::batch::job::Memory;

pub fn enqueue(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    let of_job = |pod: &Pod| {
        let owner = pod.metadata.controller();
        owner.is_some_and(|owner| &*owner.kind == "Job") || pod.metadata.has_finalizer(batch::TRACKING)
    };
    match change.object() {
        Object::Kept(kept) if kept.kind.is_acted_on() => wake::job_changed(change, keys),
        Object::Pod(pod) => {
            let before = match &change.old {
                Some(Object::Pod(old)) => of_job(old),
                _ => false,
            };
            let is_orphan = || pod.metadata.controller().is_none() && keys.cache.keeps("Job");
            if before || of_job(pod) || is_orphan() {
                wake::pod_changed(change, keys);
            }
        }
        _ => {}
    }
}

pub fn sync(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    job::sync(key, api)
}
