//! Schedules keep the meaning, are valid, and waste neither batches nor slots.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::circuit::{Block, Node};
use crate::plan;
use crate::random::{self, Size};

/// What the circuit means, written as its documentation is.
fn evaluate(circuit: &Circuit, block: &Block, inputs: &[bool]) -> Vec<bool> {
    let mut values = Vec::new();
    let mut results: Vec<Vec<bool>> = Vec::new();
    for (id, node) in block.nodes.iter().enumerate() {
        let read = |wire: crate::id::Wire| values[wire.node().0 as usize] ^ wire.is_complemented();
        let value = match *node {
            Node::False => false,
            Node::Input => inputs[id - 1],
            Node::And(a, b) => read(a) & read(b),
            Node::Xor(a, b) => read(a) ^ read(b),
            Node::Result { call, index } => {
                if index == 0 {
                    let call = &block.calls[call as usize];
                    let args: Vec<bool> = call.args.iter().map(|&wire| read(wire)).collect();
                    results.push(iterate(circuit, call, &args));
                }
                results[call as usize][index as usize]
            }
        };
        values.push(value);
    }
    block.outputs.iter().map(|wire| values[wire.node().0 as usize] ^ wire.is_complemented()).collect()
}

fn iterate(circuit: &Circuit, call: &crate::circuit::Call, args: &[bool]) -> Vec<bool> {
    let callee = &circuit.blocks[call.callee.0 as usize];
    let (state, rest) = args.split_at(call.n_state as usize);
    let (shared, each) = rest.split_at(call.n_shared as usize);
    let n_each = callee.n_inputs as usize - state.len() - shared.len();
    let (mut state, mut results) = (state.to_vec(), Vec::new());
    for i in 0..call.count as usize {
        let inputs = [&state, shared, &each[i * n_each..(i + 1) * n_each]].concat();
        let outputs = evaluate(circuit, callee, &inputs);
        results.extend_from_slice(&outputs[state.len()..]);
        state = outputs[..call.n_state as usize].to_vec();
    }
    [state, results].concat()
}

fn check_meaning(seed: u64, size: Size) {
    let circuit = random::circuit(seed, size);
    let plan = schedule(&circuit);
    assert_eq!(plan.validate(), Ok(()));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..4 {
        let inputs = random::inputs(&circuit, &mut rng);
        assert_eq!(plan::run(&plan, &inputs), evaluate(&circuit, circuit.main(), &inputs));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn small_plans_mean_what_their_circuits_mean(seed: u64) {
        check_meaning(seed, Size { n_blocks: 4, n_nodes: 60 });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn plans_longer_than_the_window_mean_what_their_circuits_mean(seed: u64) {
        check_meaning(seed, Size { n_blocks: 2, n_nodes: 3 * WINDOW });
    }
}

#[test]
fn the_same_circuit_gives_the_same_plan() {
    let circuit = random::circuit(7, Size { n_blocks: 3, n_nodes: 500 });
    assert_eq!(schedule(&circuit), schedule(&circuit.clone()));
}
