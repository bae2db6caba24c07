//! Cut rewriting: small cones of gates are replaced by implementations with the fewest ANDs.
//!
//! Testa, Soeken, Amarù, De Micheli, "Reducing the multiplicative complexity in logic networks for cryptography and
//! security applications", DAC 2019. For each gate, in topological order: for each of its cuts (at most four leaves),
//! compare the gates that only this gate needs, between it and the leaves, with the least implementation of the cut's
//! function. Where that promises fewer ANDs, or as many and fewer XORs, it is built from the leaves, most promising cut
//! first; gates that are there already are shared, so the change is then counted exactly, and kept if it is one for
//! the better.
//!
//! # Invariants
//! - A replacement is kept only if it leaves fewer ANDs in use, or as many and fewer XORs: never more ANDs.
//! - `n_uses` counts the uses of a new node by new nodes that are used themselves, and by old nodes not yet copied.
//! - Work on one gate is bounded: at most `CUTS_MAX` cuts, and `CONE_MAX` gates of each cone are looked at.

use super::cuts::{CUTS_MAX, Cut, Cuts};
use super::table::{self, Logic};
use super::{Gates, count_readers, map_blocks, map_node};
use crate::build::{Blocks, Builder, CallSpec, TooLarge};
use crate::circuit::{Block, Call, Circuit, Node};
use crate::id::{NodeId, Wire};
use crate::stats::stats;

/// Rewrites every block once, where it is clear that gates are saved.
#[must_use]
pub fn run(circuit: Circuit) -> Circuit {
    map_blocks(circuit, |callees, block| Rewriter::new(block, Effort::Clear).run(callees).map(Some))
}

/// Rewrites every block as long as ANDs are saved, a few times at most; tries also replacements that save
/// gates only if some of theirs are there already.
#[must_use]
pub fn run_thoroughly(mut circuit: Circuit) -> Circuit {
    for _ in 0..ROUNDS_MAX {
        let n_ands_before = stats(&circuit).n_ands;
        circuit = map_blocks(circuit, |callees, block| Rewriter::new(block, Effort::Shared).run(callees).map(Some));
        if stats(&circuit).n_ands == n_ands_before {
            break;
        }
    }
    circuit
}

/// How often [`run_thoroughly`] goes over a block.
const ROUNDS_MAX: usize = 6;

/// What is tried.
#[derive(Clone, Copy)]
enum Effort {
    /// What saves gates if all of the new ones are new.
    Clear,
    /// Also what saves gates if one or more of the new ones are there already.
    Shared,
}

impl Effort {
    /// Whether a replacement is tried that frees these gates and changes them so, if all of its own are new. If it is not, it would not be
    /// if it freed fewer either.
    fn is_promising(self, freed: Gates, change: Gates) -> bool {
        match self {
            Effort::Clear => freed.n_ands > 0 && change < Gates::NONE,
            Effort::Shared => change.n_ands <= 1,
        }
    }

    /// Whether a cut is looked at: it is not worth it if it was not even with all gates of its own freed.
    fn may_be_promising(self, cut: &Cut) -> bool {
        let freed = cut.gates_max();
        self.is_promising(freed, table::cost(cut.table) - freed)
    }
}

struct Rewriter<'a> {
    effort: Effort,
    old: &'a Block,
    /// How often each old node is read.
    n_readers: Vec<u32>,
    /// What stands for each old node.
    new: Vec<Wire>,
    builder: Builder,
    n_uses: Vec<u32>,
    cuts: Cuts,
    /// Nodes whose uses change.
    work: Vec<NodeId>,
}

/// Gates of a cone that are looked at.
const CONE_MAX: usize = 32;

