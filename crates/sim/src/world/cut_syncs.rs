//! The rule of the replayed sync, watched from outside: whatever happens in between, a sync that is cut finds its
//! controller's memory as it left it.

use crate::belief::controllers::{CONTROLLERS, Memory};
use crate::ground::clock::{Span, Time};
use crate::ground::digest;
use crate::ground::random::Stream;
use crate::ground::scenario::Scenario;
use crate::words::command::{Command, Component, Direction, Propagation, StoragePart};
use crate::words::controller_id::ControllerId;
use crate::world::{Grain, World};
use petri_objects::{Kind, Name, ObjectRef, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What one controller remembers.
fn part(memory: &Memory, id: ControllerId) -> u64 {
    match id {
        ControllerId::Scheduler => digest::of(&memory.scheduler),
        ControllerId::StatefulSet => digest::of(&memory.statefulset),
        ControllerId::ReplicaSet => digest::of(&memory.replicaset),
        ControllerId::NodeLifecycle => digest::of(&memory.node_lifecycle),
        ControllerId::TaintEviction => digest::of(&memory.taint_eviction),
        ControllerId::PodGc => digest::of(&memory.pod_gc),
        ControllerId::PersistentVolume => digest::of(&memory.persistent_volume),
        ControllerId::AttachDetach => digest::of(&memory.attach_detach),
        ControllerId::CsiDriver => digest::of(&memory.csi_driver),
        ControllerId::DaemonSet => digest::of(&*memory.daemon),
        ControllerId::Job => digest::of(&*memory.job),
        _ => 0,
    }
}

const WORKLOADS: [&str; 6] = [
    r#"{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"web"},"spec":{"serviceName":"web","replicas":3,
        "podManagementPolicy":"Parallel","selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":
        {"app":"web"}},"spec":{"containers":[{"name":"c","image":"petri.dev/elector:1","volumeMounts":[{"name":"data",
        "mountPath":"/data"}]}]}},"volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"accessModes":
        ["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}]}}"#,
    r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"app"},"spec":{"replicas":3,"selector":
        {"matchLabels":{"app":"app"}},"template":{"metadata":{"labels":{"app":"app"}},"spec":{"containers":[{"name":"c",
        "image":"server:1"}]}}}}"#,
    r#"{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"app"},"spec":{"minAvailable":2,
        "selector":{"matchLabels":{"app":"app"}}}}"#,
    r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"clusterIP":"None","selector":
        {"app":"web"},"ports":[{"port":80}]}}"#,
    r#"{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"agent"},"spec":{"selector":{"matchLabels":
        {"app":"agent"}},"template":{"metadata":{"labels":{"app":"agent"}},"spec":{"containers":[{"name":"c",
        "image":"server:1"}]}}}}"#,
    r#"{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"work"},"spec":{"completions":500,"parallelism":3,
        "backoffLimit":1000,"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"busybox",
        "command":["sleep","5"]}]}}}}"#,
];

/// A fault, or the end of one.
fn pick(random: &mut Stream, world: &World) -> Option<Command> {
    let mut one = |of: &[Name]| of.get(random.below(of.len().max(1) as u64) as usize).cloned();
    let nodes: Vec<Name> = world.machines.keys().cloned().collect();
    let pods: Vec<Name> = world.objects().pods.values().map(|pod| pod.metadata.name.clone()).collect();
    let (node, pod) = (one(&nodes)?, one(&pods));
    let pod = || Some(ObjectRef::new(Kind::Pod, "default", pod.clone()?));
    let controller = ControllerId::ALL[random.below(ControllerId::ALL.len() as u64) as usize];
    let component = Component::ALL[random.below(3) as usize];
    let part = StoragePart::ALL[random.below(3) as usize];
    let on = random.below(2) == 0;
    let delete =
        |target, grace_seconds| Command::Delete { target, grace_seconds, propagation: Propagation::Background };
    Some(match random.below(22) {
        0 | 1 => Command::Cut { node },
        2 => Command::Heal { node },
        3 => Command::PowerOff { node },
        4 => Command::PowerOn { node },
        5 => Command::Reboot { node },
        6 => Command::CutOneWay { node, lost: Direction::Outgoing },
        7 => Command::DelayLink { node, latency: Span::millis(random.below(3_000)) },
        8 => Command::Cordon { node, on },
        9 => delete(pod()?, None),
        10 => delete(pod()?, Some(0)),
        11 => delete(ObjectRef::new(Kind::Node, "", node), None),
        12 => Command::Scale {
            target: ObjectRef::new(Kind::StatefulSet, "default", "web"),
            replicas: random.below(6) as i32,
        },
        13 => Command::FailStorage { part, on: !world.storage_fails(part) },
        14 => Command::RestartComponent { component },
        15 => Command::StopComponent { component },
        16 => Command::StartComponent { component },
        17 => Command::CrashController { controller },
        18 => Command::PauseController { controller, on },
        19 => Command::DelayCache { controller, by: Span::millis(random.below(5_000)) },
        20 => Command::HoldCache { controller, on },
        _ => Command::LoseReply { controller },
    })
}

