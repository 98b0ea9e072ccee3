//! Patches: JSON, merge, strategic, and what a manager applies.
//!
//! Upstream: `apiserver/pkg/endpoints/handlers/patch.go`.

use crate::apply;
use crate::ask::Ask;
use crate::decode::{self, Validation};
use crate::form::Wanted;
use crate::managers::Writer;
use crate::route::Place;
use crate::run::Run;
use crate::status::{Failure, Outcome};
use crate::write::{changed, check_version, current, named_as, show};
use petri_console::kubectl::json_patch;
use petri_objects::merge::{Lists, strategic};
use petri_objects::value::quoted;
use petri_objects::{Decode, Kind, Object, Value};
use petri_sim::belief::api::patch::merge_value;
use petri_sim::belief::api::warnings;
use petri_sim::words::api_error::ApiError;

/// What a patch makes of an object's whole form.
///
/// # Errors
/// 415 for another type, 400 and 422 for what cannot be done.
pub fn patched(old: &Value, lists: Option<Lists>, ask: &Ask) -> Outcome<Value> {
    let text = std::str::from_utf8(&ask.body).map_err(|_| Failure::bad_request("the patch is no UTF-8 text"))?;
    let read = || Value::from_json(text).ok_or_else(|| Failure::bad_request("error decoding patch: it is no JSON"));
    match ask.media_type().as_str() {
        "application/json-patch+json" => {
            let operations = read()?;
            let Some(operations) = operations.as_list() else {
                return Err(unread(&operations, "error decoding patch: ", "jsonpatch.Patch"));
            };
            json_patch::apply(old, operations).map_err(|_| {
                Failure::new(422, "Invalid", "the server rejected our request due to an error in our request")
                    .with(Some(crate::store::map([])))
            })
        }
        "application/merge-patch+json" => {
            let patch = read()?;
            if patch.as_map().is_none() {
                return Err(unread(&patch, "error decoding patch: ", "map[string]interface {}"));
            }
            let mut new = old.clone();
            merge_value(&mut new, &patch);
            Ok(new)
        }
        "application/strategic-merge-patch+json" => {
            let lists = lists.ok_or_else(|| {
                Failure::media_type(
                    "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
                )
            })?;
            let patch = read()?;
            if patch.as_map().is_none() {
                return Err(unread(&patch, "", "map[string]interface {}"));
            }
            strategic(lists, old, &patch).map_err(|unfit| Failure::new(500, "", unfit.to_string()))
        }
        _ => Err(Failure::media_type(
            "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, \
             application/apply-patch+yaml, application/apply-patch+cbor",
        )),
    }
}

fn unread(patch: &Value, doing: &str, go: &str) -> Failure {
    let found = patch.go_type();
    Failure::bad_request(format!("{doing}json: cannot unmarshal {found} into Go value of type {go}"))
}

pub fn answer(run: &mut Run, ask: &Ask, place: &Place, wanted: Wanted) -> Outcome {
    if matches!(ask.media_type().as_str(), "application/apply-patch+yaml") {
        return apply::answer(run, ask, place, wanted);
    }
    let old = current(run, place)?;
    let kind = old.kind();
    let is_custom = matches!(kind, Kind::Kept(kept) if kept.is_custom());
    let before = run.show(&old, &place.served.api_version);
    let mut value = patched(&before, (!is_custom).then(|| Lists::of(kind)), ask)?;
    let managers = take_managers(&mut value);
    let mut warnings = Vec::new();
    let new = decoded(&value, place, ask, &mut warnings)?;
    check_identity(&new, &old, place)?;
    check_version(&new, &old)?;
    let status = place.subresource.as_deref() == Some("status");
    let new = changed(run, &old, &new, status, &Writer::of(ask))?;
    if managers.as_deref() != before.at(&["metadata", "managedFields"]).and_then(Value::as_list) && !ask.is_dry_run() {
        run.memory.managers.replace(&new, &managers.unwrap_or_default());
    }
    if !status {
        warnings.extend(warnings::of_change(&new, &old));
    }
    Ok(show(run, place, &new, 200, wanted, warnings))
}

/// Who manages what is no part of the object.
fn take_managers(value: &mut Value) -> Option<Vec<Value>> {
    let Value::Map(map) = value else { return None };
    let Some(Value::Map(metadata)) = map.entry_mut("metadata") else { return None };
    match metadata.remove("managedFields") {
        Some(Value::List(list)) => Some(list),
        _ => None,
    }
}

/// What a patched form describes.
fn decoded(value: &Value, place: &Place, ask: &Ask, warnings: &mut Vec<String>) -> Outcome<Object> {
    let mut at = Decode::default();
    let object = decode::read(value.clone(), place, &mut at);
    let validation = Validation::of(ask)?;
    // A value of a wrong type is told first.
    decode::problems(&at, place, Validation::Ignore, warnings)?;
    let unknown = decode::unknown_fields(&at);
    if validation == Validation::Strict && !unknown.is_empty() {
        // What becomes of the object is wrong, so the patch is.
        let patch = match ask.media_type().as_str() {
            "application/strategic-merge-patch+json" => {
                Value::from_json(&String::from_utf8_lossy(&ask.body)).unwrap_or_default().go_text()
            }
            _ => value.to_json(),
        };
        let told = format!("patch: Invalid value: {}: strict decoding error: {}", quoted(&patch), unknown.join(", "));
        return Err(ApiError::InvalidPatch(told.into()).into());
    }
    decode::problems(&at, place, validation, warnings)?;
    Ok(object)
}

fn check_identity(new: &Object, old: &Object, place: &Place) -> Outcome<()> {
    named_as(new, place)?;
    if new.meta().namespace != old.meta().namespace {
        return Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}
