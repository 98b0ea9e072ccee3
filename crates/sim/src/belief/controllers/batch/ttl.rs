//! A Job that has ended is deleted once its `ttlSecondsAfterFinished` are over.
//!
//! Upstream: `pkg/controller/ttlafterfinished`.

use super::spec::job;
use super::status::Status;
use crate::belief::api::request::DeleteOptions;
use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome, Stop};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::{Span, Time};
use crate::words::batch::Wait;
use crate::words::command::Propagation;
use crate::words::reason::Reason;
use petri_objects::{KeptObject, Object, Value, batch};

/// When the time of a Job is over; `None` if it has not ended, or stays.
fn expiry(job: &KeptObject) -> Option<Time> {
    let seconds = job.at(&["spec", "ttlSecondsAfterFinished"]).and_then(Value::as_int)?;
    let status = Status::of(job);
    let end = status.end().filter(|_| !job.metadata.is_terminating())?;
    Some(end.at + Span::seconds(seconds.max(0) as u64))
}

#[inline(never)]
pub fn changed(change: &Change, keys: &mut Enqueue<'_>) {
    let ended = change.new.as_ref().and_then(batch::job).filter(|job| expiry(job).is_some());
    if let Some(job) = ended {
        keys.add(Key::of(&job.metadata));
    }
}

/// Upstream: `processJob`.
#[inline(never)]
pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    let Some(known) = job(&api.cache(), key) else { return Ok(Done::settled()) };
    let now = api.now;
    let left = |job: &KeptObject| expiry(job).map(|until| (until, until.since(now)));
    match left(&known) {
        None => return Ok(Done::settled()),
        Some((_, Span::ZERO)) => {}
        Some((until, span)) => {
            return Ok(Done::waiting(Reason::Batch(Wait::TtlRuns { until })).or_after(Some(span)));
        }
    }
    let fresh = match api.get(Object::Kept(known).reference())? {
        Err(error) if error.is_not_found() => return Ok(Done::settled()),
        fresh => fresh?,
    };
    let Some((_, span)) = batch::job(&fresh).and_then(|job| left(job)) else { return Ok(Done::settled()) };
    if span > Span::ZERO {
        return Ok(Done::after(span));
    }
    let propagation = Some(Propagation::Foreground);
    let options = DeleteOptions { uid: Some(fresh.meta().uid), propagation, ..DeleteOptions::default() };
    match api.delete_with(fresh.reference(), options)? {
        Err(error) if !error.is_not_found() => Err(Stop::Failed(error)),
        _ => Ok(Done::settled()),
    }
}
