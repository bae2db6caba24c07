//! The expanding leaves of all trees, folded into the columns of the two matrices.
//!
//! Leaf `x` of a tree is an AES-128 key; its stream is counter mode, one block for each tile (128 OTs) of the session.
//!
//! # Invariants
//! The counter of tiles is never reset.

use aes::Aes128Enc;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

use super::Depth;
use crate::block::Block;
use crate::kernel::transfer::{GROUP, Stream, Tile, fold};

/// Bits of a leaf's number that are folded at one go: as many streams as the first cache holds.
const FOLD_BITS: usize = 4;

/// The leaves and how far they have been expanded.
pub(super) struct Streams {
    keys: Vec<Aes128Enc>,
    /// Whether leaf 0 of each tree is missing.
    punctured: bool,
    depth: Depth,
    next_tile: u64,
}

/// One tree's contribution to a group of tiles.
pub(super) struct Part<'a> {
    /// Which tree.
    pub(super) tree: usize,
    /// Number of the group's first tile among those that are expanded.
    pub(super) first_tile: usize,
    /// For each tile, the XOR of all leaves that are there.
    pub(super) parity: &'a [[u8; 16]],
    /// For each bit of the leaves' numbers and each tile, the XOR of the leaves that have it.
    pub(super) columns: &'a mut [Stream],
}

/// Room for one tree's part of a group.
struct Scratch {
    streams: Zeroizing<Vec<Stream>>,
    parities: Zeroizing<Vec<Stream>>,
    columns: Zeroizing<Vec<Stream>>,
}

impl Streams {
    /// The streams of these leaves, from tile 0 on.
    pub(super) fn new(depth: Depth, leaves: &[Block], punctured: bool) -> Streams {
        let keys = leaves.iter().map(|leaf| Aes128Enc::new(&leaf.to_bytes().into())).collect();
        Streams { keys, punctured, depth, next_tile: 0 }
    }

    /// `k`.
    pub(super) const fn depth(&self) -> Depth {
        self.depth
    }

    /// The next tiles of all columns; `visit` sees and may change each tree's part.
    pub(super) fn expand(&mut self, tiles: &mut [Tile], mut visit: impl FnMut(Part<'_>)) {
        let mut scratch = Scratch::new(self.depth);
        for (group, tiles) in tiles.chunks_mut(GROUP).enumerate() {
            for tree in 0..self.depth.trees() {
                self.fold_tree(tree, tiles.len(), &mut scratch);
                let parity = &scratch.parities[0][..tiles.len()];
                let columns = &mut scratch.columns[..];
                visit(Part { tree, first_tile: group * GROUP, parity, columns });
                scatter(&scratch.columns, tree * self.depth.bits(), tiles);
            }
            self.next_tile += tiles.len() as u64;
        }
    }

    /// One tree's columns, and its parity in parity 0, for the next `n` tiles.
    fn fold_tree(&self, tree: usize, n: usize, scratch: &mut Scratch) {
        let keys = &self.keys[tree * self.depth.leaves()..][..self.depth.leaves()];
        let counters: [[u8; 16]; GROUP] = std::array::from_fn(|i| u128::from(self.next_tile + i as u64).to_le_bytes());
        scratch.columns.fill([[0; 16]; GROUP]);
        let (low, high) = scratch.columns.split_at_mut(FOLD_BITS.min(self.depth.bits()));
        for (i, keys) in keys.chunks(1 << low.len()).enumerate() {
            for (key, stream) in keys.iter().zip(scratch.streams.iter_mut()) {
                stream[..n].copy_from_slice(&counters[..n]);
                key.encrypt_blocks(aes::Block::cast_slice_from_core_mut(&mut stream[..n]));
            }
            if self.punctured && i == 0 {
                scratch.streams[0] = [[0; 16]; GROUP];
            }
            fold(&mut scratch.streams, low);
            scratch.parities[i] = scratch.streams[0];
        }
        fold(&mut scratch.parities, high);
    }
}

impl Scratch {
    fn new(depth: Depth) -> Scratch {
        let streams = |n| Zeroizing::new(vec![[[0; 16]; GROUP]; n]);
        let low = FOLD_BITS.min(depth.bits());
        Scratch { streams: streams(1 << low), parities: streams(depth.leaves() >> low), columns: streams(depth.bits()) }
    }
}

/// Writes a tree's columns into the tiles, from column `first` on.
fn scatter(columns: &[Stream], first: usize, tiles: &mut [Tile]) {
    for (i, tile) in tiles.iter_mut().enumerate() {
        for (target, column) in tile[first..].iter_mut().zip(columns) {
            *target = Block::from_bytes(column[i]);
        }
    }
}
