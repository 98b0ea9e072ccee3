//! What the API server warns of in objects that it takes.
//!
//! Upstream: `pkg/api/pod/warnings.go` and its like, and `WarningsOnCreate` of `pkg/registry`.
//!
//! Deviation: of addresses with zeros in front, and of networks, nothing is told.

use super::pod_warnings;
use petri_objects::value::quoted;
use petri_objects::*;
use std::collections::{BTreeMap, BTreeSet};

/// Labels of nodes that have newer names, and what is said of them.
const OLD_LABELS: &[(&str, &str)] = &[
    ("beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"),
    ("beta.kubernetes.io/instance-type", "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"),
    ("beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    ("failure-domain.beta.kubernetes.io/zone", "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"),
];

const OLD_ANNOTATIONS: &[(&str, &str)] = &[
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
];

/// Drivers of volumes that are no more.
const OLD_VOLUMES: &[(&str, &str)] = &[
    ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

const NO_POD: &str = "a null labelSelector results in matching no pod";
const OLD_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
const SECCOMP: &str = "non-functional in v1.27+; use the \"seccompProfile\" field instead";

type Warnings = Vec<String>;

/// What a cluster says to whoever reads or writes objects of a kind that goes out of use.
pub fn deprecation(kind: Kind) -> Option<&'static str> {
    match (kind, kind.name()) {
        (Kind::Kept(_), "Endpoints") => {
            Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")
        }
        (Kind::Kept(_), "ComponentStatus") => Some("v1 ComponentStatus is deprecated in v1.19+"),
        _ => None,
    }
}

/// Everything that a cluster warns of when it takes this object.
pub fn of(object: &Object) -> Warnings {
    let (mut out, value) = (Warnings::new(), object.to_value());
    let name = object.kind().name();
    out.extend(deprecation(object.kind()).map(String::from));
    let label = NAMED.iter().find(|(kinds, _)| kinds.contains(&name));
    if let (Some((_, what)), Some(fault)) = (label, not_a_label(&object.meta().name)) {
        out.push(format!(
            "metadata.name: this is used in {what}, which can result in surprising behavior; a DNS label is recommended: \
             [{fault}]"
        ));
    }
    let template: &[&str] = match name {
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "ReplicationController" | "Job" => {
            &["spec", "template"]
        }
        "CronJob" => &["spec", "jobTemplate", "spec", "template"],
        "PodTemplate" => &["template"],
        _ => &[],
    };
    match name {
        "Pod" => pod(&value, "", &mut out),
        "PersistentVolumeClaim" => {
            old_class(&value, &mut out);
            claim(&value, "spec.", &mut out);
        }
        "PersistentVolume" => volume(&value, &mut out),
        "Service" => service(&value, &mut out),
        "Ingress" if object.meta().annotations.get("kubernetes.io/ingress.class").is_some() => out.push(
            "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"
                .into(),
        ),
        "StorageClass" => topologies(&value, &mut out),
        _ => {}
    }
    if let Some(inner) = value.at(template).filter(|_| !template.is_empty()) {
        pod(inner, &format!("{}.", template.join(".")), &mut out);
    }
    if name == "StatefulSet" {
        for (i, template) in items(&value, &["spec", "volumeClaimTemplates"]) {
            claim(template, &format!("spec.volumeClaimTemplates[{i}]."), &mut out);
        }
        if value.at(&["spec", "revisionHistoryLimit"]).and_then(Value::as_int).is_some_and(|limit| limit < 0) {
            out.push(
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"
                    .into(),
            );
        }
    }
    out
}

/// Whether a change of an object is worth a warning: pods are not warned of again, and workloads only where what they
/// specify has changed.
pub fn of_change(new: &Object, old: &Object) -> Warnings {
    let same = new.meta().generation > 0 && new.meta().generation == old.meta().generation;
    if new.kind() == Kind::Pod || same { Warnings::new() } else { of(new) }
}

/// Kinds whose names become others, and which.
const NAMED: &[(&[&str], &str)] = &[
    (&["Pod"], "the Pod's hostname"),
    (&["CronJob", "Deployment", "Job", "ReplicaSet", "ReplicationController"], "Pod names and hostnames"),
];

fn not_a_label(name: &str) -> Option<&'static str> {
    if name.len() > 63 {
        Some("must be no more than 63 characters")
    } else {
        name.contains('.').then_some("must not contain dots")
    }
}

