//! Names that the DNS answers, and the colours by which sets are told apart.

use super::*;
use crate::view::lanes::{Bar, LaneKey};
use crate::view::timeline::{self, LaneRow, Options, TimelineView};

fn draw(run: &Run) -> TimelineView {
    timeline::view(&run.timeline, &run.store, None, 1_440, &Options::default())
}

fn lane<'v>(view: &'v TimelineView, name: &str) -> &'v LaneRow {
    let is_own = |lane: &&LaneRow| lane.name == name && matches!(lane.key, LaneKey::Identity { .. });
    view.lanes.iter().find(is_own).expect("there is a lane")
}

#[test]
fn an_answer_of_the_dns_that_changes_is_a_mark_on_the_lane_of_its_pod() {
    let run = Run::forced();
    let view = draw(&run);
    let told = |name: &str| -> Vec<(Bar, String)> {
        let marks = lane(&view, name).bars.iter().filter(|mark| matches!(mark.bar, Bar::Named | Bar::Nameless));
        marks.map(|mark| (mark.bar, mark.title.clone())).collect()
    };
    let calm = told("rg-0");
    assert!(matches!(&calm[..], [(Bar::Named, one)] if one.starts_with("rg-0.rg is 10.244.")), "{calm:?}");
    let told = told("rg-1");
    let bars: Vec<Bar> = told.iter().map(|(bar, _)| *bar).collect();
    assert_eq!(bars, [Bar::Named, Bar::Nameless], "its node is lost, and its name with it: {told:#?}");
    assert!(told[1].1.starts_with("rg-1.rg is NXDOMAIN, "), "{told:#?}");
    let answers = &run.store.lanes[&lane(&view, "rg-1").key].answers;
    let ready = run.timeline.notes().iter().filter(|note| note.at == answers[1].at);
    assert!(ready.count() > 0, "it is the moment of a note");
}

#[test]
fn a_tile_tells_whether_its_name_resolves() {
    let mut run = Run::calm();
    assert!(run.view().tiles().all(|tile| tile.resolves == Some(true) && tile.label.ends_with("; its name resolves")));
    let node = run.node_of("rg-1");
    run.command(Command::Cut { node });
    run.play(60);
    let view = run.view();
    assert_eq!(tile(&view, "rg-1").resolves, Some(false));
    assert!(tile(&view, "rg-1").label.ends_with("; its name does not resolve"));
    assert_eq!(tile(&view, "rg-0").resolves, Some(true));
    let mut other = Run::new(Scenario::standard());
    other.apply(&web(2));
    other.play(20);
    assert!(other.view().tiles().all(|tile| tile.resolves.is_none()), "its pods have no names of their own");
}

#[test]
fn the_second_set_has_colours_of_its_own_and_keeps_them() {
    let mut run = Run::calm();
    run.apply(&SET.replace("rg", "db"));
    run.play(60);
    let class = |run: &Run, pod: &str| tile(&run.view(), pod).identity.class();
    assert_eq!((class(&run, "rg-0"), class(&run, "db-0"), class(&run, "db-1")), ("id-0", "id-4", "id-5"));
    let view = run.view();
    assert_eq!(
        (disk(&view, "logs-rg-0").identity.class(), disk(&view, "logs-db-0").identity.class()),
        ("id-0", "id-4")
    );
    let drawn = draw(&run);
    assert_eq!((lane(&drawn, "rg-0").identity.class(), lane(&drawn, "db-0").identity.class()), ("id-0", "id-4"));
    let parted: Vec<&str> = drawn
        .lanes
        .iter()
        .filter(|lane| lane.bars.iter().any(|bar| bar.bar == Bar::Parts))
        .map(|lane| lane.name.as_str())
        .collect();
    assert_eq!(parted, ["rg-0"], "one rule between two sets");
    let target = ObjectRef::new(Kind::StatefulSet, "default", "rg");
    run.command(Command::Delete { target, grace_seconds: None, propagation: Propagation::Background });
    run.play(60);
    assert_eq!(class(&run, "db-0"), "id-4", "nobody changes colours because another set has gone");
}
