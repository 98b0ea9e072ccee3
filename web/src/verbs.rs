//! What a person can do with a mark: the menu of verbs, each with the console line that says the same.

mod entry;
mod ills;

use petri_objects::order::Order as _;
use petri_objects::{Kind, Name, ObjectRef, Span, Uid};
use petri_picture::view::{Target, lock_object, words};
use petri_sim::belief::api::shelf::Key;
use petri_sim::reality::machine::Machine;
use petri_sim::words::command::{Command, Component, Propagation, StoragePart};
use petri_sim::words::controller_id::ControllerId;
use petri_sim::world::World;

pub use entry::{Act, OUT_OF_SERVICE, Verb, out_of_service};
use entry::{say, typed, verb};

/// What kubectl can do with every object that exists: look at it, edit it, and change its notes.
fn kubectl_verbs(object: &ObjectRef, gone: &dyn Fn() -> Option<String>) -> Vec<Verb> {
    let namespace = match &*object.namespace {
        "" | "default" => String::new(),
        namespace => format!(" -n {namespace}"),
    };
    let name = format!("{} {}", object.kind.singular(), object.name);
    vec![
        say(3, "Describe", format!("kubectl describe {name}{namespace}"), gone()),
        say(3, "Edit", format!("kubectl edit {name}{namespace}"), gone()),
        typed(3, "Label", format!("kubectl label {name}{namespace} "), gone()),
        typed(3, "Annotate", format!("kubectl annotate {name}{namespace} "), gone()),
        typed(3, "Patch", format!("kubectl patch {name}{namespace} --type=merge -p "), gone()),
    ]
}

/// Refused with these words, if it does not hold.
fn unless(holds: bool, words: impl FnOnce() -> String) -> Option<String> {
    (!holds).then(words)
}

/// The title of a mark's menu.
pub fn title(target: &Target) -> String {
    match target {
        Target::ControlPlane => "Control plane".into(),
        Target::Node(node) | Target::Link(node) => format!("Node {node}"),
        Target::Pod { pod, uid } => format!("Pod {} {}", pod.name, uid.short()),
        Target::Claim(claim) => format!("Claim {}", claim.name),
        Target::Volume(volume) => format!("Volume {}", words::volume(volume)),
        Target::Lock(lock) => format!("Lock {}", lock.rsplit('/').next().unwrap_or(lock)),
        Target::Object(object) => format!("{} {}", object.kind.name(), object.name),
        Target::Guarantee(guarantee) => guarantee.title().into(),
        Target::Moment(_) | Target::Branch(_) => "Timeline".into(),
    }
}

/// Everything that can be done with a mark, the possible and the impossible.
pub fn verbs(world: &World, target: &Target) -> Vec<Verb> {
    match target {
        Target::Pod { pod, uid } => pod_verbs(world, pod, *uid),
        Target::Node(node) | Target::Link(node) => node_verbs(world, node),
        Target::Claim(object) | Target::Object(object) => object_verbs(world, object),
        Target::Volume(volume) => object_verbs(world, &ObjectRef::new(Kind::PersistentVolume, "", volume.clone())),
        Target::Lock(lock) => lock_object(lock).map_or_else(Vec::new, |object| object_verbs(world, &object)),
        Target::ControlPlane => control_plane_verbs(world),
        Target::Guarantee(_) | Target::Moment(_) | Target::Branch(_) => Vec::new(),
    }
}

fn delete(target: &ObjectRef, grace_seconds: Option<i64>, propagation: Propagation) -> Command {
    Command::Delete { target: target.clone(), grace_seconds, propagation }
}

