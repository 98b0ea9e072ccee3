//! Menu entries for what is slow or half broken: links, processes, controllers, etcd. What undoes a fault stands in its
//! place while it lasts.

use super::entry::{Verb, typed, verb};
use petri_objects::{Kind, Name, ObjectRef, Pod, Span};
use petri_sim::belief::api::shelf::Key;
use petri_sim::reality::machine::{Machine, Process};
use petri_sim::words::command::{Command, Direction, Probed};
use petri_sim::words::controller_id::ControllerId;
use petri_sim::words::identity::Identity;
use petri_sim::world::World;

type Refused<'a> = &'a dyn Fn() -> Option<String>;

/// What a process can do badly while it runs.
pub(super) fn verbs(
    world: &World,
    pod: &ObjectRef,
    process: Option<&Process>,
    object: Option<&std::rc::Rc<Pod>>,
    still: Refused<'_>,
) -> Vec<Verb> {
    let ills = process.map(|process| &*process.ills);
    let mut verbs = Vec::new();
    for probe in Probed::ALL {
        let fails = ills.is_some_and(|ills| match probe {
            Probed::Readiness => ills.unready,
            Probed::Liveness => ills.unwell,
        });
        let asked = object.is_none_or(|pod| pod.spec.containers.iter().any(|container| probe.asks(container)));
        let word = probe.name();
        let label = if fails { format!("Let its {word} probe succeed") } else { format!("Fail its {word} probe") };
        let nobody = || (!asked).then(|| format!("It has no {word} probe: nobody asks it."));
        verbs.push(verb(1, label, Command::FailProbe { pod: pod.clone(), probe, on: !fails }, still().or_else(nobody)));
    }
    let minute = Span::minutes(1);
    let identity = Identity { namespace: pod.namespace.clone(), pod: pod.name.clone() };
    verbs.push(if world.faults().slow_starts.contains_key(&identity) {
        verb(1, "Let it start as usual", Command::SlowStart { pod: pod.clone(), span: Span::ZERO }, None)
    } else {
        verb(1, "Start slowly from now on", Command::SlowStart { pod: pod.clone(), span: minute }, still())
    });
    verbs.push(verb(1, "Stop slowly", Command::SlowStop { pod: pod.clone(), span: minute }, still()));
    verbs
}

/// What a machine's link can do badly, and what happens to its zone.
pub(super) fn link_verbs(world: &World, node: &Name, no_machine: Refused<'_>) -> Vec<Verb> {
    let name = || node.clone();
    let network = &world.network;
    let mut verbs = Vec::new();
    let lost = network.one_way(node).map(|one_way| one_way.lost);
    if lost.is_some() || !network.is_cut(node) {
        for direction in Direction::ALL.into_iter().filter(|direction| lost != Some(*direction)) {
            let label = match direction {
                Direction::Outgoing => "Lose what it sends",
                Direction::Incoming => "Lose what is sent to it",
            };
            verbs.push(verb(4, label, Command::CutOneWay { node: name(), lost: direction }, no_machine()));
        }
    }
    verbs.push(typed(4, "Cut it off from another machine", format!("cut {node} "), no_machine()));
    for other in network.parted_from(node) {
        let command = Command::Part { node: name(), other: other.clone(), on: false };
        verbs.push(verb(4, format!("Let it reach {other} again"), command, None));
    }
    let zone = Name::from(world.machines.get(node).map_or("", Machine::zone));
    let whole = world.machines.values().any(|machine| machine.zone() == &*zone && !network.is_cut(&machine.name));
    verbs.push(match whole {
        true => verb(4, "Cut its whole zone off", Command::CutZone { zone }, no_machine()),
        false => verb(4, "Heal its whole zone", Command::HealZone { zone }, no_machine()),
    });
    let slow = network.latency(node) > Span::ZERO;
    let latency = if slow { Span::ZERO } else { Span::seconds(1) };
    let label = if slow { "Make its link fast again" } else { "Make its link slow, 1 s each way" };
    verbs.push(verb(4, label, Command::DelayLink { node: name(), latency }, no_machine()));
    verbs.push(typed(4, "Slow its link down to", format!("delay link {node} "), no_machine()));
    verbs
}

/// The disk of a claim or of a volume can refuse writes.
pub(super) fn disk_verb(world: &World, object: &ObjectRef) -> Option<Verb> {
    let claim = || world.objects().claims.get(&Key::new(object.namespace.clone(), object.name.clone()));
    let volume = match object.kind {
        Kind::PersistentVolume => object.name.clone(),
        Kind::PersistentVolumeClaim => claim()?.spec.volume_name.clone(),
        _ => return None,
    };
    let on = !world.disks.get(&volume)?.journal.read_only;
    let label = if on { "Let its disk refuse writes" } else { "Let its disk take writes" };
    Some(verb(1, label, Command::ReadOnly { volume, on }, None))
}

pub(super) fn pause_controller(world: &World, controller: ControllerId) -> Verb {
    let on = !world.is_paused(controller);
    verb(0, if on { "Pause it" } else { "Let it go on" }, Command::PauseController { controller, on }, None)
}

pub(super) fn delay_cache(world: &World, controller: ControllerId) -> Verb {
    let trails = world.faults().cache_delays.contains_key(&controller);
    let by = if trails { Span::ZERO } else { Span::seconds(10) };
    let label = if trails { "Let its cache catch up" } else { "Delay its cache by 10 s" };
    verb(0, label, Command::DelayCache { controller, by }, None)
}

pub(super) fn delay_etcd(world: &World) -> Verb {
    let slow = world.faults().etcd > Span::ZERO;
    let by = if slow { Span::ZERO } else { Span::seconds(2) };
    verb(0, if slow { "Make etcd fast again" } else { "Slow etcd down, 2 s a write" }, Command::DelayEtcd { by }, None)
}
