//! Which nodes a pod's volumes allow, and what must be written so that they follow the pod.
//!
//! Upstream: `pkg/scheduler/framework/plugins/volumebinding` (`volume_binding.go`, `binder.go`), `volumezone`.

use crate::belief::api::shelf::{Key, Objects};
use crate::belief::controllers::persistent_volume::matching::{self, For};
use crate::belief::controllers::persistent_volume::{
    BIND_COMPLETED, NO_PROVISIONER, SELECTED_NODE, annotation, names_claim, waits_for_first_consumer,
};
use petri_objects::order::Order as _;
use petri_objects::{Name, Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass, Value};
use std::collections::BTreeSet;
use std::rc::Rc;

pub const UNBOUND: &str = "pod has unbound immediate PersistentVolumeClaims";
pub const NODE_CONFLICT: &str = "node(s) didn't match PersistentVolume's node affinity";
pub const NOTHING_TO_BIND: &str = "node(s) didn't find available persistent volumes to bind";
pub const NO_VOLUME: &str = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
pub const NO_ZONE: &str = "node(s) had no available volume zone";

/// A claim whose volume is chosen together with the pod's node.
#[derive(Debug)]
pub struct Delayed {
    pub claim: Rc<PersistentVolumeClaim>,
    class: Option<Rc<StorageClass>>,
    /// Volumes that could serve on some node.
    candidates: Vec<Rc<PersistentVolume>>,
}

/// A pod's claims.
#[derive(Debug, Default)]
pub struct PodVolumes {
    bound: Vec<Rc<PersistentVolume>>,
    /// A claim is bound to a volume that does not exist.
    missing: bool,
    pub delayed: Vec<Delayed>,
}

/// What has to be written before the pod can be bound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Plan {
    /// Volumes that exist, and the claims that get them.
    pub existing: Vec<(Name, Name)>,
    /// Claims for which a driver makes a volume.
    pub provisioned: Vec<Name>,
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.existing.is_empty() && self.provisioned.is_empty()
    }
    pub fn claims(&self) -> impl Iterator<Item = &Name> {
        self.existing.iter().map(|(_, claim)| claim).chain(&self.provisioned)
    }
}

/// Whether the claim has its volume for good.
///
/// Upstream: `isPVCFullyBound`.
pub fn is_fully_bound(claim: &PersistentVolumeClaim) -> bool {
    !claim.spec.volume_name.is_empty() && annotation(&claim.metadata, BIND_COMPLETED).is_some()
}

/// Looks at the claims before any node; an error is the reason why no node will do. `taken` are volumes that other pods
/// were promised.
pub fn pre_filter(pod: &Pod, cache: &Objects, taken: &dyn Fn() -> BTreeSet<Name>) -> Result<PodVolumes, String> {
    let mut volumes = PodVolumes::default();
    let mut immediate = false;
    let claims: BTreeSet<&Name> = pod.claims().collect();
    for name in claims {
        let Some(claim) = cache.claims.get(&Key::new(pod.metadata.namespace.clone(), name.clone())) else {
            return Err(format!("persistentvolumeclaim \"{name}\" not found"));
        };
        if &*claim.status.phase == "Lost" {
            let volume = &claim.spec.volume_name;
            return Err(format!(
                "persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{volume}\""
            ));
        }
        if claim.metadata.is_terminating() {
            return Err(format!("persistentvolumeclaim \"{name}\" is being deleted"));
        }
        if is_fully_bound(claim) {
            match cache.volumes.get(&Key::new("", claim.spec.volume_name.clone())) {
                Some(volume) => volumes.bound.push(volume.clone()),
                None => volumes.missing = true,
            }
        } else if claim.spec.volume_name.is_empty() && waits_for_first_consumer(claim, cache) {
            volumes.delayed.push(delayed(claim, cache, taken));
        } else {
            immediate = true;
        }
    }
    // The smallest choose first.
    volumes.delayed.order_by_key(|delayed| matching::request(&delayed.claim));
    if immediate { Err(UNBOUND.to_owned()) } else { Ok(volumes) }
}

