//! Sources of volumes by drivers, of pods and of PersistentVolumes.
//!
//! Upstream: `pkg/apis/core/validation` (`validate...VolumeSource`).

use super::field::{Errors, Path};
use super::format;
use super::names::{dns_label, dns_subdomain};
use super::pod_sources::{descending, items, text};
use petri_objects::Value;

/// Sources whose only rule is that some fields are there.
const NEEDED: &[(&str, &[&str])] = &[
    ("awsElasticBlockStore", &["volumeID"]),
    ("azureDisk", &["diskName", "diskURI"]),
    ("azureFile", &["secretName", "shareName"]),
    ("cephfs", &["monitors"]),
    ("cinder", &["volumeID"]),
    ("flexVolume", &["driver"]),
    ("gcePersistentDisk", &["pdName"]),
    ("gitRepo", &["repository"]),
    ("glusterfs", &["endpoints", "path"]),
    ("photonPersistentDisk", &["pdID"]),
    ("portworxVolume", &["volumeID"]),
    ("rbd", &["monitors", "image"]),
    ("scaleIO", &["gateway", "system", "volumeName"]),
    ("vsphereVolume", &["volumePath"]),
];

fn is_missing(value: &Value, key: &str) -> bool {
    match value.at(&[key]) {
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::List(list)) => list.is_empty(),
        Some(Value::Null) | None => true,
        Some(_) => false,
    }
}

/// One source, below the volume that it is of.
pub(super) fn source(errors: &mut Errors, name: &str, value: &Value, persistent: bool, volume: &Path<'_>) {
    // Upstream's own name of it.
    let path = volume.key(if name == "gcePersistentDisk" { "persistentDisk" } else { name });
    let needed = NEEDED.iter().find(|row| row.0 == name).map_or(&[][..], |row| row.1);
    for key in needed.iter().filter(|key| is_missing(value, key)) {
        errors.required(&path.key(key), "");
    }
    match name {
        "awsElasticBlockStore" | "gcePersistentDisk" => range(errors, value, "partition", "1 and 255", &path),
        "gitRepo" => descending(errors, text(value, "directory"), false, &path.key("directory")),
        "azureDisk" => azure_disk(errors, value, &path),
        "cinder" => secret(errors, value, persistent, &path),
        "fc" => fibre_channel(errors, value, &path),
        "flexVolume" => options(errors, value, &path),
        "flocker" => flocker(errors, value, &path),
        "iscsi" => iscsi(errors, value, persistent, &path),
        "quobyte" => quobyte(errors, value, &path),
        "storageos" => {
            for key in ["volumeName", "volumeNamespace"] {
                match text(value, key) {
                    "" if key == "volumeName" => errors.required(&path.key(key), ""),
                    "" => {}
                    name => dns_label(errors, &path.key(key), name),
                }
            }
            secret(errors, value, persistent, &path);
        }
        _ => {}
    }
}

fn range(errors: &mut Errors, value: &Value, key: &str, ends: &str, path: &Path<'_>) {
    if let Some(number) = value.at(&[key]).and_then(Value::as_int).filter(|number| !(0..=255).contains(number)) {
        errors.invalid(&path.key(key), number.to_string(), format!("must be between {ends}, inclusive"));
    }
}

fn secret(errors: &mut Errors, value: &Value, persistent: bool, path: &Path<'_>) {
    let path = path.key("secretRef");
    if let Some(secret) = value.at(&["secretRef"]) {
        let needed: &[&str] = if persistent { &["name", "namespace"] } else { &["name"] };
        for key in needed.iter().filter(|key| text(secret, key).is_empty()) {
            errors.required(&path.key(key), "");
        }
    }
}

fn azure_disk(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    let (mode, kind, uri) = (text(value, "cachingMode"), text(value, "kind"), text(value, "diskURI"));
    if !mode.is_empty() {
        errors.one_of(&path.key("cachingMode"), mode, &["None", "ReadOnly", "ReadWrite"]);
    }
    if !kind.is_empty() {
        errors.one_of(&path.key("kind"), kind, &["Dedicated", "Managed", "Shared"]);
    }
    const MANAGED: &str =
        "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
    const BLOB: &str = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";
    let (start, form) = if kind == "Managed" { ("/subscriptions/", MANAGED) } else { ("https://", BLOB) };
    if !kind.is_empty() && !uri.starts_with(start) {
        errors.not_supported(&path.key("diskURI"), format::text(uri), &[form]);
    }
}

fn fibre_channel(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    let (names, ids) = (items(value.at(&["targetWWNs"])), items(value.at(&["wwids"])));
    let at = path.key("targetWWNs");
    if names.is_empty() && ids.is_empty() {
        errors.required(&at, "must specify either targetWWNs or wwids, but not both");
    }
    if !names.is_empty() && !ids.is_empty() {
        let value = Value::List(names.to_vec()).to_json();
        errors.invalid(&at, value, "targetWWNs and wwids can not be specified simultaneously");
    }
    if !names.is_empty() && is_missing(value, "lun") {
        errors.required(&path.key("lun"), "lun is required if targetWWNs is specified");
    } else if !names.is_empty() {
        range(errors, value, "lun", "0 and 255", path);
    }
}

