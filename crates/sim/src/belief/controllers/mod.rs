//! The controllers: one line each in the table below, one file or folder each, under upstream's name.
//!
//! A controller only ever holds an [`Api`]: it reads its cache, asks the API server, and returns when it is settled, or
//! waits for a [`Reason`](crate::words::reason::Reason), or failed and is retried with back-off.

pub mod expectations;
pub mod history;
pub mod pod_control;
pub mod ref_manager;
#[cfg(test)]
pub mod testing;
pub mod util;

pub mod attach_detach;
pub mod batch;
pub mod cron_job;
pub mod csi_driver;
pub mod daemon;
pub mod deployment;
pub mod disruption;
pub mod endpoint_slice;
pub mod garbage_collector;
pub mod job;
pub mod namespace;
pub mod node_lifecycle;
pub mod persistent_volume;
pub mod pod_gc;
pub mod pv_protection;
pub mod pvc_protection;
pub mod replicaset;
pub mod replication;
pub mod replication_controller;
pub mod resource_quota;
pub mod service_account;
pub mod statefulset;
pub mod taint_eviction;
pub mod ttl_after_finished;

use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Outcome, Via};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::Span;
use crate::ground::rare::Rare;
use crate::ground::settings::Settings;
use crate::words::controller_id::ControllerId;

/// Which keys a change concerns, and after how long.
pub type Handler = fn(&Change, Enqueue<'_, Memory>) -> Vec<(Key, Span)>;

/// One sync about a key. It hands back how its questions were answered.
pub type Sync = for<'w> fn(&Key, Api<'w, Memory>) -> (Outcome, Via<'w>);

/// A control loop: what wakes it and what it does about a key.
pub struct Controller {
    pub id: ControllerId,
    /// Where the simulated thing lives upstream.
    pub upstream: &'static str,
    /// Which keys a change concerns.
    pub enqueue: Handler,
    pub sync: Sync,
    /// Keys that are queued again and again, and how often. The next period starts after the last has ended.
    pub periods: fn(&Settings) -> Vec<(Key, Span)>,
    /// Whether a sync must not run on a cache that misses the controller's own writes (new in 1.36).
    pub waits_for_own_writes: bool,
}

fn never(_: &Settings) -> Vec<(Key, Span)> {
    Vec::new()
}

macro_rules! controllers {
    ($($id:ident, $upstream:literal, $module:path, $periods:expr, $own:literal;)*) => {
        /// All control loops, in the order of [`ControllerId::ALL`].
        pub static CONTROLLERS: &[Controller] = &[$({
            use $module as module;
            Controller {
                id: ControllerId::$id, upstream: $upstream,
                enqueue: |change, keys| {
                    let mut own = keys.of();
                    module::enqueue(change, &mut own);
                    own.keys
                },
                sync: |key, api| {
                    let mut own = api.of();
                    let outcome = module::sync(key, &mut own);
                    (outcome, own.into_via())
                },
                periods: $periods, waits_for_own_writes: $own,
            }
        },)*];
    };
}

controllers! {
    Scheduler, "pkg/scheduler", crate::belief::scheduler, never, false;
    StatefulSet, "pkg/controller/statefulset", crate::belief::controllers::statefulset, never, true;
    ReplicaSet, "pkg/controller/replicaset", crate::belief::controllers::replicaset, never, true;
    Deployment, "pkg/controller/deployment", crate::belief::controllers::deployment, never, false;
    EndpointSlice, "pkg/controller/endpointslice", crate::belief::controllers::endpoint_slice, never, true;
    NodeLifecycle, "pkg/controller/nodelifecycle", crate::belief::controllers::node_lifecycle, crate::belief::controllers::node_lifecycle::periods, false;
    TaintEviction, "pkg/controller/tainteviction", crate::belief::controllers::taint_eviction, never, false;
    PodGc, "pkg/controller/podgc", crate::belief::controllers::pod_gc, crate::belief::controllers::pod_gc::periods, false;
    GarbageCollector, "pkg/controller/garbagecollector", crate::belief::controllers::garbage_collector, never, false;
    ServiceAccount, "pkg/controller/serviceaccount", crate::belief::controllers::service_account, never, false;
    ResourceQuota, "pkg/controller/resourcequota", crate::belief::controllers::resource_quota, crate::belief::controllers::resource_quota::periods, false;
    Namespace, "pkg/controller/namespace", crate::belief::controllers::namespace, never, false;
    Disruption, "pkg/controller/disruption", crate::belief::controllers::disruption, never, false;
    PersistentVolume, "pkg/controller/volume/persistentvolume", crate::belief::controllers::persistent_volume, never, false;
    PvcProtection, "pkg/controller/volume/pvcprotection", crate::belief::controllers::pvc_protection, never, false;
    PvProtection, "pkg/controller/volume/pvprotection", crate::belief::controllers::pv_protection, never, false;
    AttachDetach, "pkg/controller/volume/attachdetach", crate::belief::controllers::attach_detach, never, false;
    CsiDriver, "external-provisioner and external-attacher", crate::belief::controllers::csi_driver, never, false;
    DaemonSet, "pkg/controller/daemon", crate::belief::controllers::daemon, never, true;
    Job, "pkg/controller/job", crate::belief::controllers::job, never, true;
    CronJob, "pkg/controller/cronjob", crate::belief::controllers::cron_job, never, false;
    TtlAfterFinished, "pkg/controller/ttlafterfinished", crate::belief::controllers::ttl_after_finished, never, false;
    ReplicationController, "pkg/controller/replication", crate::belief::controllers::replication_controller, never, true;
}

/// What a control loop does.
pub fn of(id: ControllerId) -> &'static Controller {
    &CONTROLLERS[id as usize]
}

