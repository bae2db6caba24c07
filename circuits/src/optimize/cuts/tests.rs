//! Cuts determine their nodes, by the functions that they say.

use super::*;
use crate::build::Builder;
use crate::gadgets;
use crate::random::{self, Size};

/// Values of all nodes of a block without calls, for 64 random inputs.
fn values(nodes: &[Node]) -> Vec<u64> {
    let mut values = Vec::new();
    for (id, node) in nodes.iter().enumerate() {
        let read = |wire: Wire| values[wire.node().0 as usize] ^ if wire.is_complemented() { u64::MAX } else { 0 };
        values.push(match *node {
            Node::False => 0,
            Node::And(a, b) => read(a) & read(b),
            Node::Xor(a, b) => read(a) ^ read(b),
            _ => (id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(id as u32) ^ 0x5555 << id,
        });
    }
    values
}

/// Checks all cuts of the block, which are forgotten after every so many nodes; returns how many there are.
fn check(nodes: &[Node], forget_after: usize) -> usize {
    let values = values(nodes);
    let mut n_cuts = 0;
    let mut cuts = Cuts::new(|_| true);
    for (id, &node) in nodes.iter().enumerate() {
        if id % forget_after == 0 {
            cuts.forget();
        }
        cuts.push(node);
        for cut in cuts.candidates(id as u32) {
            assert!(cut.leaves().is_sorted_by(|a, b| a < b));
            for lane in 0..64 {
                let bit = |node: u32| values[node as usize] >> lane & 1;
                let row = cut.leaves().iter().enumerate().fold(0, |row, (i, &leaf)| row | bit(leaf) << i);
                assert_eq!(u64::from(cut.table >> row & 1), bit(id as u32), "node {id}, {cut:?}");
            }
            n_cuts += 1;
        }
    }
    n_cuts
}

#[test]
fn cuts_determine_their_nodes() {
    let (mut n_kept, mut n_left) = (0, 0);
    for seed in 0..50 {
        let circuit = random::circuit(seed, Size { n_blocks: 1, n_nodes: 80 });
        let nodes = &circuit.main().nodes;
        n_kept += check(nodes, usize::MAX);
        n_left += check(nodes, 7);
    }
    assert!(0 < n_left && n_left < n_kept, "{n_left} of {n_kept}");
}

/// A chain of adders: what follows from its middle is made once for all of the rest, on leaves of its own.
#[test]
fn gates_that_stand_alike_have_one_form() {
    let n_bits = 500;
    let mut builder = Builder::new("sum", 2 * n_bits);
    let x = builder.inputs();
    let sum = gadgets::add::add(&mut builder, &x[..n_bits as usize], &x[n_bits as usize..]);
    let block = builder.finish(sum).expect("it is small");
    let mut cuts = Cuts::new(|_| true);
    let mut n_forms = Vec::new();
    for &node in &block.nodes {
        cuts.push(node);
        n_forms.push(cuts.forms.len());
    }
    let (middle, end) = (block.nodes.len() - n_bits as usize, block.nodes.len() - 10);
    assert_eq!(n_forms[middle], n_forms[end]);
    let leaves = |node: usize| cuts.candidates(node as u32).next().expect("it has cuts").leaves().to_vec();
    assert_ne!(leaves(block.nodes.len() - 1), leaves(block.nodes.len() - 5));
}

#[test]
fn joined_lists_are_told_apart() {
    let joined = Joined::of(&[2, 5, 9], &[1, 5, 8, 9, 12]);
    assert_eq!((joined.of_a, joined.of_b), (0b010_110, 0b111_101));
    assert_eq!(joined.selected(0b101_001).collect::<Vec<_>>(), [1, 8, 12]);
    let [a, b]: [Vec<u32>; 2] = [0, 32].map(|first| (first..first + 32).collect());
    let joined = Joined::of(&a, &b);
    assert_eq!((joined.of_a, joined.of_b), (u64::from(u32::MAX), !u64::from(u32::MAX)));
}

#[test]
fn variables_are_exchanged() {
    for i in 0..4 {
        for j in i..4 {
            for (k, &variable) in VARIABLES.iter().enumerate() {
                let to = if k == i {
                    j
                } else if k == j {
                    i
                } else {
                    k
                };
                assert_eq!(swap_variables(variable, i, j), VARIABLES[to]);
            }
        }
    }
}

/// Signatures tell sets of leaves apart only as long as no two of them are equal modulo 32.
#[test]
fn leaves_decide_where_signatures_are_equal() {
    let cut = |leaves: &[u32]| {
        let cuts = leaves.iter().map(|leaf| Cut::of_itself(*leaf));
        cuts.reduce(|all, cut| all.union(&cut).expect("there are few")).expect("there is a leaf")
    };
    let (low, high) = (cut(&[1, 2]), cut(&[1, 34]));
    assert_eq!(low.signature, high.signature);
    assert!(!low.is_within(&high) && low.is_within(&cut(&[1, 2, 34])));
    let full = cut(&[1, 2, 33, 34]);
    assert!(full.union(&cut(&[1, 66])).is_none() && cut(&[66]).union(&full).is_none());
    assert_eq!(full.union(&cut(&[2, 33])).map(|union| union.leaves), Some([1, 2, 33, 34]));
}
