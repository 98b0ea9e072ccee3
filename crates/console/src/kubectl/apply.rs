//! `kubectl apply`, `create` and `replace`: from files to objects.

use super::context::{Context, file_names};
use super::judged::{
    documents, knows_all_but_fields, refusal, unknown_fields, unmapped_in, warn, without_unknown_fields,
};
use super::named::{Meant, texts, unmapped, unread};
use super::{last_applied, prune, server_side};
use crate::args::{self, Arguments, FILENAME, Flag, NAMESPACE, SELECTOR, switch};
use crate::errors::{answer_text, api_error, trouble};
use crate::output::{Failure, Output};
use crate::select;
use petri_manifest::{Document, Grade, Parsed, Problem};
use petri_objects::{Map, Name, Object, ObjectRef, Value};
use petri_sim::belief::api::apply::{self, LAST_APPLIED};
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::{Command, Propagation};
use petri_sim::words::note::Answer;
use std::collections::BTreeSet;
use std::rc::Rc;

const FLAGS: &[Flag] = &[
    NAMESPACE,
    FILENAME,
    switch("recursive").short('R'),
    args::value("validate"),
    switch("force"),
    switch("save-config"),
    args::value("grace-period"),
    args::value("timeout"),
    args::value("field-manager"),
    args::value("output").short('o'),
    args::value("kustomize").short('k'),
    SELECTOR,
    switch("all"),
    switch("prune"),
    args::value("prune-allowlist"),
    switch("server-side"),
    switch("force-conflicts"),
    switch("openapi-patch"),
    switch("overwrite"),
    args::optional("cascade", "background"),
    switch("edit"),
];

#[inline(never)]
pub(super) fn run(verb: &str, words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, FLAGS, &format!("kubectl {verb}"))?;
    if verb == "apply" && arguments.words.first().is_some_and(|word| word.ends_with("-last-applied")) {
        return last_applied::run(&arguments, context);
    }
    let files = file_names(&arguments, context.files)?;
    let folder = arguments.last("kustomize");
    if files.is_empty() && folder.is_none() {
        return Err("error: must specify one of -f and -k".into());
    }
    if let Some(word) = arguments.words.first() {
        return Err(format!("error: Unexpected args: [{word}]\nSee 'kubectl {verb} -h' for help and examples"));
    }
    let mut out = Output::default();
    let mut kept = BTreeSet::new();
    let prunes = arguments.is_set("prune");
    if prunes && arguments.last("selector").is_none() && !arguments.is_set("all") {
        return Err(prune::NEEDS_A_CHOICE.into());
    }
    let meant = Meant::by(&arguments)?;
    let files = texts(&arguments, context)?;
    let mut found = 0;
    if verb == "apply" {
        // Upstream: apply reads all files before it begins.
        let objects = context.host.world().objects();
        let files: Vec<(String, Parsed)> =
            files.into_iter().map(|(source, text)| (source, select::parse(&text, objects))).collect();
        for (source, parsed) in &files {
            unmapped_in(source, parsed).for_each(|problem| out.gather(problem));
            unread(source, &parsed.problems).for_each(|problem| out.gather(problem));
        }
        for (source, parsed) in &files {
            found += one_file(verb, source, parsed, (&arguments, &meant), &mut kept, context, &mut out);
        }
    } else {
        for (source, text) in files {
            let parsed = select::parse(&text, context.host.world().objects());
            found += one_file(verb, &source, &parsed, (&arguments, &meant), &mut kept, context, &mut out);
            unread(&source, &parsed.problems).for_each(|problem| out.gather(problem));
        }
    }
    if found == 0 && !out.has_gathered() {
        out.gather(format!("error: no objects passed to {verb}"));
    }
    if prunes && out.code == 0 {
        prune::run(&arguments, context, &mut out)?;
    }
    if !kept.is_empty() {
        let kinds: Vec<&str> = kept.into_iter().collect();
        out.notes.push_str(&format!("Note: {}: {}\n", petri_manifest::KEPT, kinds.join(", ")));
    }
    Ok(out)
}

/// How kubectl calls what it could not create, if it says so in front of the server's words.
fn failed_to_create(made: &Value) -> Option<String> {
    let kind = made.at(&["kind"]).and_then(Value::as_str)?;
    Some(match kind {
        "Deployment" | "ConfigMap" | "Secret" | "Job" | "CronJob" | "ServiceAccount" | "PriorityClass" => {
            kind.to_ascii_lowercase()
        }
        "ResourceQuota" => "quota".into(),
        "PodDisruptionBudget" => "poddisruptionbudgets".into(),
        "Service" => format!("{} service", made.at(&["spec", "type"]).and_then(Value::as_str)?),
        _ => return None,
    })
}

