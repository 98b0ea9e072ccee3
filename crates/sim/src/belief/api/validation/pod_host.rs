//! What a pod wants of its host: ports, users, resolvers.
//!
//! Upstream: `pkg/apis/core/validation` (`checkHostPortConflicts`, `ValidatePodSecurityContext`,
//! `ValidateSecurityContext`, `validatePodDNSConfig`, `ValidateHostAliases`).

use super::field::{Errors, Path};
use super::format;
use petri_objects::record::Opaque;
use petri_objects::*;
use std::collections::BTreeSet;

const IP: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

fn items<'v>(part: Option<&'v Value>, key: &str) -> &'v [Value] {
    part.and_then(|value| value.at(&[key])).and_then(Value::as_list).unwrap_or_default()
}

fn is_ip(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

/// Two containers cannot have one port of the host.
pub(super) fn conflicts(errors: &mut Errors, containers: &[Container], path: &Path<'_>) {
    let mut taken = BTreeSet::new();
    for (i, container) in containers.iter().enumerate() {
        let path = path.index(i);
        let ports = path.key("ports");
        for (i, port) in container.ports.iter().enumerate().filter(|(_, port)| port.host_port != 0) {
            let name = format!("{}/{}/{}", port.protocol, port.host_ip, port.host_port);
            if taken.contains(&name) {
                errors.duplicate(&ports.index(i).key("hostPort"), &name);
            }
            taken.insert(name);
        }
    }
}

/// Who shares the host's network has its ports.
///
/// Upstream: `validateHostNetwork`.
pub(super) fn host_network(errors: &mut Errors, spec: &PodSpec, path: &Path<'_>) {
    if !spec.host_network {
        return;
    }
    for (key, containers) in [("containers", &spec.containers), ("initContainers", &spec.init_containers)] {
        let list = path.key(key);
        for (i, container) in containers.iter().enumerate() {
            let path = list.index(i);
            let ports = path.key("ports");
            // A port that is not named is filled in for pods.
            let differs = |port: &ContainerPort| port.host_port != 0 && port.host_port != port.container_port;
            for (i, port) in container.ports.iter().enumerate().filter(|(_, port)| differs(port)) {
                let path = ports.index(i);
                let detail = "must match `hostPort` when `hostNetwork` is true";
                errors.invalid(&path.key("containerPort"), port.container_port.to_string(), detail);
            }
        }
    }
}

fn id(errors: &mut Errors, id: i64, path: &Path<'_>) {
    if !(0..=i64::from(i32::MAX)).contains(&id) {
        errors.invalid(path, id.to_string(), "must be between 0 and 2147483647, inclusive");
    }
}

/// Users, groups and profiles, of a pod or of one of its containers.
pub(super) fn security(errors: &mut Errors, context: &Opaque, path: &Path<'_>) {
    let Some(context) = context.0.as_deref() else { return };
    let path = path.key("securityContext");
    for key in ["fsGroup", "runAsUser", "runAsGroup"] {
        if let Some(number) = context.at(&[key]).and_then(Value::as_int) {
            id(errors, number, &path.key(key));
        }
    }
    let groups = path.key("supplementalGroups");
    for (i, group) in items(Some(context), "supplementalGroups").iter().enumerate() {
        if let Some(number) = group.as_int() {
            id(errors, number, &groups.index(i));
        }
    }
    let text = |keys: &[&str]| context.at(keys).and_then(Value::as_str);
    if let Some(policy) = text(&["fsGroupChangePolicy"]) {
        errors.one_of(&path.key("fsGroupChangePolicy"), policy, &["Always", "OnRootMismatch"]);
    }
    if let Some(kind) = text(&["seccompProfile", "type"]) {
        let path = path.key("seccompProfile");
        let file = text(&["seccompProfile", "localhostProfile"]);
        match (kind, file) {
            ("Localhost", None | Some("")) => {
                errors.required(&path.key("localhostProfile"), "must be set when seccomp type is Localhost");
            }
            ("Localhost", Some(_)) => {}
            (_, Some(file)) => {
                let detail = "can only be set when seccomp type is Localhost";
                errors.invalid(&path.key("localhostProfile"), format::text(file), detail);
            }
            _ => {}
        }
        errors.one_of(&path.key("type"), kind, &["Localhost", "RuntimeDefault", "Unconfined"]);
    }
    if let Some(mount) = text(&["procMount"]) {
        errors.one_of(&path.key("procMount"), mount, &["Default", "Unmasked"]);
    }
}

/// Resolvers that a pod names.
pub(super) fn dns(errors: &mut Errors, spec: &PodSpec, path: &Path<'_>) {
    let (config, path) = (spec.dns_config.0.as_deref(), path.key("dnsConfig"));
    let (servers, list) = (items(config, "nameservers"), path.key("nameservers"));
    if &*spec.dns_policy == "None" {
        if config.is_none() {
            return errors.required(&path, "must provide `dnsConfig` when `dnsPolicy` is None");
        }
        if servers.is_empty() {
            return errors.required(&list, "must provide at least one DNS nameserver when `dnsPolicy` is None");
        }
    }
    if servers.len() > 3 {
        let value = Value::List(servers.to_vec()).to_json();
        errors.invalid(&list, value, "must not have more than 3 nameservers");
    }
    for (i, server) in servers.iter().enumerate() {
        if let Some(text) = server.as_str().filter(|text| !is_ip(text)) {
            errors.invalid(&list.index(i), format::text(text), IP);
        }
    }
    let options = path.key("options");
    for (i, option) in items(config, "options").iter().enumerate() {
        if option.at(&["name"]).and_then(Value::as_str).is_none_or(str::is_empty) {
            errors.required(&options.index(i), "must not be empty");
        }
    }
}

/// Lines for a pod's file of hosts.
pub(super) fn aliases(errors: &mut Errors, aliases: &Opaque, path: &Path<'_>) {
    let list = path.key("hostAliases");
    for (i, alias) in aliases.0.as_deref().and_then(Value::as_list).unwrap_or_default().iter().enumerate() {
        let path = list.index(i);
        let ip = alias.at(&["ip"]).and_then(Value::as_str).unwrap_or_default();
        if !is_ip(ip) {
            errors.invalid(&path.key("ip"), format::text(ip), IP);
        }
    }
}

/// The addresses of ports.
pub(super) fn host_ip(errors: &mut Errors, port: &ContainerPort, path: &Path<'_>) {
    if !port.host_ip.is_empty() && !is_ip(&port.host_ip) {
        errors.invalid(&path.key("hostIP"), format::text(&port.host_ip), IP);
    }
}
