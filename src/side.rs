//! One side of a session, as the command line describes it: what `join` and `batch` have in common.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use hushgate_circuits::circuit::InputPort;
use hushgate_runtime::channel::tls::Endpoint;
use hushgate_runtime::garble::Threads;
use hushgate_runtime::session::{Outcome, Stop};

use crate::approval::Approval;
use crate::cli::{Common, PartyArgs};
use crate::failure::Failure;
use crate::job::{Approved, Ended, Job, Run, Trusted};
use crate::key;
use crate::loopback::runtime;
use crate::meeting::Way;
use crate::party::{Table, threads_for};
use crate::peers::Peers;
use crate::program::{Compiled, Inputs, PUBLIC, Program, load, locate};
use crate::progress;
use crate::statement::Statement;
use crate::summary::Summary;

/// A program, and the data that this side gives.
pub struct Side {
    /// What is run.
    pub program: Program,
    inputs: Inputs,
    /// What the program is called.
    pub title: String,
}

impl Side {
    /// Reads the program and finds the data.
    pub fn new(args: &PartyArgs, common: &Common) -> Result<Side, Failure> {
        let located = locate(&args.file)?;
        let program = load(&located.file, common)?;
        let parties = program.parties();
        let inputs = Inputs::parse(&args.inputs, &parties, Some(&args.party), located.folder)?;
        if let Some(other) = inputs.parties().into_iter().find(|name| *name != args.party && *name != PUBLIC) {
            return Err(Failure::Usage(format!("--input {other}: only {}'s data belong here", args.party)));
        }
        let title = located.file.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Ok(Side { program, inputs, title })
    }

    /// Our data, which are for these ports.
    pub fn inputs(&self, args: &PartyArgs, ports: &[&InputPort]) -> Result<Inputs, Failure> {
        self.inputs.clone().written(&args.data_args, self.program.unique(), ports)
    }

    /// Compiles it, and seats both parties.
    pub fn table(&self, args: &PartyArgs, common: &Common) -> Result<(Compiled, Table), Failure> {
        let _shown = progress::stage("compiling");
        let public = self.inputs.public(&self.program)?;
        let proposed = self.program.proposal().map(|sealed| sealed.proposal.garbler.as_deref());
        let garbler = proposed.unwrap_or(args.garbler.as_deref());
        let compiled = self.program.compile(&public, common.target(garbler))?;
        let mut table = Table::new(&compiled, garbler, seconds("--timeout", args.timeout)?, common)?;
        table.network = args.network;
        table.limit_total(args.time_limit.map(|limit| seconds("--time-limit", limit)).transpose()?);
        Ok((compiled, table))
    }
}

/// The address on the command line, and its option.
pub fn address(args: &PartyArgs) -> Option<(&'static str, &str)> {
    let listen = args.listen.as_deref().map(|text| ("--listen", text));
    listen.or(args.connect.as_deref().map(|text| ("--connect", text)))
}

/// The way to the other party.
pub fn way(
    args: &PartyArgs,
    addresses: Vec<SocketAddr>,
    trusted: Option<&Trusted>,
    table: &Table,
    common: &Common,
) -> Way {
    Way {
        listens: args.listen.is_some(),
        threads: threads(&addresses, table, common),
        addresses,
        endpoint: trusted.map(|trusted| trusted.endpoint.clone()),
        timeouts: table.timeouts(),
        quiet: common.quiet,
    }
}

/// How many threads we compute on: as was asked, else one per core; half of them, where the other side runs on this machine too, so that neither stands in
/// the other's way.
fn threads(addresses: &[SocketAddr], table: &Table, common: &Common) -> Threads {
    let is_beside = common.threads.is_none() && addresses.iter().all(is_local);
    if is_beside { threads_for(2) } else { table.threads }
}

fn is_local(address: &SocketAddr) -> bool {
    address.ip().is_loopback()
}

