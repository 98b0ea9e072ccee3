//! Fences and addresses from a hostile hand: reading one never panics, takes at most 100 ms and 64 MB, and what is wrong is
//! said in words.
//!
//! Ten thousand of each are tried. This is a program of its own because it counts what is allocated.

use peak_alloc::PeakAlloc;
use petri_fuzz::mutate::{Chance, mutated};
use petri_fuzz::{TARGETS, Target, texts};
use petri_lessons::fence::{Fence, address};
use petri_sim::story::link;
use petri_tests::used;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const MANY: usize = 10_000;
/// A build for development may take twice as long.
const LONGEST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 200 } else { 100 });
const LARGEST: usize = 64 << 20;
/// One in so many is also played, which takes longer.
const PLAYED: usize = 200;

/// Reads one of many, and holds it to the bounds.
fn within_bounds<R>(number: usize, text: &str, read: impl FnOnce() -> R) -> R {
    ALLOCATED.reset_peak_usage();
    let (before, started) = (ALLOCATED.current_usage(), Instant::now());
    let from = used(started);
    let result = read();
    let (took, most) = (used(started) - from, ALLOCATED.peak_usage().saturating_sub(before));
    assert!(took <= LONGEST && most <= LARGEST, "{number}: {took:?}, {most} bytes\n{text}");
    result
}

fn target(wanted: &str) -> Target {
    TARGETS.into_iter().find(|(name, _)| *name == wanted).expect("it is a target").1
}

/// One after the other: what is allocated is counted for the whole program.
#[test]
fn ten_thousand_mutated_fences_and_as_many_addresses_are_read_or_refused_in_words() {
    fences();
    addresses();
}

fn fences() {
    let (texts, target) = (texts::of("fence"), target("fence"));
    let mut chance = Chance::new(12);
    let (mut sound, mut refused, mut harmless) = (0, 0, 0);
    for number in 0..MANY {
        let bytes = mutated(&texts, &mut chance);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (words, body) = text.split_once('\n').unwrap_or((&text, ""));
        let fence = within_bounds(number, &text, || Fence::read(words, body));
        assert!(fence.problems.iter().all(|problem| problem.message.contains(' ')), "{number}: {:?}", fence.problems);
        harmless += usize::from(fence.problems.iter().any(|problem| problem.is_harmless));
        if fence.is_sound() {
            sound += 1
        } else {
            refused += 1
        }
        if number % PLAYED == 0 {
            target(&bytes);
        }
    }
    // The mutator leaves some whole and breaks some in each way.
    assert!(sound > 500 && refused > 500 && harmless > 100, "{sound} sound, {refused} refused, {harmless} with a word");
}

fn addresses() {
    let (texts, target) = (texts::of("address"), target("address"));
    let mut chance = Chance::new(13);
    let (mut fences, mut runs, mut refused, mut left_out, mut neither) = (0, 0, 0, 0, 0);
    for number in 0..MANY {
        let bytes = mutated(&texts, &mut chance);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (search, hash) = text.split_once('\n').unwrap_or((&text, ""));
        let (fence, run, problems) = within_bounds(number, &text, || {
            (address::fence(search, hash), link::from_fragment(hash), address::attributes(search).1)
        });
        assert!(problems.iter().all(|problem| problem.contains(' ')), "{number}: {problems:?}");
        left_out += usize::from(!problems.is_empty());
        match (fence, run) {
            (Some(_), _) => fences += 1,
            (None, Some(Ok(_))) => runs += 1,
            (None, Some(Err(problem))) => {
                assert!(problem.words.contains(' ') && problem.words.len() < 400, "{number}: {}", problem.words);
                refused += 1;
            }
            (None, None) => neither += 1,
        }
        if number % PLAYED == 0 {
            target(&bytes);
        }
    }
    let told = format!("{fences} fences, {runs} runs, {refused} refused, {neither} neither, {left_out} with a word");
    println!("{told}");
    assert!(fences > 500 && runs > 100 && refused > 500 && neither > 100 && left_out > 500, "{told}");
}
