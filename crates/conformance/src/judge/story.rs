//! A trace as a story: for each object an ordered list of milestones, and how it ends.

use super::line::{Fields, Line, shown};
use super::names::Names;
use petri_objects::order::Order as _;
use std::collections::{BTreeMap, BTreeSet};

/// A status that lasts less than this is dropped.
const SHORT: f64 = 0.15;
/// A status that lasts less than this may be matched, but is never missed.
const KEEP: f64 = 0.5;
/// A complaint that is over so soon depends on luck.
const RACE: f64 = 2.5;

#[derive(Clone, Debug)]
pub struct Milestone {
    pub area: &'static str,
    pub object: String,
    pub label: String,
    pub t: f64,
    /// It counts for order across objects and for timing.
    pub key: bool,
    /// It may be matched, but is never missed.
    pub optional: bool,
    /// The last action before it that was no snapshot, as an index into [`Story::acts`].
    pub trigger: Option<usize>,
}

impl std::fmt::Display for Milestone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.object, self.label)
    }
}

#[derive(Default)]
pub struct Story {
    pub names: Names,
    pub milestones: Vec<Milestone>,
    pub actions: Vec<Line>,
    /// The actions that are no snapshots, as indexes into `actions`.
    pub acts: Vec<usize>,
    /// Answers by the step that they belong to.
    pub outputs: BTreeMap<i64, Line>,
    pub cases: Vec<(String, Line)>,
    /// Pod and node of every container start.
    pub placed: Vec<(String, String)>,
    /// `kind name` of what exists at the end, in one line each.
    pub last: BTreeMap<String, String>,
    pub nodes: BTreeSet<String>,
    /// StatefulSets that start and stop their pods in order.
    pub ordered: BTreeSet<String>,
    pub end: f64,
    pub(super) state: BTreeMap<(String, String), Fields>,
    /// Values of statuses and since when; `None` while the object does not exist.
    pub(super) streams: Vec<Stream>,
    /// The nodes that each volume is attached to.
    pub(super) attached: BTreeMap<String, BTreeSet<String>>,
    running: BTreeMap<String, BTreeSet<String>>,
    said: BTreeSet<(String, String)>,
}

pub(super) struct Stream {
    pub area: &'static str,
    pub object: String,
    pub values: Vec<(f64, Option<String>)>,
}

impl Story {
    pub fn new(lines: &[Line], extra: &BTreeMap<String, String>) -> Story {
        let mut story = Story { names: Names::new(lines, extra), ..Story::default() };
        story.end = lines.iter().map(|line| line.t).fold(0.0, f64::max);
        for line in lines {
            story.tell(line);
        }
        story.close();
        story.milestones.order_by(|a, b| a.t.total_cmp(&b.t));
        story.excuse_races();
        story.find_triggers();
        for ((kind, name), fields) in &story.state {
            story.last.insert(format!("{} {name}", kind.to_lowercase()), story.summary(kind, fields));
        }
        story
    }

    fn tell(&mut self, line: &Line) {
        match line.what.as_str() {
            "ACTION" => self.actions.push(line.clone()),
            "ACTION-DONE" => {
                self.outputs.extend(line.step().map(|step| (step, line.clone())));
            }
            "CASE" => self.cases.extend(line.text("id").map(|id| (id.to_owned(), line.clone()))),
            "LOCAL" => self.local(line),
            _ if line.text("kind") == Some("Event") => self.event(line),
            "ADDED" | "MODIFIED" | "DELETED" => self.change(line),
            _ => {}
        }
    }

    pub(super) fn add(&mut self, area: &'static str, object: &str, label: impl Into<String>, t: f64) {
        let (object, label) = (object.to_owned(), label.into());
        self.milestones.push(Milestone { area, object, label, t, key: true, optional: false, trigger: None });
    }

    /// A value that changes over time; only those that last become milestones.
    pub(super) fn stream(&mut self, area: &'static str, object: &str, label: String, t: f64) {
        let known = self.streams.iter_mut().find(|stream| stream.area == area && stream.object == object);
        match known {
            Some(stream) if stream.values.last().is_some_and(|(_, last)| last.as_ref() == Some(&label)) => {}
            Some(stream) => stream.values.push((t, Some(label))),
            None => self.streams.push(Stream { area, object: object.into(), values: vec![(t, Some(label))] }),
        }
    }

    fn local(&mut self, line: &Line) {
        let (Some(pod), Some(event)) = (line.text("pod"), line.text("event")) else { return };
        let pod = self.names.name(pod);
        let uid = line.text("uid").unwrap_or_default().to_owned();
        let live = self.running.entry(pod.clone()).or_default();
        match event {
            "started" => {
                live.insert(uid);
            }
            "stopped" | "died" | "exited" => {
                live.remove(&uid);
            }
            _ => {}
        }
        let (detail, count) = (line.text("detail").unwrap_or_default(), live.len());
        let label = format!("{event} {detail} ({count} running)").replace("  ", " ");
        self.add("processes", &format!("process {pod}"), label, line.t);
        if event == "started" {
            let node = self.names.name(line.text("node").unwrap_or_default());
            self.placed.push((pod, node));
        }
    }

