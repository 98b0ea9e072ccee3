//! The brackets at the control plane: a set each, with a cell for every pod and a slot for every pod that is not there.

use super::super::facts::Facts;
use super::super::marks::{BracketView, CellView, TileState, TileView, Target, Tone};
use super::super::words;
use super::{Held, Intention, Notch, Set, Spec};
use petri_objects::{Kind, Time, Uid};
use std::collections::{BTreeMap, BTreeSet};

/// More cells than this are not drawn: those in trouble are, and the rest is said.
const CELLS: usize = 12;

/// One bracket per set, in order of creation. `tiles` are all of the picture's.
pub fn brackets<'t>(
    intention: &Intention,
    facts: &Facts,
    tiles: impl Iterator<Item = &'t TileView>,
) -> Vec<BracketView> {
    let by_uid: BTreeMap<Uid, &TileView> = tiles.map(|tile| (tile.uid, tile)).collect();
    let running = running(intention, facts);
    intention
        .sets
        .iter()
        .enumerate()
        .map(|(place, set)| bracket(set, intention, facts, &by_uid, running.get(&place)))
        .collect()
}

/// Pods of each set that run somewhere, and those of them that nobody can have stopped.
#[derive(Default)]
struct Runs {
    all: BTreeSet<(Time, Uid)>,
    unconfirmed: u32,
    serving: u32,
}

fn running(intention: &Intention, facts: &Facts) -> BTreeMap<usize, Runs> {
    let mut found: BTreeMap<usize, Runs> = BTreeMap::new();
    for running in facts.running() {
        let Some(owner) = &running.process.owner else { continue };
        let Some(place) = intention.owners.get(&owner.uid) else { continue };
        let runs = found.entry(*place).or_default();
        runs.all.insert((running.process.started, running.uid));
        let pod = facts.pod(running.uid);
        let gone = pod.is_none_or(|pod| pod.is_terminating());
        runs.unconfirmed += u32::from(gone && (pod.is_none() || !facts.answers(running.node)));
        runs.serving += u32::from(pod.is_some_and(|pod| pod.is_ready()) && running.process.answers);
    }
    found
}

fn bracket(
    set: &Set,
    intention: &Intention,
    facts: &Facts,
    tiles: &BTreeMap<Uid, &TileView>,
    runs: Option<&Runs>,
) -> BracketView {
    let mut cells: Vec<CellView> = Vec::new();
    let of = |uid: Uid| tiles.get(&uid).map(|tile| CellView::Pod((*tile).clone()));
    let ordinals = set.ordinals();
    if matches!(set.spec, Spec::Stateful(_)) {
        cells.extend(ordinals.clone().take(CELLS * 100).filter_map(|ordinal| match set.pod(ordinal) {
            Some(pod) => of(pod.metadata.uid),
            None if set.is_terminating() => None,
            None => Some(CellView::Slot(Some(ordinal))),
        }));
        let beyond = |uid: &Uid| facts.pod(*uid).and_then(|pod| super::super::Identity::of(pod).ordinal);
        let rest = set.pods.iter().map(|pod| pod.metadata.uid);
        cells.extend(rest.filter(|uid| beyond(uid).is_none_or(|n| !ordinals.contains(&n))).filter_map(of));
    } else {
        cells.extend(set.pods.iter().filter_map(|pod| of(pod.metadata.uid)));
        let active = set.pods.iter().filter(|pod| pod.is_active()).count();
        let missing = if set.is_terminating() { 0 } else { (set.asked as usize).saturating_sub(active) };
        cells.extend((0..missing.min(CELLS + 1)).map(|_| CellView::Slot(None)));
    }
    let held = Held::of(set, intention, facts);
    let ready = set.ready();
    let bar = set.partition().filter(|_| cells.iter().any(|cell| cell.notch() != Notch::None)).map(|first| {
        cells.iter().take_while(|cell| cell.ordinal().is_some_and(|ordinal| ordinal < first)).count()
    });
    let many = cells.len() > CELLS;
    let in_trouble = |cell: &CellView| match cell {
        CellView::Pod(tile) => tile.state != TileState::Ready || tile.revision.notch == Notch::Neither,
        CellView::Slot(_) => true,
    };
    let (line, tone) = line(set, held.as_ref(), runs, ready, facts);
    let troubled = cells.iter().filter(|cell| in_trouble(cell)).count();
    let (line, tone) = match () {
        () if many && troubled > 0 && line == AS_ASKED => (format!("{troubled} on their way or in trouble"), Tone::Calm),
        () => (line, tone),
    };
    if many {
        cells.retain(in_trouble);
        cells.truncate(CELLS);
    }
    let kind = match set.object.kind {
        Kind::StatefulSet if set.is_on_delete() => "OnDelete",
        Kind::StatefulSet => "StatefulSet",
        Kind::Deployment => "Deployment",
        _ => "ReplicaSet",
    };
    let count = format!("{} asked, {ready} ready", set.asked);
    BracketView {
        label: format!("{} {}: {count}; {line}", set.object.kind.name(), set.object.name),
        target: Target::Object(set.object.clone()),
        name: set.object.name.to_string(),
        kind,
        sign: intention.sign(set.meta.uid),
        count,
        line,
        tone,
        bar: bar.filter(|_| !many),
        cells,
        asked: set.asked,
        more_than_asked: more_than_asked(set, runs),
    }
}

const AS_ASKED: &str = "as asked";

/// What runs, if that is more than asked for because nobody can stop some of it.
fn more_than_asked(set: &Set, runs: Option<&Runs>) -> Vec<Uid> {
    let more = |runs: &&Runs| runs.unconfirmed > 0 && runs.all.len() > set.asked as usize;
    let runs = runs.filter(more).filter(|_| !matches!(set.spec, Spec::Stateful(_)));
    runs.map_or_else(Vec::new, |runs| runs.all.iter().map(|(_, uid)| *uid).collect())
}

/// What holds the set back, or where its machines differ from what is believed.
fn line(set: &Set, held: Option<&Held>, runs: Option<&Runs>, ready: u32, facts: &Facts) -> (String, Tone) {
    if let Some(held) = held.filter(|held| held.is_overdue()) {
        return (held.brief(set, facts.now), Tone::Risk);
    }
    let more = more_than_asked(set, runs);
    if !more.is_empty() {
        return (format!("{} run", more.len()), Tone::Calm);
    }
    let serving = runs.map_or(0, |runs| runs.serving);
    if serving < ready {
        return (format!("{serving} serve"), Tone::Risk);
    }
    match held {
        Some(held) => (held.brief(set, facts.now), Tone::Calm),
        None if ready == set.asked && set.pods.len() as u32 == set.asked => (AS_ASKED.to_owned(), Tone::Calm),
        None => (on_its_way(set), Tone::Calm),
    }
}

fn on_its_way(set: &Set) -> String {
    let active = set.pods.iter().filter(|pod| pod.is_active()).count() as u32;
    let (leaving, missing) = (set.pods.len() as u32 - active, set.asked.saturating_sub(active));
    match (leaving, missing) {
        (_, missing) if missing > 0 => format!("{missing} not there"),
        (leaving, _) if leaving > 0 => format!("{} stopping", words::plural(leaving, "pod")),
        _ if active > set.asked => format!("{} too many", active - set.asked),
        _ => "on the way".to_owned(),
    }
}
