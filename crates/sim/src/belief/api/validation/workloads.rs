//! StatefulSets, ReplicaSets, Deployments, budgets, revisions.
//!
//! Upstream: `pkg/apis/apps/validation`, `pkg/apis/policy/validation`.

use super::field::{Errors, Path};
use super::format;
use super::names::{annotations, at_most_hundred_percent, dns_label, labels, positive_or_percent};
use super::pod;
use super::selector::label_selector;
use super::storage;
use petri_objects::*;

pub(super) fn stateful_set_spec(errors: &mut Errors, spec: &StatefulSetSpec, path: &Path<'_>) {
    let policy = path.key("podManagementPolicy");
    match &*spec.pod_management_policy {
        "" => errors.required(&policy, ""),
        "OrderedReady" | "Parallel" => {}
        other => errors.invalid(&policy, format::text(other), "must be 'OrderedReady' or 'Parallel'"),
    }
    stateful_set_strategy(errors, &spec.update_strategy, &path.key("updateStrategy"));
    if let Some(retention) = &spec.persistent_volume_claim_retention_policy {
        let path = path.key("persistentVolumeClaimRetentionPolicy");
        errors.one_of(&path.key("whenDeleted"), &retention.when_deleted, &["Retain", "Delete"]);
        errors.one_of(&path.key("whenScaled"), &retention.when_scaled, &["Retain", "Delete"]);
    }
    errors.not_negative(&path.key("replicas"), i64::from(spec.replicas.unwrap_or(1)));
    errors.not_negative(&path.key("minReadySeconds"), i64::from(spec.min_ready_seconds));
    if let Some(ordinals) = &spec.ordinals {
        errors.not_negative(&path.key("ordinals").key("start"), i64::from(ordinals.start));
    }
    selector(errors, spec.selector.as_ref(), "statefulset", "", path);
    let template = path.key("template");
    template_matches(errors, spec.selector.as_ref(), &spec.template, &template);
    pod_template(errors, &spec.template, &template, &spec.volume_claim_templates);
    always_restarts(errors, &spec.template, "StatefulSet", &template);
    let claims = path.key("volumeClaimTemplates");
    for (i, claim) in spec.volume_claim_templates.iter().enumerate() {
        let path = claims.index(i);
        storage::claim_spec(errors, &claim.spec, &path.key("spec"));
    }
    if !spec.service_name.is_empty() {
        dns_label(errors, &path.key("serviceName"), &spec.service_name);
    }
}

fn stateful_set_strategy(errors: &mut Errors, strategy: &StatefulSetUpdateStrategy, path: &Path<'_>) {
    let rolling_json = |rolling: &RollingUpdateStatefulSetStrategy| {
        format!(
            r#"{{"Partition":{},"MaxUnavailable":{}}}"#,
            rolling.partition.unwrap_or(0),
            format::int_or_string(rolling.max_unavailable.as_ref())
        )
    };
    let rolling_path = path.key("rollingUpdate");
    match (&*strategy.kind, &strategy.rolling_update) {
        ("", _) => errors.required(path, ""),
        ("OnDelete", Some(rolling)) => {
            errors.invalid(&rolling_path, rolling_json(rolling), "only allowed for updateStrategy 'RollingUpdate'");
        }
        ("RollingUpdate", Some(rolling)) => {
            let partition = i64::from(rolling.partition.unwrap_or(0));
            errors.not_negative(&rolling_path.key("partition"), partition);
            if let Some(value) = &rolling.max_unavailable {
                let path = rolling_path.key("maxUnavailable");
                positive_or_percent(errors, &path, value);
                if value.scaled(100, true) == Some(0) {
                    errors.invalid(&path, format::int_or_string(Some(value)), "cannot be 0");
                }
                at_most_hundred_percent(errors, &path, value);
            }
        }
        ("OnDelete" | "RollingUpdate", None) => {}
        (other, rolling) => {
            let value = format!(
                r#"{{"Type":{},"RollingUpdate":{}}}"#,
                format::json_text(other),
                rolling.as_ref().map_or("null".into(), rolling_json)
            );
            errors.invalid(path, value, "must be 'RollingUpdate' or 'OnDelete'");
        }
    }
}

