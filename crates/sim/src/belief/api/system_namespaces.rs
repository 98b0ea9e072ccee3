//! The namespaces that every cluster has: some may not be deleted, and those that were are made again.
//!
//! Upstream: `plugin/namespace/lifecycle` (`immortalNamespaces`), and
//! `pkg/controlplane/controller/systemnamespaces`, a controller inside of the API server.

use super::shelf::{Key, Objects};
use super::watch::Change;
use crate::ground::clock::{Span, Time};
use crate::words::api_error::ApiError;
use petri_objects::{Kind, Namespace, Object, ObjectRef};

/// In the order in which they are made again.
pub const SYSTEM: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "default"];
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];
/// How often the API server looks whether they are all there.
pub const PERIOD: Span = Span::minutes(1);

/// What admission says of a deletion, before anybody looks whether the object exists.
///
/// # Errors
/// `Forbidden` for a namespace that has to stay.
pub fn admit_delete(target: &ObjectRef) -> Result<(), ApiError> {
    match target.kind == Kind::Namespace && IMMORTAL.contains(&&*target.name) {
        true => Err(ApiError::Forbidden {
            kind: target.kind,
            name: target.name.clone(),
            cause: "this namespace may not be deleted".into(),
        }),
        false => Ok(()),
    }
}

/// Whether one of them has gone.
pub fn is_missed(change: &Change) -> bool {
    matches!((&change.old, &change.new), (Some(Object::Namespace(namespace)), None)
        if SYSTEM.contains(&&*namespace.metadata.name))
}

/// Those that are not there. One that is still on its way out is.
pub fn missing(objects: &Objects) -> impl Iterator<Item = Namespace> {
    let absent = |name: &&str| objects.namespaces.get(&Key::new("", *name)).is_none();
    SYSTEM.into_iter().filter(absent).map(|name| {
        let mut namespace = Namespace::default();
        namespace.metadata.name = name.into();
        namespace
    })
}

/// When the API server looks next for what it looks for this often, counted from its start.
pub fn next_look(period: Span, start: Time, now: Time) -> Time {
    start + period.times(now.since(start).0 / period.0 + 1)
}

/// Whether it looks for namespaces just now.
pub fn is_look(start: Time, now: Time) -> bool {
    now.since(start).0.is_multiple_of(PERIOD.0)
}
