//! What is known on the current path: intervals of variables, and linear forms that are 0 or more, or not 0.
//!
//! `if a >= b { a - b }` records `a - b ≥ 0` and asks for the bounds of `a - b`. Whatever is learned inside a branch is taken
//! back at its end ([`Facts::rollback`]).

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use num_bigint::{BigInt, Sign};

use super::linear::{Linear, Var};
use crate::ranges::Range;

/// Facts about one variable that a question looks at: the latest.
const FACTS_PER_QUESTION: usize = 6;
/// Facts that a question puts together.
const FACTS_COMBINED: u32 = 2;

/// Facts that a proof puts together that failed at first, and the steps that it may take for it.
const DEEP_COMBINED: u32 = 6;
const DEEP_STEPS: u32 = 500;

/// What is known on the current path.
#[derive(Default)]
pub(super) struct Facts {
    intervals: Vec<Option<Range>>,
    /// Forms that are 0 or more.
    not_negative: Vec<Linear>,
    /// Positions in `not_negative`, by variable.
    about: HashMap<Var, Vec<u32>>,
    not_zero: HashSet<Linear>,
    undo: Vec<Undo>,
    stamp: u64,
    contradictions: u32,
}

enum Undo {
    Interval(Var, Option<Range>),
    NotNegative,
    NotZero(Linear),
    Contradiction,
}

/// A moment in the past.
#[derive(Clone, Copy)]
pub(super) struct Mark(usize);

/// Something that is true or false of integers, and can be learned from a condition.
#[derive(Debug)]
pub(super) enum Claim {
    /// The form is 0 or more.
    NotNegative(Linear),
    /// The form is 0.
    Zero(Linear),
    Not(Rc<Claim>),
    And(Rc<Claim>, Rc<Claim>, u32),
    Or(Rc<Claim>, Rc<Claim>, u32),
    /// Nothing is known of when it holds.
    Opaque,
}

/// How deep claims may nest: beyond, nothing is learned from them.
const CLAIM_DEPTH_MAX: u32 = 64;

impl Claim {
    fn depth(&self) -> u32 {
        match self {
            Claim::And(.., depth) | Claim::Or(.., depth) => *depth,
            Claim::Not(inner) => inner.depth() + 1,
            _ => 0,
        }
    }

    pub(super) fn and(a: &Rc<Claim>, b: &Rc<Claim>) -> Rc<Claim> {
        Claim::pair(a, b, Claim::And)
    }

    pub(super) fn or(a: &Rc<Claim>, b: &Rc<Claim>) -> Rc<Claim> {
        Claim::pair(a, b, Claim::Or)
    }

    pub(super) fn not(a: &Rc<Claim>) -> Rc<Claim> {
        match &**a {
            Claim::Not(inner) => Rc::clone(inner),
            Claim::Opaque => Rc::clone(a),
            _ => Rc::new(Claim::Not(Rc::clone(a))),
        }
    }

    fn pair(a: &Rc<Claim>, b: &Rc<Claim>, make: fn(Rc<Claim>, Rc<Claim>, u32) -> Claim) -> Rc<Claim> {
        let depth = a.depth().max(b.depth()) + 1;
        Rc::new(if depth > CLAIM_DEPTH_MAX { Claim::Opaque } else { make(Rc::clone(a), Rc::clone(b), depth) })
    }
}

impl Facts {
    /// A new variable; `range` is known of it until the facts of this moment are taken back.
    pub(super) fn fresh(&mut self, range: &Range) -> Var {
        let var = self.unknown();
        self.know(var, range);
        var
    }

    /// A new variable of which nothing is known.
    pub(super) fn unknown(&mut self) -> Var {
        let var = Var(u32::try_from(self.intervals.len()).expect("the limit of variables comes first"));
        self.intervals.push(None);
        var
    }

    /// How many variables there have been.
    pub(super) const fn n_vars(&self) -> usize {
        self.intervals.len()
    }

