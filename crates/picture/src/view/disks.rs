//! Claims and the disks behind them: what is attached where, and who waits.

use super::facts::Facts;
use super::identity::Identity;
use super::marks::{DiskState, DiskView, Plug, PlugKind, Target, Tone};
use super::words;
use petri_objects::{Kind, Name, ObjectRef, PersistentVolume, PersistentVolumeClaim, Pod, Uid};
use petri_sim::reality::storage::{Disk, Write};
use petri_sim::words::reason::Reason;
use std::collections::BTreeSet;

/// A disk and the zone that it lies in; an empty zone if there is no telling.
pub struct Placed {
    pub zone: Name,
    pub view: DiskView,
}

/// Every claim, and every volume that lost its claim, in name order.
pub fn disks(facts: &Facts) -> Vec<Placed> {
    let claims = facts.objects.claims.values().map(|claim| of_claim(claim, facts));
    let released = facts.objects.volumes.values().filter(|volume| is_released(volume, facts));
    claims.chain(released.map(|volume| of_volume(volume, facts))).collect()
}

fn is_released(volume: &PersistentVolume, facts: &Facts) -> bool {
    volume.spec.claim_ref.as_ref().is_some_and(|claim_ref| {
        let key = petri_sim::belief::api::shelf::Key::new(claim_ref.namespace.clone(), claim_ref.name.clone());
        facts.objects.claims.get(&key).is_none_or(|claim| claim.metadata.uid != claim_ref.uid)
    })
}

