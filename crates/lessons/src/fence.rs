//! Fences: a cluster in somebody else's page, as its writer types it.
//!
//! ````text
//! ```petri height=420 panels=cluster,timeline title="A node goes quiet"
//! # any manifest, or the name of an example, or of a lesson, or a link to a recording
//! kind: StatefulSet
//! ...
//! ---
//! $ run until sts/web Ready
//! $ cut node-0
//! $ run 6m
//! ? pod/web-1 is Terminating
//! ? At most one holds
//! ```
//! ````
//!
//! First what the cluster holds, then console lines (`$ `) and claims (`? `, see [`petri_console::claims`]) in the order
//! in which they are to happen. Empty lines and lines that begin with `#` say nothing. A line that ends with `\` goes on
//! in the next one, and `<<EOF` takes lines until `EOF`.
//!
//! `$! ` begins a line that is to be refused.
//!
//! The words after `petri` are the same as the attributes of `<petri-cluster>`; [`ATTRIBUTES`] lists them.

pub mod address;
mod attributes;
pub mod run;

pub use address::in_address;
pub use attributes::{ATTRIBUTES, Attributes, Panel, Speed, Theme, pairs};

use crate::transcript::here_document;
use petri_console::claims::Claim;
use petri_objects::value::quoted;

/// More text than this is no fence.
pub const MAX_BYTES: usize = 256 * 1024;
/// More lines and claims than this nobody reads.
pub const MAX_STEPS: usize = 500;

/// A fence that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fence {
    pub attributes: Attributes,
    pub beginning: Beginning,
    pub steps: Vec<Step>,
    /// What is wrong with it. A fence with errors is shown, and not run.
    pub problems: Vec<Problem>,
}

/// What the cluster holds at first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Beginning {
    /// Machines only.
    #[default]
    Empty,
    /// A manifest as it stands in the fence, from its first line on: lines count as in the fence.
    Manifest(String),
    /// An example by its file name.
    Example(&'static str),
    /// A lesson by its id: its manifest, and the lines of all its steps.
    Lesson(&'static str),
    /// A link to a recording, or the part of it behind `#`.
    Recording(String),
}

/// What happens, or what must be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The line in the fence's text, from 1.
    pub number: u32,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A console line; with line breaks if it has a here-document.
    Line(String),
    /// A console line that is to be refused.
    Refused(String),
    Claim(Claim),
}

/// Something that its writer should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line in the fence's text, from 1; 0 for the words after `petri`.
    pub number: u32,
    /// Whether the fence can be run all the same.
    pub is_harmless: bool,
    pub message: String,
}

impl Fence {
    /// Reads a fence: the words after `petri`, and what stands between its first and its last line.
    pub fn read(words: &str, body: &str) -> Fence {
        let mut fence = Fence::default();
        let marked =
            body.trim_start().lines().next().and_then(|line| line.strip_prefix('#')?.trim().strip_prefix("petri:"));
        let words = format!("{words} {}", marked.unwrap_or(""));
        fence.attributes = Attributes::read(&words, &mut fence.problems);
        let engine = fence.attributes.other_engine();
        fence.problems.extend(engine.map(|message| Problem { number: 0, is_harmless: true, message }));
        if body.len() > MAX_BYTES {
            fence.refuse(1, format!("a fence has at most {MAX_BYTES} bytes"));
            return fence;
        }
        let lines: Vec<&str> = body.lines().collect();
        let first = lines.iter().position(|line| is_step(line)).unwrap_or(lines.len());
        fence.begin(&lines[..first]);
        fence.read_steps(&lines, first);
        fence
    }

    /// Whether it can be run.
    pub fn is_sound(&self) -> bool {
        self.problems.iter().all(|problem| problem.is_harmless)
    }

    fn refuse(&mut self, number: u32, message: impl Into<String>) {
        self.problems.push(Problem { number, is_harmless: false, message: message.into() });
    }

