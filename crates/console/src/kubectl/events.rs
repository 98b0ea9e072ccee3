//! `kubectl events`: in the order of time, unlike `kubectl get events`.

use super::context::Context;
use crate::args::{self, ALL_NAMESPACES, Flag, NAMESPACE, namespace, switch, value};
use crate::output::{Failure, Output};
use crate::select::kind_of;
use crate::tables::{age_since, write};
use crate::text::event_times;
use petri_objects::Event;
use petri_objects::order::Order as _;
use std::rc::Rc;

const FLAGS: &[Flag] = &[NAMESPACE, ALL_NAMESPACES, value("for"), value("types"), switch("no-headers")];

#[inline(never)]
pub(super) fn run(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, FLAGS, "kubectl events")?;
    let world = context.host.world();
    let all = arguments.is_set("all-namespaces");
    let namespace = namespace(&arguments);
    let about = match arguments.last("for") {
        None => None,
        Some(text) => {
            let wrong = || "error: --for must be in resource/name form".to_owned();
            let (kind, name) = text.split_once('/').ok_or_else(wrong)?;
            Some((kind_of(kind)?, name.to_owned()))
        }
    };
    let types: Vec<&str> = arguments.all("types").flat_map(|list| list.split(',')).collect();
    let mut events: Vec<Rc<Event>> = world
        .objects()
        .events
        .values()
        .filter(|event| all || *event.metadata.namespace == *namespace)
        .filter(|event| {
            let object = &event.involved_object;
            about.as_ref().is_none_or(|(kind, name)| &*object.kind == kind.name() && *object.name == **name)
        })
        .filter(|event| types.is_empty() || types.contains(&&*event.kind))
        .cloned()
        .collect();
    if events.is_empty() {
        let place = if all { String::new() } else { format!(" in {namespace} namespace.") };
        return Ok(Output { stderr: format!("No events found{place}\n"), ..Output::default() });
    }
    events.order_by_key(|event| event_times(event).1);
    let mut lines: Vec<Vec<String>> = Vec::new();
    if !arguments.is_set("no-headers") {
        let headers = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"];
        let place = all.then_some("NAMESPACE");
        lines.push(place.into_iter().chain(headers).map(String::from).collect());
    }
    for event in events {
        let (first, last, count) = event_times(&event);
        let seen = match count {
            0 | 1 => age_since(first, world.now),
            count => format!("{} (x{count} over {})", age_since(last, world.now), age_since(first, world.now)),
        };
        let mut line = Vec::new();
        if all {
            line.push(event.metadata.namespace.to_string());
        }
        let object = format!("{}/{}", event.involved_object.kind, event.involved_object.name);
        line.extend([seen, event.kind.to_string(), event.reason.to_string(), object, event.message.trim().to_owned()]);
        lines.push(line);
    }
    Ok(Output::text(write(&lines)))
}