    /// Adds that `var` lies in `range`.
    pub(super) fn know(&mut self, var: Var, range: &Range) {
        let old = &mut self.intervals[var.0 as usize];
        let new = match old {
            Some(old) => old.intersection(range),
            None => Some(range.clone()),
        };
        if new.is_some() && new != *old {
            let old = std::mem::replace(old, new);
            self.undo.push(Undo::Interval(var, old));
        }
    }

    /// Grows with everything that is learned.
    pub(super) fn stamp(&self) -> u64 {
        self.stamp
    }

    pub(super) fn mark(&self) -> Mark {
        Mark(self.undo.len())
    }

    /// Forgets what was learned since `mark`.
    pub(super) fn rollback(&mut self, mark: Mark) {
        for undo in self.undo.drain(mark.0..).rev() {
            match undo {
                Undo::Interval(var, old) => self.intervals[var.0 as usize] = old,
                Undo::NotZero(form) => drop(self.not_zero.remove(&form)),
                Undo::Contradiction => self.contradictions -= 1,
                Undo::NotNegative => {
                    for (var, _) in self.not_negative.pop().iter().flat_map(|form| &form.terms) {
                        self.about.get_mut(var).map(Vec::pop);
                    }
                }
            }
        }
    }

    /// Learns that `claim` is `truth`.
    pub(super) fn assume(&mut self, claim: &Claim, truth: bool) {
        self.stamp += 1;
        match (claim, truth) {
            (Claim::NotNegative(form), true) => self.learn(form),
            (Claim::NotNegative(form), false) => self.learn(&form.negated()),
            (Claim::Zero(form), true) => {
                self.learn(form);
                self.learn(&form.scale(&BigInt::from(-1)));
            }
            (Claim::Zero(form), false) => self.learn_not_zero(form),
            (Claim::Not(inner), truth) => self.assume(inner, !truth),
            (Claim::And(a, b, _), true) | (Claim::Or(a, b, _), false) => {
                self.assume(a, truth);
                self.assume(b, truth);
            }
            _ => {}
        }
    }

    fn learn_not_zero(&mut self, form: &Linear) {
        let one = Linear::constant(BigInt::from(1));
        match self.bounds(form) {
            Some(range) if range.lo.sign() == Sign::NoSign => self.learn(&form.sub(&one)),
            Some(range) if range.hi.sign() == Sign::NoSign => {
                self.learn(&form.scale(&BigInt::from(-1)).sub(&one));
            }
            _ => {}
        }
        if self.not_zero.insert(form.clone()) {
            self.undo.push(Undo::NotZero(form.clone()));
        }
    }

    /// Learns that `form ≥ 0`: for each of its variables what that implies, and the form itself.
    pub(super) fn learn(&mut self, form: &Linear) {
        self.stamp += 1;
        let mut is_in_intervals = form.terms.len() == 1;
        for (var, k) in &form.terms {
            let rest = form.sub(&Linear::var(*var).scale(k));
            let (Some(rest), Some(own)) = (self.interval(&rest), self.intervals[var.0 as usize].clone()) else {
                is_in_intervals = false;
                continue;
            };
            // k·var ≥ -rest.hi
            let bounds = if k.sign() == Sign::Plus {
                let lo = -floor_div(&rest.hi, k);
                (lo, own.hi.clone())
            } else {
                let hi = floor_div(&rest.hi, &-k);
                (own.lo.clone(), hi)
            };
            match bounds.0 <= bounds.1 {
                true => self.know(*var, &Range { lo: bounds.0, hi: bounds.1 }),
                false => self.contradict(),
            }
        }
        if !is_in_intervals && !form.terms.is_empty() {
            let position = self.not_negative.len() as u32;
            for (var, _) in &form.terms {
                self.about.entry(*var).or_default().push(position);
            }
            self.not_negative.push(form.clone());
            self.undo.push(Undo::NotNegative);
        }
    }

