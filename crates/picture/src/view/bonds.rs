//! One disk: what binds claim, volume and machine to each other, and who wrote to it in which order.

use super::facts::{Facts, pod_ref};
use super::identity::Identity;
use super::marks::{Target, Tone};
use super::words;
use petri_objects::{Kind, Name, ObjectRef, PersistentVolume, PersistentVolumeClaim, Time, Uid};
use petri_sim::belief::api::shelf::Key;
use petri_sim::reality::files::Entry;
use petri_sim::reality::journal::{Journal, Verdict};
use petri_sim::reality::storage::Disk;

/// Everything about the disk of a claim or a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    pub bonds: Vec<Bond>,
    /// `12 records accepted, 3 of them stale; the disk takes every record`.
    pub summary: String,
    /// Whether stale records were accepted.
    pub tone: Tone,
    /// Records in the order in which they arrived, the earliest first.
    pub records: Vec<Record>,
    /// Spans in which processes could write, the earliest first.
    pub writers: Vec<Writer>,
    /// What programs have left on it, by path.
    pub files: Vec<Kept>,
}

/// A file or folder on a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// From the root of the disk.
    pub path: String,
    /// `6 bytes`, `folder`.
    pub size: String,
    /// The first line of a file, as far as it has room.
    pub begins: String,
}

/// One thing that the disk hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bond {
    pub what: &'static str,
    pub text: String,
    pub target: Option<Target>,
    pub since: Option<Time>,
    pub tone: Tone,
}

/// Records of one writer that followed each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub first: Time,
    pub last: Time,
    pub target: Target,
    pub identity: Identity,
    pub writer: String,
    pub node: Name,
    pub token: String,
    pub count: u64,
    pub verdict: &'static str,
    pub tone: Tone,
}

/// A span in which the processes of a pod had the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    pub target: Target,
    pub identity: Identity,
    pub name: String,
    pub node: Name,
    pub from: Time,
    pub to: Option<Time>,
    /// `writes, no object`, while it lasts.
    pub note: &'static str,
    pub tone: Tone,
}

/// The claim and the volume that a target means.
fn pair<'w>(target: &Target, facts: &Facts<'w>) -> (Option<&'w PersistentVolumeClaim>, Option<&'w PersistentVolume>) {
    let volume_of = |name: &Name| facts.objects.volumes.get(&Key::new("", name.clone())).map(|volume| &**volume);
    let claim_of = |namespace: &Name, name: &Name| {
        facts.objects.claims.get(&Key::new(namespace.clone(), name.clone())).map(|claim| &**claim)
    };
    match target.object() {
        Some(object) if object.kind == Kind::PersistentVolumeClaim => {
            let claim = claim_of(&object.namespace, &object.name);
            (claim, claim.and_then(|claim| volume_of(&claim.spec.volume_name)))
        }
        Some(object) if object.kind == Kind::PersistentVolume => {
            let volume = volume_of(&object.name);
            let bound = volume.and_then(|volume| volume.spec.claim_ref.as_ref());
            let claim = bound.and_then(|claim_ref| {
                claim_of(&claim_ref.namespace, &claim_ref.name).filter(|claim| claim.metadata.uid == claim_ref.uid)
            });
            (claim, volume)
        }
        _ => (None, None),
    }
}

/// Tells the story, if there is such a claim or volume.
pub fn story(target: &Target, facts: &Facts) -> Option<Story> {
    let (claim, volume) = pair(target, facts);
    if claim.is_none() && volume.is_none() {
        return None;
    }
    let name = volume.map(|volume| &volume.metadata.name).or_else(|| claim.map(|claim| &claim.spec.volume_name))?;
    let nothing = Disk::default();
    let disk = facts.disks.get(name).unwrap_or(&nothing);
    let mut bonds = Vec::new();
    if let Some(claim) = claim {
        claim_bonds(claim, facts, &mut bonds);
    }
    match volume {
        Some(volume) => volume_bonds(volume, &mut bonds),
        None => bonds.push(bond("Volume", "none yet", Tone::Calm)),
    }
    disk_bonds(name, disk, facts, &mut bonds);
    let (summary, tone) = summary(&disk.journal);
    let (records, writers) = (records(disk, facts), writers(disk, facts));
    Some(Story { bonds, summary, tone, records, writers, files: files(disk) })
}

/// More files than this nobody reads in a panel.
const MOST: usize = 100;

