//! Least intervals of `&` and `^` over intervals.
//!
//! Warren, "Hacker's Delight" (2nd ed., 4-3): the bounds of unsigned bit operations, bit by bit from the top. Signed
//! operands are split by sign; two's complement turns each half into unsigned numbers with a fixed top bit. Beyond 127 bits the
//! bounds are those of the widths alone.

use num_bigint::BigInt;

use super::Range;

/// `a & b`.
pub(super) fn and(a: &Range, b: &Range) -> Range {
    combine(a, b, |w, (a, b), (c, d)| (min_and(w, a, b, c, d), max_and(w, a, b, c, d))).unwrap_or_else(|| {
        let all = whole(a, b);
        let least = if a.is_signed() && b.is_signed() { all.lo } else { BigInt::ZERO };
        let greatest = match (a.is_signed(), b.is_signed()) {
            (false, false) => (&a.hi).min(&b.hi).clone(),
            (false, true) => a.hi.clone(),
            (true, false) => b.hi.clone(),
            (true, true) => all.hi,
        };
        Range { lo: least, hi: greatest }
    })
}

/// `a ^ b`.
pub(super) fn xor(a: &Range, b: &Range) -> Range {
    combine(a, b, |w, (a, b), (c, d)| (min_xor(w, a, b, c, d), max_xor(w, a, b, c, d))).unwrap_or_else(|| whole(a, b))
}

/// All integers of the width that holds both.
fn whole(a: &Range, b: &Range) -> Range {
    let signed = a.is_signed() || b.is_signed();
    let both = a.union(b);
    Range::of_width(signed, u32::try_from(both.width()).unwrap_or(u32::MAX))
}

type Pair = (u128, u128);

/// Splits by sign, applies `op` to the bits, and puts the results together; nothing if 127 bits do not suffice.
fn combine(a: &Range, b: &Range, op: impl Fn(u32, Pair, Pair) -> Pair) -> Option<Range> {
    let width = u32::try_from(a.union(b).width()).ok().filter(|w| *w < 127)? + 1;
    let mut all: Option<Range> = None;
    for x in halves(a) {
        for y in halves(b) {
            let (lo, hi) = op(width, unsigned(&x, width)?, unsigned(&y, width)?);
            let part = Range::new(signed(lo, width), signed(hi, width));
            all = Some(all.map_or(part.clone(), |sum| sum.union(&part)));
        }
    }
    all
}

fn halves(a: &Range) -> Vec<Range> {
    if a.is_signed() && a.hi >= BigInt::ZERO {
        vec![Range::new(a.lo.clone(), -1), Range::new(0, a.hi.clone())]
    } else {
        vec![a.clone()]
    }
}

fn unsigned(a: &Range, width: u32) -> Option<Pair> {
    let mask = (1u128 << width) - 1;
    let bits = |x: &BigInt| i128::try_from(x).ok().map(|x| x as u128 & mask);
    Some((bits(&a.lo)?, bits(&a.hi)?))
}

fn signed(bits: u128, width: u32) -> BigInt {
    let negative = bits >> (width - 1) & 1 == 1;
    BigInt::from(bits) - if negative { BigInt::from(1) << width } else { BigInt::ZERO }
}

fn masks(width: u32) -> impl Iterator<Item = u128> {
    (0..width).rev().map(|i| 1u128 << i)
}

fn min_or(width: u32, mut a: u128, b: u128, mut c: u128, d: u128) -> u128 {
    for m in masks(width) {
        if !a & c & m != 0 {
            let raised = (a | m) & !(m - 1);
            if raised <= b {
                a = raised;
                break;
            }
        } else if a & !c & m != 0 {
            let raised = (c | m) & !(m - 1);
            if raised <= d {
                c = raised;
                break;
            }
        }
    }
    a | c
}

fn max_or(width: u32, a: u128, mut b: u128, c: u128, mut d: u128) -> u128 {
    for m in masks(width) {
        if b & d & m != 0 {
            let lowered = (b - m) | (m - 1);
            if lowered >= a {
                b = lowered;
                break;
            }
            let lowered = (d - m) | (m - 1);
            if lowered >= c {
                d = lowered;
                break;
            }
        }
    }
    b | d
}

fn complement(width: u32, x: u128) -> u128 {
    !x & ((1u128 << width) - 1)
}

fn min_and(w: u32, a: u128, b: u128, c: u128, d: u128) -> u128 {
    let not = |x| complement(w, x);
    not(max_or(w, not(b), not(a), not(d), not(c)))
}

fn max_and(w: u32, a: u128, b: u128, c: u128, d: u128) -> u128 {
    let not = |x| complement(w, x);
    not(min_or(w, not(b), not(a), not(d), not(c)))
}

fn min_xor(width: u32, mut a: u128, b: u128, mut c: u128, d: u128) -> u128 {
    for m in masks(width) {
        if !a & c & m != 0 {
            let raised = (a | m) & !(m - 1);
            if raised <= b {
                a = raised;
            }
        } else if a & !c & m != 0 {
            let raised = (c | m) & !(m - 1);
            if raised <= d {
                c = raised;
            }
        }
    }
    a ^ c
}

fn max_xor(width: u32, a: u128, mut b: u128, c: u128, mut d: u128) -> u128 {
    for m in masks(width) {
        if b & d & m != 0 {
            let lowered = (b - m) | (m - 1);
            if lowered >= a {
                b = lowered;
            } else {
                let lowered = (d - m) | (m - 1);
                if lowered >= c {
                    d = lowered;
                }
            }
        }
    }
    b ^ d
}
