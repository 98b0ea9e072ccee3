//! The storage driver: makes and deletes disks for claims, and attaches them to machines.
//!
//! Upstream: `sig-storage-lib-external-provisioner` (`external-provisioner`) and `external-attacher`, which run beside
//! each CSI driver.
//!
//! Deviation: every provisioner that a StorageClass names is served by one simulated driver, except
//! `kubernetes.io/no-provisioner`, whose volumes are made by hand.
//! Deviation: how long a disk takes to be made, attached and detached is a setting; real drivers differ widely.

use super::Enqueue;
use super::persistent_volume::{
    NO_PROVISIONER, PROVISIONED_BY, SELECTED_NODE, STORAGE_PROVISIONER, claim_reference, waits_for_first_consumer,
};
use super::pvc_protection::with_finalizer;
use crate::api::request::Patch;
use crate::api::shelf::{Key, Objects};
use crate::api::watch::Change;
use crate::client::call::{Api, Done, Outcome};
use crate::clock::{Span, Time};
use crate::random::mix;
use crate::reason::Reason;
use petri_objects::*;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What the driver is busy with. Disks that are half made are made again after a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    /// The driver hangs: it starts nothing and finishes nothing.
    pub stuck: bool,
    /// When the work on a key is done, and for which object it is.
    due: Rc<BTreeMap<Key, (Uid, Time)>>,
}

impl Memory {
    /// When the work on this object is done; `None` if it has not begun.
    fn due(&self, key: &Key, uid: Uid) -> Option<Time> {
        self.due.get(key).filter(|(whose, _)| *whose == uid).map(|(_, at)| *at)
    }
    fn begin(&mut self, key: &Key, uid: Uid, at: Time) {
        Rc::make_mut(&mut self.due).insert(key.clone(), (uid, at));
    }
    fn end(&mut self, key: &Key) {
        if self.due.contains_key(key) {
            Rc::make_mut(&mut self.due).remove(key);
        }
    }
}

/// How often a driver that hangs, or a volume that cannot be deleted yet, is tried again.
const RETRY_STUCK: Span = Span::seconds(1);
const RETRY_DELETE: Span = Span::seconds(2);

/// A claim's key has its namespace, a volume's has none; attachments are told from volumes by a prefix that no name can
/// have.
const ATTACHMENT: &str = "attachment/";

fn attachment_key(name: &str) -> Key {
    Key::new("", format!("{ATTACHMENT}{name}"))
}

pub fn enqueue(change: &Change, keys: &mut Enqueue<'_>) {
    match change.object() {
        Object::PersistentVolumeClaim(claim) if claim.spec.volume_name.is_empty() || change.new.is_none() => {
            keys.add(Key::of(&claim.metadata));
        }
        Object::PersistentVolume(volume) if change.new.is_some() && &*volume.status.phase == "Released" => {
            keys.add(Key::of(&volume.metadata));
        }
        Object::VolumeAttachment(attachment) => keys.add(attachment_key(&attachment.metadata.name)),
        _ => {}
    }
}

pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    let cache = api.cache();
    if !key.namespace.is_empty() {
        return match cache.claims.get(key) {
            Some(claim) => provision(key, claim, &cache, api),
            None => forget(key, api),
        };
    }
    match key.name.strip_prefix(ATTACHMENT) {
        Some(name) => match cache.attachments.get(&Key::new("", name)) {
            Some(attachment) if attachment.metadata.is_terminating() => detach(key, attachment, api),
            Some(attachment) => attach(key, attachment, api),
            None => forget(key, api),
        },
        None => match cache.volumes.get(key) {
            Some(volume) => delete(key, volume, &cache, api),
            None => forget(key, api),
        },
    }
}

fn forget(key: &Key, api: &mut Api<'_>) -> Outcome {
    api.memory.csi_driver.end(key);
    Ok(Done::settled())
}

/// Begins a piece of work, or says how much of it is left; `None` once it is done.
fn work(key: &Key, uid: Uid, takes: Span, api: &mut Api<'_>) -> Option<Span> {
    if api.memory.csi_driver.stuck {
        return Some(RETRY_STUCK);
    }
    let due = api.memory.csi_driver.due(key, uid).unwrap_or_else(|| {
        let due = api.now + takes;
        api.memory.csi_driver.begin(key, uid, due);
        due
    });
    (due > api.now).then(|| due.since(api.now))
}

