//! How you say it and read it: a line of text in, commands and text out.
//!
//! A line is kubectl's, dig's, or one of the simulator's own verbs (`cut node-2`, `run until pod/web-1 Ready`); `help`
//! lists them. [`run`] takes a line and a [`Host`], which owns the world, and gives an [`Output`]. A line that waits for
//! the cluster, as `kubectl delete` does, either plays time forward by itself (a transcript) or hands back a [`Follow`]
//! that the host asks again while it plays (the page): it knows what the line waits for and what comes after that.
//!
//! Invariants:
//! * no state of its own: everything a line needs is in the world, the files and the line, and what a shell remembers from
//!   one line to the next is a value that the host keeps ([`Session`]);
//! * everything a person changes goes through [`Command`](petri_sim::words::command::Command), so that a run can be
//!   recorded;
//! * what kubectl prints is printed byte by byte the same, tables and errors included;
//! * a short line has a short answer: what one may ask for is bounded by [`limits`].
//!
//! Where to start: [`Session::run`], then `shell` for what a line says, [`kubectl`] for a verb, `programs` for what runs in
//! a container, [`tables`] for what `get` prints. The modules below stand from the
//! door to the ground: each uses only those after its own group, and a test (`tests/layout.rs`) holds them to it.

mod course;

pub mod complete;

pub mod kubectl;
pub mod verbs;

pub mod claims;

pub mod remote;

mod programs;

pub mod dig;
mod raw;

pub mod describe;
mod help;

pub mod tables;

pub mod select;

mod endpoints;

pub mod args;
mod errors;
mod path;
mod template;

mod output;

mod session;

mod interpreter;

mod host;

pub mod columns;
mod shell;
pub mod text;

pub mod limits;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub use complete::complete;
pub use errors::{answer_text, api_error};
pub use host::{Files, Host, Turn, Unread};
pub use output::{Follow, Output};

pub use course::{Session, give_up, is_rare, poll, run};
pub use shell::Typed;
