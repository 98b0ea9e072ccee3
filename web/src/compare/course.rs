//! A run that is compared, played piece by piece to its end, and what came of it.

use petri_objects::{Name, Pod, Span, Time, Uid};
use petri_picture::view::words;
use petri_sim::reality::machine::ProcessState;
use petri_sim::reality::workload::role::Role;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::invariants::{Guarantee, Standing};
use petri_sim::words::note::What;
use petri_sim::world::World;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How many pods the workloads asked for, how many of them served, and how many more ran than that, from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    pub at: Time,
    pub asked: u32,
    pub serving: u32,
    pub surplus: u32,
}

/// A span in which a guarantee was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub guarantee: Guarantee,
    pub from: Time,
    pub to: Time,
}

/// What is counted to the end of a course.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records that a disk took after newer ones.
    pub stale: u64,
    pub failed_calls: u64,
    pub refused_commands: u64,
}

impl Totals {
    fn of(timeline: &Timeline) -> Totals {
        let world = timeline.world();
        let refused = |what: &What| matches!(what, What::Command { result: Err(_), .. });
        let clients = world.programs.running.values().filter(|program| matches!(&*program.role, Role::Client { .. }));
        Totals {
            stale: world.disks.iter().map(|disk| disk.journal.stale).sum(),
            failed_calls: clients.map(|program| program.calls.failed()).sum(),
            refused_commands: timeline.notes().iter().filter(|note| refused(&note.what)).count() as u64,
        }
    }
}

/// A course of events.
pub struct Course {
    pub timeline: Timeline,
    pub levels: Vec<Level>,
    pub broken: Vec<Broken>,
    /// What there is of these once it is over, wherever the timeline is moved to afterwards.
    pub totals: Totals,
    end: Time,
    /// How far one piece goes.
    pace: Span,
    over: bool,
}

impl Course {
    /// One that has not begun.
    pub fn new(recording: &Recording, end: Time) -> Course {
        let timeline = Timeline::new(recording.clone());
        let total = end.since(timeline.start());
        let pace = Span((total.0 / 2_000).max(1_000_000));
        Course { timeline, levels: Vec::new(), broken: Vec::new(), totals: Totals::default(), end, pace, over: false }
    }

    /// Plays one piece. Answers whether there is more to come.
    pub fn advance(&mut self) -> bool {
        if self.over {
            return false;
        }
        let next = (self.timeline.now() + self.pace).min(self.end);
        self.timeline.play_until(next);
        let level = level(self.timeline.world());
        if self.levels.last().is_none_or(|last| Level { at: last.at, ..level } != *last) {
            self.levels.push(level);
        }
        self.over = self.timeline.now() >= self.end || self.timeline.is_over();
        if self.over {
            self.broken = broken(&self.timeline, self.end);
            self.totals = Totals::of(&self.timeline);
        }
        !self.over
    }

    pub fn played_to(&self) -> Time {
        if self.over { self.end } else { self.timeline.now() }
    }

    /// The levels with the moment until which each of them lasts, from a moment on.
    fn spans(&self, from: Time) -> impl Iterator<Item = (Level, Span)> {
        self.levels.iter().enumerate().filter_map(move |(index, level)| {
            let until = self.levels.get(index + 1).map_or(self.end, |next| next.at);
            (until > from).then(|| (*level, until.since(level.at.max(from).min(until))))
        })
    }

    /// The mean share of pods that served from a moment on, in thousandths.
    pub fn served(&self, from: Time) -> u64 {
        let (mut had, mut asked) = (0_u128, 0_u128);
        for (level, span) in self.spans(from) {
            had += u128::from(span.0) * u128::from(level.serving);
            asked += u128::from(span.0) * u128::from(level.asked);
        }
        u64::try_from((had * 1_000).checked_div(asked).unwrap_or(1_000)).unwrap_or(1_000)
    }

    /// For how long something was so, from a moment on.
    pub fn lasted(&self, from: Time, test: fn(&Level) -> bool) -> Span {
        self.spans(from).filter(|(level, _)| test(level)).fold(Span::ZERO, |sum, (_, span)| sum + span)
    }

    /// For how long a guarantee was broken, for whichever subject.
    pub fn broken_for(&self, guarantee: Guarantee) -> Span {
        let mut until = Time::ZERO;
        let mut total = Span::ZERO;
        for span in self.broken.iter().filter(|broken| broken.guarantee == guarantee) {
            let from = span.from.max(until);
            total = total + span.to.since(from.min(span.to));
            until = until.max(span.to);
        }
        total
    }

