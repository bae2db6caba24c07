//! Which submissions have been computed with: none is used twice.
//!
//! Two runs with one pad would tell the two who compute how their results differ. So a submission belongs to the first set of submissions that it ran
//! in: the same set may be run again as long as it has not come to an end, which gives the same masked results; no other set may.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::home;

/// What is kept: for each submission the digest of its set, and whether that has come to an end.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    submissions: BTreeMap<String, (String, bool)>,
}

impl Used {
    /// Reads it.
    pub fn read() -> Result<Used, Failure> {
        let path = home::folder()?.join("submissions.json");
        let Some(bytes) = home::read_if_there(&path)? else { return Ok(Used::default()) };
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::Policy(format!("{}: {error}: without it submissions could be used twice", path.display()))
        })
    }

    /// Why a submission cannot be used at all.
    pub fn refuses(&self, submission: &str) -> Option<&'static str> {
        self.submissions.get(submission).filter(|(_, ended)| *ended).map(|_| "it was computed with already: a replay")
    }

    /// Notes that these submissions run together, or that this run has come to an end.
    pub fn note(set: &str, submissions: &[String], ended: bool) -> Result<(), Failure> {
        let folder = home::folder()?;
        home::make_private(&folder)?;
        let _lock = home::lock(&folder.join("submissions.lock"))?;
        let mut used = Used::read()?;
        for submission in submissions {
            if let Some((other, done)) = used.submissions.get(submission).filter(|(other, done)| *done || other != set)
            {
                let why = if *done { "was computed with already" } else { "has begun to run in another set" };
                return Err(Failure::Policy(format!(
                    "submission {submission} {why} (set {}): its participant must make new shares",
                    &other[..other.len().min(16)]
                )));
            }
        }
        for submission in submissions {
            used.submissions.insert(submission.clone(), (set.to_owned(), ended));
        }
        let bytes = serde_json::to_vec(&used).context("cannot write submissions.json")?;
        home::replace(&folder.join("submissions.json"), &bytes)
    }
}
