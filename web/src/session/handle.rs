//! The handle on the run that the page shows, and who is told when it changes.

use super::player::Player;
use crate::frames::{self, Frame};
use crate::memory::{Want, Watch};
use crate::panic;
use petri_sim::story::recording::Recording;
use petri_sim::story::shared::Shared;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::words::note::Answer;
use std::cell::{Cell, Ref, RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A handle on the run. Handles are equal if they hold the same run.
#[derive(Clone)]
pub struct Session(Rc<Inner>);

struct Inner {
    timeline: RefCell<Timeline>,
    player: RefCell<Player>,
    /// Counts changes, so that a renderer knows whether what it has is still true.
    version: Cell<u64>,
    listeners: RefCell<BTreeMap<u64, Rc<dyn Fn()>>>,
    next_listener: Cell<u64>,
    /// Whether a frame was asked for in which the listeners will be told.
    told: Cell<bool>,
    /// That frame, or the last one.
    frame: RefCell<Option<Frame>>,
    /// Counts the runs that were opened, so that whoever waits for something of one does not look for it in another.
    run: Cell<u32>,
    /// Whether the moment was come to by a jump: then nothing is on its way.
    jumped: Cell<bool>,
    memory: Watch,
}

impl PartialEq for Session {
    fn eq(&self, other: &Session) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// Keeps a listener subscribed for as long as it lives.
pub struct Subscription {
    session: Session,
    id: u64,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.session.0.listeners.borrow_mut().remove(&self.id);
    }
}

impl Session {
    pub fn new(recording: Recording) -> Session {
        Session(Rc::new(Inner {
            timeline: RefCell::new(Timeline::new(recording)),
            player: RefCell::default(),
            version: Cell::new(0),
            listeners: RefCell::default(),
            next_listener: Cell::new(0),
            told: Cell::new(false),
            frame: RefCell::default(),
            run: Cell::new(0),
            jumped: Cell::new(true),
            memory: Watch::default(),
        }))
    }

    /// A session that tells nobody of changes before it is flushed.
    pub fn silent(recording: Recording) -> Session {
        let session = Session::new(recording);
        session.0.told.set(true);
        session
    }

    /// Looks at the run. Must not be held across a change.
    pub fn timeline(&self) -> Ref<'_, Timeline> {
        self.0.timeline.borrow()
    }
    /// Changes the run by hand. Whoever does it says [`Session::changed`] afterwards.
    pub(crate) fn timeline_mut(&self) -> RefMut<'_, Timeline> {
        self.0.timeline.borrow_mut()
    }
    pub fn version(&self) -> u64 {
        self.0.version.get()
    }
    /// Changes the run, and tells everybody in the next frame.
    pub fn change<T>(&self, change: impl FnOnce(&mut Timeline) -> T) -> T {
        let result = change(&mut self.0.timeline.borrow_mut());
        self.changed();
        result
    }
    /// Counts the run that is opened now.
    pub(super) fn enter_next_run(&self) {
        self.0.run.set(self.0.run.get() + 1);
    }
    /// Says how the moment was come to.
    pub(super) fn set_jumped(&self, jumped: bool) {
        self.0.jumped.set(jumped);
    }
    /// Which run this is of those that were opened.
    pub fn run(&self) -> u32 {
        self.0.run.get()
    }
    /// Says that something about the run or its player is different now.
    pub fn changed(&self) {
        self.0.version.set(self.0.version.get() + 1);
        if !self.0.told.replace(true) {
            let session = self.clone();
            let frame = frames::request(move || session.flush());
            self.0.frame.replace(Some(frame));
        }
    }
    /// Tells the listeners at once. Frames do this by themselves; tests do not wait for frames.
    pub fn flush(&self) {
        self.0.told.set(false);
        panic::keep_up(|| self.shared());
        let listeners: Vec<Rc<dyn Fn()>> = self.0.listeners.borrow().values().cloned().collect();
        for listener in listeners {
            listener();
        }
    }
    pub fn subscribe(&self, listener: Rc<dyn Fn()>) -> Subscription {
        let id = self.0.next_listener.get();
        self.0.next_listener.set(id + 1);
        self.0.listeners.borrow_mut().insert(id, listener);
        Subscription { session: self.clone(), id }
    }
    pub(super) fn player(&self) -> &RefCell<Player> {
        &self.0.player
    }

    pub fn command(&self, command: Command) -> Result<Answer, ApiError> {
        panic::remember_attempt(&self.timeline(), &command);
        self.change(|timeline| timeline.command(command))
    }
    /// Whether the moment was come to by a jump rather than by time or a step.
    pub fn has_jumped(&self) -> bool {
        self.0.jumped.get()
    }

    /// How much memory all this takes, if somebody should know.
    pub fn want(&self) -> Option<Want> {
        self.0.memory.look()
    }
    /// Somebody knows how much memory this takes, and either lets fewer worlds be kept or does not.
    pub fn answer_want(&self, keep_fewer: bool) {
        self.change(|timeline| {
            if keep_fewer {
                timeline.keep_fewer();
            }
        });
        self.0.memory.answer();
    }

    /// What another person needs to see the same.
    pub fn shared(&self) -> Shared {
        self.timeline().shared()
    }

    /// The same with the other courses that it has taken.
    pub fn shared_with_branches(&self) -> Shared {
        Shared { branches: self.timeline().courses(), ..self.shared() }
    }
}
