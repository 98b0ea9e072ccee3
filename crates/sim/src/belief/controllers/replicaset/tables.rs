//! Upstream's own tables for ReplicaSets: `pkg/controller/controller_utils_test.go` (`TestSortingActivePodsWithRanks`,
//! `TestSortingActivePods`), `pkg/controller/replicaset/replica_set_test.go` (`TestSlowStartBatch`,
//! `TestGetPodsToDelete`), `replica_set_utils_test.go` (`TestCalculateStatus`, conditions).

use super::ranking::{compare, pods_to_delete};
use super::*;
use crate::belief::client::call::Stop;
use crate::belief::controllers::testing::{Bench, NOW, agree, meta, ready_pod, selector, template};
use crate::belief::controllers::util::slow_start_batch;
use crate::ground::clock::{Span, Time};
use crate::words::api_error::ApiError;
use std::cmp::Ordering;
use std::rc::Rc;

const HOUR: u64 = 3_600;
const MONTH: u64 = 30 * 24 * HOUR;

/// A pod of upstream's table: node, phase, seconds since it is ready (with its restarts), seconds since it was made.
struct Row {
    name: &'static str,
    node: &'static str,
    phase: Phase,
    ready: Option<(Option<u64>, i32)>,
    created: Option<u64>,
    cost: &'static str,
}

const fn row(
    name: &'static str,
    node: &'static str,
    phase: Phase,
    ready: Option<(Option<u64>, i32)>,
    created: Option<u64>,
) -> Row {
    Row { name, node, phase, ready, created, cost: "" }
}

const UNSCHEDULED: Row = row("unscheduled", "", Phase::Pending, None, None);
const PENDING: Row = row("pending", "node", Phase::Pending, None, None);
const UNKNOWN: Row = row("unknown-phase", "node", Phase::Unknown, None, None);
const NOT_READY: Row = row("not-ready", "node", Phase::Running, None, None);
const NO_TIME: Row = row("ready-no-last-transition-time", "node", Phase::Running, Some((None, 0)), None);
const READY_NOW: Row = row("ready-now", "node", Phase::Running, Some((Some(0), 0)), Some(0));
const READY_THEN: Row = row("ready-then", "node", Phase::Running, Some((Some(MONTH), 0)), Some(MONTH));
const RESTARTED: Row = row("ready-high-restarts", "node", Phase::Running, Some((Some(0), 9_001)), Some(0));
const CREATED_THEN: Row = row("ready-now-created-then", "node", Phase::Running, Some((Some(0), 0)), Some(MONTH));
const CHEAP: Row = Row { name: "low-deletion-cost", cost: "10", ..CREATED_THEN };
const DEAR: Row = Row { name: "high-deletion-cost", cost: "100", ..CREATED_THEN };
const UNSCHEDULED_5: Row = row("unscheduled-5-hours", "", Phase::Pending, None, Some(5 * HOUR));
const UNSCHEDULED_8: Row = row("unscheduled-8-hours", "", Phase::Pending, None, Some(8 * HOUR));
const READY_2: Row = row("ready-2-hours", "", Phase::Running, Some((Some(2 * HOUR), 0)), Some(MONTH));
const READY_5: Row = row("ready-5-hours", "", Phase::Running, Some((Some(5 * HOUR), 0)), Some(MONTH));
const READY_8: Row = row("ready-8-hours", "", Phase::Running, Some((Some(8 * HOUR), 0)), Some(MONTH));

fn pod(row: &Row) -> Pod {
    let mut pod = ready_pod(row.name, 0, "web", None);
    let since = |age: Option<u64>| age.map_or(Time::ZERO, |seconds| NOW - Span::seconds(seconds));
    pod.metadata.creation_timestamp = since(row.created);
    if !row.cost.is_empty() {
        pod.metadata.annotations.insert("controller.kubernetes.io/pod-deletion-cost", row.cost);
    }
    Rc::make_mut(&mut pod.spec).node_name = row.node.into();
    let status = Rc::make_mut(&mut pod.status);
    status.phase = row.phase;
    match row.ready {
        Some((age, restarts)) => {
            status.conditions[0].last_transition_time = since(age);
            status.container_statuses.push(ContainerStatus { restart_count: restarts, ..Default::default() });
        }
        None => status.conditions.clear(),
    }
    pod
}

