//! A recording as JSON text: what Share copies, what a link carries, what the panic screen hands over.
//!
//! Deviation: a scenario's settings are not written; every scenario that the page can start runs with the defaults.

use crate::json;
use petri_objects::{Decode, Kind, Labels, Map, Name, Object, ObjectRef, Span, Taint, Time, Value};
use petri_sim::api::request::Propagation;
use petri_sim::command::{Command, Component, StoragePart};
use petri_sim::controllers::ControllerId;
use petri_sim::recording::{ENGINE, Recording, Stamped};
use petri_sim::scenario::{MachineSpec, Scenario};
use petri_sim::settings::Settings;
use std::rc::Rc;

/// What the sender looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    pub recording: Recording,
    /// The moment under the scrubber.
    pub moment: Time,
    /// How far the run had got.
    pub end: Time,
}

/// Limits for what comes in from outside.
const MAX_BYTES: usize = 4 << 20;
const MAX_MACHINES: usize = 200;
const MAX_COMMANDS: usize = 10_000;
const MAX_RUN: Span = Span::minutes(24 * 60);

pub fn to_json(shared: &Shared) -> String {
    let Recording { engine, scenario, seed, commands } = &shared.recording;
    let since = |at: Time| int(at.since(scenario.start).0);
    map([
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
    ])
    .to_json()
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
    let recording = Recording { engine: ENGINE, scenario: Rc::new(scenario), seed, commands };
    Ok(Shared { recording, moment, end })
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
    map([
        ("name", text(&scenario.name)),
        ("start", int(scenario.start.0)),
        ("machines", Value::List(scenario.machines.iter().map(machine).collect())),
        ("setup", Value::List(scenario.setup.iter().map(Object::to_value).collect())),
    ])
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
        settings: Settings::default(),
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

fn target_value(target: &ObjectRef) -> Value {
    map([("kind", text(target.kind.name())), ("namespace", text(&target.namespace)), ("name", text(&target.name))])
}

fn read_target(value: &Value, key: &str) -> Result<ObjectRef, String> {
    let value = field(value, key)?;
    let kind = string(value, "kind")?;
    let kind = Kind::ALL.iter().copied().find(|k| k.name() == kind).ok_or_else(|| format!("unknown kind {kind}"))?;
    Ok(ObjectRef::new(kind, name(value, "namespace")?, name(value, "name")?))
}

fn propagation_word(propagation: Propagation) -> &'static str {
    match propagation {
        Propagation::Background => "Background",
        Propagation::Foreground => "Foreground",
        Propagation::Orphan => "Orphan",
    }
}

fn taints_value(taints: &[Taint]) -> Value {
    let taint = |t: &Taint| map([("key", text(&t.key)), ("value", text(&t.value)), ("effect", text(&t.effect))]);
    Value::List(taints.iter().map(taint).collect())
}

fn read_taints(value: &Value, key: &str) -> Result<Vec<Taint>, String> {
    let taint = |value: &Value| -> Result<Taint, String> {
        Ok(Taint {
            key: name(value, "key")?,
            value: name(value, "value")?,
            effect: name(value, "effect")?,
            ..Taint::default()
        })
    };
    list(value, key)?.iter().map(taint).collect()
}

fn command_value(command: &Command) -> Value {
    let optional = |number: &Option<i64>| number.map_or(Value::Null, Value::Int);
    let (verb, fields): (&str, Vec<(&str, Value)>) = match command {
        Command::Apply(object) => ("apply", vec![("manifest", (**object).clone())]),
        Command::Create(object) => ("create", vec![("object", object.to_value())]),
        Command::Replace(object) => ("replace", vec![("object", object.to_value())]),
        Command::Scale { target, replicas } => {
            ("scale", vec![("target", target_value(target)), ("replicas", Value::Int(i64::from(*replicas)))])
        }
        Command::Delete { target, grace_seconds, propagation } => (
            "delete",
            vec![
                ("target", target_value(target)),
                ("grace", optional(grace_seconds)),
                ("propagation", text(propagation_word(*propagation))),
            ],
        ),
        Command::Patch { target, patch, status } => (
            "patch",
            vec![("target", target_value(target)), ("patch", patch.clone()), ("status", Value::Bool(*status))],
        ),
        Command::Evict { pod, grace_seconds } => {
            ("evict", vec![("target", target_value(pod)), ("grace", optional(grace_seconds))])
        }
        Command::Cordon { node, on } => ("cordon", vec![("node", text(node)), ("on", Value::Bool(*on))]),
        Command::Taint { node, add, remove } => {
            ("taint", vec![("node", text(node)), ("add", taints_value(add)), ("remove", taints_value(remove))])
        }
        Command::PowerOff { node } => ("power-off", vec![("node", text(node))]),
        Command::PowerOn { node } => ("power-on", vec![("node", text(node))]),
        Command::Reboot { node } => ("reboot", vec![("node", text(node))]),
        Command::StopKubelet { node } => ("stop-kubelet", vec![("node", text(node))]),
        Command::StartKubelet { node } => ("start-kubelet", vec![("node", text(node))]),
        Command::AddMachine { node, zone } => ("add-machine", vec![("node", text(node)), ("zone", text(zone))]),
        Command::Cut { node } => ("cut", vec![("node", text(node))]),
        Command::Heal { node } => ("heal", vec![("node", text(node))]),
        Command::SetClock { node, percent, ahead_seconds } => {
            let percent = Value::Int(i64::from(*percent));
            ("clock", vec![("node", text(node)), ("percent", percent), ("ahead", Value::Int(*ahead_seconds))])
        }
        Command::Crash { pod, exit_code } => {
            ("crash", vec![("target", target_value(pod)), ("exitCode", Value::Int(i64::from(*exit_code)))])
        }
        Command::Hang { pod, on } => ("hang", vec![("target", target_value(pod)), ("on", Value::Bool(*on))]),
        Command::FailStorage { part, on } => {
            ("fail-storage", vec![("part", text(part.name())), ("on", Value::Bool(*on))])
        }
        Command::ReadOnly { volume, on } => ("read-only", vec![("volume", text(volume)), ("on", Value::Bool(*on))]),
        Command::StopComponent { component } => ("stop-component", vec![("component", text(component.name()))]),
        Command::StartComponent { component } => ("start-component", vec![("component", text(component.name()))]),
        Command::CrashController { controller } => {
            ("crash-controller", vec![("controller", controller_value(*controller))])
        }
        Command::HoldCache { controller, on } => {
            ("hold-cache", vec![("controller", controller_value(*controller)), ("on", Value::Bool(*on))])
        }
        Command::LoseReply { controller } => ("lose-reply", vec![("controller", controller_value(*controller))]),
    };
    map([("verb", text(verb))].into_iter().chain(fields))
}

