//! The promises that workloads are about: one leader, a quorum, acknowledged data, and budgets that evictions keep.
//!
//! Deviation: a quorum has no leader: each member gives a record that it accepts to all that it reaches, in one step.

use super::annotation;
use super::program::Program;
use super::role::Role;
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::reality::journal::{Copy, Verdict, Writer};
use crate::words::invariants::{Evidence, Guarantee, Standing};
use crate::words::note::Note;
use crate::world::World;
use petri_objects::*;
use std::rc::Rc;

impl World {
    /// Whether a guarantee is about anything in this world.
    pub fn concerns(&self, guarantee: Guarantee) -> bool {
        let members = || self.programs.running.values().any(|p| matches!(&*p.role, Role::Member { .. }));
        let told = self.invariants.first_broken.contains_key(&guarantee);
        told || match guarantee {
            Guarantee::OneLeader => !self.programs.tenures.is_empty(),
            Guarantee::Quorum => members(),
            Guarantee::Budget => self.objects().budgets.values().next().is_some(),
            Guarantee::Data => self.disks.iter().any(|disk| disk.journal.accepted > 0),
            _ => true,
        }
    }

    /// A process writes one record to every disk that is mounted for its pod.
    pub(super) fn write_record(&mut self, program: &Program, notes: &mut Vec<Note>) {
        let mounted = |disk: &&crate::reality::storage::Disk| {
            disk.writers().any(|w| w.node == program.node && w.uid == program.uid)
        };
        let volumes: Vec<Name> = self.disks.iter().filter(mounted).map(|disk| disk.volume.clone()).collect();
        for volume in volumes {
            let fenced = is_fenced(self.objects(), &volume);
            let pod = &program.identity.pod;
            let (token, term) = (program.hold.token, program.hold.term);
            let lock = program.lock_name().unwrap_or_default();
            let writer = Writer { node: &program.node, pod, uid: program.uid, lock: &lock, token, term };
            let verdict = self.disks.on_journal(&volume, |journal| {
                journal.fenced = fenced;
                journal.record(&writer, self.now)
            });
            if verdict == Some(Verdict::AcceptedStale) {
                let claim = self.disks.get(&volume).and_then(|disk| disk.claim.as_ref());
                let claim = claim.map_or(volume.clone(), |claim| claim.name.clone());
                let sentence = format!(
                    "{claim} took a record of {}, which had lost its lock: a later holder had written before.",
                    program.id
                );
                self.break_for_a_moment(Guarantee::Data, volume, sentence, None, notes);
            }
        }
    }

    fn break_for_a_moment(
        &mut self,
        guarantee: Guarantee,
        subject: Name,
        sentence: String,
        command: Option<u32>,
        notes: &mut Vec<Note>,
    ) {
        let evidence = Evidence { sentence: sentence.into(), command };
        let standing = Standing::Broken { since: self.now, evidence };
        self.set_standing((guarantee, subject.clone()), standing, notes);
        self.set_standing((guarantee, subject), Standing::Holding, notes);
    }

    /// A program has acted, frozen, woken or ended.
    pub(super) fn check_program(&mut self, program: &Program, notes: &mut Vec<Note>) {
        match &*program.role {
            Role::Holder(_) => self.check_leader(&program.lock_name().unwrap_or_default(), notes),
            Role::Member { service, members, .. } => {
                let namespace = program.identity.namespace.clone();
                self.check_quorum(&namespace, service, *members, notes);
            }
            Role::Writer { .. } | Role::Client { .. } => {}
        }
    }

    fn check_leader(&mut self, lock: &Name, notes: &mut Vec<Note>) {
        let believers: Vec<&Program> =
            self.programs.running.values().filter(|p| p.hold.acts && p.lock_name().as_ref() == Some(lock)).collect();
        let acting: Vec<&&Program> = believers.iter().filter(|program| !program.hangs).collect();
        let place = |program: &Program| format!("{} on {}", program.id, program.node);
        let standing = match (&acting[..], &believers[..]) {
            ([first, second, ..], _) => {
                let sentence = format!("Both {} and {} act as holders of {lock}.", place(first), place(second));
                Standing::Broken { since: self.now, evidence: Evidence { sentence: sentence.into(), command: None } }
            }
            (_, [first, second, ..]) => {
                let (frozen, other) = if first.hangs { (first, second) } else { (second, first) };
                let sentence = format!(
                    "{} hangs and believes to hold {lock}, which {} holds: it will act again when it wakes.",
                    place(frozen),
                    place(other)
                );
                let evidence = Evidence { sentence: sentence.into(), command: None };
                Standing::AtRisk { since: self.now, until: None, evidence }
            }
            _ => Standing::Holding,
        };
        self.set_standing((Guarantee::OneLeader, lock.clone()), standing, notes);
    }

