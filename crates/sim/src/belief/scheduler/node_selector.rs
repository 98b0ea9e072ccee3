//! Whether a node has what a selector asks for, the one rule that pods and volumes share, and whether its taints are
//! tolerated.
//!
//! Upstream: `component-helpers/scheduling/corev1/nodeaffinity`.

use petri_objects::{
    Labels, Name, Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodSpec, Taint, Toleration,
};
use std::collections::BTreeSet;

/// One term must match; none at all match nothing.
pub fn matches(selector: &NodeSelector, node: &Node) -> bool {
    selector.node_selector_terms.iter().any(|term| term_matches(term, node))
}

/// All requirements must hold; a term without any matches nothing.
pub fn term_matches(term: &NodeSelectorTerm, node: &Node) -> bool {
    if term.match_expressions.is_empty() && term.match_fields.is_empty() {
        return false;
    }
    term.match_expressions.iter().all(|requirement| holds(requirement, node.metadata.labels.get(&requirement.key)))
        && term.match_fields.iter().all(|requirement| {
            let name = (&*requirement.key == "metadata.name").then_some(&node.metadata.name);
            holds(requirement, name)
        })
}

/// Whether the node carries all labels of a `nodeSelector`.
pub fn has_labels(wanted: &Labels, node: &Node) -> bool {
    wanted.is_subset_of(&node.metadata.labels)
}

/// Whether a pod with these tolerations may go where the taint is.
pub fn is_tolerated(taint: &Taint, tolerations: &[Toleration]) -> bool {
    tolerations.iter().any(|toleration| toleration.tolerates(taint))
}

/// Whether a node is one of those that the pod asks for.
///
/// Upstream: `GetRequiredNodeAffinity(pod).Match(node)`.
pub fn matches_node_affinity(pod: &Pod, node: &Node) -> bool {
    meets(&pod.spec, node)
}

/// The same for a pod that is still to be made.
pub fn meets(spec: &PodSpec, node: &Node) -> bool {
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required: Option<&NodeSelector> = affinity.and_then(|affinity| affinity.required.as_ref());
    has_labels(&spec.node_selector, node) && required.is_none_or(|selector| matches(selector, node))
}

/// The only nodes that a pod can go to, if each of its terms says so by name: a DaemonSet's pods do.
///
/// Upstream: `NodeAffinity.PreFilter`.
/// Deviation: terms that contradict each other are found out node by node.
pub fn named_nodes(spec: &PodSpec) -> Option<BTreeSet<Name>> {
    let required = spec.affinity.as_ref()?.node_affinity.as_ref()?.required.as_ref()?;
    let mut named = BTreeSet::new();
    for term in &required.node_selector_terms {
        let by_name =
            term.match_fields.iter().filter(|field| &*field.key == "metadata.name" && &*field.operator == "In");
        let mut both: Option<BTreeSet<Name>> = None;
        for field in by_name {
            let is_left = |name: &&Name| both.as_ref().is_none_or(|left| left.contains(*name));
            both = Some(field.values.iter().filter(is_left).cloned().collect());
        }
        named.extend(both?);
    }
    (!named.is_empty()).then_some(named)
}

fn holds(requirement: &NodeSelectorRequirement, value: Option<&Name>) -> bool {
    let compare = |accept: fn(&i64, &i64) -> bool| {
        let actual: Option<i64> = value.and_then(|v| v.parse().ok());
        let bound: Option<i64> = requirement.values.first().and_then(|v| v.parse().ok());
        actual.zip(bound).is_some_and(|(actual, bound)| accept(&actual, &bound))
    };
    match &*requirement.operator {
        "In" => value.is_some_and(|v| requirement.values.contains(v)),
        "NotIn" => value.is_none_or(|v| !requirement.values.contains(v)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => compare(i64::gt),
        "Lt" => compare(i64::lt),
        _ => false,
    }
}
