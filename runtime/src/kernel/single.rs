//! A gate alone in its batch: often it waits for the gate before, and the gate after waits for it. What counts is the way from its operands to
//! its result, so that is as short as it can be: two XORs, ten AES rounds, one XOR or two.
//!
//! * Of σ(x) ⊕ k the half that needs no swapping meets the key while the other half is swapped; a complement's σ(Δ) is in the key.
//! * AES ends by XORing a key. Whatever is added to a hash is added to that key, while the rounds before run: σ(x), what the gate adds to its
//!   product, evaluating p_a·TG ⊕ p_b·(TE ⊕ A) too, and garbling p_b·Δ. Then
//!
//! ```text
//! garbling     TG = HA0 ⊕ HA1     TE ⊕ A0 = HB0 ⊕ HB1     C0 = (HA0 or HA1, by p_a) ⊕ (HB0 or HB1, by p_b)
//! evaluating   C = HA ⊕ HB
//! ```
//!
//! One block a register, for all kernels with AES instructions: a wider register's rounds take no less time. `KERNEL` is there so that each of
//! them has its copy, which is inlined and so compiled for its instruction set.

use std::arch::x86_64::*;

use super::aesni::{flags_mask, lsb_mask, sigma};
use super::ahead::{Keys, ROUND_KEYS, ROW};
use super::vector::{block, read};
use super::{Frame, Gate};
use crate::block::Block;

/// Garbles a gate under the first of these keys; its TG and its TE.
#[inline]
#[target_feature(enable = "aes,ssse3")]
pub(super) fn garble<const KERNEL: usize, G: Gate>(
    keys: &Keys,
    and: &G,
    delta: Block,
    frame: &mut Frame<'_>,
) -> [Block; 2] {
    let delta = read(&delta);
    let [a, b, c] = operands(and, frame);
    let complement_a = _mm_and_si128(flags_mask([and.operands()[0].0 & 1]), delta);
    let complement_b = _mm_and_si128(flags_mask([and.operands()[1].0 & 1]), delta);
    let (a0, b0) = (_mm_xor_si128(a, complement_a), _mm_xor_si128(b, complement_b));
    let (pa, pb) = (lsb_mask(a0), lsb_mask(b0));
    let pb_delta = _mm_and_si128(pb, delta);
    let (offset_a, offset_b, sigma_delta) = (sigma(complement_a), sigma(complement_b), sigma(delta));
    let [ha0, ha1] =
        hash(keys, 0, a, [offset_a, _mm_xor_si128(offset_a, sigma_delta)], [_mm_setzero_si128(), pb_delta]);
    let [hb0, hb1] = hash(keys, 1, b, [offset_b, _mm_xor_si128(offset_b, sigma_delta)], [c, c]);
    let c0 = _mm_xor_si128(choose(pa, ha0, ha1), choose(pb, hb0, hb1));
    // SAFETY: the slot is the segment's.
    unsafe { *frame.label_mut(and.dst()) = block(c0) }
    [block(_mm_xor_si128(ha0, ha1)), block(_mm_xor_si128(_mm_xor_si128(hb0, hb1), a0))]
}

/// Evaluates a gate under the first of these keys.
#[inline]
#[target_feature(enable = "aes,ssse3")]
pub(super) fn evaluate<const KERNEL: usize, G: Gate>(keys: &Keys, and: &G, rows: [&Block; 2], frame: &mut Frame<'_>) {
    let [a, b, c] = operands(and, frame);
    let [tg, te] = rows.map(read);
    let tg = _mm_and_si128(lsb_mask(a), tg);
    let te = _mm_and_si128(lsb_mask(b), _mm_xor_si128(te, a));
    let added = _mm_xor_si128(_mm_xor_si128(tg, te), c);
    let zero = _mm_setzero_si128();
    let [ha] = hash(keys, 0, a, [zero], [added]);
    let [hb] = hash(keys, 1, b, [zero], [zero]);
    // SAFETY: the slot is the segment's.
    unsafe { *frame.label_mut(and.dst()) = block(_mm_xor_si128(ha, hb)) }
}

/// The labels of both operands, complemented or not, and what is added to the product.
#[inline]
#[target_feature(enable = "aes,ssse3")]
fn operands<G: Gate>(and: &G, frame: &Frame<'_>) -> [__m128i; 3] {
    // SAFETY: the operands are the segment's.
    let [a, b] = and.operands().map(|operand| read(unsafe { frame.label(operand) }));
    if !G::HAS_XORS {
        return [a, b, _mm_setzero_si128()];
    }
    // SAFETY: the operands are the segment's, and what is added is never complemented.
    let [a_plus, b_plus, c] = and.added().map(|operand| read(unsafe { frame.plain_label(operand) }));
    [_mm_xor_si128(a, a_plus), _mm_xor_si128(b, b_plus), c]
}

/// For each of `N` offsets H(x ⊕ y) ⊕ what is added, σ(y) being the offset. `half` says whose keys are used.
#[inline]
#[target_feature(enable = "aes,ssse3")]
fn hash<const N: usize>(
    keys: &Keys,
    half: usize,
    x: __m128i,
    offsets: [__m128i; N],
    added: [__m128i; N],
) -> [__m128i; N] {
    let (swapped, high) = (swap(x), high_half(x));
    let mut states = offsets;
    for n in 0..N {
        let offset = _mm_xor_si128(offsets[n], key(keys, 0, half));
        states[n] = _mm_xor_si128(swapped, finished(_mm_xor_si128(high, offset)));
    }
    for round in 1..ROUND_KEYS - 1 {
        for state in &mut states {
            *state = _mm_aesenc_si128(*state, key(keys, round, half));
        }
    }
    let sigma = _mm_xor_si128(swapped, high);
    for n in 0..N {
        let added = _mm_xor_si128(sigma, _mm_xor_si128(offsets[n], added[n]));
        states[n] = _mm_aesenclast_si128(states[n], _mm_xor_si128(key(keys, ROUND_KEYS - 1, half), added));
    }
    states
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn key(keys: &Keys, round: usize, half: usize) -> __m128i {
    read(&keys[(2 * round + half) * ROW])
}

/// The same value, of which the compiler does not know how it came about: it keeps the order of XORs around it.
#[inline]
#[target_feature(enable = "aes,ssse3")]
fn finished(mut x: __m128i) -> __m128i {
    // SAFETY: there are no instructions.
    unsafe { std::arch::asm!("/* {0} */", inout(xmm_reg) x, options(pure, nomem, nostack, preserves_flags)) };
    x
}

/// `zero` where the mask is zero, `one` where it is all ones.
#[inline]
#[target_feature(enable = "aes,ssse3")]
fn choose(mask: __m128i, zero: __m128i, one: __m128i) -> __m128i {
    _mm_or_si128(_mm_andnot_si128(mask, zero), _mm_and_si128(mask, one))
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn swap(x: __m128i) -> __m128i {
    _mm_shuffle_epi32::<0b0100_1110>(x)
}

#[inline]
#[target_feature(enable = "aes,ssse3")]
fn high_half(x: __m128i) -> __m128i {
    _mm_and_si128(x, _mm_set_epi64x(-1, 0))
}
