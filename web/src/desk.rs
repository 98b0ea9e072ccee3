//! What the page can do, in one place: every click, key and console line ends here, and leaves its line in the console.

use crate::check::check;
use crate::explain::{self, Fix};
use crate::frames::{self, Later};
use crate::keep::{self, Step};
use crate::limits;
use crate::recording::Shared;
use crate::session::Session;
use crate::shell::{self, Waiting};
use crate::state::{Action, Applied, Bookmark, File, LogKind, Outcome, Popup, Tab, Ui};
use crate::verbs::Act;
use crate::view::{Target, words};
use petri_objects::{ObjectRef, Span, Time, Uid};
use petri_sim::words::command::Command;
use petri_sim::words::note::{Note, What};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use yew::prelude::*;

/// A handle for whoever acts. It does not change while the page lives.
#[derive(Clone)]
pub struct Desk {
    pub session: Session,
    ui: UseReducerDispatcher<Ui>,
    /// The files as they are now, for console lines that name one.
    files: Rc<RefCell<Vec<Rc<File>>>>,
    /// The file that was closed last, should somebody want it back.
    closed: Rc<RefCell<Option<Rc<File>>>>,
    /// The moments that somebody named, as they are now.
    bookmarks: Rc<RefCell<Rc<Vec<Bookmark>>>>,
    /// What commands did to files, in order, for whoever takes them back.
    steps: Rc<RefCell<Vec<Step>>>,
    /// Counts what somebody wanted to open: what arrives late is not what is wanted any more.
    wishes: Rc<Cell<u32>>,
    /// Console lines that are not done.
    pub(crate) waiting: Rc<Waiting>,
}

impl PartialEq for Desk {
    fn eq(&self, other: &Desk) -> bool {
        self.session == other.session && Rc::ptr_eq(&self.files, &other.files)
    }
}

/// The desk of the page.
#[hook]
pub fn use_desk() -> Desk {
    use_context::<Desk>().expect("panels are only used inside of App, which provides the desk")
}

/// Whoever waits for a change of something that rests is not kept for longer than this.
const PATIENCE: Span = Span::minutes(60);

/// Whether a note tells of a change of this object, or of its process.
pub fn is_about(note: &Note, object: &ObjectRef, uid: Option<Uid>) -> bool {
    match &note.what {
        What::Write { target, uid: written, .. } => target == object && uid.is_none_or(|uid| uid == *written),
        What::Process { uid: process, .. } => uid == Some(*process),
        What::Machine { node, .. } => object.kind == petri_objects::Kind::Node && object.name == *node,
        What::Command { .. } | What::Guarantee { .. } => false,
    }
}

/// How long a toast stays, in milliseconds.
const TOAST: u32 = 9_000;

impl Desk {
    pub fn new(session: Session, ui: UseReducerDispatcher<Ui>) -> Desk {
        Desk {
            session,
            ui,
            files: Rc::default(),
            closed: Rc::default(),
            bookmarks: Rc::default(),
            steps: Rc::default(),
            wishes: Rc::default(),
            waiting: Rc::default(),
        }
    }
    /// Tells which files there are now.
    pub fn know_files(&self, files: &[Rc<File>]) {
        *self.files.borrow_mut() = files.to_vec();
    }
    /// Tells which moments have names now.
    pub fn know_bookmarks(&self, bookmarks: &Rc<Vec<Bookmark>>) {
        *self.bookmarks.borrow_mut() = bookmarks.clone();
    }
    pub fn bookmarks(&self) -> Rc<Vec<Bookmark>> {
        self.bookmarks.borrow().clone()
    }
    /// All that a link carries.
    pub fn shared(&self) -> Shared {
        Shared { bookmarks: self.bookmarks(), ..self.session.shared() }
    }
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
    pub fn files(&self) -> Vec<Rc<File>> {
        self.files.borrow().clone()
    }
    /// Closes a file. What was typed into it is not lost: see [`Desk::reopen`].
    pub fn close_file(&self, file: &Rc<File>) {
        *self.closed.borrow_mut() = Some(file.clone());
        self.send(Action::CloseFile(file.id));
        self.toast(format!("Closed {}. The + beside the files brings it back.", file.name), None);
    }
    /// The name of the file that can be brought back.
    pub fn closed_file(&self) -> Option<String> {
        self.closed.borrow().as_ref().map(|file| file.name.clone())
    }
    /// Brings back what was closed last.
    pub fn reopen(&self) {
        let Some(file) = self.closed.take() else { return };
        self.send(Action::Close);
        self.send(Action::NewFile { name: file.name.clone(), text: file.text.clone() });
        if let Some(applied) = &file.applied {
            self.send(Action::AppliedLast(applied.clone()));
        }
    }
    pub fn send(&self, action: Action) {
        self.ui.dispatch(action);
    }
    /// A callback that sends the same thing each time.
    pub fn sends<E>(&self, action: Action) -> Callback<E> {
        let desk = self.clone();
        Callback::from(move |_| desk.send(action.clone()))
    }
    pub fn log(&self, kind: LogKind, text: impl Into<String>) {
        let text = text.into();
        let text = text.trim_end();
        if !text.is_empty() {
            self.send(Action::Log(kind, text.to_owned()));
        }
    }
    pub fn toast(&self, text: impl Into<String>, branch: Option<usize>) {
        self.send(Action::Toast { text: text.into(), branch });
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
        let machines = self.session.timeline().world().machines.len();
        if let Some(words) = limits::refuse(&command, machines) {
            return Err(words);
        }
        let branches = self.session.timeline().branches().len();
        let result = self.session.command(command);
        self.announce_fork(branches);
        match result {
            Ok(answer) => Ok(petri_console::answer_text(&answer)),
            Err(error) => Err(petri_console::api_error(&error, None)),
        }
    }

