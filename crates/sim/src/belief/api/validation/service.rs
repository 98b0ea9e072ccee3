//! Services, endpoint slices, leases.
//!
//! Upstream: `pkg/apis/core/validation`, `ValidateService`; `pkg/apis/{discovery,coordination}/validation`.

use super::field::{Errors, Path};
use super::format;
use super::names::{dns_label, dns_subdomain, labels, port_name, port_number, port_number_or_name, qualified};
use petri_objects::*;

pub(super) fn spec(errors: &mut Errors, spec: &ServiceSpec, path: &Path<'_>) {
    let headless = &*spec.cluster_ip == "None";
    let first_ip = path.key("clusterIPs");
    let first_ip = first_ip.index(0);
    let ports = path.key("ports");
    if spec.ports.is_empty() && !headless && &*spec.kind != "ExternalName" {
        errors.required(&ports, "");
    }
    let given = !spec.cluster_ip.is_empty() && !headless;
    if given && spec.cluster_ip.parse::<std::net::IpAddr>().is_err() {
        let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        errors.invalid(&first_ip, format::text(&spec.cluster_ip), detail);
    }
    match &*spec.kind {
        "LoadBalancer" | "NodePort" if headless => {
            let detail = format!("may not be set to 'None' for {} services", spec.kind);
            errors.invalid(&first_ip, format::text("None"), detail);
        }
        "ExternalName" => {
            if !spec.cluster_ip.is_empty() {
                errors.forbidden(&path.key("clusterIPs"), "may not be set for ExternalName services");
            }
            let name = spec.external_name.strip_suffix('.').unwrap_or(&spec.external_name);
            if name.is_empty() {
                errors.required(&path.key("externalName"), "");
            } else {
                dns_subdomain(errors, &path.key("externalName"), name);
            }
        }
        _ => {}
    }
    for (i, port) in spec.ports.iter().enumerate() {
        service_port(errors, port, &spec.ports[..i], spec.ports.len() > 1, &ports.index(i));
    }
    labels(errors, &path.key("selector"), &spec.selector);
    errors.required_one_of(&path.key("sessionAffinity"), &spec.session_affinity, &["ClientIP", "None"]);
    let kinds = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    errors.required_one_of(&path.key("type"), &spec.kind, &kinds);
    for (i, port) in spec.ports.iter().enumerate() {
        let path = ports.index(i);
        if port.node_port != 0 && matches!(&*spec.kind, "ClusterIP" | "ExternalName") {
            let detail = format!("may not be used when `type` is '{}'", spec.kind);
            errors.forbidden(&path.key("nodePort"), detail);
        }
        let same = |other: &ServicePort| other.port == port.port && other.protocol == port.protocol;
        if spec.ports[..i].iter().any(same) {
            let protocol = format::json_text(&port.protocol);
            let value = format!(
                r#"{{"Name":"","Protocol":{protocol},"AppProtocol":null,"Port":{},"TargetPort":0,"NodePort":0}}"#,
                port.port
            );
            errors.duplicate_value(&path, value);
        }
    }
    let is_reached = matches!(&*spec.kind, "LoadBalancer" | "NodePort")
        || &*spec.kind == "ClusterIP" && !spec.external_ips.is_empty();
    if !spec.external_traffic_policy.is_empty() && !is_reached {
        let value = format::text(&spec.external_traffic_policy);
        errors.invalid(&path.key("externalTrafficPolicy"), value, "may only be set for externally-accessible services");
    } else if !spec.external_traffic_policy.is_empty() {
        let policies = ["Cluster", "Local"];
        errors.one_of(&path.key("externalTrafficPolicy"), &spec.external_traffic_policy, &policies);
    }
    if let Some(policy) = &spec.internal_traffic_policy {
        errors.one_of(&path.key("internalTrafficPolicy"), policy, &["Cluster", "Local"]);
    }
}

fn service_port(errors: &mut Errors, port: &ServicePort, before: &[ServicePort], needs_name: bool, path: &Path<'_>) {
    let name = path.key("name");
    if !port.name.is_empty() {
        dns_label(errors, &name, &port.name);
        if before.iter().any(|other| other.name == port.name) {
            errors.duplicate(&name, &port.name);
        }
    } else if needs_name {
        errors.required(&name, "");
    }
    port_number(errors, &path.key("port"), port.port);
    errors.required_one_of(&path.key("protocol"), &port.protocol, &["SCTP", "TCP", "UDP"]);
    if let Some(target) = &port.target_port {
        port_number_or_name(errors, &path.key("targetPort"), target);
    }
    if let Some(protocol) = &port.app_protocol {
        qualified(errors, &path.key("appProtocol"), protocol, protocol);
    }
}

/// The address stays as long as the type has one.
pub(super) fn update(errors: &mut Errors, new: &ServiceSpec, old: &ServiceSpec, path: &Path<'_>) {
    let keeps = &*new.kind != "ExternalName" && &*old.kind != "ExternalName" && !old.cluster_ip.is_empty();
    if keeps && new.cluster_ip != old.cluster_ip {
        // The list follows the single address, whichever of the two was written.
        let value = Value::List(vec![Value::String(new.cluster_ip.clone())]).to_json();
        errors.invalid(&path.key("clusterIPs").index(0), value, "may not change once set");
    }
}

pub(super) fn endpoint_slice(errors: &mut Errors, slice: &EndpointSlice) {
    errors.required_one_of(&Path::root("addressType"), &slice.address_type, &["FQDN", "IPv4", "IPv6"]);
    let endpoints = Path::root("endpoints");
    if slice.endpoints.len() > 1000 {
        errors.too_long(&endpoints, "must have at most 1000 items");
    }
    for (i, endpoint) in slice.endpoints.iter().enumerate() {
        if endpoint.addresses.is_empty() {
            errors.required(&endpoints.index(i).key("addresses"), "must contain at least 1 address");
        }
        if let Some(hostname) = &endpoint.hostname {
            dns_label(errors, &endpoints.index(i).key("hostname"), hostname);
        }
    }
    let ports = Path::root("ports");
    for (i, port) in slice.ports.iter().enumerate() {
        let path = ports.index(i);
        if let Some(name) = port.name.as_ref().filter(|name| !name.is_empty()) {
            port_name(errors, &path.key("name"), name);
        }
        if slice.ports[..i].iter().any(|other| other.name == port.name) {
            errors.duplicate(&path.key("name"), port.name.as_deref().unwrap_or(""));
        }
        if let Some(protocol) = &port.protocol {
            errors.one_of(&path.key("protocol"), protocol, &["SCTP", "TCP", "UDP"]);
        }
    }
}

pub(super) fn lease_spec(errors: &mut Errors, spec: &LeaseSpec, path: &Path<'_>) {
    if let Some(seconds) = spec.lease_duration_seconds
        && seconds <= 0
    {
        errors.invalid(&path.key("leaseDurationSeconds"), seconds.to_string(), "must be greater than 0");
    }
    if let Some(transitions) = spec.lease_transitions {
        errors.not_negative(&path.key("leaseTransitions"), i64::from(transitions));
    }
}
