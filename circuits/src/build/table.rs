//! The builder's table of gates: from operands to the node that combines them.
//!
//! Open addressing over node ids alone: 4 bytes a slot, at most 3 of 4 slots in use. XORs are found by their operands,
//! ANDs by their operands' nodes, so that each pair is multiplied once.

use crate::circuit::Node;
use crate::id::NodeId;

/// Ids of gates, by operands. Node 0 is no gate and marks a free slot.
#[derive(Default)]
pub(super) struct Table {
    slots: Vec<u32>,
    n_used: usize,
}

impl Table {
    /// The gate with the operands of `gate`, complements aside.
    pub(super) fn find(&self, nodes: &[Node], gate: Node) -> Option<NodeId> {
        if self.slots.is_empty() {
            return None;
        }
        let slot = self.slot(nodes, key(gate));
        (self.slots[slot] != 0).then_some(NodeId(self.slots[slot]))
    }

    /// Adds a gate whose operands are not there yet.
    pub(super) fn insert(&mut self, nodes: &[Node], id: NodeId) {
        if (self.n_used + 1) * 4 > self.slots.len() * 3 {
            self.grow(nodes);
        }
        let slot = self.slot(nodes, key(nodes[id.0 as usize]));
        self.slots[slot] = id.0;
        self.n_used += 1;
    }

    fn grow(&mut self, nodes: &[Node]) {
        let len = (self.slots.len() * 2).max(64);
        let old = std::mem::replace(&mut self.slots, vec![0; len]);
        for id in old.into_iter().filter(|&id| id != 0) {
            let slot = self.slot(nodes, key(nodes[id as usize]));
            self.slots[slot] = id;
        }
    }

    /// The slot that holds the gate with this key, or the free one where it belongs.
    fn slot(&self, nodes: &[Node], wanted: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(wanted) as usize & mask;
        while self.slots[slot] != 0 && key(nodes[self.slots[slot] as usize]) != wanted {
            slot = (slot + 1) & mask;
        }
        slot
    }
}

/// Both operands' nodes (31 bits each), and the kind of gate.
fn key(node: Node) -> u64 {
    let pair = |a: NodeId, b: NodeId| u64::from(a.0) << 32 | u64::from(b.0) << 1;
    match node {
        Node::And(a, b) => pair(a.node(), b.node()) | 1,
        Node::Xor(a, b) => pair(a.node(), b.node()),
        Node::False | Node::Input | Node::Result { .. } => unreachable!("only gates are looked up"),
    }
}

/// Multiply and fold: the high half of the product depends on every bit of the key.
fn hash(key: u64) -> u64 {
    let product = u128::from(key) * 0x9e37_79b9_7f4a_7c15;
    (product >> 64) as u64 ^ product as u64
}
