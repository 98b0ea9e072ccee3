//! What single kept kinds ask for beyond their table.

use super::super::field::{Errors, Path};
use super::super::format;
use super::super::names::{NameRule, config_key};
use super::autoscaler::autoscaler;
use super::extensions::{admission_binding, admission_policy, api_service, definition, webhooks};
use super::jobs;
use super::limit_range::limit_range;
use super::network::{endpoints, ingress, ingress_class, network_policy};
use super::rbac::{role, role_binding};
use super::read::{json, not_negative};
use super::schedule::cron_job;
use petri_objects::kept::secret;
use petri_objects::{KeptObject, Kind, Map, Value};

pub(super) fn check(errors: &mut Errors, object: &KeptObject) {
    match object.kind.entry().name {
        "Secret" => secret(errors, object),
        "Role" | "ClusterRole" => role(errors, object),
        "RoleBinding" | "ClusterRoleBinding" => role_binding(errors, object),
        "NetworkPolicy" => network_policy(errors, object),
        "Ingress" => ingress(errors, object),
        "IngressClass" => ingress_class(errors, object),
        "HorizontalPodAutoscaler" => autoscaler(errors, object),
        "CronJob" => {
            cron_job(errors, object);
            jobs::of_cron_job(errors, object);
        }
        "LimitRange" => limit_range(errors, object),
        "Job" => jobs::job(errors, object),
        "ReplicationController" => not_negative(errors, object, &["replicas", "minReadySeconds"]),
        "CustomResourceDefinition" => definition(errors, object),
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => webhooks(errors, object),
        "ValidatingAdmissionPolicy" => admission_policy(errors, object),
        "ValidatingAdmissionPolicyBinding" => admission_binding(errors, object),
        "APIService" => api_service(errors, object),
        "Endpoints" => endpoints(errors, object),
        "RuntimeClass" => {
            let handler = object.text(&["handler"]);
            if !handler.is_empty() {
                NameRule::Label.check(errors, &Path::root("handler"), handler);
            }
        }
        _ => {}
    }
}

/// What may not change.
pub(super) fn check_update(errors: &mut Errors, new: &KeptObject, old: &KeptObject) {
    let frozen: &[&[&str]] = match new.kind.entry().name {
        "Secret" => {
            if old.at(&["immutable"]) == Some(&Value::Bool(true)) {
                for key in ["immutable", "data"] {
                    if new.at(&[key]) != old.at(&[key]) {
                        errors.forbidden(&Path::root(key), "field is immutable when `immutable` is set");
                    }
                }
            }
            &[&["type"]]
        }
        "Job" => {
            jobs::update(errors, new, old);
            &[
                &["spec", "selector"],
                &["spec", "completionMode"],
                &["spec", "podFailurePolicy"],
                &["spec", "backoffLimitPerIndex"],
                &["spec", "managedBy"],
                &["spec", "successPolicy"],
            ]
        }
        "CustomResourceDefinition" => &[&["spec", "group"], &["spec", "names", "plural"], &["spec", "scope"]],
        "IngressClass" => &[&["spec", "controller"]],
        "CSIDriver" => &[&["spec", "attachRequired"], &["spec", "volumeLifecycleModes"]],
        "RuntimeClass" => &[&["handler"]],
        "VolumeAttributesClass" => &[&["driverName"], &["parameters"]],
        "RoleBinding" | "ClusterRoleBinding" => {
            if new.at(&["roleRef"]) != old.at(&["roleRef"]) {
                errors.invalid(&Path::root("roleRef"), json(new.at(&["roleRef"])), "cannot change roleRef");
            }
            &[]
        }
        _ => &[],
    };
    for path in frozen {
        if new.at(path) != old.at(path) {
            let value = json(new.at(path));
            at(path, |path| errors.invalid(path, value, "field is immutable"));
        }
    }
}

/// Calls with the path of these keys.
fn at(keys: &[&str], done: impl FnOnce(&Path<'_>)) {
    fn below(path: &Path<'_>, keys: &[&str], done: impl FnOnce(&Path<'_>)) {
        match keys {
            [] => done(path),
            [key, rest @ ..] => below(&path.key(key), rest, done),
        }
    }
    if let [first, rest @ ..] = keys {
        below(&Path::root(first), rest, done);
    }
}

