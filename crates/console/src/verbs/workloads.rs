//! What workloads do and know: who holds which lock, what a disk took from whom, how calls fared, what is remembered.

use crate::output::{Failure, Output};
use crate::tables::write;
use crate::text::or_none;
use petri_objects::{ObjectRef, Span, Time};
use petri_sim::ground::clock::elapsed;
use petri_sim::reality::workload::calls::CallResult;
use petri_sim::reality::workload::program::{Program, Tenure};
use petri_sim::reality::workload::role::{Role, sentence};
use petri_sim::world::World;

fn header<const N: usize>(titles: [&str; N]) -> Vec<Vec<String>> {
    vec![titles.map(String::from).to_vec()]
}

fn finish(lines: &[Vec<String>], none: &str) -> String {
    if lines.len() == 1 { format!("{none}\n") } else { write(lines) }
}

fn at(world: &World, time: Time) -> String {
    elapsed(time.since(world.start))
}

/// `workloads`: what each process does, by its image or annotations.
pub(crate) fn workloads(world: &World) -> String {
    let mut lines = header(["NODE", "PROCESS", "STATE", "WHAT IT DOES"]);
    for machine in world.machines.values() {
        for (id, process) in &machine.processes {
            let pod = machine.kubelet.workers.get(&id.pod).map(|worker| &worker.pod);
            let container = pod.and_then(|pod| pod.spec.containers.iter().find(|c| c.name == id.container));
            let what = match (pod, container) {
                (Some(pod), Some(container)) => sentence(pod, container),
                _ => "<unknown>".into(),
            };
            let state = world.programs.running.get(id).map_or(String::new(), state);
            let name = format!("{}/{}", process.identity.pod, id.container);
            lines.push(vec![machine.name.to_string(), name, or_none(&state), what]);
        }
    }
    finish(&lines, "No process runs on any machine")
}

fn state(program: &Program) -> String {
    let word = match &*program.role {
        _ if program.cancelled => "stopping",
        Role::Holder(_) if program.hold.acts && program.hangs => "hangs, believes to hold",
        _ if program.hangs => "hangs",
        Role::Holder(_) if program.hold.acts => "holds",
        Role::Holder(_) => "waits",
        Role::Member { .. } => {
            let (word, tally) = (if program.tally.accepts { "accepts" } else { "refuses" }, &program.tally);
            return format!(
                "{word}, reaches {}; {} accepted, {} refused",
                tally.reached, tally.accepted, tally.refused
            );
        }
        Role::Writer { .. } => "writes",
        Role::Client { .. } => "calls",
    };
    word.into()
}

/// `locks`: the last two holders of each lock, and how long it had none between them.
pub(crate) fn locks(world: &World, history: bool) -> String {
    let mut lines = header(["LOCK", "HOLDER", "NODE", "TOKEN", "FROM", "TO", "FREE BEFORE"]);
    let tenures = &world.programs.tenures;
    let mut names: Vec<&petri_objects::Name> = Vec::new();
    for tenure in tenures {
        if !names.contains(&&tenure.lock) {
            names.push(&tenure.lock);
        }
    }
    for name in names {
        let own: Vec<&Tenure> = tenures.iter().filter(|tenure| tenure.lock == *name).collect();
        let from = if history { 0 } else { own.len().saturating_sub(2) };
        for (index, tenure) in own.iter().enumerate().skip(from) {
            let before = index.checked_sub(1).and_then(|index| own.get(index));
            lines.push(vec![
                tenure.lock.to_string(),
                tenure.by.to_string(),
                tenure.node.to_string(),
                tenure.token.map_or("<none>".into(), |token| token.to_string()),
                at(world, tenure.from),
                tenure.to.map_or_else(|| believes(world, tenure), |to| at(world, to)),
                before.map_or(String::new(), |before| gap(world, before, tenure)),
            ]);
        }
    }
    finish(&lines, "Nobody has held a lock")
}

fn believes(world: &World, tenure: &Tenure) -> String {
    let hangs = world.programs.running.get(&tenure.process).is_some_and(|program| program.hangs);
    if hangs { "hangs, believes to hold".into() } else { "holds".into() }
}

/// How long nobody held the lock, or how long two believed to.
fn gap(world: &World, before: &Tenure, after: &Tenure) -> String {
    let seconds = |span: Span| format!("{}.{}s", span.as_seconds(), span.as_millis() % 1_000 / 100);
    let end = before.to.unwrap_or(world.now);
    if end > after.from {
        return format!("two for {}", seconds(end.since(after.from)));
    }
    seconds(after.from.since(end))
}

