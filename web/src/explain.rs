//! The three questions of the inspector, answered from the run: why is it like this, why is nothing happening, and what
//! would change it.

mod about;
mod answers;
mod related;
mod rollouts;

pub use answers::{Cause, Fix, Standstill};

use crate::verbs::{OUT_OF_SERVICE, out_of_service};
use answers::{fix, risk};
use petri_objects::order::Order as _;
use petri_objects::record::Opaque;
use petri_objects::{
    Kind, Name, Object, ObjectRef, PersistentVolume, PersistentVolumeSpec, Span, StorageClass, Time, Uid, Value,
};
use petri_picture::view::Target;
use petri_sim::belief::api::shelf::Key;
use petri_sim::story::reason_text;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::{Command, Probed, Propagation, StoragePart};
use petri_sim::words::reason::Reason;
use petri_sim::world::World;
use petri_sim::world::faults::Hindrance;
pub(crate) use related::Related;
use std::rc::Rc;

/// What the Why tab says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Why {
    /// What it is, by definition.
    pub about: Vec<about::About>,
    /// Causes, the newest first.
    pub chain: Vec<Cause>,
    pub waiting: Vec<Standstill>,
    pub fixes: Vec<Fix>,
}

/// The causes shown at first; a chain can be as long as the run.
const CHAIN: usize = 8;
const FIXES: usize = 6;

/// Answers for what is selected, or for the whole cluster.
pub fn why(timeline: &Timeline, target: Option<&Target>) -> Why {
    let world = timeline.world();
    let related = Related::of(world, target);
    let mut waiting = waiting(world, &related);
    waiting.extend(world.hindrances().iter().map(|hindrance| hindered(timeline, hindrance)));
    let (held, repairs) = rollouts::rollouts(timeline, &related);
    waiting.extend(held);
    // The longest wait explains the others.
    waiting.order_by_key(|standstill| standstill.since);
    Why { about: about::about(target), chain: chain(timeline, target), waiting, fixes: fixes(world, &related, repairs) }
}

/// What a person did to the control plane, and since when it lasts.
fn hindered(timeline: &Timeline, hindrance: &Hindrance) -> Standstill {
    let commands = timeline.recording().commands.iter().filter(|stamped| stamped.at <= timeline.now());
    let since = commands.rev().find(|stamped| hindrance.causes.contains(&stamped.command)).map(|stamped| stamped.at);
    // Who it is about stands before the sentence already.
    let sentence = hindrance.sentence.strip_prefix(hindrance.who).unwrap_or(&hindrance.sentence).trim_start();
    Standstill {
        who: hindrance.who,
        sentence: sentence.to_owned(),
        code: "Hindered".into(),
        since: since.unwrap_or(timeline.start()),
        until: None,
        under_way: false,
    }
}

impl Why {
    /// Whether all that is waited for is under way.
    pub fn is_under_way(&self) -> bool {
        self.waiting.iter().all(|standstill| standstill.under_way)
    }
}

/// The object that is asked about: what is selected, or the main workload.
pub fn subject(timeline: &Timeline, target: Option<&Target>) -> Option<(ObjectRef, Option<Uid>)> {
    match target {
        Some(Target::Pod { pod, uid }) => Some((pod.clone(), Some(*uid))),
        Some(other) => other.object().map(|object| (object, None)),
        None => main_workload(timeline.world()).map(|object| (object, None)),
    }
}

fn chain(timeline: &Timeline, target: Option<&Target>) -> Vec<Cause> {
    let Some((object, uid)) = subject(timeline, target) else { return Vec::new() };
    let mut causes: Vec<Cause> = Vec::new();
    for link in timeline.why(&object, uid) {
        let cause = Cause { at: link.at, sentence: link.sentence };
        if causes.len() < CHAIN && causes.last() != Some(&cause) {
            causes.push(cause);
        }
    }
    causes
}

