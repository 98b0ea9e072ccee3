//! What all rooms name: what a person may do, what has happened, why nothing does, and what must hold.

pub mod command;

pub mod note;

pub mod batch;
pub mod reason;

pub mod invariants;

pub mod actor;

pub mod controller_id;

pub mod identity;

pub mod api_error;
