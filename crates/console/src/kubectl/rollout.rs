//! `kubectl rollout`: status, history, undo, pause, resume, restart.

use super::context::Context;
use super::daemon_set;
use super::edit::send;
use super::merge;
use super::named::targets;
use super::record::CHANGE_CAUSE;
use crate::args::{self, ALL_NAMESPACES, Arguments, Flag, NAMESPACE, SELECTOR, switch, value};
use crate::errors::named;
use crate::host::Host;
use crate::output::{Awaited, Failure, Follow, Output};
use petri_objects::order::Order as _;
use petri_objects::*;
use petri_sim::belief::api::apply::LAST_APPLIED;
use petri_sim::belief::api::shelf::Objects;
use petri_sim::world::World;

const FLAGS: &[Flag] = &[
    NAMESPACE,
    ALL_NAMESPACES,
    SELECTOR,
    switch("watch").short('w'),
    value("timeout"),
    value("revision"),
    value("to-revision"),
];

/// The annotation that numbers the ReplicaSets of a Deployment.
const REVISION: &str = "deployment.kubernetes.io/revision";
const TEMPLATE_HASH: &str = "pod-template-hash";

const VERBS: [&str; 6] = ["history", "pause", "restart", "resume", "status", "undo"];

#[inline(never)]
pub(super) fn run(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let own = words.iter().find(|word| VERBS.contains(&word.as_str()));
    let mut arguments =
        args::parse(words, FLAGS, &own.map_or("kubectl rollout".into(), |own| format!("kubectl rollout {own}")))?;
    if arguments.words.is_empty() {
        return Err("error: kubectl rollout needs one of history, pause, restart, resume, status, undo".into());
    }
    if !VERBS.contains(&arguments.words[0].as_str()) {
        let words = arguments.words.join(" ");
        return Err(format!("error: unknown command \"{words}\"\nSee 'kubectl rollout -h' for help and examples"));
    }
    let verb = arguments.words.remove(0);
    if arguments.words.is_empty() && arguments.last("filename").or(arguments.last("kustomize")).is_none() {
        return Err("error: required resource not specified".into());
    }
    let (found, missing) = targets(&arguments, context)?;
    let mut out = Output::default();
    for object in found {
        let result = match verb.as_str() {
            "status" => status(&object, &arguments, context, &mut out),
            "history" => history(&object, &arguments, context.host.world().objects(), &mut out),
            "undo" => undo(&object, &arguments, context, &mut out),
            "pause" | "resume" => pause(&verb, &object, &arguments, context, &mut out),
            "restart" => restart(&object, &arguments, context, &mut out),
            other => return Err(format!("error: unknown command \"{other}\" for \"kubectl rollout\"")),
        };
        if let Err(problem) = result {
            out.gather(problem);
        }
    }
    for problem in missing {
        out.gather(problem);
    }
    Ok(out)
}

fn status(object: &Object, arguments: &Arguments, context: &mut Context<'_>, out: &mut Output) -> Result<(), Failure> {
    let mut rollout = RolloutStatus { target: object.reference(), uid: object.meta().uid, seen: None };
    if !arguments.is_not_off("watch") {
        rollout.look(context.host, out);
        return Ok(());
    }
    let now = context.host.world().now;
    let deadline = arguments.duration("timeout")?.filter(|t| t.0 > 0).map(|t| now + t);
    if !rollout.look(context.host, out) {
        out.follow = Some(Follow::new(rollout, deadline));
    }
    Ok(())
}

/// `kubectl rollout status`: one line for every change of the object until the rollout is complete.
#[derive(Clone, Debug)]
struct RolloutStatus {
    target: ObjectRef,
    uid: Uid,
    seen: Option<Revision>,
}

impl Awaited for RolloutStatus {
    fn words(&self, _: &World) -> String {
        format!("the rollout of {}", self.target)
    }
    fn copy(&self) -> Box<dyn Awaited> {
        Box::new(self.clone())
    }
    fn look(&mut self, host: &mut dyn Host, out: &mut Output) -> bool {
        let world = host.world();
        let Some(object) = world.objects().get(&self.target).filter(|object| object.meta().uid == self.uid) else {
            out.fail("error: object has been deleted");
            return true;
        };
        if self.seen == Some(object.meta().resource_version) {
            return false;
        }
        self.seen = Some(object.meta().resource_version);
        match progress(&object) {
            Ok((line, done)) => {
                out.line(line);
                done
            }
            Err(problem) => {
                out.fail(problem);
                true
            }
        }
    }
}

