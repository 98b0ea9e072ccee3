//! What the scheduler keeps between attempts.

use super::index::Index;
use super::queue::Queue;
use crate::ground::random::Stream;
use crate::ground::settings::Settings;
use petri_objects::Name;
use std::collections::BTreeSet;
use std::rc::Rc;

/// What the scheduler keeps between attempts. Lost on a restart, and read again from the cache.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Memory {
    pub(super) index: Index,
    pub(super) queue: Queue,
    pub(super) ties: Stream,
    /// Which of the recorded placements were used, by position.
    pub(super) placed: Rc<BTreeSet<u32>>,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory { index: Index::default(), queue: Queue::default(), ties: Stream::new(0, "ties"), placed: Rc::default() }
    }
}

impl Memory {
    /// Chooses the stream that breaks ties.
    pub fn seed(&mut self, seed: u64) {
        self.ties = Stream::new(seed, "scheduler");
    }

    /// The scheduler starts again and knows nothing but what it reads; chance and recordings go on where they were.
    pub fn restart(&mut self) {
        self.index = Index::default();
        self.queue = Queue::default();
    }

    /// The recorded node of a pod of that name, if there is one that was not used yet.
    pub(super) fn recorded(&self, pod: &str, settings: &Settings) -> Option<(u32, Name)> {
        let unused = |(at, entry): &(u32, &(Name, Name))| *entry.0 == *pod && !self.placed.contains(at);
        (0..).zip(&settings.placements).find(unused).map(|(at, (_, node))| (at, node.clone()))
    }
}
