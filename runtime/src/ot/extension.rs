//! SoftSpokenOT: from 128 base OTs to any number of correlated OTs, with active security.
//!
//! Roy, "SoftSpokenOT", CRYPTO 2022, <https://eprint.iacr.org/2022/192>: 128/k small-field VOLEs over GF(2^k), each from a
//! (2^k − 1)-of-2^k puncturable PRF, tied together by the repetition code, with the consistency check for subspace VOLE (its §4).
//!
//! Tree `j` has leaves `x ∈ {0,1}^k`; leaf `x` expands to bits `r_x` (a batch's columns). The evaluator has all leaves, the garbler
//! all but number `Δ_j`, which is bits `jk … jk+k−1` of Δ:
//!
//! ```text
//! evaluator  u_j = ⊕_x r_x,  V_j = Σ_x x·r_x;  sends c_j = u_j ⊕ x   (x: its choice bits and random padding)
//! garbler    W_j = Σ_x (x ⊕ Δ_j)·r_x ⊕ c_j·Δ_j = V_j ⊕ x·Δ_j         (the missing leaf has coefficient 0)
//! ```
//!
//! Rows of `W` are the zero labels `q_i`, rows of `V` the evaluator's `q_i ⊕ x_i·Δ`.
//!
//! # The check, always on
//! After the whole matrix `c` has arrived the garbler sends 256 fresh random bits; they and the transcript give `χ`. The evaluator
//! answers with the hashes `x̃` of its choice bits and `ṽ_i` of the 128 columns of `V`; the garbler requires `w̃_i = ṽ_i ⊕ x̃·Δ_i` for
//! every column. Nothing is compressed: hashes are sent whole, 64 bits each, for every column of every VOLE. The last 64 OTs of a
//! batch have random choices and are dropped: they hide `x̃`.
//!
//! *Soundness*, argued here in full, so that no constant rests on a theorem's number. Let the evaluator use `x^(j)` with tree `j`, `m`
//! different vectors in all. The hash is linear, so tree `j` passes if and only if `hash(V_i) ⊕ ṽ_i = (x̃ ⊕ hash(x^(j)))·Δ_i` for its `k` columns:
//! always or never where the hash of `x^(j)` is `x̃`, and else for at most one value of `Δ_j`. So every tree whose hash is not `x̃` is a guess
//! of `Δ_j`, right with probability 2^−k; who is right can translate `V_j` by itself. Where the trees with hash `x̃` have one vector, that
//! vector is the evaluator's input, and what happened is COT with selective abort on guesses of Δ's k-bit parts, which is what the
//! garbling layer is built on (a wrong guess ends the session, a right one leaves the other parts uniform).
//!
//! What remains is that `c ≥ 2` of the vectors share the hash `x̃`. The challenge comes after the matrix and any two vectors collide for a
//! fraction ε = (2·tiles − 1)/2⁶⁴ of all challenges, so `c` or more do for at most a fraction `ε·m(m−1)/(c(c−1))`, and then `m − c` trees or more
//! must be guessed. Summed over `c`, that is `ε·Σ 2^(−k(m−c))·m(m−1)/(c(c−1))`, which for k ≥ 2 is less than 2ε for every `m` (the most is 1.875·ε, at
//! k = 2 and m = 4): below 2⁻⁴⁴ for the largest batch, where 40 bits are asked for.
//!
//! *Privacy.* The sacrificed bits make `x̃` uniform, and `ṽ` follows from `x̃`, Δ and what the garbler has already.
//!
//! # Invariants
//! - The leaves' streams are never reset: a counter of tiles runs through all batches.
//! - `lsb(Δ) = 1` is public. It takes one bit of guessing from tree 0 and nothing else.
//! - Every state-changing step consumes the state; a failed check drops it. Each batch has its own challenge.
//!
//! ```compile_fail,E0382
//! # use hushgate_runtime::ot::extension::SenderBatch;
//! fn try_twice(mut batch: SenderBatch, responses: [&[u8]; 2]) {
//!     let _ = batch.verify(responses[0]);
//!     let _ = batch.verify(responses[1]); // The batch is gone, whatever the first verdict was.
//! }
//! ```
//!
//! # Security
//! Leaves are AES-128 keys and their streams counter mode: the assumption is that AES is a PRF. The PRG for the trees and all
//! other hashes are BLAKE3. No branch or index depends on Δ or the choices.

