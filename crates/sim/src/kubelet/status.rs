//! The status that a kubelet reports for a pod.
//!
//! Upstream: `pkg/kubelet/status/generate.go`, `kubelet_pods.go` (`getPhase`).

use super::{Exit, Host, Run, RunState, Stage, Worker};
use crate::api::patch::set_condition;
use crate::clock::Time;
use crate::machine::Machine;
use petri_objects::*;
use std::rc::Rc;

impl Host<'_> {
    /// Computes what the kubelet now says, and posts it if that is news.
    pub fn report(&mut self, worker: &mut Worker) {
        let recorded_agent = self.settings.kubelet.recorded_agent;
        let restarts = |run: &Run| matches!(run.state, RunState::Exited { until: Some(_), .. });
        if recorded_agent && worker.containers.iter().any(restarts) {
            // The agent of recordings tells of a restart, not of the exit that it follows.
            return;
        }
        update(worker, self.machine, self.now, recorded_agent);
        self.post(worker);
    }
}

/// Computes what the kubelet now says; `posted` becomes false if that is news.
fn update(worker: &mut Worker, machine: &Machine, now: Time, recorded_agent: bool) {
    let old = worker.status.clone();
    let phase = phase(worker);
    let running_or_more = !matches!(worker.stage, Stage::Volumes { .. });
    let mut status = PodStatus {
        phase,
        start_time: if old.start_time == Time::ZERO { now.whole_seconds() } else { old.start_time },
        host_ip: machine.internal_ip.clone(),
        host_ips: vec![HostIp { ip: machine.internal_ip.clone() }],
        observed_generation: worker.pod.metadata.generation,
        conditions: old.conditions.clone(),
        container_statuses: worker.containers.iter().map(|run| container_status(run, phase, worker)).collect(),
        ..PodStatus::default()
    };
    if running_or_more && !worker.ip.is_empty() && has_run(worker) {
        status.pod_ip = worker.ip.clone();
        status.pod_ips = vec![PodIp { ip: worker.ip.clone() }];
    }
    conditions(&mut status, worker, now);
    if recorded_agent {
        say_as_recorded(&mut status, worker);
    }
    if status != *old {
        worker.status = Rc::new(status);
        worker.posted = false;
    }
}

/// The words of the node agent that stands in for kubelets in recordings: it knows no image ids, keeps no last state,
/// and counts a restart when it begins to wait for it.
fn say_as_recorded(status: &mut PodStatus, worker: &Worker) {
    let uid = worker.pod.metadata.uid.to_string();
    for (container, run) in status.container_statuses.iter_mut().zip(&worker.containers) {
        let id = Name::from(format!("sim://{}-{}", &uid[..8], run.restarts));
        let ran = run.is_running() || container.state.terminated.is_some();
        container.image_id = Name::default();
        container.last_state = ContainerState::default();
        container.container_id = if ran { id.clone() } else { Name::default() };
        if let Some(terminated) = &mut container.state.terminated {
            terminated.container_id = id;
        }
        if let (RunState::BackOff { delay, .. }, Some(waiting)) = (&run.state, &mut container.state.waiting) {
            container.restart_count += 1;
            waiting.message = format!("back-off {}s restarting failed container", delay.as_seconds()).into();
        }
    }
}

fn has_run(worker: &Worker) -> bool {
    worker.containers.iter().any(|run| !matches!(run.state, RunState::Waiting { .. }) || run.restarts > 0)
}

fn phase(worker: &Worker) -> Phase {
    let ended = |run: &Run| match &run.state {
        RunState::Exited { exit, until: None } => Some(exit.code),
        _ => None,
    };
    let codes: Vec<i32> = worker.containers.iter().filter_map(ended).collect();
    if !codes.is_empty() && codes.len() == worker.containers.len() {
        return if codes.iter().all(|code| *code == 0) { Phase::Succeeded } else { Phase::Failed };
    }
    match (has_run(worker), &worker.stage) {
        (true, Stage::Stopped) => Phase::Succeeded,
        (true, _) => Phase::Running,
        // What was asked to stop before anything of it ran has not failed either.
        (false, _) => Phase::Pending,
    }
}

fn conditions(status: &mut PodStatus, worker: &Worker, now: Time) {
    let generation = worker.pod.metadata.generation;
    let mut set = |kind: &str, holds: bool, reason: &str, message: &str| {
        let condition = Condition {
            kind: kind.into(),
            status: if holds { "True".into() } else { "False".into() },
            reason: reason.into(),
            message: message.into(),
            observed_generation: generation,
            ..Condition::default()
        };
        set_condition(&mut status.conditions, condition, now);
    };
    let started = !worker.ip.is_empty() && has_run(worker) && !status.phase.is_terminal();
    set("PodReadyToStartContainers", started, "", "");
    set("Initialized", true, if status.phase == Phase::Succeeded { "PodCompleted" } else { "" }, "");
    let unready: Vec<&str> = worker.containers.iter().filter(|run| !run.ready).map(|run| &*run.name).collect();
    let (ready, reason, message) = match status.phase {
        Phase::Succeeded => (false, "PodCompleted", String::new()),
        Phase::Failed => (false, "PodFailed", String::new()),
        _ if unready.is_empty() => (true, "", String::new()),
        _ => (false, "ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" "))),
    };
    set("Ready", ready, reason, &message);
    set("ContainersReady", ready, reason, &message);
}

fn container_status(run: &Run, phase: Phase, worker: &Worker) -> ContainerStatus {
    let id = format!("containerd://{:016x}{:04x}", worker.pod.metadata.uid.0, run.restarts);
    let mut status = ContainerStatus {
        name: run.name.clone(),
        image: run.image.clone(),
        image_id: format!("{}@sha256:{:064x}", run.image, crate::random::mix(run.image.len() as u64)).into(),
        ready: run.ready && !phase.is_terminal(),
        restart_count: run.restarts,
        started: Some(run.is_running()),
        ..ContainerStatus::default()
    };
    let waiting = |reason: &str, message: &str| ContainerState {
        waiting: Some(ContainerStateWaiting { reason: reason.into(), message: message.into() }),
        ..ContainerState::default()
    };
    match &run.state {
        RunState::Waiting { reason, message, .. } => {
            status.state = waiting(reason, message);
            status.image_id = Name::default();
        }
        RunState::Running { since, .. } => {
            status.container_id = id.into();
            status.state.running = Some(ContainerStateRunning { started_at: since.whole_seconds() });
        }
        RunState::Exited { exit, .. } => {
            status.container_id = id.clone().into();
            status.state.terminated = Some(terminated(exit, &id));
        }
        RunState::BackOff { delay, .. } => {
            let pod = &worker.pod.metadata;
            let message = format!(
                "back-off {delay} restarting failed container={} pod={}_{}({})",
                run.name, pod.name, pod.namespace, pod.uid
            );
            status.container_id = id.into();
            status.state = waiting("CrashLoopBackOff", &message);
        }
    }
    if let Some(exit) = &run.last_exit
        && !matches!(run.state, RunState::Exited { .. })
    {
        status.last_state.terminated = Some(terminated(exit, &status.container_id));
    }
    status
}

fn terminated(exit: &Exit, id: &str) -> ContainerStateTerminated {
    ContainerStateTerminated {
        container_id: id.into(),
        exit_code: exit.code,
        finished_at: exit.at.whole_seconds(),
        started_at: exit.started.whole_seconds(),
        reason: if exit.code == 0 { "Completed".into() } else { "Error".into() },
        ..ContainerStateTerminated::default()
    }
}
