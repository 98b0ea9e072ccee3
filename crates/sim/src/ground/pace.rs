//! How short and how long a span may be that somebody outside of the simulation sets: an annotation, a setting.
//!
//! Invariant: what is done again and again takes some time, whoever says how much. A pause of no time at all would stop
//! the clock, and one of a microsecond would be as good as none. So every such span comes through [`Pace::bounded`];
//! annotations are typed so that there is no other way ([`Asked`](crate::reality::workload::asked::Asked)).

use crate::ground::clock::Span;

/// No span is longer: sums of moments must not overflow.
pub const LONGEST: Span = Span::minutes(60 * 24 * 400);

/// What a span is between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pace {
    /// Something happens once, after it.
    Once,
    /// Something happens again and again, with it in between.
    Again,
    /// How far caches trail: whoever writes against another one waits for this each time.
    Lag,
    /// How long something is believed that has to be renewed.
    Belief,
}

impl Pace {
    /// The shortest such span.
    pub const fn least(self) -> Span {
        match self {
            Pace::Once => Span::ZERO,
            Pace::Again => Span::millis(10),
            Pace::Lag => Span::millis(1),
            Pace::Belief => Span::seconds(1),
        }
    }
    /// The span, or the nearest that may be.
    pub fn bounded(self, span: Span) -> Span {
        span.clamp(self.least(), LONGEST)
    }
}
