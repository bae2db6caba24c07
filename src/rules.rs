//! Release rules: how often a program may run, and how much inputs must change between runs.
//!
//! What was run is kept in `runs.json`. The rules of the proposal hold, and beside them those of this side's approval: each side refuses on its
//! own, so that the stricter side's rule wins.
//!
//! # Invariants
//! - The file changes as a whole or not at all, under a lock: two runs at once are counted one after the other.
//! - A run is counted before anything that depends on an input is sent.
//!
//! # Security
//! Records are remembered as 64 bits of a keyed digest; the key is random, in the same file, which only its owner can read. Other
//! programs, and the same one under another proposal, are counted on their own: it takes another approval to run them. A peer that gives the same
//! input twice, or probes with its own, is limited by the number of runs alone.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use rand::TryRng;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};

use hushgate_circuits::circuit::InputPort;
use hushgate_circuits::shape::{Shape, Value};

use crate::failure::Failure;
use crate::home;
use crate::terminal::hex;

/// What limits the runs of a program with one peer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// In any 24 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs_per_day: Option<u32>,
    /// In all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
    /// Records that must differ from those of each earlier run, unless all are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_change: Option<u64>,
}

impl Rules {
    /// What holds where both hold.
    #[must_use]
    pub fn and(&self, other: &Rules) -> Rules {
        let least = |a: Option<u32>, b: Option<u32>| a.into_iter().chain(b).min();
        Rules {
            runs_per_day: least(self.runs_per_day, other.runs_per_day),
            runs: least(self.runs, other.runs),
            min_change: self.min_change.max(other.min_change),
        }
    }

    /// By name, for comparing and for people.
    pub fn fields(&self) -> Vec<(String, String)> {
        let fields = [
            ("rule runs in 24 hours", self.runs_per_day.map(|n| n.to_string())),
            ("rule runs in all", self.runs.map(|n| n.to_string())),
            ("rule records that must change", self.min_change.map(|n| n.to_string())),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// In plain words.
    pub fn sentences(&self) -> Vec<String> {
        let times = |n: u32| if n == 1 { "once".to_owned() } else { format!("{n} times") };
        let sentences = [
            self.runs_per_day.map(|n| format!("It runs at most {} in any 24 hours.", times(n))),
            self.runs.map(|n| format!("It runs at most {} in all.", times(n))),
            self.min_change.map(|n| {
                format!(
                    "A run is refused if a side's records differ from those of an earlier run, but by fewer than {n}."
                )
            }),
        ];
        sentences.into_iter().flatten().collect()
    }
}

/// What is run, for counting.
pub struct Subject<'a> {
    /// Digest of the proposal.
    pub proposal: &'a [u8; 32],
    /// Fingerprint of the peer.
    pub peer: &'a str,
    /// What holds.
    pub rules: &'a Rules,
}

/// Counts a run, if the rules allow it.
///
/// # Errors
/// [`Failure::Policy`] if they do not; then nothing is counted.
pub fn count_run(subject: &Subject<'_>, ports: &[&InputPort], values: &[Value]) -> Result<(), Failure> {
    change(|state| {
        let records = state.records(ports, values);
        state.check(subject, &records, now())?;
        state.runs.push(Run {
            proposal: hex(subject.proposal),
            peer: subject.peer.to_owned(),
            time: now(),
            records: if subject.rules.min_change.is_some() { records } else { Vec::new() },
        });
        Ok(())
    })
}

/// Takes back the last count of this program and peer: the run ended before anything was sent.
pub fn uncount_run(subject: &Subject<'_>) -> Result<(), Failure> {
    change(|state| {
        let proposal = hex(subject.proposal);
        let last = state.runs.iter().rposition(|run| run.proposal == proposal && run.peer == subject.peer);
        last.map(|index| state.runs.remove(index));
        Ok(())
    })
}

/// Whether the rules would allow a run now.
pub fn check_run(subject: &Subject<'_>, ports: &[&InputPort], values: &[Value]) -> Result<(), Failure> {
    let state = State::read()?;
    let records = state.records(ports, values);
    state.check(subject, &records, now())
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    /// Keys the digests of records.
    salt: [u8; 32],
    runs: Vec<Run>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    proposal: String,
    peer: String,
    /// Seconds since 1970.
    time: u64,
    /// Digests of its records, sorted.
    records: Vec<u64>,
}

fn change(change: impl FnOnce(&mut State) -> Result<(), Failure>) -> Result<(), Failure> {
    let folder = home::folder()?;
    home::make_private(&folder)?;
    let _lock = home::lock(&folder.join("runs.lock"))?;
    let mut state = State::read()?;
    change(&mut state)?;
    let bytes = serde_json::to_vec(&state).context("cannot write runs.json")?;
    home::replace(&folder.join("runs.json"), &bytes)
}

impl State {
    fn read() -> Result<State, Failure> {
        let path = home::folder()?.join("runs.json");
        let Some(bytes) = home::read_if_there(&path)? else {
            let mut salt = [0; 32];
            SysRng.try_fill_bytes(&mut salt).context("the operating system gives no randomness")?;
            return Ok(State { salt, runs: Vec::new() });
        };
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::Policy(format!(
                "{}: {error}: without it runs cannot be counted; restore it, or remove it if runs may count from zero",
                path.display()
            ))
        })
    }

    fn check(&self, subject: &Subject<'_>, records: &[u64], now: u64) -> Result<(), Failure> {
        let Subject { proposal, peer, rules } = subject;
        let proposal = hex(*proposal);
        let earlier: Vec<&Run> = self.runs.iter().filter(|run| run.proposal == proposal && run.peer == *peer).collect();
        let refuse = |rule: String| Err(Failure::Policy(format!("a release rule refuses this run: {rule}")));
        let today = earlier.iter().filter(|run| run.time.saturating_add(DAY.as_secs()) > now).count();
        if let Some(max) = rules.runs_per_day.filter(|&max| today >= max as usize) {
            return refuse(format!("it ran {today} times with this peer in the last 24 hours, and {max} are allowed"));
        }
        if let Some(max) = rules.runs.filter(|&max| earlier.len() >= max as usize) {
            return refuse(format!("it ran {} times with this peer, and {max} are allowed", earlier.len()));
        }
        let Some(min) = rules.min_change else { return Ok(()) };
        let changes = earlier.iter().map(|run| difference(&run.records, records));
        match changes.filter(|&change| change > 0 && change < min).min() {
            Some(change) => refuse(format!(
                "the data differ from those of an earlier run by {change} records; fewer than {min} would tell the two results apart by them"
            )),
            None => Ok(()),
        }
    }

    /// A digest of each element of the arrays among a party's inputs, and of each other input.
    fn records(&self, ports: &[&InputPort], values: &[Value]) -> Vec<u64> {
        let mut records = Vec::new();
        for (port, value) in ports.iter().zip(values) {
            match (&port.shape, value) {
                (Shape::Array { element, .. }, Value::List(values)) if element.width() > 1 => {
                    records.extend(values.iter().map(|value| self.record(&port.name, element, value)));
                }
                (shape, value) => records.push(self.record(&port.name, shape, value)),
            }
        }
        records.sort_unstable();
        records
    }

    fn record(&self, name: &str, shape: &Shape, value: &Value) -> u64 {
        let bits = zeroize::Zeroizing::new(shape.encode(value).expect("bound values fit their shapes"));
        let bytes: zeroize::Zeroizing<Vec<u8>> = zeroize::Zeroizing::new(bits.iter().map(|&bit| bit.into()).collect());
        let mut hasher = blake3::Hasher::new_keyed(&self.salt);
        let digest = hasher.update(name.as_bytes()).update(&[0]).update(&bytes).finalize();
        let (start, _) = digest.as_bytes().split_first_chunk().expect("a digest has 32 bytes");
        u64::from_le_bytes(*start)
    }
}

