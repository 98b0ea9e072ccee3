//! Starting the containers of a pod in their order, and restarting them.
//!
//! Upstream: `pkg/kubelet/kuberuntime`.

use super::host::Host;
use super::references;
use super::state::{Exit, Probing, Run, RunState, Stage, Worker, container_of};
use crate::belief::api::event::EventType;
use crate::ground::clock::{Span, Time};
use crate::reality::machine::{Owner, Process, ProcessState};
use crate::reality::registry::{self, Refusal};
use crate::reality::workload::behaviour::{ContainerSort, annotation, behaviour};
use crate::words::identity::Identity;
use crate::words::note::ProcessChange;
use petri_objects::*;

/// CrashLoopBackOff: 10 s, doubled up to 5 min, forgotten after a run of ten minutes.
const FIRST_BACK_OFF: Span = Span::seconds(10);
const LONGEST_BACK_OFF: Span = Span::seconds(300);
const RUN_THAT_FORGIVES: Span = Span::seconds(600);
/// How long a pod is left alone after an error: so long, and at most half of it more.
///
/// Upstream: `backOffPeriod`, `workerBackOffPeriodJitterFactor`.
const BACK_OFF_PERIOD: Span = Span::seconds(10);
/// How a runtime says that it does not know how a container ended: its machine lost power.
const UNKNOWN_EXIT: i32 = 255;
/// What a registry takes to say that a machine has an image already.
const LOOK_FOR_NEWS: Span = Span::millis(500);

/// The containers of a pod, none of which runs. `rebooted`: they ran before the machine went off, which is noticed now.
pub fn containers_to_run(pod: &Pod, rebooted: bool, now: Time) -> Vec<Run> {
    let waits = if pod.spec.init_containers.is_empty() { "ContainerCreating" } else { "PodInitializing" };
    let inits = pod.spec.init_containers.iter().map(|container| match &*container.restart_policy {
        "Always" => (container, ContainerSort::Sidecar),
        _ => (container, ContainerSort::Init),
    });
    let regular = pod.spec.containers.iter().map(|container| (container, ContainerSort::Regular));
    let statuses = || pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
    inits
        .chain(regular)
        .map(|(container, sort)| {
            let before = statuses().find(|s| s.name == container.name).filter(|_| rebooted);
            let ran = before.and_then(|status| status.state.running.as_ref()).map(|running| Exit {
                code: UNKNOWN_EXIT,
                reason: "Unknown".into(),
                started: running.started_at,
                at: now,
            });
            Run {
                name: container.name.clone(),
                image: container.image.clone(),
                sort,
                state: RunState::Waiting { reason: waits.into(), message: Name::default(), until: None },
                restarts: before.map_or(0, |s| s.restart_count + i32::from(!s.container_id.is_empty())),
                back_off: Span::ZERO,
                ready: false,
                started: false,
                probes: [const { Probing { next: None, asked: false, row: 0 } }; 3],
                last_exit: ran,
            }
        })
        .collect()
}

