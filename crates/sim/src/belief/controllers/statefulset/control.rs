//! The algorithm: which pod comes next, which goes next, and what everything else waits for.
//!
//! Upstream: `pkg/controller/statefulset/stateful_set_control.go`.

use super::revisions::{Memory, Revisions, revisions_of, template_of, truncate_history};
use super::utils::*;
use super::{pod_control, status_updater};
use crate::belief::client::call::{Api, Done, Stop};
use crate::ground::clock::{Span, Time};
use crate::words::api_error::ApiError;
use crate::words::reason::Reason;
use petri_objects::order::Order as _;
use petri_objects::*;
use std::rc::Rc;

/// Upstream's limit of one batch in Parallel mode.
const MAX_BATCH: usize = 500;

/// Whether a sync goes on to the next pod, or ends here and why.
type Flow = Option<Reason>;

/// Brings a set one step closer to what it should be, and writes its status.
///
/// # Errors
/// The first refusal of the API server; status and history are still brought up to date.
///
/// Upstream: `UpdateStatefulSet`, `performUpdate`.
pub fn update_stateful_set(
    set: &Rc<StatefulSet>,
    pods: &[Rc<Pod>],
    revisions: Vec<Rc<ControllerRevision>>,
    api: &mut Api<'_, Memory>,
) -> Result<(StatefulSetStatus, Done), Stop> {
    let revisions = revisions_of(set, revisions, api)?;
    let mut status = status_updater::compute(set, pods, &revisions, api);
    let outcome = match act(set, pods, &revisions, &mut status, api) {
        Err(Stop::Awaiting) => return Err(Stop::Awaiting),
        outcome => outcome,
    };
    status_updater::complete_rolling_update(set, &mut status);
    status_updater::update(set, &status, api)?;
    truncate_history(set, pods, &revisions, api)?;
    let waiting = outcome?;
    Ok((status, Done { waiting, after: None }))
}

/// Upstream: `updateStatefulSet`.
fn act(
    set: &Rc<StatefulSet>,
    pods: &[Rc<Pod>],
    revisions: &Revisions,
    status: &mut StatefulSetStatus,
    api: &mut Api<'_, Memory>,
) -> Result<Flow, Stop> {
    let start = set.start_ordinal();
    let count = set.replicas().max(0) as usize;
    let mut replicas: Vec<Option<Rc<Pod>>> = vec![None; count];
    let mut condemned: Vec<(i32, Rc<Pod>)> = Vec::new();
    for pod in pods {
        let Some(ordinal) = ordinal_of(&pod.metadata.name) else { continue };
        match usize::try_from(i64::from(ordinal) - i64::from(start)).ok().filter(|slot| *slot < count) {
            Some(slot) => replicas[slot] = Some(pod.clone()),
            None => condemned.push((ordinal, pod.clone())),
        }
    }
    condemned.order_by_key(|(ordinal, _)| std::cmp::Reverse(*ordinal));
    if set.metadata.is_terminating() {
        return Ok(Some(Reason::SetTerminating));
    }
    let first_unhealthy = first_unavailable(set, &replicas, &condemned, api.now);
    let monotonic = set.is_monotonic();

    let waiting = for_all(&replicas, monotonic, api, |slot, pod, api| {
        process_replica(set, slot as i32 + start, pod.as_ref(), revisions, monotonic, api)
    })?;
    if waiting.is_some() && monotonic {
        return Ok(waiting);
    }
    for_all(&condemned, monotonic, api, |_, (_, pod), api| pod_control::fix_pod_claim(set, pod, api).map(|()| None))?;
    let leaving = for_all(&condemned, monotonic, api, |_, (_, pod), api| {
        process_condemned(set, pod, first_unhealthy.as_ref(), monotonic, api)
    })?;
    if leaving.is_some() && monotonic {
        return Ok(leaving);
    }
    let updating = rolling_update(set, &replicas, revisions, status, api)?;
    Ok(updating.or(waiting).or(leaving))
}

