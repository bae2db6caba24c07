//! Puncturable PRFs: the evaluator knows all `2^k` leaves of each tree, the garbler all but the one at its secret position.
//!
//! GGM trees with one 1-of-2 OT per level (Boyle et al., CCS 2019, <https://eprint.iacr.org/2019/1159>), and the check
//! against a corrupt tree owner of SoftSpokenOT (Roy, CRYPTO 2022, <https://eprint.iacr.org/2022/192>, the malicious PPRF).
//!
//! The owner sends, for each level, the XOR of all left and of all right children, each masked by one base OT key. The
//! garbler gets the sum on the side off its path, which is just what it lacks. For the check each leaf yields a seed and a
//! tag; the owner sends the XOR of a tree's tags and the hash of all of them; the garbler recovers the missing tag from
//! the XOR and compares the hash.
//!
//! # Invariants
//! - The garbler's arrays are indexed by position ⊕ punctured position: the missing leaf is always number 0, and no memory
//!   access depends on Δ.
//! - Every hash takes session, depth, tree, level and position.
//!
//! # Security
//! A corrupt owner passes the check with inconsistent sums only by guessing path bits: it learns them by the verdict
//! and loses the session when it is wrong (the selective failure that SoftSpokenOT's functionality grants).

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use rand::CryptoRng;

use super::{Depth, KAPPA};
use crate::block::{BLOCK_BYTES, Block};
use crate::ot::{PeerMisbehaved, SessionId, blocks_of};

/// Bytes of a leaf's tag and of the hash of all tags.
const TAG_BYTES: usize = 32;

type Tag = [u8; TAG_BYTES];

/// The seeds of the leaves, tree after tree; wiped when dropped.
pub(super) type Leaves = Zeroizing<Vec<Block>>;

/// Bytes of the owner's message.
pub(super) const fn message_bytes(depth: Depth) -> usize {
    depth.trees() * tree_bytes(depth)
}

/// Bytes of one tree's part of the message.
const fn tree_bytes(depth: Depth) -> usize {
    2 * BLOCK_BYTES * depth.bits() + 2 * TAG_BYTES
}

/// The hash of tree nodes, keyed by session and depth.
pub(super) struct TreeHash {
    key: [u8; 32],
    depth: Depth,
}

impl TreeHash {
    /// The hash for one session.
    pub(super) fn new(session: &SessionId, depth: Depth) -> TreeHash {
        let mut key = blake3::Hasher::new_derive_key("hushgate ot softspoken v1: trees");
        key.update(session).update(&[depth.bits() as u8]);
        TreeHash { key: *key.finalize().as_bytes(), depth }
    }

    /// Makes all trees; `pairs` are both keys of the base OTs. Returns the leaves and the message to the garbler.
    pub(super) fn grow(&self, pairs: &[[Block; 2]], rng: &mut impl CryptoRng) -> (Leaves, Vec<u8>) {
        let mut all = Zeroizing::new(Vec::with_capacity(self.depth.trees() * self.depth.leaves()));
        let mut message = Vec::with_capacity(message_bytes(self.depth));
        for (tree, pairs) in pairs.chunks_exact(self.depth.bits()).enumerate() {
            let nodes = self.grow_tree(tree, pairs, Block::random(rng), &mut message);
            let (seeds, tags) = self.leaves(tree, 0, &nodes);
            message.extend_from_slice(&sum(&tags));
            message.extend_from_slice(&self.digest(tree, &tags));
            all.extend_from_slice(&seeds);
        }
        (all, message)
    }

    /// One tree from its root: its deepest nodes; appends the masked sums of each level to the message.
    fn grow_tree(&self, tree: usize, pairs: &[[Block; 2]], root: Block, message: &mut Vec<u8>) -> Leaves {
        let mut nodes = Zeroizing::new(vec![root]);
        for (level, masks) in pairs.iter().enumerate() {
            let mut sums = *masks;
            let mut next = Zeroizing::new(Vec::with_capacity(2 * nodes.len()));
            for (position, &node) in nodes.iter().enumerate() {
                let [left, right] = self.children(tree, level, position, node);
                sums[0] ^= left;
                sums[1] ^= right;
                next.extend([left, right]);
            }
            message.extend(sums.iter().flat_map(|sum| sum.to_bytes()));
            nodes = next;
        }
        nodes
    }

    /// The punctured trees: `keys` are the base OT keys for [`path_choices`] of `delta`, `message` the owner's message.
    pub(super) fn puncture(&self, keys: &[Block], delta: Block, message: &[u8]) -> Result<Leaves, PeerMisbehaved> {
        let mut all = Zeroizing::new(Vec::with_capacity(self.depth.trees() * self.depth.leaves()));
        let mut good = subtle::Choice::from(1);
        let parts = message.chunks_exact(tree_bytes(self.depth)).zip(keys.chunks_exact(self.depth.bits()));
        for (tree, (part, keys)) in parts.enumerate() {
            let (sums, check) = part.split_at(2 * BLOCK_BYTES * self.depth.bits());
            let hidden = self.depth.position(delta, tree);
            let nodes = self.puncture_tree(tree, keys, hidden, sums);
            let (seeds, mut tags) = self.leaves(tree, hidden, &nodes);
            tags[0] = [0; TAG_BYTES];
            tags[0] = xor(&sum(&tags), &check[..TAG_BYTES]);
            permute(&mut tags, hidden);
            good &= self.digest(tree, &tags).ct_eq(&check[TAG_BYTES..]);
            all.extend_from_slice(&seeds);
        }
        if bool::from(good) { Ok(all) } else { Err(PeerMisbehaved::Trees) }
    }

