//! Roles and their bindings.
//!
//! Upstream: `pkg/apis/rbac/validation`.

use super::super::field::{Errors, Path};
use super::super::format;
use super::super::names::{NameRule, dns_subdomain};
use super::super::selector::label_selector;
use super::read::{items, json, word};
use petri_objects::record::{Decode, Record as _};
use petri_objects::{KeptObject, LabelSelector};

/// Upstream: `ValidatePolicyRule`, `ValidateClusterRole`.
pub(super) fn role(errors: &mut Errors, object: &KeptObject) {
    let rules = Path::root("rules");
    for (i, rule) in object.list(&["rules"]).iter().enumerate() {
        let path = rules.index(i);
        let has = |key: &str| !items(rule, &[key]).is_empty();
        if !has("verbs") {
            errors.required(&path.key("verbs"), "verbs must contain at least one value");
        }
        if has("nonResourceURLs") {
            let (at, value) = (path.key("nonResourceURLs"), json(rule.at(&["nonResourceURLs"])));
            if object.kind.entry().namespaced {
                errors.invalid(&at, &*value, "namespaced rules cannot apply to non-resource URLs");
            }
            if ["apiGroups", "resources", "resourceNames"].into_iter().any(has) {
                errors.invalid(&at, value, "rules cannot apply to both regular resources and non-resource URLs");
            }
            continue;
        }
        if !has("apiGroups") {
            errors.required(&path.key("apiGroups"), "resource rules must supply at least one api group");
        }
        if !has("resources") {
            errors.required(&path.key("resources"), "resource rules must supply at least one resource");
        }
    }
    let Some(aggregation) = object.at(&["aggregationRule"]) else { return };
    let path = Path::root("aggregationRule");
    let (list, selectors) = (path.key("clusterRoleSelectors"), items(aggregation, &["clusterRoleSelectors"]));
    if selectors.is_empty() {
        let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
        errors.required(&list, detail);
    }
    for (i, selector) in selectors.iter().enumerate() {
        label_selector(errors, &list.index(i), &LabelSelector::from_value(selector, &mut Decode::default()));
    }
}

/// Upstream: `ValidateRoleBinding`, `ValidateRoleBindingSubject`.
pub(super) fn role_binding(errors: &mut Errors, object: &KeptObject) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let reference = Path::root("roleRef");
    errors.one_of(&reference.key("apiGroup"), object.text(&["roleRef", "apiGroup"]), &[GROUP]);
    let kinds: &[&str] = if object.kind.entry().namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    errors.one_of(&reference.key("kind"), object.text(&["roleRef", "kind"]), kinds);
    match object.text(&["roleRef", "name"]) {
        "" => errors.required(&reference.key("name"), ""),
        name => NameRule::PathSegment.check(errors, &reference.key("name"), name),
    }
    let subjects = Path::root("subjects");
    for (i, subject) in object.list(&["subjects"]).iter().enumerate() {
        let path = subjects.index(i);
        let (name, group) = (word(subject, &["name"]), word(subject, &["apiGroup"]));
        if name.is_empty() {
            errors.required(&path.key("name"), "");
        }
        match word(subject, &["kind"]) {
            "ServiceAccount" => {
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
            "User" | "Group" => errors.one_of(&path.key("apiGroup"), group, &[GROUP]),
            other => errors.not_supported(&path.key("kind"), format::text(other), &["ServiceAccount", "User", "Group"]),
        }
    }
}