    fn check_quorum(&mut self, namespace: &Name, service: &Name, members: u32, notes: &mut Vec<Note>) {
        let subject: Name = format!("{namespace}/{service}").into();
        let slot = (Guarantee::Quorum, subject.clone());
        let own = |program: &&Program| {
            let same = matches!(&*program.role, Role::Member { service: s, .. } if s == service);
            same && program.identity.namespace == *namespace && !program.hangs
        };
        let tallies: Vec<u32> = self.programs.running.values().filter(own).map(|p| p.tally.reached).collect();
        let wanted = members / 2 + 1;
        let most = tallies.into_iter().max().unwrap_or(0);
        if most >= wanted {
            self.invariants.complete.insert(format!("quorum/{subject}").into(), wanted as i32);
            return self.set_standing(slot, Standing::Holding, notes);
        }
        let complete = self.invariants.complete.contains_key(&*format!("quorum/{subject}"));
        let wished = self.objects().pods.in_namespace(namespace).any(|pod| is_member(pod, service));
        if !complete || !wished {
            return self.set_standing(slot, Standing::Holding, notes);
        }
        let sentence = format!(
            "No member of {service} reaches more than {most} of {members}; {wanted} are needed to accept a write."
        );
        let evidence = Evidence { sentence: sentence.into(), command: None };
        self.set_standing(slot, Standing::Broken { since: self.now, evidence }, notes);
    }

    /// A disk is about to go with what was acknowledged on it, or the last pod of a quorum has gone.
    pub(crate) fn check_workloads(&mut self, change: &Change, notes: &mut Vec<Note>) {
        match (&change.old, &change.new) {
            (Some(Object::PersistentVolume(volume)), None)
                if &*volume.spec.persistent_volume_reclaim_policy != "Retain" =>
            {
                let name = &volume.metadata.name;
                let claim = volume.spec.claim_ref.as_ref().map_or(name.clone(), |claim| claim.name.clone());
                self.lose_disk(name, &format!("the disk of {claim}"), change.command(), notes);
            }
            (Some(Object::Pod(pod)), None) => {
                let slot = (Guarantee::Quorum, format!("{}/{}", pod.metadata.namespace, pod.spec.subdomain).into());
                let wished = |other: &Rc<Pod>| is_member(other, &pod.spec.subdomain);
                if self.invariants.standing.contains_key(&slot)
                    && !self.objects().pods.in_namespace(&pod.metadata.namespace).any(wished)
                {
                    self.set_standing(slot, Standing::Holding, notes);
                }
                self.lose_local_disks(change.command(), notes);
            }
            _ => {}
        }
    }

    /// A record that a member has accepted is on the disks of all members that it reached: what one of them had not, it
    /// is given. A majority in which nobody has what was acknowledged before goes on without it.
    pub(super) fn replicate(&mut self, program: &Program, service: &Name, majority: &[Uid], notes: &mut Vec<Note>) {
        let quorum: Name = format!("{}/{service}", program.identity.namespace).into();
        let written =
            |disk: &crate::reality::storage::Disk| disk.writers().any(|writer| majority.contains(&writer.uid));
        let disks: Vec<Name> = self.disks.iter().filter(|disk| written(disk)).map(|d| d.volume.clone()).collect();
        if disks.is_empty() {
            return;
        }
        let known = self.newest_copy(&quorum, Some(&disks));
        let acknowledged = self.programs.acknowledged.get(&quorum).copied().unwrap_or(0);
        if known < acknowledged {
            let sentence = format!(
                "{} goes on without {} records that {service} had acknowledged: no member that it reaches has them.",
                program.id,
                acknowledged - known
            );
            self.break_for_a_moment(Guarantee::Data, quorum.clone(), sentence, None, notes);
        }
        for volume in disks {
            let copy = Copy { quorum: quorum.clone(), upto: known + 1 };
            self.disks.on_journal(&volume, |journal| journal.copy = Some(copy));
        }
        self.programs.acknowledged.insert(quorum, known + 1);
    }

