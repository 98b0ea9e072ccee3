//! The network as it is: which machines can reach the control plane and each other, how fast, and in which direction.

use crate::ground::clock::{Span, Time};
use crate::ground::rare::Rare;
use crate::words::command::Direction;
use petri_objects::Name;
use std::collections::{BTreeMap, BTreeSet};

/// Cut links and since when.
///
/// Deviation: one link per machine, and one between each two machines. A machine that is cut off reaches neither the
/// control plane nor other machines nor the DNS; its disks it does reach, and its own processes reach each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Network {
    cut: BTreeMap<Name, Time>,
    /// Whether nobody listens at the other end.
    control_plane_down: bool,
    half: Rare<Impaired>,
}

/// What is wrong with links that are not simply cut.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Impaired {
    one_way: BTreeMap<Name, OneWay>,
    /// Machines that do not reach each other, the lesser name first.
    pairs: BTreeSet<(Name, Name)>,
    /// How long a packet is on its way, each way.
    latency: BTreeMap<Name, Span>,
}

/// A link that loses the packets of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OneWay {
    pub lost: Direction,
    pub since: Time,
    /// When the connections that were open before are given up.
    pub open_until: Time,
}

/// How long a connection outlives its link: client-go sends a ping when it has heard nothing for 30 s, and gives up after
/// 15 s without an answer (`HTTP2_READ_IDLE_TIMEOUT_SECONDS`, `HTTP2_PING_TIMEOUT_SECONDS`).
pub const CONNECTION_OUTLIVES: Span = Span::seconds(45);

/// The longest latency that can be set: there and back it stays below the 10 s that a kubelet waits for the renewal of
/// its lease, and a process for that of its lock.
pub const LONGEST_LATENCY: Span = Span::seconds(4);

/// What becomes of a request to the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Answered,
    /// It takes effect, and nobody hears of it.
    ReplyLost,
    Lost,
}

impl Network {
    /// Cuts a machine off from the control plane. `false` if it already is.
    pub fn cut(&mut self, node: Name, now: Time) -> bool {
        if self.cut.contains_key(&node) {
            return false;
        }
        self.half.one_way.remove(&node);
        self.cut.insert(node, now);
        true
    }
    /// Loses what one direction carries. `false` if it does already; a link that loses both is cut.
    pub fn cut_one_way(&mut self, node: Name, lost: Direction, now: Time) -> bool {
        match self.half.one_way.get(&node) {
            _ if self.cut.contains_key(&node) => false,
            Some(one_way) if one_way.lost == lost => false,
            Some(_) => self.cut(node, now),
            None => {
                let one_way = OneWay { lost, since: now, open_until: now + CONNECTION_OUTLIVES };
                self.half.one_way.insert(node, one_way);
                true
            }
        }
    }
    /// Heals the link: nothing is lost or late any more. `false` if it was whole.
    pub fn heal(&mut self, node: &str) -> bool {
        let cut = self.cut.remove(node).is_some();
        let half = &mut *self.half;
        let one_way = half.one_way.remove(node).is_some();
        let slow = half.latency.remove(node).is_some();
        let pairs = half.pairs.len();
        half.pairs.retain(|(a, b)| &**a != node && &**b != node);
        cut || one_way || slow || pairs != half.pairs.len()
    }
    /// Cuts two machines off from each other, or heals that. `false` if nothing changes.
    pub fn part(&mut self, a: &Name, b: &Name, on: bool) -> bool {
        let pair = if a < b { (a.clone(), b.clone()) } else { (b.clone(), a.clone()) };
        if on { self.half.pairs.insert(pair) } else { self.half.pairs.remove(&pair) }
    }
    /// Packets to and from a machine take so long, each way. `false` if nothing changes.
    pub fn delay(&mut self, node: Name, latency: Span) -> bool {
        let before = self.latency(&node);
        if latency == Span::ZERO {
            self.half.latency.remove(&node);
        } else {
            self.half.latency.insert(node, latency);
        }
        before != latency
    }
    /// Whoever had a connection over a half-cut link has it no more: the kubelet, the machine, or the API server ended.
    pub fn drop_connections(&mut self, node: Option<&str>, now: Time) {
        if self.half.one_way.is_empty() {
            return;
        }
        for (name, one_way) in &mut self.half.one_way {
            if node.is_none_or(|node| &**name == node) {
                one_way.open_until = one_way.open_until.min(now);
            }
        }
    }
    /// Whether requests arrive and are answered.
    pub fn reaches_control_plane(&self, node: &str) -> bool {
        !self.control_plane_down && !self.is_cut(node)
    }
    /// Whether the API server does not run: nobody reaches it.
    pub fn is_control_plane_down(&self) -> bool {
        self.control_plane_down
    }
    /// Whether any direction of the link is lost.
    pub fn is_cut(&self, node: &str) -> bool {
        self.cut.contains_key(node) || self.half.one_way.contains_key(node)
    }
    /// What becomes of a request of this machine to the API server.
    ///
    /// Deviation: TCP needs both directions. While a connection that was open before is not given up, requests still
    /// arrive where only incoming packets are lost; how many of them fit into the window of a sender that hears no
    /// acknowledgement is not counted.
    pub fn verdict(&self, node: &str, now: Time) -> Verdict {
        match self.half.one_way.get(node) {
            _ if self.control_plane_down || self.cut.contains_key(node) => Verdict::Lost,
            None => Verdict::Answered,
            Some(one_way) if one_way.lost == Direction::Incoming && now < one_way.open_until => Verdict::ReplyLost,
            Some(_) => Verdict::Lost,
        }
    }
    /// Whether what the API server sends over an open watch arrives: also for a while where only outgoing packets are lost.
    pub fn hears(&self, node: &str, now: Time) -> bool {
        match self.half.one_way.get(node) {
            _ if self.control_plane_down || self.cut.contains_key(node) => false,
            None => true,
            Some(one_way) => one_way.lost == Direction::Outgoing && now < one_way.open_until,
        }
    }
    /// Whether processes on two machines reach each other.
    pub fn connects(&self, a: &str, b: &str) -> bool {
        let parted = || self.half.pairs.iter().any(|(x, y)| (&**x, &**y) == (a, b) || (&**x, &**y) == (b, a));
        a == b || !(self.is_cut(a) || self.is_cut(b) || parted())
    }
    /// Whether there is an API server to reach.
    pub fn control_plane(&mut self, up: bool) {
        self.control_plane_down = !up;
    }
    /// Since when a machine is cut off, in one direction at least.
    pub fn cut_since(&self, node: &str) -> Option<Time> {
        self.cut.get(node).copied().or_else(|| self.one_way(node).map(|one_way| one_way.since))
    }
    /// The direction that a link loses, if it loses one of the two.
    pub fn one_way(&self, node: &str) -> Option<&OneWay> {
        self.half.one_way.get(node)
    }
    /// How long a packet to or from a machine is on its way.
    pub fn latency(&self, node: &str) -> Span {
        self.half.latency.get(node).copied().unwrap_or(Span::ZERO)
    }
    /// The machines that this one is cut off from, by name.
    pub fn parted_from<'a>(&'a self, node: &'a str) -> impl Iterator<Item = &'a Name> {
        self.half.pairs.iter().filter_map(move |(a, b)| match node {
            node if &**a == node => Some(b),
            node if &**b == node => Some(a),
            _ => None,
        })
    }
    /// Whether anything is wrong with a machine's links.
    pub fn is_impaired(&self, node: &str) -> bool {
        self.is_cut(node) || self.latency(node) > Span::ZERO || self.parted_from(node).next().is_some()
    }
}
