//! Rolling updates, with and without a budget of missing pods, and scaling in parallel.
//!
//! Upstream: `stateful_set_control_test.go` (`TestStatefulSetControlRollingUpdate`,
//! `TestStatefulSetControlRollingUpdateWithMaxUnavailable` and `...InOrderedModeVerifyInvariant`, `TestParallelScale`,
//! `TestStatefulSetAvailability`, `TestStatefulSetControlScaleDownDeleteError`, `TestStatefulSetControlWithStartOrdinal`,
//! `TestStatefulSetRollingUpdateRespectsMinReadySeconds`, `TestStatefulSetScaleDownRespectsMinReadySeconds`).

use super::*;
use crate::belief::client::call::Via;

/// Name, whether in parallel, replicas before and after the template changes.
pub const SHAPES: [(&str, bool, i32, i32); 6] = [
    ("monotonic image update", false, 3, 3),
    ("monotonic image update and scale up", false, 3, 5),
    ("monotonic image update and scale down", false, 5, 3),
    ("burst image update", true, 3, 3),
    ("burst image update and scale up", true, 3, 5),
    ("burst image update and scale down", true, 5, 3),
];

pub fn shape(replicas: i32, burst: bool) -> StatefulSet {
    if burst { parallel(new_set(replicas)) } else { new_set(replicas) }
}

pub fn images(stage: &Stage) -> Vec<String> {
    stage.pods().iter().map(|pod| pod.spec.containers[0].image.to_string()).collect()
}

/// Upstream: `updateComplete`.
pub fn rolled_out(stage: &Stage) -> bool {
    let set = stage.set();
    let pods = stage.pods();
    set.status.observed_generation == set.metadata.generation
        && pods.len() as i32 == set.replicas()
        && set.status.ready_replicas == set.replicas()
        && set.status.current_replicas >= set.replicas()
        && set.status.current_revision == set.status.update_revision
        && pods.iter().all(|pod| pod_revision(pod) == &*set.status.current_revision)
}

#[test]
fn a_rolling_update_replaces_every_pod_from_the_top() {
    for (name, burst, before, after) in SHAPES {
        let mut stage = Stage::new(shape(before, burst), 19);
        stage.scale_up(if burst { burst_invariants } else { monotonic_invariants }).expect("nothing is refused");
        stage.edit(|spec| {
            spec.replicas = Some(after);
            Rc::make_mut(&mut spec.template.spec).containers[0].image = "foo".into();
        });
        stage.play(update_invariants, rolled_out).expect("nothing is refused");
        assert_eq!(images(&stage), vec!["foo"; after as usize], "{name}");
    }
}

fn with_budget(replicas: i32, burst: bool, partition: i32, max_unavailable: IntOrString) -> Stage {
    let mut set = shape(replicas, burst);
    Rc::make_mut(&mut set.spec).update_strategy.rolling_update =
        Some(RollingUpdateStatefulSetStrategy { partition: Some(partition), max_unavailable: Some(max_unavailable) });
    let mut settings = Settings::default();
    settings.gates.max_unavailable_stateful_set = true;
    let mut stage = Stage::with(set, 23, settings);
    stage.scale_up(burst_invariants).expect("nothing is refused");
    stage
}

fn deleted(run: &Run) -> Vec<String> {
    run.requests().iter().filter_map(|line| line.strip_prefix("delete pod/")).map(String::from).collect()
}

/// Upstream: `...WithMaxUnavailableInOrderedModeVerifyInvariant`: pods that are missing already use the budget of two up,
/// whether they are below the partition or not. Played in parallel, because a sync in order stops at a stopping pod.
#[test]
fn pods_that_are_missing_already_use_the_budget_up() {
    const TABLE: [(&[i32], &[&str]); 10] = [
        (&[], &["foo-5", "foo-4"]),
        (&[5], &["foo-4"]),
        (&[3], &["foo-5"]),
        (&[4], &["foo-5"]),
        (&[5, 4], &[]),
        (&[5, 3], &[]),
        (&[4, 3], &[]),
        (&[5, 4, 3], &[]),
        (&[2], &["foo-5"]),
        (&[1], &["foo-5"]),
    ];
    for (stopping, wanted) in TABLE {
        let mut stage = with_budget(6, true, 3, IntOrString::Int(2));
        stopping.iter().for_each(|ordinal| stage.delete(*ordinal));
        stage.image("foo");
        assert_eq!(deleted(&stage.sync()), wanted, "{stopping:?}");
        assert!(deleted(&stage.sync()).is_empty(), "{stopping:?}: the budget stays used up");
    }
}

