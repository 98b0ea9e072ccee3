//! Where a pod may run: affinity, tolerations, spreading.

use super::field::{Errors, Path};
use super::format;
use super::names::{dns_label, dns_subdomain, label_value, qualified};
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
            node_selector_term(errors, &term.preference, true, &path.key("preference"));
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
        node_selector_term(errors, term, false, &path.index(i));
    }
}

/// Of a preference, values may be anything.
fn node_selector_term(errors: &mut Errors, term: &NodeSelectorTerm, any_value: bool, path: &Path<'_>) {
    let list = path.key("matchExpressions");
    for (i, requirement) in term.match_expressions.iter().enumerate() {
        let path = list.index(i);
        match &*requirement.operator {
            "Gt" | "Lt" if requirement.values.len() != 1 => {
                let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
                errors.required(&path.key("values"), detail);
            }
            "Gt" | "Lt" => {}
            _ => super::selector::operator(errors, &path, &requirement.operator, &requirement.values),
        }
        qualified(errors, &path.key("key"), &requirement.key, &requirement.key);
        let values = path.key("values");
        for (i, value) in requirement.values.iter().enumerate().filter(|_| !any_value) {
            label_value(errors, &values.index(i), value);
        }
    }
    let list = path.key("matchFields");
    for (i, requirement) in term.match_fields.iter().enumerate() {
        let path = list.index(i);
        let values = path.key("values");
        match &*requirement.operator {
            "In" | "NotIn" if requirement.values.len() != 1 => {
                let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
                errors.required(&values, detail);
            }
            "In" | "NotIn" => {}
            other => errors.invalid(&path.key("operator"), format::text(other), "not a valid selector operator"),
        }
        if &*requirement.key == "metadata.name" {
            requirement.values.iter().enumerate().for_each(|(i, name)| dns_subdomain(errors, &values.index(i), name));
        } else {
            errors.invalid(&path.key("key"), format::text(&requirement.key), "not a valid field selector key");
        }
    }
}

/// Keys whose values are taken from the pod.
///
/// Upstream: `ValidateMatchLabelKeysAndMismatchLabelKeys`.
fn label_keys(errors: &mut Errors, keys: [(&str, &[Name]); 2], selector: Option<&LabelSelector>, path: &Path<'_>) {
    for (key, names) in keys.into_iter().filter(|(_, names)| !names.is_empty()) {
        let list = path.key(key);
        if selector.is_none() {
            errors.forbidden(&list, "must not be specified when labelSelector is not set");
            continue;
        }
        names.iter().enumerate().for_each(|(i, name)| qualified(errors, &list.index(i), name, name));
    }
    let [(_, matched), (_, mismatched)] = keys;
    if let Some(selector) = selector {
        let expressions = &selector.match_expressions;
        for (i, expression) in expressions.iter().enumerate() {
            let is_known = selector.match_labels.get(&expression.key).is_some()
                || expressions[..i].iter().any(|before| before.key == expression.key);
            if let Some(at) = matched.iter().rposition(|key| *key == expression.key).filter(|_| is_known) {
                let detail = "exists in both matchLabelKeys and labelSelector";
                errors.invalid(&path.index(at), format::text(&expression.key), detail);
            }
        }
    }
    let list = path.key("matchLabelKeys");
    for (i, key) in matched.iter().enumerate().filter(|(_, key)| mismatched.contains(key)) {
        let detail = "exists in both matchLabelKeys and mismatchLabelKeys";
        errors.invalid(&list.index(i), format::text(key), detail);
    }
}

fn pod_affinity_term(errors: &mut Errors, term: &PodAffinityTerm, path: &Path<'_>) {
    if let Some(selector) = &term.label_selector {
        label_selector(errors, &path.key("labelSelector"), selector);
    }
    if let Some(selector) = &term.namespace_selector {
        label_selector(errors, &path.key("namespaceSelector"), selector);
    }
    for name in &term.namespaces {
        dns_label(errors, &path.key("namespace"), name);
    }
    let keys = [("matchLabelKeys", &term.match_label_keys[..]), ("mismatchLabelKeys", &term.mismatch_label_keys)];
    label_keys(errors, keys, term.label_selector.as_ref(), path);
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
        if constraint.topology_key.is_empty() {
            errors.required(&path.key("topologyKey"), "can not be empty");
        }
        let (action, actions) = (&constraint.when_unsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]);
        errors.one_of(&path.key("whenUnsatisfiable"), action, &actions);
        let same = |other: &TopologySpreadConstraint| {
            (&other.topology_key, &other.when_unsatisfiable) == (&constraint.topology_key, action)
        };
        if constraints[i + 1..].iter().any(same) {
            let pair = format!("{{{}, {action}}}", constraint.topology_key);
            errors.duplicate(&path.key("{topologyKey, whenUnsatisfiable}"), &pair);
        }
        if let Some(domains) = constraint.min_domains {
            let at = path.key("minDomains");
            if domains <= 0 {
                errors.invalid(&at, domains.to_string(), "must be greater than zero");
            }
            if &**action != "DoNotSchedule" {
                let detail = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
                errors.invalid(&at, domains.to_string(), detail);
            }
        }
        for (key, policy) in [
            ("nodeAffinityPolicy", &constraint.node_affinity_policy),
            ("nodeTaintsPolicy", &constraint.node_taints_policy),
        ] {
            if !policy.is_empty() {
                errors.one_of(&path.key(key), policy, &["Honor", "Ignore"]);
            }
        }
        let keys = [("matchLabelKeys", &constraint.match_label_keys[..]), ("mismatchLabelKeys", &[])];
        label_keys(errors, keys, constraint.label_selector.as_ref(), &path);
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