/// How far a rollout is, and whether that is the end.
///
/// Upstream: `DeploymentStatusViewer`, `StatefulSetStatusViewer`, `DaemonSetStatusViewer`.
fn progress(object: &Object) -> Result<(String, bool), Failure> {
    match object {
        Object::Deployment(deployment) => deployment_progress(deployment),
        Object::StatefulSet(set) => stateful_set_progress(set),
        Object::DaemonSet(set) => daemon_set::progress(set),
        other => Err(format!("error: no status viewer has been implemented for {}", with_group(other))),
    }
}

/// `ReplicaSet.apps`.
fn with_group(object: &Object) -> String {
    let kind = object.kind();
    let dot = if kind.group().is_empty() { "" } else { "." };
    format!("{}{dot}{}", kind.name(), kind.group())
}

fn deployment_progress(deployment: &Deployment) -> Result<(String, bool), Failure> {
    let (meta, status) = (&deployment.metadata, &deployment.status);
    if meta.generation > status.observed_generation {
        return Ok(("Waiting for deployment spec update to be observed...".into(), false));
    }
    let name = &meta.name;
    let late = condition(&status.conditions, "Progressing").is_some_and(|c| &*c.reason == "ProgressDeadlineExceeded");
    if late {
        return Err(format!("error: deployment \"{name}\" exceeded its progress deadline"));
    }
    let waiting = |what: String| Ok((format!("Waiting for deployment \"{name}\" rollout to finish: {what}..."), false));
    let (replicas, updated) = (deployment.replicas(), status.updated_replicas);
    if updated < replicas {
        return waiting(format!("{updated} out of {replicas} new replicas have been updated"));
    }
    if status.replicas > updated {
        return waiting(format!("{} old replicas are pending termination", status.replicas - updated));
    }
    if status.available_replicas < updated {
        return waiting(format!("{} of {updated} updated replicas are available", status.available_replicas));
    }
    Ok((format!("deployment \"{name}\" successfully rolled out"), true))
}

fn stateful_set_progress(set: &StatefulSet) -> Result<(String, bool), Failure> {
    let (status, replicas) = (&set.status, set.replicas());
    if &*set.spec.update_strategy.kind != "RollingUpdate" {
        return Err("error: rollout status is only available for RollingUpdate strategy type".into());
    }
    if status.observed_generation == 0 || set.metadata.generation > status.observed_generation {
        return Ok(("Waiting for statefulset spec update to be observed...".into(), false));
    }
    if status.ready_replicas < replicas {
        return Ok((format!("Waiting for {} pods to be ready...", replicas - status.ready_replicas), false));
    }
    let updated = status.updated_replicas;
    if let Some(rolling) = &set.spec.update_strategy.rolling_update {
        let wanted = replicas - rolling.partition.unwrap_or(0);
        if rolling.partition.is_some() && updated < wanted {
            let line = format!(
                "Waiting for partitioned roll out to finish: {updated} out of {wanted} new pods have been updated..."
            );
            return Ok((line, false));
        }
        return Ok((format!("partitioned roll out complete: {updated} new pods have been updated..."), true));
    }
    if status.update_revision != status.current_revision {
        let line = format!(
            "waiting for statefulset rolling update to complete {updated} pods at revision {}...",
            status.update_revision
        );
        return Ok((line, false));
    }
    let (current, revision) = (status.current_replicas, &status.current_revision);
    Ok((format!("statefulset rolling update complete {current} pods at revision {revision}..."), true))
}

/// One entry of a workload's history.
struct Entry {
    revision: i64,
    change_cause: Option<Name>,
    template: Value,
    /// What a ReplicaSet has besides: its template's hash, and its annotations.
    hash: Option<Name>,
    annotations: Option<Labels>,
}

