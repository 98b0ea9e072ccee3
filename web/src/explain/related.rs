//! What a question is about, beside what is selected.

use petri_objects::{Kind, Name, ObjectRef, Uid};
use petri_picture::view::Target;
use petri_sim::belief::api::shelf::Key;
use petri_sim::world::World;
use std::collections::BTreeSet;

/// What a selection has to do with.
#[derive(Default)]
pub(crate) struct Related {
    /// Names of objects that controllers may be waiting about.
    pub(crate) names: BTreeSet<Name>,
    pub(crate) nodes: BTreeSet<Name>,
    pub(crate) pods: BTreeSet<Key>,
    pub(crate) everything: bool,
}

impl Related {
    pub(crate) fn of(world: &World, target: Option<&Target>) -> Related {
        let mut related = Related::default();
        match target {
            Some(Target::Pod { pod, uid }) => related.add_identity(world, pod, *uid),
            Some(Target::Node(node) | Target::Link(node)) => {
                related.nodes.insert(node.clone());
                related.names.insert(node.clone());
                for (key, pod) in world.objects().pods.iter() {
                    if pod.spec.node_name == *node {
                        related.pods.insert(key.clone());
                    }
                }
            }
            Some(Target::Claim(object) | Target::Object(object)) => related.add_object(world, object),
            Some(Target::Volume(volume)) => {
                related.names.insert(volume.clone());
            }
            _ => {
                related.everything = true;
                related.pods = world.objects().pods.iter().map(|(key, _)| key.clone()).collect();
                related.nodes = world.machines.keys().cloned().collect();
            }
        }
        let pods: Vec<Key> = related.pods.iter().cloned().collect();
        for key in pods {
            related.add_pod(world, &key);
        }
        related
    }
    fn add_object(&mut self, world: &World, object: &ObjectRef) {
        self.names.insert(object.name.clone());
        for (key, pod) in world.objects().pods.iter().filter(|(key, _)| key.namespace == object.namespace) {
            let owned = pod.metadata.controller().is_some_and(|owner| {
                owner.name == object.name
                    || owner.name.strip_prefix(&*object.name).is_some_and(|rest| rest.starts_with('-'))
            });
            if owned || (object.kind == Kind::PersistentVolumeClaim && pod.claims().any(|claim| *claim == object.name))
            {
                self.pods.insert(key.clone());
            }
        }
        let key = Key::new(object.namespace.clone(), object.name.clone());
        if let Some(claim) = world.objects().claims.get(&key).filter(|_| object.kind == Kind::PersistentVolumeClaim) {
            self.names.insert(claim.spec.volume_name.clone());
        }
    }
    fn add_identity(&mut self, world: &World, pod: &ObjectRef, uid: Uid) {
        self.names.insert(pod.name.clone());
        self.pods.insert(Key::new(pod.namespace.clone(), pod.name.clone()));
        // A ghost's machine matters to its successor, and the other way round.
        for machine in world.machines.values() {
            let same = |p: &petri_sim::reality::machine::Process| p.uid == uid || p.identity.pod == pod.name;
            if machine.processes.values().any(same) {
                self.nodes.insert(machine.name.clone());
            }
        }
    }
    fn add_pod(&mut self, world: &World, key: &Key) {
        self.names.insert(key.name.clone());
        let Some(pod) = world.objects().pods.get(key) else { return };
        if let Some(owner) = pod.metadata.controller() {
            self.names.insert(owner.name.clone());
        }
        if pod.is_scheduled() {
            self.nodes.insert(pod.spec.node_name.clone());
        }
        for claim in pod.claims() {
            self.names.insert(claim.clone());
            if let Some(claim) = world.objects().claims.get(&key.sibling(claim.clone())) {
                let volume = &claim.spec.volume_name;
                self.names.insert(volume.clone());
                let attachments = world.objects().attachments.values();
                let own = attachments.filter(|other| other.spec.source.persistent_volume_name == *volume);
                self.names.extend(own.map(|attachment| attachment.metadata.name.clone()));
            }
        }
    }
    pub fn concerns(&self, key: &Key) -> bool {
        self.everything
            || self.names.contains(&key.name)
            // The driver knows attachments by a word before their names.
            || key.name.split(['/', '^', ' ']).any(|part| !part.is_empty() && self.names.contains(part))
    }
}
