//! Storage: claims, volumes, classes, attachments.

use crate::record::{Opaque, Others};
use crate::{Condition, LabelSelector, Labels, Meta, Name, NodeSelector, ObjectReference, Quantity, Time};
use std::collections::BTreeMap;
use std::rc::Rc;

record! {
    /// A request for a volume. It outlives the pods that use it.
    PersistentVolumeClaim {
        /// Name, labels, owners.
        metadata "metadata": Meta,
        /// What is asked for.
        spec "spec": Rc<PersistentVolumeClaimSpec>,
        /// What was given.
        status "status": PersistentVolumeClaimStatus,
    }

    /// What a claim asks for.
    PersistentVolumeClaimSpec {
        /// ReadWriteOnce, ReadWriteOncePod, ReadOnlyMany, ReadWriteMany.
        access_modes "accessModes": Vec<Name>,
        /// Where the first data come from.
        data_source "dataSource": Opaque,
        /// The same, more widely.
        data_source_ref "dataSourceRef": Opaque,
        /// How much.
        resources "resources": VolumeResourceRequirements,
        /// Which volumes may serve.
        selector "selector": Option<LabelSelector>,
        /// Which class; absent for the default class, empty for none.
        storage_class_name "storageClassName": Option<Name>,
        /// Which attributes class.
        volume_attributes_class_name "volumeAttributesClassName": Option<Name>,
        /// Filesystem or Block.
        volume_mode "volumeMode": Name,
        /// The volume that was bound.
        volume_name "volumeName": Name,
    }

    /// How much storage.
    VolumeResourceRequirements {
        /// The most.
        limits "limits": BTreeMap<Name, Quantity>,
        /// The least.
        requests "requests": BTreeMap<Name, Quantity>,
    }

    /// What a claim was given.
    PersistentVolumeClaimStatus {
        /// The volume's access modes.
        access_modes "accessModes": Vec<Name>,
        /// The volume's size.
        capacity "capacity": BTreeMap<Name, Quantity>,
        /// Resizing and the like.
        conditions "conditions" probed: Vec<Condition>,
        /// Pending, Bound or Lost.
        phase "phase": Name,
    }

    /// A piece of storage.
    PersistentVolume {
        /// Name and labels.
        metadata "metadata": Meta,
        /// What it is.
        spec "spec": Rc<PersistentVolumeSpec>,
        /// Whether it is taken.
        status "status": PersistentVolumeStatus,
    }

    /// What a volume is.
    PersistentVolumeSpec {
        /// How it may be used.
        access_modes "accessModes": Vec<Name>,
        /// Its size.
        capacity "capacity": BTreeMap<Name, Quantity>,
        /// The claim it belongs to.
        claim_ref "claimRef": Option<ObjectReference>,
        /// A driver's volume.
        csi "csi": Option<CsiVolumeSource>,
        /// A folder of a node.
        host_path "hostPath": Opaque,
        /// A disk of a node.
        local "local": Opaque,
        /// Options of mount.
        mount_options "mountOptions": Vec<Name>,
        /// An NFS export.
        nfs "nfs": Opaque,
        /// From which nodes it can be reached.
        node_affinity "nodeAffinity": Option<VolumeNodeAffinity>,
        /// What happens when the claim is gone: Retain, Delete.
        persistent_volume_reclaim_policy "persistentVolumeReclaimPolicy": Name,
        /// Its class.
        storage_class_name "storageClassName": Name,
        /// Its attributes class.
        volume_attributes_class_name "volumeAttributesClassName": Option<Name>,
        /// Filesystem or Block.
        volume_mode "volumeMode": Name,
        /// What else Kubernetes knows of it.
        others "": Others,
    }

    /// A driver's volume.
    CsiVolumeSource {
        /// The driver.
        driver "driver" always: Name,
        /// The file system.
        fs_type "fsType": Name,
        /// Reading only.
        read_only "readOnly": bool,
        /// What the driver wants to know.
        volume_attributes "volumeAttributes": Labels,
        /// The driver's name of it.
        volume_handle "volumeHandle" always: Name,
        /// What else Kubernetes knows of it.
        others "": Others,
    }

    /// From which nodes a volume can be reached.
    VolumeNodeAffinity {
        /// Terms of which one must match.
        required "required": Option<NodeSelector>,
    }

    /// Whether a volume is taken.
    PersistentVolumeStatus {
        /// When the phase last changed.
        last_phase_transition_time "lastPhaseTransitionTime": Time,
        /// A sentence.
        message "message": Name,
        /// Pending, Available, Bound, Released or Failed.
        phase "phase": Name,
        /// A word.
        reason "reason": Name,
    }

    /// A kind of storage that can be asked for.
    StorageClass {
        /// Whether it can be made larger later.
        allow_volume_expansion "allowVolumeExpansion": Option<bool>,
        /// Where it can be used.
        allowed_topologies "allowedTopologies": Opaque,
        /// Name and annotations.
        metadata "metadata": Meta,
        /// Options of mount.
        mount_options "mountOptions": Vec<Name>,
        /// What the driver wants to know.
        parameters "parameters": Labels,
        /// Who makes the volumes.
        provisioner "provisioner" always: Name,
        /// What happens when the claim is gone: Delete, Retain.
        reclaim_policy "reclaimPolicy": Option<Name>,
        /// Immediate or WaitForFirstConsumer.
        volume_binding_mode "volumeBindingMode": Option<Name>,
    }

    /// A volume that is, or should be, attached to a node.
    VolumeAttachment {
        /// Name.
        metadata "metadata": Meta,
        /// Which volume, which node.
        spec "spec": VolumeAttachmentSpec,
        /// Whether it is done.
        status "status": VolumeAttachmentStatus,
    }

    /// Which volume, which node.
    VolumeAttachmentSpec {
        /// The driver.
        attacher "attacher" always: Name,
        /// The node.
        node_name "nodeName" always: Name,
        /// The volume.
        source "source": VolumeAttachmentSource,
    }

    /// The volume to attach.
    VolumeAttachmentSource {
        /// Its name.
        persistent_volume_name "persistentVolumeName": Name,
    }

    /// Whether it is attached.
    VolumeAttachmentStatus {
        /// Yes or no.
        attached "attached" always: bool,
    }
}

/// The annotation that makes a storage class the default.
pub const DEFAULT_CLASS_ANNOTATION: &str = "storageclass.kubernetes.io/is-default-class";

impl PersistentVolumeClaim {
    pub fn is_bound(&self) -> bool {
        &*self.status.phase == "Bound"
    }
    pub fn class(&self) -> &str {
        self.spec.storage_class_name.as_deref().unwrap_or("")
    }
    pub fn request(&self) -> Option<&Quantity> {
        self.spec.resources.requests.get("storage")
    }
}

impl StorageClass {
    pub fn is_default(&self) -> bool {
        self.metadata.annotations.get(DEFAULT_CLASS_ANNOTATION).is_some_and(|v| &**v == "true")
    }
    pub fn waits_for_first_consumer(&self) -> bool {
        self.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer")
    }
}
