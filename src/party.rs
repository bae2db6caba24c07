//! One party of a session, as `run` and `join` need it: configuration in, named results out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::SysRng;
use rand::{SeedableRng, TryRng};
use rand_chacha::ChaCha20Rng;
use zeroize::Zeroizing;

use hushgate_circuits::id::PartyId;
use hushgate_circuits::shape::Value;
use hushgate_runtime::channel::{Channel, Meter, Network, Timeouts};
use hushgate_runtime::garble::Threads;
use hushgate_runtime::kernel::Kernel;
use hushgate_runtime::session::{self, Field, Outcome, Role, RoleChoice, SealedPlan, Session, SessionConfig};
use hushgate_runtime::session::{Offered, Prepared, SessionError, Stop};

use crate::cli::Common;
use crate::failure::Failure;
use crate::program::{Compiled, party_index};
use crate::progress::{self, Expected};
use crate::results::Results;
use crate::seating::{Bits, Meaning, Seating};
use crate::terminal::hex;

/// What a party brings to a session.
pub struct Party {
    index: usize,
    config: SessionConfig,
    /// Input bits, for runs to take.
    rows: Vec<Zeroizing<Vec<bool>>>,
    /// Which of the rows each run takes.
    order: Vec<u32>,
    prepared: Prepared,
    rng: ChaCha20Rng,
}

/// What each of so many parties in this process has of its threads.
pub fn threads_for(n_parties: usize) -> Threads {
    Threads::new(rayon::current_num_threads() / n_parties)
}

/// What all parties of a program share.
pub struct Table {
    /// What is run.
    pub plan: SealedPlan,
    origin: Vec<Field>,
    /// Who computes and who only takes part.
    pub seating: Seating,
    garbler: Option<usize>,
    timeouts: Timeouts,
    seed: Option<[u8; 32]>,
    /// What is known about the link.
    pub network: Option<Network>,
    /// Ends sessions before their time.
    pub stop: Stop,
    /// How many threads a party computes on.
    pub threads: Threads,
}

impl Table {
    /// The table for a compiled program.
    ///
    /// # Errors
    /// If the program is not for two parties, `garbler` is none of them, or the seed is malformed.
    pub fn new(
        compiled: &Compiled,
        garbler: Option<&str>,
        progress: Duration,
        common: &Common,
    ) -> Result<Table, Failure> {
        let parties = &compiled.plan.parties;
        if parties.len() != 2 {
            let found = parties.len();
            return Err(Failure::Usage(format!("the program has {found} parties: a session is between two")));
        }
        let garbler = match &compiled.plan.local {
            Some(local) => Some(local.garbler.0 as usize),
            None => garbler.map(|name| party_index(parties, name)).transpose()?,
        };
        let timeouts = Timeouts { progress, connect: progress, handshake: progress, ..Timeouts::default() };
        let origin = origin(compiled, common);
        let plan = SealedPlan::new(compiled.plan.clone())
            .map_err(|invalid| Failure::Program(format!("error: the plan is not valid: {invalid}")))?;
        if common.verbose {
            eprintln!("program {}, kernel {}", hex(&plan.digest()), Kernel::detect().name());
            origin.iter().for_each(|field| eprintln!("{}: {}", field.name, field.value));
        }
        let (seed, seating) = (seed(common)?, Seating::new(compiled));
        Ok(Table {
            plan,
            origin,
            seating,
            garbler,
            timeouts,
            seed,
            network: None,
            stop: Stop::default(),
            threads: threads_for(1),
        })
    }

    /// A place at the table, with the values of the party's own inputs in order, and its shares of all others'.
    pub fn seat(&self, index: usize, values: &[Value], shares: &BTreeMap<usize, Bits>) -> Party {
        self.seat_for_runs(index, (&[values.to_vec()], &[0]), shares)
    }

    /// A place at the table for many runs: rows with values of the party's own inputs, and which of them each run takes.
    pub fn seat_for_runs(
        &self,
        index: usize,
        (rows, order): (&[Vec<Value>], &[u32]),
        shares: &BTreeMap<usize, Bits>,
    ) -> Party {
        let bits = |values: &Vec<Value>| self.seating.bits(index, values, shares);
        let n_runs = u32::try_from(order.len()).expect("the command bounds the number of runs");
        Party {
            index,
            config: self.config(index, n_runs),
            rows: rows.iter().map(bits).collect(),
            order: order.to_vec(),
            prepared: Prepared::default(),
            rng: self.rng(index),
        }
    }

