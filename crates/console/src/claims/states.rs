//! What an object can be said to be.

use crate::tables::pod_status;
use petri_objects::value::quoted;
use petri_objects::{Kind, Name, Object, ObjectRef, Value};
use petri_sim::world::World;
use std::fmt;

/// A state by its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Exists,
    Gone,
    Ready,
    NotReady,
    Terminating,
    /// Of a node: no new pods.
    Cordoned,
    /// Of a machine: it hears nothing, or is not heard.
    Cut,
    /// Of a machine: no power.
    Off,
    /// Of a claim: some pod that is not over names it.
    Used,
    Unused,
    /// Of a pod: the node that it was given.
    On(String),
    /// Of a Lease: who its record names.
    HeldBy(String),
    Free,
    /// Of a volume: the machine that its disk is attached to.
    Attached(Option<String>),
    /// A word of the STATUS column, a phase, or a condition that is True.
    Word(String),
}

/// A state that is so, or is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stated {
    pub(super) not: bool,
    pub(super) state: State,
}

impl Stated {
    pub(super) fn holds(&self, target: &ObjectRef, object: Option<&Object>, world: &World) -> bool {
        // Nothing can be said of an object that is not there, not even what it is not.
        let can_be_said =
            object.is_some() || matches!(self.state, State::Exists | State::Gone | State::Cut | State::Off);
        can_be_said && self.state.holds(target, object, world) != self.not
    }
    pub(super) fn words(&self) -> String {
        if self.not { format!("not {}", self.state) } else { self.state.to_string() }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Exists => f.write_str("there"),
            State::Gone => f.write_str("gone"),
            State::Ready => f.write_str("Ready"),
            State::NotReady => f.write_str("NotReady"),
            State::Terminating => f.write_str("Terminating"),
            State::Cordoned => f.write_str("cordoned"),
            State::Cut => f.write_str("cut"),
            State::Off => f.write_str("off"),
            State::Used => f.write_str("used"),
            State::Unused => f.write_str("unused"),
            State::On(node) => write!(f, "on {node}"),
            State::HeldBy(holder) => write!(f, "held by {holder}"),
            State::Free => f.write_str("free"),
            State::Attached(None) => f.write_str("attached"),
            State::Attached(Some(node)) => write!(f, "attached to {node}"),
            State::Word(word) => f.write_str(word),
        }
    }
}

impl State {
    /// Reads a state: one word, or one of those that take a name.
    ///
    /// # Errors
    /// Several words that mean nothing together.
    pub(super) fn parse(words: &[&str]) -> Result<State, String> {
        Ok(match *words {
            ["exists" | "there"] => State::Exists,
            ["gone" | "deleted"] => State::Gone,
            ["Ready" | "ready" | "complete"] => State::Ready,
            ["NotReady"] => State::NotReady,
            ["Terminating" | "terminating"] => State::Terminating,
            ["cordoned" | "SchedulingDisabled" | "unschedulable"] => State::Cordoned,
            ["cut"] | ["cut", "off"] => State::Cut,
            ["off"] | ["powered", "off"] => State::Off,
            ["used"] | ["in", "use"] => State::Used,
            ["unused"] => State::Unused,
            ["free"] => State::Free,
            ["attached"] => State::Attached(None),
            ["attached", "to", node] => State::Attached(Some(bare(node))),
            ["on", node] => State::On(bare(node)),
            ["held", "by", holder] => State::HeldBy(holder.to_owned()),
            [word] => State::Word(word.to_owned()),
            _ => {
                return Err(format!(
                    "{} is no state; there are Ready, NotReady, Terminating, gone, used, unused, cut, off, cordoned, free, \
                     attached [to NODE], on NODE, held by NAME, and what the STATUS column says",
                    quoted(&words.join(" "))
                ));
            }
        })
    }

    /// Whether an object, which may be gone, is in this state.
    pub(super) fn holds(&self, target: &ObjectRef, object: Option<&Object>, world: &World) -> bool {
        // What machines do does not depend on any object.
        match self {
            State::Cut => return world.network.is_cut(&target.name),
            State::Off => return world.machines.get(&target.name).is_some_and(|machine| !machine.powered),
            State::Gone => return object.is_none(),
            _ => {}
        }
        let Some(object) = object else { return false };
        match self {
            State::Exists => true,
            State::Ready => is_ready(object),
            State::NotReady => !is_ready(object),
            State::Terminating => object.meta().is_terminating(),
            State::Cordoned => matches!(object, Object::Node(node) if node.spec.unschedulable),
            State::Used => is_used(object, world),
            State::Unused => !is_used(object, world),
            State::On(node) => matches!(object, Object::Pod(pod) if *pod.spec.node_name == **node),
            State::HeldBy(holder) => holder_of(object).is_some_and(|held| held == *holder),
            State::Free => holder_of(object).is_none_or(|holder| holder.is_empty()),
            State::Attached(node) => {
                let disk = world.disks.get(&object.meta().name);
                disk.is_some_and(|disk| match node {
                    Some(node) => disk.attached.contains_key(&**node),
                    None => !disk.attached.is_empty(),
                })
            }
            State::Word(word) => status(object).eq_ignore_ascii_case(word) || is_condition(object, word),
            State::Cut | State::Off | State::Gone => false,
        }
    }
}

