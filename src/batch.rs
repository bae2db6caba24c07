//! Batches: a table of runs, a result for each row, over as many sessions as it takes.
//!
//! While a batch is on its way, its rows are in a journal beside the results:
//!
//! ```text
//! {"hushgate":"batch v1", …}                                     what is run, with whom, on which table
//! {"session":"…","batch":"…","first":0,"in_all":20}              a session begins with this row
//! {"row":0,"learned":…}                                          a row is done
//! {"confirmed":20}                                               the other side has all rows too
//! ```
//!
//! Both sides say how far they have come; they go on with the first row that one of them has not done.
//!
//! # Invariants
//! - A line counts once it has its end: what a crash left of a line is cut off.
//! - Rows are in order and without gaps, so that their number says how far the batch is.
//! - A row is in the journal before the next one begins. A row that one side has done and the other has not runs again, and must give what it gave.
//! - One process at a time has the journal.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use rand::TryRng;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use hushgate_circuits::circuit::InputPort;
use hushgate_circuits::shape::Value;

use crate::data::DataError;
use crate::failure::Failure;
use crate::results::rows::Row;
use crate::statement::same;
use crate::terminal::hex;

/// Runs of one session, at most: their inputs are kept in memory.
pub const RUNS_MAX: u64 = 1_000_000;

/// What a side says of its batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Rows of its table.
    pub rows: u64,
    /// Whether each of its rows runs with each of the other side's.
    pub pairs: bool,
    /// The batch that it has begun; both sides call it the same.
    pub id: Option<String>,
    /// Runs that it has done.
    pub done: u64,
}

/// What both sides go on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The batch; none, if it begins now.
    pub id: Option<String>,
    /// Rows of each side's table, in the order of their seats.
    rows: [u64; 2],
    pairs: bool,
    /// The first run that is to be done.
    pub first: u64,
    /// How many there are in all.
    pub in_all: u64,
}

impl Offer {
    /// What follows from both offers, for the side with this seat.
    pub fn agree(&self, theirs: &Offer, seat: usize) -> Result<Agreed, Failure> {
        let way = |offer: &Offer| if offer.pairs { "each row with each" } else { "row by row" };
        same("how rows meet (--pairs)", way(self), Some(way(theirs)))?;
        if !self.pairs {
            same("rows of the table", &self.rows.to_string(), Some(&theirs.rows.to_string()))?;
        }
        let in_all = if self.pairs { self.rows.saturating_mul(theirs.rows) } else { self.rows };
        if in_all > RUNS_MAX {
            return Err(Failure::Usage(format!(
                "the batch has {in_all} runs; a session has at most {RUNS_MAX}: divide the table"
            )));
        }
        let is_same = self.id == theirs.id;
        if !is_same && self.done.max(theirs.done) > 0 {
            return Err(Failure::Agreement(format!(
                "the two sides do not go on with the same batch: this side {}, the other side {}: to begin again, remove the journal",
                self.state(),
                theirs.state()
            )));
        }
        if theirs.done > in_all {
            return Err(Failure::Peer(format!(
                "the other party broke the protocol: it says that {} of {in_all} runs are done",
                theirs.done
            )));
        }
        let rows = if seat == 0 { [self.rows, theirs.rows] } else { [theirs.rows, self.rows] };
        let id = self.id.clone().filter(|_| is_same);
        Ok(Agreed { id, rows, pairs: self.pairs, first: self.done.min(theirs.done), in_all })
    }

    fn state(&self) -> String {
        let id: String = self.id.iter().flat_map(|id| id.chars().take(16)).flat_map(char::escape_debug).collect();
        match &self.id {
            Some(_) => format!("has done {} runs of batch {id}", self.done),
            None => "begins one".to_owned(),
        }
    }
}

impl Agreed {
    /// Which of its rows the side with this seat takes in each of the runs that are left.
    pub fn order(&self, seat: usize) -> Vec<u32> {
        let row = |run: u64| self.rows_of(run)[seat] as u32;
        (self.first..self.in_all).map(row).collect()
    }

    /// The rows of both sides that meet in a run.
    pub fn rows_of(&self, run: u64) -> [u64; 2] {
        if self.pairs { [run / self.rows[1], run % self.rows[1]] } else { [run, run] }
    }
}

/// What a journal is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Digest of what is executed.
    pub program: String,
    /// Digest of the proposal.
    pub proposal: Option<String>,
    /// The party that we are.
    pub party: String,
    /// Fingerprint of the peer.
    pub peer: Option<String>,
    /// Whether each row runs with each of the other side's.
    pub pairs: bool,
    /// Rows of our table.
    pub rows: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    hushgate: String,
    #[serde(flatten)]
    subject: Subject,
    /// Of the rows, under the salt.
    table: String,
    salt: String,
}

/// A line after the first.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Session { session: String, batch: String, first: u64, in_all: u64 },
    Row(Row),
    Confirmed { confirmed: u64 },
}

