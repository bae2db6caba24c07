//! Receipts: what both sides sign when a run is over.
//!
//! A receipt says that two parties ran this program at this meeting, and that both saw the same bytes go over the connection. It says
//! nothing about inputs or outputs.
//!
//! # Security
//! Signed is a text with all fields, each behind its name, under a domain of its own: a signature serves no other receipt and no
//! other purpose. The transcript's digests depend on encrypted and masked data alone.

use crate::identity::{Identity, PublicKey, Signature};

/// What a receipt is over; the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The meeting's id.
    pub meeting: [u8; 32],
    /// The plan's digest.
    pub program: [u8; 32],
    /// The proposal's digest, where there was one.
    pub proposal: Option<[u8; 32]>,
    /// Of all that the garbler sent.
    pub from_garbler: [u8; 32],
    /// Of all that the evaluator sent.
    pub from_evaluator: [u8; 32],
    /// The party that garbled.
    pub garbler: String,
    /// The party that evaluated.
    pub evaluator: String,
}

impl Terms {
    /// Signs them.
    #[must_use]
    pub fn sign(&self, identity: &Identity) -> Signature {
        identity.sign(DOMAIN, &self.encode())
    }

    /// Whether the holder of `key` has signed them.
    #[must_use]
    pub fn is_signed(&self, key: &PublicKey, signature: &Signature) -> bool {
        key.has_signed(DOMAIN, &self.encode(), signature)
    }

    fn encode(&self) -> Vec<u8> {
        let proposal = self.proposal.as_ref().map_or(&[][..], |digest| digest);
        let parts: [&[u8]; 7] = [
            &self.meeting,
            &self.program,
            proposal,
            &self.from_garbler,
            &self.from_evaluator,
            self.garbler.as_bytes(),
            self.evaluator.as_bytes(),
        ];
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part);
        }
        bytes
    }
}

const DOMAIN: &str = "hushgate receipt v1";

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> Terms {
        Terms {
            meeting: [1; 32],
            program: [2; 32],
            proposal: Some([3; 32]),
            from_garbler: [4; 32],
            from_evaluator: [5; 32],
            garbler: "alice".to_owned(),
            evaluator: "bob".to_owned(),
        }
    }

    #[test]
    fn a_signature_is_for_one_key_and_one_receipt() {
        let [alice, bob] = [[7; 32], [8; 32]].map(|seed| Identity::from_seed(&seed));
        let signature = terms().sign(&alice);
        assert!(terms().is_signed(&alice.public_key(), &signature));
        assert!(!terms().is_signed(&bob.public_key(), &signature));
        let changes: [fn(&mut Terms); 7] = [
            |terms| terms.meeting[31] ^= 1,
            |terms| terms.program[0] ^= 1,
            |terms| terms.proposal = None,
            |terms| terms.from_garbler[0] ^= 1,
            |terms| terms.from_evaluator[0] ^= 1,
            |terms| std::mem::swap(&mut terms.garbler, &mut terms.evaluator),
            |terms| (terms.garbler, terms.evaluator) = ("aliceb".to_owned(), "ob".to_owned()),
        ];
        for change in changes {
            let mut changed = terms();
            change(&mut changed);
            assert!(!changed.is_signed(&alice.public_key(), &signature), "{changed:?}");
        }
        let elsewhere = alice.sign("hushgate approval v1", &terms().encode());
        assert!(!terms().is_signed(&alice.public_key(), &elsewhere));
    }
}
