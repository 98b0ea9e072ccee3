//! `petri bench`: how fast the engine is, natively.

use petri_explore::bench;
use std::time::{Duration, Instant};

/// One figure: a name, what was done, how long it took.
struct Figure {
    name: &'static str,
    seconds: f64,
    detail: String,
    events: u64,
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let result = work();
    (result, started.elapsed())
}

/// The middle one of several runs, because machines are noisy.
fn median(runs: usize, work: impl Fn() -> bench::Outcome) -> (bench::Outcome, f64) {
    let mut times = Vec::new();
    let mut outcome = bench::Outcome::default();
    for _ in 0..runs {
        let (result, time) = timed(&work);
        outcome = result;
        times.push(time.as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    (outcome, times[times.len() / 2])
}

/// Runs every load and prints the figures, as JSON or as a table.
pub fn bench(json: bool) {
    let mut figures = Vec::new();
    for (name, count, claims) in [("replicas-1000-claims", 1_000, true), ("replicas-100-claims", 100, true)] {
        let (outcome, seconds) = median(3, || bench::replicas(count, 50, claims));
        let detail = format!("{} of {count} Ready after {} virtual ms", outcome.pods_ready, outcome.virtual_millis);
        figures.push(Figure { name, seconds, detail, events: outcome.events });
    }
    let (outcome, seconds) = median(3, || bench::hours(50, 5, 24));
    let detail = format!("24 virtual hours, {} pods Ready", outcome.pods_ready);
    figures.push(Figure { name: "hours-24-pods-50", seconds, detail, events: outcome.events });
    figures.push(seek());
    match json {
        true => print_json(&figures),
        false => print_table(&figures),
    }
}

/// Jumps to random moments of a long run; the figure is the 99th percentile.
fn seek() -> Figure {
    let mut timeline = bench::long_timeline(100_000);
    let moments = bench::moments(&timeline, 300);
    let mut times: Vec<f64> = moments.iter().map(|at| timed(|| timeline.seek(*at)).1.as_secs_f64()).collect();
    times.sort_by(f64::total_cmp);
    let p99 = times[times.len() * 99 / 100];
    let detail = format!("median {:.2} ms, p99 {:.2} ms", times[times.len() / 2] * 1e3, p99 * 1e3);
    Figure { name: "seek-p99-100000-events", seconds: p99, detail, events: timeline.position() }
}

fn print_table(figures: &[Figure]) {
    println!("{:<26} {:>12} {:>14}  what", "figure", "seconds", "events/s");
    for figure in figures {
        let rate = figure.events as f64 / figure.seconds;
        println!("{:<26} {:>12.4} {:>14.0}  {}", figure.name, figure.seconds, rate, figure.detail);
    }
    if let Some(peak) = peak_memory() {
        println!("peak memory {:.1} MB", peak as f64 / 1e6);
    }
}

fn print_json(figures: &[Figure]) {
    let rows: Vec<String> = figures
        .iter()
        .map(|f| {
            format!(
                r#"{{"name":"{}","seconds":{:.6},"events":{},"detail":"{}"}}"#,
                f.name, f.seconds, f.events, f.detail
            )
        })
        .collect();
    println!(r#"{{"figures":[{}],"peak_memory_bytes":{}}}"#, rows.join(","), peak_memory().unwrap_or(0));
}

/// The most memory that this process has used, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1_024)
}