/// Annotations of a Deployment that an undo leaves alone.
///
/// Upstream: `annotationsToSkip` in `kubectl/pkg/polymorphichelpers/rollback.go`.
const ITS_OWN: [&str; 6] = [
    LAST_APPLIED,
    REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
];

/// The history of a workload, the oldest first.
fn entries(object: &Object, objects: &Objects) -> Result<Vec<Entry>, Failure> {
    let meta = object.meta();
    let mut entries: Vec<Entry> = match object {
        Object::Deployment(_) => objects
            .replica_sets
            .in_namespace(&meta.namespace)
            .filter(|set| set.metadata.is_controlled_by(meta.uid))
            .filter_map(|set| {
                let mut template = set.spec.template.clone();
                let hash = template.metadata.labels.get(TEMPLATE_HASH).cloned();
                template.metadata.labels.remove(TEMPLATE_HASH);
                Some(Entry {
                    hash,
                    annotations: Some(set.metadata.annotations.clone()),
                    revision: set.metadata.annotations.get(REVISION)?.parse().ok()?,
                    change_cause: set.metadata.annotations.get(CHANGE_CAUSE).cloned(),
                    template: template.to_value(),
                })
            })
            .collect(),
        Object::StatefulSet(_) | Object::DaemonSet(_) => objects
            .revisions
            .in_namespace(&meta.namespace)
            .filter(|revision| revision.metadata.is_controlled_by(meta.uid))
            .filter_map(|revision| {
                let mut template = revision.data.0.as_deref()?.at(&["spec", "template"])?.clone();
                if let Value::Map(map) = &mut template {
                    map.remove("$patch");
                }
                Some(Entry {
                    revision: revision.revision,
                    change_cause: revision.metadata.annotations.get(CHANGE_CAUSE).cloned(),
                    template,
                    hash: None,
                    annotations: None,
                })
            })
            .collect(),
        other => {
            let kind = with_group(other);
            return Err(format!("error: no history viewer has been implemented for \"{kind}\""));
        }
    };
    entries.order_by_key(|entry| entry.revision);
    Ok(entries)
}

fn history(object: &Object, arguments: &Arguments, objects: &Objects, out: &mut Output) -> Result<(), Failure> {
    let entries = entries(object, objects)?;
    let subject = named(&object.reference());
    let wanted = arguments.integer("revision")?.unwrap_or(0);
    if wanted < 0 {
        return Err(format!("error: revision must be a positive integer: {wanted}"));
    }
    if wanted > 0 {
        let entry = entries.iter().find(|entry| entry.revision == wanted);
        let entry = entry.ok_or("error: unable to find the specified revision")?;
        let mut template = PodTemplateSpec::from_value(&entry.template, &mut Decode::default());
        if let Some(hash) = &entry.hash {
            template.metadata.labels.insert(TEMPLATE_HASH, hash.clone());
        }
        if let Some(cause) = entry.change_cause.as_ref().filter(|cause| !cause.is_empty()) {
            template.metadata.annotations.insert(CHANGE_CAUSE, cause.clone());
        }
        out.line(format!("{subject} with revision #{wanted}"));
        out.stdout.push_str(&crate::describe::template(&template));
        out.line("");
        return Ok(());
    }
    out.line(format!("{subject} "));
    if entries.is_empty() {
        out.line("No rollout history found.");
        return Ok(());
    }
    let mut text = String::from("REVISION\tCHANGE-CAUSE\n");
    for entry in &entries {
        let cause = entry.change_cause.as_deref().filter(|cause| !cause.is_empty()).unwrap_or("<none>");
        text.push_str(&format!("{}\t{cause}\n", entry.revision));
    }
    out.stdout.push_str(&crate::columns::HISTORY.align(&text));
    out.line("");
    Ok(())
}

