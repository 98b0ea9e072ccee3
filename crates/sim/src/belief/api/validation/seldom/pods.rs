//! What few pods say: their system, their own resources, users of the host, resolvers, signals, rules for restarts.
//!
//! Upstream: `pkg/apis/core/validation` (`ValidatePodSpec`).

use super::super::field::{Errors, Path};
use super::super::format;
use super::super::names::{dns_label, dns_subdomain};
use super::super::pod_resources;
use super::super::pod_sources::{items, text};
use super::grammar;
use petri_objects::record::Decode;
use petri_objects::*;

/// Resolvers that a pod names.
///
/// Upstream: `validatePodDNSConfig`.
pub fn dns(errors: &mut Errors, spec: &PodSpec, path: &Path<'_>) {
    let (config, path) = (spec.dns_config.0.as_deref(), path.key("dnsConfig"));
    let list = |key: &str| items(config.and_then(|config| config.at(&[key])));
    let (servers, at) = (list("nameservers"), path.key("nameservers"));
    if &*spec.dns_policy == "None" {
        if config.is_none() {
            return errors.required(&path, "must provide `dnsConfig` when `dnsPolicy` is None");
        }
        if servers.is_empty() {
            return errors.required(&at, "must provide at least one DNS nameserver when `dnsPolicy` is None");
        }
    }
    let shown = |list: &[Value]| Value::List(list.to_vec()).to_json();
    if servers.len() > 3 {
        errors.invalid(&at, shown(servers), "must not have more than 3 nameservers");
    }
    for (i, server) in servers.iter().enumerate() {
        grammar::ip(errors, &at.index(i), server.as_str().unwrap_or_default());
    }
    let (searches, at) = (list("searches"), path.key("searches"));
    if searches.len() > 32 {
        errors.invalid(&at, shown(searches), "must not have more than 32 search paths");
    }
    let length: u64 = searches.iter().filter_map(Value::as_str).map(|search| search.len() as u64 + 1).sum();
    if length > 2048 + 1 {
        let detail = "must not have more than 2048 characters (including spaces) in the search list";
        errors.invalid(&at, shown(searches), detail);
    }
    for (i, search) in searches.iter().enumerate() {
        let search = search.as_str().unwrap_or_default();
        if search != "." {
            grammar::underscored(errors, &at.index(i), search.strip_suffix('.').unwrap_or(search));
        }
    }
    let options = path.key("options");
    for (i, _) in list("options").iter().enumerate().filter(|(_, option)| text(option, "name").is_empty()) {
        errors.required(&options.index(i), "must not be empty");
    }
}

/// Lines for a pod's file of hosts.
pub fn aliases(errors: &mut Errors, aliases: &Value, path: &Path<'_>) {
    let list = path.key("hostAliases");
    for (i, alias) in aliases.as_list().unwrap_or_default().iter().enumerate() {
        let at = list.index(i);
        grammar::ip(errors, &at.key("ip"), text(alias, "ip"));
        let names = at.key("hostnames");
        for (i, name) in items(alias.at(&["hostnames"])).iter().enumerate() {
            dns_subdomain(errors, &names.index(i), name.as_str().unwrap_or_default());
        }
    }
}

