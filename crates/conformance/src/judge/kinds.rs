//! What changes of each kind of object mean.

use super::line::{Fields, shown, truth};
use super::names::owner_names;
use super::story::Story;
use petri_objects::Value;
use petri_objects::order::Order as _;
use std::collections::{BTreeMap, BTreeSet};

const REVISION: &str = "metadata.annotations.deployment.kubernetes.io/revision";

/// A change of an object: all its fields before and after.
pub(super) struct Change<'l> {
    pub old: Fields,
    pub new: Fields,
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub what: &'l str,
    pub t: f64,
}

impl Change<'_> {
    fn is(&self, what: &str) -> bool {
        self.what == what
    }
    /// Whether a path has another value than before.
    fn differs(&self, path: &str) -> bool {
        self.new.get(path) != self.old.get(path)
    }
}

fn text(fields: &Fields, path: &str) -> String {
    shown(fields.get(path))
}

fn is_set(fields: &Fields, path: &str) -> bool {
    fields.get(path).is_some_and(truth)
}

/// Status and reason of a condition.
fn condition(fields: &Fields, kind: &str) -> (Option<String>, Option<String>) {
    let field = |field: &str| fields.get(&format!("status.conditions[{kind}].{field}")).map(|value| shown(Some(value)));
    (field("status"), field("reason"))
}

/// `have=3 ready=2`
fn counts(fields: &Fields, keys: &[(&str, &str)]) -> String {
    let count = |(short, key): &(&str, &str)| {
        let value = fields.get(&format!("status.{key}")).filter(|value| truth(value));
        format!("{short}={}", value.map_or("0".into(), |value| shown(Some(value))))
    };
    keys.iter().map(count).collect::<Vec<_>>().join(" ")
}

fn wanted(fields: &Fields) -> String {
    fields.get("spec.replicas").map_or("0".into(), |value| shown(Some(value)))
}

impl Story {
    pub(super) fn tell_change(&mut self, kind: &str, name: &str, change: &Change<'_>) {
        match kind {
            "Pod" => self.pod(name, change),
            "StatefulSet" => self.stateful_set(name, change),
            "ReplicaSet" => self.replica_set(name, change),
            "Deployment" => self.deployment(name, change),
            "ControllerRevision" => self.controller_revision(name, change),
            "PersistentVolumeClaim" => self.claim(name, change),
            "PersistentVolume" => self.volume(name, change),
            "VolumeAttachment" => self.attachment(change),
            "EndpointSlice" => self.endpoint_slice(change),
            "Node" => self.node(name, change),
            "PodDisruptionBudget" => {
                let object = format!("pdb {name}");
                self.life("pdb", &object, change, "created");
                if !change.is("DELETED") {
                    self.stream("pdb", &format!("{object} status"), budget_status(&change.new), change.t);
                }
            }
            "Lease" => {
                let holder = "spec.holderIdentity";
                if change.is("ADDED") || change.differs(holder) {
                    let (holder, count) = (text(&change.new, holder), text(&change.new, "spec.leaseTransitions"));
                    self.add(
                        "leases",
                        &format!("lease {name}"),
                        format!("holder '{holder}' transitions {count}"),
                        change.t,
                    );
                }
            }
            "Service" => self.life("endpoints", &format!("service {name}"), change, "created"),
            _ => {}
        }
    }

    fn owners(&self, fields: &Fields) -> String {
        let owners = fields.get("metadata.ownerReferences").and_then(Value::as_str).unwrap_or_default();
        let mut owners: Vec<String> = owner_names(owners).iter().map(|owner| self.names.text(owner)).collect();
        owners.order();
        if owners.is_empty() { String::new() } else { format!(" owned by {}", owners.join(",")) }
    }

