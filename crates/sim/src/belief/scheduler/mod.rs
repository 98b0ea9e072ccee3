//! Finds a node for each pod that has none: the nodes that can take it, of these the best, of equally good ones any.
//!
//! Upstream: `pkg/scheduler` (`schedule_one.go`).
//!
//! Invariant: an attempt decides before it asks the API server anything, and keeps to what it decided until the pod is
//! bound or the attempt has failed.

mod affinity;
mod binding;
mod filters;
mod index;
mod message;
pub mod node_selector;
mod preemption;
mod queue;
mod scores;
pub mod volume_binding;

use crate::belief::api::request::Patch;
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome, Stop};
use crate::belief::controllers::Enqueue;
use crate::ground::clock::{Span, Time};
use crate::ground::random::Stream;
use crate::ground::settings::Settings;
use crate::words::reason::Reason;
use filters::{Incoming, Plugins};
use index::Index;
use message::Diagnosis;
use petri_objects::{Condition, Kind, Name, Object, Pod, condition};
use queue::{Assumed, Attempt, Failure, Queue, Stage};
use std::collections::BTreeSet;
use std::rc::Rc;

/// The name under which pods ask for this scheduler.
const SCHEDULER_NAME: &str = "default-scheduler";

/// What the scheduler keeps between attempts. Lost on a restart, and read again from the cache.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Memory {
    index: Index,
    queue: Queue,
    ties: Stream,
    /// Which of the recorded placements were used, by position.
    placed: Rc<BTreeSet<u32>>,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory { index: Index::default(), queue: Queue::default(), ties: Stream::new(0, "ties"), placed: Rc::default() }
    }
}

impl Memory {
    /// Chooses the stream that breaks ties.
    pub fn seed(&mut self, seed: u64) {
        self.ties = Stream::new(seed, "scheduler");
    }

    /// The scheduler starts again and knows nothing but what it reads; chance and recordings go on where they were.
    pub fn restart(&mut self) {
        self.index = Index::default();
        self.queue = Queue::default();
    }

    /// The recorded node of a pod of that name, if there is one that was not used yet.
    fn recorded(&self, pod: &str, settings: &Settings) -> Option<(u32, Name)> {
        let unused = |(at, entry): &(u32, &(Name, Name))| *entry.0 == *pod && !self.placed.contains(at);
        (0..).zip(&settings.placements).find(unused).map(|(at, (_, node))| (at, node.clone()))
    }
}

