//! The timeline of a bad day.

use super::*;
use crate::view::lanes::{Bar, LaneKey, PinKind};
use crate::view::timeline::{self, Options, TimelineView};

fn draw(run: &Run, width: u32, options: &Options) -> TimelineView {
    timeline::view(&run.timeline, &run.store, None, width, options)
}

fn bars(view: &TimelineView, name: &str) -> Vec<(Bar, String)> {
    let lane = view.lanes.iter().find(|lane| lane.name == name).expect("there is a lane");
    let spans = lane.bars.iter().filter(|bar| !matches!(bar.bar, Bar::Named | Bar::Nameless | Bar::Parts));
    spans.map(|bar| (bar.bar, bar.title.clone())).collect()
}

#[test]
fn each_identity_has_a_lane_with_its_phases() {
    let run = Run::calm();
    let view = draw(&run, 1_440, &Options::default());
    let names: Vec<&str> = view.lanes.iter().map(|lane| lane.name.as_str()).collect();
    assert_eq!(names, ["rg-0", "rg-1", "rg-2", "4 nodes"]);
    let phases: Vec<Bar> = bars(&view, "rg-1").into_iter().map(|(bar, _)| bar).collect();
    assert_eq!(phases, [Bar::Pending, Bar::Creating, Bar::Ready], "its disk is made before a node has it");
    assert!(view.lanes.iter().all(|lane| !lane.open), "a healthy lane shows belief only");
    assert!(
        view.pins
            .iter()
            .any(|pin| pin.kind == PinKind::You && pin.label.starts_with("You: apply StatefulSet rg and 1 more")),
        "{:#?}",
        view.pins
    );
    assert!(view.pins.iter().any(|pin| pin.label.starts_with("rg-0 Ready, so rg-1")), "{:#?}", view.pins);
}

#[test]
fn a_drain_is_one_pin_and_one_cause() {
    let mut run = Run::calm();
    let node = run.node_of("rg-1");
    run.command(Command::Cordon { node: node.clone(), on: true });
    let pod = ObjectRef::new(Kind::Pod, "default", "rg-1");
    run.command(Command::Evict { pod: pod.clone(), grace_seconds: None });
    let uid = tile(&run.view(), "rg-1").uid;
    let said: Vec<String> = run.timeline.why(&pod, Some(uid)).into_iter().map(|link| link.sentence).collect();
    assert!(said.contains(&format!("You: kubectl drain {node}")), "{said:#?}");
    let pins: Vec<String> =
        run.store.pins.iter().filter(|pin| pin.kind == PinKind::You).map(|pin| pin.said()).collect();
    assert_eq!(pins, ["apply StatefulSet rg and 1 more".to_owned(), format!("drain {node}")]);
}

#[test]
fn pins_of_one_instant_are_one_pin_and_a_fault_wins() {
    let mut run = Run::calm();
    run.command(Command::Cordon { node: "node-0".into(), on: false });
    run.command(Command::Cut { node: "node-3".into() });
    run.play(30);
    for strip in [false, true] {
        let view = draw(&run, 1_440, &Options { strip, ..Options::default() });
        let own: Vec<_> = view.pins.iter().filter(|pin| pin.label.contains("uncordon")).collect();
        assert_eq!(own.len(), 1, "{:#?}", view.pins);
        assert_eq!((own[0].kind, own[0].at), (PinKind::Fault, run.timeline.recording().commands[2].at));
        assert_eq!(own[0].text, if strip { "" } else { "cut node-3 and 1 more" });
        assert_eq!(own[0].label, "Fault: cut node-3; You: uncordon node-0, 1:00.0");
    }
    // A bookmark there is named with them, and what stands for several is counted in full.
    let bookmarks = vec![(run.timeline.start(), "before".to_owned())];
    let view = draw(&run, 4_000, &Options { bookmarks, ..Options::default() });
    let first = view.pins.iter().find(|pin| pin.kind == PinKind::Bookmark).expect("a bookmark outlasts a command");
    assert_eq!(first.label, "Bookmark: before; You: apply StatefulSet rg and 1 more, 0:00.0");
    assert_eq!(first.text, "before and 2 more");
}

#[test]
fn a_pod_that_no_node_has_is_pending_and_not_being_created() {
    let mut run = Run::calm();
    for node in ["node-0", "node-1", "node-2", "node-3"] {
        run.command(Command::Cordon { node: node.into(), on: true });
    }
    let target = ObjectRef::new(Kind::StatefulSet, "default", "rg");
    run.command(Command::Scale { target, replicas: 4 });
    run.play(30);
    let last = |run: &Run| bars(&draw(run, 1_440, &Options::default()), "rg-3").last().cloned();
    assert!(last(&run).is_some_and(|(bar, title)| bar == Bar::Pending && title.starts_with("Pending")));
    run.command(Command::Cordon { node: "node-0".into(), on: false });
    run.play(3);
    assert!(last(&run).is_some_and(|(bar, title)| bar == Bar::Creating && title.starts_with("Creating")));
}

