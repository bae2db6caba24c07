//! Sorting and merging networks.
//!
//! Up to 16 items the smallest networks known (60 comparators for 16: Green 1969; fewer items by fixing the greatest);
//! above, blocks of 16 and odd-even merges (Batcher, "Sorting networks and their applications", AFIPS 1968). A comparator is
//! one comparison and one conditional swap: 2n ANDs for words of n bits.
//!
//! | items | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 16 | 32 | 64 | 128 |
//! |---|---|---|---|---|---|---|---|---|---|---|---|
//! | comparators | 1 | 3 | 5 | 9 | 12 | 16 | 19 | 60 | 185 | 531 | 1,447 |

use super::select::swap_if;
use crate::build::Builder;
use crate::id::Wire;

/// Which two positions a comparator orders: the lesser goes to the first.
pub type Comparator = (usize, usize);

/// Sorts the items in place, ascending by `less`, which says whether its first item must come before its second.
///
/// Not stable. Items are swapped as a whole, so they may carry more than `less` looks at.
///
/// # Panics
/// If items differ in width.
pub fn sort(b: &mut Builder, items: &mut [Vec<Wire>], less: impl FnMut(&mut Builder, &[Wire], &[Wire]) -> Wire) {
    run(b, items, &sorting_network(items.len()), less);
}

/// Merges two sorted parts, the first of `n_first` items, in place.
///
/// # Panics
/// If items differ in width, or there are fewer than `n_first`.
pub fn merge(
    b: &mut Builder,
    items: &mut [Vec<Wire>],
    n_first: usize,
    less: impl FnMut(&mut Builder, &[Wire], &[Wire]) -> Wire,
) {
    assert!(n_first <= items.len(), "the first part is no longer than all items");
    run(b, items, &merging_network(n_first, items.len() - n_first), less);
}

fn run(
    b: &mut Builder,
    items: &mut [Vec<Wire>],
    network: &[Comparator],
    mut less: impl FnMut(&mut Builder, &[Wire], &[Wire]) -> Wire,
) {
    for &(i, j) in network {
        let is_swapped = less(b, &items[j], &items[i]);
        (items[i], items[j]) = swap_if(b, is_swapped, &items[i], &items[j]);
    }
}

/// The comparators that sort `n` items.
#[must_use]
pub fn sorting_network(n: usize) -> Vec<Comparator> {
    let mut network = Vec::new();
    let items: Vec<usize> = (0..n).collect();
    sort_positions(&items, &mut network);
    network
}

/// The comparators that merge sorted parts of `n` and of `m` items, which stand one after the other.
#[must_use]
pub fn merging_network(n: usize, m: usize) -> Vec<Comparator> {
    let mut network = Vec::new();
    let items: Vec<usize> = (0..n + m).collect();
    merge_positions(&items[..n], &items[n..], &mut network);
    network
}

fn sort_positions(items: &[usize], network: &mut Vec<Comparator>) {
    if items.len() <= 16 {
        let small = small_network(items.len());
        network.extend(small.iter().map(|&(i, j)| (items[i], items[j])));
        return;
    }
    // Whole blocks of 16 first: their network is better than what merging makes of them.
    let half = (items.len() / 2).next_multiple_of(16).min(items.len() - 1);
    let (first, second) = items.split_at(half);
    sort_positions(first, network);
    sort_positions(second, network);
    merge_positions(first, second, network);
}

/// Odd-even merge: even items with even ones, odd with odd ones, then neighbours.
fn merge_positions(first: &[usize], second: &[usize], network: &mut Vec<Comparator>) {
    match (first, second) {
        ([], _) | (_, []) => {}
        (&[x], &[y]) => network.push((x, y)),
        _ => {
            let every_other = |items: &[usize], skip: usize| items.iter().copied().skip(skip).step_by(2).collect();
            let [first_even, first_odd, second_even, second_odd]: [Vec<usize>; 4] =
                [every_other(first, 0), every_other(first, 1), every_other(second, 0), every_other(second, 1)];
            let all: Vec<usize> = first.iter().chain(second).copied().collect();
            if first.len().is_multiple_of(2) {
                merge_positions(&first_even, &second_even, network);
                merge_positions(&first_odd, &second_odd, network);
                network.extend(all[1..].chunks_exact(2).map(|pair| (pair[0], pair[1])));
            } else {
                // Places alternate between both merged parts only if the second part's parity is swapped.
                merge_positions(&first_even, &second_odd, network);
                merge_positions(&first_odd, &second_even, network);
                network.extend(all.chunks_exact(2).map(|pair| (pair[0], pair[1])));
            }
        }
    }
}