//!
//! # Speed
//! An OT takes `2^k/k` AES blocks, `128/k` bits on the wire, which both parties hash, and 48 bytes of memory traffic for its label: written by
//! column, read for the check, written by row. On a Zen 4 core, each party: 3.1 ns for the matrix at k = 2, 5 at k = 4 and 26 at k = 8, which is
//! 0.8 ns for each AES block and next to nothing else; 0.9 ns for the check and the transposition, which both parties do at the same time.

mod check;
mod pprf;
mod streams;

use rand::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use self::check::{Challenge, HASH_BYTES};
use self::pprf::TreeHash;
use self::streams::Streams;
use crate::block::{Block, Delta};
use crate::kernel::transfer::{GROUP, Side, TILE, Tile};
use crate::ot::base::{self, BaseDraft, BaseReceiver};
use crate::ot::{Labels, Message, PeerMisbehaved, Purpose, SessionId, expect_bytes};

/// Bits of a label and base OTs of a setup.
const KAPPA: usize = 128;

/// Base OTs of a setup.
pub const N_BASE: usize = KAPPA;

/// OTs whose choices are random and that are dropped, so that the check reveals nothing.
const SACRIFICED: usize = 64;

/// Most OTs of one batch; bounds the error of the check and the memory of both parties.
pub const BATCH_MAX: usize = 1 << 24;

/// Tiles in a part of a matrix: both parties compute on one part while the next is on its way.
const PART_TILES: usize = 16 * GROUP;

/// Bytes of the garbler's challenge.
pub const CHALLENGE_BYTES: usize = 32;

/// Bytes of the evaluator's answer to the challenge.
pub const RESPONSE_BYTES: usize = (1 + KAPPA) * HASH_BYTES;

/// Bytes of the garbler's setup message.
pub const POINTS_BYTES: usize = base::points_bytes(KAPPA);

/// The depth `k` of the trees: `128/k` bits of traffic and `2^k/k` AES calls per OT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 8 bytes and 2 AES calls per OT: one small batch, or a fast link.
    Two,
    /// 4 bytes and 4 AES calls per OT: a local network.
    Four,
    /// 2 bytes and 32 AES calls per OT: a slow link.
    Eight,
}

impl Depth {
    /// All depths.
    pub const ALL: [Depth; 3] = [Depth::Two, Depth::Four, Depth::Eight];

    /// `k`.
    #[must_use]
    pub const fn bits(self) -> usize {
        match self {
            Depth::Two => 2,
            Depth::Four => 4,
            Depth::Eight => 8,
        }
    }

    /// Number of trees, `128/k`.
    #[must_use]
    pub const fn trees(self) -> usize {
        KAPPA / self.bits()
    }

    /// Leaves of one tree, `2^k`.
    #[must_use]
    pub const fn leaves(self) -> usize {
        1 << self.bits()
    }

    /// Bytes of the evaluator's setup message.
    #[must_use]
    pub const fn trees_bytes(self) -> usize {
        base::REPLY_BYTES + pprf::message_bytes(self)
    }

    /// Bytes of the evaluator's matrix for a batch of `n`.
    #[must_use]
    pub const fn matrix_bytes(self, n: usize) -> usize {
        tiles(n) * self.trees() * TILE / 8
    }

    /// Bytes of the parts in which that matrix is sent.
    pub fn matrix_parts(self, n: usize) -> impl Iterator<Item = usize> {
        (0..tiles(n)).step_by(PART_TILES).filter_map(move |n_done| part_bytes(self, n, n_done))
    }

    /// The leaf of a tree at which `delta` punctures it.
    fn position(self, delta: Block, tree: usize) -> usize {
        (u128::from(delta) >> (tree * self.bits())) as usize & (self.leaves() - 1)
    }
}

/// Tiles of a batch of `n`: the OTs asked for, at least 64 to sacrifice, and padding.
const fn tiles(n: usize) -> usize {
    (n + SACRIFICED).div_ceil(TILE)
}

