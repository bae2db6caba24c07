//! `hushgate batch`: one party on a table, a run for each row; goes on where it was cut off.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Value as Json, json};

use hushgate_circuits::circuit::InputPort;
use hushgate_circuits::shape::Value;
use hushgate_runtime::session::Outcome;

use crate::batch::{Journal, Subject};
use crate::cli::{BatchArgs, Common};
use crate::failure::Failure;
use crate::files::read_text;
use crate::job::{Job, Trusted};
use crate::party::Table;
use crate::program::Compiled;
use crate::progress;
use crate::results::rows::{self, Labelled, Row, Unmet};
use crate::rules;
use crate::side::{self, Side};
use crate::summary::Summary;
use crate::terminal::{hex, outln};

/// Runs what is left of the table with each peer; when all is there, writes a row for each run.
pub fn run(args: &BatchArgs, common: &Common) -> Result<(), Failure> {
    let start = Instant::now();
    let own = &args.own;
    let peers = peers(args)?;
    let side = Side::new(own, common)?;
    let (compiled, table) = side.table(own, common)?;
    let ports = table.seating.ports(&own.party);
    let rows = side.inputs(own, &ports)?.bind_table(&own.party, &ports)?;
    let batch =
        Batch { start, args, common, side: &side, compiled: &compiled, table: &table, ports: &ports, rows: &rows };
    let mut done = Vec::new();
    let mut failed = None;
    for peer in &peers {
        match batch.with(peer) {
            Ok(part) => done.push(part),
            // Others need not wait for one that is not there.
            Err(failure) if peers.len() > 1 => {
                eprintln!("{}: {failure}", peer.shown());
                failed = failed.or(Some(failure));
            }
            Err(failure) => return Err(failure),
        }
    }
    match failed {
        Some(failure) => {
            let left = peers.len() - done.len();
            eprintln!("{left} of {} peers are left: run the same command again", peers.len());
            Err(failure)
        }
        None => batch.finish(done),
    }
}

/// Somebody to run the table with, and where.
struct Peer {
    name: Option<String>,
    address: (&'static str, String),
    /// Whether its name is to stand in the results.
    is_one_of_many: bool,
}

impl Peer {
    fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.address.1)
    }
}

/// The peers of the command line or of its file.
fn peers(args: &BatchArgs) -> Result<Vec<Peer>, Failure> {
    let Some(path) = &args.peers else {
        let (option, text) = side::address(&args.own).expect("the command line asks for an address");
        let address = (option, text.to_owned());
        return Ok(vec![Peer { name: args.own.peer.clone(), address, is_one_of_many: false }]);
    };
    let refuse = |why: String| Failure::Usage(format!("{}: {why}", path.display()));
    let text = read_text(path)?;
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().map_err(|error| refuse(error.to_string()))?.clone();
    let column = |name: &str| {
        header
            .iter()
            .position(|found| found == name)
            .ok_or_else(|| refuse(format!("the column {name:?} is missing; expected the columns peer and connect")))
    };
    let (name, connect) = (column("peer")?, column("connect")?);
    let mut peers: Vec<Peer> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| refuse(error.to_string()))?;
        if peers.iter().any(|peer| peer.shown() == &record[name]) {
            return Err(refuse(format!("{} stands there twice", &record[name])));
        }
        let address = ("--connect", record[connect].to_owned());
        peers.push(Peer { name: Some(record[name].to_owned()), address, is_one_of_many: true });
    }
    if peers.is_empty() {
        return Err(refuse("it names no peer".to_owned()));
    }
    Ok(peers)
}

/// The table, and what it is run with.
struct Batch<'a> {
    start: Instant,
    args: &'a BatchArgs,
    common: &'a Common,
    side: &'a Side,
    compiled: &'a Compiled,
    table: &'a Table,
    ports: &'a [&'a InputPort],
    rows: &'a [Vec<Value>],
}

/// All runs with one peer.
struct Part {
    peer: Option<String>,
    journal: Journal,
    /// Rows of each side's table, in the order of their seats; where each runs with each.
    pairs: Option<[u64; 2]>,
}