/// A batch on its way.
pub struct Journal {
    path: PathBuf,
    file: File,
    subject: Subject,
    header: String,
    id: Option<String>,
    in_all: Option<u64>,
    done: u64,
    /// The last session, and its first run.
    session: Option<(String, u64)>,
    /// What runs gave that are done again.
    again: Vec<Row>,
    synced: Instant,
    confirmed: bool,
}

impl Journal {
    /// Opens the journal of a batch, or begins it.
    ///
    /// # Errors
    /// If it is another batch's, is damaged, or another process has it.
    pub fn open(path: &Path, subject: Subject, ports: &[&InputPort], rows: &[Vec<Value>]) -> Result<Journal, Failure> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).with_context(|| format!("cannot write {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::Usage(format!("{}: another process runs this batch", path.display())));
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))?;
            }
        }
        let mut journal = Journal {
            path: path.to_owned(),
            file,
            subject,
            header: String::new(),
            id: None,
            in_all: None,
            done: 0,
            session: None,
            again: Vec::new(),
            synced: Instant::now(),
            confirmed: false,
        };
        journal.read(ports, rows)?;
        Ok(journal)
    }

    fn read(&mut self, ports: &[&InputPort], rows: &[Vec<Value>]) -> Result<(), Failure> {
        let damaged = |n: usize| {
            Failure::Usage(format!("{}: line {n} is damaged: remove the file to begin again", self.path.display()))
        };
        let mut reader = BufReader::new(&self.file);
        let (mut whole, mut text, mut n) = (0, String::new(), 0);
        let (mut id, mut in_all, mut done, mut session, mut header, mut confirmed) = (None, None, 0, None, None, false);
        loop {
            text.clear();
            n += 1;
            let bytes = reader.read_line(&mut text).map_err(|_| damaged(n))?;
            if !text.ends_with('\n') {
                break;
            }
            whole += bytes as u64;
            if n == 1 {
                let first: Header = serde_json::from_str(&text).map_err(|_| damaged(n))?;
                self.check_header(&first, ports, rows)?;
                header = Some(text.clone());
                continue;
            }
            match serde_json::from_str(&text).map_err(|_| damaged(n))? {
                Line::Session { session: name, batch, first, in_all: total } if first <= done => {
                    (id, in_all, session) = (Some(batch), Some(total), Some((name, first)));
                }
                Line::Row(row) if row.row == done && session.is_some() => done += 1,
                Line::Confirmed { confirmed: all } if all == done => confirmed = true,
                _ => return Err(damaged(n)),
            }
        }
        self.confirmed = confirmed;
        (self.id, self.in_all, self.done, self.session) = (id, in_all, done, session);
        match header {
            Some(header) => {
                self.header = header;
                self.cut(whole)
            }
            None => {
                self.header = new_header(&self.subject, ports, rows)?;
                self.cut(0)?;
                self.append(&self.header.clone())
            }
        }
    }

    fn check_header(&self, header: &Header, ports: &[&InputPort], rows: &[Vec<Value>]) -> Result<(), Failure> {
        let path = self.path.display();
        let Header { hushgate, subject, table, salt } = header;
        if hushgate != FORMAT {
            return Err(Failure::Usage(format!("{path}: found {hushgate:?}, expected {FORMAT:?}")));
        }
        let ours = &self.subject;
        let same = [
            ("program", subject.program == ours.program),
            ("proposal", subject.proposal == ours.proposal),
            ("party", subject.party == ours.party),
            ("peer", subject.peer == ours.peer),
            ("--pairs", subject.pairs == ours.pairs),
        ];
        if let Some((name, _)) = same.into_iter().find(|(_, same)| !same) {
            return Err(Failure::Usage(format!(
                "{path}: a batch with another {name} was cut off here: run that one to its end, give another -o, or remove the file"
            )));
        }
        if subject.rows != ours.rows || *table != digest(salt, ports, rows) {
            return Err(Failure::Data(DataError {
                source: path.to_string(),
                place: String::new(),
                message: "the batch that was cut off here began with other data: give it the same, or remove the file to begin again"
                    .to_owned(),
            }));
        }
        Ok(())
    }

    /// What we tell the other side.
    pub fn offer(&self) -> Offer {
        Offer { rows: self.subject.rows, pairs: self.subject.pairs, id: self.id.clone(), done: self.done }
    }

    /// Whether what both sides go on with has as many runs as the batch that was begun: else other rows would meet in them.
    pub fn check(&self, agreed: &Agreed) -> Result<(), Failure> {
        match self.in_all {
            Some(in_all) if agreed.id.is_some() && in_all != agreed.in_all => {
                same("runs of the batch", &in_all.to_string(), Some(&agreed.in_all.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// The last session, and how many of its runs have begun at most: for counts that a crash left too high.
    pub fn last_session(&self) -> Option<(&str, u64)> {
        self.session.as_ref().map(|(name, first)| (name.as_str(), self.done - first + 1))
    }

    /// Whether the other side has said that it has all rows too.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// The other side has said so.
    pub fn confirm(&mut self) -> Result<(), Failure> {
        self.confirmed = true;
        self.append(&text(&Line::Confirmed { confirmed: self.done }))
    }

    /// Whether all rows are done; the other side may still lack some.
    pub fn is_complete(&self) -> bool {
        self.in_all == Some(self.done)
    }

    /// The first run of the last session.
    pub fn first(&self) -> u64 {
        self.session.as_ref().map_or(0, |(_, first)| *first)
    }

    /// Runs that are done.
    pub fn done(&self) -> u64 {
        self.done
    }

    /// A session begins.
    pub fn begin(&mut self, session: &str, agreed: &Agreed) -> Result<(), Failure> {
        let id = agreed.id.clone().unwrap_or_else(|| session.to_owned());
        if agreed.id.is_none() {
            self.done = 0;
            self.cut(0)?;
            self.append(&self.header.clone())?;
        }
        self.again = self.rows()?.skip(agreed.first as usize).collect::<Result<_, _>>()?;
        self.again.reverse();
        let line = Line::Session {
            session: session.to_owned(),
            batch: id.clone(),
            first: agreed.first,
            in_all: agreed.in_all,
        };
        self.append(&text(&line))?;
        (self.id, self.in_all, self.session) =
            (Some(id), Some(agreed.in_all), Some((session.to_owned(), agreed.first)));
        Ok(())
    }

    /// A run of the session is done; in order, from the session's first on.
    pub fn add(&mut self, row: Row) -> Result<(), Failure> {
        if let Some(before) = self.again.pop() {
            return match before == row {
                true => Ok(()),
                false => Err(Failure::Peer(format!(
                    "run {} gave another result than when it ran before: the other side's data have changed",
                    row.row + 1
                ))),
            };
        }
        debug_assert_eq!(row.row, self.done);
        self.append(&text(&Line::Row(row)))?;
        self.done += 1;
        if self.synced.elapsed() > SYNC_AFTER {
            self.sync()?;
        }
        Ok(())
    }

    /// Everything is on the disk.
    pub fn sync(&mut self) -> Result<(), Failure> {
        self.synced = Instant::now();
        Ok(self.file.sync_data().with_context(|| format!("cannot write {}", self.path.display()))?)
    }

    /// What the runs gave that are done, in order.
    pub fn rows(&self) -> Result<impl Iterator<Item = Result<Row, Failure>> + use<>, Failure> {
        let path = self.path.clone();
        let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let lines = BufReader::new(file).lines().skip(1);
        let row = move |line: std::io::Result<String>| {
            let line = line.with_context(|| format!("cannot read {}", path.display()));
            match line.and_then(|line| serde_json::from_str(&line).context("a journal is of whole lines")) {
                Ok(Line::Row(row)) => Some(Ok(row)),
                Ok(Line::Session { .. } | Line::Confirmed { .. }) => None,
                Err(error) => Some(Err(error.into())),
            }
        };
        Ok(lines.filter_map(row))
    }

    /// Removes the journal.
    pub fn remove(self) -> Result<(), Failure> {
        Ok(std::fs::remove_file(&self.path).with_context(|| format!("cannot remove {}", self.path.display()))?)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn cut(&mut self, length: u64) -> Result<(), Failure> {
        let cut = self.file.set_len(length).and_then(|()| self.file.seek(SeekFrom::End(0)));
        cut.with_context(|| format!("cannot write {}", self.path.display()))?;
        Ok(())
    }

    fn append(&mut self, line: &str) -> Result<(), Failure> {
        Ok(self.file.write_all(line.as_bytes()).with_context(|| format!("cannot write {}", self.path.display()))?)
    }
}

fn text(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("a line is plain data") + "\n"
}

fn new_header(subject: &Subject, ports: &[&InputPort], rows: &[Vec<Value>]) -> Result<String, Failure> {
    let mut salt = [0; 32];
    SysRng.try_fill_bytes(&mut salt).context("the operating system gives no randomness")?;
    let salt = hex(&salt);
    let table = digest(&salt, ports, rows);
    Ok(text(&Header { hushgate: FORMAT.to_owned(), subject: subject.clone(), table, salt }))
}

/// Of the rows' values.
fn digest(salt: &str, ports: &[&InputPort], rows: &[Vec<Value>]) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("hushgate batch table v1");
    hasher.update(salt.as_bytes());
    for (port, value) in rows.iter().flat_map(|row| ports.iter().zip(row)) {
        let bits = Zeroizing::new(port.shape.encode(value).expect("bound values fit their shapes"));
        let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(bits.iter().map(|&bit| bit.into()).collect());
        hasher.update(&bytes);
    }
    hex(hasher.finalize().as_bytes())
}

const FORMAT: &str = "batch v1";

/// A machine that loses its power loses this much of a journal; a process that is killed loses nothing.
const SYNC_AFTER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
