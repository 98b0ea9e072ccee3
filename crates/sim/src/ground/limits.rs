//! How much a recording from outside may ask for, in one place: beyond these it is refused in a sentence instead of
//! freezing whoever opens it.

use petri_objects::Span;

/// Bytes of a recording as JSON, whether it came so or was unpacked from a link.
pub const MAX_BYTES: usize = 4 << 20;
/// Machines that a cluster may have, those that are added later included.
pub const MAX_MACHINES: usize = 200;
pub const MAX_COMMANDS: usize = 10_000;
pub const MAX_BOOKMARKS: usize = 100;
/// How long a recording may run.
pub const LONGEST_RUN: Span = Span::minutes(24 * 60);
/// The latest beginning of a run: half of the range, so that no sum of moments can overflow.
pub const LATEST_START: u64 = u64::MAX / 4;
