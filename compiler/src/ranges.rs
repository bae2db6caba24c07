//! Intervals of whole numbers: what arithmetic makes of them.
//!
//! [`Range`] is a non-empty interval of unbounded integers. Every operation returns an interval that holds each result of
//! the operation on members of its operands, and where its documentation does not say otherwise the least such interval.
//! Bit operations follow Warren, "Hacker's Delight" (2nd ed., 4-3), extended to signed operands.

mod bits;

use std::fmt;

use num_bigint::{BigInt, Sign};

use crate::hir::IntTy;

/// All whole numbers from `lo` to `hi`, both included; `lo ≤ hi`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Range {
    /// The least.
    pub lo: BigInt,
    /// The greatest.
    pub hi: BigInt,
}

impl Range {
    /// `lo..=hi`.
    ///
    /// # Panics
    /// If `lo > hi`.
    #[must_use]
    pub fn new(lo: impl Into<BigInt>, hi: impl Into<BigInt>) -> Range {
        let (lo, hi) = (lo.into(), hi.into());
        assert!(lo <= hi, "a range is not empty: {lo}..={hi}");
        Range { lo, hi }
    }

    /// One number.
    #[must_use]
    pub fn single(value: impl Into<BigInt>) -> Range {
        let value = value.into();
        Range { lo: value.clone(), hi: value }
    }

    /// What a declared type holds.
    #[must_use]
    pub fn of(ty: &IntTy) -> Range {
        Range::new(ty.lo.clone(), ty.hi.clone())
    }

    /// All integers of `width` bits.
    #[must_use]
    pub fn of_width(signed: bool, width: u32) -> Range {
        if signed {
            let half = BigInt::from(1) << width.saturating_sub(1);
            Range { lo: -&half, hi: half - 1 }
        } else {
            Range { lo: BigInt::ZERO, hi: (BigInt::from(1) << width) - 1 }
        }
    }

    /// The only member, if there is only one.
    #[must_use]
    pub fn value(&self) -> Option<&BigInt> {
        (self.lo == self.hi).then_some(&self.lo)
    }

    /// Whether `value` is a member.
    #[must_use]
    pub fn contains(&self, value: &BigInt) -> bool {
        self.lo <= *value && *value <= self.hi
    }

    /// Whether all members of `inner` are members.
    #[must_use]
    pub fn includes(&self, inner: &Range) -> bool {
        self.lo <= inner.lo && inner.hi <= self.hi
    }

    /// The least interval with the members of both.
    #[must_use]
    pub fn union(&self, other: &Range) -> Range {
        let lo = (&self.lo).min(&other.lo).clone();
        let hi = (&self.hi).max(&other.hi).clone();
        Range { lo, hi }
    }

    /// The members of both, if there are any.
    #[must_use]
    pub fn intersection(&self, other: &Range) -> Option<Range> {
        let lo = (&self.lo).max(&other.lo);
        let hi = (&self.hi).min(&other.hi);
        (lo <= hi).then(|| Range { lo: lo.clone(), hi: hi.clone() })
    }

