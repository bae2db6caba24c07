//! Loops: unrolled while that is cheap, else generalised to any iteration.
//!
//! A loop whose number of iterations is known is unrolled as long as the steps that it would take stay within
//! [`super::Limits::unroll_steps_max`]; otherwise it is rolled (`roll`). For that its body runs once for *any* iteration, with variables whose
//! ranges hold at the start of every iteration (`invariant`). The same is done where only analysis does not know how often a loop runs.
//!
//! The first iteration of a long loop is tried out without wires, to know what it takes. Where the body looks at its counter, and where
//! rolling all iterations does not work, the first one is unrolled all the same: most bodies are simpler without it (`if i == 0`, `a[i - 1]`).

use std::rc::Rc;

use hushgate_circuits::id::Wire;
use num_bigint::{BigInt, Sign};

use super::report;
use super::roll::{AnyIteration, Loop, offset_of, returned_value};
use super::value::{Abstract, Bit, Int, Stage};
use super::walk::{Env, ExitKind, Stop, Walk, Walked, without_inner};
use crate::hir::{Expr, ExprKind, For, LocalId, Over};
use crate::ranges::Range;
use crate::source::Span;

/// Iterations from which on the first one is tried out.
const PROBE_MIN: u32 = 16;

/// What something takes to compile.
#[derive(Clone, Copy)]
struct Effort {
    steps: u64,
    work: u64,
}

/// Why a loop is rolled.
struct TooLong {
    /// Whether it may be unrolled all the same.
    is_affordable: bool,
    /// What an iteration may take at most, if the loop would otherwise be unrolled.
    work_max: Option<u64>,
}

/// What a loop runs over.
pub(super) enum Items {
    /// The counter from the first to before the second.
    Counter(BigInt, BigInt),
    /// Any counter in the range, at most so many times.
    Unknown(Range, BigInt, Stage),
    /// Any counter in the range that is not below the first and below the second.
    Within(Range, Int, Int),
    Elements(Rc<Vec<Abstract>>),
}

