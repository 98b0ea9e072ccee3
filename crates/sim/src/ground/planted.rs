//! Deliberate errors, for the tests that show that the swarm finds errors: without the feature `planted` there are none,
//! and asking for one costs nothing.

/// An error as it could be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Error {
    /// A sync that has failed is not tried again.
    LostRequeue,
    /// A claim takes a volume that another claim has.
    ClaimBoundTwice,
    /// A machine that hears that a pod is gone lets its process run.
    ForgottenGhost,
    /// At-most-one that holds again is still told to be broken.
    StaleStanding,
    /// What fails for the third time is tried again at once.
    LoopAtOneInstant,
    /// Looking leaves a trace in the world.
    TraceOfReads,
}

impl Error {
    pub const ALL: [Error; 6] = [
        Error::LostRequeue,
        Error::ClaimBoundTwice,
        Error::ForgottenGhost,
        Error::StaleStanding,
        Error::LoopAtOneInstant,
        Error::TraceOfReads,
    ];
}

#[cfg(not(feature = "planted"))]
pub(crate) const fn is(_: Error) -> bool {
    false
}

#[cfg(feature = "planted")]
pub(crate) use switched::is;
#[cfg(feature = "planted")]
pub use switched::{Trace, plant};

#[cfg(feature = "planted")]
mod switched {
    use super::Error;
    use std::cell::Cell;

    thread_local! {
        static PLANTED: Cell<Option<Error>> = const { Cell::new(None) };
    }

    /// From now on worlds of this thread have this error, or none.
    pub fn plant(error: Option<Error>) {
        PLANTED.set(error);
    }
    pub(crate) fn is(error: Error) -> bool {
        PLANTED.get() == Some(error)
    }

    /// How often somebody has looked at a world, if that is the error.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct Trace(Cell<u32>);

    impl Trace {
        pub(crate) fn leave(&self) {
            if is(Error::TraceOfReads) {
                self.0.set(self.0.get() + 1);
            }
        }
    }
    impl std::hash::Hash for Trace {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            if is(Error::TraceOfReads) {
                self.0.get().hash(state);
            }
        }
    }
}
