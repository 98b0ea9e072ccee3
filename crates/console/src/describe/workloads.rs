//! StatefulSets, ReplicaSets, Deployments, disruption budgets.

use super::{Page, bracketed};
use crate::text::{instant, selector};
use petri_objects::order::Order as _;
use petri_objects::*;
use std::rc::Rc;

/// The label by which a Deployment tells its ReplicaSets apart.
const TEMPLATE_HASH: &str = "pod-template-hash";

impl Page<'_> {
    pub(super) fn stateful_set(&mut self, set: &StatefulSet) {
        let meta = &set.metadata;
        self.name_and_namespace(meta);
        self.line(format_args!("CreationTimestamp:\t{}", instant(meta.creation_timestamp)));
        self.line(format_args!("Selector:\t{}", selector(set.spec.selector.as_ref())));
        self.labels("Labels", &meta.labels);
        self.annotations(&meta.annotations);
        self.line(format_args!("Replicas:\t{} desired | {} total", set.replicas(), set.status.replicas));
        self.line(format_args!("Update Strategy:\t{}", set.spec.update_strategy.kind));
        if let Some(rolling) = &set.spec.update_strategy.rolling_update {
            if let Some(partition) = rolling.partition {
                self.line(format_args!("  Partition:\t{partition}"));
            }
            if let Some(most) = &rolling.max_unavailable {
                self.line(format_args!("  MaxUnavailable:\t{most}"));
            }
        }
        self.pods_status(meta, set.spec.selector.as_ref());
        self.template(&set.spec.template);
        if set.spec.volume_claim_templates.is_empty() {
            self.line(format_args!("Volume Claims:\t<none>"));
        } else {
            self.line(format_args!("Volume Claims:"));
        }
        for claim in &set.spec.volume_claim_templates {
            self.line(format_args!("  Name:\t{}", claim.metadata.name));
            self.line(format_args!("  StorageClass:\t{}", claim.class()));
            self.labels("  Labels", &claim.metadata.labels);
            self.labels("  Annotations", &claim.metadata.annotations);
            let size = claim.request().map_or("<default>".into(), |size| size.to_string());
            self.line(format_args!("  Capacity:\t{size}"));
            self.line(format_args!("  Access Modes:\t{}", bracketed(&claim.spec.access_modes)));
        }
        self.events(Kind::StatefulSet, meta);
    }

    pub(super) fn replica_set(&mut self, set: &ReplicaSet) {
        let meta = &set.metadata;
        self.name_and_namespace(meta);
        self.line(format_args!("Selector:\t{}", selector(set.spec.selector.as_ref())));
        self.labels("Labels", &meta.labels);
        self.annotations(&meta.annotations);
        if let Some(owner) = meta.controller() {
            self.line(format_args!("Controlled By:\t{}/{}", owner.kind, owner.name));
        }
        self.line(format_args!("Replicas:\t{} current / {} desired", set.status.replicas, set.replicas()));
        self.pods_status(meta, set.spec.selector.as_ref());
        self.template(&set.spec.template);
        self.conditions(&set.status.conditions);
        self.events(Kind::ReplicaSet, meta);
    }

    pub(super) fn deployment(&mut self, deployment: &Deployment) {
        let (meta, spec, status) = (&deployment.metadata, &deployment.spec, &deployment.status);
        self.name_and_namespace(meta);
        self.line(format_args!("CreationTimestamp:\t{}", instant(meta.creation_timestamp)));
        self.labels("Labels", &meta.labels);
        self.annotations(&meta.annotations);
        self.line(format_args!("Selector:\t{}", selector(spec.selector.as_ref())));
        self.line(format_args!(
            "Replicas:\t{} desired | {} updated | {} total | {} available | {} unavailable",
            deployment.replicas(),
            status.updated_replicas,
            status.replicas,
            status.available_replicas,
            status.unavailable_replicas
        ));
        self.line(format_args!("StrategyType:\t{}", spec.strategy.kind));
        self.line(format_args!("MinReadySeconds:\t{}", spec.min_ready_seconds));
        if let Some(rolling) = &spec.strategy.rolling_update {
            let text = |value: &Option<IntOrString>| value.as_ref().map_or("25%".into(), |v| v.to_string());
            let (unavailable, surge) = (text(&rolling.max_unavailable), text(&rolling.max_surge));
            self.line(format_args!("RollingUpdateStrategy:\t{unavailable} max unavailable, {surge} max surge"));
        }
        self.template(&spec.template);
        self.conditions(&status.conditions);
        let (new, old) = self.replica_sets_of(deployment);
        let text = |sets: &[Rc<ReplicaSet>]| {
            let texts: Vec<String> = sets
                .iter()
                .map(|set| {
                    format!("{} ({}/{} replicas created)", set.metadata.name, set.status.replicas, set.replicas())
                })
                .collect();
            crate::text::or_none(&texts.join(", "))
        };
        self.line(format_args!("OldReplicaSets:\t{}", text(&old)));
        self.line(format_args!("NewReplicaSet:\t{}", text(new.as_slice())));
        self.events(Kind::Deployment, meta);
    }

    pub(super) fn budget(&mut self, budget: &PodDisruptionBudget) {
        self.name_and_namespace(&budget.metadata);
        if let Some(least) = &budget.spec.min_available {
            self.line(format_args!("Min available:\t{least}"));
        } else if let Some(most) = &budget.spec.max_unavailable {
            self.line(format_args!("Max unavailable:\t{most}"));
        }
        self.line(format_args!("Selector:\t{}", selector(budget.spec.selector.as_ref())));
        let status = &budget.status;
        self.line(format_args!("Status:"));
        self.line(format_args!("    Allowed disruptions:\t{}", status.disruptions_allowed));
        self.line(format_args!("    Current:\t{}", status.current_healthy));
        self.line(format_args!("    Desired:\t{}", status.desired_healthy));
        self.line(format_args!("    Total:\t{}", status.expected_pods));
        self.events(Kind::PodDisruptionBudget, &budget.metadata);
    }

    /// How many pods a controller has, by phase.
    fn pods_status(&mut self, owner: &Meta, selector: Option<&LabelSelector>) {
        let mut counts = [0u32; 4];
        for pod in self.objects.pods.in_namespace(&owner.namespace) {
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
        self.line(format_args!(
            "Pods Status:\t{running} Running / {waiting} Waiting / {succeeded} Succeeded / {failed} Failed"
        ));
    }

    fn conditions(&mut self, conditions: &[Condition]) {
        if conditions.is_empty() {
            return;
        }
        self.line(format_args!("Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------"));
        for condition in conditions {
            self.line(format_args!("  {} \t{}\t{}", condition.kind, condition.status, condition.reason));
        }
    }

    fn replica_sets_of(&self, deployment: &Deployment) -> (Option<Rc<ReplicaSet>>, Vec<Rc<ReplicaSet>>) {
        let mut sets: Vec<Rc<ReplicaSet>> = self
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
}
