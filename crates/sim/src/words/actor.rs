//! Who acts, and what led to it.

use crate::words::controller_id::ControllerId;
use petri_objects::{Name, Revision};

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// The person in front of the page.
    User,
    Controller(ControllerId),
    /// The kubelet of a node.
    Kubelet(Name),
    /// A process of the pod with this name.
    Process(Name),
    /// What the scenario had before it began.
    Setup,
}

impl Actor {
    /// The name that events and explanations use.
    pub fn name(&self) -> &str {
        match self {
            Actor::User => "you",
            Actor::Controller(id) => id.name(),
            Actor::Kubelet(_) => "kubelet",
            Actor::Process(pod) => pod,
            Actor::Setup => "setup",
        }
    }
}

/// What led to a write. Following it backwards answers "why is it like this?".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    #[default]
    None,
    /// The write that the actor reacted to.
    Write(Revision),
    /// The command of the person, by its number.
    Command(u32),
    /// A clock ran out: a period, a toleration, a grace.
    Timer,
}
