//! What is stored about the selection: the object as YAML, its events, and everything that happened to it.

use super::inspector::subject;
use super::why::moment_link;
use crate::desk::use_desk;
use crate::session::use_world;
use crate::view::{Target, words};
use petri_objects::order::Order as _;
use petri_objects::{Event, ObjectRef, Time};
use petri_sim::network::Direction;
use petri_sim::note::{MachineChange, Note, ProcessChange, Verb, What};
use petri_sim::timeline::Timeline;
use petri_sim::world::World;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct DetailsProps {
    pub selection: Option<Target>,
}

#[component]
pub fn ObjectText(props: &DetailsProps) -> Html {
    let text = use_world(props.selection.clone(), |timeline, selection| {
        let object = subject(timeline, selection.as_ref())?;
        let stored = timeline.world().objects().get(&object);
        // A ghost's name may belong to another object by now.
        let stored = stored.filter(|stored| match selection {
            Some(Target::Pod { uid, .. }) => stored.meta().uid == *uid,
            _ => true,
        });
        Some((object, stored.map(|object| petri_manifest::to_yaml(&object.to_value()))))
    });
    match &*text {
        Some((_, Some(yaml))) => html! { <pre class="yaml" tabindex="0" aria-label="Object as YAML">{ yaml }</pre> },
        Some((object, None)) => html! {
            <p class="empty"><b>{ format!("There is no object {object}.") }</b>{ "The API server does not know it; a process of that name may run all the same." }</p>
        },
        None => html! { <p class="empty"><b>{ "Nothing is selected." }</b>{ "Select a pod, a node or a claim." }</p> },
    }
}

/// The events about an object, the newest first.
pub fn events(world: &World, object: &ObjectRef) -> Vec<Rc<Event>> {
    let kind = object.kind.name();
    let about = |event: &&Rc<Event>| *event.involved_object.kind == *kind && event.involved_object.name == object.name;
    let mut found: Vec<Rc<Event>> = world.objects().events.values().filter(about).cloned().collect();
    found.order_by_key(|event| std::cmp::Reverse(last_seen(event)));
    found
}

fn last_seen(event: &Event) -> Time {
    [event.last_timestamp, event.event_time.0, event.first_timestamp].into_iter().max().unwrap_or(Time::ZERO)
}

#[component]
pub fn Events(props: &DetailsProps) -> Html {
    let found = use_world(props.selection.clone(), |timeline, selection| {
        let object = subject(timeline, selection.as_ref());
        let events = object.as_ref().map(|object| events(timeline.world(), object)).unwrap_or_default();
        (timeline.start(), object, events)
    });
    let desk = use_desk();
    let (start, object, events) = &*found;
    let row = |event: &Rc<Event>| {
        let warning = &*event.kind == "Warning";
        let times = if event.count > 1 { format!(" ×{}", event.count) } else { String::new() };
        html! {
            <li key={event.metadata.name.to_string()} class={classes!(warning.then_some("warning"))}>
                <span><b>{ &*event.reason }</b>{ times }{ " " }{ &*event.message }</span>
                { moment_link(&desk, *start, last_seen(event)) }
            </li>
        }
    };
    if events.is_empty() {
        let name = object.as_ref().map_or_else(|| "it".to_owned(), |object| object.name.to_string());
        return html! {
            <p class="empty"><b>{ format!("No events for {name} yet.") }</b>{ "They appear when a controller writes one." }</p>
        };
    }
    html! { <ol class="chain list">{ for events.iter().map(row) }</ol> }
}

/// Entries of the history that are shown.
const HISTORY: usize = 200;

#[component]
pub fn History(props: &DetailsProps) -> Html {
    let history = use_world(props.selection.clone(), |timeline, selection| {
        (timeline.start(), history(timeline, selection.as_ref()))
    });
    let desk = use_desk();
    let (start, entries) = &*history;
    if entries.is_empty() {
        return html! { <p class="empty"><b>{ "Nothing has happened to it yet." }</b></p> };
    }
    html! {
        <ol class="chain list">
            { for entries.iter().enumerate().map(|(i, (at, text))| html! {
                <li key={i}><span>{ text }</span>{ moment_link(&desk, *start, *at) }</li>
            }) }
        </ol>
    }
}

