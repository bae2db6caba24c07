//! The circuit: a hierarchy of blocks, each an XOR-AND graph in topological order.
//!
//! What optimisation works on. A block is a dense array of nodes; edges may be complemented, so NOT costs nothing and
//! is not a node. A block may call blocks of smaller [`BlockId`], once or many times in a row, so that size in memory
//! follows the source and not the number of gates executed. The last block is `main`.
//!
//! Only [`crate::build`] and [`crate::bristol`] make circuits; [`crate::verify`] checks every invariant stated here.
//!
//! # Invariants
//! - Node 0 is [`Node::False`] and there is no other; nodes `1..=n_inputs` are [`Node::Input`] in order, and no others.
//! - Operands come from earlier nodes of the same block. No gate has a constant operand or twice the same node.
//! - XOR operands are not complemented (the complement moves to the result), and in every gate the first
//!   operand's node is smaller than the second's.
//! - The results of a call are consecutive nodes; arguments come from nodes before the first of them.
//! - The inputs of `main` are the bits of the input ports in order, least significant bit first; its outputs likewise.

use crate::id::{BlockId, NodeId, Origin, PartyId, Wire};
use crate::shape::Shape;

/// A circuit with named, typed and owned inputs and outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circuit {
    /// The parties, in the order in which the program declares them.
    pub parties: Vec<String>,
    /// Who gives what. The bits of `main`'s inputs, in order.
    pub inputs: Vec<InputPort>,
    /// Who learns what. The bits of `main`'s outputs, in order.
    pub outputs: Vec<OutputPort>,
    /// The blocks, callees before callers; the last is `main`.
    pub blocks: Vec<Block>,
}

/// One named input and the party that gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputPort {
    /// The parameter's name.
    pub name: String,
    /// The party that gives it.
    pub party: PartyId,
    /// Its type, which fixes its width in bits.
    pub shape: Shape,
}

/// One named output and the parties that learn it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputPort {
    /// The field's name; empty where the program's whole result is this one value.
    pub name: String,
    /// The parties that learn it, in ascending order, without repetition.
    pub recipients: Vec<PartyId>,
    /// Its type, which fixes its width in bits.
    pub shape: Shape,
}

/// A straight-line piece of a circuit.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Block {
    /// The function or loop it comes from; for people.
    pub name: String,
    /// How many of the first nodes are inputs.
    pub n_inputs: u32,
    /// The nodes, in topological order.
    pub nodes: Vec<Node>,
    /// What caused each node; as long as `nodes`.
    pub origins: Vec<Origin>,
    /// The calls, in the order of their results.
    pub calls: Vec<Call>,
    /// What the block computes. Constants, inputs, complements and repetitions are all allowed here.
    pub outputs: Vec<Wire>,
}

/// One node: it computes one bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// The constant 0; node 0 and no other.
    False,
    /// An input of the block.
    Input,
    /// Both operands; costs two ciphertexts.
    And(Wire, Wire),
    /// Exactly one of the operands; free.
    Xor(Wire, Wire),
    /// Bit `index` of what call `call` of this block returns.
    Result {
        /// Position in the block's `calls`.
        call: u32,
        /// Position among the call's results.
        index: u32,
    },
}

/// A call of another block, `count` times in a row, with values carried from one iteration to the next.
///
/// With `s = n_state`, `h = n_shared`, `e = callee.n_inputs - s - h`, `o = callee.outputs.len() - s`:
/// the callee reads `state (s) | shared (h) | each (e)` and returns `state (s) | each (o)`. `args` holds the first
/// iteration's state, the shared values, then `e` values for every iteration; the results are the last iteration's
/// state, then `o` values of every iteration. A plain call has `count` 1 and no state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The block that is called.
    pub callee: BlockId,
    /// How often; at least 1.
    pub count: u64,
    /// How many values each iteration hands to the next.
    pub n_state: u32,
    /// How many values all iterations share.
    pub n_shared: u32,
    /// `n_state + n_shared + count × e` wires; constants are allowed.
    pub args: Vec<Wire>,
    /// The node that holds result 0; the other results follow.
    pub first_result: NodeId,
    /// `n_state + count × o`.
    pub n_results: u32,
}

impl Circuit {
    /// The block that runs first.
    ///
    /// # Panics
    /// If the circuit has no blocks, which [`crate::verify`] forbids.
    #[must_use]
    pub fn main(&self) -> &Block {
        self.blocks.last().expect("a verified circuit has a main block")
    }

    /// Digest of what is computed: of all blocks, but not of names, owners and origins.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("hushgate 2026-11-22 circuit digest v1");
        let mut words = Vec::new();
        for block in &self.blocks {
            words.clear();
            block.write_words(&mut words);
            hasher.update(&(words.len() as u64).to_le_bytes());
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            hasher.update(&bytes);
        }
        *hasher.finalize().as_bytes()
    }
}

impl Block {
    /// AND gates in the block itself, those of called blocks not.
    #[must_use]
    pub fn n_ands(&self) -> u64 {
        self.nodes.iter().filter(|node| matches!(node, Node::And(..))).count() as u64
    }

    /// What the block computes, in words from which it can be told.
    fn write_words(&self, words: &mut Vec<u32>) {
        words.extend([self.n_inputs, self.nodes.len() as u32, self.calls.len() as u32, self.outputs.len() as u32]);
        for node in &self.nodes {
            words.extend(match *node {
                Node::False => [0, 0, 0],
                Node::Input => [1, 0, 0],
                Node::And(a, b) => [2, a.to_bits(), b.to_bits()],
                Node::Xor(a, b) => [3, a.to_bits(), b.to_bits()],
                Node::Result { call, index } => [4, call, index],
            });
        }
        for call in &self.calls {
            let n_args = call.args.len() as u32;
            words.extend([
                call.callee.0,
                call.count as u32,
                (call.count >> 32) as u32,
                call.n_state,
                call.n_shared,
                n_args,
            ]);
            words.extend(call.args.iter().map(|arg| arg.to_bits()));
        }
        words.extend(self.outputs.iter().map(|output| output.to_bits()));
    }
}
