//! StatefulSets, ReplicaSets, Deployments, disruption budgets.

use super::page::{Page, bracketed};
use crate::text::{instant, selector};
use petri_objects::order::Order as _;
use petri_objects::*;
use std::rc::Rc;

/// The label by which a Deployment tells its ReplicaSets apart.
const TEMPLATE_HASH: &str = "pod-template-hash";

pub(super) fn stateful_set(page: &mut Page<'_>, set: &StatefulSet) {
    let meta = &set.metadata;
    page.name_and_namespace(meta);
    page.line(format_args!("CreationTimestamp:\t{}", instant(meta.creation_timestamp)));
    page.line(format_args!("Selector:\t{}", selector(set.spec.selector.as_ref())));
    page.labels("Labels", &meta.labels);
    page.annotations(&meta.annotations);
    page.line(format_args!("Replicas:\t{} desired | {} total", set.replicas(), set.status.replicas));
    page.line(format_args!("Update Strategy:\t{}", set.spec.update_strategy.kind));
    if let Some(rolling) = &set.spec.update_strategy.rolling_update {
        if let Some(partition) = rolling.partition {
            page.line(format_args!("  Partition:\t{partition}"));
        }
        if let Some(most) = &rolling.max_unavailable {
            page.line(format_args!("  MaxUnavailable:\t{most}"));
        }
    }
    pods_status(page, meta, set.spec.selector.as_ref());
    super::pod::template(page, &set.spec.template);
    if set.spec.volume_claim_templates.is_empty() {
        page.line(format_args!("Volume Claims:\t<none>"));
    } else {
        page.line(format_args!("Volume Claims:"));
    }
    for claim in &set.spec.volume_claim_templates {
        page.line(format_args!("  Name:\t{}", claim.metadata.name));
        page.line(format_args!("  StorageClass:\t{}", claim.class()));
        page.labels("  Labels", &claim.metadata.labels);
        page.labels("  Annotations", &claim.metadata.annotations);
        let size = claim.request().map_or("<default>".into(), |size| size.to_string());
        page.line(format_args!("  Capacity:\t{size}"));
        page.line(format_args!("  Access Modes:\t{}", bracketed(&claim.spec.access_modes)));
    }
    page.events(Kind::StatefulSet, meta);
}

/// A ReplicaSet, or what is read as one and has another kind.
pub(super) fn replica_set(page: &mut Page<'_>, kind: Kind, set: &ReplicaSet) {
    let meta = &set.metadata;
    page.name_and_namespace(meta);
    page.line(format_args!("Selector:\t{}", selector(set.spec.selector.as_ref())));
    page.labels("Labels", &meta.labels);
    page.annotations(&meta.annotations);
    if let Some(owner) = meta.controller() {
        page.line(format_args!("Controlled By:\t{}/{}", owner.kind, owner.name));
    }
    page.line(format_args!("Replicas:\t{} current / {} desired", set.status.replicas, set.replicas()));
    pods_status(page, meta, set.spec.selector.as_ref());
    super::pod::template(page, &set.spec.template);
    conditions(page, &set.status.conditions);
    page.events(kind, meta);
}

