//! Pod specs: containers, volumes, probes.
//!
//! Upstream: `pkg/apis/core/validation`, `ValidatePodSpec`.

use super::field::{Errors, Path};
use super::format;
use super::names::{dns_label, dns_subdomain, labels, port_name, port_number, port_number_or_name, qualified};
use super::{pod_host, pod_placement, pod_sources};
use petri_objects::*;

/// `extra_volumes` are those that the claims of a StatefulSet will add: mounts may refer to them.
pub(super) fn spec(errors: &mut Errors, spec: &PodSpec, path: &Path<'_>, extra_volumes: &[PersistentVolumeClaim]) {
    volumes(errors, &spec.volumes, &path.key("volumes"));
    let is_volume = |name: &Name| {
        spec.volumes.iter().any(|volume| volume.name == *name)
            || extra_volumes.iter().any(|claim| claim.metadata.name == *name)
    };
    let containers_path = path.key("containers");
    if spec.containers.is_empty() {
        errors.required(&containers_path, "");
    }
    for (i, container) in spec.containers.iter().enumerate() {
        let path = containers_path.index(i);
        self::container(errors, container, &path, &is_volume);
        if !container.name.is_empty() && spec.containers[..i].iter().any(|other| other.name == container.name) {
            errors.duplicate(&path.key("name"), &container.name);
        }
        hooks_and_probes(errors, container, &path);
    }
    pod_host::conflicts(errors, &spec.containers, &containers_path);
    let containers_path = path.key("initContainers");
    for (i, container) in spec.init_containers.iter().enumerate() {
        let path = containers_path.index(i);
        self::container(errors, container, &path, &is_volume);
        let mut before = spec.containers.iter().chain(&spec.init_containers[..i]);
        if !container.name.is_empty() && before.any(|other| other.name == container.name) {
            errors.duplicate(&path.key("name"), &container.name);
        }
        let is_sidecar = match &*container.restart_policy {
            "" => false,
            "Always" => true,
            other => {
                errors.not_supported(&path.key("restartPolicy"), format::text(other), &["Always"]);
                false
            }
        };
        if is_sidecar {
            hooks_and_probes(errors, container, &path);
        } else {
            no_hooks_and_probes(errors, container, &path);
        }
    }
    let policies = ["Always", "OnFailure", "Never"];
    errors.required_one_of(&path.key("restartPolicy"), &spec.restart_policy, &policies);
    let policies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    errors.required_one_of(&path.key("dnsPolicy"), &spec.dns_policy, &policies);
    labels(errors, &path.key("nodeSelector"), &spec.node_selector);
    pod_host::host_network(errors, spec, path);
    pod_host::security(errors, &spec.security_context, path);
    pod_placement::affinity(errors, spec, &path.key("affinity"));
    pod_host::dns(errors, spec, path);
    for (i, gate) in spec.readiness_gates.iter().enumerate() {
        let path = path.key("readinessGates");
        qualified(errors, &path.index(i).key("conditionType"), &gate.condition_type, &gate.condition_type);
    }
    for (i, gate) in spec.scheduling_gates.iter().enumerate() {
        let path = path.key("schedulingGates");
        let path = path.index(i);
        qualified(errors, &path, &gate.name, &gate.name);
        if spec.scheduling_gates[..i].contains(gate) {
            errors.duplicate(&path, &gate.name);
        }
    }
    pod_placement::spread(errors, &spec.topology_spread_constraints, &path.key("topologySpreadConstraints"));
    for (key, name) in [("serviceAccountName", &spec.service_account_name), ("nodeName", &spec.node_name)] {
        if !name.is_empty() {
            dns_subdomain(errors, &path.key(key), name);
        }
    }
    if let Some(seconds) = spec.active_deadline_seconds
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let path = path.key("activeDeadlineSeconds");
        errors.invalid(&path, seconds.to_string(), "must be between 1 and 2147483647, inclusive");
    }
    for (key, name) in [("hostname", &spec.hostname), ("subdomain", &spec.subdomain)] {
        if !name.is_empty() {
            dns_label(errors, &path.key(key), name);
        }
    }
    pod_placement::tolerations(errors, &spec.tolerations, &path.key("tolerations"));
    pod_host::aliases(errors, &spec.host_aliases, path);
    for (key, name) in
        [("priorityClassName", &spec.priority_class_name), ("runtimeClassName", &spec.runtime_class_name)]
    {
        if !name.is_empty() {
            dns_subdomain(errors, &path.key(key), name);
        }
    }
}

