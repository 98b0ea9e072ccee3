//! Small things that several controllers share.
//!
//! Upstream: `pkg/controller/controller_utils.go`, `apimachinery/pkg/util/rand`.

use crate::belief::client::call::Stop;
use crate::ground::clock::{Span, Time};
use crate::words::api_error::ApiError;
use petri_objects::*;
use std::rc::Rc;

/// The owner reference that a controller writes into what it creates or adopts.
///
/// Upstream: `metav1.NewControllerRef`.
pub fn controller_ref(owner: &Object) -> OwnerReference {
    OwnerReference {
        api_version: owner.kind().api_version().into(),
        kind: owner.kind().name().into(),
        name: owner.meta().name.clone(),
        uid: owner.meta().uid,
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// Calls `create` up to `count` times, in batches of 1, 2, 4 and so on; a batch with a failure is the last one. A flood
/// of requests that all fail for one reason, such as a quota, stays small that way. Answers how many succeeded, and
/// the first failure.
///
/// # Errors
/// [`Stop::Awaiting`] alone.
///
/// Upstream: `slowStartBatch`, whose batches run in parallel; here they run in order.
pub fn slow_start_batch(
    count: u32,
    mut create: impl FnMut(u32) -> Result<(), Stop>,
) -> Result<(u32, Option<ApiError>), Stop> {
    let (mut started, mut succeeded, mut batch) = (0, 0, 1);
    while started < count {
        let end = count.min(started + batch);
        let mut failure = None;
        for index in started..end {
            match create(index) {
                Ok(()) => succeeded += 1,
                Err(Stop::Failed(error)) => failure = failure.or(Some(error)),
                Err(Stop::Awaiting) => return Err(Stop::Awaiting),
            }
        }
        if failure.is_some() {
            return Ok((succeeded, failure));
        }
        started = end;
        batch *= 2;
    }
    Ok((succeeded, None))
}

/// Maps the decimal digits of a hash to an alphabet without vowels, so that no name spells a word.
///
/// Upstream: `rand.SafeEncodeString`.
pub fn safe_encode(hash: u32) -> String {
    const ALPHABET: &[u8; 10] = b"456789bcdf";
    hash.to_string().bytes().map(|digit| char::from(ALPHABET[usize::from(digit - b'0')])).collect()
}

const FNV_OFFSET: u32 = 0x811c_9dc5;
const FNV_PRIME: u32 = 0x0100_0193;

/// FNV-1: multiply, then mix in. StatefulSet revisions are named by it.
pub fn fnv1_32(parts: &[&[u8]]) -> u32 {
    parts.iter().copied().flatten().fold(FNV_OFFSET, |hash, byte| hash.wrapping_mul(FNV_PRIME) ^ u32::from(*byte))
}

/// FNV-1a: mix in, then multiply. Pod templates of Deployments are named by it.
pub fn fnv1a_32(parts: &[&[u8]]) -> u32 {
    parts.iter().copied().flatten().fold(FNV_OFFSET, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(FNV_PRIME))
}

/// How long until the first of the pods that are Ready, but not for `min_ready_seconds` yet, becomes available.
///
/// Upstream: `FindMinNextPodAvailabilityCheck`.
pub fn min_next_pod_availability_check<'a>(
    pods: impl IntoIterator<Item = &'a Rc<Pod>>,
    min_ready_seconds: i32,
    now: Time,
) -> Option<Span> {
    next_available_pod(pods, min_ready_seconds, now).map(|(_, at)| at.since(now))
}

/// The pod that becomes available first, and when.
pub fn next_available_pod<'a>(
    pods: impl IntoIterator<Item = &'a Rc<Pod>>,
    min_ready_seconds: i32,
    now: Time,
) -> Option<(&'a Rc<Pod>, Time)> {
    let wait = Span::seconds(u64::try_from(min_ready_seconds).ok().filter(|seconds| *seconds > 0)?);
    pods.into_iter()
        .filter(|pod| !pod.is_terminating())
        .filter_map(|pod| {
            let ready = condition(&pod.status.conditions, "Ready").filter(|ready| &*ready.status == "True")?;
            let at = ready.last_transition_time + wait;
            (at > now).then_some((pod, at))
        })
        .min_by_key(|(_, at)| *at)
}

/// Whether the API server refuses because the namespace is being deleted.
///
/// Upstream: `HasStatusCause(err, NamespaceTerminatingCause)`.
pub fn is_namespace_terminating(error: &ApiError) -> bool {
    matches!(error, ApiError::Forbidden { cause, .. } if cause.ends_with("because it is being terminated"))
}

/// A condition that says the same as before keeps the old one; a change of status alone moves the transition time.
///
/// Upstream: `SetDeploymentCondition`, `SetCondition` of ReplicaSets.
pub fn set_condition(conditions: &mut Vec<Condition>, mut condition: Condition) {
    if let Some(current) = petri_objects::condition(conditions, &condition.kind) {
        if current.status == condition.status && current.reason == condition.reason {
            return;
        }
        if current.status == condition.status {
            condition.last_transition_time = current.last_transition_time;
        }
    }
    remove_condition(conditions, &condition.kind.clone());
    conditions.push(condition);
}

pub fn remove_condition(conditions: &mut Vec<Condition>, kind: &str) {
    conditions.retain(|condition| &*condition.kind != kind);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_published_ones() {
        assert_eq!(fnv1_32(&[b""]), 0x811c_9dc5);
        assert_eq!(fnv1_32(&[b"foo", b"bar"]), 0x31f0_b262);
        assert_eq!(fnv1a_32(&[b"foobar"]), 0xbf9c_f968);
        assert_eq!(safe_encode(1_234_567_890), "56789bcdf4");
    }

    #[test]
    fn slow_start_stops_after_the_batch_that_failed() {
        let cases = [(5, 10, 5, 5), (7, 0, 1, 0), (7, 1, 3, 1), (10, 2, 3, 2), (10, 6, 7, 6)];
        for (count, allowed, expected_calls, expected_successes) in cases {
            let mut calls = 0;
            let outcome = slow_start_batch(count, |_| {
                calls += 1;
                if calls <= allowed { Ok(()) } else { Err(Stop::Failed(ApiError::Unreachable)) }
            });
            let (succeeded, failure) = outcome.expect("nothing is awaited");
            assert_eq!((calls, succeeded), (expected_calls, expected_successes), "{count} wanted, {allowed} allowed");
            assert_eq!(failure.is_some(), allowed < count);
        }
    }

    #[test]
    fn the_first_pod_to_become_available_decides_when_to_look_again() {
        let pod = |ready_since: u64| {
            let mut pod = Pod::default();
            Rc::make_mut(&mut pod.status).conditions.push(Condition {
                kind: "Ready".into(),
                status: "True".into(),
                last_transition_time: Time::ZERO + Span::seconds(ready_since),
                ..Condition::default()
            });
            Rc::new(pod)
        };
        let pods = [pod(10), pod(5), pod(1)];
        let now = Time::ZERO + Span::seconds(12);
        assert_eq!(min_next_pod_availability_check(&pods, 10, now), Some(Span::seconds(3)));
        assert_eq!(min_next_pod_availability_check(&pods, 0, now), None);
        assert_eq!(min_next_pod_availability_check(&pods, 2, now), None, "all of them are available");
    }
}
