//! Making disks larger: what a claim asks for beyond what it has, and how each step is written down.
//!
//! Deviation: `allocatedResources` and `allocatedResourceStatuses` are left out; the conditions tell the same.
//!
//! Upstream: `external-resizer/pkg/controller`, and for what the kubelet finishes `pkg/volume/util/resize_util.go`.

use crate::belief::api::shelf::{Key, Objects};
use petri_objects::*;
use std::rc::Rc;

/// The disk is larger, and its file system is not yet.
pub const PENDING: &str = "FileSystemResizePending";
pub const RESIZING: &str = "Resizing";

/// What `PENDING` says.
pub const PENDING_MESSAGE: &str =
    "Waiting for user to (re-)start a pod to finish file system resize of volume on node.";

fn storage(amounts: &std::collections::BTreeMap<Name, Quantity>) -> i128 {
    amounts.get("storage").and_then(Quantity::millis).unwrap_or(0)
}

/// Whether a bound claim asks for more than it has.
pub fn wants_more(claim: &PersistentVolumeClaim) -> bool {
    claim.is_bound() && storage(&claim.spec.resources.requests) > storage(&claim.status.capacity)
}

/// Whether only the machine has to do its part.
pub fn awaits_node(claim: &PersistentVolumeClaim) -> bool {
    wants_more(claim) && condition(&claim.status.conditions, PENDING).is_some()
}

/// The volume of a claim that the driver has to make larger.
pub fn volume_to_grow<'c>(claim: &PersistentVolumeClaim, cache: &'c Objects) -> Option<&'c Rc<PersistentVolume>> {
    let volume = cache.volumes.get(&Key::new("", claim.spec.volume_name.clone()))?;
    let due = wants_more(claim) && !awaits_node(claim) && !claim.metadata.is_terminating();
    (due && volume.spec.csi.is_some()).then_some(volume)
}

/// The volume with the size that the claim asks for; `None` if it has that.
pub fn grown(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> Option<PersistentVolume> {
    let size = claim.request().filter(|size| size.millis() > Some(storage(&volume.spec.capacity)))?;
    let mut grown = volume.clone();
    Rc::make_mut(&mut grown.spec).capacity.insert("storage".into(), size.clone());
    Some(grown)
}

/// The claim with one condition about its size, or none.
///
/// Upstream: `MergeResizeConditionOnPVC`.
pub fn with_condition(claim: &PersistentVolumeClaim, told: Option<(&str, &str)>, now: Time) -> PersistentVolumeClaim {
    let mut claim = claim.clone();
    claim.status.conditions.retain(|c| !matches!(&*c.kind, PENDING | RESIZING));
    if let Some((kind, message)) = told {
        claim.status.conditions.push(Condition {
            kind: kind.into(),
            status: "True".into(),
            message: message.into(),
            last_transition_time: now.whole_seconds(),
            ..Condition::default()
        });
    }
    claim
}
