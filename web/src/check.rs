//! What is wrong with a manifest, as the editor marks it and as the list under it says it.

use petri_manifest::{Grade, Parsed, Problem};
use petri_objects::Value;
use petri_objects::order::Order as _;
use petri_sim::belief::api::custom;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::world::World;
use std::cell::RefCell;
use std::rc::Rc;

/// A checked text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    pub findings: Vec<Finding>,
    /// How many objects can be applied: none if any document has an error.
    pub objects: usize,
}

/// One problem, at its place. Offsets are UTF-16 units, as the editor counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub from: u32,
    pub to: u32,
    pub line: u32,
    pub grade: Grade,
    /// The field's path, if the problem is about one.
    pub path: String,
    pub message: String,
    pub help: Option<String>,
}

impl Finding {
    pub fn severity(&self) -> &'static str {
        match self.grade {
            Grade::Error => "error",
            Grade::Warning => "warning",
            Grade::NotSimulated => "info",
        }
    }
    /// The kind, where the finding says of a whole object that it is kept and no more.
    pub fn kept(&self) -> Option<&str> {
        let says = (self.grade == Grade::NotSimulated && self.path == "kind").then_some(&self.message)?;
        says.strip_suffix(petri_manifest::KEPT)?.strip_suffix(" is ")
    }
    /// What stands at the end of its line, if anything does.
    pub fn badge(&self) -> Option<&'static str> {
        let badge = if self.kept().is_some() { petri_manifest::KEPT } else { "not simulated" };
        (self.grade == Grade::NotSimulated).then_some(badge)
    }
    /// `spec.replicas: Invalid value: -1: must be ...`.
    pub fn sentence(&self) -> String {
        if self.path.is_empty() || self.message.starts_with(&self.path) {
            self.message.clone()
        } else {
            format!("{}: {}", self.path, self.message)
        }
    }
}

impl Checked {
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.grade == Grade::Error)
    }
    pub fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }
    /// Line and message of every error, for whoever cannot see the editor.
    pub fn error_lines(&self) -> Vec<String> {
        self.errors().map(|finding| format!("line {}: {}", finding.line, finding.sentence())).collect()
    }
}

thread_local! {
    static KNOWN: RefCell<Option<(Rc<str>, Rc<Checked>)>> = const { RefCell::new(None) };
}

/// Checks a text before anybody looks at it.
pub fn foresee(text: &Rc<str>, world: &World) {
    let checked = check(text, world);
    KNOWN.with(|known| *known.borrow_mut() = Some((text.clone(), checked)));
}

/// What was foreseen about a text; only once, because the world goes on.
pub fn foreseen(text: &Rc<str>) -> Option<Rc<Checked>> {
    let (known, checked) = KNOWN.with(|known| known.borrow_mut().take())?;
    (known == *text).then_some(checked)
}

/// Checks a text: its YAML, its fields, and what the API server of this world would say to each document.
pub fn check(text: &str, world: &World) -> Rc<Checked> {
    let kinds = |version: &str, name: &str| custom::from_api(world.objects(), version, name);
    let parsed = petri_manifest::parse_for(text, &kinds);
    let mut problems: Vec<Problem> = parsed.problems.clone();
    problems.extend(refusals(text, &parsed, world));
    problems.order_by_key(|problem| (problem.span.start, problem.grade));
    let findings = place(text, &problems);
    let has_errors = findings.iter().any(|finding| finding.grade == Grade::Error);
    let objects = if has_errors { 0 } else { parsed.objects().count() };
    Rc::new(Checked { findings, objects })
}

/// What the API server would refuse: the documents are applied, in order, to a copy of the world.
fn refusals(text: &str, parsed: &Parsed, world: &World) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut copy = world.clone();
    let mut notes = Vec::new();
    for (index, document) in parsed.documents.iter().enumerate() {
        let Some(object) = &document.object else { continue };
        let mut manifest = document.value.clone();
        if object.kind().is_namespaced() && object.meta().namespace.is_empty() {
            set_namespace(&mut manifest);
        }
        let Err(ApiError::Invalid { errors, .. }) = copy.command(&Command::Apply(Rc::new(manifest)), &mut notes) else {
            continue;
        };
        for error in errors.iter() {
            let path = error.split(": ").next().unwrap_or_default();
            let span = document.locate(path);
            let before = text.get(..span.start).unwrap_or("");
            problems.push(Problem {
                line: before.matches('\n').count() as u32 + 1,
                column: before.rsplit('\n').next().map_or(0, |line| line.chars().count()) as u32 + 1,
                span,
                grade: Grade::Error,
                path: path.to_owned(),
                message: error.to_string(),
                help: None,
                document: Some(index),
            });
        }
    }
    problems
}

