//! The status that a kubelet reports for a pod.
//!
//! Upstream: `pkg/kubelet/status/generate.go`, `kubelet_pods.go` (`getPhase`).

use super::host::Host;
use super::state::{Exit, Run, RunState, Stage, Worker};
use super::stopping::{OVERDUE, OVERDUE_MESSAGE};
use crate::belief::api::patch::set_condition;
use crate::ground::clock::Time;
use crate::ground::digest::Kept;
use crate::reality::machine::Machine;
use crate::reality::workload::behaviour::ContainerSort;
use crate::reality::workload::script::last_words;
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

    /// Posts the status of a pod that stops if a container's has changed. Nothing else about it is news any more.
    pub fn report_containers(&mut self, worker: &mut Worker) {
        let (told, posted) = (worker.status.clone(), worker.posted);
        update(worker, self.machine, self.now, self.settings.kubelet.recorded_agent);
        let containers = |s: &PodStatus| (s.init_container_statuses.clone(), s.container_statuses.clone());
        if containers(&told) == containers(&worker.status) {
            (worker.status, worker.posted) = (told, posted);
        } else {
            self.post(worker);
        }
    }
}

/// Computes what the kubelet now says; `posted` becomes false if that is news.
fn update(worker: &mut Worker, machine: &Machine, now: Time, recorded_agent: bool) {
    let old = worker.status.clone();
    let is_overdue = worker.overdue && worker.stage == Stage::Stopped;
    let phase = if is_overdue { Phase::Failed } else { phase(worker) };
    let running_or_more = !matches!(worker.stage, Stage::Volumes { .. });
    let mut status = PodStatus {
        phase,
        reason: if is_overdue { OVERDUE.into() } else { Name::default() },
        message: if is_overdue { OVERDUE_MESSAGE.into() } else { Name::default() },
        start_time: if old.start_time == Time::ZERO { now.whole_seconds() } else { old.start_time },
        host_ip: machine.internal_ip.clone(),
        host_ips: vec![HostIp { ip: machine.internal_ip.clone() }],
        observed_generation: worker.pod.metadata.generation,
        conditions: old.conditions.clone(),
        init_container_statuses: statuses(worker, phase, false),
        container_statuses: statuses(worker, phase, true),
        ..PodStatus::default()
    };
    if running_or_more && !worker.ip.is_empty() && has_run(worker, recorded_agent) {
        status.pod_ip = worker.ip.clone();
        status.pod_ips = vec![PodIp { ip: worker.ip.clone() }];
    }
    conditions(&mut status, worker, now, has_run(worker, recorded_agent));
    if recorded_agent {
        say_as_recorded(&mut status, worker);
    }
    if status != **old {
        worker.status = Kept::new(Rc::new(status));
        worker.posted = false;
    }
}

