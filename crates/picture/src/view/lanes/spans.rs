//! What lanes are made of.

use crate::view::identity::Identity;
use petri_objects::{Name, ObjectRef, Time, Uid};

/// What a lane is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LaneKey {
    /// A pod's name, whichever pod has it.
    Identity {
        namespace: Name,
        pod: Name,
    },
    /// A volume, by its own name.
    Volume(Name),
    Node(Name),
    /// A set: how many pods it asked for, and how many were Ready.
    Set(ObjectRef),
    /// A lock, `default/lease/leader`: whom its record names, and who acts as its holder.
    Lock(Name),
    /// What a client hears of those that it calls.
    Client {
        namespace: Name,
        pod: Name,
    },
}

/// How a span is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bar {
    // Belief about a pod.
    /// No node has it.
    Pending,
    Creating,
    Running,
    Ready,
    Terminating,
    Ended,
    /// Reality: a process runs.
    Process,
    Attached,
    // Belief about a node.
    NodeReady,
    NodeLost,
    // Reality of a machine.
    Cut,
    Off,
    KubeletStopped,
    /// A lock's record names somebody.
    Record,
    /// Somebody acts as the holder of a lock.
    Acts,
    // What a client hears.
    Answered,
    Unanswered,
    // What a disk makes of records.
    Taken,
    Refused,
    Stale,
    // What the DNS answers for a pod's own name from here on: an address, or that there is no such name.
    Named,
    Nameless,
    /// Not a span: another owner's lanes end here.
    Parts,
}

impl Bar {
    /// The class that draws it.
    pub fn class(self) -> &'static str {
        match self {
            Bar::Pending | Bar::Creating => "bar0",
            Bar::Running => "bar2",
            Bar::Ready | Bar::Terminating | Bar::Attached => "bar1",
            Bar::Ended => "bar3",
            Bar::Process => "real",
            Bar::NodeReady | Bar::Record | Bar::Answered => "gray",
            Bar::NodeLost | Bar::Cut | Bar::Unanswered | Bar::Refused => "amb",
            Bar::Acts | Bar::Taken => "ink",
            Bar::Stale => "stale",
            Bar::Named => "named",
            Bar::Nameless => "named no",
            Bar::Parts => "parts",
            Bar::Off | Bar::KubeletStopped => "offbar",
        }
    }
}

/// Something that lasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub bar: Bar,
    pub from: Time,
    /// `None` while it lasts.
    pub to: Option<Time>,
    pub uid: Uid,
    pub node: Name,
    /// Whom a lock's record names or who acts as its holder, whose records a disk takes, why a call fails; of what is
    /// believed of a pod, the name of its revision.
    pub who: Name,
}

impl Span {
    pub(super) fn begins(bar: Bar, from: Time, uid: Uid, node: Name) -> Span {
        Span { bar, from, to: None, uid, node, who: Name::default() }
    }
    pub fn covers(&self, from: Time, to: Time) -> bool {
        self.from < to && self.to.is_none_or(|end| end > from)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    pub identity: Identity,
    /// The set of a pod's name.
    pub set: Option<ObjectRef>,
    /// What a client calls.
    pub calls: Name,
    /// What the DNS answers for a pod's own name, whenever that changed.
    pub answers: Vec<Answer>,
    pub belief: Vec<Span>,
    pub reality: Vec<Span>,
}

/// The answer for a pod's own name below a headless Service, from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub at: Time,
    pub service: Name,
    /// Empty where the name does not exist.
    pub address: Name,
}

/// Ends what lasts.
pub(super) fn close(spans: &mut [Span], at: Time, which: impl Fn(&Span) -> bool) {
    for span in spans.iter_mut().rev().filter(|span| span.to.is_none() && which(span)) {
        span.to = Some(at);
    }
}
