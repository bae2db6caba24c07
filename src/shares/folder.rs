//! The folder in which a server collects shares, and the set on which both servers agree.
//!
//! What is wrong with a share is told by participant. Whether a run goes on without one is the program's rule: it does where all that the participant
//! gives is `Option`, and then it is `None`; else the run fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;
use serde_json::{Value as Json, json};

use hushgate_runtime::identity::{Identity, Pin};
use hushgate_runtime::shares::envelope::OpeningKey;

use super::used::Used;
use super::{ShareFile, Target};
use crate::failure::Failure;
use crate::files::read_text;
use crate::seating::{Bits, Seating};

/// Where shares are, and what they must be.
pub struct Intake<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// Files that came later do not count.
    pub until: Option<SystemTime>,
    /// Who may send shares: by member, the key that must have signed.
    pub members: Option<BTreeMap<String, Pin>>,
    /// Who we are among those who compute.
    pub server: &'a str,
    /// What the program is called.
    pub title: &'a str,
    /// Digest of what is executed.
    pub program: [u8; 32],
    /// Digest of the proposal.
    pub proposal: Option<[u8; 32]>,
}

/// A share that can be computed with.
struct Share {
    submission: String,
    bits: Bits,
}

/// What is in the folder.
#[derive(Default)]
pub struct Collected {
    shares: BTreeMap<usize, Share>,
    /// What is wrong, by participant.
    problems: BTreeMap<usize, String>,
    /// Files that are of no participant.
    strays: Vec<String>,
}

/// What both servers compute with.
pub struct Set {
    /// Our share of each participant, those that are left out included.
    pub bits: BTreeMap<usize, Bits>,
    /// Submissions by participant.
    pub submissions: BTreeMap<usize, String>,
    /// Who is left out, and why.
    pub left_out: Vec<(String, String)>,
    /// The same on both sides.
    pub digest: String,
}

impl Intake<'_> {
    /// Reads the folder.
    pub fn collect(&self, seating: &Seating, identity: &Identity) -> Result<Collected, Failure> {
        let key = OpeningKey::of(identity);
        let used = Used::read()?;
        let participants = seating.participants();
        let mut collected = Collected::default();
        for path in self.files()? {
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let file =
                match read_text(&path).map_err(|error| error.to_string()).and_then(|text| ShareFile::parse(&text)) {
                    Ok(file) => file,
                    Err(why) => {
                        // Its name says whose it is meant to be; that is enough to name somebody who is missing otherwise.
                        collected.strays.push(format!("{name}: {why}"));
                        continue;
                    }
                };
            let party = seating.party(&file.header.member).filter(|party| participants.contains(party));
            let Some(party) = party else {
                let member: String = file.header.member.chars().take(80).flat_map(char::escape_debug).collect();
                collected.strays.push(format!("{name}: it is of {member:?}, who takes no part"));
                continue;
            };
            let checked = self.check(&path, &file, seating, party, &key, &used);
            collected.add(party, file.header.submission.clone(), checked.map_err(|why| format!("{name}: {why}")));
        }
        Ok(collected)
    }

    fn files(&self) -> Result<Vec<PathBuf>, Failure> {
        let entries =
            std::fs::read_dir(self.folder).with_context(|| format!("cannot read {}", self.folder.display()))?;
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "share"));
        files.sort();
        Ok(files)
    }

    fn check(
        &self,
        path: &Path,
        file: &ShareFile,
        seating: &Seating,
        party: usize,
        key: &OpeningKey,
        used: &Used,
    ) -> Result<Bits, String> {
        let member = &seating.border().parties[party];
        let owner = match &self.members {
            None => None,
            Some(members) => Some(*members.get(member).ok_or("its participant is not in the list of members")?),
        };
        let parts = seating.parts(party);
        let target =
            Target { title: self.title, program: self.program, proposal: self.proposal, member, parts: &parts };
        let bits = target.open(file, self.server, key, owner)?;
        let arrived = std::fs::metadata(path).and_then(|metadata| metadata.modified()).map_err(|e| e.to_string())?;
        if self.until.is_some_and(|until| arrived > until) {
            return Err("it came too late".to_owned());
        }
        used.refuses(&file.header.submission).map_or(Ok(bits), |why| Err(why.to_owned()))
    }
}

