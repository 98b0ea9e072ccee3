//! What a ReplicaSet reports about its pods: the count from before this sync's own creations and deletions.
//!
//! Upstream: `pkg/controller/replicaset/replica_set_utils.go`.

use crate::belief::client::call::{Api, Stop};
use crate::belief::controllers::util::{remove_condition, set_condition};
use crate::ground::clock::Time;
use crate::words::api_error::ApiError;
use petri_objects::*;
use std::rc::Rc;

/// The status that follows from the claimed active pods, all candidates, and the failure of this sync, if any.
///
/// Upstream: `calculateStatus`.
pub fn calculate_status(
    set: &ReplicaSet,
    active: &[Rc<Pod>],
    candidates: &[Rc<Pod>],
    failure: Option<&ApiError>,
    now: Time,
) -> ReplicaSetStatus {
    let count = |predicate: &dyn Fn(&Pod) -> bool| active.iter().filter(|pod| predicate(pod)).count() as i32;
    let template_labels = &set.spec.template.metadata.labels;
    let ready = |pod: &Pod| pod.is_ready();
    let mut status = ReplicaSetStatus {
        replicas: active.len() as i32,
        fully_labeled_replicas: count(&|pod| template_labels.is_subset_of(&pod.metadata.labels)),
        ready_replicas: count(&ready),
        available_replicas: count(&|pod| pod.is_available(set.spec.min_ready_seconds, now)),
        terminating_replicas: Some(terminating(set, candidates)),
        observed_generation: set.status.observed_generation,
        conditions: set.status.conditions.clone(),
    };
    let failed_before = condition(&status.conditions, "ReplicaFailure").is_some();
    match failure {
        Some(error) if !failed_before => {
            let missing = (active.len() as i32) < set.replicas();
            let reason = if missing { "FailedCreate" } else { "FailedDelete" };
            let condition = Condition {
                kind: "ReplicaFailure".into(),
                status: "True".into(),
                reason: reason.into(),
                message: error.to_string().into(),
                last_transition_time: now.whole_seconds(),
                ..Condition::default()
            };
            set_condition(&mut status.conditions, condition);
        }
        None if failed_before => remove_condition(&mut status.conditions, "ReplicaFailure"),
        _ => {}
    }
    status
}

/// Pods of the set that are stopping and have not finished.
fn terminating(set: &ReplicaSet, candidates: &[Rc<Pod>]) -> i32 {
    let selected = |pod: &Pod| set.spec.selector.as_ref().is_some_and(|s| s.matches(&pod.metadata.labels));
    candidates
        .iter()
        .filter(|pod| pod.is_terminating() && !pod.phase().is_terminal())
        .filter(|pod| pod.metadata.is_controlled_by(set.metadata.uid) && selected(pod))
        .count() as i32
}

/// Writes the status if it says something new; a refusal is answered by one more try on the live object.
///
/// # Errors
/// The second refusal.
///
/// Upstream: `updateReplicaSetStatus`.
pub fn update_status<M>(set: &ReplicaSet, status: &ReplicaSetStatus, api: &mut Api<'_, M>) -> Result<(), Stop> {
    if set.status == *status && set.metadata.generation == set.status.observed_generation {
        return Ok(());
    }
    let status = ReplicaSetStatus { observed_generation: set.metadata.generation, ..status.clone() };
    let Err(first) = api.update_status(ReplicaSet { status: status.clone(), ..set.clone() })? else { return Ok(()) };
    let target = ObjectRef::new(Kind::ReplicaSet, set.metadata.namespace.clone(), set.metadata.name.clone());
    let fresh = match api.get(target)? {
        Ok(Object::ReplicaSet(fresh)) => fresh,
        Ok(_) => return Err(Stop::Failed(first)),
        Err(error) => return Err(Stop::Failed(error)),
    };
    api.update_status(ReplicaSet { status, ..(*fresh).clone() })??;
    Ok(())
}
