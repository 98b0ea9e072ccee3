//! What a kubelet finds when something is wrong with a process that runs on.

use super::host::Host;
use super::state::{Worker, container_of};
use crate::ground::clock::{Span, Time};
use crate::ground::rare::Rare;
use crate::reality::faults::Ills;
use crate::reality::machine::{Process, ProcessId, ProcessState};
use crate::reality::workload::behaviour::{ContainerSort, Health, behaviour};
use crate::words::command::Probed;
use crate::words::identity::Identity;
use petri_objects::Pod;

/// What a process answers to its probes, given what is wrong with it.
pub(super) fn worsen(health: &mut Health, ills: &Ills) {
    health.answers = health.answers.max(ills.answers_after);
    health.ready &= !ills.unready;
    if ills.unwell {
        health.unwell = Some(Span::ZERO);
    }
}

impl Host<'_> {
    /// What is wrong with a process from its start.
    pub(super) fn ills_at_start(&self, pod: &Pod, sort: ContainerSort) -> Rare<Ills> {
        if sort != ContainerSort::Regular || self.faults.slow_starts.is_empty() {
            return Rare::default();
        }
        let identity = Identity { namespace: pod.metadata.namespace.clone(), pod: pod.metadata.name.clone() };
        let answers_after = self.faults.slow_starts.get(&identity).copied().unwrap_or(Span::ZERO);
        Ills { answers_after, ..Ills::default() }.into()
    }

    /// Changes every process of a pod, and looks what its probes find and when it ends.
    fn each_process(&mut self, worker: &mut Worker, change: impl Fn(&mut Process, Span, Time)) {
        let (pod, now) = (worker.pod.clone(), self.now);
        for index in 0..worker.containers.len() {
            let run = &worker.containers[index];
            let id = Host::process_id(worker, &run.name);
            let changed = self.machine.processes.update(&id, |process| {
                let usual = || behaviour(&pod, container_of(&pod, index), run.sort, &self.settings.kubelet).stop;
                let stop = process.ills.stop.unwrap_or_else(usual);
                change(process, stop, now);
                process.identity.clone()
            });
            self.touched.extend(changed);
            self.plan_probes(worker, index);
        }
        self.look_again(worker);
    }

    /// The pod's processes stop answering, until `until` if that is known, or answer again.
    pub fn hang(&mut self, worker: &mut Worker, hung: bool, until: Option<Time>) {
        self.each_process(worker, |process, stop, now| {
            process.answers = !hung;
            process.ills.paused_until = until;
            if let (ProcessState::Stopping { exits, .. }, false) = (&mut process.state, hung)
                && *exits == Time::MAX
            {
                // The signal was there all the time; now it is heard.
                *exits = now + stop;
            }
        });
    }

    /// Whether the pod's processes stand still until just then.
    pub fn is_paused_until(&self, worker: &Worker, until: Time) -> bool {
        let processes = self.machine.processes_of(worker.pod.metadata.uid);
        processes.into_iter().any(|(_, process)| process.ills.paused_until == Some(until))
    }

    /// The pod's processes answer a probe badly, or as they do by themselves. Whether anybody asks.
    pub fn fail_probe(&mut self, worker: &mut Worker, probe: Probed, on: bool) -> bool {
        self.each_process(worker, |process, _, _| match probe {
            Probed::Readiness => process.ills.unready = on,
            Probed::Liveness => process.ills.unwell = on,
        });
        let mut containers = (0..worker.containers.len()).map(|index| container_of(&worker.pod, index));
        containers.any(|container| probe.asks(container))
    }

    /// One process answers these probes badly, or as it does by itself.
    pub fn fail_probes_of(&mut self, worker: &mut Worker, id: &ProcessId, probes: &[Probed], on: bool) {
        let changed = self.machine.processes.update(id, |process| {
            for probe in probes {
                match probe {
                    Probed::Readiness => process.ills.unready = on,
                    Probed::Liveness => process.ills.unwell = on,
                }
            }
            process.identity.clone()
        });
        self.touched.extend(changed);
        if let Some(index) = worker.containers.iter().position(|run| run.name == id.container) {
            self.plan_probes(worker, index);
        }
        self.look_again(worker);
    }

    /// The pod's processes take so long from SIGTERM to exit.
    pub fn stop_slowly(&mut self, worker: &mut Worker, span: Span) {
        self.each_process(worker, |process, _, _| {
            process.ills.stop = Some(span);
            if let ProcessState::Stopping { since, exits, .. } = &mut process.state
                && *exits != Time::MAX
            {
                *exits = *since + span;
            }
        });
    }
}
