//! A Deployment never touches a pod: it keeps one ReplicaSet per template and moves replicas from the old ones to the
//! new one, as fast as `maxSurge` and `maxUnavailable` allow.
//!
//! Upstream: `pkg/controller/deployment/deployment_controller.go`.

pub mod util;

mod progress;
mod recreate;
mod rollback;
mod rolling;
mod scale;
mod status;
mod sync;
pub mod template_hash;

use super::ref_manager::claim;
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome};
use crate::belief::client::informer::Enqueue;
use crate::words::reason::Reason;
use petri_objects::*;
use std::rc::Rc;

/// Whom a change concerns: the Deployment itself, the owner of a ReplicaSet before and after, any Deployment whose
/// selector matches an orphaned ReplicaSet, and a Deployment of type Recreate whose last pod has gone.
///
/// Upstream: `addDeployment`, `addReplicaSet`, `updateReplicaSet`, `deleteReplicaSet`, `deletePod`.
pub fn enqueue(change: &Change, keys: &mut Enqueue<'_>) {
    match (&change.old, &change.new) {
        (_, Some(Object::Deployment(deployment))) | (Some(Object::Deployment(deployment)), None) => {
            keys.add(Key::of(&deployment.metadata));
        }
        (old, Some(Object::ReplicaSet(new))) => {
            let old = match old {
                Some(Object::ReplicaSet(old)) => Some(old),
                _ => None,
            };
            enqueue_replica_set(old, new, keys);
        }
        (Some(Object::ReplicaSet(old)), None) => wake_owner(&old.metadata, keys),
        (Some(Object::Pod(pod)), None) => enqueue_last_pod(pod, keys),
        _ => {}
    }
}

fn enqueue_replica_set(old: Option<&Rc<ReplicaSet>>, new: &Rc<ReplicaSet>, keys: &mut Enqueue<'_>) {
    let owner_changed = old.is_some_and(|old| old.metadata.controller() != new.metadata.controller());
    let labels_changed = old.is_none_or(|old| old.metadata.labels != new.metadata.labels);
    if let Some(old) = old.filter(|_| owner_changed) {
        wake_owner(&old.metadata, keys);
    }
    if new.metadata.controller().is_some() {
        wake_owner(&new.metadata, keys);
    } else if !new.metadata.is_terminating() && (owner_changed || labels_changed) {
        let matching: Vec<Key> = keys
            .cache
            .deployments
            .in_namespace(&new.metadata.namespace)
            .filter(|deployment| {
                let selector = deployment.spec.selector.as_ref();
                selector.is_some_and(|selector| !selector.is_empty() && selector.matches(&new.metadata.labels))
            })
            .map(|deployment| Key::of(&deployment.metadata))
            .collect();
        matching.into_iter().for_each(|key| keys.add(key));
    }
}

fn wake_owner(owned: &Meta, keys: &mut Enqueue<'_>) {
    if let Some(deployment) = owner_of(owned, keys.cache) {
        keys.add(Key::of(&deployment.metadata));
    }
}

/// Upstream: `resolveControllerRef`.
fn owner_of(owned: &Meta, cache: &Objects) -> Option<Rc<Deployment>> {
    let controller = owned.controller().filter(|owner| &*owner.kind == "Deployment")?;
    let key = Key::new(owned.namespace.clone(), controller.name.clone());
    cache.deployments.get(&key).filter(|deployment| deployment.metadata.uid == controller.uid).cloned()
}

/// Recreate waits for the last pod; no other change of a pod is of interest, because ReplicaSets count them.
fn enqueue_last_pod(pod: &Pod, keys: &mut Enqueue<'_>) {
    let Some(controller) = pod.metadata.controller().filter(|owner| &*owner.kind == "ReplicaSet") else { return };
    let key = Key::new(pod.metadata.namespace.clone(), controller.name.clone());
    let Some(set) = keys.cache.replica_sets.get(&key).filter(|set| set.metadata.uid == controller.uid) else { return };
    let Some(deployment) = owner_of(&set.metadata, keys.cache) else { return };
    if util::is_rolling_update(&deployment) {
        return;
    }
    let sets: Vec<Rc<ReplicaSet>> = keys
        .cache
        .replica_sets
        .in_namespace(&deployment.metadata.namespace)
        .filter(|set| set.metadata.is_controlled_by(deployment.metadata.uid))
        .cloned()
        .collect();
    if pods_of(&deployment, &sets, keys.cache).is_empty() {
        keys.add(Key::of(&deployment.metadata));
    }
}

/// The pods that the ReplicaSets control.
///
/// Upstream: `getPodMapForDeployment`.
fn pods_of(deployment: &Deployment, sets: &[Rc<ReplicaSet>], cache: &Objects) -> Vec<Rc<Pod>> {
    let Some(selector) = &deployment.spec.selector else { return Vec::new() };
    let controlled = |pod: &Pod| sets.iter().any(|set| pod.metadata.is_controlled_by(set.metadata.uid));
    cache
        .pods
        .in_namespace(&deployment.metadata.namespace)
        .filter(|pod| selector.matches(&pod.metadata.labels) && controlled(pod))
        .cloned()
        .collect()
}

/// Upstream: `syncDeployment`.
pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    let cache = api.cache();
    let Some(stored) = cache.deployments.get(key) else { return Ok(Done::settled()) };
    let Some(selector) = &stored.spec.selector else { return Ok(Done::settled()) };
    let owner = Object::Deployment(stored.clone());
    // The working copy: conditions and the revision are collected in it, while its resourceVersion stays that of the
    // cache. A second status write in one sync is therefore refused as stale, and done by the retry.
    let mut deployment = (**stored).clone();
    if selector.is_empty() {
        api.warning(&owner, "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.");
        if deployment.status.observed_generation < deployment.metadata.generation {
            deployment.status.observed_generation = deployment.metadata.generation;
            api.update_status(deployment)??;
        }
        return Ok(Done::settled());
    }

    let candidates: Vec<Rc<ReplicaSet>> = cache.replica_sets.in_namespace(&key.namespace).cloned().collect();
    let sets = claim(&owner, selector, |_: &ReplicaSet| true, candidates, api)?;
    if deployment.metadata.is_terminating() {
        sync::sync_status_only(&mut deployment, &sets, api)?;
        return Ok(Done::waiting(Reason::DeploymentTerminating));
    }
    // Pausing and resuming is written down first, so that the time of the pause does not count as lack of progress.
    progress::check_paused_conditions(&mut deployment, api)?;
    if deployment.spec.paused {
        sync::sync(&mut deployment, &sets, api)?;
        return Ok(Done::waiting(Reason::RolloutPaused));
    }
    if util::rollback_to(&deployment).is_some() {
        return rollback::rollback(&mut deployment, &sets, api);
    }
    if scale::is_scaling_event(&mut deployment, &sets, api)? {
        sync::sync(&mut deployment, &sets, api)?;
        return Ok(Done::settled());
    }
    if util::is_rolling_update(&deployment) {
        rolling::rollout_rolling(&mut deployment, &sets, api)
    } else {
        let pods = pods_of(&deployment, &sets, &cache);
        recreate::rollout_recreate(&mut deployment, &sets, &pods, api)
    }
}

#[cfg(test)]
mod tables;
#[cfg(test)]
mod tests;
