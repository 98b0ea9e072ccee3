//! What ends a run whose clock stands still: more happens at one instant than any cluster has to do in it.
//!
//! Time goes on because whoever plans something plans it for later, or for now and only so often. Where that is broken,
//! a run would go on for ever without getting anywhere, and with it whoever plays it. So the events within a
//! millisecond are counted, and too many of them end the run in a sentence: nothing happens in such a world any more,
//! and every moment before it can be looked at.
//!
//! Invariant: how many events were counted has no part in the fingerprint, and two worlds that differ in nothing else
//! are equal: the count is about how a world was come to. A run that has ended so is another world than one that has
//! not.

use crate::belief::api::shelf::Key;
use crate::ground::clock::{Span, Time, elapsed};
use crate::reality::kubelet::Wake;
use crate::words::controller_id::ControllerId;
use crate::world::World;
use crate::world::event::Event;
use petri_objects::{Name, Uid};
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};

/// How many events may happen within [`INSTANT`].
///
/// A load takes up to three for each pod that it starts at once (`tests/clock.rs` measures it), so that the greatest
/// workload that the limits allow, of 5,000 pods, stays more than ten times below. A loop comes here within a second.
pub const MOST_AT_ONCE: u32 = 200_000;

/// What counts as one instant: a loop that plans a microsecond ahead gets nowhere either.
pub const INSTANT: Span = Span::millis(1);

/// How many events are looked at to find out who keeps the clock.
const LOOKED_AT: u32 = 1_000;

/// The run has ended, because its clock stood still.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Standstill {
    pub at: Time,
    /// Since the start of the run.
    pub elapsed: Span,
    /// The controller, machine or process that has most to do at this instant.
    pub who: Name,
    /// What it does again and again: the key of a controller, the name of a pod, what a kubelet is woken for.
    pub what: Name,
}

impl fmt::Display for Standstill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "time stands still at {}: {} is busy with {} for ever. The run ends here; every moment before can be looked at",
            elapsed(self.elapsed),
            self.who,
            self.what,
        )
    }
}

/// How much has happened within the present instant.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pulse {
    since: Time,
    count: u32,
    /// The most that was ever counted.
    peak: u32,
}

impl PartialEq for Pulse {
    fn eq(&self, _: &Pulse) -> bool {
        true
    }
}

impl Eq for Pulse {}

impl Hash for Pulse {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Pulse {
    /// One more event. `false` if it is one too many.
    fn beat(&mut self, now: Time, most: u32) -> bool {
        if now.since(self.since) >= INSTANT {
            *self = Pulse { since: now, count: 0, peak: self.peak };
        }
        self.count += 1;
        self.peak = self.peak.max(self.count);
        self.count <= most
    }
}

impl World {
    /// Why nothing happens any more, if the clock of this world stands still.
    pub fn standstill(&self) -> Option<&Standstill> {
        self.standstill.as_ref()
    }
    /// The most events that happened within one instant so far.
    pub fn busiest_instant(&self) -> u32 {
        self.pulse.peak
    }

    /// Counts an event, and ends the run if it is one too many.
    pub(super) fn keep_time(&mut self) {
        if !self.pulse.beat(self.now, MOST_AT_ONCE) {
            self.stand_still();
        }
    }

    #[cold]
    fn stand_still(&mut self) {
        let (who, what) = self.busiest();
        let elapsed = self.now.since(self.start);
        *self.standstill = Some(Standstill { at: self.now, elapsed, who, what });
    }

    /// Who has most to do in a while of this instant: a copy of the world tells.
    fn busiest(&self) -> (Name, Name) {
        let mut copy = self.clone();
        let mut seen: BTreeMap<(Name, Name), u32> = BTreeMap::new();
        for _ in 0..LOOKED_AT {
            // Far from the limit again, or the copy would look into a copy of its own.
            copy.pulse = Pulse::default();
            let Some((slot, event)) = copy.queue.first().filter(|((at, _), _)| at.since(self.now) < INSTANT) else {
                break;
            };
            let subject = copy.subject(event);
            copy.apply(slot, &mut Vec::new());
            *seen.entry(subject).or_default() += 1;
        }
        let most = seen.iter().max_by_key(|(_, count)| **count);
        most.map(|(subject, _)| subject.clone()).unwrap_or_default()
    }

