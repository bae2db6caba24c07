//! Comparison, minimum and maximum.
//!
//! `x < y` is the borrow of `x − y`: one AND per bit, optimal by the degree of the polynomial. Equality multiplies the bits
//! that say "equal", as a tree.
//!
//! | gadget, n bits | ANDs | depth |
//! |---|---|---|
//! | [`less`], [`less_signed`] | n (to a constant: less its trailing zeros) | n |
//! | [`equal`], [`is_zero`] | n−1 | ⌈log₂ n⌉ |
//! | [`min`], [`max`], [`compare_swap`] | 2n | n+1 |

use super::zero_extend;
use crate::build::Builder;
use crate::id::Wire;

/// Whether `x < y`, unsigned; n ANDs.
pub fn less(b: &mut Builder, x: &[Wire], y: &[Wire]) -> Wire {
    let width = x.len().max(y.len());
    let mut borrow = Wire::FALSE;
    for (x, y) in zero_extend(x, width).into_iter().zip(zero_extend(y, width)) {
        let (differ, changes) = (b.xor(x, y), b.xor(y, borrow));
        let change = b.and(differ, changes);
        borrow = b.xor(borrow, change);
    }
    borrow
}

/// Whether `x < y`, signed; n ANDs.
///
/// # Panics
/// If the widths differ.
pub fn less_signed(b: &mut Builder, x: &[Wire], y: &[Wire]) -> Wire {
    assert_eq!(x.len(), y.len(), "widths of compared words");
    less(b, &flip_sign(x), &flip_sign(y))
}

/// Whether `x = y`; n−1 ANDs.
///
/// # Panics
/// If the widths differ.
pub fn equal(b: &mut Builder, x: &[Wire], y: &[Wire]) -> Wire {
    assert_eq!(x.len(), y.len(), "widths of compared words");
    let same: Vec<Wire> = x.iter().zip(y).map(|(&x, &y)| !b.xor(x, y)).collect();
    all(b, &same)
}

/// Whether `x = 0`; n−1 ANDs.
pub fn is_zero(b: &mut Builder, x: &[Wire]) -> Wire {
    !any(b, x)
}

/// Whether all bits are 1; n−1 ANDs, as a tree.
pub fn all(b: &mut Builder, bits: &[Wire]) -> Wire {
    match *bits {
        [] => Wire::TRUE,
        [bit] => bit,
        _ => {
            let (low, high) = bits.split_at(bits.len() / 2);
            let (low, high) = (all(b, low), all(b, high));
            b.and(low, high)
        }
    }
}

/// Whether some bit is 1; n−1 ANDs, as a tree.
pub fn any(b: &mut Builder, bits: &[Wire]) -> Wire {
    let complements: Vec<Wire> = bits.iter().map(|&bit| !bit).collect();
    !all(b, &complements)
}

/// The lesser of both, unsigned; 2n ANDs.
///
/// # Panics
/// If the widths differ.
pub fn min(b: &mut Builder, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let y_less = less(b, y, x);
    super::select::select(b, y_less, y, x)
}

/// The greater of both, unsigned; 2n ANDs.
///
/// # Panics
/// If the widths differ.
pub fn max(b: &mut Builder, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let y_less = less(b, y, x);
    super::select::select(b, y_less, x, y)
}

/// Minimum and maximum, unsigned; 2n ANDs.
///
/// # Panics
/// If the widths differ.
pub fn compare_swap(b: &mut Builder, x: &[Wire], y: &[Wire]) -> (Vec<Wire>, Vec<Wire>) {
    let y_less = less(b, y, x);
    super::select::swap_if(b, y_less, x, y)
}

/// A word whose unsigned order is the signed order of `x`; free.
#[must_use]
pub fn flip_sign(x: &[Wire]) -> Vec<Wire> {
    let mut flipped = x.to_vec();
    if let Some(sign) = flipped.last_mut() {
        *sign = !*sign;
    }
    flipped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gadgets::check::check;
    use crate::gadgets::constant;

    #[test]
    fn order() {
        for n in [1, 2, 5, 6, 32, 64] {
            let full = u64::from(n);
            let truth = |truth: bool| vec![u128::from(truth)];
            assert_eq!(check(&[n, n], |b, w| vec![vec![less(b, w[0], w[1])]], |v| truth(v[0] < v[1])), full);
            let signed = |x: u128| x ^ 1 << (n - 1);
            let expected = |v: &[u128]| truth(signed(v[0]) < signed(v[1]));
            assert_eq!(check(&[n, n], |b, w| vec![vec![less_signed(b, w[0], w[1])]], expected), full);
            assert_eq!(check(&[n, n], |b, w| vec![vec![equal(b, w[0], w[1])]], |v| truth(v[0] == v[1])), full - 1);
            assert_eq!(check(&[n], |b, w| vec![vec![is_zero(b, w[0])]], |v| truth(v[0] == 0)), full - 1);
        }
    }

    #[test]
    fn order_against_a_constant() {
        for (limit, ands) in [(0u32, 0), (1, 7), (48, 3), (100, 5), (128, 0), (255, 7)] {
            let gadget = |b: &mut Builder, w: &[&[Wire]]| vec![vec![less(b, w[0], &constant(&limit.into(), 8))]];
            assert_eq!(check(&[8], gadget, |v| vec![u128::from(v[0] < limit.into())]), ands, "< {limit}");
        }
    }

    #[test]
    fn extremes() {
        for n in [1, 4, 6, 32] {
            let full = 2 * u64::from(n) - u64::from(n == 1);
            assert_eq!(check(&[n, n], |b, w| vec![min(b, w[0], w[1])], |v| vec![v[0].min(v[1])]), full);
            assert_eq!(check(&[n, n], |b, w| vec![max(b, w[0], w[1])], |v| vec![v[0].max(v[1])]), full);
            let both = |b: &mut Builder, w: &[&[Wire]]| {
                let (least, most) = compare_swap(b, w[0], w[1]);
                vec![least, most]
            };
            assert_eq!(check(&[n, n], both, |v| vec![v[0].min(v[1]), v[0].max(v[1])]), full);
        }
    }

    #[test]
    fn words_of_different_widths_compare() {
        let expected = |v: &[u128]| vec![u128::from(v[0] < v[1])];
        assert_eq!(check(&[3, 7], |b, w| vec![vec![less(b, w[0], w[1])]], expected), 7);
    }
}
