//! Flat circuits mean the same, and what is too large to flatten is refused at once.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::evaluate::evaluate_bits;
use crate::id::{BlockId, Origin};
use crate::random::{self, Size};
use crate::verify::verify;

proptest! {
    #[test]
    fn flat_circuits_mean_the_same(seed: u64) {
        let circuit = random::circuit(seed, Size { n_blocks: 4, n_nodes: 60 });
        let flat = flatten(&circuit, 1 << 20).unwrap();
        prop_assert_eq!(verify(&flat), Ok(()));
        prop_assert_eq!(flat.blocks.len(), 1);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..8 {
            let inputs = random::inputs(&circuit, &mut rng);
            prop_assert_eq!(evaluate_bits(&flat, &inputs), evaluate_bits(&circuit, &inputs));
        }
    }
}

/// `x ← x ∧ y`, `count` times; and the AND has an origin.
fn repeated(count: u64) -> Circuit {
    let mut blocks = Blocks::new();
    let mut step = Builder::new("step", 2);
    step.set_origin(Origin(7));
    let (x, y) = (step.input(0), step.input(1));
    let product = step.and(x, y);
    let callee = blocks.add(step.finish(vec![product, y]).unwrap());
    let mut main = Builder::new("main", 2);
    let inputs = main.inputs();
    let spec = crate::build::CallSpec { callee, count, n_state: 2, n_shared: 0 };
    let outputs = main.call(&blocks, spec, inputs).unwrap();
    assert_eq!(callee, BlockId(0));
    blocks.into_circuit(main.finish(outputs).unwrap(), vec![], vec![], vec![])
}

#[test]
fn origins_are_kept_and_gates_folded() {
    let circuit = repeated(3);
    let flat = flatten(&circuit, 6).unwrap();
    let main = flat.main();
    assert_eq!(main.nodes.last(), Some(&Node::And(main_input(0), main_input(1))));
    assert_eq!(main.nodes.len(), 4, "x ∧ y ∧ y is x ∧ y");
    assert_eq!(main.origins.last(), Some(&Origin(7)));
}

fn main_input(i: u32) -> Wire {
    Wire::new(crate::id::NodeId(i + 1), false)
}

#[test]
fn too_many_gates_are_refused_before_they_are_made() {
    assert_eq!(flatten(&repeated(3), 5), Err(TooManyGates { n_gates: 6, gates_max: 5 }));
    assert!(flatten(&repeated(u64::MAX), u64::MAX).is_err());
}
