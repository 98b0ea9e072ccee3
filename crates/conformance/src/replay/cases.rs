//! Requests that an API server refuses, one after the other: `cases.jsonl`.
//!
//! A case is an object to create (without storing it, every unknown field an error), a merge patch, or a request of
//! another kind; then the same is said to kubectl.

use super::{Hand, Replay};
use petri_objects::{Decode, Kind, Map, Name, Object, ObjectRef, Span, Value};
use petri_sim::belief::api::apply::decode_strictly;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::words::note::{Verb, What};
use petri_sim::world::World;

/// How long the objects of the first manifest get before the first change of one.
const SETTLE: Span = Span::seconds(6);

/// What follows `pvc-0000` in the name of a recorded volume: the rest of a numbered id.
const RECORDED_TAIL: usize = "0009-0000-4000-8000-000000000000".len();

impl Replay {
    /// Answers every case.
    ///
    /// # Errors
    /// A sentence about the line that cannot be understood.
    pub(super) fn cases(&mut self, text: &str) -> Result<(), String> {
        let mut prepared = false;
        for (number, line) in (1..).zip(text.lines()) {
            let case = Value::from_json(line).ok_or(format!("cases.jsonl:{number}: not JSON"))?;
            let id = case.at(&["id"]).and_then(Value::as_str).unwrap_or_default();
            if !prepared && id.starts_with("update-") {
                self.prepare();
                prepared = true;
            }
            self.case(id, &case);
        }
        self.trace.end(self.world.now);
        Ok(())
    }

    fn prepare(&mut self) {
        let line = format!("kubectl -n {} create -f 01.yaml", self.namespace);
        let mut hand = Hand { world: &mut self.world, notes: &mut self.notes };
        let _ = petri_console::run(&line, &mut hand, &self.files);
        let settled = self.world.now + SETTLE;
        self.world.run_until(settled, &mut self.notes);
        // The recording of the cases tells of no objects; their ids still count.
        for note in std::mem::take(&mut self.notes) {
            if let What::Write { verb: Verb::Created, object, .. } = &note.what
                && object.kind() != Kind::Event
            {
                self.trace.count(object);
            }
        }
    }

    fn case(&mut self, id: &str, case: &Value) {
        let manifest = case.at(&["manifest"]).cloned().unwrap_or_default();
        let lenient = |words: &[Value]| words.iter().any(|word| word.as_str() == Some("--validate=false"));
        let strict = !case.at(&["kubectlArgs"]).and_then(Value::as_list).is_some_and(lenient);
        let answer = self.ask(&manifest, strict);
        let mut fields: Vec<(&str, Value)> = vec![("id", id.into())];
        fields.extend(answer.fields());
        if let Some(words) = case.at(&["kubectlArgs"]).and_then(Value::as_list) {
            let told = self.tell_kubectl(words, &manifest);
            fields.push(("kubectl", told));
        }
        self.trace.case(self.world.now, fields);
    }

    fn ask(&mut self, manifest: &Value, strict: bool) -> Answer {
        let namespace = self.namespace.clone();
        if let Some(request) = manifest.at(&["request"]).and_then(Value::as_str) {
            let body = manifest.at(&["body"]).cloned().unwrap_or_default();
            return self.request(request, &body);
        }
        if let (Some(patch), Some(of)) = (manifest.at(&["patch"]), manifest.at(&["of"]).and_then(Value::as_str)) {
            return self.patch(patch, &self.own(of));
        }
        let mut world = self.world.clone();
        match create(manifest, &namespace, strict, &mut world) {
            Ok(()) => Answer::Accepted(201),
            Err(answer) => answer,
        }
    }

