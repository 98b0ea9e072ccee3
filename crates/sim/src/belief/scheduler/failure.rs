//! What becomes of an attempt that failed: the pod is told, and waits for something to change.
//!
//! Upstream: `pkg/scheduler/schedule_one.go`.

use super::memory::Memory;
use super::preemption;
use super::queue::{self, Attempt, Failure, Stage};
use crate::belief::api::request::{Patch, Reply};
use crate::belief::api::shelf::Key;
use crate::belief::client::call::{Api, Done, Outcome, Stop};
use crate::ground::clock::Time;
use crate::words::reason::Reason;
use petri_objects::{Condition, Kind, Object, Pod, condition};
use std::rc::Rc;

/// Tells the pod why it has no node, and parks it.
///
/// Upstream: `handleSchedulingFailure`.
pub fn handle_failure(
    key: &Key,
    pod: &Rc<Pod>,
    attempt: &Attempt,
    failure: &Failure,
    api: &mut Api<'_, Memory>,
) -> Outcome {
    preemption::evict(pod, failure, api)?;
    let target = key.to_ref(Kind::Pod);
    if let Some(condition) = changed_condition(pod, failure, api.now) {
        let patch = Patch::PodCondition { condition, phase: None };
        if let Some(done) = gone(key, api.patch(target.clone(), Some(pod.metadata.uid), patch)?, api)? {
            return Ok(done);
        }
    }
    if let Some(node) = failure.nominated.as_ref().filter(|node| **node != pod.status.nominated_node_name) {
        let patch = Patch::NominatedNode(node.clone());
        if let Some(done) = gone(key, api.patch(target, Some(pod.metadata.uid), patch)?, api)? {
            return Ok(done);
        }
    }
    api.warning(&Object::Pod(pod.clone()), "FailedScheduling", failure.message.clone());
    let is_error = &*failure.reason == "SchedulerError";
    let until = if is_error { api.now + queue::back_off(attempt.failures) } else { queue::flush_at(api.now) };
    let parked = Stage::Parked {
        refused_by: failure.refused_by,
        message: failure.message.clone(),
        until,
        woken: false,
        nominated: failure.nominated.clone(),
    };
    api.memory.queue.put(key, Attempt { stage: parked, ..attempt.clone() });
    let waiting = Some(Reason::Unschedulable { message: failure.message.clone() });
    Ok(Done { waiting, after: Some(until.since(api.now)) })
}

/// A pod that was deleted meanwhile needs no node.
pub fn gone(key: &Key, reply: Reply, api: &mut Api<'_, Memory>) -> Result<Option<Done>, Stop> {
    match reply {
        Ok(_) => Ok(None),
        Err(error) if error.is_not_found() || error.is_conflict() => {
            api.memory.queue.forget(key);
            Ok(Some(Done::settled()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The condition PodScheduled=False, unless the pod says so already.
fn changed_condition(pod: &Pod, failure: &Failure, now: Time) -> Option<Condition> {
    let old = condition(&pod.status.conditions, "PodScheduled");
    let same =
        |old: &Condition| &*old.status == "False" && old.reason == failure.reason && old.message == failure.message;
    if old.is_some_and(same) {
        return None;
    }
    let since = old.filter(|old| &*old.status == "False").map_or(now.whole_seconds(), |old| old.last_transition_time);
    Some(Condition {
        kind: "PodScheduled".into(),
        status: "False".into(),
        reason: failure.reason.clone(),
        message: failure.message.clone(),
        observed_generation: pod.metadata.generation,
        last_transition_time: since,
        ..Condition::default()
    })
}
