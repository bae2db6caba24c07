//! Division and remainder: unsigned, signed in three roundings, by constants.
//!
//! Restoring steps while the partial remainder is short (a compare and a select of its width each), then non-restoring steps
//! (one addition or subtraction of the divisor's width each). The switch is where a non-restoring step becomes the cheaper
//! one; found by formula, checked by test. By a constant: the cheapest of this, folded; of multiplication by a rounded-up
//! reciprocal (Granlund, Montgomery, "Division by invariant integers using multiplication", PLDI 1994, which also has
//! exact division); and of adding up digits for the remainder, then dividing exactly, bit by bit from below.
//!
//! | gadget | ANDs |
//! |---|---|
//! | quotient of u32, u64 | 829, 3,197 |
//! | quotient and remainder of u32, u64 | 892, 3,324 |
//! | u32 by 3, 7, 10, 100, quotient | 31, 61, 59, 110 |
//! | u32 by 3, 7, 10, 100, remainder | 32, 40, 45, 114 |
//! | u64 by 10, quotient; remainder | 123; 76 |
//!
//! Depth: O(n²). Division by 0 gives all ones and leaves the dividend as remainder where the divisor is at least as wide
//! as the dividend; otherwise some quotient and remainder. Nothing traps: callers select what they want instead.

use num_bigint::BigUint;

use super::add::{add, add_or_subtract, complement_if, full_adder, negate_if, subtract, subtract_borrow};
use super::compare::any;
use super::count::sum;
use super::multiply::multiply_constant;
use super::select::{mask_if, select};
use super::{and_count, as_constant, constant, sign_extend, zero_extend};
use crate::build::Builder;
use crate::id::Wire;

/// A quotient, as wide as the dividend, and a remainder, as wide as the divisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    /// How often the divisor goes into the dividend.
    pub quotient: Vec<Wire>,
    /// What is left.
    pub remainder: Vec<Wire>,
}

/// Which way a signed quotient is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero; the remainder has the dividend's sign. As in C and Rust's `/`.
    Truncate,
    /// Down; the remainder has the divisor's sign. As in Python's `//`.
    Floor,
    /// So that the remainder is never negative. As in Rust's `div_euclid`.
    Euclid,
}

/// Quotient and remainder of unsigned words. A part that is not used costs nothing.
pub fn divide(b: &mut Builder, dividend: &[Wire], divisor: &[Wire]) -> Division {
    if let Some(constant) = as_constant(divisor).filter(|constant| *constant != BigUint::ZERO) {
        let Division { quotient, remainder } =
            divide_constant(b, dividend, &constant, |d| [&d.quotient[..], &d.remainder].concat());
        return Division { quotient, remainder: zero_extend(&remainder, divisor.len()) };
    }
    divide_switching(b, dividend, divisor, switch(dividend.len(), divisor.len()))
}

/// Quotient and remainder of signed words, rounded as asked. The one overflow, −2^(n−1) by −1, wraps.
pub fn divide_signed(b: &mut Builder, dividend: &[Wire], divisor: &[Wire], rounding: Rounding) -> Division {
    let (n, k) = (dividend.len(), divisor.len());
    let (Some(&x_sign), Some(&d_sign)) = (dividend.last(), divisor.last()) else {
        return divide(b, dividend, divisor);
    };
    let divisor = negate_if(b, d_sign, divisor);
    match rounding {
        Rounding::Truncate => {
            let magnitude = negate_if(b, x_sign, dividend);
            let Division { quotient, remainder } = divide(b, &magnitude, &divisor);
            let sign = b.xor(x_sign, d_sign);
            let quotient = negate_if(b, sign, &quotient);
            // A remainder is less than half of 2^k, so its sign fits.
            Division { quotient, remainder: negate_if(b, x_sign, &remainder) }
        }
        Rounding::Euclid => {
            let Division { quotient, remainder } = divide_down(b, dividend, &divisor);
            Division { quotient: negate_if(b, d_sign, &quotient), remainder }
        }
        Rounding::Floor => {
            let dividend = negate_if(b, d_sign, &sign_extend(dividend, n + 1));
            let Division { quotient, remainder } = divide_down(b, &dividend, &divisor);
            Division {
                quotient: zero_extend(&quotient, n),
                remainder: negate_if(b, d_sign, &zero_extend(&remainder, k)),
            }
        }
    }
}

/// A signed word by an unsigned one, rounded down: `⌊x/d⌋ = ¬⌊¬x/d⌋` where `x` is negative.
fn divide_down(b: &mut Builder, x: &[Wire], divisor: &[Wire]) -> Division {
    let Some((&sign, rest)) = x.split_last() else { return divide(b, x, divisor) };
    let magnitude = complement_if(b, sign, rest);
    let Division { quotient, remainder } = divide(b, &magnitude, divisor);
    let quotient = complement_if(b, sign, &zero_extend(&quotient, x.len()));
    let remainder = complement_if(b, sign, &remainder);
    let back = mask_if(b, sign, divisor);
    Division { quotient, remainder: add(b, &remainder, &back) }
}

