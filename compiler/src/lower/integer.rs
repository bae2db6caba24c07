//! Integer operations: range, form and stage of the result, and in building mode its wires.
//!
//! Every result is computed in exactly the bits that its proven range needs. Sums, differences and products are right modulo any power
//! of two, so that operands are extended or truncated to that width before they meet.

use std::rc::Rc;

use hushgate_circuits::build::Builder;
use hushgate_circuits::gadgets::{add, compare, count, divide, multiply, select, shift, sign_extend, zero_extend};
use hushgate_circuits::id::Wire;
use num_bigint::{BigInt, Sign};

use super::facts::Claim;
use super::linear::{Linear, TERMS_MAX};
use super::number::Operation;
use super::value::{Bit, Int, IntData, Stage};
use super::walk::Walk;
use crate::hir::IntTy;
use crate::interpret::WIDTH_MAX;
use crate::ranges::Range;

/// An operation that is exact, or wraps to a declared type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ring {
    Add,
    Sub,
    Mul,
}

impl Walk<'_> {
    /// A value that is known.
    pub(super) fn constant(&self, value: BigInt, stage: Stage) -> Int {
        let range = Range::single(value.clone());
        let wires = match &self.builder {
            Some(_) => (0..range.width()).map(|i| Wire::constant(value.bit(i))).collect(),
            None => Vec::new(),
        };
        Int(Rc::new(IntData {
            range,
            form: Linear::constant(value),
            stage,
            wires,
            terms: Vec::new(),
            stamp: self.facts.stamp(),
        }))
    }

    /// A value with this range and form; both are used to narrow it before `wires` makes as many wires as it needs.
    pub(super) fn result(
        &mut self,
        range: Range,
        form: Linear,
        stage: Stage,
        wires: impl FnOnce(&mut Builder, usize) -> Vec<Wire>,
    ) -> Int {
        let value = self.result_of_some(range, form, stage, wires);
        if let Some(var) = value.form().as_var() {
            self.facts.know(var, value.range());
        }
        value
    }

    /// As [`Walk::result`], of a value that is meant on some of the paths that come here: on the others its form may have another range.
    pub(super) fn result_of_some(
        &mut self,
        range: Range,
        form: Linear,
        stage: Stage,
        wires: impl FnOnce(&mut Builder, usize) -> Vec<Wire>,
    ) -> Int {
        let range = self.narrow(range, &form);
        if let Some(value) = range.value() {
            return self.constant(value.clone(), stage);
        }
        let form = self.bounded_form(form, &range);
        let width = range.width() as usize;
        self.work += width as u64;
        let wires = self.builder.as_mut().map_or_else(Vec::new, |b| wires(b, width));
        debug_assert!(self.builder.is_none() || wires.len() == width, "{} wires for {range}", wires.len());
        Int(Rc::new(IntData { range, form, stage, wires, terms: Vec::new(), stamp: self.facts.stamp() }))
    }

    /// The value of a non-linear operation; the same one on the same operands has the same form.
    fn numbered(
        &mut self,
        op: Operation,
        (a, b): (&Linear, &Linear),
        range: Range,
        stage: Stage,
        wires: impl FnOnce(&mut Builder, usize) -> Vec<Wire>,
    ) -> Int {
        let facts = &mut self.facts;
        let var = self.numbering.result(op, a, b, || facts.unknown());
        self.result(range, Linear::var(var), stage, wires)
    }

    /// A value of which nothing but its range is known.
    pub(super) fn opaque(
        &mut self,
        range: Range,
        stage: Stage,
        wires: impl FnOnce(&mut Builder, usize) -> Vec<Wire>,
    ) -> Int {
        let form = Linear::var(self.facts.fresh(&range));
        self.result(range, form, stage, wires)
    }

    fn narrow(&self, range: Range, form: &Linear) -> Range {
        match self.facts.bounds(form).and_then(|bounds| bounds.intersection(&range)) {
            Some(narrow) => narrow,
            None => range,
        }
    }

    /// The value with all that is known of it by now.
    pub(super) fn refresh(&mut self, value: &Int) -> Int {
        if value.0.stamp == self.facts.stamp() || value.known().is_some() {
            return value.clone();
        }
        let range = self.narrow(value.range().clone(), value.form());
        if range == *value.range() {
            return value.clone();
        }
        self.within(value, range)
    }

    /// The value where it lies in `range`, which is not larger than its own.
    pub(super) fn within(&mut self, value: &Int, range: Range) -> Int {
        if let Some(known) = range.value() {
            return self.constant(known.clone(), value.stage());
        }
        let wires = if self.builder.is_some() { extend(value, range.width() as usize) } else { Vec::new() };
        let (form, stage, stamp) = (value.form().clone(), value.stage(), self.facts.stamp());
        Int(Rc::new(IntData { range, form, stage, wires, terms: Vec::new(), stamp }))
    }

    /// `a + b`, `a - b`, `a * b`: exact, or modulo 2^width in a declared type.
    pub(super) fn ring(&mut self, op: Ring, a: &Int, b: &Int, wrapping: Option<&IntTy>) -> Int {
        let (a, b) = (&self.refresh(a), &self.refresh(b));
        let stage = a.stage().join(b.stage());
        let (range, form) = self.exact(op, a, b);
        let range = self.narrow(range, &form);
        let (range, form) = match wrapping {
            Some(ty) if !Range::of_width(ty.signed, ty.width).includes(&range) => {
                let wrapped = range.wrap(ty.signed, ty.width);
                (wrapped, self.wrapped_form(&form, ty))
            }
            _ => (range, form),
        };
        self.result(range, form, stage, |builder, width| ring_wires(builder, op, a, b, width))
    }

    /// `a + b`, or `a - b`; as a part of a longer sum it gets no wires of its own, but is added up with the other parts in the end.
    pub(super) fn term(&mut self, a: &Int, b: &Int, subtract: bool, is_part: bool) -> Int {
        let a = if a.0.terms.is_empty() { self.refresh(a) } else { a.clone() };
        let b = self.refresh(b);
        let op = if subtract { Ring::Sub } else { Ring::Add };
        if !is_part && a.0.terms.is_empty() {
            return self.ring(op, &a, &b, None);
        }
        let stage = a.stage().join(b.stage());
        let (range, form) = self.exact(op, &a, &b);
        let mut terms = if a.0.terms.is_empty() { vec![(a.clone(), false)] } else { a.0.terms.clone() };
        terms.push((b, subtract));
        if !is_part {
            return self.result(range, form, stage, |builder, width| sum_wires(builder, &terms, width));
        }
        let range = self.narrow(range, &form);
        if let Some(value) = range.value() {
            return self.constant(value.clone(), stage);
        }
        let form = self.bounded_form(form, &range);
        Int(Rc::new(IntData { range, form, stage, wires: Vec::new(), terms, stamp: self.facts.stamp() }))
    }

    fn bounded_form(&mut self, form: Linear, range: &Range) -> Linear {
        if form.terms.len() <= TERMS_MAX {
            return form;
        }
        let facts = &mut self.facts;
        let var = self.numbering.result(Operation::Whole, &form, &Linear::default(), || facts.unknown());
        self.facts.know(var, range);
        Linear::var(var)
    }

    /// Range and form of the exact result.
    fn exact(&mut self, op: Ring, a: &Int, b: &Int) -> (Range, Linear) {
        match op {
            Ring::Add => (a.range().add(b.range()), a.form().add(b.form())),
            Ring::Sub => (a.range().sub(b.range()), a.form().sub(b.form())),
            Ring::Mul => match (a.known(), b.known()) {
                (Some(k), _) => (b.range().scale(k), b.form().scale(k)),
                (_, Some(k)) => (a.range().scale(k), a.form().scale(k)),
                _ => {
                    self.work += a.range().width() * b.range().width();
                    let range = if a.form() == b.form() { a.range().square() } else { a.range().mul(b.range()) };
                    let facts = &mut self.facts;
                    let var = self.numbering.result(Operation::Mul, a.form(), b.form(), || facts.unknown());
                    (range, Linear::var(var))
                }
            },
        }
    }

    fn wrapped_form(&mut self, form: &Linear, ty: &IntTy) -> Linear {
        let facts = &mut self.facts;
        let op = Operation::Wrap(ty.signed, ty.width);
        Linear::var(self.numbering.result(op, form, &Linear::default(), || facts.unknown()))
    }

    /// `-a`.
    pub(super) fn neg(&mut self, a: &Int) -> Int {
        let a = &self.refresh(a);
        let form = a.form().scale(&BigInt::from(-1));
        self.result(a.range().neg(), form, a.stage(), |builder, width| add::negate(builder, &extend(a, width)))
    }

    /// `!a` in a declared type: `-1 - a`, or for unsigned types `2^N - 1 - a`.
    pub(super) fn complement(&mut self, a: &Int, ty: &IntTy) -> Int {
        let a = &self.refresh(a);
        let ones = if ty.signed { BigInt::from(-1) } else { Range::of_width(false, ty.width).hi };
        let range = Range::single(ones.clone()).sub(a.range());
        let form = Linear::constant(ones).sub(a.form());
        self.result(range, form, a.stage(), |_, width| add::complement(&extend(a, width)))
    }

    /// `a` modulo 2^width.
    pub(super) fn wrap(&mut self, a: &Int, ty: &IntTy) -> Int {
        let a = &self.refresh(a);
        if Range::of_width(ty.signed, ty.width).includes(a.range()) {
            return a.clone();
        }
        let form = self.wrapped_form(a.form(), ty);
        let range = a.range().wrap(ty.signed, ty.width);
        self.result(range, form, a.stage(), |_, width| extend(a, width))
    }

    /// The nearest value in `bounds`.
    pub(super) fn clamp(&mut self, a: &Int, bounds: &Range) -> Int {
        let lo = self.constant(bounds.lo.clone(), Stage::BUILD);
        let hi = self.constant(bounds.hi.clone(), Stage::BUILD);
        let least = self.extreme(a, &lo, false);
        self.extreme(&least, &hi, true)
    }

    /// `min(a, b)` or `max(a, b)`.
    pub(super) fn extreme(&mut self, a: &Int, b: &Int, min: bool) -> Int {
        let (a, b) = (&self.refresh(a), &self.refresh(b));
        // In one order, so that the minimum and the maximum of two values share their comparison and their selects.
        let (a, b) = if a.form() <= b.form() { (a, b) } else { (b, a) };
        let b_less = self.less(b, a);
        if let Some(b_less) = b_less.known {
            return if b_less == min { b.clone() } else { a.clone() };
        }
        let (op, range) =
            if min { (Operation::Min, a.range().min(b.range())) } else { (Operation::Max, a.range().max(b.range())) };
        let stage = a.stage().join(b.stage());
        let value = self.numbered(op, (a.form(), b.form()), range, stage, |builder, width| {
            let choice = if min { b_less.wire } else { !b_less.wire };
            select::select(builder, choice, &extend(b, width), &extend(a, width))
        });
        for operand in [a, b] {
            let (low, high) = if min { (&value, operand) } else { (operand, &value) };
            self.facts.learn(&high.form().sub(low.form()));
        }
        value
    }

    /// `|a|`.
    pub(super) fn abs(&mut self, a: &Int) -> Int {
        let a = &self.refresh(a);
        if !a.range().is_signed() {
            return a.clone();
        }
        if a.range().hi.sign() != Sign::Plus {
            return self.neg(a);
        }
        let nothing = Linear::default();
        self.numbered(Operation::Abs, (a.form(), &nothing), a.range().abs(), a.stage(), |builder, width| {
            let magnitude = add::absolute(builder, a.wires());
            zero_extend(&magnitude, width)
        })
    }

    /// `a < b`.
    pub(super) fn less(&mut self, a: &Int, b: &Int) -> Bit {
        let (a, b) = (&self.refresh(a), &self.refresh(b));
        let form = b.form().sub(a.form()).sub(&Linear::constant(BigInt::from(1)));
        let range = self.narrow(b.range().sub(a.range()).sub(&Range::single(1)), &form);
        let stage = a.stage().join(b.stage());
        if range.hi.sign() == Sign::Minus || !range.is_signed() {
            return Bit { stage, ..Bit::known(!range.is_signed()) };
        }
        let claim = Rc::new(Claim::NotNegative(form));
        let wire =
            self.compare(
                a,
                b,
                |builder, a, b, signed| {
                    if signed { compare::less_signed(builder, a, b) } else { compare::less(builder, a, b) }
                },
            );
        Bit { known: None, stage, claim, wire }
    }

    /// `a <= b`.
    pub(super) fn at_most(&mut self, a: &Int, b: &Int) -> Bit {
        self.less(b, a).not()
    }

    /// What `a - b` may be.
    pub(super) fn difference(&self, a: &Int, b: &Int) -> Range {
        self.narrow(a.range().sub(b.range()), &a.form().sub(b.form()))
    }

    /// `a == b`.
    pub(super) fn equal(&mut self, a: &Int, b: &Int) -> Bit {
        let (a, b) = (&self.refresh(a), &self.refresh(b));
        let form = a.form().sub(b.form());
        let range = self.difference(a, b);
        let stage = a.stage().join(b.stage());
        if range.value().is_some_and(|value| value.sign() == Sign::NoSign) {
            return Bit { stage, ..Bit::known(true) };
        }
        if !range.contains(&BigInt::ZERO) || self.facts.is_not_zero(&form) {
            return Bit { stage, ..Bit::known(false) };
        }
        let wire = self.compare(a, b, |builder, a, b, _| compare::equal(builder, a, b));
        Bit { known: None, stage, claim: Rc::new(Claim::Zero(form)), wire }
    }

    /// Applies a comparison to both operands in the width that holds both.
    fn compare(&mut self, a: &Int, b: &Int, op: impl FnOnce(&mut Builder, &[Wire], &[Wire], bool) -> Wire) -> Wire {
        let both = a.range().union(b.range());
        let width = both.width() as usize;
        self.work += width as u64;
        self.builder
            .as_mut()
            .map_or(Wire::FALSE, |builder| op(builder, &extend(a, width), &extend(b, width), both.is_signed()))
    }

    /// `a / b` and `a % b`; `b` is not 0.
    pub(super) fn quotient(&mut self, a: &Int, b: &Int) -> Int {
        let (a, b) = (&self.refresh(a), &self.refresh(b));
        let stage = a.stage().join(b.stage());
        if b.known() == Some(&BigInt::from(1)) {
            return a.clone();
        }
        let range = self.quotient_range(a, b);
        self.work += a.range().width() * b.range().width();
        let value = self.numbered(Operation::Div, (a.form(), b.form()), range, stage, |builder, width| {
            divide_wires(builder, a, b, width, |division| &division.quotient)
        });
        if !a.range().is_signed() && !b.range().is_signed() {
            let times = b.known().map_or(BigInt::from(1), BigInt::clone);
            let rest = a.form().add_scaled(value.form(), &-&times);
            self.facts.learn(&rest);
            if b.known().is_some() {
                self.facts.learn(&Linear::constant(times - 1).sub(&rest));
            }
        }
        value
    }

    /// The quotient's range; what is known of `k·b - a` bounds it too, for the multiples `k` that the dividend suggests.
    fn quotient_range(&self, a: &Int, b: &Int) -> Range {
        let range = a.range().div(b.range());
        if a.range().is_signed() || b.range().is_signed() || b.known().is_some() {
            return range;
        }
        let one = BigInt::from(1);
        let factors = a.form().terms.iter().map(|(_, k)| k).filter(|k| k.sign() == Sign::Plus).chain([&one]);
        let is_bound = |k: &&BigInt| {
            let room = b.form().scale(k).sub(a.form());
            self.facts.bounds(&room).is_some_and(|room| !room.is_signed())
        };
        match factors.filter(is_bound).min() {
            Some(k) if *k < range.hi => Range { lo: range.lo.min(k.clone()), hi: k.clone() },
            _ => range,
        }
    }

    /// `a % b`; `b` is not 0.
    pub(super) fn remainder(&mut self, a: &Int, b: &Int) -> Int {
        let (a, b) = (&self.refresh(a), &self.refresh(b));
        let stage = a.stage().join(b.stage());
        let fits = !a.range().is_signed() && !b.range().is_signed() && a.range().hi < b.range().lo;
        if fits {
            return a.clone();
        }
        let range = a.range().rem(b.range());
        self.work += a.range().width() * b.range().width();
        let value = self.numbered(Operation::Rem, (a.form(), b.form()), range, stage, |builder, width| {
            divide_wires(builder, a, b, width, |division| &division.remainder)
        });
        if !a.range().is_signed() && !b.range().is_signed() {
            self.facts.learn(&a.form().sub(value.form()));
            self.facts.learn(&b.form().sub(value.form()).sub(&Linear::constant(BigInt::from(1))));
        }
        value
    }

    /// `a << k`, exact or modulo 2^width of a declared type; `k` is 0 or more.
    pub(super) fn shift_left(&mut self, a: &Int, k: &Int, wrapping: Option<&IntTy>) -> Int {
        let (a, k) = (&self.refresh(a), &self.refresh(k));
        let k_max = wrapping.map_or(WIDTH_MAX, |ty| u64::from(ty.width));
        if let Some(amount) = k.known() {
            let amount = u64::try_from(amount).map_or(k_max, |amount| amount.min(k_max));
            let factor = self.constant(BigInt::from(1) << amount, k.stage());
            return self.ring(Ring::Mul, a, &factor, wrapping);
        }
        let stage = a.stage().join(k.stage());
        let exact = a.range().shl(k.range(), k_max);
        let range = match wrapping {
            Some(ty) => exact.wrap(ty.signed, ty.width),
            None => exact.clone(),
        };
        let wires = |builder: &mut Builder, width: usize| {
            shift::shift_by(builder, shift::Shift::Left, &extend(a, width), &unsigned_wires(k))
        };
        match wrapping {
            Some(_) if range != exact => self.opaque(range, stage, wires),
            _ => self.numbered(Operation::Shl, (a.form(), k.form()), range, stage, wires),
        }
    }

    /// `a >> k`, rounded down; `k` is 0 or more.
    pub(super) fn shift_right(&mut self, a: &Int, k: &Int) -> Int {
        let (a, k) = (&self.refresh(a), &self.refresh(k));
        let stage = a.stage().join(k.stage());
        let range = a.range().shr(k.range());
        let kind = if a.range().is_signed() { shift::Shift::ArithmeticRight } else { shift::Shift::Right };
        self.numbered(Operation::Shr, (a.form(), k.form()), range, stage, |builder, width| {
            let shifted = match k.known() {
                Some(amount) => shift::shift(kind, a.wires(), u64::try_from(amount).unwrap_or(u64::MAX)),
                None => shift::shift_by(builder, kind, a.wires(), &unsigned_wires(k)),
            };
            if a.range().is_signed() { sign_extend(&shifted, width) } else { zero_extend(&shifted, width) }
        })
    }

    /// `a & b`, `a | b`, `a ^ b` of two's complement without end.
    pub(super) fn bitwise(&mut self, op: Operation, a: &Int, b: &Int) -> Int {
        let (a, b) = (&self.refresh(a), &self.refresh(b));
        let stage = a.stage().join(b.stage());
        let range = match op {
            Operation::And => a.range().and(b.range()),
            Operation::Or => a.range().or(b.range()),
            _ => a.range().xor(b.range()),
        };
        self.numbered(op, (a.form(), b.form()), range, stage, |builder, width| {
            let pairs = extend(a, width).into_iter().zip(extend(b, width));
            pairs
                .map(|(x, y)| match op {
                    Operation::And => builder.and(x, y),
                    Operation::Or => builder.or(x, y),
                    _ => builder.xor(x, y),
                })
                .collect()
        })
    }
}