/// The items of a list with their places.
fn items<'v>(value: &'v Value, path: &[&str]) -> impl Iterator<Item = (usize, &'v Value)> + use<'v> {
    value.at(path).and_then(Value::as_list).unwrap_or_default().iter().enumerate()
}

fn text<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    value.at(path).and_then(Value::as_str).unwrap_or_default()
}

fn has(value: &Value, path: &[&str]) -> bool {
    !matches!(value.at(path), None | Some(Value::Null))
}

fn old_label(key: &str) -> Option<&'static str> {
    OLD_LABELS.iter().find(|(label, _)| *label == key).map(|(_, said)| *said)
}

fn fraction(value: &Value, path: &[&str], key: &str, at: &str, out: &mut Warnings) {
    let amount = value.at(path).and_then(|amounts| amounts.at(&[key])).and_then(Value::as_str);
    if let Some(amount) = amount.filter(|amount| Quantity((*amount).into()).millis().is_some_and(|m| m % 1_000 != 0)) {
        let (path, amount) = (path.join("."), quoted(amount));
        out.push(format!("{at}{path}[{key}]: fractional byte value {amount} is invalid, must be an integer"));
    }
}

fn claim(value: &Value, at: &str, out: &mut Warnings) {
    let spec = value.at(&["spec"]).unwrap_or(value);
    fraction(spec, &["resources", "requests"], "storage", at, out);
}

fn old_class(value: &Value, out: &mut Warnings) {
    if has(value, &["metadata", "annotations", OLD_CLASS]) {
        out.push(format!(
            "metadata.annotations[{OLD_CLASS}]: deprecated since v1.8; use \"storageClassName\" attribute instead"
        ));
    }
}

fn volume(value: &Value, out: &mut Warnings) {
    old_class(value, out);
    if text(value, &["spec", "persistentVolumeReclaimPolicy"]) == "Recycle" {
        out.push(
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended \
             approach is to use dynamic provisioning."
                .into(),
        );
    }
    let terms = ["spec", "nodeAffinity", "required", "nodeSelectorTerms"];
    selector_terms(value, &terms, "", out);
    let old = OLD_VOLUMES.iter().filter(|(driver, _)| *driver != "gitRepo" && has(value, &["spec", driver]));
    out.extend(old.map(|(driver, said)| format!("spec.{driver}: {said}")));
}

fn service(value: &Value, out: &mut Warnings) {
    const HINTS: &str = "service.kubernetes.io/topology-aware-hints";
    if has(value, &["metadata", "annotations", HINTS]) {
        let newer = "service.kubernetes.io/topology-mode";
        out.push(format!("annotation {HINTS} is deprecated, please use {newer} instead"));
    }
    for (i, ip) in items(value, &["spec", "clusterIPs"]) {
        pod_warnings::address(&format!("spec.clusterIPs[{i}]"), ip.as_str().unwrap_or_default(), out);
    }
    if text(value, &["spec", "clusterIP"]) == "None" {
        if !text(value, &["spec", "loadBalancerIP"]).is_empty() {
            out.push("spec.loadBalancerIP is ignored for headless services".into());
        }
        if items(value, &["spec", "externalIPs"]).next().is_some() {
            out.push("spec.externalIPs is ignored for headless services".into());
        }
        if !matches!(text(value, &["spec", "sessionAffinity"]), "" | "None") {
            out.push("spec.SessionAffinity is ignored for headless services".into());
        }
    }
    for (i, ip) in items(value, &["spec", "externalIPs"]) {
        pod_warnings::address(&format!("spec.externalIPs[{i}]"), ip.as_str().unwrap_or_default(), out);
    }
    let is_a_name = text(value, &["spec", "type"]) == "ExternalName";
    if is_a_name && items(value, &["spec", "externalIPs"]).next().is_some() {
        out.push("spec.externalIPs is ignored when spec.type is \"ExternalName\"".into());
    }
    if !is_a_name && !text(value, &["spec", "externalName"]).is_empty() {
        out.push("spec.externalName is ignored when spec.type is not \"ExternalName\"".into());
    }
    if text(value, &["spec", "trafficDistribution"]) == "PreferClose" {
        out.push("spec.trafficDistribution: PreferClose is deprecated in v1.34+; use PreferSameZone".into());
    }
}

