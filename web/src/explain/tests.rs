use super::*;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;

const SLOW: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: rg }
spec:
  serviceName: rg
  replicas: 1
  selector: { matchLabels: { app: rg } }
  template:
    metadata: { labels: { app: rg } }
    spec:
      containers: [{ name: rg, image: 'petri.dev/slow-stopper:1' }]
";

fn run() -> Timeline {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 7));
    for document in &petri_manifest::parse(SLOW).documents {
        timeline.command(Command::Apply(Rc::new(document.root().to_value()))).expect("it is possible");
    }
    play(&mut timeline, 30);
    timeline
}

fn play(timeline: &mut Timeline, seconds: u64) {
    timeline.play_until(timeline.now() + Span::seconds(seconds));
}

#[test]
fn a_healthy_stop_is_waited_for_and_a_silent_node_is_a_standstill() {
    let mut timeline = run();
    let pod = ObjectRef::new(Kind::Pod, "default", "rg-0");
    let command = Command::Delete { target: pod.clone(), grace_seconds: None, propagation: Propagation::Background };
    timeline.command(command).expect("it is possible");
    play(&mut timeline, 2);
    let set = Target::Object(ObjectRef::new(Kind::StatefulSet, "default", "rg"));
    let told = |timeline: &Timeline| {
        let why = why(timeline, Some(&set));
        (why.is_under_way(), why.waiting.iter().map(|wait| wait.sentence.clone()).collect::<Vec<_>>().join(" "))
    };
    let node = timeline.world().objects().pods.values().next().expect("a pod").spec.node_name.clone();
    let sentence = format!("rg-0 was asked to stop at 0:30; the kubelet on {node} is stopping it, for 30 s at most.");
    assert_eq!(told(&timeline), (true, sentence));
    timeline.command(Command::Cut { node }).expect("it is possible");
    play(&mut timeline, 2);
    let (under_way, sentence) = told(&timeline);
    assert!(!under_way && sentence.contains("or a force delete can end this"), "{sentence}");
}

#[test]
fn machines_that_do_not_reach_each_other_can_be_joined_again() {
    let mut timeline = run();
    let node = || timeline.world().objects().pods.values().next().expect("a pod").spec.node_name.clone();
    let (here, there) = (node(), if &*node() == "node-0" { "node-1" } else { "node-0" });
    timeline.command(Command::Part { node: here.clone(), other: there.into(), on: true }).expect("it is possible");
    for target in [Target::Node(here), Target::Node(there.into())] {
        let fixes = why(&timeline, Some(&target)).fixes;
        let joins: Vec<_> = fixes.iter().filter(|fix| matches!(fix.command, Command::Part { on: false, .. })).collect();
        let [fix] = joins[..] else { panic!("one fix for {}, not {}", target.key(), joins.len()) };
        timeline.clone().command(fix.command.clone()).expect("it can be done");
    }
}

#[test]
fn everything_that_can_be_selected_is_defined() {
    let parts: Vec<&str> = about::about(Some(&Target::ControlPlane)).into_iter().map(|(name, _)| name).collect();
    assert_eq!(parts, ["api-server", "etcd", "scheduler", "controller-manager", "coredns"]);
    for kind in Kind::ALL {
        let target = Target::Object(ObjectRef::new(*kind, "", "x"));
        let [(name, sentence)] = about::about(Some(&target))[..] else { panic!("one sentence for {}", kind.name()) };
        assert!(name == kind.name() && sentence.ends_with('.'), "{name} {sentence}");
    }
}

const REPLICAS: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: rg }
spec:
  replicas: 4
  selector: { matchLabels: { app: rg } }
  template:
    metadata: { labels: { app: rg } }
    spec:
      containers: [{ name: rg, image: nginx }]
";

/// Four pods of a Deployment that are ready.
fn replicas() -> Timeline {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 7));
    for document in &petri_manifest::parse(REPLICAS).documents {
        timeline.command(Command::Apply(Rc::new(document.root().to_value()))).expect("it is possible");
    }
    play(&mut timeline, 30);
    timeline
}

/// The first pod, and its machine.
fn first(timeline: &Timeline) -> (ObjectRef, Uid, Name) {
    let (key, pod) = timeline.world().objects().pods.iter().next().expect("there is a pod");
    (key.to_ref(Kind::Pod), pod.metadata.uid, pod.spec.node_name.clone())
}

fn told(timeline: &Timeline, object: &ObjectRef, uid: Option<Uid>) -> Vec<String> {
    timeline.why(object, uid).into_iter().map(|link| link.sentence).collect()
}

