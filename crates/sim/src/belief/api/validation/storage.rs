//! Claims, volumes, classes.
//!
//! Upstream: `pkg/apis/core/validation`, `ValidatePersistentVolume...`; `pkg/apis/storage/validation`.

use super::field::{Errors, Path};
use super::format;
use super::names::{dns_subdomain, qualified};
use super::pod_placement::node_selector;
use super::selector::label_selector;
use super::{diff, storage_sources};
use petri_objects::*;
use std::collections::BTreeMap;
use std::rc::Rc;

const MODES: &[&str] = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

fn access_modes(errors: &mut Errors, modes: &[Name], path: &Path<'_>) {
    for mode in modes {
        errors.one_of(path, mode, MODES);
    }
    let alone = |mode: &Name| &**mode == "ReadWriteOncePod";
    if modes.iter().any(alone) && modes.iter().any(|mode| !alone(mode) && MODES.contains(&&**mode)) {
        errors.forbidden(path, "may not use ReadWriteOncePod with other access modes");
    }
}

pub(super) fn claim_spec(errors: &mut Errors, spec: &PersistentVolumeClaimSpec, path: &Path<'_>) {
    let modes = path.key("accessModes");
    if spec.access_modes.is_empty() {
        errors.required(&modes, "at least 1 access mode is required");
    }
    if let Some(selector) = &spec.selector {
        label_selector(errors, &path.key("selector"), selector);
    }
    access_modes(errors, &spec.access_modes, &modes);
    let resources = path.key("resources");
    let storage = resources.map_key("storage");
    match spec.resources.requests.get("storage") {
        None => errors.required(&storage, ""),
        Some(amount) if amount.millis().is_none_or(|millis| millis <= 0) => {
            errors.invalid(&storage, format::text(&amount.0), "must be greater than zero");
        }
        Some(_) => {}
    }
    if let Some(class) = spec.storage_class_name.as_ref().filter(|class| !class.is_empty()) {
        dns_subdomain(errors, &path.key("storageClassName"), class);
    }
    if !spec.volume_mode.is_empty() {
        errors.one_of(&path.key("volumeMode"), &spec.volume_mode, &["Block", "Filesystem"]);
    }
    if spec.data_source.0.is_some() || spec.data_source_ref.0.is_some() {
        storage_sources::data_sources(errors, spec, path);
    }
    if let Some(class) = spec.volume_attributes_class_name.as_ref().filter(|class| !class.is_empty()) {
        dns_subdomain(errors, &path.key("volumeAttributesClassName"), class);
    }
}

pub(super) fn claim_update(
    errors: &mut Errors,
    new: &PersistentVolumeClaim,
    old: &PersistentVolumeClaim,
    path: &Path<'_>,
) {
    if Rc::ptr_eq(&new.spec, &old.spec) || new.spec == old.spec {
        return;
    }
    let (mut after, mut before) =
        (PersistentVolumeClaimSpec::clone(&new.spec), PersistentVolumeClaimSpec::clone(&old.spec));
    // The volume controller fills in the volume once, and a default class where there was none.
    if before.volume_name.is_empty() {
        before.volume_name = after.volume_name.clone();
    }
    if before.storage_class_name.is_none() {
        before.storage_class_name = after.storage_class_name.clone();
    }
    let amount = |claim: &PersistentVolumeClaim| claim.request().and_then(Quantity::millis);
    let same_amount = amount(new) == amount(old);
    if (old.is_bound() || same_amount)
        && let Some(requested) = before.resources.requests.get("storage")
    {
        after.resources.requests.insert("storage".into(), requested.clone());
    }
    after.volume_attributes_class_name = before.volume_attributes_class_name.clone();
    if after != before {
        let diff = diff::unified(&claim_json(&before), &claim_json(&after));
        let detail = format!(
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n{diff}"
        );
        errors.forbidden(path, detail);
    }
    let given = old.status.capacity.get("storage").and_then(Quantity::millis);
    if amount(new) < amount(old) && amount(new) <= given {
        let path = path.key("resources");
        let path = path.key("requests");
        errors.forbidden(&path.key("storage"), "field can not be less than status.capacity");
    }
    if new.spec.volume_mode != old.spec.volume_mode {
        let value = format::text(&new.spec.volume_mode);
        errors.invalid(&Path::root("volumeMode"), value, "field is immutable");
    }
}

