//! Sum, difference, product and quotient.
//!
//! The sum orders its operands by magnitude, aligns the lesser one, and shifts up as far as the exponent allows, so that a
//! subnormal result needs no other care. The product normalises one operand only: where both are subnormal, it is 0
//! whatever their fractions. The quotient comes bit by bit, non-restoring.

use super::{Format, Number, Unrounded, bits_of, complement, greatest, normalize, raise_if, shift_down, sum};
use crate::build::Builder;
use crate::gadgets::add::{self, add_or_subtract, add_with_carry};
use crate::gadgets::compare::{all, any, is_zero, less};
use crate::gadgets::select::{mask_if, select, swap_if};
use crate::gadgets::{multiply as words, zero_extend};
use crate::id::Wire;

/// `x + y`. An exact 0 is positive, unless both are negative zeros; `∞ − ∞` is NaN.
///
/// # Panics
/// If an operand is not of the format's width.
pub fn add(b: &mut Builder, format: Format, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let (great, small) = by_magnitude(b, format, x, y);
    let great = format.unpack(b, &great);
    let (small_field, small_sign) = (&small[format.fraction..format.width() - 1], small[format.width() - 1]);
    let is_small_normal = any(b, small_field);
    let differ = b.xor(great.sign, small_sign);

    let distance = distance(b, &great, small_field, is_small_normal);
    let small_significand = [&[Wire::FALSE; BELOW], &small[..format.fraction], &[is_small_normal]].concat();
    let aligned = align(b, small_significand, &distance);
    let own = [&[Wire::FALSE; BELOW], &great.significand[..]].concat();
    let width = own.len() + 1;
    let total = add_or_subtract(b, differ, &zero_extend(&own, width), &zero_extend(&aligned, width));

    // Of a number whose top bit is the carry; subnormal numbers have the exponent of the least normal ones.
    let mut exponent = great.exponent;
    exponent[0] = b.xor(exponent[0], !great.is_normal);
    let (significand, exponent) = normalize_within(b, &total, exponent);
    let is_null = is_zero(b, &significand[BELOW + 1..]);
    let exponent = mask_if(b, !is_null, &exponent);
    let cancels = b.and(differ, is_null);
    let sign = b.and(great.sign, !cancels);
    let is_small_max = all(b, small_field);
    let cancels_infinity = b.and(differ, is_small_max);
    Unrounded {
        sign,
        exponent: zero_extend(&exponent, format.exponent + 1),
        significand: [&[any(b, &significand[..BELOW])], &significand[BELOW..]].concat(),
        is_max: great.is_max,
        is_nan: b.or(great.is_nan, cancels_infinity),
    }
    .round(b, format)
}

/// `x − y`, which is `x + −y`.
///
/// # Panics
/// If an operand is not of the format's width.
pub fn subtract(b: &mut Builder, format: Format, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    add(b, format, x, &super::negate(y))
}

/// `x·y`; `0·∞` is NaN.
///
/// # Panics
/// If an operand is not of the format's width.
pub fn multiply(b: &mut Builder, format: Format, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let (x, y) = (format.unpack(b, x), format.unpack(b, y));
    let m = format.fraction;
    let are_normal = b.and(x.is_normal, y.is_normal);
    let (first, second) = swap_if(b, !y.is_normal, &x.significand[..m], &y.significand[..m]);
    let (first, shifted) = normalize(b, &[first, vec![are_normal]].concat());
    let is_null = !first[m];
    let with_top = |word: &[Wire]| [&word[..m], &[Wire::TRUE]].concat();
    let product = words::multiply(b, &with_top(&first), &with_top(&second));
    let carry = product[2 * m + 1];

    let terms = [&x.exponent[..], &y.exponent, &complement(&shifted), &[!are_normal], &[carry]];
    let exponent = sum(b, &terms, -greatest(&shifted) - format.bias() - 1, format.exponent + 2);
    let sticky = any(b, &product[..m - 1]);
    let is_max = b.or(x.is_max, y.is_max);
    let is_invalid = b.and(is_max, is_null);
    let is_nan = any(b, &[x.is_nan, y.is_nan, is_invalid]);
    let significand = with_carry(b, carry, sticky, &product[m - 1..]);
    let result = Unrounded { sign: b.xor(x.sign, y.sign), exponent, significand, is_max, is_nan };
    result.round_subnormal(b, format, is_null)
}

