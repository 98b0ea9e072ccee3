//! A recording on its way to somebody else, as JSON: what Share copies, what a file holds, what a link packs, what the
//! failure screen hands over.
//!
//! Invariants (old recordings open for ever, held by those kept in `tests/recordings`):
//! * no field, verb or word is renamed or taken away, and a field that is added has a default;
//! * moments are microseconds since the run's start;
//! * what is not known is refused and named, because a run without it would unfold differently.

use crate::ground::limits::{
    LATEST_START, LONGEST_RUN, LONGEST_RUN_WORDS, MAX_BOOKMARKS, MAX_BYTES, MAX_COMMANDS, MAX_COURSES, MAX_EVENTS,
    MAX_MACHINES, MAX_VALUES,
};
use crate::ground::scenario::Scenario;
use crate::story::limits;
use crate::story::recording::{ENGINE, Recording, Stamped};
use crate::words::command::Command;
use petri_objects::wire::{Unreadable, first_json};
use petri_objects::{Name, Span, Time, Value};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

/// A moment that somebody wants to come back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bookmark {
    pub at: Time,
    pub name: String,
}

/// Another course of the run, which was left by editing the past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// How many of the run's commands it has as well. Its own ones follow them.
    pub shares: usize,
    /// How far it had got.
    pub end: Time,
    pub commands: Vec<Stamped>,
}

/// A run, and what its sender looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Shared {
    pub recording: Recording,
    /// The moment under the scrubber.
    pub moment: Time,
    /// How far the run had got.
    pub end: Time,
    /// How many events had happened at the moment, where more of the same instant were still to come.
    pub position: Option<u64>,
    /// Moments that the sender has named, in order.
    pub bookmarks: Rc<Vec<Bookmark>>,
    pub branches: Vec<Course>,
}

impl Shared {
    pub fn new(recording: Recording, moment: Time, end: Time) -> Shared {
        Shared { recording, moment, end, position: None, bookmarks: Rc::default(), branches: Vec::new() }
    }

    pub fn to_json(&self) -> String {
        // Writing to a text cannot fail, and nothing here has keys that are no texts.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whatever stands before the moment in its JSON, for whoever keeps a run while it grows: behind it come
    /// `,"moment":M,"end":E,"commands":[`, the commands with commas between them, and `]}`.
    pub fn head(&self) -> String {
        let commands = Vec::new();
        let recording = Recording { commands, ..self.recording.clone() };
        let mut json = Shared::new(recording, self.moment, self.end).to_json();
        json.truncate(json.rfind(",\"moment\":").unwrap_or(0));
        json
    }
    /// One of its commands as it stands there.
    pub fn command_json(&self, stamped: &Stamped) -> String {
        let at = Time(stamped.at.since(self.recording.scenario.start).0);
        serde_json::to_string(&Stamped { at, ..stamped.clone() }).unwrap_or_default()
    }

    /// Reads a recording.
    ///
    /// # Errors
    /// What is wrong with it, and what can be saved of it.
    pub fn from_json(text: &str) -> Result<Shared, Refused> {
        if text.len() > MAX_BYTES {
            return Err(Refused { words: "the recording is too large".into(), manifests: Vec::new() });
        }
        read(text).map_err(|words| Refused { words, manifests: manifests(text) })
    }

    /// Whether it was made with an older engine: it may unfold differently from what its sender saw.
    pub fn is_older(&self) -> bool {
        version(&self.recording.engine) < version(ENGINE)
    }
}

/// What stands in a recording's JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    engine: Name,
    scenario: Scenario,
    #[serde(with = "in_digits")]
    seed: u64,
    moment: Span,
    end: Span,
    /// Their moments are counted from the start, and so are those of the bookmarks.
    commands: Vec<Stamped>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bookmarks: Vec<Bookmark>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    branches: Vec<Course>,
}

impl From<Shared> for Written {
    fn from(shared: Shared) -> Written {
        let Shared { recording, moment, end, position, bookmarks, mut branches } = shared;
        let Recording { engine, scenario, seed, mut commands } = recording;
        let since = |at: Time| Time(at.since(scenario.start).0);
        commands.iter_mut().for_each(|stamped| stamped.at = since(stamped.at));
        let bookmarks = bookmarks.iter().map(|b| Bookmark { at: since(b.at), name: b.name.clone() }).collect();
        for course in &mut branches {
            course.end = since(course.end);
            course.commands.iter_mut().for_each(|stamped| stamped.at = since(stamped.at));
        }
        let (moment, end) = (moment.since(scenario.start), end.since(scenario.start));
        Written { engine, scenario: (*scenario).clone(), seed, moment, end, commands, position, bookmarks, branches }
    }
}

