//! Ways back through what was done, as words of the console, and in whose words it is told.

use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::{Recording, said};
use petri_sim::story::shared::Shared;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::note::What;
use std::collections::BTreeMap;

const WEB: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: web }
spec:
  serviceName: web
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: pg, image: 'postgres:15' }] }
";

fn calm() -> Timeline {
    Timeline::new(Recording::new(Scenario::standard(), 1))
}

/// Says lines, and answers what is shown.
fn say(timeline: &mut Timeline, lines: &str) -> String {
    let files = BTreeMap::from([("web.yaml".to_owned(), WEB.to_owned())]);
    petri_console::run(lines, timeline, &files).shown()
}

/// What was done, as it is told.
fn told(timeline: &Timeline) -> Vec<String> {
    let commands = &timeline.recording().commands;
    (0..commands.len()).map(|number| said(commands, number)).collect()
}

fn cut(timeline: &Timeline) -> Vec<String> {
    let world = timeline.world();
    world.machines.keys().filter(|node| world.network.is_cut(node)).map(|node| node.to_string()).collect()
}

#[test]
fn what_is_taken_back_can_be_done_again_step_by_step() {
    let mut run = calm();
    say(&mut run, "cut node-0; run 5s; cut node-1; run 5s");
    assert_eq!(say(&mut run, "undo"), "took back: cut node-1\n");
    assert_eq!(cut(&run), ["node-0"]);
    assert_eq!(say(&mut run, "undo"), "took back: cut node-0\n");
    assert_eq!(say(&mut run, "undo"), "error: there is nothing to take back\n");
    assert_eq!(say(&mut run, "redo"), "done again: cut node-0\n");
    assert_eq!(say(&mut run, "redo"), "done again: cut node-1\n");
    assert_eq!(cut(&run), ["node-0", "node-1"]);
    assert_eq!(say(&mut run, "redo"), "error: there is nothing to do again\n");
    assert_eq!(run.branches().len(), 0, "nothing was left that has anything of its own");
}

#[test]
fn something_else_that_was_done_cannot_be_done_again() {
    let mut run = calm();
    say(&mut run, "cut node-0; run 5s; undo; cut node-2");
    assert_eq!(say(&mut run, "redo"), "error: there is nothing to do again\n");
    assert_eq!((cut(&run), run.branches().len()), (vec!["node-2".to_owned()], 1));
}

#[test]
fn a_reset_leads_to_the_beginning_and_loses_nothing() {
    let mut run = calm();
    assert_eq!(say(&mut run, "reset"), "error: nothing was done yet\n");
    say(&mut run, "kubectl apply -f web.yaml; run 20s; cut node-0; run 5s");
    let (end, fingerprint) = (run.now(), run.world().fingerprint());
    say(&mut run, "reset");
    assert_eq!((run.now(), run.done(), told(&run).len()), (run.start(), 0, 0));
    assert_eq!(run.world().objects().pods.iter().count(), 0);
    say(&mut run, "redo");
    assert_eq!((run.now(), run.world().fingerprint()), (end, fingerprint));
}

#[test]
fn a_reset_can_keep_what_the_run_began_with() {
    let mut run = calm();
    say(&mut run, "kubectl apply -f web.yaml; run 20s");
    let (begun, moment, fingerprint) = (run.done(), run.now(), run.world().fingerprint());
    say(&mut run, "cut node-0; run 60s; cut node-1");
    assert!(run.reset(begun, moment));
    assert_eq!((run.done(), run.now(), run.world().fingerprint()), (begun, moment, fingerprint));
    assert!(!run.reset(begun, moment), "there is nothing more to drop");
}

#[test]
fn what_was_typed_is_told_and_is_in_the_link() {
    let mut run = calm();
    say(&mut run, "kubectl apply -f web.yaml; run 20s");
    let mut plain = run.clone();
    let typed = "kubectl set image sts/web pg=postgres:16";
    say(&mut run, typed);
    say(&mut run, "k scale sts/web --replicas=2; cut node-0");
    assert_eq!(told(&run)[1..], [typed, "k scale sts/web --replicas=2", "cut node-0"]);
    assert_eq!(run.recording().commands[3].said, None, "the command says it already");
    let shared = Shared::new(run.recording().clone(), run.now(), run.end());
    let opened = Timeline::opened(Shared::from_json(&shared.to_json()).expect("it can be read"));
    assert_eq!(told(&opened), told(&run));
    let lines = |run: &Timeline| {
        let line = |note: &petri_sim::words::note::Note| match &note.what {
            What::Command { said, .. } => said.clone(),
            _ => None,
        };
        run.notes().iter().filter_map(line).map(|line| line.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(lines(&opened), [typed, "k scale sts/web --replicas=2"]);
    // Nothing that happens depends on it.
    for stamped in &run.recording().commands[1..] {
        plain.play_until(stamped.at);
        plain.command((*stamped.command).clone()).expect("it went well before");
    }
    assert_eq!(plain.world().fingerprint(), run.world().fingerprint());
    assert!(told(&plain)[1].contains("patch"), "that is what nobody typed");
}

#[test]
fn a_drain_is_told_as_it_was_typed() {
    let mut run = calm();
    say(&mut run, "kubectl apply -f web.yaml; run 20s");
    let node = run.world().objects().pods.values().next().expect("it runs").spec.node_name.clone();
    let line = format!("kubectl drain {node} --ignore-daemonsets");
    say(&mut run, &line);
    let all = told(&run);
    assert!(all.len() > 2 && all[1..].iter().all(|told| *told == line), "{all:?}");
}