#[test]
fn pods_that_are_alike_are_equal() {
    let table: [(&Row, &Row); 11] = [
        (&UNSCHEDULED, &UNSCHEDULED),
        (&PENDING, &PENDING),
        (&UNKNOWN, &UNKNOWN),
        (&NOT_READY, &NOT_READY),
        (&NO_TIME, &NO_TIME),
        (&READY_NOW, &READY_NOW),
        (&READY_THEN, &READY_THEN),
        (&RESTARTED, &RESTARTED),
        (&CREATED_THEN, &CREATED_THEN),
        (&UNSCHEDULED_5, &UNSCHEDULED_8),
        (&READY_5, &READY_8),
    ];
    for (a, b) in table {
        assert_eq!(compare(&pod(a), &pod(b), 1, 1, NOW), Ordering::Equal, "{} {}", a.name, b.name);
    }
}

#[test]
fn the_lesser_pod_goes_first() {
    let table: [(&Row, u32, &Row, u32); 18] = [
        (&UNSCHEDULED, 1, &PENDING, 2),
        (&UNSCHEDULED, 2, &PENDING, 1),
        (&PENDING, 1, &UNKNOWN, 2),
        (&UNKNOWN, 1, &NOT_READY, 2),
        (&NOT_READY, 1, &NO_TIME, 1),
        (&NO_TIME, 1, &READY_NOW, 1),
        (&READY_NOW, 2, &NO_TIME, 1),
        (&READY_NOW, 1, &READY_THEN, 1),
        (&READY_NOW, 2, &READY_THEN, 1),
        (&READY_THEN, 2, &READY_NOW, 1),
        (&RESTARTED, 1, &READY_NOW, 1),
        (&READY_NOW, 2, &RESTARTED, 1),
        (&READY_NOW, 1, &CREATED_THEN, 1),
        (&CREATED_THEN, 2, &READY_NOW, 1),
        (&CHEAP, 2, &DEAR, 1),
        (&CHEAP, 1, &DEAR, 2),
        (&READY_2, 1, &READY_5, 1),
        (&READY_2, 1, &READY_8, 1),
    ];
    for (lesser, rank_lesser, greater, rank_greater) in table {
        let (a, b) = (pod(lesser), pod(greater));
        let case = format!("{} of {rank_lesser} before {} of {rank_greater}", lesser.name, greater.name);
        assert_eq!(compare(&a, &b, rank_lesser, rank_greater, NOW), Ordering::Less, "{case}");
        assert_eq!(compare(&b, &a, rank_greater, rank_lesser, NOW), Ordering::Greater, "{case}");
    }
}

/// Upstream: `TestSortingActivePods`: a whole list, from every rotation of it.
#[test]
fn a_list_of_pods_is_ranked_the_same_from_any_order() {
    let rows =
        [&UNSCHEDULED, &PENDING, &UNKNOWN, &NOT_READY, &NO_TIME, &RESTARTED, &READY_NOW, &CREATED_THEN, &READY_THEN];
    let wanted: Vec<&str> = rows.iter().map(|row| row.name).collect();
    for turn in 0..rows.len() {
        let mut pods: Vec<Rc<Pod>> = rows.iter().map(|row| Rc::new(pod(row))).collect();
        pods.rotate_left(turn);
        let all_but_none = pods_to_delete(&pods, &[], rows.len() as u32 - 1, NOW);
        let names: Vec<&str> = all_but_none.iter().map(|pod| &*pod.metadata.name).collect();
        assert_eq!(names, wanted[..rows.len() - 1], "turned by {turn}");
    }
}

/// Upstream: `TestGetPodsToDelete`.
#[test]
fn so_many_pods_go_and_those_first() {
    // Pods, how many go, which.
    let table: [(&[&Row], u32, &[&str]); 8] = [
        (&[&READY_NOW, &UNSCHEDULED], 0, &[]),
        (&[&READY_NOW, &UNSCHEDULED], 1, &["unscheduled"]),
        (&[&READY_NOW, &UNSCHEDULED], 2, &["ready-now", "unscheduled"]),
        (&[&NOT_READY, &PENDING, &UNSCHEDULED], 1, &["unscheduled"]),
        (&[&NOT_READY, &PENDING, &UNSCHEDULED], 2, &["unscheduled", "pending"]),
        (&[&READY_NOW, &NOT_READY, &READY_THEN], 1, &["not-ready"]),
        (&[&DEAR, &CHEAP, &READY_THEN], 1, &["ready-then"]),
        (&[&READY_8, &READY_2], 1, &["ready-2-hours"]),
    ];
    for (rows, count, wanted) in table {
        let pods: Vec<Rc<Pod>> = rows.iter().map(|row| Rc::new(pod(row))).collect();
        let names: Vec<String> =
            pods_to_delete(&pods, &[], count, NOW).iter().map(|pod| pod.metadata.name.to_string()).collect();
        assert_eq!(names, wanted, "{count}");
    }
}

