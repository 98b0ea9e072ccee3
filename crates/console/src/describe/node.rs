//! Nodes, with what their pods ask for.

use super::page::Page;
use crate::tables::age_since;
use crate::text::{instant, node_roles};
use petri_objects::order::Order as _;
use petri_objects::*;
use petri_sim::belief::api::shelf::Key;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Where kubelets keep their leases.
const LEASES: &str = "kube-node-lease";

pub(super) fn node(page: &mut Page<'_>, node: &Node) {
    let (meta, status) = (&node.metadata, &node.status);
    page.line(format_args!("Name:\t{}", meta.name));
    page.line(format_args!("Roles:\t{}", node_roles(node)));
    page.labels("Labels", &meta.labels);
    page.annotations(&meta.annotations);
    page.line(format_args!("CreationTimestamp:\t{}", instant(meta.creation_timestamp)));
    let mut taints: Vec<&Taint> = node.spec.taints.iter().collect();
    taints.order_by(|a, b| (&a.effect, &a.key).cmp(&(&b.effect, &b.key)));
    let taints: Vec<String> = taints.into_iter().map(taint_text).collect();
    page.list("Taints", &taints);
    page.line(format_args!("Unschedulable:\t{}", node.spec.unschedulable));
    lease(page, &meta.name);
    if !status.conditions.is_empty() {
        page.line(format_args!("Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage"));
        page.line(format_args!("  ----\t------\t-----------------\t------------------\t------\t-------"));
    }
    for c in &status.conditions {
        let (heartbeat, transition) = (instant(c.last_heartbeat_time), instant(c.last_transition_time));
        page.line(format_args!(
            "  {} \t{} \t{heartbeat} \t{transition} \t{} \t{}",
            c.kind, c.status, c.reason, c.message
        ));
    }
    page.line(format_args!("Addresses:"));
    for address in &status.addresses {
        page.line(format_args!("  {}:\t{}", address.kind, address.address));
    }
    for (title, amounts) in [("Capacity", &status.capacity), ("Allocatable", &status.allocatable)] {
        if !amounts.is_empty() {
            page.line(format_args!("{title}:"));
            for (name, amount) in amounts {
                page.line(format_args!("  {name}:\t{amount}"));
            }
        }
    }
    let info = &status.node_info;
    page.line(format_args!("System Info:"));
    for (title, value) in [
        ("Machine ID", &info.machine_id),
        ("System UUID", &info.system_uuid),
        ("Boot ID", &info.boot_id),
        ("Kernel Version", &info.kernel_version),
        ("OS Image", &info.os_image),
        ("Operating System", &info.operating_system),
        ("Architecture", &info.architecture),
        ("Container Runtime Version", &info.container_runtime_version),
        ("Kubelet Version", &info.kubelet_version),
    ] {
        page.line(format_args!("  {title}:\t{value}"));
    }
    if !node.spec.pod_cidr.is_empty() {
        page.line(format_args!("PodCIDR:\t{}", node.spec.pod_cidr));
    }
    if !node.spec.pod_cidrs.is_empty() {
        let all: Vec<&str> = node.spec.pod_cidrs.iter().map(|c| &**c).collect();
        page.line(format_args!("PodCIDRs:\t{}", all.join(",")));
    }
    if !node.spec.provider_id.is_empty() {
        page.line(format_args!("ProviderID:\t{}", node.spec.provider_id));
    }
    pods_of(page, node);
    page.events(Kind::Node, meta);
}

fn lease(page: &mut Page<'_>, name: &Name) {
    let Some(lease) = page.objects.leases.get(&Key::new(LEASES, name.clone())) else {
        return page.line(format_args!("Lease:\tFailed to get lease: leases.coordination.k8s.io \"{name}\" not found"));
    };
    let spec = &lease.spec;
    let holder = spec.holder_identity.as_deref().unwrap_or("<unset>");
    page.line(format_args!("Lease:\n  HolderIdentity:\t{holder}"));
    page.line(format_args!("  AcquireTime:\t{}", instant(spec.acquire_time.0)));
    page.line(format_args!("  RenewTime:\t{}", instant(spec.renew_time.0)));
}

fn pods_of(page: &mut Page<'_>, node: &Node) {
    let pods: Vec<Rc<Pod>> = page
        .objects
        .pods
        .values()
        .filter(|pod| pod.spec.node_name == node.metadata.name && !pod.status.phase.is_terminal())
        .cloned()
        .collect();
    page.line(format_args!("Non-terminated Pods:\t({} in total)", pods.len()));
    page.line(format_args!("  Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge"));
    page.line(format_args!("  ---------\t----\t\t------------\t----------\t---------------\t-------------\t---"));
    let allocatable = |resource: &str| node.status.allocatable.get(resource).and_then(Quantity::millis).unwrap_or(0);
    let share = |resource: &str, millis: i128| {
        let percent = millis.checked_mul(100).and_then(|m| m.checked_div(allocatable(resource))).unwrap_or(0);
        format!("{} ({percent}%)", amount_text(resource, millis))
    };
    let (mut requests, mut limits): (BTreeMap<&str, i128>, BTreeMap<&str, i128>) = Default::default();
    for pod in &pods {
        let mut cells = Vec::new();
        for resource in ["cpu", "memory"] {
            cells.push(share(resource, sum(pod, |c| c.resources.requests.get(resource))));
            cells.push(share(resource, sum(pod, |c| c.resources.limits.get(resource))));
        }
        for resource in RESOURCES {
            *requests.entry(resource).or_default() += sum(pod, |c| c.resources.requests.get(resource));
            *limits.entry(resource).or_default() += sum(pod, |c| c.resources.limits.get(resource));
        }
        let age = age_since(pod.metadata.creation_timestamp, page.now);
        let (namespace, name) = (&pod.metadata.namespace, &pod.metadata.name);
        page.line(format_args!("  {namespace}\t{name}\t\t{}\t{age}", cells.join("\t")));
    }
    page.line(format_args!("Allocated resources:"));
    page.line(format_args!("  (Total limits may be over 100 percent, i.e., overcommitted.)"));
    page.line(format_args!("  Resource\tRequests\tLimits\n  --------\t--------\t------"));
    for resource in RESOURCES {
        let total = |sums: &BTreeMap<&str, i128>| share(resource, sums.get(resource).copied().unwrap_or(0));
        let (requested, limited) = (total(&requests), total(&limits));
        page.line(format_args!("  {resource}\t{requested}\t{limited}"));
    }
}

const RESOURCES: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// What the containers of a pod come to, in thousandths.
fn sum<'p>(pod: &'p Pod, amount: impl Fn(&'p Container) -> Option<&'p Quantity>) -> i128 {
    pod.spec.containers.iter().filter_map(amount).filter_map(Quantity::millis).sum()
}

/// Canonical text: `250m`, `2`, `64Mi`.
fn amount_text(resource: &str, millis: i128) -> String {
    if resource == "cpu" {
        return if millis % 1_000 == 0 { (millis / 1_000).to_string() } else { format!("{millis}m") };
    }
    Quantity::binary_text((millis + 999) / 1_000)
}

/// `key=value:effect`, `key:effect`.
fn taint_text(taint: &Taint) -> String {
    match &*taint.value {
        "" => format!("{}:{}", taint.key, taint.effect),
        value => format!("{}={value}:{}", taint.key, taint.effect),
    }
}
