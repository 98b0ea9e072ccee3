//! Which volumes a claim may get, so that not every claim has to look at every volume.
//!
//! Upstream: `pkg/controller/volume/persistentvolume/index.go`.

use super::util::claim_key;
use crate::belief::api::shelf::{Key, Objects, Tree};
use petri_objects::{Name, PersistentVolume, PersistentVolumeClaim, Revision};
use std::collections::BTreeSet;
use std::rc::Rc;

/// The volumes by what they are to claims.
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
    pub fn fill(&mut self, cache: &Objects) {
        if !self.filled {
            self.filled = true;
            for volume in cache.volumes.values() {
                self.put(volume);
            }
        }
    }
    pub fn put(&mut self, volume: &PersistentVolume) {
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
    pub fn take(&mut self, volume: &PersistentVolume) {
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
    pub fn chosen(&self, claim: &PersistentVolumeClaim, cache: &Objects) -> Option<Rc<PersistentVolume>> {
        let chosen = self.chosen.get(&Key::of(&claim.metadata))?;
        let same = chosen.0 == claim.metadata.resource_version;
        cache.volumes.get(&Key::new("", chosen.1.clone())).filter(|_| same).cloned()
    }
    pub fn choose(&mut self, claim: &PersistentVolumeClaim, volume: &PersistentVolume) {
        let choice = (claim.metadata.resource_version, volume.metadata.name.clone());
        self.chosen.insert(Key::of(&claim.metadata), Rc::new(choice));
    }
    pub fn forget(&mut self, claim: &Key) {
        self.chosen.remove(claim);
    }
    /// The volumes that are free or name this claim.
    pub fn candidates(&mut self, claim: &Key, cache: &Objects) -> Vec<Rc<PersistentVolume>> {
        self.fill(cache);
        let claimed = self.claimed.get(claim).cloned().unwrap_or_default();
        let names: BTreeSet<&Name> = self.open.iter().chain(claimed.iter()).collect();
        names.into_iter().filter_map(|name| cache.volumes.get(&Key::new("", name.clone())).cloned()).collect()
    }
}
