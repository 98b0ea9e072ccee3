//! Revisions: the templates that a DaemonSet had.
//!
//! Upstream: `pkg/controller/daemon/update.go` (`constructHistory`, `snapshot`, `cleanupHistory`).

use super::memory::Memory;
use super::pods::HASH_LABEL;
use crate::belief::api::request::Patch;
use crate::belief::client::call::{Api, Stop, expect_kind};
use crate::belief::controllers::deployment::template_hash::compute_hash;
use crate::belief::controllers::history::patch_of;
use crate::belief::controllers::ref_manager::{claim, claim_pods, pods_by_owner};
use crate::belief::controllers::util::controller_ref;
use crate::words::api_error::ApiError;
use petri_objects::order::Order as _;
use petri_objects::record::Opaque;
use petri_objects::*;
use std::rc::Rc;

type Revision = Rc<ControllerRevision>;

/// The revision of the set's template, which is made or raised where that is due, and all others.
///
/// Upstream: `constructHistory`.
pub fn construct_history(
    set: &Rc<DaemonSet>,
    owner: &Object,
    selector: &LabelSelector,
    api: &mut Api<'_, Memory>,
) -> Result<(Revision, Vec<Revision>), Stop> {
    let cache = api.cache();
    let own_and_orphans = cache
        .revisions
        .in_namespace(&set.metadata.namespace)
        .filter(|revision| revision.metadata.controller().is_none_or(|owner| owner.uid == set.metadata.uid))
        .cloned();
    let claimed = claim::<ControllerRevision, _>(owner, selector, |_| true, own_and_orphans, api)?;
    let data = patch_of(&set.spec.template);
    let text = data.to_json();
    let (mut current, mut old) = (Vec::new(), Vec::new());
    for mut revision in claimed {
        if revision.metadata.labels.get(HASH_LABEL).is_none() {
            let mut labelled = (*revision).clone();
            let name = labelled.metadata.name.clone();
            labelled.metadata.labels.insert(HASH_LABEL, name);
            revision = expect_kind(api.update(labelled)??);
        }
        if is_of(&revision, &text) { current.push(revision) } else { old.push(revision) }
    }
    let next = old.iter().map(|revision| revision.revision).max().unwrap_or(0) + 1;
    if current.is_empty() {
        return Ok((snapshot(set, owner, next, data, &text, api)?, old));
    }
    let kept = keep_one(set, owner, selector, current, api)?;
    if kept.revision < next {
        // A rollback: the old revision becomes the newest.
        api.update(ControllerRevision { revision: next, ..(*kept).clone() })??;
    }
    Ok((kept, old))
}

/// The hash by which pods and a revision know each other.
pub fn hash_of(revision: &ControllerRevision) -> Name {
    revision.metadata.labels.get(HASH_LABEL).cloned().unwrap_or_default()
}

/// Upstream: `Match`.
fn is_of(revision: &ControllerRevision, text: &str) -> bool {
    revision.data.0.as_ref().is_some_and(|data| data.to_json() == text)
}

/// Of several revisions of one template the newest stays, and all pods are said to be of it.
///
/// Upstream: `dedupCurHistories`.
fn keep_one(
    set: &Rc<DaemonSet>,
    owner: &Object,
    selector: &LabelSelector,
    mut revisions: Vec<Revision>,
    api: &mut Api<'_, Memory>,
) -> Result<Revision, Stop> {
    revisions.order_by_key(|revision| revision.revision);
    let Some(kept) = revisions.pop() else { unreachable!("one of them is of the template") };
    if revisions.is_empty() {
        return Ok(kept);
    }
    let hash = hash_of(&kept);
    let candidates = pods_by_owner(&api.cache(), &set.metadata);
    for pod in claim_pods(owner, selector, |_| true, candidates, api)? {
        if pod.metadata.labels.get(HASH_LABEL) != Some(&hash) {
            let value = Value::nested(&["metadata", "labels", HASH_LABEL], Value::String(hash.clone()));
            let target = ObjectRef::new(Kind::Pod, pod.metadata.namespace.clone(), pod.metadata.name.clone());
            api.patch(target, None, Patch::Merge { value, status: false })??;
        }
    }
    for revision in revisions {
        api.delete(reference(set, &revision.metadata.name))??;
    }
    Ok(kept)
}

fn reference(set: &DaemonSet, name: &Name) -> ObjectRef {
    ObjectRef::new(Kind::ControllerRevision, set.metadata.namespace.clone(), name.clone())
}

/// Upstream: `snapshot`.
fn snapshot(
    set: &Rc<DaemonSet>,
    owner: &Object,
    number: i64,
    data: Value,
    text: &str,
    api: &mut Api<'_, Memory>,
) -> Result<Revision, Stop> {
    let hash = compute_hash(&set.spec.template, set.status.collision_count);
    let name = Name::from(format!("{}-{hash}", set.metadata.name));
    let mut revision =
        ControllerRevision { data: Opaque(Some(Rc::new(data))), revision: number, ..ControllerRevision::default() };
    revision.metadata.name = name.clone();
    revision.metadata.namespace = set.metadata.namespace.clone();
    revision.metadata.labels = set.spec.template.metadata.labels.clone();
    revision.metadata.labels.insert(HASH_LABEL, hash);
    revision.metadata.annotations = set.metadata.annotations.clone();
    revision.metadata.owner_references = vec![controller_ref(owner)];
    let refusal = match api.create(revision)? {
        Ok(created) => return Ok(expect_kind(created)),
        Err(error) if error.is_already_exists() => error,
        Err(error) => return Err(error.into()),
    };
    let existing: Revision = expect_kind(api.get(reference(set, &name))??);
    if is_of(&existing, text) {
        return Ok(existing);
    }
    // Another template has the same hash: the next one is taken with another count.
    let fresh: Rc<DaemonSet> = expect_kind(api.get(owner.reference())??);
    if fresh.status.collision_count != set.status.collision_count {
        let message = format!(
            "found a stale collision count ({}, expected {}) of DaemonSet \"{}\" while processing; will retry until it is \
             updated",
            set.status.collision_count.unwrap_or(0),
            fresh.status.collision_count.unwrap_or(0),
            set.metadata.name
        );
        return Err(ApiError::Internal(message.into()).into());
    }
    let mut counted = (*fresh).clone();
    counted.status.collision_count = Some(counted.status.collision_count.unwrap_or(0) + 1);
    api.update_status(counted)??;
    Err(refusal.into())
}

/// Of the revisions that no pod is of, the oldest go until the limit is kept.
///
/// Upstream: `cleanupHistory`.
pub fn cleanup_history(
    set: &DaemonSet,
    pods: &[Rc<Pod>],
    mut old: Vec<Revision>,
    api: &mut Api<'_, Memory>,
) -> Result<(), Stop> {
    let limit = set.spec.revision_history_limit.unwrap_or(10).max(0) as usize;
    let surplus = old.len().saturating_sub(limit);
    old.order_by_key(|revision| revision.revision);
    let is_live = |revision: &Revision| {
        let hash = revision.metadata.labels.get(HASH_LABEL);
        pods.iter().any(|pod| pod.metadata.labels.get(HASH_LABEL) == hash)
    };
    for revision in old.iter().filter(|revision| !is_live(revision)).take(surplus) {
        api.delete(reference(set, &revision.metadata.name))??;
    }
    Ok(())
}
