//! Server-side defaulting: what the API server fills in before anything else looks at an object.
//!
//! Admission (default tolerations, default storage class, finalizers, addresses) is not defaulting and lives in the
//! server. Every function here is idempotent, and leaves shared parts shared when there is nothing to fill in.
//!
//! Upstream: `pkg/apis/{apps,core,storage,discovery,scheduling}/v1/defaults.go`.

use crate::record::Opaque;
use crate::*;
use std::rc::Rc;

/// Fills in what the API server would fill in on decoding, nested pod and claim templates included.
pub fn apply_defaults(object: &mut Object) {
    match object {
        Object::Pod(pod) => {
            if !pod_is_complete(pod) {
                default_pod(Rc::make_mut(pod));
            }
        }
        Object::StatefulSet(set) => complete(set, default_stateful_set),
        Object::ReplicaSet(set) => complete(set, default_replica_set),
        Object::Deployment(deployment) => complete(deployment, default_deployment),
        Object::DaemonSet(set) => complete(set, default_daemon_set),
        Object::Service(service) => complete(service, default_service),
        Object::PersistentVolumeClaim(claim) => complete(claim, default_claim),
        Object::PersistentVolume(volume) => complete(volume, default_volume),
        Object::StorageClass(class) => {
            let class = Rc::make_mut(class);
            class.reclaim_policy.get_or_insert_with(|| "Delete".into());
            class.volume_binding_mode.get_or_insert_with(|| "Immediate".into());
        }
        Object::EndpointSlice(slice) => {
            let slice = Rc::make_mut(slice);
            for port in &mut slice.ports {
                port.name.get_or_insert_with(Name::default);
                port.protocol.get_or_insert_with(|| "TCP".into());
            }
        }
        Object::Namespace(namespace) => {
            let namespace = Rc::make_mut(namespace);
            // Only a namespace that was never stored has no phase: one that ends must not get its finalizer back.
            if namespace.status.phase.is_empty() && namespace.spec.finalizers.is_empty() {
                namespace.spec.finalizers.push("kubernetes".into());
            }
            set(&mut namespace.status.phase, "Active");
            let name = namespace.metadata.name.clone();
            if !name.is_empty() && namespace.metadata.labels.get("kubernetes.io/metadata.name") != Some(&name) {
                namespace.metadata.labels.insert("kubernetes.io/metadata.name", name);
            }
        }
        Object::Node(node) => {
            if node.status.allocatable.is_empty() && !node.status.capacity.is_empty() {
                let status = Rc::make_mut(&mut Rc::make_mut(node).status);
                status.allocatable = status.capacity.clone();
            }
        }
        Object::PriorityClass(class) => {
            Rc::make_mut(class).preemption_policy.get_or_insert_with(|| "PreemptLowerPriority".into());
        }
        Object::ConfigMap(_)
        | Object::ServiceAccount(_)
        | Object::ResourceQuota(_)
        | Object::Event(_)
        | Object::ControllerRevision(_)
        | Object::PodDisruptionBudget(_)
        | Object::VolumeAttachment(_)
        | Object::Lease(_) => {}
        Object::Kept(object) => {
            let object = Rc::make_mut(object);
            crate::kept::defaults(object);
            if object.kind.is_acted_on() {
                crate::batch::complete(object, default_pod_spec);
            }
        }
    }
}

/// Fills in a copy, and keeps the original where that changed nothing.
fn complete<T: Clone + PartialEq>(object: &mut Rc<T>, fill: fn(&mut T)) {
    let mut copy = T::clone(object);
    fill(&mut copy);
    if copy != **object {
        *object = Rc::new(copy);
    }
}

fn set(field: &mut Name, default: &str) {
    if field.is_empty() {
        *field = default.into();
    }
}

fn set_number(field: &mut i32, default: i32) {
    if *field == 0 {
        *field = default;
    }
}

fn default_stateful_set(stateful_set: &mut StatefulSet) {
    let spec = Rc::make_mut(&mut stateful_set.spec);
    set(&mut spec.pod_management_policy, "OrderedReady");
    let strategy = &mut spec.update_strategy;
    // An explicit `type: RollingUpdate` keeps `rollingUpdate` absent, and that changes which revision a re-created
    // pod gets; only a strategy without any type gets the partition.
    if strategy.kind.is_empty() {
        strategy.kind = "RollingUpdate".into();
        strategy.rolling_update.get_or_insert_default();
    }
    if &*strategy.kind == "RollingUpdate"
        && let Some(rolling) = &mut strategy.rolling_update
    {
        rolling.partition.get_or_insert(0);
    }
    let retention = spec.persistent_volume_claim_retention_policy.get_or_insert_default();
    set(&mut retention.when_deleted, "Retain");
    set(&mut retention.when_scaled, "Retain");
    spec.replicas.get_or_insert(1);
    spec.revision_history_limit.get_or_insert(10);
    default_pod_spec(&mut spec.template.spec);
    for claim in &mut spec.volume_claim_templates {
        default_claim(claim);
    }
}

