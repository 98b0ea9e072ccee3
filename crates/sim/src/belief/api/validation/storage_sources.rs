//! What a volume is made of, what a claim is filled from, and where a class can be used.
//!
//! Upstream: `ValidatePersistentVolumeSpec`, `validateDataSource`, `validateAllowedTopologies`.

use super::drivers;
use super::field::{Errors, Path};
use super::format;
use super::names::{dns_label, dns_subdomain, qualified};
use super::pod_sources::{host_path, items, no_steps_back, text};
use petri_objects::*;

/// All sources, in the order in which the API server looks at them.
const SOURCES: [&str; 21] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
];

/// The one source of a PersistentVolume.
pub(super) fn volume(errors: &mut Errors, spec: &PersistentVolumeSpec, path: &Path<'_>) {
    let written = spec.to_value();
    let mut is_first = true;
    for name in SOURCES.into_iter().chain(["csi"]) {
        let Some(value) = written.at(&[name]).filter(|value| !matches!(value, Value::Null)) else { continue };
        // Upstream lets this one stand beside others.
        if !is_first && name != "flexVolume" {
            let called = if name == "cephfs" { "cephFS" } else { name };
            errors.forbidden(&path.key(called), "may not specify more than 1 volume type");
            continue;
        }
        is_first = false;
        let at = path.key(name);
        match name {
            "hostPath" => host_path(errors, value, &at),
            "nfs" => drivers::nfs(errors, value, &at),
            "local" => {
                match text(value, "path") {
                    "" => errors.required(&at.key("path"), ""),
                    to => no_steps_back(errors, to, &at.key("path")),
                }
                if spec.node_affinity.is_none() {
                    errors.required(&path.key("nodeAffinity"), "Local volume requires node affinity");
                }
            }
            "csi" => csi(errors, value, &at),
            "azureFile" => {
                drivers::source(errors, name, value, true, path);
                if value.at(&["secretNamespace"]) == Some(&Value::from("")) {
                    errors.required(&at.key("secretNamespace"), "");
                }
            }
            "glusterfs" => {
                drivers::source(errors, name, value, true, path);
                if let Some(space) = value.at(&["endpointsNamespace"]).and_then(Value::as_str) {
                    let at = at.key("endpointsNamespace");
                    match space {
                        "" => {
                            let detail = "if the endpointnamespace is set, it must be a valid namespace name";
                            errors.invalid(&at, "\"\"", detail);
                        }
                        space => dns_label(errors, &at, space),
                    }
                }
            }
            other => drivers::source(errors, other, value, true, path),
        }
    }
    if is_first {
        errors.required(path, "must specify a volume type");
    }
    let root = text(written.at(&["hostPath"]).unwrap_or(&Value::Null), "path");
    let is_root = !root.is_empty() && root.split('/').all(|part| matches!(part, "" | "."));
    if is_root && &*spec.persistent_volume_reclaim_policy == "Recycle" {
        let at = path.key("persistentVolumeReclaimPolicy");
        errors.forbidden(&at, "may not be 'recycle' for a hostPath mount of '/'");
    }
}

fn csi(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    drivers::driver_name(errors, text(value, "driver"), &path.key("driver"));
    if text(value, "volumeHandle").is_empty() {
        errors.required(&path.key("volumeHandle"), "");
    }
    let secrets =
        ["controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"];
    for key in secrets {
        let Some(secret) = value.at(&[key]).filter(|value| !matches!(value, Value::Null)) else { continue };
        let at = path.key(key);
        match text(secret, "name") {
            "" => errors.required(&at.key("name"), ""),
            name => dns_subdomain(errors, &at.key("name"), name),
        }
        match text(secret, "namespace") {
            "" => errors.required(&at.key("namespace"), ""),
            name => dns_label(errors, &at.key("namespace"), name),
        }
    }
}

/// Where the first data of a claim come from.
pub(super) fn data_sources(errors: &mut Errors, spec: &PersistentVolumeClaimSpec, path: &Path<'_>) {
    let (from, reference) = (spec.data_source.0.as_deref(), spec.data_source_ref.0.as_deref());
    for (key, value) in [("dataSource", from), ("dataSourceRef", reference)] {
        if let Some(value) = value {
            data_source(errors, value, &path.key(key));
        }
    }
    let (Some(from), Some(reference)) = (from, reference) else { return };
    let shown = || format!("\"{path}.dataSource\"");
    if !text(reference, "namespace").is_empty() {
        errors.invalid(path, shown(), "may not be specified when dataSourceRef.namespace is specified");
    } else if ["apiGroup", "kind", "name"].iter().any(|key| text(from, key) != text(reference, key)) {
        errors.invalid(path, shown(), "must match dataSourceRef");
    }
}

fn data_source(errors: &mut Errors, value: &Value, path: &Path<'_>) {
    for key in ["name", "kind"].into_iter().filter(|key| text(value, key).is_empty()) {
        errors.required(&path.key(key), "");
    }
    let (group, kind, space) = (text(value, "apiGroup"), text(value, "kind"), text(value, "namespace"));
    if group.is_empty() && kind != "PersistentVolumeClaim" {
        let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        errors.invalid(path, format::text(kind), detail);
    } else if !group.is_empty() {
        dns_subdomain(errors, &path.key("apiGroup"), group);
    }
    if !space.is_empty() {
        dns_label(errors, &path.key("namespace"), space);
    }
}

/// Upstream: `validateAllowedTopologies`, `ValidateTopologySelectorTerm`.
pub(super) fn topologies(errors: &mut Errors, topologies: &Value, path: &Path<'_>) {
    let all = topologies.as_list().unwrap_or_default();
    for (i, term) in all.iter().enumerate() {
        let at = path.index(i);
        let list = at.key("matchLabelExpressions");
        let expressions = items(term.at(&["matchLabelExpressions"]));
        for (i, expression) in expressions.iter().enumerate() {
            let (at, key) = (list.index(i), text(expression, "key"));
            let (values, within) = (items(expression.at(&["values"])), at.key("values"));
            if values.is_empty() {
                errors.required(&within, "");
            }
            for (i, value) in values.iter().enumerate().filter(|(i, value)| values[..*i].contains(value)) {
                errors.duplicate(&within.index(i), value.as_str().unwrap_or_default());
            }
            qualified(errors, &at.key("key"), key, key);
            if expressions[..i].iter().any(|other| text(other, "key") == key) {
                errors.duplicate(&at.key("key"), key);
            }
        }
        if all[..i].contains(term) {
            errors.duplicate(&at.key("matchLabelExpressions"), "");
        }
    }
}