fn of_claim(claim: &PersistentVolumeClaim, facts: &Facts) -> Placed {
    let meta = &claim.metadata;
    let volume = &claim.spec.volume_name;
    let nothing = Disk::default();
    let disk = facts.disks.get(volume).unwrap_or(&nothing);
    let users: Vec<&Pod> = facts
        .objects
        .pods
        .in_namespace(&meta.namespace)
        .map(|pod| &**pod)
        .filter(|pod| pod.claims().any(|name| *name == meta.name))
        .collect();
    let wanting: Vec<&Pod> = users
        .iter()
        .copied()
        .filter(|pod| pod.is_scheduled() && !pod.status.phase.is_terminal() && !pod.is_terminating())
        .filter(|pod| !disk.attached.contains_key(&pod.spec.node_name))
        .collect();
    let detaching: BTreeSet<&Name> = disk.attached.keys().filter(|node| is_detaching(volume, node, facts)).collect();
    let mut plugs: Vec<Plug> = disk
        .attached
        .keys()
        .map(|node| Plug {
            kind: if detaching.contains(node) { PlugKind::Drawn } else { PlugKind::Solid },
            node: node.clone(),
            tile: user_on(node, disk, &users, facts),
        })
        .collect();
    if claim.is_bound() {
        plugs.extend(wanting.iter().map(|pod| Plug {
            kind: PlugKind::Waiting,
            node: pod.spec.node_name.clone(),
            tile: Some(pod.metadata.uid),
        }));
    }
    // A process that has the disk mounted writes on, wherever the disk is attached by now.
    plugs.extend(disk.writers().filter(|write| !disk.attached.contains_key(&write.node)).map(|write| Plug {
        kind: PlugKind::Solid,
        node: write.node.clone(),
        tile: Some(write.uid),
    }));
    let conflict = disk.conflict();
    let attached: Vec<String> = disk.attached.keys().map(ToString::to_string).collect();
    let left_behind = users.is_empty().then(|| scaled_away(claim, facts)).flatten();
    let state = if !claim.is_bound() {
        DiskState::Pending
    } else if conflict.is_some() || !disk.attached.is_empty() && !wanting.is_empty() {
        DiskState::Contested
    } else if !detaching.is_empty() {
        DiskState::Detaching
    } else if !disk.attached.is_empty() {
        DiskState::Attached
    } else if left_behind.is_some() {
        DiskState::LeftBehind
    } else {
        DiskState::Bound
    };
    let size = size(claim);
    let (line, line_tone) = match (state, conflict) {
        (_, Some((first, second))) => {
            let writer = |write: &Write| format!("{} on {}", write.uid.short(), write.node);
            (format!("two write: {}, {}", writer(first), writer(second)), Tone::Broken)
        }
        (DiskState::Pending, _) => (why_pending(claim, facts), Tone::Calm),
        (DiskState::Contested, _) => {
            let waits: Vec<String> = wanting.iter().map(|pod| pod.spec.node_name.to_string()).collect();
            let verb = if waits.len() == 1 { "waits" } else { "wait" };
            let line =
                format!("attached to {} · {} {verb}: Multi-Attach error", words::list(&attached), words::list(&waits));
            (line, Tone::Risk)
        }
        (DiskState::Detaching, _) => {
            let mounted = disk.mounts.keys().any(|(node, _)| detaching.contains(node));
            (format!("{}, {}", if mounted { "unmounting" } else { "detaching" }, words::list(&attached)), Tone::Calm)
        }
        (DiskState::Attached, _) => {
            let here = plugs.iter().all(|plug| plug.tile.is_some());
            let place = if here { "attached here".to_owned() } else { format!("on {}", words::list(&attached)) };
            (format!("{size}, {place}"), Tone::Calm)
        }
        (DiskState::LeftBehind, _) => ("kept after the scale-down".to_owned(), Tone::Calm),
        (DiskState::Bound | DiskState::Released, _) => (format!("{size}, on no node"), Tone::Calm),
    };
    let told = match (state, conflict.is_some()) {
        (DiskState::Attached, false) => format!("{size}, attached to {}", words::list(&attached)),
        (DiskState::LeftBehind, false) => left_behind.unwrap_or_default(),
        _ => line.clone(),
    };
    let right = match facts.force_detach(volume) {
        Some(at) if at > facts.now => format!("force detach in {}", words::countdown(facts.now, at)),
        Some(_) => "force detach now".to_owned(),
        None => String::new(),
    };
    let zone = zone_of(volume, disk, facts)
        .or_else(|| users.iter().find_map(|pod| machine_zone(&pod.spec.node_name, facts)))
        .unwrap_or_default();
    let view = DiskView {
        key: meta.uid.to_string().into(),
        target: Target::Claim(ObjectRef::new(Kind::PersistentVolumeClaim, meta.namespace.clone(), meta.name.clone())),
        name: meta.name.to_string(),
        identity: facts.painted(&meta.namespace, Identity::of_claim(&meta.name)),
        state,
        label: label(&format!("Claim {}", meta.name), state, &told, &right),
        told,
        line,
        line_tone,
        right,
        plugs,
    };
    Placed { zone, view }
}

fn of_volume(volume: &PersistentVolume, facts: &Facts) -> Placed {
    let nothing = Disk::default();
    let disk = facts.disks.get(&volume.metadata.name).unwrap_or(&nothing);
    let claim = volume.spec.claim_ref.as_ref();
    let (home, was) = claim.map_or(("", ""), |claim| (&claim.namespace, &claim.name));
    let short = volume.metadata.uid.short();
    let line = format!("was {was}");
    let name = format!("pv-{short}");
    let view = DiskView {
        key: volume.metadata.name.clone(),
        target: Target::Volume(volume.metadata.name.clone()),
        identity: facts.painted(home, Identity::of_claim(was)),
        state: DiskState::Released,
        label: label(&format!("Volume {name}"), DiskState::Released, &line, ""),
        name,
        told: line.clone(),
        line,
        line_tone: Tone::Calm,
        right: String::new(),
        plugs: disk
            .attached
            .keys()
            .map(|node| Plug { kind: PlugKind::Solid, node: node.clone(), tile: user_on(node, disk, &[], facts) })
            .collect(),
    };
    Placed { zone: zone_of(&volume.metadata.name, disk, facts).unwrap_or_default(), view }
}

