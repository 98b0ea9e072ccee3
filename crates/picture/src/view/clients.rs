//! Processes that look names up: how their calls fare, and what each still remembers of the DNS.

use super::facts::{Facts, pod_ref};
use super::identity::Identity;
use super::marks::{Target, Tone};
use super::words;
use petri_objects::Name;
use petri_objects::order::Order as _;
use petri_sim::reality::dns::{self, Query, Rcode, RecordType};
use petri_sim::reality::workload::calls::CallResult;
use petri_sim::reality::workload::program::Program;
use petri_sim::reality::workload::resolver::Cached;
use petri_sim::reality::workload::role::Role;

/// A process with a resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub key: String,
    pub target: Target,
    pub identity: Identity,
    pub name: String,
    pub node: Name,
    /// `calls web-0.web: 120 answered, 3 failed`.
    pub does: String,
    /// `nobody answers at 10.244.1.5 for 12 s`, or the last answer.
    pub last: String,
    pub tone: Tone,
    pub cache: Vec<Remembered>,
}

/// An answer that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    pub name: String,
    pub answer: String,
    /// Seconds until it is forgotten, rounded up.
    pub left: u64,
    /// What the DNS would say instead, if that is something else.
    pub now: Option<String>,
}

/// Every process that looks names up, by pod.
pub fn clients(facts: &Facts) -> Vec<Client> {
    facts.running_programs().filter_map(|(_, program)| client(program, facts)).collect()
}

fn client(program: &Program, facts: &Facts) -> Option<Client> {
    let calls = &program.calls;
    let (does, last, tone) = match &*program.role {
        Role::Client { target, .. } => {
            let does = format!("calls {target}: {} answered, {} failed", calls.answered, calls.failed());
            let since = calls
                .failing_since
                .map_or_else(String::new, |since| format!(", nothing for {}", words::duration(facts.now.since(since))));
            let stale =
                if calls.stale > 0 { format!("; {} by a remembered answer", calls.stale) } else { String::new() };
            let last = match calls.last.as_ref().map(|(_, result)| result) {
                None => "has not called yet".to_owned(),
                Some(CallResult::Answered(pod, address)) => format!("{pod} at {address} answered"),
                Some(CallResult::NoName) => format!("no such name{since}"),
                Some(CallResult::NoAddress) => format!("nobody is ready{since}"),
                Some(CallResult::NoAnswer(address)) => format!("nobody answers at {address}{since}"),
            };
            let tone = if calls.failing_since.is_some() { Tone::Risk } else { Tone::Calm };
            (does + &stale, last, tone)
        }
        Role::Member { service, members, .. } => {
            let tally = &program.tally;
            let does = format!("member of {service}, reaches {} of {members}", tally.reached);
            let last = format!("{} accepted, {} refused", tally.accepted, tally.refused);
            (does, last, if tally.accepts { Tone::Calm } else { Tone::Risk })
        }
        _ => return None,
    };
    let kept = program.resolver.entries.iter().filter(|entry| entry.until > facts.now);
    let pod = pod_ref(&program.identity.namespace, &program.identity.pod);
    Some(Client {
        key: program.id.to_string(),
        target: Target::Pod { pod, uid: program.uid },
        identity: facts.painted(&program.identity.namespace, Identity::of_claim(&program.identity.pod)),
        name: program.identity.pod.to_string(),
        node: program.node.clone(),
        does,
        last,
        tone,
        cache: kept.map(|entry| remembered(entry, facts)).collect(),
    })
}

fn remembered(entry: &Cached, facts: &Facts) -> Remembered {
    let answer = dns::answer(facts.objects, &Query::new(entry.name.clone(), RecordType::A));
    let mut fresh = answer.addresses();
    let mut known = entry.addresses.clone();
    fresh.order();
    known.order();
    let differs = fresh != known || answer.rcode != entry.rcode;
    Remembered {
        name: entry.name.to_string(),
        answer: text(entry.rcode, &entry.addresses),
        left: entry.until.since(facts.now).0.div_ceil(1_000_000),
        now: differs.then(|| text(answer.rcode, &fresh)),
    }
}

fn text(rcode: Rcode, addresses: &[Name]) -> String {
    match (rcode, addresses) {
        (Rcode::NxDomain, []) => "NXDOMAIN".to_owned(),
        (Rcode::NoError, []) => "no address".to_owned(),
        (_, addresses) => addresses.iter().map(|address| &**address).collect::<Vec<_>>().join(", "),
    }
}
