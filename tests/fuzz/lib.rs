//! Everything that reads what somebody typed or sent, as a function of bytes: it answers or refuses, and never panics.
//!
//! `cargo xtask fuzz --minutes 10` tries what a seeded mutator makes of the texts in this repository and of `corpus/`, where
//! each finding stays as a file; the test below tries those files. The functions have the shape that `cargo fuzz` wants, but
//! libFuzzer needs a nightly compiler.

use petri_console::Host;
use petri_lessons::fence::run::Run;
use petri_lessons::fence::{self, Fence};
use petri_objects::{Span, Time};
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::link;
use petri_sim::story::recording::Recording;
use petri_sim::story::shared::Shared;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::words::note::Answer;
use petri_sim::world::World;
use std::cell::OnceCell;
use std::collections::BTreeMap;

pub mod mutate;
pub mod texts;

/// Something that takes any bytes.
pub type Target = fn(&[u8]);

/// What is tried, by its name: also that of its folder in `corpus`.
pub const TARGETS: [(&str, Target); 10] = [
    ("manifest", manifest),
    ("line", line),
    ("recording", recording),
    ("link", from_link),
    ("patch", patch),
    ("path", path),
    ("columns", columns),
    ("transcript", transcript),
    ("fence", fence),
    ("address", address),
];

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn manifest(bytes: &[u8]) {
    let text = text(bytes);
    let parsed = petri_manifest::parse(&text);
    for object in parsed.objects() {
        let yaml = petri_manifest::to_yaml(&object.to_value());
        petri_manifest::parse(&yaml);
    }
}

fn line(bytes: &[u8]) {
    say(&text(bytes));
}

fn patch(bytes: &[u8]) {
    say(&format!("kubectl patch sts my-sts --type=merge -p {}", word(&text(bytes))));
}

fn path(bytes: &[u8]) {
    say(&format!("kubectl get pods,nodes,events -A -o jsonpath={}", word(&text(bytes))));
}

fn columns(bytes: &[u8]) {
    say(&format!("kubectl get pods,nodes -A -o custom-columns={}", word(&text(bytes))));
}

/// As one word of a line.
fn word(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn recording(bytes: &[u8]) {
    opened(Shared::from_json(&text(bytes)).ok());
}

fn from_link(bytes: &[u8]) {
    opened(link::from_fragment(&text(bytes)).and_then(Result::ok));
}

/// What is accepted can be written again, and its beginning can be played.
fn opened(shared: Option<Shared>) {
    let Some(shared) = shared else { return };
    assert_eq!(Shared::from_json(&shared.to_json()).as_ref(), Ok(&shared), "what is accepted can be kept");
    let until = shared.recording.scenario.start + Span::seconds(60);
    Timeline::new(shared.recording).play_for(until, 3_000);
}

/// A transcript's lines are those of the target `line`; here it is about the file.
fn transcript(bytes: &[u8]) {
    petri_lessons::transcript::blocks(&text(bytes));
}

/// A fence in somebody's page, with the words behind its name in its first line.
fn fence(bytes: &[u8]) {
    let text = text(bytes);
    let (words, body) = text.split_once('\n').unwrap_or((&text, ""));
    begun(&Fence::read(words, body));
}

/// The address of a page, with a line break in place of the `#`: as the page reads it when it opens.
fn address(bytes: &[u8]) {
    let text = text(bytes);
    let (search, hash) = text.split_once('\n').unwrap_or((&text, ""));
    let (_, problems) = fence::address::attributes(search);
    assert!(problems.iter().all(|problem| problem.contains(' ')), "what is left out is told in words");
    match fence::address::fence(search, hash) {
        Some((fence, _)) => begun(&fence),
        None => opened(link::from_fragment(hash).and_then(Result::ok)),
    }
}

/// A fence begins to play in the slices that the page takes, or is refused.
fn begun(fence: &Fence) {
    assert!(fence.problems.iter().all(|problem| !problem.message.is_empty()), "a problem is told in words");
    let files: BTreeMap<String, String> =
        petri_lessons::examples().iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    match Run::begin(fence, &files) {
        Ok(mut run) => while run.timeline.position() < MOST_EVENTS && run.outcomes.len() < 20 && run.advance(SLICE) {},
        Err(problems) => assert!(!problems.is_empty(), "who is refused is told why"),
    }
}

/// A cluster on which a line is tried: nothing that one line does is there for the next.
struct Patient {
    timeline: Timeline,
    events: u64,
}

/// How many events one line may play here: what a line may play at all is tested elsewhere.
const MOST_EVENTS: u64 = 5_000;

impl Host for Patient {
    fn world(&self) -> &World {
        self.timeline.world()
    }
    fn command(&mut self, command: Command) -> Result<Answer, ApiError> {
        self.timeline.command(command)
    }
    fn play_until(&mut self, time: Time) {
        let before = self.timeline.position();
        self.timeline.play_for(time, MOST_EVENTS.saturating_sub(self.events));
        self.events += self.timeline.position() - before;
    }
    fn step(&mut self) -> bool {
        self.events += 1;
        self.events < MOST_EVENTS && self.timeline.step()
    }
    /// A line that waits is not waited for.
    fn patience(&self) -> Option<Span> {
        None
    }
}

/// As many events as the page plays between two looks at the clock.
const SLICE: u64 = 200;

thread_local! {
    static CLUSTER: OnceCell<Timeline> = const { OnceCell::new() };
}

fn say(line: &str) {
    let files: BTreeMap<String, String> =
        petri_lessons::examples().iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    let timeline = CLUSTER.with(|cluster| {
        let started = || {
            let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 1));
            petri_console::run("kubectl apply -f my-sts.yaml; run 60s", &mut timeline, &files);
            timeline
        };
        cluster.get_or_init(started).clone()
    });
    let mut patient = Patient { timeline, events: 0 };
    let mut output = petri_console::run(line, &mut patient, &files);
    while let (Some(follow), true) = (output.follow.take(), patient.events < MOST_EVENTS) {
        let until = patient.timeline.now() + Span::seconds(1);
        patient.play_until(until);
        patient.events += 20;
        output = petri_console::poll(follow, &mut patient, &files);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::time::{Duration, Instant};

    #[test]
    fn whatever_was_found_once_is_answered_or_refused() {
        let mut tried = 0;
        for (name, target) in TARGETS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
            for entry in std::fs::read_dir(&folder).expect("each target has a corpus").flatten() {
                let bytes = std::fs::read(entry.path()).expect("it can be read");
                let started = Instant::now();
                target(&bytes);
                assert!(started.elapsed() < Duration::from_secs(10), "{}", entry.path().display());
                tried += 1;
            }
        }
        assert!(tried >= TARGETS.len());
    }

    #[test]
    fn the_mutator_reaches_past_the_first_check() {
        for (name, target) in TARGETS {
            let texts = texts::of(name);
            assert!(!texts.is_empty(), "{name} has nothing to begin with");
            let mut chance = mutate::Chance::new(1);
            for _ in 0..20 {
                target(&mutate::mutated(&texts, &mut chance));
            }
        }
    }
}
