//! The plain evaluator: what a circuit computes, in the clear. The oracle of every test.
//!
//! Evaluates 64 inputs at once: bit `k` of each word belongs to run `k`. Calls run as they are, without being expanded, so
//! memory follows the stored blocks and time the gates executed. Circuits must satisfy [`crate::verify`].

use crate::circuit::{Block, Call, Circuit, Node};
use crate::id::Wire;
use crate::shape::{Misfit, Value};

/// The outputs for 64 runs: one word per input bit of `main` in, one per output bit out.
///
/// # Panics
/// If there is not one word per input bit of `main`.
#[must_use]
pub fn evaluate_lanes(circuit: &Circuit, inputs: &[u64]) -> Vec<u64> {
    let n_callees = circuit.blocks.len() - 1;
    evaluate_block(&circuit.blocks[..n_callees], circuit.main(), inputs)
}

/// The outputs for one run.
///
/// # Panics
/// If there is not one bit per input bit of `main`.
#[must_use]
pub fn evaluate_bits(circuit: &Circuit, inputs: &[bool]) -> Vec<bool> {
    let lanes: Vec<u64> = inputs.iter().map(|&bit| u64::from(bit)).collect();
    evaluate_lanes(circuit, &lanes).into_iter().map(|lane| lane & 1 == 1).collect()
}

/// The values of the output ports for those of the input ports, in the order of the ports.
///
/// # Errors
/// If a value does not fit its port, or there are more or fewer values than ports.
pub fn evaluate_values(circuit: &Circuit, inputs: &[Value]) -> Result<Vec<Value>, Misfit> {
    if inputs.len() != circuit.inputs.len() {
        let (found, expected) = (format!("{} inputs", inputs.len()), format!("{} inputs", circuit.inputs.len()));
        return Err(Misfit { path: String::new(), found, expected });
    }
    let mut bits = Vec::new();
    for (port, value) in circuit.inputs.iter().zip(inputs) {
        let encoded = port
            .shape
            .encode(value)
            .map_err(|misfit| Misfit { path: format!("{}{}", port.name, misfit.path), ..misfit })?;
        bits.extend(encoded);
    }
    let bits = evaluate_bits(circuit, &bits);
    let mut rest = &bits[..];
    let decode = |port: &crate::circuit::OutputPort| {
        let (bits, after) = rest.split_at(port.shape.width() as usize);
        rest = after;
        port.shape.decode(bits)
    };
    Ok(circuit.outputs.iter().map(decode).collect())
}

/// The outputs of one block for 64 runs; `callees` are the blocks that it and they may call, by id.
///
/// # Panics
/// If there is not one word per input of the block.
#[must_use]
pub fn evaluate_block(callees: &[Block], block: &Block, inputs: &[u64]) -> Vec<u64> {
    assert_eq!(inputs.len(), block.n_inputs as usize, "inputs of `{}`", block.name);
    let mut frame = Frame::default();
    frame.run(callees, block, inputs.iter().copied());
    frame.outputs(block).collect()
}

/// The values of a block's nodes; reused from one iteration to the next.
#[derive(Default)]
struct Frame {
    values: Vec<u64>,
}

impl Frame {
    fn run(&mut self, callees: &[Block], block: &Block, inputs: impl Iterator<Item = u64>) {
        self.values.clear();
        self.values.reserve_exact(block.nodes.len());
        self.values.push(0);
        self.values.extend(inputs);
        let mut results = Vec::new();
        for &node in &block.nodes[self.values.len()..] {
            let value = match node {
                Node::And(a, b) => self.value(a) & self.value(b),
                Node::Xor(a, b) => self.value(a) ^ self.value(b),
                Node::Result { call, index } => {
                    if index == 0 {
                        results = self.call(callees, &block.calls[call as usize]);
                    }
                    results[index as usize]
                }
                Node::False | Node::Input => unreachable!("a verified block has its inputs first"),
            };
            self.values.push(value);
        }
    }

    fn value(&self, wire: Wire) -> u64 {
        self.values[wire.node().0 as usize] ^ u64::from(wire.is_complemented()).wrapping_neg()
    }

    fn outputs<'a>(&'a self, block: &'a Block) -> impl Iterator<Item = u64> + 'a {
        block.outputs.iter().map(|&wire| self.value(wire))
    }

    fn call(&self, callees: &[Block], call: &Call) -> Vec<u64> {
        let callee = &callees[call.callee.0 as usize];
        let args: Vec<u64> = call.args.iter().map(|&arg| self.value(arg)).collect();
        let n_state = call.n_state as usize;
        let (state, rest) = args.split_at(n_state);
        let (shared, each) = rest.split_at(call.n_shared as usize);
        let each_in = callee.n_inputs as usize - n_state - shared.len();
        let mut results = state.to_vec();
        let mut frame = Frame::default();
        for i in 0..call.count as usize {
            let state = results[..n_state].to_vec();
            let each = &each[i * each_in..(i + 1) * each_in];
            frame.run(callees, callee, state.into_iter().chain(shared.iter().copied()).chain(each.iter().copied()));
            let mut outputs = frame.outputs(callee);
            results[..n_state].fill_with(|| outputs.next().expect("a callee returns its state"));
            results.extend(outputs);
        }
        results
    }
}

#[cfg(test)]
mod tests;
