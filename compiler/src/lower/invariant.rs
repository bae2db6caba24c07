//! Ranges that hold at the start of every iteration of a loop.
//!
//! They are found by trying: the body runs without wires, for any iteration, on a candidate, until an iteration makes nothing of it that it
//! does not hold already. The first candidate is what holds before the loop. Each integer of the state goes through these stages, on its own:
//! 1. what an iteration makes of it is added;
//! 2. if that changed it by the same difference twice, what all iterations together can add is added;
//! 3. the end that does not hold moves to the next number that a constant of the body or the width of an integer suggests;
//! 4. if an iteration changes it by any bounded difference, what all iterations together can add is added;
//! 5. it gets the range of its declared type.
//!
//! A candidate that went as far as stage 3 is narrowed in the end to what holds before the loop and what an iteration makes of it.
//!
//! # Invariants
//! - What is returned holds at the start of every iteration. It has been tried: it holds before the loop, and an iteration that starts with it
//!   ends with it; or its integers change by differences that, over all iterations, do not leave it. Or it is what an iteration that starts
//!   with such a candidate ends with, and what holds before the loop.

use std::collections::HashMap;
use std::rc::Rc;

use hushgate_circuits::id::Wire;
use num_bigint::BigInt;

use super::report;
use super::roll::Loop;
use super::value::{Abstract, Int, Variants};
use super::walk::{Env, Stop, Walk, Walked};
use crate::hir::{Expr, ExprKind, Ty};
use crate::ranges::Range;

/// Candidates that are tried.
const ROUNDS: u32 = 32;
/// Attempts with an integer that move an end to the next likely number.
const TRIES_WIDENED: u32 = 12;
/// Attempts after that which add what all iterations together can add.
const TRIES_AFFINE: u32 = 3;
/// Likely numbers that an end may move to.
const LIKELY_MAX: usize = 8;
/// Constants of a body that are looked at.
const CONSTANTS_MAX: usize = 32;

/// How the candidates of a loop develop.
struct Growth {
    /// Iterations, at most.
    count: BigInt,
    /// Where ends of ranges are likely to lie.
    likely: Vec<BigInt>,
    /// What became of each integer of the state, by the way to it.
    leaves: HashMap<Vec<usize>, Leaf>,
    /// The way to the integer at hand.
    path: Vec<usize>,
    /// The integer that was not stable in this round, if there is one.
    unstable: Option<Vec<usize>>,
    /// As `unstable`, in the round before.
    latest: Option<Vec<usize>>,
    has_widened: bool,
    /// Whether all stages have been tried in vain.
    has_failed: bool,
}

/// An integer that was not stable at first.
struct Leaf {
    /// At the start of the first iteration, at its end, and the difference.
    entry: Range,
    after: Range,
    difference: Option<Range>,
    next: Attempt,
    /// How many likely places the upper and the lower end have moved.
    up: usize,
    down: usize,
}

/// What to do with an integer that is not stable yet.
#[derive(Clone, Copy)]
enum Attempt {
    Join,
    Repeat,
    Widen(u32),
    Affine(u32),
    Declared,
}

