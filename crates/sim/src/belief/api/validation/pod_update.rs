//! What may still change in a pod.
//!
//! Upstream: `pkg/apis/core/validation`, `ValidatePodUpdate`.

use super::field::{Errors, Path};
use super::{diff, format, pod_dump, pod_placement};
use petri_objects::*;
use std::rc::Rc;

const MESSAGE: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// What is said of the pod as it would be comes before what is said of the change.
pub(super) fn pod(errors: &mut Errors, new_pod: &Pod, old_pod: &Pod, path: &Path<'_>) {
    let (new, old) = (&new_pod.spec, &old_pod.spec);
    marks(errors, new_pod, old_pod);
    if Rc::ptr_eq(new, old) || new == old {
        return;
    }
    super::pod::whole(errors, new_pod);
    for (key, new, old) in [
        ("containers", &new.containers, &old.containers),
        ("initContainers", &new.init_containers, &old.init_containers),
    ] {
        if new.len() != old.len() {
            errors.forbidden(&path.key(key), "pod updates may not add or remove containers");
            return;
        }
        for (i, container) in new.iter().enumerate() {
            let list = path.key(key);
            let at = list.index(i);
            if container.image.is_empty() {
                errors.required(&at.key("image"), "");
            }
            if container.image.trim() != &*container.image {
                let detail = "must not have leading or trailing whitespace";
                errors.invalid(&at.key("image"), format::text(&container.image), detail);
            }
        }
    }
    if !deadline(errors, new, old, path) {
        return;
    }
    let kept = old.tolerations.iter().all(|old| {
        new.tolerations.iter().any(|new| {
            let same = (&new.key, &new.operator, &new.value, &new.effect);
            same == (&old.key, &old.operator, &old.value, &old.effect)
        })
    });
    if !kept {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        errors.forbidden(&path.key("tolerations"), detail);
    } else {
        pod_placement::tolerations(errors, &new.tolerations, &path.key("tolerations"));
    }
    let added = |gate: &SchedulingGate| !old.scheduling_gates.contains(gate);
    for (i, gate) in new.scheduling_gates.iter().enumerate().filter(|(_, gate)| added(gate)) {
        let list = path.key("schedulingGates");
        let detail = format!("only deletion is allowed, but found new scheduling gate '{}'", gate.name);
        errors.forbidden(&list.index(i).key("name"), detail);
    }

    // What may change is put back; whatever still differs may not.
    let mut allowed = PodSpec::clone(new);
    for (new, old) in allowed.containers.iter_mut().zip(&old.containers) {
        new.image = old.image.clone();
    }
    for (new, old) in allowed.init_containers.iter_mut().zip(&old.init_containers) {
        new.image = old.image.clone();
    }
    allowed.active_deadline_seconds = old.active_deadline_seconds;
    allowed.tolerations = old.tolerations.clone();
    allowed.scheduling_gates = old.scheduling_gates.clone();
    let was_negative = old.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0);
    if was_negative && new.termination_grace_period_seconds == Some(1) {
        allowed.termination_grace_period_seconds = old.termination_grace_period_seconds;
    }
    if !old.scheduling_gates.is_empty() {
        gated(errors, &mut allowed, old, path);
    }
    if allowed != **old {
        let diff = diff::unified(&pod_dump::pod_spec(old), &pod_dump::pod_spec(&allowed));
        errors.forbidden(path, format!("{MESSAGE}\n{diff}"));
    }
}

