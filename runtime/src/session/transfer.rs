//! The evaluator's input labels by oblivious transfer: the messages of [`crate::ot`] over a link.
//!
//! OTs come from a pool of random ones, all under the session's Δ. How it is filled is computed by both parties from what they have
//! agreed on: few OTs in all are base OTs, two flights; more come from SoftSpokenOT, two flights for the setup together with the first
//! matrix and two for each check. A run with `n` input bits then takes one flow of `n` bits, which goes out together with the last
//! flight of the filling, where there is one.
//!
//! # Invariants
//! - Every OT is used once; a session sets up the extension at most once.
//! - The garbler sends nothing else that depends on Δ before the check of the batch has passed.
//!
//! # Security
//! Whoever changes a flow on the way would change the evaluator's inputs: so what comes after a flow is bound to it, by the name that
//! [`bound`] gives the run.

use rand::CryptoRng;

use super::Role;
use super::error::StepError;
use crate::block::Delta;
use crate::channel::Link;
use crate::ot::base::BaseDraft;
use crate::ot::direct::{self, DirectReceiver};
use crate::ot::extension::{
    BATCH_MAX, CHALLENGE_BYTES, CotReceiver, CotSender, Depth, N_BASE, POINTS_BYTES, RESPONSE_BYTES,
};
use crate::ot::pool::{PoolReceiver, PoolSender, flow_bytes, random_choices};
use crate::ot::{DIRECT_MAX, Labels, SessionId};
use crate::transfer::{self, hear, tell};

/// OTs that are made at one go where a run needs fewer; bounds what a pool takes in memory.
const BATCH: u64 = 1 << 20;

/// Bytes that `n` OTs of one run take, without headers and tags, with those trees of the two that suit a local network that take fewer. Where
/// the link is known to be slow they are deeper, and the bytes fewer. More OTs never take fewer bytes.
#[must_use]
pub fn transfer_bytes(n: u64) -> u64 {
    [Depth::Two, Depth::Four].map(|depth| bytes_at(depth, n)).into_iter().min().unwrap_or(0)
}

fn bytes_at(depth: Depth, n: u64) -> u64 {
    let supply = Supply::new(SessionId::default(), depth, n);
    let n_bytes = |bytes: fn(usize) -> usize, n: u64| usize::try_from(n).map_or(u64::MAX, |n| bytes(n) as u64);
    if n == 0 {
        0
    } else if supply.is_direct() {
        n_bytes(direct::request_bytes, n) + n_bytes(direct::reply_bytes, n) + n_bytes(flow_bytes, n)
    } else {
        let n_batches = n.div_ceil(BATCH_MAX as u64);
        let of_batches = n_batches.saturating_mul((CHALLENGE_BYTES + RESPONSE_BYTES) as u64);
        let matrices = n_batches.saturating_mul(supply.depth.matrix_bytes(0) as u64);
        let matrices = matrices.saturating_add(n.saturating_mul(16) / supply.depth.bits() as u64);
        let setup = (POINTS_BYTES + supply.depth.trees_bytes()) as u64;
        [of_batches, matrices, n_bytes(flow_bytes, n)].into_iter().fold(setup, u64::saturating_add)
    }
}

/// What both parties know about the OTs of a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Supply {
    pub(super) session: SessionId,
    /// The depth of the extension's trees.
    pub(super) depth: Depth,
    /// Input bits of the evaluator in all runs.
    pub(super) total: u64,
    /// OTs that are still to be made.
    pub(super) to_make: u64,
}

impl Supply {
    pub(super) const fn new(session: SessionId, depth: Depth, total: u64) -> Supply {
        Supply { session, depth, total, to_make: total }
    }

    /// Whether base OTs alone are cheaper.
    pub(super) const fn is_direct(&self) -> bool {
        is_direct(self.total)
    }

    /// Takes the size of the next batch off what is to be made; `n` are needed now.
    pub(super) fn next_batch(&mut self, n: usize) -> usize {
        let batch = self.to_make.min(BATCH.max(n as u64)).min(BATCH_MAX as u64);
        self.to_make -= batch;
        batch as usize
    }
}

/// Whether base OTs alone are cheaper for so many.
const fn is_direct(total: u64) -> bool {
    total <= DIRECT_MAX as u64
}

/// Base OTs that this party receives where the evaluator has so many input bits in all runs.
pub(super) const fn n_received(role: Role, total: u64) -> usize {
    match role {
        Role::Evaluator if is_direct(total) => total as usize,
        Role::Garbler if !is_direct(total) => N_BASE,
        _ => 0,
    }
}

/// The garbler's OTs.
pub(super) struct SenderOts {
    supply: Supply,
    /// For the setup of the extension.
    draft: Option<BaseDraft>,
    delta: Delta,
    pool: PoolSender,
    extension: Option<CotSender>,
}

