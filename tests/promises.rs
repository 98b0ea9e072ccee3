//! The story of the product, told to the engine: what a force delete and a silent node do to the promises.

use petri_explore::bench::deployment;
use petri_explore::bench::stateful_set;
use petri_objects::{Kind, Name, ObjectRef};
use petri_sim::belief::api::shelf::Key;
use petri_sim::ground::clock::Span;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::{Command, Propagation, StoragePart};
use petri_sim::words::controller_id::ControllerId;
use petri_sim::words::invariants::{Guarantee, Standing};
use petri_sim::words::note::What;
use std::rc::Rc;

fn running(claims: bool) -> (Timeline, Name) {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 1));
    timeline
        .command(Command::Apply(Rc::new(stateful_set("web", 2, false, claims, None))))
        .expect("the manifest is valid");
    timeline.play_until(timeline.start() + Span::seconds(40));
    let pod = timeline.world().objects().pods.get(&Key::new("default", "web-1")).expect("web-1 runs").clone();
    assert!(pod.is_ready());
    (timeline, pod.spec.node_name.clone())
}

fn force_delete() -> Command {
    Command::Delete {
        target: ObjectRef::new(Kind::Pod, "default", "web-1"),
        grace_seconds: Some(0),
        propagation: Propagation::Background,
    }
}

fn processes(timeline: &Timeline, name: &str) -> usize {
    let machines = timeline.world().machines.values();
    machines.flat_map(|m| m.processes.values()).filter(|p| &*p.identity.pod == name).count()
}

fn standing(timeline: &Timeline) -> String {
    match timeline.world().invariants.worst(Guarantee::AtMostOne).0 {
        Standing::Holding => "holding".into(),
        Standing::AtRisk { until, .. } => {
            let start = timeline.start();
            let until = until.map(|at| at.since(start).as_seconds());
            format!("at risk until {until:?}")
        }
        Standing::Broken { .. } => "broken".into(),
    }
}

fn wait(timeline: &mut Timeline, seconds: u64) {
    let until = timeline.now() + Span::seconds(seconds);
    timeline.play_until(until);
}

#[test]
fn a_silent_node_leaves_the_pod_terminating_and_unreplaced() {
    let (mut timeline, node) = running(true);
    timeline.command(Command::Cut { node: node.clone() }).expect("the node can be cut off");
    wait(&mut timeline, 39);
    assert!(timeline.world().objects().nodes.get(&Key::new("", node.clone())).expect("it exists").is_ready());
    wait(&mut timeline, 21);
    assert!(!timeline.world().objects().nodes.get(&Key::new("", node)).expect("it exists").is_ready());
    wait(&mut timeline, 300);
    let pod = timeline.world().objects().pods.get(&Key::new("default", "web-1")).expect("the object stays");
    assert!(pod.is_terminating());
    assert_eq!(processes(&timeline, "web-1"), 1);
    assert_eq!(standing(&timeline), "holding");
    // An hour later nothing has changed: only a person, or the node, can end this.
    wait(&mut timeline, 3_600);
    assert_eq!(processes(&timeline, "web-1"), 1);
    assert_eq!(standing(&timeline), "holding");
}

#[test]
fn with_a_claim_a_force_delete_is_a_risk_for_six_minutes_and_then_a_breach() {
    let (mut timeline, node) = running(true);
    timeline.command(Command::Cut { node }).expect("the node can be cut off");
    wait(&mut timeline, 360);
    timeline.command(force_delete()).expect("the pod can be deleted");
    let deleted = timeline.now().since(timeline.start()).as_seconds();
    wait(&mut timeline, 10);
    assert_eq!(standing(&timeline), format!("at risk until Some({})", deleted + 369), "the start, not the detach");
    assert_eq!(processes(&timeline, "web-1"), 1);
    wait(&mut timeline, 345);
    assert_eq!(processes(&timeline, "web-1"), 1, "not before the disk is taken away by force");
    wait(&mut timeline, 20);
    assert_eq!(processes(&timeline, "web-1"), 2);
    assert_eq!(standing(&timeline), "broken");
    assert!(matches!(timeline.world().invariants.worst(Guarantee::OneWriter).0, Standing::Broken { .. }));
    let (_, _, evidence) = &timeline.world().invariants.first_broken[&Guarantee::AtMostOne];
    assert_eq!(evidence.command, Some(2), "the third command, the force delete, made it possible");
}

