//! The controllers: one line each in the table below, one file or folder each, under upstream's name.
//!
//! A controller only ever holds an [`Api`]: it reads its cache, asks the API server, and returns when it is settled, or
//! waits for a [`Reason`](crate::words::reason::Reason), or failed and is retried with back-off.

pub mod ref_manager;
#[cfg(test)]
pub mod testing;
pub mod util;

pub mod attach_detach;
pub mod csi_driver;
pub mod deployment;
pub mod disruption;
pub mod endpoint_slice;
pub mod garbage_collector;
pub mod namespace;
pub mod node_lifecycle;
pub mod persistent_volume;
pub mod pod_gc;
pub mod pv_protection;
pub mod pvc_protection;
pub mod replicaset;
pub mod resource_quota;
pub mod service_account;
pub mod statefulset;
pub mod taint_eviction;

use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Outcome};
use crate::ground::clock::{Span, Time};
use crate::ground::settings::Settings;

/// A control loop: what wakes it and what it does about a key.
pub struct Controller {
    pub id: ControllerId,
    /// The component's name in events: `statefulset-controller`.
    pub name: &'static str,
    /// Where the simulated thing lives upstream.
    pub upstream: &'static str,
    /// Which keys a change concerns.
    pub enqueue: fn(&Change, &mut Enqueue<'_>),
    pub sync: fn(&Key, &mut Api<'_>) -> Outcome,
    /// Keys that are queued again and again, and how often. The next period starts after the last has ended.
    pub periods: fn(&Settings) -> Vec<(Key, Span)>,
    /// Whether a sync must not run on a cache that misses the controller's own writes (new in 1.36).
    pub waits_for_own_writes: bool,
}

/// What `enqueue` may look at, and where it puts keys.
pub struct Enqueue<'w> {
    pub cache: &'w Objects,
    pub memory: &'w mut Memory,
    pub settings: &'w Settings,
    pub now: Time,
    pub(crate) keys: Vec<(Key, Span)>,
}

impl Enqueue<'_> {
    pub fn add(&mut self, key: Key) {
        self.keys.push((key, Span::ZERO));
    }
    pub fn add_after(&mut self, key: Key, span: Span) {
        self.keys.push((key, span));
    }
}

fn never(_: &Settings) -> Vec<(Key, Span)> {
    Vec::new()
}

