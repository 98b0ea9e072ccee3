//! What may still change in a pod.
//!
//! Upstream: `pkg/apis/core/validation`, `ValidatePodUpdate`.

use super::field::{Errors, Path};
use super::{diff, pod_dump};
use petri_objects::PodSpec;
use std::rc::Rc;

const MESSAGE: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

pub(super) fn spec(errors: &mut Errors, new: &Rc<PodSpec>, old: &Rc<PodSpec>, path: &Path<'_>) {
    if Rc::ptr_eq(new, old) || new == old {
        return;
    }
    for (key, new, old) in [
        ("containers", &new.containers, &old.containers),
        ("initContainers", &new.init_containers, &old.init_containers),
    ] {
        if new.len() != old.len() {
            errors.forbidden(&path.key(key), "pod updates may not add or remove containers");
            return;
        }
        for (i, _) in new.iter().enumerate().filter(|(_, container)| container.image.is_empty()) {
            errors.required(&path.key(key).index(i).key("image"), "");
        }
    }
    deadline(errors, new, old, path);
    let kept = old.tolerations.iter().all(|old| {
        new.tolerations.iter().any(|new| {
            let same = (&new.key, &new.operator, &new.value, &new.effect);
            same == (&old.key, &old.operator, &old.value, &old.effect)
        })
    });
    if !kept {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        errors.forbidden(&path.key("tolerations"), detail);
    }
    if new.scheduling_gates.iter().any(|gate| !old.scheduling_gates.contains(gate)) {
        let detail = "only deletion is allowed, but found new scheduling gate";
        errors.forbidden(&path.key("schedulingGates"), detail);
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
        // Deviation: a gated pod may narrow its node selector and affinity; we accept any change of them.
        allowed.node_selector = old.node_selector.clone();
        allowed.affinity = old.affinity.clone();
    }
    if allowed != **old {
        let diff = diff::unified(&pod_dump::pod_spec(old), &pod_dump::pod_spec(&allowed));
        errors.forbidden(path, format!("{MESSAGE}\n{diff}"));
    }
}

fn deadline(errors: &mut Errors, new: &PodSpec, old: &PodSpec, path: &Path<'_>) {
    let path = path.key("activeDeadlineSeconds");
    match (new.active_deadline_seconds, old.active_deadline_seconds) {
        (Some(new), _) if !(1..=i64::from(i32::MAX)).contains(&new) => {
            errors.invalid(&path, new.to_string(), "must be between 1 and 2147483647, inclusive");
        }
        (Some(new), Some(old)) if new > old => {
            errors.invalid(&path, new.to_string(), "must be less than or equal to previous value");
        }
        (None, Some(_)) => errors.invalid(&path, "null", "must not update from a positive integer to nil value"),
        _ => {}
    }
}
