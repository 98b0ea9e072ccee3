//! `fuzz [--minutes N] [--seed S] [TARGET...]`: the seeded mutator on every target in turn.
//!
//! An input that panics, or takes longer than 2 s, is kept in a file whose name is told; it belongs into `corpus` with the
//! change that mends it. An input that never comes back ends the program after a minute, and is kept as well.

use petri_fuzz::{TARGETS, mutate, texts};
use petri_tests::used;
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const SLOW: Duration = Duration::from_secs(2);
/// How many inputs of one target are tried before it is the next one's turn.
const TURN: u64 = 50;

fn main() -> ExitCode {
    let (mut minutes, mut seed, mut wanted) = (1, 1, Vec::new());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|text| text.parse().ok());
        match word.as_str() {
            "--minutes" => minutes = number().unwrap_or(minutes),
            "--seed" => seed = number().unwrap_or(seed),
            name if TARGETS.iter().any(|(target, _)| *target == name) => wanted.push(name.to_owned()),
            other => {
                eprintln!("fuzz: {other} is not understood");
                return ExitCode::from(2);
            }
        }
    }
    let kept = std::env::var_os("PETRI_FUZZ_KEPT").map_or_else(std::env::temp_dir, PathBuf::from);
    let chosen = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    let targets: Vec<_> = TARGETS.into_iter().filter(|(name, _)| chosen(name)).collect();
    let all: Vec<_> = targets.iter().map(|(name, _)| texts::of(name)).collect();
    let mut chances: Vec<_> = (0..).zip(&targets).map(|(nth, _)| mutate::Chance::new(seed + nth * 1_000)).collect();
    let (mut tried, mut found) = (vec![0_u64; targets.len()], 0);
    watch(kept.join("fuzz-current"));
    std::panic::set_hook(Box::new(|_| {}));
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60 * minutes) && found < 20 {
        for (nth, (name, target)) in targets.iter().enumerate() {
            for _ in 0..TURN {
                let input = mutate::mutated(&all[nth], &mut chances[nth]);
                tried[nth] += 1;
                BEATS.fetch_add(1, Ordering::Relaxed);
                let _ = std::fs::write(kept.join("fuzz-current"), &input);
                let before = used(started);
                let panicked = catch_unwind(|| target(&input)).is_err();
                let took = used(started).saturating_sub(before);
                if panicked || took > SLOW {
                    found += 1;
                    let path = kept.join(format!("fuzz-{name}-{seed}-{}", tried[nth]));
                    let _ = std::fs::write(&path, &input);
                    let what = if panicked { "panics" } else { "is slow" };
                    println!("{name} {what} ({:.1?}): {}", took, path.display());
                }
            }
        }
    }
    for ((name, _), tried) in targets.iter().zip(tried) {
        println!("{name}: {tried} inputs");
    }
    println!("{found} found");
    if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Goes up with every input.
static BEATS: AtomicU64 = AtomicU64::new(0);

/// Ends the program when one input takes longer than a minute.
fn watch(current: PathBuf) {
    std::thread::spawn(move || {
        loop {
            let before = BEATS.load(Ordering::Relaxed);
            std::thread::sleep(Duration::from_secs(60));
            if BEATS.load(Ordering::Relaxed) == before && before > 0 {
                println!("an input does not come back: {}", current.display());
                std::process::exit(1);
            }
        }
    });
}
