//! What must hold: looked at after every event, and seen coming.

pub(crate) mod scene;

pub mod foresight;
pub(crate) mod leave;

pub(crate) mod checks;
pub(crate) mod workloads;
