//! The arithmetic of rollouts, and what Deployments write on their ReplicaSets.
//!
//! Upstream: `pkg/controller/deployment/util/deployment_util.go`.

use petri_objects::order::Order as _;
use petri_objects::*;
use std::rc::Rc;

pub const HASH_LABEL: &str = "pod-template-hash";
pub const REVISION: &str = "deployment.kubernetes.io/revision";
pub const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
pub const DESIRED_REPLICAS: &str = "deployment.kubernetes.io/desired-replicas";
pub const MAX_REPLICAS: &str = "deployment.kubernetes.io/max-replicas";
pub const ROLLBACK_TO: &str = "deprecated.deployment.rollback.to";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The longest list of past revisions that a ReplicaSet carries, in bytes.
const REVISION_HISTORY_LIMIT: usize = 2_000;

pub fn is_rolling_update(deployment: &Deployment) -> bool {
    &*deployment.spec.strategy.kind != "Recreate"
}

/// Upstream: `HasProgressDeadline`: the largest number stands for none.
pub fn progress_deadline_seconds(deployment: &Deployment) -> Option<i32> {
    deployment.spec.progress_deadline_seconds.filter(|seconds| *seconds != i32::MAX)
}

/// How many pods more and how many fewer than `desired` a rollout may have. Surge rounds up, unavailable rounds down;
/// if both come to nothing, one pod may be missing, or nothing could ever move.
///
/// Upstream: `ResolveFenceposts`.
pub fn resolve_fenceposts(
    max_surge: Option<&IntOrString>,
    max_unavailable: Option<&IntOrString>,
    desired: i32,
) -> (i32, i32) {
    let surge = max_surge.and_then(|value| value.scaled(desired, true)).unwrap_or(0);
    let unavailable = max_unavailable.and_then(|value| value.scaled(desired, false)).unwrap_or(0);
    if surge == 0 && unavailable == 0 { (0, 1) } else { (surge, unavailable) }
}

fn fenceposts(deployment: &Deployment) -> (i32, i32) {
    let rolling = deployment.spec.strategy.rolling_update.as_ref();
    resolve_fenceposts(
        rolling.and_then(|r| r.max_surge.as_ref()),
        rolling.and_then(|r| r.max_unavailable.as_ref()),
        deployment.replicas(),
    )
}

/// Upstream: `MaxSurge`.
pub fn max_surge(deployment: &Deployment) -> i32 {
    if is_rolling_update(deployment) { fenceposts(deployment).0 } else { 0 }
}

/// Upstream: `MaxUnavailable`.
pub fn max_unavailable(deployment: &Deployment) -> i32 {
    if !is_rolling_update(deployment) || deployment.replicas() == 0 {
        return 0;
    }
    fenceposts(deployment).1.min(deployment.replicas())
}

/// How large the new ReplicaSet may be now. `sets` are all of them, the new one included.
///
/// Upstream: `NewRSNewReplicas`.
pub fn new_replica_set_size(deployment: &Deployment, sets: &[Rc<ReplicaSet>], new: &ReplicaSet) -> i32 {
    if !is_rolling_update(deployment) {
        return deployment.replicas();
    }
    let (total, limit) = (spec_replicas(sets), deployment.replicas() + max_surge(deployment));
    if total >= limit {
        return new.replicas();
    }
    new.replicas() + (limit - total).min(deployment.replicas() - new.replicas())
}

/// Upstream: `GetReplicaCountForReplicaSets`.
pub fn spec_replicas(sets: &[Rc<ReplicaSet>]) -> i32 {
    sets.iter().map(|set| set.replicas()).sum()
}

/// Upstream: `GetAvailableReplicaCountForReplicaSets`.
pub fn available_replicas(sets: &[Rc<ReplicaSet>]) -> i32 {
    sets.iter().map(|set| set.status.available_replicas).sum()
}

/// Upstream: `FilterActiveReplicaSets`.
pub fn active(sets: &[Rc<ReplicaSet>]) -> Vec<Rc<ReplicaSet>> {
    sets.iter().filter(|set| set.replicas() > 0).cloned().collect()
}

