//! Is anybody there? A node is silent when the controller has not seen its lease or its Ready condition move for a
//! while, by the controller's own clock.
//!
//! Upstream: `monitorNodeHealth`, `tryUpdateNodeHealth`, `pkg/controller/util/node`.
//!
//! Deviation: a node whose status could not be written is read and tried again at once; upstream pauses 20 ms.

use super::zones::{self, Census, ZoneState};
use super::{Memory, OpenPass, course, taints};
use crate::belief::api::request::Patch;
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::client::call::{Api, Awaiting, Done, Outcome, expect_kind};
use crate::ground::clock::{Span, Time};
use crate::words::api_error::ApiError;
use crate::words::reason::Reason;
use petri_objects::*;
use std::collections::BTreeMap;
use std::rc::Rc;

const LEASE_NAMESPACE: &str = "kube-node-lease";
/// `--node-startup-grace-period`: how long a new node may stay without a Ready condition.
const STARTUP_GRACE_PERIOD: Span = Span::seconds(60);
const HEALTH_UPDATE_RETRIES: u32 = 5;
/// NetworkUnavailable is missing on purpose: it is not the kubelet's.
const KUBELET_CONDITIONS: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// When a node was last heard of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct NodeHealth {
    /// The Ready condition when it last moved: its status, and the heartbeat that came with it.
    ready: Option<(Name, Time)>,
    /// The pass in which the last sign of life was seen.
    pub probed: Time,
    /// The renewal that was seen last.
    lease: Option<Time>,
}

/// The Ready condition before a pass, and after it.
struct Verdict {
    observed: Condition,
    current: Option<Condition>,
}

pub(super) fn monitor_node_health(memory: &mut Memory, api: &mut Api<'_, Memory>) -> Outcome {
    let cache = api.cache();
    if let Some(open) = memory.open.take_if(|open| open.course.ends <= api.now) {
        zones::handle_disruption(memory, &open.census, &open.nodes, api)?;
        memory.last_pass = api.now;
        return Ok(Done { waiting: concern(memory, &cache, api), after: None });
    }
    if let Some(open) = &memory.open {
        return Ok(Done::after(open.course.ends.since(api.now)));
    }
    let nodes = listed(memory, &cache, api);
    classify_nodes(memory, &nodes, api)?;

    let mut census: BTreeMap<Name, Census> = BTreeMap::new();
    let mut all_lost: Vec<u64> = Vec::new();
    for node in &nodes {
        let mut node = node.clone();
        let Some(verdict) = update_node_health(memory, &mut node, api)? else { continue };
        if !zones::is_excluded(&node) {
            let count = census.entry(zones::zone_key(&node).into()).or_default();
            match &verdict.current {
                Some(current) if is_true(current) => count.ready += 1,
                _ => count.not_ready += 1,
            }
        }
        if let Some(current) = &verdict.current {
            taints::process_taint_base_eviction(memory, &node, &current.status, api)?;
            let lost = !is_true(current) && is_true(&verdict.observed);
            let name = node.metadata.name.clone();
            if lost {
                let message = format!("Node {name} status is now: NodeNotReady");
                api.normal(&node.clone().into(), "NodeNotReady", message);
            }
            if lost || (memory.retry.contains(&name) && !is_true(&verdict.observed)) {
                let pods: Vec<&Rc<Pod>> = cache.pods.values().filter(|pod| pod.spec.node_name == name).collect();
                let marked = mark_pods_not_ready(&pods, api)?;
                if lost {
                    all_lost.push(pods.len() as u64);
                }
                if !marked {
                    memory.retry.insert(name);
                    continue;
                }
            }
        }
        memory.retry.remove(&node.metadata.name);
    }
    memory.last_pass = api.now;
    if !all_lost.is_empty() && zones::is_news(memory, &census, api.settings) {
        let course = course::course(api.now, &all_lost, memory.zones.len(), &api.settings.client);
        let after = Some(course.ends.since(api.now));
        memory.open = Some(OpenPass { course, census, nodes });
        return Ok(Done { waiting: concern(memory, &cache, api), after });
    }
    zones::handle_disruption(memory, &census, &nodes, api)?;
    Ok(Done { waiting: concern(memory, &cache, api), after: None })
}