/// Gives the cluster an object that a line describes, and says what was done in a word.
pub(super) fn make(
    made: Value,
    done: &str,
    arguments: &Arguments,
    context: &mut Context<'_>,
) -> Result<Output, Failure> {
    let shown = arguments.last("output").map(str::to_owned);
    let mut told = made.clone();
    let kind = made.at(&["kind"]).and_then(Value::as_str).unwrap_or_default();
    if let (Value::Map(map), "Namespace", true) = (&mut told, kind, context.dry) {
        map.insert("spec", Value::Map(Map::new()));
    }
    if let (Value::Map(map), Some(status), true) = (&mut told, super::make::parts::blank_status(kind), context.dry) {
        map.insert("status", status);
    }
    let parsed = select::parse(&petri_manifest::to_yaml(&made), context.host.world().objects());
    let document = match parsed.documents.first() {
        Some(document) if document.object.is_some() => document,
        Some(document) => {
            let own: Vec<&Problem> = parsed.problems.iter().collect();
            return Err(refusal("create", "STDIN", document, &own).replace("error when creating \"STDIN\": ", ""));
        }
        None => return Err("error: no objects passed to create".into()),
    };
    let mut out = Output::default();
    if document.object.as_ref().is_some_and(|object| object.kind().has_no_effect()) && !context.dry {
        let kind = document.object.as_ref().map_or("", |object| object.kind().name());
        out.notes.push_str(&format!("Note: {}: {kind}\n", petri_manifest::KEPT));
    }
    let Command::Create(object) = command("create", document, arguments)? else {
        return Err("error: no objects passed to create".into());
    };
    let target = object.reference();
    if !context.dry {
        let answer = context.host.command(Command::Create(object)).map_err(|error| match error {
            ApiError::Unreachable => api_error(&error, None),
            error => match failed_to_create(&made).filter(|_| done == "created") {
                Some(what) => format!("error: failed to create {what}: {error}"),
                None => api_error(&error, None),
            },
        })?;
        warn(&answer, None, context, &mut out);
    }
    match shown.as_deref() {
        None => out.line(format!("{} {done}", crate::errors::named(&target))),
        Some(format) => out.stdout.push_str(&super::get::shown(format, told, &target)?),
    }
    Ok(out)
}

/// How many documents of a file are meant. Kinds of which objects are kept, not simulated, are added to `kept`: they are
/// named once for all files.
fn one_file(
    verb: &str,
    source: &str,
    parsed: &Parsed,
    (arguments, meant): (&Arguments, &Meant),
    kept: &mut BTreeSet<&'static str>,
    context: &mut Context<'_>,
    out: &mut Output,
) -> usize {
    let mut found = 0;
    for (document, own) in documents(parsed) {
        let unknown = unmapped(source, document, &own);
        if unknown.is_some() || document.kind.is_none() {
            for help in own.iter().filter(|problem| problem.path == "apiVersion").filter_map(|p| p.help.as_ref()) {
                out.notes.push_str(&format!("Note: {help}\n"));
            }
            // It was said before anything was applied.
            unknown.into_iter().filter(|_| verb != "apply").for_each(|problem| out.gather(problem));
            continue;
        }
        if !meant.has(document) {
            continue;
        }
        found += 1;
        let by_server = verb == "apply" && arguments.is_set("server-side");
        let drops = !by_server && matches!(arguments.last("validate"), Some("false" | "ignore" | "warn"));
        let is_merged = verb == "apply" && !by_server;
        let is_wrong = own.iter().any(|problem| problem.grade == Grade::Error);
        let lenient =
            is_wrong && knows_all_but_fields(&own) && (drops || is_merged && exists(document, arguments, context));
        let mut document = document.clone();
        if lenient {
            let known = without_unknown_fields(&document);
            // The server itself looks at what becomes of an object that is there.
            if drops {
                document.value = known.value;
            }
            document.object = known.object;
        }
        if lenient && arguments.last("validate") == Some("warn") {
            unknown_fields(&own).for_each(|field| out.stderr.push_str(&format!("Warning: {field}\n")));
        }
        let document = &document;
        let Some(object) = &document.object else {
            out.gather(match by_server {
                true => server_side::refusal(document, arguments, &own)
                    .unwrap_or_else(|| refusal(verb, source, document, &own)),
                false => refusal(verb, source, document, &own),
            });
            continue;
        };
        if object.kind().has_no_effect() {
            kept.insert(object.kind().name());
        }
        let told = |problem: &&&Problem| problem.path != "kind" && !(lenient && problem.grade == Grade::Error);
        for problem in own.iter().filter(told) {
            let said = if problem.grade == Grade::NotSimulated { &mut out.notes } else { &mut out.stderr };
            said.push_str(&format!("Warning: {}\n", problem.message));
        }
        let command = match command(verb, document, arguments) {
            Ok(command) => command,
            Err(problem) => {
                out.gather(problem);
                continue;
            }
        };
        if by_server {
            let Some(target) = target_of(object, arguments) else { continue };
            server_side::one(&target, &document.value, arguments, context, out);
            continue;
        }
        if verb == "replace" && arguments.is_set("force") {
            force(command, source, context, out);
            continue;
        }
        let doing = match (verb, &command) {
            ("replace", _) => "replacing",
            _ => "creating",
        };
        let before = target_of(object, arguments).and_then(|target| context.host.world().objects().get(&target));
        match context.host.command(command) {
            Ok(answer) => {
                if let Some(old) = before.as_ref().filter(|old| verb == "apply" && is_made_otherwise(old)) {
                    out.stderr.push_str(&missing_annotation(old));
                }
                warn(&answer, before.as_ref(), context, out);
                said(&answer, arguments, context, out);
            }
            Err(error) => out.gather(trouble(&error, Some(&format!("error when {doing} \"{source}\"")))),
        }
    }
    found
}

