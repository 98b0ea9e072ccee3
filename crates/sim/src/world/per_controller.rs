//! One value for each controller. Those of controllers for which most clusters have no work leave no trace in a
//! fingerprint while there is nothing to tell.

use crate::words::controller_id::ControllerId;
use std::hash::{Hash, Hasher};
use std::ops::{Index, IndexMut};

/// One value per controller, in the order of [`ControllerId::ALL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerController<T>(Vec<T>);

impl<T: Default + Clone> Default for PerController<T> {
    fn default() -> Self {
        PerController(vec![T::default(); ControllerId::ALL.len()])
    }
}

impl<T> Index<usize> for PerController<T> {
    type Output = T;
    fn index(&self, at: usize) -> &T {
        &self.0[at]
    }
}
impl<T> IndexMut<usize> for PerController<T> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.0[at]
    }
}

impl<T: Hash + Default + PartialEq> Hash for PerController<T> {
    /// A cache that is as the first controller's is, and a queue that was never used, say nothing of a rare controller.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let common = ControllerId::ALL.iter().filter(|id| !id.is_rare()).count();
        let (common, rare) = self.0.split_at(common);
        common.hash(state);
        let blank = T::default();
        for (at, value) in (0u32..).zip(rare).filter(|(_, value)| **value != blank && Some(*value) != common.first()) {
            (at, value).hash(state);
        }
    }
}
