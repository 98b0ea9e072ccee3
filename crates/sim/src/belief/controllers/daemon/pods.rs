//! The pods of a DaemonSet: how they are made, for which node each of them is, and whether it is of the newest template.
//!
//! Upstream: `pkg/controller/daemon/util/daemonset_util.go`.

use super::nodes::daemon_tolerations;
use crate::belief::controllers::pod_control::pod_from_template;
use petri_objects::order::Order as _;
use petri_objects::*;
use std::rc::Rc;

/// The label with the hash of the revision that a pod was made from.
pub const HASH_LABEL: &str = "controller-revision-hash";
/// The label with the number of the template that a pod was made from: older than revisions, and still written.
const GENERATION_LABEL: &str = "pod-template-generation";
/// The annotation in which the API server counts the templates of a set.
const GENERATION: &str = "deprecated.daemonset.template.generation";

/// How a set's pods are made, whatever their node.
///
/// Upstream: `CreatePodTemplate`.
pub fn create_pod_template(owner: &Object, set: &DaemonSet, hash: &Name) -> Pod {
    let mut pod = pod_from_template(owner, &set.spec.template);
    let spec = Rc::make_mut(&mut pod.spec);
    for own in daemon_tolerations(spec) {
        let same = |t: &&mut Toleration| {
            t.key == own.key && t.effect == own.effect && t.operator == own.operator && t.value == own.value
        };
        match spec.tolerations.iter_mut().find(same) {
            Some(present) => *present = own,
            None => spec.tolerations.push(own),
        }
    }
    if let Some(generation) = template_generation(set) {
        pod.metadata.labels.insert(GENERATION_LABEL, generation.clone());
    }
    pod.metadata.labels.insert(HASH_LABEL, hash.clone());
    pod
}

fn template_generation(set: &DaemonSet) -> Option<&Name> {
    set.metadata.annotations.get(GENERATION).filter(|text| text.parse::<i64>().is_ok())
}

/// The pod may go to one node only, and the scheduler takes it there. What else the template asks of labels was asked when
/// the node was chosen.
///
/// Upstream: `ReplaceDaemonSetPodNodeNameNodeAffinity`.
pub fn bound_to(pod: &Pod, node: &Name) -> Pod {
    let mut pod = pod.clone();
    let spec = Rc::make_mut(&mut pod.spec);
    let here = NodeSelectorRequirement { key: NAME_FIELD.into(), operator: "In".into(), values: vec![node.clone()] };
    let term = NodeSelectorTerm { match_fields: vec![here], ..NodeSelectorTerm::default() };
    let affinity = spec.affinity.get_or_insert_default().node_affinity.get_or_insert_default();
    affinity.required = Some(NodeSelector { node_selector_terms: vec![term] });
    pod
}

const NAME_FIELD: &str = "metadata.name";

/// The node that a pod is for, whether or not it is there yet.
///
/// Upstream: `GetTargetNodeName`.
fn target_node_name(pod: &Pod) -> Option<Name> {
    if pod.is_scheduled() {
        return Some(pod.spec.node_name.clone());
    }
    let affinity = pod.spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let terms = &affinity.required.as_ref()?.node_selector_terms;
    let by_name = |field: &&NodeSelectorRequirement| &*field.key == NAME_FIELD && &*field.operator == "In";
    let field = terms.iter().flat_map(|term| &term.match_fields).find(by_name)?;
    if let [node] = &*field.values { Some(node.clone()) } else { None }
}

/// Whether a pod is of the newest template.
///
/// Upstream: `IsPodUpdated`.
pub fn is_pod_updated(set: &DaemonSet, pod: &Pod, hash: &str) -> bool {
    let labels = &pod.metadata.labels;
    let generation = template_generation(set);
    labels.get(HASH_LABEL).is_some_and(|own| **own == *hash)
        || generation.is_some() && labels.get(GENERATION_LABEL) == generation
}

/// The pods of a set by node, in the order of the nodes' names; on each node those that are placed before those that are
/// not, and the oldest first.
pub struct NodePods(Vec<(Name, Vec<Rc<Pod>>)>);

impl NodePods {
    /// Pods that have ended and are being deleted count no more.
    ///
    /// Upstream: `getNodesToDaemonPods`, `podByCreationTimestampAndPhase`.
    pub fn of(pods: &[Rc<Pod>]) -> NodePods {
        let mut nodes = NodePods(Vec::new());
        let mut pods: Vec<&Rc<Pod>> =
            pods.iter().filter(|pod| !(pod.is_terminating() && pod.phase().is_terminal())).collect();
        pods.order_by_key(|pod| (!pod.is_scheduled(), pod.metadata.creation_timestamp, pod.metadata.name.clone()));
        for pod in pods {
            let Some(node) = target_node_name(pod) else { continue };
            nodes.slot(&node).push(pod.clone());
        }
        nodes
    }
    fn slot(&mut self, node: &Name) -> &mut Vec<Rc<Pod>> {
        let at = self.0.binary_search_by(|(name, _)| name.cmp(node)).unwrap_or_else(|at| {
            self.0.insert(at, (node.clone(), Vec::new()));
            at
        });
        &mut self.0[at].1
    }
    /// Lets a node take part that has no pod.
    pub fn include(&mut self, node: &Name) {
        self.slot(node);
    }
    pub fn on(&self, node: &Name) -> &[Rc<Pod>] {
        let at = self.0.binary_search_by(|(name, _)| name.cmp(node));
        at.map_or(&[], |at| &self.0[at].1)
    }
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &[Rc<Pod>])> {
        self.0.iter().map(|(node, pods)| (node, &**pods))
    }
}
