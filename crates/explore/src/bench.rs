//! Loads whose speed is measured, natively and as wasm. They know no clock: the caller measures.

use petri_objects::{Map, Name, Value};
use petri_sim::ground::clock::{Span, Time};
use petri_sim::ground::random::Stream;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::Command;
use petri_sim::words::note::{Note, What};
use petri_sim::world::World;
use std::rc::Rc;

/// What a load did: counts that must be equal natively and in the browser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub events: u64,
    pub virtual_millis: u64,
    pub pods_ready: u64,
    pub fingerprint: u64,
}

fn map(entries: Vec<(&str, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(k, v)| (Name::from(k), v)).collect::<Map>())
}

fn list(items: Vec<Value>) -> Value {
    Value::List(items)
}

/// A StatefulSet's manifest.
pub fn stateful_set(name: &str, replicas: i64, parallel: bool, claims: bool, probe_seconds: Option<i64>) -> Value {
    let labels = || map(vec![("app", Value::from(name))]);
    let mut container = vec![("name", Value::from("c")), ("image", Value::from("server:1"))];
    if claims {
        container.push((
            "volumeMounts",
            list(vec![map(vec![("name", Value::from("data")), ("mountPath", Value::from("/data"))])]),
        ));
    }
    if let Some(seconds) = probe_seconds {
        let get = map(vec![("path", Value::from("/")), ("port", Value::Int(8080))]);
        container.push(("readinessProbe", map(vec![("httpGet", get), ("periodSeconds", Value::Int(seconds))])));
    }
    let mut spec = vec![
        ("serviceName", Value::from(name)),
        ("replicas", Value::Int(replicas)),
        ("selector", map(vec![("matchLabels", labels())])),
        (
            "template",
            map(vec![
                ("metadata", map(vec![("labels", labels())])),
                ("spec", map(vec![("containers", list(vec![map(container)]))])),
            ]),
        ),
    ];
    if parallel {
        spec.push(("podManagementPolicy", Value::from("Parallel")));
    }
    if claims {
        let request = map(vec![("requests", map(vec![("storage", Value::from("1Gi"))]))]);
        let claim = map(vec![("accessModes", list(vec![Value::from("ReadWriteOnce")])), ("resources", request)]);
        let template = map(vec![("metadata", map(vec![("name", Value::from("data"))])), ("spec", claim)]);
        spec.push(("volumeClaimTemplates", list(vec![template])));
    }
    map(vec![
        ("apiVersion", Value::from("apps/v1")),
        ("kind", Value::from("StatefulSet")),
        ("metadata", map(vec![("name", Value::from(name))])),
        ("spec", map(spec)),
    ])
}

/// A Parallel StatefulSet with claims, from apply until all its pods are Ready.
///
/// # Panics
/// If they are not Ready within an hour of virtual time.
pub fn replicas(count: i64, nodes: u32, claims: bool) -> Outcome {
    outcome(&replicas_world(count, nodes, claims), count as u64)
}

/// The world in which [`replicas`] ends.
///
/// # Panics
/// If the pods are not Ready within an hour of virtual time.
pub fn replicas_world(count: i64, nodes: u32, claims: bool) -> World {
    let mut world = World::new(&Scenario::sized(nodes), 1);
    let mut notes = Vec::new();
    let manifest = stateful_set("web", count, true, claims, None);
    world.command(&Command::Apply(Rc::new(manifest)), &mut notes).expect("the manifest is valid");
    let deadline = world.start + Span::seconds(3_600);
    let mut ready = 0u64;
    while ready < count as u64 {
        notes.clear();
        assert!(world.now < deadline && world.step(&mut notes), "{ready} of {count} pods became Ready in an hour");
        ready += notes.iter().filter(|note| became_ready(note)).count() as u64;
    }
    world
}

fn became_ready(note: &Note) -> bool {
    use petri_objects::Object;
    match &note.what {
        What::Write { object: Object::Pod(new), old: Some(Object::Pod(old)), .. } => new.is_ready() && !old.is_ready(),
        _ => false,
    }
}

/// Pods with readiness probes, for so many hours of virtual time.
pub fn hours(pods: i64, probe_seconds: i64, hours: u64) -> Outcome {
    let mut world = World::new(&Scenario::sized(5), 1);
    let mut notes = Vec::new();
    let manifest = stateful_set("web", pods, true, false, Some(probe_seconds));
    world.command(&Command::Apply(Rc::new(manifest)), &mut notes).expect("the manifest is valid");
    let end = world.start + Span::seconds(hours * 3_600);
    while world.next_due().is_some_and(|due| due <= end) {
        notes.clear();
        world.step(&mut notes);
    }
    let ready = world.objects().pods.values().filter(|pod| pod.is_ready()).count();
    outcome(&world, ready as u64)
}

fn outcome(world: &World, pods_ready: u64) -> Outcome {
    Outcome {
        events: world.events,
        virtual_millis: world.now.since(world.start).as_millis(),
        pods_ready,
        fingerprint: world.fingerprint().0,
    }
}

/// A timeline of at least so many events, to seek in.
pub fn long_timeline(events: u64) -> Timeline {
    let mut timeline = Timeline::new(Recording::new(Scenario::sized(20), 1));
    let manifest = stateful_set("web", 40, false, true, Some(5));
    let _ = timeline.command(Command::Apply(Rc::new(manifest)));
    while timeline.position() < events {
        let until = timeline.now() + Span::seconds(600);
        timeline.play_until(until);
    }
    timeline
}

/// How often a fingerprint is taken where its cost is measured.
pub const FINGERPRINTS: u32 = 1_000;

/// Takes a world's fingerprint again and again; the answer is the last.
pub fn fingerprints(world: &World) -> u64 {
    (0..FINGERPRINTS).fold(0, |_, _| std::hint::black_box(world).fingerprint().0)
}

/// Random moments of a timeline.
pub fn moments(timeline: &Timeline, count: u64) -> Vec<Time> {
    let mut stream = Stream::new(7, "bench");
    let length = timeline.end().since(timeline.start()).0;
    (0..count).map(|_| timeline.start() + Span(stream.below(length))).collect()
}

/// A Deployment's manifest.
pub fn deployment(name: &str, replicas: i64) -> Value {
    let json = format!(
        r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"{name}"}},"spec":{{"replicas":{replicas},"selector":{{"matchLabels":{{"app":"{name}"}}}},"template":{{"metadata":{{"labels":{{"app":"{name}"}}}},"spec":{{"containers":[{{"name":"c","image":"server:1"}}]}}}}}}}}"#
    );
    Value::from_json(&json).expect("the manifest is JSON")
}
