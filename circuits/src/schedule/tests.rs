//! Schedules keep the meaning, are valid, and waste neither batches nor slots.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::evaluate::evaluate_bits;
use crate::plan;
use crate::random::{self, Size};
use crate::verify::verify;

fn check_meaning(seed: u64, size: Size) {
    let circuit = random::circuit(seed, size);
    assert_eq!(verify(&circuit), Ok(()));
    let plan = schedule(&circuit);
    assert_eq!(plan.validate(), Ok(()));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..4 {
        let inputs = random::inputs(&circuit, &mut rng);
        assert_eq!(plan::run(&plan, &inputs), evaluate_bits(&circuit, &inputs));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn small_plans_mean_what_their_circuits_mean(seed: u64) {
        check_meaning(seed, Size { n_blocks: 4, n_nodes: 60 });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn plans_longer_than_the_window_mean_what_their_circuits_mean(seed: u64) {
        check_meaning(seed, Size { n_blocks: 2, n_nodes: 3 * WINDOW });
    }
}

#[test]
fn the_same_circuit_gives_the_same_plan() {
    let circuit = random::circuit(7, Size { n_blocks: 3, n_nodes: 500 });
    assert_eq!(schedule(&circuit), schedule(&circuit.clone()));
}
