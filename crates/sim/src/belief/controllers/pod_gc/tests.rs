use super::{periods, sync, terminated};
use crate::belief::api::request::{Patch, Request};
use crate::belief::api::shelf::Key;
use crate::belief::controllers::testing::{Bench, NOW, Run, agree, meta, ready_pod};
use crate::ground::clock::{Span, Time};
use crate::ground::settings::Settings;
use crate::words::api_error::ApiError;
use petri_objects::*;
use std::rc::Rc;

fn node(ready: bool, taints: &[&str]) -> Node {
    let mut node = Node { metadata: meta("node-1", 1), ..Node::default() };
    node.metadata.namespace = "".into();
    node.spec.taints = taints.iter().map(|key| Taint { key: (*key).into(), ..Taint::default() }).collect();
    let status = if ready { "True" } else { "Unknown" };
    Rc::make_mut(&mut node.status).conditions.push(Condition {
        kind: "Ready".into(),
        status: status.into(),
        ..Condition::default()
    });
    node
}

fn terminating(name: &str, node: &str) -> Pod {
    let mut pod = ready_pod(name, 7, "web", None);
    Rc::make_mut(&mut pod.spec).node_name = node.into();
    pod.metadata.deletion_timestamp = NOW;
    pod
}

fn run(bench: &mut Bench) -> Run {
    let cache = bench.cache.clone();
    bench.sync(sync, &Key::new("", "pods"), agree(&cache))
}

fn after(bench: &mut Bench, seconds: u64) -> Run {
    bench.now = NOW + Span::seconds(seconds);
    run(bench)
}

#[test]
fn pods_of_a_deleted_node_wait_out_the_quarantine() {
    let mut bench = Bench::new([ready_pod("web-0", 7, "web", None).into()]);
    let first = after(&mut bench, 0);
    assert_eq!((first.requests(), first.verdict()), (vec![], "Quarantine".to_owned()));
    assert_eq!(after(&mut bench, 20).requests(), [""; 0]);
    let last = after(&mut bench, 40);
    assert_eq!(
        last.requests(),
        ["get node/node-1", "patch pod/web-0 condition DisruptionTarget=True", "delete pod/web-0"]
    );
    let Request::Patch { patch: Patch::PodCondition { condition, phase }, .. } = &last.exchanges[1].request else {
        panic!("a condition is set")
    };
    assert_eq!((&*condition.reason, *phase), ("DeletionByPodGC", Some(Phase::Failed)));
    assert_eq!(&*condition.message, "PodGC: node no longer exists");
    let Request::Delete { options, .. } = &last.exchanges[2].request else { panic!("it is deleted") };
    assert_eq!(options.grace_seconds, Some(0));
}

#[test]
fn a_node_that_only_the_cache_misses_keeps_its_pods() {
    let mut bench = Bench::new([ready_pod("web-0", 7, "web", None).into()]);
    run(&mut bench);
    bench.now = NOW + Span::seconds(40);
    let mut whole = bench.cache.clone();
    whole.put(node(true, &[]).into());
    let run = bench.sync(sync, &Key::new("", "pods"), agree(&whole));
    assert_eq!(run.requests(), ["get node/node-1"]);

    // It is also forgotten when the cache knows the node again.
    bench.cache.put(node(true, &[]).into());
    assert_eq!(after(&mut bench, 80).verdict(), "");
}

#[test]
fn stopping_pods_leave_a_dead_node_only_when_it_is_declared_out_of_service() {
    let out_of_service = ["node.kubernetes.io/out-of-service"];
    let cases: [(bool, &[&str], bool, u64); 5] = [
        // ready, taints, pod is stopping, deletions
        (false, &out_of_service, true, 1),
        (false, &out_of_service, false, 0),
        (true, &out_of_service, true, 0),
        (false, &[], true, 0),
        (false, &["node.kubernetes.io/unreachable"], true, 0),
    ];
    for (ready, taints, stopping, deletions) in cases {
        let mut pod = terminating("web-0", "node-1");
        if !stopping {
            pod.metadata.deletion_timestamp = Time::ZERO;
        }
        let mut bench = Bench::new([node(ready, taints).into(), pod.into()]);
        let requests = run(&mut bench).requests();
        let expected = ["patch pod/web-0 merge", "delete pod/web-0"];
        assert_eq!(requests, if deletions > 0 { &expected[..] } else { &[] }, "{ready} {taints:?} {stopping}");
    }
}

#[test]
fn a_stopping_pod_without_a_node_is_ended() {
    let mut bench = Bench::new([terminating("web-0", "").into()]);
    let run = run(&mut bench);
    assert_eq!(run.requests(), ["patch pod/web-0 merge", "delete pod/web-0"]);
    let Request::Patch { patch: Patch::Merge { value, status }, .. } = &run.exchanges[0].request else { panic!() };
    assert_eq!((value.to_json().as_str(), *status), (r#"{"status":{"phase":"Failed"}}"#, true));
}

#[test]
fn a_finished_pod_is_not_called_failed_and_a_refusal_waits_for_the_next_round() {
    let mut finished = terminating("web-0", "");
    Rc::make_mut(&mut finished.status).phase = Phase::Succeeded;
    let mut bench = Bench::new([finished.into()]);
    assert_eq!(run(&mut bench).requests(), ["delete pod/web-0"]);

    let mut bench = Bench::new([terminating("web-0", "").into()]);
    let refused = bench.sync(sync, &Key::new("", "pods"), |_| Err(ApiError::Unreachable));
    assert_eq!(refused.requests(), ["patch pod/web-0 merge"]);
    assert!(refused.result.is_ok());
}

#[test]
fn too_many_finished_pods_lose_the_evicted_ones_and_then_the_oldest() {
    let finished = |name: &str, age: u64, reason: &str| {
        let mut pod = ready_pod(name, age, "web", None);
        pod.metadata.creation_timestamp = NOW - Span::seconds(age);
        let status = Rc::make_mut(&mut pod.status);
        (status.phase, status.reason) = (Phase::Failed, reason.into());
        Object::from(pod)
    };
    let bench = Bench::new([
        ready_pod("alive", 1, "web", None).into(),
        finished("old", 300, ""),
        finished("older", 400, ""),
        finished("evicted", 10, "Evicted"),
        finished("young", 20, ""),
    ]);
    let names = |threshold| {
        let pods = terminated(&bench.cache, threshold);
        pods.into_iter().map(|pod| pod.metadata.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(4), [""; 0]);
    assert_eq!(names(3), ["evicted"]);
    assert_eq!(names(1), ["evicted", "older", "old"]);
}

#[test]
fn it_looks_every_twenty_seconds() {
    assert_eq!(periods(&Settings::default()), [(Key::new("", "pods"), Span::seconds(20))]);
}
