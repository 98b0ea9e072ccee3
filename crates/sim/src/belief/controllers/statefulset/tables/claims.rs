//! Who owns a claim, and what a set makes of it.
//!
//! Upstream: `pkg/controller/statefulset/stateful_set_utils_test.go` (`TestIsClaimOwnerUpToDate`,
//! `TestUpdateClaimOwnerRefForSetAndPod`, `TestHasStaleOwnerRef`, `TestHasUnexpectedController`,
//! `TestHasNonController`), `stateful_pod_control_test.go` (`TestUpdatePodClaimForRetentionPolicy`,
//! `TestPodClaimIsStale`, `TestStatefulPodControlCreatePodPVCDeleting`).

use super::*;

const SET: Uid = Uid(100);
const POD: Uid = Uid(200);
const OTHER: Uid = Uid(300);

/// A set of `replicas` from `start`, and its pod of an ordinal.
fn pair(policy: (&str, &str), replicas: i32, start: i32, ordinal: i32) -> (StatefulSet, Pod) {
    let mut set = retention(new_set(replicas), Some(policy));
    set.metadata.uid = SET;
    Rc::make_mut(&mut set.spec).ordinals = Some(StatefulSetOrdinals { start });
    let mut pod = new_pod(&set, &set.spec.template, "foo-1", ordinal);
    pod.metadata.uid = POD;
    (set, pod)
}

fn reference(api_version: &str, kind: &str, name: &str, uid: Uid, controller: Option<bool>) -> OwnerReference {
    OwnerReference {
        api_version: api_version.into(),
        kind: kind.into(),
        name: name.into(),
        uid,
        controller,
        block_owner_deletion: controller,
    }
}
fn by_set() -> OwnerReference {
    reference("apps/v1", "StatefulSet", "foo", SET, Some(true))
}
fn by_pod(ordinal: i32) -> OwnerReference {
    reference("v1", "Pod", &format!("foo-{ordinal}"), POD, Some(true))
}

fn claim_with(owners: &[OwnerReference]) -> PersistentVolumeClaim {
    let mut claim = PersistentVolumeClaim::default();
    claim.metadata.name = "datadir-foo-0".into();
    claim.metadata.owner_references = owners.to_vec();
    claim
}

