//! How much a run may ask for, in one place: beyond these the answer is a sentence instead of a page that freezes or runs
//! out of memory.
//!
//! Whatever comes from outside meets them at one of two doors. A recording, as a link or as a file, meets them when it is
//! read; a command, whoever gives it, when it enters the [`Timeline`](crate::story::timeline::Timeline).

use petri_objects::Span;

/// Replicas of one workload.
pub use petri_objects::limits::MAX_REPLICAS;
/// How deep a recording may be nested, and how many values it may hold.
pub use petri_objects::wire::{MAX_DEPTH, MAX_VALUES};

/// Bytes of a recording as JSON, whether it came so or was unpacked from a link.
pub const MAX_BYTES: usize = 4 << 20;
/// Replicas of all workloads together.
pub const MAX_ALL_REPLICAS: i64 = 10_000;
/// Objects, events left out: those that there are, and those that the workloads ask for.
pub const MAX_OBJECTS: i64 = 50_000;
/// Machines that a cluster may have, those that are added later included.
pub const MAX_MACHINES: usize = 200;
pub const MAX_COMMANDS: usize = 10_000;
pub const MAX_BOOKMARKS: usize = 100;
/// Branches that a link carries.
pub const MAX_COURSES: usize = 20;
/// How much virtual time a run may take.
pub const LONGEST_RUN: Span = Span::minutes(7 * 24 * 60);
/// The same in words.
pub const LONGEST_RUN_WORDS: &str = "7 days";
/// Events and commands of one run.
pub const MAX_EVENTS: u64 = 10_000_000;
/// The latest beginning of a run: half of the range, so that no sum of moments can overflow.
pub const LATEST_START: u64 = u64::MAX / 4;
