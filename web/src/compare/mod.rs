//! The same bad day, twice: two courses of events on one clock, and the difference in words and numbers.
//!
//! A course is a recording, played as far as the other one. What differs is one thing: the manifest, a command that is left
//! out, a setting, or the branch that somebody chose.

mod choice;
mod choices;
mod course;
mod pair;
mod presets;
#[cfg(test)]
mod tests;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod truth_tests;

pub use choice::Choice;
pub use choices::{choices, end, first};
pub use course::{Course, Level};
pub use pair::{Pair, Row};
