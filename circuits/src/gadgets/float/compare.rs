//! Comparison: NaN is neither less than, equal to, nor greater than anything, itself included; the two zeros are equal.

use super::{Format, Number};
use crate::build::Builder;
use crate::gadgets::compare as words;
use crate::id::Wire;

/// Whether `x < y`.
///
/// # Panics
/// If an operand is not of the format's width.
pub fn less(b: &mut Builder, format: Format, x: &[Wire], y: &[Wire]) -> Wire {
    let Operands { are_numbers, are_zeros } = Operands::of(b, format, x, y);
    let (x, y) = (key(b, x), key(b, y));
    let is_less = words::less(b, &x, &y);
    words::all(b, &[is_less, are_numbers, !are_zeros])
}

/// Whether `x ≤ y`.
///
/// # Panics
/// If an operand is not of the format's width.
pub fn less_equal(b: &mut Builder, format: Format, x: &[Wire], y: &[Wire]) -> Wire {
    let Operands { are_numbers, are_zeros } = Operands::of(b, format, x, y);
    let (x, y) = (key(b, x), key(b, y));
    let is_greater = words::less(b, &y, &x);
    let holds = b.or(!is_greater, are_zeros);
    b.and(holds, are_numbers)
}

/// Whether `x = y`.
///
/// # Panics
/// If an operand is not of the format's width.
pub fn equal(b: &mut Builder, format: Format, x: &[Wire], y: &[Wire]) -> Wire {
    let Operands { are_numbers, are_zeros } = Operands::of(b, format, x, y);
    let is_same = words::equal(b, x, y);
    let holds = b.or(is_same, are_zeros);
    b.and(holds, are_numbers)
}

/// Whether `x` is not a number.
///
/// # Panics
/// If `x` is not of the format's width.
pub fn is_nan(b: &mut Builder, format: Format, x: &[Wire]) -> Wire {
    format.unpack(b, x).is_nan
}

struct Operands {
    /// Neither is NaN.
    are_numbers: Wire,
    /// Both are zeros.
    are_zeros: Wire,
}

impl Operands {
    fn of(b: &mut Builder, format: Format, x: &[Wire], y: &[Wire]) -> Operands {
        let (x, y) = (format.unpack(b, x), format.unpack(b, y));
        let is_zero = |number: &Number| [!number.is_normal, !number.has_fraction];
        Operands {
            are_numbers: words::all(b, &[!x.is_nan, !y.is_nan]),
            are_zeros: words::all(b, &[is_zero(&x), is_zero(&y)].concat()),
        }
    }
}

/// An unsigned word whose order is that of the numbers: negative ones complemented, the sign turned; free.
fn key(b: &mut Builder, x: &[Wire]) -> Vec<Wire> {
    let (&sign, magnitude) = x.split_last().expect("a number has a sign");
    magnitude.iter().map(|&bit| b.xor(bit, sign)).chain([!sign]).collect()
}
