//! Roles and their bindings.
//!
//! Upstream: `pkg/apis/rbac/validation`.

use super::super::field::{Errors, Path};
use super::super::format;
use super::super::names::dns_subdomain;
use super::read::{items, json, word};
use petri_objects::KeptObject;

/// Upstream: `rbac/validation.ValidatePolicyRule`.
pub(super) fn role(errors: &mut Errors, object: &KeptObject) {
    let rules = Path::root("rules");
    for (i, rule) in object.list(&["rules"]).iter().enumerate() {
        let path = rules.index(i);
        let urls = items(rule, &["nonResourceURLs"]);
        if !urls.is_empty() {
            let both = ["apiGroups", "resources", "resourceNames"].iter().any(|key| !items(rule, &[key]).is_empty());
            let why = if object.kind.entry().namespaced {
                "namespaced rules cannot apply to non-resource URLs"
            } else if both {
                "rules cannot apply to both regular resources and non-resource URLs"
            } else {
                continue;
            };
            errors.invalid(&path.key("nonResourceURLs"), json(rule.at(&["nonResourceURLs"])), why);
            continue;
        }
        if items(rule, &["apiGroups"]).is_empty() {
            errors.required(&path.key("apiGroups"), "resource rules must supply at least one api group");
        }
        if items(rule, &["resources"]).is_empty() {
            errors.required(&path.key("resources"), "resource rules must supply at least one resource");
        }
    }
}

/// Upstream: `ValidateRoleBinding`, `ValidateRoleBindingSubject`.
pub(super) fn role_binding(errors: &mut Errors, object: &KeptObject) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let reference = Path::root("roleRef");
    if object.text(&["roleRef", "apiGroup"]) != GROUP {
        errors.not_supported(&reference.key("apiGroup"), format::text(object.text(&["roleRef", "apiGroup"])), &[GROUP]);
    }
    let kinds: &[&str] = if object.kind.entry().namespaced { &["ClusterRole", "Role"] } else { &["ClusterRole"] };
    let kind = object.text(&["roleRef", "kind"]);
    if !kind.is_empty() {
        errors.one_of(&reference.key("kind"), kind, kinds);
    }
    let subjects = Path::root("subjects");
    for (i, subject) in object.list(&["subjects"]).iter().enumerate() {
        let path = subjects.index(i);
        let group = word(subject, &["apiGroup"]);
        match word(subject, &["kind"]) {
            "" => {}
            "ServiceAccount" => {
                let name = word(subject, &["name"]);
                if !name.is_empty() {
                    dns_subdomain(errors, &path.key("name"), name);
                }
                if !group.is_empty() {
                    errors.not_supported(&path.key("apiGroup"), format::text(group), &[""]);
                }
                if !object.kind.entry().namespaced && word(subject, &["namespace"]).is_empty() {
                    errors.required(&path.key("namespace"), "");
                }
            }
            "User" | "Group" if group != GROUP => {
                errors.not_supported(&path.key("apiGroup"), format::text(group), &[GROUP]);
            }
            "User" | "Group" => {}
            other => errors.not_supported(&path.key("kind"), format::text(other), &["Group", "ServiceAccount", "User"]),
        }
    }
}
