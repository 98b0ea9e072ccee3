//! Services, endpoint slices, leases.
//!
//! Upstream: `pkg/apis/core/validation`, `ValidateService`; `pkg/apis/{discovery,coordination}/validation`.

use super::field::{Errors, Path};
use super::format;
use super::names::{dns_label, dns_subdomain, labels, port_name, port_number, port_number_or_name, qualified};
use super::seldom::services;
use petri_objects::*;

pub(super) fn spec(errors: &mut Errors, spec: &ServiceSpec, path: &Path<'_>) {
    let headless = &*spec.cluster_ip == "None";
    let ports = path.key("ports");
    if spec.ports.is_empty() && !headless && &*spec.kind != "ExternalName" {
        errors.required(&ports, "");
    }
    match &*spec.kind {
        "LoadBalancer" | "NodePort" if headless => {
            let detail = format!("may not be set to 'None' for {} services", spec.kind);
            errors.invalid(&path.key("clusterIPs").index(0), format::text("None"), detail);
        }
        "ExternalName" => external_name(errors, spec, path),
        _ => {}
    }
    for (i, port) in spec.ports.iter().enumerate() {
        service_port(errors, port, &spec.ports[..i], spec.ports.len() > 1, &ports.index(i));
    }
    labels(errors, &path.key("selector"), &spec.selector);
    errors.required_one_of(&path.key("sessionAffinity"), &spec.session_affinity, &["ClientIP", "None"]);
    if spec.session_affinity_config.0.is_some() {
        services::affinity(errors, spec, path);
    }
    if &*spec.kind != "ExternalName" && !has_plain_address(spec) {
        services::addresses(errors, spec, path);
    }
    if !spec.external_ips.is_empty() {
        services::external_ips(errors, &spec.external_ips, path);
    }
    let kinds = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    errors.required_one_of(&path.key("type"), &spec.kind, &kinds);
    repeated_ports(errors, spec, &ports);
    let has_others = spec.others.names().next().is_some();
    if has_others {
        services::source_ranges(errors, spec, path);
    }
    if spec.allocate_load_balancer_node_ports.is_some() && &*spec.kind != "LoadBalancer" {
        let at = path.key("allocateLoadBalancerNodePorts");
        errors.forbidden(&at, "may only be used when `type` is 'LoadBalancer'");
    }
    if has_others {
        services::balancer(errors, spec, path);
    }
    let is_reached = matches!(&*spec.kind, "LoadBalancer" | "NodePort")
        || &*spec.kind == "ClusterIP" && !spec.external_ips.is_empty();
    let (policy, at) = (&spec.external_traffic_policy, path.key("externalTrafficPolicy"));
    if !policy.is_empty() && !is_reached {
        errors.invalid(&at, format::text(policy), "may only be set for externally-accessible services");
    } else if is_reached {
        errors.required_one_of(&at, policy, &["Cluster", "Local"]);
    }
    if has_others {
        services::health_port(errors, spec, path);
    }
    if let Some(policy) = &spec.internal_traffic_policy {
        errors.one_of(&path.key("internalTrafficPolicy"), policy, &["Cluster", "Local"]);
    }
    if !spec.traffic_distribution.is_empty() {
        let ways = ["PreferClose", "PreferSameZone", "PreferSameNode"];
        errors.one_of(&path.key("trafficDistribution"), &spec.traffic_distribution, &ways);
    }
}

/// One address of the old family, or none yet: what nearly all have.
fn has_plain_address(spec: &ServiceSpec) -> bool {
    let ip = &spec.cluster_ip;
    let fits = matches!(&**ip, "" | "None") || ip.parse::<std::net::Ipv4Addr>().is_ok();
    fits && spec.cluster_ips.len() <= 1
        && spec.cluster_ips.iter().all(|other| other == ip)
        && spec.ip_families.len() <= 1
        && spec.ip_families.iter().all(|family| &**family == "IPv4")
        && spec.ip_family_policy.as_deref().is_none_or(|policy| policy == "SingleStack")
}

fn external_name(errors: &mut Errors, spec: &ServiceSpec, path: &Path<'_>) {
    const DETAIL: &str = "may not be set for ExternalName services";
    if !spec.cluster_ip.is_empty() || !spec.cluster_ips.is_empty() {
        errors.forbidden(&path.key("clusterIPs"), DETAIL);
    }
    if !spec.ip_families.is_empty() {
        errors.forbidden(&path.key("ipFamilies"), DETAIL);
    }
    if spec.ip_family_policy.is_some() {
        errors.forbidden(&path.key("ipFamilyPolicy"), DETAIL);
    }
    let name = spec.external_name.strip_suffix('.').unwrap_or(&spec.external_name);
    if name.is_empty() {
        errors.required(&path.key("externalName"), "");
    } else {
        dns_subdomain(errors, &path.key("externalName"), name);
    }
}

fn repeated_ports(errors: &mut Errors, spec: &ServiceSpec, ports: &Path<'_>) {
    for (i, _) in spec.ports.iter().enumerate().filter(|(_, port)| port.node_port != 0 && &*spec.kind == "ClusterIP") {
        errors.forbidden(&ports.index(i).key("nodePort"), "may not be used when `type` is 'ClusterIP'");
    }
    for (i, port) in spec.ports.iter().enumerate().filter(|(_, port)| port.node_port != 0) {
        let same = |other: &ServicePort| other.node_port == port.node_port && other.protocol == port.protocol;
        if spec.ports[..i].iter().any(same) {
            errors.duplicate_value(&ports.index(i).key("nodePort"), port.node_port.to_string());
        }
    }
    for (i, port) in spec.ports.iter().enumerate() {
        let same = |other: &ServicePort| other.port == port.port && other.protocol == port.protocol;
        if spec.ports[..i].iter().any(same) {
            let protocol = format::json_text(&port.protocol);
            let value = format!(
                r#"{{"Name":"","Protocol":{protocol},"AppProtocol":null,"Port":{},"TargetPort":0,"NodePort":0}}"#,
                port.port
            );
            errors.duplicate_value(&ports.index(i), value);
        }
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
    if new.ip_families != old.ip_families || &*new.kind == "LoadBalancer" {
        services::update(errors, new, old, path);
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
    if let Some(strategy) = &spec.strategy {
        // Upstream's path says it twice.
        let at = path.key("strategy");
        let at = at.key("strategy");
        if strategy.contains('/') {
            qualified(errors, &at, strategy, strategy);
        } else {
            errors.one_of(&at, strategy, &["OldestEmulationVersion"]);
        }
    }
    let prefers = spec.preferred_holder.as_ref().is_some_and(|holder| !holder.is_empty());
    if prefers && spec.strategy.as_ref().is_none_or(|strategy| strategy.is_empty()) {
        errors.forbidden(&path.key("preferredHolder"), "may only be specified if `strategy` is defined");
    }
}
