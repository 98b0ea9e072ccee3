//! The table of kept kinds says what the API's own description says: it is made anew from `k8s-openapi`, which is
//! generated from that description. `UPDATE_EXPECT=1` writes it.

use k8s_openapi::api::{
    admissionregistration, apps, autoscaling, batch, certificates, coordination, core, discovery, flowcontrol,
    networking, node, policy, rbac, resource, scheduling, storage,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration;
use petri_objects::kept::types;
use petri_objects::{KeptKind, Kind};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

macro_rules! roots {
    ($generator:ident: $($ty:ty,)*) => {
        vec![$((<$ty>::schema_name().into_owned(), $generator.subschema_for::<$ty>())),*]
    };
}

/// What is written as one letter, and what is a type of its own only in Go.
const LEAVES: &[(&str, &str)] = &[
    ("Quantity", "q"),
    ("IntOrString", "x"),
    ("Time", "t"),
    ("MicroTime", "t"),
    ("RawExtension", "j"),
    ("FieldsV1", "j"),
    ("JSON", "j"),
    ("JSONSchemaPropsOrBool", "1"),
    ("JSONSchemaPropsOrArray", "2"),
    ("JSONSchemaPropsOrStringArray", "3"),
];

fn base(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// What a field holds; types of their own are named in full, in angle brackets, and added to `queue`.
fn holds(schema: &Value, queue: &mut Vec<String>) -> String {
    let word = |key: &str| schema[key].as_str().unwrap_or_default();
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return match LEAVES.iter().find(|leaf| leaf.0 == base(name)) {
            Some((_, letter)) => (*letter).to_owned(),
            None => {
                queue.push(name.to_owned());
                format!("<{name}>")
            }
        };
    }
    match (word("type"), word("format")) {
        ("array", _) => format!("[{}", holds(&schema["items"], queue)),
        ("object", _) if schema["additionalProperties"].is_object() => {
            format!("{{{}", holds(&schema["additionalProperties"], queue))
        }
        ("object", _) => "j".into(),
        ("string", "byte") => "y".into(),
        ("string", "date-time") => "t".into(),
        ("string", _) => "s".into(),
        ("integer", "int32") => "i".into(),
        ("integer", _) => "l".into(),
        ("boolean", _) => "b".into(),
        ("number", _) => "f".into(),
        other => panic!("{other:?} in {schema}"),
    }
}

/// The table, from the description of every type that a kept kind is made of.
fn table() -> String {
    let mut generator = SchemaGenerator::default();
    let roots = roots! { generator:
        core::v1::Secret, core::v1::Endpoints, core::v1::LimitRange, core::v1::PodTemplate, core::v1::ReplicationController,
        admissionregistration::v1::MutatingAdmissionPolicy, admissionregistration::v1::MutatingAdmissionPolicyBinding,
        admissionregistration::v1::MutatingWebhookConfiguration, admissionregistration::v1::ValidatingAdmissionPolicy,
        admissionregistration::v1::ValidatingAdmissionPolicyBinding,
        admissionregistration::v1::ValidatingWebhookConfiguration, apiextensions::v1::CustomResourceDefinition,
        apiregistration::v1::APIService, apps::v1::DaemonSet, autoscaling::v1::HorizontalPodAutoscaler,
        autoscaling::v2::HorizontalPodAutoscaler, batch::v1::CronJob, batch::v1::Job,
        certificates::v1::CertificateSigningRequest, flowcontrol::v1::FlowSchema,
        flowcontrol::v1::PriorityLevelConfiguration, networking::v1::Ingress, networking::v1::IngressClass,
        networking::v1::IPAddress, networking::v1::NetworkPolicy, networking::v1::ServiceCIDR, node::v1::RuntimeClass,
        rbac::v1::ClusterRole, rbac::v1::ClusterRoleBinding, rbac::v1::Role, rbac::v1::RoleBinding,
        resource::v1::DeviceClass, resource::v1::ResourceClaim, resource::v1::ResourceClaimTemplate,
        resource::v1::ResourceSlice, storage::v1::CSIDriver, storage::v1::CSINode, storage::v1::CSIStorageCapacity,
        storage::v1::VolumeAttributesClass, core::v1::Pod, core::v1::Node, core::v1::Namespace, core::v1::Service,
        core::v1::ConfigMap, core::v1::ServiceAccount, core::v1::ResourceQuota, core::v1::PersistentVolumeClaim,
        core::v1::PersistentVolume, core::v1::Event, apps::v1::StatefulSet, apps::v1::ReplicaSet, apps::v1::Deployment,
        apps::v1::ControllerRevision, policy::v1::PodDisruptionBudget, storage::v1::StorageClass,
        storage::v1::VolumeAttachment, discovery::v1::EndpointSlice, coordination::v1::Lease, scheduling::v1::PriorityClass,
    };
    let described: Map<String, Value> = generator.definitions().clone();
    let roots: BTreeSet<String> = roots.into_iter().map(|(name, _)| name).collect();
    // JSON schemas are reached through the three unions that have a letter of their own.
    let mut queue: Vec<String> = roots.iter().cloned().collect();
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    while let Some(name) = queue.pop() {
        if found.contains_key(&name) {
            continue;
        }
        let schema = &described[&name];
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut line = String::new();
        let properties = schema["properties"].as_object().cloned().unwrap_or_default();
        for (field, inner) in &properties {
            let typed = properties.contains_key("metadata") && matches!(field.as_str(), "apiVersion" | "kind");
            let metadata =
                field == "metadata" && inner["$ref"].as_str().is_some_and(|path| path.ends_with(".ObjectMeta"));
            if typed || metadata && roots.contains(&name) {
                continue;
            }
            let (mark, holds) = match metadata {
                true => (':', "m".to_owned()),
                false if required.contains(&field.as_str()) => ('!', holds(inner, &mut queue)),
                false => (':', holds(inner, &mut queue)),
            };
            line.push_str(&format!(" {field}{mark}{holds}"));
        }
        found.insert(name, line);
    }
    let mut count: BTreeMap<&str, u32> = BTreeMap::new();
    found.keys().for_each(|name| *count.entry(base(name)).or_default() += 1);
    let short = |name: &str| -> String {
        let words: Vec<&str> = name.rsplit('.').take(3).collect();
        let second = if words[1] == "v2" { "2" } else { "" };
        if count[words[0]] == 1 { words[0].to_owned() } else { format!("{}{second}.{}", words[2], words[0]) }
    };
    let mut lines: Vec<String> = Vec::new();
    for (name, line) in &found {
        let mut line = format!("{}{line}", short(name));
        for other in found.keys().filter(|other| line.contains(&format!("<{other}>"))).cloned().collect::<Vec<_>>() {
            line = line.replace(&format!("<{other}>"), &short(&other));
        }
        lines.push(line);
    }
    lines.sort();
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn no_field_of_a_kept_kind_is_missing() {
    let made = table();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/objects/src/kept/types.txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, &made).expect("the table can be written");
    }
    let (made, kept): (Vec<&str>, Vec<&str>) = (made.lines().collect(), types::TEXT.lines().collect());
    let missing: Vec<&&str> = made.iter().filter(|line| !kept.contains(line)).collect();
    let extra: Vec<&&str> = kept.iter().filter(|line| !made.contains(line)).collect();
    assert_eq!((missing, extra), (vec![], vec![]), "the table and the API's description differ");
}

#[test]
fn every_kept_kind_has_its_type_and_every_type_is_there() {
    for kind in KeptKind::built_in() {
        let name = types::of(kind).expect("built in");
        assert!(types::TEXT.lines().any(|line| line.split(' ').next() == Some(name)), "{name}");
        assert_eq!(Kind::from_word(&Kind::Kept(kind).word()), Some(Kind::Kept(kind)));
        assert_eq!(Kind::from_resource(kind.entry().plural), Some(Kind::Kept(kind)), "no other kind has this name");
    }
    for field in types::TEXT.lines().flat_map(|line| types::fields(line.split_once(' ').unwrap_or((line, "")).1)) {
        let holds = field.holds.trim_start_matches(['[', '{']);
        let known = holds.len() == 1 && "sbilfytqxmj123".contains(holds) || !types::line(holds).is_empty();
        // Some records of upstream have no fields.
        let empty = types::TEXT.lines().any(|line| line == holds);
        assert!(known || empty, "{}: {holds}", field.name);
    }
}