/// How many go at once, by budget: percentages round down, and one may always go.
#[test]
fn a_budget_in_percent_rounds_down_to_at_least_one() {
    let table: [(IntOrString, usize); 7] = [
        (IntOrString::Int(1), 1),
        (IntOrString::Int(3), 3),
        (IntOrString::Int(9), 6),
        (IntOrString::String("10%".into()), 1),
        (IntOrString::String("33%".into()), 1),
        (IntOrString::String("50%".into()), 3),
        (IntOrString::String("100%".into()), 6),
    ];
    for (budget, wanted) in table {
        let mut stage = with_budget(6, false, 0, budget.clone());
        stage.image("foo");
        assert_eq!(deleted(&stage.sync()).len(), wanted, "{budget:?}");
    }
}

/// Upstream: `TestStatefulSetControlRollingUpdateWithMaxUnavailable`.
#[test]
fn two_go_at_a_time_and_come_back_in_the_order_of_the_policy() {
    for burst in [false, true] {
        let mut stage = with_budget(6, burst, 3, IntOrString::Int(2));
        stage.image("foo");
        assert_eq!(deleted(&stage.sync()), ["foo-5", "foo-4"]);
        stage.remove(5);
        stage.remove(4);
        stage.sync();
        assert_eq!(stage.pods().len(), if burst { 6 } else { 5 }, "in order one is made at a time");
        stage.phase(4, Phase::Running, true);
        if burst {
            // Pod 5 is missing still, so one more may go.
            assert_eq!(deleted(&stage.sync()), ["foo-3"]);
        } else {
            assert!(deleted(&stage.sync()).is_empty(), "first pod 5 comes back");
            assert_eq!(stage.pods().len(), 6);
            stage.phase(5, Phase::Running, true);
            assert_eq!(deleted(&stage.sync()), ["foo-3"]);
        }
        stage.remove(3);
        stage.sync();
        assert_eq!(stage.pods().len(), 6);
        for ordinal in [3, 5] {
            stage.phase(ordinal, Phase::Running, true);
        }
        assert!(deleted(&stage.sync()).is_empty(), "below the partition nothing goes");
        assert_eq!(images(&stage), ["nginx:1", "nginx:1", "nginx:1", "foo", "foo", "foo"]);
    }
}

impl Stage {
    /// A sync that is served in place: a thousand pods would take long to replay.
    fn sync_in_place(&mut self) -> Result<(), ApiError> {
        let cache = Rc::new(self.server.objects().clone());
        let context = WriteContext { now: self.bench.now, by: Actor::Setup, cause: Cause::None };
        let via = Via::Direct { server: &mut self.server, context };
        let mut api = Api::new(self.bench.now, &self.bench.settings, &mut self.bench.memory, cache, via).of();
        match super::super::sync(&self.key, &mut api) {
            Ok(_) => Ok(()),
            Err(crate::belief::client::call::Stop::Failed(error)) => Err(error),
            Err(crate::belief::client::call::Stop::Awaiting) => unreachable!("served in place"),
        }
    }
}

/// Upstream: `TestParallelScale`: any number of pods comes or goes in one sync.
#[test]
fn parallel_sets_scale_in_one_sync() {
    for (before, after) in [(3, 30), (10, 1), (501, 0), (0, 1_000), (3, 9)] {
        let mut stage = Stage::new(parallel(new_set(before)), 29);
        stage.sync_in_place().expect("nothing is refused");
        assert_eq!(stage.pods().len(), before as usize);
        stage.edit(|spec| spec.replicas = Some(after));
        stage.sync_in_place().expect("nothing is refused");
        assert_eq!(stage.pods().len(), after as usize, "{before} to {after}: pods without a node go at once");
        stage.sync_in_place().expect("nothing is refused");
        assert_eq!(stage.set().status.replicas, after, "{before} to {after}");
        let claims = stage.server.objects().claims.in_namespace("default").count();
        assert_eq!(claims, before.max(after) as usize);
    }
}

/// Upstream: `TestStatefulSetAvailability`.
#[test]
fn a_pod_is_available_when_it_has_been_ready_for_long_enough() {
    // minReadySeconds, seconds since Ready, available replicas.
    for (min_ready, since, available) in [(3_600, 7_200, 1), (3_600, 1_800, 0), (3_600, 3_600, 1), (0, 0, 1)] {
        let mut set = new_set(1);
        Rc::make_mut(&mut set.spec).min_ready_seconds = min_ready;
        let mut stage = Stage::new(set, 1);
        stage.sync();
        stage.phase(0, Phase::Running, true);
        stage.bench.now += Span::seconds(since);
        let run = stage.sync();
        let status = stage.set().status.clone();
        assert_eq!((status.ready_replicas, status.available_replicas), (1, available), "{min_ready} {since}");
        let again = (available == 0).then(|| Span::seconds(3_600 - since));
        assert_eq!(run.done().after, again, "{min_ready} {since}: looked at again in time");
    }
}

