//! NetworkPolicies, Ingresses and Endpoints.
//!
//! Upstream: `pkg/apis/networking/validation`, `pkg/apis/core/validation`.

use super::super::field::{Errors, Path};
use super::super::format;
use super::super::names::{NameRule, dns_label, dns_subdomain, port_name, port_number, qualified};
use super::super::seldom::grammar;
use super::super::selector::label_selector;
use super::read::{items, word};
use petri_objects::record::{Decode, Record as _};
use petri_objects::{KeptObject, LabelSelector, Value};

/// Upstream: `ValidateNetworkPolicySpec`.
pub(super) fn network_policy(errors: &mut Errors, object: &KeptObject) {
    let spec = Path::root("spec");
    selector(errors, object.at(&["spec", "podSelector"]), &spec.key("podSelector"));
    for (rules, peers) in [("ingress", "from"), ("egress", "to")] {
        let list = spec.key(rules);
        for (i, rule) in object.list(&["spec", rules]).iter().enumerate() {
            let path = list.index(i);
            let ports = path.key("ports");
            for (i, port) in items(rule, &["ports"]).iter().enumerate() {
                policy_port(errors, port, &ports.index(i));
            }
            let all = path.key(peers);
            for (i, peer) in items(rule, &[peers]).iter().enumerate() {
                self::peer(errors, peer, &all.index(i));
            }
        }
    }
    let (kinds, path) = (object.list(&["spec", "policyTypes"]), spec.key("policyTypes"));
    if kinds.len() > 2 {
        let value = Value::List(kinds.to_vec()).to_json();
        return errors.invalid(&path, value, "may not specify more than two policyTypes");
    }
    for (i, kind) in kinds.iter().enumerate() {
        errors.one_of(&path.index(i), kind.as_str().unwrap_or_default(), &["Ingress", "Egress"]);
    }
}

fn selector(errors: &mut Errors, value: Option<&Value>, path: &Path<'_>) {
    if let Some(value) = value {
        label_selector(errors, path, &LabelSelector::from_value(value, &mut Decode::default()));
    }
}

/// Upstream: `ValidateNetworkPolicyPort`.
fn policy_port(errors: &mut Errors, port: &Value, path: &Path<'_>) {
    let protocol = word(port, &["protocol"]);
    if !protocol.is_empty() {
        errors.one_of(&path.key("protocol"), protocol, &["TCP", "UDP", "SCTP"]);
    }
    let (key, at_end) = (path.key("port"), path.key("endPort"));
    let end = port.at(&["endPort"]).and_then(Value::as_int);
    let number = |n: i64| i32::try_from(n).unwrap_or(i32::MAX);
    match (port.at(&["port"]), end) {
        (Some(Value::Int(first)), end) => {
            port_number(errors, &key, number(*first));
            if let Some(end) = end {
                if end < *first {
                    errors.invalid(&at_end, end.to_string(), "must be greater than or equal to `port`");
                }
                port_number(errors, &at_end, number(end));
            }
        }
        (Some(Value::String(name)), end) => {
            if let Some(end) = end {
                errors.invalid(&at_end, end.to_string(), "may not be specified when `port` is non-numeric");
            }
            port_name(errors, &key, name);
        }
        (_, Some(end)) => {
            errors.invalid(&at_end, end.to_string(), "may not be specified when `port` is not specified");
        }
        _ => {}
    }
}

/// Upstream: `ValidateNetworkPolicyPeer`, `ValidateIPBlock`.
fn peer(errors: &mut Errors, peer: &Value, path: &Path<'_>) {
    let has = |key: &str| peer.at(&[key]).is_some();
    for key in ["podSelector", "namespaceSelector"] {
        selector(errors, peer.at(&[key]), &path.key(key));
    }
    if let Some(value) = peer.at(&["ipBlock"]) {
        let block = path.key("ipBlock");
        let whole = word(value, &["cidr"]);
        if whole.is_empty() {
            errors.required(&block.key("cidr"), "");
        } else {
            grammar::cidr(errors, &block.key("cidr"), whole);
        }
        let list = block.key("except");
        for (i, except) in items(value, &["except"]).iter().enumerate() {
            let (text, Some(outer)) = (except.as_str().unwrap_or_default(), grammar::network(whole)) else { break };
            grammar::cidr(errors, &list.index(i), text);
            if grammar::network(text).is_some_and(|inner| !grammar::is_within(inner, outer)) {
                errors.invalid(&list.index(i), format::text(text), "must be a strict subset of `cidr`");
            }
        }
    }
    match (has("podSelector") || has("namespaceSelector"), has("ipBlock")) {
        (false, false) => errors.required(path, "must specify a peer"),
        (true, true) => errors.forbidden(path, "may not specify both ipBlock and another peer"),
        _ => {}
    }
}

