//! Some pods have nobody left who could end them: no node, no live kubelet, or no room in the history.
//!
//! Upstream: `pkg/controller/podgc/gc_controller.go`.
//!
//! One key, looked at every 20 seconds. Pods are removed in order and by force; what fails is tried in the next round.

use crate::belief::api::request::{DeleteOptions, Patch};
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Awaiting, Done, Outcome};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::{Span, Time};
use crate::ground::settings::Settings;
use crate::words::reason::Reason;
use petri_objects::order::Order as _;
use petri_objects::*;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// `--terminated-pod-gc-threshold`: how many finished pods may stay.
const TERMINATED_POD_THRESHOLD: u64 = 12_500;
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    /// Names of nodes that pods refer to and that do not exist, and when to believe it.
    quarantine: BTreeMap<Name, Time>,
}

pub fn periods(settings: &Settings) -> Vec<(Key, Span)> {
    vec![(Key::new("", "pods"), settings.pod_gc_period)]
}

/// Nothing wakes it but time.
pub fn enqueue(_change: &Change, _keys: &mut Enqueue<'_, Memory>) {}

pub fn sync(_key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    api.remembering(gc)
}

fn gc(memory: &mut Memory, api: &mut Api<'_, Memory>) -> Outcome {
    let cache = api.cache();
    for pod in terminated(&cache, TERMINATED_POD_THRESHOLD) {
        mark_failed_and_delete(pod, None, api)?;
    }
    for pod in terminating_out_of_service(&cache) {
        mark_failed_and_delete(pod, None, api)?;
    }
    gc_orphaned(&cache, memory, api)?;
    for pod in cache.pods.values().filter(|pod| pod.is_terminating() && !pod.is_scheduled()) {
        mark_failed_and_delete(pod, None, api)?;
    }
    let first = memory.quarantine.iter().min_by_key(|(_, until)| **until);
    let waiting = first.map(|(node, until)| Reason::Quarantine { node: node.clone(), until: *until });
    Ok(Done { waiting, after: None })
}

/// The finished pods beyond the threshold: evicted ones first, then the oldest.
fn terminated(cache: &Objects, threshold: u64) -> Vec<&Rc<Pod>> {
    let is_finished = |pod: &&Rc<Pod>| !matches!(pod.phase(), Phase::Pending | Phase::Running | Phase::Unknown);
    let mut pods: Vec<&Rc<Pod>> = cache.pods.values().filter(is_finished).collect();
    let surplus = (pods.len() as u64).saturating_sub(threshold);
    by_eviction_and_creation(&mut pods);
    pods.truncate(surplus as usize);
    pods
}

/// Stopping pods on a node that its owner has declared dead.
fn terminating_out_of_service(cache: &Objects) -> Vec<&Rc<Pod>> {
    let is_dead = |node: &Node| !node.is_ready() && node.spec.taints.iter().any(|taint| &*taint.key == OUT_OF_SERVICE);
    let mut pods: Vec<&Rc<Pod>> = (cache.pods.values())
        .filter(|pod| pod.is_terminating())
        .filter(|pod| cache.nodes.get(&Key::new("", pod.spec.node_name.clone())).is_some_and(|node| is_dead(node)))
        .collect();
    by_eviction_and_creation(&mut pods);
    pods
}

fn by_eviction_and_creation(pods: &mut Vec<&Rc<Pod>>) {
    let was_evicted = |pod: &Pod| pod.phase() == Phase::Failed && &*pod.status.reason == "Evicted";
    pods.order_by_key(|pod| (!was_evicted(pod), pod.metadata.creation_timestamp, pod.metadata.name.clone()));
}

/// Pods of nodes that have been gone for the whole quarantine, and are gone now.
fn gc_orphaned(cache: &Objects, memory: &mut Memory, api: &mut Api<'_, Memory>) -> Result<(), Awaiting> {
    let exists = |name: &Name| cache.nodes.get(&Key::new("", name.clone())).is_some();
    for pod in cache.pods.values().filter(|pod| pod.is_scheduled() && !exists(&pod.spec.node_name)) {
        let until = api.now + api.settings.pod_gc_quarantine;
        memory.quarantine.entry(pod.spec.node_name.clone()).or_insert(until);
    }
    let due: Vec<Name> =
        (memory.quarantine.iter()).filter(|(_, until)| **until <= api.now).map(|(node, _)| node.clone()).collect();
    let mut deleted = BTreeSet::new();
    for node in due {
        memory.quarantine.remove(&node);
        if exists(&node) {
            continue;
        }
        // The cache may be behind: only a live answer is believed.
        if let Err(error) = api.get(ObjectRef::new(Kind::Node, "", node.clone()))?
            && error.is_not_found()
        {
            deleted.insert(node);
        }
    }
    if deleted.is_empty() {
        return Ok(());
    }
    for pod in cache.pods.values().filter(|pod| deleted.contains(&pod.spec.node_name)) {
        let condition = Condition {
            kind: "DisruptionTarget".into(),
            status: "True".into(),
            reason: "DeletionByPodGC".into(),
            message: "PodGC: node no longer exists".into(),
            last_transition_time: api.now.whole_seconds(),
            observed_generation: pod.metadata.generation,
            ..Condition::default()
        };
        mark_failed_and_delete(pod, Some(condition), api)?;
    }
    Ok(())
}

/// Ends a pod in the books: phase Failed, unless it ended by itself, then a deletion that waits for nobody. A refusal is
/// left for the next round.
fn mark_failed_and_delete(
    pod: &Rc<Pod>,
    condition: Option<Condition>,
    api: &mut Api<'_, Memory>,
) -> Result<(), Awaiting> {
    let target = Key::of(&pod.metadata).to_ref(Kind::Pod);
    if !pod.phase().is_terminal() {
        let patch = match condition {
            Some(condition) => Patch::PodCondition { condition, phase: Some(Phase::Failed) },
            None => Patch::Merge { value: phase_failed(), status: true },
        };
        if api.patch(target.clone(), Some(pod.metadata.uid), patch)?.is_err() {
            return Ok(());
        }
    }
    let options = DeleteOptions { grace_seconds: Some(0), ..DeleteOptions::default() };
    let _ = api.delete_with(target, options)?;
    Ok(())
}

fn phase_failed() -> Value {
    let map = |key: &str, value: Value| Value::Map([(key.into(), value)].into_iter().collect());
    map("status", map("phase", Value::from("Failed")))
}

#[cfg(test)]
mod tests;
