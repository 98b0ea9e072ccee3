//! Pushes less important pods away when a pod finds no node.
//!
//! Upstream: `pkg/scheduler/framework/preemption`, `plugins/defaultpreemption`.
//!
//! Deviation: disruption budgets are not looked at when victims are chosen.
//! Deviation: only what a node itself is short of (resources, pod count, ports) is freed this way, not domains.

use super::filters::{Incoming, Rejection, filter};
use super::index::{Index, NodeInfo, PodFacts};
use super::memory::Memory;
use super::queue::{Failure, Queue};
use crate::belief::api::request::{DeleteOptions, Patch};
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::client::call::{Api, Stop};
use crate::ground::clock::Time;
use crate::ground::digest::Kept;
use petri_objects::order::Order as _;
use petri_objects::{Condition, Name, Node, Object, Pod};
use std::cmp::Reverse;
use std::rc::Rc;

/// Runs the filters as if the pods that wait for room on this node were there already, if they are as important.
///
/// Upstream: `RunFilterPluginsWithNominatedPods`.
pub fn filter_with_nominated(
    incoming: &Incoming<'_>,
    node: &Node,
    info: &NodeInfo,
    queue: &Queue,
    cache: &Objects,
) -> Result<(), Rejection> {
    filter(incoming, node, info)?;
    let expected: Vec<&Rc<Pod>> = queue
        .nominated_to(&node.metadata.name)
        .filter_map(|key| cache.pods.get(key))
        .filter(|pod| pod.metadata.uid != incoming.pod.metadata.uid && !pod.is_scheduled())
        .filter(|pod| pod.spec.priority.unwrap_or(0) >= incoming.facts.priority())
        .collect();
    if expected.is_empty() {
        return Ok(());
    }
    let mut crowded = info.clone();
    expected.into_iter().for_each(|pod| crowded.add(Kept::new(Rc::new(PodFacts::of(pod)))));
    filter(incoming, node, &crowded)
}

/// Whether a pod waits until there is room.
pub fn is_never(pod: &Pod) -> bool {
    &*pod.spec.preemption_policy == "Never"
}

/// The node to make room on, and who has to leave it.
pub fn preempt(incoming: &Incoming<'_>, nodes: &[Name], index: &Index, cache: &Objects) -> Option<(Name, Vec<Key>)> {
    if is_never(incoming.pod) {
        return None;
    }
    // Pods that were pushed away for this pod are still leaving: one at a time.
    let nominated = index.node(&incoming.pod.status.nominated_node_name);
    let less_important = |pod: &&Kept<Rc<PodFacts>>| pod.priority() < incoming.facts.priority();
    if nominated.is_some_and(|info| info.pods.iter().filter(less_important).any(|pod| pod.terminating)) {
        return None;
    }
    let candidates = nodes.iter().filter_map(|name| {
        let info = index.node(name)?;
        let victims = victims(incoming, info.node.as_ref()?, info)?;
        Some((name.clone(), victims))
    });
    let best = candidates.min_by_key(|(_, victims)| {
        let priorities = victims.iter().map(|pod| i64::from(pod.priority()));
        let highest = priorities.clone().max().unwrap_or(i64::MIN);
        let sum: i64 = priorities.map(|p| p + i64::from(i32::MAX) + 1).sum();
        let latest =
            victims.iter().filter(|pod| i64::from(pod.priority()) == highest).map(|pod| start(pod, cache)).min();
        (highest, sum, victims.len() as u64, Reverse(latest))
    })?;
    Some((best.0, best.1.iter().map(|pod| pod.key.clone()).collect()))
}

fn start(pod: &PodFacts, cache: &Objects) -> Time {
    cache.pods.get(&pod.key).map_or(pod.started, |pod| pod.status.start_time)
}

/// The fewest pods whose leaving is enough, the least important ones; `None` if nothing helps.
///
/// Upstream: `SelectVictimsOnNode`.
fn victims(incoming: &Incoming<'_>, node: &Node, info: &NodeInfo) -> Option<Vec<Kept<Rc<PodFacts>>>> {
    let mut left = info.clone();
    let mut potential: Vec<Kept<Rc<PodFacts>>> =
        info.pods.iter().filter(|pod| pod.priority() < incoming.facts.priority()).cloned().collect();
    if potential.is_empty() {
        return None;
    }
    for pod in &potential {
        left.remove(&pod.key);
    }
    filter(incoming, node, &left).ok()?;
    // The more important and the older ones are spared first.
    potential.order_by_key(|pod| (Reverse(pod.priority()), pod.started, pod.key.clone()));
    let mut victims = Vec::new();
    for pod in potential {
        left.add(pod.clone());
        if filter(incoming, node, &left).is_err() {
            left.remove(&pod.key);
            victims.push(pod);
        }
    }
    (!victims.is_empty()).then_some(victims)
}

/// Upstream: `prepareCandidate`.
pub fn evict(pod: &Rc<Pod>, failure: &Failure, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
    let cache = api.cache();
    for victim in failure.victims.iter().filter_map(|key| cache.pods.get(key)) {
        let (target, uid) = (Object::Pod(victim.clone()).reference(), victim.metadata.uid);
        if victim.is_terminating() {
            continue;
        }
        let condition = Condition {
            kind: "DisruptionTarget".into(),
            status: "True".into(),
            reason: "PreemptionByScheduler".into(),
            message: "default-scheduler: preempting to accommodate a higher priority pod".into(),
            observed_generation: victim.metadata.generation,
            last_transition_time: api.now.whole_seconds(),
            ..Condition::default()
        };
        for reply in [
            api.patch(target.clone(), Some(uid), Patch::PodCondition { condition, phase: None })?,
            api.delete_with(target, DeleteOptions { uid: Some(uid), ..DeleteOptions::default() })?,
        ] {
            match reply {
                Err(error) if !error.is_not_found() && !error.is_conflict() => return Err(error.into()),
                _ => {}
            }
        }
        if let Some(node) = &failure.nominated {
            let message = format!("Preempted by pod {} on node {node}", pod.metadata.uid);
            api.normal(&Object::Pod(victim.clone()), "Preempted", message);
        }
    }
    Ok(())
}
