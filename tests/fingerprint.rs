//! A fingerprint is kept up to date change by change, and is that of the whole world all the same.

use petri_explore::bench;
use petri_objects::{Name, Time, Uid};
use petri_sim::belief::api::shelf::Objects;
use petri_sim::ground::clock::Span;
use petri_sim::ground::digest::{self, Kept};
use petri_sim::ground::ledger::Ledger;
use petri_sim::reality::machine::ProcessState;
use petri_sim::story::timeline::Timeline;
use petri_sim::world::World;
use petri_swarm::play::Company;
use std::hash::Hash;
use std::rc::Rc;

/// The digest of a ledger with the same entries that was filled one by one.
fn anew<K: Ord + Hash + Clone, V: Hash + Clone>(ledger: &Ledger<K, V>) -> u64 {
    let fresh: Ledger<K, V> = ledger.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    digest::of(&fresh)
}

#[test]
fn after_any_run_what_is_kept_is_what_would_be_computed_anew() {
    for seed in 0..6 {
        let (_, played) = petri_swarm::once(seed, Company::Alone);
        let mut timeline = Timeline::new(played.recording);
        for step in 1..=6 {
            timeline.play_until(timeline.start() + Span::seconds(step * 100));
            check(timeline.world());
        }
    }
}

fn check(world: &World) {
    let mut objects = Objects::default();
    for object in world.objects().kinds().flat_map(|kind| world.objects().list(kind)) {
        objects.put(object);
    }
    assert_eq!(digest::of(&objects), digest::of(world.objects()));
    assert_eq!(objects, *world.objects());
    for machine in world.machines.values() {
        let kubelet = &machine.kubelet;
        assert_eq!(anew(&machine.processes), digest::of(&machine.processes));
        assert_eq!(anew(&kubelet.workers), digest::of(&kubelet.workers));
        assert_eq!(anew(&kubelet.in_use), digest::of(&kubelet.in_use));
        for worker in kubelet.workers.values() {
            assert_eq!(Kept::from(Rc::clone(&worker.pod)), worker.pod);
            assert_eq!(digest::of(&worker.status), digest::of(&digest::of(&**worker.status)));
        }
        if let Some(node) = &kubelet.node {
            assert_eq!(Kept::from(Rc::clone(node)), *node);
        }
    }
}

/// Something about a world that is changed, and changed back.
type Change = (&'static str, fn(&mut World), fn(&mut World));

fn node() -> Name {
    "node-1".into()
}

const CHANGES: &[Change] = &[
    ("the time", |world| world.now.0 += 1, |world| world.now.0 -= 1),
    ("power", |world| on(world).powered = false, |world| on(world).powered = true),
    ("a process", |world| answers(world, false), |world| answers(world, true)),
    ("a worker", |world| gone(world, true), |world| gone(world, false)),
    (
        "a volume in use",
        |world| assert!(on(world).kubelet.in_use.insert("v".into(), ()).is_none()),
        |world| assert!(on(world).kubelet.in_use.remove("v").is_some()),
    ),
    ("a disk", |world| read_only(world, true), |world| read_only(world, false)),
    (
        "an attachment",
        |world| world.disks.attach(&disk(world), &"nowhere".into(), Time(1)),
        |world| world.disks.detach(&disk(world), "nowhere"),
    ),
];

fn on(world: &mut World) -> &mut petri_sim::reality::machine::Machine {
    world.machines.get_mut(&node()).expect("there is a first node")
}
fn answers(world: &mut World, yes: bool) {
    let id = on(world).processes.keys().next().cloned().expect("a process runs on it");
    on(world).processes.update(&id, |process| {
        assert_eq!(process.state, ProcessState::Running);
        process.answers = yes;
    });
}
fn gone(world: &mut World, yes: bool) {
    let uid: Uid = *on(world).kubelet.workers.keys().next().expect("a pod is there");
    on(world).kubelet.workers.update(&uid, |worker| worker.gone = yes);
}
fn disk(world: &World) -> Name {
    world.disks.iter().next().expect("there is a disk").volume.clone()
}
fn read_only(world: &mut World, yes: bool) {
    let disk = disk(world);
    world.disks.on_journal(&disk, |journal| journal.read_only = yes);
}

#[test]
fn whatever_differs_is_in_the_fingerprint_and_leaves_it_again() {
    let mut world = bench::replicas_world(6, 2, true);
    let (before, fingerprint) = (world.clone(), world.fingerprint());
    for (what, there, back) in CHANGES {
        there(&mut world);
        assert_ne!(world, before, "{what}");
        assert_ne!(world.fingerprint(), fingerprint, "{what}");
        back(&mut world);
        assert_eq!(world, before, "{what}");
        assert_eq!(world.fingerprint(), fingerprint, "{what}");
    }
}
