//! Square root: the integer one of a significand with enough zeros below.

use super::{Format, Unrounded, complement, greatest, normalize, sum};
use crate::build::Builder;
use crate::gadgets::root::square_root_of_four_times;
use crate::gadgets::select::{mask_if, select};
use crate::id::Wire;

/// `√x`; of negative numbers NaN, of a negative 0 itself.
///
/// # Panics
/// If `x` is not of the format's width.
pub fn square_root(b: &mut Builder, format: Format, x: &[Wire]) -> Vec<Wire> {
    let x = format.unpack(b, x);
    let m = format.fraction;
    let (significand, shifted) = normalize(b, &x.significand);
    let is_null = !significand[m];
    // Twice the root's exponent, and one more where the number's is odd.
    let terms = [&x.exponent[..], &[!x.is_normal], &complement(&shifted)];
    let twice = sum(b, &terms, format.bias() - 2 - greatest(&shifted), format.exponent + 2);
    let (&is_odd, exponent) = twice.split_first().expect("an exponent has bits");

    let below = [Wire::FALSE; 1];
    let doubled = select(b, is_odd, &[&below, &significand[..]].concat(), &[&significand[..], &below].concat());
    let quarter = [vec![Wire::FALSE; m], doubled].concat();
    let (root, sticky) = square_root_of_four_times(b, &quarter);
    let is_negative = b.and(x.sign, !is_null);
    let is_nan = b.or(x.is_nan, is_negative);
    Unrounded {
        sign: x.sign,
        exponent: mask_if(b, !is_null, exponent),
        significand: [vec![sticky], root].concat(),
        is_max: b.or(x.is_max, is_nan),
        is_nan,
    }
    .round(b, format)
}
