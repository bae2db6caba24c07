//! Who knows each value of a circuit, block by block.
//!
//! A block is looked at once for each way in which its inputs are known: a [`Variant`]. In a repeated call the knowledge of a state value is
//! what holds in all iterations, found by iterating upwards from the arguments (each round makes some value less known, so there
//! are few); an argument of each iteration is as known as the least known of them.
//!
//! This errs on the side of [`Knowledge::Secret`] in two places. A constant argument counts as one of the garbler's, except where a state
//! or an iteration's argument becomes the evaluator's. And a circuit whose variants have many times its own nodes is not specialised
//! further: what else is called is called with all inputs secret.

use std::collections::HashMap;

use crate::circuit::{Block, Call, Node};
use crate::id::{BlockId, Wire};
use crate::knowledge::Knowledge;

/// One block, its inputs known in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// The block.
    pub block: BlockId,
    /// Who knows each input.
    pub inputs: Vec<Knowledge>,
    /// Who knows each node.
    pub nodes: Vec<Knowledge>,
    /// For each call of the block, the variant that is called.
    pub callees: Vec<usize>,
}

/// The variants that the last block needs when its inputs are known in this way: callees before callers, the last block last.
#[must_use]
pub fn classify(blocks: &[Block], inputs: Vec<Knowledge>) -> Vec<Variant> {
    let n_nodes: usize = blocks.iter().map(|block| block.nodes.len()).sum();
    let room = NODES_FACTOR.saturating_mul(n_nodes).saturating_add(NODES_MIN);
    let mut classifier = Classifier { blocks, room, variants: Vec::new(), known: HashMap::new() };
    let main = classifier.variant(BlockId(blocks.len() as u32 - 1), inputs);
    reachable(classifier.variants, main)
}

/// How many times a circuit's nodes its variants may have.
const NODES_FACTOR: usize = 8;
/// And how many they may have in any case.
const NODES_MIN: usize = 1 << 16;

impl Variant {
    /// Who knows the value on an edge.
    #[must_use]
    pub fn of(&self, wire: Wire) -> Knowledge {
        self.nodes[wire.node().0 as usize]
    }
}

struct Classifier<'a> {
    blocks: &'a [Block],
    /// Nodes that more variants may have.
    room: usize,
    variants: Vec<Variant>,
    known: HashMap<(BlockId, Vec<Knowledge>), usize>,
}

impl Classifier<'_> {
    /// The number of the variant. Its inputs are these, or all secret where there is no more room.
    fn variant(&mut self, id: BlockId, mut inputs: Vec<Knowledge>) -> usize {
        let block = &self.blocks[id.0 as usize];
        if self.room < block.nodes.len() {
            inputs.fill(Knowledge::Secret);
        }
        let key = (id, inputs);
        if let Some(&there) = self.known.get(&key) {
            return there;
        }
        self.room = self.room.saturating_sub(block.nodes.len());
        let (mut nodes, mut callees) = (Vec::with_capacity(block.nodes.len()), Vec::with_capacity(block.calls.len()));
        let mut results = Vec::new();
        for (i, node) in block.nodes.iter().enumerate() {
            let of = |wire: Wire| nodes[wire.node().0 as usize];
            let knowledge = match *node {
                Node::False => Knowledge::Public,
                Node::Input => key.1[i - 1],
                Node::And(a, b) | Node::Xor(a, b) => Knowledge::join(of(a), of(b)),
                Node::Result { call, index } => {
                    let call = &block.calls[call as usize];
                    if index == 0 {
                        let args: Vec<Knowledge> = call.args.iter().map(|&arg| of(arg)).collect();
                        let callee = self.call(call, &args);
                        callees.push(callee);
                        results = self.results(call, callee);
                    }
                    result_of(call, &results, index)
                }
            };
            nodes.push(knowledge);
        }
        self.variants.push(Variant { block: id, inputs: key.1.clone(), nodes, callees });
        self.known.insert(key, self.variants.len() - 1);
        self.variants.len() - 1
    }

    /// The variant that `call` calls.
    fn call(&mut self, call: &Call, args: &[Knowledge]) -> usize {
        let n_inputs = self.blocks[call.callee.0 as usize].n_inputs as usize;
        let n_carried = (call.n_state + call.n_shared) as usize;
        let (carried, each) = args.split_at(n_carried);
        let mut inputs = carried.to_vec();
        inputs.resize(n_inputs, Knowledge::Public);
        for iteration in each.chunks(n_inputs.saturating_sub(n_carried).max(1)) {
            for (input, arg) in inputs[n_carried..].iter_mut().zip(iteration) {
                *input = input.join(*arg);
            }
        }
        self.stable(call, &mut inputs);
        inputs.iter_mut().for_each(|input| *input = input.of_one_party());
        self.stable(call, &mut inputs)
    }

    /// Makes the inputs of the state such that what an iteration returns may be handed to the next; the variant with these inputs.
    fn stable(&mut self, call: &Call, inputs: &mut Vec<Knowledge>) -> usize {
        loop {
            let variant = self.variant(call.callee, inputs.clone());
            let returned = self.outputs(variant);
            let mut next = self.variants[variant].inputs.clone();
            for (input, output) in next.iter_mut().zip(returned).take(call.n_state as usize) {
                *input = input.join(output);
            }
            if next == *inputs {
                return variant;
            }
            *inputs = next;
        }
    }

    fn outputs(&self, variant: usize) -> Vec<Knowledge> {
        let variant = &self.variants[variant];
        self.blocks[variant.block.0 as usize].outputs.iter().map(|&wire| variant.of(wire)).collect()
    }

    /// Who knows the state and the other outputs of one iteration, as the caller gets them.
    fn results(&self, call: &Call, callee: usize) -> Vec<Knowledge> {
        let n_state = call.n_state as usize;
        let mut results = self.outputs(callee);
        results[..n_state].copy_from_slice(&self.variants[callee].inputs[..n_state]);
        results.iter_mut().for_each(|result| *result = result.of_one_party());
        results
    }
}

/// Result `index` of a call, by what one iteration returns.
fn result_of(call: &Call, outputs: &[Knowledge], index: u32) -> Knowledge {
    let (state, each) = outputs.split_at(call.n_state as usize);
    match (index as usize).checked_sub(state.len()) {
        None => state[index as usize],
        Some(i) => each[i % each.len()],
    }
}

/// What `main` needs, in the same order.
fn reachable(variants: Vec<Variant>, main: usize) -> Vec<Variant> {
    let mut needed = vec![false; variants.len()];
    needed[main] = true;
    for i in (0..variants.len()).rev().filter(|&i| i <= main) {
        if needed[i] {
            variants[i].callees.iter().for_each(|&callee| needed[callee] = true);
        }
    }
    let mut new_ids = Vec::with_capacity(variants.len());
    let mut n_kept = 0;
    for &kept in &needed {
        new_ids.push(n_kept);
        n_kept += usize::from(kept);
    }
    let kept = variants.into_iter().zip(&needed).filter(|(_, needed)| **needed).map(|(variant, _)| variant);
    let renumbered = kept.map(|mut variant| {
        variant.callees.iter_mut().for_each(|callee| *callee = new_ids[*callee]);
        variant
    });
    renumbered.collect()
}
