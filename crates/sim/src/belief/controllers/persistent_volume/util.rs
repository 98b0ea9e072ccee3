//! What binding a claim to a volume is written down as, and how that is read.
//!
//! Upstream: `component-helpers/storage/volume`.

use crate::belief::api::shelf::{Key, Objects};
use petri_objects::{Name, ObjectReference, PersistentVolume, PersistentVolumeClaim, Pod};

pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
pub const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
pub const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
pub const STORAGE_PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
pub const STORAGE_PROVISIONER_BETA: &str = "volume.beta.kubernetes.io/storage-provisioner";
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// The provisioner of classes whose volumes are made by hand.
pub const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

pub fn waits_for_node(pod: &Pod) -> bool {
    !pod.is_scheduled() && !pod.phase().is_terminal()
}

pub fn claim_key(claim: &ObjectReference) -> Key {
    Key::new(claim.namespace.clone(), claim.name.clone())
}

/// Whether the volume names this claim, by name and, if it is given, by uid.
///
/// Upstream: `IsVolumeBoundToClaim`.
pub(crate) fn names_claim(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    volume.spec.claim_ref.as_ref().is_some_and(|named| {
        named.name == claim.metadata.name
            && named.namespace == claim.metadata.namespace
            && (named.uid.0 == 0 || named.uid == claim.metadata.uid)
    })
}

/// Whether the claim's class leaves the choice of the volume to the scheduler.
///
/// Upstream: `IsDelayBindingMode`.
pub(crate) fn waits_for_first_consumer(claim: &PersistentVolumeClaim, cache: &Objects) -> bool {
    let class = cache.storage_classes.get(&Key::new("", claim.class()));
    class.is_some_and(|class| class.waits_for_first_consumer())
}

pub(crate) fn annotation<'a>(meta: &'a petri_objects::Meta, key: &str) -> Option<&'a Name> {
    meta.annotations.get(key)
}
