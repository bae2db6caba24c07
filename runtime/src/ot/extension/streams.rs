//! The expanding leaves of all trees, folded into the columns of the two matrices.
//!
//! Leaf `x` of a tree is an AES-128 key; its stream is counter mode, one block for each tile (128 OTs) of the session.
//!
//! # Invariants
//! The counter of tiles is never reset.

use super::Depth;
use crate::block::Block;
use crate::kernel::transfer::{Leaves, Side, Tile};

/// The leaves and how far they have been expanded.
pub(super) struct Streams {
    leaves: Leaves,
    depth: Depth,
    next_tile: u64,
}

impl Streams {
    /// The streams of these leaves, from tile 0 on; `punctured` where leaf 0 of each tree is missing.
    pub(super) fn new(depth: Depth, leaves: &[Block], punctured: bool) -> Streams {
        Streams { leaves: Leaves::new(depth.bits(), leaves, punctured), depth, next_tile: 0 }
    }

    /// `k`.
    pub(super) const fn depth(&self) -> Depth {
        self.depth
    }

    /// The next tiles of all columns.
    pub(super) fn expand(&mut self, tiles: &mut [Tile], side: Side<'_>) {
        self.leaves.expand(self.next_tile, tiles, side);
        self.next_tile += tiles.len() as u64;
    }
}