impl Batch<'_> {
    /// All runs with one peer: those that the journal has, then those that are left.
    fn with(&self, peer: &Peer) -> Result<Part, Failure> {
        let own = &self.args.own;
        let trusted = side::trusted(own, peer.name.as_deref())?;
        let approved = side::approved(own, &self.side.program, trusted.as_ref())?;
        let index = self.table.seating.seat(&own.party)?;
        let journal = self.journal(peer, trusted.as_ref())?;
        if let Some((session, begun)) = journal.last_session() {
            rules::settle(session, begun)?;
        }
        if journal.is_complete() && journal.is_confirmed() {
            return self.part(peer, journal);
        }
        if journal.is_complete() {
            self.say("all rows are done here; waiting whether the other side has them too");
        } else if journal.done() > 0 {
            self.say(&format!("{}: going on after {} runs", journal.path().display(), journal.done()));
        }
        let was_complete = journal.is_complete();
        let order: Vec<u32> = (0..self.rows.len() as u32).collect();
        let journal = RefCell::new(journal);
        let job = Job {
            party: &own.party,
            title: self.side.title.clone(),
            collected: None,
            results: None,
            trusted: trusted.as_ref(),
            approved: approved.as_ref(),
            parameters: &self.compiled.params,
            table: self.table,
            index,
            ports: self.ports,
            rows: self.rows,
            order: &order,
            batch: Some(&journal),
        };
        let ran = self.session(peer, &job, trusted.as_ref());
        let mut journal = journal.into_inner();
        journal.sync()?;
        match ran {
            // What the other side lacks it may ask for later: the journal stays.
            Err(failure) if was_complete => self.say(&format!("warning: {failure}")),
            ran => ran?,
        }
        self.part(peer, journal)
    }

    fn session(&self, peer: &Peer, job: &Job<'_>, trusted: Option<&Trusted>) -> Result<(), Failure> {
        let own = &self.args.own;
        let addresses = side::addresses((peer.address.0, &peer.address.1), trusted.is_some(), own, self.common)?;
        let way = side::way(own, addresses, trusted, self.table, self.common);
        let first = RefCell::new(None);
        let mut summary = Summary::new(self.start);
        let each = |run: usize, outcome: &Outcome| {
            summary.add(&outcome.stats);
            progress::run_done();
            let mut results = self.table.results();
            self.table.report(&mut results, job.index, outcome);
            results.keep_only(&own.party);
            let mut journal = job.batch.expect("the job is a batch").borrow_mut();
            let first = *first.borrow_mut().get_or_insert_with(|| journal.first());
            journal.add(results.row(first + run as u64))
        };
        progress::batch();
        let ended = side::session(&way, job, each)?;
        let told = side::conclude(&mut summary, ended.receipt, trusted);
        summary.print(self.common);
        told?;
        ended.limit.map_or(Ok(()), Err)
    }

    fn journal(&self, peer: &Peer, trusted: Option<&Trusted>) -> Result<Journal, Failure> {
        let mut path = self.args.output.clone().into_os_string();
        if let (true, Some(name)) = (peer.is_one_of_many, &peer.name) {
            let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
            path.push(".");
            path.push(name.chars().map(plain).collect::<String>());
        }
        path.push(".journal");
        let subject = Subject {
            program: hex(&self.table.plan.digest()),
            proposal: self.side.program.proposal().map(|sealed| hex(&sealed.digest())),
            party: self.args.own.party.clone(),
            peer: trusted.map(|trusted| trusted.pin.fingerprint().to_string()),
            pairs: self.args.pairs,
            rows: self.rows.len() as u64,
        };
        Journal::open(&PathBuf::from(path), subject, self.ports, self.rows)
    }

    fn part(&self, peer: &Peer, journal: Journal) -> Result<Part, Failure> {
        let index = self.table.seating.seat(&self.args.own.party)?;
        let pairs = self.args.pairs.then(|| {
            let ours = self.rows.len() as u64;
            let theirs = journal.done() / ours.max(1);
            if index == 0 { [ours, theirs] } else { [theirs, ours] }
        });
        Ok(Part { peer: peer.name.clone().filter(|_| peer.is_one_of_many), journal, pairs })
    }

    /// Writes the results; then removes the journals that the other sides need no more.
    fn finish(&self, parts: Vec<Part>) -> Result<(), Failure> {
        let output = &self.args.output;
        let parties = &self.table.plan.parties;
        rows::write(output, || {
            let mut all: Vec<Box<dyn Iterator<Item = Result<Labelled, Failure>>>> = Vec::new();
            for part in &parts {
                let (peer, pairs) = (part.peer.clone(), part.pairs);
                let names = parties.clone();
                let label = move |row: Row| (labels(peer.as_deref(), pairs, &names, row.row), row);
                all.push(Box::new(part.journal.rows()?.map(move |row| row.map(&label))));
            }
            Ok(all.into_iter().flatten())
        })?;
        let mut unmet = Unmet::default();
        for part in &parts {
            for row in part.journal.rows()? {
                unmet.note(&row?);
            }
        }
        let n_rows: u64 = parts.iter().map(|part| part.journal.done()).sum();
        for part in parts {
            match part.journal.is_confirmed() {
                true => part.journal.remove()?,
                false => self.say(&format!(
                    "{}: kept, as the other side may lack the last rows: if it asks for them, run the same command again",
                    part.journal.path().display()
                )),
            }
        }
        if self.common.json {
            let file = output.display().to_string();
            outln!("{}", json!({ "file": file, "rows": n_rows, "failed": unmet.n() }));
        } else {
            self.say(&format!("{}: the results of {n_rows} runs are there", output.display()));
        }
        unmet.told()
    }

    fn say(&self, text: &str) {
        if !self.common.quiet {
            eprintln!("{text}");
        }
    }
}

/// What stands before a run's result.
fn labels(peer: Option<&str>, pairs: Option<[u64; 2]>, parties: &[String], run: u64) -> Vec<(String, Json)> {
    let mut labels: Vec<(String, Json)> = peer.map(|peer| ("peer".to_owned(), peer.into())).into_iter().collect();
    match pairs {
        None => labels.push(("row".to_owned(), (run + 1).into())),
        Some([_, second]) => {
            let rows = [run / second, run % second];
            labels.extend(rows.iter().zip(parties).map(|(row, party)| (format!("{party} row"), (row + 1).into())));
        }
    }
    labels
}
