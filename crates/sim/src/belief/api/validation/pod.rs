//! Pod specs: containers, volumes, probes.
//!
//! Upstream: `pkg/apis/core/validation`, `ValidatePodSpec`.

use super::field::{Errors, Path};
use super::format;
use super::names::{dns_label, dns_subdomain, labels, port_name, port_number, port_number_or_name, qualified};
use super::pod_mounts::{Known, mounts};
use super::seldom::{annotations as marks, grammar, pods, security, volumes as sources};
use super::{pod_host, pod_placement, pod_resources, pod_sources};
use petri_objects::*;

/// A pod that is to be.
///
/// Upstream: `ValidatePodCreate`.
pub(super) fn create(errors: &mut Errors, pod: &Pod) {
    let path = Path::root("spec");
    whole(errors, pod);
    if pod.spec.others.get("ephemeralContainers").is_some() {
        errors.forbidden(&path.key("ephemeralContainers"), "cannot be set on create");
    }
    if !pod.spec.node_name.is_empty() && !pod.spec.scheduling_gates.is_empty() {
        errors.forbidden(&path.key("nodeName"), "cannot be set until all schedulingGates have been cleared");
    }
}

/// What a pod must be, when it is made and after every change.
///
/// Upstream: `validatePodMetadataAndSpec`, without the metadata.
pub(super) fn whole(errors: &mut Errors, pod: &Pod) {
    let (metadata, path) = (Path::root("metadata"), Path::root("spec"));
    annotations(errors, &pod.metadata, &pod.spec, &metadata.key("annotations"));
    anywhere(errors, &pod.spec, &path, &[], Some(&pod.metadata.name));
    for (key, containers) in [("containers", &pod.spec.containers), ("initContainers", &pod.spec.init_containers)] {
        let list = path.key(key);
        for (i, container) in containers.iter().enumerate() {
            if container.image.trim() != &*container.image {
                let value = format::text(&container.image);
                errors.invalid(&list.index(i).key("image"), value, "must not have leading or trailing whitespace");
            }
        }
    }
}

/// A template's annotations, which mean what a pod's mean.
pub(super) fn annotations(errors: &mut Errors, meta: &Meta, spec: &PodSpec, path: &Path<'_>) {
    let starts = ["kubernetes.io/config.", "controller.kubernetes.io/", "seccomp.", "container."];
    if meta.annotations.iter().any(|(key, _)| starts.iter().any(|start| key.starts_with(start))) {
        marks::of_pod(errors, &meta.annotations, spec, path);
    }
}

/// The spec of a template. `extra_volumes` are those that the claims of a StatefulSet will add: mounts may refer to them.
pub(super) fn spec(errors: &mut Errors, spec: &PodSpec, path: &Path<'_>, extra_volumes: &[PersistentVolumeClaim]) {
    anywhere(errors, spec, path, extra_volumes, None);
    if spec.others.get("ephemeralContainers").is_some() {
        errors.forbidden(&path.key("ephemeralContainers"), "ephemeral containers not allowed in pod template");
    }
}

/// `pod`: the name of the pod, where it is one and no template.
fn anywhere(
    errors: &mut Errors,
    spec: &PodSpec,
    path: &Path<'_>,
    extra_volumes: &[PersistentVolumeClaim],
    pod: Option<&Name>,
) {
    let mut known = volumes(errors, spec, pod, &path.key("volumes"));
    let claims = extra_volumes.iter();
    known.extend(claims.map(|claim| Known { name: &claim.metadata.name, is_claim: true }));
    let has_others = spec.others.names().next().is_some();
    if has_others {
        sources::resource_claims(errors, spec, path);
    }
    containers(errors, spec, &known, path);
    init_containers(errors, spec, &known, path);
    if has_others {
        pods::resources(errors, spec, path);
    }
    pod_host::host_network(errors, spec, path);
    let policies = ["Always", "OnFailure", "Never"];
    errors.required_one_of(&path.key("restartPolicy"), &spec.restart_policy, &policies);
    let policies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    errors.required_one_of(&path.key("dnsPolicy"), &spec.dns_policy, &policies);
    labels(errors, &path.key("nodeSelector"), &spec.node_selector);
    if spec.share_process_namespace == Some(true) && spec.host_pid {
        let at = path.key("securityContext");
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.invalid(&at.key("shareProcessNamespace"), "true", detail);
    }
    // Every pod has one; few say something in it.
    if let Some(context) = spec.security_context.0.as_deref()
        && context.as_map().is_none_or(|map| map.iter().next().is_some())
    {
        security::of_pod(errors, spec, context, &path.key("securityContext"));
    }
    pod_placement::affinity(errors, spec, &path.key("affinity"));
    if spec.dns_config.0.is_some() || &*spec.dns_policy == "None" {
        pods::dns(errors, spec, path);
    }
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
    if has_others {
        pods::others(errors, spec, path);
    }
    names_and_numbers(errors, spec, path);
    if let Some(aliases) = spec.host_aliases.0.as_deref() {
        pods::aliases(errors, aliases, path);
    }
    for (key, name) in
        [("priorityClassName", &spec.priority_class_name), ("runtimeClassName", &spec.runtime_class_name)]
    {
        if !name.is_empty() {
            dns_subdomain(errors, &path.key(key), name);
        }
    }
    if !spec.preemption_policy.is_empty() {
        let policies = ["PreemptLowerPriority", "Never"];
        errors.one_of(&path.key("preemptionPolicy"), &spec.preemption_policy, &policies);
    }
    if !spec.overhead.is_empty() {
        let overhead = ResourceRequirements { limits: spec.overhead.clone(), ..ResourceRequirements::default() };
        pod_resources::requirements(errors, &overhead, &path.key("overhead"));
    }
    if spec.os.0.is_some() {
        pods::system(errors, spec, path);
    }
    let of_a_file = |variable: &Value| variable.at(&["valueFrom", "fileKeyRef"]).is_some();
    let mut containers = spec.containers.iter().chain(&spec.init_containers);
    if containers.any(|container| pod_sources::items(container.env.0.as_deref()).iter().any(of_a_file)) {
        pods::files_of_variables(errors, spec, path);
    }
}

