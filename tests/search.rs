//! Every course of events within bounds: with a force delete at-most-one breaks, without one it cannot.

use petri_explore::bench::stateful_set;
use petri_explore::{Problem, Progress, Search};
use petri_objects::{Kind, ObjectRef};
use petri_sim::ground::clock::Span;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::{Command, Propagation};
use petri_sim::words::invariants::Guarantee;
use std::rc::Rc;

fn node_of_pod(name: &str) -> petri_objects::Name {
    let mut timeline = start();
    timeline.play_until(timeline.start() + Span::seconds(30));
    let key = petri_sim::belief::api::shelf::Key::new("default", name);
    timeline.world().objects().pods.get(&key).expect("the pod runs").spec.node_name.clone()
}

fn start() -> Timeline {
    let mut timeline = Timeline::new(petri_sim::story::recording::Recording::new(Scenario::standard(), 1));
    let _ = timeline.command(Command::Apply(Rc::new(stateful_set("web", 2, false, false, None))));
    timeline
}

fn problem(force: bool) -> Problem {
    let node = node_of_pod("web-1");
    let mut menu =
        vec![Command::Cut { node: node.clone() }, Command::Heal { node: node.clone() }, Command::PowerOff { node }];
    if force {
        menu.push(Command::Delete {
            target: ObjectRef::new(Kind::Pod, "default", "web-1"),
            grace_seconds: Some(0),
            propagation: Propagation::Background,
        });
    }
    Problem {
        scenario: Scenario::standard(),
        seed: 1,
        setup: vec![Command::Apply(Rc::new(stateful_set("web", 2, false, false, None)))],
        settle: Span::seconds(30),
        menu,
        guarantee: Guarantee::AtMostOne,
        horizon: Span::seconds(480),
        step: Span::seconds(20),
    }
}

#[test]
fn without_a_force_delete_at_most_one_holds_in_every_reachable_state() {
    let states = match Search::new(problem(false)).finish() {
        Progress::Exhausted { states } => states,
        other => panic!("{other:?}"),
    };
    // An exact count: if it changes, the semantics or the bounds have shifted.
    assert_eq!(states, STATES_WITHOUT_FORCE);
}

const STATES_WITHOUT_FORCE: u64 = 25_302;
const STATES_UNTIL_FOUND: u64 = 25;

#[test]
fn with_a_force_delete_the_search_finds_two_processes_and_how() {
    let Progress::Found { recording, evidence, states } = Search::new(problem(true)).finish() else {
        panic!("the search finds a breach");
    };
    assert_eq!(states, STATES_UNTIL_FOUND);
    assert!(evidence.sentence.starts_with("Two processes run as web-1"), "{}", evidence.sentence);
    let lines: Vec<String> = recording.commands.iter().skip(1).map(|stamped| stamped.command.line()).collect();
    assert!(lines.iter().any(|line| line.contains("--force --grace-period=0")), "{lines:?}");
    // A finding is a recording: played again, it breaks again.
    let mut timeline = Timeline::new(*recording);
    timeline.play_until(timeline.start() + Span::seconds(600));
    assert!(petri_explore::breach(timeline.notes(), Guarantee::AtMostOne).is_some());
}

#[test]
fn a_search_can_be_stopped_and_goes_on() {
    let mut search = Search::new(problem(true));
    let mut slices = 0;
    let states = loop {
        match search.run(3) {
            Progress::Searching { .. } => slices += 1,
            Progress::Found { states, .. } => break states,
            Progress::Exhausted { .. } => panic!("the search finds a breach"),
        }
    };
    assert!(slices > 1);
    assert_eq!(states, STATES_UNTIL_FOUND);
}
