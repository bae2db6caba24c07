//! Cuts: for each node, sets of at most four nodes that determine it, with the function that they determine it by.
//!
//! Cuts of a gate are unions of one cut of each operand; every node also is a cut of itself, which is not stored. The few
//! with the fewest leaves are kept: where paths meet again, sharing makes small cuts of large cones. To bound memory, only
//! the last [`NODES_MAX`] nodes keep their cuts.

use super::table::VARIABLES;
use crate::circuit::Node;
use crate::id::Wire;

/// The most leaves of a cut.
pub(super) const LEAVES_MAX: usize = 4;

/// The most cuts of a node that are kept.
pub(super) const CUTS_MAX: usize = 8;

/// Nodes that determine a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Cut {
    leaves: [u32; LEAVES_MAX],
    n_leaves: u8,
    /// The leaves as a set of numbers modulo 32: tells most sets apart quickly.
    signature: u32,
    /// The function of the leaves, the first being variable 0; it does not depend on variables beyond the leaves.
    pub(super) table: u16,
}

impl Cut {
    fn of_itself(node: u32) -> Cut {
        Cut { leaves: [node, 0, 0, 0], n_leaves: 1, signature: 1 << (node % 32), table: VARIABLES[0] }
    }

    /// The leaves, ascending.
    pub(super) fn leaves(&self) -> &[u32] {
        &self.leaves[..usize::from(self.n_leaves)]
    }

    /// The union of the leaves, if there are few enough.
    fn union(&self, other: &Cut) -> Option<Cut> {
        let signature = self.signature | other.signature;
        if signature.count_ones() as usize > LEAVES_MAX {
            return None;
        }
        let (a, b) = (self.leaves(), other.leaves());
        let mut union = Cut { signature, ..Cut::default() };
        let (mut i, mut j, mut n) = (0, 0, 0);
        while i < a.len() || j < b.len() {
            let take_a = j == b.len() || (i < a.len() && a[i] <= b[j]);
            let leaf = if take_a { a[i] } else { b[j] };
            if n == LEAVES_MAX {
                return None;
            }
            union.leaves[n] = leaf;
            n += 1;
            i += usize::from(i < a.len() && a[i] == leaf);
            j += usize::from(j < b.len() && b[j] == leaf);
        }
        union.n_leaves = n as u8;
        Some(union)
    }

    /// The cut's function in terms of the leaves of `wider`, which has all of this cut's.
    fn table_in(&self, wider: &Cut) -> u16 {
        let mut table = self.table;
        let mut to = wider.leaves().len();
        for from in (0..self.leaves().len()).rev() {
            to -= 1;
            while wider.leaves[to] != self.leaves[from] {
                to -= 1;
            }
            table = swap_variables(table, from, to);
        }
        table
    }

    fn is_within(&self, other: &Cut) -> bool {
        self.signature & !other.signature == 0 && self.leaves().iter().all(|leaf| other.leaves().contains(leaf))
    }
}

/// The function with variables `i ≤ j` exchanged.
fn swap_variables(table: u16, i: usize, j: usize) -> u16 {
    if i == j {
        return table;
    }
    let shift = (1 << j) - (1 << i);
    let only_i = VARIABLES[i] & !VARIABLES[j];
    let moved = (table ^ table >> shift) & only_i;
    table ^ moved ^ moved << shift
}

/// Nodes that keep their cuts: about 200 MB.
const NODES_MAX: usize = 1 << 20;

/// The cuts of the last nodes.
#[derive(Default)]
pub(super) struct Cuts {
    n_nodes: usize,
    /// Of each node, modulo [`NODES_MAX`], its cuts.
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Default)]
struct Row {
    cuts: [Cut; CUTS_MAX],
    n_cuts: usize,
}

impl Cuts {
    /// Nodes so far.
    pub(super) fn n_nodes(&self) -> usize {
        self.n_nodes
    }

    /// The cuts of a node, as far as they are kept.
    pub(super) fn of(&self, node: u32) -> &[Cut] {
        let node = node as usize;
        if node + NODES_MAX < self.n_nodes {
            return &[];
        }
        let row = &self.rows[node % NODES_MAX];
        &row.cuts[..row.n_cuts]
    }

    /// Adds the next node, whose operands are there.
    pub(super) fn push(&mut self, node: Node) {
        let row = match node {
            Node::And(a, b) => self.unions(a, b, true),
            Node::Xor(a, b) => self.unions(a, b, false),
            _ => Row::default(),
        };
        if self.n_nodes < NODES_MAX {
            self.rows.push(row);
        } else {
            self.rows[self.n_nodes % NODES_MAX] = row;
        }
        self.n_nodes += 1;
    }

    fn unions(&self, a: Wire, b: Wire, is_and: bool) -> Row {
        let mut row = Row::default();
        let (own_a, own_b) = (Cut::of_itself(a.node().0), Cut::of_itself(b.node().0));
        for cut_a in self.of(a.node().0).iter().chain([&own_a]) {
            for cut_b in self.of(b.node().0).iter().chain([&own_b]) {
                let Some(mut cut) = cut_a.union(cut_b) else { continue };
                if row.has_no_use_for(&cut) {
                    continue;
                }
                let table_a = cut_a.table_in(&cut) ^ complement(a);
                let table_b = cut_b.table_in(&cut) ^ complement(b);
                cut.table = if is_and { table_a & table_b } else { table_a ^ table_b };
                row.insert(cut);
            }
        }
        row
    }
}

impl Row {
    /// Whether a better cut is there, or only better ones and no room.
    fn has_no_use_for(&self, cut: &Cut) -> bool {
        let is_full = self.n_cuts == CUTS_MAX && self.cuts[CUTS_MAX - 1].n_leaves <= cut.n_leaves;
        is_full || self.cuts[..self.n_cuts].iter().any(|other| other.is_within(cut))
    }

    /// Inserts a cut, fewest leaves first; those that it makes needless go, and the worst where there is no room.
    fn insert(&mut self, cut: Cut) {
        let mut n_kept = 0;
        for i in 0..self.n_cuts {
            if !cut.is_within(&self.cuts[i]) {
                self.cuts[n_kept] = self.cuts[i];
                n_kept += 1;
            }
        }
        let place = self.cuts[..n_kept].partition_point(|other| other.n_leaves <= cut.n_leaves);
        let end = n_kept.min(CUTS_MAX - 1);
        self.cuts.copy_within(place..end, place + 1);
        self.cuts[place] = cut;
        self.n_cuts = end + 1;
    }
}

fn complement(wire: Wire) -> u16 {
    if wire.is_complemented() { u16::MAX } else { 0 }
}

#[cfg(test)]
mod tests;
