//! The simulator's own verbs: what happens to machines, networks, processes and controllers, and what time does.
//!
//! Every command that is not kubectl's reads as [`Command::line`] writes it.

mod faults;
mod why;
pub mod workloads;

use crate::args::{self, Flag, NAMESPACE, Takes, namespace, value};
use crate::claims::{Claim, Watch};
use crate::errors::{answer_text, api_error};
use crate::help;
use crate::host::{Host, Turn};
use crate::limits::{MOST_EVENTS, beyond};
use crate::output::{Awaited, Failure, Follow, Output};
use crate::select::{kind_of, reference};
use crate::tables::{age_since, pod_status, write};
use petri_objects::{Kind, Name, ObjectRef, Time, Uid};

use petri_objects::value::quoted;
use petri_sim::belief::api::shelf::Key;
use petri_sim::ground::clock::{Span, elapsed};
use petri_sim::reality::machine::ProcessState;
use petri_sim::story::limits;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::{Command, Component, StoragePart};
use petri_sim::words::controller_id::ControllerId;
use petri_sim::words::invariants::{Guarantee, Standing};
use petri_sim::world::World;

/// What can begin a line of this module.
pub const VERBS: &[&str] = &[
    "run",
    "step",
    "cut",
    "heal",
    "power",
    "reboot",
    "stop",
    "start",
    "read-only",
    "read-write",
    "add",
    "crash",
    "hang",
    "unhang",
    "pause",
    "resume",
    "fail",
    "pass",
    "slow",
    "delay",
    "restart",
    "evict",
    "hold",
    "release",
    "lose",
    "why",
    "guarantees",
    "processes",
    "disks",
    "links",
    "workloads",
    "locks",
    "ledger",
    "calls",
    "cache",
    "clock",
    "undo",
    "redo",
    "reset",
];

const FLAGS: &[Flag] = &[
    NAMESPACE,
    value("zone"),
    value("exit-code"),
    value("grace-period"),
    value("timeout"),
    value("rate"),
    value("ahead"),
    value("behind"),
    Flag { long: "outgoing", short: None, takes: Takes::Switch },
    Flag { long: "incoming", short: None, takes: Takes::Switch },
    Flag { long: "all-namespaces", short: Some('A'), takes: Takes::Switch },
];

