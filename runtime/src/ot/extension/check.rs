//! The universal hash of the consistency check: a polynomial over GF(2⁶⁴).
//!
//! A column of `W` 64-bit words `w_0 … w_{W−1}` hashes to `Σ w_i·χ^(W−1−i)`, `χ` being the challenge. Two different columns
//! collide for at most `W − 1` values of `χ`, so the family is `(W − 1)/2⁶⁴`-universal; it is linear over GF(2). The last
//! word has coefficient 1: where it is random, it hides the whole hash (64 sacrificed OTs).

use crate::block::Block;
use crate::kernel::transfer::{self, Point, TILE, Tile};

/// Bytes of one hash.
pub(super) const HASH_BYTES: usize = 8;

/// Tiles that stay in the first cache between hashing and transposing.
const CHUNK: usize = 8;

/// The point at which the polynomials are evaluated.
pub(super) struct Challenge(Point);

impl Challenge {
    /// The challenge with these bits.
    pub(super) fn new(point: u64) -> Challenge {
        Challenge(Point::new(point))
    }

    /// Hashes one column.
    pub(super) fn hash_column(&self, words: &[Block]) -> u64 {
        transfer::hash_column(&self.0, 0, words)
    }

    /// Hashes all columns of a matrix that comes in tiles (element `j` of a tile is column `j`), and transposes the tiles.
    pub(super) fn hash_and_transpose(&self, tiles: &mut [Tile]) -> [u64; TILE] {
        let mut hashes = [0; TILE];
        for chunk in tiles.chunks_mut(CHUNK) {
            transfer::hash_columns(&self.0, &mut hashes, chunk);
            transfer::transpose(chunk);
        }
        hashes
    }
}
