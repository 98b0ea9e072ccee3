//! `-k FOLDER` and `kubectl kustomize`: a `kustomization.yaml` with its resources, and Secrets and ConfigMaps that it makes.
//!
//! Upstream: `sigs.k8s.io/kustomize`, with `resources`, `secretGenerator`, `configMapGenerator`, `generatorOptions`,
//! `namePrefix`, `nameSuffix`, `namespace`, `commonLabels`, `labels`, `images`, `replicas` and patches. Other fields are refused.
//!
//! Deviation: the letters behind a made name are another hash than kustomize's.

use super::context::{Context, read_file};
use crate::limits::{MOST_FILES, MOST_NESTED, beyond};
use crate::output::Failure;
use petri_objects::kept::secret;
use petri_objects::{Map, Value};

/// In which order kinds stand; others follow, the last ones at the end.
const ORDER: [&str; 18] = [
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
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
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
    if let Some((key, _)) = own.iter().find(|(key, _)| !KNOWN.contains(&&***key) && &***key != "replicas") {
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
    let mut renamed: Vec<(String, String)> = Vec::new();
    for (key, kind) in [("secretGenerator", "Secret"), ("configMapGenerator", "ConfigMap")] {
        for generator in list(key) {
            let (made, name, new) = generated(&generator, kind, folder, keeps_names, context)?;
            renamed.push((name, new));
            all.push(made);
        }
    }
    for (key, is_file) in [("patches", false), ("patchesStrategicMerge", true), ("patchesJson6902", false)] {
        for patch in list(key) {
            patched(&mut all, &patch, is_file, folder, context)?;
        }
    }
    let (prefix, suffix) = (text("namePrefix"), text("nameSuffix"));
    if !prefix.is_empty() || !suffix.is_empty() {
        // What is renamed is referred to by its new name.
        for object in &all {
            let name = object.at(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default().to_owned();
            let is_made = renamed.iter().any(|(_, new)| *new == name);
            if !is_made && matches!(object.at(&["kind"]).and_then(Value::as_str), Some("Secret" | "ConfigMap")) {
                renamed.push((name.clone(), format!("{prefix}{name}{suffix}")));
            }
        }
        renamed.iter_mut().for_each(|(_, new)| {
            if all.iter().any(|object| object.at(&["metadata", "name"]).and_then(Value::as_str) == Some(&**new)) {
                *new = format!("{prefix}{new}{suffix}");
            }
        });
    }
    for object in &mut all {
        rename(object, &renamed);
        whole(object, &own, &text("namePrefix"), &text("nameSuffix"));
    }
    all.sort_by_key(|object| {
        let word = |path: &[&str]| object.at(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let kind = word(&["kind"]);
        (ORDER.iter().position(|known| *known == kind).unwrap_or(ORDER.len()), word(&["metadata", "name"]))
    });
    Ok(all)
}

/// What a patch makes of the objects that it means: those of its own kind and name, or of its `target`.
fn patched(
    all: &mut [Value],
    patch: &Value,
    is_file: bool,
    folder: &str,
    context: &Context<'_>,
) -> Result<(), Failure> {
    let word = |value: &Value, path: &[&str]| value.at(path).and_then(Value::as_str).unwrap_or_default().to_owned();
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

/// A Secret or ConfigMap, the name that it is called by and the one that it gets.
fn generated(
    generator: &Value,
    kind: &str,
    folder: &str,
    keeps_name: bool,
    context: &Context<'_>,
) -> Result<(Value, String, String), Failure> {
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
    let hash = Value::Map(data.clone())
        .to_json()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // Letters that spell no words.
    let letters: String = format!("{hash:016x}")
        .chars()
        .take(10)
        .map(|c| match c {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            c => c,
        })
        .collect();
    let new = if keeps_name { name.to_owned() } else { format!("{name}-{letters}") };
    let mut made = Map::new();
    made.insert("apiVersion", Value::String("v1".into()));
    made.insert("kind", Value::String(kind.into()));
    let mut metadata = Map::new();
    for key in ["labels", "annotations"] {
        if let Some(own) = generator.at(&["options", key]) {
            metadata.insert(key, own.clone());
        }
    }
    metadata.insert("name", Value::String(new.as_str().into()));
    made.insert("metadata", Value::Map(metadata));
    made.insert("data", Value::Map(data));
    if kind == "Secret" {
        let kind = generator.at(&["type"]).and_then(Value::as_str).unwrap_or("Opaque");
        made.insert("type", Value::String(kind.into()));
    }
    Ok((Value::Map(made), name.to_owned(), new))
}

/// Fields that name a Secret or a ConfigMap.
const REFERENCES: [&str; 6] = ["secretKeyRef", "secretRef", "configMapKeyRef", "configMapRef", "configMap", "secret"];

/// Puts new names where the old ones are referred to. A manifest is nested as deep as it was read, and no deeper.
fn rename(value: &mut Value, renamed: &[(String, String)]) {
    match value {
        Value::Map(map) => {
            let keys: Vec<_> = map.iter().map(|(key, _)| key.clone()).collect();
            for key in keys {
                let Some(inner) = map.entry_mut(&key) else { continue };
                if let (true, Value::Map(reference)) = (REFERENCES.contains(&&*key), &mut *inner) {
                    for field in ["name", "secretName"] {
                        let old = reference.get(field).and_then(Value::as_str).map(str::to_owned);
                        if let Some((_, new)) = renamed.iter().find(|(known, _)| Some(known) == old.as_ref()) {
                            reference.insert(field, Value::String(new.as_str().into()));
                        }
                    }
                }
                rename(inner, renamed);
            }
        }
        Value::List(list) => list.iter_mut().for_each(|item| rename(item, renamed)),
        _ => {}
    }
}

/// Adds entries to the map under a key.
fn put_into(map: &mut Map, key: &str, more: &Map) {
    let mut all = map.get(key).and_then(Value::as_map).cloned().unwrap_or_default();
    more.iter().for_each(|(key, value)| all.insert(key.clone(), value.clone()));
    map.insert(key, Value::Map(all));
}

/// What the kustomization wants of every object.
fn whole(object: &mut Value, own: &Map, prefix: &str, suffix: &str) {
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
        if !prefix.is_empty() || !suffix.is_empty() {
            metadata.insert("name", Value::String(format!("{prefix}{name}{suffix}").into()));
        }
        if let Some(namespace) = own.get("namespace") {
            metadata.insert("namespace", namespace.clone());
        }
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
        if entry.at(&["name"]).and_then(Value::as_str) == Some(&name)
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
