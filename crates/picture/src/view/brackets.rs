//! The brackets at the control plane: a set each, with a cell for every pod and a slot for every pod that is not there.

use super::facts::Facts;
use super::intention::{Held, Intention, Set, Spec, ordinal};
use super::marks::{BracketView, CellView, Target, Tone};
use super::revision::Notch;
use super::tiles::tile;
use super::words;
use petri_objects::order::Order as _;
use petri_objects::{Kind, Pod, Time, Uid};
use std::rc::Rc;

/// More cells than this are not drawn: those in trouble are, and the rest is said.
const CELLS: usize = 12;
/// So many slots are counted.
const MOST: usize = 1_000;

/// One bracket per set, in order of creation.
pub fn brackets(intention: &Intention, held: &[Option<Held>], facts: &Facts) -> Vec<BracketView> {
    let mut runs: Vec<Runs> = intention.sets.iter().map(|_| Runs::default()).collect();
    for running in facts.running() {
        let place = running.process.owner.as_ref().and_then(|owner| intention.place(owner.uid));
        let Some(runs) = place.and_then(|place| runs.get_mut(place)) else { continue };
        runs.all.push((running.process.started, running.uid));
        let pod = facts.pod(running.uid);
        let gone = pod.is_none_or(|pod| pod.is_terminating());
        runs.unconfirmed += u32::from(gone && (pod.is_none() || !facts.answers(running.node)));
        runs.serving += u32::from(pod.is_some_and(|pod| pod.is_ready()) && running.process.answers);
    }
    let sets = intention.sets.iter().zip(held).zip(runs);
    sets.map(|((set, held), runs)| bracket(set, held.as_ref(), intention, facts, runs)).collect()
}

/// Pods of a set that run somewhere, and those of them that nobody can have stopped.
#[derive(Default)]
struct Runs {
    all: Vec<(Time, Uid)>,
    unconfirmed: u32,
    serving: u32,
}

/// A pod, or the place of one that is not there.
type Cell<'c> = Result<&'c Rc<Pod>, Option<u32>>;

/// In ordinal order, with a place for each ordinal that is asked for; or the pods, and then places for those that are
/// missing.
fn cells<'c>(set: &'c Set) -> Vec<Cell<'c>> {
    let mut cells: Vec<Cell<'c>> = Vec::new();
    let mut missing = set.ordinals();
    let mut slots_before = |ordinal: u32, cells: &mut Vec<Cell<'c>>| {
        while !set.is_terminating() && missing.start < ordinal.min(missing.end) && cells.len() < MOST {
            cells.push(Err(Some(missing.start)));
            missing.start += 1;
        }
        missing.start = missing.start.max(ordinal.saturating_add(1));
    };
    for pod in &set.pods {
        if let (Spec::Stateful(_), Some(ordinal)) = (set.spec, ordinal(pod)) {
            slots_before(ordinal, &mut cells);
        }
        cells.push(Ok(pod));
    }
    if let Spec::Stateful(_) = set.spec {
        slots_before(u32::MAX, &mut cells);
    } else if !set.is_terminating() {
        let active = set.pods.iter().filter(|pod| pod.is_active()).count();
        let missing = (set.asked as usize).saturating_sub(active).min(MOST);
        cells.extend(std::iter::repeat_n(Err(None), missing));
    }
    cells
}