/// The volume of a disk that goes by its own name or by its claim's.
pub(crate) fn disk(name: &str, namespace: &str, world: &World) -> Result<petri_objects::Name, Failure> {
    let name = name.rsplit('/').next().unwrap_or(name);
    let of_claim = |claim: &petri_sim::belief::api::shelf::Key| &*claim.name == name && &*claim.namespace == namespace;
    let disk = world.disks.get(name).or_else(|| world.disks.iter().find(|d| d.claim.as_ref().is_some_and(of_claim)));
    let disk = disk.ok_or_else(|| format!("error: there is no disk \"{name}\", and no claim of that name has one"))?;
    Ok(disk.volume.clone())
}

/// `ledger DISK`: what a disk took and refused, in order. A claim's name will do.
pub(crate) fn ledger(name: &str, namespace: &str, world: &World) -> Result<String, Failure> {
    let Some(disk) = world.disks.get(&disk(name, namespace, world)?) else { return Ok(String::new()) };
    let journal = &disk.journal;
    let mut lines = header(["FROM", "TO", "WRITER", "NODE", "TOKEN", "RECORDS", "VERDICT"]);
    for entry in &journal.entries {
        lines.push(vec![
            at(world, entry.first),
            at(world, entry.last),
            format!("{} ({})", entry.pod, entry.uid.short()),
            entry.node.to_string(),
            entry.token.map_or("<none>".into(), |token| token.to_string()),
            entry.count.to_string(),
            entry.verdict.as_str().into(),
        ]);
    }
    let highest: Vec<String> =
        journal.fences.iter().filter_map(|fence| Some(format!("{} below {}", fence.lock, fence.highest?))).collect();
    let fence = match (journal.fenced, highest.is_empty()) {
        _ if journal.read_only => "is read-only".to_owned(),
        (false, _) => "takes every record, whatever its token".to_owned(),
        (true, true) => "asks for a fencing token".to_owned(),
        (true, false) => format!("refuses tokens of {}", highest.join(", ")),
    };
    let table = finish(&lines, "Nothing was written that its writer declared");
    let stale = if journal.stale > 0 { format!(", {} of them stale", journal.stale) } else { String::new() };
    Ok(format!("{table}{} records accepted{stale}, {} refused; the disk {fence}\n", journal.accepted, journal.refused))
}

/// `calls`: how the calls of every client fared.
pub(crate) fn calls(world: &World) -> String {
    let mut lines = header([
        "CLIENT",
        "CALLS",
        "ANSWERED",
        "FAILED",
        "NO NAME",
        "NO ADDRESS",
        "NO ANSWER",
        "STALE CACHE",
        "OUTAGE",
        "LAST",
    ]);
    for program in world.programs.running.values() {
        let Role::Client { target, .. } = &*program.role else { continue };
        let calls = &program.calls;
        let count = |number: u64| number.to_string();
        let outage =
            calls.failing_since.map_or(calls.longest_outage, |since| calls.longest_outage.max(world.now.since(since)));
        let last = calls.last.as_ref().map_or(String::new(), |(_, result)| match result {
            CallResult::Answered(pod, address) => format!("{target}: {pod} at {address} answered"),
            CallResult::NoName => format!("{target}: no such name"),
            CallResult::NoAddress => format!("{target}: nobody is ready"),
            CallResult::NoAnswer(address) => format!("{target}: nobody answers at {address}"),
        });
        lines.push(vec![
            program.identity.pod.to_string(),
            count(calls.answered + calls.failed()),
            count(calls.answered),
            count(calls.failed()),
            count(calls.no_name),
            count(calls.no_address),
            count(calls.no_answer),
            count(calls.stale),
            format!("{}s", outage.as_seconds()),
            last,
        ]);
    }
    finish(&lines, "Nobody calls anybody")
}

/// `cache POD`: what the resolver of a pod's process remembers.
pub(crate) fn cache(pod: &ObjectRef, world: &World) -> Result<Output, Failure> {
    let own = |program: &&Program| program.identity.pod == pod.name && program.identity.namespace == pod.namespace;
    let mut lines = header(["NAME", "ANSWER", "KEPT FOR"]);
    let mut resolves = false;
    for program in world.programs.running.values().filter(own) {
        resolves |= matches!(&*program.role, Role::Client { .. } | Role::Member { .. });
        for entry in program.resolver.entries.iter().filter(|entry| entry.until > world.now) {
            let left = entry.until.since(world.now).0.div_ceil(1_000_000);
            let addresses: Vec<&str> = entry.addresses.iter().map(|address| &**address).collect();
            let answer = match (&entry.rcode, addresses.is_empty()) {
                (_, false) => addresses.join(", "),
                (petri_sim::reality::dns::Rcode::NxDomain, true) => "no such name".into(),
                (petri_sim::reality::dns::Rcode::NoError, true) => "no address".into(),
            };
            lines.push(vec![entry.name.to_string(), answer, format!("{left}s")]);
        }
    }
    if !resolves {
        return Err(format!("error: no process of {} looks names up", pod.name));
    }
    Ok(Output::text(finish(&lines, "Nothing is remembered")))
}
