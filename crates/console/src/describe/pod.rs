//! Pods and the pod templates of workloads.

use super::page::{Page, true_false};
use crate::tables::age_since;
use crate::text::{instant, or_none};
use petri_objects::order::Order as _;
use petri_objects::*;

pub(super) fn pod(page: &mut Page<'_>, pod: &Pod) {
    let (spec, status) = (&pod.spec, &pod.status);
    page.name_and_namespace(&pod.metadata);
    if let Some(priority) = spec.priority {
        page.line(format_args!("Priority:\t{priority}"));
    }
    if !spec.priority_class_name.is_empty() {
        page.line(format_args!("Priority Class Name:\t{}", spec.priority_class_name));
    }
    if !spec.service_account_name.is_empty() {
        page.line(format_args!("Service Account:\t{}", spec.service_account_name));
    }
    match &*spec.node_name {
        "" => page.line(format_args!("Node:\t<none>")),
        node => page.line(format_args!("Node:\t{node}/{}", status.host_ip)),
    }
    if status.start_time != Time::ZERO {
        page.line(format_args!("Start Time:\t{}", instant(status.start_time)));
    }
    page.labels("Labels", &pod.metadata.labels);
    page.annotations(&pod.metadata.annotations);
    if pod.is_terminating() && !status.phase.is_terminal() {
        let lasts = age_since(pod.metadata.deletion_timestamp, page.now);
        page.line(format_args!("Status:\tTerminating (lasts {lasts})"));
        let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or(0);
        page.line(format_args!("Termination Grace Period:\t{grace}s"));
    } else {
        page.line(format_args!("Status:\t{}", status.phase.as_str()));
    }
    if !status.reason.is_empty() {
        page.line(format_args!("Reason:\t{}", status.reason));
    }
    if !status.message.is_empty() {
        page.line(format_args!("Message:\t{}", status.message));
    }
    page.line(format_args!("IP:\t{}", status.pod_ip));
    if status.pod_ips.is_empty() {
        page.line(format_args!("IPs:\t<none>"));
    } else {
        page.line(format_args!("IPs:"));
        for address in &status.pod_ips {
            page.line(format_args!("  IP:\t{}", address.ip));
        }
    }
    if let Some(owner) = pod.metadata.controller() {
        page.line(format_args!("Controlled By:\t{}/{}", owner.kind, owner.name));
    }
    if !status.nominated_node_name.is_empty() {
        page.line(format_args!("NominatedNodeName:\t{}", status.nominated_node_name));
    }
    if !spec.init_containers.is_empty() {
        containers(page, "Init Containers", &spec.init_containers, &status.init_container_statuses, "");
    }
    containers(page, "Containers", &spec.containers, &status.container_statuses, "");
    if !spec.readiness_gates.is_empty() {
        page.line(format_args!("Readiness Gates:\n  Type\tStatus"));
        for gate in &spec.readiness_gates {
            let met = condition(&status.conditions, &gate.condition_type).map_or("<none>".into(), |c| c.status.clone());
            page.line(format_args!("  {} \t{met} ", gate.condition_type));
        }
    }
    if !status.conditions.is_empty() {
        page.line(format_args!("Conditions:\n  Type\tStatus"));
        for condition in &status.conditions {
            page.line(format_args!("  {} \t{} ", condition.kind, condition.status));
        }
    }
    volumes(page, &spec.volumes, "");
    if !status.qos_class.is_empty() {
        page.line(format_args!("QoS Class:\t{}", status.qos_class));
    }
    page.labels("Node-Selectors", &spec.node_selector);
    tolerations(page, "Tolerations", &spec.tolerations);
    spread(page, &spec.topology_spread_constraints, "");
    page.events(Kind::Pod, &pod.metadata);
}

pub(super) fn template(page: &mut Page<'_>, template: &PodTemplateSpec) {
    page.line(format_args!("Pod Template:"));
    page.labels("  Labels", &template.metadata.labels);
    if !template.metadata.annotations.is_empty() {
        let pairs: Vec<String> =
            template.metadata.annotations.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        page.list("  Annotations", &pairs);
    }
    let spec = &template.spec;
    if !spec.service_account_name.is_empty() {
        page.line(format_args!("  Service Account:\t{}", spec.service_account_name));
    }
    if !spec.init_containers.is_empty() {
        containers(page, "Init Containers", &spec.init_containers, &[], "  ");
    }
    containers(page, "Containers", &spec.containers, &[], "  ");
    volumes(page, &spec.volumes, "  ");
    spread(page, &spec.topology_spread_constraints, "  ");
    if !spec.priority_class_name.is_empty() {
        page.line(format_args!("  Priority Class Name:\t{}", spec.priority_class_name));
    }
    page.labels("  Node-Selectors", &spec.node_selector);
    tolerations(page, "  Tolerations", &spec.tolerations);
}

