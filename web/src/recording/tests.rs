use super::*;
use petri_objects::{Kind, ObjectRef, Taint};
use petri_sim::words::command::{Command, Component, Direction, Probed, Propagation, StoragePart};
use petri_sim::words::controller_id::ControllerId;

fn every_command() -> Vec<Command> {
    let pod = ObjectRef::new(Kind::Pod, "default", "rg-1");
    let set = ObjectRef::new(Kind::StatefulSet, "default", "rg");
    let node = || Name::from("node-1");
    let controller = ControllerId::StatefulSet;
    let taint =
        Taint { key: "node.kubernetes.io/out-of-service".into(), effect: "NoExecute".into(), ..Taint::default() };
    let mut class = petri_objects::StorageClass { provisioner: "disk.petri.dev".into(), ..Default::default() };
    class.metadata.name = "fast".into();
    let object: Object = class.into();
    vec![
        Command::Apply(Rc::new(object.to_value())),
        Command::Create(object.clone()),
        Command::Replace(object),
        Command::Scale { target: set.clone(), replicas: 5 },
        Command::Delete { target: pod.clone(), grace_seconds: Some(0), propagation: Propagation::Background },
        Command::Delete { target: set.clone(), grace_seconds: None, propagation: Propagation::Orphan },
        Command::Delete { target: set, grace_seconds: Some(3), propagation: Propagation::Foreground },
        Command::Patch { target: pod.clone(), patch: map([("metadata", Value::Null)]), status: true },
        Command::Evict { pod: pod.clone(), grace_seconds: None },
        Command::Cordon { node: node(), on: true },
        Command::Taint { node: node(), add: vec![taint.clone()], remove: vec![taint] },
        Command::PowerOff { node: node() },
        Command::PowerOn { node: node() },
        Command::Reboot { node: node() },
        Command::StopKubelet { node: node() },
        Command::StartKubelet { node: node() },
        Command::AddMachine { node: node(), zone: "b".into() },
        Command::Cut { node: node() },
        Command::Heal { node: node() },
        Command::CutOneWay { node: node(), lost: Direction::Incoming },
        Command::CutZone { zone: "a".into() },
        Command::HealZone { zone: "a".into() },
        Command::Part { node: node(), other: "node-2".into(), on: true },
        Command::DelayLink { node: node(), latency: Span::millis(250) },
        Command::Pause { pod: pod.clone(), span: Span::seconds(20) },
        Command::FailProbe { pod: pod.clone(), probe: Probed::Liveness, on: true },
        Command::SlowStart { pod: pod.clone(), span: Span::seconds(60) },
        Command::SlowStop { pod: pod.clone(), span: Span::ZERO },
        Command::RestartComponent { component: Component::ApiServer },
        Command::PauseController { controller, on: true },
        Command::DelayCache { controller, by: Span::seconds(10) },
        Command::DelayEtcd { by: Span::seconds(2) },
        Command::SetClock { node: node(), percent: 150, ahead_seconds: -60 },
        Command::Crash { pod: pod.clone(), exit_code: 137 },
        Command::Hang { pod, on: true },
        Command::FailStorage { part: StoragePart::Detach, on: true },
        Command::ReadOnly { volume: "pvc-1".into(), on: false },
        Command::StopComponent { component: Component::ApiServer },
        Command::StartComponent { component: Component::Scheduler },
        Command::CrashController { controller },
        Command::HoldCache { controller, on: false },
        Command::LoseReply { controller },
    ]
}

fn shared() -> Shared {
    let mut recording = Recording::new(Scenario::standard(), u64::MAX);
    let start = recording.scenario.start;
    for (command, i) in every_command().into_iter().zip(1..) {
        let position = (i % 2 == 0).then_some(i * 10);
        recording.commands.push(Stamped { at: start + Span::millis(i), position, command: Rc::new(command) });
    }
    let bookmark = |seconds, name: &str| Bookmark { at: start + Span::seconds(seconds), name: name.into() };
    let bookmarks = Rc::new(vec![bookmark(2, "it breaks"), bookmark(3, "\"and\" after")]);
    Shared { bookmarks, ..Shared::new(recording, start + Span::seconds(1), start + Span::seconds(9)) }
}

