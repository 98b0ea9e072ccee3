//! What is stored about the selection: the object as YAML, its events, and everything that happened to it.

use super::why::{moment_link, said_link};
use crate::desk::{is_about, use_desk};
use crate::explain;
use crate::session::use_world;
use crate::window::use_window;
use petri_objects::order::Order as _;
use petri_objects::{Event, Kind, ObjectRef, Time, Uid};
use petri_picture::view::{Target, words};
use petri_sim::story::timeline::Timeline;
use petri_sim::words::actor::Actor;
use petri_sim::words::command::Direction;
use petri_sim::words::note::{CallResult, MachineChange, Note, ProcessChange, ProgramChange, Verb, What};
use petri_sim::world::World;
use std::rc::Rc;
use yew::prelude::*;

/// The object whose events and text are shown.
pub fn subject(timeline: &Timeline, selection: Option<&Target>) -> Option<ObjectRef> {
    match selection {
        None => explain::main_workload(timeline.world()),
        Some(target) => target.object(),
    }
}

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

/// The events about what is selected, the newest first. Those of an earlier object of the same name are left out, as
/// `kubectl describe` does: they tell of another one.
pub fn events(world: &World, object: &ObjectRef, selection: Option<&Target>) -> Vec<Rc<Event>> {
    let kind = object.kind.name();
    let uid = match selection {
        Some(Target::Pod { uid, .. }) => Some(*uid),
        // A kubelet's events name a node without its uid.
        _ if object.kind == Kind::Node => None,
        _ => world.objects().get(object).map(|stored| stored.meta().uid),
    };
    let about = |event: &&Rc<Event>| {
        let about = &event.involved_object;
        *about.kind == *kind
            && about.name == object.name
            && about.namespace == object.namespace
            && (about.uid == Uid::default() || uid.is_none_or(|uid| uid == about.uid))
    };
    let mut found: Vec<Rc<Event>> = world.objects().events.values().filter(about).cloned().collect();
    found.order_by_key(|event| std::cmp::Reverse(last_seen(event)));
    found
}

fn last_seen(event: &Event) -> Time {
    [event.last_timestamp, event.event_time.0, event.first_timestamp].into_iter().max().unwrap_or(Time::ZERO)
}

/// An event's moment. Most of them are stored in whole seconds; tenths would be invented.
fn seen_at(start: Time, event: &Event) -> String {
    let at = last_seen(event);
    let whole = at == event.last_timestamp || at == event.first_timestamp;
    if whole { words::moment(start, at) } else { words::moment_tenths(start, at) }
}

