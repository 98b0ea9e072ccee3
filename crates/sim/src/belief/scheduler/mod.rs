//! Finds a node for each pod that has none: the nodes that can take it, of these the best, of equally good ones any.
//!
//! Upstream: `pkg/scheduler` (`schedule_one.go`).
//!
//! Invariant: an attempt decides before it asks the API server anything, and keeps to what it decided until the pod is
//! bound or the attempt has failed.

mod affinity;
mod binding;
mod failure;
mod filters;
mod index;
mod memory;
mod message;
pub mod node_selector;
mod preemption;
mod queue;
mod scores;
pub mod volume_binding;

pub use memory::Memory;

use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::Span;
use crate::ground::settings::Settings;
use crate::words::reason::Reason;
use failure::handle_failure;
use filters::{Incoming, Plugins};
use index::NodeInfo;
use message::Diagnosis;
use petri_objects::{Name, Object, Pod};
use queue::{Assumed, Attempt, Failure, Queue, Stage};
use std::collections::BTreeSet;
use std::rc::Rc;

/// The name under which pods ask for this scheduler.
const SCHEDULER_NAME: &str = "default-scheduler";

pub fn enqueue(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    let memory = &mut *keys.memory;
    memory.index.fill(keys.cache);
    let unplaced = queue::observe(change, keys.cache, &mut memory.index);
    let mut wake = memory.queue.worth_another(change, &keys.cache.pods);
    match (&change.old, &change.new) {
        (old, Some(Object::Pod(pod))) if unplaced => {
            let key = Key::of(&pod.metadata);
            let other = match old {
                Some(Object::Pod(old)) => old.spec != pod.spec || old.metadata.labels != pod.metadata.labels,
                _ => true,
            };
            // The scheduler's own writes to the status are no reason to try again.
            if other && is_ours(pod) {
                match memory.queue.get(&key, pod.metadata.uid).is_some() {
                    true => wake.push(key),
                    false => keys.keys.push((key, Span::ZERO)),
                }
            }
        }
        (_, Some(Object::Pod(pod))) => memory.queue.forget(&Key::of(&pod.metadata)),
        (Some(Object::Pod(pod)), None) => {
            let key = Key::of(&pod.metadata);
            memory.index.remove_pod(&key);
            memory.queue.forget(&key);
        }
        _ => {}
    }
    for key in wake {
        if keys.memory.queue.wake(&key) {
            keys.add(key);
        }
    }
}

fn is_ours(pod: &Pod) -> bool {
    pod.spec.scheduler_name.is_empty() || &*pod.spec.scheduler_name == SCHEDULER_NAME
}

/// One attempt for one pod.
///
/// Upstream: `ScheduleOne`.
pub fn sync(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    let cache = api.cache();
    api.memory.index.fill(&cache);
    let pod = cache.pods.get(key).filter(|pod| is_ours(pod) && !pod.is_scheduled() && !pod.is_terminating());
    let Some(pod) = pod.filter(|pod| !pod.phase().is_terminal()) else {
        api.memory.queue.forget(key);
        return Ok(Done::settled());
    };
    if !pod.spec.scheduling_gates.is_empty() {
        return Ok(Done::waiting(Reason::SchedulingGated));
    }
    let attempt = match api.memory.queue.get(key, pod.metadata.uid) {
        Some(attempt) => match &attempt.stage {
            Stage::Parked { message, until, woken: false, .. } if *until > api.now => {
                let waiting = Some(Reason::Unschedulable { message: message.clone() });
                return Ok(Done { waiting, after: Some(until.since(api.now)) });
            }
            Stage::Parked { .. } => schedule_pod(key, pod, attempt.failures, &cache, api),
            Stage::Failed(_) | Stage::Assumed(_) => (**attempt).clone(),
        },
        None => schedule_pod(key, pod, 0, &cache, api),
    };
    match &attempt.stage {
        Stage::Failed(failure) => handle_failure(key, pod, &attempt, failure, api),
        Stage::Assumed(assumed) => binding::bind(key, pod, &attempt, assumed, api),
        Stage::Parked { .. } => unreachable!("an attempt ends with a node or a failure"),
    }
}

/// Decides, and remembers the decision.
///
/// Upstream: `schedulingCycle`.
fn schedule_pod(key: &Key, pod: &Rc<Pod>, failures: u32, cache: &Objects, api: &mut Api<'_, Memory>) -> Attempt {
    let settings = api.settings;
    let memory = &mut *api.memory;
    let stage = match choose_node(pod, cache, memory, settings) {
        Ok((node, plan)) => {
            memory.index.place(pod, &node);
            Stage::Assumed(Assumed { node, plan, asked: None, bound: false })
        }
        Err(failure) => Stage::Failed(failure),
    };
    let failures = failures + u32::from(matches!(stage, Stage::Failed(_)));
    let attempt = Attempt { uid: pod.metadata.uid, failures, priority: pod.spec.priority.unwrap_or(0), stage };
    memory.queue.put(key, attempt.clone());
    attempt
}

