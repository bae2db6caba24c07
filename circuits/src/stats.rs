//! What a circuit costs: gates executed, AND depth, ANDs by origin.
//!
//! Counts are of gates *executed*, calls and repetitions included; they are found by arithmetic over the blocks, in time
//! linear in what is stored, and saturate instead of overflowing. Circuits must satisfy [`crate::verify`].

use std::collections::BTreeMap;

use crate::circuit::{Block, Circuit, Node};
use crate::id::Origin;

/// What a circuit costs.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Stats {
    /// AND gates executed; two ciphertexts each.
    pub n_ands: u128,
    /// XOR gates executed; free of communication.
    pub n_xors: u128,
    /// ANDs on the longest path, where a call waits for all its arguments and iterations follow each other.
    pub and_depth: u64,
    /// Nodes stored, over all blocks: what memory follows.
    pub n_nodes_stored: u64,
    /// ANDs executed by what caused them; origins that caused none are left out.
    pub ands_by_origin: BTreeMap<Origin, u128>,
}

/// The costs of `circuit`.
#[must_use]
pub fn stats(circuit: &Circuit) -> Stats {
    let mut costs = Vec::with_capacity(circuit.blocks.len());
    for block in &circuit.blocks {
        costs.push(BlockCost::new(&costs, block));
    }
    let main = costs.last().copied().unwrap_or_default();
    Stats {
        n_ands: main.n_ands,
        n_xors: main.n_xors,
        and_depth: main.and_depth,
        n_nodes_stored: circuit.blocks.iter().map(|block| block.nodes.len() as u64).sum(),
        ands_by_origin: ands_by_origin(circuit),
    }
}

/// One execution of a block, calls included.
#[derive(Clone, Copy, Default)]
struct BlockCost {
    n_ands: u128,
    n_xors: u128,
    and_depth: u64,
}

impl BlockCost {
    fn new(callees: &[BlockCost], block: &Block) -> BlockCost {
        let count = |is_counted: fn(&Node) -> bool| block.nodes.iter().filter(|node| is_counted(node)).count() as u128;
        let mut cost = BlockCost {
            n_ands: count(|node| matches!(node, Node::And(..))),
            n_xors: count(|node| matches!(node, Node::Xor(..))),
            and_depth: and_depth(callees, block),
        };
        for call in &block.calls {
            let (callee, times) = (&callees[call.callee.0 as usize], u128::from(call.count));
            cost.n_ands = cost.n_ands.saturating_add(callee.n_ands.saturating_mul(times));
            cost.n_xors = cost.n_xors.saturating_add(callee.n_xors.saturating_mul(times));
        }
        cost
    }
}

fn and_depth(callees: &[BlockCost], block: &Block) -> u64 {
    let mut depths: Vec<u64> = Vec::with_capacity(block.nodes.len());
    let mut result_depth = 0;
    for node in &block.nodes {
        let depth = match *node {
            Node::False | Node::Input => 0,
            Node::And(a, b) => depths[a.node().0 as usize].max(depths[b.node().0 as usize]).saturating_add(1),
            Node::Xor(a, b) => depths[a.node().0 as usize].max(depths[b.node().0 as usize]),
            Node::Result { call, index } => {
                if index == 0 {
                    let call = &block.calls[call as usize];
                    let start = call.args.iter().map(|arg| depths[arg.node().0 as usize]).max().unwrap_or(0);
                    let length = callees[call.callee.0 as usize].and_depth.saturating_mul(call.count);
                    result_depth = start.saturating_add(length);
                }
                result_depth
            }
        };
        depths.push(depth);
    }
    depths.into_iter().max().unwrap_or(0)
}

fn ands_by_origin(circuit: &Circuit) -> BTreeMap<Origin, u128> {
    let mut times = vec![0u128; circuit.blocks.len()];
    if let Some(main) = times.last_mut() {
        *main = 1;
    }
    let mut ands = BTreeMap::new();
    for (i, block) in circuit.blocks.iter().enumerate().rev() {
        for call in &block.calls {
            let more = times[i].saturating_mul(u128::from(call.count));
            let callee = &mut times[call.callee.0 as usize];
            *callee = callee.saturating_add(more);
        }
    }
    for (block, times) in circuit.blocks.iter().zip(times).filter(|&(_, times)| times > 0) {
        for (_, origin) in block.nodes.iter().zip(&block.origins).filter(|(node, _)| matches!(node, Node::And(..))) {
            let n: &mut u128 = ands.entry(*origin).or_default();
            *n = n.saturating_add(times);
        }
    }
    ands
}

#[cfg(test)]
mod tests;
