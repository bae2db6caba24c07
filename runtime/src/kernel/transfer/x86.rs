//! Streams by vector AES, the hash with carry-less multiplication, a transposition by byte permutations, and the portable text compiled for
//! wider vectors.

use std::arch::x86_64::*;

use super::super::vector;
use super::{GROUP, Leaves, Point, STRIDE, Schedule, Side, TILE, Tile, Tree, TreeSide, portable, sum_tree};
use crate::block::Block;

/// Vectors of a group's stream: as many AES chains run at a time.
const CHAINS: usize = GROUP / 4;

/// Whether the CPU can run [`schedule`] and [`expand_512`].
pub(super) fn has_vector_aes() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("vaes") && is_x86_feature_detected!("aes")
}

/// The round keys of AES-128 (FIPS 197, section 5.2).
#[target_feature(enable = "aes")]
pub(super) fn schedule(key: Block) -> Schedule {
    macro_rules! round {
        ($key:expr, $constant:literal) => {{
            let word = _mm_shuffle_epi32::<0xff>(_mm_aeskeygenassist_si128::<$constant>($key));
            let once = _mm_xor_si128($key, _mm_slli_si128::<4>($key));
            let sums = _mm_xor_si128(once, _mm_slli_si128::<8>(once));
            _mm_xor_si128(sums, word)
        }};
    }
    let k0 = vector::read(&key);
    let k1 = round!(k0, 0x01);
    let k2 = round!(k1, 0x02);
    let k3 = round!(k2, 0x04);
    let k4 = round!(k3, 0x08);
    let k5 = round!(k4, 0x10);
    let k6 = round!(k5, 0x20);
    let k7 = round!(k6, 0x40);
    let k8 = round!(k7, 0x80);
    let k9 = round!(k8, 0x1b);
    let k10 = round!(k9, 0x36);
    [k0, k1, k2, k3, k4, k5, k6, k7, k8, k9, k10].map(vector::block)
}

/// As [`Leaves::expand`].
#[target_feature(enable = "avx512f,vaes")]
pub(super) fn expand_512(leaves: &Leaves, keys: &[Schedule], first_tile: u64, tiles: &mut [Tile], side: Side<'_>) {
    let tree = |tree: Tree<'_, Schedule>, side: TreeSide<'_>, tiles: &mut [Tile; GROUP]| match leaves.k {
        2 => expand_tree::<2>(tree, side, tiles),
        4 => expand_tree::<4>(tree, side, tiles),
        _ => expand_tree::<8>(tree, side, tiles),
    };
    leaves.expand_with(keys, first_tile, tiles, side, tree);
}

