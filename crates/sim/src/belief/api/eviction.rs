//! The eviction subresource: a deletion that asks the pod's budget first.
//!
//! Upstream: `pkg/registry/core/pod/storage/eviction.go`.

use super::request::{DeleteOptions, Patch, Reply, Request};
use super::server::Server;
use super::shelf::{Key, Objects};
use crate::belief::api::request::WriteContext;
use crate::words::api_error::ApiError;
use petri_objects::*;
use std::rc::Rc;

const REFUSED: &str = "Cannot evict pod as it would violate the pod's disruption budget.";

pub(super) fn evict(server: &mut Server, key: &Key, grace: Option<i64>, context: &WriteContext) -> Reply {
    let Some(pod) = server.objects().pods.get(key).cloned() else {
        return Err(ApiError::not_found(Kind::Pod, key.name.clone()));
    };
    if let Some(budget) = allows(server.objects(), &pod)? {
        spend(server, &budget, &pod, context)?;
    }
    let target = key.to_ref(Kind::Pod);
    let condition = Condition {
        kind: "DisruptionTarget".into(),
        status: "True".into(),
        reason: "EvictionByEvictionAPI".into(),
        message: "Eviction API: evicting".into(),
        ..Condition::default()
    };
    let patch = Patch::PodCondition { condition, phase: None };
    server.serve(Request::Patch { target: target.clone(), uid: Some(pod.metadata.uid), patch }, context)?;
    let options = DeleteOptions { grace_seconds: grace, uid: Some(pod.metadata.uid), ..DeleteOptions::default() };
    server.serve(Request::Delete { target, options }, context)
}

/// Whether the pod may be evicted now, and from which budget the disruption is taken, if from any.
///
/// # Errors
/// What the API server would answer to an eviction.
pub fn allows(objects: &Objects, pod: &Pod) -> Result<Option<Rc<PodDisruptionBudget>>, ApiError> {
    if pod.phase().is_terminal() || pod.is_pending() || pod.is_terminating() {
        return Ok(None);
    }
    let mut budgets = objects
        .budgets
        .in_namespace(&pod.metadata.namespace)
        .filter(|b| b.spec.selector.as_ref().is_some_and(|s| s.matches(&pod.metadata.labels)));
    let Some(budget) = budgets.next() else { return Ok(None) };
    if budgets.next().is_some() {
        return Err(ApiError::Internal(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.".into(),
        ));
    }
    let (name, status) = (&budget.metadata.name, &budget.status);
    if !pod.is_ready() {
        let always = budget.spec.unhealthy_pod_eviction_policy.as_deref() == Some("AlwaysAllow");
        if always || (status.current_healthy >= status.desired_healthy && status.desired_healthy > 0) {
            return Ok(None);
        }
    }
    let refuse = |cause: String| Err(ApiError::TooManyRequests { message: REFUSED.into(), cause: cause.into() });
    if status.observed_generation < budget.metadata.generation {
        return refuse(format!("The disruption budget {name} is still being processed by the server."));
    }
    if status.disruptions_allowed <= 0 {
        return refuse(if status.current_healthy <= status.desired_healthy {
            format!(
                "The disruption budget {name} needs {} healthy pods and has {} currently",
                status.desired_healthy, status.current_healthy
            )
        } else {
            format!("The disruption budget {name} does not allow evicting pods currently")
        });
    }
    Ok(Some(budget.clone()))
}

/// Takes one disruption from the budget.
fn spend(
    server: &mut Server,
    budget: &Rc<PodDisruptionBudget>,
    pod: &Pod,
    context: &WriteContext,
) -> Result<(), ApiError> {
    let mut spent = (**budget).clone();
    spent.status.disruptions_allowed -= 1;
    spent.status.disrupted_pods.insert(pod.metadata.name.clone(), context.now.whole_seconds());
    server.serve(Request::UpdateStatus(spent.into()), context).map(|_| ())
}
