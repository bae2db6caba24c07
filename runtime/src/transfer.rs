//! Oblivious transfer over a link: the extension's messages ([`crate::ot`]) in their order. Needs no circuit and no session.
//!
//! ```text
//! receiver                                      sender
//!   receiver()                 ◄── points ───     sender()          128 base OTs, once
//!                              ── trees ────►
//!   receive()                  ── matrix ───►     send()            as often as wanted
//!                              ◄─ challenge ─
//!                              ── response ─►
//!   receive_chosen()           ◄── masked ───     send_chosen()     messages of the sender's own, where labels are not enough
//! ```
//!
//! A matrix goes out in parts: the sender computes on one while the receiver computes the next.
//!
//! # Security
//! What [`crate::ot::extension`] says. Steps consume their state, so nothing can be retried after an error. Make the session id from
//! nonces of both parties and what they agreed on: the same one must never be used twice.

use rand::CryptoRng;
use tokio::task::yield_now;

use crate::block::{Block, Delta};
use crate::channel::{ChannelError, Link};
use crate::ot::base::BaseDraft;
use crate::ot::extension::{CHALLENGE_BYTES, CotReceiver, CotSender, CotSetup, Depth, POINTS_BYTES, RESPONSE_BYTES};
use crate::ot::random::RandomOt;
use crate::ot::{Labels, PeerMisbehaved, SessionId, chosen};
use crate::wire::{FrameKind, Length};

/// Why OTs could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The channel failed, or what came is no message.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The other party did not follow the protocol.
    #[error(transparent)]
    Peer(#[from] PeerMisbehaved),
}

/// Sets up the side that has Δ; `draft` is for [`crate::ot::extension::N_BASE`] base OTs.
///
/// # Errors
/// See [`TransferError`].
pub async fn sender(
    link: &mut Link,
    draft: BaseDraft,
    session: &SessionId,
    depth: Depth,
    delta: &Delta,
) -> Result<CotSender, TransferError> {
    let (setup, points) = CotSetup::start_from(draft, session, depth, delta);
    tell(link, &points).await?;
    Ok(setup.finish(&hear(link, depth.trees_bytes()).await?)?)
}

/// Sets up the side that chooses.
///
/// # Errors
/// See [`TransferError`].
pub async fn receiver(
    link: &mut Link,
    session: &SessionId,
    depth: Depth,
    rng: &mut (impl CryptoRng + Send),
) -> Result<CotReceiver, TransferError> {
    let points = hear(link, POINTS_BYTES).await?;
    let (receiver, trees) = CotReceiver::accept(session, depth, &points, rng)?;
    tell(link, &trees).await?;
    Ok(receiver)
}

/// A batch of `n` correlated OTs, checked: the zero labels, and the sender ready for the next batch.
///
/// # Errors
/// See [`TransferError`].
pub async fn send(
    link: &mut Link,
    sender: CotSender,
    n: usize,
    rng: &mut (impl CryptoRng + Send),
) -> Result<(CotSender, Labels), TransferError> {
    let (mut matrix, mut part) = (sender.begin(n), Vec::new());
    while let Some(n_bytes) = matrix.next_bytes() {
        link.receiver.receive(FrameKind::Matrix, Length::Exactly(n_bytes), &mut part).await?;
        matrix.add(&part)?;
    }
    let (mut batch, challenge) = matrix.challenge(rng);
    tell(link, &challenge).await?;
    yield_now().await;
    batch.prepare();
    Ok(batch.verify(&hear(link, RESPONSE_BYTES).await?)?)
}

