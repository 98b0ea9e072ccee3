//! The subresource `scale`: how many replicas, whatever the kind.

use crate::ask::Ask;
use crate::decode;
use crate::form::Wanted;
use crate::list::written;
use crate::managers::Writer;
use crate::patch::patched;
use crate::route::Place;
use crate::run::Run;
use crate::status::{Failure, Outcome};
use crate::store::map;
use crate::write::{current, target};
use petri_objects::{Kind, Object, Value};
use petri_sim::words::api_error::{ApiError, MODIFIED};
use petri_sim::words::command::Command;

/// Whether objects of a kind can be scaled.
pub fn has(kind: Kind) -> bool {
    match kind {
        Kind::Deployment | Kind::StatefulSet | Kind::ReplicaSet => true,
        Kind::Kept(kept) => !kept.is_custom() && kept.entry().name == "ReplicationController",
        _ => false,
    }
}

/// The object's `Scale`.
fn scale(object: &Object) -> Value {
    let whole = object.to_value();
    let at = |path: &[&str]| whole.at(path).cloned();
    let metadata = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"];
    let metadata = metadata.into_iter().filter_map(|key| Some((key, at(&["metadata", key])?)));
    let mut status = vec![("replicas", at(&["status", "replicas"]).unwrap_or(Value::Int(0)))];
    status.extend(selector(&whole).map(|text| ("selector", Value::from(text.as_str()))));
    let replicas = at(&["spec", "replicas"]).unwrap_or(Value::Int(0));
    let spec = if replicas == Value::Int(0) { map([]) } else { map([("replicas", replicas)]) };
    map([
        ("kind", "Scale".into()),
        ("apiVersion", "autoscaling/v1".into()),
        ("metadata", map(metadata)),
        ("spec", spec),
        ("status", map(status)),
    ])
}

fn selector(whole: &Value) -> Option<String> {
    let labels =
        whole.at(&["spec", "selector", "matchLabels"]).or_else(|| whole.at(&["spec", "selector"]))?.as_map()?;
    let pairs = labels.sorted().into_iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    Some(pairs.collect::<Vec<_>>().join(","))
}

pub fn answer(run: &mut Run, ask: &Ask, place: &Place, wanted: Wanted) -> Outcome {
    let old = current(run, place)?;
    let before = scale(&old);
    let new = match ask.method.as_str() {
        "GET" => return Ok(written(200, &before, wanted)),
        "PUT" => decode::body(ask)?,
        "PATCH" => patched(&before, None, &as_merge(ask))?,
        _ => return Err(Failure::no_method()),
    };
    let replicas = match new.at(&["spec", "replicas"]) {
        None | Some(Value::Null) => 0,
        Some(Value::Int(number)) => *number,
        Some(other) => {
            return Err(Failure::bad_request(format!(
                "Scale in version \"v1\" cannot be handled as a Scale: json: cannot unmarshal {} into Go struct field \
                 ScaleSpec.spec.replicas of type int32",
                other.go_type()
            )));
        }
    };
    if replicas < 0 {
        let error = format!("spec.replicas: Invalid value: {replicas}: must be greater than or equal to 0");
        let name = place.name.as_deref().unwrap_or_default();
        let cause = map([
            ("reason", "FieldValueInvalid".into()),
            ("message", error.trim_start_matches("spec.replicas: ").into()),
            ("field", "spec.replicas".into()),
        ]);
        let details = map([
            ("name", Value::from(name)),
            ("group", "autoscaling".into()),
            ("kind", "Scale".into()),
            ("causes", Value::List(vec![cause])),
        ]);
        let message = format!("Scale.autoscaling \"{name}\" is invalid: {error}");
        return Err(Failure::new(422, "Invalid", message).with(Some(details)));
    }
    let version = new.at(&["metadata", "resourceVersion"]).and_then(Value::as_str).unwrap_or_default();
    if !version.is_empty() && version != old.meta().resource_version.0.to_string() {
        return Err(
            ApiError::Conflict { kind: old.kind(), name: old.meta().name.clone(), cause: MODIFIED.into() }.into()
        );
    }
    let replicas =
        i32::try_from(replicas).map_err(|_| Failure::bad_request("spec.replicas: it is no 32-bit number"))?;
    if before.at(&["spec", "replicas"]).and_then(Value::as_int).unwrap_or(0) == i64::from(replicas) {
        return Ok(written(200, &before, wanted));
    }
    let done = run.write(Command::Scale { target: target(place), replicas }, &Writer::of(ask))?;
    Ok(written(200, &scale(&done.object.unwrap_or(old)), wanted))
}

/// A scale has no lists: a strategic patch of it is a merge patch.
fn as_merge(ask: &Ask) -> Ask {
    let mut ask = ask.clone();
    if matches!(ask.media_type().as_str(), "application/strategic-merge-patch+json" | "application/apply-patch+yaml") {
        ask.content_type = "application/merge-patch+json".into();
    }
    ask
}
