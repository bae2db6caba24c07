//! The plan: what the two parties execute.
//!
//! Straight-line blocks over numbered slots. A slot holds one live label; ANDs come in batches of independent gates;
//! blocks call blocks. [`crate::schedule`] makes plans from circuits. The same plan on both sides is what the
//! handshake checks, by [`Plan::digest`].
//!
//! # Execution
//! Each block runs in a frame of `n_slots` labels. On entry slots `0..n_inputs` hold the inputs. Steps run in
//! order and consume `xors`, `ands`, `and_xors` and `calls` from front to back. ANDs of which nobody knows an operand own two tweaks each,
//! others one or none ([`tweak_pairs`]): the `k`-th pair in a session (over all blocks, calls and repetitions) is `2k` and `2k + 1`.
//!
//! # Who knows what
//! A plan with a [`Local`] part is for one party as the garbler. The evaluator runs its own blocks on its inputs, in the clear; main's inputs
//! are then the garbler's bits followed by what those blocks give. Every block says who knows its inputs and outputs ([`Knowledge`]: the
//! garbler, the evaluator, or nobody). Without a local part everything is secret, and main's inputs are those of the ports, in order.
//!
//! # Invariants (checked by [`Plan::validate`] on every plan that comes from outside)
//! - Every slot is written before it is read and is smaller than `n_slots`.
//! - In a batch of ANDs no destination is an operand or destination of another gate of that batch.
//! - XORs have two or three operands. Where the third is missing, and where an [`AndXor`] adds nothing, stands [`PlanBlock::nothing`].
//! - Only operands of ANDs, call arguments and outputs are complemented: everywhere else polarity is the scheduler's business.
//! - No result of a call goes to a slot that holds one of its arguments: results of one iteration are written before the
//!   arguments of the next are read.
//! - [`Operand::CONSTANT`] occurs only among call arguments and block outputs.
//! - Operands, arguments and outputs are known to whom a step, a callee or a block says; what is known to a party may also stand where
//!   nobody needs to know it.
//! - A block calls only blocks of smaller id. The last block is `main`.

mod file;
mod measure;
mod run;
#[cfg(test)]
mod tests;
mod validate;

pub use file::ReadError;
pub use measure::Measure;
pub use run::{run, run_own};
pub(crate) use validate::check_ports;
pub use validate::{Invalid, InvalidPort, LIMIT_CALL_DEPTH, LIMIT_LABELS, LIMIT_OPERATIONS, Place};

use std::ops::RangeInclusive;

use crate::circuit::{InputPort, OutputPort};
use crate::id::{BlockId, PartyId};
use crate::knowledge::{Knowledge, Known};

/// An executable circuit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The parties, in the order in which the program declares them.
    pub parties: Vec<String>,
    /// Who gives what. The bits of `main`'s inputs, in order.
    pub inputs: Vec<InputPort>,
    /// Who learns what. The bits of `main`'s outputs, in order.
    pub outputs: Vec<OutputPort>,
    /// The blocks, callees before callers; the last is `main`.
    pub blocks: Vec<PlanBlock>,
    /// What the parties compute by themselves; nothing in a plan that either party can garble.
    pub local: Option<Local>,
}

/// What makes a plan one for a certain garbler; see [`crate::local`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Who garbles.
    pub garbler: PartyId,
    /// What the evaluator computes in the clear, from the bits of its input ports to the bits that it enters. The last block runs first;
    /// all ANDs are of [`Step::And`], and nothing is said about who knows what.
    pub own: Vec<PlanBlock>,
}

/// A straight-line piece of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PlanBlock {
    /// How many of the first slots hold inputs on entry.
    pub n_inputs: u32,
    /// Labels in the block's frame.
    pub n_slots: u32,
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// The XORs of all steps, in order: of each its destination, which may be an operand, and then its operands.
    pub xors: Vec<Operand>,
    /// The ANDs of all steps, in order.
    pub ands: Vec<And>,
    /// The ANDs with XORs around them of all steps, in order.
    pub and_xors: Vec<AndXor>,
    /// The calls of all steps, in order.
    pub calls: Vec<PlanCall>,
    /// Where the outputs stand on exit.
    pub outputs: Vec<Operand>,
    /// Who knows each input; empty in plans without a local part.
    pub input_knowledge: Vec<Knowledge>,
    /// Who knows each output; empty in plans without a local part.
    pub output_knowledge: Vec<Knowledge>,
}

