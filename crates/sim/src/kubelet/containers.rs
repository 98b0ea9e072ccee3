//! Starting, probing and restarting the containers of a pod.
//!
//! Upstream: `pkg/kubelet/kuberuntime`, `pkg/kubelet/prober`.

use super::{Exit, Host, Run, RunState, Stage, Worker};
use crate::client::call::EventType;
use crate::clock::{Span, Time};
use crate::machine::{Identity, Owner, Process, ProcessState};
use crate::note::ProcessChange;
use crate::workload::{self, behaviour};
use petri_objects::*;

/// CrashLoopBackOff: 10 s, doubled up to 5 min, forgotten after a run of ten minutes.
const FIRST_BACK_OFF: Span = Span::seconds(10);
const LONGEST_BACK_OFF: Span = Span::seconds(300);
const RUN_THAT_FORGIVES: Span = Span::seconds(600);

impl Host<'_> {
    /// The sandbox is made: the containers start after their pull and start delays.
    pub fn create_containers(&mut self, worker: &mut Worker) {
        self.machine.next_address = self.machine.next_address % 250 + 1;
        worker.ip = format!("10.244.{}.{}", self.machine.subnet, self.machine.next_address + 1).into();
        let (pod, cause) = (worker.pod.clone(), worker.cause);
        for (run, container) in worker.containers.iter_mut().zip(&pod.spec.containers) {
            let what = behaviour(&pod, container, &self.settings.kubelet);
            let present = self.machine.images.contains(&container.image);
            let pull = if present { Span::ZERO } else { self.settings.kubelet.pull };
            if !present && !self.settings.kubelet.recorded_agent {
                let text = format!("Pulling image \"{}\"", container.image);
                self.event(&pod, EventType::Normal, "Pulling", text, cause);
            }
            if let RunState::Waiting { until, .. } = &mut run.state {
                *until = Some(self.now + what.start + pull);
            }
        }
        self.settle(worker);
    }

    /// Does what is due for each container.
    pub fn run_containers(&mut self, worker: &mut Worker) {
        for index in 0..worker.containers.len() {
            let run = &worker.containers[index];
            match &run.state {
                RunState::Waiting { until: Some(at), .. } if *at <= self.now => self.start_or_fail(worker, index),
                RunState::Exited { until: Some(at), .. } if *at <= self.now => self.restart_or_back_off(worker, index),
                RunState::BackOff { until, .. } if *until <= self.now => self.start(worker, index, true),
                RunState::Running { ends: Some((at, code)), .. } if *at <= self.now => {
                    let code = *code;
                    self.container_exits(worker, index, code);
                }
                RunState::Running { .. } => self.probe(worker, index),
                _ => {}
            }
        }
        self.settle(worker);
    }

    /// Reports what is new and plans the next turn.
    pub fn settle(&mut self, worker: &mut Worker) {
        self.report(worker);
        let next = worker.containers.iter().filter_map(Run::due).min();
        self.plan_worker(worker, next);
    }

    fn start_or_fail(&mut self, worker: &mut Worker, index: usize) {
        let container = worker.pod.spec.containers[index].clone();
        let what = behaviour(&worker.pod, &container, &self.settings.kubelet);
        let (pod, cause) = (worker.pod.clone(), worker.cause);
        if what.pullable {
            let first = self.machine.images.insert(container.image.clone());
            let text = if first {
                let took = self.settings.kubelet.pull;
                format!(
                    "Successfully pulled image \"{}\" in {took} ({took} including waiting). Image size: 67108864 bytes.",
                    container.image
                )
            } else {
                format!(
                    "Container image \"{}\" already present on machine and can be accessed by the pod",
                    container.image
                )
            };
            if !self.settings.kubelet.recorded_agent {
                self.event(&pod, EventType::Normal, "Pulled", text, cause);
            }
            return self.start(worker, index, false);
        }
        let image = &container.image;
        let error =
            format!("failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": not found");
        let RunState::Waiting { reason, message, until } = &mut worker.containers[index].state else { return };
        if &**reason == "ErrImagePull" {
            *reason = "ImagePullBackOff".into();
            *message = format!("Back-off pulling image \"{image}\": ErrImagePull: {error}").into();
            // Deviation: the pull is not tried again, because it can never succeed.
            *until = None;
            if self.settings.kubelet.recorded_agent {
                return;
            }
            self.event(&pod, EventType::Normal, "BackOff", format!("Back-off pulling image \"{image}\""), cause);
            self.event(&pod, EventType::Warning, "Failed", "Error: ImagePullBackOff", cause);
        } else {
            *reason = "ErrImagePull".into();
            *message = error.clone().into();
            *until = Some(self.now + self.settings.kubelet.pull_error_to_back_off);
            if self.settings.kubelet.recorded_agent {
                let text = format!("Failed to pull image \"{image}\": not found");
                return self.event(&pod, EventType::Warning, "Failed", text, cause);
            }
            self.event(&pod, EventType::Warning, "Failed", format!("Failed to pull image \"{image}\": {error}"), cause);
            self.event(&pod, EventType::Warning, "Failed", "Error: ErrImagePull", cause);
        }
    }

    fn start(&mut self, worker: &mut Worker, index: usize, again: bool) {
        let container = worker.pod.spec.containers[index].clone();
        let (pod, now) = (worker.pod.clone(), self.now);
        let what = behaviour(&pod, &container, &self.settings.kubelet);
        worker.stage = Stage::Running;
        let run = &mut worker.containers[index];
        run.restarts += i32::from(again);
        run.state = RunState::Running { since: now, ends: what.run.map(|(after, code)| (now + after, code)) };
        run.ready = false;
        run.liveness_fails = None;
        run.ready_change = readiness_change(&container, now, what.ready.map(|after| now + after));
        let restarts = run.restarts.max(0) as u32;
        let owner = pod.metadata.controller();
        let process = Process {
            identity: Identity { namespace: pod.metadata.namespace.clone(), pod: pod.metadata.name.clone() },
            uid: pod.metadata.uid,
            owner: owner.map(|o| Owner { kind: o.kind.clone(), name: o.name.clone(), uid: o.uid }),
            started: now,
            restarts,
            ip: worker.ip.clone(),
            state: ProcessState::Running,
            answers: true,
        };
        self.add_process(Host::process_id(worker, &container.name), process);
        for volume in &worker.mounted {
            self.disks.start_writing(volume, &self.machine.name, pod.metadata.uid, now);
        }
        self.process_note(&pod, &container.name, ProcessChange::Started { restarts });
        let cause = worker.cause;
        if self.settings.kubelet.recorded_agent {
            self.event(&pod, EventType::Normal, "Started", format!("Container started: {}", container.name), cause);
        } else {
            self.event(&pod, EventType::Normal, "Created", "Container created", cause);
            self.event(&pod, EventType::Normal, "Started", "Container started", cause);
        }
        self.probe(worker, index);
    }

    /// Probes whose answer changes now.
    fn probe(&mut self, worker: &mut Worker, index: usize) {
        let now = self.now;
        let pod = worker.pod.clone();
        let run = &mut worker.containers[index];
        let name = run.name.clone();
        if run.ready_change.is_some_and(|at| at <= now) {
            run.ready_change = None;
            run.ready = !run.ready;
            let change = if run.ready { ProcessChange::Ready } else { ProcessChange::Unready };
            let failed = !run.ready;
            self.process_note(&pod, &name, change);
            if failed && !self.settings.kubelet.recorded_agent {
                let text = "Readiness probe failed: no answer";
                self.event(&pod, EventType::Warning, "Unhealthy", text, worker.cause);
            }
        }
        let run = &mut worker.containers[index];
        if run.liveness_fails.is_some_and(|at| at <= now) {
            run.liveness_fails = None;
            let text = format!("Container {name} failed liveness probe, will be restarted");
            self.event(&pod, EventType::Warning, "Unhealthy", "Liveness probe failed: no answer", worker.cause);
            self.event(&pod, EventType::Normal, "Killing", text, worker.cause);
            // A process that does not answer does not hear SIGTERM either.
            self.container_exits(worker, index, 137);
        }
    }

    /// A process ends by itself, by a fault, or because a probe failed.
    pub fn container_exits(&mut self, worker: &mut Worker, index: usize, code: i32) {
        let now = self.now;
        let pod = worker.pod.clone();
        let run = &mut worker.containers[index];
        let RunState::Running { since, .. } = run.state else { return };
        let exit = Exit { code, started: since, at: now };
        let restart = match &*pod.spec.restart_policy {
            // A container of a pod that is asked to stop is never started again.
            _ if worker.stage == Stage::Stopping => false,
            "Never" => false,
            "OnFailure" => code != 0,
            _ => true,
        };
        if now.since(since) > RUN_THAT_FORGIVES {
            run.back_off = Span::ZERO;
        }
        run.ready = false;
        run.ready_change = None;
        run.liveness_fails = None;
        run.last_exit = Some(exit.clone());
        run.state = RunState::Exited { exit, until: restart.then_some(now + self.settings.kubelet.restart) };
        let name = run.name.clone();
        let id = Host::process_id(worker, &name);
        self.remove_process(&id);
        if !self.machine.runs(pod.metadata.uid) {
            for volume in &worker.mounted {
                self.disks.stop_writing(volume, &self.machine.name, pod.metadata.uid, now);
            }
        }
        self.process_note(&pod, &name, ProcessChange::Stopped { exit_code: code });
        if restart && self.settings.kubelet.recorded_agent && worker.containers[index].back_off > Span::ZERO {
            self.restart_or_back_off(worker, index);
        }
    }

    /// The first exit is followed by a restart at once, each further one by a longer wait, counted from the exit.
    fn restart_or_back_off(&mut self, worker: &mut Worker, index: usize) {
        let run = &mut worker.containers[index];
        let RunState::Exited { exit, .. } = &run.state else { return };
        if run.back_off == Span::ZERO {
            run.back_off = FIRST_BACK_OFF;
            return self.start(worker, index, true);
        }
        let delay = run.back_off;
        run.state = RunState::BackOff { until: exit.at + delay + self.settings.kubelet.restart, delay };
        run.back_off = delay.times(2).min(LONGEST_BACK_OFF);
        if self.settings.kubelet.recorded_agent {
            return;
        }
        let meta = worker.pod.metadata.clone();
        let text = format!(
            "Back-off restarting failed container {} in pod {}_{}({})",
            run.name, meta.name, meta.namespace, meta.uid
        );
        let (pod, cause) = (worker.pod.clone(), worker.cause);
        self.event(&pod, EventType::Warning, "BackOff", text, cause);
    }

    /// The pod's annotations declare another behaviour from now on.
    pub fn annotations_changed(&mut self, worker: &mut Worker) {
        let pod = worker.pod.clone();
        let kill = workload::annotation(&pod.metadata.annotations, "kill").is_some();
        for index in 0..worker.containers.len() {
            let run = &mut worker.containers[index];
            let RunState::Running { since, .. } = run.state else { continue };
            let container = &pod.spec.containers[index];
            let ready = workload::ready(&pod.metadata.annotations, &container.image, self.settings.kubelet.ready);
            if kill && run.restarts == 0 && run.last_exit.is_none() {
                self.container_exits(worker, index, 137);
                continue;
            }
            match (run.ready, ready) {
                (true, None) => {
                    run.ready_change = Some(failure_time(container.readiness_probe.as_ref(), since, self.now))
                }
                (false, Some(after)) => {
                    run.ready_change = readiness_change(container, since, Some((since + after).max(self.now)))
                }
                _ => {}
            }
        }
        self.run_containers(worker);
    }

    /// The pod's processes stop answering, or answer again.
    pub fn hang(&mut self, worker: &mut Worker, hung: bool) {
        let pod = worker.pod.clone();
        for index in 0..worker.containers.len() {
            let run = &mut worker.containers[index];
            let RunState::Running { since, .. } = run.state else { continue };
            let container = &pod.spec.containers[index];
            let id = crate::machine::ProcessId { pod: pod.metadata.uid, container: run.name.clone() };
            if let Some(process) = self.machine.processes.get_mut(&id) {
                process.answers = !hung;
                self.touched.push(process.identity.clone());
            }
            run.ready_change = match (&container.readiness_probe, hung, run.ready) {
                (None, ..) => None,
                (Some(probe), true, true) => Some(failure_time(Some(probe), since, self.now)),
                (Some(_), false, false) => readiness_change(container, since, Some(self.now)),
                _ => None,
            };
            run.liveness_fails = match (&container.liveness_probe, hung) {
                (Some(probe), true) => Some(failure_time(Some(probe), since, self.now)),
                _ => None,
            };
        }
        self.look_again(worker);
    }

    /// A container's process changed by itself: a kubelet that runs notices.
    pub fn look_again(&mut self, worker: &mut Worker) {
        match worker.stage {
            _ if !self.machine.kubelet.running => {}
            Stage::Stopping => self.stop_containers(worker),
            _ => self.settle(worker),
        }
    }
}

