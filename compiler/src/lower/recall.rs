//! What a proof that failed at first can still use: how the values at hand were made.
//!
//! On the way through a program an integer gets the range that its operands' ranges imply, and few facts besides. Where that is not enough to
//! show that a value fits, the operations that its variables stand for are looked up, and what they imply is put together:
//! - a product `m = x·y` of x in `l..=h` and y in `p..=q` lies between planes: `(x - l)(y - p) ≥ 0`, `(h - x)(q - y) ≥ 0`,
//!   `(h - x)(y - p) ≥ 0` and `(x - l)(q - y) ≥ 0` are linear in m, x and y (McCormick, "Computability of global solutions to factorable
//!   nonconvex programs", 1976). So `(a * w + b * (100 - w)) / 100` lies between the ends of a and b;
//! - `a - a / b * b` is a remainder, and `x - ((x >> k) << k)` the lower bits;
//! - a quotient is at most K where `K·b - a` is not negative.
//!
//! Nothing of this is kept but the range of the value that was asked about: other proofs go on as before.

use std::collections::BTreeSet;

use num_bigint::{BigInt, Sign};

use super::facts::floor_div;
use super::linear::{Linear, Var};
use super::number::Operation;
use super::value::Int;
use super::walk::Walk;
use crate::ranges::Range;

/// Variables that one proof looks up.
const VARS_MAX: usize = 24;
/// Divisors by which bounds of multiples are tried.
const SCALES_MAX: usize = 2;
/// Bounds that are tried for a quotient.
const BOUNDS_MAX: usize = 8;

/// What one proof has looked up.
#[derive(Default)]
struct Recall {
    seen: BTreeSet<Var>,
    /// The constants that values were divided by: a bound of so many times a form bounds the form.
    scales: Vec<BigInt>,
}

