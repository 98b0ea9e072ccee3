//! `petri bench`: how fast the engine is, natively.

use petri_explore::bench::{self, Outcome};
use std::time::Instant;

/// One figure.
struct Figure {
    name: &'static str,
    wall_ms: f64,
    cpu_ms: f64,
    events: u64,
    detail: String,
}

/// Runs a load several times and keeps the middle one, because machines are noisy.
fn measure(name: &'static str, runs: usize, work: impl Fn() -> Outcome) -> Figure {
    let mut times = Vec::new();
    let mut outcome = Outcome::default();
    for _ in 0..runs {
        let (started, cpu) = (Instant::now(), cpu_ms());
        outcome = work();
        times.push((started.elapsed().as_secs_f64() * 1e3, cpu_ms() - cpu));
    }
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (wall_ms, cpu_ms) = times[times.len() / 2];
    let detail = format!("{} pods Ready, {} virtual ms", outcome.pods_ready, outcome.virtual_millis);
    Figure { name, wall_ms, cpu_ms, events: outcome.events, detail }
}

/// Runs every load and prints the figures, as JSON or as a table.
pub fn bench(json: bool, quick: bool) {
    let runs = if quick { 1 } else { 3 };
    let figures = [
        measure("replicas-1000-claims", runs, || bench::replicas(1_000, 50, true)),
        measure("replicas-1000", runs, || bench::replicas(1_000, 10, false)),
        measure("hours-24-pods-50", runs, || bench::hours(50, 5, 24)),
        measure("fast-forward-50", runs, || bench::hours(50, 5, 1)),
        seek(if quick { 10_000 } else { 100_000 }),
        fingerprint(runs),
    ];
    match json {
        true => print_json(&figures),
        false => print_table(&figures),
    }
}

/// Jumps to random moments of a long run; the figure is the 99th percentile.
fn seek(events: u64) -> Figure {
    let mut timeline = bench::long_timeline(events);
    let moments = bench::moments(&timeline, 500);
    let mut times: Vec<f64> = Vec::new();
    for moment in moments {
        let started = Instant::now();
        timeline.seek(moment);
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let p99 = times[times.len() * 99 / 100];
    let detail = format!("median {:.2} ms, p99 {p99:.2} ms of {} seeks", times[times.len() / 2], times.len());
    Figure { name: "seek-p99", wall_ms: p99, cpu_ms: p99, events: timeline.position(), detail }
}

/// What one fingerprint of a large world costs.
fn fingerprint(runs: usize) -> Figure {
    let world = bench::replicas_world(1_000, 50, true);
    let rounds = 10 * runs;
    let (started, cpu) = (Instant::now(), cpu_ms());
    for _ in 0..rounds {
        bench::fingerprints(&world);
    }
    let each = |ms: f64| ms / (rounds as f64 * f64::from(bench::FINGERPRINTS));
    let (wall_ms, cpu_ms) = (each(started.elapsed().as_secs_f64() * 1e3), each(cpu_ms() - cpu));
    let detail = format!("{:.1} us of cpu each, the world of replicas-1000-claims", cpu_ms * 1e3);
    Figure { name: "fingerprint-1000-claims", wall_ms, cpu_ms, events: world.events, detail }
}

fn print_table(figures: &[Figure]) {
    println!("{:<24} {:>10} {:>10} {:>12}  what", "figure", "wall ms", "cpu ms", "events/s");
    for figure in figures {
        let rate = match figure.name {
            // A seek plays only a few of the events that it could, a fingerprint none.
            "seek-p99" | "fingerprint-1000-claims" => "-".into(),
            _ => format!("{:.0}", figure.events as f64 / figure.wall_ms * 1e3),
        };
        let ms = |value: f64| if value < 1.0 { format!("{value:.3}") } else { format!("{value:.1}") };
        let (wall, cpu) = (ms(figure.wall_ms), ms(figure.cpu_ms));
        println!("{:<24} {wall:>10} {cpu:>10} {rate:>12}  {}", figure.name, figure.detail);
    }
    println!("peak memory {:.1} MB", peak_memory() as f64 / 1e6);
}

fn print_json(figures: &[Figure]) {
    let rows: Vec<String> = figures
        .iter()
        .map(|f| {
            format!(
                r#"{{"name":"{}","wall_ms":{:.3},"cpu_ms":{:.3},"memory_bytes":{},"events":{},"detail":"{}"}}"#,
                f.name,
                f.wall_ms,
                f.cpu_ms,
                peak_memory(),
                f.events,
                f.detail
            )
        })
        .collect();
    println!("[{}]", rows.join(","));
}

/// The most memory that this process has used so far, where the system tells.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0) * 1_024
}

/// Processor time of this process, where the system tells; ticks are hundredths of a second.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<f64> = after.split_whitespace().skip(11).take(2).filter_map(|text| text.parse().ok()).collect();
    fields.iter().sum::<f64>() * 10.0
}
