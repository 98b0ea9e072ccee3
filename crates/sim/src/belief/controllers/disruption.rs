//! A PodDisruptionBudget says how many of its pods may be evicted now; only evictions ask, and a crash spends it too.
//!
//! Upstream: `pkg/controller/disruption/disruption.go`.
//!
//! Deviation: that a pod has several budgets is told when the first of them is looked at, not at each change of the
//! pod. Of several, the first by name is chosen.

use crate::belief::api::request::Patch;
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome, Stop};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::{Span, Time};
use petri_objects::*;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How long an evicted pod counts as disrupted without having been deleted.
///
/// Upstream: `DeletionTimeout`.
const DELETION_TIMEOUT: Span = Span::minutes(2);

/// How long a living pod keeps the mark of an eviction that did not happen.
///
/// Upstream: `stalePodDisruptionTimeout`.
const STALE_MARK_TIMEOUT: Span = Span::minutes(2);

const MARK: &str = "DisruptionTarget";

/// Pods wait in the same queue, under this prefix, to have a stale mark taken off.
const POD_PREFIX: &str = "pod/";

/// A change of a budget wakes it; a change of a pod wakes the first budget that selects it. A change of the number of
/// replicas wakes none: the pods that follow will.
///
/// Upstream: `addDB`, `updateDB`, `addPod`, `updatePod`, `deletePod`.
pub fn enqueue(change: &Change, keys: &mut Enqueue<'_>) {
    match change.object() {
        Object::PodDisruptionBudget(budget) => keys.add(Key::of(&budget.metadata)),
        Object::Pod(pod) => {
            let first = budgets_of(pod, keys.cache).next().map(|budget| Key::of(&budget.metadata));
            if let Some(first) = first {
                keys.add(first);
            }
            if change.new.is_some()
                && let Some(left) = stale_mark(pod, keys.now)
            {
                let name = format!("{POD_PREFIX}{}", pod.metadata.name);
                keys.add_after(Key::new(pod.metadata.namespace.clone(), name), left);
            }
        }
        _ => {}
    }
}

/// The budgets that select a pod, by name.
///
/// Upstream: `GetPodPodDisruptionBudgets`.
pub fn budgets_of<'a>(pod: &'a Pod, cache: &'a Objects) -> impl Iterator<Item = &'a Rc<PodDisruptionBudget>> {
    cache.budgets.in_namespace(&pod.metadata.namespace).filter(|budget| selects(budget, pod))
}

/// An empty selector selects every pod of the namespace, a missing one none.
fn selects(budget: &PodDisruptionBudget, pod: &Pod) -> bool {
    budget.spec.selector.as_ref().is_some_and(|selector| selector.matches(&pod.metadata.labels))
}

/// How long until the mark of an eviction is stale; `None` if there is none, or none that is this controller's business.
///
/// Upstream: `nonTerminatingPodHasStaleDisruptionCondition`.
fn stale_mark(pod: &Pod, now: Time) -> Option<Span> {
    let mark = condition(&pod.status.conditions, MARK).filter(|mark| &*mark.status == "True")?;
    let by_kubelet = &*mark.reason == "TerminationByKubelet";
    if pod.is_terminating() || pod.phase().is_terminal() || by_kubelet {
        return None;
    }
    Some((mark.last_transition_time + STALE_MARK_TIMEOUT).since(now))
}

/// Upstream: `sync`, and `syncStalePodDisruption` for pods.
pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    if let Some(pod) = key.name.strip_prefix(POD_PREFIX) {
        return take_off_stale_mark(&key.sibling(pod), api);
    }
    let Some(budget) = api.cache().budgets.get(key).cloned() else { return Ok(Done::settled()) };
    let pods: Vec<Rc<Pod>> =
        api.cache().pods.in_namespace(&key.namespace).filter(|pod| selects(&budget, pod)).cloned().collect();
    let about = Object::PodDisruptionBudget(budget.clone());
    if pods.is_empty() {
        api.normal(&about, "NoPods", "No matching pods found");
    }
    warn_of_several_budgets(&budget, &pods, api);
    let expected = match expected_pods(&budget, &pods, &api.cache()) {
        Ok(expected) => expected,
        Err(message) => {
            let text = format!("Failed to calculate the number of expected pods: {message}");
            api.warning(&about, "CalculateExpectedPodCountFailed", text);
            return fail_safe(&budget, message, api);
        }
    };
    if expected.unmanaged {
        let text = format!(
            "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the \
             status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for \
             these pods please set \".spec.minAvailable\" field of the PDB to an integer value.",
            selector_text(budget.spec.selector.as_ref())
        );
        api.warning(&about, "UnmanagedPods", text);
    }
    let (disrupted, check_again) = disrupted_pods(&budget, &pods, api);
    let healthy = count_healthy(&pods, &disrupted, api.now);
    update_status(&budget, healthy, &expected, disrupted, api)?;
    Ok(Done::settled().or_after(check_again.map(|at| at.since(api.now))))
}