    fn begin(&mut self, lines: &[&str]) {
        let says =
            |line: &&&str| !line.trim().is_empty() && !line.trim_start().starts_with('#') && line.trim_end() != "---";
        let telling: Vec<&&str> = lines.iter().filter(says).collect();
        let attributes = &self.attributes;
        let named = [
            attributes.example.as_deref().map(|name| (example(name), format!("there is no example {}", quoted(name)))),
            attributes.lesson.as_deref().map(|id| (lesson(id), format!("there is no lesson {}", quoted(id)))),
            attributes
                .recording
                .as_deref()
                .map(|link| (recording(link), format!("{} is no link to a recording", quoted(link)))),
        ];
        let mut named = named.into_iter().flatten();
        match (&telling[..], named.next(), named.next()) {
            ([], None, _) => {}
            ([], Some((Some(beginning), _)), None) => self.beginning = beginning,
            ([], Some((None, problem)), None) => self.refuse(0, problem),
            (_, Some(_), _) => {
                self.refuse(0, "a fence begins with one thing: a manifest, `example=`, `lesson=` or `recording=`");
            }
            ([one], None, _)
                if !one.contains(": ") && !one.trim_end().ends_with(':') && !one.trim_start().starts_with('{') =>
            {
                let word = one.trim();
                match example(word).or_else(|| lesson(word)).or_else(|| recording(word)) {
                    Some(beginning) => self.beginning = beginning,
                    None => {
                        let number = 1 + lines.iter().position(|line| line.trim() == word).unwrap_or(0);
                        self.refuse(
                            u32::try_from(number).unwrap_or(u32::MAX),
                            format!(
                                "{} is no manifest, no example, no lesson and no link to a recording",
                                quoted(word)
                            ),
                        );
                    }
                }
            }
            _ => self.beginning = Beginning::Manifest(lines.iter().map(|line| format!("{line}\n")).collect()),
        }
    }

    fn read_steps(&mut self, lines: &[&str], first: usize) {
        let mut numbered = (1u32..).zip(lines).skip(first);
        while let Some((number, line)) = numbered.next() {
            let line = line.trim();
            if self.steps.len() >= MAX_STEPS {
                return self.refuse(number, format!("a fence has at most {MAX_STEPS} lines and claims"));
            }
            if let Some(claim) = line.strip_prefix('?') {
                match Claim::parse(claim, "default") {
                    Ok(claim) => self.steps.push(Step { number, what: What::Claim(claim) }),
                    Err(problem) => self.refuse(number, problem),
                }
            } else if let Some((typed, is_refused)) = typed(line) {
                let mut typed = typed.trim().to_owned();
                while typed.ends_with('\\') {
                    typed.pop();
                    let Some((_, more)) = numbered.next() else { break };
                    typed.push_str(more.trim().trim_start_matches("> "));
                }
                if let Some(end) = here_document(&typed).filter(|end| !end.is_empty()) {
                    let mut closed = false;
                    for (_, more) in numbered.by_ref() {
                        typed.push('\n');
                        typed.push_str(more);
                        closed = more.trim() == end;
                        if closed {
                            break;
                        }
                    }
                    if !closed {
                        self.refuse(number, format!("the text after <<{end} has no end: a line {end}"));
                    }
                }
                let what = if is_refused { What::Refused(typed) } else { What::Line(typed) };
                self.steps.push(Step { number, what });
            } else if !line.is_empty() && !line.starts_with('#') && line != "---" && line != "$" {
                self.refuse(number, format!("{} is neither a console line (`$ `) nor a claim (`? `)", quoted(line)));
            }
        }
    }
}

/// What is typed, and whether it is to be refused.
fn typed(line: &str) -> Option<(&str, bool)> {
    line.strip_prefix("$ ").map(|typed| (typed, false)).or_else(|| Some((line.strip_prefix("$! ")?, true)))
}

/// Whether the manifest is over. No line of YAML begins like this: `$` alone could begin a key, `? ` a complex one,
/// which no object of Kubernetes has.
fn is_step(line: &str) -> bool {
    ["$ ", "$! ", "? "].iter().any(|mark| line.starts_with(mark)) || line.trim_end() == "$"
}