/// Our key and the peer's, where the connection is to be encrypted.
pub fn trusted(args: &PartyArgs, peer: Option<&str>) -> Result<Option<Trusted>, Failure> {
    let Some(peer) = peer else {
        return match &args.key {
            Some(_) => {
                Err(Failure::Usage("--key is for encrypted connections: name the other party with --peer".to_owned()))
            }
            None => Ok(None),
        };
    };
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

/// Notes with whom and how the session was, and where the receipt is; or says why there is none.
pub fn conclude(
    summary: &mut Summary,
    receipt: Option<Result<PathBuf, Failure>>,
    trusted: Option<&Trusted>,
) -> Result<(), Failure> {
    match trusted {
        Some(trusted) => {
            let fingerprint = trusted.pin.fingerprint().to_string();
            let name = trusted.name.as_ref().filter(|name| **name != fingerprint);
            summary.note("peer", name.map_or(fingerprint.clone(), |name| format!("{name}, {fingerprint}")));
            summary.note("connection", "encrypted, TLS 1.3, both keys pinned");
        }
        None => summary.note("connection", "not encrypted"),
    }
    match receipt {
        Some(Ok(path)) => summary.note("receipt", format!("signed by both sides: {}", path.display())),
        Some(Err(Failure::Peer(why))) => return Err(Failure::Peer(why)),
        Some(Err(failure)) => {
            eprintln!("warning: the results are good, but the other side gave no receipt: {failure}");
        }
        None => {}
    }
    Ok(())
}

/// What this side has approved, where it runs a proposal.
pub fn approved<'a>(
    args: &PartyArgs,
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

/// Meets the other party and runs the session. Ctrl-C ends it, and tells the other party so.
pub fn session(
    way: &Way,
    job: &Job<'_>,
    each: impl FnMut(usize, &Outcome) -> Result<(), Failure>,
) -> Result<Ended, Failure> {
    // Who listens answers others while it computes, or waits for somebody to read its results: that takes another thread, where it has one.
    let threads = if way.listens { job.table.threads } else { way.threads };
    runtime(threads)?.block_on(meet(way, job, each))
}

async fn meet(
    way: &Way,
    job: &Job<'_>,
    each: impl FnMut(usize, &Outcome) -> Result<(), Failure>,
) -> Result<Ended, Failure> {
    let mut run = Run::default();
    let work = async {
        let (ours, seat) = (job.statement()?, job.seat(way.threads));
        let occupied = job.welcome(&Statement::of_busy(job.party));
        let (meeting, _occupied) = way.meet(job.welcome(&ours), occupied).await?;
        job.run(meeting, &ours, seat, &mut run, each).await
    };
    let ended = until_interrupted(work, &job.table.stop).await;
    run.end(&ended)?;
    ended
}

/// Ctrl-C stops the session if there is one, and everything soon after.
async fn until_interrupted<T>(work: impl Future<Output = Result<T, Failure>>, stop: &Stop) -> Result<T, Failure> {
    let mut work = pin!(work);
    tokio::select! {
        ended = &mut work => return ended,
        () = interrupted() => stop.now(),
    }
    let ended = tokio::time::timeout(LAST_WORDS, work).await;
    ended.unwrap_or_else(|_| Err(Failure::Network("stopped by Ctrl-C".to_owned())))
}

/// Waits for Ctrl-C; for ever, where there is no such thing.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// Where to listen or to connect to; nothing that leaves this machine unless that was asked for.
pub fn addresses(
    (option, text): (&str, &str),
    is_encrypted: bool,
    args: &PartyArgs,
    common: &Common,
) -> Result<Vec<SocketAddr>, Failure> {
    if !text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok()) {
        return Err(Failure::Usage(format!("{option} {text}: expected HOST:PORT, such as 127.0.0.1:7000")));
    }
    let found: Vec<SocketAddr> = text
        .to_socket_addrs()
        .map_err(|error| Failure::Network(format!("{option} {text}: the name was not found: {error}")))?
        .collect();
    if found.is_empty() {
        return Err(Failure::Network(format!("{option} {text}: the name has no address")));
    }
    if !found.iter().all(is_local) {
        leaves_this_machine((option, text), is_encrypted, args, common)?;
    }
    Ok(found)
}

fn leaves_this_machine(
    (option, text): (&str, &str),
    is_encrypted: bool,
    args: &PartyArgs,
    common: &Common,
) -> Result<(), Failure> {
    if common.seed.is_some() {
        return Err(Failure::Policy(format!("{option} {text}: --seed is for tests on this machine: use loopback")));
    }
    if is_encrypted {
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

pub fn seconds(option: &str, seconds: f64) -> Result<Duration, Failure> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| !time.is_zero())
        .ok_or_else(|| Failure::Usage(format!("{option} {seconds}: expected a number of seconds above 0")))
}

/// How long a session that is stopped may take to say so.
const LAST_WORDS: Duration = Duration::from_secs(1);