/// Upstream: `ValidateIngressSpec`, `ValidateIngressCreate`.
pub(super) fn ingress(errors: &mut Errors, object: &KeptObject) {
    let spec = Path::root("spec");
    let default = object.at(&["spec", "defaultBackend"]);
    let rules = object.list(&["spec", "rules"]);
    if default.is_none() && rules.is_empty() {
        let value = object.at(&["spec", "rules"]).map_or("null".into(), Value::to_json);
        errors.invalid(&spec, value, "either `defaultBackend` or `rules` must be specified");
    }
    if let Some(default) = default {
        backend(errors, default, &spec.key("defaultBackend"));
    }
    let list = spec.key("rules");
    for (i, rule) in rules.iter().enumerate() {
        let path = list.index(i);
        let host = word(rule, &["host"]);
        if !host.is_empty() {
            if grammar::lenient_ip(host).is_some() {
                errors.invalid(&path.key("host"), format::text(host), "must be a DNS name, not an IP address");
            }
            grammar::host(errors, &path.key("host"), host);
        }
        let Some(http) = rule.at(&["http"]) else { continue };
        let path = path.key("http");
        let paths = path.key("paths");
        if items(http, &["paths"]).is_empty() {
            errors.required(&paths, "");
        }
        for (i, item) in items(http, &["paths"]).iter().enumerate() {
            ingress_path(errors, item, &paths.index(i));
        }
    }
    let list = spec.key("tls");
    for (i, tls) in object.list(&["spec", "tls"]).iter().enumerate() {
        let path = list.index(i);
        let hosts = path.key("hosts");
        for (i, host) in items(tls, &["hosts"]).iter().enumerate() {
            grammar::host(errors, &hosts.index(i), host.as_str().unwrap_or_default());
        }
        let secret = word(tls, &["secretName"]);
        if !secret.is_empty() {
            dns_subdomain(errors, &path.key("secretName"), secret);
        }
    }
    let class = object.at(&["spec", "ingressClassName"]).and_then(Value::as_str);
    if let Some(class) = class {
        dns_subdomain(errors, &spec.key("ingressClassName"), class);
    }
    let old = object.metadata.annotations.get("kubernetes.io/ingress.class");
    if let (Some(old), Some(class)) = (old, class)
        && &**old != class
    {
        let at = Path::root("annotations");
        let detail = "must match `ingressClassName` when both are specified";
        errors.invalid(&at.key("kubernetes.io/ingress.class"), format::text(old), detail);
    }
}

/// Upstream: `validateHTTPIngressPath`.
fn ingress_path(errors: &mut Errors, item: &Value, path: &Path<'_>) {
    let (text, at) = (word(item, &["path"]), path.key("path"));
    let kind = word(item, &["pathType"]);
    if item.at(&["pathType"]).is_none() {
        return errors.required(&path.key("pathType"), "pathType must be specified");
    }
    match kind {
        "Exact" | "Prefix" => {
            if !text.starts_with('/') {
                errors.invalid(&at, format::text(text), "must be an absolute path");
            }
            for part in ["//", "/./", "/../", "%2f", "%2F"].into_iter().filter(|part| text.contains(part)) {
                errors.invalid(&at, format::text(text), format!("must not contain '{part}'"));
            }
            for end in ["/..", "/."].into_iter().filter(|end| text.ends_with(end)) {
                errors.invalid(&at, format::text(text), format!("cannot end with '{end}'"));
            }
        }
        "ImplementationSpecific" => {
            if !text.is_empty() && !text.starts_with('/') {
                errors.invalid(&at, format::text(text), "must be an absolute path");
            }
        }
        other => {
            let kinds = ["Exact", "ImplementationSpecific", "Prefix"];
            errors.not_supported(&path.key("pathType"), format::text(other), &kinds);
        }
    }
    backend(errors, item.at(&["backend"]).unwrap_or(&Value::Null), &path.key("backend"));
}

