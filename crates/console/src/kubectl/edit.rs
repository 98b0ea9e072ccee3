//! Small changes: `set image`, `label`, `annotate`, `patch`, and `edit`, which hands the object to an editor.

use super::context::Context;
use super::get::text;
use super::judged::warn;
use super::named::targets;
use super::{json_patch, merge};
use crate::args::{self, ALL_NAMESPACES, Arguments, Flag, NAMESPACE, SELECTOR, switch, value};
use crate::errors::{answer_text, named, trouble};
use crate::host::Unread;
use crate::output::{Failure, Output};
use petri_manifest::Problem;
use petri_objects::merge::{Lists, strategic};
use petri_objects::value::quoted;
use petri_objects::{Decode, DecodeProblemKind, Kind, Map, Name, Object, ObjectRef, Value};
use petri_sim::belief::api::patch::merge_value;
use petri_sim::words::command::Command;

/// The path of a kind's pod template.
pub(super) fn template_path(kind: Kind) -> Option<&'static [&'static str]> {
    match kind {
        Kind::StatefulSet | Kind::Deployment | Kind::ReplicaSet | Kind::DaemonSet => Some(&["spec", "template"]),
        _ => None,
    }
}

/// What the API server writes into the metadata of an object: nothing that one edits.
const OF_THE_SERVER: [&str; 6] =
    ["creationTimestamp", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "uid"];

/// An object as one edits it: without its status and without what the API server writes by itself.
pub(super) fn editable(object: &Object) -> String {
    let mut map = match object.to_value() {
        Value::Map(map) => map,
        _ => Map::new(),
    };
    map.remove("status");
    if let Some(Value::Map(metadata)) = map.get("metadata") {
        let mut metadata = metadata.clone();
        OF_THE_SERVER.iter().for_each(|key| drop(metadata.remove(key)));
        map.insert("metadata", Value::Map(metadata));
    }
    petri_manifest::to_yaml(&super::get::sorted(Value::Map(map)))
}

/// `kubectl edit sts/web`: there is no editor to wait for, so that the object is handed over to be applied again.
#[inline(never)]
pub(super) fn open(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, &[NAMESPACE, value("output").short('o')], "kubectl edit")?;
    let of_files = arguments.last("filename").or(arguments.last("kustomize")).is_some();
    if arguments.words.is_empty() && !of_files {
        return Err(super::context::NOTHING_NAMED.into());
    }
    let (found, missing) = targets(&arguments, context)?;
    let mut out = Output::default();
    let mut texts = Vec::new();
    for object in &found {
        texts.push(editable(object));
    }
    if let Some(first) = found.first() {
        let name = format!("{}.yaml", first.meta().name);
        out.line(format!("# Change it in the editor and apply it: kubectl apply -f {name}"));
        let text = texts.join("---\n");
        out.stdout.push_str(&text);
        out.open_in_editor = Some((name, text));
    }
    for problem in missing {
        out.gather(problem);
    }
    Ok(out)
}

/// `kubectl set image sts/web nginx=nginx:1.26`.
#[inline(never)]
pub(super) fn set(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    const FLAGS: &[Flag] = &[NAMESPACE, ALL_NAMESPACES, SELECTOR, switch("all")];
    let mut arguments = args::parse(words, FLAGS, "kubectl set")?;
    match arguments.words.first().map(String::as_str) {
        Some("image") => arguments.words.remove(0),
        Some(other) => return Err(format!("error: kubectl set {other} has no counterpart in the simulation")),
        None => return Err("error: kubectl set needs what to set: image".into()),
    };
    let (images, resources): (Vec<String>, Vec<String>) =
        std::mem::take(&mut arguments.words).into_iter().partition(|word| word.contains('='));
    if images.is_empty() {
        return Err("error: at least one image update is required".into());
    }
    arguments.words = resources;
    let (found, missing) = targets(&arguments, context)?;
    let mut out = Output::default();
    for object in found {
        let old = object.to_value();
        let path: &[&str] = match template_path(object.kind()) {
            Some(_) => &["spec", "template", "spec", "containers"],
            None if object.kind() == Kind::Pod => &["spec", "containers"],
            None => {
                out.gather(format!("error: {} has no containers", named(&object.reference())));
                continue;
            }
        };
        let mut containers = old.at(path).and_then(Value::as_list).unwrap_or(&[]).to_vec();
        let mut problem = None;
        for image in &images {
            let (name, image) = image.split_once('=').expect("the words with = were picked");
            let mut hit = false;
            for container in &mut containers {
                let matches = container.at(&["name"]).and_then(Value::as_str).is_some_and(|n| n == name || name == "*");
                if let (Value::Map(map), true) = (container, matches) {
                    map.insert("image", Value::from(image));
                    hit = true;
                }
            }
            if !hit {
                problem = Some(format!("error: unable to find container named \"{name}\""));
            }
        }
        if let Some(problem) = problem {
            out.gather(problem);
            continue;
        }
        let containers = Value::List(containers);
        if old.at(path) == Some(&containers) {
            // Nothing changes, and kubectl says nothing.
            continue;
        }
        send(&object, Value::nested(path, containers), "image updated", &arguments, context, &mut out);
    }
    for problem in missing {
        out.gather(problem);
    }
    Ok(out)
}

