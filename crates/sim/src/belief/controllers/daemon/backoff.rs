//! A pod that failed is deleted at once for the first time, and then after ever longer waits: what makes pods fail on a node
//! is seldom over within a second.
//!
//! Upstream: `failedPodsBackoff`, and `client-go/util/flowcontrol/backoff.go`.

use crate::ground::clock::{Span, Time};
use petri_objects::{Name, Uid};

const FIRST: Span = Span::seconds(1);
const LONGEST: Span = Span::minutes(15);

/// The nodes on which pods failed lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FailedPods(Vec<Failure>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Failure {
    set: Uid,
    /// A change of the set begins anew.
    generation: i64,
    node: Name,
    since: Time,
    delay: Span,
}

impl FailedPods {
    /// How long the next failed pod of the set stays on the node; `None` if it may go at once.
    ///
    /// Upstream: `IsInBackOffSinceUpdate`, `Get`.
    pub fn delay(&self, set: Uid, generation: i64, node: &str, now: Time) -> Option<Span> {
        let failure = self.0.iter().find(|failure| failure.is_of(set, generation, node))?;
        (!failure.is_over(now) && now.since(failure.since) < failure.delay).then_some(failure.delay)
    }
    /// A failed pod goes: the next one waits for twice as long.
    ///
    /// Upstream: `Next`, `GC`.
    pub fn next(&mut self, set: Uid, generation: i64, node: &Name, now: Time) {
        self.0.retain(|failure| !failure.is_over(now));
        match self.0.iter_mut().find(|failure| failure.is_of(set, generation, node)) {
            Some(failure) => (failure.since, failure.delay) = (now, failure.delay.times(2).min(LONGEST)),
            None => self.0.push(Failure { set, generation, node: node.clone(), since: now, delay: FIRST }),
        }
    }
    /// The set is gone.
    pub fn forget(&mut self, set: Uid) {
        self.0.retain(|failure| failure.set != set);
    }
}

impl Failure {
    fn is_of(&self, set: Uid, generation: i64, node: &str) -> bool {
        self.set == set && self.generation == generation && *self.node == *node
    }
    /// Upstream: `hasExpired`.
    fn is_over(&self, now: Time) -> bool {
        now.since(self.since) > LONGEST.times(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour_and_are_forgotten_after_half_of_one() {
        let (set, node) = (Uid(1), Name::from("node-0"));
        let mut failed = FailedPods::default();
        let mut now = Time(1_000_000_000);
        assert_eq!(failed.delay(set, 1, &node, now), None);
        for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            failed.next(set, 1, &node, now);
            assert_eq!(failed.delay(set, 1, &node, now), Some(Span::seconds(expected)));
            assert_eq!(failed.delay(set, 2, &node, now), None, "another generation begins anew");
            now += Span::seconds(expected);
            assert_eq!(failed.delay(set, 1, &node, now), None, "the wait is over");
        }
        failed.next(Uid(2), 1, &node, now + Span::minutes(31));
        assert_eq!(failed.0.len(), 1, "what is long over is forgotten");
        failed.forget(Uid(2));
        assert_eq!(failed, FailedPods::default());
    }
}