    /// Created, owned by another, asked to go, gone: common to all kinds.
    fn life(&mut self, area: &'static str, object: &str, change: &Change<'_>, created: &str) {
        let (old, new, t) = (&change.old, &change.new, change.t);
        let owners = self.owners(new);
        if change.is("ADDED") {
            self.add(area, object, format!("{created}{owners}"), t);
        } else if self.owners(old) != owners {
            let owners = if owners.is_empty() { " without owner".into() } else { owners };
            self.add(area, object, format!("now{owners}"), t);
        }
        let (going, grace) = ("metadata.deletionTimestamp", "metadata.deletionGracePeriodSeconds");
        let shortened = change.differs(grace) && is_set(new, grace);
        if is_set(new, going) && (!is_set(old, going) || shortened) {
            let grace = if area == "pods" { format!(" (grace {} s)", text(new, grace)) } else { String::new() };
            self.add(area, object, format!("deletion requested{grace}"), t);
        }
        if change.is("DELETED") {
            self.add(area, object, "gone", t);
            let prefix = format!("{object} ");
            for stream in self.streams.iter_mut().filter(|stream| stream.object.starts_with(&prefix)) {
                if stream.values.last().is_some_and(|(_, label)| label.is_some()) {
                    stream.values.push((t, None));
                }
            }
        }
    }

    fn conditions(&mut self, object: &str, change: &Change<'_>, kinds: &[&str]) {
        for kind in kinds {
            let (status, reason) = condition(&change.new, kind);
            let stream = format!("{object} condition {kind}");
            let known = self.streams.iter().any(|s| s.area == "workloads" && s.object == stream);
            if status.is_some() || known {
                let label = format!("{} {}", status.unwrap_or("None".into()), reason.unwrap_or_default());
                self.stream("workloads", &stream, label.trim().to_owned(), change.t);
            }
        }
    }

    fn revision(&self, fields: &Fields) -> String {
        let hash = |key: &str| fields.get(key).filter(|value| truth(value)).map(|value| shown(Some(value)));
        let hash = hash("metadata.labels.controller-revision-hash").or(hash("metadata.labels.pod-template-hash"));
        hash.map_or(String::new(), |hash| self.names.text(&hash))
    }

    fn pod(&mut self, name: &str, change: &Change<'_>) {
        let object = format!("pod {name}");
        let created = format!("created {}", self.revision(&change.new));
        self.life("pods", &object, change, created.trim_end());
        if change.is("DELETED") {
            return;
        }
        let (old, new, t) = (&change.old, &change.new, change.t);
        if change.differs("spec.nodeName") && is_set(new, "spec.nodeName") {
            self.add("pods", &object, "scheduled", t);
        }
        for kind in ["Ready", "DisruptionTarget", "PodScheduled"] {
            let (now, before) = (condition(new, kind), condition(old, kind));
            let Some(status) = now.0.clone().filter(|status| now != before && !status.is_empty()) else { continue };
            let told = match kind {
                "DisruptionTarget" => true,
                "Ready" => before.0.as_ref() != Some(&status) && (status == "True" || before.0.is_some()),
                _ => status == "False",
            };
            if told {
                let reason = now.1.filter(|reason| !reason.is_empty() && kind != "Ready");
                let reason = reason.map_or(String::new(), |reason| format!(" {reason}"));
                self.add("pods", &object, format!("{kind}={status}{reason}"), t);
            }
        }
        if change.differs("status.phase") && is_set(new, "status.phase") && !change.is("ADDED") {
            let reason =
                if is_set(new, "status.reason") { format!(" {}", text(new, "status.reason")) } else { "".into() };
            self.add("pods", &object, format!("phase {}{reason}", text(new, "status.phase")), t);
        }
        for (path, value) in new.iter().filter(|(path, value)| old.get(*path) != Some(*value)) {
            let value_text = shown(Some(value));
            if path.ends_with(".state.waiting.reason") && value_text != "ContainerCreating" {
                self.add("pods", &object, format!("waiting {value_text}"), t);
            } else if path.ends_with(".restartCount") && truth(value) {
                self.add("pods", &object, format!("restarts {value_text}"), t);
            } else if path == "metadata.labels.app" && !change.is("ADDED") {
                self.add("pods", &object, format!("label app={value_text}"), t);
            }
        }
    }

