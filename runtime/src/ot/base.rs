//! Base OT: random 1-of-2 OTs over Ristretto, two flows, actively secure.
//!
//! Masny and Rindal, "Endemic Oblivious Transfer", CCS 2019, <https://eprint.iacr.org/2019/706>, the Diffie–Hellman
//! instance, batched as McQuoid, Rosulek and Roy prescribe (<https://eprint.iacr.org/2021/682>): one sender's point for the
//! whole batch, with the OT's index in every hash.
//!
//! ```text
//! receiver, choice c:  r_{1−c} random, a random, r_c = a·G − H_c(r_{1−c})      ── r_0, r_1 ──►
//! sender:              b random                                                ◄── B = b·G ──
//!                      key_j = KDF(j, b·(r_j + H_j(r_{1−j})))
//! receiver:            key_c = KDF(c, a·B)
//! ```
//!
//! # Invariants
//! - `H` hashes session, purpose, index and branch; `KDF` also the whole transcript (every point of both parties).
//! - Points are decoded strictly: canonical encodings, not the identity.
//! - The transcript depends on the generator passed in, never on the number of threads.
//!
//! # Security
//! UC-secure for *endemic* OT under the gap Diffie–Hellman assumption, with random oracles: a corrupt party may bias its own
//! keys. The receiver moves first here and the keys hash the sender's fresh point, so a corrupt receiver cannot even do
//! that. Nothing depends on a choice by a branch or an index.
//!
//! # Speed
//! Points are kept as halves, so that Ristretto's doubling encoder can share one inversion among many.

use std::ops::Range;

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoBasepointTable, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;
use rand::CryptoRng;
use rayon::prelude::*;
use subtle::{Choice, ConditionallySelectable};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::block::Block;
use crate::ot::{Message, PeerMisbehaved, Purpose, SessionId, expect_bytes};

/// Bytes of an encoded point.
pub const POINT_BYTES: usize = 32;

/// Bytes of the sender's message.
pub const REPLY_BYTES: usize = POINT_BYTES;

/// Bytes of the receiver's message for `n` OTs.
#[must_use]
pub const fn points_bytes(n: usize) -> usize {
    2 * POINT_BYTES * n
}

/// Both keys of each OT; wiped when dropped.
pub type KeyPairs = Zeroizing<Vec<[Block; 2]>>;

/// The chosen key of each OT; wiped when dropped.
pub type ChosenKeys = Zeroizing<Vec<Block>>;

/// What a receiver can compute before it knows the session and its choices: most of its first message.
pub struct BaseDraft(Vec<Draft>);

/// A draft for one OT. Secret, as it tells the two points of a pair apart.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Draft {
    /// Half of `a`.
    half: Scalar,
    /// Half of `a·G`.
    multiple: RistrettoPoint,
    /// `r_{1−c}`.
    other: CompressedRistretto,
}

impl BaseDraft {
    /// Drafts `n` OTs.
    pub fn new(n: usize, rng: &mut impl CryptoRng) -> BaseDraft {
        let secrets = Zeroizing::new((0..n).map(|_| random_secret(rng)).collect::<Vec<_>>());
        BaseDraft(in_chunks(n, |range| drafts(&secrets[range])))
    }

    /// How many OTs it is for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it is for none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Starts a batch with these choices. Returns the message to the sender too, [`points_bytes`] long.
    ///
    /// # Panics
    /// If there are more or fewer choices than OTs.
    #[must_use]
    pub fn start(self, session: &SessionId, purpose: Purpose, choices: &[bool]) -> (BaseReceiver, Vec<u8>) {
        assert_eq!(self.len(), choices.len(), "a draft is for as many OTs as there are choices");
        let hashes = Hashes::new(session, purpose);
        let chunk = |range: Range<usize>| point_pairs(&hashes, range.start, &self.0[range.clone()], &choices[range]);
        let points = in_chunks(choices.len(), chunk).concat();
        let secret = |(draft, &choice): (&Draft, &bool)| Secret { choice: u8::from(choice), half: draft.half };
        let secrets = self.0.iter().zip(choices).map(secret).collect();
        (BaseReceiver { secrets, hashes, points: points.clone() }, points)
    }
}

