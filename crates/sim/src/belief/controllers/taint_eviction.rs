//! A NoExecute taint drives away every pod that does not tolerate it, at once or when the pod's patience is over.
//!
//! Upstream: `pkg/controller/tainteviction/taint_eviction.go`.
//!
//! Keys without a namespace are nodes, the others are pods. Budgets are not asked: nobody knows whether the pods still
//! run, so there is nothing left to protect.
//!
//! Deviation: a pod whose name now belongs to another pod loses its timer before anything else is done for that name;
//! upstream relies on the order of its notifications.

use crate::belief::api::request::Patch;
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Awaiting, Done, Outcome, expect_kind};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::{Span, Time};
use crate::ground::ledger::Ledger;
use crate::words::api_error::ApiError;
use crate::words::reason::Reason;
use petri_objects::*;

/// How often a deletion is tried before the controller gives up on it.
const RETRIES: u32 = 5;

/// Which pods are to be deleted, and when. A restart forgets it and every toleration starts anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    timers: Ledger<Key, Timer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Timer {
    uid: Uid,
    node: Name,
    /// When the controller first saw that the pod would have to go. Other taints do not start the time again.
    created: Time,
    fire_at: Time,
    /// The pod was deleted. It may stay for long, if its kubelet is out of reach, and is not deleted twice.
    fired: bool,
}

pub fn enqueue(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    match (&change.old, &change.new) {
        (old, Some(Object::Node(node))) => {
            let before = matches!(old, Some(Object::Node(old)) if no_execute(old).eq(no_execute(node)));
            if !before && (old.is_some() || no_execute(node).next().is_some()) {
                keys.add(Key::new("", node.metadata.name.clone()));
            }
        }
        (old, Some(Object::Pod(pod))) if pod.is_scheduled() => {
            let same = matches!(old, Some(Object::Pod(old))
                if old.spec.node_name == pod.spec.node_name && old.spec.tolerations == pod.spec.tolerations);
            let node = keys.cache.nodes.get(&Key::new("", pod.spec.node_name.clone()));
            let concerned = node.is_some_and(|node| no_execute(node).next().is_some());
            let key = Key::of(&pod.metadata);
            if !same && (concerned || keys.memory.timers.contains_key(&key)) {
                keys.add(key);
            }
        }
        (Some(Object::Pod(pod)), None) => {
            let key = Key::of(&pod.metadata);
            if keys.memory.timers.contains_key(&key) {
                keys.add(key);
            }
        }
        _ => {}
    }
}

fn no_execute(node: &Node) -> impl Iterator<Item = &Taint> {
    node.spec.taints.iter().filter(|taint| &*taint.effect == "NoExecute")
}

pub fn sync(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    api.remembering(|memory, api| match key.namespace.is_empty() {
        true => handle_node_update(&key.name, memory, api),
        false => handle_pod_update(key, memory, api),
    })
}

fn handle_node_update(name: &Name, memory: &mut Memory, api: &mut Api<'_, Memory>) -> Outcome {
    let cache = api.cache();
    let taints: Option<Vec<&Taint>> =
        cache.nodes.get(&Key::new("", name.clone())).map(|node| no_execute(node).collect());
    // Without a node there is nothing to decide, but what was decided stays: the timers of its pods go on.
    if let Some(taints) = &taints {
        for pod in cache.pods.values().filter(|pod| pod.spec.node_name == *name) {
            if taints.is_empty() {
                memory.cancel(&Key::of(&pod.metadata), api);
            } else {
                process_pod_on_node(pod, taints, memory, api);
            }
        }
    }
    fire(|_, timer| timer.node == *name, &cache, memory, api)?;
    Ok(next(|_, timer| timer.node == *name, memory, api))
}

fn handle_pod_update(key: &Key, memory: &mut Memory, api: &mut Api<'_, Memory>) -> Outcome {
    let cache = api.cache();
    let pod = cache.pods.get(key);
    if pod.map(|pod| pod.metadata.uid) != memory.timers.get(key).map(|timer| timer.uid) {
        memory.cancel(key, api);
    }
    if let Some(pod) = pod
        && let Some(node) = cache.nodes.get(&Key::new("", pod.spec.node_name.clone()))
    {
        let taints: Vec<&Taint> = no_execute(node).collect();
        if !taints.is_empty() {
            process_pod_on_node(pod, &taints, memory, api);
        }
    }
    fire(|other, _| other == key, &cache, memory, api)?;
    Ok(next(|other, _| other == key, memory, api))
}

/// What taints do to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    /// It does not tolerate all of them.
    None,
    /// It tolerates all of them, and one of them only for so long.
    Until(Span),
    Forever,
}

