//! Which gates of a block become operations, and what they are of: most XORs need no slot of their own.
//!
//! An XOR that few gates read is not computed: those that read it read its operands instead. An XOR of an AND that nobody else reads is
//! computed together with it ([`AndXor`](crate::plan::AndXor)). What is left are *operations*: sums of two or three values, and ANDs. An
//! operation belongs to the node whose value it gives.
//!
//! ANDs with XORs around them take more loads than plain ones. So there are two covers of a block, and the one that touches labels and indices
//! less often is taken: `(a ⊕ c) ∧ (b ⊕ c) ⊕ c`, one bit of an adder, touches eleven in place of twenty-four.

use crate::circuit::{Block, Node};
use crate::id::Wire;

/// Labels and indices that a plain AND reads and writes.
const AND_COST: u64 = 6;
/// And one with XORs around it, whatever it adds.
const AND_XOR_COST: u64 = 12;
/// Sums that read an XOR in the form of its operands, at most: for each of them that costs a label and an index more.
const READERS_MAX: u32 = 2;

/// What is computed at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Nothing: it is an input or a result, is part of another operation, or is not needed.
    None,
    /// The sum of its terms.
    Xor,
    /// The product of its first terms and the others.
    And,
    /// The product of the sums of its first `a` terms and its next `b` terms, plus one more if there is one.
    AndXor {
        /// 1 or 2.
        a: u8,
        /// 1 or 2.
        b: u8,
    },
}

/// The operations of a block.
pub(super) struct Cover {
    operations: Vec<Operation>,
    /// Where each node's terms start, and where the last's end.
    starts: Vec<u32>,
    terms: Vec<Wire>,
    /// For each node, how often operations, calls and outputs read it; [`PINNED`] if an output does.
    pub(super) uses: Vec<u32>,
}

/// More uses than are counted.
pub(super) const PINNED: u32 = u32::MAX;

impl Cover {
    /// The cheaper cover of `block`. ANDs for which `is_plain` get no XORs around them.
    pub(super) fn new(block: &Block, is_plain: impl Fn(Wire, Wire) -> bool) -> Cover {
        let uses = count_uses(block);
        let plain = Coverer::new(block, &uses, |_, _| true).run();
        let fused = Coverer::new(block, &uses, is_plain).run();
        let mut cover = if fused.cost() < plain.cost() { fused } else { plain };
        cover.uses = cover.count_uses(block);
        cover
    }

    pub(super) fn operation(&self, node: u32) -> Operation {
        self.operations[node as usize]
    }

    /// What the operation at `node` reads.
    pub(super) fn terms(&self, node: u32) -> &[Wire] {
        &self.terms[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }

    fn cost(&self) -> u64 {
        let costs = self.operations.iter().enumerate().map(|(node, operation)| match operation {
            Operation::None => 0,
            Operation::Xor => 2 + 2 * self.terms(node as u32).len() as u64,
            Operation::And => AND_COST,
            Operation::AndXor { .. } => AND_XOR_COST,
        });
        costs.sum()
    }

    /// How often each node is read.
    fn count_uses(&self, block: &Block) -> Vec<u32> {
        let mut uses = vec![0; self.operations.len()];
        count(&mut uses, &self.terms);
        for call in live_calls(block, &self.uses) {
            count(&mut uses, &call.args);
        }
        // Results that nobody reads in the circuit are not read here either, and have no operation.
        block.outputs.iter().for_each(|wire| uses[wire.node().0 as usize] = PINNED);
        uses
    }
}

/// Chooses the operations of a block.
struct Coverer<'a, F> {
    block: &'a Block,
    /// How often gates, calls and outputs read each node.
    uses: &'a [u32],
    is_plain: F,
    /// For each XOR that has no slot, the two nodes it is the sum of.
    parts: Vec<Option<[Wire; 2]>>,
    /// For each AND that is computed together with the XOR that reads it.
    is_absorbed: Vec<bool>,
    /// For each node, how many sums read it, and whether something else does that must find it in a slot.
    readers: Vec<Readers>,
}