impl Walk<'_> {
    /// Variables that hold at the start of every iteration.
    pub(super) fn find_invariant(&mut self, rolled: Loop<'_>, assigned: &[usize]) -> Walked<Env> {
        let entry = self.env.clone();
        let mut growth = Growth::new(rolled);
        let mut candidate = entry.clone();
        for _ in 0..ROUNDS {
            let after = self.try_out(rolled, assigned, &entry, &candidate, |walk, i, parts| {
                growth.path = vec![i];
                let ty = walk.local_type(i);
                walk.grow(&mut growth, parts, ty.as_ref())
            })?;
            if growth.unstable.is_none() {
                if growth.has_widened {
                    candidate = self.narrowed(rolled, assigned, &entry, &candidate)?;
                }
                return Ok(self.generalise_env(&candidate, assigned));
            }
            growth.latest = growth.unstable.take();
            if growth.has_failed {
                break;
            }
            candidate = after;
        }
        if rolled.is_affordable {
            return Err(Stop::Unrollable(rolled.span, "what it computes has no range that holds in every iteration"));
        }
        let unstable = growth.latest.and_then(|path| Some((path[0], growth.leaves.remove(&path)?)));
        let seen = unstable.as_ref().map(|(_, leaf)| (&leaf.entry, &leaf.after));
        let name = self.local_name(unstable.as_ref().map_or(0, |(local, _)| *local));
        self.fatal(report::unbounded(rolled.span, &name, seen))
    }

    /// Runs the body on a candidate; of each variable, `next` makes something of `[entry, candidate, its generalisation, what comes out]`.
    fn try_out(
        &mut self,
        rolled: Loop<'_>,
        assigned: &[usize],
        entry: &Env,
        candidate: &Env,
        mut next: impl FnMut(&mut Self, usize, [&Abstract; 4]) -> Abstract,
    ) -> Walked<Env> {
        let general = self.generalise_env(candidate, assigned);
        let (facts, exits, suppressed) = (self.facts.mark(), self.exits.len(), self.suppressed);
        self.env = general.clone();
        let item = self.any_item(rolled.items, rolled.first);
        self.bind(rolled.body.local, item);
        self.trials += 1;
        let value = self.iteration(rolled.body, entry, rolled.span);
        self.trials -= 1;
        let alive = value?.is_some();
        self.suppressed = suppressed;
        self.exits.truncate(exits);
        let after = std::mem::take(&mut self.env);
        let mut made = candidate.clone();
        for &i in assigned.iter().filter(|_| alive) {
            if let (Some(entry), Some(old), Some(general), Some(after)) =
                (&entry[i], &candidate[i], &general[i], after.get(i).and_then(Option::as_ref))
            {
                made[i] = Some(next(self, i, [entry, old, general, after]));
            }
        }
        self.facts.rollback(facts);
        self.env = entry.clone();
        Ok(made)
    }

    /// What holds before the loop, and what an iteration makes of a candidate that holds: every iteration starts with one of these.
    fn narrowed(&mut self, rolled: Loop<'_>, assigned: &[usize], entry: &Env, candidate: &Env) -> Walked<Env> {
        self.try_out(rolled, assigned, entry, candidate, |walk, _, [entry, old, _, after]| {
            walk.narrow_value(entry, old, after)
        })
    }

    fn generalise_env(&mut self, env: &Env, assigned: &[usize]) -> Env {
        let mut general = env.clone();
        for &i in assigned {
            general[i] = env[i].as_ref().map(|value| self.generalise(value));
        }
        general
    }

    /// Any value of the same ranges.
    pub(super) fn generalise(&mut self, value: &Abstract) -> Abstract {
        match value {
            Abstract::Bool(bit) if bit.known.is_some() => value.clone(),
            Abstract::Bool(bit) => Abstract::Bool(self.unknown_bit(Wire::FALSE, bit.stage)),
            Abstract::Int(int) => Abstract::Int(self.any_int(int, int.range().clone())),
            Abstract::List(items) => Abstract::list(items.iter().map(|item| self.generalise(item)).collect()),
            Abstract::Enum(variants) => {
                let tag = self.any_int(&variants.tag, variants.tag.range().clone());
                let payloads =
                    variants.payloads.iter().map(|payload| payload.as_ref().map(|payload| self.generalise(payload)));
                let payloads = payloads.collect();
                Abstract::Enum(Rc::new(Variants { tag, payloads }))
            }
        }
    }

    /// Any integer of this range, of the stage of another.
    fn any_int(&mut self, like: &Int, range: Range) -> Int {
        self.opaque(range, like.stage(), |_, _| Vec::new())
    }

    /// The next candidate for a variable: `[entry, candidate, its generalisation, what an iteration makes of that]`.
    fn grow(&mut self, growth: &mut Growth, [entry, old, general, after]: [&Abstract; 4], ty: Option<&Ty>) -> Abstract {
        match (entry, old, general, after) {
            (Abstract::Bool(_), Abstract::Bool(old), _, Abstract::Bool(after)) => {
                if (old.known.is_none() || old.known == after.known) && after.stage.level <= old.stage.level {
                    return Abstract::Bool(old.clone());
                }
                growth.unstable = Some(growth.path.clone());
                Abstract::Bool(self.unknown_bit(Wire::FALSE, old.stage.join(after.stage)))
            }
            (Abstract::Int(entry), Abstract::Int(old), Abstract::Int(general), Abstract::Int(after)) => {
                Abstract::Int(self.grow_int(growth, [entry, old, general, after], ty))
            }
            (Abstract::List(entry), Abstract::List(old), Abstract::List(general), Abstract::List(after)) => {
                let mut parts = Vec::with_capacity(old.len());
                for i in 0..old.len() {
                    let ty = ty.and_then(|ty| self.program.part(ty, i));
                    growth.path.push(i);
                    parts.push(self.grow(growth, [&entry[i], &old[i], &general[i], &after[i]], ty.as_ref()));
                    growth.path.pop();
                }
                Abstract::list(parts)
            }
            (Abstract::Enum(_), Abstract::Enum(old), Abstract::Enum(general), Abstract::Enum(after)) => {
                self.grow_enum(growth, old, general, after)
            }
            _ => old.clone(),
        }
    }

    fn grow_enum(&mut self, growth: &mut Growth, old: &Variants, general: &Variants, after: &Variants) -> Abstract {
        growth.path.push(old.payloads.len());
        let tag = self.grow_int(growth, [&old.tag, &old.tag, &general.tag, &after.tag], None);
        growth.path.pop();
        let mut payloads = Vec::with_capacity(old.payloads.len());
        for (i, ((old, general), after)) in old.payloads.iter().zip(&general.payloads).zip(&after.payloads).enumerate()
        {
            growth.path.push(i);
            payloads.push(match (old, general, after) {
                (Some(old), Some(general), Some(after)) => Some(self.grow(growth, [old, old, general, after], None)),
                (None, _, Some(after)) => {
                    growth.unstable = Some(growth.path.clone());
                    Some(after.clone())
                }
                (old, ..) => old.clone(),
            });
            growth.path.pop();
        }
        Abstract::Enum(Rc::new(Variants { tag, payloads }))
    }

    fn grow_int(&mut self, growth: &mut Growth, [entry, old, general, after]: [&Int; 4], ty: Option<&Ty>) -> Int {
        let stage = old.stage().join(after.stage());
        let is_stage_stable = stage.level == old.stage().level;
        let difference = self.facts.bounds(&after.form().sub(general.form()));
        let all = difference.as_ref().map(|difference| after_all(&growth.count, entry.range(), difference));
        let holds = |range: &Range| old.range().includes(range);
        if is_stage_stable && (holds(after.range()) || all.as_ref().is_some_and(holds)) {
            return old.clone();
        }
        growth.unstable = Some(growth.path.clone());
        let leaf = growth.leaves.entry(growth.path.clone()).or_insert_with(|| Leaf {
            entry: old.range().clone(),
            after: after.range().clone(),
            difference: difference.clone(),
            next: Attempt::Join,
            up: usize::from(after.range().hi > old.range().hi),
            down: usize::from(after.range().lo < old.range().lo),
        });
        let reached = old.range().union(after.range());
        let estimate = |range: Range| within_type(range, ty);
        let (range, next) = match (leaf.next, &all) {
            (Attempt::Join, _) => (reached, Attempt::Repeat),
            (Attempt::Repeat, Some(all)) if difference == leaf.difference => (estimate(all.clone()), Attempt::Widen(0)),
            (Attempt::Repeat | Attempt::Widen(0), _) => (estimate(leaf.widened(&growth.likely)), Attempt::Widen(1)),
            (Attempt::Widen(n), _) if n < TRIES_WIDENED => {
                leaf.up += usize::from(after.range().hi > old.range().hi);
                leaf.down += usize::from(after.range().lo < old.range().lo);
                (estimate(leaf.widened(&growth.likely)), Attempt::Widen(n + 1))
            }
            (Attempt::Widen(_), Some(all)) => (estimate(all.clone()), Attempt::Affine(1)),
            (Attempt::Affine(n), Some(all)) if n < TRIES_AFFINE => (estimate(all.clone()), Attempt::Affine(n + 1)),
            (Attempt::Declared, _) => {
                growth.has_failed = true;
                return old.clone();
            }
            _ => (declared_or_wider(&reached, ty), Attempt::Declared),
        };
        growth.has_widened |= matches!(next, Attempt::Widen(1..));
        leaf.next = next;
        self.opaque(range, stage, |_, _| Vec::new())
    }

    /// What holds before the loop and what an iteration makes of the candidate, where that does not leave the candidate.
    fn narrow_value(&mut self, entry: &Abstract, old: &Abstract, after: &Abstract) -> Abstract {
        match (entry, old, after) {
            (Abstract::Int(entry), Abstract::Int(old), Abstract::Int(after)) => {
                Abstract::Int(match old.range().includes(after.range()) {
                    true => self.any_int(old, entry.range().union(after.range())),
                    false => old.clone(),
                })
            }
            (Abstract::List(entry), Abstract::List(old), Abstract::List(after)) => {
                let parts = entry.iter().zip(old.iter()).zip(after.iter());
                Abstract::list(parts.map(|((entry, old), after)| self.narrow_value(entry, old, after)).collect())
            }
            _ => old.clone(),
        }
    }

    /// The type of a variable of the function that the loop stands in.
    fn local_type(&self, i: usize) -> Option<Ty> {
        self.current_function()?.locals.get(i).map(|local| local.ty.clone())
    }

    fn local_name(&self, i: usize) -> String {
        let local = self.current_function().and_then(|function| function.locals.get(i));
        local.map(|local| local.name.clone()).unwrap_or_default()
    }

    fn current_function(&self) -> Option<&crate::hir::Function> {
        self.origins.function().map(|id| &self.program.functions[id.0 as usize])
    }
}