    fn stateful_set(&mut self, name: &str, change: &Change<'_>) {
        let object = format!("statefulset {name}");
        self.life("workloads", &object, change, "created");
        if !change.is("DELETED") {
            let status = self.stateful_set_status(&change.new);
            self.stream("workloads", &format!("{object} status"), status, change.t);
            if text(&change.new, "spec.podManagementPolicy") == "OrderedReady" {
                self.ordered.insert(name.into());
            }
        }
    }

    fn stateful_set_status(&self, fields: &Fields) -> String {
        let revision = |key: &str| {
            let revision = fields.get(&format!("status.{key}")).map_or("-".into(), |value| shown(Some(value)));
            self.names.text(&revision)
        };
        let count = |key: &str| counts(fields, &[("", key)]).replace('=', "");
        format!(
            "want={} {} current={}@{} updated={}@{}",
            wanted(fields),
            counts(fields, &[("have", "replicas"), ("ready", "readyReplicas"), ("available", "availableReplicas")]),
            count("currentReplicas"),
            revision("currentRevision"),
            count("updatedReplicas"),
            revision("updateRevision")
        )
    }

    fn is_revision(&mut self, object: &str, words: &str, change: &Change<'_>) {
        if change.differs(REVISION) {
            self.add("workloads", object, format!("{words} {}", text(&change.new, REVISION)), change.t);
        }
    }

    fn replica_set(&mut self, name: &str, change: &Change<'_>) {
        let object = format!("replicaset {name}");
        self.life("workloads", &object, change, "created");
        self.is_revision(&object, "is revision", change);
        if !change.is("DELETED") {
            self.stream("workloads", &format!("{object} status"), replica_set_status(&change.new), change.t);
            self.conditions(&object, change, &["ReplicaFailure"]);
        }
    }

    fn deployment(&mut self, name: &str, change: &Change<'_>) {
        let object = format!("deployment {name}");
        self.life("workloads", &object, change, "created");
        self.is_revision(&object, "is at revision", change);
        if !change.is("DELETED") {
            self.stream("workloads", &format!("{object} status"), deployment_status(&change.new), change.t);
            self.conditions(&object, change, &["Available", "Progressing", "ReplicaFailure"]);
        }
    }

    fn controller_revision(&mut self, name: &str, change: &Change<'_>) {
        let object = format!("controllerrevision {name}");
        let number = text(&change.new, "revision");
        self.life("revisions", &object, change, &format!("created as number {number}"));
        if !change.old.is_empty() && change.differs("revision") {
            self.add("revisions", &object, format!("renumbered to {number}"), change.t);
        }
    }

    fn claim(&mut self, name: &str, change: &Change<'_>) {
        let object = format!("pvc {name}");
        self.life("storage", &object, change, "created");
        if !change.is("DELETED") && change.differs("spec.volumeName") {
            let volume = self.names.name(&text(&change.new, "spec.volumeName"));
            self.add("storage", &object, format!("bound to {volume}"), change.t);
        }
        self.phase(&object, change);
    }

    fn phase(&mut self, object: &str, change: &Change<'_>) {
        if change.is("MODIFIED") && change.differs("status.phase") {
            self.add("storage", object, format!("phase {}", text(&change.new, "status.phase")), change.t);
        }
    }

    fn volume(&mut self, name: &str, change: &Change<'_>) {
        let object = format!("pv {name}");
        self.life("storage", &object, change, "created");
        let claim = "spec.claimRef.name";
        if !change.is("DELETED") && change.differs(claim) {
            let label = match is_set(&change.new, claim) {
                true => format!("reserved for claim {}", text(&change.new, claim)),
                false => "claim reference removed".into(),
            };
            self.add("storage", &object, label, change.t);
        }
        self.phase(&object, change);
    }