fn warn_of_several_budgets(budget: &PodDisruptionBudget, pods: &[Rc<Pod>], api: &mut Api<'_>) {
    let cache = api.cache();
    for pod in pods {
        let mut matching = budgets_of(pod, &cache);
        let is_first = matching.next().is_some_and(|first| first.metadata.uid == budget.metadata.uid);
        if is_first && matching.next().is_some() {
            let text = format!(
                "Pod \"{}\"/\"{}\" matches multiple PodDisruptionBudgets.  Chose \"{}\" arbitrarily.",
                pod.metadata.namespace, pod.metadata.name, budget.metadata.name
            );
            api.warning(&Object::Pod(pod.clone()), "MultiplePodDisruptionBudgets", text);
        }
    }
}

/// How many pods there should be, and how many of them must be healthy.
#[derive(Debug, PartialEq, Eq)]
pub struct Expected {
    pub pods: i32,
    pub healthy: i32,
    /// Some pods have no controller, so that nobody knows how many there should be.
    pub unmanaged: bool,
}

/// A number in `minAvailable` counts the pods that are there; everything else counts those that the controllers of the
/// pods want. Percentages round up on both sides.
///
/// Upstream: `getExpectedPodCount`.
pub fn expected_pods(budget: &PodDisruptionBudget, pods: &[Rc<Pod>], cache: &Objects) -> Result<Expected, String> {
    let invalid = |value: &IntOrString| format!("invalid value for IntOrString: {value}");
    match (&budget.spec.max_unavailable, &budget.spec.min_available) {
        (Some(max), _) => {
            let (pods, unmanaged) = expected_scale(pods, cache)?;
            let max = max.scaled(pods, true).ok_or_else(|| invalid(max))?;
            Ok(Expected { pods, healthy: (pods - max).max(0), unmanaged })
        }
        (None, Some(IntOrString::Int(healthy))) => {
            Ok(Expected { pods: pods.len() as i32, healthy: *healthy, unmanaged: false })
        }
        (None, Some(min)) => {
            let (pods, unmanaged) = expected_scale(pods, cache)?;
            Ok(Expected { pods, healthy: min.scaled(pods, true).ok_or_else(|| invalid(min))?, unmanaged })
        }
        (None, None) => Ok(Expected { pods: 0, healthy: 0, unmanaged: false }),
    }
}

/// The replicas that the controllers of the pods want, and whether some pods have none.
///
/// Upstream: `getExpectedScale`.
fn expected_scale(pods: &[Rc<Pod>], cache: &Objects) -> Result<(i32, bool), String> {
    let mut scales: BTreeMap<Uid, i32> = BTreeMap::new();
    let mut unmanaged = false;
    for pod in pods {
        let Some(controller) = pod.metadata.controller() else {
            unmanaged = true;
            continue;
        };
        if scales.contains_key(&controller.uid) {
            continue;
        }
        let (uid, scale) = find_scale(&pod.metadata.namespace, controller, cache)
            .ok_or_else(|| format!("found no controllers for pod \"{}\"", pod.metadata.name))?;
        scales.insert(uid, scale);
    }
    Ok((scales.values().sum(), unmanaged))
}

/// A pod of a ReplicaSet that belongs to a Deployment counts for the Deployment.
///
/// Upstream: `getPodDeployment`, `getPodReplicaSet`, `getPodStatefulSet`.
fn find_scale(namespace: &Name, controller: &OwnerReference, cache: &Objects) -> Option<(Uid, i32)> {
    let key = |owner: &OwnerReference| Key::new(namespace.clone(), owner.name.clone());
    match &*controller.kind {
        "ReplicaSet" => {
            let set = cache.replica_sets.get(&key(controller)).filter(|set| set.metadata.uid == controller.uid)?;
            match set.metadata.controller().filter(|owner| &*owner.kind == "Deployment") {
                Some(owner) => {
                    let deployment = cache.deployments.get(&key(owner)).filter(|d| d.metadata.uid == owner.uid)?;
                    Some((deployment.metadata.uid, deployment.replicas()))
                }
                None => Some((set.metadata.uid, set.replicas())),
            }
        }
        "StatefulSet" => {
            let set = cache.stateful_sets.get(&key(controller)).filter(|set| set.metadata.uid == controller.uid)?;
            Some((set.metadata.uid, set.replicas()))
        }
        "Deployment" => {
            let deployment = cache.deployments.get(&key(controller)).filter(|d| d.metadata.uid == controller.uid)?;
            Some((deployment.metadata.uid, deployment.replicas()))
        }
        _ => None,
    }
}

