//! Correlated OT to random OT: independent keys instead of labels that differ by Δ.
//!
//! `key_j = H(q_i ⊕ j·Δ, i)` for the sender and `H(t_i, i)` for the receiver, `H` being the tweakable hash of [`crate::hash`] in its
//! own domain, `i` a counter that both parties advance together.
//!
//! # Security
//! The tweak matters: without it a corrupt receiver that makes two labels equal gets equal keys for different OTs
//! (Masny and Rindal, <https://eprint.iacr.org/2019/706>, section 5; Guo et al., <https://eprint.iacr.org/2019/074>). Make one
//! [`RandomOt`] a session and never a second one.

use crate::block::{Block, Delta};
use crate::hash::{Domain, TweakHash};
use crate::ot::base::{ChosenKeys, KeyPairs};
use crate::ot::{Labels, SessionId};

/// One party's side of the conversion; its counter is never reset.
pub struct RandomOt {
    hash: TweakHash,
    next: u64,
}

impl RandomOt {
    /// The conversion for one session, from OT 0 on.
    #[must_use]
    pub fn new(session: &SessionId) -> RandomOt {
        let key = blake3::derive_key("hushgate ot random v1: tweakable hash", session);
        let s = Block::from_bytes(*key.first_chunk().expect("32 bytes"));
        RandomOt { hash: TweakHash::new(s, Domain::Transfer), next: 0 }
    }

    /// The sender's keys from its zero labels.
    pub fn sender(&mut self, delta: &Delta, zero: &[Block]) -> KeyPairs {
        let first = self.indices(zero.len()).start;
        self.hash.hash_both(first, delta, zero)
    }

    /// As [`RandomOt::sender`], in memory that the caller may use again.
    ///
    /// # Panics
    /// If there is not a pair for each label.
    pub fn sender_into(&mut self, delta: &Delta, zero: &[Block], keys: &mut [[Block; 2]]) {
        let first = self.indices(zero.len()).start;
        self.hash.hash_both_into(first, delta, zero, keys);
    }

    /// The receiver's keys from its labels, in their place.
    pub fn receiver(&mut self, mut labels: Labels) -> ChosenKeys {
        let first = self.indices(labels.len()).start;
        self.hash.hash_in_place(first, &mut labels);
        labels
    }

    /// Hands out the next `n` indices.
    fn indices(&mut self, n: usize) -> std::ops::Range<u64> {
        let first = self.next;
        self.next = first.checked_add(n as u64).expect("a session has fewer than 2^64 OTs");
        first..self.next
    }
}