fn bracket(set: &Set, held: Option<&Held>, intention: &Intention, facts: &Facts, mut runs: Runs) -> BracketView {
    runs.all.order();
    let mut cells = cells(set);
    let ready = set.ready();
    let notch = |cell: &Cell| cell.map_or(Notch::None, |pod| intention.revision(pod.metadata.uid).notch);
    let bar = set.partition().filter(|_| cells.iter().any(|cell| notch(cell) != Notch::None)).map(|first| {
        let number = |cell: &Cell| match cell {
            Ok(pod) => ordinal(pod),
            Err(slot) => *slot,
        };
        cells.iter().take_while(|cell| number(cell).is_some_and(|ordinal| ordinal < first)).count()
    });
    let many = cells.len() > CELLS;
    let in_trouble = |cell: &Cell| match cell {
        Ok(pod) => !pod.is_ready() || pod.is_terminating() || notch(cell) == Notch::Neither,
        Err(_) => true,
    };
    let (line, tone) = line(set, held, &runs, ready, facts);
    let troubled = cells.iter().filter(|cell| in_trouble(cell)).count();
    let (line, tone) = match () {
        () if many && troubled > 0 && line == AS_ASKED => {
            (format!("{troubled} on their way or in trouble"), Tone::Calm)
        }
        () => (line, tone),
    };
    if many {
        cells.retain(in_trouble);
        cells.truncate(CELLS);
    }
    let view = |cell: Cell| match cell {
        Ok(pod) => CellView::Pod(Box::new(tile(pod, facts, intention))),
        Err(slot) => CellView::Slot(slot),
    };
    let kind = match set.object.kind {
        Kind::StatefulSet | Kind::DaemonSet if set.is_on_delete() => "OnDelete",
        Kind::StatefulSet => "StatefulSet",
        Kind::Deployment => "Deployment",
        Kind::DaemonSet => "DaemonSet",
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
        cells: cells.into_iter().map(view).collect(),
        asked: set.asked,
        ready,
        more_than_asked: more_than_asked(set, &runs),
    }
}

const AS_ASKED: &str = "as asked";

/// What runs, if that is more than asked for because nobody can stop some of it.
fn more_than_asked(set: &Set, runs: &Runs) -> Vec<Uid> {
    // A DaemonSet leaves its pod on a machine that is lost; it replaces none.
    let replaces = matches!(set.spec, Spec::Deployment(_) | Spec::Replica(_));
    let more = runs.unconfirmed > 0 && runs.all.len() > set.asked as usize && replaces;
    if more { runs.all.iter().map(|(_, uid)| *uid).collect() } else { Vec::new() }
}

/// What holds the set back, or where its machines differ from what is believed.
fn line(set: &Set, held: Option<&Held>, runs: &Runs, ready: u32, facts: &Facts) -> (String, Tone) {
    if let Some(held) = held.filter(|held| held.is_overdue()) {
        return (held.brief(set, facts.now), Tone::Risk);
    }
    let more = more_than_asked(set, runs);
    if !more.is_empty() {
        return (format!("{} run", more.len()), Tone::Calm);
    }
    if runs.serving < ready {
        return (format!("{} serve", runs.serving), Tone::Risk);
    }
    match held {
        Some(held) => (held.brief(set, facts.now), Tone::Calm),
        None if ready == set.asked && set.pods.len() as u32 == set.asked => (AS_ASKED.to_owned(), Tone::Calm),
        None => (on_its_way(set), Tone::Calm),
    }
}

fn on_its_way(set: &Set) -> String {
    if let Spec::Daemon(daemon) = set.spec
        && daemon.status.number_misscheduled > 0
    {
        return format!("{} misscheduled", daemon.status.number_misscheduled);
    }
    let active = set.pods.iter().filter(|pod| pod.is_active()).count() as u32;
    // Who stops keeps its name, so nobody of that name is missing; others are replaced while they stop.
    let there = match set.spec {
        Spec::Stateful(_) => {
            set.pods.iter().filter_map(|pod| ordinal(pod)).filter(|n| set.ordinals().contains(n)).count() as u32
        }
        _ => active,
    };
    let (leaving, missing) = (set.pods.len() as u32 - active, set.asked.saturating_sub(there));
    match (leaving, missing) {
        (_, missing) if missing > 0 => format!("{missing} not there"),
        (leaving, _) if leaving > 0 => format!("{} stopping", words::plural(leaving, "pod")),
        _ if active > set.asked => format!("{} too many", active - set.asked),
        _ => "on the way".to_owned(),
    }
}
