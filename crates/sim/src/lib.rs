//! What happens: a Kubernetes cluster as a deterministic world and its step function.
//!
//! Seven rooms, from the door to the ground. Each uses only those below it, and a test holds them to it.
//!
//! | room | what is in it |
//! |---|---|
//! | [`story`] | a run as it is told: the timeline with its forks, recordings, why something is as it is |
//! | [`promises`] | what must hold, looked at after every event, and what is about to break |
//! | [`world`] | everything that is true at one instant, and the only function that changes it |
//! | [`reality`] | what machines do: kubelets, processes, disks, links, what a resolver hears |
//! | [`belief`] | what the API server and its clients hold true: the store, controllers, the scheduler |
//! | [`words`] | what all of them name: commands, notes, reasons, guarantees |
//! | [`ground`] | time, chance, settings, the scenario |
//!
//! Invariants (each guarded by a lint or a test):
//! * no IO, no wall clock, no floats, no hash-ordered iteration;
//! * no `usize`, closures or interior mutability in what a [`World`](world::World) stores;
//! * two writers, no more: [`Server::serve`](belief::api::server::Server::serve) changes objects,
//!   [`World::apply`](world::World::apply) changes the physical world.
//!
//! Start at [`world`], then [`world::step`]; a person who knows Kubernetes finds each controller under its upstream name
//! in [`belief::controllers`].

pub mod story;

pub mod promises;

pub mod world;

pub mod reality;

pub mod belief;

pub mod words;

pub mod ground;
