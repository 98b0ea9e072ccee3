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

use super::ref_manager::{claim_pods, pods_by_owner};
use super::util::{controller_ref, is_namespace_terminating, next_available_pod, slow_start_batch};
use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome, Stop};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::{Span, Time};
use crate::words::api_error::ApiError;
use crate::words::reason::Reason;
use petri_objects::*;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The most pods that one sync creates or deletes.
///
/// Upstream: `BurstReplicas`.
const BURST_REPLICAS: u32 = 500;

/// How long the controller waits to see its own creations and deletions before it believes its cache again.
///
/// Upstream: `ExpectationsTimeout`.
const EXPECTATIONS_TIMEOUT: Span = Span::minutes(5);

/// What the controller keeps between syncs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    expectations: BTreeMap<Key, Expectations>,
    /// The last change of a pod that the controller was told of.
    seen: Revision,
}

/// What a sync did and the cache has not shown yet.
///
/// Deviation: upstream counts creations and remembers the names of deletions; here each creation is known by its
/// revision and each deletion by its uid, so that a lost notification cannot be counted for another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Expectations {
    since: Time,
    creations: Vec<Revision>,
    deletions: Vec<(Name, Uid)>,
}

/// Whom a change concerns: the ReplicaSet itself, the owner of a pod before and after, or any whose selector matches an
/// orphan.
///
/// Upstream: `addPod`, `updatePod`, `deletePod`, `addRS`, `updateRS`, `deleteRS`.
pub fn enqueue(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    match change.object() {
        Object::ReplicaSet(set) => {
            let key = Key::of(&set.metadata);
            if change.new.is_none() {
                keys.memory.expectations.remove(&key);
            }
            keys.add(key);
        }
        Object::Pod(_) => {
            let seen = &mut keys.memory.seen;
            *seen = change.revision.max(*seen);
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
fn selects(set: &ReplicaSet, pod: &Pod) -> bool {
    set.spec.selector.as_ref().is_some_and(|selector| !selector.is_empty() && selector.matches(&pod.metadata.labels))
}

/// Upstream: `syncReplicaSet`.
pub fn sync(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    let cache = api.cache();
    let Some(set) = cache.replica_sets.get(key) else {
        api.memory.expectations.remove(key);
        return Ok(Done::settled());
    };
    let Some(selector) = &set.spec.selector else { return Ok(Done::settled()) };
    if let Some(waiting) = pending_expectations(key, api) {
        return Ok(waiting);
    }

    let owner = Object::ReplicaSet(set.clone());
    let pods = pods_by_owner(&cache, &set.metadata);
    let active = pods.iter().filter(|pod| pod.is_active()).cloned();
    let active = claim_pods(&owner, selector, |_| true, active, api)?;
    let mut did = Expectations { since: api.now, ..Expectations::default() };
    let managed = match set.metadata.is_terminating() {
        true => None,
        false => manage_replicas(set, &active, &mut did, api)?,
    };

    let status = status::calculate_status(set, &active, &pods, managed.as_ref(), api.now);
    let updated = status::update_status(set, &status, api);
    // What was created and deleted is remembered whether or not the status could be written.
    remember(key, did, api);
    updated?;
    match managed {
        Some(error) => Err(Stop::Failed(error)),
        None => Ok(outlook(set, &active, &status, api.now)),
    }
}

/// What the ReplicaSet still waits for, and when to look again.
fn outlook(set: &ReplicaSet, active: &[Rc<Pod>], status: &ReplicaSetStatus, now: Time) -> Done {
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

/// Creates what is missing, or deletes what is too much. The error is that of the API server: status is written first.
///
/// Upstream: `manageReplicas`.
fn manage_replicas(
    set: &Rc<ReplicaSet>,
    active: &[Rc<Pod>],
    did: &mut Expectations,
    api: &mut Api<'_, Memory>,
) -> Result<Option<ApiError>, Stop> {
    let wanted = set.replicas().max(0) as u32;
    let have = active.len() as u32;
    if have < wanted {
        let missing = (wanted - have).min(BURST_REPLICAS);
        let (_, error) = slow_start_batch(missing, |_| create_pod(set, did, api))?;
        return Ok(error);
    }
    let mut failure = None;
    if have > wanted {
        let surplus = (have - wanted).min(BURST_REPLICAS);
        let related = ranking::indirectly_related_pods(set, &api.cache());
        for pod in ranking::pods_to_delete(active, &related, surplus, api.now) {
            match delete_pod(set, &pod, did, api) {
                Err(Stop::Failed(error)) => failure = failure.or(Some(error)),
                other => other?,
            }
        }
    }
    Ok(failure)
}

/// Upstream: `RealPodControl.createPods`.
fn create_pod(set: &Rc<ReplicaSet>, did: &mut Expectations, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
    let about = Object::ReplicaSet(set.clone());
    match api.create(pod_from_template(set))? {
        Ok(pod) => {
            did.creations.push(pod.meta().resource_version);
            api.normal(&about, "SuccessfulCreate", format!("Created pod: {}", pod.meta().name));
            Ok(())
        }
        // The pod would be gone at once: neither an event nor a failure.
        Err(error) if is_namespace_terminating(&error) => Ok(()),
        Err(error) => {
            api.warning(&about, "FailedCreate", format!("Error creating: {error}"));
            Err(Stop::Failed(error))
        }
    }
}

/// Upstream: `GetPodFromTemplate`.
fn pod_from_template(set: &Rc<ReplicaSet>) -> Pod {
    let template = &set.spec.template;
    Pod {
        metadata: Meta {
            namespace: set.metadata.namespace.clone(),
            labels: template.metadata.labels.clone(),
            annotations: template.metadata.annotations.clone(),
            finalizers: template.metadata.finalizers.clone(),
            generate_name: pods_prefix(&set.metadata.name),
            owner_references: vec![controller_ref(&Object::ReplicaSet(set.clone()))],
            ..Meta::default()
        },
        spec: template.spec.clone(),
        ..Pod::default()
    }
}

/// The dash makes names readable; a name too long for it does without.
///
/// Upstream: `getPodsPrefix`.
fn pods_prefix(controller_name: &Name) -> Name {
    let prefix = format!("{controller_name}-");
    if prefix.len() <= 253 { prefix.into() } else { controller_name.clone() }
}

/// Upstream: `RealPodControl.DeletePod`.
fn delete_pod(set: &Rc<ReplicaSet>, pod: &Pod, did: &mut Expectations, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
    let about = Object::ReplicaSet(set.clone());
    let name = &pod.metadata.name;
    match api.delete(Key::of(&pod.metadata).to_ref(Kind::Pod))? {
        Ok(_) => {
            did.deletions.push((name.clone(), pod.metadata.uid));
            api.normal(&about, "SuccessfulDelete", format!("Deleted pod: {name}"));
            Ok(())
        }
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => {
            api.warning(&about, "FailedDelete", format!("Error deleting: {error}"));
            Err(Stop::Failed(error))
        }
    }
}

/// What the sync must wait for, if the cache does not have all creations and deletions of earlier syncs yet and five
/// minutes have not passed.
///
/// Upstream: `SatisfiedExpectations`.
fn pending_expectations(key: &Key, api: &Api<'_, Memory>) -> Option<Done> {
    let expected = api.memory.expectations.get(key)?;
    let waited = api.now.since(expected.since);
    let (creations, deletions) = unseen(key, expected, api);
    if waited > EXPECTATIONS_TIMEOUT || (creations, deletions) == (0, 0) {
        return None;
    }
    let rest = EXPECTATIONS_TIMEOUT - waited + Span::millis(1);
    Some(Done::waiting(Reason::ExpectationsPending { creations, deletions }).or_after(Some(rest)))
}

/// How many creations and deletions the cache does not have yet.
fn unseen(key: &Key, expected: &Expectations, api: &Api<'_, Memory>) -> (i64, i64) {
    let seen = api.memory.seen;
    let creations = expected.creations.iter().filter(|revision| **revision > seen).count();
    let cache = api.cache();
    let still_active = |name: &Name, uid: Uid| {
        cache.pods.get(&key.sibling(name.clone())).is_some_and(|pod| pod.metadata.uid == uid && pod.is_active())
    };
    let deletions = expected.deletions.iter().filter(|(name, uid)| still_active(name, *uid)).count();
    (creations as i64, deletions as i64)
}

fn remember(key: &Key, did: Expectations, api: &mut Api<'_, Memory>) {
    let expectations = &mut api.memory.expectations;
    if did.creations.is_empty() && did.deletions.is_empty() {
        expectations.remove(key);
    } else {
        expectations.insert(key.clone(), did);
    }
}

#[cfg(test)]
mod tables;
#[cfg(test)]
mod tests;
