//! Four ways of being the only one, from the side of the process that wants it.
//!
//! Upstream: `client-go/tools/leaderelection` for Leases; the same on a ConfigMap; ZooKeeper's lock recipe; Dapr's
//! `tryLock` and `unlock`.
//!
//! Deviation: most programs exit when they have lost a Lease; ours stand for it again.

use super::lock_server::Unlock;
use super::program::Program;
use super::role::{Candidacy, LockKind};
use crate::api::request::{ApiError, Reply, Request};
use crate::api::server::{EventNote, WriteContext};
use crate::api::watch::{Actor, Cause};
use crate::client::call::EventType;
use crate::clock::{Span, Time};
use crate::machine::ProcessId;
use crate::step::Event;
use crate::world::World;
use petri_objects::*;
use std::rc::Rc;

impl World {
    /// A request of a process to the API server.
    fn program_call(&mut self, program: &Program, request: Request) -> Reply {
        if !self.network.reaches_control_plane(&program.node) {
            return Err(ApiError::Unreachable);
        }
        let context = self.program_context(program);
        self.server.serve(request, &context)
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
        let failed_for = program.hold.failing_since.map(|since| now.since(since));
        if program.hold.acts && failed_for.is_some_and(|span| span >= c.deadline) {
            self.stop_acting(id, program);
            self.election_event(program, c, "stopped leading");
        }
        if !program.hold.acts {
            program.hold.failing_since = None;
        }
        match (self.try_acquire_or_renew(program, c, now), program.hold.acts) {
            (Ok(_), true) => program.hold.failing_since = None,
            (Ok(transitions), false) => {
                self.begin_acting(id, program, Some(transitions));
                self.election_event(program, c, "became leader");
            }
            // A leader tries on until its deadline, whatever it has read meanwhile.
            (Err(_), true) => program.hold.failing_since = program.hold.failing_since.or(Some(now)),
            (Err(_), false) => {}
        }
        match (program.hold.acts, program.hold.failing_since) {
            (true, None) => c.retry,
            (true, Some(since)) => c.retry.min((since + c.deadline).since(now)),
            (false, _) => self.programs.jittered(c.retry),
        }
    }

    /// Upstream: `tryAcquireOrRenew`.
    fn try_acquire_or_renew(&mut self, program: &mut Program, c: &Candidacy, now: Time) -> Result<u64, ApiError> {
        if program.hold.acts
            && let Some((object, at)) = program.hold.seen.clone()
            && at + Span::seconds(seconds(&object)) > now
            && let Ok(transitions) = self.claim(program, c, object, now)
        {
            return Ok(transitions);
        }
        let kind = if c.kind == LockKind::Lease { Kind::Lease } else { Kind::ConfigMap };
        let target = ObjectRef::new(kind, program.identity.namespace.clone(), c.lock.clone());
        let object = match self.program_call(program, Request::Get(target.clone())) {
            Ok(object) => object,
            Err(ApiError::NotFound { .. }) => {
                let mut object = empty(&target);
                self.fill(program, c, &mut object);
                let object = self.program_call(program, Request::Create(object))?;
                program.hold.seen = Some((object, now));
                return Ok(0);
            }
            Err(error) => return Err(error),
        };
        let at = match &program.hold.seen {
            Some((known, at)) if same_record(known, &object) => *at,
            _ => now,
        };
        program.hold.seen = Some((object.clone(), at));
        let holder = holder(&object);
        let held = !holder.is_empty() && holder != program.id;
        if held && at + Span::seconds(seconds(&object)) > now {
            return Err(ApiError::BadRequest("the lock is held".into()));
        }
        self.claim(program, c, object, now)
    }

    /// Writes the record with this process as its holder, unless somebody was faster.
    fn claim(&mut self, program: &mut Program, c: &Candidacy, mut object: Object, now: Time) -> Result<u64, ApiError> {
        self.fill(program, c, &mut object);
        let transitions = transitions(&object);
        let object = self.program_call(program, Request::Update(object))?;
        program.hold.seen = Some((object, now));
        Ok(transitions)
    }

    fn fill(&self, program: &Program, c: &Candidacy, object: &mut Object) {
        let wall = self.programs.wall(&program.node, self.now);
        let mine = holder(object) == program.id;
        let new = seconds(object) == 0;
        let transitions = if mine || new { transitions(object) } else { transitions(object) + 1 };
        let acquired = (!mine).then_some(wall);
        write(object, &program.id, c.duration.as_seconds(), acquired, wall, transitions);
    }

