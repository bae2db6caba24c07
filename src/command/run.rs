//! `hushgate run`: both parties on this machine, the real protocol over loopback sockets.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use rand::Rng;
use rand_chacha::ChaCha20Rng;
use zeroize::Zeroizing;

use hushgate_circuits::shape::Value;
use hushgate_runtime::channel::tcp;
use hushgate_runtime::garble::Threads;
use hushgate_runtime::session::{Outcome, SessionError};
use hushgate_runtime::shares::split::Parts;

use crate::cli::{Common, RunArgs};
use crate::failure::Failure;
use crate::loopback::{apart, ends};
use crate::party::{Party, Table, threads_for};
use crate::program::{Inputs, load, locate};
use crate::progress;
use crate::results::Results;
use crate::seating::{Bits, Meaning, random_bits, share};
use crate::summary::Summary;
use crate::terminal::hex;

/// The stream of randomness that names the meeting of both sides.
const MEETING_STREAM: usize = 5;

/// Either side gives up when the other is silent for so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Compiles, garbles, evaluates, and prints what each party learns.
pub fn run(args: &RunArgs, common: &Common) -> Result<(), Failure> {
    if args.trace {
        return Err(Failure::no_trace());
    }
    let start = Instant::now();
    let located = locate(&args.file)?;
    let program = load(&located.file, common)?;
    let parties = program.parties();
    let inputs = Inputs::parse(&args.inputs, &parties, None, args.data.clone().or(located.folder))?;
    let public = inputs.public(&program)?;
    let shown = progress::stage("compiling");
    let compiled = program.compile(&public, common.target(args.garbler.as_deref()))?;
    let mut table = Table::new(&compiled, args.garbler.as_deref(), PATIENCE, common)?;
    table.threads = threads_for(2);
    drop(shown);
    let seating = &table.seating;
    let inputs =
        inputs.written(&args.data_args, program.unique(), &seating.border().inputs.iter().collect::<Vec<_>>())?;
    let mut own = BTreeMap::new();
    let mut rehearsal = Rehearsal::new(table.rng(4));
    for name in &parties {
        let values = inputs.bind(name, &seating.ports(name))?;
        match seating.party(name).filter(|party| seating.participants().contains(party)) {
            Some(party) => rehearsal.share(party, &seating.parts(party), &values),
            None => drop(own.insert(name.clone(), values)),
        }
    }
    let mut meeting = [0; 32];
    table.rng(MEETING_STREAM).fill_bytes(&mut meeting);
    let seat = |index: usize| {
        let own = own.get(&table.plan.parties[index]).map_or(&[][..], Vec::as_slice);
        // As `join` does, so that as much is sent.
        table.seat(index, own, &rehearsal.shares[index]).at(meeting)
    };
    let seats = vec![seat(0), seat(1)];
    let compile_seconds = start.elapsed().as_secs_f64();
    let mut summary = Summary::new(start);

    let outcomes = sessions(seats, table.threads)?;
    let mut results = Results::new(&with_hosts(&parties, &table.plan.parties), hex(&table.plan.digest()));
    for (index, outcome) in outcomes {
        let outcome = outcome?;
        table.report(&mut results, index, &outcome);
        if index == 0 {
            summary.add(&outcome.stats);
            rehearsal.open(&table, &outcome, &mut results);
        }
    }
    results.keep(&parties);
    results.stats.seconds.insert("compile".to_owned(), compile_seconds);
    results.stats.seconds.insert("total".to_owned(), start.elapsed().as_secs_f64());
    results.save_to(args.output.as_deref());
    summary.note("garbled by", results.stats.garbler.clone());
    summary.note("connection", "both parties on this machine, over loopback");
    let printed = results.without_figures().print(common);
    summary.print(common);
    printed
}

/// The parties, and those of the two who compute that are none.
fn with_hosts(parties: &[String], computing: &[String]) -> Vec<String> {
    let hosts = computing.iter().filter(|name| !parties.contains(name));
    parties.iter().chain(hosts).cloned().collect()
}

/// What participants would do elsewhere: share their inputs, and take the mask off their results.
struct Rehearsal {
    rng: ChaCha20Rng,
    /// By server and participant.
    shares: [BTreeMap<usize, Bits>; 2],
    pads: BTreeMap<usize, Bits>,
}

impl Rehearsal {
    fn new(rng: ChaCha20Rng) -> Rehearsal {
        Rehearsal { rng, shares: [BTreeMap::new(), BTreeMap::new()], pads: BTreeMap::new() }
    }

    fn share(&mut self, party: usize, parts: &Parts, values: &[Value]) {
        let pads = random_bits(parts.pad_bits() as usize, &mut self.rng);
        let mut bits = Zeroizing::new(Vec::new());
        for (port, value) in parts.inputs.iter().zip(values) {
            bits.extend(port.shape.encode(value).expect("bound values fit their shapes"));
        }
        bits.extend_from_slice(&pads);
        let [first, second] = share(&bits, &mut self.rng);
        self.shares[0].insert(party, first);
        self.shares[1].insert(party, second);
        self.pads.insert(party, pads);
    }

    fn open(&self, table: &Table, outcome: &Outcome, results: &mut Results) {
        let mut opened = BTreeMap::<usize, usize>::new();
        for (bits, meaning) in outcome.outputs.iter().zip(table.seating.meanings(&table.plan.outputs)) {
            let (Some(masked), Meaning::Masked(output, party)) = (bits, meaning) else { continue };
            let start = opened.entry(party).or_default();
            let pad = &self.pads[&party][*start..*start + masked.len()];
            *start += masked.len();
            let bits: Vec<bool> = masked.iter().zip(pad).map(|(bit, pad)| bit ^ pad).collect();
            let port = &table.seating.border().outputs[output];
            results.add_for(party, port, bits);
        }
    }
}

type Outcomes = Vec<(usize, Result<Outcome, SessionError>)>;

/// Both parties at once, connected through a socket.
fn sessions(mut seats: Vec<Party>, threads: Threads) -> Result<Outcomes, Failure> {
    let second = seats.pop().expect("a table has two seats");
    let first = seats.pop().expect("a table has two seats");
    let (listening, connecting) = ends();
    let first = async move || -> anyhow::Result<_> {
        let listener = listening.listener().await.context("cannot listen on loopback")?;
        let channel = listener.accept(PATIENCE).await.context("cannot accept on loopback")?;
        Ok(first.run(channel).await)
    };
    let second = async move || -> anyhow::Result<_> {
        let address = connecting.address().await.context("cannot listen on loopback")?;
        let channel = tcp::connect(address, PATIENCE).await.context("cannot connect on loopback")?;
        Ok(second.run(channel).await)
    };
    let (first, second) = apart(threads, first, second)?;
    Ok(vec![first?, second?])
}
