//! The storage driver: makes and deletes disks for claims, and attaches them to machines.
//!
//! Upstream: `sig-storage-lib-external-provisioner` (`external-provisioner`) and `external-attacher`, which run beside
//! each CSI driver.
//!
//! Deviation: every provisioner that a StorageClass names is served by one simulated driver, except
//! `kubernetes.io/no-provisioner`, whose volumes are made by hand.
//! Deviation: how long a disk takes to be made, attached and detached is a setting; real drivers differ widely.
//! Deviation: an external-attacher gives a driver that does not answer 15 s, notes the error on the VolumeAttachment and
//! asks again; ours waits without a word, as one that hangs itself.
//! Deviation: a disk for one node is not attached to a second one, and the request waits; real drivers refuse it, each
//! in its own words.

pub mod resize;

use super::attach_detach::is_multi_attach_allowed;
use super::persistent_volume::{
    NO_PROVISIONER, PROVISIONED_BY, SELECTED_NODE, STORAGE_PROVISIONER, claim_reference, waits_for_first_consumer,
};
use super::pvc_protection::with_finalizer;
use crate::belief::api::request::Patch;
use crate::belief::api::shelf::{Key, Objects, Tree};
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::{Span, Time};
use crate::ground::random::mix;
use crate::words::command::StoragePart;
use crate::words::reason::Reason;
use petri_objects::*;
use std::collections::BTreeSet;
use std::rc::Rc;

/// What the driver is busy with. Disks that are half made are made again after a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    /// Parts of the driver that hang: they start nothing and finish nothing, and a restart does not help.
    stuck: [bool; 3],
    /// When the work on a key is done, and for which object it is.
    due: Tree<(Uid, Time)>,
    filled: bool,
    /// The attachments that are done, by their volume.
    attached: Tree<BTreeSet<Name>>,
}

impl Memory {
    /// Lets a part of the driver hang or work again. `false` if it does so already.
    pub fn fail(&mut self, part: StoragePart, on: bool) -> bool {
        std::mem::replace(&mut self.stuck[part as usize], on) != on
    }
    pub fn is_stuck(&self, part: StoragePart) -> bool {
        self.stuck[part as usize]
    }
    /// Work is forgotten; what hangs outside of the process hangs on.
    pub fn restart(&mut self) {
        *self = Memory { stuck: self.stuck, ..Memory::default() };
    }
    /// When the work on this object is done; `None` if it has not begun.
    fn due(&self, key: &Key, uid: Uid) -> Option<Time> {
        self.due.get(key).filter(|due| due.0 == uid).map(|due| due.1)
    }
    fn begin(&mut self, key: &Key, uid: Uid, at: Time) {
        self.due.insert(key.clone(), Rc::new((uid, at)));
    }
    fn fill(&mut self, cache: &Objects) {
        if !self.filled {
            self.filled = true;
            cache.attachments.values().for_each(|attachment| self.put(attachment));
        }
    }
    fn put(&mut self, attachment: &VolumeAttachment) {
        if attachment.status.attached {
            let volume = Key::new("", attachment.spec.source.persistent_volume_name.clone());
            let mut done = self.attached.get(&volume).map_or_else(BTreeSet::new, |done| (**done).clone());
            if done.insert(attachment.metadata.name.clone()) {
                self.attached.insert(volume, Rc::new(done));
            }
        }
    }
    fn take(&mut self, attachment: &VolumeAttachment) {
        let volume = Key::new("", attachment.spec.source.persistent_volume_name.clone());
        let Some(done) = self.attached.get(&volume).filter(|_| attachment.status.attached) else { return };
        let mut done = (**done).clone();
        done.remove(&attachment.metadata.name);
        match done.is_empty() {
            true => self.attached.remove(&volume),
            false => self.attached.insert(volume, Rc::new(done)),
        }
    }
    fn end(&mut self, key: &Key) {
        self.due.remove(key);
    }
}

/// How long the name of a driver may be.
const LONGEST_DRIVER_NAME: usize = 63;

/// How often it is looked whether a disk has left another node.
const RETRY: Span = Span::seconds(2);

/// A claim's key has its namespace, a volume's has none; attachments are told from volumes by a prefix that no name can
/// have.
const ATTACHMENT: &str = "attachment/";

