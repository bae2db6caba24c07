//! `hushgate join`: one party, with the other elsewhere.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::Context;

use hushgate_circuits::shape::Value;
use hushgate_runtime::channel::tls::Endpoint;
use hushgate_runtime::identity::Pin;
use hushgate_runtime::session::{Outcome, Stop};

use crate::approval::Approval;
use crate::cli::{Common, JoinArgs};
use crate::failure::Failure;
use crate::files::read_text;
use crate::job::{Approved, Ended, Job, Run, Trusted};
use crate::key;
use crate::meeting::Way;
use crate::party::Table;
use crate::peers::Peers;
use crate::program::{Inputs, Program, load, locate};
use crate::shares::folder::Intake;
use crate::terminal::time;

/// Runs one party and prints what it learns.
pub fn run(args: &JoinArgs, common: &Common) -> Result<(), Failure> {
    if args.trace {
        return Err(Failure::no_trace());
    }
    let start = Instant::now();
    let addresses = addresses(args, common)?;
    let trusted = trusted(args)?;
    let timeout = seconds("--timeout", args.timeout)?;
    let located = locate(&args.file)?;
    let program = load(&located.file, common)?;
    let parties = program.parties();
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
    let mut table = Table::new(&compiled, garbler, timeout, common)?;
    table.network = args.network;
    table.limit_total(args.time_limit.map(|limit| seconds("--time-limit", limit)).transpose()?);
    let index = table.seating.seat(&args.party)?;
    let ports = table.seating.ports(&args.party);
    let once = approved.is_some() || args.shares.is_some();
    let runs = runs(args, inputs.bind_runs(&args.party, &ports)?, once)?;
    let title = located.file.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let members = members(args, &table)?;
    let intake = intake(args, &table, approved.as_ref(), &title, members)?;
    let collected = match (&intake, &trusted) {
        (Some(intake), Some(trusted)) => Some(intake.collect(&table.seating, &trusted.identity)?),
        _ => None,
    };
    let job = Job {
        party: &args.party,
        title: title.clone(),
        collected: collected.as_ref(),
        results: args.results.as_deref().or(args.shares.as_deref()),
        trusted: trusted.as_ref(),
        approved: approved.as_ref(),
        parameters: &compiled.params,
        table: &table,
        index,
        ports: &ports,
        runs: &runs,
    };
    let compile_seconds = start.elapsed().as_secs_f64();

    let way = Way {
        listens: args.listen.is_some(),
        addresses,
        endpoint: trusted.as_ref().map(|trusted| trusted.endpoint.clone()),
        timeouts: table.timeouts(),
        quiet: common.quiet,
    };
    let mut printed = Ok(());
    let print = |run: usize, outcome: &Outcome| {
        let mut results = table.results();
        table.report(&mut results, index, outcome);
        results.keep_only(&args.party);
        results.save_to(args.output.as_deref());
        results.stats.plaintext = trusted.is_none();
        results.stats.seconds.insert("compile".to_owned(), compile_seconds);
        results.stats.seconds.insert("total".to_owned(), start.elapsed().as_secs_f64());
        let results = if runs.len() == 1 { results } else { results.of_run(run + 1) };
        if let Err(failure) = results.print(common) {
            printed = Err(failure);
        }
    };
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let ended = runtime.block_on(session(&way, &job, print))?;
    ended.receipt.map(|receipt| tell(receipt, common)).unwrap_or(Ok(()))?;
    printed
}

/// The inputs of every run: a row of the data for each, or the same for all.
fn runs(args: &JoinArgs, mut rows: Vec<Vec<Value>>, approved: bool) -> Result<Vec<Vec<Value>>, Failure> {
    match (args.repeat, rows.len()) {
        (_, 0) => return Err(Failure::Usage("--input: the file has no rows, so there is nothing to run".to_owned())),
        (None, _) => {}
        (Some(n), 1) if n as usize <= RUNS_MAX => rows.resize(n as usize, rows[0].clone()),
        (Some(n), n_rows) if n_rows == n as usize => {}
        (Some(n), 1) => return Err(Failure::Usage(format!("--repeat {n}: a session has at most {RUNS_MAX} runs"))),
        (Some(n), n_rows) => {
            return Err(Failure::Usage(format!("--repeat {n}: the file has {n_rows} rows, one for each run")));
        }
    }
    match rows.len() {
        n if n > RUNS_MAX => Err(Failure::Usage(format!("found {n} rows; a session has at most {RUNS_MAX} runs"))),
        n if n > 1 && approved => {
            Err(Failure::Policy(format!("a proposal is approved run by run: it cannot run {n} times in one session")))
        }
        _ => Ok(rows),
    }
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

/// Where shares come from, if others take part.
fn intake<'a>(
    args: &'a JoinArgs,
    table: &Table,
    approved: Option<&Approved<'_>>,
    title: &'a str,
    members: Option<BTreeMap<String, Pin>>,
) -> Result<Option<Intake<'a>>, Failure> {
    let Some(folder) = &args.shares else {
        let n = table.seating.participants().len();
        return match n {
            0 => Ok(None),
            _ => Err(Failure::Usage(format!(
                "{n} parties take part by shares: collect them in a folder and give it with --shares DIR (see: hushgate share --help)"
            ))),
        };
    };
    let until = args.shares_until.as_deref().map(|text| {
        time(text).ok_or_else(|| {
            Failure::Usage(format!("--shares-until {text}: expected a time such as 2026-12-01T12:00:00Z"))
        })
    });
    Ok(Some(Intake {
        folder,
        until: until.transpose()?,
        members,
        server: &args.party,
        title,
        program: table.plan.digest(),
        proposal: approved.map(|approved| approved.sealed.digest()),
    }))
}

/// Who may send shares.
fn members(args: &JoinArgs, table: &Table) -> Result<Option<BTreeMap<String, Pin>>, Failure> {
    let Some(path) = &args.members else { return Ok(None) };
    let refuse = |why: String| Failure::Usage(format!("{}: {why}", path.display()));
    let names: BTreeMap<String, String> = toml::from_str(&read_text(path)?)
        .map_err(|error| refuse(format!("expected \"MEMBER\" = \"KEY\" on each line: {error}")))?;
    let known = table.seating.participants();
    let member = |(name, key): (String, String)| {
        let pin: Pin = key.parse().map_err(|error| refuse(format!("{name}: {error}")))?;
        match table.seating.party(&name).filter(|party| known.contains(party)) {
            Some(_) => Ok((name, pin)),
            None => Err(refuse(format!("{name} takes no part in the program"))),
        }
    };
    names.into_iter().map(member).collect::<Result<_, _>>().map(Some)
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

/// Meets the other party and runs the session. Ctrl-C ends it, and tells the other party so.
async fn session(way: &Way, job: &Job<'_>, print: impl FnMut(usize, &Outcome)) -> Result<Ended, Failure> {
    let mut run = Run::default();
    let work = async {
        let (ours, seat) = (job.statement()?, job.seat());
        let meeting = way.meet(job.welcome(&ours)).await?;
        job.run(meeting, &ours, seat, &mut run, print).await
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
fn addresses(args: &JoinArgs, common: &Common) -> Result<Vec<SocketAddr>, Failure> {
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

fn seconds(option: &str, seconds: f64) -> Result<Duration, Failure> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| !time.is_zero())
        .ok_or_else(|| Failure::Usage(format!("{option} {seconds}: expected a number of seconds above 0")))
}

/// Runs of one session, at most: their inputs are kept in memory.
const RUNS_MAX: usize = 1_000_000;

/// How long a session that is stopped may take to say so.
const LAST_WORDS: Duration = Duration::from_secs(1);
