//! Probes: whether a container has started, whether it is alive, and whether it may get traffic.
//!
//! Upstream: `pkg/kubelet/prober`.
//! Deviation: a question whose answer is certain to change nothing is not asked. A TCP connection is accepted for a
//! process that hangs, because the machine accepts it; a command does not come back from one.

use super::host::Host;
use super::state::{Probing, Run, RunState, Worker, container_of};
use crate::belief::api::event::EventType;
use crate::ground::clock::{Span, Time};
use crate::reality::machine::ProcessState;
use crate::reality::workload::asked::Asked;
use crate::reality::workload::behaviour::{Health, declares, health};
use crate::reality::workload::script::{self, Times};
use crate::words::note::ProcessChange;
use petri_objects::*;

/// A probe's place in [`Run::probes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeType {
    Startup,
    Liveness,
    Readiness,
}

impl ProbeType {
    pub const ALL: [ProbeType; 3] = [ProbeType::Startup, ProbeType::Liveness, ProbeType::Readiness];

    fn of(self, container: &Container) -> Option<&Probe> {
        match self {
            ProbeType::Startup => container.startup_probe.as_ref(),
            ProbeType::Liveness => container.liveness_probe.as_ref(),
            ProbeType::Readiness => container.readiness_probe.as_ref(),
        }
    }
    fn name(self) -> &'static str {
        match self {
            ProbeType::Startup => "Startup",
            ProbeType::Liveness => "Liveness",
            ProbeType::Readiness => "Readiness",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Success,
    /// It answers that something is wrong.
    Failure,
    /// Nothing listens.
    Refused,
    /// No answer until the time-out.
    Silence,
}

/// One probe of a container that runs.
struct Prober<'a> {
    kind: ProbeType,
    /// `None` for the readiness of a container without such a probe, which its annotation declares.
    probe: Option<&'a Probe>,
    started_at: Time,
    health: Health,
    /// When the command of the container lets it succeed, if that is known.
    times: Option<Times>,
    hangs: bool,
    /// Whether every failure is told, or only those that change the result.
    tells: bool,
}

impl Prober<'_> {
    fn answer(&self, at: Time) -> Answer {
        let age = at.since(self.started_at);
        let connects = self.probe.is_some_and(|probe| probe.tcp_socket.is_some());
        let well = match self.kind {
            ProbeType::Startup => self.health.startup.is_some_and(|from| age >= from),
            ProbeType::Liveness => self.health.unwell.is_none_or(|from| age < from),
            ProbeType::Readiness => self.health.ready,
        };
        let well =
            well && self.times.is_none_or(|times| age >= times.from && times.until.is_none_or(|until| age < until));
        if age < self.health.answers {
            Answer::Refused
        } else if self.hangs && !connects && self.probe.is_some() {
            Answer::Silence
        } else if well {
            Answer::Success
        } else if connects {
            Answer::Refused
        } else {
            Answer::Failure
        }
    }

    /// When the answer changes by itself, after `now`.
    fn change_after(&self, now: Time) -> Option<Time> {
        let own = match self.kind {
            ProbeType::Startup => self.health.startup,
            ProbeType::Liveness => self.health.unwell,
            ProbeType::Readiness => None,
        };
        let (from, until) = self.times.map_or((None, None), |times| (Some(times.from), times.until));
        let changes = [Some(self.health.answers), own, from, until].into_iter().flatten();
        changes.map(|after| self.started_at + after).filter(|at| *at > now).min()
    }

    /// The first time to ask at or after `from`: every period from the start of the container on.
    fn tick(&self, from: Time) -> Time {
        let Some(probe) = self.probe else { return from };
        let delay = Span::seconds(probe.initial_delay_seconds.max(0) as u64);
        let period = Span::seconds(probe.period_seconds.max(1) as u64);
        let from = from.max(self.started_at + delay);
        self.started_at + period.times(from.since(self.started_at).0.div_ceil(period.0))
    }

    /// When to ask next, at or after `from`, given that the last answers came to `holds`.
    fn next(&self, from: Time, holds: bool, row: i32) -> Option<Time> {
        let tick = self.tick(from);
        let success = self.answer(tick) == Answer::Success;
        let told = success || !self.tells || self.probe.is_none();
        if success != holds || !told || (row != 0 && (row > 0) != success) {
            return Some(tick);
        }
        Some(self.tick(self.change_after(tick)?))
    }

    fn timeout(&self) -> Span {
        Span::seconds(self.probe.map_or(1, |probe| probe.timeout_seconds.max(1)) as u64)
    }

    /// What the event says.
    fn output(&self, answer: Answer, container: &Container, ip: &str) -> String {
        let Some(probe) = self.probe else { return String::new() };
        let port = |port: &IntOrString| match port {
            IntOrString::Int(number) => *number,
            IntOrString::String(name) => {
                let named = container.ports.iter().find(|port| port.name == *name);
                named.map_or(0, |port| port.container_port)
            }
        };
        if let Some(http) = &probe.http_get {
            let host = if http.host.is_empty() { ip } else { &http.host };
            let scheme = if &*http.scheme == "HTTPS" { "https" } else { "http" };
            let (port, slash) = (port(&http.port), if http.path.starts_with('/') { "" } else { "/" });
            let url = format!("Get \"{scheme}://{host}:{port}{slash}{}\"", http.path);
            return match answer {
                Answer::Refused => format!("{url}: dial tcp {host}:{port}: connect: connection refused"),
                Answer::Silence => {
                    format!("{url}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
                }
                _ if self.times.is_some() => "HTTP probe failed with statuscode: 500".into(),
                _ => "HTTP probe failed with statuscode: 503".into(),
            };
        }
        if let Some(tcp) = &probe.tcp_socket {
            let host = if tcp.host.is_empty() { ip } else { &tcp.host };
            return format!("dial tcp {host}:{}: connect: connection refused", port(&tcp.port));
        }
        if let Some(grpc) = &probe.grpc {
            return match answer {
                Answer::Failure => "service unhealthy (responded with \"NOT_SERVING\")".into(),
                _ => format!(
                    "timeout: failed to connect service \"{ip}:{}\" within {}: context deadline exceeded",
                    grpc.port,
                    self.timeout()
                ),
            };
        }
        match (&probe.exec, answer) {
            (Some(exec), Answer::Silence) => {
                let words: Vec<&str> = exec.command.iter().map(|word| &**word).collect();
                format!("command \"{}\" timed out", words.join(" "))
            }
            (Some(_), Answer::Failure) if self.times.is_some() => script::complaint(probe),
            // What other commands print is not known.
            _ => String::new(),
        }
    }
}

