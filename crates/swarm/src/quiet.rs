//! Quiet: whatever a person can undo is undone, and time passes.

use crate::script::Step;
use petri_objects::{Name, Object};
use petri_sim::belief::api::shelf::Key;
use petri_sim::ground::clock::Span;
use petri_sim::words::command::{Command, Probed, StoragePart};
use petri_sim::world::World;

/// How long is waited, look by look. The longest things in a cluster are back-offs: a pod's of 5 minutes, a queue's of 17.
/// Whoever is well at the second look is let go; every eighth run waits for longer before that.
pub(crate) fn waits(seed: u64) -> Vec<Step> {
    let minutes = if seed.is_multiple_of(8) { [4, 8, 8, 10, 15, 20] } else { [2, 3, 7, 10, 18, 20] };
    minutes.into_iter().map(|minutes| Step::Run(Span::minutes(minutes))).collect()
}

/// The lines that undo every fault of a world, those first that others need.
pub(crate) fn undo(world: &World) -> Vec<Step> {
    let mut lines: Vec<String> = world.hindrances().into_iter().map(|hindrance| hindrance.end.line()).collect();
    for part in StoragePart::ALL.into_iter().filter(|part| world.storage_fails(*part)) {
        lines.push(Command::FailStorage { part, on: false }.line());
    }
    for name in world.machines.keys() {
        machine(world, name, &mut lines);
    }
    for disk in world.disks.iter().filter(|disk| disk.journal.read_only) {
        lines.push(Command::ReadOnly { volume: disk.volume.clone(), on: false }.line());
    }
    for (identity, span) in &world.faults().slow_starts {
        if *span > Span::ZERO {
            let flag = if &*identity.namespace == "default" { "" } else { &format!(" -n {}", identity.namespace) };
            lines.push(format!("slow start {} 0s{flag}", identity.pod));
        }
    }
    for pod in world.objects().pods.values() {
        let target = Object::Pod(pod.clone()).reference();
        let Some(ills) = world.ills_of(pod.metadata.uid) else { continue };
        if ills.unready {
            let command = Command::FailProbe { pod: target.clone(), probe: Probed::Readiness, on: false };
            lines.push(command.line());
        }
        if ills.unwell {
            lines.push(Command::FailProbe { pod: target, probe: Probed::Liveness, on: false }.line());
        }
    }
    for pod in world.objects().pods.values() {
        let uid = pod.metadata.uid;
        if world.machines.values().flat_map(|m| m.processes_of(uid)).any(|(_, process)| !process.answers) {
            lines.push(Command::Hang { pod: Object::Pod(pod.clone()).reference(), on: false }.line());
        }
    }
    lines.into_iter().map(Step::Line).collect()
}

fn machine(world: &World, name: &Name, lines: &mut Vec<String>) {
    let machine = &world.machines[name];
    let node = name.clone();
    if world.network.is_impaired(name) {
        lines.push(Command::Heal { node: node.clone() }.line());
    }
    let clock = world.programs.clocks.get(name);
    if clock.is_some_and(|clock| clock.percent != 100 || clock.ahead_seconds != 0) {
        lines.push(format!("clock {name}"));
    }
    let stored = world.objects().nodes.get(&Key::new("", name.clone()));
    if !machine.powered {
        lines.push(Command::PowerOn { node: node.clone() }.line());
    } else if stored.is_none() && machine.kubelet.running {
        // A kubelet registers its node only when it starts.
        lines.push(Command::Reboot { node: node.clone() }.line());
    } else if !machine.kubelet.running && !is_booting(world, name) {
        lines.push(Command::StartKubelet { node: node.clone() }.line());
    }
    let Some(stored) = stored else { return };
    if stored.spec.unschedulable {
        lines.push(Command::Cordon { node: node.clone(), on: false }.line());
    }
    let own = |key: &str| key.starts_with("node.kubernetes.io/") && !key.ends_with("/out-of-service");
    for taint in stored.spec.taints.iter().filter(|taint| !own(&taint.key)) {
        lines.push(format!("kubectl taint nodes {name} {}:{}-", taint.key, taint.effect));
    }
}

/// A machine that has power but no kubelet yet.
fn is_booting(world: &World, name: &Name) -> bool {
    let machine = &world.machines[name];
    machine.powered && world.now.since(machine.power_since) < world.settings.kubelet.boot
}
