//! A work queue: one entry per key, first come first served, with the real back-off.
//!
//! Upstream: `client-go/util/workqueue`.
//!
//! Invariant: a key that its own sync puts off comes back later, never at the same instant ([`AT_ONCE`]). So no sync that
//! takes the past for a plan, however it came to it, keeps the clock.

use crate::belief::api::shelf::Key;
use crate::ground::clock::{Span, Time};
use crate::ground::ledger::Ledger;
use crate::ground::planted;
use crate::words::actor::Cause;
use std::collections::VecDeque;

/// How long a key waits that its own sync wants to see again at once: the first delay of upstream's rate limiter.
pub const AT_ONCE: Span = Span::millis(5);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WorkQueue {
    ready: VecDeque<Key>,
    /// Why each ready key is there: the first cause wins, because it is what woke the controller.
    causes: Ledger<Key, Cause>,
    /// Keys that become ready later; the earlier time wins.
    later: Ledger<Key, Time>,
    failures: Ledger<Key, u32>,
    /// When the global bucket of retries has its next token.
    next_token: Time,
}

impl WorkQueue {
    /// Makes a key ready. `false` if it already was.
    pub fn add(&mut self, key: Key, cause: Cause) -> bool {
        let new = self.causes.insert_new(key.clone(), cause);
        if new {
            self.ready.push_back(key);
        }
        new
    }
    pub fn pop(&mut self) -> Option<(Key, Cause)> {
        let key = self.ready.pop_front()?;
        let cause = self.causes.remove(&key).unwrap_or_default();
        Some((key, cause))
    }
    pub fn is_idle(&self) -> bool {
        self.ready.is_empty()
    }
    pub fn waiting(&self) -> impl Iterator<Item = &Key> {
        self.ready.iter()
    }
    /// Plans a key for later. `true` if a timer must be set: it is new, or earlier than what was planned.
    pub fn add_after(&mut self, key: &Key, at: Time) -> bool {
        match self.later.get(key) {
            Some(planned) if *planned <= at => false,
            _ => {
                self.later.insert(key.clone(), at);
                true
            }
        }
    }
    /// Whether the timer that rings now is still wanted; forgets it if so.
    pub fn is_due(&mut self, key: &Key, now: Time) -> bool {
        let due = self.later.get(key).is_some_and(|at| *at <= now);
        if due {
            self.later.remove(key);
        }
        due
    }
    pub fn planned(&self, key: &Key) -> Option<Time> {
        self.later.get(key).copied()
    }
    /// How long to wait before the next try: the first delay, doubled with each failure up to the most, and no faster than
    /// 10 tries a second over all keys once 100 were used up.
    ///
    /// Upstream: `DefaultTypedControllerRateLimiter`, whose first delay is 5 ms.
    pub fn retry_delay(&mut self, key: &Key, (first, most): (Span, Span), now: Time) -> Span {
        let failures = self.failures(key);
        let own = first.0.checked_shl(failures.min(40)).unwrap_or(u64::MAX).min(most.0);
        self.failures.insert(key.clone(), failures.saturating_add(1));
        if planted::is(planted::Error::LoopAtOneInstant) && failures >= 2 {
            return Span::ZERO;
        }
        let (step, burst) = (Span::millis(100), Span::millis(100).times(100));
        let earliest = self.next_token.max(now - burst);
        self.next_token = earliest + step;
        Span(own).max(earliest.since(now))
    }
    pub fn failures(&self, key: &Key) -> u32 {
        self.failures.get(key).copied().unwrap_or(0)
    }
    pub fn forget(&mut self, key: &Key) {
        self.failures.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: (Span, Span) = (Span::millis(5), Span::seconds(1_000));

    #[test]
    fn a_key_waits_once_and_keeps_its_first_cause() {
        let mut queue = WorkQueue::default();
        let key = Key::new("default", "web");
        assert!(queue.add(key.clone(), Cause::Timer));
        assert!(!queue.add(key.clone(), Cause::None));
        assert_eq!(queue.pop(), Some((key, Cause::Timer)));
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn back_off_doubles_from_5_ms_and_the_bucket_slows_a_storm() {
        let mut queue = WorkQueue::default();
        let (key, now) = (Key::new("default", "web"), Time(1_000_000_000_000));
        let delays: Vec<u64> = (0..4).map(|_| queue.retry_delay(&key, LIMITS, now).as_millis()).collect();
        assert_eq!(delays, [5, 10, 20, 40]);
        queue.forget(&key);
        let slowest =
            (0..150).map(|i| queue.retry_delay(&Key::new("", format!("k{i}")), LIMITS, now).as_millis()).max();
        assert_eq!(slowest, Some(5_300), "154 retries at once: the last waits for the 53rd token after the burst");
    }

    #[test]
    fn the_earlier_time_wins() {
        let mut queue = WorkQueue::default();
        let key = Key::new("", "k");
        assert!(queue.add_after(&key, Time(10)));
        assert!(!queue.add_after(&key, Time(20)));
        assert!(queue.add_after(&key, Time(5)));
        assert!(queue.is_due(&key, Time(5)));
        assert!(!queue.is_due(&key, Time(10)), "the later timer rings for nobody");
    }
}
