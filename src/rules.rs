//! Release rules: how often a program may run, and how much inputs must change between runs.
//!
//! What was run is kept in `runs.json`. The rules of the proposal hold, and beside them those of this side's approval: each side refuses on its
//! own, so that the stricter side's rule wins.
//!
//! # Invariants
//! - The file changes as a whole or not at all, under a lock: two sessions at once are counted one after the other.
//! - All runs of a session are counted before anything that depends on an input is sent. When it is over, or after a crash when a batch goes on,
//!   those that did not begin are taken back; a run that was cut off counts, as the other side may have learned its result.
//!
//! # Security
//! Records are remembered as 64 bits of a keyed digest; the key is random, in the same file, which only its owner can read. Other
//! programs, and the same one under another proposal, are counted on their own: it takes another approval to run them. A peer that gives the same
//! input twice, or probes with its own, is limited by the number of runs alone.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
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

/// Digests of the records of each of the runs of a session, in their order.
pub type Records = Vec<Vec<u64>>;

/// How many runs of a session the rules allow.
#[derive(Debug, PartialEq, Eq)]
pub struct Allowance {
    /// So many of them, from the first on.
    pub runs: usize,
    /// Why not one more.
    pub limit: Option<String>,
}

impl Allowance {
    /// All of them, or the rule that refuses the next.
    pub fn all(&self, n_runs: usize) -> Result<(), Failure> {
        match &self.limit {
            Some(limit) if self.runs < n_runs => Err(refused(limit, self.runs, n_runs)),
            _ => Ok(()),
        }
    }
}

/// What the user is told where a rule refuses.
pub fn refused(limit: &str, allowed: usize, n_runs: usize) -> Failure {
    let runs = match (allowed, n_runs) {
        (_, 1) => "this run".to_owned(),
        (0, n) => format!("these {n} runs"),
        (allowed, n) => format!("{} of these {n} runs", n - allowed),
    };
    Failure::Policy(format!("a release rule refuses {runs}: {limit}"))
}

/// How many of these runs the rules would allow now; `rows` are the inputs, and `order` says which of them each run takes.
pub fn allowance(
    subject: &Subject<'_>,
    ports: &[&InputPort],
    (rows, order): (&[Vec<Value>], &[u32]),
) -> Result<Allowance, Failure> {
    let state = State::read(&counts()?)?;
    let records = state.records_of(subject, ports, rows, order);
    Ok(state.allowance(subject, order.len(), &records, now()))
}

/// Counts the runs of a session, if the rules allow all of them.
///
/// # Errors
/// [`Failure::Policy`] if they do not; then nothing is counted.
pub fn count_runs(
    subject: &Subject<'_>,
    session: &str,
    ports: &[&InputPort],
    (rows, order): (&[Vec<Value>], &[u32]),
) -> Result<(), Failure> {
    change(|state| {
        let records = state.records_of(subject, ports, rows, order);
        state.allowance(subject, order.len(), &records, now()).all(order.len())?;
        state.sessions.push(Session {
            proposal: hex(subject.proposal),
            peer: subject.peer.to_owned(),
            session: session.to_owned(),
            time: now(),
            runs: order.len() as u64,
            records,
        });
        Ok(())
    })
}

/// Of a session's runs only so many have begun: the others do not count.
pub fn settle(session: &str, n_begun: u64) -> Result<(), Failure> {
    change(|state| {
        state.settle(session, n_begun);
        Ok(())
    })
}

/// What is kept of runs that were counted.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Keys the digests of records.
    salt: [u8; 32],
    sessions: Vec<Session>,
}

/// The runs of one session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Session {
    proposal: String,
    peer: String,
    /// Names it.
    session: String,
    /// Seconds since 1970.
    time: u64,
    /// How many they are.
    runs: u64,
    /// For each run the digests of its records, sorted; nothing where no rule needs them.
    records: Records,
}

fn change(change: impl FnOnce(&mut State) -> Result<(), Failure>) -> Result<(), Failure> {
    let folder = home::folder()?;
    home::make_private(&folder)?;
    let _lock = home::lock(&folder.join("runs.lock"))?;
    let mut state = State::read(&counts()?)?;
    change(&mut state)?;
    let bytes = serde_json::to_vec(&state).context("cannot write runs.json")?;
    home::replace(&counts()?, &bytes)
}