impl TryFrom<Written> for Shared {
    type Error = String;
    fn try_from(written: Written) -> Result<Shared, String> {
        let Written { engine, mut scenario, seed, moment, end, mut commands, position, mut bookmarks, mut branches } =
            written;
        scenario.start = scenario.start.min(Time(LATEST_START));
        let start = scenario.start;
        // What is too late is told apart by `check`.
        let at = |since: u64| Time(start.0.saturating_add(since));
        commands.iter_mut().for_each(|stamped| stamped.at = at(stamped.at.0));
        bookmarks.iter_mut().for_each(|bookmark| bookmark.at = at(bookmark.at.0));
        for course in &mut branches {
            course.end = at(course.end.0);
            course.commands.iter_mut().for_each(|stamped| stamped.at = at(stamped.at.0));
        }
        bookmarks.sort_by_key(|bookmark| bookmark.at);
        let recording = Recording { engine, scenario: Rc::new(scenario), seed, commands };
        let (moment, end) = (at(moment.0), at(end.0));
        let mut shared = Shared { recording, moment, end, position, bookmarks: Rc::new(bookmarks), branches };
        check(&shared)?;
        shared.moment = moment.min(end);
        Ok(shared)
    }
}

/// Why a run from outside is not played, if it is not: a sentence without its full stop.
///
/// # Errors
/// What it has too much of, or what is not in order.
fn check(shared: &Shared) -> Result<(), String> {
    let Shared { recording, moment, end, position: _, bookmarks, branches } = shared;
    let scenario = &*recording.scenario;
    let within = |at, what: &str| within(scenario, at, what);
    within(*end, "end")?;
    within(*moment, "moment")?;
    if branches.len() > MAX_COURSES {
        return Err(format!("the recording has more than {MAX_COURSES} branches"));
    }
    if bookmarks.len() > MAX_BOOKMARKS {
        return Err(format!("the recording has more than {MAX_BOOKMARKS} bookmarks"));
    }
    bookmarks.iter().try_for_each(|bookmark| within(bookmark.at, "a bookmark"))?;
    check_commands(scenario, &recording.commands, &[])?;
    for (course, number) in branches.iter().zip(1..) {
        within(course.end, "the end of a branch")?;
        let shared = recording.commands.get(..course.shares);
        let shared = shared.ok_or_else(|| format!("branch {number} shares more commands than there are"))?;
        check_commands(scenario, shared, &course.commands).map_err(|words| format!("in branch {number} {words}"))?;
    }
    match limits::refuse_scenario(scenario) {
        Some(words) => Err(words.trim_end_matches('.').into()),
        None => Ok(()),
    }
}

/// The same of one course: what it shares with another one, and what comes then.
fn check_commands(scenario: &Scenario, shared: &[Stamped], own: &[Stamped]) -> Result<(), String> {
    count(shared.len() + own.len())?;
    let mut before = scenario.start;
    let mut machines: BTreeSet<&Name> = scenario.machines.iter().map(|machine| &machine.name).collect();
    for (stamped, number) in shared.iter().chain(own).zip(1..) {
        within(scenario, stamped.at, &format!("command {number}"))?;
        if stamped.at < before {
            return Err("the commands are not in order".into());
        }
        before = stamped.at;
        if let Command::AddMachine { node, .. } = &*stamped.command {
            machines.insert(node);
        }
        if stamped.position.is_some_and(|position| position > MAX_EVENTS) {
            return Err(format!("command {number} comes after more events than are ever played"));
        }
        if let Some(words) = limits::refuse(&stamped.command) {
            return Err(format!("command {number} asks for too much: {}", words.trim_end_matches('.')));
        }
    }
    if scenario.machines.len().max(machines.len()) > MAX_MACHINES {
        return Err(format!("the recording has too many machines: Petri simulates at most {MAX_MACHINES}"));
    }
    Ok(())
}

fn within(scenario: &Scenario, at: Time, what: &str) -> Result<(), String> {
    match scenario.start + LONGEST_RUN < at {
        true => Err(format!("{what} is later than {LONGEST_RUN_WORDS} after the start")),
        false => Ok(()),
    }
}

