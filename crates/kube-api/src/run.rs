//! The run that is served, and the one way in which a client changes it.

use crate::managers::Writer;
use crate::status::Failure;
use crate::store::Memory;
use crate::versions;
use petri_console::{Host, Session};
use petri_objects::{Object, ObjectRef, Revision, Span, Time, Value};
use petri_sim::belief::api::shelf::Objects;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::{Command, Component};
use petri_sim::words::note::{Answer, Note, Verb, What};
use petri_sim::world::World;

/// A run, and what this server remembers of its clients.
#[derive(Debug)]
pub struct Run {
    pub timeline: Timeline,
    pub memory: Memory,
    /// The consoles that go on from line to line, by the names that clients gave them, the one used last at the end.
    pub consoles: Vec<(String, Session)>,
}

/// What a write came to.
#[derive(Debug)]
pub struct Written {
    /// The object after the write; before it, if it is gone.
    pub object: Option<Object>,
    /// Whether the object is gone.
    pub removed: bool,
}

impl Run {
    pub fn new(timeline: Timeline) -> Run {
        let mut memory = Memory::default();
        // What was there before the first note is known to nobody.
        let first = timeline.notes_until_now().iter().find_map(revision).map(|first| Revision(first.0 - 1));
        memory.forgotten = first.unwrap_or_else(|| timeline.world().server.revision());
        Run { timeline, memory, consoles: Vec::new() }
    }
    pub fn world(&self) -> &World {
        self.timeline.world()
    }
    pub fn objects(&self) -> &Objects {
        self.world().objects()
    }
    pub fn revision(&self) -> Revision {
        self.world().server.revision()
    }
    /// Whether the simulated API server runs.
    pub fn serves(&self) -> bool {
        !self.world().is_stopped(Component::ApiServer)
    }

    /// Carries out what a client wants, or looks what would come of it.
    ///
    /// # Errors
    /// What the API server refuses.
    pub fn write(&mut self, command: Command, writer: &Writer) -> Result<Written, Failure> {
        let mut dry = None;
        let (answer, notes): (Answer, &[Note]) = if writer.dry_run {
            let (mut world, mut notes) = (self.world().clone(), Vec::new());
            let answer = world.command(&command, &mut notes)?;
            let (world, notes) = dry.insert((world, notes));
            let target = target(&answer);
            let written = written(notes, target.as_ref(), world.objects());
            return Ok(written);
        } else {
            let before = self.timeline.notes_until_now().len();
            let answer = self.timeline.command(command)?;
            (answer, self.timeline.notes_until_now().get(before..).unwrap_or_default())
        };
        let written = written(notes, target(&answer).as_ref(), self.timeline.world().objects());
        let now = self.timeline.now();
        for note in notes {
            if let What::Write { object, old, verb, by: petri_sim::words::actor::Actor::User, .. } = &note.what {
                match verb {
                    Verb::Deleted => self.memory.managers.forget(object.meta().uid),
                    _ => self.memory.managers.updated(old.as_ref(), object, writer, now),
                }
            }
        }
        Ok(written)
    }

    /// An object as clients of a version see it.
    pub fn show(&self, object: &Object, api_version: &str) -> Value {
        let mut value = object.to_value();
        versions::shown(object.kind(), api_version, &mut value);
        let managers = self.memory.managers.of(object.meta().uid);
        if let (Some(managers), Value::Map(map)) = (managers, &mut value)
            && let Some(Value::Map(metadata)) = map.entry_mut("metadata")
        {
            metadata.insert("managedFields", managers);
        }
        value
    }
}

fn revision(note: &Note) -> Option<Revision> {
    match &note.what {
        What::Write { revision, .. } => Some(*revision),
        _ => None,
    }
}

fn target(answer: &Answer) -> Option<ObjectRef> {
    match answer {
        Answer::Created(target)
        | Answer::Configured(target)
        | Answer::Unchanged(target)
        | Answer::Replaced(target)
        | Answer::Scaled(target)
        | Answer::Evicted(target)
        | Answer::Deleted { target, .. }
        | Answer::Patched { target, .. } => Some(target.clone()),
        Answer::Cordoned { .. } | Answer::Tainted { .. } | Answer::Done(_) => None,
    }
}

/// What the notes of a command tell of its object; as it stands, if nothing was written.
fn written(notes: &[Note], target: Option<&ObjectRef>, objects: &Objects) -> Written {
    let last = notes.iter().rev().find_map(|note| match &note.what {
        What::Write { target: written, object, verb, .. } if Some(written) == target => {
            Some((object.clone(), *verb == Verb::Deleted))
        }
        _ => None,
    });
    match last {
        Some((object, removed)) => Written { object: Some(object), removed },
        None => Written { object: target.and_then(|target| objects.get(target)), removed: false },
    }
}

/// Lines of the console play time by themselves; nobody goes back in a run that others look at.
impl Host for Run {
    fn world(&self) -> &World {
        self.timeline.world()
    }
    fn command(&mut self, command: Command) -> Result<Answer, ApiError> {
        self.timeline.command(command)
    }
    fn says(&mut self, line: Option<String>) {
        self.timeline.says(line);
    }
    fn turn(&mut self, _: petri_console::Turn) -> Result<String, String> {
        Err("clients look at this run: what was done stays done".into())
    }
    fn play_until(&mut self, time: Time) {
        self.timeline.play_until(time);
    }
    fn step(&mut self) -> bool {
        self.timeline.step()
    }
    fn patience(&self) -> Option<Span> {
        Some(Span::minutes(10))
    }
}
