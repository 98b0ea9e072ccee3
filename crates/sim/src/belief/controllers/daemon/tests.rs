//! What single syncs do: which nodes get a pod, which pods go, what a rollout waits for.
//!
//! Upstream: `daemon_controller_test.go`, `update_test.go`.

use super::*;
use crate::belief::controllers::history::patch_of;
use crate::belief::controllers::testing::{Bench, NOW, Run, agree, meta, ready_pod, selector, template};
use petri_objects::record::Opaque;

fn set() -> DaemonSet {
    let mut set = DaemonSet { metadata: meta("agent", 7), ..DaemonSet::default() };
    set.metadata.annotations.insert("deprecated.daemonset.template.generation", "1");
    let rolling =
        RollingUpdateDaemonSet { max_surge: Some(IntOrString::Int(0)), max_unavailable: Some(IntOrString::Int(1)) };
    set.spec = Rc::new(DaemonSetSpec {
        selector: Some(selector("agent")),
        template: template("agent"),
        update_strategy: DaemonSetUpdateStrategy { rolling_update: Some(rolling), kind: "RollingUpdate".into() },
        ..DaemonSetSpec::default()
    });
    set
}

fn changed(change: impl FnOnce(&mut DaemonSetSpec)) -> DaemonSet {
    let mut set = set();
    change(Rc::make_mut(&mut set.spec));
    set
}

fn node(name: &str) -> Node {
    let mut node = Node { metadata: meta(name, 0), ..Node::default() };
    node.metadata.namespace = "".into();
    node
}

fn tainted(name: &str, key: &str, effect: &str) -> Node {
    let mut node = node(name);
    node.spec.taints.push(Taint { key: key.into(), effect: effect.into(), ..Taint::default() });
    node
}

/// A pod that has been available on a node for a minute.
fn pod(name: &str, uid: u64, node: &str, hash: &str) -> Pod {
    let mut pod = ready_pod(name, uid, "agent", Some(&set().into()));
    Rc::make_mut(&mut pod.spec).node_name = node.into();
    pod.metadata.labels.insert(pods::HASH_LABEL, hash);
    pod
}

fn with_phase(mut pod: Pod, phase: Phase) -> Pod {
    let status = Rc::make_mut(&mut pod.status);
    (status.phase, status.conditions) = (phase, Vec::new());
    pod
}

/// The revision of a template.
fn revision(name: &str, number: i64, template: &PodTemplateSpec) -> ControllerRevision {
    let mut revision = ControllerRevision { metadata: meta(name, 500 + number as u64), ..Default::default() };
    revision.metadata.labels = template.metadata.labels.clone();
    revision.metadata.labels.insert(pods::HASH_LABEL, name);
    revision.metadata.owner_references.push(crate::belief::controllers::util::controller_ref(&set().into()));
    (revision.revision, revision.data) = (number, Opaque(Some(Rc::new(patch_of(template)))));
    revision
}

fn play(set: DaemonSet, others: impl IntoIterator<Item = Object>) -> (Bench, Run) {
    let mut bench = Bench::new(others);
    bench.cache.put(revision("new", 1, &set.spec.template).into());
    bench.cache.put(set.into());
    let run = again(&mut bench);
    (bench, run)
}

fn again(bench: &mut Bench) -> Run {
    let answer = agree(&bench.cache);
    bench.sync(sync, &Key::new("default", "agent"), answer)
}

/// The nodes for which pods were asked.
fn asked_nodes(run: &Run) -> Vec<String> {
    let node = |pod: &Rc<Pod>| {
        let affinity = pod.spec.affinity.clone()?.node_affinity?.required?;
        let field = affinity.node_selector_terms.first()?.match_fields.first()?.clone();
        Some(format!("{} {} {}", field.key, field.operator, field.values.first()?))
    };
    run.sent::<Pod>().iter().filter_map(node).collect()
}

fn counts(run: &Run) -> [i32; 6] {
    let sent = run.sent::<DaemonSet>();
    let status = &sent.last().expect("the status was written").status;
    [
        status.desired_number_scheduled,
        status.current_number_scheduled,
        status.number_misscheduled,
        status.number_ready,
        status.updated_number_scheduled,
        status.number_available,
    ]
}