pub fn enqueue(change: &Change, keys: &mut Enqueue<'_>) {
    let memory = &mut keys.memory.scheduler;
    memory.index.fill(keys.cache);
    let unplaced = queue::observe(change, &mut memory.index);
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
        if keys.memory.scheduler.queue.wake(&key) {
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
pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    let cache = api.cache();
    api.memory.scheduler.index.fill(&cache);
    let pod = cache.pods.get(key).filter(|pod| is_ours(pod) && !pod.is_scheduled() && !pod.is_terminating());
    let Some(pod) = pod.filter(|pod| !pod.phase().is_terminal()) else {
        api.memory.scheduler.queue.forget(key);
        return Ok(Done::settled());
    };
    if !pod.spec.scheduling_gates.is_empty() {
        return Ok(Done::waiting(Reason::SchedulingGated));
    }
    let attempt = match api.memory.scheduler.queue.get(key, pod.metadata.uid) {
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
fn schedule_pod(key: &Key, pod: &Rc<Pod>, failures: u32, cache: &Objects, api: &mut Api<'_>) -> Attempt {
    let settings = api.settings;
    let memory = &mut api.memory.scheduler;
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
    let promised = if pod.claims().next().is_some() { promised_volumes(&memory.queue) } else { BTreeSet::new() };
    let volumes = volume_binding::pre_filter(pod, cache, &promised).map_err(|why| {
        unschedulable(&message::before_filtering(memory.index.nodes().count() as u64, &why), Plugins::CLAIMS)
    })?;
    let incoming = Incoming::new(pod, volumes, &mut memory.index, cache);
    let mut diagnosis = Diagnosis::default();
    let mut helpful: Vec<Name> = Vec::new();
    let mut feasible: Vec<Name> = Vec::new();
    for (node, info) in memory.index.nodes() {
        match preemption::filter_with_nominated(&incoming, node, info, &memory.queue, cache) {
            Ok(()) => feasible.push(node.metadata.name.clone()),
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
    feasible: Vec<Name>,
    cache: &Objects,
    memory: &mut Memory,
    settings: &Settings,
) -> Name {
    if let Some((at, node)) = memory.recorded(&incoming.pod.metadata.name, settings) {
        Rc::make_mut(&mut memory.placed).insert(at);
        if feasible.contains(&node) {
            return node;
        }
    }
    if let [only] = &feasible[..] {
        return only.clone();
    }
    let spread = scores::Spreading::of(incoming.pod, &feasible, &mut memory.index, cache);
    let near = scores::Nearness::of(incoming, &mut memory.index, cache);
    let candidates: Vec<scores::Candidate<'_>> = feasible
        .iter()
        .filter_map(|name| memory.index.node(name))
        .filter_map(|info| Some((info.node.as_ref()?, info)))
        .collect();
    let totals = scores::totals(incoming, &candidates, &spread, &near);
    let best: Vec<Name> = scores::best(&candidates, &totals).into_iter().collect();
    let at = if best.len() > 1 { memory.ties.below(best.len() as u64) } else { 0 };
    best[at as usize].clone()
}

/// Volumes that were chosen for pods whose claims do not have them yet.
fn promised_volumes(queue: &Queue) -> BTreeSet<Name> {
    let assumed = queue.iter().filter_map(|(_, attempt)| match &attempt.stage {
        Stage::Assumed(assumed) => Some(&assumed.plan.existing),
        _ => None,
    });
    assumed.flatten().map(|(volume, _)| volume.clone()).collect()
}

/// Tells the pod why it has no node, and parks it.
///
/// Upstream: `handleSchedulingFailure`.
fn handle_failure(key: &Key, pod: &Rc<Pod>, attempt: &Attempt, failure: &Failure, api: &mut Api<'_>) -> Outcome {
    preemption::evict(pod, failure, api)?;
    let target = key.to_ref(Kind::Pod);
    if let Some(condition) = changed_condition(pod, failure, api.now) {
        let patch = Patch::PodCondition { condition, phase: None };
        if let Some(done) = gone(key, api.patch(target.clone(), Some(pod.metadata.uid), patch)?, api)? {
            return Ok(done);
        }
    }
    if let Some(node) = failure.nominated.as_ref().filter(|node| **node != pod.status.nominated_node_name) {
        let patch = Patch::NominatedNode(node.clone());
        if let Some(done) = gone(key, api.patch(target, Some(pod.metadata.uid), patch)?, api)? {
            return Ok(done);
        }
    }
    api.warning(&Object::Pod(pod.clone()), "FailedScheduling", failure.message.clone());
    let is_error = &*failure.reason == "SchedulerError";
    let until = if is_error { api.now + queue::back_off(attempt.failures) } else { queue::flush_at(api.now) };
    let parked = Stage::Parked {
        refused_by: failure.refused_by,
        message: failure.message.clone(),
        until,
        woken: false,
        nominated: failure.nominated.clone(),
    };
    api.memory.scheduler.queue.put(key, Attempt { stage: parked, ..attempt.clone() });
    let waiting = Some(Reason::Unschedulable { message: failure.message.clone() });
    Ok(Done { waiting, after: Some(until.since(api.now)) })
}

/// A pod that was deleted meanwhile needs no node.
fn gone(key: &Key, reply: crate::belief::api::request::Reply, api: &mut Api<'_>) -> Result<Option<Done>, Stop> {
    match reply {
        Ok(_) => Ok(None),
        Err(error) if error.is_not_found() || error.is_conflict() => {
            api.memory.scheduler.queue.forget(key);
            Ok(Some(Done::settled()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The condition PodScheduled=False, unless the pod says so already.
fn changed_condition(pod: &Pod, failure: &Failure, now: Time) -> Option<Condition> {
    let old = condition(&pod.status.conditions, "PodScheduled");
    let same =
        |old: &Condition| &*old.status == "False" && old.reason == failure.reason && old.message == failure.message;
    if old.is_some_and(same) {
        return None;
    }
    let since = old.filter(|old| &*old.status == "False").map_or(now.whole_seconds(), |old| old.last_transition_time);
    Some(Condition {
        kind: "PodScheduled".into(),
        status: "False".into(),
        reason: failure.reason.clone(),
        message: failure.message.clone(),
        observed_generation: pod.metadata.generation,
        last_transition_time: since,
        ..Condition::default()
    })
}

#[cfg(test)]
mod tests;
