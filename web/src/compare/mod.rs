//! The same bad day, twice: two courses of events on one clock, and the difference in words and numbers.
//!
//! A course is a recording, played as far as the other one. What differs is one thing: the manifest, a command that is left
//! out, a setting, or the branch that somebody chose.

use crate::desk::branch_name;
use petri_objects::{Kind, Name, Pod, Span, Time};
use petri_picture::view::words;
use petri_sim::ground::settings::Settings;
use petri_sim::reality::machine::ProcessState;
use petri_sim::reality::workload::role::Role;
use petri_sim::story::link;
use petri_sim::story::recording::{Recording, Stamped};
use petri_sim::story::shared::Shared;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::Command;
use petri_sim::words::invariants::{Guarantee, Standing};
use petri_sim::words::note::What;
use petri_sim::world::World;
use std::rc::Rc;

/// Something that the present run can be compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Tells choices apart: `run`, `branch-0`, `file-new.yaml`, `without-3`, `setting-0`.
    pub key: String,
    pub title: String,
    pub recording: Rc<Recording>,
}

impl Choice {
    /// The address that opens this course as the run, at the end of what was compared. The run itself is open already.
    pub fn link(&self, end: Time) -> Option<String> {
        let shared = || Shared::new((*self.recording).clone(), end, end);
        (self.key != "run").then(|| format!("#{}", link::to_fragment(&shared())))
    }
}

/// What a setting is called, and how it is set.
type Setting = (&'static str, fn(&mut Settings));

/// Settings that change how a bad day goes.
const SETTINGS: [Setting; 5] = [
    ("pods leave lost nodes after 30 s, not 5 m", |settings| {
        settings.unreachable_toleration_seconds = 30;
        settings.not_ready_toleration_seconds = 30;
    }),
    ("nodes are given up after 20 s of silence, not 50 s", |settings| {
        settings.node_monitor_grace_period = Span::seconds(20);
    }),
    ("disks are never detached by force", |settings| settings.force_detach_after = Span::minutes(60 * 24 * 365)),
    ("disks can be used in every zone", |settings| settings.storage.zonal = false),
    ("caches trail the API server by 2 s", |settings| settings.watch_lag = Span::seconds(2)),
];

/// Commands that are offered to be left out.
const COMMANDS: usize = 20;

/// What is worth seeing first beside the run: what was left, or the last thing that was done left out.
pub fn first(choices: &[Choice]) -> usize {
    let place = |begin: &str| choices.iter().position(|choice| choice.key.starts_with(begin));
    let last = choices.iter().rposition(|choice| choice.key.starts_with("without-"));
    place("branch-").or(last).or_else(|| place("setting-")).unwrap_or(0)
}

/// Everything that the run can be compared with; the run itself stands first.
pub fn choices(timeline: &Timeline, files: &[(String, Rc<str>)]) -> Vec<Choice> {
    let recording = timeline.recording();
    let choice =
        |key: String, title: String, recording: Recording| Choice { key, title, recording: Rc::new(recording) };
    let mut found = vec![choice("run".into(), "this run".into(), recording.clone())];
    for (index, branch) in timeline.branches().iter().enumerate() {
        let title = format!("{}: {}", branch_name(index), branch.label);
        found.push(choice(format!("branch-{index}"), title, branch.recording.clone()));
    }
    for (name, text) in files {
        if let Some(other) = with_manifest(recording, text) {
            found.push(choice(format!("file-{name}"), format!("with {name} instead of what was applied"), other));
        }
    }
    let left_out = recording.commands.iter().enumerate().filter(|(_, stamped)| is_worth_leaving_out(&stamped.command));
    for (index, stamped) in left_out.take(COMMANDS) {
        let mut other = unplaced(recording);
        other.commands.remove(index);
        found.push(choice(format!("without-{index}"), format!("without: {}", stamped.said()), other));
    }
    for (index, (title, set)) in SETTINGS.iter().enumerate() {
        let mut other = unplaced(recording);
        let mut scenario = (*other.scenario).clone();
        set(&mut scenario.settings);
        other.scenario = Rc::new(scenario);
        found.push(choice(format!("setting-{index}"), format!("where {title}"), other));
    }
    found
}

/// The same commands at the same times, whatever else happens between them.
fn unplaced(recording: &Recording) -> Recording {
    let commands = recording.commands.iter().map(|stamped| Stamped { position: None, ..stamped.clone() });
    Recording { commands: commands.collect(), ..recording.clone() }
}

/// A manifest is what the day happens to; only a budget is a thing that one can do without.
fn is_worth_leaving_out(command: &Command) -> bool {
    match command {
        Command::Apply(manifest) => {
            manifest.at(&["kind"]).and_then(petri_objects::Value::as_str) == Some("PodDisruptionBudget")
        }
        Command::Create(object) => object.kind() == Kind::PodDisruptionBudget,
        Command::Replace(_) => false,
        _ => true,
    }
}

/// The same day for another manifest, which is applied when the first one was.
fn with_manifest(recording: &Recording, text: &str) -> Option<Recording> {
    let parsed = petri_manifest::parse(text);
    if parsed.has_errors() || parsed.documents.is_empty() {
        return None;
    }
    let at = recording.commands.iter().find(|stamped| stamped.command.is_manifest())?.at;
    let mut other = unplaced(recording);
    other.commands.retain(|stamped| !stamped.command.is_manifest());
    let own = parsed.objects().map(|object| {
        let mut object = object.clone();
        if object.kind().is_namespaced() && object.meta().namespace.is_empty() {
            object.meta_mut().namespace = "default".into();
        }
        Stamped { at, position: None, command: Rc::new(Command::Create(object)), said: None }
    });
    let own: Vec<Stamped> = own.collect();
    // Whoever compares a file with itself compares nothing.
    other.commands.splice(0..0, own);
    Some(other)
}

/// How many pods were asked for and how many served, from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    pub at: Time,
    pub asked: u32,
    pub serving: u32,
}

