//! Answers against exhaustive evaluation of small random blocks.

use super::*;
use crate::circuit::Block;
use crate::evaluate::evaluate_block;
use crate::random::{self, Size};

const WHOLE: Limits = Limits { gates_max: usize::MAX, conflicts_max: u64::MAX };

/// The values of two wires for every input of a block of at most 12 inputs: in the runs of each word.
fn values(block: &Block, [a, b]: [Wire; 2]) -> Vec<[u64; 2]> {
    let mut block = block.clone();
    block.outputs = vec![a, b];
    let n_words = 1u64 << block.n_inputs.saturating_sub(6);
    let lanes = |i: u32, word: u64| (0..64).filter(|lane| (word << 6 | lane) >> i & 1 == 1).map(|lane| 1 << lane).sum();
    (0..n_words)
        .map(|word| {
            let inputs: Vec<u64> = (0..block.n_inputs).map(|i| lanes(i, word)).collect();
            evaluate_block(&[], &block, &inputs).try_into().unwrap()
        })
        .collect()
}

#[test]
fn answers_are_those_of_trying_everything() {
    let (mut n_never, mut n_where) = (0, 0);
    for seed in 0..400 {
        let circuit = random::circuit(seed, Size { n_blocks: 1, n_nodes: 60 });
        let block = circuit.main();
        for (i, &a) in block.outputs.iter().enumerate() {
            for &b in &block.outputs[i..] {
                let differ = values(block, [a, b]).iter().any(|[x, y]| x != y);
                let found = super::differ(|id| block.nodes[id.0 as usize], [a, b], WHOLE);
                match found.answer {
                    Answer::Never => assert!(!differ, "{a:?} and {b:?} of seed {seed}"),
                    Answer::Where(leaves) => {
                        let input = |i| u64::from(leaves.get(&NodeId(i)) == Some(&true)).wrapping_neg();
                        let mut block = block.clone();
                        block.outputs = vec![a, b];
                        let inputs: Vec<u64> = (1..=block.n_inputs).map(input).collect();
                        let outputs = evaluate_block(&[], &block, &inputs);
                        assert_ne!(outputs[0], outputs[1], "{a:?} and {b:?} of seed {seed}");
                        n_where += 1;
                    }
                    other => panic!("{other:?} of a whole cone"),
                }
                n_never += u32::from(!differ);
                let cut = super::differ(|id| block.nodes[id.0 as usize], [a, b], Limits { gates_max: 5, ..WHOLE });
                assert!(cut.answer != Answer::Never || !differ, "a cut cone proves too much");
            }
        }
    }
    assert!(n_never > 100 && n_where > 1000, "{n_never} equal, {n_where} different");
}

#[test]
fn patience_ends() {
    // Two sums of the same 40 products in opposite orders: hard for a solver.
    let mut builder = crate::build::Builder::new("sums", 80);
    let inputs = builder.inputs();
    let products: Vec<Wire> = inputs.chunks(2).map(|pair| builder.and(pair[0], pair[1])).collect();
    let up = products.iter().fold(Wire::FALSE, |sum, &product| builder.xor(sum, product));
    let down = products.iter().rev().fold(Wire::FALSE, |sum, &product| builder.xor(sum, product));
    let found = differ(|id| builder.node(id), [up, down], Limits { gates_max: usize::MAX, conflicts_max: 50 });
    assert_eq!(found.answer, Answer::Unknown);
    assert!(found.n_conflicts <= 60, "{}", found.n_conflicts);
}
