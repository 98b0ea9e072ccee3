//! Names and labels of other objects, where a field means one: those of the cluster, of open files, and of the document
//! itself.

use super::outline::{Outline, Step};
use super::{Choice, choice};
use crate::quote;
use petri_objects::{DEFAULT_CLASS_ANNOTATION, Kind, Labels, Object, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The objects of a kind that there are, in the cluster and in open files.
pub type Known<'a> = &'a dyn Fn(Kind) -> Vec<Object>;

/// Whether a path ends with these keys. List items do not count.
fn ends_with(path: &[Step], keys: &[&str]) -> bool {
    let mut own = path.iter().rev().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Item => None,
    });
    keys.iter().rev().all(|key| own.next() == Some(key))
}

fn is(path: &[Step], keys: &[&str]) -> bool {
    path.len() == keys.len() && ends_with(path, keys)
}

/// The kind whose objects a field names.
fn kind_named(schema: &str, key: &str) -> Option<Kind> {
    Some(match (schema, key) {
        (_, "claimName") => Kind::PersistentVolumeClaim,
        ("StatefulSetSpec", "serviceName") => Kind::Service,
        (_, "storageClassName") => Kind::StorageClass,
        ("PersistentVolumeClaimSpec", "volumeName") => Kind::PersistentVolume,
        (_, "serviceAccountName" | "serviceAccount") => Kind::ServiceAccount,
        (_, "priorityClassName") => Kind::PriorityClass,
        ("PodSpec", "nodeName") => Kind::Node,
        (_, "namespace") => Kind::Namespace,
        _ => return None,
    })
}

/// The namespace that the document is in.
fn namespace(outline: &Outline) -> &str {
    let own = outline.entries.iter().find(|entry| is(&entry.path, &["metadata", "namespace"]));
    own.map(|entry| entry.value.as_str()).filter(|name| !name.is_empty()).unwrap_or("default")
}

/// Objects of a kind that the document can mean.
fn reachable(kind: Kind, outline: &Outline, known: Known<'_>) -> Vec<Object> {
    let here = namespace(outline);
    let mut found = known(kind);
    found.retain(|object| {
        let own = &*object.meta().namespace;
        !kind.is_namespaced() || own == here || (own.is_empty() && here == "default")
    });
    found
}

/// A word about an object that helps to choose.
fn detail(object: &Object) -> String {
    match object {
        Object::Service(service) if &*service.spec.cluster_ip == "None" => "headless".to_owned(),
        Object::Service(_) => "with a cluster address".to_owned(),
        Object::StorageClass(class) if class.metadata.annotations.get(DEFAULT_CLASS_ANNOTATION).is_some() => {
            "the default".to_owned()
        }
        other => other.kind().name().to_owned(),
    }
}

fn once(choices: Vec<Choice>) -> Vec<Choice> {
    let mut seen = BTreeSet::new();
    choices.into_iter().filter(|choice| seen.insert(choice.label.clone())).collect()
}

/// The names that could be the value of a field.
pub(super) fn values(outline: &Outline, schema: &str, key: &str, known: Known<'_>) -> Vec<Choice> {
    let names = |kind: Kind| -> Vec<Choice> {
        let objects = reachable(kind, outline, known);
        once(objects.iter().map(|object| choice(&object.meta().name, &detail(object), "")).collect())
    };
    if let Some(kind) = kind_named(schema, key) {
        return names(kind);
    }
    match (schema, key) {
        ("VolumeMount", "name") => volumes(outline),
        ("LabelSelectorRequirement", "key") => keys_of(&pod_labels(outline, known)),
        ("NodeSelectorRequirement", "key") | (_, "topologyKey") => keys_of(&node_labels(known)),
        _ => Vec::new(),
    }
}

/// The names that could stand in a part of which the schema knows nothing: ConfigMaps.
pub(super) fn unknown(outline: &Outline, key: &str, known: Known<'_>) -> Vec<Choice> {
    let means = ["configMap", "configMapRef", "configMapKeyRef"].iter().any(|word| ends_with(&outline.path, &[word]));
    if !means || key != "name" {
        return Vec::new();
    }
    let objects = reachable(Kind::ConfigMap, outline, known);
    once(objects.iter().map(|object| choice(&object.meta().name, &detail(object), "")).collect())
}

