//! An ordered map that knows the sum of its entries' digests at any time.
//!
//! What is in it is never changed in place, but through [`Ledger::update`]: the books always balance.

use crate::ground::digest::{Digester, Sum};
use std::borrow::Borrow;
use std::collections::{BTreeMap, btree_map};
use std::hash::{Hash, Hasher};
use std::ops::RangeBounds;

#[derive(Clone, Debug)]
pub struct Ledger<K, V> {
    entries: BTreeMap<K, (V, u64)>,
    sum: Sum,
}

impl<K, V> Default for Ledger<K, V> {
    fn default() -> Self {
        Ledger { entries: BTreeMap::new(), sum: Sum::default() }
    }
}
impl<K: PartialEq, V: PartialEq> PartialEq for Ledger<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.sum == other.sum && self.entries == other.entries
    }
}
impl<K: Eq, V: Eq> Eq for Ledger<K, V> {}
impl<K, V> Hash for Ledger<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.entries.len() as u64);
        self.sum.hash(state);
    }
}

/// A key that is borrowed has the same digest as the key itself.
fn digest<Q: Hash + ?Sized, V: Hash>(key: &Q, value: &V) -> u64 {
    let mut digester = Digester::default();
    key.hash(&mut digester);
    value.hash(&mut digester);
    digester.finish()
}

impl<K: Ord + Hash, V: Hash> Ledger<K, V> {
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let digest = digest(&key, &value);
        self.sum.add(digest);
        let (old, digest) = self.entries.insert(key, (value, digest))?;
        self.sum.subtract(digest);
        Some(old)
    }
    /// Inserts an entry unless there is one. `false` if there was.
    pub fn insert_new(&mut self, key: K, value: V) -> bool {
        let btree_map::Entry::Vacant(slot) = self.entries.entry(key) else { return false };
        let digest = digest(slot.key(), &value);
        self.sum.add(digest);
        slot.insert((value, digest));
        true
    }
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (old, digest) = self.entries.remove(key)?;
        self.sum.subtract(digest);
        Some(old)
    }
    /// Changes an entry, if there is one.
    pub fn update<Q: Ord + Hash + ?Sized, R>(&mut self, key: &Q, change: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
    {
        let (value, kept) = self.entries.get_mut(key)?;
        let result = change(value);
        self.sum.subtract(*kept);
        *kept = digest(key, value);
        self.sum.add(*kept);
        Some(result)
    }
    /// Changes every entry.
    pub fn update_all(&mut self, mut change: impl FnMut(&K, &mut V)) {
        self.sum = Sum::default();
        for (key, (value, kept)) in &mut self.entries {
            change(key, value);
            *kept = digest(key, value);
            self.sum.add(*kept);
        }
    }
    /// Keeps the entries for which this is true.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        let sum = &mut self.sum;
        self.entries.retain(|key, (value, digest)| {
            let kept = keep(key, value);
            if !kept {
                sum.subtract(*digest);
            }
            kept
        });
    }
}

impl<K: Ord, V> Ledger<K, V> {
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.entries.get(key).map(|(value, _)| value)
    }
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.entries.contains_key(key)
    }
    pub fn first(&self) -> Option<(&K, &V)> {
        self.entries.first_key_value().map(|(key, (value, _))| (key, value))
    }
    pub fn range<Q: Ord + ?Sized>(&self, keys: impl RangeBounds<Q>) -> impl Iterator<Item = (&K, &V)>
    where
        K: Borrow<Q>,
    {
        self.entries.range(keys).map(|(key, (value, _))| (key, value))
    }
}

impl<K, V> Ledger<K, V> {
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter(self.entries.iter())
    }
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.entries.keys()
    }
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.values().map(|(value, _)| value)
    }
    pub fn len(&self) -> u64 {
        self.entries.len() as u64
    }
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// The entries in key order.
pub struct Iter<'a, K, V>(btree_map::Iter<'a, K, (V, u64)>);

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);
    fn next(&mut self) -> Option<(&'a K, &'a V)> {
        self.0.next().map(|(key, (value, _))| (key, value))
    }
}

impl<'a, K, V> IntoIterator for &'a Ledger<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;
    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

impl<K, V> IntoIterator for Ledger<K, V> {
    type Item = (K, V);
    type IntoIter = std::iter::Map<btree_map::IntoIter<K, (V, u64)>, fn((K, (V, u64))) -> (K, V)>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter().map(|(key, (value, _))| (key, value))
    }
}

impl<K: Ord + Hash, V: Hash> FromIterator<(K, V)> for Ledger<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut ledger = Ledger::default();
        for (key, value) in entries {
            ledger.insert(key, value);
        }
        ledger
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::digest;

    #[test]
    fn the_sum_is_that_of_what_is_in_it_however_it_came_there() {
        let mut long = Ledger::default();
        for n in 0..100u32 {
            long.insert(n, n);
        }
        long.update(&7, |n| *n += 1_000);
        long.update(&8, |n| *n += 1_000);
        long.update(&8, |n| *n -= 1_000);
        assert_eq!(long.update(&500, |n| *n = 0), None);
        long.insert(9, 2);
        assert!(!long.insert_new(9, 3) && long.insert_new(200, 3));
        assert_eq!(long.remove(&10), Some(10));
        long.retain(|n, _| *n < 20);
        long.update_all(|n, value| *value += n);
        let short: Ledger<u32, u32> = (0..20)
            .filter(|n| *n != 10)
            .map(|n| {
                (
                    n,
                    n + if n == 7 {
                        1_007
                    } else if n == 9 {
                        2
                    } else {
                        n
                    },
                )
            })
            .collect();
        assert_eq!(long, short);
        assert_eq!(digest::of(&long), digest::of(&short));
        let other: Ledger<u32, u32> = (0..19).map(|n| (n, n)).collect();
        assert_ne!(digest::of(&short), digest::of(&other));
    }
}
