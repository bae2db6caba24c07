//! Sessions: two parties run a plan over a channel, once or many times, and other plans after it if they like.
//!
//! ```text
//! garbler                                          evaluator
//!   Hello                      ◄──────────────►      Hello                 agree, or both refuse
//! once for each run:
//!                              ◄── Transfer ───      choices, hidden       where the evaluator has inputs
//!   Transfer, Seed             ───────────────►                            labels of all inputs
//!   Tables …                   ───────────────►      evaluates as they come
//!   Decoding                   ───────────────►      opens its outputs
//!   opens its outputs          ◄─── Results ───      permute bits and a proof
//! ```
//!
//! That is two round trips, the hellos included. With many inputs the transfer is an extension, which the garbler begins: three and a
//! half round trips. Later runs find the OTs made and take one and a half.
//!
//! # Invariants
//! - Nothing that depends on an input is sent before both parties have agreed on everything, the number of runs included.
//! - Each step consumes the one before it, each run the [`Session`]; an error drops, and so wipes, Δ, labels and OT state. There is
//!   no second try.
//! - Δ and the OT's secrets are fresh from the caller's generator in every session, the garbler's seed (S and the labels of its
//!   inputs) in every run; the session id enters every key, and the number of the run every key of the run.
//! - Gates, outputs and OTs are numbered through all runs of a session, so no tweak and no OT is used twice under one Δ.
//! - Memory for tables is bounded: a few frames on either side with one thread; with more, some megabytes for each ([`Threads`]).
//!
//! # Security
//! Semi-honest parties over a channel that nobody else writes to. Beyond that: a corrupt evaluator cannot make the garbler accept
//! a wrong output, and damage on the way is noticed at the frame where it happens. A corrupt garbler can garble another
//! function, or spoil a label and see whether the evaluator gives up.
//!
//! One Δ for all runs, of whichever plan: together they are one garbled circuit that is handed over in pieces, each after the inputs of its piece are
//! fixed. What the proof of half-gates asks for is that no (S, tweak) occurs twice under Δ, and nothing that is opened depends on Δ.
//!
//! Plans for one garbler are for semi-honest parties only: see `SECURITY.md`.
//!
//! *Fairness is not guaranteed*: the evaluator can read its outputs before it sends the garbler's, and may stop in between. Nobody
//! but the declared recipients learns an output, in any case.

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use hushgate_circuits::id::PartyId;
use rand::CryptoRng;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use zeroize::Zeroizing;

mod clock;
mod depth;
mod error;
mod evaluator;
mod forecast;
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
pub use forecast::{Forecast, Sent, Speeds};
pub use handshake::{Field, PROTOCOL_VERSION};
pub use outputs::output_bytes;
pub use sealed::SealedPlan;
pub use transfer::transfer_bytes;

use self::clock::Clock;
use self::error::StepError;
use self::handshake::{Offer, Terms, check_inputs, run_id, run_keys};
use self::layout::Layout;
use self::transfer::{Supply, n_received};
use crate::block::Block;
use crate::channel::{Channel, Link, Meter, Network, Timeouts};
use crate::garble::Threads;
use crate::garble::output::OutputContext;
use crate::kernel::Kernel;
use crate::ot::base::BaseDraft;

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
    /// What the plan says, if it is for one garbler. Else what the other party leaves; if it does not care either, the party that comes
    /// first in the plan garbles.
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
    /// How often. Both parties must want the same: each run says something about the inputs.
    pub n_runs: u32,
    /// What is run after that over the same connection, in this order: plans of the same two parties.
    pub then: Vec<Next>,
    /// Which of the plan's parties this is.
    pub party: PartyId,
    /// What it wants to do.
    pub role: RoleChoice,
    /// What both parties must agree on besides the plan: shown to both where it differs.
    pub agreement: Vec<Field>,
    /// What the plan was made of, such as parameters and public inputs: where plans differ, the first of these that differs too is
    /// named. Where plans are equal, it does not matter how they were made.
    pub origin: Vec<Field>,
    /// What is known about the link; where it is `None`, what the channel has measured.
    pub network: Option<Network>,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// Ends the session before its time.
    pub stop: Stop,
    /// What computes hashes; the choice does not change a byte of what is sent.
    pub kernel: Kernel,
    /// How many threads compute; nor does this.
    pub threads: Threads,
}

/// What a session runs after its first plan.
#[derive(Clone, Debug)]
pub struct Next {
    /// What to run.
    pub plan: SealedPlan,
    /// How often.
    pub n_runs: u32,
}

