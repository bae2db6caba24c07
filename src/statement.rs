//! What each side says when a connection begins: who it is, what it wants to run, and that it has approved it.
//!
//! Both sides compare in the same order, so that both name the same difference.
//!
//! # Security
//! A statement comes from the peer: it is bounded by the message it came in, read strictly, and nothing in it is believed that is not signed
//! or equal to ours.

use serde::{Deserialize, Serialize};

use hushgate_runtime::identity::Pin;
use hushgate_runtime::session::{Disagreement, SessionError};

use crate::approval::Signed;
use crate::batch::Offer;
use crate::failure::Failure;
use crate::proposal::Sealed;

/// What one side says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Statement {
    /// The version of this message.
    version: u32,
    /// The party that it is.
    pub party: String,
    /// What it wants to run; none without a proposal.
    fields: Vec<(String, String)>,
    /// That it has approved it.
    approval: Option<Signed>,
    /// The last digest of its log.
    pub log: Option<String>,
    /// Whether it will sign a receipt.
    pub receipt: bool,
    /// Shares that it holds for others: member and submission.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<(String, String)>,
    /// That it is in a run with somebody, and does nothing else meanwhile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub busy: bool,
    /// The table that it wants to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Offer>,
}

impl Statement {
    /// Of a party that runs a program without a proposal.
    pub fn new(party: &str) -> Statement {
        Statement {
            version: VERSION,
            party: party.to_owned(),
            fields: Vec::new(),
            approval: None,
            log: None,
            receipt: false,
            shares: Vec::new(),
            busy: false,
            batch: None,
        }
    }

    /// Adds a proposal and our approval of it.
    #[must_use]
    pub fn with_proposal(mut self, sealed: &Sealed, approval: &Signed) -> Statement {
        self.fields = sealed.fields();
        self.approval = Some(approval.clone());
        self
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a statement is plain data")
    }

    /// Of a party that is in a run.
    pub fn of_busy(party: &str) -> Statement {
        Statement { busy: true, ..Statement::new(party) }
    }

    /// Whether whoever says this is in a run.
    pub fn is_busy(bytes: &[u8]) -> bool {
        Statement::from_bytes(bytes).is_ok_and(|statement| statement.busy)
    }

    /// What the peer says.
    pub fn from_bytes(bytes: &[u8]) -> Result<Statement, Failure> {
        let malformed =
            |error| Failure::Peer(format!("the other party broke the protocol: its statement is malformed: {error}"));
        serde_json::from_slice(bytes).map_err(malformed)
    }

    /// The version of the message in these bytes, whatever else is in them.
    pub fn version_of(bytes: &[u8]) -> Option<u64> {
        serde_json::from_slice::<serde_json::Value>(bytes).ok()?.get("version")?.as_u64()
    }

    /// What this version speaks.
    pub const fn own_version() -> u64 {
        VERSION as u64
    }

    /// The value of a field of what it wants to run.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Whether more is to be settled before the session: then both sides tell each other their verdict.
    pub fn is_formal(&self, theirs: &Statement) -> bool {
        [self, theirs]
            .iter()
            .any(|one| !one.fields.is_empty() || one.receipt || !one.shares.is_empty() || one.batch.is_some())
    }

    /// Finds the first difference, and whether the peer has approved what we have.
    pub fn compare(&self, theirs: &Statement, sealed: Option<&Sealed>, peer: Option<Pin>) -> Result<(), Failure> {
        same("version of the statement", &self.version.to_string(), Some(&theirs.version.to_string()))?;
        let batch = |one: &Statement| if one.batch.is_some() { "yes" } else { "no" };
        same("batch", batch(self), Some(batch(theirs)))?;
        // A side without a proposal differs in it, and in nothing else.
        let last = |fields: &[(String, String)]| fields.last().map(|(_, digest)| digest.clone());
        if self.fields.is_empty() != theirs.fields.is_empty() {
            return Err(differ("proposal", last(&self.fields), last(&theirs.fields)));
        }
        let value = |fields: &[(String, String)], name: &str| {
            fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
        };
        let mut names: Vec<&String> = self.fields.iter().chain(&theirs.fields).map(|(name, _)| name).collect();
        // What follows from another difference says less than its cause.
        names.sort_by_key(|name| (["title", "program", "proposal"].iter().position(|last| last == name), *name));
        for name in names {
            let (ours, theirs) = (value(&self.fields, name), value(&theirs.fields, name));
            if ours != theirs {
                return Err(differ(name, ours, theirs));
            }
        }
        let Some(sealed) = sealed else { return Ok(()) };
        if self.party == theirs.party || !sealed.proposal.computing.contains(&theirs.party) {
            return Err(differ("party", Some(self.party.clone()), Some(theirs.party.clone())));
        }
        let peer = peer.ok_or_else(|| Failure::Usage("a proposal needs --peer".to_owned()))?;
        let approval = theirs.approval.as_ref().ok_or_else(|| not_approved("it shows no approval of the proposal"))?;
        approval
            .check(&sealed.digest(), &theirs.party, peer)
            .map_err(|why| not_approved(&format!("its approval does not hold: {why}")))
    }
}

