//! Domains are apart; digests depend on everything that they should.

use std::collections::HashSet;

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
    let mut blocks: Vec<Block> = (0..40).map(|i| Block::new(i, 7)).collect();
    hash.hash_in_place(9, &mut blocks);
    for (i, block) in (0..40).zip(&blocks) {
        assert_eq!(u128::from(*block), u128::from(hash.hash(9 + i, Block::new(i, 7))));
    }
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
