//! How components' events become Event objects: repeats are counted, floods are combined and then dropped.
//!
//! Upstream: `client-go/tools/record`, and `client-go/tools/events` for the scheduler.
//! Deviation: the correlation cache lives with the server, not in each client, so it survives restarts of controllers.

use super::shelf::{Key, Objects};
use crate::belief::api::event::{EventNote, EventType};
use crate::belief::api::request::WriteContext;
use crate::ground::clock::{Span, Time};
use crate::ground::ledger::Ledger;
use crate::ground::random::Stream;
use crate::words::actor::Actor;
use crate::words::controller_id::ControllerId;
use petri_objects::*;
use std::rc::Rc;

/// API-43: 25 events at once, then one in five minutes, for each source and object.
const SPAM_BURST: u64 = 25;
const SPAM_REFILL: Span = Span::seconds(300);
/// API-42: more than ten different messages in ten minutes are combined.
const SIMILAR: u32 = 10;
const SIMILAR_WINDOW: Span = Span::seconds(600);
/// API-45.
const TIME_TO_LIVE: Span = Span::seconds(3_600);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Recorder {
    /// Where the event of a source, object, reason, message and part of the object is kept.
    known: Ledger<(Subject, Name, Name, Name), Key>,
    /// When the next token of the spam filter would be missing.
    spam: Ledger<Subject, Time>,
    similar: Ledger<(Subject, Name), (Time, u32)>,
    swept: Time,
    sequence: u64,
}

/// Source and object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Subject {
    uid: Uid,
    by: Actor,
    name: Name,
}

impl Recorder {
    /// The event as it was and as it becomes, or `None` if it is dropped.
    pub fn record(
        &mut self,
        note: &EventNote,
        context: &WriteContext,
        objects: &Objects,
        uids: &mut Stream,
    ) -> Option<(Option<Rc<Event>>, Event)> {
        let now = context.now;
        self.sweep(now, objects);
        let subject = Subject { by: context.by.clone(), uid: note.about.uid, name: note.about.name.clone() };
        let new_style = matches!(context.by, Actor::Controller(ControllerId::Scheduler));
        let mut message = note.message.clone();
        let mut known = (subject, note.reason.clone(), message.clone(), note.about.field_path.clone());
        if !new_style {
            let subject = &known.0;
            let group = (subject.clone(), note.reason.clone());
            let (mut since, mut count) = self.similar.get(&group).copied().unwrap_or((now, 0));
            if now.since(since) > SIMILAR_WINDOW {
                (since, count) = (now, 0);
            }
            if !self.known.contains_key(&known) {
                count += 1;
            }
            self.similar.insert(group, (since, count));
            if count > SIMILAR {
                message = format!("(combined from similar events): {message}").into();
            }
            if !self.spend(subject, now) {
                return None;
            }
        }
        if message.starts_with("(combined") {
            // Combined events share one object, whatever their message.
            known.2 = "(combined)".into();
        }
        if let Some(old) = self.known.get(&known).and_then(|key| objects.events.get(key)) {
            let mut event = (**old).clone();
            event.message = message;
            if new_style {
                let series = event.series.get_or_insert_with(EventSeries::default);
                series.count = series.count.max(1) + 1;
                series.last_observed_time = MicroTime(now);
            } else {
                event.count += 1;
                event.last_timestamp = now.whole_seconds();
            }
            return Some((Some(old.clone()), event));
        }
        self.sequence += 1;
        let event = self.first(note, message, context, new_style, Uid(uids.draw() | 1));
        self.known.insert(known, Key::of(&event.metadata));
        Some((None, event))
    }

    fn first(&self, note: &EventNote, message: Name, context: &WriteContext, new_style: bool, uid: Uid) -> Event {
        let now = context.now;
        let mut event = Event {
            involved_object: note.about.clone(),
            reason: note.reason.clone(),
            message,
            kind: match note.kind {
                EventType::Normal => "Normal".into(),
                EventType::Warning => "Warning".into(),
            },
            ..Event::default()
        };
        let component: Name = context.by.name().into();
        if new_style {
            event.event_time = MicroTime(now);
            event.action = if &*note.reason == "Scheduled" { "Binding".into() } else { "Scheduling".into() };
            event.reporting_instance = format!("{component}-control-plane").into();
            event.reporting_component = component;
        } else {
            event.count = 1;
            event.first_timestamp = now.whole_seconds();
            event.last_timestamp = now.whole_seconds();
            event.source.component = component.clone();
            event.reporting_component = component;
            if let Actor::Kubelet(node) = &context.by {
                event.source.host = node.clone();
                event.reporting_instance = node.clone();
            }
        }
        let namespace = &note.about.namespace;
        event.metadata = Meta {
            name: format!("{}.{:016x}", note.about.name, now.0 * 1_000 + self.sequence % 1_000).into(),
            namespace: if namespace.is_empty() { "default".into() } else { namespace.clone() },
            uid,
            creation_timestamp: now.whole_seconds(),
            ..Meta::default()
        };
        event
    }

    /// Takes a token of the spam filter.
    fn spend(&mut self, subject: &Subject, now: Time) -> bool {
        let empty_at = self.spam.get(subject).copied().unwrap_or(Time::ZERO);
        let earliest = now - SPAM_REFILL.times(SPAM_BURST);
        let next = empty_at.max(earliest) + SPAM_REFILL;
        let passes = next <= now;
        self.spam.insert(subject.clone(), if passes { next } else { empty_at });
        passes
    }

    /// Forgets what has outlived its hour. The objects themselves are removed by [`expired`].
    fn sweep(&mut self, now: Time, objects: &Objects) {
        if now.since(self.swept) < TIME_TO_LIVE {
            return;
        }
        self.swept = now;
        self.known.retain(|_, key| objects.events.get(key).is_some());
        self.similar.retain(|_, (since, _)| now.since(*since) <= SIMILAR_WINDOW);
        self.spam.retain(|_, empty_at| now.since(*empty_at) < SPAM_REFILL.times(SPAM_BURST));
    }
}

/// Events that were not repeated for an hour.
pub fn expired(objects: &Objects, now: Time) -> Vec<Key> {
    let last = |event: &Event| {
        let series = event.series.as_ref().map_or(Time::ZERO, |s| s.last_observed_time.0);
        event.last_timestamp.max(event.event_time.0).max(series)
    };
    objects.events.iter().filter(|(_, e)| now.since(last(e)) > TIME_TO_LIVE).map(|(key, _)| key.clone()).collect()
}
