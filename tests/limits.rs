//! However a run asks for more than Petri simulates, the answer is a sentence, and everything is as it was.

use crate::cluster::Cluster;
use petri_objects::{Decode, Kind, Object, ObjectRef, Span, Value};
use petri_sim::ground::limits::{LONGEST_RUN, MAX_COMMANDS, MAX_EVENTS};
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::{Recording, Stamped};
use petri_sim::story::shared::Shared;
use petri_sim::story::timeline::{Misfit, Timeline};
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use std::rc::Rc;

fn yaml(text: &str) -> Rc<Value> {
    let parsed = petri_manifest::parse(text);
    Rc::new(parsed.documents[0].value.clone())
}

/// A set of pods that do nothing, with more lines for its spec.
fn idle(name: &str, replicas: i64, more: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: {name}, namespace: default}}
spec:
  serviceName: {name}
  replicas: {replicas}
  podManagementPolicy: Parallel
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: main, image: nginx}}]}}
{more}"
    )
}

/// What a command is refused with. The world and its recording stay as they were.
fn refused(timeline: &mut Timeline, command: Command) -> String {
    let (before, commands) = (timeline.world().clone(), timeline.recording().commands.len());
    let error = timeline.command(command).expect_err("it is too much");
    assert!(*timeline.world() == before && timeline.recording().commands.len() == commands);
    match error {
        ApiError::BadRequest(words) => words.to_string(),
        other => panic!("it is refused as too much: {other:?}"),
    }
}

fn of_set(name: &str) -> ObjectRef {
    ObjectRef::new(Kind::StatefulSet, "default", name)
}

fn calm() -> Timeline {
    Timeline::new(Recording::new(Scenario::standard(), 1))
}

const PER_WORKLOAD: &str = "Petri simulates at most 5,000 replicas per workload; this asks for ";

#[test]
fn one_workload_cannot_ask_for_too_much_whichever_way_it_asks() {
    let mut timeline = calm();
    timeline.command(Command::Apply(yaml(&idle("a", 1, "")))).expect("one is fine");
    let merge = |text: &str| Command::Patch {
        target: of_set("a"),
        patch: serde_json::from_str(text).expect("a patch"),
        status: false,
    };
    let huge = "2,147,483,647, so nothing was changed.";
    let commands = [
        (Command::Scale { target: of_set("a"), replicas: i32::MAX }, huge),
        (merge("{\"spec\":{\"replicas\":2147483647}}"), huge),
        (Command::Apply(yaml(&idle("a", 1_000_000, ""))), "1,000,000, so nothing was changed."),
        (Command::Apply(yaml(&idle("b", 1_000_000, ""))), "1,000,000, so nothing was changed."),
    ];
    for (command, words) in commands {
        assert_eq!(refused(&mut timeline, command), format!("{PER_WORKLOAD}{words}"));
    }
    timeline.command(Command::Scale { target: of_set("a"), replicas: 0 }).expect("fewer is always possible");
}

#[test]
fn all_workloads_together_have_a_limit_too() {
    let mut timeline = calm();
    for name in ["a", "b"] {
        timeline.command(Command::Apply(yaml(&idle(name, 5_000, "")))).expect("as much as there may be");
    }
    let words = "Petri simulates at most 10,000 replicas of all workloads together; this makes it 10,001, so nothing was changed.";
    assert_eq!(refused(&mut timeline, Command::Apply(yaml(&idle("c", 1, "")))), words);
    timeline.command(Command::Scale { target: of_set("a"), replicas: 4_000 }).expect("fewer is always possible");
    timeline.command(Command::Apply(yaml(&idle("c", 1, "")))).expect("there is room again");
}

#[test]
fn what_the_pods_bring_with_them_counts() {
    let claim = |n: i32| {
        format!(
            "  - metadata: {{name: c{n}}}\n    spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}\n"
        )
    };
    let claims: String = (0..20).map(claim).collect();
    let manifest = idle("a", 5_000, &format!("  volumeClaimTemplates:\n{claims}"));
    let words = "Petri simulates at most 50,000 objects; this makes it 205,000, so nothing was changed.";
    assert_eq!(refused(&mut calm(), Command::Apply(yaml(&manifest))), words);
}

#[test]
fn machines_are_counted_with_those_that_are_added() {
    let mut timeline = Timeline::new(Recording::new(Scenario::sized(199), 1));
    let add = |name: &str| Command::AddMachine { node: name.into(), zone: "a".into() };
    timeline.command(add("one")).expect("the two hundredth");
    assert_eq!(refused(&mut timeline, add("two")), "Petri simulates at most 200 machines.");
}

