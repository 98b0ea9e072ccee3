//! `-k FOLDER` and `kubectl kustomize`: a `kustomization.yaml` with its resources, and Secrets and ConfigMaps that it makes.
//!
//! Upstream: `sigs.k8s.io/kustomize`, with `resources`, `secretGenerator`, `configMapGenerator`, `generatorOptions`,
//! `namePrefix`, `nameSuffix`, `namespace`, `commonLabels`, `labels`, `images`, `replicas` and patches. Other fields are refused.

use super::context::{Context, read_file};
use crate::limits::{MOST_FILES, MOST_NESTED, beyond};
use crate::output::Failure;
use petri_objects::kept::secret;
use petri_objects::{Map, Name, Value};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// In which order kinds stand; others follow.
///
/// Upstream: `kyaml/resid`, `orderFirst`.
const ORDER: [&str; 21] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

const KNOWN: [&str; 18] = [
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "secretGenerator",
    "configMapGenerator",
    "generatorOptions",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "images",
    "commonAnnotations",
    "buildMetadata",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
];

/// The manifests that a folder comes to, as one text.
pub(super) fn build(folder: &str, context: &Context<'_>) -> Result<String, Failure> {
    let objects = objects(folder, context, &mut Visit::default())?;
    Ok(objects.iter().map(petri_manifest::to_yaml).collect::<Vec<_>>().join("---\n"))
}