/// The forced detach breaks nothing: the first process writes on until the second one starts, and both break then.
#[test]
fn one_writer_is_at_risk_until_the_second_process_starts() {
    let (mut timeline, node) = running(true);
    timeline.command(Command::Cut { node }).expect("the node can be cut off");
    wait(&mut timeline, 420);
    timeline.command(force_delete()).expect("the pod can be deleted");
    wait(&mut timeline, 10);
    let worst = |timeline: &Timeline, guarantee| timeline.world().invariants.worst(guarantee).0.clone();
    let Standing::AtRisk { until: Some(until), .. } = worst(&timeline, Guarantee::OneWriter) else {
        panic!("the disk is contested")
    };
    let mut last = until;
    while let Standing::AtRisk { until, .. } = worst(&timeline, Guarantee::AtMostOne) {
        let Standing::AtRisk { until: writers, .. } = worst(&timeline, Guarantee::OneWriter) else {
            panic!("it is not over at {}", timeline.now().since(timeline.start()).as_seconds())
        };
        assert_eq!(writers, until);
        last = until.expect("it is foreseen");
        assert!(timeline.step(), "something is always planned");
    }
    assert!(
        matches!(worst(&timeline, Guarantee::OneWriter), Standing::Broken { since, .. } if since == timeline.now())
    );
    assert!(last.since(timeline.now()) < Span::seconds(1) && until.since(timeline.now()) < Span::seconds(2));
}

#[test]
fn without_a_claim_a_force_delete_is_a_breach_within_seconds() {
    let (mut timeline, node) = running(false);
    timeline.command(Command::Cut { node }).expect("the node can be cut off");
    wait(&mut timeline, 360);
    timeline.command(force_delete()).expect("the pod can be deleted");
    wait(&mut timeline, 10);
    assert_eq!(processes(&timeline, "web-1"), 2);
    assert_eq!(standing(&timeline), "broken");
}

/// As soon as the successor's machine has begun to make it, the moment is known.
#[test]
fn a_risk_without_a_claim_names_the_moment_at_which_it_becomes_a_breach() {
    let (mut timeline, node) = running(false);
    timeline.command(Command::Cut { node }).expect("the node can be cut off");
    wait(&mut timeline, 360);
    timeline.command(force_delete()).expect("the pod can be deleted");
    let until = loop {
        assert!(timeline.step(), "something is always planned");
        match timeline.world().invariants.worst(Guarantee::AtMostOne).0 {
            Standing::AtRisk { until: Some(until), .. } => break *until,
            Standing::Broken { .. } => panic!("it was not told before"),
            _ => {}
        }
    };
    assert!(until > timeline.now());
    timeline.play_until(until - Span::millis(1));
    assert!(standing(&timeline).starts_with("at risk"), "{}", standing(&timeline));
    timeline.play_until(until);
    assert_eq!(standing(&timeline), "broken");
}

#[test]
fn a_healed_node_stops_the_ghost_and_the_promise_holds_again() {
    let (mut timeline, node) = running(false);
    timeline.command(Command::Cut { node: node.clone() }).expect("the node can be cut off");
    wait(&mut timeline, 360);
    timeline.command(force_delete()).expect("the pod can be deleted");
    wait(&mut timeline, 10);
    timeline.command(Command::Heal { node }).expect("the link can be healed");
    wait(&mut timeline, 40);
    assert_eq!(processes(&timeline, "web-1"), 1);
    assert_eq!(standing(&timeline), "holding");
    assert!(
        timeline.world().invariants.first_broken.contains_key(&Guarantee::AtMostOne),
        "what happened is not forgotten"
    );
}

#[test]
fn a_deleted_node_object_lets_the_ghost_run_beside_its_successor() {
    let (mut timeline, node) = running(false);
    timeline.command(Command::Cut { node: node.clone() }).expect("the node can be cut off");
    wait(&mut timeline, 60);
    let target = ObjectRef::new(Kind::Node, "", node);
    timeline
        .command(Command::Delete { target, grace_seconds: None, propagation: Propagation::Background })
        .expect("the Node object can be deleted");
    wait(&mut timeline, 39);
    assert_eq!(processes(&timeline, "web-1"), 1, "the quarantine lasts 40 s");
    wait(&mut timeline, 60);
    assert_eq!(processes(&timeline, "web-1"), 2);
    assert_eq!(standing(&timeline), "broken");
}

