//! What the benchmarks and the determinism tests call from JavaScript. They run without a page, in Node as well.

use crate::edge::{self, Benchmark};
use petri_explore::bench::{self, Outcome};
use wasm_bindgen::prelude::*;

/// Runs a benchmark by the name that the native program gives it, and answers a [`Benchmark`].
///
/// `replicas-1000-claims`: so many replicas with a claim each on 50 machines until all are Ready; `replicas-1000`: without
/// claims, on 10. `fast-forward-50`: so many pods with a readiness probe each, for an hour. What is too short for the
/// caller's clock, `seek-p99` and `fingerprint-1000-claims`, answers its own times.
#[wasm_bindgen]
pub fn bench(name: &str) -> JsValue {
    edge::to_js(&benchmark(name))
}

fn benchmark(name: &str) -> Benchmark {
    let words: Vec<&str> = name.split('-').collect();
    let size = |text: &str| text.parse::<i64>().ok().filter(|size| (1..=10_000).contains(size));
    let outcome = match words[..] {
        ["replicas", count, "claims"] => size(count).map(|count| bench::replicas(count, 50, true)),
        ["replicas", count] => size(count).map(|count| bench::replicas(count, 10, false)),
        ["hours", hours, "pods", pods] => {
            size(pods).zip(size(hours)).map(|(pods, hours)| bench::hours(pods, 5, hours as u64))
        }
        ["seek", "p99"] => return seek(),
        ["fingerprint", count, "claims"] => match size(count) {
            Some(count) => return fingerprint(count),
            None => None,
        },
        ["fast", "forward", pods] => size(pods).map(|pods| bench::hours(pods, 5, 1)),
        _ => None,
    };
    let Some(outcome) = outcome else { return Benchmark::Unknown { error: "unknown benchmark" } };
    let Outcome { events, virtual_millis: virtual_ms, pods_ready, fingerprint } = outcome;
    Benchmark::Load { events, virtual_ms, pods_ready, fingerprint: format!("{fingerprint:016x}") }
}

/// Jumps to random moments of a long run, timed one by one; answers the 99th percentile.
fn seek() -> Benchmark {
    let mut timeline = bench::long_timeline(100_000);
    let mut times: Vec<u64> = Vec::new();
    for moment in bench::moments(&timeline, 500) {
        let started = js_sys::Date::now();
        timeline.seek(moment);
        // Whole milliseconds are what this clock knows.
        times.push((js_sys::Date::now() - started) as u64);
    }
    times.sort_unstable();
    let p99 = times[times.len() * 99 / 100];
    Benchmark::Seek { events: timeline.position(), wall_ms: p99, cpu_ms: p99 }
}

/// Takes many fingerprints of a large world; answers what one of them took.
fn fingerprint(count: i64) -> Benchmark {
    let world = bench::replicas_world(count, 50, true);
    let started = js_sys::Date::now();
    let fingerprint = bench::fingerprints(&world);
    let each = (js_sys::Date::now() - started) / f64::from(bench::FINGERPRINTS);
    Benchmark::Fingerprint { wall_ms: each, cpu_ms: each, fingerprint: format!("{fingerprint:016x}") }
}

/// The fingerprints of the runs that are asserted natively as well, as a list of texts.
#[wasm_bindgen]
pub fn fingerprints() -> Vec<String> {
    petri_lessons::fingerprints()
}
