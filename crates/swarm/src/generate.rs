//! What is typed next: verbs and faults of every sort, aimed at what the cluster holds at the moment.

use crate::chance::Chance;
use crate::manifests::{OTHER_NAMESPACE, hand_made_storage, manifest, mutate, workload};
use crate::script::Step;
use petri_objects::{Kind, Object, ObjectRef, Uid};
use petri_sim::ground::clock::Span;
use petri_sim::words::command::Component;
use petri_sim::words::controller_id::ControllerId;
use petri_sim::world::{Grain, World};
use serde_json::json;

/// How a run begins.
pub(crate) struct Beginning {
    pub scenario: String,
    pub grain: Grain,
    /// How many troubles there are in each phase of trouble.
    pub phases: Vec<u64>,
}

/// Most runs are small; a few have many machines, or many phases.
pub(crate) fn beginning(chance: &mut Chance) -> Beginning {
    let scenario = match chance.below(50) {
        0 => "sized-12".to_owned(),
        1..=8 => format!("sized-{}", chance.between(1, 6)),
        _ => "standard".to_owned(),
    };
    let grain = if chance.percent(25) { Grain::Fine } else { Grain::Coarse };
    let phases = match chance.below(10) {
        0..=1 => chance.between(2, 3),
        _ => 1,
    };
    Beginning { scenario, grain, phases: (0..phases).map(|_| chance.between(2, 12)).collect() }
}

/// What is applied before trouble comes.
pub(crate) fn setup(chance: &mut Chance) -> Vec<Step> {
    let apply = |manifest| Step::Manifest { verb: "apply", manifest };
    let mut steps: Vec<Step> = workload(chance).into_iter().map(apply).collect();
    for _ in 0..chance.below(4) {
        steps.push(apply(manifest(chance)));
    }
    if chance.percent(6) {
        steps.extend(hand_made_storage(chance).into_iter().map(apply));
    }
    steps.push(Step::Run(Span::seconds(chance.between(0, 90))));
    steps
}

/// Short and long pauses, so that troubles overlap and so that their consequences arrive.
pub(crate) fn pause(chance: &mut Chance) -> Step {
    Step::Run(match chance.below(8) {
        0..=2 => Span::millis(chance.below(2_000)),
        3..=4 => Span::seconds(chance.below(30)),
        5..=6 => Span::seconds(chance.below(120)),
        _ => Span::seconds(chance.below(500)),
    })
}

/// The next trouble, if what was chosen has something to act on.
pub(crate) fn trouble(world: &World, chance: &mut Chance) -> Option<Step> {
    let line = match chance.below(100) {
        0..=23 => machine(world, chance),
        24..=33 => network(world, chance),
        34..=46 => process(world, chance)?,
        47..=58 => control_plane(chance),
        59..=63 => storage(world, chance)?,
        64..=72 => workload_verb(world, chance)?,
        73..=78 => deletion(world, chance)?,
        79..=84 => node_verb(world, chance),
        85..=87 => edit(world, chance)?,
        _ => return Some(applied(world, chance)),
    };
    Some(Step::Line(line))
}

fn node(world: &World, chance: &mut Chance) -> String {
    let nth = chance.below(world.machines.len() as u64) as usize;
    world.machines.keys().nth(nth).map_or_else(|| "node-0".to_owned(), |name| name.to_string())
}

fn controller(chance: &mut Chance) -> &'static str {
    ControllerId::ALL[chance.below(ControllerId::ORDINARY as u64) as usize].name()
}

/// As a flag behind a name.
fn namespace_flag(namespace: &str) -> String {
    match namespace {
        "" | "default" => String::new(),
        other => format!(" -n {other}"),
    }
}

/// `web-0 -n team`.
fn pod(world: &World, chance: &mut Chance) -> Option<String> {
    let target = any_of(world, &[Kind::Pod], chance)?;
    Some(format!("{}{}", target.name, namespace_flag(&target.namespace)))
}

fn any_of(world: &World, kinds: &[Kind], chance: &mut Chance) -> Option<ObjectRef> {
    let of = |kind: &Kind| world.objects().list(*kind).into_iter().map(|object| object.reference());
    let all: Vec<ObjectRef> = kinds.iter().flat_map(of).collect();
    chance.any(&all)
}

