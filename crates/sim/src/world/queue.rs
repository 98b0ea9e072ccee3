//! What is due, by (time, sequence): simultaneous events happen in the order in which they were planned.

use crate::ground::clock::Time;
use crate::ground::ledger::Ledger;
use crate::reality::agenda::{Agenda, Alarm};
use crate::words::controller_id::ControllerId;
use crate::world::event::Event;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Queue {
    due: Ledger<(Time, u64), Event>,
    sequence: u64,
}

/// The place of a planned event in the queue.
pub type Slot = (Time, u64);

impl Queue {
    pub fn push(&mut self, at: Time, event: Event) -> Slot {
        self.sequence += 1;
        self.due.insert((at, self.sequence), event);
        (at, self.sequence)
    }
    pub fn take(&mut self, slot: Slot) -> Option<Event> {
        self.due.remove(&slot)
    }
    /// Nobody waits any more for what a controller asked and what it hears.
    pub fn drop_turns(&mut self, of: ControllerId) {
        self.due.retain(|_, event| !matches!(event, Event::Serve(id) | Event::Answer(id) if *id == of));
    }
    pub fn first(&self) -> Option<(Slot, &Event)> {
        self.due.first().map(|(slot, event)| (*slot, event))
    }
    /// Every event of the earliest instant, in order.
    pub fn earliest(&self) -> impl Iterator<Item = (Slot, &Event)> {
        let time = self.due.first().map(|((time, _), _)| *time);
        self.due.iter().take_while(move |((at, _), _)| Some(*at) == time).map(|(slot, event)| (*slot, event))
    }
    pub fn iter(&self) -> impl Iterator<Item = (Slot, &Event)> {
        self.due.iter().map(|(slot, event)| (*slot, event))
    }
    pub fn len(&self) -> u64 {
        self.due.len()
    }
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}

impl Agenda for Queue {
    fn plan(&mut self, at: Time, alarm: Alarm) {
        self.push(at, alarm.into());
    }
}
