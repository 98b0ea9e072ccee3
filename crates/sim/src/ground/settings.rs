//! Every duration and switch that a cluster runs with. The defaults are those of Kubernetes 1.36.

use crate::ground::clock::{Span, Time};
use petri_objects::Name;

/// Set per scenario; shared by all moments of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// How far caches trail the store.
    pub watch_lag: Span,
    /// `--default-not-ready-toleration-seconds`.
    pub not_ready_toleration_seconds: i64,
    /// `--default-unreachable-toleration-seconds`.
    pub unreachable_toleration_seconds: i64,
    pub node_monitor_period: Span,
    pub node_monitor_grace_period: Span,
    /// Thousandths of a node per second that may be tainted NoExecute in a healthy zone.
    pub node_eviction_rate_millis: u64,
    /// The same in a zone where more than the threshold of nodes are lost.
    pub secondary_node_eviction_rate_millis: u64,
    /// Thousandths of the nodes of a zone.
    pub unhealthy_zone_threshold_millis: u64,
    pub large_cluster_size_threshold: u64,
    pub pod_gc_period: Span,
    pub pod_gc_quarantine: Span,
    /// How long an unreachable node keeps its volumes after nobody wants them there any more.
    pub force_detach_after: Span,
    pub attach_detach_period: Span,
    pub claim_sync_period: Span,
    /// The first two numbers of the Services' addresses, such as `10.96`.
    pub service_network: Name,
    pub gates: Gates,
    pub kubelet: KubeletSettings,
    pub storage: StorageSettings,
    /// Nodes on which pods are to be placed if they fit, by pod name, in the order of creation: a recording of a real
    /// scheduler, which breaks ties at random.
    pub placements: Vec<(Name, Name)>,
    /// Names that were drawn for pods, by the prefix that they were asked for with, in the order of creation.
    pub pod_names: Vec<(Name, Name)>,
    /// Nodes that get no token of their zone's eviction limiter before a time: a recording of a real cluster, in which
    /// other work had used the tokens.
    pub limiter_busy: Vec<(Name, Time)>,
    /// Nodes in the order in which they got NoExecute taints: a recording of a real cluster, which lists nodes in random
    /// order.
    pub taint_order: Vec<Name>,
    pub client: ClientSettings,
}

/// How fast a controller's requests are sent and answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientSettings {
    /// `--kube-api-qps`.
    pub requests_per_second: u64,
    /// `--kube-api-burst`.
    pub burst: u64,
    /// What one request takes: a typical answer of an API server that is not busy.
    pub request: Span,
}

/// Feature gates with an effect on what can be seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gates {
    /// MaxUnavailableStatefulSet: beta and off in 1.36.
    pub max_unavailable_stateful_set: bool,
    /// StaleControllerConsistency*: a controller waits until its cache has its own writes.
    pub stale_controller_consistency: bool,
}

/// Latencies of the simulated machines. Kubernetes does not define them; these are typical of a small cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KubeletSettings {
    /// What nodes say that they run.
    pub version: Name,
    pub lease_interval: Span,
    pub lease_duration_seconds: i32,
    /// How often a status that did not reach the API server is tried again.
    pub status_interval: Span,
    /// Thousandths by which a lease interval may be longer.
    pub lease_jitter_millis: u64,
    /// From mounted volumes to a running container, with the image present.
    pub start: Span,
    /// Added the first time that a node runs an image.
    pub pull: Span,
    /// From running to the first successful answer, for workloads that do not say otherwise.
    pub ready: Span,
    /// From SIGTERM to exit.
    pub stop: Span,
    /// From the last exit to the removal of the object.
    pub confirm: Span,
    /// How often the kubelet looks whether its volumes are attached.
    pub volume_poll: Span,
    /// From power to a registered kubelet.
    pub boot: Span,
    /// From ErrImagePull to ImagePullBackOff.
    pub pull_error_to_back_off: Span,
    /// From a first exit to the restart.
    pub restart: Span,
    /// The least time that a process gets between SIGTERM and SIGKILL.
    pub minimum_grace: Span,
    pub mount: Span,
    /// From the last exit until nothing of the pod's volumes is mounted; the object is never removed before.
    pub unmount: Span,
    /// Whether orphaned processes of deleted pods get the full grace on reconnection (a kubelet that kept running does
    /// that), and whether Terminating pods found at boot are removed at once.
    pub delete_terminating_at_boot: bool,
    /// Whether containers are started with the words of the node agent that stands in for kubelets in recordings.
    pub recorded_agent: bool,
}

/// Latencies of the simulated storage driver.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StorageSettings {
    pub provision: Span,
    pub attach: Span,
    pub detach: Span,
    /// Whether volumes of WaitForFirstConsumer classes can only be used in the zone they were made in.
    pub zonal: bool,
}

impl Settings {
    /// Whether all of them are the defaults.
    pub fn are_usual(&self) -> bool {
        *self == Settings::default()
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            watch_lag: Span::millis(1),
            not_ready_toleration_seconds: 300,
            unreachable_toleration_seconds: 300,
            node_monitor_period: Span::seconds(5),
            node_monitor_grace_period: Span::seconds(50),
            node_eviction_rate_millis: 100,
            secondary_node_eviction_rate_millis: 10,
            unhealthy_zone_threshold_millis: 550,
            large_cluster_size_threshold: 50,
            pod_gc_period: Span::seconds(20),
            pod_gc_quarantine: Span::seconds(40),
            force_detach_after: Span::minutes(6),
            attach_detach_period: Span::millis(100),
            claim_sync_period: Span::seconds(15),
            service_network: "10.96".into(),
            gates: Gates { max_unavailable_stateful_set: false, stale_controller_consistency: true },
            kubelet: KubeletSettings {
                version: "v1.36.3".into(),
                lease_interval: Span::seconds(10),
                lease_duration_seconds: 40,
                status_interval: Span::seconds(10),
                lease_jitter_millis: 40,
                start: Span::millis(900),
                pull: Span::millis(2_600),
                ready: Span::ZERO,
                stop: Span::seconds(2),
                confirm: Span::millis(300),
                volume_poll: Span::millis(300),
                boot: Span::seconds(15),
                pull_error_to_back_off: Span::seconds(10),
                restart: Span::millis(500),
                minimum_grace: Span::seconds(2),
                mount: Span::millis(200),
                unmount: Span::millis(300),
                delete_terminating_at_boot: false,
                recorded_agent: false,
            },
            storage: StorageSettings {
                provision: Span::millis(1_200),
                attach: Span::millis(1_600),
                detach: Span::millis(1_400),
                zonal: true,
            },
            placements: Vec::new(),
            pod_names: Vec::new(),
            limiter_busy: Vec::new(),
            taint_order: Vec::new(),
            client: ClientSettings { requests_per_second: 20, burst: 30, request: Span::millis(10) },
        }
    }
}