fn delayed(claim: &Rc<PersistentVolumeClaim>, cache: &Objects, taken: &dyn Fn() -> BTreeSet<Name>) -> Delayed {
    let open = |volume: &PersistentVolume| volume.spec.claim_ref.is_none() && &*volume.status.phase == "Available";
    let free = |volume: &&Rc<PersistentVolume>| open(volume) || names_claim(volume, claim);
    let mut candidates: Vec<_> = cache.volumes.values().filter(free).cloned().collect();
    if candidates.iter().any(|volume| open(volume)) {
        let taken = taken();
        candidates.retain(|volume| !taken.contains(&volume.metadata.name) || names_claim(volume, claim));
    }
    Delayed {
        claim: claim.clone(),
        class: cache.storage_classes.get(&Key::new("", claim.class())).cloned(),
        candidates,
    }
}

/// Why the node cannot serve the volumes, all reasons at once.
pub fn filter(volumes: &PodVolumes, node: &Node) -> Vec<&'static str> {
    let mut reasons = Vec::new();
    if volumes.bound.iter().any(|volume| !matching::is_reachable(volume, node)) {
        reasons.push(NODE_CONFLICT);
    }
    if !volumes.delayed.is_empty() && plan(volumes, node).is_none() {
        reasons.push(NOTHING_TO_BIND);
    }
    if volumes.missing {
        reasons.push(NO_VOLUME);
    }
    reasons
}

/// Whether the labels of the bound volumes name another zone than the node's.
///
/// Upstream: `volumezone`.
pub fn is_in_other_zone(volumes: &PodVolumes, node: &Node) -> bool {
    let mut labelled = volumes.bound.iter().filter(|volume| !volume.metadata.labels.is_empty());
    labelled.any(|volume| {
        ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"].iter().any(|key| {
            let (Some(at), Some(zones)) = (node.metadata.labels.get(key), volume.metadata.labels.get(key)) else {
                return false;
            };
            !zones.split("__").any(|zone| zone == &**at)
        })
    })
}

/// What to write if the pod goes to that node; `None` if some claim cannot be served there.
pub fn plan(volumes: &PodVolumes, node: &Node) -> Option<Plan> {
    let mut plan = Plan::default();
    for delayed in &volumes.delayed {
        let name = &delayed.claim.metadata.name;
        if let Some(selected) = annotation(&delayed.claim.metadata, SELECTED_NODE) {
            // A driver works on it already.
            if *selected != node.metadata.name {
                return None;
            }
            let class = delayed.class.as_ref()?;
            if !can_be_made(class, node) {
                return None;
            }
            plan.provisioned.push(name.clone());
            continue;
        }
        let used = |volume: &&Rc<PersistentVolume>| plan.existing.iter().any(|(v, _)| *v == volume.metadata.name);
        let left: Vec<_> = delayed.candidates.iter().filter(|volume| !used(volume)).cloned().collect();
        if let Some(volume) = matching::find_best_match(&delayed.claim, &left, For::Node(node)) {
            plan.existing.push((volume.metadata.name.clone(), name.clone()));
            continue;
        }
        let class = delayed.class.as_ref()?;
        if !can_be_made(class, node) {
            return None;
        }
        plan.provisioned.push(name.clone());
    }
    Some(plan)
}

/// Upstream: `checkVolumeProvisions`.
fn can_be_made(class: &StorageClass, node: &Node) -> bool {
    !class.provisioner.is_empty() && &*class.provisioner != NO_PROVISIONER && is_topology_allowed(class, node)
}

/// One of the class's terms must hold; a class without any allows every node.
fn is_topology_allowed(class: &StorageClass, node: &Node) -> bool {
    let Some(terms) = class.allowed_topologies.0.as_ref().and_then(|value| value.as_list()) else { return true };
    let holds = |expression: &Value| {
        let key = expression.at(&["key"]).and_then(Value::as_str).unwrap_or("");
        let at = node.metadata.labels.get(key);
        let values = expression.at(&["values"]).and_then(Value::as_list).unwrap_or_default();
        at.is_some_and(|at| values.iter().any(|value| value.as_str() == Some(at)))
    };
    let term_holds = |term: &Value| {
        term.at(&["matchLabelExpressions"]).and_then(Value::as_list).unwrap_or_default().iter().all(holds)
    };
    terms.is_empty() || terms.iter().any(term_holds)
}

#[cfg(test)]
mod tables;
