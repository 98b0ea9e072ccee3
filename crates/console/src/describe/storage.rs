//! Claims, volumes, classes.

use super::page::{Page, bracketed};
use crate::tables::{age_since, labels_text};
use crate::text::{access_modes, instant};
use petri_objects::*;

/// The phase, or how long the deletion has lasted.
fn phase_line(page: &mut Page<'_>, meta: &Meta, phase: &str) {
    if meta.is_terminating() {
        let lasts = age_since(meta.deletion_timestamp, page.now);
        page.line(format_args!("Status:\tTerminating (lasts {lasts})"));
    } else {
        page.line(format_args!("Status:\t{phase}"));
    }
}

pub(super) fn claim(page: &mut Page<'_>, claim: &PersistentVolumeClaim) {
    let meta = &claim.metadata;
    page.name_and_namespace(meta);
    page.line(format_args!("StorageClass:\t{}", claim.class()));
    phase_line(page, meta, &claim.status.phase);
    page.line(format_args!("Volume:\t{}", claim.spec.volume_name));
    page.labels("Labels", &meta.labels);
    page.annotations(&meta.annotations);
    page.line(format_args!("Finalizers:\t{}", bracketed(&meta.finalizers)));
    let (capacity, modes) = match claim.spec.volume_name.is_empty() {
        true => (String::new(), String::new()),
        false => (
            claim.status.capacity.get("storage").map_or("0".into(), |q| q.to_string()),
            access_modes(&claim.status.access_modes),
        ),
    };
    page.line(format_args!("Capacity:\t{capacity}"));
    page.line(format_args!("Access Modes:\t{modes}"));
    if !claim.spec.volume_mode.is_empty() {
        page.line(format_args!("VolumeMode:\t{}", claim.spec.volume_mode));
    }
    let users: Vec<String> = page
        .objects
        .pods
        .in_namespace(&meta.namespace)
        .filter(|pod| !pod.status.phase.is_terminal() && pod.claims().any(|name| *name == meta.name))
        .map(|pod| pod.metadata.name.to_string())
        .collect();
    page.list("Used By", &users);
    conditions(page, &claim.status.conditions);
    page.events(Kind::PersistentVolumeClaim, meta);
}

/// Upstream: `describePersistentVolumeClaim`.
fn conditions(page: &mut Page<'_>, conditions: &[Condition]) {
    if conditions.is_empty() {
        return;
    }
    page.line(format_args!("Conditions:"));
    page.line(format_args!("  Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage"));
    page.line(format_args!("  ----\t------\t-----------------\t------------------\t------\t-------"));
    for c in conditions {
        let since = instant(c.last_transition_time);
        let never = "Mon, 01 Jan 0001 00:00:00 +0000";
        page.line(format_args!("  {} \t{} \t{never} \t{since} \t{} \t{}", c.kind, c.status, c.reason, c.message));
    }
}

