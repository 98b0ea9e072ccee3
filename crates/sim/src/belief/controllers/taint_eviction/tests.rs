use super::{Patience, enqueue, patience, sync};
use crate::belief::api::request::Request;
use crate::belief::api::shelf::Key;
use crate::belief::controllers::testing::{Bench, NOW, Run, agree, meta, ready_pod};
use crate::ground::clock::Span;
use crate::words::api_error::ApiError;
use petri_objects::*;
use std::rc::Rc;

fn taint(key: &str, effect: &str) -> Taint {
    Taint { key: key.into(), effect: effect.into(), time_added: NOW, ..Taint::default() }
}

fn tolerate(key: &str, seconds: Option<i64>) -> Toleration {
    Toleration {
        key: key.into(),
        operator: "Exists".into(),
        effect: "NoExecute".into(),
        toleration_seconds: seconds,
        ..Toleration::default()
    }
}

fn node(taints: &[&str]) -> Node {
    let mut node = Node { metadata: meta("node-1", 1), ..Node::default() };
    node.metadata.namespace = "".into();
    node.spec.taints = taints.iter().map(|key| taint(key, "NoExecute")).collect();
    node
}

fn pod(name: &str, uid: u64, tolerations: Vec<Toleration>) -> Pod {
    let mut pod = ready_pod(name, uid, "web", None);
    Rc::make_mut(&mut pod.spec).tolerations = tolerations;
    pod
}

/// What the default admission plugin adds.
fn patient(name: &str, uid: u64) -> Pod {
    pod(name, uid, vec![tolerate("not-ready", Some(300)), tolerate("unreachable", Some(300))])
}

fn run(bench: &mut Bench, namespace: &str, name: &str) -> Run {
    let cache = bench.cache.clone();
    bench.sync(sync, &Key::new(namespace, name), agree(&cache))
}

const DELETION: [&str; 3] = ["get pod/web-0", "patch pod/web-0 condition DisruptionTarget=True", "delete pod/web-0"];
const MARKING: &str = "Normal TaintManagerEviction Marking for deletion Pod default/web-0";
const CANCELLING: &str = "Normal TaintManagerEviction Cancelling deletion of Pod default/web-0";

#[test]
fn the_shortest_used_toleration_decides() {
    let seconds = |n| Patience::Until(Span::seconds(n));
    let cases: [(&[&str], Vec<Toleration>, Patience); 10] = [
        (&["a"], vec![], Patience::None),
        (&["a"], vec![tolerate("b", None)], Patience::None),
        (&["a"], vec![tolerate("a", None)], Patience::Forever),
        (&["a"], vec![tolerate("a", Some(30))], seconds(30)),
        (&["a"], vec![tolerate("a", Some(0))], seconds(0)),
        (&["a"], vec![tolerate("a", Some(-5))], seconds(0)),
        (&["a", "b"], vec![tolerate("a", Some(300)), tolerate("b", Some(5))], seconds(5)),
        (&["a", "b"], vec![tolerate("a", None), tolerate("b", Some(5))], seconds(5)),
        (&["a"], vec![tolerate("a", Some(300)), tolerate("b", Some(5))], seconds(300)),
        // Only the first that matches is used.
        (&["a"], vec![tolerate("a", Some(300)), tolerate("", Some(5))], seconds(300)),
    ];
    for (taints, tolerations, expected) in cases {
        let taints: Vec<Taint> = taints.iter().map(|key| taint(key, "NoExecute")).collect();
        let taints: Vec<&Taint> = taints.iter().collect();
        assert_eq!(patience(&tolerations, &taints), expected, "{tolerations:?}");
    }
}

#[test]
fn a_pod_is_deleted_when_its_patience_is_over() {
    let mut bench = Bench::new([node(&["unreachable"]).into(), patient("web-0", 7).into()]);
    let first = run(&mut bench, "", "node-1");
    assert_eq!((first.requests(), first.verdict()), (vec![], "TolerationRunning".to_owned()));
    assert_eq!(first.done().after, Some(Span::seconds(300)));

    bench.now = NOW + Span::seconds(299);
    assert_eq!(run(&mut bench, "", "node-1").done().after, Some(Span::seconds(1)));

    bench.now = NOW + Span::seconds(300);
    let last = run(&mut bench, "", "node-1");
    assert_eq!(last.requests(), DELETION);
    assert_eq!(last.events(), [MARKING]);
    assert_eq!(last.events[0].about.uid, Uid(0), "describe does not find these events");
    let Request::Patch { patch: crate::belief::api::request::Patch::PodCondition { condition, phase }, uid, .. } =
        &last.exchanges[1].request
    else {
        panic!("a condition is set")
    };
    assert_eq!((&*condition.reason, phase, *uid), ("DeletionByTaintManager", &None, Some(Uid(7))));
    assert_eq!(&*condition.message, "Taint manager: deleting due to NoExecute taint");

    bench.now = NOW + Span::seconds(900);
    assert_eq!(run(&mut bench, "", "node-1").requests(), [""; 0], "it may stay Terminating for ever");
}

#[test]
fn without_a_toleration_it_goes_at_once_and_with_an_endless_one_never() {
    let endless = pod("web-1", 8, vec![tolerate("", None)]);
    let mut bench = Bench::new([node(&["mine"]).into(), patient("web-0", 7).into(), endless.into()]);
    let now = run(&mut bench, "", "node-1");
    assert_eq!((now.requests(), now.events()), (DELETION.map(String::from).to_vec(), vec![MARKING.to_owned()]));
    assert_eq!((now.verdict(), now.done().after), (String::new(), None));
}

