//! Transcripts: Markdown in which the console's answers are checked.
//!
//! ````markdown
//! ```yaml manifest web.yaml
//! kind: ...
//! ```
//!
//! ```console
//! $ kubectl apply -f web.yaml
//! statefulset.apps/web created
//! $ run 60s
//! ```
//! ````
//!
//! A `yaml manifest NAME` block is a file; the example manifests are there without being written out. In a `console`
//! block a line that begins with `$ ` is typed, and what follows is the answer; a line `...` stands for any lines.
//! Everything else is prose. A comment `<!-- scenario: sized-12, seed: 7, grain: fine -->` chooses another beginning; with
//! the fine grain each request of a controller is an event of its own. `<!-- beginning: r=... -->` takes machines, delays and
//! seed from the link of a run. [`told`] writes a transcript of a run.

pub mod told;

use crate::official::WithOfficial;
use petri_console::{Files, Session};
use petri_objects::value::quoted;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::link;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::world::Grain;
use std::collections::BTreeMap;
use std::fmt;

/// A piece of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    Prose(String),
    Manifest { name: String, text: String },
    Console(Vec<Exchange>),
}

/// A typed line and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The line in the file, from 1.
    pub number: u32,
    /// Without the `$ `; several lines if there is a here-document.
    pub line: String,
    pub expected: Vec<String>,
}

/// How a transcript is run.
#[derive(Clone, Debug)]
pub struct Options {
    pub scenario: Scenario,
    pub seed: u64,
    pub grain: Grain,
    /// Wrong answers are replaced rather than reported.
    pub rewrite: bool,
}

impl Default for Options {
    /// The standard scenario; answers are rewritten if the environment says `UPDATE_EXPECT=1`.
    fn default() -> Options {
        let rewrite = std::env::var("UPDATE_EXPECT").is_ok_and(|value| value == "1");
        Options { scenario: Scenario::standard(), seed: 1, grain: Grain::Coarse, rewrite }
    }
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// The transcript with the answers that were given.
    pub text: String,
    pub mismatches: Vec<Mismatch>,
    /// How many lines were typed.
    pub lines: u32,
    /// The run as a value: opening it in the timeline shows what happened.
    pub recording: Recording,
}

