//! A recording of a real control plane is played again, and the trace of the simulated one is written.
//!
//! A recording holds `scenario.json`, `script.jsonl`, `placements.json`, `manifests/` and perhaps
//! `cases.jsonl`; the trace is text of JSON lines, in the format of `expected.jsonl`.

mod candidate;
mod cases;
mod scenario;
mod steps;
mod trace;

use crate::recordings::Recording;
use candidate::Candidate;

use petri_console::{Files, Follow, Host, Output, Unread};
use petri_objects::{Name, Object, Span, Time, Value};
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::words::note::{Answer, Note, What};
use petri_sim::world::World;
use std::collections::BTreeMap;
use steps::Step;
use trace::Trace;

/// The trace of a recording that is played again, as text.
///
/// # Errors
/// A sentence about the file that is missing or cannot be understood.
pub fn run(recording: &Recording) -> Result<String, String> {
    Ok(played(recording, None)?.trace.into_text())
}

/// Every object that was written while a recording was played, as it was after the write.
///
/// # Errors
/// As [`run`].
pub fn objects(recording: &Recording) -> Result<Vec<Object>, String> {
    Ok(played(recording, Some(Vec::new()))?.written.unwrap_or_default())
}

fn played(recording: &Recording, written: Option<Vec<Object>>) -> Result<Replay, String> {
    let description = Value::from_json(recording.file("scenario.json")?).ok_or("scenario.json is not JSON")?;
    let placements = recording.file("placements.json").ok().and_then(Value::from_json).unwrap_or_default();
    let files = Manifests::of(recording);
    let setup = description.at(&["setup"]).and_then(Value::as_str).and_then(|name| files.read(name).ok());
    let about = scenario::read(&description, &placements, setup.as_deref().unwrap_or_default())?;
    let steps = steps::read(recording.file("script.jsonl")?, &about.namespace)?;
    let mut replay = Replay::new(about, files);
    replay.written = written;
    match recording.file("cases.jsonl") {
        Ok(cases) => replay.cases(cases)?,
        Err(_) => replay.play(steps),
    }
    Ok(replay)
}

struct Manifests(BTreeMap<String, String>);

impl Manifests {
    fn of(recording: &Recording) -> Manifests {
        let file = |(path, text): (&String, &String)| Some((path.strip_prefix("manifests/")?.to_owned(), text.clone()));
        Manifests(recording.files.iter().filter_map(file).collect())
    }

    /// The same files, with the generated names of the recording replaced by those of the objects that take their place.
    fn with_ids(&self, trace: &Trace) -> Manifests {
        Manifests(self.0.iter().map(|(name, text)| (name.clone(), trace.translated(text))).collect())
    }
}

impl Files for Manifests {
    fn read(&self, name: &str) -> Result<String, Unread> {
        self.0.read(name.rsplit('/').next().unwrap_or(name))
    }
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// A world under the hand of a script.
struct Replay {
    world: World,
    namespace: Name,
    /// The moment that the script counts from.
    begins: Time,
    notes: Vec<Note>,
    /// What was written so far, if somebody asks for it.
    written: Option<Vec<Object>>,
    trace: Trace,
    files: Manifests,
    end: Time,
    /// Lines that wait for the cluster: step, since when, what they have said.
    following: Vec<Following>,
    /// Answers that are shown later than they were computed, because the recorded command took its time.
    answers: Vec<(Time, usize, String, Output)>,
    /// What follows a step after a while: a machine that comes back, a process that has started up.
    later: Vec<(Time, Command)>,
    candidates: Vec<Candidate>,
}

struct Following {
    step: usize,
    output: Output,
    follow: Follow,
}

impl Replay {
    fn new(about: scenario::About, files: Manifests) -> Replay {
        let mut world = World::new(&about.scenario, about.seed);
        // The recorded cluster had been running for a while: its nodes are known and its loops have no common beat.
        world.run_until(about.begins, &mut Vec::new());
        let mut trace = Trace::new(about.begins, &about.name, &about.namespace, about.pool);
        trace.set_recorded_names(about.generated_names);
        let end = about.begins + about.duration;
        Replay {
            world,
            namespace: about.namespace.as_str().into(),
            begins: about.begins,
            notes: Vec::new(),
            written: None,
            trace,
            files,
            end,
            following: Vec::new(),
            answers: Vec::new(),
            later: Vec::new(),
            candidates: Vec::new(),
        }
    }

    fn play(&mut self, steps: Vec<(usize, Step)>) {
        self.trace.nodes(&self.world);
        for (index, step) in steps {
            let at = self.begins + step.at;
            self.run_to(at);
            self.trace.action(self.world.now, index, &step.fields);
            self.run_to(at + step.takes_effect_after());
            self.act(index, &step, at + step.took);
            self.tell();
        }
        let end = self.end;
        self.run_to(end);
        for following in std::mem::take(&mut self.following) {
            self.trace.done(self.world.now, following.step, "0", &following.output);
        }
        self.trace.end(self.world.now);
    }

