//! How many nodes a rollout may take at once.
//!
//! Upstream: `UnavailableCount`, `SurgeCount` and `AllowsSurge` in `pkg/controller/daemon/util`.

use petri_objects::{DaemonSet, IntOrString, RollingUpdateDaemonSet};

/// On how many nodes a new pod may run beside an old one.
pub fn surge_count(set: &DaemonSet, desired: i32) -> i32 {
    counted(set, desired, |rolling| rolling.max_surge.as_ref())
}

/// On how many nodes no pod may be available. Where neither is allowed, which validation refuses, on one.
pub fn unavailable_count(set: &DaemonSet, desired: i32) -> i32 {
    let count = counted(set, desired, |rolling| rolling.max_unavailable.as_ref());
    if count == 0 && desired > 0 { 1 } else { count }
}

pub fn allows_surge(set: &DaemonSet) -> bool {
    surge_count(set, 1) > 0
}

fn counted(set: &DaemonSet, desired: i32, of: fn(&RollingUpdateDaemonSet) -> Option<&IntOrString>) -> i32 {
    let strategy = &set.spec.update_strategy;
    let rolling = strategy.rolling_update.as_ref().filter(|_| &*strategy.kind == "RollingUpdate");
    rolling.and_then(of).and_then(|value| value.scaled(desired, true)).unwrap_or(0)
}