fn containers(page: &mut Page<'_>, title: &str, containers: &[Container], statuses: &[ContainerStatus], indent: &str) {
    page.line(format_args!("{indent}{title}:"));
    // A template's container names are indented by one blank more.
    let name_indent = if indent.is_empty() { "  " } else { "   " };
    for one in containers {
        page.line(format_args!("{name_indent}{}:", one.name));
        container(page, one, statuses.iter().find(|status| status.name == one.name));
    }
}

/// Upstream: `describeContainerEnvFrom`.
fn variables_from(page: &mut Page<'_>, container: &Container) {
    let all = container.env_from.0.as_deref().and_then(Value::as_list).unwrap_or(&[]);
    if !all.is_empty() {
        page.line(format_args!("    Environment Variables from:"));
    }
    for from in all {
        let kinds = [("configMapRef", "ConfigMap"), ("secretRef", "Secret")];
        let found = kinds.iter().find_map(|(key, kind)| Some((from.at(&[key])?, *kind)));
        let (source, kind) = found.unwrap_or((from, ""));
        let name = source.at(&["name"]).and_then(Value::as_str).unwrap_or("");
        let optional = matches!(source.at(&["optional"]), Some(Value::Bool(true)));
        let prefix = match from.at(&["prefix"]).and_then(Value::as_str) {
            None | Some("") => String::new(),
            Some(prefix) => format!(" with prefix '{prefix}'"),
        };
        page.line(format_args!("      {name}\t{kind}{prefix}\tOptional: {optional}"));
    }
}

fn container(page: &mut Page<'_>, container: &Container, status: Option<&ContainerStatus>) {
    if let Some(status) = status {
        page.line(format_args!("    Container ID:\t{}", status.container_id));
    }
    page.line(format_args!("    Image:\t{}", container.image));
    if let Some(status) = status {
        page.line(format_args!("    Image ID:\t{}", status.image_id));
    }
    let plural = if container.ports.len() > 1 { "s" } else { "" };
    page.line(format_args!("    Port{plural}:\t{}", ports(container, |port| port.container_port)));
    page.line(format_args!("    Host Port{plural}:\t{}", ports(container, |port| port.host_port)));
    for (title, words) in [("Command", &container.command), ("Args", &container.args)] {
        if !words.is_empty() {
            page.line(format_args!("    {title}:"));
            for line in words.iter().flat_map(|word| word.split('\n')) {
                page.line(format_args!("      {line}"));
            }
        }
    }
    if let Some(status) = status {
        state(page, "State", &status.state);
        if status.last_state.terminated.is_some() {
            state(page, "Last State", &status.last_state);
        }
        page.line(format_args!("    Ready:\t{}", true_false(status.ready)));
        page.line(format_args!("    Restart Count:\t{}", status.restart_count));
    }
    for (title, amounts) in [("Limits", &container.resources.limits), ("Requests", &container.resources.requests)] {
        if !amounts.is_empty() {
            page.line(format_args!("    {title}:"));
            for (name, amount) in amounts {
                page.line(format_args!("      {name}:\t{amount}"));
            }
        }
    }
    let probes = [
        ("Liveness", &container.liveness_probe),
        ("Readiness", &container.readiness_probe),
        ("Startup", &container.startup_probe),
    ];
    for (title, probe) in probes {
        if let Some(probe) = probe {
            page.line(format_args!("    {title}:\t{}", probe_text(probe)));
        }
    }
    variables_from(page, container);
    let variables = container.env.0.as_deref().and_then(Value::as_list).unwrap_or(&[]);
    match variables.is_empty() {
        true => page.line(format_args!("    Environment:\t<none>")),
        false => page.line(format_args!("    Environment:")),
    }
    for variable in variables {
        let name = variable.at(&["name"]).and_then(Value::as_str).unwrap_or("");
        page.line(format_args!("      {name}:\t{}", variable_text(variable)));
    }
    match container.volume_mounts.is_empty() {
        true => page.line(format_args!("    Mounts:\t<none>")),
        false => page.line(format_args!("    Mounts:")),
    }
    let mut mounts: Vec<&VolumeMount> = container.volume_mounts.iter().collect();
    mounts.order_by(|a, b| a.mount_path.cmp(&b.mount_path));
    for mount in mounts {
        let access = if mount.read_only { "ro" } else { "rw" };
        let sub = if mount.sub_path.is_empty() { String::new() } else { format!(",path=\"{}\"", mount.sub_path) };
        page.line(format_args!("      {} from {} ({access}{sub})", mount.mount_path, mount.name));
    }
}

