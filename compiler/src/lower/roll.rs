//! Rolled loops: the body becomes a block of its own, which the circuit calls once for every iteration.
//!
//! Taken where unrolling would be too long ([`super::Limits::unroll_steps_max`]). First the body runs without wires, for any iteration at
//! once (`loops`): that proves it, and tells what a variable can be before, during and after the loop. Then it runs once more with
//! wires, in a builder of its own. What the loop assigns is the call's *state*; what it only reads is *shared*; and what belongs to one
//! iteration is given to *each*: elements of arrays, and the counter where its value is used.
//!
//! # Cells
//! `a[i]`, `a[i + 1]`, where `i` counts the iterations, are not reads at an unknown index but *cells*: each iteration gets the element that
//! it means, and hands back what it wrote. An array that is written has a cell only if the loop touches it at one such index and in no other
//! way.
//!
//! # Leaving
//! A loop that `break` or `return` may leave has a bit more of state that says whether that has happened, and the value that is returned. From
//! then on the iterations that are left change nothing.
//!
//! A loop that uses what only unrolling makes known (an index or a bound that depends on the counter in another way) is not rolled:
//! evaluation stops with [`Stop::Unrollable`], and the loop is unrolled after all. If it has too many iterations for that, such an
//! index is treated as if it were secret.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use hushgate_circuits::build::{Builder, CallSpec};
use hushgate_circuits::id::Wire;
use num_bigint::BigInt;

use super::integer::extend;
use super::loops::Items;
use super::report;
use super::value::{Abstract, Bit, Int, Level, Stage, Variants};
use super::walk::{Env, Exit, ExitKind, Stop, Walk, Walked};
use crate::hir::{BinaryOp, Expr, ExprKind, For, LocalId, Place, Step};
use crate::source::Span;

/// Bits that all iterations of a loop together may be given and may give back.
const EACH_BITS_MAX: u64 = 1 << 26;

/// Iterations whose counters are written out.
const COUNTED_FLAT_MAX: usize = 1 << 10;

/// An element of an array that belongs to the iteration.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    array: LocalId,
    counter: LocalId,
    /// What is added to the counter.
    offset: i64,
    /// Where it stands among the variables.
    slot: usize,
    is_written: bool,
}

/// The variables and cells that an expression touches, by their places among the variables.
#[derive(Default)]
pub(super) struct Uses {
    pub(super) read: BTreeSet<usize>,
    pub(super) assigned: BTreeSet<usize>,
}

/// What one run of the body for any iteration told.
pub(super) struct AnyIteration {
    /// The variables at its start.
    pub(super) before: Env,
    /// The variables at its end; of cells, what they are once the iteration is over, also if the loop was left before.
    pub(super) after: Env,
    /// The variables after the loop: breaks included.
    pub(super) end: Env,
    /// The value of the body.
    pub(super) value: Abstract,
    /// Whether an iteration may be the last.
    pub(super) leaves: bool,
    /// What may be returned, as [`returned_value`] has it.
    pub(super) returned: Option<Abstract>,
}

/// A loop to roll.
#[derive(Clone, Copy)]
pub(super) struct Loop<'l> {
    pub(super) body: &'l For,
    pub(super) items: &'l Items,
    /// Iterations that have run already.
    pub(super) first: usize,
    pub(super) span: Span,
    /// Whether the values of the body are collected.
    pub(super) collects: bool,
    /// Whether it may be unrolled instead.
    pub(super) is_affordable: bool,
    /// The gates that an iteration may take at most, if the loop is rolled to save nothing but memory.
    pub(super) work_max: Option<u64>,
    /// Whether what depends on the counter may be treated as if it were secret.
    pub(super) is_dynamic: bool,
}

/// How a rolled loop's values lie on wires: each with what it can be at any time.
struct Layout {
    count: usize,
    cells: Vec<Cell>,
    state: Vec<(usize, Abstract)>,
    shared: Vec<usize>,
    /// The elements, or the counter if its value is used.
    item: Option<Abstract>,
    any: AnyIteration,
}

