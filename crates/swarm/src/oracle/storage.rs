//! Claims, volumes and attachments fit together.

use super::{Oracle, Rule};
use petri_objects::{Name, PersistentVolume};
use petri_sim::belief::api::shelf::Key;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(oracle: &mut Oracle<'_>) {
    let found = [claims(oracle), volumes(oracle), lost(oracle)].concat();
    found.into_iter().for_each(|text| oracle.complain(Rule::Claim, text));
    attachments(oracle).into_iter().for_each(|text| oracle.complain(Rule::Attachment, text));
}

/// A claim is lost with its volume, or to another claim, and never while its volume is there for it.
fn lost(oracle: &Oracle<'_>) -> Vec<String> {
    let objects = oracle.world.objects();
    let lost = objects.claims.values().filter(|claim| &*claim.status.phase == "Lost");
    let there = lost.filter(|claim| {
        let volume = objects.volumes.get(&Key::new("", claim.spec.volume_name.clone()));
        let is_anothers = |volume: &PersistentVolume| {
            volume.spec.claim_ref.as_ref().is_some_and(|owner| owner.uid != claim.metadata.uid)
        };
        volume.is_some_and(|volume| !is_anothers(volume))
    });
    there.map(|claim| format!("{} is Lost, and {} is there", claim.metadata.name, claim.spec.volume_name)).collect()
}

/// Each bound claim has a volume of its own, which is bound to it.
fn claims(oracle: &Oracle<'_>) -> Vec<String> {
    let objects = oracle.world.objects();
    let mut found = Vec::new();
    let mut of_volume: BTreeMap<&Name, &Name> = BTreeMap::new();
    for claim in objects.claims.values().filter(|claim| claim.is_bound()) {
        let name = &claim.metadata.name;
        if let Some(other) = of_volume.insert(&claim.spec.volume_name, name) {
            found.push(format!("both {other} and {name} are bound to {}", claim.spec.volume_name));
        }
        match objects.volumes.get(&Key::new("", claim.spec.volume_name.clone())) {
            None => found.push(format!("{name} is Bound to {}, which is gone", claim.spec.volume_name)),
            Some(volume) => {
                let owner = volume.spec.claim_ref.as_ref();
                if owner.is_none_or(|owner| owner.uid != claim.metadata.uid) {
                    found.push(format!("{name} is Bound to {}, which is not bound to it", volume.metadata.name));
                }
            }
        }
    }
    found
}

/// A bound volume has a claim that is there.
fn volumes(oracle: &Oracle<'_>) -> Vec<String> {
    let objects = oracle.world.objects();
    let bound = objects.volumes.values().filter(|volume| &*volume.status.phase == "Bound");
    let lost = bound.filter(|volume| {
        let claim =
            volume.spec.claim_ref.as_ref().map(|owner| (owner, Key::new(&*owner.namespace, owner.name.clone())));
        let claim = claim.and_then(|(owner, key)| objects.claims.get(&key).filter(|c| c.metadata.uid == owner.uid));
        claim.is_none()
    });
    lost.map(|volume| format!("{} is Bound to a claim that is gone", volume.metadata.name)).collect()
}

/// A disk stays attached for the pods of its machine that use it, and for nobody else.
fn attachments(oracle: &Oracle<'_>) -> Vec<String> {
    let objects = oracle.world.objects();
    let mut used: BTreeSet<(Name, Name)> = BTreeSet::new();
    for pod in objects.pods.values().filter(|pod| pod.is_scheduled()) {
        for claim in pod.claims() {
            let key = Key::new(pod.metadata.namespace.clone(), claim.clone());
            if let Some(claim) = objects.claims.get(&key) {
                used.insert((pod.spec.node_name.clone(), claim.spec.volume_name.clone()));
            }
        }
    }
    let mut found = Vec::new();
    for attachment in objects.attachments.values() {
        let spec = &attachment.spec;
        let volume = &spec.source.persistent_volume_name;
        if !used.contains(&(spec.node_name.clone(), volume.clone())) && !oracle.deeds.storage {
            found.push(format!("{volume} is attached to {} for nobody", spec.node_name));
        }
    }
    found
}
