//! Upstream's own tables for the node lifecycle: `pkg/controller/nodelifecycle/node_lifecycle_controller_test.go`
//! (`TestMonitorNodeHealthEvictPodsWithDisruption`, `TestGetZoneKey` in the topology helpers) and
//! `scheduler/rate_limited_queue_test.go`.

use super::zones::{Census, Limiter, ZoneState, compute_zone_state, eviction_rate_millis, is_excluded, zone_key};
use crate::clock::Span;
use crate::controllers::testing::NOW;
use crate::settings::Settings;
use petri_objects::*;

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
        let key = zone_key(&node);
        assert_eq!(key.is_empty(), empty, "{labels:?}");
        assert!(!keys.contains(&key), "{labels:?} has a key of its own");
        keys.push(key);
        assert!(!is_excluded(&node));
        node.metadata.labels.insert("node.kubernetes.io/exclude-disruption", "");
        assert!(is_excluded(&node), "{labels:?}");
    }
}
