//! Upstream's own tables for the node lifecycle: `pkg/controller/nodelifecycle/node_lifecycle_controller_test.go`
//! (`TestMonitorNodeHealthEvictPodsWithDisruption`, `TestGetZoneKey` in the topology helpers) and
//! `scheduler/rate_limited_queue_test.go`.

use super::zones::{Census, Limiter, ZoneState, compute_zone_state, eviction_rate_millis, is_excluded, zone_key};
use super::{MONITOR, sync};
use crate::belief::api::shelf::Key;
use crate::belief::controllers::testing::{Bench, NOW, Run, agree, meta, ready_pod};
use crate::ground::clock::Span;
use crate::ground::settings::Settings;
use petri_objects::*;
use std::rc::Rc;

/// Upstream: `ComputeZoneState` and the rates that `TestMonitorNodeHealthEvictPodsWithDisruption` expects, for every
/// small zone: more than two, and at least 55 % of its nodes.
#[test]
fn the_state_of_every_small_zone() {
    // For zones of 1 to 12 nodes: from how many lost nodes on evictions stop; at all of them they go on.
    const STOPS_AT: [u64; 12] = [1, 2, 3, 3, 3, 4, 4, 5, 5, 6, 7, 7];
    let settings = Settings::default();
    for (size, stops) in (1..).zip(STOPS_AT) {
        for lost in 0..=size {
            let state = compute_zone_state(Census { ready: size - lost, not_ready: lost }, &settings);
            let wanted = match lost {
                lost if lost == size => ZoneState::FullDisruption,
                lost if lost >= stops => ZoneState::PartialDisruption,
                _ => ZoneState::Normal,
            };
            assert_eq!(state, wanted, "{lost} of {size}");
            let rate = if wanted == ZoneState::PartialDisruption { 0 } else { 100 };
            assert_eq!(eviction_rate_millis(state, size, &settings), rate, "{lost} of {size}");
        }
    }
}

/// Upstream: `setLimiterInZone`: a zone of more than 50 nodes goes on slowly.
#[test]
fn the_rate_of_a_zone() {
    const TABLE: [(ZoneState, u64, u64); 8] = [
        (ZoneState::Initial, 10, 100),
        (ZoneState::Normal, 10, 100),
        (ZoneState::Normal, 1_000, 100),
        (ZoneState::PartialDisruption, 50, 0),
        (ZoneState::PartialDisruption, 51, 10),
        (ZoneState::PartialDisruption, 1_000, 10),
        (ZoneState::FullDisruption, 10, 100),
        (ZoneState::FullDisruption, 1_000, 100),
    ];
    for (state, size, wanted) in TABLE {
        assert_eq!(eviction_rate_millis(state, size, &Settings::default()), wanted, "{state:?} {size}");
    }
}

/// Upstream: `TestSwapLimiter`, `TestTry`, `TestTryOrdering`: which of the seconds from 0 to 60 get a token.
#[test]
fn a_limiter_lets_one_through_per_interval() {
    const TABLE: [(u64, &[u64]); 5] = [
        (0, &[]),
        (10, &[0]),
        (100, &[0, 10, 20, 30, 40, 50, 60]),
        (50, &[0, 20, 40, 60]),
        (200, &[0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]),
    ];
    for (rate, wanted) in TABLE {
        let mut limiter = Limiter::new(rate);
        let passed: Vec<u64> = (0..=60).filter(|second| limiter.try_accept(NOW + Span::seconds(*second))).collect();
        assert_eq!(passed, wanted, "{rate}");
    }
}

/// Upstream: `TestGetZoneKey`.
#[test]
fn the_zone_of_a_node_is_its_region_and_zone() {
    const TABLE: [(&[(&str, &str)], bool); 4] = [
        (&[], true),
        (&[("topology.kubernetes.io/zone", "a")], false),
        (&[("topology.kubernetes.io/region", "r")], false),
        (&[("topology.kubernetes.io/region", "r"), ("topology.kubernetes.io/zone", "a")], false),
    ];
    let mut keys = Vec::new();
    for (labels, empty) in TABLE {
        let mut node = Node::default();
        node.metadata.labels = labels.iter().copied().collect();
        let key = zone_key(&node).into_owned();
        assert_eq!(key.is_empty(), empty, "{labels:?}");
        assert!(!keys.contains(&key), "{labels:?} has a key of its own");
        keys.push(key);
        assert!(!is_excluded(&node));
        node.metadata.labels.insert("node.kubernetes.io/exclude-disruption", "");
        assert!(is_excluded(&node), "{labels:?}");
    }
}

