//! `kubectl diff`: what applying a file would change, as lines that would go and lines that would come.
//!
//! Deviation: what the API server and kubectl write into an object by themselves (generation, times, the annotation of
//! the last apply) is left out; upstream shows some of it. Its folders carry random numbers, and its lines the time of day.

use super::context::{Context, DryRun};
use super::named::{Meant, texts, unmapped, unread};
use super::{apply, edit, judged};
use crate::args::{self, Arguments, FILENAME, Flag, NAMESPACE, SELECTOR, namespace, switch, value};
use crate::errors::api_error;
use crate::host::Host as _;
use crate::output::{Failure, Output};
use crate::select;
use petri_manifest::{Document, Problem};
use petri_objects::{Kind, Object, ObjectRef};
use petri_sim::world::World;

/// Lines that are kept around a change.
const AROUND: usize = 3;
/// Beyond so many pairs of lines to compare, everything between equal ends counts as changed.
const MOST_PAIRS: usize = 400_000;

/// What applying one document would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub object: ObjectRef,
    pub change: Change,
    /// Changed lines and those around them; all of them for a new object, none if nothing changes.
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Created,
    Configured,
    Unchanged,
    /// In the API server's words.
    Refused(String),
}

/// A line of an object, as YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Same(String),
    Gone(String),
    New(String),
    /// So many lines in between are the same.
    Skipped(usize),
}

/// What applying a text would do, document by document, each after those before it. Nothing of it is done.
///
/// Documents with errors are left out: whoever asks has been told of them.
pub fn differences(text: &str, world: &World) -> Vec<Difference> {
    let none = Arguments::default();
    let parsed = select::parse(text, world.objects());
    let mut copy = DryRun { world: world.clone() };
    parsed.documents.iter().filter_map(|document| difference(document, &none, &mut copy)).collect()
}

/// What applying a document would do to a copy of the cluster; `None` if it holds no object.
fn difference(document: &Document, arguments: &Arguments, copy: &mut DryRun) -> Option<Difference> {
    let mut object = document.object.as_ref()?.reference();
    if object.kind.is_namespaced() && object.namespace.is_empty() {
        object.namespace = namespace(arguments).into();
    }
    let before = copy.world.objects().get(&object);
    let done = apply::command("apply", document, arguments)
        .and_then(|command| copy.command(command).map_err(|error| api_error(&error, None)));
    if let Err(words) = done {
        return Some(Difference { object, change: Change::Refused(words), lines: Vec::new() });
    }
    let after = copy.world.objects().get(&object);
    let text = |object: &Option<Object>| object.as_ref().map(|object| edit::editable(&without_last_applied(object)));
    let (old, new) = (text(&before), text(&after));
    let new = new.unwrap_or_default();
    let change = match &old {
        None => Change::Created,
        Some(old) if *old == new => Change::Unchanged,
        Some(_) => Change::Configured,
    };
    let lines = if change == Change::Unchanged { Vec::new() } else { compare(&old.unwrap_or_default(), &new) };
    Some(Difference { object, change, lines })
}

/// The whole manifest again, on one line: it says nothing that the other lines do not say.
fn without_last_applied(object: &Object) -> Object {
    let mut object = object.clone();
    object.meta_mut().annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    object
}

/// The lines of two texts beside each other, with a few of the equal ones around those that differ.
pub fn compare(old: &str, new: &str) -> Vec<Line> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let mut lines: Vec<Line> = old[..head].iter().map(|line| Line::Same((*line).to_owned())).collect();
    middle(&old[head..old.len() - tail], &new[head..new.len() - tail], &mut lines);
    lines.extend(old[old.len() - tail..].iter().map(|line| Line::Same((*line).to_owned())));
    shorten(lines)
}

/// Upstream: the longest common subsequence, as `diff -u` finds it.
fn middle(old: &[&str], new: &[&str], lines: &mut Vec<Line>) {
    let gone = |line: &&str| Line::Gone((*line).to_owned());
    let come = |line: &&str| Line::New((*line).to_owned());
    if old.len() * new.len() > MOST_PAIRS {
        lines.extend(old.iter().map(gone));
        lines.extend(new.iter().map(come));
        return;
    }
    let width = new.len() + 1;
    let mut longest = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i * width + j] = if old[i] == new[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Same(old[i].to_owned()));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || i < old.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
            lines.push(gone(&old[i]));
            i += 1;
        } else {
            lines.push(come(&new[j]));
            j += 1;
        }
    }
}

fn shorten(lines: Vec<Line>) -> Vec<Line> {
    let differs: Vec<bool> = lines.iter().map(|line| !matches!(line, Line::Same(_))).collect();
    let near = |at: usize| {
        let end = (at + AROUND + 1).min(differs.len());
        differs[at.saturating_sub(AROUND)..end].contains(&true)
    };
    let mut kept: Vec<Line> = Vec::new();
    for (at, line) in lines.into_iter().enumerate() {
        match kept.last_mut() {
            _ if near(at) => kept.push(line),
            Some(Line::Skipped(count)) => *count += 1,
            _ => kept.push(Line::Skipped(1)),
        }
    }
    kept
}