/// The volumes that the document's pods have.
fn volumes(outline: &Outline) -> Vec<Choice> {
    let named = outline.entries.iter().filter_map(|entry| {
        let what = if ends_with(&entry.path, &["spec", "volumes", "name"]) {
            "a volume of the pod"
        } else if ends_with(&entry.path, &["volumeClaimTemplates", "metadata", "name"]) {
            "a claim of its own for each pod"
        } else {
            return None;
        };
        (!entry.value.is_empty()).then(|| choice(&entry.value, what, ""))
    });
    once(named.collect())
}

/// Values by key.
type Pairs = BTreeMap<String, BTreeSet<String>>;

fn add(pairs: &mut Pairs, labels: &Labels) {
    for (key, value) in labels.iter() {
        pairs.entry(key.to_string()).or_default().insert(value.to_string());
    }
}

/// Labels that are written in the document below a path.
fn written(outline: &Outline, path: &[&str]) -> Pairs {
    let mut pairs = Pairs::new();
    for entry in &outline.entries {
        if entry.path.len() == path.len() + 1 && is(&entry.path[..path.len()], path) {
            pairs.entry(entry.key.clone()).or_default().insert(entry.value.clone());
        }
    }
    pairs
}

const TEMPLATE: [&str; 4] = ["spec", "template", "metadata", "labels"];

/// The labels of pods: those of the document's own template, or else those of every pod and template that is known.
fn pod_labels(outline: &Outline, known: Known<'_>) -> Pairs {
    let mut pairs = written(outline, &TEMPLATE);
    if !pairs.is_empty() {
        return pairs;
    }
    for kind in [Kind::StatefulSet, Kind::Deployment, Kind::DaemonSet, Kind::ReplicaSet, Kind::Pod] {
        for object in reachable(kind, outline, known) {
            match &object {
                Object::StatefulSet(set) => add(&mut pairs, &set.spec.template.metadata.labels),
                Object::Deployment(deployment) => add(&mut pairs, &deployment.spec.template.metadata.labels),
                Object::DaemonSet(set) => add(&mut pairs, &set.spec.template.metadata.labels),
                // Those of Deployments have a hash that nobody selects by.
                Object::ReplicaSet(set) if set.metadata.controller().is_none() => {
                    add(&mut pairs, &set.spec.template.metadata.labels);
                }
                Object::Pod(pod) if pod.metadata.controller().is_none() => add(&mut pairs, &pod.metadata.labels),
                _ => {}
            }
        }
    }
    pairs
}

fn node_labels(known: Known<'_>) -> Pairs {
    let mut pairs = Pairs::new();
    known(Kind::Node).iter().for_each(|node| add(&mut pairs, &node.meta().labels));
    pairs
}

/// The labels that could stand in a map.
fn labels(outline: &Outline, kind: Kind, known: Known<'_>) -> Pairs {
    let path = &outline.path;
    if ends_with(path, &["nodeSelector"]) {
        node_labels(known)
    } else if ends_with(path, &["matchLabels"]) || (kind == Kind::Service && is(path, &["spec", "selector"])) {
        pod_labels(outline, known)
    } else if is(path, &TEMPLATE) {
        // A template has to have what its set selects by.
        written(outline, &["spec", "selector", "matchLabels"])
    } else {
        Pairs::new()
    }
}

fn keys_of(pairs: &Pairs) -> Vec<Choice> {
    pairs.keys().map(|key| choice(key, "", "")).collect()
}

/// The keys of labels that are not written yet, with the value if there is only one.
pub(super) fn label_keys(outline: &Outline, kind: Kind, typed: &str, known: Known<'_>) -> Vec<Choice> {
    let has = |key: &str| outline.entries.iter().any(|e| e.parent == outline.parent && e.key == key && key != typed);
    let pairs = labels(outline, kind, known);
    let free = pairs.iter().filter(|(key, _)| !has(key));
    free.map(|(key, values)| {
        let only = values.iter().next().filter(|_| values.len() == 1);
        let value = only.map_or(String::new(), |value| quote::one_line(&Value::from(value.as_str())));
        let detail = only.map_or_else(|| format!("{} values", values.len()), |value| value.clone());
        Choice { label: key.clone(), detail, info: String::new(), insert: format!("{key}: {value}") }
    })
    .collect()
}

/// The values that a label has elsewhere.
pub(super) fn label_values(outline: &Outline, kind: Kind, key: &str, known: Known<'_>) -> Vec<Choice> {
    let pairs = labels(outline, kind, known);
    let values = pairs.get(key).into_iter().flatten();
    let quoted = |value: &String| quote::one_line(&Value::from(value.as_str()));
    values.map(|value| Choice { insert: quoted(value), ..choice(value, "", "") }).collect()
}
