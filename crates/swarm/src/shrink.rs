//! A failure made small: as few lines as possible, then as little in each manifest, then round times.

use crate::differs;
use crate::oracle::Rule;
use crate::play::{Company, Played, play};
use crate::script::{Script, Step};
use petri_objects::Span;
use petri_sim::world::Grain;
use serde_json::Value as Json;

/// How often a smaller script is tried before the smallest so far is good enough.
const TRIES: u32 = 1_500;

/// The smallest script found that breaks the same rule, and what became of it.
pub fn shrink(script: &Script, rule: Rule) -> (Script, Played) {
    let mut search = Search { rule, tries: TRIES, best: script.clone(), played: None };
    for _ in 0..3 {
        let before = search.best.clone();
        search.beginnings();
        search.lines();
        search.manifests();
        search.times();
        if search.best == before {
            break;
        }
    }
    let Search { best, played, .. } = search;
    let played = played.unwrap_or_else(|| play(&best, Company::Watched));
    (best, played)
}

struct Search {
    rule: Rule,
    tries: u32,
    best: Script,
    played: Option<Played>,
}

impl Search {
    /// Keeps a script if it still breaks the rule.
    fn keep(&mut self, script: Script) -> bool {
        if self.tries == 0 || script == self.best {
            return false;
        }
        self.tries -= 1;
        let mut played = play(&script, Company::Watched);
        if self.rule == Rule::Again {
            played.complaints.extend(differs(&script, &played));
        }
        let breaks = played.complaints.iter().any(|complaint| complaint.rule == self.rule);
        if breaks {
            self.best = script;
            self.played = Some(played);
        }
        breaks
    }

    fn beginnings(&mut self) {
        self.keep(Script { grain: Grain::Coarse, ..self.best.clone() });
        self.keep(Script { scenario: "standard".into(), ..self.best.clone() });
        self.keep(Script { seed: 1, ..self.best.clone() });
    }

    /// Ever smaller pieces are left out.
    fn lines(&mut self) {
        let mut size = self.best.steps.len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < self.best.steps.len() {
                let mut smaller = self.best.clone();
                smaller.steps.drain(at..(at + size).min(smaller.steps.len()));
                if !self.keep(smaller) {
                    at += size;
                }
            }
            size /= 2;
        }
        // Two pauses in a row are one.
        let mut at = 0;
        while at + 1 < self.best.steps.len() {
            if let (Step::Run(first), Step::Run(second)) = (&self.best.steps[at], &self.best.steps[at + 1]) {
                let mut joined = self.best.clone();
                joined.steps[at] = Step::Run(*first + *second);
                joined.steps.remove(at + 1);
                if self.keep(joined) {
                    continue;
                }
            }
            at += 1;
        }
    }

    /// Whatever a manifest can do without is left out of it.
    fn manifests(&mut self) {
        for at in 0..self.best.steps.len() {
            let mut nth = 0;
            while let Some(Step::Manifest { verb, manifest }) = self.best.steps.get(at).cloned() {
                let Some(smaller) = without(&manifest, nth) else { break };
                let mut script = self.best.clone();
                script.steps[at] = Step::Manifest { verb, manifest: smaller };
                if !self.keep(script) {
                    nth += 1;
                }
            }
        }
    }

    /// Times become zero, round, or shorter.
    fn times(&mut self) {
        for at in 0..self.best.steps.len() {
            let Step::Run(span) = self.best.steps[at] else { continue };
            let seconds = span.0.div_ceil(1_000_000);
            let round = |to: u64| Span::seconds(seconds.div_ceil(to) * to);
            for shorter in [Span::ZERO, Span::seconds(1), Span::seconds(10), round(60), round(10), round(1)] {
                let mut script = self.best.clone();
                script.steps[at] = Step::Run(shorter);
                if self.keep(script) {
                    break;
                }
            }
        }
    }
}

/// The manifest without what stands at the `nth` place, or with a number there that is smaller.
fn without(manifest: &Json, nth: usize) -> Option<Json> {
    let mut pointers = Vec::new();
    collect(manifest, String::new(), &mut pointers);
    let pointer = pointers.get(nth)?;
    let (parent, key) = pointer.rsplit_once('/')?;
    let mut smaller = manifest.clone();
    match smaller.pointer_mut(parent)? {
        Json::Object(map) => {
            let key = key.replace("~1", "/").replace("~0", "~");
            map.remove(&key);
        }
        Json::Array(list) => {
            list.remove(key.parse().ok()?);
        }
        _ => {}
    }
    Some(smaller)
}

/// Where values stand that may be left out, the largest first.
fn collect(value: &Json, at: String, found: &mut Vec<String>) {
    let mut entry = |key: String, value: &Json| {
        let pointer = format!("{at}/{key}");
        // Without these it would be no manifest.
        if !["/apiVersion", "/kind", "/metadata", "/metadata/name", "/spec"].contains(&&*pointer) {
            found.push(pointer.clone());
        }
        collect(value, pointer, found);
    };
    match value {
        Json::Object(map) => {
            map.iter().for_each(|(key, value)| entry(key.replace('~', "~0").replace('/', "~1"), value))
        }
        Json::Array(list) => list.iter().enumerate().for_each(|(index, value)| entry(index.to_string(), value)),
        _ => {}
    }
}
