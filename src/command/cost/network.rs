//! What a session will send, exactly, and about how long it will take: over a link of a round trip time and rate, between two
//! machines as fast as this one.
//!
//! The bytes are those of [`Forecast`], and so is the time: that of its messages over a simulated link, between parties that compute as fast as
//! this machine. How fast that is is found out by doing it: the program itself is garbled and evaluated for a moment, on labels of no meaning.

use std::time::{Duration, Instant};

use rand_chacha::ChaCha20Rng;
use serde_json::{Map, Value as Json, json};

use hushgate_circuits::plan::Plan;
use hushgate_runtime::block::{Block, Delta};
use hushgate_runtime::channel::Network;
use hushgate_runtime::garble::{Evaluator, Garbler, TABLE_BLOCKS_MAX, TableSink, TableSource};
use hushgate_runtime::kernel::Kernel;
use hushgate_runtime::session::{Forecast, Sent, Speeds};

use crate::cli::Common;
use crate::command::bench;
use crate::failure::Failure;
use crate::party::{Table, agreed_meeting, rng_of};
use crate::program::Compiled;
use crate::terminal::outln;

/// For garbling, and again for evaluating.
const MOMENT: Duration = Duration::from_millis(60);
/// Base OTs that the extension is set up with.
const N_BASE: u64 = 128;
const BLOCK_BYTES: u64 = 16;

/// The sessions of a program, of one run each.
pub struct Sessions {
    table: Table,
    rates: Rates,
}

/// Seconds for all tables of a run.
struct Rates {
    garbling: f64,
    evaluating: f64,
}

/// A session over a link.
pub struct Prediction {
    network: Network,
    parties: Vec<String>,
    forecast: Forecast,
    seconds: Seconds,
}

/// What the time is made of; the whole is less than the sum, as some of it happens at once.
struct Seconds {
    /// Waiting for what is on its way.
    waiting: f64,
    /// Sending everything but tables.
    sending: f64,
    tables: Tables,
    /// Computing oblivious transfers.
    transfers: f64,
    total: f64,
}

struct Tables {
    sending: f64,
    garbling: f64,
    evaluating: f64,
}

impl Tables {
    const fn longest(&self) -> f64 {
        self.sending.max(self.garbling).max(self.evaluating)
    }
}

impl Sessions {
    /// The sessions of a program for two, with `garbler` as the garbler if anybody is to be; finds out how fast this machine is.
    pub fn new(compiled: &Compiled, garbler: Option<&str>, common: &Common) -> Result<Sessions, Failure> {
        let table = Table::new(compiled, garbler, Duration::from_secs(60), common)?;
        let rates = Rates::measure(&table.plan, &mut rng_of(common, 0)?);
        Ok(Sessions { table, rates })
    }

    /// Predicts the one over this link.
    pub fn over(&self, network: Network) -> Result<Prediction, Failure> {
        let config = |index: usize| {
            let mut config = self.table.config(index, 1);
            config.network = Some(network);
            config.agreement.push(agreed_meeting([0; 32]));
            config
        };
        let forecast = Forecast::new(&[config(0), config(1)])?;
        let seconds = self.rates.seconds(&forecast, network);
        Ok(Prediction { network, parties: self.table.plan.parties.clone(), forecast, seconds })
    }
}

impl Rates {
    fn seconds(&self, forecast: &Forecast, network: Network) -> Seconds {
        let &Rates { garbling, evaluating } = self;
        let n = forecast.n_transfers;
        let [n_base, n_extended] = match forecast.depth {
            None => [n, 0],
            Some(_) => [N_BASE, n],
        };
        let table_bytes: u64 = forecast.sent.iter().map(|sent| sent.tables).sum();
        let sent_bytes: u64 = forecast.sent.iter().map(|sent| sent.total()).sum();
        let speeds = Speeds {
            base_ot: if n == 0 { 0.0 } else { bench::base_ots() / N_BASE as f64 },
            extension: forecast.depth.map_or(0.0, bench::extension),
            garbling: garbling / table_bytes.max(1) as f64,
            evaluating: evaluating / table_bytes.max(1) as f64,
        };
        let boundless = Network { bits_per_second: u64::MAX, ..network };
        Seconds {
            waiting: forecast.time(boundless, Speeds::default()).as_secs_f64(),
            sending: network.time_of(sent_bytes - table_bytes).as_secs_f64(),
            tables: Tables { sending: network.time_of(table_bytes).as_secs_f64(), garbling, evaluating },
            transfers: speeds.base_ot * n_base as f64 + speeds.extension * n_extended as f64,
            total: forecast.time(network, speeds).as_secs_f64(),
        }
    }

    /// From what gets done in a moment.
    fn measure(plan: &Plan, rng: &mut ChaCha20Rng) -> Rates {
        let n_rows = plan.table_bytes() / BLOCK_BYTES;
        if n_rows == 0 {
            return Rates { garbling: 0.0, evaluating: 0.0 };
        }
        let (kernel, delta) = (Kernel::detect(), Delta::random(rng));
        let [s, constant] = [(); 2].map(|()| Block::random(rng));
        let inputs: Vec<Block> = (0..plan.main().n_inputs).map(|_| Block::random(rng)).collect();
        // A moment that ends in the middle of a run ends the run: what it did counts.
        let mut moment = Moment::begin();
        let mut garbler = Garbler::new(kernel, &delta, s, constant, 0);
        while !moment.is_over {
            let _ = garbler.garble(plan, &inputs, &mut moment);
            moment.look();
        }
        let garbling = moment.seconds_for(n_rows);
        let mut moment = Moment::begin();
        let mut evaluator = Evaluator::new(kernel, s, constant, 0);
        while !moment.is_over {
            let _ = evaluator.evaluate(plan, &inputs, &mut moment);
            moment.look();
        }
        Rates { garbling, evaluating: moment.seconds_for(n_rows) }
    }
}