#[test]
fn every_command_survives_the_link() {
    let before = shared();
    assert_eq!(from_json(&to_json(&before)).unwrap(), before);
    assert_eq!(from_fragment(&format!("#theme=dark&{}", to_fragment(&before))).unwrap().unwrap(), before);
}

#[test]
fn a_setting_survives_the_link_and_defaults_are_not_written() {
    let mut before = shared();
    assert!(!to_json(&before).contains("settings"));
    let mut scenario = (*before.recording.scenario).clone();
    scenario.settings.node_monitor_grace_period = Span::seconds(20);
    scenario.settings.storage.zonal = false;
    before.recording.scenario = Rc::new(scenario);
    let text = to_json(&before);
    assert!(text.contains(r#""settings":{"nodeMonitorGracePeriod":20000000,"zonalDisks":false}"#), "{text}");
    assert_eq!(from_json(&text).unwrap(), before);
    let strange = text.replace("zonalDisks", "weather");
    assert_eq!(from_json(&strange).unwrap_err(), "unknown setting weather");
}

#[test]
fn an_address_without_a_recording_carries_none() {
    assert!(from_fragment("").is_none());
    assert!(from_fragment("#cluster").is_none());
}

#[test]
fn damaged_links_are_refused_in_words() {
    let whole = to_fragment(&shared());
    for cut in [whole.len() - 1, whole.len() / 2, 14] {
        assert!(from_fragment(&whole[..cut]).unwrap().is_err());
    }
    assert_eq!(from_json("{}").unwrap_err(), "scenario is missing");
    let nameless = to_json(&shared()).replace("\"name\":\"it breaks\"", "\"name\":7");
    assert_eq!(from_json(&nameless).unwrap_err(), "name is not a text");
    let late = to_json(&shared()).replace("\"moment\":1000000", "\"moment\":99999999999999");
    assert_eq!(from_json(&late).unwrap_err(), "moment is later than 24 hours after the start");
    let unknown = to_json(&shared()).replace("\"verb\":\"cut\"", "\"verb\":\"explode\"");
    assert_eq!(from_json(&unknown).unwrap_err(), "unknown verb explode");
}

/// Two who elect a leader on a Lease and share a disk that asks for no token.
const TWO_ON_A_DISK: &str = "
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: shared}
spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: it}
spec:
  serviceName: it
  replicas: 2
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: it}}
  template:
    metadata: {labels: {app: it}}
    spec:
      containers: [{name: c, image: 'petri.dev/elector:1', volumeMounts: [{name: data, mountPath: /data}]}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: shared}}]
";

/// What a search finds is a recording, and a recording opens here. The file is what the page's own test opens.
#[test]
fn what_a_search_finds_opens_here() {
    use petri_explore::{Problem, Progress, Search, breach};
    use petri_sim::story::timeline::Timeline;
    use petri_sim::words::invariants::Guarantee;

    let pod = |name: &str| ObjectRef::new(Kind::Pod, "default", name);
    let hang = |name: &str, on| Command::Hang { pod: pod(name), on };
    let documents = petri_manifest::parse(TWO_ON_A_DISK).documents;
    let problem = Problem {
        scenario: Scenario::standard(),
        seed: 1,
        setup: documents.into_iter().map(|document| Command::Apply(Rc::new(document.value))).collect(),
        settle: Span::seconds(40),
        menu: vec![hang("it-0", true), hang("it-0", false), hang("it-1", true), hang("it-1", false)],
        guarantee: Guarantee::Data,
        horizon: Span::seconds(50),
        step: Span::seconds(10),
    };
    let Progress::Found { recording, .. } = Search::new(problem).finish() else { panic!("nothing keeps the past out") };
    let last = recording.commands.last().expect("it takes a command").at;
    let end = last + Span::seconds(5);
    let text = to_json(&Shared::new(*recording, end, end));

    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/e2e/found/stale-record.json");
    if std::env::var("UPDATE_EXPECT").is_ok_and(|value| value == "1") {
        std::fs::write(&file, format!("{text}\n")).expect("the checkout can be written");
    }
    let kept = std::fs::read_to_string(&file).expect("what was found is kept");
    assert_eq!(kept.trim_end(), text, "UPDATE_EXPECT=1 keeps what is found now");

    let opened = from_json(&kept).expect("it opens");
    let mut timeline = Timeline::new(opened.recording);
    timeline.play_until(opened.end);
    assert!(breach(timeline.notes(), Guarantee::Data).is_some());
}
