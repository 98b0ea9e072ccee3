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
    /// A process that acts by itself did something else than before.
    Program { node: Name, identity: Identity, uid: Uid, change: ProgramChange },
    /// The record of a lock that no object of the API keeps: who holds it, and until when if it ends by itself.
    Lock { lock: Name, holder: Option<Name>, until: Option<Time> },
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

/// What a process that acts by itself does from now on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ProgramChange {
    /// It believes to hold a lock, `default/lease/leader`, and acts on it. `id` is its name as a candidate.
    Leads { lock: Name, id: Name, token: Option<u64> },
    /// It does not act as the holder of a lock any more.
    Yields { lock: Name },
    /// Its calls come to something else than the one before, or it called for the first time.
    Called { target: Name, result: CallResult },
    /// What a disk makes of its records differs from the record before.
    Wrote { volume: Name, token: Option<u64>, verdict: Verdict },
}

/// What came of one call of a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CallResult {
    /// By this pod, at this address.
    Answered(Name, Name),
    NoName,
    NoAddress,
    NoAnswer(Name),
}

/// What a disk makes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    Accepted,
    /// Accepted, although a later holder has written before.
    AcceptedStale,
    /// The token is lower than one that the disk has seen.
    RefusedOldToken,
    RefusedNoToken,
    RefusedReadOnly,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Accepted => "accepted",
            Verdict::AcceptedStale => "accepted, stale",
            Verdict::RefusedOldToken => "refused, old token",
            Verdict::RefusedNoToken => "refused, no token",
            Verdict::RefusedReadOnly => "refused, read-only",
        }
    }
    pub fn is_accepted(self) -> bool {
        matches!(self, Verdict::Accepted | Verdict::AcceptedStale)
    }
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
