//! From a tree to an object, and from what decoding met to problems.

use crate::document::Reporter;
use crate::limits::{MAX_PROBLEMS, replica_limit_message, too_many_replicas};
use crate::locate::{locate, locate_key};
use crate::problem::Grade;
use crate::suggest;
use crate::tree::{Node, NodeKind};
use petri_objects::{Decode, DecodeProblemKind, Kind, Object, Value};

/// Kinds of a real cluster that Petri does not simulate, with their API version.
const OTHER_KINDS: &[(&str, &str)] = &[
    ("v1", "Secret"),
    ("v1", "ServiceAccount"),
    ("v1", "Endpoints"),
    ("v1", "LimitRange"),
    ("v1", "ResourceQuota"),
    ("v1", "ReplicationController"),
    ("v1", "PodTemplate"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("autoscaling/v1", "HorizontalPodAutoscaler"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "IngressClass"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("storage.k8s.io/v1", "CSIDriver"),
    ("storage.k8s.io/v1", "CSINode"),
];

/// Reads the object of one document and reports what is wrong with it.
pub(crate) fn object(root: &Node, value: &Value, report: &mut Reporter<'_>) -> Option<Object> {
    let NodeKind::Map(_) = root.kind else {
        report.at(
            root.span.clone(),
            Grade::Error,
            "",
            format!("json: cannot unmarshal {} into Go value of type unstructured.detector", value.go_type()),
            Some("A manifest is a map that begins with apiVersion, kind and metadata.".into()),
        );
        return None;
    };
    let word = |key: &str| root.get(key).and_then(|entry| entry.value.as_str()).unwrap_or("");
    let (api_version, name) = (word("apiVersion"), word("kind"));
    for (key, shown) in [("kind", "Kind"), ("apiVersion", "apiVersion")] {
        if word(key).is_empty() {
            let help = match (key, word("kind")) {
                ("apiVersion", name) => Kind::ALL
                    .iter()
                    .find(|kind| kind.name() == name)
                    .map(|kind| format!("For a {name} write `apiVersion: {}`.", kind.api_version())),
                _ => Some("Every document says what it describes, for example `kind: StatefulSet`.".into()),
            };
            report.at(
                locate(root, key),
                Grade::Error,
                key,
                format!("Object '{shown}' is missing in '{}'", shortened(value)),
                help,
            );
            return None;
        }
    }
    let Some(kind) = Kind::from_api(api_version, name) else {
        unknown_kind(root, api_version, name, report);
        return None;
    };
    let mut at = Decode::default();
    let object = Object::from_value(value, &mut at)?;
    let before = report.errors();
    for (i, problem) in at.problems.iter().enumerate() {
        if i == MAX_PROBLEMS {
            let more = at.problems.len() - i;
            report.at(locate(root, "kind"), Grade::Error, "", format!("{more} more problems in this document"), None);
            break;
        }
        let path = &*problem.path;
        match &problem.kind {
            DecodeProblemKind::UnknownField => report.at(
                locate_key(root, path),
                Grade::Error,
                path,
                format!("strict decoding error: unknown field \"{path}\""),
                suggest::for_field(kind, path),
            ),
            DecodeProblemKind::WrongType(text) => report.at(
                locate(root, path),
                Grade::Error,
                path,
                if text.starts_with("quantities") { text.clone() } else { format!("json: {text}") },
                wrong_type_help(text),
            ),
            DecodeProblemKind::NotSimulated => report.at(
                locate_key(root, path),
                Grade::NotSimulated,
                path,
                format!("{path} is accepted, but has no effect in the simulation"),
                None,
            ),
        }
    }
    if let Some(replicas) = too_many_replicas(&object) {
        let path = "spec.replicas";
        report.at(locate(root, path), Grade::Error, path, replica_limit_message(i64::from(replicas)), None);
    }
    (report.errors() == before).then_some(object)
}

/// What Go expected and what the YAML says, where the cause is usually missing quotes.
fn wrong_type_help(text: &str) -> Option<String> {
    let is_string = text.ends_with("of type string");
    if is_string && (text.starts_with("cannot unmarshal bool") || text.starts_with("cannot unmarshal number")) {
        return Some("Put the value in quotes: unquoted, YAML takes it for a number or for true or false.".into());
    }
    (text.starts_with("cannot unmarshal string") && (text.ends_with("int32") || text.ends_with("int64")))
        .then(|| "Write a whole number, without quotes.".into())
}

fn unknown_kind(root: &Node, api_version: &str, name: &str, report: &mut Reporter<'_>) {
    let simulated = || Kind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
    let same_name = Kind::ALL.iter().find(|kind| kind.name() == name);
    let close = || suggest::closest(name, Kind::ALL.iter().map(|kind| kind.name()));
    let (place, help) = if let Some(kind) = same_name {
        ("apiVersion", format!("{name} is in `{}`.", kind.api_version()))
    } else if OTHER_KINDS.contains(&(api_version, name)) {
        ("kind", format!("Kubernetes knows {name}, but Petri does not simulate it. Petri simulates {}.", simulated()))
    } else if let Some(close) = close() {
        ("kind", format!("Did you mean `{close}`?"))
    } else {
        ("kind", format!("Petri simulates {}.", simulated()))
    };
    report.at(
        locate(root, place),
        Grade::Error,
        place,
        format!("no matches for kind \"{name}\" in version \"{api_version}\""),
        Some(help),
    );
}

/// The JSON that kubectl would print in full.
///
/// Deviation: cut after 200 characters, because a whole manifest inside a message hides the message.
fn shortened(value: &Value) -> String {
    let json = value.to_json();
    match json.char_indices().nth(200) {
        Some((at, _)) => format!("{}...", &json[..at]),
        None => json,
    }
}