/// The workload that a page without a selection talks about.
pub fn main_workload(world: &World) -> Option<ObjectRef> {
    let objects = world.objects();
    let set = objects.stateful_sets.iter().next().map(|(key, _)| key.to_ref(Kind::StatefulSet));
    let deployment = || objects.deployments.iter().next().map(|(key, _)| key.to_ref(Kind::Deployment));
    let replica_set = || objects.replica_sets.iter().next().map(|(key, _)| key.to_ref(Kind::ReplicaSet));
    let pod = || objects.pods.iter().next().map(|(key, _)| key.to_ref(Kind::Pod));
    set.or_else(deployment).or_else(replica_set).or_else(pod)
}

fn waiting(world: &World, related: &Related) -> Vec<Standstill> {
    let mut found: Vec<Standstill> = Vec::new();
    for (controller, key, waiting) in world.reasons() {
        if !related.concerns(key) {
            continue;
        }
        let standstill = Standstill {
            who: controller.name(),
            sentence: by_claims(world, &reason_text::sentence(world, key, &waiting.reason)),
            code: waiting.reason.code().to_owned(),
            since: waiting.since,
            until: until(&waiting.reason).filter(|until| *until > world.now),
            under_way: reason_text::is_under_way(world, key, &waiting.reason),
        };
        if !found.iter().any(|other| other.sentence == standstill.sentence) {
            found.push(standstill);
        }
    }
    found
}

/// A sentence that calls disks by the names of their claims: those that were drawn for volumes say less.
fn by_claims(world: &World, sentence: &str) -> String {
    let mut text = sentence.to_owned();
    for disk in world.disks.iter() {
        if let Some(claim) = disk.claim.as_ref().filter(|_| text.contains(&*disk.volume)) {
            let name = format!("the disk of {}", claim.name);
            let capital = format!("The disk of {}", claim.name);
            text = match text.strip_prefix(&*disk.volume) {
                Some(rest) => capital + &rest.replace(&*disk.volume, &name),
                None => text.replace(&*disk.volume, &name),
            };
        }
    }
    text
}

/// When a wait ends by itself.
fn until(reason: &Reason) -> Option<Time> {
    match reason {
        Reason::PodNotAvailable { until, .. }
        | Reason::TolerationRunning { until, .. }
        | Reason::Quarantine { until, .. } => Some(*until),
        Reason::AttachedElsewhere { force_detach, .. } | Reason::MountedByNode { force_detach, .. } => *force_detach,
        _ => None,
    }
}

/// `repairs` are those of rollouts, which come first.
fn fixes(world: &World, related: &Related, repairs: Vec<Fix>) -> Vec<Fix> {
    let mut found: Vec<Fix> = repairs;
    for (_, key, waiting) in world.reasons().filter(|(_, key, _)| related.concerns(key)) {
        reason_fixes(world, key, &waiting.reason, &mut found);
    }
    for node in &related.nodes {
        node_fixes(world, node, related, &mut found);
    }
    for hindrance in world.hindrances() {
        let effect = format!("Safe. {} does its work as usual again.", hindrance.who);
        found.push(fix(format!("Undo: {}", hindrance.sentence.trim_end_matches('.')), hindrance.end, effect));
    }
    let mut seen: Vec<Command> = Vec::new();
    found.retain(|fix| {
        let new = !seen.contains(&fix.command);
        seen.push(fix.command.clone());
        new
    });
    found.order_by_key(|fix| fix.risky);
    found.truncate(FIXES);
    found
}

/// A class that makes volumes as the standard one does, under another name.
fn storage_class(name: &Name) -> Object {
    let mut class = StorageClass {
        provisioner: "disk.petri.dev".into(),
        reclaim_policy: Some("Delete".into()),
        volume_binding_mode: Some("WaitForFirstConsumer".into()),
        allow_volume_expansion: Some(true),
        ..StorageClass::default()
    };
    class.metadata.name = name.clone();
    class.into()
}