/// The evicted pods that are still to go, and when the first of them should have gone.
///
/// Upstream: `buildDisruptedPodMap`.
fn disrupted_pods(
    budget: &PodDisruptionBudget,
    pods: &[Rc<Pod>],
    api: &mut Api<'_>,
) -> (BTreeMap<Name, Time>, Option<Time>) {
    let mut kept = BTreeMap::new();
    let mut check_again: Option<Time> = None;
    for pod in pods.iter().filter(|pod| !pod.is_terminating()) {
        let name = &pod.metadata.name;
        let Some(since) = budget.status.disrupted_pods.get(name) else { continue };
        let until = *since + DELETION_TIMEOUT;
        if until < api.now {
            // The namespace stands where the budget's name should: that is how the message reads upstream.
            let namespace = &budget.metadata.namespace;
            let text = format!("Pod was expected by PDB {namespace}/{namespace} to be deleted but it wasn't");
            api.warning(&Object::Pod(pod.clone()), "NotDeleted", text);
        } else {
            check_again = Some(check_again.map_or(until, |at| at.min(until)));
            kept.insert(name.clone(), *since);
        }
    }
    // At the very instant the entry is still good; the moment after, it is not.
    (kept, check_again.map(|at| at + Span::millis(1)))
}

/// Upstream: `countHealthyPods`.
fn count_healthy(pods: &[Rc<Pod>], disrupted: &BTreeMap<Name, Time>, now: Time) -> i32 {
    let expected_to_go =
        |pod: &Pod| disrupted.get(&pod.metadata.name).is_some_and(|since| *since + DELETION_TIMEOUT > now);
    pods.iter().filter(|pod| !pod.is_terminating() && !expected_to_go(pod) && pod.is_ready()).count() as i32
}

/// Upstream: `updatePdbStatus`.
fn update_status(
    budget: &Rc<PodDisruptionBudget>,
    healthy: i32,
    expected: &Expected,
    disrupted_pods: BTreeMap<Name, Time>,
    api: &mut Api<'_>,
) -> Result<(), Stop> {
    // Without expected pods nothing is allowed: the first pods may be about to appear.
    let spare = healthy - expected.healthy;
    let allowed = if expected.pods <= 0 { 0 } else { spare.max(0) };
    let mut status = PodDisruptionBudgetStatus {
        conditions: budget.status.conditions.clone(),
        current_healthy: healthy,
        desired_healthy: expected.healthy,
        disrupted_pods,
        disruptions_allowed: allowed,
        expected_pods: expected.pods,
        observed_generation: budget.metadata.generation,
    };
    let (holds, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let generation = status.observed_generation;
    set_allowed(&mut status.conditions, holds, reason, "".into(), generation, api.now);
    if status != budget.status {
        api.update_status(PodDisruptionBudget { status, ..(**budget).clone() })??;
    }
    Ok(())
}

/// If the number cannot be known, no eviction is allowed.
///
/// Upstream: `failSafe`.
fn fail_safe(budget: &Rc<PodDisruptionBudget>, message: String, api: &mut Api<'_>) -> Outcome {
    let mut status = budget.status.clone();
    status.disruptions_allowed = 0;
    let generation = status.observed_generation;
    set_allowed(&mut status.conditions, "False", "SyncFailed", message.into(), generation, api.now);
    if status != budget.status {
        api.update_status(PodDisruptionBudget { status, ..(**budget).clone() })??;
    }
    Ok(Done::settled())
}

/// Upstream: `meta.SetStatusCondition`.
fn set_allowed(
    conditions: &mut Vec<Condition>,
    status: &str,
    reason: &str,
    message: Name,
    observed_generation: i64,
    now: Time,
) {
    const KIND: &str = "DisruptionAllowed";
    let since = condition(conditions, KIND).filter(|old| &*old.status == status).map(|old| old.last_transition_time);
    let new = Condition {
        kind: KIND.into(),
        status: status.into(),
        reason: reason.into(),
        message,
        observed_generation,
        last_transition_time: since.unwrap_or(now.whole_seconds()),
        ..Condition::default()
    };
    match conditions.iter_mut().find(|old| &*old.kind == KIND) {
        Some(old) => *old = new,
        None => conditions.push(new),
    }
}

/// Upstream: `syncStalePodDisruption`.
fn take_off_stale_mark(key: &Key, api: &mut Api<'_>) -> Outcome {
    let Some(pod) = api.cache().pods.get(key).cloned() else { return Ok(Done::settled()) };
    match stale_mark(&pod, api.now) {
        None => return Ok(Done::settled()),
        Some(left) if left > Span::ZERO => return Ok(Done::after(left)),
        Some(_) => {}
    }
    let condition = Condition {
        kind: MARK.into(),
        status: "False".into(),
        last_transition_time: api.now.whole_seconds(),
        ..Condition::default()
    };
    let patch = Patch::PodCondition { condition, phase: None };
    match api.patch(key.to_ref(Kind::Pod), Some(pod.metadata.uid), patch)? {
        Err(error) if !error.is_not_found() => Err(Stop::Failed(error)),
        _ => Ok(Done::settled()),
    }
}

/// The text of a selector as Go prints it.
fn selector_text(selector: Option<&LabelSelector>) -> String {
    let Some(selector) = selector else { return "nil".into() };
    let labels: String = selector.match_labels.iter().map(|(key, value)| format!("{key}: {value},")).collect();
    let expressions: String = selector
        .match_expressions
        .iter()
        .map(|e| {
            let values = e.values.iter().map(|value| &**value).collect::<Vec<_>>().join(" ");
            format!("LabelSelectorRequirement{{Key:{},Operator:{},Values:[{values}],}},", e.key, e.operator)
        })
        .collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )
}

