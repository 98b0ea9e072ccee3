//! Server-side apply: what a manager wants of an object, merged with what others want.
//!
//! Upstream: `apiserver/pkg/endpoints/handlers/patch.go`, `structured-merge-diff/v6/merge`.

use crate::ask::Ask;
use crate::decode::{self, Validation};
use crate::form::Wanted;
use crate::managers::{Conflict, Path, Writer, leaves};
use crate::route::Place;
use crate::run::Run;
use crate::status::{Failure, Outcome};
use crate::store::map;
use crate::write::{changed, check_version, named_as, show, target};
use petri_objects::merge::{Lists, strategic};
use petri_objects::{Decode, Kind, Object, Value};
use petri_sim::belief::api::patch::merge_value;
use petri_sim::belief::api::warnings;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use std::collections::BTreeSet;

/// Fields that no schema has are told up to so many.
const MOST_UNDECLARED: usize = 100;

pub fn answer(run: &mut Run, ask: &Ask, place: &Place, wanted: Wanted) -> Outcome {
    if ask.query.text("fieldManager").is_empty() {
        return Err(Failure::new(
            422,
            "Invalid",
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
        ));
    }
    let text = std::str::from_utf8(&ask.body).map_err(|_| Failure::bad_request("the patch is no UTF-8 text"))?;
    let mut config = decode::yaml(text)?;
    if config.at(&["metadata", "managedFields"]).and_then(Value::as_list).is_some_and(|list| !list.is_empty()) {
        return Err(Failure::bad_request("metadata.managedFields must be nil"));
    }
    // An apply names the object by its path alone, if it likes.
    if let (Value::Map(map), Some(name)) = (&mut config, &place.name) {
        let mut metadata = map.get("metadata").and_then(Value::as_map).cloned().unwrap_or_default();
        if metadata.get("name").is_none() {
            metadata.insert("name", Value::from(name.as_str()));
        }
        map.insert("metadata", Value::Map(metadata));
    }
    let kind = place.served.kind;
    let mut warnings = Vec::new();
    let mut at = Decode::default();
    decode::read(config.clone(), place, &mut at);
    let unknown = decode::unknown_paths(&at);
    if !unknown.is_empty() {
        let first = &unknown[..unknown.len().min(MOST_UNDECLARED)];
        return Err(Failure::new(500, "", Lists::of(kind).undeclared(&target(place), &config, first)));
    }
    let object = decode::object(config.clone(), place, Validation::of(ask)?, &mut warnings)?;
    named_as(&object, place)?;
    let status = place.subresource.as_deref() == Some("status");
    let scoped = |mut leaves: crate::managers::Leaves| {
        leaves.retain(|path, _| (path.first().map(String::as_str) == Some("f:status")) == status);
        leaves
    };
    // What is merged is said as it is stored.
    crate::versions::told(kind, &place.served.api_version, &mut config);
    if let Kind::Kept(kept) = kind {
        config = petri_objects::kept::as_stored(kept, config);
    }
    let applied = scoped(leaves(kind, &config));
    let writer = Writer { applied: Some(applied.keys().cloned().collect()), ..Writer::of(ask) };
    let Some(old) = run.objects().get(&target(place)) else {
        if status {
            return Err(ApiError::not_found(kind, object.meta().name.clone()).into());
        }
        let done = run.write(Command::Create(object), &writer)?;
        let created = done.object.ok_or_else(Failure::no_resource)?;
        warnings.extend(warnings::of(&created));
        return Ok(show(run, place, &created, 201, wanted, warnings));
    };
    check_version(&object, &old)?;
    let (uid, before) = (old.meta().uid, old.to_value());
    let live = scoped(leaves(kind, &before));
    let conflicts = run.memory.managers.conflicts(uid, &writer, &live, &applied);
    if !conflicts.is_empty() && !ask.query.is_on("force") {
        return Err(refused(&conflicts));
    }
    let is_custom = matches!(kind, Kind::Kept(kept) if kept.is_custom());
    let mut new = match is_custom {
        true => {
            let mut new = before.clone();
            merge_value(&mut new, &config);
            new
        }
        false => {
            strategic(Lists::of(kind), &before, &config).map_err(|unfit| Failure::new(500, "", unfit.to_string()))?
        }
    };
    let was = run.memory.managers.applied_by(uid, &writer);
    let wants: BTreeSet<Path> = applied.into_keys().collect();
    for path in was.difference(&wants).filter(|path| !run.memory.managers.has_other(uid, &writer, path)) {
        drop_field(&mut new, path);
    }
    let mut at = Decode::default();
    let new = Object::decode(kind, &new, &mut at);
    decode::problems(&at, place, Validation::Ignore, &mut warnings)?;
    let result = changed(run, &old, &new, status, &writer)?;
    if result == old && !writer.dry_run {
        let now = run.timeline.now();
        run.memory.managers.applied(&result, &writer, now);
    }
    if !status {
        warnings.extend(warnings::of_change(&result, &old));
    }
    Ok(show(run, place, &result, 200, wanted, warnings))
}

fn refused(conflicts: &[Conflict]) -> Failure {
    let with = |conflict: &Conflict| format!("conflict with \"{}\" using {}", conflict.manager, conflict.api_version);
    let cause = |conflict: &Conflict| {
        map([
            ("reason", "FieldManagerConflict".into()),
            ("message", Value::from(with(conflict).as_str())),
            ("field", Value::from(conflict.field.as_str())),
        ])
    };
    let details = map([("causes", Value::List(conflicts.iter().map(cause).collect()))]);
    let message = match conflicts {
        [one] => format!("Apply failed with 1 conflict: {}: {}", with(one), one.field),
        _ => {
            let mut text = format!("Apply failed with {} conflicts: ", conflicts.len());
            let (mut last, mut parts) = (String::new(), Vec::new());
            for conflict in conflicts {
                let with = with(conflict);
                if with != last {
                    parts.push(format!("{with}:"));
                    last = with;
                }
                parts.push(format!("- {}", conflict.field));
            }
            text.push_str(&parts.join("\n"));
            text
        }
    };
    Failure::new(409, "Conflict", message).with(Some(details))
}

/// Takes a field away, and the items and maps that nothing is left of.
fn drop_field(value: &mut Value, path: &[String]) {
    let Some((step, rest)) = path.split_first() else { return };
    match (value, step.split_once(':')) {
        (Value::Map(map), Some(("f", name))) => {
            if rest.is_empty() {
                map.remove(name);
            } else if let Some(inner) = map.entry_mut(name) {
                drop_field(inner, rest);
                let is_empty = match inner {
                    Value::Map(map) => map.is_empty(),
                    Value::List(list) => list.is_empty(),
                    _ => false,
                };
                if is_empty {
                    map.remove(name);
                }
            }
        }
        (Value::List(list), Some(("k", json))) => {
            let Some(Value::Map(key)) = Value::from_json(json) else { return };
            let is_meant = |item: &Value| key.iter().all(|(name, value)| item.at(&[name]) == Some(value));
            let Some(at) = list.iter().position(is_meant) else { return };
            let is_key = matches!(rest, [only] if key.get(only.trim_start_matches("f:")).is_some());
            drop_field(&mut list[at], rest);
            // Without its key an item is none.
            if is_key {
                list.remove(at);
            }
        }
        (Value::List(list), Some(("v", json))) => {
            list.retain(|item| item.to_json() != json);
        }
        _ => {}
    }
}