    /// Says that the past was changed, if it was.
    pub(crate) fn announce_fork(&self, branches_before: usize) {
        let branches = self.session.timeline().branches().len();
        if branches > branches_before {
            let name = branch_name(branches - 1);
            self.toast(format!("The past was changed. What came after it is kept as {name}."), Some(branches - 1));
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

    /// A command changes a file, or what is said of it.
    pub(crate) fn step(&self, commands: usize, before: Rc<File>, next: File) {
        let done = self.session.timeline().done();
        if done > commands {
            let mut steps = self.steps.borrow_mut();
            // What came after this moment in another future is not what is taken back next.
            let run = self.session.run();
            steps.retain(|step| step.run == run && step.commands <= commands);
            steps.push(Step { run, commands: done, before, after: next.text.clone() });
        }
        self.send(Action::Keep(Rc::new(next)));
    }

    /// Takes the last command back by forking before it. Files that followed it go back, too.
    pub fn undo(&self) {
        let last = {
            let timeline = self.session.timeline();
            timeline.done().checked_sub(1).map(|last| timeline.recording().commands[last].command.said())
        };
        let branches = self.session.timeline().branches().len();
        self.session.pause();
        if self.session.change(|timeline| timeline.undo()) {
            let left = self.session.timeline().done();
            self.steps.borrow_mut().retain(|step| step.run == self.session.run());
            let files = keep::take_back(&mut self.steps.borrow_mut(), left, &self.files());
            files.into_iter().for_each(|file| self.send(Action::Keep(file)));
            let branch = self
                .session
                .timeline()
                .branches()
                .len()
                .checked_sub(1)
                .filter(|_| self.session.timeline().branches().len() > branches);
            let kept = branch.map_or_else(String::new, |branch| format!(" The old run is {}.", branch_name(branch)));
            self.toast(format!("Took back: {}.{kept}", last.unwrap_or_default()), branch);
        } else {
            self.toast("There is nothing to take back.", None);
        }
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
    pub fn run_for(&self, span: Span) {
        self.send(Action::Close);
        self.session.run_for(span);
    }
    pub fn seek(&self, at: Time) {
        self.session.seek(at);
    }
    pub fn open_menu(&self, target: Target, x: i32, y: i32) {
        self.send(Action::Open(Popup::Verbs { target, x, y }));
    }
    pub fn show_why(&self, target: Target) {
        self.send(Action::Select(Some(target)));
        self.send(Action::ShowTab(Tab::Why));
    }
    /// Says that somebody wants something else opened, and answers whether that still is the last wish, whenever asked.
    pub(crate) fn wish(&self) -> impl Fn() -> bool + use<> {
        let (wishes, own) = (self.wishes.clone(), self.wishes.get() + 1);
        wishes.set(own);
        move || wishes.get() == own
    }
    /// Takes a toast away after a while, if nobody does before.
    pub fn expire_toast(&self, number: u64) -> Later {
        let desk = self.clone();
        frames::later(TOAST, move || desk.send(Action::DropToast(number)))
    }
}

/// `branch B`: the present is A, the ones that were left follow.
pub fn branch_name(branch: usize) -> String {
    let letter = u8::try_from(branch + 1).ok().filter(|n| *n < 26).map(|n| (b'A' + n) as char);
    letter.map_or_else(|| format!("branch {}", branch + 2), |letter| format!("branch {letter}"))
}
