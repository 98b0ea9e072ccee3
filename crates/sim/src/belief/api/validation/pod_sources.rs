//! What a pod takes from elsewhere: environment variables and the sources of volumes.
//!
//! Upstream: `pkg/apis/core/validation` (`ValidateEnv`, `ValidateEnvFrom`, `validateHostPathVolumeSource` and its like).

use super::field::{Errors, Path};
use super::format;
use super::names::{config_key, dns_label, dns_subdomain, qualified};
use petri_objects::*;

const NO_SOURCE: &str =
    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
const TWO_SOURCES: &str = "may not have more than one field specified at a time";
const ENV_NAME: &str =
    "a valid environment variable name must consist only of printable ASCII characters other than '='";
const FILE_MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";

/// What `fieldRef` may name, of a pod's own: in variables, in files, and what is read but not offered.
const ENV_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
pub(super) const FILE_FIELDS: &[&str] =
    &["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
const OTHER_FIELDS: &[&str] =
    &["metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase"];

pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.at(&[key]).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn items(list: Option<&Value>) -> &[Value] {
    list.and_then(Value::as_list).unwrap_or_default()
}

/// What a value has of these keys.
pub(super) fn given<'k>(value: &Value, keys: &[&'k str]) -> Vec<&'k str> {
    let is_there = |key: &&&str| !matches!(value.at(&[**key]), None | Some(Value::Null));
    keys.iter().filter(is_there).copied().collect()
}

fn env_name(errors: &mut Errors, path: &Path<'_>, name: &str) {
    if name.chars().any(|c| !(' '..='~').contains(&c) || c == '=') {
        errors.invalid(path, format::text(name), ENV_NAME);
    }
}

/// The variables of a container, one by one and all of an object.
pub(super) fn environment(errors: &mut Errors, container: &Container, path: &Path<'_>) {
    let env = path.key("env");
    for (i, variable) in items(container.env.0.as_deref()).iter().enumerate() {
        let path = env.index(i);
        match text(variable, "name") {
            "" => errors.required(&path.key("name"), ""),
            name => env_name(errors, &path.key("name"), name),
        }
        if let Some(from @ Value::Map(_)) = variable.at(&["valueFrom"]) {
            value_from(errors, from, !text(variable, "value").is_empty(), &path.key("valueFrom"));
        }
    }
    let list = path.key("envFrom");
    for (i, from) in items(container.env_from.0.as_deref()).iter().enumerate() {
        let path = list.index(i);
        if !text(from, "prefix").is_empty() {
            env_name(errors, &path.key("prefix"), text(from, "prefix"));
        }
        let sources = given(from, &["configMapRef", "secretRef"]);
        for source in &sources {
            let path = path.key(source);
            match from.at(&[source, "name"]).and_then(Value::as_str).unwrap_or_default() {
                "" => errors.required(&path.key("name"), ""),
                name => dns_subdomain(errors, &path.key("name"), name),
            }
        }
        // Both are said of the list, not of the item.
        match sources.len() {
            0 => errors.invalid(&list, "\"\"", "must specify one of: `configMapRef` or `secretRef`"),
            1 => {}
            _ => errors.invalid(&list, "\"\"", TWO_SOURCES),
        }
    }
}

fn value_from(errors: &mut Errors, from: &Value, has_value: bool, path: &Path<'_>) {
    let sources = given(from, &["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"]);
    for source in &sources {
        let (Some(value), path) = (from.at(&[source]), path.key(source)) else { continue };
        match *source {
            "fieldRef" => field_ref(errors, value, ENV_FIELDS, &path),
            "configMapKeyRef" | "secretKeyRef" => {
                dns_subdomain(errors, &path.key("name"), text(value, "name"));
                match text(value, "key") {
                    "" => errors.required(&path.key("key"), ""),
                    key => config_key(errors, &path.key("key"), key),
                }
            }
            "resourceFieldRef" => resource_ref(errors, value, false, &path),
            "fileKeyRef" => file_key(errors, value, &path),
            _ => {}
        }
    }
    match sources.len() {
        0 => errors.invalid(path, "\"\"", NO_SOURCE),
        _ if has_value => errors.invalid(path, "\"\"", "may not be specified when `value` is not empty"),
        1 => {}
        _ => errors.invalid(path, "\"\"", TWO_SOURCES),
    }
}

/// Upstream: `validateFileKeySelector`.
fn file_key(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    match text(value, "key") {
        "" => errors.required(&path.key("key"), ""),
        key => env_name(errors, &path.key("key"), key),
    }
    match text(value, "volumeName") {
        "" => errors.required(&path.key("volumeName"), ""),
        name => dns_label(errors, &path.key("volumeName"), name),
    }
    match text(value, "path") {
        "" => errors.required(&path.key("path"), ""),
        to => no_steps_back(errors, to, &path.key("path")),
    }
}

