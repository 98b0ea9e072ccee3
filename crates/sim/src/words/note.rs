//! What an event did, told to whoever drives the world: the timeline, the console, the trace of a replay.
//!
//! Notes are not part of the world: applying the same event to the same world gives the same notes again.

use crate::ground::clock::Time;
use crate::words::actor::{Actor, Cause};
use crate::words::api_error::ApiError;
use crate::words::command::{Command, Direction};
use crate::words::identity::Identity;
use crate::words::invariants::{Guarantee, Standing};
use petri_objects::{Name, Object, ObjectRef, Revision, Uid};
use std::rc::Rc;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Note {
    pub at: Time,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// The API server took a write.
    Write {
        revision: Revision,
        by: Actor,
        cause: Cause,
        target: ObjectRef,
        uid: Uid,
        verb: Verb,
        /// The object after the write; before it, if it was deleted.
        object: Object,
        /// The object before an update.
        old: Option<Object>,
    },
    /// A person did something, and what came of it.
    Command {
        number: u32,
        command: Rc<Command>,
        result: Result<Answer, ApiError>,
        /// The line that was typed for it, if the command by itself would be told in other words.
        said: Option<Name>,
    },
    /// A process changed on a machine.
    Process { node: Name, identity: Identity, uid: Uid, container: Name, change: ProcessChange },
    /// A machine lost or got power, or its link to the control plane.
    Machine { node: Name, change: MachineChange },
    /// A guarantee's standing changed.
    Guarantee { guarantee: Guarantee, subject: Name, standing: Standing },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    Created,
    Updated,
    /// A deletion was asked for; the object stays until it is confirmed.
    MarkedForDeletion,
    Deleted,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ProcessChange {
    Started {
        restarts: u32,
    },
    Ready,
    Unready,
    /// SIGTERM, and how long it has, in seconds. `orphan` if no object asks for it any more.
    AskedToStop {
        grace_seconds: u64,
        orphan: bool,
    },
    Stopped {
        exit_code: i32,
    },
    /// Gone with the machine's power.
    Died,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MachineChange {
    PoweredOff,
    PoweredOn,
    KubeletStopped,
    KubeletStarted,
    Cut,
    /// Its link loses what this direction carries.
    CutOneWay(Direction),
    Healed,
}

/// What a command came to, in kubectl's words where there are some.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    Created(ObjectRef),
    Configured(ObjectRef),
    Unchanged(ObjectRef),
    Replaced(ObjectRef),
    Scaled(ObjectRef),
    /// `forced` if the object was removed at once.
    Deleted {
        target: ObjectRef,
        forced: bool,
    },
    Patched {
        target: ObjectRef,
        changed: bool,
    },
    Evicted(ObjectRef),
    Cordoned {
        node: Name,
        on: bool,
        changed: bool,
    },
    Tainted {
        node: Name,
        added: bool,
        removed: bool,
    },
    /// A command to the physical world was carried out; the text says what changed.
    Done(Name),
}
