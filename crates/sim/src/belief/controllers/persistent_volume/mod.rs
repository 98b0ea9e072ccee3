//! Brings claims and volumes together: a claim gets the smallest volume that fits, for as long as the claim exists.
//!
//! Upstream: `pkg/controller/volume/persistentvolume` (`pv_controller.go`, `pv_controller_base.go`).
//!
//! Deviation: only claims that are still unbound are looked at again every 15 s; for the others the resync writes
//! nothing.
//! Deviation: volumes that no CSI driver made are never deleted under the reclaim policy `Delete`; they become Failed.

mod claim;
pub(crate) mod matching;
mod volume;

pub(crate) use claim::reference as claim_reference;

use super::Enqueue;
use crate::belief::api::shelf::{Key, Objects, Tree};
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Outcome};
use petri_objects::{Name, Object, ObjectReference, PersistentVolume, PersistentVolumeClaim, Revision};
use std::collections::BTreeSet;
use std::rc::Rc;

pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
pub const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
pub const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
pub const STORAGE_PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
pub const STORAGE_PROVISIONER_BETA: &str = "volume.beta.kubernetes.io/storage-provisioner";
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// The provisioner of classes whose volumes are made by hand.
pub const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// Which volumes a claim may get, so that not every claim has to look at every volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    filled: bool,
    /// Volumes without a claim.
    open: Rc<BTreeSet<Name>>,
    /// Volumes that name a claim, by that claim.
    claimed: Tree<BTreeSet<Name>>,
    /// The volume that was chosen for this version of a claim: a binding goes on with it whatever happens meanwhile.
    chosen: Tree<(Revision, Name)>,
}

impl Memory {
    fn fill(&mut self, cache: &Objects) {
        if !self.filled {
            self.filled = true;
            for volume in cache.volumes.values() {
                self.put(volume);
            }
        }
    }
    fn put(&mut self, volume: &PersistentVolume) {
        let name = &volume.metadata.name;
        match &volume.spec.claim_ref {
            None => {
                if !self.open.contains(name) {
                    Rc::make_mut(&mut self.open).insert(name.clone());
                }
            }
            Some(claim) => {
                let key = claim_key(claim);
                let mut volumes = self.claimed.get(&key).map_or_else(BTreeSet::new, |volumes| (**volumes).clone());
                if volumes.insert(name.clone()) {
                    self.claimed.insert(key, Rc::new(volumes));
                }
            }
        }
    }
    fn take(&mut self, volume: &PersistentVolume) {
        let name = &volume.metadata.name;
        if self.open.contains(name) {
            Rc::make_mut(&mut self.open).remove(name);
        }
        let Some(key) = volume.spec.claim_ref.as_ref().map(claim_key) else { return };
        let Some(volumes) = self.claimed.get(&key) else { return };
        let mut volumes = (**volumes).clone();
        volumes.remove(name);
        match volumes.is_empty() {
            true => self.claimed.remove(&key),
            false => self.claimed.insert(key, Rc::new(volumes)),
        }
    }
    fn chosen(&self, claim: &PersistentVolumeClaim, cache: &Objects) -> Option<Rc<PersistentVolume>> {
        let chosen = self.chosen.get(&Key::of(&claim.metadata))?;
        let same = chosen.0 == claim.metadata.resource_version;
        cache.volumes.get(&Key::new("", chosen.1.clone())).filter(|_| same).cloned()
    }
    fn choose(&mut self, claim: &PersistentVolumeClaim, volume: &PersistentVolume) {
        let choice = (claim.metadata.resource_version, volume.metadata.name.clone());
        self.chosen.insert(Key::of(&claim.metadata), Rc::new(choice));
    }
    fn forget(&mut self, claim: &Key) {
        self.chosen.remove(claim);
    }
    /// The volumes that are free or name this claim.
    fn candidates(&mut self, claim: &Key, cache: &Objects) -> Vec<Rc<PersistentVolume>> {
        self.fill(cache);
        let claimed = self.claimed.get(claim).cloned().unwrap_or_default();
        let names: BTreeSet<&Name> = self.open.iter().chain(claimed.iter()).collect();
        names.into_iter().filter_map(|name| cache.volumes.get(&Key::new("", name.clone())).cloned()).collect()
    }
}

/// Keys of claims have a namespace, keys of volumes have none.
pub fn enqueue(change: &Change, keys: &mut Enqueue<'_>) {
    match change.object() {
        Object::PersistentVolumeClaim(claim) => {
            keys.add(Key::of(&claim.metadata));
            // A volume that has lost its claim is released.
            if change.new.is_none() && !claim.spec.volume_name.is_empty() {
                keys.add(Key::new("", claim.spec.volume_name.clone()));
            }
        }
        Object::PersistentVolume(volume) => {
            let memory = &mut keys.memory.persistent_volume;
            memory.fill(keys.cache);
            if let Some(Object::PersistentVolume(old)) = &change.old {
                memory.take(old);
            }
            if let Some(Object::PersistentVolume(new)) = &change.new {
                memory.put(new);
            }
            keys.add(Key::of(&volume.metadata));
            if let Some(claim) = &volume.spec.claim_ref {
                keys.add(claim_key(claim));
            }
        }
        _ => {}
    }
}

pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    if key.namespace.is_empty() { volume::sync(key, api) } else { claim::sync(key, api) }
}

fn claim_key(claim: &ObjectReference) -> Key {
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

#[cfg(test)]
mod matching_tables;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod tests;