/// The value's wires in `width` bits: extended by its sign, or truncated.
pub(super) fn extend(value: &Int, width: usize) -> Vec<Wire> {
    if value.range().is_signed() { sign_extend(value.wires(), width) } else { zero_extend(value.wires(), width) }
}

/// The wires of an amount that is 0 or more.
pub(super) fn unsigned_wires(value: &Int) -> Vec<Wire> {
    let width = value.wires().len() - usize::from(value.range().is_signed());
    value.wires()[..width].to_vec()
}

/// The sum of terms, some of them subtracted, modulo 2^width: by carry-save adders.
///
/// Words are made unsigned first: a sign bit is complemented, which adds its weight; a word of n bits is subtracted as its complement,
/// which adds 2^n - 1. A constant takes all of that back.
pub(super) fn sum_wires(builder: &mut Builder, terms: &[(Int, bool)], width: usize) -> Vec<Wire> {
    let mut words = Vec::with_capacity(terms.len() + 1);
    let mut constant = BigInt::ZERO;
    for (term, subtract) in terms {
        let sign = if *subtract { BigInt::from(-1) } else { BigInt::from(1) };
        if let Some(known) = term.known() {
            constant += known * sign;
            continue;
        }
        let mut word = term.wires().to_vec();
        if term.range().is_signed() {
            constant -= (BigInt::from(1) << (word.len() - 1)) * &sign;
            word = compare::flip_sign(&word);
        }
        if *subtract {
            constant -= (BigInt::from(1) << word.len()) - 1;
            word = add::complement(&word);
        }
        words.push(word);
    }
    let constant = crate::ranges::wrap(&constant, false, width as u32);
    words.push((0..width as u64).map(|i| Wire::constant(constant.bit(i))).collect());
    let words: Vec<&[Wire]> = words.iter().map(Vec::as_slice).collect();
    count::sum(builder, &words, width)
}

