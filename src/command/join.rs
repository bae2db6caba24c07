//! `hushgate join`: one party, with the other elsewhere.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

use anyhow::Context;

use hushgate_runtime::channel::{Channel, tcp};
use hushgate_runtime::session::Outcome;

use crate::cli::{Common, JoinArgs};
use crate::failure::Failure;
use crate::party::{Party, Table};
use crate::program::{Inputs, load, locate, party_index, ports_of};

/// Runs one party and prints what it learns.
pub fn run(args: &JoinArgs, common: &Common) -> Result<(), Failure> {
    let start = Instant::now();
    let address = address(args, common)?;
    let timeout = patience(args.timeout)?;
    let located = locate(&args.file)?;
    let program = load(&located.file, common)?;
    let parties = program.parties();
    let index = party_index(&parties, &args.party)?;
    let inputs = Inputs::parse(&args.inputs, &parties, Some(&args.party), located.folder)?;
    if let Some(other) =
        inputs.parties().into_iter().find(|name| *name != args.party && *name != crate::program::PUBLIC)
    {
        return Err(Failure::Usage(format!("--input {other}: only {}'s data belong here", args.party)));
    }
    let public = inputs.public(&program)?;
    let compiled = program.compile(&public, common.opt_level())?;
    let table = Table::new(&compiled, args.garbler.as_deref(), timeout, common)?;
    let values = inputs.bind(&args.party, &ports_of(&table.plan.inputs, index))?;
    let seat = table.seat(index, &values);
    let compile_seconds = start.elapsed().as_secs_f64();

    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let outcome = runtime.block_on(session(args.listen.is_some(), address, &table, seat, common))?;
    let mut results = table.results();
    table.report(&mut results, index, &outcome);
    results.keep_only(&args.party);
    results.stats.plaintext = true;
    results.stats.seconds.insert("compile".to_owned(), compile_seconds);
    results.stats.seconds.insert("total".to_owned(), start.elapsed().as_secs_f64());
    results.print(common);
    Ok(())
}

/// Connects or waits, then runs the session; Ctrl-C ends it, and the other side sees the connection close.
async fn session(
    listen: bool,
    address: Vec<SocketAddr>,
    table: &Table,
    seat: Party,
    common: &Common,
) -> Result<Outcome, Failure> {
    let work = async {
        let channel = open(listen, &address, table, common).await?;
        let (_, outcome) = seat.run(channel).await;
        Ok(outcome?)
    };
    tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c() => Err(Failure::Network("stopped by Ctrl-C".to_owned())),
    }
}

async fn open(listen: bool, address: &[SocketAddr], table: &Table, common: &Common) -> Result<Channel, Failure> {
    let patience = table.timeouts().connect;
    let shown = address[0];
    if !listen {
        let channel = tcp::connect(address, patience).await;
        return channel.map_err(|error| Failure::Network(format!("cannot connect to {shown}: {error}")));
    }
    let listener = tcp::Listener::bind(address)
        .await
        .map_err(|error| Failure::Network(format!("cannot listen on {shown}: {error}")))?;
    let bound =
        listener.local_addr().map_err(|error| Failure::Network(format!("cannot listen on {shown}: {error}")))?;
    if !common.quiet {
        eprintln!("waiting for the other party on {bound}");
    }
    listener.accept(patience).await.map_err(|error| Failure::Network(format!("on {bound}: {error}")))
}

/// Where to listen or to connect to; nothing that leaves this machine unless that was asked for.
fn address(args: &JoinArgs, common: &Common) -> Result<Vec<SocketAddr>, Failure> {
    let (option, text) = match (&args.listen, &args.connect) {
        (Some(text), _) => ("--listen", text),
        (None, Some(text)) => ("--connect", text),
        (None, None) => unreachable!("the command line asks for one of the two"),
    };
    if !text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok()) {
        return Err(Failure::Usage(format!("{option} {text}: expected HOST:PORT, such as 127.0.0.1:7000")));
    }
    let found: Vec<SocketAddr> = text
        .to_socket_addrs()
        .map_err(|error| Failure::Network(format!("{option} {text}: the name was not found: {error}")))?
        .collect();
    let local = |address: &SocketAddr| IpAddr::is_loopback(&address.ip());
    if found.is_empty() {
        return Err(Failure::Network(format!("{option} {text}: the name has no address")));
    }
    if !found.iter().all(local) {
        leaves_this_machine(option, text, args, common)?;
    }
    Ok(found)
}

fn leaves_this_machine(option: &str, text: &str, args: &JoinArgs, common: &Common) -> Result<(), Failure> {
    if common.seed.is_some() {
        return Err(Failure::Policy(format!("{option} {text}: --seed is for tests on this machine: use loopback")));
    }
    if !args.insecure_plaintext {
        return Err(Failure::Policy(format!(
            "{option} {text} leaves this machine and connections are not encrypted yet: go through a tunnel that ends on \
             loopback (ssh -L, WireGuard), or accept that whoever is in between can change the session: --insecure-plaintext"
        )));
    }
    eprintln!("warning: the connection is neither encrypted nor authenticated");
    Ok(())
}

fn patience(seconds: f64) -> Result<Duration, Failure> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| !time.is_zero())
        .ok_or_else(|| Failure::Usage(format!("--timeout {seconds}: expected a number of seconds above 0")))
}