pub(super) fn deployment(page: &mut Page<'_>, deployment: &Deployment) {
    let (meta, spec, status) = (&deployment.metadata, &deployment.spec, &deployment.status);
    page.name_and_namespace(meta);
    page.line(format_args!("CreationTimestamp:\t{}", instant(meta.creation_timestamp)));
    page.labels("Labels", &meta.labels);
    page.annotations(&meta.annotations);
    page.line(format_args!("Selector:\t{}", selector(spec.selector.as_ref())));
    page.line(format_args!(
        "Replicas:\t{} desired | {} updated | {} total | {} available | {} unavailable",
        deployment.replicas(),
        status.updated_replicas,
        status.replicas,
        status.available_replicas,
        status.unavailable_replicas
    ));
    page.line(format_args!("StrategyType:\t{}", spec.strategy.kind));
    page.line(format_args!("MinReadySeconds:\t{}", spec.min_ready_seconds));
    if let Some(rolling) = &spec.strategy.rolling_update {
        let text = |value: &Option<IntOrString>| value.as_ref().map_or("25%".into(), |v| v.to_string());
        let (unavailable, surge) = (text(&rolling.max_unavailable), text(&rolling.max_surge));
        page.line(format_args!("RollingUpdateStrategy:\t{unavailable} max unavailable, {surge} max surge"));
    }
    super::pod::template(page, &spec.template);
    conditions(page, &status.conditions);
    let (new, old) = replica_sets_of(page, deployment);
    let text = |sets: &[Rc<ReplicaSet>]| {
        let texts: Vec<String> = sets
            .iter()
            .map(|set| format!("{} ({}/{} replicas created)", set.metadata.name, set.status.replicas, set.replicas()))
            .collect();
        crate::text::or_none(&texts.join(", "))
    };
    page.line(format_args!("OldReplicaSets:\t{}", text(&old)));
    page.line(format_args!("NewReplicaSet:\t{}", text(new.as_slice())));
    page.events(Kind::Deployment, meta);
}

pub(super) fn budget(page: &mut Page<'_>, budget: &PodDisruptionBudget) {
    page.name_and_namespace(&budget.metadata);
    if let Some(least) = &budget.spec.min_available {
        page.line(format_args!("Min available:\t{least}"));
    } else if let Some(most) = &budget.spec.max_unavailable {
        page.line(format_args!("Max unavailable:\t{most}"));
    }
    page.line(format_args!("Selector:\t{}", selector(budget.spec.selector.as_ref())));
    let status = &budget.status;
    page.line(format_args!("Status:"));
    page.line(format_args!("    Allowed disruptions:\t{}", status.disruptions_allowed));
    page.line(format_args!("    Current:\t{}", status.current_healthy));
    page.line(format_args!("    Desired:\t{}", status.desired_healthy));
    page.line(format_args!("    Total:\t{}", status.expected_pods));
    page.events(Kind::PodDisruptionBudget, &budget.metadata);
}

/// How many pods a controller has, by phase.
pub(super) fn pods_status(page: &mut Page<'_>, owner: &Meta, selector: Option<&LabelSelector>) {
    let mut counts = [0u32; 4];
    for pod in page.objects.pods.in_namespace(&owner.namespace) {
        let selected = selector.is_some_and(|s| s.matches(&pod.metadata.labels));
        if !selected || !pod.metadata.is_controlled_by(owner.uid) {
            continue;
        }
        match pod.status.phase {
            Phase::Running => counts[0] += 1,
            Phase::Pending => counts[1] += 1,
            Phase::Succeeded => counts[2] += 1,
            Phase::Failed => counts[3] += 1,
            Phase::None | Phase::Unknown => {}
        }
    }
    let [running, waiting, succeeded, failed] = counts;
    page.line(format_args!(
        "Pods Status:\t{running} Running / {waiting} Waiting / {succeeded} Succeeded / {failed} Failed"
    ));
}

fn conditions(page: &mut Page<'_>, conditions: &[Condition]) {
    if conditions.is_empty() {
        return;
    }
    page.line(format_args!("Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------"));
    for condition in conditions {
        page.line(format_args!("  {} \t{}\t{}", condition.kind, condition.status, condition.reason));
    }
}

fn replica_sets_of(page: &Page<'_>, deployment: &Deployment) -> (Option<Rc<ReplicaSet>>, Vec<Rc<ReplicaSet>>) {
    let mut sets: Vec<Rc<ReplicaSet>> = page
        .objects
        .replica_sets
        .in_namespace(&deployment.metadata.namespace)
        .filter(|set| set.metadata.is_controlled_by(deployment.metadata.uid))
        .cloned()
        .collect();
    sets.order_by_key(|set| (set.metadata.creation_timestamp, set.metadata.name.clone()));
    let at = sets.iter().position(|set| {
        let mut template = set.spec.template.clone();
        template.metadata.labels.remove(TEMPLATE_HASH);
        template == deployment.spec.template
    });
    let new = at.map(|at| sets.remove(at));
    (new, sets)
}