/// Upstream: `TestSlowStartBatch`.
#[test]
fn batches_double_until_one_fails() {
    // How many, the call that fails; calls made, successes.
    const TABLE: [(u32, Option<u32>, u32, u32); 8] = [
        (0, None, 0, 0),
        (10, None, 10, 10),
        (10, Some(0), 1, 0),
        (10, Some(1), 3, 2),
        (10, Some(2), 3, 2),
        (10, Some(5), 7, 6),
        (10, Some(9), 10, 9),
        (500, Some(254), 255, 254),
    ];
    for (count, fails, calls, successes) in TABLE {
        let mut called = 0;
        let (succeeded, failure) = slow_start_batch(count, |index| {
            called += 1;
            if Some(index) == fails { Err(Stop::Failed(ApiError::Internal("no".into()))) } else { Ok(()) }
        })
        .expect("nothing is awaited");
        assert_eq!((called, succeeded, failure.is_some()), (calls, successes, fails.is_some()), "{count} {fails:?}");
    }
}

/// Upstream: `TestCalculateStatus`.
#[test]
fn a_status_counts_what_is_there() {
    type Edit = fn(&mut Pod);
    let fine: Edit = |_| {};
    let unready: Edit = |pod| Rc::make_mut(&mut pod.status).conditions[0].status = "False".into();
    let young: Edit = |pod| Rc::make_mut(&mut pod.status).conditions[0].last_transition_time = NOW - Span::seconds(5);
    let stopping: Edit = |pod| pod.metadata.deletion_timestamp = NOW;
    let over: Edit = |pod| Rc::make_mut(&mut pod.status).phase = Phase::Failed;
    let fuller: Edit = |pod| pod.metadata.labels.insert("tier", "db");
    // Pods; replicas, fully labelled, ready, available, terminating.
    type Counts = (i32, i32, i32, i32, i32);
    let table: [(&str, &[Edit], Counts); 8] = [
        ("0 replicas", &[], (0, 0, 0, 0, 0)),
        ("1 fullylabelled replica", &[fuller], (1, 1, 1, 1, 0)),
        ("1 not fully labelled replica", &[fine], (1, 0, 1, 1, 0)),
        ("2 replicas, 1 of them fully labelled", &[fuller, fine], (2, 1, 2, 2, 0)),
        ("1 non-ready, 1 ready", &[unready, fine], (2, 0, 1, 1, 0)),
        ("1 ready but non-available", &[young], (1, 0, 1, 0, 0)),
        ("1 stopping, 1 ready", &[stopping, fine], (1, 0, 1, 1, 1)),
        ("1 failed, 1 ready", &[over, fine], (1, 0, 1, 1, 0)),
    ];
    for (name, edits, wanted) in table {
        let mut set = ReplicaSet { metadata: meta("web", 7), ..ReplicaSet::default() };
        let spec = Rc::make_mut(&mut set.spec);
        spec.replicas = Some(wanted.0);
        spec.min_ready_seconds = 30;
        spec.selector = Some(selector("web"));
        spec.template = template("web");
        spec.template.metadata.labels.insert("tier", "db");
        let owner = Object::from(set);
        let mut bench = Bench::new([owner.clone()]);
        for (index, edit) in (0..).zip(edits) {
            let mut pod = ready_pod(&format!("web-{index}"), 20 + index, "web", Some(&owner));
            edit(&mut pod);
            bench.cache.put(pod.into());
        }
        let run = bench.sync(sync, &Key::new("default", "web"), agree(&bench.cache.clone()));
        let status = run.sent::<ReplicaSet>().last().map(|set| set.status.clone()).unwrap_or_default();
        let found = (
            status.replicas,
            status.fully_labeled_replicas,
            status.ready_replicas,
            status.available_replicas,
            status.terminating_replicas.unwrap_or(0),
        );
        assert_eq!(found, wanted, "{name}");
    }
}
