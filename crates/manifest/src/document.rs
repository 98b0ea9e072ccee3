//! The whole way from a text to objects and problems.

use crate::check;
use crate::limits::{MAX_DOCUMENTS, MAX_PROBLEMS, MAX_TEXT};
use crate::locate;
use crate::problem::{Grade, Lines, Problem};
use crate::split::{has_content, split};
use crate::tree::{self, Entry, Node, NodeKind};
use petri_objects::order::Order as _;
use petri_objects::{Kind, Object, Value};
use std::ops::Range;
use std::rc::Rc;

/// What came out of a text.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// In the order of the text; the items of a `kind: List` are documents of their own.
    pub documents: Vec<Document>,
    /// In the order of the text.
    pub problems: Vec<Problem>,
}

/// One document, or one item of a `List`.
#[derive(Clone, Debug)]
pub struct Document {
    /// Decoded but not defaulted. `None` if any [`Grade::Error`] problem is about this document.
    pub object: Option<Object>,
    /// The kind, also if the rest of the document has errors.
    pub kind: Option<Kind>,
    /// The tree as it was written; after a syntax error what came before it.
    pub value: Value,
    /// Bytes of the whole text.
    pub span: Range<usize>,
    /// The first line, from 1.
    pub line: u32,
    root: Rc<Node>,
}

impl Parsed {
    /// The objects that have no errors, in order.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.documents.iter().filter_map(|document| document.object.as_ref())
    }
    /// Only the problems for which a cluster, or Petri, refuses something.
    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.grade == Grade::Error)
    }
    pub fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }
    /// The document that a byte of the text lies in.
    pub fn document_at(&self, offset: usize) -> Option<usize> {
        self.documents.iter().position(|document| document.span.start <= offset && offset <= document.span.end)
    }
}

impl Document {
    /// The best place in the text for a field path as the API server writes it
    /// (`spec.template.spec.containers[0].image`, `metadata.annotations[key]`): the value, or the nearest ancestor
    /// that exists.
    pub fn locate(&self, path: &str) -> Range<usize> {
        locate::locate(&self.root, path)
    }
    /// Where a field's key is written, if the field is there at all.
    pub fn locate_key(&self, path: &str) -> Option<Range<usize>> {
        match locate::follow(&self.root, path) {
            (steps, true) => match steps.last() {
                Some(locate::Step::Key(entry)) => Some(entry.key_span.clone()),
                _ => None,
            },
            _ => None,
        }
    }
    /// The field path at a byte of the text, for hover and completion: `spec.template.spec.containers[0].image`.
    pub fn path_at(&self, offset: usize) -> String {
        let mut path = String::new();
        let mut node = &*self.root;
        loop {
            match &node.kind {
                NodeKind::Scalar { .. } => return path,
                NodeKind::List(items) => {
                    let Some(i) = items.iter().position(|n| n.span.start <= offset && offset <= n.span.end) else {
                        return path;
                    };
                    path.push_str(&format!("[{i}]"));
                    node = &items[i];
                }
                NodeKind::Map(entries) => {
                    let inside = |from: usize, to: usize| from <= offset && offset <= to;
                    let Some(entry) =
                        entries.iter().find(|e| inside(e.key_span.start, e.value.span.end.max(e.key_span.end)))
                    else {
                        return path;
                    };
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(&entry.key);
                    if inside(entry.key_span.start, entry.key_span.end) {
                        return path;
                    }
                    node = &entry.value;
                }
            }
        }
    }
    /// The tree with the places of all values.
    pub fn root(&self) -> &Node {
        &self.root
    }
    /// A problem about a field of this document, for errors that only the server can find.
    pub fn problem(&self, text: &str, path: &str, message: impl Into<String>) -> Problem {
        let span = self.locate(path);
        let (line, column) = Lines::new(text).position(span.start);
        let (path, message) = (path.to_owned(), message.into());
        Problem { span, line, column, grade: Grade::Error, path, message, help: None, document: None }
    }
}

/// Collects problems about one document.
pub(crate) struct Reporter<'t> {
    lines: &'t Lines<'t>,
    problems: &'t mut Vec<Problem>,
    document: Option<usize>,
}

impl Reporter<'_> {
    pub(crate) fn at(
        &mut self,
        span: Range<usize>,
        grade: Grade,
        path: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let (line, column) = self.lines.position(span.start);
        let (path, message, document) = (path.to_owned(), message.into(), self.document);
        self.problems.push(Problem { span, line, column, grade, path, message, help, document });
    }
    pub(crate) fn errors(&self) -> usize {
        self.problems.iter().filter(|p| p.grade == Grade::Error && p.document == self.document).count()
    }
}

/// Which kind `apiVersion` and `kind` name, beyond those that every cluster has.
pub type Kinds<'k> = &'k dyn Fn(&str, &str) -> Option<Kind>;

/// Reads a text of YAML or JSON documents. Never fails: what is wrong is in [`Parsed::problems`].
pub fn parse(text: &str) -> Parsed {
    parse_for(text, &|_, _| None)
}