impl Walk<'_> {
    /// Runs the iterations from `first` on as calls of one block, and returns what they collect; nothing if they must be unrolled.
    pub(super) fn roll(&mut self, rolled: Loop<'_>) -> Walked<Option<Vec<Abstract>>> {
        let builder = self.builder.take();
        let holds_before = self.holds();
        let (env, exits, facts) = (self.env.clone(), self.exits.len(), self.facts.mark());
        let (n_cells, suppressed) = (self.cells.len(), self.suppressed);
        let layout = self.as_rolled(rolled, |walk| walk.lay_out(rolled));
        self.builder = builder;
        self.exits.truncate(exits);
        self.cells.truncate(n_cells);
        self.facts.rollback(facts);
        self.env = env;
        let layout = match layout {
            Err(Stop::Unrollable(span, why)) => {
                self.suppressed = suppressed;
                self.unrollable = Some((span, why));
                return Ok(None);
            }
            layout => layout?,
        };
        let wires = match self.builder.is_some().then(|| self.build_rolled(rolled, &layout)).transpose() {
            Err(Stop::Unrollable(span, why)) => {
                self.exits.truncate(exits);
                self.facts.rollback(facts);
                self.unrollable = Some((span, why));
                return Ok(None);
            }
            wires => wires?,
        };
        let mut supply = wires.as_ref().map(|wires| wires.iter());
        for (i, any) in &layout.state {
            let end = layout.any.end[*i].as_ref().unwrap_or(any);
            self.env[*i] = Some(self.rebuild(any, end, &mut supply));
        }
        if layout.any.leaves {
            take(&mut supply, 1);
        }
        if let Some(any) = &layout.any.returned {
            let wire = take(&mut supply, 1).first().copied();
            let condition = self.unknown_bit(wire.unwrap_or(Wire::FALSE), Stage::BUILD);
            let parts = self.rebuild(any, any, &mut supply);
            let (value, holds) = (parts.items()[0].clone(), parts.items()[1].bit());
            let holds = self.and_bits(&holds_before, &holds);
            self.exits.push(Exit { kind: ExitKind::Return, condition, value, holds, env: Env::new() });
        }
        Ok(Some(self.collect(rolled, &layout, &mut supply)))
    }

    /// Does something about the body of a rolled loop.
    fn as_rolled<T>(&mut self, rolled: Loop<'_>, what: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.is_dynamic, rolled.is_dynamic);
        self.rolling += 1;
        let result = what(self);
        self.rolling -= 1;
        self.is_dynamic = outer;
        result
    }

    /// Stores the cells that the iterations wrote, and returns the values of the body.
    fn collect(&mut self, rolled: Loop<'_>, layout: &Layout, supply: &mut Supply<'_>) -> Vec<Abstract> {
        let mut values = Vec::new();
        if !rolled.collects && !layout.cells.iter().any(|cell| cell.is_written) {
            // However often it runs: then `count` is not bounded by the length of an array.
            return values;
        }
        for i in 0..layout.count {
            for cell in layout.cells.iter().filter(|cell| cell.is_written) {
                let any = layout.any.after[cell.slot].as_ref().expect("a cell has a value");
                let value = self.rebuild(any, any, supply);
                let position = rolled.items.position(rolled.first + i, cell.offset);
                if let Some(Abstract::List(items)) = &mut self.env[cell.array.0 as usize] {
                    Rc::<Vec<Abstract>>::make_mut(items)[position] = value;
                }
            }
            if rolled.collects {
                values.push(self.rebuild(&layout.any.value, &layout.any.value, supply));
            }
        }
        values
    }

    /// Runs the body without wires and finds out what is state, shared, and given to each iteration.
    fn lay_out(&mut self, rolled: Loop<'_>) -> Walked<Layout> {
        let Loop { body, items, first, .. } = rolled;
        let cells = self.find_cells(rolled);
        let uses = self.uses(&body.body);
        let entry = self.env.clone();
        let is_outer =
            |i: &usize| entry.get(*i).is_some_and(Option::is_some) && cells.iter().all(|cell| cell.slot != *i);
        let assigned: Vec<usize> = uses.assigned.iter().copied().filter(is_outer).collect();
        let mut shared = uses.read.clone();
        shared.retain(|i| is_outer(i) && !uses.assigned.contains(i) && *i != body.local.0 as usize);
        let mut any = self.any_iteration(rolled, &assigned)?;
        let unknown = Bit { known: None, stage: Stage::BUILD, claim: Walk::opaque_claim(), wire: Wire::FALSE };
        for slot in cells.iter().map(|cell| cell.slot).filter(|_| any.leaves) {
            if let (Some(before), Some(end)) = (&any.before[slot], &any.end[slot]) {
                any.after[slot] = Some(self.merge(&unknown, before, end));
            }
        }
        let mut state = Vec::with_capacity(assigned.len());
        for i in assigned {
            // What an iteration makes of it is among what it may be after the loop.
            let (Some(before), Some(end)) = (&any.before[i], &any.end[i]) else { continue };
            state.push((i, self.merge(&unknown, before, end)));
        }
        let Ok(count) = usize::try_from(items.count() - BigInt::from(first)) else {
            return Err(Stop::Unrollable(rolled.span, "its iterations are too many to be counted"));
        };
        let is_counted = matches!(items, Items::Counter(..)) && !uses.read.contains(&(body.local.0 as usize));
        let item = (!is_counted).then(|| self.any_item(items, first));
        let shared = shared.into_iter().collect();
        let layout = Layout { count, cells, state, shared, item, any };
        let each = layout.each_width(rolled.collects).saturating_mul(count as u64);
        if each > EACH_BITS_MAX && !layout.is_counted_in_levels(rolled) {
            return Err(Stop::Unrollable(rolled.span, "its iterations take or make too much data"));
        }
        Ok(layout)
    }

    /// Runs the body in a builder of its own and calls it; returns the results' wires.
    fn build_rolled(&mut self, rolled: Loop<'_>, layout: &Layout) -> Walked<Vec<Wire>> {
        let entry = self.env.clone();
        let n_returned = layout.any.returned.as_ref().map_or(0, |any| 1 + width(any));
        let n_state =
            layout.state.iter().map(|(_, any)| width(any)).sum::<u64>() + u64::from(layout.any.leaves) + n_returned;
        let n_shared = layout.shared.iter().filter_map(|i| entry[*i].as_ref()).map(width).sum::<u64>();
        let n_each =
            layout.item.iter().chain(layout.cells.iter().filter_map(|cell| layout.any.before[cell.slot].as_ref()));
        let n_each = n_each.map(width).sum::<u64>();
        let n_inputs = n_state + n_shared + n_each;
        if n_inputs > self.limits.border_bits_max {
            return self.fatal(report::too_many_gates(rolled.span, self.limits.nodes_max));
        }
        let inner = Builder::new(self.block_name(), n_inputs as u32).with_nodes_max(self.limits.nodes_max);
        let outer = self.builder.replace(inner);
        let result = self.build_body(rolled, layout, &entry);
        let inner = std::mem::replace(&mut self.builder, outer);
        self.env = entry.clone();
        let outputs = result?;
        let block = inner.expect("a builder was put there").finish(outputs);
        let Ok(block) = block else { return self.fatal(report::too_many_gates(rolled.span, self.limits.nodes_max)) };
        let callee = self.blocks.add(block);
        self.at(rolled.span);
        let (n_state, n_shared) = (n_state as u32, n_shared as u32);
        let mut args = self.fixed_arguments(layout, &entry);
        debug_assert_eq!(args.len(), (n_state + n_shared) as usize);
        let results = if layout.is_counted_in_levels(rolled) {
            self.call_in_levels(CallSpec { callee, count: 1, n_state, n_shared }, &args, rolled.items, rolled.first)
        } else {
            args.extend(self.each_arguments(rolled, layout, &entry));
            let spec = CallSpec { callee, count: layout.count as u64, n_state, n_shared };
            let blocks = &self.blocks;
            self.builder.as_mut().and_then(|builder| builder.call(blocks, spec, args).ok())
        };
        match results {
            Some(results) => Ok(results),
            None => self.fatal(report::too_many_gates(rolled.span, self.limits.nodes_max)),
        }
    }

    /// The block's outputs: the state, then what each iteration hands back.
    fn build_body(&mut self, rolled: Loop<'_>, layout: &Layout, entry: &Env) -> Walked<Vec<Wire>> {
        let inputs = self.builder.as_ref().map(Builder::inputs).unwrap_or_default();
        let mut supply = Some(inputs.iter());
        let (start, facts, n_cells) = (self.exits.len(), self.facts.mark(), self.cells.len());
        let mut env: Env = vec![None; layout.any.before.len()];
        let mut held = env.clone();
        for (i, any) in &layout.state {
            // Once the loop is left, the state is what it was then, which need not be what an iteration starts with.
            let mut again = supply.clone();
            held[*i] = layout.any.leaves.then(|| self.rebuild(any, any, &mut again));
            let before = layout.any.before[*i].as_ref().unwrap_or(any);
            env[*i] = Some(self.rebuild(any, before, &mut supply));
        }
        let done = layout.any.leaves.then(|| self.unknown_bit(take(&mut supply, 1)[0], Stage::BUILD));
        let returned = layout.any.returned.as_ref().map(|any| {
            let bit = self.unknown_bit(take(&mut supply, 1)[0], Stage::BUILD);
            (bit, self.rebuild(any, any, &mut supply))
        });
        for i in &layout.shared {
            env[*i] = entry[*i].as_ref().map(|value| self.reconnect(value, &mut supply));
        }
        self.env = env;
        let scope = self.env.clone();
        if let Some(any) = &layout.item {
            let item = self.rebuild(any, any, &mut supply);
            self.bind(rolled.body.local, item);
        }
        for cell in &layout.cells {
            let any = layout.any.before[cell.slot].as_ref().expect("a cell has a value");
            self.env[cell.slot] = Some(self.rebuild(any, any, &mut supply));
            held[cell.slot] = self.env[cell.slot].clone();
        }
        let before = self.env.clone();
        self.cells.extend(layout.cells.iter().cloned());
        let outer: Env = scope.iter().zip(&before).map(|(a, b)| a.clone().or_else(|| b.clone())).collect();
        let value = self.as_rolled(rolled, |walk| walk.iteration(rolled.body, &outer, rolled.span));
        self.cells.truncate(n_cells);
        let value = value?;
        let breaks = self.take_exits(ExitKind::Break, start);
        let returns = self.take_exits(ExitKind::Return, start);
        let any_of = |walk: &mut Self, exits: &[Exit]| {
            exits.iter().fold(Bit::known(false), |any, exit| walk.or_bits(&any, &exit.condition))
        };
        if value.is_none() || self.exits.len() > start {
            return Err(Stop::Unrollable(rolled.span, "it requires what never holds"));
        }
        let (broken, returning) = (any_of(self, &breaks), any_of(self, &returns));
        self.merge_exits(breaks, true, (start, facts), &outer);
        self.facts.rollback(facts);
        let after = std::mem::take(&mut self.env);
        let returned = returned.zip(done.as_ref()).map(|((bit, old), done)| {
            let new = returns
                .into_iter()
                .rev()
                .fold(old.clone(), |value, exit| self.merge(&exit.condition.clone(), &returned_value(exit), &value));
            let now = self.and_bits(&done.not(), &returning);
            (self.or_bits(&bit, &now), self.merge(done, &old, &new))
        });
        let stopped = self.or_bits(&broken, &returning);
        let left = done.map(|done| Left { done, stopped, returned });
        Ok(self.block_outputs(rolled, layout, [&held, &after], left, value))
    }

    fn block_outputs(
        &mut self,
        rolled: Loop<'_>,
        layout: &Layout,
        [held, after]: [&Env; 2],
        left: Option<Left>,
        value: Option<Abstract>,
    ) -> Vec<Wire> {
        // Once a loop is left, nothing changes any more.
        let chosen = |walk: &mut Self, i: usize| match (&held[i], &after[i], &left) {
            (Some(old), Some(new), Some(left)) => Some(walk.merge(&left.done, old, new)),
            (_, new, _) => new.clone(),
        };
        let mut wires = Vec::new();
        for (i, any) in &layout.state {
            if let Some(value) = chosen(self, *i) {
                flatten(&value, any, &mut wires);
            }
        }
        if let Some(left) = &left {
            wires.push(self.or_bits(&left.done, &left.stopped).wire);
        }
        if let Some(any) = &layout.any.returned
            && let Some((bit, value)) = left.as_ref().and_then(|left| left.returned.as_ref())
        {
            wires.push(bit.wire);
            flatten(value, any, &mut wires);
        }
        for cell in layout.cells.iter().filter(|cell| cell.is_written) {
            let any = layout.any.after[cell.slot].as_ref().expect("a cell has a value");
            if let Some(value) = chosen(self, cell.slot) {
                flatten(&value, any, &mut wires);
            }
        }
        if let Some(value) = value.filter(|_| rolled.collects) {
            flatten(&value, &layout.any.value, &mut wires);
        }
        wires
    }

    /// The first iteration's state, and what is shared.
    fn fixed_arguments(&self, layout: &Layout, entry: &Env) -> Vec<Wire> {
        let mut args = Vec::new();
        for (i, any) in &layout.state {
            flatten(entry[*i].as_ref().unwrap_or(any), any, &mut args);
        }
        args.extend(layout.any.leaves.then_some(Wire::FALSE));
        let n_returned = layout.any.returned.as_ref().map_or(0, |any| 1 + width(any));
        args.extend((0..n_returned).map(|_| Wire::FALSE));
        for value in layout.shared.iter().filter_map(|i| entry[*i].as_ref()) {
            flatten(value, value, &mut args);
        }
        args
    }

    /// What each iteration is given.
    fn each_arguments(&self, rolled: Loop<'_>, layout: &Layout, entry: &Env) -> Vec<Wire> {
        let mut args = Vec::new();
        if layout.item.is_none() && layout.cells.is_empty() {
            return args;
        }
        for i in rolled.first..rolled.first + layout.count {
            if let Some(any) = &layout.item {
                flatten(&self.item(rolled.items, i), any, &mut args);
            }
            for cell in &layout.cells {
                let any = layout.any.before[cell.slot].as_ref().expect("a cell has a value");
                let array = entry[cell.array.0 as usize].as_ref().expect("a cell's array is bound");
                flatten(&array.items()[rolled.items.position(i, cell.offset)], any, &mut args);
            }
        }
        args
    }

    fn block_name(&self) -> String {
        let function = self.origins.function().map(|id| self.program.functions[id.0 as usize].name.as_str());
        format!("{} loop", function.unwrap_or_default())
    }

    /// Gives the loop's cells places among the variables, with what any of them can be.
    fn find_cells(&mut self, rolled: Loop<'_>) -> Vec<Cell> {
        let Items::Counter(..) = rolled.items else { return Vec::new() };
        let counter = rolled.body.local;
        let mut found = Vec::new();
        for (array, touches) in self.touches(&rolled.body.body, counter) {
            let Some(Some(Abstract::List(items))) = self.env.get(array.0 as usize).cloned() else { continue };
            let is_written = touches.is_written;
            if is_written && (touches.otherwise || touches.offsets.len() > 1) {
                continue;
            }
            for offset in touches.offsets {
                let Some(part) = rolled.items.positions(rolled.first, offset, items.len()) else { continue };
                let any = self.any_of(&items[part]);
                let slot = self.env.len();
                self.env.push(Some(any));
                found.push(Cell { array, counter, offset, slot, is_written });
            }
        }
        self.cells.extend(found.iter().cloned());
        found
    }

    /// How an expression touches arrays that are not cells yet.
    fn touches(&self, expr: &Expr, counter: LocalId) -> BTreeMap<LocalId, Touches> {
        let mut touches: BTreeMap<LocalId, Touches> = BTreeMap::new();
        let mut todo = vec![expr];
        while let Some(expr) = todo.pop() {
            match &expr.kind {
                ExprKind::Local(id) => touches.entry(*id).or_default().otherwise = true,
                ExprKind::Index(array, index) => match (&array.kind, offset_of(index)) {
                    (ExprKind::Local(_), _) if self.cell_read(expr).is_some() => {}
                    (ExprKind::Local(id), Some((by, offset))) if by == counter => {
                        touches.entry(*id).or_default().offsets.insert(offset);
                    }
                    _ => todo.extend(expr.children()),
                },
                ExprKind::Assign(place, _) => {
                    if self.cell_written(place).is_none() {
                        let touched = touches.entry(place.local).or_default();
                        touched.is_written = true;
                        match place.path.first() {
                            Some(Step::Index(index)) if offset_of(index).is_some_and(|(by, _)| by == counter) => {
                                touched.offsets.extend(offset_of(index).map(|(_, offset)| offset));
                            }
                            _ => touched.otherwise = true,
                        }
                    }
                    todo.extend(expr.children());
                }
                _ => todo.extend(expr.children()),
            }
        }
        touches
    }

    /// The variables and cells that an expression touches.
    pub(super) fn uses(&self, expr: &Expr) -> Uses {
        let mut uses = Uses::default();
        let mut todo = vec![expr];
        while let Some(expr) = todo.pop() {
            if let Some(slot) = self.cell_read(expr) {
                uses.read.insert(slot);
                continue;
            }
            match &expr.kind {
                ExprKind::Local(id) => drop(uses.read.insert(id.0 as usize)),
                ExprKind::Assign(place, value) => {
                    let slot = self.cell_written(place);
                    uses.assigned.insert(slot.unwrap_or(place.local.0 as usize));
                    let indices = place.path.iter().skip(usize::from(slot.is_some())).filter_map(|step| match step {
                        Step::Index(index) => Some(index),
                        Step::Field(_) => None,
                    });
                    todo.extend(indices.chain([&**value]));
                }
                _ => {
                    if expr.may_require(&self.requiring) {
                        uses.assigned.insert(self.holds_at);
                    }
                    todo.extend(expr.children());
                }
            }
        }
        uses
    }

    /// The place among the variables of the cell that an expression reads.
    pub(super) fn cell_read(&self, expr: &Expr) -> Option<usize> {
        if self.cells.is_empty() {
            return None;
        }
        match &expr.kind {
            ExprKind::Index(array, index) => match &array.kind {
                ExprKind::Local(id) => self.cell(*id, index),
                _ => None,
            },
            _ => None,
        }
    }

    /// The place among the variables of the cell that an assignment writes.
    pub(super) fn cell_written(&self, place: &Place) -> Option<usize> {
        match place.path.first() {
            Some(Step::Index(index)) if !self.cells.is_empty() => self.cell(place.local, index),
            _ => None,
        }
    }

    fn cell(&self, array: LocalId, index: &Expr) -> Option<usize> {
        let (counter, offset) = offset_of(index)?;
        let is_it = |cell: &&Cell| cell.array == array && cell.counter == counter && cell.offset == offset;
        self.cells.iter().find(is_it).map(|cell| cell.slot)
    }

    /// Whether the value would be known if the loops around were unrolled.
    pub(super) fn depends_on_counter(&self, value: &Int) -> bool {
        self.rolling > 0 && value.known().is_none() && value.stage().level == Level::Build
    }

    /// Gives up rolling the innermost loop where this index would be known otherwise, if the loop may be unrolled.
    pub(super) fn prefer_unrolling(&self, index: &Int, span: Span) -> Walked<()> {
        match self.depends_on_counter(index) && !self.is_dynamic {
            true => Err(Stop::Unrollable(span, "an index depends on its counter")),
            false => Ok(()),
        }
    }

    /// The value `narrow`, anew, from the wires of `wide`, which includes it.
    pub(super) fn rebuild(&mut self, wide: &Abstract, narrow: &Abstract, supply: &mut Supply<'_>) -> Abstract {
        match (wide, narrow) {
            (Abstract::Bool(wide), Abstract::Bool(narrow)) => {
                let wire = if wide.known.is_none() { take(supply, 1).first().copied() } else { None };
                match narrow.known {
                    Some(_) => Abstract::Bool(narrow.clone()),
                    None => Abstract::Bool(self.unknown_bit(wire.unwrap_or(Wire::FALSE), narrow.stage)),
                }
            }
            (Abstract::Int(wide), Abstract::Int(narrow)) => Abstract::Int(self.rebuild_int(wide, narrow, supply)),
            (Abstract::List(wide), Abstract::List(narrow)) => {
                Abstract::list(wide.iter().zip(narrow.iter()).map(|(w, n)| self.rebuild(w, n, supply)).collect())
            }
            (Abstract::Enum(wide), Abstract::Enum(narrow)) => {
                let tag = self.rebuild_int(&wide.tag, &narrow.tag, supply);
                let mut payloads = Vec::with_capacity(wide.payloads.len());
                for (wide, narrow) in wide.payloads.iter().zip(&narrow.payloads) {
                    payloads.push(match (wide, narrow) {
                        (Some(wide), Some(narrow)) => Some(self.rebuild(wide, narrow, supply)),
                        (Some(wide), None) => {
                            take(supply, width(wide));
                            None
                        }
                        _ => None,
                    });
                }
                Abstract::Enum(Rc::new(Variants { tag, payloads }))
            }
            _ => narrow.clone(),
        }
    }

    fn rebuild_int(&mut self, wide: &Int, narrow: &Int, supply: &mut Supply<'_>) -> Int {
        if let Some(known) = wide.known() {
            return self.constant(known.clone(), narrow.stage());
        }
        let wires = take(supply, wide.range().width());
        let whole = self.opaque(wide.range().clone(), narrow.stage(), |_, _| wires);
        if whole.range() == narrow.range() {
            return whole;
        }
        let range = narrow.range().clone();
        self.opaque(range, narrow.stage(), |_, width| extend(&whole, width))
    }

    /// The same value on other wires: all that is known of it still holds.
    fn reconnect(&mut self, value: &Abstract, supply: &mut Supply<'_>) -> Abstract {
        match value {
            Abstract::Bool(bit) if bit.known.is_some() => value.clone(),
            Abstract::Bool(bit) => Abstract::Bool(Bit { wire: take(supply, 1)[0], ..bit.clone() }),
            Abstract::Int(int) => Abstract::Int(self.reconnect_int(int, supply)),
            Abstract::List(items) => Abstract::list(items.iter().map(|item| self.reconnect(item, supply)).collect()),
            Abstract::Enum(variants) => {
                let tag = self.reconnect_int(&variants.tag, supply);
                let payloads = variants.payloads.iter();
                let payloads = payloads.map(|payload| payload.as_ref().map(|payload| self.reconnect(payload, supply)));
                let payloads = payloads.collect();
                Abstract::Enum(Rc::new(Variants { tag, payloads }))
            }
        }
    }

    fn reconnect_int(&mut self, value: &Int, supply: &mut Supply<'_>) -> Int {
        if value.known().is_some() {
            return value.clone();
        }
        value.on_wires(take(supply, value.range().width()))
    }
}