fn volumes(errors: &mut Errors, volumes: &[Volume], path: &Path<'_>) {
    for (i, volume) in volumes.iter().enumerate() {
        let path = path.index(i);
        volume_source(errors, volume, &path);
        if volume.name.is_empty() {
            errors.required(&path.key("name"), "");
        } else {
            dns_label(errors, &path.key("name"), &volume.name);
        }
        if volumes[..i].iter().any(|other| other.name == volume.name) {
            errors.duplicate(&path.key("name"), &volume.name);
        }
    }
}

fn volume_source(errors: &mut Errors, volume: &Volume, path: &Path<'_>) {
    let sources = [
        ("emptyDir", volume.empty_dir.0.is_some()),
        ("hostPath", volume.host_path.0.is_some()),
        ("secret", volume.secret.0.is_some()),
        ("nfs", volume.nfs.0.is_some()),
        ("persistentVolumeClaim", volume.persistent_volume_claim.is_some()),
        ("downwardAPI", volume.downward_api.0.is_some()),
        ("configMap", volume.config_map.0.is_some()),
        ("projected", volume.projected.0.is_some()),
        ("csi", volume.csi.0.is_some()),
        ("ephemeral", volume.ephemeral.0.is_some()),
    ];
    let sources = sources.into_iter().chain(volume.others.names().map(|name| (&**name, true)));
    let mut present = sources.filter(|(_, is_there)| *is_there);
    if present.next().is_none() {
        errors.required(path, "must specify a volume type");
    }
    for (name, _) in present {
        errors.forbidden(&path.key(name), "may not specify more than 1 volume type");
    }
    pod_sources::source(errors, volume, path);
    if let Some(claim) = &volume.persistent_volume_claim
        && claim.claim_name.is_empty()
    {
        errors.required(&path.key("persistentVolumeClaim").key("claimName"), "");
    }
}

fn container(errors: &mut Errors, container: &Container, path: &Path<'_>, is_volume: &impl Fn(&Name) -> bool) {
    if container.name.is_empty() {
        errors.required(&path.key("name"), "");
    } else {
        dns_label(errors, &path.key("name"), &container.name);
    }
    let image = path.key("image");
    if container.image.is_empty() {
        errors.required(&image, "");
    } else if container.image.trim() != &*container.image {
        let value = format::text(&container.image);
        errors.invalid(&image, value, "must not have leading or trailing whitespace");
    }
    let policies = ["FallbackToLogsOnError", "File"];
    errors.required_one_of(&path.key("terminationMessagePolicy"), &container.termination_message_policy, &policies);
    ports(errors, &container.ports, &path.key("ports"));
    pod_sources::environment(errors, container, path);
    mounts(errors, &container.volume_mounts, &path.key("volumeMounts"), is_volume);
    let policies = ["Always", "IfNotPresent", "Never"];
    errors.required_one_of(&path.key("imagePullPolicy"), &container.image_pull_policy, &policies);
    resources(errors, &container.resources, &path.key("resources"));
    pod_host::security(errors, &container.security_context, path);
}

fn ports(errors: &mut Errors, ports: &[ContainerPort], path: &Path<'_>) {
    for (i, port) in ports.iter().enumerate() {
        let path = path.index(i);
        if !port.name.is_empty() {
            port_name(errors, &path.key("name"), &port.name);
            if ports[..i].iter().any(|other| other.name == port.name) {
                errors.duplicate(&path.key("name"), &port.name);
            }
        }
        if port.container_port == 0 {
            errors.required(&path.key("containerPort"), "");
        } else {
            port_number(errors, &path.key("containerPort"), port.container_port);
        }
        if port.host_port != 0 {
            port_number(errors, &path.key("hostPort"), port.host_port);
        }
        errors.required_one_of(&path.key("protocol"), &port.protocol, &["SCTP", "TCP", "UDP"]);
        pod_host::host_ip(errors, port, &path);
    }
}