fn default_replica_set(replica_set: &mut ReplicaSet) {
    if replica_set.spec.replicas.is_some() && pod_spec_is_complete(&replica_set.spec.template.spec) {
        return;
    }
    let spec = Rc::make_mut(&mut replica_set.spec);
    spec.replicas.get_or_insert(1);
    default_pod_spec(&mut spec.template.spec);
}

fn default_deployment(deployment: &mut Deployment) {
    let spec = Rc::make_mut(&mut deployment.spec);
    spec.replicas.get_or_insert(1);
    set(&mut spec.strategy.kind, "RollingUpdate");
    if &*spec.strategy.kind == "RollingUpdate" {
        let rolling = spec.strategy.rolling_update.get_or_insert_default();
        rolling.max_unavailable.get_or_insert_with(|| IntOrString::String("25%".into()));
        rolling.max_surge.get_or_insert_with(|| IntOrString::String("25%".into()));
    }
    spec.revision_history_limit.get_or_insert(10);
    spec.progress_deadline_seconds.get_or_insert(600);
    default_pod_spec(&mut spec.template.spec);
}

/// Upstream: `SetDefaults_DaemonSet`.
fn default_daemon_set(daemon_set: &mut DaemonSet) {
    let spec = Rc::make_mut(&mut daemon_set.spec);
    set(&mut spec.update_strategy.kind, "RollingUpdate");
    if &*spec.update_strategy.kind == "RollingUpdate" {
        let rolling = spec.update_strategy.rolling_update.get_or_insert_default();
        rolling.max_unavailable.get_or_insert(IntOrString::Int(1));
        rolling.max_surge.get_or_insert(IntOrString::Int(0));
    }
    spec.revision_history_limit.get_or_insert(10);
    default_pod_spec(&mut spec.template.spec);
}

fn default_service(service: &mut Service) {
    let spec = Rc::make_mut(&mut service.spec);
    set(&mut spec.session_affinity, "None");
    match &*spec.session_affinity {
        "ClientIP" => {
            let timeout = opaque_at(&spec.session_affinity_config, &["clientIP", "timeoutSeconds"]);
            if timeout.is_none() {
                let client: Map = [("timeoutSeconds".into(), Value::Int(10_800))].into_iter().collect();
                let config: Map = [("clientIP".into(), Value::Map(client))].into_iter().collect();
                spec.session_affinity_config = Opaque(Some(Rc::new(Value::Map(config))));
            }
        }
        _ => spec.session_affinity_config = Opaque(None),
    }
    set(&mut spec.kind, "ClusterIP");
    let kind = spec.kind.clone();
    for port in &mut spec.ports {
        set(&mut port.protocol, "TCP");
        let unset = match &port.target_port {
            None | Some(IntOrString::Int(0)) => true,
            Some(IntOrString::String(text)) => text.is_empty(),
            Some(IntOrString::Int(_)) => false,
        };
        if unset {
            port.target_port = Some(IntOrString::Int(port.port));
        }
    }
    if matches!(&*kind, "NodePort" | "LoadBalancer") {
        set(&mut spec.external_traffic_policy, "Cluster");
    }
    if matches!(&*kind, "ClusterIP" | "NodePort" | "LoadBalancer") {
        spec.internal_traffic_policy.get_or_insert_with(|| "Cluster".into());
    }
    if &*kind == "LoadBalancer" {
        spec.allocate_load_balancer_node_ports.get_or_insert(true);
    }
}

fn default_claim(claim: &mut PersistentVolumeClaim) {
    set(&mut claim.status.phase, "Pending");
    if claim.spec.volume_mode.is_empty() {
        Rc::make_mut(&mut claim.spec).volume_mode = "Filesystem".into();
    }
}

fn default_volume(volume: &mut PersistentVolume) {
    set(&mut volume.status.phase, "Pending");
    let spec = &volume.spec;
    if !spec.persistent_volume_reclaim_policy.is_empty()
        && !spec.volume_mode.is_empty()
        && opaque_has(&spec.host_path, "type")
    {
        return;
    }
    let spec = Rc::make_mut(&mut volume.spec);
    set(&mut spec.persistent_volume_reclaim_policy, "Retain");
    set(&mut spec.volume_mode, "Filesystem");
    fill(&mut spec.host_path, "type", Value::from(""));
}

