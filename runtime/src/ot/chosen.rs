//! Random OT to chosen OT: the receiver gets the one of the sender's two messages that it has chosen, in one more flow.
//!
//! ```text
//! sender    messages m_0, m_1, keys k_0, k_1       ── m_0 ⊕ k_0, m_1 ⊕ k_1 ──►     receiver    choice c, key k_c: m_c
//! ```
//!
//! The keys are those of [`RandomOt`]; a message is a block. Longer ones are encrypted under a block that is sent so.
//!
//! # Security
//! Each key is used once, as [`RandomOt`] never gives one twice, and hides the message that was not chosen. The receiver's choices do not enter
//! what is sent. What the receiver got is authentic only as far as the link is.

use crate::block::{BLOCK_BYTES, Block, Delta};
use crate::ot::random::RandomOt;
use crate::ot::{Labels, Message, PeerMisbehaved, blocks_of, expect_bytes};

/// Bytes of the sender's message for `n` OTs.
#[must_use]
pub const fn masked_bytes(n: usize) -> usize {
    2 * BLOCK_BYTES * n
}

/// Masks a pair of messages for each OT, [`masked_bytes`] in all; `zero` are the sender's labels.
///
/// # Panics
/// If there are more or fewer pairs than labels.
pub fn send(ots: &mut RandomOt, delta: &Delta, zero: &[Block], messages: &[[Block; 2]]) -> Vec<u8> {
    assert_eq!(zero.len(), messages.len(), "each OT has a pair of messages");
    let keys = ots.sender(delta, zero);
    let masked = keys.as_flattened().iter().zip(messages.as_flattened()).map(|(&key, &message)| key ^ message);
    masked.flat_map(Block::to_bytes).collect()
}

/// The messages that were chosen; `labels` are the receiver's for these choices.
///
/// # Errors
/// What the sender sent has another length than [`masked_bytes`].
///
/// # Panics
/// If there are more or fewer choices than labels.
pub fn receive(ots: &mut RandomOt, labels: Labels, choices: &[bool], masked: &[u8]) -> Result<Labels, PeerMisbehaved> {
    assert_eq!(labels.len(), choices.len(), "each OT has a choice");
    expect_bytes(Message::Masked, masked, masked_bytes(choices.len()))?;
    let mut messages = ots.receiver(labels);
    let pairs = masked.chunks_exact(2 * BLOCK_BYTES).map(blocks_of);
    for ((message, pair), &choice) in messages.iter_mut().zip(pairs).zip(choices) {
        for (block, is_chosen) in pair.zip([!choice, choice]) {
            *message ^= block.masked(is_chosen);
        }
    }
    Ok(messages)
}
