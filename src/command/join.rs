//! `hushgate join`: one party, with the other elsewhere.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;

use hushgate_runtime::channel::tls::Endpoint;
use hushgate_runtime::channel::{Channel, tcp};

use crate::approval::Approval;
use crate::cli::{Common, JoinArgs};
use crate::failure::Failure;
use crate::job::{Approved, Ended, Job, Run, Trusted};
use crate::key;
use crate::party::Table;
use crate::peers::Peers;
use crate::program::{Inputs, Program, load, locate, party_index, ports_of};

/// Runs one party and prints what it learns.
pub fn run(args: &JoinArgs, common: &Common) -> Result<(), Failure> {
    let start = Instant::now();
    let address = address(args, common)?;
    let trusted = trusted(args)?;
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
    let approved = approved(args, &program, trusted.as_ref())?;
    let public = inputs.public(&program)?;
    let garbler = approved.as_ref().map_or(args.garbler.as_deref(), |approved| approved.garbler());
    let compiled = program.compile(&public, common.target(garbler))?;
    let table = Table::new(&compiled, garbler, timeout, common)?;
    let ports = ports_of(&table.plan.inputs, index);
    let values = inputs.bind(&args.party, &ports)?;
    let job = Job {
        party: &args.party,
        title: located.file.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        trusted: trusted.as_ref(),
        approved: approved.as_ref(),
        parameters: &compiled.params,
        table: &table,
        index,
        ports: &ports,
        values: &values,
    };
    let compile_seconds = start.elapsed().as_secs_f64();

    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let endpoint = trusted.as_ref().map(|trusted| &trusted.endpoint);
    let way = Way { listen: args.listen.is_some(), addresses: &address, endpoint };
    let ended = runtime.block_on(session(&way, &job, common))?;
    let mut results = table.results();
    table.report(&mut results, index, &ended.outcome);
    results.keep_only(&args.party);
    results.stats.plaintext = trusted.is_none();
    results.stats.seconds.insert("compile".to_owned(), compile_seconds);
    results.stats.seconds.insert("total".to_owned(), start.elapsed().as_secs_f64());
    let printed = results.print(common);
    ended.receipt.map(|receipt| tell(receipt, common)).unwrap_or(Ok(()))?;
    printed
}

/// Says where the receipt is, or why there is none.
fn tell(receipt: Result<PathBuf, Failure>, common: &Common) -> Result<(), Failure> {
    match receipt {
        Ok(path) if !common.quiet => eprintln!("receipt signed by both sides: {}", path.display()),
        Ok(_) => {}
        Err(Failure::Peer(why)) => return Err(Failure::Peer(why)),
        Err(failure) => eprintln!("warning: the results are good, but the other side gave no receipt: {failure}"),
    }
    Ok(())
}

/// Our key and the peer's, where the connection is to be encrypted.
fn trusted(args: &JoinArgs) -> Result<Option<Trusted>, Failure> {
    let Some(peer) = &args.peer else { return Ok(None) };
    let path = args.key.clone().map_or_else(key::default_path, Ok)?;
    let identity = key::read(&path)?;
    let peers = Peers::read()?;
    let pin = peers.resolve(peer)?;
    Ok(Some(Trusted {
        endpoint: Endpoint::new(&identity, pin),
        name: peers.name_of(pin).map(str::to_owned),
        approved_only: peers.requires_approval(pin)?,
        identity,
        pin,
    }))
}

/// What this side has approved, where it runs a proposal.
fn approved<'a>(
    args: &JoinArgs,
    program: &'a Program,
    trusted: Option<&Trusted>,
) -> Result<Option<Approved<'a>>, Failure> {
    match (program.proposal(), trusted) {
        (None, Some(trusted)) if trusted.approved_only => Err(Failure::Policy(format!(
            "with {} runs only what both sides have approved: give a .proposal (see: hushgate propose --help)",
            trusted.shown()
        ))),
        (None, _) => Ok(None),
        (Some(_), None) => Err(Failure::Usage("a proposal runs with a known peer: name it with --peer".to_owned())),
        (Some(_), _) if args.garbler.is_some() => Err(Failure::Usage(
            "--garbler is for programs: the proposal says who garbles, or leaves it open".to_owned(),
        )),
        (Some(sealed), Some(trusted)) => {
            let approval = Approval::find(sealed, &args.party, &trusted.identity)?;
            Ok(Some(Approved { sealed, approval }))
        }
    }
}

/// A way to the other party.
struct Way<'a> {
    listen: bool,
    addresses: &'a [SocketAddr],
    endpoint: Option<&'a Endpoint>,
}

/// Connects or waits, then runs the session; Ctrl-C ends it, and the other side sees the connection close.
async fn session(way: &Way<'_>, job: &Job<'_>, common: &Common) -> Result<Ended, Failure> {
    let mut run = Run::default();
    let work = async {
        let table = job.table;
        let channel = if way.listen { listen(way, table, common).await? } else { connect(way, table).await? };
        job.run(channel, &mut run).await
    };
    let ended = tokio::select! {
        ended = work => ended,
        _ = tokio::signal::ctrl_c() => Err(Failure::Network("stopped by Ctrl-C".to_owned())),
    };
    run.end(&ended)?;
    ended
}

async fn connect(way: &Way<'_>, table: &Table) -> Result<Channel, Failure> {
    let (timeouts, shown) = (table.timeouts(), way.addresses[0]);
    match way.endpoint {
        Some(endpoint) => endpoint
            .connect(way.addresses, &timeouts)
            .await
            .map_err(|error| Failure::Tls(format!("cannot connect to {shown}"), error)),
        None => tcp::connect(way.addresses, timeouts.connect)
            .await
            .map_err(|error| Failure::Network(format!("cannot connect to {shown}: {error}"))),
    }
}

async fn listen(way: &Way<'_>, table: &Table, common: &Common) -> Result<Channel, Failure> {
    let (timeouts, shown) = (table.timeouts(), way.addresses[0]);
    let cannot = |error| Failure::Network(format!("cannot listen on {shown}: {error}"));
    let listener = tcp::Listener::bind(way.addresses).await.map_err(cannot)?;
    let bound = listener.local_addr().map_err(cannot)?;
    if !common.quiet {
        eprintln!("waiting for the other party on {bound}");
    }
    match way.endpoint {
        Some(endpoint) => {
            endpoint.accept(&listener, &timeouts).await.map_err(|error| Failure::Tls(format!("on {bound}"), error))
        }
        None => {
            listener.accept(timeouts.connect).await.map_err(|error| Failure::Network(format!("on {bound}: {error}")))
        }
    }
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
    if args.peer.is_some() {
        return Ok(());
    }
    if !args.insecure_plaintext {
        return Err(Failure::Policy(format!(
            "{option} {text} leaves this machine and the connection is not encrypted: name the other party with --peer \
             (see: hushgate peer --help), or accept that whoever is in between can change the session: --insecure-plaintext"
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
