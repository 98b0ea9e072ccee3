//! Upstream's own tables for Deployments: `pkg/controller/deployment/rolling_test.go`, `sync_test.go`,
//! `util/deployment_util_test.go`.

use super::progress::{has_progressed, has_timed_out};
use super::rolling::{clean_up_unhealthy, reconcile_new_replica_set, reconcile_old_replica_sets, scale_down_available};
use super::scale::scale;
use super::sync::{Sets, clean_up};
use super::util::*;
use super::*;
use crate::belief::api::request::Request;
use crate::belief::client::call::{Api, Stop, Via};
use crate::belief::controllers::testing::{NOW, agree, meta, selector, template};
use crate::ground::clock::{Span, Time};
use crate::ground::settings::Settings;

fn percent_or_number(text: &str) -> Option<IntOrString> {
    (!text.is_empty()).then(|| text.parse().map_or_else(|_| IntOrString::String(text.into()), IntOrString::Int))
}

fn deployment(replicas: i32, surge: &str, unavailable: &str) -> Deployment {
    let spec = DeploymentSpec {
        replicas: Some(replicas),
        selector: Some(selector("foo")),
        template: template("foo"),
        strategy: DeploymentStrategy {
            kind: "RollingUpdate".into(),
            rolling_update: Some(RollingUpdateDeployment {
                max_surge: percent_or_number(surge),
                max_unavailable: percent_or_number(unavailable),
            }),
        },
        ..DeploymentSpec::default()
    };
    Deployment { metadata: meta("foo", 1), spec: Rc::new(spec), ..Deployment::default() }
}

/// A ReplicaSet by name, size, available pods and seconds of age.
fn replica_set(name: &str, replicas: i32, available: i32, age: u64) -> Rc<ReplicaSet> {
    let mut set = ReplicaSet { metadata: meta(name, 10 + age), ..ReplicaSet::default() };
    set.metadata.creation_timestamp = NOW - Span::seconds(age);
    Rc::make_mut(&mut set.spec).replicas = Some(replicas);
    set.status.replicas = replicas;
    set.status.available_replicas = available;
    Rc::new(set)
}

