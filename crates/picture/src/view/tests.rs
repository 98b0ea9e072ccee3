//! The models of real runs: a calm cluster, a machine that is cut off, a name that is given away.

mod courses;
mod headlines;
mod intentions;
mod layouts;
mod lines;
mod names;
mod programs;
mod rails;
mod tables;

use super::facts::Facts;
use super::lanes::LaneStore;
use super::*;
use petri_objects::{Kind, Name, ObjectRef, Span, Uid};
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::{Command, Propagation};
use std::rc::Rc;

const SET: &str = "
apiVersion: v1
kind: Service
metadata: { name: rg }
spec:
  clusterIP: None
  selector: { app: rg }
  ports: [{ port: 80 }]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: rg }
spec:
  serviceName: rg
  replicas: 3
  selector: { matchLabels: { app: rg } }
  template:
    metadata: { labels: { app: rg } }
    spec:
      containers:
      - name: rg
        image: rg-log:1.4
        volumeMounts: [{ name: logs, mountPath: /logs }]
  volumeClaimTemplates:
  - metadata: { name: logs }
    spec:
      accessModes: [ReadWriteOnce]
      resources: { requests: { storage: 10Gi } }
";

/// A Deployment of web servers.
fn web(replicas: u32) -> String {
    format!(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web }}
spec:
  replicas: {replicas}
  selector: {{ matchLabels: {{ app: web }} }}
  template:
    metadata: {{ labels: {{ app: web }} }}
    spec: {{ containers: [{{ name: web, image: nginx }}] }}
"
    )
}

/// A run with its memory of lanes.
struct Run {
    timeline: Timeline,
    store: LaneStore,
}

impl Run {
    fn new(scenario: Scenario) -> Run {
        let timeline = Timeline::new(Recording::new(scenario, 7));
        let store = LaneStore::new(timeline.start());
        Run { timeline, store }
    }
    /// Three pods with disks, all Ready.
    fn calm() -> Run {
        let mut run = Run::new(Scenario::standard());
        run.apply(SET);
        run.play(60);
        run
    }
    fn apply(&mut self, manifest: &str) {
        for document in &petri_manifest::parse(manifest).documents {
            self.command(Command::Apply(Rc::new(document.root().to_value())));
        }
    }
    fn command(&mut self, command: Command) {
        self.timeline.command(command).expect("the command is possible");
        self.store.follow(self.timeline.notes());
    }
    fn play(&mut self, seconds: u64) {
        let until = self.timeline.now() + Span::seconds(seconds);
        self.timeline.play_until(until);
        self.store.follow(self.timeline.notes());
    }
    /// Cut the machine of rg-1 off, wait until its pod is evicted, and delete it by force.
    fn forced() -> Run {
        let mut run = Run::calm();
        let node = run.node_of("rg-1");
        run.command(Command::Cut { node });
        run.play(360);
        run.command(force_delete("rg-1"));
        run.play(12);
        run
    }
    fn node_of(&self, pod: &str) -> Name {
        let key = petri_sim::belief::api::shelf::Key::new("default", pod);
        self.timeline.world().objects().pods.get(&key).expect("the pod exists").spec.node_name.clone()
    }
    fn facts(&self) -> Facts<'_> {
        Facts::of(self.timeline.world(), &self.timeline.recording().commands).remembering(self.store.deleted())
    }
    fn view(&self) -> ClusterView {
        cluster::of(&self.facts())
    }
}

fn force_delete(pod: &str) -> Command {
    let target = ObjectRef::new(Kind::Pod, "default", pod);
    Command::Delete { target, grace_seconds: Some(0), propagation: Propagation::Background }
}

fn tile<'v>(view: &'v ClusterView, name: &str) -> &'v TileView {
    view.tiles().find(|tile| &*tile.pod.name == name).expect("the pod has a tile")
}

fn disk<'v>(view: &'v ClusterView, name: &str) -> &'v DiskView {
    view.disks().find(|disk| disk.name == name).expect("the claim is on a rail")
}

#[test]
fn an_empty_cluster_says_that_there_are_no_pods() {
    let run = Run::new(Scenario::standard());
    let view = run.view();
    assert_eq!(plain(&view.say.headline), "Four nodes, no pods.");
    assert_eq!(view.zones.iter().map(|zone| zone.nodes.len()).sum::<usize>(), 4);
    assert!(view.nodes().all(|node| node.state == NodeState::Ready && node.status == "Ready"));
}

