//! Reasons in words: the sentence under "Why is nothing happening?".

use crate::belief::api::shelf::Key;
use crate::ground::clock::{Time, elapsed};
use crate::words::command::StoragePart;
use crate::words::reason::Reason;
use crate::world::World;

impl World {
    /// What a person would say of a reason now: what is under way as it should needs no list of ways out.
    pub fn sentence(&self, key: &Key, reason: &Reason) -> String {
        let Reason::PodTerminating { pod, node, since } = reason else { return reason.sentence(self.start) };
        let Some(grace_seconds) = self.graceful(key, reason) else { return reason.sentence(self.start) };
        let asked = elapsed(since.since(self.start));
        let asked = asked.split('.').next().unwrap_or_default();
        format!(
            "{pod} was asked to stop at {asked}; the kubelet on {node} is stopping it, for {grace_seconds} s at most."
        )
    }

    /// Whether somebody is at work on what is waited for, and nobody else has to do anything.
    pub fn is_under_way(&self, key: &Key, reason: &Reason) -> bool {
        match reason {
            Reason::PodTerminating { .. } => self.graceful(key, reason).is_some(),
            Reason::DeletedOnePod { .. }
            | Reason::CreatedOnePod { .. }
            | Reason::ReplacingFinished { .. }
            | Reason::PodNotAvailable { .. }
            | Reason::ExpectationsPending { .. }
            | Reason::WaitingForFirstConsumer { .. }
            | Reason::WaitingForProvisioner { .. }
            | Reason::WaitingForVolume { .. }
            | Reason::DriverBusy { .. } => true,
            _ => false,
        }
    }

    /// The grace of a pod that its kubelet is stopping, as long as it answers and the grace is not over.
    fn graceful(&self, key: &Key, reason: &Reason) -> Option<i64> {
        let Reason::PodTerminating { pod, node, .. } = reason else { return None };
        let object = self.objects().pods.get(&key.sibling(pod.clone()))?;
        let in_time = object.is_terminating() && self.now <= object.metadata.deletion_timestamp;
        (in_time && self.hears(node)).then(|| object.metadata.deletion_grace_period_seconds.unwrap_or_default().max(0))
    }
}

impl Reason {
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
                "{node} has not renewed its lease since {}; it is held to be lost at {}.",
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
            Reason::Refused { message } => format!("The API server refused: {message}"),
        }
    }
}
