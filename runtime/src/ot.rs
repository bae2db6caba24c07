//! Oblivious transfer: how the evaluator gets its input labels without the garbler learning its inputs.
//!
//! Everything here is synchronous and does no I/O: a step takes the peer's message as bytes and returns the next message
//! as bytes. Each state knows the exact length of the message that it waits for (`*_bytes`), so that the caller can refuse
//! a wrong length before it allocates anything.
//!
//! Two ways to get `n` correlated OTs under the garbler's Δ (it gets zero labels `q_i`, the evaluator, whose choice bits
//! are `x_i`, gets `q_i ⊕ x_i·Δ`):
//!
//! ```text
//! direct (few inputs)          evaluator                                  garbler
//!   flow 1                     DirectReceiver::start     ── points ──►    direct::send
//!   flow 2                     DirectReceiver::finish    ◄── reply ───
//!
//! extension (SoftSpokenOT)     evaluator                                  garbler
//!   flow 1, once a session     CotReceiver::accept       ◄── points ──    CotSetup::start
//!   flow 2, once a session                               ── trees ───►    CotSetup::finish
//!   flow 2 or 4, each batch    CotReceiver::extend       ── matrix ──►    CotSender::extend
//!   then                       ReceiverBatch::respond    ◄─ challenge ─
//!   then                                                 ── response ─►   SenderBatch::verify
//! ```
//!
//! The evaluator may send the trees and its first matrix together; a matrix goes in parts ([`CotReceiver::begin`](extension::CotReceiver::begin)), so
//! that both parties compute while it is on its way. [`pool`] runs the extension ahead of time, so that inputs
//! take one flow of `n` bits; [`random`] makes independent keys out of correlated labels, and [`chosen`] carries the sender's own messages under them.
//!
//! # Security
//! - Active security against either party for the base OTs, and against a corrupt evaluator for the extension; what a
//!   corrupt garbler can do in direct mode is said there.
//! - The session id enters every hash: a message replayed from another session yields unrelated keys.
//! - Steps consume their state. After an error nothing is left to retry with: every block of state is wiped on drop. A
//!   second try on the same base OTs would leak Δ bit by bit.

pub mod base;
pub mod chosen;
pub mod direct;
pub mod extension;
pub mod pool;
pub mod random;

use zeroize::Zeroizing;

use crate::block::{BLOCK_BYTES, Block};

/// The hash of the handshake that both parties agreed on; see `session`. Never the same for two sessions.
pub type SessionId = [u8; 32];

/// One label for each OT; wiped when dropped.
pub type Labels = Zeroizing<Vec<Block>>;

/// Up to this many inputs the base OTs alone are cheaper than setting up the extension.
pub const DIRECT_MAX: usize = 128;

/// What the base OTs are for; keeps the hashes of different uses apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Labels straight from base OTs; the evaluator is their receiver.
    Direct,
    /// Seeds of the extension; the garbler is their receiver.
    Extension,
}

impl Purpose {
    /// The byte that stands for it in hashes.
    const fn tag(self) -> u8 {
        match self {
            Purpose::Direct => 1,
            Purpose::Extension => 2,
        }
    }
}

/// The messages of this module, for errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Message {
    /// The base OT receiver's point pairs.
    #[error("base OT points")]
    BasePoints,
    /// The base OT sender's point.
    #[error("base OT reply")]
    BaseReply,
    /// The garbler's reply in direct mode.
    #[error("direct OT reply")]
    DirectReply,
    /// The evaluator's trees, for the setup of the extension.
    #[error("OT extension trees")]
    Trees,
    /// The evaluator's correction matrix.
    #[error("OT extension matrix")]
    Matrix,
    /// The garbler's challenge.
    #[error("OT extension challenge")]
    Challenge,
    /// The evaluator's answer to the challenge.
    #[error("OT extension response")]
    Response,
    /// The sender's messages of chosen OT, masked.
    #[error("masked messages of chosen OT")]
    Masked,
    /// The evaluator's bits that adapt precomputed OTs to its inputs.
    #[error("OT pool flow")]
    PoolFlow,
}

/// The peer did not follow the protocol. The session must end; nothing may be retried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerMisbehaved {
    /// A message has another length than the protocol gives it.
    #[error("{message}: {found} bytes where the protocol says {expected}")]
    Length {
        /// Which message.
        message: Message,
        /// Bytes received.
        found: usize,
        /// Bytes expected.
        expected: usize,
    },
    /// A point is not the canonical encoding of a Ristretto point, or is the identity.
    #[error("point {index} of the {message} is the identity or not a canonical encoding")]
    Point {
        /// Which message.
        message: Message,
        /// Position of the point in that message.
        index: usize,
    },
    /// The trees of the OT extension contradict each other.
    #[error("the trees of the OT extension are inconsistent")]
    Trees,
    /// The matrix of the OT extension does not stand for one choice per OT.
    #[error("the matrix of the OT extension fails its consistency check")]
    Correlation,
    /// A flow is for other OTs of the pool than are next.
    #[error("the OT pool flow is for position {found}, the next is {expected}")]
    PoolPosition {
        /// Position in the flow.
        found: u64,
        /// Position of the next OT.
        expected: u64,
    },
    /// A flow has bits set after its last OT.
    #[error("the OT pool flow has bits set after its last OT")]
    PoolPadding,
}

/// Checks the length of a message before anything of it is read.
fn expect_bytes(message: Message, bytes: &[u8], expected: usize) -> Result<(), PeerMisbehaved> {
    if bytes.len() == expected {
        return Ok(());
    }
    Err(PeerMisbehaved::Length { message, found: bytes.len(), expected })
}

/// The blocks of a message whose length has been checked.
fn blocks_of(bytes: &[u8]) -> impl Iterator<Item = Block> + '_ {
    let (chunks, _) = bytes.as_chunks::<BLOCK_BYTES>();
    chunks.iter().map(|&chunk| Block::from_bytes(chunk))
}

#[cfg(test)]
mod tests;
