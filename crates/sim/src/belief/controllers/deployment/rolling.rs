//! RollingUpdate: one sync either makes the new ReplicaSet larger or the old ones smaller, never both.
//!
//! Upstream: `pkg/controller/deployment/rolling.go`.

use super::progress::sync_rollout_status;
use super::scale::scale_and_record;
use super::sync::{Sets, clean_up, replica_sets_and_revision};
use super::util::*;
use crate::belief::client::call::{Api, Outcome, Stop};
use petri_objects::*;
use std::rc::Rc;

/// Upstream: `rolloutRolling`.
pub fn rollout_rolling(deployment: &mut Deployment, sets: &[Rc<ReplicaSet>], api: &mut Api<'_>) -> Outcome {
    let sets = replica_sets_and_revision(deployment, sets, true, api)?;
    let (all, Some(new)) = (sets.all(), &sets.new) else { unreachable!("the new ReplicaSet was found or created") };
    if reconcile_new_replica_set(deployment, &all, new, api)?
        || reconcile_old_replica_sets(deployment, &sets, new, api)?
    {
        return sync_rollout_status(deployment, &all, Some(new), api);
    }
    if is_complete(deployment, &deployment.status) {
        clean_up(deployment, &sets.old, api)?;
    }
    sync_rollout_status(deployment, &all, Some(new), api)
}

/// Upstream: `reconcileNewReplicaSet`.
pub fn reconcile_new_replica_set(
    deployment: &Deployment,
    all: &[Rc<ReplicaSet>],
    new: &Rc<ReplicaSet>,
    api: &mut Api<'_>,
) -> Result<bool, Stop> {
    let size = match new.replicas().cmp(&deployment.replicas()) {
        std::cmp::Ordering::Equal => return Ok(false),
        std::cmp::Ordering::Greater => deployment.replicas(),
        std::cmp::Ordering::Less => new_replica_set_size(deployment, all, new),
    };
    Ok(scale_and_record(deployment, new, size, api)?.0)
}

/// Takes from the old ReplicaSets first the pods that do not serve anyway, then as many as availability allows.
///
/// A refusal is not passed on: the rollout status is written all the same, and tells that nothing moves.
///
/// Upstream: `reconcileOldReplicaSets`.
pub fn reconcile_old_replica_sets(
    deployment: &Deployment,
    sets: &Sets,
    new: &Rc<ReplicaSet>,
    api: &mut Api<'_>,
) -> Result<bool, Stop> {
    let mut old = active(&sets.old);
    let limit = max_scaled_down(deployment, &old, new);
    if limit <= 0 {
        return Ok(false);
    }
    let scaled = clean_up_unhealthy(deployment, &mut old, limit, api)
        .and_then(|unhealthy| Ok(unhealthy + scale_down_available(deployment, &old, new, api)?));
    match scaled {
        Ok(count) => Ok(count > 0),
        Err(Stop::Failed(_)) => Ok(false),
        Err(Stop::Awaiting) => Err(Stop::Awaiting),
    }
}

/// How many old pods may go so that enough are left, even if no pod of the new ReplicaSet that is not available yet
/// ever becomes so.
pub fn max_scaled_down(deployment: &Deployment, old: &[Rc<ReplicaSet>], new: &ReplicaSet) -> i32 {
    if spec_replicas(old) == 0 {
        return 0;
    }
    let total = spec_replicas(old) + new.replicas();
    let min_available = deployment.replicas() - max_unavailable(deployment);
    let new_unavailable = new.replicas() - new.status.available_replicas;
    total - min_available - new_unavailable
}

/// Upstream: `cleanupUnhealthyReplicas`.
pub fn clean_up_unhealthy(
    deployment: &Deployment,
    old: &mut Vec<Rc<ReplicaSet>>,
    limit: i32,
    api: &mut Api<'_>,
) -> Result<i32, Stop> {
    sort_by_creation(old);
    let mut scaled_down = 0;
    for set in old {
        let unhealthy = set.replicas() - set.status.available_replicas;
        let count = unhealthy.min(limit - scaled_down);
        if count > 0 {
            *set = scale_and_record(deployment, set, set.replicas() - count, api)?.1;
            scaled_down += count;
        }
    }
    Ok(scaled_down)
}

/// Upstream: `scaleDownOldReplicaSetsForRollingUpdate`.
pub fn scale_down_available(
    deployment: &Deployment,
    old: &[Rc<ReplicaSet>],
    new: &ReplicaSet,
    api: &mut Api<'_>,
) -> Result<i32, Stop> {
    let min_available = deployment.replicas() - max_unavailable(deployment);
    let limit = available_replicas(old) + new.status.available_replicas - min_available;
    let mut scaled_down = 0;
    for set in old {
        let count = set.replicas().min(limit - scaled_down);
        if count > 0 {
            scale_and_record(deployment, set, set.replicas() - count, api)?;
            scaled_down += count;
        }
    }
    Ok(scaled_down)
}
