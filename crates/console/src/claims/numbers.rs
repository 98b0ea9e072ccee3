//! What an object can be said to have a number of.

use petri_objects::{Kind, Object, Value};
use petri_sim::world::World;

/// Kind, word, and the field that counts it.
const FIELDS: &[(Kind, &str, &[&str])] = &[
    (Kind::StatefulSet, "asked for", &["spec", "replicas"]),
    (Kind::StatefulSet, "pods", &["status", "replicas"]),
    (Kind::StatefulSet, "ready", &["status", "readyReplicas"]),
    (Kind::StatefulSet, "available", &["status", "availableReplicas"]),
    (Kind::StatefulSet, "current", &["status", "currentReplicas"]),
    (Kind::StatefulSet, "updated", &["status", "updatedReplicas"]),
    (Kind::Deployment, "asked for", &["spec", "replicas"]),
    (Kind::Deployment, "pods", &["status", "replicas"]),
    (Kind::Deployment, "ready", &["status", "readyReplicas"]),
    (Kind::Deployment, "available", &["status", "availableReplicas"]),
    (Kind::Deployment, "unavailable", &["status", "unavailableReplicas"]),
    (Kind::Deployment, "updated", &["status", "updatedReplicas"]),
    (Kind::ReplicaSet, "asked for", &["spec", "replicas"]),
    (Kind::ReplicaSet, "pods", &["status", "replicas"]),
    (Kind::ReplicaSet, "ready", &["status", "readyReplicas"]),
    (Kind::ReplicaSet, "available", &["status", "availableReplicas"]),
    (Kind::DaemonSet, "desired", &["status", "desiredNumberScheduled"]),
    (Kind::DaemonSet, "current", &["status", "currentNumberScheduled"]),
    (Kind::DaemonSet, "ready", &["status", "numberReady"]),
    (Kind::DaemonSet, "updated", &["status", "updatedNumberScheduled"]),
    (Kind::DaemonSet, "available", &["status", "numberAvailable"]),
    (Kind::DaemonSet, "misscheduled", &["status", "numberMisscheduled"]),
    (Kind::PodDisruptionBudget, "healthy", &["status", "currentHealthy"]),
    (Kind::PodDisruptionBudget, "desired", &["status", "desiredHealthy"]),
    (Kind::PodDisruptionBudget, "allowed", &["status", "disruptionsAllowed"]),
    (Kind::PodDisruptionBudget, "expected", &["status", "expectedPods"]),
];

/// The words that go with a kind.
pub(super) fn words(kind: Kind) -> Vec<&'static str> {
    let mut words: Vec<&str> = FIELDS.iter().filter(|(of, ..)| *of == kind).map(|(_, word, _)| *word).collect();
    match kind {
        Kind::Pod => words.extend(["processes", "restarts"]),
        Kind::Node => words.extend(["pods", "processes"]),
        Kind::Service => words.extend(["ready", "endpoints"]),
        _ => {}
    }
    words
}

/// The word as the table has it: `1 pod`, `replicas`, `ready pods`, `running process`.
pub(super) fn word(kind: Kind, typed: &str) -> Option<&'static str> {
    let plain = match typed {
        "pod" | "replica" | "replicas" => "pods",
        "process" => "processes",
        "restart" => "restarts",
        "endpoint" => "endpoints",
        "disruptions allowed" | "disruption allowed" => "allowed",
        other => other.strip_suffix(" pods").or(other.strip_suffix(" pod")).unwrap_or(other),
    };
    words(kind).into_iter().find(|word| *word == plain)
}

/// The number, counted on the machines where that is what the word says.
pub(super) fn number(object: &Object, word: &str, world: &World) -> u64 {
    let meta = object.meta();
    match (object, word) {
        (Object::Pod(_), "processes") => processes(&meta.namespace, &meta.name, world),
        (Object::Pod(pod), "restarts") => {
            pod.status.container_statuses.iter().map(|status| u64::try_from(status.restart_count).unwrap_or(0)).sum()
        }
        (Object::Node(_), "pods") => count(
            world.objects().pods.values().filter(|pod| pod.spec.node_name == meta.name && !pod.phase().is_terminal()),
        ),
        (Object::Node(_), "processes") => {
            world.machines.get(&meta.name).map_or(0, |machine| count(machine.processes.iter()))
        }
        (Object::Service(_), word) => endpoints(object, word == "ready", world),
        _ => field(object, word),
    }
}

/// How many processes go by the name of a pod, on whatever machine, whichever object they belong to.
pub(super) fn processes(namespace: &str, pod: &str, world: &World) -> u64 {
    count(places(namespace, pod, world).into_iter())
}

/// The machines that processes of that name run on, one entry each.
pub(super) fn places<'w>(namespace: &str, pod: &str, world: &'w World) -> Vec<&'w str> {
    (world.machines.values())
        .flat_map(|machine| machine.processes.iter().map(move |(_, process)| (machine, process)))
        .filter(|(_, process)| &*process.identity.namespace == namespace && &*process.identity.pod == pod)
        .map(|(machine, _)| &*machine.name)
        .collect()
}

fn endpoints(service: &Object, ready: bool, world: &World) -> u64 {
    let meta = service.meta();
    let of_it = world.objects().endpoint_slices.values().filter(|slice| {
        slice.metadata.namespace == meta.namespace && slice.service_name().is_some_and(|name| *name == meta.name)
    });
    count(of_it.flat_map(|slice| slice.endpoints.iter()).filter(|end| !ready || end.conditions.ready.unwrap_or(true)))
}

fn field(object: &Object, word: &str) -> u64 {
    let kind = object.kind();
    let Some((.., path)) = FIELDS.iter().find(|(of, name, _)| *of == kind && *name == word) else { return 0 };
    let value = object.to_value();
    value.at(path).and_then(Value::as_int).and_then(|number| u64::try_from(number).ok()).unwrap_or(0)
}

fn count(items: impl Iterator) -> u64 {
    items.fold(0, |sum, _| sum + 1)
}