/// Where counts are kept.
fn counts() -> Result<PathBuf, Failure> {
    Ok(home::folder()?.join("runs.json"))
}

impl State {
    /// Reads it; of nothing, where there is no file.
    pub fn read(path: &Path) -> Result<State, Failure> {
        let Some(bytes) = home::read_if_there(path)? else {
            let mut salt = [0; 32];
            SysRng.try_fill_bytes(&mut salt).context("the operating system gives no randomness")?;
            return Ok(State { salt, sessions: Vec::new() });
        };
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::Policy(format!(
                "{}: {error}: without it runs cannot be counted; restore it, or remove it if runs may count from zero",
                path.display()
            ))
        })
    }

    /// Of a session's runs only so many have begun.
    pub fn settle(&mut self, session: &str, n_begun: u64) {
        for counted in self.sessions.iter_mut().filter(|counted| counted.session == session) {
            counted.runs = counted.runs.min(n_begun);
            counted.records.truncate(counted.runs as usize);
        }
        self.sessions.retain(|counted| counted.runs > 0);
    }

    /// How many of so many runs, with these records, would be allowed now.
    pub fn allowance(&self, subject: &Subject<'_>, n_runs: usize, records: &Records, now: u64) -> Allowance {
        let Subject { proposal, peer, rules } = subject;
        let proposal = hex(*proposal);
        let is_same = |session: &&Session| session.proposal == proposal && session.peer == *peer;
        let earlier: Vec<&Session> = self.sessions.iter().filter(is_same).collect();
        let is_recent = |session: &&&Session| session.time.saturating_add(DAY.as_secs()) > now;
        let today = earlier.iter().filter(is_recent).map(|session| session.runs).fold(0, u64::saturating_add);
        let in_all = earlier.iter().map(|session| session.runs).fold(0, u64::saturating_add);
        let mut allowance = Allowance { runs: n_runs, limit: None };
        let mut lower = |left: u64, limit: String| {
            if left < allowance.runs as u64 {
                allowance = Allowance { runs: left as usize, limit: Some(limit) };
            }
        };
        if let Some(max) = rules.runs_per_day {
            let left = u64::from(max).saturating_sub(today);
            lower(left, format!("it ran {today} times with this peer in the last 24 hours, and {max} are allowed"));
        }
        if let Some(max) = rules.runs {
            let left = u64::from(max).saturating_sub(in_all);
            lower(left, format!("it ran {in_all} times with this peer, and {max} are allowed"));
        }
        if let Some(min) = rules.min_change {
            let before: Vec<&Vec<u64>> = earlier.iter().flat_map(|session| &session.records).collect();
            if let Some((run, change)) = too_similar(&before, records, min) {
                lower(
                    run as u64,
                    format!(
                        "the data differ from those of an earlier run by {change} records; fewer than {min} would tell the two results apart by them"
                    ),
                );
            }
        }
        allowance
    }

    /// The records of each run, where a rule asks for them.
    fn records_of(&self, subject: &Subject<'_>, ports: &[&InputPort], rows: &[Vec<Value>], order: &[u32]) -> Records {
        if subject.rules.min_change.is_none() {
            return Vec::new();
        }
        let of_rows: Vec<Vec<u64>> = rows.iter().map(|values| self.records(ports, values)).collect();
        order.iter().map(|&row| of_rows[row as usize].clone()).collect()
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

/// The first of the runs whose records differ from those of a run before it, but by fewer than `min`; and by how many.
fn too_similar(before: &[&Vec<u64>], runs: &Records, min: u64) -> Option<(usize, u64)> {
    (0..runs.len()).find_map(|run| {
        let earlier = before.iter().copied().chain(&runs[..run]);
        let changes = earlier.map(|records| difference(records, &runs[run]));
        changes.filter(|&change| change > 0 && change < min).min().map(|change| (run, change))
    })
}

/// How many records are in one run and not in the other, whichever are more; both are sorted.
fn difference(a: &[u64], b: &[u64]) -> u64 {
    let (mut i, mut j, mut only_a, mut only_b) = (0, 0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            Ordering::Less => (i, only_a) = (i + 1, only_a + 1),
            Ordering::Greater => (j, only_b) = (j + 1, only_b + 1),
            Ordering::Equal => (i, j) = (i + 1, j + 1),
        }
    }
    (only_a + (a.len() - i) as u64).max(only_b + (b.len() - j) as u64)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    fn state(runs: &[(u64, u64, &[u64])]) -> State {
        let session = |&(time, runs, records): &(u64, u64, &[u64])| Session {
            proposal: hex(&[1; 32]),
            peer: "p".to_owned(),
            session: time.to_string(),
            time,
            runs,
            records: vec![records.to_vec()],
        };
        State { salt: [0; 32], sessions: runs.iter().map(session).collect() }
    }

    fn allows(state: &State, rules: &Rules, n_runs: usize, now: u64) -> usize {
        state.allowance(&Subject { proposal: &[1; 32], peer: "p", rules }, n_runs, &Vec::new(), now).runs
    }

    #[test]
    fn runs_are_counted_in_a_day_and_in_all() {
        let day = DAY.as_secs();
        let per_day = Rules { runs_per_day: Some(2), ..Rules::default() };
        assert_eq!(allows(&state(&[(0, 1, &[])]), &per_day, 1, 10), 1);
        assert_eq!(allows(&state(&[(0, 1, &[])]), &per_day, 5, 10), 1);
        assert_eq!(allows(&state(&[(0, 1, &[]), (5, 1, &[])]), &per_day, 1, day - 1), 0);
        assert_eq!(allows(&state(&[(0, 2, &[])]), &per_day, 1, day - 1), 0, "each run of a session counts");
        assert_eq!(allows(&state(&[(0, 1, &[]), (5, 1, &[])]), &per_day, 9, day + 1), 1);
        let later = state(&[(day * 3, 1, &[]), (day * 3, 1, &[])]);
        assert_eq!(allows(&later, &per_day, 1, 0), 0, "a clock set back allows nothing");
        let in_all = Rules { runs: Some(5), ..Rules::default() };
        assert_eq!(allows(&state(&[(0, 3, &[]), (5, 1, &[])]), &in_all, 9, day * 9), 1);
        assert_eq!(
            allows(&state(&[(0, u64::MAX, &[]), (5, 9, &[])]), &in_all, 9, 9),
            0,
            "more than can be counted are too many"
        );
        let other = state(&[(0, 3, &[]), (5, 2, &[])]);
        let elsewhere = |proposal: [u8; 32], peer: &str| {
            other.allowance(&Subject { proposal: &proposal, peer, rules: &in_all }, 1, &Vec::new(), 0).runs
        };
        assert_eq!((elsewhere([1; 32], "p"), elsewhere([2; 32], "p"), elsewhere([1; 32], "q")), (0, 1, 1));
    }

    #[test]
    fn small_changes_are_refused_and_none_or_large_ones_are_not() {
        let rules = Rules { min_change: Some(3), ..Rules::default() };
        let state = state(&[(0, 1, &[1, 2, 3, 4]), (0, 1, &[10, 20, 30, 40])]);
        let subject = Subject { proposal: &[1; 32], peer: "p", rules: &rules };
        let allowed = |runs: &[&[u64]]| {
            let records: Records = runs.iter().map(|records| records.to_vec()).collect();
            state.allowance(&subject, runs.len(), &records, 0).runs
        };
        for (records, is_allowed) in [
            (&[1, 2, 3, 4][..], true),
            (&[1, 2, 3, 5], false),
            (&[1, 2, 3], false),
            (&[1, 1, 2, 3, 4], false),
            (&[1, 2, 5, 6], false),
            (&[1, 5, 6, 7], true),
            (&[10, 20, 30, 41], false),
        ] {
            assert_eq!(allowed(&[records]) == 1, is_allowed, "{records:?}");
        }
        assert_eq!(allowed(&[&[5, 6, 7, 8], &[5, 6, 7, 8], &[5, 6, 7, 9]]), 2, "also among the runs of one session");
    }

    #[test]
    fn a_difference_is_of_multisets() {
        for (a, b, expected) in
            [(&[][..], &[][..], 0), (&[1, 2, 3], &[], 3), (&[1, 1, 2], &[1, 2, 2, 2], 2), (&[1, 2, 9], &[3, 4, 9], 2)]
        {
            assert_eq!((difference(a, b), difference(b, a)), (expected, expected), "{a:?} {b:?}");
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