fn label(what: &str, state: DiskState, line: &str, right: &str) -> String {
    let mut label = format!("{what}, {}: {line}", state.class().replace('-', " "));
    if !right.is_empty() {
        label.push_str("; ");
        label.push_str(right);
    }
    label
}

/// Whose plug it is: a pod that mounts the disk there, or else a pod object that uses the claim there.
fn user_on(node: &Name, disk: &Disk, users: &[&Pod], facts: &Facts) -> Option<Uid> {
    let machine = facts.machine(node);
    let mounting = disk
        .mounts
        .keys()
        .find(|(n, uid)| n == node && (facts.pod(*uid).is_some() || machine.is_some_and(|machine| machine.runs(*uid))));
    mounting
        .map(|(_, uid)| *uid)
        .or_else(|| users.iter().find(|pod| pod.spec.node_name == *node).map(|pod| pod.metadata.uid))
}

/// Whether the controller has asked for the disk to leave the machine.
fn is_detaching(volume: &Name, node: &Name, facts: &Facts) -> bool {
    facts.objects.attachments.values().any(|attachment| {
        attachment.spec.source.persistent_volume_name == *volume
            && attachment.spec.node_name == *node
            && attachment.metadata.is_terminating()
    })
}

fn zone_of(volume: &Name, disk: &Disk, facts: &Facts) -> Option<Name> {
    let attached = || disk.attached.keys().find_map(|node| machine_zone(node, facts));
    let own = || (!disk.zone.is_empty()).then(|| disk.zone.clone());
    let believed = || {
        let key = petri_sim::belief::api::shelf::Key::new("", volume.clone());
        facts.objects.volumes.get(&key).and_then(|volume| petri_sim::reality::storage::zone_of(volume))
    };
    own().or_else(attached).or_else(believed)
}

fn machine_zone(node: &str, facts: &Facts) -> Option<Name> {
    facts.machine(node).map(|machine| machine.zone().into())
}

fn size(claim: &PersistentVolumeClaim) -> String {
    let capacity = claim.status.capacity.get("storage").or_else(|| claim.request());
    capacity.map_or_else(|| "disk".to_owned(), ToString::to_string)
}

fn why_pending(claim: &PersistentVolumeClaim, facts: &Facts) -> String {
    let name = &claim.metadata.name;
    facts
        .reason(|standstill| match &standstill.reason {
            Reason::WaitingForFirstConsumer { claim } if claim == name => Some("waits for a pod".to_owned()),
            Reason::MissingStorageClass { claim, class } if claim == name => Some(format!("no class {class}")),
            Reason::NoMatchingVolume { claim, .. } if claim == name => Some("no volume fits".to_owned()),
            Reason::WaitingForProvisioner { claim, .. } if claim == name => Some("being made".to_owned()),
            _ => None,
        })
        .unwrap_or_else(|| "no volume yet".to_owned())
}

/// Why a claim is there whose ordinal its set does not ask for any more.
fn scaled_away(claim: &PersistentVolumeClaim, facts: &Facts) -> Option<String> {
    let name = &*claim.metadata.name;
    facts.objects.stateful_sets.in_namespace(&claim.metadata.namespace).find_map(|set| {
        set.spec.volume_claim_templates.iter().find_map(|template| {
            let prefix = format!("{}-{}-", template.metadata.name, set.metadata.name);
            let ordinal: i32 = name.strip_prefix(&prefix)?.parse().ok()?;
            let end = set.start_ordinal() + set.replicas();
            if (set.start_ordinal()..end).contains(&ordinal) {
                return None;
            }
            let policy = set.spec.persistent_volume_claim_retention_policy.as_ref();
            Some(match policy.map(|policy| &*policy.when_scaled) {
                Some("Delete") => "goes with its pod: whenScaled is Delete".to_owned(),
                _ => format!(
                    "kept after the scale-down: whenScaled is Retain; {}-{ordinal} gets it back when the set scales up",
                    set.metadata.name
                ),
            })
        })
    })
}
