//! Recreate: no pod of the new template before the last pod of the old one is gone, even if that is for ever.
//!
//! Upstream: `pkg/controller/deployment/recreate.go`.

use super::progress::sync_rollout_status;
use super::scale::scale_and_record;
use super::sync::{clean_up, replica_sets_and_revision};
use super::util::*;
use crate::belief::client::call::{Api, Done, Outcome};
use crate::words::reason::Reason;
use petri_objects::*;
use std::rc::Rc;

/// Upstream: `rolloutRecreate`.
pub fn rollout_recreate(
    deployment: &mut Deployment,
    all: &[Rc<ReplicaSet>],
    pods: &[Rc<Pod>],
    api: &mut Api<'_>,
) -> Outcome {
    let mut sets = replica_sets_and_revision(deployment, all, false, api)?;
    let mut scaled_down = false;
    for old in active(&sets.old) {
        scaled_down |= scale_and_record(deployment, &old, 0, api)?.0;
    }
    let waits_for = old_pods_running(sets.new.as_deref(), &sets.old, pods);
    if scaled_down || waits_for > 0 {
        let done = sync_rollout_status(deployment, &sets.all(), sets.new.as_ref(), api)?;
        return Ok(Done { waiting: Some(Reason::RecreateWaitsForPods { pods: waits_for }), ..done });
    }
    if sets.new.is_none() {
        sets = replica_sets_and_revision(deployment, all, true, api)?;
    }
    let Some(new) = &sets.new else { unreachable!("the new ReplicaSet was found or created") };
    scale_and_record(deployment, new, deployment.replicas(), api)?;
    if is_complete(deployment, &deployment.status) {
        clean_up(deployment, &sets.old, api)?;
    }
    sync_rollout_status(deployment, &sets.all(), Some(new), api)
}

/// How many pods of other templates may still run: those that old ReplicaSets count, and any that has not finished,
/// also if it has been asked to stop.
///
/// Upstream: `oldPodsRunning`.
pub fn old_pods_running(new: Option<&ReplicaSet>, old: &[Rc<ReplicaSet>], pods: &[Rc<Pod>]) -> u32 {
    let counted: i32 = old.iter().map(|set| set.status.replicas).sum();
    let is_new = |pod: &Pod| new.is_some_and(|new| pod.metadata.is_controlled_by(new.metadata.uid));
    let unfinished = pods.iter().filter(|pod| !is_new(pod) && !pod.phase().is_terminal()).count();
    (counted.max(0) as u32).max(unfinished as u32)
}
