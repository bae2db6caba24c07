//! Sizes of a plan: gates executed, labels alive, bytes of tables.
//!
//! All sums saturate; in a valid plan none comes near the ends of its type.

use super::{AndXor, Plan, PlanBlock, Step};
use crate::knowledge::{AndPrice, Known};

/// Bytes of a row of a garbled table.
const ROW_BYTES: u64 = 16;

/// What one run of a block takes, its calls and their repetitions included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Measure {
    /// AND gates executed.
    pub n_ands: u64,
    /// Those of them that take one row, as somebody knows an operand.
    pub n_half: u64,
    /// Those of them that take no row, as the garbler computes them in the clear; the others take two.
    pub n_local: u64,
    /// XOR gates executed.
    pub n_xors: u64,
    /// Labels of the block's frame and of the frames below it, when most are alive.
    pub n_labels: u64,
    /// Frames on top of each other, when most are; 1 for a block without calls.
    pub call_depth: u32,
    /// Gates executed and labels handed over in calls: what the time depends on.
    pub n_operations: u64,
}

impl Plan {
    /// The measure of every block, in the order of `blocks`; blocks that do not exist yet when called count nothing.
    #[must_use]
    pub fn measure_blocks(&self) -> Vec<Measure> {
        measure_all(&self.blocks)
    }

    /// The measure of the whole.
    #[must_use]
    pub fn measure(&self) -> Measure {
        self.measure_blocks().pop().unwrap_or_default()
    }

    /// AND gates executed in a session, by both parties together or by one of them in the clear.
    #[must_use]
    pub fn n_ands(&self) -> u64 {
        self.measure().n_ands.saturating_add(self.n_own_ands())
    }

    /// XOR gates executed in a session.
    #[must_use]
    pub fn n_xors(&self) -> u64 {
        self.measure().n_xors
    }

    /// The most labels that all frames hold at a time.
    #[must_use]
    pub fn max_live_labels(&self) -> u64 {
        self.measure().n_labels
    }

    /// Bytes of garbled tables sent in a session.
    #[must_use]
    pub fn table_bytes(&self) -> u64 {
        self.measure().table_bytes()
    }

    /// AND gates that the evaluator computes in the clear.
    #[must_use]
    pub fn n_own_ands(&self) -> u64 {
        let Some(local) = &self.local else { return 0 };
        measure_all(&local.own).pop().map_or(0, |own| own.n_ands)
    }
}

impl Measure {
    /// Bytes of garbled tables.
    #[must_use]
    pub const fn table_bytes(&self) -> u64 {
        let garbled = self.n_ands.saturating_sub(self.n_local);
        garbled.saturating_mul(2).saturating_sub(self.n_half).saturating_mul(ROW_BYTES)
    }

    fn count(&mut self, price: AndPrice, n: u32) {
        let n = u64::from(n);
        self.n_ands += n;
        match price {
            AndPrice::Full => {}
            AndPrice::Known(Known::GarblerBoth) => self.n_local += n,
            AndPrice::Known(_) => self.n_half += n,
        }
    }
}

/// The measure of each of these blocks, callees before callers.
pub(super) fn measure_all(blocks: &[PlanBlock]) -> Vec<Measure> {
    let mut measures = Vec::with_capacity(blocks.len());
    for block in blocks {
        measures.push(measure(block, &measures));
    }
    measures
}

fn measure(block: &PlanBlock, callees: &[Measure]) -> Measure {
    let (n_gates, n_xors) = (block.ands.len() as u64 + block.and_xors.len() as u64, block.n_xors());
    let mut total = Measure { n_xors, n_operations: n_gates.saturating_add(n_xors), ..Measure::default() };
    block.batches().for_each(|(price, n)| total.count(price, n));
    for call in &block.calls {
        let callee = callees.get(call.callee.0 as usize).copied().unwrap_or_default();
        let handed_over = (call.args.len() as u64).saturating_add(call.results.len() as u64);
        let iteration = callee.n_operations.saturating_add(1);
        total.n_ands = total.n_ands.saturating_add(callee.n_ands.saturating_mul(call.count));
        total.n_half = total.n_half.saturating_add(callee.n_half.saturating_mul(call.count));
        total.n_local = total.n_local.saturating_add(callee.n_local.saturating_mul(call.count));
        total.n_xors = total.n_xors.saturating_add(callee.n_xors.saturating_mul(call.count));
        total.n_operations =
            total.n_operations.saturating_add(handed_over).saturating_add(iteration.saturating_mul(call.count));
        total.n_labels = total.n_labels.max(callee.n_labels);
        total.call_depth = total.call_depth.max(callee.call_depth);
    }
    total.n_labels = total.n_labels.saturating_add(u64::from(block.n_slots));
    total.call_depth = total.call_depth.saturating_add(1);
    total
}

impl PlanBlock {
    /// The batches of ANDs in order: what each gate costs, and how many there are.
    pub fn batches(&self) -> impl Iterator<Item = (AndPrice, u32)> + '_ {
        self.steps.iter().filter_map(|step| match *step {
            Step::And(n) | Step::AndXor(n) => Some((AndPrice::Full, n)),
            Step::Known(known, n) => Some((AndPrice::Known(known), n)),
            Step::Xor { .. } | Step::Call => None,
        })
    }

    /// XORs of two values that the block takes, those around ANDs included.
    fn n_xors(&self) -> u64 {
        let alone = self.steps.iter().map(|step| match *step {
            Step::Xor { n_operands, n } => u64::from(n_operands.saturating_sub(1)).saturating_mul(n.into()),
            _ => 0,
        });
        let nothing = self.nothing();
        let missing = self.xors.iter().filter(|&&operand| operand == nothing).count() as u64;
        let added = self.and_xors.iter().flat_map(AndXor::added).filter(|&operand| operand != nothing);
        alone.fold(added.count() as u64, u64::saturating_add).saturating_sub(missing)
    }
}
