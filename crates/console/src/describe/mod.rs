//! `kubectl describe`: an object and what belongs to it, in words.
//!
//! Each describer writes lines with tabs in upstream's order; [`DESCRIBE`] then sets the columns, which is why a line's
//! indentation is part of its first cell.

mod network;
mod node;
mod pod;
mod storage;
mod workloads;

use crate::columns::DESCRIBE;
use crate::tables::age_since;
use crate::text::event_times;
use petri_objects::order::Order as _;
use petri_objects::*;
use petri_sim::belief::api::shelf::Objects;
use std::fmt::Write as _;

/// What a describer reads and writes.
struct Page<'a> {
    objects: &'a Objects,
    now: Time,
    text: String,
}

/// The description of one object, its events at the end.
pub fn describe(objects: &Objects, object: &Object, now: Time) -> String {
    let mut page = Page { objects, now, text: String::new() };
    match object {
        Object::Pod(pod) => page.pod(pod),
        Object::StatefulSet(set) => page.stateful_set(set),
        Object::Deployment(deployment) => page.deployment(deployment),
        Object::ReplicaSet(set) => page.replica_set(set),
        Object::PodDisruptionBudget(budget) => page.budget(budget),
        Object::PersistentVolumeClaim(claim) => page.claim(claim),
        Object::PersistentVolume(volume) => page.volume(volume),
        Object::StorageClass(class) => page.storage_class(class),
        Object::Service(service) => page.service(service),
        Object::EndpointSlice(slice) => page.endpoint_slice(slice),
        Object::Node(node) => page.node(node),
        Object::Namespace(namespace) => page.namespace(namespace),
        Object::ConfigMap(map) => page.config_map(map),
        Object::ResourceQuota(quota) => page.quota(quota),
        other => page.any(other),
    }
    DESCRIBE.align(&page.text)
}

/// A pod template as `kubectl rollout history` shows it, its tabs left as they are.
pub fn template(template: &PodTemplateSpec) -> String {
    let mut page = Page { objects: &Objects::default(), now: Time::ZERO, text: String::new() };
    page.template(template);
    page.text
}

