//! A DaemonSet keeps one pod on every node that its template fits: pods come and go with nodes, labels and taints, and a
//! lost node keeps its pod, because the pod tolerates that for ever.
//!
//! Upstream: `pkg/controller/daemon/daemon_controller.go`.
//!
//! Deviation: while the controller waits to see its own writes it does nothing at all; upstream still writes the
//! status. A sync that is cut and replayed must ask the same questions, whatever has been seen meanwhile.
//!
//! Deviation: nodes are gone through in the order of their names; upstream's maps have none.

mod backoff;
mod history;
mod manage;
mod memory;
mod nodes;
mod pods;
mod scene;
mod status;
mod strategy;
mod update;

pub use memory::Memory;

use super::expectations::Did;
use super::ref_manager::{claim_pods, pods_by_owner};
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome, Stop};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::Span;
use crate::words::reason::Reason;
use nodes::node_should_run_daemon_pod;
use petri_objects::*;
use pods::NodePods;
use scene::Scene;
use std::rc::Rc;

/// Whom a change concerns: the DaemonSet itself, the owner of a pod or a revision before and after, any whose selector
/// matches an orphan, and any for which a node has become another.
///
/// Upstream: `addDaemonset`, `updatePod`, `updateHistory`, `updateNode` and their like.
// Few worlds have DaemonSets: whoever asks for one is not to carry this.
#[inline(never)]
pub fn enqueue(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    match change.object() {
        Object::DaemonSet(set) => {
            let key = Key::of(&set.metadata);
            if change.new.is_none() {
                keys.memory.expectations.forget(&key);
                keys.memory.failed_pods.forget(set.metadata.uid);
            }
            keys.add(key);
        }
        Object::Pod(_) => {
            keys.memory.expectations.hear(change.revision);
            enqueue_owned(change, keys);
            enqueue_after_ready(change, keys);
        }
        Object::ControllerRevision(_) => enqueue_owned(change, keys),
        Object::Node(_) => enqueue_for_node(change, keys),
        _ => {}
    }
}

/// Upstream: `updatePod`, `updateHistory`.
fn enqueue_owned(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    let (old, new) = (change.old.as_ref().map(Object::meta), change.new.as_ref().map(Object::meta));
    let cache = keys.cache;
    let mut wake = |meta: &Meta| {
        if let Some(set) = owner_of(meta, cache) {
            keys.add(Key::of(&set.metadata));
        }
    };
    let Some(new) = new else { return old.into_iter().for_each(wake) };
    let owner_changed = old.is_some_and(|old| old.controller() != new.controller());
    let labels_changed = old.is_none_or(|old| old.labels != new.labels);
    old.filter(|_| owner_changed).into_iter().for_each(&mut wake);
    if new.controller().is_some() {
        return wake(new);
    }
    if !new.is_terminating() && (owner_changed || labels_changed) {
        let selects = |set: &&Rc<DaemonSet>| {
            set.spec.selector.as_ref().is_some_and(|selector| !selector.is_empty() && selector.matches(&new.labels))
        };
        let matching = cache.daemon_sets.in_namespace(&new.namespace).filter(selects);
        matching.for_each(|set| keys.add(Key::of(&set.metadata)));
    }
}

/// A pod that became Ready is looked at again when it has been for long enough.
fn enqueue_after_ready(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    let (Some(Object::Pod(old)), Some(Object::Pod(new))) = (change.old.as_ref(), change.new.as_ref()) else { return };
    if new.is_ready()
        && !old.is_ready()
        && !new.is_terminating()
        && let Some(set) = owner_of(&new.metadata, keys.cache).filter(|set| set.spec.min_ready_seconds > 0)
    {
        // One second more, because Ready since and the clock may be cut to whole seconds.
        keys.add_after(Key::of(&set.metadata), Span::seconds(set.spec.min_ready_seconds as u64 + 1));
    }
}

/// The DaemonSet that controls an object, if the cache has it under that name and uid.
///
/// Upstream: `resolveControllerRef`.
fn owner_of(meta: &Meta, cache: &Objects) -> Option<Rc<DaemonSet>> {
    let controller = meta.controller().filter(|owner| &*owner.kind == "DaemonSet")?;
    let key = Key::new(meta.namespace.clone(), controller.name.clone());
    cache.daemon_sets.get(&key).filter(|set| set.metadata.uid == controller.uid).cloned()
}

/// A new node wakes those that want to run on it, a changed one those that now think otherwise of it. One that goes wakes
/// nobody: its pods will.
///
/// Upstream: `addNode`, `updateNode`.
fn enqueue_for_node(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    let Some(Object::Node(new)) = change.new.as_ref() else { return };
    let old = match change.old.as_ref() {
        Some(Object::Node(old)) => Some(old),
        _ => None,
    };
    // Most changes of a node are its kubelet's reports.
    if old.is_some_and(|old| old.spec == new.spec && old.metadata.labels == new.metadata.labels) {
        return;
    }
    for set in keys.cache.daemon_sets.values() {
        let now = node_should_run_daemon_pod(set, new);
        let concerned = match old {
            Some(old) => node_should_run_daemon_pod(set, old) != now,
            None => now.should_run,
        };
        if concerned {
            keys.add(Key::of(&set.metadata));
        }
    }
}

/// Upstream: `syncDaemonSet`.
#[inline(never)]
pub fn sync(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    let cache = api.cache();
    let Some(set) = cache.daemon_sets.get(key) else {
        api.memory.expectations.forget(key);
        return Ok(Done::settled());
    };
    let Some(selector) = &set.spec.selector else { return Ok(Done::settled()) };
    // Whether its revisions and pods still belong to it cannot be known any more.
    if set.metadata.is_terminating() {
        return Ok(Done::waiting(Reason::SetTerminating));
    }
    if let Some(waiting) = api.memory.expectations.pending(key, &cache, api.now) {
        return Ok(waiting);
    }

    let owner = Object::DaemonSet(set.clone());
    let (current, old) = history::construct_history(set, &owner, selector, api)?;
    let hash = history::hash_of(&current);
    let claimed = claim_pods(&owner, selector, |_| true, pods_by_owner(&cache, &set.metadata), api)?;
    let mut scene = Scene { set, owner, hash, cache: &cache, pods: NodePods::of(&claimed), did: Did::nothing(api.now) };
    let outcome = match update_daemon_set(&mut scene, &claimed, old, api) {
        Err(Stop::Awaiting) => return Err(Stop::Awaiting),
        outcome => outcome,
    };
    let written = match status::update(&scene, api) {
        Err(Stop::Awaiting) => return Err(Stop::Awaiting),
        written => written,
    };
    // What was created and deleted is remembered whether or not the status could be written.
    api.memory.expectations.remember(key, scene.did);
    let done = outcome?;
    Ok(written?.or(done, api.now))
}

/// Creates and deletes what nodes need, then replaces old pods, then forgets old revisions.
///
/// Upstream: `updateDaemonSet`.
fn update_daemon_set(
    scene: &mut Scene<'_>,
    claimed: &[Rc<Pod>],
    old: Vec<Rc<ControllerRevision>>,
    api: &mut Api<'_, Memory>,
) -> Outcome {
    let again = manage::manage(scene, api)?;
    let mut done = Done::default().or_after(again);
    // Who has just created or deleted something waits to see it first.
    if scene.did.is_nothing() && &*scene.set.spec.update_strategy.kind == "RollingUpdate" {
        done.waiting = update::rolling_update(scene, api)?;
    }
    history::cleanup_history(scene.set, claimed, old, api)?;
    Ok(done)
}

#[cfg(test)]
mod tests;