fn example(name: &str) -> Option<Beginning> {
    let found = crate::Example::named(name).or_else(|| crate::Example::named(&format!("{name}.yaml")))?;
    Some(Beginning::Example(found.name))
}

fn lesson(id: &str) -> Option<Beginning> {
    crate::lesson(id).map(|lesson| Beginning::Lesson(lesson.id))
}

fn recording(link: &str) -> Option<Beginning> {
    let fragment = link.rsplit_once('#').map_or(link, |(_, fragment)| fragment);
    let is_one = ["r=", "recording="].iter().any(|key| fragment.starts_with(key));
    is_one.then(|| Beginning::Recording(fragment.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FENCE: &str = "kind: StatefulSet\nmetadata: { name: web }\n---\n$ run until sts/web Ready\n# a word\n\n? pod/web-1 is \
                         Terminating\n$ kubectl apply -f - <<EOF\nkind: X\nEOF\n$ run \\\n> 60s\n";

    fn problems(words: &str, body: &str) -> Vec<(u32, String)> {
        Fence::read(words, body).problems.into_iter().map(|problem| (problem.number, problem.message)).collect()
    }

    #[test]
    fn a_fence_is_a_manifest_lines_and_claims() {
        let fence = Fence::read("height=420", FENCE);
        assert_eq!(fence.problems, []);
        assert_eq!(fence.beginning, Beginning::Manifest("kind: StatefulSet\nmetadata: { name: web }\n---\n".into()));
        let steps: Vec<(u32, String)> = (fence.steps.iter())
            .map(|step| match &step.what {
                What::Line(line) | What::Refused(line) => (step.number, line.clone()),
                What::Claim(claim) => (step.number, claim.to_string()),
            })
            .collect();
        let wanted = [
            (4, "run until sts/web Ready"),
            (7, "pod/web-1 is Terminating"),
            (8, "kubectl apply -f - <<EOF\nkind: X\nEOF"),
            (11, "run 60s"),
        ];
        assert_eq!(steps, wanted.map(|(number, text)| (number, text.to_owned())));
    }

    #[test]
    fn a_fence_begins_with_an_example_a_lesson_or_a_link_as_well() {
        let begins = |words: &str, body: &str| {
            let fence = Fence::read(words, body);
            assert_eq!(fence.problems, [], "{words} {body}");
            fence.beginning
        };
        assert_eq!(begins("", ""), Beginning::Empty);
        assert_eq!(begins("", "lease.yaml\n$ run 1s\n"), Beginning::Example("lease.yaml"));
        assert_eq!(begins("example=lease", ""), Beginning::Example("lease.yaml"));
        assert_eq!(begins("", "# the story\nat-most-one\n"), Beginning::Lesson("at-most-one"));
        assert_eq!(begins("lesson=at-most-one", "$ run 1s"), Beginning::Lesson("at-most-one"));
        assert_eq!(begins("", "https://a.b/petri/#r=1abc"), Beginning::Recording("r=1abc".into()));
        assert_eq!(begins("recording=r=1abc", ""), Beginning::Recording("r=1abc".into()));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let told = |words: &str, body: &str, number: u32, part: &str| {
            let found = problems(words, body);
            assert!(found.iter().any(|(at, text)| *at == number && text.contains(part)), "{words} {body}: {found:?}");
        };
        told("", "nonsense\n", 1, "no manifest, no example");
        told("example=nothing", "", 0, "there is no example");
        told("example=lease", "kind: X\n", 0, "begins with one thing");
        told("", "kind: X\n$ run 1s\nand then\n", 3, "neither a console line");
        told("", "$ run 1s\n? web is well\n", 2, "names no object");
        told("", "$ kubectl apply -f - <<EOF\nkind: X\n", 1, "has no end");
        told("", &"$ run 1s\n".repeat(MAX_STEPS + 1), 501, "at most 500");
        told("", &"#".repeat(MAX_BYTES + 1), 1, "at most 262144 bytes");
    }
}
