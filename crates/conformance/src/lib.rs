//! Recordings of a real control plane: played again, and compared decision by decision.
//!
//! [`replay`] plays the script of a recorded scenario against a simulated cluster and writes a trace in the format of
//! the recording. The two traces are then judged as stories: what happened to each object, in which order, and when.
//!
//! Where to start: `replay/mod.rs` for the driver.

pub mod replay;
