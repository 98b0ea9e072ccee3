//! What everything stands on: time, chance, settings, and the scenario that a run begins with.

pub mod clock;

pub mod scenario;

pub mod settings;

pub mod differing;

pub mod limits;

pub mod pace;
pub mod random;

pub mod rare;
pub mod roster;

pub mod digest;

pub mod planted;

pub mod ledger;
