//! Four ways of being the only one, from the side of the process that wants it.
//!
//! Upstream: `client-go/tools/leaderelection` for Leases (see `election`); the same on a ConfigMap; ZooKeeper's lock
//! recipe; Dapr's `tryLock` and `unlock`.
//!
//! Deviation: most programs exit when they have lost a Lease; ours stand for it again.

use super::election::Stand;
use super::host::Host;
use super::lock_server::Unlock;
use super::program::Program;
use super::role::{Candidacy, LockKind, Role};
use crate::belief::api::event::{EventNote, EventType};
use crate::ground::clock::Span;
use crate::reality::agenda::Alarm;
use crate::reality::machine::ProcessId;
use crate::words::note::ProgramChange;
use petri_objects::*;

fn begin_acting(host: &mut Host<'_>, id: &ProcessId, program: &mut Program, token: Option<u64>) {
    host.programs.begin_tenure(program, id, token, host.now);
    if let Some(lock) = program.lock_name() {
        host.tell(program, ProgramChange::Leads { lock, id: program.id.clone(), token });
    }
}
fn stop_acting(host: &mut Host<'_>, id: &ProcessId, program: &mut Program) {
    if let Some(lock) = program.lock_name().filter(|_| program.hold.acts) {
        host.tell(program, ProgramChange::Yields { lock });
    }
    program.hold.acts = false;
    host.programs.end_tenure(id, host.now);
}

/// Tries to acquire or to renew. Says how long to wait for the next try.
///
/// Upstream: `acquire`, `renew`.
pub(super) fn election_turn(host: &mut Host<'_>, id: &ProcessId, program: &mut Program, c: &Candidacy) -> Span {
    let now = host.programs.local(&program.node, host.now);
    let wall = host.programs.wall(&program.node, host.now);
    let (name, lock) = (program.id.clone(), lock_of(program, c));
    let stand = Stand { id: &name, lock: &lock, duration: c.duration, deadline: c.deadline, retry: c.retry };
    if stand.is_over(&program.hold, now) {
        stop_acting(host, id, program);
        election_event(host, program, c, "stopped leading");
    }
    let mut hold = std::mem::take(&mut program.hold);
    let result = stand.attempt(&mut hold, now, wall, &mut |request| host.call(program, request));
    program.hold = hold;
    if let (Ok(transitions), false) = (result, program.hold.acts) {
        begin_acting(host, id, program, Some(transitions));
        election_event(host, program, c, "became leader");
    }
    let jittered = if program.hold.acts { c.retry } else { host.programs.jittered(c.retry) };
    stand.wait(&program.hold, now, jittered)
}

fn election_event(host: &mut Host<'_>, program: &Program, c: &Candidacy, what: &str) {
    let Some(object) = host.objects().get(&lock_of(program, c)) else { return };
    if host.network.reaches_control_plane(&program.node) {
        let text = format!("{} {what}", program.id);
        let note = EventNote::new(&object, EventType::Normal, "LeaderElection", text.into());
        let context = host.context(program);
        host.server.record(&note, &context);
    }
}

/// A sign of life to the lock server, and a look at the queue. Says how long to wait for the next.
pub(super) fn session_turn(host: &mut Host<'_>, id: &ProcessId, program: &mut Program, c: &Candidacy) -> Span {
    let now = host.programs.local(&program.node, host.now);
    let linked = !host.network.is_cut(&program.node);
    let patience = Span(c.duration.0 * 2 / 3);
    if let Some(session) = program.hold.session {
        if linked && host.programs.lock_servers.touch(session, host.now) {
            program.hold.heard = now;
        } else if linked {
            // Only now does it learn that the server has given it up.
            stop_acting(host, id, program);
            (program.hold.session, program.hold.number) = (None, None);
        } else if program.hold.acts && now.since(program.hold.heard) >= patience {
            // Disconnected: nobody knows whether the session still lives, so it must not act.
            stop_acting(host, id, program);
        }
    }
    if linked && program.hold.session.is_none() {
        let session = host.programs.lock_servers.open(id.clone(), c.duration, host.now);
        let lock = program.lock_name().unwrap_or_default();
        program.hold.session = Some(session);
        program.hold.number = Some(host.programs.lock_servers.queue(&lock, session));
        program.hold.heard = now;
    }
    let first = program.hold.number.is_some_and(|number| host.programs.lock_servers.is_first(number));
    if linked && first && !program.hold.acts {
        let token = program.hold.number;
        begin_acting(host, id, program, token);
    }
    plan_expiry(host);
    let heartbeat = Span(c.duration.0 / 3);
    match linked {
        true => heartbeat,
        false if program.hold.acts => c.retry.min((program.hold.heard + patience).since(now)),
        false => c.retry,
    }
}