pub fn attachment_key(name: &str) -> Key {
    Key::new("", format!("{ATTACHMENT}{name}"))
}

pub fn enqueue(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    match change.object() {
        Object::PersistentVolumeClaim(claim)
            if claim.spec.volume_name.is_empty() || change.new.is_none() || resize::wants_more(claim) =>
        {
            keys.add(Key::of(&claim.metadata));
        }
        Object::PersistentVolume(volume) if change.new.is_some() && &*volume.status.phase == "Released" => {
            keys.add(Key::of(&volume.metadata));
        }
        Object::VolumeAttachment(attachment) => {
            let memory = &mut *keys.memory;
            memory.fill(keys.cache);
            if let Some(Object::VolumeAttachment(old)) = &change.old {
                memory.take(old);
            }
            if let Some(Object::VolumeAttachment(new)) = &change.new {
                memory.put(new);
            }
            keys.add(attachment_key(&attachment.metadata.name));
        }
        _ => {}
    }
}

pub fn sync(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    let cache = api.cache();
    if !key.namespace.is_empty() {
        return match cache.claims.get(key) {
            Some(claim) if !claim.spec.volume_name.is_empty() => expand(key, claim, &cache, api),
            Some(claim) => provision(key, claim, &cache, api),
            None => forget(key, api),
        };
    }
    match key.name.strip_prefix(ATTACHMENT) {
        Some(name) => match cache.attachments.get(&Key::new("", name)) {
            Some(attachment) if attachment.metadata.is_terminating() => detach(key, attachment, api),
            Some(attachment) => attach(key, attachment, &cache, api),
            None => forget(key, api),
        },
        None => match cache.volumes.get(key) {
            Some(volume) => delete(key, volume, &cache, api),
            None => forget(key, api),
        },
    }
}

fn forget(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    api.memory.end(key);
    Ok(Done::settled())
}

/// Begins a piece of work, or says how much of it is left; `None` once it is done.
fn work(key: &Key, uid: Uid, takes: Span, api: &mut Api<'_, Memory>) -> Option<Span> {
    let due = api.memory.due(key, uid).unwrap_or_else(|| {
        let due = api.now + takes;
        api.memory.begin(key, uid, due);
        due
    });
    (due > api.now).then(|| due.since(api.now))
}

/// The part of the driver does not answer: nothing happens until it does, which wakes everything that waits.
fn stuck(part: StoragePart, volume: &Name, node: &Name, api: &Api<'_, Memory>) -> Option<Done> {
    let reason = || Reason::DriverStuck { part, volume: volume.clone(), node: node.clone() };
    api.memory.is_stuck(part).then(|| Done::waiting(reason()))
}

/// Makes a disk, then the volume that describes it.
fn provision(key: &Key, claim: &Rc<PersistentVolumeClaim>, cache: &Objects, api: &mut Api<'_, Memory>) -> Outcome {
    let Some(class) = class_to_serve(claim, cache) else { return forget(key, api) };
    let (uid, takes) = (claim.metadata.uid, api.settings.storage.provision);
    let about = Object::PersistentVolumeClaim(claim.clone());
    if let Some(done) = stuck(StoragePart::Provisioner, &key.name, &Name::default(), api) {
        return Ok(done);
    }
    let began = api.memory.due(key, uid).is_some();
    if let Some(left) = work(key, uid, takes, api) {
        if !began {
            let message = format!("External provisioner is provisioning volume for claim \"{key}\"");
            api.normal(&about, "Provisioning", message);
        }
        let (claim, provisioner) = (key.name.clone(), class.provisioner.clone());
        return Ok(Done::waiting(Reason::WaitingForProvisioner { claim, provisioner }).or_after(Some(left)));
    }
    let volume = new_volume(claim, class, cache, api);
    let name = volume.metadata.name.clone();
    match api.create(volume)? {
        Err(error) if !error.is_already_exists() => return Err(error.into()),
        _ => api.normal(&about, "ProvisioningSucceeded", format!("Successfully provisioned volume {name}")),
    }
    forget(key, api)
}

