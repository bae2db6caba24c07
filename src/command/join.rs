//! `hushgate join`: one party, with the other elsewhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use hushgate_circuits::shape::Value;
use hushgate_runtime::identity::Pin;
use hushgate_runtime::session::Outcome;

use crate::batch::RUNS_MAX;
use crate::cli::{Common, JoinArgs};
use crate::failure::Failure;
use crate::files::read_text;
use crate::job::{Approved, Job};
use crate::party::Table;
use crate::progress;
use crate::results::rows::Waiting;
use crate::shares::folder::Intake;
use crate::side::{self, Side};
use crate::summary::Summary;
use crate::terminal::time;

/// Runs one party and prints what it learns.
pub fn run(args: &JoinArgs, common: &Common) -> Result<(), Failure> {
    if args.trace {
        return Err(Failure::no_trace());
    }
    let start = Instant::now();
    let own = &args.own;
    let address = side::address(own).expect("the command line asks for an address");
    let addresses = side::addresses(address, own.peer.is_some(), own, common)?;
    let trusted = side::trusted(own, own.peer.as_deref())?;
    let side = Side::new(own, common)?;
    let approved = side::approved(own, &side.program, trusted.as_ref())?;
    let (compiled, table) = side.table(own, common)?;
    let index = table.seating.seat(&own.party)?;
    let ports = table.seating.ports(&own.party);
    let (rows, order) = runs(args, side.inputs(own, &ports)?.bind_runs(&own.party, &ports)?)?;
    let members = members(args, &table)?;
    let intake = intake(args, &table, approved.as_ref(), &side.title, members)?;
    let collected = match (&intake, &trusted) {
        (Some(intake), Some(trusted)) => Some(intake.collect(&table.seating, &trusted.identity)?),
        _ => None,
    };
    let job = Job {
        party: &own.party,
        title: side.title.clone(),
        collected: collected.as_ref(),
        results: args.results.as_deref().or(args.shares.as_deref()),
        trusted: trusted.as_ref(),
        approved: approved.as_ref(),
        parameters: &compiled.params,
        table: &table,
        index,
        ports: &ports,
        rows: &rows,
        order: &order,
        batch: None,
    };
    let compile_seconds = start.elapsed().as_secs_f64();
    let mut summary = Summary::new(start);

    let way = side::way(own, addresses, trusted.as_ref(), &table, common);
    let is_one = order.len() == 1;
    let mut printed = Ok(());
    let mut kept = args.output.as_deref().filter(|_| !is_one).map(Waiting::beside).transpose()?;
    let each = |run: usize, outcome: &Outcome| {
        summary.add(&outcome.stats);
        let mut results = table.results();
        table.report(&mut results, index, outcome);
        results.keep_only(&own.party);
        results.save_to(args.output.as_deref());
        results.stats.plaintext = trusted.is_none();
        results.stats.seconds.insert("compile".to_owned(), compile_seconds);
        results.stats.seconds.insert("total".to_owned(), start.elapsed().as_secs_f64());
        if let Some(kept) = &mut kept {
            return kept.add(&results.row(run as u64));
        }
        let results = if is_one { results } else { results.of_run(run + 1) }.without_figures();
        if is_one {
            progress::clear();
        }
        if let Err(failure) = results.print(common) {
            printed = Err(failure);
        }
        Ok(())
    };
    let ended = side::session(&way, &job, each)?;
    if let (Some(kept), Some(output)) = (kept, &args.output) {
        printed = save(output, kept, common);
    }
    let told = side::conclude(&mut summary, ended.receipt, trusted.as_ref());
    summary.print(common);
    told.and(printed)
}

/// Writes what all runs gave to one file.
fn save(output: &Path, kept: Waiting, common: &Common) -> Result<(), Failure> {
    let (n, unmet) = kept.save()?;
    if !common.quiet {
        eprintln!("{}: the results of {n} runs are there", output.display());
    }
    unmet.told()
}

/// Rows of inputs, and which of them each run takes: a row of the data for each, or the same for all.
fn runs(args: &JoinArgs, rows: Vec<Vec<Value>>) -> Result<(Vec<Vec<Value>>, Vec<u32>), Failure> {
    let max = RUNS_MAX as usize;
    let n_runs = match (args.repeat, rows.len()) {
        (_, 0) => return Err(Failure::Usage("--input: the file has no rows, so there is nothing to run".to_owned())),
        (None, n) => n,
        (Some(n), 1) if n as usize <= max => n as usize,
        (Some(n), n_rows) if n_rows == n as usize => n_rows,
        (Some(n), 1) => return Err(Failure::Usage(format!("--repeat {n}: a session has at most {max} runs"))),
        (Some(n), n_rows) => {
            return Err(Failure::Usage(format!("--repeat {n}: the file has {n_rows} rows, one for each run")));
        }
    };
    match n_runs {
        n if n > max => Err(Failure::Usage(format!("found {n} rows; a session has at most {max} runs"))),
        n if n > 1 && args.shares.is_some() => {
            Err(Failure::Policy(format!("shares are computed with once: they cannot run {n} times in one session")))
        }
        n if rows.len() == 1 => Ok((rows, vec![0; n])),
        n => Ok((rows, (0..n as u32).collect())),
    }
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
        server: &args.own.party,
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
