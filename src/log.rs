//! The log: a line for the beginning and one for the end of every run with a known peer, each chained to the one before it.
//!
//! ```text
//! {"n":7,"time":"2026-11-22T18:00:00Z","event":"begin", …, "previous":"<digest of line 6>","digest":"<of this line without it>"}
//! ```
//!
//! # Invariants
//! - A line is appended under a lock and is on the disk before the run goes on. What a crash left of a line is cut off by the next one.
//! - The line's digest is over its text, which contains the previous digest: a line that is changed, removed, added or moved breaks the chain.
//! - The other side's last digest is in every beginning, so that cutting lines off at the end shows in its log.
//!
//! # Security
//! No inputs, outputs, keys or anything computed from them alone: inputs and results appear as commitments under a random salt of 32 bytes
//! for each run, which is kept apart in `openings/`, to show an auditor what was run.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Map, Value as Json, json};

use crate::failure::Failure;
use crate::home;
use crate::terminal::{hex, timestamp};

/// A line of the log.
pub type Entry = Map<String, Json>;

/// The digest before the first line.
pub const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Where the log is.
pub fn path() -> Result<PathBuf, Failure> {
    Ok(home::folder()?.join("log.jsonl"))
}

/// The digest of the last line.
pub fn head() -> Result<String, Failure> {
    let bytes = home::read_if_there(&path()?)?.unwrap_or_default();
    Ok(last(&bytes).0)
}

/// The digest of the last whole line of a log, and how many there are.
pub fn last(bytes: &[u8]) -> (String, u64) {
    last_digest(whole_lines(bytes))
}

/// Appends a line with these fields.
pub fn append(event: &str, fields: Entry) -> Result<(), Failure> {
    let path = path()?;
    home::make_private(&home::folder()?)?;
    let _lock = home::lock(&path.with_extension("lock"))?;
    let write = || -> std::io::Result<()> {
        let mut file = open(&path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = whole_lines(&bytes);
        let (previous, n) = last_digest(whole);
        let line = line(event, fields, &previous, n);
        file.set_len(whole.len() as u64)?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(line.as_bytes())?;
        file.sync_all()
    };
    Ok(write().with_context(|| format!("cannot write {}", path.display()))?)
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn line(event: &str, fields: Entry, previous: &str, n: u64) -> String {
    let mut entry = Entry::new();
    entry.insert("n".to_owned(), n.into());
    entry.insert("time".to_owned(), timestamp().into());
    entry.insert("event".to_owned(), event.into());
    entry.extend(fields);
    entry.insert("previous".to_owned(), previous.into());
    let digest = digest(&entry);
    entry.insert("digest".to_owned(), digest.into());
    Json::Object(entry).to_string() + "\n"
}

/// Over the text of a line that has no digest yet.
fn digest(entry: &Entry) -> String {
    let text = Json::Object(entry.clone()).to_string();
    hex(&blake3::derive_key("hushgate log line v1", text.as_bytes()))
}

/// All but what a crash left of a line.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1)]
}

/// The digest of the last line, and how many there are.
fn last_digest(lines: &[u8]) -> (String, u64) {
    let n = lines.iter().filter(|&&byte| byte == b'\n').count() as u64;
    let last = lines.strip_suffix(b"\n").and_then(|lines| lines.rsplit(|&byte| byte == b'\n').next());
    let entry = last.and_then(|line| serde_json::from_slice::<Json>(line).ok());
    let digest = entry.as_ref().and_then(|entry| entry["digest"].as_str());
    // A last line that is no entry is reported by `verify`; what follows it is chained to nothing.
    (digest.unwrap_or(BEGINNING).to_owned(), n)
}

/// What is wrong with a log, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    /// From 1 on.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

/// The entries of a log whose chain holds.
pub fn verify(bytes: &[u8]) -> Result<Vec<Entry>, Broken> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut previous = BEGINNING.to_owned();
    for (index, line) in whole_lines(bytes).split_inclusive(|&byte| byte == b'\n').enumerate() {
        let broken = |problem: &str| Broken { line: index + 1, problem: problem.to_owned() };
        let mut entry: Entry = serde_json::from_slice(line).map_err(|_| broken("it is not an entry"))?;
        if (Json::Object(entry.clone()).to_string() + "\n").as_bytes() != line {
            return Err(broken("its layout was changed"));
        }
        let stated = entry.get("digest").cloned().ok_or_else(|| broken("it has no digest"))?;
        entry.remove("digest");
        if stated != digest(&entry) {
            return Err(broken("its text was changed: it does not have the digest that it states"));
        }
        if entry.get("previous") != Some(&json!(previous)) {
            return Err(broken("it does not follow the line before it: lines were removed, added or moved"));
        }
        if entry.get("n") != Some(&json!(index)) {
            return Err(broken("its number is not the next one"));
        }
        previous = stated.as_str().unwrap_or_default().to_owned();
        entry.insert("digest".to_owned(), stated);
        entries.push(entry);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(n: u64) -> String {
        let mut previous = BEGINNING.to_owned();
        (0..n)
            .map(|n| {
                let text = line("begin", Entry::from_iter([("party".to_owned(), json!("a"))]), &previous, n);
                previous = last_digest(text.as_bytes()).0;
                text
            })
            .collect()
    }

    #[test]
    fn a_chain_holds_until_something_changes() {
        let text = log(4);
        assert_eq!(verify(text.as_bytes()).expect("it is whole").len(), 4);
        assert_eq!(verify(b"").expect("nothing is wrong with nothing").len(), 0);
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let changed = verify(&bytes);
            let torn = at == text.len() - 1;
            assert!(changed.is_err() || torn && changed.is_ok_and(|entries| entries.len() == 3), "byte {at}");
        }
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for order in [&[0, 2, 3][..], &[1, 2, 3], &[0, 1, 1, 2, 3], &[0, 2, 1, 3]] {
            let moved: String = order.iter().map(|&i| lines[i]).collect();
            assert!(verify(moved.as_bytes()).is_err(), "{order:?}");
        }
    }

    #[test]
    fn what_a_crash_left_of_a_line_does_not_count() {
        let text = log(2);
        let first = text.split_inclusive('\n').next().expect("there are two lines").len();
        for end in first..text.len() {
            assert_eq!(verify(&text.as_bytes()[..end]).expect("one line is whole").len(), 1);
        }
    }
}