/// Makes the disk of a claim larger that asks for more; the machine that has it mounted does the rest.
///
/// Upstream: `expand_controller.go` (`syncPVC`) and `external-resizer` (`resizePVC`).
fn expand(key: &Key, claim: &Rc<PersistentVolumeClaim>, cache: &Objects, api: &mut Api<'_, Memory>) -> Outcome {
    let Some(volume) = resize::volume_to_grow(claim, cache) else { return forget(key, api) };
    let (uid, takes, now) = (claim.metadata.uid, api.settings.storage.provision, api.now);
    let about = Object::PersistentVolumeClaim(claim.clone());
    if let Some(done) = stuck(StoragePart::Provisioner, &key.name, &Name::default(), api) {
        return Ok(done);
    }
    let began = api.memory.due(key, uid).is_some();
    if let Some(left) = work(key, uid, takes, api) {
        if !began {
            api.normal(&about, "ExternalExpanding", "waiting for an external controller to expand this PVC");
            let message = format!("External resizer is resizing volume {}", volume.metadata.name);
            api.normal(&about, resize::RESIZING, message);
            api.update_status(resize::with_condition(claim, Some((resize::RESIZING, "")), now))??;
        }
        return Ok(Done::after(left));
    }
    if let Some(grown) = resize::grown(volume, claim) {
        api.update(grown)??;
    }
    api.normal(&about, "FileSystemResizeRequired", "Require file system resize of volume on node");
    api.update_status(resize::with_condition(claim, Some((resize::PENDING, resize::PENDING_MESSAGE)), now))??;
    forget(key, api)
}

/// The class of a claim that waits for this driver: the controller has asked for a volume, and a node is known if the
/// class wants one.
fn class_to_serve<'c>(claim: &PersistentVolumeClaim, cache: &'c Objects) -> Option<&'c Rc<StorageClass>> {
    let asked = claim.metadata.annotations.get(STORAGE_PROVISIONER)?;
    let class = cache.storage_classes.get(&Key::new("", claim.class()))?;
    let placed = !waits_for_first_consumer(claim, cache) || claim.metadata.annotations.get(SELECTED_NODE).is_some();
    let open = claim.spec.volume_name.is_empty() && !claim.metadata.is_terminating();
    let exists = cache.volumes.get(&Key::new("", volume_name(claim))).is_some();
    (open && placed && !exists && class.provisioner == *asked && &**asked != NO_PROVISIONER).then_some(class)
}

fn volume_name(claim: &PersistentVolumeClaim) -> String {
    format!("pvc-{}", claim.metadata.uid)
}

fn new_volume(
    claim: &PersistentVolumeClaim,
    class: &StorageClass,
    cache: &Objects,
    api: &mut Api<'_, Memory>,
) -> PersistentVolume {
    let selected = claim.metadata.annotations.get(SELECTED_NODE);
    let node = selected.and_then(|node| cache.nodes.get(&Key::new("", node.clone())));
    let zone = node.map_or("", |node| node.zone());
    let zonal = api.settings.storage.zonal && class.waits_for_first_consumer() && !zone.is_empty();
    let size = claim.request().cloned().unwrap_or_else(|| Quantity("1Gi".into()));
    PersistentVolume {
        metadata: Meta {
            name: volume_name(claim).into(),
            annotations: [(PROVISIONED_BY, class.provisioner.clone())].into_iter().collect(),
            ..Meta::default()
        },
        spec: Rc::new(PersistentVolumeSpec {
            access_modes: claim.spec.access_modes.clone(),
            capacity: [(Name::from("storage"), size)].into_iter().collect(),
            claim_ref: Some(claim_reference(claim)),
            csi: Some(CsiVolumeSource {
                driver: driver_of(&class.provisioner),
                volume_handle: format!("vol-{:08x}", mix(claim.metadata.uid.0) >> 32).into(),
                ..CsiVolumeSource::default()
            }),
            mount_options: class.mount_options.clone(),
            node_affinity: zonal.then(|| in_zone(zone)),
            persistent_volume_reclaim_policy: class.reclaim_policy.clone().unwrap_or_else(|| "Delete".into()),
            storage_class_name: class.metadata.name.clone(),
            volume_mode: claim.spec.volume_mode.clone(),
            ..PersistentVolumeSpec::default()
        }),
        status: PersistentVolumeStatus { phase: "Pending".into(), ..PersistentVolumeStatus::default() },
    }
}

