//! Four ways of being the only one, from the side of the process that wants it.
//!
//! Upstream: `client-go/tools/leaderelection` for Leases (see `election`); the same on a ConfigMap; ZooKeeper's lock
//! recipe; Dapr's `tryLock` and `unlock`.
//!
//! Deviation: most programs exit when they have lost a Lease; ours stand for it again.

use super::election::Stand;
use super::lock_server::Unlock;
use super::program::Program;
use super::role::{Candidacy, LockKind};
use crate::belief::api::event::{EventNote, EventType};
use crate::belief::api::request::{Reply, Request, WriteContext};
use crate::ground::clock::Span;
use crate::reality::machine::ProcessId;
use crate::reality::network::Verdict;
use crate::words::actor::{Actor, Cause};
use crate::words::api_error::ApiError;
use crate::world::World;
use crate::world::step::Event;
use petri_objects::*;

impl World {
    /// A request of a process to the API server.
    fn program_call(&mut self, program: &Program, request: Request) -> Reply {
        let verdict = self.network.verdict(&program.node, self.now);
        // A question is as good as lost if nobody hears the answer.
        if verdict == Verdict::Lost || (verdict == Verdict::ReplyLost && matches!(request, Request::Get(_))) {
            return Err(ApiError::Unreachable);
        }
        let context = self.program_context(program);
        let reply = self.server.serve(request, &context);
        if verdict == Verdict::Answered { reply } else { Err(ApiError::Unreachable) }
    }
    fn program_context(&self, program: &Program) -> WriteContext {
        WriteContext { now: self.now, by: Actor::Process(program.identity.pod.clone()), cause: Cause::Timer }
    }

    fn begin_acting(&mut self, id: &ProcessId, program: &mut Program, token: Option<u64>) {
        self.programs.begin_tenure(program, id, token, self.now);
    }
    fn stop_acting(&mut self, id: &ProcessId, program: &mut Program) {
        program.hold.acts = false;
        self.programs.end_tenure(id, self.now);
    }

    /// Tries to acquire or to renew. Says how long to wait for the next try.
    ///
    /// Upstream: `acquire`, `renew`.
    pub(super) fn election_turn(&mut self, id: &ProcessId, program: &mut Program, c: &Candidacy) -> Span {
        let now = self.programs.local(&program.node, self.now);
        let wall = self.programs.wall(&program.node, self.now);
        let (name, lock) = (program.id.clone(), lock_of(program, c));
        let stand = Stand { id: &name, lock: &lock, duration: c.duration, deadline: c.deadline, retry: c.retry };
        if stand.is_over(&program.hold, now) {
            self.stop_acting(id, program);
            self.election_event(program, c, "stopped leading");
        }
        let mut hold = std::mem::take(&mut program.hold);
        let result = stand.attempt(&mut hold, now, wall, &mut |request| self.program_call(program, request));
        program.hold = hold;
        if let (Ok(transitions), false) = (result, program.hold.acts) {
            self.begin_acting(id, program, Some(transitions));
            self.election_event(program, c, "became leader");
        }
        let jittered = if program.hold.acts { c.retry } else { self.programs.jittered(c.retry) };
        stand.wait(&program.hold, now, jittered)
    }

    fn election_event(&mut self, program: &Program, c: &Candidacy, what: &str) {
        let Some(object) = self.objects().get(&lock_of(program, c)) else { return };
        if self.network.reaches_control_plane(&program.node) {
            let text = format!("{} {what}", program.id);
            let note = EventNote::new(&object, EventType::Normal, "LeaderElection", text.into());
            let context = self.program_context(program);
            self.server.record(&note, &context);
        }
    }

