//! What is said at the end of `run`, `join` and `batch`: time and bytes of each phase, gates a second, and with whom, over what connection.

use std::fmt::Write;
use std::time::{Duration, Instant};

use hushgate_runtime::session::{PhaseStats, Stats};

use crate::cli::Common;
use crate::terminal::bytes;

/// Figures of a session, all runs together.
pub struct Summary {
    start: Instant,
    compile: Duration,
    runs: u64,
    phases: [PhaseStats; 4],
    and_gates: u64,
    /// What follows below the table, by name.
    notes: Vec<(&'static str, String)>,
}

impl Summary {
    /// Of a command that began at `start` and has compiled until now.
    pub fn new(start: Instant) -> Summary {
        let (runs, phases) = (0, [PhaseStats::default(); 4]);
        Summary { start, compile: start.elapsed(), runs, phases, and_gates: 0, notes: Vec::new() }
    }

    /// Adds a run.
    pub fn add(&mut self, stats: &Stats) {
        self.runs += 1;
        self.and_gates += stats.and_gates;
        for (sum, phase) in self.phases.iter_mut().zip([stats.handshake, stats.inputs, stats.tables, stats.outputs]) {
            sum.time += phase.time;
            sum.traffic.sent_bytes += phase.traffic.sent_bytes;
            sum.traffic.received_bytes += phase.traffic.received_bytes;
        }
    }

    /// Adds a line below the table.
    pub fn note(&mut self, name: &'static str, text: impl Into<String>) {
        self.notes.push((name, text.into()));
    }

    /// Prints it, if people are to read it.
    pub fn print(&self, common: &Common) {
        if !common.quiet && !common.json {
            eprint!("{}", self.text());
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, time: Duration, sent: String, received: String| {
            let _ = writeln!(text, "{name:<20}{:>12}{sent:>14}{received:>14}", shown(time));
        };
        line("compile", self.compile, "sent".to_owned(), "received".to_owned());
        let names = ["handshake", "inputs", "tables", "outputs"];
        for (name, phase) in names.iter().zip(&self.phases) {
            line(name, phase.time, bytes(phase.traffic.sent_bytes), bytes(phase.traffic.received_bytes));
        }
        let sum = |of: fn(&PhaseStats) -> u64| bytes(self.phases.iter().map(of).sum());
        let sent = sum(|phase| phase.traffic.sent_bytes);
        line("all", self.start.elapsed(), sent, sum(|phase| phase.traffic.received_bytes));
        let seconds = self.phases[2].time.as_secs_f64();
        let rate = if seconds > 0.0 {
            format!(", {} a second", count(self.and_gates as f64 / seconds))
        } else {
            String::new()
        };
        let runs = if self.runs == 1 { String::new() } else { format!(" in {} runs", self.runs) };
        let _ = writeln!(text, "{:<20}{}{runs}{rate}", "AND gates", count(self.and_gates as f64));
        for (name, note) in &self.notes {
            let _ = writeln!(text, "{name:<20}{note}");
        }
        text
    }
}

fn shown(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s if s < 600.0 => format!("{s:.2} s"),
        s => format!("{:.0} min", s / 60.0),
    }
}

/// A number in at most four digits.
fn count(n: f64) -> String {
    match n {
        n if n < 1e4 => format!("{n:.0}"),
        n if n < 1e6 => format!("{:.1} k", n / 1e3),
        n if n < 1e9 => format!("{:.2} M", n / 1e6),
        n => format!("{:.2} G", n / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use hushgate_runtime::channel::Traffic;

    use super::*;

    #[test]
    fn figures_of_all_runs_are_added() {
        let phase = |ms, sent_bytes, received_bytes| PhaseStats {
            time: Duration::from_millis(ms),
            traffic: Traffic { sent_bytes, received_bytes },
        };
        let stats =
            Stats { and_gates: 600_000, tables: phase(500, 0, 3 << 20), inputs: phase(2, 1000, 0), ..Stats::default() };
        let mut summary = Summary::new(Instant::now());
        (0..2).for_each(|_| summary.add(&stats));
        summary.note("peer", "bank_b");
        let text = summary.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[2], "inputs                    4.0 ms       2.0 KiB           0 B");
        assert_eq!(lines[3], "tables                    1.00 s           0 B       6.0 MiB");
        assert_eq!(lines[6], "AND gates           1.20 M in 2 runs, 1.20 M a second");
        assert_eq!(lines[7], "peer                bank_b");
    }
}
