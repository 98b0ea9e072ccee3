//! How you learn it: lessons, example manifests, scenarios, and the one Markdown format that lessons, golden tests and
//! documentation share.
//!
//! Invariants:
//! * a lesson is data: Markdown with manifests and console lines whose answers are checked by a test;
//! * what a lesson shows is what the engine says: answers are written by the runner, never by hand.
//!
//! Where to start: [`transcript`] for the format and its runner, [`fence`] for clusters in other people's pages, [`LESSONS`] and [`EXAMPLES`] for the content.
//!
//! The feature `content`, which is on by default, compiles all texts in. The page does without: it carries the first
//! example alone, and fetches the other texts as files when somebody asks for them.

pub mod examples;
pub mod fence;
mod fingerprints;
pub mod official;
pub mod transcript;

pub use examples::{EXAMPLES, Example, examples};
pub use fingerprints::{FINGERPRINTS, fingerprints};

use petri_sim::ground::scenario::Scenario;
use transcript::Block;

/// A lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// What links and tags call it.
    pub id: &'static str,
    pub title: &'static str,
    /// The example that it begins with.
    pub manifest: &'static str,
}

/// One step of a lesson: a heading, what it says, and what it does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    pub title: String,
    /// Markdown paragraphs.
    pub prose: String,
    /// Console lines, in order.
    pub lines: Vec<String>,
}

/// All lessons, in the order in which they are best read.
pub const LESSONS: &[Lesson] = &[Lesson { id: "at-most-one", title: "At most one", manifest: "random-generator.yaml" }];

/// The texts of the lessons by id.
#[cfg(feature = "content")]
const TEXTS: &[(&str, &str)] = &[("at-most-one", include_str!("../content/at-most-one.md"))];

/// A lesson by its id.
pub fn lesson(id: &str) -> Option<&'static Lesson> {
    LESSONS.iter().find(|lesson| lesson.id == id)
}

impl Lesson {
    /// The whole lesson, in the format of [`transcript`].
    #[cfg(feature = "content")]
    pub fn text(&self) -> &'static str {
        TEXTS.iter().find(|(id, _)| *id == self.id).map_or("", |(_, text)| text)
    }
}

/// The steps of a lesson's text: what stands under each second-level heading.
pub fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for block in transcript::blocks(text) {
        match block {
            Block::Prose(text) => {
                for line in text.lines() {
                    if let Some(title) = line.strip_prefix("## ") {
                        steps.push(Step { title: title.into(), ..Step::default() });
                    } else if let Some(step) = steps.last_mut() {
                        step.prose.push_str(line);
                        step.prose.push('\n');
                    }
                }
            }
            Block::Console(exchanges) => {
                if let Some(step) = steps.last_mut() {
                    step.lines.extend(exchanges.into_iter().map(|exchange| exchange.line));
                }
            }
            Block::Manifest { .. } => {}
        }
    }
    for step in &mut steps {
        step.prose = step.prose.trim().to_owned();
    }
    steps
}

/// A scenario by its name: `standard`, `empty`, or `sized-12` for twelve machines.
pub fn scenario(name: &str) -> Option<Scenario> {
    match name {
        "standard" => Some(Scenario::standard()),
        "empty" => Some(Scenario::empty("empty")),
        _ => {
            let count = name.strip_prefix("sized-")?.parse().ok().filter(|count| (1..=5_000).contains(count))?;
            Some(Scenario { name: name.into(), ..Scenario::sized(count) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "content")]
    fn lessons_have_ids_steps_and_a_manifest_that_exists() {
        for lesson in LESSONS {
            assert!(Example::named(lesson.manifest).is_some(), "{}", lesson.manifest);
            let steps = steps(lesson.text());
            assert!(steps.len() > 2 && steps.iter().all(|step| !step.title.is_empty() && !step.prose.is_empty()));
            assert!(steps.iter().any(|step| !step.lines.is_empty()));
        }
        assert!(lesson("at-most-one").is_some());
    }

    #[test]
    fn scenarios_go_by_name() {
        assert_eq!(scenario("standard").map(|s| s.machines.len()), Some(4));
        assert_eq!(scenario("sized-12").map(|s| s.machines.len()), Some(12));
        assert!(scenario("sized-0").is_none());
        assert!(scenario("nowhere").is_none());
    }
}
