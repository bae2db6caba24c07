//! Addition, subtraction, negation.
//!
//! One AND per carry: the full adder of Boyar, Peralta, Pochuev, "On the multiplicative complexity of Boolean functions
//! over the basis (∧, ⊕, 1)", TCS 2000; as many as there are carries is optimal.
//!
//! | gadget, n bits | ANDs | depth |
//! |---|---|---|
//! | [`add`], [`subtract`] (wrapping) | n−1 | n−1 |
//! | [`add_wide`], [`subtract_borrow`] | n | n |
//! | [`negate`] | n−2 | n−2 |
//! | [`increment`] by a bit, [`negate_if`], [`absolute`] | n−1 | n−1 |
//! | [`absolute_difference`] | 2n−1 | 2n−1 |

use super::{sign_extend, zero_extend};
use crate::build::Builder;
use crate::id::Wire;

/// Sum and carry of three bits; 1 AND.
pub fn full_adder(b: &mut Builder, x: Wire, y: Wire, carry: Wire) -> (Wire, Wire) {
    let (xc, yc) = (b.xor(x, carry), b.xor(y, carry));
    let changes = b.and(xc, yc);
    (b.xor(xc, y), b.xor(carry, changes))
}

/// `x + y + carry` in n bits, and the carry out.
///
/// # Panics
/// If the widths differ.
pub fn add_with_carry(b: &mut Builder, x: &[Wire], y: &[Wire], mut carry: Wire) -> (Vec<Wire>, Wire) {
    assert_eq!(x.len(), y.len(), "widths of a sum's terms");
    let mut sum = Vec::with_capacity(x.len());
    for (&x, &y) in x.iter().zip(y) {
        let (bit, next) = full_adder(b, x, y, carry);
        sum.push(bit);
        carry = next;
    }
    (sum, carry)
}

/// `x + y`, wrapping; n−1 ANDs.
///
/// # Panics
/// If the widths differ.
pub fn add(b: &mut Builder, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    add_wrapping(b, x, y, Wire::FALSE)
}

/// `x + y` in one bit more than the wider of both, unsigned; n ANDs.
pub fn add_wide(b: &mut Builder, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let width = x.len().max(y.len());
    let (mut sum, carry) = add_with_carry(b, &zero_extend(x, width), &zero_extend(y, width), Wire::FALSE);
    sum.push(carry);
    sum
}

/// `x − y`, wrapping; n−1 ANDs.
///
/// # Panics
/// If the widths differ.
pub fn subtract(b: &mut Builder, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    add_wrapping(b, x, &complement(y), Wire::TRUE)
}

/// `x − y`, wrapping, and whether `x < y`, unsigned; n ANDs.
///
/// # Panics
/// If the widths differ.
pub fn subtract_borrow(b: &mut Builder, x: &[Wire], y: &[Wire]) -> (Vec<Wire>, Wire) {
    let (difference, carry) = add_with_carry(b, x, &complement(y), Wire::TRUE);
    (difference, !carry)
}

/// `x − y` where `choice`, else `x + y`, wrapping; n−1 ANDs.
///
/// # Panics
/// If the widths differ.
pub fn add_or_subtract(b: &mut Builder, choice: Wire, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let y = complement_if(b, choice, y);
    add_wrapping(b, x, &y, choice)
}

/// `−x`, wrapping; n−2 ANDs.
pub fn negate(b: &mut Builder, x: &[Wire]) -> Vec<Wire> {
    negate_if(b, Wire::TRUE, x)
}

/// `−x` where `choice`, else `x`, wrapping; n−1 ANDs.
pub fn negate_if(b: &mut Builder, choice: Wire, x: &[Wire]) -> Vec<Wire> {
    let x = complement_if(b, choice, x);
    increment(b, &x, choice)
}

/// `x + carry`, wrapping; n−1 ANDs.
pub fn increment(b: &mut Builder, x: &[Wire], carry: Wire) -> Vec<Wire> {
    add_wrapping(b, x, &vec![Wire::FALSE; x.len()], carry)
}

/// `|x|` of a signed `x`, as an unsigned word of the same width; n−1 ANDs.
pub fn absolute(b: &mut Builder, x: &[Wire]) -> Vec<Wire> {
    let sign = x.last().copied().unwrap_or(Wire::FALSE);
    negate_if(b, sign, x)
}

