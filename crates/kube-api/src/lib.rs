//! The world behind a Kubernetes API: what `petri serve-api` serves to real kubectl, to Helm and to client libraries.
//!
//! Objects are what the API server of the simulation believes. [`Cluster`](cluster::Cluster) owns one run and answers one
//! [`Ask`](ask::Ask) after the other, without a network and without a clock of its own; [`serve`] brings it onto a socket of
//! this machine and lets time pass. Everything is one thread: requests are served in the order in which they arrived.
//!
//! Invariants:
//! * every write of a client is a command of the recording, so that a session replays to the same fingerprint;
//! * reads, watches and dry runs leave the fingerprint as it was;
//! * nothing that a client sends can end the process or hold up the others: a body has at most 3 MB, a watcher that does
//!   not read is let go.
//!
//! Deviation: `managedFields` belong to this server, not to the world: they last as long as it runs, and no recording
//! carries them.
//!
//! Upstream: `staging/src/k8s.io/apiserver`.
//!
//! Where to start: [`cluster`], then [`route`] for what a path means, [`resource`] for what is done with it. From the door to
//! the ground; each module uses only those after it:

pub mod serve;

mod stream;

pub mod cluster;

mod petri;
mod reviews;

pub mod resource;
mod scale;
mod subresource;

mod apply;
mod list;
mod logs;
mod patch;
mod watch;
mod write;

mod discovery;
mod openapi;

mod decode;
mod proto;
mod table;

pub mod route;

mod form;
mod managers;
mod status;
mod versions;

pub mod ask;
pub mod run;
pub mod store;