/// `⌊x / divisor⌋` of an unsigned word by a public number; all ones for 0.
pub fn quotient_constant(b: &mut Builder, x: &[Wire], divisor: &BigUint) -> Vec<Wire> {
    divide_constant(b, x, divisor, |division| division.quotient.clone()).quotient
}

/// `x mod divisor` of an unsigned word by a public number, as wide as the divisor.
pub fn remainder_constant(b: &mut Builder, x: &[Wire], divisor: &BigUint) -> Vec<Wire> {
    divide_constant(b, x, divisor, |division| division.remainder.clone()).remainder
}

/// Quotient and remainder of an unsigned word by a public number, by the way that is cheapest for what `used` picks.
pub fn divide_constant(
    b: &mut Builder,
    x: &[Wire],
    divisor: &BigUint,
    used: impl Fn(&Division) -> Vec<Wire>,
) -> Division {
    let zeros = divisor.trailing_zeros().unwrap_or(0);
    let odd = divisor >> zeros;
    let (low, high) = x.split_at(x.len().min(zeros as usize));
    let method = cheapest_method(high.len(), &odd, &used);
    let Division { quotient, remainder } = method.divide(b, high, &odd);
    let quotient = zero_extend(&quotient, if zeros == 0 { quotient.len() } else { x.len() });
    let remainder = [zero_extend(low, zeros as usize), remainder].concat();
    Division { quotient, remainder: zero_extend(&remainder, divisor.bits() as usize) }
}

/// How to divide by an odd public number.
#[derive(Clone, Copy, Debug)]
enum Method {
    /// Bit by bit, with constants folded; restoring for this many steps.
    Long(usize),
    /// The high bits of a product with the rounded-up reciprocal.
    Reciprocal,
    /// Digits of this many bits are added up: 2^bits leaves 1. What remains is subtracted, and division is exact.
    Digits(usize),
}

fn cheapest_method(n: usize, divisor: &BigUint, used: &impl Fn(&Division) -> Vec<Wire>) -> Method {
    let long = Method::Long(n);
    if *divisor <= BigUint::from(1u32) || n > METHODS_TRIED_BITS_MAX {
        return long;
    }
    let mut methods = vec![long, Method::Long(switch(n, divisor.bits() as usize)), Method::Reciprocal];
    let one = BigUint::from(1u32);
    let digit = (2..=n / 2).find(|&bits| (&one << bits) % divisor == one);
    methods.extend(digit.map(Method::Digits));
    let cost = |method: &Method| and_count(n, |b, x| used(&method.divide(b, x, divisor)));
    methods.into_iter().min_by_key(cost).unwrap_or(long)
}

/// Above this width the ways to divide by a constant are not compared.
const METHODS_TRIED_BITS_MAX: usize = 256;

impl Method {
    fn divide(self, b: &mut Builder, x: &[Wire], divisor: &BigUint) -> Division {
        let k = divisor.bits() as usize;
        match self {
            Method::Long(m) => divide_switching(b, x, &constant(divisor, k), m),
            Method::Reciprocal => {
                let quotient = quotient_by_reciprocal(b, x, divisor);
                let multiple = multiply_constant(b, &quotient, divisor, k);
                let remainder = subtract(b, &zero_extend(x, k), &multiple);
                Division { quotient, remainder }
            }
            Method::Digits(bits) => {
                let remainder = remainder_by_digits(b, x, divisor, bits);
                let quotient = quotient_of_multiple(b, x, &remainder, divisor);
                Division { quotient, remainder }
            }
        }
    }
}

/// `⌊x·M / 2^s⌋`, where `M = ⌈2^s / d⌉` and s is the least for which no x of n bits is rounded wrongly.
fn quotient_by_reciprocal(b: &mut Builder, x: &[Wire], divisor: &BigUint) -> Vec<Wire> {
    let one = BigUint::from(1u32);
    let n = x.len() as u64;
    let reciprocal = |s: u64| ((&one << s) + divisor - &one) / divisor;
    let is_exact = |s: &u64| (reciprocal(*s) * divisor - (&one << *s)) << n <= &one << *s;
    let s = (0..=n + divisor.bits()).find(is_exact).unwrap_or(n + divisor.bits());
    let factor = reciprocal(s);
    let product = multiply_constant(b, x, &factor, x.len() + factor.bits() as usize);
    zero_extend(product.get(s as usize..).unwrap_or_default(), x.len())
}

/// `x mod d`, where 2^bits mod d is 1: the sum of x's digits has the same remainder, and is shorter.
fn remainder_by_digits(b: &mut Builder, x: &[Wire], divisor: &BigUint, bits: usize) -> Vec<Wire> {
    let digits: Vec<&[Wire]> = x.chunks(bits).collect();
    let greatest: BigUint = digits.iter().map(|digit| (BigUint::from(1u32) << digit.len()) - 1u32).sum();
    let width = greatest.bits() as usize;
    if width >= x.len() {
        return Method::Long(x.len()).divide(b, x, divisor).remainder;
    }
    let sum = sum(b, &digits, width);
    remainder_by_digits(b, &sum, divisor, bits)
}