/// The smallest network known for up to 16 items.
fn small_network(n: usize) -> Vec<Comparator> {
    match n {
        0 | 1 => Vec::new(),
        2 | 4 | 8 => batcher(n),
        9 => NINE.to_vec(),
        10 => TEN.to_vec(),
        11 => ELEVEN.to_vec(),
        12 => TWELVE.to_vec(),
        16 => GREEN.to_vec(),
        _ => without_last(&small_network(n + 1), n),
    }
}

/// Odd-even merge sort, for powers of two.
fn batcher(n: usize) -> Vec<Comparator> {
    if n < 2 {
        return Vec::new();
    }
    let half = batcher(n / 2);
    let mut network = half.clone();
    network.extend(half.into_iter().map(|(i, j)| (i + n / 2, j + n / 2)));
    network.extend(merging_network(n / 2, n / 2));
    network
}

/// The network for one item less: its last item is taken to be greater than all others.
fn without_last(network: &[Comparator], last: usize) -> Vec<Comparator> {
    network.iter().copied().filter(|&(_, j)| j != last).collect()
}

/// Sorts 16 items. The first four layers compare along the four dimensions of a cube.
#[rustfmt::skip]
const GREEN: [Comparator; 60] = [
    (0, 1), (2, 3), (4, 5), (6, 7), (8, 9), (10, 11), (12, 13), (14, 15),
    (0, 2), (1, 3), (4, 6), (5, 7), (8, 10), (9, 11), (12, 14), (13, 15),
    (0, 4), (1, 5), (2, 6), (3, 7), (8, 12), (9, 13), (10, 14), (11, 15),
    (0, 8), (1, 9), (2, 10), (3, 11), (4, 12), (5, 13), (6, 14), (7, 15),
    (5, 10), (6, 9), (3, 12), (13, 14), (4, 8), (7, 11), (1, 2),
    (1, 4), (7, 13), (2, 8), (11, 14),
    (2, 4), (5, 6), (9, 10), (11, 13), (3, 8), (7, 12),
    (6, 8), (10, 12), (3, 5), (7, 9),
    (3, 4), (5, 6), (7, 8), (9, 10), (11, 12),
    (6, 7), (8, 9),
];

/// Sorts 9 items.
#[rustfmt::skip]
const NINE: [Comparator; 25] = [
    (0, 1), (2, 3), (4, 5), (6, 7), (0, 2), (1, 3), (4, 6), (5, 7), (1, 6), (3, 8),
    (3, 4), (2, 6), (0, 3), (4, 5), (7, 8), (5, 7), (6, 7), (2, 5), (1, 2), (5, 6),
    (3, 4), (2, 4), (1, 3), (2, 3), (4, 5),
];

/// Sorts 10 items.
#[rustfmt::skip]
const TEN: [Comparator; 29] = [
    (0, 1), (2, 3), (4, 5), (6, 7), (8, 9), (0, 2), (1, 3), (4, 6), (5, 7), (1, 2),
    (6, 8), (5, 9), (1, 5), (0, 4), (7, 9), (0, 6), (3, 9), (2, 8), (3, 7), (4, 6),
    (3, 5), (7, 8), (2, 6), (1, 4), (5, 7), (3, 6), (2, 4), (5, 6), (3, 4),
];

/// Sorts 11 items.
#[rustfmt::skip]
const ELEVEN: [Comparator; 35] = [
    (0, 1), (2, 3), (4, 5), (6, 7), (8, 9), (0, 2), (1, 3), (4, 6), (5, 7), (7, 9),
    (0, 4), (3, 10), (3, 8), (9, 10), (1, 2), (1, 5), (5, 9), (2, 7), (6, 8), (4, 6),
    (1, 3), (3, 6), (7, 8), (8, 9), (5, 7), (2, 4), (0, 1), (4, 5), (7, 8), (3, 4),
    (5, 6), (1, 2), (2, 3), (6, 7), (4, 5),
];