/// One by one until one says stop, or all in batches of 1, 2, 4 and so on.
///
/// Upstream: `runForAll`.
fn for_all<T>(
    items: &[T],
    monotonic: bool,
    api: &mut Api<'_, Memory>,
    mut process: impl FnMut(usize, &T, &mut Api<'_, Memory>) -> Result<Flow, Stop>,
) -> Result<Flow, Stop> {
    let mut first = None;
    if monotonic {
        for (index, item) in items.iter().enumerate() {
            if let Some(reason) = process(index, item, api)? {
                return Ok(Some(reason));
            }
        }
        return Ok(None);
    }
    let (mut done, mut batch) = (0, 1);
    while done < items.len() {
        let end = items.len().min(done + batch);
        let mut refused: Option<ApiError> = None;
        for (index, item) in items.iter().enumerate().take(end).skip(done) {
            match process(index, item, api) {
                Ok(flow) => first = first.or(flow),
                Err(Stop::Failed(error)) => refused = refused.or(Some(error)),
                Err(Stop::Awaiting) => return Err(Stop::Awaiting),
            }
        }
        if let Some(error) = refused {
            return Err(error.into());
        }
        done = end;
        batch = (batch * 2).min(MAX_BATCH);
    }
    Ok(first)
}

/// STS-16: the first pod, from below, that is not available.
fn first_unavailable(
    set: &StatefulSet,
    replicas: &[Option<Rc<Pod>>],
    condemned: &[(i32, Rc<Pod>)],
    now: Time,
) -> Option<Name> {
    let broken = |pod: &Pod| is_unavailable(pod, set.spec.min_ready_seconds, now);
    for (slot, pod) in replicas.iter().enumerate() {
        match pod {
            Some(pod) if !broken(pod) => {}
            _ => return Some(pod_name(set, set.start_ordinal() + slot as i32)),
        }
    }
    condemned.iter().rev().find(|(_, pod)| broken(pod)).map(|(_, pod)| pod.metadata.name.clone())
}

/// Brings one replica closer to what it should be, or says what it is waiting for.
///
/// Upstream: `processReplica`.
fn process_replica(
    set: &Rc<StatefulSet>,
    ordinal: i32,
    stored: Option<&Rc<Pod>>,
    revisions: &Revisions,
    monotonic: bool,
    api: &mut Api<'_, Memory>,
) -> Result<Flow, Stop> {
    let Some(pod) = stored else { return create_replica(set, ordinal, revisions, monotonic, api) };
    let name = pod.metadata.name.clone();
    // Succeeded counts too: an evicted pod's phase comes from its exit code, not from why it went.
    if pod.is_failed() || pod.is_succeeded() {
        if !pod.is_terminating() {
            pod_control::delete_stateful_pod(set, pod, api)?;
        }
        return Ok(Some(Reason::ReplacingFinished { pod: name }));
    }
    if pod.is_pending() {
        // A claim that was deleted while the pod waits for it is made again.
        pod_control::create_missing_claims(set, pod, api)?;
    }
    if monotonic && let Some(reason) = obstacle(set, pod, api.now) {
        return Ok(Some(reason));
    }
    pod_control::update_stateful_pod(set, pod, api)?;
    Ok(None)
}

/// What keeps the pods after this one waiting.
fn obstacle(set: &StatefulSet, pod: &Pod, now: Time) -> Option<Reason> {
    let name = pod.metadata.name.clone();
    if pod.is_terminating() {
        return Some(terminating(pod));
    }
    if !pod.is_running_and_ready() {
        return Some(Reason::PodNotReady { pod: name });
    }
    if !pod.is_available(set.spec.min_ready_seconds, now) {
        return Some(not_available(set, pod));
    }
    None
}

fn terminating(pod: &Pod) -> Reason {
    let grace = Span::seconds(pod.metadata.deletion_grace_period_seconds.unwrap_or(0).max(0) as u64);
    Reason::PodTerminating {
        pod: pod.metadata.name.clone(),
        node: pod.spec.node_name.clone(),
        since: pod.metadata.deletion_timestamp - grace,
    }
}

fn not_available(set: &StatefulSet, pod: &Pod) -> Reason {
    let ready = condition(&pod.status.conditions, "Ready").map_or(Time::ZERO, |c| c.last_transition_time);
    let until = ready + Span::seconds(set.spec.min_ready_seconds.max(0) as u64);
    Reason::PodNotAvailable { pod: pod.metadata.name.clone(), until }
}

fn create_replica(
    set: &Rc<StatefulSet>,
    ordinal: i32,
    revisions: &Revisions,
    monotonic: bool,
    api: &mut Api<'_, Memory>,
) -> Result<Flow, Stop> {
    let pod = new_versioned_pod(set, ordinal, revisions);
    let name = pod.metadata.name.clone();
    if let Some(claim) = stale_claim(set, &pod, api) {
        return Ok(Some(Reason::StaleClaim { pod: name, claim }));
    }
    pod_control::create_stateful_pod(set, &pod, api)?;
    // Parallel mode goes on with the next pod at once.
    Ok(monotonic.then_some(Reason::CreatedOnePod { pod: name }))
}

/// With `whenScaled: Delete` a claim of an earlier pod of that name must go first.
fn stale_claim(set: &StatefulSet, pod: &Pod, api: &Api<'_, Memory>) -> Option<Name> {
    let policy = set.spec.persistent_volume_claim_retention_policy.as_ref()?;
    if &*policy.when_scaled != "Delete" {
        return None;
    }
    let cache = api.cache();
    let stale = stored_claims(set, pod, &cache).into_iter().find(|claim| has_stale_owner(set, pod, claim));
    stale.map(|claim| claim.metadata.name.clone())
}

/// Section 2.8: pods below the partition, or not reached by a bare rolling update, come back at the current revision.
///
/// Upstream: `newVersionedStatefulSetPod`.
fn new_versioned_pod(set: &StatefulSet, ordinal: i32, revisions: &Revisions) -> Pod {
    let strategy = &set.spec.update_strategy;
    let start = set.start_ordinal();
    let current = &*strategy.kind == "RollingUpdate"
        && match &strategy.rolling_update {
            None => ordinal < start + set.status.current_replicas,
            Some(rolling) => ordinal < start + rolling.partition.unwrap_or(0),
        };
    if current && revisions.current.metadata.name != revisions.update.metadata.name {
        return new_pod(set, &template_of(&revisions.current), &revisions.current.metadata.name, ordinal);
    }
    new_pod(set, &set.spec.template, &revisions.update.metadata.name, ordinal)
}

/// Deletes a pod that the set has no place for any more, highest ordinal first, unless something is unhealthy.
///
/// Upstream: `processCondemned`.
fn process_condemned(
    set: &Rc<StatefulSet>,
    pod: &Rc<Pod>,
    first_unhealthy: Option<&Name>,
    monotonic: bool,
    api: &mut Api<'_, Memory>,
) -> Result<Flow, Stop> {
    let name = pod.metadata.name.clone();
    if pod.is_terminating() {
        return Ok(Some(terminating(pod)));
    }
    let healthy = pod.is_running_and_ready() && pod.is_available(set.spec.min_ready_seconds, api.now);
    if let Some(unhealthy) = first_unhealthy.filter(|unhealthy| monotonic && !healthy && **unhealthy != name) {
        return Ok(Some(Reason::ScaleDownBlocked { pod: name, unhealthy: unhealthy.clone() }));
    }
    pod_control::delete_stateful_pod(set, pod, api)?;
    Ok(Some(Reason::DeletedOnePod { pod: name }))
}

/// Section 2.7: replaces outdated pods from the highest ordinal down to the partition, one at a time.
///
/// Upstream: the end of `updateStatefulSet`, and `updateStatefulSetAfterInvariantEstablished` behind the gate.
fn rolling_update(
    set: &Rc<StatefulSet>,
    replicas: &[Option<Rc<Pod>>],
    revisions: &Revisions,
    status: &mut StatefulSetStatus,
    api: &mut Api<'_, Memory>,
) -> Result<Flow, Stop> {
    if &*set.spec.update_strategy.kind == "OnDelete" {
        return Ok(None);
    }
    let rolling = set.spec.update_strategy.rolling_update.as_ref();
    let partition = rolling.and_then(|r| r.partition).unwrap_or(0).max(0) as usize;
    let update = &revisions.update.metadata.name;
    let unavailable =
        |pod: &Option<Rc<Pod>>| pod.as_ref().is_none_or(|pod| is_unavailable(pod, set.spec.min_ready_seconds, api.now));
    let broken: Vec<bool> = replicas.iter().map(unavailable).collect();
    let outdated = |pod: &Pod| pod_revision(pod) != &**update && !pod.is_terminating();

    if api.settings.gates.max_unavailable_stateful_set {
        let most = rolling.and_then(|r| r.max_unavailable.as_ref()?.scaled(set.replicas(), false)).unwrap_or(1).max(1);
        let mut missing = broken.iter().filter(|broken| **broken).count() as i32;
        for pod in replicas.iter().skip(partition).rev().flatten() {
            if missing >= most {
                return Ok(Some(Reason::UpdateWaitsForPod { pod: pod.metadata.name.clone() }));
            }
            if outdated(pod) {
                pod_control::delete_stateful_pod(set, pod, api)?;
                status.current_replicas -= 1;
                missing += 1;
            }
        }
        return Ok(None);
    }
    for (slot, pod) in replicas.iter().enumerate().skip(partition).rev() {
        match pod {
            Some(pod) if outdated(pod) => {
                pod_control::delete_stateful_pod(set, pod, api)?;
                status.current_replicas -= 1;
                return Ok(Some(Reason::DeletedOnePod { pod: pod.metadata.name.clone() }));
            }
            _ if broken[slot] => {
                let pod = pod_name(set, set.start_ordinal() + slot as i32);
                // Only a rollout that is under way waits; a set that merely starts is waiting for its pods.
                let rolls = revisions.current.metadata.name != revisions.update.metadata.name;
                return Ok(rolls.then_some(Reason::UpdateWaitsForPod { pod }));
            }
            _ => {}
        }
    }
    Ok(None)
}
