//! What is slow or stands still: physical facts, whatever anybody believes.

use crate::belief::api::watch::Change;
use crate::ground::clock::{Span, Time};
use crate::ground::digest::{self, Sum};
use crate::ground::rare::Rare;
use crate::words::command::StoragePart;
use crate::words::controller_id::ControllerId;
use crate::words::identity::Identity;
use petri_objects::Revision;
use rpds::Queue;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

/// What is slow or stands still.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    /// How long etcd takes to commit a write.
    ///
    /// Deviation: a person's own requests, events and the heartbeats of kubelets are committed at once; a controller
    /// has one worker, which waits for each of its writes.
    pub etcd: Span,
    /// Controllers whose process stands still.
    pub paused: BTreeSet<ControllerId>,
    /// By how much caches trail what they would have seen.
    pub cache_delays: BTreeMap<ControllerId, Span>,
    /// What is on its way to those caches.
    pub(crate) late: BTreeMap<ControllerId, Late>,
    /// Parts of the storage driver that hang, or work again, as soon as the driver's present sync has ended.
    pub(crate) storage: Rare<Vec<(StoragePart, bool)>>,
    /// After how long a process of a pod first answers, from its next start on.
    pub slow_starts: BTreeMap<Identity, Span>,
}

/// One step of a cache that trails: what has changed, and when it hears of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct News {
    pub(crate) due: Time,
    pub(crate) seen: Revision,
    pub(crate) changes: Vec<Change>,
}

/// What is on its way to a cache that trails, the earliest first.
///
/// Invariant: it costs what has changed, and a copy of it next to nothing: every kept moment of a run has one.
#[derive(Clone, Debug, Default)]
pub struct Late {
    news: Queue<News>,
    sum: Sum,
}

impl PartialEq for Late {
    fn eq(&self, other: &Late) -> bool {
        self.sum == other.sum && self.news.len() == other.news.len() && self.news.iter().eq(other.news.iter())
    }
}

impl Eq for Late {}

impl Hash for Late {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.news.len() as u64);
        // Each has a revision of its own, so their order is in their digests.
        self.sum.hash(state);
    }
}

impl Late {
    pub(crate) fn push(&mut self, news: News) {
        self.sum.add(digest::of(&news));
        self.news.enqueue_mut(news);
    }
    /// What is heard by now.
    pub(crate) fn pop(&mut self, now: Time) -> Option<News> {
        let first = self.news.peek().filter(|first| first.due <= now)?.clone();
        self.sum.subtract(digest::of(&first));
        self.news.dequeue_mut();
        Some(first)
    }
    /// When the next is heard.
    pub(crate) fn next(&self) -> Option<Time> {
        self.news.peek().map(|first| first.due)
    }
}

/// What is wrong with one process, until it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ills {
    /// It says that it is not ready.
    pub unready: bool,
    /// It says that it is not well.
    pub unwell: bool,
    /// It answers nothing before, counted from its start.
    pub answers_after: Span,
    /// How long it takes from SIGTERM to exit.
    pub stop: Option<Span>,
    /// When a pause of it ends by itself.
    pub paused_until: Option<Time>,
}
