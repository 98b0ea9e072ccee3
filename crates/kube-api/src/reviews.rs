//! Questions about who one is and what one may do: there is no authentication, and everybody may do everything.

use crate::ask::{Answer, Ask};
use crate::decode;
use crate::run::Run;
use crate::status::{Failure, Outcome};
use crate::store::map;
use petri_objects::{Kind, ObjectRef, Span, Value};
use petri_sim::words::api_error::ApiError;

/// A token for an account: nobody asks for one here, so it says no more than whose it is.
///
/// Upstream: `pkg/registry/core/serviceaccount/storage/token.go`.
fn token(run: &Run, ask: &Ask, namespace: &str, name: &str) -> Outcome {
    let target = ObjectRef::new(Kind::ServiceAccount, namespace, name);
    let account = run.objects().get(&target).ok_or_else(|| ApiError::not_found(target.kind, name))?;
    let mut request = decode::body(ask)?;
    let seconds = request.at(&["spec", "expirationSeconds"]).and_then(Value::as_int).unwrap_or(3_600);
    if seconds < 600 {
        let what = "spec.expirationSeconds: Invalid value";
        let words = format!(
            "TokenRequest.authentication.k8s.io \"\" is invalid: {what}: {seconds}: may not specify a duration less than 10 minutes"
        );
        return Err(Failure::new(422, "Invalid", words));
    }
    let until = run.timeline.now() + Span::seconds(u64::try_from(seconds).unwrap_or(3_600));
    let status = map([
        ("token", Value::from(format!("petri.{}", account.meta().uid).as_str())),
        ("expirationTimestamp", Value::from(until.rfc3339().as_str())),
    ]);
    if let Value::Map(map) = &mut request {
        map.insert("status", status);
    }
    Ok(Answer::json(201, &request))
}

/// The answer to a review, if the path asks for one.
pub fn answer(run: &Run, ask: &Ask) -> Option<Outcome> {
    let (group, parts) = crate::route::group_version(&ask.path)?;
    if let ("v1", ["namespaces", namespace, "serviceaccounts", name, "token"]) = (&*group, &parts[..]) {
        return Some(if ask.method == "POST" { token(run, ask, namespace, name) } else { Err(Failure::no_method()) });
    }
    let resource = match parts[..] {
        [resource] | ["namespaces", _, resource] => resource,
        _ => return None,
    };
    let status = match (&*group, resource) {
        (
            "authorization.k8s.io/v1",
            "selfsubjectaccessreviews" | "subjectaccessreviews" | "localsubjectaccessreviews",
        ) => map([("allowed", Value::Bool(true))]),
        ("authorization.k8s.io/v1", "selfsubjectrulesreviews") => {
            let all = |keys: &[&'static str]| map(keys.iter().map(|key| (*key, Value::List(vec!["*".into()]))));
            map([
                ("incomplete", Value::Bool(false)),
                ("resourceRules", Value::List(vec![all(&["verbs", "apiGroups", "resources"])])),
                ("nonResourceRules", Value::List(vec![all(&["verbs", "nonResourceURLs"])])),
            ])
        }
        ("authentication.k8s.io/v1", "selfsubjectreviews") => {
            let groups = vec!["system:masters".into(), "system:authenticated".into()];
            let user = map([("username", "petri".into()), ("groups", Value::List(groups))]);
            map([("userInfo", user)])
        }
        _ => return None,
    };
    if ask.method != "POST" {
        return Some(Err(Failure::no_method()));
    }
    Some(decode::body(ask).map(|mut review| {
        if let Value::Map(map) = &mut review {
            map.insert("status", status);
        }
        Answer::json(201, &review)
    }))
}
