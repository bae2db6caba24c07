//! A circuit without calls: every block in place of its calls, every iteration after the other.
//!
//! Needed by formats that know no calls. Gates are folded again as they are copied, because arguments may be constants
//! or equal to each other; so the result may have fewer gates than the circuit executes. Origins are kept.

use std::borrow::Cow;

use crate::build::{Blocks, Builder};
use crate::circuit::{Block, Call, Circuit, Node};
use crate::id::Wire;

/// A circuit executes more gates than its flat form may have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("with its calls expanded the circuit has {n_gates} gates; the limit is {gates_max}")]
pub struct TooManyGates {
    /// Gates, and iterations of calls, that the circuit executes.
    pub n_gates: u64,
    /// The limit.
    pub gates_max: u64,
}

/// The flat form of a verified circuit: main, and no other block. A circuit that is flat stays as it is.
///
/// # Errors
/// If the circuit executes more than `gates_max` gates and iterations.
pub fn flatten(circuit: &Circuit, gates_max: u64) -> Result<Cow<'_, Circuit>, TooManyGates> {
    let n_gates = executed(&circuit.blocks).pop().unwrap_or_default();
    let too_many = TooManyGates { n_gates, gates_max: gates_max.min(Wire::NODES_MAX as u64) };
    if n_gates > too_many.gates_max {
        return Err(too_many);
    }
    if circuit.blocks.len() == 1 {
        return Ok(Cow::Borrowed(circuit));
    }
    let main = circuit.main();
    let mut flattener = Flattener { blocks: &circuit.blocks, builder: Builder::new(main.name.clone(), main.n_inputs) };
    let inputs = flattener.builder.inputs();
    let outputs = flattener.copy(main, inputs);
    let main = flattener.builder.finish(outputs).map_err(|_| too_many)?;
    let (parties, inputs, outputs) = (circuit.parties.clone(), circuit.inputs.clone(), circuit.outputs.clone());
    Ok(Cow::Owned(Blocks::new().into_circuit(main, parties, inputs, outputs)))
}

/// For each block, the gates and iterations that one run of it executes.
fn executed(blocks: &[Block]) -> Vec<u64> {
    let mut totals: Vec<u64> = Vec::with_capacity(blocks.len());
    for block in blocks {
        let n_gates = block.nodes.iter().filter(|node| matches!(node, Node::And(..) | Node::Xor(..))).count() as u64;
        let call = |call: &Call| totals[call.callee.0 as usize].saturating_add(1).saturating_mul(call.count);
        let total = block.calls.iter().map(call).fold(n_gates, u64::saturating_add);
        totals.push(total);
    }
    totals
}

struct Flattener<'a> {
    blocks: &'a [Block],
    builder: Builder,
}

impl Flattener<'_> {
    /// Copies a block for these inputs; returns its outputs.
    fn copy(&mut self, block: &Block, inputs: Vec<Wire>) -> Vec<Wire> {
        let mut wires = Vec::with_capacity(block.nodes.len());
        let mut inputs = inputs.into_iter();
        let mut results = Vec::new().into_iter();
        for (node, &origin) in block.nodes.iter().zip(&block.origins) {
            self.builder.set_origin(origin);
            let read = |wire: Wire| wires[wire.node().0 as usize] ^ wire.is_complemented();
            let wire = match *node {
                Node::False => Some(Wire::FALSE),
                Node::Input => inputs.next(),
                Node::And(a, b) => Some(self.builder.and(read(a), read(b))),
                Node::Xor(a, b) => Some(self.builder.xor(read(a), read(b))),
                Node::Result { call, index } => {
                    if index == 0 {
                        let call = &block.calls[call as usize];
                        let args: Vec<Wire> = call.args.iter().map(|&wire| read(wire)).collect();
                        results = self.call(call, &args).into_iter();
                    }
                    results.next()
                }
            };
            wires.push(wire.expect("a verified circuit has a value for every input and result"));
        }
        block.outputs.iter().map(|wire: &Wire| wires[wire.node().0 as usize] ^ wire.is_complemented()).collect()
    }

    fn call(&mut self, call: &Call, args: &[Wire]) -> Vec<Wire> {
        let callee = &self.blocks[call.callee.0 as usize];
        let (state, rest) = args.split_at(call.n_state as usize);
        let (shared, mut each) = rest.split_at(call.n_shared as usize);
        let n_each = callee.n_inputs as usize - state.len() - shared.len();
        let (mut state, mut results) = (state.to_vec(), Vec::new());
        for _ in 0..call.count {
            let (now, later) = each.split_at(n_each);
            let outputs = self.copy(callee, [&state, shared, now].concat());
            let (next_state, each_results) = outputs.split_at(state.len());
            results.extend_from_slice(each_results);
            state = next_state.to_vec();
            each = later;
        }
        [state, results].concat()
    }
}

#[cfg(test)]
mod tests;
