//! Names, ordinals, labels and volumes of pods.
//!
//! Upstream: `pkg/controller/statefulset/stateful_set_utils_test.go`.

use super::*;

/// Upstream: `TestGetParentNameAndOrdinal`.
#[test]
fn a_name_is_a_parent_and_an_ordinal() {
    const TABLE: [(&str, Option<(&str, i32)>); 14] = [
        ("foo-1", Some(("foo", 1))),
        ("foo-0", Some(("foo", 0))),
        ("foo-10", Some(("foo", 10))),
        ("foo-bar-3", Some(("foo-bar", 3))),
        ("foo-1-2", Some(("foo-1", 2))),
        ("foo--2", Some(("foo-", 2))),
        ("-4", Some(("", 4))),
        ("foo-2147483647", Some(("foo", 2_147_483_647))),
        ("foo-2147483648", None),
        ("foo1", None),
        ("foo-", None),
        ("foo-1a", None),
        ("foo-+1", None),
        ("", None),
    ];
    for (name, wanted) in TABLE {
        assert_eq!(parent_and_ordinal(name), wanted, "{name}");
    }
}

fn pod_of(set: &StatefulSet) -> Pod {
    new_pod(set, &set.spec.template, "foo-5d8c7b9d4f", 1)
}

/// Upstream: `TestIsMemberOf`.
#[test]
fn members_are_found_by_name() {
    const TABLE: [(&str, &str, bool); 6] = [
        ("foo", "foo-1", true),
        ("foo2", "foo-1", false),
        ("foo", "foo2-1", false),
        ("foo", "foo-1-1", false),
        ("foo-1", "foo-1-1", true),
        ("foo", "foo", false),
    ];
    for (set_name, pod_name, wanted) in TABLE {
        let mut set = new_set(3);
        set.metadata.name = set_name.into();
        let mut pod = pod_of(&set);
        pod.metadata.name = pod_name.into();
        assert_eq!(is_member_of(&set, &pod), wanted, "{set_name} {pod_name}");
    }
}

type Spoil = fn(&mut Pod);

/// Upstream: `TestIdentityMatches`, `TestUpdateIdentity`. The host name and the subdomain are set when a pod is made and
/// are never looked at again.
#[test]
fn an_identity_that_is_spoilt_is_noticed_and_restored() {
    let table: [(&str, Spoil, bool); 8] = [
        ("as made", |_| {}, true),
        ("another name", |pod| pod.metadata.name = "foo".into(), false),
        ("another namespace", |pod| pod.metadata.namespace = "".into(), false),
        ("no label of the name", |pod| pod.metadata.labels.remove(POD_NAME_LABEL), false),
        ("a wrong label of the name", |pod| pod.metadata.labels.insert(POD_NAME_LABEL, "foo-2"), false),
        ("no label of the index", |pod| pod.metadata.labels.remove(POD_INDEX_LABEL), false),
        ("a wrong label of the index", |pod| pod.metadata.labels.insert(POD_INDEX_LABEL, "2"), false),
        ("no host name", |pod| Rc::make_mut(&mut pod.spec).hostname = "".into(), true),
    ];
    let set = new_set(3);
    for (name, spoil, matches) in table {
        let mut pod = pod_of(&set);
        spoil(&mut pod);
        assert_eq!(identity_matches(&set, &pod), matches, "{name}");
        update_identity(&set, &mut pod, 1);
        assert!(identity_matches(&set, &pod), "{name}: restored");
    }
}