pub(super) fn stateful_set_update(errors: &mut Errors, new: &StatefulSetSpec, old: &StatefulSetSpec, path: &Path<'_>) {
    let frozen = new.service_name == old.service_name
        && new.selector == old.selector
        && new.pod_management_policy == old.pod_management_policy
        && same_claims(&new.volume_claim_templates, &old.volume_claim_templates);
    if !frozen {
        let detail = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
        errors.forbidden(path, detail);
    }
}

/// Amounts are compared as amounts: `1Gi` and `1024Mi` are no change.
fn same_claims(new: &[PersistentVolumeClaim], old: &[PersistentVolumeClaim]) -> bool {
    new.len() == old.len()
        && new.iter().zip(old).all(|(new, old)| {
            new == old || {
                let mut spec = PersistentVolumeClaimSpec::clone(&new.spec);
                for (name, amount) in &mut spec.resources.requests {
                    let before = old.spec.resources.requests.get(name);
                    if let Some(before) = before.filter(|before| before.millis() == amount.millis()) {
                        *amount = before.clone();
                    }
                }
                new.metadata == old.metadata && new.status == old.status && spec == *old.spec
            }
        })
}

pub(super) fn replica_set_spec(errors: &mut Errors, spec: &ReplicaSetSpec, path: &Path<'_>) {
    errors.not_negative(&path.key("replicas"), i64::from(spec.replicas.unwrap_or(1)));
    errors.not_negative(&path.key("minReadySeconds"), i64::from(spec.min_ready_seconds));
    selector(errors, spec.selector.as_ref(), "replicaset", "invalid label selector", path);
    let template = path.key("template");
    template_matches(errors, spec.selector.as_ref(), &spec.template, &template);
    pod_template(errors, &spec.template, &template, &[]);
    always_restarts(errors, &spec.template, "ReplicaSet", &template);
}

pub(super) fn deployment_spec(errors: &mut Errors, spec: &DeploymentSpec, path: &Path<'_>) {
    errors.not_negative(&path.key("replicas"), i64::from(spec.replicas.unwrap_or(1)));
    selector(errors, spec.selector.as_ref(), "deployment", "invalid label selector", path);
    let template = path.key("template");
    template_matches(errors, spec.selector.as_ref(), &spec.template, &template);
    pod_template(errors, &spec.template, &template, &[]);
    // A Deployment's template is checked as that of the ReplicaSet that it becomes.
    always_restarts(errors, &spec.template, "ReplicaSet", &template);
    deployment_strategy(errors, &spec.strategy, &path.key("strategy"));
    errors.not_negative(&path.key("minReadySeconds"), i64::from(spec.min_ready_seconds));
    errors.not_negative(&path.key("revisionHistoryLimit"), i64::from(spec.revision_history_limit.unwrap_or(10)));
    if let Some(deadline) = spec.progress_deadline_seconds {
        let path = path.key("progressDeadlineSeconds");
        errors.not_negative(&path, i64::from(deadline));
        if deadline <= spec.min_ready_seconds {
            errors.invalid(&path, deadline.to_string(), "must be greater than minReadySeconds");
        }
    }
}

