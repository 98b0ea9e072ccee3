//! What a run's settings change about those of Kubernetes 1.36, as it stands in a recording.
//!
//! Only what differs is written, so that a recording without settings means the defaults, and old links stay true.
//!
//! Deviation: what only recordings of real clusters set, the order in which nodes were tainted for instance, is not
//! written.

use crate::ground::pace::{LONGEST, Pace};
use crate::ground::settings::Settings;
use petri_objects::Span;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const LARGEST: u64 = 1_000_000;

// Each of these keeps what a recording says within bounds.
fn lasts(span: Span) -> Span {
    Pace::Once.bounded(span)
}
fn period(span: Span) -> Span {
    Pace::Again.bounded(span)
}
fn lag(span: Span) -> Span {
    Pace::Lag.bounded(span)
}
fn count(number: u64) -> u64 {
    number.min(LARGEST)
}
fn seconds(number: i64) -> i64 {
    number.clamp(0, LONGEST.as_seconds() as i64)
}
fn switch(on: bool) -> bool {
    on
}

macro_rules! written {
    ($($name:literal $field:ident: $ty:ty = $($place:ident).+, $within:ident;)*) => {
        /// Every setting that a recording can carry, if it differs.
        #[derive(Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            $(#[serde(rename = $name, default, skip_serializing_if = "Option::is_none")] $field: Option<$ty>,)*
        }

        impl From<&Settings> for Written {
            fn from(own: &Settings) -> Written {
                let usual = Settings::default();
                Written { $($field: (own.$($place).+ != usual.$($place).+).then_some(own.$($place).+),)* }
            }
        }

        impl From<Written> for Settings {
            fn from(written: Written) -> Settings {
                let mut settings = Settings::default();
                $(if let Some(own) = written.$field {
                    settings.$($place).+ = $within(own);
                })*
                settings
            }
        }

        /// Changes every setting to a value that it can have.
        #[cfg(test)]
        pub fn disturb(settings: &mut Settings) {
            $(settings.$($place).+ = $within(tests::Other::other(settings.$($place).+));)*
        }
    };
}

// A name never gets another meaning.
written! {
    "watchLag" watch_lag: Span = watch_lag, lag;
    "notReadyTolerationSeconds" not_ready_toleration_seconds: i64 = not_ready_toleration_seconds, seconds;
    "unreachableTolerationSeconds" unreachable_toleration_seconds: i64 = unreachable_toleration_seconds, seconds;
    "nodeMonitorPeriod" node_monitor_period: Span = node_monitor_period, period;
    "nodeMonitorGracePeriod" node_monitor_grace_period: Span = node_monitor_grace_period, lasts;
    "nodeEvictionRate" node_eviction_rate: u64 = node_eviction_rate_millis, count;
    "secondaryNodeEvictionRate" secondary_node_eviction_rate: u64 = secondary_node_eviction_rate_millis, count;
    "unhealthyZoneThreshold" unhealthy_zone_threshold: u64 = unhealthy_zone_threshold_millis, count;
    "largeClusterSizeThreshold" large_cluster_size_threshold: u64 = large_cluster_size_threshold, count;
    "podGCPeriod" pod_gc_period: Span = pod_gc_period, period;
    "podGCQuarantine" pod_gc_quarantine: Span = pod_gc_quarantine, lasts;
    "forceDetachAfter" force_detach_after: Span = force_detach_after, lasts;
    "attachDetachPeriod" attach_detach_period: Span = attach_detach_period, period;
    "claimSyncPeriod" claim_sync_period: Span = claim_sync_period, period;
    "MaxUnavailableStatefulSet" max_unavailable_stateful_set: bool = gates.max_unavailable_stateful_set, switch;
    "StaleControllerConsistency" stale_controller_consistency: bool = gates.stale_controller_consistency, switch;
    "leaseInterval" lease_interval: Span = kubelet.lease_interval, period;
    "statusInterval" status_interval: Span = kubelet.status_interval, period;
    "start" start: Span = kubelet.start, lasts;
    "pull" pull: Span = kubelet.pull, lasts;
    "ready" ready: Span = kubelet.ready, lasts;
    "stop" stop: Span = kubelet.stop, lasts;
    "confirm" confirm: Span = kubelet.confirm, lasts;
    "volumePoll" volume_poll: Span = kubelet.volume_poll, period;
    "boot" boot: Span = kubelet.boot, lasts;
    "pullErrorToBackOff" pull_error_to_back_off: Span = kubelet.pull_error_to_back_off, lasts;
    "restart" restart: Span = kubelet.restart, lasts;
    "minimumGrace" minimum_grace: Span = kubelet.minimum_grace, lasts;
    "mount" mount: Span = kubelet.mount, lasts;
    "unmount" unmount: Span = kubelet.unmount, lasts;
    "provision" provision: Span = storage.provision, lasts;
    "attach" attach: Span = storage.attach, lasts;
    "detach" detach: Span = storage.detach, lasts;
    "zonalDisks" zonal_disks: bool = storage.zonal, switch;
    "kubeAPIQPS" kube_api_qps: u64 = client.requests_per_second, count;
    "kubeAPIBurst" kube_api_burst: u64 = client.burst, count;
    "request" request: Span = client.request, lasts;
}

