//! How much one line may ask for. Beyond these the answer is one clear sentence instead of a frozen page.

/// Bytes of one line, its here-documents included.
pub const LONGEST_LINE: usize = 1 << 20;
/// Commands of one line.
pub(crate) const MOST_COMMANDS: usize = 200;
/// Commands that one line runs, loops included.
pub(crate) const MOST_TURNS: usize = 5_000;
/// Words of one line, and flags of one command.
pub(crate) const MOST_WORDS: usize = 30_000;
/// Objects that one command names.
pub(crate) const MOST_NAMES: usize = 1_000;
/// Files that one command reads.
pub(crate) const MOST_FILES: usize = 100;
/// Requirements of one selector.
pub(crate) const MOST_REQUIREMENTS: usize = 1_000;
/// Columns of one table.
pub(crate) const MOST_COLUMNS: usize = 1_000;
/// Bytes of the answer to one line: what comes after them is cut off.
pub(crate) const LARGEST_ANSWER: usize = 8 << 20;
/// Ranges in ranges, and filters in filters, of one template.
pub(crate) const MOST_NESTED: u32 = 16;
/// Steps of one path, and parts of one of its brackets.
pub(crate) const MOST_STEPS: usize = 1_000;
/// What one template may cost: a unit for each value that is looked at and each byte that is read or written.
pub(crate) const MOST_WORK: usize = 4_000_000;
/// Events that `step` plays at one go.
pub(crate) const MOST_EVENTS: u64 = 50_000;
/// Virtual time that one command plays at one go: as much as a run may take.
pub use petri_sim::ground::limits::LONGEST_RUN;

/// `error: a line has at most 200 commands`.
pub(crate) fn beyond(what: &str, most: usize, of: &str) -> String {
    let digits = most.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("error: {what} at most {grouped} {of}")
}