fn short(chance: &mut Chance) -> Span {
    Span::millis(match chance.below(3) {
        0 => chance.below(1_000),
        1 => chance.below(10_000),
        _ => chance.below(60_000),
    })
}

fn machine(world: &World, chance: &mut Chance) -> String {
    let name = node(world, chance);
    match chance.below(12) {
        0..=2 => format!("power off {name}"),
        3..=4 => format!("power on {name}"),
        5 => format!("reboot {name}"),
        6..=7 => format!("stop kubelet {name}"),
        8 => format!("start kubelet {name}"),
        9 => format!("clock {name} --rate={}%", *chance.one(&[&1u64, &50, &99, &100, &101, &200, &1000])),
        10 => format!("clock {name} --{}={}s", chance.one(&["ahead", "behind"]), chance.below(7_200)),
        _ => format!("add machine node-{} --zone={}", world.machines.len(), chance.one(&["a", "b", "c"])),
    }
}

fn network(world: &World, chance: &mut Chance) -> String {
    let (name, other) = (node(world, chance), node(world, chance));
    let zone = chance.one(&["a", "b", "c"]);
    match chance.below(12) {
        0..=4 => format!("cut {name}"),
        5..=6 => format!("heal {name}"),
        7 => format!("cut {name} --{}", chance.one(&["outgoing", "incoming"])),
        8 => format!("{} zone {zone}", chance.one(&["cut", "cut", "heal"])),
        9..=10 => format!("{} {name} {other}", chance.one(&["cut", "cut", "heal"])),
        _ => format!("delay link {name} {}", Span::millis(chance.below(4_000))),
    }
}

fn process(world: &World, chance: &mut Chance) -> Option<String> {
    let pod = pod(world, chance)?;
    Some(match chance.below(14) {
        0..=1 => format!("crash {pod} --exit-code={}", chance.below(3)),
        2 => format!("hang {pod}"),
        3 => format!("unhang {pod}"),
        4..=5 => format!("pause {pod} {}", short(chance)),
        6 => format!("{} readiness {pod}", chance.one(&["fail", "pass"])),
        7 => format!("{} liveness {pod}", chance.one(&["fail", "pass"])),
        8 => format!("slow start {pod} {}", short(chance)),
        9 => format!("slow stop {pod} {}", short(chance)),
        10 => format!("evict {pod}"),
        11..=12 => {
            format!("timeout 40s kubectl delete pod {pod} --grace-period={}", *chance.one(&[&1u64, &5, &30, &100]))
        }
        _ => format!("kubectl delete pod {pod} --force --grace-period=0"),
    })
}

fn control_plane(chance: &mut Chance) -> String {
    let component = Component::ALL[chance.below(3) as usize].name();
    let name = controller(chance);
    match chance.below(14) {
        0 => format!("stop {component}"),
        1 => format!("start {component}"),
        2 => format!("restart {component}"),
        3..=4 => format!("pause controller {name}"),
        5 => format!("resume controller {name}"),
        6..=7 => format!("delay cache {name} {}", short(chance)),
        8 => format!("hold cache {name}"),
        9 => format!("release cache {name}"),
        10..=11 => format!("crash controller {name}"),
        12 => format!("delay etcd {}", Span::millis(chance.below(5_000))),
        _ => format!("lose reply {name}"),
    }
}

fn storage(world: &World, chance: &mut Chance) -> Option<String> {
    let disks: Vec<String> = world.disks.iter().map(|disk| disk.volume.to_string()).collect();
    Some(match chance.below(8) {
        0 => "stop provisioner".to_owned(),
        1 => "start provisioner".to_owned(),
        2..=3 => format!("{} attach", chance.one(&["hold", "hold", "release"])),
        4..=5 => format!("{} detach", chance.one(&["hold", "hold", "release"])),
        6 => format!("read-only {}", chance.any(&disks)?),
        _ => format!("read-write {}", chance.any(&disks)?),
    })
}

