//! All passes, alone and together: the meaning stays, ANDs become no more.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::evaluate::evaluate_bits;
use crate::random::{self, Size};
use crate::stats::stats;

/// `after` means what `before` means, keeps the rules, has no more ANDs, and no origin that was not there.
fn check_pass(name: &str, before: &Circuit, after: &Circuit) {
    assert_eq!(verify(after), Ok(()), "after {name}");
    let (cost, cost_before) = (stats(after), stats(before));
    assert!(cost.n_ands <= cost_before.n_ands, "{name} made {} ANDs of {}", cost.n_ands, cost_before.n_ands);
    let mut origins = before.blocks.iter().flat_map(|block| &block.origins).copied().collect::<Vec<_>>();
    origins.sort();
    assert!(cost.ands_by_origin.keys().all(|origin| origins.binary_search(origin).is_ok()), "origins of {name}");
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..8 {
        let inputs = random::inputs(before, &mut rng);
        assert_eq!(evaluate_bits(after, &inputs), evaluate_bits(before, &inputs), "after {name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn passes_keep_the_meaning(seed: u64) {
        let mut circuit = random::circuit(seed, Size { n_blocks: 4, n_nodes: 80 });
        for pass in PASSES {
            let after = (pass.run)(circuit.clone());
            check_pass(pass.name, &circuit, &after);
            prop_assert_eq!(&(pass.run)(circuit), &after, "deterministic");
            circuit = after;
        }
    }
}

#[test]
fn what_is_optimal_stays() {
    let circuit = optimize(random::circuit(5, Size { n_blocks: 3, n_nodes: 200 }));
    assert_eq!(fold::run(circuit.clone()), circuit);
}
