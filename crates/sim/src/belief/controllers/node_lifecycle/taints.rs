//! Taints say aloud what the conditions of a node mean: NoSchedule at once, NoExecute one node after the other.
//!
//! Upstream: `doNoScheduleTaintingPass`, `doNoExecuteTaintingPass`, `processTaintBaseEviction`.
//!
//! Deviation: upstream looks every 100 ms whether a node may be tainted; here the look is planned for the 100 ms mark at
//! which it can succeed, and after each pass of the monitor while a zone's evictions stand still.

use super::zones::ZoneState;
use super::{Memory, SLACK, zones};
use crate::belief::api::request::Patch;
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::client::call::{Api, Awaiting, Done, Outcome};
use crate::ground::clock::{Span, Time};
use crate::words::reason::Reason;
use petri_objects::*;

pub(super) const NOT_READY: &str = "node.kubernetes.io/not-ready";
pub(super) const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// Which status of which condition means which taint.
const CONDITION_TAINTS: [(&str, &str, &str); 6] = [
    ("Ready", "False", NOT_READY),
    ("Ready", "Unknown", UNREACHABLE),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
];

/// How often upstream looks at the queues of the zones.
pub(super) const POLL: Span = Span::millis(100);
/// A node that cannot be judged is tried again after this.
const RETRY: Span = Span::millis(50);

/// The first 100 ms mark after an instant.
pub(super) fn next_poll(now: Time) -> Time {
    Time(now.0 - now.0 % POLL.0) + POLL
}

fn taint(key: &str, effect: &str, now: Time) -> Taint {
    Taint { key: key.into(), effect: effect.into(), time_added: now.whole_seconds(), value: "".into() }
}

/// Makes the NoSchedule taints of a node follow its conditions and its cordon.
pub(super) fn do_no_schedule_tainting_pass(name: &Name, api: &mut Api<'_, Memory>) -> Outcome {
    let cache = api.cache();
    let Some(node) = cache.nodes.get(&Key::new("", name.clone())) else { return Ok(Done::settled()) };
    let wanted: Vec<&str> = (node.status.conditions.iter())
        .filter_map(|condition| {
            let known = CONDITION_TAINTS
                .iter()
                .find(|(kind, status, _)| (*kind, *status) == (&*condition.kind, &*condition.status));
            known.map(|(_, _, key)| *key)
        })
        .chain(node.spec.unschedulable.then_some(UNSCHEDULABLE))
        .collect();
    let is_ours = |key: &str| key == UNSCHEDULABLE || CONDITION_TAINTS.iter().any(|(_, _, ours)| *ours == key);
    let add: Vec<Taint> = (wanted.iter())
        .filter(|key| !node.has_taint(key, "NoSchedule"))
        .map(|key| taint(key, "NoSchedule", api.now))
        .collect();
    let remove: Vec<Taint> = (node.spec.taints.iter())
        .filter(|taint| &*taint.effect == "NoSchedule" && is_ours(&taint.key) && !wanted.contains(&&*taint.key))
        .cloned()
        .collect();
    if !swap(node, add, remove, api)? {
        // Upstream drops the node from its queue here and waits for the node's next change.
        return Ok(Done::after(api.settings.node_monitor_period));
    }
    Ok(Done::settled())
}