    fn event(&mut self, line: &Line) {
        const LUCK: [&str; 3] = ["ExternalProvisioning", "FailedToUpdateEndpointSlices", "NoPods"];
        let set = line.set();
        let Some(reason) = set.get("reason").map(|reason| shown(Some(reason))) else { return };
        let about = set.get("object").map_or("?/?".into(), |about| shown(Some(about)));
        let (kind, name) = about.split_once('/').unwrap_or((&about, ""));
        let message = set.get("message").map_or(String::new(), |message| shown(Some(message)));
        let object = format!("events of {kind} {}", self.names.name(name));
        let label = format!("{reason}: {}", self.names.text(&message).trim());
        if self.said.insert((object.clone(), label.clone())) {
            let optional = label.contains("the object has been modified") || LUCK.contains(&reason.as_str());
            let (area, t) = ("events", line.t);
            self.milestones.push(Milestone { area, object, label, t, key: false, optional, trigger: None });
        }
    }

    fn change(&mut self, line: &Line) {
        let kind = line.text("kind").unwrap_or_default().to_owned();
        let name = self.names.name(line.text("name").unwrap_or_default());
        if kind == "Node" {
            self.nodes.insert(name.clone());
        }
        let slot = (kind.clone(), name.clone());
        let old = self.state.get(&slot).cloned();
        let mut new = match line.what.as_str() {
            "ADDED" => Fields::new(),
            _ => old.clone().unwrap_or_default(),
        };
        new.extend(line.set());
        if line.what == "DELETED" {
            self.state.remove(&slot);
        } else {
            for path in line.get("unset").and_then(petri_objects::Value::as_list).unwrap_or_default() {
                new.remove(path.as_str().unwrap_or_default());
            }
            self.state.insert(slot, new.clone());
        }
        let fresh = line.what == "ADDED" && kind != "EndpointSlice";
        let old = if fresh { Fields::new() } else { old.unwrap_or_default() };
        self.tell_change(&kind, &name, &super::kinds::Change { old, new, what: &line.what, t: line.t });
    }

    /// Turns what lasted into milestones.
    fn close(&mut self) {
        for stream in std::mem::take(&mut self.streams) {
            let mut kept: Vec<Milestone> = Vec::new();
            let mut reborn = false;
            for (i, (t, label)) in stream.values.iter().enumerate() {
                let Some(label) = label else {
                    reborn = true;
                    continue;
                };
                let until = stream.values.get(i + 1).map_or(self.end + 9.0, |(next, _)| *next);
                let lasts = until - t;
                let is_news = reborn || kept.last().is_none_or(|last| last.label != *label);
                if lasts >= SHORT && is_news {
                    let long = lasts >= KEEP;
                    kept.push(Milestone {
                        area: stream.area,
                        object: stream.object.clone(),
                        label: label.clone(),
                        t: *t,
                        key: long,
                        optional: !long,
                        trigger: None,
                    });
                    reborn = false;
                } else if lasts >= KEEP
                    && let Some(last) = kept.last_mut().filter(|last| last.optional)
                {
                    (last.optional, last.key) = (false, true);
                }
            }
            self.milestones.extend(kept);
        }
    }

    /// Complaints that are over soon (a claim or a node that a cache had not seen yet) are a matter of luck.
    fn excuse_races(&mut self) {
        const COMPLAINTS: [&str; 4] =
            ["PodScheduled=False", "FailedScheduling", "WaitForFirstConsumer", "WaitForPodScheduled"];
        let mut done: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for milestone in &self.milestones {
            if milestone.label == "scheduled" || milestone.label.starts_with("bound to") {
                let name = milestone.object.split_once(' ').map_or("", |(_, name)| name);
                done.entry(name.into()).or_default().push(milestone.t);
            }
        }
        for milestone in &mut self.milestones {
            let name = milestone.object.rsplit(' ').next().unwrap_or_default();
            let soon = |t: &f64| (0.0..RACE).contains(&(t - milestone.t));
            if COMPLAINTS.iter().any(|words| milestone.label.starts_with(words))
                && done.get(name).is_some_and(|times| times.iter().any(soon))
            {
                (milestone.optional, milestone.key) = (true, false);
            }
        }
    }

    fn find_triggers(&mut self) {
        self.acts = (0..self.actions.len()).filter(|i| !self.actions[*i].is_snapshot()).collect();
        let mut last = None;
        for milestone in &mut self.milestones {
            let next = |last: Option<usize>| last.map_or(0, |last| last + 1);
            while self.acts.get(next(last)).is_some_and(|act| self.actions[*act].t <= milestone.t) {
                last = Some(next(last));
            }
            milestone.trigger = last;
        }
    }

    /// Lines of the answer to a step: standard output, then errors, then the exit code; equal neighbours count once.
    pub fn answer(&self, step: i64) -> Vec<String> {
        let Some(line) = self.outputs.get(&step) else { return Vec::new() };
        let rows = |key: &str| {
            let text = line.text(key).unwrap_or_default().trim_end();
            let mut rows: Vec<String> = text.split('\n').map(|row| self.names.output(row).trim().to_owned()).collect();
            rows.dedup();
            rows
        };
        let mut answer = rows("stdout");
        answer.extend(rows("stderr").into_iter().filter(|row| !row.is_empty()).map(|row| format!("stderr: {row}")));
        answer.push(format!("rc {}", shown(line.get("rc"))));
        answer
    }
}
