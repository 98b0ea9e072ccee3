//! What the scheduler decides, and what it says.

use super::*;
use crate::belief::api::request::Request;
use crate::belief::controllers::testing::{Bench, NOW, Run, agree};
use crate::words::api_error::ApiError;
use petri_objects::*;
use std::collections::BTreeMap;

fn quantities(pairs: &[(&str, &str)]) -> BTreeMap<Name, Quantity> {
    pairs.iter().map(|(name, amount)| (Name::from(*name), Quantity((*amount).into()))).collect()
}

fn node(name: &str, zone: &str) -> Node {
    let allocatable = quantities(&[("cpu", "4"), ("memory", "8Gi"), ("pods", "110")]);
    let labels = [("kubernetes.io/hostname", name), ("topology.kubernetes.io/zone", zone)];
    Node {
        metadata: Meta { name: name.into(), labels: labels.into_iter().collect(), ..Meta::default() },
        status: Rc::new(NodeStatus { allocatable, ..NodeStatus::default() }),
        ..Node::default()
    }
}

fn pod(name: &str, uid: u64) -> Pod {
    Pod {
        metadata: Meta {
            name: name.into(),
            namespace: "default".into(),
            uid: Uid(uid),
            labels: [("app", "web")].into_iter().collect(),
            ..Meta::default()
        },
        spec: Rc::new(PodSpec { containers: vec![Container::default()], ..PodSpec::default() }),
        status: Rc::new(PodStatus { phase: Phase::Pending, ..PodStatus::default() }),
    }
}

fn on(mut pod: Pod, node: &str) -> Pod {
    Rc::make_mut(&mut pod.spec).node_name = node.into();
    pod
}

fn asking(mut pod: Pod, cpu: &str) -> Pod {
    Rc::make_mut(&mut pod.spec).containers[0].resources.requests = quantities(&[("cpu", cpu)]);
    pod
}

fn with_claim(mut pod: Pod, claim: &str) -> Pod {
    let source = ClaimVolumeSource { claim_name: claim.into(), read_only: false };
    let volume = Volume { name: "data".into(), persistent_volume_claim: Some(source), ..Volume::default() };
    Rc::make_mut(&mut pod.spec).volumes.push(volume);
    pod
}

