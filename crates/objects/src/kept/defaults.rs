//! What the API server fills in where an object of a kept kind says nothing.
//!
//! Deviation: of pod templates nothing is filled in, but for those of Jobs and CronJobs ([`crate::batch`]).

use super::{KeptObject, secret};
use crate::{Map, Name, Value};

/// Both kinds of webhooks.
const WEBHOOKS: &str = "MutatingWebhookConfiguration ValidatingWebhookConfiguration";

/// Kinds, field and JSON. `[]` stands for every item of a list. Where what surrounds a field is missing, so is the field.
///
/// Upstream: `SetDefaults_...` of `pkg/apis`.
const TABLE: &[(&str, &str, &str)] = &[
    ("Secret", "type", "\"Opaque\""),
    ("Endpoints", "subsets.[].ports.[].protocol", "\"TCP\""),
    ("ReplicationController", "spec.replicas", "1"),
    ("Job", "spec.completionMode", "\"NonIndexed\""),
    ("Job", "spec.podReplacementPolicy", "\"TerminatingOrFailed\""),
    ("Job", "spec.suspend", "false"),
    ("CronJob", "spec.concurrencyPolicy", "\"Allow\""),
    ("CronJob", "spec.failedJobsHistoryLimit", "1"),
    ("CronJob", "spec.successfulJobsHistoryLimit", "3"),
    ("CronJob", "spec.suspend", "false"),
    ("HorizontalPodAutoscaler", "spec.minReplicas", "1"),
    (
        "HorizontalPodAutoscaler",
        "spec.metrics",
        r#"[{"resource":{"name":"cpu","target":{"averageUtilization":80,"type":"Utilization"}},"type":"Resource"}]"#,
    ),
    ("NetworkPolicy", "spec.ingress.[].ports.[].protocol", "\"TCP\""),
    ("NetworkPolicy", "spec.egress.[].ports.[].protocol", "\"TCP\""),
    ("NetworkPolicy", "spec.podSelector", "{}"),
    ("ClusterRoleBinding RoleBinding", "roleRef.apiGroup", "\"rbac.authorization.k8s.io\""),
    ("CustomResourceDefinition", "spec.conversion", r#"{"strategy":"None"}"#),
    (WEBHOOKS, "webhooks.[].failurePolicy", "\"Fail\""),
    (WEBHOOKS, "webhooks.[].matchPolicy", "\"Equivalent\""),
    (WEBHOOKS, "webhooks.[].namespaceSelector", "{}"),
    (WEBHOOKS, "webhooks.[].objectSelector", "{}"),
    (WEBHOOKS, "webhooks.[].timeoutSeconds", "10"),
    (WEBHOOKS, "webhooks.[].clientConfig.service.port", "443"),
    (WEBHOOKS, "webhooks.[].rules.[].scope", "\"*\""),
    ("MutatingWebhookConfiguration", "webhooks.[].reinvocationPolicy", "\"Never\""),
    ("MutatingAdmissionPolicy ValidatingAdmissionPolicy", "spec.failurePolicy", "\"Fail\""),
    ("APIService", "spec.service.port", "443"),
    ("CSIDriver", "spec.attachRequired", "true"),
    ("CSIDriver", "spec.fsGroupPolicy", "\"ReadWriteOnceWithFSType\""),
    ("CSIDriver", "spec.podInfoOnMount", "false"),
    ("CSIDriver", "spec.requiresRepublish", "false"),
    ("CSIDriver", "spec.seLinuxMount", "false"),
    ("CSIDriver", "spec.storageCapacity", "false"),
    ("CSIDriver", "spec.volumeLifecycleModes", r#"["Persistent"]"#),
    ("FlowSchema", "spec.matchingPrecedence", "1000"),
];

/// Fills in what is not said.
pub fn defaults(object: &mut KeptObject) {
    if object.kind.is_custom() {
        return;
    }
    let name = object.kind.entry().name;
    match name {
        // With rules for failed pods only those that have failed are replaced.
        "Job" if object.at(&["spec", "podFailurePolicy"]).is_some() => {
            if let Some(Value::Map(spec)) = object.fields.entry_mut("spec")
                && spec.get("podReplacementPolicy").is_none()
            {
                insert(spec, "podReplacementPolicy", Value::from("Failed"));
            }
        }
        "Secret" => fold_string_data(&mut object.fields),
        "ReplicationController" => select_own_template(object),
        "LimitRange" => complete_limits(&mut object.fields),
        "NetworkPolicy" => name_policy_types(&mut object.fields),
        "RoleBinding" | "ClusterRoleBinding" => name_subject_groups(&mut object.fields),
        "CustomResourceDefinition" => name_definition(&mut object.fields),
        _ => {}
    }
    for (_, path, json) in TABLE.iter().filter(|row| row.0.split(' ').any(|kind| kind == name)) {
        let words: Vec<&str> = path.split('.').collect();
        fill(&mut object.fields, &words, json);
    }
}

fn fill(map: &mut Map, path: &[&str], json: &str) {
    match path {
        [] => {}
        [key] if map.get(key).is_none() => insert(map, key, Value::from_json(json).unwrap_or_default()),
        [_] => {}
        [key, rest @ ..] => fill_below(map.entry_mut(key), rest, json),
    }
}

fn fill_below(value: Option<&mut Value>, path: &[&str], json: &str) {
    match (value, path) {
        (Some(Value::Map(map)), path) => fill(map, path, json),
        (Some(Value::List(items)), ["[]", rest @ ..]) => {
            items.iter_mut().for_each(|item| fill_below(Some(item), rest, json));
        }
        _ => {}
    }
}

/// Sets a key at its place in the order.
fn insert(map: &mut Map, key: &str, value: Value) {
    map.insert(key, value);
    *map = map.sorted().into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
}

fn map_of(entries: Vec<(Name, Value)>) -> Value {
    Value::Map(entries.into_iter().collect())
}

/// Upstream: `Convert_v1_Secret_To_core_Secret`.
pub(super) fn fold_string_data(fields: &mut Map) {
    let Some(Value::Map(texts)) = fields.remove("stringData") else { return };
    let mut data = fields.get("data").and_then(Value::as_map).cloned().unwrap_or_default();
    for (key, text) in texts.iter() {
        data.insert(key.clone(), Value::from(&*secret::encode(text.as_str().unwrap_or_default().as_bytes())));
    }
    if !data.is_empty() {
        let data = map_of(data.sorted().into_iter().map(|(key, value)| (key.clone(), value.clone())).collect());
        insert(fields, "data", data);
    }
}

/// Upstream: `SetDefaults_ReplicationController`.
fn select_own_template(object: &mut KeptObject) {
    let labels = object.at(&["spec", "template", "metadata", "labels"]).and_then(Value::as_map).cloned();
    let Some(labels) = labels.filter(|labels| !labels.is_empty()) else { return };
    if let Some(Value::Map(spec)) = object.fields.entry_mut("spec")
        && spec.get("selector").and_then(Value::as_map).is_none_or(Map::is_empty)
    {
        insert(spec, "selector", Value::Map(labels.clone()));
    }
    if object.metadata.labels.is_empty() {
        object.metadata.labels =
            labels.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default())).collect();
    }
}

