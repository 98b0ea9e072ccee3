//! Services and endpoint slices.

use super::page::Page;
use crate::text::or_none;
use petri_objects::*;

pub(super) fn service(page: &mut Page<'_>, service: &Service) {
    let (meta, spec) = (&service.metadata, &service.spec);
    page.name_and_namespace(meta);
    page.labels("Labels", &meta.labels);
    page.annotations(&meta.annotations);
    page.line(format_args!("Selector:\t{}", crate::tables::labels_text(&spec.selector)));
    page.line(format_args!("Type:\t{}", spec.kind));
    if let Some(policy) = &spec.ip_family_policy {
        page.line(format_args!("IP Family Policy:\t{policy}"));
    }
    if spec.ip_families.is_empty() {
        page.line(format_args!("IP Families:\t<none>"));
    } else {
        let families: Vec<&str> = spec.ip_families.iter().map(|f| &**f).collect();
        page.line(format_args!("IP Families:\t{}", families.join(",")));
    }
    page.line(format_args!("IP:\t{}", spec.cluster_ip));
    let addresses: Vec<&str> = match spec.cluster_ips.is_empty() {
        true => vec!["<none>"],
        false => spec.cluster_ips.iter().map(|a| &**a).collect(),
    };
    page.line(format_args!("IPs:\t{}", addresses.join(",")));
    if !spec.external_ips.is_empty() {
        let addresses: Vec<&str> = spec.external_ips.iter().map(|a| &**a).collect();
        page.line(format_args!("External IPs:\t{}", addresses.join(",")));
    }
    if !spec.external_name.is_empty() {
        page.line(format_args!("External Name:\t{}", spec.external_name));
    }
    for port in &spec.ports {
        let name = if port.name.is_empty() { "<unset>" } else { &port.name };
        page.line(format_args!("Port:\t{name}\t{}/{}", port.port, port.protocol));
        let target = port.target_port.clone().unwrap_or(IntOrString::Int(port.port));
        page.line(format_args!("TargetPort:\t{target}/{}", port.protocol));
        if port.node_port != 0 {
            page.line(format_args!("NodePort:\t{name}\t{}/{}", port.node_port, port.protocol));
        }
        let endpoints = ready_endpoints(page, service, &port.name);
        page.line(format_args!("Endpoints:\t{endpoints}"));
    }
    page.line(format_args!("Session Affinity:\t{}", spec.session_affinity));
    if !spec.external_traffic_policy.is_empty() {
        page.line(format_args!("External Traffic Policy:\t{}", spec.external_traffic_policy));
    }
    if let Some(policy) = &spec.internal_traffic_policy {
        page.line(format_args!("Internal Traffic Policy:\t{policy}"));
    }
    page.events(Kind::Service, meta);
}

/// Addresses that get traffic, the first three of them.
fn ready_endpoints(page: &Page<'_>, service: &Service, port_name: &str) -> String {
    let mut all = Vec::new();
    let slices = page.objects.endpoint_slices.in_namespace(&service.metadata.namespace);
    for slice in slices.filter(|s| s.service_name() == Some(&service.metadata.name)) {
        let named = slice.ports.iter().filter(|port| port.name.as_deref().unwrap_or("") == port_name);
        for number in named.filter_map(|port| port.port) {
            let ready = slice.endpoints.iter().filter(|e| e.conditions.ready != Some(false));
            all.extend(ready.flat_map(|e| e.addresses.iter()).map(|address| format!("{address}:{number}")));
        }
    }
    match all.len() {
        n if n > 3 => format!("{} + {} more...", all[..3].join(","), n - 3),
        _ => or_none(&all.join(",")),
    }
}

pub(super) fn endpoint_slice(page: &mut Page<'_>, slice: &EndpointSlice) {
    let meta = &slice.metadata;
    page.name_and_namespace(meta);
    page.labels("Labels", &meta.labels);
    page.annotations(&meta.annotations);
    page.line(format_args!("AddressType:\t{}", slice.address_type));
    if slice.ports.is_empty() {
        page.line(format_args!("Ports: <unset>"));
    } else {
        page.line(format_args!("Ports:\n  Name\tPort\tProtocol\n  ----\t----\t--------"));
    }
    for port in &slice.ports {
        let name = port.name.as_deref().filter(|n| !n.is_empty()).unwrap_or("<unset>");
        let number = port.port.map_or("<unset>".into(), |n| n.to_string());
        page.line(format_args!("  {name}\t{number}\t{}", port.protocol.as_deref().unwrap_or("TCP")));
    }
    if slice.endpoints.is_empty() {
        page.line(format_args!("Endpoints: <none>"));
    } else {
        page.line(format_args!("Endpoints:"));
    }
    for endpoint in slice.endpoints.iter() {
        let addresses: Vec<&str> = endpoint.addresses.iter().map(|a| &**a).collect();
        let or_unset = |text: &Option<Name>| text.as_deref().unwrap_or("<unset>").to_owned();
        page.line(format_args!("  - Addresses:\t{}", or_none(&addresses.join(","))));
        let ready = endpoint.conditions.ready.map_or("<unset>".into(), |ready| ready.to_string());
        page.line(format_args!("    Conditions:\n      Ready:\t{ready}"));
        page.line(format_args!("    Hostname:\t{}", or_unset(&endpoint.hostname)));
        if let Some(target) = &endpoint.target_ref {
            page.line(format_args!("    TargetRef:\t{}/{}", target.kind, target.name));
        }
        page.line(format_args!("    NodeName:\t{}", or_unset(&endpoint.node_name)));
        page.line(format_args!("    Zone:\t{}", or_unset(&endpoint.zone)));
    }
    page.events(Kind::EndpointSlice, meta);
}
