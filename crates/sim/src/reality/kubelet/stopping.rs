//! Stopping a pod: SIGTERM, grace, SIGKILL, and the confirmation that removes the object.
//!
//! Upstream: `SyncTerminatingPod`, `killContainer`, `SyncTerminatedPod`, and the status manager's final delete.

use super::host::Host;
use super::state::{Kubelet, Run, RunState, Stage, Worker, container_of};
use crate::belief::api::event::EventType;
use crate::belief::api::request::{DeleteOptions, Request};
use crate::ground::clock::Span;
use crate::reality::machine::ProcessState;
use crate::reality::network::Verdict;
use crate::reality::workload::behaviour::{ContainerSort, behaviour, pre_stop, pre_stop_fails};
use crate::words::note::ProcessChange;
use petri_objects::*;

/// Why a pod has failed that was active for too long.
pub const OVERDUE: &str = "DeadlineExceeded";
pub const OVERDUE_MESSAGE: &str = "Pod was active on the node longer than the specified deadline";

impl Host<'_> {
    /// Asks the processes of the pod to stop; sidecars are asked when the others have ended. Asked again with less time,
    /// it shortens what is left.
    pub fn begin_stop(&mut self, worker: &mut Worker, grace_seconds: u64, orphan: bool) {
        if worker.stage == Stage::Stopped {
            let at = worker.due.unwrap_or(self.now + self.settings.kubelet.confirm);
            return self.plan_worker(worker, Some(at));
        }
        let first = worker.stage != Stage::Stopping;
        // The runtime never gives less than its minimum.
        let ends = self.now + Span::seconds(grace_seconds).max(self.settings.kubelet.minimum_grace);
        worker.grace_ends = if first { ends } else { ends.min(worker.grace_ends) };
        worker.stage = Stage::Stopping;
        for index in 0..worker.containers.len() {
            let id = Host::process_id(worker, &worker.containers[index].name);
            let asked = |p: &crate::reality::machine::Process| matches!(p.state, ProcessState::Stopping { .. });
            let asked = self.machine.processes.get(&id).is_some_and(asked);
            if asked || worker.containers[index].sort != ContainerSort::Sidecar {
                self.ask_to_stop(worker, index, worker.grace_ends.since(self.now), orphan);
            }
        }
        self.stop_containers(worker);
    }

    /// The pod was active for as long as it may be.
    ///
    /// Upstream: `active_deadline.go`.
    pub fn exceed_deadline(&mut self, worker: &mut Worker) {
        worker.overdue = true;
        let (pod, cause) = (worker.pod.clone(), worker.cause);
        self.event(&pod, EventType::Normal, OVERDUE, OVERDUE_MESSAGE, cause);
        let grace = pod.spec.termination_grace_period_seconds.unwrap_or(30);
        self.begin_stop(worker, grace.max(0) as u64, false);
    }

    /// Asks one process to stop: the hook first, then SIGTERM, and SIGKILL when the grace is over.
    pub fn ask_to_stop(&mut self, worker: &mut Worker, index: usize, grace: Span, orphan: bool) {
        let (pod, now) = (worker.pod.clone(), self.now);
        let container = container_of(&pod, index);
        let run = &worker.containers[index];
        let id = Host::process_id(worker, &run.name);
        let Some(process) = self.machine.processes.get(&id) else { return };
        let usual = || behaviour(&pod, container, run.sort, &self.settings.kubelet).stop;
        let stop = process.ills.stop.unwrap_or_else(usual);
        // The hook is cut off when the grace is over; SIGTERM is followed by the runtime's minimum even then.
        let hook = pre_stop(&pod, container, run.sort).min(grace);
        let minimum = if hook > Span::ZERO { hook + self.settings.kubelet.minimum_grace } else { Span::ZERO };
        let killed_at = now + grace.max(minimum);
        let first = process.state == ProcessState::Running;
        let state = match process.state {
            ProcessState::Stopping { since, exits, killed } => {
                ProcessState::Stopping { since, exits, killed: killed.min(killed_at) }
            }
            ProcessState::Running => {
                let exits = if process.answers { now + hook + stop } else { crate::ground::clock::Time::MAX };
                ProcessState::Stopping { since: now, exits, killed: killed_at }
            }
        };
        self.machine.processes.update(&id, |process| process.state = state);
        if first {
            let name = run.name.clone();
            let change = ProcessChange::AskedToStop { grace_seconds: grace.as_seconds(), orphan };
            self.process_note(&pod, &name, change);
            if worker.stage == Stage::Stopping {
                let text = format!("Stopping container {name}");
                self.container_event(worker, index, EventType::Normal, "Killing", text);
                if hook == Span::ZERO && pre_stop_fails(container) && !self.settings.kubelet.recorded_agent {
                    let (reason, text) = ("FailedPreStopHook", "PreStopHook failed");
                    self.container_event(worker, index, EventType::Warning, reason, text);
                }
            }
            self.plan_probes(worker, index);
        }
    }

    /// Lets processes go whose time has come; when none is left the pod has stopped.
    pub fn stop_containers(&mut self, worker: &mut Worker) {
        let now = self.now;
        for index in 0..worker.containers.len() {
            if !worker.containers[index].is_running() {
                continue;
            }
            let id = Host::process_id(worker, &worker.containers[index].name);
            match self.machine.processes.get(&id).map(|process| &process.state) {
                Some(ProcessState::Stopping { exits, killed, .. }) if *exits.min(killed) <= now => {
                    let code = if exits <= killed { 0 } else { 137 };
                    self.container_exits(worker, index, code);
                }
                _ => self.probe(worker, index),
            }
        }
        let mut alive = (0..worker.containers.len()).filter(|index| worker.containers[*index].is_running());
        if let Some(last) = alive.next_back() {
            if worker.containers[last].sort == ContainerSort::Sidecar {
                // Only sidecars are left: they go one after another, the last started first.
                self.ask_to_stop(worker, last, worker.grace_ends.since(now), false);
            }
            self.report_containers(worker);
            return self.plan_worker(worker, self.next_stop(worker));
        }
        let pod = worker.pod.clone();
        for volume in &worker.mounted {
            self.disks.stop_writing(volume, &self.machine.name, pod.metadata.uid, now);
        }
        for run in &mut worker.containers {
            // What waited between two runs will not run again.
            run.ready = false;
            if let Some(exit) = run.last_exit.clone() {
                run.state = RunState::Exited { exit, until: None };
            }
        }
        worker.stage = Stage::Stopped;
        self.report(worker);
        // Whoever is forgotten and has mounted nothing has nothing left to confirm.
        let is_over = worker.gone && worker.mounted.is_empty();
        if is_over || self.settings.kubelet.unmount == Span::ZERO {
            self.release_volumes(worker);
        }
        // The object is removed when the last status is known to be stored; each request waits for the one before.
        let latency = self.network.latency(&self.machine.name);
        let requests = latency.times(3) + self.faults.etcd.times(2);
        self.plan_worker(worker, Some(now + self.settings.kubelet.confirm + requests));
    }

    /// When a pod that stops has something to do next.
    fn next_stop(&self, worker: &Worker) -> Option<crate::ground::clock::Time> {
        let exits = worker.containers.iter().filter_map(|run| {
            match self.machine.processes.get(&Host::process_id(worker, &run.name))?.state {
                ProcessState::Stopping { exits, killed, .. } => Some(exits.min(killed)),
                ProcessState::Running => None,
            }
        });
        exits.chain(worker.containers.iter().filter_map(Run::next_probe)).min()
    }

    /// Volumes are unmounted; then the object is removed, because nothing of the pod is left.
    pub fn confirm_stopped(&mut self, worker: &mut Worker) {
        self.release_volumes(worker);
        if worker.gone {
            return;
        }
        if !worker.posted {
            let status = std::rc::Rc::clone(&worker.status);
            self.store(worker, status);
        }
        if self.verdict() == Verdict::ReplyLost {
            // Whether its status was stored is not known, and the object is removed only after that.
            return;
        }
        if worker.gone || !worker.pod.is_terminating() {
            // A pod that ended by itself keeps its object until somebody deletes it.
            return;
        }
        let target = ObjectRef::new(Kind::Pod, worker.pod.metadata.namespace.clone(), worker.pod.metadata.name.clone());
        let options =
            DeleteOptions { grace_seconds: Some(0), uid: Some(worker.pod.metadata.uid), ..DeleteOptions::default() };
        match self.call(Request::Delete { target, options }, worker.cause) {
            Err(crate::words::api_error::ApiError::Unreachable) => {}
            _ => worker.gone = true,
        }
    }

    /// The machine loses power: every process is gone, and the kubelet with all it remembered.
    pub fn power_off(&mut self) {
        self.machine.powered = false;
        self.machine.power_since = self.now;
        let processes = std::mem::take(&mut self.machine.processes);
        for (id, process) in processes {
            self.touched.push(process.identity.clone());
            let (node, uid) = (self.name(), process.uid);
            self.note(crate::words::note::What::Process {
                node,
                identity: process.identity,
                uid,
                container: id.container,
                change: ProcessChange::Died,
            });
        }
        let node = self.name();
        self.disks.power_off(&node, self.now);
        self.machine.kubelet = Kubelet { life: self.machine.kubelet.life, ..Kubelet::default() };
    }
}
