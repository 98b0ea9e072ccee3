//! Recordings and links open for ever: what is kept in `recordings/` was written once and is read by every later version.
//!
//! `*.json` are recordings as the first versions wrote them. `links-1.txt` are the same recordings as packed links, one
//! line each with its name; `UPDATE_EXPECT=1` adds the links that are missing there and never changes one.

use petri_objects::{Kind, Name, Object, ObjectRef, Span, Taint, Value};
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::link;
use petri_sim::story::recording::{ENGINE, Recording, Stamped};
use petri_sim::story::shared::{Bookmark, Shared};
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::{
    Command, Component, Direction, FileChange, FileKind, Probed, Propagation, StoragePart,
};
use petri_sim::words::controller_id::ControllerId;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("recordings")
}

fn read(path: PathBuf) -> String {
    std::fs::read_to_string(&path).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()))
}

/// Every kept recording by its name.
fn kept() -> BTreeMap<String, String> {
    let files = std::fs::read_dir(folder()).expect("recordings are kept").flatten().map(|entry| entry.path());
    let json = files.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let found = json.chain([folder().join("../e2e/found/stale-record.json")]);
    found.map(|path| (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), read(path))).collect()
}

fn node() -> Name {
    "node-1".into()
}
fn pod() -> ObjectRef {
    ObjectRef::new(Kind::Pod, "default", "rg-1")
}
fn set() -> ObjectRef {
    ObjectRef::new(Kind::StatefulSet, "default", "rg")
}
fn taint() -> Taint {
    Taint { key: "node.kubernetes.io/out-of-service".into(), effect: "NoExecute".into(), ..Taint::default() }
}
fn object() -> Object {
    let mut class = petri_objects::StorageClass { provisioner: "disk.petri.dev".into(), ..Default::default() };
    class.metadata.name = "fast".into();
    class.into()
}
fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

/// Every command with an example of it: a command that is added to the product does not compile without one here.
macro_rules! every {
    ($($pattern:pat => $example:expr;)*) => {
        fn every_command() -> Vec<Command> {
            fn _known(command: &Command) {
                match command { $($pattern => {})* }
            }
            vec![$({
                let example = $example;
                assert!(matches!(example, $pattern), "{example:?} is no example of {}", stringify!($pattern));
                example
            }),*]
        }
    };
}

