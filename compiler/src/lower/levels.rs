//! Counters of long loops: blocks of blocks, so that the counter of ten million iterations is written out in a few hundred numbers.
//!
//! A block of level 0 runs one iteration and is given its counter. A block of level `n + 1` calls one of level `n` 2^8 times, and is given the
//! bits that their counters share. The loop calls the largest blocks that fit, so that bits need no addition.

use hushgate_circuits::build::{Builder, CallSpec};
use hushgate_circuits::id::{BlockId, Wire};
use num_bigint::BigInt;

use super::loops::Items;
use super::walk::Walk;
use crate::ranges::Range;

/// Bits of the counter that a level adds.
const LEVEL_BITS: u64 = 8;

/// A block that runs `2^(8·level)` iterations.
struct Level {
    callee: BlockId,
    level: u64,
}

impl Walk<'_> {
    /// Calls a block of one iteration, whose last inputs are the counter, for all iterations from `first` on; the results' wires, or nothing if
    /// there are too many nodes. `fixed` holds the first state and what is shared.
    pub(super) fn call_in_levels(
        &mut self,
        spec: CallSpec,
        fixed: &[Wire],
        items: &Items,
        first: usize,
    ) -> Option<Vec<Wire>> {
        let Items::Counter(start, end) = items else { return None };
        let start = start + BigInt::from(first);
        let width = Range::new(start.clone(), end - 1).width();
        let mut levels = vec![Level { callee: spec.callee, level: 0 }];
        let mut at = start;
        let mut results = fixed[..spec.n_state as usize].to_vec();
        while at < *end {
            let level = largest_level(&at, end, width);
            while (levels.len() as u64) <= level {
                let next = self.next_level(levels.last()?, spec, width)?;
                levels.push(next);
            }
            let unit = LEVEL_BITS * level;
            let mut args = results;
            args.extend_from_slice(&fixed[spec.n_state as usize..]);
            let mut count = 0;
            while count == 0 || (largest_level(&at, end, width) == level && at < *end) {
                args.extend((unit..width).map(|bit| Wire::constant(at.bit(bit))));
                at += BigInt::from(1) << unit;
                count += 1;
            }
            let spec = CallSpec { callee: levels[level as usize].callee, count, ..spec };
            let blocks = &self.blocks;
            results = self.builder.as_mut()?.call(blocks, spec, args).ok()?;
        }
        Some(results)
    }

    /// A block that calls another one 2^8 times.
    fn next_level(&mut self, below: &Level, spec: CallSpec, width: u64) -> Option<Level> {
        let unit = LEVEL_BITS * below.level;
        let n_high = width - unit - LEVEL_BITS;
        let n_fixed = spec.n_state + spec.n_shared;
        let name = self.blocks.block(below.callee).name.clone();
        let mut block = Builder::new(name, n_fixed + n_high as u32).with_nodes_max(self.limits.nodes_max);
        let inputs = block.inputs();
        let (fixed, high) = inputs.split_at(n_fixed as usize);
        let mut args = fixed.to_vec();
        for low in 0u64..1 << LEVEL_BITS {
            args.extend((0..LEVEL_BITS).map(|bit| Wire::constant(low >> bit & 1 == 1)));
            args.extend_from_slice(high);
        }
        let spec = CallSpec { callee: below.callee, count: 1 << LEVEL_BITS, ..spec };
        let results = block.call(&self.blocks, spec, args).ok()?;
        let callee = self.blocks.add(block.finish(results).ok()?);
        Some(Level { callee, level: below.level + 1 })
    }
}

/// The largest level whose blocks start at `at` and do not pass `end`.
fn largest_level(at: &BigInt, end: &BigInt, width: u64) -> u64 {
    let fits = |level: &u64| {
        let bits = LEVEL_BITS * level;
        bits < width && (0..bits).all(|bit| !at.bit(bit)) && at + (BigInt::from(1) << bits) <= *end
    };
    (0..).take_while(fits).last().unwrap_or(0)
}
