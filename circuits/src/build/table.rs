//! The builder's table of gates: from operands to the node that combines them.
//!
//! Open addressing; a slot holds a node's id and 32 bits of its operands' hash, so that gates are looked at only where they
//! are the ones wanted. A gate's first place is a group of eight slots that belongs to its later operand: circuits are mostly
//! local, so these are in the cache. Where a group is full, the search goes on from the hash's place, slot by slot. At most 3 of
//! 4 slots are in use. XORs are found by their operands, ANDs by their operands' nodes, so that each pair is multiplied once.

use crate::circuit::Node;
use crate::id::NodeId;

/// Ids of gates, by operands.
#[derive(Default)]
pub(super) struct Table {
    /// `hash << 32 | id`. Node 0 is no gate: a slot that is 0 is free.
    slots: Vec<u64>,
    n_used: usize,
}

/// Where a gate belongs that is not there; until the table changes.
pub(super) struct Vacancy {
    slot: usize,
    hash: u32,
}

impl Table {
    /// An empty table with room for about so many gates.
    pub(super) fn with_capacity(n_gates: usize) -> Table {
        Table { slots: vec![0; (n_gates + n_gates / 2).next_power_of_two().max(LEN_MIN)], n_used: 0 }
    }

    /// The gate with the operands of `gate`, complements aside; or where it belongs.
    pub(super) fn find(&mut self, nodes: &[Node], gate: Node) -> Result<NodeId, Vacancy> {
        if (self.n_used + 1) * 4 > self.slots.len() * 3 {
            self.grow(nodes);
        }
        let wanted = key(gate);
        let hash = hash(wanted);
        for slot in places(wanted, self.slots.len()) {
            let found = self.slots[slot];
            if found == 0 {
                return Err(Vacancy { slot, hash });
            }
            if (found >> 32) as u32 == hash && key(nodes[found as u32 as usize]) == wanted {
                return Ok(NodeId(found as u32));
            }
        }
        unreachable!("some slots are free")
    }

    /// Adds the gate that was not found.
    pub(super) fn insert(&mut self, vacancy: Vacancy, id: NodeId) {
        self.slots[vacancy.slot] = u64::from(vacancy.hash) << 32 | u64::from(id.0);
        self.n_used += 1;
    }

    fn grow(&mut self, nodes: &[Node]) {
        let len = (self.slots.len() * 2).max(LEN_MIN);
        let old = std::mem::replace(&mut self.slots, vec![0; len]);
        for gate in old.into_iter().filter(|&gate| gate != 0) {
            let slot = places(key(nodes[gate as u32 as usize]), len).find(|&slot| self.slots[slot] == 0);
            self.slots[slot.expect("some slots are free")] = gate;
        }
    }
}

/// The slots where the gate with this key may be, of `len`, in the order of the search.
fn places(key: u64, len: usize) -> impl Iterator<Item = usize> {
    let (hash, mask) = (hash(key) as usize, len - 1);
    // Two slots for each operand: a key's low half is twice the later one's id, and the kind.
    let group = key as u32 as usize & mask & !(GROUP - 1);
    let near = (0..GROUP).map(move |i| group | (((hash >> 24) + i) % GROUP));
    near.chain((0..len).map(move |i| (hash + i) & mask))
}

/// Slots of a cache line.
const GROUP: usize = 8;

const LEN_MIN: usize = 64;

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
fn hash(key: u64) -> u32 {
    let product = u128::from(key) * 0x9e37_79b9_7f4a_7c15;
    ((product >> 64) as u64 ^ product as u64) as u32
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::id::Wire;

    /// Two ANDs of inputs with one hash, which a small table looks for in the same places.
    fn alike(n_inputs: u32) -> Option<[Node; 2]> {
        let mut seen = HashMap::new();
        for later in 2..=n_inputs {
            for earlier in 1..later {
                let gate = Node::And(Wire::new(NodeId(earlier), false), Wire::new(NodeId(later), false));
                let group = places(key(gate), LEN_MIN).next();
                if let Some(other) = seen.insert((hash(key(gate)), group), gate) {
                    return Some([other, gate]);
                }
            }
        }
        None
    }

    #[test]
    fn gates_with_one_hash_are_two_gates() {
        let n_inputs = 2_000;
        let [first, second] = alike(n_inputs).expect("so many pairs have some hash twice");
        let mut nodes = vec![Node::Input; n_inputs as usize + 1];
        nodes[0] = Node::False;
        let mut table = Table::default();
        let vacancy = table.find(&nodes, first).expect_err("nothing is there");
        table.insert(vacancy, NodeId(nodes.len() as u32));
        nodes.push(first);
        assert_eq!(table.find(&nodes, first).ok(), Some(NodeId(n_inputs + 1)));
        assert!(table.find(&nodes, second).is_err());
    }
}
