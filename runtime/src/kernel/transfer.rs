//! The bulk work of the OT extension: folding streams, hashing columns, transposing bit matrices.
//!
//! * [`fold`] is a sum over GF(2^k): from streams `r_0 … r_{2^k−1}` the bits of `Σ x·r_x`, and `⊕ r_x`.
//! * [`hash_columns`] is a polynomial hash over GF(2⁶⁴) = GF(2)\[x\]/(x⁶⁴ + x⁴ + x³ + x + 1), 128 columns at a time.
//! * [`transpose`] is Eklundh's method: the off-diagonal quarters change places at each size from 64 down to 1.
//!
//! The safe, portable text defines each; where the CPU allows, the same text runs compiled for wider vectors, and the field
//! multiplies by carry-less multiplication instructions. All give the same bits.
//!
//! # Security
//! No branch and no memory address depends on the bits that are worked on.

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::block::Block;

/// Rows (and columns) of a bit matrix.
pub(crate) const TILE: usize = 128;

/// A bit matrix: bit `j` of element `i` is row `i`, column `j`.
pub(crate) type Tile = [Block; TILE];

/// Tiles that are expanded and hashed together.
pub(crate) const GROUP: usize = 64;

/// The same 128 bits of each tile of a group, in wire form.
pub(crate) type Stream = [[u8; 16]; GROUP];

/// Tiles whose hashing shares one reduction.
const STRIDE: usize = 8;

/// XORs into `columns[b]` all streams whose number has bit `b`, and leaves the XOR of all streams in stream 0.
///
/// There are 2^k streams for k columns. Streams other than 0 are left undefined.
pub(crate) fn fold(streams: &mut [Stream], columns: &mut [Stream]) {
    debug_assert_eq!(streams.len(), 1 << columns.len());
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: the CPU has just reported `avx512f`.
        return unsafe { x86::fold_avx512(streams, columns) };
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the CPU has just reported `avx2`.
        return unsafe { x86::fold_avx2(streams, columns) };
    }
    portable::fold(streams, columns);
}

/// Swaps rows and columns of each tile.
pub(crate) fn transpose(tiles: &mut [Tile]) {
    #[cfg(target_arch = "x86_64")]
    if x86::has_byte_permutations() {
        // SAFETY: the CPU has just reported all features of that function.
        return unsafe { x86::transpose_gfni(tiles) };
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the CPU has just reported `avx2`.
        return unsafe { x86::transpose_avx2(tiles) };
    }
    portable::transpose(tiles);
}

/// Continues the hashes of all columns with the columns of these tiles, not transposed: `tiles[i][j]` is the `i`-th 128 bits of column `j`.
pub(crate) fn hash_columns(point: &Point, hashes: &mut [u64; TILE], tiles: &[Tile]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("vpclmulqdq") && is_x86_feature_detected!("avx512f") {
        // SAFETY: the CPU has just reported both features.
        return unsafe { x86::hash_columns_512(point, hashes, tiles) };
    } else if is_x86_feature_detected!("pclmulqdq") {
        // SAFETY: the CPU has just reported `pclmulqdq`; SSE2 is part of x86-64.
        return unsafe { x86::hash_columns_128(point, hashes, tiles) };
    }
    portable::hash_columns(point, hashes, tiles);
}

/// Continues the hash of one column.
pub(crate) fn hash_column(point: &Point, hash: u64, words: &[Block]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("pclmulqdq") {
        // SAFETY: the CPU has just reported `pclmulqdq`; SSE2 is part of x86-64.
        return unsafe { x86::hash_column(point, hash, words) };
    }
    portable::hash_column(point, hash, words)
}

/// A point of GF(2⁶⁴) at which polynomials are evaluated, with its powers.
#[derive(Clone, Copy)]
pub(crate) struct Point {
    powers: [u64; 2 * STRIDE + 1],
}

impl Point {
    /// The coefficients of the two halves of block `i` of `n`, low first, when the sum ends there; `n` is at most [`STRIDE`].
    #[cfg(target_arch = "x86_64")]
    fn coefficients(&self, i: usize, n: usize) -> [u64; 2] {
        let high = 2 * (n - 1 - i);
        [self.powers[high + 1], self.powers[high]]
    }

    /// The point with these bits.
    pub(crate) fn new(point: u64) -> Point {
        let mut powers = [1; 2 * STRIDE + 1];
        for i in 1..powers.len() {
            powers[i] = portable::multiply(powers[i - 1], point);
        }
        Point { powers }
    }
}

#[cfg(test)]
mod tests;