    /// How far the best copy of a quorum's records reaches, on these disks or anywhere.
    fn newest_copy(&self, quorum: &Name, among: Option<&[Name]>) -> u64 {
        let counts = |disk: &&crate::reality::storage::Disk| among.is_none_or(|disks| disks.contains(&disk.volume));
        let copies = self.disks.iter().filter(counts).filter_map(|disk| disk.journal.copy.as_ref());
        copies.filter(|copy| copy.quorum == *quorum).map(|copy| copy.upto).max().unwrap_or(0)
    }

    /// A disk goes, and with it what no other disk has.
    fn lose_disk(&mut self, volume: &Name, what: &str, command: Option<u32>, notes: &mut Vec<Note>) {
        let taken = self.disks.on_journal(volume, |journal| (journal.accepted, journal.copy.take()));
        let Some((accepted, copy)) = taken else { return };
        let lost = match &copy {
            None => accepted,
            Some(copy) => copy.upto.saturating_sub(self.newest_copy(&copy.quorum, None)),
        };
        if lost == 0 {
            return;
        }
        let mut sentence = format!("{lost} acknowledged records are gone with {what}");
        match &copy {
            None => sentence.push('.'),
            Some(copy) => {
                sentence.push_str(&format!(": no member of {} has them any more.", copy.quorum));
                self.programs.acknowledged.insert(copy.quorum.clone(), copy.upto - lost);
            }
        }
        self.break_for_a_moment(Guarantee::Data, volume.clone(), sentence, command, notes);
    }

    /// An `emptyDir` goes with its pod: when its machine has cleaned up, or when nobody can ever start the pod again.
    pub(crate) fn lose_local_disks(&mut self, command: Option<u32>, notes: &mut Vec<Note>) {
        let is_over = |disk: &&crate::reality::storage::Disk| {
            let Some(local) = &disk.local else { return false };
            let exists = self.objects().pods.get(&local.pod).is_some_and(|pod| pod.metadata.uid == local.uid);
            disk.attached.is_empty() || (!exists && self.machine_running(local.uid).is_none())
        };
        let over: Vec<(Name, Name)> = (self.disks.local().filter(is_over))
            .filter_map(|disk| Some((disk.volume.clone(), disk.local.as_ref()?.pod.name.clone())))
            .collect();
        for (volume, pod) in over {
            self.lose_disk(&volume, &format!("the emptyDir of {pod}"), command, notes);
            self.disks.remove(&volume);
        }
    }

    /// An eviction was allowed: as many pods as the budget needs must be left.
    pub(crate) fn check_eviction(&mut self, pod: &Key, before: &Objects, number: u32, notes: &mut Vec<Note>) {
        let Some(evicted) = before.pods.get(pod).filter(|pod| is_healthy(pod)) else { return };
        let budgets: Vec<_> = before
            .budgets
            .in_namespace(&pod.namespace)
            .filter(|budget| budget.spec.selector.as_ref().is_some_and(|s| s.matches(&evicted.metadata.labels)))
            .cloned()
            .collect();
        for budget in budgets {
            let matches = |pod: &Rc<Pod>| {
                budget.spec.selector.as_ref().is_some_and(|s| s.matches(&pod.metadata.labels)) && is_healthy(pod)
            };
            let left = self.objects().pods.in_namespace(&pod.namespace).filter(|pod| matches(pod)).count() as i64;
            let wanted = i64::from(budget.status.desired_healthy);
            if left < wanted {
                let name = &budget.metadata.name;
                let sentence = format!(
                    "The eviction of {} left {left} healthy pods of the {wanted} that {name} asks for.",
                    pod.name
                );
                let subject = format!("{}/{name}", pod.namespace).into();
                self.break_for_a_moment(Guarantee::Budget, subject, sentence, Some(number), notes);
            }
        }
    }
}

fn is_healthy(pod: &Pod) -> bool {
    pod.is_ready() && !pod.is_terminating()
}

fn is_member(pod: &Pod, service: &Name) -> bool {
    pod.spec.containers.iter().any(
        |container| matches!(super::role::role(pod, container), Some(Role::Member { service: s, .. }) if s == *service),
    )
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
