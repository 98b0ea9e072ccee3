//! What a person does: commands, files that are applied, lines, and what is taken back.

use super::handle::{Desk, branch_name};
use super::keep;
use super::shell;
use super::steps::take_back;
use crate::check::check;
use crate::explain::{self, Fix};
use crate::state::{Action, Applied, Bookmark, File, LogKind, Outcome, Popup};
use crate::verbs::Act;
use petri_console::Turn;
use petri_objects::{ObjectRef, Span, Uid};
use petri_picture::view::{Target, words};
use petri_sim::ground::limits::MAX_BOOKMARKS;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::words::note::{Note, What};
use std::rc::Rc;

/// Whoever waits for a change of something that rests is not kept for longer than this.
const PATIENCE: Span = Span::minutes(60);

/// Whether a note tells of a change of this object, or of its process.
pub fn is_about(note: &Note, object: &ObjectRef, uid: Option<Uid>) -> bool {
    match &note.what {
        What::Write { target, uid: written, .. } => target == object && uid.is_none_or(|uid| uid == *written),
        What::Process { uid: process, .. } | What::Program { uid: process, .. } => uid == Some(*process),
        What::Machine { node, .. } => object.kind == petri_objects::Kind::Node && object.name == *node,
        What::Command { .. } | What::Guarantee { .. } | What::Lock { .. } => false,
    }
}

impl Desk {
    /// Names this moment, or takes its name away again.
    pub fn bookmark(&self) {
        let timeline = self.session.timeline();
        let at = timeline.now();
        let text = words::moment_tenths(timeline.start(), at);
        drop(timeline);
        if self.bookmarks().iter().any(|known| known.at == at) {
            self.send(Action::DropBookmark(at));
            return self.toast(format!("The bookmark at {text} is gone."), None);
        }
        if self.bookmarks().len() >= MAX_BOOKMARKS {
            return self.toast(format!("A run has at most {MAX_BOOKMARKS} bookmarks."), None);
        }
        let name = format!("bookmark {}", self.bookmarks().len() + 1);
        self.toast(format!("{name} is at {text}. Shift with the arrows on the timeline jumps to it."), None);
        self.send(Action::Bookmark(Bookmark { at, name }));
    }

    /// Goes on to the next moment at which the selection changes.
    pub fn next_change(&self, selection: Option<&Target>) {
        self.session.pause();
        let Some((object, uid)) = explain::subject(&self.session.timeline(), selection) else {
            return self.toast("Select something whose changes are worth waiting for.", None);
        };
        let mut known = self.session.timeline().notes_until_now().len();
        self.session.run_while_within(PATIENCE, move |timeline| {
            let notes = timeline.notes_until_now();
            let news = &notes[known.min(notes.len())..];
            known = notes.len();
            !news.iter().any(|note| is_about(note, &object, uid))
        });
    }

    pub fn select(&self, target: Target) {
        match target {
            Target::Moment(at) => self.session.seek(at),
            Target::Branch(branch) => self.switch(branch),
            Target::Guarantee(guarantee) => self.send(Action::Open(Popup::Guarantee(guarantee))),
            target => self.send(Action::Select(Some(target))),
        }
    }

    /// Carries a command out, with its line and its answer in the console.
    pub fn command(&self, command: Command) {
        // A manifest that no file holds is the one thing that a line cannot say.
        if !matches!(command, Command::Apply(_) | Command::Create(_) | Command::Replace(_)) {
            return self.say(&command.line());
        }
        self.log(LogKind::Input, command.line());
        match self.carry_out(command) {
            Ok(lines) => self.log(LogKind::Output, lines),
            Err(words) => {
                self.log(LogKind::Error, words.clone());
                self.toast(words, None);
            }
        }
    }

    /// Carries a command out and answers in kubectl's words.
    fn carry_out(&self, command: Command) -> Result<String, String> {
        let branches = self.session.timeline().branches().len();
        let result = self.session.command(command);
        self.announce_fork(branches);
        match result {
            Ok(answer) => Ok(petri_console::answer_text(&answer)),
            // What is too much is no matter of the API server.
            Err(ApiError::BadRequest(words)) => Err(words.to_string()),
            Err(error) => Err(petri_console::api_error(&error, None)),
        }
    }

    pub fn act(&self, act: &Act) {
        self.send(Action::Close);
        match act {
            Act::Do(command) => self.command(command.clone()),
            Act::Say(line) => self.say(line),
            Act::Type(line) => self.send(Action::Open(Popup::Palette(line.clone()))),
        }
    }

    pub fn fix(&self, fix: &Fix) {
        self.command(fix.command.clone());
    }

