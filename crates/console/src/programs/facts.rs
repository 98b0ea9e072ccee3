//! What is known of a container before any of its programs runs: its name, its user, and the words that it was started with.

use super::family::{entry, family};
use petri_objects::{Name, Value};
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

/// The user that the pod or the container names.
pub(super) fn user(inside: &Inside<'_>) -> i64 {
    of_context("runAsUser", inside)
}

fn of_context(key: &str, inside: &Inside<'_>) -> i64 {
    let of = |context: &Option<std::rc::Rc<Value>>| context.as_ref().and_then(|value| value.at(&[key])?.as_int());
    of(&inside.container.security_context.0).or_else(|| of(&inside.pod.spec.security_context.0)).unwrap_or(0)
}

/// The group that the kubelet gives the volumes of the pod to.
pub(super) fn shared_group(inside: &Inside<'_>) -> Option<i64> {
    inside.pod.spec.security_context.0.as_deref()?.at(&["fsGroup"])?.as_int()
}

/// The groups that it runs in, its own one first.
pub(super) fn groups(inside: &Inside<'_>) -> Vec<i64> {
    let mut all = vec![of_context("runAsGroup", inside)];
    let pod = inside.pod.spec.security_context.0.as_deref();
    let more = pod.and_then(|pod| pod.at(&["supplementalGroups"])).and_then(Value::as_list).unwrap_or_default();
    for group in more.iter().filter_map(Value::as_int).chain(shared_group(inside)) {
        if !all.contains(&group) {
            all.push(group);
        }
    }
    all
}
