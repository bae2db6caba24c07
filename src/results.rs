//! What a run gives: each party's outputs, and figures, as text or as one JSON document.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value as Json, json};

use hushgate_circuits::circuit::OutputPort;
use hushgate_circuits::requirements;
use hushgate_circuits::shape::Value;

use crate::cli::Common;
use crate::failure::Failure;
use crate::files::replace_file;
use crate::terminal::outln;

mod learned;
pub mod rows;
mod table;

use learned::Learned;

/// What parties learned, and at what cost.
pub struct Results {
    /// Party, and what it learned.
    outputs: Vec<(String, Learned)>,
    program: String,
    /// Which of many runs, from 1.
    run: Option<usize>,
    /// Parties that learned that something the program requires does not hold.
    failed: Vec<String>,
    /// What it may be.
    reasons: Vec<String>,
    /// Where it is, if that is known.
    place: Option<String>,
    has_figures: bool,
    /// Where the outputs go, if not to standard output.
    file: Option<PathBuf>,
    /// Participants that sent values out of range, which count as neutral ones.
    out_of_range: u64,
    /// The figures.
    pub stats: Stats,
}

/// A run's figures.
#[derive(Default)]
pub struct Stats {
    /// AND gates executed.
    pub and_gates: u64,
    /// Those of them that take half a table, as a party knows an operand.
    pub and_gates_half: u64,
    /// Those of them that one party computed by itself.
    pub and_gates_local: u64,
    /// Who garbled; empty where nothing was garbled.
    pub garbler: String,
    /// Bytes of garbled tables.
    pub table_bytes: u64,
    /// Correlated OTs made.
    pub ot_count: u64,
    /// Bytes that each party sent.
    pub sent_bytes: BTreeMap<String, u64>,
    /// Round trips and the like, by name.
    pub seconds: BTreeMap<String, f64>,
    /// Where the connection is not encrypted.
    pub plaintext: bool,
}

impl Results {
    /// No outputs yet for any of the parties.
    pub fn new(parties: &[String], program: String) -> Results {
        let outputs = parties.iter().map(|party| (party.clone(), Learned::default())).collect();
        let (failed, reasons) = (Vec::new(), Vec::new());
        Results {
            outputs,
            program,
            run: None,
            failed,
            reasons,
            place: None,
            has_figures: true,
            file: None,
            out_of_range: 0,
            stats: Stats::default(),
        }
    }

    /// The results of one run among many; the first is number 1.
    pub fn of_run(self, run: usize) -> Results {
        Results { run: Some(run), ..self }
    }

    /// Only one party's outputs, on its own machine.
    pub fn keep_only(&mut self, party: &str) {
        self.outputs.retain(|(name, _)| name == party);
        self.failed.retain(|name| name == party);
    }

    /// The position of a party.
    pub fn place(&self, party: &str) -> usize {
        self.outputs.iter().position(|(name, _)| name == party).expect("results are of the parties that learn them")
    }

    /// Notes how many participants sent values out of range.
    pub fn set_out_of_range(&mut self, participants: u64) {
        self.out_of_range = participants;
    }

    /// What one run gave the only party whose outputs these are.
    pub fn row(mut self, row: u64) -> rows::Row {
        let (party, learned) = self.outputs.pop().expect("results are of a party");
        let failed = self.failed.contains(&party);
        rows::Row {
            row,
            learned: if failed { Json::Null } else { learned.json() },
            failed: if failed { self.reasons } else { Vec::new() },
        }
    }

    /// Only these parties' outputs.
    pub fn keep(&mut self, parties: &[String]) {
        self.outputs.retain(|(name, _)| parties.contains(name));
        self.failed.retain(|name| parties.contains(name));
    }

    /// Adds an output for all its recipients.
    pub fn add(&mut self, port: &OutputPort, value: &Value) {
        // Where a requirement fails all bits are 0, which may be outside of a range.
        let bits = port.shape.encode(value).unwrap_or_else(|_| vec![false; port.shape.width() as usize]);
        for recipient in &port.recipients {
            self.add_for(recipient.0 as usize, port, bits.clone());
        }
    }

    /// Adds an output for one of its recipients. Whether the requirements hold is one too, but shown in its own way.
    pub fn add_for(&mut self, party: usize, port: &OutputPort, bits: Vec<bool>) {
        let (name, learned) = &mut self.outputs[party];
        let Some(reasons) = requirements::reasons(port) else {
            return learned.add(named_output(port), &port.shape, bits);
        };
        if !requirements::held(&port.shape.decode(&bits)) {
            self.failed.push(name.clone());
            self.reasons = reasons.into_iter().map(str::to_owned).collect();
        }
    }

    /// Outputs go to this file: a table if its name ends in `.csv`, else JSON.
    pub fn save_to(&mut self, file: Option<&Path>) {
        self.file = file.map(Path::to_owned);
    }

    /// For results that were computed elsewhere.
    #[must_use]
    pub fn without_figures(mut self) -> Results {
        self.has_figures = false;
        self
    }

    /// Says why the program failed, and where, if that is known.
    pub fn because(&mut self, reason: String, place: String) {
        self.reasons = vec![reason];
        self.place = Some(place);
    }