impl Page<'_> {
    /// One line; a tab ends a cell.
    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.write_fmt(text).expect("writing to a String does not fail");
        self.text.push('\n');
    }

    fn name_and_namespace(&mut self, meta: &Meta) {
        self.line(format_args!("Name:\t{}", meta.name));
        self.line(format_args!("Namespace:\t{}", meta.namespace));
    }

    /// A title and its values, each on a line of its own under the first.
    fn list(&mut self, title: &str, values: &[String]) {
        match values.split_first() {
            None => self.line(format_args!("{title}:\t<none>")),
            Some((first, rest)) => {
                self.line(format_args!("{title}:\t{first}"));
                for value in rest {
                    self.line(format_args!("\t{value}"));
                }
            }
        }
    }

    fn labels(&mut self, title: &str, labels: &Labels) {
        let values: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        self.list(title, &values);
    }

    /// Annotations, without the one that `kubectl apply` keeps for itself.
    fn annotations(&mut self, annotations: &Labels) {
        let shown: Vec<_> = annotations.iter().filter(|(key, _)| &***key != LAST_APPLIED).collect();
        if shown.is_empty() {
            return self.line(format_args!("Annotations:\t<none>"));
        }
        for (i, (key, value)) in shown.into_iter().enumerate() {
            let title = if i == 0 { "Annotations:" } else { "" };
            // A long value starts below its key.
            if value.len() + key.len() + 2 > 140 || value.contains('\n') {
                self.line(format_args!("{title}\t{key}:"));
                for part in value.trim_end().split('\n') {
                    self.line(format_args!("\t  {part}"));
                }
            } else {
                self.line(format_args!("{title}\t{key}: {value}"));
            }
        }
    }

    /// The events about an object, oldest first.
    fn events(&mut self, kind: Kind, meta: &Meta) {
        let about = |event: &Event| {
            let object = &event.involved_object;
            // A kubelet's events name a node without its uid.
            &*object.kind == kind.name()
                && object.name == meta.name
                && (object.uid == meta.uid || object.uid == Uid::default() || kind == Kind::Node)
        };
        let mut events: Vec<_> = self.objects.events.values().filter(|event| about(event)).cloned().collect();
        if events.is_empty() {
            return self.line(format_args!("Events:\t<none>"));
        }
        // By the old recorder's timestamp, which the scheduler's events do not have: they stand first.
        events.order_by_key(|event| event.last_timestamp);
        self.line(format_args!("Events:"));
        self.line(format_args!("  Type\tReason\tAge\tFrom\tMessage"));
        self.line(format_args!("  ----\t------\t----\t----\t-------"));
        for event in events {
            let (first, last, count) = event_times(&event);
            let age = match count {
                0 | 1 => age_since(first, self.now),
                count => format!("{} (x{count} over {})", age_since(last, self.now), age_since(first, self.now)),
            };
            let from =
                if event.source.component.is_empty() { &event.reporting_component } else { &event.source.component };
            let message = event.message.trim();
            self.line(format_args!("  {}\t{}\t{age}\t{from}\t{message}", event.kind, event.reason));
        }
    }

    fn namespace(&mut self, namespace: &Namespace) {
        self.line(format_args!("Name:\t{}", namespace.metadata.name));
        self.labels("Labels", &namespace.metadata.labels);
        self.annotations(&namespace.metadata.annotations);
        self.line(format_args!("Status:\t{}", namespace.status.phase));
        self.line(format_args!("\nNo resource quota.\n\nNo LimitRange resource."));
    }

    fn quota(&mut self, quota: &ResourceQuota) {
        self.line(format_args!("Name:\t{}", quota.metadata.name));
        self.line(format_args!("Namespace:\t{}", quota.metadata.namespace));
        if !quota.spec.scopes.is_empty() {
            let scopes: Vec<&str> = quota.spec.scopes.iter().map(|scope| &**scope).collect();
            self.line(format_args!("Scopes:\t{}", scopes.join(", ")));
        }
        self.line(format_args!("Resource\tUsed\tHard\n--------\t----\t----"));
        for (resource, hard) in &quota.status.hard {
            let used = quota.status.used.get(resource).map_or("0".into(), ToString::to_string);
            self.line(format_args!("{resource}\t{used}\t{hard}"));
        }
    }

    fn config_map(&mut self, map: &ConfigMap) {
        self.name_and_namespace(&map.metadata);
        self.labels("Labels", &map.metadata.labels);
        self.annotations(&map.metadata.annotations);
        self.line(format_args!("\nData\n===="));
        for (key, value) in map.data.iter() {
            self.line(format_args!("{key}:\n----\n{value}\n"));
        }
        self.line(format_args!("\nBinaryData\n====\n"));
        self.events(Kind::ConfigMap, &map.metadata);
    }

    /// Kinds without a describer of their own: every field, its name in words.
    ///
    /// Upstream: `genericDescriber`.
    fn any(&mut self, object: &Object) {
        let meta = object.meta();
        self.name_and_namespace(meta);
        self.labels("Labels", &meta.labels);
        self.annotations(&meta.annotations);
        if let Value::Map(map) = object.to_value() {
            self.fields(&map, 0, &["labels", "annotations", "name", "namespace", "managedFields"]);
        }
        self.events(object.kind(), meta);
    }

    fn fields(&mut self, map: &Map, depth: usize, skip: &[&str]) {
        let indent = "  ".repeat(depth);
        for (key, value) in map.sorted() {
            if depth == 1 && skip.contains(&&**key) {
                continue;
            }
            let title = title_of(key);
            match value {
                Value::Map(inner) => {
                    self.line(format_args!("{indent}{title}:"));
                    self.fields(inner, depth + 1, if &**key == "metadata" { skip } else { &[] });
                }
                Value::List(items) => {
                    self.line(format_args!("{indent}{title}:"));
                    for item in items {
                        match item {
                            Value::Map(inner) => self.fields(inner, depth + 1, &[]),
                            other => self.line(format_args!("{indent}  {}", plain(other))),
                        }
                    }
                }
                other => self.line(format_args!("{indent}{title}:\t{}", plain(other))),
            }
        }
    }
}

/// The annotation in which `kubectl apply` remembers what it applied.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// `leaseDurationSeconds` as `Lease Duration Seconds`, `apiVersion` as `API Version`.
fn title_of(key: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut upper_before = false;
    for c in key.chars() {
        match words.last_mut() {
            Some(word) if !c.is_ascii_uppercase() || upper_before => word.push(c),
            _ => words.push(c.to_ascii_uppercase().to_string()),
        }
        upper_before = c.is_ascii_uppercase();
    }
    for word in &mut words {
        if ["api", "uid", "ip", "id", "url"].contains(&&*word.to_ascii_lowercase()) {
            *word = word.to_ascii_uppercase();
        }
    }
    words.join(" ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => other.to_json(),
    }
}

/// Go's print of a list of texts: `[a b]`.
fn bracketed(values: &[Name]) -> String {
    format!("[{}]", values.iter().map(|v| &**v).collect::<Vec<_>>().join(" "))
}

fn true_false(flag: bool) -> &'static str {
    if flag { "True" } else { "False" }
}

#[cfg(test)]
mod tests;
