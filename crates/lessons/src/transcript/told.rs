//! A run as a transcript: the lines that repeat it, from its beginning to a moment.
//!
//! Each line does what one command of the recording did, at its moment. What somebody has typed is kept where the command
//! alone would be hard to read. Answers are left open (`...`), but for those at the end: there the run is held to what it
//! came to.
//!
//! Deviation: a command that was given between two events of one instant is told at the end of that instant.

use petri_objects::{Name, Span, Time, Value};
use petri_sim::story::link;
use petri_sim::story::recording::{Recording, Stamped};
use petri_sim::story::shared::Shared;
use petri_sim::words::command::Command;
use std::fmt::Write as _;

/// A line that is typed at the end, with what it shows.
pub type Ending<'e> = (&'e str, String);

/// A file that an apply, create or replace names.
struct Manifest {
    verb: &'static str,
    at: Time,
    name: String,
    documents: Vec<String>,
}

/// The transcript of a run until a moment: the commands until then, and at the end lines with their answers.
///
/// `title` is its heading; `done` counts the commands that were carried out by `now`.
pub fn told(recording: &Recording, done: usize, now: Time, title: &str, endings: &[Ending<'_>]) -> String {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut text = format!("# {title}\n\n{}\n", beginning(recording));
    let mut lines = Lines { clock: recording.scenario.start, open: false, text: &mut text };
    let mut names: Vec<String> = Vec::new();
    let commands = &recording.commands[..done.min(recording.commands.len())];
    let mut at = 0;
    while let Some(stamped) = commands.get(at) {
        lines.run_until(stamped.at);
        match file(&commands[at..], &mut names) {
            Some(manifest) => {
                at += manifest.documents.len();
                lines.manifest(&manifest);
            }
            None => {
                at += 1;
                if let Some(line) = line(commands, at - 1) {
                    lines.say(&line, "...\n");
                }
            }
        }
    }
    lines.run_until(now);
    for (line, shown) in endings {
        let shown: String = shown.lines().map(|line| format!("{}\n", line.trim_end())).collect();
        lines.say(line, shown.trim_end_matches('\n'));
    }
    lines.close();
    text
}

/// The comment that says what the cluster is before the first line.
fn beginning(recording: &Recording) -> String {
    let (scenario, seed) = (&recording.scenario, recording.seed);
    if crate::scenario(&scenario.name).is_some_and(|known| known == **scenario) {
        return format!("<!-- scenario: {}, seed: {seed} -->\n", scenario.name);
    }
    // Machines and delays that have no name come along.
    let empty = Recording { commands: Vec::new(), ..recording.clone() };
    format!("<!-- beginning: {} -->\n", link::to_fragment(&Shared::new(empty, scenario.start, scenario.start)))
}

struct Lines<'t> {
    /// The moment that the lines so far come to.
    clock: Time,
    /// Whether a console block is open.
    open: bool,
    text: &'t mut String,
}

impl Lines<'_> {
    fn run_until(&mut self, at: Time) {
        let span = at.since(self.clock);
        if span > Span::ZERO {
            self.say(&format!("run {span}"), "");
            self.clock = at;
        }
    }
    fn say(&mut self, line: &str, shown: &str) {
        if !std::mem::replace(&mut self.open, true) {
            self.text.push_str("```console\n");
        }
        // What cannot fail: it is written to a string.
        let _ = writeln!(self.text, "$ {line}");
        self.text.push_str(shown);
        if !shown.is_empty() && !shown.ends_with('\n') {
            self.text.push('\n');
        }
    }
    fn close(&mut self) {
        if std::mem::replace(&mut self.open, false) {
            self.text.push_str("```\n");
        }
    }
    fn manifest(&mut self, manifest: &Manifest) {
        self.close();
        let Manifest { verb, name, documents, .. } = manifest;
        let _ = write!(self.text, "\n```yaml manifest {name}\n{}```\n\n", documents.join("---\n"));
        self.say(&format!("kubectl {verb} -f {name}"), "...\n");
    }
}

/// The file that these commands begin with: all that was given to the cluster in one way at one instant.
fn file(commands: &[Stamped], names: &mut Vec<String>) -> Option<Manifest> {
    let mut found: Option<Manifest> = None;
    for stamped in commands {
        let (verb, value) = match &*stamped.command {
            Command::Apply(manifest) => ("apply", (**manifest).clone()),
            Command::Create(object) => ("create", object.to_value()),
            Command::Replace(object) => ("replace", object.to_value()),
            _ => break,
        };
        let document = petri_manifest::to_yaml(&value);
        match &mut found {
            Some(known) if known.verb == verb && known.at == stamped.at => known.documents.push(document),
            Some(_) => break,
            None => {
                let name = file_name(&value, names);
                found = Some(Manifest { verb, at: stamped.at, name, documents: vec![document] });
            }
        }
    }
    found
}

/// `web.yaml`, and `web-2.yaml` for the next of that name.
fn file_name(value: &Value, names: &mut Vec<String>) -> String {
    let own = value.at(&["metadata", "name"]).and_then(Value::as_str).unwrap_or("manifest");
    let own: String = own.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')).collect();
    let numbered = (2..).map(|number| format!("{own}-{number}.yaml"));
    let name = std::iter::once(format!("{own}.yaml")).chain(numbered).find(|name| !names.contains(name));
    let name = name.unwrap_or_default();
    names.push(name.clone());
    name
}