/// As [`portable::expand_tree`], for 2^K leaves.
#[target_feature(enable = "avx512f,vaes")]
fn expand_tree<const K: usize>(tree: Tree<'_, Schedule>, side: TreeSide<'_>, tiles: &mut [Tile; GROUP]) {
    let zero = _mm512_setzero_si512();
    let first = _mm512_set_epi64(0, 3, 0, 2, 0, 1, 0, 0);
    let counters: [__m512i; CHAINS] = std::array::from_fn(|i| {
        let tile = (tree.first_tile + 4 * i as u64) as i64;
        _mm512_add_epi64(first, _mm512_set_epi64(0, tile, 0, tile, 0, tile, 0, tile))
    });
    let keys = &tree.keys[..1 << K];
    let leaf = |leaf: usize| {
        if tree.punctured && leaf == 0 { [zero; CHAINS] } else { encrypt(&keys[leaf], counters) }
    };
    let add = |terms: &[[__m512i; CHAINS]; 4], columns: &mut [[__m512i; CHAINS]; 2]| {
        let [a, b, c, d] = terms;
        std::array::from_fn(|i| {
            columns[0][i] = xor3(columns[0][i], b[i], d[i]);
            columns[1][i] = xor3(columns[1][i], c[i], d[i]);
            _mm512_xor_si512(a[i], xor3(b[i], c[i], d[i]))
        })
    };
    let (parity, mut columns) = sum_tree(1 << K, [zero; CHAINS], leaf, add);
    let columns = &mut columns.as_flattened_mut()[..K];
    match side {
        TreeSide::Whole(choices, corrections) => {
            let pairs = choices.as_chunks::<4>().0.iter().zip(corrections.as_chunks_mut::<4>().0);
            for (parity, (choices, corrections)) in parity.into_iter().zip(pairs) {
                // SAFETY: four corrections are 64 writable bytes.
                unsafe {
                    let sum = _mm512_xor_si512(parity, load(choices));
                    _mm512_storeu_si512(corrections.as_mut_ptr().cast(), sum);
                }
            }
        }
        TreeSide::Punctured(delta, corrections) => {
            for (i, corrections) in corrections.as_chunks::<4>().0.iter().enumerate() {
                // SAFETY: four corrections are 64 readable bytes.
                let correction = unsafe { _mm512_loadu_si512(corrections.as_ptr().cast()) };
                for (bit, column) in columns.iter_mut().enumerate() {
                    // Out of the compiler's sight, which would otherwise be free to branch on the bit.
                    let mask = _mm512_set1_epi64(std::hint::black_box(-((delta >> bit & 1) as i64)));
                    column[i] = _mm512_xor_si512(column[i], _mm512_and_si512(correction, mask));
                }
            }
        }
    }
    // Two columns of four tiles at a time: their blocks lie next to each other in a tile.
    for (i, tiles) in tiles.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        for (pair, columns) in columns.as_chunks::<2>().0.iter().enumerate() {
            let (a, b) = (columns[0][i], columns[1][i]);
            let halves = [
                _mm512_permutex2var_epi64(a, _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0), b),
                _mm512_permutex2var_epi64(a, _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4), b),
            ];
            for (tiles, half) in tiles.as_chunks_mut::<2>().0.iter_mut().zip(halves) {
                let [first, second] = [_mm512_castsi512_si256(half), _mm512_extracti64x4_epi64::<1>(half)];
                for (tile, vector) in tiles.iter_mut().zip([first, second]) {
                    let place = &mut tile[tree.column + 2 * pair..][..2];
                    // SAFETY: two blocks are 32 writable bytes, and any bytes are blocks.
                    unsafe { _mm256_storeu_si256(place.as_mut_ptr().cast(), vector) }
                }
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,vaes")]
fn encrypt(keys: &Schedule, blocks: [__m512i; CHAINS]) -> [__m512i; CHAINS] {
    let keys = keys.each_ref().map(|key| _mm512_broadcast_i32x4(vector::read(key)));
    let mut blocks = blocks.map(|block| _mm512_xor_si512(block, keys[0]));
    for key in &keys[1..10] {
        blocks = blocks.map(|block| _mm512_aesenc_epi128(block, *key));
    }
    blocks.map(|block| _mm512_aesenclast_epi128(block, keys[10]))
}

/// a ⊕ b ⊕ c.
#[inline]
#[target_feature(enable = "avx512f")]
fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi64::<0b1001_0110>(a, b, c)
}

/// As [`super::transpose`].
#[target_feature(enable = "avx2")]
pub(super) fn transpose_avx2(tiles: &mut [Tile]) {
    portable::transpose(tiles);
}

/// Whether the CPU can run [`transpose_gfni`].
pub(super) fn has_byte_permutations() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vbmi") && is_x86_feature_detected!("gfni")
}

