//! `petri swarm`: seeds played by several threads, what they found, and how fast.

use petri_swarm::oracle::{Complaint, Sight};
use petri_swarm::play::{Company, told};
use petri_swarm::{Run, once, run as seed_run, shrink};
use std::collections::BTreeSet;
use std::ops::Range;
use std::panic::catch_unwind;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

const HELP: &str = "petri swarm: random clusters in random trouble

  --seeds A..B     these seeds (0..1000)
  --seconds N      no longer than that; seeds that were not reached are not counted
  --jobs N         so many threads (one for each processor)
  --least N        fail below so many seeds a second
  --shrink N       make so many findings small, each of another rule (3); 0 for none
  --fingerprints   print each seed's final fingerprint and nothing else
  --show           print each seed as a transcript and nothing else
";

struct Options {
    seeds: Range<u64>,
    limit: Option<Duration>,
    jobs: usize,
    least: f64,
    shrink: usize,
    fingerprints: bool,
    show: bool,
}

/// What a thread tells of a seed.
struct Told {
    seed: u64,
    events: u64,
    lines: u64,
    sight: Sight,
    took: Duration,
    complaints: Vec<Complaint>,
}

pub fn run(words: &[String]) -> ExitCode {
    let options = match read(words) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("petri swarm: {problem}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    if options.fingerprints {
        for seed in options.seeds {
            println!("{seed} {:016x}", fingerprint(seed));
        }
        return ExitCode::SUCCESS;
    }
    if options.show {
        for seed in options.seeds {
            let (script, played) = once(seed, Company::Alone);
            println!("{}", script.transcript(&format!("Seed {seed}: {} events", played.events), &played.quiet));
        }
        return ExitCode::SUCCESS;
    }
    // What a seed finds is told below, once.
    std::panic::set_hook(Box::new(|_| {}));
    let started = Instant::now();
    let all = play(&options, started);
    let took = started.elapsed();
    let failed: Vec<&Told> = all.iter().filter(|told| !told.complaints.is_empty()).collect();
    for told in failed.iter().take(50) {
        println!("seed {}: {}", told.seed, told.complaints[0]);
        told.complaints.iter().skip(1).take(4).for_each(|complaint| println!("    {complaint}"));
    }
    show_small(&failed, options.shrink);
    summary(&options, &all, failed.len(), took)
}

fn summary(options: &Options, all: &[Told], failed: usize, took: Duration) -> ExitCode {
    // Others may use the machine as well: what counts is the processors' time, where the system tells of it.
    let busy = all.iter().map(|told| told.took).sum::<Duration>().as_secs_f64() / options.jobs as f64;
    let (rate, seen) = (all.len() as f64 / busy, all.len() as f64 / took.as_secs_f64());
    let (events, lines) = all.iter().fold((0, 0), |(events, lines), told| (events + told.events, lines + told.lines));
    let last = all.iter().map(|told| told.seed).max().map_or(options.seeds.start, |seed| seed + 1);
    let sum = |of: fn(&Sight) -> u64| all.iter().map(|told| of(&told.sight)).sum::<u64>();
    let (workloads, excused) = (sum(|sight| sight.workloads), sum(|sight| sight.excused));
    println!("{workloads} workloads at the end, of which {excused} need not be complete");
    if let Some(slowest) = all.iter().max_by_key(|told| told.took) {
        println!("the slowest is seed {}: {:.0?}", slowest.seed, slowest.took);
    }
    println!(
        "{} seeds ({}..{last}) in {:.1} s with {} threads: {seen:.1} seeds a second ({rate:.1} by the \
         processors' time), {lines} lines, {events} events; {failed} failed",
        all.len(),
        options.seeds.start,
        took.as_secs_f64(),
        options.jobs,
    );
    if rate < options.least {
        println!("that is less than {} seeds a second", options.least);
        return ExitCode::FAILURE;
    }
    if failed > 0 || all.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The final fingerprint of a seed that is played once, as the browser plays it too.
fn fingerprint(seed: u64) -> u64 {
    once(seed, Company::Alone).1.marks.last().copied().unwrap_or_default()
}

/// Every seed by some thread.
fn play(options: &Options, started: Instant) -> Vec<Told> {
    let (next, enough) = (AtomicU64::new(options.seeds.start), AtomicBool::new(false));
    let (tell, hear) = channel();
    thread::scope(|scope| {
        for _ in 0..options.jobs {
            let (tell, next, enough) = (tell.clone(), &next, &enough);
            scope.spawn(move || work(options, started, next, enough, &tell));
        }
        drop(tell);
        let mut all: Vec<Told> = hear.iter().collect();
        all.sort_by_key(|told| told.seed);
        all
    })
}

fn work(options: &Options, started: Instant, next: &AtomicU64, enough: &AtomicBool, tell: &Sender<Told>) {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if options.limit.is_some_and(|limit| started.elapsed() >= limit) {
            enough.store(true, Ordering::Relaxed);
        }
        if seed >= options.seeds.end || enough.load(Ordering::Relaxed) {
            return;
        }
        let began = (Instant::now(), used());
        let told = match catch_unwind(|| seed_run(seed)) {
            Ok(Run { played, .. }) => Told {
                seed,
                events: played.events,
                lines: played.marks.len() as u64,
                sight: played.sight,
                took: since(began),
                complaints: played.complaints,
            },
            Err(panic) => {
                let complaint = Complaint { rule: petri_swarm::oracle::Rule::Panic, text: told(&*panic) };
                Told {
                    seed,
                    events: 0,
                    lines: 0,
                    sight: Sight::default(),
                    took: since(began),
                    complaints: vec![complaint],
                }
            }
        };
        if tell.send(told).is_err() {
            return;
        }
    }
}