/// Makes a disk, then the volume that describes it.
fn provision(key: &Key, claim: &Rc<PersistentVolumeClaim>, cache: &Objects, api: &mut Api<'_>) -> Outcome {
    let Some(class) = class_to_serve(claim, cache) else { return forget(key, api) };
    let (uid, takes) = (claim.metadata.uid, api.settings.storage.provision);
    let about = Object::PersistentVolumeClaim(claim.clone());
    let began = api.memory.csi_driver.due(key, uid).is_some() || api.memory.csi_driver.stuck;
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
    api: &mut Api<'_>,
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
                driver: class.provisioner.clone(),
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
fn delete(key: &Key, volume: &Rc<PersistentVolume>, cache: &Objects, api: &mut Api<'_>) -> Outcome {
    let ours =
        volume.spec.csi.as_ref().is_some_and(|csi| {
            volume.metadata.annotations.get(PROVISIONED_BY).is_some_and(|driver| *driver == csi.driver)
        });
    let unwanted = &*volume.status.phase == "Released"
        && &*volume.spec.persistent_volume_reclaim_policy == "Delete"
        && !volume.metadata.is_terminating();
    if !ours || !unwanted {
        return Ok(Done::settled());
    }
    let attached = cache.attachments.values().any(|a| a.spec.source.persistent_volume_name == key.name);
    if attached || api.memory.csi_driver.stuck {
        return Ok(Done::waiting(Reason::VolumeInUse { volume: key.name.clone() }).or_after(Some(RETRY_DELETE)));
    }
    match api.delete(key.to_ref(Kind::PersistentVolume))? {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(Done::settled()),
    }
}

/// Upstream: `external-attacher/csi_handler.go` (`syncAttach`).
fn attach(key: &Key, attachment: &Rc<VolumeAttachment>, api: &mut Api<'_>) -> Outcome {
    if attachment.status.attached {
        return forget(key, api);
    }
    let (meta, takes) = (&attachment.metadata, api.settings.storage.attach);
    let target = Object::VolumeAttachment(attachment.clone()).reference();
    let left = work(key, meta.uid, takes, api);
    let finalizer = finalizer(attachment);
    if !meta.has_finalizer(&finalizer) && !api.memory.csi_driver.stuck {
        api.patch(target, Some(meta.uid), with_finalizer(meta, &finalizer))??;
    }
    if let Some(left) = left {
        return Ok(Done::waiting(busy(attachment)).or_after(Some(left)));
    }
    let mut attached = (**attachment).clone();
    attached.status.attached = true;
    api.update_status(attached)??;
    forget(key, api)
}

/// Upstream: `external-attacher/csi_handler.go` (`syncDetach`).
fn detach(key: &Key, attachment: &Rc<VolumeAttachment>, api: &mut Api<'_>) -> Outcome {
    let (meta, finalizer) = (&attachment.metadata, finalizer(attachment));
    if !meta.has_finalizer(&finalizer) {
        return forget(key, api);
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
    api.memory.csi_driver.end(&key_out);
    forget(key, api)
}

fn busy(attachment: &VolumeAttachment) -> Reason {
    Reason::DriverBusy {
        volume: attachment.spec.source.persistent_volume_name.clone(),
        node: attachment.spec.node_name.clone(),
    }
}

fn finalizer(attachment: &VolumeAttachment) -> String {
    format!("external-attacher/{}", attachment.spec.attacher.replace('.', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::testing::{Bench, NOW, Run, agree};

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
        assert_eq!(crate::storage::zone_of(volume).as_deref(), Some("zone-b"));
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
    fn a_driver_that_hangs_does_nothing() {
        let mut bench = Bench::new([attachment().into()]);
        bench.memory.csi_driver.stuck = true;
        let key = attachment_key("csi-1");
        assert!(run(&mut bench, &key, Span::ZERO).exchanges.is_empty());
        assert!(run(&mut bench, &key, Span::minutes(9)).exchanges.is_empty());
        bench.memory.csi_driver.stuck = false;
        assert_eq!(run(&mut bench, &key, Span::minutes(10)).done().after, Some(Span::millis(1_600)));
    }
}
