//! How you say it and read it: a line of text in, commands and text out.
//!
//! A line is kubectl's, dig's, or one of the simulator's own verbs (`cut node-2`, `run until pod/web-1 Ready`); `help`
//! lists them. [`run`] takes a line and a [`Host`], which owns the world, and gives an [`Output`]. A line that waits for
//! the cluster, as `kubectl delete` does, either plays time forward by itself (a transcript) or hands back a [`Follow`]
//! that the host asks again while it plays (the page).
//!
//! Invariants:
//! * no state of its own: everything a line needs is in the world, the files and the line;
//! * everything a person changes goes through [`Command`], so that a run can be recorded;
//! * what kubectl prints is printed byte by byte the same, tables and errors included.
//!
//! Where to start: [`run`], then [`kubectl`] for a verb, [`tables`] for what `get` prints.

pub mod columns;
pub mod tables;
pub mod text;

pub mod args;
pub mod complete;
pub mod select;

pub mod describe;
pub mod dig;
pub mod kubectl;
pub mod verbs;
pub mod workloads;

mod errors;
mod faults;
mod follow;
mod help;
mod path;
mod shell;
mod why;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub use complete::complete;
pub use errors::{answer_text, api_error};
pub use follow::Follow;

use petri_objects::value::quoted;
use petri_objects::{Span, Time};
use petri_sim::story::timeline::Timeline;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::words::note::Answer;
use petri_sim::world::World;

/// Whoever owns the world that a line is about.
pub trait Host {
    fn world(&self) -> &World;
    /// Carries out a command at the present moment.
    ///
    /// # Errors
    /// What the simulated API server answers.
    fn command(&mut self, command: Command) -> Result<Answer, ApiError>;
    /// Plays everything that is due until then.
    fn play_until(&mut self, time: Time);
    /// Plays one event. `false` if nothing is planned.
    fn step(&mut self) -> bool;
    /// How long a waiting line may play time forward by itself. With `None` it hands back a [`Follow`] instead.
    fn patience(&self) -> Option<Span>;
}

/// A timeline waits up to ten minutes of its own time.
impl Host for Timeline {
    fn world(&self) -> &World {
        Timeline::world(self)
    }
    fn command(&mut self, command: Command) -> Result<Answer, ApiError> {
        Timeline::command(self, command)
    }
    fn play_until(&mut self, time: Time) {
        Timeline::play_until(self, time);
    }
    fn step(&mut self) -> bool {
        Timeline::step(self)
    }
    fn patience(&self) -> Option<Span> {
        Some(Span::minutes(10))
    }
}

/// The files that `-f` can name: the manifests of an editor, of a lesson, of a folder.
pub trait Files {
    fn read(&self, name: &str) -> Option<String>;
    /// For completion.
    fn names(&self) -> Vec<String>;
}

impl Files for std::collections::BTreeMap<String, String> {
    fn read(&self, name: &str) -> Option<String> {
        self.get(name).cloned()
    }
    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}

/// What a line came to.
#[derive(Clone, Debug, Default)]
pub struct Output {
    pub stdout: String,
    pub stderr: String,
    /// What kubectl would not say: fields that have no effect in the simulation.
    pub notes: String,
    /// A name and a text for the editor, if the line asks for one to be opened.
    pub open_in_editor: Option<(String, String)>,
    /// The exit code: 0 if all went well.
    pub code: i32,
    /// What the line still waits for, if the host does not wait by itself.
    pub follow: Option<Follow>,
}

impl Output {
    pub fn text(stdout: impl Into<String>) -> Output {
        Output { stdout: stdout.into(), ..Output::default() }
    }
    /// A message on stderr, a line break added, and exit code 1.
    pub fn error(message: impl std::fmt::Display) -> Output {
        Output { stderr: format!("{message}\n"), code: 1, ..Output::default() }
    }
    /// All of it, as a terminal shows it. What goes to stderr is shown first: kubectl warns before it acts.
    pub fn shown(&self) -> String {
        format!("{}{}{}", self.notes, self.stderr, self.stdout)
    }
    fn line(&mut self, line: impl std::fmt::Display) {
        self.stdout.push_str(&format!("{line}\n"));
    }
    fn fail(&mut self, message: impl std::fmt::Display) {
        self.stderr.push_str(&format!("{message}\n"));
        self.code = 1;
    }
    /// Another output after this one.
    fn then(&mut self, other: Output) {
        self.stdout.push_str(&other.stdout);
        self.stderr.push_str(&other.stderr);
        self.notes.push_str(&other.notes);
        self.open_in_editor = other.open_in_editor.or(self.open_in_editor.take());
        self.code = other.code;
        self.follow = other.follow;
    }
}

/// Why a line ends before its work: the message for stderr, whole, without the last line break.
type Failure = String;

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
        follow::wait(&mut next, host);
        out.then(next);
    }
    out
}

fn dispatch(words: &[String], here: Option<&str>, host: &mut dyn Host, files: &dyn Files) -> Output {
    let Some((first, rest)) = words.split_first() else { return Output::default() };
    let result = match first.as_str() {
        "kubectl" | "k" => kubectl::run(rest, here, host, files),
        "dig" => dig::run(rest, host.world()),
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
