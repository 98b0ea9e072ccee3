//! What a Deployment reports: sums over its ReplicaSets, and whether enough pods are available.
//!
//! Upstream: `calculateStatus` in `pkg/controller/deployment/sync.go`.

use super::util::{available_replicas, max_unavailable, spec_replicas};
use crate::belief::client::call::{Api, Stop};
use crate::belief::controllers::util::set_condition;
use crate::ground::clock::Time;
use petri_objects::*;
use std::rc::Rc;

/// A condition that begins now.
///
/// Upstream: `NewDeploymentCondition`.
pub fn new_condition(kind: &str, status: &str, reason: &str, message: impl Into<Name>, now: Time) -> Condition {
    Condition {
        kind: kind.into(),
        status: status.into(),
        reason: reason.into(),
        message: message.into(),
        last_update_time: now.whole_seconds(),
        last_transition_time: now.whole_seconds(),
        ..Condition::default()
    }
}

/// Upstream: `calculateStatus`.
pub fn calculate_status(
    deployment: &Deployment,
    sets: &[Rc<ReplicaSet>],
    new: Option<&ReplicaSet>,
    now: Time,
) -> DeploymentStatus {
    let available = available_replicas(sets);
    let mut status = DeploymentStatus {
        observed_generation: deployment.metadata.generation,
        replicas: sets.iter().map(|set| set.status.replicas).sum(),
        updated_replicas: new.map_or(0, |set| set.status.replicas),
        ready_replicas: sets.iter().map(|set| set.status.ready_replicas).sum(),
        available_replicas: available,
        unavailable_replicas: (spec_replicas(sets) - available).max(0),
        terminating_replicas: sets.iter().map(|set| set.status.terminating_replicas).sum(),
        collision_count: deployment.status.collision_count,
        conditions: deployment.status.conditions.clone(),
    };
    let condition = if available >= deployment.replicas() - max_unavailable(deployment) {
        let message = "Deployment has minimum availability.";
        new_condition("Available", "True", "MinimumReplicasAvailable", message, now)
    } else {
        let message = "Deployment does not have minimum availability.";
        new_condition("Available", "False", "MinimumReplicasUnavailable", message, now)
    };
    set_condition(&mut status.conditions, condition);
    status
}

/// Writes the status if it says something new.
///
/// # Errors
/// What the API server refuses.
///
/// Upstream: `syncDeploymentStatus`.
pub fn sync_deployment_status(
    deployment: &Deployment,
    sets: &[Rc<ReplicaSet>],
    new: Option<&ReplicaSet>,
    api: &mut Api<'_>,
) -> Result<(), Stop> {
    let status = calculate_status(deployment, sets, new, api.now);
    if status != deployment.status {
        api.update_status(Deployment { status, ..deployment.clone() })??;
    }
    Ok(())
}
