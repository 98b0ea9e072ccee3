//! What must hold: looked at after every event, and seen coming.

pub mod checks;
pub mod foresight;
