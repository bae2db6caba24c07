//! Cuts determine their nodes, by the functions that they say.

use super::*;
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

#[test]
fn cuts_determine_their_nodes() {
    for seed in 0..50 {
        let circuit = random::circuit(seed, Size { n_blocks: 1, n_nodes: 80 });
        let nodes = &circuit.main().nodes;
        let values = values(nodes);
        let mut cuts = Cuts::default();
        nodes.iter().for_each(|&node| cuts.push(node));
        for id in 0..nodes.len() as u32 {
            for cut in cuts.of(id) {
                assert!(cut.leaves().is_sorted_by(|a, b| a < b));
                for lane in 0..64 {
                    let bit = |node: u32| values[node as usize] >> lane & 1;
                    let row = cut.leaves().iter().enumerate().fold(0, |row, (i, &leaf)| row | bit(leaf) << i);
                    assert_eq!(u64::from(cut.table >> row & 1), bit(id), "node {id}, {cut:?}");
                }
            }
        }
    }
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
