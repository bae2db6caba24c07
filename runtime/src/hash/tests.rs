//! Domains are apart; digests depend on everything that they should.

use std::collections::HashSet;

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::*;

#[test]
fn domains_and_indices_are_apart() {
    let s = Block::new(3, 4);
    let x = Block::new(5, 6);
    let mut seen = HashSet::new();
    for domain in [Domain::Output, Domain::Transfer] {
        for index in [0, 1, 2, u64::from(u32::MAX), 1 << 56, u64::MAX] {
            assert!(seen.insert(u128::from(TweakHash::new(s, domain).hash(index, x))), "{domain:?} {index}");
        }
    }
}

#[test]
fn a_batch_is_its_elements() {
    let hash = TweakHash::new(Block::new(1, 2), Domain::Transfer);
    let delta = Delta::random(&mut ChaCha20Rng::seed_from_u64(1));
    let label = |i| Block::new(i, 7);
    // Aligned or not, across windows of key schedules, and at both ends of the indices.
    for first in [0, 1, 9, 62, 63, (1 << 32) - 5, u64::MAX - 200] {
        for n in [0, 1, 2, 15, 16, 17, 18, 33, 40, 130] {
            let mut blocks: Vec<Block> = (0..n).map(label).collect();
            let both = hash.hash_both(first, &delta, &blocks);
            hash.hash_in_place(first, &mut blocks);
            for (i, (block, both)) in (0..n).zip(blocks.iter().zip(both.iter())) {
                let expected = hash.hash_each(first + i, [label(i), label(i) ^ delta.block()]).map(u128::from);
                assert_eq!(u128::from(*block), expected[0], "{i} of {n} from {first}");
                assert_eq!(both.map(u128::from), expected, "{i} of {n} from {first}");
            }
        }
    }
}

#[test]
fn all_kernels_hash_alike() {
    let delta = Block::new(3, 9);
    let blocks: Vec<Block> = (0..96).map(|i| Block::new(i, i << 40)).collect();
    let results = Kernel::available().into_iter().map(|kernel| {
        let (mut each, mut both) = (blocks.clone(), vec![[Block::ZERO; 2]; 96]);
        kernel.hash_each(Block::new(5, 6), 62, &mut each);
        kernel.hash_both(Block::new(5, 6), 62, delta, &blocks, &mut both);
        each.iter().chain(both.as_flattened()).map(|&block| u128::from(block)).collect::<Vec<_>>()
    });
    let results: HashSet<_> = results.collect();
    assert_eq!(results.len(), 1);
}

/// H(x) ⊕ H(y) says nothing about x ⊕ y: σ and the feed-forward are both there.
#[test]
fn hash_is_a_known_answer() {
    // AES-128 with key 00..0f on 0011..ff, FIPS 197 appendix C.1; the domain and index are absorbed by S.
    let key = Block::from_bytes(0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f_u128.to_be_bytes());
    let plain = Block::from_bytes(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes());
    let cipher = Block::from_bytes(0x69c4_e0d8_6a7b_0430_d8cd_b780_70b4_c55a_u128.to_be_bytes());
    let hash = TweakHash::new(key ^ Block::new(77, 1 << 56), Domain::Output);
    let [lo, hi] = plain.halves();
    assert_eq!(u128::from(hash.hash(77, Block::new(lo ^ hi, lo))), u128::from(cipher ^ plain));
}

#[test]
fn digests_depend_on_key_context_and_labels() {
    let labels = [Block::new(1, 2), Block::new(3, 4)];
    let digest = digest_labels(&[1; 32], "a", &labels);
    assert_eq!(digest, digest_labels(&[1; 32], "a", &labels));
    assert_ne!(digest, digest_labels(&[2; 32], "a", &labels));
    assert_ne!(digest, digest_labels(&[1; 32], "b", &labels));
    assert_ne!(digest, digest_labels(&[1; 32], "a", &labels[..1]));
    assert_ne!(digest, digest_labels(&[1; 32], "a", &[labels[1], labels[0]]));
}
