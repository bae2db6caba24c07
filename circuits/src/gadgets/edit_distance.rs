//! Edit distance (Levenshtein) of two strings of public lengths.
//!
//! Myers, "A fast bit-vector algorithm for approximate string matching", JACM 1999, Figure 3: neighbouring distances differ
//! by −1, 0 or 1, so each cell of the table keeps two bits of difference to its left and two to its upper neighbour, not a
//! number. A cell costs 4 ANDs and the comparison of two symbols; the distance is a population count at the end.
//! 50 by 50 symbols of 4 bits: 17,145 ANDs.

use super::add::add;
use super::compare::equal;
use super::count::population_count;
use super::{constant, zero_extend};
use crate::build::Builder;
use crate::id::Wire;

/// Whether one distance is greater, or less, than its neighbour.
#[derive(Clone, Copy)]
struct Difference {
    more: Wire,
    less: Wire,
}

/// The least number of insertions, deletions and replacements that turn `x` into `y`, in as few bits as it may need.
///
/// # Panics
/// If symbols differ in width.
pub fn edit_distance(b: &mut Builder, x: &[&[Wire]], y: &[&[Wire]]) -> Vec<Wire> {
    let one_more = Difference { more: Wire::TRUE, less: Wire::FALSE };
    let mut across = vec![one_more; y.len()];
    for x in x {
        let mut down = one_more;
        for (y, across) in y.iter().zip(&mut across) {
            let same = equal(b, x, y);
            (*across, down) = cell(b, same, *across, down);
        }
    }
    distance(b, x.len(), &across)
}

/// From the differences on the upper and the left side of a cell to those on its lower and its right side.
fn cell(b: &mut Builder, same: Wire, across: Difference, down: Difference) -> (Difference, Difference) {
    // Whether the diagonal step costs 1: unless the symbols agree or a side is a step down already.
    let unlike = b.and(!same, !down.less);
    let unlike = b.and(unlike, !across.less);
    let both_across = b.and(unlike, across.more);
    let both_down = b.and(unlike, down.more);
    let right = Difference { more: xor3(b, unlike, both_across, across.less), less: b.xor(across.more, both_across) };
    let below = Difference { more: xor3(b, unlike, both_down, down.less), less: b.xor(down.more, both_down) };
    (below, right)
}

fn xor3(b: &mut Builder, x: Wire, y: Wire, z: Wire) -> Wire {
    let xy = b.xor(x, y);
    b.xor(xy, z)
}

/// The distance in the last row's corner: `n` and the differences along the row.
fn distance(b: &mut Builder, n: usize, row: &[Difference]) -> Vec<Wire> {
    let m = row.len();
    let width = (usize::BITS - n.max(m).leading_zeros()) as usize;
    // A bit for "not less" counts 1 too much per symbol.
    let bits: Vec<Wire> = row.iter().flat_map(|difference| [difference.more, !difference.less]).collect();
    let count = population_count(b, &bits);
    let wide = width.max(count.len());
    let offset = num_bigint::BigUint::from((1u128 << wide) + n as u128 - m as u128);
    let sum = add(b, &zero_extend(&count, wide), &constant(&offset, wide));
    zero_extend(&sum, width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gadgets::and_count;
    use crate::gadgets::check::check;

    fn reference(x: &[u128], y: &[u128]) -> usize {
        let mut row: Vec<usize> = (0..=y.len()).collect();
        for (i, a) in x.iter().enumerate() {
            let mut next = vec![i + 1];
            for (j, c) in y.iter().enumerate() {
                next.push((row[j] + usize::from(a != c)).min(row[j + 1] + 1).min(next[j] + 1));
            }
            row = next;
        }
        row[y.len()]
    }

    #[test]
    fn short_strings() {
        for (n, m, bits) in [(0, 0, 1), (0, 3, 2), (3, 0, 2), (1, 1, 2), (3, 3, 2), (4, 2, 2), (2, 5, 1), (6, 7, 2)] {
            let gadget = |b: &mut Builder, w: &[&[Wire]]| vec![edit_distance(b, &w[..n], &w[n..])];
            check(&vec![bits; n + m], gadget, |v| vec![reference(&v[..n], &v[n..]) as u128]);
        }
    }

    #[test]
    fn four_ands_and_a_comparison_a_cell() {
        let ands = and_count(400, |b, w| {
            let symbols: Vec<&[Wire]> = w.chunks(4).collect();
            edit_distance(b, &symbols[..50], &symbols[50..])
        });
        assert_eq!(ands, 17_145);
    }
}
