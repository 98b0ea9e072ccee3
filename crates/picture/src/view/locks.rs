//! Locks: whom the record names and until when, and who believes to hold it.

use super::facts::{Facts, pod_ref};
use super::identity::Identity;
use super::marks::{Target, Tone, lock_object, lock_parts};
use super::words;
use petri_objects::order::Order as _;
use petri_objects::{Kind, Name, ObjectRef, Time, Uid};
use petri_sim::belief::api::shelf::Key;
use petri_sim::reality::workload::election;
use petri_sim::reality::workload::program::Program;
use petri_sim::words::invariants::{Guarantee, Standing};
use std::collections::BTreeSet;

/// The namespace of the Leases by which nodes show that they live.
const NODES: &str = "kube-node-lease";

/// One lock, or the sign of life of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub target: Target,
    pub name: String,
    /// `Lease`, `ConfigMap`, `session lock`, `TTL lock`.
    pub kind: &'static str,
    /// Whom the record names; `nobody` if it names none.
    pub holder: String,
    /// `in 12 s`, `3 s ago`: when others may take it; empty without a holder.
    pub expires: String,
    pub expired: bool,
    /// The fencing token of the record's holder.
    pub token: String,
    /// Who believes to hold it, on the machines.
    pub believers: String,
    pub tone: Tone,
}

/// Everything about one lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    pub row: Row,
    pub sentence: String,
    /// Those who believe to hold it first.
    pub candidates: Vec<Candidate>,
    /// Who held it, the latest first.
    pub tenures: Vec<Tenure>,
}

/// A process that holds the lock, or wants to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub target: Target,
    pub identity: Identity,
    pub name: String,
    pub node: Name,
    /// `acts as its holder, token 3`, `waits`, `hangs`.
    pub state: String,
    pub tone: Tone,
}

/// A span in which somebody believed to hold the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenure {
    pub by: String,
    pub node: Name,
    pub token: String,
    pub from: Time,
    /// `None` while it lasts.
    pub to: Option<Time>,
    /// `free for 15.2 s before`, `two for 23 s`; empty for the first.
    pub before: String,
    pub overlaps: bool,
}

/// What is on record about a lock.
struct Record {
    holder: String,
    until: Option<Time>,
    token: Option<u64>,
}

/// Whether a pod's process believes to hold a lock.
pub fn leads(uid: Uid, facts: &Facts) -> bool {
    // Pods without a program, as all of a first visit, need nothing of this.
    facts.programs.is_some_and(|programs| !programs.running.is_empty() && holds(uid, facts))
}

#[inline(never)]
fn holds(uid: Uid, facts: &Facts) -> bool {
    facts
        .running_programs()
        .any(|(_, program)| program.uid == uid && program.hold.acts && program.lock_name().is_some())
}

/// The lock that an object stands for, if anybody elects by it.
pub fn of_object(object: &ObjectRef) -> Option<Name> {
    let word = match object.kind {
        Kind::Lease => "lease",
        Kind::ConfigMap => "configmap",
        _ => return None,
    };
    Some(format!("{}/{word}/{}", object.namespace, object.name).into())
}

fn kind_words(kind: &str) -> &'static str {
    match kind {
        "lease" => "Lease",
        "configmap" => "ConfigMap",
        "session" => "session lock",
        _ => "TTL lock",
    }
}

/// How many locks there are. A first visit has none, and needs nothing else of this module.
pub fn count(facts: &Facts) -> usize {
    let programs = facts.programs.is_some_and(|programs| !programs.running.is_empty() || !programs.tenures.is_empty());
    let written = facts.objects.leases.iter().any(|(key, _)| &*key.namespace != NODES);
    if programs || written { names(facts).len() } else { 0 }
}

/// The names of all locks: those that are wanted, those that were held, and Leases that somebody wrote.
#[inline(never)]
pub fn names(facts: &Facts) -> BTreeSet<Name> {
    let wanted = facts.running_programs().filter_map(|(_, program)| program.lock_name());
    let held = facts.programs.into_iter().flat_map(|programs| &programs.tenures).map(|tenure| tenure.lock.clone());
    let leases = facts.objects.leases.iter().filter(|(key, _)| &*key.namespace != NODES);
    let written = leases.filter_map(|(key, _)| of_object(&key.to_ref(Kind::Lease)));
    wanted.chain(held).chain(written).collect()
}

