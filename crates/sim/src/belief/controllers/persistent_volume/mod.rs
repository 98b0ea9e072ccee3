//! Brings claims and volumes together: a claim gets the smallest volume that fits, for as long as the claim exists.
//!
//! Upstream: `pkg/controller/volume/persistentvolume` (`pv_controller.go`, `pv_controller_base.go`).
//!
//! Deviation: only claims that are still unbound are looked at again every 15 s; for the others the resync writes
//! nothing.
//! Deviation: volumes that no CSI driver made are never deleted under the reclaim policy `Delete`; they become Failed.

mod claim;
mod index;
pub(crate) mod matching;
mod util;
mod volume;

pub(crate) use claim::reference as claim_reference;
pub use index::Memory;
pub(crate) use util::*;

use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Outcome};
use crate::belief::client::informer::Enqueue;
use petri_objects::{Object, PersistentVolumeClaim};
use std::rc::Rc;

/// Keys of claims have a namespace, keys of volumes have none.
pub fn enqueue(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    match change.object() {
        Object::PersistentVolumeClaim(claim) => {
            keys.add(Key::of(&claim.metadata));
            // A volume that has lost its claim is released.
            if change.new.is_none() && !claim.spec.volume_name.is_empty() {
                keys.add(Key::new("", claim.spec.volume_name.clone()));
            }
        }
        Object::Pod(_) => {
            let waiting = |object: &Option<Object>| match object {
                Some(Object::Pod(pod)) if waits_for_node(pod) => Some(pod.clone()),
                _ => None,
            };
            let (old, new) = (waiting(&change.old), waiting(&change.new));
            let same = matches!((&old, &new), (Some(old), Some(new)) if Rc::ptr_eq(&old.spec, &new.spec));
            if same || (old.is_none() && new.is_none()) {
                return;
            }
            let memory = &mut *keys.memory;
            memory.fill(keys.cache);
            old.iter().for_each(|pod| memory.take_consumer(pod));
            new.iter().for_each(|pod| memory.put_consumer(pod));
        }
        Object::PersistentVolume(volume) => {
            let memory = &mut *keys.memory;
            memory.fill(keys.cache);
            if let Some(Object::PersistentVolume(old)) = &change.old {
                memory.take(old);
            }
            if let Some(Object::PersistentVolume(new)) = &change.new {
                memory.put(new);
            }
            keys.add(Key::of(&volume.metadata));
            match &volume.spec.claim_ref {
                Some(claim) => keys.add(claim_key(claim)),
                // The resync finds claims whose volume does not know them.
                None if change.new.is_some() => {
                    let resync = claim::until_next(keys.settings.claim_sync_period, keys.now);
                    let named = |claim: &&Rc<PersistentVolumeClaim>| claim.spec.volume_name == volume.metadata.name;
                    let claims: Vec<Key> =
                        keys.cache.claims.values().filter(named).map(|claim| Key::of(&claim.metadata)).collect();
                    claims.into_iter().for_each(|claim| keys.add_after(claim, resync));
                }
                None => {}
            }
        }
        _ => {}
    }
}

pub fn sync(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    if key.namespace.is_empty() { volume::sync(key, api) } else { claim::sync(key, api) }
}

#[cfg(test)]
mod matching_tables;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod tests;
