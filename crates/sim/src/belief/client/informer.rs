//! A cache that may lag: an older root of the same store.

use crate::belief::api::shelf::Objects;
use petri_objects::Revision;
use std::rc::Rc;

/// What one component has seen of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Informer {
    pub cache: Rc<Objects>,
    pub seen: Revision,
}
