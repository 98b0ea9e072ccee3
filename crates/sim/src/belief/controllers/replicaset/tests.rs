use super::*;
use crate::belief::api::request::Request;
use crate::belief::controllers::expectations::EXPECTATIONS_TIMEOUT;
use crate::belief::controllers::testing::{Bench, NOW, agree, meta, ready_pod, selector, template};
use crate::belief::controllers::util::controller_ref;

fn replica_set(replicas: i32) -> ReplicaSet {
    let spec = ReplicaSetSpec {
        replicas: Some(replicas),
        selector: Some(selector("web")),
        template: template("web"),
        ..ReplicaSetSpec::default()
    };
    ReplicaSet { metadata: meta("web", 1), spec: Rc::new(spec), ..ReplicaSet::default() }
}

fn key() -> Key {
    Key::new("default", "web")
}

/// A set of ready pods `web-a`, `web-b` and so on.
fn bench(replicas: i32, names: &[&str]) -> (Bench, Object) {
    let owner = Object::from(replica_set(replicas));
    let pods = names.iter().enumerate().map(|(i, name)| ready_pod(name, 10 + i as u64, "web", Some(&owner)).into());
    (Bench::new(std::iter::once(owner.clone()).chain(pods)), owner)
}

#[test]
fn creates_what_is_missing_and_reports_the_count_from_before() {
    let (mut bench, _) = bench(2, &[]);
    let run = bench.sync(sync, &key(), agree(&bench.cache.clone()));
    assert_eq!(run.requests(), ["create pod/web-", "create pod/web-", "status replicaset/web"]);
    assert_eq!(
        run.events(),
        ["Normal SuccessfulCreate Created pod: web-00001", "Normal SuccessfulCreate Created pod: web-00002"]
    );
    let pod = &run.sent::<Pod>()[0];
    assert!(pod.metadata.is_controlled_by(Uid(1)));
    assert_eq!(pod.metadata.labels.get("app").map(|v| &**v), Some("web"));
    let status = &run.sent::<ReplicaSet>()[0].status;
    assert_eq!((status.replicas, status.observed_generation, status.terminating_replicas), (0, 1, Some(0)));
}

#[test]
fn does_not_create_again_before_its_own_pods_are_seen() {
    let (mut bench, _) = bench(2, &[]);
    bench.sync(sync, &key(), agree(&bench.cache.clone()));
    let stale = bench.sync(sync, &key(), agree(&bench.cache.clone()));
    assert_eq!(stale.requests(), [""; 0]);
    assert_eq!(stale.done().waiting, Some(Reason::ExpectationsPending { creations: 2, deletions: 0 }));

    bench.now += EXPECTATIONS_TIMEOUT + Span::millis(1);
    let late = bench.sync(sync, &key(), agree(&bench.cache.clone()));
    assert_eq!(late.requests().iter().filter(|line| line.starts_with("create")).count(), 2, "five minutes are enough");
}

#[test]
fn sees_its_creations_in_the_watch() {
    let (mut bench, owner) = bench(1, &[]);
    bench.sync(sync, &key(), agree(&bench.cache.clone()));
    let mut pod = ready_pod("web-00001", 1_000_001, "web", Some(&owner));
    pod.metadata.resource_version = Revision(1_001);
    let pod = Object::from(pod);
    bench.cache.put(pod.clone());
    assert_eq!(bench.enqueue(enqueue, None, Some(pod)), [(key(), Span::ZERO)]);
    let run = bench.sync(sync, &key(), agree(&bench.cache.clone()));
    assert_eq!(run.requests(), ["status replicaset/web"]);
    assert_eq!(run.verdict(), "");
}

#[test]
fn a_pod_that_is_stopping_is_replaced_at_once_and_counted_as_terminating() {
    let (mut bench, owner) = bench(2, &["web-a", "web-b"]);
    let mut stopping = ready_pod("web-a", 10, "web", Some(&owner));
    stopping.metadata.deletion_timestamp = NOW + Span::seconds(30);
    bench.cache.put(stopping.into());
    let run = bench.sync(sync, &key(), agree(&bench.cache.clone()));
    assert_eq!(run.requests(), ["create pod/web-", "status replicaset/web"]);
    let status = &run.sent::<ReplicaSet>()[0].status;
    assert_eq!((status.replicas, status.terminating_replicas), (1, Some(1)));
}

#[test]
fn adopts_a_matching_orphan_after_a_live_look_at_the_owner_and_releases_what_no_longer_matches() {
    let (mut bench, owner) = bench(1, &[]);
    bench.cache.put(ready_pod("bare", 20, "web", None).into());
    bench.cache.put(ready_pod("renamed", 21, "other", Some(&owner)).into());
    let run = bench.sync(sync, &key(), agree(&bench.cache.clone()));
    assert_eq!(
        run.requests(),
        [
            "get replicaset/web",
            "patch pod/bare adopt-by web",
            "patch pod/renamed remove-owners 1",
            "status replicaset/web"
        ]
    );
}

