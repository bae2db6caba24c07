//! Circuits known to be equal, and known to differ.

use super::*;
use crate::build::{Blocks, Builder};
use crate::circuit::{InputPort, OutputPort};
use crate::gadgets::{add, divide, multiply};
use crate::id::PartyId;
use crate::optimize::optimize;
use crate::random::{self, Size};
use crate::shape::Shape;

fn circuit(n_inputs: u32, build: impl FnOnce(&mut Builder, &[Wire]) -> Vec<Wire>) -> Circuit {
    let mut builder = Builder::new("main", n_inputs);
    let inputs = builder.inputs();
    let outputs = build(&mut builder, &inputs);
    let n_outputs = outputs.len() as u32;
    let main = builder.finish(outputs).unwrap();
    let bits = |len: u32| Shape::Array { element: Box::new(Shape::Bool), len: len.into() };
    let input = InputPort { name: "x".into(), party: PartyId(0), shape: bits(n_inputs) };
    let output = OutputPort { name: String::new(), recipients: vec![PartyId(0)], shape: bits(n_outputs) };
    Blocks::new().into_circuit(main, vec!["p".into()], vec![input], vec![output])
}

/// A sum whose carries are majorities of three products.
fn textbook_add(b: &mut Builder, x: &[Wire], y: &[Wire]) -> Vec<Wire> {
    let mut carry = Wire::FALSE;
    let mut sum = Vec::new();
    for (&p, &q) in x.iter().zip(y) {
        let half = b.xor(p, q);
        sum.push(b.xor(half, carry));
        let (both, left, right) = (b.and(p, q), b.and(p, carry), b.and(q, carry));
        let some = b.or(left, right);
        carry = b.or(both, some);
    }
    sum
}

#[track_caller]
fn check(a: &Circuit, b: &Circuit, expected: &Equivalence) {
    assert_eq!(equivalent(a, b, Budget::DEFAULT).as_ref(), Ok(expected));
}

#[test]
fn adders_are_equal() {
    let ours = circuit(64, |b, x| add::add(b, &x[..32], &x[32..]));
    let textbook = circuit(64, |b, x| textbook_add(b, &x[..32], &x[32..]));
    let swapped = circuit(64, |b, x| textbook_add(b, &x[32..], &x[..32]));
    check(&ours, &textbook, &Equivalence::Proven);
    check(&textbook, &swapped, &Equivalence::Proven);
}

type Add = fn(&mut Builder, &[Wire], &[Wire]) -> Vec<Wire>;

/// Rows of products, added from the top.
fn school_multiply(b: &mut Builder, x: &[Wire], y: &[Wire], add: Add) -> Vec<Wire> {
    let mut sum = vec![Wire::FALSE; x.len()];
    for (i, &bit) in y.iter().enumerate() {
        let row: Vec<Wire> = x[..x.len() - i].iter().map(|&p| b.and(p, bit)).collect();
        let high = add(b, &sum[i..], &row);
        sum.truncate(i);
        sum.extend(high);
    }
    sum
}

#[test]
fn multipliers_of_the_same_rows_are_equal() {
    let ours = circuit(64, |b, x| school_multiply(b, &x[..32], &x[32..], add::add));
    let textbook = circuit(64, |b, x| school_multiply(b, &x[..32], &x[32..], textbook_add));
    check(&ours, &textbook, &Equivalence::Proven);
}

#[test]
fn small_multipliers_of_different_structure_are_equal() {
    let ours = circuit(10, |b, x| multiply::multiply_wrapping(b, &x[..5], &x[5..], 5));
    let school = circuit(10, |b, x| school_multiply(b, &x[5..], &x[..5], add::add));
    check(&ours, &school, &Equivalence::Proven);
}

#[test]
fn large_multipliers_of_different_structure_are_not_told_apart() {
    let ours = circuit(96, |b, x| multiply::multiply_wrapping(b, &x[..48], &x[48..], 48));
    let school = circuit(96, |b, x| school_multiply(b, &x[48..], &x[..48], add::add));
    let budget = Budget { conflicts_max: 2_000, conflicts_per_output_max: 100, ..Budget::DEFAULT };
    match equivalent(&ours, &school, budget) {
        Ok(Equivalence::Unknown { outputs, n_runs }) => {
            assert!(outputs.len() < 48 && n_runs >= 1024, "{} outputs after {n_runs} runs", outputs.len());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn optimising_keeps_the_meaning_provably() {
    let build = |b: &mut Builder, x: &[Wire]| {
        let division = divide::divide(b, &x[..16], &x[16..]);
        [division.quotient, division.remainder].concat()
    };
    let divide = circuit(32, build);
    check(&divide, &optimize(divide.clone(), 3), &Equivalence::Proven);
}

#[test]
fn one_wrong_carry_is_found() {
    let right = circuit(64, |b, x| add::add(b, &x[..32], &x[32..]));
    // The last carry is lost where all of 20 other bits are true.
    let wrong = circuit(64, |b, x| {
        let mut sum = textbook_add(b, &x[..32], &x[32..]);
        let never = x[..20].iter().fold(Wire::TRUE, |all, &bit| b.and(all, bit));
        sum[31] = b.xor(sum[31], never);
        sum
    });
    let Ok(Equivalence::Differs(witness)) = equivalent(&right, &wrong, Budget::DEFAULT) else { panic!("a difference") };
    assert_eq!(witness.output, 31);
    assert!(witness.inputs[..20].iter().all(|&bit| bit));
}

#[test]
fn circuits_with_calls_are_compared() {
    for seed in 0..100 {
        let original = random::circuit(seed, Size { n_blocks: 4, n_nodes: 60 });
        check(&original, &optimize(original.clone(), 2), &Equivalence::Proven);
        let mut other = original.clone();
        let Some(last) = other.blocks.last_mut().and_then(|main| main.outputs.last_mut()) else { continue };
        *last = !*last;
        let Ok(Equivalence::Differs(witness)) = equivalent(&original, &other, Budget::DEFAULT) else {
            panic!("{seed}")
        };
        assert_eq!(witness.output, original.main().outputs.len() - 1);
        assert_eq!(differ_in_runs(&original, &other, 1).unwrap().unwrap().output, witness.output);
        assert_eq!(differ_in_runs(&original, &original, 2), Ok(None));
    }
}

#[test]
fn what_cannot_be_compared_is_said() {
    let wide = circuit(2, |_, x| x.to_vec());
    let narrow = circuit(2, |_, x| x[..1].to_vec());
    let one = circuit(1, |_, x| x.to_vec());
    assert_eq!(equivalent(&wide, &narrow, Budget::DEFAULT), Err(Incomparable::Outputs(2, 1)));
    assert_eq!(equivalent(&one, &narrow, Budget::DEFAULT), Err(Incomparable::Inputs(1, 2)));
    assert_eq!(differ_in_runs(&one, &narrow, 1), Err(Incomparable::Inputs(1, 2)));
    let large = circuit(64, |b, x| textbook_add(b, &x[..32], &x[32..]));
    let budget = Budget { gates_max: 10, ..Budget::DEFAULT };
    let other = circuit(64, |b, x| add::add(b, &x[..32], &x[32..]));
    assert!(matches!(equivalent(&large, &other, budget), Err(Incomparable::TooManyGates(_))));
}
