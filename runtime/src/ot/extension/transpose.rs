//! Transposition of 128×128 bit matrices, in place.
//!
//! Eklundh's method: swap the off-diagonal quarters at each size from 64 down to 1. No branch or index depends on the
//! bits.

/// Rows (and columns) of a matrix.
pub(super) const TILE: usize = 128;

/// A bit matrix: bit `j` of element `i` is row `i`, column `j`.
pub(super) type Tile = [u128; TILE];

/// Swaps rows and columns.
pub(super) fn transpose(tile: &mut Tile) {
    let mut size = TILE / 2;
    let mut mask = u128::MAX >> size; // The low `size` columns of every `2·size`.
    while size > 0 {
        swap_quarters(tile, size, mask);
        size /= 2;
        mask ^= mask << size;
    }
}

/// In each square of `2·size` rows and columns: exchanges the top right and the bottom left quarter.
fn swap_quarters(tile: &mut Tile, size: usize, mask: u128) {
    for square in tile.chunks_exact_mut(2 * size) {
        let (top, bottom) = square.split_at_mut(size);
        for (top, bottom) in top.iter_mut().zip(bottom) {
            let moved = (*top >> size ^ *bottom) & mask;
            *bottom ^= moved;
            *top ^= moved << size;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_the_definition(words in prop::collection::vec(any::<u128>(), TILE)) {
            let before: Tile = words.try_into().expect("128 rows");
            let mut after = before;
            transpose(&mut after);
            for (i, row) in after.iter().enumerate() {
                let expected = (0..TILE).fold(0, |bits, j| bits | (before[j] >> i & 1) << j);
                prop_assert_eq!(*row, expected);
            }
        }
    }
}
