//! Reality of storage: which disks exist, where they are attached, who has them mounted, and who really writes.
//!
//! API objects are what the cluster believes; a disk can be written by a process that no object describes any more.
//!
//! Upstream: the storage behind a CSI driver, which Kubernetes does not define.
//!
//! The `emptyDir` of a pod that writes is a disk, too: it lives as long as its pod, on its machine, through restarts of
//! containers and of the machine.
//!
//! A disk can turn read-only. No object tells of it: Kubernetes watches the health of volumes behind a gate that is off.
//!
//! Deviation: an `emptyDir` in memory lives through a restart of its machine as well, and none has a limit.
//!
//! Deviation: a disk that is read-only refuses writes and nothing else; real programs may fall over it.
//!
//! Deviation: the simulated storage does not fence by itself. A disk that is detached by force from a machine that is
//! only cut off keeps its mount there, and the old process writes on; real disks may refuse it, network file systems
//! do not. What this shows is the worst that Kubernetes allows.

use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::ground::clock::Time;
use crate::ground::ledger::Ledger;
use crate::ground::rare::Rare;
use crate::reality::files::Tree;
use crate::reality::journal::Journal;
use petri_objects::{Name, Object, PersistentVolume, Pod, Uid};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::rc::Rc;

/// How the disks of `emptyDir` volumes are called, so that they need not be searched for among all others.
const LOCAL: &str = "emptydir-";

/// How many finished writes a disk remembers.
const LEDGER_LIMIT: usize = 32;

/// A disk. It exists whether or not a PersistentVolume object describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Disk {
    /// The PersistentVolume that was made for it.
    pub volume: Name,
    pub driver: Name,
    /// Where it can be attached; empty for everywhere.
    pub zone: Name,
    pub modes: Vec<Name>,
    pub claim: Option<Key>,
    /// The pod that an `emptyDir` belongs to.
    pub local: Option<LocalTo>,
    /// The machines it is attached to, and since when.
    pub attached: BTreeMap<Name, Time>,
    pub mounts: BTreeMap<(Name, Uid), Mount>,
    /// Who wrote from when to when, the earliest first.
    pub ledger: Vec<Write>,
    /// What was written, where processes declare it.
    pub journal: Journal,
    /// What somebody's programs have left on it.
    pub files: Rare<Rc<Tree>>,
}

/// The pod whose `emptyDir` a disk is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LocalTo {
    pub pod: Key,
    pub uid: Uid,
}

/// A machine has mounted the disk for a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mount {
    pub pod: Name,
    pub since: Time,
}

/// A span in which the processes of a pod could write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    pub node: Name,
    pub pod: Name,
    pub uid: Uid,
    pub from: Time,
    /// `None` while it lasts.
    pub to: Option<Time>,
}

/// What a disk's access modes promise about its writers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exclusive {
    /// ReadWriteOncePod.
    ToOnePod,
    /// ReadWriteOnce: several pods on one machine may write.
    ToOneNode,
    /// ReadWriteMany, ReadOnlyMany.
    No,
}

impl Disk {
    pub fn exclusive(&self) -> Exclusive {
        let has = |mode: &str| self.modes.iter().any(|m| &**m == mode);
        match (has("ReadWriteMany") || has("ReadOnlyMany"), has("ReadWriteOncePod")) {
            (true, _) => Exclusive::No,
            (_, true) => Exclusive::ToOnePod,
            _ => Exclusive::ToOneNode,
        }
    }
    /// Who writes now.
    pub fn writers(&self) -> impl Iterator<Item = &Write> {
        self.ledger.iter().filter(|write| write.to.is_none())
    }
    /// Two writers that the access mode forbids, if there are any: the first who wrote, and the first who broke in.
    pub fn conflict(&self) -> Option<(&Write, &Write)> {
        let first = self.writers().next()?;
        let second = self.writers().find(|other| match self.exclusive() {
            Exclusive::ToOnePod => other.uid != first.uid,
            Exclusive::ToOneNode => other.node != first.node,
            Exclusive::No => false,
        })?;
        Some((first, second))
    }

    fn write_begins(&mut self, node: &Name, uid: Uid, now: Time) {
        let Some(mount) = self.mounts.get(&(node.clone(), uid)) else { return };
        if self.writers().any(|w| w.node == *node && w.uid == uid) {
            return;
        }
        if self.ledger.len() >= LEDGER_LIMIT
            && let Some(oldest) = self.ledger.iter().position(|write| write.to.is_some())
        {
            self.ledger.remove(oldest);
        }
        self.ledger.push(Write { node: node.clone(), pod: mount.pod.clone(), uid, from: now, to: None });
    }
    fn write_ends(&mut self, now: Time, of: impl Fn(&Write) -> bool) {
        for write in self.ledger.iter_mut().filter(|write| write.to.is_none()) {
            if of(write) {
                write.to = Some(now);
            }
        }
    }
}

