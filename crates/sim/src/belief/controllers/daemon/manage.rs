//! Which nodes lack a pod, and which pods are too many.

use super::memory::Memory;
use super::nodes::{Standing, node_should_run_daemon_pod};
use super::pods::{bound_to, create_pod_template, is_pod_updated};
use super::scene::Scene;
use super::strategy::allows_surge;
use crate::belief::api::shelf::Key;
use crate::belief::client::call::{Api, Stop};
use crate::belief::controllers::pod_control::{create_pod, delete_pod};
use crate::belief::controllers::util::slow_start_batch;
use crate::ground::clock::Span;
use petri_objects::*;
use std::rc::Rc;

/// The most pods that one sync creates or deletes.
///
/// Upstream: `BurstReplicas`.
const BURST_REPLICAS: usize = 250;

/// What is to be done.
#[derive(Default)]
pub struct Plan {
    /// Nodes that get a pod.
    pub create: Vec<Name>,
    pub delete: Vec<Rc<Pod>>,
    /// When to look again at pods that failed and stay for now.
    again: Option<Span>,
}

/// Brings pods to nodes that lack one, and removes those that should not be where they are. Answers when a failed pod
/// that stays for now may go.
///
/// Upstream: `manage`.
pub fn manage(scene: &mut Scene<'_>, api: &mut Api<'_, Memory>) -> Result<Option<Span>, Stop> {
    let mut plan = Plan::default();
    for node in scene.cache.nodes.values() {
        pods_should_be_on_node(scene, node, &mut plan, api);
    }
    // Nobody else would ever delete them: they are nowhere.
    let nowhere = |name: &Name| scene.cache.nodes.get(&Key::new("", name.clone())).is_none();
    for (_, pods) in scene.pods.iter().filter(|(name, _)| nowhere(name)) {
        plan.delete.extend(pods.iter().filter(|pod| !pod.is_scheduled()).cloned());
    }
    let again = plan.again;
    sync_nodes(scene, plan, api)?;
    Ok(again)
}

/// Upstream: `podsShouldBeOnNode`.
fn pods_should_be_on_node(scene: &Scene<'_>, node: &Node, plan: &mut Plan, api: &mut Api<'_, Memory>) {
    let name = &node.metadata.name;
    let pods = scene.pods.on(name);
    let standing = node_should_run_daemon_pod(scene.set, node);
    match standing {
        Standing { should_run: true, .. } if pods.is_empty() => plan.create.push(name.clone()),
        Standing { should_continue_running: true, should_run } => {
            let running = running(scene, name, plan, api);
            match allows_surge(scene.set) {
                false => plan.delete.extend(running.into_iter().skip(1)),
                true if running.is_empty() && should_run => plan.create.push(name.clone()),
                true if running.len() > 1 => prune_surge(scene, &running, plan, api),
                true => {}
            }
        }
        _ => plan.delete.extend(pods.iter().filter(|pod| !pod.is_terminating()).cloned()),
    }
}

/// The pods of a node that have not ended, the oldest first. Those that have are deleted.
fn running(scene: &Scene<'_>, node: &Name, plan: &mut Plan, api: &mut Api<'_, Memory>) -> Vec<Rc<Pod>> {
    let mut running = Vec::new();
    for pod in scene.pods.on(node).iter().filter(|pod| !pod.is_terminating()) {
        let told = |ended: &str, what: &str| {
            let meta = &pod.metadata;
            format!("Found {ended} daemon pod {}/{} on node {node}, will try to {what} it", meta.namespace, meta.name)
        };
        if pod.is_failed() {
            let (uid, generation) = (scene.set.metadata.uid, scene.set.status.observed_generation);
            // Here the controller fights kubelets that refuse its pods: it must not do so in a loop.
            if let Some(delay) = api.memory.failed_pods.delay(uid, generation, node, api.now) {
                plan.again = Some(plan.again.map_or(delay, |again| again.min(delay)));
                continue;
            }
            api.memory.failed_pods.next(uid, generation, node, api.now);
            api.warning(&scene.owner, "FailedDaemonPod", told("failed", "kill"));
            plan.delete.push(pod.clone());
        } else if pod.is_succeeded() {
            api.normal(&scene.owner, "SucceededDaemonPod", told("succeeded", "delete"));
            plan.delete.push(pod.clone());
        } else {
            running.push(pod.clone());
        }
    }
    running
}

/// With a surge, two pods may be on a node: a new one that is not ready, and an old one that is.
fn prune_surge(scene: &Scene<'_>, running: &[Rc<Pod>], plan: &mut Plan, api: &Api<'_, Memory>) {
    let (mut oldest_new, mut oldest_old): (Option<&Rc<Pod>>, Option<&Rc<Pod>>) = (None, None);
    for pod in running {
        let is_new = pod.metadata.labels.get(super::pods::HASH_LABEL) == Some(&scene.hash);
        let slot = if is_new { &mut oldest_new } else { &mut oldest_old };
        match slot {
            None => *slot = Some(pod),
            Some(_) => plan.delete.push(pod.clone()),
        }
    }
    if let (Some(new), Some(old)) = (oldest_new, oldest_old)
        && (!old.is_ready() || new.is_available(scene.set.spec.min_ready_seconds, api.now))
    {
        plan.delete.push(old.clone());
    }
}

/// Creates pods for nodes, in batches of 1, 2, 4 and so on, and deletes pods.
///
/// # Errors
/// The API server's first refusal, after everything was tried.
///
/// Upstream: `syncNodes`.
pub fn sync_nodes(scene: &mut Scene<'_>, mut plan: Plan, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
    plan.create.truncate(BURST_REPLICAS);
    plan.delete.truncate(BURST_REPLICAS);
    let mut failure = None;
    if !plan.create.is_empty() {
        let template = create_pod_template(&scene.owner, scene.set, &scene.hash);
        let create = |index: u32| {
            let pod = bound_to(&template, &plan.create[index as usize]);
            create_pod(&scene.owner, pod, &mut scene.did, api)
        };
        (_, failure) = slow_start_batch(plan.create.len() as u32, create)?;
    }
    for pod in &plan.delete {
        match delete_pod(&scene.owner, pod, &mut scene.did, api) {
            Err(Stop::Failed(error)) => failure = failure.or(Some(error)),
            other => other?,
        }
    }
    failure.map_or(Ok(()), |error| Err(Stop::Failed(error)))
}

/// A node's newest and its old pod, if there is at most one of each.
///
/// Upstream: `findUpdatedPodsOnNode`.
pub fn find_updated_pods_on_node<'p>(scene: &Scene<'_>, pods: &'p [Rc<Pod>]) -> Option<[Option<&'p Rc<Pod>>; 2]> {
    let mut found = [None, None];
    for pod in pods.iter().filter(|pod| !pod.is_terminating()) {
        let slot = &mut found[usize::from(!is_pod_updated(scene.set, pod, &scene.hash))];
        if slot.replace(pod).is_some() {
            return None;
        }
    }
    Some(found)
}
