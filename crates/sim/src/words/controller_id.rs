//! Which control loop: all of them by name, whatever each of them does.

/// A control loop of the cluster. The order is the one in which they look at a change: the scheduler is first, because it
/// needs one request for what takes the others several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ControllerId {
    Scheduler,
    StatefulSet,
    ReplicaSet,
    Deployment,
    EndpointSlice,
    NodeLifecycle,
    TaintEviction,
    PodGc,
    GarbageCollector,
    ServiceAccount,
    ResourceQuota,
    Namespace,
    Disruption,
    PersistentVolume,
    PvcProtection,
    PvProtection,
    AttachDetach,
    CsiDriver,
    DaemonSet,
    Job,
    CronJob,
    TtlAfterFinished,
    ReplicationController,
}

impl ControllerId {
    /// How many of [`ControllerId::ALL`] every world needs: the rest sleeps where it has nothing to look at.
    pub const ORDINARY: usize = 18;
    pub const ALL: [ControllerId; 23] = [
        ControllerId::Scheduler,
        ControllerId::StatefulSet,
        ControllerId::ReplicaSet,
        ControllerId::Deployment,
        ControllerId::EndpointSlice,
        ControllerId::NodeLifecycle,
        ControllerId::TaintEviction,
        ControllerId::PodGc,
        ControllerId::GarbageCollector,
        ControllerId::ServiceAccount,
        ControllerId::ResourceQuota,
        ControllerId::Namespace,
        ControllerId::Disruption,
        ControllerId::PersistentVolume,
        ControllerId::PvcProtection,
        ControllerId::PvProtection,
        ControllerId::AttachDetach,
        ControllerId::CsiDriver,
        ControllerId::DaemonSet,
        ControllerId::Job,
        ControllerId::CronJob,
        ControllerId::TtlAfterFinished,
        ControllerId::ReplicationController,
    ];

    /// The component's name in events: `statefulset-controller`.
    pub fn name(self) -> &'static str {
        match self {
            ControllerId::Scheduler => "default-scheduler",
            ControllerId::StatefulSet => "statefulset-controller",
            ControllerId::ReplicaSet => "replicaset-controller",
            ControllerId::Deployment => "deployment-controller",
            ControllerId::EndpointSlice => "endpoint-slice-controller",
            ControllerId::NodeLifecycle => "node-controller",
            ControllerId::TaintEviction => "taint-eviction-controller",
            ControllerId::PodGc => "pod-garbage-collector",
            ControllerId::GarbageCollector => "garbage-collector-controller",
            ControllerId::ServiceAccount => "serviceaccount-controller",
            ControllerId::ResourceQuota => "resourcequota-controller",
            ControllerId::Namespace => "namespace-controller",
            ControllerId::Disruption => "controllermanager",
            ControllerId::PersistentVolume => "persistentvolume-controller",
            ControllerId::PvcProtection => "pvc-protection-controller",
            ControllerId::PvProtection => "pv-protection-controller",
            ControllerId::AttachDetach => "attachdetach-controller",
            ControllerId::CsiDriver => "csi-driver",
            ControllerId::DaemonSet => "daemonset-controller",
            ControllerId::Job => "job-controller",
            ControllerId::CronJob => "cronjob-controller",
            ControllerId::TtlAfterFinished => "ttl-after-finished-controller",
            ControllerId::ReplicationController => "replication-controller",
        }
    }
    pub fn from_name(name: &str) -> Option<ControllerId> {
        ControllerId::ALL.into_iter().find(|id| id.name() == name)
    }
}

petri_objects::by_name! { ControllerId, "controller"; }
