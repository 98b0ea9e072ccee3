//! Old pods are replaced by new ones, no more nodes at once than the strategy allows.
//!
//! Upstream: `pkg/controller/daemon/update.go` (`rollingUpdate`).

use super::manage::{Plan, find_updated_pods_on_node, sync_nodes};
use super::memory::Memory;
use super::nodes::node_should_run_daemon_pod;
use super::scene::Scene;
use super::strategy::{surge_count, unavailable_count};
use crate::belief::api::shelf::Key;
use crate::belief::client::call::{Api, Stop};
use crate::ground::clock::Span;
use crate::words::reason::Reason;
use petri_objects::*;
use std::rc::Rc;

/// Takes the next step of a rollout, and answers what it waits for if there is none.
///
/// Upstream: `rollingUpdate`.
pub fn rolling_update(scene: &mut Scene<'_>, api: &mut Api<'_, Memory>) -> Result<Option<Reason>, Stop> {
    let mut desired = 0;
    for node in scene.cache.nodes.values().filter(|node| node_should_run_daemon_pod(scene.set, node).should_run) {
        desired += 1;
        scene.pods.include(&node.metadata.name);
    }
    let surge = surge_count(scene.set, desired);
    let (plan, waiting) = match surge {
        0 => replace(scene, desired, api),
        surge => replace_with_surge(scene, desired, surge, api),
    };
    sync_nodes(scene, plan, api)?;
    Ok(waiting.filter(|_| scene.did.is_nothing()))
}

/// A node waits until its pod is gone, or the update until a new pod is available.
fn waits_for(pods: &[Rc<Pod>], new: Option<&Rc<Pod>>) -> Option<Reason> {
    if let Some(new) = new {
        return Some(Reason::UpdateWaitsForPod { pod: new.metadata.name.clone() });
    }
    let meta = &pods.iter().find(|pod| pod.is_terminating())?.metadata;
    let grace = Span::seconds(meta.deletion_grace_period_seconds.unwrap_or(0).max(0) as u64);
    let node = pods.first().map(|pod| pod.spec.node_name.clone()).unwrap_or_default();
    Some(Reason::PodTerminating { pod: meta.name.clone(), node, since: meta.deletion_timestamp - grace })
}

/// Deletes old pods, as many as may be missing; their successors follow when they are gone.
fn replace(scene: &Scene<'_>, desired: i32, api: &Api<'_, Memory>) -> (Plan, Option<Reason>) {
    let most = unavailable_count(scene.set, desired);
    let available = |pod: &Rc<Pod>| pod.is_available(scene.set.spec.min_ready_seconds, api.now);
    let (mut unavailable, mut waits) = (0, None);
    let (mut plan, mut candidates) = (Plan::default(), Vec::new());
    for (_, pods) in scene.pods.iter() {
        match find_updated_pods_on_node(scene, pods) {
            Some([Some(new), None]) if available(new) => {}
            // One that is not available has nothing to lose.
            Some([None, Some(old)]) if !available(old) => {
                plan.delete.push(old.clone());
                unavailable += 1;
            }
            Some([None, Some(old)]) => candidates.push(old.clone()),
            // The rest is for `manage` to put in order.
            found => {
                waits = waits.or(waits_for(pods, found.and_then(|[new, _]| new)));
                unavailable += 1;
            }
        }
    }
    let blocked = !candidates.is_empty();
    candidates.truncate((most - unavailable).max(0) as usize);
    plan.delete.extend(candidates);
    let holds = |reason: &Reason| blocked || matches!(reason, Reason::PodTerminating { .. });
    (plan, waits.filter(holds))
}

/// Puts new pods beside old ones, as many as may be too much, and deletes old ones whose successors are available.
fn replace_with_surge(scene: &Scene<'_>, desired: i32, most: i32, api: &Api<'_, Memory>) -> (Plan, Option<Reason>) {
    let available = |pod: &Rc<Pod>| pod.is_available(scene.set.spec.min_ready_seconds, api.now);
    let (mut surge, mut number_available, mut waits) = (0, 0, None);
    let (mut plan, mut candidates, mut misplaced) = (Plan::default(), Vec::new(), Vec::new());
    for (name, pods) in scene.pods.iter() {
        let Some([new, old]) = find_updated_pods_on_node(scene, pods) else {
            surge += 1;
            continue;
        };
        number_available += i32::from(old.or(new).is_some_and(available));
        let Some(old) = old else { continue };
        let node = scene.cache.nodes.get(&Key::new("", name.clone()));
        let should_run = node.is_some_and(|node| node_should_run_daemon_pod(scene.set, node).should_run);
        match new {
            None if !available(old) && should_run => plan.create.push(name.clone()),
            None if !available(old) => plan.delete.push(old.clone()),
            None if should_run => candidates.push(name.clone()),
            None => misplaced.push(old.clone()),
            Some(new) if available(new) => plan.delete.push(old.clone()),
            Some(new) => {
                waits = waits.or(waits_for(pods, Some(new)));
                surge += 1;
            }
        }
    }
    // Whoever asks for a surge wants all of it available: pods where none belongs go only as others come.
    plan.delete.extend(misplaced.into_iter().take((number_available - desired).max(0) as usize));
    candidates.truncate((most - surge).max(0) as usize);
    plan.create.extend(candidates);
    (plan, waits)
}