/// `(x − r) / d`, where d is odd and divides: bit by bit from below, `q = x − r − (d − 1)·q`, as bit i of `(d − 1)·q` needs
/// only bits of q below i.
fn quotient_of_multiple(b: &mut Builder, x: &[Wire], remainder: &[Wire], divisor: &BigUint) -> Vec<Wire> {
    let n = x.len();
    let multiple = subtract(b, x, &zero_extend(remainder, n));
    let digits = signed_digits(divisor);
    let mut carries = vec![Wire::FALSE; digits.len()];
    let mut quotient: Vec<Wire> = Vec::with_capacity(n);
    for (i, mut bit) in multiple.into_iter().enumerate() {
        for (&(shift, is_minus), carry) in digits.iter().zip(&mut carries) {
            let Some(&term) = i.checked_sub(shift).and_then(|i| quotient.get(i)) else { continue };
            // Subtracting 2^shift·q is adding its complement and 1; the carry is kept complemented for that.
            let subtracted = !is_minus;
            let (sum, next) = full_adder(b, bit, term ^ subtracted, *carry ^ subtracted);
            (bit, *carry) = (sum, next ^ subtracted);
        }
        quotient.push(bit);
    }
    quotient
}

/// The digits ±1 of an odd number's non-adjacent form above the lowest, as (position, is −1), if the lowest is 1; of
/// the plain binary form otherwise.
fn signed_digits(odd: &BigUint) -> Vec<(usize, bool)> {
    let mut digits = Vec::new();
    let mut rest: BigUint = odd >> 1u32;
    let mut position = 1;
    while rest != BigUint::ZERO {
        if rest.bit(0) {
            let is_minus = rest.bit(1) && rest.bits() > 2;
            rest = if is_minus { rest + 1u32 } else { rest - 1u32 };
            digits.push((position, is_minus));
        }
        rest >>= 1u32;
        position += 1;
    }
    digits
}

/// After how many restoring steps non-restoring ones are cheaper: a restoring step of width i costs 2i + 1, another k.
fn switch(n: usize, k: usize) -> usize {
    (k.saturating_sub(1) / 2).min(n)
}

/// Restoring for `m` steps, then non-restoring.
fn divide_switching(b: &mut Builder, dividend: &[Wire], divisor: &[Wire], m: usize) -> Division {
    let (n, k) = (dividend.len(), divisor.len());
    if k > n && n > m {
        return divide_by_longer(b, dividend, divisor);
    }
    let (mut quotient, mut remainder) = restoring(b, dividend, divisor, m);
    if n > m {
        remainder = non_restoring(b, dividend, divisor, remainder, &mut quotient);
    }
    quotient.reverse();
    Division { quotient, remainder: zero_extend(&remainder, k) }
}

/// A divisor with a 1 above the dividend's width gives 0; others are cut to that width.
fn divide_by_longer(b: &mut Builder, dividend: &[Wire], divisor: &[Wire]) -> Division {
    let (low, high) = divisor.split_at(dividend.len());
    let is_longer = any(b, high);
    let Division { quotient, remainder } = divide(b, dividend, low);
    let quotient = mask_if(b, !is_longer, &quotient);
    let remainder = select(b, is_longer, dividend, &remainder);
    Division { quotient, remainder: zero_extend(&remainder, divisor.len()) }
}

/// The first `m` quotient bits, most significant first, and the partial remainder.
fn restoring(b: &mut Builder, dividend: &[Wire], divisor: &[Wire], m: usize) -> (Vec<Wire>, Vec<Wire>) {
    let k = divisor.len();
    let mut longer_than = vec![Wire::FALSE; k + 1];
    for i in (1..k).rev() {
        longer_than[i] = b.or(longer_than[i + 1], divisor[i]);
    }
    let mut quotient = Vec::with_capacity(dividend.len());
    let mut remainder = Vec::new();
    for &bit in dividend.iter().rev().take(m) {
        remainder.insert(0, bit);
        let width = remainder.len();
        let (difference, borrow) = subtract_borrow(b, &remainder, &zero_extend(divisor, width));
        let keep = b.or(borrow, longer_than[width.min(k)]);
        quotient.push(!keep);
        remainder = select(b, keep, &remainder, &difference);
        remainder.truncate(k);
    }
    (quotient, remainder)
}

/// The other quotient bits, from the partial remainder after those that are there; returns the remainder.
fn non_restoring(
    b: &mut Builder,
    dividend: &[Wire],
    divisor: &[Wire],
    remainder: Vec<Wire>,
    quotient: &mut Vec<Wire>,
) -> Vec<Wire> {
    let k = divisor.len();
    let divisor = zero_extend(divisor, k + 1);
    let mut partial = zero_extend(&remainder, k + 1);
    let mut is_negative = Wire::FALSE;
    for &bit in dividend.iter().rev().skip(quotient.len()) {
        partial.insert(0, bit);
        partial.truncate(k + 1);
        partial = add_or_subtract(b, !is_negative, &partial, &divisor);
        is_negative = partial[k];
        quotient.push(!is_negative);
    }
    let back = mask_if(b, is_negative, &divisor[..k]);
    add(b, &partial[..k], &back)
}

#[cfg(test)]
mod tests;