/// All disks, by the name of their volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Disks {
    all: Ledger<Name, Disk>,
    /// The disks that more than one pod writes to.
    shared: BTreeSet<Name>,
}

impl Disks {
    fn change<T>(&mut self, volume: &str, act: impl FnOnce(&mut Disk) -> T) -> Option<T> {
        let (result, shared) = self.all.update(volume, |disk| (act(disk), disk.writers().nth(1).is_some()))?;
        match shared {
            true => drop(self.shared.insert(volume.into())),
            false => drop(self.shared.remove(volume)),
        }
        Some(result)
    }
    /// The disks that more than one pod writes to, in name order.
    pub fn shared(&self) -> impl Iterator<Item = &Disk> {
        self.shared.iter().filter_map(|volume| self.all.get(volume))
    }
    pub fn get(&self, volume: &str) -> Option<&Disk> {
        self.all.get(volume)
    }
    /// Something happens to what is written on a disk. `None` if there is no such disk.
    pub fn on_journal<T>(&mut self, volume: &str, act: impl FnOnce(&mut Journal) -> T) -> Option<T> {
        self.change(volume, |disk| act(&mut disk.journal))
    }
    /// What lies on a disk from now on.
    pub(crate) fn put_files(&mut self, volume: &str, files: Rc<Tree>) {
        self.change(volume, |disk| disk.files = files.into());
    }
    pub fn iter(&self) -> impl Iterator<Item = &Disk> {
        self.all.values()
    }
    /// Makes a disk for a volume of a driver. Volumes of other kinds (a folder of a node) have none.
    pub fn create(&mut self, volume: &PersistentVolume) {
        let Some(csi) = &volume.spec.csi else { return };
        let mut disk = self.all.remove(&volume.metadata.name).unwrap_or_default();
        disk.volume = volume.metadata.name.clone();
        disk.driver = csi.driver.clone();
        disk.zone = zone_of(volume).unwrap_or_default();
        disk.modes = volume.spec.access_modes.clone();
        disk.claim = volume.spec.claim_ref.as_ref().map(|claim| Key::new(claim.namespace.clone(), claim.name.clone()));
        self.all.insert(volume.metadata.name.clone(), disk);
    }
    /// The `emptyDir` of a pod, as it was or new.
    pub fn create_local(&mut self, pod: &Pod, volume: &str) -> Name {
        let name: Name = format!("{LOCAL}{}-{volume}", pod.metadata.uid).into();
        let mut disk = self.all.remove(&name).unwrap_or_default();
        disk.volume = name.clone();
        disk.local = Some(LocalTo { pod: Key::of(&pod.metadata), uid: pod.metadata.uid });
        self.all.insert(name.clone(), disk);
        name
    }
    pub fn local(&self) -> impl Iterator<Item = &Disk> {
        let from = (Bound::Included(LOCAL), Bound::Unbounded);
        let named = self.all.range::<str>(from).take_while(|(name, _)| name.starts_with(LOCAL));
        named.map(|(_, disk)| disk).filter(|disk| disk.local.is_some())
    }
    /// The disk and its data are gone.
    pub fn remove(&mut self, volume: &str) {
        self.all.remove(volume);
        self.shared.remove(volume);
    }
    pub fn attach(&mut self, volume: &str, node: &Name, now: Time) {
        self.change(volume, |disk| disk.attached.entry(node.clone()).or_insert(now).0);
    }
    /// Mounts stay: see the module's deviation.
    pub fn detach(&mut self, volume: &str, node: &str) {
        self.change(volume, |disk| disk.attached.remove(node));
    }
    pub fn is_attached(&self, volume: &str, node: &str) -> bool {
        self.all.get(volume).is_some_and(|disk| disk.attached.contains_key(node))
    }
    pub fn mount(&mut self, volume: &str, node: &Name, uid: Uid, pod: &Name, now: Time) {
        self.change(volume, |disk| {
            disk.mounts.entry((node.clone(), uid)).or_insert_with(|| Mount { pod: pod.clone(), since: now });
        });
    }
    pub fn unmount(&mut self, volume: &str, node: &Name, uid: Uid, now: Time) {
        self.change(volume, |disk| {
            disk.mounts.remove(&(node.clone(), uid));
            if disk.local.is_some() {
                disk.attached.clear();
            }
            disk.write_ends(now, |write| write.node == *node && write.uid == uid);
        });
    }
    /// A process of the pod runs: it writes to whatever is mounted for the pod on that machine.
    pub fn start_writing(&mut self, volume: &str, node: &Name, uid: Uid, now: Time) {
        self.change(volume, |disk| disk.write_begins(node, uid, now));
    }
    /// The last process of the pod on that machine has ended.
    pub fn stop_writing(&mut self, volume: &str, node: &str, uid: Uid, now: Time) {
        self.change(volume, |disk| disk.write_ends(now, |write| &*write.node == node && write.uid == uid));
    }
    /// The machine lost power: its processes and mounts are gone, its attachments are not.
    pub fn power_off(&mut self, node: &str, now: Time) {
        self.all.update_all(|_, disk| {
            disk.mounts.retain(|(machine, _), _| &**machine != node);
            disk.write_ends(now, |write| &*write.node == node);
        });
        let all = &self.all;
        self.shared.retain(|volume| all.get(volume).is_some_and(|disk| disk.writers().nth(1).is_some()));
    }
    /// Everybody who writes now, with the disk.
    pub fn writers(&self) -> impl Iterator<Item = (&Disk, &Write)> {
        self.all.values().flat_map(|disk| disk.writers().map(move |write| (disk, write)))
    }
    /// Does to the disks what a driver did before it wrote this change: drivers act first and report then.
    ///
    /// A PersistentVolume that is deleted under `Retain` leaves its disk behind.
    pub fn follow(&mut self, change: &Change) {
        match (&change.old, &change.new) {
            (None, Some(Object::PersistentVolume(volume))) => self.create(volume),
            (Some(Object::PersistentVolume(volume)), None) => {
                let kept = &*volume.spec.persistent_volume_reclaim_policy == "Retain";
                if !kept {
                    self.remove(&volume.metadata.name);
                }
            }
            (_, Some(Object::VolumeAttachment(attachment))) => {
                let (volume, node) = (&attachment.spec.source.persistent_volume_name, &attachment.spec.node_name);
                if attachment.status.attached {
                    self.attach(volume, node, change.at);
                } else {
                    self.detach(volume, node);
                }
            }
            (Some(Object::VolumeAttachment(attachment)), None) => {
                self.detach(&attachment.spec.source.persistent_volume_name, &attachment.spec.node_name);
            }
            _ => {}
        }
    }
}

