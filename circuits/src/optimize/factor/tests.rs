//! Sums with common parts, and with parts that cancel.

use super::*;

/// XORs of the block that gives these sums of inputs, before and after.
#[track_caller]
fn check(n_inputs: u32, sums: &[&[u32]], expected: i32) {
    let mut builder = Builder::new("sums", n_inputs);
    let outputs = sums
        .iter()
        .map(|sum| sum.iter().fold(Wire::FALSE, |total, &i| builder.xor(total, Wire::new(NodeId(i + 1), false))))
        .collect();
    let block = builder.finish(outputs).unwrap();
    let circuit = Blocks::new().into_circuit(block, vec![], vec![], vec![]);
    let factored = run(circuit.clone());
    assert_eq!(gates(factored.main()), Gates { n_ands: 0, n_xors: expected }, "{:?}", factored.main());
    let inputs: Vec<u64> = (0..n_inputs).map(|i| 0x9e37_79b9_7f4a_7c15_u64.rotate_left(5 * i)).collect();
    assert_eq!(crate::evaluate::evaluate_lanes(&factored, &inputs), crate::evaluate::evaluate_lanes(&circuit, &inputs));
}

#[test]
fn common_pairs_are_shared() {
    check(4, &[&[0, 1, 2], &[1, 2, 3]], 3);
    check(6, &[&[0, 1, 2, 3], &[4, 3, 2, 1], &[1, 5, 3, 2]], 5);
}

#[test]
fn equal_sums_are_one() {
    check(5, &[&[0, 1, 2, 3, 4], &[4, 2, 0, 1, 3]], 4);
}

#[test]
fn what_cancels_goes() {
    // The last sum is the first without two of its terms.
    let mut builder = Builder::new("cancels", 5);
    let x = builder.inputs();
    let sum = x[1..].iter().fold(x[0], |sum, &term| builder.xor(sum, term));
    let pair = builder.xor(x[1], x[2]);
    let rest = builder.xor(x[3], x[4]);
    let both = builder.xor(pair, rest);
    let first = builder.xor(both, sum);
    let block = builder.finish(vec![sum, first]).unwrap();
    let factored = run(Blocks::new().into_circuit(block, vec![], vec![], vec![]));
    assert_eq!(gates(factored.main()), Gates { n_ands: 0, n_xors: 4 });
    assert_eq!(factored.main().outputs[1], Wire::new(NodeId(1), false));
}
