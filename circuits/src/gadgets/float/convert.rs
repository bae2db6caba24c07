//! Conversions: from and to integers, and between formats.
//!
//! From integers and to narrower formats they round to nearest, ties to even. To integers they cut the fraction off; what
//! does not fit becomes the nearest integer that does, and NaN becomes 0.

use super::{Format, Unrounded, bits_of, complement, greatest, normalize, sum};
use crate::build::Builder;
use crate::gadgets::add::{absolute, increment};
use crate::gadgets::compare::any;
use crate::gadgets::select::{mask_if, select};
use crate::gadgets::zero_extend;
use crate::id::Wire;

/// The number nearest to an unsigned word.
///
/// # Panics
/// If `x` is so wide that the format's exponents would have to be one bit wider (for f32: beyond 385 bits).
pub fn from_unsigned(b: &mut Builder, format: Format, x: &[Wire]) -> Vec<Wire> {
    from_magnitude(b, format, Wire::FALSE, x)
}

/// The number nearest to a signed word.
///
/// # Panics
/// As [`from_unsigned`].
pub fn from_signed(b: &mut Builder, format: Format, x: &[Wire]) -> Vec<Wire> {
    let sign = x.last().copied().unwrap_or(Wire::FALSE);
    let magnitude = absolute(b, x);
    from_magnitude(b, format, sign, &magnitude)
}

/// The integer part in `width` bits, unsigned; negative numbers become 0.
///
/// # Panics
/// If `x` is not of the format's width, or `width` is 0.
pub fn to_unsigned(b: &mut Builder, format: Format, x: &[Wire], width: usize) -> Vec<Wire> {
    let Integer { sign, is_number, magnitude, is_beyond } = Integer::of(b, format, x, width);
    let is_kept = b.and(is_number, !sign);
    let whole: Vec<Wire> = magnitude.into_iter().map(|bit| b.or(bit, is_beyond)).collect();
    mask_if(b, is_kept, &whole)
}

/// The integer part in `width` bits, signed.
///
/// # Panics
/// If `x` is not of the format's width, or `width` is less than 2.
pub fn to_signed(b: &mut Builder, format: Format, x: &[Wire], width: usize) -> Vec<Wire> {
    let Integer { sign, is_number, magnitude, is_beyond } = Integer::of(b, format, x, width - 1);
    let whole: Vec<Wire> = magnitude.into_iter().map(|bit| b.or(bit, is_beyond)).collect();
    let whole = mask_if(b, is_number, &whole);
    let sign = b.and(sign, is_number);
    // The least integer is the complement of the greatest, not its negative.
    let complemented: Vec<Wire> = whole.iter().map(|&bit| b.xor(bit, sign)).collect();
    let is_negated = b.and(sign, !is_beyond);
    increment(b, &[complemented, vec![sign]].concat(), is_negated)
}

/// The number in a wider format: the same; NaN becomes [`Format::nan`].
///
/// # Panics
/// If `x` is not of the format's width, or `to` does not hold all numbers of `from` as normal ones.
pub fn widen(b: &mut Builder, from: Format, to: Format, x: &[Wire]) -> Vec<Wire> {
    assert!(to.fraction > from.fraction && to.bias() > from.bias() + from.fraction as i64, "{to:?} is wider");
    let x = from.unpack(b, x);
    let (significand, shifted) = normalize(b, &x.significand);
    let top = significand[from.fraction];
    let terms = [&x.exponent[..], &[!x.is_normal], &complement(&shifted)];
    let exponent = sum(b, &terms, to.bias() - from.bias() - 1 - greatest(&shifted), to.exponent + 1);
    Unrounded {
        sign: x.sign,
        exponent: mask_if(b, top, &exponent),
        significand: [vec![Wire::FALSE; to.fraction - from.fraction + 2], significand].concat(),
        is_max: x.is_max,
        is_nan: x.is_nan,
    }
    .round(b, to)
}

/// The nearest number of a narrower format.
///
/// # Panics
/// If `x` is not of the format's width, or if `to` does not take all subnormal numbers of `from` for 0.
pub fn narrow(b: &mut Builder, from: Format, to: Format, x: &[Wire]) -> Vec<Wire> {
    let dropped = from.fraction.saturating_sub(to.fraction + 1);
    assert!(dropped > 0 && from.bias() > to.bias() + to.fraction as i64 + 1, "{to:?} is narrower");
    let x = from.unpack(b, x);
    let sticky = any(b, &x.significand[..dropped]);
    let exponent = sum(b, &[&x.exponent], to.bias() - from.bias() - 1, from.exponent + 1);
    let number = Unrounded {
        sign: x.sign,
        exponent,
        significand: [&[sticky], &x.significand[dropped..]].concat(),
        is_max: x.is_max,
        is_nan: x.is_nan,
    };
    number.round_subnormal(b, to, !x.is_normal)
}

fn from_magnitude(b: &mut Builder, format: Format, sign: Wire, x: &[Wire]) -> Vec<Wire> {
    assert!(format.bias() + (x.len() as i64) < 2 << format.exponent, "an integer of {} bits", x.len());
    if x.is_empty() {
        return zero_extend(x, format.width());
    }
    let (significand, shifted) = normalize(b, x);
    let top = significand[x.len() - 1];
    let constant = format.bias() + x.len() as i64 - 2 - greatest(&shifted);
    let exponent = sum(b, &[&complement(&shifted)], constant, format.exponent + 1);
    let wanted = format.fraction + 2;
    let (below, kept) = significand.split_at(x.len().saturating_sub(wanted));
    let padding = vec![Wire::FALSE; wanted - kept.len()];
    Unrounded {
        sign,
        exponent: mask_if(b, top, &exponent),
        significand: [&[any(b, below)], &padding[..], kept].concat(),
        is_max: Wire::FALSE,
        is_nan: Wire::FALSE,
    }
    .round(b, format)
}

/// A number without its fraction.
struct Integer {
    sign: Wire,
    is_number: Wire,
    /// Its magnitude, where that is not beyond.
    magnitude: Vec<Wire>,
    /// The magnitude has more bits.
    is_beyond: Wire,
}

impl Integer {
    fn of(b: &mut Builder, format: Format, x: &[Wire], width: usize) -> Integer {
        assert!(width > 0, "an integer of 0 bits");
        let x = format.unpack(b, x);
        // How far the point moves; numbers below 1 have a negative one.
        let distance = sum(b, &[&x.exponent], -format.bias(), format.exponent + 1);
        let (&is_fraction, distance) = distance.split_last().expect("a distance has bits");
        let (amount, beyond) = distance.split_at(bits_of(width - 1).min(distance.len()));
        let mut word = mask_if(b, !is_fraction, &x.significand);
        for (k, &bit) in amount.iter().enumerate() {
            let n = word.len();
            word = zero_extend(&word, n + (1 << k));
            let moved = [vec![Wire::FALSE; 1 << k], word[..n].to_vec()].concat();
            word = select(b, bit, &moved, &word);
        }
        let word = zero_extend(&word, word.len().max(format.fraction + width));
        let (magnitude, above) = word[format.fraction..].split_at(width);
        let is_far = any(b, beyond);
        let is_above = any(b, above);
        let is_far = b.and(is_far, !is_fraction);
        let is_beyond = any(b, &[is_far, is_above, x.is_max]);
        Integer { sign: x.sign, is_number: !x.is_nan, magnitude: magnitude.to_vec(), is_beyond }
    }
}