/// All nodes, in name order if no recording says which of them come to the evictor first.
fn listed(memory: &Memory, cache: &Objects, api: &Api<'_, Memory>) -> Vec<Rc<Node>> {
    let recorded = api.settings.taint_order.get(memory.tainted as usize..).unwrap_or_default();
    let first = recorded.iter().filter_map(|name| cache.nodes.get(&Key::new("", name.clone())));
    let mut nodes: Vec<Rc<Node>> = Vec::new();
    for node in first.chain(cache.nodes.values()) {
        if recorded.is_empty() || !nodes.iter().any(|listed| listed.metadata.name == node.metadata.name) {
            nodes.push(node.clone());
        }
    }
    nodes
}

fn is_true(condition: &Condition) -> bool {
    &*condition.status == "True"
}

/// What keeps the controller from calling every node either well or lost.
fn concern(memory: &Memory, cache: &Objects, api: &Api<'_, Memory>) -> Option<Reason> {
    let patience = api.settings.kubelet.lease_interval + api.settings.node_monitor_period;
    let silent = cache.nodes.values().filter(|node| node.is_ready()).find_map(|node| {
        let since = memory.health.get(&node.metadata.name)?.probed;
        let until = since + api.settings.node_monitor_grace_period;
        (since + patience < api.now && api.now <= until).then(|| Reason::NodeSilent {
            node: node.metadata.name.clone(),
            since,
            until,
        })
    });
    let disrupted = || {
        let zone = memory.zones.iter().find(|(_, zone)| zone.state == Some(ZoneState::PartialDisruption));
        zone.map(|(name, _)| Reason::ZoneDisrupted { zone: name.clone() })
    };
    silent.or_else(|| memory.all_zones_down().then_some(Reason::AllZonesDown)).or_else(disrupted)
}

/// Welcomes nodes that are new and takes leave of those that are gone.
fn classify_nodes(memory: &mut Memory, nodes: &[Rc<Node>], api: &mut Api<'_, Memory>) -> Result<(), Awaiting> {
    for node in nodes {
        let name = &node.metadata.name;
        memory.add_zone(node, api.settings);
        if !memory.known.contains_key(name) {
            let message = format!("Node {name} event: Registered Node {name} in Controller");
            api.normal(&node.clone().into(), "RegisteredNode", message);
            memory.known.insert(name.clone(), node.metadata.uid);
            taints::mark_node_as_reachable(memory, node, api)?;
        }
    }
    let gone: Vec<(Name, Uid)> = (memory.known.iter())
        .filter(|(name, _)| !nodes.iter().any(|node| node.metadata.name == **name))
        .map(|(name, uid)| (name.clone(), *uid))
        .collect();
    for (name, uid) in gone {
        let mut node = Node::default();
        (node.metadata.name, node.metadata.uid) = (name.clone(), uid);
        api.normal(&node.into(), "RemovingNode", format!("Node {name} event: Removing Node {name} from Controller"));
        memory.known.remove(&name);
    }
    Ok(())
}

/// Judges one node; `None` if the API server would not take the verdict, and nothing is to follow from it.
fn update_node_health(
    memory: &mut Memory,
    node: &mut Rc<Node>,
    api: &mut Api<'_, Memory>,
) -> Result<Option<Verdict>, Awaiting> {
    for _ in 0..HEALTH_UPDATE_RETRIES {
        if let Ok(verdict) = try_update_node_health(memory, node, api)? {
            return Ok(Some(verdict));
        }
        match api.get(ObjectRef::new(Kind::Node, "", node.metadata.name.clone()))? {
            Ok(live) => *node = expect_kind(live),
            Err(_) => return Ok(None),
        }
    }
    Ok(None)
}

