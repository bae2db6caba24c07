//! Labels straight from base OTs, for few inputs: two flows, no extension.
//!
//! The garbler's zero label is the base OT's key 0; it sends `key_0 ⊕ key_1 ⊕ Δ` for each OT (Beaver-style
//! derandomisation towards a fixed correlation), so that key 1 becomes the one label.
//!
//! # Security
//! - A corrupt evaluator gets one label of each pair and nothing else: a key that it did not choose hides the correction
//!   like a one-time pad. It cannot choose its label either, as that hashes the garbler's later point.
//! - A corrupt garbler learns nothing from the flows here. It can make the corrections inconsistent (wrong Δ for one input),
//!   which makes the run fail for one value of that input: the selective failure that every semi-honest garbled circuit
//!   allows its garbler. Output authentication turns it into an abort, never into a wrong answer.
//! - The corrections are not authenticated beyond what the channel does: a flipped bit gives an unknown label, which the
//!   output check refuses.

use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::block::{BLOCK_BYTES, Delta};
use crate::ot::base::{self, BaseDraft, BaseReceiver};
use crate::ot::{Labels, Message, PeerMisbehaved, Purpose, SessionId, blocks_of, expect_bytes};

/// Bytes of the evaluator's message for `n` inputs.
#[must_use]
pub const fn request_bytes(n: usize) -> usize {
    base::points_bytes(n)
}

/// Bytes of the garbler's message for `n` inputs.
#[must_use]
pub const fn reply_bytes(n: usize) -> usize {
    base::REPLY_BYTES + n * BLOCK_BYTES
}

/// The evaluator, waiting for the garbler's reply.
pub struct DirectReceiver {
    base: BaseReceiver,
    choices: Zeroizing<Vec<bool>>,
}

impl DirectReceiver {
    /// Starts with the evaluator's input bits. Returns the message to the garbler too, [`request_bytes`] long.
    pub fn start(session: &SessionId, choices: &[bool], rng: &mut impl CryptoRng) -> (DirectReceiver, Vec<u8>) {
        DirectReceiver::start_from(BaseDraft::new(choices.len(), rng), session, choices)
    }

    /// As [`DirectReceiver::start`], with a draft of its own for as many OTs.
    ///
    /// # Panics
    /// If the draft is for another number of OTs.
    #[must_use]
    pub fn start_from(draft: BaseDraft, session: &SessionId, choices: &[bool]) -> (DirectReceiver, Vec<u8>) {
        let (base, request) = draft.start(session, Purpose::Direct, choices);
        (DirectReceiver { base, choices: Zeroizing::new(choices.to_vec()) }, request)
    }

    /// Bytes of the reply that this waits for.
    #[must_use]
    pub fn reply_bytes(&self) -> usize {
        reply_bytes(self.choices.len())
    }

    /// Takes the garbler's reply and returns the label of each input bit.
    ///
    /// # Errors
    /// The reply has a wrong length, or its point is the identity or no canonical encoding.
    pub fn finish(self, reply: &[u8]) -> Result<Labels, PeerMisbehaved> {
        expect_bytes(Message::DirectReply, reply, self.reply_bytes())?;
        let (point, corrections) = reply.split_at(base::REPLY_BYTES);
        let mut labels = self.base.finish(point)?;
        for ((label, correction), &choice) in labels.iter_mut().zip(blocks_of(corrections)).zip(self.choices.iter()) {
            *label ^= correction.masked(choice);
        }
        Ok(labels)
    }
}

/// The garbler: takes the evaluator's message for `n` inputs, returns their zero labels and the reply.
///
/// # Errors
/// The request has a wrong length, or one of its points is the identity or no canonical encoding.
pub fn send(
    session: &SessionId,
    delta: &Delta,
    n: usize,
    request: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<(Labels, Vec<u8>), PeerMisbehaved> {
    let (pairs, point) = base::send(session, Purpose::Direct, n, request, rng)?;
    let mut reply = Vec::with_capacity(reply_bytes(n));
    reply.extend_from_slice(&point);
    for &[zero, one] in pairs.iter() {
        reply.extend_from_slice(&(zero ^ one ^ delta.block()).to_bytes());
    }
    Ok((Zeroizing::new(pairs.iter().map(|pair| pair[0]).collect()), reply))
}