    /// The name of ours that stands for one of the recording's.
    fn own(&self, name: &str) -> String {
        let name = self.trace.translated(name);
        // The recording does not tell whose volume it names; any will do.
        let volume = self.world.objects().volumes.values().next().map(|volume| volume.metadata.name.clone());
        match (name.split_once("pvc-0000"), volume) {
            (Some((before, rest)), Some(volume)) => {
                let after = rest.get(RECORDED_TAIL..).unwrap_or_default();
                format!("{before}{volume}{after}")
            }
            _ => name,
        }
    }

    fn patch(&mut self, patch: &Value, of: &str) -> Answer {
        let mut words = of.split('/');
        let (kind, name) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let Some(kind) = Kind::from_resource(kind) else { return Answer::NoSuchResource };
        let namespace = if kind.is_namespaced() { &*self.namespace } else { "" };
        let target = ObjectRef::new(kind, namespace, name);
        let subresource = words.next();
        if !matches!(patch, Value::Map(_)) {
            // Not a merge patch; nothing comes of it.
            return Answer::Accepted(200);
        }
        let command = match subresource {
            Some("scale") => {
                let replicas = patch.at(&["spec", "replicas"]).and_then(Value::as_int).unwrap_or(0);
                if replicas < 0 {
                    let text = format!("spec.replicas: Invalid value: {replicas}: must be greater than or equal to 0");
                    return Answer::invalid("Scale.autoscaling", name, vec![text]);
                }
                Command::Scale { target, replicas: replicas as i32 }
            }
            subresource => Command::Patch { target, patch: patch.clone(), status: subresource == Some("status") },
        };
        match self.world.command(&command, &mut self.notes) {
            Ok(_) => Answer::Accepted(200),
            Err(error) => Answer::Refused(error),
        }
    }

