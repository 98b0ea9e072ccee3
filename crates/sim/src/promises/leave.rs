//! What becomes of a promise whose subject goes: nothing of it is left, neither a standing nor the memory of a size that
//! was reached. What was broken while the subject existed stays told (`first_broken`, and the notes).
//!
//! Invariant: nothing stands for an object, a disk or a process that does not exist. One that is asked to stop has
//! promised nothing any more either.

use super::checks::Checks;
use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::reality::workload::role::{Role, role};
use crate::words::invariants::{Guarantee, Standing};
use petri_objects::{Meta, Name, Object, Pod};

impl Checks<'_> {
    /// An object has gone, or was asked to.
    pub fn take_leave(&mut self, change: &Change) {
        let left = |meta: &Meta| change.new.is_none() || meta.is_terminating();
        match change.object() {
            Object::ReplicaSet(set) if left(&set.metadata) => {
                self.dismiss(Guarantee::AtLeast, workload(&set.metadata, "replicaset"));
            }
            Object::Deployment(deployment) if left(&deployment.metadata) => {
                self.dismiss(Guarantee::AtLeast, workload(&deployment.metadata, "deployment"));
            }
            Object::PersistentVolume(volume) if change.new.is_none() => self.take_leave_of_disk(&volume.metadata.name),
            Object::Pod(pod) if change.new.is_none() => self.take_leave_of_member(pod),
            _ => {}
        }
    }

    /// A volume that is gone has a disk only if it was to be kept.
    fn take_leave_of_disk(&mut self, volume: &Name) {
        if self.scene.disks.get(volume).is_none() {
            self.dismiss(Guarantee::OneWriter, volume.clone());
        }
    }

    /// The last pod of a quorum has gone: nobody wishes for one any more, unless its owner makes it again.
    fn take_leave_of_member(&mut self, gone: &Pod) {
        for service in gone.spec.containers.iter().filter_map(|container| match role(gone, container) {
            Some(Role::Member { service, .. }) => Some(service),
            _ => None,
        }) {
            let pods = self.scene.objects.pods.in_namespace(&gone.metadata.namespace);
            if !pods.into_iter().any(|other| super::workloads::is_member(other, &service)) {
                let subject: Name = format!("{}/{service}", gone.metadata.namespace).into();
                if !self.is_made_again(gone) {
                    self.invariants.complete.remove(&*format!("quorum/{subject}"));
                }
                self.dismiss(Guarantee::Quorum, subject);
            }
        }
    }

    fn is_made_again(&self, gone: &Pod) -> bool {
        let Some(owner) = gone.metadata.controller() else { return false };
        let key = Key::new(gone.metadata.namespace.clone(), owner.name.clone());
        let set = self.scene.objects.stateful_sets.get(&key).filter(|set| set.metadata.uid == owner.uid);
        set.is_some_and(|set| !set.metadata.is_terminating() && set.replicas() > 0)
    }

    fn dismiss(&mut self, guarantee: Guarantee, subject: Name) {
        self.invariants.complete.remove(&subject);
        self.set_standing((guarantee, subject), Standing::Holding);
    }
}

/// `default/replicaset/web`.
fn workload(meta: &Meta, kind: &str) -> Name {
    format!("{}/{kind}/{}", meta.namespace, meta.name).into()
}
