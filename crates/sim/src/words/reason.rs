//! Why nothing is happening: what a controller says when it stops short of its goal.
//!
//! Each early return names one of these. The same value is the sentence under "Why is nothing happening?", the link to
//! the rule, and the mark that ties the branch to its test.

use crate::ground::clock::elapsed;
use crate::words::batch;
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

    // Jobs, CronJobs
    Batch(batch::Wait),

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
            Reason::Batch(wait) => wait.code(),
            Reason::Refused { .. } => "Refused",
        }
    }

    /// The scheduler's message, where upstream ends it with two words that belong to nothing, without them.
    pub fn without_tail(message: &str) -> Option<&str> {
        message.strip_suffix(". not found")
    }

    /// What a person would say. Moments are counted from the start of the scenario.
    pub fn sentence(&self, start: Time) -> String {
        let clock = |at: &Time| {
            let text = elapsed(at.since(start));
            text.split('.').next().unwrap_or_default().to_owned()
        };
        match self {
            Reason::PodTerminating { pod, node, since } if node.is_empty() => {
                format!("{pod} still exists: it was asked to stop at {} and its object is not gone yet.", clock(since))
            }
            Reason::PodTerminating { pod, node, since } => format!(
                "{pod} still exists: it was asked to stop at {}, and {node} has not confirmed that it did. Only the kubelet on {node}, the removal of the Node object, the out-of-service taint or a force delete can end this.",
                clock(since)
            ),
            Reason::PodNotReady { pod } => format!("{pod} is not Running and Ready; the set waits for it."),
            Reason::PodNotAvailable { pod, until } => {
                format!("{pod} is Ready, but counts as available only at {} (minReadySeconds).", clock(until))
            }
            Reason::ReplacingFinished { pod } => format!("{pod} has ended and is being replaced under the same name."),
            Reason::CreatedOnePod { pod } => format!("{pod} was just created; the next pod waits until it is Ready."),
            Reason::DeletedOnePod { pod } => format!("{pod} was asked to stop; the next step waits until it is gone."),
            Reason::ScaleDownBlocked { pod, unhealthy } => {
                format!("{pod} is not removed while {unhealthy} is not available.")
            }
            Reason::UpdateWaitsForPod { pod } => format!("The update goes on when {pod} is available."),
            Reason::StaleClaim { pod, claim } => {
                format!("{pod} is not created: {claim} still belongs to an earlier pod of that name.")
            }
            Reason::SetTerminating => "The set itself is being deleted; nothing is created or scaled.".into(),
            Reason::ExpectationsPending { creations, deletions } => {
                format!("Its own {creations} creations and {deletions} deletions have not shown up in the cache yet.")
            }
            Reason::RolloutWaitsForAvailability { replica_set } => {
                format!("The rollout goes on when more pods of {replica_set} are available.")
            }
            Reason::RecreateWaitsForPods { pods } => {
                format!("Recreate waits until the {pods} old pods are gone, stopping ones included.")
            }
            Reason::RolloutPaused => "The rollout is paused.".into(),
            Reason::DeploymentTerminating => "The Deployment itself is being deleted.".into(),
            Reason::Unschedulable { message } => match Reason::without_tail(message) {
                Some(message) => format!("No node fits: {message}."),
                None => format!("No node fits: {message}"),
            },
            Reason::WaitingForVolume { claim } => {
                format!("A node was chosen; binding waits until {claim} has its volume.")
            }
            Reason::SchedulingGated => "A scheduling gate holds the pod back.".into(),
            Reason::WaitingForFirstConsumer { claim } => {
                format!("{claim} gets its volume when a pod that uses it is scheduled.")
            }
            Reason::MissingStorageClass { claim, class } => format!(
                "{claim} asks for the storage class {class}, which does not exist. Create the class, or name one that does."
            ),
            Reason::NoMatchingVolume { claim, class } if class.is_empty() => {
                format!("No volume fits {claim}, and it names no class that could make one.")
            }
            Reason::NoMatchingVolume { claim, class } => {
                format!("No free volume of class {class} fits {claim}, and nothing makes one.")
            }
            Reason::WaitingForProvisioner { claim, provisioner } => {
                format!("{claim} waits until {provisioner} has made its volume.")
            }
            Reason::DriverBusy { part: StoragePart::Detach, volume, node } => {
                format!("The storage driver is detaching {volume} from {node}.")
            }
            Reason::DriverBusy { volume, node, .. } => {
                format!("The storage driver is attaching {volume} to {node}.")
            }
            Reason::DriverStuck { part: StoragePart::Provisioner, volume, .. } => {
                format!("The provisioner does not run, so nobody makes or deletes a disk for {volume}.")
            }
            Reason::DriverStuck { part, volume, node } => {
                let preposition = if *part == StoragePart::Attach { "to" } else { "from" };
                format!(
                    "The storage driver was asked to {} {volume} {preposition} {node} and does not answer.",
                    part.name()
                )
            }
            Reason::DriverRefuses { volume, node, wanted_by } => {
                format!("The storage driver does not attach {volume} to {wanted_by} while it is attached to {node}.")
            }
            Reason::AttachedElsewhere { volume, node, wanted_by, force_detach } => {
                let wait = match force_detach {
                    Some(at) => format!(" It is taken away by force at {}.", clock(at)),
                    None => String::new(),
                };
                format!(
                    "{volume} is attached to {node} and may be attached to one node only; {wanted_by} waits for it (Multi-Attach error).{wait}"
                )
            }
            Reason::MountedByNode { volume, node, force_detach } => {
                let wait = match force_detach {
                    Some(at) => format!("It detaches by force at {}.", clock(at)),
                    None => format!("It detaches when {node} has unmounted it."),
                };
                format!("{node} still has {volume} mounted as far as anybody knows. {wait}")
            }
            Reason::ClaimInUse { claim, pod } => format!("{claim} is kept as long as {pod} uses it."),
            Reason::VolumeInUse { volume } => format!("{volume} is kept as long as a claim is bound to it."),
            Reason::TolerationRunning { pod, node, until } => {
                format!("{pod} tolerates the taint of {node} until {}; then it is asked to stop.", clock(until))
            }
            Reason::AllZonesDown => {
                "No node is ready anywhere, so nothing is evicted: the fault is taken to be the control plane's own."
                    .into()
            }
            Reason::ZoneDisrupted { zone } => {
                let zone = if zone.is_empty() { "The cluster" } else { zone };
                format!("{zone} has lost so many nodes that evictions stop or slow down.")
            }
            Reason::Quarantine { node, until } => format!(
                "The Node object of {node} is gone; its pods are removed after a quarantine, from {} on.",
                clock(until)
            ),
            Reason::NodeSilent { node, since, until } => format!(
                "{node} has not renewed its lease since {}; it is considered lost at {}.",
                clock(since),
                clock(until)
            ),
            Reason::EvictionRateLimited { node, until } => {
                format!("{node} gets its NoExecute taint at {}: one node of a zone in ten seconds.", clock(until))
            }
            Reason::EndpointNodeMissing { pod, node } => {
                format!("{pod} is left out of the endpoints: its node {node} has no object.")
            }
            Reason::WaitingForDependents { left } => format!("{left} dependent objects are deleted first."),
            Reason::NamespaceNotEmpty { left } => format!("The namespace still holds {left} objects."),
            Reason::Batch(wait) => wait.sentence(start),
            Reason::Refused { message } => format!("The API server refused: {message}"),
        }
    }
}