/// A span in which a guarantee was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub guarantee: Guarantee,
    pub from: Time,
    pub to: Time,
}

/// So long after the last thing that was done, what it leads to has happened: a lost node's pods are evicted within six
/// minutes, and a disk is detached by force after six.
const CONSEQUENCES: Span = Span::minutes(8);

/// How far to compare: to the end of every course that was played, and to what the last command leads to.
pub fn end(timeline: &Timeline) -> Time {
    let ends = timeline.branches().iter().map(|branch| branch.end).chain([timeline.end()]);
    let done = timeline.recording().commands.iter().filter(|stamped| !stamped.command.is_manifest());
    ends.chain(done.map(|stamped| stamped.at + CONSEQUENCES)).max().unwrap_or(timeline.end())
}

/// A course of events, played to its end.
pub struct Course {
    pub timeline: Timeline,
    pub levels: Vec<Level>,
    pub broken: Vec<Broken>,
    end: Time,
}

impl Course {
    /// Plays a recording until then.
    pub fn play(recording: &Recording, end: Time) -> Course {
        let mut timeline = Timeline::new(recording.clone());
        let total = end.since(timeline.start());
        let pace = Span((total.0 / 2_000).max(1_000_000));
        let mut levels: Vec<Level> = Vec::new();
        while timeline.now() < end && !timeline.is_over() {
            let next = (timeline.now() + pace).min(end);
            timeline.play_until(next);
            let (asked, serving) = serving(timeline.world());
            if levels.last().is_none_or(|last| (last.asked, last.serving) != (asked, serving)) {
                levels.push(Level { at: timeline.now(), asked, serving });
            }
        }
        let broken = broken(&timeline, end);
        Course { timeline, levels, broken, end }
    }

    /// The mean share of pods that served from a moment on, in thousandths, and how long it was not all of them.
    fn available(&self, from: Time) -> (u64, Span) {
        let (mut had, mut asked, mut short) = (0_u128, 0_u128, Span::ZERO);
        for (index, level) in self.levels.iter().enumerate() {
            let until = self.levels.get(index + 1).map_or(self.end, |next| next.at);
            let span = until.since(level.at.max(from).min(until));
            had += u128::from(span.0) * u128::from(level.serving);
            asked += u128::from(span.0) * u128::from(level.asked);
            if level.serving < level.asked {
                short = short + span;
            }
        }
        (u64::try_from((had * 1_000).checked_div(asked).unwrap_or(1_000)).unwrap_or(1_000), short)
    }

