//! Writes to the pods and claims of a set, each with its event.
//!
//! Upstream: `pkg/controller/statefulset/stateful_pod_control.go`.

use super::revisions::Memory;
use super::utils::*;
use crate::belief::api::shelf::Key;
use crate::belief::client::call::{Api, Stop, expect_kind};
use crate::words::api_error::ApiError;
use petri_objects::*;
use std::rc::Rc;

/// Creates the claims of a pod, then the pod, then gives the claims their owners.
///
/// # Errors
/// The API server's refusal, after an event about it; AlreadyExists is passed on without one.
pub fn create_stateful_pod(set: &Rc<StatefulSet>, pod: &Pod, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
    let fresh = match create_claims(set, pod, api) {
        Ok(fresh) => fresh,
        Err(stop) => {
            if let Stop::Failed(error) = &stop {
                record_pod(set, "Create", &pod.metadata.name, Some(error), api);
            }
            return Err(stop);
        }
    };
    let created = match api.create(pod.clone())? {
        Ok(Object::Pod(created)) => created,
        Ok(_) => return Ok(()),
        Err(error) => {
            // STS-28: a name that is still taken is retried quietly.
            if !error.is_already_exists() {
                record_pod(set, "Create", &pod.metadata.name, Some(&error), api);
            }
            return Err(error.into());
        }
    };
    record_pod(set, "Create", &pod.metadata.name, None, api);
    update_claim_owners(set, &created, &fresh, api)
}

/// Makes the claims that a pod waits for and that are gone, and gives all of its claims their owners.
///
/// # Errors
/// The API server's refusal.
///
/// Upstream: `createMissingPersistentVolumeClaims`.
pub fn create_missing_claims(set: &Rc<StatefulSet>, pod: &Pod, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
    let fresh = create_claims(set, pod, api)?;
    update_claim_owners(set, pod, &fresh, api)
}

/// Creates whatever claim of the pod is missing. The answer is what was created: by the time their owners are set, the
/// real controller's cache has seen the new claims, ours has not.
///
/// # Errors
/// If a claim cannot be created, or is being deleted.
fn create_claims(
    set: &Rc<StatefulSet>,
    pod: &Pod,
    api: &mut Api<'_, Memory>,
) -> Result<Vec<Rc<PersistentVolumeClaim>>, Stop> {
    let Some(ordinal) = ordinal_of(&pod.metadata.name) else { return Ok(Vec::new()) };
    let cache = api.cache();
    let key = Key::of(&set.metadata);
    let mut refused = None;
    let mut fresh = Vec::new();
    for claim in claims_of(set, ordinal) {
        let name = claim.metadata.name.clone();
        match cache.claims.get(&key.sibling(name.clone())) {
            Some(stored) if stored.metadata.is_terminating() => {
                refused = refused.or(Some(ApiError::Internal(format!("pvc {name} is being deleted").into())));
            }
            Some(_) => {}
            None => match api.create(claim)? {
                Err(error) if !error.is_already_exists() => {
                    let text = format!(
                        "Create Claim {name} for Pod {} in StatefulSet {} failed error: {error}",
                        pod.metadata.name, set.metadata.name
                    );
                    api.warning(&Object::StatefulSet(set.clone()), "FailedCreate", text);
                    let text = format!("failed to create PVC {name}: {error}");
                    refused = refused.or(Some(ApiError::Internal(text.into())));
                }
                Err(_) => {}
                Ok(created) => {
                    fresh.push(expect_kind(created));
                    let text = format!(
                        "Create Claim {name} Pod {} in StatefulSet {} success",
                        pod.metadata.name, set.metadata.name
                    );
                    api.normal(&Object::StatefulSet(set.clone()), "SuccessfulCreate", text);
                }
            },
        }
    }
    refused.map_or(Ok(fresh), |error| Err(error.into()))
}