/// Sends a merge patch and says what was done in a few words.
///
/// With `--local` nothing is sent: what would come of it is shown.
pub(super) fn send(
    object: &Object,
    patch: Value,
    done: &str,
    arguments: &Arguments,
    context: &mut Context<'_>,
    out: &mut Output,
) {
    if arguments.is_set("local") {
        let mut value = object.to_value();
        merge_value(&mut value, &patch);
        let made = Object::decode(object.kind(), &value, &mut Decode::default());
        return shown(&made, done, arguments, out);
    }
    let target = object.reference();
    match context.host.command(Command::Patch { target: target.clone(), patch, status: false }) {
        Ok(answer) => {
            warn(&answer, Some(object), context, out);
            shown_now(&target, done, arguments, context, out);
        }
        Err(error) => out.gather(trouble(&error, None)),
    }
}

fn shown_now(target: &ObjectRef, done: &str, arguments: &Arguments, context: &Context<'_>, out: &mut Output) {
    if let Some(object) = context.host.world().objects().get(target) {
        shown(&object, done, arguments, out);
    }
}

/// What was done in a word, or the object in the form that `-o` asks for.
fn shown(object: &Object, done: &str, arguments: &Arguments, out: &mut Output) {
    match arguments.last("output") {
        None => out.line(format!("{} {done}", named(&object.reference()))),
        Some(form) => match text(form, object) {
            Ok(text) => out.stdout.push_str(&text),
            Err(problem) => out.gather(problem),
        },
    }
}

/// `kubectl label` and `kubectl annotate`.
#[inline(never)]
pub(super) fn label(verb: &str, words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    const FLAGS: &[Flag] = &[NAMESPACE, ALL_NAMESPACES, SELECTOR, switch("all"), switch("overwrite"), switch("list")];
    let mut arguments = args::parse(words, FLAGS, &format!("kubectl {verb}"))?;
    let is_change = |word: &String| word.contains('=') || word.ends_with('-');
    // With files every word is a change; without, the first one names a kind.
    let named = usize::from(arguments.last("filename").or(arguments.last("kustomize")).is_none());
    let at = arguments.words.iter().skip(named).position(is_change).map_or(arguments.words.len(), |at| at + named);
    let changes = arguments.words.split_off(at);
    if arguments.words.is_empty() && named > 0 {
        return Err("error: one or more resources must be specified as <resource> <name> or <resource>/<name>".into());
    }
    let field = if verb == "label" { "labels" } else { "annotations" };
    if changes.is_empty() && !arguments.is_set("list") {
        let noun = if verb == "label" { "label" } else { "annotation" };
        return Err(format!("error: at least one {noun} update is required"));
    }
    let set: Vec<&str> = changes.iter().filter_map(|change| Some(change.split_once('=')?.0)).collect();
    let mut both = changes.iter().filter_map(|change| change.strip_suffix('-')).filter(|key| set.contains(key));
    if let Some(key) = both.next() {
        return Err(match verb {
            "label" => "error: can not both modify and remove a label in the same command".into(),
            _ => {
                format!("error: can not both modify and remove the following annotation(s) in the same command: {key}")
            }
        });
    }
    let values = changes.iter().filter_map(|change| Some((change, change.split_once('=')?.1)));
    if let Some((change, _)) = values.clone().find(|(_, value)| verb == "label" && !is_label_value(value)) {
        return Err(format!("error: invalid label value: \"{change}\": {LABEL_VALUE}"));
    }
    let (found, missing) = targets(&arguments, context)?;
    let mut out = Output::default();
    for object in found {
        match one_label(verb, field, &object, &changes, &arguments, &mut out) {
            Ok(Some((patch, done))) => send(&object, patch, done, &arguments, context, &mut out),
            Ok(None) => {}
            Err(problem) => out.gather(problem),
        }
    }
    for problem in missing {
        out.gather(problem);
    }
    Ok(out)
}

