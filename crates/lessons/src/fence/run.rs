//! A fence played: what its lines say, and whether its claims hold, each at its moment.
//!
//! It goes step by step, so that a page can draw in between. Natively [`play`] takes all of them.

use super::{Beginning, Fence, Problem, What};
use crate::official::WithOfficial;
use crate::steps;
use petri_console::claims::{Claim, Verdict, Watch};
use petri_console::{Files, Follow, Host, Output, Session};
use petri_objects::value::quoted;
use petri_objects::{Name, Span};
use petri_sim::ground::clock::Time;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::link;
use petri_sim::story::recording::Recording;
use petri_sim::story::shared::Shared;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::words::note::Answer;
use petri_sim::world::World;
use std::collections::BTreeMap;

/// A line that waits for what never comes is given up after this.
const PATIENCE: Span = Span::minutes(60);

/// What a fence's own manifest is called on its console.
pub const FILE: &str = "fence.yaml";
/// Where a fence names none.
const SEED: u64 = 1;

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The line in the fence's text, from 1; 0 for what comes of a lesson.
    pub number: u32,
    /// The moment that it is about: that after a line, and that of a claim.
    pub at: Time,
    pub position: u64,
    pub what: Told,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A console line, what it showed, its exit code, and whether it was to be refused.
    Line {
        line: String,
        shown: String,
        code: i32,
        refused: bool,
    },
    Claim {
        claim: String,
        verdict: Verdict,
    },
}

impl Outcome {
    /// Whether it went well: a claim that holds, a line that was not refused.
    pub fn is_well(&self) -> bool {
        match &self.what {
            Told::Line { code, refused, .. } => (*code != 0) == *refused,
            Told::Claim { verdict, .. } => verdict.holds,
        }
    }
}

/// A fence under way.
#[derive(Debug)]
pub struct Run {
    pub timeline: Timeline,
    /// What `-f` can name: the fence's manifest, and the examples.
    pub files: BTreeMap<String, String>,
    /// What the lines remember from one to the next.
    shell: Session,
    pub outcomes: Vec<Outcome>,
    /// How far the recording goes that it begins with, until that is played.
    until: Option<Time>,
    steps: std::vec::IntoIter<(u32, What)>,
    /// The line that is not done: what it waits for, since when, and what it has said so far.
    open: Option<Open>,
    /// Where the reader begins to look on: with what the fence begins with in the cluster, before its first line.
    pub begins: Time,
    /// The version that made the recording that it begins with; the timeline goes on as one of this version.
    pub made_with: Option<Name>,
}

#[derive(Debug)]
struct Open {
    number: u32,
    line: String,
    refused: bool,
    follow: Follow,
    since: Time,
    said: Output,
}

/// A timeline that lets whoever drives the fence play time forward.
struct Paced<'t>(&'t mut Timeline);

impl Host for Paced<'_> {
    fn world(&self) -> &World {
        self.0.world()
    }
    fn command(&mut self, command: Command) -> Result<Answer, ApiError> {
        Host::command(self.0, command)
    }
    fn says(&mut self, line: Option<String>) {
        self.0.says(line);
    }
    fn play_until(&mut self, _: Time) {}
    fn step(&mut self) -> bool {
        false
    }
    fn patience(&self) -> Option<Span> {
        None
    }
}

/// The texts that a fence needs and that are not in it, by the names of their files.
pub fn needs(fence: &Fence) -> Vec<String> {
    match &fence.beginning {
        Beginning::Example(name) => vec![(*name).to_owned()],
        Beginning::Lesson(id) => {
            let manifest = crate::lesson(id).map(|lesson| lesson.manifest.to_owned());
            manifest.into_iter().chain([lesson_file(id)]).collect()
        }
        _ => Vec::new(),
    }
}

fn lesson_file(id: &str) -> String {
    format!("{id}.md")
}

