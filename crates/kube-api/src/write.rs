//! Creating, replacing and deleting.
//!
//! Upstream: `apiserver/pkg/endpoints/handlers`, `create.go`, `update.go`, `delete.go`.

use crate::ask::{Answer, Ask};
use crate::decode::{self, Validation};
use crate::form::Wanted;
use crate::list::{self, written};
use crate::managers::Writer;
use crate::route::Place;
use crate::run::Run;
use crate::status::{self, Failure, Outcome};
use crate::table::metadata_of;
use petri_console::kubectl::merge::difference;
use petri_console::select;
use petri_objects::{Object, ObjectRef, Revision, Uid, Value};
use petri_sim::belief::api::warnings;
use petri_sim::words::api_error::{ApiError, MODIFIED};
use petri_sim::words::command::{Command, Propagation};

/// The address of the object at a place.
pub fn target(place: &Place) -> ObjectRef {
    let namespace = place.namespace.as_deref().filter(|_| place.served.kind.is_namespaced());
    ObjectRef::new(place.served.kind, namespace.unwrap_or_default(), place.name.as_deref().unwrap_or_default())
}

/// The object at a place.
///
/// # Errors
/// 404, if there is none.
pub fn current(run: &Run, place: &Place) -> Outcome<Object> {
    let target = target(place);
    select::find(&target, run.objects()).ok_or_else(|| ApiError::not_found(target.kind, target.name).into())
}

/// An object as an answer.
pub fn show(run: &Run, place: &Place, object: &Object, code: u16, wanted: Wanted, warnings: Vec<String>) -> Answer {
    use crate::form::Form;
    let version = place.served.api_version.as_str();
    let whole = run.show(object, version);
    let value = match wanted.form {
        Form::Whole => whole,
        Form::Metadata => metadata_of(&whole),
        Form::Table(included) => {
            let metadata = crate::table::list_metadata(object.meta().resource_version, None);
            let one = std::slice::from_ref(object);
            crate::table::table(object.kind(), one, included, run.world().now, metadata, true, &|object| {
                run.show(object, version)
            })
        }
    };
    Answer { warnings, ..written(code, &value, wanted) }
}

pub fn create(run: &mut Run, ask: &Ask, place: &Place, wanted: Wanted) -> Outcome {
    let mut warnings = Vec::new();
    let object = decode::object(decode::body(ask)?, place, Validation::of(ask)?, &mut warnings)?;
    let done = run.write(Command::Create(object), &Writer::of(ask))?;
    let object = done.object.ok_or_else(Failure::no_resource)?;
    warnings.extend(warnings::of(&object));
    Ok(show(run, place, &object, 201, wanted, warnings))
}

pub fn replace(run: &mut Run, ask: &Ask, place: &Place, wanted: Wanted) -> Outcome {
    let mut warnings = Vec::new();
    let object = decode::object(decode::body(ask)?, place, Validation::of(ask)?, &mut warnings)?;
    named_as(&object, place)?;
    let old = current(run, place)?;
    check_version(&object, &old)?;
    let is_status = place.subresource.as_deref() == Some("status");
    let new = if is_status {
        changed(run, &old, &object, true, &Writer::of(ask))?
    } else {
        let done = run.write(Command::Replace(object), &Writer::of(ask))?;
        done.object.ok_or_else(Failure::no_resource)?
    };
    if !is_status {
        warnings.extend(warnings::of_change(&new, &old));
    }
    Ok(show(run, place, &new, 200, wanted, warnings))
}

/// Upstream: `the name of the object ... does not match the name on the URL`.
pub fn named_as(object: &Object, place: &Place) -> Outcome<()> {
    let (own, asked) = (&object.meta().name, place.name.as_deref().unwrap_or_default());
    if **own == *asked {
        return Ok(());
    }
    Err(Failure::bad_request(match own.is_empty() {
        true => "name must be provided".to_owned(),
        false => format!("the name of the object ({own}) does not match the name on the URL ({asked})"),
    }))
}

/// A version or uid that the client names must be that of the stored object.
pub fn check_version(new: &Object, old: &Object) -> Outcome<()> {
    let (version, uid) = (new.meta().resource_version, new.meta().uid);
    let conflict = |cause: &str| {
        Failure::from(ApiError::Conflict { kind: old.kind(), name: old.meta().name.clone(), cause: cause.into() })
    };
    if version != Revision(0) && version != old.meta().resource_version {
        return Err(conflict(MODIFIED));
    }
    if uid != Uid(0) && uid != old.meta().uid {
        return Err(conflict(&precondition(uid, old)));
    }
    Ok(())
}

fn precondition(uid: Uid, old: &Object) -> String {
    format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", old.meta().uid)
}

/// Writes what differs between two forms of an object, or of its status. What does not differ is no write.
///
/// # Errors
/// What the API server refuses.
pub fn changed(run: &mut Run, old: &Object, new: &Object, status: bool, writer: &Writer) -> Outcome<Object> {
    let (before, after) = (old.to_value(), new.to_value());
    let patch = match status {
        true => {
            let part = |value: &Value| value.at(&["status"]).cloned().unwrap_or(Value::Null);
            difference(&part(&before), &part(&after)).map(|patch| Value::nested(&["status"], patch))
        }
        false => difference(&before, &after).map(|patch| without_version(&patch)),
    };
    let Some(patch) = patch.filter(|patch| patch.as_map().is_some_and(|map| !map.is_empty())) else {
        return Ok(old.clone());
    };
    let command = Command::Patch { target: old.reference(), patch, status };
    let done = run.write(command, writer)?;
    done.object.ok_or_else(Failure::no_resource)
}

