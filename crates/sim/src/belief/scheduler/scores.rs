//! Which of the nodes that fit is best: each plugin gives 0 to 100 points, times its weight; the sum decides.
//!
//! Upstream: the score plugins of `default_plugins.go` with their default weights.
//!
//! Deviation: logarithms are fixed-point numbers with six decimals, so that every platform gives the same points.
//! Deviation: ImageLocality gives every node the same, because images are taken to be equally present.

use super::affinity::{Term, is_eligible, selector};
use super::filters::Incoming;
use super::index::{Index, NodeInfo, Tally};
use super::node_selector;
use crate::belief::api::shelf::Objects;
use petri_objects::{LabelSelector, Name, Node, Pod, TopologySpreadConstraint, WeightedPodAffinityTerm};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

const ZONE: &str = "topology.kubernetes.io/zone";
const HOSTNAME: &str = "kubernetes.io/hostname";

/// A node that fits.
pub type Candidate<'i> = (&'i Rc<Node>, &'i NodeInfo);

/// The points of each candidate, in their order.
pub fn totals(incoming: &Incoming<'_>, candidates: &[Candidate<'_>], spread: &Spreading, near: &Nearness) -> Vec<i64> {
    let mut totals = vec![0; candidates.len()];
    let mut add = |weight: i64, points: Vec<i64>| {
        totals.iter_mut().zip(points).for_each(|(total, points)| *total += weight * points);
    };
    add(3, taint_toleration(incoming.pod, candidates));
    add(2, node_affinity(incoming.pod, candidates));
    add(1, candidates.iter().map(|(_, info)| least_allocated(incoming, info)).collect());
    add(2, spread.points(candidates));
    add(2, near.points(candidates));
    add(1, candidates.iter().map(|(_, info)| balanced_allocation(incoming, info)).collect());
    totals
}

/// 100 times the free share, the mean of cpu and memory.
pub fn least_allocated(incoming: &Incoming<'_>, info: &NodeInfo) -> i64 {
    let free = |all: i64, used: i64| if all <= 0 || used > all { 0 } else { (all - used) * 100 / all };
    let (cpu, memory) = incoming.facts.compared;
    let pairs = [(info.allocatable.cpu, info.compared.0 + cpu), (info.allocatable.memory, info.compared.1 + memory)];
    let known: Vec<i64> = pairs.iter().filter(|(all, _)| *all > 0).map(|(all, used)| free(*all, *used)).collect();
    if known.is_empty() { 0 } else { known.iter().sum::<i64>() / known.len() as i64 }
}

/// How much more evenly cpu and memory are used with the pod than without it.
fn balanced_allocation(incoming: &Incoming<'_>, info: &NodeInfo) -> i64 {
    let (requests, used, all) = (&incoming.facts.requests, &info.requested, &info.allocatable);
    if requests.cpu == 0 && requests.memory == 0 {
        return 0;
    }
    let without = balance((used.cpu, all.cpu), (used.memory, all.memory));
    let with = balance((used.cpu + requests.cpu, all.cpu), (used.memory + requests.memory, all.memory));
    50 + (50 + with - without) / 2
}

/// 100 if both are used to the same share, 50 if one is full and the other empty.
fn balance(cpu: (i64, i64), memory: (i64, i64)) -> i64 {
    if cpu.1 <= 0 || memory.1 <= 0 {
        return 100;
    }
    let (used_a, all_a) = (i128::from(cpu.0.min(cpu.1)), i128::from(cpu.1));
    let (used_b, all_b) = (i128::from(memory.0.min(memory.1)), i128::from(memory.1));
    let (difference, whole) = ((used_a * all_b - used_b * all_a).abs(), all_a * all_b);
    i64::try_from((100 * whole - 50 * difference) / whole).unwrap_or(0)
}

