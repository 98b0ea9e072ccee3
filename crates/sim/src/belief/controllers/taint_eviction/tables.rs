//! Upstream's own tables for evictions by taints: `pkg/controller/tainteviction/taint_eviction_test.go`.

use super::{enqueue, sync};
use crate::belief::api::request::Request;
use crate::belief::api::shelf::Key;
use crate::belief::controllers::testing::{Bench, NOW, agree, meta, ready_pod};
use crate::ground::clock::Span;
use petri_objects::*;
use std::rc::Rc;

/// Tolerations of upstream's table, by key and seconds; `u64::MAX` is for ever.
type Tolerations = &'static [(&'static str, u64)];
const ALWAYS: u64 = u64::MAX;

fn pod(node: &str, tolerations: Tolerations) -> Object {
    let mut pod = ready_pod("pod1", 7, "web", None);
    let spec = Rc::make_mut(&mut pod.spec);
    spec.node_name = node.into();
    spec.tolerations = tolerations
        .iter()
        .map(|(key, seconds)| Toleration {
            key: (*key).into(),
            operator: "Exists".into(),
            effect: "NoExecute".into(),
            toleration_seconds: i64::try_from(*seconds).ok(),
            ..Toleration::default()
        })
        .collect();
    pod.into()
}

fn node(taints: &[&str]) -> Object {
    let mut node = Node { metadata: meta("node1", 1), ..Node::default() };
    node.metadata.namespace = "".into();
    node.spec.taints = taints
        .iter()
        .map(|key| {
            let (key, effect) = key.split_once(':').unwrap_or((key, "NoExecute"));
            Taint { key: key.into(), effect: effect.into(), time_added: NOW, ..Taint::default() }
        })
        .collect();
    node.into()
}

/// Everything that a change wakes is synced, at once and whenever it asks to be; the answer is after how many seconds
/// the pod was deleted, up to ten minutes, and how often a deletion was called off.
struct Play {
    bench: Bench,
    keys: Vec<(Key, Span)>,
    deleted: Option<u64>,
    cancelled: usize,
}

impl Play {
    fn new(objects: &[Object]) -> Play {
        Play { bench: Bench::new(objects.iter().cloned()), keys: Vec::new(), deleted: None, cancelled: 0 }
    }
    fn change(&mut self, old: Option<Object>, new: Option<Object>) {
        match (&old, &new) {
            (_, Some(object)) => self.bench.cache.put(object.clone()),
            (Some(object), None) => self.bench.cache.remove(&object.reference()),
            (None, None) => {}
        }
        let now = self.bench.now.since(NOW);
        let woken = self.bench.enqueue(enqueue, old, new);
        self.keys.extend(woken.into_iter().map(|(key, span)| (key, now + span)));
    }
    fn play_to(&mut self, seconds: u64) {
        for second in self.bench.now.since(NOW).0 / 1_000_000..=seconds {
            self.bench.now = NOW + Span::seconds(second);
            let due: Vec<Key> = {
                let (due, later) = self.keys.drain(..).partition(|(_, at)| *at <= Span::seconds(second));
                self.keys = later;
                let due: Vec<(Key, Span)> = due;
                due.into_iter().map(|(key, _)| key).collect()
            };
            for key in due {
                let run = self.bench.sync(sync, &key, agree(&self.bench.cache.clone()));
                self.cancelled += run.events().iter().filter(|line| line.contains("Cancelling")).count();
                if run.exchanges.iter().any(|exchange| matches!(exchange.request, Request::Delete { .. })) {
                    self.deleted = self.deleted.or(Some(second));
                }
                if let Some(span) = run.done().after {
                    self.keys.push((key, Span::seconds(second) + span));
                }
            }
        }
    }
}

