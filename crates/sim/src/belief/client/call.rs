//! The replayed call: how a controller asks the API server, and how a half-finished sync is a value.
//!
//! A controller writes `api.call(request)??`. The first `?` hands the question over to whoever drives the world, the
//! second is Go's `if err != nil { return err }`. A sync that is cut in the middle is stored as the replies so far
//! ([`PendingSync`]) and goes on by running again from the top against them. Where nothing can come between, the call
//! is served in place and nothing is replayed.
//!
//! Invariant: a sync that is cut finds its controller's memory whenever it goes on as it found it when it began, and
//! leaves nothing in it before it has ended, well or not; then all that it has remembered stays. So it works on a copy,
//! which the world keeps at the end and throws away before, and whoever else would change that memory waits until then:
//! changes that the controller hears of, faults of the storage driver. A controller that crashes or is stopped loses the
//! sync with its memory, and with everything that was planned for it.
//!
//! Invariant: a sync decides by the instant at which it began ([`Api::now`]), and by its end that may be long ago. What
//! it plans by another sync's plan may therefore lie in the past already: it plans for later all the same.

use crate::belief::api::event::{EventNote, EventType};
use crate::belief::api::request::{DeleteOptions, Patch, Reply, Request, WriteContext};
use crate::belief::api::server::Server;
use crate::belief::api::shelf::{Key, Objects};
use crate::ground::clock::{Span, Time};
use crate::ground::settings::Settings;
use crate::words::actor::Cause;
use crate::words::api_error::ApiError;
use crate::words::reason::Reason;
use petri_objects::*;
use std::rc::Rc;

/// The sync has asked a question whose answer is not known yet.
#[derive(Debug)]
pub struct Awaiting;

/// Why a sync did not run to its end.
#[derive(Debug)]
pub enum Stop {
    Awaiting,
    /// The API server refused, or could not be reached: try again with back-off.
    Failed(ApiError),
}

impl From<Awaiting> for Stop {
    fn from(_: Awaiting) -> Stop {
        Stop::Awaiting
    }
}
impl From<ApiError> for Stop {
    fn from(error: ApiError) -> Stop {
        Stop::Failed(error)
    }
}

/// How a sync that ran to its end leaves things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Why the goal is not reached yet; `None` if it is, or if the sync just acted.
    pub waiting: Option<Reason>,
    /// When to look again without being woken.
    pub after: Option<Span>,
}

impl Done {
    /// Nothing more to do until something changes.
    pub fn settled() -> Done {
        Done::default()
    }
    pub fn waiting(reason: Reason) -> Done {
        Done { waiting: Some(reason), after: None }
    }
    pub fn after(span: Span) -> Done {
        Done { waiting: None, after: Some(span) }
    }
    pub fn or_after(mut self, span: Option<Span>) -> Done {
        self.after = match (self.after, span) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self
    }
}

pub type Outcome = Result<Done, Stop>;

/// A question and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Exchange {
    pub request: Request,
    pub reply: Reply,
}

/// A sync that is cut in the middle: what it has asked and heard so far, and what it asks next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PendingSync {
    pub key: Key,
    pub cause: Cause,
    pub began: Time,
    /// The cache as it was when the sync began.
    pub cache: Rc<Objects>,
    pub past: Vec<Exchange>,
    pub next: Request,
    /// The answer that the server has given and the controller has not heard yet.
    pub served: Option<Reply>,
    /// How many of its events are recorded already.
    pub events: u32,
}

/// The only way in which controllers, scheduler and kubelets reach the API server.
pub struct Api<'w, M = ()> {
    pub now: Time,
    pub settings: &'w Settings,
    /// What the controller keeps in its own memory.
    pub memory: &'w mut M,
    cache: Rc<Objects>,
    via: Via<'w>,
}