#[test]
fn a_calm_cluster_says_what_its_pods_have() {
    let view = Run::calm().view();
    assert_eq!(plain(&view.say.headline), "Three pods, each with a name, a disk and an address.");
    assert_eq!(view.say.tone, Tone::Calm);
    assert_eq!(view.control_plane.text, "4 of 4 nodes answer");
    assert!(view.duplicates.is_empty() && view.waiting.is_empty() && view.loose.is_empty());
    let rg = tile(&view, "rg-1");
    assert_eq!((rg.state, rg.process, rg.status.as_str(), rg.mono), (TileState::Ready, true, "Running 1/1", true));
    assert_eq!((rg.identity.ordinal, rg.title.as_str()), (Some(1), "rg-1"));
    let logs = disk(&view, "logs-rg-1");
    assert_eq!((logs.state, logs.line.as_str()), (DiskState::Attached, "10Gi, attached here"));
    assert_eq!(logs.plugs.iter().map(|p| (p.kind, p.tile)).collect::<Vec<_>>(), [(PlugKind::Solid, Some(rg.uid))]);
}

#[test]
fn a_pod_on_its_way_up_shows_its_steps() {
    let mut run = Run::new(Scenario::standard());
    run.apply(SET);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..200 {
        run.timeline.play_until(run.timeline.now() + Span::millis(100));
        for tile in run.view().tiles().filter(|tile| &*tile.pod.name == "rg-0") {
            seen.insert(format!("{:?} {}", tile.state, tile.process));
        }
    }
    for step in [
        "Creating { attached: false, mounted: false, started: false } false",
        "Creating { attached: true, mounted: true, started: false } false",
        "Ready true",
    ] {
        assert!(seen.contains(step), "{step} is missing in {seen:#?}");
    }
}

#[test]
fn what_is_half_broken_is_said_where_it_is() {
    let mut run = Run::calm();
    assert_eq!(run.view().control_plane.trouble, "");
    run.command(Command::CutOneWay { node: run.node_of("rg-1"), lost: petri_sim::words::command::Direction::Incoming });
    run.command(Command::DelayEtcd { by: Span::seconds(2) });
    run.play(5);
    let view = run.view();
    let cut = view.nodes().find(|n| n.name == run.node_of("rg-1")).expect("the node is drawn");
    assert!(matches!(&cut.link, LinkView::Cut { text, .. } if text == "incoming lost 5 s ago"));
    assert_eq!(view.control_plane.trouble, "etcd takes 2s to commit a write.");
}

#[test]
fn a_slow_link_and_parted_machines_are_drawn_and_written() {
    let mut run = Run::calm();
    let (slow, other) = (run.node_of("rg-0"), run.node_of("rg-1"));
    run.command(Command::DelayLink { node: slow.clone(), latency: Span::seconds(1) });
    run.command(Command::Part { node: slow.clone(), other: other.clone(), on: true });
    run.play(5);
    let view = run.view();
    let node = |name: &Name| view.nodes().find(|node| node.name == *name).expect("the node is drawn");
    assert_eq!((&node(&slow).link, node(&slow).latency.as_str()), (&LinkView::Whole, "1s each way"));
    assert_eq!((node(&slow).line.as_str(), node(&slow).line_tone), (&*format!("cut from {other}"), Tone::Risk));
    assert_eq!((node(&other).line.as_str(), node(&other).latency.as_str()), (&*format!("cut from {slow}"), ""));
    assert_eq!(node(&slow).label, format!("Node {slow}, Ready, cut from {other}, 1s each way, 1 pod"));
    let rows = table::nodes(&view, &run.facts());
    let row = rows.iter().find(|row| row.name == *slow).expect("it has a row");
    assert_eq!(row.machine, format!("answers, 1s each way; cut from {other}; runs 1 pod"));
    assert_eq!(row.tone, Tone::Risk);
}

#[test]
fn a_cut_is_said_before_the_control_plane_notices() {
    let mut run = Run::calm();
    let node = run.node_of("rg-1");
    run.command(Command::Cut { node: node.clone() });
    run.play(5);
    let view = run.view();
    assert_eq!(plain(&view.say.headline), format!("{node} is cut off."));
    assert!(plain(&view.say.sub).starts_with("The API server has not noticed yet; it was last heard "));
    assert_eq!(view.control_plane.text, "3 of 4 nodes answer");
    let cut = view.nodes().find(|n| n.name == node).expect("the node is drawn");
    assert!(matches!(&cut.link, LinkView::Cut { text, .. } if text == "cut 5 s ago"));
    assert_eq!((cut.state, tile(&view, "rg-1").state), (NodeState::Ready, TileState::Ready));
    run.play(60);
    let view = run.view();
    assert_eq!(plain(&view.say.sub), "rg-1 still runs there, and nobody can confirm it.");
    let cut = view.nodes().find(|n| n.name == node).expect("the node is drawn");
    assert_eq!((cut.state, cut.status.as_str(), cut.line_tone), (NodeState::Lost, "NotReady", Tone::Risk));
    assert_eq!(tile(&view, "rg-1").state, TileState::NotReady);
}