/// When the container becomes ready if it answers from `answers` on.
fn readiness_change(container: &Container, started: Time, answers: Option<Time>) -> Option<Time> {
    let answers = answers?;
    let Some(probe) = &container.readiness_probe else { return Some(answers) };
    let first = answers.max(started + seconds(probe.initial_delay_seconds));
    Some(tick_from(probe, started, first) + period(probe).times((probe.success_threshold.max(1) - 1) as u64))
}

/// When a container that stops answering at `from` has failed its probe often enough; at once without a probe.
fn failure_time(probe: Option<&Probe>, started: Time, from: Time) -> Time {
    let Some(probe) = probe else { return from };
    let first = tick_from(probe, started, from.max(started + seconds(probe.initial_delay_seconds)));
    first + period(probe).times((probe.failure_threshold.max(1) - 1) as u64) + seconds(probe.timeout_seconds)
}

/// The first probe at or after `from`: probes run every period from the start on.
fn tick_from(probe: &Probe, started: Time, from: Time) -> Time {
    let period = period(probe);
    started + period.times(from.since(started).0.div_ceil(period.0))
}

fn period(probe: &Probe) -> Span {
    Span::seconds(probe.period_seconds.max(1) as u64)
}

fn seconds(n: i32) -> Span {
    Span::seconds(n.max(0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_sees_a_change_at_its_next_tick() {
        let probe = Probe {
            period_seconds: 5,
            timeout_seconds: 1,
            success_threshold: 1,
            failure_threshold: 3,
            initial_delay_seconds: 7,
            ..Probe::default()
        };
        let start = Time(100_000_000);
        let container = Container { readiness_probe: Some(probe.clone()), ..Container::default() };
        let at = |span: u64| start + Span::seconds(span);
        assert_eq!(readiness_change(&container, start, Some(start)), Some(at(10)), "first tick after the delay");
        assert_eq!(readiness_change(&container, start, Some(at(11))), Some(at(15)));
        assert_eq!(readiness_change(&container, start, None), None);
        assert_eq!(failure_time(Some(&probe), start, at(12)), at(15 + 10 + 1), "three ticks and the time-out");
    }
}