#[test]
fn every_node_that_fits_gets_a_pod_that_only_it_can_take() {
    let mut with_label = node("node-d");
    with_label.metadata.labels.insert("disk", "ssd");
    let nodes: [Object; 3] = [node("node-a").into(), node("node-b").into(), with_label.clone().into()];
    let (_, run) = play(set(), nodes.clone());
    let fields = ["node-a", "node-b", "node-d"].map(|name| format!("metadata.name In {name}"));
    assert_eq!(asked_nodes(&run), fields);
    assert_eq!(run.events().len(), 3);
    assert!(run.events()[0].starts_with("Normal SuccessfulCreate Created pod: agent-"));
    assert_eq!(counts(&run), [3, 0, 0, 0, 0, 0], "the status is from before");

    let pod = &run.sent::<Pod>()[0];
    assert_eq!(pod.metadata.labels.get("controller-revision-hash").map(|hash| &**hash), Some("new"));
    assert_eq!(pod.metadata.labels.get("pod-template-generation").map(|number| &**number), Some("1"));
    let tolerated: Vec<String> = pod
        .spec
        .tolerations
        .iter()
        .map(|t| format!("{}:{}", t.key.trim_start_matches("node.kubernetes.io/"), t.effect))
        .collect();
    let expected = [
        "not-ready:NoExecute",
        "unreachable:NoExecute",
        "disk-pressure:NoSchedule",
        "memory-pressure:NoSchedule",
        "pid-pressure:NoSchedule",
        "unschedulable:NoSchedule",
    ];
    assert_eq!(tolerated, expected);

    let selective = changed(|spec| {
        let template = Rc::make_mut(&mut spec.template.spec);
        template.node_selector = [("disk", "ssd")].into_iter().collect();
        template.host_network = true;
    });
    let (_, run) = play(selective, nodes);
    assert_eq!(asked_nodes(&run), ["metadata.name In node-d"]);
    assert_eq!(run.sent::<Pod>()[0].spec.tolerations.len(), 7, "who brings up the network tolerates its absence");
}

#[test]
fn taints_keep_new_pods_away_and_some_of_them_old_ones() {
    let there = |node: Node| -> [Object; 2] {
        let pod = pod("agent-1", 11, &node.metadata.name, "new");
        [node.into(), pod.into()]
    };
    let requests =
        |run: &Run| run.requests().into_iter().filter(|line| !line.starts_with("status")).collect::<Vec<_>>();
    for key in ["not-ready", "unreachable"] {
        let taint = format!("node.kubernetes.io/{key}");
        let (_, run) = play(set(), there(tainted("node-a", &taint, "NoExecute")));
        assert_eq!((requests(&run), counts(&run)), (vec![], [1, 1, 0, 1, 1, 1]), "{key}: nothing is evicted");
    }
    let (_, run) = play(set(), there(tainted("node-a", "node.kubernetes.io/unschedulable", "NoSchedule")));
    assert_eq!((requests(&run), counts(&run)), (vec![], [1, 1, 0, 1, 1, 1]), "a cordon is nothing to it");
    let (_, run) = play(set(), there(tainted("node-a", "mine", "NoSchedule")));
    assert_eq!((requests(&run), counts(&run)), (vec![], [0, 0, 1, 0, 0, 0]), "who is there stays");
    let (_, run) = play(set(), there(tainted("node-a", "mine", "NoExecute")));
    assert_eq!((requests(&run), counts(&run)), (vec!["delete pod/agent-1".into()], [0, 0, 1, 0, 0, 0]));
    assert_eq!(run.events(), ["Normal SuccessfulDelete Deleted pod: agent-1"]);
    let (_, run) = play(set(), [tainted("node-a", "mine", "NoSchedule").into()]);
    assert_eq!(requests(&run), Vec::<String>::new());
}

#[test]
fn too_many_pods_on_a_node_become_one() {
    let mut younger = pod("agent-a", 12, "node-a", "new");
    younger.metadata.creation_timestamp = NOW;
    let (_, run) = play(set(), [node("node-a").into(), pod("agent-b", 11, "node-a", "new").into(), younger.into()]);
    assert_eq!(run.requests()[0], "delete pod/agent-a", "the oldest stays");

    // Nobody else would ever delete a pod for a node that is gone.
    let mut lost = pod("agent-b", 11, "", "new");
    lost = pods::bound_to(&lost, &"node-x".into());
    let (_, run) = play(set(), [lost.into()]);
    assert_eq!(run.requests()[0], "delete pod/agent-b");
}

