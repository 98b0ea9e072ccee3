//! What the user typed: YAML to objects, with positions and friendly problems, and back.
//!
//! [`parse`] never fails and never panics: whatever is wrong with a text becomes a [`Problem`] with a place, a message
//! in the words of kubectl or the API server, and often a way out. [`to_yaml`] prints what `kubectl get -o yaml` would.
//!
//! Invariants:
//! * one broken document does not hide the others;
//! * a field that is known but has no effect is reported as such ([`Grade::NotSimulated`]), never dropped in silence;
//! * the work is bounded by the limits in [`limits`], whatever the input;
//! * `parse(to_yaml(value))` gives `value` again.
//!
//! Where to start: [`document`] for `parse`, [`assist`] for what an editor offers, [`scalar`] for why `yes` is a bool, [`print`] for the way back.

pub mod document;
pub mod limits;
pub mod problem;

mod check;
mod hanging;
mod split;
mod suggest;
mod syntax;
pub mod tree;

pub mod scalar;

pub mod assist;
pub mod change;
pub mod drift;
pub mod locate;
mod plain;
pub mod print;
mod quote;

pub use change::{Changed, change};
pub use check::KEPT;
pub use document::{Document, Kinds, Parsed, parse, parse_for};
pub use limits::{MAX_REPLICAS, replica_limit_message, too_many_replicas, too_many_replicas_number};
pub use plain::is_plain;
pub use print::to_yaml;
pub use problem::{Grade, Problem};
