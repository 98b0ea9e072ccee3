//! The watch log: every write, in the order in which the store took it.

use crate::words::actor::{Actor, Cause};
use petri_objects::{Kind, Object, ObjectRef, Revision, Time};

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