/// Oldest first, then by name.
///
/// Upstream: `ReplicaSetsByCreationTimestamp`.
pub fn sort_by_creation(sets: &mut Vec<Rc<ReplicaSet>>) {
    sets.order_by(|a, b| by_creation(a, b));
}

pub fn by_creation(a: &ReplicaSet, b: &ReplicaSet) -> std::cmp::Ordering {
    let key = |set: &ReplicaSet| (set.metadata.creation_timestamp, set.metadata.name.clone());
    key(a).cmp(&key(b))
}

/// Upstream: `EqualIgnoreHash`.
pub fn equal_ignore_hash(a: &PodTemplateSpec, b: &PodTemplateSpec) -> bool {
    let without_hash = |template: &PodTemplateSpec| {
        let mut metadata = template.metadata.clone();
        metadata.labels.remove(HASH_LABEL);
        metadata
    };
    a.spec == b.spec && without_hash(a) == without_hash(b)
}

/// The oldest ReplicaSet that has the Deployment's template.
///
/// Upstream: `FindNewReplicaSet`.
pub fn find_new_replica_set(deployment: &Deployment, sets: &[Rc<ReplicaSet>]) -> Option<Rc<ReplicaSet>> {
    sets.iter()
        .filter(|set| equal_ignore_hash(&set.spec.template, &deployment.spec.template))
        .min_by(|a, b| by_creation(a, b))
        .cloned()
}

/// `<deployment>-<hash>`; a long name gives way to the hash.
///
/// Upstream: `generateReplicaSetName`.
pub fn replica_set_name(deployment: &str, hash: &str) -> Name {
    let kept: String = deployment.chars().take(253 - 1 - hash.len()).collect();
    format!("{kept}-{hash}").into()
}

/// The number in the revision annotation; 0 without one, `None` if it is no number.
///
/// Upstream: `Revision`.
pub fn revision(metadata: &Meta) -> Option<i64> {
    metadata.annotations.get(REVISION).map_or(Some(0), |text| text.parse().ok())
}

/// Upstream: `MaxRevision`.
pub fn max_revision(sets: &[Rc<ReplicaSet>]) -> i64 {
    sets.iter().filter_map(|set| revision(&set.metadata)).fold(0, i64::max)
}

/// Upstream: `LastRevision`: the second highest.
pub fn last_revision(sets: &[Rc<ReplicaSet>]) -> i64 {
    let mut revisions: Vec<i64> = sets.iter().filter_map(|set| revision(&set.metadata)).collect();
    revisions.order();
    revisions.dedup();
    revisions.iter().rev().nth(1).copied().unwrap_or(0)
}

/// The revision that the deprecated annotation asks to go back to; 0 is the one before.
///
/// Upstream: `getRollbackTo`.
pub fn rollback_to(deployment: &Deployment) -> Option<i64> {
    deployment.metadata.annotations.get(ROLLBACK_TO)?.parse().ok()
}

/// Whether an annotation stays where it is when annotations are copied between a Deployment and its ReplicaSets.
///
/// Upstream: `skipCopyAnnotation`.
pub fn is_own_annotation(key: &str) -> bool {
    matches!(key, LAST_APPLIED | REVISION | REVISION_HISTORY | DESIRED_REPLICAS | MAX_REPLICAS | ROLLBACK_TO)
}

