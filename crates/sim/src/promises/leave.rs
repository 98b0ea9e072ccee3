//! What becomes of a promise whose subject goes: nothing of it is left, neither a standing nor the memory of a size that
//! was reached. What was broken while the subject existed stays told (`first_broken`, and the notes).
//!
//! Invariant: nothing stands for an object, a disk or a process that does not exist. One that is asked to stop has
//! promised nothing any more either.

use super::checks::Checks;
use super::workloads::is_member;
use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::reality::workload::role::{Role, role};
use crate::words::invariants::{Guarantee, Standing};
use petri_objects::{Container, Meta, Name, Object, Pod};

/// An object has gone, or was asked to.
pub fn take_leave(checks: &mut Checks<'_>, change: &Change) {
    let left = |meta: &Meta| change.new.is_none() || meta.is_terminating();
    match change.object() {
        Object::ReplicaSet(set) if left(&set.metadata) => {
            dismiss(checks, Guarantee::AtLeast, workload(&set.metadata, "replicaset"));
        }
        Object::Deployment(deployment) if left(&deployment.metadata) => {
            dismiss(checks, Guarantee::AtLeast, workload(&deployment.metadata, "deployment"));
        }
        // A volume that is gone has a disk only if it was to be kept.
        Object::PersistentVolume(volume)
            if change.new.is_none() && checks.scene.disks.get(&volume.metadata.name).is_none() =>
        {
            dismiss(checks, Guarantee::OneWriter, volume.metadata.name.clone());
        }
        Object::Pod(pod) if change.new.is_none() => take_leave_of_member(checks, pod),
        _ => {}
    }
}

/// The last pod of a quorum has gone: nobody wishes for one any more, unless its owner makes it again.
fn take_leave_of_member(checks: &mut Checks<'_>, gone: &Pod) {
    let quorum = |container: &Container| match role(gone, container) {
        Some(Role::Member { service, .. }) => Some(service),
        _ => None,
    };
    for service in gone.spec.containers.iter().filter_map(quorum) {
        let mut pods = checks.scene.objects.pods.in_namespace(&gone.metadata.namespace);
        if !pods.any(|other| is_member(other, &service)) {
            let subject: Name = format!("{}/{service}", gone.metadata.namespace).into();
            if !is_made_again(checks, gone) {
                checks.invariants.complete.remove(&*format!("quorum/{subject}"));
            }
            dismiss(checks, Guarantee::Quorum, subject);
        }
    }
}

fn is_made_again(checks: &Checks<'_>, gone: &Pod) -> bool {
    let Some(owner) = gone.metadata.controller() else { return false };
    let key = Key::new(gone.metadata.namespace.clone(), owner.name.clone());
    let set = checks.scene.objects.stateful_sets.get(&key).filter(|set| set.metadata.uid == owner.uid);
    set.is_some_and(|set| !set.metadata.is_terminating() && set.replicas() > 0)
}

fn dismiss(checks: &mut Checks<'_>, guarantee: Guarantee, subject: Name) {
    checks.invariants.complete.remove(&subject);
    checks.set_standing((guarantee, subject), Standing::Holding);
}

/// `default/replicaset/web`.
fn workload(meta: &Meta, kind: &str) -> Name {
    format!("{}/{kind}/{}", meta.namespace, meta.name).into()
}