    /// For how long a guarantee was broken, for whichever subject.
    fn broken_for(&self, guarantee: Guarantee) -> Span {
        let mut until = Time::ZERO;
        let mut total = Span::ZERO;
        for span in self.broken.iter().filter(|broken| broken.guarantee == guarantee) {
            let from = span.from.max(until);
            total = total + span.to.since(from.min(span.to));
            until = until.max(span.to);
        }
        total
    }

    fn stale(&self) -> u64 {
        self.timeline.world().disks.iter().map(|disk| disk.journal.stale).sum()
    }
    fn refused(&self) -> u64 {
        let refused = |what: &What| matches!(what, What::Command { result: Err(_), .. });
        self.timeline.notes().iter().filter(|note| refused(&note.what)).count() as u64
    }
    fn calls(&self) -> (u64, u64) {
        let programs = self.timeline.world().programs.running.values();
        let clients = programs.filter(|program| matches!(&*program.role, Role::Client { .. }));
        clients.fold((0, 0), |(failed, all), program| {
            let calls = &program.calls;
            (failed + calls.failed(), all + calls.failed() + calls.answered)
        })
    }
}

/// The pods that the workloads ask for, and those of them that run, are ready and can be reached.
fn serving(world: &World) -> (u32, u32) {
    let objects = world.objects();
    let serves = |pod: &Pod| {
        let machine = world.machines.get(&pod.spec.node_name);
        let runs = machine.is_some_and(|machine| {
            let mut own = machine.processes_of(pod.metadata.uid).peekable();
            machine.powered
                && own.peek().is_some()
                && own.all(|(_, process)| process.answers && process.state == ProcessState::Running)
        });
        runs && pod.is_ready() && !pod.is_terminating() && world.network.reaches_control_plane(&pod.spec.node_name)
    };
    let of = |owner: petri_objects::Uid| {
        let own = move |pod: &&Rc<Pod>| pod.metadata.controller().is_some_and(|o| o.uid == owner);
        objects.pods.values().filter(own).filter(|pod| serves(pod)).count() as u32
    };
    let sets = objects.stateful_sets.values().map(|set| (set.replicas(), of(set.metadata.uid)));
    let owner = |set: &petri_objects::ReplicaSet| set.metadata.controller().map(|owner| owner.uid);
    let plain = objects.replica_sets.values().filter(|set| owner(set).is_none());
    let plain = plain.map(|set| (set.replicas(), of(set.metadata.uid)));
    let deployments = objects.deployments.values().map(|deployment| {
        let own = objects.replica_sets.values().filter(|set| owner(set) == Some(deployment.metadata.uid));
        (deployment.replicas(), own.map(|set| of(set.metadata.uid)).sum())
    });
    sets.chain(plain).chain(deployments).fold((0, 0), |(asked, serving), (replicas, ready): (i32, u32)| {
        let wanted = u32::try_from(replicas).unwrap_or(0);
        (asked + wanted, serving + ready.min(wanted))
    })
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

/// One measure of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub what: &'static str,
    pub a: String,
    pub b: String,
    /// `87 points more in A`; empty if both are the same.
    pub difference: String,
}

impl Row {
    /// Whether either course has any of it.
    pub fn is_something(&self) -> bool {
        let nothing = |text: &str| matches!(text, "0" | "0 s");
        !(nothing(&self.a) && nothing(&self.b))
    }
    /// Whether it is worth a line: what the page is about is said also where there is none of it.
    pub fn says_something(&self) -> bool {
        matches!(self.what, "available" | "duplicates") || self.is_something()
    }
}

/// Two courses on one clock.
pub struct Pair {
    pub a: Course,
    pub b: Course,
    pub start: Time,
    pub end: Time,
    /// The first moment at which something was done to a cluster, other than giving it manifests.
    pub from: Time,
}

impl Pair {
    pub fn play(a: &Recording, b: &Recording, end: Time) -> Pair {
        let start = a.scenario.start;
        let first = |recording: &Recording| {
            let done = recording.commands.iter().find(|s| is_worth_leaving_out(&s.command) && !s.command.is_manifest());
            done.map(|stamped| stamped.at)
        };
        let from = [first(a), first(b)].into_iter().flatten().min().unwrap_or(start);
        Pair { a: Course::play(a, end), b: Course::play(b, end), start, end, from }
    }

