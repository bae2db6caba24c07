//! Divided circuits mean what whole ones mean, and cost no more.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::evaluate::evaluate_bits;
use crate::gadgets::{aes, multiply};
use crate::optimize::fold;
use crate::plan::{self, Plan};
use crate::random::{self, Size};
use crate::schedule::{schedule, schedule_split};
use crate::verify::verify;

/// As a session with base OTs for few inputs and an extension for many.
fn transfer_bytes(n: u64) -> u64 {
    if n < 128 { 80 * n } else { 15_000 + 4 * n }
}

fn split_for(circuit: &Circuit, garbler: u32) -> (Split, Plan) {
    let split = split(circuit, PartyId(garbler), &transfer_bytes).unwrap();
    assert_eq!(verify(&split.own), Ok(()), "the evaluator's own part");
    assert_eq!(verify(&split.shared), Ok(()), "the shared part");
    let plan = schedule_split(&split);
    assert_eq!(plan.validate(), Ok(()));
    (split, plan)
}

/// A draft says what its parts cost, if there is nothing to fold.
fn check_draft(circuit: &Circuit, garbler: u32) {
    let draft = Draft::new(circuit, PartyId(garbler), &transfer_bytes);
    let foreseen = (draft.n_entered(), draft.table_bytes());
    let split = draft.split().unwrap();
    assert_eq!((split.n_entered(), split.ands().table_bytes()), foreseen);
}

fn bytes(plan: &Plan, garbler: u32) -> u64 {
    plan.table_bytes() + transfer_bytes(plan.n_transfers(PartyId(garbler)))
}

fn check(seed: u64, size: Size) {
    let circuit = random::circuit(seed, size);
    let whole = schedule(&circuit);
    let folded = fold::run(circuit.clone());
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for garbler in [0, 1] {
        check_draft(&folded, garbler);
        let (split, plan) = split_for(&circuit, garbler);
        assert!(bytes(&plan, garbler) <= bytes(&whole, garbler), "a split never costs more");
        assert_eq!(split.ands().table_bytes(), plan.table_bytes(), "what is said to be garbled is");
        assert_eq!(Plan::from_bytes(&plan.to_bytes()).as_ref(), Ok(&plan));
        for _ in 0..4 {
            let inputs = random::inputs(&circuit, &mut rng);
            assert_eq!(plan::run(&plan, &inputs), evaluate_bits(&circuit, &inputs));
        }
    }
}