/// How much of a processor this thread has used, if the system tells.
fn used() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// How much it has used since then, or how much time has passed.
fn since((began, before): (Instant, Option<Duration>)) -> Duration {
    match (used(), before) {
        (Some(now), Some(before)) => now - before,
        _ => began.elapsed(),
    }
}

/// The first finding of each rule, made small.
fn show_small(failed: &[&Told], most: usize) {
    let mut shown = BTreeSet::new();
    for told in failed {
        let rule = told.complaints[0].rule;
        if shown.len() >= most || !shown.insert(rule) {
            continue;
        }
        let small = catch_unwind(|| {
            let run = seed_run(told.seed);
            let (script, played) = shrink::shrink(&run.script, rule);
            let complaint = played.complaints.iter().find(|complaint| complaint.rule == rule);
            let title = complaint.map_or_else(|| "Not found again".into(), |complaint| complaint.to_string());
            script.transcript(&format!("Seed {}: {title}", told.seed), &played.quiet)
        });
        match small {
            Ok(transcript) => println!("\n{transcript}"),
            Err(panic) => {
                println!("\nseed {} could not be made small: {}\n", told.seed, petri_swarm::play::told(&*panic))
            }
        }
    }
}

/// `None` if help is asked for.
fn read(words: &[String]) -> Result<Option<Options>, String> {
    let jobs = thread::available_parallelism().map_or(1, usize::from);
    let mut options =
        Options { seeds: 0..1_000, limit: None, jobs, least: 0.0, shrink: 3, fingerprints: false, show: false };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--help" => return Ok(None),
            "--seeds" => options.seeds = range(value()?)?,
            "--seconds" => options.limit = Some(Duration::from_secs(number(value()?)?)),
            "--jobs" => options.jobs = number(value()?)?.max(1) as usize,
            "--least" => options.least = number(value()?)? as f64,
            "--shrink" => options.shrink = number(value()?)? as usize,
            "--show" => options.show = true,
            "--fingerprints" => options.fingerprints = true,
            other => return Err(format!("{other} is not understood")),
        }
    }
    Ok(Some(options))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

/// `100..200`, or `7` for one seed.
fn range(text: &str) -> Result<Range<u64>, String> {
    match text.split_once("..") {
        Some((from, to)) => Ok(number(from)?..number(to)?),
        None => number(text).map(|seed| seed..seed + 1),
    }
}
