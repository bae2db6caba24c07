//! Sums, runs and merges of small blocks.

use super::*;

const EFFORT: Effort = Effort {
    n_words: 4,
    cones: &[Limits { gates_max: 100, conflicts_max: 1000 }],
    conflicts_max: 100_000,
    refutations_max: 100,
    finds_sums: false,
};

fn xor_all(sweeper: &mut Sweeper, wires: impl IntoIterator<Item = Wire>) -> Wire {
    let xor = Node::Xor(Wire::FALSE, Wire::FALSE);
    wires.into_iter().fold(Wire::FALSE, |sum, wire| sweeper.gate(xor, sum, wire))
}

#[test]
fn sums_are_equal_in_any_order_and_length() {
    for n_terms in [3, 40, TERMS_MAX as u32] {
        let mut sweeper = Sweeper::new("sums", n_terms, EFFORT);
        let inputs = sweeper.inputs();
        let up = xor_all(&mut sweeper, inputs.clone());
        let down = xor_all(&mut sweeper, inputs.iter().rev().map(|&wire| !wire));
        assert_eq!(down, up ^ (n_terms % 2 == 1), "{n_terms} terms");
        assert_eq!(sweeper.gate(Node::Xor(up, down), up, down).as_constant(), Some(n_terms % 2 == 1));
    }
}

#[test]
fn selects_written_differently_are_one() {
    let mut sweeper = Sweeper::new("selects", 3, EFFORT);
    let [c, x, y]: [Wire; 3] = sweeper.inputs().try_into().unwrap();
    let (and, xor) = (Node::And(c, x), Node::Xor(c, x));
    let difference = sweeper.gate(xor, x, y);
    let change = sweeper.gate(and, c, difference);
    let one = sweeper.gate(xor, y, change);
    let (left, right) = (sweeper.gate(and, c, x), sweeper.gate(and, !c, y));
    let neither = sweeper.gate(and, !left, !right);
    assert_eq!(!neither, one);
}

#[test]
fn what_is_always_false_is_the_constant() {
    let mut sweeper = Sweeper::new("never", 2, EFFORT);
    let [x, y]: [Wire; 2] = sweeper.inputs().try_into().unwrap();
    let (and, xor) = (Node::And(x, y), Node::Xor(x, y));
    let (both, differ) = (sweeper.gate(and, x, y), sweeper.gate(xor, x, y));
    assert_eq!(sweeper.gate(and, both, differ), Wire::FALSE);
}

#[test]
fn rare_differences_are_found() {
    // All of 60 inputs true, against the constant: random runs do not show it.
    let mut sweeper = Sweeper::new("rare", 60, EFFORT);
    let inputs = sweeper.inputs();
    let all = inputs.iter().skip(1).fold(inputs[0], |all, &input| sweeper.gate(Node::And(all, input), all, input));
    let limits = Limits { gates_max: usize::MAX, conflicts_max: 1000 };
    assert_eq!(sweeper.differ(all, Wire::FALSE, limits), Difference::In(vec![true; 60]));
}

#[test]
fn products_that_are_sums_of_others_are_found() {
    let mut sweeper = Sweeper::new("products", 4, Effort { finds_sums: true, ..EFFORT });
    let [a, b, c, d]: [Wire; 4] = sweeper.inputs().try_into().unwrap();
    let (and, xor) = (Node::And(a, b), Node::Xor(a, b));
    let products: Vec<Wire> = [b, c, d].iter().map(|&x| sweeper.gate(and, a, x)).collect();
    let sum = xor_all(&mut sweeper, [b, c, d]);
    let product = sweeper.gate(and, a, !sum);
    let expected = xor_all(&mut sweeper, products.iter().copied().chain([a]));
    assert_eq!(sweeper.gate(xor, product, expected), Wire::FALSE);
    let block = sweeper.finish(vec![product]).unwrap();
    assert_eq!(block.n_ands(), 3, "of four products that depend on each other");
}