impl SessionConfig {
    /// The plans in order, and how often each is run.
    fn programs(&self) -> impl Iterator<Item = (&SealedPlan, u32)> {
        let then = self.then.iter().map(|next| (&next.plan, next.n_runs));
        std::iter::once((&self.plan, self.n_runs)).chain(then)
    }

    /// Runs of all plans.
    fn n_runs_in_all(&self) -> u64 {
        self.programs().map(|(_, n_runs)| u64::from(n_runs)).sum()
    }

    /// Which of the plans is next, after so many runs; the last, where there is none.
    fn program_after(&self, n_done: u32) -> usize {
        let mut end = 0;
        let ended = self.programs().take_while(|&(_, n_runs)| {
            end += u64::from(n_runs);
            end <= u64::from(n_done)
        });
        ended.count().min(self.then.len())
    }

    fn plan_of(&self, program: usize) -> &SealedPlan {
        if program == 0 { &self.plan } else { &self.then[program - 1].plan }
    }
}

/// What a party gets from a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The bits of each output port that this party learns, in the plan's order; `None` where it learns nothing.
    pub outputs: Vec<Option<Vec<bool>>>,
    /// What it did.
    pub role: Role,
    /// What it cost.
    pub stats: Stats,
}

/// Runs a session of one run as one of its two parties.
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
    check_inputs(&config, &config.plan, inputs.len())?;
    let session = Session::open(channel, config, rng).await?;
    let (session, outcome) = session.run(inputs, rng).await?;
    session.close().await?;
    Ok(outcome)
}

/// What a party computes before it has a connection, so that the session starts sooner: most of its first message of the base OTs.
///
/// It belongs to one session; nothing in it depends on inputs.
#[derive(Default)]
pub struct Prepared(Option<BaseDraft>);

impl Prepared {
    /// Prepares for a session in the role that this party will most likely have. Where it gets the other one, nothing is lost but time.
    pub fn new(config: &SessionConfig, rng: &mut impl CryptoRng) -> Prepared {
        let role = match config.role {
            RoleChoice::Only(role) => role,
            RoleChoice::Auto if config.party == PartyId(0) => Role::Garbler,
            RoleChoice::Auto => Role::Evaluator,
        };
        let other = PartyId(1 - config.party.0.min(1));
        let (garbler, evaluator) = if role == Role::Garbler { (config.party, other) } else { (other, config.party) };
        let layouts = if config.plan.parties.len() == 2 { layouts(config, garbler, evaluator).ok() } else { None };
        let n = n_received(role, layouts.map_or(0, |layouts| n_transfers(config, &layouts)));
        Prepared((n > 0).then(|| BaseDraft::new(n, rng)))
    }
}

/// A session whose offer is on its way to the other party, and which has not read the other one's. Drop it to go no further.
pub struct Offered {
    link: Link,
    offer: Offer,
    binding: Vec<u8>,
    clock: Clock,
    config: SessionConfig,
    prepared: Prepared,
    watch: Watch,
}

/// A session whose parties have agreed; runs are to come, as many as they agreed on.
///
/// Between two runs nothing is sent, and no time limit but the total one counts, from the next run on. Drop it to give up.
#[must_use = "a session that is dropped and not closed may lose its last message"]
pub struct Session {
    link: Link,
    clock: Clock,
    config: SessionConfig,
    terms: Terms,
    /// One for each plan.
    layouts: Vec<Layout>,
    side: Side,
    /// Runs that have ended.
    n_done: u32,
    watch: Watch,
}

/// What a party keeps from one run to the next.
enum Side {
    Garbler(garbler::State),
    Evaluator(evaluator::State),
}

impl Session {
    /// Exchanges offers with the other party, and compares.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn open(
        channel: Channel,
        config: SessionConfig,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<Session, SessionError> {
        Session::open_prepared(Prepared::default(), channel, config, rng).await
    }

    /// As [`Session::open`], with what was computed before there was a connection.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn open_prepared(
        prepared: Prepared,
        channel: Channel,
        config: SessionConfig,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<Session, SessionError> {
        Session::offer(prepared, channel, config, rng).await?.agree(rng).await
    }

    /// Sends this party's offer and reads nothing: for those who have to hear something else first.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn offer(
        prepared: Prepared,
        channel: Channel,
        config: SessionConfig,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<Offered, SessionError> {
        let offer = Offer::new(&config, &channel, rng)?;
        let binding = channel.binding().to_vec();
        let link = Link::start(channel);
        let (clock, watch) = (Clock::start(link.opened), Watch::new(&config));
        let told = handshake::tell(&link.sender, &offer).await;
        told.map_err(|error| SessionError::at(clock.phase(), error.into()))?;
        Ok(Offered { link, offer, binding, clock, config, prepared, watch })
    }