fn topologies(value: &Value, out: &mut Warnings) {
    for (i, term) in items(value, &["allowedTopologies"]) {
        for (j, expression) in items(term, &["matchLabelExpressions"]) {
            if let Some(said) = old_label(text(expression, &["key"])) {
                out.push(format!("allowedTopologies[{i}].matchLabelExpressions[{j}].key: {said}"));
            }
        }
    }
}

/// Upstream: `GetWarningsForNodeSelectorTerm`.
fn selector_terms(value: &Value, path: &[&str], at: &str, out: &mut Warnings) {
    for (i, term) in items(value, path) {
        selector_term(term, &format!("{at}{}[{i}]", path.join(".")), out);
    }
}

fn selector_term(term: &Value, at: &str, out: &mut Warnings) {
    for (i, expression) in items(term, &["matchExpressions"]) {
        let key = text(expression, &["key"]);
        if let Some(said) = old_label(key) {
            out.push(format!("{at}.matchExpressions[{i}].key: {key} is {said}"));
        }
    }
}

/// A pod, or the template of some. `at`: what leads to it, with a dot behind.
///
/// Upstream: `warningsForPodSpecAndMeta`.
fn pod(value: &Value, at: &str, out: &mut Warnings) {
    let none = Value::Null;
    let spec = value.at(&["spec"]).unwrap_or(&none);
    let labels = spec.at(&["nodeSelector"]).and_then(Value::as_map);
    for (key, _) in labels.iter().flat_map(|labels| labels.iter()) {
        out.extend(old_label(key).map(|said| format!("{at}spec.nodeSelector[{key}]: {said}")));
    }
    let node = ["spec", "affinity", "nodeAffinity"];
    let required = [&node[..], &["requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"]].concat();
    selector_terms(value, &required, at, out);
    let preferred = [&node[..], &["preferredDuringSchedulingIgnoredDuringExecution"]].concat();
    for (i, term) in items(value, &preferred) {
        if let Some(preference) = term.at(&["preference"]) {
            selector_term(preference, &format!("{at}{}[{i}].preference", preferred.join(".")), out);
        }
    }
    for (i, constraint) in items(spec, &["topologySpreadConstraints"]) {
        let (key, at) = (text(constraint, &["topologyKey"]), format!("{at}spec.topologySpreadConstraints[{i}]"));
        out.extend(old_label(key).map(|said| format!("{at}.topologyKey: {key} is {said}")));
        if !has(constraint, &["labelSelector"]) {
            out.push(format!("{at}.labelSelector: {NO_POD}"));
        }
    }
    let note = |key: &str| has(value, &["metadata", "annotations", key]);
    for (key, said) in OLD_ANNOTATIONS.iter().filter(|(key, _)| note(key)) {
        out.push(format!("{at}metadata.annotations[{key}]: {said}"));
    }
    for (i, volume) in items(spec, &["volumes"]) {
        let old = OLD_VOLUMES.iter().filter(|(driver, _)| has(volume, &[driver]));
        // Upstream's own spelling of the one whose field is written otherwise.
        let shown = |driver: &'static str| if driver == "storageos" { "storageOS" } else { driver };
        out.extend(old.map(|(driver, said)| format!("{at}spec.volumes[{i}].{}: {said}", shown(driver))));
        if let Some(template) = volume.at(&["ephemeral", "volumeClaimTemplate"]) {
            claim(template, &format!("{at}spec.volumes[{i}].ephemeral.volumeClaimTemplate.spec."), out);
        }
    }
    let several = |(_, volume): (usize, &Value)| {
        let kinds = ["configMap", "secret", "downwardAPI"];
        has(volume, &["projected"]) || kinds.iter().any(|kind| items(volume, &[*kind, "items"]).nth(1).is_some())
    };
    if items(spec, &["volumes"]).any(several) {
        pod_warnings::overlapping_paths(spec, out);
    }
    twice(spec, "hostAliases", "ip", at, out);
    twice(spec, "imagePullSecrets", "name", at, out);
    for (i, _) in items(spec, &["imagePullSecrets"]).filter(|(_, secret)| text(secret, &["name"]).is_empty()) {
        out.push(format!("{at}spec.imagePullSecrets[{i}].name: invalid empty name \"\""));
    }
    if let Some(overhead) = spec.at(&["overhead"]) {
        for resource in ["memory", "ephemeral-storage"] {
            let amount = overhead.at(&[resource]).and_then(Value::as_str).map(|amount| Quantity(amount.into()));
            if let Some(amount) = amount.filter(|amount| amount.millis().is_some_and(|millis| millis % 1_000 != 0)) {
                let amount = quoted(&amount.0);
                out.push(format!(
                    "{at}spec.overhead[{resource}]: fractional byte value {amount} is invalid, must be an integer"
                ));
            }
        }
    }
    let pod_seccomp = "seccomp.security.alpha.kubernetes.io/pod";
    if note(pod_seccomp) && !has(spec, &["securityContext", "seccompProfile"]) {
        out.push(format!("{at}metadata.annotations[{pod_seccomp}]: {SECCOMP}"));
    }
    let containers: Vec<(String, &Value)> = ["initContainers", "containers"]
        .iter()
        .flat_map(|list| items(spec, &[list]).map(move |(i, container)| (format!("{at}spec.{list}[{i}]."), container)))
        .collect();
    for (path, container) in &containers {
        let key = format!("container.seccomp.security.alpha.kubernetes.io/{}", text(container, &["name"]));
        if note(&key) && !has(container, &["securityContext", "seccompProfile"]) {
            out.push(format!("{at}metadata.annotations[{key}]: {SECCOMP}"));
        }
        let key = format!("container.apparmor.security.beta.kubernetes.io/{}", text(container, &["name"]));
        let profiled = |value: &Value| has(value, &["securityContext", "appArmorProfile"]);
        if !at.is_empty() && note(&key) && !profiled(spec) && !profiled(container) {
            out.push(format!(
                "{at}metadata.annotations[{key}]: deprecated since v1.30; use the \"appArmorProfile\" field instead"
            ));
        }
        for resource in ["memory", "ephemeral-storage"] {
            fraction(container, &["resources", "limits"], resource, path, out);
            fraction(container, &["resources", "requests"], resource, path, out);
        }
        hidden_variables(container, path, out);
    }
    ports(&containers, out);
    pod_warnings::port_names(&containers, out);
    if spec.at(&["terminationGracePeriodSeconds"]).and_then(Value::as_int).is_some_and(|seconds| seconds < 0) {
        out.push(format!(
            "{at}spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"
        ));
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let path = ["affinity", kind, "requiredDuringSchedulingIgnoredDuringExecution"];
        for (i, _) in items(spec, &path).filter(|(_, term)| !has(term, &["labelSelector"])) {
            out.push(format!("{at}spec.{}[{i}].labelSelector: {NO_POD}", path.join(".")));
        }
        let path = ["affinity", kind, "preferredDuringSchedulingIgnoredDuringExecution"];
        for (i, _) in items(spec, &path).filter(|(_, term)| !has(term, &["podAffinityTerm", "labelSelector"])) {
            out.push(format!("{at}spec.{}[{i}].podAffinityTerm.labelSelector: {NO_POD}", path.join(".")));
        }
    }
    for (i, server) in items(spec, &["dnsConfig", "nameservers"]) {
        let place = format!("{at}spec.dnsConfig.nameservers[{i}]");
        pod_warnings::address(&place, server.as_str().unwrap_or_default(), out);
    }
    for (i, alias) in items(spec, &["hostAliases"]) {
        pod_warnings::address(&format!("{at}spec.hostAliases[{i}].ip"), text(alias, &["ip"]), out);
    }
}

