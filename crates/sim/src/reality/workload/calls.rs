//! What came of a client's calls.

use crate::ground::clock::{Span, Time};
pub use crate::words::note::CallResult;

/// What came of a client's calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Calls {
    pub answered: u64,
    /// No name, of any type: NXDOMAIN. Or no DNS to be reached.
    pub no_name: u64,
    /// The name exists and has no address, or nothing ready stands behind its address.
    pub no_address: u64,
    /// An address, and nobody there.
    pub no_answer: u64,
    /// Of those that failed: how many because of a remembered answer that the DNS would not give any more.
    pub stale: u64,
    pub last: Option<(Time, CallResult)>,
    /// Since when every call fails.
    pub failing_since: Option<Time>,
    /// The longest time without an answer that is over.
    pub longest_outage: Span,
}

impl Calls {
    pub fn failed(&self) -> u64 {
        self.no_name + self.no_address + self.no_answer
    }
    /// Counts a call. Says whether it came to something else than the one before.
    ///
    /// Which of several ready endpoints answers is chance, and tells nothing.
    pub(super) fn count(&mut self, result: CallResult, stale: bool, now: Time) -> bool {
        let news = match (self.last.as_ref().map(|(_, before)| before), &result) {
            (Some(CallResult::Answered(..)), CallResult::Answered(..)) => false,
            (before, result) => before != Some(result),
        };
        match &result {
            CallResult::Answered(..) => {
                self.answered += 1;
                if let Some(since) = self.failing_since.take() {
                    self.longest_outage = self.longest_outage.max(now.since(since));
                }
            }
            CallResult::NoName => self.no_name += 1,
            CallResult::NoAddress => self.no_address += 1,
            CallResult::NoAnswer(_) => self.no_answer += 1,
        }
        if !matches!(result, CallResult::Answered(..)) {
            self.stale += u64::from(stale);
            self.failing_since = self.failing_since.or(Some(now));
        }
        self.last = Some((now, result));
        news
    }
}
