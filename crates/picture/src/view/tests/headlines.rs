//! What the sentence says of faults that nothing shows yet, of locks, and of pods that are being replaced.

use super::*;
use petri_sim::words::invariants::Guarantee;

fn text(file: &str) -> &'static str {
    petri_lessons::Example::named(file).and_then(|example| example.text()).expect("tests have all examples inside")
}

fn after(file: &str, seconds: u64) -> Run {
    let mut run = Run::new(Scenario::standard());
    run.apply(text(file));
    run.play(seconds);
    run
}

#[test]
fn a_fault_that_nothing_shows_yet_is_no_calm_matter() {
    let mut run = Run::calm();
    run.command(Command::DelayLink { node: "node-0".into(), latency: Span::seconds(1) });
    run.play(5);
    assert_eq!(plain(&run.view().say.headline), "The link of node-0 is slow.");
    run.command(Command::Part { node: "node-0".into(), other: "node-1".into(), on: true });
    let view = run.view();
    assert_eq!(plain(&view.say.headline), "node-0 and node-1 do not reach each other.");
    assert_eq!(view.say.tone, Tone::Risk);
    run.command(Command::Heal { node: "node-0".into() });
    run.command(Command::DelayEtcd { by: Span::seconds(2) });
    assert_eq!(plain(&run.view().say.headline), "etcd takes 2s to commit a write.");
}

#[test]
fn a_cordoned_node_is_told_where_all_is_well() {
    let mut run = Run::calm();
    run.command(Command::Cordon { node: "node-2".into(), on: true });
    run.play(5);
    let view = run.view();
    assert_eq!(plain(&view.say.headline), "Three pods, each with a name, a disk and an address.");
    assert_eq!(plain(&view.say.sub), "No new pods for node-2: cordoned. What runs there stays.");
}

#[test]
fn who_holds_a_lock_is_marked_and_told() {
    let view = after("lease.yaml", 60).view();
    let leaders: Vec<&TileView> = view.tiles().filter(|tile| tile.leads).collect();
    let [leader] = leaders[..] else { panic!("one holds the lock, not {}", leaders.len()) };
    assert!(leader.label.ends_with("; acts as the holder of a lock"), "{}", leader.label);
    assert_eq!(plain(&view.say.headline), "Two pods, each with a name and an address.", "one disk is for both");
    assert_eq!(plain(&view.say.sub), format!("{} holds the lock, and acts alone.", leader.pod.name));
}

#[test]
fn a_pod_that_stops_and_is_replaced_counts_once() {
    let mut run = after("replicaset.yaml", 30);
    let pod = run.view().tiles().find(|tile| tile.state == TileState::Ready).expect("one is ready").pod.clone();
    run.command(Command::Delete { target: pod, grace_seconds: None, propagation: Propagation::Background });
    run.play(2);
    assert_eq!(plain(&run.view().say.headline), "2 of 3 pods ready.");
}

#[test]
fn a_promise_that_nobody_makes_says_so() {
    let sentence = |run: &Run, guarantee| {
        let meters = meters::all(&run.facts());
        meters.into_iter().find(|meter| meter.guarantee == guarantee).expect("it is shown").sentence
    };
    let pods = Run::calm();
    assert!(sentence(&pods, Guarantee::AtLeast).starts_with("Nobody makes this promise here: there is no ReplicaSet"));
    assert_eq!(sentence(&pods, Guarantee::AtMostOne), "It holds, and has since the beginning.");
    let replicas = after("replicaset.yaml", 30);
    assert_eq!(sentence(&replicas, Guarantee::AtLeast), "It holds, and has since the beginning.");
    assert!(sentence(&replicas, Guarantee::AtMostOne).contains("there is no StatefulSet"));
}

#[test]
fn a_budget_that_keeps_a_drain_waiting_is_told() {
    let mut run = after("replicaset.yaml", 30);
    run.apply(&text("pdb.yaml").replace("minAvailable: 2", "minAvailable: 3"));
    run.play(5);
    let tile = run.view().tiles().next().expect("there is one").clone();
    let node = tile.node.expect("it runs somewhere");
    run.command(Command::Cordon { node: node.clone(), on: true });
    run.play(1);
    assert_eq!(run.view().say.tone, Tone::Calm, "nobody has asked it to leave");
    let evict = Command::Evict { pod: tile.pod.clone(), grace_seconds: None };
    assert!(run.timeline.command(evict).is_err());
    let say = run.view().say;
    assert_eq!((plain(&say.headline), say.tone), (format!("{} may not leave {node}.", tile.pod.name), Tone::Risk));
    assert!(plain(&say.sub).contains("needs 3 healthy pods and has 3 currently."), "{}", plain(&say.sub));
}

#[test]
fn who_has_seen_them_part_gets_no_hint() {
    let mut run = Run::forced();
    run.play(420);
    assert_eq!(run.view().say.tone, Tone::Broken);
    let node = run.view().nodes().find(|node| node.link != LinkView::Whole).expect("one is cut off").name.clone();
    run.command(Command::Heal { node });
    run.play(60);
    let say = run.view().say;
    assert_eq!(plain(&say.sub), "What the API server believes and what the machines run are the same again.");
}

#[test]
fn a_clock_that_stands_still_is_the_first_thing_that_is_said() {
    let mut scenario = Scenario::standard();
    (scenario.settings.kubelet.lease_interval, scenario.settings.kubelet.lease_jitter_millis) = (Span::ZERO, 0);
    let mut run = Run::new(scenario);
    run.play(60);
    let say = run.view().say;
    assert_eq!((plain(&say.headline).as_str(), say.tone), ("Time stands still.", Tone::Broken));
    let sub = plain(&say.sub);
    assert!(
        sub.starts_with("Nothing comes after 0:00")
            && sub.contains("the kubelet of node-")
            && sub.ends_with("Every moment before can be looked at."),
        "{sub}"
    );
    assert!(run.timeline.now() < run.timeline.start() + Span::seconds(60));
}