fn pod_verbs(world: &World, pod: &ObjectRef, uid: Uid) -> Vec<Verb> {
    let key = Key::new(pod.namespace.clone(), pod.name.clone());
    let object = world.objects().pods.get(&key).filter(|pod| pod.metadata.uid == uid);
    let process =
        world.machines.values().find_map(|machine| machine.processes_of(uid).next().map(|(_, process)| process));
    let gone = || unless(object.is_some(), || "It has no API object any more: only its process runs.".into());
    // Commands to processes name the pod; a ghost's name may belong to another pod by now.
    let still = || match (object, process) {
        (Some(_), Some(_)) => None,
        (None, Some(_)) => Some("It has no API object any more: act on its machine instead.".to_owned()),
        _ => Some("No process runs.".to_owned()),
    };
    let hangs = process.is_some_and(|process| !process.answers);
    let force = Verb { risky: true, ..verb(0, "Force delete", delete(pod, Some(0), Propagation::Background), gone()) };
    let mut verbs = vec![
        verb(0, "Delete", delete(pod, None, Propagation::Background), gone()),
        force,
        typed(
            0,
            "Delete with a grace period in seconds",
            format!("kubectl delete pod {} --grace-period=", pod.name),
            gone(),
        ),
        verb(0, "Evict", Command::Evict { pod: pod.clone(), grace_seconds: None }, gone()),
        verb(1, "Crash the container", Command::Crash { pod: pod.clone(), exit_code: 1 }, still()),
        if hangs {
            verb(1, "Let it answer again", Command::Hang { pod: pod.clone(), on: false }, still())
        } else {
            verb(1, "Hang it", Command::Hang { pod: pod.clone(), on: true }, still())
        },
        verb(1, "Pause it for 20 s", Command::Pause { pod: pod.clone(), span: Span::seconds(20) }, still()),
    ];
    verbs.extend(ills::verbs(world, pod, process, object, &still));
    verbs.extend(kubectl_verbs(pod, &gone));
    verbs
}

fn node_verbs(world: &World, node: &Name) -> Vec<Verb> {
    let name = || node.clone();
    let machine: Option<&Machine> = world.machines.get(node);
    let object = world.objects().nodes.get(&Key::new("", node.clone()));
    let powered = machine.is_some_and(|machine| machine.powered);
    let kubelet = machine.is_some_and(|machine| machine.kubelet.running);
    let cut = world.network.is_cut(node);
    let no_machine = || unless(machine.is_some(), || "There is no such machine.".into());
    let off = || no_machine().or_else(|| unless(powered, || "The machine has no power.".into()));
    let no_object = || unless(object.is_some(), || "There is no Node object.".into());
    let cordoned = object.is_some_and(|node| node.spec.unschedulable);
    let tainted = object.is_some_and(|node| node.has_taint(OUT_OF_SERVICE, "NoExecute"));
    let target = ObjectRef::new(Kind::Node, "", node.clone());
    let taint = || vec![out_of_service()];
    let (taint_label, taint_command) = if tainted {
        ("Remove the out-of-service taint", Command::Taint { node: name(), add: Vec::new(), remove: taint() })
    } else {
        ("Mark it out of service", Command::Taint { node: name(), add: taint(), remove: Vec::new() })
    };
    let clock = world.programs.clocks.get(node);
    let set_clock = |percent, ahead_seconds| Command::SetClock { node: name(), percent, ahead_seconds };
    let mut verbs = vec![
        if cut {
            verb(0, "Heal the link", Command::Heal { node: name() }, no_machine())
        } else {
            verb(0, "Cut it off", Command::Cut { node: name() }, no_machine())
        },
        if powered || machine.is_none() {
            verb(0, "Power off", Command::PowerOff { node: name() }, no_machine())
        } else {
            verb(0, "Power on", Command::PowerOn { node: name() }, no_machine())
        },
        verb(0, "Reboot", Command::Reboot { node: name() }, off()),
        if kubelet || !powered {
            verb(0, "Stop the kubelet", Command::StopKubelet { node: name() }, off())
        } else {
            verb(0, "Start the kubelet", Command::StartKubelet { node: name() }, off())
        },
    ];
    verbs.extend(ills::link_verbs(world, node, &no_machine));
    verbs.extend([
        if cordoned {
            verb(1, "Uncordon", Command::Cordon { node: name(), on: false }, no_object())
        } else {
            verb(1, "Cordon", Command::Cordon { node: name(), on: true }, no_object())
        },
        say(1, "Drain", format!("kubectl drain {node} --ignore-daemonsets"), no_object()),
        Verb { risky: !tainted && powered, ..verb(1, taint_label, taint_command, no_object()) },
        Verb {
            risky: powered,
            ..verb(1, "Delete the Node object", delete(&target, None, Propagation::Background), no_object())
        },
        typed(1, "Taint", format!("kubectl taint nodes {node} "), no_object()),
    ]);
    match clock {
        None => {
            verbs.push(verb(2, "Run its clock at double speed", set_clock(200, 0), no_machine()));
            verbs.push(verb(2, "Its clock is an hour ahead", set_clock(100, 3_600), no_machine()));
            verbs.push(typed(2, "Set its clock wrong", format!("clock {node} "), no_machine()));
        }
        // Its pace is right from now on; what it has counted too much stays.
        Some(_) => verbs.push(verb(2, "Set its clock right", set_clock(100, 0), no_machine())),
    }
    verbs.extend(kubectl_verbs(&target, &no_object));
    verbs
}

