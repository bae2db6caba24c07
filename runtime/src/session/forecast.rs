//! What a session will send, byte by byte, and when, before it runs.
//!
//! Goes through the same steps as [`super::garbler`] and [`super::evaluator`], with lengths in place of messages. What is counted is what
//! [`Stats::traffic`](super::Stats::traffic) counts: whole frames, headers and tags included. Not counted is what lies below a frame:
//! records of TLS, headers of TCP and IP.
//!
//! The time is that of a simulated link ([`Wire`]) on which these lengths go to and fro, each party with a clock of its own that computing
//! and waiting move on.

use std::time::Duration;

use super::handshake::Offer;
use super::inputs::SEED_BYTES;
use super::outputs::{decoding_bytes, results_bytes};
use super::tables::CHUNK_BYTES;
use super::transfer::Supply;
use super::{Phase, Role, SessionConfig, SessionError, depth, layouts, n_transfers};
use crate::channel::Network;
use crate::channel::simulated::Wire;
use crate::ot::extension::{CHALLENGE_BYTES, Depth, N_BASE, POINTS_BYTES, RESPONSE_BYTES};
use crate::ot::pool::flow_bytes;
use crate::ot::{SessionId, direct};
use crate::wire::{HEADER_BYTES, PAYLOAD_BYTES_MAX, TAG_BYTES};

/// Bytes that a party sends, frames' headers and tags included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Agreeing on what to run.
    pub handshake: u64,
    /// Labels for the inputs.
    pub inputs: u64,
    /// Garbled tables.
    pub tables: u64,
    /// From labels to results.
    pub outputs: u64,
}

impl Sent {
    /// All of them.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.handshake + self.inputs + self.tables + self.outputs
    }

    fn of(&mut self, phase: Phase) -> &mut u64 {
        match phase {
            Phase::Handshake => &mut self.handshake,
            Phase::Inputs => &mut self.inputs,
            Phase::Tables => &mut self.tables,
            Phase::Outputs => &mut self.outputs,
        }
    }
}

/// What one party sends, and what both compute for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Message {
    from: Role,
    /// Frames' headers and tags included.
    bytes: u64,
    work: Work,
}

/// What is computed around a message: by its sender before, by who receives it afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// Nothing that takes time.
    Little,
    /// So many base OTs, by both parties together, before the message.
    BaseOts(usize),
    /// So many OTs of the extension, by either party.
    Extension(usize),
    /// The tables of the message: garbled and sent in pieces, which are evaluated as they come.
    Tables,
}

/// How fast the parties' machines are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Speeds {
    /// Seconds of both parties, one after the other, for a base OT.
    pub base_ot: f64,
    /// Seconds of both parties, one after the other, for an OT of the extension. Each takes about a half.
    pub extension: f64,
    /// Seconds to garble a byte of tables.
    pub garbling: f64,
    /// Seconds to evaluate a byte of tables.
    pub evaluating: f64,
}

impl Speeds {
    /// Before a message or piece of one is sent, after it has come.
    fn around(&self, work: Work, bytes: u64) -> [Duration; 2] {
        let seconds = match work {
            Work::Little => [0.0; 2],
            Work::BaseOts(n) => [self.base_ot * n as f64, 0.0],
            Work::Extension(n) => [self.extension / 2.0 * n as f64; 2],
            Work::Tables => [self.garbling * bytes as f64, self.evaluating * bytes as f64],
        };
        seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }
}

/// Pieces of tables that a simulation looks at in one message, at most.
const PIECES_MAX: u64 = 1 << 12;

/// What a session will send, in all of its runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// The first party's role.
    pub role: Role,
    /// By party.
    pub sent: [Sent; 2],
    /// Bytes of both hellos, which cross each other: the garbler's, the evaluator's.
    hellos: [u64; 2],
    /// After them, each when its sender has all before it.
    messages: Vec<Message>,
    /// Oblivious transfers.
    pub n_transfers: u64,
    /// The depth of the extension's trees; base OTs alone where there is none.
    pub depth: Option<Depth>,
}

