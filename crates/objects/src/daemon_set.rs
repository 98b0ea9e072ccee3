//! DaemonSet: one pod on every node that it is meant for.

use crate::{Condition, IntOrString, LabelSelector, Meta, Name, PodTemplateSpec};
use std::rc::Rc;

record! {
    /// One pod on every node that it is meant for.
    DaemonSet {
        /// Name, labels, owners.
        metadata "metadata": Meta,
        /// What should exist.
        spec "spec": Rc<DaemonSetSpec>,
        /// What the controller last saw.
        status "status": DaemonSetStatus,
    }

    /// What a DaemonSet should be.
    DaemonSetSpec {
        /// How long a pod must be Ready to count as available, in seconds.
        min_ready_seconds "minReadySeconds": i32,
        /// How many old revisions are kept.
        revision_history_limit "revisionHistoryLimit": Option<i32>,
        /// Which pods belong to it; must match the template's labels.
        selector "selector" always: Option<LabelSelector>,
        /// What the pods look like, and by its node selector, affinity and tolerations, which nodes get one.
        template "template": PodTemplateSpec,
        /// How pods are replaced when the template changes.
        update_strategy "updateStrategy": DaemonSetUpdateStrategy,
    }

    /// How pods are replaced when the template changes.
    DaemonSetUpdateStrategy {
        /// Details of RollingUpdate.
        rolling_update "rollingUpdate": Option<RollingUpdateDaemonSet>,
        /// RollingUpdate or OnDelete.
        kind "type": Name,
    }

    /// Details of RollingUpdate.
    RollingUpdateDaemonSet {
        /// On how many nodes an old and a new pod may run side by side.
        max_surge "maxSurge": Option<IntOrString>,
        /// On how many nodes no pod may be available.
        max_unavailable "maxUnavailable": Option<IntOrString>,
    }

    /// What the DaemonSet controller last saw, counted in nodes.
    DaemonSetStatus {
        /// Counts hash collisions.
        collision_count "collisionCount": Option<i32>,
        /// Never set in this version.
        conditions "conditions": Vec<Condition>,
        /// Nodes that should run a pod and have one.
        current_number_scheduled "currentNumberScheduled" always: i32,
        /// Nodes that should run a pod.
        desired_number_scheduled "desiredNumberScheduled" always: i32,
        /// Nodes whose pod is available.
        number_available "numberAvailable": i32,
        /// Nodes that have a pod and should have none.
        number_misscheduled "numberMisscheduled" always: i32,
        /// Nodes whose pod is Ready.
        number_ready "numberReady" always: i32,
        /// Nodes that should run a pod and have none that is available.
        number_unavailable "numberUnavailable": i32,
        /// The generation that was looked at.
        observed_generation "observedGeneration": i64,
        /// Nodes whose pod is of the newest template.
        updated_number_scheduled "updatedNumberScheduled": i32,
    }
}