impl Host<'_> {
    fn prober<'a>(
        &self,
        worker: &Worker,
        run: &Run,
        since: Time,
        container: &'a Container,
        kind: ProbeType,
    ) -> Option<Prober<'a>> {
        let probe = kind.of(container);
        if probe.is_none() && kind != ProbeType::Readiness {
            return None;
        }
        let process = self.machine.processes.get(&Host::process_id(worker, &run.name));
        let mut health = health(&worker.pod, container, run.sort, self.settings.kubelet.ready);
        if let (Some(process), Some(_)) = (process, probe) {
            super::ills::worsen(&mut health, &process.ills);
        }
        let asked = match kind {
            ProbeType::Startup => Asked::Startup,
            ProbeType::Liveness => Asked::Live,
            ProbeType::Readiness => Asked::Ready,
        };
        let times = probe.filter(|_| !declares(&worker.pod, container, run.sort, asked));
        Some(Prober {
            kind,
            probe,
            started_at: since,
            health,
            times: times
                .filter(|probe| probe.exec.is_some() || !container.args.is_empty())
                .and_then(|probe| script::times(container, probe)),
            hangs: process.is_some_and(|process| !process.answers),
            tells: !self.settings.kubelet.recorded_agent,
        })
    }

    /// Looks anew when each probe of a container has to ask next: it has just started, or answers otherwise from now on.
    pub fn plan_probes(&mut self, worker: &mut Worker, index: usize) {
        let pod = worker.pod.clone();
        let container = container_of(&pod, index);
        for kind in ProbeType::ALL {
            let run = &worker.containers[index];
            let RunState::Running { since, .. } = run.state else { return };
            let planned = self.probes_now(worker, run, kind);
            let prober = if planned { self.prober(worker, run, since, container, kind) } else { None };
            let next = prober.and_then(|prober| prober.next(self.now, holds(run, kind), run.probes[kind as usize].row));
            let probing = &mut worker.containers[index].probes[kind as usize];
            (probing.next, probing.asked) = (next, false);
        }
    }

    /// Whether a probe is used at this point of the container's life.
    fn probes_now(&self, worker: &Worker, run: &Run, kind: ProbeType) -> bool {
        let process = self.machine.processes.get(&Host::process_id(worker, &run.name));
        let stops = process.is_none_or(|process| process.state != ProcessState::Running);
        match kind {
            ProbeType::Startup => !run.started && !stops,
            ProbeType::Liveness => run.started && !stops,
            // Whether it may get traffic is asked until it is gone.
            ProbeType::Readiness => run.started,
        }
    }

    /// Asks what is due.
    pub fn probe(&mut self, worker: &mut Worker, index: usize) {
        let pod = worker.pod.clone();
        let container = container_of(&pod, index);
        for kind in ProbeType::ALL {
            let run = &worker.containers[index];
            let RunState::Running { since, .. } = run.state else { return };
            let Some(due) = run.probes[kind as usize].next.filter(|due| *due <= self.now) else { continue };
            let Some(prober) = self.prober(worker, run, since, container, kind) else { continue };
            let (answer, asked) = (prober.answer(self.now), run.probes[kind as usize].asked);
            if answer == Answer::Silence && !asked {
                let probing = &mut worker.containers[index].probes[kind as usize];
                (probing.next, probing.asked) = (Some(due + prober.timeout()), true);
                continue;
            }
            self.answered(worker, index, &prober, answer);
        }
    }

    fn answered(&mut self, worker: &mut Worker, index: usize, prober: &Prober<'_>, answer: Answer) {
        let pod = worker.pod.clone();
        let container = container_of(&pod, index);
        let (kind, success) = (prober.kind, answer == Answer::Success);
        if !success && prober.tells && prober.probe.is_some() {
            let text = format!("{} probe failed: {}", kind.name(), prober.output(answer, container, &worker.ip));
            self.container_event(worker, index, EventType::Warning, "Unhealthy", text);
        }
        let run = &mut worker.containers[index];
        let held = holds(run, kind);
        let probing = &mut run.probes[kind as usize];
        probing.row = if success { probing.row.max(0) + 1 } else { probing.row.min(0) - 1 };
        let threshold = prober.probe.map_or(1, |p| if success { p.success_threshold } else { p.failure_threshold });
        let decided = probing.row.unsigned_abs() >= threshold.max(1) as u32;
        if decided {
            probing.row = 0;
        }
        if decided && kind != ProbeType::Readiness && !success {
            let text =
                format!("Container {} failed {} probe, will be restarted", run.name, kind.name().to_ascii_lowercase());
            self.container_event(worker, index, EventType::Normal, "Killing", text);
            let own = prober.probe.and_then(|probe| probe.termination_grace_period_seconds);
            let grace = own.or(pod.spec.termination_grace_period_seconds).unwrap_or(30);
            return self.end_for_restart(worker, index, grace.max(0) as u64);
        }
        if decided && success != held {
            match kind {
                ProbeType::Startup => {
                    run.started = true;
                    return self.plan_probes(worker, index);
                }
                ProbeType::Readiness => {
                    run.ready = success;
                    let name = run.name.clone();
                    let change = if success { ProcessChange::Ready } else { ProcessChange::Unready };
                    self.process_note(&pod, &name, change);
                }
                ProbeType::Liveness => {}
            }
        }
        let run = &worker.containers[index];
        let (holds, row) = (holds(run, kind), run.probes[kind as usize].row);
        let next = prober.next(Time(self.now.0 + 1), holds, row);
        worker.containers[index].probes[kind as usize] = Probing { next, asked: false, row };
    }
}

