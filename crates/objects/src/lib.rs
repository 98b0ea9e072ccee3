//! What objects are: the Kubernetes kinds we model, as plain data.
//!
//! Every kind is declared once, in [`record!`](record) form: the declaration gives the Rust struct, the wire form
//! ([`Value`]), strict decoding with field paths, and the [`Schema`] that editors and `kubectl explain` read.
//!
//! Invariants:
//! * no behaviour beyond defaults and predicates that belong to the type;
//! * no floats, no hash-ordered collections, no wall clock: these types live inside the simulated world;
//! * encoding a decoded object gives the same value again (tested over every kind).
//!
//! Where to start: [`workloads`] for StatefulSet, [`pod`] for Pod, [`Object`] for "any of them".

pub mod order;
pub mod value;
#[macro_use]
pub mod record;
pub mod meta;
pub mod time;

pub mod cluster;
pub mod daemon_set;
pub mod network;
pub mod pod;
pub mod storage;
pub mod workloads;

pub mod batch;
pub mod defaults;
pub mod kept;
pub mod kinds;
pub mod limits;
pub mod merge;
pub mod schedule;
pub mod wire;

pub use cluster::*;
pub use daemon_set::*;
pub use kept::{KeptKind, KeptObject};
pub use kinds::{Kind, Object, ObjectRef};
pub use meta::*;
pub use network::*;
pub use pod::*;
pub use record::{Decode, DecodeProblem, DecodeProblemKind, Field, FieldInfo, Record, Schema, Type};
pub use storage::*;
pub use time::{Span, Time};
pub use value::{Map, Value};
pub use workloads::*;

/// A short shared text: a name, a label value, a message.
pub type Name = std::rc::Rc<str>;

/// The empty text. `Name::default()` makes a new one each time, and most fields of most objects are empty.
pub fn blank() -> Name {
    thread_local!(static BLANK: Name = Name::default());
    BLANK.with(Name::clone)
}

#[cfg(test)]
mod tables;