#[cfg(test)]
mod tables;
#[cfg(test)]
mod tests {
    use super::*;
    use crate::belief::controllers::testing::{Bench, NOW, agree, meta, ready_pod, selector};

    fn budget(max_unavailable: Option<&str>, min_available: Option<&str>) -> PodDisruptionBudget {
        let value = |text: &str| match text.parse() {
            Ok(number) => IntOrString::Int(number),
            Err(_) => IntOrString::String(text.into()),
        };
        let spec = PodDisruptionBudgetSpec {
            max_unavailable: max_unavailable.map(value),
            min_available: min_available.map(value),
            selector: Some(selector("web")),
            ..PodDisruptionBudgetSpec::default()
        };
        PodDisruptionBudget { metadata: meta("budget", 1), spec: Rc::new(spec), ..Default::default() }
    }
    fn stateful_set(replicas: i32) -> Object {
        let spec = StatefulSetSpec { replicas: Some(replicas), ..StatefulSetSpec::default() };
        StatefulSet { metadata: meta("web", 2), spec: Rc::new(spec), ..StatefulSet::default() }.into()
    }
    /// The budget, a StatefulSet of three replicas, and as many of its pods.
    fn bench(budget: PodDisruptionBudget, pods: u64) -> Bench {
        let owner = stateful_set(3);
        let pods = (0..pods).map(|i| ready_pod(&format!("web-{i}"), 10 + i, "web", Some(&owner)).into());
        Bench::new([budget.into(), owner.clone()].into_iter().chain(pods))
    }
    fn key() -> Key {
        Key::new("default", "budget")
    }

    #[test]
    fn percentages_round_up_on_both_sides() {
        // maxUnavailable, minAvailable, pods there, then: expected, desired, allowed.
        let table = [
            (Some("30%"), None, 3, (3, 2, 1)),
            (Some("1"), None, 3, (3, 2, 1)),
            (Some("0"), None, 3, (3, 3, 0)),
            (Some("100%"), None, 3, (3, 0, 3)),
            (Some("1"), None, 2, (3, 2, 0)),
            (None, Some("50%"), 3, (3, 2, 1)),
            (None, Some("100%"), 3, (3, 3, 0)),
            (None, Some("1"), 3, (3, 1, 2)),
            (None, Some("2"), 2, (2, 2, 0)),
            (None, Some("0"), 0, (0, 0, 0)),
        ];
        for (max, min, pods, expected) in table {
            let mut bench = bench(budget(max, min), pods);
            let run = bench.sync(sync, &key(), agree(&bench.cache.clone()));
            let status = run.sent::<PodDisruptionBudget>()[0].status.clone();
            let got = (status.expected_pods, status.desired_healthy, status.disruptions_allowed);
            assert_eq!(got, expected, "max {max:?} min {min:?} with {pods} pods");
            let reason = &status.conditions[0].reason;
            assert_eq!(&**reason, if expected.2 > 0 { "SufficientPods" } else { "InsufficientPods" });
        }
    }

