//! The portable text compiled for wider vectors, the hash with carry-less multiplication, and a transposition by byte permutations.

use std::arch::x86_64::*;

use super::{Point, STRIDE, Stream, TILE, Tile, portable};
use crate::block::Block;

/// As [`super::fold`].
#[target_feature(enable = "avx2")]
pub(super) fn fold_avx2(streams: &mut [Stream], columns: &mut [Stream]) {
    portable::fold(streams, columns);
}

/// As [`super::fold`].
#[target_feature(enable = "avx512f")]
pub(super) fn fold_avx512(streams: &mut [Stream], columns: &mut [Stream]) {
    portable::fold(streams, columns);
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
        for (i, pair) in powers[..n].iter_mut().enumerate() {
            *pair = _mm512_broadcast_i32x4(vector(point.coefficients(i, n)));
        }
        let shift = _mm512_set1_epi64(point.powers[2 * n] as i64);
        for (first, hashes) in hashes.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let [a, b, c, d] = hashes.map(|hash| hash as i64);
            let mut sum = _mm512_clmulepi64_epi128::<0x00>(_mm512_set_epi64(0, d, 0, c, 0, b, 0, a), shift);
            for (tile, &pair) in tiles.iter().zip(&powers) {
                let words = load(&tile[4 * first..4 * first + 4]);
                let low = _mm512_clmulepi64_epi128::<0x00>(words, pair);
                let high = _mm512_clmulepi64_epi128::<0x11>(words, pair);
                sum = _mm512_xor_si512(sum, _mm512_xor_si512(low, high));
            }
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
    let mut sum = _mm_clmulepi64_si128::<0x00>(vector([hash, 0]), vector([point.powers[2 * n], 0]));
    for (i, block) in blocks.enumerate() {
        let (word, pair) = (vector(block.halves()), vector(point.coefficients(i, n)));
        sum = _mm_xor_si128(sum, _mm_clmulepi64_si128::<0x00>(word, pair));
        sum = _mm_xor_si128(sum, _mm_clmulepi64_si128::<0x11>(word, pair));
    }
    let modulus = vector([0b11011, 0]);
    let once = _mm_clmulepi64_si128::<0x01>(sum, modulus); // The high half; at most 68 bits.
    let twice = _mm_clmulepi64_si128::<0x01>(once, modulus);
    _mm_cvtsi128_si64(_mm_xor_si128(sum, _mm_xor_si128(once, twice))) as u64
}

/// A vector of two words, low first.
#[inline]
#[target_feature(enable = "sse2")]
fn vector([low, high]: [u64; 2]) -> __m128i {
    _mm_set_epi64x(high as i64, low as i64)
}
