//! The universal hash of the consistency check: a polynomial over GF(2⁶⁴).
//!
//! A column of `W` 64-bit words `w_0 … w_{W−1}` hashes to `Σ w_i·χ^(W−1−i)`, `χ` being the challenge. Two different columns
//! collide for at most `W − 1` values of `χ`, so the family is `(W − 1)/2⁶⁴`-universal; it is linear over GF(2). The last
//! word has coefficient 1: where it is random, it hides the whole hash (64 sacrificed OTs).

use super::transpose::{TILE, Tile};

/// Bytes of one hash.
pub(super) const HASH_BYTES: usize = 8;

/// The point at which the polynomials are evaluated.
#[derive(Clone, Copy)]
pub(super) struct Challenge {
    point: u64,
    square: u64,
}

impl Challenge {
    /// The challenge at this point.
    pub(super) fn new(point: u64) -> Challenge {
        Challenge { point, square: multiply(point, point) }
    }

    /// Hashes all columns of a matrix, whose rows come in tiles (not transposed: element `j` of a tile is column `j`).
    pub(super) fn hash_columns(self, tiles: &[Tile]) -> [u64; TILE] {
        let mut hashes = [0; TILE];
        for tile in tiles {
            for (hash, &words) in hashes.iter_mut().zip(tile) {
                *hash = self.absorb(*hash, words);
            }
        }
        hashes
    }

    /// Hashes one column.
    pub(super) fn hash_column(self, words: &[u128]) -> u64 {
        words.iter().fold(0, |hash, &words| self.absorb(hash, words))
    }

    /// Two words more, the low one first.
    fn absorb(self, hash: u64, words: u128) -> u64 {
        multiply(hash, self.square) ^ multiply(words as u64, self.point) ^ (words >> 64) as u64
    }
}

/// The product in GF(2)\[x\]/(x⁶⁴ + x⁴ + x³ + x + 1); in constant time.
fn multiply(a: u64, b: u64) -> u64 {
    let mut product = 0u128;
    for i in 0..64 {
        let mask = u128::from(b >> i & 1).wrapping_neg();
        product ^= u128::from(a) << i & mask;
    }
    reduce(product)
}

/// The remainder of a product of two elements.
fn reduce(product: u128) -> u64 {
    let fold = |high: u64| u128::from(high) ^ u128::from(high) << 1 ^ u128::from(high) << 3 ^ u128::from(high) << 4;
    let once = fold((product >> 64) as u64); // At most 68 bits.
    let twice = fold((once >> 64) as u64);
    product as u64 ^ once as u64 ^ twice as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn multiply_naive(a: u64, b: u64) -> u64 {
        (0..64).rev().fold(0, |sum: u64, i| {
            let doubled = sum << 1 ^ if sum >> 63 == 1 { 0b11011 } else { 0 };
            doubled ^ if b >> i & 1 == 1 { a } else { 0 }
        })
    }

    #[test]
    fn the_modulus_is_irreducible() {
        // x^(2^64) = x, and x^(2^32) − x shares no factor with the modulus: it has an inverse.
        let square_times = |n: usize| (0..n).fold(2, |x, _| multiply(x, x));
        assert_eq!(square_times(64), 2);
        let difference = square_times(32) ^ 2;
        let inverse = (1..64).fold((difference, 1), |(power, product), _| {
            let power = multiply(power, power);
            (power, multiply(product, power))
        });
        assert_eq!(multiply(difference, inverse.1), 1);
    }

    proptest! {
        #[test]
        fn products_agree_with_shift_and_add(a: u64, b: u64) {
            prop_assert_eq!(multiply(a, b), multiply_naive(a, b));
        }

        #[test]
        fn hash_is_the_polynomial(words in prop::collection::vec(any::<u128>(), 0..6), point: u64) {
            let halves = words.iter().flat_map(|&word| [word as u64, (word >> 64) as u64]);
            let expected = halves.fold(0, |hash, word| multiply_naive(hash, point) ^ word);
            prop_assert_eq!(Challenge::new(point).hash_column(&words), expected);
            let tiles: Vec<Tile> = words.iter().map(|&word| [word; TILE]).collect();
            prop_assert_eq!(Challenge::new(point).hash_columns(&tiles), [expected; TILE]);
        }
    }
}