impl Growth {
    fn new(rolled: Loop<'_>) -> Growth {
        Growth {
            count: rolled.items.count() - BigInt::from(rolled.first),
            likely: likely_ends(&rolled.body.body),
            leaves: HashMap::new(),
            path: Vec::new(),
            unstable: None,
            latest: None,
            has_widened: false,
            has_failed: false,
        }
    }
}

impl Leaf {
    /// Its first range with its ends moved to likely places.
    fn widened(&self, likely: &[BigInt]) -> Range {
        let seen = self.entry.union(&self.after);
        let power = |k: u64| BigInt::from(1) << (seen.width().max(1) + k);
        let mut above: Vec<BigInt> = likely.iter().filter(|end| **end > seen.hi).take(LIKELY_MAX).cloned().collect();
        above.extend((0..3).map(|k| power(k) - 1).filter(|end| *end > seen.hi));
        above.sort();
        above.dedup();
        let mut below: Vec<BigInt> =
            likely.iter().rev().filter(|end| **end < seen.lo).take(LIKELY_MAX).cloned().collect();
        below.extend([BigInt::ZERO].into_iter().filter(|end| *end < seen.lo));
        below.extend((0..3).map(|k| -power(k)));
        below.sort_by(|a, b| b.cmp(a));
        below.dedup();
        let pick = |ends: &[BigInt], n: usize, end: &BigInt| match n.checked_sub(1) {
            Some(n) => ends.get(n).or(ends.last()).unwrap_or(end).clone(),
            None => end.clone(),
        };
        Range { lo: pick(&below, self.down, &seen.lo), hi: pick(&above, self.up, &seen.hi) }
    }
}