fn files(disk: &Disk) -> Vec<Kept> {
    let kept = |(path, entry): (&Name, &Entry)| {
        let (size, begins) = match entry {
            Entry::File { text, .. } => (
                words::plural(text.len() as u32, "byte"),
                words::fit(text.lines().next().unwrap_or_default(), 190, 11, true),
            ),
            Entry::Folder { .. } => ("folder".to_owned(), String::new()),
            Entry::Gone => return None,
        };
        Some(Kept { path: format!("/{path}"), size, begins })
    };
    disk.files.iter().filter_map(kept).take(MOST).collect()
}

fn bond(what: &'static str, text: impl Into<String>, tone: Tone) -> Bond {
    Bond { what, text: text.into(), target: None, since: None, tone }
}

fn claim_bonds(claim: &PersistentVolumeClaim, facts: &Facts, bonds: &mut Vec<Bond>) {
    let meta = &claim.metadata;
    let own = Target::Claim(ObjectRef::new(Kind::PersistentVolumeClaim, meta.namespace.clone(), meta.name.clone()));
    let size = claim.request().map_or_else(String::new, |size| format!(", asks for {size}"));
    let text = format!("{}, {}{size}", meta.name, claim.status.phase);
    bonds.push(Bond { target: Some(own), ..bond("Claim", text, Tone::Calm) });
    bonds.push(bond("Class", if claim.class().is_empty() { "none" } else { claim.class() }, Tone::Calm));
    let owners: Vec<String> =
        meta.owner_references.iter().map(|owner| format!("{} {}", owner.kind, owner.name)).collect();
    let text = match owners.is_empty() {
        true => "nobody: it stays when its pod and its set go".to_owned(),
        false => format!("{}: it goes with its owner", words::list(&owners)),
    };
    bonds.push(bond("Owner", text, Tone::Calm));
    if meta.is_terminating() {
        bonds.push(bond("Deletion", "asked for; it waits until no pod uses it", Tone::Risk));
    }
    let users =
        facts.objects.pods.in_namespace(&meta.namespace).filter(|pod| pod.claims().any(|name| *name == meta.name));
    for pod in users {
        let target = Target::Pod { pod: pod_ref(&meta.namespace, &pod.metadata.name), uid: pod.metadata.uid };
        let place =
            if pod.is_scheduled() { format!(" on {}", pod.spec.node_name) } else { ", on no node yet".to_owned() };
        let text = format!("{} {}{place}", pod.metadata.name, pod.metadata.uid.short());
        bonds.push(Bond { target: Some(target), ..bond("Used by", text, Tone::Calm) });
    }
}

fn volume_bonds(volume: &PersistentVolume, bonds: &mut Vec<Bond>) {
    let meta = &volume.metadata;
    let size = volume.spec.capacity.get("storage").map_or_else(String::new, |size| format!(", {size}"));
    let text = format!("{}, {}{size}", words::volume(&meta.name), volume.status.phase);
    bonds.push(Bond { target: Some(Target::Volume(meta.name.clone())), ..bond("Volume", text, Tone::Calm) });
    let modes: Vec<String> = volume.spec.access_modes.iter().map(ToString::to_string).collect();
    bonds.push(bond("Access", words::list(&modes), Tone::Calm));
    let reclaim = match &*volume.spec.persistent_volume_reclaim_policy {
        "Delete" => "Delete: the disk goes with the claim",
        "Retain" => "Retain: the disk stays when the claim goes",
        other => other,
    };
    bonds.push(bond("Reclaim", reclaim, Tone::Calm));
    let bound = match &volume.spec.claim_ref {
        None => "no claim: anybody's who fits".to_owned(),
        Some(claim) if &*volume.status.phase == "Released" => {
            format!("{} {}, which is gone: nobody else gets it", claim.name, claim.uid.short())
        }
        Some(claim) => format!("{} {}", claim.name, claim.uid.short()),
    };
    bonds.push(bond("Reserved for", bound, Tone::Calm));
    if let Some(zone) = petri_sim::reality::storage::zone_of(volume) {
        bonds.push(bond("Zone", format!("{zone}: usable there only"), Tone::Calm));
    }
}

