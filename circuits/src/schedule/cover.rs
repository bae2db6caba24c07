//! Which gates of a block become operations, and what they are of: most XORs need no slot of their own.
//!
//! An XOR that few gates read is not computed: those that read it read its operands instead. An XOR of an AND that nobody else reads is
//! computed together with it ([`AndXor`](crate::plan::AndXor)). What is left are *operations*: sums of two or three values, and ANDs. An
//! operation belongs to the node whose value it gives.
//!
//! ANDs with XORs around them take more loads than plain ones. So there are two covers of a block, and the one that touches labels and indices
//! less often is taken: `(a ⊕ c) ∧ (b ⊕ c) ⊕ c`, one bit of an adder, touches eleven in place of twenty-four.

use std::ops::Deref;

use super::Unit;
use crate::circuit::{Block, Call, Node};
use crate::id::Wire;
use crate::knowledge::AndPrice;

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

/// What an operation reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    wires: [Wire; TERMS_MAX],
    n: u8,
}

/// A product of two sums of two, and one more.
const TERMS_MAX: usize = 5;

impl Default for Terms {
    fn default() -> Terms {
        Terms { wires: [Wire::FALSE; TERMS_MAX], n: 0 }
    }
}

impl Deref for Terms {
    type Target = [Wire];

    fn deref(&self) -> &[Wire] {
        &self.wires[..usize::from(self.n)]
    }
}

impl Terms {
    fn push(&mut self, wire: Wire) {
        self.wires[usize::from(self.n)] = wire;
        self.n += 1;
    }
}

/// The operations of a block. They are made anew whenever somebody asks: a block's nodes are many, and few are looked at at a time.
pub(super) struct Cover<'a> {
    unit: Unit<'a>,
    /// Whether ANDs may have XORs around them: those that cost the full price.
    fuses: bool,
    nodes: Vec<Marks>,
}

/// More uses than are counted.
pub(super) const PINNED: u32 = u32::MAX;

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
    /// Neither a gate that matters, nor a call, nor an output reads it.
    const DEAD: u32 = 1 << 27;
    /// The sums that read it, in the bits below.
    const N_SUMS: u32 = (1 << 27) - 1;

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