every! {
    Command::Apply(_) => Command::Apply(Rc::new(object().to_value()));
    Command::Create(_) => Command::Create(object());
    Command::Replace(_) => Command::Replace(object());
    Command::Scale { .. } => Command::Scale { target: set(), replicas: 5 };
    Command::Delete { propagation: Propagation::Background, .. } => Command::Delete {
        target: pod(), grace_seconds: Some(0), propagation: Propagation::Background
    };
    Command::Delete { propagation: Propagation::Orphan, .. } => Command::Delete {
        target: set(), grace_seconds: None, propagation: Propagation::Orphan
    };
    Command::Delete { propagation: Propagation::Foreground, .. } => Command::Delete {
        target: set(), grace_seconds: Some(3), propagation: Propagation::Foreground
    };
    Command::Patch { .. } => Command::Patch { target: pod(), patch: map([("metadata", Value::Null)]), status: true };
    Command::Evict { .. } => Command::Evict { pod: pod(), grace_seconds: None };
    Command::Cordon { .. } => Command::Cordon { node: node(), on: true };
    Command::Taint { .. } => Command::Taint { node: node(), add: vec![taint()], remove: vec![taint()] };
    Command::PowerOff { .. } => Command::PowerOff { node: node() };
    Command::PowerOn { .. } => Command::PowerOn { node: node() };
    Command::Reboot { .. } => Command::Reboot { node: node() };
    Command::StopKubelet { .. } => Command::StopKubelet { node: node() };
    Command::StartKubelet { .. } => Command::StartKubelet { node: node() };
    Command::AddMachine { .. } => Command::AddMachine { node: node(), zone: "b".into() };
    Command::Cut { .. } => Command::Cut { node: node() };
    Command::Heal { .. } => Command::Heal { node: node() };
    Command::CutOneWay { .. } => Command::CutOneWay { node: node(), lost: Direction::Incoming };
    Command::CutZone { .. } => Command::CutZone { zone: "a".into() };
    Command::HealZone { .. } => Command::HealZone { zone: "a".into() };
    Command::Part { .. } => Command::Part { node: node(), other: "node-2".into(), on: true };
    Command::DelayLink { .. } => Command::DelayLink { node: node(), latency: Span::millis(250) };
    Command::Pause { .. } => Command::Pause { pod: pod(), span: Span::seconds(20) };
    Command::FailProbe { .. } => Command::FailProbe { pod: pod(), probe: Probed::Liveness, on: true };
    Command::SlowStart { .. } => Command::SlowStart { pod: pod(), span: Span::seconds(60) };
    Command::SlowStop { .. } => Command::SlowStop { pod: pod(), span: Span::ZERO };
    Command::RestartComponent { .. } => Command::RestartComponent { component: Component::ApiServer };
    Command::PauseController { .. } => Command::PauseController { controller: ControllerId::StatefulSet, on: true };
    Command::DelayCache { .. } => Command::DelayCache { controller: ControllerId::StatefulSet, by: Span::seconds(10) };
    Command::DelayEtcd { .. } => Command::DelayEtcd { by: Span::seconds(2) };
    Command::SetClock { .. } => Command::SetClock { node: node(), percent: 150, ahead_seconds: -60 };
    Command::Crash { .. } => Command::Crash { pod: pod(), exit_code: 137 };
    Command::Hang { .. } => Command::Hang { pod: pod(), on: true };
    Command::FailStorage { .. } => Command::FailStorage { part: StoragePart::Detach, on: true };
    Command::ReadOnly { .. } => Command::ReadOnly { volume: "pvc-1".into(), on: false };
    Command::StopComponent { .. } => Command::StopComponent { component: Component::ApiServer };
    Command::StartComponent { .. } => Command::StartComponent { component: Component::Scheduler };
    Command::CrashController { .. } => Command::CrashController { controller: ControllerId::StatefulSet };
    Command::HoldCache { .. } => Command::HoldCache { controller: ControllerId::StatefulSet, on: false };
    Command::Exec { .. } => Command::Exec {
        pod: pod(),
        container: "web".into(),
        files: vec![
            FileChange { path: "/data/a".into(), what: FileKind::File, text: "it's\n".into(), mode: 0o600 },
            FileChange { path: "/data/b".into(), what: FileKind::Gone, text: "".into(), mode: 0 },
        ],
        exit_code: Some(143)
    };
    Command::LoseReply { .. } => Command::LoseReply { controller: ControllerId::StatefulSet };
}

fn shared() -> Shared {
    let mut recording = Recording::new(Scenario::standard(), u64::MAX);
    let start = recording.scenario.start;
    for (command, i) in every_command().into_iter().zip(1..) {
        let position = (i % 2 == 0).then_some(i * 10);
        recording.commands.push(Stamped {
            at: start + Span::millis(i),
            position,
            command: Rc::new(command),
            said: None,
        });
    }
    let bookmark = |seconds, name: &str| Bookmark { at: start + Span::seconds(seconds), name: name.into() };
    let bookmarks = Rc::new(vec![bookmark(2, "it breaks"), bookmark(3, "\"and\" after")]);
    Shared { bookmarks, ..Shared::new(recording, start + Span::seconds(1), start + Span::seconds(9)) }
}

