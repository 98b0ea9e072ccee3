//! A cache that may lag: an older root of the same store.

use crate::belief::api::shelf::{Key, Objects};
use crate::ground::clock::{Span, Time};
use crate::ground::settings::Settings;
use petri_objects::Revision;
use std::rc::Rc;

/// What one component has seen of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Informer {
    pub cache: Rc<Objects>,
    pub seen: Revision,
}

/// What `enqueue` may look at, and where it puts keys.
pub struct Enqueue<'w, M = ()> {
    pub cache: &'w Objects,
    /// What the controller keeps in its own memory.
    pub memory: &'w mut M,
    pub settings: &'w Settings,
    pub now: Time,
    pub(crate) keys: Vec<(Key, Span)>,
}

impl<'w, M> Enqueue<'w, M> {
    pub(crate) fn new(cache: &'w Objects, memory: &'w mut M, settings: &'w Settings, now: Time) -> Enqueue<'w, M> {
        Enqueue { cache, memory, settings, now, keys: Vec::new() }
    }
    /// The same for one of those whose memories are kept together.
    pub(crate) fn of<N>(self) -> Enqueue<'w, N>
    where
        M: AsMut<N>,
    {
        Enqueue {
            cache: self.cache,
            memory: self.memory.as_mut(),
            settings: self.settings,
            now: self.now,
            keys: self.keys,
        }
    }
    pub fn add(&mut self, key: Key) {
        self.keys.push((key, Span::ZERO));
    }
    pub fn add_after(&mut self, key: Key, span: Span) {
        self.keys.push((key, span));
    }
}
