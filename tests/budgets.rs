//! Disruption budgets and drains: the scenarios, and a search over evictions and readiness.

use crate::cluster::{Cluster, set};
use petri_explore::{Problem, Progress, Search};
use petri_objects::{Kind, ObjectRef};
use petri_sim::ground::clock::Span;
use petri_sim::ground::scenario::Scenario;
use petri_sim::words::command::Command;
use petri_sim::words::controller_id::ControllerId;
use petri_sim::words::invariants::Guarantee;
use std::rc::Rc;

fn budget(name: &str, spec: &str) -> String {
    format!(
        "
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: {name}}}
spec: {{{spec}, selector: {{matchLabels: {{app: web}}}}}}
"
    )
}

fn three(notes: &str, spec: &str) -> Cluster {
    let mut cluster = Cluster::new(1);
    cluster.apply(&set("web", 3, "server", notes, None)).apply(&budget("web-pdb", spec));
    cluster.wait(60_000);
    cluster
}

fn status(cluster: &Cluster) -> (i32, i32, i32, i32) {
    let key = petri_sim::belief::api::shelf::Key::new("default", "web-pdb");
    let status = &cluster.world().objects().budgets.get(&key).expect("the budget exists").status;
    (status.expected_pods, status.desired_healthy, status.current_healthy, status.disruptions_allowed)
}

const REFUSED: &str = "Cannot evict pod as it would violate the pod's disruption budget.";

/// C-140, upstream: e2e "should block an eviction until the PDB is updated to allow it".
#[test]
fn an_eviction_waits_until_the_budget_allows_it() {
    let mut cluster = three("", "minAvailable: 3");
    let refused = cluster.run("evict web-1");
    assert!(refused.contains(REFUSED), "{refused}");
    cluster.run("kubectl patch pdb web-pdb --type=merge -p '{\"spec\":{\"minAvailable\":2}}'");
    cluster.wait(100);
    let allowed = cluster.run("evict web-1");
    assert!(!allowed.contains("rror"), "{allowed}");
    assert!(cluster.run("evict web-0").contains(REFUSED), "one at a time");
    assert!(!cluster.was_broken(Guarantee::Budget));
}

/// C-141 and C-142: pods that are not ready may go while the others suffice, or always.
#[test]
fn what_is_not_ready_may_go_while_the_others_suffice() {
    let mut cluster = three("", "minAvailable: 2");
    cluster.run("kubectl annotate pod web-2 petri.dev/ready=never");
    cluster.wait(30_000);
    assert_eq!(status(&cluster), (3, 2, 2, 0));
    assert!(cluster.run("evict web-1").contains(REFUSED));
    assert!(!cluster.run("evict web-2").contains("rror"));
    for (policy, allowed) in [("AlwaysAllow", true), ("IfHealthyBudget", false)] {
        let mut cluster =
            three("petri.dev/ready: never", &format!("minAvailable: 2, unhealthyPodEvictionPolicy: {policy}"));
        assert_eq!(cluster.run("evict web-1").contains(REFUSED), !allowed, "{policy}");
    }
}

/// C-143.
#[test]
fn two_budgets_for_one_pod_are_an_error() {
    let mut cluster = three("", "minAvailable: 1");
    cluster.apply(&budget("another", "minAvailable: 1"));
    cluster.wait(100);
    let answer = cluster.run("evict web-1");
    assert!(answer.contains("This pod has more than one PodDisruptionBudget"), "{answer}");
}