impl SenderOts {
    pub(super) fn new(supply: Supply, delta: &Delta, draft: Option<BaseDraft>) -> SenderOts {
        SenderOts { supply, draft, delta: delta.clone(), pool: PoolSender::new(delta), extension: None }
    }

    /// The zero labels of the `n` inputs of a run, and the flow that they come of.
    pub(super) async fn labels(
        mut self,
        link: &mut Link,
        n: usize,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<(SenderOts, Labels, Vec<u8>), StepError> {
        if n == 0 {
            return Ok((self, Labels::default(), Vec::new()));
        }
        while self.pool.left() < n {
            self = self.fill(link, n, rng).await?;
        }
        let flow = hear(link, flow_bytes(n)).await?;
        let (pool, labels) = self.pool.take(n, &flow)?;
        Ok((SenderOts { pool, ..self }, labels, flow))
    }

    async fn fill(mut self, link: &mut Link, n: usize, rng: &mut (impl CryptoRng + Send)) -> Result<Self, StepError> {
        let n_batch = self.supply.next_batch(n - self.pool.left());
        let session = &self.supply.session;
        if self.supply.is_direct() {
            let request = hear(link, direct::request_bytes(n_batch)).await?;
            let (labels, reply) = direct::send(session, &self.delta, n_batch, &request, rng)?;
            tell(link, &reply).await?;
            self.pool.add(labels);
            return Ok(self);
        }
        let sender = match self.extension.take() {
            Some(sender) => sender,
            None => {
                let draft = drafted(self.draft.take(), N_BASE, rng);
                transfer::sender(link, draft, session, self.supply.depth, &self.delta).await?
            }
        };
        let (sender, labels) = transfer::send(link, sender, n_batch, rng).await?;
        self.pool.add(labels);
        Ok(SenderOts { extension: Some(sender), ..self })
    }
}

/// The evaluator's OTs.
pub(super) struct ReceiverOts {
    supply: Supply,
    /// For base OTs.
    draft: Option<BaseDraft>,
    pool: PoolReceiver,
    extension: Option<CotReceiver>,
}

impl ReceiverOts {
    pub(super) fn new(supply: Supply, draft: Option<BaseDraft>) -> ReceiverOts {
        ReceiverOts { supply, draft, pool: PoolReceiver::new(), extension: None }
    }

    /// The active labels of the inputs of a run, and the flow that they come of.
    pub(super) async fn labels(
        mut self,
        link: &mut Link,
        inputs: &[bool],
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<(ReceiverOts, Labels, Vec<u8>), StepError> {
        if inputs.is_empty() {
            return Ok((self, Labels::default(), Vec::new()));
        }
        let mut asked = None;
        while self.pool.left() < inputs.len() {
            asked = self.fill(link, inputs.len(), rng).await?;
        }
        let flow = self.pool.flow(inputs);
        tell(link, &flow).await?;
        if let Some(asked) = asked {
            let reply = hear(link, asked.reply_bytes()).await?;
            self.pool.add(asked.finish(&reply)?);
        }
        let labels = self.pool.labels(inputs.len());
        Ok((self, labels, flow))
    }

    /// Makes more OTs. Base OTs have been asked for then, and their labels are still to come.
    async fn fill(
        &mut self,
        link: &mut Link,
        n: usize,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<Option<DirectReceiver>, StepError> {
        let choices = random_choices(self.supply.next_batch(n - self.pool.left()), rng);
        let session = &self.supply.session;
        if self.supply.is_direct() {
            let draft = drafted(self.draft.take(), choices.len(), rng);
            let (receiver, request) = DirectReceiver::start_from(draft, session, &choices);
            tell(link, &request).await?;
            self.pool.choose(choices);
            return Ok(Some(receiver));
        }
        let receiver = match self.extension.take() {
            Some(receiver) => receiver,
            None => transfer::receiver(link, session, self.supply.depth, rng).await?,
        };
        let (receiver, labels) = transfer::receive(link, receiver, &choices, rng).await?;
        self.pool.choose(choices);
        self.pool.add(labels);
        self.extension = Some(receiver);
        Ok(None)
    }
}

/// The draft, if it is for `n` OTs; else a new one.
fn drafted(draft: Option<BaseDraft>, n: usize, rng: &mut impl CryptoRng) -> BaseDraft {
    draft.filter(|draft| draft.len() == n).unwrap_or_else(|| BaseDraft::new(n, rng))
}

/// Names a run and the flow of its inputs.
pub(super) fn bound(run: &[u8; 32], flow: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("hushgate run id v1: with the evaluator's flow");
    *hasher.update(run).update(flow).finalize().as_bytes()
}