/// Upstream: `SetDefaults_LimitRangeItem`.
fn complete_limits(fields: &mut Map) {
    let Some(Value::Map(spec)) = fields.entry_mut("spec") else { return };
    let Some(Value::List(items)) = spec.entry_mut("limits") else { return };
    for item in items {
        let Value::Map(item) = item else { continue };
        if item.get("type").and_then(Value::as_str) != Some("Container") {
            continue;
        }
        for (to, from) in [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")] {
            let known = |key: &str| item.get(key).and_then(Value::as_map).cloned().unwrap_or_default();
            let (mut own, other) = (known(to), known(from));
            for (name, amount) in other.iter().filter(|(name, _)| known(to).get(name).is_none()) {
                own.insert(name.clone(), amount.clone());
            }
            if !own.is_empty() {
                insert(item, to, map_of(own.sorted().into_iter().map(|(k, v)| (k.clone(), v.clone())).collect()));
            }
        }
    }
}

/// Upstream: `SetDefaults_NetworkPolicy`.
fn name_policy_types(fields: &mut Map) {
    let Some(Value::Map(spec)) = fields.entry_mut("spec") else { return };
    if spec.get("policyTypes").and_then(Value::as_list).is_none_or(<[Value]>::is_empty) {
        let egress = spec.get("egress").and_then(Value::as_list).is_some_and(|rules| !rules.is_empty());
        let types = ["Ingress", "Egress"].into_iter().take(1 + usize::from(egress));
        insert(spec, "policyTypes", Value::List(types.map(Value::from).collect()));
    }
}

/// Upstream: `SetDefaults_Subject`.
fn name_subject_groups(fields: &mut Map) {
    let Some(Value::List(subjects)) = fields.entry_mut("subjects") else { return };
    for subject in subjects {
        let Value::Map(subject) = subject else { continue };
        let person = matches!(subject.get("kind").and_then(Value::as_str), Some("User" | "Group"));
        if person && subject.get("apiGroup").and_then(Value::as_str).is_none_or(str::is_empty) {
            insert(subject, "apiGroup", Value::from("rbac.authorization.k8s.io"));
        }
    }
}

/// Upstream: `SetDefaults_CustomResourceDefinitionSpec`.
fn name_definition(fields: &mut Map) {
    let Some(Value::Map(spec)) = fields.entry_mut("spec") else { return };
    let Some(Value::Map(names)) = spec.entry_mut("names") else { return };
    let kind = names.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    for (key, value) in [("singular", kind.to_ascii_lowercase()), ("listKind", format!("{kind}List"))] {
        if !kind.is_empty() && names.get(key).is_none() {
            insert(names, key, Value::from(&*value));
        }
    }
}