/// Resources of the pod as a whole.
///
/// Upstream: `validatePodResources`.
pub fn resources(errors: &mut Errors, spec: &PodSpec, path: &Path<'_>) {
    let Some(value) = spec.others.get("resources") else { return };
    let path = path.key("resources");
    if operating_system(spec) == Some("windows") {
        return errors.forbidden(&path, "may not be set for a windows pod");
    }
    let own = ResourceRequirements::from_value(value, &mut Decode::default());
    if own.claims.0.is_some() {
        errors.forbidden(&path.key("claims"), "claims may not be set for Resources at pod-level");
    }
    let (limits, requests) = (path.key("limits"), path.key("requests"));
    for (amounts, at) in [(&own.limits, &limits), (&own.requests, &requests)] {
        for (name, quantity) in amounts {
            let within = at.map_key(name);
            let before = errors.count();
            pod_resources::any_resource(errors, name, &within);
            let fits = matches!(&**name, "cpu" | "memory") || name.starts_with("hugepages-");
            if errors.count() == before && !fits {
                errors.not_supported(&within, format::text(name), &["cpu", "hugepages-", "memory"]);
            }
            pod_resources::amount(errors, name, quantity, &within);
        }
    }
    for (name, quantity) in &own.requests {
        pod_resources::request(errors, &own, name, quantity, (&limits, &requests));
    }
    let sum = |name: &Name| -> i128 {
        let of = |container: &Container| container.resources.requests.get(name).and_then(Quantity::millis);
        spec.containers.iter().filter_map(of).sum()
    };
    for (name, quantity) in &own.requests {
        let (needed, given) = (sum(name), quantity.millis().unwrap_or(0));
        if needed > given {
            let needed = if &**name == "cpu" && needed % 1_000 != 0 {
                format!("{needed}m")
            } else if &**name == "cpu" {
                (needed / 1_000).to_string()
            } else {
                Quantity::binary_text(needed / 1_000)
            };
            let detail = format!("must be greater than or equal to aggregate container requests of {needed}");
            errors.invalid(&requests.map_key(name), format::text(&quantity.0), detail);
        }
    }
    for (i, container) in spec.containers.iter().enumerate() {
        for (name, limit) in &container.resources.limits {
            if let Some(most) = own.limits.get(name).filter(|most| limit.millis() > most.millis()) {
                let at = path.key("containers");
                let at = at.index(i);
                let detail = format!("must be less than or equal to pod limits of {most}");
                errors.invalid(&at.map_key(name).key("limits"), format::text(&limit.0), detail);
            }
        }
    }
}

pub fn operating_system(spec: &PodSpec) -> Option<&str> {
    spec.os.0.as_deref()?.at(&["name"])?.as_str()
}

/// Fields that the simulation knows by name only.
///
/// Upstream: `validateHostUsers`, `validatePodHostName`.
pub fn others(errors: &mut Errors, spec: &PodSpec, path: &Path<'_>) {
    if spec.others.get("hostUsers") == Some(&Value::Bool(false)) {
        let flags = [("hostNetwork", spec.host_network), ("HostPID", spec.host_pid), ("HostIPC", spec.host_ipc)];
        for (key, _) in flags.into_iter().filter(|flag| flag.1) {
            errors.forbidden(&path.key(key), "when `hostUsers` is false");
        }
    }
    if let Some(name) = spec.others.get("hostnameOverride").and_then(Value::as_str) {
        let at = path.key("hostnameOverride");
        if spec.set_hostname_as_fqdn == Some(true) {
            errors.forbidden(&at, "may not be specified when setHostnameAsFQDN is true");
        }
        if spec.host_network {
            errors.forbidden(&at, "may not be specified when hostNetwork is true");
        }
        if name.len() > 64 {
            errors.too_long(&at, "may not be more than 64 bytes");
        }
        dns_subdomain(errors, &at, name);
    }
}

/// The system that a pod is for, and what cannot be said of that one.
///
/// Upstream: `validateOS`, `validateLinux`, `validateWindows`.
pub fn system(errors: &mut Errors, spec: &PodSpec, path: &Path<'_>) {
    let Some(os) = &spec.os.0 else { return };
    match text(os, "name") {
        "" => errors.required(&path.key("os").key("name"), ""),
        "linux" => on_linux(errors, spec, path),
        "windows" => on_windows(errors, spec, path),
        other => errors.not_supported(&path.key("os"), format::text(other), &["linux", "windows"]),
    }
}

/// Calls with each container's security context and the path to it.
fn each_context(spec: &PodSpec, path: &Path<'_>, done: &mut dyn FnMut(&Value, &Path<'_>)) {
    for (key, containers) in [("initContainers", &spec.init_containers), ("containers", &spec.containers)] {
        let list = path.key(key);
        for (i, container) in containers.iter().enumerate() {
            if let Some(context) = container.security_context.0.as_deref() {
                done(context, &list.index(i).key("securityContext"));
            }
        }
    }
}

