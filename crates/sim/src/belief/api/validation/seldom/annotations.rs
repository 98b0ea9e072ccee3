//! Annotations of pods that mean something to the cluster.
//!
//! Upstream: `pkg/apis/core/validation` (`ValidatePodSpecificAnnotations`).

use super::super::field::{Errors, Path};
use super::super::format;
use super::super::pod_sources::descending;
use petri_objects::{Labels, PodSpec};

const MIRROR: &str = "kubernetes.io/config.mirror";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

pub fn of_pod(errors: &mut Errors, annotations: &Labels, spec: &PodSpec, path: &Path<'_>) {
    if let Some(value) = annotations.get(MIRROR).filter(|_| spec.node_name.is_empty()) {
        let detail = "must set spec.nodeName if mirror pod annotation is set";
        errors.invalid(&path.map_key(MIRROR), format::text(value), detail);
    }
    if let Some(cost) = annotations.get(DELETION_COST) {
        let digits = cost.strip_prefix('-').unwrap_or(cost);
        let plain = digits == "0" || !digits.starts_with(['0', '+']);
        if !plain || cost.parse::<i32>().is_err() {
            errors.invalid(&path.map_key(DELETION_COST), format::text(cost), "must be a 32bit integer");
        }
    }
    for (key, profile) in annotations.iter().filter(|(key, _)| &***key == SECCOMP_POD || key.starts_with(SECCOMP)) {
        match profile.strip_prefix("localhost/") {
            _ if matches!(&**profile, "runtime/default" | "docker/default" | "unconfined") => {}
            Some(file) => descending(errors, file, false, &path.key(key)),
            None => errors.invalid(&path.key(key), format::text(profile), "must be a valid seccomp profile"),
        }
    }
    for (key, profile) in annotations.iter() {
        let Some(name) = key.strip_prefix(APP_ARMOR) else { continue };
        let all = spec.init_containers.iter().chain(&spec.containers);
        if !all.into_iter().any(|container| &*container.name == name) {
            errors.invalid(&path.map_key(key), format::text(name), "container not found");
        }
        let is_known = matches!(&**profile, "" | "runtime/default" | "unconfined") || profile.starts_with("localhost/");
        if !is_known {
            let shown = format::text(profile);
            let detail = format!("invalid AppArmor profile name: {shown}");
            errors.invalid(&path.map_key(key), shown, detail);
        }
    }
}
