//! Candidates for a lock: clients that elect a leader through a Lease.
//!
//! Upstream: `client-go/tools/leaderelection`, which the processes of the simulator follow, too.
//! Deviation: the jitter of the waits, up to 1.2 retry periods at random, is the mean of it.

use super::scenario::seconds;
use petri_objects::{Kind, Name, ObjectRef, Span, Time, Value};
use petri_sim::belief::api::request::{Reply, Request};
use petri_sim::reality::workload::election::Stand;
use petri_sim::reality::workload::program::Hold;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::words::note::Note;
use petri_sim::world::World;

/// What a step of the script does to the candidates.
pub enum Change {
    Start(Box<Candidate>),
    /// The process is gone, with all it knew.
    Kill(Name),
    /// It ends in good order, and may give the lock back.
    Stop(Name),
}

impl Change {
    pub fn read(fields: &Value, namespace: &str) -> Option<Change> {
        let text = |key: &str| fields.at(&[key]).and_then(Value::as_str);
        let span = |key: &str| fields.at(&[key]).and_then(seconds);
        let id = Name::from(text("id")?);
        Some(match text("op")? {
            "start" => Change::Start(Box::new(Candidate {
                id,
                lease: ObjectRef::new(Kind::Lease, namespace, text("lease")?),
                duration: span("leaseDuration")?,
                renew_deadline: span("renewDeadline")?,
                retry: span("retryPeriod")?,
                releases: fields.at(&["releaseOnCancel"]) == Some(&Value::Bool(true)),
                hold: Hold::default(),
                due: Time::ZERO,
            })),
            "kill" => Change::Kill(id),
            "stop" => Change::Stop(id),
            _ => return None,
        })
    }
}

pub fn change(candidates: &mut Vec<Candidate>, change: &Change, world: &mut World, notes: &mut Vec<Note>) {
    match change {
        Change::Start(candidate) => {
            let mut candidate = (**candidate).clone();
            candidate.due = world.now;
            candidate.act(world, notes);
            candidates.push(candidate);
        }
        Change::Kill(id) => candidates.retain(|candidate| candidate.id != *id),
        Change::Stop(id) => {
            for candidate in candidates.iter().filter(|candidate| candidate.id == *id) {
                candidate.release(world, notes);
            }
            candidates.retain(|candidate| candidate.id != *id);
        }
    }
}

/// One client that wants the lock, and what it knows.
#[derive(Clone)]
pub struct Candidate {
    id: Name,
    lease: ObjectRef,
    duration: Span,
    renew_deadline: Span,
    retry: Span,
    releases: bool,
    hold: Hold,
    pub due: Time,
}

impl Candidate {
    fn stand(&self) -> Stand<'_> {
        Stand {
            id: &self.id,
            lock: &self.lease,
            duration: self.duration,
            deadline: self.renew_deadline,
            retry: self.retry,
        }
    }

    /// Tries to acquire or to renew, and plans the next try.
    pub fn act(&mut self, world: &mut World, notes: &mut Vec<Note>) {
        let (now, mut hold) = (world.now, std::mem::take(&mut self.hold));
        let stand = self.stand();
        hold.acts &= !stand.is_over(&hold, now);
        let held = stand.attempt(&mut hold, now, now, &mut |request| ask(request, world, notes)).is_ok();
        hold.acts |= held;
        let wait = stand.wait(&hold, now, Span(self.retry.0 * 16 / 10));
        self.hold = hold;
        self.due = now + wait;
    }

    fn release(&self, world: &mut World, notes: &mut Vec<Note>) {
        if self.hold.acts && self.releases {
            self.stand().release(world.now, &mut |request| ask(request, world, notes));
        }
    }
}

/// Reads and writes as a person does: the recorded candidates are clients outside of the cluster.
fn ask(request: Request, world: &mut World, notes: &mut Vec<Note>) -> Reply {
    let (target, command) = match request {
        Request::Get(target) => (target, None),
        Request::Create(object) => (object.reference(), Some(Command::Create(object))),
        Request::Update(object) => (object.reference(), Some(Command::Replace(object))),
        _ => unreachable!("candidates read and write their record"),
    };
    if let Some(command) = command {
        world.command(&command, notes)?;
    }
    world.objects().get(&target).ok_or_else(|| ApiError::not_found(target.kind, target.name.clone()))
}