/// Bytes of the part of a batch's matrix that comes after `n_done` tiles.
fn part_bytes(depth: Depth, n: usize, n_done: usize) -> Option<usize> {
    let left = tiles(n) - n_done;
    (left > 0).then(|| left.min(PART_TILES) * depth.trees() * TILE / 8)
}

/// The tiles of the next part, which count as done then.
fn next_part<'a>(columns: &'a mut Labels, n_done: &mut usize) -> &'a mut [Tile] {
    let tiles = &mut columns.as_chunks_mut().0[*n_done..];
    let n = tiles.len().min(PART_TILES);
    *n_done += n;
    &mut tiles[..n]
}

/// The garbler, waiting for the evaluator's trees.
pub struct CotSetup {
    base: BaseReceiver,
    hash: TreeHash,
    delta: Zeroizing<Block>,
    depth: Depth,
    transcript: Transcript,
}

impl CotSetup {
    /// Starts the setup under `delta`. Returns the message to the evaluator too, [`POINTS_BYTES`] long.
    pub fn start(session: &SessionId, depth: Depth, delta: &Delta, rng: &mut impl CryptoRng) -> (CotSetup, Vec<u8>) {
        CotSetup::start_from(BaseDraft::new(N_BASE, rng), session, depth, delta)
    }

    /// As [`CotSetup::start`], with a draft of its own for [`N_BASE`] OTs.
    ///
    /// # Panics
    /// If the draft is for another number of OTs.
    #[must_use]
    pub fn start_from(draft: BaseDraft, session: &SessionId, depth: Depth, delta: &Delta) -> (CotSetup, Vec<u8>) {
        let delta = Zeroizing::new(delta.block());
        let choices = pprf::path_choices(depth, *delta);
        let (base, points) = draft.start(session, Purpose::Extension, &choices);
        let mut transcript = Transcript::new(session, depth);
        transcript.absorb(&points);
        (CotSetup { base, hash: TreeHash::new(session, depth), delta, depth, transcript }, points)
    }

    /// Takes the evaluator's trees, [`Depth::trees_bytes`] long.
    ///
    /// # Errors
    /// The message has a wrong length, its point is bad, or the trees are inconsistent.
    pub fn finish(mut self, trees: &[u8]) -> Result<CotSender, PeerMisbehaved> {
        expect_bytes(Message::Trees, trees, self.depth.trees_bytes())?;
        self.transcript.absorb(trees);
        let (reply, trees) = trees.split_at(base::REPLY_BYTES);
        let keys = self.base.finish(reply)?;
        let leaves = self.hash.puncture(&keys, *self.delta, trees)?;
        let streams = Streams::new(self.depth, &leaves, true);
        Ok(CotSender { streams, delta: self.delta, transcript: self.transcript })
    }
}

/// The garbler, ready for a batch.
pub struct CotSender {
    streams: Streams,
    delta: Zeroizing<Block>,
    transcript: Transcript,
}

impl CotSender {
    /// Bytes of the matrix for a batch of `n`.
    #[must_use]
    pub fn matrix_bytes(&self, n: usize) -> usize {
        self.streams.depth().matrix_bytes(n)
    }

    /// Begins a batch of `n`, whose matrix comes in parts.
    ///
    /// # Panics
    /// Where `n` passes [`BATCH_MAX`].
    #[must_use]
    pub fn begin(mut self, n: usize) -> SenderMatrix {
        assert!(n <= BATCH_MAX, "a batch of {n} OTs is larger than {BATCH_MAX}");
        let columns = Zeroizing::new(vec![Block::ZERO; tiles(n) * TILE]);
        let hash = self.transcript.matrix_hash(n);
        SenderMatrix { sender: self, n, columns, n_done: 0, hash }
    }

