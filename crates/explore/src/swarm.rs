//! Random commands and faults by seed, then a phase without faults in which everything must converge.

use crate::bench::stateful_set;
use petri_objects::*;
use petri_sim::ground::clock::Span;
use petri_sim::ground::random::Stream;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::{Command, Component, Direction, Probed, Propagation, StoragePart};
use petri_sim::words::controller_id::ControllerId;
use petri_sim::words::invariants::{Guarantee, Standing};
use petri_sim::words::note::{Note, What};
use petri_sim::world::World;
use std::rc::Rc;

/// What one run of the swarm came to.
#[derive(Clone, Debug)]
pub struct Run {
    pub seed: u64,
    pub recording: Recording,
    pub lies: bool,
    /// What must not be: breaches without an excuse, and what did not converge.
    pub complaints: Vec<String>,
    pub commands: u64,
    pub events: u64,
    pub fingerprint: u64,
}

/// One run. With `lies` force deletes, deleted Node objects and the out-of-service taint are among the commands: they
/// may break at-most-one and one-writer, and nothing else may.
pub fn run(seed: u64, lies: bool) -> Run {
    run_with(seed, lies, false)
}

/// One run in which every second command leaves something slow, paused or half broken if `slow`.
pub fn run_with(seed: u64, lies: bool, slow: bool) -> Run {
    let mut random = Stream::new(seed, "swarm");
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), seed));
    let parallel = random.below(3) == 0;
    let claims = random.below(2) == 0;
    let _ = timeline.command(Command::Apply(Rc::new(stateful_set("web", 3, parallel, claims, None))));
    let _ = timeline.command(Command::Apply(Rc::new(deployment("app", 3))));
    let mut told = 0;
    let mut complaints = Vec::new();
    let steps = 6 + random.below(10);
    for _ in 0..steps {
        // Short and long pauses, so that faults overlap and so that their consequences arrive.
        let pause = match random.below(4) {
            0 => Span::millis(random.below(2_000)),
            1 => Span::seconds(random.below(30)),
            2 => Span::seconds(random.below(120)),
            _ => Span::seconds(random.below(500)),
        };
        let until = timeline.now() + pause;
        timeline.play_until(until);
        let slowly = slow && random.below(2) == 0;
        let picked = match slowly {
            true => pick_slow(&mut random, timeline.world()),
            false => pick(&mut random, timeline.world(), lies),
        };
        if let Some(command) = picked {
            let _ = timeline.command(command);
        }
        complain(timeline.world(), timeline.notes(), &mut told, lies, &mut complaints);
    }
    heal_everything(&mut timeline);
    let until = timeline.now() + Span::seconds(2_400);
    timeline.play_until(until);
    complain(timeline.world(), timeline.notes(), &mut told, lies, &mut complaints);
    complaints.extend(not_converged(timeline.world()));
    Run {
        seed,
        recording: timeline.recording().clone(),
        lies,
        complaints,
        commands: u64::from(timeline.world().commands()),
        events: timeline.position(),
        fingerprint: timeline.world().fingerprint().0,
    }
}

/// A Deployment's manifest.
pub fn deployment(name: &str, replicas: i64) -> Value {
    let json = format!(
        r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"{name}"}},"spec":{{"replicas":{replicas},"selector":{{"matchLabels":{{"app":"{name}"}}}},"template":{{"metadata":{{"labels":{{"app":"{name}"}}}},"spec":{{"containers":[{{"name":"c","image":"server:1"}}]}}}}}}}}"#
    );
    Value::from_json(&json).expect("the manifest is JSON")
}