/// Adds, then removes, in two writes as upstream. `false` if the API server refused.
///
/// Upstream: `SwapNodeControllerTaint`.
fn swap(node: &Node, add: Vec<Taint>, remove: Vec<Taint>, api: &mut Api<'_, Memory>) -> Result<bool, Awaiting> {
    for (add, remove) in [(add, Vec::new()), (Vec::new(), remove)] {
        if add.is_empty() && remove.is_empty() {
            continue;
        }
        let target = ObjectRef::new(Kind::Node, "", node.metadata.name.clone());
        if api.patch(target, None, Patch::Taints { add, remove })?.is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes both NoExecute taints from a node and the node from its zone's queue.
pub(super) fn mark_node_as_reachable(
    memory: &mut Memory,
    node: &Node,
    api: &mut Api<'_, Memory>,
) -> Result<(), Awaiting> {
    for key in [UNREACHABLE, NOT_READY] {
        if node.has_taint(key, "NoExecute") && !swap(node, Vec::new(), vec![taint(key, "NoExecute", api.now)], api)? {
            return Ok(());
        }
    }
    if let Some(tainter) = memory.tainter(node) {
        tainter.remove(&node.metadata.name);
    }
    Ok(())
}

/// The taint that a Ready condition asks for, and the one that must go with it.
fn taints_of(ready: &str) -> Option<(&'static str, &'static str)> {
    match ready {
        "False" => Some((NOT_READY, UNREACHABLE)),
        "Unknown" => Some((UNREACHABLE, NOT_READY)),
        _ => None,
    }
}

/// Puts a lost node in line for its NoExecute taint, or takes a node that is back out of it. A node that has the other
/// taint already gets the right one without waiting.
pub(super) fn process_taint_base_eviction(
    memory: &mut Memory,
    node: &Node,
    ready: &str,
    api: &mut Api<'_, Memory>,
) -> Result<(), Awaiting> {
    let Some((wanted, opposite)) = taints_of(ready) else {
        return mark_node_as_reachable(memory, node, api);
    };
    let now = api.now;
    if node.has_taint(opposite, "NoExecute") {
        let (add, remove) = (taint(wanted, "NoExecute", now), taint(opposite, "NoExecute", now));
        swap(node, vec![add], vec![remove], api)?;
    } else if let Some(tainter) = memory.tainter(node) {
        if !node.has_taint(wanted, "NoExecute") {
            tainter.remove(&node.metadata.name);
        }
        tainter.add(&node.metadata.name, now);
    }
    Ok(())
}

/// Taints as many queued nodes as the limiters of their zones let through.
pub(super) fn do_no_execute_tainting_pass(memory: &mut Memory, api: &mut Api<'_, Memory>) -> Outcome {
    let (cache, now) = (api.cache(), api.now);
    if let Some((zone, name, until)) = memory.tainting.clone() {
        if now < until {
            return Ok(Done::after(until.since(now)));
        }
        memory.tainting = None;
        let written = no_execute(&cache, &name, api)?;
        memory.tainted += 1;
        if let Some(zone) = memory.zones.get_mut(&zone) {
            match written {
                Ok(()) => zone.tainter.finish(&name),
                Err(wait) => zone.tainter.put_off(&name, now + wait),
            }
        }
    }
    if let Some(until) = during_a_pass(memory, api) {
        return Ok(Done::after(until.since(now)));
    }
    for zone in memory.zones.values_mut() {
        while let Some((process_at, name)) = zone.tainter.head().cloned() {
            if busy_until(&name, api) > now || !zone.tainter.limiter.try_accept(now) || now < process_at {
                break;
            }
            match no_execute(&cache, &name, api)? {
                Ok(()) => zone.tainter.finish(&name),
                Err(wait) => zone.tainter.put_off(&name, now + wait),
            }
            memory.tainted += 1;
        }
    }
    Ok(plan(memory, &cache, api))
}

impl Memory {
    /// When the evictor looks next whether a node may be tainted.
    pub(super) fn next_look(&self, now: Time) -> Time {
        let of_pass = self.open.as_ref().and_then(|open| open.course.taints.front());
        of_pass.map_or(next_poll(now), |(from, _)| now.max(*from))
    }
}

/// While a pass of the monitor goes on, a taint takes as long as the client needs for it. When to look again, if so.
fn during_a_pass(memory: &mut Memory, api: &Api<'_, Memory>) -> Option<Time> {
    let now = api.now;
    let open = memory.open.as_mut()?;
    let Some(&(from, written)) = open.course.taints.front() else {
        // The course may have ended before the monitor gets to judge it: its requests can take longer than planned.
        return Some(next_poll(open.course.ends.max(now)));
    };
    if now < from {
        return Some(from);
    }
    for (key, zone) in &mut memory.zones {
        let Some((process_at, name)) = zone.tainter.head().cloned() else { continue };
        if busy_until(&name, api) <= now && process_at <= now && zone.tainter.limiter.try_accept(now) {
            open.course.taints.pop_front();
            let until = now + written.since(from);
            memory.tainting = Some((key.clone(), name, until));
            return Some(until);
        }
    }
    Some(next_poll(now))
}

/// Taints one node. An error says how long to wait before the next try.
fn no_execute(cache: &Objects, name: &Name, api: &mut Api<'_, Memory>) -> Result<Result<(), Span>, Awaiting> {
    let Some(node) = cache.nodes.get(&Key::new("", name.clone())) else { return Ok(Ok(())) };
    let Some(ready) = condition(&node.status.conditions, "Ready") else { return Ok(Err(RETRY)) };
    let Some((wanted, opposite)) = taints_of(&ready.status) else { return Ok(Ok(())) };
    let remove =
        if node.has_taint(opposite, "NoExecute") { vec![taint(opposite, "NoExecute", api.now)] } else { vec![] };
    let done = swap(node, vec![taint(wanted, "NoExecute", api.now)], remove, api)?;
    Ok(if done { Ok(()) } else { Err(Span::ZERO) })
}

/// Until when a recording says that other work had used up the tokens.
fn busy_until(node: &Name, api: &Api<'_, Memory>) -> Time {
    let busy = api.settings.limiter_busy.iter().filter(|(name, _)| name == node);
    busy.map(|(_, until)| *until).max().unwrap_or(Time::ZERO)
}

/// When to look again, and what the queued nodes wait for.
fn plan(memory: &Memory, cache: &Objects, api: &Api<'_, Memory>) -> Done {
    let (now, period) = (api.now, api.settings.node_monitor_period + SLACK);
    let next_pass = if memory.last_pass + period > now { memory.last_pass + period } else { now + period };
    let mut wake: Option<Time> = None;
    let mut waiting = None;
    let mut consider = |at: Time, reason: Option<Reason>| {
        if wake.is_none_or(|earlier| at < earlier) {
            wake = Some(at);
            waiting = reason.or(waiting.take());
        }
    };
    for (name, zone) in &memory.zones {
        let Some((process_at, node)) = zone.tainter.head() else { continue };
        let disrupted = || Reason::ZoneDisrupted { zone: name.clone() };
        match zone.tainter.limiter.next_token() {
            None if memory.all_zones_down() => consider(next_poll(next_pass), Some(Reason::AllZonesDown)),
            None => consider(next_poll(next_pass), Some(disrupted())),
            Some(token) => {
                let at = token.max(*process_at).max(busy_until(node, api)).max(now + Span::micros(1));
                let at = next_poll(at - Span::micros(1));
                let limited = || Reason::EvictionRateLimited { node: node.clone(), until: at };
                let slow = zone.state == Some(ZoneState::PartialDisruption);
                consider(at, Some(if slow { disrupted() } else { limited() }));
            }
        }
    }
    let overlooked = cache.nodes.values().any(|node| {
        let ready = condition(&node.status.conditions, "Ready");
        let taint = ready.and_then(|ready| taints_of(&ready.status));
        taint.is_some_and(|(key, _)| !node.has_taint(key, "NoExecute"))
            && !memory.zones.get(&*zones::zone_key(node)).is_some_and(|zone| zone.tainter.contains(&node.metadata.name))
    });
    if overlooked {
        consider(next_poll(next_pass), None);
    }
    Done { waiting, after: wake.map(|at| at.since(now)) }
}