/// What was done in a word, or the object in the format that is asked for.
fn said(answer: &Answer, arguments: &Arguments, context: &Context<'_>, out: &mut Output) {
    let (Answer::Created(target) | Answer::Configured(target) | Answer::Unchanged(target) | Answer::Replaced(target)) =
        answer
    else {
        return out.line(answer_text(answer));
    };
    let Some(format) = arguments.last("output") else { return out.line(answer_text(answer)) };
    let value = context.host.world().objects().get(target).map(|object| object.to_value());
    match super::get::shown(format, value.unwrap_or_default(), target) {
        Ok(text) => out.stdout.push_str(&text),
        Err(problem) => out.gather(problem),
    }
}

/// What an object is called that was typed; `None` if its name is not known yet.
fn target_of(object: &Object, arguments: &Arguments) -> Option<ObjectRef> {
    let mut target = object.reference();
    if target.kind.is_namespaced() && target.namespace.is_empty() {
        target.namespace = args::namespace(arguments).into();
    }
    (!target.name.is_empty()).then_some(target)
}

/// Whether an object has no memory of an apply, so that a field that is left out of the file stays.
fn is_made_otherwise(object: &Object) -> bool {
    object.meta().annotations.get(LAST_APPLIED).is_none()
}

fn missing_annotation(object: &Object) -> String {
    format!(
        "Warning: resource {}/{} is missing the {LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply \
         should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The \
         missing annotation will be patched automatically.\n",
        object.kind().plural(),
        object.meta().name
    )
}

/// Whether there is an object of a document's name: it is patched then, and judged by what comes of it.
#[inline(never)]
fn exists(document: &Document, arguments: &Arguments, context: &Context<'_>) -> bool {
    let Some(kind) = document.kind.filter(|_| document.object.is_none()) else { return false };
    let word = |key: &str| document.value.at(&["metadata", key]).and_then(Value::as_str).unwrap_or_default();
    let namespace = match (kind.is_namespaced(), word("namespace")) {
        (false, _) => String::new(),
        (true, "") => args::namespace(arguments),
        (true, own) => own.to_owned(),
    };
    context.host.world().objects().get(&ObjectRef::new(kind, namespace, word("name"))).is_some()
}

/// `kubectl replace --force`: the object goes at once, and another one takes its name.
#[inline(never)]
fn force(command: Command, source: &str, context: &mut Context<'_>, out: &mut Output) {
    let Command::Replace(object) = command else { return };
    let target = object.reference();
    let delete =
        Command::Delete { target: target.clone(), grace_seconds: Some(0), propagation: Propagation::Background };
    match context.host.command(delete) {
        Ok(answer) => out.line(answer_text(&answer).replace("force deleted", "deleted")),
        Err(ApiError::NotFound { .. }) => {}
        Err(error) => return out.gather(trouble(&error, Some(&format!("error when deleting \"{source}\"")))),
    }
    match context.host.command(Command::Create(object)) {
        Ok(answer) => {
            warn(&answer, None, context, out);
            out.line(format!("{} replaced", crate::errors::named(&target)));
        }
        Err(error) => out.gather(trouble(&error, Some(&format!("error when replacing \"{source}\"")))),
    }
}

/// The command for a document, in the namespace that the flags or the document name.
pub(super) fn command(verb: &str, document: &Document, arguments: &Arguments) -> Result<Command, Failure> {
    let mut object = document.object.clone().expect("documents without an object were refused");
    if verb == "apply" && object.meta().name.is_empty() && !object.meta().generate_name.is_empty() {
        return Err(format!("error: from {}: cannot use generate name with apply", object.meta().generate_name));
    }
    if object.kind().is_namespaced() {
        let own = object.meta().namespace.clone();
        let usual = args::namespace(arguments);
        let wanted = arguments.last("namespace").unwrap_or(if own.is_empty() { &usual } else { &own });
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
    if arguments.is_set("save-config") {
        let text = apply::remembered(&document.value, &object.reference());
        object.meta_mut().annotations.insert(LAST_APPLIED, text.as_str());
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