#[test]
fn a_lost_pod_opens_its_lane_to_both_halves() {
    let run = Run::forced();
    let view = draw(&run, 1_440, &Options::default());
    let lane = view.lanes.iter().find(|lane| lane.name == "rg-1").expect("there is a lane");
    assert!(lane.open && lane.h == 32, "{lane:#?}");
    let told = bars(&view, "rg-1");
    for bar in [Bar::Ready, Bar::Running, Bar::Terminating, Bar::Creating, Bar::Process] {
        assert!(told.iter().any(|(b, _)| *b == bar), "{bar:?} is missing in {told:#?}");
    }
    assert!(view.lanes.iter().any(|lane| lane.name == "logs-rg-1"), "the contested disk has a lane");
    assert!(view.dues.iter().any(|due| due.text.starts_with("force detach due 13:")), "{:#?}", view.dues);
    assert!(view.pins.iter().any(|pin| pin.kind == PinKind::Fault && pin.text.starts_with("cut node-")));
    assert!(view.pins.iter().any(|pin| pin.text == "delete pod rg-1 --force"), "{:#?}", view.pins);
    assert_eq!(view.folds.len(), 1, "{:#?}", view.folds);
    assert!(view.folded.ends_with("of quiet folded"));
}

#[test]
fn the_span_in_which_a_guarantee_was_broken_is_marked() {
    let mut run = Run::forced();
    run.play(380);
    let view = draw(&run, 1_440, &Options::default());
    assert!(view.violations.iter().any(|mark| mark.label.starts_with("At most one broken for default/rg-1")));
    let lane = view.lanes.iter().find(|lane| lane.name == "rg-1").expect("there is a lane");
    assert_eq!(lane.violations.len(), 1);
    assert!(view.dues.iter().any(|due| due.text.starts_with("twice for ")), "{:#?}", view.dues);
}

#[test]
fn each_process_of_a_name_has_a_piece_of_its_own() {
    let mut run = Run::forced();
    let old =
        run.view().tiles().find(|tile| tile.state == TileState::Ghost).map(|tile| tile.node.clone()).expect("one");
    let node = old.expect("it runs somewhere");
    run.play(380);
    run.command(Command::Heal { node: node.clone() });
    run.play(60);
    let view = draw(&run, 1_440, &Options::default());
    let lane = view.lanes.iter().find(|lane| lane.name == "rg-1").expect("there is a lane");
    let ran: Vec<_> = lane.bars.iter().filter(|bar| bar.bar == Bar::Process).collect();
    assert_eq!(ran.len(), 3, "one, both, the other: {ran:#?}");
    assert!(ran[0].title.starts_with(&format!("process on {node} ")), "{ran:#?}");
    assert!(ran[1].title.starts_with("processes ") && ran[1].title.contains(&format!(" on {node}")), "{ran:#?}");
    assert!(ran[2].title.starts_with("process on ") && !ran[2].title.contains(&*node), "{ran:#?}");
    assert!(ran[0].text.starts_with("process on "), "it says which: {ran:#?}");
    for pair in ran.windows(2) {
        assert!(pair[0].x + pair[0].w < pair[1].x, "the boundary is visible: {pair:#?}");
    }
}

#[test]
fn a_disk_on_two_machines_at_once_has_not_moved() {
    let mut run = Run::new(Scenario::standard());
    run.apply(SHARED);
    run.play(60);
    let nodes: Vec<Name> =
        run.timeline.world().objects().attachments.values().map(|a| a.spec.node_name.clone()).collect();
    assert_eq!(nodes.len(), 2, "the test wants two machines");
    let last = bars(&draw(&run, 1_440, &Options::default()), "shared").last().map(|(_, title)| title.clone());
    let (a, b) = (nodes[0].clone().min(nodes[1].clone()), nodes[0].clone().max(nodes[1].clone()));
    assert!(
        last.as_ref().is_some_and(|title| title.starts_with(&format!("attached to {a} and {b}, since "))),
        "{last:?}"
    );
}

const SHARED: &str = "
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: shared }
spec:
  accessModes: [ReadWriteMany]
  resources: { requests: { storage: 1Gi } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: rg }
spec:
  replicas: 2
  selector: { matchLabels: { app: rg } }
  template:
    metadata: { labels: { app: rg } }
    spec:
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - { labelSelector: { matchLabels: { app: rg } }, topologyKey: kubernetes.io/hostname }
      containers: [{ name: rg, image: nginx, volumeMounts: [{ name: shared, mountPath: /shared }] }]
      volumes: [{ name: shared, persistentVolumeClaim: { claimName: shared } }]
";