fn object_verbs(world: &World, object: &ObjectRef) -> Vec<Verb> {
    let found = world.objects().get(object);
    let gone = || unless(found.is_some(), || "It does not exist any more.".into());
    let replicas = match &found {
        Some(petri_objects::Object::StatefulSet(set)) => Some(set.replicas()),
        Some(petri_objects::Object::ReplicaSet(set)) => Some(set.replicas()),
        Some(petri_objects::Object::Deployment(deployment)) => Some(deployment.replicas()),
        _ => None,
    };
    let word = object.kind.singular();
    let mut verbs = Vec::new();
    if let Some(replicas) = replicas {
        let scale = |replicas: i32| Command::Scale { target: object.clone(), replicas };
        verbs.push(verb(0, format!("Scale to {}", replicas + 1), scale(replicas + 1), None));
        let none_left = || unless(replicas > 0, || "It has no replicas.".into());
        verbs.push(verb(0, format!("Scale to {}", (replicas - 1).max(0)), scale((replicas - 1).max(0)), none_left()));
        let name = format!("{word}/{}", object.name);
        verbs.push(typed(0, "Scale", format!("kubectl scale {name} --replicas="), None));
        verbs.extend(rollout_verbs(&name, found.as_ref()));
        verbs.push(verb(2, "Delete", delete(object, None, Propagation::Background), gone()));
        verbs.push(verb(2, "Delete, keep the pods", delete(object, None, Propagation::Orphan), gone()));
        verbs.push(verb(2, "Delete, pods first", delete(object, None, Propagation::Foreground), gone()));
    } else {
        verbs.extend(ills::disk_verb(world, object));
        verbs.push(verb(2, "Delete", delete(object, None, Propagation::Background), gone()));
    }
    verbs.extend(kubectl_verbs(object, &gone));
    verbs
}

/// How pods get another template, and what of it can be looked at, stopped and taken back.
fn rollout_verbs(name: &str, found: Option<&petri_objects::Object>) -> Vec<Verb> {
    use petri_objects::Object;
    let (template, paused) = match found {
        Some(Object::StatefulSet(set)) => (&set.spec.template, None),
        Some(Object::DaemonSet(set)) => (&set.spec.template, None),
        Some(Object::Deployment(deployment)) => (&deployment.spec.template, Some(deployment.spec.paused)),
        _ => return Vec::new(),
    };
    let container = template.spec.containers.first().map_or("", |container| &*container.name);
    let roll = |label: &str, what: &str| say(1, label, format!("kubectl rollout {what} {name}"), None);
    let mut verbs = vec![
        typed(1, "Set the image", format!("kubectl set image {name} {container}="), None),
        roll("Restart all pods", "restart"),
        roll("Undo the last rollout", "undo"),
        roll("How the rollout goes", "status"),
        roll("Earlier revisions", "history"),
    ];
    verbs.extend(
        paused.map(
            |paused| if paused { roll("Resume the rollout", "resume") } else { roll("Pause the rollout", "pause") },
        ),
    );
    verbs
}

fn storage_verb(world: &World, part: StoragePart, labels: [&str; 2]) -> Verb {
    let fails = world.storage_fails(part);
    verb(1, labels[usize::from(fails)], Command::FailStorage { part, on: !fails }, None)
}

