//! When a process acts, and what it does first.
//!
//! A process that hangs does not act; what it missed it does at once when it wakes, its work before anything else. So
//! a holder that was frozen writes once more before it looks at its lock.
//!
//! Deviation: clocks of machines run fast or slow for the processes of pods only, not for kubelets.

use super::calls::Calls;
use super::host::Host;
use super::program::{Hold, Program, Tally};
use super::records::write_record;
use super::resolver::Resolver;
use super::role::{LockKind, Role, role};
use super::{client, locks};
use crate::ground::clock::Span;
use crate::reality::machine::{ProcessId, ProcessState};
use crate::words::identity::Identity;
use crate::words::note::ProgramChange;
use std::rc::Rc;

/// Processes on a machine began: the programs of those that do something by themselves begin with them.
pub(crate) fn begin(host: &mut Host<'_>, node: &str, touched: &[Identity]) {
    let Some(machine) = host.machines.get(node) else { return };
    let mut begun = Vec::new();
    for (id, process) in machine.processes.iter().filter(|(_, process)| touched.contains(&process.identity)) {
        if host.programs.running.contains_key(id) || process.state != ProcessState::Running {
            continue;
        }
        let Some(pod) = machine.kubelet.workers.get(&id.pod).map(|worker| &worker.pod) else { continue };
        let container = pod.spec.containers.iter().find(|container| container.name == id.container);
        let Some(role) = container.and_then(|container| role(pod, container)) else { continue };
        let identity = process.identity.clone();
        begun.push((
            id.clone(),
            Program {
                work_at: (!matches!(role, Role::Holder(_))).then_some(host.now),
                lock_at: matches!(role, Role::Holder(_)).then_some(host.now),
                role: Rc::new(role),
                node: machine.name.clone(),
                id: format!("{}_{}-{}", identity.pod, process.uid.short(), process.restarts).into(),
                identity,
                uid: process.uid,
                started: process.started,
                hangs: !process.answers,
                cancelled: false,
                due: None,
                hold: Hold::default(),
                resolver: Resolver::default(),
                calls: Calls::default(),
                tally: Tally::default(),
            },
        ));
    }
    for (id, mut program) in begun {
        host.plan(&id, &mut program);
        host.programs.running.insert(id, program);
    }
}

/// A process on a machine began, ended, or changed: its program freezes, wakes or ends with it. Gives the program if it
/// does, as it is now.
pub(crate) fn follow(host: &mut Host<'_>, id: &ProcessId) -> Option<Program> {
    let mut program = host.programs.running.remove(id)?;
    let process = host.machines.get(&program.node).and_then(|machine| machine.processes.get(id));
    let Some(process) = process.filter(|process| process.started == program.started) else {
        host.programs.end_tenure(id, host.now);
        if let Some(lock) = program.lock_name().filter(|_| program.hold.acts) {
            host.tell(&program, ProgramChange::Yields { lock });
        }
        return Some(program);
    };
    let changed = program.hangs == process.answers;
    program.hangs = !process.answers;
    let stops = process.state != ProcessState::Running && !program.cancelled;
    if stops && !program.hangs {
        program.cancelled = true;
        locks::cancel(host, id, &mut program);
    }
    if changed {
        host.plan(id, &mut program);
    }
    let news = (changed || stops).then(|| program.clone());
    host.programs.running.insert(id.clone(), program);
    news
}

/// A planned turn of a program. Gives the program as it is afterwards.
pub(crate) fn turn(host: &mut Host<'_>, id: &ProcessId) -> Option<Program> {
    // A program whose turn was planned anew is not meant by the event that was planned before.
    let now = host.now;
    if host.programs.running.get(id).is_none_or(|program| program.due != Some(now)) {
        return None;
    }
    let mut program = host.programs.running.remove(id)?;
    program.due = None;
    if !program.hangs {
        act(host, id, &mut program);
        host.plan(id, &mut program);
    }
    host.programs.running.insert(id.clone(), program.clone());
    Some(program)
}

/// One thing at a time: work that is due comes first.
fn act(host: &mut Host<'_>, id: &ProcessId, program: &mut Program) {
    let role = program.role.clone();
    if program.work_at.is_some_and(|at| at <= host.now) {
        let every = match &*role {
            Role::Writer { every } => {
                write_record(host, program);
                *every
            }
            Role::Holder(candidacy) => {
                if program.hold.acts {
                    write_record(host, program);
                }
                candidacy.every
            }
            Role::Member { service, members, every, cache } => {
                client::member_turn(host, program, service, *members, *cache);
                *every
            }
            Role::Client { target, every, cache } => {
                client::client_turn(host, program, target, *cache);
                *every
            }
        };
        let stands_by = matches!(&*role, Role::Holder(_)) && !program.hold.acts;
        let every = host.programs.truly(&program.node, every) + answer_delay(host, program);
        program.work_at = (!stands_by).then(|| host.now + every);
    } else if let Role::Holder(candidacy) = &*role {
        let acted = program.hold.acts;
        let wait = match candidacy.kind {
            LockKind::Lease | LockKind::ConfigMap => locks::election_turn(host, id, program, candidacy),
            LockKind::Session => locks::session_turn(host, id, program, candidacy),
            LockKind::Ttl => locks::ttl_turn(host, id, program, candidacy),
        };
        program.lock_at = Some(host.now + host.programs.truly(&program.node, wait) + answer_delay(host, program));
        if program.hold.acts && !acted {
            program.work_at = Some(host.now);
        }
    }
}

/// How long a program waits for the answer to what it does: over the link and back, and for etcd if it writes there.
///
/// Deviation: what it asks for takes effect at once; only its next step is later.
fn answer_delay(host: &Host<'_>, program: &Program) -> Span {
    let there_and_back = host.network.latency(&program.node).times(2);
    match &*program.role {
        // Its disk is not behind the link.
        Role::Writer { .. } => Span::ZERO,
        Role::Holder(_) if program.hold.acts && program.lock_at.is_none_or(|at| at > host.now) => Span::ZERO,
        Role::Holder(c) if matches!(c.kind, LockKind::Lease | LockKind::ConfigMap) => there_and_back + host.faults.etcd,
        _ => there_and_back,
    }
}