fn try_update_node_health(
    memory: &mut Memory,
    node: &mut Rc<Node>,
    api: &mut Api<'_, Memory>,
) -> Result<Result<Verdict, ApiError>, Awaiting> {
    let (now, name, created) = (api.now, node.metadata.name.clone(), node.metadata.creation_timestamp);
    let posted = condition(&node.status.conditions, "Ready").cloned();
    let saved = memory.health.get(&name).cloned();
    let saved_lease = saved.as_ref().and_then(|health| health.lease);
    let mut health = match (saved, &posted) {
        (None, None) => NodeHealth { ready: None, probed: created, lease: None },
        (Some(health), None) => NodeHealth { ready: None, ..health },
        (Some(health), Some(posted)) if health.heartbeat() == Some(posted.last_heartbeat_time) => health,
        (_, Some(posted)) => NodeHealth { ready: Some(seen(posted)), probed: now, lease: None },
    };
    let lease = api.cache().leases.get(&Key::new(LEASE_NAMESPACE, name.clone())).map(|lease| lease.spec.renew_time.0);
    if lease.is_some_and(|renewed| saved_lease.is_none_or(|saved| saved < renewed)) {
        health.lease = lease;
        health.probed = now;
    }

    let grace = match posted {
        Some(_) => api.settings.node_monitor_grace_period,
        None => STARTUP_GRACE_PERIOD,
    };
    let observed = posted.clone().unwrap_or_else(|| Condition {
        kind: "Ready".into(),
        status: "Unknown".into(),
        last_heartbeat_time: created,
        last_transition_time: created,
        ..Condition::default()
    });
    if now <= health.probed + grace {
        memory.health.insert(name, health);
        return Ok(Ok(Verdict { observed, current: posted }));
    }

    give_up_on(Rc::make_mut(node), now);
    let current = condition(&node.status.conditions, "Ready").cloned();
    if current.as_ref() != Some(&observed) {
        if let Err(error) = api.update_status(node.clone())? {
            memory.health.insert(name, health);
            return Ok(Err(error));
        }
        health.ready = current.as_ref().map(seen);
        health.lease = lease;
    }
    memory.health.insert(name, health);
    Ok(Ok(Verdict { observed, current }))
}

impl NodeHealth {
    fn heartbeat(&self) -> Option<Time> {
        self.ready.as_ref().map(|(_, heartbeat)| *heartbeat)
    }
}

fn seen(ready: &Condition) -> (Name, Time) {
    (ready.status.clone(), ready.last_heartbeat_time)
}

/// Sets all that the kubelet used to say to Unknown.
fn give_up_on(node: &mut Node, now: Time) {
    let created = node.metadata.creation_timestamp;
    let conditions = &mut Rc::make_mut(&mut node.status).conditions;
    for kind in KUBELET_CONDITIONS {
        match conditions.iter_mut().find(|condition| &*condition.kind == kind) {
            None => conditions.push(Condition {
                kind: kind.into(),
                status: "Unknown".into(),
                reason: "NodeStatusNeverUpdated".into(),
                message: "Kubelet never posted node status.".into(),
                last_heartbeat_time: created,
                last_transition_time: now.whole_seconds(),
                ..Condition::default()
            }),
            Some(condition) if &*condition.status != "Unknown" => {
                condition.status = "Unknown".into();
                condition.reason = "NodeStatusUnknown".into();
                condition.message = "Kubelet stopped posting node status.".into();
                condition.last_transition_time = now.whole_seconds();
            }
            Some(_) => {}
        }
    }
}

/// Takes Ready away from pods that nobody reports about any more. Their phase and their containers stay as they were last
/// reported. `false` if a write failed for another reason than that the pod is gone.
///
/// Upstream: `MarkPodsNotReady`.
fn mark_pods_not_ready(pods: &[&Rc<Pod>], api: &mut Api<'_, Memory>) -> Result<bool, Awaiting> {
    let mut all = true;
    for pod in pods {
        let Some(ready) = condition(&pod.status.conditions, "Ready").filter(|ready| &*ready.status != "False") else {
            continue;
        };
        let condition =
            Condition { status: "False".into(), last_transition_time: api.now.whole_seconds(), ..ready.clone() };
        let target = Key::of(&pod.metadata).to_ref(Kind::Pod);
        match api.patch(target, Some(pod.metadata.uid), Patch::PodCondition { condition, phase: None })? {
            Err(error) if error.is_not_found() => continue,
            Err(_) => all = false,
            Ok(_) => {}
        }
        api.warning(&Rc::clone(pod).into(), "NodeNotReady", "Node is not ready");
    }
    Ok(all)
}

/// A pod that is bound to a node which is not ready cannot be ready either.
///
/// Upstream: `processPod`.
pub(super) fn process_pod(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    let cache = api.cache();
    let Some(pod) = cache.pods.get(key) else { return Ok(Done::settled()) };
    let health = api.memory.health.get(&pod.spec.node_name);
    let lost = health.and_then(|health| health.ready.as_ref()).is_some_and(|(status, _)| &**status != "True");
    if !lost || cache.nodes.get(&Key::new("", pod.spec.node_name.clone())).is_none() {
        return Ok(Done::settled());
    }
    if !mark_pods_not_ready(&[pod], api)? {
        return Ok(Done::after(api.settings.node_monitor_period));
    }
    Ok(Done::settled())
}
