//! A claim is bound once, in four writes: the volume names the claim, then the claim names the volume.
//!
//! Upstream: `syncUnboundClaim`, `syncBoundClaim`, `bind`.

use super::index::Memory;
use super::matching::{self, For};
use super::util::{
    BIND_COMPLETED, BOUND_BY_CONTROLLER, NO_PROVISIONER, SELECTED_NODE, STORAGE_PROVISIONER, STORAGE_PROVISIONER_BETA,
    annotation, names_claim, waits_for_first_consumer,
};
use super::volume::update_phase;
use crate::belief::api::request::Patch;
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::client::call::{Api, Done, Outcome, Stop, expect_kind};
use crate::ground::clock::{Span, Time};
use crate::words::api_error::ApiError;
use crate::words::reason::Reason;
use petri_objects::{
    Kind, Name, Object, ObjectReference, PersistentVolume, PersistentVolumeClaim, Quantity, StorageClass,
};
use std::collections::BTreeMap;
use std::rc::Rc;

type Claim = Rc<PersistentVolumeClaim>;

pub fn sync(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    let cache = api.cache();
    let Some(claim) = cache.claims.get(key) else { return Ok(Done::settled()) };
    let (period, now) = (api.settings.claim_sync_period, api.now);
    let bound = annotation(&claim.metadata, BIND_COMPLETED).is_some();
    let done = if bound { sync_bound(claim, &cache, api)? } else { sync_unbound(key, claim, &cache, api)? };
    let resync = (!bound && done.waiting.is_some()).then(|| until_next(period, now));
    Ok(done.or_after(resync))
}

/// The resync looks at everything at once, so its times are multiples of the period.
pub(super) fn until_next(period: Span, now: Time) -> Span {
    Span(period.0 - now.0 % period.0.max(1))
}

fn sync_unbound(key: &Key, claim: &Claim, cache: &Objects, api: &mut Api<'_, Memory>) -> Outcome {
    if !claim.spec.volume_name.is_empty() {
        return sync_prebound(claim, cache, api);
    }
    let delayed = waits_for_first_consumer(claim, cache);
    let memory = &mut *api.memory;
    let volume = memory.chosen(claim, cache).or_else(|| {
        let candidates = memory.candidates(key, cache);
        matching::find_best_match(claim, &candidates, For::Controller { delayed })
    });
    if let Some(volume) = volume {
        memory.choose(claim, &volume);
        let done = bind(&volume, claim, api);
        api.memory.forget(key);
        return done;
    }
    if claim.spec.storage_class_name.is_none()
        && let Some(class) = default_class(cache)
    {
        let mut with_class = (**claim).clone();
        Rc::make_mut(&mut with_class.spec).storage_class_name = Some(class.metadata.name.clone());
        api.update(with_class)??;
        return Ok(Done::settled());
    }
    if delayed && annotation(&claim.metadata, SELECTED_NODE).is_none() {
        return wait_for_consumer(claim, cache, api);
    }
    if !claim.class().is_empty() {
        return provision(claim, cache, api);
    }
    let message = "no persistent volumes available for this claim and no storage class is set";
    api.normal(&Object::PersistentVolumeClaim(claim.clone()), "FailedBinding", message);
    reset(claim, api)?;
    Ok(no_volume(claim))
}

/// A claim that is not bound shows nothing of a volume.
///
/// Upstream: `updateClaimStatus`, for Pending.
fn reset(claim: &Claim, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
    let status = &claim.status;
    if &*status.phase == "Pending" && status.access_modes.is_empty() && status.capacity.iter().next().is_none() {
        return Ok(());
    }
    let mut pending = (**claim).clone();
    pending.status.phase = "Pending".into();
    pending.status.access_modes.clear();
    pending.status.capacity.clear();
    api.update_status(pending)??;
    Ok(())
}

fn no_volume(claim: &Claim) -> Done {
    Done::waiting(Reason::NoMatchingVolume { claim: claim.metadata.name.clone(), class: claim.class().into() })
}

/// The newest class that is marked as the default.
fn default_class(cache: &Objects) -> Option<&Rc<StorageClass>> {
    let defaults = cache.storage_classes.values().filter(|class| class.is_default());
    defaults.max_by_key(|class| (class.metadata.creation_timestamp, std::cmp::Reverse(&class.metadata.name)))
}

