//! What was asked for: brackets, notches, slots, and what the sentence says of rollouts and of too many processes.

use super::*;
use crate::view::marks::plain;
use crate::view::meters::MeterState;
use crate::view::revision::Notch;

const FOUR: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db, namespace: default }
spec:
  serviceName: db
  replicas: 4
  updateStrategy: { STRATEGY }
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [{ name: pg, image: IMAGE }] }
";

fn four(strategy: &str, image: &str) -> String {
    FOUR.replace("STRATEGY", strategy).replace("IMAGE", image)
}

/// A set of four that runs, and what it becomes once its template has another image.
fn updated(strategy: &str, image: &str, seconds: u64) -> Run {
    let mut run = Run::new(Scenario::standard());
    run.apply(&four(strategy, "postgres:16"));
    run.play(60);
    run.apply(&four(strategy, image));
    run.play(seconds);
    run
}

fn notches(view: &ClusterView) -> Vec<(Notch, i64)> {
    let cells = view.sets[0].cells.iter();
    cells
        .map(|cell| match cell {
            CellView::Pod(tile) => (tile.revision.notch, tile.revision.number),
            CellView::Slot(_) => (Notch::None, 0),
        })
        .collect()
}

fn said(view: &ClusterView) -> (String, String) {
    (plain(&view.say.headline), plain(&view.say.sub))
}

#[test]
fn a_set_that_is_as_asked_has_a_bracket_and_no_notch() {
    let mut run = Run::new(Scenario::standard());
    run.apply(&four("type: RollingUpdate", "postgres:16"));
    run.play(60);
    let view = run.view();
    let [set] = &view.sets[..] else { panic!("{:?}", view.sets) };
    assert_eq!((&*set.name, set.kind, &*set.count, &*set.line), ("db", "StatefulSet", "4 asked, 4 ready", "as asked"));
    assert_eq!((set.sign, set.bar), (None, None), "there is no other set to tell it from");
    assert!(notches(&view).iter().all(|(notch, _)| *notch == Notch::None));
}

#[test]
fn a_partition_holds_the_lower_ordinals_at_the_old_revision() {
    let run = updated("rollingUpdate: { partition: 2 }", "postgres:17", 60);
    let view = run.view();
    assert_eq!(notches(&view), [(Notch::Old, 1), (Notch::Old, 1), (Notch::New, 2), (Notch::New, 2)]);
    assert_eq!((view.sets[0].bar, &*view.sets[0].line), (Some(2), "partition 2"));
    let (headline, sub) = said(&view);
    assert_eq!(headline, "db is updated in part: 2 of 4 pods have the new revision.");
    assert_eq!(sub, "db-0 and db-1 keep revision 1, because partition is 2.");
    let rows = table::rows(&view, &run.facts());
    let revisions: Vec<&str> = rows.iter().map(|row| &*row.revision).collect();
    assert_eq!(revisions, ["1, kept: partition", "1, kept: partition", "2, new", "2, new"]);
}

#[test]
fn on_delete_waits_for_somebody() {
    let view = updated("type: OnDelete", "postgres:17", 30).view();
    assert_eq!(notches(&view).iter().filter(|(notch, _)| *notch == Notch::Old).count(), 4);
    assert_eq!((view.sets[0].kind, &*view.sets[0].line), ("OnDelete", "delete a pod to update it"));
    assert!(said(&view).1.ends_with("because db updates OnDelete: delete a pod to update it."), "{:?}", said(&view));
}

#[test]
fn a_pod_that_was_asked_for_and_is_not_there_has_a_slot_and_a_row() {
    let mut run = Run::new(Scenario::standard());
    run.apply(&four("type: RollingUpdate", "postgres:16"));
    run.play(2);
    let view = run.view();
    let slots: Vec<Option<u32>> = view.sets[0]
        .cells
        .iter()
        .filter_map(|cell| match cell {
            CellView::Slot(ordinal) => Some(*ordinal),
            CellView::Pod(_) => None,
        })
        .collect();
    assert_eq!(slots, [Some(1), Some(2), Some(3)]);
    assert_eq!((&*view.sets[0].count, &*view.sets[0].line), ("4 asked, 0 ready", "3 not there"));
    let rows = table::rows(&view, &run.facts());
    assert_eq!(rows.iter().map(|row| &*row.name).collect::<Vec<_>>(), ["db-0", "db-1", "db-2", "db-3"]);
    assert!(rows[1].belief.is_none() && rows[1].absence == "no pod: asked for by statefulset/db", "{:?}", rows[1]);
}