/// Upstream: `validateIngressBackend`.
fn backend(errors: &mut Errors, backend: &Value, path: &Path<'_>) {
    match (backend.at(&["service"]), backend.at(&["resource"])) {
        (Some(_), Some(_)) => errors.invalid(path, "\"\"", "cannot set both resource and service backends"),
        (None, None) => errors.invalid(path, "\"\"", "resource or service backend is required"),
        (None, Some(resource)) => typed(errors, resource, &path.key("resource")),
        (Some(service), None) => {
            let at = path.key("service");
            match word(service, &["name"]) {
                "" => errors.required(&at.key("name"), ""),
                name => dns_label(errors, &at.key("name"), name),
            }
            let port = at.key("port");
            let (name, number) = (word(service, &["port", "name"]), service.at(&["port", "number"]));
            match (name, number.and_then(Value::as_int).filter(|number| *number != 0)) {
                ("", None) => errors.required(path, "port name or number is required"),
                ("", Some(number)) => {
                    port_number(errors, &port.key("number"), i32::try_from(number).unwrap_or(i32::MAX));
                }
                (_, Some(_)) => errors.invalid(path, "\"\"", "cannot set both port name & port number"),
                (name, None) => port_name(errors, &port.key("name"), name),
            }
        }
    }
}

/// Upstream: `validateIngressTypedLocalObjectReference`.
fn typed(errors: &mut Errors, reference: &Value, path: &Path<'_>) {
    if let Some(group) = reference.at(&["apiGroup"]).and_then(Value::as_str) {
        dns_subdomain(errors, &path.key("apiGroup"), group);
    }
    for key in ["kind", "name"] {
        match word(reference, &[key]) {
            "" => errors.required(&path.key(key), ""),
            name => NameRule::PathSegment.check(errors, &path.key(key), name),
        }
    }
}

/// Upstream: `validateIngressClassSpec`.
pub(super) fn ingress_class(errors: &mut Errors, object: &KeptObject) {
    let spec = Path::root("spec");
    let (controller, at) = (object.text(&["spec", "controller"]), spec.key("controller"));
    if controller.len() > 250 {
        errors.too_long(&at, "may not be more than 250 bytes");
    }
    grammar::domain_prefixed_path(errors, &at, controller);
    let Some(parameters) = object.at(&["spec", "parameters"]) else { return };
    let path = spec.key("parameters");
    typed(errors, parameters, &path);
    let (space, at) = (parameters.at(&["namespace"]).and_then(Value::as_str), path.key("namespace"));
    match (word(parameters, &["scope"]), space) {
        ("Namespace", None) => errors.required(&at, "`parameters.scope` is set to 'Namespace'"),
        ("Namespace", Some(space)) => dns_label(errors, &at, space),
        // Where nothing is said it is the whole cluster.
        ("" | "Cluster", Some(_)) => errors.forbidden(&at, "`parameters.scope` is set to 'Cluster'"),
        ("" | "Cluster", None) => {}
        (other, _) => errors.one_of(&path.key("scope"), other, &["Cluster", "Namespace"]),
    }
}

/// Upstream: `ValidateEndpoints`.
pub(super) fn endpoints(errors: &mut Errors, object: &KeptObject) {
    let subsets = Path::root("subsets");
    for (i, subset) in object.list(&["subsets"]).iter().enumerate() {
        let path = subsets.index(i);
        let (ready, waiting) = (items(subset, &["addresses"]), items(subset, &["notReadyAddresses"]));
        if ready.is_empty() && waiting.is_empty() {
            errors.required(&path, "must specify `addresses` or `notReadyAddresses`");
        }
        for (key, list) in [("addresses", ready), ("notReadyAddresses", waiting)] {
            for (i, address) in list.iter().enumerate() {
                let path = path.key(key);
                let path = path.index(i);
                let ip = word(address, &["ip"]);
                grammar::ip(errors, &path.key("ip"), ip);
                if !word(address, &["hostname"]).is_empty() {
                    dns_label(errors, &path.key("hostname"), word(address, &["hostname"]));
                }
                if !word(address, &["nodeName"]).is_empty() {
                    dns_subdomain(errors, &path.key("nodeName"), word(address, &["nodeName"]));
                }
                grammar::endpoint_ip(errors, &path.key("ip"), ip);
            }
        }
        let all = items(subset, &["ports"]);
        for (i, port) in all.iter().enumerate() {
            let path = path.key("ports");
            let path = path.index(i);
            match word(port, &["name"]) {
                "" if all.len() > 1 => errors.required(&path.key("name"), ""),
                "" => {}
                name => dns_label(errors, &path.key("name"), name),
            }
            let number = port.at(&["port"]).and_then(Value::as_int).unwrap_or(0);
            port_number(errors, &path.key("port"), i32::try_from(number).unwrap_or(i32::MAX));
            let protocol = word(port, &["protocol"]);
            if !protocol.is_empty() {
                errors.one_of(&path.key("protocol"), protocol, &["SCTP", "TCP", "UDP"]);
            }
            let protocol = word(port, &["appProtocol"]);
            if !protocol.is_empty() {
                qualified(errors, &path.key("appProtocol"), protocol, protocol);
            }
        }
    }
}