/// The name of a provisioner's driver.
///
/// Deviation: provisioners whose name no driver may have, such as those with a slash, give volumes of other sources in
/// reality (a path on a machine, a disk of a cloud). Here they have a driver of nearly the same name.
fn driver_of(provisioner: &Name) -> Name {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if provisioner.len() <= LONGEST_DRIVER_NAME && provisioner.chars().all(fits) {
        return provisioner.clone();
    }
    let name: String = provisioner.chars().map(|c| if fits(c) { c } else { '-' }).take(LONGEST_DRIVER_NAME).collect();
    name.trim_matches(['-', '.']).into()
}

fn in_zone(zone: &str) -> VolumeNodeAffinity {
    let requirement = NodeSelectorRequirement {
        key: "topology.kubernetes.io/zone".into(),
        operator: "In".into(),
        values: vec![zone.into()],
    };
    let term = NodeSelectorTerm { match_expressions: vec![requirement], match_fields: Vec::new() };
    VolumeNodeAffinity { required: Some(NodeSelector { node_selector_terms: vec![term] }) }
}

/// Deletes the disk of a released volume, then the volume; an attached disk cannot be deleted.
fn delete(key: &Key, volume: &Rc<PersistentVolume>, cache: &Objects, api: &mut Api<'_, Memory>) -> Outcome {
    let ours = volume.spec.csi.as_ref().is_some_and(|csi| {
        volume.metadata.annotations.get(PROVISIONED_BY).is_some_and(|by| driver_of(by) == csi.driver)
    });
    let unwanted = &*volume.status.phase == "Released"
        && &*volume.spec.persistent_volume_reclaim_policy == "Delete"
        && !volume.metadata.is_terminating();
    if !ours || !unwanted {
        return Ok(Done::settled());
    }
    let attached = cache.attachments.values().any(|a| a.spec.source.persistent_volume_name == key.name);
    if let Some(done) = stuck(StoragePart::Provisioner, &key.name, &Name::default(), api) {
        return Ok(done);
    }
    if attached {
        return Ok(Done::waiting(Reason::VolumeInUse { volume: key.name.clone() }).or_after(Some(RETRY)));
    }
    match api.delete(key.to_ref(Kind::PersistentVolume))? {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(Done::settled()),
    }
}

/// Upstream: `external-attacher/csi_handler.go` (`syncAttach`).
fn attach(key: &Key, attachment: &Rc<VolumeAttachment>, cache: &Objects, api: &mut Api<'_, Memory>) -> Outcome {
    if attachment.status.attached {
        return forget(key, api);
    }
    let (meta, takes) = (&attachment.metadata, api.settings.storage.attach);
    let target = Object::VolumeAttachment(attachment.clone()).reference();
    let (volume, node) = (&attachment.spec.source.persistent_volume_name, &attachment.spec.node_name);
    let begun = api.memory.due(key, meta.uid).is_some();
    let other = if begun { None } else { attached_elsewhere(attachment, cache, api.memory) };
    let hangs = stuck(StoragePart::Attach, volume, node, api);
    let left = if other.is_none() && hangs.is_none() { work(key, meta.uid, takes, api) } else { None };
    let finalizer = finalizer(attachment);
    if !meta.has_finalizer(&finalizer) {
        api.patch(target, Some(meta.uid), with_finalizer(meta, &finalizer))??;
    }
    if let Some(done) = hangs {
        return Ok(done);
    }
    if let Some(other) = other {
        let reason = Reason::DriverRefuses { volume: volume.clone(), node: other, wanted_by: node.clone() };
        return Ok(Done::waiting(reason).or_after(Some(RETRY)));
    }
    if let Some(left) = left {
        return Ok(Done::waiting(busy(attachment)).or_after(Some(left)));
    }
    let mut attached = (**attachment).clone();
    attached.status.attached = true;
    api.update_status(attached)??;
    forget(key, api)
}