impl Host<'_> {
    /// The sandbox is made: the containers start after their pull and start delays.
    pub fn create_containers(&mut self, worker: &mut Worker) {
        self.machine.next_address = self.machine.next_address % 250 + 1;
        worker.ip = match worker.pod.spec.host_network {
            true => self.machine.internal_ip.clone(),
            false => format!("10.244.{}.{}", self.machine.subnet, self.machine.next_address + 1).into(),
        };
        self.say_missing_pull_secrets(worker);
        self.start_next(worker);
        self.settle(worker);
    }

    /// Upstream: `getPullSecretsForPod`.
    fn say_missing_pull_secrets(&mut self, worker: &Worker) {
        let (pod, cause) = (worker.pod.clone(), worker.cause);
        let missing = references::missing_pull_secrets(&pod.spec, &pod.metadata.namespace, self.server.objects());
        if !missing.is_empty() {
            let text = format!(
                "Unable to retrieve some image pull secrets ({}); attempting to pull the image may not succeed.",
                missing.join(", ")
            );
            self.event(&pod, EventType::Warning, "FailedToRetrieveImagePullSecret", text, cause);
        }
    }

    /// Prepares what may start now: the first init container that has not done its part, or else all the others.
    fn start_next(&mut self, worker: &mut Worker) {
        if !worker.initialized {
            let inits = worker.containers.iter().position(|run| run.sort == ContainerSort::Regular);
            let inits = inits.unwrap_or(worker.containers.len());
            if let Some(index) = worker.containers[..inits].iter().position(|run| !run.lets_next_start()) {
                return self.prepare(worker, index);
            }
            worker.initialized = true;
            for index in inits..worker.containers.len() {
                self.prepare(worker, index);
            }
        }
    }

    /// Begins to pull and start a container that waits for its turn.
    fn prepare(&mut self, worker: &mut Worker, index: usize) {
        let run = &worker.containers[index];
        let waits = |reason: &str| matches!(reason, "ContainerCreating" | "PodInitializing");
        if !matches!(&run.state, RunState::Waiting { reason, until: None, .. } if waits(reason)) {
            return;
        }
        let pod = worker.pod.clone();
        let container = container_of(&pod, index);
        let what = behaviour(&pod, container, run.sort, &self.settings.kubelet);
        let pull = match matches!(registry::look(&container.image), Err(Refusal::InvalidName(_))) {
            true => None,
            false => self.pull_of(container),
        };
        self.say_pulling(worker, index, pull);
        let pull = pull.unwrap_or(Span::ZERO);
        if let RunState::Waiting { until, .. } = &mut worker.containers[index].state {
            *until = Some(self.now + what.start + pull);
        }
    }

    /// Does what is due for each container.
    pub fn run_containers(&mut self, worker: &mut Worker) {
        for index in 0..worker.containers.len() {
            let run = &worker.containers[index];
            match &run.state {
                RunState::Waiting { until: Some(at), .. } if *at <= self.now => self.start_or_fail(worker, index),
                RunState::Exited { until: Some(at), .. } if *at <= self.now => self.restart_or_back_off(worker, index),
                RunState::BackOff { until, .. } if *until <= self.now => self.start_again(worker, index, true),
                RunState::Unconfigured { until, again, .. } if *until <= self.now => {
                    let again = *again;
                    self.start_again(worker, index, again);
                }
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

    /// Starts what may follow, reports what is new and plans the next turn.
    pub fn settle(&mut self, worker: &mut Worker) {
        self.start_next(worker);
        if worker.is_over() && worker.containers.iter().any(Run::is_running) {
            // Nobody needs the sidecars any more.
            let grace = worker.pod.spec.termination_grace_period_seconds.unwrap_or(30);
            self.report(worker);
            return self.begin_stop(worker, grace.max(0) as u64, false);
        }
        self.report(worker);
        let next = worker.containers.iter().filter_map(Run::due).min();
        self.plan_worker(worker, next);
    }

    fn start_or_fail(&mut self, worker: &mut Worker, index: usize) {
        let pod = worker.pod.clone();
        let container = container_of(&pod, index);
        let image = &container.image;
        let recorded_agent = self.settings.kubelet.recorded_agent;
        if &*container.image_pull_policy == "Never" && !self.machine.images.contains(image) {
            return self.never_pull(worker, index, image);
        }
        let error = match registry::look(image) {
            Ok(()) => {
                self.say_pulled(worker, index);
                return self.start(worker, index, false);
            }
            Err(Refusal::InvalidName(fault)) => return self.refuse_name(worker, index, image, &fault),
            Err(Refusal::Missing(_)) if recorded_agent => format!(
                "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": not found"
            ),
            Err(Refusal::Missing(error)) => error,
        };
        let RunState::Waiting { reason, message, until } = &mut worker.containers[index].state else { return };
        if &**reason == "ErrImagePull" {
            *reason = "ImagePullBackOff".into();
            *message = format!("Back-off pulling image \"{image}\": ErrImagePull: {error}").into();
            // Deviation: the pull is not tried again, because it can never succeed.
            *until = None;
            if recorded_agent {
                return;
            }
            let text = format!("Back-off pulling image \"{image}\"");
            self.container_event(worker, index, EventType::Normal, "BackOff", text);
            self.container_event(worker, index, EventType::Warning, "Failed", "Error: ImagePullBackOff");
        } else {
            *reason = "ErrImagePull".into();
            *message = error.clone().into();
            *until = Some(self.now + self.settings.kubelet.pull_error_to_back_off);
            if recorded_agent {
                let text = format!("Failed to pull image \"{image}\": not found");
                return self.container_event(worker, index, EventType::Warning, "Failed", text);
            }
            let text = format!("Failed to pull image \"{image}\": {error}");
            self.container_event(worker, index, EventType::Warning, "Failed", text);
            self.container_event(worker, index, EventType::Warning, "Failed", "Error: ErrImagePull");
        }
    }

    /// Upstream: `ErrInvalidImageName`.
    fn refuse_name(&mut self, worker: &mut Worker, index: usize, image: &str, fault: &str) {
        let message = Name::from(format!("Failed to apply default image tag \"{image}\": {fault}"));
        self.container_event(worker, index, EventType::Warning, "InspectFailed", message.clone());
        self.container_event(worker, index, EventType::Warning, "Failed", "Error: InvalidImageName");
        let until = Some(self.after_error());
        worker.containers[index].state = RunState::Waiting { reason: "InvalidImageName".into(), message, until };
    }

    /// Upstream: `ErrImageNeverPull`; it is looked for again, because another pod may bring it.
    fn never_pull(&mut self, worker: &mut Worker, index: usize, image: &str) {
        let message = Name::from(format!("Container image \"{image}\" is not present with pull policy of Never"));
        self.container_event(worker, index, EventType::Warning, "ErrImageNeverPull", message.clone());
        self.container_event(worker, index, EventType::Warning, "Failed", "Error: ErrImageNeverPull");
        let until = Some(self.after_error());
        worker.containers[index].state = RunState::Waiting { reason: "ErrImageNeverPull".into(), message, until };
    }

    /// How long the registry is asked for an image, if it is.
    ///
    /// Upstream: `imagePuller.imagePullPrecheck`; nothing but the digest is fetched of what is there.
    fn pull_of(&self, container: &Container) -> Option<Span> {
        match (&*container.image_pull_policy, self.machine.images.contains(&container.image)) {
            ("Never", _) => None,
            ("Always", true) if !self.settings.kubelet.recorded_agent => Some(LOOK_FOR_NEWS),
            (_, true) => None,
            (_, false) => Some(self.settings.kubelet.pull),
        }
    }

    fn say_pulling(&mut self, worker: &Worker, index: usize, pull: Option<Span>) {
        if pull.is_some() && !self.settings.kubelet.recorded_agent {
            let text = format!("Pulling image \"{}\"", worker.containers[index].image);
            self.container_event(worker, index, EventType::Normal, "Pulling", text);
        }
    }

    /// The image is there, for the first time, again or still.
    fn say_pulled(&mut self, worker: &Worker, index: usize) {
        let pod = worker.pod.clone();
        let container = container_of(&pod, index);
        let image = &container.image;
        let text = match self.pull_of(container) {
            Some(took) => format!(
                "Successfully pulled image \"{image}\" in {took} ({took} including waiting). Image size: 67108864 bytes."
            ),
            None => format!("Container image \"{image}\" already present on machine and can be accessed by the pod"),
        };
        self.machine.images.insert(image.clone());
        if !self.settings.kubelet.recorded_agent {
            self.container_event(worker, index, EventType::Normal, "Pulled", text);
        }
    }

    /// A container that was there before starts; its image is looked for as at the first time.
    ///
    /// Deviation: what the registry takes to say that nothing is new is part of the wait before.
    fn start_again(&mut self, worker: &mut Worker, index: usize, again: bool) {
        let pull = self.pull_of(container_of(&worker.pod.clone(), index));
        self.say_pulling(worker, index, pull);
        self.say_pulled(worker, index);
        self.start(worker, index, again);
    }

    /// When a pod is looked at again after an error.
    pub fn after_error(&mut self) -> Time {
        self.now + BACK_OFF_PERIOD + Span(self.server.random.kubelet.below(BACK_OFF_PERIOD.0 / 2))
    }

    /// Upstream: `ErrCreateContainerConfig`.
    fn hold_back(&mut self, worker: &mut Worker, index: usize, missing: String, again: bool) {
        self.container_event(worker, index, EventType::Warning, "Failed", format!("Error: {missing}"));
        let until = self.after_error();
        worker.containers[index].state = RunState::Unconfigured { message: missing.into(), until, again };
    }

    fn start(&mut self, worker: &mut Worker, index: usize, again: bool) {
        let (pod, now) = (worker.pod.clone(), self.now);
        let container = container_of(&pod, index);
        if self.is_connected()
            && !self.settings.kubelet.recorded_agent
            && let Err(missing) = references::environment(container, &pod.metadata.namespace, self.server.objects())
        {
            return self.hold_back(worker, index, missing, again);
        }
        let what = behaviour(&pod, container, worker.containers[index].sort, &self.settings.kubelet);
        worker.stage = Stage::Running;
        let run = &mut worker.containers[index];
        run.restarts += i32::from(again);
        run.state = RunState::Running { since: now, ends: what.run.map(|(after, code)| (now + after, code)) };
        run.ready = false;
        run.started = container.startup_probe.is_none();
        run.probes = Default::default();
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
            ills: self.ills_at_start(&pod, worker.containers[index].sort),
        };
        self.add_process(Host::process_id(worker, &container.name), process);
        for volume in &worker.mounted {
            self.disks.start_writing(volume, &self.machine.name, pod.metadata.uid, now);
        }
        self.process_note(&pod, &container.name, ProcessChange::Started { restarts });
        if self.settings.kubelet.recorded_agent {
            let text = format!("Container started: {}", container.name);
            self.container_event(worker, index, EventType::Normal, "Started", text);
        } else {
            self.container_event(worker, index, EventType::Normal, "Created", "Container created");
            self.container_event(worker, index, EventType::Normal, "Started", "Container started");
        }
        self.plan_probes(worker, index);
        self.probe(worker, index);
    }

    /// A probe failed: the container is asked to end, and started again afterwards.
    pub fn end_for_restart(&mut self, worker: &mut Worker, index: usize, grace_seconds: u64) {
        self.ask_to_stop(worker, index, Span::seconds(grace_seconds).max(self.settings.kubelet.minimum_grace), false);
        let id = Host::process_id(worker, &worker.containers[index].name);
        let Some(ProcessState::Stopping { exits, killed, .. }) = self.machine.processes.get(&id).map(|p| &p.state)
        else {
            return;
        };
        let (at, code) = if exits <= killed { (*exits, 0) } else { (*killed, 137) };
        if let RunState::Running { ends, .. } = &mut worker.containers[index].state {
            *ends = Some(ends.map_or((at, code), |other| other.min((at, code))));
        }
    }

    /// A process ends by itself, by a fault, or because a probe failed.
    pub fn container_exits(&mut self, worker: &mut Worker, index: usize, code: i32) {
        let now = self.now;
        let pod = worker.pod.clone();
        let container = container_of(&pod, index);
        let run = &mut worker.containers[index];
        let RunState::Running { since, .. } = run.state else { return };
        let exit = Exit::new(code, since, now);
        let policy =
            if container.restart_policy.is_empty() { &pod.spec.restart_policy } else { &container.restart_policy };
        let restart = match (&**policy, run.sort) {
            // A container of a pod that is asked to stop is never started again.
            _ if worker.stage == Stage::Stopping => false,
            ("Never", _) => false,
            ("OnFailure", _) | (_, ContainerSort::Init) => code != 0,
            _ => true,
        };
        if now.since(since) > RUN_THAT_FORGIVES {
            run.back_off = Span::ZERO;
        }
        run.ready = false;
        run.probes = Default::default();
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
            return self.start_again(worker, index, true);
        }
        let delay = run.back_off;
        run.state = RunState::BackOff { until: exit.at + delay + self.settings.kubelet.restart, delay };
        run.back_off = delay.times(2).min(LONGEST_BACK_OFF);
        if self.settings.kubelet.recorded_agent {
            return;
        }
        let meta = &worker.pod.metadata;
        let text = format!(
            "Back-off restarting failed container {} in pod {}_{}({})",
            run.name, meta.name, meta.namespace, meta.uid
        );
        self.container_event(worker, index, EventType::Warning, "BackOff", text);
    }

    /// The pod's annotations declare another behaviour from now on.
    pub fn annotations_changed(&mut self, worker: &mut Worker) {
        let kill = annotation(&worker.pod.metadata.annotations, "kill").is_some();
        for index in 0..worker.containers.len() {
            let run = &worker.containers[index];
            if kill && run.is_running() && run.restarts == 0 && run.last_exit.is_none() {
                self.container_exits(worker, index, 137);
                continue;
            }
            self.plan_probes(worker, index);
        }
        self.run_containers(worker);
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
