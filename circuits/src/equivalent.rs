//! Whether two circuits compute the same.
//!
//! Both are copied into one block over the same inputs, in which nodes that are proven equal become one
//! (`crate::sweep`); what is left of the outputs' differences is asked of the solver. Random inputs come first,
//! so that a difference that is easy to see is seen at once. Multipliers of different structure are out of any such method's reach:
//! for them the answer is that none of so many runs told them apart.

use std::borrow::Cow;

use crate::circuit::{Circuit, Node};
use crate::evaluate::{evaluate_bits, evaluate_lanes};
use crate::flatten::{TooManyGates, flatten};
use crate::id::Wire;
use crate::sat::Limits;
use crate::sweep::{Difference, Effort, SplitMix, Sweeper};

/// How much a comparison may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Gates that either circuit may have with its calls expanded.
    pub gates_max: u64,
    /// Conflicts of the solver, over all questions.
    pub conflicts_max: u64,
    /// Conflicts of the solver about one pair of outputs.
    pub conflicts_per_output_max: u64,
}

impl Budget {
    /// For people who wait: seconds for most circuits of less than 100,000 gates.
    pub const DEFAULT: Budget =
        Budget { gates_max: 2_000_000, conflicts_max: 1_000_000, conflicts_per_output_max: 20_000 };
}

/// Whether two circuits compute the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Equivalence {
    /// They do, for all inputs.
    Proven,
    /// They do not.
    Differs(Witness),
    /// Some outputs could not be proven equal within the budget, but no run told the circuits apart.
    Unknown {
        /// The outputs that remain, as bits of `main`, in order.
        outputs: Vec<usize>,
        /// Runs on random inputs that gave the same.
        n_runs: u64,
    },
}

/// Inputs for which two circuits give different outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The bits of `main`'s inputs.
    pub inputs: Vec<bool>,
    /// The first bit of `main`'s outputs that differs.
    pub output: usize,
}

/// Two circuits cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incomparable {
    /// They take different numbers of bits.
    #[error("one takes {0} bits of input, the other {1}")]
    Inputs(usize, usize),
    /// They give different numbers of bits.
    #[error("one gives {0} bits of output, the other {1}")]
    Outputs(usize, usize),
    /// One is too large to be expanded.
    #[error(transparent)]
    TooManyGates(#[from] TooManyGates),
}

/// Whether verified circuits `a` and `b` give the same bits for the same bits; names and owners of ports do not matter.
///
/// # Errors
/// If they have different numbers of input or output bits, or one of them is larger than the budget allows.
pub fn equivalent(a: &Circuit, b: &Circuit, budget: Budget) -> Result<Equivalence, Incomparable> {
    check_ports(a, b)?;
    if a.blocks == b.blocks {
        return Ok(Equivalence::Proven);
    }
    let flat: [Cow<'_, Circuit>; 2] = [flatten(a, budget.gates_max)?, flatten(b, budget.gates_max)?];
    let n_nodes: usize = flat.iter().map(|circuit| circuit.main().nodes.len()).sum();
    let n_words = if n_nodes < NODES_SIMULATED_OFTEN { 16 } else { 4 };
    let effort =
        Effort { n_words, conflicts_max: budget.conflicts_max, cones: &CONES, refutations_max: 512, finds_sums: false };
    let mut sweeper = Sweeper::new("both", a.main().n_inputs, effort);
    let [outputs_a, outputs_b] = flat.map(|circuit| copy(&mut sweeper, &circuit));
    let limits = Limits { gates_max: usize::MAX, conflicts_max: budget.conflicts_per_output_max };
    let mut unknown = Vec::new();
    for (output, (x, y)) in outputs_a.into_iter().zip(outputs_b).enumerate() {
        match sweeper.differ(x, y, limits) {
            Difference::None => {}
            Difference::In(inputs) => return Ok(Equivalence::Differs(witness(a, b, inputs))),
            Difference::Unknown => unknown.push(output),
        }
    }
    let n_runs = sweeper.n_runs();
    Ok(if unknown.is_empty() { Equivalence::Proven } else { Equivalence::Unknown { outputs: unknown, n_runs } })
}

/// A run in which the circuits differ, if one of `64 × n_words` on random inputs is one; circuits of any size.
///
/// # Errors
/// If they have different numbers of input or output bits.
pub fn differ_in_runs(a: &Circuit, b: &Circuit, n_words: u64) -> Result<Option<Witness>, Incomparable> {
    check_ports(a, b)?;
    let mut random = SplitMix::new(0);
    for _ in 0..n_words {
        let inputs: Vec<u64> = (0..a.main().n_inputs).map(|_| random.next()).collect();
        let [outputs_a, outputs_b] = [a, b].map(|circuit| evaluate_lanes(circuit, &inputs));
        let difference = outputs_a.iter().zip(&outputs_b).find_map(|(x, y)| Some(x ^ y).filter(|&lanes| lanes != 0));
        if let Some(lanes) = difference {
            let lane = lanes.trailing_zeros();
            return Ok(Some(witness(a, b, inputs.iter().map(|word| word >> lane & 1 == 1).collect())));
        }
    }
    Ok(None)
}

/// Circuits with more nodes are simulated on fewer words of inputs, for want of memory.
const NODES_SIMULATED_OFTEN: usize = 500_000;

/// Most equal nodes are so for reasons close by; few are refuted without the whole cone.
const CONES: [Limits; 3] = [
    Limits { gates_max: 64, conflicts_max: 500 },
    Limits { gates_max: 1_000, conflicts_max: 1_000 },
    Limits { gates_max: 20_000, conflicts_max: 1_000 },
];

fn check_ports(a: &Circuit, b: &Circuit) -> Result<(), Incomparable> {
    let n_inputs = [a, b].map(|circuit| circuit.main().n_inputs as usize);
    let n_outputs = [a, b].map(|circuit| circuit.main().outputs.len());
    match (n_inputs, n_outputs) {
        ([x, y], _) if x != y => Err(Incomparable::Inputs(x, y)),
        (_, [x, y]) if x != y => Err(Incomparable::Outputs(x, y)),
        _ => Ok(()),
    }
}

/// Copies a flat circuit; returns its outputs.
fn copy(sweeper: &mut Sweeper, circuit: &Circuit) -> Vec<Wire> {
    let main = circuit.main();
    let mut wires: Vec<Wire> = vec![Wire::FALSE];
    wires.extend(sweeper.inputs());
    for &node in &main.nodes[wires.len()..] {
        let at = |wire: Wire| wires[wire.node().0 as usize] ^ wire.is_complemented();
        let wire = match node {
            Node::And(a, b) | Node::Xor(a, b) => sweeper.gate(node, at(a), at(b)),
            Node::False | Node::Input | Node::Result { .. } => {
                unreachable!("a flat circuit has gates after its inputs")
            }
        };
        wires.push(wire);
    }
    main.outputs.iter().map(|wire| wires[wire.node().0 as usize] ^ wire.is_complemented()).collect()
}

/// The first output that differs in this run, by the evaluator.
///
/// # Panics
/// If none does: then simulation, solver or evaluator is wrong.
fn witness(a: &Circuit, b: &Circuit, inputs: Vec<bool>) -> Witness {
    let [outputs_a, outputs_b] = [a, b].map(|circuit| evaluate_bits(circuit, &inputs));
    let output = outputs_a.iter().zip(&outputs_b).position(|(x, y)| x != y);
    Witness { inputs, output: output.expect("a witness is a run in which the circuits differ") }
}

#[cfg(test)]
mod tests;