/// What is returned, and whether what the function required until then holds.
pub(super) fn returned_value(exit: Exit) -> Abstract {
    Abstract::list(vec![exit.value, Abstract::Bool(exit.holds)])
}

/// How iterations leave a loop.
struct Left {
    /// Whether it was left before.
    done: Bit,
    /// Whether this iteration, if it runs, leaves it.
    stopped: Bit,
    /// Whether it was left by `return` by now, and the value.
    returned: Option<(Bit, Abstract)>,
}

/// How a loop touches an array.
#[derive(Default)]
struct Touches {
    /// At the counter and these offsets.
    offsets: BTreeSet<i64>,
    is_written: bool,
    /// In other ways too.
    otherwise: bool,
}

impl Layout {
    /// Whether iterations are given nothing but their counter, and are too many for it to be written out.
    fn is_counted_in_levels(&self, rolled: Loop<'_>) -> bool {
        matches!(rolled.items, Items::Counter(..))
            && self.item.is_some()
            && self.cells.is_empty()
            && !rolled.collects
            && self.count > COUNTED_FLAT_MAX
    }

    /// Bits that an iteration is given and gives back, besides the state.
    fn each_width(&self, collects: bool) -> u64 {
        let read = self.cells.iter().map(|cell| (&self.any.before, cell));
        let written = self.cells.iter().filter(|cell| cell.is_written).map(|cell| (&self.any.after, cell));
        let cells = read.chain(written).filter_map(|(env, cell)| env[cell.slot].as_ref());
        let value = collects.then_some(&self.any.value);
        self.item.iter().chain(cells).chain(value).map(width).fold(0, u64::saturating_add)
    }
}