fn on_linux(errors: &mut Errors, spec: &PodSpec, path: &Path<'_>) {
    let mut check = |context: &Value, path: &Path<'_>| {
        if context.at(&["windowsOptions"]).is_some() {
            errors.forbidden(&path.key("windowsOptions"), "windows options cannot be set for a linux pod");
        }
    };
    if let Some(context) = spec.security_context.0.as_deref() {
        check(context, &path.key("securityContext"));
    }
    each_context(spec, path, &mut check);
}

fn on_windows(errors: &mut Errors, spec: &PodSpec, path: &Path<'_>) {
    const DETAIL: &str = "cannot be set for a windows pod";
    let context = path.key("securityContext");
    let none = Value::Null;
    let own = spec.security_context.0.as_deref().unwrap_or(&none);
    let given = |key: &str| own.at(&[key]).is_some();
    let checks = [
        (given("appArmorProfile"), context.key("appArmorProfile")),
        (given("seLinuxOptions"), context.key("seLinuxOptions")),
        (spec.others.get("hostUsers").is_some(), path.key("hostUsers")),
        (spec.host_pid, path.key("hostPID")),
        (spec.host_ipc, path.key("hostIPC")),
        (given("seccompProfile"), context.key("seccompProfile")),
        (given("fsGroup"), context.key("fsGroup")),
        (given("fsGroupChangePolicy"), context.key("fsGroupChangePolicy")),
        (given("sysctls"), context.key("sysctls")),
        (spec.share_process_namespace.is_some(), path.key("shareProcessNamespace")),
        (given("runAsUser"), context.key("runAsUser")),
        (given("runAsGroup"), context.key("runAsGroup")),
        (given("supplementalGroups"), context.key("supplementalGroups")),
        (given("supplementalGroupsPolicy"), context.key("supplementalGroupsPolicy")),
        (given("seLinuxChangePolicy"), context.key("seLinuxChangePolicy")),
    ];
    for (_, path) in checks.iter().filter(|check| check.0) {
        errors.forbidden(path, DETAIL);
    }
    const KEYS: [&str; 10] = [
        "appArmorProfile",
        "seLinuxOptions",
        "seccompProfile",
        "capabilities",
        "readOnlyRootFilesystem",
        "privileged",
        "allowPrivilegeEscalation",
        "procMount",
        "runAsUser",
        "runAsGroup",
    ];
    each_context(spec, path, &mut |context, path| {
        for key in KEYS.iter().filter(|key| context.at(&[key]).is_some()) {
            errors.forbidden(&path.key(key), DETAIL);
        }
    });
}