/// One row per lock.
#[inline(never)]
pub fn rows(facts: &Facts) -> Vec<Row> {
    names(facts).iter().map(|lock| row(lock, facts)).collect()
}

/// The Leases of nodes: what the API server heard of each, and when it will give it up.
#[inline(never)]
pub fn heartbeats(facts: &Facts) -> Vec<Row> {
    let leases = facts.objects.leases.iter().filter(|(key, _)| &*key.namespace == NODES);
    leases
        .map(|(key, lease)| {
            let until = lease.spec.renew_time.0
                + petri_objects::Span::seconds(lease.spec.lease_duration_seconds.unwrap_or(0).max(0) as u64);
            let machine = facts.machine(&key.name);
            let alive = machine.is_some_and(|machine| machine.powered && machine.kubelet.running);
            let believers = match (machine, alive) {
                (None, _) => "no such machine".to_owned(),
                (Some(machine), true) if facts.answers(machine) => "its kubelet runs".to_owned(),
                (Some(_), true) => "its kubelet runs, and cannot say so".to_owned(),
                (Some(_), false) => "its kubelet does not run".to_owned(),
            };
            Row {
                target: Target::Node(key.name.clone()),
                name: key.name.to_string(),
                kind: "Node",
                holder: lease.spec.holder_identity.clone().unwrap_or_default().to_string(),
                expires: expiry(facts.now, until),
                expired: until <= facts.now,
                token: String::new(),
                believers,
                tone: if until <= facts.now { Tone::Risk } else { Tone::Calm },
            }
        })
        .collect()
}

fn expiry(now: Time, until: Time) -> String {
    if until > now {
        format!("in {}", words::countdown(now, until))
    } else {
        format!("{} ago", words::duration(now.since(until)))
    }
}

fn record(lock: &str, facts: &Facts) -> Record {
    let nobody = Record { holder: String::new(), until: None, token: None };
    let Some((_, kind, _)) = lock_parts(lock) else { return nobody };
    if let Some(target) = lock_object(lock) {
        let known = facts.objects.get(&target).and_then(|object| election::record(&object));
        let Some(known) = known.filter(|known| !known.holder.is_empty()) else { return nobody };
        let until = Some(known.renewed + known.duration);
        return Record { holder: known.holder.to_string(), until, token: Some(known.transitions) };
    }
    let Some(programs) = facts.programs else { return nobody };
    if kind == "session" {
        let Some((number, session)) = programs.lock_servers.line(lock).next() else { return nobody };
        let holder =
            programs.running.get(&session.client).map_or_else(|| "an ended process".into(), |p| p.id.to_string());
        return Record { holder, until: Some(session.expires), token: Some(number) };
    }
    match programs.lock_servers.keys.get(lock).filter(|key| key.expires > facts.now) {
        Some(key) => Record { holder: key.owner.to_string(), until: Some(key.expires), token: None },
        None => nobody,
    }
}

fn candidates<'w>(lock: &'w str, facts: &Facts<'w>) -> impl Iterator<Item = &'w Program> {
    facts.running_programs().map(|(_, program)| program).filter(|program| program.lock_name().as_deref() == Some(lock))
}

/// How the guarantee of one leader stands for this lock.
fn standing(lock: &str, facts: &Facts) -> (Tone, Option<String>) {
    let found = facts.invariants.and_then(|invariants| invariants.standing.get(&(Guarantee::OneLeader, lock.into())));
    match found {
        Some(Standing::Broken { evidence, .. }) => (Tone::Broken, Some(evidence.sentence.to_string())),
        Some(Standing::AtRisk { evidence, .. }) => (Tone::Risk, Some(evidence.sentence.to_string())),
        _ => (Tone::Calm, None),
    }
}

fn row(lock: &Name, facts: &Facts) -> Row {
    let (_, kind, name) = lock_parts(lock).unwrap_or(("", "", lock));
    let record = record(lock, facts);
    let believers: Vec<String> = candidates(lock, facts)
        .filter(|program| program.hold.acts)
        .map(|program| {
            format!("{} on {}{}", program.identity.pod, program.node, if program.hangs { ", hangs" } else { "" })
        })
        .collect();
    let (mut tone, _) = standing(lock, facts);
    let expired = record.until.is_some_and(|until| until <= facts.now);
    if tone == Tone::Calm && expired {
        tone = Tone::Risk;
    }
    Row {
        target: Target::Lock(lock.clone()),
        name: name.to_owned(),
        kind: kind_words(kind),
        expires: record.until.map_or_else(String::new, |until| expiry(facts.now, until)),
        expired,
        token: record.token.map_or_else(String::new, |token| token.to_string()),
        holder: if record.holder.is_empty() { "nobody".to_owned() } else { record.holder },
        believers: if believers.is_empty() { "nobody".to_owned() } else { words::list(&believers) },
        tone,
    }
}