fn inside(folder: &str, name: &str) -> String {
    let folder = folder.trim_start_matches("./").trim_matches('/');
    let name = name.trim_start_matches("./");
    if folder.is_empty() || folder == "." { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The folders that are being read, each inside of the one before, and how many were read in all.
#[derive(Default)]
struct Visit {
    open: Vec<String>,
    seen: usize,
}

impl Visit {
    fn enter(&mut self, folder: &str) -> Result<(), Failure> {
        let own = inside("", folder).trim_end_matches("/.").to_owned();
        let own = if own == "." { String::new() } else { own };
        if self.open.contains(&own) {
            let shown = if own.is_empty() { "." } else { &own };
            return Err(format!("error: cycle detected: candidate root '{shown}' contains visited root '{shown}'"));
        }
        if self.open.len() >= MOST_NESTED as usize {
            return Err(format!("error: kustomizations lie in each other at most {MOST_NESTED} deep"));
        }
        self.seen += 1;
        if self.seen > MOST_FILES {
            return Err(beyond("a line reads", MOST_FILES, "kustomizations"));
        }
        self.open.push(own);
        Ok(())
    }
}

fn objects(folder: &str, context: &Context<'_>, visit: &mut Visit) -> Result<Vec<Value>, Failure> {
    visit.enter(folder)?;
    let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"].map(|name| inside(folder, name));
    let found = names.iter().find_map(|name| context.files.read(name).ok());
    let Some(text) = found else {
        return Err(format!(
            "error: unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{folder}'"
        ));
    };
    let parsed = petri_manifest::parse(&text);
    let Some(Value::Map(own)) = parsed.documents.first().map(|document| document.value.clone()) else {
        return Err("error: invalid Kustomization: it is no map".into());
    };
    let is_empty = |value: &Value| *value == Value::Null || value.as_list().is_some_and(<[Value]>::is_empty);
    let unknown =
        |(key, value): &(&Name, &Value)| !KNOWN.contains(&&***key) && &***key != "replicas" && !is_empty(value);
    if let Some((key, _)) = own.iter().find(unknown) {
        return Err(format!("error: invalid Kustomization: {key} is not understood here"));
    }
    let list = |key: &str| own.get(key).and_then(Value::as_list).unwrap_or_default().to_vec();
    let text = |key: &str| own.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut all = Vec::new();
    let resources = list("resources");
    if resources.len() > MOST_FILES {
        return Err(beyond("a kustomization names", MOST_FILES, "resources"));
    }
    for resource in resources.iter().filter_map(Value::as_str) {
        let is_file = resource.ends_with(".yaml") || resource.ends_with(".yml") || resource.contains("://");
        let name = if resource.contains("://") { resource.to_owned() } else { inside(folder, resource) };
        if !is_file {
            all.extend(objects(&name, context, visit)?);
            continue;
        }
        let text = read_file(&name, context).map_err(|problem| {
            format!("error: accumulating resources from '{resource}': {}", problem.trim_start_matches("error: "))
        })?;
        all.extend(petri_manifest::parse(&text).documents.into_iter().map(|document| document.value));
    }
    let keeps_names = own.get("generatorOptions").and_then(|options| options.at(&["disableNameSuffixHash"]))
        == Some(&Value::Bool(true));
    let mut made = Vec::new();
    for (key, kind) in [("secretGenerator", "Secret"), ("configMapGenerator", "ConfigMap")] {
        for generator in list(key) {
            let (object, is_marked) = generated(&generator, kind, folder, keeps_names, context)?;
            if is_marked {
                made.push((kind, word(&object, &["metadata", "name"]).to_owned()));
            }
            all.push(object);
        }
    }
    for (key, is_file) in [("patches", false), ("patchesStrategicMerge", true), ("patchesJson6902", false)] {
        for patch in list(key) {
            patched(&mut all, &patch, is_file, folder, context)?;
        }
    }
    let (prefix, suffix, namespace) = (text("namePrefix"), text("nameSuffix"), text("namespace"));
    let mut renames = Renames::default();
    for object in &all {
        let (kind, name) = (word(object, &["kind"]), word(object, &["metadata", "name"]));
        let new = match kind {
            "Namespace" if !namespace.is_empty() => namespace.clone(),
            kind if UNMARKED.contains(&kind) => name.to_owned(),
            _ => format!("{prefix}{name}{suffix}"),
        };
        let is_made = made.iter().any(|(of, called)| *of == kind && called == name);
        let new = if is_made { format!("{new}-{}", letters(object)) } else { new };
        if kind == "ServiceAccount" {
            let namespace = Some(word(object, &["metadata", "namespace"])).filter(|own| !own.is_empty());
            let known = renames.accounts.entry(name.to_owned()).or_default();
            known.insert(namespace.unwrap_or("default").to_owned());
        }
        renames.names.insert((kind.to_owned(), name.to_owned()), new);
    }
    for object in &mut all {
        whole(object, &own);
        renames.refer(object);
        renames.name(object);
        if !namespace.is_empty() {
            put_in(object, &namespace, &renames);
        }
    }
    all.sort_by_key(|object| {
        let (kind, version) = (word(object, &["kind"]), word(object, &["apiVersion"]));
        let place = ORDER.iter().position(|known| *known == kind).unwrap_or(ORDER.len() + usize::from(is_last(kind)));
        // A group without a name comes behind the others.
        let (group, version) = version.split_once('/').unwrap_or(("~", version));
        (place, [group, version, kind, word(object, &["metadata", "name"])].map(str::to_owned))
    });
    Ok(all)
}

fn is_last(kind: &str) -> bool {
    matches!(kind, "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration")
}

/// What stands behind the name of an object that was made: of what it holds, without letters that could spell words.
///
/// Upstream: `kyaml/hash`.
fn letters(object: &Value) -> String {
    let mut hashed = Map::new();
    for key in ["kind", "type", "data"] {
        if let Some(value) = object.at(&[key]) {
            hashed.insert(key, value.clone());
        }
    }
    if object.at(&["data"]).and_then(Value::as_map).is_none_or(Map::is_empty) {
        hashed.insert("data", Value::String("".into()));
    }
    hashed.insert("name", Value::String("".into()));
    let hash = Sha256::digest(Value::Map(hashed).to_json());
    let letter = |c| match c {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        c => c,
    };
    hash.iter().take(5).flat_map(|byte| format!("{byte:02x}").chars().collect::<Vec<_>>()).map(letter).collect()
}

fn word<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    value.at(path).and_then(Value::as_str).unwrap_or_default()
}

/// What a patch makes of the objects that it means: those of its own kind and name, or of its `target`.
fn patched(
    all: &mut [Value],
    patch: &Value,
    is_file: bool,
    folder: &str,
    context: &Context<'_>,
) -> Result<(), Failure> {
    let word = |value: &Value, path: &[&str]| word(value, path).to_owned();
    let text = match (is_file, patch.as_str()) {
        // Here stands a file or the patch itself.
        (true, Some(text)) if text.contains('\n') => text.to_owned(),
        (true, Some(name)) => read_file(&inside(folder, name), context)?,
        _ if patch.at(&["patch"]).is_some() => word(patch, &["patch"]),
        _ => read_file(&inside(folder, &word(patch, &["path"])), context)?,
    };
    for document in petri_manifest::parse(&text).documents {
        let change = document.value;
        let wanted = |key: &str, own: &[&str]| match patch.at(&["target", key]).and_then(Value::as_str) {
            Some(text) => text.to_owned(),
            None if patch.at(&["target"]).is_some() => String::new(),
            None => word(&change, own),
        };
        let (kind, name) = (wanted("kind", &["kind"]), wanted("name", &["metadata", "name"]));
        let mut hit = false;
        for object in all.iter_mut() {
            let fits = |wanted: &str, own: &[&str]| wanted.is_empty() || word(object, own) == wanted;
            if !fits(&kind, &["kind"]) || !fits(&name, &["metadata", "name"]) {
                continue;
            }
            hit = true;
            let known = petri_objects::Kind::from_api(&word(object, &["apiVersion"]), &word(object, &["kind"]));
            *object = match (change.as_list(), known) {
                (Some(steps), _) => super::json_patch::apply(object, steps)?,
                (None, Some(kind)) => {
                    let lists = petri_objects::merge::Lists::of(kind);
                    petri_objects::merge::strategic(lists, object, &change)
                        .map_err(|unfit| format!("error: {unfit}"))?
                }
                (None, None) => return Err(format!("error: invalid Kustomization: nothing is known of kind {kind}")),
            };
        }
        if !hit {
            return Err(format!(
                "error: no resource matches strategic merge patch \"{kind}.{name}\": no matches for Id"
            ));
        }
    }
    Ok(())
}

/// A Secret or ConfigMap under the name that it is called by, and whether letters are set behind that name in the end.
fn generated(
    generator: &Value,
    kind: &str,
    folder: &str,
    keeps_name: bool,
    context: &Context<'_>,
) -> Result<(Value, bool), Failure> {
    let Some(name) = generator.at(&["name"]).and_then(Value::as_str) else {
        return Err(format!("error: a generator of {kind}s needs a name"));
    };
    let coded = |value: &str| {
        let text = if kind == "Secret" { secret::encode(value.as_bytes()) } else { value.to_owned() };
        Value::String(text.into())
    };
    let words = |key: &str| -> Vec<String> {
        let list = generator.at(&[key]).and_then(Value::as_list).unwrap_or_default();
        list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut data = Map::new();
    for literal in words("literals") {
        let (key, value) = literal
            .split_once('=')
            .ok_or_else(|| format!("error: invalid literal source {literal}, expected key=value"))?;
        data.insert(key, coded(value.trim_matches(['"', '\''])));
    }
    for file in words("files") {
        let (key, path) = file.split_once('=').unwrap_or((file.rsplit('/').next().unwrap_or(&file), &file));
        data.insert(key, coded(&read_file(&inside(folder, path), context)?));
    }
    let envs = generator.at(&["env"]).and_then(Value::as_str).map(str::to_owned);
    for file in words("envs").into_iter().chain(envs) {
        let text = read_file(&inside(folder, &file), context)?;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            data.insert(key, coded(value));
        }
    }
    let keeps_name = keeps_name
        || generator.at(&["options", "disableNameSuffixHash"]).is_some_and(|value| *value == Value::Bool(true));
    let mut made = Map::new();
    made.insert("apiVersion", Value::String("v1".into()));
    made.insert("kind", Value::String(kind.into()));
    let mut metadata = Map::new();
    for key in ["labels", "annotations"] {
        if let Some(own) = generator.at(&["options", key]) {
            metadata.insert(key, own.clone());
        }
    }
    metadata.insert("name", Value::String(name.into()));
    made.insert("metadata", Value::Map(metadata));
    made.insert("data", Value::Map(data));
    if kind == "Secret" {
        let kind = generator.at(&["type"]).and_then(Value::as_str).unwrap_or("Opaque");
        made.insert("type", Value::String(kind.into()));
    }
    Ok((Value::Map(made), !keeps_name))
}

/// Kinds of which a kustomization says how many.
const SCALED: [&str; 4] = ["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"];

/// Kinds whose names get neither prefix nor suffix.
const UNMARKED: [&str; 3] = ["APIService", "CustomResourceDefinition", "Namespace"];

/// Fields that hold a name, and of which kind.
const NAMES: [(&str, &str); 9] = [
    ("claimName", "PersistentVolumeClaim"),
    ("ingressClassName", "IngressClass"),
    ("priorityClassName", "PriorityClass"),
    ("secretName", "Secret"),
    ("serviceAccount", "ServiceAccount"),
    ("serviceAccountName", "ServiceAccount"),
    ("serviceName", "Service"),
    ("storageClassName", "StorageClass"),
    ("volumeName", "PersistentVolume"),
];
/// Fields whose `name` is one, and of which kind; an empty word where their own `kind` tells.
const REFERENCES: [(&str, &str); 12] = [
    ("configMap", "ConfigMap"),
    ("configMapKeyRef", "ConfigMap"),
    ("configMapRef", "ConfigMap"),
    ("imagePullSecrets", "Secret"),
    ("roleRef", ""),
    ("scaleTargetRef", ""),
    ("secret", "Secret"),
    ("secretKeyRef", "Secret"),
    ("secretRef", "Secret"),
    ("secrets", "Secret"),
    ("service", "Service"),
    ("subjects", ""),
];
/// Fields whose keys are a person's own words.
const FREE: [&str; 8] =
    ["annotations", "binaryData", "data", "labels", "matchLabels", "nodeSelector", "selector", "stringData"];

/// The new names of objects, by kind and old name.
///
/// Upstream: `api/internal/konfig/builtinpluginconsts/namereference.go`.
#[derive(Default)]
struct Renames {
    names: BTreeMap<(String, String), String>,
    /// The namespaces of accounts, by their old names.
    accounts: BTreeMap<String, BTreeSet<String>>,
}

impl Renames {
    fn of(&self, kind: &str, name: &str) -> Option<Value> {
        let new = self.names.get(&(kind.to_owned(), name.to_owned()))?;
        Some(Value::String(new.as_str().into()))
    }

    /// Gives an object its new name.
    fn name(&self, object: &mut Value) {
        let kind = word(object, &["kind"]).to_owned();
        let Value::Map(map) = object else { return };
        if let Some(Value::Map(metadata)) = map.entry_mut("metadata")
            && let Some(new) = metadata.get("name").and_then(Value::as_str).and_then(|name| self.of(&kind, name))
        {
            metadata.insert("name", new);
        }
    }

    /// Puts new names where the old ones are referred to. A manifest is nested as deep as it was read, and no deeper.
    fn refer(&self, value: &mut Value) {
        let map = match value {
            Value::Map(map) => map,
            Value::List(list) => return list.iter_mut().for_each(|item| self.refer(item)),
            _ => return,
        };
        let keys: Vec<_> = map.iter().map(|(key, _)| key.clone()).filter(|key| !FREE.contains(&&**key)).collect();
        for key in keys {
            let of = |table: &[(&str, &'static str)]| table.iter().find(|(known, _)| *known == &*key).map(|row| row.1);
            let Some(inner) = map.entry_mut(&key) else { continue };
            let named = of(&NAMES).zip(inner.as_str());
            if let Some(new) = named.and_then(|(kind, name)| self.of(kind, name)) {
                *inner = new;
                continue;
            }
            if let Some(kind) = of(&REFERENCES) {
                match &mut *inner {
                    Value::List(list) => list.iter_mut().for_each(|item| self.refer_by(kind, item)),
                    one => self.refer_by(kind, one),
                }
            }
            self.refer(inner);
        }
    }

    /// Puts the new name into what names an object of a kind.
    fn refer_by(&self, kind: &str, reference: &mut Value) {
        let kind = if kind.is_empty() { word(reference, &["kind"]) } else { kind };
        // A subject names the namespace of its account, and another's account is another.
        let own = word(reference, &["namespace"]);
        if kind == "ServiceAccount" && !own.is_empty() {
            let known = self.accounts.get(word(reference, &["name"]));
            if known.is_some_and(|namespaces| !namespaces.contains(own)) {
                return;
            }
        }
        let new = self.of(kind, word(reference, &["name"]));
        if let (Some(new), Value::Map(reference)) = (new, reference) {
            reference.insert("name", new);
        }
    }
}

/// Puts an object into the namespace, if its kind lies in one, and the accounts that a binding names.
fn put_in(object: &mut Value, namespace: &str, renames: &Renames) {
    let known = petri_objects::Kind::from_api(word(object, &["apiVersion"]), word(object, &["kind"]));
    let Value::Map(map) = object else { return };
    let name = Value::String(namespace.into());
    if known.is_none_or(petri_objects::Kind::is_namespaced)
        && let Some(Value::Map(metadata)) = map.entry_mut("metadata")
    {
        metadata.insert("namespace", name.clone());
    }
    let Some(Value::List(subjects)) = map.entry_mut("subjects") else { return };
    for subject in subjects.iter_mut().filter(|subject| word(subject, &["kind"]) == "ServiceAccount") {
        let account = word(subject, &["name"]);
        let is_own = renames.names.iter().any(|((kind, _), new)| kind == "ServiceAccount" && new == account);
        if let (true, Value::Map(subject)) = (is_own || account == "default", subject) {
            subject.insert("namespace", name.clone());
        }
    }
}

/// Adds entries to the map under a key.
fn put_into(map: &mut Map, key: &str, more: &Map) {
    let mut all = map.get(key).and_then(Value::as_map).cloned().unwrap_or_default();
    more.iter().for_each(|(key, value)| all.insert(key.clone(), value.clone()));
    map.insert(key, Value::Map(all));
}

/// What the kustomization wants of every object, but for its name and its namespace.
fn whole(object: &mut Value, own: &Map) {
    let mut labels: Vec<(petri_objects::Name, Value)> = Vec::new();
    // Those that selectors and templates get as well.
    let mut selected = Map::new();
    if let Some(Value::Map(common)) = own.get("commonLabels") {
        labels.extend(common.iter().map(|(key, value)| (key.clone(), value.clone())));
        common.iter().for_each(|(key, value)| selected.insert(key.clone(), value.clone()));
    }
    for entry in own.get("labels").and_then(Value::as_list).unwrap_or_default() {
        if let Some(Value::Map(pairs)) = entry.at(&["pairs"]) {
            labels.extend(pairs.iter().map(|(key, value)| (key.clone(), value.clone())));
            if entry.at(&["includeSelectors"]) == Some(&Value::Bool(true)) {
                pairs.iter().for_each(|(key, value)| selected.insert(key.clone(), value.clone()));
            }
        }
    }
    let images = own.get("images").and_then(Value::as_list).unwrap_or_default();
    let replicas = own.get("replicas").and_then(Value::as_list).unwrap_or_default();
    let name = object.at(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default().to_owned();
    let Value::Map(map) = object else { return };
    if let Some(Value::Map(metadata)) = map.entry_mut("metadata") {
        if !labels.is_empty() {
            let mut all = metadata.get("labels").and_then(Value::as_map).cloned().unwrap_or_else(Map::new);
            labels.into_iter().for_each(|(key, value)| all.insert(key, value));
            metadata.insert("labels", Value::Map(all));
        }
        if let Some(Value::Map(common)) = own.get("commonAnnotations") {
            put_into(metadata, "annotations", common);
        }
    }
    let kind = map.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(Value::Map(spec)) = map.entry_mut("spec") else { return };
    if !selected.is_empty() {
        if let ("Service", Some(Value::Map(_))) = (&*kind, spec.get("selector")) {
            put_into(spec, "selector", &selected);
        }
        if let Some(Value::Map(selector)) = spec.entry_mut("selector")
            && kind != "Service"
        {
            put_into(selector, "matchLabels", &selected);
        }
        if let Some(Value::Map(template)) = spec.entry_mut("template") {
            let mut metadata = template.get("metadata").and_then(Value::as_map).cloned().unwrap_or_default();
            put_into(&mut metadata, "labels", &selected);
            template.insert("metadata", Value::Map(metadata));
        }
    }
    for entry in replicas {
        if SCALED.contains(&kind.as_str())
            && entry.at(&["name"]).and_then(Value::as_str) == Some(&name)
            && let Some(count) = entry.at(&["count"])
        {
            spec.insert("replicas", count.clone());
        }
    }
    let Some(Value::Map(template)) = spec.entry_mut("template") else { return };
    let Some(Value::Map(pod)) = template.entry_mut("spec") else { return };
    let Some(Value::List(containers)) = pod.entry_mut("containers") else { return };
    for container in containers.iter_mut() {
        let Value::Map(container) = container else { continue };
        let image = container.get("image").and_then(Value::as_str).unwrap_or_default().to_owned();
        let (base, tag) = image.rsplit_once(':').unwrap_or((&image, "latest"));
        for entry in images {
            let word = |key: &str| entry.at(&[key]).and_then(Value::as_str);
            if word("name") == Some(base) {
                let new = format!("{}:{}", word("newName").unwrap_or(base), word("newTag").unwrap_or(tag));
                container.insert("image", Value::String(new.into()));
            }
        }
    }
}
