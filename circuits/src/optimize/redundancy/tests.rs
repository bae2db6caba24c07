//! Redundancy that no local rule sees.

use super::*;
use crate::build::Builder;

#[track_caller]
fn check(n_inputs: u32, build: impl FnOnce(&mut Builder, &[Wire]) -> Vec<Wire>, expected: i32) {
    let mut builder = Builder::new("main", n_inputs);
    let inputs = builder.inputs();
    let outputs = build(&mut builder, &inputs);
    let block = builder.finish(outputs).unwrap();
    let circuit = Blocks::new().into_circuit(block, vec![], vec![], vec![]);
    let after = run(circuit.clone());
    assert_eq!(gates(after.main()).n_ands, expected, "{:?}", after.main());
    let inputs: Vec<u64> = (0..n_inputs).map(|i| 0x9e37_79b9_7f4a_7c15_u64.rotate_left(5 * i)).collect();
    assert_eq!(crate::evaluate::evaluate_lanes(&after, &inputs), crate::evaluate::evaluate_lanes(&circuit, &inputs));
}

#[test]
fn functions_written_twice_are_one() {
    check(
        3,
        |b, x| {
            let (p, q, r) = (b.and(x[0], x[1]), b.and(x[0], x[2]), b.and(x[1], x[2]));
            let some = b.or(p, q);
            let majority = b.or(some, r);
            let (left, right) = (b.xor(x[0], x[2]), b.xor(x[1], x[2]));
            let both = b.and(left, right);
            vec![majority, b.xor(both, x[2])]
        },
        3,
    );
}

#[test]
fn what_is_never_true_goes() {
    check(
        4,
        |b, x| {
            let (p, q) = (b.and(x[0], x[1]), b.and(x[2], x[3]));
            let (neither, both) = (b.and(!p, !q), b.and(p, q));
            let never = b.and(neither, both);
            vec![b.xor(never, x[0])]
        },
        0,
    );
}

#[test]
fn a_product_that_is_a_sum_of_products_goes() {
    check(
        4,
        |b, x| {
            let mut outputs: Vec<Wire> = x[1..].iter().map(|&y| b.and(x[0], y)).collect();
            let sum = b.xor(x[1], x[2]);
            let sum = b.xor(sum, x[3]);
            outputs.push(b.and(x[0], !sum));
            outputs
        },
        3,
    );
}

#[test]
fn results_of_calls_may_have_any_value() {
    let mut blocks = Blocks::new();
    let mut callee = Builder::new("callee", 2);
    let inputs = callee.inputs();
    let product = callee.and(inputs[0], inputs[1]);
    let callee = blocks.add(callee.finish(vec![product]).unwrap());
    let mut main = Builder::new("main", 2);
    let inputs = main.inputs();
    let result = main.call(&blocks, CallSpec::once(callee), inputs.clone()).unwrap()[0];
    let (some, both) = (main.or(inputs[0], inputs[1]), main.and(inputs[0], inputs[1]));
    let outputs = vec![main.and(result, some), main.and(result, both)];
    let main = main.finish(outputs).unwrap();
    let circuit = blocks.into_circuit(main, vec![], vec![], vec![]);
    assert_eq!(run(circuit.clone()), circuit);
}
