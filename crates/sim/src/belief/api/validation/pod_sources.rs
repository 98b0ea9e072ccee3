//! What a pod takes from elsewhere: environment variables and the sources of volumes.
//!
//! Deviation: of the volume sources of old drivers nothing is checked beyond their types.
//!
//! Upstream: `pkg/apis/core/validation` (`ValidateEnv`, `ValidateEnvFrom`, `validateVolumeSource`).

use super::field::{Errors, Path};
use super::format;
use super::names::{config_key, dns_subdomain};
use petri_objects::record::Opaque;
use petri_objects::*;

const NO_SOURCE: &str = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`";
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
const FILE_FIELDS: &[&str] =
    &["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
const OTHER_FIELDS: &[&str] =
    &["metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase"];

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.at(&[key]).and_then(Value::as_str).unwrap_or_default()
}

fn items(list: Option<&Value>) -> &[Value] {
    list.and_then(Value::as_list).unwrap_or_default()
}

/// What a value has of these keys.
fn given<'k>(value: &Value, keys: &[&'k str]) -> Vec<&'k str> {
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
        env_name(errors, &path.key("prefix"), text(from, "prefix"));
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
            "resourceFieldRef" => {
                let resources = [
                    "limits.cpu",
                    "limits.ephemeral-storage",
                    "limits.memory",
                    "requests.cpu",
                    "requests.ephemeral-storage",
                    "requests.memory",
                ];
                match text(value, "resource") {
                    "" => errors.required(&path.key("resource"), ""),
                    name if name.contains("hugepages-") => {}
                    name => errors.one_of(&path.key("resource"), name, &resources),
                }
            }
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

/// Upstream: `validateObjectFieldSelector`.
fn field_ref(errors: &mut Errors, value: &Value, known: &[&str], path: &Path<'_>) {
    let field = text(value, "fieldPath");
    let path = path.key("fieldPath");
    if field.is_empty() {
        return errors.required(&path, "");
    }
    let base = field.split_once("['").map_or(field, |(base, _)| base);
    if base != field && matches!(base, "metadata.annotations" | "metadata.labels") {
        return;
    }
    if !ENV_FIELDS.contains(&base) && !OTHER_FIELDS.contains(&base) {
        let detail = format!("error converting fieldPath: field label not supported: {field}");
        return errors.invalid(&path, format::text(field), detail);
    }
    errors.one_of(&path, field, known);
}

/// The one source of a volume.
pub(super) fn source(errors: &mut Errors, volume: &Volume, path: &Path<'_>) {
    let each = |part: &Opaque, key: &str, errors: &mut Errors, check: &dyn Fn(&mut Errors, &Value, &Path<'_>)| {
        if let Some(value) = part.0.as_deref() {
            check(errors, value, &path.key(key));
        }
    };
    each(&volume.secret, "secret", errors, &|errors, value, path| files(errors, value, "secretName", path));
    each(&volume.config_map, "configMap", errors, &|errors, value, path| files(errors, value, "name", path));
    each(&volume.downward_api, "downwardAPI", errors, &downward);
    each(&volume.host_path, "hostPath", errors, &host_path);
    each(&volume.nfs, "nfs", errors, &|errors, value, path| {
        if text(value, "server").is_empty() {
            errors.required(&path.key("server"), "");
        }
        match text(value, "path") {
            "" => errors.required(&path.key("path"), ""),
            to if !to.starts_with('/') => {
                errors.invalid(&path.key("path"), format::text(to), "must be an absolute path");
            }
            _ => {}
        }
    });
    each(&volume.csi, "csi", errors, &|errors, value, path| {
        if text(value, "driver").is_empty() {
            errors.required(&path.key("driver"), "");
        }
    });
    each(&volume.empty_dir, "emptyDir", errors, &|errors, value, path| {
        if Quantity(text(value, "sizeLimit").into()).millis().is_some_and(|size| size < 0) {
            errors.forbidden(&path.key("sizeLimit"), "SizeLimit field must be a valid resource quantity");
        }
    });
    each(&volume.projected, "projected", errors, &projected);
}

fn mode(errors: &mut Errors, value: &Value, key: &str, path: &Path<'_>) {
    if let Some(mode) = value.at(&[key]).and_then(Value::as_int)
        && !(0..=0o777).contains(&mode)
    {
        errors.invalid(&path.key(key), mode.to_string(), FILE_MODE);
    }
}

/// A ConfigMap or a Secret as files.
fn files(errors: &mut Errors, value: &Value, name: &str, path: &Path<'_>) {
    if text(value, name).is_empty() {
        errors.required(&path.key(name), "");
    }
    mode(errors, value, "defaultMode", path);
    keys(errors, value, path);
}

/// Upstream: `validateKeyToPath`.
fn keys(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    let list = path.key("items");
    for (i, item) in items(value.at(&["items"])).iter().enumerate() {
        let path = list.index(i);
        if text(item, "key").is_empty() {
            errors.required(&path.key("key"), "");
        }
        descending(errors, text(item, "path"), true, &path.key("path"));
        mode(errors, item, "mode", &path);
    }
}

/// A path below the volume.
///
/// Upstream: `validateLocalNonReservedPath`, `validateLocalDescendingPath`.
pub(super) fn descending(errors: &mut Errors, to: &str, may_not_hide: bool, path: &Path<'_>) {
    if to.is_empty() {
        return errors.required(path, "");
    }
    if to.starts_with('/') {
        errors.invalid(path, format::text(to), "must be a relative path");
    }
    if to.split('/').any(|part| part == "..") {
        errors.invalid(path, format::text(to), "must not contain '..'");
    }
    if may_not_hide && to.starts_with("..") && !to.starts_with("../") && to != ".." {
        errors.invalid(path, format::text(to), "must not start with '..'");
    }
}

fn downward(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    mode(errors, value, "defaultMode", path);
    let list = path.key("items");
    for (i, item) in items(value.at(&["items"])).iter().enumerate() {
        let path = list.index(i);
        match text(item, "path") {
            "" => errors.required(&path.key("path"), ""),
            to => descending(errors, to, true, &path.key("path")),
        }
        match (item.at(&["fieldRef"]), item.at(&["resourceFieldRef"])) {
            (Some(_), Some(_)) => {
                errors.invalid(
                    &path,
                    "\"resource\"",
                    "fieldRef and resourceFieldRef can not be specified simultaneously",
                );
            }
            (Some(field), None) => field_ref(errors, field, FILE_FIELDS, &path.key("fieldRef")),
            (None, Some(_)) => {}
            (None, None) => errors.required(&path.key("fieldRef"), "one of fieldRef and resourceFieldRef is required"),
        }
        mode(errors, item, "mode", &path);
    }
}

fn host_path(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    let to = text(value, "path");
    if to.is_empty() {
        return errors.required(&path.key("path"), "");
    }
    if to.split('/').any(|part| part == "..") {
        errors.invalid(&path.key("path"), format::text(to), "must not contain '..'");
    }
    let kinds = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    errors.one_of(&path.key("type"), text(value, "type"), &kinds);
}

/// Upstream: `validateProjectionSources`.
fn projected(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    mode(errors, value, "defaultMode", path);
    let list = path.key("sources");
    for (i, part) in items(value.at(&["sources"])).iter().enumerate() {
        let path = list.index(i);
        let known =
            ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"];
        let sources = given(part, &known);
        if sources.len() > 1 {
            errors.forbidden(&path, "may not specify more than 1 volume type");
        }
        for source in sources {
            let (Some(value), path) = (part.at(&[source]), path.key(source)) else { continue };
            match source {
                "secret" | "configMap" => files(errors, value, "name", &path),
                "downwardAPI" => downward(errors, value, &path),
                "serviceAccountToken" => match text(value, "path") {
                    "" => errors.required(&path.key("path"), ""),
                    to => descending(errors, to, true, &path.key("path")),
                },
                _ => {}
            }
        }
    }
}
