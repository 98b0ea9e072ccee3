//! What a run may not ask of whoever plays it, whichever way it asks: a click, a console line or a link.

use crate::ground::clock::{Span, Time, elapsed};
use crate::ground::limits::{
    LONGEST_RUN, LONGEST_RUN_WORDS, MAX_ALL_REPLICAS, MAX_BYTES, MAX_COMMANDS, MAX_EVENTS, MAX_MACHINES, MAX_OBJECTS,
    MAX_REPLICAS, MAX_VALUES,
};
use crate::ground::scenario::Scenario;
use crate::story::recording::Stamped;
use crate::words::api_error::ApiError;
use crate::words::command::Command;
use crate::words::note::{Answer, Note};
use crate::world::World;
use petri_objects::limits::{grouped, replica_limit_message};
use petri_objects::wire::first_json;
use petri_objects::{Object, Value, batch};

/// What there is in a world, or will be once its workloads have what they ask for.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    /// Replicas of the largest workload.
    largest: i64,
    /// Replicas of all of them.
    replicas: i64,
    /// Objects that they ask for.
    asked: i64,
    /// Objects that there are.
    stored: i64,
    machines: i64,
}

impl Load {
    fn add(&mut self, replicas: i32, claims: usize) {
        let replicas = i64::from(replicas).max(0);
        self.largest = self.largest.max(replicas);
        self.replicas = self.replicas.saturating_add(replicas);
        // A claim brings a volume.
        let objects = i64::try_from(claims).map_or(i64::MAX, |claims| claims.saturating_mul(2).saturating_add(1));
        self.asked = self.asked.saturating_add(replicas.saturating_mul(objects));
    }

    fn of(world: &World) -> Load {
        let objects = world.objects();
        let mut load = Load {
            stored: i64::try_from(objects.count_without_events()).unwrap_or(i64::MAX),
            machines: i64::try_from(world.machines.len()).unwrap_or(i64::MAX),
            ..Load::default()
        };
        objects.stateful_sets.values().for_each(|set| load.add(set.replicas(), set.spec.volume_claim_templates.len()));
        objects.deployments.values().for_each(|deployment| load.add(deployment.replicas(), 0));
        // Those of a deployment ask for what it asks for.
        let own = objects.replica_sets.values().filter(|set| set.metadata.controller().is_none());
        own.for_each(|set| load.add(set.replicas(), 0));
        // At most one on each machine.
        let machines = i32::try_from(load.machines).unwrap_or(i32::MAX);
        objects.daemon_sets.values().for_each(|_| load.add(machines, 0));
        for kind in ["Job", "CronJob"].into_iter().filter(|kind| objects.keeps(kind)) {
            for object in objects.list(batch::kind(kind)) {
                if let Object::Kept(job) = object {
                    load.add(batch::pods(&job), 0);
                }
            }
        }
        load
    }

    fn of_scenario(scenario: &Scenario) -> Load {
        let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        let (stored, machines) = (count(scenario.setup.len()), count(scenario.machines.len()));
        let mut load = Load { stored, machines, ..Load::default() };
        for object in &scenario.setup {
            match object {
                Object::StatefulSet(set) => load.add(set.replicas(), set.spec.volume_claim_templates.len()),
                Object::ReplicaSet(set) => load.add(set.replicas(), 0),
                Object::Deployment(deployment) => load.add(deployment.replicas(), 0),
                Object::DaemonSet(_) => load.add(i32::try_from(machines).unwrap_or(i32::MAX), 0),
                Object::Kept(job) if job.kind.is_acted_on() => load.add(batch::pods(job), 0),
                _ => {}
            }
        }
        load
    }

    /// What of this is too much, if it is more than it was before.
    fn refused(&self, before: &Load) -> Option<String> {
        let over = |now: i64, before: i64, limit: i64| now > limit && now > before;
        if over(self.largest, before.largest, i64::from(MAX_REPLICAS)) {
            return Some(replica_limit_message(self.largest));
        }
        let in_all = |limit: i64, what: &str, now: i64| {
            let (limit, now) = (grouped(limit), grouped(now));
            Some(format!("Petri simulates at most {limit} {what}; this makes it {now}, so nothing was changed."))
        };
        if over(self.replicas, before.replicas, MAX_ALL_REPLICAS) {
            return in_all(MAX_ALL_REPLICAS, "replicas of all workloads together", self.replicas);
        }
        let (now, earlier) = (self.asked.max(self.stored), before.asked.max(before.stored));
        if over(now, earlier, MAX_OBJECTS) {
            return in_all(MAX_OBJECTS, "objects", now);
        }
        let machines = i64::try_from(MAX_MACHINES).unwrap_or(i64::MAX);
        over(self.machines, before.machines, machines).then(machines_message)
    }
}