/// The signal that asks a container to stop.
///
/// Upstream: `validateStopSignal`.
pub fn stop_signal(errors: &mut Errors, signal: &str, system: Option<&str>, path: &Path<'_>) {
    let sorted = |mut words: Vec<String>| {
        words.sort_unstable();
        words
    };
    let words = match system {
        None => return errors.forbidden(path, "may not be set for containers with empty `spec.os.name`"),
        Some("windows") => vec!["SIGKILL".to_owned(), "SIGTERM".to_owned()],
        Some("linux") => {
            const NAMES: &str = "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT \
                                 STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX";
            let named = NAMES.split(' ').map(|name| format!("SIG{name}"));
            let above = (1..=15).map(|n| format!("SIGRTMIN+{n}"));
            let below = (1..=14).map(|n| format!("SIGRTMAX-{n}"));
            sorted(named.chain(above).chain(below).collect())
        }
        Some(_) => return,
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    errors.one_of(path, signal, &words);
}

/// When a single container is started again.
///
/// Upstream: `validateContainerRestartPolicy`, `validateInitContainerRestartPolicy`.
pub fn restarts(errors: &mut Errors, container: &Container, is_init: bool, path: &Path<'_>) {
    let rules = items(container.others.get("restartPolicyRules"));
    let (at, list) = (path.key("restartPolicy"), path.key("restartPolicyRules"));
    match &*container.restart_policy {
        "" if is_init => return,
        "" if rules.is_empty() => return,
        "" => errors.required(&at, "must specify restartPolicy when restart rules are used"),
        "Always" if is_init => {
            if !rules.is_empty() {
                let detail = "restartPolicyRules are not allowed for init containers with restart policy Always";
                errors.forbidden(&list, detail);
            }
            return;
        }
        policy => errors.one_of(&at, policy, &["Always", "Never", "OnFailure"]),
    }
    if rules.len() > 20 {
        errors.too_long(&list, "may not be more than 20 bytes");
    }
    for (i, rule) in rules.iter().enumerate() {
        let at = list.index(i);
        errors.one_of(&at.key("action"), text(rule, "action"), &["Restart"]);
        let codes = at.key("exitCodes");
        match rule.at(&["exitCodes"]) {
            Some(found) => errors.one_of(&codes.key("operator"), text(found, "operator"), &["In", "NotIn"]),
            None => errors.required(&codes, "must be specified"),
        }
    }
}

/// Upstream: `validateResizePolicy`.
pub fn resize(errors: &mut Errors, policies: &Value, never_restarts: bool, path: &Path<'_>) {
    let (list, all) = (path.key("resizePolicy"), policies.as_list().unwrap_or_default());
    for (i, policy) in all.iter().enumerate() {
        let (resource, restart) = (text(policy, "resourceName"), text(policy, "restartPolicy"));
        if all[..i].iter().any(|other| text(other, "resourceName") == resource) {
            errors.duplicate(&list.index(i), resource);
        }
        errors.required_one_of(&list, resource, &["cpu", "memory"]);
        errors.required_one_of(&list, restart, &["NotRequired", "RestartContainer"]);
        if never_restarts && restart != "NotRequired" {
            let detail = "must be 'NotRequired' when `restartPolicy` is 'Never'";
            errors.invalid(&list, format::text(restart), detail);
        }
    }
}

/// Devices that a container uses, of those that its pod claims.
///
/// Upstream: `validateResourceClaimNames`.
pub fn used_claims(errors: &mut Errors, claims: &Value, spec: &PodSpec, path: &Path<'_>) {
    let (list, all) = (path.key("claims"), claims.as_list().unwrap_or_default());
    let mut known: Vec<&str> = items(spec.others.get("resourceClaims"))
        .iter()
        .map(|claim| text(claim, "name"))
        .filter(|n| !n.is_empty())
        .collect();
    known.sort_unstable();
    known.dedup();
    for (i, claim) in all.iter().enumerate() {
        let (at, name, request) = (list.index(i), text(claim, "name"), text(claim, "request"));
        if name.is_empty() {
            errors.required(&at, "");
            continue;
        }
        if !request.is_empty() {
            dns_label(errors, &at.key("request"), request);
        }
        if all[..i].iter().any(|other| text(other, "name") == name && text(other, "request") == request) {
            let key = if request.is_empty() { name.to_owned() } else { format!("{name}/{request}") };
            errors.duplicate(&at, &key);
        }
        if !known.contains(&name) {
            errors.not_found(&at, name);
            let end = if known.is_empty() { " which is empty".to_owned() } else { format!(": {}", known.join(", ")) };
            errors.explain_last(format!("must be one of the names in pod.spec.resourceClaims{end}"));
        }
    }
}

/// Files that variables are read from are of an emptyDir.
///
/// Upstream: `validateFileKeyRefVolumes`.
pub fn files_of_variables(errors: &mut Errors, spec: &PodSpec, path: &Path<'_>) {
    for (key, containers) in [("initContainers", &spec.init_containers), ("containers", &spec.containers)] {
        let list = path.key(key);
        for (i, container) in containers.iter().enumerate() {
            let at = list.index(i);
            let env = at.key("env");
            for (i, variable) in items(container.env.0.as_deref()).iter().enumerate() {
                let Some(file) = variable.at(&["valueFrom", "fileKeyRef"]) else { continue };
                let (at, name) = (env.index(i), text(file, "volumeName"));
                let at = at.key("valueFrom");
                let at = at.key("fileKeyRef");
                match spec.volumes.iter().find(|volume| &*volume.name == name) {
                    None => errors.not_found(&at.key("volumeName"), name),
                    Some(volume) if volume.empty_dir.0.is_none() => {
                        let detail = "referenced volume must be of type emptyDir";
                        errors.invalid(&at.key("volumeName"), format::text(name), detail);
                    }
                    Some(_) => {}
                }
            }
        }
    }
}
