//! How long a Job waits with the next pod after failures: 10 s, doubled with each of them up to 10 minutes.
//!
//! Upstream: `pkg/controller/job/backoff_utils.go`.

use crate::ground::clock::{Span, Time};
use petri_objects::order::Order as _;
use petri_objects::{Pod, condition};
use std::rc::Rc;

/// `DefaultJobPodFailureBackOff`.
const FIRST: Span = Span::seconds(10);
/// `MaxJobPodFailureBackOff`.
const LONGEST: Span = Span::minutes(10);

/// The failures of a Job since its last success.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BackOff {
    pub failures: u32,
    pub last: Option<Time>,
}

impl BackOff {
    /// The record once these pods have ended as well.
    ///
    /// Upstream: `newBackoffRecord`.
    pub fn and(&self, succeeded: &[Rc<Pod>], failed: &[Rc<Pod>]) -> BackOff {
        let sorted = |pods: &[Rc<Pod>]| {
            let mut times: Vec<Time> = pods.iter().map(|pod| finished(pod)).collect();
            times.order();
            times
        };
        let (successes, failures) = (sorted(succeeded), sorted(failed));
        match successes.last() {
            None if failures.is_empty() => self.clone(),
            None => BackOff { failures: self.failures + failures.len() as u32, last: failures.last().copied() },
            Some(success) => {
                let later: Vec<Time> = failures.into_iter().filter(|at| at > success).collect();
                BackOff { failures: later.len() as u32, last: later.last().copied() }
            }
        }
    }
    /// How long the next pod has to wait still.
    ///
    /// Upstream: `getRemainingTimeForFailuresCount`.
    pub fn remaining(&self, now: Time) -> Span {
        let Some(last) = self.last.filter(|_| self.failures > 0) else { return Span::ZERO };
        let mut delay = FIRST;
        for _ in 1..self.failures {
            delay = delay.times(2).min(LONGEST);
            if delay == LONGEST {
                break;
            }
        }
        delay - now.since(last)
    }
}

/// When a pod ended, as well as anybody knows.
///
/// Upstream: `getFinishedTime`.
pub fn finished(pod: &Pod) -> Time {
    let ends = pod.status.container_statuses.iter().map(|status| {
        let ended = status.state.terminated.as_ref().map(|ended| ended.finished_at);
        ended.filter(|at| *at > Time::ZERO)
    });
    let meta = &pod.metadata;
    let by_containers = ends.collect::<Option<Vec<Time>>>().and_then(|times| times.into_iter().max());
    let unready = || condition(&pod.status.conditions, "Ready").filter(|ready| &*ready.status == "False");
    by_containers
        .or_else(|| unready().map(|ready| ready.last_transition_time).filter(|at| *at > Time::ZERO))
        .or_else(|| {
            let grace = Span::seconds(meta.deletion_grace_period_seconds.unwrap_or(0).max(0) as u64);
            meta.is_terminating().then(|| meta.deletion_timestamp - grace)
        })
        .unwrap_or(meta.creation_timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(at: u64) -> Rc<Pod> {
        let mut pod = Pod::default();
        pod.metadata.creation_timestamp = Time::ZERO + Span::seconds(at);
        Rc::new(pod)
    }

    #[test]
    fn failures_double_the_wait_and_a_success_ends_it() {
        let now = Time::ZERO + Span::seconds(100);
        let waits = |failures: u32| BackOff { failures, last: Some(now) }.remaining(now).as_seconds();
        assert_eq!([0, 1, 2, 3, 6, 7, 8, 90].map(waits), [0, 10, 20, 40, 320, 600, 600, 600]);
        let known = BackOff { failures: 2, last: Some(now) };
        assert_eq!(known.and(&[], &[ended(120), ended(110)]), BackOff { failures: 4, last: Some(Time(120_000_000)) });
        assert_eq!(known.and(&[ended(115)], &[ended(120), ended(110)]).failures, 1);
        assert_eq!(known.and(&[ended(130)], &[ended(120)]), BackOff::default());
    }
}
