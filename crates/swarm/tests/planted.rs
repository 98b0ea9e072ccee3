//! The swarm can fail: each of six errors that are planted in the engine is found within 2,000 seeds, by what must be true of
//! any cluster and by nothing that knows the error.
//!
//! `cargo test --profile native -p petri-swarm --features planted --test planted -- --nocapture` says which seeds found what.

use petri_sim::ground::planted::{Error, plant};

const SEEDS: u64 = 2_000;

fn is_found(error: Error) {
    plant(Some(error));
    let found =
        (0..SEEDS).find_map(|seed| petri_swarm::run(seed).played.complaints.into_iter().next().map(|c| (seed, c)));
    plant(None);
    let (seed, complaint) = found.unwrap_or_else(|| panic!("{error:?} is not found in {SEEDS} seeds"));
    println!("{error:?}: seed {seed}: {complaint}");
    // Without the error the same seed has nothing to complain of.
    let without = petri_swarm::run(seed).played.complaints;
    assert!(without.is_empty(), "seed {seed} fails by itself: {without:?}");
}

#[test]
fn a_lost_requeue_is_found() {
    is_found(Error::LostRequeue);
}

#[test]
fn a_claim_that_is_bound_twice_is_found() {
    is_found(Error::ClaimBoundTwice);
}

#[test]
fn a_ghost_that_is_forgotten_is_found() {
    is_found(Error::ForgottenGhost);
}

#[test]
fn a_stale_standing_is_found() {
    is_found(Error::StaleStanding);
}

#[test]
fn a_loop_at_one_instant_is_found() {
    is_found(Error::LoopAtOneInstant);
}

#[test]
fn a_trace_of_reads_is_found() {
    is_found(Error::TraceOfReads);
}