impl Run {
    /// Puts what the fence begins with into a cluster.
    ///
    /// # Errors
    /// What is wrong with it, each at its line.
    pub fn begin(fence: &Fence, texts: &dyn Files) -> Result<Run, Vec<Problem>> {
        let refuse = |number, message: String| vec![Problem { number, is_harmless: false, message }];
        if !fence.is_sound() {
            return Err(fence.problems.iter().filter(|problem| !problem.is_harmless).cloned().collect());
        }
        let attributes = &fence.attributes;
        let name = attributes.scenario.as_deref().unwrap_or("standard");
        let scenario =
            crate::scenario(name).ok_or_else(|| refuse(0, format!("there is no scenario {}", quoted(name))))?;
        let mut steps: Vec<(u32, What)> = fence.steps.iter().map(|step| (step.number, step.what.clone())).collect();
        let mut files: BTreeMap<String, String> =
            texts.names().into_iter().filter_map(|name| Some((name.clone(), texts.read(&name).ok()?))).collect();
        let (mut looked_at, mut until, mut made_with) = (None, None, None);
        let timeline = match &fence.beginning {
            Beginning::Recording(fragment) => {
                let shared = match link::from_fragment(fragment) {
                    Some(Ok(shared)) => shared,
                    Some(Err(refused)) => return Err(refuse(1, format!("the link could not be opened: {refused}"))),
                    None => return Err(refuse(1, "this is no link to a recording".into())),
                };
                let Shared { recording, moment, end, branches, .. } = shared;
                (looked_at, until, made_with) = (Some(moment), Some(end), Some(recording.engine.clone()));
                let mut timeline = Timeline::new(recording);
                timeline.take_courses(branches);
                timeline
            }
            _ => new_timeline(scenario, attributes.seed.unwrap_or(SEED)),
        };
        let begins = looked_at.unwrap_or(timeline.start());
        let mut run = Run {
            timeline,
            files: BTreeMap::new(),
            shell: Session::default(),
            outcomes: Vec::new(),
            until,
            steps: Vec::new().into_iter(),
            open: None,
            begins,
            made_with,
        };
        let apply = |run: &mut Run, files: &BTreeMap<String, String>, name: &str| -> Output {
            petri_console::run(&format!("kubectl apply -f {name}"), &mut run.timeline, files)
        };
        match &fence.beginning {
            Beginning::Empty | Beginning::Recording(_) => {}
            Beginning::Manifest(text) => {
                let problems = faults(text);
                if !problems.is_empty() {
                    return Err(problems);
                }
                files.insert(FILE.to_owned(), text.clone());
                let out = apply(&mut run, &files, FILE);
                if out.code != 0 {
                    return Err(refuse(1, out.stderr.trim_end().to_owned()));
                }
            }
            Beginning::Example(name) => {
                if !files.contains_key(*name) {
                    return Err(refuse(0, format!("the example {name} could not be had")));
                }
                apply(&mut run, &files, name);
            }
            Beginning::Lesson(id) => {
                let manifest = crate::lesson(id).map_or("", |lesson| lesson.manifest);
                let Some(text) = files.get(&lesson_file(id)).filter(|_| files.contains_key(manifest)) else {
                    return Err(refuse(0, format!("the lesson {id} could not be had")));
                };
                let of_lesson = self::steps(text).into_iter().flat_map(|step| step.lines);
                steps.splice(0..0, of_lesson.map(|line| (0, What::Line(line))));
                apply(&mut run, &files, manifest);
            }
        }
        (run.files, run.steps) = (files, steps.into_iter());
        Ok(run)
    }

    /// Goes on for about so many events. `false` if nothing is left to do.
    pub fn advance(&mut self, events: u64) -> bool {
        if let Some(until) = self.until {
            if self.timeline.play_for(until, events) {
                self.until = None;
            }
            return true;
        }
        if let Some(open) = self.open.take() {
            self.go_on(open, events);
            return true;
        }
        let Some((number, what)) = self.steps.next() else { return false };
        match what {
            What::Line(ref line) | What::Refused(ref line) => {
                let out = match petri_console::claims::fill(line, "default", self.timeline.world()) {
                    Ok(filled) => self.shell.run(&filled, &mut Paced(&mut self.timeline), &WithOfficial(&self.files)),
                    Err(problem) => Output::error(format!("error: {problem}")),
                };
                let refused = matches!(what, What::Refused(_));
                self.keep(number, line.clone(), refused, Output::default(), out);
            }
            What::Claim(claim) => {
                let verdict = look_back(&claim, &mut self.timeline);
                self.tell(number, Told::Claim { claim: claim.to_string(), verdict });
            }
        }
        true
    }

