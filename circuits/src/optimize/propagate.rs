//! Constants into blocks, and unread results out of them.
//!
//! An input that is the same constant in every call of a block, and in every iteration, becomes that constant inside. An
//! output that no call's reader reads becomes the constant 0, so that what only it needs is dead. Callers come before
//! callees, because what is known about a caller decides what it hands on; then [`super::fold`] carries constant
//! results back from callees to callers. The layout of calls does not change.

use super::{count_readers, fold};
use crate::build::Blocks;
use crate::circuit::{Block, Call, Circuit};
use crate::id::{NodeId, Wire};

/// Specialises every block for its calls.
#[must_use]
pub fn run(mut circuit: Circuit) -> Circuit {
    if circuit.blocks.len() == 1 {
        return circuit;
    }
    let mut callees = Blocks::new();
    for block in &circuit.blocks {
        callees.add(block.clone());
    }
    let mut facts: Vec<Facts> = circuit.blocks.iter().map(Facts::of_uncalled).collect();
    if let Some(main) = facts.last_mut() {
        main.assume_nothing();
    }
    for id in (0..circuit.blocks.len()).rev() {
        let block = &mut circuit.blocks[id];
        if facts[id].are_useful() {
            let inputs = facts[id].inputs.iter().map(|input| input.constant()).collect::<Vec<_>>();
            // A block that cannot be built again for want of node numbers stays as it is.
            if let Ok(specialized) = fold::rebuild(&callees, block, &inputs, &facts[id].is_read) {
                *block = specialized;
            }
        }
        let n_readers = count_readers(block);
        for call in &block.calls {
            facts[call.callee.0 as usize].learn(call, callees.block(call.callee), &n_readers);
        }
    }
    fold::run(circuit)
}

/// What an input is in all calls so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Uncalled,
    Constant(bool),
    Varying,
}

impl Input {
    fn constant(self) -> Option<bool> {
        match self {
            Input::Constant(value) => Some(value),
            Input::Uncalled | Input::Varying => None,
        }
    }

    /// What it is if it is also `value`, or anything where that is `None`.
    fn or(self, value: Option<bool>) -> Input {
        match (self, value) {
            (Input::Uncalled, Some(value)) => Input::Constant(value),
            (Input::Constant(known), Some(value)) if known == value => self,
            _ => Input::Varying,
        }
    }
}

/// What all calls of a block have in common.
struct Facts {
    inputs: Vec<Input>,
    /// For each output, whether somebody reads it.
    is_read: Vec<bool>,
    /// For each input, whether the block reads it.
    reads: Vec<bool>,
}

impl Facts {
    fn of_uncalled(block: &Block) -> Facts {
        let n_inputs = block.n_inputs as usize;
        let reads = count_readers(block)[1..=n_inputs].iter().map(|&n| n > 0).collect();
        Facts { inputs: vec![Input::Uncalled; n_inputs], is_read: vec![false; block.outputs.len()], reads }
    }

    fn assume_nothing(&mut self) {
        self.inputs.fill(Input::Varying);
        self.is_read.fill(true);
    }

    fn are_useful(&self) -> bool {
        self.inputs.iter().any(|input| input.constant().is_some()) || self.is_read.contains(&false)
    }

    /// One more call, from a block whose nodes have so many readers.
    fn learn(&mut self, call: &Call, callee: &Block, n_readers: &[u32]) {
        let (n_state, n_shared) = (call.n_state as usize, call.n_shared as usize);
        let (state, rest) = call.args.split_at(n_state);
        let (shared, each) = rest.split_at(n_shared);
        for (i, &arg) in state.iter().enumerate() {
            let input = Wire::new(NodeId(i as u32 + 1), false);
            let stays = call.count == 1 || [arg, input].contains(&callee.outputs[i]);
            self.inputs[i] = self.inputs[i].or(arg.as_constant().filter(|_| stays));
        }
        for (input, arg) in self.inputs[n_state..].iter_mut().zip(shared) {
            *input = input.or(arg.as_constant());
        }
        let each_inputs = &mut self.inputs[n_state + n_shared..];
        for args in each.chunks(each_inputs.len().max(1)) {
            each_inputs.iter_mut().zip(args).for_each(|(input, arg)| *input = input.or(arg.as_constant()));
        }
        self.learn_readers(call, n_readers);
    }

    fn learn_readers(&mut self, call: &Call, n_readers: &[u32]) {
        let first = call.first_result.0 as usize;
        let results = &n_readers[first..first + call.n_results as usize];
        let (state, each) = results.split_at(call.n_state as usize);
        for (i, &n) in state.iter().enumerate() {
            self.is_read[i] |= n > 0 || (call.count > 1 && self.reads[i]);
        }
        let each_outputs = &mut self.is_read[call.n_state as usize..];
        for results in each.chunks(each_outputs.len().max(1)) {
            each_outputs.iter_mut().zip(results).for_each(|(is_read, &n)| *is_read |= n > 0);
        }
    }
}

#[cfg(test)]
mod tests;