#[test]
fn an_evicted_pod_on_a_lost_machine_cannot_be_confirmed() {
    let mut run = Run::calm();
    let node = run.node_of("rg-1");
    run.command(Command::Cut { node });
    run.play(370);
    let view = run.view();
    let rg = tile(&view, "rg-1");
    assert_eq!((rg.state, rg.process), (TileState::TerminatingUnconfirmed, true));
    assert_eq!((rg.status.as_str(), rg.fact.as_str()), ("Terminating", "nobody can confirm"));
}

#[test]
fn a_force_delete_leaves_a_ghost_and_a_risk_until_the_disk_is_taken() {
    let run = Run::forced();
    let view = run.view();
    assert_eq!(view.say.tone, Tone::Risk);
    let headline = plain(&view.say.headline);
    assert!(headline.starts_with("rg-1 may run twice at 13:"), "{headline}");
    let ghost = view.tiles().find(|t| t.state == TileState::Ghost).expect("the process runs on");
    let sub = plain(&view.say.sub);
    assert!(sub.contains(&format!("The old process {} still runs on ", ghost.short)), "{sub}");
    assert!(sub.ends_with("The force delete at 7:00 allowed it."), "{sub}");
    assert_eq!(view.duplicates.iter().map(|pair| pair.kind).collect::<Vec<_>>(), [DuplicateKind::Next]);
    assert_eq!(ghost.fact, "no object, writes");
    let logs = disk(&view, "logs-rg-1");
    assert_eq!(logs.state, DiskState::Contested);
    assert!(logs.right.starts_with("force detach in 5 m "), "{}", logs.right);
    assert_eq!(logs.plugs.iter().map(|plug| plug.kind).collect::<Vec<_>>(), [PlugKind::Solid, PlugKind::Waiting]);
    let newer = view.tiles().find(|t| &*t.pod.name == "rg-1" && t.state != TileState::Ghost).expect("the new pod");
    assert_eq!(newer.fact, "waits for its disk");
    let meters = meters::view(&run.facts());
    let shorts = ["At most one", "One writer"].map(|title| meters.iter().find(|m| m.title == title).map(|m| &*m.short));
    assert!(shorts[0].is_some_and(|short| short.starts_with("until 13:")), "{meters:#?}");
    assert_eq!(shorts[0], shorts[1], "both break when the second process starts");
}

/// The link of the headline, if it has one.
fn due(run: &Run) -> Option<petri_objects::Time> {
    run.view().say.headline.iter().find_map(|piece| match piece {
        Piece::Moment { at, .. } => Some(*at),
        _ => None,
    })
}

#[test]
fn the_link_of_the_headline_leads_to_the_duplicate_from_every_stage() {
    // Cut for six minutes, or for so long only that nobody has noticed; with the disk and without.
    for (wait, manifest) in [(360, SET.to_owned()), (70, SET.to_owned()), (1, SET.to_owned()), (360, without_disk())] {
        let mut run = Run::new(Scenario::standard());
        run.apply(&manifest);
        run.play(60);
        let node = run.node_of("rg-1");
        run.command(Command::Cut { node: node.clone() });
        run.command(Command::Cordon { node, on: true });
        run.play(wait);
        run.command(force_delete("rg-1"));
        let mut promised = std::collections::BTreeSet::new();
        for step in 0..4_000 {
            run.timeline.play_until(run.timeline.now() + Span::millis(100));
            let view = run.view();
            if view.duplicates.iter().any(|pair| pair.kind == DuplicateKind::Twice) {
                break;
            }
            if view.duplicates.is_empty() {
                assert!(step < 5, "the name is given away at once");
                continue;
            }
            promised.insert(due(&run).unwrap_or_else(|| panic!("no link: {}", plain(&view.say.headline))));
        }
        let (first, last) = (promised.first().expect("a promise"), promised.last().expect("a promise"));
        assert!(last.since(*first) <= Span::seconds(1), "it hardly moves: {promised:?}");
        let now = run.timeline.now();
        assert!(*first >= now && first.since(now) < Span::seconds(2), "{promised:?} for {now:?}");
        assert!(run.view().duplicates.iter().any(|pair| pair.kind == DuplicateKind::Twice));
    }
}