/// What the server keeps by itself is no part of a patch: the latest version is meant.
fn without_version(patch: &Value) -> Value {
    let mut patch = patch.clone();
    if let Value::Map(map) = &mut patch
        && let Some(Value::Map(metadata)) = map.entry_mut("metadata")
    {
        for own in ["resourceVersion", "uid", "generation", "creationTimestamp", "managedFields"] {
            metadata.remove(own);
        }
        if metadata.is_empty() {
            map.remove("metadata");
        }
    }
    patch
}

/// What a client says about how to delete.
#[derive(Clone, Debug, Default)]
struct Options {
    grace_seconds: Option<i64>,
    propagation: Option<Propagation>,
    uid: Option<String>,
    version: Option<String>,
    dry_run: bool,
}

impl Options {
    /// From the body, or from the query where there is none.
    fn of(ask: &Ask) -> Outcome<Options> {
        let body = if ask.body.is_empty() { Value::Null } else { decode::body(ask)? };
        let number = |value: Option<&Value>| value.and_then(Value::as_int);
        let text = |path: &[&str]| body.at(path).and_then(Value::as_str).map(str::to_owned);
        let grace =
            number(body.at(&["gracePeriodSeconds"])).or_else(|| ask.query.text("gracePeriodSeconds").parse().ok());
        let policy = text(&["propagationPolicy"]).or_else(|| ask.query.get("propagationPolicy").map(str::to_owned));
        let propagation = match policy.as_deref() {
            None | Some("") => match body.at(&["orphanDependents"]) {
                Some(Value::Bool(true)) => Some(Propagation::Orphan),
                _ => None,
            },
            Some(word) => Some(Propagation::from_name(word).ok_or_else(|| {
                Failure::new(422, "Invalid", format!(
                    "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"{word}\": supported \
                     values: \"Background\", \"Foreground\", \"Orphan\""
                ))
            })?),
        };
        let dry = body.at(&["dryRun"]).and_then(Value::as_list).is_some_and(|list| !list.is_empty());
        Ok(Options {
            grace_seconds: grace,
            propagation,
            uid: text(&["preconditions", "uid"]),
            version: text(&["preconditions", "resourceVersion"]),
            dry_run: dry || ask.is_dry_run(),
        })
    }
}

pub fn delete(run: &mut Run, ask: &Ask, place: &Place, wanted: Wanted) -> Outcome {
    let options = Options::of(ask)?;
    let old = current(run, place)?;
    let (object, removed) = delete_one(run, ask, &old, &options)?;
    Ok(match removed {
        true if old.kind() != petri_objects::Kind::Pod || options.grace_seconds != Some(0) => {
            written(200, &status::success(old.kind(), &old.meta().name, Some(old.meta().uid.to_string())), wanted)
        }
        _ => show(run, place, &object, 200, wanted, Vec::new()),
    })
}

fn delete_one(run: &mut Run, ask: &Ask, old: &Object, options: &Options) -> Outcome<(Object, bool)> {
    let conflict = |cause: String| {
        Failure::from(ApiError::Conflict { kind: old.kind(), name: old.meta().name.clone(), cause: cause.into() })
    };
    let meta = old.meta();
    if let Some(uid) = options.uid.as_deref().filter(|uid| *uid != meta.uid.to_string()) {
        return Err(conflict(format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            meta.uid
        )));
    }
    let version = meta.resource_version.0.to_string();
    if let Some(asked) = options.version.as_deref().filter(|asked| *asked != version) {
        return Err(conflict(format!(
            "Precondition failed: ResourceVersion in precondition: {asked}, ResourceVersion in object meta: {version}"
        )));
    }
    let command = Command::Delete {
        target: old.reference(),
        grace_seconds: options.grace_seconds,
        propagation: options.propagation.unwrap_or_default(),
    };
    let writer = Writer { dry_run: options.dry_run, ..Writer::of(ask) };
    let done = run.write(command, &writer)?;
    Ok((done.object.unwrap_or_else(|| old.clone()), done.removed))
}

/// Deletes all objects that a selector selects.
pub fn delete_collection(run: &mut Run, ask: &Ask, place: &Place, wanted: Wanted) -> Outcome {
    let options = Options::of(ask)?;
    let filter = list::filter(ask, place)?;
    let kind = place.served.kind;
    let mut deleted = Vec::new();
    for old in filter.list(run.objects(), kind) {
        match delete_one(run, ask, &old, &options) {
            Ok((object, _)) => deleted.push(run.show(&object, &place.served.api_version)),
            // Somebody else was faster, or the deletion of another took it along.
            Err(failure) if failure.code == 404 => {}
            Err(failure) => return Err(failure),
        }
    }
    let value = crate::store::map([
        ("kind", Value::from(format!("{}List", kind.name()).as_str())),
        ("apiVersion", Value::from(place.served.api_version.as_str())),
        ("metadata", crate::table::list_metadata(run.revision(), None)),
        ("items", Value::List(deleted)),
    ]);
    Ok(written(200, &value, wanted))
}
