//! Which volumes a claim may get and which pods wait for it, so that not every claim has to look at all of them.
//!
//! Upstream: `pkg/controller/volume/persistentvolume/index.go`.

use super::util::{claim_key, waits_for_node};
use crate::belief::api::shelf::{Key, Objects, Tree};
use crate::ground::planted;
use petri_objects::{Name, PersistentVolume, PersistentVolumeClaim, Pod, Revision};
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
    /// Pods without a node, by the claims that they use.
    consumers: Tree<BTreeSet<Name>>,
    /// The volume that was chosen for this version of a claim: a binding goes on with it whatever happens meanwhile.
    chosen: Tree<(Revision, Name)>,
}

impl Memory {
    pub fn fill(&mut self, cache: &Objects) {
        if !self.filled {
            self.filled = true;
            cache.volumes.values().for_each(|volume| self.put(volume));
            cache.pods.values().filter(|pod| waits_for_node(pod)).for_each(|pod| self.put_consumer(pod));
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
        if self.open.contains(name) && !planted::is(planted::Error::ClaimBoundTwice) {
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
    pub fn put_consumer(&mut self, pod: &Pod) {
        for claim in pod.claims() {
            let key = Key::new(pod.metadata.namespace.clone(), claim.clone());
            let mut pods = self.consumers.get(&key).map_or_else(BTreeSet::new, |pods| (**pods).clone());
            if pods.insert(pod.metadata.name.clone()) {
                self.consumers.insert(key, Rc::new(pods));
            }
        }
    }
    pub fn take_consumer(&mut self, pod: &Pod) {
        for claim in pod.claims() {
            let key = Key::new(pod.metadata.namespace.clone(), claim.clone());
            let Some(pods) = self.consumers.get(&key) else { continue };
            let mut pods = (**pods).clone();
            pods.remove(&pod.metadata.name);
            match pods.is_empty() {
                true => self.consumers.remove(&key),
                false => self.consumers.insert(key, Rc::new(pods)),
            }
        }
    }
    /// The pods that use the claim and have no node yet, in name order.
    ///
    /// Upstream: `findNonScheduledPodsByPVC`.
    pub fn consumers<'c>(&mut self, claim: &Key, cache: &'c Objects) -> Vec<&'c Rc<Pod>> {
        self.fill(cache);
        let names = self.consumers.get(claim).cloned().unwrap_or_default();
        let pods = names.iter().filter_map(|name| cache.pods.get(&claim.sibling(name.clone())));
        pods.filter(|pod| waits_for_node(pod) && pod.claims().any(|name| *name == claim.name)).collect()
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
