//! What must hold across crates: one binary, one module per concern.

mod conformance;
mod determinism;
mod grain;
mod openapi;
mod promises;
mod scenarios;
mod search;
mod swarm;
mod tidy;
