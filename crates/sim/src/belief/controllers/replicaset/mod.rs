//! A ReplicaSet counts the pods that are neither finished nor asked to stop, and makes up the difference: the moment a
//! pod starts to stop, its replacement is created, while the old process may run for its whole grace period.
//!
//! Upstream: `pkg/controller/replicaset/replica_set.go`.
//!
//! Deviation: while the controller waits to see its own writes it does nothing at all; upstream still writes the
//! status. A sync that is cut and replayed must ask the same questions, whatever has been seen meanwhile.
//!
//! Deviation: requests of one batch are sent one after the other, not in parallel; a reader of the watch log cannot
//! tell the difference.

mod ranking;
mod status;

pub(super) use ranking::{ready_since, restarts};
pub(super) use status::calculate_status;

use super::expectations::{Did, Expectations};
use super::pod_control::{create_pod, delete_pod, pod_from_template};
use super::ref_manager::{claim_pods, pods_by_owner};
use super::util::{next_available_pod, slow_start_batch};
use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome, Stop};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::{Span, Time};
use crate::words::api_error::ApiError;
use crate::words::reason::Reason;
use petri_objects::*;
use std::rc::Rc;

/// The most pods that one sync creates or deletes.
///
/// Upstream: `BurstReplicas`.
const BURST_REPLICAS: u32 = 500;

/// What the controller keeps between syncs.
pub type Memory = Expectations;

/// Whom a change concerns: the ReplicaSet itself, the owner of a pod before and after, or any whose selector matches an
/// orphan.
///
/// Upstream: `addPod`, `updatePod`, `deletePod`, `addRS`, `updateRS`, `deleteRS`.
pub fn enqueue(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    match change.object() {
        Object::ReplicaSet(set) => {
            let key = Key::of(&set.metadata);
            if change.new.is_none() {
                keys.memory.forget(&key);
            }
            keys.add(key);
        }
        Object::Pod(_) => {
            keys.memory.hear(change.revision);
            let pod = |object: &Option<Object>| match object {
                Some(Object::Pod(pod)) => Some(pod.clone()),
                _ => None,
            };
            enqueue_pod(pod(&change.old), pod(&change.new), keys);
        }
        _ => {}
    }
}

fn enqueue_pod(old: Option<Rc<Pod>>, new: Option<Rc<Pod>>, keys: &mut Enqueue<'_, Memory>) {
    let Some(new) = new else {
        if let Some(set) = old.and_then(|pod| owner_of(&pod, keys)) {
            keys.add(Key::of(&set.metadata));
        }
        return;
    };
    let label_changed = old.as_ref().is_none_or(|old| old.metadata.labels != new.metadata.labels);
    let owner_changed = old.as_ref().is_some_and(|old| old.metadata.controller() != new.metadata.controller());
    if owner_changed && let Some(set) = old.as_ref().and_then(|pod| owner_of(pod, keys)) {
        keys.add(Key::of(&set.metadata));
    }
    if new.metadata.controller().is_some() {
        let Some(set) = owner_of(&new, keys) else { return };
        let key = Key::of(&set.metadata);
        let became_ready = new.is_ready() && old.as_ref().is_some_and(|old| !old.is_ready());
        if became_ready && !new.is_terminating() && set.spec.min_ready_seconds > 0 {
            // One second more, because Ready since and the clock may be cut to whole seconds.
            keys.add_after(key.clone(), Span::seconds(set.spec.min_ready_seconds as u64 + 1));
        }
        keys.add(key);
    } else if !new.is_terminating() && (label_changed || owner_changed) {
        let matching: Vec<Key> = keys
            .cache
            .replica_sets
            .in_namespace(&new.metadata.namespace)
            .filter(|set| selects(set, &new))
            .map(|set| Key::of(&set.metadata))
            .collect();
        matching.into_iter().for_each(|key| keys.add(key));
    }
}