fn pick(random: &mut Stream, world: &World, lies: bool) -> Option<Command> {
    let nodes: Vec<Name> = world.machines.keys().cloned().collect();
    let node = nodes[random.below(nodes.len() as u64) as usize].clone();
    let pods: Vec<ObjectRef> = world.objects().pods.values().map(|pod| Object::Pod(pod.clone()).reference()).collect();
    let pod = match pods.len() as u64 {
        0 => None,
        count => Some(pods[random.below(count) as usize].clone()),
    };
    let set = ObjectRef::new(Kind::StatefulSet, "default", "web");
    let app = ObjectRef::new(Kind::Deployment, "default", "app");
    let controller = ControllerId::ALL[random.below(ControllerId::ALL.len() as u64) as usize];
    let plain = 18;
    Some(match random.below(if lies { plain + 3 } else { plain }) {
        0 => Command::PowerOff { node },
        1 => Command::PowerOn { node },
        2 => Command::Reboot { node },
        3 | 4 => Command::Cut { node },
        5 | 6 => Command::Heal { node },
        7 => Command::StopKubelet { node },
        8 => Command::StartKubelet { node },
        9 => Command::Crash { pod: pod?, exit_code: 1 },
        10 => Command::Delete { target: pod?, grace_seconds: None, propagation: Propagation::Background },
        11 => Command::Scale { target: set, replicas: random.below(6) as i32 },
        12 => Command::Scale { target: app, replicas: random.below(6) as i32 },
        13 => Command::Cordon { node, on: random.below(2) == 0 },
        14 => Command::CrashController { controller },
        15 => Command::LoseReply { controller },
        16 => Command::Hang { pod: pod?, on: random.below(2) == 0 },
        17 => {
            let part = StoragePart::ALL[random.below(3) as usize];
            Command::FailStorage { part, on: !world.storage_fails(part) }
        }
        18 => Command::Delete { target: pod?, grace_seconds: Some(0), propagation: Propagation::Background },
        19 => Command::Delete {
            target: ObjectRef::new(Kind::Node, "", node),
            grace_seconds: None,
            propagation: Propagation::Background,
        },
        _ => Command::Taint {
            node,
            add: vec![Taint {
                key: "node.kubernetes.io/out-of-service".into(),
                value: "nodeshutdown".into(),
                effect: "NoExecute".into(),
                ..Taint::default()
            }],
            remove: Vec::new(),
        },
    })
}

/// A fault that slows something down or breaks a half of it.
fn pick_slow(random: &mut Stream, world: &World) -> Option<Command> {
    let mut node = || {
        let nth = random.below(world.machines.len() as u64) as usize;
        world.machines.keys().nth(nth).cloned().expect("there are as many machines")
    };
    let (node, other) = (node(), node());
    let pods = world.objects().pods.values().count() as u64;
    let nth = random.below(pods.max(1)) as usize;
    let pod = world.objects().pods.values().nth(nth).map(|pod| Object::Pod(pod.clone()).reference());
    let controller = ControllerId::ALL[random.below(ControllerId::ALL.len() as u64) as usize];
    let on = random.below(3) > 0;
    let span = Span::millis(random.below(20) * random.below(2_000));
    let short = Span::millis(random.below(4_000));
    let component = Component::ALL[random.below(3) as usize];
    let zone = Name::from(["a", "b"][random.below(2) as usize]);
    Some(match random.below(15) {
        0 => Command::CutOneWay { node, lost: Direction::Outgoing },
        1 => Command::CutOneWay { node, lost: Direction::Incoming },
        2 => Command::Part { node, other, on },
        3 => Command::CutZone { zone },
        4 => Command::HealZone { zone },
        5 => Command::DelayLink { node, latency: short },
        6 => Command::Pause { pod: pod?, span },
        7 => Command::FailProbe { pod: pod?, probe: Probed::Readiness, on },
        8 => Command::FailProbe { pod: pod?, probe: Probed::Liveness, on },
        9 => Command::SlowStart { pod: pod?, span },
        10 => Command::SlowStop { pod: pod?, span },
        11 => Command::RestartComponent { component },
        12 => Command::PauseController { controller, on },
        13 => Command::DelayCache { controller, by: span },
        _ => Command::DelayEtcd { by: short },
    })
}

/// Breaches that no command excuses.
fn complain(world: &World, notes: &[Note], told: &mut usize, lies: bool, complaints: &mut Vec<String>) {
    for note in &notes[*told..] {
        let What::Guarantee { guarantee, subject, standing: Standing::Broken { evidence, .. } } = &note.what else {
            continue;
        };
        let excused = match guarantee {
            // A lost node makes pods unavailable: that is what the promise costs, not a defect.
            Guarantee::AtLeast => true,
            Guarantee::AtMostOne | Guarantee::OneWriter => lies,
            // Lost machines cost a majority; frozen holders without fencing act twice.
            Guarantee::Quorum | Guarantee::OneLeader | Guarantee::Data => true,
            Guarantee::Ordered | Guarantee::Budget => false,
        };
        if !excused {
            let at = petri_sim::ground::clock::elapsed(note.at.since(world.start));
            complaints.push(format!("{at} {} broken for {subject}: {}", guarantee.title(), evidence.sentence));
        }
    }
    *told = notes.len();
}