/// As [`super::transpose`]: a tile is 16×16 squares of 8×8 bits.
///
/// Eight rows make sixteen 64-bit squares by one permutation of their bytes; an affine map with the square as its matrix
/// transposes it; squares change places as a 16×16 matrix of 64-bit words; a permutation of bytes makes rows of them.
#[target_feature(enable = "avx512f,avx512vbmi,gfni")]
pub(super) fn transpose_gfni(tiles: &mut [Tile]) {
    // Byte 8c + r of the squares is byte c of row 7 − r, the order of the affine map's matrix; byte 16b + g of the rows is byte b of square g.
    let [left, right] = [0, 64].map(|first| permutation(|i| 16 * (7 - i % 8) + (first + i) / 8));
    let [upper, lower] = [0, 64].map(|first| permutation(|i| 8 * (i % 16) + (first + i) / 16));
    let unit_vectors = _mm512_set1_epi64(0x8040_2010_0804_0201_u64 as i64);
    for tile in tiles {
        let mut squares = [[_mm512_setzero_si512(); 16]; 2];
        for (g, rows) in tile.as_chunks::<8>().0.iter().enumerate() {
            let (a, b) = (load(&rows[..4]), load(&rows[4..]));
            for (half, order) in [left, right].into_iter().enumerate() {
                let bytes = _mm512_permutex2var_epi8(a, order, b);
                squares[half][g] = _mm512_gf2p8affine_epi64_epi8::<0>(unit_vectors, bytes);
            }
        }
        for (squares, rows) in squares.iter().zip(tile.as_chunks_mut::<64>().0) {
            let (first, second) = squares.split_at(8);
            let (first, second) = (transpose_words(first), transpose_words(second));
            for (c, rows) in rows.as_chunks_mut::<8>().0.iter_mut().enumerate() {
                store(&mut rows[..4], _mm512_permutex2var_epi8(first[c], upper, second[c]));
                store(&mut rows[4..], _mm512_permutex2var_epi8(first[c], lower, second[c]));
            }
        }
    }
}

