//! The same recording unfolds in the same way: twice, and natively as in the browser.

use petri_explore::bench;
use petri_sim::ground::clock::Span;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::world::World;

#[test]
fn the_same_recording_unfolds_twice_in_the_same_way() {
    for seed in 0..5 {
        let recording = swarm_recording(seed);
        assert_eq!(replay(&recording), replay(&recording), "seed {seed}");
    }
}

/// What a random run has done to its cluster.
fn swarm_recording(seed: u64) -> Recording {
    petri_swarm::once(seed, petri_swarm::play::Company::Alone).1.recording
}

fn replay(recording: &Recording) -> u64 {
    let mut timeline = Timeline::new(recording.clone());
    let last = recording.commands.last().map_or(timeline.start(), |stamped| stamped.at);
    timeline.play_until(last + Span::seconds(600));
    timeline.world().fingerprint().0
}

#[test]
fn another_seed_unfolds_differently() {
    let end = |seed| {
        let mut world = World::new(&Scenario::standard(), seed);
        world.run_until(world.start + Span::seconds(60), &mut Vec::new());
        world.fingerprint()
    };
    assert_ne!(end(1), end(2));
    assert_eq!(end(1), end(1));
}

#[test]
fn seeking_is_the_same_as_having_been_there() {
    let recording = swarm_recording(3);
    let mut timeline = Timeline::new(recording.clone());
    let end = recording.commands.last().map_or(timeline.start(), |s| s.at) + Span::seconds(300);
    timeline.play_until(end);
    let mut straight = Vec::new();
    for moment in bench::moments(&timeline, 40) {
        let mut fresh = Timeline::new(recording.clone());
        fresh.play_until(moment);
        straight.push((moment, fresh.world().fingerprint()));
    }
    for (moment, fingerprint) in straight.iter().chain(straight.iter().rev()) {
        timeline.seek(*moment);
        assert_eq!(timeline.world().fingerprint(), *fingerprint);
    }
}

#[test]
fn stepping_back_and_forth_comes_to_the_same_world() {
    let mut timeline = Timeline::new(swarm_recording(4));
    timeline.play_until(timeline.start() + Span::seconds(40));
    let mut forward = vec![timeline.world().fingerprint()];
    for _ in 0..20 {
        timeline.step();
        forward.push(timeline.world().fingerprint());
    }
    let last = forward.pop();
    assert_eq!(Some(timeline.world().fingerprint()), last);
    for fingerprint in forward.into_iter().rev().take(19) {
        assert!(timeline.step_back());
        assert_eq!(timeline.world().fingerprint(), fingerprint);
    }
}

/// The same list is asserted in the browser: see `web/tests/browser.rs`.
#[test]
fn natively_and_in_the_browser_the_fingerprints_are_the_same() {
    let found: Vec<String> = petri_lessons::fingerprints();
    let kept = petri_lessons::FINGERPRINTS;
    assert_eq!(found, kept, "if the change of behaviour is meant, put these into petri-lessons: {found:#?}");
}