/// Upstream: `emitEventForUnboundDelayBindingClaim`.
fn wait_for_consumer(claim: &Claim, cache: &Objects, api: &mut Api<'_, Memory>) -> Outcome {
    let name = &claim.metadata.name;
    let consumers = api.memory.consumers(&Key::of(&claim.metadata), cache);
    let pods: Vec<&str> = consumers.iter().map(|pod| &*pod.metadata.name).collect();
    let about = Object::PersistentVolumeClaim(claim.clone());
    match &pods[..] {
        [] => api.normal(&about, "WaitForFirstConsumer", "waiting for first consumer to be created before binding"),
        [pod] => api.normal(&about, "WaitForPodScheduled", format!("waiting for pod {pod} to be scheduled")),
        pods => {
            api.normal(&about, "WaitForPodScheduled", format!("waiting for pods {} to be scheduled", pods.join(",")));
        }
    }
    reset(claim, api)?;
    Ok(Done::waiting(Reason::WaitingForFirstConsumer { claim: name.clone() }))
}

/// Asks the class's driver for a volume.
///
/// Upstream: `provisionClaim`, `provisionClaimOperationExternal`.
fn provision(claim: &Claim, cache: &Objects, api: &mut Api<'_, Memory>) -> Outcome {
    let (name, about) = (claim.metadata.name.clone(), Object::PersistentVolumeClaim(claim.clone()));
    let Some(class) = cache.storage_classes.get(&Key::new("", claim.class())) else {
        let message = format!("storageclass.storage.k8s.io \"{}\" not found", claim.class());
        api.warning(&about, "ProvisioningFailed", message);
        return Ok(Done::waiting(Reason::MissingStorageClass { claim: name, class: claim.class().into() }));
    };
    let driver = &class.provisioner;
    if &**driver == NO_PROVISIONER {
        let message = format!("no volume plugin matched name: {driver}");
        api.warning(&about, "ProvisioningFailed", message);
        return Ok(no_volume(claim));
    }
    if annotation(&claim.metadata, STORAGE_PROVISIONER) != Some(driver) {
        let annotations =
            [STORAGE_PROVISIONER_BETA, STORAGE_PROVISIONER].map(|key| (Name::from(key), driver.clone())).to_vec();
        let target = about.reference();
        api.patch(target, Some(claim.metadata.uid), Patch::Annotate(annotations))??;
    }
    let message = format!(
        "Waiting for a volume to be created either by the external provisioner '{driver}' or manually by the system \
         administrator. If volume creation is delayed, please verify that the provisioner is running and correctly \
         registered."
    );
    api.normal(&about, "ExternalProvisioning", message);
    Ok(Done::waiting(Reason::WaitingForProvisioner { claim: name, provisioner: driver.clone() }))
}

/// The claim asks for one volume by name.
fn sync_prebound(claim: &Claim, cache: &Objects, api: &mut Api<'_, Memory>) -> Outcome {
    let Some(volume) = cache.volumes.get(&Key::new("", claim.spec.volume_name.clone())) else {
        reset(claim, api)?;
        return Ok(no_volume(claim));
    };
    let about = Object::PersistentVolumeClaim(claim.clone());
    match &volume.spec.claim_ref {
        None => match matching::mismatch(claim, volume) {
            None => bind(volume, claim, api),
            Some(why) => {
                let message = format!("Cannot bind to requested volume \"{}\": {why}", volume.metadata.name);
                api.warning(&about, "VolumeMismatch", message);
                reset(claim, api)?;
                Ok(no_volume(claim))
            }
        },
        Some(_) if names_claim(volume, claim) => bind(volume, claim, api),
        Some(named) => {
            let name = &volume.metadata.name;
            api.warning(&about, "FailedBinding", format!("volume \"{name}\" already bound to a different claim."));
            // Somebody has taken the mark of a completed binding off the claim.
            if annotation(&claim.metadata, BOUND_BY_CONTROLLER).is_some() {
                let (key, other) = (Key::of(&claim.metadata), Key::new(named.namespace.clone(), named.name.clone()));
                let message = format!(
                    "invalid binding of claim \"{key}\" to volume \"{name}\": volume already claimed by \"{other}\""
                );
                return Err(ApiError::Internal(message.into()).into());
            }
            reset(claim, api)?;
            Ok(no_volume(claim))
        }
    }
}

