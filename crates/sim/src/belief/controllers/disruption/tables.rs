//! Upstream's own tables for disruption budgets: `pkg/controller/disruption/disruption_test.go`.

use super::*;
use crate::belief::controllers::testing::{Bench, NOW, agree, meta, ready_pod, selector};

fn value(text: &str) -> IntOrString {
    text.parse().map_or_else(|_| IntOrString::String(text.into()), IntOrString::Int)
}

/// A budget of one of the two kinds: `min 2`, `max 30%`.
fn budget(rule: &str) -> PodDisruptionBudget {
    let (kind, amount) = rule.split_once(' ').expect("a kind and an amount");
    let spec = PodDisruptionBudgetSpec {
        max_unavailable: (kind == "max").then(|| value(amount)),
        min_available: (kind == "min").then(|| value(amount)),
        selector: Some(selector("web")),
        ..PodDisruptionBudgetSpec::default()
    };
    PodDisruptionBudget { metadata: meta("budget", 1), spec: Rc::new(spec), ..Default::default() }
}

fn replica_set(name: &str, uid: u64, replicas: i32) -> Object {
    let spec = ReplicaSetSpec { replicas: Some(replicas), ..ReplicaSetSpec::default() };
    ReplicaSet { metadata: meta(name, uid), spec: Rc::new(spec), ..ReplicaSet::default() }.into()
}

/// The status after one sync: allowed, healthy, desired, expected.
fn status(bench: &mut Bench) -> (i32, i32, i32, i32) {
    let run = bench.sync(sync, &Key::new("default", "budget"), agree(&bench.cache.clone()));
    let status = run.sent::<PodDisruptionBudget>().last().map(|budget| budget.status.clone()).unwrap_or_default();
    (status.disruptions_allowed, status.current_healthy, status.desired_healthy, status.expected_pods)
}