/// A volume that the claim of this key can have, as somebody makes them by hand.
fn volume_for(world: &World, key: &Key) -> Option<Fix> {
    let claim = world.objects().claims.get(key)?;
    let size = claim.spec.resources.requests.get("storage")?.clone();
    let path = Value::nested(&["path"], Value::String(format!("/mnt/{}", key.name).into()));
    let mut volume = PersistentVolume {
        spec: Rc::new(PersistentVolumeSpec {
            capacity: [("storage".into(), size.clone())].into_iter().collect(),
            access_modes: claim.spec.access_modes.clone(),
            storage_class_name: claim.spec.storage_class_name.clone().unwrap_or_default(),
            host_path: Opaque(Some(Rc::new(path))),
            ..PersistentVolumeSpec::default()
        }),
        ..PersistentVolume::default()
    };
    volume.metadata.name = format!("pv-{}", key.name).into();
    let title = format!("Create a PersistentVolume of {size}");
    let effect = format!("It fits {}; the claim is bound to it, and the pod follows.", key.name);
    Some(fix(title, Command::Apply(Rc::new(Object::from(volume).to_value())), effect))
}

fn reason_fixes(world: &World, key: &Key, reason: &Reason, found: &mut Vec<Fix>) {
    let by_hand =
        |class: &Name| world.objects().volumes.values().any(|volume| volume.spec.storage_class_name == *class);
    match reason {
        Reason::MissingStorageClass { claim, class } | Reason::NoMatchingVolume { claim, class }
            if class.is_empty() || by_hand(class) =>
        {
            found.extend(volume_for(world, &key.sibling(claim.clone())));
        }
        Reason::MissingStorageClass { class, .. } if !class.is_empty() => found.push(fix(
            format!("Create the storage class {class}"),
            Command::Apply(Rc::new(storage_class(class).to_value())),
            "The provisioner makes a volume for each claim that asks for this class; the pods follow.",
        )),
        Reason::NoMatchingVolume { class, .. } if !class.is_empty() => found.push(fix(
            format!("Create the storage class {class}"),
            Command::Apply(Rc::new(storage_class(class).to_value())),
            "A provisioner then makes what no existing volume offers.",
        )),
        Reason::DriverStuck { part, .. } => {
            let title = match part {
                StoragePart::Provisioner => "Start the provisioner",
                StoragePart::Attach => "Let attaches be answered",
                StoragePart::Detach => "Let detaches be answered",
            };
            let effect = "Safe. The storage driver does what it was asked for.";
            found.push(fix(title, Command::FailStorage { part: *part, on: false }, effect));
        }
        Reason::StaleClaim { claim, .. } => found.push(risk(
            format!("Delete the claim {claim}"),
            Command::Delete {
                target: ObjectRef::new(Kind::PersistentVolumeClaim, key.namespace.clone(), claim.clone()),
                grace_seconds: None,
                propagation: Propagation::Background,
            },
            "Risk: the data on its volume go with it.",
        )),
        _ => {}
    }
}