/// Fewer taints that only prefer to keep the pod away are better.
fn taint_toleration(pod: &Pod, candidates: &[Candidate<'_>]) -> Vec<i64> {
    let disliked = |node: &Node| {
        let soft = node.spec.taints.iter().filter(|taint| &*taint.effect == "PreferNoSchedule");
        soft.filter(|taint| !pod.spec.tolerations.iter().any(|toleration| toleration.tolerates(taint))).count() as i64
    };
    let counts: Vec<i64> = candidates.iter().map(|(node, _)| disliked(node)).collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    counts.into_iter().map(|count| if most == 0 { 100 } else { 100 - count * 100 / most }).collect()
}

fn node_affinity(pod: &Pod, candidates: &[Candidate<'_>]) -> Vec<i64> {
    let affinity = pod.spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let Some(affinity) = affinity.filter(|affinity| !affinity.preferred.is_empty()) else {
        return vec![0; candidates.len()];
    };
    let liked = |node: &Node| -> i64 {
        let matching = affinity.preferred.iter().filter(|term| node_selector::term_matches(&term.preference, node));
        matching.map(|term| i64::from(term.weight)).sum()
    };
    let sums: Vec<i64> = candidates.iter().map(|(node, _)| liked(node)).collect();
    let most = sums.iter().copied().max().unwrap_or(0);
    sums.into_iter().map(|sum| if most == 0 { 0 } else { sum * 100 / most }).collect()
}

/// What PodTopologySpread counts for scoring.
pub struct Spreading {
    constraints: Vec<(Soft, Rc<Tally>)>,
    /// The user's own constraints leave out nodes without the labels; the default ones do not.
    labels_required: bool,
}

struct Soft {
    key: Name,
    max_skew: i64,
    /// For each domain of the feasible nodes: how many pods.
    domains: BTreeMap<Name, i64>,
}

impl Spreading {
    /// The pod's soft constraints or, if it has none at all, the default ones for pods of its services and controller.
    pub fn of(pod: &Pod, feasible: &[Rc<NodeInfo>], index: &mut Index, cache: &Objects) -> Spreading {
        let namespace = &pod.metadata.namespace;
        let (constraints, labels_required) = match pod.spec.topology_spread_constraints.is_empty() {
            true => (default_constraints(pod, cache), false),
            false => {
                let soft =
                    pod.spec.topology_spread_constraints.iter().filter(|c| &*c.when_unsatisfiable == "ScheduleAnyway");
                (soft.map(|c| (c.clone(), vec![selector(c, pod)])).collect(), true)
            }
        };
        let tallies: Vec<Rc<Tally>> =
            constraints.iter().map(|(_, selectors)| index.tally(namespace, selectors, false)).collect();
        let constraints = constraints
            .into_iter()
            .zip(tallies)
            .map(|((constraint, _), tally)| {
                let domains = domains(&constraint, &tally, pod, feasible, index);
                let (key, max_skew) = (constraint.topology_key, i64::from(constraint.max_skew));
                (Soft { key, max_skew, domains }, tally)
            })
            .collect();
        Spreading { constraints, labels_required }
    }

    fn points(&self, candidates: &[Candidate<'_>]) -> Vec<i64> {
        if self.constraints.is_empty() {
            return vec![0; candidates.len()];
        }
        let left_out = |node: &Node| {
            self.labels_required
                && self.constraints.iter().any(|(soft, _)| node.metadata.labels.get(&soft.key).is_none())
        };
        let counted = candidates.iter().filter(|(node, _)| !left_out(node)).count() as u64;
        let weigh = |(soft, _): &(Soft, Rc<Tally>)| {
            let by_host = &*soft.key == HOSTNAME;
            let domains = if by_host { counted } else { soft.domains.len() as u64 };
            (by_host, ln_micros(domains + 2))
        };
        let weights: Vec<(bool, i64)> = self.constraints.iter().map(weigh).collect();
        let raw = |node: &Node| -> Option<i64> {
            if left_out(node) {
                return None;
            }
            let mut micros = 0;
            for ((soft, tally), (by_host, weight)) in self.constraints.iter().zip(&weights) {
                let Some(domain) = node.metadata.labels.get(&soft.key) else { continue };
                let count = match *by_host {
                    true => i64::from(tally.on(&node.metadata.name)),
                    false => soft.domains.get(domain).copied().unwrap_or(0),
                };
                micros += count * weight + (soft.max_skew - 1) * 1_000_000;
            }
            // Half away from zero, as Go rounds.
            Some((micros + 500_000) / 1_000_000)
        };
        let raws: Vec<Option<i64>> = candidates.iter().map(|(node, _)| raw(node)).collect();
        let most = raws.iter().flatten().copied().max().unwrap_or(0);
        let least = raws.iter().flatten().copied().min().unwrap_or(0);
        let normal = |raw: Option<i64>| match raw {
            None => 0,
            Some(_) if most == 0 => 100,
            Some(raw) => 100 * (most + least - raw) / most,
        };
        raws.into_iter().map(normal).collect()
    }
}

fn domains(
    constraint: &TopologySpreadConstraint,
    tally: &Tally,
    pod: &Pod,
    feasible: &[Rc<NodeInfo>],
    index: &Index,
) -> BTreeMap<Name, i64> {
    let mut domains = BTreeMap::new();
    if &*constraint.topology_key == HOSTNAME {
        return domains;
    }
    let nodes = feasible.iter().filter_map(|info| info.node.as_ref());
    for domain in nodes.filter_map(|node| node.metadata.labels.get(&constraint.topology_key)) {
        domains.entry(domain.clone()).or_insert(0);
    }
    for (node, _) in index.nodes() {
        let there = tally.on(&node.metadata.name);
        if there == 0 {
            continue;
        }
        let domain = node.metadata.labels.get(&constraint.topology_key).and_then(|domain| domains.get_mut(domain));
        if let Some(count) = domain
            && is_eligible(constraint, pod, node)
        {
            *count += i64::from(there);
        }
    }
    domains
}

/// Pods of one service, ReplicaSet or StatefulSet are spread over nodes and zones even if nobody asks for it.
///
/// Upstream: `podtopologyspread/plugin.go` (`systemDefaultConstraints`), `helper.DefaultSelector`.
fn default_constraints(pod: &Pod, cache: &Objects) -> Vec<(TopologySpreadConstraint, Vec<LabelSelector>)> {
    let labels = &pod.metadata.labels;
    let services = cache.services.in_namespace(&pod.metadata.namespace);
    let mut selectors: Vec<LabelSelector> = services
        .map(|service| &service.spec.selector)
        .filter(|selector| !selector.is_empty() && selector.is_subset_of(labels))
        .map(|selector| LabelSelector { match_labels: selector.clone(), match_expressions: Vec::new() })
        .collect();
    if let Some(owner) = pod.metadata.controller() {
        let key = crate::belief::api::shelf::Key::new(pod.metadata.namespace.clone(), owner.name.clone());
        let selector = match &*owner.kind {
            "ReplicaSet" => cache.replica_sets.get(&key).map(|set| set.spec.selector.clone()),
            "StatefulSet" => cache.stateful_sets.get(&key).map(|set| set.spec.selector.clone()),
            _ => None,
        };
        selectors.extend(selector.flatten());
    }
    selectors.retain(|selector| !selector.is_empty());
    if selectors.is_empty() {
        return Vec::new();
    }
    let constraint = |key: &str, max_skew: i32| TopologySpreadConstraint {
        max_skew,
        topology_key: key.into(),
        when_unsatisfiable: "ScheduleAnyway".into(),
        ..TopologySpreadConstraint::default()
    };
    vec![(constraint(HOSTNAME, 3), selectors.clone()), (constraint(ZONE, 5), selectors)]
}

/// What InterPodAffinity counts for scoring: points by domain.
#[derive(Default)]
pub struct Nearness(BTreeMap<(Name, Name), i64>);

impl Nearness {
    /// The pod's own preferences, and those that existing pods have about it.
    pub fn of(incoming: &Incoming<'_>, index: &mut Index, cache: &Objects) -> Nearness {
        let mut points: BTreeMap<(Name, Name), i64> = BTreeMap::new();
        let facts = &incoming.facts;
        let affinity = facts.spec.affinity.as_ref();
        let near = affinity.and_then(|affinity| affinity.pod_affinity.as_ref());
        let away = affinity.and_then(|affinity| affinity.pod_anti_affinity.as_ref());
        let own = [(near, 1), (away, -1)];
        for (terms, sign) in own {
            for preferred in terms.into_iter().flat_map(|terms| &terms.preferred) {
                let term = Term::of(&preferred.pod_affinity_term, facts, cache);
                for (domain, count) in term.domains(index) {
                    *points.entry((term.key.clone(), domain)).or_default() +=
                        sign * count * i64::from(preferred.weight);
                }
            }
        }
        if index.with_affinity > 0 {
            for (node, info) in index.nodes() {
                for pod in &info.with_affinity {
                    symmetric(pod, facts, node, cache, &mut points);
                }
            }
        }
        Nearness(points)
    }

    fn points(&self, candidates: &[Candidate<'_>]) -> Vec<i64> {
        let sum = |node: &Node| -> i64 {
            let at = |key: &Name, domain: &Name| node.metadata.labels.get(key) == Some(domain);
            self.0.iter().filter(|((key, domain), _)| at(key, domain)).map(|(_, points)| points).sum()
        };
        if self.0.is_empty() {
            return vec![0; candidates.len()];
        }
        let sums: Vec<i64> = candidates.iter().map(|(node, _)| sum(node)).collect();
        let most = sums.iter().copied().max().unwrap_or(0);
        let least = sums.iter().copied().min().unwrap_or(0);
        sums.into_iter().map(|sum| if most == least { 0 } else { 100 * (sum - least) / (most - least) }).collect()
    }
}

/// What an existing pod thinks of the new one; a term that it requires counts 1.
fn symmetric(
    pod: &super::index::PodFacts,
    newcomer: &super::index::PodFacts,
    node: &Node,
    cache: &Objects,
    points: &mut BTreeMap<(Name, Name), i64>,
) {
    let Some(affinity) = &pod.spec.affinity else { return };
    let required = affinity.pod_affinity.iter().flat_map(|near| &near.required).map(|term| (term, 1));
    let weighted = |sign: i64| {
        move |preferred: &'_ WeightedPodAffinityTerm| {
            (preferred.pod_affinity_term.clone(), sign * i64::from(preferred.weight))
        }
    };
    let near = affinity.pod_affinity.iter().flat_map(|near| &near.preferred).map(weighted(1));
    let away = affinity.pod_anti_affinity.iter().flat_map(|away| &away.preferred).map(weighted(-1));
    for (term, weight) in required.map(|(term, weight)| (term.clone(), weight)).chain(near).chain(away) {
        let term = Term::of(&term, pod, cache);
        if let Some(domain) = node.metadata.labels.get(&term.key)
            && term.matches(newcomer)
        {
            *points.entry((term.key.clone(), domain.clone())).or_default() += weight;
        }
    }
}

/// The names of the best candidates.
pub fn best(candidates: &[Candidate<'_>], totals: &[i64]) -> BTreeSet<Name> {
    let most = totals.iter().copied().max().unwrap_or(0);
    let best = candidates.iter().zip(totals).filter(|(_, total)| **total == most);
    best.map(|((node, _), _)| node.metadata.name.clone()).collect()
}

/// The natural logarithm in millionths, rounded down, by squaring: each step gives one more binary digit of log2.
pub fn ln_micros(n: u64) -> i64 {
    const LN_2_PICO: u128 = 693_147_180_560;
    const ONE: u128 = 1 << 60;
    if n < 2 {
        return 0;
    }
    let whole = n.ilog2();
    let mut x = (u128::from(n) << 60) >> whole;
    let mut log2: u128 = u128::from(whole) << 40;
    for bit in (0..40).rev() {
        x = (x * x) >> 60;
        if x >= 2 * ONE {
            x >>= 1;
            log2 |= 1 << bit;
        }
    }
    i64::try_from(((log2 * LN_2_PICO) >> 40) / 1_000_000).unwrap_or(i64::MAX)
}
