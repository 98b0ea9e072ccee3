//! What a quota limits, and for which objects.
//!
//! Upstream: `ValidateResourceQuotaSpec`.

use super::super::field::{Errors, Path};
use super::super::format;
use super::super::pod_resources::{amount, any_resource};
use super::super::pod_sources::{items, text};
use petri_objects::{Name, ResourceQuotaSpec, Value};

/// Words that a quota may have for its scope.
const SCOPES: [&str; 7] = [
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
];

/// What a quota may limit without a domain in front.
///
/// Upstream: `standardQuotaResources`.
const COUNTED: [&str; 19] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
];

fn is_standard(resource: &str) -> bool {
    COUNTED.contains(&resource) || resource.starts_with("hugepages-") || resource.starts_with("requests.hugepages-")
}

/// Whether a scope says something about a resource.
///
/// Upstream: `IsResourceQuotaScopeValidForResource`.
fn goes_with(scope: &str, resource: &str) -> bool {
    const POD: [&str; 7] = ["pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
    match scope {
        "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" | "CrossNamespacePodAffinity" => {
            POD.contains(&resource)
        }
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => matches!(resource, "persistentvolumeclaims" | "requests.storage"),
        _ => true,
    }
}

fn list(scopes: &[Name]) -> String {
    Value::List(scopes.iter().cloned().map(Value::String).collect()).to_json()
}

pub fn spec(errors: &mut Errors, spec: &ResourceQuotaSpec, path: &Path<'_>) {
    let hard = path.key("hard");
    for (resource, quantity) in &spec.hard {
        let at = hard.map_key(resource);
        any_resource(errors, resource, &at);
        if !resource.contains('/') && !is_standard(resource) {
            errors.invalid(&at, format::text(resource), "must be a standard resource for quota");
        }
        amount(errors, resource, quantity, &at);
    }
    let limited: Vec<&str> = spec.hard.keys().map(|key| &**key).filter(|key| is_standard(key)).collect();
    let (scopes, at) = (&spec.scopes, path.key("scopes"));
    for scope in scopes {
        if !SCOPES.contains(&&**scope) {
            errors.invalid(&at, list(scopes), "unsupported scope");
        }
        for _ in limited.iter().filter(|resource| !goes_with(scope, resource)) {
            errors.invalid(&at, list(scopes), "unsupported scope applied to resource");
        }
    }
    conflicts(errors, &scopes.iter().map(|scope| &**scope).collect::<Vec<_>>(), scopes, path);
    if let Some(selector) = spec.scope_selector.0.as_deref() {
        self::selector(errors, spec, selector, &limited, path);
    }
}

fn conflicts(errors: &mut Errors, named: &[&str], scopes: &[Name], path: &Path<'_>) {
    for pair in [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]] {
        if pair.iter().all(|scope| named.contains(scope)) {
            errors.invalid(&path.key("scopes"), list(scopes), "conflicting scopes");
        }
    }
}

/// Upstream: `validateScopedResourceSelectorRequirement`.
fn selector(errors: &mut Errors, spec: &ResourceQuotaSpec, selector: &Value, limited: &[&str], path: &Path<'_>) {
    let at = path.key("scopeSelector");
    let at = at.key("matchExpressions");
    let requirements = items(selector.at(&["matchExpressions"]));
    for requirement in requirements {
        let (scope, operator) = (text(requirement, "scopeName"), text(requirement, "operator"));
        let values = items(requirement.at(&["values"]));
        if !SCOPES.contains(&scope) {
            errors.invalid(&at.key("scopeName"), format::text(scope), "unsupported scope");
        }
        for _ in limited.iter().filter(|resource| !goes_with(scope, resource)) {
            let shown = |requirement: &Value| {
                let field = |key: &str| requirement.at(&[key]).map_or("null".into(), Value::to_json);
                let (scope, operator) = (field("scopeName"), field("operator"));
                format!(r#"{{"ScopeName":{scope},"Operator":{operator},"Values":{}}}"#, field("values"))
            };
            let all: Vec<String> = requirements.iter().map(shown).collect();
            let value = format!(r#"{{"MatchExpressions":[{}]}}"#, all.join(","));
            errors.invalid(&at, value, "unsupported scope applied to resource");
        }
        let only_exists = !matches!(scope, "PriorityClass" | "VolumeAttributesClass") && SCOPES.contains(&scope);
        if only_exists && operator != "Exists" {
            let detail = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
            errors.invalid(&at.key("operator"), format::text(operator), detail);
        }
        match operator {
            "In" | "NotIn" if values.is_empty() => {
                let detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
                errors.required(&at.key("values"), detail);
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
                errors.invalid(&at.key("values"), Value::List(values.to_vec()).to_json(), detail);
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => errors.invalid(&at.key("operator"), format::text(other), "not a valid selector operator"),
        }
    }
    let named: Vec<&str> = requirements.iter().map(|requirement| text(requirement, "scopeName")).collect();
    conflicts(errors, &named, &spec.scopes, path);
}

pub fn update(errors: &mut Errors, new: &ResourceQuotaSpec, old: &ResourceQuotaSpec, path: &Path<'_>) {
    let same = new.scopes.iter().all(|scope| old.scopes.contains(scope))
        && old.scopes.iter().all(|scope| new.scopes.contains(scope));
    if !same {
        let value = if new.scopes.is_empty() { "null".to_owned() } else { list(&new.scopes) };
        errors.invalid(&path.key("scopes"), value, "field is immutable");
    }
}