    /// What a line has said, and the line itself if it is not done.
    fn keep(&mut self, number: u32, line: String, refused: bool, mut said: Output, mut out: Output) {
        let follow = out.follow.take();
        said.stdout.push_str(&out.stdout);
        said.stderr.push_str(&out.stderr);
        said.notes.push_str(&out.notes);
        said.code = out.code;
        match follow {
            Some(follow) => {
                let since = self.timeline.now();
                self.open = Some(Open { number, line, refused, follow, since, said });
            }
            None => self.tell(number, Told::Line { line, shown: said.shown(), code: said.code, refused }),
        }
    }

    /// Plays for a line that waits, and asks it whether it is done.
    fn go_on(&mut self, open: Open, events: u64) {
        let Open { number, line, refused, mut follow, since, said } = open;
        let longest = if follow.ends() { petri_console::limits::LONGEST_RUN } else { PATIENCE };
        let limit = since + longest;
        let mut left = events;
        loop {
            let end = follow.due().map_or(limit, |at| at.min(limit));
            // Nothing that happens before can end a line that waits for a moment.
            let batch = if follow.until().is_some() { left } else { 1 };
            let arrived = self.timeline.play_for(end, batch);
            left = left.saturating_sub(batch);
            let now = self.timeline.now();
            let mut host = Paced(&mut self.timeline);
            let out = match now >= limit && follow.due().is_none_or(|due| due > now) {
                true => self.shell.give_up(follow, longest, &mut host, &WithOfficial(&self.files)),
                false => self.shell.poll(follow, &mut host, &WithOfficial(&self.files)),
            };
            let is_news = !(out.stdout.is_empty() && out.stderr.is_empty());
            let mut out = out;
            match out.follow.take() {
                Some(next) if !is_news && left > 0 && !arrived => follow = next,
                follow => {
                    let since = if is_news { now } else { since };
                    out.follow = follow;
                    self.keep(number, line, refused, said, out);
                    if let Some(open) = &mut self.open {
                        open.since = since;
                    }
                    return;
                }
            }
        }
    }

    fn tell(&mut self, number: u32, what: Told) {
        self.outcomes.push(Outcome { number, at: self.timeline.now(), position: self.timeline.position(), what });
    }
}

fn new_timeline(scenario: Scenario, seed: u64) -> Timeline {
    Timeline::new(Recording::new(scenario, seed))
}

/// Whether a claim holds now; for as long as it says, if it says so.
fn look_back(claim: &Claim, timeline: &mut Timeline) -> Verdict {
    let Some(during) = claim.during() else { return claim.look(timeline.world()) };
    let (now, position) = (timeline.now(), timeline.position());
    let from = Time(now.0.saturating_sub(during.0).max(timeline.start().0));
    timeline.seek(from);
    let mut watch = Watch::new(claim.clone());
    let mut verdict = watch.look(timeline.world());
    while timeline.position() < position && timeline.step() {
        verdict = watch.look(timeline.world());
    }
    // The clock may stand behind the last event.
    timeline.play_until(now);
    if watch.due().is_some_and(|due| due <= now) {
        verdict = watch.look(timeline.world());
    }
    verdict
}

/// What is wrong with a manifest, before anybody applies it.
fn faults(text: &str) -> Vec<Problem> {
    let parsed = petri_manifest::parse(text);
    let told = |problem: &petri_manifest::Problem| {
        let message = match problem.path.is_empty() || problem.message.starts_with(&problem.path) {
            true => problem.message.clone(),
            false => format!("{}: {}", problem.path, problem.message),
        };
        Problem { number: problem.line, is_harmless: false, message }
    };
    parsed.errors().map(told).collect()
}

/// Plays a whole fence.
///
/// # Errors
/// As [`Run::begin`].
pub fn play(fence: &Fence, texts: &dyn Files) -> Result<Run, Vec<Problem>> {
    let mut run = Run::begin(fence, texts)?;
    while run.advance(u64::MAX) {}
    Ok(run)
}

#[cfg(test)]
#[cfg(feature = "content")]
mod tests {
    use super::*;
    use crate::fence::Fence;

    const FENCE: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: web }