    /// Says a line of the console. What goes wrong is also said where it can be seen without the console.
    pub fn say(&self, line: &str) {
        if let Some(problem) = shell::say(self, line) {
            self.toast(problem, None);
        }
    }

    /// Applies a file of the manifests panel, all of it or nothing.
    /// Answers where the first mistake stands, if it was one that has a place.
    pub fn apply(&self, file: &File) -> Option<(u32, u32)> {
        let checked = check(&file.text, self.session.timeline().world());
        let mut outcome = Outcome::default();
        if checked.has_errors() {
            outcome.errors = checked.error_lines();
        } else if checked.objects == 0 {
            outcome.errors.push("error: no objects passed to apply".into());
        }
        self.log(LogKind::Input, format!("kubectl apply -f {}", file.name));
        let at = self.session.timeline().now();
        let commands = self.session.timeline().done();
        if outcome.errors.is_empty() {
            let branches = self.session.timeline().branches().len();
            outcome = shell::apply(&self.session, &file.name, &file.text);
            self.announce_fork(branches);
        }
        self.log(LogKind::Warning, outcome.warnings.join("\n"));
        self.log(LogKind::Output, outcome.lines.join("\n"));
        self.log(LogKind::Error, outcome.errors.join("\n"));
        // A text that was refused is still a text that is not applied.
        let text = match outcome.lines[..] {
            [] => file.applied.as_ref().map_or_else(|| Rc::from(""), |applied| applied.text.clone()),
            _ => file.text.clone(),
        };
        let applied = Some(Rc::new(Applied { text, tried: file.text.clone(), at, outcome }));
        self.step(commands, Rc::new(file.clone()), File { applied, ..file.clone() });
        checked.errors().next().map(|finding| (finding.from, finding.to))
    }

    /// Writes what the cluster has into a file, each value at its place; what cannot be written there is told.
    pub fn take_over(&self, file: &File) {
        let (text, left) = keep::take_over(file, self.session.timeline().world());
        if !left.is_empty() {
            self.toast(
                format!("{} cannot be changed at its place; the file says what it said.", left.join(", ")),
                None,
            );
        }
        self.send(Action::Edit { file: file.id, text });
    }

    /// Takes back, does again or drops what was done, and says so.
    pub fn turn(&self, turn: Turn) -> String {
        self.session.pause();
        let branches = self.session.timeline().branches().len();
        let (words, is_kept) = match turn {
            Turn::Undo => (self.take_back_last(), true),
            Turn::Redo => (self.do_again(), false),
            Turn::Reset => (self.begin_again(), true),
        };
        let kept = self.session.timeline().branches().len();
        let branch = (is_kept && kept > branches).then(|| kept - 1);
        let words = match branch {
            Some(branch) => format!("{words} The old run is {}.", branch_name(branch)),
            None => words,
        };
        self.toast(words.clone(), branch);
        words
    }

    /// Takes the last command back by forking before it. Files that followed it go back, too. Where nothing was done but
    /// open this run, the one that it has replaced comes back.
    fn take_back_last(&self) -> String {
        let last = self.session.timeline().last_said();
        if let Some(title) = self.bring_back(false) {
            return format!("Back to {title}.");
        }
        if !self.session.change(|timeline| timeline.undo()) {
            return "There is nothing to take back.".to_owned();
        }
        self.take_files_back();
        format!("Took back: {last}.")
    }

    fn do_again(&self) -> String {
        if let Some(title) = self.bring_back(true) {
            return format!("Back to {title}.");
        }
        match self.session.change(|timeline| timeline.redo()) {
            true => format!("Done again: {}.", self.session.timeline().last_said()),
            false => "There is nothing to do again.".to_owned(),
        }
    }

    fn begin_again(&self) -> String {
        let (commands, moment) = self.beginning();
        if !self.session.change(|timeline| timeline.reset(commands, moment)) {
            return "Nothing was done yet.".to_owned();
        }
        self.take_files_back();
        "Back at what this run began with.".to_owned()
    }

    /// Takes the files back that followed commands which are not there any more.
    fn take_files_back(&self) {
        let left = self.session.timeline().done();
        self.steps.borrow_mut().retain(|step| step.run == self.session.run());
        let files = take_back(&mut self.steps.borrow_mut(), left, &self.files());
        files.into_iter().for_each(|file| self.send(Action::Keep(file)));
    }

    /// Makes a branch the present.
    pub fn switch(&self, branch: usize) {
        self.session.pause();
        let known = branch < self.session.timeline().branches().len();
        if known {
            self.session.change(|timeline| timeline.switch(branch));
            self.toast(format!("Went to {}.", branch_name(branch)), None);
        }
    }
}
