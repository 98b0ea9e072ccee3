//! One row of `kubectl get`, per kind.

use super::cells::{age_since, labels_text};
use super::pods::{pod_ready, pod_restarts, pod_status};
use super::{daemon_set, kept};
use crate::text::{access_modes, event_times, node_roles, or_none, selector};
use petri_objects::*;

/// The headers of a kind's table.
pub fn columns(kind: Kind, wide: bool) -> Vec<&'static str> {
    let (narrow, more): (&[&'static str], &[&'static str]) = match kind {
        Kind::Pod => {
            (&["NAME", "READY", "STATUS", "RESTARTS", "AGE"], &["IP", "NODE", "NOMINATED NODE", "READINESS GATES"])
        }
        Kind::StatefulSet => (&["NAME", "READY", "AGE"], &["CONTAINERS", "IMAGES"]),
        Kind::Deployment => {
            (&["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"], &["CONTAINERS", "IMAGES", "SELECTOR"])
        }
        Kind::ReplicaSet => (&["NAME", "DESIRED", "CURRENT", "READY", "AGE"], &["CONTAINERS", "IMAGES", "SELECTOR"]),
        Kind::DaemonSet => (
            &["NAME", "DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE", "NODE SELECTOR", "AGE"],
            &["CONTAINERS", "IMAGES", "SELECTOR"],
        ),
        Kind::Service => (&["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"], &["SELECTOR"]),
        Kind::EndpointSlice => (&["NAME", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE"], &[]),
        Kind::PersistentVolumeClaim => (
            &["NAME", "STATUS", "VOLUME", "CAPACITY", "ACCESS MODES", "STORAGECLASS", "VOLUMEATTRIBUTESCLASS", "AGE"],
            &["VOLUMEMODE"],
        ),
        Kind::PersistentVolume => (
            &[
                "NAME",
                "CAPACITY",
                "ACCESS MODES",
                "RECLAIM POLICY",
                "STATUS",
                "CLAIM",
                "STORAGECLASS",
                "VOLUMEATTRIBUTESCLASS",
                "REASON",
                "AGE",
            ],
            &["VOLUMEMODE"],
        ),
        Kind::StorageClass => {
            (&["NAME", "PROVISIONER", "RECLAIMPOLICY", "VOLUMEBINDINGMODE", "ALLOWVOLUMEEXPANSION", "AGE"], &[])
        }
        Kind::PodDisruptionBudget => (&["NAME", "MIN AVAILABLE", "MAX UNAVAILABLE", "ALLOWED DISRUPTIONS", "AGE"], &[]),
        Kind::Node => (
            &["NAME", "STATUS", "ROLES", "AGE", "VERSION"],
            &["INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"],
        ),
        Kind::Lease => (&["NAME", "HOLDER", "AGE"], &[]),
        // The wide table of events is not the narrow one with more columns at its end.
        Kind::Event if wide => (
            &["LAST SEEN", "TYPE", "REASON", "OBJECT", "SUBOBJECT", "SOURCE", "MESSAGE", "FIRST SEEN", "COUNT", "NAME"],
            &[],
        ),
        Kind::Event => (&["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"], &[]),
        Kind::ControllerRevision => (&["NAME", "CONTROLLER", "REVISION", "AGE"], &[]),
        Kind::VolumeAttachment => (&["NAME", "ATTACHER", "PV", "NODE", "ATTACHED", "AGE"], &[]),
        Kind::Namespace => (&["NAME", "STATUS", "AGE"], &[]),
        Kind::ConfigMap => (&["NAME", "DATA", "AGE"], &[]),
        Kind::ResourceQuota => (&["NAME", "REQUEST", "LIMIT", "AGE"], &[]),
        Kind::ServiceAccount => (&["NAME", "SECRETS", "AGE"], &[]),
        Kind::PriorityClass => (&["NAME", "VALUE", "GLOBAL-DEFAULT", "AGE", "PREEMPTIONPOLICY"], &[]),
        Kind::Kept(kind) => kept::columns(kind),
    };
    narrow.iter().chain(if wide { more } else { &[] }).copied().collect()
}

/// The cells of an object, as many as [`columns`] names.
pub fn row(object: &Object, wide: bool, now: Time) -> Vec<String> {
    let meta = object.meta();
    let name = meta.name.to_string();
    let age = age_since(meta.creation_timestamp, now);
    let (mut cells, more): (Vec<String>, Vec<String>) = match object {
        Object::Pod(pod) => (
            vec![name, pod_ready(pod), pod_status(pod), pod_restarts(pod, now), age],
            vec![
                or_none(pod.status.pod_ips.first().map_or(&pod.status.pod_ip, |ip| &ip.ip)),
                or_none(&pod.spec.node_name),
                or_none(&pod.status.nominated_node_name),
                readiness_gates(pod),
            ],
        ),
        Object::StatefulSet(set) => (
            vec![name, format!("{}/{}", set.status.ready_replicas, set.replicas()), age],
            containers(&set.spec.template).into(),
        ),
        Object::Deployment(deployment) => {
            let status = &deployment.status;
            let [names, images] = containers(&deployment.spec.template);
            (
                vec![
                    name,
                    format!("{}/{}", status.ready_replicas, deployment.replicas()),
                    status.updated_replicas.to_string(),
                    status.available_replicas.to_string(),
                    age,
                ],
                vec![names, images, selector(deployment.spec.selector.as_ref())],
            )
        }
        Object::ReplicaSet(set) => {
            let [names, images] = containers(&set.spec.template);
            (
                vec![
                    name,
                    set.replicas().to_string(),
                    set.status.replicas.to_string(),
                    set.status.ready_replicas.to_string(),
                    age,
                ],
                vec![names, images, selector(set.spec.selector.as_ref())],
            )
        }
        Object::DaemonSet(set) => daemon_set::cells(set, name, age),
        Object::Service(service) => service_cells(service, name, age),
        Object::Kept(object) => kept::cells(object, now),
        Object::EndpointSlice(slice) => {
            (vec![name, slice.address_type.to_string(), slice_ports(slice), slice_addresses(slice), age], vec![])
        }
        Object::PersistentVolumeClaim(claim) => claim_cells(claim, name, age),
        Object::PersistentVolume(volume) => volume_cells(volume, name, age),
        Object::StorageClass(class) => (
            vec![
                if class.is_default() { name + " (default)" } else { name },
                class.provisioner.to_string(),
                class.reclaim_policy.as_deref().unwrap_or("Delete").into(),
                class.volume_binding_mode.as_deref().unwrap_or("<unset>").into(),
                class.allow_volume_expansion.unwrap_or(false).to_string(),
                age,
            ],
            vec![],
        ),
        Object::PodDisruptionBudget(budget) => {
            let or_na = |value: &Option<IntOrString>| value.as_ref().map_or("N/A".into(), |v| v.to_string());
            (
                vec![
                    name,
                    or_na(&budget.spec.min_available),
                    or_na(&budget.spec.max_unavailable),
                    budget.status.disruptions_allowed.to_string(),
                    age,
                ],
                vec![],
            )
        }
        Object::Node(node) => node_cells(node, name, age),
        Object::Lease(lease) => (vec![name, lease.spec.holder_identity.as_deref().unwrap_or("").into(), age], vec![]),
        Object::Event(event) => (event_cells(event, wide, now), vec![]),
        Object::ControllerRevision(revision) => {
            let controller = meta.controller().map_or("<none>".into(), |owner| {
                let group = owner.api_version.split_once('/').map_or(String::new(), |(group, _)| format!(".{group}"));
                format!("{}{group}/{}", owner.kind.to_ascii_lowercase(), owner.name)
            });
            (vec![name, controller, revision.revision.to_string(), age], vec![])
        }
        Object::VolumeAttachment(attachment) => (
            vec![
                name,
                attachment.spec.attacher.to_string(),
                attachment.spec.source.persistent_volume_name.to_string(),
                attachment.spec.node_name.to_string(),
                attachment.status.attached.to_string(),
                age,
            ],
            vec![],
        ),
        Object::Namespace(namespace) => (vec![name, namespace.status.phase.to_string(), age], vec![]),
        Object::ConfigMap(map) => {
            let count = map.data.iter().count() + map.binary_data.iter().count();
            (vec![name, count.to_string(), age], vec![])
        }
        Object::ResourceQuota(quota) => {
            let part = |limits: bool| {
                let of = |(resource, hard): (&Name, &Quantity)| {
                    let used = quota.status.used.get(resource).map_or("0".into(), ToString::to_string);
                    (resource.starts_with("limits.") == limits).then(|| format!("{resource}: {used}/{hard}"))
                };
                quota.status.hard.iter().filter_map(of).collect::<Vec<_>>().join(", ")
            };
            (vec![name, part(false), part(true), age], vec![])
        }
        Object::ServiceAccount(account) => {
            let secrets = account.secrets.0.as_deref().and_then(Value::as_list).map_or(0, <[Value]>::len);
            (vec![name, secrets.to_string(), age], vec![])
        }
        Object::PriorityClass(class) => (
            vec![
                name,
                class.value.to_string(),
                class.global_default.to_string(),
                age,
                class.preemption_policy.as_deref().unwrap_or("PreemptLowerPriority").into(),
            ],
            vec![],
        ),
    };
    if wide {
        cells.extend(more);
    }
    cells
}

fn readiness_gates(pod: &Pod) -> String {
    let gates = &pod.spec.readiness_gates;
    if gates.is_empty() {
        return "<none>".into();
    }
    let met = gates
        .iter()
        .filter(|gate| condition(&pod.status.conditions, &gate.condition_type).is_some_and(|c| &*c.status == "True"));
    format!("{}/{}", met.count(), gates.len())
}

/// Names and images, comma-separated.
fn containers(template: &PodTemplateSpec) -> [String; 2] {
    let join = |pick: fn(&Container) -> &str| template.spec.containers.iter().map(pick).collect::<Vec<_>>().join(",");
    [join(|c| &c.name), join(|c| &c.image)]
}

fn service_cells(service: &Service, name: String, age: String) -> (Vec<String>, Vec<String>) {
    let spec = &service.spec;
    let external = || or_none(&spec.external_ips.join(","));
    let external = match &*spec.kind {
        "ExternalName" => spec.external_name.to_string(),
        "LoadBalancer" => {
            let ingress = service.status.load_balancer.ingress.0.as_deref().and_then(Value::as_list).unwrap_or(&[]);
            let addresses: Vec<&str> = ingress
                .iter()
                .filter_map(|entry| entry.at(&["ip"]).or(entry.at(&["hostname"])).and_then(Value::as_str))
                .collect();
            match addresses.is_empty() {
                true if spec.external_ips.is_empty() => "<pending>".into(),
                true => external(),
                false => addresses.join(","),
            }
        }
        _ => external(),
    };
    let ports: Vec<String> = spec
        .ports
        .iter()
        .map(|port| match port.node_port {
            0 => format!("{}/{}", port.port, port.protocol),
            node_port => format!("{}:{node_port}/{}", port.port, port.protocol),
        })
        .collect();
    (
        vec![name, spec.kind.to_string(), or_none(&spec.cluster_ip), external, or_none(&ports.join(",")), age],
        vec![labels_text(&spec.selector)],
    )
}

/// The first three of a list, and how many more there are.
fn first_three(all: &[String]) -> String {
    match all.len() {
        0 => "<unset>".into(),
        n if n > 3 => format!("{} + {} more...", all[..3].join(","), n - 3),
        _ => all.join(","),
    }
}

fn slice_ports(slice: &EndpointSlice) -> String {
    let ports: Vec<String> = slice
        .ports
        .iter()
        .map(|port| match (port.port, &port.name) {
            (Some(number), _) => number.to_string(),
            (None, Some(name)) => name.to_string(),
            (None, None) => "*".into(),
        })
        .collect();
    first_three(&ports)
}

fn slice_addresses(slice: &EndpointSlice) -> String {
    let addresses: Vec<String> =
        slice.endpoints.iter().flat_map(|endpoint| endpoint.addresses.iter()).map(|a| a.to_string()).collect();
    first_three(&addresses)
}

fn claim_cells(claim: &PersistentVolumeClaim, name: String, age: String) -> (Vec<String>, Vec<String>) {
    let (capacity, modes) = if claim.spec.volume_name.is_empty() {
        (String::new(), String::new())
    } else {
        let size = claim.status.capacity.get("storage").map_or("0".into(), |q| q.to_string());
        (size, access_modes(&claim.status.access_modes))
    };
    let status = if claim.metadata.is_terminating() { "Terminating" } else { &claim.status.phase };
    (
        vec![
            name,
            status.into(),
            claim.spec.volume_name.to_string(),
            capacity,
            modes,
            claim.class().into(),
            claim.spec.volume_attributes_class_name.as_deref().unwrap_or("<unset>").into(),
            age,
        ],
        vec![if claim.spec.volume_mode.is_empty() { "<unset>".into() } else { claim.spec.volume_mode.to_string() }],
    )
}

fn volume_cells(volume: &PersistentVolume, name: String, age: String) -> (Vec<String>, Vec<String>) {
    let spec = &volume.spec;
    let status = if volume.metadata.is_terminating() { "Terminating" } else { &volume.status.phase };
    (
        vec![
            name,
            spec.capacity.get("storage").map_or("0".into(), |q| q.to_string()),
            access_modes(&spec.access_modes),
            spec.persistent_volume_reclaim_policy.to_string(),
            status.into(),
            spec.claim_ref.as_ref().map_or(String::new(), |claim| format!("{}/{}", claim.namespace, claim.name)),
            spec.storage_class_name.to_string(),
            spec.volume_attributes_class_name.as_deref().unwrap_or("<unset>").into(),
            volume.status.reason.to_string(),
            age,
        ],
        vec![if spec.volume_mode.is_empty() { "<unset>".into() } else { spec.volume_mode.to_string() }],
    )
}

fn node_cells(node: &Node, name: String, age: String) -> (Vec<String>, Vec<String>) {
    let mut status: String = match condition(&node.status.conditions, "Ready") {
        None => "Unknown".into(),
        Some(ready) if &*ready.status == "True" => "Ready".into(),
        Some(_) => "NotReady".into(),
    };
    if node.spec.unschedulable {
        status.push_str(",SchedulingDisabled");
    }
    let info = &node.status.node_info;
    let address = |kind: &str| {
        node.status.addresses.iter().find(|a| &*a.kind == kind).map_or("<none>".into(), |a| a.address.to_string())
    };
    let or_unknown = |text: &str| if text.is_empty() { "<unknown>".into() } else { text.to_owned() };
    let kernel = match (&*info.kernel_version, &*info.architecture) {
        ("", _) => "<unknown>".into(),
        (version, "") => version.to_owned(),
        (version, architecture) => format!("{version} ({architecture})"),
    };
    (
        vec![name, status, node_roles(node), age, info.kubelet_version.to_string()],
        vec![
            address("InternalIP"),
            address("ExternalIP"),
            or_unknown(&info.os_image),
            kernel,
            or_unknown(&info.container_runtime_version),
        ],
    )
}

fn event_cells(event: &Event, wide: bool, now: Time) -> Vec<String> {
    let (first, last, count) = event_times(event);
    let about = &event.involved_object;
    let target = match &*about.name {
        "" => about.kind.to_ascii_lowercase(),
        name => format!("{}/{name}", about.kind.to_ascii_lowercase()),
    };
    let (kind, reason) = (event.kind.to_string(), event.reason.to_string());
    let message = event.message.trim().to_owned();
    if !wide {
        return vec![age_since(last, now), kind, reason, target, message];
    }
    let component =
        if event.source.component.is_empty() { &event.reporting_component } else { &event.source.component };
    let host = if event.source.host.is_empty() { &event.reporting_instance } else { &event.source.host };
    let source = if host.is_empty() { component.to_string() } else { format!("{component}, {host}") };
    vec![
        age_since(last, now),
        kind,
        reason,
        target,
        about.field_path.to_string(),
        source,
        message,
        age_since(first, now),
        count.to_string(),
        event.metadata.name.to_string(),
    ]
}