/// Brings a ReplicaSet's annotations up to date with its Deployment's; answers whether anything changed. A number that
/// is replaced goes to the end of the list of past numbers.
///
/// Upstream: `SetNewReplicaSetAnnotations`.
pub fn set_new_replica_set_annotations(
    deployment: &Deployment,
    set: &mut ReplicaSet,
    new_revision: i64,
    exists: bool,
) -> bool {
    let mut changed = false;
    for (key, value) in deployment.metadata.annotations.iter() {
        if !is_own_annotation(key) && set.metadata.annotations.get(key) != Some(value) {
            set.metadata.annotations.insert(key.clone(), value.clone());
            changed = true;
        }
    }
    let old_text = set.metadata.annotations.get(REVISION).cloned();
    let Some(old_revision) = revision(&set.metadata) else { return false };
    if old_revision < new_revision {
        set.metadata.annotations.insert(REVISION, new_revision.to_string());
        changed = true;
        if let Some(old_text) = old_text.filter(|text| !text.is_empty()) {
            let history = set.metadata.annotations.get(REVISION_HISTORY).cloned().unwrap_or_default();
            if let Some(history) = append_to_history(&history, &old_text) {
                set.metadata.annotations.insert(REVISION_HISTORY, history);
            }
        }
    }
    if !exists && set_replicas_annotations(deployment, set) {
        changed = true;
    }
    changed
}

/// Drops the oldest numbers if the list gets too long.
fn append_to_history(history: &str, revision: &str) -> Option<String> {
    if history.is_empty() {
        return Some(revision.to_owned());
    }
    let mut kept: Vec<&str> = history.split(',').collect();
    let length = |kept: &[&str]| kept.iter().map(|r| r.len() + 1).sum::<usize>() + revision.len();
    while length(&kept) > REVISION_HISTORY_LIMIT && !kept.is_empty() {
        kept.remove(0);
    }
    kept.push(revision);
    (length(&kept[..kept.len() - 1]) <= REVISION_HISTORY_LIMIT).then(|| kept.join(","))
}

/// Writes what the Deployment wanted when it last scaled this ReplicaSet; answers whether anything changed.
///
/// Upstream: `SetReplicasAnnotations`.
pub fn set_replicas_annotations(deployment: &Deployment, set: &mut ReplicaSet) -> bool {
    let desired = deployment.replicas();
    let mut changed = false;
    for (key, number) in [(DESIRED_REPLICAS, desired), (MAX_REPLICAS, desired + max_surge(deployment))] {
        let text: Name = number.to_string().into();
        if set.metadata.annotations.get(key) != Some(&text) {
            set.metadata.annotations.insert(key, text);
            changed = true;
        }
    }
    changed
}

/// Upstream: `GetDesiredReplicasAnnotation`.
pub fn desired_replicas(set: &ReplicaSet) -> Option<i32> {
    set.metadata.annotations.get(DESIRED_REPLICAS)?.parse().ok().filter(|count| *count >= 0)
}

/// Whether all pods are of the new template, available, and no others are left.
///
/// Upstream: `DeploymentComplete`.
pub fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let wanted = deployment.replicas();
    status.updated_replicas == wanted
        && status.replicas == wanted
        && status.available_replicas == wanted
        && status.observed_generation >= deployment.metadata.generation
}

/// How much this ReplicaSet grows or shrinks when the Deployment is scaled in the middle of a rollout: in proportion to
/// its size, and no more than what is left to be shared out.
///
/// Upstream: `GetReplicaSetProportion`.
pub fn proportion(deployment: &Deployment, set: &ReplicaSet, to_add: i32, added: i32) -> i32 {
    if set.replicas() == 0 || to_add == 0 || to_add == added {
        return 0;
    }
    let (fraction, allowed) = (fraction(deployment, set), to_add - added);
    if to_add > 0 { fraction.min(allowed) } else { fraction.max(allowed) }
}

/// Upstream: `getReplicaSetFraction`.
fn fraction(deployment: &Deployment, set: &ReplicaSet) -> i32 {
    if deployment.replicas() == 0 {
        return -set.replicas();
    }
    let after = i64::from(deployment.replicas() + max_surge(deployment));
    let annotated = set.metadata.annotations.get(MAX_REPLICAS).and_then(|text| text.parse::<i64>().ok());
    let before = annotated.filter(|n| *n != 0).unwrap_or(i64::from(deployment.status.replicas));
    if before <= 0 {
        return 0;
    }
    // Rounded half away from zero; both factors are positive.
    let scaled = (2 * i64::from(set.replicas()) * after + before) / (2 * before);
    i32::try_from(scaled).unwrap_or(i32::MAX) - set.replicas()
}