fn state(page: &mut Page<'_>, title: &str, state: &ContainerState) {
    if let Some(running) = &state.running {
        page.line(format_args!("    {title}:\tRunning"));
        page.line(format_args!("      Started:\t{}", instant(running.started_at)));
    } else if let Some(ended) = &state.terminated {
        page.line(format_args!("    {title}:\tTerminated"));
        if !ended.reason.is_empty() {
            page.line(format_args!("      Reason:\t{}", ended.reason));
        }
        if !ended.message.is_empty() {
            page.line(format_args!("      Message:\t{}", ended.message));
        }
        page.line(format_args!("      Exit Code:\t{}", ended.exit_code));
        if ended.signal > 0 {
            page.line(format_args!("      Signal:\t{}", ended.signal));
        }
        page.line(format_args!("      Started:\t{}", instant(ended.started_at)));
        page.line(format_args!("      Finished:\t{}", instant(ended.finished_at)));
    } else {
        page.line(format_args!("    {title}:\tWaiting"));
        if let Some(waits) = state.waiting.as_ref().filter(|w| !w.reason.is_empty()) {
            page.line(format_args!("      Reason:\t{}", waits.reason));
        }
    }
}

fn volumes(page: &mut Page<'_>, volumes: &[Volume], indent: &str) {
    if volumes.is_empty() {
        return page.line(format_args!("{indent}Volumes:\t<none>"));
    }
    page.line(format_args!("{indent}Volumes:"));
    let name_indent = if indent.is_empty() { "  " } else { "   " };
    let text = |source: &Value, key: &str| match source.at(&[key]) {
        Some(Value::String(text)) => text.to_string(),
        Some(other) => other.to_json(),
        None => String::new(),
    };
    let optional = |source: &Value| source.at(&["optional"]).map_or("false".into(), Value::to_json);
    for volume in volumes {
        page.line(format_args!("{name_indent}{}:", volume.name));
        if let Some(claim) = &volume.persistent_volume_claim {
            let kind = "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)";
            page.line(format_args!("    Type:\t{kind}"));
            page.line(format_args!("    ClaimName:\t{}", claim.claim_name));
            page.line(format_args!("    ReadOnly:\t{}", claim.read_only));
        } else if let Some(source) = &volume.config_map.0 {
            page.line(format_args!("    Type:\tConfigMap (a volume populated by a ConfigMap)"));
            page.line(format_args!("    Name:\t{}", text(source, "name")));
            page.line(format_args!("    Optional:\t{}", optional(source)));
        } else if let Some(source) = &volume.secret.0 {
            page.line(format_args!("    Type:\tSecret (a volume populated by a Secret)"));
            page.line(format_args!("    SecretName:\t{}", text(source, "secretName")));
            page.line(format_args!("    Optional:\t{}", optional(source)));
        } else if let Some(source) = &volume.host_path.0 {
            page.line(format_args!("    Type:\tHostPath (bare host directory volume)"));
            page.line(format_args!("    Path:\t{}", text(source, "path")));
            page.line(format_args!("    HostPathType:\t{}", text(source, "type")));
        } else if let Some(source) = &volume.projected.0 {
            page.line(format_args!(
                "    Type:\tProjected (a volume that contains injected data from multiple sources)"
            ));
            for part in source.at(&["sources"]).and_then(Value::as_list).unwrap_or(&[]) {
                if let Some(token) = part.at(&["serviceAccountToken"]) {
                    page.line(format_args!("    TokenExpirationSeconds:\t{}", text(token, "expirationSeconds")));
                } else if let Some(map) = part.at(&["configMap"]) {
                    page.line(format_args!("    ConfigMapName:\t{}", text(map, "name")));
                    page.line(format_args!("    Optional:\t{}", optional(map)));
                } else if let Some(secret) = part.at(&["secret"]) {
                    page.line(format_args!("    SecretName:\t{}", text(secret, "name")));
                    page.line(format_args!("    Optional:\t{}", optional(secret)));
                } else if part.at(&["downwardAPI"]).is_some() {
                    page.line(format_args!("    DownwardAPI:\ttrue"));
                }
            }
        } else if let Some(source) = &volume.empty_dir.0 {
            let limit = text(source, "sizeLimit");
            let limit = if limit.is_empty() { "<unset>".into() } else { limit };
            page.line(format_args!("    Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)"));
            page.line(format_args!("    Medium:\t{}", text(source, "medium")));
            page.line(format_args!("    SizeLimit:\t{limit}"));
        } else {
            page.line(format_args!("  <unknown>"));
        }
    }
}

