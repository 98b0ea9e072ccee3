//! What stands in a recording otherwise than in a [`Command`](super::Command).

use crate::ground::limits::LONGEST_RUN;
use petri_objects::{Object, Span, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::rc::Rc;

/// No pause is longer than a run.
pub fn within_a_run<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
    Span::deserialize(from).map(|span| span.min(LONGEST_RUN))
}

/// `{"manifest": ...}`.
pub mod manifest {
    use super::*;

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Written {
        manifest: Rc<Value>,
    }

    pub fn serialize<S: Serializer>(manifest: &Rc<Value>, to: S) -> Result<S::Ok, S::Error> {
        Written { manifest: manifest.clone() }.serialize(to)
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Rc<Value>, D::Error> {
        Written::deserialize(from).map(|written| written.manifest)
    }
}

/// `{"object": ...}`.
pub mod object {
    use super::*;

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Written {
        object: Object,
    }

    pub fn serialize<S: Serializer>(object: &Object, to: S) -> Result<S::Ok, S::Error> {
        Written { object: object.clone() }.serialize(to)
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Object, D::Error> {
        Written::deserialize(from).map(|written| written.object)
    }
}
