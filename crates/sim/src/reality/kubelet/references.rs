//! What a pod takes from ConfigMaps and Secrets, and what is missing of it, in the kubelet's words.
//!
//! Deviation: a kubelet that does not hear the API server is taken to know all of them, as if each had been looked at before.
//! Deviation: the ConfigMap with the API server's certificate is taken to be in every namespace.
//!
//! Upstream: `kubelet_pods.go` (`makeEnvironmentVariables`), `pkg/volume/{configmap,secret,projected}`.

use crate::belief::api::shelf::{Key, Objects};
use petri_objects::record::Opaque;
use petri_objects::*;

/// In every namespace, and in every pod's token volume.
const ROOT_CERTIFICATE: &str = "kube-root-ca.crt";

/// What holds keys with data.
#[derive(Clone, Copy)]
enum Source {
    ConfigMap,
    Secret,
}

impl Source {
    const ALL: [Source; 2] = [Source::ConfigMap, Source::Secret];

    /// The fields by which `envFrom`, `env` and volumes name it.
    fn fields(self) -> [&'static str; 3] {
        match self {
            Source::ConfigMap => ["configMapRef", "configMapKeyRef", "configMap"],
            Source::Secret => ["secretRef", "secretKeyRef", "secret"],
        }
    }
    /// Whether each of these keys is there; `None` if the object is not.
    fn has(self, keys: &[&str], at: &Key, objects: &Objects) -> Option<Vec<bool>> {
        match self {
            Source::ConfigMap if &*at.name == ROOT_CERTIFICATE => Some(vec![true; keys.len()]),
            Source::ConfigMap => objects.config_maps.get(at).map(|map| {
                keys.iter().map(|key| map.data.get(key).or_else(|| map.binary_data.get(key)).is_some()).collect()
            }),
            Source::Secret => match objects.get(&at.to_ref(Kind::from_api("v1", "Secret")?))? {
                Object::Kept(secret) => Some(keys.iter().map(|key| secret.at(&["data", key]).is_some()).collect()),
                _ => None,
            },
        }
    }
    fn missing(self, name: &str) -> String {
        match self {
            Source::ConfigMap => format!("configmap \"{name}\" not found"),
            Source::Secret => format!("secret \"{name}\" not found"),
        }
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.at(&[key]).and_then(Value::as_str).unwrap_or_default()
}

fn is_optional(value: &Value) -> bool {
    matches!(value.at(&["optional"]), Some(Value::Bool(true)))
}

fn items(list: Option<&Value>) -> &[Value] {
    list.and_then(Value::as_list).unwrap_or_default()
}

/// What keeps the environment of a container from being made.
///
/// # Errors
/// The first thing that is missing and not optional.
pub fn environment(container: &Container, namespace: &Name, objects: &Objects) -> Result<(), String> {
    for from in items(container.env_from.0.as_deref()) {
        for source in Source::ALL {
            let Some(reference) = from.at(&[source.fields()[0]]) else { continue };
            let name = text(reference, "name");
            let found = source.has(&[], &Key::new(namespace.clone(), name), objects);
            if found.is_none() && !is_optional(reference) {
                return Err(source.missing(name));
            }
        }
    }
    for variable in items(container.env.0.as_deref()) {
        for source in Source::ALL {
            let Some(reference) = variable.at(&["valueFrom", source.fields()[1]]) else { continue };
            let (name, key) = (text(reference, "name"), text(reference, "key"));
            let found = source.has(&[key], &Key::new(namespace.clone(), name), objects);
            let (word, found) = match (source, found) {
                _ if is_optional(reference) => continue,
                (_, None) => return Err(source.missing(name)),
                (Source::ConfigMap, Some(found)) => ("ConfigMap", found),
                (Source::Secret, Some(found)) => ("Secret", found),
            };
            if found == [false] {
                return Err(format!("couldn't find key {key} in {word} {namespace}/{name}"));
            }
        }
    }
    Ok(())
}

/// Why a volume cannot be set up.
///
/// # Errors
/// What is missing and not optional, all of it for a volume of several sources.
pub fn volume(volume: &Volume, namespace: &Name, objects: &Objects) -> Result<(), String> {
    let whole = |part: &Opaque, source: Source, name: &str| match part.0.as_deref() {
        Some(value) => files(value, source, name, namespace, objects),
        None => Ok(()),
    };
    whole(&volume.config_map, Source::ConfigMap, "name")?;
    whole(&volume.secret, Source::Secret, "secretName")?;
    let mut faults: Vec<String> = Vec::new();
    for part in items(volume.projected.0.as_deref().and_then(|projected| projected.at(&["sources"]))) {
        for source in Source::ALL {
            let Some(value) = part.at(&[source.fields()[2]]) else { continue };
            if let Err(fault) = files(value, source, "name", namespace, objects)
                && !faults.contains(&fault)
            {
                faults.push(fault);
            }
        }
    }
    match faults.len() {
        0 => Ok(()),
        1 => Err(faults.remove(0)),
        _ => Err(format!("[{}]", faults.join(", "))),
    }
}

/// Upstream: `MakePayload`.
fn files(value: &Value, source: Source, name: &str, namespace: &Name, objects: &Objects) -> Result<(), String> {
    if is_optional(value) {
        return Ok(());
    }
    let name = text(value, name);
    let keys: Vec<&str> = items(value.at(&["items"])).iter().map(|item| text(item, "key")).collect();
    let Some(found) = source.has(&keys, &Key::new(namespace.clone(), name), objects) else {
        return Err(source.missing(name));
    };
    match keys.iter().zip(found).find(|(_, found)| !found) {
        None => Ok(()),
        Some((key, _)) => Err(match source {
            Source::ConfigMap => format!("configmap references non-existent config key: {key}"),
            Source::Secret => format!("references non-existent secret key: {key}"),
        }),
    }
}

/// The Secrets for pulling images that are not there.
pub fn missing_pull_secrets(spec: &PodSpec, namespace: &Name, objects: &Objects) -> Vec<Name> {
    let names = items(spec.image_pull_secrets.0.as_deref()).iter().map(|entry| text(entry, "name"));
    let missing = |name: &&str| {
        !name.is_empty() && Source::Secret.has(&[], &Key::new(namespace.clone(), *name), objects).is_none()
    };
    names.filter(missing).map(Name::from).collect()
}
