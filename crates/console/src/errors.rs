//! What kubectl says about answers of the API server.

use crate::output::Trouble;
use petri_objects::ObjectRef;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::note::Answer;

/// An error as kubectl prints it; `doing` is put in front of the server's words, as in `error when creating "web.yaml"`.
///
/// Upstream: `StandardErrorMessage`, `checkErr`.
pub fn api_error(error: &ApiError, doing: Option<&str>) -> String {
    match error {
        ApiError::Invalid { kind, name, errors } => {
            let subject = format!("The {} \"{name}\" is invalid:", kind.name());
            let mut distinct: Vec<&str> = Vec::new();
            for error in errors.iter() {
                if !distinct.contains(&&**error) {
                    distinct.push(error);
                }
            }
            match distinct[..] {
                [one] => format!("{subject} {one}"),
                _ => distinct.iter().fold(format!("{subject} "), |text, error| format!("{text}\n* {error}")),
            }
        }
        ApiError::InvalidPatch(message) => format!("The request is invalid: {message}"),
        ApiError::Unreachable => {
            "The connection to the server petri was refused - did you specify the right host or port?".into()
        }
        other => standard(other, doing),
    }
}

/// The same where it may be one of several: what is invalid has lines of its own only if nothing else went wrong.
pub(crate) fn trouble(error: &ApiError, doing: Option<&str>) -> Trouble {
    let alone = api_error(error, doing);
    let among = match error {
        ApiError::Invalid { .. } | ApiError::InvalidPatch(_) => standard(error, doing),
        _ => alone.clone(),
    };
    Trouble { alone, among }
}

/// Upstream: `StandardErrorMessage`.
fn standard(error: &ApiError, doing: Option<&str>) -> String {
    let doing = doing.map_or(String::new(), |doing| format!("{doing}: "));
    format!("Error from server ({}): {doing}{error}", error.reason())
}

/// `statefulset.apps/web`.
pub(crate) fn named(target: &ObjectRef) -> String {
    format!("{}/{}", target.kind.qualified_singular(), target.name)
}

/// A wait for an object has taken too long.
pub(crate) fn timed_out(target: &ObjectRef) -> String {
    format!("error: timed out waiting for the condition on {}/{}", target.kind.plural(), target.name)
}

/// What a command came to, in kubectl's words.
pub fn answer_text(answer: &Answer) -> String {
    match answer {
        Answer::Created(target) => format!("{} created", named(target)),
        Answer::Configured(target) => format!("{} configured", named(target)),
        Answer::Unchanged(target) => format!("{} unchanged", named(target)),
        Answer::Replaced(target) => format!("{} replaced", named(target)),
        Answer::Scaled(target) => format!("{} scaled", named(target)),
        Answer::Deleted { target, forced } => {
            let how = if *forced { "force deleted" } else { "deleted" };
            let (kind, name) = (target.kind.qualified_singular(), &target.name);
            match &*target.namespace {
                "" => format!("{kind} \"{name}\" {how}"),
                namespace => format!("{kind} \"{name}\" {how} from {namespace} namespace"),
            }
        }
        Answer::Patched { target, changed: true } => format!("{} patched", named(target)),
        Answer::Patched { target, changed: false } => format!("{} patched (no change)", named(target)),
        Answer::Evicted(target) => format!("{} evicted", named(target)),
        Answer::Cordoned { node, on, changed } => {
            let already = if *changed { "" } else { "already " };
            format!("node/{node} {already}{}", if *on { "cordoned" } else { "uncordoned" })
        }
        Answer::Tainted { node, added, removed } => match (added, removed) {
            (true, true) => format!("node/{node} modified"),
            (false, true) => format!("node/{node} untainted"),
            _ => format!("node/{node} tainted"),
        },
        Answer::Done(text) => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_objects::Kind;
    use std::rc::Rc;

    #[test]
    fn one_field_error_stands_on_the_line_and_several_below_it() {
        let error = |errors: &[&str]| ApiError::Invalid {
            kind: Kind::StatefulSet,
            name: "web".into(),
            errors: Rc::new(errors.iter().map(|e| (*e).into()).collect()),
        };
        assert_eq!(
            api_error(&error(&["spec: Forbidden: x"]), Some("error when creating \"f\"")),
            "The StatefulSet \"web\" is invalid: spec: Forbidden: x"
        );
        assert_eq!(
            api_error(&error(&["spec.selector: Required value", "b", "b"]), None),
            "The StatefulSet \"web\" is invalid: \n* spec.selector: Required value\n* b"
        );
    }

    #[test]
    fn other_errors_name_their_reason_and_what_was_done() {
        let error = ApiError::AlreadyExists { kind: Kind::StatefulSet, name: "web".into(), terminating: false };
        assert_eq!(
            api_error(&error, Some("error when creating \"web.yaml\"")),
            "Error from server (AlreadyExists): error when creating \"web.yaml\": statefulsets.apps \"web\" already exists"
        );
    }
}
