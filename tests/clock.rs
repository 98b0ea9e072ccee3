//! Time goes on, whatever is slow, lost or asked for.
//!
//! Nothing is planned for ever at one instant: not by a controller whose write is slow, not by a process whose pause is
//! none, and if something is, the run ends in a sentence and everything before it can be looked at.

use petri_explore::bench::{self, stateful_set};
use petri_objects::{Name, Value};
use petri_sim::ground::clock::{Span, Time};
use petri_sim::ground::random::Stream;
use petri_sim::ground::scenario::Scenario;
use petri_sim::reality::workload::asked::Asked;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::{Command, Component, Direction, StoragePart};
use petri_sim::words::controller_id::ControllerId;
use petri_sim::world::standstill::MOST_AT_ONCE;
use petri_sim::world::{Grain, World};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Says lines to a new cluster. Answers it with what was said last.
fn session(lines: &[&str], files: &[(&str, &str)]) -> (Timeline, String) {
    let files: BTreeMap<String, String> = files.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 1));
    let mut last = String::new();
    for line in lines {
        last = petri_console::run(line, &mut timeline, &files).shown();
    }
    (timeline, last)
}

/// How far the clock came, in milliseconds.
fn came(timeline: &Timeline) -> u64 {
    assert_eq!(timeline.world().standstill(), None);
    timeline.now().since(timeline.start()).as_millis()
}

#[test]
fn nodes_that_are_lost_while_etcd_is_slow_do_not_stop_the_clock() {
    for from in 0..40 {
        let run = format!("run {from}s");
        let (timeline, _) = session(&[&run, "delay etcd 2s", "run 30s", "cut node-1", "cut node-0", "run 120s"], &[]);
        assert_eq!(came(&timeline), (from + 150) * 1_000, "two cuts after {from} s");
    }
    for from in 0..20 {
        let run = format!("run {from}s");
        let (timeline, _) = session(&[&run, "delay etcd 2s", "run 30s", "cut zone a", "run 2m"], &[]);
        assert_eq!(came(&timeline), (from + 150) * 1_000, "a zone after {from} s");
        let (timeline, _) = session(&[&run, "delay etcd 5s", "cut node-3 --outgoing", "cut node-2", "run 5m"], &[]);
        assert_eq!(came(&timeline), (from + 300) * 1_000, "half a link after {from} s");
    }
    let (timeline, _) = session(&["run 40s", "delay etcd 1ms", "timeout 30s kubectl delete ns --all", "run 8m"], &[]);
    assert!(came(&timeline) >= 520_000);
}

