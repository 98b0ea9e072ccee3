//! What a claim says, as data.

use super::states::Stated;
use petri_objects::{Kind, ObjectRef};
use petri_sim::reality::dns::RecordType;
use petri_sim::words::invariants::Guarantee;

/// Whether a claim holds, and what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub holds: bool,
    /// What is there instead, or as well: `pod/web-1 is Running`.
    pub found: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Promise { guarantee: Guarantee, standing: Standing },
    Answers { name: String, kind: RecordType, wanted: Wanted },
    Count { amount: Amount, kind: Kind, selector: String, namespace: String, states: Vec<Stated> },
    Object { subject: Subject, says: Says },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Holds,
    AtRisk,
    Broken,
    WasBroken,
    NeverBroken,
}

/// What DNS is to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Nothing,
    Number(u64),
    /// These and no others, in any order.
    Values(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    Every,
    Exactly(u64),
    AtLeast(u64),
    AtMost(u64),
}

/// An object, or one that it points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Named(ObjectRef),
    NodeOf(Box<Subject>),
    ClaimOf(Box<Subject>),
    VolumeOf(Box<Subject>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Is(Vec<Stated>),
    Has(Vec<(Amount, String)>),
    RunsOn(Vec<String>),
    RunsNowhere,
    Field { path: String, value: String },
}

impl Amount {
    /// Whether so many, of so many that there are, are as many.
    pub(super) fn holds(self, number: u64, of: u64) -> bool {
        match self {
            Amount::Every => number == of,
            Amount::Exactly(wanted) => number == wanted,
            Amount::AtLeast(wanted) => number >= wanted,
            Amount::AtMost(wanted) => number <= wanted,
        }
    }
}
