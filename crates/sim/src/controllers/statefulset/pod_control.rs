//! Writes to the pods and claims of a set, each with its event.
//!
//! Upstream: `pkg/controller/statefulset/stateful_pod_control.go`.

use super::utils::*;
use crate::api::request::ApiError;
use crate::api::shelf::Key;
use crate::client::call::{Api, Stop};
use petri_objects::*;
use std::rc::Rc;

/// Creates the claims of a pod, then the pod, then gives the claims their owners.
///
/// # Errors
/// The API server's refusal, after an event about it; AlreadyExists is passed on without one.
pub fn create_stateful_pod(set: &Rc<StatefulSet>, pod: &Pod, api: &mut Api<'_>) -> Result<(), Stop> {
    if let Err(stop) = create_claims(set, pod, api) {
        if let Stop::Failed(error) = &stop {
            record_pod(set, "Create", &pod.metadata.name, Some(error), api);
        }
        return Err(stop);
    }
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
    let claims = live_claims(set, &created, api)?;
    update_owners_of(claims, set, &created, api).map(|_| ())
}

/// The claims of a pod that was just created. Upstream reads its cache, which has heard of them by now; ours is as old as
/// the sync. Claims that belong to nobody need no look.
fn live_claims(set: &Rc<StatefulSet>, pod: &Pod, api: &mut Api<'_>) -> Result<Vec<Rc<PersistentVolumeClaim>>, Stop> {
    let policy = set.spec.persistent_volume_claim_retention_policy.as_ref();
    let deletes = policy.is_some_and(|policy| &*policy.when_deleted == "Delete" || &*policy.when_scaled == "Delete");
    let Some(ordinal) = ordinal_of(&pod.metadata.name).filter(|_| deletes) else {
        return Ok(stored_claims(set, pod, &api.cache()));
    };
    let mut claims = Vec::new();
    for claim in claims_of(set, ordinal) {
        if let Ok(Object::PersistentVolumeClaim(claim)) = api.get(Object::from(claim).reference())? {
            claims.push(claim);
        }
    }
    Ok(claims)
}

/// Creates whatever claim of the pod is missing.
///
/// # Errors
/// If a claim cannot be created, or is being deleted.
pub fn create_claims(set: &Rc<StatefulSet>, pod: &Pod, api: &mut Api<'_>) -> Result<(), Stop> {
    let Some(ordinal) = ordinal_of(&pod.metadata.name) else { return Ok(()) };
    let cache = api.cache();
    let key = Key::of(&set.metadata);
    let mut refused = None;
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
                Ok(_) => {
                    let text = format!(
                        "Create Claim {name} Pod {} in StatefulSet {} success",
                        pod.metadata.name, set.metadata.name
                    );
                    api.normal(&Object::StatefulSet(set.clone()), "SuccessfulCreate", text);
                }
            },
        }
    }
    refused.map_or(Ok(()), |error| Err(error.into()))
}

/// Brings identity, volumes and claim owners of a stored pod in line with the set.
///
/// # Errors
/// The API server's refusal, after an event about it.
pub fn update_stateful_pod(set: &Rc<StatefulSet>, pod: &Rc<Pod>, api: &mut Api<'_>) -> Result<(), Stop> {
    let claims = stored_claims(set, pod, &api.cache());
    let owners_changed = update_owners_of(claims, set, pod, api)?;
    if let Some(ordinal) = ordinal_of(&pod.metadata.name)
        && !(identity_matches(set, pod) && storage_matches(set, pod))
    {
        let mut updated = (**pod).clone();
        update_identity(set, &mut updated, ordinal);
        if !storage_matches(set, pod) {
            update_storage(set, &mut updated, ordinal);
            create_claims(set, &updated, api)?;
        }
        match api.update(updated)? {
            Ok(_) => record_pod(set, "Update", &pod.metadata.name, None, api),
            Err(error) => {
                record_pod(set, "Update", &pod.metadata.name, Some(&error), api);
                return Err(error.into());
            }
        }
    } else if owners_changed {
        // Upstream writes the pod as well, which changes nothing, and says so.
        record_pod(set, "Update", &pod.metadata.name, None, api);
    }
    Ok(())
}

/// STS-29 to STS-32: the claims belong to whom the retention policy says.
///
/// # Errors
/// The API server's refusal.
pub fn update_claim_owners(set: &Rc<StatefulSet>, pod: &Pod, api: &mut Api<'_>) -> Result<(), Stop> {
    let claims = stored_claims(set, pod, &api.cache());
    update_owners_of(claims, set, pod, api).map(|_| ())
}

/// Whether anything had to change.
fn update_owners_of(
    claims: Vec<Rc<PersistentVolumeClaim>>,
    set: &Rc<StatefulSet>,
    pod: &Pod,
    api: &mut Api<'_>,
) -> Result<bool, Stop> {
    let mut changed = false;
    for claim in claims {
        if has_stale_owner(set, pod, &claim) {
            continue;
        }
        if has_unexpected_controller(set, pod, &claim) {
            let text = format!(
                "PersistentVolumeClaim {} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim",
                claim.metadata.name
            );
            api.warning(&Object::StatefulSet(set.clone()), "ConflictingController", text);
        }
        if let Some(wanted) = with_wanted_owner(set, pod, &claim) {
            api.update(wanted)??;
            changed = true;
        }
    }
    Ok(changed)
}

/// Asks for a pod to be deleted, with its own grace.
///
/// # Errors
/// The API server's refusal, after an event about it; a pod that is gone already is none.
pub fn delete_stateful_pod(set: &Rc<StatefulSet>, pod: &Pod, api: &mut Api<'_>) -> Result<(), Stop> {
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

fn record_pod(set: &Rc<StatefulSet>, verb: &str, pod: &str, error: Option<&ApiError>, api: &mut Api<'_>) {
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