/// Whether [`default_pod`] would change nothing: true for most pods that are written, and then nothing is copied.
fn pod_is_complete(pod: &Pod) -> bool {
    pod.status.phase != Phase::None
        && !pod.status.qos_class.is_empty()
        && pod.spec.enable_service_links.is_some()
        && pod_spec_is_complete(&pod.spec)
        && pod.spec.containers.iter().chain(&pod.spec.init_containers).all(|container| {
            container.resources.limits.keys().all(|name| container.resources.requests.contains_key(name))
                && (!pod.spec.host_network || container.ports.iter().all(|port| port.host_port != 0))
        })
}

fn default_pod(pod: &mut Pod) {
    default_pod_spec(&mut pod.spec);
    let spec = Rc::make_mut(&mut pod.spec);
    // These are for real pods only: a template keeps what its author wrote.
    spec.enable_service_links.get_or_insert(true);
    let host_network = spec.host_network;
    for container in spec.containers.iter_mut().chain(&mut spec.init_containers) {
        for (name, limit) in &container.resources.limits {
            if !container.resources.requests.contains_key(name) {
                container.resources.requests.insert(name.clone(), limit.clone());
            }
        }
        for port in container.ports.iter_mut().filter(|port| host_network && port.host_port == 0) {
            port.host_port = port.container_port;
        }
    }
    if pod.status.phase == Phase::None || pod.status.qos_class.is_empty() {
        let class = qos_class(&pod.spec);
        let status = Rc::make_mut(&mut pod.status);
        if status.phase == Phase::None {
            status.phase = Phase::Pending;
        }
        set(&mut status.qos_class, class);
    }
}

/// How the kubelet would rank the pod under memory pressure.
///
/// Upstream: `qos.ComputePodQOS`.
pub fn qos_class(spec: &PodSpec) -> &'static str {
    let (mut any, mut all) = (false, true);
    for container in spec.containers.iter().chain(&spec.init_containers) {
        for resource in ["cpu", "memory"] {
            let amount = |map: &std::collections::BTreeMap<Name, Quantity>| {
                map.get(resource).and_then(Quantity::millis).filter(|amount| *amount > 0)
            };
            let (request, limit) = (amount(&container.resources.requests), amount(&container.resources.limits));
            any |= request.is_some() || limit.is_some();
            all &= limit.is_some() && (request.is_none() || request == limit);
        }
    }
    match (any, all) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

fn pod_spec_is_complete(spec: &PodSpec) -> bool {
    !spec.dns_policy.is_empty()
        && !spec.restart_policy.is_empty()
        && !spec.scheduler_name.is_empty()
        && spec.security_context.0.is_some()
        && spec.termination_grace_period_seconds.is_some()
        && spec.containers.iter().chain(&spec.init_containers).all(container_is_complete)
        && spec.volumes.iter().all(volume_is_complete)
}

fn default_pod_spec(spec: &mut Rc<PodSpec>) {
    if pod_spec_is_complete(spec) {
        return;
    }
    let spec = Rc::make_mut(spec);
    set(&mut spec.dns_policy, "ClusterFirst");
    set(&mut spec.restart_policy, "Always");
    set(&mut spec.scheduler_name, "default-scheduler");
    if spec.security_context.0.is_none() {
        spec.security_context = Opaque::empty_map();
    }
    spec.termination_grace_period_seconds.get_or_insert(30);
    for container in spec.containers.iter_mut().chain(&mut spec.init_containers) {
        default_container(container);
    }
    for volume in &mut spec.volumes {
        default_pod_volume(volume);
    }
}

fn container_is_complete(container: &Container) -> bool {
    let hooks = container.lifecycle.iter().flat_map(|l| [&l.post_start, &l.pre_stop]).flatten();
    let probes = [&container.liveness_probe, &container.readiness_probe, &container.startup_probe];
    !container.image_pull_policy.is_empty()
        && !container.termination_message_path.is_empty()
        && !container.termination_message_policy.is_empty()
        && container.ports.iter().all(|port| !port.protocol.is_empty())
        && probes.into_iter().flatten().all(probe_is_complete)
        && hooks.filter_map(|hook| hook.http_get.as_ref()).all(http_is_complete)
        && env_without_version(&container.env).is_none()
}