/// Upstream: `TestStorageMatches`, `TestUpdateStorage`.
#[test]
fn volumes_that_are_spoilt_are_noticed_and_restored() {
    let table: [(&str, Spoil, bool); 6] = [
        ("as made", |_| {}, true),
        ("no volumes", |pod| Rc::make_mut(&mut pod.spec).volumes.clear(), false),
        (
            "no claims",
            |pod| {
                Rc::make_mut(&mut pod.spec).volumes.iter_mut().for_each(|v| v.persistent_volume_claim = None);
            },
            false,
        ),
        (
            "claims of another name",
            |pod| {
                for volume in &mut Rc::make_mut(&mut pod.spec).volumes {
                    if let Some(claim) = &mut volume.persistent_volume_claim {
                        claim.claim_name = "foo".into();
                    }
                }
            },
            false,
        ),
        ("no ordinal", |pod| pod.metadata.name = "bar".into(), false),
        (
            "a volume of its own more",
            |pod| {
                Rc::make_mut(&mut pod.spec).volumes.push(Volume { name: "own".into(), ..Volume::default() });
            },
            true,
        ),
    ];
    let set = new_set(3);
    for (name, spoil, matches) in table {
        let mut pod = pod_of(&set);
        spoil(&mut pod);
        assert_eq!(storage_matches(&set, &pod), matches, "{name}");
        pod.metadata.name = "foo-1".into();
        update_storage(&set, &mut pod, 1);
        assert!(storage_matches(&set, &pod), "{name}: restored");
    }
}

/// Upstream: `TestNewPodControllerRef`, `newVersionedStatefulSetPod`, `initIdentity`, `updateStorage`.
#[test]
fn a_new_pod_has_everything_of_its_own() {
    let set = StatefulSet { metadata: meta("foo", 7), ..new_set(3) };
    let pod = pod_of(&set);
    let owner = pod.metadata.controller().expect("pods are controlled");
    assert_eq!((&*owner.api_version, &*owner.kind, &*owner.name), ("apps/v1", "StatefulSet", "foo"));
    assert_eq!((owner.uid, owner.controller, owner.block_owner_deletion), (Uid(7), Some(true), Some(true)));
    assert_eq!((&*pod.metadata.name, &*pod.spec.hostname, &*pod.spec.subdomain), ("foo-1", "foo-1", "governingsvc"));
    let labels: Vec<String> = pod.metadata.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(
        labels,
        [
            "app=foo",
            "apps.kubernetes.io/pod-index=1",
            "controller-revision-hash=foo-5d8c7b9d4f",
            "statefulset.kubernetes.io/pod-name=foo-1",
        ]
    );
    let volumes: Vec<&str> = pod.spec.volumes.iter().map(|volume| &*volume.name).collect();
    assert_eq!(volumes, ["datadir", "home"], "claims come before the template's own volumes");
}

/// Upstream: `TestGetPersistentVolumeClaims` and the label cases of it: the set's selector is laid over the labels of
/// the claim template.
#[test]
fn a_claim_takes_the_labels_of_its_template_and_of_the_selector() {
    type Labelled = &'static [(&'static str, &'static str)];
    const TABLE: [(Labelled, Labelled, &str); 5] = [
        (&[], &[("app", "foo")], "app=foo"),
        (&[("test", "test")], &[("app", "foo")], "app=foo,test=test"),
        (&[("app", "own")], &[("app", "foo")], "app=foo"),
        (&[("a", "1"), ("b", "2")], &[("app", "foo"), ("tier", "db")], "a=1,app=foo,b=2,tier=db"),
        (&[], &[], ""),
    ];
    for (own, selected, wanted) in TABLE {
        let mut set = new_set(1);
        let spec = Rc::make_mut(&mut set.spec);
        spec.selector.as_mut().expect("it has one").match_labels = selected.iter().copied().collect();
        spec.volume_claim_templates[0].metadata.labels = own.iter().copied().collect();
        let claims = claims_of(&set, 4);
        let labels: Vec<String> = claims[0].metadata.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(labels.join(","), wanted);
        assert_eq!(
            (claims.len(), &*claims[0].metadata.name, &*claims[0].metadata.namespace),
            (1, "datadir-foo-4", "default")
        );
    }
}