/// The same for a cluster that was taught more kinds.
pub fn parse_for(text: &str, kinds: Kinds<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    if text.len() > MAX_TEXT {
        parsed.problems.push(Problem {
            span: 0..0,
            line: 1,
            column: 1,
            grade: Grade::Error,
            path: String::new(),
            message: format!(
                "This text has {} kB; Petri reads at most {} kB at once, so nothing was read.",
                text.len().div_ceil(1024),
                MAX_TEXT / 1024
            ),
            help: None,
            document: None,
        });
        return parsed;
    }
    let lines = Lines::new(text);
    for chunk in split(text) {
        if parsed.documents.len() >= MAX_DOCUMENTS {
            let mut report = Reporter { lines: &lines, problems: &mut parsed.problems, document: None };
            let message = format!("Petri reads at most {MAX_DOCUMENTS} documents at once; the rest was not read.");
            report.at(chunk.span.start..chunk.span.start, Grade::Error, "", message, None);
            break;
        }
        if has_content(&text[chunk.span.clone()]) {
            let before = parsed.problems.len();
            let index = parsed.documents.len();
            read_chunk(text, chunk.span, &lines, kinds, &mut parsed);
            // Too broken to become a document: its number belongs to the next one.
            if parsed.documents.len() == index {
                parsed.problems[before..].iter_mut().for_each(|problem| problem.document = None);
            }
        }
        if let Some(span) = chunk.bad_separator {
            let mut report = Reporter { lines: &lines, problems: &mut parsed.problems, document: None };
            let message = format!("invalid Yaml document separator: {}", &text[span.clone()]);
            report.at(span, Grade::Error, "", message, Some("Put `---` on a line of its own.".into()));
        }
    }
    parsed
}

fn read_chunk(text: &str, span: Range<usize>, lines: &Lines<'_>, kinds: Kinds<'_>, parsed: &mut Parsed) {
    let (root, mut faults) = tree::build(text, span);
    let index = parsed.documents.len();
    let mut report = Reporter { lines, problems: &mut parsed.problems, document: Some(index) };
    let is_broken = faults.iter().any(|fault| fault.is_error);
    // One document of thousands of repeated keys needs no thousand sentences, and they hide no error.
    faults.order_by_key(|fault| !fault.is_error);
    for fault in faults.into_iter().take(MAX_PROBLEMS) {
        let message = if !fault.is_error || fault.message.starts_with("error converting") {
            fault.message
        } else {
            let rest = fault.message.strip_prefix("yaml: ").unwrap_or(&fault.message);
            let line = lines.position(fault.span.start).0;
            format!("error converting YAML to JSON: yaml: line {line}: {rest}")
        };
        let grade = if fault.is_error { Grade::Error } else { Grade::Warning };
        report.at(fault.span, grade, "", message, fault.help);
    }
    let Some(root) = root else { return };
    if matches!(root.kind, NodeKind::Scalar { value: Value::Null, .. }) {
        return;
    }
    if let (false, Some((items, of))) = (is_broken, list_items(&root)) {
        for item in items {
            let item = of.as_ref().map_or(item.clone(), |of| of.named(item));
            add_document(item, false, lines, kinds, parsed);
        }
    } else {
        add_document(root, is_broken, lines, kinds, parsed);
    }
}

/// What the items of a typed list are, where they do not say it.
struct ItemsOf {
    api_version: Entry,
    kind: Entry,
}

impl ItemsOf {
    fn named(&self, item: &Rc<Node>) -> Rc<Node> {
        let NodeKind::Map(entries) = &item.kind else { return item.clone() };
        let missing = [&self.api_version, &self.kind].into_iter().filter(|entry| item.get(&entry.key).is_none());
        let entries = missing.chain(entries).cloned().collect();
        Rc::new(Node::new(item.span.clone(), NodeKind::Map(entries)))
    }
}

/// The items of `kind: List` and of typed lists such as `StatefulSetList`, and what those of the latter are.
fn list_items(root: &Node) -> Option<(&[Rc<Node>], Option<ItemsOf>)> {
    let kind = root.get("kind")?;
    let name = kind.value.as_str()?.strip_suffix("List")?;
    let NodeKind::List(items) = &root.get("items")?.value.kind else { return None };
    let of = root
        .get("apiVersion")
        .filter(|_| !name.is_empty())
        .map(|api_version| ItemsOf { api_version: api_version.clone(), kind: kind.renamed(name) });
    Some((items, of))
}

fn add_document(root: Rc<Node>, is_broken: bool, lines: &Lines<'_>, kinds: Kinds<'_>, parsed: &mut Parsed) {
    if parsed.documents.len() >= MAX_DOCUMENTS {
        return;
    }
    let value = root.to_value();
    let mut report = Reporter { lines, problems: &mut parsed.problems, document: Some(parsed.documents.len()) };
    let object = if is_broken { None } else { check::object(&root, &value, kinds, &mut report) };
    let word = |key: &str| root.get(key).and_then(|entry| entry.value.as_str()).unwrap_or("");
    let (api_version, name) = (word("apiVersion"), word("kind"));
    let kind = Kind::from_api(api_version, name).or_else(|| kinds(api_version, name));
    let (span, line) = (root.span.clone(), lines.position(root.span.start).0);
    parsed.documents.push(Document { object, kind, value, span, line, root });
}
