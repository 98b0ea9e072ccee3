//! Where a pod may run: affinity, tolerations, spreading.

use super::field::{Errors, Path};
use super::format;
use super::names::{label_value, qualified};
use super::selector::label_selector;
use petri_objects::*;

pub(super) fn affinity(errors: &mut Errors, spec: &PodSpec, path: &Path<'_>) {
    let Some(affinity) = &spec.affinity else { return };
    if let Some(node) = &affinity.node_affinity {
        let path = path.key("nodeAffinity");
        if let Some(required) = &node.required {
            node_selector(errors, required, &path.key("requiredDuringSchedulingIgnoredDuringExecution"));
        }
        let path = path.key("preferredDuringSchedulingIgnoredDuringExecution");
        for (i, term) in node.preferred.iter().enumerate() {
            let path = path.index(i);
            weight(errors, term.weight, &path);
            node_selector_term(errors, &term.preference, &path.key("preference"));
        }
    }
    for (key, pods) in [("podAffinity", &affinity.pod_affinity), ("podAntiAffinity", &affinity.pod_anti_affinity)] {
        let Some(pods) = pods else { continue };
        let path = path.key(key);
        let required = path.key("requiredDuringSchedulingIgnoredDuringExecution");
        for (i, term) in pods.required.iter().enumerate() {
            pod_affinity_term(errors, term, &required.index(i));
        }
        let preferred = path.key("preferredDuringSchedulingIgnoredDuringExecution");
        for (i, weighted) in pods.preferred.iter().enumerate() {
            let path = preferred.index(i);
            weight(errors, weighted.weight, &path);
            pod_affinity_term(errors, &weighted.pod_affinity_term, &path.key("podAffinityTerm"));
        }
    }
}

fn weight(errors: &mut Errors, weight: i32, path: &Path<'_>) {
    if !(1..=100).contains(&weight) {
        errors.invalid(&path.key("weight"), weight.to_string(), "must be in the range 1-100");
    }
}

pub(super) fn node_selector(errors: &mut Errors, selector: &NodeSelector, path: &Path<'_>) {
    let path = path.key("nodeSelectorTerms");
    if selector.node_selector_terms.is_empty() {
        errors.required(&path, "must have at least one node selector term");
    }
    for (i, term) in selector.node_selector_terms.iter().enumerate() {
        node_selector_term(errors, term, &path.index(i));
    }
}

fn node_selector_term(errors: &mut Errors, term: &NodeSelectorTerm, path: &Path<'_>) {
    let path = path.key("matchExpressions");
    for (i, requirement) in term.match_expressions.iter().enumerate() {
        let path = path.index(i);
        match &*requirement.operator {
            "Gt" | "Lt" if requirement.values.len() != 1 => {
                let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
                errors.required(&path.key("values"), detail);
            }
            "Gt" | "Lt" => {}
            _ => super::selector::operator(errors, &path, &requirement.operator, &requirement.values),
        }
        qualified(errors, &path.key("key"), &requirement.key, &requirement.key);
    }
}

fn pod_affinity_term(errors: &mut Errors, term: &PodAffinityTerm, path: &Path<'_>) {
    if let Some(selector) = &term.label_selector {
        label_selector(errors, &path.key("labelSelector"), selector);
    }
    if let Some(selector) = &term.namespace_selector {
        label_selector(errors, &path.key("namespaceSelector"), selector);
    }
    if term.topology_key.is_empty() {
        errors.required(&path.key("topologyKey"), "can not be empty");
    }
    qualified(errors, &path.key("topologyKey"), &term.topology_key, &term.topology_key);
}

pub(super) fn spread(errors: &mut Errors, constraints: &[TopologySpreadConstraint], path: &Path<'_>) {
    for (i, constraint) in constraints.iter().enumerate() {
        let path = path.index(i);
        if constraint.max_skew <= 0 {
            errors.invalid(&path.key("maxSkew"), constraint.max_skew.to_string(), "must be greater than zero");
        }
        let key = path.key("topologyKey");
        if constraint.topology_key.is_empty() {
            errors.required(&key, "can not be empty");
        } else {
            qualified(errors, &key, &constraint.topology_key, &constraint.topology_key);
        }
        let actions = ["DoNotSchedule", "ScheduleAnyway"];
        errors.one_of(&path.key("whenUnsatisfiable"), &constraint.when_unsatisfiable, &actions);
        if let Some(domains) = constraint.min_domains
            && domains <= 0
        {
            errors.invalid(&path.key("minDomains"), domains.to_string(), "must be greater than zero");
        }
        if let Some(selector) = &constraint.label_selector {
            label_selector(errors, &path.key("labelSelector"), selector);
        }
    }
}

pub(super) fn tolerations(errors: &mut Errors, tolerations: &[Toleration], path: &Path<'_>) {
    for (i, toleration) in tolerations.iter().enumerate() {
        let path = path.index(i);
        let operator = path.key("operator");
        if !toleration.key.is_empty() {
            qualified(errors, &path.key("key"), &toleration.key, &toleration.key);
        } else if &*toleration.operator != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.invalid(&operator, format::text(&toleration.operator), detail);
        }
        if toleration.toleration_seconds.is_some() && &*toleration.effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.invalid(&path.key("effect"), format::text(&toleration.effect), detail);
        }
        match &*toleration.operator {
            "" | "Equal" => label_value(errors, &operator, &toleration.value),
            "Exists" if !toleration.value.is_empty() => {
                let detail = "value must be empty when `operator` is 'Exists'";
                errors.invalid(&operator, format::text(&toleration.value), detail);
            }
            "Exists" => {}
            other => errors.not_supported(&operator, format::text(other), &["Equal", "Exists"]),
        }
        let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        if !toleration.effect.is_empty() {
            errors.one_of(&path.key("effect"), &toleration.effect, &effects);
        }
    }
}