impl<'a> Rewriter<'a> {
    fn new(old: &'a Block, effort: Effort) -> Self {
        // Some are tried in vain.
        let n_new = old.nodes.len() + old.nodes.len() / 8;
        Rewriter {
            effort,
            old,
            n_readers: count_readers(old),
            new: Vec::with_capacity(old.nodes.len()),
            builder: Builder::new(old.name.clone(), old.n_inputs).with_capacity(old.nodes.len()),
            n_uses: Vec::with_capacity(n_new),
            cuts: Cuts::new(match effort {
                Effort::Clear => |cut| Effort::Clear.may_be_promising(cut),
                Effort::Shared => |cut| Effort::Shared.may_be_promising(cut),
            }),
            work: Vec::new(),
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
        for operand in operands {
            self.remove_use(operand.node());
        }
        wire = self.improved(wire.node()) ^ wire.is_complemented();
        self.settle(id, wire);
        self.remove_use(wire.node());
    }

    /// Something better with the same value as `root`, which has one use that passes to it; or `root`.
    ///
    /// A gate that was there before cannot be improved: its other users keep it.
    fn improved(&mut self, root: NodeId) -> Wire {
        let original = Wire::new(root, false);
        if self.n_uses[root.0 as usize] != 1 {
            return original;
        }
        for cut in self.candidates(root) {
            let wire = self.build(&cut);
            if self.replace(root, wire.node()) < Gates::NONE {
                return wire;
            }
            self.replace(wire.node(), root);
        }
        original
    }

    /// The cuts worth a try, the most promising first.
    fn candidates(&mut self, root: NodeId) -> impl Iterator<Item = Cut> + use<> {
        let mut found = [(Gates::NONE, Cut::default()); CUTS_MAX];
        let mut n_found = 0;
        for cut in self.cuts.candidates(root.0) {
            (found[n_found], n_found) = ((Gates::NONE, cut), n_found + 1);
        }
        let n_candidates = std::mem::take(&mut n_found);
        for i in 0..n_candidates {
            let cut = found[i].1;
            let freed = self.gates_above(root, &cut);
            let change = table::cost(cut.table) - freed;
            if self.effort.is_promising(freed, change) {
                found[n_found] = (change, cut);
                n_found += 1;
            }
        }
        found[..n_found].sort_by_key(|(change, _)| *change);
        found.into_iter().take(n_found).map(|(_, cut)| cut)
    }

    /// Moves one use from one node to another; returns how many more gates are then in use.
    fn replace(&mut self, from: NodeId, to: NodeId) -> Gates {
        let added = self.add_uses(to, 1);
        added - self.remove_use(from)
    }

    fn build(&mut self, cut: &Cut) -> Wire {
        let mut x = [Wire::FALSE; 4];
        cut.leaves().iter().zip(&mut x).for_each(|(&leaf, x)| *x = Wire::new(NodeId(leaf), false));
        let wire = table::build(&mut self.builder, cut.table, x);
        self.track_new_nodes();
        wire
    }

    /// Gates between `root` and the leaves that only `root` needs, itself included; of a large cone, some of them.
    fn gates_above(&mut self, root: NodeId, cut: &Cut) -> Gates {
        let mut gates = Gates::NONE;
        let mut cone = [root; CONE_MAX];
        let (mut n_cone, mut n_done) = (1, 0);
        while n_done < n_cone {
            let (own, operands) = self.gate(cone[n_done]);
            gates = gates + own;
            n_done += 1;
            for operand in operands.into_iter().filter(|operand| !cut.leaves().contains(&operand.0)) {
                let n_uses = &mut self.n_uses[operand.0 as usize];
                *n_uses -= 1;
                if *n_uses == 0 && n_cone < CONE_MAX {
                    cone[n_cone] = operand;
                    n_cone += 1;
                }
            }
        }
        for &node in &cone[..n_done] {
            let (_, operands) = self.gate(node);
            for operand in operands.into_iter().filter(|operand| !cut.leaves().contains(&operand.0)) {
                self.n_uses[operand.0 as usize] += 1;
            }
        }
        gates
    }

    /// A gate's operands, and itself as a count; for another node, nothing.
    fn gate(&self, node: NodeId) -> (Gates, [NodeId; 2]) {
        match self.builder.node(node) {
            Node::And(a, b) => (Gates { n_ands: 1, n_xors: 0 }, [a.node(), b.node()]),
            Node::Xor(a, b) => (Gates { n_ands: 0, n_xors: 1 }, [a.node(), b.node()]),
            _ => unreachable!("inside a cone there are only gates"),
        }
    }

    /// More uses of a node; its first makes it use its operands. Returns the gates that are newly used.
    fn add_uses(&mut self, node: NodeId, n: u32) -> Gates {
        let mut gates = Gates::NONE;
        let n_uses = &mut self.n_uses[node.0 as usize];
        if *n_uses == 0 && n > 0 {
            self.work.push(node);
        }
        *n_uses = n_uses.saturating_add(n);
        while let Some(node) = self.work.pop() {
            if !matches!(self.builder.node(node), Node::And(..) | Node::Xor(..)) {
                continue;
            }
            let (own, operands) = self.gate(node);
            gates = gates + own;
            for operand in operands {
                let n_uses = &mut self.n_uses[operand.0 as usize];
                if *n_uses == 0 {
                    self.work.push(operand);
                }
                *n_uses = n_uses.saturating_add(1);
            }
        }
        gates
    }

    /// One use of a node less; with its last, the uses that it makes. Returns the gates that are newly unused.
    fn remove_use(&mut self, node: NodeId) -> Gates {
        let mut gates = Gates::NONE;
        self.work.push(node);
        while let Some(node) = self.work.pop() {
            let n_uses = &mut self.n_uses[node.0 as usize];
            *n_uses -= 1;
            if *n_uses == 0 && matches!(self.builder.node(node), Node::And(..) | Node::Xor(..)) {
                let (own, operands) = self.gate(node);
                gates = gates + own;
                self.work.extend(operands);
            }
        }
        gates
    }
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
