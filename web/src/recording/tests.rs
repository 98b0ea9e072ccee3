use super::*;

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
    Shared { recording, moment: start + Span::seconds(1), end: start + Span::seconds(9) }
}

#[test]
fn every_command_survives_the_link() {
    let before = shared();
    assert_eq!(from_json(&to_json(&before)).unwrap(), before);
    assert_eq!(from_fragment(&format!("#theme=dark&{}", to_fragment(&before))).unwrap().unwrap(), before);
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
    let late = to_json(&shared()).replace("\"moment\":1000000", "\"moment\":99999999999999");
    assert_eq!(from_json(&late).unwrap_err(), "moment is later than 24 hours after the start");
    let unknown = to_json(&shared()).replace("\"verb\":\"cut\"", "\"verb\":\"explode\"");
    assert_eq!(from_json(&unknown).unwrap_err(), "unknown verb explode");
}
