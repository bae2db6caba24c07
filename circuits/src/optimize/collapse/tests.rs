//! Cones shrink if nobody else reads what is inside.

use super::*;
use crate::circuit::{Circuit, InputPort, OutputPort};
use crate::evaluate::evaluate_bits;
use crate::id::PartyId;
use crate::shape::Shape;
use crate::stats::stats;

/// A circuit of one block with three inputs.
fn circuit(build: impl FnOnce(&mut Builder, [Wire; 3]) -> Vec<Wire>) -> Circuit {
    let mut builder = Builder::new("main", 3);
    let inputs = builder.inputs();
    let outputs = build(&mut builder, [inputs[0], inputs[1], inputs[2]]);
    let n_outputs = outputs.len() as u64;
    let main = builder.finish(outputs).expect("far below the limit");
    let bits = |len| Shape::Array { element: Box::new(Shape::Bool), len };
    let input = InputPort { name: "x".into(), party: PartyId(0), shape: bits(3) };
    let output = OutputPort { name: String::new(), recipients: vec![PartyId(0)], shape: bits(n_outputs) };
    Blocks::new().into_circuit(main, vec!["p".into()], vec![input], vec![output])
}

/// The ANDs after the pass, which keeps the meaning.
fn n_ands_after(before: &Circuit) -> u128 {
    let after = run(before.clone());
    for x in 0..8 {
        let bits = [0, 1, 2].map(|i| x >> i & 1 == 1);
        assert_eq!(evaluate_bits(&after, &bits), evaluate_bits(before, &bits));
    }
    stats(&after).n_ands
}

/// The majority as a sum of three products, and the products.
fn majority(b: &mut Builder, [x, y, z]: [Wire; 3]) -> (Wire, [Wire; 3]) {
    let products @ [p, q, r] = [b.and(x, y), b.and(x, z), b.and(y, z)];
    let some = b.or(q, r);
    (b.or(p, some), products)
}

#[test]
fn a_majority_takes_one_and() {
    assert_eq!(n_ands_after(&circuit(|b, x| vec![majority(b, x).0])), 1);
}

#[test]
fn a_select_takes_one_and() {
    let select = circuit(|b, [x, y, z]| {
        let (on_true, on_false) = (b.and(x, y), b.and(!x, z));
        vec![b.or(on_true, on_false)]
    });
    assert_eq!(n_ands_after(&select), 1);
}

#[test]
fn what_others_read_stays() {
    let shared = circuit(|b, x| {
        let (majority, products) = majority(b, x);
        [vec![majority], products.to_vec()].concat()
    });
    // Only the gates that join the products are the majority's own.
    assert_eq!(n_ands_after(&shared), stats(&shared).n_ands);
}

#[test]
fn a_block_without_savings_is_not_built_again() {
    let and = circuit(|b, [x, y, z]| {
        let both = b.and(x, y);
        vec![b.and(both, z)]
    });
    assert!(saving_cones(and.main()).is_empty());
    assert_eq!(run(and.clone()), and);
}
