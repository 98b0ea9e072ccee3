//! The door to the controller of CronJobs: whether a change concerns it. What it does stands in [`batch`](super::batch).
//!
//! Upstream: `pkg/controller/cronjob`.

use super::batch::cron;
use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Outcome};
use crate::belief::client::informer::Enqueue;
use petri_objects::Object;

pub fn enqueue(change: &Change, keys: &mut Enqueue<'_>) {
    if let Object::Kept(kept) = change.object()
        && kept.kind.is_acted_on()
    {
        cron::changed(change, keys);
    }
}

pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    cron::sync(key, api)
}
