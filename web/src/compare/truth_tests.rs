//! The figures of courses are those of the world: random runs of the swarm are counted anew, moment by moment, and without
//! what Compare counts with.

use super::course::Course;
use petri_objects::{Meta, Span, Time};
use petri_sim::reality::machine::ProcessState;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::invariants::{Guarantee, Standing};
use petri_sim::world::World;
use petri_swarm::once;
use petri_swarm::play::Company;
use petri_swarm::script::Step;
use std::collections::BTreeMap;

/// How many runs; `PETRI_PICTURES` asks for more, or fewer.
fn runs() -> u64 {
    std::env::var("PETRI_PICTURES").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
}

/// What was done in a run of the swarm, and when it ended.
fn recorded(seed: u64) -> (Recording, Time) {
    let (script, _) = once(seed, Company::Alone);
    let (mut timeline, files) = (script.begin(), BTreeMap::new());
    for step in &script.steps {
        match step {
            Step::Run(span) => timeline.play_until(timeline.now() + *span),
            step => {
                petri_console::run(&step.text(), &mut timeline, &files);
            }
        }
    }
    (timeline.recording().clone(), timeline.now())
}

/// Whether an object belongs to one of these, through a ReplicaSet or directly.
fn belongs(world: &World, meta: &Meta, set: &Meta) -> bool {
    let Some(owner) = meta.controller() else { return false };
    let between = world.objects().replica_sets.values().find(|between| between.metadata.uid == owner.uid);
    owner.uid == set.uid || between.is_some_and(|between| belongs(world, &between.metadata, set))
}

/// Asked for, serving, and running beyond that.
fn counted(world: &World) -> (u32, u32, u32) {
    let objects = world.objects();
    let sets = objects.stateful_sets.values().map(|set| (&set.metadata, set.replicas()));
    let deployments = objects.deployments.values().map(|set| (&set.metadata, set.replicas()));
    let plain = objects.replica_sets.values().filter(|set| set.metadata.controller().is_none());
    let plain = plain.map(|set| (&set.metadata, set.replicas()));
    let mut sum = (0, 0, 0);
    for (set, replicas) in sets.chain(deployments).chain(plain) {
        let asked = replicas.max(0).unsigned_abs();
        let serving = objects.pods.values().filter(|pod| {
            let Some(machine) = world.machines.get(&pod.spec.node_name) else { return false };
            let mut processes = 0;
            for (id, process) in machine.processes.iter().filter(|(id, _)| id.pod == pod.metadata.uid) {
                let _ = id;
                if !process.answers || process.state != ProcessState::Running {
                    return false;
                }
                processes += 1;
            }
            let is_heard = machine.powered && world.network.reaches_control_plane(&machine.name);
            belongs(world, &pod.metadata, set) && pod.is_ready() && !pod.is_terminating() && is_heard && processes > 0
        });
        let serving = u32::try_from(serving.count()).unwrap_or(u32::MAX);
        let mut running = 0;
        for machine in world.machines.values().filter(|machine| machine.powered) {
            let mut pods: Vec<_> = machine
                .processes
                .iter()
                .filter(|(_, process)| {
                    let owner = process.owner.as_ref().map(|owner| owner.uid);
                    let made = objects.replica_sets.values().find(|made| Some(made.metadata.uid) == owner);
                    let is_own = owner == Some(set.uid) || made.is_some_and(|made| belongs(world, &made.metadata, set));
                    process.state == ProcessState::Running && is_own
                })
                .map(|(id, _)| id.pod)
                .collect();
            pods.dedup();
            running += u32::try_from(pods.len()).unwrap_or(u32::MAX);
        }
        sum = (sum.0 + asked, sum.1 + serving.min(asked), sum.2 + running.saturating_sub(asked));
    }
    sum
}

/// What of a course is told otherwise than it is.
fn lies(seed: u64) -> Vec<String> {
    let (recording, end) = recorded(seed);
    let mut course = Course::new(&recording, end);
    let mut timeline = Timeline::new(recording);
    let (mut lies, mut moments) = (Vec::new(), Vec::new());
    loop {
        let goes_on = course.advance();
        let at = course.timeline.now();
        timeline.play_until(at);
        let level = course.levels.last().expect("it was looked at");
        let counted = counted(timeline.world());
        if (level.asked, level.serving, level.surplus) != counted {
            lies.push(format!("seed {seed}: {level:?}, and it is {counted:?}"));
        }
        let broken = timeline.world().invariants.standing.iter().any(|((guarantee, _), standing)| {
            *guarantee == Guarantee::AtMostOne && matches!(standing, Standing::Broken { .. })
        });
        moments.push((at, counted, broken));
        if !goes_on {
            break;
        }
    }
    let (mut had, mut asked, mut short) = (0u128, 0u128, Span::ZERO);
    for pair in moments.windows(2) {
        let (span, (wanted, serving, _)) = (pair[1].0.since(pair[0].0), pair[0].1);
        had += u128::from(span.0) * u128::from(serving);
        asked += u128::from(span.0) * u128::from(wanted);
        short = short + if serving < wanted { span } else { Span::ZERO };
    }
    let from = moments[0].0;
    let served = (had * 1_000).checked_div(asked).map_or(1_000, |share| share as u64);
    let told = (course.served(from), course.lasted(from, |level| level.serving < level.asked));
    // A clock that stands still ends a course before its end.
    if moments.last().is_some_and(|last| last.0 == end) && told != (served, short) {
        lies.push(format!("seed {seed}: {told:?} is told of {:?}", (served, short)));
    }
    let mut breaks = course.broken.iter().filter(|span| span.guarantee == Guarantee::AtMostOne);
    for (at, _, broken) in moments {
        let told = breaks.clone().any(|span| span.from <= at && at < span.to);
        if told != broken && at < end {
            lies.push(format!("seed {seed}: at {at:?} one name twice is {broken}, told is {told}"));
        }
    }
    if breaks.next().is_none() && course.broken_for(Guarantee::AtMostOne) > Span::ZERO {
        lies.push(format!("seed {seed}: one name twice without a span"));
    }
    lies
}

#[test]
fn the_figures_of_a_course_are_those_of_the_world() {
    let found: Vec<String> = (0..runs()).flat_map(lies).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
