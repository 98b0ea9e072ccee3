//! What a DaemonSet reports about its nodes: the count from before this sync's own creations and deletions.
//!
//! Upstream: `updateDaemonSetStatus`, `storeDaemonSetStatus`.

use super::memory::Memory;
use super::nodes::node_should_run_daemon_pod;
use super::pods::is_pod_updated;
use super::scene::Scene;
use crate::belief::client::call::{Api, Done, Stop, expect_kind};
use crate::belief::controllers::util::next_available_pod;
use crate::words::reason::Reason;
use petri_objects::*;
use std::rc::Rc;

/// Writes the status if it says something new; a refusal is answered by one more try on the live object. Answers which
/// pod becomes available first, if one will without anybody's doing.
pub fn update(scene: &Scene<'_>, api: &mut Api<'_, Memory>) -> Result<Outlook, Stop> {
    let (status, oldest) = count(scene, api);
    store(scene, &status, api)?;
    let next = next_available_pod(&oldest, scene.set.spec.min_ready_seconds, api.now);
    Ok(Outlook(next.map(|(pod, until)| (pod.metadata.name.clone(), until))))
}

/// The pod that becomes available first, and when.
pub struct Outlook(Option<(Name, Time)>);

impl Outlook {
    /// A pod that becomes available changes nothing in the store: nobody else would look again.
    pub fn or(self, done: Done, now: Time) -> Done {
        let Some((pod, until)) = self.0 else { return done };
        let waiting = done.waiting.or(Some(Reason::PodNotAvailable { pod, until }));
        Done { waiting, after: done.after }.or_after(Some(until.since(now)))
    }
}

/// The status, and the pods that stand for their nodes in it.
fn count(scene: &Scene<'_>, api: &Api<'_, Memory>) -> (DaemonSetStatus, Vec<Rc<Pod>>) {
    let set = scene.set;
    let mut status = DaemonSetStatus {
        collision_count: set.status.collision_count,
        conditions: set.status.conditions.clone(),
        observed_generation: set.metadata.generation,
        ..DaemonSetStatus::default()
    };
    let mut oldest = Vec::new();
    for node in scene.cache.nodes.values() {
        let first = scene.pods.on(&node.metadata.name).first();
        if !node_should_run_daemon_pod(set, node).should_run {
            status.number_misscheduled += i32::from(first.is_some());
            continue;
        }
        status.desired_number_scheduled += 1;
        let Some(pod) = first else { continue };
        status.current_number_scheduled += 1;
        status.number_ready += i32::from(pod.is_ready());
        status.number_available += i32::from(pod.is_available(set.spec.min_ready_seconds, api.now));
        status.updated_number_scheduled += i32::from(is_pod_updated(set, pod, &scene.hash));
        oldest.push(pod.clone());
    }
    status.number_unavailable = status.desired_number_scheduled - status.number_available;
    (status, oldest)
}

fn store(scene: &Scene<'_>, status: &DaemonSetStatus, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
    if scene.set.status == *status {
        return Ok(());
    }
    let with = |set: &DaemonSet| DaemonSet { status: status.clone(), ..set.clone() };
    if api.update_status(with(scene.set))?.is_err() {
        let fresh: Rc<DaemonSet> = expect_kind(api.get(scene.owner.reference())??);
        api.update_status(with(&fresh))??;
    }
    Ok(())
}
