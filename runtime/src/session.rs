//! Sessions: two parties run a plan over a channel.
//!
//! ```text
//! garbler                                          evaluator
//!   Hello                      ◄──────────────►      Hello                 agree, or both refuse
//!                              ◄── Transfer ───      choices, hidden       where the evaluator has inputs
//!   Transfer, Seed             ───────────────►                            labels of all inputs
//!   Tables …                   ───────────────►      evaluates as they come
//!   Decoding                   ───────────────►      opens its outputs
//!   opens its outputs          ◄─── Results ───      permute bits and a proof
//! ```
//!
//! That is two round trips, the hellos included. With many inputs the transfer is an extension, which the garbler begins: three and a
//! half round trips.
//!
//! # Invariants
//! - Nothing that depends on an input is sent before both parties have agreed on everything.
//! - Each step consumes the one before it; an error drops, and so wipes, Δ, labels and OT state. There is no second try.
//! - Δ, the seed and the OT's secrets are fresh from the caller's generator in every session, and the session id enters
//!   every key.
//! - Memory for tables is bounded: at most [`crate::channel::QUEUE_FRAMES`] + 4 frames on either side.
//!
//! # Security
//! Semi-honest parties over a channel that nobody else writes to. Beyond that: a corrupt evaluator cannot make the garbler accept
//! a wrong output, and damage on the way is noticed at the frame where it happens. A corrupt garbler can garble another
//! function, or spoil a label and see whether the evaluator gives up.
//!
//! *Fairness is not guaranteed*: the evaluator can read its outputs before it sends the garbler's, and may stop in between. Nobody
//! but the declared recipients learns an output, in any case.

use std::fmt;
use std::future::pending;
use std::time::Duration;

use hushgate_circuits::id::PartyId;
use rand::CryptoRng;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

mod clock;
mod error;
mod evaluator;
mod garbler;
mod handshake;
mod inputs;
mod layout;
mod outputs;
mod sealed;
mod tables;
#[cfg(test)]
mod tests;
mod transfer;

pub use clock::{Phase, PhaseStats, Stats};
pub use error::{Disagreement, Misuse, PeerMisbehaved, Reason, SessionError, TimeoutKind};
pub use handshake::{Field, PROTOCOL_VERSION};
pub use sealed::SealedPlan;

use self::clock::Clock;
use self::handshake::{Offer, Terms};
use self::layout::Layout;
use crate::block::Block;
use crate::channel::{Channel, Link, Timeouts};
use crate::garble::output::OutputContext;
use crate::kernel::Kernel;

/// What a party does in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Makes the tables.
    Garbler,
    /// Runs them.
    Evaluator,
}

impl Role {
    /// What the other party does.
    #[must_use]
    pub const fn other(self) -> Role {
        match self {
            Role::Garbler => Role::Evaluator,
            Role::Evaluator => Role::Garbler,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Garbler => "garbler",
            Role::Evaluator => "evaluator",
        })
    }
}

/// What a party wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RoleChoice {
    /// What the other party leaves; if it does not care either, the party that comes first in the plan garbles.
    #[default]
    Auto,
    /// This and nothing else.
    Only(Role),
}

/// What a party brings to a session besides its inputs.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// What to run.
    pub plan: SealedPlan,
    /// Which of the plan's parties this is.
    pub party: PartyId,
    /// What it wants to do.
    pub role: RoleChoice,
    /// What both parties must agree on besides the plan, such as the value of each parameter: shown to both where it differs.
    pub agreement: Vec<Field>,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// What computes hashes; the choice does not change a byte of what is sent.
    pub kernel: Kernel,
}

/// What a party gets from a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The bits of each output port that this party learns, in the plan's order; `None` where it learns nothing.
    pub outputs: Vec<Option<Vec<bool>>>,
    /// What it did.
    pub role: Role,
    /// What it cost.
    pub stats: Stats,
}