impl<'a> Cover<'a> {
    /// The cheaper cover of a block.
    pub(super) fn new(unit: Unit<'a>) -> Cover<'a> {
        let uses = count_uses(unit.block);
        let plain = Cover::of_kind(unit, &uses, false);
        let fused = Cover::of_kind(unit, &uses, true);
        if fused.cost() < plain.cost() { fused } else { plain }
    }

    fn of_kind(unit: Unit<'a>, uses: &[u32], fuses: bool) -> Cover<'a> {
        let mut cover = Cover { unit, fuses, nodes: vec![Marks::default(); uses.len()] };
        cover.absorb(uses);
        cover.count_readers();
        cover.choose_parts();
        cover
    }

    fn block(&self) -> &'a Block {
        self.unit.block
    }

    /// Whether an AND of these has no XORs around it.
    fn is_plain(&self, a: Wire, b: Wire) -> bool {
        !self.fuses || self.unit.price(a, b) != AndPrice::Full
    }

    fn marks(&self, wire: Wire) -> Marks {
        self.nodes[wire.node().0 as usize]
    }

    /// Finds what nobody reads, and ANDs that are read by one XOR alone.
    fn absorb(&mut self, uses: &[u32]) {
        for (node, kind) in self.block().nodes.iter().enumerate() {
            if uses[node] == 0 {
                self.nodes[node].set(Marks::DEAD);
                continue;
            }
            match *kind {
                Node::And(a, b) if uses[node] == 1 && !self.is_plain(a, b) => {
                    self.nodes[node].set(Marks::ABSORBABLE);
                }
                Node::Xor(a, b) => {
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

    /// Calls of which a result is read.
    fn live_calls(&self) -> impl Iterator<Item = &'a Call> {
        self.block().calls.iter().filter(|call| {
            let first = call.first_result.0 as usize;
            self.nodes[first..first + call.n_results as usize].iter().any(|marks| !marks.has(Marks::DEAD))
        })
    }

    fn count_readers(&mut self) {
        for (node, kind) in self.block().nodes.iter().enumerate() {
            if self.nodes[node].has(Marks::DEAD) {
                continue;
            }
            match *kind {
                Node::Xor(a, b) => match self.absorbed_by(a, b) {
                    Some(and) => self.need_slots(&[if and == a { b } else { a }]),
                    None => [a, b].iter().for_each(|wire| self.nodes[wire.node().0 as usize].add_sum()),
                },
                Node::And(a, b) if self.is_plain(a, b) => self.need_slots(&[a, b]),
                _ => {}
            }
        }
        let read_by_calls: Vec<&[Wire]> = self.live_calls().map(|call| &call.args[..]).collect();
        read_by_calls.into_iter().chain([&self.block().outputs[..]]).for_each(|wires| self.need_slots(wires));
    }

    fn need_slots(&mut self, wires: &[Wire]) {
        wires.iter().for_each(|wire| self.nodes[wire.node().0 as usize].set(Marks::NEEDS_SLOT));
    }

    /// Finds XORs of two values that have slots, and that may be read in the form of those. No sum is left with two of them as operands, nor
    /// with terms that cancel out.
    fn choose_parts(&mut self) {
        for (node, kind) in self.block().nodes.iter().enumerate() {
            let Node::Xor(a, b) = *kind else { continue };
            let marks = self.nodes[node];
            if marks.has(Marks::DEAD) {
                continue;
            }
            if [a, b].iter().all(|&wire| self.marks(wire).has(Marks::IN_PARTS)) {
                let more_read = if self.marks(a).n_sums() > self.marks(b).n_sums() { a } else { b };
                self.keep_whole(more_read);
            }
            let can_read = !marks.has(Marks::NEEDS_SLOT) && marks.n_sums() <= READERS_MAX;
            let has_slots = [a, b].iter().all(|&wire| !self.marks(wire).has(Marks::IN_PARTS));
            if can_read && has_slots && self.absorbed_by(a, b).is_none() {
                self.nodes[node].set(Marks::IN_PARTS);
            }
        }
        for kind in &self.block().nodes {
            // The operands themselves are different.
            if let Node::Xor(a, b) = *kind
                && [a, b].iter().any(|&wire| self.marks(wire).has(Marks::IN_PARTS))
            {
                let mut terms = Terms::default();
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
    fn expand(&self, wire: Wire, into: &mut Terms) {
        match self.block().nodes[wire.node().0 as usize] {
            Node::Xor(a, b) if self.marks(wire).has(Marks::IN_PARTS) => {
                into.push(a ^ wire.is_complemented());
                into.push(b);
            }
            _ => into.push(wire),
        }
    }

    /// Labels and indices that all operations touch.
    fn cost(&self) -> u64 {
        (0..self.nodes.len()).map(|node| self.cost_of(node)).sum()
    }

    /// What the operation at a node costs.
    fn cost_of(&self, node: usize) -> u64 {
        match self.block().nodes[node] {
            _ if self.has_no_operation(node) => 0,
            Node::Xor(a, b) if self.absorbed_by(a, b).is_none() => {
                let n_terms = [a, b].map(|wire| 1 + u64::from(self.marks(wire).has(Marks::IN_PARTS)));
                2 + 2 * (n_terms[0] + n_terms[1])
            }
            Node::And(a, b) if self.is_plain(a, b) => AND_COST,
            Node::And(..) | Node::Xor(..) => AND_XOR_COST,
            Node::False | Node::Input | Node::Result { .. } => 0,
        }
    }

    /// Whether nothing is computed at a node, though it may be a gate.
    fn has_no_operation(&self, node: usize) -> bool {
        self.nodes[node].has(Marks::DEAD | Marks::ABSORBED | Marks::IN_PARTS)
    }

    /// For each node, how often operations, calls and outputs read it; [`PINNED`] if an output does.
    ///
    /// Results that nobody reads in the circuit are not read here either, and have no operation.
    pub(super) fn uses(&self) -> Vec<u32> {
        let mut uses = vec![0; self.nodes.len()];
        (0..self.nodes.len()).for_each(|node| count(&mut uses, &self.operation(node).1));
        self.live_calls().for_each(|call| count(&mut uses, &call.args));
        self.block().outputs.iter().for_each(|wire| uses[wire.node().0 as usize] = PINNED);
        uses
    }

    /// The operation at a node, and what it reads.
    pub(super) fn operation(&self, node: usize) -> (Operation, Terms) {
        let mut terms = Terms::default();
        let operation = self.operation_of(node, &mut terms);
        (operation, terms)
    }

    fn operation_of(&self, node: usize, terms: &mut Terms) -> Operation {
        match self.block().nodes[node] {
            _ if self.has_no_operation(node) => Operation::None,
            Node::Xor(a, b) => match self.absorbed_by(a, b) {
                Some(and) => {
                    let Node::And(x, y) = self.block().nodes[and.node().0 as usize] else {
                        unreachable!("it is an AND")
                    };
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
            Node::And(a, b) if self.is_plain(a, b) => {
                terms.push(a);
                terms.push(b);
                Operation::And
            }
            Node::And(a, b) => self.and_xor(a, b, terms),
            _ => Operation::None,
        }
    }

    fn and_xor(&self, a: Wire, b: Wire, terms: &mut Terms) -> Operation {
        self.expand(a, terms);
        let n_a = terms.n;
        self.expand(b, terms);
        Operation::AndXor { a: n_a, b: terms.n - n_a }
    }
}

fn all_different(wires: &[Wire]) -> bool {
    wires.iter().enumerate().all(|(i, wire)| wires[..i].iter().all(|other| other.node() != wire.node()))
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
