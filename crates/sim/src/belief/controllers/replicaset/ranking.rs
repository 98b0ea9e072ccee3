//! Which pods go first when there are too many: those whose loss is felt least.
//!
//! Upstream: `ActivePodsWithRanks` in `pkg/controller/controller_utils.go`.

use crate::belief::api::shelf::Objects;
use crate::ground::clock::{Span, Time};
use petri_objects::order::Order as _;
use petri_objects::*;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Lowers or raises the place of a pod among those to delete.
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// The active pods of all ReplicaSets with the same owner: pods of one application, as seen from a node. A ReplicaSet
/// without an owner has none, not even its own.
///
/// Upstream: `getIndirectlyRelatedPods`.
pub fn indirectly_related_pods(set: &ReplicaSet, cache: &Objects) -> Vec<Rc<Pod>> {
    let Some(owner) = set.metadata.controller() else { return Vec::new() };
    let siblings: Vec<&Rc<ReplicaSet>> = cache
        .replica_sets
        .in_namespace(&set.metadata.namespace)
        .filter(|other| other.metadata.is_controlled_by(owner.uid))
        .collect();
    let mut seen = BTreeSet::new();
    let mut related = Vec::new();
    for sibling in siblings {
        let Some(selector) = &sibling.spec.selector else { continue };
        for pod in cache.pods.in_namespace(&set.metadata.namespace) {
            if selector.matches(&pod.metadata.labels) && seen.insert(pod.metadata.uid) {
                related.push(pod.clone());
            }
        }
    }
    related
}

/// Upstream: `getPodsToDelete`.
pub fn pods_to_delete(active: &[Rc<Pod>], related: &[Rc<Pod>], count: u32, now: Time) -> Vec<Rc<Pod>> {
    let count = count as usize;
    if count >= active.len() {
        return active.to_vec();
    }
    let mut pods_on_node: BTreeMap<&Name, u32> = BTreeMap::new();
    for pod in related.iter().filter(|pod| pod.is_active()) {
        *pods_on_node.entry(&pod.spec.node_name).or_default() += 1;
    }
    let rank = |pod: &Pod| pods_on_node.get(&pod.spec.node_name).copied().unwrap_or(0);
    let mut ranked = active.to_vec();
    // A stable sort: pods that are equal in all respects keep the order of the cache.
    ranked.order_by(|a, b| compare(a, b, rank(a), rank(b), now));
    ranked.truncate(count);
    ranked
}

/// `Less` if `a` is to be deleted before `b`. The ranks say how many related pods share the node.
///
/// Upstream: `ActivePodsWithRanks.Less`.
pub fn compare(a: &Pod, b: &Pod, rank_a: u32, rank_b: u32, now: Time) -> Ordering {
    let cost = |pod: &Pod| pod.metadata.annotations.get(DELETION_COST).and_then(|c| c.parse::<i32>().ok()).unwrap_or(0);
    a.is_scheduled()
        .cmp(&b.is_scheduled())
        .then_with(|| phase_order(a).cmp(&phase_order(b)))
        .then_with(|| a.is_ready().cmp(&b.is_ready()))
        .then_with(|| cost(a).cmp(&cost(b)))
        .then_with(|| rank_b.cmp(&rank_a))
        .then_with(|| match (a.is_ready(), b.is_ready()) {
            (true, true) => by_age(ready_since(a), ready_since(b), a, b, now),
            _ => Ordering::Equal,
        })
        .then_with(|| restarts(b).cmp(&restarts(a)))
        .then_with(|| by_age(a.metadata.creation_timestamp, b.metadata.creation_timestamp, a, b, now))
}

fn phase_order(pod: &Pod) -> u32 {
    match pod.phase() {
        Phase::Pending => 0,
        Phase::Unknown => 1,
        _ => 2,
    }
}

/// Since when a pod is Ready, or is not.
pub fn ready_since(pod: &Pod) -> Time {
    condition(&pod.status.conditions, "Ready").map_or(Time::ZERO, |ready| ready.last_transition_time)
}

/// The highest restart count of the regular containers and of the sidecars, compared in this order.
///
/// Upstream: `maxContainerRestarts`.
pub fn restarts(pod: &Pod) -> (i32, i32) {
    let sidecars: BTreeSet<&Name> = pod
        .spec
        .init_containers
        .iter()
        .filter(|container| &*container.restart_policy == "Always")
        .map(|container| &container.name)
        .collect();
    let regular = pod.status.container_statuses.iter().map(|status| status.restart_count).max();
    let sidecar = pod
        .status
        .init_container_statuses
        .iter()
        .filter(|status| sidecars.contains(&status.name))
        .map(|status| status.restart_count)
        .max();
    (regular.unwrap_or(0), sidecar.unwrap_or(0))
}

/// Younger first, but only by orders of magnitude (powers of two of nanoseconds), so that the choice among pods of
/// about the same age is left to their uids and thus to chance.
fn by_age(since_a: Time, since_b: Time, a: &Pod, b: &Pod, now: Time) -> Ordering {
    if since_a == since_b {
        return Ordering::Equal;
    }
    // An instant that is not known counts as the youngest.
    match (since_a == Time::ZERO, since_b == Time::ZERO) {
        (true, _) => return Ordering::Less,
        (_, true) => return Ordering::Greater,
        _ => {}
    }
    let (bucket_a, bucket_b) = (magnitude(now.since(since_a)), magnitude(now.since(since_b)));
    bucket_a.cmp(&bucket_b).then_with(|| a.metadata.uid.to_string().cmp(&b.metadata.uid.to_string()))
}

/// The power of two of an age in nanoseconds.
fn magnitude(age: Span) -> Option<u32> {
    u128::from(age.0).saturating_mul(1_000).checked_ilog2()
}
