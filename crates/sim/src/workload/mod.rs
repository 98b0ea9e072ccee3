//! What a container does, declared by its image or by annotations of its pod.
//!
//! The image `petri.dev/WORD` or the annotation `petri.dev/workload: WORD` says what it is:
//!
//! | word | what it does | annotations and their defaults |
//! |---|---|---|
//! | `server` | answers as soon as it runs, stops when it is asked to | |
//! | `writer` | writes a record to its disk again and again | `write-every` 1s |
//! | `elector` | elects a leader on a Lease as client-go does; who leads writes to its disk | `lock` leader, `lease-duration` 15s, `renew-deadline` 10s, `retry-period` 2s, `release-on-cancel` false, `write-every` 1s |
//! | `configmap-lock` | the same on a ConfigMap | the same |
//! | `session-lock` | waits in the queue of a session lock, as ZooKeeper has: ephemeral nodes and watches | `lock`, `session-timeout` 30s, `retry-period`, `release-on-cancel`, `write-every` |
//! | `ttl-lock` | takes a key that expires, as Dapr does, works, and gives it back | `lock`, `ttl` 15s, `hold` 10s, `retry-period`, `release-on-cancel`, `write-every` |
//! | `quorum` | accepts a write while it and the members that it finds in the DNS are a majority | `service` (the pod's subdomain), `members` 3, `write-every`, `dns-cache` |
//! | `client` | resolves a name and calls whoever it stands for | `target` web, `call-every` 1s, `dns-cache` 30s (or `30s/5s` for names and missing names, or `off`) |
//! | `crasher` | exits with code 1 a second after each start | `run`, `exit-code` |
//! | `slow-starter` | answers a minute after its start | `ready` |
//! | `slow-stopper` | takes a minute from SIGTERM to exit | `stop-delay` |
//! | `never-ready` | never answers its readiness probe | `ready` |
//!
//! Any other image is taken for a plain server; the console's `workloads` says so. An image whose name contains `bad`
//! cannot be pulled. For every container:
//!
//! | annotation | meaning |
//! |---|---|
//! | `petri.dev/ready` | `never`, `true`, or how long after the start it first answers |
//! | `petri.dev/start-delay` | how long a start takes |
//! | `petri.dev/stop-delay` | how long it takes from SIGTERM to exit |
//! | `petri.dev/run` | it exits by itself after this long |
//! | `petri.dev/exit-code` | the exit code of `run` |
//!
//! The prefix `sim/` means the same. What a process writes is on the disk of a claim or in an `emptyDir`, and the members
//! of a quorum copy what they accept to all that they reach. A disk asks for fencing tokens if its claim has the annotation
//! `petri.dev/fencing: "on"` or its StorageClass the parameter `fencing: "on"`.

pub mod client;
pub mod election;
mod guard;
pub mod lock_server;
pub mod locks;
pub mod program;
pub mod resolver;
pub mod role;

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
    let word = role::word(notes, &container.image);
    let declared = |wanted: &str, value: Span| (word == Some(wanted)).then_some(value);
    let crashes = declared("crasher", Span::seconds(1));
    Behaviour {
        pullable: !container.image.contains("bad"),
        start: span("start-delay").unwrap_or(defaults.start),
        ready: ready(notes, &container.image, defaults.ready),
        stop: span("stop-delay").or(declared("slow-stopper", Span::seconds(60))).unwrap_or(defaults.stop),
        run: span("run").or(crashes).map(|after| {
            let code = annotation(notes, "exit-code").and_then(|code| code.parse().ok());
            (after, code.unwrap_or(i32::from(crashes.is_some())))
        }),
    }
}

/// How long after its start a container first answers, as its image and the annotations say it now.
pub fn ready(notes: &Labels, image: &str, default: Span) -> Option<Span> {
    match annotation(notes, "ready") {
        None => match role::word(notes, image) {
            Some("never-ready") => None,
            Some("slow-starter") => Some(Span::seconds(60)),
            _ => Some(default),
        },
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