/// Upstream: `ValidateSecret`.
fn secret(errors: &mut Errors, object: &KeptObject) {
    let (data, empty) = (Path::root("data"), Map::new());
    let map = object.at(&["data"]).and_then(Value::as_map).unwrap_or(&empty);
    let value = |key: &str| secret::decode(map.get(key)?.as_str()?).ok();
    let mut size = 0;
    for (key, _) in map.iter() {
        config_key(errors, &data.map_key(key), key);
        size += value(key).map_or(0, |bytes| bytes.len());
    }
    if size > 1 << 20 {
        errors.too_long(&data, "may not be more than 1048576 bytes");
    }
    let needs_json = |errors: &mut Errors, key: &str| match value(key) {
        None => errors.required(&data.map_key(key), ""),
        Some(bytes) => {
            if std::str::from_utf8(&bytes).ok().and_then(Value::from_json).is_none() {
                errors.invalid(&data.map_key(key), "\"<secret contents redacted>\"", "invalid character");
            }
        }
    };
    match object.text(&["type"]) {
        "kubernetes.io/service-account-token" => {
            let key = "kubernetes.io/service-account.name";
            if object.metadata.annotations.get(key).is_none_or(|name| name.is_empty()) {
                let path = Path::root("metadata");
                errors.required(&path.key("annotations").map_key(key), "");
            }
        }
        "kubernetes.io/dockercfg" => needs_json(errors, ".dockercfg"),
        "kubernetes.io/dockerconfigjson" => needs_json(errors, ".dockerconfigjson"),
        "kubernetes.io/basic-auth" if map.get("username").is_none() && map.get("password").is_none() => {
            errors.required(&data.map_key("username"), "");
            errors.required(&data.map_key("password"), "");
        }
        "kubernetes.io/ssh-auth" if value("ssh-privatekey").is_none_or(|bytes| bytes.is_empty()) => {
            errors.required(&data.map_key("ssh-privatekey"), "");
        }
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"] {
                if map.get(key).is_none() {
                    errors.required(&data.map_key(key), "");
                }
            }
        }
        _ => {}
    }
}

/// What a name must be where it follows from the rest of the object, or from no grammar that other kinds share.
pub(super) fn name(errors: &mut Errors, object: &KeptObject) {
    let (meta, path) = (&object.metadata, Path::root("metadata"));
    let path = path.key("name");
    let shown = || format::text(&meta.name);
    match object.kind.entry().name {
        "CustomResourceDefinition" => {
            let (plural, group) = (object.text(&["spec", "names", "plural"]), object.text(&["spec", "group"]));
            if *meta.name != *format!("{plural}.{group}") {
                errors.invalid(&path, shown(), "must be spec.names.plural+\".\"+spec.group");
            }
        }
        "APIService" => {
            let name = format!("{}.{}", object.text(&["spec", "version"]), object.text(&["spec", "group"]));
            if *meta.name != *name {
                let detail = format!("must be `spec.version+\".\"+spec.group`: {}", format::text(&name));
                errors.invalid(&path, shown(), detail);
            }
        }
        "CronJob" if meta.name.len() > 52 => errors.invalid(&path, shown(), "must be no more than 52 characters"),
        "CSIDriver" if meta.name.len() > 63 => errors.too_long(&path, "may not be more than 63 bytes"),
        "IPAddress" if meta.name.parse::<std::net::IpAddr>().is_err() => {
            errors.invalid(&path, shown(), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        }
        _ => {}
    }
}

/// The grammar of a kept kind's names; `None` where [`name`] says it all.
pub(super) fn name_rule(kind: Kind) -> Option<NameRule> {
    match kind.name() {
        "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding" => Some(NameRule::PathSegment),
        "CustomResourceDefinition" | "APIService" | "CertificateSigningRequest" | "IPAddress" => None,
        _ => Some(NameRule::Subdomain),
    }
}
