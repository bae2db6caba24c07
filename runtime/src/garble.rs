//! Garbling and evaluating plans: labels and tables, no I/O, no source of randomness.
//!
//! The garbler holds each wire's *zero label* X0 and Δ, and X1 = X0 ⊕ Δ; the evaluator holds the *active label* of the
//! value that the wire carries, and does not know which of the two it is. Both run the same [`Plan`] with the same [`Kernel`]
//! code paths: the garbler fills tables and hands them to a [`TableSink`], the evaluator takes them from a [`TableSource`].
//!
//! # Invariants
//! - Gates are numbered over all plans that one [`Garbler`] (and its [`Evaluator`]) runs, so no tweak is used twice under
//!   one Δ.
//! - The plan's constant is the label K of the session: the evaluator's active label of either constant is K; the garbler's zero
//!   label of *false* is K, of *true* K ⊕ Δ.
//! - What is made does not depend on the number of threads: see [`Threads`].
//! - A complemented operand costs nothing: the garbler's zero label moves by Δ, the evaluator's active label stays.
//! - In a plan for one garbler, values that a party knows have labels of a certain form ([`known`]), and the constant's label is zero.
//!
//! # Security
//! Semi-honest garbling with the hash of [`crate::kernel`]. Nothing here catches a garbler that garbles another plan; both
//! parties must have agreed on the plan and on which outputs are opened to whom. A table that has been handed to a sink is
//! never made again with other randomness, so it can be resent only as it was.

mod execute;
pub mod known;
pub mod output;
mod parallel;

use std::convert::Infallible;

use hushgate_circuits::knowledge::Knowledge;
use hushgate_circuits::plan::Plan;
use rayon::prelude::*;
use zeroize::Zeroizing;

pub use self::execute::Execution;
use self::execute::{Party, execute};
pub use self::parallel::Threads;
use self::parallel::{Extent, Work};
use crate::block::{Block, Delta, Label};
use crate::kernel::{GateKeys, Kernel, Segment};

/// The most blocks that one thread asks of a [`TableSink`] or [`TableSource`] at once: 16 KiB, so that they are still in the nearest cache when
/// they are handed on. Several threads ask for more, and for all of them together.
pub const TABLE_BLOCKS_MAX: usize = 2 * GATES_MAX;

/// The most ANDs that run at one go; a multiple of eight, as [`crate::kernel`] wants of the parts of a batch.
const GATES_MAX: usize = 512;

/// Where a garbler's tables go.
pub trait TableSink {
    /// Why there is no room.
    type Error;

    /// Whether the plan should go on with gates of so many rows; if not, [`Garbler::advance`] returns.
    fn is_ready(&mut self, n_blocks: usize) -> bool {
        let _ = n_blocks;
        true
    }

    /// Room for the next `n_blocks` blocks in one piece; all of it is filled before the next call.
    fn room(&mut self, n_blocks: usize) -> Result<&mut [Block], Self::Error>;
}

/// Where an evaluator's tables come from.
pub trait TableSource {
    /// Why there are no more.
    type Error;

    /// Whether the plan should go on with gates of so many rows; if not, [`Evaluator::advance`] returns.
    fn is_ready(&mut self, n_blocks: usize) -> bool {
        let _ = n_blocks;
        true
    }

    /// The next `n_blocks` blocks in one piece.
    fn take(&mut self, n_blocks: usize) -> Result<&[Block], Self::Error>;
}

/// The party that knows Δ and makes the tables.
#[derive(Debug)]
pub struct Garbler {
    kernel: Kernel,
    delta: Delta,
    keys: GateKeys,
    constant: Label,
    threads: Threads,
}

/// The party that runs the tables on active labels.
#[derive(Debug)]
pub struct Evaluator {
    kernel: Kernel,
    keys: GateKeys,
    constant: Label,
    threads: Threads,
}