    /// Whether there are negative members.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.lo.sign() == Sign::Minus
    }

    /// Wires that a member takes; see [`hushgate_circuits::shape::int_width`].
    #[must_use]
    pub fn width(&self) -> u64 {
        hushgate_circuits::shape::int_width(&self.lo, &self.hi)
    }

    /// `a + b`.
    #[must_use]
    pub fn add(&self, b: &Range) -> Range {
        Range { lo: &self.lo + &b.lo, hi: &self.hi + &b.hi }
    }

    /// `a - b`.
    #[must_use]
    pub fn sub(&self, b: &Range) -> Range {
        Range { lo: &self.lo - &b.hi, hi: &self.hi - &b.lo }
    }

    /// `-a`.
    #[must_use]
    pub fn neg(&self) -> Range {
        Range { lo: -&self.hi, hi: -&self.lo }
    }

    /// `a * b`.
    #[must_use]
    pub fn mul(&self, b: &Range) -> Range {
        if !self.is_signed() && !b.is_signed() {
            return Range { lo: &self.lo * &b.lo, hi: &self.hi * &b.hi };
        }
        hull([&self.lo * &b.lo, &self.lo * &b.hi, &self.hi * &b.lo, &self.hi * &b.hi])
    }

    /// `a * a`.
    #[must_use]
    pub fn square(&self) -> Range {
        let abs = self.abs();
        abs.mul(&abs)
    }

    /// `a * k`.
    #[must_use]
    pub fn scale(&self, k: &BigInt) -> Range {
        let (x, y) = (&self.lo * k, &self.hi * k);
        if x <= y { Range { lo: x, hi: y } } else { Range { lo: y, hi: x } }
    }

    /// The divisors among the members: those below and those above 0.
    fn divisors(&self) -> impl Iterator<Item = Range> {
        let below = self.intersection(&Range { lo: (&self.lo).min(&BigInt::from(-1)).clone(), hi: BigInt::from(-1) });
        let above = self.intersection(&Range { lo: BigInt::from(1), hi: (&self.hi).max(&BigInt::from(1)).clone() });
        below.into_iter().chain(above)
    }

    /// `a / b`, truncated, over all `b` but 0; 0 if there is no other.
    #[must_use]
    pub fn div(&self, b: &Range) -> Range {
        let corners = |d: &Range| hull([&self.lo / &d.lo, &self.lo / &d.hi, &self.hi / &d.lo, &self.hi / &d.hi]);
        b.divisors().map(|d| corners(&d)).reduce(|x, y| x.union(&y)).unwrap_or_else(|| Range::single(0))
    }

    /// `a % b` with the sign of `a`, over all `b` but 0; 0 if there is no other. Least where `b` is one number.
    #[must_use]
    pub fn rem(&self, b: &Range) -> Range {
        let magnitudes = b.divisors().map(|d| d.abs()).reduce(|x, y| x.union(&y));
        let Some(magnitudes) = magnitudes else { return Range::single(0) };
        let zero = BigInt::ZERO;
        let above = (self.hi >= zero).then(|| rem_of_magnitude((&self.lo).max(&zero), &self.hi, &magnitudes));
        let below = self.is_signed().then(|| {
            let least = -(&self.hi).min(&BigInt::from(-1));
            rem_of_magnitude(&least, &-&self.lo, &magnitudes).neg()
        });
        match (above, below) {
            (Some(x), Some(y)) => x.union(&y),
            (Some(x), None) | (None, Some(x)) => x,
            (None, None) => Range::single(0),
        }
    }

    /// `a << k` for the `k` from 0 that `b` holds and that are at most `k_max`; `a` if there are none.
    #[must_use]
    pub fn shl(&self, b: &Range, k_max: u64) -> Range {
        let (lo, hi) = b.amounts(k_max);
        hull([&self.lo << lo, &self.lo << hi, &self.hi << lo, &self.hi << hi])
    }

    /// `a >> k` (rounding down) for the `k` from 0 that `b` holds; `a` if there are none.
    #[must_use]
    pub fn shr(&self, b: &Range) -> Range {
        let enough = self.lo.bits().max(self.hi.bits()) + 1;
        let (lo, hi) = b.amounts(enough);
        hull([&self.lo >> lo, &self.lo >> hi, &self.hi >> lo, &self.hi >> hi])
    }

    /// The least and greatest member within `0..=max`, where there are any.
    fn amounts(&self, max: u64) -> (u64, u64) {
        let clamp = |x: &BigInt| u64::try_from(x).map_or(if x.sign() == Sign::Minus { 0 } else { max }, |x| x.min(max));
        (clamp(&self.lo), clamp(&self.hi))
    }

    /// `min(a, b)`.
    #[must_use]
    pub fn min(&self, b: &Range) -> Range {
        Range { lo: (&self.lo).min(&b.lo).clone(), hi: (&self.hi).min(&b.hi).clone() }
    }

    /// `max(a, b)`.
    #[must_use]
    pub fn max(&self, b: &Range) -> Range {
        Range { lo: (&self.lo).max(&b.lo).clone(), hi: (&self.hi).max(&b.hi).clone() }
    }

    /// `|a|`.
    #[must_use]
    pub fn abs(&self) -> Range {
        if !self.is_signed() {
            self.clone()
        } else if self.hi.sign() != Sign::Plus {
            self.neg()
        } else {
            Range { lo: BigInt::ZERO, hi: (-&self.lo).max(self.hi.clone()) }
        }
    }

    /// `!a = -a - 1`, the complement of two's complement without end.
    #[must_use]
    pub fn not(&self) -> Range {
        Range { lo: -&self.hi - 1, hi: -&self.lo - 1 }
    }

    /// `a & b`. Least up to 127 bits.
    #[must_use]
    pub fn and(&self, b: &Range) -> Range {
        bits::and(self, b)
    }

    /// `a | b`. Least up to 127 bits.
    #[must_use]
    pub fn or(&self, b: &Range) -> Range {
        bits::and(&self.not(), &b.not()).not()
    }

    /// `a ^ b`. Least up to 127 bits.
    #[must_use]
    pub fn xor(&self, b: &Range) -> Range {
        bits::xor(self, b)
    }

    /// `a` modulo 2^`width`, as an integer of that width.
    #[must_use]
    pub fn wrap(&self, signed: bool, width: u32) -> Range {
        let full = Range::of_width(signed, width);
        if full.includes(self) {
            return self.clone();
        }
        let (turn_lo, turn_hi) = ((&self.lo - &full.lo) >> width, (&self.hi - &full.lo) >> width);
        if turn_lo != turn_hi {
            return full;
        }
        let turns = turn_lo << width;
        Range { lo: &self.lo - &turns, hi: &self.hi - &turns }
    }

    /// The nearest members of `bounds`.
    #[must_use]
    pub fn clamp(&self, bounds: &Range) -> Range {
        self.max(&Range::single(bounds.lo.clone())).min(&Range::single(bounds.hi.clone()))
    }
}