/// The words of the node agent that stands in for kubelets in recordings: it knows no image ids, keeps no last state,
/// and counts a restart when it begins to wait for it.
fn say_as_recorded(status: &mut PodStatus, worker: &Worker) {
    let uid = worker.pod.metadata.uid.to_string();
    let statuses = status.init_container_statuses.iter_mut().chain(&mut status.container_statuses);
    for (container, run) in statuses.zip(&worker.containers) {
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

fn has_run(worker: &Worker, recorded_agent: bool) -> bool {
    let waits = |run: &Run| match &run.state {
        // The sandbox is there, and what is wrong comes after it.
        RunState::Waiting { reason, .. } => {
            recorded_agent || matches!(&**reason, "ContainerCreating" | "PodInitializing")
        }
        _ => false,
    };
    worker.containers.iter().any(|run| !waits(run) || run.restarts > 0)
}

/// Upstream: `getPhase`.
fn phase(worker: &Worker) -> Phase {
    let new = |run: &Run| run.last_exit.is_none() && run.restarts == 0;
    let waits = |run: &Run| matches!(run.state, RunState::Waiting { .. } | RunState::Unconfigured { .. }) && new(run);
    let pending = |run: &Run| match run.sort {
        ContainerSort::Init => waits(run) || run.is_running(),
        ContainerSort::Sidecar => waits(run) || (run.is_running() && !run.started && !worker.initialized),
        ContainerSort::Regular => waits(run),
    };
    if &*worker.pod.spec.restart_policy == "Never" && worker.containers.iter().any(Run::has_failed_init) {
        return Phase::Failed;
    }
    if worker.containers.iter().any(pending) {
        return Phase::Pending;
    }
    let mut regular = worker.containers.iter().filter(|run| run.sort == ContainerSort::Regular);
    let over = worker.stage == Stage::Stopped || regular.clone().all(Run::has_ended);
    if !over || worker.containers.iter().any(Run::is_running) {
        return Phase::Running;
    }
    match regular.all(|run| run.last_exit.as_ref().is_none_or(|exit| exit.code == 0)) {
        true => Phase::Succeeded,
        false => Phase::Failed,
    }
}

fn conditions(status: &mut PodStatus, worker: &Worker, now: Time, has_run: bool) {
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
    let started = !worker.ip.is_empty() && has_run && !status.phase.is_terminal();
    set("PodReadyToStartContainers", started, "", "");
    let init = |run: &&Run| run.sort != ContainerSort::Regular;
    let incomplete = names(worker.containers.iter().filter(init).filter(|run| !run.lets_next_start()));
    match status.phase {
        Phase::Succeeded => set("Initialized", true, "PodCompleted", ""),
        _ if worker.initialized || incomplete.is_empty() => set("Initialized", true, "", ""),
        _ => {
            let text = format!("containers with incomplete status: [{incomplete}]");
            set("Initialized", false, "ContainersNotInitialized", &text);
        }
    }
    let unready = names(worker.containers.iter().filter(|run| run.sort != ContainerSort::Init && !run.ready));
    let (ready, reason, message) = match status.phase {
        Phase::Succeeded => (false, "PodCompleted", String::new()),
        Phase::Failed => (false, "PodFailed", String::new()),
        _ if unready.is_empty() => (true, "", String::new()),
        _ => (false, "ContainersNotReady", format!("containers with unready status: [{unready}]")),
    };
    match gates(&worker.pod) {
        Some(closed) if ready => set("Ready", false, "ReadinessGatesNotReady", &closed),
        _ => set("Ready", ready, reason, &message),
    }
    set("ContainersReady", ready, reason, &message);
}

fn names<'a>(runs: impl Iterator<Item = &'a Run>) -> String {
    runs.map(|run| &*run.name).collect::<Vec<_>>().join(" ")
}

/// Which readiness gates are not open; `None` if all are.
fn gates(pod: &Pod) -> Option<String> {
    let closed = |gate: &ReadinessGate| {
        let kind = &gate.condition_type;
        match condition(&pod.status.conditions, kind) {
            None => Some(format!("corresponding condition of pod readiness gate \"{kind}\" does not exist.")),
            Some(c) if &*c.status != "True" => {
                Some(format!("the status of pod readiness gate \"{kind}\" is not \"True\", but {}", c.status))
            }
            Some(_) => None,
        }
    };
    let closed: Vec<String> = pod.spec.readiness_gates.iter().filter_map(closed).collect();
    (!closed.is_empty()).then(|| closed.join(", "))
}

fn statuses(worker: &Worker, phase: Phase, regular: bool) -> Vec<ContainerStatus> {
    let wanted = worker.containers.iter().filter(|run| (run.sort == ContainerSort::Regular) == regular);
    wanted.map(|run| container_status(run, phase, worker)).collect()
}

fn container_status(run: &Run, phase: Phase, worker: &Worker) -> ContainerStatus {
    let id = format!("containerd://{:016x}{:04x}", worker.pod.metadata.uid.0, run.restarts);
    let mut status = ContainerStatus {
        name: run.name.clone(),
        image: run.image.clone(),
        image_id: format!("{}@sha256:{:064x}", run.image, crate::ground::random::mix(run.image.len() as u64)).into(),
        ready: match run.sort {
            ContainerSort::Init => run.lets_next_start(),
            _ => run.ready && !phase.is_terminal(),
        },
        restart_count: run.restarts,
        started: Some(run.is_running() && run.started),
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
        RunState::Unconfigured { message, again, .. } => {
            status.state = waiting("CreateContainerConfigError", message);
            match again {
                true => status.container_id = id.into(),
                false => status.image_id = Name::default(),
            }
        }
        RunState::Running { since, .. } => {
            status.container_id = id.into();
            status.state.running = Some(ContainerStateRunning { started_at: since.whole_seconds() });
        }
        RunState::Exited { exit, .. } => {
            status.container_id = id.clone().into();
            status.state.terminated = Some(terminated(exit, &id, worker, run));
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
        status.last_state.terminated = Some(terminated(exit, &status.container_id, worker, run));
    }
    status
}

fn terminated(exit: &Exit, id: &str, worker: &Worker, run: &Run) -> ContainerStateTerminated {
    let spec = &worker.pod.spec;
    let own = spec.init_containers.iter().chain(&spec.containers).find(|own| own.name == run.name);
    // Of a container that is told nothing, nothing can be read.
    let told = own.filter(|own| !own.command.is_empty() || !own.args.is_empty());
    ContainerStateTerminated {
        container_id: id.into(),
        exit_code: exit.code,
        finished_at: exit.at.whole_seconds(),
        started_at: exit.started.whole_seconds(),
        message: told.map_or_else(Name::default, |own| last_words(own, exit.at.since(exit.started), exit.code)),
        reason: exit.reason.clone(),
        ..ContainerStateTerminated::default()
    }
}
