//! From a tree to an object, and from what decoding met to problems.

use crate::document::{Kinds, Reporter};
use crate::limits::{MAX_PROBLEMS, replica_limit_message, too_many_replicas};
use crate::locate::{locate, locate_key};
use crate::problem::Grade;
use crate::suggest;
use crate::tree::{Node, NodeKind};
use petri_objects::kept::{Removal, removed};
use petri_objects::record::by_decoder;
use petri_objects::{Decode, DecodeProblemKind, Kind, Object, Value};

/// What is said of an object that is stored and no more.
pub const KEPT: &str = "kept, not simulated";

/// Reads the object of one document and reports what is wrong with it.
pub(crate) fn object(root: &Node, value: &Value, kinds: Kinds<'_>, report: &mut Reporter<'_>) -> Option<Object> {
    let NodeKind::Map(_) = root.kind else {
        report.at(
            root.span.clone(),
            Grade::Error,
            "",
            format!("json: cannot unmarshal {} into Go value of type unstructured.detector", value.go_type()),
            Some("A manifest is a map that begins with apiVersion, kind and metadata.".into()),
        );
        return None;
    };
    let word = |key: &str| root.get(key).and_then(|entry| entry.value.as_str()).unwrap_or("");
    let (api_version, name) = (word("apiVersion"), word("kind"));
    for (key, shown) in [("kind", "Kind"), ("apiVersion", "apiVersion")] {
        if word(key).is_empty() {
            let help = match (key, word("kind")) {
                ("apiVersion", name) => Kind::every()
                    .find(|kind| kind.name() == name)
                    .map(|kind| format!("For a {name} write `apiVersion: {}`.", kind.api_version())),
                _ => Some("Every document says what it describes, for example `kind: StatefulSet`.".into()),
            };
            report.at(
                locate(root, key),
                Grade::Error,
                key,
                format!("Object '{shown}' is missing in '{}'", shortened(value)),
                help,
            );
            return None;
        }
    }
    let Some(kind) = Kind::from_api(api_version, name).or_else(|| kinds(api_version, name)) else {
        unknown_kind(root, api_version, name, report);
        return None;
    };
    let mut at = Decode::default();
    let object = Object::decode(kind, value, &mut at);
    let before = report.errors();
    if kind.has_no_effect() {
        report.at(locate(root, "kind"), Grade::NotSimulated, "kind", format!("{name} is {KEPT}"), None);
    }
    for (i, problem) in at.problems.iter().enumerate() {
        if i == MAX_PROBLEMS {
            let more = at.problems.len() - i;
            report.at(locate(root, "kind"), Grade::Error, "", format!("{more} more problems in this document"), None);
            break;
        }
        let path = &*problem.path;
        match &problem.kind {
            DecodeProblemKind::UnknownField => report.at(
                locate_key(root, path),
                Grade::Error,
                path,
                format!("strict decoding error: unknown field \"{path}\""),
                suggest::for_field(kind, path),
            ),
            DecodeProblemKind::WrongType(text) => {
                report.at(locate(root, path), Grade::Error, path, by_decoder(text), wrong_type_help(text))
            }
            DecodeProblemKind::NotSimulated => report.at(
                locate_key(root, path),
                Grade::NotSimulated,
                path,
                format!("{path} is accepted, but has no effect in the simulation"),
                None,
            ),
        }
    }
    if kind.is_acted_on() {
        for path in unheard(&object) {
            let message = format!("{path} is accepted, but has no effect in the simulation");
            report.at(locate_key(root, path), Grade::NotSimulated, path, message, None);
        }
    }
    if let Some(replicas) = too_many_replicas(&object) {
        let path = "spec.replicas";
        report.at(locate(root, path), Grade::Error, path, replica_limit_message(i64::from(replicas)), None);
    }
    (report.errors() == before).then_some(object)
}

/// The fields of a Job or a CronJob that nobody acts on.
#[inline(never)]
fn unheard(object: &Object) -> Vec<&'static str> {
    const FIELDS: [(&str, &str); 4] = [
        ("Job", "spec.backoffLimitPerIndex"),
        ("Job", "spec.maxFailedIndexes"),
        ("CronJob", "spec.jobTemplate.spec.backoffLimitPerIndex"),
        ("CronJob", "spec.jobTemplate.spec.maxFailedIndexes"),
    ];
    let Object::Kept(kept) = object else { return Vec::new() };
    let own = FIELDS.iter().filter(|(kind, _)| *kind == kept.kind.entry().name).map(|(_, path)| *path);
    let mut found: Vec<&str> = own.filter(|path| kept.at(&path.split('.').collect::<Vec<_>>()).is_some()).collect();
    if !petri_objects::batch::is_utc(kept.text(&["spec", "timeZone"])) {
        found.push("spec.timeZone");
    }
    found
}

/// What Go expected and what the YAML says, where the cause is usually missing quotes.
fn wrong_type_help(text: &str) -> Option<String> {
    let is_string = text.ends_with("of type string");
    if is_string && (text.starts_with("cannot unmarshal bool") || text.starts_with("cannot unmarshal number")) {
        return Some("Put the value in quotes: unquoted, YAML takes it for a number or for true or false.".into());
    }
    (text.starts_with("cannot unmarshal string") && (text.ends_with("int32") || text.ends_with("int64")))
        .then(|| "Write a whole number, without quotes.".into())
}

fn unknown_kind(root: &Node, api_version: &str, name: &str, report: &mut Reporter<'_>) {
    let same_name = Kind::every().find(|kind| kind.name() == name);
    let close = || suggest::closest(name, Kind::every().map(Kind::name));
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let (place, help) = if let Some(removal) = removed(api_version, name) {
        ("apiVersion", moved(api_version, name, removal))
    } else if let Some(kind) = same_name {
        ("apiVersion", format!("{name} is in `{}`.", kind.api_version()))
    } else if group.contains('.') && !group.ends_with(".k8s.io") {
        ("kind", format!("A CustomResourceDefinition of {name} has to be applied first."))
    } else if let Some(close) = close() {
        ("kind", format!("Did you mean `{close}`?"))
    } else {
        ("kind", "Kubernetes 1.36 has no such kind; `kubectl api-resources` lists those that it has.".to_owned())
    };
    let message = format!("no matches for kind \"{name}\" in version \"{api_version}\"");
    report.at(locate(root, place), Grade::Error, place, message, Some(help));
}

/// Where a kind went whose version is no longer served.
fn moved(api_version: &str, name: &str, removal: Removal) -> String {
    match removal {
        Removal { minor: 0, .. } => {
            format!("Kubernetes 1.36 serves {name} in `{api_version}` only where that is switched on.")
        }
        Removal { now: "", minor } => {
            format!("Kubernetes has no {name} since 1.25; `{api_version}` went with 1.{minor}.")
        }
        Removal { now, minor } => {
            format!("{name} is in `{now}`; `{api_version}` is no longer served since Kubernetes 1.{minor}.")
        }
    }
}

/// The JSON that kubectl would print in full.
///
/// Deviation: cut after 200 characters, because a whole manifest inside a message hides the message.
fn shortened(value: &Value) -> String {
    let json = value.to_json();
    match json.char_indices().nth(200) {
        Some((at, _)) => format!("{}...", &json[..at]),
        None => json,
    }
}
