//! What the controller of ReplicationControllers does: a ReplicationController is read as a ReplicaSet whose selector is
//! plain labels, and the ReplicaSet's own code does the rest.
//!
//! Upstream: `pkg/controller/replication/conversion.go`, which wraps the ReplicaSet controller in the same way.

use super::expectations::{Did, Expectations};
use super::ref_manager::{claim_pods, pods_by_owner};
use super::replicaset::{calculate_status, manage_replicas, outlook, selects};
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome, Stop};
use crate::belief::client::informer::Enqueue;
use petri_objects::*;
use std::rc::Rc;

pub const KIND: &str = "ReplicationController";

/// What the controller keeps between syncs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory(Expectations);

#[inline(never)]
pub fn changed(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    let object = change.object();
    if object.kind().name() != KIND {
        return;
    }
    let key = Key::of(object.meta());
    if change.new.is_none() {
        keys.memory.0.forget(&key);
    }
    keys.add(key);
}

/// Upstream: `addPod`, `updatePod`, `deletePod`.
#[inline(never)]
pub fn pod_changed(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    keys.memory.0.hear(change.revision);
    let sides = [&change.old, &change.new];
    let pods: Vec<Rc<Pod>> = sides
        .into_iter()
        .filter_map(|side| match side {
            Some(Object::Pod(pod)) => Some(pod.clone()),
            _ => None,
        })
        .collect();
    for object in keys.cache.list(kind()) {
        let Some(set) = read(&object) else { continue };
        let own = |pod: &Rc<Pod>| pod.metadata.is_controlled_by(set.metadata.uid);
        let orphan = |pod: &Rc<Pod>| pod.metadata.controller().is_none() && selects(&set, pod);
        if set.metadata.namespace == change.object().meta().namespace && pods.iter().any(|pod| own(pod) || orphan(pod))
        {
            keys.add(Key::of(&set.metadata));
        }
    }
}

/// Upstream: `syncReplicaSet`, by way of `conversion.go`.
#[inline(never)]
pub fn sync(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    let cache = api.cache();
    let Some((object, set)) = find(&cache, key) else {
        api.memory.0.forget(key);
        return Ok(Done::settled());
    };
    let Some(selector) = &set.spec.selector else { return Ok(Done::settled()) };
    if let Some(waiting) = api.memory.0.pending(key, &cache, api.now) {
        return Ok(waiting);
    }
    let pods = pods_by_owner(&cache, &set.metadata);
    let active = pods.iter().filter(|pod| pod.is_active()).cloned();
    let active = claim_pods(&object, selector, |_| true, active, api)?;
    let mut did = Did::nothing(api.now);
    let managed = match set.metadata.is_terminating() {
        true => None,
        false => manage_replicas(&set, &object, &active, &mut did, api)?,
    };
    // Only a ReplicaSet counts those that stop.
    let status = ReplicaSetStatus {
        terminating_replicas: None,
        ..calculate_status(&set, &active, &pods, managed.as_ref(), api.now)
    };
    let updated = update_status(&object, &set, &status, api);
    api.memory.0.remember(key, did);
    updated?;
    match managed {
        Some(error) => Err(Stop::Failed(error)),
        None => Ok(outlook(&set, &active, &status, api.now)),
    }
}

/// Writes the status if it says something new; a refusal is answered by one more try on the live object.
///
/// Upstream: `updateReplicaSetStatus`.
fn update_status(
    object: &Object,
    set: &ReplicaSet,
    status: &ReplicaSetStatus,
    api: &mut Api<'_, Memory>,
) -> Result<(), Stop> {
    if set.status == *status && set.metadata.generation == set.status.observed_generation {
        return Ok(());
    }
    let status = ReplicaSetStatus { observed_generation: set.metadata.generation, ..status.clone() };
    let with = |object: Object| match object {
        Object::Kept(kept) => {
            let mut kept = KeptObject::clone(&kept);
            batch::put(&mut kept.fields, &["status"], status.to_value());
            Object::Kept(Rc::new(kept))
        }
        other => other,
    };
    let Err(_) = api.update_status(with(object.clone()))? else { return Ok(()) };
    match api.get(object.reference())? {
        Ok(fresh) => api.update_status(with(fresh))??,
        Err(error) => return Err(Stop::Failed(error)),
    };
    Ok(())
}

fn kind() -> Kind {
    batch::kind(KIND)
}

fn find(cache: &Objects, key: &Key) -> Option<(Object, Rc<ReplicaSet>)> {
    let object = cache.get(&key.to_ref(kind()))?;
    let set = read(&object)?;
    Some((object, Rc::new(set)))
}

fn read(object: &Object) -> Option<ReplicaSet> {
    let Object::Kept(kept) = object else { return None };
    Some(batch::as_replica_set(kept))
}
