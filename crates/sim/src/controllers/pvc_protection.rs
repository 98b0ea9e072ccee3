//! A claim that is being deleted stays until the last pod that uses it is gone.
//!
//! Upstream: `pkg/controller/volume/pvcprotection`.

use super::Enqueue;
use crate::api::request::Patch;
use crate::api::shelf::Key;
use crate::api::watch::Change;
use crate::client::call::{Api, Done, Outcome};
use crate::reason::Reason;
use petri_objects::{Kind, Meta, Name, Object, Pod, Value};

pub const FINALIZER: &str = "kubernetes.io/pvc-protection";

pub fn enqueue(change: &Change, keys: &mut Enqueue<'_>) {
    match change.object() {
        Object::PersistentVolumeClaim(claim) if change.new.is_some() => {
            if claim.metadata.is_terminating() == claim.metadata.has_finalizer(FINALIZER) {
                keys.add(Key::of(&claim.metadata));
            }
        }
        Object::Pod(pod) => {
            for claim in claims_let_go(change, pod) {
                let key = Key::new(pod.metadata.namespace.clone(), claim);
                if keys.cache.claims.get(&key).is_some_and(|claim| claim.metadata.is_terminating()) {
                    keys.add(key);
                }
            }
        }
        _ => {}
    }
}

/// The claims that the pod may have been the last to use.
fn claims_let_go(change: &Change, pod: &Pod) -> Vec<Name> {
    if change.new.is_none() || pod.phase().is_terminal() { pod.claims().cloned().collect() } else { Vec::new() }
}

pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    let cache = api.cache();
    let Some(claim) = cache.claims.get(key) else { return Ok(Done::settled()) };
    let target = key.to_ref(Kind::PersistentVolumeClaim);
    if !claim.metadata.is_terminating() {
        if !claim.metadata.has_finalizer(FINALIZER) {
            api.patch(target, Some(claim.metadata.uid), with_finalizer(&claim.metadata, FINALIZER))??;
        }
        return Ok(Done::settled());
    }
    if !claim.metadata.has_finalizer(FINALIZER) {
        return Ok(Done::settled());
    }
    // Finished and stopping pods count too, for as long as their objects exist; pods without a node do not.
    let mut pods = cache.pods.in_namespace(&key.namespace);
    if let Some(user) = pods.find(|pod| pod.is_scheduled() && pod.claims().any(|claim| *claim == key.name)) {
        let (claim, pod) = (key.name.clone(), user.metadata.name.clone());
        return Ok(Done::waiting(Reason::ClaimInUse { claim, pod }));
    }
    api.patch(target, Some(claim.metadata.uid), Patch::RemoveFinalizer(FINALIZER.into()))??;
    Ok(Done::settled())
}

/// A patch that adds one finalizer to those that the object has.
pub(super) fn with_finalizer(meta: &Meta, finalizer: &str) -> Patch {
    let finalizers = meta.finalizers.iter().map(|f| &**f).chain([finalizer]).map(Value::from).collect();
    let metadata = [("finalizers".into(), Value::List(finalizers))].into_iter().collect();
    let value = Value::Map([("metadata".into(), Value::Map(metadata))].into_iter().collect());
    Patch::Merge { value, status: false }
}