    /// What a party brings to a session besides its inputs.
    pub fn config(&self, index: usize, n_runs: u32) -> SessionConfig {
        let role = match self.garbler {
            None => RoleChoice::Auto,
            Some(garbler) if garbler == index => RoleChoice::Only(Role::Garbler),
            Some(_) => RoleChoice::Only(Role::Evaluator),
        };
        SessionConfig {
            plan: self.plan.clone(),
            n_runs,
            then: Vec::new(),
            party: PartyId(index as u32),
            role,
            agreement: Vec::new(),
            origin: self.origin.clone(),
            timeouts: self.timeouts,
            network: self.network,
            stop: self.stop.clone(),
            kernel: Kernel::detect(),
            threads: self.threads,
        }
    }

    /// How long to wait for what.
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Ends sessions that take longer.
    pub fn limit_total(&mut self, total: Option<Duration>) {
        self.timeouts.total = total;
    }

    /// Results without outputs yet.
    pub fn results(&self) -> Results {
        Results::new(&self.plan.parties, hex(&self.plan.digest()))
    }

    /// Adds what one party learned and what it cost.
    pub fn report(&self, results: &mut Results, index: usize, outcome: &Outcome) {
        let meanings = self.seating.meanings(&self.plan.outputs);
        for ((port, bits), meaning) in self.plan.outputs.iter().zip(&outcome.outputs).zip(meanings) {
            match (bits, meaning) {
                (Some(bits), Meaning::Own(_)) => {
                    results.add_for(results.place(&self.plan.parties[index]), port, bits.clone());
                }
                (Some(bits), Meaning::OutOfRange) => results.set_out_of_range(count(bits)),
                _ => {}
            }
        }
        let stats = &outcome.stats;
        results.stats.garbler =
            self.plan.parties[if outcome.role == Role::Garbler { index } else { 1 - index }].clone();
        results.stats.and_gates = stats.and_gates;
        let measure = self.plan.measure();
        results.stats.and_gates_half = measure.n_half;
        results.stats.and_gates_local = measure.n_local + self.plan.n_own_ands();
        results.stats.table_bytes = stats.table_bytes;
        results.stats.ot_count = stats.ot_count;
        results.stats.sent_bytes.insert(self.plan.parties[index].clone(), stats.traffic().sent_bytes);
        let phases = [
            ("cold", stats.cold),
            ("handshake", stats.handshake.time),
            ("after_handshake", stats.after_handshake),
            ("inputs", stats.inputs.time),
            ("tables", stats.tables.time),
            ("outputs", stats.outputs.time),
        ];
        for (name, time) in phases {
            let longest = results.stats.seconds.entry(name.to_owned()).or_default();
            *longest = longest.max(time.as_secs_f64());
        }
    }

    /// The operating system's randomness, or the seed's: for each party its own stream.
    pub fn rng(&self, index: usize) -> ChaCha20Rng {
        stream(self.seed, index)
    }
}

impl Party {
    /// Computes on so many threads.
    #[must_use]
    pub fn on(mut self, threads: Threads) -> Party {
        self.config.threads = threads;
        self
    }

    /// Brings other shares of those who take part than it was seated with.
    #[must_use]
    pub fn with_shares(mut self, table: &Table, rows: &[Vec<Value>], shares: &BTreeMap<usize, Bits>) -> Party {
        self.rows = rows.iter().map(|values| table.seating.bits(self.index, values, shares)).collect();
        self
    }

    /// Runs take other rows than it was seated for.
    #[must_use]
    pub fn with_order(mut self, order: &[u32]) -> Party {
        self.config.n_runs = u32::try_from(order.len()).expect("the command bounds the number of runs");
        self.order = order.to_vec();
        self
    }

    /// What all runs are to move.
    fn expected(&self) -> Expected {
        let (plan, runs) = (&self.config.plan, u64::from(self.config.n_runs));
        let garbler = plan.local.as_ref().map_or(PartyId(0), |local| local.garbler);
        let transfers = plan.n_transfers(garbler).saturating_mul(runs);
        Expected {
            runs,
            transfer_bytes: session::transfer_bytes(transfers),
            table_bytes: plan.table_bytes().saturating_mul(runs),
        }
    }

    /// Binds the session to what was said before it.
    #[must_use]
    pub fn at(mut self, meeting: [u8; 32]) -> Party {
        self.config.agreement.push(agreed_meeting(meeting));
        self
    }

    /// Computes what needs no connection.
    #[must_use]
    pub fn prepared(mut self) -> Party {
        self.prepared = Prepared::new(&self.config, &mut self.rng);
        self
    }

    /// Runs the session over `channel`, once.
    pub async fn run(mut self, channel: Channel) -> (usize, Result<Outcome, SessionError>) {
        // One of two on the same machine is enough.
        let _shown = (self.index == 0).then(|| progress::session(channel.meter(), self.expected()));
        (self.index, session::run(channel, self.config, &self.rows[0], &mut self.rng).await)
    }

