//! NetworkPolicies, Ingresses and Endpoints.
//!
//! Upstream: `pkg/apis/networking/validation`, `pkg/apis/core/validation`.

use super::super::field::{Errors, Path};
use super::super::format;
use super::super::names::{dns_subdomain, port_name, port_number, qualified};
use super::read::{items, json, word};
use petri_objects::{KeptObject, Value};

/// Upstream: `ValidateNetworkPolicySpec`.
pub(super) fn network_policy(errors: &mut Errors, object: &KeptObject) {
    let spec = Path::root("spec");
    for (rules, peers) in [("ingress", "from"), ("egress", "to")] {
        for (i, rule) in object.list(&["spec", rules]).iter().enumerate() {
            let path = spec.key(rules);
            let path = path.index(i);
            for (i, port) in items(rule, &["ports"]).iter().enumerate() {
                let path = path.key("ports");
                let path = path.index(i);
                let key = path.key("port");
                match port.at(&["port"]) {
                    Some(Value::Int(number)) => port_number(errors, &key, i32::try_from(*number).unwrap_or(i32::MAX)),
                    Some(Value::String(name)) => port_name(errors, &key, name),
                    _ => {}
                }
            }
            for (i, peer) in items(rule, &[peers]).iter().enumerate() {
                let path = path.key(peers);
                let path = path.index(i);
                let (block, has) = (path.key("ipBlock"), |key: &str| peer.at(&[key]).is_some());
                let selects = has("podSelector") || has("namespaceSelector");
                match (selects, peer.at(&["ipBlock"])) {
                    (false, None) => errors.required(&path, "must specify a peer"),
                    (true, Some(_)) => errors.forbidden(&path, "may not specify both ipBlock and another peer"),
                    (false, Some(value)) => {
                        let cidr = word(value, &["cidr"]);
                        if !cidr.is_empty() && !is_network(cidr) {
                            let detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
                            errors.invalid(&block.key("cidr"), format::text(cidr), detail);
                        }
                    }
                    (true, None) => {}
                }
            }
        }
    }
}

/// `10.9.8.0/24`.
fn is_network(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let Ok(bits) = bits.parse::<u32>() else { return false };
    match address.parse::<std::net::IpAddr>() {
        Ok(address) => bits <= if address.is_ipv4() { 32 } else { 128 },
        Err(_) => false,
    }
}

/// Upstream: `ValidateIngressSpec`.
pub(super) fn ingress(errors: &mut Errors, object: &KeptObject) {
    let spec = Path::root("spec");
    let default = object.at(&["spec", "defaultBackend"]);
    if default.is_none() && object.list(&["spec", "rules"]).is_empty() {
        let detail = "either `defaultBackend` or `rules` must be specified";
        errors.invalid(&spec, json(object.at(&["spec"])), detail);
    }
    if let Some(default) = default {
        backend(errors, default, &spec.key("defaultBackend"));
    }
    for (i, rule) in object.list(&["spec", "rules"]).iter().enumerate() {
        let path = spec.key("rules");
        let path = path.index(i);
        let host = word(rule, &["host"]);
        if !host.is_empty() {
            match host.parse::<std::net::IpAddr>() {
                Ok(_) => errors.invalid(&path.key("host"), format::text(host), "must be a DNS name, not an IP address"),
                Err(_) => dns_subdomain(errors, &path.key("host"), host.strip_prefix("*.").unwrap_or(host)),
            }
        }
        for (i, item) in items(rule, &["http", "paths"]).iter().enumerate() {
            let path = path.key("http");
            let path = path.key("paths");
            let path = path.index(i);
            let text = word(item, &["path"]);
            if matches!(word(item, &["pathType"]), "Exact" | "Prefix") && !text.starts_with('/') {
                errors.invalid(&path.key("path"), format::text(text), "must be an absolute path");
            }
            backend(errors, item.at(&["backend"]).unwrap_or(&Value::Null), &path.key("backend"));
        }
    }
}

fn backend(errors: &mut Errors, backend: &Value, path: &Path<'_>) {
    match (backend.at(&["service"]), backend.at(&["resource"])) {
        (Some(_), Some(_)) => errors.invalid(path, "\"\"", "cannot set both resource and service backends"),
        (None, None) => errors.required(path, "resource or service backend is required"),
        (Some(service), None) => {
            let path = path.key("service");
            let port = path.key("port");
            let (name, number) = (word(service, &["port", "name"]), service.at(&["port", "number"]));
            match (name, number.and_then(Value::as_int).filter(|number| *number != 0)) {
                ("", None) => errors.required(&port, "port name or number is required"),
                ("", Some(number)) => {
                    port_number(errors, &port.key("number"), i32::try_from(number).unwrap_or(i32::MAX));
                }
                (_, Some(_)) => errors.invalid(&path, "\"\"", "cannot set both port name & port number"),
                (name, None) => port_name(errors, &port.key("name"), name),
            }
        }
        (None, Some(_)) => {}
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
                if !ip.is_empty() && ip.parse::<std::net::IpAddr>().is_err() {
                    let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
                    errors.invalid(&path.key("ip"), format::text(ip), detail);
                }
            }
        }
        for (i, port) in items(subset, &["ports"]).iter().enumerate() {
            let path = path.key("ports");
            let path = path.index(i);
            let number = port.at(&["port"]).and_then(Value::as_int).unwrap_or(0);
            port_number(errors, &path.key("port"), i32::try_from(number).unwrap_or(i32::MAX));
            let protocol = word(port, &["appProtocol"]);
            if !protocol.is_empty() {
                qualified(errors, &path.key("appProtocol"), protocol, protocol);
            }
        }
    }
}