/// The node that has the disk, if it is another one and the disk may be on one only.
fn attached_elsewhere(attachment: &VolumeAttachment, cache: &Objects, memory: &mut Memory) -> Option<Name> {
    let name = &attachment.spec.source.persistent_volume_name;
    let shared = cache.volumes.get(&Key::new("", name.clone())).is_none_or(|volume| is_multi_attach_allowed(volume));
    let has = |other: &&Rc<VolumeAttachment>| {
        other.status.attached
            && other.spec.source.persistent_volume_name == *name
            && other.spec.node_name != attachment.spec.node_name
    };
    if shared {
        return None;
    }
    memory.fill(cache);
    let done = memory.attached.get(&Key::new("", name.clone()))?;
    let mut others = done.iter().filter_map(|other| cache.attachments.get(&Key::new("", other.clone())));
    others.find(has).map(|other| other.spec.node_name.clone())
}

/// Upstream: `external-attacher/csi_handler.go` (`syncDetach`).
fn detach(key: &Key, attachment: &Rc<VolumeAttachment>, api: &mut Api<'_, Memory>) -> Outcome {
    let (meta, finalizer) = (&attachment.metadata, finalizer(attachment));
    if !meta.has_finalizer(&finalizer) {
        return forget(key, api);
    }
    let (volume, node) = (&attachment.spec.source.persistent_volume_name, &attachment.spec.node_name);
    if let Some(done) = stuck(StoragePart::Detach, volume, node, api) {
        return Ok(done);
    }
    // Work on the way in does not count for the way out.
    let key_out = Key::new("", format!("{}/out", key.name));
    if let Some(left) = work(&key_out, meta.uid, api.settings.storage.detach, api) {
        return Ok(Done::waiting(busy(attachment)).or_after(Some(left)));
    }
    let target = Object::VolumeAttachment(attachment.clone()).reference();
    if attachment.status.attached {
        let mut detached = (**attachment).clone();
        detached.status.attached = false;
        api.update_status(detached)??;
    }
    api.patch(target, Some(meta.uid), Patch::RemoveFinalizer(finalizer.into()))??;
    api.memory.end(&key_out);
    forget(key, api)
}

fn busy(attachment: &VolumeAttachment) -> Reason {
    let leaves = attachment.metadata.is_terminating();
    Reason::DriverBusy {
        part: if leaves { StoragePart::Detach } else { StoragePart::Attach },
        volume: attachment.spec.source.persistent_volume_name.clone(),
        node: attachment.spec.node_name.clone(),
    }
}

