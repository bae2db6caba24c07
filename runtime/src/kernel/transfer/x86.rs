//! The portable text compiled for wider vectors, and the hash with carry-less multiplication.

use std::arch::x86_64::{
    __m128i, _mm_clmulepi64_si128, _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm_set_epi64x, _mm_setzero_si128,
    _mm_xor_si128,
};

use super::{Point, STRIDE, Stream, TILE, Tile, portable};

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

/// As [`super::transpose`].
#[target_feature(enable = "avx512f")]
pub(super) fn transpose_avx512(tiles: &mut [Tile]) {
    portable::transpose(tiles);
}

/// As [`super::hash_columns`]: up to [`STRIDE`] tiles share a reduction.
#[target_feature(enable = "pclmulqdq")]
pub(super) fn hash_columns(point: &Point, hashes: &mut [u64; TILE], tiles: &[Tile]) {
    for tiles in tiles.chunks(STRIDE) {
        let mut powers = [_mm_setzero_si128(); STRIDE];
        for (i, pair) in powers[..tiles.len()].iter_mut().enumerate() {
            let low = 2 * (tiles.len() - 1 - i);
            *pair = _mm_set_epi64x(point.powers[low] as i64, point.powers[low + 1] as i64);
        }
        let shift = point.powers[2 * tiles.len()];
        for (column, hash) in hashes.iter_mut().enumerate() {
            let mut sum = _mm_clmulepi64_si128::<0>(low_half(*hash), low_half(shift));
            for (tile, &pair) in tiles.iter().zip(&powers) {
                let [lo, hi] = tile[column].halves();
                let word = _mm_set_epi64x(hi as i64, lo as i64);
                sum = _mm_xor_si128(sum, _mm_clmulepi64_si128::<0x00>(word, pair));
                sum = _mm_xor_si128(sum, _mm_clmulepi64_si128::<0x11>(word, pair));
            }
            *hash = reduce(sum);
        }
    }
}

/// The remainder of a product of two elements of the field.
#[inline]
#[target_feature(enable = "pclmulqdq")]
fn reduce(product: __m128i) -> u64 {
    let modulus = low_half(0b11011);
    let once = _mm_clmulepi64_si128::<0x01>(product, modulus); // High half of the product; at most 68 bits.
    let twice = _mm_clmulepi64_si128::<0x01>(once, modulus);
    _mm_cvtsi128_si64(_mm_xor_si128(_mm_xor_si128(product, once), twice)) as u64
}

/// A vector with this low half.
#[inline]
#[target_feature(enable = "sse2")]
fn low_half(bits: u64) -> __m128i {
    _mm_cvtsi64_si128(bits as i64)
}