fn claim(name: &str, class: &str) -> PersistentVolumeClaim {
    PersistentVolumeClaim {
        metadata: Meta { name: name.into(), namespace: "default".into(), uid: Uid(77), ..Meta::default() },
        spec: Rc::new(PersistentVolumeClaimSpec {
            access_modes: vec!["ReadWriteOnce".into()],
            storage_class_name: Some(class.into()),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: PersistentVolumeClaimStatus { phase: "Pending".into(), ..PersistentVolumeClaimStatus::default() },
    }
}

fn bound(mut claim: PersistentVolumeClaim, volume: &str) -> PersistentVolumeClaim {
    Rc::make_mut(&mut claim.spec).volume_name = volume.into();
    claim.metadata.annotations.insert("pv.kubernetes.io/bind-completed", "yes");
    claim.status.phase = "Bound".into();
    claim
}

fn class(name: &str, mode: &str) -> StorageClass {
    StorageClass {
        metadata: Meta { name: name.into(), ..Meta::default() },
        provisioner: "sim.csi".into(),
        volume_binding_mode: Some(mode.into()),
        ..StorageClass::default()
    }
}

fn three_nodes() -> Vec<Object> {
    vec![node("node-1", "a").into(), node("node-2", "b").into(), node("node-3", "c").into()]
}

fn attempt(bench: &mut Bench, name: &str) -> Run {
    let answer = agree(&bench.cache);
    bench.sync(sync, &Key::new("default", name), answer)
}

/// The message of a pod that finds no node among these objects.
fn refusal(objects: Vec<Object>, pod: Pod) -> String {
    let name = pod.metadata.name.clone();
    let mut bench = Bench::new(objects.into_iter().chain([pod.into()]));
    let run = attempt(&mut bench, &name);
    assert_eq!(run.verdict(), "Unschedulable");
    let [event] = &run.events[..] else { panic!("one event, not {:?}", run.events()) };
    assert_eq!(&*event.reason, "FailedScheduling");
    event.message.to_string()
}

#[test]
fn a_pod_without_requests_fits_and_is_bound_with_an_event() {
    let mut bench = Bench::new([node("node-1", "a").into(), pod("web-0", 1).into()]);
    let run = attempt(&mut bench, "web-0");
    assert_eq!(run.requests(), ["bind pod/web-0 node-1"]);
    assert_eq!(run.events(), ["Normal Scheduled Successfully assigned default/web-0 to node-1"]);
    assert_eq!(run.verdict(), "");
    assert!(attempt(&mut bench, "web-0").requests().is_empty(), "the cache does not know yet, the scheduler does");
}

#[test]
fn reasons_are_counted_per_node_and_sorted_as_texts() {
    let mut cordoned = node("node-4", "a");
    cordoned.spec.unschedulable = true;
    let mut tainted = node("node-5", "a");
    tainted.spec.taints.push(Taint { key: "k".into(), effect: "NoExecute".into(), ..Taint::default() });
    let mut objects = three_nodes();
    objects.extend([cordoned.into(), tainted.into(), on(asking(pod("other", 9), "3900m"), "node-1").into()]);
    assert_eq!(
        refusal(objects, asking(pod("big", 1), "5")),
        "0/5 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 3 Insufficient cpu. \
         no new claims to deallocate, preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling."
    );
}

#[test]
fn a_full_node_could_be_freed_and_a_small_node_could_not() {
    let mut objects = three_nodes();
    objects
        .extend((1..4).map(|n| on(asking(pod(&format!("other-{n}"), 10 + n), "3900m"), &format!("node-{n}")).into()));
    assert_eq!(
        refusal(objects, asking(pod("web-0", 1), "3900m")),
        "0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: \
         3 No preemption victims found for incoming pod."
    );
}

#[test]
fn claims_are_looked_at_before_any_node() {
    let mut going = claim("going", "immediate");
    going.metadata.deletion_timestamp = NOW;
    let text = |pod: Pod| {
        let mut objects = three_nodes();
        objects.extend([
            class("immediate", "Immediate").into(),
            claim("open", "immediate").into(),
            going.clone().into(),
        ]);
        refusal(objects, pod)
    };
    assert_eq!(
        text(with_claim(pod("web-0", 1), "open")),
        "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
    );
    assert_eq!(
        text(with_claim(pod("web-0", 1), "absent")),
        "0/3 nodes are available: persistentvolumeclaim \"absent\" not found. not found"
    );
    assert_eq!(
        text(with_claim(pod("web-0", 1), "going")),
        "0/3 nodes are available: persistentvolumeclaim \"going\" is being deleted. not found"
    );
    assert_eq!(refusal(vec![], pod("web-0", 1)), "no nodes available to schedule pods");
}

#[test]
fn a_bound_volume_pins_the_pod_to_its_zone() {
    let requirement = NodeSelectorRequirement {
        key: "topology.kubernetes.io/zone".into(),
        operator: "In".into(),
        values: vec!["b".into()],
    };
    let term = NodeSelectorTerm { match_expressions: vec![requirement], match_fields: vec![] };
    let volume = PersistentVolume {
        metadata: Meta { name: "pv".into(), ..Meta::default() },
        spec: Rc::new(PersistentVolumeSpec {
            node_affinity: Some(VolumeNodeAffinity {
                required: Some(NodeSelector { node_selector_terms: vec![term] }),
            }),
            ..PersistentVolumeSpec::default()
        }),
        ..PersistentVolume::default()
    };
    let mut objects = three_nodes();
    objects.extend([
        volume.into(),
        bound(claim("data", "any"), "pv").into(),
        with_claim(pod("web-0", 1), "data").into(),
    ]);
    let mut bench = Bench::new(objects.clone());
    assert_eq!(attempt(&mut bench, "web-0").requests(), ["bind pod/web-0 node-2"]);

    objects.retain(|object| &*object.meta().name != "node-2" && object.kind() != Kind::Pod);
    assert_eq!(
        refusal(objects, with_claim(pod("web-0", 1), "data")),
        "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity. no new claims to deallocate, \
         preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
    );
}

#[test]
fn a_claim_for_one_pod_keeps_the_second_away_from_every_node() {
    let mut alone = bound(claim("data", "any"), "pv");
    Rc::make_mut(&mut alone.spec).access_modes = vec!["ReadWriteOncePod".into()];
    let volume =
        PersistentVolume { metadata: Meta { name: "pv".into(), ..Meta::default() }, ..PersistentVolume::default() };
    let mut objects = three_nodes();
    objects.extend([alone.into(), volume.into(), on(with_claim(pod("a", 1), "data"), "node-1").into()]);
    assert_eq!(
        refusal(objects, with_claim(pod("b", 2), "data")),
        "0/3 nodes are available: 3 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode \
         already in-use by another pod. no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption \
         victims found for incoming pod."
    );
}

#[test]
fn required_anti_affinity_allows_one_pod_per_node() {
    let away = |mut pod: Pod| {
        let selector =
            LabelSelector { match_labels: [("app", "web")].into_iter().collect(), ..LabelSelector::default() };
        let term = PodAffinityTerm {
            label_selector: Some(selector),
            topology_key: "kubernetes.io/hostname".into(),
            ..PodAffinityTerm::default()
        };
        let anti = PodAffinity { required: vec![term], preferred: vec![] };
        Rc::make_mut(&mut pod.spec).affinity = Some(Affinity { pod_anti_affinity: Some(anti), ..Affinity::default() });
        pod
    };
    let mut objects = three_nodes();
    objects.extend((1..4).map(|n| on(away(pod(&format!("web-{n}"), n)), &format!("node-{n}")).into()));
    let suffix = ". no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found for \
                  incoming pod.";
    assert_eq!(
        refusal(objects.clone(), away(pod("web-4", 4))),
        format!("0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules{suffix}")
    );
    assert_eq!(
        refusal(objects, pod("guest", 5)),
        format!("0/3 nodes are available: 3 node(s) didn't satisfy existing pods anti-affinity rules{suffix}")
    );
}

#[test]
fn a_hard_spread_constraint_keeps_zones_even() {
    let spread = |mut pod: Pod| {
        let selector =
            LabelSelector { match_labels: [("app", "web")].into_iter().collect(), ..LabelSelector::default() };
        Rc::make_mut(&mut pod.spec).topology_spread_constraints.push(TopologySpreadConstraint {
            label_selector: Some(selector),
            max_skew: 1,
            topology_key: "topology.kubernetes.io/zone".into(),
            when_unsatisfiable: "DoNotSchedule".into(),
            ..TopologySpreadConstraint::default()
        });
        pod
    };
    let mut unlabelled = node("node-4", "c");
    unlabelled.metadata.labels.remove("topology.kubernetes.io/zone");
    let mut objects = three_nodes();
    objects.extend([unlabelled.into(), on(pod("web-0", 10), "node-1").into(), on(pod("web-1", 11), "node-2").into()]);
    let mut bench = Bench::new(objects.iter().cloned().chain([spread(pod("web-2", 1)).into()]));
    assert_eq!(attempt(&mut bench, "web-2").requests(), ["bind pod/web-2 node-3"]);

    let mut full = node("node-3", "c");
    full.spec.unschedulable = true;
    objects.push(full.into());
    assert_eq!(
        refusal(objects, spread(pod("web-2", 1))),
        "0/4 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label), 1 \
         node(s) were unschedulable, 2 node(s) didn't match pod topology spread constraints. no new claims to deallocate, \
         preemption: 0/4 nodes are available: 2 No preemption victims found for incoming pod, 2 Preemption is not helpful \
         for scheduling."
    );
}

/// A StatefulSet's pods, on three empty equal nodes: each goes to a node of its own.
fn spread_out(seed: u64) -> Vec<String> {
    let selector = LabelSelector { match_labels: [("app", "web")].into_iter().collect(), ..LabelSelector::default() };
    let mut set = StatefulSet {
        metadata: Meta { name: "web".into(), namespace: "default".into(), uid: Uid(5), ..Meta::default() },
        ..StatefulSet::default()
    };
    Rc::make_mut(&mut set.spec).selector = Some(selector);
    let owner = OwnerReference {
        kind: "StatefulSet".into(),
        name: "web".into(),
        uid: Uid(5),
        controller: Some(true),
        ..OwnerReference::default()
    };
    let mut bench = Bench::new(three_nodes().into_iter().chain([set.into()]));
    bench.memory.scheduler.seed(seed);
    let mut nodes = Vec::new();
    for ordinal in 0..3 {
        let mut pod = pod(&format!("web-{ordinal}"), ordinal + 1);
        pod.metadata.owner_references.push(owner.clone());
        bench.cache.put(pod.clone().into());
        let run = attempt(&mut bench, &pod.metadata.name);
        let Request::Bind { node, .. } = &run.exchanges[0].request else { panic!("bound") };
        nodes.push(node.to_string());
    }
    nodes
}

#[test]
fn replicas_without_any_rules_land_on_three_nodes_and_the_seed_decides_on_which_first() {
    let firsts: BTreeSet<String> = (0..20)
        .map(|seed| {
            let nodes = spread_out(seed);
            assert_eq!(nodes.iter().collect::<BTreeSet<_>>().len(), 3, "{nodes:?}");
            nodes[0].clone()
        })
        .collect();
    assert_eq!(firsts.len(), 3, "ties are broken by the seed");
    assert_eq!(spread_out(7), spread_out(7));
}

#[test]
fn logarithms_are_right_to_the_millionth() {
    let micros: Vec<i64> = [1, 2, 3, 5, 10, 100, 1_000].into_iter().map(scores::ln_micros).collect();
    assert_eq!(micros, [0, 693_147, 1_098_612, 1_609_437, 2_302_585, 4_605_170, 6_907_755]);
}

#[test]
fn a_recorded_placement_wins_if_the_node_fits_and_is_used_once() {
    let mut objects = three_nodes();
    objects.push(pod("web-0", 1).into());
    let mut bench = Bench::new(objects);
    bench.settings.placements = vec![("web-0".into(), "node-3".into()), ("web-0".into(), "node-2".into())];
    assert_eq!(attempt(&mut bench, "web-0").requests(), ["bind pod/web-0 node-3"]);
    bench.cache.put(pod("web-0", 2).into());
    assert_eq!(attempt(&mut bench, "web-0").requests(), ["bind pod/web-0 node-2"]);
}

#[test]
fn a_volume_made_for_the_pod_is_awaited_by_polling_every_second() {
    let mut bench = Bench::new([
        node("node-1", "a").into(),
        class("late", "WaitForFirstConsumer").into(),
        claim("data", "late").into(),
        with_claim(pod("web-0", 1), "data").into(),
    ]);
    let run = attempt(&mut bench, "web-0");
    assert_eq!(
        run.requests(),
        ["patch pod/web-0 nominate node-1", "update persistentvolumeclaim/data"],
        "nominated first, as recorded"
    );
    assert_eq!((run.verdict().as_str(), run.done().after), ("WaitingForVolume", Some(Span::seconds(1))));

    let mut made = bound(claim("data", "late"), "pv");
    made.metadata.annotations.insert("volume.kubernetes.io/selected-node", "node-1");
    bench.cache.put(made.into());
    bench.now = NOW + Span::millis(412);
    let run = attempt(&mut bench, "web-0");
    assert!(run.requests().is_empty(), "the volume is there, and nobody looks before the second is over");
    assert_eq!(run.done().after, Some(Span::millis(588)));
    bench.now = NOW + Span::seconds(1);
    assert_eq!(attempt(&mut bench, "web-0").requests(), ["bind pod/web-0 node-1"]);
}

#[test]
fn a_failed_pre_bind_is_told_and_tried_again_after_the_back_off() {
    let mut bench = Bench::new([
        node("node-1", "a").into(),
        class("late", "WaitForFirstConsumer").into(),
        claim("data", "late").into(),
        with_claim(pod("web-0", 1), "data").into(),
    ]);
    let mut answer = agree(&bench.cache);
    let conflict = ApiError::Conflict {
        kind: Kind::PersistentVolumeClaim,
        name: "data".into(),
        cause: crate::words::api_error::MODIFIED.into(),
    };
    let run = bench.sync(sync, &Key::new("default", "web-0"), |request| match request {
        Request::Update(object) if object.kind() == Kind::PersistentVolumeClaim => Err(conflict.clone()),
        other => answer(other),
    });
    assert_eq!(
        run.events(),
        ["Warning FailedScheduling running PreBind plugin \"VolumeBinding\": Operation cannot be fulfilled on \
          persistentvolumeclaims \"data\": the object has been modified; please apply your changes to the latest version \
          and try again"]
    );
    assert_eq!(run.done().after, Some(Span::seconds(1)));
    bench.now = NOW + Span::seconds(1);
    assert_eq!(attempt(&mut bench, "web-0").requests()[0], "patch pod/web-0 nominate node-1");
}

#[test]
fn an_unschedulable_pod_wakes_for_what_refused_it_and_for_nothing_else() {
    let full = on(asking(pod("other", 9), "3900m"), "node-1");
    let quiet = on(pod("quiet", 8), "node-1");
    let mut bench = Bench::new([
        node("node-1", "a").into(),
        full.clone().into(),
        quiet.clone().into(),
        asking(pod("web-0", 1), "2").into(),
    ]);
    let run = attempt(&mut bench, "web-0");
    assert_eq!(run.requests(), ["patch pod/web-0 condition PodScheduled=False"]);
    let again = attempt(&mut bench, "web-0");
    assert!(again.exchanges.is_empty() && again.events.is_empty(), "nothing has changed");
    assert_eq!(again.verdict(), "Unschedulable");

    bench.cache.remove(&Object::from(quiet.clone()).reference());
    assert_eq!(bench.enqueue(enqueue, Some(quiet.into()), None), [], "it freed nothing that the pod needs");
    bench.cache.remove(&Object::from(full.clone()).reference());
    let woken = bench.enqueue(enqueue, Some(full.into()), None);
    assert_eq!(woken, [(Key::new("default", "web-0"), Span::ZERO)]);
    assert_eq!(attempt(&mut bench, "web-0").requests(), ["bind pod/web-0 node-1"]);
}

#[test]
fn after_five_minutes_an_unschedulable_pod_is_tried_without_any_event() {
    let mut bench = Bench::new([node("node-1", "a").into(), asking(pod("big", 1), "100").into()]);
    let run = attempt(&mut bench, "big");
    assert_eq!(run.done().after, Some(Span::seconds(330)), "five minutes, and then the next look of every 30 s");
    bench.now = NOW + Span::seconds(330);
    assert_eq!(attempt(&mut bench, "big").events.len(), 1);
}

#[test]
fn an_important_pod_pushes_the_least_important_ones_away() {
    let important = |mut pod: Pod, priority: i32| {
        Rc::make_mut(&mut pod.spec).priority = Some(priority);
        pod
    };
    let mut bench = Bench::new([
        node("node-1", "a").into(),
        on(important(asking(pod("a", 8), "2"), 10), "node-1").into(),
        on(important(asking(pod("b", 9), "2"), 1), "node-1").into(),
        important(asking(pod("vip", 1), "2"), 1_000).into(),
    ]);
    let run = attempt(&mut bench, "vip");
    assert_eq!(
        run.requests(),
        [
            "patch pod/b condition DisruptionTarget=True",
            "delete pod/b",
            "patch pod/vip condition PodScheduled=False",
            "patch pod/vip nominate node-1",
        ]
    );
    assert_eq!(
        run.events(),
        [
            "Normal Preempted Preempted by pod 00000000-0000-4000-8000-000000000001 on node node-1",
            "Warning FailedScheduling 0/1 nodes are available: 1 Insufficient cpu.",
        ]
    );
}

#[test]
fn a_pod_that_never_preempts_waits_for_room() {
    let ranked = |mut pod: Pod, priority: i32| {
        let spec = Rc::make_mut(&mut pod.spec);
        (spec.priority, spec.preemption_policy) = (Some(priority), "Never".into());
        pod
    };
    let mut bench = Bench::new([
        node("node-1", "a").into(),
        on(ranked(asking(pod("low", 9), "3"), 1), "node-1").into(),
        ranked(asking(pod("polite", 1), "3"), 1_000).into(),
    ]);
    let run = attempt(&mut bench, "polite");
    assert_eq!(run.requests(), ["patch pod/polite condition PodScheduled=False"]);
    assert_eq!(
        run.events(),
        ["Warning FailedScheduling 0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, \
          preemption: not eligible due to preemptionPolicy=Never."]
    );
}

#[test]
fn a_pod_for_one_node_does_not_look_at_the_others() {
    let mut daemon = asking(pod("daemon", 1), "9");
    let field =
        NodeSelectorRequirement { key: "metadata.name".into(), operator: "In".into(), values: vec!["node-2".into()] };
    let term = NodeSelectorTerm { match_fields: vec![field], ..NodeSelectorTerm::default() };
    let required = NodeSelector { node_selector_terms: vec![term] };
    let affinity = NodeAffinity { required: Some(required), ..NodeAffinity::default() };
    let spec = Rc::make_mut(&mut daemon.spec);
    spec.affinity = Some(Affinity { node_affinity: Some(affinity), ..Affinity::default() });
    let mut bench = Bench::new([node("node-1", "a").into(), node("node-2", "a").into(), daemon.into()]);
    let told = attempt(&mut bench, "daemon").events();
    let expected = "Warning FailedScheduling 0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't satisfy \
                    plugin(s) [NodeAffinity]. ";
    assert!(told[0].starts_with(expected), "{told:?}");
}

#[test]
fn gates_hold_a_pod_back() {
    let mut gated = pod("gated", 1);
    Rc::make_mut(&mut gated.spec).scheduling_gates.push(SchedulingGate { name: "g".into() });
    let mut bench = Bench::new([node("node-1", "a").into(), gated.into()]);
    assert_eq!(attempt(&mut bench, "gated").verdict(), "SchedulingGated");
}

/// C-111.
#[test]
fn back_off_doubles_up_to_ten_seconds() {
    let seconds: Vec<u64> = (1..8).map(|failures| queue::back_off(failures).as_seconds()).collect();
    assert_eq!(seconds, [1, 2, 4, 8, 10, 10, 10]);
}
