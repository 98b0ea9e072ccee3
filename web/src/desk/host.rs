//! What a console line works on in the page: its session and its drafts.

use crate::examples;
use crate::panic;
use crate::session::Session;
use crate::state::File;
use petri_console::{Files, Host, Turn, Unread};
use petri_objects::{Span, Time};
use petri_sim::story::timeline::Timeline;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::words::note::Answer;
use petri_sim::world::World;
use std::rc::Rc;

/// The session as a console line sees it. Time is played by the page's frames, not by the line.
pub(crate) struct Page<'t> {
    pub(super) timeline: &'t mut Timeline,
}

impl Host for Page<'_> {
    fn world(&self) -> &World {
        self.timeline.world()
    }
    fn command(&mut self, command: Command) -> Result<Answer, ApiError> {
        panic::remember_attempt(self.timeline, &command);
        self.timeline.command(command)
    }
    fn says(&mut self, line: Option<String>) {
        self.timeline.says(line);
    }
    // By itself such a line is the page's: see `shell`.
    fn turn(&mut self, _: Turn) -> Result<String, String> {
        Err("undo, redo and reset are lines of their own".into())
    }
    fn play_until(&mut self, _: Time) {}
    fn step(&mut self) -> bool {
        false
    }
    fn patience(&self) -> Option<Span> {
        None
    }
}

/// The files of the manifests panel.
pub struct Drafts(pub Vec<Rc<File>>);

impl Files for Drafts {
    fn read(&self, name: &str) -> Result<String, Unread> {
        if name.contains("://") {
            let path = petri_lessons::official::path_of(name).ok_or(Unread::Missing)?;
            return examples::official(path).map(|text| text.to_string()).ok_or(Unread::Missing);
        }
        let name = name.trim_start_matches("./");
        let official = || petri_lessons::official::meant(name).and_then(examples::official);
        match self.0.iter().find(|file| file.name == name) {
            Some(file) => Ok(file.text.to_string()),
            None => official().map(|text| text.to_string()).ok_or(Unread::Missing),
        }
    }
    fn names(&self) -> Vec<String> {
        self.0.iter().map(|file| file.name.clone()).collect()
    }
}

/// Lets a line work on the session; whoever looks at it is told.
pub(crate) fn with_page<T>(session: &Session, act: impl FnOnce(&mut Page<'_>) -> T) -> T {
    let result = act(&mut Page { timeline: &mut session.timeline_mut() });
    session.changed();
    result
}