/// What an integer can be at the start of any iteration, if each of them adds no more than this difference.
fn after_all(count: &BigInt, entry: &Range, difference: &Range) -> Range {
    entry.union(&entry.add(&difference.scale(&(count - BigInt::from(1)))))
}

/// A range that is only an estimate, cut to what the declared type allows anyway.
fn within_type(range: Range, ty: Option<&Ty>) -> Range {
    match ty {
        Some(Ty::Int(ty)) => range.intersection(&Range::of(ty)).unwrap_or(range),
        _ => range,
    }
}

fn declared_or_wider(range: &Range, ty: Option<&Ty>) -> Range {
    match ty {
        Some(Ty::Int(ty)) => range.union(&Range::of(ty)),
        _ => {
            let width = u32::try_from(range.width() + 1).unwrap_or(u32::MAX).next_power_of_two();
            range.union(&Range::of_width(range.is_signed(), width))
        }
    }
}

/// The constants of a body and their neighbours, ascending: where ranges are likely to end.
fn likely_ends(body: &Expr) -> Vec<BigInt> {
    let mut ends = Vec::new();
    let mut todo = vec![body];
    while let Some(expr) = todo.pop() {
        if let ExprKind::Int(value) = &expr.kind
            && ends.len() < 3 * CONSTANTS_MAX
        {
            ends.extend([value - 1, value.clone(), value + 1]);
        }
        todo.extend(expr.children());
    }
    ends.sort();
    ends.dedup();
    ends
}