/// How many records are in one run and not in the other, whichever are more.
fn difference(a: &[u64], b: &[u64]) -> u64 {
    let count = |records: &[u64]| {
        let mut counts = BTreeMap::<u64, u64>::new();
        records.iter().for_each(|&record| *counts.entry(record).or_default() += 1);
        counts
    };
    let (a, b) = (count(a), count(b));
    let missing = |of: &BTreeMap<u64, u64>, from: &BTreeMap<u64, u64>| -> u64 {
        of.iter().map(|(record, n)| n.saturating_sub(from.get(record).copied().unwrap_or(0))).sum()
    };
    missing(&a, &b).max(missing(&b, &a))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    fn state(runs: &[(u64, &[u64])]) -> State {
        let run = |&(time, records): &(u64, &[u64])| Run {
            proposal: hex(&[1; 32]),
            peer: "p".to_owned(),
            time,
            records: records.to_vec(),
        };
        State { salt: [0; 32], runs: runs.iter().map(run).collect() }
    }

    fn allows(state: &State, rules: &Rules, records: &[u64], now: u64) -> bool {
        state.check(&Subject { proposal: &[1; 32], peer: "p", rules }, records, now).is_ok()
    }

    #[test]
    fn runs_are_counted_in_a_day_and_in_all() {
        let day = DAY.as_secs();
        let per_day = Rules { runs_per_day: Some(2), ..Rules::default() };
        assert!(allows(&state(&[(0, &[])]), &per_day, &[], 10));
        assert!(!allows(&state(&[(0, &[]), (5, &[])]), &per_day, &[], day - 1));
        assert!(allows(&state(&[(0, &[]), (5, &[])]), &per_day, &[], day + 1));
        assert!(
            !allows(&state(&[(day * 3, &[]), (day * 3, &[])]), &per_day, &[], 0),
            "a clock set back allows nothing"
        );
        let in_all = Rules { runs: Some(2), ..Rules::default() };
        assert!(!allows(&state(&[(0, &[]), (5, &[])]), &in_all, &[], day * 9));
        let other = state(&[(0, &[]), (5, &[])]);
        assert!(other.check(&Subject { proposal: &[2; 32], peer: "p", rules: &in_all }, &[], 0).is_ok());
        assert!(other.check(&Subject { proposal: &[1; 32], peer: "q", rules: &in_all }, &[], 0).is_ok());
    }

    #[test]
    fn small_changes_are_refused_and_none_or_large_ones_are_not() {
        let rules = Rules { min_change: Some(3), ..Rules::default() };
        let state = state(&[(0, &[1, 2, 3, 4]), (0, &[10, 20, 30, 40])]);
        for (records, allowed) in [
            (&[1, 2, 3, 4][..], true),
            (&[1, 2, 3, 5], false),
            (&[1, 2, 3], false),
            (&[1, 1, 2, 3, 4], false),
            (&[1, 2, 5, 6], false),
            (&[1, 5, 6, 7], true),
            (&[10, 20, 30, 41], false),
        ] {
            assert_eq!(allows(&state, &rules, records, 0), allowed, "{records:?}");
        }
    }

    #[test]
    fn the_stricter_rule_wins() {
        let ours = Rules { runs_per_day: Some(3), runs: None, min_change: Some(5) };
        let theirs = Rules { runs_per_day: Some(1), runs: Some(9), min_change: None };
        let both = Rules { runs_per_day: Some(1), runs: Some(9), min_change: Some(5) };
        assert_eq!((ours.and(&theirs), theirs.and(&ours)), (both.clone(), both));
    }
}