/// Writes what differs.
pub fn serialize<S: Serializer>(settings: &Settings, to: S) -> Result<S::Ok, S::Error> {
    Written::from(settings).serialize(to)
}

/// Reads what differs; all else is as it is by default.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Settings, D::Error> {
    Written::deserialize(from).map(Settings::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_objects::Value;

    pub trait Other {
        fn other(self) -> Self;
    }
    impl Other for Span {
        fn other(self) -> Span {
            self + Span::millis(70)
        }
    }
    impl Other for bool {
        fn other(self) -> bool {
            !self
        }
    }
    impl Other for u64 {
        fn other(self) -> u64 {
            self + 70_000
        }
    }
    impl Other for i64 {
        fn other(self) -> i64 {
            self + 70_000
        }
    }

    fn read(json: &str) -> Result<Settings, String> {
        let value = Value::from_json(json).expect("the test's own JSON");
        deserialize(&value).map_err(|problem| problem.to_string())
    }

    fn json(settings: &Settings) -> String {
        serde_json::to_string(&Written::from(settings)).expect("it is plain data")
    }

    #[test]
    fn what_differs_is_written_and_read() {
        assert_eq!(json(&Settings::default()), "{}");
        let mut settings = Settings::default();
        disturb(&mut settings);
        let written = json(&settings);
        assert_eq!(Value::from_json(&written).unwrap().as_map().map(petri_objects::Map::len), Some(37));
        assert_eq!(read(&written), Ok(settings));
    }

    /// Every setting that is a span, at zero.
    fn stopped() -> String {
        let mut settings = Settings::default();
        disturb(&mut settings);
        let written = Value::from_json(&json(&settings)).expect("the test's own JSON");
        let zero = written.as_map().expect("settings are a map").iter().filter(|(_, value)| value.as_int().is_some());
        let zero: Vec<String> = zero.map(|(name, _)| format!("\"{name}\":0")).collect();
        format!("{{{}}}", zero.join(","))
    }

    #[test]
    fn what_cannot_be_is_refused_or_kept_within_bounds() {
        assert_eq!(read(r#"{"weather":1}"#).unwrap_err(), "unknown field weather");
        assert_eq!(read(r#"{"watchLag":-1}"#).unwrap_err(), "watchLag is not a whole number that fits");
        assert_eq!(read(r#"{"watchLag":true}"#).unwrap_err(), "watchLag is not a whole number that fits");
        let still = read(&stopped()).unwrap();
        assert_eq!(still.node_monitor_period, Pace::Again.least());
        assert_eq!(still.watch_lag, Pace::Lag.least());
        let late = format!(r#"{{"forceDetachAfter":{}}}"#, i64::MAX);
        assert_eq!(read(&late).unwrap().force_detach_after, LONGEST);
    }
}
