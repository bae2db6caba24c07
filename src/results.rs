//! What a run gives: each party's outputs, and figures, as text or as one JSON document.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use hushgate_circuits::circuit::OutputPort;
use hushgate_circuits::shape::Value;

use crate::cli::Common;
use crate::data::value_to_json;
use crate::terminal::outln;

/// What parties learned, and at what cost.
pub struct Results {
    /// Party, and what it learned: nothing, one value, or named values.
    outputs: Vec<(String, Json)>,
    program: String,
    /// The figures.
    pub stats: Stats,
}

/// A run's figures.
#[derive(Default)]
pub struct Stats {
    /// AND gates executed.
    pub and_gates: u64,
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
        let outputs = parties.iter().map(|party| (party.clone(), Json::Null)).collect();
        Results { outputs, program, stats: Stats::default() }
    }

    /// Only one party's outputs, on its own machine.
    pub fn keep_only(&mut self, party: &str) {
        self.outputs.retain(|(name, _)| name == party);
    }

    /// Adds an output for all its recipients.
    pub fn add(&mut self, port: &OutputPort, value: &Value) {
        for recipient in &port.recipients {
            self.add_for(recipient.0 as usize, port, value);
        }
    }

    /// Adds an output for one of its recipients.
    pub fn add_for(&mut self, party: usize, port: &OutputPort, value: &Value) {
        let json = value_to_json(&port.shape, value);
        let entry = &mut self.outputs[party].1;
        if port.name.is_empty() {
            *entry = json;
        } else if let Json::Object(fields) = entry {
            fields.insert(port.name.clone(), json);
        } else {
            *entry = Json::Object(Map::from_iter([(port.name.clone(), json)]));
        }
    }

    /// Prints outputs to standard output and figures to standard error; or one JSON document.
    pub fn print(&self, common: &Common) {
        if common.json {
            outln!("{}", self.json());
            return;
        }
        for (party, learned) in &self.outputs {
            match learned {
                Json::Null => outln!("{party} learns nothing"),
                value => outln!("{party} learns {value}"),
            }
        }
        if !common.quiet {
            eprintln!("{}", self.stats);
        }
    }

    fn json(&self) -> Json {
        let outputs: Map<String, Json> = self.outputs.iter().cloned().collect();
        json!({ "outputs": outputs, "program": self.program, "stats": self.stats.json() })
    }
}

impl Stats {
    fn json(&self) -> Json {
        json!({
            "and_gates": self.and_gates,
            "table_bytes": self.table_bytes,
            "ot_count": self.ot_count,
            "sent_bytes": self.sent_bytes,
            "seconds": self.seconds,
            "plaintext": self.plaintext,
        })
    }
}

impl std::fmt::Display for Stats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} AND gates, {} bytes of tables", self.and_gates, self.table_bytes)?;
        if !self.sent_bytes.is_empty() {
            let sent: Vec<String> = self.sent_bytes.iter().map(|(party, bytes)| format!("{party} {bytes}")).collect();
            write!(f, "; bytes sent: {}", sent.join(", "))?;
        }
        let times: Vec<String> = self.seconds.iter().map(|(name, s)| format!("{name} {:.1} ms", s * 1e3)).collect();
        write!(f, "; {}", times.join(", "))
    }
}