fn heal_everything(timeline: &mut Timeline) {
    let nodes: Vec<Name> = timeline.world().machines.keys().cloned().collect();
    for node in nodes {
        let world = timeline.world();
        let machine = &world.machines[&node];
        let (powered, running) = (machine.powered, machine.kubelet.running);
        let cut = world.network.is_impaired(&node);
        let stored = world.objects().nodes.get(&petri_sim::belief::api::shelf::Key::new("", node.clone())).cloned();
        if cut {
            let _ = timeline.command(Command::Heal { node: node.clone() });
        }
        if !powered {
            let _ = timeline.command(Command::PowerOn { node: node.clone() });
        } else if stored.is_none() {
            // A kubelet registers its node only when it starts.
            let _ = timeline.command(Command::Reboot { node: node.clone() });
        } else if !running {
            let _ = timeline.command(Command::StartKubelet { node: node.clone() });
        }
        if let Some(stored) = stored {
            if stored.spec.unschedulable {
                let _ = timeline.command(Command::Cordon { node: node.clone(), on: false });
            }
            let taints: Vec<Taint> =
                stored.spec.taints.iter().filter(|t| t.key.contains("out-of-service")).cloned().collect();
            if !taints.is_empty() {
                let _ = timeline.command(Command::Taint { node: node.clone(), add: Vec::new(), remove: taints });
            }
        }
    }
    for part in StoragePart::ALL.into_iter().filter(|part| timeline.world().storage_fails(*part)).collect::<Vec<_>>() {
        let _ = timeline.command(Command::FailStorage { part, on: false });
    }
    for hindrance in timeline.world().hindrances() {
        let _ = timeline.command(hindrance.end);
    }
    for identity in timeline.world().faults().slow_starts.keys().cloned().collect::<Vec<_>>() {
        let pod = ObjectRef::new(Kind::Pod, identity.namespace, identity.pod);
        let _ = timeline.command(Command::SlowStart { pod, span: Span::ZERO });
    }
    let pods: Vec<ObjectRef> =
        timeline.world().objects().pods.values().map(|pod| Object::Pod(pod.clone()).reference()).collect();
    for pod in pods {
        let _ = timeline.command(Command::Hang { pod, on: false });
    }
}

/// Without faults every pod that should be there is Ready, belief and reality agree, and no promise is broken.
fn not_converged(world: &World) -> Vec<String> {
    let mut complaints = Vec::new();
    let set = world.objects().stateful_sets.values().next().cloned();
    if let Some(set) = set {
        let ready =
            world.objects().pods.values().filter(|p| p.metadata.is_controlled_by(set.metadata.uid) && p.is_ready());
        let ready = ready.count() as i32;
        if ready != set.replicas() || set.status.ready_replicas != set.replicas() {
            complaints.push(format!("web has {ready} of {} pods Ready after the quiet phase", set.replicas()));
        }
    }
    if let Some(app) = world.objects().deployments.values().next()
        && app.status.ready_replicas != app.replicas()
    {
        let text =
            format!("app has {} of {} pods Ready after the quiet phase", app.status.ready_replicas, app.replicas());
        complaints.push(text);
    }
    for node in world.objects().nodes.values().filter(|node| !node.is_ready()) {
        complaints.push(format!("{} is not ready after the quiet phase", node.metadata.name));
    }
    let believed: std::collections::BTreeSet<Uid> =
        world.objects().pods.values().filter(|pod| pod.phase() == Phase::Running).map(|pod| pod.metadata.uid).collect();
    let real: std::collections::BTreeSet<Uid> =
        world.machines.values().flat_map(|m| m.processes.values()).map(|process| process.uid).collect();
    if believed != real {
        complaints.push(format!("belief and reality differ: {} pods believed, {} run", believed.len(), real.len()));
    }
    if !complaints.is_empty() {
        // Why, as the controllers say it.
        let reasons = world.reasons().map(|(id, key, w)| format!("{id:?} {key}: {}", w.reason.sentence(world.start)));
        complaints.extend(reasons);
    }
    for ((guarantee, subject), standing) in &world.invariants.standing {
        complaints.push(format!("{} of {subject} still stands as {standing:?}", guarantee.title()));
    }
    complaints
}
