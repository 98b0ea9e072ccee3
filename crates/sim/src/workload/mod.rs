//! What a container does, declared by its image or by annotations of its pod.
//!
//! | annotation | meaning |
//! |---|---|
//! | `petri.dev/ready` | `never`, `true`, or how long after the start it first answers |
//! | `petri.dev/start-delay` | how long a start takes |
//! | `petri.dev/stop-delay` | how long it takes from SIGTERM to exit |
//! | `petri.dev/run` | it exits by itself after this long |
//! | `petri.dev/exit-code` | the exit code of `run` |
//!
//! The prefix `sim/` means the same. An image whose name contains `bad` cannot be pulled; every other image is a plain
//! server that answers as soon as it runs and stops when it is asked to.

use crate::clock::Span;
use crate::settings::KubeletSettings;
use petri_objects::{Container, Labels, Pod};

/// What will happen when a container is started.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Behaviour {
    pub pullable: bool,
    pub start: Span,
    /// From start to the first answer; `None` never answers.
    pub ready: Option<Span>,
    /// From SIGTERM to exit.
    pub stop: Span,
    /// It exits by itself after so long, with this code.
    pub run: Option<(Span, i32)>,
}

pub fn behaviour(pod: &Pod, container: &Container, defaults: &KubeletSettings) -> Behaviour {
    let notes = &pod.metadata.annotations;
    let span = |key: &str| annotation(notes, key).and_then(parse_span);
    Behaviour {
        pullable: !container.image.contains("bad"),
        start: span("start-delay").unwrap_or(defaults.start),
        ready: ready(notes, defaults.ready),
        stop: span("stop-delay").unwrap_or(defaults.stop),
        run: span("run")
            .map(|after| (after, annotation(notes, "exit-code").and_then(|code| code.parse().ok()).unwrap_or(0))),
    }
}

/// How long after its start a container first answers, as the annotations say it now.
pub fn ready(notes: &Labels, default: Span) -> Option<Span> {
    match annotation(notes, "ready") {
        None => Some(default),
        Some("never" | "false") => None,
        Some("true") => Some(Span::ZERO),
        Some(text) => Some(parse_span(text).unwrap_or(default)),
    }
}

pub fn annotation<'a>(notes: &'a Labels, key: &str) -> Option<&'a str> {
    ["petri.dev/", "sim/"].iter().find_map(|prefix| notes.get(&format!("{prefix}{key}"))).map(|text| &**text)
}

/// Reads `500ms`, `1s`, `1.5s`, `2m`, `1h`, or sums of them.
pub fn parse_span(text: &str) -> Option<Span> {
    let (mut total, mut rest) = (0u64, text);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, next) = tail.split_at(unit_end);
        let micros: u64 = match unit {
            "us" | "µs" => 1,
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" => 60_000_000,
            "h" => 3_600_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.len() > 6 || whole.len() > 9 || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        total += whole.parse::<u64>().unwrap_or(0) * micros;
        if !fraction.is_empty() {
            total += fraction.parse::<u64>().ok()? * micros / 10u64.pow(fraction.len() as u32);
        }
        rest = next;
    }
    (!text.is_empty()).then_some(Span(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_go_writes_them() {
        assert_eq!(parse_span("1.5s"), Some(Span::millis(1_500)));
        assert_eq!(parse_span("1m20s"), Some(Span::seconds(80)));
        assert_eq!(parse_span("250ms"), Some(Span::millis(250)));
        for bad in ["", "5", "s", "1x", "1..5s"] {
            assert_eq!(parse_span(bad), None, "{bad}");
        }
    }
}
