//! Honest trees against their definition; a corrupt owner against the check.

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::*;

const SESSION: SessionId = [3; 32];

struct Setup {
    hash: TreeHash,
    delta: Block,
    keys: Vec<Block>,
    leaves: Leaves,
    message: Vec<u8>,
}

/// Honest trees, the base OTs replaced by a trusted dealer.
fn setup(depth: Depth, seed: u64) -> Setup {
    let rng = &mut ChaCha20Rng::seed_from_u64(seed);
    let delta = Block::random(rng);
    let pairs: Vec<_> = (0..KAPPA).map(|_| [Block::random(rng), Block::random(rng)]).collect();
    let choices = path_choices(depth, delta);
    let keys = pairs.iter().zip(choices.iter()).map(|(pair, &choice)| pair[usize::from(choice)]).collect();
    let hash = TreeHash::new(&SESSION, depth);
    let (leaves, message) = hash.grow(&pairs, rng);
    Setup { hash, delta, keys, leaves, message }
}

#[test]
fn the_garbler_gets_every_leaf_but_one() {
    for depth in Depth::ALL {
        let Setup { hash, delta, keys, leaves, message } = setup(depth, 1);
        assert_eq!(message.len(), message_bytes(depth));
        let punctured = hash.puncture(&keys, delta, &message).expect("honest trees");
        assert_eq!(punctured.len(), leaves.len());
        for (i, &leaf) in leaves.iter().enumerate() {
            let (tree, position) = (i / depth.leaves(), i % depth.leaves());
            let relative = position ^ depth.position(delta, tree);
            let same = bool::from(leaf.ct_eq(&punctured[tree * depth.leaves() + relative]));
            assert_eq!(same, relative != 0, "tree {tree}, leaf {position}");
        }
    }
}

#[test]
fn trees_agree_with_the_definition() {
    let depth = Depth::Four;
    let Setup { hash, .. } = setup(depth, 2);
    let rng = &mut ChaCha20Rng::seed_from_u64(9);
    let (root, pairs) = (Block::random(rng), [[Block::ZERO; 2]; 4]);
    let nodes = hash.grow_tree(5, &pairs, root, &mut Vec::new());
    for position in 0..16usize {
        let walk =
            |node, level: usize| hash.children(5, level, position >> (4 - level), node)[position >> (3 - level) & 1];
        let expected = (0..4).fold(root, walk);
        assert!(bool::from(nodes[position].ct_eq(&expected)));
    }
}

#[test]
fn a_wrong_tag_sum_or_digest_is_always_caught() {
    for depth in Depth::ALL {
        let Setup { hash, delta, keys, message, .. } = setup(depth, 3);
        for tree in [0, depth.trees() - 1] {
            for offset in [1, TAG_BYTES, TAG_BYTES + 1, 2 * TAG_BYTES] {
                let mut message = message.clone();
                message[(tree + 1) * tree_bytes(depth) - offset] ^= 4;
                let error = hash.puncture(&keys, delta, &message).err();
                assert_eq!(error, Some(PeerMisbehaved::Trees));
            }
        }
    }
}

/// An owner that corrupts one sum passes if and only if that sum is on the hidden path, that is, with probability 1/2.
#[test]
fn a_wrong_sum_is_caught_exactly_off_the_path() {
    for depth in Depth::ALL {
        let mut caught = 0;
        for seed in 0..40 {
            let Setup { hash, delta, keys, message, .. } = setup(depth, seed);
            let (tree, level) = (seed as usize % depth.trees(), seed as usize % depth.bits());
            let mut message = message.clone();
            message[tree * tree_bytes(depth) + level * 2 * BLOCK_BYTES] ^= 1;
            let off_path = !path_choices(depth, delta)[tree * depth.bits() + level];
            let refused = hash.puncture(&keys, delta, &message).is_err();
            assert_eq!(refused, off_path);
            caught += usize::from(refused);
        }
        assert!((8..=32).contains(&caught), "{caught} of 40");
    }
}

#[test]
fn trees_of_another_session_are_refused() {
    let Setup { delta, keys, message, .. } = setup(Depth::Two, 4);
    assert!(TreeHash::new(&[4; 32], Depth::Two).puncture(&keys, delta, &message).is_err());
}

/// No two trees have a leaf in common, in one setup or in two; the base OTs' keys are the same here.
#[test]
fn every_tree_has_a_root_of_its_own() {
    let depth = Depth::Four;
    let hash = TreeHash::new(&SESSION, depth);
    let mut leaves = std::collections::HashSet::new();
    for seed in 0..3 {
        let (grown, _) = hash.grow(&[[Block::ZERO; 2]; KAPPA], &mut ChaCha20Rng::seed_from_u64(seed));
        leaves.extend(grown.iter().map(|&leaf| u128::from(leaf)));
    }
    assert_eq!(leaves.len(), 3 * depth.trees() * depth.leaves());
}