/// How questions get answered.
pub enum Via<'w> {
    /// Served in place.
    Direct { server: &'w mut Server, context: WriteContext },
    /// Answered from what was heard before; the first new question is handed over.
    Replay { past: &'w [Exchange], asked: u32, next: Option<Request>, events: Vec<EventNote> },
}

impl<'w, M> Api<'w, M> {
    pub(crate) fn new(
        now: Time,
        settings: &'w Settings,
        memory: &'w mut M,
        cache: Rc<Objects>,
        via: Via<'w>,
    ) -> Api<'w, M> {
        Api { now, settings, memory, cache, via }
    }
    /// The same for one of those whose memories are kept together.
    pub(crate) fn of<N>(self) -> Api<'w, N>
    where
        M: AsMut<N>,
    {
        let Api { now, settings, memory, cache, via } = self;
        Api { now, settings, memory: memory.as_mut(), cache, via }
    }
    /// Lets a part of a sync change the memory and ask beside it. Whether what it remembers counts is the world's to say,
    /// here as everywhere.
    pub fn remembering<T>(&mut self, act: impl FnOnce(&mut M, &mut Self) -> T) -> T
    where
        M: Default,
    {
        let mut memory = std::mem::take(&mut *self.memory);
        let result = act(&mut memory, self);
        *self.memory = memory;
        result
    }
    pub(crate) fn into_via(self) -> Via<'w> {
        self.via
    }

    /// The informer cache as it was when the sync began. The handle is cheap and does not borrow the `Api`.
    pub fn cache(&self) -> Rc<Objects> {
        self.cache.clone()
    }

    /// Asks the API server.
    ///
    /// # Errors
    /// [`Awaiting`] if the answer is not known yet: pass it on with `?`. The inner error is the API server's.
    pub fn call(&mut self, request: Request) -> Result<Reply, Awaiting> {
        match &mut self.via {
            Via::Direct { server, context } => Ok(server.serve(request, context)),
            Via::Replay { past, asked, next, .. } => match past.get(*asked as usize) {
                Some(exchange) => {
                    assert_eq!(exchange.request, request, "a sync must ask the same questions when it is replayed");
                    *asked += 1;
                    Ok(exchange.reply.clone())
                }
                None => {
                    *next = Some(request);
                    Err(Awaiting)
                }
            },
        }
    }
    pub fn get(&mut self, target: ObjectRef) -> Result<Reply, Awaiting> {
        self.call(Request::Get(target))
    }
    pub fn create(&mut self, object: impl Into<Object>) -> Result<Reply, Awaiting> {
        self.call(Request::Create(object.into()))
    }
    pub fn update(&mut self, object: impl Into<Object>) -> Result<Reply, Awaiting> {
        self.call(Request::Update(object.into()))
    }
    pub fn update_status(&mut self, object: impl Into<Object>) -> Result<Reply, Awaiting> {
        self.call(Request::UpdateStatus(object.into()))
    }
    pub fn delete(&mut self, target: ObjectRef) -> Result<Reply, Awaiting> {
        self.call(Request::Delete { target, options: DeleteOptions::default() })
    }
    pub fn delete_with(&mut self, target: ObjectRef, options: DeleteOptions) -> Result<Reply, Awaiting> {
        self.call(Request::Delete { target, options })
    }
    pub fn patch(&mut self, target: ObjectRef, uid: Option<Uid>, patch: Patch) -> Result<Reply, Awaiting> {
        self.call(Request::Patch { target, uid, patch })
    }

    /// Records an event about an object, under the controller's own name.
    pub fn event(&mut self, about: &Object, kind: EventType, reason: &str, message: impl Into<Name>) {
        let note = EventNote::new(about, kind, reason, message.into());
        match &mut self.via {
            Via::Direct { server, context } => server.record(&note, context),
            Via::Replay { events, .. } => events.push(note),
        }
    }
    pub fn normal(&mut self, about: &Object, reason: &str, message: impl Into<Name>) {
        self.event(about, EventType::Normal, reason, message);
    }
    pub fn warning(&mut self, about: &Object, reason: &str, message: impl Into<Name>) {
        self.event(about, EventType::Warning, reason, message);
    }
}

/// Turns an answer into the kind that was asked about.
///
/// # Panics
/// If the server answered with another kind, which would be a defect of the server.
pub fn expect_kind<T>(object: Object) -> Rc<T>
where
    Rc<T>: TryFrom<Object>,
{
    Rc::<T>::try_from(object).ok().expect("the server answers with the kind that it was asked about")
}