fn deployment_strategy(errors: &mut Errors, strategy: &DeploymentStrategy, path: &Path<'_>) {
    let rolling_path = path.key("rollingUpdate");
    match (&*strategy.kind, &strategy.rolling_update) {
        ("Recreate", Some(_)) => {
            errors.forbidden(&rolling_path, "may not be specified when strategy `type` is 'Recreate'");
        }
        ("Recreate", None) => {}
        ("RollingUpdate", None) => errors.required(&rolling_path, "this should be defaulted and never be nil"),
        ("RollingUpdate", Some(rolling)) => {
            let (unavailable, surge) = (rolling_path.key("maxUnavailable"), rolling_path.key("maxSurge"));
            let zero = IntOrString::Int(0);
            let max_unavailable = rolling.max_unavailable.as_ref().unwrap_or(&zero);
            let max_surge = rolling.max_surge.as_ref().unwrap_or(&zero);
            positive_or_percent(errors, &unavailable, max_unavailable);
            positive_or_percent(errors, &surge, max_surge);
            let is_zero = |value: &IntOrString| value.scaled(100, true) == Some(0);
            if is_zero(max_unavailable) && is_zero(max_surge) {
                let value = format::int_or_string(Some(max_unavailable));
                errors.invalid(&unavailable, value, "may not be 0 when `maxSurge` is 0");
            }
            at_most_hundred_percent(errors, &unavailable, max_unavailable);
        }
        (other, rolling) => {
            let rolling = rolling.as_ref().map_or("null".into(), |rolling| {
                format!(
                    r#"{{"MaxUnavailable":{},"MaxSurge":{}}}"#,
                    format::int_or_string(Some(rolling.max_unavailable.as_ref().unwrap_or(&IntOrString::Int(0)))),
                    format::int_or_string(Some(rolling.max_surge.as_ref().unwrap_or(&IntOrString::Int(0))))
                )
            });
            let value = format!(r#"{{"Type":{},"RollingUpdate":{rolling}}}"#, format::json_text(other));
            errors.not_supported(path, value, &["Recreate", "RollingUpdate"]);
        }
    }
}

fn selector(errors: &mut Errors, selector: Option<&LabelSelector>, kind: &str, unreadable: &str, path: &Path<'_>) {
    let path = path.key("selector");
    let Some(selector) = selector else {
        errors.required(&path, "");
        return;
    };
    label_selector(errors, &path, selector);
    if selector.is_empty() {
        let detail = format!("empty selector is invalid for {kind}");
        errors.invalid(&path, format::selector(Some(selector)), detail);
    }
    if !is_readable(selector) {
        errors.invalid(&path, format::selector(Some(selector)), unreadable);
    }
}

/// Whether the selector can be evaluated at all; one that cannot is not compared with labels.
///
/// Upstream: `LabelSelectorAsSelector`.
fn is_readable(selector: &LabelSelector) -> bool {
    selector.match_expressions.iter().all(|requirement| match &*requirement.operator {
        "In" | "NotIn" => !requirement.values.is_empty(),
        "Exists" | "DoesNotExist" => requirement.values.is_empty(),
        _ => false,
    })
}

/// A missing selector selects nothing, so it does not match either; an empty one was reported already.
pub(super) fn template_matches(
    errors: &mut Errors,
    selector: Option<&LabelSelector>,
    template: &PodTemplateSpec,
    path: &Path<'_>,
) {
    let own = &template.metadata.labels;
    if selector.is_some_and(|selector| !is_readable(selector)) {
        return;
    }
    if !selector.is_some_and(|selector| selector.matches(own)) {
        let path = path.key("metadata");
        errors.invalid(&path.key("labels"), format::labels(own), "`selector` does not match template `labels`");
    }
}

pub(super) fn pod_template(
    errors: &mut Errors,
    template: &PodTemplateSpec,
    path: &Path<'_>,
    claims: &[PersistentVolumeClaim],
) {
    labels(errors, &path.key("labels"), &template.metadata.labels);
    annotations(errors, &path.key("annotations"), &template.metadata.annotations);
    pod::annotations(errors, &template.metadata, &template.spec, &path.key("annotations"));
    pod::spec(errors, &template.spec, &path.key("spec"), claims);
}

pub(super) fn always_restarts(errors: &mut Errors, template: &PodTemplateSpec, kind: &str, path: &Path<'_>) {
    let path = path.key("spec");
    errors.one_of(&path.key("restartPolicy"), &template.spec.restart_policy, &["Always"]);
    if template.spec.active_deadline_seconds.is_some() {
        let detail = format!("activeDeadlineSeconds in {kind} is not Supported");
        errors.forbidden(&path.key("activeDeadlineSeconds"), detail);
    }
}

pub(super) fn immutable_selector(
    errors: &mut Errors,
    new: &Option<LabelSelector>,
    old: &Option<LabelSelector>,
    path: &Path<'_>,
) {
    if new != old {
        errors.invalid(&path.key("selector"), format::selector(new.as_ref()), "field is immutable");
    }
}

pub(super) fn budget_spec(errors: &mut Errors, spec: &PodDisruptionBudgetSpec, path: &Path<'_>) {
    if spec.min_available.is_some() && spec.max_unavailable.is_some() {
        let value = format!(
            r#"{{"MinAvailable":{},"Selector":{},"MaxUnavailable":{},"UnhealthyPodEvictionPolicy":{}}}"#,
            format::int_or_string(spec.min_available.as_ref()),
            format::selector(spec.selector.as_ref()),
            format::int_or_string(spec.max_unavailable.as_ref()),
            spec.unhealthy_pod_eviction_policy.as_ref().map_or("null".into(), |policy| format::json_text(policy)),
        );
        errors.invalid(path, value, "minAvailable and maxUnavailable cannot be both set");
    }
    for (key, value) in [("minAvailable", &spec.min_available), ("maxUnavailable", &spec.max_unavailable)] {
        if let Some(value) = value {
            positive_or_percent(errors, &path.key(key), value);
            at_most_hundred_percent(errors, &path.key(key), value);
        }
    }
    if let Some(selector) = &spec.selector {
        label_selector(errors, &path.key("selector"), selector);
    }
    if let Some(policy) = &spec.unhealthy_pod_eviction_policy {
        let policies = ["AlwaysAllow", "IfHealthyBudget"];
        errors.one_of(&path.key("unhealthyPodEvictionPolicy"), policy, &policies);
    }
}

pub(super) fn revision(errors: &mut Errors, revision: &ControllerRevision) {
    if revision.data.0.is_none() {
        errors.required(&Path::root("data"), "data is mandatory");
    }
    errors.not_negative(&Path::root("revision"), revision.revision);
}

pub(super) fn revision_update(errors: &mut Errors, new: &ControllerRevision, old: &ControllerRevision) {
    if new.data != old.data {
        let value = new.data.0.as_ref().map_or("null".into(), |data| data.to_json());
        errors.invalid(&Path::root("data"), value, "field is immutable");
    }
}

/// Upstream: `ValidateStatefulSetStatus`, `ValidateReplicaSetStatus`, `ValidateDeploymentStatus`.
pub(super) fn status(errors: &mut Errors, object: &Object) {
    let (counts, ready, replicas): (Vec<(&str, i32)>, i32, i32) = match object {
        Object::StatefulSet(set) => {
            let status = &set.status;
            let counts = vec![
                ("readyReplicas", status.ready_replicas),
                ("currentReplicas", status.current_replicas),
                ("updatedReplicas", status.updated_replicas),
                ("availableReplicas", status.available_replicas),
            ];
            (counts, status.ready_replicas, status.replicas)
        }
        Object::ReplicaSet(set) => {
            let status = &set.status;
            let counts = vec![
                ("fullyLabeledReplicas", status.fully_labeled_replicas),
                ("readyReplicas", status.ready_replicas),
                ("availableReplicas", status.available_replicas),
            ];
            (counts, status.ready_replicas, status.replicas)
        }
        Object::Deployment(deployment) => {
            let status = &deployment.status;
            let counts = vec![
                ("updatedReplicas", status.updated_replicas),
                ("readyReplicas", status.ready_replicas),
                ("availableReplicas", status.available_replicas),
            ];
            (counts, status.ready_replicas, status.replicas)
        }
        _ => return,
    };
    let path = Path::root("status");
    errors.not_negative(&path.key("replicas"), i64::from(replicas));
    for (key, count) in &counts {
        errors.not_negative(&path.key(key), i64::from(*count));
    }
    for (key, count) in counts {
        if count > replicas {
            errors.invalid(&path.key(key), count.to_string(), "cannot be greater than status.replicas");
        }
        if key == "availableReplicas" && count > ready {
            let detail = match object {
                Object::StatefulSet(_) => "cannot be greater than status.readyReplicas",
                _ => "cannot be greater than readyReplicas",
            };
            errors.invalid(&path.key(key), count.to_string(), detail);
        }
    }
}
