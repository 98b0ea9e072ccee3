//! Which nodes a DaemonSet is meant for.

use crate::belief::scheduler::node_selector::{is_tolerated, meets};
use petri_objects::*;

/// What a node is to a DaemonSet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// A pod should be started there.
    pub should_run: bool,
    /// A pod that is there may stay.
    pub should_continue_running: bool,
}

/// Upstream: `NodeShouldRunDaemonPod`.
pub fn node_should_run_daemon_pod(set: &DaemonSet, node: &Node) -> Standing {
    let spec = &set.spec.template.spec;
    let named = spec.node_name.is_empty() || spec.node_name == node.metadata.name;
    if !named || !meets(spec, node) {
        return Standing { should_run: false, should_continue_running: false };
    }
    let own = daemon_tolerations(spec);
    let untolerated =
        |taint: &&Taint| !is_tolerated(taint, &spec.tolerations) && !own.iter().any(|own| own.tolerates(taint));
    let mut untolerated = node.spec.taints.iter().filter(untolerated);
    let kept_away = untolerated.clone().any(|taint| matches!(&*taint.effect, "NoSchedule" | "NoExecute"));
    Standing {
        should_run: !kept_away,
        should_continue_running: !untolerated.any(|taint| &*taint.effect == "NoExecute"),
    }
}

/// What every pod of a DaemonSet tolerates, for ever: a node in trouble is no reason to be without it.
///
/// Upstream: `AddOrUpdateDaemonPodTolerations`.
pub fn daemon_tolerations(spec: &PodSpec) -> Vec<Toleration> {
    let all = [
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
        // Who brings the network up cannot wait for it.
        ("network-unavailable", "NoSchedule"),
    ];
    let count = all.len() - usize::from(!spec.host_network);
    let toleration = |(key, effect): &(&str, &str)| Toleration {
        key: format!("node.kubernetes.io/{key}").into(),
        operator: "Exists".into(),
        effect: (*effect).into(),
        ..Toleration::default()
    };
    all.iter().take(count).map(toleration).collect()
}
