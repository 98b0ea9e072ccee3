//! A recording as JSON text: what Share copies, what a link carries, what the panic screen hands over.
//!
//! A recording says only what it needs: settings that are as they are by default are left out, and so are they in links
//! that were made before there were any.

mod commands;
mod settings;

use crate::json;
use crate::state::Bookmark;
use commands::{command_value, read_command};
use petri_objects::{Decode, Labels, Map, Name, Object, Span, Time, Value};
use petri_sim::ground::scenario::{MachineSpec, Scenario};
use petri_sim::story::recording::{ENGINE, Recording, Stamped};
use std::rc::Rc;

/// What the sender looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    pub recording: Recording,
    /// The moment under the scrubber.
    pub moment: Time,
    /// How far the run had got.
    pub end: Time,
    /// Moments that the sender has named, in order.
    pub bookmarks: Rc<Vec<Bookmark>>,
}

impl Shared {
    pub fn new(recording: Recording, moment: Time, end: Time) -> Shared {
        Shared { recording, moment, end, bookmarks: Rc::default() }
    }
}

/// Limits for what comes in from outside.
const MAX_BYTES: usize = 4 << 20;
const MAX_MACHINES: usize = 200;
const MAX_COMMANDS: usize = 10_000;
const MAX_BOOKMARKS: usize = 100;
const MAX_RUN: Span = Span::minutes(24 * 60);

pub fn to_json(shared: &Shared) -> String {
    let Recording { engine, scenario, seed, commands } = &shared.recording;
    let since = |at: Time| int(at.since(scenario.start).0);
    let bookmark = |bookmark: &Bookmark| map([("at", since(bookmark.at)), ("name", text(&bookmark.name))]);
    let bookmarks = Value::List(shared.bookmarks.iter().map(bookmark).collect());
    let fields = [
        ("engine", text(engine)),
        ("scenario", scenario_value(scenario)),
        ("seed", text(&seed.to_string())),
        ("moment", since(shared.moment)),
        ("end", since(shared.end)),
        (
            "commands",
            Value::List(
                commands
                    .iter()
                    .map(|stamped| {
                        let mut entry = vec![("at", since(stamped.at)), ("do", command_value(&stamped.command))];
                        if let Some(position) = stamped.position {
                            entry.push(("position", int(position)));
                        }
                        map(entry)
                    })
                    .collect(),
            ),
        ),
    ];
    let bookmarks = (!shared.bookmarks.is_empty()).then_some(("bookmarks", bookmarks));
    map(fields.into_iter().chain(bookmarks)).to_json()
}

/// Reads a recording.
///
/// # Errors
/// A sentence that says what is wrong with the text.
pub fn from_json(source: &str) -> Result<Shared, String> {
    if source.len() > MAX_BYTES {
        return Err("the recording is too large".into());
    }
    let value = json::parse(source)?;
    let scenario = read_scenario(field(&value, "scenario")?)?;
    let start = scenario.start;
    let moment_of = |value: &Value, key: &str| -> Result<Time, String> {
        let micros = number(value, key)?;
        if micros > MAX_RUN.0 {
            return Err(format!("{key} is later than 24 hours after the start"));
        }
        Ok(start + Span(micros))
    };
    let mut commands: Vec<Stamped> = Vec::new();
    for entry in list(&value, "commands")?.iter().take(MAX_COMMANDS) {
        let at = moment_of(entry, "at")?;
        if commands.last().is_some_and(|last| last.at > at) {
            return Err("the commands are not in order".into());
        }
        let position = entry.at(&["position"]).and_then(Value::as_int).and_then(|n| u64::try_from(n).ok());
        commands.push(Stamped { at, position, command: Rc::new(read_command(field(entry, "do")?)?) });
    }
    let seed = string(&value, "seed")?.parse().map_err(|_| "the seed is not a number".to_owned())?;
    let end = moment_of(&value, "end")?;
    let moment = moment_of(&value, "moment")?.min(end);
    let mut bookmarks = Vec::new();
    let named = value.at(&["bookmarks"]).and_then(Value::as_list).unwrap_or_default();
    for entry in named.iter().take(MAX_BOOKMARKS) {
        bookmarks.push(Bookmark { at: moment_of(entry, "at")?, name: string(entry, "name")?.to_owned() });
    }
    bookmarks.sort_by_key(|bookmark| bookmark.at);
    let recording = Recording { engine: ENGINE, scenario: Rc::new(scenario), seed, commands };
    Ok(Shared { recording, moment, end, bookmarks: Rc::new(bookmarks) })
}