/// What the answers to a probe came to so far.
fn holds(run: &Run, kind: ProbeType) -> bool {
    match kind {
        ProbeType::Startup => run.started,
        ProbeType::Liveness => true,
        ProbeType::Readiness => run.ready,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time(100_000_000);

    fn prober(probe: &Probe, health: Health) -> Prober<'_> {
        Prober {
            kind: ProbeType::Readiness,
            probe: Some(probe),
            started_at: START,
            health,
            times: None,
            hangs: false,
            tells: false,
        }
    }

    #[test]
    fn a_probe_sees_a_change_at_its_next_tick() {
        let probe = Probe { period_seconds: 5, initial_delay_seconds: 7, ..Probe::default() };
        let health = |seconds: u64| Health {
            answers: Span::seconds(seconds),
            ready: true,
            startup: Some(Span::ZERO),
            unwell: None,
        };
        let at = |seconds: u64| START + Span::seconds(seconds);
        let well = prober(&probe, health(0));
        assert_eq!(well.next(START, false, 0), Some(at(10)), "first tick after the delay");
        assert_eq!(well.next(at(10), true, 0), None, "asking again tells nothing new");
        let late = prober(&probe, health(11));
        assert_eq!(late.next(START, false, 0), Some(at(15)), "refused before, and that is not told");
        assert_eq!(late.answer(at(10)), Answer::Refused);
        let telling = Prober { tells: true, ..late };
        assert_eq!(telling.next(START, false, 0), Some(at(10)), "every failure is told");
        let never = prober(&probe, Health { ready: false, ..health(0) });
        assert_eq!(never.next(START, false, 0), None);
    }

    #[test]
    fn a_hanging_process_is_silent_but_its_machine_accepts_connections() {
        let health = Health { answers: Span::ZERO, ready: true, startup: Some(Span::ZERO), unwell: None };
        let http = Probe { http_get: Some(HttpGetAction::default()), ..Probe::default() };
        let tcp = Probe { tcp_socket: Some(TcpSocketAction::default()), ..Probe::default() };
        let hung = |probe| Prober { hangs: true, ..prober(probe, health) };
        assert_eq!(hung(&http).answer(START), Answer::Silence);
        assert_eq!(hung(&tcp).answer(START), Answer::Success);
    }
}
