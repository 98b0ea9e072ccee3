//! Upstream's own tables for pods and their volumes: `TestFindPodVolumesWithoutProvisioning`,
//! `TestFindPodVolumesWithProvisioning` and `TestFindPodVolumesWithCSIMigration` of
//! `pkg/scheduler/framework/plugins/volumebinding/binder_test.go`, `TestVolumeBinding` of `volume_binding_test.go`, and
//! `TestSingleZone` and `TestMultiZone` of `volumezone/volume_zone_test.go`.
//!
//! Generic ephemeral volumes and storage capacity are not simulated.

use super::*;
use crate::belief::api::shelf::Objects;
use petri_objects::*;

fn node(name: &str, zone: &str) -> Node {
    let mut node = Node { metadata: Meta { name: name.into(), ..Meta::default() }, ..Node::default() };
    node.metadata.labels.insert("nodeKey", name);
    if !zone.is_empty() {
        node.metadata.labels.insert("topology.kubernetes.io/zone", zone);
    }
    node
}

/// `pv 5G late node-1 for=claim`: a volume of a class that one node reaches.
fn volume(text: &str) -> PersistentVolume {
    let words: Vec<&str> = text.split(' ').collect();
    let [name, size, class, node, rest @ ..] = &words[..] else { panic!("{text}") };
    let mut volume = PersistentVolume {
        metadata: Meta { name: (*name).into(), ..Meta::default() },
        status: PersistentVolumeStatus { phase: "Available".into(), ..PersistentVolumeStatus::default() },
        ..PersistentVolume::default()
    };
    let spec = Rc::make_mut(&mut volume.spec);
    spec.capacity = [(Name::from("storage"), Quantity((*size).into()))].into_iter().collect();
    spec.storage_class_name = (*class).into();
    spec.access_modes.push("ReadWriteOnce".into());
    let requirement =
        NodeSelectorRequirement { key: "nodeKey".into(), operator: "In".into(), values: vec![(*node).into()] };
    let term = NodeSelectorTerm { match_expressions: vec![requirement], match_fields: Vec::new() };
    let selector = NodeSelector { node_selector_terms: vec![term] };
    spec.node_affinity = Some(VolumeNodeAffinity { required: Some(selector) });
    if let Some(claim) = rest.first().and_then(|word| word.strip_prefix("for=")) {
        volume.status.phase = "Bound".into();
        spec.claim_ref = Some(ObjectReference {
            namespace: "default".into(),
            name: claim.into(),
            uid: Uid(7),
            ..ObjectReference::default()
        });
    }
    volume
}

/// `data 1G late`, `data 1G late bound=pv`, `data 1G late prebound=pv`, `data 1G made selected=node-1`: a claim.
fn claim(text: &str) -> PersistentVolumeClaim {
    let words: Vec<&str> = text.split(' ').collect();
    let [name, size, class, rest @ ..] = &words[..] else { panic!("{text}") };
    let mut claim = PersistentVolumeClaim {
        metadata: Meta { name: (*name).into(), namespace: "default".into(), uid: Uid(7), ..Meta::default() },
        ..PersistentVolumeClaim::default()
    };
    claim.status.phase = "Pending".into();
    let spec = Rc::make_mut(&mut claim.spec);
    spec.resources.requests = [(Name::from("storage"), Quantity((*size).into()))].into_iter().collect();
    spec.storage_class_name = Some((*class).into());
    spec.access_modes.push("ReadWriteOnce".into());
    for word in rest {
        match word.split_once('=') {
            Some(("bound", volume)) => {
                spec.volume_name = volume.into();
                claim.metadata.annotations.insert(BIND_COMPLETED, "yes");
                claim.status.phase = "Bound".into();
            }
            Some(("prebound", volume)) => spec.volume_name = volume.into(),
            Some(("selected", node)) => claim.metadata.annotations.insert(SELECTED_NODE, node),
            _ if *word == "lost" => claim.status.phase = "Lost".into(),
            _ if *word == "leaving" => claim.metadata.deletion_timestamp = crate::belief::controllers::testing::NOW,
            _ => panic!("{word}"),
        }
    }
    claim
}

