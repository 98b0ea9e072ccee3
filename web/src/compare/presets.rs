//! Differences that people ask about, made of the run at hand: the same day with one thing changed.

use super::choice::{Choice, is_budget, kind_of, manifest, unplaced};
use petri_objects::order::Order as _;
use petri_objects::{Kind, Map, ObjectRef, Value};
use petri_sim::story::recording::{Recording, Stamped};
use petri_sim::words::command::Command;
use std::borrow::Cow;
use std::rc::Rc;

/// All that this run has something for.
pub fn presets(recording: &Recording) -> Vec<Choice> {
    [kind(recording), budget(recording), fencing(recording), grace(recording)].into_iter().flatten().collect()
}

fn preset(key: &str, short: &'static str, title: &str, why: &'static str, recording: Recording) -> Choice {
    Choice {
        key: key.into(),
        title: title.into(),
        short: Some(short),
        why: Some(why.into()),
        recording: Rc::new(recording),
    }
}

/// The same commands with other manifests; nothing if no manifest becomes another one.
fn edited(recording: &Recording, edit: impl Fn(&mut Value) -> bool) -> Option<Recording> {
    let mut other = unplaced(recording);
    let mut any = false;
    for stamped in &mut other.commands {
        let Some(mut manifest) = manifest(&stamped.command).map(Cow::into_owned) else { continue };
        if edit(&mut manifest) {
            any = true;
            stamped.command = Rc::new(Command::Apply(Rc::new(manifest)));
        }
    }
    any.then_some(other)
}

/// Whether a manifest asks for pods by a template.
fn is_set(manifest: &Value) -> bool {
    matches!(kind_of(manifest), "StatefulSet" | "Deployment" | "ReplicaSet")
}

/// The mapping at a path; what is not there is made.
fn under<'v>(value: &'v mut Value, path: &[&str]) -> Option<&'v mut Map> {
    let Value::Map(map) = value else { return None };
    let Some((first, rest)) = path.split_first() else { return Some(map) };
    if map.get(first).is_none_or(|value| *value == Value::Null) {
        map.insert(*first, Value::Map(Map::new()));
    }
    under(map.entry_mut(first)?, rest)
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}

/// A Deployment where there is a StatefulSet, or the other way round.
fn kind(recording: &Recording) -> Option<Choice> {
    const WHY: &str = "A ReplicaSet counts pods: it may start another one while the first still runs. A StatefulSet has one pod for each name, and waits until somebody confirms that the old one has stopped.";
    if let Some(other) = edited(recording, to_deployment) {
        let other = retargeted(other, Kind::StatefulSet, Kind::Deployment);
        return Some(preset(
            "kind",
            "StatefulSet beside Deployment",
            "with a Deployment, and no claims, in place of each StatefulSet",
            WHY,
            other,
        ));
    }
    let other = retargeted(edited(recording, to_stateful_set)?, Kind::Deployment, Kind::StatefulSet);
    Some(preset(
        "kind",
        "Deployment beside StatefulSet",
        "with a StatefulSet in place of each Deployment and ReplicaSet",
        WHY,
        other,
    ))
}

fn to_deployment(manifest: &mut Value) -> bool {
    if kind_of(manifest) != "StatefulSet" {
        return false;
    }
    let Some(spec) = under(manifest, &["spec"]) else { return false };
    for field in
        ["serviceName", "podManagementPolicy", "updateStrategy", "persistentVolumeClaimRetentionPolicy", "ordinals"]
    {
        spec.remove(field);
    }
    let templates = spec.remove("volumeClaimTemplates");
    let templates = templates.as_ref().and_then(Value::as_list).unwrap_or_default();
    let names = templates.iter().filter_map(|template| template.at(&["metadata", "name"])?.as_str());
    // Its containers mount these; a Deployment's pods have nothing that outlives them.
    let scratch = names.map(|name| {
        let volume = [("name", text(name)), ("emptyDir", Value::Map(Map::new()))];
        Value::Map(volume.into_iter().map(|(key, value)| (key.into(), value)).collect())
    });
    let scratch: Vec<Value> = scratch.collect();
    if let (false, Some(pod)) = (scratch.is_empty(), under(manifest, &["spec", "template", "spec"])) {
        let mut volumes = pod.get("volumes").and_then(Value::as_list).unwrap_or_default().to_vec();
        volumes.extend(scratch);
        pod.insert("volumes", Value::List(volumes));
    }
    rename(manifest, "Deployment")
}