fn controller_value(controller: ControllerId) -> Value {
    text(controller.controller().name)
}

fn read_command(value: &Value) -> Result<Command, String> {
    let node = || name(value, "node");
    let target = || read_target(value, "target");
    let grace = || value.at(&["grace"]).and_then(Value::as_int);
    let controller = || {
        let word = string(value, "controller")?;
        ControllerId::from_name(word).ok_or_else(|| format!("unknown controller {word}"))
    };
    let component = || {
        let word = string(value, "component")?;
        Component::from_name(word).ok_or_else(|| format!("unknown component {word}"))
    };
    Ok(match string(value, "verb")? {
        "apply" => Command::Apply(Rc::new(field(value, "manifest")?.clone())),
        "create" => Command::Create(read_object(field(value, "object")?)?),
        "replace" => Command::Replace(read_object(field(value, "object")?)?),
        "scale" => Command::Scale { target: target()?, replicas: int32(value, "replicas")? },
        "delete" => Command::Delete {
            target: target()?,
            grace_seconds: grace(),
            propagation: match string(value, "propagation")? {
                "Foreground" => Propagation::Foreground,
                "Orphan" => Propagation::Orphan,
                _ => Propagation::Background,
            },
        },
        "patch" => {
            Command::Patch { target: target()?, patch: field(value, "patch")?.clone(), status: flag(value, "status")? }
        }
        "evict" => Command::Evict { pod: target()?, grace_seconds: grace() },
        "cordon" => Command::Cordon { node: node()?, on: flag(value, "on")? },
        "taint" => {
            Command::Taint { node: node()?, add: read_taints(value, "add")?, remove: read_taints(value, "remove")? }
        }
        "power-off" => Command::PowerOff { node: node()? },
        "power-on" => Command::PowerOn { node: node()? },
        "reboot" => Command::Reboot { node: node()? },
        "stop-kubelet" => Command::StopKubelet { node: node()? },
        "start-kubelet" => Command::StartKubelet { node: node()? },
        "add-machine" => Command::AddMachine { node: node()?, zone: name(value, "zone")? },
        "cut" => Command::Cut { node: node()? },
        "heal" => Command::Heal { node: node()? },
        "clock" => {
            let percent = u32::try_from(int32(value, "percent")?).map_err(|_| "percent is negative")?;
            let ahead_seconds = value.at(&["ahead"]).and_then(Value::as_int).unwrap_or(0);
            Command::SetClock { node: node()?, percent, ahead_seconds }
        }
        "crash" => Command::Crash { pod: target()?, exit_code: int32(value, "exitCode")? },
        "hang" => Command::Hang { pod: target()?, on: flag(value, "on")? },
        "fail-storage" => {
            let word = string(value, "part")?;
            let part = StoragePart::from_name(word).ok_or_else(|| format!("unknown part of the storage {word}"))?;
            Command::FailStorage { part, on: flag(value, "on")? }
        }
        "read-only" => Command::ReadOnly { volume: name(value, "volume")?, on: flag(value, "on")? },
        "stop-component" => Command::StopComponent { component: component()? },
        "start-component" => Command::StartComponent { component: component()? },
        "crash-controller" => Command::CrashController { controller: controller()? },
        "hold-cache" => Command::HoldCache { controller: controller()?, on: flag(value, "on")? },
        "lose-reply" => Command::LoseReply { controller: controller()? },
        other => return Err(format!("unknown verb {other}")),
    })
}

#[cfg(test)]
mod tests;
