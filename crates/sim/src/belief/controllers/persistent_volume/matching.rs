//! Which volume a claim gets: the fewest access modes first, then the smallest that is large enough.
//!
//! Upstream: `pv_controller/index.go` (`findBestMatchForClaim`), `component-helpers/storage/volume/pv_helpers.go`.

use super::util::names_claim;
use crate::belief::scheduler::node_selector;
use crate::ground::planted;
use petri_objects::order::Order as _;
use petri_objects::{Name, Node, PersistentVolume, PersistentVolumeClaim};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Who asks, which decides what may be chosen.
#[derive(Clone, Copy, Debug)]
pub enum For<'a> {
    /// The controller; for claims that wait for a pod it takes only volumes that name the claim.
    Controller { delayed: bool },
    /// The scheduler, for one node.
    Node(&'a Node),
}

/// The best match among these volumes.
pub fn find_best_match(
    claim: &PersistentVolumeClaim,
    volumes: &[Rc<PersistentVolume>],
    asks: For<'_>,
) -> Option<Rc<PersistentVolume>> {
    if let For::Node(_) = asks {
        // The scheduler takes the volumes of the class as they come.
        let of_class = |volume: &&Rc<PersistentVolume>| &*volume.spec.storage_class_name == claim.class();
        let volumes: Vec<_> = volumes.iter().filter(of_class).collect();
        return find_matching_volume(claim, &volumes, asks).cloned();
    }
    let mut groups: BTreeMap<(u32, Vec<&Name>), Vec<&Rc<PersistentVolume>>> = BTreeMap::new();
    for volume in volumes {
        if has_modes(claim, volume) {
            let mut modes: Vec<&Name> = volume.spec.access_modes.iter().collect();
            modes.order();
            groups.entry((modes.len() as u32, modes)).or_default().push(volume);
        }
    }
    groups.values().find_map(|group| find_matching_volume(claim, group, asks)).cloned()
}

/// A volume that names the claim wins outright; otherwise the smallest free one.
fn find_matching_volume<'v>(
    claim: &PersistentVolumeClaim,
    volumes: &[&'v Rc<PersistentVolume>],
    asks: For<'_>,
) -> Option<&'v Rc<PersistentVolume>> {
    let mut smallest: Option<(&Rc<PersistentVolume>, i128)> = None;
    for volume in volumes.iter().copied() {
        if volume.metadata.is_terminating() || !fits(claim, volume) {
            continue;
        }
        let reachable = match asks {
            For::Controller { .. } => true,
            For::Node(node) => is_reachable(volume, node),
        };
        if names_claim(volume, claim) {
            // A volume that is reserved for the claim is the only one that it may get.
            return reachable.then_some(volume);
        }
        let has_modes = has_modes(claim, volume);
        let left_to_the_scheduler = matches!(asks, For::Controller { delayed: true });
        let selected = claim.spec.selector.as_ref().is_none_or(|s| s.matches(&volume.metadata.labels));
        let free = &*volume.status.phase == "Available" || is_new(volume, claim, asks);
        let available = free && volume.spec.claim_ref.is_none() || planted::is(planted::Error::ClaimBoundTwice);
        let same_class = &*volume.spec.storage_class_name == claim.class();
        if left_to_the_scheduler || !available || !selected || !same_class || !reachable || !has_modes {
            continue;
        }
        let size = capacity(volume);
        if smallest.is_none_or(|(_, least)| size < least) {
            smallest = Some((volume, size));
        }
    }
    smallest.map(|(volume, _)| volume)
}

/// Whether the controller has not looked at a volume yet that was there before the claim.
///
/// Deviation: clients write the objects of one file some milliseconds apart, in which a volume becomes Available; here they
/// come in one instant.
fn is_new(volume: &PersistentVolume, claim: &PersistentVolumeClaim, asks: For<'_>) -> bool {
    matches!(asks, For::Controller { .. })
        && &*volume.status.phase == "Pending"
        && volume.metadata.resource_version < claim.metadata.resource_version
}

/// Large enough, and of the same volume mode and attributes.
fn fits(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    capacity(volume) >= request(claim)
        && is_same_mode(claim, volume)
        && volume.spec.volume_attributes_class_name == claim.spec.volume_attributes_class_name
}

/// Upstream: `CheckVolumeModeMismatches`.
pub fn is_same_mode(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    volume_mode(&claim.spec.volume_mode) == volume_mode(&volume.spec.volume_mode)
}

/// Upstream: `CheckAccessModes`.
fn has_modes(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    claim.spec.access_modes.iter().all(|mode| volume.spec.access_modes.contains(mode))
}

/// Why a volume that the claim asks for by name cannot serve it.
///
/// Upstream: `checkVolumeSatisfyClaim`.
pub fn mismatch(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> Option<String> {
    if volume.metadata.is_terminating() {
        return Some(format!("the volume is marked for deletion \"{}\"", volume.metadata.name));
    }
    let text = if capacity(volume) < request(claim) {
        "requested PV is too small"
    } else if &*volume.spec.storage_class_name != claim.class() {
        "storageClassName does not match"
    } else if volume.spec.volume_attributes_class_name != claim.spec.volume_attributes_class_name {
        "volumeAttributesClassName does not match"
    } else if !is_same_mode(claim, volume) {
        "incompatible volumeMode"
    } else if !has_modes(claim, volume) {
        "incompatible accessMode"
    } else {
        return None;
    };
    Some(text.to_owned())
}

/// Whether the volume's node affinity allows the node.
pub fn is_reachable(volume: &PersistentVolume, node: &Node) -> bool {
    let required = volume.spec.node_affinity.as_ref().and_then(|affinity| affinity.required.as_ref());
    required.is_none_or(|selector| node_selector::matches(selector, node))
}

fn capacity(volume: &PersistentVolume) -> i128 {
    volume.spec.capacity.get("storage").and_then(|size| size.millis()).unwrap_or(0)
}

pub fn request(claim: &PersistentVolumeClaim) -> i128 {
    claim.request().and_then(|size| size.millis()).unwrap_or(0)
}

fn volume_mode(mode: &str) -> &str {
    if mode.is_empty() { "Filesystem" } else { mode }
}
