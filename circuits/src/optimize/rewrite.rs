//! Cut rewriting: small cones of gates are replaced by implementations with the fewest ANDs.
//!
//! Testa, Soeken, Amarù, De Micheli, "Reducing the multiplicative complexity in logic networks for cryptography and
//! security applications", DAC 2019. For each gate, in topological order: for each of its cuts (at most four
//! leaves), count the ANDs that only this gate needs, between it and the leaves; if the function of the cut has fewer
//! in [`super::table`], it may be built anew from the leaves. The cut that saves most is taken; among equals, the one
//! with the fewest XORs.
//!
//! # Invariants
//! - A replacement saves ANDs, so the result never has more of them.
//! - `n_uses` counts the uses of a new node by new nodes that are used themselves, and by old nodes not yet copied.

use super::cuts::{Cut, Cuts};
use super::table::{self, Logic};
use super::{map_blocks, map_node};
use crate::build::{Blocks, Builder, CallSpec, TooLarge};
use crate::circuit::{Block, Call, Circuit, Node};
use crate::id::{NodeId, Wire};

/// Rewrites every block once.
#[must_use]
pub fn run(circuit: Circuit) -> Circuit {
    map_blocks(circuit, |callees, block| Rewriter::new(block).run(callees))
}

struct Rewriter<'a> {
    old: &'a Block,
    /// How often each old node is read.
    n_readers: Vec<u32>,
    /// What stands for each old node.
    new: Vec<Wire>,
    builder: Builder,
    n_uses: Vec<u32>,
    cuts: Cuts,
}

impl<'a> Rewriter<'a> {
    fn new(old: &'a Block) -> Self {
        Rewriter {
            old,
            n_readers: count_readers(old),
            new: Vec::with_capacity(old.nodes.len()),
            builder: Builder::new(old.name.clone(), old.n_inputs),
            n_uses: Vec::new(),
            cuts: Cuts::default(),
        }
    }

    fn run(mut self, callees: &Blocks) -> Result<Block, TooLarge> {
        for (id, (node, &origin)) in self.old.nodes.iter().zip(&self.old.origins).enumerate() {
            self.builder.set_origin(origin);
            match *node {
                Node::False => self.settle(id, Wire::FALSE),
                Node::Input => self.settle(id, Wire::new(NodeId(id as u32), false)),
                Node::And(a, b) | Node::Xor(a, b) => self.copy_gate(id, *node, [a, b]),
                Node::Result { call, index: 0 } => self.copy_call(callees, &self.old.calls[call as usize])?,
                // Its call has settled it.
                Node::Result { .. } => {}
            }
        }
        let outputs = self.old.outputs.iter().map(|&wire| self.new_wire(wire)).collect();
        self.builder.finish(outputs)
    }

    fn new_wire(&self, old: Wire) -> Wire {
        self.new[old.node().0 as usize] ^ old.is_complemented()
    }

    /// `wire` stands for the next old node, whose readers will use it.
    fn settle(&mut self, old: usize, wire: Wire) {
        debug_assert_eq!(old, self.new.len());
        self.new.push(wire);
        self.track_new_nodes();
        self.add_uses(wire.node(), self.n_readers[old]);
    }

    fn track_new_nodes(&mut self) {
        for id in self.cuts.n_nodes()..self.builder.n_nodes() {
            self.cuts.push(self.builder.node(NodeId(id as u32)));
            self.n_uses.push(0);
        }
    }

    fn copy_call(&mut self, callees: &Blocks, call: &Call) -> Result<(), TooLarge> {
        let Call { callee, count, n_state, n_shared, .. } = *call;
        let args = call.args.iter().map(|&wire| self.new_wire(wire)).collect();
        let results = self.builder.call(callees, CallSpec { callee, count, n_state, n_shared }, args)?;
        let first = call.first_result.0 as usize;
        results.into_iter().enumerate().for_each(|(i, wire)| self.settle(first + i, wire));
        Ok(())
    }

    /// Copies a gate, then looks for something better; whatever is kept takes over from the gate's operands.
    fn copy_gate(&mut self, id: usize, node: Node, operands: [Wire; 2]) {
        let operands = operands.map(|wire| self.new_wire(wire));
        let mut wire = map_node(&mut self.builder, node, operands);
        self.track_new_nodes();
        self.add_uses(wire.node(), 1);
        operands.iter().for_each(|operand| self.remove_use(operand.node()));
        if let Some(cut) = self.best_cut(wire.node()) {
            let better = self.build(&cut) ^ wire.is_complemented();
            self.track_new_nodes();
            self.add_uses(better.node(), 1);
            self.remove_use(wire.node());
            wire = better;
        }
        self.settle(id, wire);
        self.remove_use(wire.node());
    }

