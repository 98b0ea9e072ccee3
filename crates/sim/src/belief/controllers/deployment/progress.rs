//! Whether a rollout moves, has arrived, or has stood still for too long. The verdict is only told: nothing is undone.
//!
//! Upstream: `pkg/controller/deployment/progress.go`.

use super::status::{calculate_status, new_condition};
use super::util::{is_complete, progress_deadline_seconds};
use crate::belief::client::call::{Api, Done, Stop};
use crate::belief::controllers::util::{remove_condition, set_condition};
use crate::ground::clock::{Span, Time};
use crate::words::reason::Reason;
use petri_objects::*;
use std::rc::Rc;

const PROGRESSING: &str = "Progressing";
const AVAILABLE: &str = "NewReplicaSetAvailable";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const PAUSED: &str = "DeploymentPaused";

/// Writes the status with its Progressing condition. The answer says what the rollout waits for, and when to look
/// whether it has stood still for too long.
///
/// # Errors
/// What the API server refuses.
///
/// Upstream: `syncRolloutStatus`.
pub fn sync_rollout_status(
    deployment: &mut Deployment,
    sets: &[Rc<ReplicaSet>],
    new: Option<&Rc<ReplicaSet>>,
    api: &mut Api<'_>,
) -> Result<Done, Stop> {
    let mut status = calculate_status(deployment, sets, new.map(|set| &**set), api.now);
    if progress_deadline_seconds(deployment).is_none() {
        remove_condition(&mut status.conditions, PROGRESSING);
    } else {
        let current = condition(&deployment.status.conditions, PROGRESSING);
        // A scaled Deployment does not start to progress again.
        let arrived = status.replicas == status.updated_replicas && current.is_some_and(|c| &*c.reason == AVAILABLE);
        if !arrived {
            judge(deployment, &mut status, new, api.now);
        }
    }
    match replica_failure(sets, new) {
        Some(failure) => set_condition(&mut status.conditions, failure),
        None => remove_condition(&mut status.conditions, "ReplicaFailure"),
    }

    let done = match new {
        Some(set) if !is_complete(deployment, &status) => {
            Done::waiting(Reason::RolloutWaitsForAvailability { replica_set: set.metadata.name.clone() })
        }
        _ => Done::settled(),
    };
    if status == deployment.status {
        return Ok(done.or_after(next_progress_check(deployment, api.now)));
    }
    deployment.status = status;
    api.update_status(deployment.clone())??;
    Ok(done)
}

/// Sets the Progressing condition.
fn judge(deployment: &Deployment, status: &mut DeploymentStatus, new: Option<&Rc<ReplicaSet>>, now: Time) {
    let what = match new {
        Some(set) => format!("ReplicaSet \"{}\"", set.metadata.name),
        None => format!("Deployment \"{}\"", deployment.metadata.name),
    };
    if is_complete(deployment, status) {
        let message = format!("{what} has successfully progressed.");
        set_condition(&mut status.conditions, new_condition(PROGRESSING, "True", AVAILABLE, message, now));
    } else if has_progressed(deployment, status) {
        let message = format!("{what} is progressing.");
        let mut moving = new_condition(PROGRESSING, "True", "ReplicaSetUpdated", message, now);
        // The time of the last update must move even if nothing else in the condition does.
        if let Some(current) = condition(&status.conditions, PROGRESSING) {
            if &*current.status == "True" {
                moving.last_transition_time = current.last_transition_time;
            }
            remove_condition(&mut status.conditions, PROGRESSING);
        }
        status.conditions.push(moving);
    } else if has_timed_out(deployment, status, now) {
        let message = format!("{what} has timed out progressing.");
        set_condition(&mut status.conditions, new_condition(PROGRESSING, "False", TIMED_OUT, message, now));
    }
}

/// Upstream: `DeploymentProgressing`.
pub fn has_progressed(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let before = &deployment.status;
    status.updated_replicas > before.updated_replicas
        || status.replicas - status.updated_replicas < before.replicas - before.updated_replicas
        || status.ready_replicas > before.ready_replicas
        || status.available_replicas > before.available_replicas
}

/// Upstream: `DeploymentTimedOut`.
pub fn has_timed_out(deployment: &Deployment, status: &DeploymentStatus, now: Time) -> bool {
    let Some(seconds) = progress_deadline_seconds(deployment) else { return false };
    match condition(&status.conditions, PROGRESSING) {
        None => false,
        Some(current) if &*current.reason == AVAILABLE => false,
        Some(current) if &*current.reason == TIMED_OUT => true,
        Some(current) => current.last_update_time + Span::seconds(seconds.max(0) as u64) < now,
    }
}

/// The failure of the new ReplicaSet, or else of any other.
///
/// Upstream: `getReplicaFailures`.
fn replica_failure(sets: &[Rc<ReplicaSet>], new: Option<&Rc<ReplicaSet>>) -> Option<Condition> {
    let failure = |set: &Rc<ReplicaSet>| condition(&set.status.conditions, "ReplicaFailure").cloned();
    let failure = new.and_then(failure).or_else(|| sets.iter().find_map(failure))?;
    Some(Condition { last_update_time: failure.last_transition_time, ..failure })
}

/// When to look whether the deadline has passed: nothing in the store would wake the Deployment.
///
/// Upstream: `requeueStuckDeployment`, which polls with back-off in the last second; here the last look is timed. A rollout
/// that was complete once never times out, so nobody looks again after its deadline; upstream goes on polling, ten times a
/// second, and never finds anything.
fn next_progress_check(deployment: &Deployment, now: Time) -> Option<Span> {
    let seconds = progress_deadline_seconds(deployment)?;
    let current = condition(&deployment.status.conditions, PROGRESSING)?;
    if is_complete(deployment, &deployment.status) || &*current.reason == TIMED_OUT {
        return None;
    }
    let left = (current.last_update_time + Span::seconds(seconds.max(0) as u64)).since(now);
    if &*current.reason == AVAILABLE && left == Span::ZERO {
        return None;
    }
    Some(if left < Span::seconds(1) { left + Span::millis(5) } else { left + Span::seconds(1) })
}

/// Notes the beginning and the end of a pause.
///
/// # Errors
/// What the API server refuses.
///
/// Upstream: `checkPausedConditions`.
pub fn check_paused_conditions(deployment: &mut Deployment, api: &mut Api<'_>) -> Result<(), Stop> {
    if progress_deadline_seconds(deployment).is_none() {
        return Ok(());
    }
    let reason = condition(&deployment.status.conditions, PROGRESSING).map_or("", |current| &*current.reason);
    let changed = match (deployment.spec.paused, reason) {
        (_, TIMED_OUT) => return Ok(()),
        (true, reason) if reason != PAUSED => {
            new_condition(PROGRESSING, "Unknown", PAUSED, "Deployment is paused", api.now)
        }
        (false, PAUSED) => new_condition(PROGRESSING, "Unknown", "DeploymentResumed", "Deployment is resumed", api.now),
        _ => return Ok(()),
    };
    set_condition(&mut deployment.status.conditions, changed);
    api.update_status(deployment.clone())??;
    Ok(())
}