fn disk_bonds(name: &Name, disk: &Disk, facts: &Facts, bonds: &mut Vec<Bond>) {
    for (node, since) in &disk.attached {
        bonds.push(Bond {
            since: Some(*since),
            target: Some(Target::Node(node.clone())),
            ..bond("Attached to", node.to_string(), Tone::Calm)
        });
    }
    for attachment in facts.objects.attachments.values() {
        let node = &attachment.spec.node_name;
        if attachment.spec.source.persistent_volume_name != *name
            || disk.attached.contains_key(node) != attachment.metadata.is_terminating()
        {
            continue;
        }
        let text = if attachment.metadata.is_terminating() {
            format!("its detach from {node} is asked for")
        } else {
            format!("its attach to {node} is asked for")
        };
        bonds.push(bond("Attachment", text, Tone::Risk));
    }
    for ((node, uid), mount) in &disk.mounts {
        let target = Target::Pod {
            pod: pod_ref(&disk.claim.as_ref().map(|claim| claim.namespace.clone()).unwrap_or_default(), &mount.pod),
            uid: *uid,
        };
        let detached = !disk.attached.contains_key(node);
        let text =
            format!("{node} for {} {}{}", mount.pod, uid.short(), if detached { ", though detached" } else { "" });
        let tone = if detached { Tone::Broken } else { Tone::Calm };
        bonds.push(Bond { since: Some(mount.since), target: Some(target), ..bond("Mounted on", text, tone) });
    }
    if let Some(at) = facts.force_detach(name) {
        bonds.push(Bond { since: Some(at), ..bond("Force detach", "due if nobody confirms before", Tone::Risk) });
    }
}

/// What was accepted and refused, and what the disk asks for.
fn summary(journal: &Journal) -> (String, Tone) {
    let highest: Vec<String> =
        journal.fences.iter().filter_map(|fence| Some(format!("{} below {}", fence.lock, fence.highest?))).collect();
    let fence = match (journal.fenced, highest.is_empty()) {
        (false, _) => "It takes every record, whatever its token.".to_owned(),
        (true, true) => "It asks for a fencing token.".to_owned(),
        (true, false) => format!("It refuses tokens of {}.", words::list(&highest)),
    };
    let stale = if journal.stale > 0 { format!(", {} of them stale", journal.stale) } else { String::new() };
    let text = format!("{} records accepted{stale}, {} refused. {fence}", journal.accepted, journal.refused);
    (text, if journal.stale > 0 { Tone::Broken } else { Tone::Calm })
}

fn writer_target(disk: &Disk, pod: &Name, uid: Uid) -> Target {
    let namespace = disk.claim.as_ref().map_or_else(|| "default".into(), |claim| claim.namespace.clone());
    Target::Pod { pod: pod_ref(&namespace, pod), uid }
}

fn writer_identity(disk: &Disk, pod: &Name, facts: &Facts) -> Identity {
    let namespace = disk.claim.as_ref().map_or("default", |claim| &claim.namespace);
    facts.painted(namespace, Identity::of_claim(pod))
}

fn records(disk: &Disk, facts: &Facts) -> Vec<Record> {
    disk.journal
        .entries
        .iter()
        .map(|entry| Record {
            first: entry.first,
            last: entry.last,
            target: writer_target(disk, &entry.pod, entry.uid),
            identity: writer_identity(disk, &entry.pod, facts),
            writer: format!("{} {}", entry.pod, entry.uid.short()),
            node: entry.node.clone(),
            token: entry.token.map_or_else(String::new, |token| token.to_string()),
            count: entry.count,
            verdict: entry.verdict.as_str(),
            tone: match entry.verdict {
                Verdict::Accepted => Tone::Calm,
                Verdict::AcceptedStale => Tone::Broken,
                Verdict::RefusedOldToken | Verdict::RefusedNoToken | Verdict::RefusedReadOnly => Tone::Risk,
            },
        })
        .collect()
}

fn writers(disk: &Disk, facts: &Facts) -> Vec<Writer> {
    let forbidden = disk.conflict().map(|(first, second)| (first.uid, second.uid));
    disk.ledger
        .iter()
        .map(|write| {
            let lasts = write.to.is_none();
            let ghost = facts.pod(write.uid).is_none();
            let clashes = lasts && forbidden.is_some_and(|(first, second)| write.uid == first || write.uid == second);
            let (note, tone) = match (lasts, clashes, ghost) {
                (false, ..) => ("", Tone::Calm),
                (true, true, true) => ("one of two, no object", Tone::Broken),
                (true, true, false) => ("one of two", Tone::Broken),
                (true, false, true) => ("has it, no object", Tone::Risk),
                (true, false, false) => ("has it", Tone::Calm),
            };
            Writer {
                target: writer_target(disk, &write.pod, write.uid),
                identity: writer_identity(disk, &write.pod, facts),
                name: format!("{} {}", write.pod, write.uid.short()),
                node: write.node.clone(),
                from: write.from,
                to: write.to,
                note,
                tone,
            }
        })
        .collect()
}