/// C-147, upstream: `TestDrain`, `TestFilterPods`.
#[test]
fn a_drain_refuses_bare_pods_and_local_storage_and_leaves_the_node_cordoned() {
    let mut cluster = Cluster::new(1);
    cluster.apply("
apiVersion: v1
kind: Pod
metadata: {name: bare}
spec: {nodeSelector: {kubernetes.io/hostname: node-0}, containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: scratch}
spec: {nodeSelector: {kubernetes.io/hostname: node-0}, containers: [{name: c, image: i}], volumes: [{name: t, emptyDir: {}}]}
");
    cluster.wait(30_000);
    let answer = cluster.run("kubectl drain node-0");
    assert!(answer.contains("cannot delete Pods that declare no controller (use --force to override): default/bare\n"));
    // Each pod is refused for the first thing that speaks against it.
    let local = "cannot delete Pods with local storage (use --delete-emptydir-data to override): default/scratch\n";
    assert!(answer.contains(local), "{answer}");
    assert!(cluster.run("kubectl get nodes").contains("Ready,SchedulingDisabled"));
    let answer = cluster.run("kubectl drain node-0 --force --delete-emptydir-data");
    cluster.wait(60_000);
    assert!(!answer.contains("unable to drain"), "{answer}");
}

/// A budget of two out of three, and what may happen to it, at any of the moments `step` apart.
fn problem(menu: Vec<Command>, horizon: u64, step: u64, lag: Span) -> Problem {
    let manifests = [set("web", 3, "server", "", None), budget("web-pdb", "minAvailable: 2")].join("---\n");
    let documents = petri_manifest::parse(&manifests).documents;
    let mut scenario = Scenario::standard();
    scenario.settings.watch_lag = lag;
    Problem {
        scenario,
        seed: 1,
        setup: documents.into_iter().map(|d| Command::Apply(Rc::new(d.value))).collect(),
        settle: Span::seconds(40),
        menu,
        guarantee: Guarantee::Budget,
        horizon: Span::seconds(horizon),
        step: Span::seconds(step),
    }
}

fn pod(name: &str) -> ObjectRef {
    ObjectRef::new(Kind::Pod, "default", name)
}

fn evictions() -> Vec<Command> {
    ["web-0", "web-1", "web-2"].map(|name| Command::Evict { pod: pod(name), grace_seconds: None }).to_vec()
}

/// From now on the process of web-2 never answers, or answers.
fn readiness(value: &str) -> Command {
    let text = format!("{{metadata: {{annotations: {{petri.dev/ready: '{value}'}}}}}}");
    Command::Patch {
        target: pod("web-2"),
        patch: petri_manifest::parse(&text).documents[0].value.clone(),
        status: false,
    }
}

const NO_LAG: Span = Span::millis(1);

fn exhausted(problem: Problem) -> u64 {
    match Search::new(problem).finish() {
        Progress::Exhausted { states } => states,
        other => panic!("{other:?}"),
    }
}

/// Evictions of all three pods and a process that stops answering, in any order and at any moment.
#[test]
fn no_sequence_of_evictions_and_readiness_lets_an_eviction_break_a_budget() {
    let menu = [evictions(), vec![readiness("never"), readiness("true")]].concat();
    let states = exhausted(problem(menu, 12, 3, NO_LAG));
    assert!(states > 500, "{states}");
}

/// Every eviction takes one from what is allowed, in the same write that allows it: a controller that sees an old world
/// can only be told that somebody was faster.
#[test]
fn a_disruption_controller_that_sees_the_past_lets_no_eviction_break_a_budget() {
    let hold = |on| Command::HoldCache { controller: ControllerId::Disruption, on };
    let states = exhausted(problem([evictions(), vec![hold(true), hold(false)]].concat(), 15, 3, NO_LAG));
    assert!(states > 500, "{states}");
    let restart = Command::CrashController { controller: ControllerId::Disruption };
    let states = exhausted(problem([evictions(), vec![hold(true), restart]].concat(), 12, 3, NO_LAG));
    assert!(states > 200, "{states}");
}

/// The same with caches that trail everything by two steps of the search.
#[test]
fn caches_that_trail_the_store_let_no_eviction_break_a_budget() {
    let states = exhausted(problem(evictions(), 12, 1, Span::seconds(2)));
    assert!(states > 200, "{states}");
}

/// A budget counts what its controller has seen. A pod that has just fallen ill still counts as healthy, in Kubernetes
/// as here: that is the only way, and the search finds it.
#[test]
fn an_illness_that_nobody_has_seen_yet_is_not_counted() {
    let menu = [evictions(), vec![readiness("never")]].concat();
    let Progress::Found { recording, evidence, .. } = Search::new(problem(menu, 12, 1, Span::seconds(2))).finish()
    else {
        panic!("an eviction within two seconds of the illness is allowed");
    };
    assert!(evidence.sentence.contains("healthy pods of the 2 that web-pdb asks for"), "{}", evidence.sentence);
    let lines: Vec<String> = recording.commands.iter().skip(2).map(|stamped| stamped.command.line()).collect();
    assert!(lines.iter().any(|line| line.contains("petri.dev/ready")), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("evict")).count(), 1, "{lines:?}");
}
