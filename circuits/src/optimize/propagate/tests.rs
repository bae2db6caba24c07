//! What all calls agree on is used, and what one call differs in is not.

use super::*;
use crate::build::{Builder, CallSpec};
use crate::circuit::{InputPort, OutputPort};
use crate::evaluate::evaluate_bits;
use crate::id::PartyId;
use crate::shape::Shape;
use crate::stats::stats;

/// `step(state: a, b; shared: c; each: d) = (a ∧ b, b; a ∧ c ∧ d, b ∧ d)`: four ANDs.
fn circuit(count: u64, args: impl Fn(&[Wire]) -> Vec<Wire>, read: &[usize]) -> Circuit {
    let mut step = Builder::new("step", 4);
    let [a, b, c, d] = [0, 1, 2, 3].map(|i| step.input(i));
    let (next, product) = (step.and(a, b), step.and(a, c));
    let outputs = vec![next, b, step.and(product, d), step.and(b, d)];
    let mut blocks = Blocks::new();
    let callee = blocks.add(step.finish(outputs).unwrap());
    let mut main = Builder::new("main", 4);
    let args = args(&main.inputs());
    let results = main.call(&blocks, CallSpec { callee, count, n_state: 2, n_shared: 1 }, args).unwrap();
    let outputs: Vec<Wire> = read.iter().map(|&i| results[i]).collect();
    let shape = |n: usize| Shape::unsigned(n as u32);
    let input = InputPort { name: "x".into(), party: PartyId(0), shape: shape(4) };
    let output = OutputPort { name: "y".into(), recipients: vec![], shape: shape(outputs.len()) };
    blocks.into_circuit(main.finish(outputs).unwrap(), vec!["p".into()], vec![input], vec![output])
}

fn check(count: u64, args: impl Fn(&[Wire]) -> Vec<Wire>, read: &[usize], n_ands: u128) {
    let before = circuit(count, args, read);
    let after = run(before.clone());
    assert_eq!(crate::verify::verify(&after), Ok(()));
    for bits in 0..16 {
        let inputs: Vec<bool> = (0..4).map(|i| bits >> i & 1 == 1).collect();
        assert_eq!(evaluate_bits(&after, &inputs), evaluate_bits(&before, &inputs));
    }
    assert_eq!(stats(&after).n_ands, n_ands);
}

#[test]
fn constants_go_in() {
    let (zero, one) = (Wire::FALSE, Wire::TRUE);
    let all = [0, 1, 2, 3];
    check(1, |x| x.to_vec(), &all, 4);
    check(1, |x| vec![one, x[1], x[2], x[3]], &all, 2);
    check(1, |x| vec![x[0], x[1], zero, x[3]], &all, 2);
    check(1, |x| vec![x[0], x[1], x[2], one], &all, 2);
}

#[test]
fn state_and_iterations_must_agree() {
    let (zero, one) = (Wire::FALSE, Wire::TRUE);
    let all = [0, 1, 2, 3, 4, 5];
    check(2, |x| vec![x[0], x[1], x[2], x[3], x[2]], &all, 8);
    // The first state changes, so it is no constant although it starts as one; the second stays.
    check(2, |x| vec![one, x[1], x[2], x[3], x[2]], &all, 8);
    check(2, |x| vec![x[0], one, x[2], x[3], x[2]], &all, 4);
    check(2, |x| vec![x[0], x[1], x[2], one, one], &all, 4);
    check(2, |x| vec![x[0], x[1], x[2], one, zero], &all, 8);
}

#[test]
fn unread_results_cost_nothing() {
    check(1, |x| x.to_vec(), &[0], 1);
    check(1, |x| x.to_vec(), &[2], 2);
    check(1, |x| x.to_vec(), &[3], 1);
    check(1, |x| x.to_vec(), &[1], 0);
    // The state is read by the next iteration.
    check(2, |x| vec![x[0], x[1], x[2], x[3], x[2]], &[2, 4], 6);
    check(2, |x| vec![x[0], x[1], x[2], x[3], x[2]], &[3, 5], 4);
}
