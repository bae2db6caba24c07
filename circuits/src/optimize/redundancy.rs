//! Redundancy removal: nodes that are proven equal become one, and ANDs that are proven to be sums of other nodes become XORs.
//!
//! `crate::sweep` finds candidates by simulation and proves them by SAT on small cones; also what is constant is found so, since the
//! constant is a node too. Results of calls may have any value, so what is found holds wherever a block is called.
//!
//! # Invariants
//! - A block is replaced only if that leaves fewer ANDs, or as many and fewer XORs.
//! - Effort is bounded for each block by conflicts and gates, and does not depend on the clock.

use super::{Gates, gates, map_blocks};
use crate::build::{Blocks, CallSpec, TooLarge};
use crate::circuit::{Block, Call, Circuit, Node};
use crate::id::Wire;
use crate::sat::Limits;
use crate::sweep::{Effort, Sweeper};

/// Removes redundancy from every block of bounded size.
#[must_use]
pub fn run(circuit: Circuit) -> Circuit {
    map_blocks(circuit, |callees, block| {
        if block.nodes.len() > NODES_MAX {
            return Ok(None);
        }
        let swept = sweep(callees, block)?;
        Ok((gates(&swept) - gates(block) < Gates::NONE).then_some(swept))
    })
}

/// Blocks with more nodes stay as they are: they would take minutes.
const NODES_MAX: usize = 2_000_000;

const EFFORT: Effort = Effort {
    n_words: 8,
    cones: &[Limits { gates_max: 100, conflicts_max: 200 }, Limits { gates_max: 1_000, conflicts_max: 200 }],
    conflicts_max: 100_000,
    refutations_max: 128,
    finds_sums: true,
};

fn sweep(callees: &Blocks, old: &Block) -> Result<Block, TooLarge> {
    let mut sweeper = Sweeper::new(&old.name, old.n_inputs, EFFORT);
    let mut new: Vec<Wire> = Vec::with_capacity(old.nodes.len());
    new.push(Wire::FALSE);
    new.extend(sweeper.inputs());
    let at = |new: &[Wire], wire: Wire| new[wire.node().0 as usize] ^ wire.is_complemented();
    for (node, &origin) in old.nodes.iter().zip(&old.origins).skip(new.len()) {
        sweeper.set_origin(origin);
        match *node {
            Node::And(a, b) | Node::Xor(a, b) => {
                let wire = sweeper.gate(*node, at(&new, a), at(&new, b));
                new.push(wire);
            }
            Node::Result { call, index: 0 } => {
                let Call { callee, count, n_state, n_shared, ref args, .. } = old.calls[call as usize];
                let args = args.iter().map(|&wire| at(&new, wire)).collect();
                new.extend(sweeper.call(callees, CallSpec { callee, count, n_state, n_shared }, args)?);
            }
            // Its call has added it.
            Node::Result { .. } => {}
            Node::False | Node::Input => unreachable!("the constant and the inputs come first"),
        }
    }
    sweeper.finish(old.outputs.iter().map(|&wire| at(&new, wire)).collect())
}

#[cfg(test)]
mod tests;