/// `|x − y|` of unsigned words, and whether `x < y`; 2n−1 ANDs.
///
/// # Panics
/// If the widths differ.
pub fn absolute_difference(b: &mut Builder, x: &[Wire], y: &[Wire]) -> (Vec<Wire>, Wire) {
    let (difference, borrow) = subtract_borrow(b, x, y);
    (negate_if(b, borrow, &difference), borrow)
}

/// Every bit complemented; free.
#[must_use]
pub fn complement(x: &[Wire]) -> Vec<Wire> {
    x.iter().map(|&bit| !bit).collect()
}

/// Every bit complemented where `choice`; free.
pub fn complement_if(b: &mut Builder, choice: Wire, x: &[Wire]) -> Vec<Wire> {
    x.iter().map(|&bit| b.xor(bit, choice)).collect()
}

/// `x + y` of signed words in one bit more than the wider of both; n ANDs.
pub fn add_wide_signed(b: &mut Builder, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let width = x.len().max(y.len()) + 1;
    add(b, &sign_extend(x, width), &sign_extend(y, width))
}

/// `x + y + carry` without the carry out.
fn add_wrapping(b: &mut Builder, x: &[Wire], y: &[Wire], carry: Wire) -> Vec<Wire> {
    assert_eq!(x.len(), y.len(), "widths of a sum's terms");
    let (Some((&x_top, x)), Some((&y_top, y))) = (x.split_last(), y.split_last()) else { return Vec::new() };
    let (mut sum, carry) = add_with_carry(b, x, y, carry);
    let top = b.xor(x_top, y_top);
    sum.push(b.xor(top, carry));
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gadgets::check::{check, mask};

    #[test]
    fn sums_and_differences() {
        for n in [1, 2, 3, 6, 32, 64] {
            let m = mask(n);
            let full = n as u64;
            assert_eq!(check(&[n, n], |b, w| vec![add(b, w[0], w[1])], |v| vec![(v[0] + v[1]) & m]), full - 1);
            assert_eq!(check(&[n, n], |b, w| vec![add_wide(b, w[0], w[1])], |v| vec![v[0] + v[1]]), full);
            let difference = |v: &[u128]| v[0].wrapping_sub(v[1]) & m;
            assert_eq!(check(&[n, n], |b, w| vec![subtract(b, w[0], w[1])], |v| vec![difference(v)]), full - 1);
            let both = |b: &mut Builder, w: &[&[Wire]]| {
                let (difference, borrow) = subtract_borrow(b, w[0], w[1]);
                vec![difference, vec![borrow]]
            };
            assert_eq!(check(&[n, n], both, |v| vec![difference(v), u128::from(v[0] < v[1])]), full);
            let either = |b: &mut Builder, w: &[&[Wire]]| vec![add_or_subtract(b, w[2][0], w[0], w[1])];
            let expected = |v: &[u128]| vec![if v[2] == 1 { difference(v) } else { (v[0] + v[1]) & m }];
            assert_eq!(check(&[n, n, 1], either, expected), full - 1);
        }
    }

    #[test]
    fn signed_sums_have_room() {
        let signed = |x: u128| x as i128 - if x > 7 { 16 } else { 0 };
        let expected = |v: &[u128]| vec![(signed(v[0]) + signed(v[1])) as u128 & 31];
        assert_eq!(check(&[4, 4], |b, w| vec![add_wide_signed(b, w[0], w[1])], expected), 4);
    }

    #[test]
    fn negation_and_absolute_value() {
        for n in [1, 2, 3, 8, 32, 64] {
            let m = mask(n);
            let full = n as u64;
            let minus = |x: u128| x.wrapping_neg() & m;
            let negative = |x: u128| x >> (n - 1) == 1;
            assert_eq!(check(&[n], |b, w| vec![negate(b, w[0])], |v| vec![minus(v[0])]), full.saturating_sub(2));
            let expected = |v: &[u128]| vec![if negative(v[0]) { minus(v[0]) } else { v[0] }];
            assert_eq!(check(&[n], |b, w| vec![absolute(b, w[0])], expected), full - 1);
            let expected = |v: &[u128]| vec![(v[0] + v[1]) & m];
            assert_eq!(check(&[n, 1], |b, w| vec![increment(b, w[0], w[1][0])], expected), full - 1);
            let expected = |v: &[u128]| vec![v[0].abs_diff(v[1]), u128::from(v[0] < v[1])];
            let both = |b: &mut Builder, w: &[&[Wire]]| {
                let (difference, less) = absolute_difference(b, w[0], w[1]);
                vec![difference, vec![less]]
            };
            assert_eq!(check(&[n, n], both, expected), 2 * full - 1);
        }
    }
}