    /// What this party does.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.terms.role
    }

    /// Runs that are left, of all plans.
    #[must_use]
    pub fn runs_left(&self) -> u32 {
        (self.config.n_runs_in_all() - u64::from(self.n_done)) as u32
    }

    /// The plan of the next run; of the last, where all are done.
    #[must_use]
    pub fn next_plan(&self) -> &SealedPlan {
        self.config.plan_of(self.config.program_after(self.n_done))
    }

    /// Runs the next plan on these inputs. The other party must do so too, at about the same time.
    ///
    /// # Errors
    /// See [`SessionError`]; the session is over then.
    pub async fn run(
        mut self,
        inputs: &[bool],
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<(Session, Outcome), SessionError> {
        if let Err(misuse) = self.may_run(inputs.len()) {
            return survive(&mut self.link, &self.clock, Err(misuse.into())).await;
        }
        self.clock.enter_run(self.n_done, &self.link.meter);
        let Session { mut link, clock, config, terms, layouts, side, n_done, watch } = self;
        let meter = link.meter.clone();
        meter.touch();
        let id = run_id(&terms.session, n_done);
        let program = config.program_after(n_done);
        let (plan, layout) = (config.plan_of(program), &layouts[program]);
        let run = Run { plan, kernel: config.kernel, threads: config.threads, id, layout, clock: &clock };
        let steps = async {
            link.rekey(run_keys(&run.id, terms.role, n_done)).await?;
            side.run(&run, &mut link, inputs, rng).await
        };
        let ended = tokio::select! {
            biased;
            ended = steps => ended.map_err(|error| SessionError::at(clock.phase(), error)),
            error = watch.expired(&meter, &clock) => Err(error),
        };
        let (side, bits) = survive(&mut link, &clock, ended).await?;
        let outputs = layout.split_outputs(terms.role, &Zeroizing::new(bits));
        let stats = clock.stats(plan, layout.n_transfers(), &link.meter);
        let outcome = Outcome { outputs, role: terms.role, stats };
        Ok((Session { link, clock, config, terms, layouts, side, n_done: n_done + 1, watch }, outcome))
    }

    /// Writes what is still to be written, then closes. Where runs are left, tells the other party that there will be none.
    ///
    /// # Errors
    /// If the last message cannot be sent.
    pub async fn close(self) -> Result<(), SessionError> {
        let (patience, clock) = (self.config.timeouts.progress, &self.clock);
        if self.runs_left() > 0 {
            self.link.abort().await;
            return Ok(());
        }
        let closed = timeout(patience, self.link.close()).await;
        let closed = closed.map_err(|_| SessionError::timeout(clock, TimeoutKind::Progress, patience))?;
        closed.map_err(|error| SessionError::at(clock.phase(), error.into()))
    }

    fn may_run(&self, n_input_bits: usize) -> Result<(), Misuse> {
        if self.runs_left() == 0 {
            return Err(Misuse::NoRunsLeft(self.n_done));
        }
        check_inputs(&self.config, self.next_plan(), n_input_bits)
    }
}

impl Side {
    fn new(
        config: &SessionConfig,
        terms: &Terms,
        layouts: &[Layout],
        Prepared(draft): Prepared,
        rng: &mut impl CryptoRng,
    ) -> Side {
        let n_ots = n_transfers(config, layouts);
        let supply = Supply::new(terms.session, depth::choose(n_ots, terms.bits_per_second), n_ots);
        match terms.role {
            Role::Garbler => Side::Garbler(garbler::State::new(supply, draft, rng)),
            Role::Evaluator => Side::Evaluator(evaluator::State::new(supply, draft)),
        }
    }

    async fn run(
        self,
        run: &Run<'_>,
        link: &mut Link,
        inputs: &[bool],
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<(Side, Vec<bool>), StepError> {
        match self {
            Side::Garbler(state) => {
                let (state, bits) = garbler::run(run, link, state, inputs, rng).await?;
                Ok((Side::Garbler(state), bits))
            }
            Side::Evaluator(state) => {
                let (state, bits) = evaluator::run(run, link, state, inputs, rng).await?;
                Ok((Side::Evaluator(state), bits))
            }
        }
    }
}

/// What the steps of a run share.
struct Run<'a> {
    plan: &'a SealedPlan,
    kernel: Kernel,
    threads: Threads,
    /// Names the session and the run.
    id: [u8; 32],
    layout: &'a Layout,
    clock: &'a Clock,
}