fn not_approved(why: &str) -> Failure {
    Failure::Peer(format!("the other party has not approved what it wants to run: {why}"))
}

/// Whether both sides have the same, or that they differ in this field.
pub fn same(field: &str, ours: &str, theirs: Option<&str>) -> Result<(), Failure> {
    if theirs == Some(ours) { Ok(()) } else { Err(differ(field, Some(ours.to_owned()), theirs.map(str::to_owned))) }
}

/// That the two sides differ in this field.
pub fn differ(field: &str, ours: Option<String>, theirs: Option<String>) -> Failure {
    Failure::Session(SessionError::Disagreement(Disagreement { field: field.to_owned(), ours, theirs }))
}

/// What a side says after it has heard the other's statement.
#[derive(Debug, Serialize, Deserialize)]
pub enum Verdict {
    /// The session may begin, with so many of its runs.
    Go {
        /// How many its rules allow now.
        runs: u64,
    },
    /// It will not, and why.
    Refused(String),
}

impl Verdict {
    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a verdict is plain data")
    }

    /// What the peer says: how many runs it allows.
    pub fn check(bytes: &[u8]) -> Result<u64, Failure> {
        match serde_json::from_slice(bytes) {
            Ok(Verdict::Go { runs }) => Ok(runs),
            Ok(Verdict::Refused(why)) => {
                let why: String = why.chars().take(500).flat_map(char::escape_debug).collect();
                Err(Failure::Agreement(format!("the other party refuses: {why}")))
            }
            Err(_) => Err(Failure::Peer("the other party broke the protocol: its verdict is malformed".to_owned())),
        }
    }
}

const VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn with(fields: &[(&str, &str)]) -> Statement {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Statement { fields, ..Statement::new("a") }
    }

    #[track_caller]
    fn names(ours: &Statement, theirs: &Statement) -> String {
        let verdict = |failure: Result<(), Failure>| match failure {
            Err(Failure::Session(SessionError::Disagreement(Disagreement { field, .. }))) => field,
            other => panic!("{other:?}"),
        };
        let (here, there) = (verdict(ours.compare(theirs, None, None)), verdict(theirs.compare(ours, None, None)));
        assert_eq!(here, there);
        here
    }

    #[test]
    fn both_sides_name_the_same_difference_and_its_cause() {
        let base = [("parameter N", "3"), ("program", "p"), ("proposal", "d")];
        assert!(with(&base).compare(&with(&base), None, None).is_ok());
        let other = [("parameter N", "4"), ("program", "q"), ("proposal", "e")];
        assert_eq!(names(&with(&base), &with(&other)), "parameter N");
        assert_eq!(names(&with(&base), &with(&[("program", "p"), ("proposal", "e")])), "parameter N");
        assert_eq!(
            names(&with(&base), &with(&[("parameter N", "3"), ("program", "p"), ("proposal", "e")])),
            "proposal"
        );
        assert_eq!(names(&with(&base), &with(&[])), "proposal");
        assert_eq!(names(&Statement { version: 2, ..with(&base) }, &with(&base)), "version of the statement");
    }

    #[test]
    fn statements_are_read_back_and_others_refused() {
        let statement = with(&[("a", "b")]);
        let read = Statement::from_bytes(&statement.to_bytes()).expect("it is one");
        assert_eq!(read.fields, statement.fields);
        for bad in [&b""[..], b"[]", b"{\"version\":1}", b"\xff"] {
            assert!(matches!(Statement::from_bytes(bad), Err(Failure::Peer(_))));
        }
        assert_eq!(Verdict::check(&Verdict::Go { runs: 3 }.to_bytes()).ok(), Some(3));
        let refused = Verdict::check(&Verdict::Refused("x\u{1b}[2Jy".to_owned()).to_bytes());
        assert!(matches!(refused, Err(Failure::Agreement(text)) if !text.contains('\u{1b}')));
        assert!(matches!(Verdict::check(b"1"), Err(Failure::Peer(_))));
    }
}
