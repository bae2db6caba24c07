//! Loops: unrolled while that is cheap, else generalised to any iteration.
//!
//! A loop whose number of iterations is known is unrolled as long as the steps that it would take stay within
//! [`super::Limits::unroll_steps_max`]; otherwise it is rolled (`roll`). For that its body runs once for *any* iteration: the variables that
//! it assigns get ranges that hold at the start of every iteration. Those are found by trying: what is stable stays; what grows by a bounded
//! difference gets the range that all iterations together can reach; what does neither gets the range of its declared type, and the last,
//! reporting run says so if that is not enough. The same is done where only analysis does not know how often a loop runs.

use std::rc::Rc;

use hushgate_circuits::id::Wire;
use num_bigint::{BigInt, Sign};

use super::report;
use super::roll::{AnyIteration, Loop};
use super::value::{Abstract, Bit, Int, Stage, Variants};
use super::walk::{Env, ExitKind, Stop, Walk, Walked};
use crate::hir::{For, Over, Ty};
use crate::ranges::Range;
use crate::source::Span;

/// Attempts to find ranges that hold in every iteration; the last ones fall back to declared types.
const ROUNDS: u32 = 8;
/// Attempts that only add what was seen: enough for what settles.
const ROUNDS_JOINED: u32 = 2;
/// Attempts before a range that still grows is taken from the declared type.
const ROUNDS_PRECISE: u32 = 5;

/// What a loop runs over.
pub(super) enum Items {
    /// The counter from the first to before the second.
    Counter(BigInt, BigInt),
    /// Any counter in the range, at most so many times.
    Unknown(Range, BigInt, Stage),
    Elements(Rc<Vec<Abstract>>),
}

impl Items {
    /// How many iterations there are at most.
    pub(super) fn count(&self) -> BigInt {
        match self {
            Items::Counter(start, end) => (end - start).max(BigInt::ZERO),
            Items::Unknown(_, count, _) => count.clone(),
            Items::Elements(items) => BigInt::from(items.len()),
        }
    }

    /// The index that `counter + offset` is in iteration `i`.
    ///
    /// # Panics
    /// If there is no such index; [`Items::positions`] says so before.
    pub(super) fn position(&self, i: usize, offset: i64) -> usize {
        let Items::Counter(start, _) = self else { unreachable!("only counters have cells") };
        usize::try_from(start + BigInt::from(i) + offset).expect("a cell lies inside its array")
    }

    /// The indices that `counter + offset` runs through from iteration `first` on, if they lie in an array of `len`.
    pub(super) fn positions(&self, first: usize, offset: i64, len: usize) -> Option<std::ops::Range<usize>> {
        let Items::Counter(start, end) = self else { return None };
        let start = usize::try_from(start + BigInt::from(first) + offset).ok()?;
        let end = usize::try_from(end + offset).ok()?;
        (start < end && end <= len).then_some(start..end)
    }
}

