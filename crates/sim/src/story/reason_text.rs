//! Reasons in words: the sentence under "Why is nothing happening?".

use crate::belief::api::shelf::Key;
use crate::ground::clock::elapsed;
use crate::words::reason::Reason;
use crate::world::World;

/// What a person would say of a reason now: what is under way as it should needs no list of ways out.
pub fn sentence(world: &World, key: &Key, reason: &Reason) -> String {
    let Reason::PodTerminating { pod, node, since } = reason else { return reason.sentence(world.start) };
    let Some(grace_seconds) = graceful(world, key, reason) else { return reason.sentence(world.start) };
    let asked = elapsed(since.since(world.start));
    let asked = asked.split('.').next().unwrap_or_default();
    format!("{pod} was asked to stop at {asked}; the kubelet on {node} is stopping it, for {grace_seconds} s at most.")
}

/// Whether somebody is at work on what is waited for, and nobody else has to do anything.
pub fn is_under_way(world: &World, key: &Key, reason: &Reason) -> bool {
    match reason {
        Reason::PodTerminating { .. } => graceful(world, key, reason).is_some(),
        Reason::DeletedOnePod { .. }
        | Reason::CreatedOnePod { .. }
        | Reason::ReplacingFinished { .. }
        | Reason::PodNotAvailable { .. }
        | Reason::ExpectationsPending { .. }
        | Reason::WaitingForFirstConsumer { .. }
        | Reason::WaitingForProvisioner { .. }
        | Reason::WaitingForVolume { .. }
        | Reason::DriverBusy { .. } => true,
        Reason::Batch(wait) => wait.is_under_way(),
        _ => false,
    }
}

/// The grace of a pod that its kubelet is stopping, as long as it answers and the grace is not over.
fn graceful(world: &World, key: &Key, reason: &Reason) -> Option<i64> {
    let Reason::PodTerminating { pod, node, .. } = reason else { return None };
    let object = world.objects().pods.get(&key.sibling(pod.clone()))?;
    let in_time = object.is_terminating() && world.now <= object.metadata.deletion_timestamp;
    (in_time && world.hears(node)).then(|| object.metadata.deletion_grace_period_seconds.unwrap_or_default().max(0))
}