#[test]
fn bars_stay_on_the_line_and_words_stay_in_bars() {
    let mut run = Run::forced();
    run.play(380);
    for (width, strip) in [(1_440, false), (800, false), (390, false), (390, true)] {
        let view = draw(&run, width, &Options { strip, ..Options::default() });
        for lane in &view.lanes {
            for bar in &lane.bars {
                assert!(view.left <= bar.x && bar.x + bar.w <= view.right + 1, "{width}: {bar:?}");
                assert!(lane.y <= bar.y && bar.y + bar.h <= lane.y + lane.h, "{width}: {bar:?} in {lane:?}");
                assert!(bar.text.is_empty() || words::width(&bar.text, 11, false) as i32 <= bar.w);
            }
        }
        for pair in view.lanes.windows(2) {
            assert!(pair[0].y + pair[0].h <= pair[1].y);
        }
        let words: Vec<(i32, i32)> = view
            .pins
            .iter()
            .filter(|pin| !pin.text.is_empty())
            .map(|pin| (pin.x + 8, pin.x + 8 + words::width(&pin.text, 11, false) as i32))
            .collect();
        for pair in words.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "{width}: labels of pins overlap: {words:?}");
        }
        assert!(view.scrubber.head.0 >= 0 && view.scrubber.head.0 + view.scrubber.head.1 <= view.width);
    }
}

#[test]
fn a_pixel_leads_to_its_moment_and_never_beyond_what_is_known() {
    let run = Run::forced();
    let view = draw(&run, 1_440, &Options::default());
    let end = run.timeline.end();
    for x in view.left..view.right {
        let at = view.time_at(x);
        assert!(at <= end);
        if at < end {
            assert_eq!(view.scale.x(at), x);
        }
    }
    assert_eq!(view.time_at(-50), run.timeline.start());
    assert_eq!(view.time_at(9_999), end);
}

#[test]
fn what_is_known_after_the_cursor_is_drawn_as_later() {
    let mut run = Run::forced();
    let half = run.timeline.start() + Span::seconds(200);
    run.timeline.seek(half);
    let view = draw(&run, 1_440, &Options::default());
    assert!(view.future.is_some_and(|(x, w)| x == view.scrubber.x && w > 100));
    assert_eq!(view.scrubber.text, "3:20.000");
}

#[test]
fn a_selected_lane_opens() {
    let run = Run::calm();
    let pod = ObjectRef::new(Kind::Pod, "default", "rg-0");
    let selected = Some(Target::Pod { pod, uid: Uid(0) });
    let view = draw(&run, 1_440, &Options { selected, ..Options::default() });
    let open: Vec<&str> = view.lanes.iter().filter(|lane| lane.open).map(|lane| lane.name.as_str()).collect();
    assert_eq!(open, ["rg-0"]);
}

#[test]
fn a_fork_is_followed_and_the_old_course_becomes_a_branch() {
    let mut run = Run::forced();
    let moment = run.timeline.start() + Span::seconds(100);
    run.timeline.seek(moment);
    let node = run.node_of("rg-1");
    run.command(Command::Heal { node });
    run.play(30);
    let view = draw(&run, 1_440, &Options::default());
    assert_eq!(view.branches.len(), 1);
    assert_eq!(view.branches[0].name, "branch B");
    assert_eq!(view.branches[0].x, view.scale.x(moment), "it parts where the past was edited");
    let fresh = {
        let mut store = LaneStore::new(run.timeline.start());
        store.extend(run.timeline.notes());
        store
    };
    assert_eq!(run.store.pins, fresh.pins, "the memory was rebuilt");
    assert_eq!(run.store.lanes, fresh.lanes);
    let key = LaneKey::Identity { namespace: "default".into(), pod: "rg-1".into() };
    assert!(!fresh.lanes[&key].belief.iter().any(|span| span.bar == Bar::Terminating), "it was healed in time");
}

#[test]
fn of_many_lanes_the_quiet_ones_are_left_out() {
    let mut run = Run::new(Scenario::sized(30));
    run.apply(&SET.replace("replicas: 3", "replicas: 50\n  podManagementPolicy: Parallel"));
    run.play(60);
    run.command(Command::Cut { node: "node-29".into() });
    run.play(5);
    let view = draw(&run, 1_440, &Options::default());
    let names: Vec<&str> = view.lanes.iter().map(|lane| &*lane.name).collect();
    assert_eq!(names, ["rg", "node-29", "29 nodes"], "fifty quiet pods are the lane of their set");
    assert!(view.lanes.iter().any(|lane| lane.name == "node-29" && lane.open), "the cut one is kept");
    assert!(view.hint.ends_with(" 50 quiet lanes not drawn."), "{}", view.hint);
    let strip = draw(&run, 390, &Options { strip: true, ..Options::default() });
    assert!(strip.lanes.len() <= 8 && strip.height <= 120);
}

#[test]
fn an_eviction_long_after_a_drain_is_one_of_its_own() {
    let mut run = Run::calm();
    let (node, pod) = (run.node_of("rg-1"), ObjectRef::new(Kind::Pod, "default", "rg-1"));
    let evict = || Command::Evict { pod: pod.clone(), grace_seconds: None };
    run.command(Command::Cordon { node: node.clone(), on: true });
    run.command(evict());
    run.play(60);
    run.command(evict());
    let pins: Vec<String> =
        run.store.pins.iter().filter(|pin| pin.kind == PinKind::You).map(|pin| pin.said()).collect();
    assert_eq!(pins[1..], [format!("drain {node}"), "evict pod/rg-1".to_owned()]);
}
