//! Cells that many kinds have, and how cells are set in columns.

use crate::columns::TABLE;
use petri_objects::{Labels, Span, Time};

/// Sets cells in columns: as wide as the longest cell and three blanks, left aligned, the last one not padded.
pub fn write(lines: &[Vec<String>]) -> String {
    let mut text = String::new();
    for line in lines {
        for (i, cell) in line.iter().enumerate() {
            if i > 0 {
                text.push('\t');
            }
            // A cell is one line: what follows a line break is cut.
            match cell.find(['\n', '\r', '\u{c}', '\t']) {
                Some(at) => {
                    text.push_str(&cell[..at]);
                    text.push_str("...");
                }
                None => text.push_str(cell),
            }
        }
        text.push('\n');
    }
    TABLE.align(&text)
}

/// `app=web,tier=front`, or `<none>`.
pub fn labels_text(labels: &Labels) -> String {
    if labels.is_empty() {
        return "<none>".into();
    }
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

/// How long something has lasted, in at most two units.
///
/// Upstream: `duration.HumanDuration`.
pub fn age(span: Span) -> String {
    let two = |big: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{big}{unit}"),
        _ => format!("{big}{unit}{small}{small_unit}"),
    };
    let seconds = span.as_seconds();
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    let days = hours / 24;
    match () {
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => two(minutes, "m", seconds % 60, "s"),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => two(hours, "h", minutes % 60, "m"),
        () if hours < 48 => format!("{hours}h"),
        () if hours < 192 => two(days, "d", hours % 24, "h"),
        () if hours < 24 * 365 * 2 => format!("{days}d"),
        () if hours < 24 * 365 * 8 => two(days / 365, "y", days % 365, "d"),
        () => format!("{}y", days / 365),
    }
}

/// The age of an instant: `<unknown>` without one, `<invalid>` if it lies in the future.
pub fn age_since(then: Time, now: Time) -> String {
    match then {
        Time::ZERO => "<unknown>".into(),
        // One second of clock difference is forgiven.
        then if then >= now + Span::seconds(2) => "<invalid>".into(),
        then => age(now.since(then)),
    }
}
