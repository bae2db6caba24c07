//! Cuts: for each node, sets of at most four nodes that determine it, with the function that they determine it by.
//!
//! Cuts of a gate are unions of one cut of each operand, and the gate itself. The few with the fewest leaves are kept:
//! where paths meet again, sharing makes small cuts of large cones.

use super::table::VARIABLES;
use crate::circuit::Node;
use crate::id::Wire;

/// The most leaves of a cut.
pub(super) const LEAVES_MAX: usize = 4;

/// The most cuts of a node, besides the node itself.
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

/// The cuts of all nodes so far.
#[derive(Default)]
pub(super) struct Cuts {
    /// Of each node, where its cuts end in `cuts`.
    ends: Vec<u32>,
    cuts: Vec<Cut>,
}

impl Cuts {
    /// Nodes so far.
    pub(super) fn n_nodes(&self) -> usize {
        self.ends.len()
    }

    /// The cuts of a node, the last of which is the node itself.
    pub(super) fn of(&self, node: u32) -> &[Cut] {
        let start = (node as usize).checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.cuts[start..self.ends[node as usize] as usize]
    }

    /// Adds the next node, whose operands are there.
    pub(super) fn push(&mut self, node: Node) {
        let start = self.cuts.len();
        let id = self.ends.len() as u32;
        if let Node::And(a, b) | Node::Xor(a, b) = node {
            let is_and = matches!(node, Node::And(..));
            self.push_unions(start, a, b, is_and);
        }
        self.cuts.push(Cut::of_itself(id));
        self.ends.push(self.cuts.len() as u32);
    }

    fn push_unions(&mut self, start: usize, a: Wire, b: Wire, is_and: bool) {
        let mut found = [Cut::default(); CUTS_MAX];
        let mut n_found = 0;
        for cut_a in self.of(a.node().0) {
            for cut_b in self.of(b.node().0) {
                let Some(mut cut) = cut_a.union(cut_b) else { continue };
                let is_full = n_found == CUTS_MAX && found[CUTS_MAX - 1].n_leaves <= cut.n_leaves;
                if is_full || found[..n_found].iter().any(|other| other.is_within(&cut)) {
                    continue;
                }
                let table_a = cut_a.table_in(&cut) ^ complement(a);
                let table_b = cut_b.table_in(&cut) ^ complement(b);
                cut.table = if is_and { table_a & table_b } else { table_a ^ table_b };
                insert(&mut found, &mut n_found, cut);
            }
        }
        debug_assert_eq!(start, self.cuts.len());
        self.cuts.extend_from_slice(&found[..n_found]);
    }
}

fn complement(wire: Wire) -> u16 {
    if wire.is_complemented() { u16::MAX } else { 0 }
}

/// Inserts a cut among those found, fewest leaves first; the worst falls out where there is no room.
fn insert(found: &mut [Cut; CUTS_MAX], n_found: &mut usize, cut: Cut) {
    let mut kept = 0;
    for i in 0..*n_found {
        if !cut.is_within(&found[i]) {
            found[kept] = found[i];
            kept += 1;
        }
    }
    let place = found[..kept].partition_point(|other| other.n_leaves <= cut.n_leaves);
    if place == CUTS_MAX {
        *n_found = kept;
        return;
    }
    let end = kept.min(CUTS_MAX - 1);
    found.copy_within(place..end, place + 1);
    found[place] = cut;
    *n_found = end + 1;
}

#[cfg(test)]
mod tests;
