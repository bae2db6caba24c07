//! Half-gates with AVX2 and VAES: two blocks a register.

use std::arch::x86_64::*;

use super::vector::{block, half_gates, read};

type Vector = __m256i;
type Mask = __m256i;

/// Blocks in a vector.
const LANES: usize = 2;

/// Key schedules of a unit that run interleaved.
const SCHEDULES: usize = 2;

half_gates!("avx2,vaes");

/// Whether this CPU can run this kernel.
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("vaes")
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn load(blocks: &[Block; LANES]) -> Vector {
    // SAFETY: `blocks` are 32 readable bytes.
    unsafe { _mm256_loadu_si256(blocks.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn store(blocks: &mut [Block; LANES], x: Vector) {
    // SAFETY: `blocks` are 32 writable bytes, and any bytes are blocks.
    unsafe { _mm256_storeu_si256(blocks.as_mut_ptr().cast(), x) }
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn gather(blocks: [&Block; LANES]) -> Vector {
    _mm256_set_m128i(read(blocks[1]), read(blocks[0]))
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn lanes(x: Vector) -> [Block; LANES] {
    [block(_mm256_castsi256_si128(x)), block(_mm256_extracti128_si256::<1>(x))]
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn splat(x: Block) -> Vector {
    _mm256_broadcastsi128_si256(read(&x))
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn splat_word(x: i32) -> Vector {
    _mm256_set1_epi32(x)
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn xor(x: Vector, y: Vector) -> Vector {
    _mm256_xor_si256(x, y)
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn add_xor(x: Vector, mask: Mask, y: Vector) -> Vector {
    _mm256_xor_si256(x, _mm256_and_si256(mask, y))
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn lsb_mask(x: Vector) -> Mask {
    _mm256_srai_epi32::<31>(_mm256_slli_epi32::<31>(_mm256_shuffle_epi32::<0>(x)))
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn flags_mask(flags: [u32; LANES]) -> Mask {
    let [x0, x1] = [0, 1].map(|lane| i64::from(flags[lane]).wrapping_neg());
    _mm256_set_epi64x(x1, x1, x0, x0)
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn sigma(x: Vector) -> Vector {
    let high = _mm256_set_epi64x(-1, 0, -1, 0);
    _mm256_xor_si256(_mm256_shuffle_epi32::<0b0100_1110>(x), _mm256_and_si256(x, high))
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn aes_round(x: Vector, key: Vector) -> Vector {
    _mm256_aesenc_epi128(x, key)
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn aes_last_round(x: Vector, key: Vector) -> Vector {
    _mm256_aesenclast_epi128(x, key)
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn shuffle_bytes(x: Vector, places: Vector) -> Vector {
    _mm256_shuffle_epi8(x, places)
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn unpack_low_32(x: Vector, y: Vector) -> Vector {
    _mm256_unpacklo_epi32(x, y)
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn unpack_high_32(x: Vector, y: Vector) -> Vector {
    _mm256_unpackhi_epi32(x, y)
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn unpack_low_64(x: Vector, y: Vector) -> Vector {
    _mm256_unpacklo_epi64(x, y)
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn unpack_high_64(x: Vector, y: Vector) -> Vector {
    _mm256_unpackhi_epi64(x, y)
}