/// Runs a part of a sync, whose requests are all agreed to, and tells the sizes that it wrote, by name.
fn sizes<T>(mut part: impl FnMut(&mut Api<'_>) -> Result<T, Stop>) -> (Option<T>, Vec<(String, i32)>, usize) {
    let (settings, mut memory) = (Settings::default(), ());
    let mut past = Vec::new();
    let cache = Rc::new(crate::belief::api::shelf::Objects::default());
    let mut answer = agree(&cache);
    loop {
        let via = Via::Replay { past: &past, asked: 0, next: None, events: Vec::new() };
        let mut api = Api::new(NOW, &settings, &mut memory, cache.clone(), via);
        let outcome = part(&mut api);
        let Via::Replay { next, .. } = api.into_via() else { unreachable!("a replay stays one") };
        if matches!(outcome, Err(Stop::Awaiting)) {
            let request = next.expect("a part that waits has asked");
            let reply = answer(&request);
            past.push(crate::belief::client::call::Exchange { request, reply });
            continue;
        }
        let written = past
            .iter()
            .filter_map(|exchange| match &exchange.request {
                Request::Update(Object::ReplicaSet(set)) => Some((set.metadata.name.to_string(), set.replicas())),
                _ => None,
            })
            .collect();
        let deleted = past.iter().filter(|exchange| matches!(exchange.request, Request::Delete { .. })).count();
        return (outcome.ok(), written, deleted);
    }
}

/// Upstream: `TestDeploymentController_reconcileNewReplicaSet`.
#[test]
fn the_new_replica_set_grows_as_far_as_the_surge_allows() {
    // Replicas, surge, old, new; the new size, if it changes.
    const TABLE: [(i32, &str, i32, i32, Option<i32>); 5] = [
        (10, "0", 10, 0, None),
        (10, "2", 10, 0, Some(2)),
        (10, "2", 5, 0, Some(7)),
        (10, "2", 10, 2, None),
        (10, "2", 2, 11, Some(10)),
    ];
    for (replicas, surge, old, new, wanted) in TABLE {
        let case = format!("{replicas} {surge} {old} {new}");
        let deployment = deployment(replicas, surge, "0");
        let (old, new) = (replica_set("foo-v1", old, 0, 20), replica_set("foo-v2", new, 0, 10));
        let all = [old, new.clone()];
        let (scaled, written, _) = sizes(|api| reconcile_new_replica_set(&deployment, &all, &new, api));
        assert_eq!(scaled, Some(wanted.is_some()), "{case}");
        assert_eq!(written.last().map(|(_, size)| *size), wanted, "{case}");
    }
}

/// Upstream: `TestDeploymentController_reconcileOldReplicaSets`.
#[test]
fn the_old_replica_sets_shrink_as_far_as_availability_allows() {
    // Replicas, unavailable, old, new, available old and new; the size of the old one, if it changes.
    type Row = (i32, &'static str, i32, i32, i32, i32, Option<i32>);
    const TABLE: [Row; 5] = [
        (10, "0", 10, 0, 10, 0, Some(9)),
        (10, "2", 10, 0, 10, 0, Some(8)),
        // Those that do not serve anyway go first.
        (10, "2", 10, 0, 8, 0, Some(8)),
        (10, "2", 10, 0, 9, 0, Some(8)),
        // New pods that are not available yet do not drive old ones away.
        (10, "2", 8, 2, 8, 0, None),
    ];
    for (replicas, unavailable, old, new, old_ready, new_ready, wanted) in TABLE {
        let case = format!("{replicas} {unavailable} {old} {new} {old_ready} {new_ready}");
        let deployment = deployment(replicas, "0", unavailable);
        let (old, new) = (replica_set("foo-v1", old, old_ready, 20), replica_set("foo-v2", new, new_ready, 10));
        let sets = Sets { old: vec![old], new: Some(new.clone()) };
        let (scaled, written, _) = sizes(|api| reconcile_old_replica_sets(&deployment, &sets, &new, api));
        assert_eq!(scaled, Some(wanted.is_some()), "{case}");
        assert_eq!(written.last().map(|(_, size)| *size), wanted, "{case}");
    }
}

/// Upstream: `TestDeploymentController_cleanupUnhealthyReplicas`.
#[test]
fn unhealthy_pods_are_cleaned_up_within_the_limit() {
    // Old pods, of which so many are available, limit; how many go.
    for (old, ready, limit, wanted) in [(10, 8, 1, 1), (10, 8, 3, 2), (10, 8, 0, 0), (10, 10, 3, 0)] {
        let deployment = deployment(10, "0", "2");
        let (count, written, _) =
            sizes(|api| clean_up_unhealthy(&deployment, &mut vec![replica_set("foo-v1", old, ready, 20)], limit, api));
        assert_eq!(count, Some(wanted), "{old} {ready} {limit}");
        assert_eq!(written.last().map_or(old, |(_, size)| *size), old - wanted, "{old} {ready} {limit}");
    }
}

/// Upstream: `TestDeploymentController_scaleDownOldReplicaSetsForRollingUpdate`.
#[test]
fn available_pods_go_only_beyond_the_minimum() {
    // Replicas, unavailable, available, old; the size of the old one, if it changes.
    const TABLE: [(i32, &str, i32, i32, Option<i32>); 5] = [
        (10, "0", 10, 10, Some(9)),
        (10, "2", 10, 10, Some(8)),
        (10, "2", 8, 10, None),
        (10, "2", 10, 0, None),
        (10, "2", 1, 10, None),
    ];
    for (replicas, unavailable, ready, old, wanted) in TABLE {
        let case = format!("{replicas} {unavailable} {ready} {old}");
        let deployment = deployment(replicas, "0", unavailable);
        let (old, new) = (replica_set("foo-v2", old, ready, 20), replica_set("foo-v3", 0, 0, 10));
        let (_, written, _) = sizes(|api| scale_down_available(&deployment, std::slice::from_ref(&old), &new, api));
        assert_eq!(written.last().map(|(_, size)| *size), wanted, "{case}");
    }
}

/// A row of `TestScale`: replicas and surge after and before, new and old sizes before and after, oldest last.
struct Scaling {
    name: &'static str,
    replicas: (i32, i32),
    surge: (&'static str, &'static str),
    new: Option<(i32, i32)>,
    old: &'static [(i32, i32)],
    /// How many pods of the new one are available, if not all.
    available: Option<i32>,
    /// What some ReplicaSet was last scaled for, where it is not what the others were.
    desired: Option<(&'static str, i32)>,
}

const fn row(name: &'static str, replicas: (i32, i32), new: Option<(i32, i32)>, old: &'static [(i32, i32)]) -> Scaling {
    Scaling { name, replicas, surge: ("", ""), new, old, available: None, desired: None }
}

/// Upstream: `TestScale`.
#[test]
fn a_deployment_is_scaled_in_proportion() {
    let table = [
        row("normal scaling event: 10 -> 12", (12, 10), Some((10, 12)), &[]),
        row("normal scaling event: 10 -> 5", (5, 10), Some((10, 5)), &[]),
        row("proportional scaling: 5 -> 10", (10, 5), Some((2, 4)), &[(3, 6)]),
        row("proportional scaling: 5 -> 3", (3, 5), Some((2, 1)), &[(3, 2)]),
        row("proportional scaling: 9 -> 4", (4, 9), Some((8, 4)), &[(1, 0)]),
        row("proportional scaling: 7 -> 10", (10, 7), Some((2, 3)), &[(3, 4), (2, 3)]),
        row("proportional scaling: 13 -> 8", (8, 13), Some((2, 1)), &[(8, 5), (3, 2)]),
        row("leftover distribution: 3 -> 4", (4, 3), Some((1, 2)), &[(1, 1), (1, 1)]),
        row("leftover distribution: 3 -> 2", (2, 3), Some((1, 1)), &[(1, 1), (1, 0)]),
        row("proportional scaling (no new rs): 4 -> 5", (5, 4), None, &[(2, 3), (2, 2)]),
        row("proportional scaling: 6 -> 0", (0, 6), Some((3, 0)), &[(2, 0), (1, 0)]),
        row("proportional scaling: 0 -> 6", (6, 6), Some((0, 6)), &[(0, 0), (0, 0)]),
        Scaling { desired: Some(("foo-v1", 3)), ..row("failed rs update", (5, 5), Some((2, 2)), &[(1, 2), (1, 1)]) },
        Scaling { surge: ("2", "2"), ..row("deployment with surge pods", (20, 10), Some((6, 11)), &[(6, 11)]) },
        Scaling { surge: ("6", "3"), ..row("change both surge and size", (50, 10), Some((5, 22)), &[(8, 34)]) },
        row("change both size and template", (14, 10), None, &[(7, 10), (3, 4)]),
        Scaling {
            surge: ("1", "1"),
            available: Some(0),
            ..row("saturated but broken new replica set does not affect old pods", (2, 2), Some((2, 2)), &[(1, 1)])
        },
    ];
    for case in table {
        let before = deployment(case.replicas.1, case.surge.1, "");
        let after = deployment(case.replicas.0, case.surge.0, "");
        let annotated = |set: Rc<ReplicaSet>| {
            let mut set = set;
            let mut last = before.clone();
            if let Some((_, desired)) = case.desired.filter(|(name, _)| *name == &*set.metadata.name) {
                Rc::make_mut(&mut last.spec).replicas = Some(desired);
            }
            set_replicas_annotations(&last, Rc::make_mut(&mut set));
            set
        };
        let new = case.new.map(|(size, _)| annotated(replica_set("foo-new", size, case.available.unwrap_or(size), 10)));
        let old: Vec<Rc<ReplicaSet>> = (1..)
            .zip(case.old)
            .map(|(i, (size, _))| annotated(replica_set(&format!("foo-v{i}"), *size, *size, 10 + 10 * i)))
            .collect();
        let sets = Sets { old: old.clone(), new: new.clone() };
        let (done, written, _) = sizes(|api| scale(&after, &sets, api));
        assert!(done.is_some(), "{}", case.name);
        let size = |set: &ReplicaSet| {
            let last = written.iter().rev().find(|(name, _)| **name == *set.metadata.name);
            last.map_or(set.replicas(), |(_, size)| *size)
        };
        if let (Some(set), Some((_, wanted))) = (&new, case.new) {
            assert_eq!(size(set), wanted, "{}: new", case.name);
        }
        for (set, (_, wanted)) in old.iter().zip(case.old) {
            assert_eq!(size(set), *wanted, "{}: {}", case.name, set.metadata.name);
        }
    }
}

/// Upstream: `TestDeploymentController_cleanupDeployment`.
#[test]
fn only_empty_replica_sets_are_forgotten() {
    // Wanted and present pods of each, and whether it is being deleted; limit; how many are deleted.
    type Row = (&'static [(i32, i32, bool)], i32, usize);
    const TABLE: [Row; 7] = [
        (&[(0, 0, false), (0, 0, false), (0, 0, false)], 1, 2),
        (&[(0, 0, false), (0, 1, false), (1, 0, false), (1, 1, false)], 0, 1),
        (&[(0, 0, false), (0, 0, false)], 0, 2),
        (&[(1, 1, false), (1, 1, false)], 0, 0),
        (&[(0, 0, true)], 0, 0),
        (&[(0, 0, false), (0, 0, false), (0, 0, false)], i32::MAX, 0),
        (&[(0, 0, false), (0, 0, false), (0, 0, false)], 10, 0),
    ];
    for (rows, limit, wanted) in TABLE {
        let mut deployment = deployment(1, "", "");
        Rc::make_mut(&mut deployment.spec).revision_history_limit = Some(limit);
        let old: Vec<Rc<ReplicaSet>> = (1..)
            .zip(rows)
            .map(|(i, (replicas, present, going))| {
                let mut set = (*replica_set(&format!("foo-{i}"), *replicas, 0, i)).clone();
                set.status.replicas = *present;
                set.status.observed_generation = 1;
                if *going {
                    set.metadata.deletion_timestamp = NOW;
                }
                Rc::new(set)
            })
            .collect();
        let (_, _, deleted) = sizes(|api| clean_up(&deployment, &old, api));
        assert_eq!(deleted, wanted, "{rows:?} {limit}");
    }
}

/// Upstream: `TestResolveFenceposts` (C-073).
#[test]
fn fenceposts_are_resolved() {
    const TABLE: [(&str, &str, i32, (i32, i32)); 9] = [
        ("0%", "0%", 0, (0, 1)),
        ("39%", "39%", 10, (4, 3)),
        ("", "39%", 10, (0, 3)),
        ("39%", "", 10, (4, 0)),
        ("", "", 10, (0, 1)),
        ("", "1%", 2, (0, 1)),
        ("25%", "25%", 3, (1, 0)),
        ("25%", "25%", 10, (3, 2)),
        ("1", "0", 5, (1, 0)),
    ];
    for (surge, unavailable, desired, wanted) in TABLE {
        let (surge, unavailable) = (percent_or_number(surge), percent_or_number(unavailable));
        let found = resolve_fenceposts(surge.as_ref(), unavailable.as_ref(), desired);
        assert_eq!(found, wanted, "{surge:?} {unavailable:?} {desired}");
    }
}

/// Upstream: `TestNewRSNewReplicas`, where another ReplicaSet has five.
#[test]
fn the_size_of_a_new_replica_set() {
    const TABLE: [(&str, &str, i32, i32, &str, i32); 3] = [
        ("can not scale up - to newRSReplicas", "RollingUpdate", 1, 5, "1", 5),
        ("scale up - to depReplicas", "RollingUpdate", 6, 2, "10", 6),
        ("recreate - to depReplicas", "Recreate", 3, 1, "1", 3),
    ];
    for (name, strategy, replicas, size, surge, wanted) in TABLE {
        let mut deployment = deployment(replicas, surge, "1");
        Rc::make_mut(&mut deployment.spec).strategy.kind = strategy.into();
        let found =
            new_replica_set_size(&deployment, &[replica_set("foo-v1", 5, 5, 20)], &replica_set("foo-v2", size, 0, 10));
        assert_eq!(found, wanted, "{name}");
    }
}

fn status(replicas: i32, updated: i32, ready: i32, available: i32) -> DeploymentStatus {
    DeploymentStatus {
        replicas,
        updated_replicas: updated,
        ready_replicas: ready,
        available_replicas: available,
        ..DeploymentStatus::default()
    }
}

/// Upstream: `TestDeploymentComplete`.
#[test]
fn a_rollout_is_complete_when_all_pods_are_new_and_available() {
    // Desired, current, updated, available.
    const TABLE: [(&str, i32, i32, i32, i32, bool); 7] = [
        ("not complete: min but not all pods become available", 5, 5, 5, 4, false),
        ("not complete: min availability is not honored", 5, 5, 5, 3, false),
        ("complete", 5, 5, 5, 5, true),
        ("not complete: all pods are available but not updated", 5, 5, 4, 5, false),
        ("not complete: still running old pods", 1, 2, 1, 1, false),
        ("not complete: one replica deployment never comes up", 1, 1, 1, 0, false),
        ("nothing is wanted and nothing is there", 0, 0, 0, 0, true),
    ];
    for (name, desired, current, updated, available, wanted) in TABLE {
        let mut deployment = deployment(desired, "1", "0");
        deployment.status = status(current, updated, 0, available);
        deployment.status.observed_generation = deployment.metadata.generation;
        assert_eq!(is_complete(&deployment, &deployment.status), wanted, "{name}");
        let mut unseen = deployment.clone();
        unseen.metadata.generation += 1;
        assert!(!is_complete(&unseen, &unseen.status), "{name}: what was not looked at is not complete");
    }
}

/// Upstream: `TestDeploymentProgressing`.
#[test]
fn a_rollout_moves_when_one_of_four_numbers_does() {
    type Counts = (i32, i32, i32, i32);
    const TABLE: [(&str, Counts, Counts, bool); 7] = [
        ("progressing: updated pods", (10, 4, 4, 4), (10, 6, 4, 4), true),
        ("not progressing", (10, 4, 4, 4), (10, 4, 4, 4), false),
        ("progressing: old pods removed", (10, 4, 6, 6), (8, 4, 6, 6), true),
        ("not progressing: less new pods", (10, 7, 3, 3), (10, 6, 3, 3), false),
        ("progressing: less overall but more new pods", (10, 4, 7, 7), (8, 8, 5, 5), true),
        ("progressing: more ready pods", (10, 10, 9, 8), (10, 10, 10, 8), true),
        ("progressing: more available pods", (10, 10, 10, 9), (10, 10, 10, 10), true),
    ];
    for (name, before, after, wanted) in TABLE {
        let mut deployment = deployment(10, "", "");
        deployment.status = status(before.0, before.1, before.2, before.3);
        assert_eq!(has_progressed(&deployment, &status(after.0, after.1, after.2, after.3)), wanted, "{name}");
    }
}

/// Upstream: `TestDeploymentTimedOut`.
#[test]
fn a_rollout_times_out_after_its_deadline_and_not_at_it() {
    // Deadline, reason, seconds since the last update.
    const TABLE: [(&str, Option<i32>, &str, u64, bool); 8] = [
        ("nil progressDeadlineSeconds specified - no timeout", None, "", 11, false),
        ("infinite progressDeadlineSeconds specified - no timeout", Some(i32::MAX), "", 11, false),
        ("progressDeadlineSeconds: 10s, 11s", Some(10), "", 11, true),
        ("progressDeadlineSeconds: 10s, 9s", Some(10), "", 9, false),
        ("progressDeadlineSeconds: 10s, 10s", Some(10), "", 10, false),
        ("previous status was a complete deployment", None, "NewReplicaSetAvailable", 11, false),
        ("a complete one does not time out later", Some(10), "NewReplicaSetAvailable", 99, false),
        ("what timed out once stays so", Some(10), "ProgressDeadlineExceeded", 1, true),
    ];
    for (name, deadline, reason, since, wanted) in TABLE {
        let mut deployment = deployment(1, "", "");
        Rc::make_mut(&mut deployment.spec).progress_deadline_seconds = deadline;
        let mut found = status(1, 0, 0, 0);
        let updated: Time = NOW - Span::seconds(since);
        found.conditions.push(Condition {
            kind: "Progressing".into(),
            status: "True".into(),
            reason: reason.into(),
            last_update_time: updated,
            ..Condition::default()
        });
        assert_eq!(has_timed_out(&deployment, &found, NOW), wanted, "{name}");
        found.conditions.clear();
        assert!(!has_timed_out(&deployment, &found, NOW), "{name}: without a condition");
    }
}

/// Upstream: `TestMaxUnavailable`.
#[test]
fn no_more_can_be_missing_than_there_are() {
    const TABLE: [(&str, &str, i32, &str, i32); 8] = [
        ("maxUnavailable less than replicas", "RollingUpdate", 10, "5", 5),
        ("maxUnavailable equal replicas", "RollingUpdate", 10, "10", 10),
        ("maxUnavailable greater than replicas", "RollingUpdate", 5, "10", 5),
        ("maxUnavailable with replicas is 0", "RollingUpdate", 0, "10", 0),
        ("maxUnavailable with Recreate deployment strategy", "Recreate", 10, "5", 0),
        ("maxUnavailable less than replicas with percents", "RollingUpdate", 10, "50%", 5),
        ("maxUnavailable equal replicas with percents", "RollingUpdate", 10, "100%", 10),
        ("maxUnavailable greater than replicas with percents", "RollingUpdate", 5, "100%", 5),
    ];
    for (name, strategy, replicas, unavailable, wanted) in TABLE {
        let mut deployment = deployment(replicas, "1", unavailable);
        Rc::make_mut(&mut deployment.spec).strategy.kind = strategy.into();
        assert_eq!(max_unavailable(&deployment), wanted, "{name}");
    }
}

/// Upstream: `TestGetNonNegativeInt32FromAnnotation`.
#[test]
fn a_number_in_an_annotation_is_not_negative() {
    const TABLE: [(Option<&str>, Option<i32>); 7] = [
        (None, None),
        (Some("invalid"), None),
        (Some("-1"), None),
        (Some("0"), Some(0)),
        (Some("13"), Some(13)),
        (Some("2147483647"), Some(i32::MAX)),
        (Some("2147483648"), None),
    ];
    for (text, wanted) in TABLE {
        let mut set = (*replica_set("foo-v1", 1, 1, 1)).clone();
        if let Some(text) = text {
            set.metadata.annotations.insert(DESIRED_REPLICAS, text);
        }
        assert_eq!(desired_replicas(&set), wanted, "{text:?}");
    }
}

/// Upstream: `TestFindNewReplicaSet`, `TestEqualIgnoreHash`, `TestFindOldReplicaSets`.
#[test]
fn the_new_replica_set_is_the_oldest_with_the_same_template() {
    type Edit = fn(&mut PodTemplateSpec);
    let same: Edit = |_| {};
    let hashed: Edit = |t| t.metadata.labels.insert(HASH_LABEL, "abc");
    let labelled: Edit = |t| t.metadata.labels.insert("other", "label");
    let imaged: Edit = |t| Rc::make_mut(&mut t.spec).containers[0].image = "other".into();
    let annotated: Edit = |t| t.metadata.annotations.insert("other", "annotation");
    // Templates of ReplicaSets, oldest first; which is the new one.
    let table: [(&str, Vec<Edit>, Option<usize>); 9] = [
        ("none", vec![], None),
        ("the same", vec![same], Some(0)),
        ("the same but for the hash", vec![hashed], Some(0)),
        ("another label", vec![labelled], None),
        ("another image", vec![imaged], None),
        ("another annotation", vec![annotated], None),
        ("the oldest of two", vec![hashed, same], Some(0)),
        ("the second", vec![imaged, hashed], Some(1)),
        ("among others", vec![imaged, labelled, hashed, annotated], Some(2)),
    ];
    for (name, edits, wanted) in table {
        let deployment = deployment(1, "", "");
        let sets: Vec<Rc<ReplicaSet>> = (0..)
            .zip(&edits)
            .map(|(i, edit)| {
                let mut set = (*replica_set(&format!("foo-{i}"), 1, 1, 100 - i)).clone();
                let spec = Rc::make_mut(&mut set.spec);
                spec.template = deployment.spec.template.clone();
                edit(&mut spec.template);
                Rc::new(set)
            })
            .collect();
        let mut listed = sets.clone();
        listed.reverse();
        let found = find_new_replica_set(&deployment, &listed).map(|set| set.metadata.name.to_string());
        assert_eq!(found, wanted.map(|i| format!("foo-{i}")), "{name}");
    }
}
