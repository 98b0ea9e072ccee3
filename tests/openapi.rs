//! Objects are what Kubernetes calls them: all that the simulator ever writes reads into the types that are generated from
//! the API's own description, and comes back without loss.

use k8s_openapi::api::{apps, coordination, core, discovery, policy, scheduling, storage};
use petri_conformance::{recordings, replay};
use petri_objects::{Kind, Object};
use petri_sim::story::timeline::Timeline;
use petri_sim::words::note::What;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const SEEDS: u64 = 100;
fn through<T: k8s_openapi::serde::Serialize + k8s_openapi::serde::de::DeserializeOwned>(
    text: &str,
) -> Result<Value, serde_json::Error> {
    serde_json::to_value(serde_json::from_str::<T>(text)?)
}

fn translated(kind: Kind, text: &str) -> Result<Value, serde_json::Error> {
    match kind {
        Kind::Pod => through::<core::v1::Pod>(text),
        Kind::Node => through::<core::v1::Node>(text),
        Kind::Namespace => through::<core::v1::Namespace>(text),
        Kind::Service => through::<core::v1::Service>(text),
        Kind::PersistentVolume => through::<core::v1::PersistentVolume>(text),
        Kind::PersistentVolumeClaim => through::<core::v1::PersistentVolumeClaim>(text),
        Kind::ConfigMap => through::<core::v1::ConfigMap>(text),
        Kind::ResourceQuota => through::<core::v1::ResourceQuota>(text),
        Kind::ServiceAccount => through::<core::v1::ServiceAccount>(text),
        Kind::Event => through::<core::v1::Event>(text),
        Kind::StatefulSet => through::<apps::v1::StatefulSet>(text),
        Kind::ReplicaSet => through::<apps::v1::ReplicaSet>(text),
        Kind::Deployment => through::<apps::v1::Deployment>(text),
        Kind::DaemonSet => through::<apps::v1::DaemonSet>(text),
        Kind::ControllerRevision => through::<apps::v1::ControllerRevision>(text),
        Kind::Lease => through::<coordination::v1::Lease>(text),
        Kind::EndpointSlice => through::<discovery::v1::EndpointSlice>(text),
        Kind::PodDisruptionBudget => through::<policy::v1::PodDisruptionBudget>(text),
        Kind::PriorityClass => through::<scheduling::v1::PriorityClass>(text),
        Kind::StorageClass => through::<storage::v1::StorageClass>(text),
        Kind::VolumeAttachment => through::<storage::v1::VolumeAttachment>(text),
        Kind::Kept(kind) => panic!("no controller writes a {}", kind.entry().name),
    }
}

/// Where two values differ: `status.phase: "a" became "b"`. What is null is not there.
fn differences(path: &str, ours: &Value, theirs: &Value, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let at = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
                if at(a).is_null() != at(b).is_null() {
                    found.push(format!("{path}.{key}: {} became {}", at(a), at(b)));
                } else {
                    differences(&format!("{path}.{key}"), &at(a), &at(b), found);
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).for_each(|(a, b)| differences(&format!("{path}[]"), a, b, found));
        }
        _ if ours != theirs => found.push(format!("{path}: {ours} became {theirs}")),
        _ => {}
    }
}

#[derive(Default)]
struct Census {
    taken: usize,
    kinds: BTreeSet<Kind>,
    /// By path, so that one defect is told once.
    lost: BTreeMap<String, String>,
}

impl Census {
    fn take(&mut self, object: &Object) {
        let (kind, value) = (object.kind(), object.to_value());
        self.taken += 1;
        self.kinds.insert(kind);
        let text = value.to_json();
        let ours: Value = serde_json::from_str(&text).expect("our own JSON is JSON");
        let mut found = Vec::new();
        match translated(kind, &text) {
            Ok(theirs) => differences(kind.name(), &ours, &theirs, &mut found),
            Err(error) => found.push(format!("{}: {error}: {text}", kind.name())),
        }
        for line in found {
            let path = line.split(": ").next().unwrap_or_default().to_owned();
            self.lost.entry(path).or_insert(line);
        }
    }
}

#[test]
fn every_object_reads_into_the_types_of_the_api_and_comes_back() {
    let mut census = Census::default();
    for recording in recordings::all(&recordings::folder()).expect("they can be read") {
        let objects = replay::objects(&recording).expect("a carried recording can be played");
        objects.iter().for_each(|object| census.take(object));
    }
    for seed in 0..SEEDS {
        let (_, played) = petri_swarm::once(seed, petri_swarm::play::Company::Alone);
        let mut timeline = Timeline::new(played.recording);
        let last = timeline.recording().commands.last().map_or(timeline.start(), |said| said.at);
        timeline.play_until(last);
        for note in timeline.notes() {
            if let What::Write { object, .. } = &note.what {
                census.take(object);
            }
        }
    }
    println!("{} objects of {:?}", census.taken, census.kinds);
    assert!(census.lost.is_empty(), "{:#?}", census.lost.values().collect::<Vec<_>>());
    assert!(census.kinds.len() > 12 && census.taken > 1_000, "{:?} {}", census.kinds, census.taken);
}