    /// Takes the evaluator's matrix for a batch of `n` in one piece and returns the challenge to it.
    ///
    /// # Errors
    /// The matrix has a wrong length.
    ///
    /// # Panics
    /// Where `n` passes [`BATCH_MAX`].
    pub fn extend(
        self,
        n: usize,
        matrix: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<(SenderBatch, [u8; CHALLENGE_BYTES]), PeerMisbehaved> {
        expect_bytes(Message::Matrix, matrix, self.matrix_bytes(n))?;
        let (mut batch, mut rest) = (self.begin(n), matrix);
        while let Some(n_bytes) = batch.next_bytes() {
            let (part, later) = rest.split_at(n_bytes);
            batch.add(part)?;
            rest = later;
        }
        Ok(batch.challenge(rng))
    }
}

/// The garbler in the middle of a batch's matrix.
pub struct SenderMatrix {
    sender: CotSender,
    n: usize,
    columns: Labels,
    /// Tiles that have come.
    n_done: usize,
    hash: blake3::Hasher,
}

impl SenderMatrix {
    /// Bytes of the matrix's next part; `None` when all of it has come.
    #[must_use]
    pub fn next_bytes(&self) -> Option<usize> {
        part_bytes(self.sender.streams.depth(), self.n, self.n_done)
    }

    /// Takes the next part of the matrix.
    ///
    /// # Errors
    /// The part has a wrong length.
    pub fn add(&mut self, part: &[u8]) -> Result<(), PeerMisbehaved> {
        expect_bytes(Message::Matrix, part, self.next_bytes().unwrap_or(0))?;
        self.hash.update(part);
        let (delta, corrections) = (*self.sender.delta, part.as_chunks().0);
        let tiles = next_part(&mut self.columns, &mut self.n_done);
        self.sender.streams.expand(tiles, Side::Punctured { delta, corrections });
        Ok(())
    }

    /// The challenge to the whole matrix: drawn only now.
    ///
    /// # Panics
    /// If parts of the matrix are missing.
    pub fn challenge(mut self, rng: &mut impl CryptoRng) -> (SenderBatch, [u8; CHALLENGE_BYTES]) {
        assert!(self.next_bytes().is_none(), "the challenge comes after the matrix");
        self.sender.transcript.absorb_matrix(&self.hash);
        let mut challenge = [0; CHALLENGE_BYTES];
        rng.fill_bytes(&mut challenge);
        let point = self.sender.transcript.challenge(&challenge);
        let SenderMatrix { sender, n, columns, .. } = self;
        (SenderBatch { sender, n, columns, challenge: point, hashes: None }, challenge)
    }
}

/// The garbler, waiting for the answer to a batch's challenge.
pub struct SenderBatch {
    sender: CotSender,
    n: usize,
    columns: Labels,
    challenge: Challenge,
    /// The hashes of all columns, which are transposed then.
    hashes: Option<Zeroizing<[u64; KAPPA]>>,
}

impl SenderBatch {
    /// Computes what [`SenderBatch::verify`] compares the answer with, while the answer is on its way.
    pub fn prepare(&mut self) {
        if self.hashes.is_none() {
            self.hashes = Some(Zeroizing::new(self.challenge.hash_and_transpose(self.columns.as_chunks_mut().0)));
        }
    }