fn undo(object: &Object, arguments: &Arguments, context: &mut Context<'_>, out: &mut Output) -> Result<(), Failure> {
    let wanted = arguments.integer("to-revision")?.unwrap_or(0);
    if wanted < 0 {
        return Err(format!("error: revision must be a positive integer: {wanted}"));
    }
    if object.meta().annotations.get(LAST_APPLIED).is_some() {
        out.stderr.push_str(&format!(
            "Warning: resource {}/{} was previously managed with 'kubectl apply'. Rolling back will not update the \
             {LAST_APPLIED} annotation, which may cause unexpected behavior on future 'kubectl apply' operations. \
             Consider using 'kubectl apply' with your previous configuration file instead.\n",
            object.kind().plural(),
            object.meta().name
        ));
    }
    if let Object::Deployment(deployment) = object
        && deployment.spec.paused
    {
        return Err(
            "error: you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and \
                    try again"
                .into(),
        );
    }
    let entries = entries(object, context.host.world().objects())?;
    let entry = match wanted {
        0 => entries.iter().rev().nth(1).ok_or_else(|| match object {
            Object::Deployment(_) => {
                format!("error: no rollout history found for deployment \"{}\"", object.meta().name)
            }
            _ => "error: no last revision to roll back to".into(),
        })?,
        wanted => entries
            .iter()
            .find(|entry| entry.revision == wanted)
            .ok_or_else(|| format!("error: unable to find specified revision {wanted} in history"))?,
    };
    let current = object.to_value();
    let template = current.at(&["spec", "template"]).cloned().unwrap_or_default();
    // Both go through the same type, so that only what differs is compared.
    let plain = |value: &Value| PodTemplateSpec::from_value(value, &mut Decode::default()).to_value();
    match merge::difference(&plain(&template), &plain(&entry.template)) {
        Some(patch) => {
            let mut patch = Value::nested(&["spec", "template"], patch);
            if let (Some(then), Value::Map(patch)) = (&entry.annotations, &mut patch) {
                let now = &object.meta().annotations;
                let is_others = |(key, _): &(&Name, &Name)| !ITS_OWN.contains(&&***key);
                let gone = now.iter().filter(is_others).map(|(key, _)| (key.clone(), Value::Null));
                let back =
                    then.iter().filter(is_others).map(|(key, value)| (key.clone(), Value::String(value.clone())));
                let mut annotations: Map = gone.collect();
                back.for_each(|(key, value)| annotations.insert(key, value));
                if !annotations.is_empty() {
                    patch.insert("metadata", Value::nested(&["annotations"], Value::Map(annotations)));
                }
            }
            send(object, patch, "rolled back", arguments, context, out);
        }
        None => {
            // Only a Deployment's undo names the revision that it found: others that which was asked for, 0 if none was.
            let revision = if matches!(object, Object::Deployment(_)) { entry.revision } else { wanted };
            out.line(format!(
                "{} skipped rollback (current template already matches revision {revision})",
                named(&object.reference())
            ));
        }
    }
    Ok(())
}

fn pause(
    verb: &str,
    object: &Object,
    arguments: &Arguments,
    context: &mut Context<'_>,
    out: &mut Output,
) -> Result<(), Failure> {
    let subject = format!("{} \"{}\"", object.kind().qualified_resource(), object.meta().name);
    let Object::Deployment(deployment) = object else {
        let doing = if verb == "pause" { "pausing" } else { "resuming" };
        return Err(format!("error: {subject} {doing} is not supported"));
    };
    match (verb, deployment.spec.paused) {
        ("pause", true) => Err(format!("error: {subject} is already paused")),
        ("resume", false) => Err(format!("error: {subject} is not paused")),
        ("pause", false) => {
            send(object, Value::nested(&["spec", "paused"], Value::Bool(true)), "paused", arguments, context, out);
            Ok(())
        }
        _ => {
            send(object, Value::nested(&["spec", "paused"], Value::Null), "resumed", arguments, context, out);
            Ok(())
        }
    }
}

