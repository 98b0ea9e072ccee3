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
    /// Plays everything that is due until then.
    fn play_until(&mut self, time: Time);
    /// Plays one event. `false` if nothing is planned.
    fn step(&mut self) -> bool;
    /// How long a waiting line may play time forward by itself. With `None` it hands back a [`Follow`](crate::Follow) instead.
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