#[test]
fn a_pod_that_nobody_can_stop_is_not_missing() {
    let mut run = Run::calm();
    let node = run.node_of("rg-1");
    run.command(Command::Cut { node });
    run.play(360);
    let view = run.view();
    assert_eq!((&*view.sets[0].count, &*view.sets[0].line), ("3 asked, 2 ready", "1 pod stopping"));
    assert!(view.sets[0].cells.iter().all(|cell| matches!(cell, CellView::Pod(_))), "it has its cell");
}

#[test]
fn an_update_under_way_says_how_far_it_is() {
    let mut run = updated("type: RollingUpdate", "postgres:17", 0);
    let mut heads = std::collections::BTreeSet::new();
    watch(&mut run, &mut heads);
    assert!(heads.contains("db is being updated: 1 of 4 pods done."), "{heads:?}");
    assert_eq!(run.view().sets[0].line, "as asked");
}

fn watch(run: &mut Run, heads: &mut std::collections::BTreeSet<String>) {
    for _ in 0..120 {
        run.timeline.play_until(run.timeline.now() + Span::millis(500));
        heads.insert(said(&run.view()).0);
    }
}

#[test]
fn a_reverted_update_that_waits_for_its_broken_pod_is_stuck() {
    let mut run = updated("type: RollingUpdate", "registry.example.com/bad:1", 60);
    assert_ne!(run.view().say.tone, Tone::Calm, "an image that nobody has");
    run.apply(&four("type: RollingUpdate", "postgres:16"));
    run.play(30);
    let view = run.view();
    assert_eq!(notches(&view).last(), Some(&(Notch::Neither, 2)));
    assert_eq!((&*view.sets[0].line, view.sets[0].tone), ("waits for db-3", Tone::Risk));
    let (headline, sub) = said(&view);
    assert_eq!(headline, "db is stuck: db-3 has a revision nobody asks for.");
    assert!(sub.contains("which still has revision 2"), "{sub}");
    // The repair that Why offers.
    run.command(Command::Delete {
        target: ObjectRef::new(Kind::Pod, "default", "db-3"),
        grace_seconds: None,
        propagation: Propagation::Background,
    });
    run.play(60);
    assert_eq!(run.view().sets[0].line, "as asked");
}

const ONE: &str = "
apiVersion: apps/v1
kind: ReplicaSet
metadata: { name: one, namespace: default }
spec:
  replicas: 1
  selector: { matchLabels: { app: one } }
  template:
    metadata: { labels: { app: one } }
    spec: { containers: [{ name: one, image: nginx }] }
";

#[test]
fn a_replica_set_of_one_with_two_processes_says_so_and_breaks_no_promise() {
    let mut run = Run::new(Scenario::standard());
    run.apply(ONE);
    run.play(20);
    let node = run.timeline.world().objects().pods.values().next().map(|pod| pod.spec.node_name.clone());
    run.command(Command::Cut { node: node.expect("it runs somewhere") });
    run.play(400);
    let view = run.view();
    assert_eq!((&*view.sets[0].count, &*view.sets[0].line), ("1 asked, 1 ready", "2 run"));
    assert_eq!(view.duplicates.iter().map(|pair| pair.kind).collect::<Vec<_>>(), [DuplicateKind::More]);
    assert_eq!(said(&view).0, "one has two processes; one is asked for.");
    assert!(said(&view).1.ends_with("A ReplicaSet does not wait for that."), "{}", said(&view).1);
    let meters = meters::view(&run.facts());
    assert!(meters.iter().all(|meter| meter.state == MeterState::Holding), "{meters:?}");
    assert_eq!(meters.iter().map(|meter| meter.title).collect::<Vec<_>>(), ["At least X"], "nobody gives the others");
}

#[test]
fn two_sets_have_two_signs_and_a_deployment_s_pods_go_by_its_name() {
    let mut run = Run::new(Scenario::standard());
    run.apply(SET);
    run.play(10);
    run.apply(&web(2));
    run.play(60);
    let view = run.view();
    assert_eq!(view.sets.iter().map(|set| set.sign).collect::<Vec<_>>(), [Some(0), Some(1)]);
    let titles = view.tiles().filter(|tile| tile.sign == Some(1)).map(|tile| tile.title.clone()).collect::<Vec<_>>();
    assert!(titles.len() == 2 && titles.iter().all(|title| title.starts_with("web ")), "{titles:?}");
}