fn machines_message() -> String {
    format!("Petri simulates at most {MAX_MACHINES} machines.")
}

/// Carries a command out, or leaves the world as it is and says what of it would be too much.
pub(super) fn carry_out(
    world: &mut World,
    command: &Command,
    notes: &mut Vec<Note>,
) -> Result<Result<Answer, ApiError>, String> {
    let asks_for_more = matches!(
        command,
        Command::Apply(_)
            | Command::Create(_)
            | Command::Replace(_)
            | Command::Scale { .. }
            | Command::Patch { .. }
            | Command::AddMachine { .. }
    );
    if !asks_for_more {
        return Ok(world.command(command, notes));
    }
    // What a manifest or a patch comes to is for the API server to say; a copy shares whatever stays.
    let (mut after, mut news) = (world.clone(), Vec::new());
    let result = after.command(command, &mut news);
    if let Some(words) = Load::of(&after).refused(&Load::of(world)) {
        return Err(words);
    }
    *world = after;
    notes.append(&mut news);
    Ok(result)
}

/// Why a command would be too much in whatever cluster, if it would: what can be told of a recording before it is played.
pub fn refuse(command: &Command) -> Option<String> {
    let replicas = match command {
        Command::Apply(manifest) => asked(manifest)?,
        Command::Create(object) | Command::Replace(object) => asked(&object.to_value())?,
        Command::Scale { replicas, .. } => i64::from(*replicas),
        Command::Patch { patch, .. } => asked(patch)?,
        _ => return None,
    };
    (replicas > i64::from(MAX_REPLICAS)).then(|| replica_limit_message(replicas))
}

fn asked(written: &Value) -> Option<i64> {
    written.at(&["spec", "replicas"])?.as_int()
}

/// The same of what a cluster begins with.
pub fn refuse_scenario(scenario: &Scenario) -> Option<String> {
    Load::of_scenario(scenario).refused(&Load::default())
}

/// The latest moment of a run.
pub fn horizon(world: &World) -> Time {
    world.start + LONGEST_RUN
}

/// Why a run does not go on, if it does not: there is an end to what can be played.
pub fn ended(world: &World) -> Option<String> {
    if world.now >= horizon(world) {
        return Some(format!("This run has come to its end: Petri plays at most {LONGEST_RUN_WORDS} of virtual time."));
    }
    let events = i64::try_from(MAX_EVENTS).unwrap_or(i64::MAX);
    (world.events >= MAX_EVENTS)
        .then(|| format!("This run has come to its end: Petri plays at most {} events.", grouped(events)))
}

/// Why a run cannot go on for so long, if it cannot.
pub fn refuse_run(world: &World, span: Span) -> Option<String> {
    let since = elapsed(world.now.since(world.start));
    (span > horizon(world).since(world.now)).then(|| {
        format!(
            "Petri plays at most {LONGEST_RUN_WORDS} of virtual time in one run, and this is {since} after its start."
        )
    })
}

/// What commands take of a recording, so that whatever was played can be written, sent and opened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Room {
    bytes: usize,
    values: u32,
}

impl Room {
    /// What is left for the scenario and for bookmarks.
    const HEAD: Room = Room { bytes: 256 << 10, values: 8 << 10 };

    /// The room that is taken with this command.
    ///
    /// # Errors
    /// There is not as much.
    pub fn with(self, stamped: &Stamped) -> Result<Room, String> {
        let text = serde_json::to_string(stamped).unwrap_or_default();
        let bytes = self.bytes + text.len() + 1;
        if bytes + Room::HEAD.bytes > MAX_BYTES {
            let limit = MAX_BYTES >> 20;
            return Err(format!("The commands of a run take at most {limit} MB together, so nothing was changed."));
        }
        let mut left = MAX_VALUES;
        // As deep as it lies in a recording.
        if first_json(&format!("[[{text}]]"), &mut left).is_none() {
            return Err("This is nested too deeply, or holds too many values, so nothing was changed.".into());
        }
        let values = self.values + (MAX_VALUES - left);
        if values + Room::HEAD.values > MAX_VALUES {
            let limit = grouped(i64::from(MAX_VALUES));
            return Err(format!("The commands of a run hold at most {limit} values together, so nothing was changed."));
        }
        Ok(Room { bytes, values })
    }
}

/// What is said of one command too many.
pub(super) fn commands_message() -> String {
    let limit = grouped(i64::try_from(MAX_COMMANDS).unwrap_or(i64::MAX));
    format!("A run has at most {limit} commands, so nothing was changed.")
}
