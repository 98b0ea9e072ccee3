//! Which lanes are drawn, and what is written on them.

use super::marks::{BarMark, Options};
use crate::view::facts::Facts;
use crate::view::identity::Identity;
use crate::view::lanes::{self, Answer, Bar, Course, LaneKey, LaneStore, Span};
use crate::view::order::natural;
use crate::view::words;
use petri_objects::order::Order as _;
use petri_objects::{Name, ObjectRef, Time};
use petri_sim::words::reason::Reason;
use std::collections::BTreeSet;

/// A set of more pods than this is one lane, with those of its pods that are in trouble or selected below it.
pub(super) const FEW: usize = 12;

/// The lanes to draw, in order: identities by owner and ordinal, locks, clients, contested disks, nodes.
pub(super) fn choose<'s>(
    facts: &Facts,
    store: &'s LaneStore,
    window: (Time, Time),
    options: &Options,
) -> Vec<(LaneKey, Lane<'s>)> {
    let mut identities = Vec::new();
    let mut nodes = Vec::new();
    let mut volumes = Vec::new();
    // In the order of their keys: locks by name, then clients by name.
    let mut acting = Vec::new();
    let contested = contested(facts);
    for (key, lane) in &store.lanes {
        let seen = lane.belief.iter().chain(&lane.reality).any(|span| span.covers(window.0, window.1));
        match key {
            LaneKey::Identity { namespace, pod } if seen => {
                let order = (namespace.clone(), lane.identity.owner.clone(), lane.identity.ordinal, pod.clone());
                identities.push((order, (key.clone(), Lane::of(lane))));
            }
            LaneKey::Node(name) if facts.machine(name).is_some() || seen => {
                nodes.push((natural(name), (key.clone(), Lane::of(lane))));
            }
            LaneKey::Volume(volume) => {
                let moved = lane.belief.iter().filter(|span| span.covers(window.0, window.1)).map(|span| &span.node);
                let told = |span: &Span| refuses(span) && span.covers(window.0, window.1);
                if contested.contains(volume)
                    || moved.collect::<BTreeSet<_>>().len() > 1
                    || lane.reality.iter().any(told)
                {
                    volumes.push((volume.clone(), (key.clone(), Lane::of(lane))));
                }
            }
            // A Lease that no process acts on is no lock that anybody sees at work.
            LaneKey::Lock(_) if seen && options.filter.locks && !lane.reality.is_empty() => {
                acting.push((key.clone(), Lane::of(lane)));
            }
            LaneKey::Client { .. } if seen && options.filter.clients => acting.push((key.clone(), Lane::of(lane))),
            _ => {}
        }
    }
    for name in facts.machines.keys() {
        let key = LaneKey::Node(name.clone());
        if !store.lanes.contains_key(&key) {
            nodes.push((natural(name), (key, Lane { untouched: true, ..Lane::default() })));
        }
    }
    let filter = options.filter;
    identities.retain(|_| filter.pods);
    volumes.retain(|_| filter.disks);
    nodes.retain(|_| filter.nodes);
    identities.order_by(|a, b| a.0.cmp(&b.0));
    let identities = headed(identities.into_iter().map(|(_, lane)| lane).collect(), store, options);
    nodes.order_by(|a, b| a.0.cmp(&b.0));
    volumes.order_by(|a, b| a.0.cmp(&b.0));
    if options.strip {
        return identities;
    }
    let lanes = identities.into_iter().chain(acting);
    lanes.chain(volumes.into_iter().map(|(_, lane)| lane)).chain(nodes.into_iter().map(|(_, lane)| lane)).collect()
}

/// Puts a lane before the pods of each set that has something to tell: it was scaled, or updated, or has many pods.
fn headed<'s>(pods: Vec<(LaneKey, Lane<'s>)>, store: &'s LaneStore, options: &Options) -> Vec<(LaneKey, Lane<'s>)> {
    if options.strip || !store.courses.is_told() && pods.len() <= FEW {
        return pods;
    }
    let mut lanes: Vec<(LaneKey, Lane<'s>)> = Vec::new();
    for own in pods.chunk_by(|(_, a), (_, b)| a.set == b.set) {
        let course = own[0].1.set.and_then(|set| store.courses.of(set));
        if let Some(course) = course.filter(|course| course.is_told() || own.len() > FEW) {
            lanes.push((LaneKey::Set(course.set.clone()), Lane { course: Some(course), ..Lane::default() }));
        }
        lanes.extend(own.iter().cloned());
    }
    lanes
}

/// A lane's spans, borrowed.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane<'s> {
    pub identity: Identity,
    pub calls: Name,
    pub set: Option<&'s ObjectRef>,
    /// What a set asked for.
    pub course: Option<&'s Course>,
    pub answers: &'s [Answer],
    pub belief: &'s [Span],
    pub reality: &'s [Span],
    /// No note was ever about it: it is as it was at the beginning.
    pub untouched: bool,
}

