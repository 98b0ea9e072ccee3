//! An event as a component words it, before it is recorded.

use petri_objects::{Name, Object, ObjectReference};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    Normal,
    Warning,
}

/// An event as a component words it, before the recorder counts repeats.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventNote {
    pub about: ObjectReference,
    pub kind: EventType,
    pub reason: Name,
    pub message: Name,
}

impl EventNote {
    pub fn new(about: &Object, kind: EventType, reason: &str, message: Name) -> EventNote {
        let meta = about.meta();
        EventNote {
            about: ObjectReference {
                api_version: about.kind().api_version().into(),
                kind: about.kind().name().into(),
                name: meta.name.clone(),
                namespace: meta.namespace.clone(),
                uid: meta.uid,
                ..ObjectReference::default()
            },
            kind,
            reason: reason.into(),
            message,
        }
    }
}
