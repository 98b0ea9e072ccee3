//! What all rooms name: what a person may do, what has happened, why nothing does, and what must hold.

pub mod command;
pub mod invariants;
pub mod note;
pub mod reason;