/// A circuit with ANDs that no output needs, which a plan leaves out and prices must not count.
#[test]
fn what_no_output_needs_has_no_price() {
    check(3_397_749_614_416_579_427, Size { n_blocks: 4, n_nodes: 60 });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn splits_mean_what_their_circuits_mean_and_never_cost_more(seed: u64) {
        check(seed, Size { n_blocks: 4, n_nodes: 60 });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn large_splits_too(seed: u64) {
        check(seed, Size { n_blocks: 6, n_nodes: 3000 });
    }
}

/// A circuit of alice's and bob's bits whose results both learn.
fn circuit(widths: [u32; 2], build: impl FnOnce(&mut Builder, &[Wire], &[Wire]) -> Vec<Wire>) -> Circuit {
    let mut builder = Builder::new("main", widths[0] + widths[1]);
    let inputs = builder.inputs();
    let (alice, bob) = inputs.split_at(widths[0] as usize);
    let outputs = build(&mut builder, alice, bob);
    two_party(Blocks::new(), builder.finish(outputs).unwrap(), widths)
}

fn two_party(blocks: Blocks, main: Block, widths: [u32; 2]) -> Circuit {
    let input =
        |i: u32| InputPort { name: format!("in{i}"), party: PartyId(i), shape: bits(widths[i as usize] as usize) };
    let recipients = vec![PartyId(0), PartyId(1)];
    let result = OutputPort { name: String::new(), recipients, shape: bits(main.outputs.len()) };
    blocks.into_circuit(main, vec!["alice".into(), "bob".into()], vec![input(0), input(1)], vec![result])
}

/// A gate that no output needs gives no reason to enter what it reads.
#[test]
fn what_no_output_needs_is_not_entered() {
    let mut circuit = circuit([1, 2], |b, x, y| vec![b.and(x[0], y[0])]);
    let main = circuit.blocks.last_mut().unwrap();
    let [x, y] = [1, 3].map(|input| Wire::new(NodeId(input), false));
    main.nodes.push(Node::And(x, y));
    main.origins.push(Origin::default());
    assert_eq!(split_for(&circuit, 0).0.n_entered(), 1);
}

/// Where a transfer takes less than a row, products are entered although their operands are.
#[test]
fn products_are_entered_where_transfers_are_cheap() {
    let products = circuit([200, 200], |b, x, y| {
        let both = |b: &mut Builder, i: usize| {
            let product = b.and(y[i], y[i + 1]);
            [b.and(x[i], y[i]), b.and(x[i], product)]
        };
        (0..199).flat_map(|i| both(b, i)).collect()
    });
    assert_eq!(split_for(&products, 0).0.n_entered(), 2 * 199);
}

#[test]
fn a_product_of_two_numbers_pays_half_for_partial_products() {
    let product = circuit([16, 16], |b, x, y| multiply::multiply_wrapping(b, x, y, 16));
    let whole = schedule(&product).n_ands();
    for garbler in [0, 1] {
        let (split, plan) = split_for(&product, garbler);
        let ands = split.ands();
        assert_eq!((ands.garbled(), ands.local), (whole, 0));
        assert!(ands.half >= 16 * 17 / 2, "{ands:?}");
        assert_eq!((plan.n_ands(), plan.table_bytes()), (whole, ands.table_bytes()));
    }
}

#[test]
fn a_key_expansion_is_its_owners_business() {
    let words =
        |wires: &[Wire]| -> [[Wire; 8]; 16] { std::array::from_fn(|i| std::array::from_fn(|k| wires[8 * i + k])) };
    let cipher = circuit([128, 128], |b, key, plain| aes::aes_128(b, words(key), words(plain)).concat());
    assert_eq!(schedule(&cipher).n_ands(), 6400);
    let (split, plan) = split_for(&cipher, 0);
    assert_eq!(split.ands(), Ands { full: 5120, half: 0, local: 1280 });
    assert_eq!(plan.n_transfers(PartyId(0)), 128);
    let (split, plan) = split_for(&cipher, 1);
    assert_eq!(split.ands(), Ands { full: 5120, half: 0, local: 1280 });
    assert!(
        plan.n_transfers(PartyId(1)) <= 512,
        "the key, and about 320 outputs of its S-boxes: {}",
        split.n_entered()
    );
}

/// The evaluator's parity of many bits enters as one bit, and a function of two bits that enter anyway as none.
#[test]
fn few_bits_enter() {
    let parity = circuit([1, 400], |b, x, y| {
        let parity = y.iter().fold(Wire::FALSE, |sum, &bit| b.xor(sum, bit));
        vec![b.and(parity, x[0])]
    });
    assert_eq!(split_for(&parity, 0).0.n_entered(), 1);
    let two = circuit([2, 2], |b, x, y| {
        let (sum, product) = (b.xor(y[0], y[1]), b.and(y[0], y[1]));
        [y[0], y[1], sum, product].into_iter().map(|bit| b.and(bit, x[0])).collect()
    });
    let (split, _) = split_for(&two, 0);
    assert_eq!((split.n_entered(), split.ands()), (2, Ands { full: 0, half: 5, local: 0 }));
}

/// `state' = state ∧ each`, from a constant on.
fn rolled(each_of: u32) -> Circuit {
    let mut body = Builder::new("body", 2);
    let product = body.and(body.input(0), body.input(1));
    let mut blocks = Blocks::new();
    let callee = blocks.add(body.finish(vec![product]).unwrap());
    let mut main = Builder::new("main", 200);
    let each: Vec<Wire> = (0..100).map(|i| main.input(100 * each_of + i)).collect();
    let spec = CallSpec { callee, count: 100, n_state: 1, n_shared: 0 };
    let args = [vec![Wire::TRUE], each].concat();
    let all = main.call(&blocks, spec, args).unwrap()[0];
    let other = main.input(100 * (1 - each_of));
    let both = main.and(all, other);
    two_party(blocks, main.finish(vec![both]).unwrap(), [100, 100])
}

#[test]
fn loops_over_one_partys_values_are_its_own() {
    assert_eq!(split_for(&rolled(0), 0).0.ands(), Ands { full: 0, half: 1, local: 100 });
    let (split, _) = split_for(&rolled(1), 0);
    assert_eq!((split.ands(), split.n_entered()), (Ands { full: 0, half: 1, local: 100 }, 1));
}

/// `state' = state ∧ (a ⊕ b)`: secret from the second iteration on, so in all.
#[test]
fn state_is_as_known_as_in_its_least_known_iteration() {
    let mut body = Builder::new("body", 3);
    let sum = body.xor(body.input(1), body.input(2));
    let product = body.and(body.input(0), sum);
    let mut blocks = Blocks::new();
    let callee = blocks.add(body.finish(vec![product]).unwrap());
    let mut main = Builder::new("main", 9);
    let inputs = main.inputs();
    let each = (0..4).flat_map(|i| [inputs[1 + i], inputs[5 + i]]);
    let args = [inputs[0]].into_iter().chain(each).collect();
    let spec = CallSpec { callee, count: 4, n_state: 1, n_shared: 0 };
    let results = main.call(&blocks, spec, args).unwrap();
    let circuit = two_party(blocks, main.finish(results).unwrap(), [5, 4]);
    assert_eq!(split_for(&circuit, 0).0.ands(), Ands { full: 4, half: 0, local: 0 });
}

/// One function called with a secret and with each party's numbers: a variant for each.
#[test]
fn calls_are_specialised() {
    let mut square = Builder::new("square", 8);
    let inputs = square.inputs();
    let product = multiply::multiply_wrapping(&mut square, &inputs[..4], &inputs[4..], 4);
    let mut blocks = Blocks::new();
    let callee = blocks.add(square.finish(product).unwrap());
    let n = blocks.block(callee).n_ands();
    let mut main = Builder::new("main", 16);
    let inputs = main.inputs();
    let mut call = |args: Vec<Wire>| main.call(&blocks, CallSpec::once(callee), args).unwrap();
    let of_alice = call(inputs[..8].to_vec());
    let of_bob = call(inputs[8..].to_vec());
    let of_both = call([of_alice, of_bob].concat());
    let of_secrets = call([of_both.clone(), of_both].concat());
    let circuit = two_party(blocks, main.finish(of_secrets).unwrap(), [8, 8]);
    let (split, plan) = split_for(&circuit, 0);
    assert!(split.variants.len() >= 4);
    let ands = split.ands();
    assert_eq!(ands.full + ands.half + ands.local, 4 * n);
    assert!(ands.local >= n && ands.full < 2 * n, "{ands:?}");
    assert_eq!(plan.table_bytes(), ands.table_bytes());
}
