//! Where volumes appear in a container: as folders, or as devices.
//!
//! Upstream: `pkg/apis/core/validation` (`ValidateVolumeMounts`, `ValidateVolumeDevices`).

use super::field::{Errors, Path};
use super::format;
use super::pod_sources::{descending, text};
use petri_objects::*;

/// A name that mounts may refer to, and whether a claim is behind it.
pub(super) struct Known<'v> {
    pub(super) name: &'v str,
    pub(super) is_claim: bool,
}

/// A device of a container: its volume and its path.
type Device<'v> = (&'v str, &'v str);

fn devices(container: &Container) -> Vec<Device<'_>> {
    let list = container.volume_devices.0.as_deref().and_then(Value::as_list).unwrap_or_default();
    list.iter().map(|device| (text(device, "name"), text(device, "devicePath"))).collect()
}

pub(super) fn mounts(errors: &mut Errors, container: &Container, known: &[Known<'_>], path: &Path<'_>) {
    let devices = devices(container);
    let (mounts, list) = (&container.volume_mounts, path.key("volumeMounts"));
    for (i, mount) in mounts.iter().enumerate() {
        let path = list.index(i);
        if mount.name.is_empty() {
            errors.required(&path.key("name"), "");
        }
        if !known.iter().any(|volume| volume.name == &*mount.name) {
            errors.not_found(&path.key("name"), &mount.name);
        }
        if mount.mount_path.is_empty() {
            errors.required(&path.key("mountPath"), "");
        }
        if mounts[..i].iter().any(|other| other.mount_path == mount.mount_path) {
            errors.invalid(&path.key("mountPath"), format::text(&mount.mount_path), "must be unique");
        }
        if devices.iter().any(|device| device.0 == &*mount.name) {
            errors.invalid(&path.key("name"), format::text(&mount.name), "must not already exist in volumeDevices");
        }
        if devices.iter().any(|device| device.1 == &*mount.mount_path) {
            let detail = "must not already exist as a path in volumeDevices";
            errors.invalid(&path.key("mountPath"), format::text(&mount.mount_path), detail);
        }
        // What is wrong with the rest is said of the list, not of the item.
        if !mount.sub_path.is_empty() {
            descending(errors, &mount.sub_path, false, &list.key("subPath"));
        }
        if !mount.sub_path_expr.is_empty() {
            if !mount.sub_path.is_empty() {
                let detail = "subPathExpr and subPath are mutually exclusive";
                errors.invalid(&path.key("subPathExpr"), format::text(&mount.sub_path_expr), detail);
            }
            descending(errors, &mount.sub_path_expr, false, &list.key("subPathExpr"));
        }
        if !mount.mount_propagation.is_empty() {
            propagation(errors, mount, container, &list.key("mountPropagation"));
        }
        if !mount.recursive_read_only.is_empty() {
            recursive(errors, mount, &list.key("recursiveReadOnly"));
        }
    }
    if !devices.is_empty() {
        self::device_list(errors, &devices, container, known, &path.key("volumeDevices"));
    }
}

fn propagation(errors: &mut Errors, mount: &VolumeMount, container: &Container, path: &Path<'_>) {
    errors.one_of(path, &mount.mount_propagation, &["Bidirectional", "HostToContainer", "None"]);
    let context = container.security_context.0.as_deref();
    let privileged = context.and_then(|context| context.at(&["privileged"])) == Some(&Value::Bool(true));
    if &*mount.mount_propagation == "Bidirectional" && !privileged {
        errors.forbidden(path, "Bidirectional mount propagation is available only to privileged containers");
    }
}

/// Upstream: `validateMountRecursiveReadOnly`.
fn recursive(errors: &mut Errors, mount: &VolumeMount, path: &Path<'_>) {
    match &*mount.recursive_read_only {
        "Disabled" => {}
        "Enabled" | "IfPossible" => {
            if !mount.read_only {
                errors.forbidden(path, "may only be specified when readOnly is true");
            }
            if !matches!(&*mount.mount_propagation, "" | "None") {
                errors.forbidden(path, "may only be specified when mountPropagation is None or not specified");
            }
        }
        other => errors.not_supported(path, format::text(other), &["Disabled", "Enabled", "IfPossible"]),
    }
}

fn device_list(
    errors: &mut Errors,
    devices: &[Device<'_>],
    container: &Container,
    known: &[Known<'_>],
    list: &Path<'_>,
) {
    for (i, (name, device)) in devices.iter().enumerate() {
        let (path, before) = (list.index(i), &devices[..i]);
        let (at_name, at_path) = (path.key("name"), path.key("devicePath"));
        let volume = known.iter().find(|volume| volume.name == *name);
        if name.is_empty() {
            errors.required(&at_name, "");
        }
        if !name.is_empty() && before.iter().any(|other| other.0 == *name) {
            errors.invalid(&at_name, format::text(name), "must be unique");
        }
        match volume {
            None => errors.not_found(&at_name, name),
            Some(volume) if !volume.is_claim => {
                let detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.invalid(&at_name, format::text(name), detail);
            }
            Some(_) => {}
        }
        if device.is_empty() {
            errors.required(&at_path, "");
        }
        if before.iter().any(|other| other.1 == *device) {
            errors.invalid(&at_path, format::text(device), "must be unique");
        }
        if device.split('/').any(|part| part == "..") {
            errors.invalid(&at_path, format::text(device), "can not contain backsteps ('..')");
        }
        let mounts = &container.volume_mounts;
        if mounts.iter().any(|mount| &*mount.name == *name) {
            errors.invalid(&at_name, format::text(name), "must not already exist in volumeMounts");
        }
        if mounts.iter().any(|mount| &*mount.mount_path == *device) {
            errors.invalid(&at_path, format::text(device), "must not already exist as a path in volumeMounts");
        }
    }
}