impl Garbler {
    /// A garbler whose next AND gate has pair `first_gate` of the tweaks: 0 in a fresh session.
    ///
    /// `s` is the session's public hash key, `constant` its public constant label; both random and independent of Δ.
    #[must_use]
    pub fn new(kernel: Kernel, delta: &Delta, s: Block, constant: Label, first_gate: u64) -> Garbler {
        Garbler { kernel, delta: delta.clone(), keys: GateKeys::new(s, first_gate), constant, threads: Threads::ONE }
    }

    /// The same, on so many threads.
    #[must_use]
    pub fn on(self, threads: Threads) -> Garbler {
        Garbler { threads, ..self }
    }

    /// Garbles `plan` on the zero labels of its inputs; the zero labels of its outputs, complements included.
    ///
    /// # Errors
    /// Those of the sink. The session is over then: its gates cannot be garbled again.
    ///
    /// # Panics
    /// If there are not as many inputs as the plan has, or if the plan breaks the invariants of [`Plan`].
    pub fn garble<S: TableSink>(
        &mut self,
        plan: &Plan,
        inputs: &[Label],
        sink: &mut S,
    ) -> Result<Zeroizing<Vec<Label>>, S::Error> {
        let constant = constant(plan, self.constant);
        execute(&mut Garbling { garbler: self, sink, constant }, plan, inputs)
    }

    /// Begins to garble `plan`: what [`Garbler::advance`] goes on with. Nothing else is garbled before that has come to its end.
    ///
    /// # Panics
    /// If there are not as many inputs as the plan has, or if the plan breaks the invariants of [`Plan`].
    #[must_use]
    pub fn begin<'p>(&self, plan: &'p Plan, inputs: &[Label]) -> Execution<'p> {
        Execution::new(plan, self.threads, inputs)
    }

    /// Garbles what comes next, until the plan ends, and then returns the labels of its outputs, or until the sink is not ready.
    ///
    /// # Errors
    /// As [`Garbler::garble`].
    ///
    /// # Panics
    /// As [`Garbler::garble`], and if the plan has ended.
    pub fn advance<S: TableSink>(
        &mut self,
        execution: &mut Execution<'_>,
        sink: &mut S,
    ) -> Result<Option<Zeroizing<Vec<Label>>>, S::Error> {
        let constant = constant(execution.plan(), self.constant);
        execution.advance(&mut Garbling { garbler: self, sink, constant })
    }

    /// How many threads it has.
    pub(crate) const fn threads(&self) -> Threads {
        self.threads
    }

    /// The number of the next AND gate's pair of tweaks.
    #[must_use]
    pub const fn next_gate(&self) -> u64 {
        self.keys.next_gate()
    }
}

impl Evaluator {
    /// The mirror of [`Garbler::new`], with the same public values.
    #[must_use]
    pub fn new(kernel: Kernel, s: Block, constant: Label, first_gate: u64) -> Evaluator {
        Evaluator { kernel, keys: GateKeys::new(s, first_gate), constant, threads: Threads::ONE }
    }

    /// The same, on so many threads.
    #[must_use]
    pub fn on(self, threads: Threads) -> Evaluator {
        Evaluator { threads, ..self }
    }

    /// Evaluates `plan` on the active labels of its inputs; the active labels of its outputs.
    ///
    /// # Errors
    /// Those of the source.
    ///
    /// # Panics
    /// As [`Garbler::garble`].
    pub fn evaluate<S: TableSource>(
        &mut self,
        plan: &Plan,
        inputs: &[Label],
        source: &mut S,
    ) -> Result<Zeroizing<Vec<Label>>, S::Error> {
        let constant = constant(plan, self.constant);
        execute(&mut Evaluating { evaluator: self, source, constant }, plan, inputs)
    }