const WORKLOADS: [Kind; 3] = [Kind::StatefulSet, Kind::Deployment, Kind::ReplicaSet];

fn workload_verb(world: &World, chance: &mut Chance) -> Option<String> {
    let target = any_of(world, &WORKLOADS, chance)?;
    let flag = namespace_flag(&target.namespace);
    let replicas = chance.below(6);
    Some(match chance.below(12) {
        0..=4 => format!("kubectl scale {target} --replicas={replicas}{flag}"),
        5..=6 => format!("kubectl rollout restart {target}{flag}"),
        7 => format!("kubectl rollout undo {target}{flag}"),
        8 => format!("kubectl rollout {} {target}{flag}", chance.one(&["pause", "resume", "resume"])),
        9 => format!("timeout 30s kubectl rollout status {target}{flag}"),
        _ => {
            let image = chance.one(&["server:2", "server:3", "server:4", "bad:2"]);
            format!("kubectl set image {target} c={image}{flag}")
        }
    })
}

fn deletion(world: &World, chance: &mut Chance) -> Option<String> {
    if chance.percent(10) {
        return Some(format!("timeout 30s kubectl delete namespace {OTHER_NAMESPACE}"));
    }
    if chance.percent(2) {
        return Some("timeout 30s kubectl delete namespace default".into());
    }
    if chance.percent(8) {
        let flag = if chance.percent(20) { " -A" } else { "" };
        let kind = chance.one(&["pods", "pvc", "sts", "deploy", "rs", "svc", "pdb", "cm"]);
        return Some(format!("timeout 30s kubectl delete {kind} --all{flag}"));
    }
    const KINDS: [Kind; 16] = [
        Kind::StatefulSet,
        Kind::StatefulSet,
        Kind::Deployment,
        Kind::ReplicaSet,
        Kind::Service,
        Kind::ConfigMap,
        Kind::ServiceAccount,
        Kind::ResourceQuota,
        Kind::PersistentVolumeClaim,
        Kind::PersistentVolume,
        Kind::PodDisruptionBudget,
        Kind::StorageClass,
        Kind::EndpointSlice,
        Kind::ControllerRevision,
        Kind::Lease,
        Kind::VolumeAttachment,
    ];
    let kind = chance.any(&KINDS)?;
    let target = any_of(world, &[kind], chance)?;
    let flag = namespace_flag(&target.namespace);
    let cascade = match chance.below(5) {
        0 => " --cascade=orphan",
        1 => " --cascade=foreground",
        _ => "",
    };
    Some(match chance.percent(50) {
        true => format!("kubectl delete {target}{flag}{cascade} --wait=false"),
        false => format!("timeout 20s kubectl delete {target}{flag}{cascade}"),
    })
}

fn node_verb(world: &World, chance: &mut Chance) -> String {
    let name = node(world, chance);
    match chance.below(10) {
        0..=1 => format!("kubectl cordon {name}"),
        2 => format!("kubectl uncordon {name}"),
        3..=4 => format!("timeout 60s kubectl drain {name} --ignore-daemonsets --delete-emptydir-data"),
        5 => format!("kubectl taint nodes {name} example.com/drain=x:{}", chance.one(&["NoExecute", "NoSchedule"])),
        6 => format!("kubectl taint nodes {name} example.com/drain-"),
        7 => format!("kubectl taint nodes {name} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"),
        8 => format!("timeout 20s kubectl delete node {name}"),
        _ => format!("kubectl label node {name} example.com/rack={} --overwrite", chance.below(3)),
    }
}

