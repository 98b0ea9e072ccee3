//! Everything that a search can find, from the run and the page as they are.

use super::page;
use super::row::{Group, Known, Mark, Pick, Row};
use crate::explain::Related;
use crate::verbs::{self, Act, Verb};
use petri_objects::{Kind, Name, Pod};
use petri_picture::view::Target;
use petri_picture::view::facts::{Facts, Running, pod_ref};
use petri_sim::words::command::Command;
use petri_sim::world::World;
use std::collections::BTreeSet;

/// Something that can be chosen and acted on.
struct Subject {
    target: Target,
    /// As a console line names it.
    kind: String,
    name: String,
    note: String,
    belongs: bool,
}

/// Everything that there is. What is selected stands first, and objects in the order of tables.
pub fn rows(known: &Known<'_>) -> Vec<Row> {
    let world = known.timeline.world();
    let subjects = subjects(world, known.selection);
    let mut rows: Vec<Row> = Vec::new();
    let own = known.selection.map(Target::key);
    let is_own = |subject: &&Subject| Some(subject.target.key()) == own;
    // What two of them offer, such as cutting a zone off, is offered once.
    let mut said = BTreeSet::new();
    for subject in subjects.iter().filter(is_own).chain(subjects.iter().filter(|subject| !is_own(subject))) {
        let verbs = verbs::verbs(world, &subject.target).into_iter().map(|verb| deed(subject, verb));
        rows.extend(verbs.filter(|row| said.insert(row.line.clone())));
    }
    // One machine is meant before its whole zone.
    rows.sort_by_key(|row| matches!(&row.pick, Pick::Act(act) if zone(act).is_some()));
    rows.extend(subjects.iter().filter(|subject| subject.target != Target::ControlPlane).map(choice));
    rows.extend(page::openings());
    rows.extend(page::rows(known));
    rows.extend(page::words());
    rows
}

fn subjects(world: &World, selection: Option<&Target>) -> Vec<Subject> {
    let objects = world.objects();
    let own = selection.map(Target::key);
    // What has to do with the selection; without one that is everything, and nothing is set apart.
    let related = selection.map(|target| Related::of(world, Some(target))).filter(|related| !related.everything);
    let mut found = Vec::new();
    let mut add = |target: Target, kind: &str, name: &str, note: String, belongs: bool| {
        let belongs = belongs || own.as_ref().is_some_and(|own| *own == target.key());
        found.push(Subject { target, kind: kind.to_owned(), name: name.to_owned(), note, belongs });
    };
    let nodes: BTreeSet<&Name> = world.machines.keys().chain(objects.nodes.iter().map(|(key, _)| &key.name)).collect();
    for node in nodes {
        let belongs = related.as_ref().is_some_and(|related| related.nodes.contains(node));
        add(Target::Node(node.clone()), "node", node, runs(world, node), belongs);
    }
    for (key, pod) in objects.pods.iter() {
        let target = Target::Pod { pod: key.to_ref(Kind::Pod), uid: pod.metadata.uid };
        let belongs = related.as_ref().is_some_and(|related| related.pods.contains(key));
        add(target, "pod", &key.name, placed(pod), belongs);
    }
    for Running { node, uid, process } in Facts::of(world, &[]).ghosts() {
        let pod = pod_ref(&process.identity.namespace, &process.identity.pod);
        let note = format!("runs on {} without an object", node.name);
        add(Target::Pod { pod, uid }, "ghost", &process.identity.pod, note, false);
    }
    let named = |name: &Name| related.as_ref().is_some_and(|related| related.names.contains(name));
    for kind in [
        Kind::StatefulSet,
        Kind::Deployment,
        Kind::ReplicaSet,
        Kind::DaemonSet,
        Kind::Service,
        Kind::PodDisruptionBudget,
        Kind::PersistentVolumeClaim,
        Kind::PersistentVolume,
        Kind::StorageClass,
        Kind::ConfigMap,
        Kind::Lease,
    ] {
        for object in objects.list(kind) {
            let reference = object.reference();
            // A node's lease is its heartbeat and nothing that somebody looks for.
            if kind == Kind::Lease && world.machines.contains_key(&reference.name) {
                continue;
            }
            let name = reference.name.clone();
            let belongs = named(&name) && kind != Kind::ConfigMap && kind != Kind::StorageClass;
            let target = match kind {
                Kind::PersistentVolumeClaim => Target::Claim(reference),
                Kind::PersistentVolume => Target::Volume(name.clone()),
                _ => Target::Object(reference),
            };
            add(target, &kind.singular(), &name, String::new(), belongs);
        }
    }
    add(Target::ControlPlane, "", "the control plane", String::new(), false);
    found
}

