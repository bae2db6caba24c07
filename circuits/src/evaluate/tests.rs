use super::*;
use crate::build::{Blocks, Builder, CallSpec};
use crate::circuit::{InputPort, OutputPort};
use crate::id::PartyId;
use crate::shape::Shape;
use crate::verify::verify;

/// Adds two numbers of `width` bits with one full adder, called `width` times: the carry is state.
fn ripple_adder(width: u64) -> Circuit {
    let mut blocks = Blocks::new();
    let mut cell = Builder::new("full adder", 3);
    let [carry, x, y] = [0, 1, 2].map(|i| cell.input(i));
    let (xc, yc) = (cell.xor(x, carry), cell.xor(y, carry));
    let both = cell.and(xc, yc);
    let (next, sum) = (cell.xor(both, carry), cell.xor(xc, y));
    let cell = blocks.add(cell.finish(vec![next, sum]).unwrap());
    let mut main = Builder::new("main", 2 * width as u32);
    let (x, y) = (0..width as u32, width as u32..2 * width as u32);
    let pairs = x.zip(y).flat_map(|(x, y)| [main.input(x), main.input(y)]);
    let args = std::iter::once(Wire::FALSE).chain(pairs).collect();
    let spec = CallSpec { callee: cell, count: width, n_state: 1, n_shared: 0 };
    let mut results = main.call(&blocks, spec, args).unwrap();
    results.rotate_left(1);
    let main = main.finish(results).unwrap();
    let port = |name: &str, party| InputPort {
        name: name.into(),
        party: PartyId(party),
        shape: Shape::unsigned(width as u32),
    };
    let sum = OutputPort { name: "sum".into(), recipients: vec![PartyId(0)], shape: Shape::unsigned(width as u32 + 1) };
    blocks.into_circuit(main, vec!["alice".into(), "bob".into()], vec![port("x", 0), port("y", 1)], vec![sum])
}

#[test]
fn a_repeated_call_carries_its_state() {
    let circuit = ripple_adder(5);
    assert_eq!(verify(&circuit), Ok(()));
    for (x, y) in (0..32).flat_map(|x| (0..32).map(move |y| (x, y))) {
        let values = [Value::Int(x.into()), Value::Int(y.into())];
        assert_eq!(evaluate_values(&circuit, &values), Ok(vec![Value::Int((x + y).into())]));
    }
}

#[test]
fn lanes_are_independent() {
    let circuit = ripple_adder(8);
    let (x, y): (Vec<u64>, Vec<u64>) = (0..64).map(|k| (k * 37 % 256, k * 101 % 256)).unzip();
    let lane = |numbers: &[u64], i: usize| (0..64).fold(0, |lane, k| lane | (numbers[k] >> i & 1) << k);
    let inputs: Vec<u64> = (0..8).map(|i| lane(&x, i)).chain((0..8).map(|i| lane(&y, i))).collect();
    let outputs = evaluate_lanes(&circuit, &inputs);
    for k in 0..64 {
        let sum = outputs.iter().enumerate().fold(0, |sum, (i, lane)| sum | (lane >> k & 1) << i);
        assert_eq!(sum, x[k] + y[k]);
    }
}

#[test]
fn a_misfit_names_the_port() {
    let circuit = ripple_adder(4);
    let error = evaluate_values(&circuit, &[Value::Int(3.into()), Value::Int(16.into())]).unwrap_err();
    assert_eq!(error.to_string(), "at y: 16; expected u4 in 0..=15");
    let error = evaluate_values(&circuit, &[Value::Int(3.into())]).unwrap_err();
    assert_eq!(error.to_string(), "1 inputs; expected 2 inputs");
}