    pub fn rows(&self) -> Vec<Row> {
        let (a, b) = (&self.a, &self.b);
        let mut rows = vec![self.available()];
        let spans: [(&'static str, Span, Span); 5] = [
            ("fewer than asked for", a.available(self.from).1, b.available(self.from).1),
            ("duplicates", a.broken_for(Guarantee::AtMostOne), b.broken_for(Guarantee::AtMostOne)),
            ("two writers", a.broken_for(Guarantee::OneWriter), b.broken_for(Guarantee::OneWriter)),
            ("two leaders", a.broken_for(Guarantee::OneLeader), b.broken_for(Guarantee::OneLeader)),
            ("no quorum", a.broken_for(Guarantee::Quorum), b.broken_for(Guarantee::Quorum)),
        ];
        rows.extend(spans.into_iter().map(|(what, a, b)| {
            let difference = differs(a.0, b.0, |by| words::duration(Span(by)));
            Row { what, a: words::duration(a), b: words::duration(b), difference }
        }));
        let counts = [
            ("stale records", a.stale(), b.stale()),
            ("calls that failed", a.calls().0, b.calls().0),
            ("commands refused", a.refused(), b.refused()),
        ];
        rows.extend(counts.into_iter().map(|(what, a, b)| Row {
            what,
            a: a.to_string(),
            b: b.to_string(),
            difference: differs(a, b, |by| by.to_string()),
        }));
        rows
    }

    fn available(&self) -> Row {
        let (a, b) = (self.a.available(self.from).0, self.b.available(self.from).0);
        let percent = |thousandths: u64| match thousandths % 10 {
            0 => format!("{} %", thousandths / 10),
            rest => format!("{}.{rest} %", thousandths / 10),
        };
        let difference = differs(a, b, |by| format!("{}.{} points", by / 10, by % 10));
        Row { what: "available", a: percent(a), b: percent(b), difference }
    }

    /// `available 100 % / 87 %; duplicates 14 s / 0 s`: what differs, and what is always said.
    pub fn sentence(&self) -> String {
        let rows = self.rows();
        let told = |row: &&Row| row.what == "available" || row.is_something();
        let parts: Vec<String> =
            rows.iter().filter(told).map(|row| format!("{} {} / {}", row.what, row.a, row.b)).collect();
        parts.join("; ")
    }
}

fn differs(a: u64, b: u64, text: impl Fn(u64) -> String) -> String {
    match a.cmp(&b) {
        std::cmp::Ordering::Equal => String::new(),
        std::cmp::Ordering::Greater => format!("{} more in A", text(a - b)),
        std::cmp::Ordering::Less => format!("{} more in B", text(b - a)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_objects::ObjectRef;
    use petri_sim::ground::scenario::Scenario;
    use petri_sim::words::command::Propagation;

    /// The first visit's bad day: a machine is cut off, and its pod deleted by force.
    fn bad_day() -> Timeline {
        let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 7));
        let text = petri_lessons::examples()[0].1;
        for document in &petri_manifest::parse(text).documents {
            timeline.command(Command::Apply(Rc::new(document.value.clone()))).expect("it is valid");
        }
        let wait = |timeline: &mut Timeline, seconds| timeline.play_until(timeline.now() + Span::seconds(seconds));
        wait(&mut timeline, 60);
        let pod = timeline.world().objects().pods.values().last().expect("it runs").clone();
        timeline.command(Command::Cut { node: pod.spec.node_name.clone() }).expect("there is such a machine");
        wait(&mut timeline, 400);
        let target = ObjectRef::new(Kind::Pod, "default", pod.metadata.name.clone());
        let delete = Command::Delete { target, grace_seconds: Some(0), propagation: Propagation::Background };
        timeline.command(delete).expect("it can be deleted");
        wait(&mut timeline, 420);
        timeline
    }

    fn object(course: &Course, kind: Kind, name: &str) -> Option<petri_objects::Object> {
        course.timeline.world().objects().get(&ObjectRef::new(kind, "default", name))
    }
    fn pair(timeline: &Timeline, key: &str, files: &[(String, Rc<str>)]) -> Pair {
        let found = choices(timeline, files);
        let other = found.iter().find(|choice| choice.key == key).unwrap_or_else(|| panic!("no {key} in {found:#?}"));
        Pair::play(&found[0].recording, &other.recording, timeline.end())
    }
    fn row(pair: &Pair, what: &str) -> Row {
        pair.rows().into_iter().find(|row| row.what == what).expect("it is measured")
    }

    #[test]
    fn without_the_force_delete_no_name_exists_twice_and_nothing_serves_in_its_place() {
        let timeline = bad_day();
        let at = timeline.recording().commands.len() - 1;
        let pair = pair(&timeline, &format!("without-{at}"), &[]);
        let duplicates = row(&pair, "duplicates");
        assert_ne!(duplicates.a, "0 s", "{:#?}", pair.rows());
        assert_eq!(duplicates.b, "0 s");
        assert!(duplicates.difference.ends_with(" more in A"), "{duplicates:?}");
        assert!(pair.sentence().starts_with("available "), "{}", pair.sentence());
        assert!(pair.sentence().contains(&format!("duplicates {} / 0 s", duplicates.a)), "{}", pair.sentence());
        assert!(pair.a.levels.iter().any(|level| level.asked == 2 && level.serving == 1));
    }

    #[test]
    fn a_run_beside_itself_differs_in_nothing() {
        let timeline = bad_day();
        let pair = pair(&timeline, "run", &[]);
        assert!(pair.rows().iter().all(|row| row.difference.is_empty()), "{:#?}", pair.rows());
        assert_eq!(pair.a.levels, pair.b.levels);
    }

    #[test]
    fn another_manifest_has_the_same_bad_day() {
        let timeline = bad_day();
        let other: Rc<str> = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: front}\nspec:\n  replicas: 2\n  \
                              selector: {matchLabels: {app: f}}\n  template:\n    metadata: {labels: {app: f}}\n    spec: \
                              {containers: [{name: c, image: i}]}\n"
            .into();
        let pair = pair(&timeline, "file-front.yaml", &[("front.yaml".into(), other)]);
        assert!(object(&pair.b, Kind::Deployment, "front").is_some());
        assert!(object(&pair.b, Kind::StatefulSet, "rg").is_none());
        assert_eq!(row(&pair, "duplicates").b, "0 s", "a Deployment promises no names");
        assert_eq!(row(&pair, "commands refused").b, "1", "there is no rg-1 to delete");
    }