/// Upstream: `TestStatefulSetRollingUpdateRespectsMinReadySeconds`, `TestStatefulSetScaleDownRespectsMinReadySeconds`
/// (C-039, C-040).
#[test]
fn pods_that_are_not_available_yet_hold_up_rollouts_and_scaling_down() {
    type Edit = fn(&mut StatefulSetSpec);
    let table: [(&str, Edit, u64, &[&str]); 4] = [
        (
            "rollout, too young",
            |spec| Rc::make_mut(&mut spec.template.spec).containers[0].image = "foo".into(),
            10,
            &[],
        ),
        (
            "rollout, old enough",
            |spec| Rc::make_mut(&mut spec.template.spec).containers[0].image = "foo".into(),
            30,
            &["foo-2"],
        ),
        ("scaling down, too young", |spec| spec.replicas = Some(1), 10, &[]),
        ("scaling down, old enough", |spec| spec.replicas = Some(1), 30, &["foo-2"]),
    ];
    for (name, edit, seconds, wanted) in table {
        let mut stage = Stage::new(parallel(new_set(3)), 1);
        stage.scale_up(burst_invariants).expect("nothing is refused");
        let mut ordered = (*stage.set()).clone();
        ordered.metadata.generation += 1;
        Rc::make_mut(&mut ordered.spec).pod_management_policy = "OrderedReady".into();
        Rc::make_mut(&mut ordered.spec).min_ready_seconds = 30;
        edit(Rc::make_mut(&mut ordered.spec));
        // The policy cannot be changed by users; three pods of one age are what matters here.
        stage.bench.now += Span::seconds(seconds);
        stage.bench.cache = stage.server.objects().clone();
        stage.bench.cache.put(ordered.into());
        let answer = crate::belief::controllers::testing::agree(&stage.bench.cache);
        let key = stage.key.clone();
        let run = stage.bench.sync(super::super::sync, &key, answer);
        assert_eq!(deleted(&run), wanted, "{name}");
    }
}

/// Upstream: `TestStatefulSetControlScaleDownDeleteError`.
#[test]
fn a_refused_deletion_is_tried_again() {
    for policy in POLICIES {
        let mut stage = Stage::new(retention(new_set(3), policy), 31);
        stage.scale_up(monotonic_invariants).expect("nothing is refused");
        stage.edit(|spec| spec.replicas = Some(0));
        stage.refuse("delete pod", 2);
        stage.sync().result.expect("the first deletion succeeds");
        let result = stage.scale_down(monotonic_invariants);
        assert!(matches!(&result, Err(ApiError::Internal(text)) if &**text == BROKEN), "{policy:?}: {result:?}");
        stage.scale_down(monotonic_invariants).expect("one refusal only");
        let status = stage.set().status.clone();
        assert_eq!((status.replicas, status.ready_replicas, status.updated_replicas), (0, 0, 0), "{policy:?}");
    }
}

/// Upstream: `TestStatefulSetControlWithStartOrdinal` and the e2e cases "Setting", "Increasing", "Decreasing" and
/// "Removing .start.ordinal" (C-049): what is missing is made first, then what has no place goes from the top.
#[test]
fn ordinals_begin_where_they_should() {
    // Start before and after, ordinals before and after, and the order of creations and deletions.
    type Row = (i32, i32, i32, &'static [i32], &'static [i32], &'static str);
    const TABLE: [Row; 5] = [
        (2, 2, 3, &[2, 3, 4], &[2, 3, 4], ""),
        (0, 2, 2, &[0, 1], &[2, 3], "+2 +3 -1 -0"),
        (3, 4, 2, &[3, 4], &[4, 5], "+5 -3"),
        (3, 2, 2, &[3, 4], &[2, 3], "+2 -4"),
        (3, 0, 2, &[3, 4], &[0, 1], "+0 +1 -4 -3"),
    ];
    for (from, to, replicas, before, after, wanted) in TABLE {
        let mut set = new_set(replicas);
        Rc::make_mut(&mut set.spec).ordinals = Some(StatefulSetOrdinals { start: from });
        let mut stage = Stage::new(set, 37);
        let ordinals =
            |stage: &Stage| -> Vec<i32> { stage.pods().iter().filter_map(|p| ordinal_of(&p.metadata.name)).collect() };
        stage.scale_up(monotonic_invariants).expect("nothing is refused");
        assert_eq!(ordinals(&stage), before);
        stage.edit(|spec| spec.ordinals = (to != 0).then_some(StatefulSetOrdinals { start: to }));
        let mut steps = Vec::new();
        for _ in 0..20 {
            let run = stage.sync();
            for line in run.requests() {
                let sign = |verb: &str, sign: &str| line.strip_prefix(verb).map(|rest| format!("{sign}{rest}"));
                steps.extend(sign("create pod/foo-", "+").or_else(|| sign("delete pod/foo-", "-")));
            }
            for pod in stage.pods() {
                let ordinal = ordinal_of(&pod.metadata.name).expect("members have ordinals");
                if pod.is_terminating() { stage.remove(ordinal) } else { stage.phase(ordinal, Phase::Running, true) }
            }
        }
        assert_eq!(ordinals(&stage), after);
        assert_eq!(steps.join(" "), wanted, "{from} to {to}");
    }
}