/// The vector whose byte `i` is `source(i)`.
#[inline]
#[target_feature(enable = "avx512f")]
fn permutation(source: impl Fn(usize) -> usize) -> __m512i {
    let bytes: [u8; 64] = std::array::from_fn(|i| source(i) as u8);
    // SAFETY: 64 bytes are readable.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// Swaps rows and columns of a matrix of 8×8 64-bit words.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose_words(rows: &[__m512i]) -> [__m512i; 8] {
    let mut rows: [__m512i; 8] = std::array::from_fn(|i| rows[i]);
    for size in [4, 2, 1] {
        let [low, high] = [0, size].map(|first| {
            let word = |i: usize| (i & !size | first) + if i & size == 0 { 0 } else { 8 };
            let words: [i64; 8] = std::array::from_fn(|i| word(i) as i64);
            // SAFETY: 64 bytes are readable.
            unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
        });
        for i in (0..8).filter(|i| i & size == 0) {
            let (a, b) = (rows[i], rows[i + size]);
            // Word j of the upper row with j & size comes from the lower row, and the other way round.
            rows[i] = _mm512_permutex2var_epi64(a, low, b);
            rows[i + size] = _mm512_permutex2var_epi64(a, high, b);
        }
    }
    rows
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(blocks: &[Block]) -> __m512i {
    assert_eq!(blocks.len(), 4);
    // SAFETY: four blocks are 64 readable bytes.
    unsafe { _mm512_loadu_si512(blocks.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(blocks: &mut [Block], vector: __m512i) {
    assert_eq!(blocks.len(), 4);
    // SAFETY: four blocks are 64 writable bytes, and any bits are a block.
    unsafe { _mm512_storeu_si512(blocks.as_mut_ptr().cast(), vector) }
}

/// As [`super::hash_columns`], four columns at a time; up to [`STRIDE`] tiles share a reduction.
#[target_feature(enable = "avx512f,vpclmulqdq")]
pub(super) fn hash_columns_512(point: &Point, hashes: &mut [u64; TILE], tiles: &[Tile]) {
    for tiles in tiles.chunks(STRIDE) {
        let n = tiles.len();
        let mut powers = [_mm512_setzero_si512(); STRIDE];
        for (i, power) in powers[..n].iter_mut().enumerate() {
            *power = _mm512_broadcast_i32x4(pair(point.coefficients(i, n)));
        }
        let shift = _mm512_set1_epi64(point.powers[2 * n] as i64);
        let mut sums = [_mm512_setzero_si512(); TILE / 4];
        for (sum, hashes) in sums.iter_mut().zip(hashes.as_chunks::<4>().0) {
            let [a, b, c, d] = hashes.map(|hash| hash as i64);
            *sum = _mm512_clmulepi64_epi128::<0x00>(_mm512_set_epi64(0, d, 0, c, 0, b, 0, a), shift);
        }
        for (tile, &powers) in tiles.iter().zip(&powers) {
            for (sum, words) in sums.iter_mut().zip(tile.as_chunks::<4>().0) {
                let words = load(words);
                let low = _mm512_clmulepi64_epi128::<0x00>(words, powers);
                let high = _mm512_clmulepi64_epi128::<0x11>(words, powers);
                *sum = xor3(*sum, low, high);
            }
        }
        for (sum, hashes) in sums.into_iter().zip(hashes.as_chunks_mut::<4>().0) {
            let modulus = _mm512_set1_epi64(0b11011);
            let once = _mm512_clmulepi64_epi128::<0x01>(sum, modulus); // The high half; at most 68 bits.
            let twice = _mm512_clmulepi64_epi128::<0x01>(once, modulus);
            let reduced = _mm512_xor_si512(sum, _mm512_xor_si512(once, twice));
            let mut words = [0u64; 8];
            // SAFETY: 64 bytes are writable.
            unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), reduced) };
            *hashes = [words[0], words[2], words[4], words[6]];
        }
    }
}

/// As [`super::hash_columns`].
#[target_feature(enable = "pclmulqdq")]
pub(super) fn hash_columns_128(point: &Point, hashes: &mut [u64; TILE], tiles: &[Tile]) {
    for tiles in tiles.chunks(STRIDE) {
        for (column, hash) in hashes.iter_mut().enumerate() {
            *hash = hash_blocks(point, *hash, tiles.iter().map(|tile| tile[column]));
        }
    }
}

/// As [`super::hash_column`].
#[target_feature(enable = "pclmulqdq")]
pub(super) fn hash_column(point: &Point, hash: u64, words: &[Block]) -> u64 {
    let mut hash = hash;
    for words in words.chunks(STRIDE) {
        hash = hash_blocks(point, hash, words.iter().copied());
    }
    hash
}

/// Continues the hash of one column by at most [`STRIDE`] blocks.
#[inline]
#[target_feature(enable = "pclmulqdq")]
fn hash_blocks(point: &Point, hash: u64, blocks: impl ExactSizeIterator<Item = Block>) -> u64 {
    let n = blocks.len();
    let mut sum = _mm_clmulepi64_si128::<0x00>(pair([hash, 0]), pair([point.powers[2 * n], 0]));
    for (i, block) in blocks.enumerate() {
        let (words, powers) = (pair(block.halves()), pair(point.coefficients(i, n)));
        sum = _mm_xor_si128(sum, _mm_clmulepi64_si128::<0x00>(words, powers));
        sum = _mm_xor_si128(sum, _mm_clmulepi64_si128::<0x11>(words, powers));
    }
    let modulus = pair([0b11011, 0]);
    let once = _mm_clmulepi64_si128::<0x01>(sum, modulus); // The high half; at most 68 bits.
    let twice = _mm_clmulepi64_si128::<0x01>(once, modulus);
    _mm_cvtsi128_si64(_mm_xor_si128(sum, _mm_xor_si128(once, twice))) as u64
}

/// A vector of two words, low first.
#[inline]
#[target_feature(enable = "sse2")]
fn pair([low, high]: [u64; 2]) -> __m128i {
    _mm_set_epi64x(high as i64, low as i64)
}
