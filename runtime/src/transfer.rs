//! Oblivious transfer over a link: the extension's messages ([`crate::ot`]) in their order. Needs no circuit and no session.
//!
//! ```text
//! receiver                                      sender
//!   receiver()                 ◄── points ───     sender()          128 base OTs, once
//!                              ── trees ────►
//!   receive()                  ── matrix ───►     send()            as often as wanted
//!                              ◄─ challenge ─
//!                              ── response ─►
//! ```
//!
//! A matrix goes out in parts: the sender computes on one while the receiver computes the next.
//!
//! # Security
//! What [`crate::ot::extension`] says. Steps consume their state, so nothing can be retried after an error. Make the session id from
//! nonces of both parties and what they agreed on: the same one must never be used twice.

use rand::CryptoRng;
use tokio::task::yield_now;

use crate::block::Delta;
use crate::channel::{ChannelError, Link};
use crate::ot::base::BaseDraft;
use crate::ot::extension::{CHALLENGE_BYTES, CotReceiver, CotSender, CotSetup, Depth, POINTS_BYTES, RESPONSE_BYTES};
use crate::ot::{Labels, PeerMisbehaved, SessionId};
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

/// Sends a message.
pub(crate) async fn tell(link: &mut Link, message: &[u8]) -> Result<(), ChannelError> {
    link.sender.send_message(FrameKind::Transfer, message).await
}

/// Receives a message of `n_bytes`.
pub(crate) async fn hear(link: &mut Link, n_bytes: usize) -> Result<Vec<u8>, ChannelError> {
    link.receiver.receive_message(FrameKind::Transfer, n_bytes).await
}
