//! The watch log: every write, in the order in which the store took it.

use crate::belief::controllers::ControllerId;
use petri_objects::{Kind, Name, Object, ObjectRef, Revision, Time};

/// One write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    pub revision: Revision,
    pub at: Time,
    pub by: Actor,
    pub cause: Cause,
    pub old: Option<Object>,
    pub new: Option<Object>,
}

impl Change {
    /// The object after the change, or before it if the change removed it.
    pub fn object(&self) -> &Object {
        self.new.as_ref().or(self.old.as_ref()).expect("a change has an object before or after it")
    }
    pub fn kind(&self) -> Kind {
        self.object().kind()
    }
    pub fn reference(&self) -> ObjectRef {
        self.object().reference()
    }
    /// The person's command that the write carried out, if it did.
    pub fn command(&self) -> Option<u32> {
        match self.cause {
            Cause::Command(number) => Some(number),
            _ => None,
        }
    }
}

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
            Actor::Controller(id) => id.controller().name,
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