#[inline(never)]
pub(crate) fn run(words: &[String], host: &mut dyn Host) -> Result<Output, Failure> {
    let arguments = args::parse(&words[1..], FLAGS, &words[0])?;
    let namespace = namespace(&arguments);
    let texts: Vec<&str> =
        std::iter::once(words[0].as_str()).chain(arguments.words.iter().map(String::as_str)).collect();
    if let (1, Some(turn)) = (texts.len(), Turn::named(texts[0])) {
        let said = host.turn(turn).map_err(|words| format!("error: {words}"))?;
        return Ok(Output::text(said + "\n"));
    }
    let command = match texts[..] {
        ["run", "until", ref claim @ ..] => return run_until(claim, &namespace, &arguments, host),
        ["run", span] => return run_for(span, host),
        ["step"] => return step(1, host),
        ["step", count] => {
            let count = count.parse().map_err(|_| format!("error: {} is no number of events", quoted(count)))?;
            return step(count, host);
        }
        ["why", target] => return why::why(target, &namespace, host.world()),
        ["guarantees"] => return Ok(Output::text(guarantees(host.world()))),
        ["processes"] => return Ok(Output::text(processes(host.world()))),
        ["disks"] => return Ok(Output::text(disks(host.world()))),
        ["links"] => return Ok(Output::text(faults::links(host.world()))),
        ["workloads"] => return Ok(Output::text(workloads::workloads(host.world()))),
        ["locks"] => return Ok(Output::text(workloads::locks(host.world(), false))),
        ["locks", "history"] => return Ok(Output::text(workloads::locks(host.world(), true))),
        ["ledger", disk] => return Ok(Output::text(workloads::ledger(disk, &namespace, host.world())?)),
        ["calls"] => return Ok(Output::text(workloads::calls(host.world()))),
        ["cache", name] => return workloads::cache(&pod(name, &namespace)?, host.world()),
        ["clock", name] => clock(name, &arguments)?,
        ["cut", "zone", zone] => Command::CutZone { zone: zone.into() },
        ["heal", "zone", zone] => Command::HealZone { zone: zone.into() },
        ["cut", name] => faults::cut(node(name)?, &arguments)?,
        ["cut", name, other] => Command::Part { node: node(name)?, other: node(other)?, on: true },
        ["heal", name, other] => Command::Part { node: node(name)?, other: node(other)?, on: false },
        ["delay", "link", name, span] => Command::DelayLink { node: node(name)?, latency: duration(span)? },
        ["delay", "cache", name, span] => Command::DelayCache { controller: controller(name)?, by: duration(span)? },
        ["delay", "etcd", span] => Command::DelayEtcd { by: duration(span)? },
        ["pause", "controller", name] => Command::PauseController { controller: controller(name)?, on: true },
        ["resume", "controller", name] => Command::PauseController { controller: controller(name)?, on: false },
        ["pause", name, span] => Command::Pause { pod: pod(name, &namespace)?, span: duration(span)? },
        ["resume", name] => Command::Hang { pod: pod(name, &namespace)?, on: false },
        ["fail", probe, name] => faults::fail(probe, pod(name, &namespace)?, true)?,
        ["pass", probe, name] => faults::fail(probe, pod(name, &namespace)?, false)?,
        ["slow", "start", name, span] => Command::SlowStart { pod: pod(name, &namespace)?, span: duration(span)? },
        ["slow", "stop", name, span] => Command::SlowStop { pod: pod(name, &namespace)?, span: duration(span)? },
        ["restart", name] => Command::RestartComponent { component: component(name)? },
        ["heal", name] => Command::Heal { node: node(name)? },
        ["power", "off", name] => Command::PowerOff { node: node(name)? },
        ["power", "on", name] => Command::PowerOn { node: node(name)? },
        ["reboot", name] => Command::Reboot { node: node(name)? },
        ["stop", "kubelet", name] => Command::StopKubelet { node: node(name)? },
        ["start", "kubelet", name] => Command::StartKubelet { node: node(name)? },
        ["stop", "provisioner"] => Command::FailStorage { part: StoragePart::Provisioner, on: true },
        ["start", "provisioner"] => Command::FailStorage { part: StoragePart::Provisioner, on: false },
        ["hold", "attach"] => Command::FailStorage { part: StoragePart::Attach, on: true },
        ["release", "attach"] => Command::FailStorage { part: StoragePart::Attach, on: false },
        ["hold", "detach"] => Command::FailStorage { part: StoragePart::Detach, on: true },
        ["release", "detach"] => Command::FailStorage { part: StoragePart::Detach, on: false },
        ["read-only", name] => Command::ReadOnly { volume: workloads::disk(name, &namespace, host.world())?, on: true },
        ["read-write", name] => {
            Command::ReadOnly { volume: workloads::disk(name, &namespace, host.world())?, on: false }
        }
        ["stop", name] => Command::StopComponent { component: component(name)? },
        ["start", name] => Command::StartComponent { component: component(name)? },
        ["add", "machine", name] => {
            let zone = arguments.last("zone").ok_or("error: add machine needs a zone: add machine NAME --zone=ZONE")?;
            Command::AddMachine { node: name.into(), zone: zone.into() }
        }
        ["crash", "controller", name] => Command::CrashController { controller: controller(name)? },
        ["crash", name] => {
            let exit_code = arguments.integer("exit-code")?.unwrap_or(1);
            let exit_code = i32::try_from(exit_code).map_err(|_| "error: an exit code is a number from 0 to 255")?;
            Command::Crash { pod: pod(name, &namespace)?, exit_code }
        }
        ["hang", name] => Command::Hang { pod: pod(name, &namespace)?, on: true },
        ["unhang", name] => Command::Hang { pod: pod(name, &namespace)?, on: false },
        ["hold", "cache", name] => Command::HoldCache { controller: controller(name)?, on: true },
        ["release", "cache", name] => Command::HoldCache { controller: controller(name)?, on: false },
        ["lose", "reply", name] => Command::LoseReply { controller: controller(name)? },
        ["evict", name] => {
            let grace_seconds = arguments.integer("grace-period")?;
            Command::Evict { pod: pod(name, &namespace)?, grace_seconds }
        }
        _ => return Err(format!("error: this is said as: {}", help::usage(texts[0]))),
    };
    match host.command(command) {
        Ok(answer) => Ok(Output::text(answer_text(&answer) + "\n")),
        // What does not exist in the physical world is no matter of the API server.
        Err(ApiError::BadRequest(message)) => Err(format!("error: {message}")),
        Err(error) => Err(api_error(&error, None)),
    }
}