fn control_plane_verbs(world: &World) -> Vec<Verb> {
    let set = ControllerId::StatefulSet;
    let next = (0..).map(|i| Name::from(format!("node-{i}"))).find(|name| !world.machines.contains_key(name));
    let node = next.expect("names never run out");
    let mut zones: Vec<Name> = world.machines.values().map(|machine| Name::from(machine.zone())).collect();
    zones.order();
    zones.dedup();
    if zones.is_empty() {
        zones.push("a".into());
    }
    let mut verbs = vec![
        verb(0, "Crash statefulset-controller", Command::CrashController { controller: set }, None),
        verb(0, "Hold its cache", Command::HoldCache { controller: set, on: true }, None),
        verb(0, "Release its cache", Command::HoldCache { controller: set, on: false }, None),
        verb(0, "Lose its next reply", Command::LoseReply { controller: set }, None),
        ills::pause_controller(world, set),
        ills::delay_cache(world, set),
        ills::delay_etcd(world),
        typed(1, "Crash another controller", "crash controller ".into(), None),
        typed(1, "Pause another controller", "pause controller ".into(), None),
        typed(1, "Resume another controller", "resume controller ".into(), None),
        typed(1, "Delay another cache", "delay cache ".into(), None),
        typed(1, "Hold another cache", "hold cache ".into(), None),
        typed(1, "Release another cache", "release cache ".into(), None),
        typed(1, "Lose another reply", "lose reply ".into(), None),
    ];
    for component in Component::ALL {
        let name = component.name();
        verbs.push(if world.is_stopped(component) {
            verb(2, format!("Start {name}"), Command::StartComponent { component }, None)
        } else {
            verb(2, format!("Stop {name}"), Command::StopComponent { component }, None)
        });
        let stopped = || unless(!world.is_stopped(component), || format!("{name} does not run: start it."));
        verbs.push(verb(2, format!("Restart {name}"), Command::RestartComponent { component }, stopped()));
    }
    verbs.extend([
        storage_verb(world, StoragePart::Provisioner, ["Stop the provisioner", "Start the provisioner"]),
        storage_verb(world, StoragePart::Attach, ["Leave attaches unanswered", "Answer attaches"]),
        storage_verb(world, StoragePart::Detach, ["Leave detaches unanswered", "Answer detaches"]),
    ]);
    for zone in zones {
        verbs.push(verb(
            3,
            format!("Add {node} in zone {zone}"),
            Command::AddMachine { node: node.clone(), zone },
            None,
        ));
    }
    verbs
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_sim::ground::scenario::Scenario;

    /// What a person can do with what, as the menus say it: `target, line`.
    const MENUS: &[(&str, &str)] = &[
        ("set", "kubectl scale statefulset/web --replicas=3"),
        ("set", "kubectl scale statefulset/web --replicas=…"),
        ("set", "kubectl set image statefulset/web main=…"),
        ("set", "kubectl rollout restart statefulset/web"),
        ("set", "kubectl rollout undo statefulset/web"),
        ("set", "kubectl rollout status statefulset/web"),
        ("set", "kubectl rollout history statefulset/web"),
        ("deployment", "kubectl rollout pause deployment/front"),
        ("set", "kubectl delete statefulset web"),
        ("set", "kubectl delete statefulset web --cascade=orphan"),
        ("set", "kubectl delete statefulset web --cascade=foreground"),
        ("set", "kubectl edit statefulset web"),
        ("set", "kubectl label statefulset web …"),
        ("set", "kubectl annotate statefulset web …"),
        ("set", "kubectl patch statefulset web --type=merge -p …"),
        ("claim", "read-only VOLUME"),
        ("claim", "kubectl delete persistentvolumeclaim data-web-0"),
        ("volume", "read-only VOLUME"),
        ("pod", "kubectl delete pod web-0"),
        ("pod", "kubectl delete pod web-0 --force --grace-period=0"),
        ("pod", "kubectl delete pod web-0 --grace-period=…"),
        ("pod", "evict pod/web-0"),
        ("pod", "crash pod/web-0 --exit-code=1"),
        ("pod", "hang pod/web-0"),
        ("pod", "pause pod/web-0 20s"),
        ("pod", "fail readiness pod/web-0"),
        ("pod", "fail liveness pod/web-0"),
        ("pod", "slow start pod/web-0 1m0s"),
        ("pod", "slow stop pod/web-0 1m0s"),
        ("pod", "kubectl label pod web-0 …"),
        ("node", "kubectl drain node-0 --ignore-daemonsets"),
        ("node", "kubectl cordon node-0"),
        ("node", "kubectl taint nodes node-0 …"),
        ("node", "kubectl taint nodes node-0 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"),
        ("node", "kubectl delete node node-0"),
        ("node", "power off node-0"),
        ("node", "reboot node-0"),
        ("node", "stop kubelet node-0"),
        ("node", "cut node-0"),
        ("node", "cut node-0 --outgoing"),
        ("node", "cut node-0 --incoming"),
        ("node", "cut node-0 …"),
        ("node", "cut zone a"),
        ("node", "delay link node-0 1s"),
        ("node", "delay link node-0 …"),
        ("node", "clock node-0 --rate=200%"),
        ("node", "clock node-0 --rate=100% --ahead=3600s"),
        ("plane", "crash controller statefulset-controller"),
        ("plane", "crash controller …"),
        ("plane", "hold cache statefulset-controller"),
        ("plane", "release cache statefulset-controller"),
        ("plane", "lose reply statefulset-controller"),
        ("plane", "pause controller statefulset-controller"),
        ("plane", "pause controller …"),
        ("plane", "resume controller …"),
        ("plane", "delay cache statefulset-controller 10s"),
        ("plane", "delay cache …"),
        ("plane", "delay etcd 2s"),
        ("plane", "restart kube-apiserver"),
        ("plane", "restart kube-scheduler"),
        ("plane", "stop kube-apiserver"),
        ("plane", "stop kube-controller-manager"),
        ("plane", "stop kube-scheduler"),
        ("plane", "add machine node-4 --zone=b"),
    ];

    const MANIFEST: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: web }
