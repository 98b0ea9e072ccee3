//! Runs whose fingerprints are asserted natively and in the browser: links stay true as long as these do.

use petri_objects::{Kind, ObjectRef};
use petri_sim::ground::clock::Span;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::{Command, Propagation};
use std::rc::Rc;

/// What the runs of [`fingerprints`] come to with this engine.
pub const FINGERPRINTS: &[&str] = &["be6e112f575c3fd1", "c3d0f3ed8f9653e6", "2f31dbda4823d2e8", "22d9ca1a04d9d8af"];

/// One long run with faults, a force delete and a return, read off at several moments.
pub fn fingerprints() -> Vec<String> {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 7));
    let mut found = Vec::new();
    for document in petri_manifest::parse(crate::examples()[0].1).documents {
        let _ = timeline.command(Command::Apply(Rc::new(document.value)));
    }
    wait(&mut timeline, 60, &mut found);
    let pod = ObjectRef::new(Kind::Pod, "default", "rg-1");
    let key = petri_sim::belief::api::shelf::Key::new("default", "rg-1");
    let node = timeline.world().objects().pods.get(&key).map(|pod| pod.spec.node_name.clone()).unwrap_or_default();
    let _ = timeline.command(Command::Cut { node: node.clone() });
    wait(&mut timeline, 400, &mut found);
    let force = Command::Delete { target: pod, grace_seconds: Some(0), propagation: Propagation::Background };
    let _ = timeline.command(force);
    wait(&mut timeline, 400, &mut found);
    let _ = timeline.command(Command::Heal { node });
    let set = ObjectRef::new(Kind::StatefulSet, "default", "rg");
    let _ = timeline.command(Command::Scale { target: set, replicas: 4 });
    wait(&mut timeline, 600, &mut found);
    found
}

fn wait(timeline: &mut Timeline, seconds: u64, found: &mut Vec<String>) {
    let until = timeline.now() + Span::seconds(seconds);
    timeline.play_until(until);
    found.push(timeline.world().fingerprint().to_string());
}
