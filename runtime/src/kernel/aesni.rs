//! Half-gates with AES-NI: one block a register.

use std::arch::x86_64::*;

use super::vector::{block, half_gates, read};

type Vector = __m128i;
type Mask = __m128i;

/// Blocks in a vector.
const LANES: usize = 1;

/// Key schedules of a unit that run interleaved.
const SCHEDULES: usize = 2;

half_gates!("aes,ssse3");

/// Whether this CPU can run this kernel.
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("aes") && is_x86_feature_detected!("ssse3")
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn load(blocks: &[Block; LANES]) -> Vector {
    read(&blocks[0])
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn store(blocks: &mut [Block; LANES], x: Vector) {
    blocks[0] = block(x);
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn gather(blocks: [&Block; LANES]) -> Vector {
    read(blocks[0])
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn lanes(x: Vector) -> [Block; LANES] {
    [block(x)]
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn splat(x: Block) -> Vector {
    read(&x)
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn splat_word(x: i32) -> Vector {
    _mm_set1_epi32(x)
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn xor(x: Vector, y: Vector) -> Vector {
    _mm_xor_si128(x, y)
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn add_xor(x: Vector, mask: Mask, y: Vector) -> Vector {
    _mm_xor_si128(x, _mm_and_si128(mask, y))
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
pub(super) fn lsb_mask(x: Vector) -> Mask {
    _mm_srai_epi32::<31>(_mm_slli_epi32::<31>(_mm_shuffle_epi32::<0>(x)))
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
pub(super) fn flags_mask(flags: [u32; LANES]) -> Mask {
    _mm_set1_epi32((flags[0] as i32).wrapping_neg())
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
pub(super) fn sigma(x: Vector) -> Vector {
    let high = _mm_set_epi64x(-1, 0);
    _mm_xor_si128(_mm_shuffle_epi32::<0b0100_1110>(x), _mm_and_si128(x, high))
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn aes_round(x: Vector, key: Vector) -> Vector {
    _mm_aesenc_si128(x, key)
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn aes_last_round(x: Vector, key: Vector) -> Vector {
    _mm_aesenclast_si128(x, key)
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn shuffle_bytes(x: Vector, places: Vector) -> Vector {
    _mm_shuffle_epi8(x, places)
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn unpack_low_32(x: Vector, y: Vector) -> Vector {
    _mm_unpacklo_epi32(x, y)
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn unpack_high_32(x: Vector, y: Vector) -> Vector {
    _mm_unpackhi_epi32(x, y)
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn unpack_low_64(x: Vector, y: Vector) -> Vector {
    _mm_unpacklo_epi64(x, y)
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn unpack_high_64(x: Vector, y: Vector) -> Vector {
    _mm_unpackhi_epi64(x, y)
}