    fn build(&mut self, cut: &Cut) -> Wire {
        let mut x = [Wire::FALSE; 4];
        cut.leaves().iter().zip(&mut x).for_each(|(&leaf, x)| *x = Wire::new(NodeId(leaf), false));
        table::build(&mut self.builder, cut.table, x)
    }

    /// The cut of a gate that saves the most ANDs, if any saves some. A gate that was there before saves none: its other
    /// users keep it.
    fn best_cut(&mut self, root: NodeId) -> Option<Cut> {
        if self.n_uses[root.0 as usize] != 1 {
            return None;
        }
        let mut best: Option<(Cut, u32, u32)> = None;
        for i in 0..self.cuts.of(root.0).len() - 1 {
            let cut = self.cuts.of(root.0)[i];
            let n_needed = u32::from(table::n_ands(cut.table));
            let n_freed = self.n_ands_above(root, &cut);
            if n_freed <= n_needed {
                continue;
            }
            let (saved, n_xors) = (n_freed - n_needed, table::n_xors(cut.table));
            if best.is_none_or(|(_, s, x)| saved > s || (saved == s && n_xors < x)) {
                best = Some((cut, saved, n_xors));
            }
        }
        best.map(|(cut, ..)| cut)
    }

    /// ANDs between `root` and the leaves that only `root` needs.
    fn n_ands_above(&mut self, root: NodeId, cut: &Cut) -> u32 {
        let n_ands = self.detach(root, cut);
        self.attach(root, cut);
        n_ands
    }

    /// Takes away the uses that `root` makes down to the leaves; returns how many ANDs are then unused, `root` included.
    fn detach(&mut self, root: NodeId, cut: &Cut) -> u32 {
        let node = self.builder.node(root);
        let (Node::And(a, b) | Node::Xor(a, b)) = node else { return 0 };
        let mut n_ands = u32::from(matches!(node, Node::And(..)));
        for operand in [a.node(), b.node()] {
            if !cut.leaves().contains(&operand.0) {
                self.n_uses[operand.0 as usize] -= 1;
                if self.n_uses[operand.0 as usize] == 0 {
                    n_ands += self.detach(operand, cut);
                }
            }
        }
        n_ands
    }

    /// Undoes [`Rewriter::detach`].
    fn attach(&mut self, root: NodeId, cut: &Cut) {
        let (Node::And(a, b) | Node::Xor(a, b)) = self.builder.node(root) else { return };
        for operand in [a.node(), b.node()] {
            if !cut.leaves().contains(&operand.0) {
                self.n_uses[operand.0 as usize] += 1;
                if self.n_uses[operand.0 as usize] == 1 {
                    self.attach(operand, cut);
                }
            }
        }
    }

    /// More uses of a node; its first makes it use its operands.
    fn add_uses(&mut self, node: NodeId, n: u32) {
        let mut work = vec![(node, n)];
        while let Some((node, n)) = work.pop() {
            let n_uses = &mut self.n_uses[node.0 as usize];
            let is_first = *n_uses == 0 && n > 0;
            *n_uses = n_uses.saturating_add(n);
            if let (true, Node::And(a, b) | Node::Xor(a, b)) = (is_first, self.builder.node(node)) {
                work.extend([(a.node(), 1), (b.node(), 1)]);
            }
        }
    }

    /// One use of a node less; with its last, the uses that it makes.
    fn remove_use(&mut self, node: NodeId) {
        let mut work = vec![node];
        while let Some(node) = work.pop() {
            let n_uses = &mut self.n_uses[node.0 as usize];
            *n_uses -= 1;
            if let (0, Node::And(a, b) | Node::Xor(a, b)) = (*n_uses, self.builder.node(node)) {
                work.extend([a.node(), b.node()]);
            }
        }
    }
}

/// How often each node is read by gates, calls and outputs.
fn count_readers(block: &Block) -> Vec<u32> {
    let mut n_readers = vec![0u32; block.nodes.len()];
    let mut count = |wire: &Wire| n_readers[wire.node().0 as usize] += 1;
    for node in &block.nodes {
        if let Node::And(a, b) | Node::Xor(a, b) = node {
            count(a);
            count(b);
        }
    }
    block.calls.iter().flat_map(|call| &call.args).for_each(&mut count);
    block.outputs.iter().for_each(count);
    n_readers
}

impl Logic for Builder {
    type Bit = Wire;

    fn constant(&mut self, value: bool) -> Wire {
        Wire::constant(value)
    }

    fn and(&mut self, a: Wire, b: Wire) -> Wire {
        Builder::and(self, a, b)
    }

    fn xor(&mut self, a: Wire, b: Wire) -> Wire {
        Builder::xor(self, a, b)
    }
}

#[cfg(test)]
mod tests;
