//! What one sync looks at.

use super::pods::NodePods;
use crate::belief::api::shelf::Objects;
use crate::belief::controllers::expectations::Did;
use petri_objects::{DaemonSet, Name, Object};
use std::rc::Rc;

/// What one sync looks at, and what it has done.
pub struct Scene<'a> {
    pub set: &'a Rc<DaemonSet>,
    pub owner: Object,
    /// The hash of the newest revision.
    pub hash: Name,
    pub cache: &'a Objects,
    pub pods: NodePods,
    pub did: Did,
}
