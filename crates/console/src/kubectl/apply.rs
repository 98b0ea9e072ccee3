//! `kubectl apply`, `create` and `replace`: from files to objects.

use super::context::{Context, file_names, read_file};
use crate::args::{self, Arguments, FILENAME, Flag, NAMESPACE, namespace, switch};
use crate::errors::{answer_text, api_error};
use crate::output::{Failure, Output};
use crate::select;
use petri_manifest::{Document, Grade, Problem};
use petri_objects::{
    Decode, IntOrString, Map, Name, Namespace, Object, ObjectRef, Service, ServicePort, ServiceSpec, Value,
};
use petri_sim::belief::api::warnings;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::words::note::Answer;
use std::collections::BTreeSet;
use std::rc::Rc;

const FLAGS: &[Flag] =
    &[NAMESPACE, FILENAME, switch("recursive").short('R'), args::value("validate"), args::value("tcp")];

#[inline(never)]
pub(super) fn run(verb: &str, words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, FLAGS, &format!("kubectl {verb}"))?;
    if let [what, name] = &arguments.words[..]
        && verb == "create"
        && matches!(&**what, "namespace" | "ns")
    {
        return create_namespace(name, context);
    }
    let files = file_names(&arguments)?;
    if let ["service" | "svc", "clusterip", name] = arguments.words.iter().map(String::as_str).collect::<Vec<_>>()[..]
        && verb == "create"
    {
        return create_service(name, &arguments, context);
    }
    if files.is_empty() {
        return Err("error: must specify one of -f and -k".into());
    }
    if let Some(word) = arguments.words.first() {
        return Err(format!("error: Unexpected args: [{word}]\nSee 'kubectl {verb} -h' for help and examples"));
    }
    let mut out = Output::default();
    let mut kept = BTreeSet::new();
    for file in files {
        let text = read_file(&file, context)?;
        one_file(verb, &file, &text, &arguments, &mut kept, context, &mut out);
    }
    if !kept.is_empty() {
        let kinds: Vec<&str> = kept.into_iter().collect();
        out.notes.push_str(&format!("Note: {}: {}\n", petri_manifest::KEPT, kinds.join(", ")));
    }
    Ok(out)
}

fn create_namespace(name: &str, context: &mut Context<'_>) -> Result<Output, Failure> {
    let mut namespace = Namespace::default();
    namespace.metadata.name = name.into();
    let answer = context.host.command(Command::Create(namespace.into())).map_err(|error| api_error(&error, None))?;
    Ok(Output::text(answer_text(&answer) + "\n"))
}

/// `kubectl create service clusterip web --tcp=80`.
fn create_service(name: &str, arguments: &Arguments, context: &mut Context<'_>) -> Result<Output, Failure> {
    let ports = arguments.all("tcp").filter_map(|port| {
        let (port, target) = port.split_once(':').unwrap_or((port, port));
        Some(ServicePort {
            name: format!("{port}-{target}").into(),
            port: port.parse().ok()?,
            target_port: Some(target.parse().map_or_else(|_| IntOrString::String(target.into()), IntOrString::Int)),
            ..ServicePort::default()
        })
    });
    let mut service = Service::default();
    service.metadata.name = name.into();
    service.metadata.namespace = namespace(arguments).into();
    service.metadata.labels.insert("app", name);
    service.spec = Rc::new(ServiceSpec {
        ports: ports.collect(),
        selector: [("app", name)].into_iter().collect(),
        ..ServiceSpec::default()
    });
    let refused = |error: &ApiError| format!("error: failed to create ClusterIP service: {error}");
    let answer = context.host.command(Command::Create(service.into())).map_err(|error| refused(&error))?;
    Ok(Output::text(answer_text(&answer) + "\n"))
}

/// Kinds of which objects are kept, not simulated, are added to `kept`: they are named once for all files.
fn one_file(
    verb: &str,
    file: &str,
    text: &str,
    arguments: &Arguments,
    kept: &mut BTreeSet<&'static str>,
    context: &mut Context<'_>,
    out: &mut Output,
) {
    let parsed = select::parse(text, context.host.world().objects());
    // kubectl names standard input so.
    let source = if file == "-" { "STDIN" } else { file };
    for problem in parsed.problems.iter().filter(|p| p.document.is_none() && p.grade == Grade::Error) {
        out.fail(format!("error: error parsing {source}: {}", problem.message));
    }
    if parsed.documents.is_empty() && !parsed.has_errors() {
        return out.fail(format!("error: no objects passed to {verb}"));
    }
    for (i, document) in parsed.documents.iter().enumerate() {
        let own: Vec<&Problem> = parsed.problems.iter().filter(|p| p.document == Some(i)).collect();
        let lenient = (arguments.last("validate") == Some("false")
            || verb == "apply" && exists(document, arguments, context))
            && own.iter().all(|p| p.grade != Grade::Error || p.message.starts_with(STRICT));
        let mut document = document.clone();
        if lenient {
            let kind = document.kind;
            document.object = kind.map(|kind| Object::decode(kind, &document.value, &mut Decode::default()));
        }
        let document = &document;
        let Some(object) = &document.object else {
            for help in own.iter().filter(|problem| problem.path == "apiVersion").filter_map(|p| p.help.as_ref()) {
                out.notes.push_str(&format!("Note: {help}\n"));
            }
            out.fail(refusal(verb, source, document, &own));
            continue;
        };
        if object.kind().has_no_effect() {
            kept.insert(object.kind().name());
        }
        for problem in own.iter().filter(|problem| !lenient && problem.path != "kind") {
            let said = if problem.grade == Grade::NotSimulated { &mut out.notes } else { &mut out.stderr };
            said.push_str(&format!("Warning: {}\n", problem.message));
        }
        let command = match command(verb, document, arguments) {
            Ok(command) => command,
            Err(problem) => {
                out.fail(problem);
                continue;
            }
        };
        let doing = match (verb, &command) {
            ("replace", _) => "replacing",
            _ => "creating",
        };
        let before = target_of(object, arguments).and_then(|target| context.host.world().objects().get(&target));
        match context.host.command(command) {
            Ok(answer) => {
                for warning in warned(&answer, before.as_ref(), context) {
                    out.stderr.push_str(&format!("Warning: {warning}\n"));
                }
                out.line(answer_text(&answer));
            }
            Err(error) => out.fail(api_error(&error, Some(&format!("error when {doing} \"{source}\"")))),
        }
    }
}