/// A recording of these commands, one a second, and its end.
fn recorded(scenario: Scenario, commands: impl IntoIterator<Item = Command>) -> Shared {
    let mut recording = Recording::new(scenario, 1);
    let mut at = recording.scenario.start;
    for command in commands {
        at += Span::seconds(1);
        recording.commands.push(Stamped { at, position: None, command: Rc::new(command), said: None });
    }
    let start = recording.scenario.start;
    Shared::new(recording, start, at)
}

/// What is said of a recording, when it is read or when it is played.
fn said(shared: &Shared) -> String {
    match Shared::from_json(&shared.to_json()) {
        Err(refused) => refused.words,
        Ok(shared) => {
            let mut timeline = Timeline::new(shared.recording);
            timeline.play_until(shared.end);
            timeline.misfit().map(ToString::to_string).unwrap_or_default()
        }
    }
}

#[test]
fn a_recording_meets_the_same_limits() {
    let asks = format!("command 1 asks for too much: {PER_WORKLOAD}");
    let standard = Scenario::standard;
    let scale = Command::Scale { target: of_set("a"), replicas: i32::MAX };
    assert!(said(&recorded(standard(), [scale])).starts_with(&asks));
    let patch = serde_json::from_str("{\"spec\":{\"replicas\":2147483647}}").expect("a patch");
    assert!(
        said(&recorded(standard(), [Command::Patch { target: of_set("a"), patch, status: false }])).starts_with(&asks)
    );
    assert!(said(&recorded(standard(), [Command::Apply(yaml(&idle("a", 1_000_000, "")))])).starts_with(&asks));
    let add = |n: i32| Command::AddMachine { node: format!("more-{n}").into(), zone: "a".into() };
    assert_eq!(
        said(&recorded(standard(), (0..10_000).map(add))),
        "the recording has too many machines: Petri simulates at most 200"
    );
    let many = (0..1_000).map(|n| Command::Apply(yaml(&idle(&format!("s{n}"), 5_000, ""))));
    assert_eq!(
        said(&recorded(standard(), many.take(4))),
        "Command 3 asks for too much. Petri simulates at most 10,000 replicas of all workloads together; this makes it 15,000, so nothing was changed."
    );
    // What a patch comes to depends on what is there.
    let sets = ["a", "b", "c"].map(|name| Command::Apply(yaml(&idle(name, 4_000, ""))));
    assert!(said(&recorded(standard(), sets)).starts_with("Command 3 asks for too much."));
}

#[test]
fn what_a_cluster_begins_with_counts() {
    let with = |replicas: &[i64]| {
        let mut scenario = Scenario::standard();
        for (n, replicas) in replicas.iter().enumerate() {
            let value = yaml(&idle(&format!("s{n}"), *replicas, ""));
            scenario.setup.push(Object::from_value(&value, &mut Decode::default()).expect("a set"));
        }
        said(&recorded(scenario, []))
    };
    assert_eq!(with(&[5_000, 5_000]), "");
    assert_eq!(with(&[100_000]), format!("{PER_WORKLOAD}100,000, so nothing was changed"));
    assert!(with(&[5_000, 5_000, 1]).starts_with("Petri simulates at most 10,000 replicas of all workloads together"));
}

#[test]
fn commands_are_never_dropped_in_silence() {
    let cut = |n: u64| Command::Cut { node: format!("node-{}", n % 4).into() };
    let mut shared = recorded(Scenario::standard(), (0..3).map(cut));
    let mut place = |position: u64| {
        shared.recording.commands.iter_mut().for_each(|stamped| stamped.position = Some(position));
        said(&shared)
    };
    assert_eq!(place(9_007_199_254_740_991), "command 1 comes after more events than are ever played");
    let words = "Command 1 stands after more events than happen: it was carried out at its moment.";
    assert_eq!(place(MAX_EVENTS), words);
    let mut timeline = Timeline::new(shared.recording.clone());
    timeline.play_until(shared.end);
    assert_eq!((timeline.done(), timeline.misfit()), (3, Some(&Misfit::Displaced { command: 1 })));
    // A place that comes too early is no reason to go back, or ahead, in time.
    shared.recording.commands.iter_mut().for_each(|stamped| stamped.position = Some(0));
    let mut timeline = Timeline::new(shared.recording.clone());
    let mut before = timeline.now();
    while timeline.now() < shared.end && timeline.step() {
        assert!(timeline.now() >= before);
        before = timeline.now();
    }
    let at = |note: &petri_sim::words::note::Note| note.at;
    assert!(timeline.notes().is_sorted_by_key(at), "what happened is told in its order");
}

