//! What few Services say: addresses from outside, families of addresses, balancers of clouds.
//!
//! Upstream: `pkg/apis/core/validation` (`validateService`).

use super::super::field::{Errors, Path};
use super::super::format;
use super::super::names::qualified;
use super::grammar;
use petri_objects::{Name, ServiceSpec, Value};

fn list(names: &[Name]) -> String {
    Value::List(names.iter().cloned().map(Value::String).collect()).to_json()
}

/// Upstream: `validateClientIPAffinityConfig`.
pub fn affinity(errors: &mut Errors, spec: &ServiceSpec, path: &Path<'_>) {
    let timeout = spec.session_affinity_config.0.as_deref().and_then(|it| it.at(&["clientIP", "timeoutSeconds"]));
    if let Some(seconds) = timeout.and_then(Value::as_int).filter(|seconds| !(1..=86_400).contains(seconds)) {
        let path = path.key("sessionAffinityConfig");
        let path = path.key("clientIP");
        errors.invalid(&path.key("timeoutSeconds"), seconds.to_string(), "must be greater than 0 and less than 86400");
    }
}

/// Upstream: `ValidateServiceClusterIPsRelatedFields`.
pub fn addresses(errors: &mut Errors, spec: &ServiceSpec, path: &Path<'_>) {
    let (all, at) = (&spec.cluster_ips, path.key("clusterIPs"));
    if let Some(first) = all.first().filter(|first| **first != spec.cluster_ip) {
        let detail = if spec.cluster_ip.is_empty() && !first.is_empty() {
            "must be empty when `clusterIP` is not specified"
        } else {
            "first value must match `clusterIP`"
        };
        errors.invalid(&at, list(all), detail);
    }
    let families = path.key("ipFamilies");
    for (i, family) in spec.ip_families.iter().enumerate() {
        errors.one_of(&families.index(i), family, &["IPv4", "IPv6"]);
        if spec.ip_families[..i].contains(family) {
            errors.duplicate(&families.index(i), family);
        }
    }
    if let Some(policy) = &spec.ip_family_policy {
        let policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
        errors.one_of(&path.key("ipFamilyPolicy"), policy, &policies);
    }
    // The list follows the single address where only that was written.
    let written: Vec<&Name> = if all.is_empty() { vec![&spec.cluster_ip] } else { all.iter().collect() };
    let before = errors.count();
    for (i, ip) in written.iter().enumerate().filter(|(_, ip)| !ip.is_empty()) {
        if i == 0 && &***ip == "None" {
            if written.len() > 1 {
                errors.invalid(&at, list(all), "'None' must be the first and only value");
            }
            continue;
        }
        grammar::ip(errors, &at.index(i), ip);
    }
    if all.len() > 2 {
        errors.invalid(&at, list(all), "may only hold up to 2 values");
    }
    if errors.count() > before {
        return;
    }
    let is_v6 = |ip: &Name| ip.contains(':');
    if let [first, second, ..] = &all[..]
        && is_v6(first) == is_v6(second)
    {
        errors.invalid(&at, list(all), "may specify no more than one IP for each IP family");
    }
    // The cluster gives addresses of IPv4 alone, to who asks for the other family too: that is no fault of the writer.
    for (i, (ip, family)) in written.iter().zip(&spec.ip_families).enumerate() {
        if &**family == "IPv4" && is_v6(ip) {
            let detail = format!("expected an {family} value as indicated by `ipFamilies[{i}]`");
            errors.invalid(&at.index(i), format::text(ip), detail);
        }
    }
}

pub fn external_ips(errors: &mut Errors, ips: &[Name], path: &Path<'_>) {
    let list = path.key("externalIPs");
    for (i, ip) in ips.iter().enumerate() {
        let before = errors.count();
        grammar::ip(errors, &list.index(i), ip);
        if errors.count() == before {
            grammar::endpoint_ip(errors, &list.index(i), ip);
        }
    }
}

/// Networks that a balancer lets in.
pub fn source_ranges(errors: &mut Errors, spec: &ServiceSpec, path: &Path<'_>) {
    let ranges = spec.others.get("loadBalancerSourceRanges").and_then(Value::as_list).unwrap_or_default();
    if ranges.is_empty() {
        return;
    }
    // Upstream's own spelling.
    let at = path.key("LoadBalancerSourceRanges");
    if &*spec.kind != "LoadBalancer" {
        errors.forbidden(&at, "may only be used when `type` is 'LoadBalancer'");
    }
    for (i, range) in ranges.iter().enumerate() {
        grammar::cidr(errors, &at.index(i), range.as_str().unwrap_or_default().trim());
    }
}

/// Upstream: `validateLoadBalancerClassField`.
pub fn balancer(errors: &mut Errors, spec: &ServiceSpec, path: &Path<'_>) {
    if let Some(class) = spec.others.get("loadBalancerClass").and_then(Value::as_str) {
        let at = path.key("loadBalancerClass");
        if &*spec.kind == "LoadBalancer" {
            qualified(errors, &at, class, class);
        } else {
            errors.forbidden(&at, "may only be used when `type` is 'LoadBalancer'");
        }
    }
}

/// The port by which a balancer asks nodes for their health.
pub fn health_port(errors: &mut Errors, spec: &ServiceSpec, path: &Path<'_>) {
    let Some(port) = spec.others.get("healthCheckNodePort").and_then(Value::as_int).filter(|port| *port != 0) else {
        return;
    };
    let at = path.key("healthCheckNodePort");
    if &*spec.kind != "LoadBalancer" || &*spec.external_traffic_policy != "Local" {
        let detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
        errors.invalid(&at, port.to_string(), detail);
    } else if !(1..=65_535).contains(&port) {
        errors.invalid(&at, port.to_string(), "must be between 1 and 65535, inclusive");
    }
}

/// Upstream: `validateLoadBalancerClassField`, `validateUpgradeDowngradeIPFamilies`.
pub fn update(errors: &mut Errors, new: &ServiceSpec, old: &ServiceSpec, path: &Path<'_>) {
    let both = |kind: &str| &*new.kind == kind && &*old.kind == kind;
    let named = &*new.kind != "ExternalName" && &*old.kind != "ExternalName";
    let headless = &*new.cluster_ip == "None" || &*old.cluster_ip == "None";
    let (families, before) = (&new.ip_families, &old.ip_families);
    if named && !headless && families.len() == before.len() {
        for _ in families.iter().zip(before).filter(|(new, old)| new != old) {
            errors.invalid(&path.key("ipFamilies").index(0), list(families), "may not change once set");
        }
    }
    let class = |spec: &ServiceSpec| spec.others.get("loadBalancerClass").cloned();
    if both("LoadBalancer") && class(new) != class(old) {
        let value = class(new).map_or("null".into(), |value| value.to_json());
        errors.invalid(&path.key("loadBalancerClass"), value, "may not change once set");
    }
}