/// Half of `a`, and uniform bytes that become `r_{1−c}`.
fn random_secret(rng: &mut impl CryptoRng) -> (Scalar, [u8; 64]) {
    let mut other = [0; 64];
    rng.fill_bytes(&mut other);
    (Scalar::random(rng), other)
}

fn drafts(secrets: &[(Scalar, [u8; 64])]) -> Vec<Draft> {
    let others = encode_doubles(secrets.iter().map(|(_, other)| RistrettoPoint::from_uniform_bytes(other)).collect());
    let draft = |(&(half, _), &other): (&(Scalar, _), &CompressedRistretto)| Draft {
        half,
        multiple: RistrettoPoint::mul_base(&half),
        other,
    };
    secrets.iter().zip(others.iter()).map(draft).collect()
}

/// The receiver of a batch, waiting for the sender's point.
pub struct BaseReceiver {
    secrets: Vec<Secret>,
    hashes: Hashes,
    points: Vec<u8>,
}

/// What the receiver keeps for one OT.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Secret {
    choice: u8,
    /// Half of `a`.
    half: Scalar,
}

impl BaseReceiver {
    /// Starts a batch with these choices. Returns the message to the sender too, [`points_bytes`] long.
    pub fn start(
        session: &SessionId,
        purpose: Purpose,
        choices: &[bool],
        rng: &mut impl CryptoRng,
    ) -> (BaseReceiver, Vec<u8>) {
        BaseDraft::new(choices.len(), rng).start(session, purpose, choices)
    }

    /// Takes the sender's message and returns the key of each choice.
    ///
    /// # Errors
    /// The message has a wrong length, or its point is the identity or no canonical encoding.
    pub fn finish(self, reply: &[u8]) -> Result<ChosenKeys, PeerMisbehaved> {
        expect_bytes(Message::BaseReply, reply, REPLY_BYTES)?;
        let sender_point = decode(Message::BaseReply, 0, reply)?;
        let keys = self.hashes.keys(&self.points, reply);
        let multiples = Multiples::new(sender_point, self.secrets.len());
        Ok(Zeroizing::new(in_chunks(self.secrets.len(), |range| {
            let secrets = &self.secrets[range.clone()];
            let encoded = encode_doubles(secrets.iter().map(|secret| multiples.times(&secret.half)).collect());
            let indexed = range.zip(secrets).zip(encoded.iter());
            indexed.map(|((index, secret), point)| keys.key(index, secret.choice, point)).collect()
        })))
    }
}

/// The sender's point, with a table of its multiples where enough of them are needed to pay for it.
enum Multiples {
    Few(RistrettoPoint),
    Many(Box<RistrettoBasepointTable>),
}

impl Multiples {
    /// From so many multiplications on for each thread, a table pays: one thread makes it, all of them would multiply without it.
    const MANY: usize = 96;

    fn new(point: RistrettoPoint, n: usize) -> Multiples {
        if n < Multiples::MANY * rayon::current_num_threads() {
            return Multiples::Few(point);
        }
        Multiples::Many(Box::new(RistrettoBasepointTable::create(&point)))
    }

    fn times(&self, scalar: &Scalar) -> RistrettoPoint {
        match self {
            Multiples::Few(point) => point * scalar,
            Multiples::Many(table) => &**table * scalar,
        }
    }
}

