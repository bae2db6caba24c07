//! Half-gates with AVX-512 and VAES: four blocks a register.

use std::arch::x86_64::*;

use super::vector::{block, half_gates, read};

type Vector = __m512i;
type Mask = __mmask8;

/// Blocks in a vector.
const LANES: usize = 4;

/// Key schedules of a unit that run interleaved.
const SCHEDULES: usize = 4;

half_gates!("avx512f,avx512bw,avx512dq,avx512vl,vaes");

/// Whether this CPU can run this kernel.
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("vaes")
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(blocks: &[Block; LANES]) -> Vector {
    // SAFETY: `blocks` are 64 readable bytes.
    unsafe { _mm512_loadu_si512(blocks.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(blocks: &mut [Block; LANES], x: Vector) {
    // SAFETY: `blocks` are 64 writable bytes, and any bytes are blocks.
    unsafe { _mm512_storeu_si512(blocks.as_mut_ptr().cast(), x) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn gather(blocks: [&Block; LANES]) -> Vector {
    let [x0, x1, x2, x3] = blocks;
    let low = _mm256_set_m128i(read(x1), read(x0));
    let high = _mm256_set_m128i(read(x3), read(x2));
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn lanes(x: Vector) -> [Block; LANES] {
    [
        block(_mm512_castsi512_si128(x)),
        block(_mm512_extracti32x4_epi32::<1>(x)),
        block(_mm512_extracti32x4_epi32::<2>(x)),
        block(_mm512_extracti32x4_epi32::<3>(x)),
    ]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn splat(x: Block) -> Vector {
    _mm512_broadcast_i32x4(read(&x))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn splat_word(x: i32) -> Vector {
    _mm512_set1_epi32(x)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(x: Vector, y: Vector) -> Vector {
    _mm512_xor_si512(x, y)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add_xor(x: Vector, mask: Mask, y: Vector) -> Vector {
    _mm512_mask_xor_epi64(x, mask, x, y)
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn lsb_mask(x: Vector) -> Mask {
    // Copies each block's low half over its high half, so that both halves' flags are the lowest bit.
    _mm512_test_epi64_mask(_mm512_unpacklo_epi64(x, x), _mm512_set1_epi64(1))
}

#[inline]
fn flags_mask(flags: [u32; LANES]) -> Mask {
    let [x0, x1, x2, x3] = flags;
    ((x0 | x1 << 2 | x2 << 4 | x3 << 6) * 3) as __mmask8
}

#[inline]
#[target_feature(enable = "avx512f")]
fn sigma(x: Vector) -> Vector {
    let swapped = _mm512_shuffle_epi32::<0b0100_1110>(x);
    _mm512_mask_xor_epi64(swapped, 0b1010_1010, x, swapped)
}

#[inline]
#[target_feature(enable = "avx512f,vaes")]
fn aes_round(x: Vector, key: Vector) -> Vector {
    _mm512_aesenc_epi128(x, key)
}

#[inline]
#[target_feature(enable = "avx512f,vaes")]
fn aes_last_round(x: Vector, key: Vector) -> Vector {
    _mm512_aesenclast_epi128(x, key)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn shuffle_bytes(x: Vector, places: Vector) -> Vector {
    _mm512_shuffle_epi8(x, places)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn unpack_low_32(x: Vector, y: Vector) -> Vector {
    _mm512_unpacklo_epi32(x, y)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn unpack_high_32(x: Vector, y: Vector) -> Vector {
    _mm512_unpackhi_epi32(x, y)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn unpack_low_64(x: Vector, y: Vector) -> Vector {
    _mm512_unpacklo_epi64(x, y)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn unpack_high_64(x: Vector, y: Vector) -> Vector {
    _mm512_unpackhi_epi64(x, y)
}
