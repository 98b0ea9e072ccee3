//! What happens: a Kubernetes cluster as a deterministic world and its step function.
//!
//! Invariants (each guarded by a lint or a test):
//! * no IO, no wall clock, no floats, no hash-ordered iteration;
//! * no `usize`, closures or interior mutability in what a [`World`](world::World) stores;
//! * two writers, no more: [`Server::serve`](api::server::Server::serve) changes objects,
//!   [`World::apply`](world::World::apply) changes the physical world.
//!
//! Start at [`world`], then [`step`]; a person who knows Kubernetes finds each controller under its upstream name in
//! [`controllers`].

pub mod checks;
pub mod commands;
pub mod step;
pub mod world;

pub mod clock;
pub mod command;
pub mod faults;
pub mod foresight;
pub mod note;
pub mod queue;
pub mod random;
pub mod reason;
mod reason_text;
pub mod scenario;
pub mod settings;
pub mod why;

pub mod api;
pub mod client;
pub mod controllers;
pub mod scheduler;

pub mod dns;
pub mod journal;
pub mod kubelet;
pub mod machine;
pub mod network;
pub mod storage;
pub mod workload;

pub mod invariants;
pub mod recording;
pub mod timeline;
