//! From circuits to plans: the order of the gates, their batches, and the slots that hold their labels.
//!
//! Each block is scheduled on its own, in one pass, as an out-of-order processor runs instructions. First its gates become operations: sums of
//! two or three values, and ANDs that most XORs around them are part of (`cover`). Then a window slides over
//! them in the circuit's order. Of the ANDs in the window whose operands can be computed, the oldest form the
//! next batch, eight at a time where there are so many, because the kernels take eight. An XOR is placed right before
//! the first batch that needs it, or when it is the oldest node of the window. The XORs between two batches are ordered by level, so
//! that those next to each other are independent. Calls keep their place. A slot is free
//! again after the last use of its label, but not if it holds what the iterations of a loop share: it need not be filled again for each. All XORs between two batches have the same number of operands, so that the processor's guesses where
//! they end are its only ones. Dead nodes, and blocks that are called for nothing, are left out.
//!
//! The window bounds the look-ahead, hence the frame: a batch never reaches further ahead than [`WINDOW`] nodes.
//! Time is linear but for a heap of at most that size. The plan depends on nothing but the circuit.
//!
//! In a plan for one garbler ([`schedule_split`]) ANDs of different prices make batches of their own: the widest that is ready comes next.

mod block;
mod cover;
#[cfg(test)]
mod tests;

use crate::circuit::{Block, Circuit};
use crate::id::{BlockId, Wire};
use crate::knowledge::AndPrice;
use crate::local::Split;
use crate::local::classify::Variant;
use crate::plan::{Local, Plan, PlanBlock};

/// How many nodes ahead of the oldest unscheduled one a gate may be taken from.
pub const WINDOW: usize = 4096;

/// The most ANDs in one batch: enough for the kernels, few enough that what a batch reads and writes is still in L1, and that the
/// XORs before the next overlap with it.
pub const BATCH_MAX: usize = 32;

/// ANDs that the kernels process at a time.
pub const LANES: usize = 8;

/// The plan of a verified circuit, for any garbler.
#[must_use]
pub fn schedule(circuit: &Circuit) -> Plan {
    Plan {
        parties: circuit.parties.clone(),
        inputs: circuit.inputs.clone(),
        outputs: circuit.outputs.clone(),
        blocks: schedule_blocks(circuit),
        local: None,
    }
}

/// The plan of a circuit that has been divided, for its garbler.
#[must_use]
pub fn schedule_split(split: &Split) -> Plan {
    let units = split
        .variants
        .iter()
        .map(|variant| Unit { block: &split.shared.blocks[variant.block.0 as usize], variant: Some(variant) });
    Plan {
        parties: split.shared.parties.clone(),
        inputs: split.inputs().to_vec(),
        outputs: split.outputs().to_vec(),
        blocks: schedule_units(&units.collect::<Vec<_>>()),
        local: Some(Local { garbler: split.garbler, own: schedule_blocks(&split.own) }),
    }
}

fn schedule_blocks(circuit: &Circuit) -> Vec<PlanBlock> {
    schedule_units(&circuit.blocks.iter().map(|block| Unit { block, variant: None }).collect::<Vec<_>>())
}

/// What becomes a block of the plan.
#[derive(Clone, Copy)]
struct Unit<'a> {
    block: &'a Block,
    /// Who knows its nodes; nothing if everything is secret.
    variant: Option<&'a Variant>,
}

impl Unit<'_> {
    /// What an AND of these costs.
    fn price(&self, a: Wire, b: Wire) -> AndPrice {
        self.variant.map_or(AndPrice::Full, |variant| AndPrice::of(variant.of(a), variant.of(b)))
    }

    /// The unit that is called.
    fn callee(&self, call: usize) -> BlockId {
        match self.variant {
            Some(variant) => BlockId(variant.callees[call] as u32),
            None => self.block.calls[call].callee,
        }
    }
}

/// Callers first, because a caller knows which calls are worth making; the result has callees first.
fn schedule_units(units: &[Unit<'_>]) -> Vec<PlanBlock> {
    let mut needed = vec![false; units.len()];
    if let Some(main) = needed.last_mut() {
        *main = true;
    }
    let mut shared = vec![0..0; units.len()];
    let mut blocks = Vec::new();
    for (id, &unit) in units.iter().enumerate().rev() {
        if needed[id] {
            let planned = block::schedule(unit, shared[id].clone());
            for call in &planned.calls {
                let callee = call.callee.0 as usize;
                needed[callee] = true;
                // Callers that do not agree on what is shared are rare: one of them is served.
                if call.count > 1 && shared[callee].is_empty() {
                    shared[callee] = call.n_state..call.n_state + call.n_shared;
                }
            }
            blocks.push(planned);
        }
    }
    blocks.reverse();
    renumber_callees(&mut blocks, &needed);
    blocks
}

/// Makes callees count the kept blocks only.
fn renumber_callees(blocks: &mut [PlanBlock], kept: &[bool]) {
    let new_ids: Vec<u32> = kept
        .iter()
        .scan(0, |next, &kept| {
            let id = *next;
            *next += u32::from(kept);
            Some(id)
        })
        .collect();
    for call in blocks.iter_mut().flat_map(|block| &mut block.calls) {
        call.callee = BlockId(new_ids[call.callee.0 as usize]);
    }
}