/// Everything about one lock.
pub fn lock(lock: &Name, facts: &Facts) -> Lock {
    let row = row(lock, facts);
    let mut list: Vec<Candidate> = candidates(lock, facts).map(|program| candidate(program, facts)).collect();
    list.order_by_key(|candidate| candidate.tone == Tone::Calm && candidate.state.starts_with("waits"));
    let sentence = standing(lock, facts).1.unwrap_or_else(|| sentence(&row, lock, facts));
    Lock { sentence, candidates: list, tenures: tenures(lock, facts), row }
}

fn sentence(row: &Row, lock: &str, facts: &Facts) -> String {
    let holds = candidates(lock, facts).find(|program| program.hold.acts);
    match (row.holder.as_str(), holds) {
        ("nobody", None) => "Nobody holds it, and nobody believes to.".to_owned(),
        ("nobody", Some(program)) => format!("{} acts as its holder; no record says so.", program.id),
        (holder, None) if row.expired => {
            format!("The record names {holder}, which does not act on it. Others may take it since {}.", row.expires)
        }
        (holder, None) => {
            format!("The record names {holder}, which does not act on it. Others may take it {}.", row.expires)
        }
        (holder, Some(program)) if *program.id == *holder => format!("Record and holder agree: {holder} holds it."),
        (holder, Some(program)) => format!("The record names {holder}; {} acts as its holder.", program.id),
    }
}

fn candidate(program: &Program, facts: &Facts) -> Candidate {
    let token = program.hold.token.map_or_else(String::new, |token| format!(", token {token}"));
    let (state, tone) = match (program.hold.acts, program.hangs) {
        (true, true) => (format!("hangs, and will act as its holder{token}"), Tone::Risk),
        (true, false) => (format!("acts as its holder{token}"), Tone::Calm),
        (false, true) => ("waits, and hangs".to_owned(), Tone::Calm),
        (false, false) => ("waits".to_owned(), Tone::Calm),
    };
    let pod = pod_ref(&program.identity.namespace, &program.identity.pod);
    Candidate {
        identity: facts.painted(&program.identity.namespace, Identity::of_claim(&program.identity.pod)),
        target: Target::Pod { pod, uid: program.uid },
        name: program.id.to_string(),
        node: program.node.clone(),
        state,
        tone,
    }
}

fn tenures(lock: &str, facts: &Facts) -> Vec<Tenure> {
    let known = facts.programs.into_iter().flat_map(|programs| &programs.tenures);
    let known: Vec<_> = known.filter(|tenure| &*tenure.lock == lock).collect();
    let mut list: Vec<Tenure> = Vec::new();
    for (index, tenure) in known.iter().enumerate() {
        let end = index.checked_sub(1).and_then(|i| known.get(i)).map(|before| before.to.unwrap_or(facts.now));
        let overlaps = end.is_some_and(|end| end > tenure.from);
        let before = match end {
            None => String::new(),
            Some(end) if overlaps => format!("two for {}", words::duration(end.since(tenure.from))),
            Some(end) => format!("free for {} before", words::duration(tenure.from.since(end))),
        };
        list.push(Tenure {
            by: tenure.by.to_string(),
            node: tenure.node.clone(),
            token: tenure.token.map_or_else(String::new, |token| token.to_string()),
            from: tenure.from,
            to: tenure.to,
            before,
            overlaps,
        });
    }
    list.reverse();
    list
}

/// Whether a lock of this object is known: its Lease has a panel of its own then.
pub fn is_lock(object: &ObjectRef, facts: &Facts) -> bool {
    match object.kind {
        Kind::Lease => &*object.namespace != NODES,
        Kind::ConfigMap => {
            let map = facts.objects.config_maps.get(&Key::new(object.namespace.clone(), object.name.clone()));
            map.is_some_and(|map| election::record(&map.clone().into()).is_some())
        }
        _ => false,
    }
}
