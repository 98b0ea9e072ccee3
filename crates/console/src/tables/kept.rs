//! Rows of the kinds that are kept, not simulated. Those that nobody lists often have a name and an age.
//!
//! Deviation: the columns that a CustomResourceDefinition asks for are not printed.
//!
//! Upstream: `pkg/printers/internalversion/printers.go`.

use super::cells::age_since;
use super::jobs;
use petri_objects::kept::secret;
use petri_objects::{KeptKind, KeptObject, Map, Time, Value};

type Columns = (&'static [&'static str], &'static [&'static str]);

/// The headers of a kind's table, and those that `-o wide` adds.
pub(super) fn columns(kind: KeptKind) -> Columns {
    if kind.is_custom() {
        return (&["NAME", "AGE"], &[]);
    }
    const PODS: &[&str] = &["CONTAINERS", "IMAGES", "SELECTOR"];
    match kind.entry().name {
        "Secret" => (&["NAME", "TYPE", "DATA", "AGE"], &[]),
        "Endpoints" => (&["NAME", "ENDPOINTS", "AGE"], &[]),
        "LimitRange" | "Role" | "ClusterRole" | "CustomResourceDefinition" => (&["NAME", "CREATED AT"], &[]),
        "ReplicationController" => (&["NAME", "DESIRED", "CURRENT", "READY", "AGE"], PODS),
        "Job" => (&["NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE"], PODS),
        "CronJob" => (&["NAME", "SCHEDULE", "TIMEZONE", "SUSPEND", "ACTIVE", "LAST SCHEDULE", "AGE"], PODS),
        "HorizontalPodAutoscaler" => (&["NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS", "REPLICAS", "AGE"], &[]),
        "Ingress" => (&["NAME", "CLASS", "HOSTS", "ADDRESS", "PORTS", "AGE"], &[]),
        "IngressClass" => (&["NAME", "CONTROLLER", "PARAMETERS", "AGE"], &[]),
        "NetworkPolicy" => (&["NAME", "POD-SELECTOR", "AGE"], &[]),
        "RoleBinding" | "ClusterRoleBinding" => (&["NAME", "ROLE", "AGE"], &["USERS", "GROUPS", "SERVICEACCOUNTS"]),
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => (&["NAME", "WEBHOOKS", "AGE"], &[]),
        "ValidatingAdmissionPolicy" => (&["NAME", "VALIDATIONS", "PARAMKIND", "AGE"], &[]),
        "ValidatingAdmissionPolicyBinding" => (&["NAME", "POLICYNAME", "PARAMREF", "AGE"], &[]),
        "RuntimeClass" => (&["NAME", "HANDLER", "AGE"], &[]),
        "CSINode" => (&["NAME", "DRIVERS", "AGE"], &[]),
        "VolumeAttributesClass" => (&["NAME", "DRIVERNAME", "AGE"], &[]),
        "ServiceCIDR" => (&["NAME", "CIDRS", "AGE"], &[]),
        _ => (&["NAME", "AGE"], &[]),
    }
}