impl Run<'_> {
    fn output_context(&self, s: Block, first_output: u64) -> OutputContext<'_> {
        OutputContext { session: &self.id, s, first_output }
    }

    /// The numbers that the next run's gates and outputs begin with. No gate takes more than a pair of tweaks.
    fn after(&self, counters: Counters) -> Counters {
        let n_outputs = self.layout.n_outputs(Role::Garbler) + self.layout.n_outputs(Role::Evaluator);
        let next = |first: u64, n: u64| first.checked_add(n).expect("a session has fewer than 2^64 gates and outputs");
        Counters {
            next_gate: next(counters.next_gate, self.plan.n_ands()),
            next_output: next(counters.next_output, n_outputs as u64),
        }
    }
}

/// Numbers that only go up: what they number is never used twice under one Δ.
#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    next_gate: u64,
    next_output: u64,
}

impl Offered {
    /// Reads the other party's offer, and compares.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn agree(self, rng: &mut (impl CryptoRng + Send)) -> Result<Session, SessionError> {
        let Offered { mut link, offer, binding, clock, config, prepared, watch } = self;
        let meter = link.meter.clone();
        let agreed = tokio::select! {
            biased;
            agreed = agree(&mut link, &clock, &config, (&offer, &binding)) => agreed,
            error = watch.expired(&meter, &clock) => Err(error),
        };
        let (terms, layouts) = survive(&mut link, &clock, agreed).await?;
        let side = Side::new(&config, &terms, &layouts, prepared, rng);
        Ok(Session { link, clock, config, terms, layouts, side, n_done: 0, watch })
    }
}

/// The handshake, in time.
async fn agree(
    link: &mut Link,
    clock: &Clock,
    config: &SessionConfig,
    (offer, binding): (&Offer, &[u8]),
) -> Result<(Terms, Vec<Layout>), SessionError> {
    let patience = config.timeouts.handshake;
    let terms = timeout(patience, handshake::hear(link, offer, &config.plan, binding)).await;
    let terms = terms.map_err(|_| SessionError::timeout(clock, TimeoutKind::Handshake, patience))?;
    let terms = terms.map_err(|error| SessionError::at(clock.phase(), error))?;
    let layouts = layouts(config, terms.garbler, terms.evaluator)?;
    Ok((terms, layouts))
}

/// The layout of each plan.
fn layouts(config: &SessionConfig, garbler: PartyId, evaluator: PartyId) -> Result<Vec<Layout>, Misuse> {
    config.programs().map(|(plan, _)| Layout::new(plan, garbler, evaluator)).collect()
}

/// OTs of all runs.
fn n_transfers(config: &SessionConfig, layouts: &[Layout]) -> u64 {
    let each = config.programs().zip(layouts);
    each.map(|((_, n_runs), layout)| u64::from(n_runs) * layout.n_transfers() as u64).sum()
}

/// Tells a session to stop, from elsewhere: it gives up in order, and tells the other party so.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    /// Stops every session that has been given a clone of this.
    pub fn now(&self) {
        self.0.send_replace(true);
    }

    async fn requested(&self) {
        // The sender is ours, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|stop| *stop).await;
    }
}

/// When to give up.
struct Watch {
    progress: Duration,
    total: Option<(Duration, Instant)>,
    stop: Stop,
}

impl Watch {
    fn new(config: &SessionConfig) -> Watch {
        let Timeouts { progress, total, .. } = config.timeouts;
        Watch { progress, total: total.map(|limit| (limit, Instant::now() + limit)), stop: config.stop.clone() }
    }

    async fn expired(&self, meter: &Meter, clock: &Clock) -> SessionError {
        tokio::select! {
            () = meter.stalled(self.progress) => SessionError::timeout(clock, TimeoutKind::Progress, self.progress),
            after = self.out_of_time() => SessionError::timeout(clock, TimeoutKind::Total, after),
            () = self.stop.requested() => SessionError::Stopped { phase: clock.phase() },
        }
    }

    async fn out_of_time(&self) -> Duration {
        match self.total {
            Some((limit, end)) => {
                sleep_until(end).await;
                limit
            }
            None => pending().await,
        }
    }
}

/// On an error: finds out what the other party said, and tells it that we give up.
async fn survive<T>(link: &mut Link, clock: &Clock, result: Result<T, SessionError>) -> Result<T, SessionError> {
    let Err(mut error) = result else { return result };
    // Writing fails also where the other party gave up and closed: what it said then is the better error.
    if matches!(error, SessionError::Io { .. })
        && let Some(said) = link.hear_last_words().await
    {
        error = SessionError::at(clock.phase(), said.into());
    }
    // A party that disagrees finds the same difference on both sides, and a caller's mistake harms no message: nothing is left to say.
    let is_quiet = matches!(error.reason(), Reason::Agreement | Reason::Caller);
    if is_quiet {
        link.say_no_more().await
    } else {
        link.give_up().await
    }
    Err(error)
}
