//! What a session will send, byte by byte, before it runs.
//!
//! Goes through the same steps as [`super::garbler`] and [`super::evaluator`], with lengths in place of messages. What is counted is what
//! [`Stats::traffic`](super::Stats::traffic) counts: whole frames, headers and tags included. Not counted is what lies below a frame:
//! records of TLS, headers of TCP and IP.

use super::handshake::Offer;
use super::inputs::SEED_BYTES;
use super::outputs::{decoding_bytes, results_bytes};
use super::tables::CHUNK_BYTES;
use super::transfer::Supply;
use super::{Phase, Role, SessionConfig, SessionError, depth, layouts, n_transfers};
use crate::ot::extension::{CHALLENGE_BYTES, Depth, POINTS_BYTES, RESPONSE_BYTES};
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

/// What one party sends before it waits for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    /// Who sends. Hellos cross each other: they are one flight, with the longer of both.
    pub from: Role,
    /// Bytes before tables and after them.
    pub bytes: u64,
    /// Bytes of tables.
    pub table_bytes: u64,
}

/// What a session will send, in all of its runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// The first party's role.
    pub role: Role,
    /// By party.
    pub sent: [Sent; 2],
    /// What waits for what. Each takes half a round trip.
    pub flights: Vec<Flight>,
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
        let mut steps = Steps { sent: [Sent::default(); 2], flights: Vec::new() };
        steps.hellos([first.bytes(), second.bytes()], role);
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
        let Steps { sent: [of_garbler, of_evaluator], flights } = steps;
        let sent = if role == Role::Garbler { [of_garbler, of_evaluator] } else { [of_evaluator, of_garbler] };
        Ok(Forecast { role, sent, flights, n_transfers, depth: transfers.depth })
    }
}

struct Steps {
    /// The garbler's, the evaluator's.
    sent: [Sent; 2],
    flights: Vec<Flight>,
}

impl Steps {
    /// `role` is that of the first party.
    fn hellos(&mut self, payloads: [usize; 2], role: Role) {
        let bytes = payloads.map(|payload| framed(payload as u64, PAYLOAD_BYTES_MAX));
        self.flights.push(Flight { from: role, bytes: bytes[0].max(bytes[1]), table_bytes: 0 });
        for (role, bytes) in [(role, bytes[0]), (role.other(), bytes[1])] {
            *self.of(role, Phase::Handshake) += bytes;
        }
    }

    /// A message, in as many frames as it takes: at least one.
    fn send(&mut self, from: Role, phase: Phase, payload: usize) {
        let bytes = framed((payload as u64).max(1), PAYLOAD_BYTES_MAX) - u64::from(payload == 0);
        *self.of(from, phase) += bytes;
        self.flight(from).bytes += bytes;
    }

    fn tables(&mut self, table_bytes: u64) {
        let bytes = framed(table_bytes, CHUNK_BYTES);
        *self.of(Role::Garbler, Phase::Tables) += bytes;
        self.flight(Role::Garbler).table_bytes += bytes;
    }

    fn of(&mut self, from: Role, phase: Phase) -> &mut u64 {
        self.sent[usize::from(from == Role::Evaluator)].of(phase)
    }

    /// The last flight, if it comes from the same party and is no hello; else a new one.
    fn flight(&mut self, from: Role) -> &mut Flight {
        let n = self.flights.len();
        if n == 1 || self.flights[n - 1].from != from {
            self.flights.push(Flight { from, bytes: 0, table_bytes: 0 });
        }
        self.flights.last_mut().expect("there is one")
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
                    reply = Some(direct::reply_bytes(batch));
                }
            }
        }
        self.left -= n;
        steps.send(Role::Evaluator, Phase::Inputs, flow_bytes(n));
        if let Some(reply) = reply {
            steps.send(Role::Garbler, Phase::Inputs, reply);
        }
    }

    fn extend(&mut self, steps: &mut Steps, depth: Depth, batch: usize) {
        if !self.is_set_up {
            steps.send(Role::Garbler, Phase::Inputs, POINTS_BYTES);
            steps.send(Role::Evaluator, Phase::Inputs, depth.trees_bytes());
            self.is_set_up = true;
        }
        depth.matrix_parts(batch).for_each(|part| steps.send(Role::Evaluator, Phase::Inputs, part));
        steps.send(Role::Garbler, Phase::Inputs, CHALLENGE_BYTES);
        steps.send(Role::Evaluator, Phase::Inputs, RESPONSE_BYTES);
    }
}
