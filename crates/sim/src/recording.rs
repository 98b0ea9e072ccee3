//! Everything that crosses a boundary: engine version, scenario, seed, commands. Determinism rebuilds the rest.

use crate::command::Command;
use crate::scenario::Scenario;
use petri_objects::Time;
use std::rc::Rc;

/// A run, as a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recording {
    pub engine: &'static str,
    pub scenario: Rc<Scenario>,
    pub seed: u64,
    pub commands: Vec<Stamped>,
}

/// A command and its moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stamped {
    pub at: Time,
    /// How many events had happened; `None` for "after everything that happens until `at`".
    pub position: Option<u64>,
    pub command: Rc<Command>,
}

/// The engine's version: recordings of another one may unfold differently.
pub const ENGINE: &str = env!("CARGO_PKG_VERSION");

impl Recording {
    pub fn new(scenario: Scenario, seed: u64) -> Recording {
        Recording { engine: ENGINE, scenario: Rc::new(scenario), seed, commands: Vec::new() }
    }
}