fn mounts(errors: &mut Errors, mounts: &[VolumeMount], list: &Path<'_>, is_volume: &impl Fn(&Name) -> bool) {
    for (i, mount) in mounts.iter().enumerate() {
        let path = list.index(i);
        if mount.name.is_empty() {
            errors.required(&path.key("name"), "");
        }
        if !is_volume(&mount.name) {
            errors.not_found(&path.key("name"), &mount.name);
        }
        if mount.mount_path.is_empty() {
            errors.required(&path.key("mountPath"), "");
        }
        if mounts[..i].iter().any(|other| other.mount_path == mount.mount_path) {
            errors.invalid(&path.key("mountPath"), format::text(&mount.mount_path), "must be unique");
        }
        if !mount.sub_path.is_empty() {
            // Said of the list, not of the item.
            pod_sources::descending(errors, &mount.sub_path, false, &list.key("subPath"));
        }
        let spreads = ["Bidirectional", "HostToContainer", "None"];
        if !mount.mount_propagation.is_empty() {
            errors.one_of(&list.key("mountPropagation"), &mount.mount_propagation, &spreads);
        }
    }
}

fn resources(errors: &mut Errors, resources: &ResourceRequirements, path: &Path<'_>) {
    let limits = path.key("limits");
    for (name, quantity) in &resources.limits {
        resource(errors, name, quantity, &limits);
    }
    let requests = path.key("requests");
    for (name, quantity) in &resources.requests {
        resource(errors, name, quantity, &requests);
        match resources.limits.get(name) {
            None if is_extended(name) => errors.required(&limits, "Limit must be set for non overcommitable resources"),
            Some(limit) if is_extended(name) && quantity.millis() != limit.millis() => {
                let detail = format!("must be equal to {name} limit of {limit}");
                errors.invalid(&requests, format::text(&quantity.0), detail);
            }
            Some(limit) if quantity.millis() > limit.millis() => {
                let detail = format!("must be less than or equal to {name} limit of {limit}");
                errors.invalid(&requests, format::text(&quantity.0), detail);
            }
            _ => {}
        }
    }
}

/// Whether nobody may be promised more of a resource than there is.
///
/// Upstream: `IsOvercommitAllowed`.
fn is_extended(name: &str) -> bool {
    name.starts_with("hugepages-") || name.contains('/') && !name.contains("kubernetes.io/")
}