    /// Plays until then, event by event, so that waiting lines see every change.
    fn run_to(&mut self, until: Time) {
        loop {
            let due = self.world.next_due().filter(|due| *due <= until);
            let own = self.next_own().filter(|at| *at <= until);
            match (due, own) {
                (due, Some(own)) if due.is_none_or(|due| own < due) => {
                    self.world.run_until(own, &mut self.notes);
                    self.do_own();
                }
                (Some(_), _) => {
                    self.world.step(&mut self.notes);
                    self.tell();
                    self.poll();
                }
                (None, _) => break,
            }
        }
        self.world.run_until(until, &mut self.notes);
        self.tell();
        self.poll();
    }

    /// When this driver has something to do next.
    fn next_own(&self) -> Option<Time> {
        let answers = self.answers.iter().map(|(at, ..)| *at);
        let later = self.later.iter().map(|(at, _)| *at);
        answers.chain(later).chain(self.candidates.iter().map(|candidate| candidate.due)).min()
    }

    fn do_own(&mut self) {
        let now = self.world.now;
        self.give_answers();
        let (due, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.later).into_iter().partition(|l| l.0 <= now);
        self.later = rest;
        for (_, command) in due {
            // What the recorded machine could not do either is nothing to stop at.
            let _ = self.world.command(&command, &mut self.notes);
        }
        for candidate in self.candidates.iter_mut().filter(|candidate| candidate.due <= now) {
            candidate.act(&mut self.world, &mut self.notes);
        }
        self.tell();
    }

    fn tell(&mut self) {
        for note in std::mem::take(&mut self.notes) {
            self.trace.note(&note);
            if let (Some(written), What::Write { object, .. }) = (&mut self.written, &note.what) {
                written.push(object.clone());
            }
        }
    }

    fn give_answers(&mut self) {
        self.tell();
        let now = self.world.now;
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.answers).into_iter().partition(|a| a.0 <= now);
        self.answers = later;
        for (at, step, rc, output) in due {
            self.trace.done(at, step, &rc, &output);
        }
    }

    /// Asks the lines that wait whether they are done.
    fn poll(&mut self) {
        if self.following.is_empty() {
            return;
        }
        for mut following in std::mem::take(&mut self.following) {
            let mut hand = Hand { world: &mut self.world, notes: &mut self.notes };
            let mut more = petri_console::poll(following.follow, &mut hand, &self.files);
            following.output.stdout.push_str(&more.stdout);
            following.output.stderr.push_str(&more.stderr);
            following.output.code = more.code;
            match more.follow.take() {
                Some(follow) => self.following.push(Following { follow, ..following }),
                None => {
                    let rc = following.output.code.to_string();
                    self.trace.done(self.world.now, following.step, &rc, &following.output);
                }
            }
        }
        self.tell();
    }

    /// Does a step; its answer is shown at `done`.
    fn act(&mut self, index: usize, step: &Step, done: Time) {
        match &step.what {
            steps::What::Apply(manifest) => {
                let text = self.files.with_ids(&self.trace).read(manifest).unwrap_or_default();
                let line = format!("kubectl -n {} apply -f - <<EOF\n{text}\nEOF", self.namespace);
                let mut hand = Hand { world: &mut self.world, notes: &mut self.notes };
                let output = petri_console::run(&line, &mut hand, &self.files);
                self.answers.push((done, index, output.code.to_string(), output));
            }
            steps::What::Line(line) => {
                let files = self.files.with_ids(&self.trace);
                let line = self.trace.translated(line);
                let mut hand = Hand { world: &mut self.world, notes: &mut self.notes };
                let mut output = petri_console::run(&line, &mut hand, &files);
                match output.follow.take() {
                    Some(follow) => self.following.push(Following { step: index, output, follow }),
                    None => {
                        let rc = output.code.to_string();
                        self.answers.push((done, index, rc, output));
                    }
                }
            }
            steps::What::Commands(commands) => {
                for (after, command) in commands {
                    match *after {
                        Span::ZERO => {
                            let _ = self.world.command(command, &mut self.notes);
                        }
                        after => self.later.push((self.world.now + after, command.clone())),
                    }
                }
                self.answers.push((done, index, "0".into(), Output::default()));
            }
            steps::What::Candidate(change) => {
                candidate::change(&mut self.candidates, change, &mut self.world, &mut self.notes);
                self.answers.push((done, index, "0".into(), Output::default()));
            }
            steps::What::Evict(command) => {
                let result = self.world.command(command, &mut self.notes);
                let (rc, body) = steps::eviction_answer(&result);
                self.answers.push((done, index, rc, Output::text(body)));
            }
        }
    }
}

/// The world as the console sees it: lines that wait hand back what they wait for.
struct Hand<'r> {
    world: &'r mut World,
    notes: &'r mut Vec<Note>,
}

impl Host for Hand<'_> {
    fn world(&self) -> &World {
        self.world
    }
    fn command(&mut self, command: Command) -> Result<Answer, ApiError> {
        self.world.command(&command, self.notes)
    }
    fn play_until(&mut self, _: Time) {}
    fn step(&mut self) -> bool {
        false
    }
    fn patience(&self) -> Option<Span> {
        None
    }
}