impl Collected {
    fn add(&mut self, party: usize, submission: String, checked: Result<Bits, String>) {
        match checked {
            // What is wrong with one file does not matter where another one is right.
            Err(why) => {
                self.problems.entry(party).or_insert(why);
            }
            Ok(bits) => match self.shares.get(&party) {
                Some(other) if other.submission != submission => {
                    self.problems.insert(party, "two different shares came: which one counts is not known".to_owned());
                    self.shares.insert(party, Share { submission: String::new(), bits });
                }
                _ => {
                    self.shares.insert(party, Share { submission, bits });
                }
            },
        }
    }

    /// What we tell the other server: who is there, and with which submission.
    pub fn roll(&self, seating: &Seating) -> Vec<(String, String)> {
        let name = |party: &usize| seating.border().parties[*party].clone();
        let good = self.shares.iter().filter(|(_, share)| !share.submission.is_empty());
        good.map(|(party, share)| (name(party), share.submission.clone())).collect()
    }

    /// The set that both servers have, if the program's rules allow it.
    ///
    /// # Errors
    /// [`Failure::Shares`], naming every participant without whom the program does not run.
    pub fn settle(
        &self,
        seating: &Seating,
        theirs: &[(String, String)],
        rng: &mut impl rand::CryptoRng,
    ) -> Result<Set, Failure> {
        let theirs: BTreeMap<&str, &str> = theirs.iter().map(|(member, id)| (member.as_str(), id.as_str())).collect();
        let mut set =
            Set { bits: BTreeMap::new(), submissions: BTreeMap::new(), left_out: Vec::new(), digest: String::new() };
        let mut missing = Vec::new();
        for party in seating.participants() {
            let member = &seating.border().parties[party];
            let ours = self.shares.get(&party).filter(|share| !share.submission.is_empty());
            let parts = seating.parts(party);
            match (ours, theirs.get(member.as_str())) {
                (Some(share), Some(id)) if share.submission == *id => {
                    set.bits.insert(party, share.bits.clone());
                    set.submissions.insert(party, share.submission.clone());
                    continue;
                }
                (Some(_), Some(_)) => {
                    missing.push((party, "the two servers have shares of different submissions".to_owned()))
                }
                (Some(_), None) => {
                    missing.push((party, "the other server has no share of it that can be used".to_owned()))
                }
                (None, there) => {
                    let problem = self.problems.get(&party).cloned().unwrap_or_else(|| "no share came".to_owned());
                    let there = if there.is_some() { " (the other server has one)" } else { "" };
                    missing.push((party, format!("{problem}{there}")));
                }
            }
            set.bits.insert(party, crate::seating::absent(&parts, rng));
        }
        let required: Vec<String> = missing
            .iter()
            .filter(|(party, _)| !seating.parts(*party).may_be_absent())
            .map(|(party, why)| format!("  {}: {why}", seating.border().parties[*party]))
            .collect();
        if !required.is_empty() {
            let strays: Vec<String> = self.strays.iter().map(|stray| format!("  {stray}")).collect();
            return Err(Failure::Shares(format!(
                "the program does not run without these participants (only inputs of a type Option<…> may be missing):\n{}{}{}",
                required.join("\n"),
                if strays.is_empty() { "" } else { "\nfiles that are no shares of a participant:\n" },
                strays.join("\n")
            )));
        }
        set.left_out = missing.into_iter().map(|(party, why)| (seating.border().parties[party].clone(), why)).collect();
        set.digest = digest(seating, &set.submissions);
        Ok(set)
    }

    /// Files that are of no participant.
    pub fn strays(&self) -> &[String] {
        &self.strays
    }
}

impl Set {
    /// Notes that its submissions run together, or that this run has come to an end.
    pub fn note(&self, ended: bool) -> Result<(), Failure> {
        let submissions: Vec<String> = self.submissions.values().cloned().collect();
        Used::note(&self.digest, &submissions, ended)
    }

    /// For the log: nothing that depends on inputs.
    pub fn summary(&self) -> Json {
        let left_out: Vec<&str> = self.left_out.iter().map(|(member, _)| member.as_str()).collect();
        json!({ "participants": self.submissions.len(), "left_out": left_out, "digest": self.digest })
    }
}

fn digest(seating: &Seating, submissions: &BTreeMap<usize, String>) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("hushgate set of submissions v1");
    for (party, submission) in submissions {
        let parts = seating.parts(*party);
        let line = format!(
            "{}\0{submission}\0{}\0{}\n",
            seating.border().parties[*party],
            parts.input_bits(),
            parts.pad_bits()
        );
        hasher.update(line.as_bytes());
    }
    crate::terminal::hex(hasher.finalize().as_bytes())
}