fn without_disk() -> String {
    SET.split_once("        volumeMounts").map_or_else(String::new, |(head, _)| head.to_owned())
}

#[test]
fn a_successor_on_a_machine_that_is_silent_waits_for_it() {
    let mut run = Run::calm();
    let node = run.node_of("rg-1");
    run.command(Command::Cut { node: node.clone() });
    for other in ["node-0", "node-1", "node-2", "node-3"].into_iter().filter(|other| **other != *node) {
        run.command(Command::Cordon { node: other.into(), on: true });
    }
    run.command(force_delete("rg-1"));
    run.play(2);
    assert_eq!(plain(&run.view().say.headline), format!("rg-1 may run twice as soon as {node} answers."));
}

#[test]
fn after_the_force_detach_the_name_exists_twice() {
    let mut run = Run::forced();
    run.play(380);
    let view = run.view();
    assert_eq!((plain(&view.say.headline).as_str(), view.say.tone), ("rg-1 exists twice.", Tone::Broken));
    assert_eq!(view.duplicates.iter().map(|pair| pair.kind).collect::<Vec<_>>(), [DuplicateKind::Twice]);
    let facts = run.facts();
    let rows = table::rows(&view, &facts);
    let names: Vec<(&str, bool)> = rows.iter().map(|row| (row.name.as_str(), row.belief.is_some())).collect();
    assert_eq!(names, [("rg-0", true), ("rg-1", true), ("rg-1", false), ("rg-2", true)]);
    let ghost = &rows[2];
    assert!(ghost.absence.starts_with("no object since 7:00."), "{}", ghost.absence);
    assert!(ghost.machine.starts_with("runs on node-") && ghost.machine.contains(" as 10.244."), "{}", ghost.machine);
    assert_eq!(ghost.machine_tone, Tone::Broken);
    assert_ne!((rows[1].short.as_str(), rows[2].short.as_str()), ("", ""));
    let meters = meters::view(&facts);
    assert!(meters.iter().any(|m| m.title == "At most one" && m.state == meters::MeterState::Broken));
    let logs = disk(&view, "logs-rg-1");
    assert!(logs.line.starts_with("two write: ") && logs.line_tone == Tone::Broken, "{}", logs.line);
    assert_eq!(logs.plugs.iter().map(|plug| plug.kind).collect::<Vec<_>>(), [PlugKind::Solid, PlugKind::Solid]);
}

#[test]
fn a_machine_without_power_leaves_an_outline() {
    let mut run = Run::calm();
    let node = run.node_of("rg-1");
    run.command(Command::PowerOff { node: node.clone() });
    run.play(10);
    let view = run.view();
    let rg = tile(&view, "rg-1");
    assert_eq!((rg.state, rg.process, rg.status.as_str()), (TileState::BelievedDead, false, "Running 1/1"));
    let off = view.nodes().find(|n| n.name == node).expect("the node is drawn");
    assert_eq!((off.state, off.line.as_str()), (NodeState::Off, "off since 1:00"));
    assert_eq!(plain(&view.say.headline), format!("{node} is off."));
}

#[test]
fn a_pod_that_fits_nowhere_waits_outside_of_all_nodes() {
    let mut run = Run::calm();
    for node in ["node-0", "node-1", "node-2", "node-3"] {
        run.command(Command::Cordon { node: node.into(), on: true });
    }
    let target = ObjectRef::new(Kind::StatefulSet, "default", "rg");
    run.command(Command::Scale { target, replicas: 4 });
    run.play(5);
    let view = run.view();
    assert_eq!(view.waiting.len(), 1);
    assert!(view.waiting[0].fact.starts_with("0/4 nodes are available"), "{}", view.waiting[0].fact);
    assert!(view.nodes().all(|node| node.cordoned && node.status == "Ready,SchedulingDisabled"));
    assert_eq!(plain(&view.say.headline), "rg-3 waits: no node takes it.");
    assert!(plain(&view.say.sub).starts_with("3 of 4 pods ready. 0/4 nodes are available: "));
}

