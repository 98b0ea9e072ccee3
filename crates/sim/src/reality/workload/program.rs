//! Processes that do something by themselves: what each knows, and the clocks by which it knows it.

use super::calls::Calls;
use super::lock_server::LockServers;
use super::resolver::Resolver;
use super::role::Role;
use crate::ground::clock::{Span, Time};
use crate::ground::random::Stream;
use crate::reality::machine::ProcessId;
use crate::words::identity::Identity;
use petri_objects::{Name, Object, Uid};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How many tenures of locks are remembered.
const TENURES: usize = 64;

/// Everything about processes that act.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Programs {
    pub running: BTreeMap<ProcessId, Program>,
    pub lock_servers: LockServers,
    /// Who believed to hold which lock, the earliest first.
    pub tenures: Vec<Tenure>,
    /// Clocks that do not run as time does, by machine.
    pub clocks: BTreeMap<Name, MachineClock>,
    pub(super) random: Stream,
    /// How many records each quorum has acknowledged, as far as any of its members knows.
    pub(super) acknowledged: BTreeMap<Name, u64>,
    /// Counts the tenures of all locks: the true order of holders, which no process knows.
    pub(super) terms: u64,
}

/// A process that acts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Program {
    pub role: Rc<Role>,
    pub node: Name,
    pub identity: Identity,
    pub uid: Uid,
    pub started: Time,
    /// The name under which it stands for locks: no two processes share one, not even two runs of a container.
    pub id: Name,
    /// It runs, but somebody has stopped its time.
    pub hangs: bool,
    /// It was asked to stop.
    pub cancelled: bool,
    /// For when its next event is planned.
    pub due: Option<Time>,
    pub(super) work_at: Option<Time>,
    pub(super) lock_at: Option<Time>,
    pub hold: Hold,
    pub resolver: Resolver,
    pub calls: Calls,
    pub tally: Tally,
}

/// What a process knows about the lock that it wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hold {
    /// Whether it believes to hold the lock, and acts on it.
    pub acts: bool,
    /// The fencing token that it sends with each record, where the lock gives one.
    pub token: Option<u64>,
    /// The true number of its tenure.
    pub term: u64,
    /// The record as it was last seen, and when it first looked so, by the own clock.
    pub seen: Option<(Object, Time)>,
    /// Since when it fails to renew, by the own clock.
    pub failing_since: Option<Time>,
    pub session: Option<u64>,
    /// Its place in the queue of a session lock.
    pub number: Option<u64>,
    /// When the lock server last answered, by the own clock.
    pub heard: Time,
    /// When it gives a TTL lock back, by the own clock.
    pub until: Time,
}

/// What a quorum member counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tally {
    pub accepted: u64,
    pub refused: u64,
    /// How many members it reached last, itself included.
    pub reached: u32,
    pub accepts: bool,
}

/// A span in which a process believed to hold a lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tenure {
    /// `default/lease/leader`.
    pub lock: Name,
    pub by: Name,
    pub process: ProcessId,
    pub node: Name,
    pub token: Option<u64>,
    pub term: u64,
    pub from: Time,
    /// `None` while it lasts.
    pub to: Option<Time>,
}

/// A machine's clock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MachineClock {
    /// When its pace was last changed, and what it counted then.
    since: Time,
    reading: Time,
    /// 100 for a clock that runs as time does.
    pub percent: u32,
    /// How far the time of day that it shows is ahead, or behind. Spans are not measured by it.
    pub ahead_seconds: i64,
}

impl Programs {
    pub fn new(seed: u64) -> Programs {
        Programs {
            running: BTreeMap::new(),
            lock_servers: LockServers::default(),
            tenures: Vec::new(),
            clocks: BTreeMap::new(),
            random: Stream::new(seed, "workloads"),
            acknowledged: BTreeMap::new(),
            terms: 0,
        }
    }
    /// Whether nothing of all this has ever been used.
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }
    /// What the clock of a machine counts: spans are measured by it.
    pub fn local(&self, node: &str, now: Time) -> Time {
        match self.clocks.get(node) {
            None => now,
            Some(clock) => {
                clock.reading + Span(now.since(clock.since).0.saturating_mul(u64::from(clock.percent)) / 100)
            }
        }
    }
    /// The time of day that a machine shows.
    pub fn wall(&self, node: &str, now: Time) -> Time {
        let ahead = self.clocks.get(node).map_or(0, |clock| clock.ahead_seconds);
        Time(self.local(node, now).0.saturating_add_signed(ahead.saturating_mul(1_000_000)))
    }
    /// How long it really takes until a machine's clock has counted so much.
    pub(super) fn truly(&self, node: &str, span: Span) -> Span {
        match self.clocks.get(node) {
            None => span,
            // Rounded up: who wakes a microsecond early would wait for no time at all.
            Some(clock) => Span(span.0.saturating_mul(100).div_ceil(u64::from(clock.percent))),
        }
    }
    pub fn set_clock(&mut self, node: &Name, percent: u32, ahead_seconds: i64, now: Time) {
        let reading = self.local(node, now);
        if percent == 100 && ahead_seconds == 0 && reading == now {
            self.clocks.remove(node);
            return;
        }
        self.clocks.insert(node.clone(), MachineClock { since: now, reading, percent, ahead_seconds });
    }
    /// A wait of `span` and up to 1.2 times as much again.
    pub(super) fn jittered(&mut self, span: Span) -> Span {
        span + Span(self.random.below(span.0.saturating_mul(12) / 10))
    }
    pub(super) fn end_tenure(&mut self, process: &ProcessId, now: Time) {
        for tenure in self.tenures.iter_mut().filter(|t| t.process == *process && t.to.is_none()) {
            tenure.to = Some(now);
        }
    }
    pub(super) fn begin_tenure(&mut self, program: &mut Program, id: &ProcessId, token: Option<u64>, now: Time) {
        let Some(lock) = program.lock_name() else { return };
        program.hold.acts = true;
        program.hold.token = token;
        let last = self.tenures.iter_mut().rev().find(|tenure| tenure.lock == lock);
        if let Some(last) = last.filter(|last| last.process == *id && last.token == token && last.to == Some(now)) {
            // Given back and taken again at once: the same tenure goes on.
            last.to = None;
            return;
        }
        self.terms += 1;
        program.hold.term = self.terms;
        if self.tenures.len() >= TENURES
            && let Some(oldest) = self.tenures.iter().position(|tenure| tenure.to.is_some())
        {
            self.tenures.remove(oldest);
        }
        self.tenures.push(Tenure {
            lock,
            by: program.id.clone(),
            process: id.clone(),
            node: program.node.clone(),
            token,
            term: self.terms,
            from: now,
            to: None,
        });
    }
}

impl Program {
    /// `default/lease/leader`.
    pub fn lock_name(&self) -> Option<Name> {
        match &*self.role {
            Role::Holder(c) => Some(format!("{}/{}/{}", self.identity.namespace, c.kind.as_str(), c.lock).into()),
            _ => None,
        }
    }
    /// Whether both are candidates for one lock.
    pub fn wants_lock_of(&self, other: &Program) -> bool {
        match (&*self.role, &*other.role) {
            (Role::Holder(own), Role::Holder(others)) => {
                own.kind == others.kind
                    && own.lock == others.lock
                    && self.identity.namespace == other.identity.namespace
            }
            _ => false,
        }
    }
    pub(super) fn next(&self) -> Option<Time> {
        [self.work_at, self.lock_at].into_iter().flatten().min()
    }
}