const FLAGS: &[Flag] = &[
    NAMESPACE,
    FILENAME,
    switch("server-side"),
    switch("force-conflicts"),
    switch("prune"),
    SELECTOR,
    value("prune-allowlist"),
    value("concurrency"),
];

/// Upstream: whatever fails ends `kubectl diff` with another code than a difference.
const FAILED: i32 = 2;

#[inline(never)]
pub(super) fn run(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let mut out = Output::default();
    if let Err(problem) = compared(words, context, &mut out) {
        out.fail(problem);
        out.code = FAILED;
    }
    Ok(out)
}

fn compared(words: &[String], context: &Context<'_>, out: &mut Output) -> Result<(), Failure> {
    let arguments = args::parse(words, FLAGS, "kubectl diff")?;
    if arguments.last("filename").or(arguments.last("kustomize")).is_none() {
        return Err("error: must specify one of -f and -k".into());
    }
    let meant = Meant::by(&arguments)?;
    let world = context.host.world();
    let mut failures: Vec<Failure> = Vec::new();
    for (source, text) in texts(&arguments, context)? {
        let parsed = select::parse(&text, world.objects());
        failures.extend(unread(&source, &parsed.problems));
        for (i, document) in parsed.documents.iter().enumerate() {
            let own: Vec<&Problem> = parsed.problems.iter().filter(|problem| problem.document == Some(i)).collect();
            if !meant.has(document) && unmapped(&source, document, &own).is_none() {
                continue;
            }
            let lenient = document.object.is_none() && document.kind.is_some() && judged::knows_all_but_fields(&own);
            let document = &if lenient { judged::without_unknown_fields(document) } else { document.clone() };
            for field in judged::unknown_fields(&own) {
                out.stderr.push_str(&format!("Warning: {field}\n"));
            }
            // The server is asked about each by itself, as nothing of the others is done.
            match difference(document, &arguments, &mut DryRun { world: world.clone() }) {
                None => {
                    let words = judged::refusal("apply", &source, document, &own);
                    failures.push(words.replace(&format!("error when creating \"{source}\": "), ""));
                }
                Some(Difference { change: Change::Refused(words), .. }) => failures.push(words),
                Some(difference) => print(&difference, out),
            }
        }
    }
    for problem in &failures {
        out.fail(problem);
        out.code = FAILED;
    }
    Ok(())
}

fn print(difference: &Difference, out: &mut Output) {
    if difference.change == Change::Unchanged {
        return;
    }
    // Upstream: diff's own exit code.
    out.code = 1;
    let name = file_name(&difference.object);
    out.line(format!("diff -u -N LIVE/{name} MERGED/{name}"));
    out.line(format!("--- LIVE/{name}"));
    out.line(format!("+++ MERGED/{name}"));
    for line in &difference.lines {
        match line {
            Line::Same(text) => out.line(format!(" {text}")),
            Line::Gone(text) => out.line(format!("-{text}")),
            Line::New(text) => out.line(format!("+{text}")),
            Line::Skipped(count) => out.line(format!("@@ {count} lines are the same @@")),
        }
    }
}

/// `apps.v1.StatefulSet.default.web`.
fn file_name(object: &ObjectRef) -> String {
    let kind: Kind = object.kind;
    let parts = [kind.group(), kind.version(), kind.name(), &*object.namespace, &*object.name];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: &str = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec:\n  serviceName: web\n  replicas: 2\n  \
                       selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: \
                       [{name: c, image: i}]}\n";

    #[test]
    fn what_an_apply_would_do_is_known_before_and_nothing_of_it_is_done() {
        let mut world = World::new(&petri_sim::ground::scenario::Scenario::standard(), 1);
        let change = |text: &str, world: &World| differences(text, world).remove(0).change;
        assert_eq!(change(SET, &world), Change::Created);
        assert_eq!(world.objects().stateful_sets.iter().count(), 0);
        let manifest = petri_manifest::parse(SET).documents.remove(0);
        let command = apply::command("apply", &manifest, &Arguments::default()).expect("it is complete");
        world.command(&command, &mut Vec::new()).expect("it is valid");
        assert_eq!(change(SET, &world), Change::Unchanged);
        let more = differences(&SET.replace("replicas: 2", "replicas: 3"), &world).remove(0);
        let changed: Vec<&Line> =
            more.lines.iter().filter(|line| matches!(line, Line::Gone(_) | Line::New(_))).collect();
        assert_eq!(changed, [&Line::Gone("  replicas: 2".into()), &Line::New("  replicas: 3".into())]);
        let refused = change(&SET.replace("serviceName: web", "serviceName: other"), &world);
        assert!(matches!(&refused, Change::Refused(words) if words.contains("Forbidden")), "{refused:?}");
    }

    #[test]
    fn changed_lines_stand_between_a_few_equal_ones() {
        let old: String = (0..20).map(|i| format!("line {i}\n")).collect();
        let new = old.replace("line 10\n", "line ten\nand more\n");
        let lines = compare(&old, &new);
        assert_eq!(lines[0], Line::Skipped(7));
        assert_eq!(
            lines[4..7],
            [Line::Gone("line 10".into()), Line::New("line ten".into()), Line::New("and more".into())]
        );
        assert_eq!(lines.last(), Some(&Line::Skipped(6)));
        assert_eq!(compare(&old, &old), [Line::Skipped(20)]);
    }
}