/// Sorts 12 items.
#[rustfmt::skip]
const TWELVE: [Comparator; 39] = [
    (0, 1), (2, 3), (4, 5), (6, 7), (8, 9), (10, 11), (0, 2), (1, 3), (4, 6), (5, 7),
    (8, 10), (9, 11), (1, 10), (3, 11), (7, 10), (0, 8), (2, 5), (3, 6), (5, 9), (6, 9),
    (3, 8), (10, 11), (6, 7), (0, 4), (2, 5), (2, 4), (1, 3), (5, 6), (1, 2), (3, 4),
    (9, 10), (4, 8), (6, 8), (2, 3), (4, 5), (7, 9), (5, 6), (7, 8), (3, 4),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gadgets::and_count;
    use crate::gadgets::check::check;
    use crate::gadgets::compare::less;

    /// A network that sorts zeros and ones sorts everything (Knuth, TAOCP 3, §5.3.4, theorem Z).
    fn sorts(network: &[Comparator], bits: u32, n: usize) -> bool {
        let swap = |bits: u32, &(i, j): &Comparator| {
            let is_swapped = bits >> i & 1 > bits >> j & 1;
            if is_swapped { bits ^ (1 << i | 1 << j) } else { bits }
        };
        let sorted = network.iter().fold(bits, swap);
        sorted == (1 << n) - (1 << (n as u32 - bits.count_ones()))
    }

    #[test]
    fn networks_sort() {
        for n in 0..=18 {
            let network = sorting_network(n);
            assert!(network.iter().all(|(i, j)| i < j && *j < n));
            assert!((0..1 << n).all(|bits| sorts(&network, bits, n)), "{n} items");
        }
    }

    #[test]
    fn networks_merge() {
        for (n, m) in (0..10).flat_map(|n| (0..10).map(move |m| (n, m))) {
            let network = merging_network(n, m);
            for (ones, more) in (0..=n).flat_map(|ones| (0..=m).map(move |more| (ones, more))) {
                let first = (1u32 << n) - (1 << (n - ones));
                let second = (1u32 << m) - (1 << (m - more));
                assert!(sorts(&network, first | second << n, n + m), "{n} and {m} items");
            }
        }
    }

    #[test]
    fn sizes() {
        let sizes: Vec<usize> = (0..=16).map(|n| sorting_network(n).len()).collect();
        assert_eq!(sizes, [0, 0, 1, 3, 5, 9, 12, 16, 19, 25, 29, 35, 39, 46, 51, 56, 60]);
        assert_eq!([20, 32, 64, 100, 128].map(|n| sorting_network(n).len()), [98, 185, 531, 1_079, 1_447]);
        assert_eq!([(4, 4), (16, 16), (100, 28)].map(|(n, m)| merging_network(n, m).len()), [9, 65, 385]);
    }

    #[test]
    fn words_sort() {
        let gadget = |b: &mut Builder, w: &[&[Wire]]| {
            let mut items: Vec<Vec<Wire>> = w.iter().map(|item| item.to_vec()).collect();
            sort(b, &mut items, less);
            items
        };
        let expected = |v: &[u128]| {
            let mut sorted = v.to_vec();
            sorted.sort_unstable();
            sorted
        };
        assert_eq!(check(&[8; 16], gadget, expected), 60 * 16);
        let ands = |n: usize, width: usize| {
            and_count(n * width, |b, w| {
                let mut items: Vec<Vec<Wire>> = w.chunks(width).map(<[Wire]>::to_vec).collect();
                sort(b, &mut items, less);
                items.concat()
            })
        };
        assert_eq!((ands(16, 32), ands(128, 32)), (3_840, 92_608));
    }

    #[test]
    fn items_carry_more_than_their_key() {
        let gadget = |b: &mut Builder, w: &[&[Wire]]| {
            let mut items: Vec<Vec<Wire>> = w.iter().map(|item| item.to_vec()).collect();
            merge(b, &mut items, 1, |b, x, y| less(b, &x[..2], &y[..2]));
            items
        };
        let expected = |v: &[u128]| match v {
            [x, y, z] if y & 3 < z & 3 && x & 3 != y & 3 && x & 3 != z & 3 => {
                let mut sorted = v.to_vec();
                sorted.sort_by_key(|item| item & 3);
                sorted
            }
            _ => Vec::new(),
        };
        check(&[4, 4, 4], gadget, expected);
    }
}