fn plan_expiry(host: &mut Host<'_>) {
    let next = host.programs.lock_servers.next_expiry();
    let servers = &mut host.programs.lock_servers;
    // Signs of life only put an expiry off: an event that comes too early plans the next.
    if let Some(at) = next
        && servers.planned.is_none_or(|planned| planned > at)
    {
        servers.planned = Some(at);
        host.agenda.plan(at, Alarm::SessionExpiry);
    }
}

/// The lock server looks whose session is over.
pub(crate) fn expire_sessions(host: &mut Host<'_>) {
    let servers = &mut host.programs.lock_servers;
    if servers.planned.is_none_or(|planned| planned > host.now) {
        return;
    }
    servers.planned = None;
    let told = servers.expire(host.now);
    host.wake(told);
    plan_expiry(host);
}

/// Takes the lock, works, gives it back and takes it again. Says how long to wait for the next turn.
pub(super) fn ttl_turn(host: &mut Host<'_>, id: &ProcessId, program: &mut Program, c: &Candidacy) -> Span {
    let now = host.programs.local(&program.node, host.now);
    let linked = !host.network.is_cut(&program.node);
    let lock = program.lock_name().unwrap_or_default();
    if program.hold.acts {
        if now < program.hold.until {
            return program.hold.until.since(now);
        }
        if linked {
            // Nobody tells it that its time ran out before: it learns so now, or never.
            let _: Unlock = host.programs.lock_servers.unlock(&lock, &program.id, host.now);
        }
        stop_acting(host, id, program);
    }
    if linked && host.programs.lock_servers.try_lock(&lock, &program.id, c.duration, host.now) {
        program.hold.until = now + c.deadline;
        begin_acting(host, id, program, None);
        return c.deadline;
    }
    host.programs.jittered(c.retry)
}

/// The process was asked to stop: it does not act any more, and may give its lock back.
pub(super) fn cancel(host: &mut Host<'_>, id: &ProcessId, program: &mut Program) {
    let role = program.role.clone();
    let Role::Holder(c) = &*role else { return };
    let acted = program.hold.acts;
    stop_acting(host, id, program);
    if !c.releases {
        return;
    }
    match c.kind {
        LockKind::Lease | LockKind::ConfigMap if acted => release(host, program, c),
        LockKind::Lease | LockKind::ConfigMap => {}
        LockKind::Session => {
            if let Some(session) = program.hold.session.filter(|_| !host.network.is_cut(&program.node)) {
                let told = host.programs.lock_servers.close(session);
                host.wake(told);
            }
        }
        LockKind::Ttl => {
            let lock = program.lock_name().unwrap_or_default();
            if acted && !host.network.is_cut(&program.node) {
                let _: Unlock = host.programs.lock_servers.unlock(&lock, &program.id, host.now);
            }
        }
    }
}

fn release(host: &mut Host<'_>, program: &mut Program, c: &Candidacy) {
    let wall = host.programs.wall(&program.node, host.now);
    let (name, lock) = (program.id.clone(), lock_of(program, c));
    let stand = Stand { id: &name, lock: &lock, duration: c.duration, deadline: c.deadline, retry: c.retry };
    if stand.release(wall, &mut |request| host.call(program, request)) {
        election_event(host, program, c, "stopped leading");
    }
}

/// The object that the candidates write.
fn lock_of(program: &Program, c: &Candidacy) -> ObjectRef {
    let kind = if c.kind == LockKind::Lease { Kind::Lease } else { Kind::ConfigMap };
    ObjectRef::new(kind, program.identity.namespace.clone(), c.lock.clone())
}