    fn contradict(&mut self) {
        self.contradictions += 1;
        self.undo.push(Undo::Contradiction);
    }

    /// Whether what is known cannot all be true: then the code at hand never runs.
    pub(super) fn is_contradictory(&self) -> bool {
        self.contradictions > 0
    }

    /// Whether it is known that the form is not 0.
    pub(super) fn is_not_zero(&self, form: &Linear) -> bool {
        self.not_zero.contains(form) || self.not_zero.contains(&form.scale(&BigInt::from(-1)))
    }

    /// The least interval that is known to hold the form.
    pub(super) fn bounds(&self, form: &Linear) -> Option<Range> {
        let interval = self.interval(form);
        if form.terms.iter().all(|(var, _)| self.about.get(var).is_none_or(Vec::is_empty)) {
            return interval;
        }
        let lo = self.least(form, FACTS_COMBINED);
        let hi = self.least(&form.scale(&BigInt::from(-1)), FACTS_COMBINED).map(|least| -least);
        match (interval, lo, hi) {
            (Some(range), lo, hi) => {
                let lo = lo.map_or(range.lo.clone(), |lo| lo.max(range.lo.clone()));
                let hi = hi.map_or(range.hi.clone(), |hi| hi.min(range.hi.clone()));
                Some(if lo <= hi { Range { lo, hi } } else { range })
            }
            (None, Some(lo), Some(hi)) if lo <= hi => Some(Range { lo, hi }),
            _ => None,
        }
    }

    /// A lower bound of the form: by intervals, or as facts that are 0 or more plus a rest with a lower bound.
    fn least(&self, form: &Linear, depth: u32) -> Option<BigInt> {
        let mut best = self.interval(form).map(|range| range.lo);
        if depth == 0 {
            return best;
        }
        for (var, k) in &form.terms {
            let facts =
                self.about.get(var).map_or(&[][..], |facts| &facts[facts.len().saturating_sub(FACTS_PER_QUESTION)..]);
            for fact in facts.iter().map(|position| &self.not_negative[*position as usize]) {
                let Some((_, p)) = fact.terms.iter().find(|(v, p)| v == var && p.sign() == k.sign()) else { continue };
                // As often as it takes to cancel the variable, or as often as that leaves some of it.
                let times = (k / p).max(BigInt::from(1));
                let rest = form.add_scaled(fact, &-times);
                if let Some(least) = self.least(&rest, depth - 1)
                    && best.as_ref().is_none_or(|best| least > *best)
                {
                    best = Some(least);
                }
            }
        }
        best
    }

    /// Bounds of the form by intervals and many facts put together. Unlike [`Facts::bounds`] it goes from newer variables to older ones only.
    pub(super) fn deep_bounds(&self, form: &Linear) -> Option<Range> {
        let plain = self.interval(form)?;
        let least = |form: &Linear| self.deep_least(form, DEEP_COMBINED, &mut { DEEP_STEPS });
        let lo = least(form).map_or(plain.lo.clone(), |lo| lo.max(plain.lo.clone()));
        let hi = least(&form.scale(&BigInt::from(-1))).map_or(plain.hi.clone(), |least| (-least).min(plain.hi.clone()));
        Some(if lo <= hi { Range { lo, hi } } else { plain })
    }

    /// A lower bound of the form: its newest variable goes out by its interval, or by a fact that has none that is newer, and so on.
    fn deep_least(&self, form: &Linear, depth: u32, steps: &mut u32) -> Option<BigInt> {
        let mut best = self.interval(form).map(|range| range.lo);
        let Some((var, k)) = form.terms.last() else { return best };
        if depth == 0 || *steps == 0 {
            return best;
        }
        *steps -= 1;
        let facts =
            self.about.get(var).map_or(&[][..], |facts| &facts[facts.len().saturating_sub(FACTS_PER_QUESTION)..]);
        for fact in facts.iter().map(|position| &self.not_negative[*position as usize]) {
            let Some((_, p)) = fact.terms.last().filter(|(v, p)| v == var && p.sign() == k.sign()) else { continue };
            let rest = form.add_scaled(fact, &-(k / p).max(BigInt::from(1)));
            best = best.max(self.deep_least(&rest, depth - 1, steps));
        }
        let alone = Linear { constant: BigInt::ZERO, terms: vec![(*var, k.clone())] };
        if let Some(own) = self.interval(&alone).filter(|_| form.terms.len() > 1) {
            let rest = self.deep_least(&form.sub(&alone), depth - 1, steps);
            best = best.max(rest.map(|least| least + own.lo));
        }
        best
    }