impl Walk<'_> {
    /// The value with the range that the operations behind it imply.
    pub(super) fn recalled(&mut self, value: &Int) -> Int {
        let mark = self.facts.mark();
        let mut recall = Recall::default();
        self.recall(value.form(), &mut recall);
        let range = self.reach(value.form(), &recall).and_then(|range| range.intersection(value.range()));
        self.facts.rollback(mark);
        match range {
            Some(range) if range != *value.range() => self.within(value, range),
            _ => value.clone(),
        }
    }

    /// Learns what the operations behind the variables of `form` imply.
    fn recall(&mut self, form: &Linear, recall: &mut Recall) {
        for (var, _) in &form.terms {
            if recall.seen.len() >= VARS_MAX || !recall.seen.insert(*var) {
                continue;
            }
            let Some((op, a, b)) = self.numbering.definition(*var) else { continue };
            let (a, b) = (a.clone(), b.clone());
            self.recall(&a, recall);
            self.recall(&b, recall);
            let (Some(x), Some(y)) = (self.reach(&a, recall), self.reach(&b, recall)) else { continue };
            let own = Linear::var(*var);
            match op {
                Operation::Mul => {
                    self.recall_product(&own, (&a, &x), (&b, &y));
                    self.recall_rest(&own, &a, &b);
                    self.recall_rest(&own, &b, &a);
                }
                Operation::Div => {
                    recall.divide_by(&y);
                    let range = x.div(&y);
                    let range = self.tighter_quotient(&a, &b, range);
                    self.facts.know(*var, &range);
                }
                Operation::Shr => {
                    self.facts.know(*var, &x.shr(&y));
                    if let Some(k) = y.value().and_then(|k| u32::try_from(k).ok()).filter(|k| *k <= 4096) {
                        let turn = BigInt::from(1) << k;
                        let rest = a.add_scaled(&own, &-&turn);
                        self.learn_within(&rest, &BigInt::ZERO, &(&turn - 1));
                        recall.divide_by(&Range::single(turn));
                    }
                }
                Operation::Rem => self.facts.know(*var, &x.rem(&y)),
                Operation::Min => self.facts.know(*var, &x.min(&y)),
                Operation::Max => self.facts.know(*var, &x.max(&y)),
                Operation::Abs => self.facts.know(*var, &x.abs()),
                Operation::Sum => self.facts.know(*var, &x.add(&y)),
                Operation::Whole => self.facts.know(*var, &x),
                Operation::And | Operation::Or | Operation::Xor | Operation::Shl | Operation::Wrap(..) => {}
            }
        }
    }

    /// `product = x·y` between its planes.
    fn recall_product(&mut self, product: &Linear, (x, of_x): (&Linear, &Range), (y, of_y): (&Linear, &Range)) {
        for (end_x, end_y) in [(&of_x.lo, &of_y.lo), (&of_x.hi, &of_y.hi)] {
            self.facts.learn(&plane(product, x, y, end_x, end_y));
        }
        for (end_x, end_y) in [(&of_x.hi, &of_y.lo), (&of_x.lo, &of_y.hi)] {
            self.facts.learn(&plane(product, x, y, end_x, end_y).scale(&BigInt::from(-1)));
        }
    }

    /// Where one factor is `n / divisor` of numbers that are not negative: the product is `n` less a remainder.
    fn recall_rest(&mut self, product: &Linear, factor: &Linear, divisor: &Linear) {
        let Some((Operation::Div, n, by)) = factor.as_var().and_then(|var| self.numbering.definition(var)) else {
            return;
        };
        if by != divisor {
            return;
        }
        let n = n.clone();
        let (Some(of_n), Some(of_divisor)) = (self.facts.bounds(&n), self.facts.bounds(divisor)) else { return };
        if of_n.is_signed() || of_divisor.lo.sign() != Sign::Plus {
            return;
        }
        let rest = n.sub(product);
        self.facts.learn(&rest);
        self.facts.learn(&divisor.sub(&rest).sub(&Linear::constant(BigInt::from(1))));
    }

    /// The range of `a / b`, where the factors in `a` suggest a bound on it.
    fn tighter_quotient(&self, a: &Linear, b: &Linear, range: Range) -> Range {
        let (Some(of_a), Some(of_b)) = (self.facts.bounds(a), self.facts.bounds(b)) else { return range };
        if of_a.is_signed() || of_b.lo.sign() != Sign::Plus || of_b.value().is_some() {
            return range;
        }
        let mut ends = Vec::new();
        for (var, k) in &a.terms {
            let Some((Operation::Mul, x, y)) = self.numbering.definition(*var) else { continue };
            for factor in [x, y].into_iter().filter_map(|factor| self.facts.bounds(factor)) {
                ends.extend([factor.lo * k, factor.hi * k]);
            }
        }
        ends.truncate(BOUNDS_MAX);
        let holds = |form: Linear| self.facts.deep_bounds(&form).is_some_and(|room| !room.is_signed());
        let hi = ends.iter().filter(|end| **end < range.hi && holds(b.scale(end).sub(a))).min().unwrap_or(&range.hi);
        let lo = ends.iter().filter(|end| **end > range.lo && holds(a.sub(&b.scale(end)))).max().unwrap_or(&range.lo);
        if lo <= hi { Range { lo: lo.clone(), hi: hi.clone() } } else { range }
    }

    fn learn_within(&mut self, form: &Linear, lo: &BigInt, hi: &BigInt) {
        self.facts.learn(&form.sub(&Linear::constant(lo.clone())));
        self.facts.learn(&Linear::constant(hi.clone()).sub(form));
    }

    /// The least interval that is found to hold the form, also by bounds of its multiples.
    fn reach(&self, form: &Linear, recall: &Recall) -> Option<Range> {
        if form.terms.len() < 2 {
            return self.facts.bounds(form);
        }
        let plain = self.facts.deep_bounds(form)?;
        Some(recall.scales.iter().fold(plain, |best, scale| {
            let scaled = self.facts.deep_bounds(&form.scale(scale));
            let part = scaled.map(|range| Range { lo: ceil_div(&range.lo, scale), hi: floor_div(&range.hi, scale) });
            part.filter(|part| part.lo <= part.hi).and_then(|part| part.intersection(&best)).unwrap_or(best)
        }))
    }
}

impl Recall {
    fn divide_by(&mut self, by: &Range) {
        if let Some(k) = by.value().filter(|k| k.sign() == Sign::Plus)
            && self.scales.len() < SCALES_MAX
            && !self.scales.contains(k)
        {
            self.scales.push(k.clone());
        }
    }
}

/// `(x - end_x)·(y - end_y)`.
fn plane(product: &Linear, x: &Linear, y: &Linear, end_x: &BigInt, end_y: &BigInt) -> Linear {
    let corner = Linear::constant(end_x * end_y);
    product.add_scaled(y, &-end_x).add_scaled(x, &-end_y).add(&corner)
}

/// `a / b` rounded up, for `b > 0`.
fn ceil_div(a: &BigInt, b: &BigInt) -> BigInt {
    -floor_div(&-a, b)
}