/// The smallest patience among the tolerations that are used: for each taint, the first that matches it.
///
/// Upstream: `GetMatchingTolerations`, `getMinTolerationTime`.
fn patience(tolerations: &[Toleration], taints: &[&Taint]) -> Patience {
    let mut shortest: Option<i64> = None;
    for taint in taints {
        let Some(used) = tolerations.iter().find(|toleration| toleration.tolerates(taint)) else {
            return Patience::None;
        };
        shortest = match (shortest, used.toleration_seconds) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    match shortest {
        None => Patience::Forever,
        Some(seconds) => Patience::Until(Span::seconds(u64::try_from(seconds).unwrap_or(0))),
    }
}

fn process_pod_on_node(pod: &Pod, taints: &[&Taint], memory: &mut Memory, api: &mut Api<'_, Memory>) {
    let key = Key::of(&pod.metadata);
    let now = api.now;
    let timer = |created: Time, fire_at: Time| Timer {
        uid: pod.metadata.uid,
        node: pod.spec.node_name.clone(),
        created,
        fire_at,
        fired: false,
    };
    match patience(&pod.spec.tolerations, taints) {
        Patience::None => {
            memory.cancel(&key, api);
            memory.timers.insert(key, timer(now, now));
        }
        Patience::Forever => memory.cancel(&key, api),
        Patience::Until(span) => {
            let pending = memory.timers.get(&key).map(|timer| (timer.created, timer.fire_at, timer.fired));
            match pending {
                None => {
                    memory.timers.insert(key, timer(now, now + span));
                }
                Some((created, fire_at, false)) if created + span < fire_at => {
                    memory.cancel(&key, api);
                    memory.timers.insert(key, timer(created, created + span));
                }
                Some(_) => {}
            }
        }
    }
}

impl Memory {
    fn cancel(&mut self, key: &Key, api: &mut Api<'_, Memory>) {
        if self.timers.remove(key).is_some_and(|timer| !timer.fired) {
            api.normal(&nameless(key), "TaintManagerEviction", format!("Cancelling deletion of Pod {key}"));
        }
    }
}

/// The pod as this controller's events refer to it: by name alone. `kubectl describe` asks by uid and does not find them.
fn nameless(key: &Key) -> Object {
    let mut pod = Pod::default();
    (pod.metadata.namespace, pod.metadata.name) = (key.namespace.clone(), key.name.clone());
    pod.into()
}

/// Deletes the pods whose time is up.
///
/// Upstream: `deletePodHandler`.
fn fire(
    concerns: impl Fn(&Key, &Timer) -> bool,
    cache: &Objects,
    memory: &mut Memory,
    api: &mut Api<'_, Memory>,
) -> Result<(), Awaiting> {
    let due: Vec<(Key, Uid)> = (memory.timers.iter())
        .filter(|(key, timer)| concerns(key, timer) && !timer.fired && timer.fire_at <= api.now)
        .map(|(key, timer)| (key.clone(), timer.uid))
        .collect();
    for (key, uid) in due {
        if cache.pods.get(&key).is_none_or(|pod| pod.metadata.uid != uid) {
            memory.cancel(&key, api);
            continue;
        }
        api.normal(&nameless(&key), "TaintManagerEviction", format!("Marking for deletion Pod {key}"));
        let mut deleted = false;
        for _ in 0..RETRIES {
            if add_condition_and_delete_pod(&key, api)?.is_ok() {
                deleted = true;
                break;
            }
        }
        match deleted {
            true => drop(memory.timers.update(&key, |timer| timer.fired = true)),
            false => drop(memory.timers.remove(&key)),
        }
    }
    Ok(())
}

fn add_condition_and_delete_pod(key: &Key, api: &mut Api<'_, Memory>) -> Result<Result<(), ApiError>, Awaiting> {
    let target = key.to_ref(Kind::Pod);
    let pod = match api.get(target.clone())? {
        Ok(pod) => expect_kind::<Pod>(pod),
        Err(error) => return Ok(Err(error)),
    };
    let disruption = Condition {
        kind: "DisruptionTarget".into(),
        status: "True".into(),
        reason: "DeletionByTaintManager".into(),
        message: "Taint manager: deleting due to NoExecute taint".into(),
        last_transition_time: api.now.whole_seconds(),
        observed_generation: pod.metadata.generation,
        ..Condition::default()
    };
    let says_so = |present: &Condition| {
        (&present.status, &present.reason, &present.message)
            == (&disruption.status, &disruption.reason, &disruption.message)
    };
    if !condition(&pod.status.conditions, "DisruptionTarget").is_some_and(says_so) {
        let patch = Patch::PodCondition { condition: disruption, phase: None };
        if let Err(error) = api.patch(target.clone(), Some(pod.metadata.uid), patch)? {
            return Ok(Err(error));
        }
    }
    Ok(api.delete(target)?.map(|_| ()))
}

/// The timer that rings next.
fn next(concerns: impl Fn(&Key, &Timer) -> bool, memory: &Memory, api: &Api<'_, Memory>) -> Done {
    let pending = memory.timers.iter().filter(|(key, timer)| concerns(key, timer) && !timer.fired);
    let first = pending.min_by_key(|(_, timer)| timer.fire_at);
    let Some((key, timer)) = first else { return Done::settled() };
    let until = timer.fire_at;
    Done::waiting(Reason::TolerationRunning { pod: key.name.clone(), node: timer.node.clone(), until })
        .or_after(Some(until.since(api.now)))
}

#[cfg(test)]
mod tables;
#[cfg(test)]
mod tests;