/// The server's own struct, in its order, as the diff in the message shows it.
fn claim_json(spec: &PersistentVolumeClaimSpec) -> String {
    let list = |list: &[Name]| Value::List(list.iter().cloned().map(Value::String).collect());
    let amounts = |amounts: &BTreeMap<Name, Quantity>| match amounts.is_empty() {
        true => Value::Null,
        false => Value::Map(amounts.iter().map(|(k, v)| (k.clone(), Value::String(v.0.clone()))).collect()),
    };
    let optional = |text: &Option<Name>| text.clone().map_or(Value::Null, Value::String);
    let resources: Map =
        [("Limits".into(), amounts(&spec.resources.limits)), ("Requests".into(), amounts(&spec.resources.requests))]
            .into_iter()
            .collect();
    let opaque = |part: &record::Opaque| part.0.as_ref().map_or(Value::Null, |value| (**value).clone());
    let fields = [
        ("AccessModes", list(&spec.access_modes)),
        ("Selector", spec.selector.as_ref().map_or(Value::Null, Record::to_value)),
        ("Resources", Value::Map(resources)),
        ("VolumeName", Value::String(spec.volume_name.clone())),
        ("StorageClassName", optional(&spec.storage_class_name)),
        ("VolumeMode", Value::String(spec.volume_mode.clone())),
        ("DataSource", opaque(&spec.data_source)),
        ("DataSourceRef", opaque(&spec.data_source_ref)),
        ("VolumeAttributesClassName", optional(&spec.volume_attributes_class_name)),
    ];
    go_struct(&fields.map(|(name, value)| (name, diff::pretty(&value))))
}

/// Fields in the order of the server's struct, each with its own text.
fn go_struct(fields: &[(&str, String)]) -> String {
    let mut out = String::from("{\n");
    for (i, (name, value)) in fields.iter().enumerate() {
        let text = value.trim_end().replace('\n', "\n ");
        let comma = if i + 1 < fields.len() { "," } else { "" };
        out.push_str(&format!(" \"{name}\": {text}{comma}\n"));
    }
    out.push_str("}\n");
    out
}