/// What kubectl adds to a document that names no namespace.
fn set_namespace(manifest: &mut Value) {
    let Value::Map(map) = manifest else { return };
    if let Some(Value::Map(metadata)) = map.entry_mut("metadata") {
        metadata.insert("namespace", Value::from("default"));
    }
}

/// Turns byte spans, in order of their start, into UTF-16 offsets, in one pass over the text.
fn place(text: &str, problems: &[Problem]) -> Vec<Finding> {
    let mut ruler = Ruler { text, byte: 0, unit: 0 };
    problems
        .iter()
        .map(|problem| {
            let from = ruler.unit_of(problem.span.start);
            // The end is measured from here by a copy: the next problem may start before it.
            let to = Ruler { ..ruler }.unit_of(problem.span.end);
            Finding {
                from,
                to: to.max(from),
                line: problem.line,
                grade: problem.grade,
                path: problem.path.clone(),
                message: problem.message.clone(),
                help: problem.help.clone(),
            }
        })
        .collect()
}

/// The UTF-16 offset of a byte of a text.
pub fn utf16(text: &str, byte: usize) -> u32 {
    Ruler { text, byte: 0, unit: 0 }.unit_of(byte)
}

struct Ruler<'t> {
    text: &'t str,
    byte: usize,
    unit: u32,
}

impl Ruler<'_> {
    /// The UTF-16 offset of a byte that is not before the last one asked for.
    fn unit_of(&mut self, byte: usize) -> u32 {
        let mut to = byte.clamp(self.byte, self.text.len());
        while !self.text.is_char_boundary(to) {
            to -= 1;
        }
        let units: usize = self.text[self.byte..to].chars().map(char::len_utf16).sum();
        self.byte = to;
        self.unit += units as u32;
        self.unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Rc<Checked> {
        super::check(text, &World::new(&petri_sim::ground::scenario::Scenario::standard(), 1))
    }

    const POD: &str =
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: c\n    image: i\n";

    #[test]
    fn a_good_manifest_gives_its_objects() {
        let checked = check(POD);
        assert!(!checked.has_errors(), "{:?}", checked.findings);
        assert_eq!(checked.objects, 1);
    }

    #[test]
    fn what_is_kept_is_marked_once() {
        let checked = check(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: s}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n",
        );
        let found: Vec<_> = checked.findings.iter().map(|f| (f.line, f.kept(), f.badge())).collect();
        assert_eq!(found, [(2, Some("NetworkPolicy"), Some("kept, not simulated"))]);
        assert_eq!(checked.objects, 1);
    }

    #[test]
    fn one_broken_document_keeps_all_of_them_back() {
        let checked = check(&format!("{POD}---\nkind: [\n"));
        assert!(checked.has_errors() && checked.objects == 0);
        assert!(checked.errors().next().unwrap().line >= 9);
    }

    #[test]
    fn offsets_count_utf16_units() {
        let text = format!("# \u{1f600}\u{e9}\n{}", POD.replace("image: i", "image: i\n    imag: x"));
        let checked = check(&text);
        let error = checked.errors().next().expect("an unknown field is an error");
        let units: Vec<u16> = text.encode_utf16().collect();
        let marked = String::from_utf16(&units[error.from as usize..error.to as usize]).unwrap();
        assert!(marked.contains("imag"), "{marked:?}");
    }

    #[test]
    fn bad_input_is_answered_with_a_place_and_never_a_panic() {
        let huge = "a: b\n".repeat(220_000);
        let many = POD
            .replace("kind: Pod", "kind: StatefulSet")
            .replace("v1", "apps/v1")
            .replace("spec:", "spec:\n  replicas: 10000");
        for text in [
            ": : :",
            "kind: Pod",
            "kind: Nope\napiVersion: v9\n",
            "\t- a",
            "a: b: c",
            "{",
            &huge,
            &many,
            "[1, 2]",
            "just words",
        ] {
            let checked = check(text);
            let error = checked.errors().next();
            assert!(error.is_some_and(|e| e.line >= 1 && !e.message.is_empty()), "{:.40}", text);
        }
        assert!(check("").objects == 0);
    }
}
