//! Gives the pod to its node, after its volumes are there.
//!
//! Upstream: `bindingCycle`, `plugins/volumebinding` (`PreBind`, `BindPodVolumes`), `plugins/defaultbinder`.

use super::failure::{gone, handle_failure};
use super::filters::Plugins;
use super::memory::Memory;
use super::queue::{Assumed, Attempt, Failure, Stage};
use super::volume_binding::is_fully_bound;
use crate::belief::api::request::{Patch, Request};
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::client::call::{Api, Done, Outcome, Stop};
use crate::belief::controllers::persistent_volume::{BOUND_BY_CONTROLLER, SELECTED_NODE, annotation, claim_reference};
use crate::ground::clock::{Span, Time};
use crate::words::api_error::ApiError;
use crate::words::reason::Reason;
use petri_objects::{Kind, Object, Pod};
use std::rc::Rc;

/// How often it is looked whether the claims are bound, counted from the moment they were asked for.
///
/// Upstream: `BindPodVolumes` polls; nothing else wakes it.
const POLL: Span = Span::seconds(1);
/// `bindTimeoutSeconds`.
const TIMEOUT: Span = Span::seconds(600);

pub fn bind(key: &Key, pod: &Rc<Pod>, attempt: &Attempt, assumed: &Assumed, api: &mut Api<'_, Memory>) -> Outcome {
    if assumed.bound {
        return Ok(Done::settled());
    }
    if !assumed.plan.is_empty() {
        let cache = api.cache();
        let Some(asked) = assumed.asked else { return ask_for_volumes(key, pod, attempt, assumed, &cache, api) };
        if let Some(at) = next_poll(asked, api.now) {
            return Ok(wait(assumed, at, api.now));
        }
        match bound_claims(key, assumed, &cache) {
            Ok(true) => {}
            Ok(false) if api.now.since(asked) < TIMEOUT => return Ok(wait(assumed, api.now + POLL, api.now)),
            Ok(false) => return pre_bind_failed("binding volumes: context deadline exceeded", key, pod, attempt, api),
            Err(why) => return pre_bind_failed(&why, key, pod, attempt, api),
        }
    }
    let request = Request::Bind { pod: key.clone(), uid: pod.metadata.uid, node: assumed.node.clone() };
    match api.call(request)? {
        Ok(_) => {}
        Err(error) if error.is_not_found() || error.is_conflict() => return give_up(key, api),
        Err(error) => {
            let why = format!("binding rejected: running Bind plugin \"DefaultBinder\": {error}");
            return failed(&why, &error, key, pod, attempt, api);
        }
    }
    let message = format!("Successfully assigned {key} to {}", assumed.node);
    api.normal(&Object::Pod(pod.clone()), "Scheduled", message);
    let stage = Stage::Assumed(Assumed { bound: true, ..assumed.clone() });
    api.memory.queue.put(key, Attempt { stage, ..attempt.clone() });
    Ok(Done::settled())
}

/// The next whole period after the claims were asked for; `None` if it is now.
fn next_poll(asked: Time, now: Time) -> Option<Time> {
    let passed = now.since(asked).0;
    (passed == 0 || !passed.is_multiple_of(POLL.0)).then(|| asked + Span((passed / POLL.0 + 1) * POLL.0))
}

fn wait(assumed: &Assumed, until: Time, now: Time) -> Done {
    let claim = assumed.plan.claims().next().cloned().unwrap_or_default();
    Done::waiting(Reason::WaitingForVolume { claim }).or_after(Some(until.since(now)))
}

/// Reserves existing volumes and tells drivers for which node to make new ones.
///
/// Upstream: `bindAPIUpdate`.
fn ask_for_volumes(
    key: &Key,
    pod: &Rc<Pod>,
    attempt: &Attempt,
    assumed: &Assumed,
    cache: &Objects,
    api: &mut Api<'_, Memory>,
) -> Outcome {
    if pod.status.nominated_node_name != assumed.node {
        let patch = Patch::NominatedNode(assumed.node.clone());
        if let Some(done) = gone(key, api.patch(key.to_ref(Kind::Pod), Some(pod.metadata.uid), patch)?, api)? {
            api.memory.index.remove_pod(key);
            return Ok(done);
        }
    }
    match reserve(key, assumed, cache, api)? {
        Ok(()) => {}
        Err(error) => {
            let why = format!("running PreBind plugin \"VolumeBinding\": {error}");
            return failed(&why, &error, key, pod, attempt, api);
        }
    }
    let stage = Stage::Assumed(Assumed { asked: Some(api.now), ..assumed.clone() });
    api.memory.queue.put(key, Attempt { stage, ..attempt.clone() });
    Ok(wait(assumed, api.now + POLL, api.now))
}

