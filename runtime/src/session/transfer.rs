//! The evaluator's input labels by oblivious transfer: the messages of [`crate::ot`] over a link.
//!
//! Few inputs take base OTs directly, two flights; more take SoftSpokenOT in batches, two flights for the setup together with the
//! first matrix and two for each check. Both parties know from the plan which it is. The garbler sends nothing else that depends on
//! Δ before the last check has passed.

use rand::CryptoRng;

use super::error::StepError;
use crate::block::Delta;
use crate::channel::{ChannelError, Link};
use crate::ot::extension::{CHALLENGE_BYTES, CotReceiver, CotSetup, Depth, POINTS_BYTES, RESPONSE_BYTES};
use crate::ot::{DIRECT_MAX, Labels, SessionId, direct};
use crate::wire::FrameKind;

/// OTs in a batch; bounds what is held in memory before its check.
const BATCH: usize = 1 << 20;
/// Up to this many OTs the deeper trees cost more than the bytes that they save.
const SHALLOW_MAX: usize = 1 << 14;

/// The garbler's side: the zero labels of `n` inputs.
pub(super) async fn send(
    link: &mut Link,
    session: &SessionId,
    delta: &Delta,
    n: usize,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Labels, StepError> {
    match n {
        0 => Ok(Labels::default()),
        1..DIRECT_MAX => send_directly(link, session, delta, n, rng).await,
        _ => send_extended(link, session, delta, n, rng).await,
    }
}

/// The evaluator's side: the active labels of its inputs.
pub(super) async fn receive(
    link: &mut Link,
    session: &SessionId,
    inputs: &[bool],
    rng: &mut (impl CryptoRng + Send),
) -> Result<Labels, StepError> {
    match inputs.len() {
        0 => Ok(Labels::default()),
        1..DIRECT_MAX => receive_directly(link, session, inputs, rng).await,
        _ => receive_extended(link, session, inputs, rng).await,
    }
}

async fn send_directly(
    link: &mut Link,
    session: &SessionId,
    delta: &Delta,
    n: usize,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Labels, StepError> {
    let request = hear(link, direct::request_bytes(n)).await?;
    let (labels, reply) = direct::send(session, delta, n, &request, rng)?;
    tell(link, &reply).await?;
    Ok(labels)
}

async fn receive_directly(
    link: &mut Link,
    session: &SessionId,
    inputs: &[bool],
    rng: &mut (impl CryptoRng + Send),
) -> Result<Labels, StepError> {
    let (receiver, request) = direct::DirectReceiver::start(session, inputs, rng);
    tell(link, &request).await?;
    let reply = hear(link, receiver.reply_bytes()).await?;
    Ok(receiver.finish(&reply)?)
}

async fn send_extended(
    link: &mut Link,
    session: &SessionId,
    delta: &Delta,
    n: usize,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Labels, StepError> {
    let depth = depth(n);
    let (setup, points) = CotSetup::start(session, depth, delta, rng);
    tell(link, &points).await?;
    let mut sender = setup.finish(&hear(link, depth.trees_bytes()).await?)?;
    let mut labels = Labels::default();
    while labels.len() < n {
        let n_batch = BATCH.min(n - labels.len());
        let matrix = hear(link, sender.matrix_bytes(n_batch)).await?;
        let (batch, challenge) = sender.extend(n_batch, &matrix, rng)?;
        tell(link, &challenge).await?;
        let (next, of_batch) = batch.verify(&hear(link, RESPONSE_BYTES).await?)?;
        append(&mut labels, of_batch, n);
        sender = next;
    }
    Ok(labels)
}

async fn receive_extended(
    link: &mut Link,
    session: &SessionId,
    inputs: &[bool],
    rng: &mut (impl CryptoRng + Send),
) -> Result<Labels, StepError> {
    let points = hear(link, POINTS_BYTES).await?;
    let (mut receiver, trees) = CotReceiver::accept(session, depth(inputs.len()), &points, rng)?;
    tell(link, &trees).await?;
    let mut labels = Labels::default();
    for choices in inputs.chunks(BATCH) {
        let (batch, matrix) = receiver.extend(choices, rng);
        tell(link, &matrix).await?;
        let (next, of_batch, response) = batch.respond(&hear(link, CHALLENGE_BYTES).await?)?;
        tell(link, &response).await?;
        append(&mut labels, of_batch, inputs.len());
        receiver = next;
    }
    Ok(labels)
}

/// The depth of the extension's trees for `n` OTs.
const fn depth(n: usize) -> Depth {
    if n <= SHALLOW_MAX { Depth::Two } else { Depth::Four }
}

/// Adds a batch to the labels of all `n`; never moves labels, as the memory left behind would not be wiped.
fn append(labels: &mut Labels, batch: Labels, n: usize) {
    if batch.len() == n {
        *labels = batch;
        return;
    }
    if labels.capacity() == 0 {
        labels.reserve_exact(n);
    }
    labels.extend_from_slice(&batch);
}

async fn tell(link: &mut Link, message: &[u8]) -> Result<(), ChannelError> {
    link.sender.send_message(FrameKind::Transfer, message).await
}

async fn hear(link: &mut Link, n_bytes: usize) -> Result<Vec<u8>, ChannelError> {
    link.receiver.receive_message(FrameKind::Transfer, n_bytes).await
}