#[derive(Clone, Copy, Default)]
struct Readers {
    n_sums: u32,
    needs_slot: bool,
}

impl<'a, F: Fn(Wire, Wire) -> bool> Coverer<'a, F> {
    fn new(block: &'a Block, uses: &'a [u32], is_plain: F) -> Self {
        let n = block.nodes.len();
        Coverer {
            block,
            uses,
            is_plain,
            parts: vec![None; n],
            is_absorbed: vec![false; n],
            readers: vec![Readers::default(); n],
        }
    }

    fn run(mut self) -> Cover {
        self.absorb();
        self.count_readers();
        self.choose_parts();
        self.cover()
    }

    /// Whether `node` is an AND that may have XORs around it.
    fn is_open_and(&self, node: usize) -> bool {
        matches!(self.block.nodes[node], Node::And(a, b) if !(self.is_plain)(a, b))
    }

    /// Finds ANDs that are read by one XOR alone.
    fn absorb(&mut self) {
        for (node, kind) in self.block.nodes.iter().enumerate() {
            let Node::Xor(a, b) = *kind else { continue };
            if self.uses[node] > 0
                && let Some(and) = self.absorbed_by(a, b)
            {
                self.is_absorbed[and.node().0 as usize] = true;
            }
        }
    }

    /// The AND that the XOR of `a` and `b` is computed together with; the later one if both could be.
    fn absorbed_by(&self, a: Wire, b: Wire) -> Option<Wire> {
        let can = |wire: Wire| self.is_open_and(wire.node().0 as usize) && self.uses[wire.node().0 as usize] == 1;
        [a, b].into_iter().filter(|&wire| can(wire)).max_by_key(|wire| wire.node().0)
    }

    fn count_readers(&mut self) {
        for (node, kind) in self.block.nodes.iter().enumerate() {
            if self.uses[node] == 0 {
                continue;
            }
            match *kind {
                Node::Xor(a, b) => match self.absorbed_by(a, b) {
                    Some(and) => {
                        let other = if and == a { b } else { a };
                        self.readers[other.node().0 as usize].needs_slot = true;
                    }
                    None => [a, b].iter().for_each(|wire| self.readers[wire.node().0 as usize].n_sums += 1),
                },
                Node::And(a, b) if (self.is_plain)(a, b) => self.need_slots(&[a, b]),
                _ => {}
            }
        }
        for call in live_calls(self.block, self.uses) {
            self.need_slots(&call.args);
        }
        self.need_slots(&self.block.outputs);
    }

    fn need_slots(&mut self, wires: &[Wire]) {
        wires.iter().for_each(|wire| self.readers[wire.node().0 as usize].needs_slot = true);
    }

    /// Finds XORs of two values that have slots, and that may be read in the form of those. No sum is left with two of them as operands.
    fn choose_parts(&mut self) {
        for (node, kind) in self.block.nodes.iter().enumerate() {
            let Node::Xor(a, b) = *kind else { continue };
            let Readers { n_sums, needs_slot } = self.readers[node];
            if self.uses[node] > 0 && [a, b].iter().all(|wire| self.parts[wire.node().0 as usize].is_some()) {
                let more_read = [a, b].into_iter().max_by_key(|wire| self.readers[wire.node().0 as usize].n_sums);
                more_read.into_iter().for_each(|wire| self.parts[wire.node().0 as usize] = None);
            }
            let can_read = self.uses[node] > 0 && !needs_slot && n_sums <= READERS_MAX;
            let has_slots = [a, b].iter().all(|wire| self.parts[wire.node().0 as usize].is_none());
            if can_read && has_slots && self.absorbed_by(a, b).is_none() {
                self.parts[node] = Some([a, b]);
            }
        }
    }

