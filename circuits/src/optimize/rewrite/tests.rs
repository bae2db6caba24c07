//! Textbook constructions come down to what is known to be least.

use super::*;
use crate::circuit::{InputPort, OutputPort};
use crate::id::PartyId;
use crate::shape::Shape;
use crate::stats::stats;

/// ANDs after rewriting the circuit that `build` makes of `n_inputs` inputs.
fn n_ands(n_inputs: u32, build: impl FnOnce(&mut Builder, &[Wire]) -> Vec<Wire>) -> u128 {
    let mut builder = Builder::new("main", n_inputs);
    let inputs = builder.inputs();
    let outputs = build(&mut builder, &inputs);
    let n_outputs = outputs.len() as u32;
    let main = builder.finish(outputs).unwrap();
    let input = InputPort { name: "x".into(), party: PartyId(0), shape: Shape::unsigned(n_inputs) };
    let output = OutputPort { name: "y".into(), recipients: vec![], shape: Shape::unsigned(n_outputs) };
    let circuit = Blocks::new().into_circuit(main, vec!["p".into()], vec![input], vec![output]);
    stats(&run(circuit)).n_ands
}

#[test]
fn majority_takes_one() {
    let majority = |b: &mut Builder, x: &[Wire]| {
        let products = [b.and(x[0], x[1]), b.and(x[1], x[2]), b.and(x[0], x[2])];
        let some = b.or(products[0], products[1]);
        vec![b.or(some, products[2])]
    };
    assert_eq!(n_ands(3, majority), 1);
}

#[test]
fn sums_of_products_are_factored() {
    let factored = |b: &mut Builder, x: &[Wire]| {
        let (p, q) = (b.and(x[0], x[1]), b.and(x[0], x[2]));
        vec![b.xor(p, q)]
    };
    assert_eq!(n_ands(3, factored), 1);
    let select = |b: &mut Builder, x: &[Wire]| {
        let (p, q) = (b.and(x[0], x[1]), b.and(!x[0], x[2]));
        vec![b.or(p, q)]
    };
    assert_eq!(n_ands(3, select), 1);
}

#[test]
fn textbook_adders_take_one_each_bit() {
    let adder = |b: &mut Builder, x: &[Wire]| {
        let mut carry = Wire::FALSE;
        let mut sum = Vec::new();
        for (&p, &q) in x[..32].iter().zip(&x[32..]) {
            let half = b.xor(p, q);
            sum.push(b.xor(half, carry));
            let (both, through) = (b.and(p, q), b.and(half, carry));
            carry = b.or(both, through);
        }
        sum.push(carry);
        sum
    };
    assert_eq!(n_ands(64, adder), 32);
}

#[test]
fn shared_gates_are_not_built_twice() {
    // x0 x1 is needed anyway, so the sum of products stays at two ANDs in all.
    let shared = |b: &mut Builder, x: &[Wire]| {
        let (p, q) = (b.and(x[0], x[1]), b.and(x[0], x[2]));
        vec![b.xor(p, q), p]
    };
    assert_eq!(n_ands(3, shared), 2);
}