#[test]
fn whatever_was_played_can_be_written_and_opened_again() {
    let mut timeline = calm();
    let big = |n: usize| {
        let text = "x".repeat(200_000);
        Command::Apply(yaml(&format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m{n}, namespace: default}}\ndata: {{text: {text}}}"
        )))
    };
    let taken = (0..40).take_while(|n| timeline.command(big(*n)).is_ok()).count();
    assert_eq!(taken, 19);
    assert_eq!(
        refused(&mut timeline, big(40)),
        "The commands of a run take at most 4 MB together, so nothing was changed."
    );
    let mut many = calm();
    let entries: String = (0..1_900).map(|n| format!("  k{n}: v\n")).collect();
    let of_many = |n: usize| {
        Command::Apply(yaml(&format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m{n}, namespace: default}}\ndata:\n{entries}"
        )))
    };
    let taken = (0..100).take_while(|n| many.command(of_many(*n)).is_ok()).count();
    assert!((50..75).contains(&taken), "{taken}");
    let mut often = calm();
    let in_turn = |n: usize| match n % 2 {
        0 => Command::Cut { node: "node-0".into() },
        _ => Command::Heal { node: "node-0".into() },
    };
    for n in 0..MAX_COMMANDS {
        often.command(in_turn(n)).expect("a machine can be cut off and healed as often as that");
    }
    assert_eq!(refused(&mut often, in_turn(0)), "A run has at most 10,000 commands, so nothing was changed.");
    assert!(often.undo() && often.command(in_turn(1)).is_ok(), "what is taken back makes room");
    for timeline in [timeline, many, often] {
        let shared = Shared::new(timeline.recording().clone(), timeline.now(), timeline.end());
        let again = Shared::from_json(&shared.to_json()).map(|again| again.recording == shared.recording);
        assert_eq!(again, Ok(true));
        let commands: Vec<_> = shared.recording.commands.iter().map(|stamped| shared.command_json(stamped)).collect();
        let (moment, end) = (shared.moment.since(timeline.start()).0, shared.end.since(timeline.start()).0);
        let parts =
            format!("{},\"moment\":{moment},\"end\":{end},\"commands\":[{}]}}", shared.head(), commands.join(","));
        assert!(parts == shared.to_json(), "its parts are the whole");
    }
}

#[test]
fn there_is_one_end_to_virtual_time() {
    let mut cluster = Cluster::new(1);
    let over = "This run has come to its end: Petri plays at most 7 days of virtual time.";
    // Nothing ever happens where nobody is.
    cluster.timeline = Timeline::new(Recording::new(Scenario::sized(0), 1));
    assert_eq!(cluster.run("run 25h"), "");
    let words =
        "error: Petri plays at most 7 days of virtual time in one run, and this is 25:00:00.000 after its start.";
    for line in ["run 1000000h", "run 144h"] {
        assert_eq!(cluster.run(line), words);
    }
    assert_eq!(cluster.run("run 143h"), "");
    let (start, now) = (cluster.timeline.start(), cluster.timeline.now());
    assert_eq!(now, start + LONGEST_RUN);
    for line in ["step", "run until pod/nobody Ready"] {
        assert_eq!(cluster.run(line), format!("error: {over}"));
    }
    let shared = Shared::new(cluster.timeline.recording().clone(), now, now);
    assert_eq!(Shared::from_json(&shared.to_json()), Ok(shared), "what was played can be opened");
    let later = Shared::new(cluster.timeline.recording().clone(), now, now + Span(1));
    assert_eq!(
        Shared::from_json(&later.to_json()).expect_err("too late").words,
        "end is later than 7 days after the start"
    );
}

#[test]
fn fewer_kept_worlds_are_the_same_run() {
    let mut cluster = Cluster::new(3);
    cluster.apply(&idle("web", 2, "")).run("run 10m");
    let fresh = cluster.timeline.clone();
    cluster.timeline.keep_fewer();
    for seconds in [500, 20, 300] {
        let moment = fresh.start() + Span::seconds(seconds);
        let mut other = fresh.clone();
        cluster.timeline.seek(moment);
        other.seek(moment);
        assert_eq!(cluster.world().fingerprint(), other.world().fingerprint());
    }
}
