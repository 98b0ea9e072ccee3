//! The StatefulSet controller: pods with a lasting identity, one by one.
//!
//! Upstream: `pkg/controller/statefulset/stateful_set.go`.

mod control;
mod pod_control;
mod revisions;
mod status_updater;
#[cfg(test)]
mod tables;
mod utils;

pub use revisions::Memory;
pub use utils::{ordinal_of, parent_and_ordinal};

use super::ref_manager::{claim, claim_pods, pods_by_owner};
use super::util::min_next_pod_availability_check;
use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::Span;
use petri_objects::*;

/// STS-1: changes of the set, of pods that it controls, and of orphans that it could adopt.
pub fn enqueue(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    match change.object() {
        Object::StatefulSet(set) => keys.add(Key::of(&set.metadata)),
        Object::Pod(_) => enqueue_pod(change, keys),
        _ => {}
    }
}

fn enqueue_pod(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    let pod_of = |object: &Option<Object>| match object {
        Some(Object::Pod(pod)) => Some(pod.clone()),
        _ => None,
    };
    let (old, new) = (pod_of(&change.old), pod_of(&change.new));
    for pod in [&old, &new].into_iter().flatten() {
        let Some(owner) = pod.metadata.controller().filter(|owner| &*owner.kind == "StatefulSet") else { continue };
        let key = Key::new(pod.metadata.namespace.clone(), owner.name.clone());
        let set = keys.cache.stateful_sets.get(&key).filter(|set| set.metadata.uid == owner.uid);
        let Some(set) = set.cloned() else { continue };
        keys.add(key.clone());
        // STS-2: a pod that became Ready is looked at again when it has been for long enough.
        let was_ready = old.as_ref().is_some_and(|old| old.is_ready());
        if set.spec.min_ready_seconds > 0 && pod.is_ready() && !was_ready {
            keys.add_after(key, Span::seconds(set.spec.min_ready_seconds.max(0) as u64));
        }
    }
    if let Some(pod) = new.filter(|pod| pod.metadata.controller().is_none() && !pod.is_terminating()) {
        let relabelled = old.is_none_or(|old| {
            old.metadata.labels != pod.metadata.labels || old.metadata.owner_references != pod.metadata.owner_references
        });
        if relabelled {
            let sets = keys.cache.stateful_sets.in_namespace(&pod.metadata.namespace);
            let matching =
                sets.filter(|set| set.spec.selector.as_ref().is_some_and(|s| s.matches(&pod.metadata.labels)));
            for key in matching.map(|set| Key::of(&set.metadata)).collect::<Vec<_>>() {
                keys.add(key);
            }
        }
    }
}

/// One sync of one set.
///
/// Upstream: `sync`, `syncStatefulSet`.
pub fn sync(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    let cache = api.cache();
    let Some(set) = cache.stateful_sets.get(key) else { return Ok(Done::settled()) };
    let Some(selector) = set.spec.selector.clone() else { return Ok(Done::settled()) };
    let owner = Object::StatefulSet(set.clone());
    let orphans_and_own = cache
        .revisions
        .in_namespace(&key.namespace)
        .filter(|revision| revision.metadata.controller().is_none_or(|owner| owner.uid == set.metadata.uid));
    let revisions = claim::<ControllerRevision, _>(&owner, &selector, |_| true, orphans_and_own.cloned(), api)?;
    let candidates = pods_by_owner(&cache, &set.metadata);
    let pods = claim_pods(&owner, &selector, |pod| utils::is_member_of(set, pod), candidates, api)?;
    let (status, done) = control::update_stateful_set(set, &pods, revisions, api)?;
    let again = if status.ready_replicas != status.available_replicas {
        min_next_pod_availability_check(&pods, set.spec.min_ready_seconds, api.now)
    } else {
        None
    };
    Ok(done.or_after(again))
}
