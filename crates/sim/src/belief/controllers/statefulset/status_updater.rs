//! The set's status: counted from the pods as the sync found them.
//!
//! Upstream: `stateful_set_control.go` (`computeReplicaStatus`, `completeRollingUpdate`), `stateful_set_status_updater.go`.

use super::revisions::{Memory, Revisions};
use super::utils::pod_revision;
use crate::belief::client::call::{Api, Stop, expect_kind};
use petri_objects::*;
use std::rc::Rc;

/// Counts the pods that exist. Pods that this sync creates or deletes show up in the next one.
pub fn compute(set: &StatefulSet, pods: &[Rc<Pod>], revisions: &Revisions, api: &Api<'_, Memory>) -> StatefulSetStatus {
    let mut status = StatefulSetStatus {
        observed_generation: set.metadata.generation,
        current_revision: revisions.current.metadata.name.clone(),
        update_revision: revisions.update.metadata.name.clone(),
        collision_count: Some(revisions.collision_count),
        ..StatefulSetStatus::default()
    };
    for pod in pods.iter().filter(|pod| pod.is_created()) {
        status.replicas += 1;
        if pod.is_running_and_ready() {
            status.ready_replicas += 1;
            status.available_replicas += i32::from(pod.is_available(set.spec.min_ready_seconds, api.now));
        }
        if !pod.is_terminating() {
            let revision = pod_revision(pod);
            status.current_replicas += i32::from(revision == &*status.current_revision);
            status.updated_replicas += i32::from(revision == &*status.update_revision);
        }
    }
    status
}

/// A rolling update is complete when every replica is updated and ready; availability is not asked for.
pub fn complete_rolling_update(set: &StatefulSet, status: &mut StatefulSetStatus) {
    if &*set.spec.update_strategy.kind == "RollingUpdate"
        && status.updated_replicas == status.replicas
        && status.ready_replicas == status.replicas
        && status.replicas == set.replicas()
    {
        status.current_replicas = status.updated_replicas;
        status.current_revision = status.update_revision.clone();
    }
}

/// Writes the status if it says something new; a lost race is tried again on the live object.
///
/// # Errors
/// The API server's refusal.
pub fn update(set: &Rc<StatefulSet>, status: &StatefulSetStatus, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
    if !is_inconsistent(set, status) {
        return Ok(());
    }
    let mut target = set.clone();
    // The tries of upstream's default back-off.
    for _ in 0..5 {
        let mut updated = (*target).clone();
        updated.status = status.clone();
        match api.update_status(updated)? {
            Ok(_) => return Ok(()),
            Err(error) if error.is_conflict() => {
                let reference =
                    ObjectRef::new(Kind::StatefulSet, set.metadata.namespace.clone(), set.metadata.name.clone());
                target = expect_kind(api.get(reference)??);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn is_inconsistent(set: &StatefulSet, status: &StatefulSetStatus) -> bool {
    let old = &set.status;
    status.observed_generation > old.observed_generation
        || status.replicas != old.replicas
        || status.current_replicas != old.current_replicas
        || status.ready_replicas != old.ready_replicas
        || status.updated_replicas != old.updated_replicas
        || status.available_replicas != old.available_replicas
        || status.current_revision != old.current_revision
        || status.update_revision != old.update_revision
}
