//! The small index types that everything else is written in.

use std::fmt;
use std::ops::{BitXor, Not};

/// Position of a node in its block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u32);

/// Position of a block in its circuit. A block calls only blocks of smaller id, so there is no recursion.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BlockId(pub u32);

/// Position of a party in the circuit's list of parties.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PartyId(pub u32);

/// What caused a gate, as its creator numbers causes (the compiler: source spans). 0 is "unknown".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Origin(pub u32);

/// A value on an edge: a node of the same block, or its complement. NOT is therefore free and is not a gate.
///
/// Node 0 of every block is the constant false.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wire(u32);

impl Wire {
    /// The constant 0.
    pub const FALSE: Wire = Wire(0);
    /// The constant 1.
    pub const TRUE: Wire = Wire(1);
    /// Nodes a block may have: the complement bit takes one of 32.
    pub const NODES_MAX: usize = 1 << 31;

    /// The wire that carries `node`, complemented or not.
    #[must_use]
    pub const fn new(node: NodeId, complemented: bool) -> Wire {
        Wire(node.0 << 1 | complemented as u32)
    }

    /// The constant `value`.
    #[must_use]
    pub const fn constant(value: bool) -> Wire {
        Wire(value as u32)
    }

    /// The node at the other end of the edge.
    #[must_use]
    pub const fn node(self) -> NodeId {
        NodeId(self.0 >> 1)
    }

    /// Whether the edge complements its node's value.
    #[must_use]
    pub const fn is_complemented(self) -> bool {
        self.0 & 1 == 1
    }

    /// `Some(value)` for the two constants.
    #[must_use]
    pub const fn as_constant(self) -> Option<bool> {
        match self.0 {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// The dense form: `node << 1 | complemented`.
    #[must_use]
    pub const fn to_bits(self) -> u32 {
        self.0
    }

    /// The inverse of [`Wire::to_bits`].
    #[must_use]
    pub const fn from_bits(bits: u32) -> Wire {
        Wire(bits)
    }
}

impl Not for Wire {
    type Output = Wire;

    fn not(self) -> Wire {
        Wire(self.0 ^ 1)
    }
}

/// Complements the wire where `rhs` is true.
impl BitXor<bool> for Wire {
    type Output = Wire;

    fn bitxor(self, rhs: bool) -> Wire {
        Wire(self.0 ^ u32::from(rhs))
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_constant() {
            Some(value) => write!(f, "{}", u8::from(value)),
            None => write!(f, "{}n{}", if self.is_complemented() { "!" } else { "" }, self.0 >> 1),
        }
    }
}