/// Runs a session as one of its two parties.
///
/// `inputs` are the bits of this party's input ports, in the plan's order. Needs a tokio runtime with time enabled. Cancel by
/// dropping the future: the connection closes and secrets are wiped.
///
/// # Errors
/// See [`SessionError`]. The other party learns only that this one gave up.
pub async fn run(
    channel: Channel,
    config: SessionConfig,
    inputs: &[bool],
    rng: &mut (impl CryptoRng + Send),
) -> Result<Outcome, SessionError> {
    let offer = Offer::new(&config, channel.binding(), inputs.len(), rng)?;
    let (binding, timeouts) = (channel.binding().to_vec(), config.timeouts);
    let mut link = Link::start(channel);
    let (clock, meter) = (Clock::start(link.opened), link.meter.clone());
    let result = tokio::select! {
        biased;
        result = steps(&mut link, &clock, &config, (offer, &binding), inputs, rng) => result,
        () = meter.stalled(timeouts.progress) => Err(SessionError::timeout(&clock, TimeoutKind::Progress, timeouts.progress)),
        after = elapsed(timeouts.total) => Err(SessionError::timeout(&clock, TimeoutKind::Total, after)),
    };
    let result = blame(&mut link, &clock, result).await;
    let Finished { role, outputs, ot_count } = end(link, &clock, timeouts.progress, result).await?;
    Ok(Outcome { outputs, role, stats: clock.stats(&config.plan, ot_count, &meter) })
}

/// What the sides of a session share after the handshake.
struct Run<'a> {
    plan: &'a SealedPlan,
    kernel: Kernel,
    terms: Terms,
    layout: Layout,
    clock: &'a Clock,
}

impl Run<'_> {
    fn output_context(&self, s: Block) -> OutputContext<'_> {
        OutputContext { session: &self.terms.session, s, first_output: 0 }
    }
}

/// What is left when all messages have been exchanged.
struct Finished {
    role: Role,
    outputs: Vec<Option<Vec<bool>>>,
    ot_count: usize,
}

/// The protocol box of this module.
async fn steps(
    link: &mut Link,
    clock: &Clock,
    config: &SessionConfig,
    (offer, binding): (Offer, &[u8]),
    inputs: &[bool],
    rng: &mut (impl CryptoRng + Send),
) -> Result<Finished, SessionError> {
    let timeout = config.timeouts.handshake;
    let terms = tokio::time::timeout(timeout, handshake::exchange(link, &offer, &config.plan, binding));
    let terms = terms.await.map_err(|_| SessionError::timeout(clock, TimeoutKind::Handshake, timeout))?;
    let terms = terms.map_err(|error| SessionError::at(clock.phase(), error))?;
    let layout = Layout::new(&config.plan, terms.garbler, terms.evaluator)?;
    let run = Run { plan: &config.plan, kernel: config.kernel, terms, layout, clock };
    let bits = match run.terms.role {
        Role::Garbler => garbler::run(&run, link, inputs, rng).await,
        Role::Evaluator => evaluator::run(&run, link, inputs, rng).await,
    };
    let bits = Zeroizing::new(bits.map_err(|error| SessionError::at(clock.phase(), error))?);
    Ok(Finished {
        role: run.terms.role,
        outputs: run.layout.split_outputs(run.terms.role, &bits),
        ot_count: run.layout.n_inputs(Role::Evaluator),
    })
}

/// Writing fails also where the other party gave up and closed: what it said then is the better error.
async fn blame<T>(link: &mut Link, clock: &Clock, result: Result<T, SessionError>) -> Result<T, SessionError> {
    if !matches!(result, Err(SessionError::Io { .. })) {
        return result;
    }
    match link.hear_last_words().await {
        Some(said) => Err(SessionError::at(clock.phase(), said.into())),
        None => result,
    }
}

/// Closes the connection, or tells the peer that we give up.
async fn end<T>(
    link: Link,
    clock: &Clock,
    patience: Duration,
    result: Result<T, SessionError>,
) -> Result<T, SessionError> {
    if result.as_ref().is_err_and(|error| error.reason() != Reason::Agreement) {
        link.abort().await;
        return result;
    }
    let closed = timeout(patience, link.close()).await;
    // A party that disagrees finds the same difference on both sides, and that is the error to report.
    let result = result?;
    let closed = closed.map_err(|_| SessionError::timeout(clock, TimeoutKind::Progress, patience))?;
    closed.map_err(|error| SessionError::at(clock.phase(), error.into()))?;
    Ok(result)
}

async fn elapsed(limit: Option<Duration>) -> Duration {
    match limit {
        Some(limit) => {
            sleep(limit).await;
            limit
        }
        None => pending().await,
    }
}
