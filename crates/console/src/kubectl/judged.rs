//! What is wrong with documents, and what a server warns of when it has taken one.

use super::context::Context;
use super::named::unmapped;
use crate::output::{Failure, Output};
use petri_manifest::{Document, Grade, Parsed, Problem};
use petri_objects::{Decode, DecodeProblemKind, Object, Value};
use petri_sim::belief::api::warnings;
use petri_sim::words::note::Answer;
use std::collections::BTreeSet;

/// The documents of a file and what is wrong with each of them.
pub(super) fn documents(parsed: &Parsed) -> impl Iterator<Item = (&Document, Vec<&Problem>)> {
    parsed
        .documents
        .iter()
        .enumerate()
        .map(|(i, document)| (document, parsed.problems.iter().filter(|problem| problem.document == Some(i)).collect()))
}

/// What kubectl says of the documents of a file that are of no kind that the cluster knows.
pub(super) fn unmapped_in<'p>(source: &'p str, parsed: &'p Parsed) -> impl Iterator<Item = Failure> + 'p {
    documents(parsed).filter_map(move |(document, own)| unmapped(source, document, &own))
}

/// Prints what the API server warns of in an object that it has taken.
pub(super) fn warn(answer: &Answer, before: Option<&Object>, context: &Context<'_>, out: &mut Output) {
    for warning in warned(answer, before, context) {
        out.stderr.push_str(&format!("Warning: {warning}\n"));
    }
}

/// What the API server warns of in an object that it has taken.
fn warned(answer: &Answer, before: Option<&Object>, context: &Context<'_>) -> Vec<String> {
    let (Answer::Created(target)
    | Answer::Configured(target)
    | Answer::Replaced(target)
    | Answer::Patched { target, .. }) = answer
    else {
        return Vec::new();
    };
    match (context.host.world().objects().get(target), before) {
        (Some(new), Some(old)) if old.meta().uid == new.meta().uid => warnings::of_change(&new, old),
        (Some(new), _) => warnings::of(&new),
        _ => Vec::new(),
    }
}

fn is_by_decoder(message: &str) -> bool {
    ["json: ", "quantities must", "illegal base64"].iter().any(|start| message.starts_with(start))
}

/// How a field that nobody knows is reported.
const STRICT: &str = "strict decoding error: ";

/// Whether nothing is wrong but fields that nobody knows.
#[inline(never)]
pub(super) fn knows_all_but_fields(problems: &[&Problem]) -> bool {
    problems.iter().all(|problem| problem.grade != Grade::Error || problem.message.starts_with(STRICT))
}

/// A document as a server reads it that leaves out the fields that it does not know.
pub(super) fn without_unknown_fields(document: &Document) -> Document {
    let mut decode = Decode::default();
    let mut read = document.clone();
    read.object = document.kind.map(|kind| Object::decode(kind, &document.value, &mut decode));
    let unknown = decode.problems.into_iter().filter(|problem| problem.kind == DecodeProblemKind::UnknownField);
    read.value = without(&document.value, "", &unknown.map(|problem| problem.path).collect());
    read
}

/// What is left of a value without these paths.
fn without(value: &Value, path: &str, unknown: &BTreeSet<String>) -> Value {
    match value {
        _ if unknown.is_empty() => value.clone(),
        Value::Map(map) => {
            let dot = if path.is_empty() { "" } else { "." };
            let own = map.iter().map(|(key, value)| (key, value, format!("{path}{dot}{key}")));
            let known = own.filter(|(.., path)| !unknown.contains(path));
            Value::Map(known.map(|(key, value, path)| (key.clone(), without(value, &path, unknown))).collect())
        }
        Value::List(list) => {
            let items = list.iter().enumerate();
            Value::List(items.map(|(i, value)| without(value, &format!("{path}[{i}]"), unknown)).collect())
        }
        other => other.clone(),
    }
}

/// The fields of a document that nobody knows, as the server warns of them.
pub(super) fn unknown_fields<'p>(problems: &'p [&Problem]) -> impl Iterator<Item = &'p str> {
    problems.iter().filter_map(|problem| problem.message.strip_prefix(STRICT))
}

/// What kubectl says about a document that no server would take.
pub(super) fn refusal(verb: &str, source: &str, document: &Document, problems: &[&Problem]) -> String {
    if let Some(words) = unmapped(source, document, problems) {
        return words;
    }
    let Some(kind) = document.kind else { return "error: no object".into() };
    let errors: Vec<&&Problem> = problems.iter().filter(|p| p.grade == Grade::Error).collect();
    let unknown: Vec<&str> = unknown_fields(problems).collect();
    // The first value of a wrong type ends the decoding; unknown fields are all counted.
    let other = errors.iter().find(|p| !p.message.starts_with(STRICT));
    let message = match other {
        Some(problem) => problem.message.clone(),
        None => format!("{STRICT}{}", unknown.join(", ")),
    };
    let doing = if verb == "replace" { "replacing" } else { "creating" };
    if !message.starts_with(STRICT) && !is_by_decoder(&message) {
        return format!("error: error when {doing} \"{source}\": {message}");
    }
    let (kind, version) = (kind.name(), kind.version());
    format!(
        "Error from server (BadRequest): error when {doing} \"{source}\": {kind} in version \"{version}\" cannot be \
         handled as a {kind}: {message}"
    )
}