    /// Takes the evaluator's answer, [`RESPONSE_BYTES`] long. Returns the batch's zero labels, and the garbler ready for the next.
    ///
    /// # Errors
    /// The answer has a wrong length or does not fit the matrix. The session's OT state is gone then.
    pub fn verify(mut self, response: &[u8]) -> Result<(CotSender, Labels), PeerMisbehaved> {
        expect_bytes(Message::Response, response, RESPONSE_BYTES)?;
        self.prepare();
        let found = self.hashes.take().expect("they have just been computed");
        self.sender.transcript.absorb(response);
        let answers = response.as_chunks().0.iter().map(|&bytes| u64::from_le_bytes(bytes));
        let answers: Vec<u64> = answers.collect();
        let delta = u128::from(*self.sender.delta);
        let expected: Zeroizing<[u64; KAPPA]> = Zeroizing::new(std::array::from_fn(|i| {
            answers[1 + i] ^ answers[0] & std::hint::black_box((delta >> i & 1).wrapping_neg()) as u64
        }));
        if !bool::from(expected.as_slice().ct_eq(found.as_slice())) {
            return Err(PeerMisbehaved::Correlation);
        }
        self.columns.truncate(self.n);
        Ok((self.sender, self.columns))
    }
}

/// The evaluator, ready for a batch.
pub struct CotReceiver {
    streams: Streams,
    transcript: Transcript,
}

impl CotReceiver {
    /// Takes the garbler's setup message, [`POINTS_BYTES`] long. Returns the answer too, [`Depth::trees_bytes`] long.
    ///
    /// # Errors
    /// The message has a wrong length, or one of its points is the identity or no canonical encoding.
    pub fn accept(
        session: &SessionId,
        depth: Depth,
        points: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<(CotReceiver, Vec<u8>), PeerMisbehaved> {
        let (pairs, reply) = base::send(session, Purpose::Extension, KAPPA, points, rng)?;
        let (leaves, trees) = TreeHash::new(session, depth).grow(&pairs, rng);
        let message = [&reply[..], &trees].concat();
        let mut transcript = Transcript::new(session, depth);
        transcript.absorb(points);
        transcript.absorb(&message);
        Ok((CotReceiver { streams: Streams::new(depth, &leaves, false), transcript }, message))
    }

    /// Begins a batch with these choice bits, whose matrix goes out in parts.
    ///
    /// # Panics
    /// Where there are more than [`BATCH_MAX`] choices.
    #[must_use]
    pub fn begin(mut self, choices: &[bool], rng: &mut impl CryptoRng) -> ReceiverMatrix {
        let n = choices.len();
        assert!(n <= BATCH_MAX, "a batch of {n} OTs is larger than {BATCH_MAX}");
        let choices = pack(choices, rng);
        let columns = Zeroizing::new(vec![Block::ZERO; choices.len() * TILE]);
        let hash = self.transcript.matrix_hash(n);
        ReceiverMatrix { receiver: self, n, choices, columns, n_done: 0, hash }
    }

    /// Starts a batch with these choice bits. Returns the whole matrix for the garbler too.
    ///
    /// # Panics
    /// Where there are more than [`BATCH_MAX`] choices.
    pub fn extend(self, choices: &[bool], rng: &mut impl CryptoRng) -> (ReceiverBatch, Vec<u8>) {
        let mut matrix = vec![0; self.streams.depth().matrix_bytes(choices.len())];
        let (mut batch, mut rest) = (self.begin(choices, rng), &mut matrix[..]);
        while let Some(n_bytes) = batch.next_bytes() {
            let (part, later) = rest.split_at_mut(n_bytes);
            batch.next_part(part);
            rest = later;
        }
        (batch.finish(), matrix)
    }
}

/// The evaluator in the middle of a batch's matrix.
pub struct ReceiverMatrix {
    receiver: CotReceiver,
    n: usize,
    choices: Zeroizing<Vec<Block>>,
    columns: Labels,
    /// Tiles that have gone out.
    n_done: usize,
    hash: blake3::Hasher,
}

impl ReceiverMatrix {
    /// Bytes of the matrix's next part; `None` when all of it has gone out.
    #[must_use]
    pub fn next_bytes(&self) -> Option<usize> {
        part_bytes(self.receiver.streams.depth(), self.n, self.n_done)
    }

    /// Writes the next part of the matrix to `out`.
    ///
    /// # Panics
    /// If `out` has another length than that part.
    pub fn next_part(&mut self, out: &mut [u8]) {
        assert_eq!(Some(out.len()), self.next_bytes(), "there is room for the part and no more");
        let choices = &self.choices[self.n_done..];
        let tiles = next_part(&mut self.columns, &mut self.n_done);
        let (choices, corrections) = (&choices[..tiles.len()], out.as_chunks_mut().0);
        self.receiver.streams.expand(tiles, Side::Whole { choices, corrections });
        self.hash.update(out);
    }

