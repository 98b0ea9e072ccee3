//! The network as it is: which machines can reach the control plane and each other.

use crate::clock::Time;
use petri_objects::Name;
use std::collections::BTreeMap;

/// Cut links and since when.
///
/// Deviation: one link per machine. A machine that is cut off reaches neither the control plane nor other machines nor the
/// DNS; its disks it does reach, and its own processes reach each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Network {
    cut: BTreeMap<Name, Time>,
    /// Whether nobody listens at the other end.
    control_plane_down: bool,
}

impl Network {
    /// Cuts a machine off from the control plane. `false` if it already is.
    pub fn cut(&mut self, node: Name, now: Time) -> bool {
        if self.cut.contains_key(&node) {
            return false;
        }
        self.cut.insert(node, now);
        true
    }
    /// Heals the link. `false` if it was whole.
    pub fn heal(&mut self, node: &str) -> bool {
        self.cut.remove(node).is_some()
    }
    pub fn reaches_control_plane(&self, node: &str) -> bool {
        !self.control_plane_down && !self.cut.contains_key(node)
    }
    pub fn is_cut(&self, node: &str) -> bool {
        self.cut.contains_key(node)
    }
    /// Whether processes on two machines reach each other.
    pub fn connects(&self, a: &str, b: &str) -> bool {
        a == b || !(self.is_cut(a) || self.is_cut(b))
    }
    /// Whether there is an API server to reach.
    pub fn control_plane(&mut self, up: bool) {
        self.control_plane_down = !up;
    }
    pub fn cut_since(&self, node: &str) -> Option<Time> {
        self.cut.get(node).copied()
    }
}
