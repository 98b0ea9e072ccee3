//! Patches: the typed ones of controllers and kubelets, and the JSON merge patch of users.

use super::request::Patch;
use crate::ground::clock::Time;
use crate::words::api_error::ApiError;
use petri_objects::*;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Conditions of a pod that the kubelet writes; all others stay when it posts a status.
const KUBELET_CONDITIONS: [&str; 4] = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"];

/// The object after a typed patch.
pub fn typed(old: &Object, patch: Patch, now: Time) -> Object {
    let mut new = old.clone();
    match patch {
        Patch::Merge { .. } => unreachable!("merge patches go through `merge`, which can refuse them"),
        Patch::AddOwner(owner) => {
            let owners = &mut new.meta_mut().owner_references;
            match owners.iter_mut().find(|o| o.uid == owner.uid) {
                Some(present) => *present = owner,
                None => owners.push(owner),
            }
        }
        Patch::RemoveOwners(uids) => new.meta_mut().owner_references.retain(|owner| !uids.contains(&owner.uid)),
        Patch::RemoveFinalizer(finalizer) => {
            new.meta_mut().finalizers.retain(|f| *f != finalizer);
            if let Object::Namespace(namespace) = &mut new {
                Rc::make_mut(namespace).spec.finalizers.retain(|f| *f != finalizer);
            }
        }
        Patch::Annotate(pairs) => {
            for (key, value) in pairs {
                new.meta_mut().annotations.insert(key, value);
            }
        }
        Patch::PodCondition { condition, phase } => {
            if let Object::Pod(pod) = &mut new {
                let status = Rc::make_mut(&mut Rc::make_mut(pod).status);
                set_condition(&mut status.conditions, condition, now);
                if let Some(phase) = phase {
                    status.phase = phase;
                }
            }
        }
        Patch::PodStatus(posted) => {
            if let Object::Pod(pod) = &mut new {
                let pod = Rc::make_mut(pod);
                pod.status = Rc::new(merge_kubelet_status(&pod.status, &posted));
            }
        }
        Patch::NominatedNode(node) => {
            if let Object::Pod(pod) = &mut new {
                Rc::make_mut(&mut Rc::make_mut(pod).status).nominated_node_name = node;
            }
        }
        Patch::Taints { add, remove } => {
            if let Object::Node(node) = &mut new {
                let taints = &mut Rc::make_mut(node).spec.taints;
                let identity = |taint: &Taint| (taint.key.clone(), taint.effect.clone());
                let remove: BTreeSet<(Name, Name)> = remove.iter().map(identity).collect();
                taints.retain(|taint| !remove.contains(&identity(taint)));
                let mut places: BTreeMap<(Name, Name), usize> = taints.iter().map(identity).zip(0..).collect();
                for taint in add {
                    match places.entry(identity(&taint)) {
                        Entry::Occupied(place) => taints[*place.get()] = taint,
                        Entry::Vacant(place) => {
                            place.insert(taints.len());
                            taints.push(taint);
                        }
                    }
                }
            }
        }
    }
    new
}

/// The conditions that the kubelet does not own come first and stay.
fn merge_kubelet_status(stored: &PodStatus, posted: &PodStatus) -> PodStatus {
    let mut merged = posted.clone();
    let foreign = |c: &&Condition| !KUBELET_CONDITIONS.contains(&&*c.kind) && &*c.kind != "PodScheduled";
    let mut conditions: Vec<Condition> = stored.conditions.iter().filter(foreign).cloned().collect();
    conditions.extend(posted.conditions.iter().filter(|c| &*c.kind != "PodScheduled").cloned());
    conditions.extend(stored.conditions.iter().filter(|c| &*c.kind == "PodScheduled").cloned());
    merged.conditions = conditions;
    merged.qos_class = stored.qos_class.clone();
    merged.nominated_node_name = stored.nominated_node_name.clone();
    merged
}

/// Sets a condition; its transition time moves only with its status.
pub fn set_condition(conditions: &mut Vec<Condition>, mut condition: Condition, now: Time) {
    match conditions.iter_mut().find(|c| c.kind == condition.kind) {
        Some(present) => {
            condition.last_transition_time =
                if present.status == condition.status { present.last_transition_time } else { now.whole_seconds() };
            *present = condition;
        }
        None => {
            condition.last_transition_time = now.whole_seconds();
            conditions.push(condition);
        }
    }
}

/// A patch cannot make one object another.
///
/// # Errors
/// `BadRequest` for another name, `Invalid` for another uid.
pub fn check_identity(old: &Object, patch: &Value) -> Result<(), ApiError> {
    let text = |key: &str| patch.at(&["metadata", key]).and_then(Value::as_str);
    let name = &old.meta().name;
    if let Some(other) = text("name").filter(|other| *other != &**name) {
        let message = format!("the name of the object ({other}) does not match the name on the URL ({name})");
        return Err(ApiError::BadRequest(message.into()));
    }
    if let Some(other) = text("uid").filter(|other| *other != old.meta().uid.to_string()) {
        // Said twice: once for all kinds, and once for the kind.
        let error = Name::from(format!("metadata.uid: Invalid value: \"{other}\": field is immutable"));
        let (kind, name) = (old.kind(), name.clone());
        return Err(ApiError::Invalid { kind, name, errors: Rc::new(vec![error.clone(), error]) });
    }
    Ok(())
}

/// The object after a JSON merge patch (RFC 7386).
///
/// # Errors
/// `BadRequest` if the result does not decode.
pub fn merge(old: &Object, patch: &Value) -> Result<Object, ApiError> {
    let mut value = old.to_value();
    merge_value(&mut value, patch);
    let mut at = Decode::default();
    let new = Object::decode(old.kind(), &value, &mut at);
    match at.problems.iter().find_map(|problem| match &problem.kind {
        DecodeProblemKind::WrongType(text) => Some(text.clone()),
        _ => None,
    }) {
        Some(text) => Err(ApiError::BadRequest(text.into())),
        None => Ok(new),
    }
}

/// A JSON merge patch (RFC 7386).
pub fn merge_value(target: &mut Value, patch: &Value) {
    let Value::Map(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !matches!(target, Value::Map(_)) {
        *target = Value::Map(Map::new());
    }
    let Value::Map(map) = target else { return };
    map.update(patch, &mut |old, _, value| match value {
        Value::Null => None,
        value => {
            let mut merged = old.unwrap_or_default();
            merge_value(&mut merged, value);
            Some(merged)
        }
    });
}