fn node(name: &str, ready: &str, heartbeat: u64) -> Object {
    let mut node = Node { metadata: meta(name, 1), ..Node::default() };
    node.metadata.namespace = "".into();
    Rc::make_mut(&mut node.status).conditions.push(Condition {
        kind: "Ready".into(),
        status: ready.into(),
        last_heartbeat_time: NOW + Span::seconds(heartbeat),
        last_transition_time: NOW,
        ..Condition::default()
    });
    node.into()
}

fn lease(name: &str, renewed: u64) -> Object {
    let mut lease = Lease::default();
    lease.metadata.name = name.into();
    lease.metadata.namespace = "kube-node-lease".into();
    lease.spec.renew_time = MicroTime(NOW + Span::seconds(renewed));
    lease.into()
}

fn pass(bench: &mut Bench, second: u64) -> Run {
    bench.now = NOW + Span::seconds(second);
    let answer = agree(&bench.cache);
    bench.sync(sync, &Key::new(MONITOR, ""), answer)
}

/// Upstream: `TestMonitorNodeHealthUpdateNodeAndPodStatusWithLease`, `TestTryUpdateNodeHealth`: what counts as a sign of
/// life. The controller looks at 0 s, at 20 s when something has moved, at 25 s, and once more. A heartbeat alone makes
/// it forget which lease it saw, so that at the next look the old one counts as new.
#[test]
fn a_lease_or_a_heartbeat_is_a_sign_of_life() {
    // What moves at 20 s: the lease, the heartbeat, the word of the Ready condition. Then the last look, and whether
    // the node is given up in it.
    type Row = (&'static str, bool, bool, &'static str, u64, bool);
    const TABLE: [Row; 11] = [
        ("nothing moves, just in time", false, false, "True", 50, false),
        ("nothing moves, too late", false, false, "True", 51, true),
        ("the lease moves", true, false, "True", 51, false),
        ("the lease moved long ago", true, false, "True", 71, true),
        ("the heartbeat moves", false, true, "True", 51, false),
        ("the heartbeat moved, and the lease is looked at anew", false, true, "True", 75, false),
        ("the heartbeat moved long ago", false, true, "True", 76, true),
        ("both move", true, true, "True", 70, false),
        ("it is not ready, and speaks", true, true, "False", 70, false),
        ("it is not ready, and speaks no more", true, true, "False", 71, true),
        ("it is not ready and was never heard again", false, false, "False", 51, true),
    ];
    for (name, lease_moves, heartbeat_moves, word, last, given_up) in TABLE {
        // Another node, which is well, keeps the zone from being called lost.
        let mut bench = Bench::new([node("a", word, 0), lease("a", 0), node("b", "True", 0), lease("b", 0)]);
        pass(&mut bench, 0);
        if lease_moves {
            bench.cache.put(lease("a", 20));
        }
        if heartbeat_moves {
            bench.cache.put(node("a", word, 20));
        }
        bench.cache.put(lease("b", 20));
        pass(&mut bench, 20);
        pass(&mut bench, 25);
        bench.cache.put(lease("b", last));
        let run = pass(&mut bench, last);
        let written = run.requests().contains(&"status node/a".to_owned());
        assert_eq!(written, given_up, "{name}: {:?}", run.requests());
        let told = run.events().iter().any(|line| line.contains("NodeNotReady Node a"));
        assert_eq!(told, given_up && word == "True", "{name}: only who was ready becomes not ready");
    }
}

/// Upstream: `TestMonitorNodeHealthMarkPodsNotReady`, `TestMarkPodsNotReady`: which pods of a lost node are marked.
#[test]
fn the_ready_pods_of_a_lost_node_are_marked() {
    // The pod's node, whether it is ready and whether it is stopping; whether it is marked.
    const TABLE: [(&str, &str, bool, bool, bool); 5] = [
        ("a ready pod", "a", true, false, true),
        ("a pod that is not ready", "a", false, false, false),
        ("a pod that is stopping", "a", true, true, true),
        ("a pod of another node", "b", true, false, false),
        ("a pod without a node", "", true, false, false),
    ];
    for (name, place, ready, stopping, marked) in TABLE {
        let mut bench = Bench::new([node("a", "True", 0), lease("a", 0), node("b", "True", 0), lease("b", 0)]);
        let mut pod = ready_pod("web-0", 7, "web", None);
        Rc::make_mut(&mut pod.spec).node_name = place.into();
        if !ready {
            Rc::make_mut(&mut pod.status).conditions[0].status = "False".into();
        }
        if stopping {
            pod.metadata.deletion_timestamp = NOW;
        }
        bench.cache.put(pod.into());
        pass(&mut bench, 0);
        bench.cache.put(lease("b", 51));
        let run = pass(&mut bench, 51);
        assert!(run.requests().contains(&"status node/a".to_owned()), "{name}");
        let patches = run.requests().iter().filter(|line| *line == "patch pod/web-0 condition Ready=False").count();
        assert_eq!(patches, usize::from(marked), "{name}");
    }
}
