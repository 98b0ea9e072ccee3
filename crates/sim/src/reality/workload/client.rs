//! Processes that talk to other processes: a client that calls a name, and a member that looks for a majority.
//!
//! Upstream: kube-proxy for cluster addresses: one of the ready endpoints, at random.

use super::program::Program;
use super::resolver::Lookup;
use super::role::CacheLimits;
use crate::ground::clock::{Span, Time};
use crate::reality::machine::{Machine, Process};
use crate::words::note::Note;
use crate::world::World;
use petri_objects::Name;

/// What came of a client's calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Calls {
    pub answered: u64,
    /// No name, of any type: NXDOMAIN. Or no DNS to be reached.
    pub no_name: u64,
    /// The name exists and has no address, or nothing ready stands behind its address.
    pub no_address: u64,
    /// An address, and nobody there.
    pub no_answer: u64,
    /// Of those that failed: how many because of a remembered answer that the DNS would not give any more.
    pub stale: u64,
    pub last: Option<(Time, CallResult)>,
    /// Since when every call fails.
    pub failing_since: Option<Time>,
    /// The longest time without an answer that is over.
    pub longest_outage: Span,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CallResult {
    /// By this pod, at this address.
    Answered(Name, Name),
    NoName,
    NoAddress,
    NoAnswer(Name),
}

impl Calls {
    pub fn failed(&self) -> u64 {
        self.no_name + self.no_address + self.no_answer
    }
    fn count(&mut self, result: CallResult, stale: bool, now: Time) {
        match &result {
            CallResult::Answered(..) => {
                self.answered += 1;
                if let Some(since) = self.failing_since.take() {
                    self.longest_outage = self.longest_outage.max(now.since(since));
                }
            }
            CallResult::NoName => self.no_name += 1,
            CallResult::NoAddress => self.no_address += 1,
            CallResult::NoAnswer(_) => self.no_answer += 1,
        }
        if !matches!(result, CallResult::Answered(..)) {
            self.stale += u64::from(stale);
            self.failing_since = self.failing_since.or(Some(now));
        }
        self.last = Some((now, result));
    }
}

impl World {
    fn resolve(&self, program: &mut Program, name: &str, cache: CacheLimits) -> Option<Lookup> {
        let dns = (!self.network.is_cut(&program.node)).then(|| self.objects());
        let namespace = program.identity.namespace.clone();
        program.resolver.resolve(name, &namespace, cache, self.now, dns)
    }

    /// Calls a name once.
    pub(super) fn client_turn(&mut self, program: &mut Program, target: &Name, cache: CacheLimits) {
        let found = self.resolve(program, target, cache);
        let result = match &found {
            None => CallResult::NoName,
            Some(lookup) if lookup.addresses.is_empty() => match lookup.rcode {
                crate::reality::dns::Rcode::NxDomain => CallResult::NoName,
                crate::reality::dns::Rcode::NoError => CallResult::NoAddress,
            },
            Some(lookup) => {
                let pick = self.programs.random.below(lookup.addresses.len() as u64) as usize;
                self.call_address(program, &lookup.addresses[pick])
            }
        };
        let off = CacheLimits { positive: Span::ZERO, negative: Span::ZERO };
        let stale = found.filter(|lookup| lookup.cached).is_some_and(|lookup| {
            let fresh = super::resolver::Resolver::default().resolve(
                target,
                &program.identity.namespace,
                off,
                self.now,
                Some(self.objects()),
            );
            fresh.is_none_or(|fresh| fresh.addresses != lookup.addresses)
        });
        program.calls.count(result, stale, self.now);
    }

    fn call_address(&mut self, program: &Program, address: &Name) -> CallResult {
        let service = self.objects().services.values().find(|service| service.spec.cluster_ip == *address).cloned();
        let endpoint = match service {
            None => address.clone(),
            Some(service) => {
                let slices = self.objects().endpoint_slices.in_namespace(&service.metadata.namespace);
                let own = slices.filter(|slice| {
                    slice.metadata.labels.get("kubernetes.io/service-name") == Some(&service.metadata.name)
                });
                let ready: Vec<Name> = own
                    .flat_map(|slice| slice.endpoints.iter())
                    .filter(|endpoint| endpoint.conditions.ready != Some(false))
                    .flat_map(|endpoint| endpoint.addresses.first().cloned())
                    .collect();
                if ready.is_empty() {
                    return CallResult::NoAddress;
                }
                let pick = self.programs.random.below(ready.len() as u64) as usize;
                ready[pick].clone()
            }
        };
        match self
            .process_at(&endpoint)
            .filter(|(machine, process)| process.answers && self.network.connects(&program.node, &machine.name))
        {
            Some((_, process)) => CallResult::Answered(process.identity.pod.clone(), endpoint),
            None => CallResult::NoAnswer(endpoint),
        }
    }

    fn process_at(&self, address: &str) -> Option<(&Machine, &Process)> {
        self.machines.values().find_map(|machine| {
            let process = machine.processes.values().find(|process| &*process.ip == address)?;
            Some((machine, process))
        })
    }

    /// Looks which members answer, and accepts a write if they and this process are a majority.
    pub(super) fn member_turn(
        &mut self,
        program: &mut Program,
        service: &Name,
        members: u32,
        cache: CacheLimits,
        notes: &mut Vec<Note>,
    ) {
        let found = self.resolve(program, service, cache).map(|lookup| lookup.addresses).unwrap_or_default();
        let reached = |address: &Name| {
            let (machine, process) = self.process_at(address)?;
            let answers = process.answers && self.network.connects(&program.node, &machine.name);
            (answers && process.uid != program.uid).then_some(process.uid)
        };
        let mut majority: Vec<petri_objects::Uid> = found.iter().filter_map(reached).collect();
        majority.push(program.uid);
        program.tally.reached = majority.len() as u32;
        program.tally.accepts = program.tally.reached > members / 2;
        if program.tally.accepts {
            program.tally.accepted += 1;
            self.write_record(program, notes);
            self.replicate(program, service, &majority, notes);
        } else {
            program.tally.refused += 1;
        }
    }
}