/// An answer that was not the expected one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    pub number: u32,
    pub line: String,
    pub expected: String,
    pub actual: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "line {}: $ {}", self.number, self.line)?;
        let (expected, actual): (Vec<&str>, Vec<&str>) =
            (self.expected.lines().collect(), self.actual.lines().collect());
        for i in 0..expected.len().max(actual.len()) {
            match (expected.get(i), actual.get(i)) {
                (Some(a), Some(b)) if a == b => writeln!(f, "    {a}")?,
                (wanted, given) => {
                    if let Some(wanted) = wanted {
                        writeln!(f, "  - {wanted}")?;
                    }
                    if let Some(given) = given {
                        writeln!(f, "  + {given}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Report {
    pub fn is_ok(&self) -> bool {
        self.mismatches.is_empty()
    }
}

/// Runs a transcript on a fresh cluster.
///
/// # Errors
/// The transcript itself cannot be read: an unknown scenario, or no console line at all. Wrong answers are in
/// [`Report::mismatches`].
pub fn run(markdown: &str, options: &Options) -> Result<Report, String> {
    let mut options = options.clone();
    beginning(markdown, &mut options)?;
    let mut timeline = Timeline::with_grain(Recording::new(options.scenario.clone(), options.seed), options.grain);
    let mut files: BTreeMap<String, String> =
        crate::examples().iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    let (mut mismatches, mut lines, mut rewritten) = (Vec::new(), 0, String::new());
    let mut shell = Session::default();
    for piece in pieces(markdown) {
        match &piece.block {
            Block::Prose(_) => rewritten.push_str(&piece.source),
            Block::Manifest { name, text } => {
                files.insert(name.clone(), text.clone());
                rewritten.push_str(&piece.source);
            }
            Block::Console(exchanges) => {
                rewritten.push_str("```console\n");
                for exchange in exchanges {
                    lines += 1;
                    let actual = answer(&exchange.line, &mut shell, &mut timeline, &files);
                    let same = matches(&exchange.expected, &actual);
                    let kept = if same { &exchange.expected } else { &actual };
                    rewritten.push_str(&format!("$ {}\n", exchange.line));
                    rewritten.extend(kept.iter().map(|line| format!("{line}\n")));
                    if !same && !options.rewrite {
                        mismatches.push(Mismatch {
                            number: exchange.number,
                            line: exchange.line.clone(),
                            expected: exchange.expected.join("\n"),
                            actual: actual.join("\n"),
                        });
                    }
                }
                rewritten.push_str("```\n");
            }
        }
    }
    if lines == 0 {
        return Err("there is no console line in this transcript".into());
    }
    Ok(Report { text: rewritten, mismatches, lines, recording: timeline.recording().clone() })
}

fn answer(line: &str, shell: &mut Session, timeline: &mut Timeline, files: &dyn Files) -> Vec<String> {
    let output = shell.run(line, timeline, &WithOfficial(files));
    // Blanks at the end of a line and empty lines at the end of an answer cannot be seen, so they do not count.
    let mut lines: Vec<String> = output.shown().lines().map(|line| line.trim_end().to_owned()).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines
}

/// Whether an answer is the expected one, where `...` stands for any lines.
fn matches(expected: &[String], actual: &[String]) -> bool {
    match expected.split_first() {
        None => actual.is_empty(),
        Some((first, rest)) if first == "..." => (0..=actual.len()).any(|skip| matches(rest, &actual[skip..])),
        Some((first, rest)) => actual.first() == Some(first) && matches(rest, &actual[1..]),
    }
}

/// Reads `<!-- scenario: sized-12, seed: 7 -->` or `<!-- beginning: r=... -->`, where a transcript has one.
///
/// # Errors
/// What it names is not there, or cannot be read.
pub fn beginning(markdown: &str, options: &mut Options) -> Result<(), String> {
    let linked = markdown.lines().find_map(|line| line.trim().strip_prefix("<!-- beginning:"));
    if let Some(fragment) = linked.map(|comment| comment.trim_end().trim_end_matches("-->").trim()) {
        let shared = link::from_fragment(fragment).ok_or_else(|| "the beginning is no link to a run".to_owned())?;
        let recording = shared.map_err(|refused| format!("the beginning could not be opened: {refused}"))?.recording;
        (options.scenario, options.seed) = ((*recording.scenario).clone(), recording.seed);
        return Ok(());
    }
    let Some(comment) = markdown.lines().find_map(|line| line.trim().strip_prefix("<!-- scenario:")) else {
        return Ok(());
    };
    let mut words = comment.trim_end().trim_end_matches("-->").split(',').map(str::trim);
    let name = words.next().unwrap_or_default();
    options.scenario = crate::scenario(name).ok_or_else(|| format!("there is no scenario {}", quoted(name)))?;
    for word in words {
        match word.split_once(':').map(|(key, value)| (key, value.trim())) {
            Some(("seed", seed)) => {
                options.seed = seed.parse().map_err(|_| format!("{} is no seed", quoted(seed)))?;
            }
            Some(("grain", "fine")) => options.grain = Grain::Fine,
            _ => return Err(format!("{} is not understood", quoted(word))),
        }
    }
    Ok(())
}

/// A block and the lines that it was written as.
struct Piece {
    block: Block,
    source: String,
}

/// Takes a transcript apart.
pub fn blocks(markdown: &str) -> Vec<Block> {
    pieces(markdown).into_iter().map(|piece| piece.block).collect()
}

fn pieces(markdown: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut prose = String::new();
    let mut lines = (1u32..).zip(markdown.lines());
    while let Some((number, line)) = lines.next() {
        let info = line.trim_end().strip_prefix("```");
        let manifest = info.and_then(|info| info.strip_prefix("yaml manifest "));
        if info != Some("console") && manifest.is_none() {
            prose.push_str(line);
            prose.push('\n');
            continue;
        }
        if !prose.is_empty() {
            pieces.push(Piece { block: Block::Prose(prose.clone()), source: std::mem::take(&mut prose) });
        }
        let body: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim_end() != "```").collect();
        let text: String = body.iter().map(|line| format!("{line}\n")).collect();
        let source = format!("{line}\n{text}```\n");
        let block = match manifest {
            Some(name) => Block::Manifest { name: name.trim().to_owned(), text },
            None => Block::Console(exchanges(&body, number + 1)),
        };
        pieces.push(Piece { block, source });
    }
    if !prose.is_empty() {
        pieces.push(Piece { block: Block::Prose(prose.clone()), source: prose });
    }
    pieces
}

/// What ends the text that a typed line has after it.
pub(crate) fn here_document(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("<<")?;
    let word = rest.trim_start_matches('-').split_whitespace().next()?;
    Some(word.trim_matches(['\'', '"']).to_owned())
}

fn exchanges(body: &[&str], first: u32) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    let mut here: Option<String> = None;
    for (number, line) in (first..).zip(body) {
        if let (Some(end), Some(exchange)) = (&here, exchanges.last_mut()) {
            exchange.line.push('\n');
            exchange.line.push_str(line);
            if line.trim() == end {
                here = None;
            }
            continue;
        }
        match (line.strip_prefix("$ "), exchanges.last_mut()) {
            (Some(typed), _) => {
                here = here_document(typed);
                exchanges.push(Exchange { number, line: typed.trim_end().to_owned(), expected: Vec::new() });
            }
            (None, Some(exchange)) => exchange.expected.push(line.trim_end().to_owned()),
            // Lines before the first typed one answer nothing.
            (None, None) => {}
        }
    }
    for exchange in &mut exchanges {
        while exchange.expected.last().is_some_and(|line| line.is_empty()) {
            exchange.expected.pop();
        }
    }
    exchanges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(rewrite: bool) -> Options {
        Options { scenario: Scenario::standard(), seed: 1, grain: Grain::Coarse, rewrite }
    }

    #[test]
    fn a_transcript_is_prose_files_and_exchanges() {
        let text = "# T\n\n```yaml manifest a.yaml\nkind: X\n```\n\n```console\n$ cat <<EOF\nx\nEOF\nanswer\n\n$ b\n```\nend\n";
        let found = blocks(text);
        assert_eq!(found[1], Block::Manifest { name: "a.yaml".into(), text: "kind: X\n".into() });
        let Block::Console(exchanges) = &found[3] else { panic!("{found:?}") };
        assert_eq!(exchanges[0].line, "cat <<EOF\nx\nEOF");
        assert_eq!(exchanges[0].expected, ["answer"]);
        assert_eq!((exchanges[1].number, &*exchanges[1].line), (13, "b"));
        assert_eq!(found[4], Block::Prose("end\n".into()));
    }

    #[test]
    fn dots_stand_for_any_lines() {
        let lines = |text: &str| text.split('|').map(String::from).collect::<Vec<_>>();
        assert!(matches(&lines("a|...|d"), &lines("a|b|c|d")));
        assert!(matches(&lines("..."), &[]));
        assert!(!matches(&lines("a|...|d"), &lines("a|b")));
        assert!(!matches(&[], &lines("a")));
    }

    #[test]
    fn a_wrong_answer_fails_and_names_its_line() {
        let text = "```console\n$ kubectl get pods\nAll is well\n```\n";
        let report = run(text, &options(false)).unwrap();
        assert!(!report.is_ok());
        let mismatch = &report.mismatches[0];
        assert_eq!((mismatch.number, &*mismatch.expected), (2, "All is well"));
        assert_eq!(mismatch.actual, "No resources found in default namespace.");
        assert!(mismatch.to_string().contains("  - All is well\n  + No resources found in default namespace.\n"));
    }

    #[test]
    fn a_rewritten_transcript_passes_and_keeps_its_prose() {
        let text = "# Nothing\n\n```console\n$ kubectl get pods\nAll is well\n$ run 1s\n```\n\nThe end.\n";
        let report = run(text, &options(true)).unwrap();
        assert_eq!(report.text, text.replace("All is well", "No resources found in default namespace."));
        assert!(run(&report.text, &options(false)).unwrap().is_ok());
    }

    #[test]
    fn a_transcript_without_console_lines_is_no_transcript() {
        assert!(run("# Only prose\n", &options(false)).is_err());
        assert!(run("<!-- scenario: nowhere -->\n```console\n$ help\n```\n", &options(false)).is_err());
    }
}
