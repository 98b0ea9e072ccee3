//! The replayed sync: both grains come to the same end, and a sync cut in the middle is a value.

use petri_explore::bench::stateful_set;
use petri_sim::ground::clock::Span;
use petri_sim::ground::scenario::Scenario;
use petri_sim::words::command::Command;
use petri_sim::words::controller_id::ControllerId;
use petri_sim::world::{Grain, World};
use std::rc::Rc;

fn world(grain: Grain) -> World {
    let mut world = World::new(&Scenario::standard(), 5);
    world.set_grain(grain);
    let manifest = stateful_set("web", 3, false, true, None);
    world.command(&Command::Apply(Rc::new(manifest)), &mut Vec::new()).expect("the manifest is valid");
    world
}

/// What a person would compare: pods, claims, status, processes.
fn picture(world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    for pod in world.objects().pods.values() {
        lines.push(format!("{} {} ready={}", pod.metadata.name, pod.phase().as_str(), pod.is_ready()));
    }
    for claim in world.objects().claims.values() {
        lines.push(format!("{} {}", claim.metadata.name, claim.status.phase));
    }
    for set in world.objects().stateful_sets.values() {
        lines.push(format!("{:?}", set.status));
    }
    for machine in world.machines.values() {
        lines.extend(machine.processes.values().map(|process| format!("runs {}", process.identity.pod)));
    }
    lines.sort();
    lines
}

#[test]
fn both_grains_reach_the_same_end() {
    let (mut coarse, mut fine) = (world(Grain::Coarse), world(Grain::Fine));
    let end = coarse.start + Span::seconds(120);
    coarse.run_until(end, &mut Vec::new());
    fine.run_until(end, &mut Vec::new());
    assert_eq!(picture(&coarse), picture(&fine));
    assert!(picture(&coarse).iter().any(|line| line == "web-2 Running ready=true"));
    assert!(fine.events > coarse.events, "requests and answers are events of their own");
}

/// Plays until the StatefulSet controller is in the middle of a sync that has already written.
fn cut_in_the_middle() -> World {
    let mut world = world(Grain::Fine);
    loop {
        assert!(world.step(&mut Vec::new()), "the controller syncs");
        if world.pending().get(&ControllerId::StatefulSet).is_some_and(|pending| !pending.past.is_empty()) {
            return world;
        }
    }
}

#[test]
fn a_cut_sync_can_be_cloned_and_both_copies_go_on_alike() {
    let mut one = cut_in_the_middle();
    let mut two = one.clone();
    assert_eq!(one.fingerprint(), two.fingerprint());
    let end = one.start + Span::seconds(120);
    one.run_until(end, &mut Vec::new());
    two.run_until(end, &mut Vec::new());
    assert_eq!(one.fingerprint(), two.fingerprint());
}

#[test]
fn a_controller_that_crashes_in_the_middle_of_a_sync_starts_over_and_finishes() {
    let mut world = cut_in_the_middle();
    let controller = ControllerId::StatefulSet;
    world.command(&Command::CrashController { controller }, &mut Vec::new()).expect("controllers can crash");
    assert!(world.pending().get(&controller).is_none_or(|pending| pending.past.is_empty()));
    world.run_until(world.start + Span::seconds(120), &mut Vec::new());
    let mut whole = self::world(Grain::Coarse);
    whole.run_until(whole.start + Span::seconds(120), &mut Vec::new());
    assert_eq!(picture(&world), picture(&whole));
}

#[test]
fn a_lost_reply_leaves_one_pod_and_not_two() {
    let mut world = world(Grain::Coarse);
    let controller = ControllerId::StatefulSet;
    world.command(&Command::LoseReply { controller }, &mut Vec::new()).expect("replies can get lost");
    world.run_until(world.start + Span::seconds(120), &mut Vec::new());
    let mut whole = self::world(Grain::Coarse);
    whole.run_until(whole.start + Span::seconds(120), &mut Vec::new());
    assert_eq!(picture(&world), picture(&whole));
}