/// Upstream: `TestCreatePod`, `TestCreateNode`: a pod that meets its node's taints, whichever comes first.
#[test]
fn a_pod_on_a_tainted_node_goes_when_its_tolerations_end() {
    const TABLE: [(&str, Tolerations, &[&str], Option<u64>); 14] = [
        ("not scheduled - ignore", &[], &[], None),
        ("scheduled on untainted Node", &[], &[], None),
        ("schedule on tainted Node", &[], &["taint1"], Some(0)),
        ("schedule on tainted Node with finite toleration", &[("taint1", 100)], &["taint1"], Some(100)),
        ("schedule on tainted Node with infinite toleration", &[("taint1", ALWAYS)], &["taint1"], None),
        ("schedule on tainted Node with infinite invalid toleration", &[("taint2", ALWAYS)], &["taint1"], Some(0)),
        ("toleration of no time", &[("taint1", 0)], &["taint1"], Some(0)),
        ("two taints, one tolerated", &[("taint1", 100)], &["taint1", "taint2"], Some(0)),
        ("two taints, the shorter counts", &[("taint1", 100), ("taint2", 40)], &["taint1", "taint2"], Some(40)),
        ("two taints, one for ever", &[("taint1", ALWAYS), ("taint2", 40)], &["taint1", "taint2"], Some(40)),
        ("two taints, both for ever", &[("taint1", ALWAYS), ("taint2", ALWAYS)], &["taint1", "taint2"], None),
        ("every key for ever", &[("", ALWAYS)], &["taint1", "taint2"], None),
        ("a taint that only keeps new pods away", &[], &["taint1:NoSchedule"], None),
        ("the first matching toleration is used", &[("taint1", 200), ("", 5)], &["taint1"], Some(200)),
    ];
    for (name, tolerations, taints, deleted) in TABLE {
        let place = if name.starts_with("not scheduled") { "" } else { "node1" };
        // The pod comes to the node.
        let mut play = Play::new(&[node(taints)]);
        play.change(None, Some(pod(place, tolerations)));
        play.play_to(600);
        assert_eq!((play.deleted, play.cancelled), (deleted, 0), "{name}: pod added");
        // The node comes to the pod.
        let mut play = Play::new(&[pod(place, tolerations)]);
        play.change(None, Some(node(taints)));
        play.play_to(600);
        assert_eq!((play.deleted, play.cancelled), (deleted, 0), "{name}: node added");
        // The taints come to both.
        let mut play = Play::new(&[pod(place, tolerations), node(&[])]);
        play.change(Some(node(&[])), Some(node(taints)));
        play.play_to(600);
        assert_eq!((play.deleted, play.cancelled), (deleted, 0), "{name}: taints added");
    }
}

/// Upstream: `TestUpdatePod`, `TestUpdateNode`, `TestDeleteNode`, `TestDeletePod`, `TestUpdateNodeWithMultipleTaints`,
/// `TestEventualConsistency`: what changes while a pod waits for its end.
#[test]
fn a_deletion_is_called_off_moved_or_kept() {
    const FINITE: Tolerations = &[("taint1", 100), ("taint2", 20)];
    const LONG: Tolerations = &[("taint1", 300), ("taint2", 300)];
    type Step = fn(&mut Play);
    // Tolerations, what happens after 10 s; when the pod goes, how often its deletion is called off.
    let table: [(&str, Tolerations, Step, Option<u64>, usize); 8] = [
        ("the taint goes", FINITE, |p| p.change(Some(node(&["taint1"])), Some(node(&[]))), None, 1),
        (
            "a second taint, tolerated for less",
            FINITE,
            |p| {
                p.change(Some(node(&["taint1"])), Some(node(&["taint1", "taint2"])));
            },
            Some(20),
            1,
        ),
        (
            "a second taint, tolerated for as long",
            LONG,
            |p| {
                p.change(Some(node(&["taint1"])), Some(node(&["taint1", "taint2"])));
            },
            Some(300),
            0,
        ),
        (
            "another taint instead, tolerated for as long",
            LONG,
            |p| {
                p.change(Some(node(&["taint1"])), Some(node(&["taint2"])));
            },
            Some(300),
            0,
        ),
        (
            "a second taint, not tolerated",
            FINITE,
            |p| {
                p.change(Some(node(&["taint1"])), Some(node(&["taint1", "taint3"])));
            },
            Some(10),
            1,
        ),
        ("the pod goes by itself", FINITE, |p| p.change(Some(pod("node1", FINITE)), None), None, 1),
        (
            "the pod learns to tolerate it for ever",
            FINITE,
            |p| {
                p.change(Some(pod("node1", FINITE)), Some(pod("node1", &[("taint1", ALWAYS)])));
            },
            None,
            1,
        ),
        (
            "the pod stops to tolerate it",
            FINITE,
            |p| {
                p.change(Some(pod("node1", FINITE)), Some(pod("node1", &[])));
            },
            Some(10),
            1,
        ),
    ];
    for (name, tolerations, step, deleted, cancelled) in table {
        let mut play = Play::new(&[node(&["taint1"])]);
        play.change(None, Some(pod("node1", tolerations)));
        play.play_to(9);
        play.bench.now = NOW + Span::seconds(10);
        step(&mut play);
        play.play_to(600);
        assert_eq!((play.deleted, play.cancelled), (deleted, cancelled), "{name}");
    }
}