fn node_fixes(world: &World, node: &Name, related: &Related, found: &mut Vec<Fix>) {
    let Some(machine) = world.machines.get(node) else { return };
    let object = world.objects().nodes.get(&Key::new("", node.clone()));
    let cut = world.network.cut_since(node).is_some();
    let lost = cut || !machine.powered || !machine.kubelet.running;
    let stuck: Vec<&Key> = related
        .pods
        .iter()
        .filter(|key| {
            let pod = world.objects().pods.get(key);
            pod.is_some_and(|pod| pod.is_terminating() && pod.spec.node_name == *node)
        })
        .collect();
    let runs = |pod: &Key| machine.processes.values().any(|process| process.identity.pod == pod.name);

    if cut {
        let ghost = machine.processes.values().find(|process| {
            let key = Key::new(process.identity.namespace.clone(), process.identity.pod.clone());
            world.objects().pods.get(&key).is_none_or(|pod| pod.metadata.uid != process.uid || pod.is_terminating())
        });
        let effect = match ghost {
            Some(process) => format!("Safe. Its kubelet hears what was asked for and stops {}.", process.uid.short()),
            None => "Safe. Its kubelet reports again.".to_owned(),
        };
        found.push(fix(format!("Heal {node}"), Command::Heal { node: node.clone() }, effect));
    }
    if machine.powered && !machine.kubelet.running {
        let effect = "Safe. It does what was asked for meanwhile, and reports again.";
        found.push(fix(format!("Start the kubelet of {node}"), Command::StartKubelet { node: node.clone() }, effect));
    }
    if !machine.powered {
        let effect = "Safe. Nothing runs there now; its kubelet registers again.";
        found.push(fix(format!("Power {node} on"), Command::PowerOn { node: node.clone() }, effect));
    }
    if cut && machine.powered && !machine.processes.is_empty() {
        let effect = "Stops what runs there now. The API server cannot see that; disks stay attached.";
        found.push(fix(format!("Power {node} off"), Command::PowerOff { node: node.clone() }, effect));
    }
    if lost && let Some(object) = object {
        if !object.has_taint(OUT_OF_SERVICE, "NoExecute") && !object.is_ready() {
            let command = Command::Taint { node: node.clone(), add: vec![out_of_service()], remove: Vec::new() };
            let title = format!("Mark {node} out of service");
            found.push(if machine.powered {
                let effect = match machine.processes.is_empty() {
                    true => "Risk: the machine is on, and what it starts from now on nobody sees.",
                    false => "Risk: its pods are deleted and their disks detached while their processes still run.",
                };
                risk(title, command, effect)
            } else {
                fix(title, command, "Safe while the machine is off: its pods are deleted and their disks detached.")
            });
        }
        for pod in stuck {
            let command = Command::Delete {
                target: pod.to_ref(Kind::Pod),
                grace_seconds: Some(0),
                propagation: Propagation::Background,
            };
            let title = format!("Force-delete {}", pod.name);
            found.push(if runs(pod) {
                let owner = world.objects().pods.get(pod).and_then(|pod| pod.metadata.controller());
                let named = owner.is_none_or(|owner| &*owner.kind == "StatefulSet");
                let then =
                    if named { "Two may run under one name." } else { "It goes on beside the one that replaced it." };
                risk(title, command, format!("Risk: its process still runs on {node}. {then}"))
            } else {
                fix(title, command, "Safe while the machine is off: no process of that name runs.")
            });
        }
    }
    if object.is_some_and(|object| object.spec.unschedulable) {
        let effect = "New pods may be placed there again.";
        found.push(fix(format!("Uncordon {node}"), Command::Cordon { node: node.clone(), on: false }, effect));
    }
    for (id, process) in machine.processes.iter().filter(|(_, process)| !process.answers) {
        let key = Key::new(process.identity.namespace.clone(), process.identity.pod.clone());
        if related.pods.contains(&key) {
            let pod = world.objects().pods.get(&key).filter(|pod| pod.metadata.uid == process.uid);
            let container = pod.and_then(|pod| pod.spec.containers.iter().find(|c| c.name == id.container));
            let effect = match container.and_then(|container| container.readiness_probe.as_ref()) {
                Some(_) => "Its readiness probe succeeds again.",
                None => "Its processes answer again.",
            };
            let command = Command::Hang { pod: key.to_ref(Kind::Pod), on: false };
            found.push(fix(format!("Let {} answer again", key.name), command, effect));
        }
    }
    for process in machine.processes.values() {
        let key = Key::new(process.identity.namespace.clone(), process.identity.pod.clone());
        let ills = [(Probed::Readiness, process.ills.unready), (Probed::Liveness, process.ills.unwell)];
        for (probe, _) in ills.into_iter().filter(|(_, ill)| *ill && related.pods.contains(&key)) {
            let command = Command::FailProbe { pod: key.to_ref(Kind::Pod), probe, on: false };
            let title = format!("Let the {} probe of {} succeed", probe.name(), key.name);
            found.push(fix(title, command, "Safe. The process is as well as its container says."));
        }
    }
    if world.network.latency(node) > Span::ZERO {
        let command = Command::DelayLink { node: node.clone(), latency: Span::ZERO };
        found.push(fix(
            format!("Make the link of {node} fast again"),
            command,
            "Safe. Nothing is on its way for long.",
        ));
    }
    for other in world.network.parted_from(node) {
        let (a, b) = if node < other { (node, other) } else { (other, node) };
        let command = Command::Part { node: a.clone(), other: b.clone(), on: false };
        if !found.iter().any(|fix| fix.command == command) {
            found.push(fix(
                format!("Let {a} and {b} reach each other again"),
                command,
                "Safe. Their processes hear of each other again.",
            ));
        }
    }
}

#[cfg(test)]
mod tests;
