//! One value for each of a row of things, of which the last are as they are by default in most worlds, and have no part in
//! the fingerprint then.

use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

/// A value for each of a row of things. Those from the place `ORDINARY` on leave no trace where they are as by default, or
/// as the first one is: what all of them have seen alike tells nothing of those that few worlds need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster<T, const ORDINARY: usize>(Vec<T>);

impl<T: Clone + Default, const ORDINARY: usize> Roster<T, ORDINARY> {
    /// So many values, all as by default.
    pub fn of(count: usize) -> Self {
        Roster(vec![T::default(); count])
    }
}

impl<T, const ORDINARY: usize> Deref for Roster<T, ORDINARY> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const ORDINARY: usize> DerefMut for Roster<T, ORDINARY> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T: Hash + Default + PartialEq, const ORDINARY: usize> Hash for Roster<T, ORDINARY> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (ordinary, others) = self.0.split_at(ORDINARY.min(self.0.len()));
        ordinary.hash(state);
        for (place, other) in (0_u32..).zip(others) {
            if *other != T::default() && Some(other) != ordinary.first() {
                (place, other).hash(state);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::digest;

    #[test]
    fn what_few_need_leaves_no_trace_until_it_is_used() {
        let short = Roster::<u32, 2>::of(2);
        let mut long = Roster::<u32, 2>::of(4);
        assert_eq!(digest::of(&short), digest::of(&long));
        long[2] = 7;
        let third = digest::of(&long);
        (long[2], long[3]) = (0, 7);
        assert_ne!(digest::of(&short), third);
        assert_ne!(digest::of(&long), third, "it counts whose value it is");
        let (mut alike, mut other) = (Roster::<u32, 2>::of(4), Roster::<u32, 2>::of(4));
        (alike[0], alike[3], other[0]) = (5, 5, 5);
        assert_eq!(digest::of(&alike), digest::of(&other));
    }
}