/// Upstream: `GetFinalizerName`, `SanitizeDriverName` of `external-attacher/pkg/controller/util.go`.
///
/// Deviation: a provisioner whose name is longer than a driver's may be has a shortened one; real attachers serve none.
fn finalizer(attachment: &VolumeAttachment) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let mut name: String = attachment.spec.attacher.chars().map(plain).take(LONGEST_DRIVER_NAME).collect();
    if name.ends_with('-') {
        name.truncate(LONGEST_DRIVER_NAME - 1);
        name.push('X');
    }
    format!("external-attacher/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::belief::controllers::testing::{Bench, NOW, Run, agree};

    fn claim() -> PersistentVolumeClaim {
        let mut claim = PersistentVolumeClaim {
            metadata: Meta { name: "data".into(), namespace: "default".into(), uid: Uid(7), ..Meta::default() },
            spec: Rc::new(PersistentVolumeClaimSpec {
                access_modes: vec!["ReadWriteOnce".into()],
                storage_class_name: Some("late".into()),
                ..PersistentVolumeClaimSpec::default()
            }),
            ..PersistentVolumeClaim::default()
        };
        claim.metadata.annotations.insert(STORAGE_PROVISIONER, "sim.csi");
        claim
    }
    fn class() -> StorageClass {
        StorageClass {
            metadata: Meta { name: "late".into(), ..Meta::default() },
            provisioner: "sim.csi".into(),
            volume_binding_mode: Some("WaitForFirstConsumer".into()),
            ..StorageClass::default()
        }
    }
    fn node() -> Node {
        let labels = [("topology.kubernetes.io/zone", "zone-b")].into_iter().collect();
        Node { metadata: Meta { name: "node-1".into(), labels, ..Meta::default() }, ..Node::default() }
    }
    fn attachment() -> VolumeAttachment {
        VolumeAttachment {
            metadata: Meta { name: "csi-1".into(), uid: Uid(9), ..Meta::default() },
            spec: VolumeAttachmentSpec { attacher: "sim.csi".into(), ..VolumeAttachmentSpec::default() },
            ..VolumeAttachment::default()
        }
    }
    fn run(bench: &mut Bench, key: &Key, after: Span) -> Run {
        bench.now = NOW + after;
        let answer = agree(&bench.cache);
        bench.sync(sync, key, answer)
    }

    #[test]
    fn a_volume_is_made_in_the_zone_of_the_selected_node() {
        let key = Key::new("default", "data");
        let mut bench = Bench::new([claim().into(), class().into(), node().into()]);
        assert!(run(&mut bench, &key, Span::ZERO).events.is_empty(), "no node was selected yet");

        let mut placed = claim();
        placed.metadata.annotations.insert(SELECTED_NODE, "node-1");
        bench.cache.put(placed.into());
        let began = run(&mut bench, &key, Span::ZERO);
        assert_eq!(
            began.events(),
            ["Normal Provisioning External provisioner is provisioning volume for claim \"default/data\""]
        );
        assert_eq!(
            (began.verdict().as_str(), began.done().after),
            ("WaitingForProvisioner", Some(Span::millis(1_200)))
        );
        assert!(run(&mut bench, &key, Span::millis(500)).events.is_empty());
        let made = run(&mut bench, &key, Span::millis(1_200));
        let name = "pvc-00000000-0000-4000-8000-000000000007";
        assert_eq!(made.requests(), [format!("create persistentvolume/{name}")]);
        assert_eq!(made.events(), [format!("Normal ProvisioningSucceeded Successfully provisioned volume {name}")]);
        let volume = &made.sent::<PersistentVolume>()[0];
        assert_eq!(crate::reality::storage::zone_of(volume).as_deref(), Some("zone-b"));
        assert_eq!(volume.spec.claim_ref.as_ref().map(|claim| claim.uid), Some(Uid(7)));
    }

    #[test]
    fn a_released_volume_is_deleted_once_it_is_attached_nowhere() {
        let csi = CsiVolumeSource { driver: "sim.csi".into(), ..CsiVolumeSource::default() };
        let volume = PersistentVolume {
            metadata: Meta {
                name: "pv".into(),
                annotations: [(PROVISIONED_BY, "sim.csi")].into_iter().collect(),
                ..Meta::default()
            },
            spec: Rc::new(PersistentVolumeSpec {
                csi: Some(csi),
                persistent_volume_reclaim_policy: "Delete".into(),
                ..PersistentVolumeSpec::default()
            }),
            status: PersistentVolumeStatus { phase: "Released".into(), ..PersistentVolumeStatus::default() },
        };
        let mut used = attachment();
        used.spec.source.persistent_volume_name = "pv".into();
        let mut bench = Bench::new([volume.into(), used.clone().into()]);
        let kept = run(&mut bench, &Key::new("", "pv"), Span::ZERO);
        assert_eq!((kept.verdict().as_str(), kept.done().after), ("VolumeInUse", Some(Span::seconds(2))));
        bench.cache.remove(&Object::from(used).reference());
        assert_eq!(run(&mut bench, &Key::new("", "pv"), Span::seconds(2)).requests(), ["delete persistentvolume/pv"]);
    }

    /// Upstream: `TestGetFinalizerName`.
    #[test]
    fn a_finalizer_has_no_letters_that_a_name_may_not_have() {
        let named = |attacher: &str| {
            let mut attachment = attachment();
            attachment.spec.attacher = attacher.into();
            finalizer(&attachment)
        };
        assert_eq!(named("rancher.io/local-path"), "external-attacher/rancher-io-local-path");
        assert_eq!(named("ebs.csi.aws.com"), "external-attacher/ebs-csi-aws-com");
        assert_eq!(named("driver/"), "external-attacher/driver-X");
        assert_eq!(named(&"a".repeat(300)).len(), "external-attacher/".len() + 63);
    }

    #[test]
    fn attaching_and_detaching_take_their_time() {
        let key = attachment_key("csi-1");
        let mut bench = Bench::new([attachment().into()]);
        let began = run(&mut bench, &key, Span::ZERO);
        assert_eq!(began.requests(), ["patch volumeattachment/csi-1 merge"], "the finalizer first");
        assert_eq!((began.verdict().as_str(), began.done().after), ("DriverBusy", Some(Span::millis(1_600))));
        let mut held = attachment();
        held.metadata.finalizers.push("external-attacher/sim-csi".into());
        bench.cache.put(held.clone().into());
        assert_eq!(run(&mut bench, &key, Span::millis(1_600)).requests(), ["status volumeattachment/csi-1"]);

        held.status.attached = true;
        held.metadata.deletion_timestamp = NOW;
        bench.cache.put(held.into());
        assert_eq!(run(&mut bench, &key, Span::seconds(10)).done().after, Some(Span::millis(1_400)));
        assert_eq!(
            run(&mut bench, &key, Span::millis(11_400)).requests(),
            [
                "status volumeattachment/csi-1",
                "patch volumeattachment/csi-1 remove-finalizer external-attacher/sim-csi",
            ]
        );
    }

    #[test]
    fn a_driver_that_hangs_takes_the_request_and_does_nothing() {
        let mut bench = Bench::new([attachment().into()]);
        assert!(bench.memory.csi_driver.fail(StoragePart::Attach, true));
        let key = attachment_key("csi-1");
        let run_held = run(&mut bench, &key, Span::ZERO);
        assert_eq!(run_held.requests(), ["patch volumeattachment/csi-1 merge"]);
        assert_eq!((run_held.verdict().as_str(), run_held.done().after), ("DriverStuck", None));
        bench.memory.csi_driver.restart();
        assert_eq!(run(&mut bench, &key, Span::minutes(9)).verdict(), "DriverStuck", "a restart does not help");
        assert!(bench.memory.csi_driver.fail(StoragePart::Attach, false));
        assert_eq!(run(&mut bench, &key, Span::minutes(10)).done().after, Some(Span::millis(1_600)));
    }

    #[test]
    fn each_part_of_the_driver_hangs_by_itself() {
        let mut placed = claim();
        placed.metadata.annotations.insert(SELECTED_NODE, "node-1");
        let mut leaving = attachment();
        leaving.metadata.finalizers.push("external-attacher/sim-csi".into());
        leaving.metadata.deletion_timestamp = NOW;
        leaving.status.attached = true;
        let (claim, detaching) = (Key::new("default", "data"), attachment_key("csi-1"));
        let verdicts = |part: StoragePart| {
            let mut bench = Bench::new([placed.clone().into(), class().into(), node().into(), leaving.clone().into()]);
            bench.memory.csi_driver.fail(part, true);
            [&claim, &detaching].map(|key| run(&mut bench, key, Span::ZERO).verdict())
        };
        assert_eq!(verdicts(StoragePart::Provisioner), ["DriverStuck", "DriverBusy"]);
        assert_eq!(verdicts(StoragePart::Attach), ["WaitingForProvisioner", "DriverBusy"]);
        assert_eq!(verdicts(StoragePart::Detach), ["WaitingForProvisioner", "DriverStuck"]);
    }

    #[test]
    fn a_disk_for_one_node_is_not_attached_to_a_second_one() {
        let disk = |mode: &str| {
            let mut volume =
                PersistentVolume { metadata: Meta { name: "pv".into(), ..Meta::default() }, ..Default::default() };
            Rc::make_mut(&mut volume.spec).access_modes = vec![mode.into()];
            volume
        };
        let on = |name: &str, node: &str, attached: bool| {
            let mut attachment = attachment();
            attachment.metadata.name = name.into();
            attachment.spec.node_name = node.into();
            attachment.spec.source.persistent_volume_name = "pv".into();
            attachment.status.attached = attached;
            attachment
        };
        for (mode, verdict) in [("ReadWriteOnce", "DriverRefuses"), ("ReadWriteMany", "DriverBusy")] {
            let mut bench =
                Bench::new([disk(mode).into(), on("csi-1", "a", true).into(), on("csi-2", "b", false).into()]);
            assert_eq!(run(&mut bench, &attachment_key("csi-2"), Span::ZERO).verdict(), verdict, "{mode}");
        }
    }
}