fn count(commands: usize) -> Result<(), String> {
    match commands > MAX_COMMANDS {
        true => Err(format!("the recording has {commands} commands, and at most {MAX_COMMANDS} are played")),
        false => Ok(()),
    }
}

/// Numbers that JavaScript would round.
mod in_digits {
    use super::*;
    use serde::de::Error;
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(number: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(number)
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        Name::deserialize(from)?.parse().map_err(|_| D::Error::custom("the seed is not a number"))
    }
}

/// Why a recording was not opened, and what can be saved of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// A sentence without its full stop.
    pub words: String,
    /// The manifests that it gave to the cluster, as far as they can be read: of each object the last.
    pub manifests: Vec<Value>,
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.words)
    }
}

/// `1.2.3` as numbers that compare.
pub fn version(text: &str) -> Option<[u32; 3]> {
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    let version = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(version)
}

fn read(text: &str) -> Result<Shared, String> {
    let value: Value = serde_json::from_str(text).map_err(|problem| said(&problem))?;
    // First of all: what a newer engine says need not be known here.
    if let Some(engine) = value.at(&["engine"]).and_then(Value::as_str) {
        match version(engine) {
            None => return Err("its engine is not one that is known here".into()),
            known if known > version(ENGINE) => {
                return Err(format!("it was made with Petri {engine}, and this is {ENGINE}, which is older"));
            }
            _ => {}
        }
    }
    // Nobody reads them one by one only to find that there are too many.
    count(value.at(&["commands"]).and_then(Value::as_list).map_or(0, <[Value]>::len))?;
    Shared::deserialize(&value).map_err(|problem| placed(&problem))
}

/// What is wrong with the text itself.
fn said(problem: &serde_json::Error) -> String {
    use serde_json::error::Category;
    match problem.classify() {
        Category::Eof => "the recording is cut off".into(),
        Category::Syntax if problem.to_string().starts_with("recursion limit") => "it is nested too deeply".into(),
        Category::Syntax | Category::Io => {
            format!("the recording is damaged at line {}, column {}", problem.line(), problem.column())
        }
        Category::Data => {
            let words = problem.to_string();
            words.split(" at line ").next().unwrap_or_default().into()
        }
    }
}

fn placed(problem: &Unreadable) -> String {
    match problem.item_of("commands") {
        Some(number) => format!("{problem} (command {number})"),
        None => problem.to_string(),
    }
}

/// So often is something that looks like a manifest and is none tried: a damaged text has few, a hostile one many.
const MAX_TRIES: u32 = 8;
/// Objects that are saved at most.
const MAX_SAVED: usize = 1_000;

/// The manifests in a recording that is whole, cut off or damaged. Inside of a text no quote stands by itself, so that
/// nothing that somebody wrote is taken for a manifest.
pub fn manifests(text: &str) -> Vec<Value> {
    let (mut found, mut places): (Vec<Value>, BTreeMap<_, usize>) = Default::default();
    let (mut done, mut left, mut tries) = (0, MAX_VALUES, 0);
    for (key, colon) in text.match_indices("\":") {
        let start = key + colon.len();
        let holds_one = ["\"manifest", "\"object"].iter().any(|name| text[..key].ends_with(name));
        if key < done || !holds_one {
            continue;
        }
        let read = first_json(&text[start..], &mut left);
        done = start + read.as_ref().map_or(0, |(_, length)| *length);
        match read.and_then(|(value, _)| Some((identity(&value)?, value))) {
            None => tries += 1,
            Some((own, value)) => match places.get(&own) {
                Some(at) => found[*at] = value,
                None => {
                    places.insert(own, found.len());
                    found.push(value);
                }
            },
        }
        if found.len() == MAX_SAVED || tries == MAX_TRIES {
            break;
        }
    }
    found
}

/// What tells a manifest from those of other objects; `None` if it is none.
fn identity(manifest: &Value) -> Option<[Name; 4]> {
    let word = |path: &[&str]| manifest.at(path).and_then(Value::as_str).map(Name::from);
    let namespace = word(&["metadata", "namespace"]).unwrap_or_default();
    Some([word(&["apiVersion"])?, word(&["kind"])?, namespace, word(&["metadata", "name"])?])
}
