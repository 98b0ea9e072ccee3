//! The promises that workloads are about: one leader, a quorum, acknowledged data, and budgets that evictions keep.

use super::checks::Checks;
use super::scene::Scene;
use crate::belief::api::shelf::{Key, Objects};
use crate::reality::workload::Loss;
use crate::reality::workload::program::Program;
use crate::reality::workload::role::{Role, role};
use crate::words::invariants::{Evidence, Guarantee, Invariants, Standing};
use petri_objects::*;
use std::rc::Rc;

/// Whether a guarantee is about anything in a world.
pub fn concerns(scene: &Scene<'_>, invariants: &Invariants, guarantee: Guarantee) -> bool {
    let members = || scene.programs.running.values().any(|p| matches!(&*p.role, Role::Member { .. }));
    let told = invariants.first_broken.contains_key(&guarantee);
    told || match guarantee {
        Guarantee::OneLeader => !scene.programs.tenures.is_empty(),
        Guarantee::Quorum => members(),
        Guarantee::Budget => scene.objects.budgets.values().next().is_some(),
        Guarantee::Data => scene.disks.iter().any(|disk| disk.journal.accepted > 0),
        _ => true,
    }
}

/// A program has acted, frozen, woken or ended.
pub fn check_program(checks: &mut Checks<'_>, program: &Program) {
    match &*program.role {
        Role::Holder(_) => check_leader(checks, program),
        Role::Member { service, members, .. } => {
            let namespace = program.identity.namespace.clone();
            check_quorum(checks, &namespace, service, *members);
        }
        Role::Writer { .. } | Role::Client { .. } => {}
    }
}

fn check_leader(checks: &mut Checks<'_>, program: &Program) {
    let lock = program.lock_name().unwrap_or_default();
    let running = checks.scene.programs.running.values();
    let believers: Vec<&Program> = running.filter(|other| other.hold.acts && other.wants_lock_of(program)).collect();
    let acting: Vec<&&Program> = believers.iter().filter(|program| !program.hangs).collect();
    let place = |program: &Program| format!("{} on {}", program.id, program.node);
    let standing = match (&acting[..], &believers[..]) {
        ([first, second, ..], _) => {
            let sentence = format!("Both {} and {} act as holders of {lock}.", place(first), place(second));
            Standing::Broken {
                since: checks.scene.now,
                evidence: Evidence { sentence: sentence.into(), command: None },
            }
        }
        (_, [first, second, ..]) => {
            let (frozen, other) = if first.hangs { (first, second) } else { (second, first) };
            let sentence = format!(
                "{} hangs and takes itself for the holder of {lock}, which {} holds: it will act again when it wakes.",
                place(frozen),
                place(other)
            );
            let evidence = Evidence { sentence: sentence.into(), command: None };
            Standing::AtRisk { since: checks.scene.now, until: None, evidence }
        }
        _ => Standing::Holding,
    };
    checks.set_standing((Guarantee::OneLeader, lock), standing);
}

fn check_quorum(checks: &mut Checks<'_>, namespace: &Name, service: &Name, members: u32) {
    let subject: Name = format!("{namespace}/{service}").into();
    let slot = (Guarantee::Quorum, subject.clone());
    let own = |program: &&Program| {
        let same = matches!(&*program.role, Role::Member { service: s, .. } if s == service);
        same && program.identity.namespace == *namespace && !program.hangs
    };
    let tallies: Vec<u32> = checks.scene.programs.running.values().filter(own).map(|p| p.tally.reached).collect();
    let wanted = members / 2 + 1;
    let most = tallies.into_iter().max().unwrap_or(0);
    if most >= wanted {
        checks.invariants.complete.insert(format!("quorum/{subject}").into(), wanted as i32);
        return checks.set_standing(slot, Standing::Holding);
    }
    let complete = checks.invariants.complete.contains_key(&*format!("quorum/{subject}"));
    let wished = checks.scene.objects.pods.in_namespace(namespace).any(|pod| is_member(pod, service));
    if !complete || !wished {
        return checks.set_standing(slot, Standing::Holding);
    }
    let sentence =
        format!("No member of {service} reaches more than {most} of {members}; {wanted} are needed to accept a write.");
    let evidence = Evidence { sentence: sentence.into(), command: None };
    checks.set_standing(slot, Standing::Broken { since: checks.scene.now, evidence });
}

/// Acknowledged data has gone, or was spoiled.
pub fn check_losses(checks: &mut Checks<'_>, losses: Vec<Loss>) {
    for Loss { subject, sentence, command } in losses {
        checks.break_once(Guarantee::Data, subject, sentence, command);
    }
}

/// An eviction was allowed: as many pods as the budget needs must be left.
pub fn check_eviction(checks: &mut Checks<'_>, pod: &Key, before: &Objects, number: u32) {
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
        let left = checks.scene.objects.pods.in_namespace(&pod.namespace).filter(|pod| matches(pod)).count() as i64;
        let wanted = i64::from(budget.status.desired_healthy);
        if left < wanted {
            let name = &budget.metadata.name;
            let sentence =
                format!("The eviction of {} left {left} healthy pods of the {wanted} that {name} asks for.", pod.name);
            let subject = format!("{}/{name}", pod.namespace).into();
            checks.break_once(Guarantee::Budget, subject, sentence, Some(number));
        }
    }
}

fn is_healthy(pod: &Pod) -> bool {
    pod.is_ready() && !pod.is_terminating()
}

/// Whether a pod has a container that is a member of a quorum.
pub fn is_member(pod: &Pod, service: &Name) -> bool {
    pod.spec
        .containers
        .iter()
        .any(|container| matches!(role(pod, container), Some(Role::Member { service: s, .. }) if s == *service))
}
