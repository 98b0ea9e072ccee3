//! Upstream: `TestStatefulSetControl` in `pkg/controller/statefulset/stateful_set_control_test.go`: fourteen scenarios,
//! one by one and in parallel, under every retention policy.

use super::*;

type Scenario = fn(&mut Stage, Invariant);

const SCENARIOS: [(&str, i32, Scenario); 14] = [
    ("CreatesPodsWithPodIndexLabelFeature", 3, creates_pods),
    ("CreatesPodsWithoutPodIndexLabelFeature", 3, gives_pods_of_earlier_releases_their_index_label),
    ("ScalesUp", 3, scales_up),
    ("ScalesDown", 3, scales_down),
    ("ReplacesPods", 5, replaces_pods),
    ("RecreatesFailedPod", 3, |stage, invariant| recreates(stage, invariant, Phase::Failed, false)),
    ("RecreatesSucceededPod", 3, |stage, invariant| recreates(stage, invariant, Phase::Succeeded, false)),
    ("RecreatesFailedPodWithDeleteFailure", 3, |stage, invariant| recreates(stage, invariant, Phase::Failed, true)),
    ("RecreatesSucceededPodWithDeleteFailure", 3, |stage, invariant| {
        recreates(stage, invariant, Phase::Succeeded, true);
    }),
    ("CreatePodFailure", 3, |stage, invariant| fails_and_goes_on(stage, invariant, "create pod")),
    ("UpdatePodFailure", 3, update_pod_failure),
    ("UpdateSetStatusFailure", 3, |stage, invariant| fails_and_goes_on(stage, invariant, "status statefulset")),
    ("NewRevisionDeletePodFailure", 3, new_revision_delete_pod_failure),
    ("RecreatesPVCForPendingPod", 3, recreates_claim_of_a_pending_pod),
];