pub(super) fn volume(page: &mut Page<'_>, volume: &PersistentVolume) {
    let (meta, spec) = (&volume.metadata, &volume.spec);
    page.line(format_args!("Name:\t{}", meta.name));
    page.labels("Labels", &meta.labels);
    page.annotations(&meta.annotations);
    page.line(format_args!("Finalizers:\t{}", bracketed(&meta.finalizers)));
    page.line(format_args!("StorageClass:\t{}", spec.storage_class_name));
    phase_line(page, meta, &volume.status.phase);
    let claim = spec.claim_ref.as_ref().map_or(String::new(), |c| format!("{}/{}", c.namespace, c.name));
    page.line(format_args!("Claim:\t{claim}"));
    page.line(format_args!("Reclaim Policy:\t{}", spec.persistent_volume_reclaim_policy));
    page.line(format_args!("Access Modes:\t{}", access_modes(&spec.access_modes)));
    if !spec.volume_mode.is_empty() {
        page.line(format_args!("VolumeMode:\t{}", spec.volume_mode));
    }
    let size = spec.capacity.get("storage").map_or("0".into(), |q| q.to_string());
    page.line(format_args!("Capacity:\t{size}"));
    node_affinity(page, spec.node_affinity.as_ref());
    page.line(format_args!("Message:\t{}", volume.status.message));
    page.line(format_args!("Source:"));
    if let Some(csi) = &spec.csi {
        page.line(format_args!("    Type:\tCSI (a Container Storage Interface (CSI) volume source)"));
        page.line(format_args!("    Driver:\t{}", csi.driver));
        page.line(format_args!("    FSType:\t{}", csi.fs_type));
        page.line(format_args!("    VolumeHandle:\t{}", csi.volume_handle));
        page.line(format_args!("    ReadOnly:\t{}", csi.read_only));
        page.labels("    VolumeAttributes", &csi.volume_attributes);
    } else if let Some(path) = &spec.host_path.0 {
        let path = path.at(&["path"]).and_then(Value::as_str).unwrap_or("");
        page.line(format_args!("    Type:\tHostPath (bare host directory volume)"));
        page.line(format_args!("    Path:\t{path}"));
        page.line(format_args!("    HostPathType:\t"));
    } else if let Some(local) = &spec.local.0 {
        let path = local.at(&["path"]).and_then(Value::as_str).unwrap_or("");
        page.line(format_args!("    Type:\tLocalVolume (a persistent volume backed by local storage on a node)"));
        page.line(format_args!("    Path:\t{path}"));
    } else {
        page.line(format_args!("<unknown>"));
    }
    page.events(Kind::PersistentVolume, meta);
}

fn node_affinity(page: &mut Page<'_>, affinity: Option<&VolumeNodeAffinity>) {
    let Some(affinity) = affinity else { return page.line(format_args!("Node Affinity:\t<none>")) };
    page.line(format_args!("Node Affinity:\t"));
    let terms = affinity.required.as_ref().map_or(&[][..], |selector| &selector.node_selector_terms);
    if terms.is_empty() {
        return page.line(format_args!("  Required Terms:\t<none>"));
    }
    page.line(format_args!("  Required Terms:\t"));
    for (i, term) in terms.iter().enumerate() {
        let values: Vec<String> = term
            .match_expressions
            .iter()
            .map(|r| match r.values.is_empty() {
                true => format!("{} {}", r.key, r.operator.to_ascii_lowercase()),
                false => {
                    let values: Vec<&str> = r.values.iter().map(|v| &**v).collect();
                    format!("{} {} [{}]", r.key, r.operator.to_ascii_lowercase(), values.join(", "))
                }
            })
            .collect();
        page.list(&format!("    Term {i}"), &values);
    }
}

pub(super) fn storage_class(page: &mut Page<'_>, class: &StorageClass) {
    let meta = &class.metadata;
    page.line(format_args!("Name:\t{}", meta.name));
    page.line(format_args!("IsDefaultClass:\t{}", if class.is_default() { "Yes" } else { "No" }));
    page.line(format_args!("Annotations:\t{}", labels_text(&meta.annotations)));
    page.line(format_args!("Provisioner:\t{}", class.provisioner));
    page.line(format_args!("Parameters:\t{}", labels_text(&class.parameters)));
    let expansion = match class.allow_volume_expansion {
        None => "<unset>",
        Some(true) => "True",
        Some(false) => "False",
    };
    page.line(format_args!("AllowVolumeExpansion:\t{expansion}"));
    if class.mount_options.is_empty() {
        page.line(format_args!("MountOptions:\t<none>"));
    } else {
        page.line(format_args!("MountOptions:"));
        for option in &class.mount_options {
            page.line(format_args!("  {option}"));
        }
    }
    page.line(format_args!("ReclaimPolicy:\t{}", class.reclaim_policy.as_deref().unwrap_or("Delete")));
    page.line(format_args!("VolumeBindingMode:\t{}", class.volume_binding_mode.as_deref().unwrap_or("Immediate")));
    page.events(Kind::StorageClass, meta);
}
