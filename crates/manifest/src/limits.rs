//! How much one text may ask for. Beyond these the answer is one clear sentence instead of a frozen page.

/// Bytes of one text.
pub const MAX_TEXT: usize = 512 * 1024;
/// Documents of one text.
pub const MAX_DOCUMENTS: usize = 1_000;
/// Levels of maps and lists in one document, aliases expanded.
pub const MAX_DEPTH: usize = 100;
/// Values in one document, aliases expanded.
pub const MAX_NODES: usize = 100_000;
/// Brackets and commas in brackets of one document: the parser looks ahead to where they end.
pub const MAX_IN_BRACKETS: usize = 50_000;
/// Keys of one map.
pub const MAX_KEYS: usize = 2_000;
/// Problems of one document that are reported one by one.
pub const MAX_PROBLEMS: usize = 50;

pub use petri_objects::limits::{MAX_REPLICAS, replica_limit_message, too_many_replicas, too_many_replicas_number};
