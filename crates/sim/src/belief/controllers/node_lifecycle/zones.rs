//! The more of a zone is lost, the more likely it is the controller itself that is cut off: evictions slow down, then
//! stop.
//!
//! Upstream: `ComputeZoneState`, `handleDisruption`, `nodelifecycle/scheduler/rate_limited_queue.go`.

use super::{Memory, taints};
use crate::belief::client::call::{Api, Awaiting};
use crate::ground::clock::{Span, Time};
use crate::ground::settings::Settings;
use petri_objects::*;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Nodes with this label do not count when a zone is judged.
const EXCLUDE_DISRUPTION: &str = "node.kubernetes.io/exclude-disruption";

/// How much of a zone is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ZoneState {
    /// Not judged yet.
    Initial,
    Normal,
    PartialDisruption,
    FullDisruption,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Zone {
    /// `None` while no node counts for the zone; its queue is still served.
    pub state: Option<ZoneState>,
    pub tainter: TaintQueue,
}

/// Nodes of a zone that are to be tainted NoExecute, one at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct TaintQueue {
    /// By the time from which on they may be processed, then by arrival.
    queue: Vec<(Time, Name)>,
    /// All that were added and not removed: a node that was processed is not processed again.
    members: BTreeSet<Name>,
    pub limiter: Limiter,
}

/// A bucket for one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Limiter {
    /// Tokens per 1000 seconds; 0 is never.
    rate_millis: u64,
    full_at: Time,
}

/// How many nodes of a zone count as ready, and how many not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Census {
    pub ready: u64,
    pub not_ready: u64,
}

impl Limiter {
    pub fn new(rate_millis: u64) -> Limiter {
        Limiter { rate_millis, full_at: Time::ZERO }
    }
    fn interval(&self) -> Span {
        Span::micros(Span::seconds(1_000).0 / self.rate_millis.max(1))
    }
    /// When the next token is there; `None` if never.
    pub fn next_token(&self) -> Option<Time> {
        (self.rate_millis > 0).then_some(self.full_at)
    }
    pub fn try_accept(&mut self, now: Time) -> bool {
        let accepted = self.next_token().is_some_and(|at| at <= now);
        if accepted {
            self.full_at = now + self.interval();
        }
        accepted
    }
    /// Another rate. Who had to wait before the swap has to wait after it.
    ///
    /// Upstream: `SwapLimiter`.
    pub fn swap(&mut self, rate_millis: u64, now: Time) {
        if self.rate_millis == rate_millis {
            return;
        }
        let drained = !self.try_accept(now);
        *self = Limiter::new(rate_millis);
        if drained {
            self.full_at = now + self.interval();
        }
    }
}

impl TaintQueue {
    pub fn add(&mut self, node: &Name, now: Time) -> bool {
        let added = self.members.insert(node.clone());
        if added {
            self.enter(now, node.clone());
        }
        added
    }
    fn enter(&mut self, at: Time, node: Name) {
        let place = self.queue.partition_point(|(other, _)| *other <= at);
        self.queue.insert(place, (at, node));
    }
    /// Forgets a node, so that it can be added again.
    pub fn remove(&mut self, node: &Name) {
        self.members.remove(node);
        self.finish(node);
    }
    /// Takes a processed node out of the line.
    pub fn finish(&mut self, node: &Name) {
        self.queue.retain(|(_, queued)| queued != node);
    }
    /// Puts a node that could not be processed behind those that are due.
    pub fn put_off(&mut self, node: &Name, until: Time) {
        self.finish(node);
        self.enter(until, node.clone());
    }
    pub fn head(&self) -> Option<&(Time, Name)> {
        self.queue.first()
    }
    pub fn contains(&self, node: &str) -> bool {
        self.members.contains(node)
    }
}

impl Memory {
    /// The zone's queue; a zone that was not judged in the last pass starts afresh.
    ///
    /// Upstream: `addPodEvictorForNewZone`.
    pub(super) fn add_zone(&mut self, node: &Node, settings: &Settings) {
        let key = zone_key(node);
        if self.zones.get(&*key).is_none_or(|zone| zone.state.is_none()) {
            let limiter = Limiter::new(settings.node_eviction_rate_millis);
            let tainter = TaintQueue { queue: Vec::new(), members: BTreeSet::new(), limiter };
            self.zones.insert(key.into(), Zone { state: Some(ZoneState::Initial), tainter });
        }
    }
    pub(super) fn tainter(&mut self, node: &Node) -> Option<&mut TaintQueue> {
        self.zones.get_mut(&*zone_key(node)).map(|zone| &mut zone.tainter)
    }
    /// Master disruption mode: no zone has a node that is ready.
    pub(super) fn all_zones_down(&self) -> bool {
        let mut states = self.zones.values().filter_map(|zone| zone.state).peekable();
        states.peek().is_some() && states.all(|state| state == ZoneState::FullDisruption)
    }
}

