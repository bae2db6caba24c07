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
        let plain = Coverer::new(block, &uses, |_, _| true);
        let plain_cost = plain.cost();
        let fused = Coverer::new(block, &uses, is_plain);
        let mut cover = if fused.cost() < plain_cost {
            drop(plain);
            fused.cover()
        } else {
            drop(fused);
            plain.cover()
        };
        cover.uses = cover.count_uses(block, uses);
        cover
    }

    pub(super) fn operation(&self, node: u32) -> Operation {
        self.operations[node as usize]
    }

    /// What the operation at `node` reads.
    pub(super) fn terms(&self, node: u32) -> &[Wire] {
        &self.terms[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }

    /// How often each node is read.
    fn count_uses(&self, block: &Block, circuit_uses: Vec<u32>) -> Vec<u32> {
        let mut uses = vec![0; self.operations.len()];
        count(&mut uses, &self.terms);
        for call in live_calls(block, &circuit_uses) {
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
    nodes: Vec<Marks>,
}

/// What is decided of a node; in bits, because there are many.
#[derive(Clone, Copy, Default)]
struct Marks(u32);

impl Marks {
    /// It is an AND that may have XORs around it, and only one gate reads it.
    const ABSORBABLE: u32 = 1 << 31;
    /// It is an AND that is computed together with the XOR that reads it.
    const ABSORBED: u32 = 1 << 30;
    /// It is an XOR that has no slot: it is read as the two nodes that it is the sum of.
    const IN_PARTS: u32 = 1 << 29;
    /// Something reads it that must find it in a slot.
    const NEEDS_SLOT: u32 = 1 << 28;
    /// The sums that read it, in the bits below.
    const N_SUMS: u32 = (1 << 28) - 1;

    fn has(self, mark: u32) -> bool {
        self.0 & mark != 0
    }

    fn set(&mut self, mark: u32) {
        self.0 |= mark;
    }

    fn n_sums(self) -> u32 {
        self.0 & Marks::N_SUMS
    }

    fn add_sum(&mut self) {
        self.0 += u32::from(self.n_sums() < Marks::N_SUMS);
    }
}

impl<'a, F: Fn(Wire, Wire) -> bool> Coverer<'a, F> {
    fn new(block: &'a Block, uses: &'a [u32], is_plain: F) -> Self {
        let mut coverer = Coverer { block, uses, is_plain, nodes: vec![Marks::default(); block.nodes.len()] };
        coverer.absorb();
        coverer.count_readers();
        coverer.choose_parts();
        coverer
    }

    fn marks(&self, wire: Wire) -> Marks {
        self.nodes[wire.node().0 as usize]
    }

    /// Finds ANDs that are read by one XOR alone.
    fn absorb(&mut self) {
        for (node, kind) in self.block.nodes.iter().enumerate() {
            match *kind {
                Node::And(a, b) if self.uses[node] == 1 && !(self.is_plain)(a, b) => {
                    self.nodes[node].set(Marks::ABSORBABLE);
                }
                Node::Xor(a, b) if self.uses[node] > 0 => {
                    if let Some(and) = self.absorbed_by(a, b) {
                        self.nodes[and.node().0 as usize].set(Marks::ABSORBED);
                    }
                }
                _ => {}
            }
        }
    }

    /// The AND that the XOR of `a` and `b` is computed together with; the later one if both could be.
    fn absorbed_by(&self, a: Wire, b: Wire) -> Option<Wire> {
        // An XOR's second operand is the later one.
        [b, a].into_iter().find(|&wire| self.marks(wire).has(Marks::ABSORBABLE))
    }

    fn count_readers(&mut self) {
        for (node, kind) in self.block.nodes.iter().enumerate() {
            if self.uses[node] == 0 {
                continue;
            }
            match *kind {
                Node::Xor(a, b) => match self.absorbed_by(a, b) {
                    Some(and) => self.need_slots(&[if and == a { b } else { a }]),
                    None => [a, b].iter().for_each(|wire| self.nodes[wire.node().0 as usize].add_sum()),
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
        wires.iter().for_each(|wire| self.nodes[wire.node().0 as usize].set(Marks::NEEDS_SLOT));
    }

    /// Finds XORs of two values that have slots, and that may be read in the form of those. No sum is left with two of them as operands, nor
    /// with terms that cancel out.
    fn choose_parts(&mut self) {
        for (node, kind) in self.block.nodes.iter().enumerate() {
            let Node::Xor(a, b) = *kind else { continue };
            let marks = self.nodes[node];
            if self.uses[node] > 0 && [a, b].iter().all(|&wire| self.marks(wire).has(Marks::IN_PARTS)) {
                let more_read = if self.marks(a).n_sums() > self.marks(b).n_sums() { a } else { b };
                self.keep_whole(more_read);
            }
            let can_read = self.uses[node] > 0 && !marks.has(Marks::NEEDS_SLOT) && marks.n_sums() <= READERS_MAX;
            let has_slots = [a, b].iter().all(|&wire| !self.marks(wire).has(Marks::IN_PARTS));
            if can_read && has_slots && self.absorbed_by(a, b).is_none() {
                self.nodes[node].set(Marks::IN_PARTS);
            }
        }
        let mut terms = Vec::new();
        for kind in &self.block.nodes {
            if let Node::Xor(a, b) = *kind {
                terms.clear();
                self.expand(a, &mut terms);
                self.expand(b, &mut terms);
                if !all_different(&terms) {
                    [a, b].iter().for_each(|&wire| self.keep_whole(wire));
                }
            }
        }
    }

    fn keep_whole(&mut self, wire: Wire) {
        self.nodes[wire.node().0 as usize].0 &= !Marks::IN_PARTS;
    }

    /// The values with slots whose sum `wire` is, its complement at the first.
    fn expand(&self, wire: Wire, into: &mut Vec<Wire>) {
        match self.block.nodes[wire.node().0 as usize] {
            Node::Xor(a, b) if self.marks(wire).has(Marks::IN_PARTS) => {
                into.extend([a ^ wire.is_complemented(), b]);
            }
            _ => into.push(wire),
        }
    }

    /// Labels and indices that all operations touch.
    fn cost(&self) -> u64 {
        let mut terms = Vec::new();
        let cost = |node| {
            terms.clear();
            match self.operation(node, &mut terms) {
                Operation::None => 0,
                Operation::Xor => 2 + 2 * terms.len() as u64,
                Operation::And => AND_COST,
                Operation::AndXor { .. } => AND_XOR_COST,
            }
        };
        (0..self.nodes.len()).map(cost).sum()
    }

    fn cover(self) -> Cover {
        let n = self.nodes.len();
        let mut cover = Cover {
            operations: Vec::with_capacity(n),
            starts: Vec::with_capacity(n + 1),
            terms: Vec::with_capacity(n + n / 2),
            uses: Vec::new(),
        };
        for node in 0..n {
            cover.starts.push(cover.terms.len() as u32);
            cover.operations.push(self.operation(node, &mut cover.terms));
        }
        cover.starts.push(cover.terms.len() as u32);
        cover
    }

    fn operation(&self, node: usize, terms: &mut Vec<Wire>) -> Operation {
        let marks = self.nodes[node];
        if self.uses[node] == 0 || marks.has(Marks::ABSORBED | Marks::IN_PARTS) {
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