#[test]
fn a_failed_pod_is_deleted_and_the_next_one_waits() {
    let failed = with_phase(pod("agent-1", 11, "node-a", "new"), Phase::Failed);
    let (mut bench, run) = play(set(), [node("node-a").into(), failed.clone().into()]);
    assert_eq!(run.requests()[0], "delete pod/agent-1");
    assert_eq!(
        run.events()[0],
        "Warning FailedDaemonPod Found failed daemon pod default/agent-1 on node node-a, will try to kill it"
    );
    bench.cache.put(
        Pod { metadata: Meta { name: "agent-2".into(), uid: Uid(12), ..failed.metadata.clone() }, ..failed.clone() }
            .into(),
    );
    bench.cache.remove(&ObjectRef::new(Kind::Pod, "default", "agent-1"));
    let run = again(&mut bench);
    assert_eq!(run.requests(), ["status daemonset/agent"]);
    assert_eq!(run.done().after, Some(Span::seconds(1)));
    bench.now += Span::seconds(1);
    assert_eq!(again(&mut bench).requests()[0], "delete pod/agent-2");

    let ended = with_phase(pod("agent-1", 11, "node-a", "new"), Phase::Succeeded);
    let (_, run) = play(set(), [node("node-a").into(), ended.into()]);
    assert_eq!(
        run.events()[0],
        "Normal SucceededDaemonPod Found succeeded daemon pod default/agent-1 on node node-a, will try to delete it"
    );
}

#[test]
fn a_rollout_goes_from_node_to_node() {
    let nodes = || -> Vec<Object> { ["node-a", "node-b"].into_iter().map(|name| node(name).into()).collect() };
    let both = |a: Pod, b: Pod| nodes().into_iter().chain([a.into(), b.into()]).collect::<Vec<Object>>();
    let (old_a, old_b) = (pod("agent-a", 11, "node-a", "old"), pod("agent-b", 12, "node-b", "old"));
    let generation = |mut pod: Pod| {
        pod.metadata.labels.insert("pod-template-generation", "0");
        pod
    };
    let (_, run) = play(set(), both(generation(old_a.clone()), generation(old_b.clone())));
    assert_eq!(run.requests()[0], "delete pod/agent-a");
    assert_eq!(run.sent::<Pod>().len(), 0, "its successor follows when it is gone");

    let new = with_phase(pod("agent-c", 13, "node-a", "new"), Phase::Pending);
    let (_, run) = play(set(), both(new.clone(), old_b.clone()));
    assert_eq!(run.requests(), ["status daemonset/agent"]);
    assert_eq!(run.done().waiting, Some(Reason::UpdateWaitsForPod { pod: "agent-c".into() }));

    let mut leaves = old_a.clone();
    leaves.metadata.deletion_timestamp = NOW + Span::seconds(30);
    leaves.metadata.deletion_grace_period_seconds = Some(30);
    let (_, run) = play(set(), both(leaves, old_b.clone()));
    let reason = Reason::PodTerminating { pod: "agent-a".into(), node: "node-a".into(), since: NOW };
    assert_eq!(run.done().waiting, Some(reason));

    // Who is not available has nothing to lose.
    let down = with_phase(old_b.clone(), Phase::Pending);
    let (_, run) = play(set(), both(new.clone(), down));
    assert_eq!(run.requests()[0], "delete pod/agent-b");

    let on_delete = changed(|spec| {
        spec.update_strategy = DaemonSetUpdateStrategy { kind: "OnDelete".into(), rolling_update: None };
    });
    let (_, run) = play(on_delete, both(old_a.clone(), old_b.clone()));
    assert_eq!(run.requests(), ["status daemonset/agent"]);
    assert_eq!(counts(&run), [2, 2, 0, 2, 0, 2]);

    let surge = || {
        changed(|spec| {
            let rolling = spec.update_strategy.rolling_update.get_or_insert_default();
            (rolling.max_surge, rolling.max_unavailable) = (Some(IntOrString::Int(1)), Some(IntOrString::Int(0)));
        })
    };
    let (_, run) = play(surge(), both(old_a.clone(), old_b.clone()));
    assert_eq!(asked_nodes(&run), ["metadata.name In node-a"], "the new pod comes first");
    let three = |new: Pod| {
        let mut all = both(old_a.clone(), old_b.clone());
        all.push(new.into());
        all
    };
    let (_, run) = play(surge(), three(new));
    assert_eq!(run.done().waiting, Some(Reason::UpdateWaitsForPod { pod: "agent-c".into() }));
    let (_, run) = play(surge(), three(pod("agent-c", 13, "node-a", "new")));
    assert_eq!(run.requests()[0], "delete pod/agent-a", "then the old one goes");
}