/// The cells of an object, in the order of [`columns`].
pub(super) fn cells(object: &KeptObject, now: Time) -> (Vec<String>, Vec<String>) {
    let meta = &object.metadata;
    let age = age_since(meta.creation_timestamp, now);
    let text = |path: &[&str]| or_none(object.text(path));
    let count = |path: &[&str]| {
        let found = object.at(path);
        let list = found.and_then(Value::as_list).map_or(0, <[Value]>::len);
        (list as u64 + found.and_then(Value::as_map).map_or(0, Map::len)).to_string()
    };
    let number = |path: &[&str]| object.at(path).and_then(Value::as_int).unwrap_or(0).to_string();
    let kind = if object.kind.is_custom() { "" } else { object.kind.entry().name };
    let (mut cells, mut more) = (vec![meta.name.to_string()], Vec::new());
    match kind {
        "Secret" => cells.extend([object.text(&["type"]).to_owned(), count(&["data"]), age]),
        "Endpoints" => cells.extend([endpoints(object), age]),
        "LimitRange" | "Role" | "ClusterRole" | "CustomResourceDefinition" => {
            cells.push(meta.creation_timestamp.rfc3339());
        }
        "ReplicationController" => {
            cells.extend([number(&["spec", "replicas"]), number(&["status", "replicas"])]);
            cells.extend([number(&["status", "readyReplicas"]), age]);
            more = pods(object, &["spec", "template"], object.at(&["spec", "selector"]));
        }
        "Job" => {
            cells.extend(jobs::job(object, now));
            more = pods(object, &["spec", "template"], object.at(&["spec", "selector", "matchLabels"]));
        }
        "CronJob" => {
            cells.extend(jobs::cron_job(object, now));
            more = pods(object, &["spec", "jobTemplate", "spec", "template"], None);
        }
        "HorizontalPodAutoscaler" => {
            let target = |key: &str| object.text(&["spec", "scaleTargetRef", key]);
            cells.push(format!("{}/{}", target("kind"), target("name")));
            cells.push(targets(object));
            cells.extend([number(&["spec", "minReplicas"]), number(&["spec", "maxReplicas"])]);
            cells.extend([number(&["status", "currentReplicas"]), age]);
        }
        "Ingress" => {
            let rules = object.list(&["spec", "rules"]).iter();
            let hosts: Vec<&str> =
                rules.map(|rule| word(rule, &["host"])).map(|host| if host.is_empty() { "*" } else { host }).collect();
            let hosts = if hosts.is_empty() { "*".into() } else { hosts.join(",") };
            let ports = if object.list(&["spec", "tls"]).is_empty() { "80" } else { "80, 443" };
            cells.extend([text(&["spec", "ingressClassName"]), hosts, String::new(), ports.into(), age]);
        }
        "IngressClass" => {
            let parameters = object.at(&["spec", "parameters"]).map(|to| (word(to, &["kind"]), word(to, &["name"])));
            let parameters = parameters.map_or("<none>".into(), |(kind, name)| format!("{kind}/{name}"));
            cells.extend([object.text(&["spec", "controller"]).to_owned(), parameters, age]);
        }
        "NetworkPolicy" => {
            cells.push(pairs(object.at(&["spec", "podSelector", "matchLabels"]).and_then(Value::as_map)));
            cells.push(age);
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            let role = |key: &str| object.text(&["roleRef", key]);
            cells.extend([format!("{}/{}", role("kind"), role("name")), age]);
            more = ["User", "Group", "ServiceAccount"].map(|kind| subjects(object, kind)).into();
        }
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => cells.extend([count(&["webhooks"]), age]),
        "ValidatingAdmissionPolicy" => {
            let kind = object.at(&["spec", "paramKind"]);
            let kind = kind.map(|kind| format!("{}/{}", word(kind, &["apiVersion"]), word(kind, &["kind"])));
            cells.extend([count(&["spec", "validations"]), kind.unwrap_or("<unset>".into()), age]);
        }
        "ValidatingAdmissionPolicyBinding" => {
            let reference = object.text(&["spec", "paramRef", "name"]);
            let reference = if reference.is_empty() { "<unset>" } else { reference };
            cells.extend([object.text(&["spec", "policyName"]).to_owned(), reference.to_owned(), age]);
        }
        "RuntimeClass" => cells.extend([object.text(&["handler"]).to_owned(), age]),
        "CSINode" => cells.extend([count(&["spec", "drivers"]), age]),
        "VolumeAttributesClass" => cells.extend([object.text(&["driverName"]).to_owned(), age]),
        "ServiceCIDR" => {
            let cidrs: Vec<&str> = object.list(&["spec", "cidrs"]).iter().filter_map(Value::as_str).collect();
            cells.extend([cidrs.join(","), age]);
        }
        _ => cells.push(age),
    }
    (cells, more)
}

