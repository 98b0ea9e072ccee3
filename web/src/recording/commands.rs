//! Commands as they stand in a recording. A verb that is not known is refused: a recording without it would unfold
//! differently.

use super::{MAX_RUN, field, flag, int, int32, list, map, name, number, read_object, string, text};
use petri_objects::{Kind, ObjectRef, Span, Taint, Value};
use petri_sim::words::command::{Command, Component, Direction, Probed, Propagation, StoragePart};
use petri_sim::words::controller_id::ControllerId;
use std::rc::Rc;

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

pub(super) fn command_value(command: &Command) -> Value {
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
        Command::CutOneWay { node, lost } => ("cut-one-way", vec![("node", text(node)), ("lost", text(lost.name()))]),
        Command::CutZone { zone } => ("cut-zone", vec![("zone", text(zone))]),
        Command::HealZone { zone } => ("heal-zone", vec![("zone", text(zone))]),
        Command::Part { node, other, on } => {
            ("part", vec![("node", text(node)), ("other", text(other)), ("on", Value::Bool(*on))])
        }
        Command::DelayLink { node, latency } => ("delay-link", vec![("node", text(node)), ("by", int(latency.0))]),
        Command::SetClock { node, percent, ahead_seconds } => {
            let percent = Value::Int(i64::from(*percent));
            ("clock", vec![("node", text(node)), ("percent", percent), ("ahead", Value::Int(*ahead_seconds))])
        }
        Command::Crash { pod, exit_code } => {
            ("crash", vec![("target", target_value(pod)), ("exitCode", Value::Int(i64::from(*exit_code)))])
        }
        Command::Hang { pod, on } => ("hang", vec![("target", target_value(pod)), ("on", Value::Bool(*on))]),
        Command::Pause { pod, span } => ("pause", vec![("target", target_value(pod)), ("by", int(span.0))]),
        Command::FailProbe { pod, probe, on } => {
            ("fail-probe", vec![("target", target_value(pod)), ("probe", text(probe.name())), ("on", Value::Bool(*on))])
        }
        Command::SlowStart { pod, span } => ("slow-start", vec![("target", target_value(pod)), ("by", int(span.0))]),
        Command::SlowStop { pod, span } => ("slow-stop", vec![("target", target_value(pod)), ("by", int(span.0))]),
        Command::FailStorage { part, on } => {
            ("fail-storage", vec![("part", text(part.name())), ("on", Value::Bool(*on))])
        }
        Command::ReadOnly { volume, on } => ("read-only", vec![("volume", text(volume)), ("on", Value::Bool(*on))]),
        Command::StopComponent { component } => ("stop-component", vec![("component", text(component.name()))]),
        Command::StartComponent { component } => ("start-component", vec![("component", text(component.name()))]),
        Command::RestartComponent { component } => ("restart-component", vec![("component", text(component.name()))]),
        Command::PauseController { controller, on } => {
            ("pause-controller", vec![("controller", controller_value(*controller)), ("on", Value::Bool(*on))])
        }
        Command::DelayCache { controller, by } => {
            ("delay-cache", vec![("controller", controller_value(*controller)), ("by", int(by.0))])
        }
        Command::DelayEtcd { by } => ("delay-etcd", vec![("by", int(by.0))]),
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
    text(controller.name())
}

pub(super) fn read_command(value: &Value) -> Result<Command, String> {
    let node = || name(value, "node");
    let target = || read_target(value, "target");
    // No pause is longer than a run.
    let span = || number(value, "by").map(|micros| Span(micros).min(MAX_RUN));
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
        "cut-one-way" => {
            let word = string(value, "lost")?;
            let lost = Direction::from_name(word).ok_or_else(|| format!("unknown direction {word}"))?;
            Command::CutOneWay { node: node()?, lost }
        }
        "cut-zone" => Command::CutZone { zone: name(value, "zone")? },
        "heal-zone" => Command::HealZone { zone: name(value, "zone")? },
        "part" => Command::Part { node: node()?, other: name(value, "other")?, on: flag(value, "on")? },
        "delay-link" => Command::DelayLink { node: node()?, latency: span()? },
        "clock" => {
            let percent = u32::try_from(int32(value, "percent")?).map_err(|_| "percent is negative")?;
            let ahead_seconds = value.at(&["ahead"]).and_then(Value::as_int).unwrap_or(0);
            Command::SetClock { node: node()?, percent, ahead_seconds }
        }
        "crash" => Command::Crash { pod: target()?, exit_code: int32(value, "exitCode")? },
        "hang" => Command::Hang { pod: target()?, on: flag(value, "on")? },
        "pause" => Command::Pause { pod: target()?, span: span()? },
        "fail-probe" => {
            let word = string(value, "probe")?;
            let probe = Probed::from_name(word).ok_or_else(|| format!("unknown probe {word}"))?;
            Command::FailProbe { pod: target()?, probe, on: flag(value, "on")? }
        }
        "slow-start" => Command::SlowStart { pod: target()?, span: span()? },
        "slow-stop" => Command::SlowStop { pod: target()?, span: span()? },
        "fail-storage" => {
            let word = string(value, "part")?;
            let part = StoragePart::from_name(word).ok_or_else(|| format!("unknown part of the storage {word}"))?;
            Command::FailStorage { part, on: flag(value, "on")? }
        }
        "read-only" => Command::ReadOnly { volume: name(value, "volume")?, on: flag(value, "on")? },
        "stop-component" => Command::StopComponent { component: component()? },
        "start-component" => Command::StartComponent { component: component()? },
        "restart-component" => Command::RestartComponent { component: component()? },
        "pause-controller" => Command::PauseController { controller: controller()?, on: flag(value, "on")? },
        "delay-cache" => Command::DelayCache { controller: controller()?, by: span()? },
        "delay-etcd" => Command::DelayEtcd { by: span()? },
        "crash-controller" => Command::CrashController { controller: controller()? },
        "hold-cache" => Command::HoldCache { controller: controller()?, on: flag(value, "on")? },
        "lose-reply" => Command::LoseReply { controller: controller()? },
        other => return Err(format!("unknown verb {other}")),
    })
}
