//! Hashes of labels outside gates: the tweakable correlation-robust hash, and the digest of many labels at once.
//!
//! [`TweakHash`] is MITCCRH, the hash of [`crate::kernel`], with another part of the tweak's 128 bits set for each use:
//! bits 120.. of a tweak are its [`Domain`], bits 0..64 the index, the rest is zero. Gates own domain 0.
//!
//! # Security
//! [`TweakHash`]: tweakable circular correlation robust if AES-128 is an ideal cipher (Guo, Katz, Wang, Weng, Yu, CRYPTO 2020,
//! <https://eprint.iacr.org/2019/1168>, section 4), provided that few inputs are hashed under one tweak of one S, and that S was
//! chosen without knowledge of Δ. It is not collision resistant against somebody who chooses S: who needs that takes BLAKE3.

use zeroize::Zeroizing;

use crate::block::{Block, Delta, Label};
use crate::kernel::{HASH_BATCH, Kernel, hash_under};

/// What a hash is for. Different uses never share a tweak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Domain {
    /// Digests that let the evaluator check its output labels.
    Output = 1,
    /// Correlated OT to random OT.
    Transfer = 2,
}

/// H(x, i) = AES-128_{S ⊕ i}(σ(x)) ⊕ σ(x) in one [`Domain`].
#[derive(Clone, Copy, Debug)]
pub struct TweakHash {
    key: Block,
}

impl TweakHash {
    /// The hash under the public random value `s`.
    #[must_use]
    pub const fn new(s: Block, domain: Domain) -> TweakHash {
        let [lo, hi] = s.halves();
        TweakHash { key: Block::new(lo, hi ^ (domain as u64) << 56) }
    }

    /// H(x, index).
    #[must_use]
    pub fn hash(&self, index: u64, x: Block) -> Block {
        let [hash] = self.hash_each(index, [x]);
        hash
    }

    /// H(x, index) for several `x` under one tweak.
    #[must_use]
    pub fn hash_each<const N: usize>(&self, index: u64, x: [Block; N]) -> [Block; N] {
        hash_under(self.key, index, x)
    }

    /// Replaces `blocks[i]` by H(`blocks[i]`, `first_index + i`).
    ///
    /// # Panics
    /// If the indices pass 2^64.
    pub fn hash_in_place(&self, first_index: u64, blocks: &mut [Block]) {
        let Split { head, body } = Split::new(first_index, blocks.len());
        let (first, rest) = blocks.split_at_mut(head);
        let (batches, last) = rest.split_at_mut(body);
        let one_by_one = |first_index: u64, blocks: &mut [Block]| {
            for (index, block) in (first_index..).zip(blocks) {
                *block = self.hash(index, *block);
            }
        };
        one_by_one(first_index, first);
        Kernel::detect().hash_each(self.key, first_index + head as u64, batches);
        one_by_one(first_index + (head + body) as u64, last);
    }

    /// H(x, `first_index + i`) and H(x ⊕ Δ, `first_index + i`) of label `i`.
    ///
    /// # Panics
    /// If the indices pass 2^64.
    #[must_use]
    pub fn hash_both(&self, first_index: u64, delta: &Delta, labels: &[Label]) -> Zeroizing<Vec<[Block; 2]>> {
        let mut hashes = Zeroizing::new(vec![[Block::ZERO; 2]; labels.len()]);
        self.hash_both_into(first_index, delta, labels, &mut hashes);
        hashes
    }

    /// As [`TweakHash::hash_both`], to `hashes`.
    ///
    /// # Panics
    /// If the indices pass 2^64, or there is not a pair for each label.
    pub fn hash_both_into(&self, first_index: u64, delta: &Delta, labels: &[Label], hashes: &mut [[Block; 2]]) {
        assert_eq!(labels.len(), hashes.len(), "each label has two hashes");
        let Split { head, body } = Split::new(first_index, labels.len());
        let batches = head..head + body;
        let first = first_index + head as u64;
        Kernel::detect().hash_both(
            self.key,
            first,
            delta.block(),
            &labels[batches.clone()],
            &mut hashes[batches.clone()],
        );
        for i in (0..labels.len()).filter(|i| !batches.contains(i)) {
            hashes[i] = self.hash_each(first_index + i as u64, [labels[i], labels[i] ^ delta.block()]);
        }
    }
}

/// A list of blocks with indices: some, then aligned batches for the kernel, then the rest.
struct Split {
    head: usize,
    body: usize,
}

impl Split {
    fn new(first_index: u64, n: usize) -> Split {
        assert!(first_index.checked_add(n as u64).is_some(), "hash indices fit 64 bits");
        let head = n.min((first_index % 2) as usize);
        Split { head, body: (n - head) / HASH_BATCH * HASH_BATCH }
    }
}

/// Digest of a list of labels under a secret or public `key`, such as a session id; BLAKE3 keyed, with `context` and the
/// number of labels hashed first. Collision resistant.
#[must_use]
pub fn digest_labels(key: &[u8; 32], context: &str, labels: &[Label]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&(context.len() as u64).to_le_bytes());
    hasher.update(context.as_bytes());
    hasher.update(&(labels.len() as u64).to_le_bytes());
    for label in labels {
        hasher.update(&label.to_bytes());
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests;