/// `a` modulo 2^`width`, as an integer of that width.
#[must_use]
pub fn wrap(a: &BigInt, signed: bool, width: u32) -> BigInt {
    let turn = BigInt::from(1) << width;
    let low: BigInt = a & (&turn - 1);
    if signed && width > 0 && low.bit(u64::from(width) - 1) { low - turn } else { low }
}

/// Remainders of `lo..=hi`, both 0 or more, by magnitudes, all 1 or more.
fn rem_of_magnitude(lo: &BigInt, hi: &BigInt, magnitudes: &Range) -> Range {
    if *hi < magnitudes.lo {
        return Range { lo: lo.clone(), hi: hi.clone() };
    }
    if let Some(m) = magnitudes.value()
        && lo / m == hi / m
    {
        return Range { lo: lo % m, hi: hi % m };
    }
    Range { lo: BigInt::ZERO, hi: hi.min(&(&magnitudes.hi - 1)).clone() }
}

fn hull<const N: usize>(values: [BigInt; N]) -> Range {
    let lo = values.iter().min().expect("at least one value").clone();
    let hi = values.into_iter().max().expect("at least one value");
    Range { lo, hi }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value() {
            Some(value) => write!(f, "{}", Grouped(value)),
            None => write!(f, "{}..={}", Grouped(&self.lo), Grouped(&self.hi)),
        }
    }
}

impl fmt::Debug for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..={}", self.lo, self.hi)
    }
}

/// A number for people: digits in groups of three, and `2^k` and its neighbours by name once they are long.
pub struct Grouped<'a>(pub &'a BigInt);

impl fmt::Display for Grouped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.magnitude().to_string();
        let sign = if self.0.sign() == Sign::Minus { "-" } else { "" };
        if digits.len() > 10
            && let Some(text) = near_power_of_two(self.0)
        {
            return write!(f, "{sign}{text}");
        }
        if digits.len() > 40 {
            return write!(f, "{sign}{}… ({} digits)", &digits[..8], digits.len());
        }
        if digits.len() < 5 {
            return write!(f, "{sign}{digits}");
        }
        let head = digits.len() % 3;
        let groups = digits.as_bytes()[head..].chunks(3).map(|group| String::from_utf8_lossy(group));
        let groups: Vec<_> = (head > 0).then(|| digits[..head].into()).into_iter().chain(groups).collect();
        write!(f, "{sign}{}", groups.join("_"))
    }
}

/// The magnitude as `2^k` or `(2^k - 1)`.
fn near_power_of_two(x: &BigInt) -> Option<String> {
    let magnitude = x.magnitude();
    let is_power = |m: &num_bigint::BigUint| m.trailing_zeros() == Some(m.bits().saturating_sub(1));
    if is_power(magnitude) {
        return Some(format!("2^{}", magnitude.bits() - 1));
    }
    is_power(&(magnitude + 1u32)).then(|| format!("(2^{} - 1)", magnitude.bits()))
}

#[cfg(test)]
mod tests;
