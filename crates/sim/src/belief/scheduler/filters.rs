//! Which nodes can take a pod: each plugin in order, and the first that refuses a node gives the reason.
//!
//! Upstream: `pkg/scheduler/framework/plugins`, in the order of `default_plugins.go`.
//!
//! Deviation: every node is looked at; upstream looks at a sample in clusters of 100 nodes and more.
//! Deviation: NodeVolumeLimits and DynamicResources refuse nothing.

use super::affinity::{PodTerms, Spread};
use super::index::{Index, NodeInfo, PodFacts};
use super::node_selector::{is_tolerated, matches_node_affinity};
use super::volume_binding::{self, PodVolumes};
use crate::belief::api::shelf::{Key, Objects};
use crate::ground::digest::Kept;
use petri_objects::{Node, Pod, Taint};
use std::borrow::Cow;
use std::ops::{BitOr, BitOrAssign};
use std::rc::Rc;

/// A set of plugins: those that refused a pod decide what may wake it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plugins(u32);

impl Plugins {
    pub const NONE: Plugins = Plugins(0);
    /// NodeUnschedulable, NodeName, TaintToleration, NodeAffinity: what the node is.
    pub const NODE: Plugins = Plugins(1);
    pub const PORTS: Plugins = Plugins(1 << 1);
    pub const RESOURCES: Plugins = Plugins(1 << 2);
    pub const POD_COUNT: Plugins = Plugins(1 << 3);
    pub const VOLUME_RESTRICTIONS: Plugins = Plugins(1 << 4);
    pub const VOLUME_BINDING: Plugins = Plugins(1 << 5);
    pub const SPREAD: Plugins = Plugins(1 << 6);
    pub const POD_AFFINITY: Plugins = Plugins(1 << 7);
    /// VolumeBinding, before any node was looked at.
    pub const CLAIMS: Plugins = Plugins(1 << 8);

    pub fn any_of(self, others: Plugins) -> bool {
        self.0 & others.0 != 0
    }
}
impl BitOr for Plugins {
    type Output = Plugins;
    fn bitor(self, other: Plugins) -> Plugins {
        Plugins(self.0 | other.0)
    }
}
impl BitOrAssign for Plugins {
    fn bitor_assign(&mut self, other: Plugins) {
        self.0 |= other.0;
    }
}

/// Why a node cannot take a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub plugins: Plugins,
    pub reasons: Vec<Cow<'static, str>>,
    /// Whether the node could take the pod if other pods left.
    pub resolvable: bool,
}

impl Rejection {
    fn new(plugins: Plugins, reason: &'static str, resolvable: bool) -> Rejection {
        Rejection { plugins, reasons: vec![Cow::Borrowed(reason)], resolvable }
    }
}

/// A node that the pod excludes by its name is not even looked at.
///
/// Upstream: `SetAbsentNodesStatus`.
pub fn not_named() -> Rejection {
    Rejection::new(Plugins::NODE, "node(s) didn't satisfy plugin(s) [NodeAffinity]", false)
}

const RWOP: &str = "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use \
                    by another pod";

/// A pod that looks for a node, with all that is worked out once for all nodes.
pub struct Incoming<'a> {
    pub pod: &'a Pod,
    pub facts: PodFacts,
    pub volumes: PodVolumes,
    /// A ReadWriteOncePod claim of the pod is used by another pod.
    claim_in_use: bool,
    spread: Vec<Spread>,
    terms: PodTerms,
}