fn to_stateful_set(manifest: &mut Value) -> bool {
    if !matches!(kind_of(manifest), "Deployment" | "ReplicaSet") {
        return false;
    }
    let name = manifest.at(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(spec) = under(manifest, &["spec"]) else { return false };
    for field in ["strategy", "progressDeadlineSeconds", "paused"] {
        spec.remove(field);
    }
    spec.insert("serviceName", text(&name));
    rename(manifest, "StatefulSet")
}

fn rename(manifest: &mut Value, kind: &str) -> bool {
    // A status of another kind would be refused.
    let Some(whole) = under(manifest, &[]) else { return false };
    whole.remove("status");
    whole.insert("kind", text(kind));
    true
}

/// What was done to sets of one kind is done to those of the other.
fn retargeted(mut recording: Recording, from: Kind, to: Kind) -> Recording {
    let is_meant =
        |target: &ObjectRef| target.kind == from || (to == Kind::StatefulSet && target.kind == Kind::ReplicaSet);
    for stamped in &mut recording.commands {
        let mut command = (*stamped.command).clone();
        match &mut command {
            Command::Scale { target, .. } | Command::Delete { target, .. } | Command::Patch { target, .. }
                if is_meant(target) =>
            {
                target.kind = to;
            }
            _ => continue,
        }
        stamped.command = Rc::new(command);
    }
    recording
}

/// Without the budgets that there are, or with one for each set where pods are evicted and none is there.
fn budget(recording: &Recording) -> Option<Choice> {
    const WHY: &str = "A budget holds evictions back. It does not hold back deletes, rolling updates, crashes and machines that are lost.";
    let mut other = unplaced(recording);
    if recording.commands.iter().any(|stamped| is_budget(&stamped.command)) {
        other.commands.retain(|stamped| !is_budget(&stamped.command));
        return Some(preset("budget", "with and without a budget", "without any disruption budget", WHY, other));
    }
    let evicts = |stamped: &Stamped| matches!(&*stamped.command, Command::Evict { .. });
    if !recording.commands.iter().any(evicts) {
        return None;
    }
    let budgets = recording.commands.iter().filter_map(|stamped| {
        let budget = manifest(&stamped.command).filter(|manifest| is_set(manifest)).and_then(|set| budget_for(&set))?;
        Some(Stamped { command: Rc::new(Command::Apply(Rc::new(budget))), position: None, said: None, at: stamped.at })
    });
    let before = other.commands.len();
    other.commands.extend(budgets);
    let any = other.commands.len() > before;
    // Each comes after what was given at its moment.
    other.commands.order_by_key(|stamped| stamped.at);
    any.then(|| {
        preset("budget", "with and without a budget", "with a budget of one unavailable pod for each set", WHY, other)
    })
}

fn budget_for(manifest: &Value) -> Option<Value> {
    let name = manifest.at(&["metadata", "name"])?.clone();
    let selector = manifest.at(&["spec", "selector"])?.clone();
    let mut budget = Value::Map(Map::new());
    let whole = under(&mut budget, &[])?;
    whole.insert("apiVersion", text("policy/v1"));
    whole.insert("kind", text("PodDisruptionBudget"));
    let metadata = under(&mut budget, &["metadata"])?;
    metadata.insert("name", name);
    if let Some(namespace) = manifest.at(&["metadata", "namespace"]) {
        metadata.insert("namespace", namespace.clone());
    }
    let spec = under(&mut budget, &["spec"])?;
    spec.insert("maxUnavailable", Value::Int(1));
    spec.insert("selector", selector);
    Some(budget)
}

const FENCING: &str = "petri.dev/fencing";

/// Claims whose disks ask for a fencing token, and claims whose disks do not.
fn fencing(recording: &Recording) -> Option<Choice> {
    const WHY: &str = "A disk that asks for a token refuses the records of whoever had the lock before. A disk that does not ask takes them, in whichever order they come.";
    let flip = |on: bool| {
        move |manifest: &mut Value| {
            let is = manifest.at(&["metadata", "annotations", FENCING]).and_then(Value::as_str) == Some("on");
            if kind_of(manifest) != "PersistentVolumeClaim" || is == on {
                return false;
            }
            let Some(annotations) = under(manifest, &["metadata", "annotations"]) else { return false };
            annotations.insert(FENCING, text(if on { "on" } else { "off" }));
            true
        }
    };
    if let Some(other) = edited(recording, flip(false)) {
        return Some(preset("fencing", "with and without fencing", "without fencing tokens", WHY, other));
    }
    let asks = |set: &Value| set.at(&["spec", "template", "metadata", "annotations", "petri.dev/lock"]).is_some();
    let locks = recording.commands.iter().any(|stamped| manifest(&stamped.command).is_some_and(|given| asks(&given)));
    let other = if locks { edited(recording, flip(true)) } else { None };
    Some(preset("fencing", "with and without fencing", "with fencing tokens", WHY, other?))
}

/// A short grace period where there is the usual one, or the usual one where there is a short one.
fn grace(recording: &Recording) -> Option<Choice> {
    const WHY: &str = "A process has this long to end by itself before it is killed, and a set that replaces its pods in order waits for it. On a machine that is cut off nobody can confirm the end, however short it is.";
    const FIELD: &str = "terminationGracePeriodSeconds";
    let set = |to: i64| {
        move |manifest: &mut Value| {
            if !is_set(manifest) {
                return false;
            }
            let pod = manifest.at(&["spec", "template", "spec", FIELD]).and_then(Value::as_int).unwrap_or(30);
            if (to < 30) != (pod >= 30) {
                return false;
            }
            let Some(pod) = under(manifest, &["spec", "template", "spec"]) else { return false };
            pod.insert(FIELD, Value::Int(to));
            true
        }
    };
    if let Some(other) = edited(recording, set(2)) {
        return Some(preset("grace", "two grace periods", "with a grace period of 2 s", WHY, other));
    }
    Some(preset("grace", "two grace periods", "with the usual grace period of 30 s", WHY, edited(recording, set(30))?))
}