/// `node-2`, `node/node-2`.
fn node(word: &str) -> Result<Name, Failure> {
    match word.split_once('/') {
        None => Ok(word.into()),
        Some(("node" | "nodes" | "no" | "machine", name)) => Ok(name.into()),
        Some((kind, _)) => Err(format!("error: a machine is meant here, not a {kind}")),
    }
}

/// `clock node-1 --rate=200% --ahead=1h`.
fn clock(name: &str, arguments: &args::Arguments) -> Result<Command, Failure> {
    let rate = arguments.last("rate").unwrap_or("100%");
    let percent = rate.strip_suffix('%').unwrap_or(rate).parse();
    let percent = percent.map_err(|_| format!("error: {} is no rate; write 200% for twice as fast", quoted(rate)))?;
    let seconds = |flag: &str| -> Result<i64, Failure> {
        Ok(arguments.duration(flag)?.map_or(0, |span| i64::try_from(span.as_seconds()).unwrap_or(i64::MAX)))
    };
    Ok(Command::SetClock { node: node(name)?, percent, ahead_seconds: seconds("ahead")? - seconds("behind")? })
}

/// `pod/web-1`, `web-1`.
fn pod(word: &str, namespace: &str) -> Result<ObjectRef, Failure> {
    match word.split_once('/') {
        None => Ok(reference(Kind::Pod, namespace, word)),
        Some((kind, name)) if kind_of(kind)? == Kind::Pod => Ok(reference(Kind::Pod, namespace, name)),
        Some((kind, _)) => Err(format!("error: a pod is meant here, not a {kind}")),
    }
}

/// `kube-scheduler`.
fn component(word: &str) -> Result<Component, Failure> {
    Component::from_name(word).ok_or_else(|| {
        let names = Component::ALL.map(Component::name).join(", ");
        format!("error: there is no component \"{word}\" of the control plane; there are {names}")
    })
}

fn controller(word: &str) -> Result<ControllerId, Failure> {
    let word = word.strip_prefix("controller/").unwrap_or(word);
    ControllerId::from_name(word).or_else(|| ControllerId::from_name(&format!("{word}-controller"))).ok_or_else(|| {
        let names: Vec<&str> = ControllerId::ALL.into_iter().map(|controller| controller.name()).collect();
        format!("error: there is no controller \"{word}\"; there are {}", names.join(", "))
    })
}

/// `500ms`, `1m20s`.
fn duration(text: &str) -> Result<Span, Failure> {
    args::duration(text).ok_or_else(|| format!("error: invalid duration {}", quoted(text)))
}

fn run_for(text: &str, host: &mut dyn Host) -> Result<Output, Failure> {
    let span = duration(text)?;
    if let Some(words) = limits::refuse_run(host.world(), span) {
        return Err(format!("error: {words}"));
    }
    let end = host.world().now + span;
    Ok(Output { follow: (span > Span::ZERO).then(|| Follow::new(Clock(end), None)), ..Output::default() })
}

/// `run 60s`.
#[derive(Clone, Debug)]
struct Clock(Time);

impl Awaited for Clock {
    fn words(&self, world: &World) -> String {
        elapsed(self.0.since(world.start))
    }
    fn look(&mut self, host: &mut dyn Host, _: &mut Output) -> bool {
        host.world().now >= self.0
    }
    fn moves_time(&self) -> bool {
        true
    }
    fn until(&self) -> Option<Time> {
        Some(self.0)
    }
    fn copy(&self) -> Box<dyn Awaited> {
        Box::new(self.clone())
    }
}