fn names_and_numbers(errors: &mut Errors, spec: &PodSpec, path: &Path<'_>) {
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
}

fn containers(errors: &mut Errors, spec: &PodSpec, known: &[Known<'_>], path: &Path<'_>) {
    let list = path.key("containers");
    if spec.containers.is_empty() {
        errors.required(&list, "");
    }
    for (i, container) in spec.containers.iter().enumerate() {
        let path = list.index(i);
        self::container(errors, container, spec, known, &path);
        if spec.containers[..i].iter().any(|other| other.name == container.name) {
            errors.duplicate(&path.key("name"), &container.name);
        }
        hooks_and_probes(errors, container, spec, &path);
        if !container.restart_policy.is_empty() || container.others.names().next().is_some() {
            pods::restarts(errors, container, false, &path);
        }
    }
    pod_host::conflicts(errors, &spec.containers, &list);
}

fn init_containers(errors: &mut Errors, spec: &PodSpec, known: &[Known<'_>], path: &Path<'_>) {
    let list = path.key("initContainers");
    for (i, container) in spec.init_containers.iter().enumerate() {
        let path = list.index(i);
        self::container(errors, container, spec, known, &path);
        if !container.restart_policy.is_empty() && &*container.restart_policy != "Always"
            || container.others.names().next().is_some()
        {
            pods::restarts(errors, container, true, &path);
        }
        let before = &spec.init_containers[..i];
        let is_there = |name: &Name| {
            spec.containers.iter().any(|other| other.name == *name)
                || !name.is_empty() && before.iter().any(|other| other.name == *name)
        };
        if is_there(&container.name) {
            errors.duplicate(&path.key("name"), &container.name);
        }
        pod_host::conflicts(errors, std::slice::from_ref(container), &list);
        if &*container.restart_policy == "Always" {
            hooks_and_probes(errors, container, spec, &path);
        } else {
            no_hooks_and_probes(errors, container, &path);
        }
    }
}

/// Returns the names that mounts may refer to: those of volumes without faults.
fn volumes<'s>(errors: &mut Errors, spec: &'s PodSpec, pod: Option<&Name>, path: &Path<'_>) -> Vec<Known<'s>> {
    let mut known: Vec<Known<'s>> = Vec::with_capacity(spec.volumes.len());
    for (i, volume) in spec.volumes.iter().enumerate() {
        let (path, before) = (path.index(i), errors.count());
        volume_source(errors, volume, pod, &path);
        if volume.name.is_empty() {
            errors.required(&path.key("name"), "");
        } else {
            dns_label(errors, &path.key("name"), &volume.name);
        }
        if known.iter().any(|other| other.name == &*volume.name) {
            errors.duplicate(&path.key("name"), &volume.name);
        }
        if errors.count() == before {
            let is_claim = volume.persistent_volume_claim.is_some() || volume.ephemeral.0.is_some();
            known.push(Known { name: &volume.name, is_claim });
        }
        if let Some(claim) = volume.persistent_volume_claim.as_ref().map(|source| &source.claim_name)
            && let Some((pod, rest)) = pod.and_then(|pod| Some((pod, claim.strip_prefix(&**pod)?.strip_prefix('-')?)))
            && !pod.is_empty()
            && spec.volumes.iter().any(|other| other.ephemeral.0.is_some() && &*other.name == rest)
        {
            let at = path.key("persistentVolumeClaim");
            let detail = "must not reference a PVC that gets created for an ephemeral volume";
            errors.invalid(&at.key("claimName"), format::text(claim), detail);
        }
    }
    known
}

/// One everyday source is looked at here; any other, and several, where few come.
fn volume_source(errors: &mut Errors, volume: &Volume, pod: Option<&Name>, path: &Path<'_>) {
    let parts = [&volume.secret, &volume.config_map, &volume.host_path, &volume.empty_dir];
    let others = [&volume.nfs, &volume.downward_api, &volume.projected, &volume.csi, &volume.ephemeral];
    let claim = volume.persistent_volume_claim.as_ref();
    let count = parts.iter().filter(|part| part.0.is_some()).count() + usize::from(claim.is_some());
    let is_plain_folder = volume.empty_dir.0.as_deref().is_none_or(|folder| folder.at(&["sizeLimit"]).is_none());
    // The server's own volume, which every pod gets.
    if volume.name.starts_with("kube-api-access-") && volume.projected.0.is_some() && count == 0 {
        return;
    }
    let is_rare = others.iter().any(|part| part.0.is_some()) || volume.others.names().next().is_some();
    if is_rare || count != 1 || !is_plain_folder {
        return sources::source(errors, volume, pod, path);
    }
    if let Some(value) = volume.secret.0.as_deref() {
        pod_sources::files(errors, value, "secretName", &path.key("secret"));
    } else if let Some(value) = volume.config_map.0.as_deref() {
        pod_sources::files(errors, value, "name", &path.key("configMap"));
    } else if let Some(value) = volume.host_path.0.as_deref() {
        pod_sources::host_path(errors, value, &path.key("hostPath"));
    } else if claim.is_some_and(|claim| claim.claim_name.is_empty()) {
        errors.required(&path.key("persistentVolumeClaim").key("claimName"), "");
    }
}

fn container(errors: &mut Errors, container: &Container, spec: &PodSpec, known: &[Known<'_>], path: &Path<'_>) {
    if container.name.is_empty() {
        errors.required(&path.key("name"), "");
    } else {
        dns_label(errors, &path.key("name"), &container.name);
    }
    if container.image.is_empty() {
        errors.required(&path.key("image"), "");
    }
    let policies = ["File", "FallbackToLogsOnError"];
    errors.required_one_of(&path.key("terminationMessagePolicy"), &container.termination_message_policy, &policies);
    ports(errors, &container.ports, &path.key("ports"));
    pod_sources::environment(errors, container, path);
    mounts(errors, container, known, path);
    let policies = ["Always", "IfNotPresent", "Never"];
    errors.required_one_of(&path.key("imagePullPolicy"), &container.image_pull_policy, &policies);
    let resources = path.key("resources");
    pod_resources::requirements(errors, &container.resources, &resources);
    if let Some(claims) = container.resources.claims.0.as_deref() {
        pods::used_claims(errors, claims, spec, &resources);
    }
    if let Some(policies) = container.resize_policy.0.as_deref() {
        pods::resize(errors, policies, &*spec.restart_policy == "Never", path);
    }
    if let Some(context) = container.security_context.0.as_deref() {
        let host_users = spec.others.get("hostUsers") != Some(&Value::Bool(false));
        security::of_container(errors, context, host_users, &path.key("securityContext"));
    }
}

fn ports(errors: &mut Errors, ports: &[ContainerPort], path: &Path<'_>) {
    for (i, port) in ports.iter().enumerate() {
        let path = path.index(i);
        if !port.name.is_empty() {
            let before = errors.count();
            port_name(errors, &path.key("name"), &port.name);
            if errors.count() == before && ports[..i].iter().any(|other| other.name == port.name) {
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
    }
}

fn hooks_and_probes(errors: &mut Errors, container: &Container, spec: &PodSpec, path: &Path<'_>) {
    if let Some(lifecycle) = &container.lifecycle {
        let path = path.key("lifecycle");
        for (key, hook) in [("postStart", &lifecycle.post_start), ("preStop", &lifecycle.pre_stop)] {
            if let Some(hook) = hook {
                let actions = Actions {
                    exec: hook.exec.as_ref(),
                    http_get: hook.http_get.as_ref(),
                    tcp_socket: hook.tcp_socket.as_ref(),
                    grpc: None,
                    sleep: hook.sleep.as_ref().map(|sleep| (sleep, spec.termination_grace_period_seconds)),
                };
                handler(errors, &actions, &path.key(key));
            }
        }
        if !lifecycle.stop_signal.is_empty() {
            let system = pods::operating_system(spec);
            pods::stop_signal(errors, &lifecycle.stop_signal, system, &path.key("stopSignal"));
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
    /// With the time that the pod has for stopping.
    sleep: Option<(&'a SleepAction, Option<i64>)>,
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
        for header in pod_sources::items(http.http_headers.0.as_deref()) {
            grammar::header(errors, &path.key("httpHeaders"), pod_sources::text(header, "name"));
        }
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
    if let Some((sleep, grace)) = actions.sleep
        && is_first(errors, "sleep")
        && let Some(grace) = grace
        && !(0..=grace).contains(&sleep.seconds)
    {
        let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        errors.invalid(&path.key("sleep"), sleep.seconds.to_string(), detail);
    }
    if count == 0 {
        errors.required(path, "must specify a handler type");
    }
}
