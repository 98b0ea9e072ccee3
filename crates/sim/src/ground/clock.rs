//! Virtual time. The types live in `petri-objects`, because objects carry timestamps.

pub use petri_objects::{Span, Time};

/// A clock reading for people: `7:16.300`, `1:02:03.000`, counted from the start of the scenario.
pub fn elapsed(span: Span) -> String {
    let (millis, seconds) = (span.0 / 1_000 % 1_000, span.as_seconds());
    let (h, m, s) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}.{millis:03}") } else { format!("{m}:{s:02}.{millis:03}") }
}
