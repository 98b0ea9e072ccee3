//! What is slow or stands still: physical facts, whatever anybody believes.

use crate::belief::api::shelf::Objects;
use crate::belief::api::watch::Change;
use crate::ground::clock::{Span, Time};
use crate::words::controller_id::ControllerId;
use crate::words::identity::Identity;
use petri_objects::Revision;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

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
    pub(crate) late: BTreeMap<ControllerId, VecDeque<News>>,
    /// After how long a process of a pod first answers, from its next start on.
    pub slow_starts: BTreeMap<Identity, Span>,
}

/// One step of a cache that trails.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct News {
    pub(crate) root: Rc<Objects>,
    pub(crate) seen: Revision,
    pub(crate) changes: Vec<Change>,
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