fn tolerations(page: &mut Page<'_>, title: &str, tolerations: &[Toleration]) {
    let mut sorted: Vec<&Toleration> = tolerations.iter().collect();
    sorted.order_by(|a, b| a.key.cmp(&b.key));
    let values: Vec<String> = sorted.into_iter().map(toleration_text).collect();
    page.list(title, &values);
}

fn spread(page: &mut Page<'_>, constraints: &[TopologySpreadConstraint], indent: &str) {
    if constraints.is_empty() {
        return;
    }
    let values: Vec<String> = constraints
        .iter()
        .map(|c| {
            let selector = match &c.label_selector {
                Some(selector) => format!(" selector {}", crate::text::selector(Some(selector))),
                None => String::new(),
            };
            format!("{}:{} when max skew {} is exceeded{selector}", c.topology_key, c.when_unsatisfiable, c.max_skew)
        })
        .collect();
    page.list(&format!("{indent}Topology Spread Constraints"), &values);
}

fn ports(container: &Container, number: fn(&ContainerPort) -> i32) -> String {
    let texts: Vec<String> = container
        .ports
        .iter()
        .map(|port| {
            let protocol = if port.protocol.is_empty() { "TCP" } else { &port.protocol };
            let name = if port.name.is_empty() { String::new() } else { format!(" ({})", port.name) };
            format!("{}/{protocol}{name}", number(port))
        })
        .collect();
    or_none(&texts.join(", "))
}

fn probe_text(probe: &Probe) -> String {
    let how = if let Some(exec) = &probe.exec {
        format!("exec {}", super::page::bracketed(&exec.command))
    } else if let Some(get) = &probe.http_get {
        let scheme = if get.scheme.is_empty() { "http".into() } else { get.scheme.to_ascii_lowercase() };
        let slash = if get.path.starts_with('/') || get.path.is_empty() { "" } else { "/" };
        format!("http-get {scheme}://{}:{}{slash}{}", get.host, get.port, get.path)
    } else if let Some(socket) = &probe.tcp_socket {
        format!("tcp-socket {}:{}", socket.host, socket.port)
    } else if let Some(grpc) = &probe.grpc {
        format!("grpc <pod>:{} {}", grpc.port, grpc.service.as_deref().unwrap_or(""))
    } else {
        "unknown".into()
    };
    format!(
        "{how} delay={}s timeout={}s period={}s #success={} #failure={}",
        probe.initial_delay_seconds,
        probe.timeout_seconds,
        probe.period_seconds,
        probe.success_threshold,
        probe.failure_threshold
    )
}

fn variable_text(variable: &Value) -> String {
    let text = |path: &[&str]| variable.at(path).and_then(Value::as_str).unwrap_or("").to_owned();
    if variable.at(&["valueFrom", "fieldRef"]).is_some() {
        let version = text(&["valueFrom", "fieldRef", "apiVersion"]);
        let version = if version.is_empty() { "v1".into() } else { version };
        return format!(" ({version}:{})", text(&["valueFrom", "fieldRef", "fieldPath"]));
    }
    for (kind, word) in [("configMapKeyRef", "config map"), ("secretKeyRef", "secret")] {
        if variable.at(&["valueFrom", kind]).is_some() {
            let (key, name) = (text(&["valueFrom", kind, "key"]), text(&["valueFrom", kind, "name"]));
            return format!("<set to the key '{key}' of {word} '{name}'>  Optional: false");
        }
    }
    text(&["value"])
}

fn toleration_text(toleration: &Toleration) -> String {
    let mut text = toleration.key.to_string();
    if !toleration.value.is_empty() {
        text.push_str(&format!("={}", toleration.value));
    }
    if !toleration.effect.is_empty() {
        text.push_str(&format!(":{}", toleration.effect));
    }
    if &*toleration.operator == "Exists" && toleration.value.is_empty() {
        text.push_str(if text.is_empty() { "op=Exists" } else { " op=Exists" });
    }
    if let Some(seconds) = toleration.toleration_seconds {
        text.push_str(&format!(" for {seconds}s"));
    }
    text
}
