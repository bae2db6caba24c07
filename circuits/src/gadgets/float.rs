//! IEEE 754 floating point: the parts that all operations share.
//!
//! A number is a word as IEEE 754-2019, section 3.4, lays it out: fraction, exponent field, sign, least significant bit
//! first. Results are rounded to nearest, ties to even, once; subnormal numbers are numbers like all others, as operands and
//! as results; what is too large becomes infinity. Every NaN that comes out is the one of [`Format::nan`]: positive and
//! quiet; payloads are not carried on. There are no exception flags.
//!
//! | gadget | f32 | f64 |
//! |---|---|---|
//! | [`add`], [`subtract`] | 605 | 1,317 |
//! | [`multiply`] | 1,418 | 4,862 |
//! | [`divide`] | 1,283 | 4,433 |
//! | [`square_root`] | 890 | 3,513 |
//! | [`compare::less`], [`compare::less_equal`] | 104 | 206 |
//! | [`compare::equal`] | 103 | 205 |
//!
//! Inside, an *exponent* is the field less 1 of a number whose significand has its top bit set, so that field is exponent
//! plus top bit, for subnormal numbers too: their top bit is 0 and their exponent 0. A *significand* ends in a guard bit and,
//! lowest, a sticky bit, which stands for everything below it. Sources: the classic algorithms; the counts are our own.

mod arithmetic;
mod root;

pub mod compare;
pub mod convert;

pub use arithmetic::{add, divide, multiply, subtract};
pub use root::square_root;

use super::add::{add_with_carry, increment};
use super::compare::{all, any};
use super::count::sum_columns;
use super::select::{mask_if, select};
use crate::build::Builder;
use crate::id::Wire;

/// The widths of a binary interchange format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Bits of the exponent field.
    pub exponent: usize,
    /// Bits of the fraction, the hidden bit not counted; at least 2, and at most [`Format::bias`] less 4.
    pub fraction: usize,
}

/// binary32.
pub const F32: Format = Format { exponent: 8, fraction: 23 };

/// binary64.
pub const F64: Format = Format { exponent: 11, fraction: 52 };

impl Format {
    /// Bits of a number.
    #[must_use]
    pub const fn width(self) -> usize {
        1 + self.exponent + self.fraction
    }

    /// The exponent field of numbers from 1 to 2.
    #[must_use]
    pub const fn bias(self) -> i64 {
        (1 << (self.exponent - 1)) - 1
    }

    /// The NaN that operations return.
    #[must_use]
    pub fn nan(self) -> Vec<Wire> {
        (0..self.width()).map(|i| Wire::constant(i + 1 >= self.fraction && i + 1 < self.width())).collect()
    }

    /// # Panics
    /// If `x` is not a number's word, or the format is narrower than promised.
    fn unpack(self, b: &mut Builder, x: &[Wire]) -> Number {
        assert_eq!(x.len(), self.width(), "width of a floating-point number");
        assert!(self.fraction >= 2 && self.fraction as i64 + 4 <= self.bias(), "widths of {self:?}");
        let (fraction, rest) = x.split_at(self.fraction);
        let (exponent, sign) = rest.split_at(self.exponent);
        let is_normal = any(b, exponent);
        let is_max = all(b, exponent);
        let has_fraction = any(b, fraction);
        Number {
            sign: sign[0],
            exponent: exponent.to_vec(),
            significand: [fraction, &[is_normal]].concat(),
            is_normal,
            has_fraction,
            is_nan: b.and(is_max, has_fraction),
            is_max,
        }
    }
}

/// A number's parts.
struct Number {
    sign: Wire,
    /// The field.
    exponent: Vec<Wire>,
    /// Fraction and hidden bit.
    significand: Vec<Wire>,
    /// Neither subnormal nor 0.
    is_normal: Wire,
    /// The fraction is not 0.
    has_fraction: Wire,
    /// Infinite or NaN.
    is_max: Wire,
    is_nan: Wire,
}

/// A result before it is rounded.
struct Unrounded {
    sign: Wire,
    /// Signed and at least two bits wider than the field if the result may be subnormal; otherwise unsigned, one bit wider.
    exponent: Vec<Wire>,
    /// Sticky bit, guard bit, fraction, top bit.
    significand: Vec<Wire>,
    /// Infinite or NaN, whatever the other fields are.
    is_max: Wire,
    /// NaN; then also `is_max`.
    is_nan: Wire,
}

impl Unrounded {
    /// Rounds a result that may be subnormal, or is 0 where `is_zero`.
    ///
    /// What has no digits, be it 0 or infinite, has them shifted out, so that nothing need be masked afterwards.
    fn round_subnormal(mut self, b: &mut Builder, format: Format, is_zero: Wire) -> Vec<Wire> {
        let (&is_low, exponent) = self.exponent.split_last().expect("an exponent has bits");
        let (own, beyond) = exponent.split_at(format.exponent);
        let is_greatest = all(b, &own[1..]);
        let is_over = any(b, &[beyond, &[is_greatest]].concat());
        let is_over = b.and(is_over, !is_low);
        self.is_max = b.or(self.is_max, is_over);
        let (amount, is_far) = subnormal_distance(b, exponent, bits_of(self.significand.len() - 1));
        let is_lost = b.and(is_low, is_far);
        let is_lost = any(b, &[is_lost, is_zero, self.is_max]);
        let amount = mask_if(b, is_low, &amount);
        let amount: Vec<Wire> = amount.into_iter().map(|bit| b.or(bit, is_lost)).collect();
        self.significand = shift_down(b, self.significand, &amount);
        let is_high = b.and(!is_low, !is_zero);
        self.exponent = mask_if(b, is_high, own);
        let (fraction, field) = self.rounded(b, format);
        let field: Vec<Wire> = field.iter().map(|&bit| b.or(bit, self.is_max)).collect();
        self.packed(b, fraction, field)
    }