/// All sources that a volume can have, of which it has one. What the server calls `Path` is `path` in a manifest.
fn source_json(spec: &PersistentVolumeSpec) -> String {
    const SOURCES: [&str; 22] = [
        "GCEPersistentDisk",
        "AWSElasticBlockStore",
        "HostPath",
        "Glusterfs",
        "NFS",
        "RBD",
        "Quobyte",
        "ISCSI",
        "FlexVolume",
        "Cinder",
        "CephFS",
        "FC",
        "Flocker",
        "AzureFile",
        "VsphereVolume",
        "AzureDisk",
        "PhotonPersistentDisk",
        "PortworxVolume",
        "ScaleIO",
        "Local",
        "StorageOS",
        "CSI",
    ];
    // The key in a manifest, and what stands for a missing one.
    type Field = (&'static str, &'static str, &'static str);
    const CSI: [Field; 10] = [
        ("Driver", "driver", "\"\""),
        ("VolumeHandle", "volumeHandle", "\"\""),
        ("ReadOnly", "readOnly", "false"),
        ("FSType", "fsType", "\"\""),
        ("VolumeAttributes", "volumeAttributes", "null"),
        ("ControllerPublishSecretRef", "controllerPublishSecretRef", "null"),
        ("NodeStageSecretRef", "nodeStageSecretRef", "null"),
        ("NodePublishSecretRef", "nodePublishSecretRef", "null"),
        ("ControllerExpandSecretRef", "controllerExpandSecretRef", "null"),
        ("NodeExpandSecretRef", "nodeExpandSecretRef", "null"),
    ];
    const HOST_PATH: [Field; 2] = [("Path", "path", "\"\""), ("Type", "type", "null")];
    const NFS: [Field; 3] = [("Server", "server", "\"\""), ("Path", "path", "\"\""), ("ReadOnly", "readOnly", "false")];
    const LOCAL: [Field; 2] = [("Path", "path", "\"\""), ("FSType", "fsType", "null")];

    let spec = spec.to_value();
    let part = |key: &str, fields: &[Field]| match spec.at(&[key]) {
        Some(part) => {
            let text = |(name, key, missing): &Field| {
                (*name, part.at(&[key]).map_or_else(|| (*missing).to_owned(), diff::pretty))
            };
            go_struct(&fields.iter().map(text).collect::<Vec<_>>())
        }
        None => "null".into(),
    };
    go_struct(&SOURCES.map(|source| {
        let text = match source {
            "CSI" => part("csi", &CSI),
            "HostPath" => part("hostPath", &HOST_PATH),
            "NFS" => part("nfs", &NFS),
            "Local" => part("local", &LOCAL),
            _ => "null".into(),
        };
        (source, text)
    }))
}

pub(super) fn volume_spec(errors: &mut Errors, spec: &PersistentVolumeSpec, path: &Path<'_>) {
    let modes = path.key("accessModes");
    if spec.access_modes.is_empty() {
        errors.required(&modes, "");
    }
    access_modes(errors, &spec.access_modes, &modes);
    let capacity = path.key("capacity");
    if spec.capacity.is_empty() {
        errors.required(&capacity, "");
    }
    if !spec.capacity.contains_key("storage") || spec.capacity.len() > 1 {
        let amounts = || spec.capacity.iter().map(|(k, v)| (k.clone(), Value::String(v.0.clone()))).collect();
        errors.not_supported(&capacity, Value::Map(amounts()).to_json(), &["storage"]);
    }
    for (name, amount) in &spec.capacity {
        let at = capacity.map_key(name);
        if let Some(value) = amount.value().filter(|value| *value < 0) {
            errors.invalid(&at, value.to_string(), "must be a valid resource quantity");
        }
        if amount.millis().is_none_or(|millis| millis <= 0) {
            errors.invalid(&at, format::text(&amount.0), "must be greater than zero");
        }
    }
    if !spec.persistent_volume_reclaim_policy.is_empty() {
        let policies = ["Delete", "Recycle", "Retain"];
        errors.one_of(&path.key("persistentVolumeReclaimPolicy"), &spec.persistent_volume_reclaim_policy, &policies);
    }
    if let Some(affinity) = &spec.node_affinity {
        let path = path.key("nodeAffinity");
        match &affinity.required {
            Some(required) => node_selector(errors, required, &path.key("required")),
            None => errors.required(&path.key("required"), "must specify required node constraints"),
        }
    }
    match &spec.csi {
        Some(csi) if is_driver_alone(spec, csi) => dns_subdomain(errors, &path.key("csi").key("driver"), &csi.driver),
        _ => storage_sources::volume(errors, spec, path),
    }
    if !spec.storage_class_name.is_empty() {
        dns_subdomain(errors, &path.key("storageClassName"), &spec.storage_class_name);
    }
    if !spec.volume_mode.is_empty() {
        errors.one_of(&path.key("volumeMode"), &spec.volume_mode, &["Block", "Filesystem"]);
    }
    if let Some(class) = &spec.volume_attributes_class_name {
        let at = path.key("volumeAttributesClassName");
        if class.is_empty() {
            errors.required(&at, "an empty string is disallowed");
        } else {
            dns_subdomain(errors, &at, class);
        }
        if spec.csi.is_none() {
            errors.required(&path.key("csi"), "has to be specified when using volumeAttributesClassName");
        }
    }
}

/// What a provisioner makes: a volume of a driver, with nothing unusual about it.
fn is_driver_alone(spec: &PersistentVolumeSpec, csi: &CsiVolumeSource) -> bool {
    let alone = spec.host_path.0.is_none() && spec.local.0.is_none() && spec.nfs.0.is_none();
    let plain = |name: &str| (1..=63).contains(&name.len()) && !name.bytes().any(|b| b.is_ascii_uppercase());
    alone
        && plain(&csi.driver)
        && !csi.volume_handle.is_empty()
        && csi.others.names().next().is_none()
        && spec.others.names().next().is_none()
}

pub(super) fn volume_update(
    errors: &mut Errors,
    new: &PersistentVolumeSpec,
    old: &PersistentVolumeSpec,
    path: &Path<'_>,
) {
    if (&new.csi, &new.host_path, &new.local, &new.nfs) != (&old.csi, &old.host_path, &old.local, &old.nfs) {
        let diff = diff::unified(&source_json(old), &source_json(new));
        let detail = format!("spec.persistentvolumesource is immutable after creation\n{diff}");
        errors.forbidden(&path.key("persistentvolumesource"), detail);
    }
    if new.volume_mode != old.volume_mode {
        errors.invalid(&Path::root("volumeMode"), format::text(&new.volume_mode), "field is immutable");
    }
    if old.node_affinity.is_some() && new.node_affinity != old.node_affinity {
        let value = new.node_affinity.as_ref().map_or("null".into(), |affinity| affinity.to_value().to_json());
        let detail = "field is immutable, except for updating from beta label to GA";
        errors.invalid(&Path::root("nodeAffinity"), value, detail);
    }
    if old.volume_attributes_class_name.is_some() && new.volume_attributes_class_name.is_none() {
        let detail = "update from non-nil value to nil is forbidden";
        errors.forbidden(&path.key("volumeAttributesClassName"), detail);
    }
}

pub(super) fn class(errors: &mut Errors, class: &StorageClass) {
    let path = Path::root("provisioner");
    if class.provisioner.is_empty() {
        errors.required(&path, "");
    } else {
        qualified(errors, &path, &class.provisioner, &class.provisioner.to_ascii_lowercase());
    }
    if class.parameters.iter().any(|(key, _)| key.is_empty()) {
        errors.invalid(&Path::root("parameters"), "\"\"", "field can not be empty.");
    }
    let policy = class.reclaim_policy.as_deref().unwrap_or("Delete");
    errors.one_of(&Path::root("reclaimPolicy"), policy, &["Delete", "Retain"]);
    let mode = class.volume_binding_mode.as_deref().unwrap_or("");
    let modes = ["Immediate", "WaitForFirstConsumer"];
    errors.required_one_of(&Path::root("volumeBindingMode"), mode, &modes);
    if let Some(topologies) = class.allowed_topologies.0.as_deref() {
        storage_sources::topologies(errors, topologies, &Path::root("allowedTopologies"));
    }
}

pub(super) fn class_update(errors: &mut Errors, new: &StorageClass, old: &StorageClass) {
    const IMMUTABLE: &str = "field is immutable";
    if new.parameters != old.parameters {
        errors.invalid(&Path::root("parameters"), format::labels(&new.parameters), IMMUTABLE);
    }
    if new.provisioner != old.provisioner {
        errors.invalid(&Path::root("provisioner"), format::text(&new.provisioner), IMMUTABLE);
    }
    for (key, new, old) in [
        ("reclaimPolicy", &new.reclaim_policy, &old.reclaim_policy),
        ("volumeBindingMode", &new.volume_binding_mode, &old.volume_binding_mode),
    ] {
        if new != old {
            let value = new.as_deref().map_or("null".into(), format::text);
            errors.invalid(&Path::root(key), value, IMMUTABLE);
        }
    }
}
