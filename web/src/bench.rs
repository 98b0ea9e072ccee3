//! What the benchmarks and the determinism tests call from JavaScript.

use crate::first_visit;
use crate::frames;
use petri_objects::Span;
use petri_sim::command::Command;
use petri_sim::recording::Recording;
use petri_sim::scenario::Scenario;
use petri_sim::timeline::Timeline;
use std::collections::BTreeMap;
use wasm_bindgen::prelude::*;

/// A manifest with so many replicas, created at once, with a claim each.
fn many(replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: many\nspec:\n  serviceName: many\n  replicas: {replicas}\n  \
         podManagementPolicy: Parallel\n  selector:\n    matchLabels:\n      app: many\n  template:\n    metadata:\n      \
         labels:\n        app: many\n    spec:\n      containers:\n      - name: c\n        image: i\n        \
         volumeMounts:\n        - name: data\n          mountPath: /data\n  volumeClaimTemplates:\n  - metadata:\n      \
         name: data\n    spec:\n      accessModes: [ReadWriteOnce]\n      resources:\n        requests:\n          storage: 1Gi\n"
    )
}

/// A refusal shows in what the run comes to.
fn apply(timeline: &mut Timeline, manifest: &str) {
    let files = BTreeMap::from([("it.yaml".to_owned(), manifest.to_owned())]);
    petri_console::run("kubectl apply -f it.yaml", timeline, &files);
}

/// So many replicas with claims on so many machines, until all are Ready. Answers JSON.
fn replicas(count: u32, machines: u32) -> String {
    let mut timeline = Timeline::new(Recording::new(Scenario::sized(machines), first_visit::SEED));
    let started = frames::now();
    apply(&mut timeline, &many(count));
    let limit = timeline.start() + Span::minutes(60);
    let ready = |timeline: &Timeline| {
        timeline.world().objects().stateful_sets.values().map(|set| set.status.ready_replicas).next().unwrap_or(0)
    };
    while timeline.now() < limit && i64::from(ready(&timeline)) < i64::from(count) {
        let next = timeline.now() + Span::millis(100);
        timeline.play_until(next);
    }
    format!(
        r#"{{"name":"replicas","replicas":{count},"machines":{machines},"ready":{},"virtual_ms":{},"events":{},"real_ms":{:.1},"fingerprint":"{}"}}"#,
        ready(&timeline),
        timeline.now().since(timeline.start()).as_millis(),
        timeline.position(),
        frames::now() - started,
        timeline.world().fingerprint()
    )
}

/// Runs a benchmark by name and answers JSON; an unknown name answers the names.
#[wasm_bindgen]
pub fn bench(name: &str) -> String {
    match name {
        "replicas" => replicas(1_000, 50),
        "replicas-100" => replicas(100, 10),
        _ => r#"{"error":"unknown benchmark","names":["replicas","replicas-100"]}"#.into(),
    }
}

/// The story of the first visit, without a page: apply, cut, force-delete, wait. The fingerprint after each minute.
pub fn story_fingerprints() -> Vec<String> {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), first_visit::SEED));
    apply(&mut timeline, first_visit::text(first_visit::FIRST));
    let mut found = Vec::new();
    let start = timeline.start();
    for minute in 1..=14 {
        timeline.play_until(start + Span::minutes(minute));
        found.push(timeline.world().fingerprint().to_string());
        let suggested = first_visit::suggestion(timeline.world());
        match (minute, suggested) {
            (1, Some((node, _))) => {
                let _ = timeline.command(Command::Cut { node });
            }
            (7, _) => {
                let stuck = timeline.world().objects().pods.iter().find(|(_, pod)| pod.is_terminating()).map(|(key, _)| key.clone());
                if let Some(key) = stuck {
                    let _ = timeline.command(Command::Delete {
                        target: key.to_ref(petri_objects::Kind::Pod),
                        grace_seconds: Some(0),
                        propagation: petri_sim::api::request::Propagation::Background,
                    });
                }
            }
            _ => {}
        }
    }
    found
}

/// The same for JavaScript, as a JSON list.
#[wasm_bindgen]
pub fn fingerprints() -> String {
    format!("[{}]", story_fingerprints().iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(","))
}
