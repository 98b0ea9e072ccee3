//! The console's host: lines run against the page's session, and lines that wait are asked again while time goes on.

use super::handle::Desk;
use super::keep;
use super::waiting::Waiting;
use crate::panic;
use crate::session::Session;
use crate::state::{Action, File, LogKind, Outcome, Panel};
use petri_console::{Files, Follow, Host, Output};
use petri_objects::{Span, Time};
use petri_sim::story::limits;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::words::note::Answer;
use petri_sim::world::World;
use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Nobody waits for longer than this at one go.
const LONGEST_RUN: Span = Span::minutes(7 * 24 * 60);

/// The session as a console line sees it. Time is played by the page's frames, not by the line.
pub(crate) struct Page<'s> {
    timeline: RefMut<'s, Timeline>,
}

impl Host for Page<'_> {
    fn world(&self) -> &World {
        self.timeline.world()
    }
    fn command(&mut self, command: Command) -> Result<Answer, ApiError> {
        match limits::refuse(&command, self.timeline.world().machines.len()) {
            Some(words) => Err(ApiError::BadRequest(words.into())),
            None => {
                panic::remember_attempt(&self.timeline, &command);
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
    fn read(&self, name: &str) -> Option<String> {
        let name = name.trim_start_matches("./");
        self.0.iter().find(|file| file.name == name).map(|file| file.text.to_string())
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
    // Played by the frames, to the very moment and not to the first event after it.
    if let Some(span) = line.strip_prefix("run ").and_then(|span| petri_console::args::duration(span.trim())) {
        session.run_for(span.min(LONGEST_RUN));
        return None;
    }
    let drafts = Drafts(desk.files());
    let branches = session.timeline().branches().len();
    let commands = session.timeline().done();
    let output = with_page(&session, |page| petri_console::run(line, page, &drafts));
    show(desk, &output);
    if output.code == 0 {
        keep::follow(desk, commands);
    }
    if let Some((name, text)) = &output.open_in_editor {
        desk.send(Action::NewFile { name: name.clone(), text: text.as_str().into() });
        desk.send(Action::ShowPanel(Panel::Manifests));
    }
    desk.announce_fork(branches);
    if let Some(follow) = output.follow {
        wait_for(desk, follow, moves_time(line));
    }
    (output.code != 0).then(|| output.stderr.lines().next().unwrap_or("It failed.").to_owned())
}

pub(crate) fn with_page<T>(session: &Session, act: impl FnOnce(&mut Page<'_>) -> T) -> T {
    let result = act(&mut Page { timeline: session.timeline_mut() });
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
        Some((name, _)) => desk.log(LogKind::Output, format!("opened in the editor as {name}")),
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

/// Whether a line moves time by itself, rather than watching how it goes.
fn moves_time(line: &str) -> bool {
    line.trim_start().starts_with("run ")
}

fn wait_for(desk: &Desk, follow: Follow, moves_time: bool) {
    let session = desk.session.clone();
    if moves_time {
        // Asked after each event, so that time stops at the very one.
        let slot = Rc::new(RefCell::new(Some(follow)));
        let desk = desk.clone();
        session.run_while(move |timeline| {
            let Some(follow) = slot.borrow_mut().take() else { return false };
            let output = follow.poll(&mut Still(timeline));
            show(&desk, &output);
            *slot.borrow_mut() = output.follow;
            slot.borrow().is_some()
        });
        return;
    }
    let waiting = desk.waiting.clone();
    waiting.enter(session.run());
    waiting.follows.borrow_mut().push(follow);
    session.watch(Some({
        let (desk, waiting) = (desk.clone(), Rc::downgrade(&waiting));
        Rc::new(move |timeline: &mut Timeline| {
            if let Some(waiting) = waiting.upgrade() {
                poll(&desk, &waiting, timeline);
            }
        })
    }));
    if waiting.subscription.borrow().is_none() {
        let listener = {
            let (desk, waiting) = (desk.clone(), Rc::downgrade(&waiting));
            Rc::new(move || {
                if let Some(waiting) = waiting.upgrade() {
                    poll(&desk, &waiting, &mut desk.session.timeline_mut());
                }
            })
        };
        *waiting.subscription.borrow_mut() = Some(session.subscribe(listener));
    }
}

/// Asks every waiting line whether it is done.
fn poll(desk: &Desk, waiting: &Waiting, timeline: &mut Timeline) {
    waiting.enter(desk.session.run());
    if waiting.polling.replace(true) {
        return;
    }
    let follows = waiting.follows.take();
    if !follows.is_empty() {
        let mut left = Vec::new();
        for follow in follows {
            let output = follow.poll(&mut Still(timeline));
            show(desk, &output);
            left.extend(output.follow);
        }
        if left.is_empty() {
            desk.session.watch(None);
        }
        *waiting.follows.borrow_mut() = left;
    }
    waiting.polling.set(false);
}

/// Lines that still wait, in words.
pub fn waits(desk: &Desk) -> Vec<String> {
    let timeline = desk.session.timeline();
    desk.waiting.enter(desk.session.run());
    desk.waiting.follows.borrow().iter().map(|follow| follow.waits_for(timeline.world())).collect()
}

/// Ctrl-C: gives up on whatever waits.
pub fn interrupt(desk: &Desk) -> bool {
    let waited = !desk.waiting.follows.take().is_empty();
    desk.session.watch(None);
    if waited {
        desk.log(LogKind::Output, "^C");
    }
    waited
}

/// A host that a polled line may look at and act on, and that does not move.
struct Still<'t>(&'t mut Timeline);

impl Host for Still<'_> {
    fn world(&self) -> &World {
        self.0.world()
    }
    fn command(&mut self, command: Command) -> Result<Answer, ApiError> {
        self.0.command(command)
    }
    fn play_until(&mut self, _: Time) {}
    fn step(&mut self) -> bool {
        false
    }
    fn patience(&self) -> Option<Span> {
        None
    }
}