/// One pod for each behaviour, all with one annotation.
fn pods(annotation: &str, value: &str) -> String {
    let words = [
        "server",
        "writer",
        "elector",
        "configmap-lock",
        "session-lock",
        "ttl-lock",
        "quorum",
        "client",
        "crasher",
        "slow-starter",
        "slow-stopper",
        "never-ready",
    ];
    let pod = |word: &&str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {word}\n  annotations: {{petri.dev/{annotation}: {value}}}\n\
             spec:\n  volumes: [{{name: d, emptyDir: {{}}}}]\n  containers:\n  - name: c\n    image: petri.dev/{word}:1\n    \
             volumeMounts: [{{name: d, mountPath: /d}}]\n    livenessProbe: {{httpGet: {{port: 80}}, periodSeconds: 1}}\n    \
             lifecycle: {{preStop: {{exec: {{command: [\"true\"]}}}}}}\n---\n"
        )
    };
    words.iter().map(pod).collect()
}

#[test]
fn no_annotation_of_a_span_stops_the_clock() {
    for asked in Asked::ALL {
        for value in ["0s", "1us", "999999999h999999999h"] {
            let manifest = pods(asked.key(), value);
            let (timeline, _) = session(
                &[
                    "kubectl apply -f pods.yaml",
                    "run 60s",
                    "clock node-1 --rate=10000%",
                    "run 20s",
                    "kubectl delete pods --all --wait=false",
                    "run 60s",
                ],
                &[("pods.yaml", &manifest)],
            );
            assert_eq!(came(&timeline), 140_000, "{}: {value}", asked.key());
            let (key, busiest) = (asked.key(), timeline.world().busiest_instant());
            assert!(busiest < 1_000, "{key}: {value}: {busiest} events at one instant");
        }
    }
}

#[test]
fn every_span_of_a_pod_is_one_of_those_that_are_kept_within_bounds() {
    // The table of annotations is the module's own documentation: what it calls a span goes through `Asked`.
    let table = include_str!("../crates/sim/src/reality/workload/mod.rs");
    let sources = concat!(
        include_str!("../crates/sim/src/reality/workload/role.rs"),
        include_str!("../crates/sim/src/reality/workload/behaviour.rs"),
    );
    for asked in Asked::ALL {
        assert!(
            table.contains(&format!("`{}`", asked.key())) || table.contains(&format!("petri.dev/{}`", asked.key()))
        );
    }
    assert!(!sources.contains("parse_span"), "spans are read in one place");
}

/// What is on a cluster that has something for every controller to do.
fn workloads() -> Vec<Value> {
    let json = |text: &str| Value::from_json(text).expect("the manifest is JSON");
    vec![
        stateful_set("web", 3, false, true, Some(5)),
        stateful_set("db", 3, true, true, None),
        json(
            r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"app"},"spec":{"replicas":3,"selector":
                {"matchLabels":{"app":"app"}},"template":{"metadata":{"labels":{"app":"app"}},"spec":{"containers":[
                {"name":"c","image":"server:1"}]}}}}"#,
        ),
        json(
            r#"{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"app"},"spec":{"minAvailable":2,
                "selector":{"matchLabels":{"app":"app"}}}}"#,
        ),
        json(
            r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"clusterIP":"None","selector":
                {"app":"web"},"ports":[{"port":80}]}}"#,
        ),
        json(r#"{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"all"},"spec":{"hard":{"pods":"40"}}}"#),
        json(
            r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"elect"},"spec":{"replicas":2,"selector":
                {"matchLabels":{"app":"elect"}},"template":{"metadata":{"labels":{"app":"elect"}},"spec":{"containers":[
                {"name":"c","image":"petri.dev/elector:1"}]}}}}"#,
        ),
    ]
}

fn busy_world(seed: u64, etcd: Span) -> World {
    let mut world = World::new(&Scenario::standard(), seed);
    world.set_grain(Grain::Fine);
    for manifest in workloads() {
        world.command(&Command::Apply(Rc::new(manifest)), &mut Vec::new()).expect("the manifest is valid");
    }
    world.command(&Command::DelayEtcd { by: etcd }, &mut Vec::new()).expect("etcd can be slow");
    world
}

/// Every fault of the control plane and of machines, about one controller where it is about one.
fn faults(controller: ControllerId) -> Vec<Command> {
    let node = Name::from("node-1");
    let mut faults = vec![
        Command::PowerOff { node: node.clone() },
        Command::Reboot { node: node.clone() },
        Command::StopKubelet { node: node.clone() },
        Command::Cut { node: node.clone() },
        Command::CutZone { zone: "a".into() },
        Command::CutOneWay { node: node.clone(), lost: Direction::Outgoing },
        Command::CutOneWay { node: node.clone(), lost: Direction::Incoming },
        Command::DelayLink { node, latency: Span::seconds(2) },
        Command::DelayEtcd { by: Span::ZERO },
        Command::DelayEtcd { by: Span::seconds(5) },
        Command::CrashController { controller },
        Command::LoseReply { controller },
        Command::PauseController { controller, on: true },
        Command::HoldCache { controller, on: true },
        Command::DelayCache { controller, by: Span::seconds(9) },
    ];
    faults.extend(StoragePart::ALL.map(|part| Command::FailStorage { part, on: true }));
    for component in Component::ALL {
        faults.push(Command::StopComponent { component });
        faults.push(Command::RestartComponent { component });
    }
    faults
}

/// What ends a fault again.
fn heal(world: &mut World) {
    let nodes: Vec<Name> = world.machines.keys().cloned().collect();
    let mut commands: Vec<Command> = world.hindrances().into_iter().map(|hindrance| hindrance.end).collect();
    for node in nodes {
        commands.push(Command::Heal { node: node.clone() });
        commands.push(Command::PowerOn { node: node.clone() });
        commands.push(Command::StartKubelet { node });
    }
    commands.extend(StoragePart::ALL.map(|part| Command::FailStorage { part, on: false }));
    for command in commands {
        // Most of it was not broken.
        let _ = world.command(&command, &mut Vec::new());
    }
}

