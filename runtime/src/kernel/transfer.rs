//! The bulk work of the OT extension: expanding and summing leaves, hashing columns, transposing bit matrices.
//!
//! * [`Leaves::expand`] is a sum over GF(2^k): of a tree's streams `r_0 … r_{2^k−1}` the bits of `Σ x·r_x`, its columns, and `⊕ r_x`, its
//!   parity. Leaf `x` is an AES-128 key, its stream counter mode, one block for each tile.
//! * [`hash_columns`] is a polynomial hash over GF(2⁶⁴) = GF(2)\[x\]/(x⁶⁴ + x⁴ + x³ + x + 1), 128 columns at a time.
//! * [`transpose`] is Eklundh's method: the off-diagonal quarters change places at each size from 64 down to 1.
//!
//! The safe, portable text defines each; where the CPU allows, streams are made sixteen blocks at a time by vector AES and summed in
//! registers, the field multiplies by carry-less multiplication instructions, and the rest is the same text compiled for wider vectors. All
//! give the same bits.
//!
//! # Security
//! No branch and no memory address depends on the bits that are worked on.

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::ops::Range;

use aes::Aes128Enc;
use aes::cipher::KeyInit;
use zeroize::Zeroizing;

use crate::block::Block;

/// Rows (and columns) of a bit matrix.
pub(crate) const TILE: usize = 128;

/// A bit matrix: bit `j` of element `i` is row `i`, column `j`.
pub(crate) type Tile = [Block; TILE];

/// Tiles that are expanded together: their streams are in registers, and the tiles stay in the first cache until all trees are done.
pub(crate) const GROUP: usize = 16;

/// The same 128 bits of each tile of a group.
pub(crate) type Stream = [Block; GROUP];

/// Columns of the deepest trees.
const COLUMNS_MAX: usize = 8;

/// Tiles whose hashing shares one reduction.
const STRIDE: usize = 8;

/// Round keys of AES-128.
#[cfg(target_arch = "x86_64")]
type Schedule = [Block; 11];

/// The leaves of all trees of one depth, their keys scheduled.
pub(crate) struct Leaves {
    keys: Keys,
    /// Columns of a tree; it has 2^k leaves.
    k: usize,
    /// Whether leaf 0 of each tree is missing: it counts as a stream of zeros.
    punctured: bool,
}

enum Keys {
    Portable(Vec<Aes128Enc>),
    #[cfg(target_arch = "x86_64")]
    Vaes512(Zeroizing<Vec<Schedule>>),
}

/// Which of the two parties expands leaves, and what it does with the sums. Corrections come group after group, in a group tree after tree, in
/// a tree tile after tile.
pub(crate) enum Side<'a> {
    /// The one that has all leaves sends, for each tree and tile, its choice bits ⊕ the parity of the leaves.
    Whole {
        /// For each tile.
        choices: &'a [Block],
        /// To be written.
        corrections: &'a mut [[u8; 16]],
    },
    /// The one that lacks leaf Δ_j of tree `j`, number 0 in its own order, adds the correction to each column whose bit of Δ is 1.
    Punctured {
        /// Bits `jk … jk+k−1` are Δ_j.
        delta: Block,
        /// What the other one sent.
        corrections: &'a [[u8; 16]],
    },
}

/// As [`Side`], for one tree and a full group.
enum TreeSide<'a> {
    Whole(&'a Stream, &'a mut [[u8; 16]; GROUP]),
    Punctured(usize, &'a [[u8; 16]; GROUP]),
}

impl Leaves {
    /// Trees of 2^`k` leaves each, `k` being 2, 4 or 8; `punctured` where leaf 0 of each is missing.
    pub(crate) fn new(k: usize, leaves: &[Block], punctured: bool) -> Leaves {
        Leaves { keys: Keys::new(leaves), k, punctured }
    }

    /// As [`Leaves::new`], with what every CPU has.
    #[cfg(test)]
    fn portable(k: usize, leaves: &[Block], punctured: bool) -> Leaves {
        Leaves { keys: Keys::portable(leaves), k, punctured }
    }