#[test]
fn a_pod_that_is_ready_again_is_so_because_its_machine_was_healed() {
    let mut timeline = replicas();
    let (pod, uid, node) = first(&timeline);
    timeline.command(Command::Cut { node: node.clone() }).expect("it is possible");
    play(&mut timeline, 60);
    timeline.command(Command::Heal { node: node.clone() }).expect("it is possible");
    play(&mut timeline, 10);
    let told = told(&timeline, &pod, Some(uid));
    let name = &pod.name;
    let expected = [
        format!("{name} became Ready."),
        format!("{node} reports that it is ready."),
        format!("You: heal {node}"),
        format!("node-controller set {name} to not Ready: its node does not answer."),
        format!("node-controller considers {node} lost: its kubelet stopped posting node status."),
        format!("You: cut {node}"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_drain_is_told_as_what_it_does() {
    let mut timeline = replicas();
    let (pod, _, name) = first(&timeline);
    let before: Vec<Uid> = timeline.world().objects().pods.iter().map(|(_, pod)| pod.metadata.uid).collect();
    let node = ObjectRef::new(Kind::Node, "", name.clone());
    timeline.command(Command::Cordon { node: name.clone(), on: true }).expect("it is possible");
    timeline.command(Command::Evict { pod: pod.clone(), grace_seconds: None }).expect("it is possible");
    play(&mut timeline, 5);
    let expected = [
        format!("node-controller gave {name} the taint node.kubernetes.io/unschedulable."),
        format!("You made {name} unschedulable."),
        format!("You: kubectl drain {name}"),
    ];
    assert_eq!(told(&timeline, &node, None), expected);
    let pods = timeline.world().objects().pods.iter().map(|(key, pod)| (key.to_ref(Kind::Pod), pod.metadata.uid));
    let (successor, uid) = pods.collect::<Vec<_>>().into_iter().find(|(_, uid)| !before.contains(uid)).expect("a pod");
    let why = told(&timeline, &successor, Some(uid));
    assert!(why.iter().any(|sentence| sentence.ends_with(&format!(", because you evicted {pod}."))), "{why:#?}");
    assert!(why.contains(&format!("You evicted {}.", pod.name)), "{why:#?}");
    timeline.command(Command::Cordon { node: name.clone(), on: false }).expect("it is possible");
    let expected = [format!("You made {name} schedulable again."), format!("You: kubectl uncordon {name}")];
    assert_eq!(told(&timeline, &node, None), expected);
}

#[test]
fn a_fix_speaks_of_a_readiness_probe_only_if_there_is_one() {
    let mut timeline = replicas();
    let (pod, uid, _) = first(&timeline);
    timeline.command(Command::Hang { pod: pod.clone(), on: true }).expect("it is possible");
    play(&mut timeline, 5);
    let fixes = why(&timeline, Some(&Target::Pod { pod: pod.clone(), uid })).fixes;
    let fix = fixes.iter().find(|fix| fix.title == format!("Let {} answer again", pod.name)).expect("there is a fix");
    assert_eq!(fix.effect, "Its processes answer again.");
}

const THREE: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db, namespace: default }
spec:
  serviceName: db
  replicas: 3
  updateStrategy: { STRATEGY }
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [{ name: pg, image: IMAGE }] }
";

fn apply(timeline: &mut Timeline, text: &str) {
    for document in &petri_manifest::parse(text).documents {
        timeline.command(Command::Apply(Rc::new(document.root().to_value()))).expect("it is possible");
    }
}

/// What is told of a set whose template got these images, one after the other, and the titles of what would help.
fn rollout(strategy: &str, images: &[&str]) -> (Timeline, Vec<String>, Vec<String>) {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 7));
    for image in images {
        apply(&mut timeline, &THREE.replace("STRATEGY", strategy).replace("IMAGE", image));
        play(&mut timeline, 60);
    }
    let why = why(&timeline, Some(&Target::Object(ObjectRef::new(Kind::StatefulSet, "default", "db"))));
    let sentences = why.waiting.iter().map(|wait| wait.sentence.clone()).collect();
    (timeline, sentences, why.fixes.into_iter().map(|fix| fix.title).collect())
}

#[test]
fn rollouts_say_what_holds_them_and_offer_what_lets_them_go_on() {
    let (_, told, fixes) = rollout("rollingUpdate: { partition: 2 }", &["postgres:16", "postgres:17"]);
    assert_eq!(told, ["db-0 and db-1 keep revision 1, because partition is 2."]);
    assert_eq!(fixes, ["Update db-1 as well"]);
    let (_, told, fixes) = rollout("type: OnDelete", &["postgres:16", "postgres:17"]);
    assert!(told[0].ends_with("because db updates OnDelete: delete a pod to update it."), "{told:?}");
    assert_eq!(fixes, ["Delete db-2"]);
    let images = ["postgres:16", "registry.example.com/bad:1", "postgres:16"];
    let (mut timeline, told, fixes) = rollout("type: RollingUpdate", &images);
    assert!(told.iter().any(|told| told.contains("db-2 still has revision 2")), "{told:?}");
    assert_eq!(fixes, ["Delete db-2"]);
    // What is offered helps.
    let fix = why(&timeline, None).fixes.remove(0);
    timeline.command(fix.command).expect("it is possible");
    play(&mut timeline, 60);
    assert!(why(&timeline, None).waiting.is_empty());
    assert!(timeline.world().objects().pods.values().all(|pod| pod.is_ready()));
}

#[test]
fn a_claim_without_a_volume_made_by_hand_gets_the_volume_that_is_missing() {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 7));
    let volume = "
apiVersion: v1
kind: PersistentVolume
metadata: { name: first }
spec:
  capacity: { storage: 10Gi }
  accessModes: [ReadWriteOnce]
  storageClassName: manual
  hostPath: { path: /mnt/first }
---
";
    let claims = "
  volumeClaimTemplates:
  - metadata: { name: data }
    spec:
      storageClassName: manual
      accessModes: [ReadWriteOnce]
      resources: { requests: { storage: 10Gi } }
";
    let set = THREE.replace("STRATEGY", "type: RollingUpdate").replace("IMAGE", "postgres:16");
    apply(&mut timeline, &format!("{volume}{}{claims}", set.trim_end()));
    play(&mut timeline, 60);
    let fix = why(&timeline, None).fixes.remove(0);
    assert_eq!(fix.title, "Create a PersistentVolume of 10Gi");
    timeline.command(fix.command).expect("it is possible");
    play(&mut timeline, 60);
    assert_eq!(timeline.world().objects().pods.values().filter(|pod| pod.is_ready()).count(), 2, "the next one waits");
}