macro_rules! controllers {
    ($($id:ident, $name:literal, $upstream:literal, $module:path, $periods:expr, $own:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ControllerId { $($id,)* }

        /// All control loops, in the order in which they look at a change. The scheduler is first: it needs one request
        /// for what takes the others several.
        pub static CONTROLLERS: &[Controller] = &[$({
            use $module as module;
            Controller {
                id: ControllerId::$id, name: $name, upstream: $upstream,
                enqueue: module::enqueue, sync: module::sync, periods: $periods, waits_for_own_writes: $own,
            }
        },)*];
    };
}

controllers! {
    Scheduler, "default-scheduler", "pkg/scheduler", crate::belief::scheduler, never, false;
    StatefulSet, "statefulset-controller", "pkg/controller/statefulset", crate::belief::controllers::statefulset, never, true;
    ReplicaSet, "replicaset-controller", "pkg/controller/replicaset", crate::belief::controllers::replicaset, never, true;
    Deployment, "deployment-controller", "pkg/controller/deployment", crate::belief::controllers::deployment, never, false;
    EndpointSlice, "endpoint-slice-controller", "pkg/controller/endpointslice", crate::belief::controllers::endpoint_slice, never, true;
    NodeLifecycle, "node-controller", "pkg/controller/nodelifecycle", crate::belief::controllers::node_lifecycle, crate::belief::controllers::node_lifecycle::periods, false;
    TaintEviction, "taint-eviction-controller", "pkg/controller/tainteviction", crate::belief::controllers::taint_eviction, never, false;
    PodGc, "pod-garbage-collector", "pkg/controller/podgc", crate::belief::controllers::pod_gc, crate::belief::controllers::pod_gc::periods, false;
    GarbageCollector, "garbage-collector-controller", "pkg/controller/garbagecollector", crate::belief::controllers::garbage_collector, never, false;
    ServiceAccount, "serviceaccount-controller", "pkg/controller/serviceaccount", crate::belief::controllers::service_account, never, false;
    ResourceQuota, "resourcequota-controller", "pkg/controller/resourcequota", crate::belief::controllers::resource_quota, crate::belief::controllers::resource_quota::periods, false;
    Namespace, "namespace-controller", "pkg/controller/namespace", crate::belief::controllers::namespace, never, false;
    Disruption, "controllermanager", "pkg/controller/disruption", crate::belief::controllers::disruption, never, false;
    PersistentVolume, "persistentvolume-controller", "pkg/controller/volume/persistentvolume", crate::belief::controllers::persistent_volume, never, false;
    PvcProtection, "pvc-protection-controller", "pkg/controller/volume/pvcprotection", crate::belief::controllers::pvc_protection, never, false;
    PvProtection, "pv-protection-controller", "pkg/controller/volume/pvprotection", crate::belief::controllers::pv_protection, never, false;
    AttachDetach, "attachdetach-controller", "pkg/controller/volume/attachdetach", crate::belief::controllers::attach_detach, never, false;
    CsiDriver, "csi-driver", "external-provisioner and external-attacher", crate::belief::controllers::csi_driver, never, false;
}

impl ControllerId {
    pub fn controller(self) -> &'static Controller {
        &CONTROLLERS[self as usize]
    }
    pub fn from_name(name: &str) -> Option<ControllerId> {
        CONTROLLERS.iter().find(|c| c.name == name).map(|c| c.id)
    }
    /// How long a key waits after its first failure, and after how many in a row it is given up until something changes.
    ///
    /// Upstream: `maxRetries` of `deployment_controller.go` and `endpointslice_controller.go`.
    pub fn retries(self) -> (Span, Option<u32>) {
        match self {
            ControllerId::Deployment => (Span::millis(5), Some(15)),
            ControllerId::EndpointSlice => (Span::seconds(1), Some(15)),
            _ => (Span::millis(5), None),
        }
    }
}

/// What the controllers remember between syncs. Lost when the controller manager restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    pub statefulset: statefulset::Memory,
    pub replicaset: replicaset::Memory,
    pub node_lifecycle: node_lifecycle::Memory,
    pub taint_eviction: taint_eviction::Memory,
    pub pod_gc: pod_gc::Memory,
    pub garbage_collector: garbage_collector::Memory,
    pub persistent_volume: persistent_volume::Memory,
    pub attach_detach: attach_detach::Memory,
    pub csi_driver: csi_driver::Memory,
    pub scheduler: crate::belief::scheduler::Memory,
}

impl Memory {
    /// A controller starts again and knows nothing but what it reads.
    pub(crate) fn forget(&mut self, id: ControllerId) {
        match id {
            ControllerId::StatefulSet => self.statefulset = Default::default(),
            ControllerId::ReplicaSet => self.replicaset = Default::default(),
            ControllerId::NodeLifecycle => self.node_lifecycle = Default::default(),
            ControllerId::TaintEviction => self.taint_eviction = Default::default(),
            ControllerId::PodGc => self.pod_gc = Default::default(),
            ControllerId::GarbageCollector => self.garbage_collector = Default::default(),
            ControllerId::PersistentVolume => self.persistent_volume = Default::default(),
            ControllerId::AttachDetach => self.attach_detach = Default::default(),
            ControllerId::CsiDriver => self.csi_driver.restart(),
            ControllerId::Scheduler => self.scheduler.restart(),
            // These keep nothing between syncs.
            _ => {}
        }
    }
}
