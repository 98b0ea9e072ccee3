//! Workloads are complete, and their status says what is.

use super::{Oracle, Rule, is_kept};
use crate::manifests::MUTATED;
use petri_objects::{Container, Kind, Labels, Meta, Object, Phase, Pod, Uid, condition};
use petri_sim::belief::api::shelf::Key;
use petri_sim::belief::api::system_classes::is_system;
use petri_sim::reality::workload::{annotation, image_word};
use std::rc::Rc;

/// A workload as the oracle sees it.
struct Workload {
    object: Object,
    wanted: i32,
    /// The pods that it controls, through a ReplicaSet or directly.
    pods: Vec<Rc<Pod>>,
    template: Pod,
    /// As its status has it: pods, and pods that are Ready.
    told: (i32, i32),
    observed: i64,
    /// Somebody asked it to stand still, or its pods not to be replaced.
    paused: bool,
}

pub(super) fn check(oracle: &mut Oracle<'_>) {
    for workload in all(oracle) {
        let meta = workload.object.meta();
        oracle.sight.workloads += 1;
        let title = format!("{} in {}", workload.object.reference(), meta.namespace);
        if !meta.is_terminating() {
            status(oracle, &workload, &title);
        }
        let live = |pod: &&Rc<Pod>| pod.is_ready() && !pod.is_terminating() && pod.phase() == Phase::Running;
        let ready = workload.pods.iter().filter(live).count() as i32;
        if ready == workload.wanted && workload.pods.len() as i32 == ready {
            continue;
        }
        oracle.incomplete.insert(format!("{}/{}", meta.namespace, meta.name));
        if is_excused(oracle, &workload) {
            oracle.sight.excused += 1;
            continue;
        }
        let pods = workload.pods.len();
        let text = format!("{title} has {ready} of {} pods ready, {pods} in all", workload.wanted);
        oracle.complain(Rule::Complete, text + &reasons(oracle, meta));
    }
    budgets(oracle);
}

/// What the controllers say about it.
fn reasons(oracle: &Oracle<'_>, meta: &Meta) -> String {
    let own = |key: &Key| key.namespace == meta.namespace && key.name.starts_with(&*meta.name);
    let start = oracle.world.start;
    let said = oracle.world.reasons().filter(|(_, key, _)| own(key));
    said.map(|(id, key, waiting)| format!("; {} of {}: {}", id.name(), key.name, waiting.reason.sentence(start)))
        .collect()
}

fn all(oracle: &Oracle<'_>) -> Vec<Workload> {
    let objects = oracle.world.objects();
    let controlled = |uids: &[Uid]| -> Vec<Rc<Pod>> {
        let own = |pod: &&Rc<Pod>| pod.metadata.controller().is_some_and(|owner| uids.contains(&owner.uid));
        objects.pods.values().filter(own).cloned().collect()
    };
    let template = |meta: &Meta, template: &petri_objects::PodTemplateSpec| {
        let mut pod = Pod { spec: template.spec.clone(), ..Pod::default() };
        pod.metadata = template.metadata.clone();
        pod.metadata.namespace = meta.namespace.clone();
        pod
    };
    let mut found = Vec::new();
    for set in objects.stateful_sets.values() {
        found.push(Workload {
            wanted: set.replicas(),
            pods: controlled(&[set.metadata.uid]),
            template: template(&set.metadata, &set.spec.template),
            told: (set.status.replicas, set.status.ready_replicas),
            observed: set.status.observed_generation,
            paused: false,
            object: Object::StatefulSet(set.clone()),
        });
    }
    for set in objects.replica_sets.values() {
        found.push(Workload {
            wanted: set.replicas(),
            pods: controlled(&[set.metadata.uid]).into_iter().filter(|pod| !pod.phase().is_terminal()).collect(),
            template: template(&set.metadata, &set.spec.template),
            told: (set.status.replicas, set.status.ready_replicas),
            observed: set.status.observed_generation,
            paused: false,
            object: Object::ReplicaSet(set.clone()),
        });
    }
    for deployment in objects.deployments.values() {
        let sets: Vec<Uid> = objects
            .replica_sets
            .values()
            .filter(|set| set.metadata.is_controlled_by(deployment.metadata.uid))
            .map(|set| set.metadata.uid)
            .collect();
        found.push(Workload {
            wanted: deployment.replicas(),
            pods: controlled(&sets).into_iter().filter(|pod| !pod.phase().is_terminal()).collect(),
            template: template(&deployment.metadata, &deployment.spec.template),
            told: (deployment.status.replicas, deployment.status.ready_replicas),
            observed: deployment.status.observed_generation,
            paused: deployment.spec.paused,
            object: Object::Deployment(deployment.clone()),
        });
    }
    found
}