/// Wires to take values from; none in analysis mode.
type Supply<'w> = Option<std::slice::Iter<'w, Wire>>;

pub(super) fn take(supply: &mut Supply<'_>, n: u64) -> Vec<Wire> {
    supply.as_mut().map_or_else(Vec::new, |wires| wires.by_ref().take(n as usize).copied().collect())
}

/// `counter + offset` as an index may be written.
pub(super) fn offset_of(index: &Expr) -> Option<(LocalId, i64)> {
    match &index.kind {
        ExprKind::Local(id) => Some((*id, 0)),
        ExprKind::Fit(inner) => offset_of(inner),
        ExprKind::Binary(op, left, right) => match (op, &left.kind, &right.kind) {
            (BinaryOp::Add, ExprKind::Local(id), ExprKind::Int(k))
            | (BinaryOp::Add, ExprKind::Int(k), ExprKind::Local(id)) => Some((*id, i64::try_from(k).ok()?)),
            (BinaryOp::Sub, ExprKind::Local(id), ExprKind::Int(k)) => Some((*id, i64::try_from(&-k).ok()?)),
            _ => None,
        },
        _ => None,
    }
}

/// Bits of a value that are not known.
pub(super) fn width(value: &Abstract) -> u64 {
    match value {
        Abstract::Bool(bit) => u64::from(bit.known.is_none()),
        Abstract::Int(int) => int_bits(int),
        Abstract::List(items) => items.iter().map(width).fold(0, u64::saturating_add),
        Abstract::Enum(variants) => {
            int_bits(&variants.tag) + variants.payloads.iter().flatten().map(width).fold(0, u64::saturating_add)
        }
    }
}

fn int_bits(int: &Int) -> u64 {
    if int.known().is_some() { 0 } else { int.range().width() }
}

/// The wires of a value, laid out for all that `any` may be.
pub(super) fn flatten(value: &Abstract, any: &Abstract, wires: &mut Vec<Wire>) {
    match (value, any) {
        (Abstract::Bool(bit), Abstract::Bool(any)) => wires.extend(any.known.is_none().then_some(bit.wire)),
        (Abstract::Int(int), Abstract::Int(any)) => wires.extend(extend(int, int_bits(any) as usize)),
        (Abstract::List(items), Abstract::List(any)) => {
            items.iter().zip(any.iter()).for_each(|(item, any)| flatten(item, any, wires));
        }
        (Abstract::Enum(variants), Abstract::Enum(any)) => {
            wires.extend(extend(&variants.tag, int_bits(&any.tag) as usize));
            for (payload, any) in variants.payloads.iter().zip(&any.payloads) {
                match (payload, any) {
                    (Some(payload), Some(any)) => flatten(payload, any, wires),
                    (None, Some(any)) => wires.extend((0..width(any)).map(|_| Wire::FALSE)),
                    _ => {}
                }
            }
        }
        _ => unreachable!("values of one variable have one type"),
    }
}