    fn election_event(&mut self, program: &Program, c: &Candidacy, what: &str) {
        let kind = if c.kind == LockKind::Lease { Kind::Lease } else { Kind::ConfigMap };
        let target = ObjectRef::new(kind, program.identity.namespace.clone(), c.lock.clone());
        let Some(object) = self.objects().get(&target) else { return };
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

    /// Lets others take over at their next try.
    ///
    /// Upstream: `release`.
    fn release(&mut self, program: &mut Program, c: &Candidacy) {
        let kind = if c.kind == LockKind::Lease { Kind::Lease } else { Kind::ConfigMap };
        let target = ObjectRef::new(kind, program.identity.namespace.clone(), c.lock.clone());
        let Ok(mut object) = self.program_call(program, Request::Get(target)) else { return };
        if holder(&object) != program.id {
            return;
        }
        let wall = self.programs.wall(&program.node, self.now);
        let transitions = transitions(&object);
        write(&mut object, &Name::default(), 1, Some(wall), wall, transitions);
        // Whoever was faster has the lock already.
        let _ = self.program_call(program, Request::Update(object));
        self.election_event(program, c, "stopped leading");
    }
}

const HOLDER: &str = "holderIdentity";
const SECONDS: &str = "leaseDurationSeconds";
const ACQUIRED: &str = "acquireTime";
const RENEWED: &str = "renewTime";
const TRANSITIONS: &str = "leaderTransitions";

fn empty(target: &ObjectRef) -> Object {
    let meta = Meta { name: target.name.clone(), namespace: target.namespace.clone(), ..Meta::default() };
    match target.kind {
        Kind::Lease => Lease { metadata: meta, ..Lease::default() }.into(),
        _ => ConfigMap { metadata: meta, ..ConfigMap::default() }.into(),
    }
}

/// Who holds the lock, by a Lease or by a ConfigMap with the same fields.
pub fn holder(object: &Object) -> Name {
    match object {
        Object::Lease(lease) => lease.spec.holder_identity.clone().unwrap_or_default(),
        Object::ConfigMap(map) => map.data.get(HOLDER).cloned().unwrap_or_default(),
        _ => Name::default(),
    }
}

/// What the record of an elected leader says, whoever believes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Empty if the lock was given back.
    pub holder: Name,
    pub renewed: Time,
    pub duration: Span,
    pub transitions: u64,
}

/// Reads the record of a Lease, or of a ConfigMap with the same fields.
pub fn record(object: &Object) -> Option<Record> {
    let renewed = match object {
        Object::Lease(lease) => lease.spec.renew_time.0,
        Object::ConfigMap(map) => map.data.get(RENEWED).and_then(|text| Time::parse_rfc3339(text))?,
        _ => return None,
    };
    let (duration, transitions) = (Span::seconds(seconds(object)), transitions(object));
    Some(Record { holder: holder(object), renewed, duration, transitions })
}

fn seconds(object: &Object) -> u64 {
    match object {
        Object::Lease(lease) => lease.spec.lease_duration_seconds.unwrap_or(0).max(0) as u64,
        other => number(other, SECONDS),
    }
}

fn transitions(object: &Object) -> u64 {
    match object {
        Object::Lease(lease) => lease.spec.lease_transitions.unwrap_or(0).max(0) as u64,
        other => number(other, TRANSITIONS),
    }
}

fn number(object: &Object, key: &str) -> u64 {
    let Object::ConfigMap(map) = object else { return 0 };
    map.data.get(key).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Whether nobody has written the record in between.
fn same_record(a: &Object, b: &Object) -> bool {
    match (a, b) {
        (Object::Lease(a), Object::Lease(b)) => a.spec == b.spec,
        (Object::ConfigMap(a), Object::ConfigMap(b)) => a.data == b.data,
        _ => false,
    }
}

fn write(object: &mut Object, holder: &Name, seconds: u64, acquired: Option<Time>, renewed: Time, transitions: u64) {
    match object {
        Object::Lease(lease) => {
            let spec = &mut Rc::make_mut(lease).spec;
            spec.holder_identity = Some(holder.clone());
            spec.lease_duration_seconds = Some(i32::try_from(seconds).unwrap_or(i32::MAX));
            spec.renew_time = MicroTime(renewed);
            spec.lease_transitions = Some(i32::try_from(transitions).unwrap_or(i32::MAX));
            if let Some(at) = acquired {
                spec.acquire_time = MicroTime(at);
            }
        }
        Object::ConfigMap(map) => {
            let data = &mut Rc::make_mut(map).data;
            data.insert(HOLDER, holder.clone());
            data.insert(SECONDS, seconds.to_string());
            data.insert(RENEWED, renewed.rfc3339_micro());
            data.insert(TRANSITIONS, transitions.to_string());
            if let Some(at) = acquired {
                data.insert(ACQUIRED, at.rfc3339_micro());
            }
        }
        _ => {}
    }
}