    fn attachment(&mut self, change: &Change<'_>) {
        let volume = change.new.get("spec.source.persistentVolumeName").map_or("?".into(), |v| shown(Some(v)));
        let volume = self.names.name(&volume);
        let node = text(&change.new, "spec.nodeName");
        let live = self.attached.entry(volume.clone()).or_default();
        match change.is("DELETED") {
            true => live.remove(&node),
            false => live.insert(node),
        };
        let (object, count) = (format!("attachment of {volume}"), format!(" ({} existing)", live.len()));
        let going = "metadata.deletionTimestamp";
        let attached = |fields: &Fields| fields.get("status.attached") == Some(&Value::Bool(true));
        if !change.is("MODIFIED") {
            let word = if change.is("ADDED") { "created" } else { "gone" };
            self.add("attachments", &object, format!("{word}{count}"), change.t);
        } else if is_set(&change.new, going) && !is_set(&change.old, going) {
            self.add("attachments", &object, "deletion requested", change.t);
        } else if attached(&change.new) && !attached(&change.old) {
            self.add("attachments", &object, format!("attached{count}"), change.t);
        }
    }

    /// What a slice says about each pod.
    fn endpoints(&self, fields: &Fields) -> BTreeMap<String, String> {
        let mut parts: BTreeMap<&str, BTreeMap<&str, &Value>> = BTreeMap::new();
        for (path, value) in fields {
            let Some((index, rest)) = path.strip_prefix("endpoints[").and_then(|rest| rest.split_once("].")) else {
                continue;
            };
            parts.entry(index).or_default().insert(rest.strip_prefix("conditions.").unwrap_or(rest), value);
        }
        let said = |endpoint: &BTreeMap<&str, &Value>| {
            let on = |word: &&str| endpoint.get(word) == Some(&&Value::Bool(true));
            let words: Vec<&str> = ["ready", "serving", "terminating"].into_iter().filter(on).collect();
            if words.is_empty() { "not ready".to_owned() } else { words.join(" ") }
        };
        let pod = |endpoint: &BTreeMap<&str, &Value>| {
            let name = endpoint.get("targetRef.name").map_or("?".into(), |value| shown(Some(value)));
            self.names.name(&name)
        };
        parts.values().map(|endpoint| (pod(endpoint), said(endpoint))).collect()
    }

    fn endpoint_slice(&mut self, change: &Change<'_>) {
        let service =
            change.new.get("metadata.labels.kubernetes.io/service-name").map_or("?".into(), |v| shown(Some(v)));
        let service = self.names.text(&service);
        if !change.is("MODIFIED") {
            let word = if change.is("ADDED") { "created" } else { "gone" };
            self.add("endpoints", &format!("slice of {service}"), word, change.t);
        }
        let now = if change.is("DELETED") { BTreeMap::new() } else { self.endpoints(&change.new) };
        let before = self.endpoints(&change.old);
        let pods: BTreeSet<&String> = now.keys().chain(before.keys()).collect();
        for pod in pods.into_iter().filter(|pod| now.get(*pod) != before.get(*pod)) {
            let label = now.get(pod).cloned().unwrap_or("absent".into());
            self.stream("endpoints", &format!("endpoint {pod} of {service}"), label, change.t);
        }
    }

    fn node(&mut self, name: &str, change: &Change<'_>) {
        let object = format!("node {name}");
        let first = change.is("ADDED") && self.actions.is_empty();
        if change.is("DELETED") || (change.is("ADDED") && !first) {
            self.add("nodes", &object, if change.is("DELETED") { "gone" } else { "registered" }, change.t);
        }
        if first || change.is("DELETED") {
            return;
        }
        let ready = condition(&change.new, "Ready");
        if ready != condition(&change.old, "Ready") {
            let word = |word: Option<String>| word.unwrap_or("None".into());
            self.add("nodes", &object, format!("Ready={} {}", word(ready.0), word(ready.1)), change.t);
        }
        let (now, before) = (taints(&change.new), taints(&change.old));
        for taint in now.symmetric_difference(&before) {
            let label = if now.contains(taint) { "added" } else { "removed" };
            self.stream("nodes", &format!("{object} taint {taint}"), label.into(), change.t);
        }
    }

