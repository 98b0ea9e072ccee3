//! What a line works on: a world that somebody owns, and files.

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
    /// A command of a line begins, in these words, or is over: what it changes is told in them.
    fn says(&mut self, _line: Option<String>) {}
    /// Takes back, does again, or drops what was done. Answers what came of it, in words.
    ///
    /// # Errors
    /// Why it cannot be: whoever plays a script goes forward only.
    fn turn(&mut self, _turn: Turn) -> Result<String, String> {
        Err("a script goes forward: what it did stays done".into())
    }
    /// Plays everything that is due until then.
    fn play_until(&mut self, time: Time);
    /// Plays one event. `false` if nothing is planned.
    fn step(&mut self) -> bool;
    /// How long a waiting line may play time forward by itself. With `None` it hands back a [`Follow`](crate::Follow) instead.
    fn patience(&self) -> Option<Span>;
}

/// A way back through what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Undo,
    Redo,
    /// To what the run began with.
    Reset,
}

impl Turn {
    /// The word that says it.
    pub fn named(word: &str) -> Option<Turn> {
        match word {
            "undo" => Some(Turn::Undo),
            "redo" => Some(Turn::Redo),
            "reset" => Some(Turn::Reset),
            _ => None,
        }
    }
}

/// A timeline waits up to ten minutes of its own time.
impl Host for Timeline {
    fn world(&self) -> &World {
        Timeline::world(self)
    }
    fn command(&mut self, command: Command) -> Result<Answer, ApiError> {
        Timeline::command(self, command)
    }
    fn says(&mut self, line: Option<String>) {
        Timeline::says(self, line);
    }
    fn turn(&mut self, turn: Turn) -> Result<String, String> {
        match turn {
            Turn::Undo => {
                let line = self.last_said();
                if self.undo() { Ok(format!("took back: {line}")) } else { Err("there is nothing to take back".into()) }
            }
            Turn::Redo if self.redo() => Ok(format!("done again: {}", self.last_said())),
            Turn::Redo => Err("there is nothing to do again".into()),
            Turn::Reset if self.reset(0, self.start()) => {
                Ok("back at the beginning; redo goes on from where you were".into())
            }
            Turn::Reset => Err("nothing was done yet".into()),
        }
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
    /// The text of a file.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn read(&self, name: &str) -> Result<String, Unread>;
    /// For completion.
    fn names(&self) -> Vec<String>;
}

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// There is none of this name.
    Missing,
    /// It is there: what is the matter with it, as in `it is a folder`.
    Because(String),
}

impl Files for std::collections::BTreeMap<String, String> {
    fn read(&self, name: &str) -> Result<String, Unread> {
        self.get(name).cloned().ok_or(Unread::Missing)
    }
    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}
