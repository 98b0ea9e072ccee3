//! The console's host: lines run against the page's session.

use super::handle::Desk;
use super::keep;
use super::waiting::{self, Desktop, Waiting};
use crate::panic;
use crate::session::Session;
use crate::state::{Action, File, LogKind, Outcome, Panel};
use petri_console::{Files, Host, Output, Unread};
use petri_objects::{Span, Time};
use petri_sim::story::limits;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::words::note::Answer;
use petri_sim::world::World;
use std::collections::BTreeMap;
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
        match limits::refuse(&command, self.timeline.world().machines.len()) {
            Some(words) => Err(ApiError::BadRequest(words.into())),
            None => {
                panic::remember_attempt(self.timeline, &command);
                self.timeline.command(command)
            }
        }
    }
    fn play_until(&mut self, _: Time) {}
    fn step(&mut self) -> bool {
        self.timeline.step()
    }
    fn patience(&self) -> Option<Span> {
        None
    }
}

/// The files of the manifests panel.
pub struct Drafts(pub Vec<Rc<File>>);

impl Files for Drafts {
    fn read(&self, name: &str) -> Result<String, Unread> {
        let name = name.trim_start_matches("./");
        let file = self.0.iter().find(|file| file.name == name).ok_or(Unread::Missing)?;
        Ok(file.text.to_string())
    }
    fn names(&self) -> Vec<String> {
        self.0.iter().map(|file| file.name.clone()).collect()
    }
}

/// Runs a line and puts what it says into the console. Answers what went wrong.
pub fn say(desk: &Desk, line: &str) -> Option<String> {
    let line = line.trim();
    if line.is_empty() {
        return None;
    }
    if line == "clear" {
        desk.send(Action::ClearLog);
        return None;
    }
    desk.log(LogKind::Input, line);
    let session = desk.session.clone();
    let drafts = Drafts(desk.files());
    let branches = session.timeline().branches().len();
    let commands = session.timeline().done();
    let output = with_page(&session, |page| petri_console::run(line, page, &drafts));
    show(desk, &output);
    if output.code == 0 {
        keep::follow(desk, commands);
    }
    desk.announce_fork(branches);
    if let Some(follow) = output.follow {
        waiting::wait_for(desk, follow);
    }
    (output.code != 0).then(|| output.stderr.lines().next().unwrap_or("It failed.").to_owned())
}

pub(crate) fn with_page<T>(session: &Session, act: impl FnOnce(&mut Page<'_>) -> T) -> T {
    let result = act(&mut Page { timeline: &mut session.timeline_mut() });
    session.changed();
    result
}

fn show(desk: &Desk, output: &Output) {
    for line in output.notes.lines() {
        desk.log(LogKind::Warning, line);
    }
    for line in output.stderr.lines() {
        let kind = if output.code == 0 || line.starts_with("Warning") { LogKind::Warning } else { LogKind::Error };
        desk.log(kind, line);
    }
    match &output.open_in_editor {
        Some((name, text)) => {
            desk.send(Action::NewFile { name: name.clone(), text: text.as_str().into() });
            desk.send(Action::ShowPanel(Panel::Manifests));
            desk.log(LogKind::Output, format!("opened in the editor as {name}"));
        }
        None => desk.log(LogKind::Output, output.stdout.as_str()),
    }
}

/// `kubectl apply -f` of one text.
pub fn apply(session: &Session, name: &str, text: &str) -> Outcome {
    let files = BTreeMap::from([(name.to_owned(), text.to_owned())]);
    let output = with_page(session, |page| petri_console::run(&format!("kubectl apply -f {name}"), page, &files));
    let said = output.notes.lines().chain(output.stderr.lines());
    let (warnings, errors) = said.map(str::to_owned).partition(|line| line.starts_with("Warning: "));
    Outcome { lines: output.stdout.lines().map(str::to_owned).collect(), warnings, errors }
}

impl Desktop for Desk {
    fn session(&self) -> &Session {
        &self.session
    }
    fn waiting(&self) -> &Rc<Waiting> {
        &self.waiting
    }
    fn drafts(&self) -> Vec<Rc<File>> {
        self.files()
    }
    fn show(&self, output: &Output) {
        show(self, output);
    }
    fn tell(&self, kind: LogKind, text: String) {
        self.log(kind, text);
    }
    fn acted(&self, commands: usize, branches: usize) {
        keep::follow(self, commands);
        self.announce_fork(branches);
    }
}

/// Lines that still wait, in words.
pub fn waits(desk: &Desk) -> Vec<String> {
    desk.waiting.words(&desk.session.timeline())
}

/// Ctrl-C: gives up on whatever waits.
pub fn interrupt(desk: &Desk) -> bool {
    waiting::interrupt(desk)
}
