//! Questions about who one is and what one may do: there is no authentication, and everybody may do everything.

use crate::ask::{Answer, Ask};
use crate::decode;
use crate::status::Outcome;
use crate::store::map;
use petri_objects::Value;

/// The answer to a review, if the path asks for one.
pub fn answer(ask: &Ask) -> Option<Outcome> {
    let (group, parts) = crate::route::group_version(&ask.path)?;
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
            let user = map([("username", "kubernetes-admin".into()), ("groups", Value::List(groups))]);
            map([("userInfo", user)])
        }
        _ => return None,
    };
    if ask.method != "POST" {
        return Some(Err(crate::status::Failure::no_method()));
    }
    Some(decode::body(ask).map(|mut review| {
        if let Value::Map(map) = &mut review {
            map.insert("status", status);
        }
        Answer::json(201, &review)
    }))
}