/// A buffer of tables that ends when a moment is over.
struct Moment {
    begin: Instant,
    is_over: bool,
    n_calls: u32,
    n_rows: u64,
    rows: Vec<Block>,
}

/// The moment is over.
struct Over;

impl Moment {
    fn begin() -> Moment {
        let rows = vec![Block::ZERO; TABLE_BLOCKS_MAX];
        Moment { begin: Instant::now(), is_over: false, n_calls: 0, n_rows: 0, rows }
    }

    fn look(&mut self) {
        self.is_over = self.begin.elapsed() >= MOMENT;
    }

    fn seconds_for(&self, n_rows: u64) -> f64 {
        self.begin.elapsed().as_secs_f64() * n_rows as f64 / self.n_rows.max(1) as f64
    }

    /// Looks at the clock now and then: that takes as long as a gate.
    fn count(&mut self, n_rows: usize) -> Result<(), Over> {
        self.n_calls = self.n_calls.wrapping_add(1);
        if self.n_calls.is_multiple_of(256) {
            self.look();
        }
        self.n_rows += n_rows as u64;
        if self.is_over { Err(Over) } else { Ok(()) }
    }
}

impl TableSink for Moment {
    type Error = Over;

    fn room(&mut self, n_blocks: usize) -> Result<&mut [Block], Over> {
        self.count(n_blocks)?;
        Ok(&mut self.rows[..n_blocks])
    }
}

impl TableSource for Moment {
    type Error = Over;

    fn take(&mut self, n_blocks: usize) -> Result<&[Block], Over> {
        self.count(n_blocks)?;
        Ok(&self.rows[..n_blocks])
    }
}

impl Prediction {
    /// How long it takes, in seconds.
    pub fn total_seconds(&self) -> f64 {
        self.seconds.total
    }

    /// As scripts get it.
    pub fn json(&self) -> Json {
        let Seconds { waiting, sending, tables, transfers, total } = &self.seconds;
        let sent: Map<String, Json> = self.by_party().map(|(name, sent)| (name.clone(), sent.total().into())).collect();
        let phases: Map<String, Json> = self
            .by_party()
            .map(|(name, sent)| {
                let Sent { handshake, inputs, tables, outputs } = sent;
                let phases = json!({ "handshake": handshake, "inputs": inputs, "tables": tables, "outputs": outputs });
                (name.clone(), phases)
            })
            .collect();
        json!({
            "rtt_seconds": self.network.rtt.as_secs_f64(),
            "bits_per_second": self.network.bits_per_second,
            "sent_bytes": sent,
            "sent_bytes_by_phase": phases,
            "round_trips": self.round_trips(),
            "seconds": {
                "waiting": waiting,
                "sending": sending,
                "tables": tables.longest(),
                "garbling": tables.garbling,
                "evaluating": tables.evaluating,
                "transfers": transfers,
                "total": total,
            },
        })
    }

    fn by_party(&self) -> impl Iterator<Item = (&String, Sent)> {
        self.parties.iter().zip(self.forecast.sent)
    }

    fn round_trips(&self) -> f64 {
        self.forecast.n_flights() as f64 / 2.0
    }

    /// Prints what people want to know first.
    pub fn print(&self) {
        let Network { rtt, bits_per_second } = self.network;
        let rate = bits_per_second as f64 / 1e6;
        outln!("\nover a link of {} ms there and back and {rate} Mbit/s", rtt.as_secs_f64() * 1e3);
        for (name, sent) in self.by_party() {
            outln!("{:<18} {}", format!("{name} sends"), bytes(sent.total()));
        }
        outln!("{:<18} what both hand to the connection; headers of TCP, IP and TLS come on top", "");
        let Seconds { waiting, sending, tables, transfers, total } = &self.seconds;
        outln!("{:<18} {}, of which", "takes about", time(*total));
        outln!("{:<18} {} for {} round trips", "  waiting", time(*waiting), self.round_trips());
        outln!("{:<18} {}", "  transfers", time(*transfers));
        outln!("{:<18} {}", "  sending", time(*sending));
        let Tables { sending, garbling, evaluating } = tables;
        let [sent, garbled, evaluated] = [sending, garbling, evaluating].map(|seconds| time(*seconds));
        let longest = time(tables.longest());
        outln!("{:<18} {longest}: sent in {sent}, garbled in {garbled}, evaluated in {evaluated}, at once", "  tables");
    }
}

fn bytes(n: u64) -> String {
    match n {
        0..10_000 => format!("{n} bytes"),
        10_000..10_000_000 => format!("{n} bytes ({:.1} kB)", n as f64 / 1e3),
        _ => format!("{n} bytes ({:.1} MB)", n as f64 / 1e6),
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        0.0 => "nothing".to_owned(),
        ..1e-3 => format!("{:.2} ms", seconds * 1e3),
        ..1.0 => format!("{:.1} ms", seconds * 1e3),
        ..120.0 => format!("{seconds:.1} s"),
        _ => format!("{:.1} min", seconds / 60.0),
    }
}