fn ring_wires(builder: &mut Builder, op: Ring, a: &Int, b: &Int, width: usize) -> Vec<Wire> {
    match op {
        Ring::Add => add::add(builder, &extend(a, width), &extend(b, width)),
        Ring::Sub => add::subtract(builder, &extend(a, width), &extend(b, width)),
        Ring::Mul => match (a.known(), b.known()) {
            (Some(k), _) => multiply_by(builder, b, k, width),
            (_, Some(k)) => multiply_by(builder, a, k, width),
            _ => multiply_wires(builder, a, b, width),
        },
    }
}

fn multiply_by(builder: &mut Builder, a: &Int, factor: &BigInt, width: usize) -> Vec<Wire> {
    let product = if a.range().is_signed() {
        multiply::multiply_constant_signed(builder, a.wires(), factor.magnitude(), width)
    } else {
        multiply::multiply_constant(builder, a.wires(), factor.magnitude(), width)
    };
    if factor.sign() == Sign::Minus { add::negate(builder, &product) } else { product }
}

fn multiply_wires(builder: &mut Builder, a: &Int, b: &Int, width: usize) -> Vec<Wire> {
    let is_square = a.wires() == b.wires() && a.range().is_signed() == b.range().is_signed();
    if is_square {
        let magnitude = if a.range().is_signed() { add::absolute(builder, a.wires()) } else { a.wires().to_vec() };
        return zero_extend(&multiply::square(builder, &magnitude), width);
    }
    if !a.range().is_signed() && !b.range().is_signed() {
        return multiply::multiply_wrapping(builder, a.wires(), b.wires(), width);
    }
    if a.wires().len() >= width && b.wires().len() >= width {
        return multiply::multiply_wrapping(builder, a.wires(), b.wires(), width);
    }
    let signed = |value: &Int| extend(value, value.wires().len() + usize::from(!value.range().is_signed()));
    let product = multiply::multiply_signed(builder, &signed(a), &signed(b));
    sign_extend(&product, width)
}

fn divide_wires(
    builder: &mut Builder,
    a: &Int,
    b: &Int,
    width: usize,
    pick: impl Fn(&divide::Division) -> &Vec<Wire> + Copy,
) -> Vec<Wire> {
    if a.range().is_signed() || b.range().is_signed() {
        let signed = |value: &Int| extend(value, value.wires().len() + usize::from(!value.range().is_signed()));
        // One bit more, so that the least dividend by -1 has a quotient.
        let dividend = extend(a, signed(a).len() + 1);
        let division = divide::divide_signed(builder, &dividend, &signed(b), divide::Rounding::Truncate);
        return sign_extend(pick(&division), width);
    }
    let division = match b.known() {
        Some(divisor) => {
            divide::divide_constant(builder, a.wires(), divisor.magnitude(), |division| pick(division).clone())
        }
        None => divide::divide(builder, a.wires(), b.wires()),
    };
    zero_extend(pick(&division), width)
}