    /// Begins to evaluate `plan`: what [`Evaluator::advance`] goes on with. Nothing else is evaluated before that has come to its end.
    ///
    /// # Panics
    /// If there are not as many inputs as the plan has, or if the plan breaks the invariants of [`Plan`].
    #[must_use]
    pub fn begin<'p>(&self, plan: &'p Plan, inputs: &[Label]) -> Execution<'p> {
        Execution::new(plan, self.threads, inputs)
    }

    /// Evaluates what comes next, until the plan ends, and then returns the labels of its outputs, or until the source is not ready.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`].
    ///
    /// # Panics
    /// As [`Evaluator::evaluate`], and if the plan has ended.
    pub fn advance<S: TableSource>(
        &mut self,
        execution: &mut Execution<'_>,
        source: &mut S,
    ) -> Result<Option<Zeroizing<Vec<Label>>>, S::Error> {
        let constant = constant(execution.plan(), self.constant);
        execution.advance(&mut Evaluating { evaluator: self, source, constant })
    }

    /// How many threads it has.
    pub(crate) const fn threads(&self) -> Threads {
        self.threads
    }

    /// The number of the next AND gate's pair of tweaks.
    #[must_use]
    pub const fn next_gate(&self) -> u64 {
        self.keys.next_gate()
    }
}

/// A garbler at work.
struct Garbling<'a, S> {
    garbler: &'a mut Garbler,
    sink: &'a mut S,
    constant: Label,
}

/// An evaluator at work.
struct Evaluating<'a, S> {
    evaluator: &'a mut Evaluator,
    source: &'a mut S,
    constant: Label,
}

/// The label of the constant false in a run of `plan`.
fn constant(plan: &Plan, of_session: Label) -> Label {
    if plan.local.is_some() { Block::ZERO } else { of_session }
}

impl<S: TableSink> Party for Garbling<'_, S> {
    type Error = S::Error;

    fn constant(&self) -> Label {
        self.constant
    }

    fn complement(&self, label: Label, complemented: bool, known: Knowledge) -> Label {
        known::complement_zero(label, &self.garbler.delta, complemented, known)
    }

    fn is_ready(&mut self, n_rows: usize) -> bool {
        self.sink.is_ready(n_rows)
    }

    fn run(&mut self, segment: Segment<'_>, frame: &mut [Label]) -> Result<(), S::Error> {
        let Garbler { kernel, delta, keys, .. } = &mut *self.garbler;
        let tables = rows(segment, |n_blocks| self.sink.room(n_blocks))?.unwrap_or_default();
        kernel.garble(keys, delta, segment, frame, tables);
        Ok(())
    }

    fn threads(&self) -> Threads {
        self.garbler.threads
    }

    fn run_jobs<W: Work>(&mut self, extents: &[Extent], work: &W) -> Result<Vec<Labels>, S::Error> {
        let constant = self.constant;
        let Garbler { kernel, delta, keys, .. } = &mut *self.garbler;
        let (kernel, delta) = (*kernel, &*delta);
        let mut rows = rows_of(extents, |n_blocks| self.sink.room(n_blocks))?.unwrap_or_default();
        let jobs = extents.iter().map(|extent| (keys.split_off(extent.n_pairs), split_rows_mut(&mut rows, extent)));
        let jobs: Vec<_> = jobs.collect();
        let run = |(index, (keys, mut sink)): (usize, (GateKeys, &mut [Block]))| {
            let mut garbler = Garbler { kernel, delta: delta.clone(), keys, constant, threads: Threads::ONE };
            let mut party = Garbling { garbler: &mut garbler, sink: &mut sink, constant };
            let outputs = work.run(index, &mut party).expect(ENOUGH_ROWS);
            assert!(sink.is_empty() && garbler.keys.is_used_up(), "a job takes what its units take");
            outputs
        };
        Ok(jobs.into_par_iter().enumerate().map(run).collect())
    }
}

