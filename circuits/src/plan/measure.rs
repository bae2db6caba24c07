//! Sizes of a plan: gates executed, labels alive, bytes of tables.
//!
//! All sums saturate; in a valid plan none comes near the ends of its type.

use super::{Plan, PlanBlock, Step};

/// Bytes of the garbled table of one AND gate: two ciphertexts.
const TABLE_BYTES: u64 = 32;

/// What one run of a block takes, its calls and their repetitions included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Measure {
    /// AND gates executed: the run takes twice as many consecutive tweaks.
    pub n_ands: u64,
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
        let mut measures = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            measures.push(measure(block, &measures));
        }
        measures
    }

    /// The measure of the whole.
    #[must_use]
    pub fn measure(&self) -> Measure {
        self.measure_blocks().pop().unwrap_or_default()
    }

    /// AND gates executed in a session.
    #[must_use]
    pub fn n_ands(&self) -> u64 {
        self.measure().n_ands
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
        self.n_ands().saturating_mul(TABLE_BYTES)
    }
}

fn measure(block: &PlanBlock, callees: &[Measure]) -> Measure {
    let (n_ands, n_xors) = (block.ands.len() as u64, block.xors.len() as u64);
    let mut total = Measure { n_ands, n_xors, n_operations: n_ands.saturating_add(n_xors), ..Measure::default() };
    for call in &block.calls {
        let callee = callees.get(call.callee.0 as usize).copied().unwrap_or_default();
        let handed_over = (call.args.len() as u64).saturating_add(call.results.len() as u64);
        let iteration = callee.n_operations.saturating_add(1);
        total.n_ands = total.n_ands.saturating_add(callee.n_ands.saturating_mul(call.count));
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
    /// The widths of the batches of ANDs, in order.
    pub fn batches(&self) -> impl Iterator<Item = u32> + '_ {
        self.steps.iter().filter_map(|step| match step {
            Step::And(n) => Some(*n),
            _ => None,
        })
    }
}