    /// A sign of life to the lock server, and a look at the queue. Says how long to wait for the next.
    pub(super) fn session_turn(&mut self, id: &ProcessId, program: &mut Program, c: &Candidacy) -> Span {
        let now = self.programs.local(&program.node, self.now);
        let linked = !self.network.is_cut(&program.node);
        let patience = Span(c.duration.0 * 2 / 3);
        if let Some(session) = program.hold.session {
            if linked && self.programs.lock_servers.touch(session, self.now) {
                program.hold.heard = now;
            } else if linked {
                // Only now does it learn that the server has given it up.
                self.stop_acting(id, program);
                (program.hold.session, program.hold.number) = (None, None);
            } else if program.hold.acts && now.since(program.hold.heard) >= patience {
                // Disconnected: nobody knows whether the session still lives, so it must not act.
                self.stop_acting(id, program);
            }
        }
        if linked && program.hold.session.is_none() {
            let session = self.programs.lock_servers.open(id.clone(), c.duration, self.now);
            let lock = program.lock_name().unwrap_or_default();
            program.hold.session = Some(session);
            program.hold.number = Some(self.programs.lock_servers.queue(&lock, session));
            program.hold.heard = now;
        }
        let first = program.hold.number.is_some_and(|number| self.programs.lock_servers.is_first(number));
        if linked && first && !program.hold.acts {
            let token = program.hold.number;
            self.begin_acting(id, program, token);
        }
        self.plan_expiry();
        let heartbeat = Span(c.duration.0 / 3);
        match linked {
            true => heartbeat,
            false if program.hold.acts => c.retry.min((program.hold.heard + patience).since(now)),
            false => c.retry,
        }
    }

    fn plan_expiry(&mut self) {
        let next = self.programs.lock_servers.next_expiry();
        let servers = &mut self.programs.lock_servers;
        // Signs of life only put an expiry off: an event that comes too early plans the next.
        if let Some(at) = next
            && servers.planned.is_none_or(|planned| planned > at)
        {
            servers.planned = Some(at);
            self.queue.push(at, Event::SessionExpiry);
        }
    }

    /// The lock server looks whose session is over.
    pub(crate) fn expire_sessions(&mut self) {
        let servers = &mut self.programs.lock_servers;
        if servers.planned.is_none_or(|planned| planned > self.now) {
            return;
        }
        servers.planned = None;
        let told = servers.expire(self.now);
        self.wake_programs(told);
        self.plan_expiry();
    }

    /// Takes the lock, works, gives it back and takes it again. Says how long to wait for the next turn.
    pub(super) fn ttl_turn(&mut self, id: &ProcessId, program: &mut Program, c: &Candidacy) -> Span {
        let now = self.programs.local(&program.node, self.now);
        let linked = !self.network.is_cut(&program.node);
        let lock = program.lock_name().unwrap_or_default();
        if program.hold.acts {
            if now < program.hold.until {
                return program.hold.until.since(now);
            }
            if linked {
                // Nobody tells it that its time ran out before: it learns so now, or never.
                let _: Unlock = self.programs.lock_servers.unlock(&lock, &program.id, self.now);
            }
            self.stop_acting(id, program);
        }
        if linked && self.programs.lock_servers.try_lock(&lock, &program.id, c.duration, self.now) {
            program.hold.until = now + c.deadline;
            self.begin_acting(id, program, None);
            return c.deadline;
        }
        self.programs.jittered(c.retry)
    }

    /// The process was asked to stop: it does not act any more, and may give its lock back.
    pub(super) fn cancel(&mut self, id: &ProcessId, program: &mut Program) {
        let role = program.role.clone();
        let super::role::Role::Holder(c) = &*role else { return };
        let acted = program.hold.acts;
        self.stop_acting(id, program);
        if !c.releases {
            return;
        }
        match c.kind {
            LockKind::Lease | LockKind::ConfigMap if acted => self.release(program, c),
            LockKind::Lease | LockKind::ConfigMap => {}
            LockKind::Session => {
                if let Some(session) = program.hold.session.filter(|_| !self.network.is_cut(&program.node)) {
                    let told = self.programs.lock_servers.close(session);
                    self.wake_programs(told);
                }
            }
            LockKind::Ttl => {
                let lock = program.lock_name().unwrap_or_default();
                if acted && !self.network.is_cut(&program.node) {
                    let _: Unlock = self.programs.lock_servers.unlock(&lock, &program.id, self.now);
                }
            }
        }
    }

    fn release(&mut self, program: &mut Program, c: &Candidacy) {
        let wall = self.programs.wall(&program.node, self.now);
        let (name, lock) = (program.id.clone(), lock_of(program, c));
        let stand = Stand { id: &name, lock: &lock, duration: c.duration, deadline: c.deadline, retry: c.retry };
        if stand.release(wall, &mut |request| self.program_call(program, request)) {
            self.election_event(program, c, "stopped leading");
        }
    }
}

/// The object that the candidates write.
fn lock_of(program: &Program, c: &Candidacy) -> ObjectRef {
    let kind = if c.kind == LockKind::Lease { Kind::Lease } else { Kind::ConfigMap };
    ObjectRef::new(kind, program.identity.namespace.clone(), c.lock.clone())
}