    /// Prints outputs to standard output and figures to standard error; or one JSON document.
    ///
    /// # Errors
    /// If something that the program requires does not hold: then the outputs mean nothing, and are not shown.
    pub fn print(mut self, common: &Common) -> Result<(), Failure> {
        for (party, learned) in &mut self.outputs {
            if self.failed.contains(party) {
                *learned = Learned::default();
            }
        }
        if self.out_of_range > 0 {
            eprintln!(
                "warning: {} participants sent values out of range: they count as absent or neutral",
                self.out_of_range
            );
        }
        if let Some(path) = &self.file {
            self.save(path)?;
            if !common.quiet {
                eprintln!("{}: the results are there", path.display());
            }
        } else if common.json {
            outln!("{}", text(&self));
        } else {
            self.print_text(common);
        }
        if self.failed.is_empty() { Ok(()) } else { Err(Failure::Unmet(self.unmet())) }
    }

    fn print_text(&self, common: &Common) {
        let run = self.run.map_or_else(String::new, |run| format!("run {run}: "));
        for (party, learned) in &self.outputs {
            match learned {
                _ if self.failed.contains(party) => outln!("{run}{party} learns that a requirement does not hold"),
                learned if learned.is_nothing() => outln!("{run}{party} learns nothing"),
                learned => outln!("{run}{party} learns {}", text(learned)),
            }
        }
        if !common.quiet && self.has_figures && self.run.is_none() {
            eprintln!("{}", self.stats);
        }
    }

    fn save(&self, path: &Path) -> Result<(), Failure> {
        if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
            return replace_file(path, |out| {
                serde_json::to_writer(&mut *out, self)?;
                Ok(out.write_all(b"\n")?)
            });
        }
        let mut tables = self.outputs.iter().filter(|(_, learned)| !learned.is_nothing());
        match (tables.next(), tables.next()) {
            (Some((_, learned)), None) => replace_file(path, |out| learned.write_table(out)),
            (None, _) => replace_file(path, |_| Ok(())),
            _ => Err(Failure::Usage(
                "a .csv holds what one party learns: give a file of another kind for all".to_owned(),
            )),
        }
    }

    fn unmet(&self) -> String {
        let place = self.place.as_ref().map_or(String::new(), |place| format!("{place}: "));
        let what = format!("error: {place}a requirement of the program does not hold, so there are no results");
        match &self.reasons[..] {
            [reason] => format!("{what}: {}", printable(reason)),
            reasons => {
                let lines: Vec<String> = reasons.iter().map(|reason| format!("  - {}", printable(reason))).collect();
                format!("{what}; nobody learns which of these it is:\n{}", lines.join("\n"))
            }
        }
    }
}

impl Serialize for Results {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("outputs", &Outputs(&self.outputs))?;
        map.serialize_entry("program", &self.program)?;
        map.serialize_entry("stats", &self.stats.json())?;
        if let Some(run) = self.run {
            map.serialize_entry("run", &run)?;
        }
        if self.out_of_range > 0 {
            map.serialize_entry("out_of_range", &self.out_of_range)?;
        }
        if !self.failed.is_empty() {
            map.serialize_entry("failed", &self.reasons)?;
        }
        map.end()
    }
}

/// What each party learned, by its name.
struct Outputs<'a>(&'a [(String, Learned)]);

impl Serialize for Outputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(party, learned)| (party, learned)))
    }
}

/// As one line of JSON.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("results are JSON")
}

/// The name by which a party learns an output, if it has one. What each member of a family learns is its own: it has the name without the
/// member's number.
pub fn named_output(port: &OutputPort) -> Option<&str> {
    let name = port.name.split_once('[').map_or(port.name.as_str(), |(name, _)| name);
    (!name.is_empty()).then_some(name)
}

/// A reason on one line, without what could steer a terminal: it may come from a plan that somebody else made.
pub fn printable(reason: &str) -> String {
    reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl Stats {
    fn json(&self) -> Json {
        json!({
            "and_gates": self.and_gates,
            "and_gates_half": self.and_gates_half,
            "and_gates_local": self.and_gates_local,
            "garbler": self.garbler,
            "table_bytes": self.table_bytes,
            "ot_count": self.ot_count,
            "sent_bytes": self.sent_bytes,
            "seconds": self.seconds,
            "plaintext": self.plaintext,
        })
    }
}

/// What takes time, as it follows on each other, and all of it.
const PHASES: [&str; 6] = ["compile", "handshake", "inputs", "tables", "outputs", "total"];

impl std::fmt::Display for Stats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} AND gates", self.and_gates)?;
        if self.and_gates_half + self.and_gates_local > 0 {
            write!(f, " ({} at half price, {} by one party alone)", self.and_gates_half, self.and_gates_local)?;
        }
        write!(f, ", {} bytes of tables", self.table_bytes)?;
        if !self.garbler.is_empty() {
            write!(f, ", garbled by {}", self.garbler)?;
        }
        if !self.sent_bytes.is_empty() {
            let sent: Vec<String> = self.sent_bytes.iter().map(|(party, bytes)| format!("{party} {bytes}")).collect();
            write!(f, "; bytes sent: {}", sent.join(", "))?;
        }
        let time = |name: &&str| self.seconds.get(*name).map(|s| format!("{name} {:.1} ms", s * 1e3));
        let times: Vec<String> = PHASES.iter().filter_map(time).collect();
        write!(f, "; {}", times.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_printed_as_they_follow_on_each_other() {
        let mut stats = Stats { and_gates: 5, table_bytes: 160, ..Stats::default() };
        for (name, ms) in [("total", 9.0), ("cold", 8.0), ("compile", 1.0), ("tables", 3.0), ("handshake", 2.0)] {
            stats.seconds.insert(name.to_owned(), ms / 1e3);
        }
        let times = "compile 1.0 ms, handshake 2.0 ms, tables 3.0 ms, total 9.0 ms";
        assert_eq!(stats.to_string(), format!("5 AND gates, 160 bytes of tables; {times}"));
    }
}
