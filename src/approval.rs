//! Approvals: this organisation has read a proposal and agrees to take part, as one party of it.
//!
//! An approval is an Ed25519 signature over the proposal's digest and the party's name. It is kept in `approvals/DIGEST.json` and shown to the other
//! side when a session begins; a changed proposal has another digest, for which there is none.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use hushgate_runtime::identity::{Identity, Pin, PublicKey, Signature};

use crate::failure::Failure;
use crate::home;
use crate::proposal::Sealed;
use crate::rules::Rules;
use crate::terminal::hex;

/// An approval, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// What kind of file it is.
    hushgate: String,
    /// Digest of the proposal.
    proposal: String,
    /// For people.
    pub title: String,
    /// The party that we are.
    pub party: String,
    /// What is shown to the other side.
    #[serde(flatten)]
    pub signed: Signed,
    /// Our own rules, beside those of the proposal.
    pub rules: Rules,
}

/// What one side shows to the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signed {
    /// Who signed.
    pub key: String,
    /// Over the proposal's digest and the party's name.
    pub signature: String,
}

impl Approval {
    /// Approves a proposal, as `party`.
    pub fn new(sealed: &Sealed, party: &str, rules: Rules, identity: &Identity) -> Approval {
        let signature = identity.sign(DOMAIN, &message(&sealed.digest(), party));
        Approval {
            hushgate: FORMAT.to_owned(),
            proposal: hex(&sealed.digest()),
            title: sealed.proposal.title.clone(),
            party: party.to_owned(),
            signed: Signed { key: identity.public_key().to_string(), signature: signature.to_string() },
            rules,
        }
    }

    /// Keeps it.
    pub fn save(&self) -> Result<(), Failure> {
        let path = path(&self.proposal)?;
        home::make_private(path.parent().expect("approvals are in a folder"))?;
        let text = serde_json::to_string_pretty(self).context("cannot write the approval")? + "\n";
        home::replace(&path, text.as_bytes())
    }

    /// The approval in a file, if there is one.
    pub fn read(path: &Path) -> Result<Option<Approval>, Failure> {
        let Some(bytes) = home::read_if_there(path)? else { return Ok(None) };
        let read = serde_json::from_slice(&bytes);
        read.map(Some).map_err(|error| Failure::Policy(format!("{}: not an approval: {error}", path.display())))
    }

    /// Our approval of this proposal.
    ///
    /// # Errors
    /// [`Failure::Policy`] if there is none, or it is for another party or by another key.
    pub fn find(sealed: &Sealed, party: &str, identity: &Identity) -> Result<Approval, Failure> {
        let digest = hex(&sealed.digest());
        let path = path(&digest)?;
        let Some(approval) = Approval::read(&path)? else {
            return Err(Failure::Policy(format!(
                "this side has not approved the proposal {digest}: read what `hushgate inspect` says of it, then: hushgate approve FILE --as {party}"
            )));
        };
        let refuse = |why: String| Failure::Policy(format!("{}: {why}: approve it again", path.display()));
        if approval.party != party {
            return Err(refuse(format!("this side has approved the proposal as {}, not as {party}", approval.party)));
        }
        if approval.hushgate != FORMAT || approval.proposal != digest {
            return Err(refuse("it is of another proposal".to_owned()));
        }
        let ours = Pin::Key(identity.public_key());
        approval.signed.check(&sealed.digest(), party, ours).map_err(refuse)?;
        Ok(approval)
    }

    /// Takes an approval back; whether there was one.
    pub fn withdraw(sealed: &Sealed) -> Result<bool, Failure> {
        let path = path(&hex(&sealed.digest()))?;
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot remove {}", path.display()))?,
        }
    }
}

impl Signed {
    /// Whether the holder of the pinned key has approved this proposal as this party, or why not.
    pub fn check(&self, proposal: &[u8; 32], party: &str, pin: Pin) -> Result<(), String> {
        let key: PublicKey = self.key.parse().map_err(|_| "its key is not one".to_owned())?;
        let signature: Signature = self.signature.parse().map_err(|_| "its signature is not one".to_owned())?;
        if !pin.matches(&key) {
            return Err(format!(
                "it is signed by the key {}, and {} was expected",
                key.fingerprint(),
                pin.fingerprint()
            ));
        }
        match key.has_signed(DOMAIN, &message(proposal, party), &signature) {
            true => Ok(()),
            false => Err(format!("its signature is not one of this proposal for {party:?}")),
        }
    }
}

fn message(proposal: &[u8; 32], party: &str) -> Vec<u8> {
    [proposal, party.as_bytes()].concat()
}

fn path(digest: &str) -> Result<PathBuf, Failure> {
    Ok(home::folder()?.join("approvals").join(format!("{digest}.json")))
}

const FORMAT: &str = "approval v1";
const DOMAIN: &str = "hushgate approval v1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_is_of_one_proposal_by_one_key_for_one_party() {
        let [alice, bob] = [[1; 32], [2; 32]].map(|seed| Identity::from_seed(&seed));
        let pin = |identity: &Identity| Pin::Key(identity.public_key());
        let signature = alice.sign(DOMAIN, &message(&[3; 32], "a")).to_string();
        let signed = Signed { key: alice.public_key().to_string(), signature };
        assert_eq!(signed.check(&[3; 32], "a", pin(&alice)), Ok(()));
        let stolen = Signed { key: bob.public_key().to_string(), ..signed.clone() };
        assert!(stolen.check(&[3; 32], "a", pin(&bob)).is_err());
        assert!(signed.check(&[3; 32], "a", pin(&bob)).is_err());
        assert!(signed.check(&[4; 32], "a", pin(&alice)).is_err());
        assert!(signed.check(&[3; 32], "b", pin(&alice)).is_err());
        for broken in [Signed { key: "1".to_owned(), ..signed.clone() }, Signed { signature: "1".to_owned(), ..signed }]
        {
            assert!(broken.check(&[3; 32], "a", pin(&alice)).is_err());
        }
    }
}