/// Sends `n` OTs: takes the receiver's message, returns both keys of each and the message to the receiver.
///
/// # Errors
/// The message has a wrong length, or one of its points is the identity or no canonical encoding.
pub fn send(
    session: &SessionId,
    purpose: Purpose,
    n: usize,
    points: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<(KeyPairs, [u8; REPLY_BYTES]), PeerMisbehaved> {
    expect_bytes(Message::BasePoints, points, points_bytes(n))?;
    let half = Zeroizing::new(Scalar::random(rng));
    let reply = encode_doubles(vec![RistrettoPoint::mul_base(&half)])[0].to_bytes();
    let hashes = Hashes::new(session, purpose);
    let keys = hashes.keys(points, &reply);
    let pairs = in_chunks(n, |range| vec![key_pairs(&hashes, &keys, &half, range.clone(), &points[bytes_of(&range)])]);
    let mut all = Zeroizing::new(Vec::with_capacity(n));
    for chunk in pairs {
        all.extend_from_slice(&chunk?);
    }
    Ok((all, reply))
}

/// The receiver's encoded pairs for the OTs from `first` on.
fn point_pairs(hashes: &Hashes, first: usize, drafts: &[Draft], choices: &[bool]) -> Vec<[u8; 2 * POINT_BYTES]> {
    let chosen = drafts
        .iter()
        .zip(choices)
        .enumerate()
        .map(|(i, (draft, &choice))| draft.multiple - hashes.half_point(first + i, u8::from(choice), &draft.other));
    let chosen = encode_doubles(chosen.collect());
    let all = drafts.iter().zip(choices).zip(chosen.iter());
    all.map(|((draft, &choice), chosen)| ordered(u8::from(choice), chosen, &draft.other)).collect()
}

/// `chosen` at position `choice`, `other` at the other; without a branch.
fn ordered(choice: u8, chosen: &CompressedRistretto, other: &CompressedRistretto) -> [u8; 2 * POINT_BYTES] {
    let mut pair = [0; 2 * POINT_BYTES];
    let swap = Choice::from(choice);
    for i in 0..POINT_BYTES {
        pair[i] = u8::conditional_select(&chosen.as_bytes()[i], &other.as_bytes()[i], swap);
        pair[POINT_BYTES + i] = u8::conditional_select(&other.as_bytes()[i], &chosen.as_bytes()[i], swap);
    }
    pair
}

/// The sender's keys for the OTs of `range`, whose points are `points`.
fn key_pairs(
    hashes: &Hashes,
    keys: &Keys,
    half: &Scalar,
    range: Range<usize>,
    points: &[u8],
) -> Result<KeyPairs, PeerMisbehaved> {
    let mut shared = Vec::with_capacity(2 * range.len());
    for (index, pair) in range.clone().zip(points.chunks_exact(2 * POINT_BYTES)) {
        for (branch, own, other) in [(0, 0, POINT_BYTES), (1, POINT_BYTES, 0)] {
            let point = decode(Message::BasePoints, 2 * index + usize::from(branch), &pair[own..own + POINT_BYTES])?;
            let other = CompressedRistretto::from_slice(&pair[other..other + POINT_BYTES]).expect("32 bytes");
            let hashed = hashes.half_point(index, branch, &other);
            shared.push(half * (point + hashed + hashed));
        }
    }
    let encoded = encode_doubles(shared);
    let pairs = range.zip(encoded.as_chunks().0);
    Ok(Zeroizing::new(pairs.map(|(index, [zero, one])| [keys.key(index, 0, zero), keys.key(index, 1, one)]).collect()))
}

/// The bytes of the pairs in `range`.
fn bytes_of(range: &Range<usize>) -> Range<usize> {
    points_bytes(range.start)..points_bytes(range.end)
}

/// A point of the peer: canonical and not the identity.
fn decode(message: Message, index: usize, bytes: &[u8]) -> Result<RistrettoPoint, PeerMisbehaved> {
    let point = CompressedRistretto::from_slice(bytes).ok().and_then(|encoded| encoded.decompress());
    point.filter(|point| *point != RistrettoPoint::identity()).ok_or(PeerMisbehaved::Point { message, index })
}

/// The encodings of twice each point; wipes the points.
fn encode_doubles(points: Vec<RistrettoPoint>) -> Zeroizing<Vec<CompressedRistretto>> {
    let points = Zeroizing::new(points);
    Zeroizing::new(RistrettoPoint::double_and_compress_batch(points.iter()))
}

/// The hash to the group, keyed by session and purpose.
struct Hashes {
    point_key: [u8; 32],
    session: SessionId,
    purpose: Purpose,
}

impl Hashes {
    fn new(session: &SessionId, purpose: Purpose) -> Hashes {
        let mut key = blake3::Hasher::new_derive_key("hushgate ot base v1: hash to group");
        key.update(session).update(&[purpose.tag()]);
        Hashes { point_key: *key.finalize().as_bytes(), session: *session, purpose }
    }

    /// Half of `H_branch(point)`.
    fn half_point(&self, index: usize, branch: u8, point: &CompressedRistretto) -> RistrettoPoint {
        let mut hash = blake3::Hasher::new_keyed(&self.point_key);
        hash.update(&(index as u64).to_le_bytes()).update(&[branch]).update(point.as_bytes());
        let mut uniform = [0; 64];
        hash.finalize_xof().fill(&mut uniform);
        RistrettoPoint::from_uniform_bytes(&uniform)
    }

    /// The key derivation, which needs the whole transcript.
    fn keys(&self, points: &[u8], reply: &[u8]) -> Keys {
        let mut key = blake3::Hasher::new_derive_key("hushgate ot base v1: keys");
        key.update(&self.session).update(&[self.purpose.tag()]);
        key.update(&(points.len() as u64).to_le_bytes()).update(points).update(reply);
        Keys { key: *key.finalize().as_bytes() }
    }
}

/// The key derivation of one batch.
struct Keys {
    key: [u8; 32],
}

impl Keys {
    fn key(&self, index: usize, branch: u8, shared: &CompressedRistretto) -> Block {
        let mut hash = blake3::Hasher::new_keyed(&self.key);
        hash.update(&(index as u64).to_le_bytes()).update(&[branch]).update(shared.as_bytes());
        let mut block = Zeroizing::new([0; 16]);
        hash.finalize_xof().fill(&mut *block);
        Block::from_bytes(*block)
    }
}

/// Runs `work` on the positions `0..n`, in parallel where there are many, and returns its results in order.
fn in_chunks<T: Send>(n: usize, work: impl Fn(Range<usize>) -> Vec<T> + Sync) -> Vec<T> {
    const CHUNK: usize = 32;
    if n <= CHUNK {
        return work(0..n);
    }
    let starts = (0..n).into_par_iter().step_by(CHUNK);
    starts.flat_map_iter(|start| work(start..n.min(start + CHUNK))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::*;

    /// `a·G = r_c + H_c(r_{1−c})` for each OT: what the receiver's secret scalar shows in the message, to one who knows the choice.
    fn public_keys(seed: u64, choices: &[bool]) -> Vec<[u8; POINT_BYTES]> {
        let rng = &mut ChaCha20Rng::seed_from_u64(seed);
        let (receiver, points) = BaseReceiver::start(&[1; 32], Purpose::Direct, choices, rng);
        let key = |(index, (pair, &choice)): (usize, (&[u8], &bool))| {
            let [own, other] = [choice, !choice].map(|side| &pair[POINT_BYTES * usize::from(side)..][..POINT_BYTES]);
            let other = CompressedRistretto::from_slice(other).expect("32 bytes");
            let hashed = receiver.hashes.half_point(index, u8::from(choice), &other);
            (decode(Message::BasePoints, 0, own).expect("honest point") + hashed + hashed).compress().to_bytes()
        };
        points.chunks_exact(2 * POINT_BYTES).zip(choices).enumerate().map(key).collect()
    }

    #[test]
    fn every_ot_has_a_scalar_of_its_own() {
        let choices = [false, true, true, false];
        let keys: HashSet<_> = (1..4).flat_map(|seed| public_keys(seed, &choices)).collect();
        assert_eq!(keys.len(), 12);
    }

    #[test]
    fn a_draft_is_for_as_many_ots_as_it_says() {
        let draft = BaseDraft::new(3, &mut ChaCha20Rng::seed_from_u64(1));
        assert_eq!((draft.len(), draft.is_empty()), (3, false));
        assert!(std::panic::catch_unwind(|| draft.start(&[1; 32], Purpose::Direct, &[true; 2])).is_err());
    }

    #[test]
    fn every_hash_takes_session_purpose_index_and_branch() {
        let point = RistrettoPoint::mul_base(&7u64.into()).compress();
        let (mut hashed, mut derived) = (HashSet::new(), HashSet::new());
        for (session, purpose) in
            [([1; 32], Purpose::Direct), ([2; 32], Purpose::Direct), ([1; 32], Purpose::Extension)]
        {
            let hashes = Hashes::new(&session, purpose);
            for (index, branch) in [(0, 0), (0, 1), (1, 0), (256, 0)] {
                hashed.insert(hashes.half_point(index, branch, &point).compress().to_bytes());
                derived.insert(u128::from(hashes.keys(&[1; 64], &[2; 32]).key(index, branch, &point)));
            }
        }
        let hashes = Hashes::new(&[1; 32], Purpose::Direct);
        for (points, reply) in [([0; 64], [2; 32]), ([1; 64], [0; 32])] {
            derived.insert(u128::from(hashes.keys(&points, &reply).key(0, 0, &point)));
        }
        assert_eq!((hashed.len(), derived.len()), (12, 14));
    }
}