/// Upstream: `TestIsRunningAndReady`, `TestIsUnavailable`, `isFailed`, `isSucceeded`, `isCreated`, `isPending`.
#[test]
fn the_states_of_a_pod() {
    // Phase, ready for so many seconds, stopping; running and ready, unavailable with minReadySeconds 0 and 10.
    type Row = (Phase, Option<u64>, bool, bool, bool, bool);
    const TABLE: [Row; 10] = [
        (Phase::None, None, false, false, true, true),
        (Phase::Pending, None, false, false, true, true),
        (Phase::Running, None, false, false, true, true),
        (Phase::Running, Some(0), false, true, false, true),
        (Phase::Running, Some(9), false, true, false, true),
        (Phase::Running, Some(10), false, true, false, false),
        (Phase::Running, Some(60), false, true, false, false),
        (Phase::Running, Some(60), true, true, true, true),
        (Phase::Succeeded, None, false, false, true, true),
        (Phase::Failed, None, false, false, true, true),
    ];
    let now = crate::belief::controllers::testing::NOW;
    for (phase, ready, stopping, running_and_ready, unavailable, unavailable_10) in TABLE {
        let mut pod = pod_of(&new_set(1));
        let status = Rc::make_mut(&mut pod.status);
        status.phase = phase;
        status.conditions.extend(ready.map(|seconds| Condition {
            kind: "Ready".into(),
            status: "True".into(),
            last_transition_time: now - Span::seconds(seconds),
            ..Condition::default()
        }));
        if stopping {
            pod.metadata.deletion_timestamp = now;
        }
        let case = format!("{phase:?} {ready:?} {stopping}");
        assert_eq!(pod.is_running_and_ready(), running_and_ready, "{case}");
        assert_eq!(is_unavailable(&pod, 0, now), unavailable, "{case}");
        assert_eq!(is_unavailable(&pod, 10, now), unavailable_10, "{case}, 10 s");
        assert_eq!(pod.is_created(), phase != Phase::None, "{case}");
        assert_eq!(
            (pod.is_failed(), pod.is_succeeded(), pod.is_pending()),
            (phase == Phase::Failed, phase == Phase::Succeeded, phase == Phase::Pending),
            "{case}"
        );
    }
}

/// Upstream: `TestOverlappingStatefulSets`, `TestGetPodsForStatefulSetAdopt`, `TestGetPodsForStatefulSetRelease`: what is
/// claimed is decided by selector and name together.
#[test]
fn pods_are_adopted_kept_released_or_left_alone() {
    // Name, label `app`, owner uid (0 for none); the request that it leads to.
    const TABLE: [(&str, &str, u64, &str); 8] = [
        ("foo-0", "foo", 0, "patch pod/foo-0 adopt-by foo"),
        ("foo-0", "foo", 7, ""),
        ("foo-0", "bar", 7, "patch pod/foo-0 remove-owners 1"),
        ("foo-0", "bar", 0, ""),
        ("foo-0", "foo", 8, ""),
        ("foo2-0", "foo", 0, ""),
        ("foo2-0", "foo", 7, "patch pod/foo2-0 remove-owners 1"),
        ("foo", "foo", 0, ""),
    ];
    for (name, label, owner, wanted) in TABLE {
        let set = Rc::new(StatefulSet { metadata: meta("foo", 7), ..new_set(0) });
        let object = Object::StatefulSet(set.clone());
        let mut pod = crate::belief::controllers::testing::ready_pod(name, 20, label, None);
        if owner != 0 {
            let mut reference = crate::belief::controllers::util::controller_ref(&object);
            reference.uid = Uid(owner);
            pod.metadata.owner_references = vec![reference];
        }
        let mut bench = Bench::new([object, pod.into()]);
        let answer = crate::belief::controllers::testing::agree(&bench.cache);
        let run = bench.sync(super::super::sync, &Key::of(&set.metadata), answer);
        let patches: Vec<String> = run.requests().into_iter().filter(|line| line.starts_with("patch")).collect();
        assert_eq!(patches.join(","), wanted, "{name} {label} {owner}");
    }
}