/// The only zone that the volume can be used in, if its node affinity names one.
pub fn zone_of(volume: &PersistentVolume) -> Option<Name> {
    let terms = &volume.spec.node_affinity.as_ref()?.required.as_ref()?.node_selector_terms;
    terms
        .iter()
        .flat_map(|term| &term.match_expressions)
        .find(|requirement| &*requirement.key == "topology.kubernetes.io/zone" && &*requirement.operator == "In")
        .and_then(|requirement| requirement.values.first().cloned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_objects::{CsiVolumeSource, Meta, PersistentVolumeSpec};

    fn disks(mode: &str) -> Disks {
        let mut disks = Disks::default();
        disks.create(&PersistentVolume {
            metadata: Meta { name: "pv".into(), ..Meta::default() },
            spec: Rc::new(PersistentVolumeSpec {
                access_modes: vec![mode.into()],
                csi: Some(CsiVolumeSource { driver: "sim.csi".into(), ..CsiVolumeSource::default() }),
                ..PersistentVolumeSpec::default()
            }),
            ..PersistentVolume::default()
        });
        disks
    }
    fn write(disks: &mut Disks, node: &str, uid: u64, at: u64) {
        disks.attach("pv", &node.into(), Time(at));
        disks.mount("pv", &node.into(), Uid(uid), &"web-0".into(), Time(at));
        disks.start_writing("pv", &node.into(), Uid(uid), Time(at));
    }

    #[test]
    fn a_forced_detach_leaves_the_old_process_writing() {
        let mut disks = disks("ReadWriteOnce");
        write(&mut disks, "a", 1, 10);
        disks.detach("pv", "a");
        write(&mut disks, "b", 2, 20);
        let (first, second) = disks.get("pv").unwrap().conflict().expect("two machines write");
        assert_eq!((&*first.node, &*second.node), ("a", "b"));
        disks.power_off("a", Time(30));
        assert_eq!(disks.get("pv").unwrap().conflict(), None);
        assert_eq!(disks.get("pv").unwrap().ledger[0].to, Some(Time(30)));
    }

    #[test]
    fn two_pods_on_one_machine_may_share_read_write_once_and_not_read_write_once_pod() {
        for (mode, conflict) in [("ReadWriteOnce", false), ("ReadWriteOncePod", true), ("ReadWriteMany", false)] {
            let mut disks = disks(mode);
            write(&mut disks, "a", 1, 10);
            write(&mut disks, "a", 2, 20);
            assert_eq!(disks.get("pv").unwrap().conflict().is_some(), conflict, "{mode}");
        }
    }

    #[test]
    fn the_ledger_forgets_finished_writes_first() {
        let mut disks = disks("ReadWriteOnce");
        for uid in 1..100 {
            write(&mut disks, "a", uid, uid);
            if uid > 1 {
                disks.stop_writing("pv", "a", Uid(uid), Time(uid));
            }
        }
        let disk = disks.get("pv").unwrap();
        assert_eq!(disk.ledger.len(), LEDGER_LIMIT);
        assert_eq!(disk.writers().map(|w| w.uid).collect::<Vec<_>>(), [Uid(1)]);
    }
}