/// An amount of a container's, in a variable or in a file of a volume.
///
/// Upstream: `validateContainerResourceFieldSelector`.
pub(super) fn resource_ref(errors: &mut Errors, value: &Value, in_volume: bool, path: &Path<'_>) {
    const RESOURCES: [&str; 6] = [
        "limits.cpu",
        "limits.ephemeral-storage",
        "limits.memory",
        "requests.cpu",
        "requests.ephemeral-storage",
        "requests.memory",
    ];
    let resource = text(value, "resource");
    let is_page = resource.starts_with("limits.hugepages-") || resource.starts_with("requests.hugepages-");
    if in_volume && text(value, "containerName").is_empty() {
        errors.required(&path.key("containerName"), "");
    } else if resource.is_empty() {
        errors.required(&path.key("resource"), "");
    } else if !is_page {
        errors.one_of(&path.key("resource"), resource, &RESOURCES);
    }
    let divisor = match value.at(&["divisor"]) {
        Some(Value::Int(number)) => number.to_string(),
        Some(Value::String(text)) => text.to_string(),
        _ => return,
    };
    let kind = resource.split_once('.').map_or("", |(_, kind)| kind);
    let (may, what) = match kind {
        "cpu" => ("1m and 1", "cpu"),
        "memory" => (SIZES, "memory"),
        "ephemeral-storage" => (SIZES, "local ephemeral storage"),
        _ if is_page => (SIZES, "hugepages"),
        _ => return,
    };
    let fits = divisor == "0" || may.split([',', ' ']).any(|word| word == divisor && word != "and");
    if !fits {
        let detail = format!("only divisor's values {may} are supported with the {what} resource");
        errors.invalid(&path.key("divisor"), format::text(resource), detail);
    }
}

/// By what sizes can be divided.
const SIZES: &str = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei";

/// Upstream: `validateObjectFieldSelector`.
pub(super) fn field_ref(errors: &mut Errors, value: &Value, known: &[&str], path: &Path<'_>) {
    let field = text(value, "fieldPath");
    let at = path.key("fieldPath");
    if field.is_empty() {
        return errors.required(&at, "");
    }
    let subscript = field.strip_suffix("']").and_then(|field| field.split_once("['"));
    let base = subscript.map_or(field, |(base, _)| base);
    match (base, subscript) {
        ("metadata.annotations", Some((_, key))) => {
            let key = key.to_ascii_lowercase();
            return qualified(errors, path, &key, &key);
        }
        ("metadata.labels", Some((_, key))) => return qualified(errors, path, key, key),
        _ => {}
    }
    if !ENV_FIELDS.contains(&field) && !OTHER_FIELDS.contains(&field) {
        let detail = format!("error converting fieldPath: field label not supported: {field}");
        return errors.invalid(&at, format::text(field), detail);
    }
    errors.one_of(&at, field, known);
}

pub(super) fn mode(errors: &mut Errors, value: &Value, key: &str, path: &Path<'_>) {
    if let Some(mode) = value.at(&[key]).and_then(Value::as_int)
        && !(0..=0o777).contains(&mode)
    {
        errors.invalid(&path.key(key), mode.to_string(), FILE_MODE);
    }
}

/// A ConfigMap or a Secret as files.
pub(super) fn files(errors: &mut Errors, value: &Value, name: &str, path: &Path<'_>) {
    if text(value, name).is_empty() {
        errors.required(&path.key(name), "");
    }
    mode(errors, value, "defaultMode", path);
    keys(errors, value, path);
}

/// Upstream: `validateKeyToPath`.
pub(super) fn keys(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    let list = path.key("items");
    for (i, item) in items(value.at(&["items"])).iter().enumerate() {
        let path = list.index(i);
        if text(item, "key").is_empty() {
            errors.required(&path.key("key"), "");
        }
        if text(item, "path").is_empty() {
            errors.required(&path.key("path"), "");
        }
        descending(errors, text(item, "path"), true, &path.key("path"));
        mode(errors, item, "mode", &path);
    }
}

/// A path below the volume.
///
/// Upstream: `validateLocalNonReservedPath`, `validateLocalDescendingPath`.
pub(super) fn descending(errors: &mut Errors, to: &str, may_not_hide: bool, path: &Path<'_>) {
    if to.starts_with('/') {
        errors.invalid(path, format::text(to), "must be a relative path");
    }
    no_steps_back(errors, to, path);
    if may_not_hide && to.starts_with("..") && !to.starts_with("../") {
        errors.invalid(path, format::text(to), "must not start with '..'");
    }
}

/// Upstream: `validatePathNoBacksteps`.
pub(super) fn no_steps_back(errors: &mut Errors, to: &str, path: &Path<'_>) {
    if to.split('/').any(|part| part == "..") {
        errors.invalid(path, format::text(to), "must not contain '..'");
    }
}

pub(super) fn host_path(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    let to = text(value, "path");
    if to.is_empty() {
        return errors.required(&path.key("path"), "");
    }
    no_steps_back(errors, to, &path.key("path"));
    let kinds = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    errors.one_of(&path.key("type"), text(value, "type"), &kinds);
}
