//! The handle that everybody who acts holds: the session, the files, the moments with names, and what waits.

use super::replaced::Replaced;
use super::steps::Step;
use super::waiting::Waiting;
use crate::edge;
use crate::frames::{self, Later};
use crate::session::Session;
use crate::state::{Action, Bookmark, File, LogKind, Popup, Shown, Tab, Ui};
use petri_objects::{Span, Time};
use petri_picture::view::Target;
use petri_sim::story::shared::Shared;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use yew::prelude::*;

/// A handle for whoever acts. It does not change while the page lives.
#[derive(Clone)]
pub struct Desk {
    pub session: Session,
    ui: UseReducerDispatcher<Ui>,
    /// The files as they are now, for console lines that name one, and what else the page shows.
    shown: Rc<RefCell<Shown>>,
    /// The run that the present one has replaced.
    pub(super) replaced: Rc<RefCell<Replaced>>,
    /// The file that was closed last, should somebody want it back.
    closed: Rc<RefCell<Option<Rc<File>>>>,
    /// What commands did to files, in order, for whoever takes them back.
    pub(super) steps: Rc<RefCell<Vec<Step>>>,
    /// Counts what somebody wanted to open: what arrives late is not what is wanted any more.
    wishes: Rc<Cell<u32>>,
    /// The next slice of a run that is being opened.
    opening: Rc<RefCell<Option<Later>>>,
    /// Console lines that are not done.
    pub(super) waiting: Rc<Waiting>,
}

impl PartialEq for Desk {
    fn eq(&self, other: &Desk) -> bool {
        self.session == other.session && Rc::ptr_eq(&self.shown, &other.shown)
    }
}

/// The desk of the page.
#[hook]
pub fn use_desk() -> Desk {
    use_context::<Desk>().expect("panels are only used inside of App, which provides the desk")
}

/// How long a toast stays, in milliseconds.
const TOAST: u32 = 9_000;

impl Desk {
    pub fn new(session: Session, ui: UseReducerDispatcher<Ui>) -> Desk {
        Desk {
            replaced: Rc::new(RefCell::new(Replaced::nothing(&session))),
            session,
            ui,
            shown: Rc::default(),
            closed: Rc::default(),
            steps: Rc::default(),
            wishes: Rc::default(),
            opening: Rc::default(),
            waiting: Rc::default(),
        }
    }
    /// Tells what the page shows now.
    pub fn know(&self, ui: &Ui) {
        *self.shown.borrow_mut() = ui.shown();
    }
    pub(super) fn shown(&self) -> Shown {
        self.shown.borrow().clone()
    }
    /// The moments that somebody named.
    pub fn bookmarks(&self) -> Rc<Vec<Bookmark>> {
        self.shown.borrow().bookmarks.clone()
    }
    /// The title of what was opened.
    pub fn title(&self) -> String {
        self.shown.borrow().title.clone()
    }
    /// All that a link carries.
    pub fn shared(&self) -> Shared {
        Shared { bookmarks: self.bookmarks(), ..self.session.shared_with_branches() }
    }
    pub fn files(&self) -> Vec<Rc<File>> {
        self.shown.borrow().files.clone()
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
    /// Says that the past was changed, if it was.
    pub(super) fn announce_fork(&self, branches_before: usize) {
        let branches = self.session.timeline().branches().len();
        if branches > branches_before {
            let name = branch_name(branches - 1);
            self.toast(format!("The past was changed. What came after it is kept as {name}."), Some(branches - 1));
        }
    }
    /// A command changes a file, or what is said of it.
    pub(super) fn step(&self, commands: usize, before: Rc<File>, next: File) {
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
    /// Keeps the next slice of a run that is being opened.
    pub(crate) fn await_opening(&self, slice: Later) {
        *self.opening.borrow_mut() = Some(slice);
    }
    /// Nobody wants the run that is being opened any more. What is shown stays.
    pub fn stop_opening(&self) {
        let _ = self.wish();
        self.opening.take();
        self.send(Action::Opening(None));
    }
    /// Saves the whole run as a file.
    pub fn save(&self) {
        edge::save("petri-recording.json", &self.shared().to_json());
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
