//! How far the rollout of a DaemonSet is.

use crate::output::Failure;
use petri_objects::DaemonSet;

/// The line, and whether it is the last.
///
/// Upstream: `DaemonSetStatusViewer`.
#[inline(never)]
pub(super) fn progress(set: &DaemonSet) -> Result<(String, bool), Failure> {
    let (name, status) = (&set.metadata.name, &set.status);
    if &*set.spec.update_strategy.kind != "RollingUpdate" {
        return Err("error: rollout status is only available for RollingUpdate strategy type".into());
    }
    if set.metadata.generation > status.observed_generation {
        return Ok(("Waiting for daemon set spec update to be observed...".into(), false));
    }
    let (desired, updated) = (status.desired_number_scheduled, status.updated_number_scheduled);
    let waiting = |what: String| (format!("Waiting for daemon set \"{name}\" rollout to finish: {what}..."), false);
    Ok(if updated < desired {
        waiting(format!("{updated} out of {desired} new pods have been updated"))
    } else if status.number_available < desired {
        waiting(format!("{} of {desired} updated pods are available", status.number_available))
    } else {
        (format!("daemon set \"{name}\" successfully rolled out"), true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_objects::{DaemonSetSpec, DaemonSetUpdateStrategy};
    use std::rc::Rc;

    #[test]
    fn a_rollout_waits_for_new_pods_and_then_until_they_are_available() {
        let mut set = DaemonSet::default();
        set.metadata.name = "agent".into();
        set.metadata.generation = 2;
        let with = |kind: &str| {
            let update_strategy = DaemonSetUpdateStrategy { kind: kind.into(), rolling_update: None };
            Rc::new(DaemonSetSpec { update_strategy, ..DaemonSetSpec::default() })
        };
        set.spec = with("RollingUpdate");
        set.status.observed_generation = 1;
        let prefix = "Waiting for daemon set \"agent\" rollout to finish: ";
        assert_eq!(progress(&set).unwrap(), ("Waiting for daemon set spec update to be observed...".into(), false));
        set.status.observed_generation = 2;
        set.status.desired_number_scheduled = 3;
        set.status.updated_number_scheduled = 1;
        let expected = format!("{prefix}1 out of 3 new pods have been updated...");
        assert_eq!(progress(&set).unwrap(), (expected, false));
        set.status.updated_number_scheduled = 3;
        set.status.number_available = 2;
        assert_eq!(progress(&set).unwrap(), (format!("{prefix}2 of 3 updated pods are available..."), false));
        set.status.number_available = 3;
        assert_eq!(progress(&set).unwrap(), ("daemon set \"agent\" successfully rolled out".into(), true));
        set.spec = with("OnDelete");
        let refusal = "error: rollout status is only available for RollingUpdate strategy type";
        assert_eq!(progress(&set).unwrap_err(), refusal);
    }
}
