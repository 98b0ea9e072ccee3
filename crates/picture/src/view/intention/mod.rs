//! What was asked for: one bracket per set, and how far each pod is from it.
//!
//! Belief is what the API server stores of pods and reality is what machines run; intention is what the sets ask for. It
//! is read from their specs alone, compared with both, and never mixed with either.

mod held;
mod sets;

pub use held::{Held, Reverted};
pub use sets::{Intention, Set, Spec, ordinal};