impl<'a> Incoming<'a> {
    pub fn new(pod: &'a Pod, volumes: PodVolumes, index: &mut Index, cache: &Objects) -> Incoming<'a> {
        let facts = PodFacts::of(pod);
        Incoming {
            claim_in_use: uses_claim_of_another(pod, index, cache),
            spread: Spread::required(pod, index),
            terms: PodTerms::of(&facts, index, cache),
            pod,
            facts,
            volumes,
        }
    }
}

/// Upstream: `volumerestrictions`, which counts pods that are stopping until they are gone.
fn uses_claim_of_another(pod: &Pod, index: &Index, cache: &Objects) -> bool {
    let namespace = &pod.metadata.namespace;
    pod.claims().any(|name| {
        let claim = cache.claims.get(&Key::new(namespace.clone(), name.clone()));
        let alone = claim.is_some_and(|claim| claim.spec.access_modes.iter().any(|m| &**m == "ReadWriteOncePod"));
        let uses = |other: &Kept<Rc<PodFacts>>| {
            other.uid != pod.metadata.uid
                && other.key.namespace == *namespace
                && other
                    .spec
                    .volumes
                    .iter()
                    .any(|v| v.persistent_volume_claim.as_ref().is_some_and(|c| c.claim_name == *name))
        };
        alone && index.nodes().any(|(_, info)| info.pods.iter().any(uses))
    })
}

/// Runs the plugins on one node.
pub fn filter(incoming: &Incoming<'_>, node: &Node, info: &NodeInfo) -> Result<(), Rejection> {
    node_itself(incoming.pod, node)?;
    node_ports(incoming, info)?;
    node_resources_fit(incoming, info)?;
    if incoming.claim_in_use {
        return Err(Rejection::new(Plugins::VOLUME_RESTRICTIONS, RWOP, true));
    }
    let reasons = volume_binding::filter(&incoming.volumes, node);
    if !reasons.is_empty() {
        let reasons = reasons.into_iter().map(Cow::Borrowed).collect();
        return Err(Rejection { plugins: Plugins::VOLUME_BINDING, reasons, resolvable: false });
    }
    if volume_binding::is_in_other_zone(&incoming.volumes, node) {
        return Err(Rejection::new(Plugins::VOLUME_BINDING, volume_binding::NO_ZONE, false));
    }
    for constraint in &incoming.spread {
        constraint.filter(node).map_err(|(reason, resolvable)| Rejection::new(Plugins::SPREAD, reason, resolvable))?;
    }
    incoming.terms.filter(node).map_err(|(reason, ok)| Rejection::new(Plugins::POD_AFFINITY, reason, ok))
}

/// NodeUnschedulable, NodeName, TaintToleration, NodeAffinity.
fn node_itself(pod: &Pod, node: &Node) -> Result<(), Rejection> {
    let no = |reason| Err(Rejection::new(Plugins::NODE, reason, false));
    if node.spec.unschedulable {
        let cordon =
            Taint { key: "node.kubernetes.io/unschedulable".into(), effect: "NoSchedule".into(), ..Taint::default() };
        if !is_tolerated(&cordon, &pod.spec.tolerations) {
            return no("node(s) were unschedulable");
        }
    }
    if !pod.spec.node_name.is_empty() && pod.spec.node_name != node.metadata.name {
        return no("node(s) didn't match the requested node name");
    }
    let keeps_away = |taint: &&Taint| matches!(&*taint.effect, "NoSchedule" | "NoExecute");
    if node.spec.taints.iter().filter(keeps_away).any(|taint| !is_tolerated(taint, &pod.spec.tolerations)) {
        return no("node(s) had untolerated taint(s)");
    }
    if !matches_node_affinity(pod, node) {
        return no("node(s) didn't match Pod's node affinity/selector");
    }
    Ok(())
}

fn node_ports(incoming: &Incoming<'_>, info: &NodeInfo) -> Result<(), Rejection> {
    let ports = |spec: &petri_objects::PodSpec| -> Vec<(i32, String, String)> {
        let containers = spec.containers.iter().chain(&spec.init_containers);
        let word = |text: &str, default: &str| if text.is_empty() { default.to_owned() } else { text.to_owned() };
        containers
            .flat_map(|container| &container.ports)
            .filter(|port| port.host_port > 0)
            .map(|port| (port.host_port, word(&port.protocol, "TCP"), word(&port.host_ip, "0.0.0.0")))
            .collect()
    };
    let wanted = ports(&incoming.facts.spec);
    if wanted.is_empty() {
        return Ok(());
    }
    let clashes = |(number, protocol, ip): &(i32, String, String)| {
        wanted.iter().any(|(n, p, i)| n == number && p == protocol && (i == ip || i == "0.0.0.0" || ip == "0.0.0.0"))
    };
    if info.pods.iter().any(|pod| ports(&pod.spec).iter().any(clashes)) {
        return Err(Rejection::new(Plugins::PORTS, "node(s) didn't have free ports for the requested pod ports", true));
    }
    Ok(())
}

/// Upstream: `noderesources/fit.go`; several resources can be short at once.
pub fn node_resources_fit(incoming: &Incoming<'_>, info: &NodeInfo) -> Result<(), Rejection> {
    let mut rejection = Rejection { plugins: Plugins::NONE, reasons: Vec::new(), resolvable: true };
    if info.pods.len() as i64 + 1 > info.max_pods {
        rejection.plugins |= Plugins::POD_COUNT;
        rejection.reasons.push(Cow::Borrowed("Too many pods"));
    }
    let (wanted, used, all) = (&incoming.facts.requests, &info.requested, &info.allocatable);
    let mut check = |wanted: i64, used: i64, all: i64, reason: Cow<'static, str>| {
        if wanted > 0 && wanted > all - used {
            rejection.plugins |= Plugins::RESOURCES;
            rejection.reasons.push(reason);
            // Pushing pods away does not make the node larger.
            rejection.resolvable &= wanted <= all;
        }
    };
    check(wanted.cpu, used.cpu, all.cpu, Cow::Borrowed("Insufficient cpu"));
    check(wanted.memory, used.memory, all.memory, Cow::Borrowed("Insufficient memory"));
    for (name, amount) in &wanted.others {
        let of = |amounts: &super::index::Resources| amounts.others.get(name).copied().unwrap_or(0);
        check(*amount, of(used), of(all), Cow::Owned(format!("Insufficient {name}")));
    }
    if rejection.reasons.is_empty() { Ok(()) } else { Err(rejection) }
}
