//! Everything that the run can be compared with.

use super::choice::{Choice, is_worth_leaving_out, unplaced};
use super::presets::presets;
use crate::desk::branch_name;
use petri_objects::{Span, Time};
use petri_picture::view::words;
use petri_sim::ground::settings::Settings;
use petri_sim::story::recording::{Recording, Stamped};
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::Command;
use std::rc::Rc;

/// What a setting is called, and how it is set.
type Setting = (&'static str, fn(&mut Settings));

/// Settings that change how a bad day goes.
pub(super) const SETTINGS: [Setting; 5] = [
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
    let choice = |key: String, title: String, recording: Recording| Choice {
        key,
        title,
        short: None,
        why: None,
        recording: Rc::new(recording),
    };
    let mut found = vec![choice("run".into(), "this run".into(), recording.clone())];
    for (index, branch) in timeline.branches().iter().enumerate() {
        let title = format!("{}: {}", branch_name(index), branch.label);
        found.push(choice(format!("branch-{index}"), title, branch.recording.clone()));
    }
    found.extend(presets(recording));
    for (name, text) in files {
        if let Some(other) = with_manifest(recording, text) {
            found.push(choice(format!("file-{name}"), format!("with {name} instead of what was applied"), other));
        }
    }
    let left_out = recording.commands.iter().enumerate().filter(|(_, stamped)| is_worth_leaving_out(&stamped.command));
    for (index, stamped) in left_out.take(COMMANDS) {
        let mut other = unplaced(recording);
        other.commands.remove(index);
        let begin = words::moment(recording.scenario.start, stamped.at);
        let why = format!(
            "Until {begin} both are the same run; there B leaves this out, and everything else is done at the same moments."
        );
        let without = choice(format!("without-{index}"), format!("without: {}", stamped.said()), other);
        found.push(Choice { why: Some(why), ..without });
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

/// So long after the last thing that was done, what it leads to has happened: a lost node's pods are evicted within six
/// minutes, and a disk is detached by force after six.
const CONSEQUENCES: Span = Span::minutes(8);

/// How far to compare: to the end of every course that was played, and to what the last command leads to.
pub fn end(timeline: &Timeline) -> Time {
    let ends = timeline.branches().iter().map(|branch| branch.end).chain([timeline.end()]);
    let done = timeline.recording().commands.iter().filter(|stamped| !stamped.command.is_manifest());
    ends.chain(done.map(|stamped| stamped.at + CONSEQUENCES)).max().unwrap_or(timeline.end())
}
