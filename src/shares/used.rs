//! Which submissions have been computed with: none is used twice.
//!
//! Two runs with one pad would tell the two who compute how their results differ. So a submission belongs to the first set of submissions that it ran
//! in: the same set may be run again as long as it has not come to an end, which gives the same masked results; no other set may.

use std::collections::BTreeMap;
use std::path::Path;

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
    /// Reads ours.
    pub fn read() -> Result<Used, Failure> {
        Used::read_from(&home::folder()?.join("submissions.json"))
    }

    /// Reads it; nothing was used, where there is no file.
    pub fn read_from(path: &Path) -> Result<Used, Failure> {
        let Some(bytes) = home::read_if_there(path)? else { return Ok(Used::default()) };
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
        used.add(set, submissions, ended)?;
        let bytes = serde_json::to_vec(&used).context("cannot write submissions.json")?;
        home::replace(&folder.join("submissions.json"), &bytes)
    }

    /// Adds these submissions, if all of them may run in this set.
    pub fn add(&mut self, set: &str, submissions: &[String], ended: bool) -> Result<(), Failure> {
        for submission in submissions {
            if let Some((other, done)) = self.submissions.get(submission).filter(|(other, done)| *done || other != set)
            {
                let why = if *done { "was computed with already" } else { "has begun to run in another set" };
                return Err(Failure::Policy(format!(
                    "submission {submission} {why} (set {}): its participant must make new shares",
                    other.get(..16).unwrap_or(other)
                )));
            }
        }
        self.submissions.extend(submissions.iter().map(|submission| (submission.clone(), (set.to_owned(), ended))));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever stands in the file: names of sets are cut to be shown.
    #[test]
    fn a_submission_belongs_to_its_first_set() {
        let mut used: Used = serde_json::from_str(
            r#"{"submissions":{"a":["123456789012345ß7",false],"b":["one",false],"c":["one",true]}}"#,
        )
        .expect("it is of the right form");
        let mut add = |set: &str, submission: &str| used.add(set, &[submission.to_owned()], false);
        for (set, submission, shown) in
            [("one", "a", "123456789012345ß7"), ("two", "b", "has begun to run"), ("one", "c", "was computed")]
        {
            let refused = add(set, submission).expect_err("it is in another set, or done");
            assert!(matches!(&refused, Failure::Policy(text) if text.contains(shown)), "{refused}");
        }
        assert!(add("one", "b").is_ok() && add("two", "d").is_ok());
    }
}
