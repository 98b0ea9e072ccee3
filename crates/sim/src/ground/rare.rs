//! A value that is as it is by default in almost every world, and has no part in the fingerprint then.

use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

/// Something that is as it is by default in almost every world, and has no part in the fingerprint then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rare<T>(T);

impl<T> From<T> for Rare<T> {
    fn from(value: T) -> Rare<T> {
        Rare(value)
    }
}

impl<T> Deref for Rare<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Hash + Default + PartialEq> Hash for Rare<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if self.0 != T::default() {
            self.0.hash(state);
        }
    }
}
