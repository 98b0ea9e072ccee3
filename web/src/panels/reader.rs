//! A run that is only looked at: what the console answers about it, and nothing that it would change.

use crate::desk::host::Drafts;
use petri_console::{Host, Output};
use petri_objects::{Span, Time};
use petri_sim::story::timeline::Timeline;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::words::note::Answer;
use petri_sim::world::World;

/// What a line would say of the present moment.
pub fn ask(line: &str, timeline: &Timeline) -> Output {
    petri_console::run(line, &mut Reader(timeline), &Drafts(Vec::new()))
}

struct Reader<'t>(&'t Timeline);

impl Host for Reader<'_> {
    fn world(&self) -> &World {
        self.0.world()
    }
    fn command(&mut self, _: Command) -> Result<Answer, ApiError> {
        Err(ApiError::BadRequest("nothing is changed here".into()))
    }
    fn play_until(&mut self, _: Time) {}
    fn step(&mut self) -> bool {
        false
    }
    fn patience(&self) -> Option<Span> {
        None
    }
}