fn restart(object: &Object, arguments: &Arguments, context: &mut Context<'_>, out: &mut Output) -> Result<(), Failure> {
    const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
    let template = match object {
        Object::Deployment(deployment) if deployment.spec.paused => {
            let subject = format!("{} \"{}\"", object.kind().qualified_resource(), object.meta().name);
            return Err(format!("error: {subject} can't restart paused deployment (run rollout resume first)"));
        }
        Object::Deployment(deployment) => &deployment.spec.template,
        Object::StatefulSet(set) => &set.spec.template,
        Object::DaemonSet(set) => &set.spec.template,
        other => return Err(format!("error: {} restarting is not supported", other.kind().qualified_resource())),
    };
    let now = context.host.world().now.rfc3339();
    if template.metadata.annotations.get(RESTARTED_AT).is_some_and(|at| **at == *now) {
        return Err(format!(
            "error: failed to create patch for {}: if restart has already been triggered within the past second, please \
             wait before attempting to trigger another",
            object.meta().name
        ));
    }
    let patch = Value::nested(&["spec", "template", "metadata", "annotations", RESTARTED_AT], Value::from(&*now));
    send(object, patch, "restarted", arguments, context, out);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    fn set(ready: i32, updated: i32, strategy: StatefulSetUpdateStrategy) -> StatefulSet {
        let mut set = StatefulSet::default();
        set.metadata.generation = 1;
        set.spec = Rc::new(StatefulSetSpec { replicas: Some(3), update_strategy: strategy, ..Default::default() });
        set.status.observed_generation = 1;
        set.status.ready_replicas = ready;
        set.status.updated_replicas = updated;
        set
    }

    fn rolling(partition: Option<i32>) -> StatefulSetUpdateStrategy {
        StatefulSetUpdateStrategy {
            kind: "RollingUpdate".into(),
            rolling_update: Some(RollingUpdateStatefulSetStrategy { partition, max_unavailable: None }),
        }
    }

    #[test]
    fn a_default_rolling_update_ends_as_a_partitioned_one() {
        let line = |set: &StatefulSet| stateful_set_progress(set).unwrap();
        assert_eq!(line(&set(2, 0, rolling(Some(0)))), ("Waiting for 1 pods to be ready...".into(), false));
        assert_eq!(
            line(&set(3, 1, rolling(Some(0)))),
            ("Waiting for partitioned roll out to finish: 1 out of 3 new pods have been updated...".into(), false)
        );
        assert_eq!(
            line(&set(3, 3, rolling(Some(0)))),
            ("partitioned roll out complete: 3 new pods have been updated...".into(), true)
        );
    }

    #[test]
    fn a_set_without_rolling_update_details_is_told_by_revision() {
        let bare = StatefulSetUpdateStrategy { kind: "RollingUpdate".into(), rolling_update: None };
        let mut set = set(3, 1, bare);
        set.status.update_revision = "web-b".into();
        set.status.current_revision = "web-a".into();
        let expected = "waiting for statefulset rolling update to complete 1 pods at revision web-b...";
        assert_eq!(stateful_set_progress(&set).unwrap(), (expected.into(), false));
        let on_delete = StatefulSetUpdateStrategy { kind: "OnDelete".into(), rolling_update: None };
        set.spec = Rc::new(StatefulSetSpec { update_strategy: on_delete, ..(*set.spec).clone() });
        assert_eq!(
            stateful_set_progress(&set).unwrap_err(),
            "error: rollout status is only available for RollingUpdate strategy type"
        );
    }

    #[test]
    fn a_deployment_waits_for_updates_then_for_old_pods_then_for_availability() {
        let line = |updated: i32, total: i32, available: i32| {
            let mut deployment = Deployment::default();
            deployment.metadata.name = "nginx".into();
            deployment.spec = Rc::new(DeploymentSpec { replicas: Some(3), ..Default::default() });
            deployment.status.updated_replicas = updated;
            deployment.status.replicas = total;
            deployment.status.available_replicas = available;
            deployment_progress(&deployment).unwrap().0
        };
        let prefix = "Waiting for deployment \"nginx\" rollout to finish: ";
        assert_eq!(line(1, 3, 3), format!("{prefix}1 out of 3 new replicas have been updated..."));
        assert_eq!(line(3, 4, 3), format!("{prefix}1 old replicas are pending termination..."));
        assert_eq!(line(3, 3, 2), format!("{prefix}2 of 3 updated replicas are available..."));
        assert_eq!(line(3, 3, 3), "deployment \"nginx\" successfully rolled out");
    }
}
