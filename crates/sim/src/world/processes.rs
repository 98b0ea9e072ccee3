//! What processes do by themselves, and what it does to the promises.

use crate::belief::api::watch::Change;
use crate::ground::clock::Time;
use crate::reality::machine::{Owner, ProcessId};
use crate::reality::workload::lock_server::Holder;
use crate::reality::workload::{self, Host};
use crate::words::identity::Identity;
use crate::words::note::{Note, What};
use crate::world::World;
use petri_objects::{Name, Object};

/// A lock, and who holds it until when.
type LockRecord = (Name, (Name, Option<Time>));

impl World {
    /// Lets processes do something.
    fn on_processes<T>(&mut self, notes: &mut Vec<Note>, act: impl FnOnce(&mut Host<'_>) -> T) -> T {
        let mut losses = Vec::new();
        let before = self.lock_records();
        let mut host = Host {
            now: self.now,
            machines: &self.machines,
            disks: &mut self.disks,
            network: &self.network,
            faults: &self.faults,
            server: &mut self.server,
            programs: &mut self.programs,
            agenda: &mut self.queue,
            losses: &mut losses,
            notes,
        };
        let result = act(&mut host);
        self.note_lock_records(&before, notes);
        self.check_losses(losses, notes);
        result
    }

    /// Who holds the locks that no object keeps, and until when if that ends by itself.
    fn lock_records(&self) -> Vec<LockRecord> {
        let servers = &self.programs.lock_servers;
        if servers.keys.is_empty() && servers.nodes.is_empty() {
            return Vec::new();
        }
        let named = |holder: Holder<'_>| match holder {
            Holder::Owner(owner, until) => (owner.clone(), Some(until)),
            Holder::Client(client) => {
                let known = self.programs.running.get(client);
                (known.map_or_else(|| "an ended process".into(), |program| program.id.clone()), None)
            }
        };
        let holders = servers.holders(self.now).into_iter();
        holders.map(|(lock, holder)| (lock.clone(), named(holder))).collect()
    }

    /// Tells which of these records have changed.
    fn note_lock_records(&self, before: &[LockRecord], notes: &mut Vec<Note>) {
        let after = self.lock_records();
        let gone = before.iter().filter(|(lock, _)| !after.iter().any(|(other, _)| other == lock));
        let gone = gone.map(|(lock, _)| (lock, None, None));
        let new = after.iter().filter(|record| !before.contains(record));
        let new = new.map(|(lock, (holder, until))| (lock, Some(holder.clone()), *until));
        for (lock, holder, until) in gone.chain(new) {
            notes.push(Note { at: self.now, what: What::Lock { lock: lock.clone(), holder, until } });
        }
    }

    /// Processes on a machine began, ended, or changed: their programs begin, end, freeze or wake with them.
    pub(super) fn follow_processes(&mut self, node: &str, touched: &[Identity], notes: &mut Vec<Note>) {
        let known: Vec<ProcessId> =
            self.programs.running.iter().filter(|(_, p)| &*p.node == node).map(|(id, _)| id.clone()).collect();
        for id in known {
            if let Some(program) = self.on_processes(notes, |host| workload::follow(host, &id)) {
                self.check_program(&program, notes);
            }
        }
        self.on_processes(notes, |host| workload::begin(host, node, touched));
    }

    /// A pod was orphaned or adopted: what runs of it belongs to whom it belongs.
    pub(super) fn follow_owner(&mut self, change: &Change) {
        let (Some(Object::Pod(old)), Some(Object::Pod(new))) = (&change.old, &change.new) else { return };
        let (before, owner) = (old.metadata.controller(), new.metadata.controller());
        if before.map(|o| o.uid) == owner.map(|o| o.uid) {
            return;
        }
        let owner = owner.map(|o| Owner { kind: o.kind.clone(), name: o.name.clone(), uid: o.uid });
        let Some(machine) = self.machines.get_mut(&new.spec.node_name) else { return };
        let ids: Vec<ProcessId> = machine.processes_of(new.metadata.uid).map(|(id, _)| id.clone()).collect();
        for id in ids {
            machine.processes.update(&id, |process| process.owner = owner.clone());
        }
    }

    /// A planned turn of a program.
    pub(super) fn program_turn(&mut self, id: &ProcessId, notes: &mut Vec<Note>) {
        if let Some(program) = self.on_processes(notes, |host| workload::turn(host, id)) {
            self.check_program(&program, notes);
        }
    }

    /// The lock server looks whose session is over.
    pub(super) fn expire_sessions(&mut self, notes: &mut Vec<Note>) {
        self.on_processes(notes, workload::expire_sessions);
    }

    /// A disk is about to go with what was acknowledged on it, or the last pod of a quorum has gone.
    pub(super) fn lose_with(&mut self, change: &Change, notes: &mut Vec<Note>) {
        match (&change.old, &change.new) {
            (Some(Object::PersistentVolume(volume)), None)
                if &*volume.spec.persistent_volume_reclaim_policy != "Retain" =>
            {
                let name = &volume.metadata.name;
                let claim: Name = volume.spec.claim_ref.as_ref().map_or(name.clone(), |claim| claim.name.clone());
                let what = format!("the disk of {claim}");
                self.on_processes(notes, |host| workload::lose_disk(host, name, &what, change.command()));
            }
            (Some(Object::Pod(_)), None) => {
                self.lose_local_disks(change.command(), notes);
            }
            _ => {}
        }
    }

    /// An `emptyDir` goes with its pod.
    pub(super) fn lose_local_disks(&mut self, command: Option<u32>, notes: &mut Vec<Note>) {
        self.on_processes(notes, |host| workload::lose_local_disks(host, command));
    }
}
