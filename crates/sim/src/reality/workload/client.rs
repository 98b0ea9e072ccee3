//! Processes that talk to other processes: a client that calls a name, and a member that looks for a majority.
//!
//! Upstream: kube-proxy for cluster addresses: one of the ready endpoints, at random.

use super::calls::CallResult;
use super::host::Host;
use super::program::Program;
use super::records::{replicate, write_record};
use super::resolver::{Lookup, Resolver};
use super::role::CacheLimits;
use crate::ground::clock::Span;
use crate::reality::dns::Rcode;
use crate::reality::machine::{Machine, Process};
use crate::words::note::ProgramChange;
use petri_objects::{Name, Uid};

fn resolve(host: &Host<'_>, program: &mut Program, name: &str, cache: CacheLimits) -> Option<Lookup> {
    let dns = (!host.network.is_cut(&program.node)).then(|| host.objects());
    let namespace = program.identity.namespace.clone();
    program.resolver.resolve(name, &namespace, cache, host.now, dns)
}

/// Calls a name once.
pub(super) fn client_turn(host: &mut Host<'_>, program: &mut Program, target: &Name, cache: CacheLimits) {
    let found = resolve(host, program, target, cache);
    let result = match &found {
        None => CallResult::NoName,
        Some(lookup) if lookup.addresses.is_empty() => match lookup.rcode {
            Rcode::NxDomain => CallResult::NoName,
            Rcode::NoError => CallResult::NoAddress,
        },
        Some(lookup) => {
            let pick = host.programs.random.below(lookup.addresses.len() as u64) as usize;
            call_address(host, program, &lookup.addresses[pick])
        }
    };
    let off = CacheLimits { positive: Span::ZERO, negative: Span::ZERO };
    let stale = found.filter(|lookup| lookup.cached).is_some_and(|lookup| {
        let fresh =
            Resolver::default().resolve(target, &program.identity.namespace, off, host.now, Some(host.objects()));
        fresh.is_none_or(|fresh| fresh.addresses != lookup.addresses)
    });
    if program.calls.count(result.clone(), stale, host.now) {
        host.tell(program, ProgramChange::Called { target: target.clone(), result });
    }
}

fn call_address(host: &mut Host<'_>, program: &Program, address: &Name) -> CallResult {
    let service = host.objects().services.values().find(|service| service.spec.cluster_ip == *address).cloned();
    let endpoint = match service {
        None => address.clone(),
        Some(service) => {
            let slices = host.objects().endpoint_slices.in_namespace(&service.metadata.namespace);
            let own = slices.filter(|slice| slice.service_name() == Some(&service.metadata.name));
            let ready: Vec<Name> = own
                .flat_map(|slice| slice.endpoints.iter())
                .filter(|endpoint| endpoint.conditions.ready != Some(false))
                .flat_map(|endpoint| endpoint.addresses.first().cloned())
                .collect();
            if ready.is_empty() {
                return CallResult::NoAddress;
            }
            let pick = host.programs.random.below(ready.len() as u64) as usize;
            ready[pick].clone()
        }
    };
    match process_at(host, &endpoint)
        .filter(|(machine, process)| process.answers && host.network.connects(&program.node, &machine.name))
    {
        Some((_, process)) => CallResult::Answered(process.identity.pod.clone(), endpoint),
        None => CallResult::NoAnswer(endpoint),
    }
}

fn process_at<'w>(host: &Host<'w>, address: &str) -> Option<(&'w Machine, &'w Process)> {
    host.machines.values().find_map(|machine| {
        let process = machine.processes.values().find(|process| &*process.ip == address)?;
        Some((machine, process))
    })
}

/// Looks which members answer, and accepts a write if they and this process are a majority.
pub(super) fn member_turn(
    host: &mut Host<'_>,
    program: &mut Program,
    service: &Name,
    members: u32,
    cache: CacheLimits,
) {
    let found = resolve(host, program, service, cache).map(|lookup| lookup.addresses).unwrap_or_default();
    let reached = |address: &Name| {
        let (machine, process) = process_at(host, address)?;
        let answers = process.answers && host.network.connects(&program.node, &machine.name);
        (answers && process.uid != program.uid).then_some(process.uid)
    };
    let mut majority: Vec<Uid> = found.iter().filter_map(reached).collect();
    majority.push(program.uid);
    program.tally.reached = majority.len() as u32;
    program.tally.accepts = program.tally.reached > members / 2;
    if program.tally.accepts {
        program.tally.accepted += 1;
        write_record(host, program);
        replicate(host, program, service, &majority);
    } else {
        program.tally.refused += 1;
    }
}