/// What runs on a machine, in a few words.
fn runs(world: &World, node: &Name) -> String {
    let processes = world.machines.get(node).into_iter().flat_map(|machine| machine.processes.values());
    let pods: BTreeSet<&Name> = processes.map(|process| &process.identity.pod).collect();
    let mut pods = pods.into_iter();
    match (pods.next(), pods.next(), pods.len()) {
        (None, ..) => String::new(),
        (Some(one), None, _) => format!("runs {one}"),
        (Some(one), Some(other), 0) => format!("runs {one} and {other}"),
        (Some(one), Some(_), more) => format!("runs {one} and {} more", more + 1),
    }
}

fn placed(pod: &Pod) -> String {
    let status = petri_console::tables::pod_status(pod);
    if pod.is_scheduled() { format!("{status} on {}", pod.spec.node_name) } else { status }
}

/// The row that chooses it.
fn choice(subject: &Subject) -> Row {
    let kind = match &subject.target {
        Target::Object(object) | Target::Claim(object) => object.kind.name(),
        Target::Volume(_) => Kind::PersistentVolume.name(),
        Target::Node(_) => "Node",
        _ if subject.kind == "ghost" => "Ghost",
        _ => "Pod",
    };
    let note = if subject.note.is_empty() { kind.to_owned() } else { format!("{kind}, {}", subject.note) };
    Row {
        group: Group::Objects,
        mark: Mark::Object,
        label: subject.name.clone(),
        note,
        line: String::new(),
        pick: Pick::Select(subject.target.clone()),
        refused: None,
        risky: false,
    }
}

/// The row that does something with it.
fn deed(subject: &Subject, verb: Verb) -> Row {
    let Verb { label, act, refused, risky, .. } = verb;
    let note = match &subject.target {
        Target::Node(_) if zone(&act).is_some() => format!("the zone of {}", subject.name),
        Target::Node(_) => subject.note.clone(),
        Target::Pod { .. } if subject.kind == "ghost" => subject.note.clone(),
        _ => String::new(),
    };
    Row {
        group: if subject.belongs { Group::Selected } else { Group::Verbs },
        mark: Mark::Verb,
        label: zone(&act).unwrap_or_else(|| named(&label, subject)),
        note: refused.clone().unwrap_or(note),
        line: act.line(),
        pick: Pick::Act(act),
        refused,
        risky,
    }
}

/// What concerns a whole zone is said of the zone.
fn zone(act: &Act) -> Option<String> {
    match act {
        Act::Do(Command::CutZone { zone }) => Some(format!("Cut zone {zone} off")),
        Act::Do(Command::HealZone { zone }) => Some(format!("Heal zone {zone}")),
        _ => None,
    }
}

/// What a menu says of the thing that it hangs on, with the thing's name: `Cut it off` is `Cut node-0 off`.
fn named(label: &str, subject: &Subject) -> String {
    let name = &*subject.name;
    if subject.target == Target::ControlPlane {
        // The menu of the control plane names the controller once.
        return own(label, "statefulset-controller");
    }
    let long = || match &*subject.kind {
        "node" => name.to_owned(),
        kind => format!("{kind} {name}"),
    };
    match label {
        "Start slowly from now on" => format!("Start {name} slowly from now on"),
        "Stop slowly" => format!("Stop {name} slowly"),
        "How the rollout goes" => format!("How the rollout of {name} goes"),
        "Delete with a grace period in seconds" => format!("Delete {} with a grace period", long()),
        "Delete the Node object" => format!("Delete the Node object {name}"),
        _ => match (label.split_once(", "), label.strip_prefix("Scale to ")) {
            (Some(("Delete", how)), _) => format!("Delete {}, {how}", long()),
            (_, Some(count)) => format!("Scale {name} to {count}"),
            _ => {
                let text = own(label, name);
                if text != label {
                    text
                } else if label.contains(' ') && !["Force delete", "Power off", "Power on"].contains(&label) {
                    format!("{label} of {name}")
                } else {
                    format!("{label} {}", long())
                }
            }
        },
    }
}

/// Puts a name in the place of the words that stand for it.
fn own(label: &str, name: &str) -> String {
    let word = |word: &str| match word {
        "it" => name.to_owned(),
        "its" | "Its" => format!("{name}'s"),
        other => other.to_owned(),
    };
    label.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Whether a line of the console begins like this: with a word that it knows, and another one.
pub fn is_line(typed: &str, world: &World) -> bool {
    let mut words = typed.split_whitespace();
    let (Some(first), Some(_)) = (words.next(), words.next()) else { return false };
    let known = petri_console::complete("", 0, world);
    known.iter().any(|word| word == first) || petri_console::kubectl::VERBS.contains(&first)
}
