//! What is left to chance: everything that a seed decides goes through here.

use petri_sim::ground::random::Stream;

/// A stream of decisions.
#[derive(Clone, Debug)]
pub(crate) struct Chance(Stream);

impl Chance {
    pub fn new(seed: u64, purpose: &str) -> Chance {
        Chance(Stream::new(seed, purpose))
    }
    /// From 0 to `bound - 1`; 0 if the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }
    /// From `least` to `most`, both included.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most + 1 - least)
    }
    /// In so many of a hundred cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
    pub fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len() as u64) as usize]
    }
    /// One of those, if there are any.
    pub fn any<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        of.get(self.below(of.len() as u64) as usize).cloned()
    }
}