fn from_json(text: &str) -> Shared {
    Shared::from_json(text).unwrap_or_else(|refused| panic!("{refused}"))
}
fn from_link(link: &str) -> Shared {
    link::from_fragment(link).expect("it is a link").unwrap_or_else(|refused| panic!("{refused}"))
}
/// The link that the first versions made.
fn old_link(json: &str) -> String {
    use base64::Engine as _;
    format!("#recording={}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json))
}

#[test]
fn every_command_survives_both_forms() {
    let before = shared();
    assert_eq!(from_json(&before.to_json()), before);
    assert_eq!(from_link(&format!("#theme=dark&{}", link::to_fragment(&before))), before);
    assert_eq!(from_link(&old_link(&before.to_json())), before);
    for word in ["Scheduler", "CsiDriver"] {
        assert!(!before.to_json().contains(&format!("\"{word}\"")), "words are those of the product");
    }
    assert!(link::from_fragment("").is_none() && link::from_fragment("#cluster").is_none(), "no link, no recording");
}

/// What the first versions wrote, read today.
#[test]
fn every_command_is_read_as_it_was_written() {
    let kept = from_json(&kept()["every-command"]);
    let of = |shared: &Shared| shared.recording.commands.iter().map(|s| (*s.command).clone()).collect::<Vec<_>>();
    // Commands that came later have examples behind these.
    let (old, all) = (of(&kept), of(&shared()));
    assert!(old.len() == 42 && old.iter().all(|command| all.contains(command)));
    let before = shared();
    assert_eq!((kept.moment, kept.end, &kept.bookmarks), (before.moment, before.end, &before.bookmarks));
    assert_eq!(kept.recording.scenario, before.recording.scenario);
    assert_eq!(kept.recording.seed, u64::MAX);
    assert_eq!(kept.recording.commands[3].position, Some(40));
}

#[test]
fn every_kept_recording_says_the_same_today() {
    let kept = kept();
    assert!(kept.len() >= 12, "only {} recordings were found", kept.len());
    for (name, text) in kept {
        let shared = from_json(&text);
        let written = shared.to_json();
        assert_eq!(from_json(&written), shared, "{name}");
        assert_eq!(from_link(&old_link(&text)), shared, "{name}");
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("it is JSON");
        let (mut before, after) = (json(&text), json(&written));
        forget_empty_values(&mut before);
        assert_eq!(before, after, "{name}");
    }
}

/// The one thing that is written otherwise: a taint without a value has none, as in every other object.
fn forget_empty_values(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::Object(map) => {
            if map.contains_key("effect") && map.get("value").is_some_and(|value| value == "") {
                map.remove("value");
            }
            map.values_mut().for_each(forget_empty_values);
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(forget_empty_values),
        _ => {}
    }
}

#[test]
fn every_kept_link_opens() {
    let path = folder().join("links-1.txt");
    let mut text = if path.exists() { read(path.clone()) } else { String::new() };
    let kept = kept();
    let has = |text: &str, name: &str| text.lines().any(|line| line.split(' ').next() == Some(name));
    if std::env::var("UPDATE_EXPECT").is_ok_and(|value| value == "1") {
        for (name, json) in kept.iter().filter(|(name, _)| !has(&text, name)).collect::<Vec<_>>() {
            text += &format!("{name} #{}\n", link::to_fragment(&from_json(json)));
        }
        std::fs::write(&path, &text).expect("the checkout can be written");
    }
    for (name, json) in &kept {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        let line = line.unwrap_or_else(|| panic!("{name} has no link: UPDATE_EXPECT=1 adds one"));
        assert_eq!(from_link(line), from_json(json), "{name}");
    }
}

#[test]
fn links_are_short() {
    let lengths: BTreeMap<String, usize> =
        kept().iter().map(|(name, json)| (name.clone(), link::to_fragment(&from_json(json)).len())).collect();
    println!("{lengths:#?}");
    // Six commands: two manifests, a cut, a forced delete, a heal, a scale. It had 3,721 characters as JSON.
    assert!(lengths["first-visit"] <= 600, "{lengths:?}");
    // A manifest of one's own, of which the dictionary knows no more than the words of the API.
    let own = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: checkout, labels: {team: blue}}\nspec:\n  replicas: 3\n  selector: {matchLabels: {app: checkout}}\n  template:\n    metadata: {labels: {app: checkout}}\n    spec:\n      containers:\n      - {name: main, image: 'registry.example/checkout:2.4', resources: {requests: {cpu: 250m, memory: 64Mi}}}\n";
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 7));
    let files = BTreeMap::from([("own.yaml".to_owned(), own.to_owned())]);
    assert_eq!(
        petri_console::run("kubectl apply -f own.yaml; run 60s; cut node-1; run 5m", &mut timeline, &files).code,
        0
    );
    let shared = Shared::new(timeline.recording().clone(), timeline.now(), timeline.end());
    let link = link::to_fragment(&shared);
    println!("own: {} of {}", link.len(), shared.to_json().len());
    assert!(link.len() <= 600, "{link}");
    assert_eq!(from_link(&link), shared);
}

