//! Smaller circuits that mean the same.
//!
//! A pass is a file with `run: Circuit → Circuit`; [`PASSES`] is their order. No pass makes more ANDs. Origins are
//! kept: a new gate has the origin of the one that it replaces. In debug builds and in tests [`crate::verify`] runs after each.

pub mod collapse;
pub mod factor;
pub mod fold;
pub mod propagate;
pub mod redundancy;
pub mod rewrite;

mod cuts;
mod table;

use std::ops::{Add, RangeInclusive, Sub};

use crate::build::{Blocks, Builder, TooLarge};
use crate::circuit::{Block, Circuit, Node};
use crate::id::Wire;
use crate::verify::verify;
use crate::work;

/// One step of optimisation.
#[derive(Clone, Debug)]
pub struct Pass {
    /// For people.
    pub name: &'static str,
    /// In which levels it runs.
    pub levels: RangeInclusive<u8>,
    /// Gives a circuit of the same meaning and no more ANDs.
    pub run: fn(Circuit) -> Circuit,
}

/// All passes, in the order in which they run. Level 3 takes many times as long as level 2. Rewriting folds what it copies.
pub const PASSES: [Pass; 8] = [
    Pass { name: "fold", levels: 1..=1, run: fold::run },
    Pass { name: "propagate", levels: 1..=3, run: propagate::run },
    Pass { name: "collapse", levels: 2..=3, run: collapse::run },
    Pass { name: "rewrite", levels: 2..=3, run: rewrite::run },
    Pass { name: "rewrite thoroughly", levels: 3..=3, run: rewrite::run_thoroughly },
    Pass { name: "redundancy", levels: 3..=3, run: redundancy::run },
    Pass { name: "rewrite what is left", levels: 3..=3, run: rewrite::run_thoroughly },
    Pass { name: "factor", levels: 3..=3, run: factor::run },
];

/// The level for everyday use.
pub const LEVEL_DEFAULT: u8 = 2;

/// Runs the passes of a level, and of those below, on a verified circuit.
#[must_use]
pub fn optimize(circuit: Circuit, level: u8) -> Circuit {
    PASSES.iter().filter(|pass| pass.levels.contains(&level)).fold(circuit, |circuit, pass| {
        let _running = work::begin(pass.name, circuit.blocks.iter().map(|block| block.nodes.len() as u64).sum());
        let circuit = (pass.run)(circuit);
        debug_assert_eq!(verify(&circuit), Ok(()), "after pass {}", pass.name);
        circuit
    })
}

/// Replaces each block, callees first. A block stays as it is where there is nothing better, or no better one for want of node numbers.
fn map_blocks(circuit: Circuit, mut map: impl FnMut(&Blocks, &Block) -> Result<Option<Block>, TooLarge>) -> Circuit {
    let Circuit { parties, inputs, outputs, blocks } = circuit;
    let mut done = Blocks::new();
    let mut last = Block::default();
    let n_callees = blocks.len().saturating_sub(1);
    for (id, block) in blocks.into_iter().enumerate() {
        let block = map(&done, &block).ok().flatten().unwrap_or(block);
        if id < n_callees {
            done.add(block);
        } else {
            last = block;
        }
    }
    done.into_circuit(last, parties, inputs, outputs)
}

/// How often each node is read by gates, calls and outputs.
fn count_readers(block: &Block) -> Vec<u32> {
    let mut n_readers = vec![0u32; block.nodes.len()];
    let mut count = |wire: &Wire| n_readers[wire.node().0 as usize] += 1;
    for node in &block.nodes {
        if let Node::And(a, b) | Node::Xor(a, b) = node {
            count(a);
            count(b);
        }
    }
    block.calls.iter().flat_map(|call| &call.args).for_each(&mut count);
    block.outputs.iter().for_each(count);
    n_readers
}

/// The gates of the block itself.
fn gates(block: &Block) -> Gates {
    let count = |is_counted: fn(&Node) -> bool| block.nodes.iter().filter(|node| is_counted(node)).count() as i32;
    Gates { n_ands: count(|node| matches!(node, Node::And(..))), n_xors: count(|node| matches!(node, Node::Xor(..))) }
}

/// Numbers of gates, or changes of them; fewer ANDs is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Gates {
    n_ands: i32,
    n_xors: i32,
}

impl Gates {
    const NONE: Gates = Gates { n_ands: 0, n_xors: 0 };
}

impl Add for Gates {
    type Output = Gates;

    fn add(self, other: Gates) -> Gates {
        Gates { n_ands: self.n_ands + other.n_ands, n_xors: self.n_xors + other.n_xors }
    }
}

impl Sub for Gates {
    type Output = Gates;

    fn sub(self, other: Gates) -> Gates {
        Gates { n_ands: self.n_ands - other.n_ands, n_xors: self.n_xors - other.n_xors }
    }
}

/// A gate of the same kind on other operands.
fn map_node(builder: &mut Builder, node: Node, [a, b]: [Wire; 2]) -> Wire {
    if matches!(node, Node::And(..)) { builder.and(a, b) } else { builder.xor(a, b) }
}

#[cfg(test)]
mod tests;