fn bare(node: &str) -> String {
    node.rsplit('/').next().unwrap_or(node).to_owned()
}

/// Complete for workloads, Bound for claims, the condition for pods and nodes.
pub(crate) fn is_ready(object: &Object) -> bool {
    match object {
        Object::Pod(pod) => pod.is_ready(),
        Object::Node(node) => node.is_ready(),
        Object::StatefulSet(set) => {
            let observed = set.status.observed_generation >= set.metadata.generation;
            observed && set.status.ready_replicas == set.replicas() && set.status.replicas == set.replicas()
        }
        Object::Deployment(deployment) => {
            let status = &deployment.status;
            let observed = status.observed_generation >= deployment.metadata.generation;
            observed
                && [status.replicas, status.updated_replicas, status.available_replicas] == [deployment.replicas(); 3]
        }
        Object::ReplicaSet(set) => set.status.ready_replicas == set.replicas(),
        Object::DaemonSet(set) => {
            let (status, desired) = (&set.status, set.status.desired_number_scheduled);
            let observed = status.observed_generation >= set.metadata.generation;
            observed && [status.updated_number_scheduled, status.number_available] == [desired; 2]
        }
        Object::PersistentVolumeClaim(claim) => claim.is_bound(),
        Object::PersistentVolume(volume) => &*volume.status.phase == "Bound",
        Object::Namespace(namespace) => &*namespace.status.phase == "Active",
        _ => true,
    }
}

/// The word that the object's table has under STATUS; empty if it has none.
fn status(object: &Object) -> String {
    match object {
        Object::Pod(pod) => pod_status(pod),
        Object::Node(node) => if node.is_ready() { "Ready" } else { "NotReady" }.into(),
        _ if object.meta().is_terminating() => "Terminating".into(),
        _ => phase(object),
    }
}

fn phase(object: &Object) -> String {
    object.to_value().at(&["status", "phase"]).and_then(Value::as_str).unwrap_or("").to_owned()
}

fn is_condition(object: &Object, word: &str) -> bool {
    let value = object.to_value();
    let conditions = value.at(&["status", "conditions"]).and_then(Value::as_list).unwrap_or(&[]);
    conditions.iter().any(|condition| {
        let text = |key| condition.at(&[key]).and_then(Value::as_str).unwrap_or("");
        text("type").trim_start_matches("Pod").eq_ignore_ascii_case(word.trim_start_matches("Pod"))
            && text("status") == "True"
    })
}

fn holder_of(object: &Object) -> Option<String> {
    let value = object.to_value();
    value.at(&["spec", "holderIdentity"]).and_then(Value::as_str).map(str::to_owned)
}

fn is_used(object: &Object, world: &World) -> bool {
    let meta = object.meta();
    match object.kind() {
        Kind::PersistentVolumeClaim => world
            .objects()
            .pods
            .values()
            .filter(|pod| pod.metadata.namespace == meta.namespace && !pod.phase().is_terminal())
            .any(|pod| pod.claims().any(|claim| *claim == meta.name)),
        Kind::PersistentVolume => world.disks.get(&meta.name).is_some_and(|disk| !disk.mounts.is_empty()),
        _ => true,
    }
}

/// What there is to say about an object instead: its state in a word.
pub(super) fn found(target: &ObjectRef, shown: &str, object: Option<&Object>, world: &World) -> String {
    let mut also: Vec<String> = Vec::new();
    if target.kind == Kind::Node {
        if world.network.is_cut(&target.name) {
            also.push("its machine is cut".into());
        }
        if world.machines.get(&target.name).is_some_and(|machine| !machine.powered) {
            also.push("its machine is off".into());
        }
    }
    let Some(object) = object else {
        also.insert(0, format!("{shown} does not exist"));
        return also.join(", ");
    };
    let mut words: Vec<String> = Vec::new();
    match status(object) {
        word if !word.is_empty() => words.push(word),
        _ => words.push(if is_ready(object) { "Ready" } else { "NotReady" }.into()),
    }
    match object {
        Object::Pod(pod) => {
            words.push(if pod.is_ready() { "ready".into() } else { "not ready".into() });
            words.push(if pod.spec.node_name.is_empty() {
                "on no node".into()
            } else {
                format!("on {}", pod.spec.node_name)
            });
        }
        Object::Node(node) if node.spec.unschedulable => words.push("cordoned".into()),
        Object::PersistentVolumeClaim(_) => words.push(if is_used(object, world) { "used" } else { "unused" }.into()),
        Object::PersistentVolume(_) => {
            let on: Vec<&Name> =
                world.disks.get(&target.name).map(|disk| disk.attached.keys().collect()).unwrap_or_default();
            words.push(match on.first() {
                Some(node) => format!("attached to {node}"),
                None => "not attached".into(),
            });
        }
        _ => {}
    }
    if let Some(holder) = holder_of(object) {
        words.push(if holder.is_empty() { "free".into() } else { format!("held by {holder}") });
    }
    also.insert(0, format!("{shown} is {}", words.join(", ")));
    also.join(", ")
}