#[test]
fn a_run_that_is_shared_in_the_instant_of_a_command_opens_there() {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 7));
    let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 3\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: c, image: nginx}]}\n";
    let files = BTreeMap::from([("web.yaml".to_owned(), web.to_owned())]);
    for line in ["run 60s", "kubectl apply -f web.yaml", "cut node-1", "power off node-0"] {
        assert_eq!(petri_console::run(line, &mut timeline, &files).code, 0, "{line}");
        let shared = timeline.shared();
        assert_eq!(from_json(&shared.to_json()), shared);
        let opened = Timeline::opened(from_link(&link::to_fragment(&shared)));
        assert_eq!((opened.now(), opened.position()), (timeline.now(), timeline.position()), "{line}");
        assert_eq!(opened.world().fingerprint(), timeline.world().fingerprint(), "{line}");
    }
    // Time goes on in both as if nothing had been.
    let mut opened = Timeline::opened(timeline.shared());
    let until = timeline.now() + Span::seconds(60);
    timeline.play_until(until);
    opened.play_until(until);
    assert_eq!(opened.world().fingerprint(), timeline.world().fingerprint());
    // At the end of an instant nothing more is said, and a place that is in another instant is none.
    let shared = timeline.shared();
    assert_eq!(shared.position, None);
    for position in [0, 5, u64::MAX] {
        let elsewhere = Timeline::opened(Shared { position: Some(position), ..shared.clone() });
        assert_eq!(elsewhere.world().fingerprint(), timeline.world().fingerprint(), "{position}");
    }
}