    /// Rounds a result that is not subnormal, or is so already.
    fn round(self, b: &mut Builder, format: Format) -> Vec<Wire> {
        let (fraction, field) = self.rounded(b, format);
        let (field, above) = field.split_at(format.exponent);
        let is_max = b.or(self.is_max, above[0]);
        let field: Vec<Wire> = field.iter().map(|&bit| b.or(bit, is_max)).collect();
        let is_finite = !all(b, &field);
        let fraction = mask_if(b, is_finite, &fraction);
        self.packed(b, fraction, field)
    }

    /// Fraction and field, to nearest, ties to even.
    fn rounded(&self, b: &mut Builder, format: Format) -> (Vec<Wire>, Vec<Wire>) {
        let [sticky, guard, lowest] = [0, 1, 2].map(|i| self.significand[i]);
        let (fraction, top) = self.significand[2..].split_at(format.fraction);
        let tail = b.or(sticky, lowest);
        let is_up = b.and(guard, tail);
        let (fraction, carry) = add_with_carry(b, fraction, &vec![Wire::FALSE; format.fraction], is_up);
        let top = super::zero_extend(top, self.exponent.len());
        let (field, _) = add_with_carry(b, &self.exponent, &top, carry);
        (fraction, field)
    }

    /// The word; the fraction of what is infinite or NaN is 0.
    fn packed(&self, b: &mut Builder, mut fraction: Vec<Wire>, field: Vec<Wire>) -> Vec<Wire> {
        if let Some(quiet) = fraction.last_mut() {
            *quiet = b.xor(*quiet, self.is_nan);
        }
        let sign = b.and(self.sign, !self.is_nan);
        [fraction, field, vec![sign]].concat()
    }
}

/// The number of which `exponent` is the two's complement, in `n` bits, and whether it has more, where it is negative.
fn subnormal_distance(b: &mut Builder, exponent: &[Wire], n: usize) -> (Vec<Wire>, Wire) {
    let complemented = complement(exponent);
    let (low, high) = complemented.split_at(n);
    let mut amount = increment(b, &[low, &[Wire::FALSE]].concat(), Wire::TRUE);
    let above = amount.split_off(n);
    let is_far = any(b, &[high, &above].concat());
    (amount, is_far)
}

/// `−x`; free. Of a NaN, a NaN of the other sign.
#[must_use]
pub fn negate(x: &[Wire]) -> Vec<Wire> {
    super::compare::flip_sign(x)
}

/// `|x|`; free.
#[must_use]
pub fn absolute(x: &[Wire]) -> Vec<Wire> {
    let n = x.len().saturating_sub(1);
    super::zero_extend(&x[..n], x.len())
}

/// Shifts a word up until its top bit is 1, and says how far; a 0 as far as that number can say.
fn normalize(b: &mut Builder, x: &[Wire]) -> (Vec<Wire>, Vec<Wire>) {
    let mut x = x.to_vec();
    let mut amount = vec![Wire::FALSE; bits_of(x.len() - 1)];
    for (k, bit) in amount.iter_mut().enumerate().rev() {
        *bit = !any(b, &x[x.len() - (1 << k)..]);
        x = raise_if(b, *bit, &x, 1 << k);
    }
    (x, amount)
}

/// `x` shifted up where `choice`, which implies that nothing is lost: one AND per bit that has a place to go.
fn raise_if(b: &mut Builder, choice: Wire, x: &[Wire], distance: usize) -> Vec<Wire> {
    let moved = mask_if(b, choice, &x[..x.len() - distance]);
    let mut raised = x.to_vec();
    for (i, &bit) in moved.iter().enumerate() {
        raised[i] = b.xor(raised[i], bit);
        raised[i + distance] = b.xor(raised[i + distance], bit);
    }
    raised
}

/// `x` shifted down; what leaves it stays in the lowest bit, which is 1 if any of it was.
fn shift_down(b: &mut Builder, mut x: Vec<Wire>, amount: &[Wire]) -> Vec<Wire> {
    for (k, &bit) in amount.iter().enumerate() {
        let distance = 1 << k;
        let mut moved: Vec<Wire> = (0..x.len()).map(|i| x.get(i + distance).copied().unwrap_or(Wire::FALSE)).collect();
        moved[0] = any(b, &x[..x.len().min(distance + 1)]);
        x = select(b, bit, &moved, &x);
    }
    x
}

/// The sum of unsigned words and of a constant, modulo 2^`width`.
fn sum(b: &mut Builder, words: &[&[Wire]], constant: i64, width: usize) -> Vec<Wire> {
    let column = |i: usize| {
        let bits = words.iter().filter_map(move |word| word.get(i).copied());
        bits.chain([Wire::constant(constant >> i & 1 == 1)]).collect()
    };
    sum_columns(b, (0..width).map(column).collect(), width)
}

/// The word with its bits complemented: as a number, its greatest value less `x`.
fn complement(x: &[Wire]) -> Vec<Wire> {
    x.iter().map(|&bit| !bit).collect()
}

/// The greatest value of a word.
fn greatest(x: &[Wire]) -> i64 {
    (1 << x.len()) - 1
}

/// Bits of the number `n`.
fn bits_of(n: usize) -> usize {
    (usize::BITS - n.leading_zeros()) as usize
}

#[cfg(test)]
mod tests;
