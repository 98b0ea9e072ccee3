//! What this server remembers beside the world: lists that somebody pages through, clients that watch, who manages what.

use crate::managers::Managers;
use petri_objects::{ObjectRef, Revision, Value};
use petri_sim::belief::api::shelf::Objects;
use std::collections::VecDeque;
use std::rc::Rc;
use tokio::sync::mpsc;

/// How many events a watcher may be behind before it is let go.
const MOST_PENDING: usize = 4_096;
/// How many lists can be paged through at once.
const MOST_SNAPSHOTS: usize = 64;
/// How many clients may watch at once.
pub const MOST_WATCHERS: usize = 1_000;

/// What comes of a watch, line by line.
#[derive(Debug)]
pub struct Stream(pub mpsc::Receiver<String>);

/// Where the lines of a watch go.
#[derive(Clone, Debug)]
pub struct Sink(mpsc::Sender<String>);

impl Sink {
    pub fn open() -> (Sink, Stream) {
        let (sender, receiver) = mpsc::channel(MOST_PENDING);
        (Sink(sender), Stream(receiver))
    }
    /// `false` if nobody reads any more, or not fast enough.
    pub fn send(&self, line: String) -> bool {
        self.0.try_send(line).is_ok()
    }
    pub fn is_open(&self) -> bool {
        !self.0.is_closed()
    }
    /// How many lines have not been taken yet.
    pub fn pending(&self) -> usize {
        self.0.max_capacity() - self.0.capacity()
    }
}

/// The memory of the server.
#[derive(Debug, Default)]
pub struct Memory {
    snapshots: VecDeque<(Revision, Rc<Objects>)>,
    pub managers: Managers,
    /// Who follows what a container says.
    pub followed: Vec<(ObjectRef, String, Sink)>,
    /// Changes up to here are forgotten: who asks for older ones is told to list anew.
    pub forgotten: Revision,
}

impl Memory {
    /// Keeps what the store holds now, for those who page through a list.
    pub fn keep(&mut self, revision: Revision, objects: Rc<Objects>) {
        if self.snapshots.iter().any(|(known, _)| *known == revision) {
            return;
        }
        self.snapshots.push_back((revision, objects));
        if self.snapshots.len() > MOST_SNAPSHOTS {
            self.snapshots.pop_front();
        }
    }
    pub fn at(&self, revision: Revision) -> Option<Rc<Objects>> {
        self.snapshots.iter().find(|(known, _)| *known == revision).map(|(_, objects)| objects.clone())
    }
    /// Forgets what was, as a compaction of etcd does.
    pub fn forget(&mut self, until: Revision) {
        self.snapshots.retain(|(revision, _)| *revision > until);
        self.forgotten = until;
    }
}

/// A map with keys in the order in which they are given.
pub fn map(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
}