/// A batch of correlated OTs with these choices: the labels chosen, and the receiver ready for the next batch.
///
/// # Errors
/// See [`TransferError`].
pub async fn receive(
    link: &mut Link,
    receiver: CotReceiver,
    choices: &[bool],
    rng: &mut (impl CryptoRng + Send),
) -> Result<(CotReceiver, Labels), TransferError> {
    let mut matrix = receiver.begin(choices, rng);
    while let Some(n_bytes) = matrix.next_bytes() {
        let mut frame = link.sender.frame(FrameKind::Matrix);
        matrix.next_part(frame.grow(n_bytes));
        link.sender.send(frame).await?;
        yield_now().await; // Lets this part go out before the next is computed, on one thread too.
    }
    let (receiver, labels, response) = matrix.finish().respond(&hear(link, CHALLENGE_BYTES).await?)?;
    tell(link, &response).await?;
    Ok((receiver, labels))
}

/// Sends one of two messages for each OT of a batch, whose zero labels these are, as the other party has chosen.
///
/// # Errors
/// See [`TransferError`].
///
/// # Panics
/// If there are more or fewer pairs of messages than labels.
pub async fn send_chosen(
    link: &mut Link,
    ots: &mut RandomOt,
    delta: &Delta,
    zero: &[Block],
    messages: &[[Block; 2]],
) -> Result<(), TransferError> {
    Ok(tell(link, &chosen::send(ots, delta, zero, messages)).await?)
}

/// Receives the messages that these choices stand for, `labels` being those of [`receive`].
///
/// # Errors
/// See [`TransferError`].
pub async fn receive_chosen(
    link: &mut Link,
    ots: &mut RandomOt,
    labels: Labels,
    choices: &[bool],
) -> Result<Labels, TransferError> {
    let masked = hear(link, chosen::masked_bytes(choices.len())).await?;
    Ok(chosen::receive(ots, labels, choices, &masked)?)
}

/// Sends a message.
pub(crate) async fn tell(link: &mut Link, message: &[u8]) -> Result<(), ChannelError> {
    link.sender.send_message(FrameKind::Transfer, message).await
}

/// Receives a message of `n_bytes`.
pub(crate) async fn hear(link: &mut Link, n_bytes: usize) -> Result<Vec<u8>, ChannelError> {
    link.receiver.receive_message(FrameKind::Transfer, n_bytes).await
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::*;
    use crate::channel::memory;
    use crate::ot::extension::N_BASE;

    /// Without circuit and session: base OTs, two batches of the extension, and messages that were chosen.
    #[tokio::test]
    async fn messages_are_transferred_over_a_link() {
        let (session, n) = ([5; 32], 300);
        let (ours, theirs) = memory::pair();
        let (mut ours, mut theirs) = (Link::start(ours), Link::start(theirs));
        let messages: Vec<[Block; 2]> = (0..n).map(|i| [Block::new(i, 0), Block::new(i, 1)]).collect();
        let choices: Vec<bool> = (0..n).map(|i| i % 3 == 0).collect();
        let send = async {
            let rng = &mut ChaCha20Rng::seed_from_u64(1);
            let (delta, mut ots) = (Delta::random(rng), RandomOt::new(&session));
            let mut sender =
                self::sender(&mut ours, BaseDraft::new(N_BASE, rng), &session, Depth::Four, &delta).await?;
            for _ in 0..2 {
                let zero;
                (sender, zero) = self::send(&mut ours, sender, n as usize, rng).await?;
                send_chosen(&mut ours, &mut ots, &delta, &zero, &messages).await?;
            }
            Ok::<_, TransferError>(())
        };
        let receive = async {
            let rng = &mut ChaCha20Rng::seed_from_u64(2);
            let mut ots = RandomOt::new(&session);
            let mut receiver = self::receiver(&mut theirs, &session, Depth::Four, rng).await?;
            for _ in 0..2 {
                let labels;
                (receiver, labels) = self::receive(&mut theirs, receiver, &choices, rng).await?;
                let received = receive_chosen(&mut theirs, &mut ots, labels, &choices).await?;
                let wanted = choices.iter().enumerate().map(|(i, &choice)| [i as u64, u64::from(choice)]);
                assert!(received.iter().map(|message| message.halves()).eq(wanted));
            }
            Ok::<_, TransferError>(())
        };
        let (sent, received) = tokio::join!(send, receive);
        sent.and(received).expect("both are honest");
    }
}