/// How many bytes each key of a Secret holds.
pub(crate) fn secret_sizes(object: &KeptObject) -> Vec<(&str, usize)> {
    let data = object.at(&["data"]).and_then(Value::as_map);
    let size = |value: &Value| value.as_str().and_then(|text| secret::decode(text).ok()).map_or(0, |bytes| bytes.len());
    data.into_iter().flat_map(Map::iter).map(|(key, value)| (&**key, size(value))).collect()
}

fn word<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    value.at(path).and_then(Value::as_str).unwrap_or_default()
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "<none>".into() } else { text.into() }
}

fn pairs(map: Option<&Map>) -> String {
    let pair = |(key, value): (&petri_objects::Name, &Value)| format!("{key}={}", value.as_str().unwrap_or_default());
    let pairs: Vec<String> = map.into_iter().flat_map(Map::iter).map(pair).collect();
    or_none(&pairs.join(","))
}

/// Names, images and selector of a template's containers.
fn pods(object: &KeptObject, template: &[&str], selector: Option<&Value>) -> Vec<String> {
    let path: Vec<&str> = template.iter().chain(&["spec", "containers"]).copied().collect();
    let of = |key: &str| {
        let words: Vec<&str> = object.list(&path).iter().map(|container| word(container, &[key])).collect();
        words.join(",")
    };
    vec![of("name"), of("image"), pairs(selector.and_then(Value::as_map))]
}

fn endpoints(object: &KeptObject) -> String {
    let mut all = Vec::new();
    for subset in object.list(&["subsets"]) {
        let list = |key: &str| subset.at(&[key]).and_then(Value::as_list).unwrap_or_default();
        let ports: Vec<String> = list("ports")
            .iter()
            .filter_map(|port| port.at(&["port"]))
            .map(|port| format!(":{}", port.to_json()))
            .collect();
        for address in list("addresses") {
            let ip = word(address, &["ip"]);
            match ports.is_empty() {
                true => all.push(ip.to_owned()),
                false => all.extend(ports.iter().map(|port| format!("{ip}{port}"))),
            }
        }
    }
    let more = all.len().saturating_sub(3);
    all.truncate(3);
    let rest = if more > 0 { format!(" + {more} more...") } else { String::new() };
    or_none(&(all.join(",") + &rest))
}

/// What an autoscaler aims at. Nothing measures the pods.
fn targets(object: &KeptObject) -> String {
    let target = |metric: &Value| {
        let kind = word(metric, &["type"]);
        let key =
            format!("{}{}", kind.get(..1).unwrap_or_default().to_ascii_lowercase(), kind.get(1..).unwrap_or_default());
        let target = metric.at(&[&key, "target"]);
        let value =
            |key: &str| target.and_then(|target| target.at(&[key])).map(|value| value.to_json().replace('"', ""));
        let wanted = value("averageUtilization").map(|percent| percent + "%");
        let wanted = wanted.or_else(|| value("averageValue")).or_else(|| value("value")).unwrap_or("<auto>".into());
        match kind {
            "Resource" => format!("{}: <unknown>/{wanted}", word(metric, &["resource", "name"])),
            _ => format!("<unknown>/{wanted}"),
        }
    };
    let all: Vec<String> = object.list(&["spec", "metrics"]).iter().map(target).collect();
    or_none(&all.join(", "))
}

fn subjects(object: &KeptObject, kind: &str) -> String {
    let of_kind = object.list(&["subjects"]).iter().filter(|subject| word(subject, &["kind"]) == kind);
    let name = |subject: &Value| match kind {
        "ServiceAccount" => format!("{}/{}", word(subject, &["namespace"]), word(subject, &["name"])),
        _ => word(subject, &["name"]).to_owned(),
    };
    of_kind.map(name).collect::<Vec<_>>().join(", ")
}
