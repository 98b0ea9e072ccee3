//! Fences from a hostile hand: reading one never panics, takes at most 100 ms and 64 MB, and what is wrong is said in words.
//!
//! Ten thousand are tried. This is a program of its own because it counts what is allocated.

use peak_alloc::PeakAlloc;
use petri_fuzz::mutate::{Chance, mutated};
use petri_fuzz::{TARGETS, texts};
use petri_lessons::fence::Fence;
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

#[test]
fn ten_thousand_mutated_fences_and_attributes_are_read_or_refused_in_words() {
    let texts = texts::of("fence");
    let (_, target) = TARGETS.into_iter().find(|(name, _)| *name == "fence").expect("fences are a target");
    let mut chance = Chance::new(12);
    let (mut sound, mut refused, mut harmless) = (0, 0, 0);
    for number in 0..MANY {
        let bytes = mutated(&texts, &mut chance);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (words, body) = text.split_once('\n').unwrap_or((&text, ""));
        ALLOCATED.reset_peak_usage();
        let (before, started) = (ALLOCATED.current_usage(), Instant::now());
        let from = used(started);
        let fence = Fence::read(words, body);
        let (took, most) = (used(started) - from, ALLOCATED.peak_usage().saturating_sub(before));
        assert!(took <= LONGEST && most <= LARGEST, "{number}: {took:?}, {most} bytes\n{text}");
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
