//! Workload controllers' objects: StatefulSet, ReplicaSet, Deployment, ControllerRevision, PodDisruptionBudget.

use crate::record::Opaque;
use crate::{Condition, IntOrString, LabelSelector, Meta, Name, PersistentVolumeClaim, PodTemplateSpec, Time};
use std::collections::BTreeMap;
use std::rc::Rc;

record! {
    /// Pods with a lasting identity: an ordinal, a name, a claim and a DNS name each.
    StatefulSet {
        /// Name, labels, owners.
        metadata "metadata": Meta,
        /// What should exist.
        spec "spec": Rc<StatefulSetSpec>,
        /// What the controller last saw.
        status "status": StatefulSetStatus,
    }

    /// What a StatefulSet should be.
    StatefulSetSpec {
        /// How long a pod must be Ready to count as available, in seconds.
        min_ready_seconds "minReadySeconds": i32,
        /// Which number the first pod has.
        ordinals "ordinals": Option<StatefulSetOrdinals>,
        /// What happens to claims when the set is deleted or scaled down.
        persistent_volume_claim_retention_policy "persistentVolumeClaimRetentionPolicy": Option<ClaimRetentionPolicy>,
        /// OrderedReady (one by one) or Parallel.
        pod_management_policy "podManagementPolicy": Name,
        /// How many pods.
        replicas "replicas": Option<i32>,
        /// How many old revisions are kept.
        revision_history_limit "revisionHistoryLimit": Option<i32>,
        /// Which pods belong to the set; must match the template's labels.
        selector "selector" always: Option<LabelSelector>,
        /// The headless Service that gives each pod its DNS name.
        service_name "serviceName" always: Name,
        /// What the pods look like.
        template "template": PodTemplateSpec,
        /// How pods are replaced when the template changes.
        update_strategy "updateStrategy": StatefulSetUpdateStrategy,
        /// Claims that each pod gets for itself.
        volume_claim_templates "volumeClaimTemplates" claims: Vec<PersistentVolumeClaim>,
    }

    /// Which number the first pod has.
    StatefulSetOrdinals {
        /// The number.
        start "start" always: i32,
    }

    /// What happens to claims.
    ClaimRetentionPolicy {
        /// When the set is deleted: Retain or Delete.
        when_deleted "whenDeleted": Name,
        /// When the set is scaled down: Retain or Delete.
        when_scaled "whenScaled": Name,
    }

    /// How pods are replaced when the template changes.
    StatefulSetUpdateStrategy {
        /// Details of RollingUpdate.
        rolling_update "rollingUpdate": Option<RollingUpdateStatefulSetStrategy>,
        /// RollingUpdate or OnDelete.
        kind "type": Name,
    }

    /// Details of RollingUpdate.
    RollingUpdateStatefulSetStrategy {
        /// How many pods may be unavailable at once; behind a feature gate that is off.
        max_unavailable "maxUnavailable": Option<IntOrString>,
        /// Pods below this ordinal keep the old revision.
        partition "partition": Option<i32>,
    }

    /// What the StatefulSet controller last saw.
    StatefulSetStatus {
        /// Pods that are available.
        available_replicas "availableReplicas" always: i32,
        /// Counts hash collisions.
        collision_count "collisionCount": Option<i32>,
        /// Never set in this version.
        conditions "conditions": Vec<Condition>,
        /// Pods of the current revision.
        current_replicas "currentReplicas": i32,
        /// The revision before the update.
        current_revision "currentRevision": Name,
        /// The generation that was looked at.
        observed_generation "observedGeneration": i64,
        /// Pods that are Ready.
        ready_replicas "readyReplicas": i32,
        /// Pods that exist.
        replicas "replicas" always: i32,
        /// The revision being rolled out.
        update_revision "updateRevision": Name,
        /// Pods of the update revision.
        updated_replicas "updatedReplicas": i32,
    }

    /// Interchangeable pods: at least so many.
    ReplicaSet {
        /// Name, labels, owners.
        metadata "metadata": Meta,
        /// What should exist.
        spec "spec": Rc<ReplicaSetSpec>,
        /// What the controller last saw.
        status "status": ReplicaSetStatus,
    }

    /// What a ReplicaSet should be.
    ReplicaSetSpec {
        /// How long a pod must be Ready to count as available, in seconds.
        min_ready_seconds "minReadySeconds": i32,
        /// How many pods.
        replicas "replicas": Option<i32>,
        /// Which pods belong to the set.
        selector "selector" always: Option<LabelSelector>,
        /// What the pods look like.
        template "template": PodTemplateSpec,
    }

    /// What the ReplicaSet controller last saw.
    ReplicaSetStatus {
        /// Pods that are available.
        available_replicas "availableReplicas": i32,
        /// ReplicaFailure.
        conditions "conditions": Vec<Condition>,
        /// Pods whose labels match the template's.
        fully_labeled_replicas "fullyLabeledReplicas": i32,
        /// The generation that was looked at.
        observed_generation "observedGeneration": i64,
        /// Pods that are Ready.
        ready_replicas "readyReplicas": i32,
        /// Pods that are active.
        replicas "replicas" always: i32,
        /// Pods that are stopping.
        terminating_replicas "terminatingReplicas": Option<i32>,
    }