const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
                           and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or \
                           '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

fn is_label_value(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    text.len() <= 63 && ends(text.chars().next()) && ends(text.chars().last()) && text.chars().all(inside)
}

fn one_label(
    verb: &str,
    field: &str,
    object: &Object,
    changes: &[String],
    arguments: &Arguments,
    out: &mut Output,
) -> Result<Option<(Value, &'static str)>, Failure> {
    let meta = object.meta();
    let known = if verb == "label" { &meta.labels } else { &meta.annotations };
    if arguments.is_set("list") {
        for (key, value) in known.iter() {
            out.line(format!("{key}={value}"));
        }
    }
    let (mut patch, mut removed, mut set) = (Vec::new(), false, false);
    for change in changes {
        if let Some((key, value)) = change.split_once('=') {
            match known.get(key) {
                Some(old) if **old == *value => {}
                Some(old) if !arguments.is_set("overwrite") => {
                    let already = if verb == "label" {
                        format!("'{key}' already has a value ({old}), and --overwrite is false")
                    } else {
                        format!(
                            "--overwrite is false but found the following declared annotation(s): '{key}' already has a value ({old})"
                        )
                    };
                    return Err(format!("error: {already}"));
                }
                _ => {
                    patch.push((Name::from(key), Value::from(value)));
                    set = true;
                }
            }
        } else if let Some(key) = change.strip_suffix('-') {
            match known.get(key) {
                Some(_) => {
                    patch.push((Name::from(key), Value::Null));
                    removed = true;
                }
                None if verb == "label" => out.line(format!("label \"{key}\" not found.")),
                None => {}
            }
        }
    }
    let done = match (verb, set, removed) {
        (_, false, false) if changes.is_empty() => return Ok(None),
        ("label", false, false) => {
            out.line(format!("{} not labeled", named(&object.reference())));
            return Ok(None);
        }
        ("label", false, true) => "unlabeled",
        ("label", true, _) => "labeled",
        _ => "annotated",
    };
    let mut metadata = Map::new();
    metadata.insert(field, Value::Map(patch.into_iter().collect()));
    // Whoever names a version means no other.
    if let Some(version) = arguments.last("resource-version").filter(|version| !version.is_empty()) {
        metadata.insert("resourceVersion", Value::from(version));
    }
    Ok(Some((Value::nested(&["metadata"], Value::Map(metadata)), done)))
}

/// Why a text is no YAML, if that is the problem, rather than what it says.
fn unreadable(problem: &Problem) -> Option<&str> {
    let message = problem.message.as_str();
    let syntax = message.strip_prefix("error converting YAML to JSON: ").filter(|text| text.starts_with("yaml: "));
    syntax.or((message.starts_with("yaml: ") || problem.document.is_none()).then_some(message))
}

fn patch_file(name: &str, context: &Context<'_>) -> Result<String, Failure> {
    context.files.read(name).map_err(|why| match why {
        Unread::Missing => format!("error: unable to read patch file: open {name}: no such file or directory"),
        Unread::Because(why) => format!("error: unable to read patch file: {name}: {why}"),
    })
}