#[component]
pub fn Events(props: &DetailsProps) -> Html {
    let found = use_world(props.selection.clone(), |timeline, selection| {
        let object = subject(timeline, selection.as_ref());
        let events = object.as_ref().map(|object| events(timeline.world(), object, selection.as_ref()));
        let events = events.unwrap_or_default();
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
                { said_link(&desk, last_seen(event), seen_at(*start, event)) }
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

/// What happened to the selection, the newest first; to everything, if it is the control plane. A run has a hundred
/// thousand entries soon, so the words are found for those in sight only.
#[component]
pub fn History(props: &DetailsProps) -> Html {
    let host = use_node_ref();
    let found = use_world(props.selection.clone(), |timeline, selection| {
        let about = About::of(timeline, selection.as_ref());
        let notes = timeline.notes_until_now().iter().enumerate();
        let found = notes.filter(|(_, note)| about.concerns(note)).filter_map(|(i, _)| u32::try_from(i).ok());
        let found: Vec<u32> = found.collect();
        (timeline.start(), about, found)
    });
    let desk = use_desk();
    let (start, about, found) = &*found;
    let window = use_window(&host, found.len());
    if found.is_empty() {
        return html! { <p class="empty"><b>{ "Nothing has happened to it yet." }</b></p> };
    }
    let timeline = desk.session.timeline();
    let entry = |index: &u32| {
        let note = &timeline.notes()[*index as usize];
        html! {
            <li key={*index} data-row=""><span>{ about.sentence(note) }</span>{ moment_link(&desk, *start, note.at) }</li>
        }
    };
    let space = |key: &'static str, height: i32| {
        html! { <li {key} class="space" aria-hidden="true" hidden={height == 0} style={format!("height:{height}px")}></li> }
    };
    html! {
        <>
            <p key="count" class="cap">{ words::plural(found.len() as u32, "event") }</p>
            <ol key="entries" ref={host} class="chain list even" aria-label="History">
                { space("above", window.above) }
                { for found.iter().rev().take(window.to).skip(window.from).map(entry) }
                { space("below", window.below) }
            </ol>
        </>
    }
}

/// Whose history it is.
#[derive(Clone, Debug, PartialEq)]
struct About {
    object: Option<ObjectRef>,
    uid: Option<Uid>,
    /// Whether it is the whole cluster's.
    everything: bool,
}

impl About {
    fn of(timeline: &Timeline, selection: Option<&Target>) -> About {
        let uid = match selection {
            Some(Target::Pod { uid, .. }) => Some(*uid),
            _ => None,
        };
        About { object: subject(timeline, selection), uid, everything: selection == Some(&Target::ControlPlane) }
    }

    fn concerns(&self, note: &Note) -> bool {
        if self.everything {
            return !matches!(note.what, What::Guarantee { .. });
        }
        match &self.object {
            None => matches!(note.what, What::Command { .. }),
            Some(object) => is_about(note, object, self.uid),
        }
    }

    fn sentence(&self, note: &Note) -> String {
        match &note.what {
            What::Write { by, target, verb, object: after, old, .. } => {
                let it = if self.everything { target.to_string() } else { "it".to_owned() };
                let verb = match verb {
                    Verb::Created => format!("created {it}"),
                    Verb::Updated if self.everything => format!("wrote {it}"),
                    Verb::Updated => changed(old.as_ref(), after),
                    Verb::MarkedForDeletion => format!("asked for the deletion of {it}"),
                    Verb::Deleted => format!("removed {it}"),
                };
                match by {
                    Actor::Kubelet(node) if self.everything => format!("kubelet on {node} {verb}"),
                    by => format!("{} {verb}", by.name()),
                }
            }
            What::Command { command, said, .. } => {
                format!("you said: {}", said.as_deref().map_or_else(|| command.said(), str::to_owned))
            }
            What::Process { node, identity, container, change, .. } => {
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
                let whose = if self.everything { format!(" of {}", identity.pod) } else { String::new() };
                format!("on {node}: container {container}{whose} {change}")
            }
            What::Machine { node, change } => {
                let what = match change {
                    MachineChange::PoweredOff => "the machine lost its power",
                    MachineChange::PoweredOn => "the machine got power",
                    MachineChange::KubeletStopped => "the kubelet was stopped",
                    MachineChange::KubeletStarted => "the kubelet was started",
                    MachineChange::Cut => "it was cut off from the control plane",
                    MachineChange::CutOneWay(Direction::Outgoing) => "what it sends is lost",
                    MachineChange::CutOneWay(Direction::Incoming) => "what is sent to it is lost",
                    MachineChange::Healed => "its link was healed",
                };
                if self.everything { format!("{node}: {what}") } else { what.to_owned() }
            }
            What::Program { change, .. } => acts(change),
            What::Lock { lock, holder, .. } => match holder {
                Some(holder) => format!("the record of {lock} names {holder}"),
                None => format!("the record of {lock} names nobody"),
            },
            What::Guarantee { .. } => String::new(),
        }
    }
}

/// What a process does from now on.
#[inline(never)]
fn acts(change: &ProgramChange) -> String {
    match change {
        ProgramChange::Leads { lock, token: None, .. } => format!("acts as the holder of {lock}"),
        ProgramChange::Leads { lock, token: Some(token), .. } => {
            format!("acts as the holder of {lock}, token {token}")
        }
        ProgramChange::Yields { lock } => format!("does not act as the holder of {lock} any more"),
        ProgramChange::Called { target, result } => match result {
            CallResult::Answered(pod, address) => format!("called {target}: {pod} at {address} answered"),
            CallResult::NoName => format!("called {target}: no such name"),
            CallResult::NoAddress => format!("called {target}: nobody is ready"),
            CallResult::NoAnswer(address) => format!("called {target}: nobody answers at {address}"),
        },
        ProgramChange::Wrote { volume, verdict, .. } => format!("wrote to {volume}: {}", verdict.as_str()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use petri_objects::{MicroTime, Span};

    #[test]
    fn an_event_in_whole_seconds_has_no_tenths() {
        let start = Time(1_000_000_000);
        let at = start + Span::seconds(65);
        let old = Event { first_timestamp: at, last_timestamp: at, ..Event::default() };
        assert_eq!(seen_at(start, &old), "1:05");
        let new = Event { event_time: MicroTime(at + Span::millis(340)), ..Event::default() };
        assert_eq!(seen_at(start, &new), "1:05.3", "the scheduler's events are finer");
    }
}