/// What is not as it should be after a quiet while.
fn unsettled(world: &World) -> Vec<String> {
    let mut found: Vec<String> = world.standstill().iter().map(ToString::to_string).collect();
    let objects = world.objects();
    found.extend(
        objects
            .stateful_sets
            .values()
            .filter(|set| set.status.ready_replicas != set.replicas())
            .map(|set| format!("{}: {} of {} ready", set.metadata.name, set.status.ready_replicas, set.replicas())),
    );
    found.extend(
        objects
            .deployments
            .values()
            .filter(|set| set.status.ready_replicas != set.replicas())
            .map(|set| format!("{}: {} of {} ready", set.metadata.name, set.status.ready_replicas, set.replicas())),
    );
    found.extend(objects.nodes.values().filter(|node| !node.is_ready()).map(|node| node.metadata.name.to_string()));
    found.extend(
        world.invariants.standing.keys().map(|(guarantee, subject)| format!("{} {subject}", guarantee.title())),
    );
    found
}

#[test]
fn every_controller_goes_on_after_any_fault_in_the_middle_of_its_sync() {
    let mut cut = 0;
    for controller in ControllerId::ALL {
        let mut world = busy_world(3, Span::millis(300));
        let (lost, most) = (world.start + Span::seconds(60), world.start + Span::minutes(8));
        let caught = |world: &World| world.pending().get(&controller).is_some_and(|pending| !pending.past.is_empty());
        let mut is_cut = false;
        while world.now < most && !caught(&world) {
            if !is_cut && world.now >= lost {
                // Those who look after lost nodes have something to write only then.
                world.command(&Command::Cut { node: "node-2".into() }, &mut Vec::new()).expect("it is linked");
                is_cut = true;
            }
            assert!(world.step(&mut Vec::new()));
        }
        cut += usize::from(world.pending().contains_key(&controller));
        for fault in faults(controller) {
            let mut world = world.clone();
            let _ = world.command(&fault, &mut Vec::new());
            let end = world.now + Span::minutes(10);
            world.run_until(end, &mut Vec::new());
            heal(&mut world);
            let end = end + Span::minutes(25);
            world.run_until(end, &mut Vec::new());
            assert_eq!(unsettled(&world), Vec::<String>::new(), "{} and {}", controller.name(), fault.line());
            assert_eq!(world.now, end);
        }
    }
    assert!(cut >= 8, "{cut} controllers were caught in the middle of a sync");
}

/// How many seeds; `PETRI_CLOCK` asks for more.
fn seeds() -> u64 {
    std::env::var("PETRI_CLOCK").ok().and_then(|text| text.parse().ok()).unwrap_or(60)
}

#[test]
fn random_faults_with_slow_writes_cut_everywhere_never_stop_the_clock() {
    let mut busiest = 0;
    for seed in 0..seeds() {
        let mut random = Stream::new(seed, "clock");
        let mut world = busy_world(seed, Span::millis(1 + random.below(5_000)));
        let mut told: Vec<String> = Vec::new();
        for _ in 0..10 + random.below(20) {
            let pause = Span::millis(random.below(60) * random.below(2_000));
            world.run_until(world.now + pause, &mut Vec::new());
            let controller = ControllerId::ALL[random.below(ControllerId::ALL.len() as u64) as usize];
            let faults = faults(controller);
            if random.below(3) == 0 {
                heal(&mut world);
                let by = Span::millis(1 + random.below(5_000));
                let _ = world.command(&Command::DelayEtcd { by }, &mut Vec::new());
            } else {
                let fault = &faults[random.below(faults.len() as u64) as usize];
                told.push(fault.line());
                let _ = world.command(fault, &mut Vec::new());
            }
            assert_eq!(world.standstill(), None, "seed {seed}: {told:?}");
        }
        heal(&mut world);
        let end = world.now + Span::minutes(40);
        world.run_until(end, &mut Vec::new());
        assert_eq!(unsettled(&world), Vec::<String>::new(), "seed {seed}: {told:?}");
        assert_eq!(world.now, end);
        busiest = busiest.max(world.busiest_instant());
    }
    assert!(busiest < MOST_AT_ONCE / 20, "{busiest} events at one instant");
}

/// How many pods start at once; `PETRI_CLOCK_LOAD` asks for more: 5,000 are the most that a workload may have.
fn load() -> u32 {
    std::env::var("PETRI_CLOCK_LOAD").ok().and_then(|text| text.parse().ok()).unwrap_or(500)
}