/// A cut sync, and what its controller remembers.
type Cut = BTreeMap<ControllerId, (crate::belief::api::shelf::Key, Time, u64)>;

fn cut(world: &World) -> Cut {
    let of = |(id, pending): (&ControllerId, &crate::belief::client::call::PendingSync)| {
        (*id, (pending.key.clone(), pending.began, part(&world.memory, *id)))
    };
    world.pending.iter().map(of).collect()
}

#[test]
fn a_sync_that_is_cut_finds_the_memory_that_it_left() {
    let mut watched = BTreeSet::new();
    for seed in 0..6 {
        let mut random = Stream::new(seed, "cut syncs");
        let mut world = World::new(&Scenario::standard(), seed);
        world.set_grain(Grain::Fine);
        let mut notes = Vec::new();
        for json in WORKLOADS {
            let manifest = Value::from_json(json).expect("it is JSON");
            world.command(&Command::Apply(Rc::new(manifest)), &mut notes).expect("it is valid");
        }
        let etcd = Command::DelayEtcd { by: Span::millis(1 + random.below(2_000)) };
        world.command(&etcd, &mut notes).expect("etcd can be slow");
        let mut next = world.now + Span::seconds(20);
        let end = world.now + Span::minutes(25);
        while world.now < end {
            let before = cut(&world);
            notes.clear();
            match world.next_due() {
                Some(due) if due < next => drop(world.step(&mut notes)),
                _ => {
                    world.now = world.now.max(next);
                    next += Span::millis(random.below(40_000));
                    if let Some(command) = pick(&mut random, &world) {
                        let _ = world.command(&command, &mut notes);
                    }
                }
            }
            let after = cut(&world);
            for (id, (key, began, memory)) in &before {
                let same = after.get(id).filter(|(k, b, _)| (k, b) == (key, began));
                if let Some((_, _, now)) = same {
                    assert_eq!(now, memory, "seed {seed}: {} remembers something else about {key}", id.name());
                    watched.insert(*id);
                }
            }
        }
        assert_eq!(world.standstill(), None, "seed {seed}");
    }
    let of_themselves = |id: &ControllerId| part(&Memory::default(), *id) != 0;
    let silent: Vec<&str> = CONTROLLERS
        .iter()
        .map(|controller| controller.id)
        .filter(|id| of_themselves(id) && !watched.contains(id))
        .map(ControllerId::name)
        .collect();
    assert_eq!(silent, Vec::<&str>::new(), "each that remembers something was cut");
}

/// A world in which the driver's sync about an attachment is cut.
fn driver_cut() -> World {
    let mut world = World::new(&Scenario::standard(), 5);
    world.set_grain(Grain::Fine);
    let mut notes = Vec::new();
    let manifest = Value::from_json(WORKLOADS[0]).expect("it is JSON");
    world.command(&Command::Apply(Rc::new(manifest)), &mut notes).expect("it is valid");
    let about_attachment = |world: &World| {
        let pending = world.pending.get(&ControllerId::CsiDriver);
        pending.is_some_and(|pending| pending.key.name.starts_with("attachment/"))
    };
    while !about_attachment(&world) {
        assert!(world.step(&mut notes), "the driver attaches");
    }
    world
}

#[test]
fn a_driver_hangs_after_the_sync_that_is_cut() {
    let mut world = driver_cut();
    let fail = |on| Command::FailStorage { part: StoragePart::Attach, on };
    assert!(world.command(&fail(true), &mut Vec::new()).is_ok());
    assert!(world.storage_fails(StoragePart::Attach), "whoever asks hears it at once");
    assert!(world.command(&fail(true), &mut Vec::new()).is_err(), "it hangs already");
    assert!(!world.memory.csi_driver.is_stuck(StoragePart::Attach), "the sync does not");
    world.run_until(world.now + Span::seconds(1), &mut Vec::new());
    assert!(world.memory.csi_driver.is_stuck(StoragePart::Attach));
}

#[test]
fn a_controller_that_is_stopped_or_crashes_leaves_no_request_behind() {
    for command in [
        Command::CrashController { controller: ControllerId::CsiDriver },
        Command::StopComponent { component: Component::ControllerManager },
    ] {
        let mut world = driver_cut();
        let id = match command {
            Command::StopComponent { .. } => {
                while !world.pending.contains_key(&ControllerId::StatefulSet) {
                    assert!(world.step(&mut Vec::new()));
                }
                ControllerId::StatefulSet
            }
            _ => ControllerId::CsiDriver,
        };
        world.command(&command, &mut Vec::new()).expect("it runs");
        if id == ControllerId::StatefulSet {
            world.run_until(world.now + Span::seconds(5), &mut Vec::new());
            assert!(!world.pending.contains_key(&id), "nobody is left to hear the answer");
        }
        let of = |event: &crate::world::event::Event| matches!(event, crate::world::event::Event::Serve(of) | crate::world::event::Event::Answer(of) if *of == id);
        let turns = world.queue.iter().filter(|(_, event)| of(event)).count();
        assert!(turns <= usize::from(world.pending.contains_key(&id)), "{turns} turns of a sync that is gone");
    }
}