impl Forecast {
    /// The session of these two parties.
    ///
    /// Where the rate of the link matters, it is that of the configurations, not what a channel measures.
    ///
    /// # Errors
    /// If there will be no session, as one of them is misconfigured or they do not agree.
    pub fn new(configs: &[SessionConfig; 2]) -> Result<Forecast, SessionError> {
        let offer = |config: &SessionConfig| Offer::over(config, config.network, &[], [0; 32]);
        let (first, second) = (offer(&configs[0])?, offer(&configs[1])?);
        let plan = &configs[0].plan;
        let role = first.agree(&second, plan)?;
        let parties = [configs[0].party, configs[1].party];
        let [garbler, evaluator] = if role == Role::Garbler { parties } else { [parties[1], parties[0]] };
        let layouts = layouts(&configs[0], garbler, evaluator)?;
        let rate = configs.iter().filter_map(|config| config.network).map(|network| network.bits_per_second).min();
        let n_transfers = n_transfers(&configs[0], &layouts);
        let supply = Supply::new(SessionId::default(), depth::choose(n_transfers, rate), n_transfers);
        let is_extended = n_transfers > 0 && !supply.is_direct();
        let mut steps = Steps { sent: [Sent::default(); 2], messages: Vec::new() };
        let hellos = [first.bytes(), second.bytes()];
        let hellos = steps.hellos(if role == Role::Garbler { hellos } else { [hellos[1], hellos[0]] });
        let mut transfers = Transfers { depth: is_extended.then_some(supply.depth), supply, left: 0, is_set_up: false };
        for ((plan, n_runs), layout) in configs[0].programs().zip(&layouts) {
            for _ in 0..n_runs {
                transfers.run(&mut steps, layout.n_transfers());
                steps.send(Role::Garbler, Phase::Inputs, SEED_BYTES);
                steps.tables(plan.table_bytes());
                steps.send(Role::Garbler, Phase::Outputs, decoding_bytes(layout.n_outputs(Role::Evaluator)));
                steps.send(Role::Evaluator, Phase::Outputs, results_bytes(layout.n_outputs(Role::Garbler)));
            }
        }
        let Steps { sent: [of_garbler, of_evaluator], messages } = steps;
        let sent = if role == Role::Garbler { [of_garbler, of_evaluator] } else { [of_evaluator, of_garbler] };
        Ok(Forecast { role, sent, hellos, messages, n_transfers, depth: transfers.depth })
    }

    /// How often what one party sends has to wait for what the other one sent: each takes half a round trip.
    #[must_use]
    pub fn n_flights(&self) -> usize {
        1 + self.messages.chunk_by(|a, b| a.from == b.from).count()
    }

    /// From a new connection to both results, over a simulated link.
    #[must_use]
    pub fn time(&self, network: Network, speeds: Speeds) -> Duration {
        let mut wires = [Wire::new(network), Wire::new(network)];
        let [of_garbler, of_evaluator] = [0, 1].map(|i| wires[i].put(Duration::ZERO, self.hellos[i], Duration::ZERO));
        let mut clocks = [of_evaluator, of_garbler];
        for message in &self.messages {
            let [from, to] = if message.from == Role::Garbler { [0, 1] } else { [1, 0] };
            for bytes in message.pieces() {
                let [before, after] = speeds.around(message.work, bytes);
                clocks[from] = clocks[from].saturating_add(before);
                let arrival = wires[from].put(clocks[from], bytes, Duration::ZERO);
                clocks[to] = clocks[to].max(arrival).saturating_add(after);
            }
        }
        clocks[0].max(clocks[1])
    }
}

