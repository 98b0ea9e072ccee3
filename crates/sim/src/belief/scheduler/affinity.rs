//! Where a pod stands to other pods: how evenly they must be spread, whom it must be near, whom it must avoid.
//!
//! Upstream: `plugins/podtopologyspread/filtering.go`, `plugins/interpodaffinity/filtering.go`.

use super::index::{Index, PodFacts, Tally};
use super::node_selector::{is_tolerated, matches_node_affinity};
use crate::belief::api::shelf::Objects;
use petri_objects::{
    LabelSelector, LabelSelectorRequirement, Labels, Name, Node, Pod, PodAffinityTerm, TopologySpreadConstraint,
};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A reason, and whether the node could do if other pods left.
type Refusal = (&'static str, bool);

/// One hard spread constraint, counted.
pub struct Spread {
    key: Name,
    max_skew: i64,
    least: i64,
    /// 1 if the pod itself counts.
    own: i64,
    counts: BTreeMap<Name, i64>,
}

impl Spread {
    /// The constraints of a pod that must hold, or none.
    pub fn required(pod: &Pod, index: &mut Index) -> Vec<Spread> {
        let hard: Vec<&TopologySpreadConstraint> =
            pod.spec.topology_spread_constraints.iter().filter(|c| &*c.when_unsatisfiable == "DoNotSchedule").collect();
        let tallies: Vec<Rc<Tally>> = hard
            .iter()
            .map(|constraint| index.tally(&pod.metadata.namespace, &[selector(constraint, pod)], false))
            .collect();
        hard.iter()
            .zip(&tallies)
            .map(|(constraint, tally)| Spread::count(constraint, &hard, tally, pod, index))
            .collect()
    }

    fn count(
        constraint: &TopologySpreadConstraint,
        all: &[&TopologySpreadConstraint],
        tally: &Tally,
        pod: &Pod,
        index: &Index,
    ) -> Spread {
        let mut counts: BTreeMap<Name, i64> = BTreeMap::new();
        for (node, _) in index.nodes() {
            let labelled = all.iter().all(|c| node.metadata.labels.get(&c.topology_key).is_some());
            if labelled
                && is_eligible(constraint, pod, node)
                && let Some(domain) = node.metadata.labels.get(&constraint.topology_key)
            {
                *counts.entry(domain.clone()).or_default() += i64::from(tally.on(&node.metadata.name));
            }
        }
        let enough = counts.len() as i64 >= i64::from(constraint.min_domains.unwrap_or(1));
        Spread {
            key: constraint.topology_key.clone(),
            max_skew: i64::from(constraint.max_skew),
            least: if enough { counts.values().copied().min().unwrap_or(0) } else { 0 },
            own: i64::from(selector(constraint, pod).matches(&pod.metadata.labels)),
            counts,
        }
    }

    pub fn filter(&self, node: &Node) -> Result<(), Refusal> {
        let Some(domain) = node.metadata.labels.get(&self.key) else {
            return Err(("node(s) didn't match pod topology spread constraints (missing required label)", false));
        };
        let count = self.counts.get(domain).copied().unwrap_or(0);
        if count + self.own - self.least > self.max_skew {
            return Err(("node(s) didn't match pod topology spread constraints", true));
        }
        Ok(())
    }
}

/// Whether the node's pods count: node affinity does by default, taints do not.
pub fn is_eligible(constraint: &TopologySpreadConstraint, pod: &Pod, node: &Node) -> bool {
    let by_affinity = &*constraint.node_affinity_policy == "Ignore" || matches_node_affinity(pod, node);
    let by_taints = &*constraint.node_taints_policy != "Honor"
        || node
            .spec
            .taints
            .iter()
            .filter(|taint| matches!(&*taint.effect, "NoSchedule" | "NoExecute"))
            .all(|taint| is_tolerated(taint, &pod.spec.tolerations));
    by_affinity && by_taints
}

/// The constraint's selector, narrowed to the pod's own values of `matchLabelKeys`. No selector selects nothing.
pub fn selector(constraint: &TopologySpreadConstraint, pod: &Pod) -> LabelSelector {
    let Some(selector) = &constraint.label_selector else { return nothing() };
    let mut selector = selector.clone();
    for key in &constraint.match_label_keys {
        if let Some(value) = pod.metadata.labels.get(key) {
            selector.match_expressions.push(one_of(key, "In", value));
        }
    }
    selector
}

fn one_of(key: &Name, operator: &str, value: &Name) -> LabelSelectorRequirement {
    LabelSelectorRequirement { key: key.clone(), operator: operator.into(), values: vec![value.clone()] }
}

fn nothing() -> LabelSelector {
    let never = LabelSelectorRequirement { key: "".into(), operator: "In".into(), values: Vec::new() };
    LabelSelector { match_expressions: vec![never], match_labels: Labels::default() }
}

/// One term of pod affinity: who is meant.
pub struct Term {
    pub key: Name,
    selector: LabelSelector,
    namespaces: BTreeSet<Name>,
}

impl Term {
    pub fn of(term: &PodAffinityTerm, owner: &PodFacts, cache: &Objects) -> Term {
        let mut selector = term.label_selector.clone().unwrap_or_else(nothing);
        for key in &term.match_label_keys {
            if let Some(value) = owner.labels.get(key) {
                selector.match_expressions.push(one_of(key, "In", value));
            }
        }
        for key in &term.mismatch_label_keys {
            if let Some(value) = owner.labels.get(key) {
                selector.match_expressions.push(one_of(key, "NotIn", value));
            }
        }
        let mut namespaces: BTreeSet<Name> = term.namespaces.iter().cloned().collect();
        if let Some(by_label) = &term.namespace_selector {
            let matching = cache.namespaces.values().filter(|space| by_label.matches(&space.metadata.labels));
            namespaces.extend(matching.map(|space| space.metadata.name.clone()));
        } else if namespaces.is_empty() {
            namespaces.insert(owner.key.namespace.clone());
        }
        Term { key: term.topology_key.clone(), selector, namespaces }
    }
    pub fn matches(&self, pod: &PodFacts) -> bool {
        self.namespaces.contains(&pod.key.namespace) && self.selector.matches(&pod.labels)
    }
    /// How many matching pods each domain has.
    pub fn domains(&self, index: &mut Index) -> BTreeMap<Name, i64> {
        let selectors = [self.selector.clone()];
        let tallies: Vec<Rc<Tally>> =
            self.namespaces.iter().map(|namespace| index.tally(namespace, &selectors, true)).collect();
        let mut counts: BTreeMap<Name, i64> = BTreeMap::new();
        for (node, _) in index.nodes() {
            let count: i64 = tallies.iter().map(|tally| i64::from(tally.on(&node.metadata.name))).sum();
            if count > 0
                && let Some(domain) = node.metadata.labels.get(&self.key)
            {
                *counts.entry(domain.clone()).or_default() += count;
            }
        }
        counts
    }
}

/// The required terms that concern a pod: its own, and those of pods that want it away.
#[derive(Default)]
pub struct PodTerms {
    near: Vec<(Name, BTreeMap<Name, i64>)>,
    /// The pod matches its own terms and nobody else does yet: it may be the first of its kind.
    first: bool,
    away: Vec<(Name, BTreeMap<Name, i64>)>,
    /// Domains (label, value) from which an existing pod keeps this one.
    kept_away: BTreeSet<(Name, Name)>,
}

impl PodTerms {
    pub fn of(facts: &PodFacts, index: &mut Index, cache: &Objects) -> PodTerms {
        let mut terms = PodTerms { kept_away: kept_away(facts, index, cache), ..PodTerms::default() };
        let Some(affinity) = &facts.spec.affinity else { return terms };
        let near: Vec<Term> = affinity
            .pod_affinity
            .iter()
            .flat_map(|affinity| &affinity.required)
            .map(|term| Term::of(term, facts, cache))
            .collect();
        terms.near = near.iter().map(|term| (term.key.clone(), term.domains(index))).collect();
        terms.first = terms.near.iter().all(|(_, domains)| domains.is_empty()) && near.iter().all(|t| t.matches(facts));
        for term in affinity.pod_anti_affinity.iter().flat_map(|anti| &anti.required) {
            let term = Term::of(term, facts, cache);
            let domains = term.domains(index);
            terms.away.push((term.key, domains));
        }
        terms
    }

    pub fn filter(&self, node: &Node) -> Result<(), Refusal> {
        let count = |key: &Name, domains: &BTreeMap<Name, i64>| {
            node.metadata.labels.get(key).map(|domain| domains.get(domain).copied().unwrap_or(0))
        };
        let near = self.near.iter().all(|(key, domains)| match count(key, domains) {
            None => false,
            Some(count) => count > 0 || self.first,
        });
        if !near {
            return Err(("node(s) didn't match pod affinity rules", false));
        }
        if self.away.iter().any(|(key, domains)| count(key, domains).is_some_and(|count| count > 0)) {
            return Err(("node(s) didn't match pod anti-affinity rules", true));
        }
        let kept = self.kept_away.iter().any(|(key, domain)| node.metadata.labels.get(key) == Some(domain));
        if kept {
            return Err(("node(s) didn't satisfy existing pods anti-affinity rules", true));
        }
        Ok(())
    }
}

fn kept_away(facts: &PodFacts, index: &Index, cache: &Objects) -> BTreeSet<(Name, Name)> {
    let mut domains = BTreeSet::new();
    if index.with_affinity == 0 {
        return domains;
    }
    for (node, info) in index.nodes() {
        for pod in info.with_affinity.iter().filter(|pod| pod.has_required_anti_affinity()) {
            let anti = pod.spec.affinity.as_ref().and_then(|affinity| affinity.pod_anti_affinity.as_ref());
            for term in anti.into_iter().flat_map(|anti| &anti.required) {
                if let Some(domain) = node.metadata.labels.get(&term.topology_key)
                    && Term::of(term, pod, cache).matches(facts)
                {
                    domains.insert((term.topology_key.clone(), domain.clone()));
                }
            }
        }
    }
    domains
}