fn class(name: &str, provisioner: &str, waits: bool, nodes: &[&str]) -> StorageClass {
    let mode = if waits { "WaitForFirstConsumer" } else { "Immediate" };
    let mut class = StorageClass {
        metadata: Meta { name: name.into(), ..Meta::default() },
        provisioner: provisioner.into(),
        volume_binding_mode: Some(mode.into()),
        ..StorageClass::default()
    };
    if !nodes.is_empty() {
        let values: Vec<String> = nodes.iter().map(|node| format!("\"{node}\"")).collect();
        let json = format!(r#"[{{"matchLabelExpressions":[{{"key":"nodeKey","values":[{}]}}]}}]"#, values.join(","));
        class.allowed_topologies.0 = Value::from_json(&json).map(Rc::new);
    }
    class
}

fn classes() -> [StorageClass; 5] {
    [
        class("late", NO_PROVISIONER, true, &[]),
        class("now", NO_PROVISIONER, false, &[]),
        class("made", "sim.csi", true, &["node-1", "another"]),
        class("made-elsewhere", "sim.csi", true, &["another"]),
        class("nameless", "", true, &[]),
    ]
}

/// What comes of a pod with these claims on node-1: `pv-a<data, make other`, or why not.
fn outcome(volumes: &[&str], claims: &[&str], missing: Option<&str>) -> String {
    let mut cache = Objects::default();
    volumes.iter().for_each(|text| cache.put(volume(text).into()));
    claims.iter().for_each(|text| cache.put(claim(text).into()));
    classes().into_iter().for_each(|class| cache.put(class.into()));
    let mut pod = Pod::default();
    pod.metadata.namespace = "default".into();
    for name in claims.iter().map(|text| text.split(' ').next().unwrap_or_default()).chain(missing) {
        let source = ClaimVolumeSource { claim_name: name.into(), read_only: false };
        let volume = Volume { persistent_volume_claim: Some(source), ..Volume::default() };
        Rc::make_mut(&mut pod.spec).volumes.push(volume);
    }
    let volumes = match pre_filter(&pod, &cache, &BTreeSet::new) {
        Ok(volumes) => volumes,
        Err(why) => return why,
    };
    let reasons = filter(&volumes, &node("node-1", ""));
    if !reasons.is_empty() {
        return reasons.join("; ");
    }
    let plan = plan(&volumes, &node("node-1", "")).expect("nothing was refused");
    let existing = plan.existing.iter().map(|(volume, claim)| format!("{volume}<{claim}"));
    existing.chain(plan.provisioned.iter().map(|claim| format!("make {claim}"))).collect::<Vec<_>>().join(", ")
}

#[test]
fn which_volumes_a_pod_gets_where_nothing_makes_any() {
    const A: &str = "pv-a 5G late node-1";
    const B: &str = "pv-b 10G late node-1";
    const FAR: &str = "pv-far 1G late node-2";
    const HELD: &str = "pv-held 1G late node-1 for=held";
    const BOUND: &str = "held 1G late bound=pv-held";
    for (volumes, claims, found) in [
        (&[][..], &[][..], ""),
        (&[HELD], &[BOUND], ""),
        (&[], &[BOUND], NO_VOLUME),
        (&[], &["data 1G late prebound=pv-a"], UNBOUND),
        (&[FAR, A, B], &["data 1G late"], "pv-a<data"),
        (&[FAR], &["data 1G late"], NOTHING_TO_BIND),
        (&[A, B], &["data 1G late", "log 5G late"], "pv-a<data, pv-b<log"),
        (&[A, B], &["a-log 5G late", "data 1G late"], "pv-a<data, pv-b<a-log"),
        (&[A], &["data 1G late", "log 5G late"], NOTHING_TO_BIND),
        (&[HELD, A], &["data 1G late", BOUND], "pv-a<data"),
        (&[HELD, FAR], &["data 1G late", BOUND], NOTHING_TO_BIND),
        (&[A, B], &["data 1G late", "log 1G late prebound=pv-a"], UNBOUND),
        (&["pv-now 1G now node-1 for=held"], &["held 1G now bound=pv-now"], ""),
        (&["pv-now 1G now node-2 for=held"], &["held 1G now bound=pv-now"], NODE_CONFLICT),
        (&[], &["data 1G now"], UNBOUND),
        (&[HELD], &["data 1G now", BOUND], UNBOUND),
        (&[A], &["data 1G now", "log 1G late"], UNBOUND),
        (&["pv-a 5G late node-1 for=data"], &["data 1G late"], "pv-a<data"),
        (&["pv-far 5G late node-2 for=data", A], &["data 1G late"], NOTHING_TO_BIND),
        (&["pv-a 5G late node-1 for=other"], &["data 1G late"], NOTHING_TO_BIND),
        (
            &["pv-now 1G now node-2 for=held", FAR],
            &["held 1G now bound=pv-now", "data 1G late"],
            "node(s) didn't match PersistentVolume's node affinity; node(s) didn't find available persistent volumes to bind",
        ),
    ] {
        assert_eq!(outcome(volumes, claims, None), found, "{volumes:?}, {claims:?}");
    }
}

#[test]
fn which_volumes_are_made_for_a_pod() {
    const A: &str = "pv-a 5G late node-1";
    const HELD: &str = "pv-held 1G late node-1 for=held";
    const BOUND: &str = "held 1G late bound=pv-held";
    for (volumes, claims, found) in [
        (&[][..], &["data 1G made"][..], "make data"),
        (&[A], &["data 1G late", "log 1G made"], "pv-a<data, make log"),
        (&[HELD], &[BOUND, "log 1G made"], "make log"),
        (&[HELD], &[BOUND, "log 1G made selected=node-1"], "make log"),
        (&[HELD], &[BOUND, "log 1G made selected=node-2"], NOTHING_TO_BIND),
        (&[], &["data 1G now"], UNBOUND),
        (&["pv-now 1G now node-1 for=held"], &["held 1G now bound=pv-now", "log 1G made"], "make log"),
        (&[], &["data 1G late"], NOTHING_TO_BIND),
        (&[], &["data 1G made-elsewhere"], NOTHING_TO_BIND),
        (&[], &["data 1G made-elsewhere selected=node-1"], NOTHING_TO_BIND),
        (&[], &["data 1G nameless"], NOTHING_TO_BIND),
        (&["pv-m 1G made node-1"], &["data 1G made"], "pv-m<data"),
        (&["pv-m 1G made node-1"], &["data 1G made selected=node-1"], "make data"),
        (&[], &["data 1G nowhere"], UNBOUND),
    ] {
        assert_eq!(outcome(volumes, claims, None), found, "{volumes:?}, {claims:?}");
    }
}

#[test]
fn claims_that_stop_a_pod_before_any_node_is_looked_at() {
    for (claims, missing, why) in [
        (&[][..], Some("data"), "persistentvolumeclaim \"data\" not found"),
        (
            &["held 1G late bound=pv lost"],
            None,
            "persistentvolumeclaim \"held\" bound to non-existent persistentvolume \"pv\"",
        ),
        (&["data 1G late leaving"], None, "persistentvolumeclaim \"data\" is being deleted"),
        (&["data 1G now"], None, UNBOUND),
        (&["a 1G now"], Some("b"), "persistentvolumeclaim \"b\" not found"),
    ] {
        assert_eq!(outcome(&[], claims, missing), why);
    }
}

#[test]
fn bound_volumes_tie_a_pod_to_their_zones() {
    for (labels, zone, elsewhere) in [
        (&[][..], "z1", false),
        (&[("topology.kubernetes.io/zone", "z1")], "z1", false),
        (&[("topology.kubernetes.io/zone", "z2")], "z1", true),
        (&[("topology.kubernetes.io/zone", "z2")], "", false),
        (&[("topology.kubernetes.io/zone", "z2__z1__z3")], "z1", false),
        (&[("topology.kubernetes.io/zone", "z2__z3")], "z1", true),
        (&[("topology.kubernetes.io/region", "r1")], "z1", false),
    ] {
        let mut bound = volume("pv 1G late node-1");
        bound.metadata.labels = labels.iter().copied().collect();
        let volumes = PodVolumes { bound: vec![Rc::new(bound)], ..PodVolumes::default() };
        assert_eq!(is_in_other_zone(&volumes, &node("node-1", zone)), elsewhere, "{labels:?} and {zone:?}");
    }
}
