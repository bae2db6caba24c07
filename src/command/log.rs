//! `hushgate log`: what was run, and whether the record is whole.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::cli::{Common, LogCommand};
use crate::failure::Failure;
use crate::home;
use crate::log::{self, Entry, verify};
use crate::terminal::outln;

/// Shows or verifies.
pub fn run(command: &LogCommand, common: &Common) -> Result<(), Failure> {
    let (LogCommand::Show { file } | LogCommand::Verify { file }) = command;
    let path = file.clone().map_or_else(log::path, Ok)?;
    let entries = read(&path, file.is_some())?;
    match command {
        LogCommand::Show { .. } if common.json => outln!("{}", json!(entries)),
        LogCommand::Show { .. } => entries.iter().for_each(show),
        LogCommand::Verify { .. } => report(&entries, common),
    }
    Ok(())
}

fn read(path: &Path, must_exist: bool) -> Result<Vec<Entry>, Failure> {
    let bytes = home::read_if_there(path)?;
    if must_exist && bytes.is_none() {
        return Err(Failure::Usage(format!("there is no log {}", path.display())));
    }
    verify(&bytes.unwrap_or_default()).map_err(|broken| {
        Failure::Policy(format!("{}: the chain is broken at line {}: {}", path.display(), broken.line, broken.problem))
    })
}

fn report(entries: &[Entry], common: &Common) {
    let head = entries.last().map_or(log::BEGINNING, |entry| text(entry, "digest"));
    let open = entries.iter().filter(|entry| text(entry, "event") == "begin").filter(|begin| !ended(begin, entries));
    let open: Vec<&str> = open.map(|entry| text(entry, "run")).collect();
    if common.json {
        outln!("{}", json!({ "entries": entries.len(), "head": head, "without_end": open }));
        return;
    }
    outln!("{} entries, the chain holds; the last digest is {head}", entries.len());
    open.iter().for_each(|run| outln!("run {run} has no end: it was killed, or goes on"));
}

fn ended(begin: &Entry, entries: &[Entry]) -> bool {
    entries.iter().any(|entry| text(entry, "event") == "end" && entry.get("run") == begin.get("run"))
}

fn show(entry: &Entry) {
    let field = |name| text(entry, name);
    let peer = if field("peer_name").is_empty() { field("peer") } else { field("peer_name") };
    match field("event") {
        "begin" => outln!(
            "{}  {}  begin  {} as {} with {peer}, program {}",
            field("time"),
            field("run"),
            field("title"),
            field("party"),
            field("program").get(..16).unwrap_or_default()
        ),
        _ => outln!("{}  {}  end    {}{}", field("time"), field("run"), field("outcome"), figures(entry)),
    }
}

fn figures(entry: &Entry) -> String {
    let number = |name: &str| entry.get(name).and_then(Json::as_u64);
    match (number("milliseconds"), number("sent_bytes"), number("received_bytes")) {
        (Some(ms), Some(sent), Some(received)) => format!(", {ms} ms, {sent} bytes sent, {received} received"),
        _ => String::new(),
    }
}

fn text<'a>(entry: &'a Entry, name: &str) -> &'a str {
    entry.get(name).and_then(Json::as_str).unwrap_or_default()
}