/// `kubectl patch`.
#[inline(never)]
pub(super) fn patch(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    const FLAGS: &[Flag] =
        &[NAMESPACE, value("patch").short('p'), value("patch-file"), value("type"), value("subresource")];
    let arguments = args::parse(words, FLAGS, "kubectl patch")?;
    let of_file = arguments.last("patch-file").map(|name| patch_file(name, context)).transpose()?;
    let Some(text) = of_file.as_deref().or(arguments.last("patch")) else {
        return Err("error: must specify --patch or --patch-file containing the contents of the patch".into());
    };
    let kind = arguments.last("type").unwrap_or("strategic");
    if !["json", "merge", "strategic"].contains(&kind) {
        return Err(format!("error: --type must be one of [json merge strategic], not \"{kind}\""));
    }
    let parsed = petri_manifest::parse(text);
    // What came before a mistake is not what was meant.
    if let Some(problem) = parsed.errors().find_map(unreadable) {
        return Err(format!("error: unable to parse {}: {problem}", quoted(text)));
    }
    let patch = parsed.documents.first().map(|document| document.value.clone());
    let Some(patch) = patch else { return Err("error: unable to parse the patch: it is empty".into()) };
    let unfit = match kind {
        "json" if patch.as_list().is_none() => Some(("error decoding patch: ", "jsonpatch.Patch")),
        "strategic" if patch.as_map().is_none() => Some(("", "map[string]interface {}")),
        "merge" if patch.as_map().is_none() => Some(("error decoding patch: ", "map[string]interface {}")),
        _ => None,
    };
    if let Some((doing, go)) = unfit {
        let found = patch.go_type();
        return Err(format!(
            "Error from server (BadRequest): {doing}json: cannot unmarshal {found} into Go value of type {go}"
        ));
    }
    let subresource = arguments.last("subresource");
    let status = subresource == Some("status");
    let replicas = patch.at(&["spec", "replicas"]).and_then(Value::as_int).filter(|_| subresource == Some("scale"));
    let (found, missing) = targets(&arguments, context)?;
    let mut out = Output::default();
    for object in found {
        if kind != "json" && subresource != Some("scale") {
            out.stderr.push_str(&unknown_fields(object.kind(), &patch));
        }
        if let Some(replicas) = replicas.filter(|replicas| *replicas < 0) {
            out.gather(format!(
                "The Scale \"{}\" is invalid: spec.replicas: Invalid value: {replicas}: must be greater than or equal to 0",
                object.meta().name
            ));
            continue;
        }
        let old = object.to_value();
        let change = |new| merge::difference(&old, &new).unwrap_or_else(|| Value::Map(Map::new()));
        let patch = match kind {
            "merge" => Ok(patch.clone()),
            "strategic" if matches!(object.kind(), Kind::Kept(kept) if kept.is_custom()) => {
                Err(no_strategic(object.kind()))
            }
            "json" => json_patch::apply(&old, patch.as_list().unwrap_or_default()).map(change),
            _ => strategic(Lists::of(object.kind()), &old, &patch)
                .map(change)
                .map_err(|unfit| format!("Error from server: {unfit}")),
        };
        let patch = match patch {
            Ok(patch) => patch,
            Err(problem) => {
                out.gather(problem);
                continue;
            }
        };
        let done = context.host.command(Command::Patch { target: object.reference(), patch, status });
        if let Some(answer) = done.as_ref().ok().filter(|_| !status) {
            warn(answer, Some(&object), context, &mut out);
        }
        match done {
            Ok(_) if replicas.is_some() => out.line(format!("scale.autoscaling/{} patched", object.meta().name)),
            Ok(_) if arguments.last("output").is_some() => {
                shown_now(&object.reference(), "patched", &arguments, context, &mut out);
            }
            Ok(answer) => out.line(answer_text(&answer)),
            Err(error) => out.gather(trouble(&error, None)),
        }
    }
    for problem in missing {
        out.gather(problem);
    }
    Ok(out)
}

/// What the API server warns of in a patch: fields that the type does not have.
fn unknown_fields(kind: Kind, patch: &Value) -> String {
    let mut decode = Decode::default();
    Object::decode(kind, patch, &mut decode);
    let own = decode.problems.iter().filter(|problem| problem.kind == DecodeProblemKind::UnknownField);
    // What says how to patch is no field.
    let own = own.filter(|problem| !problem.path.contains('$'));
    own.map(|problem| format!("Warning: unknown field \"{}\"\n", problem.path)).collect()
}

/// Nobody knows the types of a custom resource's lists.
fn no_strategic(kind: Kind) -> String {
    format!(
        "error: application/strategic-merge-patch+json is not supported by {}, Kind={}: the body of the request was in an \
         unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, \
         application/apply-patch+yaml",
        kind.api_version(),
        kind.name()
    )
}
