//! What a long run may take. This is a program of its own because it counts what is allocated.

use peak_alloc::PeakAlloc;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use std::collections::BTreeMap;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// What a line like `run 24h` on an idle cluster takes at most, in bytes.
fn peak(lines: &[&str]) -> usize {
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 1));
    let files: BTreeMap<String, String> = BTreeMap::new();
    for line in lines {
        assert_eq!(petri_console::run(line, &mut timeline, &files).code, 0, "{line}");
    }
    ALLOCATED.peak_usage() - before
}

/// A cache that trails has a line of changes to hear of. Every kept moment of a run has a copy of that line: if a copy
/// cost what is in it, a day would take a gigabyte.
#[test]
fn a_cache_that_trails_costs_what_has_changed() {
    let without = peak(&["run 24h"]);
    let [half, whole] =
        ["12h", "24h"].map(|run| peak(&["delay cache namespace-controller 24h", &format!("run {run}")]));
    println!("a day: {without} bytes; trailing: {half} bytes after half of it, {whole} after all of it");
    assert!(whole < 64 << 20, "{whole} bytes");
    assert!(whole < half * 5 / 2, "{half} bytes for half a day, {whole} for a whole one");
}