/// `x / y`; a number other than 0 by 0 is infinite, `0/0` and `∞/∞` are NaN.
///
/// # Panics
/// If an operand is not of the format's width.
pub fn divide(b: &mut Builder, format: Format, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let (x, y) = (format.unpack(b, x), format.unpack(b, y));
    let m = format.fraction;
    let (dividend, x_shifted) = normalize(b, &x.significand);
    let (divisor, y_shifted) = normalize(b, &y.significand);
    let (x_null, y_null) = (!dividend[m], !divisor[m]);
    let with_top = |word: &[Wire]| [&word[..m], &[Wire::TRUE]].concat();
    let (quotient, sticky) = quotient(b, &with_top(&dividend), &with_top(&divisor), m + 3);
    let carry = quotient[m + 2];

    let y_exponent = complement(&y.exponent);
    let terms =
        [&x.exponent[..], &[!x.is_normal], &complement(&x_shifted), &y_exponent, &[y.is_normal], &y_shifted, &[carry]];
    let constant = format.bias() - 3 - greatest(&x_shifted) - greatest(&y_exponent);
    let exponent = sum(b, &terms, constant, format.exponent + 2);
    let (no_number, no_ratio) = (b.and(x_null, y_null), b.and(x.is_max, y.is_max));
    let is_nan = any(b, &[x.is_nan, y.is_nan, no_number, no_ratio]);
    let is_max = any(b, &[x.is_max, y_null, is_nan]);
    let is_null = b.or(x_null, y.is_max);
    let significand = with_carry(b, carry, sticky, &quotient);
    let result = Unrounded { sign: b.xor(x.sign, y.sign), exponent, significand, is_max, is_nan };
    result.round_subnormal(b, format, is_null)
}

/// Bits of a sum below the greater operand's: two that a shift by one may need, and the sticky bit.
const BELOW: usize = 3;

/// The operand of greater magnitude, then the other one.
fn by_magnitude(b: &mut Builder, format: Format, x: &[Wire], y: &[Wire]) -> (Vec<Wire>, Vec<Wire>) {
    assert_eq!((x.len(), y.len()), (format.width(), format.width()), "widths of a sum's terms");
    let is_less = less(b, &x[..x.len() - 1], &y[..y.len() - 1]);
    swap_if(b, is_less, x, y)
}

/// By how much the exponents differ. Both being subnormal, they do not; one being so, by one less than the fields say.
fn distance(b: &mut Builder, great: &Number, small_field: &[Wire], is_small_normal: Wire) -> Vec<Wire> {
    let is_one_less = b.xor(great.is_normal, is_small_normal);
    add_with_carry(b, &great.exponent, &complement(small_field), !is_one_less).0
}

fn align(b: &mut Builder, significand: Vec<Wire>, distance: &[Wire]) -> Vec<Wire> {
    let n_amount = bits_of(significand.len() - 1).min(distance.len());
    let (amount, beyond) = distance.split_at(n_amount);
    let is_far = any(b, beyond);
    let amount: Vec<Wire> = amount.iter().map(|&bit| b.or(bit, is_far)).collect();
    shift_down(b, significand, &amount)
}

/// Shifts up until the top bit is 1, or the exponent is 0.
fn normalize_within(b: &mut Builder, x: &[Wire], mut exponent: Vec<Wire>) -> (Vec<Wire>, Vec<Wire>) {
    let mut x = x.to_vec();
    for k in (0..bits_of(x.len() - 1).min(exponent.len())).rev() {
        let (has_room, is_taken) = (any(b, &exponent[k..]), any(b, &x[x.len() - (1 << k)..]));
        let is_shifted = b.and(has_room, !is_taken);
        x = raise_if(b, is_shifted, &x, 1 << k);
        let mut borrow = is_shifted;
        for bit in &mut exponent[k..] {
            let next = b.and(borrow, !*bit);
            *bit = b.xor(*bit, borrow);
            borrow = next;
        }
    }
    (x, exponent)
}

/// The significand of a number whose top bit is that of `x` if there is a carry, or else the next one.
fn with_carry(b: &mut Builder, carry: Wire, sticky: Wire, x: &[Wire]) -> Vec<Wire> {
    let n = x.len() - 1;
    let lost = b.and(carry, x[0]);
    let sticky = b.or(sticky, lost);
    let kept = select(b, carry, &x[1..n], &x[..n - 1]);
    [vec![sticky], kept, vec![Wire::TRUE]].concat()
}

/// The first `n_bits` bits of the quotient of numbers from 1 to 2, and whether something remains. Most significant is the ones'.
fn quotient(b: &mut Builder, dividend: &[Wire], divisor: &[Wire], n_bits: usize) -> (Vec<Wire>, Wire) {
    let width = divisor.len() + 1;
    let divisor = zero_extend(divisor, width);
    let mut rest = add::subtract(b, &zero_extend(dividend, width), &divisor);
    let mut quotient = vec![!rest[width - 1]];
    while quotient.len() < n_bits {
        let is_negative = rest[width - 1];
        rest.insert(0, Wire::FALSE);
        rest = add_or_subtract(b, !is_negative, &rest[..width], &divisor);
        quotient.push(!rest[width - 1]);
    }
    quotient.reverse();
    let back = mask_if(b, rest[width - 1], &divisor);
    let rest = add::add(b, &rest[..width - 1], &back[..width - 1]);
    (quotient, any(b, &rest))
}
