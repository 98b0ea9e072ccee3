//! What happens: a Kubernetes cluster as a deterministic world and its step function.
//!
//! Seven rooms, from the door to the ground. Each uses only those below it, and a test (`tests/layout.rs`) holds them to
//! it: an `impl` of a type of another room counts as an arrow both ways.
//!
//! | room | what is in it |
//! |---|---|
//! | [`story`] | a run as it is told: the timeline with its forks, recordings, why something is as it is |
//! | [`world`] | everything that is true at one instant, and the only function that changes it |
//! | [`promises`] | what must hold, looked at after every event, and what is about to break |
//! | [`reality`] | what machines do: kubelets, processes, disks, links, what a resolver hears |
//! | [`belief`] | what the API server and its clients hold true: the store, controllers, the scheduler |
//! | [`words`] | what all of them name: who acts and why, commands, notes, reasons, guarantees |
//! | [`ground`] | time, chance, settings, the scenario |
//!
//! Nobody is handed a world but who tells its story. Controllers hold an [`Api`](belief::client::call::Api) with their own
//! memory in it, kubelets and processes a `Host` with what their machine can reach, promises a `Scene` with what they may
//! look at. That is why promises stand below the world although they are about all of it: the world asks them after every
//! event, so it must know them, and they need no more of it than they are shown. What has to come back up comes as a value:
//! a reason to wait, an alarm for the [agenda](reality::agenda), a loss that a promise then judges.
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

pub mod world;

pub mod promises;

pub mod reality;

pub mod belief;

pub mod words;

pub mod ground;