/// A status that was written by a controller with nothing left to do counts what is there.
fn status(oracle: &mut Oracle<'_>, workload: &Workload, title: &str) {
    if workload.observed != workload.object.meta().generation {
        let (observed, generation) = (workload.observed, workload.object.meta().generation);
        oracle.complain(Rule::Status, format!("{title}: generation {observed} of {generation} was observed"));
    }
    // How those count that go is another matter for each kind.
    if workload.pods.iter().any(|pod| pod.is_terminating() || pod.phase().is_terminal()) {
        return;
    }
    let ready = workload.pods.iter().filter(|pod| pod.is_ready()).count() as i32;
    let counted = (workload.pods.len() as i32, ready);
    if workload.told != counted {
        let told = workload.told;
        oracle.complain(Rule::Status, format!("{title} tells of {told:?} pods and ready ones; there are {counted:?}"));
    }
}

/// Whether something in the objects explains that a workload is not complete.
fn is_excused(oracle: &Oracle<'_>, workload: &Workload) -> bool {
    let objects = oracle.world.objects();
    let meta = workload.object.meta();
    let namespace = objects.namespaces.get(&Key::new("", meta.namespace.clone()));
    let mutated = |labels: &Labels| labels.get(MUTATED).is_some();
    let quota = objects.quotas.in_namespace(&meta.namespace).next().is_some();
    meta.is_terminating()
        || namespace.is_none_or(|namespace| namespace.metadata.is_terminating())
        || workload.paused
        || quota
        || mutated(&meta.labels)
        || mutated(&workload.template.metadata.labels)
        || is_owned_by_excused(oracle, workload)
        || !is_healthy(&workload.template)
        || wants_much(oracle, &workload.template)
        || is_shadowed(oracle, workload)
        || waits_for_a_claim(oracle, &workload.object)
        || oracle.deeds.labels
        || workload.pods.iter().any(|pod| is_pod_excused(oracle, pod))
}

/// A ReplicaSet does what its Deployment says, and that may be paused or stuck between two templates.
fn is_owned_by_excused(oracle: &Oracle<'_>, workload: &Workload) -> bool {
    let (Object::ReplicaSet(_), Some(owner)) = (&workload.object, workload.object.meta().controller()) else {
        return false;
    };
    all(oracle).iter().any(|other| other.object.meta().uid == owner.uid && is_excused(oracle, other))
}

fn is_pod_excused(oracle: &Oracle<'_>, pod: &Rc<Pod>) -> bool {
    is_kept(&Object::Pod(pod.clone()))
        || !is_healthy(pod)
        || pod.metadata.labels.get(MUTATED).is_some()
        || wants_much(oracle, pod)
        || !pod.is_scheduled() && is_kept_away(oracle)
        // Killed and killed again, or moved to another machine: back-off takes its time.
        || pod.is_terminating() && pod.metadata.deletion_timestamp > oracle.world.now
}

/// Pods that are there keep others away from where they are.
fn is_kept_away(oracle: &Oracle<'_>) -> bool {
    oracle.world.objects().pods.values().any(|pod| pod.spec.affinity.is_some())
}

/// Whether a pod does what most pods do: it starts, it becomes ready, and it stays.
fn is_healthy(pod: &Pod) -> bool {
    const WORDS: [&str; 9] = [
        "server",
        "writer",
        "elector",
        "configmap-lock",
        "session-lock",
        "ttl-lock",
        "quorum",
        "client",
        "slow-stopper",
    ];
    let known = |container: &Container| match image_word(&container.image) {
        Some(word) => WORDS.contains(&word) || word == "slow-starter" && container.liveness_probe.is_none(),
        None => !container.image.contains("bad"),
    };
    let notes = &pod.metadata.annotations;
    let odd = ["run", "live", "startup", "exit-code", "workload"].iter().any(|key| annotation(notes, key).is_some());
    let ready = annotation(notes, "ready");
    // A liveness probe kills what takes its time to answer; that is the lesson, not a fault.
    let late =
        ready.is_some() && pod.spec.containers.iter().any(|c| c.liveness_probe.is_some() || c.startup_probe.is_some());
    let slow = pod.spec.containers.iter().any(|c| {
        image_word(&c.image) == Some("slow-starter") && (c.startup_probe.is_some() || c.liveness_probe.is_some())
    });
    pod.spec.containers.iter().chain(&pod.spec.init_containers).all(known)
        && !odd
        && !late
        && !slow
        && ready != Some("never")
}

/// Whether a pod asks for a place, or a disk, that there may be none of.
fn wants_much(oracle: &Oracle<'_>, pod: &Pod) -> bool {
    let spec = &pod.spec;
    let requests = spec.containers.iter().any(|container| !container.resources.requests.is_empty());
    let picky = !spec.node_selector.is_empty()
        || spec.affinity.is_some()
        || !spec.topology_spread_constraints.is_empty()
        || !spec.scheduling_gates.is_empty();
    let absent_class = !spec.priority_class_name.is_empty()
        && oracle.world.objects().priority_classes.get(&Key::new("", spec.priority_class_name.clone())).is_none();
    let preempted = oracle.world.objects().priority_classes.values().any(|class| !is_system(&class.metadata.name));
    requests || picky || absent_class || preempted || wants_disk(oracle, pod)
}