    /// A request as the API server hears it: a method, a path, a body.
    fn request(&mut self, request: &str, body: &Value) -> Answer {
        let (method, url) = request.split_once(' ').unwrap_or(("GET", request));
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let words: Vec<&str> = path.split('/').filter(|word| !word.is_empty()).collect();
        let after_version = if words.first() == Some(&"apis") { 3 } else { 2 };
        let rest = &words[after_version.min(words.len())..];
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
            rest => ("", rest),
        };
        let Some(kind) = rest.first().and_then(|resource| Kind::from_resource(resource)) else {
            return Answer::NoSuchResource;
        };
        let name = rest.get(1).copied().unwrap_or_default();
        let target = ObjectRef::new(kind, namespace, name);
        let parameter = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        let text = |path: &[&str]| body.at(path).and_then(Value::as_str);
        match (method, rest.get(2).copied()) {
            ("POST", Some("eviction")) => {
                if text(&["metadata", "name"]).is_some_and(|own| own != name) {
                    return Answer::bad("name in URL does not match name in Eviction object");
                }
                self.give(&Command::Evict { pod: target, grace_seconds: None })
            }
            ("POST", Some("binding")) => match self.world.objects().get(&target) {
                Some(Object::Pod(pod)) if pod.is_scheduled() => Answer::Told {
                    code: 409,
                    reason: "Conflict",
                    message: format!(
                        "Operation cannot be fulfilled on pods/binding \"{name}\": pod {name} is already assigned to node \"{}\"",
                        pod.spec.node_name
                    ),
                    causes: Vec::new(),
                },
                Some(_) => Answer::Accepted(201),
                None => Answer::Refused(ApiError::not_found(kind, name)),
            },
            ("POST", _) => {
                let mut world = self.world.clone();
                create(body, namespace, true, &mut world).map_or_else(|answer| answer, |()| Answer::Accepted(201))
            }
            ("DELETE", _) => self.delete(target, body, parameter("gracePeriodSeconds")),
            (_, None) if name.is_empty() => self.list(kind, &parameter),
            _ => match self.world.objects().get(&target) {
                Some(_) => Answer::Accepted(200),
                None => Answer::Refused(ApiError::not_found(kind, name)),
            },
        }
    }

    fn give(&mut self, command: &Command) -> Answer {
        match self.world.command(command, &mut self.notes) {
            Ok(_) => Answer::Accepted(200),
            Err(error) => Answer::Refused(error),
        }
    }

    fn delete(&mut self, target: ObjectRef, options: &Value, grace: Option<&str>) -> Answer {
        let text = |path: &[&str]| options.at(path).and_then(Value::as_str);
        if let (Some(policy), Some(Value::Bool(_))) = (text(&["propagationPolicy"]), options.at(&["orphanDependents"]))
        {
            let text = format!(
                "propagationPolicy: Invalid value: \"{policy}\": orphanDependents and deletionPropagation cannot be both set"
            );
            return Answer::invalid("DeleteOptions.meta.k8s.io", "", vec![text]);
        }
        let Some(stored) = self.world.objects().get(&target) else {
            return Answer::Refused(ApiError::not_found(target.kind, target.name));
        };
        let uid = stored.meta().uid;
        if let Some(asked) = text(&["preconditions", "uid"]).filter(|asked| *asked != uid.to_string()) {
            return Answer::Told {
                code: 409,
                reason: "Conflict",
                message: format!(
                    "Operation cannot be fulfilled on {} \"{}\": the UID in the precondition ({asked}) does not match the UID in record ({uid}). The object might have been deleted and then recreated",
                    target.kind.name(),
                    target.name
                ),
                causes: Vec::new(),
            };
        }
        // A negative grace counts as one second.
        let grace_seconds = grace.and_then(|text| text.parse::<i64>().ok()).map(|n| if n < 0 { 1 } else { n });
        let propagation = petri_sim::words::command::Propagation::Background;
        self.give(&Command::Delete { target, grace_seconds, propagation })
    }

    fn list<'q>(&self, kind: Kind, parameter: &dyn Fn(&str) -> Option<&'q str>) -> Answer {
        if let Some(selector) = parameter("labelSelector")
            && let Some(problem) = petri_console::select::label_selector_problem(selector)
        {
            return Answer::bad(&problem);
        }
        if let Some(selector) = parameter("fieldSelector") {
            let field = selector.split("%3D").next().unwrap_or_default();
            if !petri_console::select::selectable_fields(kind).contains(&field) {
                return Answer::bad(&format!("field label not supported: {field}"));
            }
        }
        let current = self.world.server.revision().0;
        match parameter("resourceVersion").and_then(|text| text.parse::<u64>().ok()) {
            Some(asked) if asked > current => Answer::Told {
                code: 504,
                reason: "Timeout",
                message: format!("Timeout: Too large resource version: {asked}, current: {current}"),
                causes: vec![cause("ResourceVersionTooLarge", "Too large resource version", None)],
            },
            _ => Answer::Accepted(200),
        }
    }

    /// Says the same to kubectl, with the object on its standard input. The recorder wrote YAML in which `y` had no quotes.
    fn tell_kubectl(&mut self, words: &[Value], manifest: &Value) -> Value {
        let words: Vec<String> = words.iter().filter_map(Value::as_str).map(|word| self.own(word)).collect();
        let line: Vec<String> = words.iter().map(|word| super::steps::for_shell(word)).collect();
        let line = format!("kubectl -n {} {}", self.namespace, line.join(" "));
        let standard_input =
            (words.iter().any(|word| word == "-")).then(|| manifest.to_json().replace(":\"y\"", ": y"));
        let mut hand = Hand { world: &mut self.world, notes: &mut self.notes };
        let line = match standard_input {
            Some(text) => format!("{line} <<EOF\n{text}\nEOF"),
            None => line,
        };
        let output = petri_console::run(&line, &mut hand, &self.files);
        let map: Map = [
            (Name::from("rc"), Value::Int(i64::from(output.code))),
            (Name::from("stdout"), output.stdout.as_str().into()),
            (Name::from("stderr"), output.stderr.as_str().into()),
        ]
        .into_iter()
        .collect();
        Value::Map(map)
    }
}