fn options(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    let options = path.key("options");
    for (key, _) in value.at(&["options"]).and_then(Value::as_map).into_iter().flat_map(|map| map.iter()) {
        let space = format!(".{}", key.split('/').next().unwrap_or(key).to_ascii_lowercase());
        if space.ends_with(".kubernetes.io") || space.ends_with(".k8s.io") {
            let detail = "kubernetes.io and k8s.io namespaces are reserved";
            errors.invalid(&options.map_key(key), format::text(key), detail);
        }
    }
}

fn flocker(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    let (name, uuid) = (text(value, "datasetName"), text(value, "datasetUUID"));
    match (name, uuid) {
        ("", "") => errors.required(path, "one of datasetName and datasetUUID is required"),
        ("", _) | (_, "") => {}
        _ => errors.invalid(path, "\"resource\"", "datasetName and datasetUUID can not be specified simultaneously"),
    }
    if name.contains('/') {
        errors.invalid(&path.key("datasetName"), format::text(name), "must not contain '/'");
    }
}

fn iscsi(errors: &mut Errors, value: &Value, persistent: bool, path: &Path<'_>) {
    if is_missing(value, "targetPortal") {
        errors.required(&path.key("targetPortal"), "");
    }
    let name = text(value, "iqn");
    if name.is_empty() {
        errors.required(&path.key("iqn"), "");
    } else if !["iqn", "eui", "naa"].iter().any(|start| name.starts_with(start)) {
        let detail =
            if persistent { "must be valid format" } else { "must be valid format starting with iqn, eui, or naa" };
        errors.invalid(&path.key("iqn"), format::text(name), detail);
    } else if !is_qualified_node(name) {
        errors.invalid(&path.key("iqn"), format::text(name), "must be valid format");
    }
    range(errors, value, "lun", "0 and 255", path);
    let is_set = |key: &str| value.at(&[key]) == Some(&Value::Bool(true));
    if (is_set("chapAuthDiscovery") || is_set("chapAuthSession")) && is_missing(value, "secretRef") {
        errors.required(&path.key("secretRef"), "");
    }
}

/// `iqn.2015-02.example.com:test`, `eui.` and 16 characters, `naa.` and 32.
fn is_qualified_node(name: &str) -> bool {
    let word = |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if let Some(rest) = name.strip_prefix("iqn.") {
        let Some((date, rest)) = rest.split_once('.') else { return false };
        let digits = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
        let host = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
        return date.split_once('-').is_some_and(|(year, month)| digits(year, 4) && digits(month, 2))
            && rest.split_once(':').is_some_and(|(authority, unit)| {
                let odd = |c: char| matches!(c, ',' | ';' | '*' | '&' | '$' | '|') || c.is_whitespace();
                !authority.is_empty() && host(authority) && !unit.is_empty() && !unit.contains(odd)
            });
    }
    match (name.get(..3), name.get(4..)) {
        (Some("eui"), Some(rest)) => word(rest, 16),
        (Some("naa"), Some(rest)) => word(rest, 32),
        _ => false,
    }
}

fn quobyte(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    const PAIRS: &str = "must be a host:port pair or multiple pairs separated by commas";
    let (registry, at) = (text(value, "registry"), path.key("registry"));
    if registry.is_empty() {
        errors.required(&at, PAIRS);
    } else if text(value, "tenant").len() >= 65 {
        errors.required(&path.key("tenant"), "must be a UUID and may not exceed a length of 64 characters");
    } else {
        for _ in registry.split(',').filter(|pair| pair.matches(':').count() != 1) {
            errors.invalid(&at, format::text(registry), PAIRS);
        }
    }
    if is_missing(value, "volume") {
        errors.required(&path.key("volume"), "");
    }
}

/// Upstream: `validateNFSVolumeSource`.
pub(super) fn nfs(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    for key in ["server", "path"].into_iter().filter(|key| text(value, key).is_empty()) {
        errors.required(&path.key(key), "");
    }
    if !text(value, "path").starts_with('/') {
        errors.invalid(&path.key("path"), format::text(text(value, "path")), "must be an absolute path");
    }
}

/// Upstream: `ValidateCSIDriverName`.
pub(super) fn driver_name(errors: &mut Errors, name: &str, path: &Path<'_>) {
    if name.is_empty() {
        errors.required(path, "");
    }
    if name.len() > 63 {
        errors.too_long(path, "may not be more than 63 bytes");
    }
    let mut lower = Errors::default();
    dns_subdomain(&mut lower, path, &name.to_ascii_lowercase());
    for error in lower.list {
        errors.invalid(path, format::text(name), error.detail);
    }
}
