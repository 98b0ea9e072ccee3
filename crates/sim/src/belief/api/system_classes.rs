//! The priority classes that every cluster has.
//!
//! Upstream: `pkg/apis/scheduling/v1/helpers.go`, `pkg/registry/scheduling/rest`.

use crate::words::api_error::ApiError;
use petri_objects::{Kind, Object, ObjectRef, PriorityClass};

const SYSTEM: [(&str, i32, &str); 2] = [
    (
        "system-node-critical",
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
    (
        "system-cluster-critical",
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
];

/// Whether a class is one of these, which nobody has asked for.
pub fn is_system(name: &str) -> bool {
    SYSTEM.iter().any(|(own, ..)| *own == name)
}

/// What a cluster has before anybody asks.
pub fn first() -> impl Iterator<Item = Object> {
    SYSTEM.into_iter().map(|(name, value, description)| {
        let mut class = PriorityClass { value, description: description.into(), ..PriorityClass::default() };
        class.metadata.name = name.into();
        class.into()
    })
}

/// Why a class may not have a name that is kept for the system.
///
/// Upstream: `IsKnownSystemPriorityClass`.
pub fn fault(class: &PriorityClass) -> Option<String> {
    let name = &class.metadata.name;
    match SYSTEM.iter().find(|(own, ..)| *own == &**name) {
        None => Some(format!("{name} is not a known system priority class")),
        Some((_, value, _)) if *value != class.value => Some(format!("value of {name} PriorityClass must be {value}")),
        Some(_) => class.global_default.then(|| format!("globalDefault of {name} PriorityClass must be false")),
    }
}

/// # Errors
/// `Forbidden` for a class of the system.
pub fn admit_delete(target: &ObjectRef) -> Result<(), ApiError> {
    match target.kind == Kind::PriorityClass && is_system(&target.name) {
        true => Err(ApiError::Forbidden {
            kind: target.kind,
            name: target.name.clone(),
            cause: "this is a system priority class and cannot be deleted".into(),
        }),
        false => Ok(()),
    }
}
