//! How long a pass over the nodes takes that finds some of them lost. All writes of the controller go through one client
//! with a limit of its own, so that with a dozen nodes lost at once a pass takes more than a second. In that time nodes
//! get NoExecute taints, because their zone is not judged before the pass has ended.
//!
//! Upstream: `ParallelizeUntil` in `monitorNodeHealth`, `flowcontrol.RateLimiter` of the client.
//!
//! Deviation: only the order and the duration of the requests is worked out here; what the pass itself writes takes
//! effect when the pass begins, the evictor's taints when their requests have been answered.
//! Deviation: the evictor looks for nodes half a poll after the pass began, which is the mean; upstream's two loops do not
//! know of each other.

use super::taints;
use crate::ground::clock::{Span, Time};
use crate::ground::settings::ClientSettings;
use std::collections::VecDeque;

/// `nodeUpdateWorkerSize`, and as many workers for NoSchedule taints.
const WORKERS: usize = 8;
/// A taint is a look at the node and a patch.
const TAINT_REQUESTS: u64 = 2;

/// How a pass goes on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Course {
    pub ends: Time,
    /// When the evictor turns to one zone after the other, and when the taint is written then.
    pub taints: VecDeque<(Time, Time)>,
}

/// A token bucket in which those who come first are served first.
struct Client<'a> {
    settings: &'a ClientSettings,
    /// When the bucket will be full again.
    full_at: Time,
}

impl Client<'_> {
    /// When a request that is made now is answered.
    fn request(&mut self, now: Time) -> Time {
        let interval = Span::micros(Span::seconds(1).0 / self.settings.requests_per_second.max(1));
        self.full_at = self.full_at.max(now) + interval;
        let burst = interval.times(self.settings.burst);
        let granted = if self.full_at > now + burst { self.full_at - burst } else { now };
        granted + self.settings.request
    }
}

/// Requests that one worker makes one after the other.
struct Job {
    from: Time,
    requests: u64,
    made: u64,
}

/// Workers that share a line of jobs.
struct Crew {
    line: VecDeque<Job>,
    workers: Vec<(Time, Option<Job>)>,
}

impl Crew {
    fn new(size: usize, from: Time, jobs: impl Iterator<Item = u64>) -> Crew {
        let line = jobs.map(|requests| Job { from, requests, made: 0 }).collect();
        Crew { line, workers: (0..size).map(|_| (from, None)).collect() }
    }
    fn add(&mut self, from: Time, requests: u64) {
        self.line.push_back(Job { from, requests, made: 0 });
    }
    fn is_done(&self) -> bool {
        self.line.is_empty() && self.workers.iter().all(|(_, job)| job.is_none())
    }
    /// When the next request is made, and by whom.
    fn next(&self) -> Option<(Time, usize)> {
        let at = |(free, job): &(Time, Option<Job>)| match job {
            Some(_) => Some(*free),
            None => self.line.front().map(|job| job.from.max(*free)),
        };
        (0..).zip(&self.workers).filter_map(|(worker, state)| Some((at(state)?, worker))).min()
    }
    /// Makes a worker's next request: when its job began, when it is answered, how many it has made for its job.
    fn act(&mut self, at: Time, worker: usize, client: &mut Client<'_>) -> Option<Answer> {
        let job = match self.workers[worker].1.take() {
            Some(job) => job,
            None => Job { from: at, ..self.line.pop_front()? },
        };
        let (answered, made) = (client.request(at), job.made + 1);
        let answer = Answer { job_began: job.from, answered, made, last: made >= job.requests };
        self.workers[worker] = (answered, (!answer.last).then_some(Job { made, ..job }));
        Some(answer)
    }
}

struct Answer {
    job_began: Time,
    answered: Time,
    made: u64,
    last: bool,
}

/// Works out a pass that has begun: `lost` says for each lost node how many pods are marked. Beside the workers of the
/// pass, others taint the lost nodes NoSchedule, one tells the events, and one taints NoExecute, a node in each zone.
pub(super) fn course(began: Time, lost: &[u64], zones: usize, settings: &ClientSettings) -> Course {
    let mut client = Client { settings, full_at: Time::ZERO };
    let [markers, tainters, teller, evictor] = [0, 1, 2, 3];
    let mut crews = [
        Crew::new(WORKERS, began, lost.iter().map(|pods| 1 + pods)),
        Crew::new(WORKERS, began, std::iter::empty()),
        Crew::new(1, began, std::iter::empty()),
        Crew::new(1, began + Span(taints::POLL.0 / 2), (0..zones).map(|_| TAINT_REQUESTS)),
    ];
    let mut course = Course { ends: began, taints: VecDeque::new() };
    while !(crews[markers].is_done() && crews[evictor].is_done()) {
        let next = (0..).zip(&crews).filter_map(|(crew, state)| Some((state.next()?, crew))).min();
        let Some(((at, worker), crew)) = next else { break };
        let Some(answer) = crews[crew].act(at, worker, &mut client) else { break };
        if crew == markers {
            course.ends = course.ends.max(answer.answered);
            crews[teller].add(answer.answered, 1);
            if answer.made == 1 {
                crews[tainters].add(answer.answered, TAINT_REQUESTS);
            }
        }
        if crew == evictor && answer.last {
            course.taints.push_back((answer.job_began, answer.answered));
        }
    }
    course.taints.retain(|(from, _)| *from < course.ends);
    course
}
