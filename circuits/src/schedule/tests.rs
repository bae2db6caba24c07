//! Schedules keep the meaning, are valid, and waste neither batches nor slots.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::build::{Blocks, Builder, CallSpec};
use crate::circuit::{Block, Call, Node};
use crate::evaluate::evaluate_bits;
use crate::id::{NodeId, Wire};
use crate::plan::{self, Operand, Step};
use crate::random::{self, Size};
use crate::verify::verify;

fn check_meaning(seed: u64, size: Size) {
    let circuit = random::circuit(seed, size);
    assert_eq!(verify(&circuit), Ok(()));
    let plan = schedule(&circuit);
    assert_eq!(plan.validate(), Ok(()));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..4 {
        let inputs = random::inputs(&circuit, &mut rng);
        assert_eq!(plan::run(&plan, &inputs), evaluate_bits(&circuit, &inputs));
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

/// The plan of a circuit of one block, made by `build` from its inputs.
fn plan_of(n_inputs: u32, build: impl FnOnce(&mut Builder) -> Vec<Wire>) -> PlanBlock {
    let mut builder = Builder::new("main", n_inputs);
    let outputs = build(&mut builder);
    let main = builder.finish(outputs).unwrap();
    schedule(&Blocks::new().into_circuit(main, vec![], vec![], vec![])).blocks.pop().unwrap()
}

/// What the iterations of a loop share is in its slot when an iteration ends; what one iteration has for itself need not be.
#[test]
fn loops_do_not_write_over_what_iterations_share() {
    let mut body = Builder::new("body", 40);
    let w = body.inputs();
    let products = (0..20).map(|i| body.and(w[i], w[20 + i])).collect();
    let mut blocks = Blocks::new();
    let callee = blocks.add(body.finish(products).unwrap());
    let planned = |count| {
        let mut main = Builder::new("main", 40);
        let spec = CallSpec { callee, count, n_state: 20, n_shared: 20 };
        let results = main.call(&blocks, spec, main.inputs()).unwrap();
        let main = main.finish(results).unwrap();
        schedule(&blocks.clone().into_circuit(main, vec![], vec![], vec![])).blocks.swap_remove(0)
    };
    let writes_shared = |block: &PlanBlock| block.ands.iter().any(|and| (20..40).contains(&and.dst));
    assert!(!writes_shared(&planned(1000)));
    assert!(writes_shared(&planned(1)));
}

#[test]
fn independent_gates_fill_batches_and_chains_run_beside_them() {
    let wide = plan_of(60, |b| {
        let pairs = (0..50).flat_map(|i| (i + 1..60).map(move |j| (i, j)));
        pairs.map(|(i, j)| b.and(b.input(i), b.input(j))).collect()
    });
    let batches: Vec<u32> = wide.batches().map(|(_, width)| width).collect();
    assert_eq!(batches, [vec![32; 53], vec![24, 5]].concat());
    let chains = plan_of(41, |b| {
        let mut values = b.inputs();
        for link in 0..100 {
            for chain in 0..8 {
                values[chain] = b.and(values[chain], values[8 + (chain * 7 + link) % 33]);
                values[chain] = b.xor(values[chain], values[8 + (chain * 5 + link + 1) % 33]);
            }
        }
        values[..8].to_vec()
    });
    assert!(chains.batches().all(|(_, width)| width == 8), "eight chains side by side");
    assert_eq!(chains.n_slots, 41 + 8);
}

#[test]
fn xors_between_batches_are_ordered_by_level() {
    let plan = plan_of(41, |b| {
        let sums: Vec<Wire> = (0..8)
            .map(|chain| {
                (8..41).fold(b.input(chain), |sum, i| if i % 5 == chain % 5 { sum } else { b.xor(sum, b.input(i)) })
            })
            .collect();
        (0..8).map(|i| b.and(sums[i], sums[(i + 1) % 8])).collect()
    });
    let mut level = vec![0; plan.n_slots as usize + 1];
    let levels: Vec<u32> = plan
        .xors
        .chunks(4)
        .map(|xor| {
            let [dst, operands @ ..] = xor else { unreachable!("an XOR has a destination") };
            let of_operands = operands.iter().map(|operand| level[operand.slot() as usize]);
            level[dst.slot() as usize] = 1 + of_operands.max().expect("an XOR has operands");
            level[dst.slot() as usize]
        })
        .collect();
    assert_eq!(plan.steps.len(), 2, "one run of XORs and the ANDs");
    assert!(levels.is_sorted() && levels.last() > Some(&10), "eight chains advance together: {levels:?}");
}

/// A ripple-carry adder and one of its readers: what is left is one operation for each carry, and one for each bit of the sum.
#[test]
fn an_adder_has_two_operations_a_bit() {
    let plan = plan_of(64, |b| {
        let mut carry = Wire::FALSE;
        let sum = (0..32).map(|i| {
            let (x, y) = (b.input(i), b.input(32 + i));
            let (x_carry, y_carry) = (b.xor(x, carry), b.xor(y, carry));
            let sum = b.xor(x_carry, y);
            let and = b.and(x_carry, y_carry);
            carry = b.xor(and, carry);
            sum
        });
        sum.collect()
    });
    assert_eq!((plan.and_xors.len(), plan.ands.len()), (31, 0));
    let n_xors: u32 = plan.steps.iter().map(|step| if let Step::Xor { n, .. } = *step { n } else { 0 }).sum();
    assert_eq!(n_xors, 32);
}

#[test]
fn dead_gates_calls_and_blocks_are_left_out() {
    let mut callee = Builder::new("callee", 2);
    let product = callee.and(callee.input(0), callee.input(1));
    let callee = callee.finish(vec![product]).unwrap();
    let mut circuit = random::circuit(1, Size { n_blocks: 1, n_nodes: 0 });
    let main = Block {
        n_inputs: 2,
        nodes: vec![Node::False, Node::Input, Node::Input, Node::Result { call: 0, index: 0 }],
        origins: vec![Default::default(); 4],
        calls: vec![Call {
            callee: BlockId(0),
            count: 1,
            n_state: 0,
            n_shared: 0,
            args: vec![Wire::TRUE, !Wire::FALSE],
            first_result: NodeId(3),
            n_results: 1,
        }],
        outputs: vec![Wire::new(NodeId(1), true)],
        name: "main".into(),
    };
    circuit.blocks = vec![callee, main];
    let blocks = schedule_blocks(&circuit);
    let outputs = vec![Operand::new(0, true)];
    assert_eq!(blocks, [PlanBlock { n_inputs: 2, n_slots: 2, outputs, ..PlanBlock::default() }]);
}