#[test]
fn a_setting_survives_and_defaults_are_not_written() {
    let mut before = shared();
    assert!(!before.to_json().contains("settings"));
    let mut scenario = (*before.recording.scenario).clone();
    scenario.settings.node_monitor_grace_period = Span::seconds(20);
    scenario.settings.storage.zonal = false;
    before.recording.scenario = Rc::new(scenario);
    let text = before.to_json();
    assert!(text.contains(r#""settings":{"nodeMonitorGracePeriod":20000000,"zonalDisks":false}"#), "{text}");
    assert_eq!(from_json(&text), before);
}

/// What is said of a recording in which one thing was changed.
fn refusal(from: &str, to: &str) -> String {
    let text = shared().to_json();
    assert!(text.contains(from), "{from} is not in {text}");
    Shared::from_json(&text.replacen(from, to, 1)).expect_err("it is not what it was").words
}

#[test]
fn what_is_wrong_is_named() {
    let said = |text: &str| Shared::from_json(text).expect_err("it is none").words;
    assert_eq!(said(""), "the recording is cut off");
    assert_eq!(said("{\"engine\":"), "the recording is cut off");
    assert_eq!(said("hello"), "the recording is damaged at line 1, column 1");
    assert_eq!(said("[]"), "a list is not a map");
    assert_eq!(said("{\"engine\":\"0.1.0\"}"), "scenario is missing");
    assert_eq!(said(&"[".repeat(100_000)), "it is nested too deeply");
    assert_eq!(said(&" ".repeat(5_000_000)), "the recording is too large");
    let cut = "\"verb\":\"cut\",";
    assert_eq!(refusal(cut, "\"verb\":\"explode\","), "unknown verb explode (command 18)");
    assert_eq!(refusal(cut, "\"verb\":\"cut\",\"how\":\"clean\","), "unknown field how (command 18)");
    assert_eq!(refusal(cut, ""), "verb is missing (command 18)");
    assert_eq!(refusal("{\"verb\":\"cut\",\"node\":\"node-1\"}", "{\"verb\":\"cut\"}"), "node is missing (command 18)");
    assert_eq!(
        refusal("{\"verb\":\"cut\",\"node\":\"node-1\"}", "{\"verb\":\"cut\",\"node\":7}"),
        "7 is not a text (command 18)"
    );
    assert_eq!(refusal("statefulset-controller", "nobody"), "unknown controller nobody (command 30)");
    assert_eq!(refusal("\"kind\":\"Pod\"", "\"kind\":\"Gnu\""), "unknown kind Gnu (command 5)");
    assert_eq!(
        refusal("\"propagation\":\"Orphan\"", "\"propagation\":\"Gone\""),
        "unknown propagation Gone (command 6)"
    );
    assert_eq!(
        refusal("\"replicas\":5", "\"replicas\":5.5"),
        "this number is not a whole number that fits (command 4)"
    );
    let much = "command 4 asks for too much: Petri simulates at most 5,000 replicas per workload; this asks for 2,147,483,647, so nothing was changed";
    assert_eq!(refusal("\"replicas\":5", "\"replicas\":2147483647"), much);
    assert_eq!(
        refusal("\"moment\":1000000", "\"moment\":99999999999999"),
        "moment is later than 7 days after the start"
    );
    assert_eq!(refusal("\"name\":\"it breaks\"", "\"name\":7"), "name is not a text");
    assert_eq!(refusal("\"seed\":\"18446744073709551615\"", "\"seed\":\"x\""), "the seed is not a number");
    assert_eq!(refusal("\"cpu\":\"4\"", "\"cpu\":4"), "cpu is not a text");
    assert_eq!(refusal("\"at\":2000,", "\"at\":2500000,"), "the commands are not in order");
    assert_eq!(refusal("\"machines\":", "\"settings\":{\"weather\":1},\"machines\":"), "unknown setting weather");
    assert_eq!(
        refusal("\"provisioner\":\"disk.petri.dev\",\"reclaimPolicy\"", "\"provisioned\":1,\"reclaimPolicy\""),
        "the field provisioned of an object cannot be read"
    );
}

#[test]
fn a_recording_of_a_newer_engine_says_so_and_one_of_an_older_plays() {
    let text = shared().to_json();
    let own = format!("\"engine\":\"{ENGINE}\"");
    let newer = Shared::from_json(&text.replace(&own, "\"engine\":\"99.0.0\"").replace("\"cut\"", "\"teleport\""));
    let newer = newer.expect_err("nobody knows it yet");
    assert_eq!(newer.words, format!("it was made with Petri 99.0.0, and this is {ENGINE}, which is older"));
    assert_eq!(newer.manifests, [object().to_value()], "applied, created and replaced: one object");
    let older = from_json(&text.replace(&own, "\"engine\":\"0.0.9\""));
    assert!(older.is_older() && !from_json(&text).is_older());
    assert_eq!(*Timeline::new(older.recording).recording().engine, *ENGINE, "from now on it is a run of this engine");
    let strange = Shared::from_json(&text.replace(&own, "\"engine\":\"new\"")).expect_err("what is that?");
    assert_eq!(strange.words, "its engine is not one that is known here");
}

#[test]
fn limits_are_refused_in_words() {
    let check = |shared: &Shared| Shared::from_json(&shared.to_json()).expect_err("it is too much").words;
    let mut many = shared();
    let last = many.recording.commands.last().expect("there are some").clone();
    many.recording.commands.resize(10_001, last);
    assert_eq!(check(&many), "the recording has 10001 commands, and at most 10000 are played");
    let mut many = shared();
    let add = |number: u64| Stamped {
        at: many.recording.scenario.start + Span::seconds(1),
        position: None,
        command: Rc::new(Command::AddMachine { node: format!("more-{number}").into(), zone: "a".into() }),
        said: None,
    };
    let more: Vec<_> = (0..197).map(add).collect();
    many.recording.commands.extend(more);
    assert_eq!(check(&many), "the recording has too many machines: Petri simulates at most 200");
    let mut many = shared();
    many.bookmarks = Rc::new(vec![many.bookmarks[0].clone(); 101]);
    assert_eq!(check(&many), "the recording has more than 100 bookmarks");
}

#[test]
fn what_arrived_of_a_link_gives_its_manifests_back() {
    let session = from_json(&kept()["first-visit"]);
    let kinds = |link: &str| -> Vec<String> {
        let refused = link::from_fragment(link).expect("it is a link").expect_err("it is damaged");
        assert!(refused.words.contains("cut off"), "{refused}");
        let kind = |value: &Value| value.at(&["kind"]).and_then(Value::as_str).unwrap_or_default().to_owned();
        refused.manifests.iter().map(kind).collect()
    };
    let (short, long) = (format!("#{}", link::to_fragment(&session)), old_link(&session.to_json()));
    let all = ["Service", "StatefulSet"];
    assert_eq!(kinds(&long[..long.len() - 20]), all);
    assert_eq!(kinds(&short[..short.len() - 2]), all);
    assert_eq!(kinds(&long[..long.len() / 3]), Vec::<String>::new(), "nothing of it is whole");
    assert_eq!(kinds(&format!("{}!{}", &long[..long.len() - 50], &long[long.len() - 50..])), all);
    assert_eq!(kinds("#r=AQ"), Vec::<String>::new());
    let unknown = link::from_fragment("#r=_w").expect("it is a link").expect_err("no such form");
    assert_eq!(unknown.words, "the link is damaged, or of a newer Petri");
}
