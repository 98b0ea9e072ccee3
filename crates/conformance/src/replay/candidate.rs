//! Candidates for a lock: clients that elect a leader through a Lease.
//!
//! Upstream: `client-go/tools/leaderelection`.
//! Deviation: the jitter of the waits, up to 1.2 retry periods at random, is the mean of it.

use super::scenario::seconds;
use petri_objects::{Kind, Lease, MicroTime, Name, Object, ObjectRef, Span, Time, Value};
use petri_sim::api::request::ApiError;
use petri_sim::command::Command;
use petri_sim::note::{Answer, Note};
use petri_sim::world::World;

/// What a step of the script does to the candidates.
pub enum Change {
    Start(Box<Candidate>),
    /// The process is gone, with all it knew.
    Kill(Name),
    /// It ends in good order, and may give the lock back.
    Stop(Name),
}

impl Change {
    pub fn read(fields: &Value, namespace: &str) -> Option<Change> {
        let text = |key: &str| fields.at(&[key]).and_then(Value::as_str);
        let span = |key: &str| fields.at(&[key]).and_then(seconds);
        let id = Name::from(text("id")?);
        Some(match text("op")? {
            "start" => Change::Start(Box::new(Candidate {
                id,
                lease: ObjectRef::new(Kind::Lease, namespace, text("lease")?),
                duration: span("leaseDuration")?,
                renew_deadline: span("renewDeadline")?,
                retry: span("retryPeriod")?,
                releases: fields.at(&["releaseOnCancel"]) == Some(&Value::Bool(true)),
                leads_since: None,
                seen: None,
                due: Time::ZERO,
            })),
            "kill" => Change::Kill(id),
            "stop" => Change::Stop(id),
            _ => return None,
        })
    }
}

pub fn change(candidates: &mut Vec<Candidate>, change: &Change, world: &mut World, notes: &mut Vec<Note>) {
    match change {
        Change::Start(candidate) => {
            let mut candidate = (**candidate).clone();
            candidate.due = world.now;
            candidate.act(world, notes);
            candidates.push(candidate);
        }
        Change::Kill(id) => candidates.retain(|candidate| candidate.id != *id),
        Change::Stop(id) => {
            for candidate in candidates.iter().filter(|candidate| candidate.id == *id) {
                candidate.release(world, notes);
            }
            candidates.retain(|candidate| candidate.id != *id);
        }
    }
}

/// One client that wants the lock, and what it knows.
#[derive(Clone)]
pub struct Candidate {
    id: Name,
    lease: ObjectRef,
    duration: Span,
    renew_deadline: Span,
    retry: Span,
    releases: bool,
    /// When it last renewed, while it leads.
    leads_since: Option<Time>,
    /// The record as it was last seen, and when it was first seen so, by the own clock.
    seen: Option<(Lease, Time)>,
    pub due: Time,
}

impl Candidate {
    /// Tries to acquire or to renew, and plans the next try.
    pub fn act(&mut self, world: &mut World, notes: &mut Vec<Note>) {
        let now = world.now;
        let held = self.try_acquire_or_renew(world, notes).unwrap_or(false);
        self.leads_since = match (held, self.leads_since) {
            (true, _) => Some(now),
            // A leader that cannot renew keeps trying until its deadline.
            (false, Some(since)) if now.since(since) < self.renew_deadline => Some(since),
            (false, _) => None,
        };
        let leads = self.leads_since.is_some();
        let jitter = if leads { Span::ZERO } else { Span(self.retry.0 * 6 / 10) };
        self.due = now + self.retry + jitter;
    }

    /// Upstream: `tryAcquireOrRenew`.
    fn try_acquire_or_renew(&mut self, world: &mut World, notes: &mut Vec<Note>) -> Result<bool, ApiError> {
        let now = world.now;
        let Some(Object::Lease(stored)) = world.objects().get(&self.lease) else {
            let mut lease = Lease::default();
            lease.metadata.name = self.lease.name.clone();
            lease.metadata.namespace = self.lease.namespace.clone();
            self.claim(&mut lease, now);
            lease.spec.acquire_time = MicroTime(now);
            lease.spec.lease_transitions = Some(0);
            world.command(&Command::Create(lease.into()), notes)?;
            return Ok(true);
        };
        if self.seen.as_ref().is_none_or(|(known, _)| known.spec != stored.spec) {
            self.seen = Some(((*stored).clone(), now));
        }
        let observed = self.seen.as_ref().map_or(now, |(_, at)| *at);
        let holder = stored.spec.holder_identity.clone().unwrap_or_default();
        let lasts = Span::seconds(stored.spec.lease_duration_seconds.unwrap_or(0).max(0) as u64);
        let mine = holder == self.id;
        if !holder.is_empty() && !mine && observed + lasts > now {
            return Ok(false);
        }
        let mut lease = (*stored).clone();
        self.claim(&mut lease, now);
        if !mine {
            lease.spec.acquire_time = MicroTime(now);
            lease.spec.lease_transitions = Some(stored.spec.lease_transitions.unwrap_or(0) + 1);
        }
        self.write(lease, world, notes)?;
        Ok(true)
    }

    fn claim(&self, lease: &mut Lease, now: Time) {
        lease.spec.holder_identity = Some(self.id.clone());
        lease.spec.lease_duration_seconds = Some(self.duration.as_seconds() as i32);
        lease.spec.renew_time = MicroTime(now);
    }

    /// Lets others take over at their next try.
    ///
    /// Upstream: `release`.
    fn release(&self, world: &mut World, notes: &mut Vec<Note>) {
        if self.leads_since.is_none() || !self.releases {
            return;
        }
        let Some(Object::Lease(stored)) = world.objects().get(&self.lease) else { return };
        let (mut lease, now) = ((*stored).clone(), world.now);
        lease.spec.holder_identity = Some(Name::default());
        lease.spec.lease_duration_seconds = Some(1);
        lease.spec.acquire_time = MicroTime(now);
        lease.spec.renew_time = MicroTime(now);
        // Whoever was faster has the lock already.
        let _ = self.write(lease, world, notes);
    }

    fn write(&self, lease: Lease, world: &mut World, notes: &mut Vec<Note>) -> Result<Answer, ApiError> {
        world.command(&Command::Replace(lease.into()), notes)
    }
}
