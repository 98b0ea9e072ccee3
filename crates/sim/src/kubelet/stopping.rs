//! Stopping a pod: SIGTERM, grace, SIGKILL, and the confirmation that removes the object.
//!
//! Upstream: `SyncTerminatingPod`, `killContainer`, `SyncTerminatedPod`, and the status manager's final delete.

use super::{Exit, Host, RunState, Stage, Worker};
use crate::api::request::{DeleteOptions, Request};
use crate::client::call::EventType;
use crate::clock::Span;
use crate::machine::ProcessState;
use crate::note::ProcessChange;
use crate::workload::behaviour;
use petri_objects::*;

impl Host<'_> {
    /// Asks every process of the pod to stop. Asked again with less time, it shortens what is left.
    pub fn begin_stop(&mut self, worker: &mut Worker, grace_seconds: u64, orphan: bool) {
        if worker.stage == Stage::Stopped {
            let at = worker.due.unwrap_or(self.now + self.settings.kubelet.confirm);
            return self.plan_worker(worker, Some(at));
        }
        // The runtime never gives less than its minimum.
        let grace = Span::seconds(grace_seconds).max(self.settings.kubelet.minimum_grace);
        let (pod, now) = (worker.pod.clone(), self.now);
        let first = worker.stage != Stage::Stopping;
        worker.stage = Stage::Stopping;
        for (run, container) in worker.containers.iter_mut().zip(&pod.spec.containers) {
            let id = crate::machine::ProcessId { pod: pod.metadata.uid, container: run.name.clone() };
            let Some(process) = self.machine.processes.get_mut(&id) else { continue };
            let what = behaviour(&pod, container, &self.settings.kubelet);
            let sleep = container
                .lifecycle
                .as_ref()
                .and_then(|l| l.pre_stop.as_ref()?.sleep.as_ref())
                .map_or(Span::ZERO, |sleep| Span::seconds(sleep.seconds.max(0) as u64));
            let exits = if process.answers { now + sleep + what.stop } else { crate::clock::Time::MAX };
            process.state = match process.state {
                ProcessState::Stopping { since, exits, killed } => {
                    ProcessState::Stopping { since, exits, killed: killed.min(now + grace) }
                }
                ProcessState::Running => ProcessState::Stopping { since: now, exits, killed: now + grace },
            };
            run.ready_change = None;
            run.liveness_fails = None;
            if first {
                let name = run.name.clone();
                let change = ProcessChange::AskedToStop { grace_seconds: grace.as_seconds(), orphan };
                self.process_note(&pod, &name, change);
                let text = format!("Stopping container {name}");
                self.event(&pod, EventType::Normal, "Killing", text, worker.cause);
            }
        }
        self.stop_containers(worker);
    }

    /// Lets processes go whose time has come; when none is left the pod has stopped.
    pub fn stop_containers(&mut self, worker: &mut Worker) {
        let (pod, now) = (worker.pod.clone(), self.now);
        let mut next = None;
        for index in 0..worker.containers.len() {
            let name = worker.containers[index].name.clone();
            let id = Host::process_id(worker, &name);
            let Some(process) = self.machine.processes.get(&id) else { continue };
            let ProcessState::Stopping { exits, killed, .. } = process.state else { continue };
            let end = exits.min(killed);
            if end > now {
                next = next.map_or(Some(end), |n: crate::clock::Time| Some(n.min(end)));
                continue;
            }
            let code = if exits <= killed { 0 } else { 137 };
            let started = process.started;
            self.remove_process(&id);
            let run = &mut worker.containers[index];
            let exit = Exit { code, started, at: now };
            run.ready = false;
            run.last_exit = Some(exit.clone());
            run.state = RunState::Exited { exit, until: None };
            self.process_note(&pod, &name, ProcessChange::Stopped { exit_code: code });
        }
        if next.is_some() {
            return self.plan_worker(worker, next);
        }
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
        if self.settings.kubelet.unmount == Span::ZERO {
            self.release_volumes(worker);
        }
        self.plan_worker(worker, Some(now + self.settings.kubelet.confirm));
    }

    /// Volumes are unmounted; then the object is removed, because nothing of the pod is left.
    pub fn confirm_stopped(&mut self, worker: &mut Worker) {
        self.release_volumes(worker);
        if worker.gone {
            return;
        }
        self.post(worker);
        if worker.gone || !worker.pod.is_terminating() {
            // A pod that ended by itself keeps its object until somebody deletes it.
            return;
        }
        let target = ObjectRef::new(Kind::Pod, worker.pod.metadata.namespace.clone(), worker.pod.metadata.name.clone());
        let options =
            DeleteOptions { grace_seconds: Some(0), uid: Some(worker.pod.metadata.uid), ..DeleteOptions::default() };
        match self.call(Request::Delete { target, options }, worker.cause) {
            Err(crate::api::request::ApiError::Unreachable) => {}
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
            self.note(crate::note::What::Process {
                node,
                identity: process.identity,
                uid,
                container: id.container,
                change: ProcessChange::Died,
            });
        }
        let node = self.name();
        self.disks.power_off(&node, self.now);
        self.machine.kubelet = super::Kubelet { life: self.machine.kubelet.life, ..super::Kubelet::default() };
    }
}