/// The line that does what a command did; nothing if the line before has done that as well.
fn line(commands: &[Stamped], number: usize) -> Option<String> {
    let stamped = &commands[number];
    let said = |stamped: &Stamped| -> Option<Name> {
        let is_short = matches!(&*stamped.command, Command::Patch { .. } | Command::Exec { .. });
        stamped.said.clone().filter(|line| is_short && stands_alone(line))
    };
    if let Some(line) = said(stamped) {
        let before = number.checked_sub(1).map(|before| &commands[before]);
        let is_same = before.is_some_and(|before| before.at == stamped.at && said(before).as_ref() == Some(&line));
        return (!is_same).then(|| line.to_string());
    }
    Some(match &*stamped.command {
        // Who waits for the end would let time go on.
        Command::Delete { .. } => stamped.command.line() + " --wait=false",
        command => command.line(),
    })
}

/// Whether a line does the same wherever it is said: it reads no file and no input, and nobody's shell hears it.
fn stands_alone(line: &str) -> bool {
    const READS: [&str; 10] =
        ["-f", "--filename", "-k", "--kustomize", "--patch-file", "--server-side", "-i", "-it", "-ti", "--stdin"];
    let own = line.split_whitespace().take_while(|word| *word != "--");
    let reads = |word: &str| READS.contains(&word.split('=').next().unwrap_or(word)) || word.starts_with("-f");
    line.starts_with("kubectl ") && !own.into_iter().any(reads)
}

#[cfg(test)]
#[cfg(feature = "content")]
mod tests {
    use super::*;
    use crate::transcript::{Options, run};
    use petri_sim::ground::scenario::Scenario;
    use petri_sim::story::timeline::Timeline;
    use petri_sim::world::Grain;
    use std::collections::BTreeMap;

    /// What a run of console lines comes to, as a transcript, and the run.
    fn transcript(scenario: Scenario, lines: &[&str]) -> (String, Timeline) {
        let files: BTreeMap<String, String> =
            crate::examples().iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        let mut timeline = Timeline::new(Recording::new(scenario, 5));
        for line in lines {
            let out = petri_console::run(line, &mut timeline, &files);
            assert_eq!(out.code, 0, "{line}: {}", out.stderr);
        }
        let ends = ["kubectl get pods -o wide", "processes", "guarantees"];
        let endings: Vec<Ending<'_>> =
            ends.iter().map(|line| (*line, petri_console::run(line, &mut timeline, &files).shown())).collect();
        let text = told(timeline.recording(), timeline.done(), timeline.now(), "A  run\nof mine", &endings);
        (text, timeline)
    }

    fn plain() -> Options {
        Options { scenario: Scenario::standard(), seed: 1, grain: Grain::Coarse, rewrite: false }
    }

    const DAY: &[&str] = &[
        "kubectl apply -f random-generator.yaml",
        "run until sts/rg Ready",
        "kubectl scale sts/rg --replicas=3",
        "run 33.25s",
        "kubectl set image sts/rg random-generator=k8spatterns/random-generator:2.0",
        "kubectl label pods --all tier=base",
        "run 1m",
        "kubectl create deployment web --image=nginx --replicas=2",
        "run 5s",
        "kubectl exec rg-0 -- sh -c 'echo here > /srv/mark'",
        "kubectl drain node-2 --ignore-daemonsets --delete-emptydir-data --force",
        "cut node-0",
        "run 6m",
        "kubectl delete pod rg-1 --wait=false",
        "delay link node-1 20ms",
        "run 40s",
    ];

    #[test]
    fn a_run_that_is_told_plays_to_the_same_world() {
        let (text, timeline) = transcript(Scenario::standard(), DAY);
        assert!(text.starts_with("# A run of mine\n\n<!-- scenario: standard, seed: 5 -->\n"), "{text}");
        let report = run(&text, &plain()).expect("it is a transcript");
        assert!(report.is_ok(), "{text}\n{}", report.mismatches.iter().map(ToString::to_string).collect::<String>());
        let known = timeline.recording();
        let again = &report.recording;
        assert_eq!(again.commands.len(), known.commands.len(), "{text}");
        for (one, other) in again.commands.iter().zip(&known.commands) {
            // Keys stand in the order of YAML: what they say is the same, as the answers at the end show.
            assert_eq!((one.at, one.command.line()), (other.at, other.command.line()), "{text}");
        }
    }

    #[test]
    fn a_cluster_without_a_name_comes_along() {
        let mut scenario = Scenario::sized(5);
        scenario.machines.truncate(3);
        scenario.name = "mine".into();
        let (text, _) = transcript(scenario, &["kubectl apply -f lease.yaml", "run 30s"]);
        assert!(text.contains("<!-- beginning: r="), "{text}");
        let report = run(&text, &plain()).expect("it is a transcript");
        assert!(report.is_ok(), "{text}\n{}", report.mismatches.iter().map(ToString::to_string).collect::<String>());
        assert_eq!(report.recording.scenario.machines.len(), 3);
    }

    #[test]
    fn what_is_not_so_at_the_end_is_found() {
        let (text, _) = transcript(Scenario::standard(), &["kubectl apply -f random-generator.yaml", "run 60s"]);
        let wrong = text.replacen("rg-1", "rg-7", 3);
        assert!(!run(&wrong, &plain()).expect("it is a transcript").is_ok());
    }
}