fn reserve(
    key: &Key,
    assumed: &Assumed,
    cache: &Objects,
    api: &mut Api<'_, Memory>,
) -> Result<Result<(), ApiError>, Stop> {
    for (volume, claim) in &assumed.plan.existing {
        let Some(volume) = cache.volumes.get(&Key::new("", volume.clone())) else {
            return Ok(Err(ApiError::not_found(Kind::PersistentVolume, volume.clone())));
        };
        let Some(claim) = cache.claims.get(&key.sibling(claim.clone())) else {
            return Ok(Err(ApiError::not_found(Kind::PersistentVolumeClaim, claim.clone())));
        };
        let mut reserved = (**volume).clone();
        reserved.metadata.annotations.insert(BOUND_BY_CONTROLLER, "yes");
        Rc::make_mut(&mut reserved.spec).claim_ref = Some(claim_reference(claim));
        if let Err(error) = api.update(reserved)? {
            return Ok(Err(error));
        }
    }
    for claim in &assumed.plan.provisioned {
        let Some(claim) = cache.claims.get(&key.sibling(claim.clone())) else {
            return Ok(Err(ApiError::not_found(Kind::PersistentVolumeClaim, claim.clone())));
        };
        // The whole claim is written, as the cache has it: if somebody else wrote it meanwhile, this is a conflict.
        let mut selected = (**claim).clone();
        selected.metadata.annotations.insert(SELECTED_NODE, assumed.node.clone());
        if let Err(error) = api.update(selected)? {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// Whether all claims have their volumes; an error if one of them never will.
///
/// Upstream: `checkBindings`.
fn bound_claims(key: &Key, assumed: &Assumed, cache: &Objects) -> Result<bool, String> {
    let mut all = true;
    for name in assumed.plan.claims() {
        let Some(claim) = cache.claims.get(&key.sibling(name.clone())) else {
            return Err(format!("persistentvolumeclaim \"{name}\" not found"));
        };
        if is_fully_bound(claim) {
            continue;
        }
        all = false;
        // A driver that cannot serve the node takes the annotation away.
        let selected = annotation(&claim.metadata, SELECTED_NODE).map_or("", |node| node);
        if assumed.plan.provisioned.contains(name) && *selected != *assumed.node {
            return Err(format!(
                "selectedNode annotation value \"{selected}\" not set to scheduled node \"{}\"",
                assumed.node
            ));
        }
    }
    Ok(all)
}

fn pre_bind_failed(why: &str, key: &Key, pod: &Rc<Pod>, attempt: &Attempt, api: &mut Api<'_, Memory>) -> Outcome {
    let why = format!("running PreBind plugin \"VolumeBinding\": {why}");
    let error = ApiError::Internal(why.clone().into());
    failed(&why, &error, key, pod, attempt, api)
}

/// Takes the node back and tries again after the back-off.
fn failed(
    why: &str,
    error: &ApiError,
    key: &Key,
    pod: &Rc<Pod>,
    attempt: &Attempt,
    api: &mut Api<'_, Memory>,
) -> Outcome {
    if *error == ApiError::Unreachable {
        // Nothing can be told to anybody; the same node is tried again.
        return Err(error.clone().into());
    }
    let failure = Failure {
        reason: "SchedulerError".into(),
        message: why.into(),
        refused_by: Plugins::NONE,
        nominated: None,
        victims: Vec::new(),
    };
    let (failures, stage) = (attempt.failures + 1, Stage::Failed(failure.clone()));
    let attempt = Attempt { failures, stage, ..attempt.clone() };
    let outcome = handle_failure(key, pod, &attempt, &failure, api);
    api.memory.index.remove_pod(key);
    outcome
}

fn give_up(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    api.memory.index.remove_pod(key);
    api.memory.queue.forget(key);
    Ok(Done::settled())
}