fn step(count: u64, host: &mut dyn Host) -> Result<Output, Failure> {
    if count > MOST_EVENTS {
        return Err(beyond("step plays", MOST_EVENTS as usize, "events at one go"));
    }
    let mut out = Output::default();
    let mut steps = Steps(host.world().events + count);
    if !steps.look(host, &mut out) {
        out.follow = Some(Follow::new(steps, None));
    }
    Ok(out)
}

/// `step 20`: the number of the event that is the last one.
#[derive(Clone, Debug)]
struct Steps(u64);

impl Awaited for Steps {
    fn words(&self, _: &World) -> String {
        format!("event {}", self.0)
    }
    fn look(&mut self, host: &mut dyn Host, out: &mut Output) -> bool {
        let world = host.world();
        if world.events >= self.0 {
            out.line(format!("{} after the start, event {}", elapsed(world.now.since(world.start)), world.events));
        } else if world.next_due().is_none() {
            match world.standstill() {
                Some(standstill) => out.fail(format!("error: {standstill}")),
                None => out.fail("error: nothing is planned"),
            }
        } else {
            return false;
        }
        true
    }
    fn ends(&self) -> bool {
        true
    }
    fn moves_time(&self) -> bool {
        true
    }
    fn copy(&self) -> Box<dyn Awaited> {
        Box::new(self.clone())
    }
}

/// `run until CLAIM`.
#[derive(Clone, Debug)]
struct Until {
    watch: Watch,
    /// What is to be gone, with its uid at the beginning: a new pod of that name means that the old one is gone.
    going: Option<(ObjectRef, Option<Uid>)>,
}

fn run_until(
    words: &[&str],
    namespace: &str,
    arguments: &args::Arguments,
    host: &mut dyn Host,
) -> Result<Output, Failure> {
    let claim = Claim::parse(&words.join(" "), namespace).map_err(|problem| format!("error: {problem}"))?;
    let going = claim.awaits_the_end_of().map(|target| {
        let uid = host.world().objects().get(target).map(|object| object.meta().uid);
        (target.clone(), uid)
    });
    let mut until = Until { watch: Watch::new(claim), going };
    if until.holds(host.world()) {
        return Ok(Output::default());
    }
    let deadline = arguments.duration("timeout")?.map(|timeout| host.world().now + timeout);
    let follow = Follow::new(until, deadline);
    Ok(Output { follow: Some(follow), ..Output::default() })
}

impl Until {
    fn holds(&mut self, world: &World) -> bool {
        let ended = self.going.as_ref().is_some_and(|(target, uid)| {
            uid.is_some() && world.objects().get(target).map(|object| object.meta().uid) != *uid
        });
        ended || self.watch.look(world).holds
    }
}

impl Awaited for Until {
    fn words(&self, _: &World) -> String {
        self.watch.claim().to_string()
    }
    fn look(&mut self, host: &mut dyn Host, _: &mut Output) -> bool {
        self.holds(host.world())
    }
    fn due(&self) -> Option<Time> {
        self.watch.due()
    }
    fn expire(&self, out: &mut Output) {
        out.fail(format!("error: timed out waiting for {}", self.watch.claim()));
    }
    fn moves_time(&self) -> bool {
        true
    }
    fn copy(&self) -> Box<dyn Awaited> {
        Box::new(self.clone())
    }
}

/// `guarantees`: what the cluster promises and how it stands.
fn guarantees(world: &World) -> String {
    let mut lines = vec![["GUARANTEE", "STANDING", "SINCE", "FIRST BROKEN", "EVIDENCE"].map(String::from).to_vec()];
    let at = |time: petri_objects::Time| elapsed(time.since(world.start));
    for guarantee in Guarantee::ALL.into_iter().filter(|guarantee| world.concerns(*guarantee)) {
        let (standing, subject) = world.invariants.worst(guarantee);
        let subject = subject.map_or(String::new(), |subject| format!("{subject}: "));
        let (word, since, evidence) = match standing {
            // What is over is still worth telling.
            Standing::Holding => {
                let first = world.invariants.first_broken.get(&guarantee);
                let then = first.map(|(_, subject, evidence)| format!("{subject}, then: {}", evidence.sentence));
                ("holding".to_owned(), String::new(), then.unwrap_or_default())
            }
            Standing::AtRisk { since, until, evidence } => {
                let word = until.map_or("at risk".into(), |until| format!("at risk, breaks at {}", at(until)));
                (word, at(*since), format!("{subject}{}", evidence.sentence))
            }
            Standing::Broken { since, evidence } => {
                ("broken".into(), at(*since), format!("{subject}{}", evidence.sentence))
            }
        };
        let first = world.invariants.first_broken.get(&guarantee).map_or("never".into(), |(time, _, _)| at(*time));
        lines.push(vec![guarantee.title().into(), word, crate::text::or_none(&since), first, evidence]);
    }
    write(&lines)
}

