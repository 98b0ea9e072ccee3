//! The name that a process goes by, whichever pod and machine it belongs to.

use petri_objects::Name;

/// The name that a process goes by: what at-most-one is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    pub namespace: Name,
    pub pod: Name,
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.pod)
    }
}
