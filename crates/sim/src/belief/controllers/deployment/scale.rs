//! Changing the size of ReplicaSets: one at a time in a rollout, all in proportion when a Deployment is scaled in the
//! middle of one.
//!
//! Upstream: `scale` and its helpers in `pkg/controller/deployment/sync.go`.

use super::sync::{Sets, replica_sets_and_revision};
use super::util::*;
use crate::belief::client::call::{Api, Stop, expect_kind};
use petri_objects::order::Order as _;
use petri_objects::*;
use std::rc::Rc;

/// Whether the Deployment's number of replicas differs from what it was when its ReplicaSets were last scaled.
///
/// # Errors
/// What the API server refuses.
///
/// Upstream: `isScalingEvent`.
pub fn is_scaling_event(deployment: &mut Deployment, sets: &[Rc<ReplicaSet>], api: &mut Api<'_>) -> Result<bool, Stop> {
    let sets = replica_sets_and_revision(deployment, sets, false, api)?;
    let differs = |set: &Rc<ReplicaSet>| desired_replicas(set).is_some_and(|desired| desired != deployment.replicas());
    Ok(active(&sets.all()).iter().any(differs))
}

/// Brings all ReplicaSets to the size that the Deployment's number of replicas asks for.
///
/// # Errors
/// What the API server refuses.
///
/// Upstream: `scale`.
pub fn scale(deployment: &Deployment, sets: &Sets, api: &mut Api<'_>) -> Result<(), Stop> {
    if let Some(only) = active_or_latest(sets) {
        if only.replicas() != deployment.replicas() {
            scale_replica_set(deployment, &only, deployment.replicas(), api)?;
        }
        return Ok(());
    }
    if sets.new.as_ref().is_some_and(|new| is_saturated(deployment, new)) {
        for old in active(&sets.old) {
            scale_replica_set(deployment, &old, 0, api)?;
        }
        return Ok(());
    }
    if !is_rolling_update(deployment) {
        return Ok(());
    }
    let all = active(&sets.all());
    let allowed = if deployment.replicas() > 0 { deployment.replicas() + max_surge(deployment) } else { 0 };
    for (set, size) in proportional_sizes(deployment, all, allowed) {
        scale_replica_set(deployment, &set, size, api)?;
    }
    Ok(())
}

/// The only ReplicaSet with pods, or the newest if none has any.
///
/// Upstream: `FindActiveOrLatest`.
fn active_or_latest(sets: &Sets) -> Option<Rc<ReplicaSet>> {
    match &active(&sets.all())[..] {
        [] => sets.new.clone().or_else(|| sets.old.iter().max_by(|a, b| by_creation(a, b)).cloned()),
        [only] => Some(only.clone()),
        _ => None,
    }
}

/// Upstream: `IsSaturated`.
fn is_saturated(deployment: &Deployment, new: &ReplicaSet) -> bool {
    let wanted = deployment.replicas();
    new.replicas() == wanted && desired_replicas(new) == Some(wanted) && new.status.available_replicas == wanted
}

/// The new size of each ReplicaSet, largest first; what rounding leaves over goes to the first.
pub fn proportional_sizes(
    deployment: &Deployment,
    mut sets: Vec<Rc<ReplicaSet>>,
    allowed: i32,
) -> Vec<(Rc<ReplicaSet>, i32)> {
    let to_add = allowed - spec_replicas(&sets);
    match to_add.signum() {
        1 => sets.order_by(|a, b| b.replicas().cmp(&a.replicas()).then_with(|| by_creation(b, a))),
        -1 => sets.order_by(|a, b| b.replicas().cmp(&a.replicas()).then_with(|| by_creation(a, b))),
        _ => {}
    }
    let mut added = 0;
    let mut sizes: Vec<(Rc<ReplicaSet>, i32)> = Vec::new();
    for set in sets {
        let share = proportion(deployment, &set, to_add, added);
        added += share;
        let size = set.replicas() + share;
        sizes.push((set, size));
    }
    if let Some((_, first)) = sizes.first_mut().filter(|_| to_add != 0) {
        *first = (*first + to_add - added).max(0);
    }
    sizes
}

/// Sets the size of a ReplicaSet, if it is not that already. Answers the ReplicaSet as it is then.
///
/// # Errors
/// What the API server refuses.
///
/// Upstream: `scaleReplicaSetAndRecordEvent`.
pub fn scale_and_record(
    deployment: &Deployment,
    set: &Rc<ReplicaSet>,
    size: i32,
    api: &mut Api<'_>,
) -> Result<(bool, Rc<ReplicaSet>), Stop> {
    if set.replicas() == size {
        return Ok((false, set.clone()));
    }
    Ok((true, scale_replica_set(deployment, set, size, api)?))
}

/// Sets the size of a ReplicaSet and the annotations that remember why; an event tells of a changed size.
///
/// Upstream: `scaleReplicaSet`.
fn scale_replica_set(
    deployment: &Deployment,
    set: &Rc<ReplicaSet>,
    size: i32,
    api: &mut Api<'_>,
) -> Result<Rc<ReplicaSet>, Stop> {
    let before = set.replicas();
    let mut scaled = (**set).clone();
    let annotated = set_replicas_annotations(deployment, &mut scaled);
    if before == size && !annotated {
        return Ok(set.clone());
    }
    Rc::make_mut(&mut scaled.spec).replicas = Some(size);
    let scaled = expect_kind::<ReplicaSet>(api.update(scaled)??);
    if before != size {
        let direction = if before < size { "up" } else { "down" };
        let message = format!("Scaled {direction} replica set {} from {before} to {size}", set.metadata.name);
        api.normal(&Object::from(deployment.clone()), "ScalingReplicaSet", message);
    }
    Ok(scaled)
}