/// The claim was bound before: is its volume still there, and still its own?
fn sync_bound(claim: &Claim, cache: &Objects, api: &mut Api<'_, Memory>) -> Outcome {
    if claim.spec.volume_name.is_empty() {
        let message = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
        return lose(claim, "ClaimLost", message, api);
    }
    let Some(volume) = cache.volumes.get(&Key::new("", claim.spec.volume_name.clone())) else {
        let message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
        return lose(claim, "ClaimLost", message, api);
    };
    match &volume.spec.claim_ref {
        None => bind(volume, claim, api),
        Some(named) if named.uid == claim.metadata.uid => bind(volume, claim, api),
        Some(_) => {
            let message = "Two claims are bound to the same volume, this one is bound incorrectly";
            lose(claim, "ClaimMisbound", message, api)
        }
    }
}

/// Lost is for ever, and told once.
fn lose(claim: &Claim, reason: &str, message: &str, api: &mut Api<'_, Memory>) -> Outcome {
    if &*claim.status.phase != "Lost" {
        let mut lost = (**claim).clone();
        lost.status.phase = "Lost".into();
        lost.status.access_modes.clear();
        lost.status.capacity.clear();
        let lost = api.update_status(lost)??;
        api.warning(&lost, reason, message);
    }
    Ok(Done::settled())
}

/// Each of the four writes is left out if it was done before, so a crash between two of them is repaired.
fn bind(volume: &Rc<PersistentVolume>, claim: &Claim, api: &mut Api<'_, Memory>) -> Outcome {
    let volume = bind_volume_to_claim(volume, claim, api)?;
    let volume = update_phase(&volume, "Bound", "", api)?;
    let claim = bind_claim_to_volume(claim, &volume, api)?;
    let mut status = claim.status.clone();
    status.access_modes = volume.spec.access_modes.clone();
    // What the volume has, not what was asked for: 1Gi asked may be 10Gi given. A claim that was bound keeps what it has
    // until its file system has grown with the volume.
    if &*status.phase != "Bound" || status.capacity.is_empty() {
        status.capacity = storage_of(&volume);
    }
    status.phase = "Bound".into();
    if status != claim.status {
        let mut bound = (*claim).clone();
        bound.status = status;
        api.update_status(bound)??;
    }
    Ok(Done::settled())
}

fn storage_of(volume: &PersistentVolume) -> BTreeMap<Name, Quantity> {
    volume.spec.capacity.iter().filter(|(k, _)| &***k == "storage").map(clone_pair).collect()
}

fn clone_pair<K: Clone, V: Clone>((key, value): (&K, &V)) -> (K, V) {
    (key.clone(), value.clone())
}

type Written<T> = Result<Rc<T>, Stop>;

fn bind_volume_to_claim(
    volume: &Rc<PersistentVolume>,
    claim: &Claim,
    api: &mut Api<'_, Memory>,
) -> Written<PersistentVolume> {
    let (named, meta) = (volume.spec.claim_ref.as_ref(), &claim.metadata);
    if named.is_some_and(|named| named.uid == meta.uid) {
        return Ok(volume.clone());
    }
    let mut changed = (**volume).clone();
    if named.is_none() {
        changed.metadata.annotations.insert(BOUND_BY_CONTROLLER, "yes");
    }
    Rc::make_mut(&mut changed.spec).claim_ref = Some(reference(claim));
    Ok(expect_kind(api.update(changed)??))
}

/// How a volume names its claim.
pub(crate) fn reference(claim: &PersistentVolumeClaim) -> ObjectReference {
    ObjectReference {
        api_version: Kind::PersistentVolumeClaim.api_version().into(),
        kind: Kind::PersistentVolumeClaim.name().into(),
        name: claim.metadata.name.clone(),
        namespace: claim.metadata.namespace.clone(),
        resource_version: claim.metadata.resource_version,
        uid: claim.metadata.uid,
        ..ObjectReference::default()
    }
}

fn bind_claim_to_volume(
    claim: &Claim,
    volume: &PersistentVolume,
    api: &mut Api<'_, Memory>,
) -> Written<PersistentVolumeClaim> {
    let by_controller = claim.spec.volume_name != volume.metadata.name;
    if !by_controller && annotation(&claim.metadata, BIND_COMPLETED).is_some() {
        return Ok(claim.clone());
    }
    let mut changed = (**claim).clone();
    if by_controller {
        Rc::make_mut(&mut changed.spec).volume_name = volume.metadata.name.clone();
        changed.metadata.annotations.insert(BOUND_BY_CONTROLLER, "yes");
    }
    changed.metadata.annotations.insert(BIND_COMPLETED, "yes");
    Ok(expect_kind(api.update(changed)??))
}
