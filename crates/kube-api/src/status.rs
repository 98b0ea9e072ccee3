//! What went wrong, as the API's kind `Status`.
//!
//! Upstream: `apimachinery/pkg/api/errors`.

use crate::ask::Answer;
use crate::store::map;
use petri_objects::{Kind, Name, Value};
use petri_sim::words::api_error::ApiError;

/// An error on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: u16,
    pub reason: &'static str,
    pub message: String,
    /// Name, group, kind and causes, where the error is about an object.
    pub details: Option<Value>,
    pub retry_after: Option<u32>,
}

pub type Outcome<T = Answer> = Result<T, Failure>;

impl Failure {
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Failure {
        Failure { code, reason, message: message.into(), details: None, retry_after: None }
    }
    pub fn bad_request(message: impl Into<String>) -> Failure {
        Failure::new(400, "BadRequest", message)
    }
    /// No such path.
    pub fn no_resource() -> Failure {
        Failure::new(404, "NotFound", "the server could not find the requested resource").with(Some(map([])))
    }
    /// A method that the path does not take.
    pub fn no_method() -> Failure {
        Failure::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
            .with(Some(map([])))
    }
    pub fn media_type(accepted: &str) -> Failure {
        let message = "the body of the request was in an unknown format - accepted media types include: ";
        Failure::new(415, "UnsupportedMediaType", format!("{message}{accepted}"))
    }
    /// Its watch or page is too old.
    pub fn expired(message: impl Into<String>) -> Failure {
        Failure::new(410, "Expired", message)
    }
    /// An error of which the server knows no more than its words.
    pub fn unknown(message: impl Into<String>) -> Failure {
        Failure::new(500, "", message)
    }
    pub fn internal(words: &str) -> Failure {
        let cause = map([("message", Value::from(words))]);
        Failure::new(500, "InternalError", format!("Internal error occurred: {words}"))
            .with(Some(map([("causes", Value::List(vec![cause]))])))
    }
    pub fn with(mut self, details: Option<Value>) -> Failure {
        self.details = details;
        self
    }
    /// The error as a value.
    pub fn status(&self) -> Value {
        let mut status = vec![
            ("kind", "Status".into()),
            ("apiVersion", "v1".into()),
            ("metadata", map([])),
            ("status", "Failure".into()),
            ("message", Value::from(self.message.as_str())),
        ];
        status.extend(Some(self.reason).filter(|reason| !reason.is_empty()).map(|reason| ("reason", reason.into())));
        status.extend(self.details.clone().map(|details| ("details", details)));
        status.push(("code", Value::Int(i64::from(self.code))));
        map(status)
    }
    pub fn answer(&self) -> Answer {
        Answer { retry_after: self.retry_after, ..Answer::json(self.code, &self.status()) }
    }
}

/// What the simulated API server refused.
impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Failure {
        let code = u16::try_from(error.code()).unwrap_or(500);
        let failure = Failure::new(code, error.reason(), error.to_string());
        let about = |kind: Kind, name: &str, word: String| {
            let mut entries = vec![("name", Value::from(name))];
            entries.extend(Some(kind.group()).filter(|group| !group.is_empty()).map(|group| ("group", group.into())));
            entries.push(("kind", Value::from(word.as_str())));
            entries
        };
        match &error {
            ApiError::NotFound { kind, name }
            | ApiError::AlreadyExists { kind, name, .. }
            | ApiError::GenerateName { kind, name }
            | ApiError::Conflict { kind, name, .. }
            | ApiError::Forbidden { kind, name, .. } => {
                failure.with(Some(map(about(*kind, name, kind.plural().into()))))
            }
            ApiError::Invalid { kind, name, errors } => {
                let mut details = about(*kind, name, kind.name().into());
                details.push(("causes", Value::List(errors.iter().map(field_cause).collect())));
                failure.with(Some(map(details)))
            }
            ApiError::TooManyRequests { cause, .. } => {
                let cause = map([("reason", "DisruptionBudget".into()), ("message", Value::String(cause.clone()))]);
                failure.with(Some(map([("causes", Value::List(vec![cause]))])))
            }
            ApiError::Internal(message) => {
                let cause = map([("message", Value::String(message.clone()))]);
                failure.with(Some(map([("causes", Value::List(vec![cause]))])))
            }
            ApiError::InvalidPatch(_) | ApiError::BadRequest(_) | ApiError::Unreachable => failure,
        }
    }
}

/// `spec.replicas: Invalid value: -1: must be ...` as field, reason and message.
fn field_cause(error: &Name) -> Value {
    let (field, message) = error.split_once(": ").unwrap_or(("", error));
    let kinds = [
        ("Required value", "FieldValueRequired"),
        ("Invalid value", "FieldValueInvalid"),
        ("Duplicate value", "FieldValueDuplicate"),
        ("Unsupported value", "FieldValueNotSupported"),
        ("Forbidden", "FieldValueForbidden"),
        ("Not found", "FieldValueNotFound"),
        ("Too long", "FieldValueTooLong"),
        ("Too many", "FieldValueTooMany"),
    ];
    let reason = kinds.iter().find(|(start, _)| message.starts_with(start)).map_or("FieldValueInvalid", |kind| kind.1);
    map([("reason", reason.into()), ("message", message.into()), ("field", field.into())])
}

/// What is said of a request that did what it was to do and has no object to show.
pub fn success(kind: Kind, name: &str, uid: Option<String>) -> Value {
    let mut details = vec![("name", Value::from(name))];
    details.extend(Some(kind.group()).filter(|group| !group.is_empty()).map(|group| ("group", group.into())));
    details.push(("kind", kind.plural().into()));
    details.extend(uid.map(|uid| ("uid", Value::from(uid.as_str()))));
    map([
        ("kind", "Status".into()),
        ("apiVersion", "v1".into()),
        ("metadata", map([])),
        ("status", "Success".into()),
        ("details", map(details)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn an_invalid_object_has_its_causes() {
        let error = ApiError::Invalid {
            kind: Kind::StatefulSet,
            name: "web".into(),
            errors: Rc::new(vec!["spec.replicas: Invalid value: -1: must be greater".into()]),
        };
        assert_eq!(
            Failure::from(error).status().to_json(),
            r#"{"apiVersion":"v1","code":422,"details":{"causes":[{"field":"spec.replicas","message":"Invalid value: -1: must be greater","reason":"FieldValueInvalid"}],"group":"apps","kind":"StatefulSet","name":"web"},"kind":"Status","message":"StatefulSet.apps \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater","metadata":{},"reason":"Invalid","status":"Failure"}"#
        );
    }

    #[test]
    fn what_is_not_there_is_named_by_resource_and_group() {
        let status = Failure::from(ApiError::not_found(Kind::Deployment, "web")).status();
        assert_eq!(
            status.at(&["details"]).map(Value::to_json).as_deref(),
            Some(r#"{"group":"apps","kind":"deployments","name":"web"}"#)
        );
        assert_eq!(status.at(&["message"]).and_then(Value::as_str), Some("deployments.apps \"web\" not found"));
    }
}
