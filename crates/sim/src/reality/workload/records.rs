//! What processes write to their disks, and what goes with a disk.
//!
//! Deviation: a quorum has no leader: each member gives a record that it accepts to all that it reaches, in one step.

use super::behaviour::annotation;
use super::host::Host;
use super::program::Program;
use crate::belief::api::shelf::{Key, Objects};
use crate::reality::journal::{Copy, Verdict, Writer};
use crate::reality::storage::Disk;
use crate::words::note::ProgramChange;
use petri_objects::*;

/// A process writes one record to every disk that is mounted for its pod.
pub(super) fn write_record(host: &mut Host<'_>, program: &Program) {
    let mounted = |disk: &&Disk| disk.writers().any(|w| w.node == program.node && w.uid == program.uid);
    let volumes: Vec<Name> = host.disks.iter().filter(mounted).map(|disk| disk.volume.clone()).collect();
    for volume in volumes {
        let fenced = is_fenced(host.objects(), &volume);
        let pod = &program.identity.pod;
        let (token, term) = (program.hold.token, program.hold.term);
        let lock = program.lock_name().unwrap_or_default();
        let writer = Writer { node: &program.node, pod, uid: program.uid, lock: &lock, token, term };
        let now = host.now;
        let wrote = host.disks.on_journal(&volume, |journal| {
            journal.fenced = fenced;
            (journal.record(&writer, now), journal.has_news())
        });
        let Some((verdict, news)) = wrote else { continue };
        if news {
            host.tell(program, ProgramChange::Wrote { volume: volume.clone(), token, verdict });
        }
        if verdict == Verdict::AcceptedStale {
            let claim = host.disks.get(&volume).and_then(|disk| disk.claim.as_ref());
            let claim = claim.map_or(volume.clone(), |claim| claim.name.clone());
            let sentence = format!(
                "{claim} took a record of {}, which had lost its lock: a later holder had written before.",
                program.id
            );
            host.lost(volume, sentence, None);
        }
    }
}

/// A record that a member has accepted is on the disks of all members that it reached: what one of them had not, it
/// is given. A majority in which nobody has what was acknowledged before goes on without it.
pub(super) fn replicate(host: &mut Host<'_>, program: &Program, service: &Name, majority: &[Uid]) {
    let quorum: Name = format!("{}/{service}", program.identity.namespace).into();
    let written = |disk: &Disk| disk.writers().any(|writer| majority.contains(&writer.uid));
    let disks: Vec<Name> = host.disks.iter().filter(|disk| written(disk)).map(|d| d.volume.clone()).collect();
    if disks.is_empty() {
        return;
    }
    let known = newest_copy(host, &quorum, Some(&disks));
    let acknowledged = host.programs.acknowledged.get(&quorum).copied().unwrap_or(0);
    if known < acknowledged {
        let sentence = format!(
            "{} goes on without {} records that {service} had acknowledged: no member that it reaches has them.",
            program.id,
            acknowledged - known
        );
        host.lost(quorum.clone(), sentence, None);
    }
    for volume in disks {
        let copy = Copy { quorum: quorum.clone(), upto: known + 1 };
        host.disks.on_journal(&volume, |journal| journal.copy = Some(copy));
    }
    host.programs.acknowledged.insert(quorum, known + 1);
}

/// How far the best copy of a quorum's records reaches, on these disks or anywhere.
fn newest_copy(host: &Host<'_>, quorum: &Name, among: Option<&[Name]>) -> u64 {
    let counts = |disk: &&Disk| among.is_none_or(|disks| disks.contains(&disk.volume));
    let copies = host.disks.iter().filter(counts).filter_map(|disk| disk.journal.copy.as_ref());
    copies.filter(|copy| copy.quorum == *quorum).map(|copy| copy.upto).max().unwrap_or(0)
}

/// A disk goes, and with it what no other disk has.
pub(crate) fn lose_disk(host: &mut Host<'_>, volume: &Name, what: &str, command: Option<u32>) {
    let taken = host.disks.on_journal(volume, |journal| (journal.accepted, journal.copy.take()));
    let Some((accepted, copy)) = taken else { return };
    let lost = match &copy {
        None => accepted,
        Some(copy) => copy.upto.saturating_sub(newest_copy(host, &copy.quorum, None)),
    };
    if lost == 0 {
        return;
    }
    let mut sentence = format!("{lost} acknowledged records are gone with {what}");
    match &copy {
        None => sentence.push('.'),
        Some(copy) => {
            sentence.push_str(&format!(": no member of {} has them any more.", copy.quorum));
            host.programs.acknowledged.insert(copy.quorum.clone(), copy.upto - lost);
        }
    }
    host.lost(volume.clone(), sentence, command);
}

/// An `emptyDir` goes with its pod: when its machine has cleaned up, or when nobody can ever start the pod again.
pub(crate) fn lose_local_disks(host: &mut Host<'_>, command: Option<u32>) {
    let is_over = |disk: &&Disk| {
        let Some(local) = &disk.local else { return false };
        let exists = host.objects().pods.get(&local.pod).is_some_and(|pod| pod.metadata.uid == local.uid);
        disk.attached.is_empty() || (!exists && host.machine_running(local.uid).is_none())
    };
    let over: Vec<(Name, Name)> = (host.disks.local().filter(is_over))
        .filter_map(|disk| Some((disk.volume.clone(), disk.local.as_ref()?.pod.name.clone())))
        .collect();
    for (volume, pod) in over {
        lose_disk(host, &volume, &format!("the emptyDir of {pod}"), command);
        host.disks.remove(&volume);
    }
}

/// Whether a disk asks for fencing tokens: its claim's annotation `fencing: "on"`, or its class's parameter.
fn is_fenced(objects: &Objects, volume: &str) -> bool {
    let Some(volume) = objects.volumes.get(&Key::new("", volume)) else { return false };
    let on = |text: &str| matches!(text, "on" | "true");
    let claim = volume
        .spec
        .claim_ref
        .as_ref()
        .and_then(|claim| objects.claims.get(&Key::new(claim.namespace.clone(), claim.name.clone())));
    if let Some(text) = claim.as_ref().and_then(|claim| annotation(&claim.metadata.annotations, "fencing")) {
        return on(text);
    }
    let class = objects.storage_classes.get(&Key::new("", volume.spec.storage_class_name.clone()));
    class.and_then(|class| class.parameters.get("fencing").cloned()).is_some_and(|text| on(&text))
}
