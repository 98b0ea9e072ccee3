//! Leader election through one record: optimistic writes, and each candidate's own clock.
//!
//! Upstream: `client-go/tools/leaderelection` (`leaderelection.go`, `resourcelock/leaselock.go`).

use super::program::Hold;
use crate::belief::api::request::{Reply, Request};
use crate::ground::clock::{Span, Time};
use crate::words::api_error::ApiError;
use petri_objects::*;
use std::rc::Rc;

/// A candidate: who it is, what it stands for, and how long it waits.
#[derive(Clone, Copy, Debug)]
pub struct Stand<'a> {
    pub id: &'a Name,
    /// A Lease, or a ConfigMap with the same fields.
    pub lock: &'a ObjectRef,
    /// How long the record outlives its last renewal.
    pub duration: Span,
    /// How long a leader tries to renew.
    pub deadline: Span,
    pub retry: Span,
}

/// A request to the API server and its answer.
pub type Ask<'a> = dyn FnMut(Request) -> Reply + 'a;

impl Stand<'_> {
    /// Whether a leader has failed to renew for so long that it must not act any more.
    pub fn is_over(&self, hold: &Hold, now: Time) -> bool {
        hold.acts && hold.failing_since.is_some_and(|since| now.since(since) >= self.deadline)
    }

    /// One try to acquire or to renew, by the own clock (`now`) and the time of day that it shows (`wall`). Answers how
    /// often the lock has changed hands. Who leads, and fails, leads on until it [is over](Stand::is_over).
    ///
    /// # Errors
    /// What the API server refused, or that somebody else holds the lock.
    pub fn attempt(&self, hold: &mut Hold, now: Time, wall: Time, ask: &mut Ask<'_>) -> Result<u64, ApiError> {
        let result = self.try_acquire_or_renew(&mut hold.seen, now, wall, ask);
        hold.failing_since = match (&result, hold.acts) {
            // A leader tries on until its deadline, whatever it has read meanwhile.
            (Err(_), true) => hold.failing_since.or(Some(now)),
            _ => None,
        };
        result
    }

    /// How long to wait for the next try; those who do not lead wait a little longer, so that not all try at once.
    pub fn wait(&self, hold: &Hold, now: Time, jittered: Span) -> Span {
        match (hold.acts, hold.failing_since) {
            (true, None) => self.retry,
            (true, Some(since)) => self.retry.min((since + self.deadline).since(now)),
            (false, _) => jittered,
        }
    }

    /// `seen` is the record as it was last seen, and when it first looked so.
    ///
    /// Upstream: `tryAcquireOrRenew`.
    fn try_acquire_or_renew(
        &self,
        seen: &mut Option<(Object, Time)>,
        now: Time,
        wall: Time,
        ask: &mut Ask<'_>,
    ) -> Result<u64, ApiError> {
        if let Some((object, at)) = seen.clone()
            && holder(&object) == *self.id
            && is_valid(&object, at, now)
            && let Ok(transitions) = self.claim(seen, object, now, wall, ask)
        {
            return Ok(transitions);
        }
        let object = match ask(Request::Get(self.lock.clone())) {
            Ok(object) => object,
            Err(ApiError::NotFound { .. }) => {
                let mut object = empty(self.lock);
                write(&mut object, self.id, self.duration.as_seconds(), Some(wall), wall, 0);
                let object = ask(Request::Create(object))?;
                *seen = Some((object, now));
                return Ok(0);
            }
            Err(error) => return Err(error),
        };
        let at = match &seen {
            Some((known, at)) if same_record(known, &object) => *at,
            _ => now,
        };
        *seen = Some((object.clone(), at));
        let holder = holder(&object);
        if !holder.is_empty() && holder != *self.id && is_valid(&object, at, now) {
            return Err(ApiError::BadRequest("the lock is held".into()));
        }
        self.claim(seen, object, now, wall, ask)
    }

    /// Writes the record with this candidate as its holder, unless somebody was faster.
    fn claim(
        &self,
        seen: &mut Option<(Object, Time)>,
        mut object: Object,
        now: Time,
        wall: Time,
        ask: &mut Ask<'_>,
    ) -> Result<u64, ApiError> {
        let mine = holder(&object) == *self.id;
        let transitions = transitions(&object) + u64::from(!mine);
        write(&mut object, self.id, self.duration.as_seconds(), (!mine).then_some(wall), wall, transitions);
        *seen = Some((ask(Request::Update(object))?, now));
        Ok(transitions)
    }

    /// Lets others take over at their next try. `false` if there is nothing to give back.
    ///
    /// Upstream: `release`.
    pub fn release(&self, wall: Time, ask: &mut Ask<'_>) -> bool {
        let Ok(mut object) = ask(Request::Get(self.lock.clone())) else { return false };
        if holder(&object) != *self.id {
            return false;
        }
        let transitions = transitions(&object);
        write(&mut object, &Name::default(), 1, Some(wall), wall, transitions);
        // Whoever was faster has the lock already.
        let _ = ask(Request::Update(object));
        true
    }
}

/// Whether the record, seen since `at`, still binds others.
///
/// Upstream: `isLeaseValid`.
fn is_valid(object: &Object, at: Time, now: Time) -> bool {
    at + Span::seconds(seconds(object)) > now
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

#[cfg(test)]
mod tables;