#[test]
fn ready_is_not_available_yet() {
    let patient = changed(|spec| spec.min_ready_seconds = 90);
    let (_, run) = play(patient, [node("node-a").into(), pod("agent-a", 11, "node-a", "new").into()]);
    assert_eq!(counts(&run), [1, 1, 0, 1, 1, 0]);
    let until = NOW + Span::seconds(30);
    assert_eq!(run.done().waiting, Some(Reason::PodNotAvailable { pod: "agent-a".into(), until }));
    assert_eq!(run.done().after, Some(Span::seconds(30)));
}

#[test]
fn revisions_are_made_raised_and_forgotten() {
    let mut bench = Bench::new([set().into()]);
    let run = again(&mut bench);
    let made = &run.sent::<ControllerRevision>()[0];
    assert_eq!(made.revision, 1);
    let hash = made.metadata.labels.get(pods::HASH_LABEL).expect("it has its hash");
    assert_eq!(*made.metadata.name, *format!("agent-{hash}"));
    assert!(made.metadata.annotations.get("deprecated.daemonset.template.generation").is_some());

    // A rollback: the old revision becomes the newest.
    let mut other = template("agent");
    other.metadata.annotations.insert("a", "b");
    let (_, run) = play(set(), [revision("other", 4, &other).into()]);
    let raised = &run.sent::<ControllerRevision>()[0];
    assert_eq!((&*raised.metadata.name, raised.revision), ("new", 5));

    let nothing_kept = changed(|spec| spec.revision_history_limit = Some(0));
    let (_, run) = play(nothing_kept.clone(), [revision("other", 0, &other).into()]);
    assert_eq!(run.requests()[0], "delete controllerrevision/other");
    let (_, run) =
        play(nothing_kept, [revision("other", 0, &other).into(), node("a").into(), pod("p", 11, "a", "other").into()]);
    assert!(!run.requests().contains(&"delete controllerrevision/other".to_owned()), "a pod is of it");
}

#[test]
fn nodes_wake_whom_they_concern() {
    let mut bench = Bench::new([set().into()]);
    let (key, nobody) = (vec![(Key::new("default", "agent"), Span::ZERO)], Vec::new());
    let wake = |bench: &mut Bench, old: Option<Node>, new: Option<Node>| {
        bench.enqueue(enqueue, old.map(Object::from), new.map(Object::from))
    };
    assert_eq!(wake(&mut bench, None, Some(node("a"))), key);
    assert_eq!(wake(&mut bench, None, Some(tainted("a", "mine", "NoSchedule"))), nobody);
    assert_eq!(wake(&mut bench, Some(node("a")), Some(tainted("a", "mine", "NoSchedule"))), key);
    assert_eq!(
        wake(&mut bench, Some(node("a")), Some(tainted("a", "node.kubernetes.io/not-ready", "NoExecute"))),
        nobody
    );
    let mut reports = node("a");
    Rc::make_mut(&mut reports.status).conditions.push(Condition::default());
    assert_eq!(wake(&mut bench, Some(node("a")), Some(reports)), nobody);
    assert_eq!(wake(&mut bench, Some(node("a")), None), nobody, "its pods will");
}

#[test]
fn a_set_that_goes_and_one_that_waits_do_nothing() {
    let mut going = set();
    going.metadata.deletion_timestamp = NOW;
    let (_, run) = play(going, [node("a").into()]);
    assert_eq!((run.verdict().as_str(), run.requests().len()), ("SetTerminating", 0));
    let (mut bench, _) = play(set(), [node("a").into()]);
    let run = again(&mut bench);
    assert_eq!((run.verdict().as_str(), run.requests().len()), ("ExpectationsPending", 0));
}
