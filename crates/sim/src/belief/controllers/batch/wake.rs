//! Whom a change of a Job or of a pod concerns.
//!
//! Upstream: `addJob`, `updateJob`, `deleteJob`, `addPod`, `updatePod`, `deletePod` in `job_controller.go`.

use super::course::is_tracked;
use super::job::{BATCH, Memory, ORPHAN};
use super::spec::{Spec, job, jobs_in};
use super::status::Status;
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::Span;
use petri_objects::{KeptObject, Object, Pod, batch};
use std::rc::Rc;

#[inline(never)]
pub fn job_changed(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    let of = |object: &Option<Object>| object.as_ref().and_then(batch::job).cloned();
    let (old, new) = (of(&change.old), of(&change.new));
    let Some(job) = new.clone().or_else(|| old.clone()) else { return };
    let key = Key::of(&job.metadata);
    let changed = old.as_ref().zip(new.as_ref());
    match changed.is_some_and(|(old, new)| old.metadata.generation == new.metadata.generation) {
        true => keys.add_after(key.clone(), BATCH),
        false => keys.add(key.clone()),
    }
    let status = Status::of(&job);
    if new.is_none() || status.end().is_some() {
        let own = |pod: &&Rc<Pod>| pod.metadata.is_controlled_by(job.metadata.uid) && is_tracked(pod);
        let pods = keys.cache.pods.in_namespace(&job.metadata.namespace).filter(own);
        let pods: Vec<Key> = pods.map(|pod| orphan(pod)).collect();
        pods.into_iter().for_each(|pod| keys.add(pod));
    }
    if let (Some((old, new)), Some(started)) = (changed, status.started) {
        let (before, now) = (Spec::of(old).deadline_seconds, Spec::of(new).deadline_seconds);
        if let Some(seconds) = now.filter(|_| now != before) {
            let ends = started + Span::seconds(seconds.max(0) as u64);
            keys.add_after(key, ends.since(keys.now));
        }
    }
}

#[inline(never)]
pub fn pod_changed(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    let of = |object: &Option<Object>| match object {
        Some(Object::Pod(pod)) => Some(pod.clone()),
        _ => None,
    };
    let (old, new) = (of(&change.old), of(&change.new));
    let former = old.as_ref().and_then(|pod| owner(pod, keys.cache));
    let Some(new) = new else {
        return former.into_iter().for_each(|job| keys.add_after(Key::of(&job.metadata), BATCH));
    };
    let owner_changed = old.as_ref().is_some_and(|old| old.metadata.controller() != new.metadata.controller());
    if let Some(job) = former.filter(|_| owner_changed && !new.metadata.is_terminating()) {
        keys.add_after(Key::of(&job.metadata), BATCH);
    }
    match owner(&new, keys.cache) {
        Some(job) if !new.is_terminating() || Status::of(&job).end().is_none() => {
            keys.add_after(Key::of(&job.metadata), BATCH);
        }
        _ if is_tracked(&new) && (new.is_terminating() || new.metadata.controller().is_none()) => {
            keys.add(orphan(&new));
        }
        _ => {}
    }
    if new.metadata.controller().is_none() && !new.is_terminating() {
        let relabelled = old.is_none_or(|old| old.metadata.labels != new.metadata.labels);
        if relabelled || owner_changed {
            let fits = |job: &Rc<KeptObject>| {
                let selector = batch::selector(job);
                !selector.is_empty() && selector.matches(&new.metadata.labels)
            };
            let jobs = jobs_in(keys.cache, &new.metadata.namespace).into_iter().filter(fits);
            jobs.for_each(|job| keys.add_after(Key::of(&job.metadata), BATCH));
        }
    }
}

/// The key under which a pod waits to be let go.
fn orphan(pod: &Pod) -> Key {
    Key::of(&pod.metadata).sibling(format!("{ORPHAN}{}", pod.metadata.name))
}

/// The Job that controls the pod, if the cache has it under that name and uid.
///
/// Upstream: `resolveControllerRef`.
fn owner(pod: &Pod, objects: &Objects) -> Option<Rc<KeptObject>> {
    let owner = pod.metadata.controller().filter(|owner| &*owner.kind == "Job")?;
    let key = Key::of(&pod.metadata).sibling(owner.name.clone());
    job(objects, &key).filter(|job| job.metadata.uid == owner.uid)
}
