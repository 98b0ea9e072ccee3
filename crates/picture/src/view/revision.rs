//! How pods stand to what was asked for, and how sets are told apart.

/// How a pod's template stands to the one that its set asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notch {
    /// It is the one, as that of all its siblings: nothing is drawn.
    #[default]
    None,
    /// The set leaves it behind.
    Old,
    /// It is the one, and siblings have another.
    New,
    /// Nobody asks for it any more.
    Neither,
}

/// A revision as people count them, and how it stands to what is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// Upstream's number, from 1; 0 where the set counts none.
    pub number: i64,
    pub notch: Notch,
}

/// The shape that tells a set from others: the place in order of creation, of six that repeat.
pub const SIGNS: usize = 6;