#[test]
fn no_load_comes_near_the_limit_of_an_instant() {
    let pods = load();
    for claims in [false, true] {
        let busiest = bench::replicas_world(i64::from(pods), pods / 100 + 4, claims).busiest_instant();
        println!("{pods} pods, claims {claims}: {busiest} events at one instant");
        // Three for each pod: the greatest workload of all, of 5,000, stays ten times below.
        assert!(busiest > pods && busiest < MOST_AT_ONCE / 10 * pods / 5_000, "{busiest} events at one instant");
    }
}

/// How long the first minutes of an OrderedReady set take, in the faster of two tries.
fn ordered(replicas: i64) -> Duration {
    let once = || {
        let began = Instant::now();
        let mut world = World::new(&Scenario::sized(20), 1);
        let manifest = stateful_set("web", replicas, false, false, None);
        world.command(&Command::Apply(Rc::new(manifest)), &mut Vec::new()).expect("the manifest is valid");
        world.run_until(world.start + Span::minutes(4), &mut Vec::new());
        assert!(world.objects().pods.len() > 150);
        began.elapsed()
    };
    once().min(once())
}

#[test]
fn an_ordered_set_costs_what_exists_and_not_what_was_asked_for() {
    let (few, many) = (ordered(300), ordered(5_000));
    assert!(many < few * 3, "{many:?} for the first of 5,000 pods, {few:?} for those of 300");
}

/// A run whose clock stands still: a kubelet that renews its lease again after no time at all, which only a program can ask
/// for. The moment is the last before.
fn standing_still() -> (Timeline, Time) {
    let mut scenario = Scenario::empty("standstill");
    (scenario.settings.kubelet.lease_interval, scenario.settings.kubelet.lease_jitter_millis) = (Span::ZERO, 0);
    let mut timeline = Timeline::new(Recording::new(scenario, 1));
    timeline.play_until(timeline.start() + Span::seconds(10));
    let before = timeline.now();
    timeline.command(Command::AddMachine { node: "node-9".into(), zone: "a".into() }).expect("there is room");
    (timeline, before)
}

#[test]
fn a_clock_that_stands_still_ends_the_run_in_a_sentence_and_leaves_what_was_before() {
    let files: BTreeMap<String, String> = BTreeMap::new();
    let (mut timeline, before) = standing_still();
    let said = petri_console::run("run 60s", &mut timeline, &files);
    let sentence = timeline.world().standstill().expect("the clock stands still").to_string();
    assert_eq!(
        sentence,
        "time stands still at 0:10.000: the kubelet of node-9 is busy with its lease for ever. The run ends here; every \
         moment before can be looked at"
    );
    assert_eq!((said.shown(), said.code), (format!("error: {sentence}\n"), 1));
    let stopped = timeline.now();
    assert_eq!(stopped, before);

    // Nothing moves any more, and nothing is remembered of what was tried.
    for line in [
        "step",
        "run 1s",
        "run until node/node-9 NotReady",
        "kubectl wait --for=delete node/node-9 --timeout=1h",
        "cut node-9",
    ] {
        let said = petri_console::run(line, &mut timeline, &files);
        assert!(said.shown().contains(&sentence), "{line}: {}", said.shown());
    }
    assert_eq!((timeline.now(), timeline.recording().commands.len()), (stopped, 1));

    // What was before is there, and goes another way from there.
    assert!(timeline.step_back());
    assert_eq!(timeline.world().standstill(), None);
    timeline.seek(before - Span::seconds(1));
    assert_eq!((timeline.now(), timeline.world().standstill()), (before - Span::seconds(1), None));
    timeline.seek(before + Span::seconds(60));
    assert_eq!((timeline.now(), timeline.world().standstill().is_some()), (stopped, true));
    let end = timeline.world().fingerprint();
    assert!(timeline.undo(), "the command is taken back");
    timeline.play_until(before + Span::seconds(60));
    assert_eq!((timeline.now(), timeline.world().standstill()), (before + Span::seconds(60), None));

    // A recording of it comes to the same end.
    let (mut again, _) = standing_still();
    again.play_until(before + Span::seconds(60));
    let mut replayed = Timeline::new(again.recording().clone());
    replayed.play_until(before + Span::seconds(60));
    assert_eq!(replayed.world().fingerprint(), end);
    assert_eq!(again.world().fingerprint(), end);
}
