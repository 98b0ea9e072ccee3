//! What a person can do with a mark: the menu of verbs, each with the console line that says the same.

use crate::view::Target;
use petri_objects::{Kind, Name, ObjectRef, Taint, Uid};
use petri_sim::api::request::Propagation;
use petri_sim::api::shelf::Key;
use petri_sim::command::{Command, StoragePart};
use petri_sim::controllers::ControllerId;
use petri_sim::machine::Machine;
use petri_sim::world::World;

/// One entry of a menu.
#[derive(Clone, Debug, PartialEq)]
pub struct Verb {
    pub label: String,
    pub act: Act,
    /// Why it cannot be done now.
    pub refused: Option<String>,
    /// Whether it can break a guarantee.
    pub risky: bool,
    /// Entries of another group are set apart by a line.
    pub group: u8,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    Do(Command),
    /// What only the console can say.
    Say(String),
}

impl Act {
    pub fn line(&self) -> String {
        match self {
            Act::Do(command) => command.line(),
            Act::Say(line) => line.clone(),
        }
    }
}

pub const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// The taint that tells Kubernetes that a node is off and will stay off.
pub fn out_of_service() -> Taint {
    Taint { key: OUT_OF_SERVICE.into(), value: "nodeshutdown".into(), effect: "NoExecute".into(), ..Taint::default() }
}

fn verb(group: u8, label: impl Into<String>, command: Command, refused: Option<String>) -> Verb {
    Verb { label: label.into(), act: Act::Do(command), refused, risky: false, group }
}
fn say(group: u8, label: impl Into<String>, line: String, refused: Option<String>) -> Verb {
    Verb { label: label.into(), act: Act::Say(line), refused, risky: false, group }
}

/// Refused with these words, if it does not hold.
fn unless(holds: bool, words: impl FnOnce() -> String) -> Option<String> {
    (!holds).then(words)
}

/// The title of a mark's menu.
pub fn title(target: &Target) -> String {
    match target {
        Target::ControlPlane => "Control plane".into(),
        Target::Node(node) | Target::Link(node) => format!("Node {node}"),
        Target::Pod { pod, uid } => format!("Pod {} {}", pod.name, uid.short()),
        Target::Claim(claim) => format!("Claim {}", claim.name),
        Target::Volume(volume) => format!("Volume {volume}"),
        Target::Object(object) => format!("{} {}", object.kind.name(), object.name),
        Target::Guarantee(guarantee) => guarantee.title().into(),
        Target::Moment(_) | Target::Branch(_) => "Timeline".into(),
    }
}

/// Everything that can be done with a mark, the possible and the impossible.
pub fn verbs(world: &World, target: &Target) -> Vec<Verb> {
    match target {
        Target::Pod { pod, uid } => pod_verbs(world, pod, *uid),
        Target::Node(node) | Target::Link(node) => node_verbs(world, node),
        Target::Claim(object) | Target::Object(object) => object_verbs(world, object),
        Target::Volume(volume) => object_verbs(world, &ObjectRef::new(Kind::PersistentVolume, "", volume.clone())),
        Target::ControlPlane => control_plane_verbs(world),
        Target::Guarantee(_) | Target::Moment(_) | Target::Branch(_) => Vec::new(),
    }
}

fn delete(target: &ObjectRef, grace_seconds: Option<i64>, propagation: Propagation) -> Command {
    Command::Delete { target: target.clone(), grace_seconds, propagation }
}

fn pod_verbs(world: &World, pod: &ObjectRef, uid: Uid) -> Vec<Verb> {
    let key = Key::new(pod.namespace.clone(), pod.name.clone());
    let object = world.objects().pods.get(&key).filter(|pod| pod.metadata.uid == uid);
    let process =
        world.machines.values().find_map(|machine| machine.processes_of(uid).next().map(|(_, process)| process));
    let gone = || unless(object.is_some(), || "It has no API object any more: only its process runs.".into());
    // Commands to processes name the pod; a ghost's name may belong to another pod by now.
    let still = || match (object, process) {
        (Some(_), Some(_)) => None,
        (None, Some(_)) => Some("It has no API object any more: act on its machine instead.".to_owned()),
        _ => Some("No process runs.".to_owned()),
    };
    let hangs = process.is_some_and(|process| !process.answers);
    let force = Verb { risky: true, ..verb(0, "Force delete", delete(pod, Some(0), Propagation::Background), gone()) };
    vec![
        verb(0, "Delete", delete(pod, None, Propagation::Background), gone()),
        force,
        verb(0, "Evict", Command::Evict { pod: pod.clone(), grace_seconds: None }, gone()),
        verb(1, "Crash the container", Command::Crash { pod: pod.clone(), exit_code: 1 }, still()),
        if hangs {
            verb(1, "Let it answer again", Command::Hang { pod: pod.clone(), on: false }, still())
        } else {
            verb(1, "Hang it", Command::Hang { pod: pod.clone(), on: true }, still())
        },
        say(2, "Describe", format!("kubectl describe pod {}", pod.name), gone()),
    ]
}