/// Upstream: `schedulePod`, `selectHost`.
fn choose_node(
    pod: &Rc<Pod>,
    cache: &Objects,
    memory: &mut Memory,
    settings: &Settings,
) -> Result<(Name, volume_binding::Plan), Failure> {
    if memory.index.nodes().next().is_none() {
        return Err(unschedulable(message::NO_NODES, Plugins::NODE));
    }
    let volumes = volume_binding::pre_filter(pod, cache, &|| promised_volumes(&memory.queue)).map_err(|why| {
        unschedulable(&message::before_filtering(memory.index.nodes().count() as u64, &why), Plugins::CLAIMS)
    })?;
    let incoming = Incoming::new(pod, volumes, &mut memory.index, cache);
    let mut diagnosis = Diagnosis::default();
    let mut helpful: Vec<Name> = Vec::new();
    let mut feasible: Vec<Rc<NodeInfo>> = Vec::new();
    let named = node_selector::named_nodes(&pod.spec);
    for (node, info) in memory.index.nodes() {
        if named.as_ref().is_some_and(|named| !named.contains(&node.metadata.name)) {
            diagnosis.refuse(filters::not_named());
            continue;
        }
        match preemption::filter_with_nominated(&incoming, node, info, &memory.queue, cache) {
            Ok(()) => feasible.push(info.clone()),
            Err(rejection) => {
                if rejection.resolvable {
                    helpful.push(node.metadata.name.clone());
                }
                diagnosis.refuse(rejection);
            }
        }
    }
    if feasible.is_empty() {
        return Err(match preemption::preempt(&incoming, &helpful, &memory.index, cache) {
            Some((node, victims)) => {
                Failure { nominated: Some(node), victims, ..unschedulable(&diagnosis.text_alone(), diagnosis.plugins) }
            }
            None if preemption::is_never(pod) => unschedulable(&diagnosis.text_not_eligible(), diagnosis.plugins),
            None => unschedulable(&diagnosis.text(), diagnosis.plugins),
        });
    }
    let node = select_host(&incoming, feasible, cache, memory, settings);
    let planned = memory.index.node(&node).and_then(|info| info.node.as_ref());
    let plan = planned.and_then(|node| volume_binding::plan(&incoming.volumes, node)).unwrap_or_default();
    Ok((node, plan))
}

fn unschedulable(message: &str, refused_by: Plugins) -> Failure {
    Failure {
        reason: "Unschedulable".into(),
        message: message.into(),
        refused_by,
        nominated: None,
        victims: Vec::new(),
    }
}

/// The node with the most points; the recorded one, or any, among equals.
fn select_host(
    incoming: &Incoming<'_>,
    feasible: Vec<Rc<NodeInfo>>,
    cache: &Objects,
    memory: &mut Memory,
    settings: &Settings,
) -> Name {
    if let Some((at, node)) = memory.recorded(&incoming.pod.metadata.name, settings) {
        Rc::make_mut(&mut memory.placed).insert(at);
        if feasible.iter().any(|info| name_of(info) == Some(&node)) {
            return node;
        }
    }
    if let [only] = &feasible[..] {
        return name_of(only).cloned().unwrap_or_default();
    }
    let spread = scores::Spreading::of(incoming.pod, &feasible, &mut memory.index, cache);
    let near = scores::Nearness::of(incoming, &mut memory.index, cache);
    let candidates: Vec<scores::Candidate<'_>> =
        feasible.iter().filter_map(|info| Some((&**info.node.as_ref()?, &**info))).collect();
    let totals = scores::totals(incoming, &candidates, &spread, &near);
    let best: Vec<Name> = scores::best(&candidates, &totals).into_iter().collect();
    let at = if best.len() > 1 { memory.ties.below(best.len() as u64) } else { 0 };
    best[at as usize].clone()
}

/// Volumes that were chosen for pods whose claims do not have them yet.
fn name_of(info: &NodeInfo) -> Option<&Name> {
    info.node.as_ref().map(|node| &node.metadata.name)
}

fn promised_volumes(queue: &Queue) -> BTreeSet<Name> {
    let assumed = queue.iter().filter_map(|(_, attempt)| match &attempt.stage {
        Stage::Assumed(assumed) => Some(&assumed.plan.existing),
        _ => None,
    });
    assumed.flatten().map(|(volume, _)| volume.clone()).collect()
}

#[cfg(test)]
mod tests;