#[test]
fn a_claim_has_the_owner_of_the_retention_policy() {
    // When scaled, when deleted, whether the pod is in range; and who shall own its claim.
    const TABLE: [(&str, &str, bool, &str); 8] = [
        ("Retain", "Retain", true, ""),
        ("Retain", "Retain", false, ""),
        ("Retain", "Delete", true, "StatefulSet"),
        ("Retain", "Delete", false, "StatefulSet"),
        ("Delete", "Retain", true, ""),
        ("Delete", "Retain", false, "Pod"),
        ("Delete", "Delete", true, "StatefulSet"),
        ("Delete", "Delete", false, "Pod"),
    ];
    // Replicas, start, an ordinal in range and one out of it.
    const RANGES: [(i32, i32, i32, i32); 3] = [(1, 0, 0, 1), (2, 2, 3, 4), (2, 2, 2, 1)];
    let mut cases = 0;
    for (when_scaled, when_deleted, in_range, wanted) in TABLE {
        for (replicas, start, inside, outside) in RANGES {
            let ordinal = if in_range { inside } else { outside };
            let (set, pod) = pair((when_scaled, when_deleted), replicas, start, ordinal);
            let before = [vec![], vec![by_set()], vec![by_pod(ordinal)], vec![by_set(), by_pod(ordinal)]];
            for owners in before {
                let name = format!("{when_scaled}/{when_deleted} {ordinal} of {replicas} from {start}, {owners:?}");
                let kinds = |claim: &PersistentVolumeClaim| -> String {
                    claim.metadata.owner_references.iter().map(|owner| &*owner.kind).collect::<Vec<_>>().join(" ")
                };
                let claim = claim_with(&owners);
                let update = with_wanted_owner(&set, &pod, &claim);
                assert_eq!(update.is_none(), kinds(&claim) == wanted, "{name}");
                let after = update.unwrap_or(claim);
                assert_eq!(kinds(&after), wanted, "{name}");
                assert!(after.metadata.owner_references.iter().all(|o| o.controller == Some(true)), "{name}");
                assert_eq!(with_wanted_owner(&set, &pod, &after), None, "{name}: settled after one write");
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 96);
}

#[test]
fn other_owners_stay_and_a_foreign_controller_keeps_ours_away() {
    let stranger = |controller| reference("apps/v1", "ReplicaSet", "else", OTHER, controller);
    let weak = OwnerReference { controller: None, ..by_set() };
    // Name, policy, owners before, owners after, whether a controller is unexpected.
    type Row = (&'static str, (&'static str, &'static str), Vec<OwnerReference>, Vec<OwnerReference>, bool);
    let table: Vec<Row> = vec![
        ("nobody and keep", ("Retain", "Retain"), vec![], vec![], false),
        (
            "a stranger who does not control stays",
            ("Retain", "Delete"),
            vec![stranger(None)],
            vec![stranger(None), by_set()],
            false,
        ),
        (
            "our place behind a stranger is right",
            ("Retain", "Delete"),
            vec![stranger(None), by_set()],
            vec![stranger(None), by_set()],
            false,
        ),
        (
            "our place before a stranger is right",
            ("Retain", "Delete"),
            vec![by_set(), stranger(None)],
            vec![by_set(), stranger(None)],
            false,
        ),
        (
            "a stranger who says false does not control",
            ("Retain", "Delete"),
            vec![stranger(Some(false))],
            vec![stranger(Some(false)), by_set()],
            false,
        ),
        (
            "a foreign controller is left alone",
            ("Retain", "Delete"),
            vec![stranger(Some(true))],
            vec![stranger(Some(true))],
            true,
        ),
        (
            "beside a foreign controller ours is scrubbed",
            ("Retain", "Delete"),
            vec![weak.clone(), stranger(Some(true))],
            vec![stranger(Some(true))],
            true,
        ),
        (
            "under Retain a foreign controller is no conflict",
            ("Retain", "Retain"),
            vec![stranger(Some(true))],
            vec![stranger(Some(true))],
            false,
        ),
        (
            "under Retain ours goes and the stranger stays",
            ("Retain", "Retain"),
            vec![weak.clone(), stranger(Some(true))],
            vec![stranger(Some(true))],
            false,
        ),
        ("ours becomes a controller", ("Retain", "Delete"), vec![weak], vec![by_set()], false),
        (
            "a foreign controller under scale-down",
            ("Delete", "Retain"),
            vec![stranger(Some(true))],
            vec![stranger(Some(true))],
            true,
        ),
        (
            "a foreign controller under both",
            ("Delete", "Delete"),
            vec![stranger(Some(true))],
            vec![stranger(Some(true))],
            true,
        ),
    ];
    for (name, policy, before, after, unexpected) in table {
        let (set, pod) = pair(policy, 1, 0, 0);
        let claim = claim_with(&before);
        assert_eq!(has_unexpected_controller(&set, &pod, &claim), unexpected, "{name}");
        let update = with_wanted_owner(&set, &pod, &claim);
        assert_eq!(update.is_some(), before != after, "{name}");
        assert_eq!(update.unwrap_or(claim).metadata.owner_references, after, "{name}");
    }
}

#[test]
fn an_owner_of_the_same_name_and_another_uid_is_stale() {
    let set_ref = |uid| reference("apps/v1", "StatefulSet", "foo", uid, Some(true));
    let pod_ref = |uid| reference("v1", "Pod", "foo-0", uid, Some(true));
    let table: [(&str, Vec<OwnerReference>, bool); 10] = [
        ("nobody", vec![], false),
        ("the set", vec![set_ref(SET)], false),
        ("the pod", vec![pod_ref(POD)], false),
        ("an earlier set", vec![set_ref(OTHER)], true),
        ("an earlier pod", vec![pod_ref(OTHER)], true),
        ("an earlier pod beside the set", vec![set_ref(SET), pod_ref(OTHER)], true),
        ("a set of another name", vec![reference("apps/v1", "StatefulSet", "bar", OTHER, Some(true))], false),
        ("a pod of another name", vec![reference("v1", "Pod", "foo-1", OTHER, Some(true))], false),
        ("another kind of that name", vec![reference("apps/v1", "Deployment", "foo", OTHER, Some(true))], false),
        (
            "another group of that name",
            vec![reference("example.org/v1", "StatefulSet", "foo", OTHER, Some(true))],
            false,
        ),
    ];
    for (name, owners, stale) in table {
        let (set, pod) = pair(("Delete", "Delete"), 1, 0, 0);
        assert_eq!(has_stale_owner(&set, &pod, &claim_with(&owners)), stale, "{name}");
    }
}

/// Upstream: `TestPodClaimIsStale`, as a sync meets it: with `whenScaled: Delete` a pod is not made while a claim of its
/// name belongs to an earlier pod.
#[test]
fn a_stale_claim_holds_its_pod_back_only_if_claims_go_with_their_pods() {
    const TABLE: [(&str, &str, &str, bool); 8] = [
        ("Delete", "Retain", "", true),
        ("Delete", "Retain", "Pod", false),
        ("Delete", "Retain", "StatefulSet", false),
        ("Delete", "Delete", "Pod", false),
        ("Delete", "Delete", "Deployment", true),
        ("Retain", "Retain", "Pod", true),
        ("Retain", "Delete", "Pod", true),
        ("Retain", "Delete", "StatefulSet", true),
    ];
    for (when_scaled, when_deleted, owner, made) in TABLE {
        let mut stage = Stage::new(retention(new_set(1), Some((when_scaled, when_deleted))), 1);
        let set = stage.set();
        let mut claim = claims_of(&set, 0).remove(0);
        let (api_version, name) = if owner == "Pod" { ("v1", "foo-0") } else { ("apps/v1", "foo") };
        if !owner.is_empty() {
            claim.metadata.owner_references = vec![reference(api_version, owner, name, OTHER, Some(true))];
        }
        stage.serve(Request::Create(claim.into()));
        let run = stage.sync();
        let case = format!("{when_scaled}/{when_deleted} {owner}");
        assert_eq!(stage.pods().len(), usize::from(made), "{case}");
        assert!(run.result.is_ok(), "{case}");
        let verdict = run.verdict();
        assert_eq!(verdict == "StaleClaim", !made, "{case}: {verdict}");
        assert!(made || run.events.is_empty(), "{case}: nothing tells");
    }
}

/// Upstream: `TestStatefulPodControlCreatePodPVCDeleting`.
#[test]
fn a_claim_that_is_being_deleted_holds_its_pod_back() {
    let mut stage = Stage::new(new_set(1), 1);
    let claim = claims_of(&stage.set(), 0).remove(0);
    stage.serve(Request::Create(claim.into()));
    let target = ObjectRef::new(Kind::PersistentVolumeClaim, "default", "datadir-foo-0");
    // The finalizer keeps it while somebody might use it.
    stage.serve(Request::Delete { target, options: DeleteOptions::default() });
    let run = stage.sync();
    assert_eq!(run.verdict(), "pvc datadir-foo-0 is being deleted");
    assert_eq!(
        run.events(),
        ["Warning FailedCreate Create Pod foo-0 in StatefulSet foo failed error: pvc datadir-foo-0 is being deleted"]
    );
    assert!(stage.pods().is_empty());
}

/// Upstream: `TestStatefulPodControlCreatePodPvcCreateFailure`, `TestStatefulPodControlCreatePodFailed`,
/// `TestStatefulPodControlDeleteFailure`, `TestStatefulPodControlUpdateFailure` and their successes: each write of a sync
/// is told, and a refused one too.
#[test]
fn every_write_is_told_and_every_refusal_too() {
    // What is refused, and the events of the first sync.
    let table: [(&str, &[&str]); 3] = [
        (
            "",
            &[
                "Normal SuccessfulCreate Create Claim datadir-foo-0 Pod foo-0 in StatefulSet foo success",
                "Normal SuccessfulCreate Create Pod foo-0 in StatefulSet foo successful",
            ],
        ),
        (
            "create persistentvolumeclaim",
            &[
                "Warning FailedCreate Create Claim datadir-foo-0 for Pod foo-0 in StatefulSet foo failed error: API server failed",
                "Warning FailedCreate Create Pod foo-0 in StatefulSet foo failed error: failed to create PVC datadir-foo-0: API server failed",
            ],
        ),
        (
            "create pod",
            &[
                "Normal SuccessfulCreate Create Claim datadir-foo-0 Pod foo-0 in StatefulSet foo success",
                "Warning FailedCreate Create Pod foo-0 in StatefulSet foo failed error: API server failed",
            ],
        ),
    ];
    for (verb, events) in table {
        let mut stage = Stage::new(new_set(1), 1);
        if !verb.is_empty() {
            stage.refuse(verb, 0);
        }
        let run = stage.sync();
        assert_eq!(run.events(), events, "{verb}");
        assert_eq!(run.result.is_ok(), verb.is_empty(), "{verb}");
        let next = stage.sync();
        assert!(next.result.is_ok(), "{verb}: the next sync goes on");
        assert_eq!(stage.pods().len(), 1);
    }
}

/// Upstream: `TestStatefulPodControlUpdatesIdentity`, `...UpdatePodStorage`, `...UpdatePodConflictSuccess`,
/// `...UpdatePodConflictFailure`, `...NoOpUpdate`, `TestUpdatePodClaimForRetentionPolicy` as `UpdateStatefulPod` calls
/// it: what is done to a ready pod, and what is told.
#[test]
fn a_pod_that_differs_is_updated_and_a_lost_race_tried_again() {
    type Spoil = fn(&mut Stage);
    let unlabel: Spoil = |stage| {
        let mut pod = (*stage.pod(0)).clone();
        pod.metadata.labels.remove(POD_NAME_LABEL);
        stage.serve(Request::Update(pod.into()));
    };
    let own: Spoil = |stage| {
        stage.edit(|spec| {
            spec.persistent_volume_claim_retention_policy =
                Some(ClaimRetentionPolicy { when_deleted: "Delete".into(), when_scaled: "Retain".into() });
        });
    };
    const DONE: &str = "Normal SuccessfulUpdate Update Pod foo-0 in StatefulSet foo successful";
    // What is spoilt, how often somebody else is quicker, the writes, the event.
    let table: [(&str, Spoil, u32, &[&str], &str); 6] = [
        ("nothing", |_| {}, 0, &[], ""),
        ("identity", unlabel, 0, &["update pod/foo-0"], DONE),
        ("identity, one lost race", unlabel, 1, &["update pod/foo-0", "get pod/foo-0", "update pod/foo-0"], DONE),
        ("owners of claims", own, 0, &["update persistentvolumeclaim/datadir-foo-0", "update pod/foo-0"], DONE),
        (
            "identity and owners of claims",
            |stage| {
                let mut pod = (*stage.pod(0)).clone();
                pod.metadata.labels.remove(POD_INDEX_LABEL);
                stage.serve(Request::Update(pod.into()));
                stage.edit(|spec| {
                    spec.persistent_volume_claim_retention_policy =
                        Some(ClaimRetentionPolicy { when_deleted: "Delete".into(), when_scaled: "Retain".into() });
                });
            },
            0,
            &["update persistentvolumeclaim/datadir-foo-0", "update pod/foo-0"],
            DONE,
        ),
        (
            "identity, nothing but lost races",
            unlabel,
            9,
            &[
                "update pod/foo-0",
                "get pod/foo-0",
                "update pod/foo-0",
                "get pod/foo-0",
                "update pod/foo-0",
                "get pod/foo-0",
                "update pod/foo-0",
                "get pod/foo-0",
            ],
            "Warning FailedUpdate Update Pod foo-0 in StatefulSet foo failed error: Operation cannot be fulfilled on pods \"foo-0\": lost",
        ),
    ];
    for (name, spoil, mut races, writes, event) in table {
        let mut stage = Stage::new(new_set(1), 1);
        stage.scale_up(monotonic_invariants).expect("nothing is refused");
        spoil(&mut stage);
        stage.bench.cache = stage.server.objects().clone();
        let mut agrees = crate::belief::controllers::testing::agree(&stage.bench.cache);
        let key = stage.key.clone();
        let run = stage.bench.sync(super::super::sync, &key, |request| match request {
            Request::Update(Object::Pod(pod)) if races > 0 => {
                races -= 1;
                Err(ApiError::Conflict { kind: Kind::Pod, name: pod.metadata.name.clone(), cause: "lost".into() })
            }
            request => agrees(request),
        });
        let done: Vec<String> = run.requests().into_iter().filter(|line| !line.starts_with("status ")).collect();
        assert_eq!(done, writes, "{name}");
        assert_eq!(run.events().join("\n"), event, "{name}");
        assert_eq!(run.result.is_ok(), !event.starts_with("Warning"), "{name}");
    }
}

/// A foreign controller is told of when a pod is made or waits, and when something of ours is scrubbed; not over and over.
#[test]
fn a_foreign_controller_is_told_of_when_the_claims_are_looked_at() {
    let mut stage = Stage::new(retention(new_set(1), Some(("Delete", "Delete"))), 1);
    let mut claim = claims_of(&stage.set(), 0).remove(0);
    claim.metadata.owner_references = vec![reference("apps/v1", "Deployment", "else", OTHER, Some(true))];
    stage.serve(Request::Create(claim.into()));
    let told = |run: &Run| run.events().iter().filter(|line| line.contains("ConflictingController")).count();
    assert_eq!(told(&stage.sync()), 1, "when the pod is made");
    assert_eq!(told(&stage.sync()), 1, "while it waits");
    stage.phase(0, Phase::Running, true);
    assert_eq!(told(&stage.sync()), 0, "not when it is ready");
    stage.edit(|spec| spec.replicas = Some(0));
    assert_eq!(told(&stage.sync()), 0, "nor when it goes");
    let claim = stage.claim("datadir-foo-0").expect("it is left alone");
    assert_eq!(claim.metadata.owner_references.len(), 1);
}