/// The part of an address that carries a recording: `recording=...`.
pub fn to_fragment(shared: &Shared) -> String {
    format!("recording={}", json::to_base64url(to_json(shared).as_bytes()))
}

/// Reads `#recording=...`; `None` if the address carries none.
pub fn from_fragment(hash: &str) -> Option<Result<Shared, String>> {
    let encoded = hash.trim_start_matches('#').split('&').find_map(|part| part.strip_prefix("recording="))?;
    let decoded = json::from_base64url(encoded).and_then(|bytes| String::from_utf8(bytes).ok());
    Some(decoded.ok_or_else(|| "the link is cut off or damaged".to_owned()).and_then(|text| from_json(&text)))
}

fn text(text: &str) -> Value {
    Value::from(text)
}
fn int(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}
fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

fn field<'v>(value: &'v Value, key: &str) -> Result<&'v Value, String> {
    value.at(&[key]).ok_or_else(|| format!("{key} is missing"))
}
fn string<'v>(value: &'v Value, key: &str) -> Result<&'v str, String> {
    field(value, key)?.as_str().ok_or_else(|| format!("{key} is not a text"))
}
fn name(value: &Value, key: &str) -> Result<Name, String> {
    string(value, key).map(Name::from)
}
fn number(value: &Value, key: &str) -> Result<u64, String> {
    let number = field(value, key)?.as_int().and_then(|n| u64::try_from(n).ok());
    number.ok_or_else(|| format!("{key} is not a number"))
}
fn int32(value: &Value, key: &str) -> Result<i32, String> {
    let number = field(value, key)?.as_int().and_then(|n| i32::try_from(n).ok());
    number.ok_or_else(|| format!("{key} is not a number"))
}
fn flag(value: &Value, key: &str) -> Result<bool, String> {
    match field(value, key)? {
        Value::Bool(flag) => Ok(*flag),
        _ => Err(format!("{key} is neither true nor false")),
    }
}
fn list<'v>(value: &'v Value, key: &str) -> Result<&'v [Value], String> {
    field(value, key)?.as_list().ok_or_else(|| format!("{key} is not a list"))
}

fn scenario_value(scenario: &Scenario) -> Value {
    let machine = |spec: &MachineSpec| {
        let labels: Map = spec.labels.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect();
        map([
            ("name", text(&spec.name)),
            ("labels", Value::Map(labels)),
            ("ip", text(&spec.internal_ip)),
            ("cpu", text(&spec.cpu)),
            ("memory", text(&spec.memory)),
            ("pods", int(spec.pods.into())),
        ])
    };
    let settings = settings::value(&scenario.settings);
    map([
        ("name", text(&scenario.name)),
        ("start", int(scenario.start.0)),
        ("machines", Value::List(scenario.machines.iter().map(machine).collect())),
        ("setup", Value::List(scenario.setup.iter().map(Object::to_value).collect())),
    ]
    .into_iter()
    .chain(settings.map(|settings| ("settings", settings))))
}

fn read_scenario(value: &Value) -> Result<Scenario, String> {
    let machines = list(value, "machines")?;
    if machines.len() > MAX_MACHINES {
        return Err("the recording has too many machines".into());
    }
    let machine = |value: &Value| -> Result<MachineSpec, String> {
        let labels = field(value, "labels")?.as_map().ok_or("labels is not a map")?;
        let labels: Labels =
            labels.iter().filter_map(|(key, value)| Some((key.clone(), Name::from(value.as_str()?)))).collect();
        Ok(MachineSpec {
            name: name(value, "name")?,
            labels,
            internal_ip: name(value, "ip")?,
            cpu: name(value, "cpu")?,
            memory: name(value, "memory")?,
            pods: u32::try_from(number(value, "pods")?).map_err(|_| "pods is too large")?,
        })
    };
    // Half of the range, so that no sum of moments can overflow.
    let start = Time(number(value, "start")?.min(u64::MAX / 4));
    Ok(Scenario {
        name: name(value, "name")?,
        start,
        settings: settings::read(value.at(&["settings"]))?,
        machines: machines.iter().map(machine).collect::<Result<_, _>>()?,
        setup: list(value, "setup")?.iter().map(read_object).collect::<Result<_, _>>()?,
    })
}

fn read_object(value: &Value) -> Result<Object, String> {
    let mut at = Decode::default();
    let object =
        Object::from_value(value, &mut at).ok_or("the recording has an object of a kind that is not simulated")?;
    match at.problems.iter().find(|problem| problem.kind.is_error()) {
        Some(problem) => Err(format!("{}: the recording has a field that cannot be read", problem.path)),
        None => Ok(object),
    }
}

#[cfg(test)]
mod tests;