fn resource(errors: &mut Errors, name: &Name, quantity: &Quantity, path: &Path<'_>) {
    let path = path.map_key(name);
    qualified(errors, &path, name, name);
    let is_known = matches!(&**name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
    if !name.contains('/') && !is_known {
        errors.invalid(&path, format::text(name), "must be a standard resource for containers");
    }
    if quantity.millis().is_some_and(|amount| amount < 0) {
        errors.invalid(&path, format::text(&quantity.0), "must be greater than or equal to 0");
    } else if is_extended(name) && quantity.millis().is_some_and(|amount| amount % 1_000 != 0) {
        errors.invalid(&path, format::text(&quantity.0), "must be an integer");
    }
}

fn hooks_and_probes(errors: &mut Errors, container: &Container, path: &Path<'_>) {
    if let Some(lifecycle) = &container.lifecycle {
        let path = path.key("lifecycle");
        for (key, hook) in [("postStart", &lifecycle.post_start), ("preStop", &lifecycle.pre_stop)] {
            if let Some(hook) = hook {
                let actions = Actions {
                    exec: hook.exec.as_ref(),
                    http_get: hook.http_get.as_ref(),
                    tcp_socket: hook.tcp_socket.as_ref(),
                    grpc: None,
                    sleep: hook.sleep.as_ref(),
                };
                handler(errors, &actions, &path.key(key));
            }
        }
    }
    for (key, found, succeeds_once) in [
        ("livenessProbe", &container.liveness_probe, true),
        ("readinessProbe", &container.readiness_probe, false),
        ("startupProbe", &container.startup_probe, true),
    ] {
        let Some(found) = found else { continue };
        let path = path.key(key);
        probe(errors, found, &path);
        if succeeds_once && found.success_threshold != 1 {
            errors.invalid(&path.key("successThreshold"), found.success_threshold.to_string(), "must be 1");
        }
        if !succeeds_once && let Some(seconds) = found.termination_grace_period_seconds {
            let path = path.key("terminationGracePeriodSeconds");
            errors.invalid(&path, seconds.to_string(), "must not be set for readinessProbes");
        }
    }
}

/// A container that runs to its end before the others start can be asked nothing.
fn no_hooks_and_probes(errors: &mut Errors, container: &Container, path: &Path<'_>) {
    let is_there = [
        ("lifecycle", container.lifecycle.is_some()),
        ("livenessProbe", container.liveness_probe.is_some()),
        ("readinessProbe", container.readiness_probe.is_some()),
        ("startupProbe", container.startup_probe.is_some()),
    ];
    for (key, _) in is_there.into_iter().filter(|(_, is_there)| *is_there) {
        errors.forbidden(&path.key(key), "may not be set for init containers without restartPolicy=Always");
    }
}

fn probe(errors: &mut Errors, probe: &Probe, path: &Path<'_>) {
    let actions = Actions {
        exec: probe.exec.as_ref(),
        http_get: probe.http_get.as_ref(),
        tcp_socket: probe.tcp_socket.as_ref(),
        grpc: probe.grpc.as_ref(),
        sleep: None,
    };
    handler(errors, &actions, path);
    for (key, number) in [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ] {
        errors.not_negative(&path.key(key), i64::from(number));
    }
    if let Some(seconds) = probe.termination_grace_period_seconds
        && seconds <= 0
    {
        let path = path.key("terminationGracePeriodSeconds");
        errors.invalid(&path, seconds.to_string(), "must be greater than 0");
    }
}

/// What a probe or a hook does; exactly one must be given.
struct Actions<'a> {
    exec: Option<&'a ExecAction>,
    http_get: Option<&'a HttpGetAction>,
    tcp_socket: Option<&'a TcpSocketAction>,
    grpc: Option<&'a GrpcAction>,
    sleep: Option<&'a SleepAction>,
}

fn handler(errors: &mut Errors, actions: &Actions<'_>, path: &Path<'_>) {
    let mut count = 0;
    let mut is_first = |errors: &mut Errors, key: &str| {
        count += 1;
        if count > 1 {
            errors.forbidden(&path.key(key), "may not specify more than 1 handler type");
        }
        count == 1
    };
    if let Some(exec) = actions.exec
        && is_first(errors, "exec")
        && exec.command.is_empty()
    {
        errors.required(&path.key("exec").key("command"), "");
    }
    if let Some(http) = actions.http_get
        && is_first(errors, "httpGet")
    {
        let path = path.key("httpGet");
        if http.path.is_empty() {
            errors.required(&path.key("path"), "");
        }
        port_number_or_name(errors, &path.key("port"), &http.port);
        errors.one_of(&path.key("scheme"), &http.scheme, &["HTTP", "HTTPS"]);
    }
    if let Some(tcp) = actions.tcp_socket
        && is_first(errors, "tcpSocket")
    {
        port_number_or_name(errors, &path.key("tcpSocket").key("port"), &tcp.port);
    }
    if let Some(grpc) = actions.grpc
        && is_first(errors, "grpc")
    {
        port_number(errors, &path.key("grpc").key("port"), grpc.port);
    }
    if let Some(sleep) = actions.sleep
        && is_first(errors, "sleep")
        && sleep.seconds < 0
    {
        let path = path.key("sleep");
        errors.invalid(&path, sleep.seconds.to_string(), "must be greater than or equal to 0");
    }
    if count == 0 {
        errors.required(path, "must specify a handler type");
    }
}