/// A disk belongs to a zone, to a machine, or to nobody any more.
fn wants_disk(oracle: &Oracle<'_>, pod: &Pod) -> bool {
    let objects = oracle.world.objects();
    let claims: Vec<_> = pod.claims().cloned().collect();
    !claims.is_empty()
        && (oracle.deeds.storage
            || claims.iter().any(|name| &**name == "shared")
            || claims.iter().any(|name| {
                let key = Key::new(pod.metadata.namespace.clone(), name.clone());
                let claim = objects.claims.get(&key);
                claim.is_some_and(|claim| claim.class() != "standard" || claim.metadata.is_terminating())
            }))
}

/// Another workload selects the same pods, or takes the names of this one's.
fn is_shadowed(oracle: &Oracle<'_>, workload: &Workload) -> bool {
    let meta = workload.object.meta();
    let app = workload.template.metadata.labels.get("app");
    // A pod of the name that a set would give, which is not its own.
    let taken = matches!(workload.object.kind(), Kind::StatefulSet)
        && oracle.world.objects().pods.in_namespace(&meta.namespace).any(|pod| {
            pod.metadata.name.strip_prefix(&*meta.name).is_some_and(|rest| rest.starts_with('-'))
                && !pod.metadata.is_controlled_by(meta.uid)
        });
    let claims = match &workload.object {
        Object::StatefulSet(set) => !set.spec.volume_claim_templates.is_empty(),
        _ => false,
    };
    let disks = claims && (oracle.deeds.storage || classes_are_odd(&workload.object));
    taken || disks || app.is_none()
}

/// A set hears of no claim: one that waits until that of an earlier pod is gone, because scaling deletes claims, waits on
/// after it has gone. And what has no name can never be made.
///
/// Upstream: `stateful_set.go:NewStatefulSetController`, `stateful_set_control.go:PodClaimIsStale`.
fn waits_for_a_claim(oracle: &Oracle<'_>, object: &Object) -> bool {
    let Object::StatefulSet(set) = object else { return false };
    let policy = set.spec.persistent_volume_claim_retention_policy.as_ref();
    let claims = &set.spec.volume_claim_templates;
    let deletes = policy.is_some_and(|policy| &*policy.when_scaled == "Delete");
    oracle.deeds.scaled && deletes && !claims.is_empty() || claims.iter().any(|claim| claim.metadata.name.is_empty())
}

fn classes_are_odd(object: &Object) -> bool {
    let Object::StatefulSet(set) = object else { return false };
    set.spec.volume_claim_templates.iter().any(|claim| claim.spec.storage_class_name.is_some())
}

/// A budget counts the pods that it is about.
///
/// Upstream: `updatePod` of the disruption controller looks for the budget of the pod as it is now; one whose pod has other
/// labels hears of it with its next change. Of two budgets for one pod it tells the first it finds.
fn budgets(oracle: &mut Oracle<'_>) {
    if oracle.deeds.labels {
        return;
    }
    let objects = oracle.world.objects();
    let mut found = Vec::new();
    for budget in objects.budgets.values().filter(|budget| !budget.metadata.is_terminating()) {
        let Some(selector) = budget.spec.selector.as_ref().filter(|selector| !selector.is_empty()) else { continue };
        let failed =
            condition(&budget.status.conditions, "DisruptionAllowed").is_some_and(|c| &*c.reason == "SyncFailed");
        if failed || budget.metadata.labels.get(MUTATED).is_some() {
            continue;
        }
        let pods = || {
            let pods = objects.pods.in_namespace(&budget.metadata.namespace);
            pods.filter(|pod| selector.matches(&pod.metadata.labels))
        };
        let others = objects.budgets.in_namespace(&budget.metadata.namespace);
        let others: Vec<_> = others.filter(|other| other.metadata.uid != budget.metadata.uid).collect();
        let is_anothers = |pod: &Rc<Pod>| {
            let mut selectors = others.iter().filter_map(|other| other.spec.selector.as_ref());
            selectors.any(|selector| selector.matches(&pod.metadata.labels))
        };
        // The pod that both were about may have gone since.
        let overlap = others
            .iter()
            .filter_map(|other| other.spec.selector.as_ref())
            .any(|other| other.matches(&selector.match_labels) || selector.matches(&other.match_labels));
        if overlap || pods().any(is_anothers) {
            continue;
        }
        let healthy = pods().filter(|pod| pod.is_ready() && !pod.is_terminating()).count();
        if i64::from(budget.status.current_healthy) != healthy as i64 {
            let told = budget.status.current_healthy;
            found
                .push(format!("the budget {} tells of {told} healthy pods; there are {healthy}", budget.metadata.name));
        }
    }
    found.into_iter().for_each(|text| oracle.complain(Rule::Status, text));
}
