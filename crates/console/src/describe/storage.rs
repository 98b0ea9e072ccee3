//! Claims, volumes, classes.

use super::{Page, bracketed};
use crate::tables::{age_since, labels_text};
use crate::text::access_modes;
use petri_objects::*;

impl Page<'_> {
    /// The phase, or how long the deletion has lasted.
    fn phase_line(&mut self, meta: &Meta, phase: &str) {
        if meta.is_terminating() {
            let lasts = age_since(meta.deletion_timestamp, self.now);
            self.line(format_args!("Status:\tTerminating (lasts {lasts})"));
        } else {
            self.line(format_args!("Status:\t{phase}"));
        }
    }

    pub(super) fn claim(&mut self, claim: &PersistentVolumeClaim) {
        let meta = &claim.metadata;
        self.name_and_namespace(meta);
        self.line(format_args!("StorageClass:\t{}", claim.class()));
        self.phase_line(meta, &claim.status.phase);
        self.line(format_args!("Volume:\t{}", claim.spec.volume_name));
        self.labels("Labels", &meta.labels);
        self.annotations(&meta.annotations);
        self.line(format_args!("Finalizers:\t{}", bracketed(&meta.finalizers)));
        let (capacity, modes) = match claim.spec.volume_name.is_empty() {
            true => (String::new(), String::new()),
            false => (
                claim.status.capacity.get("storage").map_or("0".into(), |q| q.to_string()),
                access_modes(&claim.status.access_modes),
            ),
        };
        self.line(format_args!("Capacity:\t{capacity}"));
        self.line(format_args!("Access Modes:\t{modes}"));
        if !claim.spec.volume_mode.is_empty() {
            self.line(format_args!("VolumeMode:\t{}", claim.spec.volume_mode));
        }
        let users: Vec<String> = self
            .objects
            .pods
            .in_namespace(&meta.namespace)
            .filter(|pod| !pod.status.phase.is_terminal() && pod.claims().any(|name| *name == meta.name))
            .map(|pod| pod.metadata.name.to_string())
            .collect();
        self.list("Used By", &users);
        self.events(Kind::PersistentVolumeClaim, meta);
    }

    pub(super) fn volume(&mut self, volume: &PersistentVolume) {
        let (meta, spec) = (&volume.metadata, &volume.spec);
        self.line(format_args!("Name:\t{}", meta.name));
        self.labels("Labels", &meta.labels);
        self.annotations(&meta.annotations);
        self.line(format_args!("Finalizers:\t{}", bracketed(&meta.finalizers)));
        self.line(format_args!("StorageClass:\t{}", spec.storage_class_name));
        self.phase_line(meta, &volume.status.phase);
        let claim = spec.claim_ref.as_ref().map_or(String::new(), |c| format!("{}/{}", c.namespace, c.name));
        self.line(format_args!("Claim:\t{claim}"));
        self.line(format_args!("Reclaim Policy:\t{}", spec.persistent_volume_reclaim_policy));
        self.line(format_args!("Access Modes:\t{}", access_modes(&spec.access_modes)));
        if !spec.volume_mode.is_empty() {
            self.line(format_args!("VolumeMode:\t{}", spec.volume_mode));
        }
        let size = spec.capacity.get("storage").map_or("0".into(), |q| q.to_string());
        self.line(format_args!("Capacity:\t{size}"));
        self.node_affinity(spec.node_affinity.as_ref());
        self.line(format_args!("Message:\t{}", volume.status.message));
        self.line(format_args!("Source:"));
        if let Some(csi) = &spec.csi {
            self.line(format_args!("    Type:\tCSI (a Container Storage Interface (CSI) volume source)"));
            self.line(format_args!("    Driver:\t{}", csi.driver));
            self.line(format_args!("    FSType:\t{}", csi.fs_type));
            self.line(format_args!("    VolumeHandle:\t{}", csi.volume_handle));
            self.line(format_args!("    ReadOnly:\t{}", csi.read_only));
            self.labels("    VolumeAttributes", &csi.volume_attributes);
        } else if let Some(path) = &spec.host_path.0 {
            let path = path.at(&["path"]).and_then(Value::as_str).unwrap_or("");
            self.line(format_args!("    Type:\tHostPath (bare host directory volume)"));
            self.line(format_args!("    Path:\t{path}"));
            self.line(format_args!("    HostPathType:\t"));
        } else if let Some(local) = &spec.local.0 {
            let path = local.at(&["path"]).and_then(Value::as_str).unwrap_or("");
            self.line(format_args!("    Type:\tLocalVolume (a persistent volume backed by local storage on a node)"));
            self.line(format_args!("    Path:\t{path}"));
        } else {
            self.line(format_args!("<unknown>"));
        }
        self.events(Kind::PersistentVolume, meta);
    }

    fn node_affinity(&mut self, affinity: Option<&VolumeNodeAffinity>) {
        let Some(affinity) = affinity else { return self.line(format_args!("Node Affinity:\t<none>")) };
        self.line(format_args!("Node Affinity:\t"));
        let terms = affinity.required.as_ref().map_or(&[][..], |selector| &selector.node_selector_terms);
        if terms.is_empty() {
            return self.line(format_args!("  Required Terms:\t<none>"));
        }
        self.line(format_args!("  Required Terms:\t"));
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
            self.list(&format!("    Term {i}"), &values);
        }
    }

    pub(super) fn storage_class(&mut self, class: &StorageClass) {
        let meta = &class.metadata;
        self.line(format_args!("Name:\t{}", meta.name));
        self.line(format_args!("IsDefaultClass:\t{}", if class.is_default() { "Yes" } else { "No" }));
        self.line(format_args!("Annotations:\t{}", labels_text(&meta.annotations)));
        self.line(format_args!("Provisioner:\t{}", class.provisioner));
        self.line(format_args!("Parameters:\t{}", labels_text(&class.parameters)));
        let expansion = match class.allow_volume_expansion {
            None => "<unset>",
            Some(true) => "True",
            Some(false) => "False",
        };
        self.line(format_args!("AllowVolumeExpansion:\t{expansion}"));
        if class.mount_options.is_empty() {
            self.line(format_args!("MountOptions:\t<none>"));
        } else {
            self.line(format_args!("MountOptions:"));
            for option in &class.mount_options {
                self.line(format_args!("  {option}"));
            }
        }
        self.line(format_args!("ReclaimPolicy:\t{}", class.reclaim_policy.as_deref().unwrap_or("Delete")));
        self.line(format_args!("VolumeBindingMode:\t{}", class.volume_binding_mode.as_deref().unwrap_or("Immediate")));
        self.events(Kind::StorageClass, meta);
    }
}