#[test]
fn another_taint_does_not_start_the_time_again() {
    let mut bench = Bench::new([node(&["not-ready"]).into(), patient("web-0", 7).into()]);
    run(&mut bench, "", "node-1");
    bench.now = NOW + Span::seconds(100);
    bench.cache.put(node(&["unreachable"]).into());
    assert_eq!(run(&mut bench, "", "node-1").done().after, Some(Span::seconds(200)));
}

#[test]
fn a_shorter_patience_moves_the_deletion_forward_counted_from_the_first_taint() {
    let mut bench = Bench::new([node(&["unreachable"]).into(), patient("web-0", 7).into()]);
    run(&mut bench, "", "node-1");
    bench.now = NOW + Span::seconds(20);
    bench.cache.put(pod("web-0", 7, vec![tolerate("unreachable", Some(60))]).into());
    let shorter = run(&mut bench, "default", "web-0");
    assert_eq!((shorter.events(), shorter.done().after), (vec![CANCELLING.to_owned()], Some(Span::seconds(40))));
    bench.cache.put(pod("web-0", 7, vec![tolerate("unreachable", Some(900))]).into());
    let longer = run(&mut bench, "default", "web-0");
    assert_eq!((longer.events(), longer.done().after), (vec![], Some(Span::seconds(40))), "never later");
}

#[test]
fn a_node_that_loses_its_taints_keeps_its_pods() {
    let mut bench = Bench::new([node(&["unreachable"]).into(), patient("web-0", 7).into()]);
    run(&mut bench, "", "node-1");
    bench.now = NOW + Span::seconds(100);
    bench.cache.put(node(&[]).into());
    let back = run(&mut bench, "", "node-1");
    assert_eq!((back.requests(), back.events()), (vec![], vec![CANCELLING.to_owned()]));
    bench.now = NOW + Span::seconds(301);
    assert_eq!(run(&mut bench, "", "node-1").requests(), [""; 0]);
}

#[test]
fn a_deleted_pod_takes_its_timer_with_it_and_the_next_of_its_name_starts_anew() {
    let mut bench = Bench::new([node(&["unreachable"]).into(), patient("web-0", 7).into()]);
    run(&mut bench, "", "node-1");
    bench.now = NOW + Span::seconds(100);
    bench.cache.put(patient("web-0", 9).into());
    let successor = run(&mut bench, "default", "web-0");
    assert_eq!((successor.events(), successor.done().after), (vec![CANCELLING.to_owned()], Some(Span::seconds(300))));
    bench.cache.remove(&ObjectRef::new(Kind::Pod, "default", "web-0"));
    assert_eq!(run(&mut bench, "default", "web-0").events(), [CANCELLING]);
    assert_eq!(run(&mut bench, "default", "web-0").events(), [""; 0]);
}

#[test]
fn timers_outlive_the_node_object() {
    let mut bench = Bench::new([node(&["unreachable"]).into(), patient("web-0", 7).into()]);
    run(&mut bench, "", "node-1");
    bench.cache.remove(&ObjectRef::new(Kind::Node, "", "node-1"));
    bench.now = NOW + Span::seconds(300);
    assert_eq!(run(&mut bench, "", "node-1").requests(), DELETION);
}

#[test]
fn a_deletion_is_tried_five_times_and_then_given_up() {
    let mut bench = Bench::new([node(&["mine"]).into(), patient("web-0", 7).into()]);
    let run = bench.sync(sync, &Key::new("", "node-1"), |_| Err(ApiError::Unreachable));
    assert_eq!(run.requests(), ["get pod/web-0"; 5]);
    assert!(run.result.is_ok());
}

#[test]
fn taints_bindings_and_tolerations_wake_it() {
    let mut bench = Bench::new([node(&["unreachable"]).into()]);
    let keys = |keys: Vec<(Key, Span)>| keys.into_iter().map(|(key, _)| key.to_string()).collect::<Vec<_>>();
    let (bare, tainted): (Object, Object) = (node(&[]).into(), node(&["unreachable"]).into());
    assert_eq!(keys(bench.enqueue(enqueue, None, Some(bare.clone()))), [""; 0]);
    assert_eq!(keys(bench.enqueue(enqueue, None, Some(tainted.clone()))), ["node-1"]);
    assert_eq!(keys(bench.enqueue(enqueue, Some(bare.clone()), Some(tainted.clone()))), ["node-1"]);
    assert_eq!(keys(bench.enqueue(enqueue, Some(tainted.clone()), Some(bare))), ["node-1"]);
    assert_eq!(keys(bench.enqueue(enqueue, Some(tainted.clone()), Some(tainted))), [""; 0]);

    let bound = patient("web-0", 7);
    let mut unbound = bound.clone();
    Rc::make_mut(&mut unbound.spec).node_name = "".into();
    let mut unready = bound.clone();
    unready.status = Rc::default();
    let (unbound, bound, unready): (Object, Object, Object) = (unbound.into(), bound.into(), unready.into());
    assert_eq!(keys(bench.enqueue(enqueue, None, Some(unbound.clone()))), [""; 0]);
    assert_eq!(keys(bench.enqueue(enqueue, Some(unbound), Some(bound.clone()))), ["default/web-0"]);
    assert_eq!(keys(bench.enqueue(enqueue, Some(bound.clone()), Some(unready))), [""; 0]);
    assert_eq!(keys(bench.enqueue(enqueue, Some(bound.clone()), None)), [""; 0], "it has no timer");
    bench.cache.put(bound.clone());
    run(&mut bench, "", "node-1");
    assert_eq!(keys(bench.enqueue(enqueue, Some(bound), None)), ["default/web-0"]);
}