/// Region and zone of a node, empty without labels: all such nodes share a zone.
///
/// Upstream: `component-helpers/node/topology.GetZoneKey`.
pub(super) fn zone_key(node: &Node) -> Cow<'_, str> {
    let label = |key: &str| node.metadata.labels.get(key).map_or("", |value| value);
    match (label("topology.kubernetes.io/region"), label("topology.kubernetes.io/zone")) {
        ("", zone) => zone.into(),
        (region, zone) => [region, "/", zone].concat().into(),
    }
}

pub(super) fn is_excluded(node: &Node) -> bool {
    node.metadata.labels.get(EXCLUDE_DISRUPTION).is_some()
}

pub(super) fn compute_zone_state(census: Census, settings: &Settings) -> ZoneState {
    let Census { ready, not_ready } = census;
    if ready == 0 && not_ready > 0 {
        ZoneState::FullDisruption
    } else if not_ready > 2 && not_ready * 1_000 >= settings.unhealthy_zone_threshold_millis * (ready + not_ready) {
        ZoneState::PartialDisruption
    } else {
        ZoneState::Normal
    }
}

/// Thousandths of a node per second that may be tainted in a zone of that state.
///
/// Upstream: `setLimiterInZone`, `ReducedQPSFunc`, `HealthyQPSFunc`.
pub(super) fn eviction_rate_millis(state: ZoneState, zone_size: u64, settings: &Settings) -> u64 {
    match state {
        ZoneState::PartialDisruption if zone_size > settings.large_cluster_size_threshold => {
            settings.secondary_node_eviction_rate_millis
        }
        ZoneState::PartialDisruption => 0,
        // One zone that is lost altogether is likely lost indeed, as long as the others answer.
        ZoneState::Initial | ZoneState::Normal | ZoneState::FullDisruption => settings.node_eviction_rate_millis,
    }
}

/// Whether judging the zones will change what is thought of any of them.
pub(super) fn is_news(memory: &Memory, census: &BTreeMap<Name, Census>, settings: &Settings) -> bool {
    memory
        .zones
        .iter()
        .any(|(key, zone)| zone.state != census.get(key).map(|census| compute_zone_state(*census, settings)))
}

/// Judges all zones and sets the pace of each.
///
/// Upstream: `handleDisruption`.
pub(super) fn handle_disruption(
    memory: &mut Memory,
    census: &BTreeMap<Name, Census>,
    nodes: &[Rc<Node>],
    api: &mut Api<'_, Memory>,
) -> Result<(), Awaiting> {
    let (settings, now) = (api.settings, api.now);
    let judged: BTreeMap<&Name, ZoneState> =
        census.iter().map(|(zone, census)| (zone, compute_zone_state(*census, settings))).collect();
    let all_are_down = judged.values().all(|state| *state == ZoneState::FullDisruption);

    for (key, zone) in &mut memory.zones {
        if !judged.contains_key(key) {
            zone.state = None;
        }
    }
    let all_were_down = memory.zones.values().filter_map(|z| z.state).all(|state| state == ZoneState::FullDisruption);
    if all_are_down && all_were_down {
        return Ok(());
    }

    if all_are_down {
        for node in nodes {
            taints::mark_node_as_reachable(memory, node, api)?;
        }
        for zone in memory.zones.values_mut().filter(|zone| zone.state.is_some()) {
            zone.tainter.limiter.swap(0, now);
            zone.state = Some(ZoneState::FullDisruption);
        }
        return Ok(());
    }
    if all_were_down {
        for node in nodes {
            if let Some(health) = memory.health.get_mut(&node.metadata.name) {
                health.probed = now;
            }
        }
    }
    for (key, state) in judged {
        let Some(zone) = memory.zones.get_mut(key) else { continue };
        if all_were_down || zone.state != Some(state) {
            let size = census.get(key).map_or(0, |census| census.ready + census.not_ready);
            zone.tainter.limiter.swap(eviction_rate_millis(state, size, settings), now);
            zone.state = Some(state);
        }
    }
    Ok(())
}
