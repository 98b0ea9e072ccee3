//! Bodies: what a client sends, as a value and as an object.

use crate::ask::{Ask, JSON};
use crate::proto::{self, PROTOBUF};
use crate::route::{Place, Served};
use crate::status::{Failure, Outcome};
use crate::versions;
use petri_objects::record::by_decoder;
use petri_objects::{Decode, DecodeProblemKind, Object, Value};

/// `fieldValidation`: what is to become of fields that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validation {
    Ignore,
    Warn,
    Strict,
}

impl Validation {
    /// Upstream: `ValidateFieldValidation`; without the parameter clients are warned.
    ///
    /// # Errors
    /// Another word.
    pub fn of(ask: &Ask) -> Outcome<Validation> {
        match ask.query.text("fieldValidation") {
            "Strict" => Ok(Validation::Strict),
            "Ignore" => Ok(Validation::Ignore),
            "Warn" | "" => Ok(Validation::Warn),
            other => Err(Failure::new(
                422,
                "Invalid",
                format!(
                    " \"\" is invalid: fieldValidation: Unsupported value: \"{other}\": supported values: \"Ignore\", \
                     \"Strict\", \"Warn\""
                )
                .trim_start(),
            )),
        }
    }
}

/// The body as a value: JSON, or YAML where its type says so.
///
/// # Errors
/// 415 for another type, 400 for what cannot be read.
pub fn body(ask: &Ask) -> Outcome<Value> {
    if ask.media_type() == PROTOBUF {
        return proto::read(&ask.body);
    }
    let text =
        std::str::from_utf8(&ask.body).map_err(|_| Failure::bad_request("the body of the request is no UTF-8 text"))?;
    match ask.media_type().as_str() {
        JSON | "" => json(text),
        "application/yaml" => yaml(text),
        _ => Err(Failure::media_type("application/json, application/yaml")),
    }
}

pub fn json(text: &str) -> Outcome<Value> {
    Value::from_json(text).ok_or_else(|| {
        let what =
            "the object provided is unrecognized (must be of type Object): couldn't get version/kind; json parse error";
        let shown: String = text.bytes().take(20).map(|byte| format!("{byte:02x}")).collect();
        let more = if text.len() > 20 { " ..." } else { "" };
        Failure::bad_request(format!("{what}: {} ({shown}{more})", json_problem(text)))
    })
}

/// What Go's decoder says of a text that is no JSON.
pub fn json_problem(text: &str) -> String {
    let Err(error) = serde_json::from_str::<serde_json::Value>(text) else {
        return "it holds more than is read at once".into();
    };
    if error.is_eof() || text.trim().is_empty() {
        return "unexpected end of JSON input".into();
    }
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    let found = line.get(error.column().saturating_sub(1)..).and_then(|rest| rest.chars().next()).unwrap_or('?');
    let said = error.to_string();
    let place = match () {
        () if said.starts_with("key must be a string") => "looking for beginning of object key string",
        () if said.starts_with("expected `:`") => "after object key",
        () if said.starts_with("expected `,` or `}`") => "after object key:value pair",
        () if said.starts_with("expected `,` or `]`") => "after array element",
        () if said.starts_with("trailing characters") => "after top-level value",
        () => "looking for beginning of value",
    };
    format!("invalid character {found:?} {place}")
}

pub fn yaml(text: &str) -> Outcome<Value> {
    if let Some(value) = Value::from_json(text) {
        return Ok(value);
    }
    let parsed = petri_manifest::parse(text);
    match &parsed.documents[..] {
        [document] => Ok(document.value.clone()),
        _ => Err(Failure::bad_request("the object provided is unrecognized: one YAML document was expected")),
    }
}

/// The object that a value describes, at the place to which it was sent.
///
/// # Errors
/// What does not fit: another kind, name or namespace, a value of a wrong type, an unknown field under strict validation.
pub fn object(mut value: Value, place: &Place, validation: Validation, warnings: &mut Vec<String>) -> Outcome<Object> {
    let Served { kind, api_version } = &place.served;
    let Value::Map(map) = &mut value else {
        let text = format!("cannot unmarshal {} into Go value of type v1.{}", value.go_type(), kind.name());
        return Err(Failure::bad_request(as_a(place, &by_decoder(&text))));
    };
    let word = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (said_kind, said_version) = (word("kind"), word("apiVersion"));
    if !said_version.is_empty() && said_version != *api_version {
        return Err(Failure::bad_request(format!(
            "the API version in the data ({said_version}) does not match the expected API version ({api_version})"
        )));
    }
    if !said_kind.is_empty() && said_kind != kind.name() {
        return Err(Failure::bad_request(format!(
            "{said_kind} in version \"{}\" cannot be handled as a {}: the kind in the data does not match that of the path",
            kind.version(),
            kind.name()
        )));
    }
    map.insert("apiVersion", Value::from(api_version.as_str()));
    map.insert("kind", kind.name().into());
    let mut at = Decode::default();
    let mut object = read(value, place, &mut at);
    problems(&at, place, validation, warnings)?;
    if kind.is_namespaced() {
        let wanted = place.namespace.as_deref().unwrap_or_default();
        let own = object.meta().namespace.clone();
        if !own.is_empty() && *own != *wanted {
            return Err(Failure::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        object.meta_mut().namespace = wanted.into();
    }
    Ok(object)
}

/// The object that a value describes in the version of a place; what is wrong with it is in `at.problems`.
pub fn read(mut value: Value, place: &Place, at: &mut Decode) -> Object {
    let Served { kind, api_version } = &place.served;
    versions::told(*kind, api_version, &mut value);
    let mut object = Object::decode(*kind, &value, at);
    versions::complete(&mut object, api_version);
    object
}

/// What was wrong with a value, as the API server says it.
pub fn problems(at: &Decode, place: &Place, validation: Validation, warnings: &mut Vec<String>) -> Outcome<()> {
    let wrong = at.problems.iter().find_map(|problem| match &problem.kind {
        DecodeProblemKind::WrongType(text) => Some(text),
        _ => None,
    });
    if let Some(text) = wrong {
        return Err(Failure::bad_request(as_a(place, &by_decoder(text))));
    }
    let unknown = unknown_fields(at);
    match validation {
        Validation::Strict if !unknown.is_empty() => {
            let text = format!("strict decoding error: {}", unknown.join(", "));
            return Err(Failure::bad_request(as_a(place, &text)));
        }
        Validation::Warn => warnings.extend(unknown),
        Validation::Strict | Validation::Ignore => {}
    }
    Ok(())
}

/// The fields that nobody knows, as the API server names them.
pub fn unknown_fields(at: &Decode) -> Vec<String> {
    unknown_paths(at).iter().map(|path| format!("unknown field \"{path}\"")).collect()
}

pub fn unknown_paths(at: &Decode) -> Vec<String> {
    let unknown = at.problems.iter().filter(|problem| problem.kind == DecodeProblemKind::UnknownField);
    unknown.map(|problem| problem.path.clone()).collect()
}

fn as_a(place: &Place, problem: &str) -> String {
    let kind = place.served.kind;
    format!("{} in version \"{}\" cannot be handled as a {}: {problem}", kind.name(), kind.version(), kind.name())
}