impl<S: TableSource> Party for Evaluating<'_, S> {
    type Error = S::Error;

    fn constant(&self) -> Label {
        self.constant
    }

    fn complement(&self, label: Label, complemented: bool, known: Knowledge) -> Label {
        known::complement_active(label, complemented, known)
    }

    fn is_ready(&mut self, n_rows: usize) -> bool {
        self.source.is_ready(n_rows)
    }

    fn run(&mut self, segment: Segment<'_>, frame: &mut [Label]) -> Result<(), S::Error> {
        let Evaluator { kernel, keys, .. } = &mut *self.evaluator;
        let tables = rows(segment, |n_blocks| self.source.take(n_blocks))?.unwrap_or_default();
        kernel.evaluate(keys, segment, frame, tables);
        Ok(())
    }

    fn threads(&self) -> Threads {
        self.evaluator.threads
    }

    fn run_jobs<W: Work>(&mut self, extents: &[Extent], work: &W) -> Result<Vec<Labels>, S::Error> {
        let constant = self.constant;
        let Evaluator { kernel, keys, .. } = &mut *self.evaluator;
        let kernel = *kernel;
        let mut rows = rows_of(extents, |n_blocks| self.source.take(n_blocks))?.unwrap_or_default();
        let jobs = extents.iter().map(|extent| (keys.split_off(extent.n_pairs), split_rows(&mut rows, extent)));
        let jobs: Vec<_> = jobs.collect();
        let run = |(index, (keys, mut source)): (usize, (GateKeys, &[Block]))| {
            let mut evaluator = Evaluator { kernel, keys, constant, threads: Threads::ONE };
            let mut party = Evaluating { evaluator: &mut evaluator, source: &mut source, constant };
            let outputs = work.run(index, &mut party).expect(ENOUGH_ROWS);
            assert!(source.is_empty() && evaluator.keys.is_used_up(), "a job takes what its units take");
            outputs
        };
        Ok(jobs.into_par_iter().enumerate().map(run).collect())
    }
}

/// One label for each bit; wiped when dropped.
type Labels = Zeroizing<Vec<Label>>;

const ENOUGH_ROWS: &str = "a job has as many rows as its units";

/// Asks for the rows of all jobs, if they have any.
fn rows_of<T, E>(extents: &[Extent], ask: impl FnOnce(usize) -> Result<T, E>) -> Result<Option<T>, E> {
    match extents.iter().map(|extent| extent.n_rows as usize).sum() {
        0 => Ok(None),
        n => ask(n).map(Some),
    }
}

/// The rows of the next job.
fn split_rows<'r>(rows: &mut &'r [Block], extent: &Extent) -> &'r [Block] {
    rows.split_off(..extent.n_rows as usize).expect(ENOUGH_ROWS)
}

/// The rows of the next job.
fn split_rows_mut<'r>(rows: &mut &'r mut [Block], extent: &Extent) -> &'r mut [Block] {
    rows.split_off_mut(..extent.n_rows as usize).expect(ENOUGH_ROWS)
}

/// Asks for the segment's rows, if it has any.
fn rows<T, E>(segment: Segment<'_>, ask: impl FnOnce(usize) -> Result<T, E>) -> Result<Option<T>, E> {
    if segment.n_rows() == 0 { Ok(None) } else { ask(segment.n_rows()).map(Some) }
}

/// All tables in memory.
impl TableSink for Vec<Block> {
    type Error = Infallible;

    fn room(&mut self, n_blocks: usize) -> Result<&mut [Block], Infallible> {
        let start = self.len();
        self.resize(start + n_blocks, Block::ZERO);
        Ok(&mut self[start..])
    }
}

/// Room that remains for tables.
impl TableSink for &mut [Block] {
    type Error = TablesEnd;

    fn room(&mut self, n_blocks: usize) -> Result<&mut [Block], TablesEnd> {
        self.split_off_mut(..n_blocks).ok_or(TablesEnd)
    }
}

/// The tables that remain in memory.
impl TableSource for &[Block] {
    type Error = TablesEnd;

    fn take(&mut self, n_blocks: usize) -> Result<&[Block], TablesEnd> {
        self.split_off(..n_blocks).ok_or(TablesEnd)
    }
}

/// The tables, or the room for them, ended before the plan did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the garbled tables end before the plan does")]
pub struct TablesEnd;

#[cfg(test)]
mod tests;