spec:
  serviceName: web
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: nginx, image: nginx }] }
---
$ run until sts/web Ready
? sts/web has 2 ready
? pod/web-1 is Ready for 30s
$ cut {node of pod/web-1}
$ run 7m
? pod/web-1 is Terminating for 60s
? pod/web-1 has 1 process
? At most one holds
$! kubectl delete pod nobody
? pod/web-1 is gone
";

    fn texts() -> BTreeMap<String, String> {
        let mut texts: BTreeMap<String, String> =
            crate::examples().iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        for lesson in crate::LESSONS {
            texts.insert(lesson_file(lesson.id), lesson.text().to_owned());
        }
        texts
    }

    #[test]
    fn lines_and_claims_come_in_their_order() {
        let run = play(&Fence::read("", FENCE), &texts()).expect("it is a sound fence");
        let told: Vec<(u32, bool)> = run.outcomes.iter().map(|outcome| (outcome.number, outcome.is_well())).collect();
        let wanted = [
            (13, true),
            (14, true),
            (15, false),
            (16, true),
            (17, true),
            (18, true),
            (19, true),
            (20, true),
            (21, true),
            (22, false),
        ];
        assert_eq!(told, wanted, "{:#?}", run.outcomes);
        let Told::Claim { verdict, .. } = &run.outcomes[9].what else { panic!("the last one is a claim") };
        assert!(verdict.found.starts_with("pod/web-1 is Terminating"), "{verdict:?}");
        let Told::Claim { verdict, .. } = &run.outcomes[2].what else { panic!("the third one is a claim") };
        assert!(verdict.found.ends_with("so far"), "{verdict:?}");
    }

    #[test]
    fn claims_change_nothing() {
        let without: String =
            FENCE.lines().filter(|line| !line.starts_with('?')).map(|line| format!("{line}\n")).collect();
        let print = |text: &str| {
            let run = play(&Fence::read("", text), &texts()).expect("it is a sound fence");
            (run.timeline.world().fingerprint(), run.timeline.recording().clone())
        };
        assert_eq!(print(FENCE), print(&without));
    }

    #[test]
    fn examples_lessons_and_recordings_are_beginnings() {
        for body in ["random-generator\n$ run 60s\n? no pod is Pending\n", "at-most-one\n", "$ run 1s\n"] {
            let fence = Fence::read("", body);
            assert!(needs(&fence).iter().all(|name| texts().contains_key(name)), "{body}");
            let run = play(&fence, &texts()).unwrap_or_else(|problems| panic!("{body}: {problems:?}"));
            assert!(
                !run.outcomes.is_empty() && run.outcomes.iter().all(Outcome::is_well),
                "{body}: {:?}",
                run.outcomes
            );
            let end = run.timeline.now();
            let fragment = link::to_fragment(&Shared::new(run.timeline.recording().clone(), end, end));
            let again = play(&Fence::read("", &format!("https://x/#{fragment}\n")), &texts()).expect("it opens");
            assert_eq!(again.timeline.world().fingerprint(), run.timeline.world().fingerprint());
        }
    }

    #[test]
    fn what_is_wrong_is_told_at_its_line() {
        let told = |words: &str, body: &str| match Run::begin(&Fence::read(words, body), &texts()) {
            Err(problems) => problems.into_iter().map(|problem| (problem.number, problem.message)).collect::<Vec<_>>(),
            Ok(_) => Vec::new(),
        };
        let found =
            told("", "kind: StatefulSet\napiVersion: apps/v1\nmetadata: { name: x }\nspec: { replicas: many }\n");
        assert!(found.iter().any(|(number, text)| *number == 4 && text.contains("replicas")), "{found:?}");
        let found = told("", "kind: [\n");
        assert!(!found.is_empty() && found[0].0 >= 1, "{found:?}");
        assert!(told("scenario=mars", "")[0].1.contains("no scenario"));
        assert!(told("", "#x\nhttps://a/#r=nonsense\n")[0].1.contains("could not be opened"));
        let nowhere = BTreeMap::new();
        let problems = Run::begin(&Fence::read("example=lease", ""), &nowhere).expect_err("there is no text");
        assert!(problems[0].message.contains("could not be had"));
    }
}
