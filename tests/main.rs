//! What must hold across crates: one binary, one module per concern.

mod budgets;
mod carried;
mod clock;
mod cluster;
mod conformance;
mod data;
mod determinism;
mod dns;
mod faults;
mod fingerprint;
mod grain;
mod layout;
mod leaving;
mod limits;
mod locks;
mod openapi;
mod pictures;
mod promises;
mod recordings;
mod scenarios;
mod search;
mod services;
mod swarm;
mod tidy;
mod turns;