#[test]
fn a_claim_of_a_removed_ordinal_is_left_behind() {
    let mut run = Run::calm();
    let target = ObjectRef::new(Kind::StatefulSet, "default", "rg");
    run.command(Command::Scale { target, replicas: 2 });
    run.play(60);
    let view = run.view();
    let logs = disk(&view, "logs-rg-2");
    assert_eq!((logs.state, logs.line.as_str()), (DiskState::LeftBehind, "kept after the scale-down"));
    let facts = run.facts();
    let rows = claims::rows(&view, &facts);
    let told: Vec<&str> = rows.iter().map(|row| row.disk.as_str()).collect();
    assert_eq!(told[1], format!("10Gi, attached to {}", run.node_of("rg-1")));
    assert_eq!(told[2], "kept after the scale-down: whenScaled is Retain; rg-2 gets it back when the set scales up");
    assert_eq!(
        rows.iter().map(|row| (row.name.as_str(), row.status.as_str(), row.modes.as_str())).collect::<Vec<_>>(),
        [("logs-rg-0", "Bound", "RWO"), ("logs-rg-1", "Bound", "RWO"), ("logs-rg-2", "Bound", "RWO"),]
    );
}

#[test]
fn names_lead_to_addresses_and_a_lost_pod_has_none() {
    let mut run = Run::calm();
    let rows = dns::rows(&run.facts());
    let row = |rows: &[dns::Row], name: &str| rows.iter().find(|row| row.name == name).map(dns::Row::answer);
    assert_eq!(rows.iter().find(|row| row.name == "rg").map(|row| row.addresses.len()), Some(3));
    assert!(row(&rows, "rg-1.rg").is_some_and(|answer| answer.starts_with("10.244.")));
    let node = run.node_of("rg-1");
    run.command(Command::Cut { node });
    run.play(90);
    let rows = dns::rows(&run.facts());
    assert!(
        row(&rows, "rg-1.rg").is_some_and(|answer| answer.starts_with("NXDOMAIN: rg-1 is not Ready, since 1:")),
        "{rows:#?}"
    );
}

#[test]
fn a_name_that_is_given_up_counts_from_the_delete() {
    let mut run = Run::calm();
    let target = ObjectRef::new(Kind::Pod, "default", "rg-1");
    let node = run.node_of("rg-1");
    // Nobody hears of it, so it stops for long.
    run.command(Command::Cut { node });
    run.play(15);
    run.command(Command::Delete { target, grace_seconds: None, propagation: Propagation::Background });
    run.play(20);
    let rows = dns::rows(&run.facts());
    let answer = rows.iter().find(|row| row.name == "rg-1.rg").map(dns::Row::answer);
    assert_eq!(answer.as_deref(), Some("NXDOMAIN: rg-1 is stopping, since 1:15"));
}

#[test]
fn an_image_that_nobody_has_is_no_calm_matter() {
    let mut run = Run::new(Scenario::standard());
    run.apply(&SET.replace("rg-log:1.4", "rg-log:bad"));
    run.play(60);
    let view = run.view();
    assert_eq!(plain(&view.say.headline), "rg-0 waits: image not found.");
    assert_eq!(plain(&view.say.sub), "0 of 3 pods ready. Its status is ImagePullBackOff.");
    assert_eq!(view.say.tone, Tone::Risk);
}

#[test]
fn pods_are_counted_against_what_is_asked_for_and_what_blocks_them_comes_first() {
    let mut run = Run::new(Scenario::standard());
    run.apply(
        &SET.replace("accessModes: [ReadWriteOnce]", "accessModes: [ReadWriteOnce]\n      storageClassName: fast"),
    );
    run.play(5);
    let view = run.view();
    assert_eq!(plain(&view.say.headline), "rg-0 waits: storage class fast does not exist.");
    assert_eq!((plain(&view.say.sub).as_str(), view.say.tone), ("0 of 3 pods ready.", Tone::Risk));
    assert_eq!(tile(&view, "rg-0").fact, "storage class fast does not exist");
    // Complete only when all are there: between two pods of a set nothing is.
    let mut run = Run::new(Scenario::standard());
    run.apply(SET);
    let mut said = std::collections::BTreeSet::new();
    for _ in 0..300 {
        run.timeline.play_until(run.timeline.now() + Span::millis(100));
        said.insert(plain(&run.view().say.headline));
    }
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    let calm = "Three pods, each with a name, a disk and an address.";
    assert_eq!(said, ["0 of 3 pods ready.", "1 of 3 pods ready.", "2 of 3 pods ready.", calm]);
}

#[test]
fn a_machine_that_is_cut_off_and_off_is_off() {
    let mut run = Run::calm();
    let node = run.node_of("rg-1");
    run.command(Command::Cut { node: node.clone() });
    run.play(5);
    run.command(Command::PowerOff { node: node.clone() });
    run.play(5);
    let say = run.view().say;
    assert_eq!(plain(&say.headline), format!("{node} is off."));
    assert_eq!(plain(&say.sub), "Nothing runs there; the API server knows only that it is silent.");
}
