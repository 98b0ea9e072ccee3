//! What a describer writes on: lines of cells, and what many kinds have.

use crate::tables::age_since;
use crate::text::event_times;
use petri_objects::order::Order as _;
use petri_objects::*;
use petri_sim::belief::api::shelf::Objects;
use std::fmt::Write as _;

/// What a describer reads and writes.
pub(super) struct Page<'a> {
    pub objects: &'a Objects,
    pub now: Time,
    pub text: String,
}

/// The annotation in which `kubectl apply` remembers what it applied.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

impl Page<'_> {
    /// One line; a tab ends a cell.
    pub fn line(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.write_fmt(text).expect("writing to a String does not fail");
        self.text.push('\n');
    }

    pub fn name_and_namespace(&mut self, meta: &Meta) {
        self.line(format_args!("Name:\t{}", meta.name));
        self.line(format_args!("Namespace:\t{}", meta.namespace));
    }

    /// A title and its values, each on a line of its own under the first.
    pub fn list(&mut self, title: &str, values: &[String]) {
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

    pub fn labels(&mut self, title: &str, labels: &Labels) {
        let values: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        self.list(title, &values);
    }

    /// Annotations, without the one that `kubectl apply` keeps for itself.
    pub fn annotations(&mut self, annotations: &Labels) {
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
    pub fn events(&mut self, kind: Kind, meta: &Meta) {
        let about = |event: &Event| {
            let object = &event.involved_object;
            // A kubelet's events name a node without its uid.
            &*object.kind == kind.name() && object.name == meta.name && (object.uid == meta.uid || kind == Kind::Node)
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
            // Which container it is about stands before what is said of it.
            let (part, colon) = match &*event.involved_object.field_path {
                "" => ("", ""),
                part => (part, ": "),
            };
            self.line(format_args!("  {}\t{}\t{age}\t{from}\t{part}{colon}{message}", event.kind, event.reason));
        }
    }
}

/// Go's print of a list of texts: `[a b]`.
pub(super) fn bracketed(values: &[Name]) -> String {
    format!("[{}]", values.iter().map(|v| &**v).collect::<Vec<_>>().join(" "))
}

pub(super) fn true_false(flag: bool) -> &'static str {
    if flag { "True" } else { "False" }
}