impl Walk<'_> {
    pub(super) fn for_loop(&mut self, body: &For, span: Span) -> Walked {
        let Some(items) = self.items(&body.over)? else { return Ok(Abstract::unit()) };
        let start = self.exits.len();
        let facts = self.facts.mark();
        let outer = self.env.clone();
        let alive = match &items {
            Items::Unknown(..) => self.run_unknown(body, &items, span)?,
            _ => self.unroll(body, &items, span, None)?,
        };
        let exits = self.take_exits(ExitKind::Break, start);
        self.at(span);
        if self.merge_exits(exits, alive, (start, facts), &outer) { Ok(Abstract::unit()) } else { Err(Stop::Diverged) }
    }

    pub(super) fn map_loop(&mut self, body: &For, span: Span) -> Walked {
        let Some(items) = self.items(&body.over)? else { return Ok(Abstract::list(Vec::new())) };
        if matches!(items, Items::Unknown(..)) {
            return self.fatal(report::unknown_length(span));
        }
        if items.count() > BigInt::from(self.limits.elements_max) {
            return self.fatal(report::too_many_elements(span, self.limits.elements_max));
        }
        let mut values = Vec::new();
        if self.unroll(body, &items, span, Some(&mut values))? {
            Ok(Abstract::list(values))
        } else {
            Err(Stop::Diverged)
        }
    }

    /// What the loop runs over; nothing if its bounds are secret, which is reported.
    fn items(&mut self, over: &Over) -> Walked<Option<Items>> {
        let (start, end) = match over {
            Over::Array(array) => return Ok(Some(Items::Elements(Rc::clone(self.eval(array)?.items())))),
            Over::Range(start, end) => {
                let bounds = (self.eval(start)?.int(), self.eval(end)?.int());
                let (low, high) = (self.refresh(&bounds.0), self.refresh(&bounds.1));
                for (value, expr) in [(&low, start), (&high, end)] {
                    if value.known().is_none()
                        && let Some(source) = self.secret(value.stage()).cloned()
                    {
                        self.report(report::secret_bound(expr.span, &source));
                        return Ok(None);
                    }
                }
                (low, high)
            }
        };
        if self.needs_unrolling(&start) || self.needs_unrolling(&end) {
            return Err(Stop::Unrollable);
        }
        Ok(Some(match (start.known(), end.known()) {
            (Some(start), Some(end)) => Items::Counter(start.clone(), end.clone()),
            _ => {
                let last: BigInt = end.range().hi.clone() - 1;
                let count = (&end.range().hi - &start.range().lo).max(BigInt::ZERO);
                let range = Range { lo: start.range().lo.clone(), hi: last.max(start.range().lo.clone()) };
                Items::Unknown(range, count, start.stage().join(end.stage()))
            }
        }))
    }

    /// The counter or the element of iteration `i`.
    pub(super) fn item(&self, items: &Items, i: usize) -> Abstract {
        match items {
            Items::Counter(start, _) => Abstract::Int(self.constant(start + BigInt::from(i), Stage::BUILD)),
            Items::Elements(items) => items[i].clone(),
            Items::Unknown(..) => unreachable!("only known loops are unrolled"),
        }
    }

    /// Runs every iteration, or rolls those that are left once it is clear that they are too many; whether control comes out at the end.
    fn unroll(
        &mut self,
        body: &For,
        items: &Items,
        span: Span,
        mut values: Option<&mut Vec<Abstract>>,
    ) -> Walked<bool> {
        let count = items.count();
        let outer = self.env.clone();
        let mut may_roll = true;
        let mut i = 0;
        while BigInt::from(i) < count {
            let steps = self.steps;
            let item = self.item(items, i);
            self.bind(body.local, item);
            let Some(value) = self.iteration(body, &outer, span)? else { return Ok(false) };
            if let Some(values) = &mut values {
                values.push(value);
            }
            i += 1;
            let predicted = BigInt::from(self.steps - steps) * (&count - BigInt::from(i));
            if may_roll && predicted > BigInt::from(self.limits.unroll_steps_max) {
                may_roll = false;
                let is_affordable = predicted < BigInt::from(self.limits.steps_max.saturating_sub(self.steps) / 2);
                let rolled = Loop { body, items, first: i, span, collects: values.is_some(), is_affordable };
                if let Some(more) = self.roll(rolled)? {
                    values.into_iter().for_each(|values| values.extend(more.iter().cloned()));
                    return Ok(true);
                }
            }
        }
        Ok(true)
    }

    /// One iteration with the loop's variable bound; its value, if control comes to its end.
    pub(super) fn iteration(&mut self, body: &For, outer: &Env, span: Span) -> Walked<Option<Abstract>> {
        self.step(span)?;
        let (start, facts) = (self.exits.len(), self.facts.mark());
        let value = match self.eval(&body.body) {
            Ok(value) => Some(value),
            Err(Stop::Diverged) => None,
            Err(stop) => return Err(stop),
        };
        let exits = self.take_exits(ExitKind::Continue, start);
        self.at(span);
        let alive = self.merge_exits(exits, value.is_some(), (start, facts), outer);
        Ok(alive.then(|| value.unwrap_or_else(Abstract::unit)))
    }

    /// Runs the body for any iteration of a loop that may run any number of times; whether control comes out at the end.
    fn run_unknown(&mut self, body: &For, items: &Items, span: Span) -> Walked<bool> {
        let Items::Unknown(_, count, stage) = items else { unreachable!("the caller has looked") };
        if count.sign() == Sign::NoSign {
            return Ok(true);
        }
        let skipped = Bit { known: None, stage: *stage, claim: Walk::opaque_claim(), wire: Wire::FALSE };
        let entry = self.env.clone();
        let uses = self.uses(&body.body);
        let is_bound = |i: &usize| entry.get(*i).is_some_and(Option::is_some);
        let assigned: Vec<usize> = uses.assigned.into_iter().filter(is_bound).collect();
        let rolled = Loop { body, items, first: 0, span, collects: false, is_affordable: false };
        self.env = self.find_invariant(rolled, &assigned)?;
        let item = self.any_item(items, 0);
        self.bind(body.local, item);
        let (start, facts) = (self.exits.len(), self.facts.mark());
        let alive = self.iteration(body, &entry, span)?.is_some();
        // Nothing of it need have happened.
        self.facts.rollback(facts);
        self.restrict_exits(start..self.exits.len(), &skipped.not());
        let after = std::mem::take(&mut self.env);
        self.env = if alive { self.merge_envs(&skipped, entry, after) } else { entry };
        self.absorb_failures(start);
        Ok(true)
    }

    /// What the loop's variable is in any iteration from `first` on.
    pub(super) fn any_item(&mut self, items: &Items, first: usize) -> Abstract {
        match items {
            Items::Counter(start, end) => {
                let range = Range::new(start + BigInt::from(first), end - 1);
                Abstract::Int(self.opaque(range, Stage::BUILD, |_, _| Vec::new()))
            }
            Items::Unknown(range, _, stage) => Abstract::Int(self.opaque(range.clone(), *stage, |_, _| Vec::new())),
            Items::Elements(items) => self.any_of(&items[first..]),
        }
    }

    /// What any of these values is.
    pub(super) fn any_of(&mut self, items: &[Abstract]) -> Abstract {
        let unknown = Bit { known: None, stage: Stage::BUILD, claim: Walk::opaque_claim(), wire: Wire::FALSE };
        let mut any = items.first().cloned().unwrap_or_else(Abstract::unit);
        for item in items.iter().skip(1) {
            any = self.merge(&unknown, &any, item);
        }
        self.generalise(&any)
    }

    /// Runs the body for any iteration: silently first, so that a loop in which something cannot be proven is unrolled if that is possible.
    pub(super) fn any_iteration(&mut self, rolled: Loop<'_>, assigned: &[usize]) -> Walked<AnyIteration> {
        let entry = self.env.clone();
        let before = self.find_invariant(rolled, assigned)?;
        let suppressed = self.suppressed;
        self.trials += 1;
        let silent = self.iterate_once(rolled, &before, &entry);
        self.trials = self.trials.saturating_sub(1);
        let silent = silent?;
        match self.suppressed == suppressed {
            true => Ok(silent),
            false if rolled.is_affordable => Err(Stop::Unrollable),
            false => self.iterate_once(rolled, &before, &entry),
        }
    }

    fn iterate_once(&mut self, rolled: Loop<'_>, before: &Env, entry: &Env) -> Walked<AnyIteration> {
        let (start, facts) = (self.exits.len(), self.facts.mark());
        self.env = before.clone();
        let item = self.any_item(rolled.items, rolled.first);
        self.bind(rolled.body.local, item);
        let value = self.iteration(rolled.body, entry, rolled.span)?;
        if self.exits[start..].iter().any(|exit| exit.kind != ExitKind::Break) {
            return Err(Stop::Unrollable);
        }
        let Some(value) = value else { return Err(Stop::Unrollable) };
        let after = self.env.clone();
        let exits = self.take_exits(ExitKind::Break, start);
        let may_break = !exits.is_empty();
        self.merge_exits(exits, true, (start, facts), entry);
        let end = std::mem::take(&mut self.env);
        Ok(AnyIteration { before: before.clone(), after, end, value, may_break })
    }

    /// Variables that hold at the start of every iteration.
    fn find_invariant(&mut self, rolled: Loop<'_>, assigned: &[usize]) -> Walked<Env> {
        let entry = self.env.clone();
        let types = self.local_types();
        let count = rolled.items.count() - BigInt::from(rolled.first);
        let mut candidate = entry.clone();
        for round in 0..ROUNDS {
            let general = self.generalise_env(&candidate, assigned);
            let (facts, exits, suppressed) = (self.facts.mark(), self.exits.len(), self.suppressed);
            self.env = general.clone();
            let item = self.any_item(rolled.items, rolled.first);
            self.bind(rolled.body.local, item);
            self.trials += 1;
            let value = self.iteration(rolled.body, &entry, rolled.span);
            self.trials = self.trials.saturating_sub(1);
            let alive = value?.is_some();
            self.suppressed = suppressed;
            self.exits.truncate(exits);
            let after = std::mem::take(&mut self.env);
            let mut growth = Growth { count: count.clone(), round, stable: true };
            let mut next = candidate.clone();
            for &i in assigned.iter().filter(|_| alive) {
                if let (Some(entry), Some(old), Some(general), Some(after)) =
                    (&entry[i], &candidate[i], &general[i], after.get(i).and_then(Option::as_ref))
                {
                    next[i] = Some(self.grow(&mut growth, [entry, old, general, after], types.get(i)));
                }
            }
            self.facts.rollback(facts);
            self.env = entry.clone();
            if growth.stable {
                return Ok(self.generalise_env(&candidate, assigned));
            }
            candidate = next;
        }
        if rolled.is_affordable {
            return Err(Stop::Unrollable);
        }
        let name = assigned.first().map(|i| self.local_name(*i)).unwrap_or_default();
        self.fatal(report::unbounded(rolled.span, &name))
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
            Abstract::Int(int) => Abstract::Int(self.opaque(int.range().clone(), int.stage(), |_, _| Vec::new())),
            Abstract::List(items) => Abstract::list(items.iter().map(|item| self.generalise(item)).collect()),
            Abstract::Enum(variants) => {
                let tag = self.opaque(variants.tag.range().clone(), variants.tag.stage(), |_, _| Vec::new());
                let payloads =
                    variants.payloads.iter().map(|payload| payload.as_ref().map(|payload| self.generalise(payload)));
                let payloads = payloads.collect();
                Abstract::Enum(Rc::new(Variants { tag, payloads }))
            }
        }
    }

    /// The next candidate for a variable: `[entry, candidate, its generalisation, what an iteration makes of that]`.
    fn grow(&mut self, growth: &mut Growth, [entry, old, general, after]: [&Abstract; 4], ty: Option<&Ty>) -> Abstract {
        match (entry, old, general, after) {
            (Abstract::Bool(_), Abstract::Bool(old), _, Abstract::Bool(after)) => {
                if (old.known.is_none() || old.known == after.known) && after.stage.level <= old.stage.level {
                    return Abstract::Bool(old.clone());
                }
                growth.stable = false;
                Abstract::Bool(self.unknown_bit(Wire::FALSE, old.stage.join(after.stage)))
            }
            (Abstract::Int(entry), Abstract::Int(old), Abstract::Int(general), Abstract::Int(after)) => {
                Abstract::Int(self.grow_int(growth, [entry, old, general, after], ty))
            }
            (Abstract::List(entry), Abstract::List(old), Abstract::List(general), Abstract::List(after)) => {
                let part = |i: usize| ty.and_then(|ty| self.program.part(ty, i));
                let types: Vec<Option<Ty>> = (0..old.len()).map(part).collect();
                let parts = types.iter().enumerate();
                Abstract::list(
                    parts
                        .map(|(i, ty)| self.grow(growth, [&entry[i], &old[i], &general[i], &after[i]], ty.as_ref()))
                        .collect(),
                )
            }
            (Abstract::Enum(_), Abstract::Enum(old), Abstract::Enum(general), Abstract::Enum(after)) => {
                self.grow_enum(growth, old, general, after)
            }
            _ => old.clone(),
        }
    }

    fn grow_enum(&mut self, growth: &mut Growth, old: &Variants, general: &Variants, after: &Variants) -> Abstract {
        let tag = self.grow_int(growth, [&old.tag, &old.tag, &general.tag, &after.tag], None);
        let mut payloads = Vec::with_capacity(old.payloads.len());
        for ((old, general), after) in old.payloads.iter().zip(&general.payloads).zip(&after.payloads) {
            payloads.push(match (old, general, after) {
                (Some(old), Some(general), Some(after)) => Some(self.grow(growth, [old, old, general, after], None)),
                (None, _, Some(after)) => {
                    growth.stable = false;
                    Some(after.clone())
                }
                (old, ..) => old.clone(),
            });
        }
        Abstract::Enum(Rc::new(Variants { tag, payloads }))
    }

    fn grow_int(&mut self, growth: &mut Growth, [entry, old, general, after]: [&Int; 4], ty: Option<&Ty>) -> Int {
        let stage = old.stage().join(after.stage());
        if old.range().includes(after.range()) && stage.level == old.stage().level {
            return old.clone();
        }
        let all = self.after_all(growth, entry, general, after);
        if all.as_ref().is_some_and(|all| old.range().includes(all)) && stage.level == old.stage().level {
            return old.clone();
        }
        growth.stable = false;
        let reached = old.range().union(after.range());
        let range = match all {
            _ if growth.round >= ROUNDS_PRECISE => self.widened(&reached, ty),
            Some(all) if growth.round >= ROUNDS_JOINED => self.within_type(old.range().union(&all), ty),
            _ => reached,
        };
        self.opaque(range, stage, |_, _| Vec::new())
    }

    /// What the variable can be at the start of any iteration, if each of them adds no more than this one does.
    fn after_all(&self, growth: &Growth, entry: &Int, general: &Int, after: &Int) -> Option<Range> {
        let difference = self.facts.bounds(&after.form().sub(general.form()))?;
        let total = difference.scale(&(&growth.count - BigInt::from(1)));
        let least = (&total.lo).min(&BigInt::ZERO) + &entry.range().lo;
        let most = (&total.hi).max(&BigInt::ZERO) + &entry.range().hi;
        Some(Range::new(least, most))
    }

    /// A range that is only an estimate, cut to what the declared type allows anyway.
    fn within_type(&self, range: Range, ty: Option<&Ty>) -> Range {
        match ty {
            Some(Ty::Int(ty)) => range.intersection(&Range::of(ty)).unwrap_or(range),
            _ => range,
        }
    }

    fn widened(&self, range: &Range, ty: Option<&Ty>) -> Range {
        match ty {
            Some(Ty::Int(ty)) => range.union(&Range::of(ty)),
            _ => {
                let width = u32::try_from(range.width() + 1).unwrap_or(u32::MAX).next_power_of_two();
                range.union(&Range::of_width(range.is_signed(), width))
            }
        }
    }

    /// The types of the variables of the function that the loop stands in.
    fn local_types(&self) -> Vec<Ty> {
        self.current_function()
            .map(|function| function.locals.iter().map(|local| local.ty.clone()).collect())
            .unwrap_or_default()
    }

    fn local_name(&self, i: usize) -> String {
        self.current_function()
            .and_then(|function| function.locals.get(i))
            .map(|local| local.name.clone())
            .unwrap_or_default()
    }

    fn current_function(&self) -> Option<&crate::hir::Function> {
        self.origins.function().map(|id| &self.program.functions[id.0 as usize])
    }
}

/// How the candidates of a loop develop.
struct Growth {
    count: BigInt,
    round: u32,
    stable: bool,
}
