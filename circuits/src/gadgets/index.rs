//! Reading and writing an array at a secret place.
//!
//! Reading is a tree of selects. Writing decodes the index to one bit per element, then selects per element.
//!
//! | gadget, m elements of n bits, k bits of index | ANDs | depth |
//! |---|---|---|
//! | [`read`] | (m−1)·n | k |
//! | [`one_hot`] | 2^k − k − 1 for m = 2^k | k−1 |
//! | [`write`](fn@write) | m·n + one_hot | k |

use super::select::select;
use crate::build::Builder;
use crate::id::Wire;

/// `elements[index]`; where the index is too large, some element.
///
/// # Panics
/// If there are no elements, or they differ in width.
pub fn read(b: &mut Builder, elements: &[&[Wire]], index: &[Wire]) -> Vec<Wire> {
    let Some(&first) = elements.first() else { panic!("reading an array without elements") };
    let mut level: Vec<Vec<Wire>> = elements.iter().map(|element| element.to_vec()).collect();
    for &bit in index {
        let pairs = level.chunks(2);
        level = pairs
            .map(|pair| match pair {
                [even, odd] => select(b, bit, odd, even),
                _ => pair[0].clone(),
            })
            .collect();
    }
    level.into_iter().next().unwrap_or_else(|| first.to_vec())
}

/// `m` bits: 1 at the index and nowhere else; all 0 where the index is m or more.
///
/// Bit by bit from the top: a hot prefix splits in two by one AND, and where all prefixes are there, exactly one is hot, so
/// the last product is the sum of the others and the bit.
pub fn one_hot(b: &mut Builder, index: &[Wire], m: usize) -> Vec<Wire> {
    let mut prefixes = vec![Wire::TRUE];
    let mut exactly_one_is_hot = true;
    for (k, &bit) in index.iter().enumerate().rev() {
        prefixes = split_prefixes(b, &prefixes, bit, exactly_one_is_hot);
        // Prefixes of m or more are of no use; without them it may be that none is hot.
        let n_useful = m.saturating_sub(1).checked_shr(k as u32).unwrap_or(0) + 1;
        exactly_one_is_hot &= prefixes.len() <= n_useful;
        prefixes.truncate(n_useful);
    }
    prefixes.resize(m, Wire::FALSE);
    prefixes
}

/// Each prefix with the next bit 0, then with 1.
fn split_prefixes(b: &mut Builder, prefixes: &[Wire], bit: Wire, exactly_one_is_hot: bool) -> Vec<Wire> {
    let mut split = Vec::with_capacity(2 * prefixes.len());
    let mut sum = bit;
    for (i, &prefix) in prefixes.iter().enumerate() {
        let is_free = exactly_one_is_hot && i + 1 == prefixes.len();
        let one = if is_free { sum } else { b.and(prefix, bit) };
        sum = b.xor(sum, one);
        split.extend([b.xor(prefix, one), one]);
    }
    split
}

/// The elements with `value` at `index`; unchanged where the index is too large.
///
/// # Panics
/// If an element is not as wide as the value.
pub fn write(b: &mut Builder, elements: &[&[Wire]], index: &[Wire], value: &[Wire]) -> Vec<Vec<Wire>> {
    let hot = one_hot(b, index, elements.len());
    hot.into_iter().zip(elements).map(|(hot, element)| select(b, hot, value, element)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gadgets::and_count;
    use crate::gadgets::check::check;

    #[test]
    fn reads() {
        for (m, k) in [(1, 0), (1, 2), (2, 1), (3, 2), (5, 3), (8, 3), (4, 4)] {
            let widths = [vec![1; m], vec![k]].concat();
            let expected = |v: &[u128]| v[..m].get(v[m] as usize).map_or(vec![], |&element| vec![element]);
            assert_eq!(check(&widths, |b, w| vec![read(b, &w[..m], w[m])], expected), m as u64 - 1);
        }
        let ands =
            |m: usize, k: usize| and_count(32 * m + k, |b, w| read(b, &w[k..].chunks(32).collect::<Vec<_>>(), &w[..k]));
        assert_eq!((ands(64, 6), ands(100, 7), ands(1_024, 10)), (2_016, 99 * 32, 32_736));
    }

    #[test]
    fn decoding() {
        for (m, k) in (0..20).flat_map(|m| (0..7).map(move |k| (m, k))) {
            let expected = |v: &[u128]| vec![if v[0] < m as u128 { 1 << v[0] } else { 0 }];
            check(&[k], |b, w| vec![one_hot(b, w[0], m)], expected);
        }
        let ands = |k: usize, m| and_count(k, |b, w| one_hot(b, w, m));
        assert_eq!([ands(1, 2), ands(3, 8), ands(6, 64), ands(10, 1_024)], [0, 4, 57, 1_013]);
        assert_eq!([ands(3, 5), ands(7, 100), ands(10, 513)], [4, 99, 519]);
    }

    #[test]
    fn writes() {
        for (m, k) in [(1, 1), (2, 1), (3, 2), (5, 3), (8, 3)] {
            let widths = [vec![1; m], vec![k, 1]].concat();
            let expected = |v: &[u128]| {
                let mut elements = v[..m].to_vec();
                if let Some(element) = elements.get_mut(v[m] as usize) {
                    *element = v[m + 1];
                }
                elements
            };
            check(&widths, |b, w| write(b, &w[..m], w[m], w[m + 1]), expected);
        }
        let ands = |m: usize, k: usize| {
            let write = |b: &mut Builder, w: &[Wire]| {
                let (index, rest) = w.split_at(k);
                let (value, elements) = rest.split_at(32);
                write(b, &elements.chunks(32).collect::<Vec<_>>(), index, value).concat()
            };
            and_count(32 * m + k + 32, write)
        };
        assert_eq!((ands(64, 6), ands(1_024, 10)), (2_105, 33_781));
    }
}