    /// Waits for the challenge.
    ///
    /// # Panics
    /// If parts of the matrix have not gone out.
    #[must_use]
    pub fn finish(mut self) -> ReceiverBatch {
        assert!(self.next_bytes().is_none(), "the whole matrix goes out before the challenge comes");
        self.receiver.transcript.absorb_matrix(&self.hash);
        ReceiverBatch { receiver: self.receiver, n: self.n, choices: self.choices, columns: self.columns }
    }
}

/// The evaluator, waiting for a batch's challenge.
pub struct ReceiverBatch {
    receiver: CotReceiver,
    n: usize,
    choices: Zeroizing<Vec<Block>>,
    columns: Labels,
}

impl ReceiverBatch {
    /// Takes the garbler's challenge, [`CHALLENGE_BYTES`] long. Returns the evaluator ready for the next batch, the labels of
    /// its choices, and the answer to the garbler.
    ///
    /// # Errors
    /// The challenge has a wrong length.
    pub fn respond(mut self, challenge: &[u8]) -> Result<(CotReceiver, Labels, Vec<u8>), PeerMisbehaved> {
        expect_bytes(Message::Challenge, challenge, CHALLENGE_BYTES)?;
        let point = self.receiver.transcript.challenge(challenge);
        let mut response = Vec::with_capacity(RESPONSE_BYTES);
        response.extend(point.hash_column(&self.choices).to_le_bytes());
        let hashes = point.hash_and_transpose(self.columns.as_chunks_mut().0);
        response.extend(hashes.iter().flat_map(|hash| hash.to_le_bytes()));
        self.receiver.transcript.absorb(&response);
        self.columns.truncate(self.n);
        Ok((self.receiver, self.columns, response))
    }
}

/// The choices in blocks of 128, filled up with at least [`SACRIFICED`] random ones.
fn pack(choices: &[bool], rng: &mut impl CryptoRng) -> Zeroizing<Vec<Block>> {
    let mut packed = Zeroizing::new(Vec::with_capacity(tiles(choices.len())));
    for choices in choices.chunks(TILE) {
        let mut bits = Zeroizing::new([0; TILE]);
        bits.iter_mut().zip(choices).for_each(|(bit, &choice)| *bit = u8::from(choice));
        packed.push(Block::from_bytes(pack_bytes(&bits)));
    }
    packed.resize(tiles(choices.len()), Block::ZERO);
    for (i, word) in packed.iter_mut().enumerate().skip(choices.len() / TILE) {
        let used = choices.len().saturating_sub(i * TILE); // Less than a tile.
        *word ^= Block::from(u128::from(Block::random(rng)) << used);
    }
    packed
}

/// The lowest bits of these bytes, least significant first.
fn pack_bytes(bits: &[u8; TILE]) -> [u8; TILE / 8] {
    let (bytes, _) = bits.as_chunks::<8>();
    // Byte i of the factor moves bit 0 of byte i to bit 56 + i of the product; no two bits meet.
    std::array::from_fn(|i| (u64::from_le_bytes(bytes[i]).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8)
}

/// The hash of all that both parties have sent, from which challenges come.
#[derive(Clone, PartialEq, Debug)]
struct Transcript([u8; 32]);

impl Transcript {
    fn new(session: &SessionId, depth: Depth) -> Transcript {
        let mut hash = blake3::Hasher::new_derive_key("hushgate ot softspoken v1: transcript");
        Transcript(*hash.update(session).update(&[depth.bits() as u8]).finalize().as_bytes())
    }

    /// Appends a message.
    fn absorb(&mut self, message: &[u8]) {
        let mut hash = blake3::Hasher::new_keyed(&self.0);
        self.0 = *hash.update(message).finalize().as_bytes();
    }

    /// Appends the size of a batch; what hashes its matrix then.
    fn matrix_hash(&mut self, n: usize) -> blake3::Hasher {
        self.absorb(&(n as u64).to_le_bytes());
        blake3::Hasher::new_keyed(&self.0)
    }

    /// Appends the matrix that has gone into a hasher of [`Transcript::matrix_hash`].
    fn absorb_matrix(&mut self, hash: &blake3::Hasher) {
        self.0 = *hash.finalize().as_bytes();
    }

    /// Appends the garbler's challenge and returns what comes of it.
    fn challenge(&mut self, challenge: &[u8]) -> Challenge {
        self.absorb(challenge);
        let point = self.0.first_chunk().expect("32 bytes");
        Challenge::new(u64::from_le_bytes(*point))
    }
}

#[cfg(test)]
mod tests;
