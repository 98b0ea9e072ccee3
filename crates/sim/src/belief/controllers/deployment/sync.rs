//! Finding or making the ReplicaSet of the current template, its number, and the end of old ones.
//!
//! Upstream: `pkg/controller/deployment/sync.go`.

use super::scale::scale;
use super::status::{new_condition, sync_deployment_status};
use super::template_hash::compute_hash;
use super::util::*;
use crate::belief::api::shelf::Key;
use crate::belief::client::call::{Api, Stop, expect_kind};
use crate::belief::controllers::util::{controller_ref, is_namespace_terminating, set_condition};
use crate::words::api_error::ApiError;
use petri_objects::order::Order as _;
use petri_objects::*;
use std::rc::Rc;

/// The ReplicaSet of the current template, if there is one, and all others.
pub struct Sets {
    pub new: Option<Rc<ReplicaSet>>,
    pub old: Vec<Rc<ReplicaSet>>,
}

impl Sets {
    /// The old ones, then the new one.
    pub fn all(&self) -> Vec<Rc<ReplicaSet>> {
        self.old.iter().chain(&self.new).cloned().collect()
    }
}

/// Only the status, for a Deployment that is being deleted.
///
/// # Errors
/// What the API server refuses.
///
/// Upstream: `syncStatusOnly`.
pub fn sync_status_only(deployment: &mut Deployment, sets: &[Rc<ReplicaSet>], api: &mut Api<'_>) -> Result<(), Stop> {
    let sets = replica_sets_and_revision(deployment, sets, false, api)?;
    sync_deployment_status(deployment, &sets.all(), sets.new.as_deref(), api)
}

/// Scaling without a rollout: for a paused Deployment, and after its number of replicas was changed.
///
/// # Errors
/// What the API server refuses.
///
/// Upstream: `sync`.
pub fn sync(deployment: &mut Deployment, sets: &[Rc<ReplicaSet>], api: &mut Api<'_>) -> Result<(), Stop> {
    let sets = replica_sets_and_revision(deployment, sets, false, api)?;
    scale(deployment, &sets, api)?;
    if deployment.spec.paused && rollback_to(deployment).is_none() {
        clean_up(deployment, &sets.old, api)?;
    }
    sync_deployment_status(deployment, &sets.all(), sets.new.as_deref(), api)
}

/// Splits the ReplicaSets in the new one and the old ones, and numbers the new one. If there is none and `create` is
/// set, it is created.
///
/// # Errors
/// What the API server refuses.
///
/// Upstream: `getAllReplicaSetsAndSyncRevision`.
pub fn replica_sets_and_revision(
    deployment: &mut Deployment,
    sets: &[Rc<ReplicaSet>],
    create: bool,
    api: &mut Api<'_>,
) -> Result<Sets, Stop> {
    let existing = find_new_replica_set(deployment, sets);
    let is_new = |set: &Rc<ReplicaSet>| existing.as_ref().is_some_and(|new| new.metadata.uid == set.metadata.uid);
    let old: Vec<Rc<ReplicaSet>> = sets.iter().filter(|set| !is_new(set)).cloned().collect();
    let revision = max_revision(&old) + 1;
    let new = match existing {
        Some(existing) => Some(number_existing(deployment, &existing, revision, api)?),
        None if create => Some(create_replica_set(deployment, &old, revision, api)?),
        None => None,
    };
    Ok(Sets { new, old })
}

/// The first half of upstream's `getNewReplicaSet`.
fn number_existing(
    deployment: &mut Deployment,
    existing: &Rc<ReplicaSet>,
    new_revision: i64,
    api: &mut Api<'_>,
) -> Result<Rc<ReplicaSet>, Stop> {
    let mut set = (**existing).clone();
    let changed = set_new_replica_set_annotations(deployment, &mut set, new_revision, true);
    if changed || set.spec.min_ready_seconds != deployment.spec.min_ready_seconds {
        Rc::make_mut(&mut set.spec).min_ready_seconds = deployment.spec.min_ready_seconds;
        return Ok(expect_kind(api.update(set)??));
    }
    let number = set.metadata.annotations.get(REVISION).cloned().unwrap_or_default();
    let mut needs_update = set_deployment_revision(deployment, number);
    let unheard_of = condition(&deployment.status.conditions, "Progressing").is_none();
    if progress_deadline_seconds(deployment).is_some() && unheard_of {
        let message = format!("Found new replica set \"{}\"", set.metadata.name);
        let found = new_condition("Progressing", "True", "FoundNewReplicaSet", message, api.now);
        set_condition(&mut deployment.status.conditions, found);
        needs_update = true;
    }
    if needs_update {
        api.update_status(deployment.clone())??;
    }
    Ok(existing.clone())
}

/// The second half of upstream's `getNewReplicaSet`.
fn create_replica_set(
    deployment: &mut Deployment,
    old: &[Rc<ReplicaSet>],
    new_revision: i64,
    api: &mut Api<'_>,
) -> Result<Rc<ReplicaSet>, Stop> {
    let wanted = replica_set_of(deployment, old, new_revision);
    let (name, replicas) = (wanted.metadata.name.clone(), wanted.replicas());
    let (created, is_fresh) = match api.create(wanted)? {
        Ok(created) => (expect_kind::<ReplicaSet>(created), true),
        Err(error) if error.is_already_exists() => (take_or_count_collision(deployment, &name, error, api)?, false),
        Err(error) => {
            if !is_namespace_terminating(&error) {
                report_create_failure(deployment, &name, &error, api)?;
            }
            return Err(Stop::Failed(error));
        }
    };
    let about = Object::from(deployment.clone());
    if is_fresh && replicas > 0 {
        api.normal(&about, "ScalingReplicaSet", format!("Scaled up replica set {name} from 0 to {replicas}"));
    }
    let mut needs_update = set_deployment_revision(deployment, new_revision.to_string().into());
    if is_fresh && progress_deadline_seconds(deployment).is_some() {
        let message = format!("Created new replica set \"{name}\"");
        let condition = new_condition("Progressing", "True", "NewReplicaSetCreated", message, api.now);
        set_condition(&mut deployment.status.conditions, condition);
        needs_update = true;
    }
    if needs_update {
        api.update_status(deployment.clone())??;
    }
    Ok(created)
}