    /// Whom an event is about, and what it is about.
    fn subject(&self, event: &Event) -> (Name, Name) {
        let of = |id: ControllerId, key: Option<&Key>| {
            let what = key
                .map_or_else(|| "its queue".to_owned(), |key| format!("\"{}\"", key.to_string().trim_end_matches('/')));
            (Name::from(id.name()), Name::from(what))
        };
        match event {
            Event::Work(id) => of(*id, self.queues[*id as usize].waiting().next()),
            Event::Requeue(id, key) | Event::Period(id, key) => of(*id, Some(key)),
            Event::Serve(id) | Event::Answer(id) => of(*id, self.pending.get(id).map(|pending| &pending.key)),
            Event::Hear(id) => (id.name().into(), "what its cache hears".into()),
            Event::Kubelet(node, wake) => (format!("the kubelet of {node}").into(), self.woken_for(node, wake)),
            Event::Program(id) => {
                let running = self.programs.running.get(id);
                let pod = running.map_or_else(|| id.pod.to_string(), |program| program.identity.to_string());
                (format!("the process {} of {pod}", id.container).into(), "what it does by itself".into())
            }
            Event::SessionExpiry => ("the lock server".into(), "sessions".into()),
            Event::Observe | Event::Sweep | Event::ComponentStarts(_) | Event::SystemNamespaces => {
                ("kube-apiserver".into(), "what was written".into())
            }
        }
    }

    /// What a kubelet is woken for.
    fn woken_for(&self, node: &str, wake: &Wake) -> Name {
        let pod = |uid: &Uid| {
            let worker = self.machines.get(node).and_then(|machine| machine.kubelet.workers.get(uid));
            worker.map_or_else(|| uid.to_string(), |worker| format!("pod {}", worker.pod.metadata.name)).into()
        };
        match wake {
            Wake::Start => "its start".into(),
            Wake::Lease { .. } => "its lease".into(),
            Wake::Statuses { .. } => "statuses".into(),
            Wake::Hear(change) => change.reference().to_string().into(),
            Wake::Pod(uid) | Wake::Stored(uid, _) | Wake::Resume(uid) => pod(uid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::scenario::Scenario;

    #[test]
    fn an_instant_ends_with_its_millisecond() {
        let mut pulse = Pulse::default();
        let at = |micros: u64| Time(1_000_000 + micros);
        assert!((0..3).all(|_| pulse.beat(at(0), 3)));
        assert!(!pulse.clone().beat(at(0), 3), "the fourth is one too many");
        assert!(!pulse.clone().beat(at(999), 3), "a microsecond later it is the same instant");
        assert!(pulse.beat(at(1_000), 3));
        assert_eq!((pulse.count, pulse.peak), (1, 3));
    }

    /// A world with a controller that never lets time go on.
    fn looping() -> World {
        let mut world = World::new(&Scenario::standard(), 1);
        world.run_until(world.start + Span::seconds(10), &mut Vec::new());
        for _ in 0..=MOST_AT_ONCE + LOOKED_AT {
            world.queue.push(world.now, Event::Requeue(ControllerId::NodeLifecycle, Key::new("evict", "")));
        }
        world
    }

    #[test]
    fn a_clock_that_stands_still_ends_the_run_in_a_sentence() {
        let mut world = looping();
        let (before, fingerprint) = (world.now, world.fingerprint());
        world.run_until(before + Span::seconds(60), &mut Vec::new());
        let standstill = world.standstill().expect("the run has ended").clone();
        assert_eq!(
            standstill.to_string(),
            "time stands still at 0:10.000: node-controller is busy with \"evict\" for ever. The run ends here; \
             every moment before can be looked at"
        );
        assert_eq!(world.now, before, "the clock does not go on");
        assert_ne!(world.fingerprint(), fingerprint);
        assert!(!world.step(&mut Vec::new()) && world.choices().is_empty() && world.next_due().is_none());
        let events = world.events;
        world.run_until(before + Span::seconds(60), &mut Vec::new());
        assert_eq!((world.events, world.now), (events, before), "and nothing happens any more");
    }

    #[test]
    fn what_was_counted_has_no_part_in_the_fingerprint() {
        let mut one = World::new(&Scenario::standard(), 1);
        let mut two = one.clone();
        two.pulse = Pulse { count: 7, ..Pulse::default() };
        assert_eq!((&one, one.fingerprint()), (&two, two.fingerprint()));
        one.pulse = Pulse { count: MOST_AT_ONCE, since: one.now, peak: 0 };
        one.keep_time();
        assert_ne!(one.fingerprint(), two.fingerprint(), "but that the run has ended has");
    }
}