    /// Expands tiles, number `first_tile` of the streams and those that follow.
    ///
    /// # Panics
    /// If there are not as many choices and corrections as tiles need.
    pub(crate) fn expand(&self, first_tile: u64, tiles: &mut [Tile], side: Side<'_>) {
        match &self.keys {
            Keys::Portable(keys) => self.expand_with(keys, first_tile, tiles, side, portable::expand_tree),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Keys::new` makes `Vaes512` only after the CPU reported what it needs.
            Keys::Vaes512(keys) => unsafe { x86::expand_512(self, keys, first_tile, tiles, side) },
        }
    }

    /// The text for all instruction sets: `tree` takes the keys of a tree, whether its leaf 0 is missing, the number of the first tile, the side,
    /// and a full group of tiles, of which it writes the columns from a number on.
    #[inline(always)]
    fn expand_with<K>(
        &self,
        keys: &[K],
        first_tile: u64,
        tiles: &mut [Tile],
        mut side: Side<'_>,
        tree: impl Fn(Tree<'_, K>, TreeSide<'_>, &mut [Tile; GROUP]),
    ) {
        let n_trees = TILE / self.k;
        let n_corrections = match &side {
            Side::Whole { choices, corrections } if choices.len() == tiles.len() => corrections.len(),
            Side::Whole { .. } => 0,
            Side::Punctured { corrections, .. } => corrections.len(),
        };
        assert_eq!(n_corrections, tiles.len() * n_trees, "each tile has choices, and corrections for each tree");
        let (groups, rest) = tiles.as_chunks_mut::<GROUP>();
        let mut all = |first_tile: u64, first: usize, n: usize, tiles: &mut [Tile; GROUP]| {
            for (number, keys) in keys.chunks_exact(1 << self.k).enumerate() {
                let of_tree = Tree { keys, punctured: self.punctured, first_tile, column: number * self.k };
                let place = first * n_trees + number * n..first * n_trees + (number + 1) * n;
                side.with_tree(first..first + n, place, number * self.k, self.k, |side| tree(of_tree, side, tiles));
            }
        };
        for (group, tiles) in groups.iter_mut().enumerate() {
            all(first_tile + (group * GROUP) as u64, group * GROUP, GROUP, tiles);
        }
        if !rest.is_empty() {
            let mut group = Zeroizing::new(vec![[Block::ZERO; TILE]; GROUP]);
            let first = groups.len() * GROUP;
            all(first_tile + first as u64, first, rest.len(), group.first_chunk_mut().expect("a whole group"));
            rest.copy_from_slice(&group[..rest.len()]);
        }
    }
}

/// A tree at work.
struct Tree<'a, K> {
    keys: &'a [K],
    /// Whether leaf 0 is missing.
    punctured: bool,
    /// The first tile's number in the streams.
    first_tile: u64,
    /// Its first column in the tiles.
    column: usize,
}

impl Side<'_> {
    /// Does `work` for one tree's part of a group of these tiles, whose corrections are at `place`; a group that is not full is filled up.
    #[inline(always)]
    fn with_tree(
        &mut self,
        tiles: Range<usize>,
        place: Range<usize>,
        column: usize,
        k: usize,
        work: impl FnOnce(TreeSide<'_>),
    ) {
        let n = tiles.len();
        match self {
            Side::Whole { choices, corrections } => {
                let (choices, corrections) = (&choices[tiles], &mut corrections[place]);
                match (choices.first_chunk(), corrections.first_chunk_mut()) {
                    (Some(choices), Some(corrections)) => work(TreeSide::Whole(choices, corrections)),
                    _ => {
                        let mut padded = Zeroizing::new([Block::ZERO; GROUP]);
                        padded[..n].copy_from_slice(choices);
                        let mut out = [[0; 16]; GROUP];
                        work(TreeSide::Whole(&padded, &mut out));
                        corrections.copy_from_slice(&out[..n]);
                    }
                }
            }
            Side::Punctured { delta, corrections } => {
                let part = (u128::from(*delta) >> column) as usize & ((1 << k) - 1);
                let corrections = &corrections[place];
                match corrections.first_chunk() {
                    Some(corrections) => work(TreeSide::Punctured(part, corrections)),
                    None => {
                        let mut padded = [[0; 16]; GROUP];
                        padded[..n].copy_from_slice(corrections);
                        work(TreeSide::Punctured(part, &padded));
                    }
                }
            }
        }
    }
}

impl Keys {
    fn new(leaves: &[Block]) -> Keys {
        #[cfg(target_arch = "x86_64")]
        if x86::has_vector_aes() {
            // SAFETY: the CPU has just reported all features of that function.
            return Keys::Vaes512(Zeroizing::new(leaves.iter().map(|&leaf| unsafe { x86::schedule(leaf) }).collect()));
        }
        Keys::portable(leaves)
    }

    fn portable(leaves: &[Block]) -> Keys {
        Keys::Portable(leaves.iter().map(|leaf| Aes128Enc::new(&leaf.to_bytes().into())).collect())
    }
}

/// The sums over a tree of `n` leaves, `n` being a power of four: of all of them, and of those whose number has bit `2l + b`, at `[l][b]`.
///
/// `add` sums four, and adds to two columns those whose numbers have the lower and the higher bit: four leaves, then four such sums, and so on.
#[inline(always)]
fn sum_tree<S: Copy>(
    n: usize,
    zero: S,
    leaf: impl Fn(usize) -> S,
    add: impl Fn(&[S; 4], &mut [S; 2]) -> S,
) -> (S, [[S; 2]; COLUMNS_MAX / 2]) {
    let mut columns = [[zero; 2]; COLUMNS_MAX / 2];
    let mut waiting = [[zero; 4]; COLUMNS_MAX / 2];
    let mut sum = zero;
    for quad in 0..n / 4 {
        sum = add(&[leaf(4 * quad), leaf(4 * quad + 1), leaf(4 * quad + 2), leaf(4 * quad + 3)], &mut columns[0]);
        let (mut level, mut place) = (1, quad);
        while 4 << (2 * level) <= n {
            waiting[level][place % 4] = sum;
            if place % 4 != 3 {
                break;
            }
            sum = add(&waiting[level], &mut columns[level]);
            (level, place) = (level + 1, place / 4);
        }
    }
    (sum, columns)
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
