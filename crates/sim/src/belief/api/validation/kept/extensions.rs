//! What extends the API: definitions, webhooks, admission policies, API services.
//!
//! Upstream: `apiextensions/validation`, `pkg/apis/admissionregistration/validation`, `apiregistration/validation`.

use super::super::field::{Errors, Path};
use super::super::format;
use super::super::names::{NameRule, dns_subdomain};
use super::read::{json, word};
use petri_objects::{KeptObject, Map, Value};

/// Upstream: `ValidateCustomResourceDefinition`.
pub(super) fn definition(errors: &mut Errors, object: &KeptObject) {
    let spec = Path::root("spec");
    let versions = object.list(&["spec", "versions"]);
    let stored = versions.iter().filter(|version| version.at(&["storage"]) == Some(&Value::Bool(true))).count();
    if !versions.is_empty() && stored != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.invalid(&spec.key("versions"), json(object.at(&["spec", "versions"])), detail);
    }
    for (i, version) in versions.iter().enumerate() {
        let path = spec.key("versions");
        let path = path.index(i);
        let name = word(version, &["name"]);
        if !name.is_empty() {
            NameRule::Label.check(errors, &path.key("name"), name);
        }
        let path = path.key("schema");
        let path = path.key("openAPIV3Schema");
        let Some(schema) = version.at(&["schema", "openAPIV3Schema"]) else {
            errors.required(&path, "schemas are required");
            continue;
        };
        match word(schema, &["type"]) {
            "object" => {}
            "" => errors.required(&path.key("type"), "must not be empty at the root"),
            other => errors.invalid(&path.key("type"), format::text(other), "must be object at the root"),
        }
        structural(errors, schema, &path, true);
    }
    if !object.text(&["spec", "group"]).is_empty() {
        dns_subdomain(errors, &spec.key("group"), object.text(&["spec", "group"]));
        if !object.text(&["spec", "group"]).contains('.') {
            let detail = "should be a domain with at least one dot";
            errors.invalid(&spec.key("group"), format::text(object.text(&["spec", "group"])), detail);
        }
    }
}

/// Every field of a schema says its type.
///
/// Upstream: `apiserver/schema.ValidateStructural`.
fn structural(errors: &mut Errors, schema: &Value, path: &Path<'_>, root: bool) {
    let is_set = |key: &str| schema.at(&[key]) == Some(&Value::Bool(true));
    let any = is_set("x-kubernetes-int-or-string") || is_set("x-kubernetes-preserve-unknown-fields");
    if !root && !any && word(schema, &["type"]).is_empty() {
        errors.required(&path.key("type"), "must not be empty for specified object fields");
    }
    for (key, inner) in schema.at(&["properties"]).and_then(Value::as_map).into_iter().flat_map(Map::iter) {
        structural(errors, inner, &path.key("properties").map_key(key), false);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner @ Value::Map(_)) = schema.at(&[key]) {
            structural(errors, inner, &path.key(key), false);
        }
    }
}

/// Upstream: `ValidateWebhookConfiguration`.
pub(super) fn webhooks(errors: &mut Errors, object: &KeptObject) {
    let webhooks = Path::root("webhooks");
    for (i, webhook) in object.list(&["webhooks"]).iter().enumerate() {
        let path = webhooks.index(i);
        let name = word(webhook, &["name"]);
        if !name.is_empty() {
            dns_subdomain(errors, &path.key("name"), name);
            if name.split('.').count() < 3 {
                let detail = "should be a domain with at least three segments separated by dots";
                errors.invalid(&path.key("name"), format::text(name), detail);
            }
        }
        let has = |key: &str| webhook.at(&["clientConfig", key]).is_some();
        if has("url") == has("service") {
            errors.required(&path.key("clientConfig"), "exactly one of url or service is required");
        }
    }
}

/// Upstream: `validateValidatingAdmissionPolicySpec`.
pub(super) fn admission_policy(errors: &mut Errors, object: &KeptObject) {
    let spec = Path::root("spec");
    if object.at(&["spec", "matchConstraints"]).is_none() {
        errors.required(&spec.key("matchConstraints"), "");
    } else if object.list(&["spec", "matchConstraints", "resourceRules"]).is_empty() {
        errors.required(&spec.key("matchConstraints").key("resourceRules"), "");
    }
    if object.list(&["spec", "validations"]).is_empty() && object.list(&["spec", "auditAnnotations"]).is_empty() {
        let detail = "validations or auditAnnotations must contain at least one item";
        errors.required(&spec.key("validations"), detail);
    }
}

/// Upstream: `validateValidatingAdmissionPolicyBindingSpec`.
pub(super) fn admission_binding(errors: &mut Errors, object: &KeptObject) {
    let spec = Path::root("spec");
    if object.text(&["spec", "policyName"]).is_empty() {
        errors.required(&spec.key("policyName"), "");
    }
    if object.list(&["spec", "validationActions"]).is_empty() {
        errors.required(&spec.key("validationActions"), "");
    }
}

/// Upstream: `ValidateAPIService`.
pub(super) fn api_service(errors: &mut Errors, object: &KeptObject) {
    let spec = Path::root("spec");
    for (key, most) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1_000)] {
        let number = object.at(&["spec", key]).and_then(Value::as_int).unwrap_or(0);
        if !(1..=most).contains(&number) {
            let detail = format!("must be positive and less than {most}");
            errors.invalid(&spec.key(key), number.to_string(), detail);
        }
    }
}