/// The ReplicaSet that controls the pod, if the cache has it under that name and uid.
///
/// Upstream: `resolveControllerRef`.
fn owner_of(pod: &Pod, keys: &Enqueue<'_, Memory>) -> Option<Rc<ReplicaSet>> {
    let controller = pod.metadata.controller().filter(|owner| &*owner.kind == "ReplicaSet")?;
    let key = Key::new(pod.metadata.namespace.clone(), controller.name.clone());
    keys.cache.replica_sets.get(&key).filter(|set| set.metadata.uid == controller.uid).cloned()
}

/// An empty selector selects nothing here, although it would select everything.
pub(super) fn selects(set: &ReplicaSet, pod: &Pod) -> bool {
    set.spec.selector.as_ref().is_some_and(|selector| !selector.is_empty() && selector.matches(&pod.metadata.labels))
}

/// Upstream: `syncReplicaSet`.
pub fn sync(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    let cache = api.cache();
    let Some(set) = cache.replica_sets.get(key) else {
        api.memory.forget(key);
        return Ok(Done::settled());
    };
    let Some(selector) = &set.spec.selector else { return Ok(Done::settled()) };
    if let Some(waiting) = api.memory.pending(key, &cache, api.now) {
        return Ok(waiting);
    }

    let owner = Object::ReplicaSet(set.clone());
    let pods = pods_by_owner(&cache, &set.metadata);
    let active = pods.iter().filter(|pod| pod.is_active()).cloned();
    let active = claim_pods(&owner, selector, |_| true, active, api)?;
    let mut did = Did::nothing(api.now);
    let managed = match set.metadata.is_terminating() {
        true => None,
        false => manage_replicas(set, &owner, &active, &mut did, api)?,
    };

    let status = calculate_status(set, &active, &pods, managed.as_ref(), api.now);
    let updated = status::update_status(set, &status, api);
    // What was created and deleted is remembered whether or not the status could be written.
    api.memory.remember(key, did);
    updated?;
    match managed {
        Some(error) => Err(Stop::Failed(error)),
        None => Ok(outlook(set, &active, &status, api.now)),
    }
}

/// What the ReplicaSet still waits for, and when to look again.
pub(super) fn outlook(set: &ReplicaSet, active: &[Rc<Pod>], status: &ReplicaSetStatus, now: Time) -> Done {
    if set.metadata.is_terminating() {
        return Done::waiting(Reason::SetTerminating);
    }
    // A pod that becomes available changes nothing in the store: nobody else would look again.
    let next = next_available_pod(active, set.spec.min_ready_seconds, now);
    match next.filter(|_| status.ready_replicas != status.available_replicas) {
        Some((pod, until)) => Done::waiting(Reason::PodNotAvailable { pod: pod.metadata.name.clone(), until })
            .or_after(Some(until.since(now))),
        None => Done::settled(),
    }
}

/// Creates what is missing, or deletes what is too much, in the name of the set or of the object that is read as one. The error is that of the API server: status is written first.
///
/// Upstream: `manageReplicas`.
pub(super) fn manage_replicas<M>(
    set: &ReplicaSet,
    about: &Object,
    active: &[Rc<Pod>],
    did: &mut Did,
    api: &mut Api<'_, M>,
) -> Result<Option<ApiError>, Stop> {
    let wanted = set.replicas().max(0) as u32;
    let have = active.len() as u32;
    if have < wanted {
        let missing = (wanted - have).min(BURST_REPLICAS);
        let create = |_| create_pod(about, pod_from_template(about, &set.spec.template), did, api);
        let (_, error) = slow_start_batch(missing, create)?;
        return Ok(error);
    }
    let mut failure = None;
    if have > wanted {
        let surplus = (have - wanted).min(BURST_REPLICAS);
        let related = ranking::indirectly_related_pods(set, &api.cache());
        for pod in ranking::pods_to_delete(active, &related, surplus, api.now) {
            match delete_pod(about, &pod, did, api) {
                Err(Stop::Failed(error)) => failure = failure.or(Some(error)),
                other => other?,
            }
        }
    }
    Ok(failure)
}

#[cfg(test)]
mod tables;
#[cfg(test)]
mod tests;