/// Brings identity, volumes and claim owners of a stored pod in line with the set. A lost race is tried again on the
/// live pod. Claims that get other owners make the pod count as updated, although nothing of it changes.
///
/// # Errors
/// The API server's refusal, after an event about it.
///
/// Upstream: `UpdateStatefulPod`.
pub fn update_stateful_pod(set: &Rc<StatefulSet>, pod: &Rc<Pod>, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
    let name = pod.metadata.name.clone();
    let Some(ordinal) = ordinal_of(&name) else { return Ok(()) };
    let mut current = pod.clone();
    let mut refused = None;
    for _ in 0..UPDATE_TRIES {
        // Most pods of most syncs: a look at each is all that a long set may cost.
        if is_in_line(set, &current, api) {
            return Ok(());
        }
        let mut updated = (*current).clone();
        update_identity(set, &mut updated, ordinal);
        let outcome = bring_claims_in_line(set, &current, &mut updated, ordinal, api);
        if let Err(Stop::Failed(error)) = &outcome {
            record_pod(set, "Update", &name, Some(error), api);
        }
        outcome?;
        match api.update(updated)? {
            Ok(_) => {
                record_pod(set, "Update", &name, None, api);
                return Ok(());
            }
            Err(error) if error.is_conflict() => {
                let target = ObjectRef::new(Kind::Pod, pod.metadata.namespace.clone(), name.clone());
                if let Ok(live) = api.get(target)? {
                    current = expect_kind(live);
                }
                refused = Some(error);
            }
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    let error = refused.expect("whoever leaves the loop was refused");
    record_pod(set, "Update", &name, Some(&error), api);
    Err(error.into())
}

/// The tries of upstream's default back-off.
const UPDATE_TRIES: u32 = 4;

/// Whether there is nothing to update.
fn is_in_line(set: &StatefulSet, pod: &Pod, api: &Api<'_, Memory>) -> bool {
    identity_matches(set, pod) && storage_matches(set, pod) && claims_match_retention_policy(set, pod, &[], api)
}

fn bring_claims_in_line(
    set: &Rc<StatefulSet>,
    current: &Pod,
    updated: &mut Pod,
    ordinal: i32,
    api: &mut Api<'_, Memory>,
) -> Result<(), Stop> {
    let mut fresh = Vec::new();
    if !storage_matches(set, current) {
        update_storage(set, updated, ordinal);
        fresh = create_claims(set, updated, api)?;
    }
    if !claims_match_retention_policy(set, current, &fresh, api) {
        update_claim_owners(set, current, &fresh, api)?;
    }
    Ok(())
}

/// Gives the claims of a pod that has no place any more their owners.
///
/// # Errors
/// The API server's refusal.
///
/// Upstream: `fixPodClaim`.
pub fn fix_pod_claim(set: &Rc<StatefulSet>, pod: &Pod, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
    if claims_match_retention_policy(set, pod, &[], api) {
        return Ok(());
    }
    update_claim_owners(set, pod, &[], api)
}

/// Upstream: `ClaimsMatchRetentionPolicy`.
fn claims_match_retention_policy(
    set: &StatefulSet,
    pod: &Pod,
    fresh: &[Rc<PersistentVolumeClaim>],
    api: &Api<'_, Memory>,
) -> bool {
    let cache = api.cache();
    stored_claims(set, pod, &cache)
        .iter()
        .chain(fresh)
        .all(|claim| has_stale_owner(set, pod, claim) || with_wanted_owner(set, pod, claim).is_none())
}

/// STS-29 to STS-32: the claims belong to whom the retention policy says.
///
/// # Errors
/// The API server's refusal.
///
/// Upstream: `UpdatePodClaimForRetentionPolicy`.
fn update_claim_owners(
    set: &Rc<StatefulSet>,
    pod: &Pod,
    fresh: &[Rc<PersistentVolumeClaim>],
    api: &mut Api<'_, Memory>,
) -> Result<(), Stop> {
    let cache = api.cache();
    for claim in stored_claims(set, pod, &cache).iter().chain(fresh) {
        if has_stale_owner(set, pod, claim) {
            continue;
        }
        if has_unexpected_controller(set, pod, claim) {
            let text = format!(
                "PersistentVolumeClaim {} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim",
                claim.metadata.name
            );
            api.warning(&Object::StatefulSet(set.clone()), "ConflictingController", text);
        }
        if let Some(wanted) = with_wanted_owner(set, pod, claim) {
            api.update(wanted)??;
        }
    }
    Ok(())
}

/// Asks for a pod to be deleted, with its own grace.
///
/// # Errors
/// The API server's refusal, after an event about it; a pod that is gone already is none.
pub fn delete_stateful_pod(set: &Rc<StatefulSet>, pod: &Pod, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
    let target = ObjectRef::new(Kind::Pod, pod.metadata.namespace.clone(), pod.metadata.name.clone());
    match api.delete(target)? {
        Err(error) if !error.is_not_found() => {
            record_pod(set, "Delete", &pod.metadata.name, Some(&error), api);
            Err(error.into())
        }
        _ => {
            record_pod(set, "Delete", &pod.metadata.name, None, api);
            Ok(())
        }
    }
}

fn record_pod(set: &Rc<StatefulSet>, verb: &str, pod: &str, error: Option<&ApiError>, api: &mut Api<'_, Memory>) {
    let about = Object::StatefulSet(set.clone());
    let name = &set.metadata.name;
    match error {
        None => {
            let text = format!("{verb} Pod {pod} in StatefulSet {name} successful");
            api.normal(&about, &format!("Successful{verb}"), text);
        }
        Some(error) => {
            let text = format!("{verb} Pod {pod} in StatefulSet {name} failed error: {error}");
            api.warning(&about, &format!("Failed{verb}"), text);
        }
    }
}