/// Items of a list that name the same.
fn twice(spec: &Value, list: &str, key: &str, at: &str, out: &mut Warnings) {
    let mut seen = BTreeSet::new();
    for (i, item) in items(spec, &[list]) {
        let name = text(item, &[key]);
        if !seen.insert(name) {
            out.push(format!("{at}spec.{list}[{i}].{key}: duplicate {key} {}", quoted(name)));
        }
    }
}

/// Variables whose earlier value is lost.
fn hidden_variables(container: &Value, path: &str, out: &mut Warnings) {
    let mut seen = BTreeSet::new();
    for (i, variable) in items(container, &["env"]) {
        let (name, value) = (text(variable, &["name"]), text(variable, &["value"]));
        let earlier = format!("$({name})");
        let builds_on = value.contains(&earlier) && value != earlier && !has(variable, &["valueFrom"]);
        if !seen.insert(name) && !builds_on {
            let name = quoted(name);
            out.push(format!(
                "{path}env[{i}]: hides previous definition of {name}, which may be dropped when using apply"
            ));
        }
    }
}

/// Where a port stands, and its address and port on the host.
type PortBlock<'v> = (String, &'v str, i64);

fn ports(containers: &[(String, &Value)], out: &mut Warnings) {
    let mut all: BTreeMap<(i64, &str), Vec<PortBlock<'_>>> = BTreeMap::new();
    for (path, container) in containers {
        for (i, port) in items(container, &["ports"]) {
            let number = |key: &str| port.at(&[key]).and_then(Value::as_int).unwrap_or(0);
            let (ip, host, place) = (text(port, &["hostIP"]), number("hostPort"), format!("{path}ports[{i}]"));
            if !ip.is_empty() && host == 0 {
                let (name, protocol) = (text(port, &["name"]), text(port, &["protocol"]));
                let shown = format!(
                    "{{Name:{name} HostPort:0 ContainerPort:{} Protocol:{protocol} HostIP:{ip}}}",
                    number("containerPort")
                );
                out.push(format!("{place}: hostIP set without hostPort: {shown}"));
            }
            let others = all.entry((number("containerPort"), text(port, &["protocol"]))).or_default();
            for (other, other_ip, other_host) in others.iter() {
                let how = if ip == *other_ip && host == *other_host {
                    "duplicate"
                } else if host == 0 || *other_host == 0 {
                    "overlapping"
                } else if host == *other_host && ip.is_empty() != other_ip.is_empty() {
                    "dangerously ambiguous"
                } else {
                    continue;
                };
                out.push(format!("{place}: {how} port definition with {other}"));
            }
            others.push((place, ip, host));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: Kind, json: &str) -> Warnings {
        let value = Value::from_json(json).expect("the test's own JSON");
        of(&Object::decode(kind, &value, &mut Decode::default()))
    }

    /// Upstream: `TestWarnings`.
    #[test]
    fn pods_are_warned_of_what_is_lost() {
        let pod = r#"{"metadata":{"name":"a.b"},"spec":{"terminationGracePeriodSeconds":-1,
            "nodeSelector":{"beta.kubernetes.io/os":"linux"},"volumes":[{"name":"g","gitRepo":{"repository":"r"}}],
            "containers":[{"name":"c","image":"i","ports":[{"containerPort":80,"protocol":"TCP"},
            {"containerPort":80,"hostPort":80,"protocol":"TCP"}],"resources":{"limits":{"memory":"1m"}},
            "env":[{"name":"A","value":"a"},{"name":"A","value":"b"},{"name":"A","value":"$(A)c"}]}]}}"#;
        assert_eq!(
            said(Kind::Pod, pod),
            [
                "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is \
                 recommended: [must not contain dots]",
                "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
                "spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+",
                "spec.containers[0].resources.limits[memory]: fractional byte value \"1m\" is invalid, must be an integer",
                "spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply",
                "spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]",
                "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
            ]
        );
    }

    #[test]
    fn templates_are_warned_of_where_they_stand() {
        let set = r#"{"metadata":{"name":"s"},"spec":{"revisionHistoryLimit":-1,"template":{"spec":{
            "topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"failure-domain.beta.kubernetes.io/zone"}],
            "imagePullSecrets":[{"name":"a"},{"name":"a"},{}],"containers":[]}}}}"#;
        assert_eq!(
            said(Kind::StatefulSet, set),
            [
                "spec.template.spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is \
                 deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
                "spec.template.spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no \
                 pod",
                "spec.template.spec.imagePullSecrets[1].name: duplicate name \"a\"",
                "spec.template.spec.imagePullSecrets[2].name: invalid empty name \"\"",
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended",
            ]
        );
        assert!(said(Kind::ConfigMap, r#"{"metadata":{"name":"a.b"}}"#).is_empty());
    }
}