impl<'s> Lane<'s> {
    fn of(lane: &'s lanes::Lane) -> Lane<'s> {
        let (identity, calls) = (lane.identity.clone(), lane.calls.clone());
        let (belief, reality) = (lane.belief.as_slice(), lane.reality.as_slice());
        let (set, answers) = (lane.set.as_ref(), lane.answers.as_slice());
        Lane { identity, calls, set, course: None, answers, belief, reality, untouched: false }
    }
}

/// Whether a disk refuses records, or takes what comes too late.
pub(super) fn refuses(span: &Span) -> bool {
    matches!(span.bar, Bar::Refused | Bar::Stale)
}

/// Volumes that somebody waits for.
pub(super) fn contested(facts: &Facts) -> BTreeSet<Name> {
    facts
        .standstills
        .iter()
        .filter_map(|standstill| match &standstill.reason {
            Reason::AttachedElsewhere { volume, .. } | Reason::MountedByNode { volume, .. } => Some(volume.clone()),
            _ => None,
        })
        .collect()
}

/// Timers that will ring: force detaches and tolerations, with the lane that they concern.
pub(super) fn dues(facts: &Facts) -> Vec<(Time, LaneKey, &'static str)> {
    let mut dues: Vec<(Time, LaneKey, &'static str)> = facts
        .standstills
        .iter()
        .filter_map(|standstill| match &standstill.reason {
            Reason::AttachedElsewhere { volume, force_detach: Some(at), .. }
            | Reason::MountedByNode { volume, force_detach: Some(at), .. } => {
                Some((*at, LaneKey::Volume(volume.clone()), "force detach"))
            }
            Reason::TolerationRunning { pod, until, .. } => {
                let namespace = standstill.key.namespace.clone();
                Some((*until, LaneKey::Identity { namespace, pod: pod.clone() }, "eviction"))
            }
            _ => None,
        })
        .filter(|(at, _, _)| *at > facts.now)
        .collect();
    dues.order();
    dues.dedup_by(|a, b| a.1 == b.1);
    dues
}

/// A sentence about a lane: its last bars in words.
pub(super) fn lane_label(name: &str, bars: &[BarMark]) -> String {
    let told: Vec<&str> = bars.iter().rev().take(4).map(|bar| bar.title.as_str()).collect();
    if told.is_empty() {
        format!("{name}: nothing in view")
    } else {
        format!("{name}, latest first: {}", told.join("; "))
    }
}

/// The words of a bar.
pub(super) fn bar_text(span: &Span, sole: bool) -> String {
    let uid = if sole || span.uid.0 == 0 { String::new() } else { format!(" {}", span.uid.short()) };
    match span.bar {
        Bar::Pending => format!("Pending{uid}"),
        Bar::Creating => format!("Creating{uid}"),
        Bar::Running => format!("Running, not Ready{uid}"),
        Bar::Ready => format!("Ready{uid}"),
        Bar::Terminating => format!("Terminating{uid}"),
        Bar::Ended => format!("Ended{uid}"),
        Bar::Process => format!("process on {}{uid}", span.node),
        Bar::Attached => format!("attached to {}", span.node),
        Bar::NodeReady => "Ready".to_owned(),
        Bar::NodeLost => "NotReady".to_owned(),
        Bar::Cut => "cut off".to_owned(),
        Bar::Off => "off".to_owned(),
        Bar::KubeletStopped => "kubelet stopped".to_owned(),
        Bar::Record => format!("{} on record", candidate(&span.who)),
        Bar::Acts => format!("{} acts", candidate(&span.who)),
        Bar::Answered => "answered".to_owned(),
        Bar::Unanswered => span.who.to_string(),
        Bar::Taken => format!("{} writes", span.who),
        Bar::Refused => format!("{} refused", span.who),
        Bar::Stale => format!("{} writes too late", span.who),
        Bar::Named | Bar::Nameless | Bar::Parts => String::new(),
    }
}

/// The pod of a candidate for a lock, whose name goes on with its uid and its number of restarts.
fn candidate(who: &str) -> &str {
    who.split('_').next().unwrap_or(who)
}

/// The words of a bar in which several spans last at once.
pub(super) fn together_text(spans: &[&Span], sole: bool) -> String {
    let [first, _, ..] = spans else { return spans.first().map(|span| bar_text(span, sole)).unwrap_or_default() };
    let mut told: Vec<String> = spans
        .iter()
        .map(|span| match span.bar {
            Bar::Process => format!("{} on {}", span.uid.short(), span.node),
            Bar::Attached => span.node.to_string(),
            Bar::Acts => candidate(&span.who).to_owned(),
            _ => bar_text(span, sole),
        })
        .collect();
    told.order();
    let told = words::list(&told);
    match first.bar {
        Bar::Process => format!("processes {told}"),
        Bar::Attached => format!("attached to {told}"),
        Bar::Acts => format!("{told} act"),
        _ => told,
    }
}

pub(super) fn branch_name(index: usize) -> String {
    let letter = char::from_u32('B' as u32 + (index as u32).min(24)).unwrap_or('Z');
    format!("branch {letter}")
}

pub(super) fn between(start: Time, from: Time, to: Option<Time>) -> String {
    match to {
        Some(to) => format!("{} to {}", words::moment_tenths(start, from), words::moment_tenths(start, to)),
        None => format!("since {}", words::moment_tenths(start, from)),
    }
}