spec:
  serviceName: web
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: i, readinessProbe: { httpGet: { port: 80 } }, livenessProbe: { httpGet: { port: 80 } } }] }
  volumeClaimTemplates:
  - metadata: { name: data }
    spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: front }
spec:
  selector: { matchLabels: { app: front } }
  template:
    metadata: { labels: { app: front } }
    spec: { containers: [{ name: main, image: i }] }
";

    /// What undoes a fault stands where the fault stood.
    const UNDONE: &[(&str, &str, &str)] = &[
        ("node", "cut node-0 --incoming", "heal node-0"),
        ("node", "cut zone a", "heal zone a"),
        ("node", "cut node-0 node-2", "heal node-0 node-2"),
        ("node", "delay link node-0 1s", "delay link node-0 0s"),
        ("pod", "pause pod/web-0 20s", "unhang pod/web-0"),
        ("pod", "fail readiness pod/web-0", "pass readiness pod/web-0"),
        ("pod", "fail liveness pod/web-0", "pass liveness pod/web-0"),
        ("pod", "slow start pod/web-0 1m0s", "slow start pod/web-0 0s"),
        ("plane", "pause controller statefulset-controller", "resume controller statefulset-controller"),
        ("plane", "delay cache statefulset-controller 10s", "delay cache statefulset-controller 0s"),
        ("plane", "delay etcd 2s", "delay etcd 0s"),
        ("plane", "restart kube-scheduler", "start kube-scheduler"),
    ];

    #[test]
    fn what_a_person_can_do_is_in_the_menu_of_the_thing_itself() {
        let mut session = petri_sim::story::timeline::Timeline::new(petri_sim::story::recording::Recording::new(
            Scenario::standard(),
            7,
        ));
        for document in &petri_manifest::parse(MANIFEST).documents {
            session.command(Command::Apply(std::rc::Rc::new(document.value.clone()))).expect("it is valid");
        }
        session.play_until(session.now() + petri_objects::Span::seconds(20));
        let world = session.world();
        let pod = world.objects().pods.get(&Key::new("default", "web-0")).expect("it runs");
        let claim = world.objects().claims.get(&Key::new("default", "data-web-0")).expect("it is bound");
        let volume = claim.spec.volume_name.clone();
        let target = |word: &str| match word {
            "set" => Target::Object(ObjectRef::new(Kind::StatefulSet, "default", "web")),
            "deployment" => Target::Object(ObjectRef::new(Kind::Deployment, "default", "front")),
            "pod" => Target::Pod { pod: ObjectRef::new(Kind::Pod, "default", "web-0"), uid: pod.metadata.uid },
            "node" => Target::Node("node-0".into()),
            "claim" => Target::Claim(ObjectRef::new(Kind::PersistentVolumeClaim, "default", "data-web-0")),
            "volume" => Target::Volume(volume.clone()),
            _ => Target::ControlPlane,
        };
        for (word, line) in MENUS {
            let menu = verbs(world, &target(word));
            let line = line.replace("VOLUME", &volume);
            let found = menu.iter().find(|verb| verb.act.line() == line);
            let lines: Vec<String> = menu.iter().map(|verb| verb.act.line()).collect();
            assert!(found.is_some_and(|verb| verb.refused.is_none()), "{line} is not in {lines:#?}");
        }
        for (word, line, undo) in UNDONE {
            let mut timeline = petri_sim::story::timeline::Timeline::new(session.recording().clone());
            timeline.play_until(session.now());
            let files: std::collections::BTreeMap<String, String> = Default::default();
            let out = petri_console::run(line, &mut timeline, &files);
            assert_eq!(out.code, 0, "{line}: {}", out.shown());
            let lines: Vec<String> =
                verbs(timeline.world(), &target(word)).iter().map(|verb| verb.act.line()).collect();
            assert!(lines.iter().any(|l| l == undo), "{undo} is not in {lines:#?}");
            let out = petri_console::run(undo, &mut timeline, &files);
            assert_eq!(out.code, 0, "{undo}: {}", out.shown());
        }
    }
}