fn edit(world: &World, chance: &mut Chance) -> Option<String> {
    const KINDS: [Kind; 6] =
        [Kind::Pod, Kind::StatefulSet, Kind::Deployment, Kind::ReplicaSet, Kind::Service, Kind::PersistentVolumeClaim];
    let kind = chance.any(&KINDS)?;
    let target = any_of(world, &[kind], chance)?;
    let flag = namespace_flag(&target.namespace);
    let patch = match chance.below(6) {
        0 => return Some(format!("kubectl label {target} app={} --overwrite{flag}", chance.one(&["web", "other"]))),
        1 => return Some(format!("kubectl annotate {target} petri.dev/note=x --overwrite{flag}")),
        2 => {
            json!({"metadata": {"finalizers": if chance.percent(40) { json!(["petri.dev/kept"]) } else { json!(null) }}})
        }
        3 => json!({"metadata": {"labels": {"app": "other"}}}),
        4 => json!({"spec": {"template": {"metadata": {"labels": {"run": chance.below(3).to_string()}}}}}),
        _ => json!({"spec": {"replicas": chance.below(5), "minReadySeconds": chance.below(10)}}),
    };
    Some(format!("kubectl patch {target}{flag} --type=merge -p '{patch}'"))
}

/// Another manifest, an owner cycle, or one that is applied again with a change.
fn applied(world: &World, chance: &mut Chance) -> Step {
    let mut verb = "apply";
    let manifest = match chance.below(10) {
        0 => cycle(world, chance),
        1 => {
            let mut manifest = manifest(chance);
            mutate(&mut manifest, chance);
            manifest
        }
        2 => {
            verb = chance.one(&["create", "replace"]);
            manifest(chance)
        }
        _ => manifest(chance),
    };
    Step::Manifest { verb, manifest }
}

/// An object that is owned by another one, which may in turn be owned by it.
fn cycle(world: &World, chance: &mut Chance) -> serde_json::Value {
    let names = ["settings", "other", "third"];
    let (own, owner) = (chance.one(&names), chance.one(&names));
    let key = petri_sim::belief::api::shelf::Key::new("default", owner);
    let uid = world.objects().config_maps.get(&key).map_or(Uid::default(), |map| map.metadata.uid);
    let owner = match any_of(world, &WORKLOADS, chance).and_then(|target| world.objects().get(&target)) {
        Some(object) if chance.percent(30) => reference(&object),
        _ => json!({"apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": uid.to_string()}),
    };
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": own, "ownerReferences": [owner]}})
}

fn reference(object: &Object) -> serde_json::Value {
    json!({"apiVersion": object.kind().api_version(), "kind": object.kind().name(),
           "name": object.meta().name.to_string(), "uid": object.meta().uid.to_string(), "blockOwnerDeletion": true})
}

/// A line that only looks; it must change nothing.
pub(crate) fn look(world: &World, chance: &mut Chance) -> String {
    const KINDS: [&str; 16] = [
        "pods",
        "nodes",
        "sts",
        "deploy",
        "rs",
        "svc",
        "pvc",
        "pv",
        "events",
        "pdb",
        "cm",
        "leases",
        "endpointslices",
        "quota",
        "controllerrevisions",
        "volumeattachments",
    ];
    let target = any_of(world, Kind::ALL, chance);
    let kind = chance.one(&KINDS);
    let of = |target: &ObjectRef| format!("{target}{}", namespace_flag(&target.namespace));
    match (chance.below(16), target) {
        (0, _) => format!("kubectl get {kind} -A -o wide"),
        (1, _) => format!("kubectl get {kind} -A -o yaml"),
        (2, _) => "kubectl get all".into(),
        (3..=4, Some(target)) => format!("kubectl describe {}", of(&target)),
        (5..=6, Some(target)) => format!("why {}", of(&target)),
        (7, Some(target)) => format!("kubectl delete {} --dry-run=server", of(&target)),
        (8, _) => {
            let step = Step::Manifest { verb: "diff", manifest: manifest(chance) };
            step.text()
        }
        (9, _) => {
            let step = Step::Manifest { verb: "apply --dry-run=server", manifest: manifest(chance) };
            step.text()
        }
        (10, _) => chance.one(&["processes", "disks", "links", "workloads", "locks", "calls"]).into(),
        (11, _) => "guarantees".into(),
        (12, _) => format!("dig {}.default.svc.cluster.local", chance.one(&["web", "app", "web-0.web"])),
        (13, Some(target)) => format!("kubectl get {} -o json", of(&target)),
        (14, _) => "kubectl events -A".into(),
        _ => format!("timeout 1s kubectl scale sts --all --replicas={} --dry-run=client", chance.below(4)),
    }
}
