//! Small trees of gates that nobody else reads become least-AND implementations of what they compute.
//!
//! A gate's cone is made of the gates that are read once, by a gate of the cone: a fanout-free cone. Its cut has at most four leaves and
//! may lie below gates that others read too, which are then not counted. Where the function takes fewer ANDs than the cone has, it
//! is built from the leaves. This takes a small part of the time that
//! [`super::rewrite`] takes, which looks at all cuts of all gates, and leaves it less to do: textbook adders, majorities
//! and selects shrink here.
//!
//! # Invariants
//! - Cones do not overlap: a gate of one is read by the cone alone.
//! - A replacement has fewer ANDs than the gates that it is for, and these are then not needed.

use super::cuts::{Cut, LEAVES_MAX};
use super::{count_readers, fold, map_blocks, map_node, table};
use crate::build::{Blocks, Builder, TooLarge};
use crate::circuit::{Block, Circuit, Node};
use crate::id::Wire;

/// Collapses the cones of every block; a block without any stays as it is.
#[must_use]
pub fn run(circuit: Circuit) -> Circuit {
    map_blocks(circuit, |callees, block| {
        let cones = saving_cones(block);
        if cones.is_empty() { Ok(None) } else { collapse(callees, block, cones).map(Some) }
    })
}

/// A cone that is to be replaced.
struct Cone {
    root: u32,
    cut: Cut,
}

/// The cones of several ANDs that can be built with fewer and are needed, by ascending roots.
fn saving_cones(block: &Block) -> Vec<Cone> {
    let mut cones = all_saving_cones(block);
    let mut is_needed = vec![false; block.nodes.len()];
    let read = block.calls.iter().flat_map(|call| &call.args).chain(&block.outputs);
    read.for_each(|wire| is_needed[wire.node().0 as usize] = true);
    let mut needed = Vec::new();
    for (root, node) in block.nodes.iter().enumerate().rev() {
        let (Node::And(a, b) | Node::Xor(a, b)) = node else { continue };
        let cone = cones.pop_if(|cone| cone.root as usize == root);
        if !is_needed[root] {
            continue;
        }
        if let Some(cone) = cone {
            cone.cut.leaves().iter().for_each(|&leaf| is_needed[leaf as usize] = true);
            needed.push(cone);
        } else {
            [a, b].iter().for_each(|operand| is_needed[operand.node().0 as usize] = true);
        }
    }
    needed.reverse();
    needed
}

/// For each gate the cut below its cone, with the size of the cone alone, if fewer ANDs can be built for it; by ascending roots.
fn all_saving_cones(block: &Block) -> Vec<Cone> {
    let n_readers = count_readers(block);
    let mut cones = Vec::new();
    // As those see them that read the nodes; of nodes that are no gates, nothing of use.
    let mut cuts: Vec<Cut> = Vec::with_capacity(block.nodes.len());
    for (id, node) in block.nodes.iter().enumerate() {
        let (Node::And(a, b) | Node::Xor(a, b)) = *node else {
            cuts.push(Cut::default());
            continue;
        };
        let [below_a, below_b] = [a, b].map(|wire| Below::of(wire, block, &n_readers, &cuts));
        let cut = below_a.joined(below_b, *node);
        let n_ands = cut.gates_max().n_ands;
        if n_ands > 1 && table::cost(cut.table).n_ands < n_ands {
            cones.push(Cone { root: id as u32, cut });
        }
        cuts.push(if n_readers[id] > 1 { cut.shared() } else { cut });
    }
    cones
}

/// How an operand may be part of a cone.
#[derive(Clone, Copy)]
struct Below<'a> {
    leaf: Part<'a>,
    /// The cut below its own cone, if it is a gate.
    inside: Option<Part<'a>>,
    /// Whether others read it too, so that what is below it is not the cone's.
    is_shared: bool,
}

/// What an operand brings to the cut of a gate.
#[derive(Clone, Copy)]
enum Part<'a> {
    Leaf(u32),
    Cut(&'a Cut),
}

impl Part<'_> {
    /// How many leaves both have together, or more than [`LEAVES_MAX`] if that is so.
    fn n_leaves_with(self, other: Part<'_>) -> usize {
        match (self, other) {
            (Part::Leaf(a), Part::Leaf(b)) => 1 + usize::from(a != b),
            (Part::Leaf(leaf), Part::Cut(cut)) | (Part::Cut(cut), Part::Leaf(leaf)) => cut.n_leaves_with_node(leaf),
            (Part::Cut(a), Part::Cut(b)) => a.n_leaves_with(b),
        }
    }

    fn cut(self) -> Cut {
        match self {
            Part::Leaf(node) => Cut::of_itself(node),
            Part::Cut(cut) => *cut,
        }
    }
}

impl<'a> Below<'a> {
    fn of(wire: Wire, block: &Block, n_readers: &[u32], cuts: &'a [Cut]) -> Below<'a> {
        let operand = wire.node().0 as usize;
        let is_gate = matches!(block.nodes[operand], Node::And(..) | Node::Xor(..));
        Below {
            leaf: Part::Leaf(operand as u32),
            inside: is_gate.then_some(Part::Cut(&cuts[operand])),
            is_shared: n_readers[operand] > 1,
        }
    }

    /// With all that is the cone's.
    fn own(self) -> Part<'a> {
        self.inside.filter(|_| !self.is_shared).unwrap_or(self.leaf)
    }

    /// Inside, though what is there is not the cone's.
    fn through(self) -> Option<Part<'a>> {
        self.inside.filter(|_| self.is_shared)
    }

    /// The gate's cut: with all of the cone in it where it has room; through shared operands where that takes no more leaves.
    fn joined(self, other: Below<'a>, gate: Node) -> Cut {
        let pairs =
            [[self.own(), other.own()], [self.own(), other.leaf], [self.leaf, other.own()], [self.leaf, other.leaf]];
        let mut sized = pairs.into_iter().map(|pair| (pair, pair[0].n_leaves_with(pair[1])));
        let (own, n_own) = sized.find(|&(_, n)| n <= LEAVES_MAX).expect("two leaves are not too many");
        let (mut best, mut n_best) = (own, n_own);
        let (a_through, b_through) = (self.through(), other.through());
        for pair in [(a_through, Some(own[1])), (Some(own[0]), b_through), (a_through, b_through)] {
            if let (Some(a), Some(b)) = pair {
                let n_leaves = a.n_leaves_with(b);
                if n_leaves <= n_best {
                    (best, n_best) = ([a, b], n_leaves);
                }
            }
        }
        Cut::of_gate(gate, [&best[0].cut(), &best[1].cut()])
    }
}

fn collapse(callees: &Blocks, block: &Block, cones: Vec<Cone>) -> Result<Block, TooLarge> {
    let mut cones = cones.into_iter().peekable();
    fold::rebuild_by(callees, block, &[], &[], |builder: &mut Builder, new, id, operands| {
        match cones.next_if(|cone| cone.root as usize == id) {
            None => map_node(builder, block.nodes[id], operands),
            Some(Cone { cut, .. }) => {
                let mut x = [Wire::FALSE; 4];
                cut.leaves().iter().zip(&mut x).for_each(|(&leaf, x)| *x = new[leaf as usize]);
                table::build(builder, cut.table, x)
            }
        }
    })
}

#[cfg(test)]
mod tests;
