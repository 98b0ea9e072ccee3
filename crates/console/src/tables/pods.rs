//! The columns of a pod, which summarise its containers rather than its phase.
//!
//! Upstream: `printPod`.

use super::cells::age_since;
use petri_objects::{Container, ContainerState, ContainerStatus, Pod, Time};

/// What the containers come to.
struct Summary {
    status: String,
    ready: usize,
    total: usize,
    restarts: i32,
    last_restart: Time,
}

/// The STATUS column: `Running`, `ContainerCreating`, `CrashLoopBackOff`, `Terminating` ...
pub fn pod_status(pod: &Pod) -> String {
    summary(pod).status
}

/// The READY column, `1/1`: what the containers report, not the pod's Ready condition.
pub fn pod_ready(pod: &Pod) -> String {
    let summary = summary(pod);
    format!("{}/{}", summary.ready, summary.total)
}

/// The RESTARTS column: `2 (95s ago)`.
pub fn pod_restarts(pod: &Pod, now: Time) -> String {
    let summary = summary(pod);
    match (summary.restarts, summary.last_restart) {
        (0, _) | (_, Time::ZERO) => summary.restarts.to_string(),
        (restarts, last) => format!("{restarts} ({} ago)", age_since(last, now)),
    }
}

fn summary(pod: &Pod) -> Summary {
    let status = &pod.status;
    let mut out = Summary {
        status: if status.reason.is_empty() { status.phase.as_str().to_owned() } else { status.reason.to_string() },
        ready: 0,
        total: pod.spec.containers.len(),
        restarts: 0,
        last_restart: Time::ZERO,
    };
    if status.conditions.iter().any(|c| &*c.kind == "PodScheduled" && &*c.reason == "SchedulingGated") {
        out.status = "SchedulingGated".into();
    }
    let sidecars = pod.spec.init_containers.iter().filter(|c| is_sidecar(c)).count();
    out.total += sidecars;
    let sidecar_counts = init_containers(pod, &mut out);
    if sidecar_counts.is_some() || is_true(pod, "Initialized") {
        if let Some(counts) = sidecar_counts {
            (out.restarts, out.last_restart) = counts;
        }
        app_containers(pod, &mut out);
    }
    if pod.metadata.is_terminating() {
        if &*status.reason == "NodeLost" {
            out.status = "Unknown".into();
        } else if !status.phase.is_terminal() {
            out.status = "Terminating".into();
        }
    }
    out
}

fn is_sidecar(container: &Container) -> bool {
    &*container.restart_policy == "Always"
}

fn is_true(pod: &Pod, kind: &str) -> bool {
    petri_objects::condition(&pod.status.conditions, kind).is_some_and(|c| &*c.status == "True")
}

/// Looks for the first init container that has not done its part. `None` if there is one; otherwise the restarts of the
/// sidecars and the last of them.
fn init_containers(pod: &Pod, out: &mut Summary) -> Option<(i32, Time)> {
    let mut sidecars = (0, Time::ZERO);
    for (i, status) in pod.status.init_container_statuses.iter().enumerate() {
        out.restarts += status.restart_count;
        out.last_restart = out.last_restart.max(ended_before(status));
        let sidecar = pod.spec.init_containers.iter().any(|c| c.name == status.name && is_sidecar(c));
        if sidecar {
            sidecars = (sidecars.0 + status.restart_count, sidecars.1.max(ended_before(status)));
        }
        let ContainerState { terminated, waiting, .. } = &status.state;
        match (terminated, waiting) {
            (Some(ended), _) if ended.exit_code == 0 => continue,
            _ if sidecar && status.started == Some(true) => {
                out.ready += usize::from(status.ready);
                continue;
            }
            (Some(ended), _) => {
                out.status = match (&*ended.reason, ended.signal) {
                    ("", 0) => format!("Init:ExitCode:{}", ended.exit_code),
                    ("", signal) => format!("Init:Signal:{signal}"),
                    (reason, _) => format!("Init:{reason}"),
                };
            }
            (None, Some(waits)) if !waits.reason.is_empty() && &*waits.reason != "PodInitializing" => {
                out.status = format!("Init:{}", waits.reason);
            }
            _ => out.status = format!("Init:{i}/{}", pod.spec.init_containers.len()),
        }
        return None;
    }
    Some(sidecars)
}

fn app_containers(pod: &Pod, out: &mut Summary) {
    let mut running = false;
    let mut failed: Option<String> = None;
    // From the last to the first: the first container in the list has the last word.
    for status in pod.status.container_statuses.iter().rev() {
        out.restarts += status.restart_count;
        out.last_restart = out.last_restart.max(ended_before(status));
        match &status.state {
            ContainerState { waiting: Some(waits), .. } if !waits.reason.is_empty() => {
                out.status = waits.reason.to_string();
                failed = Some(out.status.clone());
            }
            ContainerState { terminated: Some(ended), .. } => {
                out.status = match (&*ended.reason, ended.signal) {
                    ("", 0) => format!("ExitCode:{}", ended.exit_code),
                    ("", signal) => format!("Signal:{signal}"),
                    (reason, _) => reason.to_owned(),
                };
                if out.status != "Completed" {
                    failed = Some(out.status.clone());
                }
            }
            ContainerState { running: Some(_), .. } if status.ready => {
                running = true;
                out.ready += 1;
            }
            _ => {}
        }
    }
    if out.status == "Completed" {
        if running && is_true(pod, "Ready") {
            out.status = "Running".into();
        } else if let Some(reason) = failed {
            out.status = reason;
        } else if running {
            out.status = "NotReady".into();
        }
    }
}

fn ended_before(status: &ContainerStatus) -> Time {
    status.last_state.terminated.as_ref().map_or(Time::ZERO, |ended| ended.finished_at)
}
