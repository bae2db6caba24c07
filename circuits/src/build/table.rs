//! The builder's table of gates: from operands to the node that combines them.
//!
//! Every node has a list of the gates whose later operand it is, threaded through one array: circuits are mostly local, so a gate, its
//! operands and their lists are in the cache, and nothing moves while the table grows. Nearly all lists are short. One that has
//! [`LIST_MAX`] gates takes no more; further gates go to a hash table (open addressing; a slot holds a gate's id and 32 bits of its
//! operands' hash, at most 3 of 4 slots are in use). XORs are found by their operands, ANDs by their operands' nodes, so that each pair is
//! multiplied once.

use crate::circuit::Node;
use crate::id::NodeId;

/// Gates in a list, at most.
const LIST_MAX: u32 = 8;

/// Slots of the hash table once it has any.
const SLOTS_MIN: usize = 64;

/// Ids of gates, by operands.
#[derive(Default)]
pub(super) struct Table {
    /// By node; as long as some list needs.
    links: Vec<Links>,
    /// What found no room in lists: `hash << 32 | id`. Node 0 is no gate: a slot that is 0 is free.
    slots: Vec<u64>,
    n_slots_used: usize,
}

/// A node's place in lists; 0 is no gate.
#[derive(Clone, Copy, Default)]
struct Links {
    /// The latest gate whose later operand this node is.
    first: u32,
    /// The gate before this one with the same later operand.
    next: u32,
}

/// Where a gate belongs that is not there; until the table changes.
pub(super) enum Vacancy {
    /// In the list of this node.
    List(u32),
    Slot {
        slot: usize,
        hash: u32,
    },
}

impl Table {
    /// Makes room for gates among the first `n_nodes` nodes.
    pub(super) fn reserve(&mut self, n_nodes: usize) {
        self.links.reserve(n_nodes.saturating_sub(self.links.len()));
    }

    /// The gate with the operands of `gate`, complements aside; or where it belongs.
    pub(super) fn find(&mut self, nodes: &[Node], gate: Node) -> Result<NodeId, Vacancy> {
        let wanted = key(gate);
        let later = later_operand(gate);
        let mut at = self.links.get(later as usize).map_or(0, |links| links.first);
        let mut n_passed = 0;
        while at != 0 {
            if key(nodes[at as usize]) == wanted {
                return Ok(NodeId(at));
            }
            n_passed += 1;
            at = self.links[at as usize].next;
        }
        if n_passed < LIST_MAX {
            return Err(Vacancy::List(later));
        }
        if (self.n_slots_used + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let hash = hash(wanted);
        for slot in places(hash, self.slots.len()) {
            let found = self.slots[slot];
            if found == 0 {
                return Err(Vacancy::Slot { slot, hash });
            }
            if (found >> 32) as u32 == hash && key(nodes[found as u32 as usize]) == wanted {
                return Ok(NodeId(found as u32));
            }
        }
        unreachable!("some slots are free")
    }

    /// Adds the gate that was not found.
    pub(super) fn insert(&mut self, vacancy: Vacancy, id: NodeId) {
        match vacancy {
            Vacancy::List(later) => {
                if self.links.len() <= id.0 as usize {
                    self.links.resize(id.0 as usize + 1, Links::default());
                }
                let next = std::mem::replace(&mut self.links[later as usize].first, id.0);
                self.links[id.0 as usize].next = next;
            }
            Vacancy::Slot { slot, hash } => {
                self.slots[slot] = u64::from(hash) << 32 | u64::from(id.0);
                self.n_slots_used += 1;
            }
        }
    }

    fn grow(&mut self) {
        let len = (self.slots.len() * 2).max(SLOTS_MIN);
        let old = std::mem::replace(&mut self.slots, vec![0; len]);
        for gate in old.into_iter().filter(|&gate| gate != 0) {
            let slot = places((gate >> 32) as u32, len).find(|&slot| self.slots[slot] == 0);
            self.slots[slot.expect("some slots are free")] = gate;
        }
    }
}

/// The slots where a gate with this hash may be, of `len`, in the order of the search.
fn places(hash: u32, len: usize) -> impl Iterator<Item = usize> {
    let mask = len - 1;
    (0..len).map(move |i| (hash as usize + i) & mask)
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

/// The node of the operand that comes later.
fn later_operand(gate: Node) -> u32 {
    (key(gate) as u32) >> 1
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

    fn and(earlier: u32, later: u32) -> Node {
        Node::And(Wire::new(NodeId(earlier), false), Wire::new(NodeId(later), false))
    }

    /// Nodes that are inputs but for the first, and a table of gates on them.
    struct Gates {
        nodes: Vec<Node>,
        table: Table,
    }

    impl Gates {
        fn new(n_inputs: u32) -> Gates {
            let mut nodes = vec![Node::Input; n_inputs as usize + 1];
            nodes[0] = Node::False;
            Gates { nodes, table: Table::default() }
        }

        fn add(&mut self, gate: Node) -> NodeId {
            let id = NodeId(self.nodes.len() as u32);
            let Err(vacancy) = self.table.find(&self.nodes, gate) else { panic!("the gate is not there yet") };
            self.table.insert(vacancy, id);
            self.nodes.push(gate);
            id
        }

        fn find(&mut self, gate: Node) -> Option<NodeId> {
            self.table.find(&self.nodes, gate).ok()
        }
    }

    /// So many gates of each kind with one later operand that most of them have no room in its list.
    #[test]
    fn gates_that_share_an_operand_are_all_found() {
        let n_inputs = 1_000;
        let mut gates = Gates::new(n_inputs);
        let all: Vec<Node> = (1..n_inputs)
            .flat_map(|earlier| {
                let [a, b] = [earlier, n_inputs].map(|input| Wire::new(NodeId(input), false));
                [Node::And(a, b), Node::Xor(a, b)]
            })
            .collect();
        let ids: Vec<NodeId> = all.iter().map(|&gate| gates.add(gate)).collect();
        for (gate, id) in all.into_iter().zip(ids) {
            assert_eq!(gates.find(gate), Some(id));
        }
        assert_eq!(gates.find(and(1, 2)), None);
    }

    /// Two ANDs of inputs with one hash, which the hash table looks for in the same places.
    #[test]
    fn gates_with_one_hash_are_two_gates() {
        let n_inputs = 2_000;
        let mut seen = HashMap::new();
        let mut pairs = (1..=n_inputs).flat_map(|later| (LIST_MAX + 1..later).map(move |earlier| (earlier, later)));
        let alike = pairs.find_map(|(earlier, later)| {
            let other = seen.insert(hash(key(and(earlier, later))), (earlier, later))?;
            Some([other, (earlier, later)])
        });
        let alike = alike.expect("so many pairs have some hash twice");
        let mut gates = Gates::new(n_inputs);
        for (_, later) in alike {
            for earlier in 1..=LIST_MAX {
                gates.add(and(earlier, later));
            }
        }
        let [first, second] = alike.map(|(earlier, later)| and(earlier, later));
        let id = gates.add(first);
        assert_eq!((gates.find(first), gates.find(second)), (Some(id), None));
    }
}
