//! Why nothing is happening: what a controller says when it stops short of its goal.
//!
//! Each early return names one of these. The same value is the sentence under "Why is nothing happening?", the link to
//! the rule, and the mark that ties the branch to its test.

use crate::words::command::StoragePart;
use petri_objects::{Name, Time};

/// One variant per way of stopping short. A test names every variant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    // StatefulSet
    /// A pod of the set is stopping; under OrderedReady nothing else is done meanwhile.
    PodTerminating {
        pod: Name,
        node: Name,
        since: Time,
    },
    /// A pod exists and is not Running and Ready; its successors wait.
    PodNotReady {
        pod: Name,
    },
    /// A pod is Ready, but not for `minReadySeconds` yet.
    PodNotAvailable {
        pod: Name,
        until: Time,
    },
    /// A pod ended and is being replaced.
    ReplacingFinished {
        pod: Name,
    },
    /// One pod was created; the next waits until it is Ready.
    CreatedOnePod {
        pod: Name,
    },
    /// One pod was deleted; the next waits until it is gone.
    DeletedOnePod {
        pod: Name,
    },
    /// Scale-down waits for another pod to become healthy.
    ScaleDownBlocked {
        pod: Name,
        unhealthy: Name,
    },
    /// A rolling update waits for this pod.
    UpdateWaitsForPod {
        pod: Name,
    },
    /// The claim that the pod needs belongs to an earlier pod of that name.
    StaleClaim {
        pod: Name,
        claim: Name,
    },
    /// The set itself is being deleted.
    SetTerminating,

    // ReplicaSet, Deployment
    /// Creations or deletions of an earlier sync have not shown up in the cache yet.
    ExpectationsPending {
        creations: i64,
        deletions: i64,
    },
    /// The rollout waits for pods to become available.
    RolloutWaitsForAvailability {
        replica_set: Name,
    },
    /// Recreate waits until the old pods are gone.
    RecreateWaitsForPods {
        pods: u32,
    },
    RolloutPaused,
    /// The Deployment itself is being deleted.
    DeploymentTerminating,

    // Scheduler
    /// No node fits; the message is the scheduler's own.
    Unschedulable {
        message: Name,
    },
    /// The claim will be bound once the volume exists.
    WaitingForVolume {
        claim: Name,
    },
    SchedulingGated,

    // Storage
    /// The claim waits for a pod that uses it.
    WaitingForFirstConsumer {
        claim: Name,
    },
    /// The claim names a class that does not exist.
    MissingStorageClass {
        claim: Name,
        class: Name,
    },
    /// No volume fits the claim and no class can make one.
    NoMatchingVolume {
        claim: Name,
        class: Name,
    },
    /// The external driver makes the volume.
    WaitingForProvisioner {
        claim: Name,
        provisioner: Name,
    },
    /// The driver attaches or detaches the disk.
    DriverBusy {
        part: StoragePart,
        volume: Name,
        node: Name,
    },
    /// The driver was asked and does not answer. For the provisioner, `volume` is what waits and there is no node.
    DriverStuck {
        part: StoragePart,
        volume: Name,
        node: Name,
    },
    /// The driver does not attach a disk to a second node.
    DriverRefuses {
        volume: Name,
        node: Name,
        wanted_by: Name,
    },
    /// The disk is attached elsewhere and may be attached to one node only.
    AttachedElsewhere {
        volume: Name,
        node: Name,
        wanted_by: Name,
        force_detach: Option<Time>,
    },
    /// The disk will be detached once the node has unmounted it, or by force at that time.
    MountedByNode {
        volume: Name,
        node: Name,
        force_detach: Option<Time>,
    },
    /// Pods still use the claim that is being deleted.
    ClaimInUse {
        claim: Name,
        pod: Name,
    },
    /// The volume is still bound.
    VolumeInUse {
        volume: Name,
    },

    // Nodes and eviction
    /// The pod tolerates the node's taint until then.
    TolerationRunning {
        pod: Name,
        node: Name,
        until: Time,
    },
    /// All zones have lost all nodes: nothing is evicted.
    AllZonesDown,
    /// The zone lost so many nodes that evictions stop or slow down.
    ZoneDisrupted {
        zone: Name,
    },
    /// The node object is gone; its pods are removed after a quarantine.
    Quarantine {
        node: Name,
        until: Time,
    },
    /// The kubelet has not renewed its lease; the node counts as healthy until the grace period is over.
    NodeSilent {
        node: Name,
        since: Time,
        until: Time,
    },
    /// The node's turn for a NoExecute taint comes later: evictions are limited per zone.
    EvictionRateLimited {
        node: Name,
        until: Time,
    },
    /// The pod is left out of the Service's endpoints because its node object is gone.
    EndpointNodeMissing {
        pod: Name,
        node: Name,
    },

    // Deletion
    /// Dependents are deleted first.
    WaitingForDependents {
        left: u32,
    },
    /// The namespace is being emptied.
    NamespaceNotEmpty {
        left: u32,
    },

    // Any
    /// The API server refused; the message is its own.
    Refused {
        message: Name,
    },
}

