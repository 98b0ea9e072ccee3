//! A fence in the address: its texts are fetched, it is played in slices, and the page opens on what came of it.

use crate::edge;
use crate::examples;
use crate::first_visit::Opening;
use crate::frames;
use crate::state::{Action, Applied, LogKind, Outcome};
use crate::told::{self, opened};
use gloo::net::http::Request;
use petri_lessons::Example;
use petri_lessons::fence::run::{FILE, Run, Told, needs};
use petri_lessons::fence::{Beginning, Fence, Problem, address};
use petri_objects::Time;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;

/// What playing may take from the browser at one go, in milliseconds.
const SLICE: f64 = 5.0;
/// Events between two looks at the clock.
const BATCH: u64 = 200;

/// What a fence came to, for whoever shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Came {
    pub title: Option<String>,
    pub body: String,
    /// What is wrong with it, each with its line; then nothing was played.
    pub problems: Vec<(u32, String)>,
    pub claims: Vec<Claimed>,
}

/// A claim, and what came of it at its moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    pub text: String,
    pub at: Time,
    pub position: u64,
    pub holds: bool,
    pub found: String,
}

/// A fence on its way.
pub struct Coming {
    fence: Fence,
    body: String,
    texts: Rc<RefCell<BTreeMap<String, String>>>,
    /// How many texts are still to come.
    missing: Rc<Cell<usize>>,
    run: Option<Run>,
}

/// The fence of an address, if it has one.
pub fn named(hash: &str, search: &str) -> Option<Coming> {
    address::fence(search, hash).map(|(fence, body)| Coming::new(fence, body))
}

impl Coming {
    fn new(fence: Fence, body: String) -> Coming {
        let (texts, missing) = (Rc::<RefCell<BTreeMap<_, _>>>::default(), Rc::<Cell<usize>>::default());
        for name in needs(&fence) {
            missing.set(missing.get() + 1);
            let (texts, missing) = (texts.clone(), missing.clone());
            spawn_local(async move {
                // What cannot be had is missed, and named, by the run.
                if let Some(text) = fetch(&name).await {
                    texts.borrow_mut().insert(name, text);
                }
                missing.set(missing.get() - 1);
            });
        }
        Coming { fence, body, texts, missing, run: None }
    }

    /// Goes on for a slice. Answers what the page opens with once it is done.
    pub fn advance(&mut self) -> Option<(Opening, Came)> {
        if self.missing.get() > 0 {
            return None;
        }
        let Some(run) = &mut self.run else {
            match Run::begin(&self.fence, &*self.texts.borrow()) {
                Ok(run) => self.run = Some(run),
                Err(problems) => return Some(self.broken(&problems)),
            }
            return None;
        };
        let started = frames::now();
        while run.advance(BATCH) {
            if frames::now() - started > SLICE {
                return None;
            }
        }
        let run = self.run.take()?;
        Some(self.done(run))
    }

    fn came(&self) -> Came {
        Came { title: self.fence.attributes.title.clone(), body: self.body.clone(), ..Came::default() }
    }

    fn broken(&self, problems: &[Problem]) -> (Opening, Came) {
        let mut came = self.came();
        came.problems = problems.iter().map(|problem| (problem.number, problem.message.clone())).collect();
        let lines: Vec<String> = came.problems.iter().map(|(line, words)| format!("line {line}: {words}")).collect();
        let words = format!("This cannot be played. {}", lines.join("; "));
        (Opening::instead(words, vec![(FILE, self.body.as_str().into())], Opening::empty), came)
    }

    fn done(&self, run: Run) -> (Opening, Came) {
        let mut came = self.came();
        let mut actions = self.files(&run);
        for outcome in &run.outcomes {
            let shown = |kind, text: &str| Action::Log(kind, text.trim_end().to_owned());
            match &outcome.what {
                Told::Line { line, shown: answer, .. } => {
                    actions.push(shown(LogKind::Input, line));
                    if !answer.trim().is_empty() {
                        let kind = if outcome.is_well() { LogKind::Output } else { LogKind::Error };
                        actions.push(shown(kind, answer));
                    }
                }
                Told::Claim { claim, verdict } => {
                    let (kind, sign) = if verdict.holds { (LogKind::Output, "✓") } else { (LogKind::Error, "✗") };
                    actions.push(shown(kind, &format!("{sign} {claim}: {}", verdict.found)));
                    came.claims.push(Claimed {
                        text: claim.clone(),
                        at: outcome.at,
                        position: outcome.position,
                        holds: verdict.holds,
                        found: verdict.found.clone(),
                    });
                }
            }
        }
        actions.extend(self.fence.attributes.other_engine().into_iter().flat_map(told::warned));
        // A reader begins where the writer's first line has come to, if that let time pass until something was so.
        let moment = match run.outcomes.first() {
            Some(first) if matches!(&first.what, Told::Line { line, .. } if line.starts_with("run ")) => first.at,
            _ => run.begins,
        };
        (Opening::of_timeline(run.timeline, moment, actions), came)
    }

    /// The files that the page shows.
    fn files(&self, run: &Run) -> Vec<Action> {
        let title = self.fence.attributes.title.clone().unwrap_or_else(|| "A page's cluster".into());
        let file = |name: &'static str, text: &str| {
            let text: Rc<str> = text.into();
            let at = run.begins;
            opened(
                &[(name, Rc::new(Applied { text: text.clone(), tried: text, at, outcome: Outcome::default() }))],
                &title,
            )
        };
        match &self.fence.beginning {
            Beginning::Manifest(text) => file(FILE, text),
            Beginning::Empty => file(FILE, ""),
            Beginning::Example(name) => file(name, run.files.get(*name).map_or("", |text| text)),
            Beginning::Lesson(_) | Beginning::Recording(_) => {
                let timeline = &run.timeline;
                let mut shared = timeline.shared();
                shared.recording.engine = run.made_with.clone().unwrap_or(shared.recording.engine);
                told::told(&shared)
            }
        }
    }
}

/// The text of an example or a lesson.
async fn fetch(name: &str) -> Option<String> {
    if let Some(example) = Example::named(name) {
        return examples::fetch(example).await.ok().map(|text| text.to_string());
    }
    let folder = edge::parts()?.lessons;
    let response = Request::get(&format!("{folder}{name}.txt")).send().await.ok()?;
    if !response.ok() {
        return None;
    }
    response.text().await.ok()
}