impl Message {
    /// What of it is sent before the next of it is computed.
    fn pieces(&self) -> impl Iterator<Item = u64> {
        let most = match self.work {
            Work::Tables => self.bytes.div_ceil(PIECES_MAX).max(CHUNK_BYTES as u64),
            _ => self.bytes,
        };
        let n = self.bytes.div_ceil(most.max(1));
        (0..n).map(move |i| most.min(self.bytes - i * most))
    }
}

struct Steps {
    /// The garbler's, the evaluator's.
    sent: [Sent; 2],
    messages: Vec<Message>,
}

impl Steps {
    /// The garbler's payload and the evaluator's; with their frames.
    fn hellos(&mut self, payloads: [usize; 2]) -> [u64; 2] {
        let bytes = payloads.map(|payload| framed(payload as u64, PAYLOAD_BYTES_MAX));
        for (role, bytes) in [Role::Garbler, Role::Evaluator].into_iter().zip(bytes) {
            *self.of(role, Phase::Handshake) += bytes;
        }
        bytes
    }

    /// A message, in as many frames as it takes: at least one.
    fn send(&mut self, from: Role, phase: Phase, payload: usize) {
        self.send_after(from, phase, payload, Work::Little);
    }

    fn send_after(&mut self, from: Role, phase: Phase, payload: usize, work: Work) {
        let bytes = framed((payload as u64).max(1), PAYLOAD_BYTES_MAX) - u64::from(payload == 0);
        *self.of(from, phase) += bytes;
        self.messages.push(Message { from, bytes, work });
    }

    fn tables(&mut self, table_bytes: u64) {
        let bytes = framed(table_bytes, CHUNK_BYTES);
        *self.of(Role::Garbler, Phase::Tables) += bytes;
        self.messages.push(Message { from: Role::Garbler, bytes, work: Work::Tables });
    }

    fn of(&mut self, from: Role, phase: Phase) -> &mut u64 {
        self.sent[usize::from(from == Role::Evaluator)].of(phase)
    }
}

/// Bytes of this payload in frames of so much each.
const fn framed(payload: u64, most: usize) -> u64 {
    payload + payload.div_ceil(most as u64) * (HEADER_BYTES + TAG_BYTES) as u64
}

/// The OTs of a session, as [`super::transfer`] makes them.
struct Transfers {
    supply: Supply,
    left: usize,
    is_set_up: bool,
    depth: Option<Depth>,
}

impl Transfers {
    fn run(&mut self, steps: &mut Steps, n: usize) {
        if n == 0 {
            return;
        }
        let mut reply = None;
        while self.left < n {
            let batch = self.supply.next_batch(n - self.left);
            self.left += batch;
            match self.depth {
                Some(depth) => self.extend(steps, depth, batch),
                None => {
                    steps.send(Role::Evaluator, Phase::Inputs, direct::request_bytes(batch));
                    reply = Some((direct::reply_bytes(batch), Work::BaseOts(batch)));
                }
            }
        }
        self.left -= n;
        steps.send(Role::Evaluator, Phase::Inputs, flow_bytes(n));
        if let Some((reply, work)) = reply {
            steps.send_after(Role::Garbler, Phase::Inputs, reply, work);
        }
    }

    fn extend(&mut self, steps: &mut Steps, depth: Depth, batch: usize) {
        if !self.is_set_up {
            steps.send(Role::Garbler, Phase::Inputs, POINTS_BYTES);
            steps.send_after(Role::Evaluator, Phase::Inputs, depth.trees_bytes(), Work::BaseOts(N_BASE));
            self.is_set_up = true;
        }
        for part in depth.matrix_parts(batch) {
            let share = batch as f64 * part as f64 / depth.matrix_bytes(batch) as f64;
            steps.send_after(Role::Evaluator, Phase::Inputs, part, Work::Extension(share.round() as usize));
        }
        steps.send(Role::Garbler, Phase::Inputs, CHALLENGE_BYTES);
        steps.send(Role::Evaluator, Phase::Inputs, RESPONSE_BYTES);
    }
}