/// Why a controller stopped short of its goal, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Waiting {
    pub since: Time,
    pub reason: Reason,
}

impl Reason {
    /// The variant's name: what tests and links call it.
    // Spelled out, because the optimized page is built without `Debug`.
    pub fn code(&self) -> &'static str {
        match self {
            Reason::PodTerminating { .. } => "PodTerminating",
            Reason::PodNotReady { .. } => "PodNotReady",
            Reason::PodNotAvailable { .. } => "PodNotAvailable",
            Reason::ReplacingFinished { .. } => "ReplacingFinished",
            Reason::CreatedOnePod { .. } => "CreatedOnePod",
            Reason::DeletedOnePod { .. } => "DeletedOnePod",
            Reason::ScaleDownBlocked { .. } => "ScaleDownBlocked",
            Reason::UpdateWaitsForPod { .. } => "UpdateWaitsForPod",
            Reason::StaleClaim { .. } => "StaleClaim",
            Reason::SetTerminating => "SetTerminating",
            Reason::ExpectationsPending { .. } => "ExpectationsPending",
            Reason::RolloutWaitsForAvailability { .. } => "RolloutWaitsForAvailability",
            Reason::RecreateWaitsForPods { .. } => "RecreateWaitsForPods",
            Reason::RolloutPaused => "RolloutPaused",
            Reason::DeploymentTerminating => "DeploymentTerminating",
            Reason::Unschedulable { .. } => "Unschedulable",
            Reason::WaitingForVolume { .. } => "WaitingForVolume",
            Reason::SchedulingGated => "SchedulingGated",
            Reason::WaitingForFirstConsumer { .. } => "WaitingForFirstConsumer",
            Reason::MissingStorageClass { .. } => "MissingStorageClass",
            Reason::NoMatchingVolume { .. } => "NoMatchingVolume",
            Reason::WaitingForProvisioner { .. } => "WaitingForProvisioner",
            Reason::DriverBusy { .. } => "DriverBusy",
            Reason::DriverStuck { .. } => "DriverStuck",
            Reason::DriverRefuses { .. } => "DriverRefuses",
            Reason::AttachedElsewhere { .. } => "AttachedElsewhere",
            Reason::MountedByNode { .. } => "MountedByNode",
            Reason::ClaimInUse { .. } => "ClaimInUse",
            Reason::VolumeInUse { .. } => "VolumeInUse",
            Reason::TolerationRunning { .. } => "TolerationRunning",
            Reason::AllZonesDown => "AllZonesDown",
            Reason::ZoneDisrupted { .. } => "ZoneDisrupted",
            Reason::Quarantine { .. } => "Quarantine",
            Reason::NodeSilent { .. } => "NodeSilent",
            Reason::EvictionRateLimited { .. } => "EvictionRateLimited",
            Reason::EndpointNodeMissing { .. } => "EndpointNodeMissing",
            Reason::WaitingForDependents { .. } => "WaitingForDependents",
            Reason::NamespaceNotEmpty { .. } => "NamespaceNotEmpty",
            Reason::Refused { .. } => "Refused",
        }
    }
}