    /// The deepest nodes of one tree, by position ⊕ `hidden`; number 0 is meaningless.
    fn puncture_tree(&self, tree: usize, keys: &[Block], hidden: usize, sums: &[u8]) -> Leaves {
        let sums: Vec<Block> = blocks_of(sums).collect();
        let mut nodes = Zeroizing::new(vec![Block::ZERO]);
        for (level, (&key, sums)) in keys.iter().zip(sums.as_chunks::<2>().0).enumerate() {
            let prefix = hidden >> (keys.len() - level);
            let turn = hidden >> (keys.len() - level - 1) & 1 == 1;
            let mut missing = key ^ sums[1] ^ (sums[0] ^ sums[1]).masked(turn);
            let mut next = Zeroizing::new(vec![Block::ZERO; 2 * nodes.len()]);
            for (i, &node) in nodes.iter().enumerate().skip(1) {
                let [left, right] = self.children(tree, level, i ^ prefix, node);
                let swap = (left ^ right).masked(turn);
                next[2 * i] = left ^ swap;
                next[2 * i + 1] = right ^ swap;
                missing ^= right ^ swap;
            }
            next[1] = missing;
            nodes = next;
        }
        nodes
    }

    /// Both children of a node.
    fn children(&self, tree: usize, level: usize, position: usize, node: Block) -> [Block; 2] {
        let mut bytes = Zeroizing::new([0; 2 * BLOCK_BYTES]);
        self.expand(tree, level, position, node, &mut *bytes);
        let (halves, _) = bytes.as_chunks();
        [Block::from_bytes(halves[0]), Block::from_bytes(halves[1])]
    }

    /// Seeds and tags of all leaves; node `i` is at position `i ⊕ hidden`.
    fn leaves(&self, tree: usize, hidden: usize, nodes: &[Block]) -> (Leaves, Vec<Tag>) {
        let leaf = |(i, &node): (usize, &Block)| {
            let mut bytes = Zeroizing::new([0; BLOCK_BYTES + TAG_BYTES]);
            self.expand(tree, self.depth.bits(), i ^ hidden, node, &mut *bytes);
            let (seed, tag) = bytes.split_at(BLOCK_BYTES);
            let seed = Block::from_bytes(seed.try_into().expect("16 bytes"));
            (seed, Tag::try_from(tag).expect("32 bytes"))
        };
        let (seeds, tags) = nodes.iter().enumerate().map(leaf).unzip();
        (Zeroizing::new(seeds), tags)
    }

    /// The generator at every node; level `depth` is the leaves'.
    fn expand(&self, tree: usize, level: usize, position: usize, node: Block, out: &mut [u8]) {
        let mut hash = blake3::Hasher::new_keyed(&self.key);
        hash.update(&[1, tree as u8, level as u8, position as u8]).update(&node.to_bytes());
        hash.finalize_xof().fill(out);
    }

    /// The hash of a tree's tags, in order of position.
    fn digest(&self, tree: usize, tags: &[Tag]) -> Tag {
        let mut hash = blake3::Hasher::new_keyed(&self.key);
        hash.update(&[2, tree as u8]).update(tags.as_flattened());
        *hash.finalize().as_bytes()
    }
}

/// The choices for the base OTs: at each level of each tree, the side off the path to the punctured leaf.
pub(super) fn path_choices(depth: Depth, delta: Block) -> Zeroizing<Vec<bool>> {
    let off_path = |ot: usize| {
        let (tree, level) = (ot / depth.bits(), ot % depth.bits());
        depth.position(delta, tree) >> (depth.bits() - 1 - level) & 1 == 0
    };
    Zeroizing::new((0..KAPPA).map(off_path).collect())
}

/// The XOR of all tags.
fn sum(tags: &[Tag]) -> Tag {
    tags.iter().fold([0; TAG_BYTES], |sum, tag| xor(&sum, tag))
}

fn xor(a: &Tag, b: &[u8]) -> Tag {
    std::array::from_fn(|i| a[i] ^ b[i])
}

/// Moves element `i` to `i ⊕ offset`; no memory access depends on `offset`.
fn permute(tags: &mut [Tag], offset: usize) {
    let mut distance = 1;
    while distance < tags.len() {
        // Out of the compiler's sight, which would otherwise be free to branch on the bit.
        let mask = std::hint::black_box(u8::from(offset & distance != 0).wrapping_neg());
        for square in tags.chunks_exact_mut(2 * distance) {
            let (low, high) = square.split_at_mut(distance);
            for (low, high) in low.as_flattened_mut().iter_mut().zip(high.as_flattened_mut()) {
                let swap = (*low ^ *high) & mask;
                *low ^= swap;
                *high ^= swap;
            }
        }
        distance *= 2;
    }
}

#[cfg(test)]
mod tests;