/// What an object is called that was typed; `None` if its name is not known yet.
fn target_of(object: &Object, arguments: &Arguments) -> Option<ObjectRef> {
    let mut target = object.reference();
    if target.kind.is_namespaced() && target.namespace.is_empty() {
        target.namespace = namespace(arguments).into();
    }
    (!target.name.is_empty()).then_some(target)
}

/// What the API server warns of in an object that it has taken.
fn warned(answer: &Answer, before: Option<&Object>, context: &Context<'_>) -> Vec<String> {
    let (Answer::Created(target) | Answer::Configured(target) | Answer::Replaced(target)) = answer else {
        return Vec::new();
    };
    match (context.host.world().objects().get(target), before) {
        (Some(new), Some(old)) if old.meta().uid == new.meta().uid => warnings::of_change(&new, old),
        (Some(new), _) => warnings::of(&new),
        _ => Vec::new(),
    }
}

/// Whether there is an object of a document's name: it is patched then, and judged by what comes of it.
fn exists(document: &Document, arguments: &Arguments, context: &Context<'_>) -> bool {
    let Some(kind) = document.kind.filter(|_| document.object.is_none()) else { return false };
    let word = |key: &str| document.value.at(&["metadata", key]).and_then(Value::as_str).unwrap_or_default();
    let namespace = match (kind.is_namespaced(), word("namespace")) {
        (false, _) => String::new(),
        (true, "") => namespace(arguments),
        (true, own) => own.to_owned(),
    };
    context.host.world().objects().get(&ObjectRef::new(kind, namespace, word("name"))).is_some()
}

/// The command for a document, in the namespace that the flags or the document name.
pub(super) fn command(verb: &str, document: &Document, arguments: &Arguments) -> Result<Command, Failure> {
    let mut object = document.object.clone().expect("documents without an object were refused");
    if verb == "apply" && object.meta().name.is_empty() && !object.meta().generate_name.is_empty() {
        return Err(format!("error: from {}: cannot use generate name with apply", object.meta().generate_name));
    }
    if object.kind().is_namespaced() {
        let own = object.meta().namespace.clone();
        let wanted = arguments.last("namespace").unwrap_or(&own);
        if !own.is_empty() && *wanted != *own {
            return Err(format!(
                "error: the namespace from the provided object \"{own}\" does not match the namespace \"{wanted}\". You \
                 must pass '--namespace={own}' to perform this operation."
            ));
        }
        let namespace: Name = if wanted.is_empty() { "default".into() } else { wanted.into() };
        object.meta_mut().namespace = namespace.clone();
        if verb == "apply" {
            return Ok(Command::Apply(Rc::new(with_namespace(&document.value, namespace))));
        }
    }
    Ok(match verb {
        "apply" => Command::Apply(Rc::new(document.value.clone())),
        "create" => Command::Create(object),
        _ => Command::Replace(object),
    })
}

fn with_namespace(manifest: &Value, namespace: Name) -> Value {
    let Value::Map(map) = manifest else { return manifest.clone() };
    let mut map = map.clone();
    let mut metadata = map.get("metadata").and_then(Value::as_map).cloned().unwrap_or_else(Map::new);
    metadata.insert("namespace", Value::String(namespace));
    map.insert("metadata", Value::Map(metadata));
    Value::Map(map)
}

fn is_by_decoder(message: &str) -> bool {
    ["json: ", "quantities must", "illegal base64"].iter().any(|start| message.starts_with(start))
}

/// How a field that nobody knows is reported.
const STRICT: &str = "strict decoding error: ";

/// What kubectl says about a document that no server would take.
fn refusal(verb: &str, source: &str, document: &Document, problems: &[&Problem]) -> String {
    let errors: Vec<&&Problem> = problems.iter().filter(|p| p.grade == Grade::Error).collect();
    let unknown: Vec<&str> = errors.iter().filter_map(|p| p.message.strip_prefix(STRICT)).collect();
    // The first value of a wrong type ends the decoding; unknown fields are all counted.
    let other = errors.iter().find(|p| !p.message.starts_with(STRICT));
    if let Some(problem) = other.filter(|problem| problem.message.starts_with("no matches for kind")) {
        let word = |key: &str| document.value.at(&["metadata", key]).and_then(Value::as_str).unwrap_or_default();
        return format!(
            "error: resource mapping not found for name: \"{}\" namespace: \"{}\" from \"{source}\": {}\nensure CRDs are \
             installed first",
            word("name"),
            word("namespace"),
            problem.message
        );
    }
    let Some(kind) = document.kind else {
        return other.map_or("error: no object".into(), |problem| format!("error: {}", problem.message));
    };
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