    #[test]
    fn what_was_compared_can_be_opened_from_its_link() {
        let timeline = bad_day();
        for choice in choices(&timeline, &[]) {
            let Some(link) = choice.link(timeline.end()) else { continue };
            let opened = link::from_fragment(&link).expect("it is a link").expect("it opens");
            assert!(link.ends_with(&link::to_fragment(&opened)), "{}", choice.key);
            assert!(opened.recording.scenario.settings == choice.recording.scenario.settings, "{}", choice.key);
        }
    }

    #[test]
    fn a_setting_changes_when_the_control_plane_acts() {
        let timeline = bad_day();
        let found = choices(&timeline, &[]);
        assert!(found.iter().filter(|choice| choice.key.starts_with("setting-")).count() == SETTINGS.len());
        let pair = pair(&timeline, "setting-2", &[]);
        assert_eq!(row(&pair, "duplicates").b, "0 s", "without a forced detach the successor waits for ever");
    }

    #[test]
    fn a_comparison_goes_on_until_the_last_command_has_had_its_consequences() {
        let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 7));
        timeline.play_until(timeline.now() + Span::seconds(30));
        assert_eq!(end(&timeline), timeline.end(), "nothing was done");
        let cut = timeline.now();
        timeline.command(Command::Cut { node: "node-0".into() }).expect("it can be cut");
        assert_eq!(end(&timeline), cut + Span::minutes(8));
        timeline.play_until(cut + Span::minutes(2));
        timeline.command(Command::PowerOff { node: "node-1".into() }).expect("it has power");
        timeline.play_until(cut + Span::minutes(20));
        // Another course, from the middle of the first one, is compared with all of it.
        timeline.seek(cut + Span::minutes(1));
        timeline.command(Command::Heal { node: "node-0".into() }).expect("it can be healed");
        assert_eq!(end(&timeline), cut + Span::minutes(20));
    }
}
