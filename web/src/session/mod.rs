//! The cluster that the page shows: one handle for everybody, time that goes on, and hooks that look at a slice of it.

mod handle;
mod player;
mod playing;
mod slices;

pub use handle::{Session, Subscription};
pub use player::{Mode, Onward, PlayerState, Speed, Watcher};
pub use slices::{use_session, use_slice, use_world};