    /// A ReplicaSet that can be rolled from one template to the next.
    Deployment {
        /// Name, labels, owners.
        metadata "metadata": Meta,
        /// What should exist.
        spec "spec": Rc<DeploymentSpec>,
        /// What the controller last saw.
        status "status": DeploymentStatus,
    }

    /// What a Deployment should be.
    DeploymentSpec {
        /// How long a pod must be Ready to count as available, in seconds.
        min_ready_seconds "minReadySeconds": i32,
        /// Whether template changes wait.
        paused "paused": bool,
        /// How long a rollout may stand still, in seconds.
        progress_deadline_seconds "progressDeadlineSeconds": Option<i32>,
        /// How many pods.
        replicas "replicas": Option<i32>,
        /// How many old ReplicaSets are kept.
        revision_history_limit "revisionHistoryLimit": Option<i32>,
        /// Which pods belong to it.
        selector "selector" always: Option<LabelSelector>,
        /// How pods are replaced.
        strategy "strategy": DeploymentStrategy,
        /// What the pods look like.
        template "template": PodTemplateSpec,
    }

    /// How pods are replaced.
    DeploymentStrategy {
        /// Details of RollingUpdate.
        rolling_update "rollingUpdate": Option<RollingUpdateDeployment>,
        /// RollingUpdate or Recreate.
        kind "type": Name,
    }

    /// Details of RollingUpdate.
    RollingUpdateDeployment {
        /// How many pods more than wanted.
        max_surge "maxSurge": Option<IntOrString>,
        /// How many pods fewer than wanted.
        max_unavailable "maxUnavailable": Option<IntOrString>,
    }

    /// What the Deployment controller last saw.
    DeploymentStatus {
        /// Pods that are available.
        available_replicas "availableReplicas": i32,
        /// Counts hash collisions.
        collision_count "collisionCount": Option<i32>,
        /// Available, Progressing, ReplicaFailure.
        conditions "conditions": Vec<Condition>,
        /// The generation that was looked at.
        observed_generation "observedGeneration": i64,
        /// Pods that are Ready.
        ready_replicas "readyReplicas": i32,
        /// Pods that are active.
        replicas "replicas": i32,
        /// Pods that are stopping.
        terminating_replicas "terminatingReplicas": Option<i32>,
        /// Pods still missing.
        unavailable_replicas "unavailableReplicas": i32,
        /// Pods of the newest template.
        updated_replicas "updatedReplicas": i32,
    }

    /// A template that a StatefulSet or a DaemonSet had at some time.
    ControllerRevision {
        /// The template as a patch.
        data "data": Opaque,
        /// Name, labels, owners.
        metadata "metadata": Meta,
        /// Its place in the history.
        revision "revision" always: i64,
    }

    /// How many pods an eviction must leave.
    PodDisruptionBudget {
        /// Name, labels, owners.
        metadata "metadata": Meta,
        /// The budget.
        spec "spec": Rc<PodDisruptionBudgetSpec>,
        /// What is left of it.
        status "status": PodDisruptionBudgetStatus,
    }

    /// The budget.
    PodDisruptionBudgetSpec {
        /// How many may be missing.
        max_unavailable "maxUnavailable": Option<IntOrString>,
        /// How many must stay.
        min_available "minAvailable": Option<IntOrString>,
        /// Which pods.
        selector "selector": Option<LabelSelector>,
        /// Whether pods that are not Ready may always be evicted.
        unhealthy_pod_eviction_policy "unhealthyPodEvictionPolicy": Option<Name>,
    }

    /// What is left of the budget.
    PodDisruptionBudgetStatus {
        /// DisruptionAllowed.
        conditions "conditions" full: Vec<Condition>,
        /// Healthy pods now.
        current_healthy "currentHealthy" always: i32,
        /// Healthy pods needed.
        desired_healthy "desiredHealthy" always: i32,
        /// Pods just evicted.
        disrupted_pods "disruptedPods": BTreeMap<Name, Time>,
        /// Evictions that would be granted now.
        disruptions_allowed "disruptionsAllowed" always: i32,
        /// Pods that should exist.
        expected_pods "expectedPods" always: i32,
        /// The generation that was looked at.
        observed_generation "observedGeneration": i64,
    }
}

impl StatefulSet {
    pub fn replicas(&self) -> i32 {
        self.spec.replicas.unwrap_or(1)
    }
    /// The number of the first pod.
    pub fn start_ordinal(&self) -> i32 {
        self.spec.ordinals.as_ref().map_or(0, |o| o.start)
    }
    /// Pods come and go one by one.
    ///
    /// Upstream: `allowsBurst`, negated.
    pub fn is_monotonic(&self) -> bool {
        &*self.spec.pod_management_policy != "Parallel"
    }
}

impl ReplicaSet {
    pub fn replicas(&self) -> i32 {
        self.spec.replicas.unwrap_or(1)
    }
}

impl Deployment {
    pub fn replicas(&self) -> i32 {
        self.spec.replicas.unwrap_or(1)
    }
}