/// Creates an object in a copy of the world, so that nothing comes of it.
fn create(manifest: &Value, namespace: &str, strict: bool, world: &mut World) -> Result<(), Answer> {
    let word = |key: &str| manifest.at(&[key]).and_then(Value::as_str).unwrap_or_default();
    if Kind::from_api(word("apiVersion"), word("kind")).is_none() {
        return Err(Answer::NoSuchResource);
    }
    let mut object = match strict {
        true => decode_strictly(manifest, world.objects()).map_err(Answer::Refused)?,
        false => Object::from_value(manifest, &mut Decode::default()).ok_or(Answer::NoSuchResource)?,
    };
    if object.kind().is_namespaced() {
        let own = &object.meta().namespace;
        if !own.is_empty() && **own != *namespace {
            return Err(Answer::bad(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        object.meta_mut().namespace = namespace.into();
    }
    world.command(&Command::Create(object), &mut Vec::new()).map(|_| ()).map_err(Answer::Refused)
}

/// What the API server says.
enum Answer {
    Accepted(i64),
    Refused(ApiError),
    NoSuchResource,
    Told { code: i64, reason: &'static str, message: String, causes: Vec<Value> },
}

impl Answer {
    fn bad(message: &str) -> Answer {
        Answer::Told { code: 400, reason: "BadRequest", message: message.into(), causes: Vec::new() }
    }

    /// Field errors of something that is no stored kind.
    fn invalid(kind: &str, name: &str, errors: Vec<String>) -> Answer {
        Answer::Told {
            code: 422,
            reason: "Invalid",
            message: format!("{kind} \"{name}\" is invalid: {}", errors.join(", ")),
            causes: errors.iter().map(|error| field_cause(error)).collect(),
        }
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        let told = |code: i64, reason: &str, message: &str, causes: &[Value]| {
            let mut fields = vec![("code", Value::Int(code)), ("reason", reason.into()), ("message", message.into())];
            if !causes.is_empty() {
                fields.push(("causes", Value::List(causes.into())));
            }
            fields
        };
        match self {
            Answer::Accepted(code) => vec![("code", Value::Int(*code)), ("accepted", Value::Bool(true))],
            Answer::NoSuchResource => told(404, "NotFound", "the server could not find the requested resource", &[]),
            Answer::Told { code, reason, message, causes } => told(*code, reason, message, causes),
            Answer::Refused(error) => {
                let causes: Vec<Value> = match error {
                    ApiError::Invalid { errors, .. } => errors.iter().map(|error| field_cause(error)).collect(),
                    _ => Vec::new(),
                };
                told(i64::from(error.code()), error.reason(), &error.to_string(), &causes)
            }
        }
    }
}

/// `spec.replicas: Invalid value: -1: must be ...` as a cause of a status.
fn field_cause(error: &str) -> Value {
    const REASONS: [(&str, &str); 8] = [
        ("Not found", "FieldValueNotFound"),
        ("Required value", "FieldValueRequired"),
        ("Duplicate value", "FieldValueDuplicate"),
        ("Invalid value", "FieldValueInvalid"),
        ("Unsupported value", "FieldValueNotSupported"),
        ("Forbidden", "FieldValueForbidden"),
        ("Too long", "FieldValueTooLong"),
        ("Too many", "FieldValueTooMany"),
    ];
    let (field, message) = error.split_once(": ").unwrap_or(("", error));
    let reason = REASONS.iter().find(|(words, _)| message.starts_with(words)).map_or("", |(_, reason)| reason);
    cause(reason, message, Some(field))
}

fn cause(reason: &str, message: &str, field: Option<&str>) -> Value {
    let mut map = Map::new();
    map.insert("reason", reason.into());
    map.insert("message", message.into());
    if let Some(field) = field {
        map.insert("field", field.into());
    }
    Value::Map(map)
}
