//! Sequences side by side: what two of them have in common, in order.

use std::collections::BTreeMap;

/// Index pairs of a heaviest common subsequence; `worth` is 0 where the two are not the same.
pub fn heaviest(a: usize, b: usize, worth: impl Fn(usize, usize) -> u32) -> Vec<(usize, usize)> {
    let width = b + 1;
    let mut best = vec![0_u32; (a + 1) * width];
    for i in (0..a).rev() {
        for j in (0..b).rev() {
            let both = match worth(i, j) {
                0 => 0,
                worth => best[(i + 1) * width + j + 1] + worth,
            };
            best[i * width + j] = best[(i + 1) * width + j].max(best[i * width + j + 1]).max(both);
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < a && j < b {
        let here = best[i * width + j];
        let worth = worth(i, j);
        if worth > 0 && here == best[(i + 1) * width + j + 1] + worth {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if here == best[(i + 1) * width + j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// Index pairs of matching blocks, the longest block first: how a person would lay two texts side by side.
pub fn blocks<T: Ord>(a: &[T], b: &[T]) -> Vec<(usize, usize)> {
    let mut places: BTreeMap<&T, Vec<usize>> = BTreeMap::new();
    for (j, item) in b.iter().enumerate() {
        places.entry(item).or_default().push(j);
    }
    let mut pairs = Vec::new();
    let mut open = vec![(0, a.len(), 0, b.len())];
    while let Some((a_from, a_to, b_from, b_to)) = open.pop() {
        let (i, j, size) = longest(a, &places, (a_from, a_to), (b_from, b_to));
        if size == 0 {
            continue;
        }
        pairs.extend((0..size).map(|k| (i + k, j + k)));
        open.push((a_from, i, b_from, j));
        open.push((i + size, a_to, j + size, b_to));
    }
    petri_objects::order::Order::order(&mut pairs);
    pairs
}

/// The longest block within two ranges; of several the one that begins first.
fn longest<T: Ord>(
    a: &[T],
    places: &BTreeMap<&T, Vec<usize>>,
    within_a: (usize, usize),
    within_b: (usize, usize),
) -> (usize, usize, usize) {
    let mut best = (within_a.0, within_b.0, 0);
    let mut lengths: BTreeMap<usize, usize> = BTreeMap::new();
    for (i, item) in a.iter().enumerate().take(within_a.1).skip(within_a.0) {
        let mut next = BTreeMap::new();
        for &j in places.get(item).into_iter().flatten().filter(|j| (within_b.0..within_b.1).contains(*j)) {
            let length = j.checked_sub(1).and_then(|j| lengths.get(&j)).copied().unwrap_or(0) + 1;
            next.insert(j, length);
            if length > best.2 {
                best = (i + 1 - length, j + 1 - length, length);
            }
        }
        lengths = next;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_block_wins_and_the_rest_falls_into_place() {
        let (a, b): (Vec<char>, Vec<char>) = ("qabxcd".chars().collect(), "abycdf".chars().collect());
        assert_eq!(blocks(&a, &b), [(1, 0), (2, 1), (4, 3), (5, 4)]);
    }

    #[test]
    fn the_heaviest_subsequence_may_leave_light_matches_out() {
        let (a, b) = (["x", "k"], ["k", "x"]);
        let worth = |i: usize, j: usize| if a[i] == b[j] { if a[i] == "k" { 3 } else { 1 } } else { 0 };
        assert_eq!(heaviest(2, 2, worth), [(1, 0)]);
    }
}