    /// One line for an object that exists at the end.
    pub(super) fn summary(&self, kind: &str, fields: &Fields) -> String {
        let going = if is_set(fields, "metadata.deletionTimestamp") { " terminating" } else { "" };
        let ready = || condition(fields, "Ready").0.unwrap_or("None".into());
        let line = match kind {
            "Pod" => {
                let bound = if is_set(fields, "spec.nodeName") { "" } else { "unscheduled " };
                format!("{} ready={} {bound}{}", text(fields, "status.phase"), ready(), self.revision(fields))
            }
            "StatefulSet" => self.stateful_set_status(fields),
            "ReplicaSet" => replica_set_status(fields),
            "Deployment" => deployment_status(fields),
            "ControllerRevision" => format!("number {}", text(fields, "revision")),
            "PersistentVolumeClaim" => {
                let volume = fields.get("spec.volumeName").map_or("-".into(), |value| shown(Some(value)));
                format!("{} {}", text(fields, "status.phase"), self.names.name(&volume))
            }
            "PersistentVolume" => format!("{} {}", text(fields, "status.phase"), text(fields, "spec.claimRef.name")),
            "PodDisruptionBudget" => budget_status(fields),
            "EndpointSlice" => {
                let endpoints = self.endpoints(fields);
                endpoints.iter().map(|(pod, said)| format!("{pod} {said}")).collect::<Vec<_>>().join(", ")
            }
            "Node" => format!("Ready={} taints={:?}", ready(), taints(fields)),
            "Lease" => {
                format!("'{}' {}", text(fields, "spec.holderIdentity"), text(fields, "spec.leaseTransitions"))
            }
            "VolumeAttachment" => format!("attached={}", text(fields, "status.attached")),
            _ => "exists".into(),
        };
        format!("{line}{going}{}", self.owners(fields))
    }
}

fn replica_set_status(fields: &Fields) -> String {
    let keys = [
        ("have", "replicas"),
        ("ready", "readyReplicas"),
        ("available", "availableReplicas"),
        ("terminating", "terminatingReplicas"),
    ];
    format!("want={} {}", wanted(fields), counts(fields, &keys))
}

fn deployment_status(fields: &Fields) -> String {
    let keys = [
        ("have", "replicas"),
        ("updated", "updatedReplicas"),
        ("ready", "readyReplicas"),
        ("available", "availableReplicas"),
        ("unavailable", "unavailableReplicas"),
        ("terminating", "terminatingReplicas"),
    ];
    let paused = if is_set(fields, "spec.paused") { " paused" } else { "" };
    format!("want={}{paused} {}", wanted(fields), counts(fields, &keys))
}

fn budget_status(fields: &Fields) -> String {
    let keys = [
        ("allowed", "disruptionsAllowed"),
        ("healthy", "currentHealthy"),
        ("desired", "desiredHealthy"),
        ("expected", "expectedPods"),
    ];
    let (status, reason) = condition(fields, "DisruptionAllowed");
    let word = |word: Option<String>| word.unwrap_or("None".into());
    format!("{} {} {}", counts(fields, &keys), word(status), word(reason))
}

/// `key:effect` of every taint.
fn taints(fields: &Fields) -> BTreeSet<String> {
    let taint = |path: &String| {
        let taint = path.strip_prefix("spec.taints[").and_then(|_| path.strip_suffix("].key"))?;
        let field = |field: &str| fields.get(&format!("{taint}].{field}")).map_or(String::new(), |v| shown(Some(v)));
        Some(format!("{}:{}", field("key"), field("effect")))
    };
    fields.keys().filter_map(taint).collect()
}