/// What a block does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The next `n` XORs of so many operands each, one after the other.
    Xor {
        /// [`XOR_OPERANDS`] of each.
        n_operands: u32,
        /// How many XORs.
        n: u32,
    },
    /// The next `n` ANDs, independent of each other.
    And(u32),
    /// The next `n` ANDs with XORs around them, independent of each other.
    AndXor(u32),
    /// The next `n` ANDs, independent of each other, of which somebody knows operands.
    Known(Known, u32),
    /// The next call.
    Call,
}

/// Position of a label in a frame.
pub type Slot = u32;

/// A slot, complemented or not, or the public constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operand(pub u32);

/// How many operands an XOR has.
pub const XOR_OPERANDS: RangeInclusive<u32> = 2..=3;

/// `dst = a ∧ b`, operands complemented or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct And {
    /// Where the result goes.
    pub dst: Slot,
    /// First operand; never the constant.
    pub a: Operand,
    /// Second operand; never the constant.
    pub b: Operand,
}

/// `dst = (a ⊕ a_plus) ∧ (b ⊕ b_plus) ⊕ c`: what would be four gates, of which three need no slots of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AndXor {
    /// The destination, and what is certainly there of both operands.
    pub and: And,
    /// Added to the first operand; [`PlanBlock::nothing`] adds nothing.
    pub a_plus: Operand,
    /// Added to the second operand, likewise.
    pub b_plus: Operand,
    /// Added to the product, likewise.
    pub c: Operand,
}

/// Pairs of tweaks that a batch of `n` ANDs of one row each takes: of eight gates the first four take the first tweaks of four pairs, the
/// others the second ones.
#[must_use]
pub const fn tweak_pairs(n: u64) -> u64 {
    let rest = n % 8;
    n / 8 * 4 + if rest < 4 { rest } else { 4 }
}

/// A call; the meaning of counts, arguments and results is that of [`crate::circuit::Call`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanCall {
    /// The block that is called.
    pub callee: BlockId,
    /// How often; at least 1.
    pub count: u64,
    /// How many values each iteration hands to the next.
    pub n_state: u32,
    /// How many values all iterations share.
    pub n_shared: u32,
    /// Where the arguments stand.
    pub args: Vec<Operand>,
    /// Where the results go, all different; [`PlanCall::UNUSED`] drops one.
    pub results: Vec<Slot>,
}

impl PlanBlock {
    /// In place of an operand that adds nothing: one slot after the frame's last.
    #[must_use]
    pub const fn nothing(&self) -> Operand {
        Operand::new(self.n_slots, false)
    }
}

impl AndXor {
    /// What may add something.
    #[must_use]
    pub const fn added(&self) -> [Operand; 3] {
        [self.a_plus, self.b_plus, self.c]
    }
}

impl PlanCall {
    /// A result that nobody reads.
    pub const UNUSED: Slot = u32::MAX;
}

impl Operand {
    /// The public constant false; complemented, true.
    pub const CONSTANT: Operand = Operand(u32::MAX - 1);

    /// Slot `slot`, complemented or not.
    #[must_use]
    pub const fn new(slot: Slot, complemented: bool) -> Operand {
        Operand(slot << 1 | complemented as u32)
    }

    /// The slot; meaningless for the constant.
    #[must_use]
    pub const fn slot(self) -> Slot {
        self.0 >> 1
    }

    /// Whether the value is the slot's complement.
    #[must_use]
    pub const fn is_complemented(self) -> bool {
        self.0 & 1 == 1
    }

    /// Whether this is the constant (false or, complemented, true).
    #[must_use]
    pub const fn is_constant(self) -> bool {
        self.0 | 1 == u32::MAX
    }
}

impl Plan {
    /// The block that runs first.
    ///
    /// # Panics
    /// If the plan has no blocks, which a valid plan never lacks.
    #[must_use]
    pub fn main(&self) -> &PlanBlock {
        self.blocks.last().expect("a plan has a main block")
    }

    /// Bits that a party gives.
    #[must_use]
    pub fn n_bits_of(&self, party: PartyId) -> u64 {
        let own = self.inputs.iter().filter(|port| port.party == party);
        own.fold(0, |sum: u64, port| sum.saturating_add(port.shape.width()))
    }

    /// Oblivious transfers if `garbler` garbles: the bits that the other parties enter.
    #[must_use]
    pub fn n_transfers(&self, garbler: PartyId) -> u64 {
        match &self.local {
            Some(local) => local.n_entered(),
            None => {
                let others = self.inputs.iter().filter(|port| port.party != garbler);
                others.fold(0, |sum: u64, port| sum.saturating_add(port.shape.width()))
            }
        }
    }
}

impl Local {
    /// Bits that the evaluator enters.
    #[must_use]
    pub fn n_entered(&self) -> u64 {
        self.own.last().map_or(0, |main| main.outputs.len() as u64)
    }
}
