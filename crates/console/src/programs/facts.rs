//! What is known of a container before any of its programs runs: its name, and the words that it was started with.

use super::family::{entry, family};
use petri_objects::Name;
use petri_sim::world::files::Inside;

/// The host name of a pod.
pub(super) fn host_name(inside: &Inside<'_>) -> Name {
    let pod = &inside.pod;
    if pod.spec.host_network {
        return inside.machine.name.clone();
    }
    if pod.spec.hostname.is_empty() { pod.metadata.name.clone() } else { pod.spec.hostname.clone() }
}

/// The command line of the container's process.
pub(super) fn command_of(inside: &Inside<'_>) -> Vec<String> {
    let own = inside.container.command.iter().chain(&inside.container.args).map(|word| word.to_string());
    let own: Vec<String> = own.collect();
    let own = if inside.container.command.is_empty() { entry(&inside.container.image, own) } else { own };
    match own.is_empty() {
        true => family(&inside.container.image).command().split(' ').map(str::to_owned).collect(),
        false => own,
    }
}