/// A pod that nobody schedules yet may ask for less room.
///
/// Upstream: `validateNodeSelectorMutation`, `validateNodeAffinityMutation`.
fn gated(errors: &mut Errors, allowed: &mut PodSpec, old: &PodSpec, path: &Path<'_>) {
    if !old.node_selector.is_subset_of(&allowed.node_selector) {
        let detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
        errors.invalid(&path.key("nodeSelector"), format::labels(&allowed.node_selector), detail);
    }
    allowed.node_selector = old.node_selector.clone();
    let of = |spec: &PodSpec| spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.clone());
    let (new, before) = (of(allowed), of(old));
    if new == before {
        return;
    }
    let terms = |affinity: &Option<NodeAffinity>| {
        let required = affinity.as_ref().and_then(|affinity| affinity.required.as_ref());
        required.map_or_else(Vec::new, |required| required.node_selector_terms.clone())
    };
    let (now, then) = (terms(&new), terms(&before));
    let at = path.key("affinity");
    let at = at.key("nodeAffinity");
    let at = at.key("requiredDuringSchedulingIgnoredDuringExecution");
    let at = at.key("nodeSelectorTerms");
    if !then.is_empty() && then.len() != now.len() {
        let all: Vec<Value> = now.iter().map(Record::to_value).collect();
        let detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        errors.invalid(&at, Value::List(all).to_json(), detail);
    } else {
        let grown = |new: &[NodeSelectorRequirement], old: &[NodeSelectorRequirement]| new.starts_with(old);
        for (i, (new, old)) in now.iter().zip(&then).enumerate() {
            let was_empty = old.match_expressions.is_empty() && old.match_fields.is_empty();
            let fits = grown(&new.match_expressions, &old.match_expressions)
                && grown(&new.match_fields, &old.match_fields)
                && !(was_empty && new != old);
            if !fits {
                let detail = "only additions are allowed (no mutations or deletions)";
                errors.invalid(&at.index(i), new.to_value().to_json(), detail);
            }
        }
    }
    match (&mut allowed.affinity, before) {
        (Some(affinity), before) => {
            affinity.node_affinity = before;
            if old.affinity.is_none() && *affinity == Affinity::default() {
                allowed.affinity = None;
            }
        }
        (none, Some(before)) => *none = Some(Affinity { node_affinity: Some(before), ..Affinity::default() }),
        (None, None) => {}
    }
}

/// Annotations that stay as they were made.
///
/// Upstream: `ValidatePodSpecificAnnotationUpdates`.
fn marks(errors: &mut Errors, new: &Pod, old: &Pod) {
    let (new_spec, new, old) = (&new.spec, &new.metadata, &old.metadata);
    if new.annotations == old.annotations {
        return;
    }
    let metadata = Path::root("metadata");
    let path = metadata.key("annotations");
    let what = |key: &str| match key {
        "kubernetes.io/config.mirror" => Some("mirror pod annotation"),
        key if key.starts_with("container.apparmor.security.beta.kubernetes.io/") => Some("AppArmor annotations"),
        _ => None,
    };
    for (key, value) in old.annotations.iter().filter(|(key, value)| new.annotations.get(key) != Some(value)) {
        if let Some(what) = what(key).filter(|_| !value.is_empty() || new.annotations.get(key).is_none()) {
            errors.forbidden(&path.map_key(key), format!("may not remove or update {what}"));
        }
    }
    for (key, _) in new.annotations.iter().filter(|(key, _)| old.annotations.get(key).is_none()) {
        if let Some(what) = what(key) {
            errors.forbidden(&path.map_key(key), format!("may not add {what}"));
        }
    }
    super::pod::annotations(errors, new, new_spec, &path);
}

/// Whether there is more to look at.
fn deadline(errors: &mut Errors, new: &PodSpec, old: &PodSpec, path: &Path<'_>) -> bool {
    let path = path.key("activeDeadlineSeconds");
    match (new.active_deadline_seconds, old.active_deadline_seconds) {
        (Some(new), _) if !(0..=i64::from(i32::MAX)).contains(&new) => {
            errors.invalid(&path, new.to_string(), "must be between 0 and 2147483647, inclusive");
            false
        }
        (Some(new), Some(old)) if new > old => {
            errors.invalid(&path, new.to_string(), "must be less than or equal to previous value");
            false
        }
        (None, Some(_)) => {
            errors.invalid(&path, "null", "must not update from a positive integer to nil value");
            true
        }
        _ => true,
    }
}
