//! What a container may use, and what it is promised.
//!
//! Upstream: `pkg/apis/core/validation` (`validateResourceRequirements`), `pkg/apis/core/helper`.

use super::field::{Errors, Path};
use super::format;
use super::names::qualified;
use petri_objects::*;

/// Resources that a cluster counts, whoever uses them.
///
/// Upstream: `standardResources`.
pub(super) const STANDARD: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];

pub(super) fn requirements(errors: &mut Errors, resources: &ResourceRequirements, path: &Path<'_>) {
    let (limits, requests) = (path.key("limits"), path.key("requests"));
    for (name, quantity) in &resources.limits {
        let path = limits.map_key(name);
        container_resource(errors, name, &path);
        amount(errors, name, quantity, &path);
        pages(errors, name, quantity, &path);
    }
    for (name, quantity) in &resources.requests {
        let at = requests.map_key(name);
        container_resource(errors, name, &at);
        amount(errors, name, quantity, &at);
        request(errors, resources, name, quantity, (&limits, &requests));
        pages(errors, name, quantity, &at);
    }
    let named = |names: &[&str]| {
        let all = resources.limits.keys().chain(resources.requests.keys());
        all.into_iter().any(|name| names.iter().any(|start| name.starts_with(start)))
    };
    if named(&["hugepages-"]) && !named(&["cpu", "memory"]) {
        errors.forbidden(path, "HugePages require cpu or memory");
    }
}

/// How a request and a limit go together.
pub(super) fn request(
    errors: &mut Errors,
    resources: &ResourceRequirements,
    name: &Name,
    quantity: &Quantity,
    (limits, requests): (&Path<'_>, &Path<'_>),
) {
    match resources.limits.get(name) {
        None if is_extended(name) => errors.required(limits, "Limit must be set for non overcommitable resources"),
        Some(limit) if is_extended(name) && quantity.millis() != limit.millis() => {
            let detail = format!("must be equal to {name} limit of {limit}");
            errors.invalid(requests, format::text(&quantity.0), detail);
        }
        Some(limit) if quantity.millis() > limit.millis() => {
            let detail = format!("must be less than or equal to {name} limit of {limit}");
            errors.invalid(requests, format::text(&quantity.0), detail);
        }
        _ => {}
    }
}

/// Whether nobody may be promised more of a resource than there is.
///
/// Upstream: the opposite of `IsOvercommitAllowed`.
pub(super) fn is_extended(name: &str) -> bool {
    name.starts_with("hugepages-") || name.contains('/') && !name.contains("kubernetes.io/")
}

/// Upstream: `validateResourceName`.
pub(super) fn any_resource(errors: &mut Errors, name: &str, path: &Path<'_>) {
    let before = errors.count();
    qualified(errors, path, name, name);
    let is_known =
        STANDARD.contains(&name) || name.starts_with("hugepages-") || name.starts_with("requests.hugepages-");
    if errors.count() == before && !name.contains('/') && !is_known {
        errors.invalid(path, format::text(name), "must be a standard resource type or fully qualified");
    }
}

/// Upstream: `validateContainerResourceName`.
pub(super) fn container_resource(errors: &mut Errors, name: &str, path: &Path<'_>) {
    any_resource(errors, name, path);
    let parts = name.split('/').count();
    if parts == 1 {
        if !matches!(name, "cpu" | "memory" | "ephemeral-storage") && !name.starts_with("hugepages-") {
            errors.invalid(path, format::text(name), "must be a standard resource for containers");
        }
    } else if !name.contains("kubernetes.io/") && (name.starts_with("requests.") || !fits_a_quota(name)) {
        errors.invalid(path, format::text(name), "doesn't follow extended resource name standard");
    }
}

/// Whether a quota can have the name as that of its requests.
fn fits_a_quota(name: &str) -> bool {
    let mut probe = Errors::default();
    let full = format!("requests.{name}");
    qualified(&mut probe, &Path::root(""), &full, &full);
    probe.count() == 0
}

/// Upstream: `ValidateResourceQuantityValue`.
pub(super) fn amount(errors: &mut Errors, name: &str, quantity: &Quantity, path: &Path<'_>) {
    let Some(millis) = quantity.millis() else { return };
    if millis < 0 {
        errors.invalid(path, format::text(&quantity.0), "must be greater than or equal to 0");
    }
    let is_counted = is_extended(name)
        || matches!(
            name,
            "pods"
                | "resourcequotas"
                | "services"
                | "replicationcontrollers"
                | "secrets"
                | "configmaps"
                | "persistentvolumeclaims"
                | "services.nodeports"
                | "services.loadbalancers"
        );
    if is_counted && !name.starts_with("hugepages-") && millis % 1_000 != 0 {
        errors.invalid(path, format::text(&quantity.0), "must be an integer");
    }
}

/// Huge pages come whole.
fn pages(errors: &mut Errors, name: &str, quantity: &Quantity, path: &Path<'_>) {
    let Some(size) = name.strip_prefix("hugepages-") else { return };
    let size = Quantity(size.into()).millis().unwrap_or(0);
    if size <= 0 || size % 1_000 != 0 || quantity.millis().unwrap_or(0) % size != 0 {
        let detail = format!("{quantity} is not positive integer multiple of {name}");
        errors.invalid(path, format::text(&quantity.0), detail);
    }
}
