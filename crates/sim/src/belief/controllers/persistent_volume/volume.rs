//! A volume follows its claim: Available without one, Bound with it, Released after it.
//!
//! Upstream: `syncVolume`, `reclaimVolume`.

use super::index::Memory;
use super::matching;
use super::util::{BOUND_BY_CONTROLLER, PROVISIONED_BY, claim_key};
use crate::belief::api::shelf::Key;
use crate::belief::client::call::{Api, Done, Outcome, Stop, expect_kind};
use petri_objects::{Kind, Object, ObjectReference, PersistentVolume, PersistentVolumeClaim, Revision, Uid};
use std::rc::Rc;

pub fn sync(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    let cache = api.cache();
    let Some(volume) = cache.volumes.get(key) else { return Ok(Done::settled()) };
    let Some(claim_ref) = &volume.spec.claim_ref else {
        update_phase(volume, "Available", "", api)?;
        return Ok(Done::settled());
    };
    if claim_ref.uid == Uid(0) {
        // Reserved for a claim of that name, which does not exist yet or is not bound yet.
        update_phase(volume, "Available", "", api)?;
        return Ok(Done::settled());
    }
    match claim_of(claim_ref, api)? {
        None => release(volume, api),
        Some(claim) if claim.spec.volume_name.is_empty() => {
            if !matching::is_same_mode(&claim, volume) {
                let (mine, other) = (&volume.metadata.name, &claim.metadata.name);
                let message = format!(
                    "Cannot bind PersistentVolume to requested PersistentVolumeClaim \"{other}\" due to incompatible volumeMode."
                );
                api.warning(&Object::PersistentVolume(volume.clone()), "VolumeMismatch", message);
                let message = format!(
                    "Cannot bind PersistentVolume \"{mine}\" to requested PersistentVolumeClaim due to incompatible volumeMode."
                );
                api.warning(&Object::PersistentVolumeClaim(claim), "VolumeMismatch", message);
            }
            // The claim's own sync goes on from here.
            Ok(Done::settled())
        }
        Some(claim) if claim.spec.volume_name == volume.metadata.name => {
            update_phase(volume, "Bound", "", api)?;
            Ok(Done::settled())
        }
        Some(_) => let_go(volume, api),
    }
}

/// The claim that the volume is bound to, if it still exists under the same uid.
fn claim_of(claim_ref: &ObjectReference, api: &mut Api<'_, Memory>) -> Result<Option<Rc<PersistentVolumeClaim>>, Stop> {
    let (key, cache) = (claim_key(claim_ref), api.cache());
    let same = |claim: &Rc<PersistentVolumeClaim>| claim.metadata.uid == claim_ref.uid;
    if let Some(claim) = cache.claims.get(&key).filter(|claim| same(claim)) {
        return Ok(Some(claim.clone()));
    }
    // Releasing cannot be undone: the cache is not enough for it.
    match api.get(key.to_ref(Kind::PersistentVolumeClaim))? {
        Ok(live) => Ok(Some(expect_kind::<PersistentVolumeClaim>(live)).filter(same)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn release(volume: &Rc<PersistentVolume>, api: &mut Api<'_, Memory>) -> Outcome {
    let volume = match &*volume.status.phase {
        "Released" | "Failed" => volume.clone(),
        _ => update_phase(volume, "Released", "", api)?,
    };
    let deleted_by_driver = volume.spec.csi.is_some() || volume.metadata.annotations.get(PROVISIONED_BY).is_some();
    match &*volume.spec.persistent_volume_reclaim_policy {
        "Retain" => {}
        "Delete" if deleted_by_driver => {}
        "Delete" => {
            let message = format!(
                "error getting deleter volume plugin for volume \"{}\": no deletable volume plugin matched",
                volume.metadata.name
            );
            fail(&volume, "VolumeFailedDelete", &message, api)?;
        }
        "Recycle" => fail(&volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!", api)?,
        _ => {
            let message = "Volume has unrecognized PersistentVolumeReclaimPolicy";
            fail(&volume, "VolumeUnknownReclaimPolicy", message, api)?;
        }
    }
    Ok(Done::settled())
}

/// Told once: the phase stays.
///
/// Upstream: `updateVolumePhaseWithEvent`.
fn fail(volume: &Rc<PersistentVolume>, reason: &str, message: &str, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
    if &*volume.status.phase != "Failed" {
        let failed = update_phase(volume, "Failed", message, api)?;
        api.warning(&Object::PersistentVolume(failed), reason, message.to_owned());
    }
    Ok(())
}

/// The claim exists and uses another volume: this one is free again.
///
/// Upstream: `unbindVolume`.
fn let_go(volume: &Rc<PersistentVolume>, api: &mut Api<'_, Memory>) -> Outcome {
    let made_for_it = volume.metadata.annotations.get(PROVISIONED_BY).is_some()
        && &*volume.spec.persistent_volume_reclaim_policy == "Delete";
    if made_for_it {
        return release(volume, api);
    }
    let mut free = (**volume).clone();
    let by_controller = free.metadata.annotations.get(BOUND_BY_CONTROLLER).is_some();
    free.metadata.annotations.remove(BOUND_BY_CONTROLLER);
    let spec = Rc::make_mut(&mut free.spec);
    match &mut spec.claim_ref {
        // The user reserved it for that name: it stays so.
        Some(named) if !by_controller => (named.uid, named.resource_version) = (Uid(0), Revision(0)),
        _ => spec.claim_ref = None,
    }
    let free = expect_kind(api.update(free)??);
    update_phase(&free, "Available", "", api)?;
    Ok(Done::settled())
}

/// Writes the phase unless the volume has it.
pub fn update_phase(
    volume: &Rc<PersistentVolume>,
    phase: &str,
    message: &str,
    api: &mut Api<'_, Memory>,
) -> Result<Rc<PersistentVolume>, Stop> {
    if &*volume.status.phase == phase {
        return Ok(volume.clone());
    }
    let mut changed = (**volume).clone();
    changed.status.phase = phase.into();
    changed.status.message = message.into();
    changed.status.last_phase_transition_time = api.now.whole_seconds();
    Ok(expect_kind(api.update_status(changed)??))
}
