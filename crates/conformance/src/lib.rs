//! Recordings of a real control plane: played again, and compared decision by decision.
//!
//! [`replay`] plays the script of a recorded scenario against a simulated cluster and writes a trace in the format of
//! the recording. [`judge`] compares the two traces as stories: what happened to each object, in which order, and when.
//! [`recordings`] are those that the project carries as its own test data, and [`fidelity`] tells how well they come out,
//! and what the sources promise.
//!
//! Where to start: `replay/mod.rs` for the driver, `judge/mod.rs` for the comparison.

pub mod fidelity;
pub mod judge;
pub mod recordings;
pub mod replay;
