//! How you say it and read it: a line of text in, commands and text out.
//!
//! A line is kubectl's, dig's, or one of the simulator's own verbs (`cut node-2`, `run until pod/web-1 Ready`); `help`
//! lists them. [`run`] takes a line and a [`Host`], which owns the world, and gives an [`Output`]. A line that waits for
//! the cluster, as `kubectl delete` does, either plays time forward by itself (a transcript) or hands back a [`Follow`]
//! that the host asks again while it plays (the page).
//!
//! Invariants:
//! * no state of its own: everything a line needs is in the world, the files and the line;
//! * everything a person changes goes through [`Command`](petri_sim::words::command::Command), so that a run can be
//!   recorded;
//! * what kubectl prints is printed byte by byte the same, tables and errors included.
//!
//! Where to start: [`run`], then [`kubectl`] for a verb, [`tables`] for what `get` prints. The modules below stand from the
//! door to the ground: each uses only those after its own group, and a test (`tests/layout.rs`) holds them to it.

pub mod complete;

pub mod kubectl;
pub mod verbs;

pub mod claims;

pub mod dig;

pub mod describe;
mod help;
mod shell;

pub mod tables;

pub mod select;

pub mod args;
mod errors;
mod path;

mod output;

mod host;

pub mod columns;
pub mod text;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub use complete::complete;
pub use errors::{answer_text, api_error};
pub use host::{Files, Host};
pub use output::{Follow, Output};

use petri_objects::value::quoted;

/// Runs one line. Several commands stand apart by `;` or `&&`; a here-document follows `<<EOF`.
pub fn run(line: &str, host: &mut dyn Host, files: &dyn Files) -> Output {
    let line = match shell::read(line) {
        Ok(line) => line,
        Err(problem) => return Output::error(format!("error: {problem}")),
    };
    let mut out = Output::default();
    for part in &line.commands {
        // After `&&` a command runs only if the one before it did well.
        if part.only_after_success && out.code != 0 {
            continue;
        }
        let mut next = dispatch(&part.words, line.here_document.as_deref(), host, files);
        output::wait(&mut next, host);
        out.then(next);
    }
    out
}

fn dispatch(words: &[String], here: Option<&str>, host: &mut dyn Host, files: &dyn Files) -> Output {
    let Some((first, rest)) = words.split_first() else { return Output::default() };
    let result = match first.as_str() {
        "kubectl" | "k" => kubectl::run(rest, here, host, files),
        "dig" => dig::run(rest, host.world()),
        "help" | "?" if rest.first().is_some_and(|word| word == "kubectl") => Ok(Output::text(kubectl::help())),
        "help" | "?" => Ok(Output::text(help::text(rest))),
        "timeout" => return timeout(rest, here, host, files),
        verb if verbs::VERBS.contains(&verb) => verbs::run(words, host),
        verb if kubectl::VERBS.contains(&verb) => kubectl::run(words, here, host, files),
        unknown => Err(format!("error: unknown command {}; `help` lists what can be said here", quoted(unknown))),
    };
    result.unwrap_or_else(Output::error)
}

/// `timeout 60s COMMAND`: ends a command that would wait for longer, with code 124.
fn timeout(words: &[String], here: Option<&str>, host: &mut dyn Host, files: &dyn Files) -> Output {
    let Some((span, words)) = words.split_first() else { return Output::error("error: timeout needs a duration") };
    let Some(span) = args::duration(span) else {
        return Output::error(format!("error: invalid duration {}", quoted(span)));
    };
    let deadline = host.world().now + span;
    let mut out = dispatch(words, here, host, files);
    if let Some(follow) = &mut out.follow {
        follow.stop_at(deadline);
    }
    out
}