/// Upstream: `TestNoSelector`, `TestUnavailable`, `TestIntegerMaxUnavailable`, `TestIntegerMaxUnavailableWithScaling`
/// (C-145), `TestPercentageMaxUnavailableWithScaling` (C-144), `TestReplicaSet`, `TestStatefulSetController` (C-150),
/// `TestScaleResource`.
#[test]
fn a_budget_is_what_is_healthy_less_what_must_be() {
    // Rule, replicas wanted, pods ready, pods not ready; allowed, healthy, desired, expected.
    type Row = (&'static str, i32, u64, u64, (i32, i32, i32, i32));
    const TABLE: [Row; 22] = [
        ("min 3", 3, 0, 0, (0, 0, 3, 0)),
        ("min 3", 3, 2, 0, (0, 2, 3, 2)),
        ("min 3", 3, 3, 0, (0, 3, 3, 3)),
        ("min 3", 4, 4, 0, (1, 4, 3, 4)),
        ("min 3", 4, 3, 1, (0, 3, 3, 4)),
        ("min 20%", 10, 1, 0, (0, 1, 2, 10)),
        ("min 20%", 10, 3, 0, (1, 3, 2, 10)),
        ("min 50%", 3, 3, 0, (1, 3, 2, 3)),
        ("min 67%", 3, 3, 0, (0, 3, 3, 3)),
        ("min 0%", 3, 3, 0, (3, 3, 0, 3)),
        ("max 1", 1, 0, 1, (0, 0, 0, 1)),
        ("max 1", 1, 1, 0, (1, 1, 0, 1)),
        ("max 2", 7, 5, 0, (0, 5, 5, 7)),
        ("max 2", 5, 5, 0, (2, 5, 3, 5)),
        ("max 30%", 7, 7, 0, (3, 7, 4, 7)),
        ("max 30%", 3, 3, 0, (1, 3, 2, 3)),
        ("max 30%", 1, 1, 0, (1, 1, 0, 1)),
        ("max 0%", 3, 3, 0, (0, 3, 3, 3)),
        ("max 0", 3, 3, 0, (0, 3, 3, 3)),
        ("max 100%", 3, 3, 0, (3, 3, 0, 3)),
        ("max 1", 3, 2, 1, (0, 2, 2, 3)),
        ("max 9", 3, 3, 0, (3, 3, 0, 3)),
    ];
    for (rule, replicas, ready, unready, wanted) in TABLE {
        let owner = replica_set("web", 2, replicas);
        let mut bench = Bench::new([budget(rule).into(), owner.clone()]);
        for index in 0..ready + unready {
            let mut pod = ready_pod(&format!("web-{index}"), 10 + index, "web", Some(&owner));
            if index >= ready {
                Rc::make_mut(&mut pod.status).conditions[0].status = "False".into();
            }
            bench.cache.put(pod.into());
        }
        // A budget that never had a status writes one even if all of it is zero.
        assert_eq!(status(&mut bench), wanted, "{rule}: {ready} and {unready} of {replicas}");
    }
}

/// Upstream: `TestTwoControllers`: pods of several controllers are counted together.
#[test]
fn several_controllers_are_counted_together() {
    // Rule, sizes of the controllers, pods of each; allowed, healthy, desired, expected.
    type Row = (&'static str, [i32; 2], [u64; 2], (i32, i32, i32, i32));
    const TABLE: [Row; 5] = [
        ("min 28%", [11, 0], [11, 0], (7, 11, 4, 11)),
        ("min 28%", [11, 11], [11, 1], (5, 12, 7, 22)),
        ("min 28%", [11, 11], [11, 11], (15, 22, 7, 22)),
        ("max 10%", [10, 10], [10, 10], (2, 20, 18, 20)),
        ("max 1", [2, 2], [2, 1], (0, 3, 3, 4)),
    ];
    for (rule, sizes, pods, wanted) in TABLE {
        let mut bench = Bench::new([budget(rule).into()]);
        for (number, (size, count)) in (0..).zip(sizes.into_iter().zip(pods)) {
            let owner = replica_set(&format!("web{number}"), 2 + number, size);
            bench.cache.put(owner.clone());
            for index in 0..count {
                let uid = 100 * (number + 1) + index;
                bench.cache.put(ready_pod(&format!("web{number}-{index}"), uid, "web", Some(&owner)).into());
            }
        }
        assert_eq!(status(&mut bench), wanted, "{rule} {sizes:?} {pods:?}");
    }
}

/// Upstream: `TestUpdateDisruptedPods` (C-146), `TestBasicFinderFunctions`: marks of evictions that are under way.
#[test]
fn a_mark_of_an_eviction_counts_for_two_minutes() {
    // Seconds since the mark, whether the pod exists, whether it is stopping; whether the mark stays, healthy pods,
    // whether an event tells that nothing happened.
    const TABLE: [(u64, bool, bool, bool, i32, bool); 7] = [
        (0, true, false, true, 2, false),
        (60, true, false, true, 2, false),
        (119, true, false, true, 2, false),
        (121, true, false, false, 3, true),
        (180, true, false, false, 3, true),
        (60, false, false, false, 2, false),
        (60, true, true, false, 2, false),
    ];
    for (since, exists, stopping, stays, healthy, told) in TABLE {
        let case = format!("{since} s, exists {exists}, stopping {stopping}");
        let owner = replica_set("web", 2, 3);
        let mut marked = budget("min 1");
        marked.status.disrupted_pods.insert("web-0".into(), NOW - Span::seconds(since));
        let mut bench = Bench::new([marked.into(), owner.clone()]);
        for index in u64::from(!exists)..3 {
            let mut pod = ready_pod(&format!("web-{index}"), 10 + index, "web", Some(&owner));
            if index == 0 && stopping {
                pod.metadata.deletion_timestamp = NOW;
            }
            bench.cache.put(pod.into());
        }
        let run = bench.sync(sync, &Key::new("default", "budget"), agree(&bench.cache.clone()));
        let status = run.sent::<PodDisruptionBudget>()[0].status.clone();
        assert_eq!(!status.disrupted_pods.is_empty(), stays, "{case}");
        assert_eq!(status.current_healthy, healthy, "{case}");
        assert_eq!(run.events().iter().any(|line| line.contains("NotDeleted")), told, "{case}");
    }
}

/// Upstream: `TestStalePodDisruption`.
#[test]
fn a_mark_on_a_pod_goes_stale_after_two_minutes() {
    // Seconds since the mark, its status and reason, phase, stopping; how many seconds are left, if it is looked at.
    type Row = (u64, &'static str, &'static str, Phase, bool, Option<u64>);
    const TABLE: [Row; 7] = [
        (180, "True", "EvictionByEvictionAPI", Phase::Running, false, Some(0)),
        (60, "True", "EvictionByEvictionAPI", Phase::Running, false, Some(60)),
        (120, "True", "EvictionByEvictionAPI", Phase::Running, false, Some(0)),
        (180, "False", "EvictionByEvictionAPI", Phase::Running, false, None),
        (180, "True", "EvictionByEvictionAPI", Phase::Running, true, None),
        (180, "True", "TerminationByKubelet", Phase::Running, false, None),
        (180, "True", "EvictionByEvictionAPI", Phase::Failed, false, None),
    ];
    for (since, word, reason, phase, stopping, left) in TABLE {
        let mut pod = ready_pod("web-0", 10, "web", None);
        if stopping {
            pod.metadata.deletion_timestamp = NOW;
        }
        let status = Rc::make_mut(&mut pod.status);
        status.phase = phase;
        status.conditions.push(Condition {
            kind: MARK.into(),
            status: word.into(),
            reason: reason.into(),
            last_transition_time: NOW - Span::seconds(since),
            ..Condition::default()
        });
        assert_eq!(stale_mark(&pod, NOW), left.map(Span::seconds), "{since} {word} {reason} {phase:?} {stopping}");
    }
}