    /// Sends this party's offer over `channel`, and does not wait for the other one's.
    pub async fn offer(mut self, channel: Channel) -> Result<Offering, SessionError> {
        let (meter, expected) = (channel.meter(), self.expected());
        let offered = Session::offer(self.prepared, channel, self.config, &mut self.rng).await?;
        Ok(Offering { rows: self.rows, order: self.order, offered, meter, expected, rng: self.rng })
    }
}

/// A party whose offer is on its way.
pub struct Offering {
    rows: Vec<Zeroizing<Vec<bool>>>,
    order: Vec<u32>,
    offered: Offered,
    meter: Arc<Meter>,
    expected: Expected,
    rng: ChaCha20Rng,
}

impl Offering {
    /// Runs the session, as often as was agreed; `each` gets the number of a run, from 0, and what came of it, and may end it.
    pub async fn run_all(
        mut self,
        mut each: impl FnMut(usize, &Outcome) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let _shown = progress::session(self.meter, self.expected);
        let mut session = self.offered.agree(&mut self.rng).await?;
        for (run, &row) in self.order.iter().enumerate() {
            let (next, outcome) = session.run(&self.rows[row as usize], &mut self.rng).await?;
            session = next;
            if let Err(failure) = each(run, &outcome) {
                // What the other party sees is that this one gave up.
                let _ = session.close().await;
                return Err(failure);
            }
        }
        Ok(session.close().await?)
    }
}

/// What binds a session to what was said before it.
pub fn agreed_meeting(meeting: [u8; 32]) -> Field {
    Field { name: "meeting".to_owned(), value: hex(&meeting) }
}

/// What the plan was made of, by name, so that a difference can be shown.
fn origin(compiled: &Compiled, common: &Common) -> Vec<Field> {
    let parameter =
        |(name, value): &(String, String)| Field { name: format!("parameter {name}"), value: value.clone() };
    let public = |(name, digest): &(String, [u8; 32])| Field {
        name: format!("public input {name}"),
        value: format!("digest {}", hex(digest)),
    };
    // A plan that was read from a file does not say how it was optimised.
    let level = Field { name: "--opt".to_owned(), value: common.opt_level().to_string() };
    let level = compiled.circuit.is_some().then_some(level);
    let fields = compiled.params.iter().map(parameter).chain(compiled.public.iter().map(public)).chain(level);
    fields.chain(agreement_on_division(compiled)).collect()
}

/// What plans depend on besides the program, by names that are compared in the right order: what comes first explains what comes after.
fn agreement_on_division(compiled: &Compiled) -> Vec<Field> {
    let field = |name: &str, value: String| Field { name: name.to_owned(), value };
    let local = field(LOCAL, if compiled.plan.local.is_some() { "on" } else { "off" }.to_owned());
    let Some(garbler) = &compiled.plan.local else { return vec![local] };
    let circuit = compiled.circuit.as_ref().map(|circuit| field("the program's circuit", hex(&circuit.digest())));
    let garbler = field("who garbles", compiled.plan.parties[garbler.garbler.0 as usize].clone());
    [Some(local), circuit, Some(garbler)].into_iter().flatten().collect()
}

/// The name under which the two sides compare whether each party computes by itself what it can.
pub const LOCAL: &str = "computing locally (off with --no-local)";

fn stream(seed: Option<[u8; 32]>, index: usize) -> ChaCha20Rng {
    let seed = seed.unwrap_or_else(|| {
        let mut seed = [0; 32];
        SysRng.try_fill_bytes(&mut seed).expect("the operating system has randomness");
        seed
    });
    let mut rng = ChaCha20Rng::from_seed(seed);
    rng.set_stream(index as u64);
    rng
}

/// The operating system's randomness, or that of `--seed`.
pub fn rng_of(common: &Common, index: usize) -> Result<ChaCha20Rng, Failure> {
    Ok(stream(seed(common)?, index))
}

/// The number in these bits.
fn count(bits: &[bool]) -> u64 {
    bits.iter().rev().fold(0, |count, &bit| count << 1 | u64::from(bit))
}

fn seed(common: &Common) -> Result<Option<[u8; 32]>, Failure> {
    let Some(text) = &common.seed else { return Ok(None) };
    let digits = text.len() <= 64 && text.len() % 2 == 0 && text.bytes().all(|c| c.is_ascii_hexdigit());
    if !digits || text.is_empty() {
        return Err(Failure::Usage("--seed: expected an even number of hex digits, at most 64".to_owned()));
    }
    eprintln!("warning: --seed makes all secrets predictable: for tests only, nothing is private");
    let mut seed = [0; 32];
    for (i, byte) in seed.iter_mut().take(text.len() / 2).enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("checked to be hex digits");
    }
    Ok(Some(seed))
}