fn default_container(container: &mut Container) {
    if container.image_pull_policy.is_empty() {
        container.image_pull_policy = default_pull_policy(&container.image).into();
    }
    set(&mut container.termination_message_path, "/dev/termination-log");
    set(&mut container.termination_message_policy, "File");
    for port in &mut container.ports {
        set(&mut port.protocol, "TCP");
    }
    let probes = [&mut container.liveness_probe, &mut container.readiness_probe, &mut container.startup_probe];
    for probe in probes.into_iter().flatten() {
        set_number(&mut probe.timeout_seconds, 1);
        set_number(&mut probe.period_seconds, 10);
        set_number(&mut probe.success_threshold, 1);
        set_number(&mut probe.failure_threshold, 3);
        if let Some(grpc) = &mut probe.grpc {
            grpc.service.get_or_insert_with(Name::default);
        }
        if let Some(http) = &mut probe.http_get {
            default_http(http);
        }
    }
    if let Some(lifecycle) = &mut container.lifecycle {
        let hooks = [&mut lifecycle.post_start, &mut lifecycle.pre_stop];
        for http in hooks.into_iter().flatten().filter_map(|hook| hook.http_get.as_mut()) {
            default_http(http);
        }
    }
    while let Some(at) = env_without_version(&container.env) {
        let Some(env) = container.env.0.as_mut().map(Rc::make_mut) else { break };
        let reference = match env {
            Value::List(list) => list
                .get_mut(at)
                .and_then(|entry| entry_mut(entry, "valueFrom"))
                .and_then(|from| entry_mut(from, "fieldRef")),
            _ => None,
        };
        let Some(Value::Map(reference)) = reference else { break };
        reference.insert("apiVersion", Value::from("v1"));
    }
}

fn probe_is_complete(probe: &Probe) -> bool {
    probe.timeout_seconds != 0
        && probe.period_seconds != 0
        && probe.success_threshold != 0
        && probe.failure_threshold != 0
        && probe.grpc.as_ref().is_none_or(|grpc| grpc.service.is_some())
        && probe.http_get.as_ref().is_none_or(http_is_complete)
}

fn http_is_complete(http: &HttpGetAction) -> bool {
    !http.path.is_empty() && !http.scheme.is_empty()
}

fn default_http(http: &mut HttpGetAction) {
    set(&mut http.path, "/");
    set(&mut http.scheme, "HTTP");
}

/// `Always` for `latest` and for no tag at all, since both may mean another image tomorrow.
fn default_pull_policy(image: &str) -> &'static str {
    let (name, digest) = image.split_once('@').map_or((image, false), |(name, _)| (name, true));
    let last = name.rsplit('/').next().unwrap_or(name);
    match last.split_once(':') {
        Some((_, "latest")) => "Always",
        Some(_) => "IfNotPresent",
        None if digest || name.is_empty() => "IfNotPresent",
        None => "Always",
    }
}

/// The first environment entry whose `fieldRef` names no API version.
fn env_without_version(env: &Opaque) -> Option<usize> {
    let list = env.0.as_ref()?.as_list()?;
    list.iter().position(|entry| {
        entry
            .at(&["valueFrom", "fieldRef"])
            .and_then(Value::as_map)
            .is_some_and(|reference| reference.get("apiVersion").is_none())
    })
}

fn volume_is_complete(volume: &Volume) -> bool {
    has_source(volume)
        && opaque_has(&volume.host_path, "type")
        && [&volume.secret, &volume.config_map, &volume.projected, &volume.downward_api]
            .into_iter()
            .all(|source| opaque_has(source, "defaultMode"))
}

fn default_pod_volume(volume: &mut Volume) {
    if !has_source(volume) {
        volume.empty_dir = Opaque::empty_map();
    }
    fill(&mut volume.host_path, "type", Value::from(""));
    for source in [&mut volume.secret, &mut volume.config_map, &mut volume.projected, &mut volume.downward_api] {
        fill(source, "defaultMode", Value::Int(420));
    }
}

fn has_source(volume: &Volume) -> bool {
    volume.persistent_volume_claim.is_some()
        || volume.others.names().next().is_some()
        || [
            &volume.config_map,
            &volume.csi,
            &volume.downward_api,
            &volume.empty_dir,
            &volume.ephemeral,
            &volume.host_path,
            &volume.nfs,
            &volume.projected,
            &volume.secret,
        ]
        .into_iter()
        .any(|source| source.0.is_some())
}

fn opaque_at<'a>(opaque: &'a Opaque, path: &[&str]) -> Option<&'a Value> {
    opaque.0.as_ref()?.at(path)
}

/// Absent parts and parts that are no map count as complete: there is nothing to fill in.
fn opaque_has(opaque: &Opaque, key: &str) -> bool {
    opaque.0.as_ref().and_then(|value| value.as_map()).is_none_or(|map| map.get(key).is_some())
}

fn fill(opaque: &mut Opaque, key: &str, default: Value) {
    if opaque_has(opaque, key) {
        return;
    }
    if let Some(Value::Map(map)) = opaque.0.as_mut().map(Rc::make_mut) {
        map.insert(key, default);
    }
}

fn entry_mut<'a>(value: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    match value {
        Value::Map(map) => map.entry_mut(key),
        _ => None,
    }
}

#[cfg(test)]
#[path = "defaults_tests.rs"]
mod tests;