    /// What came of it, without a subject: `all 3 pods serve again after 4 m 50 s, with one process more than asked
    /// for`.
    pub fn outcome(&self, from: Time) -> String {
        let Some(last) = self.levels.last() else { return "nothing happens".into() };
        if last.asked == 0 {
            return "nothing is asked for at the end".into();
        }
        let lacks = |level: &Level| level.serving < level.asked;
        let whole_since =
            self.levels.iter().rposition(lacks).and_then(|at| self.levels.get(at + 1)).map(|level| level.at);
        let count = match last.asked {
            1 => "the one pod serves".to_owned(),
            2 => "both pods serve".to_owned(),
            asked => format!("all {asked} pods serve"),
        };
        let mut text = match whole_since {
            _ if lacks(last) => format!("{} of {} pods serve at the end", last.serving, last.asked),
            Some(since) if since > from => format!("{count} again after {}", words::duration(since.since(from))),
            _ => format!("{count} all along"),
        };
        let twice = self.broken_for(Guarantee::AtMostOne);
        if twice > Span::ZERO {
            text += &format!(", and one name runs twice for {}", words::duration(twice));
        } else if last.surplus > 0 {
            let processes = if last.surplus == 1 { "process" } else { "processes" };
            text += &format!(", with {} {processes} more than asked for", words::count(last.surplus).to_lowercase());
        }
        text
    }
}

/// What a set has on the machines.
#[derive(Default)]
struct Have {
    serving: u32,
    running: u32,
}

/// How many pods the sets ask for together, how many serve, and how many processes there are beyond that.
fn level(world: &World) -> Level {
    let objects = world.objects();
    let mut have: BTreeMap<Uid, Have> = BTreeMap::new();
    for pod in objects.pods.values().filter(|pod| serves(world, pod)) {
        if let Some(owner) = pod.metadata.controller() {
            have.entry(owner.uid).or_default().serving += 1;
        }
    }
    for machine in world.machines.values().filter(|machine| machine.powered) {
        let mut seen = BTreeSet::new();
        for (id, process) in machine.processes.iter() {
            if let (ProcessState::Running, Some(owner)) = (&process.state, &process.owner)
                && seen.insert(id.pod)
            {
                have.entry(owner.uid).or_default().running += 1;
            }
        }
    }
    let of = |uid: Uid| have.get(&uid).map_or((0, 0), |have| (have.serving, have.running));
    let sets = objects.stateful_sets.values().map(|set| (set.replicas(), of(set.metadata.uid)));
    let owner = |set: &petri_objects::ReplicaSet| set.metadata.controller().map(|owner| owner.uid);
    let plain = objects.replica_sets.values().filter(|set| owner(set).is_none());
    let plain = plain.map(|set| (set.replicas(), of(set.metadata.uid)));
    let deployments = objects.deployments.values().map(|deployment| {
        let own = objects.replica_sets.values().filter(|set| owner(set) == Some(deployment.metadata.uid));
        let sum = own.map(|set| of(set.metadata.uid)).fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
        (deployment.replicas(), sum)
    });
    let nothing = Level { at: world.now, asked: 0, serving: 0, surplus: 0 };
    sets.chain(plain).chain(deployments).fold(nothing, |sum, (replicas, (serving, running))| {
        let wanted = u32::try_from(replicas).unwrap_or(0);
        Level {
            at: sum.at,
            asked: sum.asked + wanted,
            serving: sum.serving + serving.min(wanted),
            surplus: sum.surplus + running.saturating_sub(wanted),
        }
    })
}

/// Whether a pod runs, is ready and can be reached.
fn serves(world: &World, pod: &Rc<Pod>) -> bool {
    let machine = world.machines.get(&pod.spec.node_name);
    let runs = machine.is_some_and(|machine| {
        let mut own = machine.processes_of(pod.metadata.uid).peekable();
        machine.powered
            && own.peek().is_some()
            && own.all(|(_, process)| process.answers && process.state == ProcessState::Running)
    });
    runs && pod.is_ready() && !pod.is_terminating() && world.network.reaches_control_plane(&pod.spec.node_name)
}

fn broken(timeline: &Timeline, end: Time) -> Vec<Broken> {
    let mut open: Vec<(Guarantee, Name, Time)> = Vec::new();
    let mut spans = Vec::new();
    for note in timeline.notes() {
        let What::Guarantee { guarantee, subject, standing } = &note.what else { continue };
        let at = open.iter().position(|(g, s, _)| g == guarantee && s == subject);
        match (standing, at) {
            (Standing::Broken { .. }, None) => open.push((*guarantee, subject.clone(), note.at)),
            (Standing::Broken { .. }, Some(_)) | (_, None) => {}
            (_, Some(at)) => {
                let (guarantee, _, from) = open.remove(at);
                spans.push(Broken { guarantee, from, to: note.at });
            }
        }
    }
    spans.extend(open.into_iter().map(|(guarantee, _, from)| Broken { guarantee, from, to: end }));
    petri_objects::order::Order::order_by_key(&mut spans, |span| span.from);
    spans
}