#[test]
fn refuses_to_adopt_for_an_owner_that_has_just_been_deleted() {
    let (mut bench, owner) = bench(1, &[]);
    bench.cache.put(ready_pod("bare", 20, "web", None).into());
    let mut deleted = owner;
    deleted.meta_mut().deletion_timestamp = NOW;
    let run = bench.sync(sync, &key(), |_| Ok(deleted.clone()));
    assert!(run.verdict().ends_with("default/web has just been deleted at 2026-01-01T00:00:00Z"), "{}", run.verdict());
}

#[test]
fn a_terminating_set_creates_nothing() {
    let mut set = replica_set(2);
    set.metadata.deletion_timestamp = NOW;
    let mut bench = Bench::new([set.into()]);
    let run = bench.sync(sync, &key(), agree(&bench.cache.clone()));
    assert_eq!(
        (run.requests(), run.verdict()),
        (vec!["status replicaset/web".to_owned()], "SetTerminating".to_owned())
    );
}

/// C-063.
#[test]
fn a_quota_stops_the_batches_and_is_reported_until_it_is_lifted() {
    let (mut bench, _) = bench(5, &[]);
    let cache = bench.cache.clone();
    let mut left = 2;
    let mut yes = agree(&cache);
    let run = bench.sync(sync, &key(), |request| match request {
        Request::Create(_) if left == 0 => {
            let cause = "exceeded quota".into();
            Err(ApiError::Forbidden { kind: Kind::Pod, name: "web-zzzzz".into(), cause })
        }
        Request::Create(_) => {
            left -= 1;
            yes(request)
        }
        _ => yes(request),
    });
    assert_eq!(run.requests(), ["create pod/web-", "create pod/web-", "create pod/web-", "status replicaset/web"]);
    assert_eq!(
        run.events().last().map(String::as_str),
        Some("Warning FailedCreate Error creating: pods \"web-zzzzz\" is forbidden: exceeded quota")
    );
    assert_eq!(run.verdict(), "pods \"web-zzzzz\" is forbidden: exceeded quota");
    let failed = run.sent::<ReplicaSet>()[0].clone();
    let failure = condition(&failed.status.conditions, "ReplicaFailure").expect("the failure is reported");
    assert_eq!((&*failure.status, &*failure.reason), ("True", "FailedCreate"));

    let mut lifted = Bench::new([Object::ReplicaSet(failed)]);
    let run = lifted.sync(sync, &key(), agree(&lifted.cache.clone()));
    assert_eq!(run.sent::<ReplicaSet>()[0].status.conditions, []);
}

#[test]
fn a_namespace_that_is_being_deleted_is_no_failure() {
    let (mut bench, _) = bench(1, &[]);
    let mut yes = agree(&bench.cache.clone());
    let run = bench.sync(sync, &key(), |request| match request {
        Request::Create(_) => Err(ApiError::Forbidden {
            kind: Kind::Pod,
            name: "web-x".into(),
            cause: "unable to create new content in namespace default because it is being terminated".into(),
        }),
        _ => yes(request),
    });
    assert_eq!((run.events().len(), run.verdict()), (0, String::new()));
}

#[test]
fn a_pod_too_young_to_be_available_is_looked_at_again_in_time() {
    let mut set = replica_set(1);
    Rc::make_mut(&mut set.spec).min_ready_seconds = 90;
    let owner = Object::from(set);
    let mut bench = Bench::new([owner.clone(), ready_pod("web-a", 10, "web", Some(&owner)).into()]);
    let run = bench.sync(sync, &key(), agree(&bench.cache.clone()));
    assert_eq!(run.verdict(), "PodNotAvailable");
    assert_eq!(run.done().after, Some(Span::seconds(30)));
    let status = &run.sent::<ReplicaSet>()[0].status;
    assert_eq!((status.ready_replicas, status.available_replicas), (1, 0));
}

