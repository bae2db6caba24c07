//! Local rules, hash-consing and dead code: every gate is built again.
//!
//! The rules are [`crate::build`]'s: constants and repeated operands fold, equal gates become one, products of the same
//! two nodes are one AND, and what no output needs is dropped. Circuits that the builder made do not change, except
//! where a block before them has: a result that a callee no longer computes is handed on to its users.

use super::{map_blocks, map_node};
use crate::build::{Blocks, Builder, CallSpec, TooLarge};
use crate::circuit::{Block, Call, Circuit, Node};
use crate::id::{NodeId, Wire};

/// Builds every block again.
#[must_use]
pub fn run(circuit: Circuit) -> Circuit {
    map_blocks(circuit, |callees, old| rebuild(callees, old, &[], &[]).map(Some))
}

/// The block, where inputs that are said to be constant are, and outputs that are said not to be read are 0. The slices may
/// be shorter than inputs and outputs; about the others nothing is said.
pub(super) fn rebuild(
    callees: &Blocks,
    old: &Block,
    constants: &[Option<bool>],
    is_read: &[bool],
) -> Result<Block, TooLarge> {
    let same = |builder: &mut Builder, _: &[Wire], id: usize, operands| map_node(builder, old.nodes[id], operands);
    rebuild_by(callees, old, constants, is_read, same)
}

/// Like [`rebuild`]; `gate` builds what stands for a gate, and is told the builder, what stands for all nodes before, the number of
/// the old node, and its operands.
pub(super) fn rebuild_by(
    callees: &Blocks,
    old: &Block,
    constants: &[Option<bool>],
    is_read: &[bool],
    mut gate: impl FnMut(&mut Builder, &[Wire], usize, [Wire; 2]) -> Wire,
) -> Result<Block, TooLarge> {
    let mut builder = Builder::new(old.name.clone(), old.n_inputs).with_capacity(old.nodes.len());
    let mut new: Vec<Wire> = Vec::with_capacity(old.nodes.len());
    let at = |new: &[Wire], wire: Wire| new[wire.node().0 as usize] ^ wire.is_complemented();
    for (id, (node, &origin)) in old.nodes.iter().zip(&old.origins).enumerate() {
        builder.set_origin(origin);
        match *node {
            Node::False => new.push(Wire::FALSE),
            Node::Input => {
                let input = Wire::new(NodeId(id as u32), false);
                new.push(constants.get(id - 1).copied().flatten().map_or(input, Wire::constant));
            }
            Node::And(a, b) | Node::Xor(a, b) => {
                let operands = [at(&new, a), at(&new, b)];
                let wire = gate(&mut builder, &new, id, operands);
                new.push(wire);
            }
            Node::Result { call, index: 0 } => {
                let Call { callee, count, n_state, n_shared, ref args, .. } = old.calls[call as usize];
                let args = args.iter().map(|&wire| at(&new, wire)).collect();
                new.extend(builder.call(callees, CallSpec { callee, count, n_state, n_shared }, args)?);
            }
            // Its call has added it.
            Node::Result { .. } => {}
        }
    }
    let output = |(i, &wire): (usize, &Wire)| if is_read.get(i) == Some(&false) { Wire::FALSE } else { at(&new, wire) };
    builder.finish(old.outputs.iter().enumerate().map(output).collect())
}

#[cfg(test)]
mod tests;
