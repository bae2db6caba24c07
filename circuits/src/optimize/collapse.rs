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
    let cuts = cuts(block);
    let mut is_needed = vec![false; block.nodes.len()];
    let read = block.calls.iter().flat_map(|call| &call.args).chain(&block.outputs);
    read.for_each(|wire| is_needed[wire.node().0 as usize] = true);
    let mut cones = Vec::new();
    for (root, (node, cut)) in block.nodes.iter().zip(&cuts).enumerate().rev() {
        let (Node::And(a, b) | Node::Xor(a, b)) = node else { continue };
        if !is_needed[root] {
            continue;
        }
        let n_ands = cut.gates_max().n_ands;
        if n_ands > 1 && table::cost(cut.table).n_ands < n_ands {
            cut.leaves().iter().for_each(|&leaf| is_needed[leaf as usize] = true);
            cones.push(Cone { root: root as u32, cut: *cut });
        } else {
            [a, b].iter().for_each(|operand| is_needed[operand.node().0 as usize] = true);
        }
    }
    cones.reverse();
    cones
}

/// For each gate the cut below its cone, with the size of the cone alone; for other nodes, nothing of use.
fn cuts(block: &Block) -> Vec<Cut> {
    let n_readers = count_readers(block);
    let mut cuts: Vec<Cut> = Vec::with_capacity(block.nodes.len());
    for node in &block.nodes {
        let cut = match *node {
            Node::And(a, b) | Node::Xor(a, b) => {
                let [below_a, below_b] = [a, b].map(|wire| Below::of(wire, block, &n_readers, &cuts));
                below_a.joined(&below_b, *node)
            }
            _ => Cut::default(),
        };
        cuts.push(cut);
    }
    cuts
}

/// How an operand may be part of a cone.
struct Below {
    /// As a leaf.
    leaf: Cut,
    /// Inside: the cut below its own cone.
    inside: Option<Cut>,
    /// Whether others read it too, so that what is below it is not the cone's.
    is_shared: bool,
}

impl Below {
    fn of(wire: Wire, block: &Block, n_readers: &[u32], cuts: &[Cut]) -> Below {
        let operand = wire.node().0 as usize;
        let is_shared = n_readers[operand] > 1;
        let is_gate = matches!(block.nodes[operand], Node::And(..) | Node::Xor(..));
        let cut = if is_shared { cuts[operand].shared() } else { cuts[operand] };
        Below { leaf: Cut::of_itself(operand as u32), inside: is_gate.then_some(cut), is_shared }
    }

    /// With all that is the cone's.
    fn own(&self) -> &Cut {
        self.inside.as_ref().filter(|_| !self.is_shared).unwrap_or(&self.leaf)
    }

    /// The gate's cut: with all of the cone in it where it has room; through shared operands where that takes no more leaves.
    fn joined<'a>(&'a self, other: &'a Below, gate: Node) -> Cut {
        let pairs = [
            [self.own(), other.own()],
            [self.own(), &other.leaf],
            [&self.leaf, other.own()],
            [&self.leaf, &other.leaf],
        ];
        let fitting = pairs.into_iter().find_map(|pair| Some((pair, Cut::of_gate(gate, pair, LEAVES_MAX)?)));
        let ([a, b], mut best) = fitting.expect("two leaves are not too many");
        let through = |below: &'a Below| below.inside.as_ref().filter(|_| below.is_shared);
        let (a_through, b_through) = (through(self), through(other));
        for pair in [(a_through, Some(b)), (Some(a), b_through), (a_through, b_through)] {
            if let (Some(a), Some(b)) = pair {
                best = Cut::of_gate(gate, [a, b], best.leaves().len()).unwrap_or(best);
            }
        }
        best
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