fn replica_set_of(deployment: &Deployment, old: &[Rc<ReplicaSet>], new_revision: i64) -> ReplicaSet {
    let mut template = deployment.spec.template.clone();
    let hash: Name = compute_hash(&template, deployment.status.collision_count).into();
    template.metadata.labels.insert(HASH_LABEL, hash.clone());
    let mut selector = deployment.spec.selector.clone().unwrap_or_default();
    selector.match_labels.insert(HASH_LABEL, hash.clone());
    let mut set = ReplicaSet {
        metadata: Meta {
            name: replica_set_name(&deployment.metadata.name, &hash),
            namespace: deployment.metadata.namespace.clone(),
            labels: template.metadata.labels.clone(),
            owner_references: vec![controller_ref(&Object::from(deployment.clone()))],
            ..Meta::default()
        },
        spec: Rc::new(ReplicaSetSpec {
            replicas: Some(0),
            min_ready_seconds: deployment.spec.min_ready_seconds,
            selector: Some(selector),
            template,
        }),
        ..ReplicaSet::default()
    };
    let replicas = new_replica_set_size(deployment, old, &set);
    Rc::make_mut(&mut set.spec).replicas = Some(replicas);
    set_new_replica_set_annotations(deployment, &mut set, new_revision, false);
    set
}

/// A ReplicaSet of that name is there although the cache did not offer it: it is ours from a sync that was cut short,
/// or two templates have the same hash, and the next try uses another.
fn take_or_count_collision(
    deployment: &mut Deployment,
    name: &Name,
    error: ApiError,
    api: &mut Api<'_>,
) -> Result<Rc<ReplicaSet>, Stop> {
    let key = Key::new(deployment.metadata.namespace.clone(), name.clone());
    let Some(there) = api.cache().replica_sets.get(&key).cloned() else {
        return Err(Stop::Failed(ApiError::not_found(Kind::ReplicaSet, name.clone())));
    };
    let same_owner = there.metadata.is_controlled_by(deployment.metadata.uid);
    if same_owner && equal_ignore_hash(&there.spec.template, &deployment.spec.template) {
        return Ok(there);
    }
    let collisions = deployment.status.collision_count.unwrap_or(0) + 1;
    deployment.status.collision_count = Some(collisions);
    // Whether this is stored or not: the sync ends with the collision, and is tried again.
    let _ = api.update_status(deployment.clone())?;
    Err(Stop::Failed(error))
}

fn report_create_failure(
    deployment: &mut Deployment,
    name: &Name,
    error: &ApiError,
    api: &mut Api<'_>,
) -> Result<(), Stop> {
    let message: Name = format!("Failed to create new replica set \"{name}\": {error}").into();
    if progress_deadline_seconds(deployment).is_some() {
        let failed = new_condition("Progressing", "False", "ReplicaSetCreateError", message.clone(), api.now);
        set_condition(&mut deployment.status.conditions, failed);
        // The creation's error is the one that counts.
        let _ = api.update_status(deployment.clone())?;
    }
    api.warning(&Object::from(deployment.clone()), "ReplicaSetCreateError", message);
    Ok(())
}

/// Upstream: `SetDeploymentRevision`.
fn set_deployment_revision(deployment: &mut Deployment, revision: Name) -> bool {
    if deployment.metadata.annotations.get(REVISION) == Some(&revision) {
        return false;
    }
    deployment.metadata.annotations.insert(REVISION, revision);
    true
}

/// Deletes the oldest of the ReplicaSets that are kept for going back, beyond `revisionHistoryLimit`.
///
/// # Errors
/// The first refusal.
///
/// Upstream: `cleanupDeployment`.
pub fn clean_up(deployment: &Deployment, old: &[Rc<ReplicaSet>], api: &mut Api<'_>) -> Result<(), Stop> {
    let Some(limit) = deployment.spec.revision_history_limit.filter(|limit| *limit != i32::MAX) else {
        return Ok(());
    };
    let mut candidates: Vec<&Rc<ReplicaSet>> = old.iter().filter(|set| !set.metadata.is_terminating()).collect();
    let surplus = candidates.len().saturating_sub(limit.max(0) as usize);
    candidates.order_by(|a, b| {
        let number = |set: &ReplicaSet| revision(&set.metadata).unwrap_or(0);
        number(a).cmp(&number(b)).then_with(|| by_creation(a, b))
    });
    for set in candidates.into_iter().take(surplus) {
        let unobserved = set.metadata.generation > set.status.observed_generation;
        if set.status.replicas != 0 || set.replicas() != 0 || unobserved {
            continue;
        }
        match api.delete(Key::of(&set.metadata).to_ref(Kind::ReplicaSet))? {
            Err(error) if !error.is_not_found() => return Err(Stop::Failed(error)),
            _ => {}
        }
    }
    Ok(())
}
