//! `hushgate run`: both parties on this machine, the real protocol over loopback sockets.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::Context;

use hushgate_runtime::channel::tcp;
use hushgate_runtime::session::SessionError;

use crate::cli::{Common, RunArgs};
use crate::failure::Failure;
use crate::party::{Party, Table};
use crate::program::{Inputs, load, locate, ports_of};

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
    let inputs = Inputs::parse(&args.inputs, &parties, None, located.folder)?;
    let public = inputs.public(&program)?;
    let compiled = program.compile(&public, common.target(args.garbler.as_deref()))?;
    let table = Table::new(&compiled, args.garbler.as_deref(), PATIENCE, common)?;
    let mut seats = Vec::new();
    for (index, name) in parties.iter().enumerate() {
        let values = inputs.bind(name, &ports_of(&table.plan.inputs, index))?;
        seats.push(table.seat(index, &values));
    }
    let compile_seconds = start.elapsed().as_secs_f64();

    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let outcomes = runtime.block_on(sessions(seats))?;
    let mut results = table.results();
    for (index, outcome) in outcomes {
        table.report(&mut results, index, &outcome?);
    }
    results.stats.seconds.insert("compile".to_owned(), compile_seconds);
    results.stats.seconds.insert("total".to_owned(), start.elapsed().as_secs_f64());
    results.print(common)
}

type Outcomes = Vec<(usize, Result<hushgate_runtime::session::Outcome, SessionError>)>;

/// Both parties at once, connected through a socket.
async fn sessions(mut seats: Vec<Party>) -> Result<Outcomes, Failure> {
    let listener = tcp::Listener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("cannot listen on loopback")?;
    let address = listener.local_addr().context("cannot listen on loopback")?;
    let (accepted, connected) = tokio::join!(listener.accept(PATIENCE), tcp::connect(address, PATIENCE));
    let second = seats.pop().expect("a table has two seats");
    let first = seats.pop().expect("a table has two seats");
    let first = tokio::spawn(first.run(accepted.context("cannot accept on loopback")?));
    let second = tokio::spawn(second.run(connected.context("cannot connect on loopback")?));
    let (first, second) = tokio::join!(first, second);
    Ok(vec![first.context("a party stopped")?, second.context("a party stopped")?])
}
