//! Random faults by seed, then a phase without faults in which everything must converge.

use petri_explore::swarm;

/// How many seeds; `PETRI_SWARM` asks for more.
fn seeds() -> u64 {
    std::env::var("PETRI_SWARM").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000)
}

fn check(seeds: u64, lies: bool, slow: bool) {
    let mut failures = Vec::new();
    let mut commands = 0;
    for seed in 0..seeds {
        let run = swarm::run_with(seed, lies, slow);
        commands += run.commands;
        if !run.complaints.is_empty() {
            let lines: Vec<String> = run
                .recording
                .commands
                .iter()
                .map(|s| {
                    let at = petri_sim::ground::clock::elapsed(s.at.since(run.recording.scenario.start));
                    format!("  {at} {}", s.command.line())
                })
                .collect();
            failures.push(format!("seed {seed}: {}\n{}", run.complaints.join("; "), lines.join("\n")));
        }
    }
    assert!(commands > seeds * 5, "the swarm did next to nothing");
    let shown: Vec<&String> = failures.iter().take(3).collect();
    assert!(failures.is_empty(), "{} of {} seeds failed:\n{shown:#?}", failures.len(), seeds);
}

#[test]
fn without_lies_no_fault_breaks_a_promise_and_everything_converges() {
    check(seeds(), false, false);
}

#[test]
fn lies_break_at_most_one_and_one_writer_and_nothing_else() {
    check(seeds(), true, false);
}

#[test]
fn what_is_slow_or_half_broken_breaks_no_promise_and_everything_converges() {
    check(seeds() / 5, false, true);
    check(seeds() / 10, true, true);
}

#[test]
fn the_swarm_can_fail() {
    // Among runs with force deletes some break at-most-one: a harness that never saw one would be blind.
    let broken = (0..60).filter(|seed| {
        let run = swarm::run(*seed, true);
        let mut timeline = petri_sim::story::timeline::Timeline::new(run.recording.clone());
        let last = run.recording.commands.last().map_or(timeline.start(), |s| s.at);
        timeline.play_until(last);
        petri_explore::breach(timeline.notes(), petri_sim::words::invariants::Guarantee::AtMostOne).is_some()
    });
    assert!(broken.count() > 0);
}