#[test]
fn the_pod_whose_loss_is_felt_least_is_deleted_first() {
    type Change = fn(&mut Pod);
    // What is done to the pod that must go, to the one that stays, and the pods beside each on its node.
    let table: &[(&str, Change, Change, (u32, u32))] = &[
        ("unassigned", |p| Rc::make_mut(&mut p.spec).node_name = "".into(), |_| {}, (0, 0)),
        ("pending", |p| Rc::make_mut(&mut p.status).phase = Phase::Pending, |_| {}, (0, 0)),
        (
            "pending before unknown",
            |p| Rc::make_mut(&mut p.status).phase = Phase::Pending,
            |p| Rc::make_mut(&mut p.status).phase = Phase::Unknown,
            (0, 0),
        ),
        ("not ready", |p| Rc::make_mut(&mut p.status).conditions[0].status = "False".into(), |_| {}, (0, 0)),
        ("lower cost", |p| p.metadata.annotations.insert(ranking_cost(), "-1"), |_| {}, (0, 9)),
        ("more company", |_| {}, |_| {}, (2, 1)),
        (
            "ready for less",
            |p| Rc::make_mut(&mut p.status).conditions[0].last_transition_time = NOW - Span::seconds(5),
            |_| {},
            (0, 0),
        ),
        (
            "more restarts",
            |p| {
                let status = ContainerStatus { restart_count: 3, ..ContainerStatus::default() };
                Rc::make_mut(&mut p.status).container_statuses.push(status);
            },
            |_| {},
            (0, 0),
        ),
        ("younger", |p| p.metadata.creation_timestamp = NOW - Span::seconds(60), |_| {}, (0, 0)),
    ];
    for (claim, goes, stays, ranks) in table {
        // The uid speaks against the one that must go, so that nothing else decides for it.
        let (mut first, mut last) = (ready_pod("z", 99, "web", None), ready_pod("a", 1, "web", None));
        goes(&mut first);
        stays(&mut last);
        let order = ranking::compare(&first, &last, ranks.0, ranks.1, NOW);
        assert_eq!(order, std::cmp::Ordering::Less, "{claim} goes first");
        let order = ranking::compare(&last, &first, ranks.1, ranks.0, NOW);
        assert_eq!(order, std::cmp::Ordering::Greater, "{claim}: and not last");
    }
}

fn ranking_cost() -> &'static str {
    "controller.kubernetes.io/pod-deletion-cost"
}

#[test]
fn ages_of_one_magnitude_are_decided_by_uid() {
    let pod = |uid: u64, ready_seconds: u64| {
        let mut pod = ready_pod("p", uid << 48, "web", None);
        Rc::make_mut(&mut pod.status).conditions[0].last_transition_time = NOW - Span::seconds(ready_seconds);
        pod
    };
    // 40 s and 60 s lie between 2^35 and 2^36 nanoseconds; 30 s does not.
    assert_eq!(ranking::compare(&pod(1, 60), &pod(2, 40), 0, 0, NOW), std::cmp::Ordering::Less);
    assert_eq!(ranking::compare(&pod(1, 60), &pod(2, 30), 0, 0, NOW), std::cmp::Ordering::Greater);
}

#[test]
fn scale_down_prefers_a_node_with_several_pods_of_the_same_deployment() {
    let deployment = Object::from(Deployment { metadata: meta("web", 5), ..Deployment::default() });
    let mut set = replica_set(2);
    set.metadata.owner_references.push(controller_ref(&deployment));
    let owner = Object::from(set);
    let mut bench = Bench::new([owner.clone()]);
    for (name, uid, node) in [("web-a", 10, "node-b"), ("web-b", 11, "node-a"), ("web-c", 12, "node-a")] {
        let mut pod = ready_pod(name, uid, "web", Some(&owner));
        Rc::make_mut(&mut pod.spec).node_name = node.into();
        bench.cache.put(pod.into());
    }
    let run = bench.sync(sync, &key(), agree(&bench.cache.clone()));
    assert_eq!(run.requests()[0], "delete pod/web-b");
    assert_eq!(run.events(), ["Normal SuccessfulDelete Deleted pod: web-b"]);
    let again = bench.sync(sync, &key(), agree(&bench.cache.clone()));
    assert_eq!(again.done().waiting, Some(Reason::ExpectationsPending { creations: 0, deletions: 1 }));
}

#[test]
fn a_pod_wakes_its_old_and_its_new_owner_and_an_orphan_wakes_all_that_match() {
    let (mut bench, owner) = bench(1, &[]);
    let owned = Object::from(ready_pod("web-a", 10, "web", Some(&owner)));
    let orphan = Object::from(ready_pod("web-a", 10, "web", None));
    let stranger = Object::from(ready_pod("x", 11, "other", None));
    let woken = vec![(key(), Span::ZERO)];
    assert_eq!(bench.enqueue(enqueue, Some(owned.clone()), None), woken);
    assert_eq!(bench.enqueue(enqueue, None, Some(orphan.clone())), woken);
    assert_eq!(bench.enqueue(enqueue, Some(orphan.clone()), Some(orphan)), [], "nothing that matters has changed");
    assert_eq!(bench.enqueue(enqueue, None, Some(stranger)), []);
}