fn node_verbs(world: &World, node: &Name) -> Vec<Verb> {
    let name = || node.clone();
    let machine: Option<&Machine> = world.machines.get(node);
    let object = world.objects().nodes.get(&Key::new("", node.clone()));
    let powered = machine.is_some_and(|machine| machine.powered);
    let kubelet = machine.is_some_and(|machine| machine.kubelet.running);
    let cut = !world.network.reaches_control_plane(node);
    let no_machine = || unless(machine.is_some(), || "There is no such machine.".into());
    let off = || no_machine().or_else(|| unless(powered, || "The machine has no power.".into()));
    let no_object = || unless(object.is_some(), || "There is no Node object.".into());
    let cordoned = object.is_some_and(|node| node.spec.unschedulable);
    let tainted = object.is_some_and(|node| node.has_taint(OUT_OF_SERVICE, "NoExecute"));
    let target = ObjectRef::new(Kind::Node, "", node.clone());
    let taint = || vec![out_of_service()];
    let (taint_label, taint_command) = if tainted {
        ("Remove the out-of-service taint", Command::Taint { node: name(), add: Vec::new(), remove: taint() })
    } else {
        ("Mark it out of service", Command::Taint { node: name(), add: taint(), remove: Vec::new() })
    };
    vec![
        if cut {
            verb(0, "Heal the link", Command::Heal { node: name() }, no_machine())
        } else {
            verb(0, "Cut it off", Command::Cut { node: name() }, no_machine())
        },
        if powered || machine.is_none() {
            verb(0, "Power off", Command::PowerOff { node: name() }, no_machine())
        } else {
            verb(0, "Power on", Command::PowerOn { node: name() }, no_machine())
        },
        verb(0, "Reboot", Command::Reboot { node: name() }, off()),
        if kubelet || !powered {
            verb(0, "Stop the kubelet", Command::StopKubelet { node: name() }, off())
        } else {
            verb(0, "Start the kubelet", Command::StartKubelet { node: name() }, off())
        },
        if cordoned {
            verb(1, "Uncordon", Command::Cordon { node: name(), on: false }, no_object())
        } else {
            verb(1, "Cordon", Command::Cordon { node: name(), on: true }, no_object())
        },
        say(1, "Drain", format!("kubectl drain {node} --ignore-daemonsets"), no_object()),
        Verb { risky: !tainted && powered, ..verb(1, taint_label, taint_command, no_object()) },
        Verb {
            risky: powered,
            ..verb(1, "Delete the Node object", delete(&target, None, Propagation::Background), no_object())
        },
        say(2, "Describe", format!("kubectl describe node {node}"), no_object()),
    ]
}

fn object_verbs(world: &World, object: &ObjectRef) -> Vec<Verb> {
    let found = world.objects().get(object);
    let gone = || unless(found.is_some(), || "It does not exist any more.".into());
    let replicas = match &found {
        Some(petri_objects::Object::StatefulSet(set)) => Some(set.replicas()),
        Some(petri_objects::Object::ReplicaSet(set)) => Some(set.replicas()),
        Some(petri_objects::Object::Deployment(deployment)) => Some(deployment.replicas()),
        _ => None,
    };
    let word = object.kind.singular();
    let mut verbs = Vec::new();
    if let Some(replicas) = replicas {
        let scale = |replicas: i32| Command::Scale { target: object.clone(), replicas };
        verbs.push(verb(0, format!("Scale to {}", replicas + 1), scale(replicas + 1), None));
        let none_left = || unless(replicas > 0, || "It has no replicas.".into());
        verbs.push(verb(0, format!("Scale to {}", (replicas - 1).max(0)), scale((replicas - 1).max(0)), none_left()));
        if object.kind != Kind::ReplicaSet {
            verbs.push(say(0, "Restart all pods", format!("kubectl rollout restart {word}/{}", object.name), None));
        }
        verbs.push(verb(1, "Delete", delete(object, None, Propagation::Background), gone()));
        verbs.push(verb(1, "Delete, keep the pods", delete(object, None, Propagation::Orphan), gone()));
        verbs.push(verb(1, "Delete, pods first", delete(object, None, Propagation::Foreground), gone()));
    } else {
        verbs.push(verb(1, "Delete", delete(object, None, Propagation::Background), gone()));
    }
    verbs.push(say(2, "Describe", format!("kubectl describe {word} {}", object.name), gone()));
    verbs
}

fn storage_verb(world: &World, part: StoragePart, labels: [&str; 2]) -> Verb {
    let fails = world.storage_fails(part);
    verb(1, labels[usize::from(fails)], Command::FailStorage { part, on: !fails }, None)
}

fn control_plane_verbs(world: &World) -> Vec<Verb> {
    let set = ControllerId::StatefulSet;
    let next = (0..).map(|i| Name::from(format!("node-{i}"))).find(|name| !world.machines.contains_key(name));
    let node = next.expect("names never run out");
    vec![
        verb(0, "Crash statefulset-controller", Command::CrashController { controller: set }, None),
        verb(0, "Hold its cache", Command::HoldCache { controller: set, on: true }, None),
        verb(0, "Release its cache", Command::HoldCache { controller: set, on: false }, None),
        verb(0, "Lose its next reply", Command::LoseReply { controller: set }, None),
        verb(1, "Crash default-scheduler", Command::CrashController { controller: ControllerId::Scheduler }, None),
        verb(
            1,
            "Crash attachdetach-controller",
            Command::CrashController { controller: ControllerId::AttachDetach },
            None,
        ),
        storage_verb(world, StoragePart::Provisioner, ["Stop the provisioner", "Start the provisioner"]),
        storage_verb(world, StoragePart::Attach, ["Leave attaches unanswered", "Answer attaches"]),
        storage_verb(world, StoragePart::Detach, ["Leave detaches unanswered", "Answer detaches"]),
        verb(2, format!("Add {node}"), Command::AddMachine { node, zone: "a".into() }, None),
    ]
}
