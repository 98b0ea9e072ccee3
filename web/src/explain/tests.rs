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