/// What happened to the selection, the newest first.
fn history(timeline: &Timeline, selection: Option<&Target>) -> Vec<(Time, String)> {
    let object = subject(timeline, selection);
    let uid = match selection {
        Some(Target::Pod { uid, .. }) => Some(*uid),
        _ => None,
    };
    let sentence = |note: &Note| -> Option<String> {
        match &note.what {
            What::Write { by, target, uid: written, verb, object: after, old, .. } => {
                let same = Some(target) == object.as_ref() && uid.is_none_or(|uid| uid == *written);
                same.then(|| {
                    let verb = match verb {
                        Verb::Created => "created it".to_owned(),
                        Verb::Updated => changed(old.as_ref(), after),
                        Verb::MarkedForDeletion => "asked for its deletion".to_owned(),
                        Verb::Deleted => "removed it".to_owned(),
                    };
                    format!("{} {verb}", by.name())
                })
            }
            What::Command { command, .. } => object.is_none().then(|| format!("you said: {}", command.line())),
            What::Process { node, uid: process, container, change, .. } => (Some(*process) == uid).then(|| {
                let change = match change {
                    ProcessChange::Started { restarts: 0 } => "started".to_owned(),
                    ProcessChange::Started { restarts } => format!("started again ({restarts})"),
                    ProcessChange::Ready => "became ready".to_owned(),
                    ProcessChange::Unready => "is not ready any more".to_owned(),
                    ProcessChange::AskedToStop { grace_seconds, .. } => {
                        format!("was asked to stop within {grace_seconds} s")
                    }
                    ProcessChange::Stopped { exit_code } => format!("ended with exit code {exit_code}"),
                    ProcessChange::Died => "died with its machine".to_owned(),
                };
                format!("on {node}: container {container} {change}")
            }),
            What::Machine { node, change } => {
                let same =
                    matches!(selection, Some(Target::Node(selected) | Target::Link(selected)) if selected == node);
                same.then(|| {
                    match change {
                        MachineChange::PoweredOff => "the machine lost its power",
                        MachineChange::PoweredOn => "the machine got power",
                        MachineChange::KubeletStopped => "the kubelet was stopped",
                        MachineChange::KubeletStarted => "the kubelet was started",
                        MachineChange::Cut => "it was cut off from the control plane",
                        MachineChange::CutOneWay(Direction::Outgoing) => "what it sends is lost",
                        MachineChange::CutOneWay(Direction::Incoming) => "what is sent to it is lost",
                        MachineChange::Healed => "its link was healed",
                    }
                    .to_owned()
                })
            }
            What::Guarantee { .. } => None,
        }
    };
    timeline.notes_until_now().iter().rev().filter_map(|note| Some((note.at, sentence(note)?))).take(HISTORY).collect()
}

/// Which parts of an object a write changed.
fn changed(old: Option<&petri_objects::Object>, new: &petri_objects::Object) -> String {
    let (Some(old), new) = (old.map(|object| object.to_value()), new.to_value()) else { return "wrote it".into() };
    let part = |key: &str| old.at(&[key]) != new.at(&[key]);
    let inner = |part: &'static str, keys: &[&'static str]| -> Vec<String> {
        keys.iter().filter(|key| old.at(&[part, key]) != new.at(&[part, key])).map(|key| (*key).to_owned()).collect()
    };
    let mut words = Vec::new();
    if part("spec") {
        words.push("its spec".to_owned());
    }
    if part("status") {
        words.push("its status".to_owned());
    }
    words.extend(inner("metadata", &["labels", "annotations", "finalizers", "ownerReferences", "deletionTimestamp"]));
    if words.is_empty() { "wrote it".into() } else { format!("changed {}", words::list(&words)) }
}