impl Items {
    /// How many iterations there are at most.
    pub(super) fn count(&self) -> BigInt {
        match self {
            Items::Counter(start, end) => (end - start).max(BigInt::ZERO),
            Items::Unknown(_, count, _) => count.clone(),
            Items::Within(range, ..) => &range.hi - &range.lo + 1,
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
        let Some(items) = self.items(&body.over, span)? else { return Ok(Abstract::unit()) };
        let start = self.exits.len();
        let facts = self.facts.mark();
        let outer = self.env.clone();
        let alive = match &items {
            Items::Unknown(..) => self.run_unknown(body, &items, span)?,
            Items::Within(range, start, end) => self.run_within(body, range, [start, end], span)?,
            _ => self.unroll(body, &items, span, None)?,
        };
        let exits = self.take_exits(ExitKind::Break, start);
        self.at(span);
        if self.merge_exits(exits, alive, (start, facts), &outer) { Ok(Abstract::unit()) } else { Err(Stop::Diverged) }
    }

    pub(super) fn map_loop(&mut self, body: &For, span: Span) -> Walked {
        let Some(items) = self.items(&body.over, span)? else { return Ok(Abstract::list(Vec::new())) };
        if matches!(items, Items::Unknown(..) | Items::Within(..)) {
            unreachable!("the checker has seen that the number of elements is a constant");
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
    fn items(&mut self, over: &Over, span: Span) -> Walked<Option<Items>> {
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
        let depends_on_counter = self.depends_on_counter(&start) || self.depends_on_counter(&end);
        if depends_on_counter && !self.is_dynamic {
            return Err(Stop::Unrollable(span, "it bounds another loop by its counter"));
        }
        Ok(Some(match (start.known(), end.known()) {
            (Some(start), Some(end)) => Items::Counter(start.clone(), end.clone()),
            _ => {
                let last: BigInt = end.range().hi.clone() - 1;
                let count = (&end.range().hi - &start.range().lo).max(BigInt::ZERO);
                let range = Range { lo: start.range().lo.clone(), hi: last.max(start.range().lo.clone()) };
                if depends_on_counter {
                    return Ok(Some(Items::Within(range, start, end)));
                }
                Items::Unknown(range, count, start.stage().join(end.stage()))
            }
        }))
    }

    /// The counter or the element of iteration `i`.
    pub(super) fn item(&self, items: &Items, i: usize) -> Abstract {
        match items {
            Items::Counter(start, _) => Abstract::Int(self.constant(start + BigInt::from(i), Stage::BUILD)),
            Items::Elements(items) => items[i].clone(),
            Items::Unknown(..) | Items::Within(..) => unreachable!("only known loops are unrolled"),
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
        let collects = values.is_some();
        let mut may_roll = true;
        let mut i = 0;
        if count >= BigInt::from(PROBE_MIN)
            && !looks_at(body.local, &body.body)
            && let Some(effort) = self.probe(body, items, &outer, span)?
            && let Some(TooLong { is_affordable, work_max }) = self.is_too_long(effort, &count)
            && let Some(more) =
                self.roll(Loop { body, items, first: 0, span, collects, is_affordable, work_max, is_dynamic: false })?
        {
            values.into_iter().for_each(|values| values.extend(more.iter().cloned()));
            return Ok(true);
        }
        while BigInt::from(i) < count {
            let before = self.effort();
            let item = self.item(items, i);
            self.bind(body.local, item);
            let Some(value) = self.iteration(body, &outer, span)? else { return Ok(false) };
            if let Some(values) = &mut values {
                values.push(value);
            }
            i += 1;
            if may_roll
                && let Some(TooLong { is_affordable, work_max }) =
                    self.is_too_long(self.effort_since(before), &(&count - BigInt::from(i)))
            {
                may_roll = false;
                let rolled = Loop { body, items, first: i, span, collects, is_affordable, work_max, is_dynamic: false };
                if let Some(more) = self.roll_at_last(rolled)? {
                    values.into_iter().for_each(|values| values.extend(more.iter().cloned()));
                    return Ok(true);
                }
            }
        }
        Ok(true)
    }

    /// Rolls the iterations that are left, at any price if they are too many to be unrolled.
    fn roll_at_last(&mut self, rolled: Loop<'_>) -> Walked<Option<Vec<Abstract>>> {
        let more = self.roll(rolled)?;
        if more.is_some() || rolled.is_affordable {
            return Ok(more);
        }
        if let Some(more) = self.roll(Loop { is_dynamic: true, ..rolled })? {
            return Ok(Some(more));
        }
        let (span, why) = self.unrollable.take().unwrap_or((rolled.span, "of what it does"));
        self.fatal(report::not_rolled(rolled.span, &rolled.items.count(), span, why))
    }

    /// Whether so many iterations are too long to be unrolled at once.
    fn is_too_long(&self, each: Effort, count: &BigInt) -> Option<TooLong> {
        let predicted = BigInt::from(each.steps) * count;
        if predicted > BigInt::from(self.limits.unroll_steps_max) {
            let left = BigInt::from(self.limits.steps_max.saturating_sub(self.steps));
            return Some(TooLong { is_affordable: predicted < left, work_max: None });
        }
        let work = BigInt::from(each.work) * count;
        (each.work >= self.limits.block_work_min && work > BigInt::from(self.limits.unroll_work_max))
            .then(|| TooLong { is_affordable: true, work_max: Some(each.work + each.work / 64) })
    }

    fn effort(&self) -> Effort {
        Effort { steps: self.steps, work: self.work }
    }

    fn effort_since(&self, before: Effort) -> Effort {
        Effort { steps: self.steps - before.steps, work: self.work - before.work }
    }

    /// What the first iteration takes, if control comes to its end; nothing comes of it.
    fn probe(&mut self, body: &For, items: &Items, outer: &Env, span: Span) -> Walked<Option<Effort>> {
        let builder = self.builder.take();
        let (before, facts, exits, suppressed) = (self.effort(), self.facts.mark(), self.exits.len(), self.suppressed);
        let item = self.item(items, 0);
        self.bind(body.local, item);
        self.trials += 1;
        let value = self.iteration(body, outer, span);
        self.trials -= 1;
        self.builder = builder;
        self.suppressed = suppressed;
        self.exits.truncate(exits);
        self.facts.rollback(facts);
        self.env = outer.clone();
        Ok(value?.map(|_| self.effort_since(before)))
    }

    /// Runs the body for the counters of a range, each where it lies between bounds that are not known.
    fn run_within(&mut self, body: &For, range: &Range, [start, end]: [&Int; 2], span: Span) -> Walked<bool> {
        let outer = self.env.clone();
        let mut i = range.lo.clone();
        while i <= range.hi {
            let before = self.effort();
            let counter = self.constant(i.clone(), Stage::BUILD);
            let (above, below) = (self.at_most(start, &counter), self.less(&counter, end));
            let runs = self.and_bits(&above, &below);
            i += 1;
            if runs.known == Some(false) {
                continue;
            }
            self.bind(body.local, Abstract::Int(counter));
            let join = self.split(&runs, span, |walk| match walk.iteration(body, &outer, span)? {
                Some(_) => Ok(Abstract::unit()),
                None => Err(Stop::Diverged),
            })?;
            match self.join(join, Ok(Abstract::unit())) {
                Ok(_) => {}
                Err(Stop::Diverged) => return Ok(false),
                Err(stop) => return Err(stop),
            }
            self.env = without_inner(std::mem::take(&mut self.env), &outer);
            if self
                .is_too_long(self.effort_since(before), &(&range.hi - &i))
                .is_some_and(|long| long.work_max.is_none())
            {
                return Err(Stop::Unrollable(span, "it bounds another long loop by its counter"));
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
        let rolled = Loop {
            body,
            items,
            first: 0,
            span,
            collects: false,
            is_affordable: false,
            work_max: None,
            is_dynamic: false,
        };
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
            Items::Within(range, ..) => Abstract::Int(self.opaque(range.clone(), Stage::BUILD, |_, _| Vec::new())),
            Items::Elements(items) => self.any_of(&items[first..]),
        }
    }

    /// What any of these values is.
    pub(super) fn any_of(&mut self, items: &[Abstract]) -> Abstract {
        let work = self.work;
        let mut any = items.first().cloned().unwrap_or_else(Abstract::unit);
        for item in items.iter().skip(1) {
            any = self.merge_unknown(&any, item);
        }
        let any = self.generalise(&any);
        // It stands for an iteration's own element, which is there already.
        self.work = work;
        any
    }

    /// Runs the body for any iteration: silently first, so that a loop in which something cannot be proven is unrolled if that is possible.
    pub(super) fn any_iteration(&mut self, rolled: Loop<'_>, assigned: &[usize]) -> Walked<AnyIteration> {
        let entry = self.env.clone();
        let before = self.find_invariant(rolled, assigned)?;
        let suppressed = self.suppressed;
        self.trials += 1;
        let work = self.work;
        let silent = self.iterate_once(rolled, &before, &entry);
        self.trials = self.trials.saturating_sub(1);
        let silent = silent?;
        if rolled.work_max.is_some_and(|max| self.work - work > max || silent.leaves) {
            return Err(Stop::Unrollable(rolled.span, "any iteration takes more gates than its first one"));
        }
        match self.suppressed == suppressed {
            true => Ok(silent),
            false if rolled.is_affordable => {
                Err(Stop::Unrollable(rolled.span, "not all of it can be proven for any iteration"))
            }
            false => self.iterate_once(rolled, &before, &entry),
        }
    }

    fn iterate_once(&mut self, rolled: Loop<'_>, before: &Env, entry: &Env) -> Walked<AnyIteration> {
        let (start, facts) = (self.exits.len(), self.facts.mark());
        self.env = before.clone();
        let item = self.any_item(rolled.items, rolled.first);
        self.bind(rolled.body.local, item);
        let value = self.iteration(rolled.body, entry, rolled.span)?;
        let Some(value) = value else { return Err(Stop::Unrollable(rolled.span, "no iteration comes to its end")) };
        // What this iteration learned holds where it ends, but not where it was left, nor where another one starts.
        self.facts.rollback(facts);
        let after = self.env.clone();
        let exits = self.take_exits(ExitKind::Break, start);
        let returns = self.take_exits(ExitKind::Return, start);
        if self.exits.len() > start {
            return Err(Stop::Unrollable(rolled.span, "it requires what never holds"));
        }
        if self.scopes > 0 && !returns.is_empty() {
            return Err(Stop::Unrollable(rolled.span, "it returns from a closure"));
        }
        let leaves = !exits.is_empty() || !returns.is_empty();
        let returned = returns.into_iter().map(returned_value).reduce(|a, b| self.merge_unknown(&a, &b));
        self.merge_exits(exits, true, (start, facts), entry);
        let end = std::mem::take(&mut self.env);
        Ok(AnyIteration { before: before.clone(), after, end, value, leaves, returned })
    }

    /// Either of two values.
    pub(super) fn merge_unknown(&mut self, a: &Abstract, b: &Abstract) -> Abstract {
        let unknown = Bit { known: None, stage: Stage::BUILD, claim: Walk::opaque_claim(), wire: Wire::FALSE };
        self.merge(&unknown, a, b)
    }
}

/// Whether a body compares its counter: then its first iteration is often another than the rest.
fn looks_at(counter: LocalId, body: &Expr) -> bool {
    use crate::hir::BinaryOp::{Eq, Ge, Gt, Le, Lt, Ne};
    let is_counter = |expr: &Expr| offset_of(expr).is_some_and(|(local, _)| local == counter);
    let mut todo = vec![body];
    while let Some(expr) = todo.pop() {
        match &expr.kind {
            ExprKind::Binary(Eq | Ne | Lt | Le | Gt | Ge, a, b) if is_counter(a) || is_counter(b) => return true,
            ExprKind::Match(value, _) if is_counter(value) => return true,
            _ => todo.extend(expr.children()),
        }
    }
    false
}