#[test]
fn a_deployment_replaces_what_a_stateful_set_does_not() {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 1));
    timeline.command(Command::Apply(Rc::new(deployment("app", 4)))).expect("the manifest is valid");
    timeline.command(Command::Apply(Rc::new(stateful_set("web", 4, false, false, None)))).expect("it is valid");
    timeline.play_until(timeline.start() + Span::seconds(60));
    let node = Name::from("node-2");
    timeline.command(Command::PowerOff { node: node.clone() }).expect("machines have a switch");
    wait(&mut timeline, 420);
    let active = |app: &str| {
        let pods = timeline.world().objects().pods.values();
        pods.filter(|p| p.metadata.labels.get("app").is_some_and(|a| &**a == app) && p.is_ready()).count()
    };
    assert_eq!(active("app"), 4, "at least four");
    assert!(active("web") < 4, "at most one of each name, so the lost one is not replaced");
}

#[test]
fn scale_down_leaves_claims_behind_and_scale_up_finds_them() {
    let (mut timeline, _) = running(true);
    let set = ObjectRef::new(Kind::StatefulSet, "default", "web");
    let volume = |timeline: &Timeline| {
        let claim = timeline.world().objects().claims.get(&Key::new("default", "data-web-1")).expect("the claim stays");
        claim.spec.volume_name.clone()
    };
    let before = volume(&timeline);
    timeline.command(Command::Scale { target: set.clone(), replicas: 1 }).expect("sets scale");
    wait(&mut timeline, 60);
    assert_eq!(processes(&timeline, "web-1"), 0);
    assert_eq!(volume(&timeline), before);
    timeline.command(Command::Scale { target: set, replicas: 2 }).expect("sets scale");
    wait(&mut timeline, 60);
    assert_eq!(processes(&timeline, "web-1"), 1);
    assert_eq!(volume(&timeline), before);
}

/// A forecast that nothing fulfils does not move on with the clock: nobody can say when it breaks.
#[test]
fn a_risk_that_a_fault_holds_up_is_told_once_and_not_every_second() {
    for fault in [
        Command::FailStorage { part: StoragePart::Attach, on: true },
        Command::FailStorage { part: StoragePart::Detach, on: true },
        Command::PauseController { controller: ControllerId::AttachDetach, on: true },
    ] {
        let (mut timeline, node) = running(true);
        timeline.command(Command::Cut { node }).expect("the node can be cut off");
        wait(&mut timeline, 360);
        timeline.command(force_delete()).expect("the pod can be deleted");
        wait(&mut timeline, 10);
        timeline.command(fault.clone()).expect("it can be done");
        wait(&mut timeline, 1_200);
        let told = timeline.notes().iter().filter(|note| matches!(note.what, What::Guarantee { .. })).count();
        assert!(told < 20, "{}: told {told} times", fault.said());
        assert_eq!(standing(&timeline), "at risk until None", "{}", fault.said());
    }
}

/// Etcd takes its time, so that a pod is created seconds after its sync has looked at the one before it.
#[test]
fn a_sync_that_waits_for_etcd_breaks_no_order_by_what_it_could_not_see() {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 1));
    let set = stateful_set("web", 2, false, false, None);
    timeline.command(Command::Apply(Rc::new(set))).expect("the manifest is valid");
    timeline.command(Command::DelayEtcd { by: Span::seconds(3) }).expect("etcd can be slow");
    let pod = |timeline: &Timeline, name: &str| {
        timeline.world().objects().pods.get(&Key::new("default", name)).map(|pod| (pod.is_ready(), pod.metadata.uid))
    };
    while pod(&timeline, "web-0").is_none_or(|(is_ready, _)| !is_ready) {
        timeline.step();
    }
    wait(&mut timeline, 1);
    assert_eq!(pod(&timeline, "web-1"), None, "its creation is on the way to etcd");
    let target = ObjectRef::new(Kind::Pod, "default", "web-0");
    let delete = Command::Delete { target, grace_seconds: Some(0), propagation: Propagation::Background };
    timeline.command(delete).expect("web-0 exists");
    while pod(&timeline, "web-1").is_none() {
        timeline.step();
    }
    assert_eq!(pod(&timeline, "web-0"), None, "web-1 came first");
    assert!(matches!(timeline.world().invariants.worst(Guarantee::Ordered).0, Standing::Holding));
}