    #[test]
    fn a_pod_that_is_stopping_or_not_ready_or_just_evicted_is_not_healthy() {
        let mut evicting = budget(None, Some("1"));
        evicting.status.disrupted_pods.insert("web-3".into(), NOW - Span::seconds(30));
        let mut bench = bench(evicting, 4);
        let owner = stateful_set(3);
        let mut stopping = ready_pod("web-0", 10, "web", Some(&owner));
        stopping.metadata.deletion_timestamp = NOW;
        let mut unready = ready_pod("web-1", 11, "web", Some(&owner));
        Rc::make_mut(&mut unready.status).conditions[0].status = "False".into();
        bench.cache.put(stopping.into());
        bench.cache.put(unready.into());
        let run = bench.sync(sync, &key(), agree(&bench.cache.clone()));
        assert_eq!(run.sent::<PodDisruptionBudget>()[0].status.current_healthy, 1);
        assert_eq!(run.done().after, Some(Span::seconds(90) + Span::millis(1)));
    }

    #[test]
    fn an_evicted_pod_that_stays_is_reported_after_two_minutes() {
        let mut evicting = budget(None, Some("1"));
        evicting.status.disrupted_pods.insert("web-0".into(), NOW - Span::seconds(121));
        let mut bench = bench(evicting, 1);
        let run = bench.sync(sync, &key(), agree(&bench.cache.clone()));
        assert_eq!(
            run.events(),
            ["Warning NotDeleted Pod was expected by PDB default/default to be deleted but it wasn't"]
        );
        let status = run.sent::<PodDisruptionBudget>()[0].status.clone();
        assert_eq!((status.current_healthy, status.disrupted_pods.len()), (1, 0));
    }

    #[test]
    fn a_pod_of_an_unknown_controller_allows_nothing() {
        let mut spent = budget(Some("1"), None);
        spent.status.disruptions_allowed = 1;
        let mut bench = Bench::new([spent.into(), ready_pod("web-0", 10, "web", Some(&stateful_set(3))).into()]);
        let run = bench.sync(sync, &key(), agree(&bench.cache.clone()));
        let status = run.sent::<PodDisruptionBudget>()[0].status.clone();
        assert_eq!(status.disruptions_allowed, 0);
        assert_eq!(
            (&*status.conditions[0].reason, &*status.conditions[0].message),
            ("SyncFailed", "found no controllers for pod \"web-0\"")
        );
        assert_eq!(
            run.events(),
            [
                "Warning CalculateExpectedPodCountFailed Failed to calculate the number of expected pods: found no controllers for pod \"web-0\""
            ]
        );
    }

    #[test]
    fn a_pod_without_a_controller_is_left_out_and_mentioned() {
        let mut bench = Bench::new([budget(Some("1"), None).into(), ready_pod("web-0", 10, "web", None).into()]);
        let run = bench.sync(sync, &key(), agree(&bench.cache.clone()));
        assert!(run.events()[0].starts_with(
            "Warning UnmanagedPods Pods selected by this PodDisruptionBudget (selector: \
             &LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) \
             were found to be unmanaged."
        ));
    }

    #[test]
    fn of_two_budgets_the_first_is_chosen_and_the_pod_told() {
        let mut second = budget(Some("1"), None);
        (second.metadata.name, second.metadata.uid) = ("other".into(), Uid(9));
        let mut bench = bench(budget(Some("1"), None), 1);
        bench.cache.put(second.into());
        let pod = bench.cache.list(Kind::Pod)[0].clone();
        assert_eq!(bench.enqueue(enqueue, None, Some(pod)), [(key(), Span::ZERO)]);
        let run = bench.sync(sync, &key(), agree(&bench.cache.clone()));
        assert_eq!(
            run.events(),
            [
                "Warning MultiplePodDisruptionBudgets Pod \"default\"/\"web-0\" matches multiple PodDisruptionBudgets.  Chose \"budget\" arbitrarily."
            ]
        );
    }

    #[test]
    fn the_mark_of_an_eviction_that_did_not_happen_is_taken_off() {
        let mut pod = ready_pod("web-0", 10, "web", None);
        Rc::make_mut(&mut pod.status).conditions.push(Condition {
            kind: MARK.into(),
            status: "True".into(),
            last_transition_time: NOW - Span::seconds(100),
            ..Condition::default()
        });
        let pod = Object::from(pod);
        let mut bench = Bench::new([pod.clone()]);
        let keys = bench.enqueue(enqueue, None, Some(pod));
        assert_eq!(keys, [(Key::new("default", "pod/web-0"), Span::seconds(20))]);
        bench.now += Span::seconds(20);
        let run = bench.sync(sync, &keys[0].0, agree(&bench.cache.clone()));
        assert_eq!(run.requests(), ["patch pod/web-0 condition DisruptionTarget=False"]);
    }
}