    /// The values with slots whose sum `wire` is, its complement at the first.
    fn expand(&self, wire: Wire, into: &mut Vec<Wire>) {
        match self.parts[wire.node().0 as usize] {
            Some([a, b]) => into.extend([if wire.is_complemented() { !a } else { a }, b]),
            None => into.push(wire),
        }
    }

    fn cover(mut self) -> Cover {
        let n = self.block.nodes.len();
        let mut cover = Cover {
            operations: vec![Operation::None; n],
            starts: Vec::with_capacity(n + 1),
            terms: Vec::with_capacity(2 * n),
            uses: self.uses.to_vec(),
        };
        // Sums whose terms cancel out are left as they were: their operands get slots after all.
        let mut terms = Vec::new();
        for node in 0..n {
            if let Node::Xor(a, b) = self.block.nodes[node] {
                terms.clear();
                self.expand(a, &mut terms);
                self.expand(b, &mut terms);
                if !all_different(&terms) {
                    [a, b].iter().for_each(|wire| self.parts[wire.node().0 as usize] = None);
                }
            }
        }
        for node in 0..n {
            cover.starts.push(cover.terms.len() as u32);
            cover.operations[node] = self.operation(node, &mut cover.terms);
        }
        cover.starts.push(cover.terms.len() as u32);
        cover
    }

    fn operation(&self, node: usize, terms: &mut Vec<Wire>) -> Operation {
        if self.uses[node] == 0 || self.is_absorbed[node] || self.parts[node].is_some() {
            return Operation::None;
        }
        match self.block.nodes[node] {
            Node::Xor(a, b) => match self.absorbed_by(a, b) {
                Some(and) => {
                    let Node::And(x, y) = self.block.nodes[and.node().0 as usize] else { unreachable!("it is an AND") };
                    let operation = self.and_xor(x, y, terms);
                    terms.push(if and == a { b } else { a });
                    operation
                }
                None => {
                    self.expand(a, terms);
                    self.expand(b, terms);
                    Operation::Xor
                }
            },
            Node::And(a, b) if (self.is_plain)(a, b) => {
                terms.extend([a, b]);
                Operation::And
            }
            Node::And(a, b) => self.and_xor(a, b, terms),
            _ => Operation::None,
        }
    }

    fn and_xor(&self, a: Wire, b: Wire, terms: &mut Vec<Wire>) -> Operation {
        let start = terms.len();
        self.expand(a, terms);
        let middle = terms.len();
        self.expand(b, terms);
        Operation::AndXor { a: (middle - start) as u8, b: (terms.len() - middle) as u8 }
    }
}

fn all_different(wires: &[Wire]) -> bool {
    wires.iter().enumerate().all(|(i, wire)| wires[..i].iter().all(|other| other.node() != wire.node()))
}

/// Calls of which a result is read.
fn live_calls<'a>(block: &'a Block, uses: &'a [u32]) -> impl Iterator<Item = &'a crate::circuit::Call> {
    block.calls.iter().filter(|call| {
        let first = call.first_result.0 as usize;
        uses[first..first + call.n_results as usize].iter().any(|&n| n > 0)
    })
}

/// How often each node is read by nodes that matter; outputs are read at the end, hence pinned.
fn count_uses(block: &Block) -> Vec<u32> {
    let mut uses = vec![0u32; block.nodes.len()];
    for wire in &block.outputs {
        uses[wire.node().0 as usize] = PINNED;
    }
    for (node, kind) in block.nodes.iter().enumerate().rev() {
        match *kind {
            Node::And(a, b) | Node::Xor(a, b) if uses[node] > 0 => count(&mut uses, &[a, b]),
            Node::Result { call, index: 0 } => {
                let call = &block.calls[call as usize];
                if uses[node..node + call.n_results as usize].iter().any(|&n| n > 0) {
                    count(&mut uses, &call.args);
                }
            }
            _ => {}
        }
    }
    uses
}

fn count(uses: &mut [u32], wires: &[Wire]) {
    for wire in wires {
        let n = &mut uses[wire.node().0 as usize];
        *n = n.saturating_add(1);
    }
}