/// Whether a store has nothing for a control loop that few worlds need.
pub fn is_needless(id: ControllerId, objects: &Objects) -> bool {
    match id {
        ControllerId::DaemonSet => objects.daemon_sets.is_empty(),
        // That of Jobs never sleeps: pods may outlive the last Job, and wait for it to take their finalizer.
        ControllerId::CronJob | ControllerId::TtlAfterFinished => !objects.keeps("Job") && !objects.keeps("CronJob"),
        ControllerId::ReplicationController => !objects.keeps("ReplicationController"),
        _ => false,
    }
}

impl Controller {
    /// How long a key waits after its first failure, and after how many in a row it is given up until something changes.
    ///
    /// Upstream: `maxRetries` of `deployment_controller.go` and `endpointslice_controller.go`.
    pub fn retries(&self) -> (Span, Option<u32>) {
        match self.id {
            ControllerId::Deployment => (Span::millis(5), Some(15)),
            ControllerId::EndpointSlice => (Span::seconds(1), Some(15)),
            ControllerId::Job => (Span::seconds(1), None),
            _ => (Span::millis(5), None),
        }
    }
    /// The longest that a key waits for its next try.
    ///
    /// Upstream: `DefaultTypedControllerRateLimiter`, and `MaxJobApiBackOff`.
    pub fn slowest(&self) -> Span {
        Span::seconds(if self.id == ControllerId::Job { 60 } else { 1_000 })
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
    pub persistent_volume: persistent_volume::Memory,
    pub attach_detach: attach_detach::Memory,
    pub csi_driver: csi_driver::Memory,
    pub daemon: Rare<daemon::Memory>,
    pub scheduler: crate::belief::scheduler::Memory,
    pub job: Rare<job::Memory>,
    pub replication: Rare<replication_controller::Memory>,
    /// For those that remember nothing.
    pub nothing: (),
}

/// Each controller is handed its own part, and sees no other.
macro_rules! parts {
    ($($part:ident: $of:ty;)*) => {$(
        impl AsMut<$of> for Memory {
            fn as_mut(&mut self) -> &mut $of {
                &mut self.$part
            }
        }
    )*};
}

parts! {
    statefulset: statefulset::Memory;
    replicaset: replicaset::Memory;
    node_lifecycle: node_lifecycle::Memory;
    taint_eviction: taint_eviction::Memory;
    pod_gc: pod_gc::Memory;
    persistent_volume: persistent_volume::Memory;
    attach_detach: attach_detach::Memory;
    csi_driver: csi_driver::Memory;
    daemon: daemon::Memory;
    scheduler: crate::belief::scheduler::Memory;
    job: job::Memory;
    replication: replication_controller::Memory;
    nothing: ();
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
            ControllerId::PersistentVolume => self.persistent_volume = Default::default(),
            ControllerId::AttachDetach => self.attach_detach = Default::default(),
            ControllerId::CsiDriver => self.csi_driver.restart(),
            ControllerId::DaemonSet => self.daemon = Default::default(),
            ControllerId::Scheduler => self.scheduler.restart(),
            ControllerId::Job => self.job = Default::default(),
            // These keep nothing between syncs.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_controller_stands_at_its_own_place() {
        assert_eq!(CONTROLLERS.iter().map(|controller| controller.id).collect::<Vec<_>>(), ControllerId::ALL);
        for id in ControllerId::ALL {
            assert_eq!(of(id).id, id);
            assert_eq!(ControllerId::from_name(id.name()), Some(id));
        }
    }
}
