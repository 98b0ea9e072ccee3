//! Sets on the timeline: what was asked for, what was Ready, and which revision.

use super::*;
use crate::view::lanes::LaneKey;
use crate::view::revision::Notch;
use crate::view::timeline::{self, LaneRow, Options, TimelineView};

/// Three pods with disks, in a namespace that is said, so that they can be applied again.
fn named() -> String {
    SET.replace("metadata: { name: rg }", "metadata: { name: rg, namespace: default }")
}

fn started(manifest: &str) -> Run {
    let mut run = Run::new(Scenario::standard());
    run.apply(manifest);
    run.play(60);
    run
}

fn draw(run: &Run) -> TimelineView {
    timeline::view(&run.timeline, &run.store, None, 1_440, &Options::default())
}

fn set<'v>(view: &'v TimelineView, name: &str) -> Option<&'v LaneRow> {
    view.lanes.iter().find(|lane| lane.name == name && matches!(lane.key, LaneKey::Set(_)))
}

fn notches(view: &TimelineView, name: &str) -> Vec<Notch> {
    let lane = view.lanes.iter().find(|lane| lane.name == name).expect("there is a lane");
    lane.notches.iter().map(|mark| mark.notch).collect()
}

#[test]
fn a_set_that_was_applied_once_has_no_lane() {
    let view = draw(&Run::calm());
    assert!(set(&view, "rg").is_none() && view.lanes.iter().all(|lane| lane.notches.is_empty()));
}

#[test]
fn a_set_that_was_scaled_has_a_lane_above_its_pods() {
    let mut run = started(&named());
    run.apply(&named().replace("replicas: 3", "replicas: 4"));
    run.play(30);
    let view = draw(&run);
    let lane = set(&view, "rg").expect("it was scaled");
    let mark = lane.set.as_ref().expect("it is a set's");
    assert_eq!((mark.text.as_str(), mark.rules.len()), ("4 asked, 4 ready", 0));
    assert_eq!(lane.target, Target::Object(ObjectRef::new(Kind::StatefulSet, "default", "rg")));
    let below: Vec<&str> = view.lanes.iter().skip_while(|lane| lane.name != "rg").map(|lane| &*lane.name).collect();
    assert_eq!(below, ["rg", "rg-0", "rg-1", "rg-2", "rg-3", "4 nodes"]);
    assert!(mark.asked.matches('V').count() >= 2 && mark.ready.ends_with('z'), "steps: {mark:?}");
}

#[test]
fn a_revision_is_a_rule_and_bars_tell_how_they_stand_to_it() {
    let mut run = started(&named());
    let held = named().replace("  replicas: 3", "  replicas: 3\n  updateStrategy: { rollingUpdate: { partition: 1 } }");
    run.apply(&held.replace("rg-log:1.4", "rg-log:1.5"));
    run.play(90);
    let view = draw(&run);
    let rules = &set(&view, "rg").and_then(|lane| lane.set.as_ref()).expect("it was updated").rules;
    assert_eq!(rules.len(), 1);
    let last = view.lanes.iter().find(|lane| lane.name == "rg-2").expect("a lane");
    assert_eq!((rules[0].text.as_str(), rules[0].to), ("r2 asked", last.y + last.h), "it goes through all its pods");
    assert_eq!(notches(&view, "rg-0"), [Notch::Old], "kept by the partition");
    assert_eq!(notches(&view, "rg-2"), [Notch::Old, Notch::New]);
}

#[test]
fn a_template_that_was_taken_back_leaves_a_pod_that_nobody_asks_for() {
    let mut run = started(&named());
    run.apply(&named().replace("rg-log:1.4", "bad:1"));
    run.play(60);
    run.apply(&named());
    run.play(30);
    let view = draw(&run);
    assert_eq!(notches(&view, "rg-2"), [Notch::Old, Notch::New, Notch::Neither]);
    assert_eq!(notches(&view, "rg-0"), [Notch::Old, Notch::New], "back to what it has");
}

#[test]
fn pods_of_a_deployment_are_left_behind_by_the_next_replica_set() {
    let web = web(2).replace("{ name: web }\nspec", "{ name: web, namespace: default }\nspec");
    let mut run = started(&web);
    run.apply(&web.replace("image: nginx", "image: httpd"));
    run.play(60);
    let view = draw(&run);
    assert!(set(&view, "web").is_some());
    let marks: Vec<Vec<Notch>> = view.lanes.iter().map(|lane| lane.notches.iter().map(|m| m.notch).collect()).collect();
    let count = |notch| marks.iter().filter(|marks| marks.as_slice() == [notch]).count();
    assert_eq!((count(Notch::Old), count(Notch::New)), (2, 2), "{marks:?}");
}

#[test]
fn many_pods_are_one_lane_and_those_in_trouble_stand_below_it() {
    let mut run = Run::new(Scenario::standard());
    run.apply(&SET.replace("replicas: 3", "replicas: 20\n  podManagementPolicy: Parallel"));
    run.play(120);
    let view = draw(&run);
    let pods = |view: &TimelineView| {
        let own = view.lanes.iter().filter(|lane| matches!(lane.key, LaneKey::Identity { .. }));
        own.map(|lane| lane.name.clone()).collect::<Vec<_>>()
    };
    assert!(set(&view, "rg").is_some() && pods(&view).is_empty(), "{:?}", pods(&view));
    assert!(view.hint.contains("20 quiet lanes not drawn"), "{}", view.hint);
    let node = run.node_of("rg-7");
    run.command(Command::Cut { node });
    run.play(360);
    run.command(force_delete("rg-7"));
    run.play(12);
    assert!(pods(&draw(&run)).contains(&"rg-7".to_owned()), "a name that runs twice has its lane");
}