/// `processes`: what really runs, and what the API server believes about it.
fn processes(world: &World) -> String {
    let mut lines =
        vec![["NODE", "PROCESS", "UID", "STATE", "AGE", "RESTARTS", "API OBJECT"].map(String::from).to_vec()];
    for machine in world.machines.values() {
        for (id, process) in &machine.processes {
            let key = Key::new(process.identity.namespace.clone(), process.identity.pod.clone());
            let object = world.objects().pods.get(&key).filter(|pod| pod.metadata.uid == process.uid);
            let state = match (&process.state, process.answers) {
                (ProcessState::Running, true) if process.ills.unwell => "unwell",
                (ProcessState::Running, true) if process.ills.unready => "unready",
                (ProcessState::Running, true) => "running",
                (ProcessState::Running, false) if process.ills.paused_until.is_some() => "paused",
                (ProcessState::Running, false) => "hung",
                (ProcessState::Stopping { .. }, _) => "stopping",
            };
            lines.push(vec![
                machine.name.to_string(),
                format!("{}/{}", process.identity.pod, id.container),
                process.uid.short(),
                state.into(),
                age_since(process.started, world.now),
                process.restarts.to_string(),
                object.map_or("<none>".into(), |pod| pod_status(pod)),
            ]);
        }
    }
    if lines.len() == 1 {
        return "No process runs on any machine\n".into();
    }
    write(&lines)
}

/// `disks`: where disks are attached and who writes to them.
fn disks(world: &World) -> String {
    let mut lines = vec![["DISK", "CLAIM", "ZONE", "ATTACHED TO", "WRITTEN BY"].map(String::from).to_vec()];
    for disk in world.disks.iter() {
        let list = |items: Vec<String>| if items.is_empty() { "<none>".into() } else { items.join(", ") };
        lines.push(vec![
            disk.volume.to_string(),
            disk.claim.as_ref().map_or("<none>".into(), |claim| claim.name.to_string()),
            crate::text::or_none(&disk.zone),
            list(disk.attached.keys().map(|node| node.to_string()).collect()),
            match disk.journal.read_only {
                true => "nobody: it is read-only".into(),
                false => list(disk.writers().map(|w| format!("{} ({}) on {}", w.pod, w.uid.short(), w.node)).collect()),
            },
        ]);
    }
    let mut text = if lines.len() == 1 { "There are no disks\n".into() } else { write(&lines) };
    for part in StoragePart::ALL.into_iter().filter(|part| world.storage_fails(*part)) {
        text.push_str(&match part {
            StoragePart::Provisioner => "The provisioner does not run\n".to_owned(),
            part => format!("Requests to {} a disk are left unanswered\n", part.name()),
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_pods_and_controllers_go_by_short_and_long_names() {
        assert_eq!(node("node/node-2").unwrap(), "node-2".into());
        assert_eq!(node("node-2").unwrap(), "node-2".into());
        assert!(node("pod/web-0").is_err());
        assert_eq!(pod("web-1", "default").unwrap(), pod("pod/web-1", "default").unwrap());
        assert!(pod("sts/web", "default").is_err());
        assert_eq!(controller("statefulset").unwrap(), ControllerId::StatefulSet);
        assert_eq!(controller("default-scheduler").unwrap(), ControllerId::Scheduler);
        assert!(controller("nobody").unwrap_err().contains("there are default-scheduler, "));
    }
}