#[test]
fn every_scenario_holds_under_both_policies_and_every_retention() {
    let mut cases = 0;
    for (index, (name, replicas, scenario)) in SCENARIOS.into_iter().enumerate() {
        for (mode, invariant) in [("Monotonic", monotonic_invariants as Invariant), ("Burst", burst_invariants)] {
            for (number, policy) in POLICIES.into_iter().enumerate() {
                let set = retention(new_set(replicas), policy);
                let set = if mode == "Burst" { parallel(set) } else { set };
                let seed = (index * 100 + number) as u64;
                println!("{name}/{mode}/{policy:?}, seed {seed}");
                let mut stage = Stage::new(set, seed);
                scenario(&mut stage, invariant);
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 168);
}

fn counts(stage: &Stage) -> (i32, i32, i32) {
    let status = &stage.set().status;
    (status.replicas, status.ready_replicas, status.updated_replicas)
}

fn is_broken(result: &Result<(), ApiError>) -> bool {
    matches!(result, Err(ApiError::Internal(text)) if &**text == BROKEN)
}

fn creates_pods(stage: &mut Stage, invariant: Invariant) {
    stage.scale_up(invariant).expect("nothing is refused");
    assert_eq!(counts(stage), (3, 3, 3));
    let pods = stage.pods();
    assert_eq!(pods.len(), 3);
    for (index, pod) in pods.iter().enumerate() {
        assert_eq!(pod.metadata.labels.get(POD_INDEX_LABEL).map(|l| &**l), Some(&*index.to_string()));
    }
}

/// The gate of the label is gone in 1.36, so a pod without it can only come from an earlier release.
fn gives_pods_of_earlier_releases_their_index_label(stage: &mut Stage, invariant: Invariant) {
    stage.scale_up(invariant).expect("nothing is refused");
    let mut pod = (*stage.pod(1)).clone();
    pod.metadata.labels.remove(POD_INDEX_LABEL);
    stage.serve(Request::Update(pod.into()));
    let run = stage.sync();
    assert!(run.result.is_ok());
    assert_eq!(run.events(), ["Normal SuccessfulUpdate Update Pod foo-1 in StatefulSet foo successful"]);
    assert_eq!(stage.pod(1).metadata.labels.get(POD_INDEX_LABEL).map(|l| &**l), Some("1"));
    invariant(stage);
    assert_eq!(counts(stage), (3, 3, 3));
}

fn scales_up(stage: &mut Stage, invariant: Invariant) {
    stage.scale_up(invariant).expect("nothing is refused");
    stage.edit(|spec| spec.replicas = Some(4));
    stage.scale_up(invariant).expect("nothing is refused");
    assert_eq!(counts(stage), (4, 4, 4));
}

fn scales_down(stage: &mut Stage, invariant: Invariant) {
    stage.scale_up(invariant).expect("nothing is refused");
    stage.edit(|spec| spec.replicas = Some(0));
    // Between the user's edit and the sync the claims still belong to whom they belonged.
    stage.sync().result.expect("nothing is refused");
    stage.scale_down(invariant).expect("nothing is refused");
    assert_eq!(counts(stage), (0, 0, 0));
    let keeps =
        stage.set().spec.persistent_volume_claim_retention_policy.as_ref().is_none_or(|p| &*p.when_scaled != "Delete");
    for ordinal in 0..3 {
        assert_eq!(stage.claim(&format!("datadir-foo-{ordinal}")).is_some(), keeps);
    }
}

fn replaces_pods(stage: &mut Stage, invariant: Invariant) {
    stage.scale_up(invariant).expect("nothing is refused");
    assert_eq!(stage.set().status.replicas, 5);
    let claims = |stage: &Stage| -> Vec<Uid> {
        (0..5).map(|i| stage.claim(&format!("datadir-foo-{i}")).expect("claims stay").metadata.uid).collect()
    };
    let before = claims(stage);
    let uids: Vec<Uid> = stage.pods().iter().map(|pod| pod.metadata.uid).collect();
    for ordinal in [0, 2, 4] {
        stage.remove(ordinal);
    }
    // With gaps, what must hold in between is what holds of a set that is not ordered.
    stage
        .play(burst_invariants, |stage| stage.pods().len() == 5 && stage.pods().iter().all(|pod| pod.is_ready()))
        .expect("nothing is refused");
    stage.sync().result.expect("nothing is refused");
    invariant(stage);
    assert_eq!(counts(stage), (5, 5, 5));
    assert_eq!(claims(stage), before, "a new pod gets the claim of the pod before it");
    for (index, pod) in stage.pods().iter().enumerate() {
        assert_eq!(pod.metadata.uid == uids[index], index % 2 == 1, "{}", pod.metadata.name);
    }
}

/// The first pod ends; the controller deletes it in one sync and makes it again in the next.
fn recreates(stage: &mut Stage, invariant: Invariant, end: Phase, refuse: bool) {
    stage.sync().result.expect("nothing is refused");
    invariant(stage);
    let first = stage.pod(0).metadata.uid;
    stage.phase(0, end, false);
    if refuse {
        stage.refuse("delete pod", 0);
        let run = stage.sync();
        assert!(is_broken(&run.result.clone().map(|_| ())), "{:?}", run.verdict());
        assert_eq!(
            run.events().last().map(|e| &**e),
            Some("Warning FailedDelete Delete Pod foo-0 in StatefulSet foo failed error: API server failed")
        );
        assert_eq!(stage.pod(0).metadata.uid, first);
        invariant(stage);
    }
    let pods = stage.pods().len();
    let run = stage.sync();
    assert!(run.result.is_ok());
    assert_eq!(deletions(&run), ["delete pod/foo-0"]);
    assert_eq!(stage.pods().len(), pods - 1, "a finished pod is removed without grace");
    let run = stage.sync();
    assert!(run.result.is_ok());
    assert!(deletions(&run).is_empty());
    let created: Vec<String> = run.requests().into_iter().filter(|line| line.starts_with("create pod")).collect();
    assert_eq!(created, ["create pod/foo-0"], "{}", stage.line());
    assert_ne!(stage.pod(0).metadata.uid, first);
    invariant(stage);
}

fn deletions(run: &Run) -> Vec<String> {
    run.requests().into_iter().filter(|line| line.starts_with("delete pod")).collect()
}

/// The third request of a kind is refused once: the sync tells, and the next ones go on as if nothing had happened.
fn fails_and_goes_on(stage: &mut Stage, invariant: Invariant, verb: &'static str) {
    stage.refuse(verb, 2);
    let result = stage.scale_up(burst_invariants);
    assert!(is_broken(&result), "{result:?}");
    assert!(stage.refusal.is_none());
    assert!(stage.set().status.ready_replicas < 3);
    stage.scale_up(invariant).expect("the API server is well again");
    assert_eq!(counts(stage), (3, 3, 3));
}

fn update_pod_failure(stage: &mut Stage, invariant: Invariant) {
    stage.scale_up(invariant).expect("nothing is refused");
    assert_eq!(counts(stage), (3, 3, 3));
    let mut pod = (*stage.pod(0)).clone();
    pod.metadata.labels.remove(POD_NAME_LABEL);
    stage.serve(Request::Update(pod.into()));
    stage.refuse("update pod", 0);
    let run = stage.sync();
    assert!(is_broken(&run.result.clone().map(|_| ())));
    assert_eq!(
        run.events(),
        ["Warning FailedUpdate Update Pod foo-0 in StatefulSet foo failed error: API server failed"]
    );
    assert!(stage.sync().result.is_ok());
    invariant(stage);
}

fn new_revision_delete_pod_failure(stage: &mut Stage, invariant: Invariant) {
    stage.scale_up(invariant).expect("nothing is refused");
    stage.image("nginx-new");
    stage.refuse("delete pod", 0);
    let run = stage.sync();
    assert!(is_broken(&run.result.map(|_| ())));
    invariant(stage);
    let status = stage.set().status.clone();
    assert_eq!(status.current_replicas, 3, "a pod that could not be deleted still counts");
    assert_ne!(status.current_revision, status.update_revision);
    assert!(stage.sync().result.is_ok());
    assert_eq!(stage.set().status.current_replicas, 2);
    invariant(stage);
}

fn recreates_claim_of_a_pending_pod(stage: &mut Stage, invariant: Invariant) {
    stage.sync().result.expect("nothing is refused");
    invariant(stage);
    let before = stage.claim("datadir-foo-0").expect("made with the pod").metadata.uid;
    stage.remove_claim("datadir-foo-0");
    assert!(stage.claim("datadir-foo-0").is_none());
    let run = stage.sync();
    assert!(run.result.is_ok());
    assert!(run.requests().contains(&"create persistentvolumeclaim/datadir-foo-0".to_owned()));
    assert_ne!(stage.claim("datadir-foo-0").expect("made again").metadata.uid, before);
    invariant(stage);
}