    /// The form's interval by those of its variables alone.
    fn interval(&self, form: &Linear) -> Option<Range> {
        let mut sum = Range::single(form.constant.clone());
        for (var, k) in &form.terms {
            sum = sum.add(&self.intervals[var.0 as usize].as_ref()?.scale(k));
        }
        Some(sum)
    }
}

/// `a / b` rounded down, for `b > 0`.
pub(super) fn floor_div(a: &BigInt, b: &BigInt) -> BigInt {
    let quotient = a / b;
    if (a % b).sign() == Sign::Minus { quotient - 1 } else { quotient }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minus(a: Var, b: Var) -> Linear {
        Linear::var(a).sub(&Linear::var(b))
    }

    #[test]
    fn comparisons_bound_differences() {
        let mut facts = Facts::default();
        let byte = Range::new(0, 255);
        let (a, b, c) = (facts.fresh(&byte), facts.fresh(&byte), facts.fresh(&byte));
        let mark = facts.mark();
        facts.assume(&Claim::NotNegative(minus(a, b)), true);
        assert_eq!(facts.bounds(&minus(a, b)), Some(Range::new(0, 255)));
        assert_eq!(facts.bounds(&minus(b, a)), Some(Range::new(-255, 0)));
        facts.assume(&Claim::NotNegative(minus(b, c)), true);
        assert_eq!(facts.bounds(&minus(a, c)), Some(Range::new(0, 255)), "transitive");
        facts.rollback(mark);
        assert_eq!(facts.bounds(&minus(a, b)), Some(Range::new(-255, 255)));
    }

    #[test]
    fn comparisons_refine_what_is_compared() {
        let mut facts = Facts::default();
        let x = facts.fresh(&Range::new(0, 255));
        let below_ten = Claim::NotNegative(Linear::constant(9.into()).sub(&Linear::var(x)));
        let mark = facts.mark();
        facts.assume(&below_ten, true);
        assert_eq!(facts.bounds(&Linear::var(x)), Some(Range::new(0, 9)));
        facts.rollback(mark);
        facts.assume(&below_ten, false);
        assert_eq!(facts.bounds(&Linear::var(x)), Some(Range::new(10, 255)));
        facts.assume(&Claim::Zero(Linear::var(x).sub(&Linear::constant(255.into()))), false);
        assert_eq!(facts.bounds(&Linear::var(x)), Some(Range::new(10, 254)));
    }

    #[test]
    fn facts_are_used_as_often_as_it_takes() {
        let mut facts = Facts::default();
        let byte = Range::new(0, 255);
        let (a, b) = (facts.fresh(&byte), facts.fresh(&byte));
        facts.assume(&Claim::NotNegative(minus(b, a)), true);
        assert_eq!(facts.bounds(&minus(b, a).scale(&100.into())), Some(Range::new(0, 25_500)));
    }

    #[test]
    fn a_divisor_that_is_not_zero_is_remembered() {
        let mut facts = Facts::default();
        let x = Linear::var(facts.fresh(&Range::new(-5, 5)));
        let mark = facts.mark();
        facts.assume(&Claim::Zero(x.clone()), false);
        assert!(facts.is_not_zero(&x) && facts.is_not_zero(&x.scale(&BigInt::from(-1))));
        facts.rollback(mark);
        assert!(!facts.is_not_zero(&x));
    }
}
