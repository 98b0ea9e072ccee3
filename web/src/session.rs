//! The cluster that the page shows: one handle for everybody, and a hook that looks at a slice of it.

use crate::frames::{self, Frame};
use crate::panic;
use crate::player::Player;
use crate::recording::Shared;
use petri_objects::Time;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::words::note::Answer;
use std::cell::{Cell, Ref, RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;
use yew::prelude::*;

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
    /// Starts over with another run.
    pub fn replace(&self, recording: Recording) {
        self.pause();
        self.0.run.set(self.0.run.get() + 1);
        self.watch(None);
        self.change(|timeline| *timeline = Timeline::new(recording));
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
        panic::remember(self.shared());
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
    pub(crate) fn player(&self) -> &RefCell<Player> {
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
    pub fn seek(&self, moment: Time) {
        self.pause();
        self.0.jumped.set(true);
        self.change(|timeline| timeline.seek(moment));
    }
    pub fn step(&self) {
        self.pause();
        self.0.jumped.set(false);
        self.change(|timeline| timeline.step());
    }
    pub fn step_back(&self) {
        self.pause();
        self.0.jumped.set(true);
        self.change(|timeline| timeline.step_back());
    }

    /// What another person needs to see the same.
    pub fn shared(&self) -> Shared {
        let timeline = self.timeline();
        Shared::new(timeline.recording().clone(), timeline.now(), timeline.end())
    }
}

/// The session of the page. Panics outside of [`App`](crate::app::App), which is a mistake in the program.
#[hook]
pub fn use_session() -> Session {
    use_context::<Session>().expect("panels are only used inside of App, which provides the session")
}

struct Slice<T> {
    version: u64,
    value: Rc<T>,
    select: Rc<dyn Fn(&Session) -> T>,
}

/// A slice of the cluster's truth. The component renders again when the slice is different, and not before.
///
/// `deps` are the values from outside on which the selection depends.
#[hook]
pub fn use_world<T, D, F>(deps: D, select: F) -> Rc<T>
where
    T: PartialEq + 'static,
    D: PartialEq + Clone + 'static,
    F: Fn(&Timeline, &D) -> T + 'static,
{
    use_slice(deps, move |session, deps| select(&session.timeline(), deps))
}

/// Like [`use_world`], for what depends on the player as well.
#[hook]
pub fn use_slice<T, D, F>(deps: D, select: F) -> Rc<T>
where
    T: PartialEq + 'static,
    D: PartialEq + Clone + 'static,
    F: Fn(&Session, &D) -> T + 'static,
{
    let session = use_session();
    let render = use_force_update();
    let slice = use_mut_ref(|| None::<Slice<T>>);
    let known_deps = use_mut_ref(|| None::<D>);

    let same_deps = known_deps.borrow().as_ref() == Some(&deps);
    let fresh = same_deps && slice.borrow().as_ref().is_some_and(|slice| slice.version == session.version());
    if !fresh {
        let select: Rc<dyn Fn(&Session) -> T> = {
            let deps = deps.clone();
            Rc::new(move |session| select(session, &deps))
        };
        let value = select(&session);
        let old = slice.borrow_mut().take();
        // An equal slice keeps its address: children compare by it.
        let value = match old {
            Some(old) if *old.value == value => old.value,
            _ => Rc::new(value),
        };
        *slice.borrow_mut() = Some(Slice { version: session.version(), value, select });
        *known_deps.borrow_mut() = Some(deps);
    }

    {
        let slice = slice.clone();
        use_effect_with(session, move |session| {
            let stale = slice.borrow().as_ref().is_some_and(|slice| slice.version != session.version());
            let listener: Rc<dyn Fn()> = {
                let session = session.clone();
                Rc::new(move || {
                    let Some(select) = slice.borrow().as_ref().map(|slice| slice.select.clone()) else { return };
                    let value = select(&session);
                    let mut slice = slice.borrow_mut();
                    let Some(slice) = slice.as_mut() else { return };
                    slice.version = session.version();
                    if *slice.value != value {
                        slice.value = Rc::new(value);
                        render.force_update();
                    }
                })
            };
            let subscription = session.subscribe(listener.clone());
            // Between the first picture and this effect somebody may have done something already.
            if stale {
                listener();
            }
            move || drop(subscription)
        });
    }

    slice.borrow().as_ref().expect("the slice was filled above").value.clone()
}
